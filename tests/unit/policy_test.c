// SPDX-License-Identifier: GPL-2.0-or-later
/* Policies: what is read, what is refused in which words, and that nothing breaks the parser. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agentos_event.h"
#include "agentos_rights.h"
#include "base/limits.h"
#include "policy/policy.h"
#include "tests/tap.h"
#include "tests/unit/policy_rig.h"

/* As it would stand in a file. */
/* clang-format off */
static const char full[] =
	"version: 1\n"
	"name: full.one_1-x\n"
	"description: \"all keys\"\n"
	"rights: [file-read, file-write, file-exec, bpf]\n"
	"files:\n"
	"  read: [/usr, -/lib64, \"${WORKSPACE}\", /etc//ssl/./certs/]\n"
	"  write:\n"
	"    - ${WORKSPACE}\n"
	"    - /var/${AGENT}/$$x\n"
	"  exec: [/usr]\n"
	"  deny: [~/.ssh, \"${WORKSPACE}/.env\", -~]\n"
	"  deny-names: [.netrc, \"id_*\", \"*.pem\"]\n"
	"environment:\n"
	"  keep: [PATH, LC_*]\n"
	"  set:\n"
	"    - HOME=${WORKSPACE}\n"
	"    - EMPTY=\n"
	"directories: [\"${WORKSPACE}/.tmp\"]\n"
	"audit: verbose\n";
/* clang-format on */

static void check_rule(const struct policy *p, const char *path, int allow, int deny, int optional,
		       int line)
{
	const struct policy_rule *rule = rule_at(p, path);

	CHECK_MSG(rule != NULL, "%s", path);
	if (!rule)
		return;
	CHECK_INT(rule->allow, allow);
	CHECK_INT(rule->deny, deny);
	CHECK_INT(rule->optional, optional);
	CHECK_INT(rule->at.line, line);
}

static void every_key_is_read(void)
{
	struct policy *p = NULL;
	struct fault f;

	CHECK_INT(parse(full, &p, &f), 0);
	CHECK_MSG(p != NULL, "%s", f.text);
	if (!p)
		return;
	CHECK_STR(p->name, "full.one_1-x");
	CHECK_STR(p->description, "all keys");
	CHECK_INT(p->rights, AGENTOS_RIGHT(FILE_READ) | AGENTOS_RIGHT(FILE_WRITE) |
				     AGENTOS_RIGHT(FILE_EXEC) | AGENTOS_RIGHT(BPF));
	CHECK_INT(p->rule_count, 11);
	check_rule(p, "/usr", AGENTOS_FILE_READ | AGENTOS_FILE_EXEC, 0, 0, 6);
	check_rule(p, "/lib64", AGENTOS_FILE_READ, 0, 1, 6);
	check_rule(p, "/srv/space", AGENTOS_FILE_READ | AGENTOS_FILE_WRITE, 0, 0, 6);
	check_rule(p, "/etc/ssl/certs", AGENTOS_FILE_READ, 0, 0, 6);
	check_rule(p, "/var/coder/$x", AGENTOS_FILE_WRITE, 0, 0, 9);
	check_rule(p, "/home/u/.ssh", 0, AGENTOS_FILE_ALL, 0, 11);
	check_rule(p, "/srv/space/.env", 0, AGENTOS_FILE_ALL, 0, 11);
	check_rule(p, "/home/u", 0, AGENTOS_FILE_ALL, 1, 11);
	check_rule(p, ".netrc", 0, AGENTOS_FILE_ALL, 0, 12);
	check_rule(p, "id_*", 0, AGENTOS_FILE_ALL, 0, 12);
	check_rule(p, "*.pem", 0, AGENTOS_FILE_ALL, 0, 12);
	CHECK(p->rules[7].anywhere == false && p->rules[8].anywhere && p->rules[10].anywhere);
	CHECK(p->env_scrub);
	CHECK_STR(p->env_keep[0], "PATH");
	CHECK_STR(p->env_keep[1], "LC_*");
	CHECK(p->env_keep[2] == NULL);
	CHECK_STR(p->env_set[0], "HOME=/srv/space");
	CHECK_STR(p->env_set[1], "EMPTY=");
	CHECK(p->env_set[2] == NULL);
	CHECK_STR(p->directories[0], "/srv/space/.tmp");
	CHECK(p->directories[1] == NULL);
	CHECK(p->record_allowed);
	policy_free(p);
}

