// SPDX-License-Identifier: GPL-2.0-only
/* What can be tested without a process: families, rights, sums, names, and what numbers come to. */
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/dcache.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "agent.h"
#include "agentos_event.h"
#include "budget.h"
#include "flood.h"
#include "mailbox.h"
#include "member.h"
#include "network.h"
#include "patterns.h"
#include "priority.h"
#include "rules.h"
#include "selftest.h"
#include "settle.h"

static bool selftest;
module_param(selftest, bool, 0);
MODULE_PARM_DESC(selftest, "test the module itself when it is loaded");

static u32 failures; /* of the running test */

#define EXPECT(is, expected)                                                                    \
	do {                                                                                    \
		s64 is_ = (s64)(is), expected_ = (s64)(expected);                               \
		if (is_ != expected_) {                                                         \
			pr_info("    # %s:%d: %s is %lld, expected %lld\n", __FILE__, __LINE__, \
				#is, is_, expected_);                                           \
			failures++;                                                             \
		}                                                                               \
	} while (0)

#define RIGHTS (AGENTOS_RIGHT(FILE_READ) | AGENTOS_RIGHT(FILE_WRITE))
#define TOKENS AGENTOS_RESOURCE_TOKENS

/* A reference, or NULL. */
static struct agent *make(struct agent *parent, const char *name, u64 rights)
{
	char room[AGENTOS_NAME_SIZE] = "";
	struct agent_options options = {
		.parent = parent,
		.name = room,
		.rights = rights,
		.flags = AGENTOS_CREATE_UNENFORCED,
	};
	struct agent *agent = NULL;

	strscpy(room, name, sizeof(room));
	if (agent_create(&options, &agent))
		return NULL;
	return agent;
}

static struct agent *family[6]; /* a, a.b, a.b.c, a.b.d, a.e, a.e.f */

static bool family_make(void)
{
	static const char *const names[] = { "a", "a.b", "a.b.c", "a.b.d", "a.e", "a.e.f" };
	static const u8 parents[] = { 0, 0, 1, 1, 0, 4 };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(family); i++) {
		family[i] = make(i ? family[parents[i]] : NULL, names[i], RIGHTS);
		if (!family[i]) {
			failures++;
			return false;
		}
	}
	return true;
}

static void family_put(void)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(family); i++) {
		agent_put(family[i]);
		family[i] = NULL;
	}
}

static void names_are_printable_and_end(void)
{
	static const struct {
		const char *name;
		bool valid;
	} rows[] = {
		{ "a", true },	       { "", false },	      { "a b", false },
		{ "a/b", false },      { "a\x7f", false },    { "a\x1b[", false },
		{ "\xc3\xa4", false }, { "a.b-c_d:e", true },
	};
	char name[AGENTOS_NAME_SIZE];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		memset(name, 0, sizeof(name));
		strscpy(name, rows[i].name, sizeof(name));
		EXPECT(agent_name_valid(name), rows[i].valid);
	}
	memset(name, 'x', sizeof(name));
	EXPECT(agent_name_valid(name), false);
	name[AGENTOS_NAME_SIZE - 1] = '\0';
	EXPECT(agent_name_valid(name), true);
	/* Nothing hides behind the NUL. */
	memset(name, 0, sizeof(name));
	name[0] = 'x';
	name[2] = 'x';
	EXPECT(agent_name_valid(name), false);
}

static void a_walk_below_is_in_preorder(void)
{
	struct agent *at;
	u32 i = 0;

	if (!family_make())
		return;
	for (at = agent_next_below(family[0], NULL); at; at = agent_next_below(family[0], at))
		EXPECT(i < ARRAY_SIZE(family) && at == family[i++], true);
	EXPECT(i, ARRAY_SIZE(family));
	/* Of a part of it, and nothing beside that. */
	i = 1;
	for (at = agent_next_below(family[1], NULL); at; at = agent_next_below(family[1], at))
		EXPECT(i < 4 && at == family[i++], true);
	EXPECT(i, 4);
	EXPECT(agent_within(family[3], family[1]), true);
	EXPECT(agent_within(family[5], family[1]), false);
	EXPECT(agent_within(family[1], family[3]), false);
}

