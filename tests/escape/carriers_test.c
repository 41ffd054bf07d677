// SPDX-License-Identifier: GPL-2.0-or-later
/* The main ways out, each carried out in every way that can express it: one verdict for all. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "tests/escape/table.h"

#define RIGHTS "file-read, file-write, file-exec, net-connect, unix-connect, io-uring"
#define ALLOWED                           \
	"  connect: [\"127.0.0.1:%q\"]\n" \
	"  unix: [/usr]\n"

/* Rings and one address are allowed: what is refused is the act, not the way to it. */
static const struct stage_policy policies[] = {
	{ .name = "base",
	  .rights = RIGHTS,
	  .read = "%c, /dev/urandom, /dev/tty",
	  .write = "/dev/tty",
	  .exec = "%c",
	  .network = ALLOWED },
	{ .name = "anonymous", .rights = RIGHTS ", anon-exec", .network = ALLOWED },
	{ 0 },
};

/* System calls by their numbers in 64-bit and 32-bit programs. */
static const struct {
	const char *name;
	long nr, nr32;
} calls[] = {
	{ "openat", SYS_openat, 295 },
	{ "openat2", SYS_openat2, 437 },
	{ "truncate", SYS_truncate, 92 },
	{ "mkdirat", SYS_mkdirat, 296 },
	{ "symlinkat", SYS_symlinkat, 304 },
	{ "mknodat", SYS_mknodat, 297 },
	{ "unlinkat", SYS_unlinkat, 301 },
	{ "renameat2", SYS_renameat2, 353 },
	{ "linkat", SYS_linkat, 303 },
	{ "fchmodat", SYS_fchmodat, 306 },
	{ "fchownat", SYS_fchownat, 298 },
	{ "utimensat", SYS_utimensat, 320 },
	{ "setxattr", SYS_setxattr, 226 },
	{ "execve", SYS_execve, 11 },
	{ "socket", SYS_socket, 359 },
	{ "connect", SYS_connect, 362 },
	{ "sendto", SYS_sendto, 369 },
	{ "kill", SYS_kill, 37 },
	{ "pidfd_open", SYS_pidfd_open, 434 },
	{ "pidfd_send_signal", SYS_pidfd_send_signal, 424 },
	{ "pidfd_getfd", SYS_pidfd_getfd, 438 },
	{ "ptrace", SYS_ptrace, 26 },
	{ "process_vm_readv", SYS_process_vm_readv, 347 },
	{ "mount", SYS_mount, 21 },
	{ "umount2", SYS_umount2, 52 },
	{ "setuid", SYS_setuid, 213 },
	{ "sethostname", SYS_sethostname, 74 },
	{ "unshare", SYS_unshare, 310 },
	{ "bpf", SYS_bpf, 357 },
	{ "userfaultfd", SYS_userfaultfd, 374 },
	{ "perf_event_open", SYS_perf_event_open, 336 },
	{ "inotify_init1", SYS_inotify_init1, 332 },
	{ "inotify_add_watch", SYS_inotify_add_watch, 292 },
	{ "add_key", SYS_add_key, 286 },
	{ "shmget", SYS_shmget, 395 },
	{ "shmctl", SYS_shmctl, 396 },
	{ "mmap", SYS_mmap, 192 },
	{ "pkey_mprotect", SYS_pkey_mprotect, 380 },
	{ "remap_file_pages", SYS_remap_file_pages, 257 },
	{ "personality", SYS_personality, 136 },
	{ "kcmp", SYS_kcmp, 349 },
	{ "move_pages", SYS_move_pages, 317 },
	{ "setpriority", SYS_setpriority, 97 },
	{ "sched_setaffinity", SYS_sched_setaffinity, 241 },
	{ "ioprio_set", SYS_ioprio_set, 289 },
	{ "prlimit64", SYS_prlimit64, 340 },
	{ "fsopen", SYS_fsopen, 430 },
	{ "open_tree", SYS_open_tree, 428 },
	{ "chroot", SYS_chroot, 61 },
};

/*
 * What an act cannot be carried by, or done on. A shell's is a command of its own, and
 * what a ring can do is told by the last call.
 */
