// SPDX-License-Identifier: GPL-2.0-or-later
/* What the gateway asks and tells: checked as if an agent had sent it, which may well be. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "daemon/egress.h"
#include "daemon/gateway_state.h"
#include "daemon/say.h"
#include "kern/device.h"
#include "policy/egress.h"
#include "rpc/gate.h"

int gate_listen(struct gateway *g)
{
	/* The longest that it sends. */
	return loop_receive(g->daemon->loop, &g->receive, g->gate, sizeof(struct gate_tell), 0);
}

/* The next of the rules that it asked for. */
static void gate_answer(struct gateway *g)
{
	struct gate_rules m = { .header = { sizeof(m), GATE_VERSION, GATE_RULES_ARE },
				.policy = g->answering,
				.first = g->answer_next };
	struct loop_outgoing out = { .data = &m, .len = sizeof(m), .pass = -1 };
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
	if (loop_send(g->daemon->loop, &g->send, g->gate, &out))
		gateway_breach(g, "it cannot be answered");
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
 * Is it of an agent, live or just ended, under a policy that it has, or one with
 * such rules that there is or was: a connection may outlive a change.
 */
static bool tell_is_of_agent(const struct daemon *d, const struct gate_tell *m)
{
	struct agentos_info info;
	uint32_t count;
	int agent, err;

	if (!m->agent)
		return true;
	agent = agentos_dev_agent(d->dev, m->agent, AGENTOS_ACCESS_INSPECT);
	if (agent < 0)
		return names_find(d->names, m->agent)[0] != '\0';
	err = agentos_agent_info(agent, &info);
	close(agent);
	return !err &&
	       (m->phase == GATE_CLOSED || info.ret_policy == m->policy ||
		egress_find(d->egress, m->policy, &count) || egress_had(d->egress, m->policy));
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

static void gate_told(struct gateway *g, const struct gate_tell *m)
{
	struct record r = { .type = RECORD_EGRESS };

	r.u.egress.agent = m->agent;
	r.u.egress.bytes_up = m->bytes_up;
	r.u.egress.bytes_down = m->bytes_down;
	r.u.egress.policy = m->policy;
	r.u.egress.rule = m->rule;
	r.u.egress.outcome = outcome_of(m);
	r.u.egress.why = m->why;
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
}

void gate_received(int result, void *cookie)
{
	struct gateway *g = cookie;
	const struct loop_message *received = g->receive.message;
	union gate_message m;

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
	switch (m.header.type) {
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
	}
	if (gate_listen(g))
		gateway_breach(g, "it cannot be listened to");
}
