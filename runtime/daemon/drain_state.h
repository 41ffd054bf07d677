/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the drain: what writer, rings and lifecycle stream share. */
#ifndef AGENTOS_DAEMON_DRAIN_STATE_H
#define AGENTOS_DAEMON_DRAIN_STATE_H

#include <time.h>

#include "audit/account.h"
#include "audit/history.h"
#include "audit/ledger.h"
#include "daemon/drain.h"
#include "daemon/memory.h"
#include "kern/ring.h"

#define LIFECYCLE_BATCH 64
#define LIFECYCLE_AHEAD 64  /* batches that are read ahead of their turn, to hear of an agent */
#define LIFECYCLE_DROPS 256 /* policies waiting to be dropped; more are left to a sweep */

struct drain_ring {
	struct drain *drain;
	unsigned int number; /* enum agentos_ring */
	struct ring *ring;
	struct account account;
	bool pending; /* handed out, not given back */
	struct loop_handle wake;
};

struct drain {
	struct drain_options options;
	struct enforce *enforce; /* NULL before the start and after the stop */
	uint8_t boot[16];
	struct ledger *ledger;
	struct history history; /* lifecycle part is kept up to date */
	struct drain_ring rings[AGENTOS_RING_COUNT];
	struct agentos_lifecycle
		batch[LIFECYCLE_BATCH]; /* read from the device, not yet appended */
	size_t batch_count, batch_next;
	uint32_t drops[LIFECYCLE_DROPS];
	size_t drop_count;
	bool sweep;
	bool cgroups; /* of agents that have ended are left */
	struct loop_handle device, tick, again, sync;
	bool dirty;		  /* written since the last sync began */
	struct segment_mark mark; /* what the sync under way is about */
	int error;		  /* why the log cannot be written, or 0 */
	int sign_error;		  /* why the last checkpoint could not be, or 0 */
	bool rotating;		  /* the key was changed, and something of it is left to do */
	uint64_t drops_at_error;
	struct retention_memory oldest;
	uint64_t retain_at; /* CLOCK_BOOTTIME; 0: not begun */
	int retain_error;   /* why they could not be, or 0 */
	bool untold;	    /* the module does not take how far the denials are kept */
	uint64_t unreadable;
	struct memory_rest rest;
};

/* drain.c */
void drain_take(struct drain *d);

/* journal.c */
/* Tells the module how far the denials have been kept: who waits for that goes on. */
void drain_tell(struct drain *d);
/* Whether the log can be written, after trying again if it could not. */
bool drain_recovered(struct drain *d);
int drain_append(struct drain *d, struct record *r);
/* Signs for what is written, when it is time to. */
void drain_checkpoint(struct drain *d);

/* retain.c: removes the oldest segment, when it is time to. */
void drain_retain(struct drain *d);
/* journal.c again */
uint64_t drain_boot_time(void);
int drain_write(struct drain *d);
void drain_record_init(const struct drain *d, struct record *r, enum record_type type,
		       unsigned int stream);
void drain_record_time(struct record *r, uint64_t boot_ns);
void drain_record_agent(const struct drain *d, struct record *r, uint64_t agent);
int drain_loss(struct drain *d, unsigned int stream, uint64_t count, uint64_t first, uint64_t last);

/* lifecycle.c: 1 when there may be more, 0, or a negative errno */
int lifecycle_seek(struct drain *d, struct fault *f);
int lifecycle_drain(struct drain *d);
/* Policies and cgroups whose agents are gone and that were still busy before. */
void lifecycle_retry(struct drain *d);

#endif
