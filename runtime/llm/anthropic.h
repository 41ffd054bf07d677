/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Anthropic's messages: what is said otherwise than it was meant, and what its files share. */
#ifndef AGENTOS_LLM_ANTHROPIC_H
#define AGENTOS_LLM_ANTHROPIC_H

#include "llm/parts.h"
#include "llm/wire.h"

/*
 * https://docs.claude.com/en/api/messages, anthropic-version 2023-06-01 and later.
 *
 * Requests that are read:
 * - max_tokens may be absent, as it is where tokens are only counted.
 * - Tools of the provider's own (with a type other than "custom": web_search_..., bash_...)
 *   are left out, unless tool_choice leaves the model nothing else: -EOPNOTSUPP. Blocks
 *   that such tools leave in a conversation are -EOPNOTSUPP.
 * - Documents of plain text become text: title, context, text. Search results likewise.
 * - cache_control, citations, context_management, service_tier and what else changes no
 *   answer are ignored. thinking "adaptive" is what a model does unasked. Of efforts there
 *   are none above "high".
 *
 * Requests that are written:
 * - Without a max_tokens they get ANTHROPIC_MAX_TOKENS, and what is for thinking on top.
 * - A budget for thinking is at least ANTHROPIC_THINKING_MIN and less than max_tokens; where
 *   there is no room for both, none is asked for.
 * - System turns before all others are the system prompt; later ones stand where they are,
 *   as text of the user between <system> and </system>.
 * - Turns of one role that follow each other are one; in it results of tools come first.
 *   What says nothing (empty text, reasoning without its signature) is left out. The first
 *   turn must be a user's: where it is not, one that says ANTHROPIC_FIRST goes before it.
 * - Ids of calls have nothing but letters, digits, "_" and "-"; other bytes become "_".
 * - Left out: seed (a wish), the name of a schema and whether it is strict (it is).
 * - Refused: penalties, a temperature above 1, stops that are blanks, JSON without a schema,
 *   files that are neither PDF nor text.
 */
#define ANTHROPIC_MAX_TOKENS   8192 /* every model since 2024 gives as many */
#define ANTHROPIC_THINKING_MIN 1024
#define ANTHROPIC_FIRST	       "."

/* Where blocks stand. */
enum anthropic_place {
	ANTHROPIC_SYSTEM,
	ANTHROPIC_USER,
	ANTHROPIC_ASSISTANT,
	ANTHROPIC_RESULT, /* of a tool */
	ANTHROPIC_SOURCE, /* of a document */
	ANTHROPIC_ANSWER, /* what is unknown is skipped */
};

/* A string, or an array of blocks; more parts. What is wrong is the tree's. */
void anthropic_content_read(const struct tree_node *content, enum anthropic_place place,
			    struct parts *p);

/*
 * A block as an item. Parts that say nothing are not written; reasoning without a signature
 * is nothing in a request.
 */
bool anthropic_says(const struct call_part *part, bool request);
int anthropic_block_put(struct text *out, const struct call_part *part, bool request,
			struct wire_fault *ret_fault);

/* As far as it is there: counts never shrink within an answer. */
void anthropic_usage_read(const struct tree_node *usage, struct call_usage *u);
void anthropic_usage_put(struct text *out, const struct call_usage *u);

/* tools: the answer has calls of tools. none: by that alone. */
enum call_stop anthropic_stop_read(struct call_string reason, bool tools);
const char *anthropic_stop_word(enum call_stop stop);

/* {"type":"error","error":{...}} */
int anthropic_error_read(struct arena *a, const struct tree_node *root, int status,
			 struct call_error *ret_error);
void anthropic_error_put(struct text *out, const struct call_error *error);

/* The members of struct wire, each in the file of its name. */
int anthropic_request_decode(struct arena *a, const char *body, size_t len,
			     struct call_string model, bool stream,
			     struct call_request *ret_request, struct wire_fault *ret_fault);
int anthropic_request_encode(const struct call_request *request, struct text *out,
			     struct wire_fault *ret_fault);
int anthropic_answer_decode(struct arena *a, const char *body, size_t len,
			    struct call_answer *ret_answer, struct wire_fault *ret_fault);
int anthropic_answer_encode(const struct call_answer *answer, struct text *out,
			    struct wire_fault *ret_fault);
struct wire_decoder *anthropic_decoder_create(
	int (*emit)(const struct call_event *event, void *cookie), void *cookie);
int anthropic_decoder_frame(struct wire_decoder *d, const struct wire_frame *frame,
			    struct wire_fault *ret_fault);
int anthropic_decoder_finish(struct wire_decoder *d, struct wire_fault *ret_fault);
void anthropic_decoder_free(struct wire_decoder *d);
struct wire_encoder *anthropic_encoder_create(const struct call_request *request);
int anthropic_encoder_event(struct wire_encoder *e, const struct call_event *event,
			    struct text *out);
void anthropic_encoder_free(struct wire_encoder *e);

#endif
