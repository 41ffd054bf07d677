/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One secret of a vault: what it is called, what it is, where it may go. Pure. */
#ifndef AGENTOS_VAULT_ENTRY_H
#define AGENTOS_VAULT_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "vault/binding.h"

/*
 * The record of a vault's file, once decrypted, byte by byte. Numbers are
 * little-endian, and every byte that nothing was said about is zero.
 */
struct vault_entry {
	char name[LIMIT_VAULT_NAME + 8]; /* [a-z0-9._-]{1,64}, then NUL */
	uint64_t set_at;		 /* when its value was set, in seconds since 1970 */
	uint16_t value_len;		 /* 1 to LIMIT_VAULT_VALUE */
	uint16_t host_count;		 /* 0 to LIMIT_VAULT_HOSTS */
	uint8_t zero[4];
	struct binding hosts[LIMIT_VAULT_HOSTS]; /* each another one; the first host_count */
	char value[LIMIT_VAULT_VALUE];		 /* not terminated */
};
_Static_assert(offsetof(struct vault_entry, set_at) == 72, "part of the vault's format");
_Static_assert(offsetof(struct vault_entry, hosts) == 88, "part of the vault's format");
_Static_assert(offsetof(struct vault_entry, value) == 4248, "part of the vault's format");
_Static_assert(sizeof(struct vault_entry) == 12440, "part of the vault's format");

bool entry_name_is_valid(const char *name);
/*
 * A value is printable ASCII, with no blank at either end: what a header may
 * hold, and nothing that was pasted along with it.
 * -ENODATA  empty; -E2BIG: longer than LIMIT_VAULT_VALUE
 * -EILSEQ   a byte that is none of these; -EINVAL: a blank at an end
 */
int entry_value_check(const char *value, size_t len);

/*
 * So many records, as they were decrypted: all as they would have been written,
 * in ascending order of names, none twice. -EBADMSG: they are not.
 * bytes: aligned for a struct vault_entry.
 */
int entries_check(const void *bytes, size_t len, size_t *ret_count);

/*
 * Where the name is, or else where it belongs: *ret_at, from 0 to count.
 * 0 or -ENOENT.
 */
int entries_find(const struct vault_entry *entries, size_t count, const char *name, size_t *ret_at);

/* The value, which is valid, in place of the one so far. */
void entry_value_set(struct vault_entry *e, const char *value, size_t len, uint64_t now_s);
/* -EEXIST: bound to it already; -E2BIG: to LIMIT_VAULT_HOSTS others. */
int entry_bind(struct vault_entry *e, const struct binding *b);
/* -ENOENT: not bound to that. */
int entry_unbind(struct vault_entry *e, const struct binding *b);
/* How many hosts it is bound to. */
size_t entry_hosts(const struct vault_entry *e);
/* May it go to this host (as binding_host() has it) and port? */
bool entry_covers(const struct vault_entry *e, const char *host, uint16_t port);

#endif
