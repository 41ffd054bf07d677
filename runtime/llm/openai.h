/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What OpenAI's two wires have in common. Pure. */
#ifndef AGENTOS_LLM_OPENAI_H
#define AGENTOS_LLM_OPENAI_H

#include "llm/order.h"
#include "llm/tree.h"
#include "llm/wire.h"

/*
 * A tool of a Responses namespace is one function to other wires, NAMESPACE-_-NAME, and a
 * custom tool is NAME-_custom. No function of a client's may have these in its name.
 */
#define OPENAI_NAMESPACE "-_-"
#define OPENAI_CUSTOM	 "-_custom"

/* Lists that grow in an arena. Zero before use. */
struct openai_parts {
	struct call_part *at;
	size_t count, room;
};
struct openai_turns {
	struct call_turn *at;
	size_t count, room;
	struct openai_parts parts; /* of the last one */
};

/* One more, zeroed but for the kind; NULL keeps -ENOMEM. Pointers of before end. */
struct call_part *openai_part_add(const struct tree_node *n, struct openai_parts *parts,
				  enum call_part_kind kind);
/* A TEXT part, but for a text that is empty or none. */
void openai_text_add(const struct tree_node *n, struct openai_parts *parts,
		     struct call_string text);
/* Begins a turn, of no parts yet. */
void openai_turn_add(const struct tree_node *n, struct openai_turns *turns, enum call_role role);
/* They become the request's. */
void openai_turns_put(struct openai_turns *turns, struct call_request *r);
/* Room for so many tools, of which there are none yet; -EBADMSG beyond LIMIT_LLM_TOOLS. */
void openai_tools_alloc(const struct tree_node *array, size_t count, struct call_request *r);

/*
 * "data:TYPE;base64,DATA" into media_type and data, or an http or https URL into url;
 * n is what it was read from. Else -EBADMSG.
 */
void openai_url_read(const struct tree_node *n, struct call_string url, struct call_part *part);
/*
 * The members filename and file_data (a data: URL, or the base64 of a PDF) of n; file_id is
 * -EOPNOTSUPP: only OpenAI has the file.
 */
void openai_file_read(const struct tree_node *n, struct call_part *part);

/* "low", ...; "none" is none, and what is beyond "high" is "high". */
struct call_string openai_effort_read(const struct tree_node *n, const char *key);
/* The members name, description, parameters and strict of n. */
void openai_tool_read(const struct tree_node *n, struct call_tool *tool);
/* Members that both wires have: model, temperature, top_p, user, stream, one_tool_call. */
void openai_request_read(const struct tree_node *n, struct call_request *r);
/* A choice of mode "auto" or "required" among tools that are named: others are taken away. */
void openai_allowed_read(const struct tree_node *mode_of, const struct tree_node *tools,
			 struct call_string (*name_of)(const struct tree_node *tool),
			 struct call_request *r);
/* Refuses a choice of what is not offered; n is what asks for it. */
void openai_choice_check(const struct tree_node *n, const struct call_request *r);
/*
 * The arguments of a call that a model made: a JSON object in a string, or, as some
 * providers have it, itself. false: they are cut off, which is an error unless cut is
 * allowed: nobody can carry the call out, then.
 */
bool openai_arguments_read(const struct tree_node *n, const char *key, bool cut,
			   struct call_string *ret_arguments);
/* For a call that has none: made of the answer's id and the call's place, ASCII. */
struct call_string openai_call_id(const struct tree_node *n, struct call_string answer_id,
				  size_t place);

/* What went wrong in an order, as an error of a decoder. */
int openai_order_fault(const struct order *o, int err, struct wire_fault *fault);
/* -EOPNOTSUPP with the text. */
int openai_refuse(struct wire_fault *fault, const char *text);
/* As a JSON string; none as "". */
void openai_put(struct text *out, struct call_string s);
/* `,"KEY":"..."`, a number, JSON as it is: nothing when it is none. */
void openai_member_put(struct text *out, const char *key, struct call_string s);
void openai_number_put(struct text *out, const char *key, struct call_number number);
void openai_json_put(struct text *out, const char *key, struct call_string json);
/* The URL of an IMAGE or FILE part as a JSON string: its own, or data: with its bytes. */
void openai_url_put(struct text *out, const struct call_part *part);
/*
 * The texts of the parts of a kind as one JSON string, with an empty line between them.
 * sealed: of sealed ones as well.
 */
void openai_texts_put(struct text *out, const struct call_part *parts, size_t count,
		      enum call_part_kind kind, bool sealed);
/* Whether there is one other than TEXT. */
bool openai_has_other(const struct call_part *parts, size_t count);

int openai_error_decode(struct arena *a, int status, const char *body, size_t len,
			struct call_error *ret_error);
int openai_error_encode(const struct call_error *error, struct text *out);
/* The object in the member error of a body, or n itself when it has a message. false: neither. */
bool openai_error_read(const struct tree_node *n, int status, struct call_error *error);
/* {"message":...,"type":...,"param":null,"code":...} */
void openai_error_put(const struct call_error *error, struct text *out);

#endif
