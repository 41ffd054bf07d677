// SPDX-License-Identifier: GPL-2.0-or-later
/* Agents that are audit-only: what rights and rules refuse is done and recorded, what no agent may is refused. */
#include <sys/ioctl.h>
#include <sys/shm.h>

#include "tests/escape/broker.h"
#include "tests/escape/table.h"

#define FILES "file-read, file-write, file-exec"
#define PINS  "/sys/fs/bpf/agentos"
#define WAIT  "await %T/ws/begun %T/ws/go"

/* Each twice: enforced, as the control, and audit-only. */
#define TWICE(name_, program_, ...)                                                          \
	{ .name = name_, .program = program_, __VA_ARGS__ },                                 \
	{                                                                                    \
		.name = "audit-" name_, .program = program_, .audit_only = true, __VA_ARGS__ \
	}

static const struct stage_policy policies[] = {
	TWICE("file", "attempt_file", .rights = FILES ", unix-connect"),
	TWICE("readonly", "attempt_file", .rights = "file-read, file-exec"),
	TWICE("named", "attempt_file", .rights = FILES, .deny_names = "audit.key"),
	TWICE("capable", "attempt_file", .rights = FILES ", capabilities"),
	TWICE("exec", "attempt_exec", .rights = FILES),
	TWICE("net", "attempt_net", .rights = FILES),
	TWICE("rule", "attempt_net", .rights = FILES ", net-connect, net-listen, unix-connect",
	      .network = "  connect: [\"127.9.9.9:9\"]\n  listen: [\"127.9.9.9:9\"]\n"
			 "  unix: [/usr]\n"),
	TWICE("option", "attempt_address", .rights = FILES),
	TWICE("limited", "attempt_net", .rights = FILES),
	TWICE("ipc", "attempt_ipc", .rights = FILES, .read = "/dev/ptmx, /dev/pts, /sys/fs/cgroup",
	      .write = "/dev/ptmx, /dev/pts"),
	TWICE("priv", "attempt_priv", .rights = FILES),
	TWICE("nested", "attempt_priv", .rights = FILES),
	{ 0 },
};

/* Refused, unless the agent is audit-only: then it is done, and the record says by whom it would be. */
#define SPARED(name, act, policy, who, error, hook)            \
	{ name, act, policy, who, error, hook, NULL },         \
	{                                                      \
		name, act, "audit-" policy, who, 0, hook, NULL \
	}

/* Refused in any case, and recorded as that. */
#define KEPT(name, act, policy, who, error, hook)                  \
	{ name, act, policy, who, error, hook, NULL },             \
	{                                                          \
		name, act, "audit-" policy, who, error, hook, NULL \
	}