static void rights_only_shrink(void)
{
	u64 rights;
	u32 agents;

	if (!family_make())
		return;
	EXPECT(!make(family[1], "a.b.x", RIGHTS | AGENTOS_RIGHT(BPF)), true);
	EXPECT(agent_restrict(family[1], AGENTOS_RIGHT(FILE_READ), &rights), 0);
	EXPECT(family[2]->rights, AGENTOS_RIGHT(FILE_READ));
	EXPECT(family[4]->rights, RIGHTS);
	EXPECT(agent_restrict(family[1], AGENTOS_RIGHT(BPF), &rights), -EINVAL);
	EXPECT(agent_revoke(family[1], &agents), 0);
	EXPECT(agents, 3);
	EXPECT(!make(family[1], "a.b.x", AGENTOS_RIGHT(FILE_READ)), true);
}

static void the_line_pays(void)
{
	struct agentos_budget_set set = { .resource = TOKENS, .limit = 100 };

	if (!family_make())
		return;
	EXPECT(budget_left(family[3], TOKENS), U64_MAX);
	EXPECT(budget_set(family[1], &set), 0);
	EXPECT(budget_reserve(family[3], TOKENS, 60), 0);
	EXPECT(budget_reserve(family[2], TOKENS, 41), -EDQUOT);
	/* What was set aside on the way up to a refusal is back. */
	EXPECT(family[2]->budgets.of[TOKENS].reserved, 0);
	EXPECT(budget_left(family[1], TOKENS), 40);
	EXPECT(budget_reserve(family[5], TOKENS, 1000), 0);
	EXPECT(family[0]->budgets.of[TOKENS].reserved, 1060);
	budget_settle(family[3], TOKENS, 60, 130);
	EXPECT(budget_left(family[1], TOKENS), 0);
	EXPECT(family[0]->budgets.of[TOKENS].used, 130);
	EXPECT(budget_reserve(family[3], TOKENS, 0), -EDQUOT);
	budget_settle(family[5], TOKENS, 1000, U64_MAX);
	EXPECT(family[0]->budgets.of[TOKENS].used, U64_MAX);
	EXPECT(budget_reserve(family[5], TOKENS, 1), -EOVERFLOW);
	EXPECT(family[0]->budgets.of[TOKENS].reserved, 0);
}

static void periods_roll(void)
{
	u64 now = ktime_get_boottime_ns();
	struct agentos_budget_set set = { .resource = TOKENS, .limit = 10, .period_ns = 1000 };
	struct budget *budget;

	if (!family_make())
		return;
	budget = &family[0]->budgets.of[TOKENS];
	set.reset_ns = now - 1;
	EXPECT(budget_set(family[0], &set), -EINVAL);
	set.reset_ns = now + NSEC_PER_SEC;
	set.period_ns = U64_MAX;
	EXPECT(budget_set(family[0], &set), -EINVAL);
	set.period_ns = NSEC_PER_SEC;
	EXPECT(budget_set(family[0], &set), 0);
	budget_settle(family[0], TOKENS, 0, 10);
	EXPECT(budget_left(family[0], TOKENS), 0);
	/* As if it had begun three and a half periods ago. */
	budget->reset_ns = now - 5 * NSEC_PER_SEC / 2;
	EXPECT(budget_left(family[0], TOKENS), 10);
	EXPECT(budget_reserve(family[0], TOKENS, 10), 0);
	EXPECT(budget->reset_ns, now + NSEC_PER_SEC / 2);
	budget_settle(family[0], TOKENS, 10, 0);
}

