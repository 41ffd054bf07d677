/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files behind enforce.h share. */
#ifndef AGENTOS_KERN_ENFORCE_STATE_H
#define AGENTOS_KERN_ENFORCE_STATE_H

#include "kern/enforce.h"

enum enforce_map {
	MAP_RING_DENIALS,
	MAP_RING_ALLOWED,
	MAP_EVENTS,
	MAP_RECENT,
	MAP_SEQUENCES,
	MAP_DROPS,
	MAP_HOOK_COUNTS,
	MAP_SOCKET_OWNER,
	MAP_SOCKET_PAYERS,
	MAP_TRAFFIC,
	MAP_ALLOWANCES,
	MAP_COUNTING,
	MAP_BUILD,
	MAP_COUNT,
};

#define LINKS_MAX   128 /* programs attached: more are refused at the start */
#define SECRETS_MAX 4	/* directories with secrets of agentosd's: -ENOSPC */

struct enforce {
	int dev;	      /* the caller's */
	int maps[MAP_COUNT];  /* ours */
	int links[LINKS_MAX]; /* ours: what is attached stays, whoever unpins it */
	size_t link_count;
	int cpus;			       /* possible ones: values of a per-CPU map */
	uint64_t replaced[AGENTOS_RING_COUNT]; /* enforce_replaced() */
	unsigned int idle;		       /* calls of enforce_traffic() without any limit */
	bool traffic_empty;		       /* no agent was in that map when so many had been */
	uint32_t traffic_made;		       /* put there: AGENTOS_COUNTING_MADE */
	const char *feeds;		       /* enforce_feeds(); NULL: there are none */
	int feeds_fd;
	const char *run; /* enforce_run(), likewise */
	int run_fd;
	struct {
		char *path;		    /* ours; NULL: none is kept */
		int directory, parent;	    /* ours */
		const char *const *secrets; /* borrowed, both; ended by NULL */
		const char *const *shown;
	} log; /* enforce_log() */
	struct secrets {
		char *path;		  /* of their directory; ours */
		int directory;		  /* ours */
		const char *const *names; /* borrowed; ended by NULL */
	} secrets[SECRETS_MAX];		  /* enforce_secrets() */
	size_t secrets_count;
};

/* May the policy have a rule about what fd is of? -EINVAL with the fault. */
int own_allow(const struct enforce *e, const struct compiled_rule *r, int fd, struct fault *f);
void own_close(struct enforce *e);

/*
 * Attaches the programs that count packets, or detaches them. Who has a limit is
 * refused sockets while they are not. They are loaded, pinned and never
 * attached by enforce_open(). Several processes may call this.
 */
int counting_set(const struct enforce *e, bool on);

/* Whose sockets are no more: it needs no limit after its end. */
void traffic_forget(const struct enforce *e, uint64_t agent);

/* What the counting programs' pins are named: the program's, and its link's while attached. */
#define COUNTING_PROGRAM "counters/%s"
#define COUNTING_LINK	 "links/%s"

/* Sum over CPUs of the u64 at key of a per-CPU array. */
int enforce_percpu_sum(const struct enforce *e, enum enforce_map map, uint32_t key,
		       uint64_t *ret_sum);

#endif
