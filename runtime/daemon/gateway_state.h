/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the gateway's life: what starting it and listening to it share. */
#ifndef AGENTOS_DAEMON_GATEWAY_STATE_H
#define AGENTOS_DAEMON_GATEWAY_STATE_H

#include "daemon/daemon.h"
#include "rpc/gate.h"

struct gateway {
	struct daemon *daemon;
	bool needed; /* a policy had rules on host names */
	/* -1 until then; ours, whoever accepts from them. In the order of GATE_LISTENERS. */
	int listeners[GATE_LISTENERS];
	char socket[CONTROL_PATH]; /* of the Unix one; empty until then */
	uid_t uid;
	gid_t gid;
	pid_t pid; /* 0: it does not run */
	int pidfd;
	int gate;	      /* our end */
	uint64_t agent;	      /* that it runs in, once it does */
	bool ready;	      /* it serves */
	uint32_t answering;   /* the policy whose rules are being sent; 0: none's */
	uint32_t answer_next; /* the first that has not been sent */
	uint64_t began_ms;
	unsigned int restart_ms;
	bool told; /* that it does not stay */
	struct loop_handle receive, send, ended, restart;
};

/* gateway.c: ends it, for what it has done; the caller returns to the loop after it. */
void gateway_breach(struct gateway *g, const char *what);

/*
 * gateway_listen.c: its sockets, unless they are there; the module knows them then.
 * -EADDRINUSE somebody has the port; ...
 */
int gateway_listen(struct gateway *g, struct fault *f);
/* Without them: nobody connects any more. */
void gateway_deafen(struct gateway *g);

/* gateway_child.c: in the new process. Never returns. */
void gateway_become(const struct gateway *g, int gate) __attribute__((noreturn));

/* gate.c */
int gate_listen(struct gateway *g);
void gate_received(int result, void *cookie);
void gate_sent(int result, void *cookie);

#endif
