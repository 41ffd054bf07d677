// SPDX-License-Identifier: GPL-2.0-or-later
/* Keys of providers, on loan. */
#include "gateway/keys.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

struct keys {
	struct wire *wire;
	uint32_t number; /* of the last one that was asked for */
	size_t count;
	struct keys_entry *entries[LIMIT_GATE_KEYS];
};

int keys_open(struct wire *w, struct keys **ret_keys)
{
	struct keys *k;

	if (sodium_init() < 0)
		return -EIO;
	k = calloc(1, sizeof(*k));
	if (!k)
		return -ENOMEM;
	k->wire = w;
	*ret_keys = k;
	return 0;
}

static void entry_free(struct keys_entry *e)
{
	/* Zeroes it. */
	sodium_free((void *)e->key);
	free(e);
}

void keys_close(struct keys *k)
{
	if (!k)
		return;
	while (k->count)
		entry_free(k->entries[--k->count]);
	free(k);
}

static void keys_remove(struct keys *k, size_t at)
{
	entry_free(k->entries[at]);
	k->entries[at] = k->entries[--k->count];
}

/* Those that nobody uses and that are of no use. */
static void keys_sweep(struct keys *k)
{
	size_t i = k->count;

	while (i--) {
		const struct keys_entry *e = k->entries[i];

		if (!e->users && e->whole && (e->gone || e->error))
			keys_remove(k, i);
	}
}

static struct keys_entry *keys_find(struct keys *k, const char *name, const char *host,
				    uint16_t port)
{
	size_t i;

	for (i = 0; i < k->count; i++) {
		struct keys_entry *e = k->entries[i];

		if (!e->gone && !e->error && e->port == port && !strcmp(e->name, name) &&
		    !strcmp(e->host, host))
			return e;
	}
	return NULL;
}

static int keys_ask(struct keys *k, const char *name, const char *host, uint16_t port,
		    struct keys_entry **ret_entry)
{
	struct gate_key_of of = { .port = port };
	struct keys_entry *e;

	if (!name[0] || strlen(name) >= sizeof(of.name) || strlen(host) >= sizeof(of.host))
		return -EINVAL;
	keys_sweep(k);
	if (k->count == LIMIT_GATE_KEYS)
		return -EBUSY;
	e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	strcpy(of.name, name);
	strcpy(of.host, host);
	memcpy(e->name, of.name, sizeof(e->name));
	memcpy(e->host, of.host, sizeof(e->host));
	e->port = port;
	e->number = of.number = ++k->number;
	k->entries[k->count++] = e;
	wire_ask_key(k->wire, &of);
	*ret_entry = e;
	return 0;
}

int keys_get(struct keys *k, const char *name, const char *host, uint16_t port,
	     struct keys_entry **ret_entry)
{
	struct keys_entry *e = keys_find(k, name, host, port);
	int err = e ? 0 : keys_ask(k, name, host, port, &e);

	if (err)
		return err;
	e->users++;
	*ret_entry = e;
	return 0;
}

void keys_put(struct keys *k, struct keys_entry *e)
{
	if (!e)
		return;
	e->users--;
	keys_sweep(k);
}

int keys_answer(struct keys *k, const struct gate_key *key)
{
	struct keys_entry *e = NULL;
	char *copy;
	size_t i;

	for (i = 0; i < k->count && !e; i++)
		if (k->entries[i]->number == key->number && !k->entries[i]->whole)
			e = k->entries[i];
	if (!e)
		return -EBADMSG;
	e->whole = true;
	e->error = key->error;
	/* It stands in a line of a head. */
	for (i = 0; i < key->len; i++)
		if (key->bytes[i] <= ' ' || key->bytes[i] >= 0x7f)
			e->error = -EINVAL;
	if (e->error)
		return 0;
	/* Locked, out of dumps, between pages that are not there. */
	copy = sodium_malloc(key->len + 1);
	if (!copy) {
		e->error = -ENOMEM;
		return -ENOMEM;
	}
	memcpy(copy, key->bytes, key->len);
	copy[key->len] = '\0';
	e->key = copy;
	e->len = key->len;
	return 0;
}

void keys_gone(struct keys *k)
{
	size_t i;

	for (i = 0; i < k->count; i++)
		if (k->entries[i]->whole)
			k->entries[i]->gone = true;
	keys_sweep(k);
}
