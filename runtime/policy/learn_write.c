// SPDX-License-Identifier: GPL-2.0-or-later
/* What was learned, written down as a policy with a comment wherever it needs a person. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "policy/learn_acts.h"
#include "policy/secrets.h"

#define TEMPORARY "${WORKSPACE}/.tmp"

static const struct {
	const char *key;
	uint8_t access;
	uint64_t right;
} list_kinds[LISTS] = {
	[LIST_READ] = { "read", AGENTOS_FILE_READ, AGENTOS_RIGHT(FILE_READ) },
	[LIST_WRITE] = { "write", AGENTOS_FILE_WRITE, AGENTOS_RIGHT(FILE_WRITE) },
	[LIST_EXEC] = { "exec", AGENTOS_FILE_EXEC, AGENTOS_RIGHT(FILE_EXEC) },
};

/* --- the head --- */

static void write_gaps(const struct writer *w)
{
	static const char *const what[LEARN_GAPS] = {
		[LEARN_GAP_TRUNCATED] = "on paths longer than a record holds",
		[LEARN_GAP_NO_PATH] = "on what has no path, or none that leads there from here",
		[LEARN_GAP_UNWRITABLE] =
			"on names that no policy can say ('*', '?', control characters, not UTF-8)",
		[LEARN_GAP_UNNAMED] = "on Unix sockets without a name",
		[LEARN_GAP_NO_PORT] = "on port 0 of an address, which no rule allows",
	};
	size_t i;

	for (i = 0; i < LEARN_GAPS; i++)
		if (what[i] && w->learn->gaps[i])
			fprintf(w->out, "# Left out: %" PRIu64 " act%s %s.\n", w->learn->gaps[i],
				w->learn->gaps[i] == 1 ? "" : "s", what[i]);
	if (w->learn->gaps[LEARN_GAP_MOVED])
		fprintf(w->out,
			"# %" PRIu64 " rename%s or link%s: the new name is known of each, not the "
			"old one.\n",
			w->learn->gaps[LEARN_GAP_MOVED],
			w->learn->gaps[LEARN_GAP_MOVED] == 1 ? "" : "s",
			w->learn->gaps[LEARN_GAP_MOVED] == 1 ? "" : "s");
}

static void write_never(const struct writer *w)
{
#define HOOK_DOING(NAME, hook, doing) doing,
	static const char *const doings[] = { AGENTOS_HOOKS(HOOK_DOING) };
	unsigned int hook;

	for (hook = 0; hook < AGENTOS_HOOK_COUNT; hook++)
		if (w->learn->never[hook])
			fprintf(w->out,
				"# Refused while it was watched, and always: to %s (%" PRIu64
				" time%s).\n",
				doings[hook], w->learn->never[hook],
				w->learn->never[hook] == 1 ? "" : "s");
}

/* Metadata changes know a file by its place on its own file system. */
static void write_relatives(const struct writer *w)
{
	const struct learn_relative *r;
	char shown[ESCAPE_TEXT_MAX(AGENTOS_OBJECT_SIZE) + 1];
	size_t i;

	for (i = 0; i < w->learn->relative_count; i++) {
		r = &w->learn->relatives[i];
		if (!r->path)
			continue;
		escape_text(shown, sizeof(shown), r->path, strlen(r->path));
		fprintf(w->out,
			"# Left out: metadata changed of \"%s\" on some file system: where that is "
			"mounted is not known.\n",
			shown);
	}
}

static void write_head(const struct writer *w, const struct learn_about *about)
{
	char shown[4096];

	escape_text(shown, sizeof(shown), about->command, strlen(about->command));
	fprintf(w->out,
		"# Learned%s%s from one run of: %s\n"
		"# It allows what that run did, and what a person would allow with it. Read it: what\n"
		"# the program should not have done is allowed here, too. Another run may need more:\n"
		"# `agentctl policy test FILE -- PROGRAM` tells.\n",
		about->date ? " on " : "", about->date ? about->date : "", shown);
	if (about->lost)
		fprintf(w->out,
			"# INCOMPLETE: %" PRIu64
			" records were lost, some of them perhaps its: what they\n"
			"# were about is not allowed here. Learn again, with less going on.\n",
			about->lost);
	if (about->unfinished)
		fputs("# INCOMPLETE: not all records had come when this was written.\n", w->out);
	write_gaps(w);
	write_relatives(w);
	write_never(w);
	fprintf(w->out, "version: 1\nname: %s\n", about->name);
}

/* --- rights --- */

static size_t list_active(const struct places *list)
{
	size_t i, count = 0;

	for (i = 0; i < list->count; i++)
		count += list->items[i].active;
	return count;
}