static void sockets_by_path_and_by_name(void)
{
	struct policy *p = NULL;
	struct fault f;

	CHECK_INT(parse("name: a\nrights: [unix-connect, file-read]\n"
			"files: {read: [/run/x], deny: [~/.gnupg], deny-names: ['@x']}\n"
			"network: {unix: [/run/x, '@x', -/run/y, '@/tmp/*']}\n",
			&p, &f),
		  0);
	CHECK_STR(f.text, "(no message)");
	REQUIRE(p && p->rule_count == 6);
	check_rule(p, "/run/x", AGENTOS_FILE_READ | AGENTOS_FILE_CONNECT, 0, 0, 3);
	check_rule(p, "/run/y", AGENTOS_FILE_CONNECT, 0, 1, 4);
	check_rule(p, "/home/u/.gnupg", 0, AGENTOS_FILE_ALL, 0, 3);
	/* A file that is called so is another thing. */
	CHECK(p->rules[3].anywhere && strcmp(p->rules[3].path, "@x") == 0);
	CHECK(p->rules[4].abstract && strcmp(p->rules[4].path, "@x") == 0);
	CHECK_INT(p->rules[4].allow, AGENTOS_FILE_CONNECT);
	CHECK(p->rules[5].abstract && strcmp(p->rules[5].path, "@/tmp/*") == 0);
	policy_free(p);
}

static void what_is_left_out_has_its_default(void)
{
	struct policy *p = NULL;
	struct fault f;

	CHECK_INT(parse("name: a\nrights: [bpf]\n", &p, &f), 0);
	if (!p)
		return;
	CHECK(!p->env_scrub && !p->env_keep && !p->env_set && !p->directories);
	CHECK(!p->record_allowed && !p->description && p->rule_count == 0);
	policy_free(p);
}

#define NET "network: {connect: ['*'], listen: ['*'], unix: [/]}\n"

static void all_rights_as_a_word_or_in_a_list(void)
{
	static const char *const texts[] = {
		"name: a\nrights: all\nfiles: {read: [/], write: [/], exec: [/]}\n" NET,
		"name: a\nrights: [all]\nfiles: {read: [/], write: [/], exec: [/]}\n" NET,
		"name: a\nrights:\n- all\nfiles: {read: [/], write: [/], exec: [/]}\r\n" NET,
	};
	struct policy *p;
	struct fault f;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		p = NULL;
		CHECK_INT(parse(texts[i], &p, &f), 0);
		CHECK_MSG(p && p->rights == AGENTOS_RIGHTS_ALL, "%s", f.text);
		policy_free(p);
	}
}

#define HEAD	"name: a\nrights: [file-read]\nfiles:\n"
#define OTHER	"name: a\nrights: [bpf]\n"
#define SOCKETS "name: a\nrights: [unix-connect]\n"

