/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What rules look at in a request, the same whatever its wire. Pure. */
#ifndef AGENTOS_SCRIPTED_VIEW_H
#define AGENTOS_SCRIPTED_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "llm/call.h"

/* Turns of one role that follow each other are one: wires differ in how they write them. */
struct script_view {
	const struct call_request *request;
	size_t first, end; /* those of the request's turns that are the user's last one */
	uint64_t turns;	   /* without instructions */
	bool result;	   /* the last turn is the user's, and brings results of tools */
};

struct script_view script_view_of(const struct call_request *request);
/* Is it in a text of the user's last turn, or of a result in it? */
bool script_view_has(const struct script_view *v, struct call_string text);
/*
 * Appends what the user's last turn says, or what its results of tools say, a line feed
 * between two texts; no more than limit bytes, and only whole characters of UTF-8.
 */
void script_view_put(const struct script_view *v, bool results, size_t limit, struct text *out);
/* Bytes of all that counts as the prompt: turns, and the tools that are offered. */
uint64_t script_view_bytes(const struct script_view *v);

/* The first bytes of a text: at most so many, and only whole characters of UTF-8. */
size_t script_cut(const char *bytes, size_t len, size_t limit);

#endif
