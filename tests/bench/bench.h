/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the measuring programs share: a table of operations, and the clock around loops of them. */
#ifndef AGENTOS_TESTS_BENCH_BENCH_H
#define AGENTOS_TESTS_BENCH_BENCH_H

#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/*
 * With scripts/vm --icount one nanosecond of CLOCK_MONOTONIC is one guest
 * instruction. A figure is the time of the whole loop divided by its
 * iterations: the loop itself and the C library's wrappers (some 20
 * instructions) are in it, the same for every subject. Nothing is subtracted.
 */

struct bench {
	const char *name;
	long iterations;
	void (*prepare)(void); /* may be NULL */
	/* Returns the nanoseconds that `iterations` operations took. */
	long long (*run)(long iterations);
	void (*finish)(void); /* may be NULL */
	bool cold;	      /* not once around for nothing first */
};

static inline long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* The clock around a loop. */
#define TIMED(iterations, operation)                                      \
	({                                                                \
		long long timed_start = now();                            \
		for (long timed_i = 0; timed_i < (iterations); timed_i++) \
			operation;                                        \
		now() - timed_start;                                      \
	})

static inline void bench_run(const struct bench *benches, size_t count, const char *name, int runs,
			     int percent)
{
	const struct bench *b = benches, *end = benches + count;
	long iterations, spent;
	int i;

	while (b < end && strcmp(b->name, name) != 0)
		b++;
	if (b == end)
		errx(2, "no bench %s", name);
	iterations = b->iterations * percent / 100;
	if (iterations < 1)
		iterations = 1;
	if (b->prepare)
		b->prepare();
	/* Once around for nothing: caches, lazy binding, first pages. Cold files stay cold. */
	if (!b->cold)
		b->run(iterations / 20 + 1);
	printf("result %s", name);
	for (i = 0; i < runs; i++) {
		spent = b->run(iterations);
		printf(" %ld", (spent + iterations / 2) / iterations);
	}
	printf("\n");
	fflush(stdout);
	if (b->finish)
		b->finish();
}

#endif
