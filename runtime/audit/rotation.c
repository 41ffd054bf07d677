// SPDX-License-Identifier: GPL-2.0-or-later
/* How a change of the log's key that was begun is ended, now or after a crash. */
#include "audit/rotation.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "audit/key_file.h"
#include "audit/keychain.h"
#include "audit/trail.h"

static int trail_fault(const struct segment_dir *d, struct trail *t, int rc, struct fault *f)
{
	return fault_set(f, -rc, "%s/" TRAIL_NAME ": byte %" PRIu64 ": %s", d->shown,
			 trail_offset(t),
			 rc == -EBADMSG || rc == -E2BIG ? "no checkpoint" : strerror(-rc));
}

int rotation_finish(const struct segment_dir *d, const char *directory,
		    const struct note_verifier *next, struct fault *f)
{
	struct keychain chain = { .keys = NULL };
	struct note_verifier *keys = NULL;
	struct trail *t = NULL;
	size_t i;
	int rc;

	rc = trail_open(d, &t, f);
	if (rc)
		return rc;
	rc = keychain_read(t, next, &chain);
	if (rc) {
		trail_fault(d, t, rc, f);
		goto out;
	}
	keys = calloc(chain.count, sizeof(*keys));
	if (!keys) {
		rc = fault_set(f, ENOMEM, "not enough memory for the log's keys");
		goto out;
	}
	for (i = 0; i <= chain.trusted; i++)
		keys[i] = chain.keys[i].verifier;
	rc = key_file_advance(directory, keys, chain.trusted + 1, f);
out:
	free(keys);
	keychain_release(&chain);
	trail_close(t);
	return rc;
}

/* Has the trail handed over to this key? 1, or 0; -ENOKEY: it ends with neither's word. */
static int trail_decides(const struct segment_dir *d, const char *directory,
			 const struct note_verifier *next, struct fault *f)
{
	struct trail_entry entry = { 0 };
	struct note_key key = { .seed = { 0 } };
	struct keychain_change change;
	struct trail *t = NULL;
	size_t text;
	bool made;
	int rc;

	rc = trail_open(d, &t, f);
	if (rc)
		return rc;
	rc = trail_newest(t, &entry);
	if (rc < 0) {
		trail_fault(d, t, rc, f);
	} else if (rc == 1) {
		rc = note_open(next, entry.note, entry.len, &text);
		if (rc == 0) {
			trail_close(t);
			return 1;
		}
		rc = rc == -ENOKEY ? 0 : trail_fault(d, t, rc, f);
	}
	/* Before the next one is given up, the other is seen to be there, and to count. */
	if (rc == 0)
		rc = key_file_open(directory, false, &key, &made, f);
	if (rc == 0 && entry.len &&
	    (note_open(&key.verifier, entry.note, entry.len, &text) != 0 ||
	     keychain_parse(&entry.checkpoint, &change) != 0))
		rc = fault_set(f, ENOKEY,
			       "%s/" TRAIL_NAME ": the last checkpoint is neither by the key of "
			       "this log nor by the one that was to follow it",
			       d->shown);
	note_key_wipe(&key);
	trail_close(t);
	return rc;
}

int rotation_resume(const struct segment_dir *d, const char *directory,
		    enum rotation_state *ret_state, struct fault *f)
{
	struct note_key next = { .seed = { 0 } };
	int rc;

	*ret_state = ROTATION_NONE;
	rc = key_file_next(directory, &next, f);
	if (rc == -ENOENT)
		return 0;
	if (rc)
		return rc;
	rc = trail_decides(d, directory, &next.verifier, f);
	if (rc == 1) {
		rc = rotation_finish(d, directory, &next.verifier, f);
		if (rc == 0)
			*ret_state = ROTATION_ENDED;
	} else if (rc == 0) {
		rc = key_file_withdraw(directory, f);
		if (rc == 0)
			*ret_state = ROTATION_WITHDRAWN;
	}
	note_key_wipe(&next);
	return rc;
}
