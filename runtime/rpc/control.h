/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The protocol between agentctl and agentosd: fixed-size messages, and the checks of every field. */
#ifndef AGENTOS_RPC_CONTROL_H
#define AGENTOS_RPC_CONTROL_H

#include <stddef.h>
#include <stdint.h>

#include "agentos.h"
#include "agentos_event.h"
#include "base/fault.h"
#include "base/limits.h"
#include "policy/compiled.h"
#include "rpc/token.h"

/*
 * A SOCK_SEQPACKET connection; one message is one packet. The client asks, the
 * daemon answers each request with its reply or CONTROL_ERROR, and reads the
 * next request after that. HELLO comes first. SELFTEST is answered by a
 * CONTROL_HOOK per hook, then CONTROL_SELFTEST_REPLY. An error with cookie 0
 * comes unasked, before the daemon hangs up.
 *
 * To run an agent: POLICY_BEGIN, POLICY_RULES, POLICY_NET and POLICY_EGRESS until all
 * rules have come, perhaps SOURCE, RUN.
 * To put one that runs under another policy: the same, and APPLY at the end.
 * What was sent is forgotten after these, after any error, and at disconnect.
 */
#define CONTROL_VERSION	  7
#define CONTROL_TEXT	  1024
#define CONTROL_HOOKS_MAX 64
#define CONTROL_WHAT	  96
#define CONTROL_PATH	  128
#define CONTROL_FILE	  4096 /* a path of any length */
#define CONTROL_KEY	  192  /* a public key, NAME+ID+BASE64 */

enum control_type {
	CONTROL_HELLO = 1,	  /* struct control_request */
	CONTROL_POLICY_BEGIN = 2, /* struct control_policy_begin */
	CONTROL_POLICY_RULES = 3, /* struct control_policy_rules, `count` descriptors */
	CONTROL_RUN = 4,	  /* struct control_run */
	CONTROL_STATUS = 5,	  /* struct control_request */
	CONTROL_SELFTEST = 6,	  /* struct control_request */
	CONTROL_END = 7,	  /* struct control_request; root only, -EBUSY while agents live */
	CONTROL_COUNT = 8,	  /* struct control_request; a limit of network bytes was set */
	CONTROL_APPLY = 9,	  /* struct control_apply; its owner and root only */
	CONTROL_POLICY_NET = 10,  /* struct control_policy_net */
	CONTROL_SOURCE = 11,	  /* struct control_source */
	CONTROL_POLICY_EGRESS = 12, /* struct control_policy_egress */
	CONTROL_ROTATE = 13, /* struct control_request; root only: the log's key is changed */

	CONTROL_DONE = 128,	      /* struct control_request: POLICY_*, SOURCE, END, COUNT */
	CONTROL_HELLO_REPLY = 129,    /* struct control_hello_reply */
	CONTROL_RUN_REPLY = 130,      /* struct control_run_reply, one descriptor */
	CONTROL_STATUS_REPLY = 131,   /* struct control_status_reply */
	CONTROL_HOOK = 132,	      /* struct control_hook */
	CONTROL_SELFTEST_REPLY = 133, /* struct control_result */
	CONTROL_ERROR = 134,	      /* struct control_result */
	CONTROL_APPLY_REPLY = 135,    /* struct control_apply_reply */
	CONTROL_ROTATE_REPLY = 136,   /* struct control_rotate_reply */
};

struct control_header {
	uint32_t size;	  /* of the message; equals the packet's length */
	uint16_t version; /* CONTROL_VERSION */
	uint16_t type;
	uint64_t cookie; /* the client's; comes back in the reply */
};

struct control_request {
	struct control_header header;
};

#define CONTROL_RECORD_ALLOWED (1U << 0) /* allowed acts are recorded as well */
#define CONTROL_STRICT	       (1U << 1) /* and done only if they are: with the former */
struct control_policy_begin {
	struct control_header header;
	uint32_t flags;
	uint32_t rule_count;	/* 0..AGENTOS_POLICY_RULES_MAX */
	uint32_t address_count; /* 0..AGENTOS_NET_RULES_MAX */
	uint32_t egress_count;	/* 0..LIMIT_EGRESS_RULES */
	uint64_t kill, watch;	/* rights, as AGENTOS_IOC_POLICY_NEW has them */
};

/* size covers `count` rules and no more. */
struct control_policy_rules {
	struct control_header header;
	uint32_t count; /* 1..LIMIT_CONTROL_FDS */
	uint32_t pad;
	struct compiled_rule rules[LIMIT_CONTROL_FDS];
};

