/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A model call in nobody's words: what each wire is translated to and from. */
#ifndef AGENTOS_LLM_CALL_H
#define AGENTOS_LLM_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * All memory is an arena's. A string has its length, as models may write NULs; a NUL
 * stands behind it as well. None: at is NULL.
 */
struct call_string {
	const char *at;
	size_t len;
};

/* A number that may not be given. */
struct call_number {
	double value;
	bool given;
};

enum call_role {
	CALL_SYSTEM, /* OpenAI's "developer" as well */
	CALL_USER,
	CALL_ASSISTANT,
};

enum call_part_kind {
	CALL_TEXT,
	CALL_IMAGE,	  /* user: media_type with data (base64), or url */
	CALL_FILE,	  /* likewise, with name; PDF and the like */
	CALL_TOOL_CALL,	  /* assistant: id, name, arguments */
	CALL_TOOL_RESULT, /* user: id of the call (name, where the wire has it), parts, is_error */
	CALL_REASONING,	  /* assistant: text; sealed: what only its provider reads */
};

struct call_part {
	enum call_part_kind kind;
	struct call_string text; /* TEXT, REASONING; TOOL_CALL: arguments, a JSON object */
	struct call_string id, name;
	struct call_string media_type, data, url;
	struct call_string sealed; /* signature or encrypted content of REASONING */
	struct call_part *parts;   /* TOOL_RESULT: TEXT and IMAGE */
	size_t part_count;
	bool is_error;
};

struct call_turn {
	enum call_role role;
	struct call_part *parts;
	size_t part_count;
};

struct call_tool {
	struct call_string name, description;
	struct call_string parameters; /* JSON Schema, as JSON; none: no parameters */
	bool strict;
};

enum call_choice {
	CALL_CHOICE_AUTO,
	CALL_CHOICE_NONE,
	CALL_CHOICE_REQUIRED,
	CALL_CHOICE_NAMED, /* choice_name */
};

enum call_format { CALL_FORMAT_TEXT, CALL_FORMAT_JSON, CALL_FORMAT_SCHEMA };

struct call_request {
	struct call_string model;
	struct call_turn *turns; /* in order, system turns where they stand */
	size_t turn_count;
	struct call_tool *tools;
	size_t tool_count;
	enum call_choice choice;
	struct call_string choice_name;
	bool one_tool_call;   /* no parallel calls */
	uint64_t max_tokens;  /* 0: not given */
	bool max_tokens_only; /* OpenAI chat, written: its provider knows no max_completion_tokens */
	struct call_number temperature, top_p, top_k, presence_penalty, frequency_penalty, seed;
	struct call_string *stops;
	size_t stop_count;
	enum call_format format;
	struct call_string schema_name, schema; /* FORMAT_SCHEMA: JSON */
	bool schema_strict;
	struct call_string effort; /* "minimal", "low", "medium", "high"; none: not given */
	uint64_t thinking_tokens;  /* a budget for reasoning; 0: not given */
	struct call_string user;   /* an end user's id */
	bool stream;
	bool stream_usage; /* OpenAI chat: a chunk with usage is asked for */
};

struct call_usage {
	uint64_t input;	     /* tokens, those from and into the cache among them */
	uint64_t output;     /* reasoning among them */
	uint64_t cache_read; /* of input */
	uint64_t cache_write;
	uint64_t reasoning; /* of output */
	bool given;
};

enum call_stop {
	CALL_STOP_END,
	CALL_STOP_LENGTH,
	CALL_STOP_TOOLS,
	CALL_STOP_SEQUENCE, /* stop_sequence, where the wire tells which */
	CALL_STOP_FILTER,   /* refused or filtered */
};

struct call_answer {
	struct call_string id, model;
	struct call_part *parts; /* the assistant's: TEXT, TOOL_CALL, REASONING */
	size_t part_count;
	enum call_stop stop;
	struct call_string stop_sequence;
	struct call_usage usage;
	int64_t created; /* seconds since 1970; 0: not told */
};

enum call_error_kind {
	CALL_ERROR_INVALID,	   /* 400 */
	CALL_ERROR_AUTHENTICATION, /* 401 */
	CALL_ERROR_PAYMENT,	   /* 402 */
	CALL_ERROR_PERMISSION,	   /* 403 */
	CALL_ERROR_NOT_FOUND,	   /* 404 */
	CALL_ERROR_TOO_LARGE,	   /* 413 */
	CALL_ERROR_RATE_LIMIT,	   /* 429 */
	CALL_ERROR_API,		   /* 500 */
	CALL_ERROR_UNAVAILABLE,	   /* 502, 503 */
	CALL_ERROR_TIMEOUT,	   /* 504, 408 */
	CALL_ERROR_OVERLOADED,	   /* 529 */
};

struct call_error {
	enum call_error_kind kind;
	int status;		    /* of HTTP; 0: the kind's usual one */
	struct call_string message; /* one line */
	struct call_string code;    /* a word for programs, such as budget_exceeded; none */
};

/*
 * A streamed answer, piece by piece, in this order: BEGIN; then for each part its
 * pieces and PART_END, one part after the other; STOP. ERROR ends it at any time.
 */
enum call_event_kind {
	CALL_BEGIN,	     /* id, model, created; usage as far as it is known */
	CALL_TEXT_MORE,	     /* text */
	CALL_REASONING_MORE, /* text, sealed */
	CALL_TOOL_BEGIN,     /* id, name */
	CALL_TOOL_MORE,	     /* text: of the arguments */
	CALL_PART_END,
	CALL_STOP,  /* stop, stop_sequence, usage */
	CALL_ERROR, /* error */
	CALL_PING,  /* nothing; keeps it alive */
};

struct call_event {
	enum call_event_kind kind;
	struct call_string id, name, model, text, sealed;
	int64_t created;
	enum call_stop stop;
	struct call_string stop_sequence;
	struct call_usage usage;
	struct call_error error;
};

/* "text" as a call_string. */
#define CALL_STRING(literal) ((struct call_string){ (literal), sizeof(literal) - 1 })

#endif