static void criticality_comes_to_nice(void)
{
	static const struct {
		u32 criticality, phase;
		int nice;
	} rows[] = {
		{ 0, AGENTOS_PHASE_WORKING, 19 },    { 50, AGENTOS_PHASE_WORKING, 0 },
		{ 100, AGENTOS_PHASE_WORKING, -10 }, { 25, AGENTOS_PHASE_WAITING, 10 },
		{ 50, AGENTOS_PHASE_BACKGROUND, 5 }, { 0, AGENTOS_PHASE_BACKGROUND, 19 },
		{ 75, AGENTOS_PHASE_WORKING, -5 },   { 51, AGENTOS_PHASE_WORKING, 0 },
	};
	u32 i;

	if (!family_make())
		return;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct agentos_sched sched = { .criticality = rows[i].criticality,
					       .phase = rows[i].phase };

		EXPECT(priority_set(family[0], &sched, true), 0);
		EXPECT(sched.ret_nice, rows[i].nice);
	}
	EXPECT(priority_nice(family[5]), 0);
}

static void a_pause_is_of_the_family(void)
{
	u32 threads;

	if (!family_make())
		return;
	EXPECT(settle_pause(family[1], AGENTOS_REASON_NONE, &threads), 0);
	EXPECT(agent_paused(family[3]), true);
	EXPECT(agent_paused(family[0]), false);
	EXPECT(agent_paused(family[4]), false);
	EXPECT(settle_resume(family[3]), 0);
	EXPECT(agent_paused(family[3]), true);
	EXPECT(settle_resume(family[1]), 0);
	EXPECT(agent_paused(family[3]), false);
	EXPECT(member_kill_family(family[1], AGENTOS_REASON_KILLED), 0);
	EXPECT(family[2]->state, AGENTOS_STATE_EXITED);
	EXPECT(family[5]->state, AGENTOS_STATE_CREATED);
	EXPECT(settle_pause(family[3], AGENTOS_REASON_NONE, &threads), -ESRCH);
	/* Something below it is left, if only as an object. */
	EXPECT(settle_pause(family[1], AGENTOS_REASON_NONE, &threads), 0);
	EXPECT(settle_resume(family[1]), 0);
}

/* Objects are only compared: these are addresses of nothing. */
static const struct inode *nothing_at(u32 i)
{
	return (const struct inode *)(PAGE_OFFSET + i * 1080UL);
}

