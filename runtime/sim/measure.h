/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Figures of a run, beside those of the same programs in arrival order. */
#ifndef AGENTOS_SIM_MEASURE_H
#define AGENTOS_SIM_MEASURE_H

#include "sim/run.h"

enum figure {
	FIGURE_MEAN, /* of programs' times, s; likewise the percentiles */
	FIGURE_P90,
	FIGURE_P99,
	FIGURE_WAIT,		/* p90 of calls' waits, s */
	FIGURE_WAIT_SEQUENTIAL, /* of those of programs that do not fan out */
	FIGURE_WORST,		/* the worst program's time, as a multiple of its time by fifo */
	FIGURE_WORST_FAN_OUT,	/* of those that fan out */
	FIGURE_SLOW_P99,	/* the 99th percentile of such multiples */
	FIGURE_JAIN,		/* of unloaded time / time: 1 if all are slowed down alike */
	FIGURE_MISSED,		/* share of deadlines */
	FIGURE_OTHERS,		/* the mean of those that have no deadline, s */
	FIGURE_COST,		/* dollars: the time of all calls, at 0.0005 a second */
	FIGURES
};

/* As the file of figures calls it, and its unit. */
const char *figure_name(enum figure figure);
const char *figure_unit(enum figure figure);

/* -ENOMEM */
int measure(const struct mix *mix, const struct run *run, const struct run *fifo,
	    double ret_figures[FIGURES]);

#endif
