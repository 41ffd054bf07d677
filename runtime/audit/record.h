/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One audit record: what it holds, and its canonical bytes. */
#ifndef AGENTOS_AUDIT_RECORD_H
#define AGENTOS_AUDIT_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agentos.h"
#include "agentos_event.h"
#include "policy/compiled.h"

enum record_type {
	RECORD_EVENT = 1,     /* an act: u.event */
	RECORD_LIFECYCLE = 2, /* from the module: u.lifecycle */
	RECORD_LOSS = 3,      /* u.loss: records of a stream that nobody will ever see */
	RECORD_DAEMON =
		4, /* u.daemon: the daemon started, adopted, stopped, cut a torn tail, ... */
	RECORD_POLICY = 5, /* u.policy: where a policy is from, part by part: audit/origin.h */
	RECORD_EGRESS = 6, /* u.egress: what the gateway was asked for, and what came of it */
	RECORD_CALL = 7,   /* u.call: a model that the gateway called for an agent, or refused to */
	RECORD_COUNT
};

enum record_stream { STREAM_DENIALS = 0, STREAM_ALLOWED = 1, STREAM_LIFECYCLE = 2, STREAM_COUNT };

enum daemon_note {
	DAEMON_STARTED = 1,    /* first start of this enforcement */
	DAEMON_ADOPTED = 2,    /* took over from a daemon that was gone; number: agents adopted */
	DAEMON_STOPPED = 3,    /* enforcement goes on without it; number: agents left running */
	DAEMON_ENDED = 4,      /* enforcement was ended */
	DAEMON_TORN = 5,       /* recovery cut number bytes of a half-written record */
	DAEMON_UNWRITABLE = 6, /* number records could not be written; text: why */
	DAEMON_APPLIED = 7,    /* an agent was put under policy number; text: who asked for it */
	DAEMON_GATEWAY = 8,    /* the gateway, agent number, was ended; text: for what */
	DAEMON_CHANGED = 9,  /* of number records at the log's end the stored hash was another's */
	DAEMON_PRUNED = 10,  /* records up to number are removed; text: which, how old */
	DAEMON_ROTATED = 11, /* behind number records another key signs; text: which, for whom */
};

/* What came of what the gateway was asked for. */
enum egress_outcome {
	EGRESS_ALLOWED = 0,    /* a connection was opened */
	EGRESS_DENIED = 1,     /* refused, by the policy */
	EGRESS_WOULD_DENY = 2, /* opened though the policy is against it: the agent is audit-only */
	EGRESS_FAILED = 3,     /* no rule was against it, and it came to nothing */
	EGRESS_CLOSED = 4,     /* one that was opened has ended: bytes_up, bytes_down */
};

/* What came of a model call. */
enum call_outcome {
	CALL_ANSWERED = 0,
	CALL_DENIED = 1,     /* refused or cut short, by the policy or a budget */
	CALL_WOULD_DENY = 2, /* made though the policy is against it: the agent is audit-only */
	CALL_FAILED = 3,     /* nothing was against it, and it came to nothing */
	CALL_OUTCOMES
};

/* What a model was asked for. */
enum call_operation {
	CALL_OPERATION_NONE = 0, /* not told: records of before there was this */
	CALL_ANSWER = 1,
	CALL_EMBEDDINGS = 2,
	CALL_COUNT = 3, /* of a prompt's tokens */
	CALL_OPERATIONS
};

#define RECORD_PROVIDER 64  /* bytes of a provider's name, its NUL included */
#define RECORD_MODEL	128 /* of a model's, likewise */
#define RECORD_DIGEST	32  /* of a SHA-256 */

