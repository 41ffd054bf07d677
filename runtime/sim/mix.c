// SPDX-License-Identifier: GPL-2.0-or-later
/* Agent programs from a generator. */
#include "sim/mix.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/dice.h"

#define SECOND_NS   1e9
#define CALLS_MOST  400 /* of one program of the heavy-tailed kind */
#define TAIL	    1.1
#define NOISE	    0.8 /* of the time of a call */
#define THINK_S	    0.5
#define CLASSES	    8
#define CLASS_CALLS 200 /* of the longest class */
#define CLASS_NOISE 0.5
#define FAN_CALLS   100
#define ONE_IN	    10 /* programs fan out, or are critical */
#define SLACK	    1.5
#define EQUAL_CALLS 20
#define SLOTS_MOST  65536

static const char *const names[] = {
	[MIX_BLIND] = "blind",	     [MIX_INFORMED] = "informed",   [MIX_FANOUT] = "fanout",
	[MIX_CRITICAL] = "critical", [MIX_RELAXED] = "relaxed",	    [MIX_EQUAL] = "equal",
	[MIX_REACT] = "react",	     [MIX_MAPREDUCE] = "mapreduce",
};

const char *mix_name(enum mix_kind kind)
{
	return kind < MIX_KINDS ? names[kind] : NULL;
}

int mix_parse(const char *name, enum mix_kind *ret_kind)
{
	unsigned int i;

	for (i = 0; i < MIX_KINDS; i++) {
		if (strcmp(names[i], name) == 0) {
			*ret_kind = (enum mix_kind)i;
			return 0;
		}
	}
	return -ENOENT;
}

/* Room for so many. */
static int mix_reserve(struct mix *m, size_t programs, size_t calls)
{
	struct mix_program *more_programs;
	struct mix_call *more_calls;

	more_programs = reallocarray(m->programs, programs, sizeof(*m->programs));
	if (!more_programs)
		return -ENOMEM;
	m->programs = more_programs;
	more_calls = reallocarray(m->calls, calls, sizeof(*m->calls));
	if (!more_calls)
		return -ENOMEM;
	m->calls = more_calls;
	return 0;
}

void mix_release(struct mix *m)
{
	free(m->programs);
	free(m->calls);
	*m = (struct mix){ 0 };
}

/* --- one program --- */

static size_t calls_heavy(struct dice *d)
{
	const double calls = floor(2 * dice_pareto(d, TAIL));

	return calls < 1 ? 1 : calls < CALLS_MOST ? (size_t)calls : CALLS_MOST;
}

static size_t calls_of_class(struct dice *d, unsigned int class)
{
	const double mean = pow(CLASS_CALLS, class / (CLASSES - 1.0));
	const double calls = mean * dice_lognormal(d, CLASS_NOISE) /
			     exp(CLASS_NOISE * CLASS_NOISE / 2);

	return calls < 1.5 ? 1 : (size_t)lround(calls);
}

/* Seven calls: six for a tool each, of which one is long; then the answer. */
#define REACT_STEPS 7
/* One that plans, 16 at once, one that takes all of them. */
#define WAVE 18

static size_t program_calls(const struct mix_options *o, struct dice *d, struct mix_program *p)
{
	unsigned int class;

	switch (o->kind) {
	case MIX_INFORMED:
		class = (unsigned int)(dice_bits(d) % CLASSES);
		p->class = class + 1;
		return calls_of_class(d, class);
	case MIX_FANOUT:
		p->fan_out = dice_bits(d) % ONE_IN == 0;
		return p->fan_out ? FAN_CALLS : calls_heavy(d);
	case MIX_EQUAL:
		return EQUAL_CALLS;
	case MIX_REACT:
		return REACT_STEPS * (1 + dice_bits(d) % 4);
	case MIX_MAPREDUCE:
		p->fan_out = true;
		return WAVE * (1 + dice_bits(d) % 3);
	default:
		return calls_heavy(d);
	}
}

static bool call_is_beside(const struct mix_options *o, const struct mix_program *p, size_t at)
{
	if (o->kind == MIX_MAPREDUCE)
		return at % WAVE > 1 && at % WAVE < WAVE - 1;
	return p->fan_out && at;
}

