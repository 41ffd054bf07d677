/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One mix under all subjects, with many seeds: its figures, as a table, as JSON and as a plot. */
#ifndef AGENTOS_SIM_SERIES_H
#define AGENTOS_SIM_SERIES_H

#include <stdio.h>

#include "sim/measure.h"

#define SERIES_SEEDS 100 /* at most */

struct series {
	struct mix_options mix; /* the seed is from 1 to seeds */
	unsigned int seeds;
	struct run_options run;
	double *figures; /* owned: of each subject, of each figure, of each seed */
};

/* Runs all of them, for what series has beside figures. -ENOMEM; those of run_create() */
int series_run(struct series *s);
void series_release(struct series *s);

/* Over the seeds. */
double series_mean(const struct series *s, enum subject subject, enum figure figure);
double series_most(const struct series *s, enum subject subject, enum figure figure);

void series_print(const struct series *s, FILE *out);
/* Objects, each with a comma before it unless *first. */
void series_json(const struct series *s, FILE *out, int *first);
/* Bars of the mean by subject. */
void series_plot(const struct series *s, FILE *out, unsigned int top);
#define SERIES_PLOT 40 /* of height, for each series */

#endif
