// SPDX-License-Identifier: GPL-2.0-or-later
/* Ways to other processes: AGENTOS_RIGHT(SIGNAL_OUTSIDE), AGENTOS_RIGHT(PTRACE), AGENTOS_RIGHT(SYSV_IPC), and never. */
#include <mqueue.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include "tests/escape/table.h"

#define FILES	 "file-read, file-write, file-exec"
#define TERMINAL .read = "/dev/ptmx, /dev/pts, /sys/fs/cgroup", .write = "/dev/ptmx, /dev/pts"

static const struct stage_policy policies[] = {
	{ .name = "base", .rights = FILES, TERMINAL },
	{ .name = "signal", .rights = FILES ", signal-outside", TERMINAL },
	{ .name = "ptrace", .rights = FILES ", ptrace" },
	{ .name = "sysv", .rights = FILES ", sysv-ipc" },
	{ .name = "queues", .rights = FILES, .read = "%q", .write = "%q" },
	{ .name = "sysv-queues", .rights = FILES ", sysv-ipc", .read = "%q", .write = "%q" },
	{ .name = "waiting", .rights = FILES },
	{ .name = "orphan", .rights = FILES },
	{ .name = "thread", .rights = FILES },
	{ .name = "vforked", .rights = FILES },
	/* All that there is: what no agent may do must be refused all the same. */
	{ .name = "most",
	  .rights = FILES
	  ", anon-exec, net-connect, net-listen, net-raw, "
	  "unix-connect, signal-outside, ptrace, namespaces, mount, set-ids, capabilities, bpf, "
	  "module, io-uring, userfaultfd, perf, file-watch, keyrings, sysv-ipc, devices",
	  TERMINAL },
	{ 0 },
};

