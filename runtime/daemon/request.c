// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests of a control connection and their answers: all of a policy or nothing. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/origin.h"
#include "daemon/client_state.h"
#include "daemon/egress.h"
#include "daemon/gateway.h"
#include "daemon/terms.h"
#include "kern/cgroup.h"
#include "kern/device.h"

void upload_reset(struct client *c)
{
	struct upload *u = &c->upload;

	if (u->policy) {
		feeds_forget(c->daemon->feeds, u->policy);
		egress_drop(c->daemon->egress, u->policy);
		enforce_policy_drop(c->daemon->enforce, u->policy);
	}
	free(u->egress);
	free(u->source);
	*u = (struct upload){ 0 };
}

/* Sends; pass is closed in any case. The caller returns to the loop after it: c may be gone. */
static void client_send(struct client *c, const void *message, size_t size, int pass)
{
	struct loop_outgoing out = { .data = message, .len = size, .pass = pass };

	/* A peer that does not read is as silent as one that does not write. */
	if (loop_send(c->daemon->loop, &c->send, c->fd, &out) ||
	    (!c->idle.op && loop_timer(c->daemon->loop, &c->idle, LIMIT_CONTROL_IDLE_S * 1000)))
		client_close(c);
}

void client_error(struct client *c, int error, const char *text)
{
	struct control_result m = { .error = error };

	upload_reset(c);
	control_encode_text(m.text, sizeof(m.text), text);
	client_send(c, &m, control_encode(&m.header, CONTROL_ERROR, sizeof(m), c->cookie), -1);
}

static void client_done(struct client *c)
{
	struct control_request m = { 0 };

	client_send(c, &m, control_encode(&m.header, CONTROL_DONE, sizeof(m), c->cookie), -1);
}

static void client_enforcement(const struct daemon *d, struct control_enforcement *e)
{
	e->on = d->enforce && !d->proof.error;
	e->error = e->on ? 0 : d->proof.error ? d->proof.error : -EUNATCH;
	if (!e->on)
		control_encode_text(e->text, sizeof(e->text), d->proof.why.text);
}

static void client_hello(struct client *c)
{
	struct control_hello_reply m = { .pid = getpid() };

	c->greeted = true;
	client_enforcement(c->daemon, &m.enforcement);
	client_send(c, &m, control_encode(&m.header, CONTROL_HELLO_REPLY, sizeof(m), c->cookie),
		    -1);
}

static int client_may_run(const struct daemon *d, struct fault *f)
{
	if (d->enforce && !d->proof.error)
		return 0;
	return fault_set(f, EUNATCH, "enforcement is off: %s", d->proof.why.text);
}

static void client_begin(struct client *c, const struct control_policy_begin *m)
{
	struct upload *u = &c->upload;
	struct fault f = { "" };
	int err;

	if (u->begun) {
		client_error(c, -EBADMSG, "a policy was begun twice");
		return;
	}
	err = client_may_run(c->daemon, &f);
	if (!err)
		err = enforce_policy_begin(c->daemon->enforce, m->kill, m->watch, &u->policy, &f);
	if (err) {
		client_error(c, err, f.text);
		return;
	}
	u->begun = true;
	u->flags = m->flags;
	u->expected = m->rule_count;
	u->addresses_expected = m->address_count;
	u->egress_expected = m->egress_count;
	if (u->egress_expected) {
		u->egress = calloc(u->egress_expected, sizeof(*u->egress));
		if (!u->egress) {
			client_error(c, -ENOMEM, "out of memory");
			return;
		}
	}
	client_done(c);
}

static void client_rules(struct client *c, const struct control_policy_rules *m,
			 struct loop_message *received)
{
	struct upload *u = &c->upload;
	struct fault f = { "" };
	uint32_t i;
	int err = 0;

	if (!u->begun || m->count > u->expected - u->count) {
		client_error(c, -EBADMSG, "rules that no policy expects");
		return;
	}
	/* No longer than one message's are descriptors kept: the module holds the objects. */
	for (i = 0; i < m->count && !err; i++)
		err = enforce_policy_add(c->daemon->enforce, u->policy, &m->rules[i],
					 received->fds[i], &f);
	if (err) {
		client_error(c, err, f.text);
		return;
	}
	u->count += m->count;
	client_done(c);
}

