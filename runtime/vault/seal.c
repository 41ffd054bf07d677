// SPDX-License-Identifier: GPL-2.0-or-later
/* A vault's file: its header, the wrapped data key, and the secrets under it. */
#include "vault/seal.h"

#include <endian.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

static const char magic[8] = { 'A', 'G', 'V', 'A', 'U', 'L', 'T', '\n' };
static const char purpose[] = "agentos vault";

/* libsodium's "interactive" and "moderate", by number: what they mean there may change. */
const struct seal_work seal_interactive = { .passes = 2, .memory_kib = 64 << 10 };
const struct seal_work seal_moderate = { .passes = 3, .memory_kib = 256 << 10 };

_Static_assert(SEAL_KEY == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "libsodium's");
_Static_assert(SEAL_NONCE == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "libsodium's");
_Static_assert(SEAL_TAG == crypto_aead_xchacha20poly1305_ietf_ABYTES, "libsodium's");
_Static_assert(SEAL_SALT == crypto_pwhash_argon2id_SALTBYTES, "libsodium's");
_Static_assert(SEAL_CHECK >= crypto_generichash_BYTES_MIN, "libsodium's");

/* What is in front of the wrapped key, and says how it is wrapped. */
#define WRAP_DATA offsetof(struct seal_header, key)

static void check_make(const uint8_t *file, size_t len, uint8_t ret_check[SEAL_CHECK])
{
	crypto_generichash(ret_check, SEAL_CHECK, file, len, NULL, 0);
}

/* What a hostile file may have us do. */
static bool work_is_valid(const struct seal_header *h)
{
	const uint32_t passes = le32toh(h->passes), memory_kib = le32toh(h->memory_kib);

	switch (h->wrap) {
	case VAULT_KEY_FILE:
	case VAULT_CREDENTIAL:
		return passes == 0 && memory_kib == 0;
	case VAULT_PASSPHRASE:
		return passes >= seal_interactive.passes && passes <= LIMIT_VAULT_PASSES &&
		       memory_kib >= seal_interactive.memory_kib &&
		       memory_kib <= LIMIT_VAULT_MEMORY_KIB;
	default:
		return false;
	}
}

struct seal_work seal_work_of(const struct seal_header *h)
{
	if (h->wrap != VAULT_PASSPHRASE)
		return seal_moderate;
	return (struct seal_work){ .passes = le32toh(h->passes),
				   .memory_kib = le32toh(h->memory_kib) };
}

int seal_check(const uint8_t *file, size_t len, struct seal_header *ret_header)
{
	struct seal_header h;
	uint8_t check[SEAL_CHECK];

	if (len < sizeof(h))
		return -EBADMSG;
	memcpy(&h, file, sizeof(h));
	if (memcmp(h.magic, magic, sizeof(magic)) != 0 || h.version == 0)
		return -EBADMSG;
	if (le16toh(h.version) > SEAL_VERSION) {
		*ret_header = h;
		return -ENOTSUP;
	}
	if (h.zero || !work_is_valid(&h) || le32toh(h.count) > LIMIT_VAULT_SECRETS ||
	    len != SEAL_SIZE(le32toh(h.count)))
		return -EBADMSG;
	check_make(file, len - SEAL_CHECK, check);
	if (memcmp(check, file + len - SEAL_CHECK, SEAL_CHECK) != 0)
		return -EBADMSG;
	*ret_header = h;
	return 0;
}

