// SPDX-License-Identifier: GPL-2.0-or-later
/* Agents: names, fields, narrowing, kill, and how they end. */
#include <pthread.h>
#include <sys/resource.h>

#include "stage.h"

static int create_named(const char *name, size_t len)
{
	struct agentos_create create = stage_plan("");
	int err;

	memcpy(create.name, name, len);
	err = stage_call(stage_device, AGENTOS_IOC_CREATE, &create);
	return err ?: create.ret_fd;
}

static void a_bad_name_is_refused(void)
{
	static const struct {
		const char *name;
		size_t len;
	} bad[] = {
		{ "", 0 },     { "a b", 3 },  { " a", 2 },	{ "a/b", 3 },	{ "/", 1 },
		{ "a\tb", 3 }, { "a\nb", 3 }, { "\033[2J", 4 }, { "a\177", 2 }, { "\303\251", 2 },
		{ "a\0b", 3 }, { "\0a", 2 },  { "a\377", 2 },
	};
	char name[AGENTOS_NAME_SIZE];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int is = create_named(bad[i].name, bad[i].len);

		CHECK_MSG(is == -EINVAL, "name %zu: %d", i, is);
	}
	memset(name, 'x', sizeof(name));
	CHECK_INT(create_named(name, sizeof(name)), -EINVAL);
	CHECK_INT(stage_version().ret_agents, 0);
}

static void names_of_1_and_63_bytes_are_kept_whole(void)
{
	char name[AGENTOS_NAME_SIZE] = { 0 };
	int fd;

	memset(name, '~', sizeof(name) - 1);
	fd = create_named(name, sizeof(name));
	REQUIRE(fd >= 0);
	CHECK_STR(stage_info(fd).ret_name, name);
	close(fd);
	fd = create_named("!", 1);
	REQUIRE(fd >= 0);
	CHECK_STR(stage_info(fd).ret_name, "!");
	close(fd);
	CHECK(stage_settle());
}

static void a_name_is_unique_until_its_agent_has_exited(void)
{
	int first = stage_agent("one", NULL), second;

	REQUIRE(first >= 0);
	CHECK_INT(stage_agent("one", NULL), -EEXIST);
	CHECK_INT(stage_version().ret_agents, 1);
	second = stage_agent("One", NULL);
	CHECK(second >= 0);
	close(second);
	CHECK_INT(stage_kill(first), 0);
	second = stage_agent("one", NULL);
	CHECK(second >= 0);
	close(first);
	/* The first one's end does not free the second one's name. */
	CHECK_INT(stage_agent("one", NULL), -EEXIST);
	close(second);
	CHECK(stage_settle());
	second = stage_agent("one", NULL);
	CHECK(second >= 0);
	close(second);
	CHECK(stage_settle());
}

static void info_tells_what_create_was_told(void)
{
	struct agentos_create create = stage_plan("told");
	struct agentos_policy_new policy = { .size = sizeof(policy) };
	struct agentos_policy_drop drop = { .size = sizeof(drop) };
	struct agentos_info info;
	pid_t child;

	REQUIRE(!stage_call(stage_device, AGENTOS_IOC_POLICY_NEW, &policy));
	create.flags |= AGENTOS_CREATE_RECORD_ALLOWED;
	create.rights = AGENTOS_RIGHT(FILE_READ) | AGENTOS_RIGHT(MOUNT);
	create.policy = policy.ret_policy;
	create.owner = STAGE_DEMO_UID;
	REQUIRE(!stage_call(stage_device, AGENTOS_IOC_CREATE, &create));
	CHECK_INT(fcntl(create.ret_fd, F_GETFD), FD_CLOEXEC);
	info = stage_info(create.ret_fd);
	CHECK_INT(info.size, sizeof(info));
	CHECK_INT(info.ret_flags, create.flags);
	CHECK_INT(info.ret_id, create.ret_id);
	CHECK_INT(info.ret_rights, create.rights);
	CHECK(info.ret_created_ns > 0);
	CHECK_INT(info.ret_forks, 0);
	CHECK_INT(info.ret_policy, policy.ret_policy);
	CHECK_INT(info.ret_owner, STAGE_DEMO_UID);
	CHECK_INT(info.ret_state, AGENTOS_STATE_CREATED);
	CHECK_INT(info.ret_reason, AGENTOS_REASON_NONE);
	CHECK_INT(info.ret_tasks, 0);
	CHECK_INT(info.ret_first, 0);
	CHECK_STR(info.ret_name, "told");

	child = stage_spawn(create.ret_fd, stage_sleep, NULL);
	info = stage_info(create.ret_fd);
	CHECK_INT(info.ret_state, AGENTOS_STATE_RUNNING);
	CHECK_INT(info.ret_tasks, 1);
	CHECK_INT(info.ret_first, child);
	CHECK_INT(stage_identify(stage_device, child), create.ret_id);

	CHECK_INT(stage_kill(create.ret_fd), 1);
	CHECK_INT(stage_status(child), 256 + SIGKILL);
	CHECK(stage_ended(create.ret_fd));
	close(create.ret_fd);
	drop.policy = policy.ret_policy;
	CHECK_INT(stage_call(stage_device, AGENTOS_IOC_POLICY_DROP, &drop), 0);
	CHECK(stage_settle());
}

