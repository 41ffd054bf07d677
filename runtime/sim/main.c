// SPDX-License-Identifier: GPL-2.0-or-later
/* agentos-sim: the scheduler that is made for the gateway in virtual time, beside others. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/decide.h"
#include "sim/series.h"

#define AGENTS_MOST SCHED_AGENTS
#define SLOTS_MOST  4096
#define LOAD_LEAST  0.01
#define LOAD_MOST   1000
#define RATE_MOST   1000000000
#define PLOT_SERIES 256

static const char usage[] =
	"Usage: agentos-sim [--mix MIX] [--agents N] [--load L] [--slots N] [--seeds N] ...\n"
	"Simulates agents that call a model, in virtual time, through the scheduler that is made for\n"
	"the gateway, where calls go out as they come so far, and beside it by others: calls as they\n"
	"come (fifo), agents as they come (program_fifo), no queue but tries again (retry), agents in\n"
	"turn (rr), least attained service (las), and the least remaining one, which nobody can know\n"
	"(clairvoyant).\n"
	"\n"
	"  --mix MIX      blind, informed, fanout, critical, relaxed, equal, react or mapreduce (blind)\n"
	"  --agents N     programs (250)\n"
	"  --load L       work that comes, beside what the slots can do; 0: all at once (1.8)\n"
	"  --slots N      calls at once (32)\n"
	"  --rate N       calls a minute that the model takes; 0: as many as there are slots for (0)\n"
	"  --seeds N      runs, with seeds from 1 (20)\n"
	"  --all          six mixes at 250 to 2,000 agents, loads 1.15, 1.8 and 0, instead of one\n"
	"  --stretch P    how patient the scheduler is: percent of the time in arrival order\n"
	"  --decisions    what a decision costs, with 10 to 100,000 calls queued\n"
	"  --json FILE    the figures of all runs; --plot FILE: bars of their means, as SVG\n"
	"  --version, --help\n"
	"\n"
	"Examples:\n"
	"  agentos-sim --agents 1000 --load 1.8        long programs and short ones, all unknown\n"
	"  agentos-sim --mix fanout --slots 8          what if there were 8 slots\n"
	"  agentos-sim --mix react --seeds 5 --plot react.svg\n"
	"\n"
	"Exit status: 0 done, 1 failed, 2 wrong usage.\n";

static const struct option options[] = {
	{ "mix", required_argument, NULL, 'm' },     { "agents", required_argument, NULL, 'n' },
	{ "load", required_argument, NULL, 'l' },    { "slots", required_argument, NULL, 's' },
	{ "rate", required_argument, NULL, 'r' },    { "seeds", required_argument, NULL, 'k' },
	{ "stretch", required_argument, NULL, 't' }, { "json", required_argument, NULL, 'j' },
	{ "plot", required_argument, NULL, 'p' },    { "all", no_argument, NULL, 'a' },
	{ "decisions", no_argument, NULL, 'd' },     { "version", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },	     { 0 },
};

struct sim {
	struct series one;
	bool all, decisions;
	const char *given; /* of one mix, which all has nothing of */
	const char *json_path, *plot_path;
	FILE *json, *plot;
	int first;
	unsigned int plotted;
};

static void complain(const char *what, const char *why)
{
	fprintf(stderr, "agentos-sim: %s: %s\n", what, why);
}

static bool number_parse(const char *text, double least, double most, double *ret_number)
{
	char *end;

	errno = 0;
	*ret_number = strtod(text, &end);
	return !errno && end != text && !*end && *ret_number >= least && *ret_number <= most;
}

static bool whole_parse(const char *text, double least, double most, unsigned int *ret_number)
{
	double number;

	if (!number_parse(text, least, most, &number) || number != (unsigned int)number)
		return false;
	*ret_number = (unsigned int)number;
	return true;
}

static bool option_take(struct sim *sim, int option)
{
	unsigned int number = 0;
	bool good = true;

	switch (option) {
	case 'm':
		sim->given = "--mix";
		return mix_parse(optarg, &sim->one.mix.kind) == 0;
	case 'n':
		sim->given = "--agents";
		good = whole_parse(optarg, 1, AGENTS_MOST, &number);
		sim->one.mix.agents = number;
		return good;
	case 'l':
		sim->given = "--load";
		return number_parse(optarg, 0, LOAD_MOST, &sim->one.mix.load) &&
		       (sim->one.mix.load == 0 || sim->one.mix.load >= LOAD_LEAST);
	case 'r':
		good = whole_parse(optarg, 0, RATE_MOST, &number);
		sim->one.run.requests_per_min = number;
		return good;
	case 's':
		good = whole_parse(optarg, 1, SLOTS_MOST, &number);
		sim->one.mix.slots = sim->one.run.slots = number;
		return good;
	case 'k':
		return whole_parse(optarg, 1, SERIES_SEEDS, &sim->one.seeds);
	case 't':
		return whole_parse(optarg, 100, SCHED_STRETCH, &sim->one.run.stretch_percent);
	case 'j':
		sim->json_path = optarg;
		return true;
	case 'p':
		sim->plot_path = optarg;
		return true;
	case 'a':
		return sim->all = true;
	default:
		return sim->decisions = true;
	}
}

/* --- what is done --- */

