/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counts records by what they have in common, within bounds: what finds no room is counted together. */
#ifndef AGENTOS_AUDIT_TALLY_H
#define AGENTOS_AUDIT_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/record.h"
#include "base/index.h"

#define TALLY_KINDS 8 /* of things that a row counts apart; what they are is the caller's */

struct tally_row {
	struct record first; /* what made the row */
	struct record last;  /* the newest; the row's are all equal by same() */
	uint64_t counts[TALLY_KINDS];
	/* The caller's to add to. */
	uint64_t bytes_up, bytes_down;
	uint64_t input, output, microdollars; /* tokens, and what they cost */
};

/* All zero but hash, same and limit to begin with. */
struct tally {
	uint64_t (*hash)(const struct record *r);
	bool (*same)(const struct record *a, const struct record *b);
	size_t limit; /* rows; each is two records */
	struct tally_row *rows;
	size_t count, room;
	struct index index;
	uint64_t unplaced; /* records that belonged to no row, and there was no room for another */
};

/*
 * Counts the record, as one of that kind. *ret_row is its row, valid until the
 * next call, or NULL when it found no room; ret_row may be NULL. -ENOMEM, and
 * nothing is changed.
 */
int tally_add(struct tally *t, const struct record *r, unsigned int kind,
	      struct tally_row **ret_row);

/* All kinds of a row together. */
uint64_t tally_total(const struct tally_row *row);

/* The rows that count most come first; of equals, the older. Nothing can be added after it. */
void tally_sort(struct tally *t);

void tally_release(struct tally *t);

#endif