static void client_addresses(struct client *c, const struct control_policy_net *m)
{
	struct upload *u = &c->upload;
	struct fault f = { "" };
	uint32_t i;
	int err = 0;

	if (!u->begun || m->count > u->addresses_expected - u->address_count) {
		client_error(c, -EBADMSG, "rules that no policy expects");
		return;
	}
	for (i = 0; i < m->count && !err; i++)
		err = enforce_policy_address(c->daemon->enforce, u->policy, &m->addresses[i], &f);
	if (err) {
		client_error(c, err, f.text);
		return;
	}
	u->address_count += m->count;
	client_done(c);
}

static void client_egress(struct client *c, const struct control_policy_egress *m)
{
	struct upload *u = &c->upload;

	if (!u->begun || m->count > u->egress_expected - u->egress_count) {
		client_error(c, -EBADMSG, "rules that no policy expects");
		return;
	}
	memcpy(u->egress + u->egress_count, m->rules, m->count * sizeof(*m->rules));
	u->egress_count += m->count;
	client_done(c);
}

static bool upload_has_models(const struct upload *u)
{
	size_t i;

	for (i = 0; i < u->egress_count; i++)
		if (u->egress[i].kind == EGRESS_MODEL)
			return true;
	return false;
}

/* Who reaches hosts by their names, or models, reaches the gateway, which is there by then. */
static int upload_complete(struct client *c, bool limited, struct fault *f)
{
	struct daemon *d = c->daemon;
	struct upload *u = &c->upload;
	int err = 0;

	if (u->egress_count) {
		err = gateway_need(d, f);
		if (!err)
			err = enforce_policy_gateway(
				d->enforce, u->policy, d->options.gateway_port, f);
		if (!err)
			err = egress_put(d->egress, u->policy, u->egress, u->egress_count, f);
	}
	return err ? err : enforce_policy_complete(d->enforce, u->policy, limited, f);
}

static void client_source(struct client *c, const struct control_source *m)
{
	struct upload *u = &c->upload;

	if (!u->begun || u->source) {
		client_error(c, -EBADMSG, "a source that no policy expects");
		return;
	}
	u->source = malloc(sizeof(*m));
	if (!u->source) {
		client_error(c, -ENOMEM, "out of memory");
		return;
	}
	*u->source = *m;
	client_done(c);
}

/* The log learns of it before the agent can be refused anything under it. */
static void upload_note(struct client *c, uint32_t policy, const struct agentos_info *agent)
{
	const struct control_source *source = c->upload.source;
	struct origin *o = calloc(1, sizeof(*o));

	if (!o)
		return;
	if (!source)
		goto out;
	o->policy = policy;
	o->agent = agent->ret_id;
	o->digest = source->digest;
	memcpy(o->agent_name, agent->ret_name, sizeof(o->agent_name) - 1);
	memcpy(o->name, source->name, sizeof(o->name));
	memcpy(o->file, source->file, sizeof(o->file));
	memcpy(o->workspace, source->workspace, sizeof(o->workspace));
	memcpy(o->home, source->home, sizeof(o->home));
	drain_policy(c->daemon->drain, o);
out:
	free(o);
}

static bool upload_is_complete(const struct upload *u)
{
	return u->begun && u->count == u->expected && u->address_count == u->addresses_expected &&
	       u->egress_count == u->egress_expected;
}

static void run_fault(struct fault *f, int err, const char *name)
{
	if (err == -EEXIST)
		fault_set(f, EEXIST, "an agent named %s lives already", name);
	else if (err == -ENOSPC)
		fault_set(f, ENOSPC, "too many agents: %u live", AGENTOS_AGENTS_MAX);
	else
		fault_set(f, -err, "cannot make the agent: %s", strerror(-err));
}

#define RUN_ACCESS                                                                \
	(AGENTOS_ACCESS_ATTACH | AGENTOS_ACCESS_INSPECT | AGENTOS_ACCESS_DERIVE | \
	 AGENTOS_ACCESS_RECEIVE)

/* What the policy says of records, in flags of the module. */
static uint32_t recorded(const struct upload *u)
{
	return (u->flags & CONTROL_RECORD_ALLOWED ? AGENTOS_CREATE_RECORD_ALLOWED : 0) |
	       (u->flags & CONTROL_STRICT ? AGENTOS_CREATE_STRICT : 0);
}

