/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The protocol between agentosd and the gateway, which it trusts no more than an agent. */
#ifndef AGENTOS_RPC_GATE_H
#define AGENTOS_RPC_GATE_H

#include <stddef.h>
#include <stdint.h>

#include "policy/compiled.h"

/*
 * A SOCK_SEQPACKET pair, which the gateway gets as descriptor GATE_FD; one message
 * is one packet of a fixed size. The daemon begins with START and the descriptors
 * listener and device. The gateway answers READY once it serves. It asks
 * for a policy's rules once and keeps them: a policy never changes under its
 * number. It tells of each connection; the daemon checks every field, and that the
 * agent lives or has just ended, and writes it to the log. What is out of bounds
 * ends the gateway.
 */
#define GATE_FD	     3
#define GATE_VERSION 1
#define GATE_RULES   64 /* in one message */

enum gate_type {
	GATE_START = 1,	    /* daemon: struct gate_start, two descriptors */
	GATE_RULES_ARE = 2, /* daemon: struct gate_rules, as often as needed; the answer to ASK */

	GATE_READY = 64, /* gateway: struct gate_request */
	GATE_ASK = 65,	 /* gateway: struct gate_request with policy */
	GATE_TELL = 66,	 /* gateway: struct gate_tell */
};

struct gate_header {
	uint32_t size; /* of the message; equals the packet's length */
	uint16_t version;
	uint16_t type;
};

struct gate_start {
	struct gate_header header;
	uint16_t port; /* that it listens on, 127.0.0.1 */
	uint16_t pad[3];
};

struct gate_request {
	struct gate_header header;
	uint32_t policy; /* ASK; else 0 */
	uint32_t pad;
};

/* Rules first..first+count-1 of total; a policy that is not known, or has none: total 0. */
struct gate_rules {
	struct gate_header header;
	uint32_t policy;
	uint32_t total, first, count;
	struct compiled_egress rules[GATE_RULES]; /* those behind count are zero */
};

enum gate_phase {
	GATE_REFUSED = 1, /* nothing was connected, or it was cut before a byte of it went out */
	GATE_OPENED = 2,
	GATE_CLOSED = 3, /* with what went through */
};

/* A connection that an agent asked for. */
struct gate_tell {
	struct gate_header header;
	uint64_t agent;		       /* as the kernel told; 0: none, and then policy is 0 */
	uint64_t bytes_up, bytes_down; /* CLOSED; else 0 */
	uint32_t policy;
	uint32_t rule;	/* number, or AGENTOS_RULE_NONE */
	uint16_t phase; /* enum gate_phase */
	uint16_t why;	/* enum egress_why of policy/egress.h */
	uint16_t port;
	uint16_t family;    /* of addr: AF_INET, AF_INET6; 0: none was reached */
	uint8_t addr[16];   /* that it was pinned to */
	uint8_t tunnel;	    /* 1: CONNECT; 0: a plain request */
	uint8_t audit_only; /* 1: it was let through although it is refused */
	uint8_t pad[6];
	char host[COMPILED_HOST]; /* as egress_host() has it, NUL-padded; empty: not told */
};

_Static_assert(sizeof(struct gate_start) == 16, "no holes");
_Static_assert(sizeof(struct gate_request) == 16, "no holes");
_Static_assert(sizeof(struct gate_rules) == 24 + GATE_RULES * sizeof(struct compiled_egress),
	       "no holes");
_Static_assert(sizeof(struct gate_tell) == 72 + COMPILED_HOST, "no holes");

union gate_message {
	struct gate_header header;
	struct gate_start start;
	struct gate_request request;
	struct gate_rules rules;
	struct gate_tell tell;
};

enum gate_side { GATE_FROM_DAEMON, GATE_FROM_GATEWAY };

/*
 * Is this packet a message that `from` may send, every field in bounds, with as
 * many descriptors as it takes? 0 or -EBADMSG. Never reads past len.
 */
int gate_check(const void *packet, size_t len, size_t fd_count, enum gate_side from);

#endif
