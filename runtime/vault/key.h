/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What opens a vault: key files, systemd's credentials, and what a passphrase must be. */
#ifndef AGENTOS_VAULT_KEY_H
#define AGENTOS_VAULT_KEY_H

#include <stdint.h>

#include "base/fault.h"
#include "vault/seal.h"

/* A key file is a line of 64 hexadecimal digits in lower case, with its newline or without. */
#define KEY_TEXT (2 * SEAL_KEY)

/* The credential of a service that has one: a key file in $CREDENTIALS_DIRECTORY. */
#define KEY_CREDENTIAL "agentos-vault-key"

#define KEY_PASSPHRASE_MIN 8 /* bytes */

/*
 * Each sets a key, which is to be released by key_release(); with -ENOLCK it is
 * set as well, and can be used (locked.h). f says what is wrong otherwise.
 *
 * key_read:       -ENOENT, -EBADMSG: no key in there; others as private_open()
 * key_credential: the same; directory: what the environment says, or NULL, and
 *                 then -ENOENT. systemd's copy is of mode 0400 or less
 * key_make:       writes these 32 bytes, as private_make()
 * key_passphrase: takes the secret over, whatever comes of it. -EINVAL: shorter than
 *                 KEY_PASSPHRASE_MIN, longer than LIMIT_VAULT_PASSPHRASE, or not one line
 */
int key_read(const char *path, struct vault_key *ret_key, struct fault *f);
int key_credential(const char *directory, struct vault_key *ret_key, struct fault *f);
int key_make(const char *path, const uint8_t bytes[SEAL_KEY], struct vault_key *ret_key,
	     struct fault *f);
int key_passphrase(struct locked *passphrase, struct vault_key *ret_key, struct fault *f);

void key_release(struct vault_key *key);

/* "key file", "passphrase", "credential". */
const char *key_word(enum vault_wrap wrap);

#endif
