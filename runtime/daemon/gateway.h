/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The gateway's life: its port, its process, and what it asks and tells. */
#ifndef AGENTOS_DAEMON_GATEWAY_H
#define AGENTOS_DAEMON_GATEWAY_H

#include "daemon/daemon.h"

/*
 * The gateway connects to hosts for agents whose policies have rules on names. It
 * is an agent of its own, which agentosd starts when the first such policy comes,
 * as `agentctl run --policy gateway --name gateway --gate -- agentos-gateway`: a
 * user without privileges, under a policy that is compiled as anybody's is. It
 * is started again when it ends, a fraction of a second later, and more slowly when
 * it ends at once. rpc/gate.h has what is spoken; whatever is out of bounds, or
 * told of an agent that is none, ends it.
 *
 * agentosd holds its listening sockets, of TCP and a Unix one: while it is being started,
 * calls wait.
 */
struct gateway;

int gateway_open(struct daemon *d, struct fault *f);
/* NULL is allowed. */
void gateway_close(struct gateway *g);

/*
 * From now on there is to be one. Nothing when there is already.
 * -ENOENT no such user; -EADDRINUSE somebody has the port; ...
 */
int gateway_need(struct daemon *d, struct fault *f);

/*
 * At the start: what an earlier agentosd left is ended. needed: policies that need
 * one are left, and so there is to be one, as soon as it can be.
 */
void gateway_adopt(struct daemon *d, bool needed);

/* Only for the process that agentosd has started is the name "gateway". */
int gateway_admit(const struct daemon *d, const char *name, pid_t pid, struct fault *f);
/* That process has been given this agent. */
void gateway_runs_in(struct daemon *d, pid_t pid, uint64_t agent);

/* Where its Unix socket is; empty when there is none yet. ret_path has CONTROL_PATH bytes. */
void gateway_socket(const struct daemon *d, char *ret_path);

enum control_gateway gateway_state(const struct daemon *d);
/* Live agents that are it: none of those that keep enforcement from being ended. */
unsigned int gateway_agents(const struct daemon *d);
/* Ends it and waits until it has ended; the port stays the gateway's for the module. */
void gateway_stop(struct daemon *d);

#endif