static void rules_are_found_and_merged(void)
{
	char name[AGENTOS_RULE_NAME_SIZE];
	const u32 many = 3000;
	struct dentry *dirs = kvcalloc(many, sizeof(*dirs), GFP_KERNEL);
	struct rule_word word;
	struct rules rules;
	u32 i;

	EXPECT(!dirs, false);
	if (!dirs)
		return;
	for (i = 0; i < many; i++)
		dirs[i].d_inode = (struct inode *)nothing_at(i);
	rules_init(&rules);
	EXPECT(rules_find(&rules, nothing_at(1))->allow, 0);
	EXPECT(rules_find(&rules, NULL)->allow, 0);
	for (i = 0; i < many; i++) {
		memset(name, 0, sizeof(name));
		snprintf(name, sizeof(name), "name%u", i);
		word = (struct rule_word){ .number = i, .allow = 1 + i % 7 };
		EXPECT(rules_add_object(&rules, nothing_at(i), &word), 0);
		word = (struct rule_word){ .number = i, .deny = 1 + i % 7 };
		EXPECT(rules_add_name(&rules, &dirs[i / 2], name, &word), 0);
	}
	EXPECT(rules.object_count, many);
	EXPECT(rules.name_count, many);
	for (i = 0; i < many; i++) {
		memset(name, 0, sizeof(name));
		snprintf(name, sizeof(name), "name%u", i);
		EXPECT(rules_find(&rules, nothing_at(i))->allow, 1 + i % 7);
		EXPECT(rules_find(&rules, nothing_at(i))->number, i);
		EXPECT(rules_find(&rules, nothing_at(i))->names == &dirs[i], i < many / 2);
		EXPECT(rules_find_name(&rules, nothing_at(i / 2), name)->deny, 1 + i % 7);
		EXPECT(rules_find_name(&rules, nothing_at(i / 2 + 1), name)->deny, 0);
	}
	EXPECT(!rules_find(&rules, nothing_at(many))->inode, true);
	EXPECT(!rules_find(&rules, NULL)->inode, true);
	/* Two rules on one object: deny wins, and is the one that is named. */
	word = (struct rule_word){ .number = 77, .deny = AGENTOS_FILE_WRITE };
	EXPECT(rules_add_object(&rules, nothing_at(6), &word), 0);
	EXPECT(rules_find(&rules, nothing_at(6))->allow, AGENTOS_FILE_READ | AGENTOS_FILE_EXEC);
	EXPECT(rules_find(&rules, nothing_at(6))->deny, AGENTOS_FILE_WRITE);
	EXPECT(rules_find(&rules, nothing_at(6))->number, 77);
	/* What is harder wins, whichever comes first. */
	word = (struct rule_word){ .number = 78, .allow = 7, .watch = AGENTOS_FILE_READ };
	EXPECT(rules_add_object(&rules, nothing_at(6), &word), 0);
	EXPECT(rules_find(&rules, nothing_at(6))->watch, AGENTOS_FILE_READ);
	EXPECT(rules_find(&rules, nothing_at(6))->told, AGENTOS_FILE_READ | AGENTOS_FILE_WRITE);
	EXPECT(rules_find(&rules, nothing_at(6))->number, 77);
	word = (struct rule_word){ .number = 79, .deny = 5, .kill = AGENTOS_FILE_EXEC };
	EXPECT(rules_add_object(&rules, nothing_at(6), &word), 0);
	word = (struct rule_word){ .number = 80, .deny = AGENTOS_FILE_EXEC };
	EXPECT(rules_add_object(&rules, nothing_at(6), &word), 0);
	EXPECT(rules_find(&rules, nothing_at(6))->kill, AGENTOS_FILE_EXEC);
	EXPECT(rules_find(&rules, nothing_at(6))->watch, 0);
	EXPECT(rules_find(&rules, nothing_at(6))->allow, 0);
	EXPECT(rules_find(&rules, nothing_at(6))->number, 79);
	/* What nobody wrote is known, also when somebody wrote the same. */
	EXPECT(rules_find(&rules, nothing_at(6))->own, 0);
	word = (struct rule_word){ .number = AGENTOS_RULE_LOG, .deny = AGENTOS_FILE_WRITE };
	EXPECT(rules_add_object(&rules, nothing_at(6), &word), 0);
	EXPECT(rules_find(&rules, nothing_at(6))->own, AGENTOS_FILE_WRITE);
	EXPECT(rules_find(&rules, nothing_at(6))->number, 79);
	EXPECT(rules.object_count, many);
	rules_release(&rules);
	EXPECT(rules_find(&rules, nothing_at(6))->allow, 0);
	rules_release(&rules);
	kvfree(dirs);
}

static const char *padded(const char *text)
{
	static char name[AGENTOS_RULE_NAME_SIZE];

	strscpy_pad(name, text, sizeof(name));
	return name;
}

static u8 found(const struct patterns *patterns, const char *name, struct patterns_word *word)
{
	u32 len = strlen(name);

	patterns_find(patterns, name, len, word);
	EXPECT(word->kill & ~word->access, 0);
	/* The glance never denies what the list finds. */
	EXPECT(!(word->access | word->watch) || patterns_may_fit(patterns, name, len), true);
	return word->access;
}

static int pattern_add(struct patterns *patterns, const char *text, u8 access, u8 kill, u8 watch,
		       u32 number)
{
	const struct patterns_word word = { access, kill, watch, number };

	return patterns_add(patterns, text, &word);
}

