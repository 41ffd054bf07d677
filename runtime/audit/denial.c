// SPDX-License-Identifier: GPL-2.0-or-later
/* A denial as the agent is told it. */
#include "audit/denial.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "audit/names.h"
#include "audit/render.h"
#include "base/escape.h"
#include "policy/egress.h"
#include "rpc/call_why.h"

static void put_head(FILE *out, const struct record *r)
{
	time_t seconds = (time_t)(r->time_ns / 1000000000);
	struct tm tm = { 0 };

	gmtime_r(&seconds, &tm);
	fprintf(out, "%04d-%02d-%02dT%02d:%02d:%02dZ #%" PRIu64 " ", tm.tm_year + 1900,
		tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, r->seq);
}

/* "read and write": what a list of files: in a policy would have to say. */
static void put_access(FILE *out, uint32_t access)
{
	static const char *const words[] = { "read", "write", "exec", "connect" };
	const char *gap = "";
	unsigned int bit;

	for (bit = 0; bit < sizeof(words) / sizeof(words[0]); bit++) {
		if (!(access >> bit & 1))
			continue;
		fprintf(out, "%s%s", gap, words[bit]);
		gap = " and ";
	}
	if (!*gap)
		fputs("use", out);
}

static void put_rights(FILE *out, uint64_t rights)
{
	const char *gap = "";
	char other[NAME_ROOM];
	unsigned int bit;

	fputs(rights & (rights - 1) ? "the rights " : "the right ", out);
	for (bit = 0; bit < 64; bit++) {
		if (!(rights >> bit & 1))
			continue;
		fprintf(out, "%s%s", gap, name_right(bit, other));
		gap = " and ";
	}
}

/* What a rule would have to allow. */
static void put_rule(FILE *out, const struct agentos_event *e)
{
	switch (e->hook) {
	case AGENTOS_HOOK_SOCKET_BIND:
	case AGENTOS_HOOK_SOCKET_LISTEN:
		fputs("listen on ", out);
		break;
	case AGENTOS_HOOK_SOCKET_CONNECT:
	case AGENTOS_HOOK_SOCKET_SEND:
		fputs("connect to ", out);
		break;
	case AGENTOS_HOOK_UNIX_STREAM:
	case AGENTOS_HOOK_UNIX_SEND:
		fputs("connect to Unix socket ", out);
		break;
	default:
		put_access(out, e->access);
		fputs(" of ", out);
	}
	render_object(out, e);
}

static void put_advice(FILE *out, const struct agentos_event *e)
{
	switch (e->why) {
	case AGENTOS_WHY_RIGHT:
		fputs("ask for: ", out);
		if (e->right)
			put_rights(out, e->right);
		else
			fputs("the right to do this", out);
		break;
	case AGENTOS_WHY_RULE:
		if (AGENTOS_RULE_IS_OWN(e->rule)) {
			fputs("do not try again: no policy allows this", out);
			break;
		}
		fputs("it is denied on purpose; ask for: ", out);
		put_rule(out, e);
		break;
	case AGENTOS_WHY_NO_RULE:
		fputs("ask for: ", out);
		put_rule(out, e);
		break;
	case AGENTOS_WHY_WIDER:
		fputs("copy it instead", out);
		break;
	case AGENTOS_WHY_HOLDS:
		fputs("leave it where it is", out);
		break;
	case AGENTOS_WHY_UNRESOLVED:
		fputs("try another path to it", out);
		break;
	case AGENTOS_WHY_UNCOUNTED:
		fputs("use TCP or UDP, and sockets made here", out);
		break;
	case AGENTOS_WHY_UNRECORDED:
		fputs("wait a moment, and try again", out);
		break;
	case AGENTOS_WHY_NEVER:
	case AGENTOS_WHY_OUTSIDE:
		fputs("do not try again: no policy allows this", out);
		break;
	default:
		fputs("ask whoever runs this agent", out);
	}
}

