/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many calls the programs of a class make, learned while they run. */
#ifndef AGENTOS_SCHED_LEARN_H
#define AGENTOS_SCHED_LEARN_H

#include <stdint.h>

#define LEARN_PARTS 72 /* of the scale of calls: each of the first eight, then four an octave */

/*
 * For each part of the scale, how many programs ended in it, and how many went
 * on beyond it: the estimate of Kaplan and Meier, in which a program that still runs
 * tells as much as it can. Where little was seen, programs are taken to be of any
 * length (Pareto's law with 1 as its exponent). Old ones are forgotten by halves.
 * All zero knows nothing.
 */
struct learn {
	float ended[LEARN_PARTS], passed[LEARN_PARTS];
};

/* A program's number of calls grows from calls to calls + 1. */
void learn_call(struct learn *l, uint64_t calls);
/* One is at its end. */
void learn_end(struct learn *l, uint64_t calls);

/*
 * Of a program that made so many calls: calls still to be made for each chance to be at its end,
 * for the length of further service where that is least (Gittins' index, upside down).
 */
double learn_index(const struct learn *l, uint64_t calls);

#endif
