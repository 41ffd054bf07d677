/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A chain of system calls, from words: what one attempt is, however it is carried out. */
#ifndef AGENTOS_TESTS_CHAIN_H
#define AGENTOS_TESTS_CHAIN_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * Calls are separated by ";". The first word of each is its number for 64-bit
 * and for 32-bit programs, "257/295"; then up to six arguments:
 *	a number; "$": what the call before returned
 *	s:TEXT	a string			x:HEX	bytes
 *	v:	a vector of one byte of room	v:ADDRESS	of one byte there
 * The chain ends at the first call that fails. carrier.pl reads the same words.
 */
#define CHAIN_ARGS 6

struct chain_call {
	long nr, nr32;
	long arg[CHAIN_ARGS];
};

/* Makes one call: its result or a negative errno. */
typedef long (*chain_gate)(const struct chain_call *call);

/* What arguments point to. Static: in a program that is not moved, below 4 GiB. */
static char chain_room[16384];
static size_t chain_used;

static inline void *chain_take(size_t len)
{
	void *at = chain_room + chain_used;

	chain_used += (len + 15) & ~15UL;
	if (chain_used > sizeof(chain_room))
		abort();
	return at;
}

static inline long chain_bytes(const char *hex)
{
	size_t len = strlen(hex) / 2, i;
	char *bytes = chain_take(len), pair[3] = "";

	for (i = 0; i < len; i++) {
		memcpy(pair, hex + 2 * i, 2);
		bytes[i] = (char)strtoul(pair, NULL, 16);
	}
	return (long)bytes;
}

/* 32-bit programs have short words in it. */
static inline long chain_vector(const char *address, int narrow)
{
	unsigned long at = *address ? strtoul(address, NULL, 0) : (unsigned long)chain_take(16);
	unsigned long *wide = chain_take(16);
	uint32_t *small = (uint32_t *)wide;

	if (narrow) {
		small[0] = (uint32_t)at;
		small[1] = 1;
	} else {
		wide[0] = at;
		wide[1] = 1;
	}
	return (long)wide;
}

static inline long chain_argument(const char *word, long last, int narrow)
{
	char *text;

	if (strcmp(word, "$") == 0)
		return last;
	if (strncmp(word, "s:", 2) == 0) {
		text = chain_take(strlen(word + 2) + 1);
		strcpy(text, word + 2);
		return (long)text;
	}
	if (strncmp(word, "x:", 2) == 0)
		return chain_bytes(word + 2);
	if (strncmp(word, "v:", 2) == 0)
		return chain_vector(word + 2, narrow);
	return strtol(word, NULL, 0);
}

/* Reads one call. Returns the words behind it; NULL: it is the last. */
static inline char **chain_next(char **word, long last, int narrow, struct chain_call *call)
{
	char *rest;
	int i;

	memset(call, 0, sizeof(*call));
	call->nr = strtol(*word, &rest, 10);
	call->nr32 = *rest == '/' ? strtol(rest + 1, NULL, 10) : -1;
	for (i = 0, word++; *word && strcmp(*word, ";") != 0; word++)
		if (i < CHAIN_ARGS)
			call->arg[i++] = chain_argument(*word, last, narrow);
	return *word ? word + 1 : NULL;
}

/* All calls by one gate, but the last, which has one of its own. Returns 0 or a negative errno. */
static inline int chain_run_last(char **word, int narrow, chain_gate gate, chain_gate last_gate)
{
	struct chain_call call;
	long last = 0;

	while (word && last >= 0) {
		word = chain_next(word, last, narrow, &call);
		last = word ? gate(&call) : last_gate(&call);
	}
	return last < 0 ? (int)last : 0;
}

/* As 64-bit programs do it, without libc. */
static long chain_native(const struct chain_call *call)
{
	long result = call->nr;

	asm volatile("mov %[four], %%r10\n\t"
		     "mov %[five], %%r8\n\t"
		     "mov %[six], %%r9\n\t"
		     "syscall"
		     : "+a"(result)
		     : "D"(call->arg[0]), "S"(call->arg[1]), "d"(call->arg[2]),
		       [four] "r"(call->arg[3]), [five] "r"(call->arg[4]), [six] "r"(call->arg[5])
		     : "rcx", "r8", "r9", "r10", "r11", "memory");
	return result;
}

/* As 32-bit programs do it. The sixth argument goes where the frame is kept. */
static inline long chain_int80(const struct chain_call *call)
{
	long result = call->nr32;

	asm volatile("sub $128, %%rsp\n\t"
		     "push %%rbp\n\t"
		     "mov %[six], %%rbp\n\t"
		     "int $0x80\n\t"
		     "pop %%rbp\n\t"
		     "add $128, %%rsp"
		     : "+a"(result)
		     : "b"(call->arg[0]), "c"(call->arg[1]), "d"(call->arg[2]), "S"(call->arg[3]),
		       "D"(call->arg[4]), [six] "r"(call->arg[5])
		     : "r8", "r9", "r10", "r11", "memory", "cc");
	if ((uint32_t)result > 0xfffff000U)
		return (int32_t)result;
	return (uint32_t)result;
}

static inline int chain_run(char **word)
{
	return chain_run_last(word, 0, chain_native, chain_native);
}

#endif
