// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as a policy: refused with one clean line, or a policy that keeps its own promises. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "agentos_event.h"
#include "agentos_rights.h"
#include "base/fault.h"
#include "policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What does not hold ends the run, and libFuzzer keeps the input. */
#define HOLDS(x)                                                                \
	do {                                                                    \
		if (!(x)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x); \
			abort();                                                \
		}                                                               \
	} while (0)

/* Absolute, and without a component that could lead elsewhere. */
static bool path_is_normal(const char *path)
{
	size_t len = strlen(path);

	return path[0] == '/' && !strstr(path, "//") && !strstr(path, "/./") &&
	       !strstr(path, "/../") && (len == 1 || path[len - 1] != '/') &&
	       (len < 2 || strcmp(path + len - 2, "/.") != 0) &&
	       (len < 3 || strcmp(path + len - 3, "/..") != 0);
}

/* What the module takes for a name anywhere. */
static bool name_is_pattern(const char *name)
{
	size_t len = strlen(name);
	const char *star = strchr(name, '*');

	return len && len < AGENTOS_RULE_NAME_SIZE && !strchr(name, '/') &&
	       strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
	       (!star || (len > 1 && (star == name || !star[1]) && !strchr(star + 1, '*')));
}

/* What the module takes, and what a right switches on. */
static bool address_is_a_rule(const struct policy *p, const struct policy_address *a)
{
	unsigned int bits = a->family == AF_INET ? 32 : 128, i;

	if ((a->family != AF_INET && a->family != AF_INET6) || a->prefix > bits)
		return false;
	for (i = a->prefix; i < 8 * sizeof(a->addr); i++)
		if (a->addr[i / 8] >> (7 - i % 8) & 1)
			return false;
	return a->port_first <= a->port_last && (a->allow | a->deny) && !(a->allow & a->deny) &&
	       !((a->allow | a->deny) & ~AGENTOS_NET_ALL) &&
	       (!(a->allow & AGENTOS_NET_CONNECT) || p->rights & AGENTOS_RIGHT(NET_CONNECT)) &&
	       (!(a->allow & AGENTOS_NET_LISTEN) || p->rights & AGENTOS_RIGHT(NET_LISTEN));
}

/* One line, which names the file, and which no terminal acts on. */
static void check_fault(const struct fault *f)
{
	const unsigned char *c;

	HOLDS(strncmp(f->text, "fuzzed.yaml", strlen("fuzzed.yaml")) == 0);
	for (c = (const unsigned char *)f->text; *c; c++)
		HOLDS(*c >= 0x20 && *c != 0x7f);
}

static void check_policy(const struct policy *p)
{
	size_t i, j;

	HOLDS(p->rights && !(p->rights & ~AGENTOS_RIGHTS_ALL));
	HOLDS(p->name[0] && strnlen(p->name, sizeof(p->name)) < sizeof(p->name));
	HOLDS(p->rule_count <= AGENTOS_POLICY_RULES_MAX);
	for (i = 0; i < p->rule_count; i++) {
		const struct policy_rule *rule = &p->rules[i];

		HOLDS(rule->anywhere ? name_is_pattern(rule->path) && !rule->allow :
		      rule->abstract ? rule->path[0] == '@' && rule->path[1] &&
					       strlen(rule->path) <= AGENTOS_RULE_NAME_SIZE &&
					       rule->allow == AGENTOS_FILE_CONNECT :
				       path_is_normal(rule->path));
		HOLDS((rule->allow | rule->deny) && !(rule->allow & rule->deny));
		HOLDS(!((rule->allow | rule->deny) & ~AGENTOS_FILE_ALL));
		/* A kind of access that no right switches on would be a mere declaration. */
		HOLDS(!(rule->allow & AGENTOS_FILE_READ) || p->rights & AGENTOS_RIGHT(FILE_READ));
		HOLDS(!(rule->allow & AGENTOS_FILE_WRITE) || p->rights & AGENTOS_RIGHT(FILE_WRITE));
		HOLDS(!(rule->allow & AGENTOS_FILE_EXEC) || p->rights & AGENTOS_RIGHT(FILE_EXEC));
		HOLDS(!(rule->allow & AGENTOS_FILE_CONNECT) ||
		      p->rights & AGENTOS_RIGHT(UNIX_CONNECT));
		for (j = 0; j < i && i < 64 && !rule->abstract; j++)
			HOLDS(strcmp(rule->path, p->rules[j].path) != 0);
	}
	HOLDS(p->address_count <= AGENTOS_NET_RULES_MAX);
	for (i = 0; i < p->address_count; i++)
		HOLDS(address_is_a_rule(p, &p->addresses[i]));
	for (i = 0; p->env_set && p->env_set[i]; i++)
		HOLDS(strchr(p->env_set[i], '='));
	for (i = 0; p->directories && p->directories[i]; i++)
		HOLDS(path_is_normal(p->directories[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct policy_vars vars = { "/home/demo/work", "/home/demo", "demo" };
	struct fault f = { "" };
	struct policy *p = NULL;
	int err = policy_parse((const char *)data, size, "fuzzed.yaml", &vars, &p, &f);

	HOLDS(err <= 0);
	if (err) {
		HOLDS(!p);
		check_fault(&f);
		return 0;
	}
	HOLDS(p);
	check_policy(p);
	policy_free(p);
	return 0;
}
