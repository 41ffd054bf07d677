// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as a policy: refused with one clean line, or a policy that keeps its own promises. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "agentos_event.h"
#include "agentos_rights.h"
#include "base/fault.h"
#include "base/limits.h"
#include "policy/egress.h"
#include "policy/policy.h"
#include "tests/fuzz/fuzz.h"

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

/*
 * An input is up to ten files, with a record separator between each and the next.
 * What a file calls another ends in its number, a digit; "d" and a digit is the
 * directory of the files from that one on. All else is not there.
 */
#define SEPARATOR 0x1e
#define FILES_MAX 10

struct input {
	const char *bytes[FILES_MAX];
	size_t len[FILES_MAX];
	size_t count;
};

static void input_split(struct input *in, const char *bytes, size_t len)
{
	const char *end = bytes + len, *stop;

	in->count = 0;
	while (in->count < FILES_MAX) {
		stop = len ? memchr(bytes, SEPARATOR, (size_t)(end - bytes)) : NULL;
		if (!stop || in->count == FILES_MAX - 1)
			stop = end;
		in->bytes[in->count] = bytes;
		in->len[in->count++] = (size_t)(stop - bytes);
		if (stop == end)
			break;
		bytes = stop + 1;
	}
}

static char *file_name(size_t number)
{
	char *name = NULL;

	HOLDS(asprintf(&name, "fuzzed.yaml%zu", number) > 0);
	return name;
}

static char **files_from(const struct input *in, size_t first)
{
	char **names = calloc(FILES_MAX + 1, sizeof(*names));
	size_t i;

	HOLDS(names);
	for (i = first; i < in->count; i++)
		names[i - first] = file_name(i);
	return names;
}

static int input_find(void *cookie, enum policy_link link, const char *name, const char *from,
		      struct policy_found *ret_found, struct fault *f)
{
	const struct input *in = cookie;
	size_t len = strlen(name), number = len ? (size_t)name[len - 1] - '0' : FILES_MAX;

	HOLDS(strncmp(from, "fuzzed.yaml", strlen("fuzzed.yaml")) == 0);
	if (number >= in->count)
		return fault_set(f, ENOENT, "not there");
	*ret_found = (struct policy_found){ .file = file_name(number) };
	if (link == POLICY_INCLUDE && len >= 2 && name[len - 2] == 'd') {
		ret_found->entries = files_from(in, number);
		return 0;
	}
	/* Its own allocation, so that reading past the end is seen. */
	ret_found->len = in->len[number];
	ret_found->bytes = malloc(ret_found->len ? ret_found->len : 1);
	HOLDS(ret_found->bytes);
	memcpy(ret_found->bytes, in->bytes[number], ret_found->len);
	return 0;
}

/* One line, which names the file, and which no terminal acts on. */
static void check_fault(const struct fault *f)
{
	const unsigned char *c;

	HOLDS(strncmp(f->text, "fuzzed.yaml", strlen("fuzzed.yaml")) == 0);
	for (c = (const unsigned char *)f->text; *c; c++)
		HOLDS(*c >= 0x20 && *c != 0x7f);
}

/* A line of one of the files. */
static bool place_is_one(const struct policy *p, struct policy_place at)
{
	size_t count = 0;

	while (p->files[count])
		count++;
	return count <= FILES_MAX && at.file < count && at.line;
}

/* One that the gateway takes, that a right switches on, and by which no provider is reached unnamed. */
static void check_egress(const struct policy *p, size_t at)
{
	const struct policy_egress *e = &p->egress[at];
	char host[COMPILED_HOST];
	enum egress_why why;
	uint32_t number;
	size_t i;

	HOLDS(egress_valid(&e->rule) && place_is_one(p, e->at));
	HOLDS(e->rule.number == p->rule_count + p->address_count + at);
	HOLDS(p->rights & AGENTOS_RIGHT(NET_CONNECT));
	for (i = 0; i < at && at < 64; i++)
		HOLDS(memcmp(&e->rule.kind, &p->egress[i].rule.kind,
			     sizeof(e->rule) - sizeof(e->rule.number)) != 0);
	if (e->rule.kind == EGRESS_PRIVATE || e->rule.kind == EGRESS_MODEL)
		return;
	memcpy(host, e->rule.host, sizeof(host));
	if (host[0] == '*')
		host[0] = 'a';
	HOLDS(egress_matches(e->rule.host, host));
	if (host[1] && egress_is_provider(host))
		HOLDS(e->rule.kind == EGRESS_PROVIDER || !egress_kind_allows(e->rule.kind));
	why = egress_decide(&e->rule, 1, host, e->rule.port_last, false, &number);
	HOLDS(number == e->rule.number);
	HOLDS(why == (e->rule.kind == EGRESS_DENY  ? EGRESS_WHY_DENIED :
		      e->rule.kind == EGRESS_KILL  ? EGRESS_WHY_KILLED :
		      e->rule.kind == EGRESS_WATCH ? EGRESS_WHY_WATCHED :
						     EGRESS_WHY_ALLOWED));
}