/* %q/m: where POSIX queues are mounted; %v, %u: a stranger of the same user, and another; %m: an address in it; %p: agentosd; %h: shared memory; %x, %y, %z: of the same user. */
static const struct stage_row rows[] = {
	{ "kill", "kill %v", "base", 0, EPERM, "task_kill", NULL },
	{ "kill with signal 0", "kill %v 0", "base", 0, EPERM, "task_kill", NULL },
	{ "tgkill", "tgkill %v", "base", 0, EPERM, "task_kill", NULL },
	{ "tkill", "tkill %v", "base", 0, EPERM, "task_kill", NULL },
	{ "sigqueue", "sigqueue %v", "base", 0, EPERM, "task_kill", NULL },
	{ "pidfd_send_signal", "pidfd-kill %v", "base", 0, EPERM, "task_kill", NULL },
	{ "kill of agentosd", "kill %p", "base", STAGE_ROOT, EPERM, "task_kill", NULL },
	{ "kill of process 1", "kill 1", "base", STAGE_ROOT, EPERM, "task_kill", NULL },
	/* The kernel says 0 when nobody could be signalled. */
	{ "kill of everybody reaches nobody", "kill -1", "base", 0, 0, "task_kill", NULL },
	{ "its own child", "kill-child", "base", 0, 0, NULL, NULL },
	{ "its own child by descriptor", "pidfd-child", "base", 0, 0, NULL, NULL },
	{ "its own group", "kill-group", "base", 0, 0, NULL, NULL },
	{ "kill by a shell", "shell %W/%I kill -CONT %v", "base", 0, STAGE_ANY_ERROR, "task_kill",
	  NULL },
	{ "kill by a static program", "exec %W/%I busybox kill -CONT %v", "base", 0,
	  STAGE_ANY_ERROR, "task_kill", NULL },
	{ "kill by a script", "exec %W/%I script", "base", 0, STAGE_ANY_ERROR, "task_kill", NULL },
	{ "kill by a thread", "via-thread kill %v", "base", 0, EPERM, "task_kill", NULL },
	{ "kill after double fork and setsid", "via-orphan kill %v", "base", 0, EPERM, "task_kill",
	  NULL },
	{ "kill after vfork", "via-vfork kill %v", "base", 0, EPERM, "task_kill", NULL },
	{ "kill after exec by a thread", "via-exec kill %v", "base", 0, EPERM, "task_kill", NULL },

	{ "shmget", "shm-make", "base", 0, EACCES, "ipc_permission", NULL },
	{ "semget", "sem-make", "base", 0, EACCES, "ipc_permission", NULL },
	{ "msgget", "msg-make", "base", 0, EACCES, "ipc_permission", NULL },
	{ "shmat of what was made outside", "shm-attach %h", "base", 0, EACCES, "ipc_permission",
	  NULL },
	{ "shmat by a thread", "via-thread shm-attach %h", "base", 0, EACCES, "ipc_permission",
	  NULL },
	/* Owners need no permission for these. */
	{ "IPC_SET of shared memory made outside", "shm-set %x", "base", 0, EACCES,
	  "ipc_permission", NULL },
	{ "IPC_RMID of shared memory made outside", "shm-remove %x", "base", 0, EACCES,
	  "ipc_permission", NULL },
	{ "IPC_RMID of semaphores made outside", "sem-remove %y", "base", 0, EACCES,
	  "ipc_permission", NULL },
	{ "IPC_RMID of a message queue made outside", "msg-remove %z", "base", 0, EACCES,
	  "ipc_permission", NULL },
	{ "with sysv-ipc: shmget", "shm-make", "sysv", 0, 0, NULL, NULL },
	{ "with sysv-ipc: semget", "sem-make", "sysv", 0, 0, NULL, NULL },
	{ "with sysv-ipc: msgget", "msg-make", "sysv", 0, 0, NULL, NULL },
	{ "with sysv-ipc: shmat", "shm-attach %h", "sysv", 0, 0, NULL, NULL },

	{ "mq_open, making a queue", "queue-make /%I", "base", 0, EACCES, "mq_open", NULL },
	{ "mq_open of one that is there", "queue-open /there", "base", 0, EACCES, "mq_open", NULL },
	{ "mq_unlink", "queue-remove /goes", "base", 0, EACCES, "mq_open", NULL },
	{ "mq_open by a thread", "via-thread queue-make /%I", "base", 0, EACCES, "mq_open", NULL },
	{ "mq_open of a 32-bit program, making a queue", "queue-make32 /%I", "base", 0, EACCES,
	  "mq_open", NULL },
	{ "mq_open of a 32-bit program", "queue-open32 /there", "base", 0, EACCES, "mq_open",
	  NULL },
	{ "mq_unlink of a 32-bit program", "queue-remove32 /goes32", "base", 0, EACCES, "mq_open",
	  NULL },
	{ "mq_unlink of a 32-bit call, with a name where no other could be",
	  "queue-remove-high /goeshigh %q/m/goeshigh", "base", 0, EACCES, "mq_open", NULL },
	{ "a queue that no rule is about, by its path", "file-open %q/m/there", "base", 0, EACCES,
	  "file_open", NULL },
	/* Rules cannot be on them, but are where they are mounted: what these allow takes the right too. */
	{ "where queues are mounted, making one", "file-make %q/m/%I", "queues", 0, EACCES,
	  "path_mknod", NULL },
	{ "making one by mknod", "node-make %q/m/%I", "queues", 0, EACCES, "path_mknod", NULL },
	{ "opening one", "file-open %q/m/there", "queues", 0, EACCES, "file_open", NULL },
	{ "removing one", "file-remove %q/m/path", "queues", 0, EACCES, "path_unlink", NULL },
	{ "mq_open of what a rule allows", "queue-open /there", "queues", 0, EACCES, "mq_open",
	  NULL },
	{ "with sysv-ipc: mq_open and mq_unlink", "queue-make /%I", "sysv", STAGE_DEMO, 0, NULL,
	  NULL },
	/* The kernel asks whether the limits count for it, and makes it when they do. */
	{ "with sysv-ipc: mq_open and mq_unlink", "queue-make /%I", "sysv", STAGE_ROOT, 0,
	  "capable", NULL },
	{ "with sysv-ipc: mq_open of one that is there", "queue-open /there", "sysv", 0, 0, NULL,
	  NULL },
	{ "with sysv-ipc: a 32-bit program", "queue-make32 /%I", "sysv", STAGE_DEMO, 0, NULL,
	  NULL },
	{ "with sysv-ipc: one by its path takes a rule", "file-open %q/m/there", "sysv", 0, EACCES,
	  "file_open", NULL },
	{ "with sysv-ipc: making one by its path takes a rule", "file-make %q/m/%I", "sysv", 0,
	  EACCES, "path_mknod", NULL },
	{ "with sysv-ipc and a rule: making one by its path", "file-make %q/m/%I", "sysv-queues",
	  STAGE_DEMO, 0, NULL, NULL },
	{ "with sysv-ipc and a rule: opening one", "file-open %q/m/there", "sysv-queues", 0, 0,
	  NULL, NULL },

	{ "PTRACE_ATTACH", "attach %v", "base", 0, EPERM, "ptrace_access_check", NULL },
	{ "PTRACE_SEIZE", "seize %v", "base", 0, EPERM, "ptrace_access_check", NULL },
	{ "PTRACE_ATTACH to its own child", "attach-child", "base", 0, EPERM, "ptrace_access_check",
	  NULL },
	{ "PTRACE_TRACEME", "traceme", "base", 0, EPERM, "ptrace_traceme", NULL },
	{ "process_vm_readv", "vm-read %v %m", "base", 0, EPERM, "ptrace_access_check", NULL },
	{ "process_vm_writev", "vm-write %v %m", "base", 0, EPERM, "ptrace_access_check", NULL },
	{ "/proc/PID/mem", "mem %v", "base", 0, EACCES, "ptrace_access_check", NULL },
	{ "/proc/PID/mem for writing", "mem-write %v", "base", 0, EACCES, "file_open", NULL },
	{ "/proc/PID/environ", "environ %v", "base", 0, EACCES, "ptrace_access_check", NULL },
	{ "/proc/PID/root", "root %v", "base", 0, EACCES, "ptrace_access_check", NULL },
	{ "pidfd_getfd", "pidfd-getfd %v", "base", 0, EPERM, "ptrace_access_check", NULL },
	{ "TIOCSTI", "type", "base", 0, EPERM, "file_ioctl", NULL },
	{ "TIOCSTI of a 32-bit program", "type32", "base", 0, EPERM, "file_ioctl", NULL },
	/* fcntl() succeeds: what ends with EPERM waited for a signal, which the control gets. */
	{ "a signal of a terminal", "async", "base", 0, EPERM, "file_set_fowner", NULL },
	{ "a signal by F_SETOWN", "own %v", "base", 0, EPERM, "file_set_fowner", NULL },
	{ "a signal by F_SETOWN_EX", "own-thread %v", "base", 0, EPERM, "file_set_fowner", NULL },
	{ "a signal by F_SETOWN of a thread's", "via-thread own %v", "base", 0, EPERM,
	  "file_set_fowner", NULL },
	{ "a signal to a group", "own-self group", "base", 0, EPERM, "file_set_fowner", NULL },
	{ "a signal to itself by F_SETOWN", "own-self process", "base", 0, 0, NULL, NULL },
	{ "a signal to itself by F_SETOWN_EX", "own-self thread", "base", 0, 0, NULL, NULL },
	{ "FIOSETOWN", "own-ioctl %v", "base", 0, EPERM, "file_set_fowner", NULL },
	{ "FIOASYNC on a terminal", "async-ioctl", "base", 0, EPERM, "file_set_fowner", NULL },
	{ "O_ASYNC and FIOASYNC on a socket", "async-socket", "base", 0, 0, NULL, NULL },
	{ "CLONE_PARENT, of a parent outside", "via-orphan clone-parent", "base", 0, EPERM,
	  "task_alloc", NULL },
	{ "CLONE_PARENT, of one inside", "clone-parent", "base", 0, 0, NULL, NULL },
	{ "CLONE_INTO_CGROUP", "into-cgroup /sys/fs/cgroup", "base", STAGE_ROOT, EPERM,
	  "task_alloc", NULL },
	{ "cgroup.procs", "join-cgroup /sys/fs/cgroup/cgroup.procs", "base", STAGE_ROOT, EACCES,
	  "file_open", NULL },

	{ "with signal-outside: kill", "kill %v", "signal", 0, 0, NULL, NULL },
	{ "with signal-outside: pidfd_send_signal", "pidfd-kill %v", "signal", 0, 0, NULL, NULL },
	{ "with signal-outside: a signal of a terminal", "async", "signal", 0, 0, NULL, NULL },
	{ "with signal-outside: a signal by F_SETOWN", "own %v", "signal", 0, 0, NULL, NULL },
	{ "with signal-outside: a signal to a group", "own-self group", "signal", 0, 0, NULL,
	  NULL },
	{ "with signal-outside: another user's", "kill %p", "signal", STAGE_ROOT, 0, NULL, NULL },
	{ "with signal-outside: no tracing", "attach %v", "signal", 0, EPERM, "ptrace_access_check",
	  NULL },

	{ "with ptrace: its own child", "attach-child", "ptrace", 0, 0, NULL, NULL },
	{ "with ptrace: PTRACE_TRACEME", "traceme", "ptrace", 0, 0, NULL, NULL },
	{ "with ptrace: a stranger never", "attach %v", "ptrace", 0, EPERM, "ptrace_access_check",
	  NULL },
	{ "with ptrace: its memory never", "vm-read %v %m", "ptrace", 0, EPERM,
	  "ptrace_access_check", NULL },

	{ "with all rights: a stranger never", "attach %v", "most", 0, EPERM, "ptrace_access_check",
	  NULL },
	{ "with all rights: its memory never", "vm-read %v %m", "most", 0, EPERM,
	  "ptrace_access_check", NULL },
	{ "with all rights: pidfd_getfd never", "pidfd-getfd %v", "most", 0, EPERM,
	  "ptrace_access_check", NULL },
	{ "with all rights: TIOCSTI never", "type", "most", 0, EPERM, "file_ioctl", NULL },
	{ "with all rights: another cgroup never", "into-cgroup /sys/fs/cgroup", "most", STAGE_ROOT,
	  EPERM, "task_alloc", NULL },

	{ "a process waits", "await %T/ws/begun %T/ws/go", "waiting", 0, 0, NULL, NULL },
	{ "an orphan waits", "via-orphan await %T/ws/begun %T/ws/go", "orphan", 0, 0, NULL, NULL },
	{ "what a thread executed waits", "via-exec await %T/ws/begun %T/ws/go", "thread", 0, 0,
	  NULL, NULL },
	{ "a vforked process waits", "via-vfork await %T/ws/begun %T/ws/go", "vforked", 0, 0, NULL,
	  NULL },
};

