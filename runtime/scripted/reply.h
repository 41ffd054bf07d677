/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An answer of the scripted model, in a client's wire: the bytes, and how they are sent. Pure. */
#ifndef AGENTOS_SCRIPTED_REPLY_H
#define AGENTOS_SCRIPTED_REPLY_H

#include "base/limits.h"
#include "base/text.h"
#include "llm/wire.h"
#include "scripted/script.h"

/* Zero before use. */
struct script_reply {
	int status;
	bool stream;	      /* server-sent events; else one piece of JSON */
	bool retry_given;     /* there is a Retry-After */
	uint64_t retry_after; /* seconds */
	struct text body;
	size_t *ends; /* of a stream: where each of its events ends in the body */
	size_t count; /* of them */
	uint64_t delay_ms, stream_ms;
	bool cut;      /* the connection ends behind the bytes or events that are sent */
	size_t sent;   /* bytes of the body that are sent; all, unless it is cut */
	size_t events; /* likewise */
};

/*
 * What a rule says to a request. The same rule and the same request make the same bytes: what
 * other providers draw by lot is counted (the id of an answer from the turns before it).
 * 0; -ENOMEM, also where it is longer than LIMIT_SCRIPT_TEXT or LIMIT_SCRIPT_REPLY; or as the
 * wire's encoder, with *ret_fault. Nothing is left then.
 */
int script_reply_make(const struct script_rule *rule, const struct script_view *view,
		      const struct wire *wire, struct script_reply *ret_reply,
		      struct wire_fault *ret_fault);
/* An error. -ENOMEM */
int script_reply_error(const struct call_error *error, const struct wire *wire,
		       struct script_reply *ret_reply);
/* Which models there are: as many as somebody names, so one stands for them. -ENOMEM */
int script_reply_models(enum wire_kind wire, struct script_reply *ret_reply);
void script_reply_release(struct script_reply *r);

#endif
