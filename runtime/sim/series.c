// SPDX-License-Identifier: GPL-2.0-or-later
/* One mix under all subjects, with many seeds. */
#include "sim/series.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PLOT_WIDTH 560.0
#define LABEL	   170

static double *seed_figures(const struct series *s, enum subject subject, enum figure figure)
{
	return s->figures + ((size_t)subject * FIGURES + figure) * s->seeds;
}

static int subject_run(struct series *s, const struct mix *mix, enum subject subject,
		       unsigned int seed, const struct run *fifo)
{
	struct run_options options = s->run;
	double figures[FIGURES];
	struct run run;
	unsigned int i;
	int rc;

	options.subject = subject;
	options.seed = seed;
	rc = run_create(&options, mix, &run);
	if (rc)
		return rc;
	rc = measure(mix, &run, fifo, figures);
	for (i = 0; !rc && i < FIGURES; i++)
		seed_figures(s, subject, i)[seed - 1] = figures[i];
	run_release(&run);
	return rc;
}

static int seed_run(struct series *s, unsigned int seed)
{
	struct run_options options = s->run;
	struct mix_options made = s->mix;
	unsigned int subject;
	struct run fifo;
	struct mix mix;
	int rc;

	made.seed = seed;
	rc = mix_create(&made, &mix);
	if (rc)
		return rc;
	options.subject = SUBJECT_FIFO;
	rc = run_create(&options, &mix, &fifo);
	if (!rc) {
		for (subject = 0; !rc && subject < SUBJECTS; subject++)
			rc = subject_run(s, &mix, subject, seed, &fifo);
		run_release(&fifo);
	}
	mix_release(&mix);
	return rc;
}

int series_run(struct series *s)
{
	unsigned int seed;
	int rc = 0;

	s->figures = calloc((size_t)SUBJECTS * FIGURES * s->seeds, sizeof(*s->figures));
	if (!s->figures)
		return -ENOMEM;
	for (seed = 1; !rc && seed <= s->seeds; seed++)
		rc = seed_run(s, seed);
	if (rc)
		series_release(s);
	return rc;
}

void series_release(struct series *s)
{
	free(s->figures);
	s->figures = NULL;
}

double series_mean(const struct series *s, enum subject subject, enum figure figure)
{
	const double *values = seed_figures(s, subject, figure);
	double sum = 0;
	unsigned int i;

	for (i = 0; i < s->seeds; i++)
		sum += values[i];
	return sum / s->seeds;
}

double series_most(const struct series *s, enum subject subject, enum figure figure)
{
	const double *values = seed_figures(s, subject, figure);
	double most = values[0];
	unsigned int i;

	for (i = 1; i < s->seeds; i++)
		most = values[i] > most ? values[i] : most;
	return most;
}

static const char *load_text(const struct series *s, char text[16])
{
	if (s->mix.load > 0)
		snprintf(text, 16, "%g", s->mix.load);
	else
		strcpy(text, "burst");
	return text;
}

void series_print(const struct series *s, FILE *out)
{
	const double fifo = series_mean(s, SUBJECT_FIFO, FIGURE_MEAN);
	unsigned int i;
	char load[16];

	fprintf(out, "\n%s, %zu agents, load %s, %u slots, %u seeds\n", mix_name(s->mix.kind),
		s->mix.agents, load_text(s, load), s->mix.slots, s->seeds);
	fprintf(out, "%-13s %8s %6s %8s %8s %8s %8s %6s %6s %6s %6s %8s\n", "", "mean s", "/fifo",
		"p90 s", "p99 s", "wait90", "seq.w90", "worst", "p99sl", "jain", "miss", "cost $");
	for (i = 0; i < SUBJECTS; i++)
		fprintf(out,
			"%-13s %8.1f %6.3f %8.1f %8.1f %8.1f %8.1f %6.2f %6.2f %6.3f %6.3f %8.2f\n",
			subject_name(i), series_mean(s, i, FIGURE_MEAN),
			series_mean(s, i, FIGURE_MEAN) / fifo, series_mean(s, i, FIGURE_P90),
			series_mean(s, i, FIGURE_P99), series_mean(s, i, FIGURE_WAIT),
			series_mean(s, i, FIGURE_WAIT_SEQUENTIAL), series_most(s, i, FIGURE_WORST),
			series_mean(s, i, FIGURE_SLOW_P99), series_mean(s, i, FIGURE_JAIN),
			series_mean(s, i, FIGURE_MISSED), series_mean(s, i, FIGURE_COST));
	fflush(out);
}

static int value_order(const void *a, const void *b)
{
	const double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

void series_json(const struct series *s, FILE *out, int *first)
{
	unsigned int i, k;
	double *values;
	char load[16];

	for (i = 0; i < SUBJECTS; i++) {
		for (k = 0; k < FIGURES; k++) {
			values = seed_figures(s, i, k);
			qsort(values, s->seeds, sizeof(*values), value_order);
			fprintf(out,
				"%s\n{\"bench\": \"%s\", \"subject\": \"%s\", \"mix\": \"%s\", ",
				*first ? "" : ",", figure_name(k), subject_name(i),
				mix_name(s->mix.kind));
			fprintf(out, "\"agents\": %zu, \"load\": \"%s\", \"live\": false, ",
				s->mix.agents, load_text(s, load));
			fprintf(out,
				"\"value\": %.6g, \"unit\": \"%s\", \"low\": %.6g, \"high\": %.6g, \"runs\": %u}",
				(values[(s->seeds - 1) / 2] + values[s->seeds / 2]) / 2,
				figure_unit(k), values[0], values[s->seeds - 1], s->seeds);
			*first = 0;
		}
	}
}

void series_plot(const struct series *s, FILE *out, unsigned int top)
{
	double most = 0, mean;
	unsigned int i;
	char load[16];

	for (i = 0; i < SUBJECTS; i++) {
		mean = series_mean(s, i, FIGURE_MEAN);
		most = mean > most ? mean : most;
	}
	fprintf(out, "<text x='4' y='%u'>%s %zu, %s</text>\n", top + 20, mix_name(s->mix.kind),
		s->mix.agents, load_text(s, load));
	for (i = 0; i < SUBJECTS; i++) {
		mean = series_mean(s, i, FIGURE_MEAN);
		fprintf(out, "<rect class='s%u' x='%d' y='%u' width='%.1f' height='4'>", i, LABEL,
			top + 4 + i * 5, mean / most * PLOT_WIDTH);
		fprintf(out, "<title>%s: %.1f s</title></rect>\n", subject_name(i), mean);
	}
}
