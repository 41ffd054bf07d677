// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Aborts whoever blocks on an event loop: in each unit test these stand before the C
 * library's functions, for what is called from libraries as well.
 *
 * What a call does that cannot wait is let through: descriptors that do not block, no time
 * to wait, WNOHANG, LOCK_NB. Locks that are held for a moment (pthread_mutex_lock()) and
 * regular files are no matter of this.
 */
#include "tests/unit/blocking.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "loop/loop.h"

#define FRAMES	       32 /* that are told of */
#define RETURNS_WITHIN 2  /* seconds, on a busy machine: threads that are done */

/* The one that comes next, which may be a sanitizer's. */
#define NEXT(name)                                                 \
	({                                                         \
		static __typeof__(name) *next;                     \
                                                                   \
		if (!next)                                         \
			*(void **)&next = dlsym(RTLD_NEXT, #name); \
		next;                                              \
	})

void blocking_check(const char *call)
{
	void *frames[FRAMES];

	if (!loop_is_running())
		return;
	fprintf(stderr, "%s() on the event loop: it may block\n", call);
	backtrace_symbols_fd(frames, backtrace(frames, FRAMES), STDERR_FILENO);
	abort();
}

/* Sockets, pipes, terminals, and what has no type (event counters, inotify). */
static bool fd_waits(int fd)
{
	const int flags = fcntl(fd, F_GETFL);
	struct stat st;

	return flags >= 0 && !(flags & O_NONBLOCK) && fstat(fd, &st) == 0 && !S_ISREG(st.st_mode) &&
	       !S_ISDIR(st.st_mode) && !S_ISBLK(st.st_mode);
}

static void fd_check(const char *call, int fd, int flags)
{
	if (loop_is_running() && !(flags & MSG_DONTWAIT) && fd_waits(fd))
		blocking_check(call);
}

/* --- names; a test may have its own, which calls blocking_check() --- */

__attribute__((weak)) int getaddrinfo(const char *name, const char *service,
				      const struct addrinfo *hints, struct addrinfo **ret_list)
{
	/* A number is not looked up. */
	if (!hints || !(hints->ai_flags & AI_NUMERICHOST))
		blocking_check("getaddrinfo");
	return NEXT(getaddrinfo)(name, service, hints, ret_list);
}

int getnameinfo(const struct sockaddr *address, socklen_t len, char *host, socklen_t host_len,
		char *service, socklen_t service_len, int flags)
{
	if (!(flags & NI_NUMERICHOST))
		blocking_check("getnameinfo");
	return NEXT(getnameinfo)(address, len, host, host_len, service, service_len, flags);
}

struct hostent *gethostbyname(const char *name)
{
	blocking_check("gethostbyname");
	return NEXT(gethostbyname)(name);
}

/* --- sockets and pipes --- */

int connect(int fd, const struct sockaddr *address, socklen_t len)
{
	fd_check("connect", fd, 0);
	return NEXT(connect)(fd, address, len);
}

int accept4(int fd, struct sockaddr *address, socklen_t *len, int flags)
{
	fd_check("accept4", fd, 0);
	return NEXT(accept4)(fd, address, len, flags);
}

ssize_t read(int fd, void *to, size_t len)
{
	fd_check("read", fd, 0);
	return NEXT(read)(fd, to, len);
}

ssize_t write(int fd, const void *from, size_t len)
{
	fd_check("write", fd, 0);
	return NEXT(write)(fd, from, len);
}

ssize_t recv(int fd, void *to, size_t len, int flags)
{
	fd_check("recv", fd, flags);
	return NEXT(recv)(fd, to, len, flags);
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	fd_check("recvmsg", fd, flags);
	return NEXT(recvmsg)(fd, msg, flags);
}

ssize_t send(int fd, const void *from, size_t len, int flags)
{
	fd_check("send", fd, flags);
	return NEXT(send)(fd, from, len, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	fd_check("sendmsg", fd, flags);
	return NEXT(sendmsg)(fd, msg, flags);
}

/* --- waiting --- */

int poll(struct pollfd *fds, nfds_t count, int ms)
{
	if (ms)
		blocking_check("poll");
	return NEXT(poll)(fds, count, ms);
}

int select(int count, fd_set *in, fd_set *out, fd_set *other, struct timeval *time)
{
	if (!time || time->tv_sec || time->tv_usec)
		blocking_check("select");
	return NEXT(select)(count, in, out, other, time);
}

int epoll_wait(int fd, struct epoll_event *events, int count, int ms)
{
	if (ms)
		blocking_check("epoll_wait");
	return NEXT(epoll_wait)(fd, events, count, ms);
}

unsigned int sleep(unsigned int seconds)
{
	blocking_check("sleep");
	return NEXT(sleep)(seconds);
}

int usleep(useconds_t us)
{
	blocking_check("usleep");
	return NEXT(usleep)(us);
}

int nanosleep(const struct timespec *time, struct timespec *left)
{
	blocking_check("nanosleep");
	return NEXT(nanosleep)(time, left);
}

pid_t waitpid(pid_t pid, int *status, int options)
{
	if (!(options & WNOHANG))
		blocking_check("waitpid");
	return NEXT(waitpid)(pid, status, options);
}

int system(const char *command)
{
	blocking_check("system");
	return NEXT(system)(command);
}

int pthread_join(pthread_t thread, void **ret)
{
	struct timespec until;

	/* libcurl joins those that have said that they are done, and only have to return. */
	if (loop_is_running() && clock_gettime(CLOCK_REALTIME, &until) == 0) {
		until.tv_sec += RETURNS_WITHIN;
		if (pthread_timedjoin_np(thread, ret, &until) == 0)
			return 0;
	}
	blocking_check("pthread_join");
	return NEXT(pthread_join)(thread, ret);
}

int pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *lock)
{
	blocking_check("pthread_cond_wait");
	return NEXT(pthread_cond_wait)(condition, lock);
}

int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *lock,
			   const struct timespec *until)
{
	blocking_check("pthread_cond_timedwait");
	return NEXT(pthread_cond_timedwait)(condition, lock, until);
}

int sem_wait(sem_t *s)
{
	blocking_check("sem_wait");
	return NEXT(sem_wait)(s);
}

/* --- disks and locks --- */

/* Weak: there are tests that make a disk of their own up. */
__attribute__((weak)) int fsync(int fd)
{
	blocking_check("fsync");
	return NEXT(fsync)(fd);
}

__attribute__((weak)) int fdatasync(int fd)
{
	blocking_check("fdatasync");
	return NEXT(fdatasync)(fd);
}

void sync(void)
{
	blocking_check("sync");
	NEXT(sync)();
}

int flock(int fd, int operation)
{
	if (!(operation & LOCK_NB))
		blocking_check("flock");
	return NEXT(flock)(fd, operation);
}
