// SPDX-License-Identifier: GPL-2.0-or-later
/* The limits:, budgets: and schedule: sections of a policy. */
#include <string.h>

#include "base/limits.h"
#include "policy/policy.h"
#include "tests/tap.h"

#define HEAD  "name: a\nrights: [bpf]\n"
#define HOURS 3600000000000ULL

static int parse(const char *text, struct policy **ret_policy, struct fault *f)
{
	static const struct policy_vars vars = { .workspace = "/w" };

	*ret_policy = NULL;
	strcpy(f->text, "(no message)");
	return policy_parse(text, strlen(text), "p.yaml", &vars, NULL, ret_policy, f);
}

static void every_key_is_read(void)
{
	const struct compiled_budget *b;
	struct policy *p;
	struct fault f;

	CHECK_INT(parse(HEAD "limits:\n"
			     "  memory: 2G\n"
			     "  processes: 200\n"
			     "  cpu: 150%\n"
			     "  io-weight: 50\n"
			     "budgets:\n"
			     "  tokens: 200k per 24h\n"
			     "  microdollars: $5 per 30d, pause\n"
			     "  tool-calls: none\n"
			     "  net-bytes: 10MiB,kill\n"
			     "  cpu-ns: 2h , kill\n"
			     "  wall-ns: 1.5h, refuse\n"
			     "schedule: {criticality: 0, phase: background, deadline: 2h,\n"
			     "  efficiency: 1.5, cost: 0.1}\n",
			&p, &f),
		  0);
	CHECK_STR(f.text, "(no message)");
	REQUIRE(p != NULL);
	CHECK_INT(p->terms.limits.memory, 2000000000);
	CHECK_INT(p->terms.limits.processes, 200);
	CHECK_INT(p->terms.limits.cpu, 150);
	CHECK_INT(p->terms.limits.io_weight, 50);
	b = p->terms.budgets;
	CHECK_INT(b[AGENTOS_RESOURCE_TOKENS].limit, 200000);
	CHECK_INT(b[AGENTOS_RESOURCE_TOKENS].period_ns, 24 * HOURS);
	CHECK_INT(b[AGENTOS_RESOURCE_TOKENS].action, AGENTOS_BUDGET_REFUSE);
	CHECK_INT(b[AGENTOS_RESOURCE_MICRODOLLARS].limit, 5000000);
	CHECK_INT(b[AGENTOS_RESOURCE_MICRODOLLARS].period_ns, 720 * HOURS);
	CHECK_INT(b[AGENTOS_RESOURCE_MICRODOLLARS].action, AGENTOS_BUDGET_PAUSE);
	CHECK(b[AGENTOS_RESOURCE_TOOL_CALLS].limit == AGENTOS_BUDGET_UNLIMITED);
	CHECK_INT(b[AGENTOS_RESOURCE_TOOL_CALLS].given, 1);
	CHECK_INT(b[AGENTOS_RESOURCE_NET_BYTES].limit, 10 << 20);
	CHECK_INT(b[AGENTOS_RESOURCE_NET_BYTES].action, AGENTOS_BUDGET_KILL);
	CHECK_INT(b[AGENTOS_RESOURCE_CPU_NS].limit, 2 * HOURS);
	CHECK_INT(b[AGENTOS_RESOURCE_CPU_NS].action, AGENTOS_BUDGET_KILL);
	CHECK_INT(b[AGENTOS_RESOURCE_WALL_NS].limit, 3 * HOURS / 2);
	CHECK_INT(b[AGENTOS_RESOURCE_WALL_NS].action, AGENTOS_BUDGET_REFUSE);
	CHECK_INT(p->terms.schedule.given, COMPILED_SCHEDULE);
	CHECK_INT(p->terms.schedule.criticality, 0);
	CHECK_INT(p->terms.schedule.phase, AGENTOS_PHASE_BACKGROUND);
	CHECK_INT(p->terms.schedule.deadline_ns, 2 * HOURS);
	CHECK_INT(p->terms.schedule.efficiency, 3 << 15);
	CHECK_INT(p->terms.schedule.cost, 6554); /* to the nearest */
	policy_free(p);
}

/* What another file is called, it is this one. */
static int find_base(void *cookie, enum policy_link link, const char *name, const char *from,
		     struct policy_found *ret_found, struct fault *f)
{
	const char *text = cookie;

	ret_found->file = strdup(name);
	ret_found->bytes = strdup(text);
	ret_found->len = strlen(text);
	return 0;
}

