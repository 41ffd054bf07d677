// SPDX-License-Identifier: GPL-2.0-or-later
/* What came of a ring's records. */
#include "audit/account.h"

#include <string.h>

static bool account_bit(const struct account *a, uint64_t seq)
{
	return a->seen[seq % ACCOUNT_WINDOW / 8] & (1U << (seq % 8));
}

static bool account_in_window(const struct account *a, uint64_t seq)
{
	return seq <= a->highest && a->highest - seq < ACCOUNT_WINDOW;
}

bool account_seen(const struct account *a, uint64_t seq)
{
	return account_in_window(a, seq) && account_bit(a, seq);
}

static void account_advance(struct account *a, uint64_t seq)
{
	uint64_t i;

	if (seq <= a->highest)
		return;
	if (seq - a->highest >= ACCOUNT_WINDOW) {
		memset(a->seen, 0, sizeof(a->seen));
	} else {
		for (i = a->highest + 1; i <= seq; i++)
			a->seen[i % ACCOUNT_WINDOW / 8] &= (uint8_t) ~(1U << (i % 8));
	}
	a->highest = seq;
}

/* When as many are accounted for as were ever numbered, nothing is missing below. */
static void account_settle(struct account *a)
{
	if (a->received + a->lost >= a->highest)
		a->settled = a->received + a->lost;
}

void account_receive(struct account *a, uint64_t seq)
{
	account_advance(a, seq);
	if (account_in_window(a, seq))
		a->seen[seq % ACCOUNT_WINDOW / 8] |= (uint8_t)(1U << (seq % 8));
	a->received++;
	account_settle(a);
}

uint64_t account_loss(const struct account *a, uint64_t drops, uint64_t *ret_first,
		      uint64_t *ret_last)
{
	uint64_t first, last;

	if (drops <= a->lost)
		return 0;
	first = a->settled + 1;
	last = a->received + drops;
	if (last < a->highest)
		last = a->highest;
	while (first < last && account_seen(a, first))
		first++;
	while (last > first && account_seen(a, last))
		last--;
	*ret_first = first;
	*ret_last = last;
	return drops - a->lost;
}

void account_lose(struct account *a, uint64_t count, uint64_t last)
{
	account_advance(a, last);
	a->lost += count;
	account_settle(a);
}