/* %k: the broker; %p: a port; %s, %d: sockets; %v: a process outside; %m: a module, %n: its name. */
static const struct stage_row rows[] = {
	SPARED("read, no rule", "read %S/f", "file", 0, EACCES, "file_open"),
	SPARED("read, a rule denies", "read %W/.env", "file", 0, EACCES, "file_open"),
	SPARED("write", "write %R/f", "file", 0, EACCES, "file_open"),
	SPARED("list", "list %S", "file", 0, EACCES, "file_open"),
	SPARED("create", "create %R/new", "file", 0, EACCES, "path_mknod"),
	SPARED("mkdir", "mkdir %W/absent", "file", 0, EACCES, "path_mknod"),
	SPARED("symlink", "symlink %R/new", "file", 0, EACCES, "path_mknod"),
	SPARED("unlink", "unlink %S/f", "file", 0, EACCES, "path_unlink"),
	SPARED("rmdir", "rmdir %S/d", "file", 0, EACCES, "path_unlink"),
	SPARED("rename", "rename %S/f %S/g", "file", 0, EACCES, "path_rename"),
	SPARED("rename, wider", "rename %V/f %W/new", "file", 0, EACCES, "path_rename"),
	SPARED("rename of what rules stand below", "rename %W/held %W/x", "file", 0, EACCES,
	       "path_rename"),
	SPARED("exchange", "exchange %R/f %W/f", "file", 0, EACCES, "path_rename"),
	SPARED("link", "link %S/f %W/l", "file", 0, EACCES, "path_link"),
	SPARED("truncate", "truncate %R/f", "file", 0, EACCES, "path_truncate"),
	SPARED("chmod", "chmod %R/f", "file", 0, EACCES, "path_chmod"),
	SPARED("utimes", "utimes %R/f", "file", 0, EACCES, "path_chmod"),
	SPARED("chattr", "chattr %R/f", "file", 0, EACCES, "path_chmod"),
	SPARED("receive", "receive %k %S/f", "file", 0, EACCES, "file_receive"),
	SPARED("receive a socket", "receive-socket %k @tcp", "file", 0, EACCES, "file_receive"),
	SPARED("inotify", "inotify %W", "file", 0, EACCES, "path_notify"),
	SPARED("read by a thread", "via-thread read %S/f", "file", 0, EACCES, "file_open"),
	SPARED("read after setsid", "via-orphan read %S/f", "file", 0, EACCES, "file_open"),
	KEPT("what cannot be told", "read %W/deep", "file", 0, EACCES, "file_open"),
	KEPT("the pins, making one", "mkdir " PINS "/%I", "file", STAGE_ROOT, EACCES, "path_mknod"),
	KEPT("the pins, removing one", "rmdir " PINS "/%I", "file", STAGE_ROOT, EACCES,
	     "path_unlink"),
	KEPT("the pins, taking one out", "rename " PINS "/%I /sys/fs/bpf/%I", "file", STAGE_ROOT,
	     EACCES, "path_rename"),
	KEPT("the pins, opening one", "read " PINS "/denials", "file", STAGE_ROOT, EACCES,
	     "file_open"),

	/* Nodes of devices take a right that is guarded; rules that refuse before do not spare it. */
	KEPT("a node that it may write, deleting it", "unlink %W/node", "file", 0, EACCES,
	     "path_unlink"),
	KEPT("a node, deleting it", "unlink %S/node", "file", 0, EACCES, "path_unlink"),
	KEPT("a node, its mode", "chmod %S/node", "file", 0, EACCES, "path_chmod"),
	KEPT("a node, its times", "utimes %S/node", "file", 0, EACCES, "path_chmod"),
	KEPT("a node, taking it away", "rename %S/node %S/g", "file", 0, EACCES, "path_rename"),
	KEPT("a node, putting a file in its place", "rename %W/f %S/node", "file", 0, EACCES,
	     "path_rename"),
	KEPT("without file-write: a node, deleting it", "unlink %S/node", "readonly", 0, EACCES,
	     "path_unlink"),
	SPARED("with capabilities: a node, deleting it", "unlink %S/node", "capable", 0, EACCES,
	       "path_unlink"),

	/* Whoever lacks the right is asked nothing more: that must not spare it the rest. */
	SPARED("without file-write: create", "create %S/new", "readonly", 0, EACCES, "path_mknod"),
	SPARED("without file-write: write", "write %W/f", "readonly", 0, EACCES, "file_open"),
	SPARED("without file-write: rename", "rename %S/f %W/g", "readonly", 0, EACCES,
	       "path_rename"),
	KEPT("without file-write: the pins, removing one", "rmdir " PINS "/%I", "readonly",
	     STAGE_ROOT, EACCES, "path_unlink"),
	KEPT("without file-write: the pins, taking one out", "rename " PINS "/%I /sys/fs/bpf/%I",
	     "readonly", STAGE_ROOT, EACCES, "path_rename"),
	KEPT("without file-write: a file in the audit log", "create /var/lib/agentos/audit/%I",
	     "readonly", STAGE_ROOT, EACCES, "path_mknod"),
	KEPT("the log's key, whose name is denied as well", "read /var/lib/agentos/audit.key",
	     "named", STAGE_ROOT, EACCES, "file_open"),
	SPARED("another file of a name that is denied", "read %W/audit.key", "named", 0, EACCES,
	       "file_open"),
	{ "without file-watch: a watch that others wait for", "fanotify %W 0x10000", "capable",
	  STAGE_ROOT, EACCES, "path_notify", "stock" },
	{ "without file-watch: a watch that others wait for", "fanotify %W 0x10000",
	  "audit-capable", STAGE_ROOT, EACCES, "path_notify", "stock" },
	SPARED("without file-watch: a watch", "fanotify %W 0x20", "capable", STAGE_ROOT, EACCES,
	       "path_notify"),

	SPARED("exec", "exec %R/p p", "exec", 0, EACCES, "bprm_check_security"),
	SPARED("exec of a memfd", "memfd /bin/true", "exec", 0, EACCES, "bprm_check_security"),
	SPARED("mmap", "map-file %R/p", "exec", 0, EACCES, "mmap_file"),
	SPARED("anonymous memory", "map-anonymous", "exec", 0, EACCES, "mmap_file"),
	SPARED("mprotect", "protect", "exec", 0, EACCES, "file_mprotect"),

	SPARED("TCP", "tcp4 %p", "net", 0, EACCES, "socket_connect"),
	SPARED("UDP send", "udp4-send %p", "net", 0, EACCES, "socket_sendmsg"),
	SPARED("bind", "bind4", "net", 0, EACCES, "socket_bind"),
	SPARED("listen", "listen", "net", 0, EACCES, "socket_listen"),
	SPARED("generic netlink", "socket 16 3 16", "net", 0, EPERM, "socket_create"),
	SPARED("Unix stream", "unix-stream %s", "net", 0, EACCES, "unix_stream_connect"),
	SPARED("Unix datagram", "unix-send %d", "net", 0, EACCES, "unix_may_send"),
	SPARED("no rule: TCP", "tcp4 %p", "rule", 0, EACCES, "socket_connect"),
	SPARED("no rule: UDP send", "udp4-send %p", "rule", 0, EACCES, "socket_sendmsg"),
	SPARED("no rule: bind", "bind4", "rule", 0, EACCES, "socket_bind"),
	SPARED("no rule: listen", "listen", "rule", 0, EACCES, "socket_listen"),
	SPARED("no rule: Unix stream", "unix-stream %s", "rule", 0, EACCES, "unix_stream_connect"),
	SPARED("joining a group", "join", "option", 0, EPERM, "socket_setsockopt"),
	{ "it waits until its bytes are limited", WAIT, "limited", 0, 0, NULL, NULL },
	{ "it waits until its bytes are limited", WAIT, "audit-limited", 0, 0, NULL, NULL },
	KEPT("a socket whose bytes nobody counts", "socket 17 3 768", "limited", STAGE_ROOT, EPERM,
	     "socket_create"),

	SPARED("signal", "kill %v", "ipc", 0, EPERM, "task_kill"),
	SPARED("trace its child", "attach-child", "ipc", 0, EPERM, "ptrace_access_check"),
	SPARED("be traced by its parent", "traceme", "ipc", 0, EPERM, "ptrace_traceme"),
	SPARED("signals of a terminal", "async", "ipc", 0, EPERM, "file_set_fowner"),
	SPARED("System V IPC", "shm-attach %h", "ipc", 0, EACCES, "ipc_permission"),
	KEPT("trace a process outside", "attach %v", "ipc", 0, EPERM, "ptrace_access_check"),
	KEPT("take its descriptors", "pidfd-getfd %v", "ipc", 0, EPERM, "ptrace_access_check"),
	KEPT("type into a terminal", "type", "ipc", 0, EPERM, "file_ioctl"),
	KEPT("fork for another process", "via-orphan clone-parent", "ipc", 0, EPERM, "task_alloc"),
	KEPT("fork into another cgroup", "into-cgroup /sys/fs/cgroup", "ipc", STAGE_ROOT, EPERM,
	     "task_alloc"),

	SPARED("a user namespace", "clone-userns", "priv", 0, EPERM, "userns_create"),
	SPARED("setuid", "setuid 1001", "priv", STAGE_ROOT, EPERM, "task_fix_setuid"),
	SPARED("setgid", "setgid", "priv", STAGE_ROOT, EPERM, "task_fix_setgid"),
	SPARED("setgroups", "setgroups", "priv", STAGE_ROOT, EPERM, "task_fix_setgroups"),
	SPARED("io_uring", "uring", "priv", 0, EPERM, "inode_init_security_anon"),
	SPARED("userfaultfd", "userfaultfd", "priv", 0, EPERM, "inode_init_security_anon"),
	SPARED("perf_event_open", "perf", "priv", 0, EACCES, "perf_event_open"),
	SPARED("add_key", "key-make", "priv", 0, EPERM, "key_permission"),
	SPARED("the audit log", "open /var/lib/agentos/audit 0", "priv", STAGE_ROOT, EACCES,
	       "file_open"),
	/* Of root, with these rights he could end enforcement. */
	KEPT("capabilities", "hostname", "priv", STAGE_ROOT, EPERM, "capable"),
	KEPT("a mount", "mount %W/d", "priv", STAGE_ROOT, EPERM, "sb_mount"),
	KEPT("a module", "finit-module %m %n", "priv", STAGE_ROOT, EPERM, "capable"),
	{ "bpf", "bpf-get " PINS "/denials", "audit-priv", STAGE_ROOT, EPERM, "bpf", "6.12" },
	{ "bpf", "bpf-get " PINS "/denials", "audit-priv", STAGE_ROOT, EPERM, "capable", "6.1" },
	KEPT("the device", "open /dev/agentos 2", "priv", 0, EACCES, "file_open"),
	/* In a namespace of his own anybody has them. */
	{ "a mount in a namespace of its own", "nested-mount %W/d", "nested", STAGE_DEMO, EPERM,
	  "userns_create", NULL },
	{ "a mount in a namespace of its own", "nested-mount %W/d", "audit-nested", STAGE_DEMO, 0,
	  "sb_mount", NULL },
};

