/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each target of libFuzzer has: its one function, and how it says that something does not hold. */
#ifndef AGENTOS_TESTS_FUZZ_FUZZ_H
#define AGENTOS_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* 0 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What does not hold ends the run, and libFuzzer keeps the input. */
#define HOLDS(x)                                                                \
	do {                                                                    \
		if (!(x)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x); \
			abort();                                                \
		}                                                               \
	} while (0)

#endif
