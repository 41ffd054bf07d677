// SPDX-License-Identifier: GPL-2.0-or-later
/* Random system calls in agents: no file, process, mount, address or setting outside changes. */
#include <poll.h>

#include "tests/escape/harm.h"

/*
 * Rounds: an agent under one of the policies, as root or not, makes random
 * system calls (prog/random_calls.c); then the machine is compared with what it
 * was before. FUZZ_SEED begins with that round, FUZZ_SECONDS goes on for so long.
 */
#define SEED	       20260201
#define CHILDREN       10  /* of a round */
#define STEPS	       250 /* of a child */
#define OUTSIDE_ROUNDS 3
#define LOG_MAX	       (64 << 20) /* bytes; the log's file system is in memory */
#define CALLS_MAX      512
#define COUNTING       "/sys/fs/bpf/agentos/links/agentos_net_in"

/*
 * Rights that are not tried, for with them it may: signal-outside, to signal;
 * and capabilities, bpf, module: root with these can change the kernel itself.
 * There is no right to write /dev/null either: whoever may write a device may, as
 * root, change who else may, and unlink it.
 */
static const struct policy {
	const char *name, *rights, *network; /* lines of that section */
} policies[] = {
	{ "base", "file-read, file-write, file-exec", NULL },
	{ "net", "file-read, file-write, file-exec, net-connect, net-listen",
	  "  connect: [\"127.0.0.1:%u\"]\n  listen: [\"127.0.0.1:1\"]\n" },
	{ "uring", "file-read, file-write, file-exec, io-uring", NULL },
	{ "sysv", "file-read, file-write, file-exec, sysv-ipc", NULL },
	{ "traces", "file-read, file-write, file-exec, ptrace, anon-exec", NULL },
	{ "spaces", "file-read, file-write, file-exec, namespaces, mount", NULL },
	{ "ids", "file-read, file-write, file-exec, set-ids", NULL },
	{ "watch", "file-read, file-write, file-exec, file-watch, perf, userfaultfd", NULL },
	{ "keys", "file-read, file-write, file-exec, keyrings", NULL },
	{ "raw", "file-read, file-write, file-exec, net-raw", NULL },
	{ "local", "file-read, file-write, file-exec, unix-connect", "  unix: [%s/ws]\n" },
	{ "reads", "file-read, file-exec", NULL },
	{ "most",
	  "file-read, file-write, file-exec, net-connect, io-uring, namespaces, mount, ptrace, "
	  "anon-exec, file-watch, perf, userfaultfd, derive, message-send, message-receive",
	  "  connect: [\"127.0.0.1:%u\"]\n" },
};

#define POLICIES (sizeof(policies) / sizeof(policies[0]))

/* What is not compared after which rounds, and why. */
static const struct gap {
	const char *part, *policy; /* NULL: any */
	unsigned int who;
	const char *why;
} gaps[] = {
	{ "System V for all", "sysv", STAGE_ROOT | STAGE_DEMO,
	  "the right sysv-ipc is for what the kernel's permissions give" },
	{ "key", "keys", STAGE_ROOT | STAGE_DEMO,
	  "the right keyrings is for what the kernel's permissions give" },
	{ "queues", "sysv", STAGE_ROOT | STAGE_DEMO,
	  "the right sysv-ipc is for what the kernel's permissions give" },
};

static char *world[PARTS];
static int device = -1;

static struct {
	char name[32];
	unsigned long tries, good, refused;
} counts[CALLS_MAX];