static pid_t strangers[2];

/* The program of the row is named by it, and with that its records are. */
static void row_dress(const char *tree, const char *id, const struct stage_row *row)
{
	char *path = stage_format("%s/ws/%s/%s", tree, id, id), *script;

	if (strstr(row->act, " script")) {
		script = stage_format("#!/bin/sh\nkill -CONT %s\n", stage.value['v' - 'a']);
		stage_file(path, script, 0755);
		free(script);
	} else if (strstr(row->act, "%W/%I") &&
		   symlink(strstr(row->act, "busybox") ? "/usr/bin/busybox" : "/bin/sh", path) <
			   0) {
		stage_bail("cannot make %s", path);
	}
	free(path);
}

/* One that is there, and one for each way to remove one; of the user that the process is now. */
static void queues_make(void)
{
	static const char *const names[] = { "/there", "/goes", "/goes32", "/goeshigh", "/path" };
	struct mq_attr small = { .mq_maxmsg = 1, .mq_msgsize = 1 };
	size_t i;
	mqd_t queue;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		queue = mq_open(names[i], O_CREAT | O_EXCL | O_RDWR, 0600, &small);
		if (queue < 0)
			stage_bail("no queue %s", names[i]);
		mq_close(queue);
	}
}

static void queues_remove(void)
{
	stage_shell("find %s/m -mindepth 1 -delete", stage.value['q' - 'a']);
}

