// SPDX-License-Identifier: GPL-2.0-or-later
/* Numbers that a seed makes. */
#include "sim/dice.h"

#include <math.h>

uint64_t dice_bits(struct dice *d)
{
	uint64_t z = d->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

double dice_unit(struct dice *d)
{
	return (double)((dice_bits(d) >> 11) + 1) / 9007199254740992.0;
}

double dice_exponential(struct dice *d, double mean)
{
	return -mean * log(dice_unit(d));
}

double dice_lognormal(struct dice *d, double deviation)
{
	const double radius = sqrt(-2 * log(dice_unit(d)));

	return exp(deviation * radius * cos(2 * M_PI * dice_unit(d)));
}

double dice_pareto(struct dice *d, double exponent)
{
	return pow(dice_unit(d), -1 / exponent);
}
