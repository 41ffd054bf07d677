/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a change of the log's key that was begun is ended, now or after a crash. */
#ifndef AGENTOS_AUDIT_ROTATION_H
#define AGENTOS_AUDIT_ROTATION_H

#include "audit/note.h"
#include "audit/segment_file.h"
#include "base/fault.h"

/*
 * A change in its order; what a crash leaves behind each step, and what the next
 * start makes of it:
 *	1. the next key is written beside the one so far (key_file_prepare())
 *			nothing signed by it: it is withdrawn
 *	2. the checkpoint that hands over, signed by both, is in the trail, on disk
 *			the same if it is torn or gone; else the next key counts, and
 *			steps 3 to 5 are made again
 *	3. DIRECTORY.pub has both
 *	4. the old secret key is overwritten
 *	5. the next one takes its name (key_file_advance() does 3 to 5)
 *			nothing is left to do
 * So the trail decides, whatever else is there, and the key that it names is on
 * disk before it does.
 */
enum rotation_state {
	ROTATION_NONE = 0,  /* none was under way */
	ROTATION_WITHDRAWN, /* the log's key is the one it was */
	ROTATION_ENDED,	    /* it is the next one */
};

/*
 * Ends what was begun; the caller has the lock of the log, whose directory may be empty.
 *
 * -EBADMSG, -E2BIG  the trail, or the next key, is damaged
 * -ENOKEY           the last checkpoint is by neither of both keys
 * else as key_file_open() and trail_open()
 */
int rotation_resume(const struct segment_dir *d, const char *directory,
		    enum rotation_state *ret_state, struct fault *f);

/* Steps 3 to 5: the trail hands over to the prepared key, which is this one. Errors likewise. */
int rotation_finish(const struct segment_dir *d, const char *directory,
		    const struct note_verifier *next, struct fault *f);

#endif