/* Each message begins with where, and has what is wrong and what would be valid. */
static const struct refusal {
	const char *text;
	const char *where; /* beginning of the message */
	const char *wrong; /* part of it */
	const char *valid; /* another part */
} refusals[] = {
	{ "", "p.yaml: ", "empty", "name: my-policy" },
	{ "# nothing\n", "p.yaml: ", "empty", "rights:" },
	{ "---\n", "p.yaml:", "the file is empty", "name: my-policy" },
	{ "- a\n", "p.yaml:1: ", "the file is a list", "key: value" },
	{ "hello\n", "p.yaml:1: ", "the file is one word", "key: value" },
	{ "rights: [bpf]\n", "p.yaml: ", "\"name\" is missing", "name: my-policy" },
	{ "name: a\n", "p.yaml: ", "\"rights\" is missing", "rights: [...]" },
	{ "nam: a\n", "p.yaml:1: ", "unknown key \"nam\"", "valid here: name, version" },
	{ "name: a\nright: [bpf]\n", "p.yaml:2: ", "unknown key \"right\"",
	  "here: rights, version" },
	{ HEAD "  raed: [/]\n", "p.yaml:4: ", "\"raed\" in \"files\"", "valid here: read, write" },
	{ OTHER "environment:\n  pass: [A]\n", "p.yaml:4: ", "in \"environment\"", "keep, set" },
	{ "name: a\n<<: {}\n", "p.yaml:2: ", "merging is not supported", "valid here" },
	{ "name: a\nname: b\n", "p.yaml:2: ", "second time, after line 1", "put both into one" },
	{ HEAD "  read: [/]\n  read: [/]\n", "p.yaml:5: ", "\"files.read\" stands here a second",
	  "" },
	{ OTHER "extends: x\n", "p.yaml:3: ", "\"extends\" names other files", "none can be read" },
	{ OTHER "include: [x]\n", "p.yaml:3: ", "\"include\" names other files", "none can be" },
	{ OTHER "include: x\n", "p.yaml:3: ", "\"include\" is one word", "a list" },
	{ OTHER "extends: [x]\n", "p.yaml:3: ", "\"extends\" is a list", "one text" },
	{ "name: a\nrights: [-bpf]\n", "p.yaml:2: ", "nothing is extended", "leave it out" },
	{ "name: a\nrights: -bpf\n", "p.yaml:2: ", "must be a list", "[-bpf]" },
	{ "name: a\nrights: [-fly]\n", "p.yaml:2: ", "unknown right \"fly\"", "rights are" },
	{ HEAD "  devices: [/]\n", "p.yaml:4: ", "not enforced by this version", "" },
	{ OTHER "effect: deny\n", "p.yaml:3: ", "unknown key \"effect\"", "effects" },
	{ OTHER "version: 2\n", "p.yaml:3: ", "version 2 is not known", "version: 1" },
	{ OTHER "version: one\n", "p.yaml:3: ", "\"version\" must be a number", "" },
	{ OTHER "version: 0\n", "p.yaml:3: ", "version 0 is not known", "" },
	{ "name: a b\nrights: [bpf]\n", "p.yaml:1: ", "name \"a b\" does not fit", "1 to 63" },
	{ "name: a/b\nrights: [bpf]\n", "p.yaml:1: ", "does not fit", "letters" },
	{ "name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\nrights: [bpf]\n",
	  "p.yaml:1: ", "does not fit", "63" },
	{ "name:\nrights: [bpf]\n", "p.yaml:1: ", "\"name\" has no value", "" },
	{ "name: [a]\nrights: [bpf]\n", "p.yaml:1: ", "\"name\" is a list", "one text" },
	{ "name: {a: b}\nrights: [bpf]\n", "p.yaml:1: ", "\"name\" is a section", "one text" },
	{ "name: a\nrights: []\n", "p.yaml:2: ", "empty list", "or \"all\"" },
	{ "name: a\nrights:\n", "p.yaml:2: ", "\"rights\" is empty", "a list" },
	{ "name: a\nrights: bpf\n", "p.yaml:2: ", "must be a list", "[bpf]" },
	{ "name: a\nrights: [bpf, bpf]\n", "p.yaml:2: ", "given twice", "" },
	{ "name: a\nrights: [bpf, all]\n", "p.yaml:2: ", "given twice", "every other" },
	{ "name: a\nrights:\n- bpf\n- file-raed\n", "p.yaml:4: ", "unknown right \"file-raed\"",
	  "did you mean file-read?" },
	{ "name: a\nrights: [FILE_READ]\n", "p.yaml:2: ", "unknown right", "mean file-read?" },
	{ "name: a\nrights: [ptrce]\n", "p.yaml:2: ", "unknown right", "mean ptrace?" },
	{ "name: a\nrights: [fly]\n", "p.yaml:2: ", "unknown right \"fly\"",
	  "rights are: all, file" },
	{ "name: a\nrights: al\n", "p.yaml:2: ", "unknown right \"al\"", "rights are: all" },
	{ "name: a\nrights: [{a: b}]\n", "p.yaml:2: ", "an item of \"rights\" is a section",
	  "text" },
	{ "name: a\nrights: [[bpf]]\n", "p.yaml:2: ", "an item of \"rights\" is a list", "text" },
	{ "name: a\nrights: [bpf, \"\"]\n", "p.yaml:2: ", "an item of \"rights\" is empty", "" },
	{ "name: a\nrights: [file-read]\n", "p.yaml:2: ", "right file-read has no effect",
	  "read:" },
	{ OTHER "files: {read: [/]}\n", "p.yaml:3: ", "without the right file-read", "rights" },
	{ HEAD "  read: [/]\n  write: [/]\n", "p.yaml:5: ", "without the right file-write", "" },
	{ HEAD "  read: [/]\n  exec: [/]\n", "p.yaml:5: ", "without the right file-exec", "" },
	{ HEAD "  read: /usr\n", "p.yaml:4: ", "\"files.read\" is one word", "a list: [a, b]" },
	{ HEAD "  read:\n", "p.yaml:4: ", "\"files.read\" is empty", "a list" },
	{ HEAD "  read: []\n", "p.yaml:4: ", "empty list", "leave the key out" },
	{ OTHER "files:\n", "p.yaml:3: ", "\"files\" is empty", "a section" },
	{ OTHER "files: {}\n", "p.yaml:3: ", "\"files\" is empty", "read, write, exec, deny" },
	{ OTHER "files: [/usr]\n", "p.yaml:3: ", "\"files\" is a list", "a section" },
	{ OTHER "environment: {}\n", "p.yaml:3: ", "\"environment\" is empty", "keep, set" },
	{ HEAD "  read: [usr]\n", "p.yaml:4: ", "not an absolute path", "${WORKSPACE}/" },
	{ HEAD "  read: [~other/x]\n", "p.yaml:4: ", "not an absolute path", "~/" },
	{ HEAD "  read:\n    - /usr\n    - ./x\n", "p.yaml:6: ", "not an absolute path", "" },
	{ HEAD "  read: [--/x]\n", "p.yaml:4: ", "not an absolute path", "" },
	{ HEAD "  read: [/a/../b]\n", "p.yaml:4: ", "has \"..\" in it", "without it" },
	{ HEAD "  read: [/..]\n", "p.yaml:4: ", "has \"..\" in it", "" },
	{ HEAD "  read: ['/a/*.pem']\n", "p.yaml:4: ", "looks like a pattern", "the directory" },
	{ HEAD "  read: ['${TMP}/x']\n", "p.yaml:4: ", "unknown variable \"TMP\"",
	  "${WORKSPACE}, ${HOME}" },
	{ HEAD "  read: [$HOME/x]\n", "p.yaml:4: ", "begins no variable", "${HOME}" },
	{ HEAD "  read: ['${HOME']\n", "p.yaml:4: ", "begins no variable", "$$" },
	{ HEAD "  read: [${HOME}]\n", "p.yaml:4: ", "not valid YAML", "needs quotes" },
	{ HEAD "  read: [/usr]\n  deny: [/usr/]\n", "p.yaml:5: ", "both allowed and denied",
	  "on line 4" },
	{ HEAD "  read: [/]\n  deny-names: [a/b]\n", "p.yaml:5: ", "is a path", "\"deny\"" },
	{ HEAD "  read: [/]\n  deny-names: [/a]\n", "p.yaml:5: ", "is a path", "" },
	{ HEAD "  read: [/]\n  deny-names: ['']\n", "p.yaml:5: ", "is empty", "" },
	{ HEAD "  read: [/]\n  deny-names: [.]\n", "p.yaml:5: ", "is no name of a file", "" },
	{ HEAD "  read: [/]\n  deny-names: [a, ..]\n", "p.yaml:5: ", "is no name of a file", "" },
	{ HEAD "  read: [/]\n  deny-names: ['*']\n", "p.yaml:5: ", "is every name", "rights" },
	{ HEAD "  read: [/]\n  deny-names: ['a*b']\n", "p.yaml:5: ", "at one end", "\"*.pem\"" },
	{ HEAD "  read: [/]\n  deny-names: ['*a*']\n", "p.yaml:5: ", "at one end", "" },
	{ HEAD "  read: [/]\n  deny-names: ['a?']\n", "p.yaml:5: ", "no pattern", "" },
	{ HEAD "  read: [/]\n  deny-names: [a,\n    a]\n", "p.yaml:6: ", "twice", "" },
	{ HEAD
	  "  read: [/]\n  deny-names: [a23456789012345678901234567890123456789012345678901234567890123x]\n",
	  "p.yaml:5: ", "longer than 63", "" },
	{ HEAD "  read: [/, /a/b.pem]\n  deny-names: ['*.pem']\n",
	  "p.yaml:4: ", "denied by its name on line 5", "" },
	{ HEAD "  read: [/, ~/.netrc]\n  deny-names: [.netrc]\n",
	  "p.yaml:4: ", "denied by its name", "" },
	{ HEAD "  read: ['${HOME}/x']\n  deny: [~/x]\n", "p.yaml:5: ", "both allowed and denied",
	  "" },
	{ OTHER "network: {unix: [/run]}\n", "p.yaml:3: ", "without the right unix-connect",
	  "rights" },
	{ SOCKETS "", "p.yaml:2: ", "right unix-connect has no effect",
	  "\"unix:\" paths under \"network:\"" },
	{ SOCKETS "network: {unix: [run/x]}\n", "p.yaml:3: ", "not an absolute path", "" },
	{ SOCKETS "network: {unix: ['@']}\n", "p.yaml:3: ", "no name of a socket", "\"@*\"" },
	{ SOCKETS "network: {unix: ['@a*b']}\n", "p.yaml:3: ", "at one end", "" },
	{ SOCKETS "network: {unix: ['@*a*']}\n", "p.yaml:3: ", "at one end", "" },
	{ SOCKETS "network: {unix: ['/run/*.sock']}\n", "p.yaml:3: ", "looks like a pattern", "" },
	{ SOCKETS
	  "network: {unix: ['@a234567890123456789012345678901234567890123456789012345678901234']}\n",
	  "p.yaml:3: ", "longer than 63", "" },
	{ SOCKETS "network:\n  unix: [/run/x]\nfiles: {deny: [/run/x]}\n",
	  "p.yaml:4: ", "both allowed and denied", "on line 5" },
	{ SOCKETS "network:\n  unix: [/run/a.pem]\nfiles: {deny-names: ['*.pem']}\n",
	  "p.yaml:4: ", "denied by its name", "" },
	{ OTHER "environment: {keep: [A-B]}\n", "p.yaml:3: ", "no name of a variable", "PREFIX_*" },
	{ OTHER "environment: {keep: [A*B]}\n", "p.yaml:3: ", "no name of a variable", "" },
	{ OTHER "environment: {keep: [A, A]}\n", "p.yaml:3: ", "twice", "take one out" },
	{ OTHER "environment: {set: [A]}\n", "p.yaml:3: ", "sets no variable", "NAME=VALUE" },
	{ OTHER "environment: {set: [1A=x]}\n", "p.yaml:3: ", "sets no variable", "" },
	{ OTHER "environment: {set: [A=1, A=2]}\n", "p.yaml:3: ", "twice", "" },
	{ OTHER "environment: {set: [A=~/x]}\n", "p.yaml:3: ", "\"~\" means nothing", "${HOME}" },
	{ OTHER "environment:\n  set: [A=1]\n  keep: [A]\n", "p.yaml:4: ", "both set and kept",
	  "line 5" },
	{ OTHER "directories: [x]\n", "p.yaml:3: ", "not an absolute path", "" },
	{ OTHER "directories: [/a, /a/]\n", "p.yaml:3: ", "twice", "" },
	{ OTHER "audit: some\n", "p.yaml:3: ", "audit \"some\"", "\"verbose\" and \"strict\"" },
	{ OTHER "audit: all\n", "p.yaml:3: ", "audit \"all\" is unknown", "\"verbose\" (as" },
	{ OTHER "audit: denials\n", "p.yaml:3: ", "unknown", "\"normal\" (as \"denials\"" },
	{ "name: &x a\nrights: [bpf]\n", "p.yaml:1: ", "aliases are not supported",
	  "write the value" },
	{ "name: a\nrights: *x\n", "p.yaml:2: ", "aliases are not supported", "" },
	{ "name: !!str a\n", "p.yaml:1: ", "tags are not supported", "" },
	{ OTHER "---\nname: b\n", "p.yaml:3: ", "a second document", "one policy" },
	{ "name: a\n\trights: [bpf]\n", "p.yaml:2: ", "a tab indents this line", "spaces" },
	{ "name: a\nrights: [bpf\n", "p.yaml:3: ", "not valid YAML", "begins on line 2" },
	{ "name: \"a\n", "p.yaml:", "not valid YAML", "" },
	{ "name: a\n\xff\n", "p.yaml:2: ", "not a text in UTF-8", "" },
	{ "name: \"a\\0b\"\n", "p.yaml:1: ", "control character", "\\x00" },
	{ "name: \"a\\e[2J\"\n", "p.yaml:1: ", "control character", "\\x1b" },
	{ "name: |\n  a\n", "p.yaml:1: ", "line break", "one line" },
	{ "? [a]\n: b\n", "p.yaml:1: ", "a key is a list", "one word" },
};