static pid_t strangers[2];

/* What the row names. */
static void row_dress(const char *tree, const char *id, const struct stage_row *row)
{
	if (strstr(row->act, "%W/deep"))
		stage_shell("cd %s/ws/%s && d=$(printf 'n/%%.0s' $(seq 70)) && mkdir -p $d && "
			    "echo content >${d}f && ln -s ${d}f deep",
			    tree, id);
	if (strstr(row->act, "%W/node") || strstr(row->act, "%S/node"))
		stage_shell("cd %s && mknod -m 666 %s/%s/node c 1 3", tree,
			    strstr(row->act, "%W/node") ? "ws" : "unruled", id);
	if (strstr(row->act, "%W/audit.key"))
		stage_file(stage_format("%s/ws/%s/audit.key", tree, id), "x", 0644);
	if (strstr(row->act, "%W/held"))
		stage_mkdir(stage_format("%s/ws/%s/held", tree, id), 0777);
	if (strstr(row->act, "%R/p"))
		stage_shell("cp /bin/true %s/ro/%s/p", tree, id);
	if (strstr(row->act, PINS "/%I")) {
		rmdir(stage_format("/sys/fs/bpf/%s", id));
		rmdir(stage_format(PINS "/%s", id));
		if (!strstr(row->act, "mkdir"))
			stage_mkdir(stage_format(PINS "/%s", id), 0755);
	}
}