static void names_fit_patterns(void)
{
	static const char *const wrong[] = { "", "*", "**", "a*b", "*a*", ".", "..", "a/b", "*/" };
	static const char *const right[] = { "a", "*a", "a*", ".env", "...", "id_*", "*.pem" };
	struct patterns *patterns = kvzalloc(sizeof(*patterns), GFP_KERNEL);
	struct patterns_word word;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		EXPECT(patterns_valid(padded(wrong[i])), false);
	for (i = 0; i < ARRAY_SIZE(right); i++)
		EXPECT(patterns_valid(padded(right[i])), true);
	EXPECT(patterns_valid_abstract(padded("a/b")), true);
	EXPECT(patterns_valid_abstract(padded("*")), true);
	EXPECT(patterns_valid_abstract(padded("a*b")), false);
	EXPECT(patterns_valid_abstract(padded("")), false);
	if (!patterns)
		return;
	EXPECT(found(patterns, ".env", &word), 0);
	EXPECT(pattern_add(patterns, ".env", AGENTOS_FILE_ALL, 0, 0, 3), 0);
	EXPECT(pattern_add(patterns, "id_*", AGENTOS_FILE_READ, 0, 0, 4), 0);
	EXPECT(pattern_add(patterns, "*.pem", AGENTOS_FILE_READ, 0, 0, 5), 0);
	EXPECT(pattern_add(patterns, "id_rsa", AGENTOS_FILE_WRITE, AGENTOS_FILE_WRITE, 0, 6), 0);
	EXPECT(found(patterns, ".env", &word), AGENTOS_FILE_ALL);
	EXPECT(word.number, 3);
	EXPECT(found(patterns, ".envrc", &word), 0);
	EXPECT(found(patterns, "x.env", &word), 0);
	EXPECT(found(patterns, ".en", &word), 0);
	EXPECT(found(patterns, "id_", &word), AGENTOS_FILE_READ);
	EXPECT(found(patterns, "id_dsa", &word), AGENTOS_FILE_READ);
	EXPECT(word.number, 4);
	EXPECT(found(patterns, "id_rsa", &word), AGENTOS_FILE_READ | AGENTOS_FILE_WRITE);
	EXPECT(word.number, 6);
	/* What is watched is counted by itself. */
	EXPECT(patterns->access, AGENTOS_FILE_ALL);
	EXPECT(pattern_add(patterns, "id_r*", 0, 0, AGENTOS_FILE_ALL, 7), 0);
	EXPECT(pattern_add(patterns, "*.look", 0, 0, AGENTOS_FILE_WRITE, 8), 0);
	EXPECT(found(patterns, "id_rsa", &word), AGENTOS_FILE_READ | AGENTOS_FILE_WRITE);
	EXPECT(word.number, 6);
	EXPECT(word.watch, AGENTOS_FILE_ALL);
	EXPECT(word.watch_number, 7);
	EXPECT(found(patterns, "a.look", &word), 0);
	EXPECT(word.watch, AGENTOS_FILE_WRITE);
	EXPECT(word.watch_number, 8);
	EXPECT(found(patterns, "id", &word), 0);
	EXPECT(found(patterns, ".pem", &word), AGENTOS_FILE_READ);
	EXPECT(found(patterns, "a.pem", &word), AGENTOS_FILE_READ);
	EXPECT(found(patterns, "a.pem2", &word), 0);
	EXPECT(found(patterns, "\xff", &word), 0);
	for (i = patterns->count; i < AGENTOS_PATTERNS_MAX; i++)
		EXPECT(pattern_add(patterns, "\xff*", AGENTOS_FILE_READ, 0, 0, i), 0);
	EXPECT(pattern_add(patterns, "more", AGENTOS_FILE_READ, 0, 0, i), -ENOSPC);
	EXPECT(found(patterns, "\xff\xff", &word), AGENTOS_FILE_READ);
	EXPECT(found(patterns, "more", &word), 0);
	kvfree(patterns);
}

/* A list of rules, and what it says: the slow and plain way. */
#define NET_RULES   300
#define NET_LOOKUPS 20000

static u32 net_random(u64 *state)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return *state >> 33;
}

/* Few bits are set, so that prefixes meet; some are IPv6. */
static struct network_address net_address(u64 *state, bool is_ipv6)
{
	struct network_address address = { (u64)(net_random(state) & 0xe0a00080) << 32, 0 };