static void each_refusal_says_where_what_and_what_instead(void)
{
	const struct refusal *r;
	struct policy *p;
	struct fault f;
	size_t i;

	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		r = &refusals[i];
		p = NULL;
		CHECK_MSG(parse(r->text, &p, &f) == -EINVAL, "%s", r->text);
		CHECK(p == NULL);
		CHECK_MSG(strncmp(f.text, r->where, strlen(r->where)) == 0, "\"%s\" not at \"%s\"",
			  f.text, r->where);
		CHECK_MSG(strstr(f.text, r->wrong), "\"%s\" not in \"%s\"", r->wrong, f.text);
		CHECK_MSG(strstr(f.text, r->valid), "\"%s\" not in \"%s\"", r->valid, f.text);
		CHECK_MSG(!strchr(f.text, '\n'), "%s", f.text);
		policy_free(p);
	}
}

static void a_variable_without_value_is_refused(void)
{
	static const struct policy_vars none = { .workspace = NULL };
	static const struct policy_vars relative = { .workspace = "x" };
	static const struct policy_vars climbing = { .workspace = "/x/.." };
	static const struct policy_vars agent = { .agent = "../x" };
	static const char text[] = HEAD "  read:\n    - ${WORKSPACE}/a\n";
	struct policy *p = NULL;
	struct fault f;

	CHECK_INT(policy_parse(text, strlen(text), "p", &none, NULL, &p, &f), -EINVAL);
	CHECK_STR(f.text, "p:5: variable \"WORKSPACE\" has no value here");
	CHECK_INT(policy_parse(text, strlen(text), "p", &relative, NULL, &p, &f), -EINVAL);
	CHECK_INT(policy_parse(text, strlen(text), "p", &climbing, NULL, &p, &f), -EINVAL);
	CHECK_INT(policy_parse(text, strlen(text), "p", &agent, NULL, &p, &f), -EINVAL);
	CHECK(p == NULL);
}

