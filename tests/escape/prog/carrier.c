// SPDX-License-Identifier: GPL-2.0-or-later
/* One chain of system calls, carried out in many ways; for the escape tests. Also built static, and as a library. */
#include <sched.h>
#include <sys/mman.h>

#include "tests/escape/prog/attempt.h"
#include "tests/escape/prog/chain.h"

/*
 * Acts whose name begins with "@" are done by another program, which all of the
 * kind that follow one another share: it gets their part of the command line
 * behind "--batch", and does them directly.
 */
#define CARRIER_ARGV 16384

static int act_direct(char **arg)
{
	return chain_run(arg);
}

static int group_end(int argc, char **argv, int at)
{
	while (at < argc && strcmp(argv[at], ",") != 0)
		at++;
	return at;
}

#ifdef CARRIER_LIBRARY

/* Preloaded into a program: acts before that begins, and ends it. */
__attribute__((constructor)) static void carrier_loaded(int argc, char **argv)
{
	static const struct attempt table[] = { { "direct", act_direct }, { NULL, NULL } };
	int i, end;

	if (argc < 2 || strcmp(argv[1], "--batch") != 0)
		return;
	unsetenv("LD_PRELOAD");
	attempt_table = table;
	for (i = 2; i + 1 < argc; i = end + 1) {
		end = group_end(argc, argv, i);
		argv[end] = NULL;
		attempt_one(argv[i], argv + i + 1);
	}
	fflush(NULL);
	_exit(0);
}

#else

#include "tests/escape/prog/carrier_ring.h"

#define CARRIER_WORDS 64

static void own_name(char id[17])
{
	memset(id, 0, 17);
	prctl(PR_GET_NAME, id);
}

/* What lies beside this program, by another end of its name. */
static void beside(char *path, size_t size, const char *end)
{
	ssize_t len = readlink("/proc/self/exe", path, size - 32);

	if (len < 0)
		_exit(EBADRQC);
	path[len] = '\0';
	strcpy(strrchr(path, '/') + 1, "carrier");
	strcat(path, end);
}

/* A command line that has the driver do one act, in the same name. */
static char **line_make(const char *act, char **arg)
{
	static char *argv[CARRIER_WORDS + 8], id[17];
	int i;

	own_name(id);
	argv[0] = "carrier";
	argv[1] = "--exit";
	argv[2] = id;
	argv[3] = (char *)act;
	for (i = 0; i < CARRIER_WORDS && arg[i]; i++)
		argv[4 + i] = arg[i];
	argv[4 + i] = NULL;
	return argv;
}

static int act_int80(char **arg)
{
	return chain_run_last(arg, 1, chain_int80, chain_int80);
}

/* This program once more, from a file without a name. */
static int memfd_exec(char **argv)
{
	int from = open("/proc/self/exe", O_RDONLY), to = memfd_create("copy", MFD_CLOEXEC);
	char buffer[65536];
	ssize_t len;

	if (from < 0 || to < 0)
		return -EBADRQC;
	while ((len = read(from, buffer, sizeof(buffer))) > 0)
		if (write(to, buffer, (size_t)len) != len)
			return -EBADRQC;
	syscall(SYS_execveat, to, "", argv, environ, AT_EMPTY_PATH);
	return -errno;
}

static int act_memfd(char **arg)
{
	return memfd_exec(line_make("direct", arg));
}

static void words_join(char *text, size_t size, char **arg)
{
	size_t len = 0;

	for (text[0] = '\0'; *arg && len < size; arg++)
		len += (size_t)snprintf(text + len, size - len, "%s%s", len ? " " : "", *arg);
	if (len >= size)
		_exit(EBADRQC);
}

/* What programs say of errors is all that a shell learns. Mount has words of its own. */
static int complaint_error(const char *text)
{
	if (strstr(text, strerror(EACCES)))
		return -EACCES;
	if (strstr(text, strerror(EPERM)) || strstr(text, "permission denied"))
		return -EPERM;
	fprintf(stderr, "%s\n", text);
	return -EBADRQC;
}

