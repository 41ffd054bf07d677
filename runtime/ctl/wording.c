// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules of policies in words, for people and for programs. */
#include "ctl/wording.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "agentos.h"
#include "base/amount.h"
#include "base/escape.h"
#include "lib/libagentos.h"

const struct wording_act wording_of_files[] = {
	{ AGENTOS_FILE_READ, "read" },
	{ AGENTOS_FILE_WRITE, "write" },
	{ AGENTOS_FILE_EXEC, "execute" },
	{ AGENTOS_FILE_CONNECT, "connect" },
	{ 0, NULL },
};

const struct wording_act wording_of_addresses[] = {
	{ AGENTOS_NET_CONNECT_TCP, "connect-tcp" },
	{ AGENTOS_NET_CONNECT_UDP, "connect-udp" },
	{ AGENTOS_NET_CONNECT_OTHER, "connect-other" },
	{ AGENTOS_NET_LISTEN_TCP, "listen-tcp" },
	{ AGENTOS_NET_LISTEN_UDP, "listen-udp" },
	{ AGENTOS_NET_LISTEN_OTHER, "listen-other" },
	{ 0, NULL },
};

const struct wording_act wording_of_egress[] = {
	{ 1U << EGRESS_TLS, "egress" },
	{ 1U << EGRESS_ANY, "egress-any" },
	{ 1U << EGRESS_PROVIDER, "egress-providers" },
	{ 1U << EGRESS_PRIVATE, "egress-private" },
	{ 1U << EGRESS_MODEL, "models" },
	{ 1U << EGRESS_DENY, "egress-deny" },
	{ 1U << EGRESS_KILL, "egress-kill" },
	{ 1U << EGRESS_WATCH, "egress-watch" },
	{ 0, NULL },
};

/* All protocols that there are need not be listed. NULL: they must. */
static const char *acts_together(const struct wording_act *acts, uint32_t bits)
{
	if (acts != wording_of_addresses)
		return NULL;
	return bits == AGENTOS_NET_ALL	   ? "connect, listen" :
	       bits == AGENTOS_NET_CONNECT ? "connect" :
	       bits == AGENTOS_NET_LISTEN  ? "listen" :
					     NULL;
}

void wording_acts(char *text, const struct wording_act *acts, uint32_t bits)
{
	const char *together = acts_together(acts, bits);
	size_t used = 0;

	snprintf(text, WORDING_ACTS, "%s", together ? together : "");
	for (; !together && acts->name && used < WORDING_ACTS; acts++)
		if (bits & acts->bit)
			used += (size_t)snprintf(text + used, WORDING_ACTS - used, "%s%s",
						 used ? ", " : "", acts->name);
}

struct wording_address wording_address(const struct policy_address *a)
{
	const bool is_ipv6 = a->family == AF_INET6;
	char address[INET6_ADDRSTRLEN] = "?", ports[16] = "*", prefix[8] = "";
	struct wording_address shown;

	inet_ntop(a->family, a->addr, address, sizeof(address));
	if (a->prefix != (is_ipv6 ? 128 : 32))
		snprintf(prefix, sizeof(prefix), "/%u", a->prefix);
	if (a->port_first == a->port_last)
		snprintf(ports, sizeof(ports), "%u", a->port_first);
	else if (a->port_first || a->port_last != UINT16_MAX)
		snprintf(ports, sizeof(ports), "%u-%u", a->port_first, a->port_last);
	snprintf(shown.text, sizeof(shown.text), is_ipv6 ? "[%s%s]:%s" : "%s%s:%s", address, prefix,
		 ports);
	return shown;
}

struct wording_egress wording_egress(const struct compiled_egress *e)
{
	char address[INET6_ADDRSTRLEN] = "?", ports[16] = "*";
	struct wording_egress shown;

	if (e->kind == EGRESS_PRIVATE) {
		inet_ntop(e->family, e->addr, address, sizeof(address));
		snprintf(shown.text, sizeof(shown.text), "%s/%u", address, e->prefix);
		return shown;
	}
	if (e->kind == EGRESS_MODEL) {
		snprintf(shown.text, sizeof(shown.text), "%s", e->host);
		return shown;
	}
	if (e->port_first == e->port_last)
		snprintf(ports, sizeof(ports), "%u", e->port_first);
	else if (e->port_first != 1 || e->port_last != UINT16_MAX)
		snprintf(ports, sizeof(ports), "%u-%u", e->port_first, e->port_last);
	snprintf(shown.text, sizeof(shown.text), "%s:%s", e->host, ports);
	return shown;
}

const char *wording_kind(const struct policy_rule *rule)
{
	return rule->anywhere ? "name" : rule->abstract ? "abstract" : "path";
}

size_t wording_place(char *text, const struct policy *p, struct policy_place at)
{
	const char *file = p->files[at.file];
	size_t used = escape_text(text, WORDING_PLACE - 16, file, strlen(file));

	return used + (size_t)snprintf(text + used, WORDING_PLACE - used, ":%u", at.line);
}

