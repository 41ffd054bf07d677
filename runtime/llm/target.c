// SPDX-License-Identifier: GPL-2.0-or-later
/* What is requested of a provider. */
#include "llm/target.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

void target_escape(const char *bytes, size_t len, struct text *out)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (isalnum((unsigned char)bytes[i]) || (bytes[i] && strchr("-._~", bytes[i])))
			text_put(out, &bytes[i], 1);
		else
			text_printf(out, "%%%02X", (unsigned char)bytes[i]);
	}
}

static int target_end(struct text *out, size_t begin)
{
	if (text_error(out))
		return -ENOMEM;
	return out->len - begin > LIMIT_TARGET ? -ENAMETOOLONG : 0;
}

int target_azure(const char *base, const char *deployment, const char *operation,
		 const char *api_version, struct text *out)
{
	size_t begin = out->len;

	text_printf(out, "%s/deployments/", base);
	target_escape(deployment, strlen(deployment), out);
	text_printf(out, "/%s?api-version=", operation);
	target_escape(api_version, strlen(api_version), out);
	return target_end(out, begin);
}

/* What stands behind the base, where the model is no part of it. NULL: there is none. */
static const char *operation_of(enum wire_kind wire, enum target_kind kind)
{
	bool whole = kind == TARGET_CALL || kind == TARGET_STREAM;

	switch (wire) {
	case WIRE_OPENAI_CHAT:
		return whole ? "chat/completions" : kind == TARGET_EMBED ? "embeddings" : NULL;
	case WIRE_OPENAI_RESPONSES:
		return whole		    ? "responses" :
		       kind == TARGET_COUNT ? "responses/input_tokens" :
		       kind == TARGET_EMBED ? "embeddings" :
					      NULL;
	case WIRE_ANTHROPIC:
		return whole ? "messages" : kind == TARGET_COUNT ? "messages/count_tokens" : NULL;
	default:
		return NULL;
	}
}

static int gemini_write(const struct provider *p, enum target_kind kind, const char *id,
			struct text *out)
{
	static const char *const methods[] = {
		[TARGET_CALL] = "generateContent",
		[TARGET_STREAM] = "streamGenerateContent?alt=sse",
		[TARGET_COUNT] = "countTokens",
		[TARGET_EMBED] = "embedContent",
	};
	size_t begin = out->len;

	text_string(out, p->url.path);
	text_string(out, "/models/");
	target_escape(id, strlen(id), out);
	text_put(out, ":", 1);
	text_string(out, methods[kind]);
	return target_end(out, begin);
}

int target_write(const struct provider *p, enum target_kind kind, const char *id, struct text *out)
{
	const char *operation = operation_of(p->wire, kind);
	size_t begin = out->len;

	if (kind == TARGET_MODELS) {
		text_printf(out, "%s/models", p->url.path);
		return target_end(out, begin);
	}
	if (p->wire == WIRE_GEMINI)
		return gemini_write(p, kind, id, out);
	if (!operation)
		return -EOPNOTSUPP;
	/* Responses are of the resource in Azure, and name their deployment in the body. */
	if (provider_has(p, PROVIDER_DEPLOYMENT) && p->wire == WIRE_OPENAI_CHAT)
		return target_azure(p->url.path, id, operation, p->api_version, out);
	text_string(out, p->url.path);
	text_put(out, "/", 1);
	text_string(out, operation);
	if (provider_has(p, PROVIDER_DEPLOYMENT))
		text_printf(out, "?api-version=%s", p->api_version);
	return target_end(out, begin);
}
