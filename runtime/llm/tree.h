/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A JSON text as a tree, read member by member; the first thing wrong is kept, with its path. Pure. */
#ifndef AGENTOS_LLM_TREE_H
#define AGENTOS_LLM_TREE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"
#include "llm/call.h"
#include "llm/wire.h"

/* Zero before use. What is read is copied into the arena, so the tree may be closed before it. */
struct tree {
	struct arena *arena;
	struct wire_fault *fault; /* written at the first error; may be NULL */
	int err;		  /* 0, or the first error; then all getters return none */
	json_t *root;
};

/*
 * A value in it. json is NULL when there is none or it is null: then it has no members
 * either, and reading them is no error.
 */
struct tree_node {
	struct tree *tree;
	const struct tree_node *up; /* what it is in, which has to live as long; NULL: the whole */
	const char *key;	    /* its name there, which has to live as long; else */
	size_t index;		    /* its place */
	const json_t *json;
};

/*
 * Reads bytes that are one JSON text of at most LIMIT_LLM_BODY bytes, LIMIT_LLM_DEPTH levels
 * and LIMIT_LLM_VALUES values. No name may be given twice in an object. 0, -EBADMSG with the
 * fault, or -ENOMEM; tree_close() in any case.
 */
int tree_open(struct tree *t, struct arena *a, const char *json, size_t len,
	      struct wire_fault *fault, struct tree_node *ret_root);
void tree_close(struct tree *t);

/*
 * Keeps err, and as the fault "PATH: TEXT", such as "messages[2].content[0].type: no such
 * kind", unless there is one already. What a client wrote is made printable. Returns t->err.
 */
int tree_fault(const struct tree_node *n, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Such a fault of the member of n, whether it is there or not. */
int tree_fault_at(const struct tree_node *n, const char *key, int err, const char *text);

/*
 * The members of an object, by name. None, false, 0 or otherwise when there is no such
 * member or it is null; a member of another type is -EBADMSG ("must be a string"), and so is
 * any n that is there and no object.
 */
struct tree_node tree_member(const struct tree_node *n, const char *key); /* of any type */
struct tree_node tree_object(const struct tree_node *n, const char *key);
struct tree_node tree_array(const struct tree_node *n, const char *key);
struct call_string tree_string(const struct tree_node *n, const char *key);
bool tree_bool(const struct tree_node *n, const char *key, bool otherwise);
struct call_number tree_number(const struct tree_node *n, const char *key);
uint64_t tree_uint(const struct tree_node *n, const char *key); /* 4096.0 as well */
/* "is missing" when it is not there. */
struct call_string tree_string_needed(const struct tree_node *n, const char *key);
/* Likewise; and "must not be empty". */
struct call_string tree_name_needed(const struct tree_node *n, const char *key);
struct tree_node tree_array_needed(const struct tree_node *n, const char *key);
/* A string that is a JSON object, as JSON on one line; "" is {}. "must be a JSON object in a string" */
struct call_string tree_object_text(const struct tree_node *n, const char *key);

bool tree_is_string(const struct tree_node *n);
bool tree_is_array(const struct tree_node *n);
bool tree_is_object(const struct tree_node *n);
/* Items of an array, members of an object; else 0. After an error 0 as well. */
size_t tree_count(const struct tree_node *n);
/* An item of an array; null is one. */
struct tree_node tree_item(const struct tree_node *n, size_t index);
/* The string that it is itself; -EBADMSG when it is something else. */
struct call_string tree_text(const struct tree_node *n);
/* All of it as JSON on one line; none when there is none. */
struct call_string tree_json(const struct tree_node *n);
/* Zeroed, of the arena; NULL keeps -ENOMEM. */
void *tree_alloc(const struct tree_node *n, size_t count, size_t size);

/* With the fewest digits that are read back as the same number. */
void tree_number_put(struct text *out, double value);
/*
 * What should be a JSON object, on one line; none or "" is {}. -EBADMSG: it is none, or more
 * than tree_open() takes; -ENOMEM. Then nothing is written.
 */
int tree_object_put(struct text *out, struct call_string json);

/* Whether the string is there and is this word. */
bool tree_is(struct call_string s, const char *word);

#endif