static void group_enter(const struct stage_group *g)
{
	stage.value['v' - 'a'] = stage_format("%d", strangers[g->who == STAGE_DEMO]);
}

/* Limits the network bytes of the agent, while it waits for that. */
static void during(const struct stage_group *g)
{
	struct agentos_budget_set set = { .size = sizeof(set),
					  .resource = AGENTOS_RESOURCE_NET_BYTES,
					  .limit = 1 << 30 };
	char *begun = stage_format("%s/ws/begun", g->tree);
	uint64_t id;
	int i, agent;

	if (!strstr(g->policy_name, "limited"))
		return;
	for (i = 0; i < 600 && access(begun, F_OK) < 0; i++)
		usleep(100000);
	if (g->inside) {
		agent = stage_agent(g->agent, &id);
		stage_point(agent >= 0 && ioctl(agent, AGENTOS_AGENT_BUDGET_SET, &set) == 0,
			    "%s: its network bytes are limited", g->agent);
		close(agent);
	}
	stage_shell("touch %s/ws/go", g->tree);
	free(begun);
}

static pid_t stranger_start(unsigned int who)
{
	char *argv[] = { "/bin/sleep", "infinity", NULL };
	int output;

	return stage_spawn(who, "/", argv, &output);
}

/* Takes connections and datagrams of any kind, and forgets them. */
static void outsider_start(int sock, bool listens)
{
	char byte;

	if (fork() != 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		if (listens)
			close(accept(sock, NULL, NULL));
		else
			recv(sock, &byte, 1, 0);
	}
}