#define CONTROL_ADDRESSES 64
/* Likewise. */
struct control_policy_net {
	struct control_header header;
	uint32_t count; /* 1..CONTROL_ADDRESSES */
	uint32_t pad;
	struct compiled_address addresses[CONTROL_ADDRESSES];
};

#define CONTROL_EGRESS 64
/* Likewise. Each is what egress_valid() takes. */
struct control_policy_egress {
	struct control_header header;
	uint32_t count; /* 1..CONTROL_EGRESS */
	uint32_t pad;
	struct compiled_egress rules[CONTROL_EGRESS];
};

/*
 * Where the policy is from: data for the log, which the daemon does nothing with.
 * A text that is not known, or that has control characters in it, is empty.
 */
struct control_source {
	struct control_header header;
	uint64_t digest; /* policy_digest() */
	char name[64];	 /* the policy's own */
	char file[CONTROL_FILE];
	char workspace[CONTROL_FILE]; /* what ${WORKSPACE} stood for */
	char home[CONTROL_FILE];
};

#define CONTROL_AUDIT_ONLY (1U << 0) /* AGENTOS_CREATE_AUDIT_ONLY */
struct control_run {
	struct control_header header;
	uint64_t rights; /* never 0 */
	uint32_t flags;
	uint32_t pad;
	char name[AGENTOS_NAME_SIZE]; /* as AGENTOS_IOC_CREATE wants it */
	struct compiled_terms terms;  /* all within the bounds of base/limits.h */
};

/*
 * An agent, and those below it that follow the same policy, follow what was
 * sent. Its limits are those that were sent, and no others; of budgets and
 * schedule what was not sent stays.
 */
struct control_apply {
	struct control_header header;
	uint64_t agent;	 /* never 0 */
	uint64_t rights; /* never 0; what it has not got already it does not get */
	struct compiled_terms terms;
};

/* Whether agents may run: on, or why not. */
struct control_enforcement {
	uint32_t on;   /* 0 or 1 */
	int32_t error; /* 0 when on; else a negative errno */
	char text[CONTROL_TEXT];
};

struct control_hello_reply {
	struct control_header header;
	int32_t pid; /* the daemon's, as it sees itself */
	uint32_t pad;
	struct control_enforcement enforcement;
};

/* The descriptor that comes along has the accesses ATTACH, INSPECT, DERIVE and RECEIVE. */
struct control_run_reply {
	struct control_header header;
	uint64_t agent;
	uint32_t policy;
	uint16_t gateway; /* its port */
	uint16_t pad;
	char token[TOKEN_SIZE];	    /* what it shows the gateway; empty: its policy has no models */
	char denials[CONTROL_PATH]; /* where it can read them; empty: nowhere */
	char socket[CONTROL_PATH];  /* the gateway's Unix socket; empty: there is none */
};

struct control_apply_reply {
	struct control_header header;
	uint64_t rights; /* that the agent has now */
	uint32_t policy;
	uint32_t before; /* policy until now; 0: none */
	uint32_t agents; /* that follow the new one */
	uint32_t pad;
};

/* The new key signs, in any case. */
struct control_rotate_reply {
	struct control_header header;
	uint32_t unfinished; /* 1: the secret key before it may still be there; text says why */
	uint32_t pad;
	uint64_t covered; /* records that both have signed for */
	char before[CONTROL_KEY], after[CONTROL_KEY];
	char text[CONTROL_TEXT];
};

struct control_stream {
	uint64_t recorded; /* records of this enforcement written to the log */
	uint64_t lost;	   /* records that nobody will see; each is accounted for in the log */
};

enum control_stream_number { CONTROL_DENIALS, CONTROL_ALLOWED, CONTROL_LIFECYCLE, CONTROL_STREAMS };

struct control_hook_state {
	int32_t result; /* of the self-test: 0 proved, -ENOSYS not on this kernel,
				 * -EAGAIN not asked, else not proved */
	uint32_t pad;
	uint64_t denied; /* acts of agents that it refused */
};

enum control_gateway {
	CONTROL_GATEWAY_UNUSED, /* no policy has rules on host names or models */
	CONTROL_GATEWAY_SERVES,
	CONTROL_GATEWAY_DOWN, /* it is being started, again and again if need be */
	CONTROL_GATEWAYS
};

