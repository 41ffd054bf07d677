// SPDX-License-Identifier: GPL-2.0-or-later
/* Effects: what kills, what is watched, what is denied for writing alone; audit classes; and where each stands. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentos.h"
#include "agentos_event.h"
#include "policy/explain.h"
#include "policy/policy.h"
#include "tests/tap.h"
#include "tests/unit/policy_rig.h"

static const struct policy_vars short_vars = { .workspace = "/w", .home = "/h", .agent = "a" };

/* Files that others extend and include, by name. */
static const struct {
	const char *name, *text;
} files[] = {
	{ "base", "name: base\nrights: [file-read, file-write, net-connect]\n"
		  "files:\n  read: [/r]\n  write: [/r]\n  kill: [/k]\n  watch: [/w]\n  deny: [/d]\n"
		  "  deny-names: [.n]\n  kill-names: [.o]\n  watch-names: [.p]\n"
		  "network:\n  connect: [\"1.2.3.4:5\"]\n  kill: [\"1.1.1.1:1\"]\n"
		  "effects: {ptrace: kill, perf: watch, mount: kill}\naudit: strict\n" },
	{ "part", "effects: {ptrace: kill}\nfiles: {kill: [/part]}\n" },
	{ "other-part", "effects: {ptrace: watch}\n" },
};

static int find(void *cookie, enum policy_link link, const char *name, const char *from,
		struct policy_found *ret_found, struct fault *f)
{
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (strcmp(files[i].name, name) != 0)
			continue;
		ret_found->file = strdup(name);
		ret_found->bytes = strdup(files[i].text);
		ret_found->len = strlen(files[i].text);
		return 0;
	}
	return fault_set(f, 2, "no such file");
}

static const struct policy_loader loader = { .find = find };

static struct policy *parsed(const char *text, struct fault *f)
{
	struct policy *p = NULL;

	strcpy(f->text, "(no message)");
	if (policy_parse(text, strlen(text), "p.yaml", &short_vars, &loader, &p, f))
		return NULL;
	return p;
}

/* What it allows, watches of that, denies, kills for of that. */
static void check_rule(const struct policy *p, const char *path, int allow, int watch, int deny,
		       int kill)
{
	const struct policy_rule *rule = rule_at(p, path);

	CHECK_MSG(rule != NULL, "%s", path);
	if (!rule)
		return;
	CHECK_INT(rule->allow, allow);
	CHECK_INT(rule->watch, watch);
	CHECK_INT(rule->deny, deny);
	CHECK_INT(rule->kill, kill);
}

#define R   AGENTOS_FILE_READ
#define W   AGENTOS_FILE_WRITE
#define ALL AGENTOS_FILE_ALL

static const char written[] =
	"name: x\n"
	"rights: [file-read, file-write, net-connect]\n"
	"files:\n"
	"  read: [/r, /d]\n"
	"  write: [/r]\n"
	"  deny-write: [/d, /e]\n"
	"  kill: [/k]\n"
	"  watch: [/m]\n"
	"  kill-names: [.bait, '*.trap']\n"
	"  deny-names: [.env]\n"
	"  watch-names: ['*.sql']\n"
	"network:\n"
	"  connect: ['1.2.3.4:5']\n"
	"  kill: [1.1.1.1]\n"
	"  watch: ['2.2.2.2:80/tcp']\n"
	"effects:\n"
	"  ptrace: kill\n"
	"  perf: watch\n"
	"  bpf: deny\n"
	"audit: strict\n";

