// SPDX-License-Identifier: GPL-2.0-or-later
/* Records counted for a monitoring system. */
#include "audit/metrics.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "audit/names.h"
#include "base/escape.h"
#include "base/index.h"
#include "base/limits.h"

enum family {
	RECORDS,
	LOST,
	ACTS,
	AGENTS,
	EGRESS,
	EGRESS_BYTES,
	CALLS,
	TOKENS,
	COST,
	DURATION,
	FIRST_BYTE,
	OWN,
	QUEUE,
	TIMES,
	ERRORS,
	FAMILIES
};

#define LABELS_MAX 5
#define LABEL	   (2 * RECORD_MODEL + 32) /* bytes of one, escaped, with its name */

static const struct family_about {
	const char *name, *help;
	const char *labels[LABELS_MAX];
	bool micro;	/* counted in millionths */
	bool histogram; /* the last label is "le" */
	bool fine;	/* its buckets are the short ones */
} families[FAMILIES] = {
	[RECORDS] = { "agentos_audit_records_total", "Records of the audit log.", { "type" } },
	[LOST] = { "agentos_audit_lost_total",
		   "Records that are missing, as the log itself tells.",
		   { "stream" } },
	[ACTS] = { "agentos_acts_total",
		   "Acts of agents that were recorded, and what was decided.",
		   { "agent", "operation", "verdict" } },
	[AGENTS] = { "agentos_agents_total",
		     "What happened to agents: made, attached to, killed, ended.",
		     { "event", "reason" } },
	[EGRESS] = { "agentos_egress_total",
		     "Connections to hosts by name that agents asked for.",
		     { "agent", "outcome", "why" } },
	[EGRESS_BYTES] = { "agentos_egress_bytes_total",
			   "Bytes through such connections, when they ended.",
			   { "agent", "direction" } },
	[CALLS] = { "agentos_model_calls_total",
		    "Calls of models.",
		    { "agent", "provider", "model", "outcome", "why" } },
	[TOKENS] = { "agentos_model_tokens_total",
		     "Tokens of calls; those of the cache are of input as well, reasoning of output.",
		     { "agent", "provider", "model", "kind" } },
	[COST] = { "agentos_model_cost_dollars_total",
		   "What calls cost by the prices that the gateway has.",
		   { "agent", "provider", "model" },
		   .micro = true },
	[DURATION] = { "agentos_model_duration_seconds",
		       "From a call to the end of its answer.",
		       { "provider", "le" },
		       .micro = true,
		       .histogram = true },
	[FIRST_BYTE] = { "agentos_model_first_byte_seconds",
			 "From a call to the first byte of its answer.",
			 { "provider", "le" },
			 .micro = true,
			 .histogram = true },
	[OWN] = { "agentos_model_overhead_seconds",
		  "The gateway's own work for a call, without the provider and the client.",
		  { "provider", "le" },
		  .micro = true,
		  .histogram = true,
		  .fine = true },
	[QUEUE] = { "agentos_model_queue_seconds",
		    "How long a call waited for a connection to its provider.",
		    { "provider", "le" },
		    .micro = true,
		    .histogram = true,
		    .fine = true },
	[TIMES] = { "agentos_model_time_seconds_total",
		    "Time of calls: all of it, and of that the gateway's own work, waiting for a "
		    "connection, and the provider with that.",
		    { "agent", "provider", "kind" },
		    .micro = true },
	[ERRORS] = { "agentos_model_errors_total",
		     "Calls of models that were refused or came to nothing.",
		     { "agent", "provider", "why" } },
};

#define BUCKETS 12

/* Upper ends of the histograms' buckets; of the fine ones second. */
static const struct bucket {
	uint64_t us;
	const char *le;
} buckets[2][BUCKETS] = {
	{
		{ 10000, "0.01" },
		{ 50000, "0.05" },
		{ 100000, "0.1" },
		{ 500000, "0.5" },
		{ 1000000, "1" },
		{ 5000000, "5" },
		{ 10000000, "10" },
		{ 30000000, "30" },
		{ 60000000, "60" },
		{ 120000000, "120" },
		{ 600000000, "600" },
		{ UINT64_MAX, "+Inf" },
	},
	{
		{ 50, "0.00005" },
		{ 100, "0.0001" },
		{ 250, "0.00025" },
		{ 500, "0.0005" },
		{ 1000, "0.001" },
		{ 2500, "0.0025" },
		{ 5000, "0.005" },
		{ 10000, "0.01" },
		{ 50000, "0.05" },
		{ 100000, "0.1" },
		{ 1000000, "1" },
		{ UINT64_MAX, "+Inf" },
	}
};

