/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the kernel to the log: rings and lifecycle stream are drained, written, and only then given back. */
#ifndef AGENTOS_DAEMON_DRAIN_H
#define AGENTOS_DAEMON_DRAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/note.h"
#include "audit/origin.h"
#include "audit/record.h"
#include "audit/retention.h"
#include "base/fault.h"
#include "daemon/egress.h"
#include "daemon/feeds.h"
#include "daemon/names.h"
#include "kern/enforce.h"
#include "loop/loop.h"
#include "rpc/control.h"

/*
 * Why SIGKILL at any moment loses nothing and doubles nothing:
 *
 * - A ring's records are appended, written to the segment file, and only then
 *   is their room given back. Killed in between, the next daemon finds them in
 *   the ring again and knows from the log that it has them (audit/account.h).
 * - A loss is the kernel's count of drops less what the log says is lost.
 * - The lifecycle stream is kept by the module; the next daemon seeks to what
 *   follows the last record in the log.
 *
 * Agents that outrun us are held by the module until their denials are kept; with us
 * stopped or gone that is until the next daemon has read them. When the log cannot be
 * written, nothing is given back and nothing more is read; then nobody is held but
 * strict agents, and what finds no room in the kernel is counted there.
 */
struct drain;

/* All borrowed; they outlive the drain. */
struct drain_options {
	struct loop *loop;
	const char *directory;
	int dev; /* O_NONBLOCK; its read position is the drain's */
	struct names *names;
	struct feeds *feeds;
	struct egress *egress;
	struct retention keep;
};

/* Opens the log and reads what it holds of this boot. Errors as segment_open(). */
int drain_open(const struct drain_options *o, struct drain **ret_drain, struct fault *f);
/* Begins: notes the start or the adoption of e, whose maps are drained from now on. */
int drain_start(struct drain *d, struct enforce *e, bool adopted, struct fault *f);
/* Takes what is there now, and puts it on disk. */
void drain_flush(struct drain *d);
/* The maps are about to go, or gone. */
void drain_stop(struct drain *d);
void drain_note(struct drain *d, enum daemon_note note, uint64_t number, const char *text);
/*
 * Changes the key that signs for the log, which is itself a record; who: who
 * asked for it. Errors as ledger_rotate(), whose -EINPROGRESS is a success with f.
 */
int drain_rotate(struct drain *d, const char *who, struct note_verifier *ret_before,
		 struct note_verifier *ret_after, struct fault *f);
/* Where a policy is from. */
void drain_policy(struct drain *d, const struct origin *o);
/*
 * May there be, or have been, an agent of this id? False only when all that the module has to
 * tell has been read and it was not among it; what waits is read for that.
 */
bool drain_hears_of(struct drain *d, uint64_t agent);
/* What the gateway was asked for: u.egress and type are set. */
void drain_egress(struct drain *d, const struct record *what);
/* A model call that has ended, or was refused: u.call and type are set. */
void drain_call(struct drain *d, const struct record *what);
/* Of the last record that the log has taken. */
uint64_t drain_number(const struct drain *d);
/* Of the last that was signed for. */
uint64_t drain_covered(const struct drain *d);
void drain_status(const struct drain *d, struct control_status_reply *m);
void drain_close(struct drain *d);

#endif
