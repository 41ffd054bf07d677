/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every limit of the scheduler on one screen. Reaching one is refused, and told why. */
#ifndef AGENTOS_SCHED_BOUNDS_H
#define AGENTOS_SCHED_BOUNDS_H

#define SCHED_PROVIDERS	   64	  /* with queues of their own */
#define SCHED_AGENTS	   65536  /* known at once */
#define SCHED_CALLS	   262144 /* queued and running at once: about 300 bytes of memory each */
#define SCHED_CLASSES	   256	  /* of agents that are learned about; more are as if of no class */
#define SCHED_SLOTS	   65536  /* of a provider */
#define SCHED_OPEN	   8	  /* batches that gather at once, of one agent */
#define SCHED_BATCH	   256	  /* calls in one batch */
#define SCHED_RATE	   1000000000000ULL /* requests or tokens a minute: more is a mistake */
#define SCHED_TOKENS	   (1ULL << 32)	    /* of one call */
#define SCHED_SPAN_NS	   (86400 * 1000000000ULL) /* of a call, a window */
#define SCHED_TIME_NS	   (UINT64_MAX >> 2) /* of clock and deadlines: no sum of two overflows */
#define SCHED_BURST_NS	   (10 * 1000000000ULL) /* of a rate that was not used, and may be later */
#define SCHED_STRETCH	   10000		/* percent */
#define SCHED_SHARE	   1000000		/* starts */
#define SCHED_RETRY_MIN_NS (100 * 1000000ULL)	/* between which a refusal tells to come again */
#define SCHED_RETRY_MAX_NS (600 * 1000000000ULL)

#endif