/* Those that a list goes with only if it has something in it. */
static uint64_t rights_active(const struct writer *w, size_t sockets)
{
	uint64_t rights = w->learn->rights;
	size_t i;

	for (i = 0; i < LISTS; i++) {
		rights &= ~list_kinds[i].right;
		if (list_active(&w->lists[i]))
			rights |= list_kinds[i].right;
	}
	if (!learn_addresses_active(w, false))
		rights &= ~AGENTOS_RIGHT(NET_CONNECT);
	if (!learn_addresses_active(w, true))
		rights &= ~AGENTOS_RIGHT(NET_LISTEN);
	if (!sockets)
		rights &= ~AGENTOS_RIGHT(UNIX_CONNECT);
	return rights;
}

static void write_rights(const struct writer *w, uint64_t rights)
{
#define RIGHT_ROW(bit, NAME, name, enforcer, test, meaning) { name, meaning },
	static const struct {
		const char *name, *meaning;
	} rows[] = { AGENTOS_RIGHTS(RIGHT_ROW) };
	const uint64_t refused = w->learn->refused & ~rights, asked = w->learn->rights & ~rights;
	unsigned int bit;

	fputs("rights:\n", w->out);
	for (bit = 0; bit < AGENTOS_RIGHT_COUNT; bit++) {
		if (rights >> bit & 1)
			fprintf(w->out, "  - %-16s # %s\n", rows[bit].name, rows[bit].meaning);
		else if (refused >> bit & 1)
			fprintf(w->out,
				"  # - %-14s # %s: was refused while it was watched, too; for "
				"programs that you trust\n",
				rows[bit].name, rows[bit].meaning);
		else if (asked >> bit & 1)
			fprintf(w->out, "  # - %-14s # %s: nothing below needs it\n",
				rows[bit].name, rows[bit].meaning);
	}
}

/* --- files --- */

static void write_list(const struct writer *w, size_t kind)
{
	const struct places *list = &w->lists[kind];
	const struct place *p;
	size_t i;

	if (!list->count)
		return;
	fprintf(w->out, "  %s%s:\n", list_active(list) ? "" : "# ", list_kinds[kind].key);
	for (i = 0; i < list->count; i++) {
		p = &list->items[i];
		fprintf(w->out, "    %s- ", p->active ? "" : "# ");
		learn_put_path(w, p->path, p->optional ? "-" : "");
		if (p->secret)
			fprintf(w->out, "  # a secret? %s", p->why);
		else if (p->why)
			fprintf(w->out, "  # %s", p->why);
		fputc('\n', w->out);
	}
}

static bool is_allowed(const struct writer *w, const char *path)
{
	size_t i, k;

	for (i = 0; i < LISTS; i++)
		for (k = 0; k < w->lists[i].count; k++)
			if (w->lists[i].items[k].active &&
			    place_is_within(path, w->lists[i].items[k].path))
				return true;
	return false;
}

/* A secret in a directory that is allowed is denied by itself, and before it is in another list. */
static bool is_to_deny(const struct writer *w, size_t list, const struct place *p)
{
	const struct secret *named =
		secret_by_name(strrchr(p->path, '/') + 1, strlen(strrchr(p->path, '/') + 1));
	size_t i, k;

	if (!p->secret || (named && named->denied) || !is_allowed(w, p->path))
		return false;
	for (i = 0; i < list; i++)
		for (k = 0; k < w->lists[i].count; k++)
			if (strcmp(w->lists[i].items[k].path, p->path) == 0)
				return false;
	return true;
}

static void write_denied(const struct writer *w)
{
	const struct secret *s;
	const char *gap = "";
	bool any = false;
	size_t i, k;

	for (i = 0; i < LISTS; i++) {
		for (k = 0; k < w->lists[i].count; k++) {
			if (!is_to_deny(w, i, &w->lists[i].items[k]))
				continue;
			if (!any)
				fputs("  deny:\n", w->out);
			any = true;
			fputs("    - ", w->out);
			learn_put_path(w, w->lists[i].items[k].path, "-");
			fprintf(w->out, "  # a secret? %s\n", w->lists[i].items[k].why);
		}
	}
	fputs("  # Whoever asks for one of these, in whatever directory, is refused.\n"
	      "  deny-names: [",
	      w->out);
	for (s = secrets; s->name; s++) {
		if (!s->denied)
			continue;
		fprintf(w->out, "%s%s", gap, s->name);
		gap = ", ";
	}
	fputs("]\n", w->out);
}

