// SPDX-License-Identifier: GPL-2.0-or-later
/* Virtual time: the next event is what happens next. */
#include "sim/run.h"

#include <errno.h>
#include <stdlib.h>

#include "sched/heap.h"
#include "sim/dice.h"

#define BACKOFF_FIRST_NS 500000000ULL
#define BACKOFF_MOST_NS	 60000000000ULL

static const char *const names[] = {
	[SUBJECT_FIFO] = "fifo",
	[SUBJECT_PROGRAM_FIFO] = "program_fifo",
	[SUBJECT_RETRY] = "retry",
	[SUBJECT_RR] = "rr",
	[SUBJECT_LAS] = "las",
	[SUBJECT_COGNITIVE] = "cognitive",
	[SUBJECT_CLAIRVOYANT] = "clairvoyant",
};

/* A call on its way: it comes at a time, or comes again, or ends. */
struct job {
	struct heap_node node; /* the first member: events are found by it */
	size_t program, call;
	sched_id id;
	uint64_t came_ns, backoff_ns, rank;
	bool runs;
};

struct state {
	const struct run_options *options;
	const struct mix *mix;
	struct sched *sched;
	struct heap events;
	struct job *jobs; /* of all calls */
	struct job wake;  /* when a rate lets go on */
	sched_id *agents; /* by program */
	size_t *ended;	  /* calls, by program */
	size_t *next;	  /* likewise, calls that came */
	struct dice dice;
	struct run run;
	uint64_t now, events_seen;
	size_t open;
};

const char *subject_name(enum subject subject)
{
	return subject < SUBJECTS ? names[subject] : NULL;
}

static void job_at(struct state *s, struct job *j, uint64_t time)
{
	heap_put(&s->events, &j->node, time, ++s->events_seen);
}

/* The call behind the last one that came, and those beside it. */
static void wave_begin(struct state *s, size_t program, uint64_t now)
{
	const struct mix_program *p = &s->mix->programs[program];
	const struct mix_call *c;
	struct job *j;

	do {
		c = &s->mix->calls[p->first + s->next[program]];
		j = &s->jobs[p->first + s->next[program]];
		j->came_ns = now + c->think_ns;
		job_at(s, j, j->came_ns);
		s->next[program]++;
	} while (s->next[program] < p->count && s->mix->calls[p->first + s->next[program]].beside);
}

static int agent_open(struct state *s, size_t program)
{
	const struct mix_program *p = &s->mix->programs[program];
	const bool told = p->critical && !s->options->relaxed;
	const struct sched_agent terms = {
		.class = p->class,
		.criticality = told ? 90 : SCHED_CRITICALITY,
		.deadline_ns = told ? p->deadline_ns : 0,
	};

	return sched_agent_open(s->sched, s->now, &terms, &s->agents[program]);
}

static int job_submit(struct state *s, struct job *j)
{
	struct sched_refusal refusal;
	struct sched_call call = { .rank = j->rank, .cookie = j };
	int rc;

	if (!s->agents[j->program]) {
		rc = agent_open(s, j->program);
		if (rc)
			return rc;
	}
	call.agent = s->agents[j->program];
	rc = sched_submit(s->sched, s->now, &call, &j->id, &refusal);
	if (rc != -EAGAIN || s->options->subject != SUBJECT_RETRY)
		return rc;
	s->run.refused++;
	j->backoff_ns = j->backoff_ns ? 2 * j->backoff_ns : BACKOFF_FIRST_NS;
	if (j->backoff_ns > BACKOFF_MOST_NS)
		j->backoff_ns = BACKOFF_MOST_NS;
	/* Half of it, and up to as much again. */
	job_at(s, j, s->now + (uint64_t)((double)j->backoff_ns * (1 + dice_unit(&s->dice)) / 2));
	return 0;
}

static int job_finish(struct state *s, struct job *j)
{
	const struct mix_program *p = &s->mix->programs[j->program];
	const struct sched_outcome outcome = { 0 };
	int rc;

	rc = sched_finish(s->sched, s->now, j->id, &outcome);
	if (rc)
		return rc;
	if (++s->ended[j->program] == p->count) {
		s->run.took_ns[j->program] = s->now - p->arrival_ns;
		s->open--;
		rc = sched_agent_close(s->sched, s->now, s->agents[j->program], true);
	} else if (s->ended[j->program] == s->next[j->program]) {
		wave_begin(s, j->program, s->now);
	}
	return rc < 0 ? rc : 0;
}

