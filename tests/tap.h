/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A test program is a table of named functions; each yields one TAP line. */
#ifndef AGENTOS_TESTS_TAP_H
#define AGENTOS_TESTS_TAP_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tap_test {
	const char *name; /* says what is expected: "a_denied_open_is_eacces" */
	void (*run)(void);
};

/* A row of the table, for a test named as its function. */
/* clang-format off */
#define TEST(name) { #name, name }
/* clang-format on */

static int tap_failures;	/* of the running test */
static const char *tap_skipped; /* reason, when the running test called SKIP() */

/* Goes on after a failure, so that one run shows all of them. */
#define CHECK(cond) CHECK_MSG(cond, "%s", "")
#define CHECK_MSG(cond, fmt, ...)                                                                 \
	do {                                                                                      \
		if (!(cond)) {                                                                    \
			tap_failures++;                                                           \
			printf("# %s:%d: %s: " fmt "\n", __FILE__, __LINE__, #cond, __VA_ARGS__); \
		}                                                                                 \
	} while (0)
#define CHECK_INT(is, expected)                                                                 \
	do {                                                                                    \
		long long tap_is = (is), tap_expected = (expected);                             \
		if (tap_is != tap_expected) {                                                   \
			tap_failures++;                                                         \
			printf("# %s:%d: %s is %lld, expected %s = %lld\n", __FILE__, __LINE__, \
			       #is, tap_is, #expected, tap_expected);                           \
		}                                                                               \
	} while (0)
#define CHECK_STR(is, expected)                                                                \
	do {                                                                                   \
		const char *tap_is = (is), *tap_expected = (expected);                         \
		if (!tap_is || strcmp(tap_is, tap_expected) != 0) {                            \
			tap_failures++;                                                        \
			printf("# %s:%d: %s is \"%s\", expected \"%s\"\n", __FILE__, __LINE__, \
			       #is, tap_is ? tap_is : "(null)", tap_expected);                 \
		}                                                                              \
	} while (0)
/* Set-up that must work for the test to mean anything: gives up on this test. */
#define REQUIRE(cond)                                                                             \
	do {                                                                                      \
		if (!(cond)) {                                                                    \
			tap_failures++;                                                           \
			printf("# %s:%d: set-up: %s (errno %d, %s)\n", __FILE__, __LINE__, #cond, \
			       errno, strerror(errno));                                           \
			return;                                                                   \
		}                                                                                 \
	} while (0)
#define SKIP(reason)                    \
	do {                            \
		tap_skipped = (reason); \
		return;                 \
	} while (0)

static inline int tap_main(const struct tap_test *tests, size_t count, int argc, char **argv)
{
	int bad = 0;
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n1..%zu\n", count);
	for (i = 0; i < count; i++) {
		if (argc > 1 && strcmp(argv[1], tests[i].name) != 0) {
			printf("ok %zu - %s # SKIP not asked for\n", i + 1, tests[i].name);
			continue;
		}
		tap_failures = 0;
		tap_skipped = NULL;
		tests[i].run();
		if (tap_failures) {
			bad = 1;
			printf("not ok %zu - %s\n", i + 1, tests[i].name);
		} else if (tap_skipped) {
			printf("ok %zu - %s # SKIP %s\n", i + 1, tests[i].name, tap_skipped);
		} else {
			printf("ok %zu - %s\n", i + 1, tests[i].name);
		}
	}
	return bad;
}

#define TAP_MAIN(tests)                                                                   \
	int main(int argc, char **argv)                                                   \
	{                                                                                 \
		return tap_main((tests), sizeof(tests) / sizeof((tests)[0]), argc, argv); \
	}

#endif
