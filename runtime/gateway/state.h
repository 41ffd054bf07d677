/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the gateway: the process, and one connection with all that belongs to it. */
#ifndef AGENTOS_GATEWAY_STATE_H
#define AGENTOS_GATEWAY_STATE_H

#include "base/limits.h"
#include "gateway/gateway.h"
#include "gateway/policies.h"
#include "gateway/resolver.h"
#include "gateway/wire.h"
#include "http/body.h"
#include "http/head.h"
#include "loop/loop.h"
#include "policy/egress.h"

struct agents;
struct allowance;
struct breakers;
struct cache;
struct call;
struct catalog;
struct keys;
struct upstream;

#define GATEWAY_DIGESTS 16 /* that are kept */

struct gateway {
	struct gateway_options options;
	struct agents *agents;
	struct allowance *counts; /* of tokens, by agents' topmost ancestors */
	struct keys *keys;
	struct catalog *catalog;
	struct upstream *upstream;
	struct breakers *breakers;
	struct turns *turns;
	struct cache *cache; /* NULL before an answer may be kept */
	uint8_t token_key[GATE_TOKEN_KEY];
	void *sha256; /* EVP_MD: to look it up for each digest takes as long as a short one */
	void *digests
		[GATEWAY_DIGESTS]; /* EVP_MD_CTX that nobody uses: to make one takes as long, too */
	size_t digest_count;
	struct loop *loop;
	struct wire *wire;
	struct policies *policies;
	struct resolver *resolver;
	int device; /* -1 before START */
	struct door {
		struct gateway *gateway; /* NULL before START */
		int listener;
		struct loop_handle accept;
	} doors[GATE_LISTENERS];
	struct loop_handle pause, signals;
	struct connection *connections, *newest; /* the oldest first */
	size_t live;
	int error; /* that it ended with */
};

enum connection_state {
	STATE_HEAD,    /* the request's head is awaited */
	STATE_RULES,   /* agentosd's answer */
	STATE_NAME,    /* a resolver's */
	STATE_CONNECT, /* the server's */
	STATE_HELLO,   /* in the tunnel, a ClientHello of that name is awaited */
	STATE_PIPE,    /* bytes go both ways */
	STATE_CALL,    /* a model is called: call.h */
	STATE_LAST,    /* the last bytes to the client are written; then it may read them */
};

/* One direction: read into the buffer, all of it written, then read again. */
struct pump {
	struct connection *connection;
	struct loop_handle read, write;
	struct loop_buffer *buffer; /* `down`: NULL until it is needed */
	size_t start, end;	    /* in the buffer: still to be written */
	size_t own;	/* of those the first that are the gateway's own, and do not count */
	uint64_t bytes; /* written */
	bool ended;	/* no more is read */
	bool shut;	/* and all that was read is written */
};

struct connection {
	struct gateway *gateway;
	struct connection *prev, *next;
	enum connection_state state;
	int client, server;   /* -1: none */
	struct caller caller; /* agent 0: a stranger */
	struct loop_handle timer, connect;
	uint64_t deadline, armed; /* of the state; what the timer is set to, or 0: milliseconds */
	uint64_t decide_by;
	struct pump up, down;

	/* The request. */
	size_t scanned; /* bytes of the head that were looked at */
	size_t needed;	/* bytes before which the ClientHello is not whole */
	bool tunnel;
	bool tls;     /* in the tunnel only TLS to that name */
	bool literal; /* `host` is an address as it was asked for */
	char host[COMPILED_HOST];
	uint16_t port;
	struct http_body body;

	/* What was decided. */
	struct policies_entry *rules;
	struct lookup *lookup;
	enum egress_why why; /* with an audit-only agent: what else would be refused for */
	uint32_t rule;
	struct egress_address addresses[LIMIT_GATE_ADDRESSES];
	size_t address_count, address_at; /* the one that is tried, or pinned */
	bool reached;			  /* that address answered */
	bool opened;			  /* and agentosd was told, and is to be told of the end */
	size_t lingered;

	struct call *call; /* STATE_CALL */
	struct loop_handle
		hangup; /* from its first call on: the client sends no more, or is gone */
	bool half;	/* it sends no more */
};

/* --- connection.c: its life --- */

/* Takes the socket over. -ENOMEM, or the ring's error: nothing is left of it. */
int connection_open(struct gateway *g, int client, const struct caller *caller);
/* Tells what went through, when it was open. */
void connection_close(struct connection *c);
/* Lets go of the server: nothing is written to it any more, nor read from it. */
void connection_drop_server(struct connection *c);
/* Closes so that both ends see it as broken. */
void connection_abort(struct connection *c);
/* The state has to be another by then. */
void connection_deadline(struct connection *c, unsigned int ms);
/* Likewise, unless that is later than it is now. */
void connection_hasten(struct connection *c, unsigned int ms);
void connection_tell(struct connection *c, enum gate_phase phase);
/* The audit-only agent's is let through, and the reason kept; true then. Else false, and not refused yet. */
bool connection_spare(struct connection *c, enum egress_why why);
uint64_t now_ms(void);

/* --- request.c: from the head to what is decided --- */

void request_read(struct connection *c);
/* Its rules are there. */
void request_decide(struct connection *c);

/* --- dial.c: from the name to a connection --- */

void dial_start(struct connection *c);
/* The address that is tried takes too long. */
void dial_next(struct connection *c);

/* --- tunnel.c: what comes first in a tunnel --- */

/* The server is there: answers the client. */
void tunnel_start(struct connection *c);
void tunnel_read_done(struct connection *c);
/* It did not come, or the server spoke first. */
void tunnel_no_hello(struct connection *c);

/* --- pipe.c: bytes both ways --- */

void pipe_prepare(struct connection *c);
/* What is in the buffers goes on its way. */
void pipe_start(struct connection *c);
/* It has a buffer, of that size if it had none; false: no memory, and the connection ends soon. */
bool pump_ready(struct pump *p, size_t size);
/* Reads on behind what is in the buffer. Closes the connection when that fails. */
void pump_read(struct pump *p);
void pump_write(struct pump *p);
/* Nothing comes from the client any more that matters: it reads what it was sent, and goes. */
void pipe_linger(struct connection *c);

/* --- answer.c: refusals --- */

/* Tells agentosd and the client, and ends the connection. */
void answer_refuse(struct connection *c, enum egress_why why);
void answer_fault(struct connection *c, const struct http_fault *fault);
/* For a client that there is no room for; sent at once or not at all. */
void answer_turn_away(int client);

/* --- front.c: the listeners --- */

/* Takes the GATE_LISTENERS of them over. */
void front_open(struct gateway *g, const int *listeners);
void front_close(struct gateway *g);
/* There may be room again. */
void front_resume(struct gateway *g);
/* May a connection be kept for another request? Not while agentosd takes nothing. */
bool front_may_keep(const struct gateway *g);

/* One line on standard error. Nothing that an agent wrote is in it. */
void gateway_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