static uint64_t setting(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

static const char *who_name(unsigned int who)
{
	return who == STAGE_ROOT ? "root" : "demo";
}

/* --- the machine --- */

static void world_take(void)
{
	size_t i;

	for (i = 0; i < PARTS; i++) {
		free(world[i]);
		world[i] = world_see(i);
	}
}

static bool part_is_gap(size_t part, const char *policy, unsigned int who)
{
	size_t i;

	for (i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++)
		if (strcmp(gaps[i].part, world_parts[part].name) == 0 && gaps[i].who & who &&
		    (!gaps[i].policy || strcmp(gaps[i].policy, policy) == 0))
			return true;
	return false;
}

/* Compares all that no gap is about, and goes on from what is now. Returns how many parts differ. */
static unsigned int world_compare(const char *policy, unsigned int who)
{
	unsigned int differ = 0;
	size_t i;
	char *now;

	for (i = 0; i < PARTS; i++) {
		now = world_see(i);
		if (strcmp(world[i], now) != 0 && !part_is_gap(i, policy, who)) {
			stage_note("%s, %s: other %s:", who_name(who), policy, world_parts[i].name);
			world_differ(world[i], now);
			differ++;
		}
		free(world[i]);
		world[i] = now;
	}
	return differ;
}

/* Is it a task of the kernel, or ended already? */
static bool task_is_none(pid_t pid)
{
	char path[64];
	const char *text, *at;
	char state = 'Z';
	unsigned int flags = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	text = world_read(path);
	at = strrchr(text, ')');
	if (at)
		sscanf(at + 2, "%c %*d %*d %*d %*d %*d %u", &state, &flags);
	return strchr("ZXx", state) || flags & 0x00200000;
}

/* How many processes there are that were not there before, and are in no agent. */
static unsigned int tasks_untagged(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	unsigned int count = 0;
	char known[32], path[64];
	uint64_t id = 0;
	pid_t pid;

	while ((entry = readdir(proc))) {
		pid = atoi(entry->d_name);
		snprintf(known, sizeof(known), "process %d\n", pid);
		if (pid <= 0 || strstr(world[world_part("processes")], known) ||
		    agentos_dev_identify(device, pid, 0, &id) == 0 || task_is_none(pid) ||
		    agentos_dev_identify(device, pid, 0, &id) == 0 || task_is_none(pid))
			continue;
		snprintf(path, sizeof(path), "/proc/%d/comm", pid);
		stage_note("in no agent: %d, %s", pid, world_read(path));
		count++;
	}
	closedir(proc);
	return count;
}

/* --- rounds --- */

static char *policy_write(const struct policy *policy)
{
	char *file = stage_format("%s/%s.yaml", stage_root, policy->name);
	FILE *to = fopen(file, "we");

	if (!to)
		stage_bail("cannot write %s", file);
	fprintf(to, "version: 1\nname: %s\nrights: [%s]\nfiles:\n", policy->name, policy->rights);
	fprintf(to,
		"  read: [/usr, /bin, /lib, -/lib64, /etc, /proc, /dev/null, %s, %s/ws, %s/ro]\n",
		stage_build, canary_tree, canary_tree);
	if (strstr(policy->rights, "file-write"))
		fprintf(to, "  write: [%s/ws]\n", canary_tree);
	fprintf(to, "  exec: [/usr, /bin, /lib, -/lib64, %s, %s/ws]\n", stage_build, canary_tree);
	fprintf(to, "  deny: [%s/ws/denied, /etc/shadow]\n  deny-names: [\"*.secret\"]\n",
		canary_tree);
	if (policy->network) {
		fprintf(to, "network:\n");
		if (strstr(policy->network, "%u"))
			fprintf(to, policy->network, canary.allowed);
		else
			fprintf(to, policy->network, canary_tree);
	}
	fclose(to);
	return file;
}

/* The program's arguments, from argv[n] on. */
static void generator_words(char **argv, size_t n, unsigned int who, uint64_t seed)
{
	/* Of the same user comes first. */
	int own = who == STAGE_DEMO ? 0 : 1;

	argv[n++] = stage_format("%s/tests/escape/prog/random_calls", stage_build);
	argv[n++] = stage_format("%llu", (unsigned long long)seed);
	argv[n++] = stage_format("%d", CHILDREN);
	argv[n++] = stage_format("%d", STEPS);
	argv[n++] = stage_format("%d", stage_slow());
	argv[n++] = stage_format("tree=%s", canary_tree);
	argv[n++] = stage_format("strangers=%d,%d,%d,%d", canary.process[own],
				 canary.process[1 - own], canary.process[2], stage_daemon);
	argv[n++] = stage_format("memory=%p", (void *)canary.word);
	argv[n++] = stage_format("ports=%u,%u,%u", canary.tcp, canary.udp, canary.allowed);
	argv[n++] = stage_format("name=%s", CANARY_NAME);
	argv[n++] =
		stage_format("ipc=%d,%d,%d", canary.shared[0], canary.shared[1], canary.shared[2]);
	argv[n++] = stage_format("ipckey=%d,%d,%d", IPC_GUARDED, IPC_SHARED, IPC_SHARED);
	argv[n++] = stage_format("key=%d", canary.key);
	argv[n++] = stage_format("queue=%s", CANARY_QUEUE);
	argv[n] = NULL;
}

/* What it printed: "call NAME TRIES SUCCEEDED REFUSED". Returns whether it came to its end. */
static bool counts_add(const char *text, bool keep, unsigned long *ret_refused)
{
	unsigned long tries, good, refused;
	const char *line;
	char name[32];
	size_t row = 0;

	for (line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		if (sscanf(line, "call %31s %lu %lu %lu", name, &tries, &good, &refused) != 4)
			continue;
		*ret_refused += refused;
		if (!keep || row == CALLS_MAX)
			continue;
		strcpy(counts[row].name, name);
		counts[row].tries += tries;
		counts[row].good += good;
		counts[row++].refused += refused;
	}
	return strstr(text, "\ndone ") != NULL;
}

/* Reads what it prints, to its end; looks after its processes meanwhile. */
static char *generator_watch(pid_t pid, int output, unsigned int *ret_untagged)
{
	struct pollfd ready = { .fd = output, .events = POLLIN };
	size_t room = 65536, len = 0;
	char *text = calloc(1, room);
	ssize_t got = 1;
	int status;

	while (got > 0) {
		canary_answer();
		if (poll(&ready, 1, 50 * stage_slow()) > 0) {
			got = read(output, text + len, room - len - 1);
			len += got > 0 ? (size_t)got : 0;
		} else if (ret_untagged && strstr(text, "begun")) {
			*ret_untagged += tasks_untagged();
		}
	}
	close(output);
	waitpid(pid, &status, 0);
	if (status)
		stage_note("it ended with status %#x", (unsigned int)status);
	return text;
}

/* Whoever is left of an agent is ended; then the module holds nothing of it. */
static bool agent_gone(const char *name)
{
	struct agentos_version version;
	int tries = 200 * stage_slow(), agent;
	uint64_t id;

	agent = stage_agent(name, &id);
	if (agent >= 0)
		agentos_agent_kill(agent, NULL);
	close(agent);
	do {
		usleep(50000);
		if (agentos_dev_version(device, &version))
			return false;
	} while (--tries && (version.ret_agents != stage_others() || version.ret_tasks ||
			     version.ret_policies || version.ret_pins));
	if (!tries)
		stage_note("%s: %llu agents, %llu tasks, %llu policies, %llu pins are left", name,
			   (unsigned long long)version.ret_agents,
			   (unsigned long long)version.ret_tasks,
			   (unsigned long long)version.ret_policies,
			   (unsigned long long)version.ret_pins);
	return tries > 0;
}

/* An agent without a rule is refused a file, as ever; outside it opens. */
static bool still_enforced(void)
{
	struct agentos_create_options create = { .name = "fresh",
						 .rights = AGENTOS_RIGHT(FILE_READ),
						 .access = AGENTOS_ACCESS_ALL };
	int agent = agentos_dev_create(device, &create, NULL), status = -1;
	const char *path = canary_path("outside/open/f");
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (close(open(path, O_RDONLY)) < 0 || agentos_agent_attach(agent))
			_exit(1);
		_exit(open(path, O_RDONLY) < 0 && errno == EACCES ? 0 : 2);
	}
	waitpid(pid, &status, 0);
	close(agent);
	return agent_gone("fresh") && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* The log is kept in memory here: what is old goes. */
static void log_trim(void)
{
	struct statfs room;

	if (statfs("/var/lib/agentos", &room) == 0 &&
	    (room.f_blocks - room.f_bfree) * (uint64_t)room.f_bsize > LOG_MAX)
		stage_shell("cd /var/lib/agentos/audit && ls | sort | head -n -1 | xargs -r rm -f");
}

/* Objects of System V that an agent could make, use and remove, and names of queues. */
static void leftovers_remove(void)
{
	char path[32], line[400];
	int key, id;
	size_t i;
	FILE *in;

	for (i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "/proc/sysvipc/%s",
			 (const char *[]){ "shm", "sem", "msg" }[i]);
		in = fopen(path, "re");
		while (in && fgets(line, sizeof(line), in)) {
			if (sscanf(line, "%d %d", &key, &id) != 2 || key == IPC_GUARDED ||
			    key == IPC_SHARED)
				continue;
			if ((i == 0 ? shmctl(id, IPC_RMID, NULL) :
			     i == 1 ? semctl(id, 0, IPC_RMID) :
				      msgctl(id, IPC_RMID, NULL)) < 0)
				stage_bail("cannot remove %s %d", path, id);
		}
		if (in)
			fclose(in);
	}
	stage_shell("find %s -mindepth 1 ! -name escape -delete", canary_path("queues"));
}