static void call_make(const struct mix_options *o, struct dice *d, double mean,
		      const struct mix_program *p, size_t at, struct mix_call *c)
{
	double service = mean * dice_lognormal(d, NOISE), think = dice_exponential(d, THINK_S);

	if (o->kind == MIX_REACT)
		service *= at % REACT_STEPS == REACT_STEPS - 1 ? 3 : 0.7;
	c->beside = call_is_beside(o, p, at);
	c->service_ns = (uint64_t)(service * SECOND_NS) + 1;
	c->think_ns = at && !c->beside ? (uint64_t)(think * SECOND_NS) : 0;
}

/* --- all of them --- */

static uint64_t least_of(uint64_t *times, unsigned int count, unsigned int *ret_at)
{
	unsigned int i;

	*ret_at = 0;
	for (i = 1; i < count; i++) {
		if (times[i] < times[*ret_at])
			*ret_at = i;
	}
	return times[*ret_at];
}

/* Slots that are free at these times, to one program alone: a wave starts when the last one is over. */
static uint64_t program_unloaded(const struct mix *m, const struct mix_program *p, uint64_t *times,
				 unsigned int slots)
{
	uint64_t at = 0, end = 0, begin;
	unsigned int slot;
	size_t i;

	for (i = 0; i < slots; i++)
		times[i] = 0;
	for (i = p->first; i < p->first + p->count; i++) {
		if (!m->calls[i].beside)
			at = end + m->calls[i].think_ns;
		begin = least_of(times, slots, &slot);
		begin = begin > at ? begin : at;
		times[slot] = begin + m->calls[i].service_ns;
		end = times[slot] > end ? times[slot] : end;
	}
	return end;
}

/* Of all programs, what each would take with all slots to itself. */
static void mix_unload(struct mix *m, unsigned int slots)
{
	static uint64_t times[SLOTS_MOST];
	size_t i;

	for (i = 0; i < m->count; i++)
		m->programs[i].unloaded_ns = program_unloaded(
			m, &m->programs[i], times, slots < SLOTS_MOST ? slots : SLOTS_MOST);
}

static int programs_make(const struct mix_options *o, struct dice *d, struct mix *m)
{
	struct mix_program *p;
	double mean;
	size_t i;

	for (; m->count < o->agents; m->count++) {
		p = &m->programs[m->count];
		*p = (struct mix_program){ .first = m->call_count };
		p->count = program_calls(o, d, p);
		mean = 0.5 * (double)(1U << dice_bits(d) % 4);
		if (o->kind == MIX_EQUAL)
			mean = 1;
		if (mix_reserve(m, o->agents, m->call_count + p->count))
			return -ENOMEM;
		p = &m->programs[m->count];
		for (i = 0; i < p->count; i++)
			call_make(o, d, mean, p, i, &m->calls[m->call_count++]);
	}
	return 0;
}

static int program_order(const void *a, const void *b)
{
	const struct mix_program *left = a, *right = b;

	return (left->arrival_ns > right->arrival_ns) - (left->arrival_ns < right->arrival_ns);
}

int mix_create(const struct mix_options *o, struct mix *ret_mix)
{
	/* Relaxed is critical without what that is. */
	struct dice d = { o->seed * 1000003 + (o->kind == MIX_RELAXED ? MIX_CRITICAL : o->kind) };
	struct mix m = { 0 };
	double work = 0, span;
	size_t i;

	if (mix_reserve(&m, o->agents, o->agents) || programs_make(o, &d, &m)) {
		mix_release(&m);
		return -ENOMEM;
	}
	mix_unload(&m, o->slots);
	for (i = 0; i < m.call_count; i++)
		work += (double)m.calls[i].service_ns;
	span = o->load > 0 ? work / (o->slots * o->load) : 0;
	for (i = 0; i < m.count; i++) {
		m.programs[i].arrival_ns = (uint64_t)(dice_unit(&d) * span);
		if ((o->kind != MIX_CRITICAL && o->kind != MIX_RELAXED) || dice_bits(&d) % ONE_IN)
			continue;
		m.programs[i].critical = true;
		m.programs[i].deadline_ns = m.programs[i].arrival_ns +
					    (uint64_t)(SLACK * (double)m.programs[i].unloaded_ns);
	}
	qsort(m.programs, m.count, sizeof(*m.programs), program_order);
	*ret_mix = m;
	return 0;
}
