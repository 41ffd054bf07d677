// SPDX-License-Identifier: GPL-2.0-or-later
/* Texts of limits:, budgets: and schedule: made into numbers within bounds. */
#include "policy/terms.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/amount.h"
#include "base/limits.h"
#include "lib/libagentos.h"

#define TERM_SIZE 128 /* the longest budget is shorter */

/* One text, and where it stands. */
struct term {
	const struct source *source;
	const char *key; /* "limits.memory" */
	const char *text;
	uint32_t line;
};

/* Sets what is wrong: the key, its text, and the words that say what would be right. */
static int term_fault(const struct term *t, const char *wrong, const char *meant)
{
	return source_fault(t->source, EINVAL, t->line, "%s: %s %s; write %s", t->key,
			    source_quote(t->text, strlen(t->text)).text, wrong, meant);
}

/* False when the file does not have the key. */
static bool term_find(struct term *t, const struct source *source, const struct outline *outline,
		      const char *key, const char *text)
{
	const struct outline_place *place = text ? outline_find(outline, key) : NULL;

	*t = (struct term){ source, key, text, place ? place->line : 0 };
	return place != NULL;
}

/* A whole number of 1 to `most` without a sign, and `unit` behind it. */
static int whole_parse(const char *text, const char *unit, uint32_t most, uint32_t *ret)
{
	uint64_t value = 0;
	const char *at = text;

	for (; *at >= '0' && *at <= '9'; at++) {
		value = value * 10 + (uint64_t)(*at - '0');
		if (value > most)
			return -ERANGE;
	}
	if (at == text || strcmp(at, unit) != 0)
		return -EINVAL;
	if (!value)
		return -EDOM;
	*ret = (uint32_t)value;
	return 0;
}

static int whole_build(const struct term *t, const char *unit, uint32_t most, const char *meant,
		       uint32_t *ret)
{
	int err = whole_parse(t->text, unit, most, ret);

	if (!err)
		return 0;
	return term_fault(t,
			  err == -ERANGE ? "is too large" :
			  err == -EDOM	 ? "would let it do nothing" :
					   "is no such number",
			  meant);
}

static int memory_build(const struct term *t, uint64_t *ret)
{
	static const char meant[] = "an amount of bytes from 1MiB up to 1048576GiB, such as 512MiB "
				    "or 2G (two thousand million)";
	uint64_t bytes;
	int err = amount_parse(AGENTOS_RESOURCE_NET_BYTES, t->text, &bytes);

	if (!err && bytes == AGENTOS_BUDGET_UNLIMITED)
		return term_fault(t, "is no limit", "an amount, or take the line out");
	if (err == -EINVAL)
		return term_fault(t, "is no amount of bytes", meant);
	if (err || bytes > LIMIT_AGENT_MEMORY_MAX)
		return term_fault(t, "is too large", meant);
	if (bytes < LIMIT_AGENT_MEMORY_MIN)
		return term_fault(t, "is too little for any program", meant);
	*ret = bytes;
	return 0;
}

static int limits_build(struct compiled_limits *limits, const struct raw_limits *raw,
			const struct outline *outline, const struct source *source)
{
	struct term t;
	int err = 0;

	if (!raw)
		return 0;
	if (term_find(&t, source, outline, "limits.memory", raw->memory))
		err = memory_build(&t, &limits->memory);
	if (!err && term_find(&t, source, outline, "limits.processes", raw->processes))
		err = whole_build(&t, "", LIMIT_AGENT_PROCESSES,
				  "how many there may be, threads included: 1 to 4194304",
				  &limits->processes);
	if (!err && term_find(&t, source, outline, "limits.cpu", raw->cpu))
		err = whole_build(&t, "%", LIMIT_AGENT_CPU,
				  "a share of one processor, 1% to 819200%: 150% is one and a half",
				  &limits->cpu);
	if (!err && term_find(&t, source, outline, "limits.io-weight", raw->io_weight))
		err = whole_build(&t, "", LIMIT_AGENT_IO_WEIGHT,
				  "a weight of 1 to 10000; who has none has 100",
				  &limits->io_weight);
	return err;
}

static char *text_trim(char *text)
{
	char *end = text + strlen(text);

	while (end > text && end[-1] == ' ')
		*--end = '\0';
	return text + strspn(text, " ");
}

