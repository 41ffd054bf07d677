/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A vault's file: its bytes, and the two seals on them. Pure: what is random is handed in. */
#ifndef AGENTOS_VAULT_SEAL_H
#define AGENTOS_VAULT_SEAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "vault/entry.h"
#include "vault/locked.h"

/*
 * The file, byte by byte; numbers are little-endian:
 *
 *	offset	bytes
 *	0	8	"AGVAULT\n"
 *	8	2	version: 1
 *	10	1	what opens it: enum vault_wrap
 *	11	1	0
 *	12	4	passes of Argon2id, and
 *	16	4	KiB of memory that it uses; both 0 where no passphrase opens it
 *	20	16	salt
 *	36	24	nonce of the next
 *	60	48	the data key (32 bytes) under the wrapping key, and the tag; bytes 0 to 59 are
 *			additional data
 *	108	4	N, how many secrets
 *	112	24	nonce of the next
 *	136	12440 N + 16  the secrets (struct vault_entry, in ascending order of names) under the
 *			data key, and the tag; bytes 0 to 135 are additional data
 *	then	16	BLAKE2b-128 of all bytes before it. It proves nothing, but tells a file that
 *			was damaged from a key that is another's
 *
 * Both are under XChaCha20-Poly1305 (IETF, as libsodium has it). The wrapping key is
 * Argon2id 1.3 of the passphrase, the salt and these numbers; or else BLAKE2b-256 of
 * "agentos vault" (without a NUL) and the salt, keyed with the 32 bytes of the key file.
 * The length of the file tells how many secrets there are, and nothing of what they are.
 */
#define SEAL_VERSION 1
#define SEAL_KEY     32
#define SEAL_SALT    16
#define SEAL_NONCE   24
#define SEAL_TAG     16
#define SEAL_CHECK   16

enum vault_wrap {
	VAULT_KEY_FILE = 1,
	VAULT_PASSPHRASE = 2,
	VAULT_CREDENTIAL = 3, /* as a key file, which systemd hands over */
};

/* What opens a vault: 32 bytes, or a passphrase. */
struct vault_key {
	enum vault_wrap wrap;
	struct locked secret;
};

struct seal_header {
	char magic[8];
	uint16_t version;
	uint8_t wrap;
	uint8_t zero;
	uint32_t passes;
	uint32_t memory_kib;
	uint8_t salt[SEAL_SALT];
	uint8_t key_nonce[SEAL_NONCE];
	uint8_t key[SEAL_KEY + SEAL_TAG];
	uint32_t count;
	uint8_t nonce[SEAL_NONCE];
};
_Static_assert(offsetof(struct seal_header, key) == 60, "part of the vault's format");
_Static_assert(sizeof(struct seal_header) == 136, "part of the vault's format");

/* Bytes of a file with so many secrets. */
#define SEAL_SIZE(count) \
	(sizeof(struct seal_header) + (count) * sizeof(struct vault_entry) + SEAL_TAG + SEAL_CHECK)

/* How much work a passphrase takes to try. */
struct seal_work {
	uint32_t passes, memory_kib;
};
extern const struct seal_work seal_interactive; /* 64 MiB: a tenth of a second */
extern const struct seal_work seal_moderate;	/* 256 MiB: most of a second */

/* That of a file that a passphrase opens; of another, and of a header of zeros, seal_moderate. */
struct seal_work seal_work_of(const struct seal_header *h);

/* What is random of a file, each time that its data key is wrapped. */
struct seal_random {
	uint8_t key[SEAL_KEY]; /* the data key; to be wiped */
	uint8_t salt[SEAL_SALT], nonce[SEAL_NONCE];
};

/*
 * All that can be seen of a file without a key: size, check, and that what it
 * asks of Argon2id is within LIMIT_VAULT_PASSES and LIMIT_VAULT_MEMORY_KIB, and
 * not below seal_interactive.
 * -EBADMSG  it is no vault, or damaged
 * -ENOTSUP  a later version; ret_header->version tells which
 */
int seal_check(const uint8_t *file, size_t len, struct seal_header *ret_header);

/*
 * A header with a wrapped data key, and no secrets. work: for a passphrase.
 * -ENOMEM: there is no memory for Argon2id.
 */
int seal_wrap(const struct vault_key *key, const struct seal_work *work,
	      const struct seal_random *random, struct seal_header *ret_header);
/*
 * The data key.
 * -EKEYREJECTED  the key is another one, or opens another kind (or somebody changed
 *                the header, and made the check fit)
 * -ENOMEM        as above
 */
int seal_unwrap(const struct seal_header *h, const struct vault_key *key,
		uint8_t ret_data_key[SEAL_KEY]);

/*
 * A file of SEAL_SIZE(count) bytes; the header's count and nonce are set. The
 * nonce must never have been used with this key: 24 random bytes are enough.
 */
void seal_close(struct seal_header *h, const uint8_t data_key[SEAL_KEY],
		const uint8_t nonce[SEAL_NONCE], const struct vault_entry *entries, size_t count,
		uint8_t *ret_file);
/*
 * The secrets of a file that seal_check() saw, decrypted and checked; there is
 * room for as many as its header says.
 * -EBADMSG  it was changed by somebody who made the check fit
 */
int seal_open(const struct seal_header *h, const uint8_t data_key[SEAL_KEY], const uint8_t *file,
	      struct vault_entry *ret_entries);

#endif