static void each_list_is_read(void)
{
	struct fault f;
	struct policy *p = parsed(written, &f);
	unsigned int bit = __builtin_ctzll(AGENTOS_RIGHT(PTRACE));

	CHECK_STR(f.text, "(no message)");
	REQUIRE(p);
	check_rule(p, "/r", R | W, 0, 0, 0);
	check_rule(p, "/d", R, 0, W, 0);
	CHECK_INT(rule_at(p, "/d")->at.line, 4);
	CHECK_INT(rule_at(p, "/d")->deny_at.line, 6);
	check_rule(p, "/e", 0, 0, W, 0);
	check_rule(p, "/k", 0, 0, ALL, ALL);
	check_rule(p, "/m", ALL, ALL, 0, 0);
	check_rule(p, ".bait", 0, 0, ALL, ALL);
	check_rule(p, "*.trap", 0, 0, ALL, ALL);
	check_rule(p, ".env", 0, 0, ALL, 0);
	/* Allowed by none. */
	check_rule(p, "*.sql", 0, ALL, 0, 0);
	CHECK_INT(rule_at(p, "*.sql")->at.line, 11);
	CHECK(rule_at(p, ".bait")->anywhere);
	REQUIRE(p->address_count == 3);
	CHECK_INT(p->addresses[1].deny, AGENTOS_NET_ALL);
	CHECK_INT(p->addresses[1].kill, AGENTOS_NET_ALL);
	CHECK_INT(p->addresses[2].allow, AGENTOS_NET_CONNECT_TCP | AGENTOS_NET_LISTEN_TCP);
	CHECK_INT(p->addresses[2].watch, p->addresses[2].allow);
	CHECK_INT(p->kill_rights, AGENTOS_RIGHT(PTRACE));
	CHECK_INT(p->watch_rights, AGENTOS_RIGHT(PERF));
	CHECK_INT(p->effect_at[bit].line, 17);
	CHECK(p->record_allowed && p->strict);
	CHECK_STR(policy_audit_name(p), "strict");
	policy_free(p);
}

#define HEAD "name: x\nrights: [file-read]\n"

static void what_contradicts_itself_is_refused(void)
{
	static const struct {
		const char *text, *line, *says;
	} rows[] = {
		{ HEAD "files: {read: [/a], kill: [/a]}\n", "p.yaml:3: ", "allowed and denied" },
		{ HEAD "files: {read: [/a], watch: [/a]}\n", "p.yaml:3: ", "allowed and watched" },
		{ HEAD "files: {read: [/b], deny: [/a], kill: [/a]}\n",
		  "p.yaml:3: ", "denied and killed for" },
		{ HEAD "files: {read: [/b], deny-write: [/a], kill: [/a]}\n",
		  "p.yaml:3: ", "denied and killed for" },
		{ HEAD "files: {read: [/b], watch: [/a], kill: [/a]}\n",
		  "p.yaml:3: ", "allowed and denied" },
		{ HEAD "files: {read: [/b], watch: [/a], deny-write: [/a]}\n",
		  "p.yaml:3: ", "allowed and denied" },
		{ HEAD "files: {read: [/b], deny-names: [.e], kill-names: [.e]}\n",
		  "p.yaml:3: ", "denied and killed for" },
		{ HEAD "files: {read: [/b], kill-names: [.e, .e]}\n",
		  "p.yaml:3: ", "stands in \"kill-names\" twice" },
		{ HEAD "files: {read: [/b], deny-names: [.e], watch-names: [.e]}\n",
		  "p.yaml:3: ", "denied and watched" },
		{ HEAD "files: {read: [/b], kill-names: [.e], watch-names: [.e]}\n",
		  "p.yaml:3: ", "denied and watched" },
		{ HEAD "files: {read: [/b], watch-names: [.e, .e]}\n",
		  "p.yaml:3: ", "stands in \"watch-names\" twice" },
		{ HEAD "files: {read: [/b], watch-names: [a/b]}\n", "p.yaml:3: ", "is a path" },
		{ HEAD "files: {read: [/b/.e], kill-names: [.e]}\n",
		  "p.yaml:3: ", "denied by its name" },
		{ HEAD "files: {read: [/b]}\nnetwork: {watch: [1.2.3.4]}\n",
		  "p.yaml:4: ", "\"network.watch\" has no effect without a right" },
		{ "name: x\nrights: [ptrace]\nfiles: {watch: [/a]}\n",
		  "p.yaml:3: ", "\"files.watch\" has no effect without a right" },
		{ "name: x\nrights: [net-connect]\nnetwork: {connect: ['1.1.1.1:1'], watch: "
		  "['1.1.1.1:1']}\n",
		  "p.yaml:3: ", "allowed and watched" },
		{ "name: x\nrights: [net-connect]\nnetwork: {connect: ['*'], deny: [1.1.1.1], "
		  "kill: [1.1.1.1]}\n",
		  "p.yaml:3: ", "denied and killed for" },
		{ HEAD "files: {read: [/b]}\neffects: {ptrace: maim}\n",
		  "p.yaml:4: ", "\"maim\" is unknown; valid are \"deny\", \"kill\" and \"watch\"" },
		{ HEAD "files: {read: [/b]}\neffects: {file-read: kill}\n",
		  "p.yaml:4: ", "file-read: has no effect: the policy gives the right" },
		{ HEAD "files: {read: [/b]}\neffects: {file-write: watch}\n",
		  "p.yaml:4: ", "file-write: is about rules" },
		{ HEAD "files: {read: [/b]}\neffects: {bpf: watch}\n",
		  "p.yaml:4: ", "bpf: cannot be \"watch\"" },
		{ HEAD "files: {read: [/b]}\neffects: {fly: kill}\n", "p.yaml:4: ", "unknown key" },
		{ "name: x\nrights: [net-connect]\nnetwork: {connect: ['1.1.1.1:1']}\n"
		  "effects: {net-raw: watch}\n",
		  "p.yaml:4: ", "net-raw reaches each address" },
		{ HEAD "include: [part, other-part]\nfiles: {read: [/b]}\n",
		  "other-part:1: ", "ptrace: watch here, and something else" },
	};
	struct policy *p;
	struct fault f;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		p = parsed(rows[i].text, &f);
		CHECK_MSG(!p && strncmp(f.text, rows[i].line, strlen(rows[i].line)) == 0 &&
				  strstr(f.text, rows[i].says),
			  "%zu: %s", i, f.text);
		policy_free(p);
	}
}

