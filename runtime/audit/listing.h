/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which numbered files of one kind a log's directory has. */
#ifndef AGENTOS_AUDIT_LISTING_H
#define AGENTOS_AUDIT_LISTING_H

#include <stddef.h>
#include <stdint.h>

#include "audit/segment_file.h"
#include "base/fault.h"

#define LISTING_NAME 32 /* 20 digits, a suffix of at most 11 bytes, NUL */

struct listing {
	uint64_t *numbers; /* owned; they rise */
	size_t count;
};

/* The name of one: the number in 20 digits, then the suffix. */
void listing_name(char name[LISTING_NAME], uint64_t number, const char *suffix);

/*
 * All that are named so by the suffix, ".seg" being one; what they are is not
 * looked at.
 *
 * -EBADMSG  something ends in the suffix and has no number, or not in 20 digits
 *           (f names it)
 * -ENOMEM; what reading a directory may come to
 */
int listing_read(const struct segment_dir *d, const char *suffix, struct listing *ret_listing,
		 struct fault *f);
void listing_release(struct listing *l);

#endif
