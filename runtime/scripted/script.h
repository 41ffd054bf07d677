/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file of rules for the scripted model: what it answers to which request. Pure. */
#ifndef AGENTOS_SCRIPTED_SCRIPT_H
#define AGENTOS_SCRIPTED_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/fault.h"
#include "llm/call.h"
#include "scripted/view.h"

/*
 * A file is lines, in UTF-8 and without control characters but the tab. One that is empty
 * or begins with '#' says nothing; blanks before a line do not count, those behind it do.
 *
 *	rule NAME	begins a rule; letters, digits and -._
 *	KEY=VALUE	says something of it; the value is the rest of the line
 *
 * When it is for a request; all of these have to hold:
 *
 * model=PATTERN    the model's name; "*" stands for any bytes
 * contains=TEXT    the last turn of the user has this in its text, or in that of results
 *		    of tools; may be repeated
 * turns=N, N-M, N- how many turns there are, instructions not counted: 1 when the
 *		    conversation begins, 3 when it was answered once
 * tool-result=yes  the last turn brings results of tools; "no": it brings none
 * times=N	    it was not yet for N requests
 *
 * What is answered:
 *
 * text=TEXT	    repeated: the next line. ${user}, ${result} and ${model} stand for what
 *		    the last turn of the user says, for its results of tools, and for the
 *		    model's name; of each at most LIMIT_SCRIPT_INSERT bytes
 * tool=NAME	    calls a tool; may be repeated
 * arguments=JSON   of the tool before it: an object ({})
 * stop=WORD	    end, length, tools, sequence or filter (tools where one is called, else end)
 * input-tokens=N   the usage that is told (a quarter of the bytes in the request's turns
 * output-tokens=N  and tools, and in the answer's parts; rounded up)
 * status=N	    an error instead, 400 to 599, in the wire's own form
 * message=TEXT	    its message
 * retry-after=N    its header line, in seconds
 *
 * How:
 *
 * delay-ms=N	    waits before the answer begins
 * stream-ms=N	    and before each further event of a stream
 * piece=N	    characters of text, or of arguments, in one event (SCRIPT_PIECE)
 * cut=N	    ends the connection behind the N-th event of a stream, and of an answer in
 *		    one piece in the middle of it
 *
 * In a TEXT \n is a line feed, \t a tab, \\ a backslash and \$ a dollar; no other
 * letter stands behind a backslash.
 */
#define SCRIPT_PIECE 16

enum script_insert { SCRIPT_LITERAL, SCRIPT_USER, SCRIPT_RESULT, SCRIPT_MODEL };

/* A text is a list of these. */
struct script_phrase {
	enum script_insert insert;
	struct call_string literal;
	struct script_phrase *next;
};

struct script_tool {
	struct call_string name, arguments;
	struct script_tool *next;
};

struct script_rule {
	const char *name;
	unsigned int line;

	const char *model;		/* NULL: any */
	struct script_phrase *contains; /* each of them */
	uint64_t turns_min, turns_max;
	bool result_asked, result;
	uint64_t times; /* 0: always */
	uint64_t used;

	struct script_phrase *text; /* NULL: none */
	struct script_tool *tools;
	size_t tool_count;
	enum call_stop stop;
	uint64_t input_tokens, output_tokens;
	bool stop_given, input_given, output_given;
	int status; /* 0: no error */
	struct call_string message;
	uint64_t retry_after;
	bool retry_given;

	uint64_t delay_ms, stream_ms, piece, cut;
	bool cut_given;

	struct script_rule *next;
};

struct script {
	struct arena arena;
	struct script_rule *rules; /* in order; the last is for any request */
	size_t count;		   /* of those in files */
};

/* What is built in: one rule for all requests, whose answer says that this is no model. -ENOMEM */
int script_create(struct script **ret_script);
/* NULL is allowed. */
void script_free(struct script *s);

/*
 * Adds the rules of a file, before the one that is built in. where: its name, escaped already.
 * -EBADMSG, -ENOMEM  with f: "FILE:LINE: ..."; the script is only good to be freed then
 */
int script_add(struct script *s, const char *where, const char *text, size_t len, struct fault *f);

/* The first rule that is for this request; it counts as one of its times. */
const struct script_rule *script_match(struct script *s, const struct script_view *view);

#endif
