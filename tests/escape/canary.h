/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is there to be harmed: files, processes, sockets and more that no agent may touch. */
#ifndef AGENTOS_TESTS_CANARY_H
#define AGENTOS_TESTS_CANARY_H

#include <arpa/inet.h>
#include <linux/keyctl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <pty.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/xattr.h>
#include <termios.h>

#include "tests/escape/stage.h"

#define OTHER_ID 1001U /* a user whose agent it never is: agentu in the test machine */

#define CANARY_GROUP "/sys/fs/cgroup/escape"
#define CANARY_QUEUE "/escape"
#define CANARY_NAME  "escape-canary" /* of the abstract socket, and of the key */

/*
 * A file system of its own, without times of access, so that each of its times
 * is somebody's doing, and of bounded size:
 *
 *	ws		the workspace: what the policy lets the agent do with files, it does here
 *	ws/denied	denied; and so are names that end in .secret
 *	ro		may be read
 *	outside		under no rule; with files of everybody, for everybody and for nobody
 */
static char canary_tree[64];

static struct {
	pid_t process
		[3]; /* of demo, root and another; all signals are blocked: they stay pending */
	unsigned long *word; /* in each of them */
	int shared[3];	     /* System V: memory, semaphores, messages; for everybody */
	int key, master, slave;
	unsigned short tcp, udp, allowed;
} canary;

/* Sockets that answer; whatever comes is counted. */
static struct door {
	const char *name;
	int family, type;
	bool allowed; /* by the rules of a policy */
	int fd;
	unsigned int arrivals;
} canary_doors[] = {
	{ "tcp on 127.0.0.1", AF_INET, SOCK_STREAM, false, -1, 0 },
	{ "tcp on ::1", AF_INET6, SOCK_STREAM, false, -1, 0 },
	{ "udp on 127.0.0.1", AF_INET, SOCK_DGRAM, false, -1, 0 },
	{ "udp on ::1", AF_INET6, SOCK_DGRAM, false, -1, 0 },
	{ "tcp, allowed", AF_INET, SOCK_STREAM, true, -1, 0 },
	{ "udp, allowed", AF_INET, SOCK_DGRAM, true, -1, 0 },
	{ "stream", AF_UNIX, SOCK_STREAM, false, -1, 0 },
	{ "datagram", AF_UNIX, SOCK_DGRAM, false, -1, 0 },
	{ "abstract", AF_UNIX, SOCK_STREAM, false, -1, 0 },
};

#define DOORS (sizeof(canary_doors) / sizeof(canary_doors[0]))

/* --- files --- */

static inline char *canary_path(const char *name)
{
	static char path[4][300];
	static unsigned int turn;
	char *at = path[turn++ % 4];

	snprintf(at, sizeof(path[0]), "%s/%s", canary_tree, name);
	return at;
}

static inline void canary_file(const char *name, mode_t mode, uid_t owner)
{
	char *path = canary_path(name);

	if (mode & S_IFDIR)
		stage_mkdir(path, mode & 07777);
	else
		stage_file(path, "#!/bin/true\n", mode);
	if (chown(path, owner, owner) < 0 || chmod(path, mode & 07777) < 0)
		stage_bail("cannot make %s", path);
}

static inline void canary_files(void)
{
	static const struct {
		const char *name;
		mode_t mode;
		uid_t owner;
	} files[] = {
		{ "outside/root", 0600, 0 },
		{ "outside/demo", 0600, STAGE_DEMO_ID },
		{ "outside/other", 0600, OTHER_ID },
		{ "outside/program", 0755, STAGE_DEMO_ID },
		{ "outside/open", S_IFDIR | 0777, STAGE_DEMO_ID },
		{ "outside/open/f", 0666, STAGE_DEMO_ID },
		{ "outside/open/d", S_IFDIR | 0777, STAGE_DEMO_ID },
		{ "outside/open/full", S_IFDIR | 0777, 0 },
		{ "outside/open/full/f", 0666, 0 },
		{ "outside/private", S_IFDIR | 0700, STAGE_DEMO_ID },
		{ "outside/private/f", 0600, STAGE_DEMO_ID },
		{ "outside/image", 0666, STAGE_DEMO_ID },
		{ "ro/f", 0666, STAGE_DEMO_ID },
		{ "ro/d", S_IFDIR | 0777, STAGE_DEMO_ID },
		{ "ro/d/f", 0666, STAGE_DEMO_ID },
	};
	size_t i;

	stage_mkdir(canary_tree, 0755);
	if (mount("fuzz", canary_tree, "tmpfs", MS_NOATIME | MS_NOSUID,
		  "mode=755,size=48m,nr_inodes=4096") < 0)
		stage_bail("cannot mount on %s", canary_tree);
	canary_file("outside", S_IFDIR | 0777, STAGE_DEMO_ID);
	canary_file("ro", S_IFDIR | 0777, STAGE_DEMO_ID);
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		canary_file(files[i].name, files[i].mode, files[i].owner);
	if (link(canary_path("outside/open/f"), canary_path("outside/twice")) < 0 ||
	    symlink("demo", canary_path("outside/link")) < 0 ||
	    mkfifo(canary_path("outside/pipe"), 0666) < 0 ||
	    mknod(canary_path("outside/node"), S_IFCHR | 0666, 1 << 8 | 3) < 0 ||
	    setxattr(canary_path("outside/open/f"), "trusted.escape", "x", 1, 0) < 0)
		stage_bail("cannot make what is outside");
}