enum {
	SINGLE = 1, /* only by a process without other threads */
	CODE = 2,   /* what anon-exec, which a memfd needs, allows */
	STOCK = 4   /* the debugging kernel has no such call */
};

struct act {
	const char *name;
	const char *chain; /* of calls by their names, else as chain.h has them */
	const char *sh;	   /* a shell's way to the same; NULL: it has none */
	const char *sh_hook;
	unsigned int who; /* 0: both */
	int error;
	const char *hook;
	unsigned int limits;
};

#define ACL \
	"x:0200000001000600ffffffff02000600e903000004000400ffffffff10000600ffffffff20000400ffffffff"

/*
 * %t, %q: the address (bytes) of an outside port (%p), and the port that is
 * allowed, %w: its address; %s, %d: Unix addresses, %l: path of the second;
 * %v: a stranger of the same user; %h: the host's name (bytes), %n: its text, %o: its length.
 */
static const struct act acts[] = {
	{ "reading what it may", "openat -100 s:%W/f 0 0", "exec cat %W/f", NULL, 0, 0, NULL, 0 },
	{ "creating where it may", "openat -100 s:%W/new 0xc1 0666", ": >%W/new", NULL, 0, 0, NULL,
	  0 },
	{ "renaming where it may", "renameat2 -100 s:%W/f -100 s:%W/new 0", "exec mv %W/f %W/new",
	  NULL, 0, 0, NULL, 0 },
	{ "connecting where it may", "socket 2 1 0 ; connect $ x:%w 16",
	  "exec bash -c 'exec 3<>/dev/tcp/127.0.0.1/%q'", NULL, 0, 0, NULL, 0 },

	{ "reading what no rule is about", "openat -100 s:%S/f 0 0", "exec cat %S/f", NULL, 0,
	  EACCES, "file_open", 0 },
	{ "reading what is denied", "openat -100 s:%D/f 0 0", ": <%D/f", NULL, 0, EACCES,
	  "file_open", 0 },
	{ "reading by openat2",
	  "openat2 -100 s:%S/f x:000000000000000000000000000000000000000000000000 24", NULL, NULL,
	  0, EACCES, "file_open", 0 },
	{ "writing", "openat -100 s:%R/f 1 0", ": >>%R/f", NULL, 0, EACCES, "file_open", 0 },
	{ "O_TRUNC", "openat -100 s:%R/f 0x201 0", ": >%R/f", NULL, 0, EACCES, "file_open", 0 },
	{ "creating", "openat -100 s:%R/new 0xc1 0666", ": >%R/new", NULL, 0, EACCES, "path_mknod",
	  0 },
	{ "truncate", "truncate s:%R/f 0", "exec truncate -s 0 %R/f", "file_open", 0, EACCES,
	  "path_truncate", 0 },
	{ "mkdir", "mkdirat -100 s:%R/new 0777", "exec mkdir %R/new", NULL, 0, EACCES, "path_mknod",
	  0 },
	{ "symlink", "symlinkat s:anywhere -100 s:%R/new", "exec ln -s anywhere %R/new", NULL, 0,
	  EACCES, "path_mknod", 0 },
	{ "mkfifo", "mknodat -100 s:%R/new 0x11b6 0", "exec mkfifo %R/new", NULL, 0, EACCES,
	  "path_mknod", 0 },
	{ "unlink", "unlinkat -100 s:%R/f 0", "exec rm %R/f", NULL, 0, EACCES, "path_unlink", 0 },
	{ "rmdir", "unlinkat -100 s:%R/d 0x200", "exec rmdir %R/d", NULL, 0, EACCES, "path_unlink",
	  0 },
	{ "rename out of", "renameat2 -100 s:%R/f -100 s:%W/new 0", "exec mv %R/f %W/new", NULL, 0,
	  EACCES, "path_rename", 0 },
	{ "rename into", "renameat2 -100 s:%W/f -100 s:%R/new 0", "exec mv %W/f %R/new", NULL, 0,
	  EACCES, "path_rename", 0 },
	{ "exchange", "renameat2 -100 s:%W/f -100 s:%R/f 2", NULL, NULL, 0, EACCES, "path_rename",
	  0 },
	{ "a hard link that widens", "linkat -100 s:%R/f -100 s:%W/new 0", "exec ln %R/f %W/new",
	  NULL, 0, EACCES, "path_link", 0 },
	{ "chmod", "fchmodat -100 s:%R/f 0606", "exec chmod 606 %R/f", NULL, 0, EACCES,
	  "path_chmod", 0 },
	{ "chown", "fchownat -100 s:%R/f -1 990 0", "exec chgrp 990 %R/f", NULL, 0, EACCES,
	  "path_chmod", 0 },
	{ "utimes", "utimensat -100 s:%R/f 0 0", "exec touch -c -d @1 %R/f", NULL, 0, EACCES,
	  "path_chmod", 0 },
	{ "setting an ACL", "setxattr s:%R/f s:system.posix_acl_access " ACL " 44 0", NULL, NULL, 0,
	  EACCES, "path_chmod", 0 },
	{ "inotify", "inotify_init1 0 ; inotify_add_watch $ s:%W 0x20", NULL, NULL, 0, EACCES,
	  "path_notify", 0 },

	{ "exec of a denied program", "execve s:%R/p 0 0", "exec %R/p", NULL, 0, EACCES,
	  "bprm_check_security", 0 },
	{ "memory to run code in", "mmap 0 4096 5 0x22 -1 0", NULL, NULL, 0, EACCES, "mmap_file",
	  CODE },

	{ "memory that is made so later", "mmap 0 4096 3 0x22 -1 0 ; pkey_mprotect $ 4096 5 -1",
	  NULL, NULL, 0, EACCES, "file_mprotect", CODE | STOCK },
	{ "all that is readable", "personality 0x400000", NULL, NULL, 0, EPERM, "personality",
	  CODE },

	{ "TCP", "socket 2 1 0 ; connect $ x:%t 16", "exec bash -c 'exec 3<>/dev/tcp/127.0.0.1/%p'",
	  NULL, 0, EACCES, "socket_connect", 0 },
	{ "TCP with MSG_FASTOPEN", "socket 2 1 0 ; sendto $ s:x 1 0x20000000 x:%t 16", NULL, NULL,
	  0, EACCES, "socket_sendmsg", 0 },
	{ "UDP", "socket 2 2 0 ; sendto $ s:x 1 0 x:%t 16",
	  "exec bash -c 'echo x >/dev/udp/127.0.0.1/%p'", "socket_connect", 0, EACCES,
	  "socket_sendmsg", 0 },
	{ "a Unix stream", "socket 1 1 0 ; connect $ x:%s 110", NULL, NULL, 0, EACCES,
	  "unix_stream_connect", 0 },
	{ "a Unix datagram", "socket 1 2 0 ; sendto $ s:x 1 0 x:%d 110",
	  "exec logger --socket-errors=on -d -u %l x", NULL, 0, EACCES, "unix_may_send", 0 },
	{ "generic netlink", "socket 16 3 16", NULL, NULL, 0, EPERM, "socket_create", 0 },
	{ "a raw socket", "socket 2 3 1", NULL, NULL, STAGE_ROOT, EPERM, "socket_create", 0 },

	{ "kill", "kill %v 10", "kill -USR1 %v", NULL, 0, EPERM, "task_kill", 0 },
	{ "pidfd_send_signal", "pidfd_open %v 0 ; pidfd_send_signal $ 10 0 0", NULL, NULL, 0, EPERM,
	  "task_kill", 0 },
	{ "pidfd_getfd", "pidfd_open %v 0 ; pidfd_getfd $ 0 0", NULL, NULL, 0, EPERM,
	  "ptrace_access_check", 0 },
	{ "ptrace", "ptrace 0x4206 %v 0 0", NULL, NULL, 0, EPERM, "ptrace_access_check", 0 },
	{ "process_vm_readv", "process_vm_readv %v v: 1 v:0x40000000 1 0", NULL, NULL, 0, EPERM,
	  "ptrace_access_check", 0 },
	{ "kcmp", "kcmp %v %v 0 0 0", NULL, NULL, 0, EPERM, "ptrace_access_check", 0 },
	{ "move_pages", "move_pages %v 0 0 0 0 0", NULL, NULL, 0, EPERM, "ptrace_access_check",
	  STOCK },
	{ "setpriority", "setpriority 0 %v 5", "exec renice -n 5 -p %v", NULL, 0, EPERM,
	  "task_setscheduler", 0 },
	{ "sched_setaffinity", "sched_setaffinity %v 8 x:0100000000000000", "exec taskset -p 1 %v",
	  NULL, 0, EPERM, "task_setscheduler", 0 },
	{ "ioprio_set", "ioprio_set 1 %v 0x6000", "exec ionice -c 3 -p %v", NULL, 0, EPERM,
	  "task_setscheduler", 0 },
	{ "prlimit64", "prlimit64 %v 4 x:00000000000000000000000000000000 0",
	  "exec prlimit --core=0:0 --pid %v", NULL, 0, EPERM, "task_prlimit", 0 },
	{ "/proc/PID/mem", "openat -100 s:/proc/%v/mem 0 0", ": </proc/%v/mem", NULL, 0, EACCES,
	  "ptrace_access_check", 0 },
	{ "System V memory", "shmget 0 4096 01700 ; shmctl $ 0 0", "exec ipcmk -M 4096", NULL, 0,
	  EACCES, "ipc_permission", 0 },

	{ "mount", "mount s:tmpfs s:%W/d s:tmpfs 0 0 ; umount2 s:%W/d 2",
	  "exec mount -t tmpfs tmpfs %W/d", NULL, STAGE_ROOT, EPERM, "sb_mount", 0 },
	{ "fsopen", "fsopen s:tmpfs 0", NULL, NULL, STAGE_ROOT, EPERM, "capable", 0 },
	{ "open_tree", "open_tree -100 s:%S 1", NULL, NULL, STAGE_ROOT, EPERM, "capable", 0 },
	{ "chroot", "chroot s:%W/d", NULL, NULL, STAGE_ROOT, EPERM, "capable", 0 },
	{ "setuid", "setuid 1001", "exec setpriv --reuid 1001 true", NULL, STAGE_ROOT, EPERM,
	  "task_fix_setuid", 0 },
	{ "a capability: sethostname", "sethostname x:%h %o", "exec busybox hostname %n", NULL,
	  STAGE_ROOT, EPERM, "capable", 0 },
	{ "a user namespace", "unshare 0x10000000", "exec unshare -U true", NULL, 0, EPERM,
	  "userns_create", SINGLE },
	{ "bpf", "bpf 0 x:02000000040000000400000001000000 16", NULL, NULL, 0, EPERM, "bpf", 0 },
	{ "userfaultfd", "userfaultfd 1", NULL, NULL, 0, EPERM, "inode_init_security_anon", 0 },
	{ "perf_event_open",
	  "perf_event_open x:0100000040000000000000000000000000000000000000000000000000000000"
	  "00000000000000006000000000000000"
	  "00000000000000000000000000000000 0 -1 -1 0",
	  NULL, NULL, 0, EACCES, "perf_event_open", 0 },
	{ "a key", "add_key s:user s:escape s:x 1 -2", NULL, NULL, 0, EPERM, "key_permission", 0 },
};