/* Rows name the stranger of their own user. */
static void group_enter(const struct stage_group *g)
{
	uid_t user = g->who == STAGE_DEMO ? STAGE_DEMO_ID : 0;
	pid_t stranger = strangers[g->who == STAGE_DEMO];
	char *text;
	int status;

	queues_remove();
	stage.value['v' - 'a'] = stage_format("%d", stranger);
	text = stage_output(stage_format("sed -n 's/^\\([0-9a-f]*\\)-.*\\[stack\\]$/0x\\1/p' "
					 "/proc/%d/maps | tr -d '\\n'",
					 stranger),
			    &status);
	stage.value['m' - 'a'] = text;
	if (seteuid(user) < 0)
		stage_bail("cannot be %u", user);
	stage.value['x' - 'a'] = stage_format("%d", shmget(IPC_PRIVATE, 4096, 0600));
	stage.value['y' - 'a'] = stage_format("%d", semget(IPC_PRIVATE, 1, 0600));
	stage.value['z' - 'a'] = stage_format("%d", msgget(IPC_PRIVATE, 0600));
	queues_make();
	if (seteuid(0) < 0)
		stage_bail("cannot be root again");
}

/* Another agent, of the same user, tries to get at a process of this one. */
static void other_agent_tries(const struct stage_group *g, pid_t target)
{
	char *pid = stage_format("%d", target);
	char *argv[] = {
		stage_format("%s/bin/agentctl", stage_build),
		"run",
		"--quiet",
		"--policy",
		"untrusted",
		"--name",
		stage_format("other-%s", g->agent),
		"--",
		stage_format("%s/ws/attempt", g->tree),
		"x001",
		"kill",
		pid,
		",",
		"x002",
		"attach",
		pid,
		",",
		"x003",
		"vm-read",
		pid,
		(char *)stage.value['m' - 'a'],
		",",
		"x004",
		"pidfd-getfd",
		pid,
		",",
		"x005",
		"mem",
		pid,
		",",
		NULL
	};
	static const char *const what[] = { "signal", "trace", "read the memory of",
					    "take descriptors of", "open the memory of" };
	static const char *const hook[] = { "task_kill", "ptrace_access_check",
					    "ptrace_access_check", "ptrace_access_check",
					    "ptrace_access_check" };
	char *text, *log, id[8];
	int output, status, i, is;
	pid_t other;

	stage_shell("cp %s/tests/escape/prog/attempt_ipc %s/ws/attempt", stage_build, g->tree);
	other = stage_spawn(g->who, stage_format("%s/ws", g->tree), argv, &output);
	text = stage_finish(other, output, &status);
	log = stage_audit(argv[6], "\"comm\":\"marker\"");
	for (i = 0; i < 5; i++) {
		snprintf(id, sizeof(id), "x%03d", i + 1);
		is = stage_result(text, id);
		if (is != EPERM && is != EACCES)
			stage_note("%s: %d\n%s", id, is, text);
		stage_point((is == EPERM || is == EACCES) && stage_denied(log, id, hook[i]),
			    "%s: a second agent cannot %s a process of the first",
			    g->who == STAGE_ROOT ? "root" : "demo", what[i]);
	}
	free(text);
	free(log);
}