static void put_egress_advice(FILE *out, const struct record *r)
{
	switch (r->u.egress.why) {
	case EGRESS_WHY_NO_RULE:
		fputs("ask for: egress to ", out);
		render_host(out, r);
		break;
	case EGRESS_WHY_PROVIDER:
		fputs("ask for: the provider of models ", out);
		render_host(out, r);
		break;
	case EGRESS_WHY_LITERAL:
		fputs("use a name", out);
		break;
	case EGRESS_WHY_PRIVATE:
		fputs("ask for: egress to the private address that it stands for", out);
		break;
	case EGRESS_WHY_NOT_TLS:
		fputs("use TLS, or ask for: egress of any kind to ", out);
		render_host(out, r);
		break;
	case EGRESS_WHY_SERVER_NAME:
		fputs("connect by the name that TLS is to see", out);
		break;
	case EGRESS_WHY_DENIED:
	case EGRESS_WHY_KILLED:
		fputs("do not try again: a rule is against this very host", out);
		break;
	default:
		fputs("ask whoever runs this agent", out);
	}
}

static void put_call_advice(FILE *out, const struct record *r)
{
	switch (r->u.call.why) {
	case CALL_WHY_NO_RULE:
		fputs("ask for: the model ", out);
		render_model(out, r);
		break;
	case CALL_WHY_TOKEN:
	case CALL_WHY_TOKEN_OTHERS:
		fputs("use the token that this agent was given", out);
		break;
	case CALL_WHY_BUDGET_TOKENS:
		fputs("ask for: a larger budget of tokens, or the model for fewer", out);
		break;
	case CALL_WHY_BUDGET_MONEY:
		fputs("ask for: a larger budget of money, or use a cheaper model", out);
		break;
	case CALL_WHY_BUDGET_CALLS:
		fputs("ask for: a larger budget of calls", out);
		break;
	case CALL_WHY_NO_PRICE:
		fputs("use another model, or ask for: a price of ", out);
		render_model(out, r);
		break;
	case CALL_WHY_CUT:
	case CALL_WHY_CUT_MONEY:
		fputs("ask for: a larger budget", out);
		break;
	default:
		fputs("ask whoever runs this agent", out);
	}
}

static uint64_t agent_of(const struct record *r)
{
	switch (r->type) {
	case RECORD_LIFECYCLE:
		return r->u.lifecycle.agent;
	case RECORD_EGRESS:
		return r->u.egress.agent;
	case RECORD_CALL:
		return r->u.call.agent;
	default:
		return r->u.event.agent;
	}
}

static void put_denied(FILE *out, const struct record *r, uint64_t owner)
{
	char shown[ESCAPE_TEXT_MAX(AGENTOS_NAME_SIZE) + 1];

	put_head(out, r);
	fputs("denied: ", out);
	if (agent_of(r) == owner)
		return;
	escape_text(shown, sizeof(shown), r->agent_name,
		    strnlen(r->agent_name, sizeof(r->agent_name)));
	fprintf(out, "sub-agent %s(%" PRIu64 "): ", shown, agent_of(r));
}

void denial_counted(FILE *out, const struct record *r, uint64_t owner)
{
	const struct agentos_lifecycle *l = &r->u.lifecycle;
	const char *more = l->count == 1 ? "" : "s";

	put_denied(out, r, owner);
	if (l->code == AGENTOS_REPEATED_OTHERS)
		fprintf(out, "%llu act%s more, too fast to tell each\n", l->count, more);
	else
		fprintf(out,
			"the same again and again, in a line near this one: %llu time%s more\n",
			l->count, more);
}

bool denial_goes_on(const struct record *last, const struct record *r)
{
	const struct agentos_lifecycle *l = &r->u.lifecycle;

	return last->type == RECORD_EVENT && l->code == AGENTOS_REPEATED_SAME &&
	       last->u.event.agent == l->agent && last->u.event.time_ns == l->since_ns;
}

