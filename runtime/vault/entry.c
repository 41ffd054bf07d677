// SPDX-License-Identifier: GPL-2.0-or-later
/* Secrets as records of one size: checked as if anyone had written them, found by name, changed. */
#include "vault/entry.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

static const struct vault_entry nothing;

/* So many zeros? Not more than a value has. */
static bool is_zero(const void *bytes, size_t len)
{
	return memcmp(bytes, nothing.value, len) == 0;
}

bool entry_name_is_valid(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-");

	return !name[len] && len >= 1 && len <= LIMIT_VAULT_NAME;
}

int entry_value_check(const char *value, size_t len)
{
	size_t i;

	if (!len)
		return -ENODATA;
	if (len > LIMIT_VAULT_VALUE)
		return -E2BIG;
	for (i = 0; i < len; i++)
		if (value[i] < ' ' || value[i] > '~')
			return -EILSEQ;
	return value[0] == ' ' || value[len - 1] == ' ' ? -EINVAL : 0;
}

size_t entry_hosts(const struct vault_entry *e)
{
	return le16toh(e->host_count);
}

/* Where it is bound to exactly this, or SIZE_MAX. Of equal ones all bytes are. */
static size_t bound_at(const struct vault_entry *e, size_t count, const struct binding *b)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (memcmp(&e->hosts[i], b, sizeof(*b)) == 0)
			return i;
	return SIZE_MAX;
}

static bool hosts_are_valid(const struct vault_entry *e)
{
	size_t count = entry_hosts(e), i;

	if (count > LIMIT_VAULT_HOSTS)
		return false;
	for (i = 0; i < count; i++)
		if (!binding_is_valid(&e->hosts[i]) || bound_at(e, i, &e->hosts[i]) != SIZE_MAX)
			return false;
	return is_zero(&e->hosts[count], (LIMIT_VAULT_HOSTS - count) * sizeof(e->hosts[0]));
}

static bool entry_is_valid(const struct vault_entry *e)
{
	size_t name = strnlen(e->name, sizeof(e->name)), value = le16toh(e->value_len);

	return name < sizeof(e->name) && entry_name_is_valid(e->name) &&
	       is_zero(e->name + name, sizeof(e->name) - name) &&
	       is_zero(e->zero, sizeof(e->zero)) && hosts_are_valid(e) &&
	       entry_value_check(e->value, value) == 0 &&
	       is_zero(e->value + value, sizeof(e->value) - value);
}

int entries_check(const void *bytes, size_t len, size_t *ret_count)
{
	const struct vault_entry *entries = bytes;
	size_t count = len / sizeof(entries[0]), i;

	if (len % sizeof(entries[0]) || count > LIMIT_VAULT_SECRETS)
		return -EBADMSG;
	for (i = 0; i < count; i++)
		if (!entry_is_valid(&entries[i]) ||
		    (i && strcmp(entries[i - 1].name, entries[i].name) >= 0))
			return -EBADMSG;
	*ret_count = count;
	return 0;
}

int entries_find(const struct vault_entry *entries, size_t count, const char *name, size_t *ret_at)
{
	size_t i;
	int order = 1;

	for (i = 0; i < count; i++) {
		order = strcmp(entries[i].name, name);
		if (order >= 0)
			break;
	}
	*ret_at = i;
	return i < count && order == 0 ? 0 : -ENOENT;
}

void entry_value_set(struct vault_entry *e, const char *value, size_t len, uint64_t now_s)
{
	memset(e->value, 0, sizeof(e->value));
	memcpy(e->value, value, len);
	e->value_len = htole16((uint16_t)len);
	e->set_at = htole64(now_s);
}

int entry_bind(struct vault_entry *e, const struct binding *b)
{
	size_t count = entry_hosts(e);

	if (bound_at(e, count, b) != SIZE_MAX)
		return -EEXIST;
	if (count == LIMIT_VAULT_HOSTS)
		return -E2BIG;
	e->hosts[count] = *b;
	e->host_count = htole16((uint16_t)(count + 1));
	return 0;
}

int entry_unbind(struct vault_entry *e, const struct binding *b)
{
	size_t count = entry_hosts(e), at = bound_at(e, count, b);

	if (at == SIZE_MAX)
		return -ENOENT;
	memmove(&e->hosts[at], &e->hosts[at + 1], (count - at - 1) * sizeof(e->hosts[0]));
	memset(&e->hosts[count - 1], 0, sizeof(e->hosts[0]));
	e->host_count = htole16((uint16_t)(count - 1));
	return 0;
}

bool entry_covers(const struct vault_entry *e, const char *host, uint16_t port)
{
	size_t count = entry_hosts(e), i;

	for (i = 0; i < count; i++)
		if (binding_covers(&e->hosts[i], host, port))
			return true;
	return false;
}