/* Everything has come: policy, then agent; without the agent no policy. */
static int client_run_now(struct client *c, const struct control_run *m,
			  struct control_run_reply *reply, struct fault *f)
{
	struct daemon *d = c->daemon;
	struct upload *u = &c->upload;
	struct agentos_create_options create = {
		.name = m->name,
		.rights = m->rights,
		.access = RUN_ACCESS | AGENTOS_ACCESS_CONTROL,
		.owner = c->peer.uid,
	};
	struct terms_of of = { .uid = c->peer.uid };
	bool feed, models = upload_has_models(u);
	int fd, err;

	err = client_may_run(d, f);
	if (err)
		return err;
	if (!upload_is_complete(u))
		return fault_set(f, EBADMSG, "the policy is not complete");
	err = gateway_admit(d, m->name, c->peer.pid, f);
	if (err)
		return err;
	create.flags = recorded(u);
	/*
	 * For whoever may run agents at all: he could run the same program outside of
	 * any, as the same user. Who is in an agent is not served here.
	 */
	if (m->flags & CONTROL_AUDIT_ONLY)
		create.flags |= AGENTOS_CREATE_AUDIT_ONLY;
	feed = m->rights & AGENTOS_RIGHT(FILE_READ) &&
	       feeds_make(d->feeds, d->enforce, u->policy, c->peer.uid, drain_number(d->drain)) ==
		       0;
	err = upload_complete(c, cgroup_needed(&m->terms.limits), f);
	if (err)
		return err;
	create.policy = u->policy;
	of.agent = agentos_dev_create(d->dev, &create, &reply->agent);
	if (of.agent < 0) {
		run_fault(f, of.agent, m->name);
		return of.agent;
	}
	of.id = reply->agent;
	gateway_runs_in(d, c->peer.pid, reply->agent);
	reply->policy = u->policy;
	reply->gateway = d->options.gateway_port;
	gateway_socket(d, reply->socket);
	/* One that cannot be told its denials is refused no less. */
	if (feed)
		feeds_name(d->feeds, u->policy, reply->agent, reply->denials);
	/* The agent's now: it is dropped when that has ended. */
	u->policy = 0;
	err = terms_begin(d, &of, &m->terms, f);
	if (!err && models && token_make(d->token_key, reply->agent, reply->token))
		err = fault_set(f, ENOMEM, "out of memory");
	fd = err ? err : agentos_agent_dup(of.agent, RUN_ACCESS);
	if (!err && fd < 0)
		run_fault(f, fd, m->name);
	/* Whoever opened it by its id meanwhile has nothing of it. */
	if (fd < 0)
		agentos_agent_kill(of.agent, NULL);
	/* Without another descriptor this ends it, and its cgroup goes with the record of that. */
	close(of.agent);
	return fd;
}

static void client_run(struct client *c, const struct control_run *m)
{
	struct control_run_reply reply = { 0 };
	struct fault f = { "" };
	int fd = client_run_now(c, m, &reply, &f);

	struct agentos_info agent = { .ret_id = reply.agent };

	if (fd < 0) {
		client_error(c, fd, f.text);
		return;
	}
	memcpy(agent.ret_name, m->name, sizeof(agent.ret_name));
	upload_note(c, reply.policy, &agent);
	upload_reset(c);
	client_send(c, &reply,
		    control_encode(&reply.header, CONTROL_RUN_REPLY, sizeof(reply), c->cookie), fd);
}

static void apply_fault(struct fault *f, int err)
{
	if (err == -ESRCH)
		fault_set(f, ESRCH, "the agent has ended");
	else if (err == -EINVAL)
		fault_set(f, EINVAL, "the agent has none of the rights that the policy gives");
	else
		fault_set(f, -err, "the agent cannot be put under the policy: %s", strerror(-err));
}

/* Under the new policy it reads the feed that it has. */
static int apply_complete(struct client *c, const struct agentos_info *info, struct fault *f)
{
	const struct daemon *d = c->daemon;
	int err = feeds_follow(d->feeds, d->enforce, c->upload.policy, info->ret_policy);

	if (err)
		return fault_set(f, -err, "its denial feed cannot be kept: %s", strerror(-err));
	return upload_complete(c, cgroup_confines(d->dev, info), f);
}

