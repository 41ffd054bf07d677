// SPDX-License-Identifier: GPL-2.0-or-later
/* Figures of a run. */
#include "sim/measure.h"

#include <errno.h>
#include <stdlib.h>

#define SECOND_NS 1e9
#define COST	  0.0005 /* dollars a second: 50 tokens, at 10 dollars for a million */

static const char *const names[][2] = {
	[FIGURE_MEAN] = { "mean_jct", "s" },
	[FIGURE_P90] = { "p90_jct", "s" },
	[FIGURE_P99] = { "p99_jct", "s" },
	[FIGURE_WAIT] = { "p90_wait", "s" },
	[FIGURE_WAIT_SEQUENTIAL] = { "p90_wait_sequential", "s" },
	[FIGURE_WORST] = { "worst_slowdown", "ratio" },
	[FIGURE_WORST_FAN_OUT] = { "worst_slowdown_fanout", "ratio" },
	[FIGURE_SLOW_P99] = { "p99_slowdown", "ratio" },
	[FIGURE_JAIN] = { "jain", "ratio" },
	[FIGURE_MISSED] = { "deadline_miss", "ratio" },
	[FIGURE_OTHERS] = { "mean_jct_others", "s" },
	[FIGURE_COST] = { "cost", "dollars" },
};

const char *figure_name(enum figure figure)
{
	return names[figure][0];
}

const char *figure_unit(enum figure figure)
{
	return names[figure][1];
}

static int value_order(const void *a, const void *b)
{
	const double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

/* Sorts them. */
static double percentile(double *values, size_t count, double part)
{
	if (!count)
		return 0;
	qsort(values, count, sizeof(*values), value_order);
	return values[(size_t)(part * (double)(count - 1))];
}

static void measure_programs(const struct mix *mix, const struct run *run, const struct run *fifo,
			     double f[FIGURES])
{
	double sum = 0, squares = 0, deadlines = 0, missed = 0, others = 0, ratio, took, even;
	const struct mix_program *p;
	size_t i;

	for (i = 0; i < mix->count; i++) {
		p = &mix->programs[i];
		took = (double)run->took_ns[i];
		ratio = took / (double)fifo->took_ns[i];
		even = (double)p->unloaded_ns / took;
		sum += even;
		squares += even * even;
		f[FIGURE_MEAN] += took / SECOND_NS / (double)mix->count;
		if (ratio > f[FIGURE_WORST])
			f[FIGURE_WORST] = ratio;
		if (p->fan_out && ratio > f[FIGURE_WORST_FAN_OUT])
			f[FIGURE_WORST_FAN_OUT] = ratio;
		if (!p->critical) {
			others += took / SECOND_NS;
			continue;
		}
		deadlines++;
		missed += p->arrival_ns + run->took_ns[i] > p->deadline_ns;
	}
	f[FIGURE_JAIN] = sum * sum / squares / (double)mix->count;
	f[FIGURE_MISSED] = deadlines > 0 ? missed / deadlines : 0;
	if ((double)mix->count > deadlines)
		f[FIGURE_OTHERS] = others / ((double)mix->count - deadlines);
}

static void measure_calls(const struct mix *mix, const struct run *run, double *values,
			  double f[FIGURES])
{
	const struct mix_program *p;
	size_t i, k, count = 0;

	for (i = 0; i < mix->call_count; i++) {
		values[i] = (double)run->wait_ns[i] / SECOND_NS;
		f[FIGURE_COST] += (double)mix->calls[i].service_ns / SECOND_NS * COST;
	}
	f[FIGURE_WAIT] = percentile(values, mix->call_count, 0.9);
	for (i = 0; i < mix->count; i++) {
		p = &mix->programs[i];
		for (k = p->first; !p->fan_out && k < p->first + p->count; k++)
			values[count++] = (double)run->wait_ns[k] / SECOND_NS;
	}
	f[FIGURE_WAIT_SEQUENTIAL] = percentile(values, count, 0.9);
}

int measure(const struct mix *mix, const struct run *run, const struct run *fifo,
	    double ret_figures[FIGURES])
{
	double *values = calloc(mix->call_count, sizeof(*values));
	double f[FIGURES] = { 0 };
	size_t i;

	if (!values)
		return -ENOMEM;
	measure_programs(mix, run, fifo, f);
	measure_calls(mix, run, values, f);
	for (i = 0; i < mix->count; i++)
		values[i] = (double)run->took_ns[i] / SECOND_NS;
	f[FIGURE_P90] = percentile(values, mix->count, 0.9);
	f[FIGURE_P99] = percentile(values, mix->count, 0.99);
	for (i = 0; i < mix->count; i++)
		values[i] = (double)run->took_ns[i] / (double)fifo->took_ns[i];
	f[FIGURE_SLOW_P99] = percentile(values, mix->count, 0.99);
	free(values);
	for (i = 0; i < FIGURES; i++)
		ret_figures[i] = f[i];
	return 0;
}