/* --- carriers --- */

static bool act_for_all(const struct act *a)
{
	return true;
}

static bool act_for_threads(const struct act *a)
{
	return !(a->limits & SINGLE);
}

static bool act_for_sh(const struct act *a)
{
	return a->sh;
}

static bool act_for_memfd(const struct act *a)
{
	return !(a->limits & CODE);
}

/* Is its last call one of these? */
static bool act_ends_with(const struct act *a, const char *const *names)
{
	const char *last = strrchr(a->chain, ';');

	last = last ? last + 2 : a->chain;
	for (; *names; names++)
		if (strncmp(last, *names, strlen(*names)) == 0 && last[strlen(*names)] == ' ')
			return true;
	return false;
}

static bool act_for_ring(const struct act *a)
{
	static const char *const names[] = { "openat",	 "openat2",   "mkdirat", "symlinkat",
					     "unlinkat", "renameat2", "linkat",	 "setxattr",
					     "socket",	 "connect",   "sendto",	 NULL };

	return act_ends_with(a, names);
}

static bool act_for_fixed(const struct act *a)
{
	static const char *const names[] = { "openat",	"openat2", "socket",
					     "connect", "sendto",  NULL };

	return act_ends_with(a, names);
}

static bool int80_works(void)
{
	int status;
	pid_t pid;
	long result = 20; /* getpid */

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		asm volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
		_exit(result != getpid());
	}
	return waitpid(pid, &status, 0) == pid && status == 0;
}

