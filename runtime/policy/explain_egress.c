// SPDX-License-Identifier: GPL-2.0-or-later
/* From a name that the gateway did not connect to, to the lines of a policy that would allow it. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "policy/egress.h"
#include "policy/explain.h"

static struct explain_item *item_add(struct explain *x, const char *section, const char *list)
{
	struct explain_item *item = &x->items[x->count++];

	item->section = section;
	item->list = list;
	return item;
}

/* Rules on names have no effect without it. */
static void add_right(struct explain *x, const struct policy *p)
{
	if (p && !(p->rights & AGENTOS_RIGHT(NET_CONNECT)))
		strcpy(item_add(x, "rights", NULL)->item, "net-connect");
}

static void add_host(struct explain *x, const struct policy *p, const char *list, const char *host,
		     uint16_t port)
{
	struct explain_item *item;

	if (!host[0] || !port)
		return;
	add_right(x, p);
	item = item_add(x, "network", list);
	snprintf(item->item, sizeof(item->item), "\"%s:%u\"", host, port);
}

/* The rule that is about the host: that of the record, else one at this port, else the first. */
static const struct policy_egress *rule_nearest(const struct explain_asked *asked,
						const struct policy *p, const char *host)
{
	const struct policy_egress *first = NULL, *e;
	size_t i;

	for (i = 0; p && i < p->egress_count; i++) {
		e = &p->egress[i];
		if (e->rule.kind == EGRESS_PRIVATE || e->rule.kind == EGRESS_MODEL ||
		    !egress_matches(e->rule.host, host))
			continue;
		if (asked->rule == AGENTOS_RULE_NONE ?
			    asked->port >= e->rule.port_first && asked->port <= e->rule.port_last :
			    asked->rule == e->rule.number)
			return e;
		if (!first)
			first = e;
	}
	return first;
}

static void explain_nearest(struct explain *x, const struct explain_asked *asked,
			    const struct policy *p, const char *host)
{
	const struct policy_egress *e = host[0] ? rule_nearest(asked, p, host) : NULL;

	if (!e)
		return;
	x->has_rule = x->falls_short = true;
	x->number = e->rule.number;
	x->file = e->at.file ? p->files[e->at.file] : NULL;
	x->line = e->at.line;
	snprintf(x->rule, sizeof(x->rule),
		 e->rule.port_first == e->rule.port_last ? "%s:%u" : "%s:%u-%u", e->rule.host,
		 e->rule.port_first, e->rule.port_last);
}

static void explain_no_rule(struct explain *x, const struct explain_asked *asked,
			    const struct policy *p, const char *host)
{
	explain_nearest(x, asked, p, host);
	add_host(x, p, "egress", host, asked->port);
	x->lesson = x->has_rule ? "A rule is on a name and its ports: none is on this port." :
		    p		? "No rule on host names is about this host." :
				  "No rule of its policy named this host and port.";
}

/* Would some rule allow it, were it not for those against it? */
static bool is_allowed_else(const struct explain_asked *asked, const struct policy *p,
			    const char *host)
{
	const bool provider = egress_is_provider(host);
	const struct compiled_egress *rule;
	size_t i;

	for (i = 0; p && i < p->egress_count; i++) {
		rule = &p->egress[i].rule;
		if (egress_kind_allows(rule->kind) &&
		    (!provider || rule->kind == EGRESS_PROVIDER) &&
		    asked->port >= rule->port_first && asked->port <= rule->port_last &&
		    egress_matches(rule->host, host))
			return true;
	}
	return false;
}

/* A rule against it decided: it must go, or none that allows it would win. */
static void explain_denied(struct explain *x, const struct explain_asked *asked,
			   const struct policy *p, const char *host)
{
	explain_nearest(x, asked, p, host);
	x->falls_short = false;
	x->is_removal = x->has_rule;
	if (!is_allowed_else(asked, p, host))
		add_host(x, p, egress_is_provider(host) ? "egress-providers" : "egress", host,
			 asked->port);
	x->lesson = asked->why == EGRESS_WHY_KILLED ?
			    "Whoever asks for what \"egress-kill\" names is killed with the whole "
			    "agent." :
			    "What \"egress-deny\" names is denied although a rule on more names "
			    "allows it.";
}

