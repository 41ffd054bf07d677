// SPDX-License-Identifier: GPL-2.0-or-later
/* The listeners: who calls, whether there is room, and when none is taken. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "gateway/state.h"

#define PAUSE_MS 100

/*
 * What a connection may tell before it is looked at again: a call, and then, on the same
 * connection, that a tunnel was opened and closed.
 */
#define TELLS 3

static bool front_fits(const struct gateway *g, size_t live)
{
	return wire_waiting(g->wire) + TELLS * live <= LIMIT_GATE_TELLS;
}

/* One more may be told of, if there is room for that, too. */
static bool front_has_room(const struct gateway *g)
{
	return front_fits(g, g->live + 1);
}

bool front_may_keep(const struct gateway *g)
{
	return front_fits(g, g->live);
}

static size_t front_count(const struct gateway *g, uint64_t agent)
{
	const struct connection *c;
	size_t count = 0;

	for (c = g->connections; c; c = c->next)
		count += c->caller.agent == agent;
	return count;
}

static void front_turn_away(struct gateway *g, int client, const struct caller *caller)
{
	struct gate_tell t = { .agent = caller->agent,
			       .policy = caller->policy,
			       .rule = AGENTOS_RULE_NONE,
			       .phase = GATE_REFUSED,
			       .why = EGRESS_WHY_BUSY };

	wire_tell(g->wire, &t);
	answer_turn_away(client);
}

static void front_take(struct gateway *g, int client)
{
	struct caller caller;
	int err;

	memset(&caller, 0, sizeof(caller));
	err = g->options.caller(g->device, client, &caller);
	/* Reset before anybody looked: it asked for nothing, and there is nobody to answer. */
	if (err == -ENOTCONN) {
		close(client);
		return;
	}
	/* Whoever cannot be told for sure is a stranger, and so is an agent without a policy. */
	if (err || !caller.agent || !caller.policy)
		memset(&caller, 0, sizeof(caller));
	if (g->live >= LIMIT_GATE_CONNECTIONS || front_count(g, caller.agent) >= LIMIT_GATE_AGENT)
		front_turn_away(g, client, &caller);
	else if (connection_open(g, client, &caller))
		gateway_say("no memory for a connection");
}

static void front_pause(struct gateway *g)
{
	size_t i;

	for (i = 0; i < GATE_LISTENERS; i++)
		loop_cancel(&g->doors[i].accept);
	if (!g->pause.op && loop_timer(g->loop, &g->pause, PAUSE_MS))
		loop_stop(g->loop);
}

/* Something ran out, and comes back: those who wait are taken later. */
static bool front_is_short(int err)
{
	return err == -EMFILE || err == -ENFILE || err == -ENOMEM || err == -ENOBUFS;
}

static void front_accepted(int result, void *cookie)
{
	const struct door *d = cookie;
	struct gateway *g = d->gateway;

	if (result >= 0) {
		front_take(g, result);
	} else if (!front_is_short(result)) {
		gateway_say("cannot accept connections: %s", strerror(-result));
		g->error = result;
		loop_stop(g->loop);
		return;
	}
	if (result < 0 || !front_has_room(g))
		front_pause(g);
}

static void front_paused(int result, void *cookie)
{
	front_resume(cookie);
}

void front_resume(struct gateway *g)
{
	size_t i;

	/* While it pauses the timer decides: descriptors come back in no event of ours. */
	for (i = 0; i < GATE_LISTENERS && !g->pause.op; i++) {
		struct door *d = &g->doors[i];

		if (!d->gateway || d->accept.op)
			continue;
		if (!front_has_room(g) || loop_accept(g->loop, &d->accept, d->listener))
			front_pause(g);
	}
}

void front_open(struct gateway *g, const int *listeners)
{
	size_t i;

	for (i = 0; i < GATE_LISTENERS; i++) {
		struct door *d = &g->doors[i];

		*d = (struct door){ .gateway = g, .listener = listeners[i] };
		d->accept = (struct loop_handle){ .done = front_accepted, .cookie = d };
	}
	g->pause = (struct loop_handle){ .done = front_paused, .cookie = g };
	front_resume(g);
}

void front_close(struct gateway *g)
{
	size_t i;

	loop_cancel(&g->pause);
	for (i = 0; i < GATE_LISTENERS; i++) {
		struct door *d = &g->doors[i];

		if (!d->gateway)
			continue;
		loop_cancel(&d->accept);
		close(d->listener);
		d->gateway = NULL;
	}
}