static void what_is_extended_gives_way_one_by_one(void)
{
	static char base[] = HEAD
		"limits: {memory: 1G, cpu: 50%}\n"
		"budgets: {tokens: '5, kill', cpu-ns: 1h}\n"
		"schedule: {criticality: 20, phase: waiting, efficiency: 2, cost: 3}\n";
	static const char top[] = "name: b\nextends: a\n"
				  "limits: {memory: 2G, processes: 9}\n"
				  "budgets: {tokens: 7}\n"
				  "schedule: {criticality: 0, deadline: 1h, cost: 0}\n";
	const struct policy_loader loader = { .find = find_base, .cookie = base };
	const struct policy_vars vars = { .workspace = "/w" };
	struct policy *p = NULL;
	struct fault f = { "" };

	CHECK_INT(policy_parse(top, strlen(top), "p.yaml", &vars, &loader, &p, &f), 0);
	CHECK_STR(f.text, "");
	REQUIRE(p != NULL);
	CHECK_INT(p->terms.limits.memory, 2000000000);
	CHECK_INT(p->terms.limits.processes, 9);
	CHECK_INT(p->terms.limits.cpu, 50);
	CHECK_INT(p->terms.budgets[AGENTOS_RESOURCE_TOKENS].limit, 7);
	CHECK_INT(p->terms.budgets[AGENTOS_RESOURCE_TOKENS].action, AGENTOS_BUDGET_REFUSE);
	CHECK_INT(p->terms.budgets[AGENTOS_RESOURCE_CPU_NS].limit, HOURS);
	CHECK_INT(p->terms.schedule.given, COMPILED_SCHEDULE);
	CHECK_INT(p->terms.schedule.criticality, 0);
	CHECK_INT(p->terms.schedule.phase, AGENTOS_PHASE_WAITING);
	CHECK_INT(p->terms.schedule.efficiency, 2 << 16);
	CHECK_INT(p->terms.schedule.cost, 0);
	policy_free(p);
}

static void what_is_left_out_is_not_given(void)
{
	static const struct compiled_terms none;
	struct policy *p;
	struct fault f;

	CHECK_INT(parse(HEAD, &p, &f), 0);
	REQUIRE(p != NULL);
	CHECK(memcmp(&p->terms, &none, sizeof(none)) == 0);
	policy_free(p);
	CHECK_INT(
		parse(HEAD "limits: {cpu: 1%}\nbudgets: {tokens: 0}\nschedule: {phase: working}\n",
		      &p, &f),
		0);
	REQUIRE(p != NULL);
	CHECK_INT(p->terms.limits.cpu, 1);
	CHECK(!p->terms.limits.memory && !p->terms.limits.processes && !p->terms.limits.io_weight);
	CHECK_INT(p->terms.budgets[AGENTOS_RESOURCE_TOKENS].given, 1);
	CHECK_INT(p->terms.budgets[AGENTOS_RESOURCE_TOKENS].limit, 0);
	CHECK_INT(p->terms.budgets[AGENTOS_RESOURCE_CPU_NS].given, 0);
	CHECK_INT(p->terms.schedule.given, COMPILED_PHASE);
	policy_free(p);
}

static void the_bounds_are_within(void)
{
	struct policy *p;
	struct fault f;

	CHECK_INT(parse(HEAD
			"limits: {memory: 1MiB, processes: 1, cpu: 819200%, io-weight: 10000}\n"
			"budgets: {tokens: 1 per 36500d}\n"
			"schedule: {criticality: 100, deadline: 36500d, efficiency: 65535.99999, "
			"cost: 0.00001}\n",
			&p, &f),
		  0);
	REQUIRE(p != NULL);
	CHECK_INT(p->terms.limits.memory, LIMIT_AGENT_MEMORY_MIN);
	CHECK_INT(p->terms.limits.processes, 1);
	CHECK_INT(p->terms.limits.cpu, LIMIT_AGENT_CPU);
	CHECK_INT(p->terms.limits.io_weight, LIMIT_AGENT_IO_WEIGHT);
	CHECK(p->terms.budgets[0].period_ns == LIMIT_POLICY_TIME_NS);
	CHECK(p->terms.schedule.efficiency == UINT32_MAX);
	CHECK_INT(p->terms.schedule.cost, 1);
	policy_free(p);
	CHECK_INT(parse(HEAD "limits: {memory: 1048576GiB, processes: 4194304}\n", &p, &f), 0);
	REQUIRE(p != NULL);
	CHECK(p->terms.limits.memory == LIMIT_AGENT_MEMORY_MAX);
	policy_free(p);
}

