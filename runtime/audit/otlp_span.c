// SPDX-License-Identifier: GPL-2.0-or-later
/* A call of a model as a span of OpenTelemetry's traces. */
#include <inttypes.h>
#include <string.h>

#include "audit/names.h"
#include "audit/otlp.h"
#include "audit/render.h"
#include "base/escape.h"

#define KIND_CLIENT  3
#define STATUS_ERROR 2
#define NS_OF_US     1000

/* Of llm/wire.h, which is above this folder, from 1. */
#define WIRE_OF_GEMINI 4

static void text_put(FILE *out, const char *text)
{
	char escaped[ESCAPE_JSON_MAX(RECORD_MODEL_NAME + NAME_ROOM) + 1];

	escape_json(escaped, sizeof(escaped), text, strlen(text));
	fprintf(out, "\"%s\"", escaped);
}

static void string_put(FILE *out, const char *key, const char *text)
{
	if (!text[0])
		return;
	fprintf(out, ",{\"key\":\"%s\",\"value\":{\"stringValue\":", key);
	text_put(out, text);
	fputs("}}", out);
}

/* 64 bits are a text in the JSON of Protocol Buffers, and signed. */
static void number_put(FILE *out, const char *key, uint64_t number)
{
	fprintf(out, ",{\"key\":\"%s\",\"value\":{\"intValue\":\"%" PRIu64 "\"}}", key,
		number > INT64_MAX ? INT64_MAX : number);
}

static void number_put_some(FILE *out, const char *key, uint64_t number)
{
	if (number)
		number_put(out, key, number);
}

/* What OpenTelemetry calls a provider: others by their own name. */
static const char *provider_name(const char *name)
{
	static const struct {
		const char *ours, *theirs;
	} names[] = {
		{ "google", "gcp.gemini" },	{ "gemini", "gcp.gemini" },
		{ "azure", "azure.ai.openai" }, { "bedrock", "aws.bedrock" },
		{ "mistral", "mistral_ai" },	{ "xai", "x_ai" },
		{ "moonshot", "moonshot_ai" },
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].ours, name) == 0)
			return names[i].theirs;
	return name;
}

static const char *operation_name(const struct record *r)
{
	switch (r->u.call.operation) {
	case CALL_EMBEDDINGS:
		return "embeddings";
	case CALL_COUNT:
		return "count_tokens";
	default:
		return r->u.call.wire == WIRE_OF_GEMINI ? "generate_content" : "chat";
	}
}

/* SplitMix64: numbers that follow each other become some that do not. */
static uint64_t mixed(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	x ^= x >> 31;
	return x ? x : 1;
}

static void ids_put(FILE *out, const struct record *r)
{
	uint64_t boot[2], high;

	memcpy(boot, r->boot, sizeof(boot));
	high = mixed(boot[0] ^ mixed(r->seq));
	fprintf(out, "\"traceId\":\"%016" PRIx64 "%016" PRIx64 "\",\"spanId\":\"%016" PRIx64 "\"",
		high, mixed(boot[1] ^ high), mixed(high + 1));
}

static void agent_put(FILE *out, const struct record *r)
{
	char id[24];

	snprintf(id, sizeof(id), "%" PRIu64, r->u.call.agent);
	if (r->u.call.agent)
		string_put(out, "gen_ai.agent.id", id);
	string_put(out, "gen_ai.agent.name", r->agent_name);
}

static void attributes_put(FILE *out, const struct record *r, const char *operation)
{
	const char *provider = provider_name(r->u.call.provider);
	char why[NAME_ROOM];

	fprintf(out, "[{\"key\":\"gen_ai.operation.name\",\"value\":{\"stringValue\":\"%s\"}}",
		operation);
	string_put(out, "gen_ai.provider.name", provider);
	string_put(out, "gen_ai.system", provider);
	string_put(out, "gen_ai.request.model", r->u.call.model);
	string_put(out, "gen_ai.response.model", r->u.call.served);
	number_put(out, "gen_ai.usage.input_tokens", r->u.call.input);
	number_put(out, "gen_ai.usage.output_tokens", r->u.call.output);
	number_put_some(out, "gen_ai.usage.cache_read.input_tokens", r->u.call.cache_read);
	number_put_some(out, "gen_ai.usage.cache_creation.input_tokens", r->u.call.cache_write);
	agent_put(out, r);
	if (r->u.call.outcome == CALL_DENIED || r->u.call.outcome == CALL_FAILED)
		string_put(out, "error.type", name_call(r->u.call.why, why));
	number_put_some(out, "http.response.status_code", r->u.call.status);
	number_put(out, "agentos.seq", r->seq);
	fprintf(out, ",{\"key\":\"agentos.streamed\",\"value\":{\"boolValue\":%s}}",
		r->u.call.streamed ? "true" : "false");
	number_put_some(out, "agentos.attempts", r->u.call.attempts);
	number_put_some(out, "agentos.microdollars", r->u.call.microdollars);
	number_put_some(out, "agentos.own_us", r->u.call.own_us);
	number_put_some(out, "agentos.queue_us", r->u.call.queue_us);
	number_put_some(out, "agentos.upstream_us", r->u.call.upstream_us);
	number_put_some(out, "agentos.first_us", r->u.call.first_us);
	fputc(']', out);
}

void otlp_span(FILE *out, const struct record *r, bool more)
{
	const bool failed = r->u.call.outcome == CALL_DENIED || r->u.call.outcome == CALL_FAILED;
	const char *operation = operation_name(r);
	uint64_t took = r->u.call.duration_us;
	char name[RECORD_MODEL + NAME_ROOM];

	took = took > r->time_ns / NS_OF_US ? 0 : took * NS_OF_US;
	snprintf(name, sizeof(name), "%s%s%.*s", operation, r->u.call.model[0] ? " " : "",
		 RECORD_MODEL - 1, r->u.call.model);
	fprintf(out, "%s{", more ? "," : "");
	ids_put(out, r);
	fputs(",\"name\":", out);
	text_put(out, name);
	fprintf(out,
		",\"kind\":%d,\"startTimeUnixNano\":\"%" PRIu64 "\",\"endTimeUnixNano\":\"%" PRIu64
		"\",\"attributes\":",
		KIND_CLIENT, r->time_ns - took, r->time_ns);
	attributes_put(out, r, operation);
	if (failed) {
		char line[512];
		FILE *why = fmemopen(line, sizeof(line), "w");

		fprintf(out, ",\"status\":{\"code\":%d", STATUS_ERROR);
		if (why) {
			render_call_why(why, r);
			fclose(why);
			fputs(",\"message\":", out);
			text_put(out, line);
		}
		fputc('}', out);
	}
	fputc('}', out);
}
