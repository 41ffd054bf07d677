// SPDX-License-Identifier: GPL-2.0-or-later
/* What the gateway asks and tells: checked as if an agent had sent it, which may well be. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "daemon/egress.h"
#include "daemon/gateway_state.h"
#include "daemon/keys.h"
#include "daemon/say.h"
#include "kern/device.h"
#include "policy/egress.h"
#include "rpc/call_why.h"
#include "rpc/gate.h"

/* The longest that it sends. */
union from_gateway {
	struct gate_request request;
	struct gate_tell tell;
	struct gate_agent agent;
	struct gate_key_of key_of;
	struct gate_called called;
};

int gate_listen(struct gateway *g)
{
	return loop_receive(g->daemon->loop, &g->receive, g->gate, sizeof(union from_gateway), 0);
}

/* One at a time: nothing is taken before it is sent. */
static void gate_send(struct gateway *g, const void *message, size_t len, int pass)
{
	struct loop_outgoing out = { .data = message, .len = len, .pass = pass };

	if (loop_send(g->daemon->loop, &g->send, g->gate, &out))
		gateway_breach(g, "it cannot be answered");
}

/* The next of the rules that it asked for. */
static void gate_answer(struct gateway *g)
{
	struct gate_rules m = { .header = { sizeof(m), GATE_VERSION, GATE_RULES_ARE },
				.policy = g->answering,
				.first = g->answer_next };
	const struct compiled_egress *rules;

	rules = egress_find(g->daemon->egress, g->answering, &m.total);
	/* The policy has gone in between: what is left of the answer is an end. */
	if (m.first > m.total)
		m.first = m.total = 0;
	m.count = m.total - m.first < GATE_RULES ? m.total - m.first : GATE_RULES;
	if (m.total && !m.count)
		m.first = m.total = 0;
	if (m.count)
		memcpy(m.rules, rules + m.first, m.count * sizeof(*rules));
	g->answer_next = m.first + m.count;
	if (g->answer_next == m.total)
		g->answering = 0;
	gate_send(g, &m, sizeof(m), -1);
}

/* Its ancestors, the nearest first: what they have a token for, it has. */
static void agent_line(const struct daemon *d, uint64_t parent, uint64_t above[AGENTOS_DEPTH_MAX])
{
	struct agentos_info info;
	size_t i;
	int fd, err;

	for (i = 0; parent && i < AGENTOS_DEPTH_MAX; i++) {
		above[i] = parent;
		fd = agentos_dev_agent(d->dev, parent, AGENTOS_ACCESS_INSPECT);
		if (fd < 0)
			return;
		err = agentos_agent_info(fd, &info);
		close(fd);
		if (err)
			return;
		parent = info.ret_parent;
	}
}

/* By this it counts what the agent's calls cost, and can do nothing else to it. */
static void gate_agent(struct gateway *g, const struct gate_agent *asked)
{
	const struct daemon *d = g->daemon;
	struct gate_agent m = { .header = { sizeof(m), GATE_VERSION, GATE_AGENT_IS },
				.agent = asked->agent };
	struct agentos_info info;
	int fd;

	fd = agentos_dev_agent(d->dev, asked->agent,
			       AGENTOS_ACCESS_INSPECT | AGENTOS_ACCESS_CHARGE);
	if (fd >= 0 && agentos_agent_info(fd, &info)) {
		close(fd);
		fd = -1;
	}
	m.known = fd >= 0;
	if (m.known)
		agent_line(d, info.ret_parent, m.above);
	gate_send(g, &m, sizeof(m), fd < 0 ? -1 : fd);
}

static void gate_key(struct gateway *g, const struct gate_key_of *asked)
{
	struct gate_key m = { .header = { sizeof(m), GATE_VERSION, GATE_KEY_IS },
			      .number = asked->number };

	keys_lease(asked, &m);
	gate_send(g, &m, sizeof(m), -1);
	explicit_bzero(&m, sizeof(m));
}

void gate_sent(int result, void *cookie)
{
	struct gateway *g = cookie;

	if (result < 0)
		gateway_breach(g, "it takes no answer");
	else if (g->answering)
		gate_answer(g);
	else if (gate_listen(g))
		gateway_breach(g, "it cannot be listened to");
}

/*
 * Is it of an agent that lives, under a policy that it has, or one with such rules that
 * there is or was: a connection may outlive a change. Or of one that has ended: what is
 * told late is kept whoever has forgotten its name by then, under the id alone.
 */