static int calls_start(struct state *s)
{
	struct sched_start start;
	struct job *j;
	int rc;

	while ((rc = sched_next(s->sched, s->now, 0, &start)) == 1) {
		j = start.cookie;
		j->runs = true;
		s->run.wait_ns[j->call] = s->now - j->came_ns;
		job_at(s, j, s->now + s->mix->calls[j->call].service_ns);
	}
	if (!rc && start.again_ns)
		job_at(s, &s->wake, start.again_ns);
	return rc;
}

static int event_next(struct state *s)
{
	struct job *j;
	int rc = 0;

	if (!s->events.count)
		return -EDEADLK;
	s->now = s->events.entries[0].key;
	j = (struct job *)heap_top(&s->events);
	heap_drop(&s->events, &j->node);
	if (j != &s->wake)
		rc = j->runs ? job_finish(s, j) : job_submit(s, j);
	return rc ? rc : calls_start(s);
}

static void jobs_init(struct state *s)
{
	const enum subject subject = s->options->subject;
	const struct mix_program *p;
	uint64_t rest;
	size_t i, k;

	for (i = 0; i < s->mix->count; i++) {
		p = &s->mix->programs[i];
		rest = 0;
		for (k = p->first + p->count; k-- > p->first;) {
			rest += s->mix->calls[k].service_ns;
			s->jobs[k].program = i;
			s->jobs[k].call = k;
			s->jobs[k].rank = subject == SUBJECT_CLAIRVOYANT ? rest : p->arrival_ns;
		}
		wave_begin(s, i, p->arrival_ns);
	}
}

static int sched_make(struct state *s)
{
	static const enum sched_policy policies[] = {
		[SUBJECT_FIFO] = SCHED_FIFO,	      [SUBJECT_PROGRAM_FIFO] = SCHED_RANKED,
		[SUBJECT_RETRY] = SCHED_FIFO,	      [SUBJECT_RR] = SCHED_RR,
		[SUBJECT_LAS] = SCHED_FAIR,	      [SUBJECT_COGNITIVE] = SCHED_COGNITIVE,
		[SUBJECT_CLAIRVOYANT] = SCHED_RANKED,
	};
	const struct run_options *o = s->options;
	const struct sched_provider provider = {
		.slots = o->slots,
		.queue = o->subject == SUBJECT_RETRY ? 0 : SCHED_CALLS,
		.requests_per_min = o->requests_per_min,
		.service_ns = 2500000000,
	};
	struct sched_options options = sched_options_usual();
	int rc;

	options.policy = policies[o->subject];
	if (o->stretch_percent)
		options.stretch_percent = o->stretch_percent;
	if (options.policy != SCHED_COGNITIVE)
		options.share = 0;
	rc = sched_create(&options, &s->sched);
	return rc ? rc : sched_provider_set(s->sched, 0, 0, &provider);
}

static int state_init(struct state *s)
{
	const struct mix *m = s->mix;

	s->run.programs = s->open = m->count;
	s->run.calls = m->call_count;
	s->run.took_ns = calloc(m->count, sizeof(uint64_t));
	s->run.wait_ns = calloc(m->call_count, sizeof(uint64_t));
	s->jobs = calloc(m->call_count, sizeof(*s->jobs));
	s->agents = calloc(m->count, sizeof(*s->agents));
	s->ended = calloc(m->count, sizeof(*s->ended));
	s->next = calloc(m->count, sizeof(*s->next));
	if (!s->run.took_ns || !s->run.wait_ns || !s->jobs || !s->agents || !s->ended || !s->next ||
	    heap_reserve(&s->events, m->call_count + 1))
		return -ENOMEM;
	return 0;
}

int run_create(const struct run_options *options, const struct mix *mix, struct run *ret_run)
{
	struct state s = { .options = options, .mix = mix, .dice = { options->seed } };
	int rc;

	rc = state_init(&s);
	if (!rc)
		rc = sched_make(&s);
	if (!rc)
		jobs_init(&s);
	while (!rc && s.open)
		rc = event_next(&s);
	sched_free(s.sched);
	heap_release(&s.events);
	free(s.jobs);
	free(s.agents);
	free(s.ended);
	free(s.next);
	if (rc)
		run_release(&s.run);
	else
		*ret_run = s.run;
	return rc;
}

void run_release(struct run *r)
{
	free(r->took_ns);
	free(r->wait_ns);
	*r = (struct run){ 0 };
}