/* Through the gateway none goes; past it there are rules on addresses. */
static void explain_literal(struct explain *x, const struct explain_asked *asked,
			    const struct policy *p)
{
	char text[INET6_ADDRSTRLEN + 2];
	size_t len = strlen(asked->host);
	struct explain_item *item;
	struct in6_addr in6;
	struct in_addr in;
	bool is_ipv6;

	x->lesson = "The gateway takes names: an address is reached past it, where \"connect\" "
		    "allows it, by a program that asks no proxy for that (NO_PROXY).";
	if (len >= 2 && asked->host[0] == '[' && asked->host[len - 1] == ']')
		snprintf(text, sizeof(text), "%.*s", (int)len - 2, asked->host + 1);
	else
		snprintf(text, sizeof(text), "%s", asked->host);
	is_ipv6 = inet_pton(AF_INET6, text, &in6) == 1;
	if (!asked->port || (!is_ipv6 && inet_pton(AF_INET, text, &in) != 1))
		return;
	add_right(x, p);
	item = item_add(x, "network", "connect");
	snprintf(item->item, sizeof(item->item), is_ipv6 ? "\"[%s]:%u/tcp\"" : "\"%s:%u/tcp\"",
		 text, asked->port);
}

static void explain_private(struct explain *x, const struct explain_asked *asked,
			    const struct policy *p, const char *host)
{
	char text[INET6_ADDRSTRLEN];
	struct explain_item *item;

	explain_nearest(x, asked, p, host);
	if (!inet_ntop(asked->family, asked->addr, text, sizeof(text))) {
		x->lesson =
			"The name stands for an address that is not public, which the log does not "
			"tell. Which ones it may stand for is said by \"egress-private\" below "
			"\"network\", as in egress-private: [10.0.0.0/8].";
		return;
	}
	x->lesson = "The name stands for an address that is not public: a private network, this "
		    "machine, or what hands out a cloud's credentials.";
	item = item_add(x, "network", "egress-private");
	snprintf(item->item, sizeof(item->item), "\"%s\"", text);
}

/* What is no TLS to that very name is "egress-any"'s, which is for no provider. */
static void explain_tunnel(struct explain *x, const struct explain_asked *asked,
			   const struct policy *p, const char *host)
{
	explain_nearest(x, asked, p, host);
	if (egress_is_provider(host)) {
		x->is_possible = false;
		x->lesson = "To a provider of models goes TLS to that very name, and nothing else.";
		return;
	}
	add_host(x, p, "egress-any", host, asked->port);
	x->lesson =
		asked->why == EGRESS_WHY_NOT_TLS ?
			"Better to use TLS: what goes through such a tunnel, and to whom it is "
			"passed on, nobody checks." :
			"Better to ask the proxy for the name that TLS asks the server for, and "
			"to let TLS name it: what goes through such a tunnel, and to whom it is "
			"passed on, nobody checks.";
}

void explain_egress(const struct explain_asked *asked, const struct policy *policy,
		    struct explain *x)
{
	char host[COMPILED_HOST];

	memset(x, 0, sizeof(*x));
	x->is_possible = true;
	x->number = asked->rule;
	if (egress_host(asked->host, strlen(asked->host), host))
		host[0] = '\0';
	switch (asked->why) {
	case EGRESS_WHY_NO_RULE:
		explain_no_rule(x, asked, policy, host);
		break;
	case EGRESS_WHY_PROVIDER:
		explain_nearest(x, asked, policy, host);
		add_host(x, policy, "egress-providers", host, asked->port);
		x->lesson =
			"A provider of models is reached by \"egress-providers\" alone, so that "
			"no agent pays one past its budgets.";
		break;
	case EGRESS_WHY_LITERAL:
		explain_literal(x, asked, policy);
		break;
	case EGRESS_WHY_PRIVATE:
		explain_private(x, asked, policy, host);
		break;
	case EGRESS_WHY_NOT_TLS:
	case EGRESS_WHY_SERVER_NAME:
		explain_tunnel(x, asked, policy, host);
		break;
	case EGRESS_WHY_UNRESOLVED:
		x->lesson = "The policy is not against it: the machine's resolver has no address "
			    "for the name.";
		break;
	case EGRESS_WHY_UNREACHABLE:
		x->lesson = "The policy is not against it: none of the name's addresses took the "
			    "connection.";
		break;
	case EGRESS_WHY_MALFORMED:
		x->lesson = "The policy is not against it: what was sent is no request that a "
			    "proxy understands.";
		break;
	case EGRESS_WHY_DENIED:
	case EGRESS_WHY_KILLED:
		explain_denied(x, asked, policy, host);
		break;
	case EGRESS_WHY_WATCHED:
		explain_nearest(x, asked, policy, host);
		x->falls_short = false;
		x->watches = true;
		x->lesson =
			"The policy allows it, and watches it: \"egress-watch\" has it recorded "
			"like a denial.";
		break;
	case EGRESS_WHY_STRANGER:
		x->is_possible = false;
		x->lesson = "Who asked is no agent, and the gateway connects for agents alone.";
		break;
	case EGRESS_WHY_BUSY:
		x->lesson = "The policy is not against it: the gateway had too many connections at "
			    "once. Try again.";
		break;
	default:
		x->lesson = "The record does not say why.";
	}
}
