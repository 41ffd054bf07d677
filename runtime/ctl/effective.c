// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules with their numbers, for people and for programs. */
#include "ctl/effective.h"

#include <arpa/inet.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "agentos.h"
#include "base/escape.h"
#include "ctl/ctl.h"

/* A bit of a rule, and what it is called. */
struct word {
	uint32_t bit;
	const char *name;
};

static const struct word file_words[] = {
	{ AGENTOS_FILE_READ, "read" },
	{ AGENTOS_FILE_WRITE, "write" },
	{ AGENTOS_FILE_EXEC, "execute" },
	{ AGENTOS_FILE_CONNECT, "connect" },
	{ 0, NULL },
};

static const struct word net_words[] = {
	{ AGENTOS_NET_CONNECT_TCP, "connect-tcp" },
	{ AGENTOS_NET_CONNECT_UDP, "connect-udp" },
	{ AGENTOS_NET_CONNECT_OTHER, "connect-other" },
	{ AGENTOS_NET_LISTEN_TCP, "listen-tcp" },
	{ AGENTOS_NET_LISTEN_UDP, "listen-udp" },
	{ AGENTOS_NET_LISTEN_OTHER, "listen-other" },
	{ 0, NULL },
};

/* One rule on its way out. */
struct line {
	size_t number;
	uint32_t line;
	const struct word *words;
	uint32_t allow, deny;
	const char *kind; /* "path", "name", "abstract", "address" */
	const char *object;
};

static void put_words(const struct word *words, uint32_t bits, const char *between,
		      const char *around)
{
	const char *gap = "";

	for (; words->name; words++) {
		if (!(bits & words->bit))
			continue;
		printf("%s%s%s%s", gap, around, words->name, around);
		gap = between;
	}
}

/* All protocols that there are need not be listed. NULL: they must. */
static const char *words_of_all(const struct word *words, uint32_t bits)
{
	if (words != net_words)
		return NULL;
	return bits == AGENTOS_NET_ALL	   ? "connect, listen" :
	       bits == AGENTOS_NET_CONNECT ? "connect" :
	       bits == AGENTOS_NET_LISTEN  ? "listen" :
					     NULL;
}

static void line_text(const struct line *l, bool denies)
{
	uint32_t bits = denies ? l->deny : l->allow;
	const char *words = words_of_all(l->words, bits);
	char shown[ESCAPE_TEXT_MAX(PATH_MAX) + 1];

	if (!bits)
		return;
	escape_text(shown, sizeof(shown), l->object, strlen(l->object));
	printf("%6zu  line %-5u %s  %s%s  for ", l->number, l->line, denies ? "deny " : "allow",
	       shown, strcmp(l->kind, "name") == 0 ? " anywhere" : "");
	if (words)
		fputs(words, stdout);
	else
		put_words(l->words, bits, ", ", "");
	putchar('\n');
}

static void line_json(const struct line *l, const char *gap)
{
	char safe[ESCAPE_JSON_MAX(PATH_MAX) + 1];

	escape_json(safe, sizeof(safe), l->object, strlen(l->object));
	printf("%s{\"rule\":%zu,\"line\":%u,\"kind\":\"%s\",\"object\":\"%s\",\"allow\":[", gap,
	       l->number, l->line, l->kind, safe);
	put_words(l->words, l->allow, ",", "\"");
	printf("],\"deny\":[");
	put_words(l->words, l->deny, ",", "\"");
	printf("]}");
}

static void line_print(const struct line *l, bool json, const char *gap)
{
	if (json) {
		line_json(l, gap);
		return;
	}
	line_text(l, false);
	line_text(l, true);
}

/* As a policy's list has it. */
static void address_format(const struct policy_address *a, char *text, size_t size)
{
	const bool is_ipv6 = a->family == AF_INET6;
	char address[INET6_ADDRSTRLEN] = "?", ports[16] = "*", prefix[8] = "";

	inet_ntop(a->family, a->addr, address, sizeof(address));
	if (a->prefix != (is_ipv6 ? 128 : 32))
		snprintf(prefix, sizeof(prefix), "/%u", a->prefix);
	if (a->port_first == a->port_last)
		snprintf(ports, sizeof(ports), "%u", a->port_first);
	else if (a->port_first || a->port_last != UINT16_MAX)
		snprintf(ports, sizeof(ports), "%u-%u", a->port_first, a->port_last);
	snprintf(text, size, is_ipv6 ? "[%s%s]:%s" : "%s%s:%s", address, prefix, ports);
}

static void rules_print(const struct policy *p, bool json)
{
	char text[INET6_ADDRSTRLEN + 32];
	const char *gap = "";
	struct line l;
	size_t i;

	for (i = 0; i < p->rule_count; i++) {
		const struct policy_rule *rule = &p->rules[i];

		l = (struct line){
			i,	    rule->line,
			file_words, rule->allow,
			rule->deny, rule->anywhere ? "name" : rule->abstract ? "abstract" : "path",
			rule->path
		};
		line_print(&l, json, gap);
		gap = ",";
	}
	for (i = 0; i < p->address_count; i++) {
		const struct policy_address *a = &p->addresses[i];

		address_format(a, text, sizeof(text));
		l = (struct line){ p->rule_count + i, a->line,	 net_words, a->allow,
				   a->deny,	      "address", text };
		line_print(&l, json, gap);
		gap = ",";
	}
}

void effective_print(const struct policy *p, const char *file, bool json)
{
	char safe[ESCAPE_JSON_MAX(PATH_MAX) + 1];

	if (json) {
		escape_json(safe, sizeof(safe), file, strlen(file));
		printf("{\"file\":\"%s\",\"name\":\"%s\",\"rights\":[", safe, p->name);
		ctl_rights_print(p->rights, ",", "\"");
		printf("],\"rules\":[");
		rules_print(p, true);
		printf("]}\n");
		return;
	}
	escape_text(safe, sizeof(safe), file, strlen(file));
	printf("%s: policy %s, rights ", safe, p->name);
	ctl_rights_print(p->rights, ", ", "");
	putchar('\n');
	rules_print(p, false);
}