	if (is_ipv6) {
		address.high |= net_random(state) & 0x80000001;
		address.low = (u64)(net_random(state) & 0x80000001) << 32 | (net_random(state) & 3);
	}
	return address;
}

static bool net_covers(const struct network_rule *rule, const struct network_address *address)
{
	u64 high = rule->address.high ^ address->high, low = rule->address.low ^ address->low;

	if (!rule->prefix)
		return true;
	if (rule->prefix <= 64)
		return !(high >> (64 - rule->prefix));
	return !high && !(low >> (128 - rule->prefix));
}

static enum network_verdict net_verdict(const struct network_rule *rules, u32 count, u32 act,
					bool is_ipv6, const struct network_address *address,
					u16 port)
{
	enum network_verdict verdict = NETWORK_OPEN;
	int longest = -1;
	u32 i;

	for (i = 0; i < count; i++) {
		const struct network_rule *rule = &rules[i];
		enum network_verdict says = NETWORK_ALLOWED;

		if (rule->is_ipv6 != is_ipv6 || !((rule->allow | rule->deny) & BIT(act)) ||
		    port < rule->port_first || port > rule->port_last ||
		    !net_covers(rule, address) || rule->prefix < longest)
			continue;
		if (rule->deny & BIT(act))
			says = rule->kill & BIT(act) ? NETWORK_KILLED : NETWORK_DENIED;
		else if (rule->watch & BIT(act))
			says = NETWORK_WATCHED;
		verdict = rule->prefix > longest ? says : max(verdict, says);
		longest = rule->prefix;
	}
	return verdict;
}

static void net_rule_make(struct network_rule *rule, u64 *state, u32 number)
{
	static const u8 prefixes[] = { 0, 1, 8, 9, 24, 25, 32, 64, 65, 96, 127, 128 };
	u32 mask;
	bool wide;

	rule->is_ipv6 = net_random(state) & 1;
	rule->prefix = prefixes[net_random(state) % (rule->is_ipv6 ? ARRAY_SIZE(prefixes) : 7)];
	rule->address = net_address(state, rule->is_ipv6);
	if (rule->prefix <= 64) {
		rule->address.low = 0;
		rule->address.high &= rule->prefix ? ~0ULL << (64 - rule->prefix) : 0;
	} else {
		rule->address.low &= ~0ULL << (128 - rule->prefix);
	}
	rule->port_first = net_random(state) % 8 * 9000;
	/* Short prefixes leave something open. */
	wide = net_random(state) & 1 && rule->prefix > 8;
	rule->port_last = wide ? U16_MAX : rule->port_first + net_random(state) % 2000;
	mask = net_random(state) & AGENTOS_NET_ALL;
	rule->allow = (net_random(state) & AGENTOS_NET_ALL) | 1;
	rule->deny = mask & ~rule->allow;
	rule->kill = rule->deny & net_random(state);
	rule->watch = rule->allow & net_random(state);
	rule->number = number;
}