static void unix_start(char letter, const char *name, int type)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int sock = socket(AF_UNIX, type, 0);
	char *path = stage_format("%s/%s", stage_root, name);

	strncpy(un.sun_path, path, sizeof(un.sun_path) - 1);
	if (bind(sock, (struct sockaddr *)&un, sizeof(un)) < 0 ||
	    (type == SOCK_STREAM && listen(sock, 64) < 0))
		stage_bail("cannot bind %s", path);
	stage.value[letter - 'a'] = path;
	outsider_start(sock, type == SOCK_STREAM);
}

static void outside_open(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	int tcp = socket(AF_INET, SOCK_STREAM, 0), udp = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t len = sizeof(in);

	if (bind(tcp, (struct sockaddr *)&in, len) < 0 || listen(tcp, 64) < 0 ||
	    getsockname(tcp, (struct sockaddr *)&in, &len) < 0 ||
	    bind(udp, (struct sockaddr *)&in, len) < 0)
		stage_bail("no port");
	stage.value['p' - 'a'] = stage_format("%d", ntohs(in.sin_port));
	outsider_start(tcp, true);
	outsider_start(udp, false);
	unix_start('s', "stream", SOCK_STREAM);
	unix_start('d', "d", SOCK_DGRAM);
}

int main(void)
{
	pid_t broker;
	int i;

	stage = (struct stage){
		.title = "audit",
		.rows = rows,
		.row_count = sizeof(rows) / sizeof(rows[0]),
		.policies = policies,
		.enter = group_enter,
		.dress_row = row_dress,
		.during = during,
	};
	stage_begin();
	stage_setting("/proc/sys/kernel/unprivileged_userns_clone", "1");
	stage_setting("/proc/sys/kernel/io_uring_disabled", "0");
	stage_setting("/proc/sys/kernel/perf_event_paranoid", "1");
	stage_setting("/proc/sys/kernel/yama/ptrace_scope", "0");
	stage_setting("/proc/sys/dev/tty/legacy_tiocsti", "1");
	stage_module();
	stage.value['h' - 'a'] = stage_format("%d", shmget(IPC_PRIVATE, 4096, 0666));
	strangers[0] = stranger_start(STAGE_ROOT);
	strangers[1] = stranger_start(STAGE_DEMO);
	outside_open();
	broker = broker_start();
	stage_table();
	for (i = 0; i < 2; i++)
		kill(strangers[i], SIGKILL);
	kill(broker, SIGKILL);
	return stage_end();
}
