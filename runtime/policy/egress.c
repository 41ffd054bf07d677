// SPDX-License-Identifier: GPL-2.0-or-later
/* Names that a policy lets the gateway connect to. */
#include "policy/egress.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#define NAME_MAX_BYTES 253
#define PART_MAX_BYTES 63

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f');
}

static bool is_of_names(char c)
{
	return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') || c == '-' || c == '_';
}

/* As inet_aton() has one, in any base; no top-level domain is such. */
static bool is_number(const char *part, size_t len)
{
	bool hex = len >= 2 && part[0] == '0' && lower(part[1]) == 'x';
	size_t i;

	for (i = hex ? 2 : 0; i < len; i++)
		if (hex ? !is_hex(part[i]) : !is_digit(part[i]))
			return false;
	return true;
}

/* IPv6, perhaps in brackets, perhaps with a zone; or whatever else is in brackets and an address. */
static bool is_ipv6(const char *name, size_t len)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr in6;
	struct in_addr in;
	const char *zone;
	bool in_brackets = len >= 2 && name[0] == '[' && name[len - 1] == ']';

	if (in_brackets) {
		name++;
		len -= 2;
	}
	zone = memchr(name, '%', len);
	if (zone)
		len = (size_t)(zone - name);
	if (len >= sizeof(text) || memchr(name, '\0', len))
		return false;
	memcpy(text, name, len);
	text[len] = '\0';
	return inet_pton(AF_INET6, text, &in6) == 1 ||
	       ((in_brackets || zone) && inet_aton(text, &in));
}

int egress_host(const char *name, size_t len, char *ret_host)
{
	char host[COMPILED_HOST] = "";
	size_t i, part = 0;

	if (is_ipv6(name, len))
		return -EADDRNOTAVAIL;
	if (len && name[len - 1] == '.')
		len--;
	if (!len || len > NAME_MAX_BYTES || name[0] == '-')
		return -EINVAL;
	for (i = 0; i < len; i++) {
		if (name[i] == '.' ? i == part : !is_of_names(name[i]))
			return -EINVAL;
		if (name[i] == '.')
			part = i + 1;
		else if (i - part == PART_MAX_BYTES)
			return -EINVAL;
		host[i] = lower(name[i]);
	}
	if (part == len)
		return -EINVAL;
	if (is_number(host + part, len - part))
		return -EADDRNOTAVAIL;
	memcpy(ret_host, host, sizeof(host));
	return 0;
}

bool egress_matches(const char *pattern, const char *host)
{
	size_t below, len;

	if (pattern[0] != '*')
		return strcmp(pattern, host) == 0;
	if (!pattern[1])
		return true;
	below = strlen(pattern + 1);
	len = strlen(host);
	return len > below && strcmp(host + len - below, pattern + 1) == 0;
}

static bool is_of_models(char c)
{
	return is_of_names(c) || c == '.' || c == ':' || c == '@' || c == '+';
}

bool egress_model_valid(const char *pattern, size_t len)
{
	size_t at, end = len;

	if (!len || len >= COMPILED_HOST)
		return false;
	if (pattern[len - 1] == '*')
		end--;
	for (at = 0; at < end; at++)
		if (pattern[at] == '/' ? !at || pattern[at - 1] == '/' : !is_of_models(pattern[at]))
			return false;
	return pattern[len - 1] != '/';
}

bool egress_kind_allows(unsigned int kind)
{
	return kind == EGRESS_TLS || kind == EGRESS_ANY || kind == EGRESS_PROVIDER ||
	       kind == EGRESS_WATCH;
}

/* The nearer, the fewer names it is on: a name, then what is below a longer one, then "*". */
static size_t nearness(const char *pattern)
{
	return pattern[0] == '*' ? strlen(pattern) : COMPILED_HOST;
}

/* The nearest of a sort among those that match; near 0: there is none. */
struct nearest {
	size_t near;
	uint32_t number;
};

static void nearest_take(struct nearest *n, const struct compiled_egress *rule)
{
	if (nearness(rule->host) <= n->near)
		return;
	n->near = nearness(rule->host);
	n->number = rule->number;
}