/* One line. */
struct series {
	enum family family;
	char *labels; /* owned: as it is written, {agent="a"} */
	uint64_t value;
	uint64_t sum; /* of a histogram, with its +Inf */
};

struct metrics {
	struct index index;
	size_t count;
	/* And those of the others of each family. */
	struct series series[LIMIT_METRICS + FAMILIES * BUCKETS];
};

int metrics_create(struct metrics **ret_metrics)
{
	*ret_metrics = calloc(1, sizeof(**ret_metrics));
	return *ret_metrics ? 0 : -ENOMEM;
}

void metrics_free(struct metrics *m)
{
	size_t i;

	if (!m)
		return;
	for (i = 0; i < m->count; i++)
		free(m->series[i].labels);
	index_release(&m->index);
	free(m);
}

/* --- labels --- */

/* name="value": what is no UTF-8, or a control character, is '?'. */
static size_t label_put(char *out, const char *name, const char *value)
{
	const bool utf8 = escape_is_utf8(value, strlen(value));
	size_t len = (size_t)sprintf(out, "%s=\"", name);

	for (; *value && len < LABEL - 4; value++) {
		const unsigned char c = (unsigned char)*value;

		if (c == '"' || c == '\\')
			out[len++] = '\\';
		out[len++] = c < ' ' || c == 127 || (c > 127 && !utf8) ? '?' : *value;
	}
	out[len++] = '"';
	return len;
}

static void labels_put(char *out, enum family family, const char *const *values)
{
	const char *const *names = families[family].labels;
	size_t len = 0, i;

	out[len++] = '{';
	for (i = 0; i < LABELS_MAX && names[i]; i++) {
		if (i)
			out[len++] = ',';
		len += label_put(out + len, names[i], values[i] ?: "");
	}
	strcpy(out + len, "}");
}

/* --- series --- */

static uint64_t series_key(enum family family, const char *labels)
{
	return index_hash(index_hash(INDEX_HASH, &family, sizeof(family)), labels, strlen(labels));
}

static uint64_t series_hash(const void *metrics, size_t at)
{
	const struct series *s = &((const struct metrics *)metrics)->series[at];

	return series_key(s->family, s->labels);
}

static bool series_is(const void *wanted, const void *metrics, size_t at)
{
	const struct series *s = &((const struct metrics *)metrics)->series[at], *w = wanted;

	return s->family == w->family && strcmp(s->labels, w->labels) == 0;
}

/* Its place, or SIZE_MAX. */
static size_t series_find(const struct metrics *m, enum family family, char *labels)
{
	const struct series wanted = { .family = family, .labels = labels };

	return index_find(&m->index, series_key(family, labels), series_is, &wanted, m);
}

static struct series *series_new(struct metrics *m, enum family family, const char *labels)
{
	struct series *s = &m->series[m->count];
	char *own = strdup(labels);

	*s = (struct series){ .family = family, .labels = own };
	if (!own || index_add(&m->index, m->count, series_hash, m)) {
		free(own);
		return NULL;
	}
	m->count++;
	return s;
}

/* Its line; NULL: no memory. */
static struct series *series_get(struct metrics *m, enum family family, const char *const *values)
{
	const char *const others[LABELS_MAX] = { "(others)", "(others)", "(others)", "(others)",
						 "(others)" };
	const char *mixed[LABELS_MAX];
	char labels[LABELS_MAX * (LABEL + 1) + 2];
	size_t at;

	labels_put(labels, family, values);
	at = series_find(m, family, labels);
	if (at == SIZE_MAX && m->count >= LIMIT_METRICS) {
		/* A histogram's buckets stay apart. */
		memcpy(mixed, others, sizeof(mixed));
		if (families[family].histogram)
			mixed[1] = values[1];
		labels_put(labels, family, mixed);
		at = series_find(m, family, labels);
	}
	return at == SIZE_MAX ? series_new(m, family, labels) : &m->series[at];
}

/* What the log claims may be more than any sum holds. */
static void sum(uint64_t *to, uint64_t more)
{
	*to = *to > UINT64_MAX - more ? UINT64_MAX : *to + more;
}

