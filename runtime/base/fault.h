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
int fault_set(struct fault *f, int error, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