/* Whose agent it is was decided when it was made; root may do this to each. */
static int client_apply_now(struct client *c, const struct control_apply *m,
			    struct agentos_agent_policy *set, struct fault *f)
{
	struct terms_of of = { .id = m->agent, .uid = c->peer.uid };
	struct upload *u = &c->upload;
	struct agentos_info info;
	struct fault why;
	int agent, err;

	err = client_may_run(c->daemon, f);
	if (err)
		return err;
	if (!upload_is_complete(u))
		return fault_set(f, EBADMSG, "the policy is not complete");
	agent = agentos_dev_agent(c->daemon->dev, m->agent,
				  AGENTOS_ACCESS_INSPECT | AGENTOS_ACCESS_CONTROL);
	if (agent < 0) {
		apply_fault(f, agent);
		return agent;
	}
	of.agent = agent;
	err = agentos_agent_info(agent, &info);
	if (!err && c->peer.uid != 0 && c->peer.uid != info.ret_owner)
		err = fault_set(f, EACCES, "only its owner and root may put %s under a policy",
				info.ret_name);
	else if (!err)
		err = terms_check(&of, &m->terms, f);
	if (!err)
		err = apply_complete(c, &info, f);
	if (err) {
		close(agent);
		return err;
	}
	*set = (struct agentos_agent_policy){ .rights = m->rights, .policy = u->policy };
	set->flags = recorded(u);
	err = agentos_agent_set_policy(agent, set);
	if (!err)
		upload_note(c, u->policy, &info);
	/* It ended in the midst of it. */
	if (!err && !set->ret_agents)
		err = -ESRCH;
	if (err) {
		apply_fault(f, err);
		close(agent);
		return err;
	}
	/* The agent's now. */
	u->policy = 0;
	err = terms_exchange(c->daemon, &of, &m->terms, f);
	close(agent);
	if (err) {
		why = *f;
		fault_set(f, -err, "it follows the policy now, but not in all: %s", why.text);
	}
	return err;
}

static void client_apply(struct client *c, const struct control_apply *m)
{
	struct control_apply_reply reply = { 0 };
	struct agentos_agent_policy set = { 0 };
	struct fault f = { "" };
	int err = client_apply_now(c, m, &set, &f);
	char text[96];

	/* The kernel's record names the daemon: this one says for whom it acted. */
	snprintf(text, sizeof(text), "agent %llu, asked for by process %d of user id %u",
		 (unsigned long long)m->agent, c->peer.pid, c->peer.uid);
	if (set.ret_agents)
		drain_note(c->daemon->drain, DAEMON_APPLIED, set.policy, text);
	if (err) {
		client_error(c, err, f.text);
		return;
	}
	upload_reset(c);
	reply.rights = set.ret_rights;
	reply.policy = set.policy;
	reply.before = set.ret_before;
	reply.agents = set.ret_agents;
	client_send(c, &reply,
		    control_encode(&reply.header, CONTROL_APPLY_REPLY, sizeof(reply), c->cookie),
		    -1);
}

static void client_status(struct client *c)
{
	struct daemon *d = c->daemon;
	struct control_status_reply m = { .clients = d->clients->count,
					  .hook_count = AGENTOS_HOOK_COUNT };
	struct agentos_hook_count count;
	int64_t agents = daemon_agents(d);
	unsigned int i;

	client_enforcement(d, &m.enforcement);
	drain_status(d->drain, &m);
	m.agents = agents > 0 ? (uint64_t)agents : 0;
	if (!d->enforce || enforce_unrecorded(d->enforce, &m.unrecorded))
		m.unrecorded = 0;
	m.gateway = gateway_state(d);
	for (i = 0; i < AGENTOS_HOOK_COUNT; i++) {
		m.hooks[i].result = d->proof.result[i];
		if (d->enforce && enforce_hook_count(d->enforce, i, &count) == 0)
			m.hooks[i].denied = count.denied;
	}
	client_send(c, &m, control_encode(&m.header, CONTROL_STATUS_REPLY, sizeof(m), c->cookie),
		    -1);
}