static int count(struct metrics *m, enum family family, uint64_t number, const char *const *values)
{
	struct series *s = series_get(m, family, values);

	if (s)
		sum(&s->value, number);
	return s ? 0 : -ENOMEM;
}

#define VALUES(...) ((const char *const[LABELS_MAX]){ __VA_ARGS__ })

/* A provider has all buckets, or none. */
static const char *provider_counted(const struct metrics *m, enum family family,
				    const char *provider)
{
	char labels[LABELS_MAX * (LABEL + 1) + 2];

	labels_put(labels, family, VALUES(provider, buckets[families[family].fine][0].le));
	if (m->count + BUCKETS > LIMIT_METRICS && series_find(m, family, labels) == SIZE_MAX)
		return "(others)";
	return provider;
}

static int observe(struct metrics *m, enum family family, const char *provider, uint64_t us)
{
	const struct bucket *b = buckets[families[family].fine];
	struct series *s = NULL;
	size_t i;

	provider = provider_counted(m, family, provider);
	for (i = 0; i < BUCKETS; i++) {
		s = series_get(m, family, VALUES(provider, b[i].le));
		if (!s)
			return -ENOMEM;
		if (us <= b[i].us)
			sum(&s->value, 1);
	}
	sum(&s->sum, us);
	return 0;
}

/* --- records --- */

static const char *agent_name(const struct record *r, uint64_t id, char number[32])
{
	if (r->agent_name[0])
		return r->agent_name;
	snprintf(number, 32, "agent %" PRIu64, id);
	return number;
}

static int event_add(struct metrics *m, const struct record *r)
{
	char number[32], hook[NAME_ROOM], verdict[NAME_ROOM];

	return count(
		m, ACTS, 1,
		VALUES(agent_name(r, r->u.event.agent, number), name_hook(r->u.event.hook, hook),
		       name_verdict(r->u.event.verdict, verdict)));
}

static int lifecycle_add(struct metrics *m, const struct record *r)
{
	const struct agentos_lifecycle *l = &r->u.lifecycle;
	char type[NAME_ROOM], reason[NAME_ROOM], number[32];
	const bool has_reason = l->type == AGENTOS_LIFECYCLE_EXIT;

	if (l->type == AGENTOS_LIFECYCLE_LOST)
		return count(m, LOST, l->lost, VALUES(name_stream(STREAM_LIFECYCLE, type)));
	/* Denials that came too fast for a record each. */
	if (l->type == AGENTOS_LIFECYCLE_REPEATED)
		return count(m, ACTS, l->count,
			     VALUES(agent_name(r, l->agent, number), "(repeated)", "denied"));
	return count(m, AGENTS, 1,
		     VALUES(name_lifecycle(l->type, type),
			    has_reason ? name_reason(l->reason, reason) : ""));
}

static int egress_add(struct metrics *m, const struct record *r)
{
	char number[32], outcome[NAME_ROOM], why[NAME_ROOM];
	const char *agent = agent_name(r, r->u.egress.agent, number);
	int err;

	if (r->u.egress.outcome != EGRESS_CLOSED)
		return count(m, EGRESS, 1,
			     VALUES(agent, name_outcome(r->u.egress.outcome, outcome),
				    name_egress(r->u.egress.why, why)));
	err = count(m, EGRESS_BYTES, r->u.egress.bytes_up, VALUES(agent, "up"));
	return err ?: count(m, EGRESS_BYTES, r->u.egress.bytes_down, VALUES(agent, "down"));
}

/* Records of before there was this have none but that of all. */
static int call_times_add(struct metrics *m, const struct record *r, const char *agent)
{
	const char *provider = r->u.call.provider;
	const struct {
		const char *kind;
		uint64_t us;
	} kinds[] = {
		{ "all", r->u.call.duration_us },
		{ "overhead", r->u.call.own_us },
		{ "queue", r->u.call.queue_us },
		{ "provider", r->u.call.upstream_us },
	};
	size_t i;
	int err = 0;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !err; i++)
		if (kinds[i].us)
			err = count(m, TIMES, kinds[i].us, VALUES(agent, provider, kinds[i].kind));
	if (!err && r->u.call.attempts)
		err = observe(m, OWN, provider, r->u.call.own_us);
	if (!err && r->u.call.attempts)
		err = observe(m, QUEUE, provider, r->u.call.queue_us);
	return err;
}

