// SPDX-License-Identifier: GPL-2.0-or-later
/* The control protocol: messages encoded and checked. Pure: no socket is touched here. */
#include "rpc/control.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "policy/egress.h"

#define ERRNO_MAX 4095

static bool is_zero(const void *bytes, size_t len)
{
	const unsigned char *at = bytes;
	size_t i;

	for (i = 0; i < len; i++) {
		if (at[i])
			return false;
	}
	return true;
}

static bool is_errno(int32_t error)
{
	return error < 0 && error >= -ERRNO_MAX;
}

/* A text field: terminated, nothing after the end, nothing that moves a cursor. */
static bool is_text(const char *text, size_t size)
{
	size_t i;

	for (i = 0; i < size && text[i]; i++) {
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	}
	return i < size && is_zero(text + i, size - i);
}

int control_check_name(const char name[AGENTOS_NAME_SIZE])
{
	size_t i;

	for (i = 0; i < AGENTOS_NAME_SIZE && name[i]; i++) {
		if (name[i] < 0x21 || name[i] > 0x7e || name[i] == '/')
			return -EINVAL;
	}
	if (i == 0 || i == AGENTOS_NAME_SIZE || !is_zero(name + i, AGENTOS_NAME_SIZE - i))
		return -EINVAL;
	return 0;
}

static bool rule_valid(const struct compiled_rule *r)
{
	const uint8_t all = AGENTOS_FILE_ALL;
	/* A name anywhere is watched where other rules allow it. */
	const uint8_t watchable = r->kind == COMPILED_ANYWHERE ? all & ~r->deny : r->allow;
	bool named = r->name[0] != '\0';

	if (r->allow & ~all || r->deny & ~all || r->allow & r->deny)
		return false;
	if (r->kill & ~r->deny || r->watch & ~watchable || !is_zero(r->pad, sizeof(r->pad)))
		return false;
	if (!(r->allow | r->deny | r->watch) || r->number >= AGENTOS_POLICY_RULES_MAX)
		return false;
	if (r->kind == COMPILED_OBJECT)
		return is_zero(r->name, sizeof(r->name));
	/* Of sockets: any bytes that are not the padding. */
	if (r->kind == COMPILED_ABSTRACT)
		return named && r->allow == AGENTOS_FILE_CONNECT && !r->deny && !r->watch &&
		       r->name[sizeof(r->name) - 1] == '\0' &&
		       is_zero(r->name + strlen(r->name), sizeof(r->name) - strlen(r->name));
	/* Where its asterisk may stand is for the module to say. */
	if (r->kind == COMPILED_ANYWHERE && r->allow)
		return false;
	if ((r->kind != COMPILED_NAME && r->kind != COMPILED_ANYWHERE) || !named ||
	    memchr(r->name, '/', sizeof(r->name)))
		return false;
	if (!strncmp(r->name, ".", sizeof(r->name)) || !strncmp(r->name, "..", sizeof(r->name)))
		return false;
	/* File names may hold any byte but '/' and NUL; only the padding is checked. */
	return r->name[sizeof(r->name) - 1] == '\0' &&
	       is_zero(r->name + strlen(r->name), sizeof(r->name) - strlen(r->name));
}

static bool rules_valid(const struct control_policy_rules *m, size_t len)
{
	uint32_t i;

	if (m->pad || m->count < 1 || m->count > LIMIT_CONTROL_FDS)
		return false;
	if (len != offsetof(struct control_policy_rules, rules[m->count]))
		return false;
	for (i = 0; i < m->count; i++) {
		if (!rule_valid(&m->rules[i]))
			return false;
	}
	return true;
}

/* What the address and its prefix may be is for the module to say. */
static bool address_valid(const struct compiled_address *a)
{
	return !a->pad && !((a->allow | a->deny) & ~AGENTOS_NET_ALL) && !(a->kill & ~a->deny) &&
	       !(a->watch & ~a->allow) && !(a->allow & a->deny) && a->allow | a->deny &&
	       a->port_first <= a->port_last &&
	       a->number < AGENTOS_POLICY_RULES_MAX + AGENTOS_NET_RULES_MAX;
}

static bool addresses_valid(const struct control_policy_net *m, size_t len)
{
	uint32_t i;

	if (m->pad || m->count < 1 || m->count > CONTROL_ADDRESSES)
		return false;
	if (len != offsetof(struct control_policy_net, addresses[m->count]))
		return false;
	for (i = 0; i < m->count; i++) {
		if (!address_valid(&m->addresses[i]))
			return false;
	}
	return true;
}

