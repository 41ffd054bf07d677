/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is requested of a provider: the path for a wire, a model and a kind of answer. Pure. */
#ifndef AGENTOS_LLM_TARGET_H
#define AGENTOS_LLM_TARGET_H

#include "base/text.h"
#include "llm/provider.h"

enum target_kind {
	TARGET_CALL,   /* an answer in one piece */
	TARGET_STREAM, /* in pieces, as server-sent events */
	TARGET_COUNT,  /* the tokens of a prompt: Responses, Anthropic and Gemini */
	TARGET_EMBED,  /* embeddings: OpenAI and Gemini */
	TARGET_MODELS, /* which models there are */
};

/*
 * Appends the path, with its query, that is POSTed to (TARGET_MODELS: GET). id: the model's, as
 * the provider calls it.
 * -EOPNOTSUPP  the wire has none of that kind; -ENAMETOOLONG beyond LIMIT_TARGET; -ENOMEM
 */
int target_write(const struct provider *p, enum target_kind kind, const char *id, struct text *out);

/*
 * Azure's form with the deployment in the path: BASE/deployments/DEPLOYMENT/OPERATION?api-version=V
 * base: "/openai". operation: "chat/completions". Errors as above.
 */
int target_azure(const char *base, const char *deployment, const char *operation,
		 const char *api_version, struct text *out);

/* Appends as one part of a path: what RFC 3986 does not call unreserved becomes %XX. */
void target_escape(const char *bytes, size_t len, struct text *out);

#endif
