/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What came of a ring's records: received, lost, already seen. Pure arithmetic over sequence numbers. */
#ifndef AGENTOS_AUDIT_ACCOUNT_H
#define AGENTOS_AUDIT_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The kernel numbers each record of a ring from 1 when it is made and counts
 * those that found no room in `drops`, so at rest: issued = received + drops.
 * Both begin with the ring's map and end with it. What the log says is lost is
 * `lost`; drops - lost is what it still has to say. All of this is derived
 * from the log, so that a daemon that dies between any two steps neither hides
 * a loss nor counts one twice: what was not on disk is worked out again.
 *
 * Records of several CPUs may come a little out of order; which of the last
 * ACCOUNT_WINDOW numbers were seen is kept bit by bit. An older number is taken
 * as new: the rings hold back no record for so long.
 */
#define ACCOUNT_WINDOW 4096

struct account {
	uint64_t received; /* different records */
	uint64_t lost;	   /* as recorded in the log */
	uint64_t highest;  /* number received, or told in a loss */
	uint64_t settled;  /* all up to this one are received or recorded as lost */
	uint8_t seen[ACCOUNT_WINDOW / 8];
};

bool account_seen(const struct account *a, uint64_t seq);
void account_receive(struct account *a, uint64_t seq);

/*
 * Given the kernel's count of drops: how many are not in the log yet, and the
 * range of numbers in which they fell, inclusive and as narrow as is known.
 * 0 when there is nothing to say.
 */
uint64_t account_loss(const struct account *a, uint64_t drops, uint64_t *ret_first,
		      uint64_t *ret_last);
/* The loss is in the log. */
void account_lose(struct account *a, uint64_t count, uint64_t last);

#endif