void client_hook(struct client *c)
{
	const struct proof *p = &c->daemon->proof;
	struct control_result end = { .error = p->error };
	struct control_hook m = { 0 };

	while (c->next_hook < AGENTOS_HOOK_COUNT && p->result[c->next_hook] == -EAGAIN)
		c->next_hook++;
	if (c->next_hook < AGENTOS_HOOK_COUNT) {
		m.hook = c->next_hook++;
		m.result = p->result[m.hook];
		memcpy(m.what, p->what[m.hook], sizeof(m.what));
		client_send(c, &m, control_encode(&m.header, CONTROL_HOOK, sizeof(m), c->cookie),
			    -1);
		return;
	}
	c->next_hook = 0;
	control_encode_text(end.text, sizeof(end.text), p->why.text);
	client_send(c, &end,
		    control_encode(&end.header, CONTROL_SELFTEST_REPLY, sizeof(end), c->cookie),
		    -1);
}

static void client_selftest(struct client *c)
{
	if (!c->daemon->enforce) {
		client_error(c, -EUNATCH, c->daemon->proof.why.text);
		return;
	}
	daemon_prove(c->daemon);
	c->next_hook = AGENTOS_HOOK_NONE + 1;
	client_hook(c);
}

static void client_end(struct client *c)
{
	struct fault f = { "" };
	int err;

	if (c->peer.uid != 0) {
		client_error(c, -EPERM, "only root may end enforcement");
		return;
	}
	err = daemon_end(c->daemon, &f);
	if (err)
		client_error(c, err, f.text);
	else
		client_done(c);
}

static void client_rotate(struct client *c)
{
	struct control_rotate_reply m = { 0 };
	struct note_verifier before, after;
	struct fault f = { "" };
	char who[96];
	int err;

	if (c->peer.uid != 0) {
		client_error(c, -EPERM, "only root may change the key of the log");
		return;
	}
	snprintf(who, sizeof(who), "asked for by process %d of user id %u", c->peer.pid,
		 c->peer.uid);
	err = drain_rotate(c->daemon->drain, who, &before, &after, &f);
	if (err && err != -EINPROGRESS) {
		client_error(c, err, f.text);
		return;
	}
	m.unfinished = err != 0;
	m.covered = drain_covered(c->daemon->drain);
	if (err)
		control_encode_text(m.text, sizeof(m.text), f.text);
	note_verifier_encode(&before, m.before, sizeof(m.before));
	note_verifier_encode(&after, m.after, sizeof(m.after));
	client_send(c, &m, control_encode(&m.header, CONTROL_ROTATE_REPLY, sizeof(m), c->cookie),
		    -1);
}

/* So that the caller need not wait for the next tick. */
static void client_count(struct client *c)
{
	struct fault f = { "" };
	int err;

	if (!c->daemon->enforce) {
		client_error(c, -EUNATCH, "enforcement is off: no packets are counted");
		return;
	}
	err = enforce_count(c->daemon->enforce, &f);
	if (err)
		client_error(c, err, f.text);
	else
		client_done(c);
}

void client_request(struct client *c, const union control_message *m, struct loop_message *received)
{
	if (!c->greeted && m->header.type != CONTROL_HELLO) {
		client_error(c, -EBADMSG, "HELLO comes first");
		return;
	}
	switch (m->header.type) {
	case CONTROL_HELLO:
		client_hello(c);
		break;
	case CONTROL_POLICY_BEGIN:
		client_begin(c, &m->policy_begin);
		break;
	case CONTROL_POLICY_RULES:
		client_rules(c, &m->policy_rules, received);
		break;
	case CONTROL_POLICY_NET:
		client_addresses(c, &m->policy_net);
		break;
	case CONTROL_POLICY_EGRESS:
		client_egress(c, &m->policy_egress);
		break;
	case CONTROL_SOURCE:
		client_source(c, &m->source);
		break;
	case CONTROL_RUN:
		client_run(c, &m->run);
		break;
	case CONTROL_APPLY:
		client_apply(c, &m->apply);
		break;
	case CONTROL_STATUS:
		client_status(c);
		break;
	case CONTROL_SELFTEST:
		client_selftest(c);
		break;
	case CONTROL_END:
		client_end(c);
		break;
	case CONTROL_COUNT:
		client_count(c);
		break;
	case CONTROL_ROTATE:
		client_rotate(c);
		break;
	}
}
