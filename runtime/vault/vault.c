// SPDX-License-Identifier: GPL-2.0-or-later
/* The vault in memory: its secrets in order, found, changed, and leased to the hosts that they are bound to. */
#include "vault/vault.h"

#include <endian.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "vault/vault_state.h"

/* Memory for secrets, which this vault may be told need not be locked. *ret_bytes: NULL before. */
static int room(bool unlocked, size_t size, void **ret_bytes, struct fault *f)
{
	int rc = locked_room(size, ret_bytes);

	if (!*ret_bytes)
		return fault_set(f, ENOMEM, "not enough memory for the vault");
	if (rc == 0 || unlocked)
		return 0;
	locked_wipe(*ret_bytes);
	*ret_bytes = NULL;
	locked_fault(f);
	return -ENOLCK;
}

int vault_make(bool unlocked, size_t count, struct vault **ret_vault, struct fault *f)
{
	struct vault *v = calloc(1, sizeof(*v));
	void *key = NULL, *entries = NULL;
	int rc;

	if (!v)
		return fault_set(f, ENOMEM, "not enough memory for the vault");
	v->unlocked = unlocked;
	rc = room(unlocked, SEAL_KEY, &key, f);
	v->key = key;
	if (rc == 0)
		rc = room(unlocked, count * sizeof(v->entries[0]), &entries, f);
	v->entries = entries;
	v->count = count;
	if (rc)
		vault_close(v);
	else
		*ret_vault = v;
	return rc;
}

void vault_close(struct vault *v)
{
	if (!v)
		return;
	locked_wipe(v->key);
	locked_wipe(v->entries);
	free(v);
}

int vault_rekey(struct vault *v, const struct vault_key *key, const struct seal_work *work,
		struct fault *f)
{
	struct seal_work as_before;
	struct seal_random *random;
	void *bytes = NULL;
	int rc = room(v->unlocked, sizeof(*random), &bytes, f);

	if (rc)
		return rc;
	if (!work) {
		as_before = seal_work_of(&v->header);
		work = &as_before;
	}
	random = bytes;
	randombytes_buf(random, sizeof(*random));
	rc = seal_wrap(key, work, random, &v->header);
	if (rc == 0)
		memcpy(v->key, random->key, SEAL_KEY);
	locked_wipe(random);
	if (rc == -ENOMEM)
		return seal_fault(work->memory_kib, f);
	return rc ? fault_set(f, -rc, "the key is none for a vault") : 0;
}

int vault_new(const struct vault_key *key, const struct seal_work *work, bool unlocked,
	      struct vault **ret_vault, struct fault *f)
{
	struct vault *v;
	int rc = vault_make(unlocked, 0, &v, f);

	if (rc)
		return rc;
	rc = vault_rekey(v, key, work, f);
	if (rc)
		vault_close(v);
	else
		*ret_vault = v;
	return rc;
}

size_t vault_count(const struct vault *v)
{
	return v->count;
}

const struct vault_entry *vault_at(const struct vault *v, size_t at)
{
	return &v->entries[at];
}

const struct vault_entry *vault_find(const struct vault *v, const char *name)
{
	size_t at;

	return entries_find(v->entries, v->count, name, &at) == 0 ? &v->entries[at] : NULL;
}

/* One entry more or less at a place, in memory of its own; the one so far is wiped. */
static int entries_move(struct vault *v, size_t count, size_t at, struct fault *f)
{
	struct vault_entry *old = v->entries, *fresh;
	const size_t size = sizeof(*old), behind = count > v->count ? v->count - at : count - at;
	void *bytes = NULL;
	int rc = room(v->unlocked, count * size, &bytes, f);

	if (rc)
		return rc;
	fresh = bytes;
	memcpy(fresh, old, at * size);
	if (count > v->count)
		memcpy(fresh + at + 1, old + at, behind * size);
	else
		memcpy(fresh + at, old + at + 1, behind * size);
	v->entries = fresh;
	v->count = count;
	locked_wipe(old);
	return 0;
}

