// SPDX-License-Identifier: GPL-2.0-or-later
/* Ways to run code, for the escape tests. */
#include <dlfcn.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/escape/prog/attempt.h"

#define PAGE 4096

static int act_exec(char **arg)
{
	execv(arg[0], arg + 1);
	return -errno;
}

/* The program's output is not ours. */
static int act_exec_quiet(char **arg)
{
	int null = open("/dev/null", O_WRONLY);

	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	return act_exec(arg);
}

static int act_execveat(char **arg)
{
	int fd = open(arg[0], O_PATH);

	if (fd < 0)
		return -errno;
	syscall(SYS_execveat, fd, "", arg, environ, AT_EMPTY_PATH);
	return -errno;
}

static int file_copy(const char *path, int to)
{
	int from = open(path, O_RDONLY);
	char buffer[65536];
	ssize_t len;

	if (from < 0)
		return -EBADRQC;
	while ((len = read(from, buffer, sizeof(buffer))) > 0)
		if (write(to, buffer, (size_t)len) != len)
			return -EBADRQC;
	close(from);
	return 0;
}

/* A copy of ARG0 from a memfd. */
static int act_memfd(char **arg)
{
	int fd = memfd_create("copy", MFD_CLOEXEC);

	if (fd < 0 || file_copy(arg[0], fd))
		return -EBADRQC;
	fexecve(fd, arg, environ);
	return -errno;
}

/* From the memfd's name in /proc. */
static int act_memfd_path(char **arg)
{
	int fd = memfd_create("copy", 0);
	char path[64];

	if (fd < 0 || file_copy(arg[0], fd))
		return -EBADRQC;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	execv(path, arg);
	return -errno;
}

static int memfd_map(const char *from)
{
	int fd = memfd_create("copy", MFD_CLOEXEC);

	if (fd < 0 || file_copy(from, fd))
		return -EBADRQC;
	return fd;
}

static int map_result(void *map)
{
	return map == MAP_FAILED ? -errno : 0;
}

static int act_memfd_map(char **arg)
{
	int fd = memfd_map(arg[0]);

	return fd < 0 ? fd :
			map_result(mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0));
}