/* While a process waits: is it in the agent, however it was made? */
static void during(const struct stage_group *g)
{
	static const char *const names[] = { "waiting", "orphan", "thread", "vforked" };
	char *begun = stage_format("%s/ws/begun", g->tree), *text;
	uint64_t id = 0;
	int i, status, agent;
	bool mine = false;
	pid_t pid;

	for (i = 0; i < 4; i++)
		mine |= strcmp(g->policy_name, names[i]) == 0;
	if (!mine)
		return;
	for (i = 0; i < 600 && access(begun, F_OK) < 0; i++)
		usleep(100000);
	usleep(100000);
	text = stage_output(stage_format("cat %s", begun), &status);
	pid = atoi(text);
	if (g->inside) {
		agent = stage_agent(g->agent, &id);
		close(agent);
		stage_point(pid > 0 && id != 0 && stage_identify(pid) == id,
			    "%s, %s: the process is in its agent",
			    g->who == STAGE_ROOT ? "root" : "demo", g->policy_name);
		if (strcmp(g->policy_name, "waiting") == 0)
			other_agent_tries(g, pid);
	} else {
		stage_point(pid > 0 && stage_identify(pid) == 0, "%s, %s: outside it is in none",
			    g->who == STAGE_ROOT ? "root" : "demo", g->policy_name);
	}
	stage_shell("touch %s/ws/go", g->tree);
	free(begun);
	free(text);
}

/* A process that is there to be attacked. */
static pid_t stranger_start(unsigned int who)
{
	char *argv[] = { "/bin/sleep", "infinity", NULL };
	int output;

	return stage_spawn(who, "/", argv, &output);
}

static void strangers_live(void)
{
	int i;

	for (i = 0; i < 2; i++) {
		stage_point(waitpid(strangers[i], NULL, WNOHANG) == 0, "the stranger of %s lives",
			    i ? "demo" : "root");
		kill(strangers[i], SIGKILL);
		waitpid(strangers[i], NULL, 0);
	}
}

int main(void)
{
	stage = (struct stage){
		.title = "ipc",
		.program = "attempt_ipc",
		.rows = rows,
		.row_count = sizeof(rows) / sizeof(rows[0]),
		.policies = policies,
		.enter = group_enter,
		.dress_row = row_dress,
		.during = during,
	};
	stage_begin();
	stage.value['h' - 'a'] = stage_format("%d", shmget(IPC_PRIVATE, 4096, 0666));
	stage_setting("/proc/sys/kernel/yama/ptrace_scope", "0");
	stage_setting("/proc/sys/dev/tty/legacy_tiocsti", "1");
	strangers[0] = stranger_start(STAGE_ROOT);
	strangers[1] = stranger_start(STAGE_DEMO);
	stage.value['p' - 'a'] = stage_format("%d", stage_daemon);
	stage.value['q' - 'a'] = stage_format("%s/queues", stage_root);
	stage_shell("mkdir -p %s/m && mount -t mqueue queues %s/m", stage.value['q' - 'a'],
		    stage.value['q' - 'a']);
	stage_table();
	queues_remove();
	strangers_live();
	return stage_end();
}