static struct carrier {
	const char *name;
	const char *words; /* in front of the chain */
	const char *policy;
	bool (*can)(const struct act *a);
	size_t cells;
} carriers[] = {
	{ "directly", "direct", "base", act_for_all, 0 },
	{ "by a shell", "sh", "base", act_for_sh, 0 },
	{ "by a static program", "@static", "base", act_for_all, 0 },
	{ "by int 0x80", "@int80", "base", act_for_all, 0 },
	{ "by an interpreter", "@perl %c", "base", act_for_all, 0 },
	{ "by a preloaded library", "@preload", "base", act_for_all, 0 },
	{ "by a thread", "via-thread direct", "base", act_for_threads, 0 },
	{ "by a thread with descriptors of its own", "bare-thread", "base", act_for_threads, 0 },
	{ "by an orphan in a session of its own", "via-orphan direct", "base", act_for_all, 0 },
	{ "by a ring", "ring", "base", act_for_ring, 0 },
	{ "by a ring's worker", "ring-worker", "base", act_for_ring, 0 },
	{ "by a ring's polling thread", "ring-polled", "base", act_for_ring, 0 },
	{ "by a ring, with registered files", "ring-fixed", "base", act_for_fixed, 0 },
	{ "by a memfd's program", "@memfd", "anonymous", act_for_memfd, 0 },
};

