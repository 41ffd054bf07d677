// SPDX-License-Identifier: GPL-2.0-or-later
/* Model calls as providers see them: signed, with clouds' own keys, left alone, not asked twice, read no faster than who reads, by TLS and HTTP/2. */
#define CLIENTS "tests/unit/call_upstream.py"
#include "tests/unit/call_stage.h"

static void clouds_write(FILE *f, uint16_t port)
{
	static const char *const rows[] = {
		"aws wire=openai-chat url=http://127.0.0.1:%u/openai/v1 auth=sigv4 secret=pair",
		"aws-messages wire=anthropic url=http://127.0.0.1:%u/v1 auth=sigv4 secret=pair",
		"aws-query wire=openai-chat url=http://127.0.0.1:%u auth=sigv4 secret=pair "
		"quirks=deployment api-version=2024-10-21",
		"aws-session wire=openai-chat url=http://127.0.0.1:%u/v1 auth=sigv4 secret=session",
		"aws-wrong wire=openai-chat url=http://127.0.0.1:%u/v1 auth=sigv4 secret=key",
		"az wire=openai-chat url=http://127.0.0.1:%u/openai auth=api-key secret=key "
		"quirks=deployment,max-completion-tokens api-version=2024-10-21",
		"az-responses wire=openai-responses url=http://127.0.0.1:%u/openai auth=api-key "
		"secret=key quirks=deployment api-version=2024-10-21",
		"az-one wire=openai-chat url=http://127.0.0.1:%u/v1 auth=api-key secret=key",
	};
	char row[256];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(row, sizeof(row), "%s", rows[i]);
		fputs("provider ", f);
		fprintf(f, row, port);
		fputs(strstr(row, "sigv4") ? " region=eu-test-1 service=bedrock\n" : "\n", f);
	}
}

static void requests_are_signed_over_what_is_sent(void)
{
	stage_rows = clouds_write;
	group_run("signed");
}

static void azure_is_asked_by_deployment_and_its_own_header(void)
{
	stage_rows = clouds_write;
	group_run("azure");
}

static const struct breaker_terms strict = {
	.window_ms = 32000,
	.least = 5,
	.percent = 80,
	.open_ms = 2000,
	.open_cap_ms = 2000,
	.trials = 1
};

static const char *one_more = ""; /* keys of "one" */

static void two_write(FILE *f, uint16_t port)
{
	static const char *const names[] = { "one", "two" };
	size_t i;

	for (i = 0; i < 2; i++)
		fprintf(f,
			"provider %s wire=openai-chat url=http://127.0.0.1:%u/%s auth=none%s\n"
			"model %s-model provider=%s id=small input=$1 output=$1 priced=2026-11-30 "
			"context=1000 max-output=10\n",
			names[i], port, names[i], i ? "" : one_more, names[i], names[i]);
	fprintf(f, "fallback one-model to=two-model\n");
}

static struct rig *strict_open(uint16_t *ret_provider)
{
	struct rig *r;

	stage_rows = two_write;
	rig_breaker = &strict;
	r = stage_open(ret_provider);
	rig_breaker = &rig_patient;
	return r;
}

static void strict_run(const char *group)
{
	uint16_t provider;
	struct rig *r = strict_open(&provider);
	struct gate_called last;

	REQUIRE(r);
	clients_run(r, group, provider);
	CHECK(RIG_WAIT(r, r->call_count > 0));
	last = r->calls[r->call_count - 1];
	CHECK_INT(rig_budget(r, AGENT_MODELS, AGENTOS_RESOURCE_TOKENS).reserved, 0);
	/* Its last one was not let through, and is in the log as what it was to come to. */
	if (strcmp(group, "patient") == 0) {
		CHECK_INT(last.why, CALL_WHY_UNREACHABLE);
		CHECK_STR(last.provider, "dead");
		CHECK_INT(last.input + last.output + last.microdollars, 0);
	} else {
		CHECK_INT(last.why, CALL_WHY_NONE);
		CHECK_STR(last.provider, "one");
	}
	rig_close(r);
}

static void who_fails_too_often_is_left_alone(void)
{
	strict_run("resting");
}

static void one_call_at_a_time_tries_again(void)
{
	strict_run("held");
}

static void a_slow_trial_keeps_nobody_back(void)
{
	strict_run("slow");
}

static void what_agents_bring_about_opens_nothing(void)
{
	strict_run("patient");
}