static void check_texts(const struct policy *p, char **texts, const struct policy_place *places,
			size_t limit)
{
	size_t i, j;

	for (i = 0; texts && texts[i]; i++) {
		HOLDS(i < limit && place_is_one(p, places[i]));
		for (j = 0; j < i; j++)
			HOLDS(strcmp(texts[i], texts[j]) != 0);
	}
}

/* What the control protocol carries. */
static void check_terms(const struct compiled_terms *t)
{
	uint32_t i;

	HOLDS(!t->limits.memory || (t->limits.memory >= LIMIT_AGENT_MEMORY_MIN &&
				    t->limits.memory <= LIMIT_AGENT_MEMORY_MAX));
	HOLDS(t->limits.processes <= LIMIT_AGENT_PROCESSES && t->limits.cpu <= LIMIT_AGENT_CPU);
	HOLDS(t->limits.io_weight <= LIMIT_AGENT_IO_WEIGHT);
	for (i = 0; i < AGENTOS_RESOURCE_COUNT; i++) {
		const struct compiled_budget *b = &t->budgets[i];

		HOLDS(b->given ? b->action <= AGENTOS_BUDGET_PAUSE :
				 !b->limit && !b->period_ns && !b->action);
		HOLDS(b->period_ns <= LIMIT_POLICY_TIME_NS);
		HOLDS(!b->period_ns || i != AGENTOS_RESOURCE_WALL_NS);
	}
	HOLDS(t->schedule.criticality <= AGENTOS_CRITICALITY_MAX);
	HOLDS(t->schedule.phase < AGENTOS_PHASE_COUNT);
	HOLDS(t->schedule.deadline_ns <= LIMIT_POLICY_TIME_NS);
	HOLDS(t->schedule.given & COMPILED_EFFICIENCY || !t->schedule.efficiency);
	HOLDS(t->schedule.given & COMPILED_COST || !t->schedule.cost);
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
		HOLDS(place_is_one(p, rule->at) && place_is_one(p, rule->deny_at));
		for (j = 0; j < i && i < 64; j++)
			HOLDS(rule->anywhere != p->rules[j].anywhere ||
			      rule->abstract != p->rules[j].abstract ||
			      strcmp(rule->path, p->rules[j].path) != 0);
	}
	HOLDS(p->address_count <= AGENTOS_NET_RULES_MAX);
	for (i = 0; i < p->address_count; i++)
		HOLDS(address_is_a_rule(p, &p->addresses[i]) &&
		      place_is_one(p, p->addresses[i].at) &&
		      place_is_one(p, p->addresses[i].deny_at));
	HOLDS(p->egress_count <= LIMIT_EGRESS_RULES);
	for (i = 0; i < p->egress_count; i++)
		check_egress(p, i);
	for (i = 0; i < AGENTOS_RIGHT_COUNT; i++)
		HOLDS(!(p->rights & (1ULL << i)) || place_is_one(p, p->right_at[i]));
	check_texts(p, p->env_keep, p->env_keep_at, LIMIT_POLICY_ENV);
	check_texts(p, p->env_set, p->env_set_at, LIMIT_POLICY_ENV);
	check_texts(p, p->directories, p->directories_at, LIMIT_POLICY_DIRS);
	HOLDS(p->env_scrub || (!p->env_keep && !p->env_set));
	for (i = 0; p->env_set && p->env_set[i]; i++)
		HOLDS(strchr(p->env_set[i], '='));
	for (i = 0; p->directories && p->directories[i]; i++)
		HOLDS(path_is_normal(p->directories[i]));
	check_terms(&p->terms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct policy_vars vars = { "/home/demo/work", "/home/demo", "demo" };
	struct fault f = { "" };
	struct policy *p = NULL;
	struct input input;
	const struct policy_loader loader = { input_find, &input, "fuzzed.yaml0" };
	int err;

	input_split(&input, (const char *)data, size);
	err = policy_parse(input.bytes[0], input.len[0], "fuzzed.yaml", &vars, &loader, &p, &f);
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
