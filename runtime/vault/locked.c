// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory for what nobody else may see: libsodium's, and whether it is locked. */
#include "vault/locked.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#define ALIGNMENT 16

int locked_room(size_t size, void **ret_bytes)
{
	/* It puts the end of the memory at the end of a page, so the size decides where it begins. */
	const size_t whole = (size + ALIGNMENT) / ALIGNMENT * ALIGNMENT;
	void *bytes;

	if (sodium_init() < 0)
		return -ENOMEM;
	bytes = sodium_malloc(whole);
	if (!bytes)
		return -ENOMEM;
	memset(bytes, 0, whole);
	*ret_bytes = bytes;
	/* sodium_malloc() has tried, and does not tell. Locks do not nest: one unlock ends both. */
	return sodium_mlock(bytes, whole) == 0 ? 0 : -ENOLCK;
}

void locked_wipe(void *bytes)
{
	sodium_free(bytes);
}

int locked_copy(const void *bytes, size_t len, struct locked *ret_secret)
{
	void *copy = NULL;
	int rc = locked_room(len, &copy);

	if (rc && rc != -ENOLCK)
		return rc;
	if (len)
		memcpy(copy, bytes, len);
	*ret_secret = (struct locked){ .bytes = copy, .len = len };
	return rc;
}

void locked_release(struct locked *s)
{
	locked_wipe(s->bytes);
	*s = (struct locked){ 0 };
}

int locked_fault(struct fault *f)
{
	return fault_set(
		f, ENOLCK,
		"memory for secrets cannot be locked, and may be written to swap: raise the "
		"limit of locked memory (ulimit -l, LimitMEMLOCK=)");
}
