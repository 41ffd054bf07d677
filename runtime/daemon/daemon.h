/* SPDX-License-Identifier: GPL-2.0-or-later */
/* agentosd's state, and the steps of its start and end. */
#ifndef AGENTOS_DAEMON_DAEMON_H
#define AGENTOS_DAEMON_DAEMON_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/fault.h"
#include "daemon/drain.h"
#include "daemon/names.h"
#include "kern/enforce.h"
#include "loop/loop.h"
#include "rpc/control.h"
#include "rpc/token.h"

struct client_table;
struct egress;
struct gateway;

struct daemon_options {
	const char *audit_dir;
	const char *run_dir;
	const char *group; /* may connect to the socket */
	const char *gateway_user;
	const char *gateway_policy;
	const char *gateway_program; /* NULL: agentos-gateway, where agentosd is */
	uint16_t gateway_port;
	struct retention keep;
};

/* What the last self-test showed. */
struct proof {
	int error; /* 0: every hook proved, enforcement is on */
	struct fault why;
	int result[AGENTOS_HOOK_COUNT]; /* as enforce_selftest() tells it; -EAGAIN: was not asked */
	char what[AGENTOS_HOOK_COUNT][CONTROL_WHAT];
};

struct daemon {
	struct daemon_options options;
	gid_t group;
	int lock;
	int dev;
	struct loop *loop;
	struct names *names;
	struct feeds *feeds;
	char denials[CONTROL_PATH]; /* their directory */
	char run_dir[CONTROL_PATH]; /* what that is in: by its one name */
	int run;		    /* the same, O_PATH; -1 until enforcement */
	struct egress *egress;
	struct drain *drain;
	struct gateway *gateway;
	uint8_t token_key[TOKEN_KEY];
	struct enforce *enforce; /* NULL once ended */
	bool adopted;
	struct proof proof;
	int listener;
	struct client_table *clients;
	struct loop_handle signals;
	struct loop_handle traffic;
	bool traffic_failed; /* the last time */
};

/* All before the module is touched: rights of the process, directories, the lock. */
int daemon_prepare(struct daemon *d, struct fault *f);
/* Device, log, enforcement and its proof. A hook that is not proved is no failure: it leaves enforcement off. */
int daemon_enforce(struct daemon *d, struct fault *f);
/* Runs the self-test again and keeps what it showed. */
void daemon_prove(struct daemon *d);
/* Ends enforcement; -EBUSY while agents live, and nothing has changed. */
int daemon_end(struct daemon *d, struct fault *f);
/* At SIGTERM: ends enforcement if no agent lives, else leaves it; notes which. */
void daemon_stop(struct daemon *d);
/* At the start: brings the gateway back for the agents of an earlier agentosd, or kills what it left. */
void daemon_adopt_gateway(struct daemon *d);
/* Live agents, or a negative errno. */
int64_t daemon_agents(const struct daemon *d);
void daemon_release(struct daemon *d);

/* Tells the service manager, where there is one. */
void daemon_notify(const char *state);

#endif