static void restrict_narrows_and_never_widens(void)
{
	uint64_t read = AGENTOS_RIGHT(FILE_READ), write = AGENTOS_RIGHT(FILE_WRITE);
	struct agentos_restrict restrict_ = { .size = sizeof(restrict_), .mask = read | write };
	int fd = stage_agent("narrow", NULL);

	REQUIRE(fd >= 0);
	CHECK_INT(stage_call(fd, AGENTOS_AGENT_RESTRICT, &restrict_), 0);
	CHECK_INT(restrict_.ret_rights, read | write);
	CHECK_INT(stage_restrict(fd, AGENTOS_RIGHTS_ALL), 0);
	CHECK_INT(stage_info(fd).ret_rights, read | write);
	CHECK_INT(stage_restrict(fd, AGENTOS_RIGHT(MOUNT)), -EINVAL);
	CHECK_INT(stage_info(fd).ret_rights, read | write);
	CHECK_INT(stage_restrict(fd, read | AGENTOS_RIGHT(MOUNT)), 0);
	CHECK_INT(stage_info(fd).ret_rights, read);
	CHECK_INT(stage_kill(fd), 0);
	CHECK_INT(stage_restrict(fd, read), -ESRCH);
	close(fd);
	CHECK(stage_settle());
}

static int polls(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	return poll(&pollfd, 1, 0) < 0 ? -errno : pollfd.revents;
}

static void kill_ends_an_agent_in_any_state(void)
{
	int fd = stage_agent("victim", NULL);
	struct agentos_info info;
	pid_t child;

	/* Created. */
	REQUIRE(fd >= 0);
	CHECK_INT(polls(fd), 0);
	CHECK_INT(stage_kill(fd), 0);
	CHECK_INT(polls(fd), POLLIN | POLLHUP);
	info = stage_info(fd);
	CHECK_INT(info.ret_state, AGENTOS_STATE_EXITED);
	CHECK_INT(info.ret_reason, AGENTOS_REASON_KILLED);
	child = stage_spawn(fd, stage_sleep, NULL);
	CHECK_INT(stage_status(child), 99);
	close(fd);

	/* Running. */
	fd = stage_agent("victim", NULL);
	child = stage_spawn(fd, stage_sleep, NULL);
	CHECK_INT(polls(fd), 0);
	CHECK_INT(stage_kill(fd), 1);
	CHECK_INT(stage_status(child), 256 + SIGKILL);
	CHECK(stage_ended(fd));
	info = stage_info(fd);
	CHECK_INT(info.ret_state, AGENTOS_STATE_EXITED);
	CHECK_INT(info.ret_reason, AGENTOS_REASON_KILLED);
	CHECK_INT(info.ret_code, SIGKILL);
	CHECK_INT(info.ret_tasks, 0);

	/* Exited: nothing is done. */
	CHECK_INT(stage_kill(fd), 0);
	CHECK_INT(stage_info(fd).ret_state, AGENTOS_STATE_EXITED);
	close(fd);
	CHECK(stage_settle());
}

