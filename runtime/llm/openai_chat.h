/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the sources of the chat wire share. See llm/wire.h for what the functions do. */
#ifndef AGENTOS_LLM_OPENAI_CHAT_H
#define AGENTOS_LLM_OPENAI_CHAT_H

#include "llm/openai.h"

int openai_chat_request_decode(struct arena *a, const char *body, size_t len,
			       struct call_string model, bool stream,
			       struct call_request *ret_request, struct wire_fault *ret_fault);
int openai_chat_request_encode(const struct call_request *request, struct text *out,
			       struct wire_fault *ret_fault);
int openai_chat_answer_decode(struct arena *a, const char *body, size_t len,
			      struct call_answer *ret_answer, struct wire_fault *ret_fault);
int openai_chat_answer_encode(const struct call_answer *answer, struct text *out,
			      struct wire_fault *ret_fault);

struct wire_decoder *openai_chat_decoder_create(
	int (*emit)(const struct call_event *event, void *cookie), void *cookie);
int openai_chat_decoder_frame(struct wire_decoder *d, const struct wire_frame *frame,
			      struct wire_fault *ret_fault);
int openai_chat_decoder_finish(struct wire_decoder *d, struct wire_fault *ret_fault);
void openai_chat_decoder_free(struct wire_decoder *d);

struct wire_encoder *openai_chat_encoder_create(const struct call_request *request);
int openai_chat_encoder_event(struct wire_encoder *e, const struct call_event *event,
			      struct text *out);
void openai_chat_encoder_free(struct wire_encoder *e);

/* The member usage, when it is there. */
void openai_chat_usage_read(const struct tree_node *n, struct call_usage *usage);
void openai_chat_usage_put(struct text *out, const struct call_usage *usage);
/* A finish_reason; a word that nobody knows ends it as "stop" does. tools: calls were made. */
enum call_stop openai_chat_stop_read(struct call_string reason, bool tools);
const char *openai_chat_stop_word(enum call_stop stop);
/* The reasoning of a message or delta, by any of the names that providers have for it. */
struct call_string openai_chat_reasoning_read(const struct tree_node *message);

/* What a message or delta has of reasoning and text: a string, or parts as Mistral has them. */
void openai_chat_said_read(const struct tree_node *message, struct openai_parts *parts);
/* A TOOL_CALL part as a member of tool_calls. */
void openai_chat_call_put(struct text *out, const struct call_part *call);

#endif