int vault_value_check(const char *value, size_t len, struct fault *f)
{
	switch (entry_value_check(value, len)) {
	case 0:
		return 0;
	case -ENODATA:
		return fault_set(f, EBADMSG, "the value is empty");
	case -E2BIG:
		return fault_set(f, EBADMSG, "the value is longer than %d bytes",
				 LIMIT_VAULT_VALUE);
	case -EILSEQ:
		return fault_set(f, EBADMSG,
				 "the value is not one line of printable ASCII, as a header of a "
				 "request must be");
	default:
		return fault_set(f, EBADMSG, "the value begins or ends with a blank");
	}
}

int vault_set(struct vault *v, const char *name, const char *value, size_t len, uint64_t now_s,
	      struct fault *f)
{
	size_t at;
	int rc;

	if (!entry_name_is_valid(name))
		return fault_set(f, EINVAL,
				 "a name is 1 to %d of the characters a-z, 0-9, '.', '_' and '-'",
				 LIMIT_VAULT_NAME);
	rc = vault_value_check(value, len, f);
	if (rc)
		return rc;
	if (entries_find(v->entries, v->count, name, &at) != 0) {
		if (v->count == LIMIT_VAULT_SECRETS)
			return fault_set(f, ENOSPC, "the vault is full: %d secrets",
					 LIMIT_VAULT_SECRETS);
		rc = entries_move(v, v->count + 1, at, f);
		if (rc)
			return rc;
		strcpy(v->entries[at].name, name);
	}
	entry_value_set(&v->entries[at], value, len, now_s);
	return 0;
}

/* A name that is looked for is valid, or is not shown. */
static int find(const struct vault *v, const char *name, size_t *ret_at, struct fault *f)
{
	if (entries_find(v->entries, v->count, name, ret_at) == 0)
		return 0;
	if (!entry_name_is_valid(name))
		return fault_set(f, ENOENT, "that is no name of a secret");
	return fault_set(f, ENOENT, "there is no secret %s", name);
}

int vault_remove(struct vault *v, const char *name, struct fault *f)
{
	size_t at;
	int rc = find(v, name, &at, f);

	return rc ? rc : entries_move(v, v->count - 1, at, f);
}

int vault_bind(struct vault *v, const char *name, const struct binding *b, struct fault *f)
{
	char text[BINDING_TEXT];
	size_t at;
	int rc = find(v, name, &at, f);

	if (rc)
		return rc;
	rc = entry_bind(&v->entries[at], b);
	binding_write(b, text);
	if (rc == -EEXIST)
		return fault_set(f, EEXIST, "%s is bound to %s already", name, text);
	if (rc)
		return fault_set(f, E2BIG, "%s is bound to %d hosts, and cannot be to more", name,
				 LIMIT_VAULT_HOSTS);
	return 0;
}

int vault_unbind(struct vault *v, const char *name, const struct binding *b, struct fault *f)
{
	char text[BINDING_TEXT];
	size_t at;
	int rc = find(v, name, &at, f);

	if (rc)
		return rc;
	rc = entry_unbind(&v->entries[at], b);
	binding_write(b, text);
	return rc ? fault_set(f, ENOENT, "%s is not bound to %s", name, text) : 0;
}

int vault_lease(const struct vault *v, const char *name, const char *host, uint16_t port,
		struct locked *ret_secret)
{
	const struct vault_entry *e = vault_find(v, name);
	char plain[BINDING_HOST + 1] = "";
	struct locked copy = { 0 };
	int rc;

	if (!e)
		return -ENOENT;
	if (binding_host(host, strlen(host), plain) != 0)
		return -EINVAL;
	if (!entry_covers(e, plain, port))
		return -EACCES;
	rc = locked_copy(e->value, le16toh(e->value_len), &copy);
	if (rc && !(rc == -ENOLCK && v->unlocked)) {
		locked_release(&copy);
		return rc;
	}
	*ret_secret = copy;
	return 0;
}
