// SPDX-License-Identifier: GPL-2.0-or-later
/* Counting by what records have in common: first come, first counted apart. */
#include "audit/tally.h"

#include <errno.h>
#include <stdlib.h>

#define TALLY_FIRST 16

static bool row_equal(const void *wanted, const void *cookie, size_t at)
{
	const struct tally *t = cookie;

	return t->same(wanted, &t->rows[at].first);
}

static uint64_t row_hash(const void *cookie, size_t at)
{
	const struct tally *t = cookie;

	return t->hash(&t->rows[at].first);
}

static int row_make(struct tally *t, const struct record *r)
{
	size_t room = t->room ? 2 * t->room : TALLY_FIRST;
	struct tally_row *rows;
	int rc;

	if (t->count == t->room) {
		if (room > t->limit)
			room = t->limit;
		rows = reallocarray(t->rows, room, sizeof(*rows));
		if (!rows)
			return -ENOMEM;
		t->rows = rows;
		t->room = room;
	}
	t->rows[t->count] = (struct tally_row){ .first = *r };
	rc = index_add(&t->index, t->count, row_hash, t);
	if (rc)
		return rc;
	t->count++;
	return 0;
}

int tally_add(struct tally *t, const struct record *r, unsigned int kind,
	      struct tally_row **ret_row)
{
	struct tally_row *row = NULL;
	size_t at = index_find(&t->index, t->hash(r), row_equal, r, t);
	int rc;

	if (at == SIZE_MAX && t->count < t->limit) {
		rc = row_make(t, r);
		if (rc)
			return rc;
		at = t->count - 1;
	}
	if (at == SIZE_MAX) {
		t->unplaced++;
	} else {
		row = &t->rows[at];
		row->last = *r;
		row->counts[kind]++;
	}
	if (ret_row)
		*ret_row = row;
	return 0;
}

uint64_t tally_total(const struct tally_row *row)
{
	uint64_t total = 0;
	unsigned int i;

	for (i = 0; i < TALLY_KINDS; i++)
		total += row->counts[i];
	return total;
}

static int row_compare(const void *a, const void *b)
{
	const struct tally_row *x = a, *y = b;
	uint64_t tx = tally_total(x), ty = tally_total(y);

	if (tx != ty)
		return tx < ty ? 1 : -1;
	return x->first.seq < y->first.seq ? -1 : x->first.seq > y->first.seq;
}

void tally_sort(struct tally *t)
{
	if (t->count)
		qsort(t->rows, t->count, sizeof(*t->rows), row_compare);
}

void tally_release(struct tally *t)
{
	free(t->rows);
	index_release(&t->index);
	t->rows = NULL;
	t->count = t->room = 0;
}
