/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a request's method and path ask of the gateway. Pure. */
#ifndef AGENTOS_GATEWAY_ENDPOINT_H
#define AGENTOS_GATEWAY_ENDPOINT_H

#include <stdbool.h>

#include "http/head.h"
#include "llm/wire.h"

enum endpoint_kind {
	ENDPOINT_NONE,	 /* there is no such path */
	ENDPOINT_METHOD, /* there is, and not by this method */
	ENDPOINT_CALL,	 /* a model is called */
	ENDPOINT_MODELS, /* which models there are */
	ENDPOINT_COUNT,	 /* how many tokens a prompt has: Responses, Anthropic, Gemini */
	ENDPOINT_EMBED,	 /* embeddings: OpenAI */
};

#define ENDPOINT_MODEL 256 /* bytes of a model's name in a path, its NUL included */

struct endpoint {
	enum endpoint_kind kind;
	enum wire_kind wire;	    /* whose words an error is told in, too */
	char model[ENDPOINT_MODEL]; /* Gemini's, from the path; else empty */
	bool stream;		    /* likewise */
	bool sse;		    /* Gemini's stream: as events (alt=sse); else as a JSON array */
	struct http_span key;	    /* of the query: "key=..."; of no length: none */
};

void endpoint_read(const struct http_head *head, struct endpoint *ret_endpoint);

#endif
