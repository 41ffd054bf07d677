/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows of the files that name providers and models: the one form that all of them have. Pure. */
#ifndef AGENTOS_LLM_ROW_H
#define AGENTOS_LLM_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/limits.h"

/*
 * A file is lines; each is empty, a comment, or one row:
 *
 *	KIND NAME KEY=VALUE KEY=VALUE ...	# a comment
 *
 * Words are printable ASCII and stand apart by blanks or tabs; a word that begins
 * with '#' begins a comment, which goes to the end of the line. There are no quotes:
 * no value has a blank in it. The last line ends like the others or at the file's end.
 */
struct row_field {
	const char *key, *value;
};

struct row {
	unsigned int line;
	const char *kind, *name; /* of text; kind: NULL when there is no row */
	struct row_field fields[LIMIT_ROW_WORDS];
	size_t field_count;
	char text[LIMIT_ROW + 1];
};

/* What is read, and how far. */
struct row_reader {
	const char *where; /* the file's name, for messages: escaped already */
	const char *text;
	size_t len, at;
	unsigned int line; /* of the row that was read last */
};

/*
 * The next row: 1, or 0 at the end.
 * -EBADMSG  no row, and f says in which line: "FILE:LINE: ..."
 */
int row_next(struct row_reader *r, struct row *ret_row, struct fault *f);

/* What a value is kept in, and whom it belongs to. */
struct row_context {
	struct arena *arena;
	void *object;
};

/*
 * A key that a kind of row has. set() keeps the value in the object. -EINVAL: it is
 * no such value, and f says what would be one; -ENOMEM.
 */
struct row_key {
	const char *name;
	int (*set)(const struct row_context *c, const char *value, struct fault *f);
	bool needed, repeated;
};

/*
 * Sets what the row's fields say. -EBADMSG: an unknown key (f names the nearest), one
 * twice, one that is needed and not there, or a bad value. -ENOMEM.
 */
int row_apply(const struct row_reader *r, const struct row *row, const struct row_key *keys,
	      size_t count, const struct row_context *c, struct fault *f);

/* "FILE:LINE: ..." into f. Always -EBADMSG. */
int row_fault(const struct row_reader *r, struct fault *f, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Members of a list with commas between, one by one: *list is where to go on, NULL at
 * first and at the end. An empty member counts, so that it can be refused. False: no more.
 */
bool row_list(const char *value, const char **list, const char **ret_at, size_t *ret_len);

/*
 * One of the words as its number. -EINVAL: none of them; f names the nearest, or all.
 * what: what it is, for the message.
 */
int row_word(const char *word, size_t len, const char *const *words, size_t count, const char *what,
	     unsigned int *ret_number, struct fault *f);

/* Is a name at that distance (suggest_distance()) what may have been meant? */
bool row_is_near(const char *word, unsigned int distance);

/* "2026-11-30" as 20261130: a day that there is. -EINVAL */
int row_date(const char *value, uint32_t *ret_date, struct fault *f);

#endif
