/* SPDX-License-Identifier: GPL-2.0-only */
/* Names as patterns: of files wherever they are, ".env", "id_*", "*.pem"; of abstract sockets. */
#ifndef AGENTOS_PATTERNS_H
#define AGENTOS_PATTERNS_H

#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/types.h>

#include "agentos.h"

/* A name, or the beginning or the end of one. */
struct pattern {
	char text[AGENTOS_RULE_NAME_SIZE]; /* without the asterisk */
	u32 number;
	u8 len;
	u8 access; /* AGENTOS_FILE_*, denied or allowed */
	u8 kill;   /* of what is denied */
	u8 watch;  /* of all else */
	bool any_before, any_behind;
};

/* What all that fit a name say of it together. */
struct patterns_word {
	u8 access, kill, watch;
	u32 number;	  /* of the first that kills, or else of the first with any access */
	u32 watch_number; /* of the first that watches */
};

struct patterns {
	/* By byte: may a name fit that begins so, or ends so? */
	DECLARE_BITMAP(first, 256);
	DECLARE_BITMAP(last, 256);
	u32 count;
	u8 access; /* of all of them */
	struct pattern list[AGENTOS_PATTERNS_MAX];
};

/* Is it what patterns_add() takes? NUL-padded; one '*' at most, at one end, and more than that. */
bool patterns_valid(const char text[static AGENTOS_RULE_NAME_SIZE]);

/* The same of an abstract socket's name, which may be any bytes; '*' alone is each. */
bool patterns_valid_abstract(const char text[static AGENTOS_RULE_NAME_SIZE]);

/* -ENOSPC AGENTOS_PATTERNS_MAX. text: a valid one, of which word->number says all. */
int __must_check patterns_add(struct patterns *patterns, const char *text,
			      const struct patterns_word *word);

/* False is sure, true is not. name: of len bytes, at least one. */
static inline bool patterns_may_fit(const struct patterns *patterns, const char *name, u32 len)
{
	return test_bit((u8)name[0], patterns->first) ||
	       test_bit((u8)name[len - 1], patterns->last);
}

/* Where none fits, all of it is 0. */
void patterns_find(const struct patterns *patterns, const char *name, u32 len,
		   struct patterns_word *ret_word);

#endif
