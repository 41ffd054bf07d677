// SPDX-License-Identifier: GPL-2.0-or-later
/* The log as metrics: exact lines, names that are hostile, and more names than there is room for. */
#include "audit/metrics.h"
#include "tests/tap.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/limits.h"
#include "policy/egress.h"
#include "rpc/call_why.h"

static struct metrics *metrics;
static char *text;
static size_t size;

static void begin(void)
{
	REQUIRE(metrics_create(&metrics) == 0);
}

/* The text of what was counted, which ends it. */
static void end(void)
{
	FILE *out = open_memstream(&text, &size);

	REQUIRE(out);
	metrics_write(metrics, out);
	fclose(out);
	metrics_free(metrics);
}

static void add(const struct record *r)
{
	CHECK_INT(metrics_add(metrics, r), 0);
}

/* The line is there, whole. */
static bool has(const char *line)
{
	const size_t len = strlen(line);
	const char *at = text;

	while ((at = strstr(at, line))) {
		if ((at == text || at[-1] == '\n') && at[len] == '\n')
			return true;
		at++;
	}
	return false;
}

#define HAS(line) CHECK_MSG(has(line), "%s in:\n%s", line, text)

static struct record call(const char *agent, const char *model, unsigned int outcome)
{
	struct record r = { .type = RECORD_CALL };

	strcpy(r.agent_name, agent);
	r.u.call.agent = 7;
	r.u.call.outcome = (uint16_t)outcome;
	r.u.call.why = outcome == CALL_ANSWERED ? CALL_WHY_NONE : CALL_WHY_NO_RULE;
	strcpy(r.u.call.model, model);
	if (outcome != CALL_ANSWERED)
		return r;
	strcpy(r.u.call.provider, "openai");
	r.u.call.input = 1000;
	r.u.call.cache_read = 900;
	r.u.call.output = 20;
	r.u.call.microdollars = 1234567;
	r.u.call.duration_us = 600000;
	return r;
}

static void calls_are_counted_with_what_they_took(void)
{
	struct record r = call("coder", "gpt-5", CALL_ANSWERED);

	begin();
	add(&r);
	r.u.call.duration_us = 50000;
	r.u.call.first_us = 10001;
	/* And where it took that. */
	r.u.call.own_us = 250;
	r.u.call.queue_us = 1200;
	r.u.call.upstream_us = 49000;
	r.u.call.attempts = 1;
	add(&r);
	r = call("coder", "o9", CALL_DENIED);
	add(&r);
	end();
	HAS("# TYPE agentos_model_calls_total counter");
	HAS("agentos_model_calls_total{agent=\"coder\",provider=\"openai\",model=\"gpt-5\","
	    "outcome=\"answered\",why=\"none\"} 2");
	HAS("agentos_model_calls_total{agent=\"coder\",provider=\"\",model=\"o9\","
	    "outcome=\"denied\",why=\"no_rule\"} 1");
	HAS("agentos_model_tokens_total{agent=\"coder\",provider=\"openai\",model=\"gpt-5\","
	    "kind=\"input\"} 2000");
	HAS("agentos_model_tokens_total{agent=\"coder\",provider=\"openai\",model=\"gpt-5\","
	    "kind=\"cache-read\"} 1800");
	HAS("agentos_model_cost_dollars_total{agent=\"coder\",provider=\"openai\","
	    "model=\"gpt-5\"} 2.469134");
	HAS("# TYPE agentos_model_duration_seconds histogram");
	HAS("agentos_model_duration_seconds_bucket{provider=\"openai\",le=\"0.01\"} 0");
	HAS("agentos_model_duration_seconds_bucket{provider=\"openai\",le=\"0.05\"} 1");
	HAS("agentos_model_duration_seconds_bucket{provider=\"openai\",le=\"0.5\"} 1");
	HAS("agentos_model_duration_seconds_bucket{provider=\"openai\",le=\"1\"} 2");
	HAS("agentos_model_duration_seconds_bucket{provider=\"openai\",le=\"+Inf\"} 2");
	HAS("agentos_model_duration_seconds_sum{provider=\"openai\"} 0.650000");
	HAS("agentos_model_duration_seconds_count{provider=\"openai\"} 2");
	HAS("agentos_model_first_byte_seconds_bucket{provider=\"openai\",le=\"0.05\"} 1");
	HAS("agentos_model_first_byte_seconds_count{provider=\"openai\"} 1");
	HAS("agentos_model_overhead_seconds_bucket{provider=\"openai\",le=\"0.0001\"} 0");
	HAS("agentos_model_overhead_seconds_bucket{provider=\"openai\",le=\"0.00025\"} 1");
	HAS("agentos_model_overhead_seconds_sum{provider=\"openai\"} 0.000250");
	HAS("agentos_model_overhead_seconds_count{provider=\"openai\"} 1");
	HAS("agentos_model_queue_seconds_bucket{provider=\"openai\",le=\"0.0025\"} 1");
	HAS("agentos_model_queue_seconds_count{provider=\"openai\"} 1");
	HAS("agentos_model_time_seconds_total{agent=\"coder\",provider=\"openai\","
	    "kind=\"all\"} 0.650000");
	HAS("agentos_model_time_seconds_total{agent=\"coder\",provider=\"openai\","
	    "kind=\"overhead\"} 0.000250");
	HAS("agentos_model_time_seconds_total{agent=\"coder\",provider=\"openai\","
	    "kind=\"provider\"} 0.049000");
	HAS("agentos_model_errors_total{agent=\"coder\",provider=\"\",why=\"no_rule\"} 1");
	CHECK(!strstr(text, "agentos_model_errors_total{agent=\"coder\",provider=\"openai\""));
	HAS("agentos_audit_records_total{type=\"call\"} 3");
	free(text);
}

