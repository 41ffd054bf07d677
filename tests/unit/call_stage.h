/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Model calls through a gateway: clients and providers are a Python program's, CLIENTS. */
#ifndef AGENTOS_TESTS_UNIT_CALL_STAGE_H
#define AGENTOS_TESTS_UNIT_CALL_STAGE_H

#include <sys/stat.h>

#include "rpc/call_why.h"
#include "rpc/token.h"
#include "tests/unit/gateway_rig.h"

static char directory[] = "/tmp/call_test.XXXXXX";
static char tokens[AGENT_COUNT][TOKEN_SIZE];

/* What else a test has in them. */
static void (*stage_rows)(FILE *f, uint16_t port);

/* The administrator's rows: providers of each wire, at that port. */
static bool rows_write(uint16_t port)
{
	static const char *const wires[] = { "openai-chat", "openai-responses", "anthropic",
					     "gemini" };
	static const char *const names[] = { "chat", "responses", "anthropic-own", "gemini-own" };
	char path[64];
	FILE *f;
	int i;

	snprintf(path, sizeof(path), "%s/providers", directory);
	f = fopen(path, "w");
	if (!f)
		return false;
	for (i = 0; i < 4; i++)
		fprintf(f, "provider %s wire=%s url=http://127.0.0.1:%u/%s auth=%s secret=key\n",
			names[i], wires[i], port, names[i],
			i == 2 ? "x-api-key" :
			i == 3 ? "x-goog-api-key" :
				 "bearer");
	fprintf(f, "provider open wire=openai-chat url=http://127.0.0.1:%u/open auth=none\n", port);
	fprintf(f,
		"provider plain wire=openai-chat url=http://127.0.0.1:%u/open auth=none "
		"quirks=no-tools,no-system,no-seed,no-schema\n",
		port);
	fprintf(f, "provider keyless wire=openai-chat url=http://127.0.0.1:%u/k auth=bearer\n",
		port);
	fprintf(f, "provider far wire=openai-chat url=http://127.0.0.1:%u/k auth=bearer\n", port);
	fprintf(f, "provider dead wire=openai-chat url=http://127.0.0.1:9/v1 auth=none\n");
	for (i = 0; i < 4; i++)
		fprintf(f,
			"model %s-small provider=%s id=small input=$1 output=$10 priced=2026-11-30 "
			"context=100000 max-output=1000\n",
			names[i], names[i]);
	fprintf(f, "model dead-model provider=dead id=d input=0 output=0 priced=2026-11-30 "
		   "context=1000 max-output=10\n"
		   "fallback dead-model to=chat-small\n");
	if (stage_rows)
		stage_rows(f, port);
	return fclose(f) == 0;
}

static const char *stage_argument = ""; /* the last one that clients get */

/* Runs the clients' group of that name; each line "ok NAME" or "not ok NAME: why" is a check. */
static void clients_run(const struct rig *r, const char *group, uint16_t provider)
{
	char command[1024], line[1024];
	unsigned int checks = 0;
	FILE *f;

	snprintf(command, sizeof(command), "python3 -B " CLIENTS " %s %u %u %s %s %s %s %s %s",
		 group, r->port, provider, tokens[AGENT_MODELS], tokens[AGENT_CHILD],
		 tokens[AGENT_ONE], tokens[AGENT_ENDED], RIG_KEY, stage_argument);
	f = popen(command, "r");
	REQUIRE(f);
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#') {
			puts(line);
			continue;
		}
		CHECK_MSG(strncmp(line, "ok ", 3) == 0, "%s", line);
		checks++;
	}
	CHECK_INT(pclose(f), 0);
	CHECK(checks > 0);
}

/* Milliseconds that a call has from now on; 0: as the rig has it. */
static unsigned int stage_deadline;

/* Likewise, that it waits for its turn. */
static unsigned int stage_turn;

static struct rig *stage_open(uint16_t *ret_provider)
{
	struct gateway_times times = rig_times();
	int fd = listen_on("127.0.0.1", ret_provider);

	if (fd < 0)
		return NULL;
	close(fd);
	if (stage_deadline)
		times.whole = times.stream = stage_deadline;
	if (stage_turn)
		times.turn = stage_turn;
	if (!rows_write(*ret_provider))
		return NULL;
	rig_catalog = directory;
	return rig_open(&times);
}

__attribute__((unused)) static void group_run(const char *group)
{
	uint16_t provider;
	struct rig *r = stage_open(&provider);

	REQUIRE(r);
	clients_run(r, group, provider);
	rig_close(r);
}

/* The last call that was told of, waited for. */
__attribute__((unused)) static struct gate_called last_call(struct rig *r, size_t count)
{
	CHECK(RIG_WAIT(r, r->call_count >= count));
	return r->calls[count - 1];
}

static int stage_main(const struct tap_test *tests, size_t count, int argc, char **argv)
{
	const uint8_t key[TOKEN_KEY] = RIG_TOKEN_KEY;
	char command[64];
	int status, i;

	if (!mkdtemp(directory) || chmod(directory, 0755) < 0)
		return 1;
	for (i = 1; i < AGENT_COUNT; i++)
		token_make(key, (uint64_t)i, tokens[i]);
	status = tap_main(tests, count, argc, argv);
	snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command) ? 1 : status;
}

#endif