#define ACTS	 (sizeof(acts) / sizeof(acts[0]))
#define CARRIERS (sizeof(carriers) / sizeof(carriers[0]))

static struct stage_row rows[ACTS * CARRIERS + 1];
static size_t row_count;

/* The same words, calls by their numbers. */
static char *chain_numbers(const char *chain)
{
	char *copy = strdup(chain), *save = NULL, *word, *text = NULL;
	bool first = true;
	size_t len, i;
	FILE *to = open_memstream(&text, &len);

	for (word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		for (i = 0; first && i < sizeof(calls) / sizeof(calls[0]); i++)
			if (strcmp(calls[i].name, word) == 0)
				break;
		if (first && i == sizeof(calls) / sizeof(calls[0]))
			stage_bail("no number of %s", word);
		if (first)
			fprintf(to, " %ld/%ld", calls[i].nr, calls[i].nr32);
		else
			fprintf(to, " %s", word);
		first = strcmp(word, ";") == 0;
	}
	fclose(to);
	free(copy);
	return text;
}

static void cell_add(const struct act *a, struct carrier *c)
{
	bool sh = c->can == act_for_sh;
	char *chain = sh ? stage_format(" %s", a->sh) : chain_numbers(a->chain);
	const char *words = c->words;

	/* It is not heard of again when it became another program. */
	if (strncmp(words, "via-orphan", 10) == 0 && strncmp(a->chain, "execve", 6) == 0)
		words = "via-orphan exec";
	rows[row_count++] = (struct stage_row){
		.name = stage_format("%s, %s", a->name, c->name),
		.act = stage_format("%s%s", words, chain),
		.policy = c->policy,
		.who = a->who,
		.error = a->error,
		.hook = sh && a->sh_hook ? a->sh_hook : a->hook,
		.kernel = a->limits & STOCK ? "stock" : NULL,
	};
	c->cells++;
	free(chain);
}

