/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gemini's generateContent: what is said otherwise than it was meant, and what its files share. */
#ifndef AGENTOS_LLM_GEMINI_H
#define AGENTOS_LLM_GEMINI_H

#include "llm/calls.h"
#include "llm/parts.h"
#include "llm/wire.h"

/*
 * https://ai.google.dev/api/generate-content. Members may be written in camelCase or in
 * snake_case, as the service takes both. Model and streaming are in the URL.
 *
 * Ids of calls are often absent. They get one by their place, so that it is the same
 * whenever the same is read: in a request "call_TURN_PART", in an answer "call_ANSWER_COUNT"
 * with the answer's own id. A result without an id answers the oldest call of its name
 * that has no answer.
 *
 * thoughtSignature is reasoning that its provider alone reads, and stands on the part that
 * follows it: it becomes the seal of the reasoning before that part, or of one that has
 * no text; and is written back to the part behind it, or to an empty one at the end and
 * before more reasoning.
 *
 * Requests that are read:
 * - Tools that the provider runs (googleSearch, codeExecution, ...) are left out, unless
 *   the mode leaves the model nothing else: -EOPNOTSUPP. Parts that they leave are, too.
 * - Schemas in OpenAPI's form become JSON Schema: types in small letters, "nullable" a type,
 *   counts numbers; propertyOrdering and example are dropped.
 * - allowedFunctionNames leaves the other functions out; the only one left under ANY is
 *   CALL_CHOICE_NAMED.
 * - What is inline and no image is a file, whatever it is.
 * - safetySettings, labels, mediaResolution and what else changes no answer are ignored.
 *
 * Requests that are written:
 * - System turns before all others are the systemInstruction; later ones stand where they
 *   are, as text of the user between <system> and </system>. Turns of one role that follow
 *   each other are one; in it results of tools come first. What says nothing is left out; the
 *   first turn is a user's, if need be one that says GEMINI_FIRST.
 * - A call's result needs its name, which is that of the call it answers: without one among
 *   the last LIMIT_LLM_CALLS it cannot be said.
 * - An image at an address has the type that its name ends with, else image/jpeg.
 * - Models called gemini-2... take a number of tokens for an effort: GEMINI_EFFORT_...
 * - Models called gemini-3... refuse a turn whose first call has no signature. Where it has
 *   none, as another provider's model made it, it gets GEMINI_UNSIGNED, which the service
 *   has for that; as a signature that is read it is none.
 * - Left out: one_tool_call, strict, the names of files, schemas and users.
 * - Refused: more than GEMINI_STOPS stops.
 */
#define GEMINI_FIRST	     "."
#define GEMINI_STOPS	     5
#define GEMINI_EFFORT_LOW    1024 /* the service's own numbers for OpenAI's words */
#define GEMINI_EFFORT_MEDIUM 8192
#define GEMINI_EFFORT_HIGH   24576

#define GEMINI_UNSIGNED "skip_thought_signature_validator"

#define GEMINI_ID_SIZE 41 /* of an id that is made, with its NUL: OpenAI takes 40 */

/* A member by its camelCase name, or else by the same name in snake_case. */
struct tree_node gemini_member(const struct tree_node *n, const char *key);
struct tree_node gemini_object(const struct tree_node *n, const char *key);
struct tree_node gemini_array(const struct tree_node *n, const char *key);
struct call_string gemini_string(const struct tree_node *n, const char *key);

/* A schema as JSON Schema; none when there is none. */
struct call_string gemini_schema_json(const struct tree_node *schema);

/* "call_ANSWER_COUNT": what of the answer's id is no letter, digit, "-" or "_" becomes "_". */
void gemini_id_make(char id[GEMINI_ID_SIZE], struct call_string answer, size_t count);

/* What a piece of an answer says: any of these, none when it is not there. */
struct gemini_piece {
	struct call_string text, seal;
	struct call_string id, name, arguments; /* of a call */
	bool thought, call;
};

/* A part of an answer; what is not known says nothing. */
void gemini_piece_read(const struct tree_node *part, struct gemini_piece *ret_piece);
/* As parts. made: the id of a call that has none. */
void gemini_piece_add(struct parts *p, const struct tree_node *part,
		      const struct gemini_piece *piece, const char *made);

/*
 * Thoughts come in pieces, which are one up to the seal: whose provider looks whether the text
 * is still the same.
 */
void gemini_thoughts_join(const struct tree_node *n, struct call_part *parts, size_t *count);

/* As far as it is there: counts never shrink within an answer. */
void gemini_usage_read(const struct tree_node *root, struct call_usage *u);
void gemini_usage_put(struct text *out, const struct call_usage *u);

/* false: the answer has not ended. */
bool gemini_stop_read(const struct tree_node *root, const struct tree_node *candidate, bool tools,
		      enum call_stop *ret_stop);
const char *gemini_stop_word(enum call_stop stop);

/*
 * A part as an item, if it says something. seal: what waits for the part that it stands on;
 * taken when that is written. A tool's result is not for here.
 */
int gemini_part_put(struct text *out, const struct call_part *part, struct call_string *seal,
		    struct wire_fault *ret_fault);
/* "inlineData" or "fileData" in an object that is open. */
int gemini_blob_put(struct text *out, const struct call_part *part, struct wire_fault *ret_fault);
/* An empty one for a seal behind which no part came; nothing when there is no seal. */
void gemini_seal_put(struct text *out, struct call_string *seal);

/* {"error":{...}} */
int gemini_error_read(struct arena *a, const struct tree_node *root, int status,
		      struct call_error *ret_error);
void gemini_error_put(struct text *out, const struct call_error *error);

/* The members of struct wire, each in the file of its name. */
int gemini_request_decode(struct arena *a, const char *body, size_t len, struct call_string model,
			  bool stream, struct call_request *ret_request,
			  struct wire_fault *ret_fault);
int gemini_request_encode(const struct call_request *request, struct text *out,
			  struct wire_fault *ret_fault);
int gemini_answer_decode(struct arena *a, const char *body, size_t len,
			 struct call_answer *ret_answer, struct wire_fault *ret_fault);
int gemini_answer_encode(const struct call_answer *answer, struct text *out,
			 struct wire_fault *ret_fault);
struct wire_decoder *gemini_decoder_create(
	int (*emit)(const struct call_event *event, void *cookie), void *cookie);
int gemini_decoder_frame(struct wire_decoder *d, const struct wire_frame *frame,
			 struct wire_fault *ret_fault);
int gemini_decoder_finish(struct wire_decoder *d, struct wire_fault *ret_fault);
void gemini_decoder_free(struct wire_decoder *d);
struct wire_encoder *gemini_encoder_create(const struct call_request *request);
int gemini_encoder_event(struct wire_encoder *e, const struct call_event *event, struct text *out);
void gemini_encoder_free(struct wire_encoder *e);

#endif
