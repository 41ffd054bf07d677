/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the sources of the Responses wire share. See llm/wire.h for what the functions do. */
#ifndef AGENTOS_LLM_OPENAI_RESPONSES_H
#define AGENTOS_LLM_OPENAI_RESPONSES_H

#include "llm/openai.h"

int openai_responses_request_decode(struct arena *a, const char *body, size_t len,
				    struct call_string model, bool stream,
				    struct call_request *ret_request, struct wire_fault *ret_fault);
int openai_responses_request_encode(const struct call_request *request, struct text *out,
				    struct wire_fault *ret_fault);
int openai_responses_answer_decode(struct arena *a, const char *body, size_t len,
				   struct call_answer *ret_answer, struct wire_fault *ret_fault);
int openai_responses_answer_encode(const struct call_answer *answer, struct text *out,
				   struct wire_fault *ret_fault);

struct wire_decoder *openai_responses_decoder_create(
	int (*emit)(const struct call_event *event, void *cookie), void *cookie);
int openai_responses_decoder_frame(struct wire_decoder *d, const struct wire_frame *frame,
				   struct wire_fault *ret_fault);
int openai_responses_decoder_finish(struct wire_decoder *d, struct wire_fault *ret_fault);
void openai_responses_decoder_free(struct wire_decoder *d);

struct wire_encoder *openai_responses_encoder_create(const struct call_request *request);
int openai_responses_encoder_event(struct wire_encoder *e, const struct call_event *event,
				   struct text *out);
void openai_responses_encoder_free(struct wire_encoder *e);

/*
 * A tool's name, the member name of n, with its namespace and that it is custom in one, so
 * that it can be taken apart again; -EOPNOTSUPP when it could not. With neither it is the
 * name itself, which may come from a provider that was told all in one.
 */
struct call_string openai_responses_name_read(const struct tree_node *n, struct call_string space,
					      bool custom);
/* As a client has it, who is never told all in one: -EOPNOTSUPP for such a name. */
struct call_string openai_responses_own_name_read(const struct tree_node *n,
						  struct call_string space, bool custom);
/* Such a name as ,"name":"..." and, when it has one, ,"namespace":"...". */
void openai_responses_name_put(struct text *out, struct call_string name);
bool openai_responses_is_custom(struct call_string name);
/* A custom tool as a function, but for its name: one argument, input, whose grammar is told. */
void openai_responses_custom_read(const struct tree_node *n, struct call_tool *tool);
/* The member input of a custom call as arguments, and arguments as it: a JSON string. */
struct call_string openai_responses_input_read(const struct tree_node *n);
void openai_responses_input_put(struct text *out, struct call_string arguments);

/* The texts in an array of {"text":...}, with an empty line between them; none: no text. */
struct call_string openai_responses_texts_read(const struct tree_node *array);
/* The text and sealed of a reasoning item. */
void openai_responses_reasoning_read(const struct tree_node *item, struct call_part *part);
/* How a response ended, of its status and incomplete_details. */
enum call_stop openai_responses_stop_read(const struct tree_node *response, bool calls,
					  bool refused);
void openai_responses_usage_read(const struct tree_node *response, struct call_usage *usage);

/* A response object. Those that are none are written as null. */
struct openai_response {
	struct call_string id, model;
	int64_t created;
	const char *status;	   /* in_progress, completed, incomplete, failed */
	struct call_string output; /* items, with commas between them */
	enum call_stop stop;	   /* status incomplete: why */
	const struct call_usage *usage;
	const struct call_error *error;
	struct call_number temperature, top_p; /* as they were asked for */
	uint64_t max_tokens;
	bool one_tool_call;
};
void openai_responses_object_put(struct text *out, const struct openai_response *r);
/* Its last status: completed, or incomplete with the stop. */
const char *openai_responses_status(enum call_stop stop);
/* The id of an item as a JSON string: made of the response's, its kind and its place. */
void openai_responses_item_id_put(struct text *out, struct call_string response_id,
				  enum call_part_kind kind, size_t place);
/* A part as an item; whole: with what is in it, completed; else as it begins. */
void openai_responses_item_put(struct text *out, struct call_string response_id, size_t place,
			       const struct call_part *part, bool whole);
/* {"type":"output_text","text":...} */
void openai_responses_said_put(struct text *out, struct call_string text);

#endif