static void acts_agents_and_connections_are_counted(void)
{
	struct record r = { .type = RECORD_EVENT };

	begin();
	r.u.event.agent = 9;
	r.u.event.hook = AGENTOS_HOOK_FILE_OPEN;
	r.u.event.verdict = AGENTOS_VERDICT_DENIED;
	add(&r);
	r = (struct record){ .type = RECORD_LIFECYCLE };
	r.u.lifecycle.type = AGENTOS_LIFECYCLE_EXIT;
	r.u.lifecycle.reason = AGENTOS_REASON_POLICY;
	add(&r);
	r.u.lifecycle = (struct agentos_lifecycle){ .type = AGENTOS_LIFECYCLE_REPEATED,
						    .agent = 9,
						    .count = 41 };
	add(&r);
	r = (struct record){ .type = RECORD_LOSS, .stream = STREAM_ALLOWED };
	r.u.loss.count = 5;
	add(&r);
	r.u.loss.count = UINT64_MAX;
	add(&r);
	r = (struct record){ .type = RECORD_EGRESS };
	strcpy(r.agent_name, "web");
	r.u.egress.outcome = EGRESS_DENIED;
	r.u.egress.why = EGRESS_WHY_PRIVATE;
	add(&r);
	r.u.egress.outcome = EGRESS_CLOSED;
	r.u.egress.bytes_up = 3;
	r.u.egress.bytes_down = 70000;
	add(&r);
	end();
	HAS("agentos_acts_total{agent=\"agent 9\",operation=\"file_open\",verdict=\"denied\"} 1");
	HAS("agentos_acts_total{agent=\"agent 9\",operation=\"(repeated)\",verdict=\"denied\"} 41");
	HAS("agentos_agents_total{event=\"exit\",reason=\"policy\"} 1");
	HAS("agentos_audit_lost_total{stream=\"allowed\"} 18446744073709551615");
	HAS("agentos_egress_total{agent=\"web\",outcome=\"denied\",why=\"private\"} 1");
	HAS("agentos_egress_bytes_total{agent=\"web\",direction=\"up\"} 3");
	HAS("agentos_egress_bytes_total{agent=\"web\",direction=\"down\"} 70000");
	free(text);
}