static bool egress_rules_valid(const struct control_policy_egress *m, size_t len)
{
	uint32_t i;

	if (m->pad || m->count < 1 || m->count > CONTROL_EGRESS)
		return false;
	if (len != offsetof(struct control_policy_egress, rules[m->count]))
		return false;
	for (i = 0; i < m->count; i++) {
		if (!egress_valid(&m->rules[i]))
			return false;
	}
	return true;
}

static bool limits_valid(const struct compiled_limits *l)
{
	if (l->memory && (l->memory < LIMIT_AGENT_MEMORY_MIN || l->memory > LIMIT_AGENT_MEMORY_MAX))
		return false;
	return l->processes <= LIMIT_AGENT_PROCESSES && l->cpu <= LIMIT_AGENT_CPU &&
	       l->io_weight <= LIMIT_AGENT_IO_WEIGHT && !l->pad;
}

static bool budget_valid(const struct compiled_budget *b, uint32_t resource)
{
	if (b->given != 1)
		return is_zero(b, sizeof(*b));
	return b->action <= AGENTOS_BUDGET_PAUSE && b->period_ns <= LIMIT_POLICY_TIME_NS &&
	       (!b->period_ns || resource != AGENTOS_RESOURCE_WALL_NS);
}

static bool schedule_valid(const struct compiled_schedule *s)
{
	if (s->given & ~COMPILED_SCHEDULE || s->pad)
		return false;
	if ((!(s->given & COMPILED_CRITICALITY) && s->criticality) ||
	    s->criticality > AGENTOS_CRITICALITY_MAX)
		return false;
	if ((!(s->given & COMPILED_PHASE) && s->phase) || s->phase >= AGENTOS_PHASE_COUNT)
		return false;
	if ((!(s->given & COMPILED_EFFICIENCY) && s->efficiency) ||
	    (!(s->given & COMPILED_COST) && s->cost))
		return false;
	return s->given & COMPILED_DEADLINE ?
		       s->deadline_ns && s->deadline_ns <= LIMIT_POLICY_TIME_NS :
		       !s->deadline_ns;
}

static bool terms_valid(const struct compiled_terms *t)
{
	uint32_t i;

	for (i = 0; i < AGENTOS_RESOURCE_COUNT; i++)
		if (!budget_valid(&t->budgets[i], i))
			return false;
	return limits_valid(&t->limits) && schedule_valid(&t->schedule);
}

static bool enforcement_valid(const struct control_enforcement *e)
{
	if (e->on > 1 || !is_text(e->text, sizeof(e->text)))
		return false;
	return e->on ? e->error == 0 : is_errno(e->error);
}

static bool status_valid(const struct control_status_reply *m)
{
	uint32_t i;

	if (m->gateway >= CONTROL_GATEWAYS || m->hook_count > CONTROL_HOOKS_MAX ||
	    !enforcement_valid(&m->enforcement))
		return false;
	if ((m->audit_error && !is_errno(m->audit_error)) ||
	    (m->sign_error && !is_errno(m->sign_error)) || m->pad)
		return false;
	for (i = 0; i < CONTROL_HOOKS_MAX; i++) {
		const struct control_hook_state *h = &m->hooks[i];

		if (i >= m->hook_count && !is_zero(h, sizeof(*h)))
			return false;
		if (h->pad || (h->result && !is_errno(h->result)))
			return false;
	}
	return true;
}

static bool rotated_valid(const struct control_rotate_reply *m)
{
	return m->unfinished <= 1 && !m->pad && is_text(m->before, sizeof(m->before)) &&
	       is_text(m->after, sizeof(m->after)) && m->before[0] && m->after[0] &&
	       is_text(m->text, sizeof(m->text)) && (m->text[0] != '\0') == m->unfinished;
}