const char *const wording_terms[WORDING_TERMS] = {
	[WORDING_LIMITS] = "limits",
	[WORDING_BUDGETS] = "budgets",
	[WORDING_SCHEDULE] = "schedule",
};

static bool limit_term(const struct compiled_limits *l, size_t at, struct wording_term *term)
{
	const struct {
		const char *name, *unit;
		uint64_t value;
	} all[] = {
		{ "memory", "", l->memory },
		{ "processes", "", l->processes },
		{ "cpu", "%", l->cpu },
		{ "io-weight", "", l->io_weight },
	};
	char amount[32];

	if (at >= sizeof(all) / sizeof(all[0]))
		return false;
	if (!all[at].value)
		return true;
	snprintf(amount, sizeof(amount), "%" PRIu64, all[at].value);
	snprintf(term->json, sizeof(term->json), "\"%s\":%s", all[at].name, amount);
	if (at == 0)
		amount_text(AGENTOS_RESOURCE_NET_BYTES, all[at].value, amount, sizeof(amount));
	snprintf(term->text, sizeof(term->text), "%s %s%s", all[at].name, amount, all[at].unit);
	return true;
}

static void budget_term(const struct compiled_budget *b, uint32_t resource,
			struct wording_term *term)
{
	const char *name = agentos_resource_name(resource),
		   *action = agentos_action_name(b->action);
	const bool limited = b->limit != AGENTOS_BUDGET_UNLIMITED;
	char limit[32], period[32] = "", number[24] = "null";

	amount_text(resource, b->limit, limit, sizeof(limit));
	if (b->period_ns)
		amount_text(AGENTOS_RESOURCE_WALL_NS, b->period_ns, period, sizeof(period));
	snprintf(term->text, sizeof(term->text), "%s %s%s%s%s%s%s", name, limit,
		 b->period_ns ? " per " : "", period, limited ? " (" : "", limited ? action : "",
		 limited ? ")" : "");
	if (limited)
		snprintf(number, sizeof(number), "%" PRIu64, b->limit);
	snprintf(term->json, sizeof(term->json),
		 "\"%s\":{\"limit\":%s,\"period_ns\":%" PRIu64 ",\"action\":\"%s\"}", name, number,
		 b->period_ns, action);
}

static bool schedule_term(const struct compiled_schedule *s, size_t at, struct wording_term *term)
{
	char *text = term->text, *json = term->json, value[32];

	if (at >= 5)
		return false;
	if (!(s->given & 1U << at))
		return true;
	switch (1U << at) {
	case COMPILED_CRITICALITY:
		snprintf(text, sizeof(term->text), "criticality %u", s->criticality);
		snprintf(json, sizeof(term->json), "\"criticality\":%u", s->criticality);
		break;
	case COMPILED_PHASE:
		snprintf(text, sizeof(term->text), "phase %s", agentos_phase_name(s->phase));
		snprintf(json, sizeof(term->json), "\"phase\":\"%s\"",
			 agentos_phase_name(s->phase));
		break;
	case COMPILED_DEADLINE:
		amount_text(AGENTOS_RESOURCE_WALL_NS, s->deadline_ns, value, sizeof(value));
		snprintf(text, sizeof(term->text), "deadline %s after the start", value);
		snprintf(json, sizeof(term->json), "\"deadline_ns\":%" PRIu64, s->deadline_ns);
		break;
	case COMPILED_EFFICIENCY:
		amount_fixed_text(s->efficiency, value, sizeof(value));
		snprintf(text, sizeof(term->text), "efficiency %s", value);
		snprintf(json, sizeof(term->json), "\"efficiency\":%s", value);
		break;
	case COMPILED_COST:
		amount_fixed_text(s->cost, value, sizeof(value));
		snprintf(text, sizeof(term->text), "cost %s", value);
		snprintf(json, sizeof(term->json), "\"cost\":%s", value);
		break;
	}
	return true;
}

bool wording_term(const struct compiled_terms *t, enum wording_terms section, size_t at,
		  struct wording_term *ret_term)
{
	ret_term->text[0] = ret_term->json[0] = '\0';
	if (section == WORDING_LIMITS)
		return limit_term(&t->limits, at, ret_term);
	if (section == WORDING_SCHEDULE)
		return schedule_term(&t->schedule, at, ret_term);
	if (at >= AGENTOS_RESOURCE_COUNT)
		return false;
	if (t->budgets[at].given)
		budget_term(&t->budgets[at], (uint32_t)at, ret_term);
	return true;
}

void wording_json(const char *key, const char *value)
{
	char safe[ESCAPE_JSON_MAX(PATH_MAX) + 1];

	escape_json(safe, sizeof(safe), value, strlen(value));
	printf("\"%s\":\"%s\"", key, safe);
}

void wording_json_acts(const struct wording_act *acts, uint32_t bits)
{
	const char *gap = "";

	putchar('[');
	for (; acts->name; acts++) {
		if (!(bits & acts->bit))
			continue;
		printf("%s\"%s\"", gap, acts->name);
		gap = ",";
	}
	putchar(']');
}
