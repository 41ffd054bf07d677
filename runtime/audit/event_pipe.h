/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `bpftool -j map event_pipe` prints of the map of events, made into records. */
#ifndef AGENTOS_AUDIT_EVENT_PIPE_H
#define AGENTOS_AUDIT_EVENT_PIPE_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/record.h"
#include "base/fault.h"
#include "base/json.h"

/*
 * bpftool prints one array, which it closes when it is interrupted, of objects:
 *	{"type":9,"cpu":0,"index":0,"timestamp":N,"data":[128,2,...]}
 *	{"type":2,"cpu":0,"index":0,"lost":{"id":N,"count":N}}
 * data is the bytes of struct agentos_event and a few for alignment; versions
 * of bpftool have them as numbers or as texts ("0x80"): both are taken. Objects
 * of other types are passed over.
 */
struct event_pipe {
	struct json json;
	uint64_t booted_ns; /* CLOCK_REALTIME when CLOCK_BOOTTIME was 0 */
};

struct event_pipe_item {
	uint64_t lost; /* events that bpftool was too slow for; 0: it is a record */
	/* seq and boot are not known (0), nor is the agent's name. */
	struct record record;
};

/* Nothing to release. */
void event_pipe_init(struct event_pipe *p, int (*byte)(void *cookie), void *cookie,
		     uint64_t booted_ns);

/*
 * 1 and an item; 0 at the end.
 *
 * -EBADMSG  not what bpftool prints, or no event; f says where. Or bpftool failed, which
 *           it prints as {"error":"..."}, and f says why
 * -ENODATA  it ends within an event, or the array was not closed: bpftool was killed
 * -EPROTO   an event of a later version
 * -E2BIG    a text or a depth that no such output has
 */
int event_pipe_next(struct event_pipe *p, struct event_pipe_item *ret_item, struct fault *f);

#endif
