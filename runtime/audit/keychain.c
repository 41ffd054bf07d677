// SPDX-License-Identifier: GPL-2.0-or-later
/* The keys that sign for a log, one after another: found in its trail, and what each may sign for. */
#include "audit/keychain.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "audit/lines.h"
#include "base/limits.h"

/* A change that both keys have signed, at this size of the tree. */
struct link {
	struct keychain_change change;
	uint64_t size;
};

struct links {
	struct link *all; /* owned */
	size_t count, room;
};

static bool same_key(const struct note_verifier *a, const struct note_verifier *b)
{
	return strcmp(a->name, b->name) == 0 && memcmp(a->key, b->key, sizeof(a->key)) == 0;
}

int keychain_encode(const struct keychain_change *change, char *buf, size_t size)
{
	struct lines_writer w = { .buf = buf, .size = size };
	char key[NOTE_VERIFIER_SIZE];
	int rc;

	lines_put_string(&w, KEYCHAIN_LINE);
	rc = note_verifier_encode(&change->from, key, sizeof(key));
	if (rc < 0)
		return rc;
	lines_put_string(&w, key);
	lines_put_string(&w, " ");
	rc = note_verifier_encode(&change->to, key, sizeof(key));
	if (rc < 0)
		return rc;
	lines_put_string(&w, key);
	lines_put_string(&w, "\n");
	return lines_end(&w);
}

static int change_parse(struct line line, struct keychain_change *change)
{
	const char *space = memchr(line.text, ' ', line.len);
	size_t len = space ? (size_t)(space - line.text) : 0;

	if (!space || note_verifier_parse(line.text, len, &change->from) != 0 ||
	    note_verifier_parse(space + 1, line.len - len - 1, &change->to) != 0)
		return -EBADMSG;
	/* The same id would leave open whose a signature is. */
	if (strcmp(change->from.name, change->to.name) != 0 ||
	    memcmp(change->from.id, change->to.id, NOTE_ID) == 0)
		return -EBADMSG;
	return 1;
}

int keychain_parse(const struct checkpoint *c, struct keychain_change *ret_change)
{
	struct lines lines = { c->extensions, c->extensions_len };
	struct keychain_change change;
	struct line line;
	int rc, found = 0;

	while ((rc = lines_next(&lines, &line)) > 0) {
		if (!line_skip(&line, KEYCHAIN_LINE))
			continue;
		if (found)
			return -EBADMSG;
		found = change_parse(line, &change);
		if (found < 0)
			return found;
	}
	if (rc < 0)
		return -EBADMSG;
	if (found)
		*ret_change = change;
	return found;
}

/* Whether both keys of the change have signed. */
static int change_signed(const struct keychain_change *change, const char *note, size_t len)
{
	size_t text;
	int rc = note_open(&change->from, note, len, &text);

	return rc ? rc : note_open(&change->to, note, len, &text);
}

static int links_add(struct links *l, const struct keychain_change *change, uint64_t size)
{
	struct link *all;

	if (l->count == LIMIT_KEYS)
		return -E2BIG;
	if (l->count == l->room) {
		l->room = l->room ? 2 * l->room : 8;
		all = realloc(l->all, l->room * sizeof(*all));
		if (!all)
			return -ENOMEM;
		l->all = all;
	}
	l->all[l->count++] = (struct link){ *change, size };
	return 0;
}

/* Every change in the trail that both of its keys have signed, whosever they are. */
static int links_read(struct trail *t, struct links *links)
{
	struct keychain_change change;
	struct trail_entry entry = { 0 };
	int rc;

	while ((rc = trail_next(t, &entry)) == 1 || rc == -EBADMSG) {
		if (rc != 1 || keychain_parse(&entry.checkpoint, &change) != 1)
			continue;
		rc = change_signed(&change, entry.note, entry.len);
		if (rc == 0)
			rc = links_add(links, &change, entry.checkpoint.head.size);
		if (rc == -ENOMEM || rc == -E2BIG || rc == -EIO)
			return rc;
	}
	return rc == -ENODATA ? 0 : rc;
}

/* The next key in the chain, whose turn begins with this change. */
static void chain_add(struct keychain *chain, const struct link *link)
{
	chain->keys[chain->count - 1].last = link->size;
	chain->keys[chain->count++] =
		(struct keychain_key){ link->change.to, link->size, UINT64_MAX };
}

/* Those that lead to the trusted key, and those that lead on from it: others count for nothing. */
static int chain_build(const struct links *links, const struct note_verifier *trusted,
		       struct keychain *chain)
{
	const struct note_verifier *key = trusted;
	size_t *back = calloc(links->count + 1, sizeof(*back)); /* from the trusted one */
	size_t i, steps = 0, from = 0;

	chain->keys = calloc(links->count + 1, sizeof(*chain->keys));
	if (!back || !chain->keys) {
		free(back);
		return -ENOMEM;
	}
	for (i = links->count; i--;) {
		if (!same_key(&links->all[i].change.to, key))
			continue;
		key = &links->all[i].change.from;
		back[steps++] = i;
	}
	chain->keys[0] = (struct keychain_key){ *key, 0, UINT64_MAX };
	chain->count = 1;
	chain->trusted = steps;
	for (i = steps; i--;) {
		chain_add(chain, &links->all[back[i]]);
		from = back[i] + 1;
	}
	free(back);
	for (i = from; i < links->count; i++) {
		if (same_key(&links->all[i].change.from, &chain->keys[chain->count - 1].verifier))
			chain_add(chain, &links->all[i]);
	}
	return 0;
}

int keychain_read(struct trail *t, const struct note_verifier *trusted, struct keychain *ret_chain)
{
	struct keychain chain = { .keys = NULL };
	struct links links = { .all = NULL };
	int rc = t ? links_read(t, &links) : 0;

	if (rc == 0)
		rc = chain_build(&links, trusted, &chain);
	free(links.all);
	if (rc == 0)
		*ret_chain = chain;
	else
		keychain_release(&chain);
	return rc;
}

void keychain_release(struct keychain *chain)
{
	free(chain->keys);
	*chain = (struct keychain){ .keys = NULL };
}

int keychain_judge(const struct keychain *chain, size_t *at, const char *note, size_t len,
		   const struct checkpoint *c)
{
	const struct note_verifier *key = &chain->keys[*at].verifier;
	struct keychain_change change;
	size_t text;
	int rc = note_open(key, note, len, &text);

	if (rc)
		return rc;
	rc = keychain_parse(c, &change);
	if (rc <= 0)
		return rc;
	/* That the next one signed as well was seen when the chain was read. */
	if (*at + 1 == chain->count || !same_key(&change.from, key) ||
	    !same_key(&change.to, &chain->keys[*at + 1].verifier))
		return -EBADMSG;
	rc = note_open(&change.to, note, len, &text);
	if (rc)
		return rc == -EIO ? rc : -EBADMSG;
	++*at;
	return 0;
}

int keychain_open(const struct keychain *chain, const char *note, size_t len,
		  const struct checkpoint *c, size_t *ret_at)
{
	bool expired = false;
	size_t i, text;
	int rc;

	/* The newest first: a change is by two, and is the second one's word. */
	for (i = chain->count; i--;) {
		rc = note_open(&chain->keys[i].verifier, note, len, &text);
		if (rc == -ENOKEY)
			continue;
		if (rc)
			return rc;
		if (c->head.size >= chain->keys[i].first && c->head.size <= chain->keys[i].last) {
			*ret_at = i;
			return 0;
		}
		expired = true;
	}
	return expired ? -EKEYEXPIRED : -ENOKEY;
}
