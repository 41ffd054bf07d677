// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as a vault's file, as records that were decrypted, and as a host: refused, or just what would have been written. */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include <sodium.h>

#include "vault/seal.h"
#include "tests/fuzz/fuzz.h"

/* What comes before the third host of a record; a value comes next in an input. */
#define RECORD_HEAD (offsetof(struct vault_entry, hosts) + 2 * sizeof(struct binding))

static const uint8_t data_key[SEAL_KEY] = "a key that nothing is under, yet";
static const uint8_t nonce[SEAL_NONCE] = "a number used only here";

static void host_try(const char *text)
{
	char written[BINDING_TEXT];
	struct binding b, again;

	if (binding_parse(text, &b) != 0)
		return;
	HOLDS(binding_is_valid(&b));
	HOLDS(binding_covers(&b, b.host, le16toh(b.port)) == !b.below);
	binding_write(&b, written);
	HOLDS(binding_parse(written, &again) == 0 && memcmp(&again, &b, sizeof(b)) == 0);
}

/* A whole file, of which the fuzzer cannot make the check fit, and a key that it cannot have made. */
static void file_try(const uint8_t *data, size_t size)
{
	struct vault_key key = {
		.wrap = VAULT_KEY_FILE,
		.secret = { .bytes = (char *)(uintptr_t)data_key, .len = SEAL_KEY }
	};
	uint8_t *file = malloc(size + 1), got[SEAL_KEY];
	struct vault_entry *entries;
	struct seal_header h;
	int rc;

	if (!file)
		return;
	memcpy(file, data, size);
	rc = seal_check(file, size, &h);
	HOLDS(rc == 0 || rc == -EBADMSG || rc == -ENOTSUP);
	if (rc && size >= SEAL_CHECK) {
		crypto_generichash(file + size - SEAL_CHECK, SEAL_CHECK, file, size - SEAL_CHECK,
				   NULL, 0);
		rc = seal_check(file, size, &h);
	}
	if (rc == 0) {
		HOLDS(size == SEAL_SIZE(le32toh(h.count)));
		if (h.wrap != VAULT_PASSPHRASE)
			HOLDS(seal_unwrap(&h, &key, got) == -EKEYREJECTED);
		entries = calloc(le32toh(h.count) + 1, sizeof(*entries));
		if (entries)
			HOLDS(seal_open(&h, data_key, file, entries) == -EBADMSG);
		free(entries);
	}
	free(file);
}

/* Records that are taken for good ones. */
static void entries_hold(const struct vault_entry *entries, size_t count)
{
	static uint8_t file[SEAL_SIZE(LIMIT_VAULT_SECRETS)];
	static struct vault_entry again[LIMIT_VAULT_SECRETS];
	struct seal_header h = { .version = htole16(SEAL_VERSION), .wrap = VAULT_KEY_FILE };
	char text[BINDING_TEXT];
	struct binding b;
	size_t i, k, at;

	for (i = 0; i < count; i++) {
		HOLDS(entry_name_is_valid(entries[i].name));
		HOLDS(entries_find(entries, count, entries[i].name, &at) == 0 && at == i);
		HOLDS(entry_value_check(entries[i].value, le16toh(entries[i].value_len)) == 0);
		for (k = 0; k < entry_hosts(&entries[i]); k++) {
			binding_write(&entries[i].hosts[k], text);
			HOLDS(binding_parse(text, &b) == 0);
			HOLDS(memcmp(&b, &entries[i].hosts[k], sizeof(b)) == 0);
			host_try(text);
		}
	}
	seal_close(&h, data_key, nonce, entries, count, file);
	HOLDS(seal_open(&h, data_key, file, again) == 0);
	HOLDS(memcmp(again, entries, count * sizeof(entries[0])) == 0);
}

static void records_try(const void *bytes, size_t len)
{
	size_t count;
	int rc = entries_check(bytes, len, &count);

	HOLDS(rc == 0 || rc == -EBADMSG);
	if (rc == 0)
		entries_hold(bytes, count);
}

/* One record out of few bytes: what is not given is zero. */
static void short_record_try(const uint8_t *data, size_t size)
{
	struct vault_entry e = { 0 };
	size_t value = size > RECORD_HEAD ? size - RECORD_HEAD : 0;

	memcpy(&e, data, size < RECORD_HEAD ? size : RECORD_HEAD);
	if (value)
		memcpy(e.value, data + RECORD_HEAD,
		       value < sizeof(e.value) ? value : sizeof(e.value));
	records_try(&e, sizeof(e));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Aligned, and of exactly this size, so that reading beyond it is seen. */
	char *text = malloc(size + 1);
	uint8_t *records = malloc(size ? size : 1);

	if (sodium_init() < 0)
		abort();
	if (text && records) {
		memcpy(text, data, size);
		text[size] = '\0';
		memcpy(records, data, size);
		host_try(text);
		file_try(data, size);
		records_try(records, size);
		short_record_try(data, size);
	}
	free(text);
	free(records);
	return 0;
}