static void what_is_said_later_goes_before(void)
{
	struct fault f;
	struct policy *p = parsed(
		"name: x\nextends: base\nrights: [mount]\n"
		"files:\n  read: [/k]\n  deny: [/w]\n  kill: [/d]\n"
		"  watch-names: [.n, .o]\n  deny-names: [.p]\n"
		"network:\n  connect: ['1.1.1.1:1']\n"
		"effects: {ptrace: deny, perf: kill}\n",
		&f);

	CHECK_STR(f.text, "(no message)");
	REQUIRE(p);
	check_rule(p, "/k", R, 0, ALL & ~R, ALL & ~R);
	check_rule(p, "/w", 0, 0, ALL, 0);
	check_rule(p, "/d", 0, 0, ALL, ALL);
	CHECK_STR(p->files[rule_at(p, "/d")->deny_at.file], "p.yaml");
	check_rule(p, ".n", 0, ALL, 0, 0);
	CHECK_STR(p->files[rule_at(p, ".n")->at.file], "p.yaml");
	check_rule(p, ".o", 0, ALL, 0, 0);
	check_rule(p, ".p", 0, 0, ALL, 0);
	CHECK_STR(p->files[rule_at(p, ".p")->at.file], "p.yaml");
	/* mount is given: what was to come of the want of it is nothing. */
	CHECK_INT(p->kill_rights, AGENTOS_RIGHT(PERF));
	CHECK_INT(p->watch_rights, 0);
	CHECK_INT(p->addresses[1].allow, AGENTOS_NET_CONNECT);
	CHECK_INT(p->addresses[1].kill, AGENTOS_NET_LISTEN);
	CHECK(p->strict);
	policy_free(p);
	p = parsed("name: x\nextends: base\ninclude: [part]\naudit: normal\n", &f);
	REQUIRE(p);
	check_rule(p, "/part", 0, 0, ALL, ALL);
	CHECK_INT(p->kill_rights, AGENTOS_RIGHT(PTRACE) | AGENTOS_RIGHT(MOUNT));
	CHECK(!p->record_allowed && !p->strict);
	policy_free(p);
}

static uint64_t digest_of(const char *text)
{
	struct fault f;
	struct policy *p = parsed(text, &f);
	uint64_t digest = p ? policy_digest(p) : 0;

	policy_free(p);
	return digest;
}