static void a_workspace_that_is_the_whole_machine_is_refused(void)
{
	static const struct policy_vars everything = { .workspace = "/", .home = "/" };
	static const char written[] = "name: a\nrights: [file-write]\nfiles: {write: [/]}\n";
	char *untrusted = profile_text("untrusted");
	struct policy *p = NULL;
	struct fault f;

	REQUIRE(untrusted);
	CHECK_INT(policy_parse(untrusted, strlen(untrusted), "p", &everything, NULL, &p, &f),
		  -EINVAL);
	CHECK_MSG(strstr(f.text, "write everywhere"), "%s", f.text);
	CHECK_INT(policy_parse(written, strlen(written), "p", &everything, NULL, &p, &f), 0);
	policy_free(p);
	free(untrusted);
}

static void file_names_in_messages_are_escaped(void)
{
	struct policy *p = NULL;
	struct fault f;

	CHECK_INT(policy_parse("", 0, "a\033[2Jb", &vars, NULL, &p, &f), -EINVAL);
	CHECK_MSG(strncmp(f.text, "a\\x1b[2Jb: empty", 16) == 0, "%s", f.text);
	CHECK_INT(policy_parse("", 0, "a", &vars, NULL, &p, NULL), -EINVAL);
}

/* A policy whose last list, begun by `key`, has count items. */
static char *long_list(const char *key, const char *item, size_t count)
{
	char *text = NULL;
	size_t size, i;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fprintf(out, "name: a\nrights: [file-read]\nfiles:\n  read: [/]\n%s:\n", key);
	for (i = 0; i < count; i++)
		fprintf(out, "  - %s%zu\n", item, i);
	fclose(out);
	return text;
}

