// SPDX-License-Identifier: GPL-2.0-or-later
/* The vault's file: looked at, opened, and replaced as a whole. */
#include <endian.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/range.h"
#include "vault/private.h"
#include "vault/vault.h"
#include "vault/vault_state.h"

int seal_fault(uint32_t memory_kib, struct fault *f)
{
	return fault_set(f, ENOMEM, "not enough memory: a passphrase takes %u MiB to try",
			 memory_kib >> 10);
}

static int check_fault(int rc, const char *path, const struct seal_header *h, struct fault *f)
{
	char shown[PRIVATE_SHOWN];

	private_shown(path, shown);
	if (rc == -ENOTSUP)
		return fault_set(f, ENOTSUP,
				 "%s is of version %u, by a later AgentOS: this one knows %d",
				 shown, le16toh(h->version), SEAL_VERSION);
	return fault_set(f, EBADMSG, "%s is no vault, or is damaged: take it from a backup", shown);
}

/* The whole file, with nothing in it decrypted; *ret_file is the caller's to free(). */
static int file_read(const char *path, uint8_t **ret_file, struct seal_header *ret_header,
		     struct fault *f)
{
	struct seal_header h = { 0 };
	char shown[PRIVATE_SHOWN];
	uint8_t *file;
	size_t len = 0;
	int rc, fd;

	if (sodium_init() < 0)
		return fault_set(f, EIO, "libsodium cannot be used");
	fd = private_open(path, SEAL_SIZE(LIMIT_VAULT_SECRETS), &len, f);
	if (fd == -ENOENT)
		return fault_set(f, ENOENT, "there is no vault %s: run `agentctl vault init`",
				 private_shown(path, shown));
	if (fd < 0)
		return fd;
	file = malloc(len + 1);
	rc = file ? range_read(fd, file, len, 0) : -ENOMEM;
	close(fd);
	if (rc)
		fault_set(f, -rc, "%s: %s", private_shown(path, shown), strerror(-rc));
	if (rc == 0) {
		rc = seal_check(file, len, &h);
		if (rc)
			check_fault(rc, path, &h, f);
	}
	if (rc) {
		free(file);
		return rc;
	}
	*ret_file = file;
	*ret_header = h;
	return 0;
}

int vault_peek(const char *path, enum vault_wrap *ret_wrap, struct fault *f)
{
	struct seal_header h;
	uint8_t *file;
	int rc = file_read(path, &file, &h, f);

	if (rc)
		return rc;
	free(file);
	*ret_wrap = h.wrap;
	return 0;
}

int vault_lock(const char *path, int *ret_fd, struct fault *f)
{
	return private_lock(path, ret_fd, f);
}

static int key_fault(int rc, const struct seal_header *h, const struct vault_key *key,
		     const char *path, struct fault *f)
{
	char shown[PRIVATE_SHOWN];

	private_shown(path, shown);
	if (rc == -ENOMEM)
		return seal_fault(le32toh(h->memory_kib), f);
	if (h->wrap != key->wrap)
		return fault_set(f, EKEYREJECTED, "%s is opened by a %s, not by a %s", shown,
				 key_word(h->wrap), key_word(key->wrap));
	if (key->wrap == VAULT_PASSPHRASE)
		return fault_set(f, EKEYREJECTED, "the passphrase is not that of %s", shown);
	return fault_set(f, EKEYREJECTED, "the key in the %s is not that of %s",
			 key_word(key->wrap), shown);
}

static int file_open(struct vault *v, const char *path, const struct vault_key *key,
		     const uint8_t *file, struct fault *f)
{
	int rc = seal_unwrap(&v->header, key, v->key);

	if (rc)
		return key_fault(rc, &v->header, key, path, f);
	rc = seal_open(&v->header, v->key, file, v->entries);
	return rc ? check_fault(rc, path, &v->header, f) : 0;
}

int vault_open(const char *path, const struct vault_key *key, bool unlocked,
	       struct vault **ret_vault, struct fault *f)
{
	struct vault *v = NULL;
	struct seal_header h;
	uint8_t *file;
	int rc = file_read(path, &file, &h, f);

	if (rc)
		return rc;
	rc = vault_make(unlocked, le32toh(h.count), &v, f);
	if (rc == 0) {
		v->header = h;
		rc = file_open(v, path, key, file, f);
	}
	free(file);
	if (rc)
		vault_close(v);
	else
		*ret_vault = v;
	return rc;
}

int vault_save(struct vault *v, const char *path, struct fault *f)
{
	const size_t len = SEAL_SIZE(v->count);
	struct seal_header h = v->header;
	uint8_t nonce[SEAL_NONCE], *file = malloc(len);
	char shown[PRIVATE_SHOWN];
	int rc = -ENOMEM;

	if (file) {
		randombytes_buf(nonce, sizeof(nonce));
		seal_close(&h, v->key, nonce, v->entries, v->count, file);
		rc = durable_replace_locked(path, file, len, 0600);
		free(file);
	}
	if (rc)
		return fault_set(f, -rc, "%s cannot be written: %s", private_shown(path, shown),
				 strerror(-rc));
	v->header = h;
	return 0;
}
