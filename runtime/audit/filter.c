// SPDX-License-Identifier: GPL-2.0-or-later
/* Which records somebody asks for. */
#include "audit/filter_state.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "audit/render.h"

int filter_create(struct filter **ret_filter)
{
	struct filter *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->until_ns = UINT64_MAX;
	*ret_filter = f;
	return 0;
}

void filter_free(struct filter *f)
{
	size_t i;

	if (!f)
		return;
	for (i = 0; i < f->agent_count; i++)
		free(f->agents[i].name);
	for (i = 0; i < f->object_count; i++)
		free(f->objects[i].text);
	for (i = 0; i < f->text_count; i++)
		free(f->texts[i]);
	index_release(&f->index);
	free(f->members);
	if (f->out)
		fclose(f->out);
	free(f->line);
	free(f);
}

void filter_add_refused(struct filter *f)
{
	f->verdicts[AGENTOS_VERDICT_DENIED] = f->verdicts[AGENTOS_VERDICT_WOULD_DENY] = true;
	f->refused = f->asked[FILTER_VERDICT] = true;
}

void filter_set_below(struct filter *f)
{
	f->below = true;
}

bool filter_has_below(const struct filter *f)
{
	return f->below;
}

void filter_set_time(struct filter *f, uint64_t since_ns, uint64_t until_ns)
{
	f->since_ns = since_ns;
	f->until_ns = until_ns;
}

uint64_t filter_since(const struct filter *f)
{
	return f->since_ns;
}

uint64_t filter_until(const struct filter *f)
{
	return f->until_ns;
}

/* --- who is below whom --- */

static bool member_equal(const void *wanted, const void *cookie, size_t at)
{
	const struct filter *f = cookie;

	return f->members[at].id == *(const uint64_t *)wanted;
}

static uint64_t member_hash(const void *cookie, size_t at)
{
	const struct filter *f = cookie;

	return index_hash(INDEX_HASH, &f->members[at].id, sizeof(f->members[at].id));
}

static struct member *member_find(const struct filter *f, uint64_t id)
{
	size_t at;

	if (!f->members)
		return NULL;
	at = index_find(&f->index, index_hash(INDEX_HASH, &id, sizeof(id)), member_equal, &id, f);
	return at == SIZE_MAX ? NULL : &f->members[at];
}

static bool member_is(const struct filter *f, const struct record *r, uint64_t id)
{
	const struct member *m;

	if (!f->below || memcmp(f->boot, r->boot, sizeof(f->boot)) != 0)
		return false;
	m = member_find(f, id);
	return m && m->in;
}