static void round_run(const struct policy *policy, unsigned int who, uint64_t seed)
{
	unsigned int untagged = 0, allowed = canary_doors[4].arrivals + canary_doors[5].arrivals;
	char *file = policy_write(policy), *name, *argv[40], *text;
	unsigned long refused = 0;
	bool ended, gone, lives;
	size_t n = 0, files = world_part("files");
	int output;
	pid_t pid;

	name = stage_format("%s-%s", policy->name, who_name(who));
	canary_workspace(who);
	free(world[files]);
	world[files] = world_see(files);
	argv[n++] = stage_format("%s/bin/agentctl", stage_build);
	argv[n++] = "run";
	argv[n++] = "--quiet";
	argv[n++] = "--policy";
	argv[n++] = file;
	argv[n++] = "--name";
	argv[n++] = name;
	argv[n++] = "--";
	generator_words(argv, n, who, seed);
	pid = stage_spawn(who, canary_path("ws"), argv, &output);
	text = generator_watch(pid, output, &untagged);
	ended = counts_add(text, true, &refused);
	gone = agent_gone(name);
	if (strcmp(policy->name, "sysv") == 0) {
		leftovers_remove();
		canary_ipc_shared();
		canary_queue();
	}
	stage_point(ended && refused, "%s: random calls were made, and %lu refused", name, refused);
	stage_point(world_compare(policy->name, who) == 0,
		    "%s: nothing outside is another (FUZZ_SEED=%llu)", name,
		    (unsigned long long)seed);
	stage_point(!untagged, "%s: every process of it was in an agent", name);
	if (policy->network && strstr(policy->network, "connect"))
		stage_point(canary_doors[4].arrivals + canary_doors[5].arrivals > allowed,
			    "%s: what is allowed arrived", name);
	lives = waitpid(stage_daemon, NULL, WNOHANG) == 0 && stage_socket_answers();
	stage_point(gone && lives && still_enforced(),
		    "%s: it left nothing, and what enforces is as it was", name);
	log_trim();
	free(text);
	free(name);
	free(file);
}

