// SPDX-License-Identifier: GPL-2.0-or-later
/* Each allocation and each copy on a command's way fails once: an error, and nothing changed. */
#include "tests/kernel/stand.h"

#define PAGE	   4096
#define FAULTS_MAX 3000 /* on one way; a fork has some hundreds */
#define THROUGH	   20	/* forks in a row that met none: then none is left */
#define AGAIN	   60	/* faults at the end of a way */

/* What the acting process and the one that looks on tell each other. */
static struct {
	int result;
	bool hit; /* something was made to fail */
	/* of the forks */
	int turn, ran, died, go;
	pid_t pid;
} * shared;

static char *page;		     /* a command's struct */
static const struct command *acting; /* which one it is */
static int made = -1;		     /* a descriptor that an act needs */

/* The kernel's */

static bool setting_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	return done;
}

#define FAULT_SETTING(kind, name) "/sys/kernel/debug/" kind "/" name

/* Allocations that may sleep fail as well, and nothing is printed about it. */
static bool faults_set_up(void)
{
	return setting_write(FAULT_SETTING("failslab", "ignore-gfp-wait"), "N") &&
	       setting_write(FAULT_SETTING("fail_page_alloc", "ignore-gfp-wait"), "N") &&
	       setting_write(FAULT_SETTING("failslab", "verbose"), "0") &&
	       setting_write(FAULT_SETTING("fail_page_alloc", "verbose"), "0") &&
	       setting_write(FAULT_SETTING("fail_usercopy", "verbose"), "0");
}

static int fault_open(void)
{
	return open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
}

/* The n-th allocation or copy of this thread fails from now on. */
static bool fault_arm(int fd, int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", n);

	return pwrite(fd, text, len, 0) == len;
}

/* True if it did. Asking copies, too, and that may be what fails: then nothing did before. */
static bool fault_disarm(int fd)
{
	char text[16] = "";
	bool hit = pread(fd, text, sizeof(text) - 1, 0) > 0 && atoi(text) == 0;

	while (pwrite(fd, "0", 1, 0) != 1)
		;
	return hit;
}

/* Acts: what is done while something fails */

struct act {
	const char *name;
	bool (*prepare)(void); /* on a new stand */
	bool (*begin)(void);   /* in the process that acts, before anything fails */
	int (*run)(void);      /* 0 or a negative errno */
	int other;	       /* an error besides those that stand for the fault; 0: none */
	bool fails;	       /* something on its way can be made to fail */
	bool told;	       /* what was begun and ended may stand in the lifecycle stream */
};

static int act_process(void *arg)
{
	const struct act *act = ((void **)arg)[0];
	int fd = fault_open(), n = *(int *)((void **)arg)[1];

	if (fd < 0 || (act->begin && !act->begin()))
		return 1;
	/* Its page is there before the kernel looks for it. */
	*(volatile char *)page = *page;
	if (!fault_arm(fd, n))
		return 2;
	shared->result = act->run();
	shared->hit = fault_disarm(fd);
	return 0;
}

/* Lets the reader of the lifecycle stream forget what came. */
static void stand_forget(void)
{
	struct agentos_lifecycle record;

	while (read(stand.reader, &record, sizeof(record)) > 0)
		;
}

static bool error_expected(const struct act *act, int err)
{
	return err == -ENOMEM || err == -EFAULT || err == act->other;
}

/*
 * One fault more each time, until none is left to be met. An answer that cannot
 * be given is the last fault of a way, and the only one that may come too late.
 */
static void act_with_faults(const struct act *act)
{
	bool late = false;
	int n, failed = 0;

	for (n = 1; n < FAULTS_MAX; n++) {
		struct agentos_version version;
		struct agentos_info info;
		void *arg[2] = { (void *)act, &n };

		REQUIRE(stand_up());
		REQUIRE(!act->prepare || act->prepare());
		stand_forget();
		version = stage_version();
		info = stage_info(stand.agent);
		shared->hit = false;
		CHECK_INT(stage_status(stage_fork(act_process, arg)), 0);
		if (shared->hit && shared->result) {
			failed++;
			CHECK_MSG(!late, "%s, fault %d: the one before changed something",
				  act->name, n);
			CHECK_MSG(error_expected(act, shared->result), "%s, fault %d: %d",
				  act->name, n, shared->result);
			if (act->told)
				stand_forget();
			late = !stand_equals(&version, &info);
			CHECK_MSG(!late || shared->result == -EFAULT,
				  "%s, fault %d: %d, and something changed", act->name, n,
				  shared->result);
		}
		if (made >= 0)
			close(made);
		made = -1;
		stand_down();
		if (!shared->hit)
			break;
	}
	CHECK_MSG(!shared->hit && shared->result == 0, "%s: %d at the end", act->name,
		  shared->result);
	CHECK_MSG(failed || !act->fails, "%s never failed", act->name);
}

