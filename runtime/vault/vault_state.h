/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the vault: what vault.c and vault_file.c share. */
#ifndef AGENTOS_VAULT_VAULT_STATE_H
#define AGENTOS_VAULT_VAULT_STATE_H

#include "vault/vault.h"

struct vault {
	struct seal_header header;   /* as of the last file, or for the first one */
	uint8_t *key;		     /* SEAL_KEY bytes, by locked_room() */
	struct vault_entry *entries; /* in ascending order of names; by locked_room() */
	size_t count;
	bool unlocked; /* it will do that memory is not locked */
};

/* One with room for so many secrets, and neither key nor header. */
int vault_make(bool unlocked, size_t count, struct vault **ret_vault, struct fault *f);

/* -ENOMEM of Argon2id in words. */
int seal_fault(uint32_t memory_kib, struct fault *f);

#endif