static int kill_for_policy(void *arg)
{
	struct agentos_kill kill = { .size = sizeof(kill), .flags = AGENTOS_KILL_POLICY };

	return -stage_call(*(int *)arg, AGENTOS_AGENT_KILL, &kill);
}

static int kill_for_policy_as_demo(void *arg)
{
	return setgid(STAGE_GROUP_GID) || setuid(STAGE_DEMO_UID) ? 99 : kill_for_policy(arg);
}

static void who_watches_from_outside_kills_for_the_policy(void)
{
	int fd = stage_agent("victim", NULL), other = stage_agent("other", NULL);
	struct agentos_info info;
	pid_t child;

	REQUIRE(fd >= 0 && other >= 0);
	child = stage_spawn(fd, stage_sleep, NULL);
	/* The log's word for why is root's, and no agent's. */
	CHECK_INT(stage_status(stage_fork(kill_for_policy_as_demo, &fd)), EPERM);
	CHECK_INT(stage_status(stage_spawn(other, kill_for_policy, &other)), EPERM);
	CHECK_INT(stage_info(fd).ret_state, AGENTOS_STATE_RUNNING);
	CHECK_INT(kill_for_policy(&fd), 0);
	CHECK_INT(stage_status(child), 256 + SIGKILL);
	CHECK(stage_ended(fd));
	info = stage_info(fd);
	CHECK_INT(info.ret_state, AGENTOS_STATE_EXITED);
	CHECK_INT(info.ret_reason, AGENTOS_REASON_POLICY);
	close(fd);
	close(other);
	CHECK(stage_settle());
}

static int exit_3(void *arg)
{
	return 3;
}

static int die_of_segv(void *arg)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	return raise(SIGSEGV);
}

static int exec_false(void *arg)
{
	return execl("/bin/sh", "sh", "-c", "exit 7", NULL);
}

static void *thread_exit_5(void *arg)
{
	/* The leader is a zombie by then. */
	usleep(50000);
	syscall(SYS_exit_group, 5);
	return NULL;
}

static int leave_a_thread(void *arg)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, thread_exit_5, NULL))
		return 98;
	/* Ends this thread only. */
	syscall(SYS_exit, 0);
	return 97;
}

static int leave_a_child(void *arg)
{
	pid_t pid = fork();

	if (pid == 0)
		usleep(100000);
	return pid == 0 ? 8 : 4;
}

static void the_first_process_gives_reason_and_code(void)
{
	static const struct {
		const char *name;
		int (*run)(void *);
		int status, reason, code, forks;
	} ends[] = {
		{ "exit", exit_3, 3, AGENTOS_REASON_EXIT, 3, 0 },
		{ "signal", die_of_segv, 256 + SIGSEGV, AGENTOS_REASON_SIGNAL, SIGSEGV, 0 },
		{ "exec", exec_false, 7, AGENTOS_REASON_EXIT, 7, 0 },
		{ "thread", leave_a_thread, 5, AGENTOS_REASON_EXIT, 5, 0 },
		{ "child", leave_a_child, 4, AGENTOS_REASON_EXIT, 4, 1 },
	};
	size_t i;

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		int fd = stage_agent(ends[i].name, NULL);
		struct agentos_info info;

		REQUIRE(fd >= 0);
		CHECK_INT(stage_status(stage_spawn(fd, ends[i].run, NULL)), ends[i].status);
		CHECK(stage_ended(fd));
		info = stage_info(fd);
		CHECK_MSG(info.ret_state == AGENTOS_STATE_EXITED, "%s", ends[i].name);
		CHECK_MSG((int)info.ret_reason == ends[i].reason, "%s: %u", ends[i].name,
			  info.ret_reason);
		CHECK_MSG(info.ret_code == ends[i].code, "%s: %d", ends[i].name, info.ret_code);
		CHECK_INT(info.ret_forks, ends[i].forks);
		CHECK_INT(stage_restrict(fd, AGENTOS_RIGHTS_ALL), -ESRCH);
		close(fd);
	}
	CHECK(stage_settle());
}