/* The key that the data key is wrapped with. */
static int wrapping_key(const struct seal_header *h, const struct vault_key *key,
			uint8_t ret_key[SEAL_KEY])
{
	crypto_generichash_state state;

	if (key->wrap == VAULT_PASSPHRASE)
		return crypto_pwhash_argon2id(
			       ret_key, SEAL_KEY, key->secret.bytes, key->secret.len, h->salt,
			       le32toh(h->passes), (size_t)le32toh(h->memory_kib) << 10,
			       crypto_pwhash_argon2id_ALG_ARGON2ID13) == 0 ?
			       0 :
			       -ENOMEM;
	if (key->secret.len != SEAL_KEY)
		return -EKEYREJECTED;
	crypto_generichash_init(&state, (const uint8_t *)key->secret.bytes, SEAL_KEY, SEAL_KEY);
	crypto_generichash_update(&state, (const uint8_t *)purpose, sizeof(purpose) - 1);
	crypto_generichash_update(&state, h->salt, sizeof(h->salt));
	crypto_generichash_final(&state, ret_key, SEAL_KEY);
	sodium_memzero(&state, sizeof(state));
	return 0;
}

int seal_wrap(const struct vault_key *key, const struct seal_work *work,
	      const struct seal_random *random, struct seal_header *ret_header)
{
	struct seal_header h = { .version = htole16(SEAL_VERSION), .wrap = (uint8_t)key->wrap };
	uint8_t wrapping[SEAL_KEY];
	int rc;

	memcpy(h.magic, magic, sizeof(h.magic));
	memcpy(h.salt, random->salt, sizeof(h.salt));
	memcpy(h.key_nonce, random->nonce, sizeof(h.key_nonce));
	if (key->wrap == VAULT_PASSPHRASE) {
		h.passes = htole32(work->passes);
		h.memory_kib = htole32(work->memory_kib);
	}
	rc = wrapping_key(&h, key, wrapping);
	if (rc == 0) {
		crypto_aead_xchacha20poly1305_ietf_encrypt(
			h.key, NULL, random->key, SEAL_KEY, (const uint8_t *)&h, WRAP_DATA, NULL,
			h.key_nonce, wrapping);
		*ret_header = h;
	}
	sodium_memzero(wrapping, sizeof(wrapping));
	return rc;
}

int seal_unwrap(const struct seal_header *h, const struct vault_key *key,
		uint8_t ret_data_key[SEAL_KEY])
{
	uint8_t wrapping[SEAL_KEY];
	int rc;

	if (h->wrap != key->wrap)
		return -EKEYREJECTED;
	rc = wrapping_key(h, key, wrapping);
	if (rc == 0 && crypto_aead_xchacha20poly1305_ietf_decrypt(
			       ret_data_key, NULL, NULL, h->key, sizeof(h->key), (const uint8_t *)h,
			       WRAP_DATA, h->key_nonce, wrapping) != 0)
		rc = -EKEYREJECTED;
	sodium_memzero(wrapping, sizeof(wrapping));
	return rc;
}

void seal_close(struct seal_header *h, const uint8_t data_key[SEAL_KEY],
		const uint8_t nonce[SEAL_NONCE], const struct vault_entry *entries, size_t count,
		uint8_t *ret_file)
{
	const size_t len = SEAL_SIZE(count);

	h->count = htole32((uint32_t)count);
	memcpy(h->nonce, nonce, sizeof(h->nonce));
	memcpy(ret_file, h, sizeof(*h));
	crypto_aead_xchacha20poly1305_ietf_encrypt(
		ret_file + sizeof(*h), NULL, (const uint8_t *)entries, count * sizeof(entries[0]),
		ret_file, sizeof(*h), NULL, h->nonce, data_key);
	check_make(ret_file, len - SEAL_CHECK, ret_file + len - SEAL_CHECK);
}

int seal_open(const struct seal_header *h, const uint8_t data_key[SEAL_KEY], const uint8_t *file,
	      struct vault_entry *ret_entries)
{
	const size_t count = le32toh(h->count), len = count * sizeof(ret_entries[0]);
	size_t found;

	if (crypto_aead_xchacha20poly1305_ietf_decrypt(
		    (uint8_t *)ret_entries, NULL, NULL, file + sizeof(*h), len + SEAL_TAG,
		    (const uint8_t *)h, sizeof(*h), h->nonce, data_key) != 0)
		return -EBADMSG;
	return entries_check(ret_entries, len, &found);
}
