/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a request's method and path ask of the scripted model, below whatever prefix. Pure. */
#ifndef AGENTOS_SCRIPTED_PATH_H
#define AGENTOS_SCRIPTED_PATH_H

#include <stdbool.h>

#include "base/limits.h"
#include "http/head.h"
#include "llm/wire.h"

enum script_path_kind {
	SCRIPT_PATH_NONE, /* nothing is there for this method */
	SCRIPT_PATH_CALL,
	SCRIPT_PATH_MODELS,
};

/*
 * By how the path ends, as providers have each its own prefix:
 *
 * POST .../chat/completions, .../responses, .../messages
 * POST .../models/MODEL:generateContent, .../models/MODEL:streamGenerateContent?alt=sse
 * GET  .../models; Gemini's is the one below "v1beta"
 */
struct script_path {
	enum script_path_kind kind;
	enum wire_kind wire;		  /* whose words an error is told in, too */
	char model[LIMIT_MODEL_NAME + 1]; /* Gemini's; else empty */
	bool stream;			  /* likewise */
	bool sse;			  /* the stream is asked for as server-sent events */
};

void script_path_read(const struct http_head *head, struct script_path *ret_path);

#endif
