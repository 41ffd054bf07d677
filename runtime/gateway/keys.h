/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys of providers, on loan from agentosd's vault: in memory that is locked, and zeroed when they go. */
#ifndef AGENTOS_GATEWAY_KEYS_H
#define AGENTOS_GATEWAY_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/wire.h"

struct keys;

struct keys_entry {
	bool whole; /* agentosd has answered */
	int error;  /* of struct gate_key; 0: there is one */
	const char *key;
	size_t len;

	/* Its own. */
	uint32_t number;
	unsigned int users;
	bool gone; /* an older one, which goes with its last user */
	uint16_t port;
	char name[GATE_KEY_NAME], host[COMPILED_HOST];
};

int keys_open(struct wire *w, struct keys **ret_keys);
/* NULL is allowed. */
void keys_close(struct keys *k);

/*
 * The key of that name for that host, to be put; asked for if it is not there. A refusal
 * is not kept: it is asked again the next time.
 * -EINVAL too long; -ENOMEM; -EBUSY: LIMIT_GATE_KEYS others
 */
int keys_get(struct keys *k, const char *name, const char *host, uint16_t port,
	     struct keys_entry **ret_entry);
/* NULL is allowed. */
void keys_put(struct keys *k, struct keys_entry *e);

/* -EBADMSG: nobody asked for that; -ENOMEM: it cannot be kept (memory cannot be locked). */
int keys_answer(struct keys *k, const struct gate_key *key);
/* What there is is old. Who uses one goes on with it. */
void keys_gone(struct keys *k);

#endif
