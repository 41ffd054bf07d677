// SPDX-License-Identifier: GPL-2.0-or-later
/* Opens of one file and of many: what they cost the thread, and what all threads together. */
#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/*
 * usage: opens DIRECTORY RUNS
 *
 * In each run DIRECTORY/known is opened OPENS times, and then each of DIRECTORY/RUN/0
 * to OPENS-1 once. The thread's part is by its own clock, around whole batches, so
 * that neither reading the clock nor close() counts. Between batches it sleeps: what
 * is recorded is read and written down meanwhile, and nobody has to wait for room. What
 * a path is called AgentOS knows until a grace period of RCU has passed, which it has
 * by then: so the known file is opened once more before each batch.
 * That work is in the second figure, which is what the processor ran of all threads,
 * interrupts that found it idle not counted.
 *
 * Prints "result KIND FIGURE..." for thread_known, thread_first, all_known and
 * all_first, an open's nanoseconds in each run; needs a machine with one processor.
 */

#define OPENS	 1000
#define BATCH	 50
#define RUNS_MAX 100
#define PAUSE_US 200000
#define REST_US	 3000000 /* both daemons have written everything by then */

enum { THREAD_KNOWN, THREAD_FIRST, ALL_KNOWN, ALL_FIRST, KINDS };

static const char *const kinds[KINDS] = { "thread_known", "thread_first", "all_known",
					  "all_first" };
static long long figures[KINDS][RUNS_MAX];
static int schedstat = -1;

static long long thread_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* What all threads have run. It is brought up to date when a thread stops: so sleep before. */
static long long all_ns(void)
{
	char text[4096], *cpu;
	long long ns;
	ssize_t len;

	usleep(REST_US);
	len = pread(schedstat, text, sizeof(text) - 1, 0);
	text[len > 0 ? len : 0] = '\0';
	cpu = strstr(text, "cpu0 ");
	if (!cpu || sscanf(cpu, "cpu0 %*u %*u %*u %*u %*u %*u %lld", &ns) != 1)
		errx(1, "/proc/schedstat is not as expected");
	return ns;
}

/* The thread's time for opening these; known: they are one. */
static long long batch_open(const char paths[BATCH][256], bool known)
{
	int fds[BATCH], i;
	long long spent;

	if (known)
		close(open(paths[0], O_RDONLY | O_CLOEXEC));
	spent = -thread_ns();
	for (i = 0; i < BATCH; i++)
		fds[i] = open(paths[i], O_RDONLY | O_CLOEXEC);
	spent += thread_ns();
	for (i = 0; i < BATCH; i++) {
		if (fds[i] < 0)
			errx(1, "%s cannot be opened", paths[i]);
		close(fds[i]);
	}
	usleep(PAUSE_US);
	return spent;
}

/* run: which directory's files, or -1: the one that is known. */
static void run_measure(const char *directory, int run, long long *ret_thread, long long *ret_all)
{
	static char paths[BATCH][256];
	long long thread = 0, all;
	int i, k;

	all = -all_ns();
	for (i = 0; i < OPENS; i += BATCH) {
		for (k = 0; k < BATCH; k++) {
			if (run < 0)
				snprintf(paths[k], sizeof(paths[k]), "%s/known", directory);
			else
				snprintf(paths[k], sizeof(paths[k]), "%s/%d/%d", directory, run,
					 i + k);
		}
		thread += batch_open(paths, run < 0);
	}
	all += all_ns();
	*ret_thread = thread / OPENS;
	*ret_all = all / OPENS;
}

int main(int argc, char **argv)
{
	long long unused;
	int runs, run, kind;

	runs = argc == 3 ? atoi(argv[2]) : 0;
	if (runs < 1 || runs > RUNS_MAX)
		errx(2, "usage: opens DIRECTORY RUNS");
	schedstat = open("/proc/schedstat", O_RDONLY | O_CLOEXEC);
	if (schedstat < 0)
		err(1, "/proc/schedstat");
	/* Once for nothing: then the file is known. */
	run_measure(argv[1], -1, &unused, &unused);
	for (run = 0; run < runs; run++) {
		run_measure(argv[1], -1, &figures[THREAD_KNOWN][run], &figures[ALL_KNOWN][run]);
		run_measure(argv[1], run, &figures[THREAD_FIRST][run], &figures[ALL_FIRST][run]);
	}
	for (kind = 0; kind < KINDS; kind++) {
		printf("result %s", kinds[kind]);
		for (run = 0; run < runs; run++)
			printf(" %lld", figures[kind][run]);
		printf("\n");
	}
	return 0;
}