static void kept_write(FILE *f, uint16_t port)
{
	one_more = " cache=600";
	two_write(f, port);
	one_more = "";
	fprintf(f,
		"provider brief from=one cache=1\n"
		"provider all from=one cache-shared=yes\n"
		"provider own wire=anthropic url=http://127.0.0.1:%u/own auth=none cache=600\n",
		port);
}

static void the_same_answer_is_given_to_who_asks_the_same(void)
{
	stage_rows = kept_write;
	group_run("kept");
}

static void what_is_given_again_costs_nothing_and_is_told(void)
{
	uint16_t provider;
	struct rig *r;
	struct gate_called first, second;

	stage_rows = kept_write;
	r = stage_open(&provider);
	REQUIRE(r);
	clients_run(r, "twice", provider);
	second = last_call(r, 2);
	first = r->calls[0];
	CHECK_INT(first.how, 0);
	CHECK_INT(first.input + first.output, 10);
	CHECK_INT(second.how, GATE_CALL_CACHED);
	CHECK_INT(second.why, CALL_WHY_NONE);
	CHECK_INT(second.status, 200);
	CHECK_STR(second.provider, "one");
	CHECK_INT(second.input + second.output + second.microdollars, 0);
	CHECK(memcmp(first.answer, second.answer, sizeof(first.answer)) == 0);
	CHECK_INT(rig_budget(r, AGENT_MODELS, AGENTOS_RESOURCE_TOKENS).used, 10);
	CHECK_INT(rig_budget(r, AGENT_MODELS, AGENTOS_RESOURCE_TOKENS).reserved, 0);
	rig_close(r);
}

/* Sockets of both sides among them. */
static void who_stops_reading_costs_no_more_than_is_said(void)
{
	char cap[32];

	snprintf(cap, sizeof(cap), "%d", LIMIT_CALL_STALLED);
	stage_argument = cap;
	stage_rows = two_write;
	group_run("stalled");
	stage_argument = "";
}

static void tls_write(FILE *f, uint16_t port)
{
	fprintf(f,
		"provider tls wire=openai-chat url=https://one.test:%u/v1 auth=none\n"
		"provider tls-other wire=openai-chat url=https://any.test:%u/v1 auth=none\n",
		port, port);
}

static struct rig *tls_open(uint16_t *ret_provider)
{
	static char trust[64];
	struct rig *r;

	snprintf(trust, sizeof(trust), "%s/ca.pem", directory);
	rig_trust = trust;
	stage_argument = directory;
	stage_rows = tls_write;
	r = stage_open(ret_provider);
	rig_trust = NULL;
	return r;
}

static void tls_is_with_whom_it_should_be_or_not_at_all(void)
{
	uint16_t provider;
	struct rig *r = tls_open(&provider);
	size_t failed = 0, i;

	REQUIRE(r);
	clients_run(r, "tls", provider);
	CHECK(RIG_WAIT(r, r->call_count == 3 + 1 + 5 + 1));
	for (i = 0; i < r->call_count; i++) {
		failed += r->calls[i].why == CALL_WHY_UNREACHABLE && r->calls[i].status == 503 &&
			  !r->calls[i].input && r->calls[i].provider[0];
		CHECK(r->calls[i].why == CALL_WHY_NONE || r->calls[i].why == CALL_WHY_UNREACHABLE);
	}
	CHECK_INT(failed, 5);
	rig_close(r);
	stage_argument = "";
}

static void http2_is_shared_left_and_reset(void)
{
	uint16_t provider;
	struct rig *r;

	if (system("node --version >/dev/null 2>&1") != 0)
		SKIP("there is no node");
	r = tls_open(&provider);
	REQUIRE(r);
	clients_run(r, "h2", provider);
	rig_close(r);
	stage_argument = "";
}

static const struct tap_test tests[] = {
	TEST(requests_are_signed_over_what_is_sent),
	TEST(who_fails_too_often_is_left_alone),
	TEST(one_call_at_a_time_tries_again),
	TEST(a_slow_trial_keeps_nobody_back),
	TEST(what_agents_bring_about_opens_nothing),
	TEST(the_same_answer_is_given_to_who_asks_the_same),
	TEST(what_is_given_again_costs_nothing_and_is_told),
	TEST(who_stops_reading_costs_no_more_than_is_said),
	TEST(tls_is_with_whom_it_should_be_or_not_at_all),
	TEST(http2_is_shared_left_and_reset),
	TEST(azure_is_asked_by_deployment_and_its_own_header),
};

int main(int argc, char **argv)
{
	return stage_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