static void prefixes_decide_as_a_list_would(void)
{
	struct network_rule *rules = kvcalloc(NET_RULES, sizeof(*rules), GFP_KERNEL);
	struct network *network = NULL;
	struct network_address address;
	u32 i, act, number, says, seen[NETWORK_KILLED + 1] = {};
	enum network_verdict verdict;
	u64 state = 1;
	bool is_ipv6;
	u16 port;

	EXPECT(!!rules, true);
	if (!rules)
		return;
	EXPECT(network_decide(NULL, 0, false, &rules[0].address, 80, &number), NETWORK_OPEN);
	for (i = 0; i < NET_RULES; i++) {
		net_rule_make(&rules[i], &state, i);
		EXPECT(network_add(&network, &rules[i]), 0);
	}
	EXPECT(network_seal(network), 0);
	EXPECT(network_seal(network), 0);
	for (i = 0; i < NET_LOOKUPS; i++) {
		is_ipv6 = net_random(&state) & 1;
		address = net_address(&state, is_ipv6);
		act = net_random(&state) % NETWORK_ACTS;
		port = net_random(&state) & 1 ? net_random(&state) : net_random(&state) % 8 * 9000;
		verdict = network_decide(network, act, is_ipv6, &address, port, &number);
		EXPECT(verdict, net_verdict(rules, NET_RULES, act, is_ipv6, &address, port));
		if (!is_ipv6)
			EXPECT(network_allows_ipv4(network, act, address.high, port),
			       verdict == NETWORK_ALLOWED);
		seen[verdict]++;
		if (verdict == NETWORK_OPEN)
			continue;
		/* The rule that is told is one that says so. */
		EXPECT(number < NET_RULES && net_covers(&rules[number], &address), true);
		says = verdict == NETWORK_KILLED  ? rules[number].kill :
		       verdict == NETWORK_DENIED  ? rules[number].deny & ~rules[number].kill :
		       verdict == NETWORK_WATCHED ? rules[number].watch :
						    rules[number].allow & ~rules[number].watch;
		EXPECT(says & BIT(act), BIT(act));
	}
	/* Each happened, and often. */
	for (i = 0; i < ARRAY_SIZE(seen); i++)
		EXPECT(seen[i] > 100, true);
	network_free(network);
	kvfree(rules);
}

/* What a program hands in as the address of a dentry may be anything. */
static void a_walk_from_nowhere_is_unresolved(void)
{
	const unsigned long nowhere[] = {
		0,
		8,
		0x00007ffffffff000, /* the last of user space */
		0x0000800000000000, /* not canonical */
		0xffff7ffffffffff8,
		PAGE_OFFSET + (1UL << 45), /* more memory than there is */
		-4096UL,
		-8UL,
	};
	const struct rule_word allows = { .allow = AGENTOS_FILE_READ };
	const struct rule_word denies = { .deny = AGENTOS_FILE_READ };
	struct agentos_walk walk;
	struct rules rules;
	u32 i;

	rules_init(&rules);
	EXPECT(rules_add_object(&rules, nothing_at(1), &allows), 0);
	EXPECT(rules_add_pattern(&rules, "none", &denies), 0);
	for (i = 0; i < ARRAY_SIZE(nowhere); i++) {
		walk = (struct agentos_walk){ .open = AGENTOS_FILE_READ };
		rules_walk_on(&rules, nowhere[i], &walk);
		EXPECT(walk.unresolved, 1);
		EXPECT(walk.allowed, 0);
	}
	rules_release(&rules);
}

static void shares_leave_room_for_all(void)
{
	const u64 record = AGENTOS_DENIAL_BYTES, free_below = AGENTOS_DENIALS_BYTES / 4 * 3;
	u64 used = 0, agents, turn;

	EXPECT(flood_share(0), AGENTOS_SHARE_MAX);
	EXPECT(flood_share(free_below), 0);
	EXPECT(flood_share(free_below - 1), 0);
	EXPECT(flood_share(free_below - 8 * record), 1);
	EXPECT(flood_share(AGENTOS_DENIALS_BYTES), 0);
	EXPECT(flood_share(U64_MAX), 0);
	/* As many agents as there can be, in turn, each until it outruns its share. */
	for (agents = 0; agents < AGENTOS_AGENTS_MAX && used < free_below; agents++)
		for (turn = 1; turn <= flood_share(used); turn++)
			used += record;
	EXPECT(used < free_below, 1);
}

static void what_is_in_flight_is_never_less(void)
{
	struct flood_window window = { 0 };
	u64 position = 0;
	u32 i;

	/* Nobody reads. */
	for (i = 1; i <= 100; i++, position += 648)
		EXPECT(flood_window_add(&window, 0, position), i);
	/* All is read: what was before the mark goes once the mark is passed. */
	EXPECT(flood_window_add(&window, position, position), 100);
	EXPECT(flood_window_add(&window, position, position + 648), 2);
	EXPECT(flood_window_add(&window, position + 648, position + 1296), 2);
	/* Behind what it was told before: another processor was faster. */
	EXPECT(flood_window_add(&window, position, position), 3);
	EXPECT(flood_window_add(&window, position + 1296, position + 1296), 3);
}

