// SPDX-License-Identifier: GPL-2.0-or-later
/* Ways to other processes, for the escape tests. */
#include <linux/sched.h>
#include <mqueue.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/ptrace.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "tests/escape/prog/attempt.h"

/* SIGCONT: asked for in earnest, and harmless to whoever gets it. */
static int act_kill(char **arg)
{
	return attempt_result(kill(atoi(arg[0]), arg[1] ? atoi(arg[1]) : SIGCONT));
}

static int act_tgkill(char **arg)
{
	return attempt_result(syscall(SYS_tgkill, atoi(arg[0]), atoi(arg[0]), SIGCONT));
}

static int act_tkill(char **arg)
{
	return attempt_result(syscall(SYS_tkill, atoi(arg[0]), SIGCONT));
}

static int act_sigqueue(char **arg)
{
	return attempt_result(sigqueue(atoi(arg[0]), SIGCONT, (union sigval){ .sival_int = 1 }));
}

static int act_pidfd_kill(char **arg)
{
	int pidfd = (int)syscall(SYS_pidfd_open, atoi(arg[0]), 0);

	if (pidfd < 0)
		return -EBADRQC;
	return attempt_result(syscall(SYS_pidfd_send_signal, pidfd, SIGCONT, NULL, 0));
}

static pid_t child_make(void)
{
	pid_t child = fork();

	if (child == 0)
		for (;;)
			pause();
	return child;
}

static int child_end(pid_t child, int err)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return err;
}

static int act_kill_child(char **arg)
{
	pid_t child = child_make();
	int status;

	if (kill(child, SIGTERM) < 0)
		return child_end(child, -errno);
	waitpid(child, &status, 0);
	return WIFSIGNALED(status) ? 0 : -EBADRQC;
}

/* By descriptor, as run-time libraries watch their children. */
static int act_pidfd_child(char **arg)
{
	pid_t child = child_make();
	int pidfd = (int)syscall(SYS_pidfd_open, child, 0), err = 0;

	if (pidfd < 0 || syscall(SYS_pidfd_send_signal, pidfd, SIGCONT, NULL, 0) < 0)
		err = -errno;
	return child_end(child, err);
}

/* Its whole group, to which its parent belongs as well. */
static int act_kill_group(char **arg)
{
	setpgid(0, 0);
	return attempt_result(kill(0, SIGCONT));
}

static int act_attach(char **arg)
{
	return attempt_result(ptrace(PTRACE_ATTACH, atoi(arg[0]), NULL, NULL));
}

static int act_seize(char **arg)
{
	return attempt_result(ptrace(PTRACE_SEIZE, atoi(arg[0]), NULL, NULL));
}

static int act_attach_child(char **arg)
{
	pid_t child = child_make();

	return child_end(child, attempt_result(ptrace(PTRACE_ATTACH, child, NULL, NULL)));
}