static void each_limit_is_an_error_with_its_number(void)
{
	static const struct {
		const char *key, *item;
		size_t count;
		int err;
		const char *part;
	} cases[] = {
		{ "directories", "/d", LIMIT_POLICY_DIRS, 0, "" },
		{ "directories", "/d", LIMIT_POLICY_DIRS + 1, -EINVAL, "more than 64" },
		{ "  deny", "/d", AGENTOS_POLICY_RULES_MAX - 1, 0, "" },
		{ "  deny", "/d", AGENTOS_POLICY_RULES_MAX, -E2BIG, "more than 16364" },
		{ "  deny", "/d", AGENTOS_POLICY_RULES_MAX + 1, -E2BIG, "more than 16364" },
		{ "environment:\n  keep", "A", LIMIT_POLICY_ENV, 0, "" },
		{ "environment:\n  keep", "A", LIMIT_POLICY_ENV + 1, -EINVAL, "more than 256" },
	};
	struct policy *p;
	struct fault f;
	char *text;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		p = NULL;
		text = long_list(cases[i].key, cases[i].item, cases[i].count);
		REQUIRE(text);
		CHECK_INT(parse(text, &p, &f), cases[i].err);
		CHECK_MSG(!cases[i].err == (p != NULL), "%s", f.text);
		CHECK_MSG(strstr(f.text, cases[i].part), "%s", f.text);
		policy_free(p);
		free(text);
	}
}