static int one_run(struct sim *sim, struct series *s)
{
	int rc;

	rc = series_run(s);
	if (rc) {
		complain(mix_name(s->mix.kind),
			 rc == -EAGAIN || rc == -ENOSPC ?
				 "more agents or calls at once than the scheduler takes" :
				 strerror(-rc));
		return rc;
	}
	series_print(s, stdout);
	if (sim->plot && sim->plotted < PLOT_SERIES)
		series_plot(s, sim->plot, ++sim->plotted * SERIES_PLOT);
	if (sim->json)
		series_json(s, sim->json, &sim->first);
	series_release(s);
	return 0;
}

static int all_run(struct sim *sim)
{
	static const size_t agents[] = { 250, 500, 1000, 2000 };
	static const double loads[] = { 1.15, 1.8, 0 };
	struct series s;
	size_t mix, i, k;
	int rc = 0;

	for (mix = MIX_BLIND; mix <= MIX_EQUAL; mix++) {
		for (i = 0; i < 4; i++) {
			for (k = 0; !rc && k < 3; k++) {
				s = sim->one;
				s.mix.kind = (enum mix_kind)mix;
				s.mix.agents = agents[i];
				s.mix.load = loads[k];
				s.run.relaxed = mix == MIX_RELAXED;
				rc = one_run(sim, &s);
			}
		}
	}
	return rc;
}

static int decisions_run(struct sim *sim)
{
	double next, turn;
	size_t queued;
	int rc;

	printf("\n%10s %18s %18s\n", "queued", "ns a decision", "ns a whole turn");
	for (queued = 10; queued <= 100000; queued *= 10) {
		rc = decide_cost(queued, &next, &turn);
		if (rc) {
			complain("--decisions", strerror(-rc));
			return rc;
		}
		printf("%10zu %18.0f %18.0f\n", queued, next, turn);
		if (!sim->json)
			continue;
		fprintf(sim->json,
			"%s\n{\"bench\": \"decision_ns\", \"subject\": \"ours\", \"queued\": %zu, \"value\": %.0f, \"unit\": \"ns\", \"low\": %.0f, \"high\": %.0f, \"runs\": 1}",
			sim->first ? "" : ",", queued, next, next, next);
		sim->first = 0;
	}
	return 0;
}

/* --- the files --- */

static bool file_open(const char *path, FILE **ret_file)
{
	if (!path)
		return true;
	*ret_file = fopen(path, "w");
	if (!*ret_file)
		complain(path, strerror(errno));
	return *ret_file != NULL;
}

static bool file_close(const char *path, FILE *file)
{
	bool good = true;

	if (file) {
		good = !ferror(file);
		good = fclose(file) == 0 && good;
		if (!good)
			complain(path, "cannot be written");
	}
	return good;
}

static void plot_begin(FILE *out)
{
	static const char *const colours[SUBJECTS] = { "#888", "#bbb", "#d95", "#99c",
						       "#36a", "#2a2", "#000" };
	unsigned int i;

	fputs("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 760 ", out);
	fprintf(out, "%d' font-family='sans-serif' font-size='13'>\n<style>",
		(PLOT_SERIES + 1) * SERIES_PLOT);
	for (i = 0; i < SUBJECTS; i++)
		fprintf(out, ".s%u{fill:%s}", i, colours[i]);
	fputs("</style>\n<text x='4' y='16'>mean completion</text>\n", out);
	for (i = 0; i < SUBJECTS; i++)
		fprintf(out, "<text class='s%u' x='%u' y='16'>%s</text>\n", i, 150 + i * 85,
			subject_name(i));
}

static int run(struct sim *sim)
{
	int rc = 0;

	if (!file_open(sim->json_path, &sim->json) || !file_open(sim->plot_path, &sim->plot)) {
		file_close(sim->json_path, sim->json);
		return 1;
	}
	if (sim->json)
		fputc('[', sim->json);
	if (sim->plot)
		plot_begin(sim->plot);
	if (sim->decisions)
		rc = decisions_run(sim);
	if (!rc && sim->all)
		rc = all_run(sim);
	else if (!rc && !sim->decisions)
		rc = one_run(sim, &sim->one);
	if (sim->json)
		fputs("\n]\n", sim->json);
	if (sim->plot)
		fputs("</svg>\n", sim->plot);
	if (!file_close(sim->json_path, sim->json) || !file_close(sim->plot_path, sim->plot))
		rc = 1;
	return rc ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct sim sim = {
		.one = { .mix = { MIX_BLIND, 250, 32, 1.8, 1 },
			 .seeds = 20,
			 .run = { .slots = 32 } },
		.first = 1,
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'h' || option == 'v') {
			fputs(option == 'h' ? usage : "agentos-sim " AGENTOS_VERSION "\n", stdout);
			return 0;
		}
		if (option == '?' || !option_take(&sim, option)) {
			if (option != '?')
				complain(optarg, "not a value for this option; see --help");
			return 2;
		}
	}
	if (optind < argc) {
		complain(argv[optind], "not expected; see --help");
		return 2;
	}
	if (sim.given && (sim.all || sim.decisions)) {
		complain(sim.given, "is of one mix: not with --all or --decisions");
		return 2;
	}
	return run(&sim);
}
