/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers that a seed makes: the same ones on every machine. */
#ifndef AGENTOS_SIM_DICE_H
#define AGENTOS_SIM_DICE_H

#include <stdint.h>

/* splitmix64, of Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014). */
struct dice {
	uint64_t state;
};

uint64_t dice_bits(struct dice *d);
/* Above 0, up to 1. */
double dice_unit(struct dice *d);
double dice_exponential(struct dice *d, double mean);
/* exp() of a normal one with this deviation around 0. */
double dice_lognormal(struct dice *d, double deviation);
/* At least 1. */
double dice_pareto(struct dice *d, double exponent);

#endif
