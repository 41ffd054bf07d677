/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The vault: API keys of providers at rest in one file, and who gets which. */
/*
 * All secrets, with their names and the hosts that they may go to, are encrypted in a
 * file that its owner alone may read (seal.h has its bytes, entry.h those of a
 * secret). A vault in memory is in locked memory (locked.h), and changes
 * nothing on disk until it is saved. Who changes a file holds vault_lock() from
 * before it is opened until it is saved; who only reads it needs no lock, for a
 * save replaces the file as a whole. An older copy of the file is as good as it
 * ever was: that somebody put one back is not noticed.
 *
 * Not safe for several threads at once. No error tells anything of a secret.
 */
#ifndef AGENTOS_VAULT_VAULT_H
#define AGENTOS_VAULT_VAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "vault/entry.h"
#include "vault/key.h"
#include "vault/seal.h"
#include "vault/locked.h"

/* Where it is, and the key file that opens it, unless somebody is told otherwise. */
#define VAULT_DIR      "/var/lib/agentos"
#define VAULT_NAME     "vault"
#define VAULT_PATH     VAULT_DIR "/" VAULT_NAME
#define VAULT_KEY_DIR  "/etc/agentos"
#define VAULT_KEY_NAME "vault.key"
#define VAULT_KEY_PATH VAULT_KEY_DIR "/" VAULT_KEY_NAME

struct vault;

/*
 * What opens the file, without opening it.
 *
 * -ENOENT   no such file
 * -EPERM    others may read or change it, or it is another user's
 * -ELOOP    a symbolic link
 * -EBADMSG  it is no vault, or damaged
 * -ENOTSUP  it is of a later version
 * -EACCES, -EIO, -ENOMEM, ...
 */
int vault_peek(const char *path, enum vault_wrap *ret_wrap, struct fault *f);

/* Waits for the lock on changes; as private_lock(). */
int vault_lock(const char *path, int *ret_fd, struct fault *f);

/*
 * A new vault without secrets, and with a new data key; not on disk yet. work:
 * what it takes to try a passphrase; NULL: seal_moderate. unlocked: it will do that
 * memory cannot be locked.
 *
 * -ENOLCK  memory cannot be locked (of vault_open(), too)
 * -ENOMEM  as well when Argon2id has not enough
 */
int vault_new(const struct vault_key *key, const struct seal_work *work, bool unlocked,
	      struct vault **ret_vault, struct fault *f);
/* Errors are those of vault_peek() and vault_new(), and -EKEYREJECTED: the key is not this vault's. */
int vault_open(const char *path, const struct vault_key *key, bool unlocked,
	       struct vault **ret_vault, struct fault *f);
/* Zeroes and frees all of it. NULL is allowed. */
void vault_close(struct vault *v);

/*
 * Encrypts all of it under a new nonce and replaces the file, or makes it. A crash
 * leaves the old one or this, and perhaps PATH.new beside it, as encrypted.
 * -ENOSPC, -EFBIG, -EDQUOT, ...: the old one is there
 */
int vault_save(struct vault *v, const char *path, struct fault *f);
/*
 * A new data key, wrapped anew: for the next save. When it fails all is as it was.
 * work: NULL is that of the passphrase so far, if there was one.
 */
int vault_rekey(struct vault *v, const struct vault_key *key, const struct seal_work *work,
		struct fault *f);

/* The secrets in ascending order of names, borrowed until the next change; at < count. */
size_t vault_count(const struct vault *v);
const struct vault_entry *vault_at(const struct vault *v, size_t at);
/* NULL: none of that name. */
const struct vault_entry *vault_find(const struct vault *v, const char *name);

/* As entry_value_check(), in words that tell nothing of the value. -EBADMSG: it is not valid. */
int vault_value_check(const char *value, size_t len, struct fault *f);
/*
 * Sets a secret; one that was there keeps its hosts.
 * -EINVAL: the name is not valid (entry.h); -EBADMSG: the value; -ENOSPC:
 * LIMIT_VAULT_SECRETS others
 */
int vault_set(struct vault *v, const char *name, const char *value, size_t len, uint64_t now_s,
	      struct fault *f);
/* -ENOENT: none of that name, as of the others. */
int vault_remove(struct vault *v, const char *name, struct fault *f);
/* -EEXIST, -E2BIG: as entry_bind() */
int vault_bind(struct vault *v, const char *name, const struct binding *b, struct fault *f);
int vault_unbind(struct vault *v, const char *name, const struct binding *b, struct fault *f);

/*
 * A copy of a secret, for one request to this host and port; to be released. host: as
 * a URL or a caller has it, in whatever case, with the dot at its end or without.
 *
 * -ENOENT  no secret of that name
 * -EACCES  it is not bound to this host and port, or to none at all
 * -EINVAL  that is no host
 * -ENOLCK, -ENOMEM  as of vault_open()
 */
int vault_lease(const struct vault *v, const char *name, const char *host, uint16_t port,
		struct locked *ret_secret);

#endif
