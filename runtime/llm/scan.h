/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A JSON body looked over once: that it is JSON, where a few members are, and changed there. Pure. */
#ifndef AGENTOS_LLM_SCAN_H
#define AGENTOS_LLM_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "llm/call.h"

#define SCAN_PATHS 32 /* at most in one table */
#define SCAN_STEPS 4  /* names in one path */

enum scan_kind {
	SCAN_NONE, /* there is no such member */
	SCAN_STRING,
	SCAN_NUMBER,
	SCAN_TRUE,
	SCAN_FALSE,
	SCAN_NULL,
	SCAN_OBJECT,
	SCAN_ARRAY,
};

/* As it stands in the body: of a string with its quotes. */
struct scan_value {
	enum scan_kind kind;
	const char *at;
	size_t len;
};

/*
 * Checks that the bytes are one JSON text (RFC 8259: UTF-8, no byte order mark, objects
 * and arrays at most LIMIT_JSON_DEPTH within each other), and finds count members, each
 * by its names from the outermost object on with dots between them ("usage.input_tokens");
 * "" is the whole text. A name is found however it is written ("mod\u0065l").
 *
 * *ret_values: count of them. A member of what is no object is SCAN_NONE.
 * -EBADMSG  no JSON
 * -EEXIST   on the way to a member that is asked for, a name is there twice, or in
 *	     letters of another case ("Model"): some readers take the first, some the
 *	     last, and Go's (so Ollama) takes that for "model" too
 * -EINVAL   the table: too many paths or steps
 * with *ret_at, the offset where it was seen.
 *
 * Other members may be there twice. A surrogate alone ("\ud800") is no error, as the
 * grammar has it.
 */
int scan_json(const char *bytes, size_t len, const char *const *paths, size_t count,
	      struct scan_value *ret_values, size_t *ret_at);

/*
 * Told of all that a text is made of, in its order, while it is looked over: what is found to be
 * wrong behind it takes nothing of that back.
 */
struct scan_watch {
	/* A member's name, without its quotes; simple: it is ASCII, and nothing in it is escaped. */
	void (*name)(struct call_string name, bool simple, void *cookie);
	/*
	 * A value; of an object or array that it begins: its len is 0. False: of what is in that
	 * nothing need be told, but where it ends.
	 */
	bool (*value)(const struct scan_value *value, void *cookie);
	/* The innermost object or array ends. */
	void (*close)(void *cookie);
	void *cookie;
};

struct scan_asked {
	const char *const *paths;
	size_t count;
	const struct scan_watch *watch; /* or NULL */
};

/* scan_json(), with somebody who is told of more. */
int scan_json_watch(const char *bytes, size_t len, const struct scan_asked *asked,
		    struct scan_value *ret_values, size_t *ret_at);

/* Is it that one, which is ASCII, however it is written and in letters of either case? */
bool scan_name_is(struct call_string name, const char *ascii);

/* A number without sign, point and exponent. -EBADMSG: another kind, or not so; -ERANGE */
int scan_uint(const struct scan_value *value, uint64_t *ret_number);
/*
 * What a string says, and a NUL behind it; it may have others within. A surrogate alone
 * becomes U+FFFD. size: value->len - 1 is always enough.
 * -EBADMSG: another kind; -E2BIG
 */
int scan_string(const struct scan_value *value, char *out, size_t size, size_t *ret_len);

/* Bytes that are to stand in the place of others. */
struct scan_edit {
	const char *at; /* in the body: where */
	size_t cut;	/* bytes there that go */
	struct call_string text;
	bool comma; /* behind the text */
};

/* Another value: JSON. */
struct scan_edit scan_replace(const struct scan_value *value, struct call_string json);
/* One more member of an object, "\"name\":value", before the others. */
struct scan_edit scan_add(const struct scan_value *object, struct call_string member);
/*
 * So that OpenAI's chat streams usage: stream_options.include_usage becomes true. The
 * values are what the paths "", "stream_options" and "stream_options.include_usage"
 * found. False: it is so already, or the whole is no object, and *ret_edit is as it was.
 */
bool scan_ask_usage(const struct scan_value *whole, const struct scan_value *options,
		    const struct scan_value *usage, struct scan_edit *ret_edit);

#define SCAN_EDITS 8 /* at most at once */
#define SCAN_PIECES(edits) \
	(3 * (edits) + 1) /* that they cut a body into, with what stands in between */

/*
 * The body with all the edits, in pieces that point into it and into their texts: nothing
 * is copied. They are in any order and do not overlap. pieces has room for
 * SCAN_PIECES(count); *ret_len is their length together.
 * -EINVAL  edits outside of the body, that overlap, or too many
 */
int scan_splice(const char *bytes, size_t len, const struct scan_edit *edits, size_t count,
		struct iovec *pieces, size_t *ret_pieces, size_t *ret_len);

#endif