static int call_add(struct metrics *m, const struct record *r)
{
	char number[32], outcome[NAME_ROOM], why[NAME_ROOM];
	const char *agent = agent_name(r, r->u.call.agent, number);
	const char *provider = r->u.call.provider, *model = r->u.call.model;
	const struct {
		const char *kind;
		uint64_t tokens;
	} kinds[] = {
		{ "input", r->u.call.input },		{ "output", r->u.call.output },
		{ "cache-read", r->u.call.cache_read }, { "cache-write", r->u.call.cache_write },
		{ "reasoning", r->u.call.reasoning },
	};
	size_t i;
	int err;

	err = count(m, CALLS, 1,
		    VALUES(agent, provider, model, name_answer(r->u.call.outcome, outcome),
			   name_call(r->u.call.why, why)));
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !err; i++)
		if (kinds[i].tokens)
			err = count(m, TOKENS, kinds[i].tokens,
				    VALUES(agent, provider, model, kinds[i].kind));
	if (!err && r->u.call.microdollars)
		err = count(m, COST, r->u.call.microdollars, VALUES(agent, provider, model));
	if (!err && provider[0] && r->u.call.duration_us)
		err = observe(m, DURATION, provider, r->u.call.duration_us);
	if (!err && provider[0] && r->u.call.first_us)
		err = observe(m, FIRST_BYTE, provider, r->u.call.first_us);
	if (!err && r->u.call.outcome != CALL_ANSWERED && r->u.call.outcome != CALL_WOULD_DENY)
		err = count(m, ERRORS, 1, VALUES(agent, provider, name_call(r->u.call.why, why)));
	return err ?: call_times_add(m, r, agent);
}

int metrics_add(struct metrics *m, const struct record *r)
{
	static const char *const types[] = { "other",  "event",	 "lifecycle", "loss",
					     "daemon", "policy", "egress",    "call" };
	char stream[NAME_ROOM];
	int err;

	err = count(m, RECORDS, 1, VALUES(types[r->type < RECORD_COUNT ? r->type : 0]));
	if (err)
		return err;
	switch (r->type) {
	case RECORD_EVENT:
		return event_add(m, r);
	case RECORD_LIFECYCLE:
		return lifecycle_add(m, r);
	case RECORD_LOSS:
		return count(m, LOST, r->u.loss.count, VALUES(name_stream(r->stream, stream)));
	case RECORD_EGRESS:
		return egress_add(m, r);
	case RECORD_CALL:
		return call_add(m, r);
	case RECORD_DAEMON:
		if (r->u.daemon.note == DAEMON_UNWRITABLE)
			return count(m, LOST, r->u.daemon.number, VALUES("unwritten"));
	}
	return 0;
}

/* --- text --- */

static void millionths_put(FILE *out, uint64_t value)
{
	fprintf(out, "%" PRIu64 ".%06u", value / 1000000, (unsigned int)(value % 1000000));
}

/* The end of a histogram's last line. */
#define LAST ",le=\"+Inf\"}"

static bool histogram_ends(const struct series *s)
{
	const size_t len = strlen(s->labels);

	return len > strlen(LAST) && strcmp(s->labels + len - strlen(LAST), LAST) == 0;
}

/* Its sum and its count, whose labels have no "le". */
static void histogram_end(FILE *out, const struct series *s)
{
	const int len = (int)(strlen(s->labels) - strlen(LAST));
	const char *name = families[s->family].name;

	fprintf(out, "%s_sum%.*s} ", name, len, s->labels);
	millionths_put(out, s->sum);
	fprintf(out, "\n%s_count%.*s} %" PRIu64 "\n", name, len, s->labels, s->value);
}

static void series_put(FILE *out, const struct series *s)
{
	const struct family_about *about = &families[s->family];

	fprintf(out, "%s%s%s ", about->name, about->histogram ? "_bucket" : "", s->labels);
	if (about->micro && !about->histogram)
		millionths_put(out, s->value);
	else
		fprintf(out, "%" PRIu64, s->value);
	putc('\n', out);
	if (about->histogram && histogram_ends(s))
		histogram_end(out, s);
}

void metrics_write(const struct metrics *m, FILE *out)
{
	unsigned int family;
	size_t i;

	for (family = 0; family < FAMILIES; family++) {
		const struct family_about *about = &families[family];

		fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", about->name, about->help, about->name,
			about->histogram ? "histogram" : "counter");
		for (i = 0; i < m->count; i++)
			if (m->series[i].family == family)
				series_put(out, &m->series[i]);
	}
}
