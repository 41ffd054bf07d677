// SPDX-License-Identifier: GPL-2.0-or-later
/* Model calls as providers see them: signed, with clouds' own keys, left alone when they fail. */
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

static void two_write(FILE *f, uint16_t port)
{
	static const char *const names[] = { "one", "two" };
	size_t i;

	for (i = 0; i < 2; i++)
		fprintf(f,
			"provider %s wire=openai-chat url=http://127.0.0.1:%u/%s auth=none\n"
			"model %s-model provider=%s id=small input=$1 output=$1 priced=2026-11-30 "
			"context=1000 max-output=10\n",
			names[i], port, names[i], names[i], names[i]);
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

static void what_agents_bring_about_opens_nothing(void)
{
	strict_run("patient");
}

static const struct tap_test tests[] = {
	TEST(requests_are_signed_over_what_is_sent),
	TEST(who_fails_too_often_is_left_alone),
	TEST(one_call_at_a_time_tries_again),
	TEST(what_agents_bring_about_opens_nothing),
	TEST(azure_is_asked_by_deployment_and_its_own_header),
};

int main(int argc, char **argv)
{
	return stage_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