static void write_files(const struct writer *w)
{
	size_t i;

	fputs("files:\n", w->out);
	for (i = 0; i < LISTS; i++)
		write_list(w, i);
	write_denied(w);
}

/* --- all of it --- */

/* Names of files on their own file systems, where another act tells their path. */
static int relatives_resolve(struct learn *learn)
{
	struct learn_relative *r;
	size_t i, k;
	int err;

	for (i = 0; i < learn->relative_count; i++) {
		r = &learn->relatives[i];
		for (k = 0; r->path && k < learn->wish_count; k++) {
			const struct wish *wish = &learn->wishes[k];

			if (!r->ino || wish->ino != r->ino || wish->dev != r->dev ||
			    wish->gen != r->gen)
				continue;
			err = learn_wish(learn, wish->path, r->access, false, NULL);
			if (err)
				return err;
			free(r->path);
			r->path = NULL;
		}
	}
	return 0;
}

static int address_compare(const void *a, const void *b)
{
	const struct learn_address *p = a, *q = b;
	int order = (int)p->listens - (int)q->listens;

	if (!order)
		order = (int)p->family - (int)q->family;
	if (!order)
		order = memcmp(p->addr, q->addr, sizeof(p->addr));
	if (!order)
		order = (int)p->port - (int)q->port;
	return order ? order : p->protocol - q->protocol;
}

static int socket_compare(const void *a, const void *b)
{
	return strcmp(((const struct learn_socket *)a)->name,
		      ((const struct learn_socket *)b)->name);
}

static int wish_compare(const void *a, const void *b)
{
	return strcmp(((const struct wish *)a)->path, ((const struct wish *)b)->path);
}

/* What is read and written in passing has a place in the workspace. */
static int temporary_add(struct writer *w, size_t kind)
{
	struct places *list = &w->lists[kind];
	struct place *items;
	char *path;

	if (asprintf(&path, "%s/.tmp", w->world->workspace) < 0)
		return -ENOMEM;
	if (is_allowed(&(struct writer){ .lists = { *list } }, path)) {
		free(path);
		return 0;
	}
	items = reallocarray(list->items, list->count + 1, sizeof(*items));
	if (!items) {
		free(path);
		return -ENOMEM;
	}
	items[list->count++] = (struct place){ .path = path, .active = true };
	list->items = items;
	list->room = list->count;
	return 0;
}

static int lists_make(struct writer *w)
{
	size_t i;
	int err = 0;

	for (i = 0; i < LISTS && !err; i++) {
		err = places_group(w->learn->wishes, w->learn->wish_count, list_kinds[i].access,
				   w->world, &w->lists[i]);
		w->temporary |= w->lists[i].temporary;
	}
	for (i = 0; i < LIST_EXEC && !err && w->temporary; i++)
		err = temporary_add(w, i);
	return err;
}

/* As qsort(), and of nothing as well. */
static void sort(void *items, size_t count, size_t size, int (*compare)(const void *, const void *))
{
	if (count)
		qsort(items, count, size, compare);
}

int learn_write(struct learn *learn, const struct learn_about *about,
		const struct place_world *world, FILE *out)
{
	struct writer w = { .learn = learn, .world = world, .out = out };
	uint64_t rights;
	size_t i, sockets;
	int err;

	/* What it was watched under allowed this, so no record tells. */
	err = learn_wish(learn, "/dev/null", AGENTOS_FILE_READ, false, NULL);
	if (!err)
		err = relatives_resolve(learn);
	if (!err) {
		index_release(&learn->by_path);
		sort(learn->wishes, learn->wish_count, sizeof(*learn->wishes), wish_compare);
		sort(learn->addresses, learn->address_count, sizeof(*learn->addresses),
		     address_compare);
		sort(learn->sockets, learn->socket_count, sizeof(*learn->sockets), socket_compare);
		err = lists_make(&w);
	}
	if (!err) {
		sockets = learn_sockets_active(&w);
		rights = rights_active(&w, sockets);
		write_head(&w, about);
		write_rights(&w, rights);
		write_files(&w);
		learn_write_network(&w, rights, sockets);
		if (w.temporary)
			fputs("# Files of passing names go here, and not to /tmp, which everybody has:\n"
			      "# for programs that do not look at TMPDIR.\n"
			      "environment:\n  keep: [\"*\"]\n  set:\n    - TMPDIR=" TEMPORARY
			      "\ndirectories:\n  - " TEMPORARY "\n",
			      out);
		fputs("audit: normal\n", out);
	}
	for (i = 0; i < LISTS; i++)
		places_release(&w.lists[i]);
	return err;
}