/* "5k per 24h, pause" in its three parts; those that are left out are NULL. */
struct parts {
	char copy[TERM_SIZE];
	char *amount, *period, *action;
};

static int parts_split(const struct term *t, struct parts *parts)
{
	char *comma, *per;

	*parts = (struct parts){ .amount = parts->copy };
	if (snprintf(parts->copy, sizeof(parts->copy), "%s", t->text) >= (int)sizeof(parts->copy))
		return -EINVAL;
	comma = strchr(parts->copy, ',');
	if (comma) {
		*comma = '\0';
		parts->action = text_trim(comma + 1);
	}
	per = strncmp(parts->copy, "per ", 4) == 0 ? parts->copy : strstr(parts->copy, " per ");
	if (per) {
		parts->period = text_trim(per + (*per == ' ' ? 5 : 4));
		*per = '\0';
	}
	parts->amount = text_trim(parts->copy);
	return 0;
}

static int amount_build(const struct term *t, uint32_t resource, const char *text, uint64_t *ret)
{
	const bool time = resource >= AGENTOS_RESOURCE_CHARGED;
	char meant[TERM_SIZE], wrong[TERM_SIZE];
	int err = amount_parse(resource, text, ret);

	if (!err && (*ret || !time))
		return 0;
	snprintf(meant, sizeof(meant), "%s, or none", amount_forms(resource));
	snprintf(wrong, sizeof(wrong), "is no amount of %s", agentos_resource_name(resource));
	return term_fault(t,
			  err == -ERANGE ? "is too large" :
			  err		 ? wrong :
					   "is over at once",
			  meant);
}

static int budget_build(const struct term *t, uint32_t resource, struct compiled_budget *budget)
{
	struct parts parts;
	int action = AGENTOS_BUDGET_REFUSE, err;

	if (parts_split(t, &parts))
		return term_fault(t, "is too long",
				  "AMOUNT, AMOUNT per TIME, and perhaps a comma "
				  "and refuse, pause or kill");
	if (!parts.amount[0])
		return term_fault(t, "says no amount", "AMOUNT per TIME, such as 100 per 24h");
	err = amount_build(t, resource, parts.amount, &budget->limit);
	if (err)
		return err;
	if (parts.action)
		action = agentos_action_number(parts.action);
	if (action < 0)
		return term_fault(t, "has an unknown action",
				  "refuse, pause or kill behind the comma");
	if (budget->limit == AGENTOS_BUDGET_UNLIMITED && (parts.period || parts.action))
		return term_fault(t, "has no limit that could begin anew or be reached",
				  "an amount, or none alone");
	if (parts.period && resource == AGENTOS_RESOURCE_WALL_NS)
		return term_fault(t, "has a period, but this counts from the agent's creation",
				  "it without \"per\"");
	if (parts.period && (amount_duration(parts.period, &budget->period_ns) ||
			     !budget->period_ns || budget->period_ns > LIMIT_POLICY_TIME_NS))
		return term_fault(t, "has no time behind \"per\"",
				  "one like 90s, 1.5h or 30d, at most 36500d");
	budget->action = (uint32_t)action;
	budget->given = 1;
	return 0;
}

static int budgets_build(struct compiled_budget *budgets, const struct raw_budgets *raw,
			 const struct outline *outline, const struct source *source)
{
	const struct {
		const char *key, *text;
	} all[AGENTOS_RESOURCE_COUNT] = {
		[AGENTOS_RESOURCE_TOKENS] = { "budgets.tokens", raw ? raw->tokens : NULL },
		[AGENTOS_RESOURCE_MICRODOLLARS] = { "budgets.microdollars",
						    raw ? raw->microdollars : NULL },
		[AGENTOS_RESOURCE_TOOL_CALLS] = { "budgets.tool-calls",
						  raw ? raw->tool_calls : NULL },
		[AGENTOS_RESOURCE_NET_BYTES] = { "budgets.net-bytes", raw ? raw->net_bytes : NULL },
		[AGENTOS_RESOURCE_CPU_NS] = { "budgets.cpu-ns", raw ? raw->cpu_ns : NULL },
		[AGENTOS_RESOURCE_WALL_NS] = { "budgets.wall-ns", raw ? raw->wall_ns : NULL },
	};
	struct term t;
	uint32_t i;
	int err = 0;

	for (i = 0; i < AGENTOS_RESOURCE_COUNT && !err; i++)
		if (term_find(&t, source, outline, all[i].key, all[i].text))
			err = budget_build(&t, i, &budgets[i]);
	return err;
}

