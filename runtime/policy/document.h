/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One file of a policy: its shape and its content, before their meaning is looked at. */
#ifndef AGENTOS_POLICY_DOCUMENT_H
#define AGENTOS_POLICY_DOCUMENT_H

#include "policy/outline.h"
#include "policy/policy.h"
#include "policy/schema.h"
#include "policy/source.h"

enum document_kind {
	DOCUMENT_POLICY, /* has a name */
	DOCUMENT_PART,	 /* is included by others */
};

struct document {
	struct source source;
	struct outline outline;
	struct raw_policy *raw;
};

/*
 * Reads len bytes into d, whose source is set, all else zero. Errors are
 * policy_parse()'s; release it with document_release() in either case.
 */
int document_read(struct document *d, enum document_kind kind, const char *bytes, size_t len);
void document_release(struct document *d);

/* Where a key stands; line 0 when it is not there. And an item of its list. */
struct policy_place document_key_at(const struct document *d, const char *key);
struct policy_place document_item_at(const struct document *d, const char *key, size_t item);

#endif
