/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The most frequent of any number of names, in bounded memory. */
#ifndef AGENTOS_BASE_TOP_H
#define AGENTOS_BASE_TOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOP_NAME 512 /* bytes of a name; what is longer counts by its first ones */

/*
 * Space-Saving, of Metwally, Agrawal and El Abbadi, "Efficient Computation of
 * Frequent and Top-k Elements in Data Streams" (2005): `room` names are counted;
 * one that is new takes the place and the count of the least frequent. So with
 * `total` counted in all,
 *	a name that was counted more than total / room times is there,
 *	its count is its own or too high, by at most `over` <= total / room,
 *	and all counts are exact as long as there are no more than room names.
 */
struct top;

struct top_entry {
	const char *name; /* of top's; not terminated */
	size_t len;
	uint64_t count;
	uint64_t over; /* at most so much of it is not its own */
};

/* room from 1 to 65535. -ENOMEM */
int top_create(size_t room, struct top **ret_top);
void top_free(struct top *t);
void top_add(struct top *t, const char *name, size_t len, uint64_t count);
/* At most `most` of them, the most frequent first, of equal ones by their bytes. Until the next top_add(). */
size_t top_list(struct top *t, struct top_entry *ret_entries, size_t most);
uint64_t top_total(const struct top *t);
/* Whether there were more names than room. */
bool top_is_full(const struct top *t);

#endif