static void an_agent_runs_on_when_its_first_process_is_a_zombie(void)
{
	int fd = stage_agent("leader", NULL);
	siginfo_t zombie = { 0 };
	pid_t child;

	REQUIRE(fd >= 0);
	child = stage_spawn(fd, leave_a_child, NULL);
	/* A zombie: its child goes on in the agent. */
	REQUIRE(!waitid(P_PID, child, &zombie, WEXITED | WNOWAIT));
	CHECK_INT(zombie.si_status, 4);
	CHECK_INT(stage_info(fd).ret_state, AGENTOS_STATE_RUNNING);
	CHECK_INT(stage_info(fd).ret_tasks, 2);
	CHECK_INT(stage_status(child), 4);
	CHECK(stage_ended(fd));
	close(fd);
	CHECK(stage_settle());
}

static void ids_are_never_used_again(void)
{
	uint64_t id = 0, last = 0;
	int i;

	for (i = 0; i < 200; i++) {
		int fd = stage_agent("again", &id);

		REQUIRE(fd >= 0);
		CHECK(id > last);
		last = id;
		close(fd);
	}
	CHECK(stage_settle());
}

static void a_gone_agent_cannot_be_opened(void)
{
	uint64_t id = 0;
	int fd = stage_agent("gone", &id), other;

	REQUIRE(fd >= 0);
	other = stage_reopen(stage_device, id, AGENTOS_ACCESS_INSPECT);
	REQUIRE(other >= 0);
	CHECK_INT(stage_info(other).ret_id, id);
	close(fd);
	CHECK_INT(stage_info(other).ret_state, AGENTOS_STATE_CREATED);
	close(other);
	CHECK_INT(stage_reopen(stage_device, id, AGENTOS_ACCESS_INSPECT), -ESRCH);
	CHECK(stage_settle());
}

static void an_agent_lives_without_descriptors_while_it_has_tasks(void)
{
	uint64_t id = 0;
	int fd = stage_agent("alone", &id);
	pid_t child;

	REQUIRE(fd >= 0);
	child = stage_spawn(fd, stage_sleep, NULL);
	close(fd);
	CHECK_INT(stage_identify(stage_device, child), id);
	fd = stage_reopen(stage_device, id, AGENTOS_ACCESS_CONTROL);
	REQUIRE(fd >= 0);
	CHECK_INT(stage_kill(fd), 1);
	CHECK_INT(stage_status(child), 256 + SIGKILL);
	close(fd);
	CHECK(stage_settle());
	CHECK_INT(stage_reopen(stage_device, id, AGENTOS_ACCESS_INSPECT), -ESRCH);
}

static void enumerate_lists_in_pages_and_in_order(void)
{
	struct agentos_enumerate list = { .size = sizeof(list), .count = 2 };
	uint64_t ids[5], page[2], after = 0;
	int fds[5], seen = 0;
	size_t i;

	list.ids = (uintptr_t)page;
	for (i = 0; i < 5; i++) {
		char name[8] = { 'n', (char)('0' + i) };

		fds[i] = stage_agent(name, &ids[i]);
		REQUIRE(fds[i] >= 0);
	}
	do {
		list.after = after;
		REQUIRE(!stage_call(stage_device, AGENTOS_IOC_ENUMERATE, &list));
		for (i = 0; i < list.ret_count && seen < 5; i++) {
			CHECK_INT(page[i], ids[seen++]);
			after = page[i];
		}
	} while (list.ret_count == list.count);
	CHECK_INT(seen, 5);
	list.after = UINT64_MAX;
	REQUIRE(!stage_call(stage_device, AGENTOS_IOC_ENUMERATE, &list));
	CHECK_INT(list.ret_count, 0);
	for (i = 0; i < 5; i++)
		close(fds[i]);
	CHECK(stage_settle());
}