static int act_command(void)
{
	return stage_call(acting->access ? stand.agent : stand.reader, acting->cmd, page);
}

static bool fill_command(void)
{
	command_fill(acting, page, 0);
	return true;
}

/* The others copy words, which is not made to fail, and ask nobody for memory. */
static bool command_allocates(unsigned long cmd)
{
	switch (cmd) {
	case AGENTOS_IOC_CREATE:
	case AGENTOS_IOC_OPEN:
	case AGENTOS_IOC_ENUMERATE:
	case AGENTOS_IOC_POLICY_NEW:
	case AGENTOS_IOC_POLICY_NET:
	case AGENTOS_AGENT_ATTACH:
	case AGENTOS_AGENT_DUP:
	case AGENTOS_AGENT_DERIVE:
	case AGENTOS_AGENT_PAUSE:
	case AGENTOS_AGENT_MAIL_SEND:
	case AGENTOS_AGENT_MAIL_RECEIVE:
		return true;
	}
	return false;
}

static void every_command_fails_without_a_trace(void)
{
	struct act act = { .prepare = fill_command, .run = act_command };
	const struct command *command;

	EACH_COMMAND(command)
	{
		acting = command;
		act.name = command->name;
		/* An agent whose descriptor could not be made has been. */
		act.told = command->cmd == AGENTOS_IOC_CREATE ||
			   command->cmd == AGENTOS_AGENT_DERIVE;
		act.fails = command_allocates(command->cmd);
		act_with_faults(&act);
	}
}

static int act_dup(void)
{
	struct agentos_dup *dup = (void *)page;

	*dup = (struct agentos_dup){ .size = sizeof(*dup), .access = AGENTOS_ACCESS_INSPECT };
	return stage_call(stand.agent, AGENTOS_AGENT_DUP, dup);
}

static int act_open_device(void)
{
	int fd = stage_open(O_RDWR);

	return fd < 0 ? fd : 0;
}

/* The stand's policy is full as far as it goes: the next rule makes it grow. */
static bool fill_rules(void)
{
	int i;

	acting = command_find(AGENTOS_IOC_POLICY_RULE);
	for (i = 0; i < 32; i++)
		if (stage_call(stand.reader, acting->cmd, command_fill(acting, page, 0)))
			return false;
	return fill_command();
}

/* The first name of a policy: tables of names, and what is known of their hashes. */
static bool fill_first_name(void)
{
	static int directory = -1;
	struct agentos_policy_rule *rule = (void *)page;

	if (directory < 0)
		directory = open("/tmp", O_PATH | O_CLOEXEC);
	acting = command_find(AGENTOS_IOC_POLICY_RULE);
	fill_command();
	rule->fd = directory;
	strcpy(rule->name, "name");
	return directory >= 0;
}

static bool fill_first_pattern(void)
{
	struct agentos_policy_rule *rule = (void *)page;

	acting = command_find(AGENTOS_IOC_POLICY_RULE);
	fill_command();
	rule->fd = -1;
	rule->flags = AGENTOS_RULE_ANYWHERE;
	rule->allow = 0;
	rule->deny = AGENTOS_FILE_READ;
	strcpy(rule->name, "*.name");
	return true;
}

static bool fill_first_abstract(void)
{
	struct agentos_policy_rule *rule = (void *)page;

	acting = command_find(AGENTOS_IOC_POLICY_RULE);
	fill_command();
	rule->fd = -1;
	rule->flags = AGENTOS_RULE_ABSTRACT;
	rule->allow = AGENTOS_FILE_CONNECT;
	strcpy(rule->name, "name");
	return true;
}

/* Its prefix has rules on as many ports as there is room for, and so has the table of prefixes. */
static bool fill_crowded_net(void)
{
	struct agentos_policy_net *net = (void *)page;
	int i;

	acting = command_find(AGENTOS_IOC_POLICY_NET);
	for (i = 0; i < 4; i++) {
		fill_command();
		net->addr[2] = (uint8_t)i;
		if (stage_call(stand.reader, acting->cmd, page))
			return false;
	}
	for (i = 0; i < 8; i++) {
		fill_command();
		net->port_first = net->port_last = (uint16_t)(1000 + 2 * i);
		if (stage_call(stand.reader, acting->cmd, page))
			return false;
	}
	fill_command();
	net->allow = AGENTOS_NET_ALL;
	net->port_first = net->port_last = 2000;
	return true;
}