/* The workspace as an agent of that user finds it. */
static inline void canary_workspace(unsigned int who)
{
	uid_t owner = who == STAGE_DEMO ? STAGE_DEMO_ID : 0;
	static const struct {
		const char *name;
		mode_t mode;
	} files[] = {
		{ "ws", S_IFDIR | 0755 },	 { "ws/a", 0644 },	  { "ws/b", 0644 },
		{ "ws/d", S_IFDIR | 0755 },	 { "ws/d/a", 0644 },	  { "ws/d/y.secret", 0644 },
		{ "ws/denied", S_IFDIR | 0755 }, { "ws/denied/f", 0644 }, { "ws/x.secret", 0644 },
	};
	size_t i;

	stage_shell("rm -rf %s/ws", canary_tree);
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		canary_file(files[i].name, files[i].mode, owner);
	if (symlink("../outside/demo", canary_path("ws/into")) < 0 ||
	    symlink("../outside/open", canary_path("ws/outward")) < 0)
		stage_bail("no links");
}

/* --- processes --- */

/* Does nothing, in a group of its own, and can be signalled without coming to an end of it. */
static inline pid_t canary_process(uid_t user, const char *name)
{
	pid_t pid;
	int ends[2];
	char byte;

	fflush(NULL);
	if (pipe(ends) < 0)
		stage_bail("no pipe");
	pid = fork();
	if (pid == 0) {
		sigset_t all;

		sigfillset(&all);
		sigprocmask(SIG_SETMASK, &all, NULL);
		dup2(open("/dev/null", O_RDWR), 0);
		dup2(0, 1);
		dup2(0, 2);
		dup2(open(canary_path("outside/private/f"), O_RDWR), 3);
		setsid();
		prctl(PR_SET_NAME, name);
		if (setgroups(0, NULL) < 0 || setgid(user) < 0 || setuid(user) < 0 ||
		    chdir(canary_path("outside/open")) < 0 || write(ends[1], "x", 1) != 1)
			_exit(1);
		/* These ended with the change of user; /proc of it were root's, too. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_DUMPABLE, 1);
		close_range(4, ~0U, 0);
		for (;;)
			pause();
	}
	if (read(ends[0], &byte, 1) != 1)
		stage_bail("no process");
	close(ends[0]);
	close(ends[1]);
	return pid;
}

static inline void canary_processes(void)
{
	canary.word = mmap((void *)0x40000000, 4096, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (canary.word == MAP_FAILED)
		stage_bail("no memory");
	*canary.word = 0x5afe;
	stage_mkdir(CANARY_GROUP, 0777);
	if (chown(CANARY_GROUP, STAGE_DEMO_ID, STAGE_DEMO_ID) < 0)
		stage_bail("cannot give " CANARY_GROUP " away");
	canary.process[0] = canary_process(STAGE_DEMO_ID, "canary-demo");
	canary.process[1] = canary_process(0, "canary-root");
	canary.process[2] = canary_process(OTHER_ID, "canary-other");
	stage_shell("echo %d >" CANARY_GROUP "/cgroup.procs", canary.process[0]);
}

/* --- sockets --- */

static inline unsigned short door_bind(struct door *door, unsigned short port)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
				   .sin6_port = htons(port),
				   .sin6_addr = in6addr_loopback };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sockaddr *at = door->family == AF_INET  ? (struct sockaddr *)&v4 :
			      door->family == AF_INET6 ? (struct sockaddr *)&v6 :
							 (struct sockaddr *)&un;
	socklen_t len = door->family == AF_INET	 ? sizeof(v4) :
			door->family == AF_INET6 ? sizeof(v6) :
						   sizeof(un);

	if (door->family == AF_UNIX && strcmp(door->name, "abstract") == 0) {
		strcpy(un.sun_path + 1, CANARY_NAME);
		len = offsetof(struct sockaddr_un, sun_path) + sizeof(CANARY_NAME);
	} else {
		snprintf(un.sun_path, sizeof(un.sun_path), "%s/outside/%s", canary_tree,
			 door->name);
	}
	door->fd = socket(door->family, door->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (door->fd < 0 || bind(door->fd, at, len) < 0 ||
	    (door->type == SOCK_STREAM && listen(door->fd, 64) < 0))
		stage_bail("no socket: %s", door->name);
	if (door->family == AF_UNIX)
		chmod(un.sun_path, 0777);
	if (door->family == AF_INET && getsockname(door->fd, at, &len) == 0)
		return ntohs(v4.sin_port);
	return 0;
}

static inline void canary_sockets(void)
{
	canary.tcp = door_bind(&canary_doors[0], 0);
	door_bind(&canary_doors[1], canary.tcp);
	canary.udp = door_bind(&canary_doors[2], 0);
	door_bind(&canary_doors[3], canary.udp);
	canary.allowed = door_bind(&canary_doors[4], 0);
	door_bind(&canary_doors[5], canary.allowed);
	door_bind(&canary_doors[6], 0);
	door_bind(&canary_doors[7], 0);
	door_bind(&canary_doors[8], 0);
}

/* Takes in all that came. */
static inline void canary_answer(void)
{
	char byte;
	size_t i;
	int fd;

	for (i = 0; i < DOORS; i++) {
		struct door *door = &canary_doors[i];

		if (door->type == SOCK_DGRAM) {
			while (recv(door->fd, &byte, 1, MSG_DONTWAIT) >= 0)
				door->arrivals++;
			continue;
		}
		while ((fd = accept4(door->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
			door->arrivals++;
			close(fd);
		}
	}
}

/* --- the rest --- */

#define IPC_GUARDED 0x5afe01 /* keys: no permission lets others at it */
#define IPC_SHARED  0x5afe02 /* everybody may use it, and root is the owner */

static inline void ipc_make(key_t key, mode_t mode, int ids[3])
{
	ids[0] = shmget(key, 4096, IPC_CREAT | mode);
	ids[1] = semget(key, 2, IPC_CREAT | (int)mode);
	ids[2] = msgget(key, IPC_CREAT | (int)mode);
	if (ids[0] < 0 || ids[1] < 0 || ids[2] < 0)
		stage_bail("no System V IPC");
}

/* Anew: an agent that had the right to may have put something else in its place. */
static inline void canary_ipc_shared(void)
{
	struct {
		long type;
		char text[8];
	} message = { 1, "canary" };

	shmctl(shmget(IPC_SHARED, 0, 0), IPC_RMID, NULL);
	semctl(semget(IPC_SHARED, 0, 0), 0, IPC_RMID);
	msgctl(msgget(IPC_SHARED, 0), IPC_RMID, NULL);
	ipc_make(IPC_SHARED, 0666, canary.shared);
	if (msgsnd(canary.shared[2], &message, 8, 0) < 0)
		stage_bail("no message");
}

/* Likewise. */
static inline void canary_queue(void)
{
	mqd_t queue;

	mq_unlink(CANARY_QUEUE);
	queue = mq_open(CANARY_QUEUE, O_CREAT | O_EXCL | O_WRONLY, 0666, NULL);
	if (queue < 0 || mq_send(queue, "canary", 7, 0) < 0)
		stage_bail("no queue");
	mq_close(queue);
}

static inline void canary_ipc(void)
{
	int ids[3];

	/* First, so that they have the lowest ids. */
	if (seteuid(OTHER_ID) < 0)
		stage_bail("cannot be another");
	ipc_make(IPC_GUARDED, 0600, ids);
	if (seteuid(0) < 0)
		stage_bail("cannot be root again");
	canary_ipc_shared();
	stage_mkdir(canary_path("queues"), 0755);
	if (mount("queues", canary_path("queues"), "mqueue", 0, NULL) < 0)
		stage_bail("cannot mount mqueue");
	canary_queue();
}

static inline void canary_key(void)
{
	canary.key =
		(int)syscall(SYS_add_key, "user", CANARY_NAME, "content", 7, KEY_SPEC_USER_KEYRING);
	/* Anybody may do anything with it. */
	if (canary.key < 0 || syscall(SYS_keyctl, KEYCTL_SETPERM, canary.key, 0x3f3f3f3f) < 0)
		stage_bail("no key");
}

static inline void canary_terminal(void)
{
	struct termios settings;

	if (openpty(&canary.master, &canary.slave, NULL, NULL, NULL) < 0 ||
	    tcgetattr(canary.slave, &settings) < 0)
		stage_bail("no terminal");
	cfmakeraw(&settings);
	if (tcsetattr(canary.slave, TCSANOW, &settings) < 0 || fchmod(canary.slave, 0666) < 0)
		stage_bail("cannot set a terminal");
}

static inline void canary_make(void)
{
	if (snprintf(canary_tree, sizeof(canary_tree), "%s/fuzz", stage_root) >=
	    (int)sizeof(canary_tree))
		stage_bail("%s is too long", stage_root);
	canary_files();
	canary_workspace(STAGE_DEMO);
	canary_processes();
	canary_sockets();
	canary_ipc();
	canary_key();
	canary_terminal();
}

static inline void canary_end(void)
{
	size_t i;

	for (i = 0; i < 3; i++) {
		kill(canary.process[i], SIGKILL);
		waitpid(canary.process[i], NULL, 0);
	}
	for (i = 0; i < DOORS; i++)
		close(canary_doors[i].fd);
	rmdir(CANARY_GROUP);
	mq_unlink(CANARY_QUEUE);
	syscall(SYS_keyctl, KEYCTL_INVALIDATE, canary.key);
	close(canary.master);
	close(canary.slave);
}

#endif
