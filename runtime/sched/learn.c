// SPDX-License-Identifier: GPL-2.0-or-later
/* How many calls the programs of a class make: hazards by parts of a logarithmic scale. */
#include "sched/learn.h"

#include <stddef.h>

#define EXACT	 8    /* parts of one call each */
#define OCTAVE	 4    /* parts of each octave behind them */
#define PRIOR	 1.0  /* programs that what is known without having seen one counts for */
#define MEMORY	 4096 /* programs in one part, before half of them are forgotten */
#define LEFT_OUT 0.02 /* of programs, at the long end */

static size_t part_of(uint64_t calls)
{
	unsigned int octave;
	size_t part;

	if (calls < EXACT)
		return (size_t)calls;
	octave = 63 - (unsigned int)__builtin_clzll(calls);
	part = EXACT + (octave - 3) * OCTAVE + ((calls >> (octave - 2)) & (OCTAVE - 1));
	return part < LEARN_PARTS ? part : LEARN_PARTS - 1;
}

/* The first number of calls in it. */
static double part_begin(size_t part)
{
	if (part <= EXACT)
		return (double)part;
	part -= EXACT;
	return (double)((OCTAVE + part % OCTAVE) << (part / OCTAVE + 1));
}

static void forget(struct learn *l, size_t part)
{
	if (l->ended[part] + l->passed[part] < MEMORY)
		return;
	l->ended[part] /= 2;
	l->passed[part] /= 2;
}

void learn_call(struct learn *l, uint64_t calls)
{
	const size_t part = part_of(calls);

	if (part == part_of(calls + 1))
		return;
	l->passed[part]++;
	forget(l, part);
}

void learn_end(struct learn *l, uint64_t calls)
{
	const size_t part = part_of(calls);

	l->ended[part]++;
	forget(l, part);
}

/* The chance to end within a part, of a program that comes to it. */
static double hazard(const struct learn *l, size_t part)
{
	const double begin = part_begin(part), end = part_begin(part + 1);
	const double prior = begin > 0 ? 1 - begin / end : 0;

	return (l->ended[part] + PRIOR * prior) / (l->ended[part] + l->passed[part] + PRIOR);
}

double learn_index(const struct learn *l, uint64_t calls)
{
	double at = (double)calls, left = 1, spent = 0, least = -1;
	size_t part;

	for (part = part_of(calls); part + 1 < LEARN_PARTS && left > LEFT_OUT; part++) {
		const double end = part_begin(part + 1), width = end - at;
		/* Of a part that it is in the middle of, what is left. */
		const double chance = hazard(l, part) * width / (end - part_begin(part));

		spent += left * width * (1 - chance / 2);
		left *= 1 - chance;
		if (left < 1 && (least < 0 || spent / (1 - left) < least))
			least = spent / (1 - left);
		at = end;
	}
	return least < 0 ? (double)calls : least;
}