static bool told_is_of_agent(const struct daemon *d, uint64_t id, uint32_t policy, bool ended)
{
	struct agentos_info info;
	uint32_t count;
	int agent, err;

	if (!id)
		return true;
	agent = agentos_dev_agent(d->dev, id, AGENTOS_ACCESS_INSPECT);
	if (agent < 0)
		return drain_hears_of(d->drain, id);
	err = agentos_agent_info(agent, &info);
	close(agent);
	return !err && (ended || info.ret_policy == policy ||
			egress_find(d->egress, policy, &count) || egress_had(d->egress, policy));
}

static bool tell_is_of_agent(const struct daemon *d, const struct gate_tell *m)
{
	return told_is_of_agent(d, m->agent, m->policy, m->phase == GATE_CLOSED);
}

static bool called_is_of_agent(const struct daemon *d, const struct gate_called *m)
{
	return told_is_of_agent(d, m->agent, m->policy, m->why == CALL_WHY_NONE);
}

/* A refusal for what the policy says, or for what else came in between? */
static bool why_is_policy(unsigned int why)
{
	switch (why) {
	case EGRESS_WHY_NO_RULE:
	case EGRESS_WHY_PROVIDER:
	case EGRESS_WHY_LITERAL:
	case EGRESS_WHY_PRIVATE:
	case EGRESS_WHY_NOT_TLS:
	case EGRESS_WHY_SERVER_NAME:
	case EGRESS_WHY_STRANGER:
	case EGRESS_WHY_DENIED:
	case EGRESS_WHY_KILLED:
		return true;
	}
	return false;
}

static enum egress_outcome outcome_of(const struct gate_tell *m)
{
	switch (m->phase) {
	case GATE_CLOSED:
		return EGRESS_CLOSED;
	case GATE_OPENED:
		return m->audit_only ? EGRESS_WOULD_DENY : EGRESS_ALLOWED;
	default:
		return why_is_policy(m->why) ? EGRESS_DENIED : EGRESS_FAILED;
	}
}

/*
 * Does his policy kill for that? The gateway has no say in who is killed: what it tells is decided
 * once more, by the rules that it was given.
 */
static bool egress_kills(const struct daemon *d, const struct gate_tell *m)
{
	const struct compiled_egress *rules;
	uint32_t count = 0, number;

	rules = egress_find(d->egress, m->policy, &count);
	return rules && egress_decide(rules, count, m->host, m->port, !!m->tunnel, &number) ==
				EGRESS_WHY_KILLED;
}

static void egress_kill(const struct daemon *d, const struct gate_tell *m)
{
	int agent = agentos_dev_agent(d->dev, m->agent, AGENTOS_ACCESS_CONTROL);
	int err = agent < 0 ? agent : agentos_agent_kill_as(agent, AGENTOS_KILL_POLICY, NULL);

	if (agent >= 0)
		close(agent);
	/* One that has ended by now needs no more. */
	if (err && err != -ESRCH && err != -ENOENT)
		say("agent %" PRIu64 " asked for what its policy kills for, and lives: %s",
		    m->agent, strerror(-err));
}

static void gate_told(struct gateway *g, const struct gate_tell *m)
{
	const bool kills = m->why == EGRESS_WHY_KILLED && egress_kills(g->daemon, m);
	struct record r = { .type = RECORD_EGRESS };

	r.u.egress.agent = m->agent;
	r.u.egress.bytes_up = m->bytes_up;
	r.u.egress.bytes_down = m->bytes_down;
	r.u.egress.policy = m->policy;
	r.u.egress.rule = m->rule;
	r.u.egress.outcome = outcome_of(m);
	/* Nobody is said to be killed who is not. */
	r.u.egress.why = m->why == EGRESS_WHY_KILLED && !kills ? EGRESS_WHY_DENIED : m->why;
	r.u.egress.port = m->port;
	r.u.egress.family = m->family;
	memcpy(r.u.egress.addr, m->addr, sizeof(r.u.egress.addr));
	r.u.egress.tunnel = m->tunnel;
	memcpy(r.u.egress.host, m->host, sizeof(r.u.egress.host));
	drain_egress(g->daemon->drain, &r);
	/* One that has ended counts nothing any more. */
	if (m->agent &&
	    (r.u.egress.outcome == EGRESS_DENIED || r.u.egress.outcome == EGRESS_WOULD_DENY))
		agentos_dev_denied(g->daemon->dev, m->agent);
	if (kills && m->phase == GATE_REFUSED)
		egress_kill(g->daemon, m);
}