static int member_set(struct filter *f, uint64_t id, bool in)
{
	struct member *m = member_find(f, id), *grown;
	size_t room;

	if (m) {
		m->in = in;
		return 0;
	}
	if (!in)
		return 0;
	if (f->member_count == LIMIT_FILTER_BELOW)
		return -E2BIG;
	if (!f->members || f->member_count == f->member_room) {
		room = f->member_room ? f->member_room * 2 : 64;
		grown = reallocarray(f->members, room, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		f->members = grown;
		f->member_room = room;
	}
	f->members[f->member_count] = (struct member){ id, in };
	if (index_add(&f->index, f->member_count, member_hash, f) != 0)
		return -ENOMEM;
	f->member_count++;
	return 0;
}

static bool agent_named(const struct filter *f, uint64_t id, const char *name)
{
	size_t i;

	for (i = 0; i < f->agent_count; i++) {
		if ((f->agents[i].id && f->agents[i].id == id) ||
		    strcmp(f->agents[i].name, name) == 0)
			return true;
	}
	return false;
}

static const char *lifecycle_name(const struct record *r)
{
	return r->u.lifecycle.name[0] ? r->u.lifecycle.name : r->agent_name;
}

void filter_restart(struct filter *f)
{
	index_release(&f->index);
	f->member_count = 0;
}

int filter_note(struct filter *f, const struct record *r)
{
	const struct agentos_lifecycle *l = &r->u.lifecycle;

	if (!f->below || r->type != RECORD_LIFECYCLE || l->type != AGENTOS_LIFECYCLE_CREATE)
		return 0;
	/* Ids begin anew with each boot, and with each time that the module is loaded. */
	if (memcmp(f->boot, r->boot, sizeof(f->boot)) != 0) {
		filter_restart(f);
		memcpy(f->boot, r->boot, sizeof(f->boot));
	}
	return member_set(f, l->agent,
			  agent_named(f, l->agent, lifecycle_name(r)) ||
				  (l->parent &&
				   (member_is(f, r, l->parent) || agent_named(f, l->parent, ""))));
}

static bool agent_matches(const struct filter *f, const struct record *r)
{
	const char *name = r->agent_name;
	uint64_t id;

	switch (r->type) {
	case RECORD_EVENT:
		id = r->u.event.agent;
		break;
	case RECORD_LIFECYCLE:
		id = r->u.lifecycle.agent;
		name = lifecycle_name(r);
		break;
	case RECORD_POLICY:
		id = r->u.policy.agent;
		break;
	case RECORD_EGRESS:
		id = r->u.egress.agent;
		break;
	case RECORD_CALL:
		id = r->u.call.agent;
		break;
	default:
		return false;
	}
	return agent_named(f, id, name) || member_is(f, r, id);
}

/* --- the other kinds --- */

static bool operation_matches(const struct filter *f, const struct record *r)
{
	if (r->type == RECORD_EGRESS || r->type == RECORD_CALL)
		return r->type == RECORD_CALL ? f->call : f->egress;
	return r->type == RECORD_EVENT && r->u.event.hook < AGENTOS_HOOK_COUNT &&
	       f->hooks[r->u.event.hook];
}

static bool verdict_matches(const struct filter *f, const struct record *r)
{
	unsigned int verdict;

	if (r->type == RECORD_EVENT) {
		verdict = r->u.event.verdict;
		return verdict <= AGENTOS_VERDICT_WOULD_DENY ? f->verdicts[verdict] : f->refused;
	}
	/* Of many, that have no record of their own. */
	if (r->type == RECORD_LIFECYCLE && r->u.lifecycle.type == AGENTOS_LIFECYCLE_REPEATED) {
		verdict = r->u.lifecycle.reason;
		return verdict <= AGENTOS_VERDICT_WOULD_DENY ? f->verdicts[verdict] : f->refused;
	}
	/* The outcomes have the order of the verdicts. */
	if (r->type == RECORD_CALL)
		return r->u.call.outcome < CALL_OUTCOMES && f->verdicts[r->u.call.outcome];
	return r->type == RECORD_EGRESS && r->u.egress.outcome < VERDICT_COUNT &&
	       f->verdicts[r->u.egress.outcome];
}

static bool reason_matches(const struct filter *f, const struct record *r)
{
	uint32_t rule;
	size_t i;

	if (r->type == RECORD_EVENT) {
		if (r->u.event.why == AGENTOS_WHY_RIGHT && (r->u.event.right & f->rights))
			return true;
		rule = r->u.event.rule;
	} else if (r->type == RECORD_EGRESS) {
		rule = r->u.egress.rule;
	} else if (r->type == RECORD_CALL) {
		rule = r->u.call.rule;
	} else {
		return false;
	}
	for (i = 0; i < f->rule_count; i++) {
		if (f->rules[i] == rule)
			return true;
	}
	return false;
}

static bool is_pattern(const struct object *o)
{
	return !o->address && strpbrk(o->text, "*?[");
}

/* One name of an object; len bytes, and a NUL behind them. */
static bool object_is(const struct filter *f, const char *name, size_t len)
{
	const struct object *o = f->objects, *end = o + f->object_count;

	for (; o < end; o++) {
		if (is_pattern(o) ? fnmatch(o->text, name, 0) == 0 :
				    memmem(name, len, o->text, strlen(o->text)) != NULL)
			return true;
	}
	return false;
}

/* By itself, and with its port. Of hexadecimal digits the case does not count. */
static bool address_is(const struct filter *f, unsigned int family, const uint8_t addr[16],
		       unsigned int port)
{
	const struct object *o = f->objects, *end = o + f->object_count;
	char text[INET6_ADDRSTRLEN], both[INET6_ADDRSTRLEN + 16];

	if ((family != AF_INET && family != AF_INET6) ||
	    !inet_ntop((int)family, addr, text, sizeof(text)))
		return false;
	snprintf(both, sizeof(both), family == AF_INET6 ? "[%s]:%u" : "%s:%u", text, port);
	for (; o < end; o++) {
		if (o->address	  ? endpoint_is(&o->endpoint, family, addr, port) :
		    is_pattern(o) ? fnmatch(o->text, text, FNM_CASEFOLD) == 0 ||
					    fnmatch(o->text, both, FNM_CASEFOLD) == 0 :
				    strcasestr(both, o->text) != NULL)
			return true;
	}
	return false;
}

/* A host that the gateway was asked for; it may be an address, as the agent wrote it. */
static bool host_is(const struct filter *f, const char *host, unsigned int port)
{
	const struct object *o = f->objects, *end = o + f->object_count;
	char both[COMPILED_HOST + 16];
	int is;

	snprintf(both, sizeof(both), strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, port);
	for (; o < end; o++) {
		is = o->address ? endpoint_is_host(&o->endpoint, host, port) : -1;
		if (is < 0)
			is = is_pattern(o) ? fnmatch(o->text, host, 0) == 0 ||
						     fnmatch(o->text, both, 0) == 0 :
					     strstr(both, o->text) != NULL;
		if (is)
			return true;
	}
	return false;
}

/* By itself, and behind its provider, which may be asked for alone. */
static bool model_is(const struct filter *f, const struct record *r)
{
	char name[RECORD_MODEL_NAME], provider[RECORD_PROVIDER] = "";
	const size_t len = record_model(r, name),
		     before = strnlen(r->u.call.provider, sizeof(provider) - 1);

	memcpy(provider, r->u.call.provider, before);
	return (len && (object_is(f, name, len) ||
			(before && object_is(f, name + before + 1, len - before - 1)))) ||
	       (before && object_is(f, provider, before));
}

static bool object_matches(const struct filter *f, const struct record *r)
{
	const struct agentos_event *e = &r->u.event;
	char name[AGENTOS_OBJECT_SIZE];
	size_t len, i;

	if (r->type == RECORD_EGRESS)
		return host_is(f, r->u.egress.host, r->u.egress.port) ||
		       address_is(f, r->u.egress.family, r->u.egress.addr, r->u.egress.port);
	if (r->type == RECORD_CALL)
		return model_is(f, r);
	if (r->type != RECORD_EVENT)
		return false;
	if (e->object_kind == AGENTOS_OBJECT_INET)
		return address_is(f, e->family, e->addr, e->port);
	/* An abstract name may have NULs: "@", as other tools show them. */
	len = e->text_len < sizeof(e->text) ? e->text_len : sizeof(e->text) - 1;
	for (i = 0; i < len; i++)
		name[i] = e->text[i] ? e->text[i] : '@';
	name[len] = '\0';
	return len && object_is(f, name, len);
}

static int text_matches(struct filter *f, const struct record *r)
{
	size_t i;

	if (!f->out)
		f->out = open_memstream(&f->line, &f->line_len);
	if (!f->out)
		return -ENOMEM;
	rewind(f->out);
	render_text(f->out, r, false);
	if (fflush(f->out) != 0)
		return -ENOMEM;
	/* Its newline is nothing to be asked for. */
	for (i = 0; i < f->text_count; i++) {
		if (memmem(f->line, f->line_len - 1, f->texts[i], strlen(f->texts[i])))
			return true;
	}
	return false;
}

/* -1: no loss. */
static int loss_matches(const struct filter *f, const struct record *r)
{
	bool lifecycle = r->type == RECORD_LIFECYCLE &&
			 r->u.lifecycle.type == AGENTOS_LIFECYCLE_LOST;

	if (r->type == RECORD_DAEMON)
		return r->u.daemon.note == DAEMON_UNWRITABLE ? true : -1;
	if (r->type != RECORD_LOSS && !lifecycle)
		return -1;
	if (!f->asked[FILTER_TYPE])
		return true;
	lifecycle |= r->stream == STREAM_LIFECYCLE;
	return f->types[RECORD_LOSS] || f->types[lifecycle ? RECORD_LIFECYCLE : RECORD_EVENT];
}

int filter_match(struct filter *f, const struct record *r)
{
	int loss;

	if (r->time_ns < f->since_ns || r->time_ns >= f->until_ns)
		return false;
	loss = loss_matches(f, r);
	if (loss >= 0)
		return loss;
	return (!f->asked[FILTER_TYPE] || (r->type < RECORD_COUNT && f->types[r->type])) &&
	       (!f->asked[FILTER_VERDICT] || verdict_matches(f, r)) &&
	       (!f->asked[FILTER_OPERATION] || operation_matches(f, r)) &&
	       (!f->asked[FILTER_AGENT] || agent_matches(f, r)) &&
	       (!f->asked[FILTER_REASON] || reason_matches(f, r)) &&
	       (!f->asked[FILTER_OBJECT] || object_matches(f, r)) &&
	       (!f->asked[FILTER_TEXT] ? true : text_matches(f, r));
}