static const struct refusal {
	const char *text; /* from line 3 on */
	const char *where;
	const char *wrong;
	const char *valid;
} refusals[] = {
	{ "limits: 1\n", "p.yaml:3: ", "\"limits\" is one word", "a section" },
	{ "limits: {}\n", "p.yaml:3: ", "is empty", "memory, processes, cpu, io-weight" },
	{ "limits: {mem: 1G}\n", "p.yaml:3: ", "unknown key \"mem\" in \"limits\"",
	  "valid here: memory" },
	{ "limits:\n  memory: [1G]\n", "p.yaml:4: ", "is a list", "one text" },
	{ "limits:\n  memory:\n", "p.yaml:4: ", "has no value", "" },
	{ "limits:\n  memory: 2X\n", "p.yaml:4: ", "limits.memory: \"2X\" is no amount of bytes",
	  "512MiB" },
	{ "limits:\n  memory: -1G\n", "p.yaml:4: ", "is no amount", "" },
	{ "limits:\n  memory: 2 G\n", "p.yaml:4: ", "is no amount", "" },
	{ "limits:\n  memory: 0\n", "p.yaml:4: ", "is too little", "from 1MiB" },
	{ "limits:\n  memory: 1048575\n", "p.yaml:4: ", "is too little", "from 1MiB" },
	{ "limits:\n  memory: 1048577GiB\n", "p.yaml:4: ", "is too large", "1048576GiB" },
	{ "limits:\n  memory: 99999999999999999999\n", "p.yaml:4: ", "is too large", "" },
	{ "limits:\n  memory: none\n", "p.yaml:4: ", "is no limit", "take the line out" },
	{ "limits:\n  processes: 0\n", "p.yaml:4: ", "do nothing", "1 to 4194304" },
	{ "limits:\n  processes: 2k\n", "p.yaml:4: ", "is no such number", "" },
	{ "limits:\n  processes: 4194305\n", "p.yaml:4: ", "is too large", "4194304" },
	{ "limits:\n  cpu: 150\n", "p.yaml:4: ", "\"150\" is no such number", "150%" },
	{ "limits:\n  cpu: 0%\n", "p.yaml:4: ", "do nothing", "1%" },
	{ "limits:\n  cpu: '%'\n", "p.yaml:4: ", "is no such number", "" },
	{ "limits:\n  cpu: 0.5%\n", "p.yaml:4: ", "is no such number", "" },
	{ "limits:\n  cpu: 819201%\n", "p.yaml:4: ", "is too large", "819200%" },
	{ "limits:\n  io-weight: 10001\n", "p.yaml:4: ", "is too large", "10000" },
	{ "limits:\n  io-weight: 0\n", "p.yaml:4: ", "do nothing", "1 to 10000" },
	{ "budgets: [tokens]\n", "p.yaml:3: ", "\"budgets\" is a list", "a section" },
	{ "budgets: {money: $5}\n", "p.yaml:3: ", "unknown key \"money\"", "microdollars" },
	{ "budgets:\n  tokens: {limit: 5}\n", "p.yaml:4: ", "is a section", "one text" },
	{ "budgets:\n  tokens: 5x\n", "p.yaml:4: ", "budgets.tokens: \"5x\" is no amount of tokens",
	  "200k" },
	{ "budgets:\n  cpu-ns: 5\n", "p.yaml:4: ", "is no amount of cpu-ns", "1.5h" },
	{ "budgets:\n  cpu-ns: 0s\n", "p.yaml:4: ", "over at once", "90s" },
	{ "budgets:\n  wall-ns: 0s, kill\n", "p.yaml:4: ", "over at once", "" },
	{ "budgets:\n  tokens: 99999999999999999999\n", "p.yaml:4: ", "is too large", "" },
	{ "budgets:\n  tokens: 5, stop\n", "p.yaml:4: ", "unknown action", "pause or kill" },
	{ "budgets:\n  tokens: '5,'\n", "p.yaml:4: ", "unknown action", "" },
	{ "budgets:\n  tokens: 5, kill, pause\n", "p.yaml:4: ", "unknown action", "" },
	{ "budgets:\n  tokens: per 24h\n", "p.yaml:4: ", "says no amount", "100 per 24h" },
	{ "budgets:\n  tokens: ', kill'\n", "p.yaml:4: ", "says no amount", "" },
	{ "budgets:\n  tokens: none per 24h\n", "p.yaml:4: ", "has no limit", "none alone" },
	{ "budgets:\n  tokens: none, kill\n", "p.yaml:4: ", "has no limit", "" },
	{ "budgets:\n  tokens: 5 per day\n", "p.yaml:4: ", "no time behind \"per\"", "30d" },
	{ "budgets:\n  tokens: 5 per 0s\n", "p.yaml:4: ", "no time behind", "" },
	{ "budgets:\n  tokens: 5 per 36501d\n", "p.yaml:4: ", "no time behind", "36500d" },
	{ "budgets:\n  tokens: 5 per 1h per 2h\n", "p.yaml:4: ", "no time behind", "" },
	{ "budgets:\n  tokens: '5 per '\n", "p.yaml:4: ", "no time behind", "" },
	{ "budgets:\n  tokens: 5 every 24h\n", "p.yaml:4: ", "is no amount", "" },
	{ "budgets:\n  wall-ns: 2h per 24h\n", "p.yaml:4: ", "counts from the agent's creation",
	  "without \"per\"" },
	{ "budgets:\n  tokens: '5                                                             "
	  "                                                                          , kill'\n",
	  "p.yaml:4: ", "is too long", "refuse, pause or kill" },
	{ "schedule: {nice: 5}\n", "p.yaml:3: ", "unknown key \"nice\"", "criticality" },
	{ "schedule:\n  criticality: 101\n", "p.yaml:4: ", "is no criticality", "0 to 100" },
	{ "schedule:\n  criticality: -1\n", "p.yaml:4: ", "is no criticality", "" },
	{ "schedule:\n  criticality: high\n", "p.yaml:4: ", "is no criticality", "" },
	{ "schedule:\n  phase: idle\n", "p.yaml:4: ", "\"idle\" is no phase", "background" },
	{ "schedule:\n  deadline: tomorrow\n", "p.yaml:4: ", "is no time from the start", "90s" },
	{ "schedule:\n  deadline: 0s\n", "p.yaml:4: ", "is no time from the start", "" },
	{ "schedule:\n  efficiency: 65536\n", "p.yaml:4: ", "is too large", "65535.99998" },
	{ "schedule:\n  efficiency: -1\n", "p.yaml:4: ", "is no such number", "1.5" },
	{ "schedule:\n  cost: 65535.999999\n", "p.yaml:4: ", "is too large", "" },
	{ "schedule:\n  cost: 0.000001\n", "p.yaml:4: ", "too small", "" },
	{ "schedule:\n  cost: 1.\n", "p.yaml:4: ", "schedule.cost: \"1.\" is no such number", "" },
	{ "schedule:\n  cost: .5\n", "p.yaml:4: ", "is no such number", "" },
	{ "schedule:\n  cost: $5\n", "p.yaml:4: ", "is no such number", "" },
	{ "schedule:\n  cost: 1e3\n", "p.yaml:4: ", "is no such number", "" },
	{ "schedule:\n  deadline: 36501d\n", "p.yaml:4: ", "is no time", "at most 36500d" },
};

static void each_refusal_says_where_what_and_what_instead(void)
{
	const struct refusal *r;
	struct policy *p;
	struct fault f;
	char text[512];
	size_t i;

	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		r = &refusals[i];
		snprintf(text, sizeof(text), HEAD "%s", r->text);
		CHECK_MSG(parse(text, &p, &f) == -EINVAL, "%s", r->text);
		CHECK(p == NULL);
		CHECK_MSG(strncmp(f.text, r->where, strlen(r->where)) == 0, "\"%s\" not at \"%s\"",
			  f.text, r->where);
		CHECK_MSG(strstr(f.text, r->wrong), "\"%s\" not in \"%s\"", r->wrong, f.text);
		CHECK_MSG(strstr(f.text, r->valid), "\"%s\" not in \"%s\"", r->valid, f.text);
		policy_free(p);
	}
}

static const struct tap_test tests[] = {
	TEST(every_key_is_read),
	TEST(what_is_extended_gives_way_one_by_one),
	TEST(what_is_left_out_is_not_given),
	TEST(the_bounds_are_within),
	TEST(each_refusal_says_where_what_and_what_instead),
};

TAP_MAIN(tests)