static void a_file_over_the_size_limit_is_refused(void)
{
	char *text = malloc(LIMIT_POLICY_FILE + 1);
	struct policy *p = NULL;
	struct fault f;

	REQUIRE(text);
	memset(text, '#', LIMIT_POLICY_FILE + 1);
	CHECK_INT(policy_parse(text, LIMIT_POLICY_FILE + 1, "p", &vars, NULL, &p, &f), -E2BIG);
	CHECK(strstr(f.text, "larger than 1048576 bytes"));
	CHECK_INT(policy_parse(text, LIMIT_POLICY_FILE, "p", &vars, NULL, &p, &f), -EINVAL);
	memset(text, '[', LIMIT_POLICY_FILE);
	CHECK_INT(policy_parse(text, LIMIT_POLICY_FILE, "p", &vars, NULL, &p, &f), -EINVAL);
	free(text);
}

static void suggestions_are_near_or_none(void)
{
	CHECK_STR(policy_right_suggest("file_read"), "file-read");
	CHECK_STR(policy_right_suggest("Net-Conect"), "net-connect");
	CHECK_STR(policy_right_suggest("iouring"), "io-uring");
	CHECK_STR(policy_right_suggest("read"), "file-read");
	CHECK(policy_right_suggest("everything-there-is") == NULL);
	CHECK(policy_right_suggest(
		      "a-word-that-is-longer-than-any-right-and-than-the-table-of-edits") == NULL);
	CHECK_INT(policy_right_by_name("bpf"), AGENTOS_RIGHT(BPF));
	CHECK_INT(policy_right_by_name("all"), 0);
	CHECK_INT(policy_right_by_name(""), 0);
}