static void descriptors_show_their_agent_in_proc(void)
{
	uint64_t id = 0, shown = 0;
	int fd = stage_agent("shown", &id);
	char path[64], line[128];
	unsigned int access = 0;
	FILE *file;

	REQUIRE(fd >= 0);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	REQUIRE(file);
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "agentos-agent: %lu", &shown) != 1)
			(void)!sscanf(line, "agentos-access: %x", &access);
	}
	fclose(file);
	CHECK_INT(shown, id);
	CHECK_INT(access, AGENTOS_ACCESS_ALL);
	close(fd);
	CHECK(stage_settle());
}

static void more_agents_than_the_limit_are_enospc(void)
{
	struct rlimit room = { AGENTOS_AGENTS_MAX + 100, AGENTOS_AGENTS_MAX + 100 };
	static int fds[AGENTOS_AGENTS_MAX];
	char name[16];
	int i, made, fd;

	REQUIRE(!setrlimit(RLIMIT_NOFILE, &room));
	for (made = 0; made < AGENTOS_AGENTS_MAX; made++) {
		snprintf(name, sizeof(name), "n%d", made);
		fds[made] = stage_agent(name, NULL);
		if (fds[made] < 0)
			break;
	}
	CHECK_INT(made, AGENTOS_AGENTS_MAX);
	CHECK_INT(stage_agent("more", NULL), -ENOSPC);
	CHECK_INT(stage_version().ret_agents, made);
	/* One goes, one may come. */
	close(fds[0]);
	fd = stage_agent("more", NULL);
	CHECK(fd >= 0);
	close(fd);
	for (i = 1; i < made; i++)
		close(fds[i]);
	CHECK(stage_settle());
}

static void an_agent_without_a_free_descriptor_is_not_made(void)
{
	struct rlimit old, none;
	uint64_t agents = stage_version().ret_agents;

	REQUIRE(!getrlimit(RLIMIT_NOFILE, &old));
	none = (struct rlimit){ 3, old.rlim_max };
	REQUIRE(!setrlimit(RLIMIT_NOFILE, &none));
	CHECK_INT(stage_agent("nofd", NULL), -EMFILE);
	REQUIRE(!setrlimit(RLIMIT_NOFILE, &old));
	CHECK_INT(stage_version().ret_agents, agents);
}

static const struct tap_test tests[] = {
	{ "a_bad_name_is_refused", a_bad_name_is_refused },
	{ "names_of_1_and_63_bytes_are_kept_whole", names_of_1_and_63_bytes_are_kept_whole },
	{ "a_name_is_unique_until_its_agent_has_exited",
	  a_name_is_unique_until_its_agent_has_exited },
	{ "info_tells_what_create_was_told", info_tells_what_create_was_told },
	{ "restrict_narrows_and_never_widens", restrict_narrows_and_never_widens },
	{ "kill_ends_an_agent_in_any_state", kill_ends_an_agent_in_any_state },
	{ "who_watches_from_outside_kills_for_the_policy",
	  who_watches_from_outside_kills_for_the_policy },
	{ "the_first_process_gives_reason_and_code", the_first_process_gives_reason_and_code },
	{ "an_agent_runs_on_when_its_first_process_is_a_zombie",
	  an_agent_runs_on_when_its_first_process_is_a_zombie },
	{ "ids_are_never_used_again", ids_are_never_used_again },
	{ "a_gone_agent_cannot_be_opened", a_gone_agent_cannot_be_opened },
	{ "an_agent_lives_without_descriptors_while_it_has_tasks",
	  an_agent_lives_without_descriptors_while_it_has_tasks },
	{ "enumerate_lists_in_pages_and_in_order", enumerate_lists_in_pages_and_in_order },
	{ "descriptors_show_their_agent_in_proc", descriptors_show_their_agent_in_proc },
	{ "an_agent_without_a_free_descriptor_is_not_made",
	  an_agent_without_a_free_descriptor_is_not_made },
	{ "more_agents_than_the_limit_are_enospc", more_agents_than_the_limit_are_enospc },
};

STAGE_MAIN(tests, 110)
