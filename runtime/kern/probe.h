/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The acts of the self-test: one or more per hook, harmless should they succeed. */
#ifndef AGENTOS_KERN_PROBE_H
#define AGENTOS_KERN_PROBE_H

#include <stdbool.h>

#include "agentos_event.h"
#include "base/fault.h"

/* What the acts act on: made before, by the daemon, removed afterwards. */
struct probe_stage {
	char dir[64]; /* a tmpfs of our own */
	int dir_fd;
	int file;	     /* dir/file, open for reading and writing */
	int readonly;	     /* dir/victim, open for reading; nobody writes to it */
	int inbox;	     /* bound abstract datagram socket; its peer is the act */
	int listener;	     /* listening abstract stream socket */
	char inbox_name[32]; /* after the leading NUL */
	char listener_name[32];
	int outside;	/* UDP socket of no agent's */
	int segment;	/* of shared memory, System V */
	char queue[32]; /* POSIX message queues: one that is there, */
	char made[32];	/* and one that is not, unless an act made it */
	int key;	/* a serial number */
	int sctp;	/* a socket, or -1: the kernel has no SCTP now */
	bool overlay;	/* the kernel has overlayfs now */
	int passed[2];	/* a pair of sockets with a descriptor waiting in passed[1] */
};

enum probe_cast {
	PROBE_CAPABLE, /* has capabilities, so that the hook behind them is reached */
	PROBE_PLAIN,   /* has none */
	PROBE_URING,   /* may make rings */
	PROBE_LIMITED, /* may use the network, and has no bytes left */
	PROBE_STARTS,  /* may run programs of the stage's directory */
};

#define PROBE_NONE 1

struct probe {
	enum agentos_hook hook;
	enum probe_cast cast;
	int expected;	  /* errno */
	const char *what; /* for people: "open /dev/null" */
	/* Returns a negative number and errno when refused; PROBE_NONE when this machine
	 * has not what it takes, and an agent cannot bring it there either. */
	int (*act)(const struct probe_stage *stage);
};

extern const struct probe probes[]; /* ends with act == NULL */

int probe_stage_open(struct probe_stage *stage, struct fault *f);
void probe_stage_close(struct probe_stage *stage);

#endif