/* All cells, those of a carrier together; what it cannot express is none, and shown as "-". */
static void rows_make(void)
{
	bool int80 = int80_works(), can[ACTS][CARRIERS];
	char line[CARRIERS * 4 + 1];
	size_t a, c;

	for (c = 0; c < CARRIERS; c++) {
		stage_note("%2zu: %s", c + 1, carriers[c].name);
		for (a = 0; a < ACTS; a++) {
			can[a][c] = carriers[c].can(&acts[a]) &&
				    (int80 || strcmp(carriers[c].words, "@int80") != 0);
			if (can[a][c])
				cell_add(&acts[a], &carriers[c]);
		}
	}
	for (a = 0; a < ACTS; a++) {
		for (c = 0, line[0] = '\0'; c < CARRIERS; c++)
			sprintf(line + strlen(line), can[a][c] ? " %2zu" : "  -", c + 1);
		stage_note("%s  %s", line, acts[a].name);
	}
	if (!int80)
		stage_point(true, "int 0x80 # SKIP this kernel runs no 32-bit programs");
	/* Without anon-exec a memfd carries nothing at all. */
	rows[row_count++] = (struct stage_row){
		.name = "any program from a memfd",
		.act = stage_format("memfd%s", chain_numbers("openat -100 s:%W/f 0 0")),
		.policy = "base",
		.error = EACCES,
		.hook = "bprm_check_security",
	};
}

static void row_dress(const char *tree, const char *id, const struct stage_row *row)
{
	if (strstr(row->act, "%R/p"))
		stage_shell("cp /bin/true %s/ro/%s/p", tree, id);
}

/* --- what is outside --- */

enum { TCP, UDP, STREAM, DATAGRAM, DOORS };
static unsigned int *arrivals; /* at each door; shared with who counts them */
static int doors[DOORS];
static pid_t stranger;

static void doors_count(void)
{
	struct pollfd polls[DOORS];
	char byte;
	int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (i = 0; i < DOORS; i++)
		polls[i] = (struct pollfd){ .fd = doors[i], .events = POLLIN };
	while (poll(polls, DOORS, -1) >= 0) {
		for (i = 0; i < DOORS; i++) {
			if (!polls[i].revents)
				continue;
			if (i == UDP || i == DATAGRAM)
				recv(doors[i], &byte, 1, 0);
			else
				close(accept(doors[i], NULL, NULL));
			arrivals[i]++;
		}
	}
	_exit(1);
}

static const char *hex(const void *bytes, size_t len)
{
	const unsigned char *from = bytes;
	char *text = malloc(2 * len + 1);

	for (size_t i = 0; i < len; i++)
		sprintf(text + 2 * i, "%02x", from[i]);
	return text;
}

/* On the loopback; its port is known then. */
static int inet_door(int type, struct sockaddr_in *in)
{
	socklen_t len = sizeof(*in);
	int sock = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	if (bind(sock, (struct sockaddr *)in, len) < 0 ||
	    (type == SOCK_STREAM && listen(sock, 512) < 0) ||
	    getsockname(sock, (struct sockaddr *)in, &len) < 0)
		stage_bail("no port");
	return sock;
}

static int unix_door(int type, const char *name, const char **ret_address)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int sock = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	if (snprintf(un.sun_path, sizeof(un.sun_path), "%s/%s", stage_root, name) >=
	    (int)sizeof(un.sun_path))
		stage_bail("%s is too long", stage_root);
	if (bind(sock, (struct sockaddr *)&un, sizeof(un)) < 0 ||
	    (type == SOCK_STREAM && listen(sock, 512) < 0) || chmod(un.sun_path, 0777) < 0)
		stage_bail("no %s", un.sun_path);
	*ret_address = hex(&un, sizeof(un));
	return sock;
}

#define VALUE(letter) stage.value[(letter) - 'a']