/* The fixed size of each type, its sender, and how many descriptors come along. */
static const struct {
	uint16_t type;
	enum control_side from;
	size_t size; /* 0: depends on the content */
	size_t fds;
} shapes[] = {
	{ CONTROL_HELLO, CONTROL_FROM_CLIENT, sizeof(struct control_request), 0 },
	{ CONTROL_POLICY_BEGIN, CONTROL_FROM_CLIENT, sizeof(struct control_policy_begin), 0 },
	{ CONTROL_POLICY_RULES, CONTROL_FROM_CLIENT, 0, 0 },
	{ CONTROL_POLICY_NET, CONTROL_FROM_CLIENT, 0, 0 },
	{ CONTROL_POLICY_EGRESS, CONTROL_FROM_CLIENT, 0, 0 },
	{ CONTROL_SOURCE, CONTROL_FROM_CLIENT, sizeof(struct control_source), 0 },
	{ CONTROL_RUN, CONTROL_FROM_CLIENT, sizeof(struct control_run), 0 },
	{ CONTROL_STATUS, CONTROL_FROM_CLIENT, sizeof(struct control_request), 0 },
	{ CONTROL_SELFTEST, CONTROL_FROM_CLIENT, sizeof(struct control_request), 0 },
	{ CONTROL_END, CONTROL_FROM_CLIENT, sizeof(struct control_request), 0 },
	{ CONTROL_COUNT, CONTROL_FROM_CLIENT, sizeof(struct control_request), 0 },
	{ CONTROL_ROTATE, CONTROL_FROM_CLIENT, sizeof(struct control_request), 0 },
	{ CONTROL_ROTATE_REPLY, CONTROL_FROM_DAEMON, sizeof(struct control_rotate_reply), 0 },
	{ CONTROL_APPLY, CONTROL_FROM_CLIENT, sizeof(struct control_apply), 0 },
	{ CONTROL_APPLY_REPLY, CONTROL_FROM_DAEMON, sizeof(struct control_apply_reply), 0 },
	{ CONTROL_DONE, CONTROL_FROM_DAEMON, sizeof(struct control_request), 0 },
	{ CONTROL_HELLO_REPLY, CONTROL_FROM_DAEMON, sizeof(struct control_hello_reply), 0 },
	{ CONTROL_RUN_REPLY, CONTROL_FROM_DAEMON, sizeof(struct control_run_reply), 1 },
	{ CONTROL_STATUS_REPLY, CONTROL_FROM_DAEMON, sizeof(struct control_status_reply), 0 },
	{ CONTROL_HOOK, CONTROL_FROM_DAEMON, sizeof(struct control_hook), 0 },
	{ CONTROL_SELFTEST_REPLY, CONTROL_FROM_DAEMON, sizeof(struct control_result), 0 },
	{ CONTROL_ERROR, CONTROL_FROM_DAEMON, sizeof(struct control_result), 0 },
};

static bool body_valid(const union control_message *m, size_t len)
{
	switch (m->header.type) {
	case CONTROL_POLICY_BEGIN:
		return !(m->policy_begin.flags & ~(CONTROL_RECORD_ALLOWED | CONTROL_STRICT)) &&
		       m->policy_begin.flags != CONTROL_STRICT &&
		       m->policy_begin.rule_count <= AGENTOS_POLICY_RULES_MAX &&
		       m->policy_begin.address_count <= AGENTOS_NET_RULES_MAX &&
		       m->policy_begin.egress_count <= LIMIT_EGRESS_RULES &&
		       !(m->policy_begin.kill & ~AGENTOS_RIGHTS_ALL) &&
		       !(m->policy_begin.watch & ~AGENTOS_RIGHTS_WATCHABLE) &&
		       !(m->policy_begin.kill & m->policy_begin.watch);
	case CONTROL_POLICY_RULES:
		return rules_valid(&m->policy_rules, len);
	case CONTROL_POLICY_NET:
		return addresses_valid(&m->policy_net, len);
	case CONTROL_POLICY_EGRESS:
		return egress_rules_valid(&m->policy_egress, len);
	case CONTROL_SOURCE:
		return is_text(m->source.name, sizeof(m->source.name)) &&
		       is_text(m->source.file, sizeof(m->source.file)) &&
		       is_text(m->source.workspace, sizeof(m->source.workspace)) &&
		       is_text(m->source.home, sizeof(m->source.home));
	case CONTROL_RUN:
		return m->run.rights && !(m->run.rights & ~AGENTOS_RIGHTS_ALL) &&
		       !(m->run.flags & ~CONTROL_AUDIT_ONLY) && !m->run.pad &&
		       control_check_name(m->run.name) == 0 && terms_valid(&m->run.terms);
	case CONTROL_APPLY:
		return m->apply.agent && m->apply.rights &&
		       !(m->apply.rights & ~AGENTOS_RIGHTS_ALL) && terms_valid(&m->apply.terms);
	case CONTROL_APPLY_REPLY:
		return m->apply_reply.policy && !(m->apply_reply.rights & ~AGENTOS_RIGHTS_ALL) &&
		       !m->apply_reply.pad;
	case CONTROL_ROTATE_REPLY:
		return rotated_valid(&m->rotate_reply);
	case CONTROL_HELLO_REPLY:
		return m->hello_reply.pid > 0 && !m->hello_reply.pad &&
		       enforcement_valid(&m->hello_reply.enforcement);
	case CONTROL_RUN_REPLY:
		return m->run_reply.agent && m->run_reply.policy && !m->run_reply.pad &&
		       is_text(m->run_reply.token, sizeof(m->run_reply.token)) &&
		       is_text(m->run_reply.denials, sizeof(m->run_reply.denials)) &&
		       is_text(m->run_reply.socket, sizeof(m->run_reply.socket));
	case CONTROL_STATUS_REPLY:
		return status_valid(&m->status_reply);
	case CONTROL_HOOK:
		return m->hook.hook < CONTROL_HOOKS_MAX &&
		       (!m->hook.result || is_errno(m->hook.result)) &&
		       is_text(m->hook.what, sizeof(m->hook.what));
	case CONTROL_SELFTEST_REPLY:
		return (!m->result.error || is_errno(m->result.error)) && !m->result.pad &&
		       is_text(m->result.text, sizeof(m->result.text));
	case CONTROL_ERROR:
		return is_errno(m->result.error) && !m->result.pad &&
		       is_text(m->result.text, sizeof(m->result.text));
	default:
		return true;
	}
}