void denial_line(FILE *out, const struct record *r, uint64_t owner)
{
	const struct agentos_event *e = &r->u.event;

	put_denied(out, r, owner);
	if (r->type == RECORD_EGRESS) {
		fputs("the gateway: it ", out);
		render_egress(out, r);
		fputs("; ", out);
		put_egress_advice(out, r);
	} else if (r->type == RECORD_CALL) {
		fputs("the gateway: it ", out);
		render_call(out, r);
		fputs("; ", out);
		put_call_advice(out, r);
	} else {
		render_denial(out, e);
		fputs("; ", out);
		put_advice(out, e);
	}
	fputc('\n', out);
}

void denial_again(FILE *out, const struct record *r, uint64_t count)
{
	put_head(out, r);
	fprintf(out, "the same again, %" PRIu64 " time%s more\n", count, count == 1 ? "" : "s");
}

void denial_begin(FILE *out, const struct record *r)
{
	put_head(out, r);
	fputs("this feed begins\n", out);
}

static bool egress_same(const struct record *a, const struct record *b)
{
	return a->u.egress.agent == b->u.egress.agent && a->u.egress.policy == b->u.egress.policy &&
	       a->u.egress.why == b->u.egress.why && a->u.egress.port == b->u.egress.port &&
	       a->u.egress.family == b->u.egress.family &&
	       !memcmp(a->u.egress.addr, b->u.egress.addr, sizeof(a->u.egress.addr)) &&
	       a->u.egress.tunnel == b->u.egress.tunnel &&
	       !strncmp(a->u.egress.host, b->u.egress.host, sizeof(a->u.egress.host));
}

static bool call_same(const struct record *a, const struct record *b)
{
	return !record_was_spent(a) && !record_was_spent(b) && a->u.call.agent == b->u.call.agent &&
	       a->u.call.policy == b->u.call.policy && a->u.call.why == b->u.call.why &&
	       a->u.call.other == b->u.call.other &&
	       !strncmp(a->u.call.provider, b->u.call.provider, sizeof(a->u.call.provider)) &&
	       !strncmp(a->u.call.model, b->u.call.model, sizeof(a->u.call.model));
}

bool denial_same(const struct record *a, const struct record *b)
{
	const struct agentos_event *e = &a->u.event, *o = &b->u.event;

	if (a->type != b->type)
		return false;
	if (a->type == RECORD_EGRESS)
		return egress_same(a, b);
	if (a->type == RECORD_CALL)
		return call_same(a, b);
	return e->agent == o->agent && e->policy == o->policy && e->hook == o->hook &&
	       e->why == o->why && e->right == o->right && e->rule == o->rule &&
	       e->access == o->access && e->object_kind == o->object_kind && e->flags == o->flags &&
	       e->number == o->number && e->number2 == o->number2 && e->ino == o->ino &&
	       e->dev == o->dev && e->gen == o->gen && e->family == o->family &&
	       e->port == o->port && e->protocol == o->protocol &&
	       !memcmp(e->addr, o->addr, sizeof(e->addr)) && e->text_len == o->text_len &&
	       e->text_len < sizeof(e->text) && !memcmp(e->text, o->text, e->text_len) &&
	       !strncmp(e->comm, o->comm, sizeof(e->comm));
}

uint64_t denial_number(const char *line, size_t len)
{
	const size_t head = strlen("2026-11-23T12:03:04Z #");
	char digits[24];
	size_t n;

	if (len <= head || line[head - 1] != '#')
		return 0;
	line += head;
	len -= head;
	for (n = 0; n < len && n < sizeof(digits) - 1 && line[n] >= '0' && line[n] <= '9'; n++)
		digits[n] = line[n];
	digits[n] = '\0';
	return n < len && line[n] == ' ' ? strtoull(digits, NULL, 10) : 0;
}