static void doors_open(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in allowed = in;

	doors[TCP] = inet_door(SOCK_STREAM, &in);
	doors[UDP] = inet_door(SOCK_DGRAM, &in);
	VALUE('t') = hex(&in, sizeof(in));
	VALUE('p') = stage_format("%d", ntohs(in.sin_port));
	/* Nobody takes these: the backlog has room for all. */
	inet_door(SOCK_STREAM, &allowed);
	VALUE('w') = hex(&allowed, sizeof(allowed));
	VALUE('q') = stage_format("%d", ntohs(allowed.sin_port));
	doors[STREAM] = unix_door(SOCK_STREAM, "stream", &VALUE('s'));
	doors[DATAGRAM] = unix_door(SOCK_DGRAM, "datagram", &VALUE('d'));
	VALUE('l') = stage_format("%s/datagram", stage_root);
	arrivals = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (arrivals == MAP_FAILED)
		stage_bail("no memory");
	fflush(NULL);
	if (fork() == 0)
		doors_count();
}

/* Signals stay pending, so that they are seen. At 0x40000000 there is something to read. */
static void stranger_live(uid_t user, int ready)
{
	sigset_t all;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	if (mmap((void *)0x40000000, 4096, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE | MAP_FIXED_NOREPLACE, -1,
		 0) == MAP_FAILED ||
	    setgroups(0, NULL) < 0 || setgid(user) < 0 || setuid(user) < 0)
		_exit(1);
	/* These ended with the change of user. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_DUMPABLE, 1);
	if (write(ready, "x", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

/* Each group has a fresh one, to which nothing has happened yet. */
static void group_enter(const struct stage_group *g)
{
	int ends[2];
	char byte;

	if (stranger > 0) {
		kill(stranger, SIGKILL);
		waitpid(stranger, NULL, 0);
	}
	fflush(NULL);
	if (pipe2(ends, O_CLOEXEC) < 0)
		stage_bail("no pipe");
	stranger = fork();
	if (stranger == 0)
		stranger_live(g->who == STAGE_DEMO ? STAGE_DEMO_ID : 0, ends[1]);
	close(ends[1]);
	if (read(ends[0], &byte, 1) != 1)
		stage_bail("no stranger");
	close(ends[0]);
	VALUE('v') = stage_format("%d", stranger);
}

static void world_see(FILE *to)
{
	char *text = stage_format(
		"hostname; cat /proc/self/mountinfo; ipcs -m; "
		"cd /proc/%d && cat limits && ionice -p %d && "
		"cut -d ' ' -f 18,19 stat && "
		"grep -E '^(State|TracerPid|Uid|Gid|SigPnd|ShdPnd|Cpus_allowed):' "
		"status",
		stranger, stranger);
	char *seen;
	int status, i;

	/* What is on its way arrives. */
	usleep(300000);
	for (i = 0; i < DOORS; i++)
		fprintf(to, "%u came to door %d\n", arrivals[i], i);
	seen = stage_output(text, &status);
	if (status)
		stage_bail("cannot look at the stranger");
	fputs(seen, to);
	free(seen);
	free(text);
}

int main(void)
{
	static char host[65];
	size_t i;

	stage = (struct stage){
		.title = "carriers",
		.program = "carrier",
		.rows = rows,
		.policies = policies,
		.enter = group_enter,
		.dress_row = row_dress,
		.see = world_see,
		.lean = true,
	};
	stage_begin();
	stage_setting("/proc/sys/kernel/io_uring_disabled", "0");
	stage_setting("/proc/sys/kernel/unprivileged_userns_clone", "1");
	stage_setting("/proc/sys/kernel/unprivileged_bpf_disabled", "0");
	stage_setting("/proc/sys/kernel/perf_event_paranoid", "1");
	stage_setting("/proc/sys/kernel/yama/ptrace_scope", "0");
	gethostname(host, sizeof(host) - 1);
	VALUE('h') = hex(host, strlen(host));
	VALUE('n') = host;
	VALUE('o') = stage_format("%zu", strlen(host));
	VALUE('c') = stage_format("%s/tests/escape/prog/carrier.pl", getenv("SRC"));
	doors_open();
	rows_make();
	stage.row_count = row_count;
	stage_table();
	for (i = 0; i < CARRIERS; i++)
		stage_note("%3zu acts %s", carriers[i].cells, carriers[i].name);
	return stage_end();
}
