/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory for what nobody else may see: locked, left out of core dumps, zeroed when it goes. */
#ifndef AGENTOS_VAULT_LOCKED_H
#define AGENTOS_VAULT_LOCKED_H

#include <stddef.h>

#include "base/fault.h"

/* Zero before use. */
struct locked {
	char *bytes; /* not terminated; NULL: none */
	size_t len;
};

/*
 * libsodium's guarded memory: between pages that cannot be touched, zeroed, and
 * aligned for any type when size is a multiple of 16. *ret_bytes is the caller's,
 * to be given to locked_wipe().
 *
 * -ENOMEM  none
 * -ENOLCK  it is there and can be used, but could not be locked (RLIMIT_MEMLOCK):
 *          it may be written to swap. Whether that will do is for the caller to say
 */
int locked_room(size_t size, void **ret_bytes);
/* Zeroes and frees what locked_room() gave, or NULL. */
void locked_wipe(void *bytes);

/* A copy of the bytes (of which there may be none), to be released; errors as above. */
int locked_copy(const void *bytes, size_t len, struct locked *ret_secret);
/* Zeroes and frees; the secret is none then, as one may be before. */
void locked_release(struct locked *s);

/* What is to be said of -ENOLCK. */
int locked_fault(struct fault *f);

#endif