struct record {
	uint64_t seq;	  /* of the log, from 1, no gaps */
	uint64_t time_ns; /* CLOCK_REALTIME when the act happened (or was noted) */
	uint8_t boot[16]; /* boot id */
	uint16_t type;	  /* enum record_type */
	uint16_t stream;  /* enum record_stream, where it came from */
	char agent_name[AGENTOS_NAME_SIZE]; /* as known when written; may be empty */
	union {
		struct agentos_event event; /* text is NUL-terminated */
		struct agentos_lifecycle lifecycle;
		struct {
			uint64_t count; /* how many are missing */
			uint64_t first; /* kernel sequence range in which they fell, inclusive */
			uint64_t last;
		} loss;
		struct {
			uint32_t note; /* enum daemon_note */
			uint64_t number;
			char text[256];
		} daemon;
		struct {
			uint32_t policy;
			uint16_t part; /* of parts, from 0 */
			uint16_t parts;
			uint64_t agent;	 /* for which it was made, or which was put under it */
			uint64_t digest; /* of what it says: policy_digest() */
			uint32_t text_len;
			char text[AGENTOS_OBJECT_SIZE];
		} policy;
		struct {
			uint64_t agent;
			uint64_t bytes_up, bytes_down; /* what went from the agent, and to it */
			uint32_t policy;
			uint32_t rule;	  /* number that let it, or AGENTOS_RULE_NONE */
			uint16_t outcome; /* enum egress_outcome */
			uint16_t why;	  /* enum egress_why of policy/egress.h */
			uint16_t port;
			uint16_t family; /* of addr; 0: no address was chosen */
			uint8_t addr[16];
			uint8_t tunnel;		  /* CONNECT, not a plain request */
			char host[COMPILED_HOST]; /* as the agent wrote it, if it is one */
		} egress;
		struct {
			uint64_t agent;
			uint64_t other; /* whose token it came with, where it was another's; or 0 */
			/* Tokens; those from and into the cache are of input, reasoning of output. */
			uint64_t input, output, cache_read, cache_write, reasoning;
			uint64_t microdollars;
			uint64_t duration_us,
				first_us; /* to the answer's end and first byte; or 0 */
			uint32_t policy;
			uint32_t rule;	  /* number that let it, or AGENTOS_RULE_NONE */
			uint16_t outcome; /* enum call_outcome */
			uint16_t why;	  /* enum call_why of rpc/call_why.h */
			uint16_t status;  /* of HTTP, that the agent was answered with; or 0 */
			uint8_t wire; /* that the agent spoke, from 1: name_wire(); 0: none known */
			uint8_t upstream; /* likewise, that the provider did */
			uint8_t streamed;
			uint8_t cached; /* 0 or 1: no provider was asked */
			uint8_t request[RECORD_DIGEST], answer[RECORD_DIGEST]; /* zero: none */
			char provider[RECORD_PROVIDER]; /* empty: it came to none */
			char model[RECORD_MODEL];	/* as the agent wrote it, cut */
			/*
			 * What it took besides the model, all attempts together: the gateway's own
			 * work, and waiting for turn and connection at the provider; then the provider's
			 * time, with that, and from the last attempt's request to the first byte.
			 */
			uint64_t own_us, queue_us, upstream_us, upstream_first_us;
			uint16_t attempts;	   /* how often a provider was asked */
			uint8_t operation;	   /* enum call_operation */
			char served[RECORD_MODEL]; /* the model's name at the provider; or empty */
		} call;
	} u;
};

/*
 * Canonical bytes: fixed-width little-endian fields in the order of the format
 * comment in record.c, texts length-prefixed; framed as length, CRC-32C, body.
 * Returns the number of bytes written, or -E2BIG (does not fit size) or
 * -EINVAL (a type or stream that is none, a text that is not terminated or
 * longer than its room). Numbers that this version has no name for (a hook, a
 * reason, a note) are kept as they are.
 */
int record_encode(const struct record *r, uint8_t *buf, size_t size);

/*
 * Reads one framed record. Returns bytes consumed; 0 when more bytes are
 * needed; -EBADMSG when it cannot be one (length out of bounds, CRC, unknown
 * version or type, a text that overruns). Never reads past len.
 */
int record_decode(const uint8_t *buf, size_t len, struct record *ret_record);

/*
 * How many bytes the record that begins here claims to have, by its first 17
 * alone: 0 when there are not that many yet, -EBADMSG when it cannot be a
 * record. The claim is checked for consistency only; record_decode() proves it.
 */
int record_extent(const uint8_t *buf, size_t len);

/*
 * Of a CALL: "PROVIDER/MODEL", or "MODEL" where it came to no provider; bytes of an
 * agent's choice, a NUL behind them. Their number; 0: no model was told.
 */
#define RECORD_MODEL_NAME (RECORD_PROVIDER + RECORD_MODEL)
size_t record_model(const struct record *r, char ret_name[RECORD_MODEL_NAME]);
/* Likewise: did it take tokens, or money? */
bool record_was_spent(const struct record *r);

#endif