static int criticality_build(const struct term *t, uint32_t *ret)
{
	int err = whole_parse(t->text, "", AGENTOS_CRITICALITY_MAX, ret);

	if (err == -EDOM)
		*ret = 0;
	else if (err)
		return term_fault(t, "is no criticality", "0 to 100; 50 is as if never set");
	return 0;
}

static int fixed_build(const struct term *t, uint32_t *ret)
{
	int err = amount_fixed(t->text, ret);

	if (!err)
		return 0;
	return term_fault(t, err == -ERANGE ? "is too large or too small" : "is no such number",
			  "one from 0 to 65535.99998, such as 1.5");
}

static int schedule_build(struct compiled_schedule *schedule, const struct raw_schedule *raw,
			  const struct outline *outline, const struct source *source)
{
	struct term t;
	int err = 0, phase;

	if (!raw)
		return 0;
	if (term_find(&t, source, outline, "schedule.criticality", raw->criticality)) {
		err = criticality_build(&t, &schedule->criticality);
		schedule->given |= COMPILED_CRITICALITY;
	}
	if (!err && term_find(&t, source, outline, "schedule.phase", raw->phase)) {
		phase = agentos_phase_number(raw->phase);
		if (phase < 0)
			return term_fault(&t, "is no phase",
					  "working, interactive, waiting or background");
		schedule->phase = (uint32_t)phase;
		schedule->given |= COMPILED_PHASE;
	}
	if (!err && term_find(&t, source, outline, "schedule.deadline", raw->deadline)) {
		if (amount_duration(raw->deadline, &schedule->deadline_ns) ||
		    !schedule->deadline_ns || schedule->deadline_ns > LIMIT_POLICY_TIME_NS)
			return term_fault(&t, "is no time from the start of the agent",
					  "one like 90s or 1.5h, at most 36500d");
		schedule->given |= COMPILED_DEADLINE;
	}
	if (!err && term_find(&t, source, outline, "schedule.efficiency", raw->efficiency)) {
		err = fixed_build(&t, &schedule->efficiency);
		schedule->given |= COMPILED_EFFICIENCY;
	}
	if (!err && term_find(&t, source, outline, "schedule.cost", raw->cost)) {
		err = fixed_build(&t, &schedule->cost);
		schedule->given |= COMPILED_COST;
	}
	return err;
}

int terms_build(struct policy *p, const struct document *d)
{
	struct compiled_terms *terms = &p->terms;
	int err = limits_build(&terms->limits, d->raw->limits, &d->outline, &d->source);

	if (!err)
		err = budgets_build(terms->budgets, d->raw->budgets, &d->outline, &d->source);
	if (!err)
		err = schedule_build(&terms->schedule, d->raw->schedule, &d->outline, &d->source);
	return err;
}

static void schedule_overlay(struct compiled_schedule *base, const struct compiled_schedule *top)
{
	base->given |= top->given;
	if (top->given & COMPILED_CRITICALITY)
		base->criticality = top->criticality;
	if (top->given & COMPILED_PHASE)
		base->phase = top->phase;
	if (top->given & COMPILED_DEADLINE)
		base->deadline_ns = top->deadline_ns;
	if (top->given & COMPILED_EFFICIENCY)
		base->efficiency = top->efficiency;
	if (top->given & COMPILED_COST)
		base->cost = top->cost;
}

void terms_overlay(struct policy *base, const struct policy *top)
{
	struct compiled_limits *limits = &base->terms.limits;
	const struct compiled_limits *above = &top->terms.limits;
	uint32_t i;

	limits->memory = above->memory ?: limits->memory;
	limits->processes = above->processes ?: limits->processes;
	limits->cpu = above->cpu ?: limits->cpu;
	limits->io_weight = above->io_weight ?: limits->io_weight;
	for (i = 0; i < AGENTOS_RESOURCE_COUNT; i++)
		if (top->terms.budgets[i].given)
			base->terms.budgets[i] = top->terms.budgets[i];
	schedule_overlay(&base->terms.schedule, &top->terms.schedule);
}
