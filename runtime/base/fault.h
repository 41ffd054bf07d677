/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line that says what is wrong and what to do about it; travels beside a negative errno. */
#ifndef AGENTOS_BASE_FAULT_H
#define AGENTOS_BASE_FAULT_H

#define FAULT_SIZE 1024

struct fault {
	char text[FAULT_SIZE]; /* NUL-terminated, no newline; escaped for a terminal */
};

/*
 * Sets the text, printf-like; longer text is cut. A NULL fault is allowed.
 * Returns -error, so that failures read "return fault_set(f, ENOENT, ...)".
 */
#define fault_set(f, error, ...)                     \
	({                                           \
		const int fault_set_error = (error); \
		fault_write(f, __VA_ARGS__);         \
		-fault_set_error;                    \
	})

/* A macro above, so that analyzers and compilers see that what is returned is the error. */
void fault_write(struct fault *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