int control_check(const void *bytes, size_t len, size_t fd_count, enum control_side from,
		  union control_message *ret_message)
{
	union control_message m = { 0 };
	size_t i, fds;

	if (len < sizeof(m.header) || len > sizeof(m))
		return -EBADMSG;
	memcpy(&m, bytes, len);
	if (m.header.version != CONTROL_VERSION)
		return -EPROTO;
	if (m.header.size != len)
		return -EBADMSG;
	for (i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		if (shapes[i].type == m.header.type && shapes[i].from == from)
			break;
	}
	if (i == sizeof(shapes) / sizeof(shapes[0]))
		return -EBADMSG;
	if (shapes[i].size && shapes[i].size != len)
		return -EBADMSG;
	if (!body_valid(&m, len))
		return -EBADMSG;
	fds = m.header.type == CONTROL_POLICY_RULES ? m.policy_rules.count : shapes[i].fds;
	if (fd_count != fds)
		return -EBADMSG;
	*ret_message = m;
	return 0;
}

size_t control_encode(struct control_header *header, enum control_type type, size_t size,
		      uint64_t cookie)
{
	header->size = (uint32_t)size;
	header->version = CONTROL_VERSION;
	header->type = (uint16_t)type;
	header->cookie = cookie;
	return size;
}

size_t control_encode_rules(struct control_policy_rules *m, const struct compiled_rule *rules,
			    uint32_t count, uint64_t cookie)
{
	m->count = count;
	m->pad = 0;
	memcpy(m->rules, rules, count * sizeof(*rules));
	return control_encode(&m->header, CONTROL_POLICY_RULES,
			      offsetof(struct control_policy_rules, rules[count]), cookie);
}

size_t control_encode_addresses(struct control_policy_net *m,
				const struct compiled_address *addresses, uint32_t count,
				uint64_t cookie)
{
	m->count = count;
	m->pad = 0;
	memcpy(m->addresses, addresses, count * sizeof(*addresses));
	return control_encode(&m->header, CONTROL_POLICY_NET,
			      offsetof(struct control_policy_net, addresses[count]), cookie);
}

size_t control_encode_egress(struct control_policy_egress *m, const struct compiled_egress *rules,
			     uint32_t count, uint64_t cookie)
{
	m->count = count;
	m->pad = 0;
	memcpy(m->rules, rules, count * sizeof(*rules));
	return control_encode(&m->header, CONTROL_POLICY_EGRESS,
			      offsetof(struct control_policy_egress, rules[count]), cookie);
}

void control_encode_text(char *out, size_t size, const char *text)
{
	size_t i;

	memset(out, 0, size);
	for (i = 0; i < size - 1 && text[i]; i++)
		out[i] = (unsigned char)text[i] < 0x20 || text[i] == 0x7f ? '?' : text[i];
}
