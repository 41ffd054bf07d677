// SPDX-License-Identifier: GPL-2.0-or-later
/* Model calls as providers see them: signed, with clouds' own keys. */
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

static const struct tap_test tests[] = {
	TEST(requests_are_signed_over_what_is_sent),
	TEST(azure_is_asked_by_deployment_and_its_own_header),
};

int main(int argc, char **argv)
{
	return stage_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
