// SPDX-License-Identifier: GPL-2.0-or-later
/* What a call's body says: who is asked, how, and what bounds the answer. */
#include <errno.h>
#include <string.h>

#include "gateway/call.h"
#include "llm/reach.h"

enum {
	AT_WHOLE,
	AT_MODEL,
	AT_STREAM,
	AT_OPTIONS,
	AT_USAGE,
	AT_CONFIG, /* Gemini's generationConfig, which may be spelt in two ways */
	AT_CONFIG_TOO,
	AT_MOST,
	AT_CHOICES = AT_MOST + 4,
	AT_COUNT = AT_CHOICES + 4,
};

#define CONFIG_PATHS(camel, snake)                                                                \
	{                                                                                         \
		"generationConfig." camel, "generationConfig." snake, "generation_config." camel, \
			"generation_config." snake                                                \
	}

/* Where answers are bounded. Who reads which of two names is not known: the larger one counts. */
static const char *const most_of[WIRE_COUNT][4] = {
	[WIRE_OPENAI_CHAT] = { "max_completion_tokens", "max_tokens" },
	[WIRE_OPENAI_RESPONSES] = { "max_output_tokens" },
	[WIRE_ANTHROPIC] = { "max_tokens" },
	[WIRE_GEMINI] = CONFIG_PATHS("maxOutputTokens", "max_output_tokens"),
};

/* How many are asked for. */
static const char *const choices_of[WIRE_COUNT][4] = {
	[WIRE_OPENAI_CHAT] = { "n" },
	[WIRE_GEMINI] = CONFIG_PATHS("candidateCount", "candidate_count"),
};

/* One look at all of it. What is at no path of this wire is nowhere. */
static int body_scan(struct call *k, struct scan_value values[AT_COUNT], size_t *ret_at)
{
	static const char *const first[AT_MOST] = {
		"",
		"model",
		"stream",
		"stream_options",
		"stream_options.include_usage",
		"generationConfig",
		"generation_config"
	};
	const char *paths[AT_COUNT];
	struct scan_value found[AT_COUNT];
	struct scan_watch watch;
	struct scan_asked asked = { .paths = paths, .watch = &watch };
	struct reach_walk walk;
	size_t place[AT_COUNT], i;
	int err;

	for (i = 0; i < AT_COUNT; i++) {
		const char *path = i < AT_MOST	  ? first[i] :
				   i < AT_CHOICES ? most_of[k->endpoint.wire][i - AT_MOST] :
						    choices_of[k->endpoint.wire][i - AT_CHOICES];

		values[i] = (struct scan_value){ .kind = SCAN_NONE };
		if (!path)
			continue;
		place[asked.count] = i;
		paths[asked.count++] = path;
	}
	reach_watch(&walk, k->endpoint.wire, &k->reach, &watch);
	err = scan_json_watch(k->body.bytes ? k->body.bytes : "", k->body.len, &asked, found,
			      ret_at);
	for (i = 0; i < asked.count && !err; i++)
		values[place[i]] = found[i];
	return err;
}

static int scan_model(struct call *k, const struct scan_value *model)
{
	size_t len;
	int err;

	if (k->endpoint.model[0]) {
		memcpy(k->model, k->endpoint.model, sizeof(k->endpoint.model));
		return 0;
	}
	err = scan_string(model, k->model, sizeof(k->model), &len);
	if (!err && (!len || memchr(k->model, '\0', len)))
		err = -EBADMSG;
	return err;
}

static bool is_given(const struct scan_value *v)
{
	return v->kind != SCAN_NONE && v->kind != SCAN_NULL;
}

/* The largest of four; 0: none is given, or one says what cannot be read here. */
static uint64_t largest(const struct scan_value v[4])
{
	uint64_t most = 0, one;
	size_t i;

	for (i = 0; i < 4; i++) {
		if (!is_given(&v[i]))
			continue;
		if (scan_uint(&v[i], &one) || !one)
			return 0;
		most = one > most ? one : most;
	}
	return most;
}

/* One answer is reserved for, and one is given. */
static bool choices_check(const struct scan_value v[4])
{
	uint64_t one;
	size_t i;

	for (i = 0; i < 4; i++)
		if (is_given(&v[i]) && (scan_uint(&v[i], &one) || one != 1))
			return false;
	return true;
}

static bool stream_check(struct call *k, const struct scan_value *stream)
{
	if (k->endpoint.model[0])
		return true;
	k->streams = stream->kind == SCAN_TRUE;
	return k->streams || stream->kind == SCAN_FALSE || !is_given(stream);
}

/* What is wrong with it, or NULL. */
static const char *values_check(struct call *k, const struct scan_value v[AT_COUNT])
{
	if (scan_model(k, &v[AT_MODEL]))
		return "\"model\" must be the name of one";
	/* No answer is streamed or bounded there: what these say is the provider's affair. */
	if (k->endpoint.kind != ENDPOINT_CALL)
		return NULL;
	if (!stream_check(k, &v[AT_STREAM]))
		return "\"stream\" must be true or false";
	if (!choices_check(&v[AT_CHOICES]))
		return k->endpoint.wire == WIRE_GEMINI ?
			       "\"candidateCount\" can only be 1: one answer is given" :
			       "\"n\" can only be 1: one answer is given";
	if (k->endpoint.wire == WIRE_GEMINI && v[AT_CONFIG].kind != SCAN_NONE &&
	    v[AT_CONFIG_TOO].kind != SCAN_NONE)
		return "\"generationConfig\" is there twice";
	k->max_tokens = largest(&v[AT_MOST]);
	k->max_by_new_name = k->endpoint.wire == WIRE_OPENAI_CHAT && is_given(&v[AT_MOST]) &&
			     !is_given(&v[AT_MOST + 1]);
	if (k->max_tokens > LIMIT_CALL_TOKENS)
		return "no answer has as many tokens as are asked for";
	return NULL;
}

bool call_body_checks(struct call *k)
{
	struct scan_value v[AT_COUNT];
	const char *wrong;
	size_t at = 0;
	int err = body_scan(k, v, &at);

	if (err || v[AT_WHOLE].kind != SCAN_OBJECT) {
		call_refuse(k, CALL_WHY_MALFORMED,
			    err == -EEXIST ? "a member is there twice, at byte %zu of the body" :
					     "the body is no JSON object, at byte %zu",
			    at);
		return false;
	}
	wrong = values_check(k, v);
	if (wrong) {
		call_refuse(k, CALL_WHY_MALFORMED, "%s", wrong);
		return false;
	}
	k->scan = (struct call_scan){ .whole = v[AT_WHOLE],
				      .model = v[AT_MODEL],
				      .options = v[AT_OPTIONS],
				      .usage = v[AT_USAGE] };
	return true;
}
