// SPDX-License-Identifier: GPL-2.0-or-later
/* Tries what is refused as fast as it can, always another thing or always the same. */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * flood others DIRECTORY COUNT [THREADS]  makes directories there, each of another name
 * flood same FILE COUNT [THREADS]         opens it
 * flood ring DIRECTORY COUNT [sqpoll]     as others, by io_uring, as many at once as it takes
 * flood opens FILE COUNT                  opens it and FILE2 in turn, likewise, while the call lasts
 * flood ... until FILE                    instead of COUNT: until FILE exists, looked for
 *                                         after each 64
 *
 * COUNT is that of each thread. Makes the file `begun` in its directory, waits for `go`, floods,
 * writes to `refused` how often EACCES was the answer, and waits for `end`. Exit status 0, or 1
 * when there was another one.
 */
static const char *path, *until;
static unsigned long count;
static bool same, opens;

static void wait_for(const char *file)
{
	while (access(file, F_OK))
		usleep(200000);
}

/* Whole, or not at all. */
static void tell(const char *file, unsigned long number)
{
	FILE *out = fopen("telling", "we");

	if (!out || fprintf(out, "%lu\n", number) < 0 || fclose(out) || rename("telling", file))
		exit(1);
}

static bool over(unsigned long i)
{
	if (until)
		return i % 64 == 0 && access(until, F_OK) == 0;
	return i >= count;
}

static int try_it(unsigned long thread, unsigned long i)
{
	char name[4096];
	int fd;

	if (same) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0)
			close(fd);
		return fd;
	}
	snprintf(name, sizeof(name), "%s/%d.%lu.%lu", path, getpid(), thread, i);
	return mkdir(name, 0700);
}

static void *run(void *arg)
{
	unsigned long thread = (unsigned long)arg, i;

	for (i = 0; !over(i); i++) {
		if (try_it(thread, i) >= 0 || errno != EACCES) {
			perror(path);
			exit(1);
		}
	}
	return (void *)i;
}

static unsigned long run_threads(unsigned long threads)
{
	pthread_t all[256];
	unsigned long i, refused = 0;
	void *mine;

	for (i = 0; i + 1 < threads; i++)
		if (pthread_create(&all[i], NULL, run, (void *)(i + 1)))
			exit(1);
	refused += (unsigned long)run(NULL);
	for (i = 0; i + 1 < threads; i++) {
		pthread_join(all[i], &mine);
		refused += (unsigned long)mine;
	}
	return refused;
}

/* All that are asked for in one call, if the kernel takes so many. */
static unsigned long run_ring(unsigned int flags)
{
	unsigned int entries = 16384, batch, i;
	unsigned long done = 0, refused = 0;
	char(*names)[128] = calloc(entries, sizeof(*names));
	struct io_uring_cqe *cqe;
	struct io_uring ring;

	if (!names || io_uring_queue_init(entries, &ring, flags))
		exit(1);
	while (done < count) {
		batch = count - done < entries ? count - done : entries;
		for (i = 0; i < batch; i++) {
			struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

			/* A directory is always made by a worker; what is cached is opened at once. */
			if (opens)
				snprintf(names[i], sizeof(names[i]), "%s%s", path,
					 i % 2 ? "2" : "");
			else
				snprintf(names[i], sizeof(names[i]), "%s/%lu", path, done + i);
			if (opens)
				io_uring_prep_openat(sqe, AT_FDCWD, names[i], O_RDONLY, 0);
			else
				io_uring_prep_mkdirat(sqe, AT_FDCWD, names[i], 0700);
		}
		if (io_uring_submit(&ring) != (int)batch)
			exit(1);
		for (i = 0; i < batch; i++) {
			if (io_uring_wait_cqe(&ring, &cqe))
				exit(1);
			refused += cqe->res == -EACCES;
			io_uring_cqe_seen(&ring, cqe);
		}
		done += batch;
	}
	return refused;
}

int main(int argc, char **argv)
{
	unsigned long refused, threads = 1;

	if (argc < 4)
		return 2;
	same = !strcmp(argv[1], "same");
	path = argv[2];
	if (!strcmp(argv[3], "until"))
		until = argv[4];
	else
		count = strtoul(argv[3], NULL, 10);
	tell("begun", 0);
	wait_for("go");
	opens = !strcmp(argv[1], "opens");
	if (opens || !strcmp(argv[1], "ring")) {
		refused = run_ring(argc > 4 ? IORING_SETUP_SQPOLL : 0);
	} else {
		if (!until && argc > 4)
			threads = strtoul(argv[4], NULL, 10);
		if (!threads || threads > 256)
			return 2;
		refused = run_threads(threads);
	}
	tell("refused", refused);
	wait_for("end");
	return 0;
}