static bool counted(struct repeats *repeats, const struct repeats_key *key, u64 now_ns)
{
	return repeats_count(repeats, key, &(struct act){ .verdict = 1, .time_ns = now_ns }, 1);
}

static void the_same_in_a_row_is_counted(void)
{
	struct repeats repeats = { 0 };
	struct act act = { .hook = 1, .verdict = 1, .kind = ACT_NUMBERS, .object = { 7, 8, 9 } };
	struct repeats_key same, other, unique;
	struct untold untold;
	u32 i;

	repeats_key_make(&same, &act);
	act.object[2]++;
	repeats_key_make(&other, &act);
	act.kind = ACT_UNIQUE;
	repeats_key_make(&unique, &act);
	for (i = 0; i < REPEATS_RECORDED; i++)
		EXPECT(counted(&repeats, &same, 100 + i), false);
	EXPECT(repeats_take(&repeats, &untold), false);
	for (i = 0; i < 5; i++)
		EXPECT(counted(&repeats, &same, 200 + i), true);
	/* Told in between, they go on. */
	EXPECT(repeats_take(&repeats, &untold), true);
	EXPECT(untold.count, 5);
	EXPECT(untold.since_ns, 100 + REPEATS_RECORDED - 1);
	EXPECT(untold.until_ns, 204);
	EXPECT(counted(&repeats, &same, 300), true);
	/* Another one ends the row; while it is untold there is no place for one more. */
	EXPECT(counted(&repeats, &other, 301), false);
	for (i = 0; i < 2 * REPEATS_RECORDED; i++)
		EXPECT(counted(&repeats, &other, 400 + i), false);
	EXPECT(repeats_take(&repeats, &untold), true);
	EXPECT(untold.count, 1);
	EXPECT(counted(&repeats, &other, 500), true);
	EXPECT(repeats_take(&repeats, &untold), true);
	EXPECT(untold.since_ns, 400 + 2 * REPEATS_RECORDED - 1);
	for (i = 0; i < 2 * REPEATS_RECORDED; i++)
		EXPECT(counted(&repeats, &unique, 600 + i), false);
	EXPECT(repeats_take(&repeats, &untold), false);
}

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	{ "names_are_printable_and_end", names_are_printable_and_end },
	{ "a_walk_below_is_in_preorder", a_walk_below_is_in_preorder },
	{ "rights_only_shrink", rights_only_shrink },
	{ "the_line_pays", the_line_pays },
	{ "periods_roll", periods_roll },
	{ "criticality_comes_to_nice", criticality_comes_to_nice },
	{ "a_pause_is_of_the_family", a_pause_is_of_the_family },
	{ "rules_are_found_and_merged", rules_are_found_and_merged },
	{ "names_fit_patterns", names_fit_patterns },
	{ "prefixes_decide_as_a_list_would", prefixes_decide_as_a_list_would },
	{ "a_walk_from_nowhere_is_unresolved", a_walk_from_nowhere_is_unresolved },
	{ "shares_leave_room_for_all", shares_leave_room_for_all },
	{ "what_is_in_flight_is_never_less", what_is_in_flight_is_never_less },
	{ "the_same_in_a_row_is_counted", the_same_in_a_row_is_counted },
};

int selftest_run(void)
{
	bool failed = false;
	u32 i;

	if (!selftest)
		return 0;
	pr_info("KTAP version 1\n");
	pr_info("1..%zu\n", ARRAY_SIZE(tests));
	for (i = 0; i < ARRAY_SIZE(tests); i++) {
		u32 before = agent_count();

		failures = 0;
		tests[i].run();
		family_put();
		EXPECT(agent_count(), before);
		pr_info("%sok %u %s\n", failures ? "not " : "", i + 1, tests[i].name);
		failed |= failures;
	}
	return failed ? -EINVAL : 0;
}