static void names_break_out_of_nothing(void)
{
	struct record r = call("a\"b\\c", "x\"} 9\nevil{a=\"\xff", CALL_DENIED);

	begin();
	add(&r);
	r = call("a", "\xc3\xa4,le=\"+Inf\"}", CALL_ANSWERED);
	strcpy(r.u.call.provider, "p,le=\"+Inf\"}");
	add(&r);
	/* As long as can be, all of it to be escaped. */
	memset(r.u.call.model, '"', sizeof(r.u.call.model) - 1);
	memset(r.u.call.provider, '\\', sizeof(r.u.call.provider) - 1);
	memset(r.agent_name, '\\', sizeof(r.agent_name) - 1);
	add(&r);
	end();
	HAS("agentos_model_calls_total{agent=\"a\\\"b\\\\c\",provider=\"\",model=\"x\\\"} "
	    "9?evil{a=\\\"?\",outcome=\"denied\",why=\"no_rule\"} 1");
	CHECK(!strstr(text, "\nevil"));
	HAS("agentos_model_duration_seconds_bucket{provider=\"p,le=\\\"+Inf\\\"}\",le=\"0.01\"} 0");
	HAS("agentos_model_duration_seconds_count{provider=\"p,le=\\\"+Inf\\\"}\"} 1");
	CHECK(strstr(text, "model=\"\xc3\xa4,le"));
	free(text);
}

static void more_names_than_there_is_room_for_are_others(void)
{
	struct record r = call("a", "m", CALL_ANSWERED);
	uint64_t lines = 0;
	const char *at;
	int i;

	begin();
	for (i = 0; i < LIMIT_METRICS; i++) {
		snprintf(r.u.call.model, sizeof(r.u.call.model), "m%d", i);
		add(&r);
	}
	/* A histogram of one who came too late. */
	strcpy(r.u.call.provider, "late");
	add(&r);
	add(&r);
	end();
	for (at = text; (at = strchr(at, '\n')); at++)
		lines += at[1] && at[1] != '#';
	CHECK_MSG(lines < LIMIT_METRICS + 100, "%llu lines", (unsigned long long)lines);
	CHECK(strstr(text, "agentos_model_calls_total{agent=\"(others)\",provider=\"(others)\","
			   "model=\"(others)\",outcome=\"(others)\",why=\"(others)\"} "));
	HAS("agentos_model_duration_seconds_bucket{provider=\"(others)\",le=\"0.5\"} 0");
	HAS("agentos_model_duration_seconds_bucket{provider=\"(others)\",le=\"1\"} 2");
	HAS("agentos_model_duration_seconds_count{provider=\"(others)\"} 2");
	HAS("agentos_audit_records_total{type=\"call\"} 4098");
	free(text);
}

/* A provider that comes when there is room for some of its buckets has all of them among the others. */
static void a_histogram_is_whole_or_among_the_others(void)
{
	struct record filler = { .type = RECORD_EVENT }, r = call("a", "m", CALL_ANSWERED);
	const char *at;
	int left, i, lines;

	for (left = 0; left < 20; left++) {
		begin();
		for (i = 0; i < LIMIT_METRICS - 2 - left; i++) {
			snprintf(filler.agent_name, sizeof(filler.agent_name), "f%d", i);
			add(&filler);
		}
		r.u.call.input = r.u.call.output = r.u.call.cache_read = r.u.call.microdollars = 0;
		add(&r);
		end();
		lines = 0;
		for (at = text; (at = strstr(at, "duration_seconds_bucket{provider=\"openai\""));
		     at++)
			lines++;
		CHECK_MSG(lines == (left < 13 ? 0 : 12), "%d lines where %d were left", lines,
			  left);
		free(text);
	}
}

static const struct tap_test tests[] = {
	TEST(calls_are_counted_with_what_they_took),
	TEST(acts_agents_and_connections_are_counted),
	TEST(names_break_out_of_nothing),
	TEST(more_names_than_there_is_room_for_are_others),
	TEST(a_histogram_is_whole_or_among_the_others),
};

int main(int argc, char **argv)
{
	return tap_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