static uint32_t random_next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* One change of the kinds that break parsers: bytes, pieces moved, pieces repeated, the end cut. */
static size_t mutate(char *text, size_t len, size_t room, uint32_t *state)
{
	static const char pieces[][8] = {
		"[",	"]",	"{",   "}",    "- ",   "\n", "\t",    ": ",
		"&a",	"*a",	"!",   "${",   "}",    "\"", "'",     "\\x",
		"\xff", "\xc3", "|\n", ">",    "<<: ", "? ", "---\n", "...\n",
		"~",	"#",	",",   "\n  ", "..",   "$",  "%YAML", "\xef\xbb\xbf",
	};
	size_t at = len ? random_next(state) % len : 0, from, count;
	const char *piece;

	switch (random_next(state) % 6) {
	case 0:
		if (len)
			text[at] = (char)random_next(state);
		return len;
	case 1:
		count = random_next(state) % 16;
		count = count < len - at ? count : len - at;
		memmove(text + at, text + at + count, len - at - count);
		return len - count;
	case 2:
	case 3:
		piece = pieces[random_next(state) % (sizeof(pieces) / sizeof(pieces[0]))];
		count = strlen(piece);
		if (len + count > room)
			return len;
		memmove(text + at + count, text + at, len - at);
		memcpy(text + at, piece, count);
		return len + count;
	case 4:
		from = len ? random_next(state) % len : 0;
		count = random_next(state) % 64;
		count = count < len - from ? count : len - from;
		count = count < len - at ? count : len - at;
		memmove(text + at, text + from, count);
		return len;
	default:
		return random_next(state) % 8 ? len : at;
	}
}

static void mutated_input_is_survived_and_answered(void)
{
	static const size_t rounds = 20000;
	char *profile = profile_text("untrusted"), *text, *exact;
	size_t i, k, len, room = 32768, accepted = 0;
	uint32_t state = 0x2545f491;
	struct policy *p;
	struct fault f;
	int err;

	REQUIRE(profile);
	text = malloc(room);
	REQUIRE(text);
	for (i = 0; i < rounds; i++) {
		/* The long profile now and then: it is what people edit. */
		const char *seed = i % 50 ? full : profile;

		len = strlen(seed);
		memcpy(text, seed, len);
		for (k = random_next(&state) % 8 + 1; k; k--)
			len = mutate(text, len, room, &state);
		/* Its own allocation, so that reading past the end is seen. */
		exact = malloc(len ? len : 1);
		REQUIRE(exact);
		memcpy(exact, text, len);
		p = NULL;
		f.text[0] = '\0';
		err = policy_parse(exact, len, "p.yaml", &vars, NULL, &p, &f);
		free(exact);
		CHECK_MSG(err == 0 || err == -EINVAL || err == -E2BIG, "round %zu: %d", i, err);
		CHECK_MSG(!err == (p != NULL), "round %zu", i);
		CHECK_MSG(!err || strncmp(f.text, "p.yaml:", 7) == 0, "round %zu: %s", i, f.text);
		/* Positions are known before libcyaml runs: it is to find nothing new. */
		CHECK_MSG(!strstr(f.text, "not a valid policy"), "round %zu: %s", i, f.text);
		accepted += !err;
		policy_free(p);
	}
	/* Neither everything nor nothing, or the mutations test nothing. */
	CHECK_MSG(accepted > rounds / 100 && accepted < rounds / 2, "%zu accepted", accepted);
	free(text);
	free(profile);
}

static const struct tap_test tests[] = {
	{ "every_key_is_read", every_key_is_read },
	{ "sockets_by_path_and_by_name", sockets_by_path_and_by_name },
	{ "what_is_left_out_has_its_default", what_is_left_out_has_its_default },
	{ "all_rights_as_a_word_or_in_a_list", all_rights_as_a_word_or_in_a_list },
	{ "each_refusal_says_where_what_and_what_instead",
	  each_refusal_says_where_what_and_what_instead },
	{ "a_variable_without_value_is_refused", a_variable_without_value_is_refused },
	{ "a_workspace_that_is_the_whole_machine_is_refused",
	  a_workspace_that_is_the_whole_machine_is_refused },
	{ "file_names_in_messages_are_escaped", file_names_in_messages_are_escaped },
	{ "each_limit_is_an_error_with_its_number", each_limit_is_an_error_with_its_number },
	{ "a_file_over_the_size_limit_is_refused", a_file_over_the_size_limit_is_refused },
	{ "suggestions_are_near_or_none", suggestions_are_near_or_none },
	{ "mutated_input_is_survived_and_answered", mutated_input_is_survived_and_answered },
};

TAP_MAIN(tests)
