/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the control connections: what their life and their requests share. */
#ifndef AGENTOS_DAEMON_CLIENT_STATE_H
#define AGENTOS_DAEMON_CLIENT_STATE_H

#include <sys/socket.h>

#include "daemon/client.h"

/* A policy on its way. */
struct upload {
	bool begun;
	uint32_t flags;
	uint32_t expected, count;
	uint32_t addresses_expected, address_count;
	uint32_t egress_expected, egress_count;
	struct compiled_egress *egress; /* ours to free; room for those expected */
	uint32_t policy;		/* in the module, so far; 0 before it is begun */
	struct control_source *source;	/* ours to free; NULL: not told */
};

struct client {
	struct client *prev, *next;
	struct daemon *daemon;
	int fd;
	struct ucred peer;
	bool greeted;
	bool closing;		/* after what is being sent */
	unsigned int next_hook; /* of a self-test being told; 0 when none is */
	uint64_t cookie;	/* of the request being answered */
	struct upload upload;
	struct loop_handle receive, send, idle;
};

struct client_table {
	struct client *first;
	unsigned int count;
	struct loop_handle accept, retry;
	char path[108];
};

/* client.c */
void client_close(struct client *c);

/* request.c. Each ends with an answer on its way; c may be gone when it returns. */
void client_request(struct client *c, const union control_message *m,
		    struct loop_message *received);
void client_error(struct client *c, int error, const char *text);
/* The next hook of a self-test, or its end. */
void client_hook(struct client *c);
/* Forgets a half-made policy. */
void upload_reset(struct client *c);

#endif