/* As a user outside of any agent: the calls are such that what they do is noticed. */
static void outside_run(uint64_t seed)
{
	static const char *const wanted[] = { "files", "processes", "addresses" };
	char *before[PARTS], *now, *argv[40], *text;
	unsigned long refused = 0;
	bool other[PARTS];
	size_t i;
	int output, round;
	pid_t pid;

	canary_workspace(STAGE_DEMO);
	for (i = 0; i < PARTS; i++)
		before[i] = world_see(i);
	for (round = 0; round < OUTSIDE_ROUNDS; round++) {
		/* Its own user may have shut itself out. */
		if (chmod(canary_path("ws"), 0755) < 0)
			stage_bail("the workspace is gone");
		generator_words(argv, 0, STAGE_DEMO, seed + (uint64_t)round);
		pid = stage_spawn(STAGE_DEMO, canary_path("ws"), argv, &output);
		text = generator_watch(pid, output, NULL);
		counts_add(text, false, &refused);
		free(text);
	}
	for (i = 0; i < PARTS; i++) {
		now = world_see(i);
		other[i] = strcmp(before[i], now) != 0;
		if (other[i])
			stage_note("outside of an agent they change: %s", world_parts[i].name);
		free(before[i]);
		free(now);
	}
	for (i = 0; i < 3; i++)
		stage_point(other[world_part(wanted[i])], "outside of an agent they change: %s",
			    wanted[i]);
}

