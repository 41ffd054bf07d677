/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The gateway's end of its socket to agentosd: what comes is checked, what goes is never lost. */
#ifndef AGENTOS_GATEWAY_WIRE_H
#define AGENTOS_GATEWAY_WIRE_H

#include "loop/loop.h"
#include "rpc/gate.h"

struct wire;

struct wire_events {
	/* Once. The descriptors, GATE_LISTENERS and the device, are the callback's. */
	void (*start)(const struct gate_start *start, const int *listeners, int device,
		      void *cookie);
	void (*agent)(const struct gate_agent *agent, int fd, void *cookie); /* likewise; or -1 */
	void (*key)(const struct gate_key *key, void *cookie);
	void (*keys_gone)(void *cookie);
	void (*rules)(const struct gate_rules *rules, void *cookie);
	void (*room)(void *cookie); /* agentosd has taken some of what waited */
	/* The end, once: 0 agentosd is gone, -EBADMSG it sends nonsense, or another error. */
	void (*ended)(int err, void *cookie);
	void *cookie;
};

/* Takes the descriptor over, also when it fails. The events may come from loop_run() alone. */
int wire_open(struct loop *l, int fd, const struct wire_events *events, struct wire **ret_wire);
/* Sends what waits as far as that goes at once. NULL is allowed. */
void wire_close(struct wire *w);

/*
 * Messages go at once or wait for agentosd, in order. There is room for
 * LIMIT_GATE_TELLS of tells and calls, and for what is asked beside: whoever may tell something
 * later takes care that wire_waiting() and all that stay below.
 */
void wire_ready(struct wire *w);
void wire_ask(struct wire *w, uint32_t policy);
void wire_ask_agent(struct wire *w, uint64_t agent);
/* All but the header is set. */
void wire_ask_key(struct wire *w, const struct gate_key_of *of);
void wire_tell(struct wire *w, const struct gate_tell *tell);
void wire_called(struct wire *w, const struct gate_called *called);
size_t wire_waiting(const struct wire *w);

#endif
