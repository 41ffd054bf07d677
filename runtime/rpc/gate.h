/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The protocol between agentosd and the gateway, which it trusts no more than an agent. */
#ifndef AGENTOS_RPC_GATE_H
#define AGENTOS_RPC_GATE_H

#include <stddef.h>
#include <stdint.h>

#include "policy/compiled.h"

/*
 * A SOCK_SEQPACKET pair, which the gateway gets as descriptor GATE_FD; one message
 * is one packet of a fixed size. The daemon begins with START and the descriptors of
 * its listeners and the device. The gateway answers READY once it serves. It asks
 * for a policy's rules once and keeps them: a policy never changes under its
 * number. It asks for an agent once and keeps the descriptor that comes along, by
 * which it charges what the agent's calls cost. It asks for the key of a provider, which it
 * gets if the vault has bound that to the host, and forgets all when it is told to. It
 * tells of each connection and of each call; the daemon checks every field, and that the
 * agent lives or has lived, and writes it to the log. What is out of bounds
 * ends the gateway.
 */
#define GATE_FD	       3
#define GATE_VERSION   3
#define GATE_LISTENERS 2    /* over TCP; the Unix socket */
#define GATE_RULES     64   /* in one message */
#define GATE_TOKEN_KEY 32   /* bytes */
#define GATE_KEY_NAME  64   /* bytes of a key's name in the vault, its NUL included */
#define GATE_KEY       8192 /* bytes of a key */
#define GATE_PROVIDER  64   /* bytes of a provider's name, its NUL included */
#define GATE_MODEL     128  /* bytes of a model's, likewise */
#define GATE_DIGEST    32   /* bytes of a SHA-256 */

enum gate_type {
	GATE_START = 1, /* daemon: struct gate_start, GATE_LISTENERS descriptors and the device */
	GATE_RULES_ARE = 2, /* daemon: struct gate_rules, as often as needed; the answer to ASK */

	GATE_AGENT_IS = 3,  /* daemon: struct gate_agent; the answer to AGENT */
	GATE_KEY_IS = 4,    /* daemon: struct gate_key; the answer to KEY */
	GATE_KEYS_GONE = 5, /* daemon: struct gate_request; the keys that were given are old */

	GATE_READY = 64,  /* gateway: struct gate_request */
	GATE_ASK = 65,	  /* gateway: struct gate_request with policy */
	GATE_TELL = 66,	  /* gateway: struct gate_tell */
	GATE_AGENT = 67,  /* gateway: struct gate_agent */
	GATE_KEY_OF = 68, /* gateway: struct gate_key_of */
	GATE_CALLED = 69, /* gateway: struct gate_called */
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
	uint8_t token_key[GATE_TOKEN_KEY]; /* of rpc/token.h */
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
	uint8_t audit_only; /* 1: it was let through although it is refused, or as is watched */
	uint8_t pad[6];
	char host[COMPILED_HOST]; /* as egress_host() has it, NUL-padded; empty: not told */
};

/*
 * AGENT: which. AGENT_IS: a descriptor with INSPECT and CHARGE comes along if known is 1;
 * if it is 0 there is no such agent any more.
 */
struct gate_agent {
	struct gate_header header;
	uint64_t agent; /* never 0 */
	uint32_t known; /* AGENT: 0 */
	uint32_t pad;
	uint64_t above[AGENTOS_DEPTH_MAX]; /* its ancestors, the nearest first; the rest 0 */
};

/* Whose key: the provider's, for its host. */
struct gate_key_of {
	struct gate_header header;
	uint32_t number; /* the gateway's own: the answer has it again */
	uint16_t port;	 /* not 0 */
	uint16_t pad;
	char name[GATE_KEY_NAME]; /* NUL-padded, not empty: small letters, digits and "._-" */
	char host[COMPILED_HOST]; /* as egress_host() has it, or an address; NUL-padded */
};

struct gate_key {
	struct gate_header header;
	uint32_t number;
	int32_t error; /* 0; or -ENOENT no such key, -EPERM not bound to the host, -ENOKEY no vault
			  that can be opened: then len is 0 */
	uint32_t len;  /* of bytes; the rest is zero */
	uint32_t pad;
	uint8_t bytes[GATE_KEY];
};

/* A model call that has ended, or was refused. */
#define GATE_CALL_STREAMED 1
#define GATE_CALL_CACHED   2 /* from the gateway's cache: no provider was asked */

struct gate_called {
	struct gate_header header;
	uint64_t agent; /* as the kernel told; 0: none, and then policy is 0 */
	uint32_t policy;
	uint32_t rule;	/* number, or AGENTOS_RULE_NONE */
	uint64_t other; /* TOKEN_OTHERS: whose token it was; else 0 */
	uint64_t input, output, cache_read, cache_write, reasoning; /* tokens: llm/call.h */
	uint64_t microdollars;
	uint64_t duration_us, first_us; /* to the end, and to the first byte of the answer; or 0 */
	uint64_t own_us,
		queue_us;     /* of that: work of the gateway, waiting for turn and connection */
	uint64_t upstream_us; /* the provider, queue_us among it */
	uint64_t upstream_first_us; /* likewise, of the last attempt, until its first byte came */
	uint16_t why;		    /* enum call_why */
	uint16_t status;	    /* of HTTP, that the client was answered with; 0: it was not */
	uint8_t wire;	    /* enum wire_kind of llm/wire.h, of the client, + 1; 0: none known */
	uint8_t upstream;   /* likewise, of the provider */
	uint8_t how;	    /* GATE_CALL_... */
	uint8_t audit_only; /* 1: it was let through although it is refused */
	uint16_t attempts;  /* how often a provider was asked */
	uint8_t operation;  /* enum call_operation of audit/record.h */
	uint8_t pad[5];
	uint8_t request[GATE_DIGEST], answer[GATE_DIGEST]; /* of the bodies; zero: there was none */
	char provider[GATE_PROVIDER];			   /* NUL-padded; empty: it came to none */
	char model[GATE_MODEL];	 /* as it was asked for, printable, cut; NUL-padded */
	char served[GATE_MODEL]; /* likewise, its name at the provider; empty: it came to none */
};

_Static_assert(sizeof(struct gate_start) == 16 + GATE_TOKEN_KEY, "no holes");
_Static_assert(sizeof(struct gate_agent) == 24 + 8 * AGENTOS_DEPTH_MAX, "no holes");
_Static_assert(sizeof(struct gate_key_of) == 16 + GATE_KEY_NAME + COMPILED_HOST, "no holes");
_Static_assert(sizeof(struct gate_key) == 24 + GATE_KEY, "no holes");
_Static_assert(sizeof(struct gate_called) == 144 + 2 * GATE_DIGEST + GATE_PROVIDER + 2 * GATE_MODEL,
	       "no holes");
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
	struct gate_agent agent;
	struct gate_key_of key_of;
	struct gate_key key;
	struct gate_called called;
};

enum gate_side { GATE_FROM_DAEMON, GATE_FROM_GATEWAY };

/*
 * Is this packet a message that `from` may send, every field in bounds, with as
 * many descriptors as it takes? 0 or -EBADMSG. Never reads past len.
 */
int gate_check(const void *packet, size_t len, size_t fd_count, enum gate_side from);

#endif