static int act_traceme(char **arg)
{
	return attempt_result(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

/* ARG1: where in the target there is something to read. */
static int act_vm_read(char **arg)
{
	char byte;
	struct iovec here = { .iov_base = &byte, .iov_len = 1 };
	struct iovec there = { .iov_base = (void *)strtoul(arg[1], NULL, 0), .iov_len = 1 };

	return attempt_result(process_vm_readv(atoi(arg[0]), &here, 1, &there, 1, 0));
}

static int act_vm_write(char **arg)
{
	char byte = 'x';
	struct iovec here = { .iov_base = &byte, .iov_len = 1 };
	struct iovec there = { .iov_base = (void *)strtoul(arg[1], NULL, 0), .iov_len = 1 };

	return attempt_result(process_vm_writev(atoi(arg[0]), &here, 1, &there, 1, 0));
}

static int proc_open(const char *pid, const char *name, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%s/%s", pid, name);
	return attempt_descriptor(open(path, flags));
}

static int act_mem(char **arg)
{
	return proc_open(arg[0], "mem", O_RDONLY);
}

static int act_mem_write(char **arg)
{
	return proc_open(arg[0], "mem", O_RDWR);
}

static int act_environ(char **arg)
{
	return proc_open(arg[0], "environ", O_RDONLY);
}

static int act_root(char **arg)
{
	return proc_open(arg[0], "root", O_RDONLY | O_DIRECTORY);
}

static int act_pidfd_getfd(char **arg)
{
	int pidfd = (int)syscall(SYS_pidfd_open, atoi(arg[0]), 0);

	if (pidfd < 0)
		return -EBADRQC;
	return attempt_descriptor(syscall(SYS_pidfd_getfd, pidfd, 0, 0));
}

/* A terminal of our own, so that nobody else reads what is typed. Returns its descriptor. */
static int terminal_open(int *ret_master)
{
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY), off = 0, slave;
	char path[64];

	*ret_master = master;
	if (master < 0 || ioctl(master, TIOCSPTLCK, &off) < 0 ||
	    ptsname_r(master, path, sizeof(path)))
		return -EBADRQC;
	setsid();
	slave = open(path, O_RDWR);
	return slave < 0 ? -EBADRQC : slave;
}

static int terminal_make(void)
{
	int master;

	return terminal_open(&master);
}

static int act_type(char **arg)
{
	int terminal = terminal_make();
	char letter = 'x';

	return terminal < 0 ? terminal : attempt_result(ioctl(terminal, TIOCSTI, &letter));
}

/* As a 32-bit program does it: ioctl is number 54 there, and pointers must be short. */
static int act_type32(char **arg)
{
	char *letter = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	int terminal = terminal_make();
	long result;

	if (terminal < 0 || letter == MAP_FAILED)
		return -EBADRQC;
	*letter = 'x';
	asm volatile("int $0x80"
		     : "=a"(result)
		     : "a"(54L), "b"((long)terminal), "c"((long)TIOCSTI), "d"(letter)
		     : "memory", "r8", "r9", "r10", "r11");
	return (int)result;
}

/* fcntl() says nothing: does SIGIO come, once there is something to read? -EPERM: it does not. */
static int sigio_comes(int writer)
{
	const struct timespec patience = { .tv_sec = 2 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (write(writer, "x\n", 2) != 2)
		return -EBADRQC;
	return sigtimedwait(&set, NULL, &patience) == SIGIO ? 0 : -EPERM;
}

/* The kernel signals whoever is in the foreground of the terminal: this process. */
static int act_async(char **arg)
{
	int master, terminal = terminal_open(&master);

	signal(SIGIO, SIG_IGN);
	if (terminal < 0 || fcntl(terminal, F_SETFL, O_ASYNC) < 0)
		return -EBADRQC;
	signal(SIGIO, SIG_DFL);
	return sigio_comes(master);
}

/* A pipe whose signals go to `who`, as F_SETOWN has it, or one thread. */
static int pipe_owned(int ends[2], pid_t who, bool thread)
{
	struct f_owner_ex owner = { .type = F_OWNER_TID, .pid = who };

	if (pipe(ends) < 0 ||
	    (thread ? fcntl(ends[0], F_SETOWN_EX, &owner) : fcntl(ends[0], F_SETOWN, who)) < 0)
		return -EBADRQC;
	return 0;
}

static bool process_stands(const char *pid)
{
	char path[64], text[256] = "", *end;
	int fd, i;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	for (i = 0; i < 20; i++) {
		fd = open(path, O_RDONLY);
		if (fd >= 0 && read(fd, text, sizeof(text) - 1) > 0) {
			end = strrchr(text, ')');
			if (end && end[2] == 'T')
				return true;
		}
		close(fd);
		usleep(50000);
	}
	return false;
}

/* A process that is not one's own is made to stand still. */
static int stop_by_pipe(const char *pid, bool thread)
{
	int ends[2], err = pipe_owned(ends, atoi(pid), thread);

	if (err)
		return err;
	if (fcntl(ends[0], F_SETSIG, SIGSTOP) < 0 || fcntl(ends[0], F_SETFL, O_ASYNC) < 0 ||
	    write(ends[1], "x", 1) != 1)
		return -EBADRQC;
	if (!process_stands(pid))
		return -EPERM;
	kill(atoi(pid), SIGCONT);
	return 0;
}

static int act_own(char **arg)
{
	return stop_by_pipe(arg[0], false);
}

static int act_own_thread(char **arg)
{
	return stop_by_pipe(arg[0], true);
}

/* ARG0: what is to own the pipe, all of them only this process. */
static int act_own_self(char **arg)
{
	bool group = strcmp(arg[0], "group") == 0;
	int ends[2], err;

	if (setpgid(0, 0) < 0)
		return -EBADRQC;
	err = pipe_owned(ends, group ? -getpid() : getpid(), strcmp(arg[0], "thread") == 0);
	if (err)
		return err;
	signal(SIGIO, SIG_IGN);
	if (fcntl(ends[0], F_SETFL, O_ASYNC) < 0)
		return -EBADRQC;
	signal(SIGIO, SIG_DFL);
	return sigio_comes(ends[1]);
}

static int act_own_ioctl(char **arg)
{
	int pid = atoi(arg[0]);

	return attempt_result(ioctl(socket(AF_UNIX, SOCK_DGRAM, 0), FIOSETOWN, &pid));
}

static int act_async_ioctl(char **arg)
{
	int terminal = terminal_make(), on = 1;

	return terminal < 0 ? terminal : attempt_result(ioctl(terminal, FIOASYNC, &on));
}

/* The same of a socket, whose signals go to nobody. */
static int act_async_socket(char **arg)
{
	int sock = socket(AF_INET, SOCK_DGRAM, 0), on = 1;

	if (fcntl(sock, F_SETFL, O_ASYNC) < 0)
		return -errno;
	return attempt_result(ioctl(sock, FIOASYNC, &on));
}

/* A child of one's own parent. */
static int act_clone_parent(char **arg)
{
	struct clone_args args = { .flags = CLONE_PARENT };
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid == 0)
		_exit(0);
	return pid < 0 ? -errno : 0;
}

/* Into the cgroup that ARG0 is the directory of. */
static int act_into_cgroup(char **arg)
{
	int cgroup = open(arg[0], O_RDONLY | O_DIRECTORY);
	struct clone_args args = { .flags = CLONE_INTO_CGROUP,
				   .exit_signal = SIGCHLD,
				   .cgroup = (__u64)cgroup };
	long pid;

	if (cgroup < 0)
		return -EBADRQC;
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		_exit(0);
	if (pid < 0)
		return -errno;
	waitpid((pid_t)pid, NULL, 0);
	return 0;
}

static int act_join_cgroup(char **arg)
{
	int fd = open(arg[0], O_WRONLY);

	return fd < 0 ? -errno : attempt_result(write(fd, "0", 1));
}

/* Runs ARG0, its complaints unheard. */
static int act_exec(char **arg)
{
	int null = open("/dev/null", O_WRONLY);

	dup2(null, STDERR_FILENO);
	execv(arg[0], arg + 1);
	return -errno;
}

/* The words after ARG1 are the script. */
static int act_shell(char **arg)
{
	char script[256] = "", *argv[] = { "sh", "-c", script, NULL };
	int i, null = open("/dev/null", O_WRONLY);

	for (i = 1; arg[i]; i++) {
		strncat(script, arg[i], sizeof(script) - strlen(script) - 2);
		strcat(script, " ");
	}
	dup2(null, STDERR_FILENO);
	execv(arg[0], argv);
	return -errno;
}

static int act_shm_make(char **arg)
{
	int id = shmget(IPC_PRIVATE, 4096, 0600);

	return id < 0 ? -errno : attempt_result(shmctl(id, IPC_RMID, NULL));
}

static int act_sem_make(char **arg)
{
	int id = semget(IPC_PRIVATE, 1, 0600);

	return id < 0 ? -errno : attempt_result(semctl(id, 0, IPC_RMID));
}

static int act_msg_make(char **arg)
{
	int id = msgget(IPC_PRIVATE, 0600);

	return id < 0 ? -errno : attempt_result(msgctl(id, IPC_RMID, NULL));
}

static int act_shm_attach(char **arg)
{
	return shmat(atoi(arg[0]), NULL, 0) == (void *)-1 ? -errno : 0;
}

static int act_shm_remove(char **arg)
{
	return attempt_result(shmctl(atoi(arg[0]), IPC_RMID, NULL));
}

static int act_sem_remove(char **arg)
{
	return attempt_result(semctl(atoi(arg[0]), 0, IPC_RMID));
}

static int act_msg_remove(char **arg)
{
	return attempt_result(msgctl(atoi(arg[0]), IPC_RMID, NULL));
}

/* Its owner gives it to everybody. */
static int act_shm_set(char **arg)
{
	struct shmid_ds set = { .shm_perm = { .uid = getuid(), .gid = getgid(), .mode = 0666 } };

	return attempt_result(shmctl(atoi(arg[0]), IPC_SET, &set));
}

static int act_queue_make(char **arg)
{
	mqd_t queue = mq_open(arg[0], O_CREAT | O_EXCL | O_RDWR, 0600, NULL);

	return queue < 0 ? -errno : attempt_result(mq_unlink(arg[0]));
}

static int act_queue_open(char **arg)
{
	return attempt_descriptor(mq_open(arg[0], O_RDWR));
}

static int act_queue_remove(char **arg)
{
	return attempt_result(mq_unlink(arg[0]));
}

/* As 32-bit programs do it: numbers of their own, a short pointer, and no slash. */
static long call32(long number, const char *name, long flags, long mode)
{
	char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long result;

	if (low == MAP_FAILED)
		return -EBADRQC;
	strncpy(low, name + 1, 4095);
	asm volatile("int $0x80"
		     : "=a"(result)
		     : "a"(number), "b"(low), "c"(flags), "d"(mode), "S"(0L)
		     : "memory", "r8", "r9", "r10", "r11");
	return (int)result;
}

#define MQ_OPEN_32   277
#define MQ_UNLINK_32 278

static int act_queue_make32(char **arg)
{
	long queue = call32(MQ_OPEN_32, arg[0], O_CREAT | O_EXCL | O_RDWR, 0600);

	return (int)(queue < 0 ? queue : call32(MQ_UNLINK_32, arg[0], 0, 0));
}

static int act_queue_open32(char **arg)
{
	long queue = call32(MQ_OPEN_32, arg[0], O_RDWR, 0);

	return queue < 0 ? (int)queue : 0;
}

static int act_queue_remove32(char **arg)
{
	return (int)call32(MQ_UNLINK_32, arg[0], 0, 0);
}

/*
 * With a name at the highest address that 32 bits have, which a 64-bit program can map: a refusal must
 * not be one in word alone. ARG1: the queue by its path, which anybody may look at.
 */
static int act_queue_remove_high(char **arg)
{
	char *last = mmap((void *)0xfffff000UL, 8192, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	int err;

	if (last == MAP_FAILED)
		return -EBADRQC;
	strcpy(last + 4095, arg[0] + 1);
	err = act_queue_remove32(arg);
	return err < 0 && access(arg[1], F_OK) < 0 ? -EBADRQC : err;
}

/* Where queues are mounted, by paths. */
static int act_file_make(char **arg)
{
	int fd = open(arg[0], O_CREAT | O_EXCL | O_RDWR, 0600);

	return fd < 0 ? -errno : attempt_result(unlink(arg[0]));
}

static int act_node_make(char **arg)
{
	return mknod(arg[0], S_IFREG | 0600, 0) < 0 ? -errno : attempt_result(unlink(arg[0]));
}

static int act_file_open(char **arg)
{
	return attempt_descriptor(open(arg[0], O_RDWR));
}

static int act_file_remove(char **arg)
{
	return attempt_result(unlink(arg[0]));
}

static const struct attempt table[] = {
	{ "queue-make", act_queue_make },
	{ "queue-open", act_queue_open },
	{ "queue-remove", act_queue_remove },
	{ "queue-make32", act_queue_make32 },
	{ "queue-open32", act_queue_open32 },
	{ "queue-remove32", act_queue_remove32 },
	{ "queue-remove-high", act_queue_remove_high },
	{ "file-make", act_file_make },
	{ "node-make", act_node_make },
	{ "file-open", act_file_open },
	{ "file-remove", act_file_remove },
	{ "shm-make", act_shm_make },
	{ "sem-make", act_sem_make },
	{ "msg-make", act_msg_make },
	{ "shm-attach", act_shm_attach },
	{ "shm-remove", act_shm_remove },
	{ "sem-remove", act_sem_remove },
	{ "msg-remove", act_msg_remove },
	{ "shm-set", act_shm_set },
	{ "async", act_async },
	{ "async-ioctl", act_async_ioctl },
	{ "async-socket", act_async_socket },
	{ "own", act_own },
	{ "own-thread", act_own_thread },
	{ "own-self", act_own_self },
	{ "own-ioctl", act_own_ioctl },
	{ "clone-parent", act_clone_parent },
	{ "kill", act_kill },
	{ "tgkill", act_tgkill },
	{ "tkill", act_tkill },
	{ "sigqueue", act_sigqueue },
	{ "pidfd-kill", act_pidfd_kill },
	{ "kill-child", act_kill_child },
	{ "pidfd-child", act_pidfd_child },
	{ "kill-group", act_kill_group },
	{ "attach", act_attach },
	{ "seize", act_seize },
	{ "attach-child", act_attach_child },
	{ "traceme", act_traceme },
	{ "vm-read", act_vm_read },
	{ "vm-write", act_vm_write },
	{ "mem", act_mem },
	{ "mem-write", act_mem_write },
	{ "environ", act_environ },
	{ "root", act_root },
	{ "pidfd-getfd", act_pidfd_getfd },
	{ "type", act_type },
	{ "type32", act_type32 },
	{ "into-cgroup", act_into_cgroup },
	{ "join-cgroup", act_join_cgroup },
	{ "exec", act_exec },
	{ "shell", act_shell },
	{ NULL, NULL },
};

int main(int argc, char **argv)
{
	return attempt_main(argc, argv, table);
}