/* A copy of ARG0 at ARG1, open for reading only, its name gone. */
static int act_deleted(char **arg)
{
	int to = open(arg[1], O_CREAT | O_WRONLY, 0755), fd;

	if (to < 0 || file_copy(arg[0], to))
		return -EBADRQC;
	close(to);
	fd = open(arg[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0 || unlink(arg[1]) < 0)
		return -EBADRQC;
	fexecve(fd, arg, environ);
	return -errno;
}

/* A copy of ARG0 at ARG1, made by the agent. */
static int written_make(char **arg)
{
	int to = open(arg[1], O_CREAT | O_WRONLY, 0755);

	if (to < 0 || file_copy(arg[0], to))
		return -EBADRQC;
	close(to);
	return 0;
}

/* It is run then: what a compiler does. */
static int act_written(char **arg)
{
	if (written_make(arg))
		return -EBADRQC;
	execv(arg[1], arg + 1);
	return -errno;
}

static int act_written_execveat(char **arg)
{
	return written_make(arg) ?: act_execveat(arg + 1);
}

/* ARG2: the loader. */
static int act_written_loader(char **arg)
{
	char *argv[] = { arg[2], "ld.so", arg[1], NULL };

	return written_make(arg) ?: act_exec_quiet(argv);
}

/* ARG2: a symbolic link to it. */
static int act_written_link(char **arg)
{
	if (written_make(arg) || symlink(arg[1], arg[2]) < 0)
		return -EBADRQC;
	execv(arg[2], arg + 1);
	return -errno;
}

static int act_written_script(char **arg)
{
	static const char script[] = "#!/bin/sh\nexit 0\n";
	int to = open(arg[0], O_CREAT | O_WRONLY, 0755);

	if (to < 0 || write(to, script, sizeof(script) - 1) != sizeof(script) - 1)
		return -EBADRQC;
	close(to);
	execv(arg[0], arg);
	return -errno;
}

/* With ARG0 preloaded: does its code come into a program's memory? */
static int act_preload(char **arg)
{
	char pattern[400];

	dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
	snprintf(pattern, sizeof(pattern), "r-xp.*%s", arg[0]);
	setenv("LD_PRELOAD", arg[0], 1);
	execl("/bin/grep", "grep", "-q", pattern, "/proc/self/maps", NULL);
	return -errno;
}

static int act_dlopen(char **arg)
{
	return dlopen(arg[0], RTLD_NOW) ? 0 : -EACCES;
}

static int act_map_anonymous(char **arg)
{
	return map_result(
		mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

static int act_map_shared_anonymous(char **arg)
{
	return map_result(
		mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
}

/* Code is written first, and the page made executable then: how all compilers at run time do it. */
static int act_protect(char **arg)
{
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return -EBADRQC;
	page[0] = (char)0xc3;
	if (mprotect(page, PAGE, PROT_READ | PROT_EXEC) < 0)
		return -errno;
	((void (*)(void))(unsigned long)page)();
	return 0;
}

static int act_protect_stack(char **arg)
{
	unsigned long here = (unsigned long)__builtin_frame_address(0) & ~(PAGE - 1UL);

	return attempt_result(mprotect((void *)here, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC));
}

static int file_map(const char *path, int open_flags, int prot, int flags, char **ret_map)
{
	int fd = open(path, open_flags);

	if (fd < 0)
		return -EBADRQC;
	*ret_map = mmap(NULL, PAGE, prot, flags, fd, 0);
	return map_result(*ret_map);
}

static int act_map_file(char **arg)
{
	char *map;

	return file_map(arg[0], O_RDONLY, PROT_READ | PROT_EXEC, MAP_PRIVATE, &map);
}

static int act_written_map(char **arg)
{
	return written_make(arg) ?: act_map_file(arg + 1);
}

static int act_map_file_writable(char **arg)
{
	char *map;

	return file_map(arg[0], O_RDONLY, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE, &map);
}

static int act_map_file_shared_writable(char **arg)
{
	char *map;

	return file_map(arg[0], O_RDWR, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED, &map);
}

static int act_protect_file(char **arg)
{
	char *map;
	int err = file_map(arg[0], O_RDONLY, PROT_READ, MAP_PRIVATE, &map);

	return err ? err : attempt_result(mprotect(map, PAGE, PROT_READ | PROT_EXEC));
}

/* A private copy of a file's page, written, is no longer the file's. */
static int act_protect_written_file(char **arg)
{
	char *map;
	int err = file_map(arg[0], O_RDONLY, PROT_READ | PROT_WRITE, MAP_PRIVATE, &map);

	if (err)
		return err;
	map[0] = (char)0xc3;
	if (mprotect(map, PAGE, PROT_READ) < 0)
		return -EBADRQC;
	return attempt_result(mprotect(map, PAGE, PROT_READ | PROT_EXEC));
}

/* Heap that brk() gives: executable, once reading implies it? */
static int heap_check(void)
{
	char line[256], *heap = sbrk(PAGE);
	unsigned long begin, end;
	int err = -EBADRQC;
	FILE *maps = fopen("/proc/self/maps", "r");
	char mode[8];

	while (maps && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx %7s", &begin, &end, mode) != 3 ||
		    (unsigned long)heap < begin || (unsigned long)heap >= end)
			continue;
		err = mode[2] == 'x' ? 0 : -ENOEXEC;
	}
	if (maps)
		fclose(maps);
	return err;
}

/* What was refused must not have been done either. */
static int personality_check(int result)
{
	int now = personality(0xffffffff);

	if (result < 0 && now & READ_IMPLIES_EXEC)
		return -EBADRQC;
	return result < 0 ? result : heap_check();
}

/* And the registers are as any system call leaves them. */
static int act_personality(char **arg)
{
	long wanted = READ_IMPLIES_EXEC, result;

	__asm__ volatile("syscall"
			 : "=a"(result), "+D"(wanted)
			 : "0"((long)SYS_personality)
			 : "memory", "rcx", "r11");
	return wanted == READ_IMPLIES_EXEC ? personality_check((int)result) : -EBADRQC;
}

/* The entry for programs of 32 bits. */
static int act_personality32(char **arg)
{
	long wanted = READ_IMPLIES_EXEC, result;

	__asm__ volatile("int $0x80"
			 : "=a"(result), "+b"(wanted)
			 : "0"(136L)
			 : "memory", "r8", "r9", "r10", "r11");
	return wanted == READ_IMPLIES_EXEC ? personality_check((int)result) : -EBADRQC;
}

/* Others of its bits are nobody's matter. */
static int act_personality_other(char **arg)
{
	if (personality(ADDR_NO_RANDOMIZE) < 0)
		return -errno;
	return personality(0xffffffff) == ADDR_NO_RANDOMIZE ? 0 : -EBADRQC;
}

/* A program that cannot be refused any more, once it is known what it has, dies. */
static int act_start(char **arg)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execv(arg[0], arg);
		_exit(100);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -EBADRQC;
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGKILL ? -EACCES : -EBADRQC;
	return WEXITSTATUS(status) == 0 ? 0 : -EBADRQC;
}

static int act_shm(char **arg)
{
	int id = shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0700), err;

	if (id < 0)
		return -EBADRQC;
	err = shmat(id, NULL, SHM_EXEC) == (void *)-1 ? -errno : 0;
	shmctl(id, IPC_RMID, NULL);
	return err;
}

static int act_remap(char **arg)
{
	char *map;
	int err = file_map(arg[0], O_RDONLY, PROT_READ, MAP_PRIVATE, &map);

	if (err)
		return err;
	map = mremap(map, PAGE, PAGE, MREMAP_MAYMOVE);
	return attempt_result(mprotect(map, PAGE, PROT_READ | PROT_EXEC));
}

static const struct attempt table[] = {
	{ "exec", act_exec },
	{ "exec-quiet", act_exec_quiet },
	{ "execveat", act_execveat },
	{ "memfd", act_memfd },
	{ "memfd-path", act_memfd_path },
	{ "memfd-map", act_memfd_map },
	{ "deleted", act_deleted },
	{ "written", act_written },
	{ "written-execveat", act_written_execveat },
	{ "written-loader", act_written_loader },
	{ "written-link", act_written_link },
	{ "written-script", act_written_script },
	{ "written-map", act_written_map },
	{ "preload", act_preload },
	{ "dlopen", act_dlopen },
	{ "map-anonymous", act_map_anonymous },
	{ "map-shared-anonymous", act_map_shared_anonymous },
	{ "protect", act_protect },
	{ "protect-stack", act_protect_stack },
	{ "map-file", act_map_file },
	{ "map-file-writable", act_map_file_writable },
	{ "map-file-shared-writable", act_map_file_shared_writable },
	{ "protect-file", act_protect_file },
	{ "protect-written-file", act_protect_written_file },
	{ "personality", act_personality },
	{ "personality-32", act_personality32 },
	{ "personality-other", act_personality_other },
	{ "start", act_start },
	{ "shm", act_shm },
	{ "remap", act_remap },
	{ NULL, NULL },
};

int main(int argc, char **argv)
{
	return attempt_main(argc, argv, table);
}