static enum call_outcome call_outcome_of(const struct gate_called *m)
{
	if (m->audit_only)
		return CALL_WOULD_DENY;
	if (m->why == CALL_WHY_NONE)
		return CALL_ANSWERED;
	return call_why_is_policy(m->why) ? CALL_DENIED : CALL_FAILED;
}

static void call_record(const struct gate_called *m, struct record *r)
{
	r->u.call.agent = m->agent;
	r->u.call.other = m->other;
	r->u.call.input = m->input;
	r->u.call.output = m->output;
	r->u.call.cache_read = m->cache_read;
	r->u.call.cache_write = m->cache_write;
	r->u.call.reasoning = m->reasoning;
	r->u.call.microdollars = m->microdollars;
	r->u.call.duration_us = m->duration_us;
	r->u.call.first_us = m->first_us;
	r->u.call.own_us = m->own_us;
	r->u.call.queue_us = m->queue_us;
	r->u.call.upstream_us = m->upstream_us;
	r->u.call.upstream_first_us = m->upstream_first_us;
	r->u.call.attempts = m->attempts;
	r->u.call.operation = m->operation;
	r->u.call.policy = m->policy;
	r->u.call.rule = m->rule;
	r->u.call.outcome = call_outcome_of(m);
	r->u.call.why = m->why;
	r->u.call.status = m->status;
	r->u.call.wire = m->wire;
	r->u.call.upstream = m->upstream;
	r->u.call.streamed = (m->how & GATE_CALL_STREAMED) != 0;
	r->u.call.cached = (m->how & GATE_CALL_CACHED) != 0;
	memcpy(r->u.call.request, m->request, sizeof(r->u.call.request));
	memcpy(r->u.call.answer, m->answer, sizeof(r->u.call.answer));
	memcpy(r->u.call.provider, m->provider, sizeof(r->u.call.provider));
	memcpy(r->u.call.model, m->model, sizeof(r->u.call.model));
	memcpy(r->u.call.served, m->served, sizeof(r->u.call.served));
}

static void gate_called(struct gateway *g, const struct gate_called *m)
{
	struct record r = { .type = RECORD_CALL };

	call_record(m, &r);
	drain_call(g->daemon->drain, &r);
	if (m->agent && (m->audit_only || call_why_is_policy(m->why)))
		agentos_dev_denied(g->daemon->dev, m->agent);
}

void gate_received(int result, void *cookie)
{
	struct gateway *g = cookie;
	const struct loop_message *received = g->receive.message;
	union from_gateway m;
	uint16_t type;

	/* It ends, or is made to; how is seen by its process. */
	if (result <= 0 || !received) {
		/* Not 0, which would be ourselves and all that share our group. */
		if (g->pid > 0)
			kill(g->pid, SIGKILL);
		return;
	}
	if (received->truncated ||
	    gate_check(received->data, received->len, received->fd_count, GATE_FROM_GATEWAY)) {
		gateway_breach(g, "it sent what is no message");
		return;
	}
	memcpy(&m, received->data, received->len);
	type = m.request.header.type;
	switch (type) {
	case GATE_READY:
		if (!g->ready)
			say("the gateway serves at 127.0.0.1 port %u",
			    g->daemon->options.gateway_port);
		g->ready = true;
		break;
	case GATE_ASK:
		g->answering = m.request.policy;
		g->answer_next = 0;
		gate_answer(g);
		return;
	case GATE_TELL:
		if (!tell_is_of_agent(g->daemon, &m.tell)) {
			gateway_breach(g, "it told of an agent, or a policy, that there is not");
			return;
		}
		gate_told(g, &m.tell);
		break;
	case GATE_AGENT:
		gate_agent(g, &m.agent);
		return;
	case GATE_KEY_OF:
		gate_key(g, &m.key_of);
		return;
	case GATE_CALLED:
		if (!called_is_of_agent(g->daemon, &m.called)) {
			gateway_breach(g, "it told of an agent, or a policy, that there is not");
			return;
		}
		gate_called(g, &m.called);
		break;
	}
	if (gate_listen(g))
		gateway_breach(g, "it cannot be listened to");
}