/* --- all of it --- */

/* The number of a round says all of it: its policy, its user, and what its children do. */
static void rounds_run(uint64_t seed, uint64_t seconds)
{
	time_t end = time(NULL) + (time_t)seconds;
	uint64_t round = seed;

	for (; seconds ? time(NULL) < end : round < seed + POLICIES; round++)
		round_run(&policies[round % POLICIES],
			  (round + round / POLICIES) % 2 ? STAGE_ROOT : STAGE_DEMO, round);
	stage_note("%llu rounds from FUZZ_SEED=%llu", (unsigned long long)(round - seed),
		   (unsigned long long)seed);
}

static void counts_judge(void)
{
	unsigned long tries = 0, good = 0, refused = 0;
	unsigned int made = 0, succeeded = 0, rows = 0;
	size_t i;

	for (i = 0; i < CALLS_MAX && counts[i].name[0]; i++) {
		rows++;
		made += counts[i].tries > 0;
		succeeded += counts[i].good > 0;
		tries += counts[i].tries;
		good += counts[i].good;
		refused += counts[i].refused;
		if (!counts[i].tries)
			stage_note("never made: %s", counts[i].name);
	}
	stage_note(
		"%lu calls: %lu succeeded, %lu were refused; of %u in the table %u were made, and "
		"%u succeeded",
		tries, good, refused, rows, made, succeeded);
	for (i = 0; i < rows; i++)
		if (!counts[i].good && getenv("FUZZ_SEED"))
			stage_note("never succeeded: %s (%lu tries)", counts[i].name,
				   counts[i].tries);
	/* What is refused for want of a right never does, nor what has no such thing here. */
	stage_point(made == rows && succeeded > rows / 2, "the calls mean something");
}

static void untagged_are_seen(void)
{
	pid_t pid = canary_process(STAGE_DEMO_ID, "in no agent");

	stage_point(tasks_untagged() == 1, "a process in no agent is seen");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void world_stands_still(void)
{
	size_t i;

	for (i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++)
		stage_note("not compared for %s under %s: %s, as %s",
			   gaps[i].who == STAGE_ROOT ? "root" : "anybody",
			   gaps[i].policy ? gaps[i].policy : "any policy", gaps[i].part,
			   gaps[i].why);
	/* The daemon proved its counting of packets as it began, and detaches that a while later. */
	for (i = 0; i < 100U * (unsigned int)stage_slow() && access(COUNTING, F_OK) == 0; i++)
		usleep(100000);
	world_take();
	stage_point(world_compare("", 0) == 0, "by itself nothing changes");
}

int main(void)
{
	uint64_t seed = setting("FUZZ_SEED", SEED), seconds = setting("FUZZ_SECONDS", 0);
	int status;
	size_t i;

	stage_mkdir("/var/lib/agentos", 0755);
	if (mount("log", "/var/lib/agentos", "tmpfs", 0, "mode=755") < 0)
		return 1;
	stage_begin();
	stage_setting("/proc/sys/kernel/unprivileged_userns_clone", "1");
	stage_setting("/proc/sys/kernel/io_uring_disabled", "0");
	stage_setting("/proc/sys/kernel/perf_event_paranoid", "1");
	canary_make();
	/* Of tests before this one: after rounds it would go with what agents left. */
	leftovers_remove();
	device = stage_device();
	world_stands_still();
	stage_point(harm_all(), "what the test changes itself is seen");
	/* Their files are part of the machine, and are there from now on. */
	for (i = 0; i < POLICIES; i++)
		free(policy_write(&policies[i]));
	world_take();
	untagged_are_seen();
	rounds_run(seed, seconds);
	counts_judge();
	outside_run(seed);
	close(device);
	canary_end();
	status = stage_end();
	umount2("/var/lib/agentos", MNT_DETACH);
	return status;
}