/* Its rules on addresses are put in order when it is first used. */
static bool fill_create_under_policy(void)
{
	acting = command_find(AGENTOS_IOC_POLICY_NET);
	fill_command();
	/* Tables of several acts: one may be made and the next not. */
	((struct agentos_policy_net *)page)->allow = AGENTOS_NET_ALL;
	if (stage_call(stand.reader, acting->cmd, page))
		return false;
	acting = command_find(AGENTOS_IOC_CREATE);
	fill_command();
	((struct agentos_create *)page)->policy = stand.policy;
	return true;
}

static bool fill_hard_revoke(void)
{
	acting = command_find(AGENTOS_AGENT_REVOKE);
	fill_command();
	((struct agentos_revoke *)page)->flags = AGENTOS_REVOKE_HARD;
	return true;
}

static void variants_of_commands_fail_without_a_trace(void)
{
	static const struct act acts[] = {
		{ .name = "open the device", .fails = true, .run = act_open_device },
		{ .name = "DUP", .fails = true, .run = act_dup },
		{ .name = "the 33rd RULE",
		  .fails = true,
		  .prepare = fill_rules,
		  .run = act_command },
		{ .name = "RULE on a name",
		  .fails = true,
		  .prepare = fill_first_name,
		  .run = act_command },
		{ .name = "RULE on a name anywhere",
		  .fails = true,
		  .prepare = fill_first_pattern,
		  .run = act_command },
		{ .name = "RULE on an abstract name",
		  .fails = true,
		  .prepare = fill_first_abstract,
		  .run = act_command },
		{ .name = "NET on a prefix with many",
		  .fails = true,
		  .prepare = fill_crowded_net,
		  .run = act_command },
		{ .name = "CREATE with a policy",
		  .fails = true,
		  .prepare = fill_create_under_policy,
		  .run = act_command,
		  .told = true },
		{ .name = "REVOKE, hard", .prepare = fill_hard_revoke, .run = act_command },
	};
	size_t i;

	for (i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		act_with_faults(&acts[i]);
}

/* Mail */

static int mail_open(unsigned long end)
{
	struct agentos_mail mail = { .size = sizeof(mail), .flags = AGENTOS_MAIL_NONBLOCK };
	int err = stage_call(stand.agent, end, &mail);

	return err ?: mail.ret_fd;
}

static bool mail_prepare_send(void)
{
	memset(page, 'x', 1000);
	made = mail_open(AGENTOS_AGENT_MAIL_SEND);
	return made >= 0;
}

static bool mail_prepare_receive(void)
{
	int sender = mail_open(AGENTOS_AGENT_MAIL_SEND);
	bool sent = sender >= 0 && write(sender, "message", 7) == 7;

	close(sender);
	made = mail_open(AGENTOS_AGENT_MAIL_RECEIVE);
	return sent && made >= 0;
}

static int act_send(void)
{
	return write(made, page, 1000) == 1000 ? 0 : -errno;
}

static int act_receive(void)
{
	return read(made, page, PAGE) > 0 ? 0 : -errno;
}

static void mail_fails_without_a_trace(void)
{
	static const struct act send = { .name = "write",
					 .fails = true,
					 .prepare = mail_prepare_send,
					 .run = act_send };
	static const struct act receive = { .name = "read",
					    .fails = true,
					    .prepare = mail_prepare_receive,
					    .run = act_receive };

	act_with_faults(&send);
	act_with_faults(&receive);
}

/* Inside of agents */

static bool inside_begin(void)
{
	return stage_attach(stand.agent) == 0;
}

static bool derive_prepare(void)
{
	acting = command_find(AGENTOS_AGENT_DERIVE);
	fill_command();
	((struct agentos_derive *)page)->access = AGENTOS_ACCESS_ALL;
	if (stage_call(stand.agent, AGENTOS_AGENT_DERIVE, page))
		return false;
	made = ((struct agentos_derive *)page)->ret_fd;
	return made >= 0;
}

static int act_move_down(void)
{
	int err = stage_attach(made);
	struct agentos_info info = stage_info(stand.agent);

	/* It is in one of them, whatever failed: the stand's own member is the other there. */
	return err && info.ret_tasks != 2 ? -EXDEV : err;
}

static void who_cannot_move_down_stays_inside(void)
{
	/* Its coming and going are seen in the stand: what is looked at is where it is. */
	int n, i, fd, err;

	for (n = 1, err = -ENOMEM; n < FAULTS_MAX && err; n++) {
		void *arg[2];
		struct act act = { .name = "ATTACH below",
				   .begin = inside_begin,
				   .run = act_move_down };

		arg[0] = &act;
		arg[1] = &n;
		REQUIRE(stand_up() && derive_prepare());
		fd = made;
		shared->hit = false;
		CHECK_INT(stage_status(stage_fork(act_process, arg)), 0);
		err = shared->hit ? -ENOMEM : shared->result;
		if (shared->hit && shared->result)
			CHECK_MSG(shared->result == -ENOMEM || shared->result == -EFAULT,
				  "fault %d: %d", n, shared->result);
		for (i = 0; i < STAGE_TRIES && stage_info(stand.agent).ret_tasks != 1; i++)
			usleep(20000);
		CHECK_INT(stage_info(stand.agent).ret_tasks, 1);
		close(fd);
		made = -1;
		stand_down();
	}
	CHECK_INT(err, 0);
	CHECK(n > 2);
}

/*
 * Each fork with one fault more. Says of each child whether it ran, or died
 * before it could. Not all forks are equally long, some find a stack in a cache:
 * the last part of the way is gone again until the last place on it was met.
 */
static int fork_with_faults(void *arg)
{
	int fd = fault_open(), fault = 0, n, status, through = 0;

	for (n = 1; fd >= 0 && n < FAULTS_MAX; n++) {
		siginfo_t info = { 0 };
		pid_t pid;

		if (through == THROUGH && shared->died)
			return 0;
		if (through == THROUGH) {
			fault = fault > AGAIN ? fault - AGAIN : 0;
			through = 0;
		}
		fault++;

		__atomic_store_n(&shared->ran, 0, __ATOMIC_RELEASE);
		if (!fault_arm(fd, fault))
			return 2;
		pid = fork();
		if (pid == 0) {
			__atomic_store_n(&shared->ran, getpid(), __ATOMIC_RELEASE);
			while (__atomic_load_n(&shared->go, __ATOMIC_ACQUIRE) < n)
				usleep(1000);
			_exit(0);
		}
		if (pid < 0 && errno != ENOMEM && errno != EAGAIN)
			return 3;
		through = fault_disarm(fd) ? 0 : through + 1;
		while (pid > 0 && !__atomic_load_n(&shared->ran, __ATOMIC_ACQUIRE) &&
		       !info.si_pid) {
			waitid(P_PID, pid, &info, WEXITED | WNOWAIT | WNOHANG);
			usleep(1000);
		}
		/* It may have died after it said that it runs; then it is gone for good. */
		shared->pid = shared->ran ? pid : 0;
		shared->died += pid > 0 && !shared->ran;
		__atomic_store_n(&shared->turn, n, __ATOMIC_RELEASE);
		while (__atomic_load_n(&shared->go, __ATOMIC_ACQUIRE) < n)
			usleep(1000);
		if (pid > 0 &&
		    (waitpid(pid, &status, 0) != pid ||
		     (!shared->ran && (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL))))
			return 4;
	}
	return 5;
}

static void no_child_survives_outside(void)
{
	int forks = 0, n;
	pid_t pid;

	REQUIRE(stand_up());
	shared->turn = shared->go = shared->died = 0;
	pid = stage_spawn(stand.agent, fork_with_faults, NULL);
	REQUIRE(pid > 0);
	for (n = 1; n < FAULTS_MAX; n++) {
		siginfo_t info = { 0 };

		while (__atomic_load_n(&shared->turn, __ATOMIC_ACQUIRE) < n && !info.si_pid) {
			waitid(P_PID, pid, &info, WEXITED | WNOWAIT | WNOHANG);
			usleep(1000);
		}
		if (info.si_pid)
			break;
		if (shared->pid) {
			forks++;
			CHECK_MSG(stage_identify(stage_device, shared->pid) == (int64_t)stand.id,
				  "fault %d", n);
		}
		__atomic_store_n(&shared->go, n, __ATOMIC_RELEASE);
	}
	CHECK_INT(stage_status(pid), 0);
	/* There is one way to fail after the child was made: its membership. */
	CHECK(shared->died);
	CHECK(forks >= 1);
	printf("# %d forks with a fault, in %d the child died\n", n - 1, shared->died);
	stand_down();
}

static const struct tap_test tests[] = {
	TEST(every_command_fails_without_a_trace), TEST(variants_of_commands_fail_without_a_trace),
	TEST(mail_fails_without_a_trace),	   TEST(who_cannot_move_down_stays_inside),
	TEST(no_child_survives_outside),
};

int main(int argc, char **argv)
{
	shared = stage_share(sizeof(*shared));
	page = stage_share(PAGE);
	stand.ids = stage_share(PAGE);
	stand.object = open("/etc/passwd", O_PATH | O_CLOEXEC);
	if (!shared || !page || !stand.ids || stand.object < 0 || !faults_set_up()) {
		printf("Bail out! this kernel injects no faults\n");
		return 1;
	}
	return stage_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv, 110);
}