enum egress_why egress_decide(const struct compiled_egress *rules, size_t count, const char *host,
			      uint16_t port, bool plain, uint32_t *ret_number)
{
	const bool provider = egress_is_provider(host);
	enum egress_why why = provider ? EGRESS_WHY_PROVIDER : EGRESS_WHY_NO_RULE;
	/* Of those that allow something: named is any of them, allow are those for what is asked. */
	struct nearest named = { 0 }, allow = { 0 }, watch = { 0 }, deny = { 0 }, kill = { 0 };
	size_t i;

	for (i = 0; i < count; i++) {
		const struct compiled_egress *rule = &rules[i];

		if (rule->kind == EGRESS_PRIVATE || rule->kind == EGRESS_MODEL ||
		    port < rule->port_first || port > rule->port_last ||
		    !egress_matches(rule->host, host))
			continue;
		if (rule->kind == EGRESS_DENY || rule->kind == EGRESS_KILL) {
			nearest_take(rule->kind == EGRESS_KILL ? &kill : &deny, rule);
			continue;
		}
		if (provider && rule->kind != EGRESS_PROVIDER)
			continue;
		nearest_take(&named, rule);
		if (rule->kind == EGRESS_WATCH)
			nearest_take(&watch, rule);
		if (!plain || rule->kind == EGRESS_ANY)
			nearest_take(&allow, rule);
		else
			why = EGRESS_WHY_NOT_TLS;
	}
	if (kill.near && kill.near >= deny.near && kill.near >= named.near)
		why = EGRESS_WHY_KILLED;
	else if (deny.near && deny.near >= named.near)
		why = EGRESS_WHY_DENIED;
	else if (allow.near)
		why = watch.near >= allow.near ? EGRESS_WHY_WATCHED : EGRESS_WHY_ALLOWED;
	*ret_number = why == EGRESS_WHY_KILLED	? kill.number :
		      why == EGRESS_WHY_DENIED	? deny.number :
		      why == EGRESS_WHY_WATCHED ? watch.number :
		      why == EGRESS_WHY_ALLOWED ? allow.number :
						  AGENTOS_RULE_NONE;
	return why;
}

static bool is_zero(const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	while (len && !*at) {
		at++;
		len--;
	}
	return !len;
}

/* A host as egress_host() would have it, perhaps behind "*."; or "*". */
static bool host_is_valid(const char *host)
{
	char own[COMPILED_HOST];
	size_t len = strnlen(host, COMPILED_HOST);

	if (len == COMPILED_HOST || !is_zero(host + len, COMPILED_HOST - len))
		return false;
	if (strcmp(host, "*") == 0)
		return true;
	if (strncmp(host, "*.", 2) == 0)
		host += 2;
	return egress_host(host, strlen(host), own) == 0 && strcmp(host, own) == 0;
}

static bool model_is_valid(const char *pattern)
{
	size_t len = strnlen(pattern, COMPILED_HOST);

	return egress_model_valid(pattern, len) && is_zero(pattern + len, COMPILED_HOST - len);
}

static bool prefix_is_valid(const struct compiled_egress *rule)
{
	unsigned int bits = rule->family == AF_INET ? 32 : 128, i;

	if ((rule->family != AF_INET && rule->family != AF_INET6) || rule->prefix > bits)
		return false;
	for (i = rule->prefix; i < 8 * sizeof(rule->addr); i++)
		if (rule->addr[i / 8] >> (7 - i % 8) & 1)
			return false;
	return true;
}

bool egress_valid(const struct compiled_egress *rule)
{
	if (rule->number == AGENTOS_RULE_NONE || rule->pad)
		return false;
	switch (rule->kind) {
	case EGRESS_TLS:
	case EGRESS_ANY:
	case EGRESS_PROVIDER:
	case EGRESS_DENY:
	case EGRESS_KILL:
	case EGRESS_WATCH:
		return !rule->prefix && !rule->family && is_zero(rule->addr, sizeof(rule->addr)) &&
		       rule->port_first && rule->port_first <= rule->port_last &&
		       host_is_valid(rule->host);
	case EGRESS_PRIVATE:
		return prefix_is_valid(rule) && !rule->port_first && !rule->port_last &&
		       is_zero(rule->host, sizeof(rule->host));
	case EGRESS_MODEL:
		return !rule->prefix && !rule->family && is_zero(rule->addr, sizeof(rule->addr)) &&
		       !rule->port_first && !rule->port_last && model_is_valid(rule->host);
	default:
		return false;
	}
}

const char *egress_why_text(enum egress_why why)
{
	static const char *const texts[EGRESS_WHY_COUNT] = {
		[EGRESS_WHY_ALLOWED] = "nothing",
		[EGRESS_WHY_NO_RULE] = "no rule names this host and port",
		[EGRESS_WHY_PROVIDER] =
			"a provider of models is reached through \"egress-providers\" alone",
		[EGRESS_WHY_LITERAL] = "rules are on names, and this is an address",
		[EGRESS_WHY_PRIVATE] = "the name stands for no public address",
		[EGRESS_WHY_UNRESOLVED] = "the name stands for no address",
		[EGRESS_WHY_NOT_TLS] = "what came in the tunnel is not TLS",
		[EGRESS_WHY_SERVER_NAME] =
			"TLS was asked for another server than the tunnel, or for none by name",
		[EGRESS_WHY_UNREACHABLE] = "the connection failed",
		[EGRESS_WHY_MALFORMED] = "it is no request that a proxy understands",
		[EGRESS_WHY_STRANGER] = "who asks is no agent",
		[EGRESS_WHY_BUSY] = "too many connections at once",
		[EGRESS_WHY_DENIED] = "a rule denies this host and port",
		[EGRESS_WHY_KILLED] = "a rule kills for this host and port",
		[EGRESS_WHY_WATCHED] = "a rule watches this host and port",
	};

	if ((unsigned int)why >= EGRESS_WHY_COUNT || !texts[why])
		return "for a reason that is not known";
	return texts[why];
}