struct control_status_reply {
	struct control_header header;
	struct control_enforcement enforcement;
	struct control_stream streams[CONTROL_STREAMS];
	uint64_t next_seq;   /* of the log */
	uint64_t agents;     /* live */
	uint64_t unrecorded; /* acts of strict agents refused, as they could not be recorded */
	uint64_t covered;    /* records of the log that its last checkpoint is about */
	int32_t audit_error; /* 0, or why the log cannot be written */
	int32_t sign_error;  /* 0, or why the last checkpoint could not be */
	uint32_t clients;
	uint32_t hook_count; /* 0..CONTROL_HOOKS_MAX; the rest of hooks is zero */
	uint32_t gateway;    /* enum control_gateway */
	uint32_t pad;
	struct control_hook_state hooks[CONTROL_HOOKS_MAX];
};

struct control_hook {
	struct control_header header;
	uint32_t hook;		 /* enum agentos_hook */
	int32_t result;		 /* as in control_hook_state */
	char what[CONTROL_WHAT]; /* what was tried */
};

struct control_result {
	struct control_header header;
	int32_t error; /* a negative errno; SELFTEST_REPLY: or 0 */
	uint32_t pad;
	char text[CONTROL_TEXT];
};

/* Large enough and aligned for any message. */
union control_message {
	struct control_header header;
	struct control_request request;
	struct control_policy_begin policy_begin;
	struct control_policy_rules policy_rules;
	struct control_policy_net policy_net;
	struct control_policy_egress policy_egress;
	struct control_source source;
	struct control_run run;
	struct control_apply apply;
	struct control_hello_reply hello_reply;
	struct control_run_reply run_reply;
	struct control_apply_reply apply_reply;
	struct control_rotate_reply rotate_reply;
	struct control_status_reply status_reply;
	struct control_hook hook;
	struct control_result result;
};

_Static_assert(sizeof(union control_message) <= LIMIT_CONTROL_MESSAGE, "a message fits");
_Static_assert(sizeof(struct control_header) == 16, "no holes");
_Static_assert(sizeof(struct control_policy_rules) ==
		       24 + LIMIT_CONTROL_FDS * sizeof(struct compiled_rule),
	       "no holes");
_Static_assert(sizeof(struct control_policy_net) ==
		       24 + CONTROL_ADDRESSES * sizeof(struct compiled_address),
	       "no holes");
_Static_assert(sizeof(struct control_source) == 24 + 64 + 3 * CONTROL_FILE, "no holes");
_Static_assert(sizeof(struct control_run) == 32 + AGENTOS_NAME_SIZE + sizeof(struct compiled_terms),
	       "no holes");
_Static_assert(sizeof(struct control_apply) == 32 + sizeof(struct compiled_terms), "no holes");
_Static_assert(sizeof(struct control_apply_reply) == 40, "no holes");
_Static_assert(sizeof(struct control_rotate_reply) == 32 + 2 * CONTROL_KEY + CONTROL_TEXT,
	       "no holes");
_Static_assert(sizeof(struct control_enforcement) == 8 + CONTROL_TEXT, "no holes");
_Static_assert(sizeof(struct control_status_reply) ==
		       16 + 8 + CONTROL_TEXT + 3 * 16 + 56 + CONTROL_HOOKS_MAX * 16,
	       "no holes");

enum control_side { CONTROL_FROM_CLIENT, CONTROL_FROM_DAEMON };

/*
 * Is this packet a message that `from` may send, every field within bounds,
 * every padding zero, every text terminated and free of control characters,
 * and are there as many descriptors as it says? Copies it to *ret_message (what
 * the packet leaves out is zero).
 * -EBADMSG  no
 * -EPROTO   it is of another version of the protocol
 */
int control_check(const void *bytes, size_t len, size_t fd_count, enum control_side from,
		  union control_message *ret_message);

/* Is this a name that an agent may have? */
int control_check_name(const char name[AGENTOS_NAME_SIZE]);

/* Sets the header; returns the message's size. */
size_t control_encode(struct control_header *header, enum control_type type, size_t size,
		      uint64_t cookie);
size_t control_encode_rules(struct control_policy_rules *m, const struct compiled_rule *rules,
			    uint32_t count, uint64_t cookie);
size_t control_encode_addresses(struct control_policy_net *m,
				const struct compiled_address *addresses, uint32_t count,
				uint64_t cookie);
size_t control_encode_egress(struct control_policy_egress *m, const struct compiled_egress *rules,
			     uint32_t count, uint64_t cookie);
/* Copies text, cut to fit, control characters replaced, the rest of out zero. */
void control_encode_text(char *out, size_t size, const char *text);

#endif