static void effects_make_another_digest(void)
{
	static const char *const texts[] = {
		HEAD "files: {read: [/b], deny: [/a]}\n",
		HEAD "files: {read: [/b], kill: [/a]}\n",
		HEAD "files: {read: [/b], watch: [/a]}\n",
		HEAD "files: {read: [/b], deny-write: [/a]}\n",
		HEAD "files: {read: [/b], deny-names: [a]}\n",
		HEAD "files: {read: [/b], kill-names: [a]}\n",
		HEAD "files: {read: [/b], watch-names: [a]}\n",
		HEAD "files: {read: [/b], deny: [/a]}\neffects: {bpf: kill}\n",
		HEAD "files: {read: [/b], deny: [/a]}\neffects: {perf: kill}\n",
		HEAD "files: {read: [/b], deny: [/a]}\neffects: {perf: watch}\n",
	};
	size_t i, j, count = sizeof(texts) / sizeof(texts[0]);

	for (i = 0; i < count; i++) {
		CHECK_MSG(digest_of(texts[i]), "%zu", i);
		for (j = 0; j < i; j++)
			CHECK_MSG(digest_of(texts[i]) != digest_of(texts[j]), "%zu %zu", i, j);
	}
}

static void explanations_name_the_line(void)
{
	struct agentos_event e = { .hook = AGENTOS_HOOK_FILE_OPEN,
				   .verdict = AGENTOS_VERDICT_DENIED,
				   .why = AGENTOS_WHY_RULE,
				   .object_kind = AGENTOS_OBJECT_PATH,
				   .access = R,
				   .flags = AGENTOS_EVENT_KILL,
				   .text_len = 2 };
	struct explain x;
	struct fault f;
	struct policy *p = parsed(written, &f);

	REQUIRE(p);
	strcpy(e.text, "/k");
	e.rule = (uint32_t)(rule_at(p, "/k") - p->rules);
	explain_event(&e, p, &short_vars, &x);
	CHECK(x.has_rule && x.kills && !x.watches);
	CHECK_INT(x.line, 7);
	strcpy(e.text, "/m");
	e.flags = AGENTOS_EVENT_WATCH;
	e.verdict = AGENTOS_VERDICT_WOULD_DENY;
	e.rule = (uint32_t)(rule_at(p, "/m") - p->rules);
	explain_event(&e, p, &short_vars, &x);
	CHECK(x.has_rule && !x.kills && x.watches && !x.count && !x.is_removal);
	CHECK_INT(x.line, 8);
	e = (struct agentos_event){ .hook = AGENTOS_HOOK_PTRACE_TRACEME,
				    .verdict = AGENTOS_VERDICT_DENIED,
				    .why = AGENTOS_WHY_RIGHT,
				    .rule = AGENTOS_RULE_NONE,
				    .right = AGENTOS_RIGHT(PTRACE),
				    .flags = AGENTOS_EVENT_KILL };
	explain_event(&e, p, &short_vars, &x);
	CHECK(!x.has_rule && x.kills);
	CHECK_STR(x.effect ? x.effect : "none", "ptrace");
	CHECK_INT(x.line, 17);
	policy_free(p);
}

static void audit_classes(void)
{
	static const struct {
		const char *word;
		int records, strict;
	} rows[] = { { "normal", 0, 0 }, { "verbose", 1, 0 }, { "strict", 1, 1 } };
	char text[128];
	struct policy *p;
	struct fault f;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), "name: x\nrights: [ptrace]\naudit: %s\n",
			 rows[i].word);
		p = parsed(text, &f);
		REQUIRE(p);
		CHECK_INT(p->record_allowed, rows[i].records);
		CHECK_INT(p->strict, rows[i].strict);
		CHECK_STR(policy_audit_name(p), rows[i].word);
		policy_free(p);
	}
}

static const struct tap_test tests[] = {
	TEST(each_list_is_read),
	TEST(what_contradicts_itself_is_refused),
	TEST(what_is_said_later_goes_before),
	TEST(effects_make_another_digest),
	TEST(explanations_name_the_line),
	TEST(audit_classes),
};

TAP_MAIN(tests)