/* The words are a command for a shell. */
static int act_sh(char **arg)
{
	char text[4096], id[17];
	size_t len = 0;
	ssize_t got;
	int ends[2], status;
	pid_t pid;

	words_join(text, sizeof(text), arg);
	own_name(id);
	setenv("LC_ALL", "C", 1);
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -EBADRQC;
	pid = fork();
	if (pid == 0) {
		dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
		dup2(ends[1], STDERR_FILENO);
		execl("/bin/sh", "sh", "-c", text, NULL);
		_exit(127);
	}
	close(ends[1]);
	dprintf(STDOUT_FILENO, "%s@ %d\n", id, pid);
	while (len < sizeof(text) - 1 &&
	       (got = read(ends[0], text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)got;
	text[len] = '\0';
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -EBADRQC;
	return status ? complaint_error(text) : 0;
}

static struct {
	char **arg;
	int result;
	int ended;
} bare;

static int bare_main(void *cookie)
{
	bare.result = chain_run(bare.arg);
	__atomic_store_n(&bare.ended, 1, __ATOMIC_RELEASE);
	return 0;
}

/* A thread that shares no table of descriptors with the others of its process. */
static int act_bare_thread(char **arg)
{
	static char stack[65536] __attribute__((aligned(16)));
	int flags = CLONE_VM | CLONE_FS | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;

	bare.arg = arg;
	if (clone(bare_main, stack + sizeof(stack), flags, NULL) < 0)
		return -EBADRQC;
	while (!__atomic_load_n(&bare.ended, __ATOMIC_ACQUIRE))
		usleep(1000);
	return bare.result;
}

static int act_ring(char **arg)
{
	return ring_run(arg, 0, 0, false);
}

static int act_ring_worker(char **arg)
{
	return ring_run(arg, 0, IOSQE_ASYNC, false);
}

static int act_ring_polled(char **arg)
{
	return ring_run(arg, IORING_SETUP_SQPOLL, 0, false);
}

static int act_ring_fixed(char **arg)
{
	return ring_run(arg, 0, 0, true);
}

static const struct attempt table[] = {
	{ "direct", act_direct },
	{ "exec", act_direct }, /* an orphan's, of which nothing more is heard */
	{ "int80", act_int80 },
	{ "memfd", act_memfd },
	{ "sh", act_sh },
	{ "bare-thread", act_bare_thread },
	{ "ring", act_ring },
	{ "ring-worker", act_ring_worker },
	{ "ring-polled", act_ring_polled },
	{ "ring-fixed", act_ring_fixed },
	{ NULL, NULL },
};

static void batch_exec(const char *kind, char **line)
{
	char path[512];

	if (strcmp(kind, "@perl") == 0)
		execv(line[4], line);
	if (strcmp(kind, "@memfd") == 0)
		memfd_exec(line);
	if (strcmp(kind, "@preload") == 0) {
		beside(path, sizeof(path), "_library.so");
		setenv("LD_PRELOAD", path, 1);
		execv("/bin/true", line);
	}
	beside(path, sizeof(path), "_static");
	if (strcmp(kind, "@static") == 0 || strcmp(kind, "@int80") == 0)
		execv(path, line);
	_exit(127);
}

/* Has another program do this act and those of its kind behind it. Returns where they end. */
static int batch_run(int argc, char **argv, int at)
{
	static char *line[CARRIER_ARGV];
	char *kind = argv[at + 1];
	int n = 2, end = at;
	pid_t pid;

	line[0] = "carrier";
	line[1] = "--batch";
	while (at + 1 < argc && strcmp(argv[at + 1], kind) == 0) {
		end = group_end(argc, argv, at);
		if (n + end - at + 2 > CARRIER_ARGV)
			_exit(EBADRQC);
		memcpy(line + n, argv + at, (size_t)(end - at) * sizeof(*line));
		line[n + 1] = strcmp(kind, "@int80") == 0 ? "int80" : "direct";
		n += end - at;
		line[n++] = ",";
		at = end + 1;
	}
	line[n] = NULL;
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		batch_exec(kind, line);
	waitpid(pid, NULL, 0);
	return end;
}

int main(int argc, char **argv)
{
	bool batch = argc > 1 && strcmp(argv[1], "--batch") == 0;
	int i, end;

	attempt_table = table;
	if (argc > 1 && strcmp(argv[1], "--exit") == 0)
		return attempt_main(argc, argv, table);
	for (i = batch ? 2 : 1; i + 1 < argc; i = end + 1) {
		if (argv[i + 1][0] == '@') {
			end = batch_run(argc, argv, i);
			continue;
		}
		end = group_end(argc, argv, i);
		argv[end] = NULL;
		attempt_one(argv[i], argv + i + 1);
	}
	fflush(NULL);
	if (!batch)
		attempt_marker();
	return 0;
}

#endif
