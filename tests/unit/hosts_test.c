// SPDX-License-Identifier: GPL-2.0-or-later
/* The lists of the network: section on host names. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agentos_rights.h"
#include "base/limits.h"
#include "policy/egress.h"
#include "policy/policy.h"
#include "tests/tap.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct policy_vars vars = { .workspace = "/srv/space",
					 .home = "/home/u",
					 .agent = "coder" };

/* What the tests' policies extend ("base") and include ("part"). */
static const char base[] =
	"name: base\nrights: [net-connect, net-listen]\nnetwork:\n"
	"  listen: ['*:80']\n"
	"  egress:\n"
	"    - a.example\n"
	"    - b.example\n"
	"  egress-private: [10.0.0.0/8]\n";
static const char part[] = "network:\n"
			   "  egress: [c.example, a.example]\n"
			   "  egress-any: ['c.example:22']\n";

static int find(void *cookie, enum policy_link link, const char *name, const char *from,
		struct policy_found *ret_found, struct fault *f)
{
	const char *text = link == POLICY_EXTENDS ? base : part;

	*ret_found = (struct policy_found){ .file = strdup(name), .len = strlen(text) };
	ret_found->bytes = strdup(text);
	return 0;
}

static int parse(const char *text, struct policy **ret_policy, struct fault *f)
{
	static const struct policy_loader loader = { .find = find };

	*f = (struct fault){ "" };
	return policy_parse(text, strlen(text), "p.yaml", &vars, &loader, ret_policy, f);
}

struct expected {
	enum compiled_egress_kind kind;
	const char *host; /* or address */
	unsigned int first, last, prefix;
	unsigned int file, line;
};

static void check_rule(const struct policy *p, size_t at, const struct expected *e)
{
	const struct policy_egress *is = &p->egress[at];
	char text[INET6_ADDRSTRLEN] = "";

	REQUIRE(at < p->egress_count);
	CHECK(egress_valid(&is->rule));
	CHECK_INT(is->rule.number, p->rule_count + p->address_count + at);
	CHECK_INT(is->rule.kind, e->kind);
	if (is->rule.kind == EGRESS_PRIVATE)
		inet_ntop(is->rule.family, is->rule.addr, text, sizeof(text));
	CHECK_STR(is->rule.kind == EGRESS_PRIVATE ? text : is->rule.host, e->host);
	CHECK_INT(is->rule.port_first, e->first);
	CHECK_INT(is->rule.port_last, e->last);
	CHECK_INT(is->rule.prefix, e->prefix);
	CHECK_INT(is->at.file, e->file);
	CHECK_INT(is->at.line, e->line);
}

static void check_policy(const char *text, const struct expected *rules, size_t count)
{
	struct policy *p = NULL;
	struct fault f;
	size_t i;

	CHECK_INT(parse(text, &p, &f), 0);
	CHECK_STR(f.text, "");
	REQUIRE(p);
	CHECK_INT(p->egress_count, count);
	for (i = 0; i < count; i++)
		check_rule(p, i, &rules[i]);
	policy_free(p);
}

static void every_form_of_a_name(void)
{
	static const char text[] =
		"name: a\nrights: [net-connect, file-read]\n"
		"files: {read: [/usr]}\n"
		"network:\n"
		"  connect: ['127.0.0.1:7']\n"
		"  egress-private: [10.0.0.0/8, '::1/128', 127.0.0.1, 'fd00::/8']\n"
		"  egress:\n"
		"    - Deb.Example:80\n"
		"    - '*.GIT.example'\n"
		"    - packages.example.:8000-8100\n"
		"    - '*:443'\n"
		"    - 'x_y.example:*'\n"
		"    - xn--bcher-kva.example:1-65535\n"
		"    - '*.openai.com'\n"
		"  egress-any: ['git.example:22', '*']\n"
		"  egress-providers: [api.openai.com, '*.openai.azure.com', own.example]\n"
		"  models: ['openai/GPT-5*', claude-x, '*', openrouter/meta-llama/l:free]\n";
	static const struct expected rules[] = {
		{ EGRESS_TLS, "deb.example", 80, 80, 0, 0, 8 },
		{ EGRESS_TLS, "*.git.example", 443, 443, 0, 0, 9 },
		{ EGRESS_TLS, "packages.example", 8000, 8100, 0, 0, 10 },
		{ EGRESS_TLS, "*", 443, 443, 0, 0, 11 },
		{ EGRESS_TLS, "x_y.example", 1, 65535, 0, 0, 12 },
		{ EGRESS_TLS, "xn--bcher-kva.example", 1, 65535, 0, 0, 13 },
		{ EGRESS_TLS, "*.openai.com", 443, 443, 0, 0, 14 },
		{ EGRESS_ANY, "git.example", 22, 22, 0, 0, 15 },
		{ EGRESS_ANY, "*", 443, 443, 0, 0, 15 },
		{ EGRESS_PROVIDER, "api.openai.com", 443, 443, 0, 0, 16 },
		{ EGRESS_PROVIDER, "*.openai.azure.com", 443, 443, 0, 0, 16 },
		{ EGRESS_PROVIDER, "own.example", 443, 443, 0, 0, 16 },
		{ EGRESS_PRIVATE, "10.0.0.0", 0, 0, 8, 0, 6 },
		{ EGRESS_PRIVATE, "::1", 0, 0, 128, 0, 6 },
		{ EGRESS_PRIVATE, "127.0.0.1", 0, 0, 32, 0, 6 },
		{ EGRESS_PRIVATE, "fd00::", 0, 0, 8, 0, 6 },
		{ EGRESS_MODEL, "openai/GPT-5*", 0, 0, 0, 0, 17 },
		{ EGRESS_MODEL, "claude-x", 0, 0, 0, 0, 17 },
		{ EGRESS_MODEL, "*", 0, 0, 0, 0, 17 },
		{ EGRESS_MODEL, "openrouter/meta-llama/l:free", 0, 0, 0, 0, 17 },
	};

	check_policy(text, rules, COUNT(rules));
}

static void what_is_named_twice_is_one_rule(void)
{
	static const char text[] =
		"name: a\nrights: [net-connect]\nnetwork:\n"
		"  egress:\n"
		"    - a.example\n"
		"    - A.example.:443\n"
		"    - a.example:443-443\n"
		"    - a.example:443-444\n"
		"  egress-any: [a.example]\n"
		"  egress-private: [10.0.0.1, 10.0.0.1/32, 10.0.0.0/31]\n";
	static const struct expected rules[] = {
		{ EGRESS_TLS, "a.example", 443, 443, 0, 0, 5 },
		{ EGRESS_TLS, "a.example", 443, 444, 0, 0, 8 },
		{ EGRESS_ANY, "a.example", 443, 443, 0, 0, 9 },
		{ EGRESS_PRIVATE, "10.0.0.1", 0, 0, 32, 0, 10 },
		{ EGRESS_PRIVATE, "10.0.0.0", 0, 0, 31, 0, 10 },
	};

	check_policy(text, rules, COUNT(rules));
}

static void lists_of_several_files_add_up(void)
{
	static const struct expected added[] = {
		{ EGRESS_TLS, "a.example", 443, 443, 0, 2, 6 },
		{ EGRESS_TLS, "b.example", 443, 443, 0, 2, 7 },
		{ EGRESS_PRIVATE, "10.0.0.0", 0, 0, 8, 2, 8 },
		{ EGRESS_TLS, "d.example", 443, 443, 0, 0, 4 },
		{ EGRESS_TLS, "c.example", 443, 443, 0, 1, 2 },
		{ EGRESS_ANY, "c.example", 22, 22, 0, 1, 3 },
	};

	check_policy("name: a\nextends: base\ninclude: [part]\n"
		     "network: {egress: [b.example, d.example]}\n",
		     added, COUNT(added));
	/* With the right goes what it switched on. */
	check_policy("name: a\nextends: base\nrights: [-net-connect]\n", NULL, 0);
}

static void each_refusal_says_what_and_what_instead(void)
{
	static const struct {
		const char *list, *item;
		const char *says[2];
	} rows[] = {
		{ "egress", "https://x.example/y", { "is a URL", "write \"x.example\"" } },
		{ "egress", "http://X.example:8080/", { "is a URL", "write \"x.example:80\"" } },
		{ "egress", "https://[::1]/", { "is a URL", "\"example.com:443\"" } },
		{ "egress", "ftp://", { "is a URL", "a name and ports" } },
		{ "egress", "x.example/y", { "\"/\"", "whatever is asked for there" } },
		{ "egress", "x.example:443/tcp", { "protocol", "leave \"/tcp\" out" } },
		{ "egress", "x.example:53/udp", { "TCP alone", "\"connect\" may be UDP" } },
		{ "egress", "u@x.example", { "\"@\"", "on a name" } },
		{ "egress", "x y", { "space", "an item of its own" } },
		{ "egress", "x.example ", { "space", "" } },
		{ "egress", "x.example:", { "no port behind", "443" } },
		{ "egress", "x.example:0", { "port 0", "" } },
		{ "egress", "x.example:0-5", { "port 0", "" } },
		{ "egress", "x.example:65536", { "no port that is one", "65535" } },
		{ "egress", "x.example:99999999999999999999", { "no port that is one", "" } },
		{ "egress", "x.example:-1", { "no port that is one", "" } },
		{ "egress", "x.example:1-", { "no port that is one", "" } },
		{ "egress", "x.example:1-2-3", { "no port that is one", "" } },
		{ "egress", "x.example:https", { "no port that is one", "443" } },
		{ "egress", "x.example:+1", { "no port that is one", "" } },
		{ "egress", "x.example:9-1", { "wrong order", "" } },
		{ "egress", "x.example:1:2", { "several colons", "8000-8100" } },
		{ "egress", ":443", { "no name", "\"*:443\"" } },
		{ "egress", "*.", { "no name", "" } },
		{ "egress", "10.0.0.1:80", { "is an address", "\"connect\"" } },
		{ "egress", "10.0.0.0/8", { "is an address", "\"egress-private\"" } },
		{ "egress", "0x7f.1", { "is an address", "" } },
		{ "egress", "2130706433:80", { "is an address", "" } },
		{ "egress", "127.1.", { "is an address", "" } },
		{ "egress", "::1", { "is an address", "" } },
		{ "egress", "[::1]:443", { "is an address", "" } },
		{ "egress", "*.1", { "ends in a number", "" } },
		{ "egress", "*x.example", { "\"*\" that is not alone", "*.example.com" } },
		{ "egress", "x.*.example", { "\"*\" that is not alone", "" } },
		{ "egress", "*.*", { "\"*\" that is not alone", "" } },
		{ "egress", "x.*", { "\"*\" that is not alone", "" } },
		{ "egress", "-x.example", { "begins with \"-\"", "" } },
		{ "egress", "x..example", { "\".\" too many", "" } },
		{ "egress", ".x.example", { "\".\" too many", "" } },
		{ "egress", "x.example..", { "\".\" too many", "" } },
		{ "egress", ".", { "\".\" too many", "" } },
		{ "egress", "x!.example", { "is no name of a host", "letters" } },
		{ "egress", "${HOME}.example", { "is no name of a host", "" } },
		{ "egress",
		  "b\xc3\xbc"
		  "cher.example",
		  { "not ASCII", "xn--" } },
		{ "egress",
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example",
		  { "more than 63 bytes", "" } },
		{ "egress", "api.openai.com", { "provider of models", "\"egress-providers\"" } },
		{ "egress", "API.Anthropic.COM.:443", { "provider of models", "" } },
		{ "egress", "*.openai.azure.com", { "provider of models", "" } },
		{ "egress-any", "api.x.ai:22", { "provider of models", "\"egress-providers\"" } },
		{ "egress-any", "10.0.0.1:22", { "is an address", "\"connect\"" } },
		{ "egress-providers", "10.0.0.1", { "is an address", "" } },
		{ "egress-private", "10.0.0.0/33", { "no prefix that is one", "0 to 32" } },
		{ "egress-private", "::/129", { "no prefix that is one", "0 to 128" } },
		{ "egress-private", "10.0.0.0/", { "no prefix that is one", "" } },
		{ "egress-private", "10.0.0.1/8", { "more of the address", "zeros" } },
		{ "egress-private", "10.0.0.1:80", { "has a port", "" } },
		{ "egress-private", "[::1]", { "is in brackets", "::1/128" } },
		{ "egress-private", "localhost", { "is no address", "10.0.0.0/8" } },
		{ "egress-private", "127.1", { "is no address", "" } },
		{ "egress-private", "*", { "is no address", "" } },
		{ "egress-private", "::ffff:10.0.0.1", { "IPv4 in IPv6", "write it as IPv4" } },
		{ "egress-private", "8.8.8.8", { "is public", "take it out" } },
		{ "models", "https://api.openai.com/v1", { "is a URL", "openai/gpt-*" } },
		{ "models", "*/gpt", { "\"*\" that is not at its end", "openai/*" } },
		{ "models", "gpt*x", { "\"*\" that is not at its end", "" } },
		{ "models", "**", { "\"*\" that is not at its end", "" } },
		{ "models", "openai/", { "no model", "\"*\" behind" } },
		{ "models", "/gpt", { "is no name of a model", "PROVIDER/MODEL" } },
		{ "models", "a//b", { "is no name of a model", "" } },
		{ "models", "gpt 5", { "is no name of a model", "" } },
	};
	char text[512];
	struct policy *p;
	struct fault f;
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		p = NULL;
		snprintf(
			text, sizeof(text),
			"name: a\nrights: [net-connect]\nnetwork:\n  connect: ['*']\n  %s:\n    - '%s'\n",
			rows[i].list, rows[i].item);
		CHECK_MSG(parse(text, &p, &f) == -EINVAL, "%s: %s", rows[i].item, f.text);
		CHECK_MSG(!p, "%s", rows[i].item);
		CHECK_MSG(strncmp(f.text, "p.yaml:6: \"", 11) == 0, "%s: %s", rows[i].item, f.text);
		CHECK_MSG(strstr(f.text, rows[i].says[0]), "%s: %s", rows[i].item, f.text);
		CHECK_MSG(strstr(f.text, rows[i].says[1]), "%s: %s", rows[i].item, f.text);
	}
}

static void the_whole_has_to_make_sense(void)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ "name: a\nrights: [net-listen]\nnetwork:\n  listen: ['*']\n  egress: [x.example]\n",
		  "p.yaml:5: \"network.egress\" has no effect without the right net-connect" },
		{ "name: a\nrights: [net-listen]\nnetwork:\n  listen: ['*']\n  egress-any: [x.example]\n",
		  "p.yaml:5: \"network.egress-any\" has no effect without the right net-connect" },
		{ "name: a\nrights: [bpf]\nnetwork:\n  egress-providers: [x.example]\n",
		  "p.yaml:4: \"network.egress-providers\" has no effect without the right" },
		{ "name: a\nrights: [bpf]\nnetwork:\n  egress-private: [10.0.0.0/8]\n",
		  "p.yaml:4: \"network.egress-private\" has no effect without the right" },
		{ "name: a\nrights: [bpf]\nnetwork:\n  models: ['*']\n",
		  "p.yaml:4: \"network.models\" has no effect without the right net-connect" },
		{ "name: a\nrights: [net-connect]\nnetwork:\n  models: ['*']\n"
		  "  egress-private: [10.0.0.0/8]\n",
		  "p.yaml:5: \"network.egress-private\" has no effect: it is about what names" },
		{ "name: a\nrights: [net-connect]\nnetwork:\n  connect: ['*']\n"
		  "  egress-private: [10.0.0.0/8]\n",
		  "p.yaml:5: \"network.egress-private\" has no effect: it is about what names" },
		{ "name: a\nrights: [net-connect]\n",
		  "p.yaml:2: right net-connect has no effect without \"connect:\" addresses or "
		  "\"egress:\" names under \"network:\"" },
		{ "name: a\nrights: [net-connect]\nnetwork: {egress: []}\n",
		  "p.yaml:3: \"network.egress\" is an empty list" },
		{ "name: a\nrights: [net-connect]\nnetwork: {egress: x.example}\n",
		  "p.yaml:3: \"network.egress\" is one word; it must be a list" },
		{ "name: a\nrights: [net-connect]\nnetwork: {egres: [x.example]}\n",
		  "p.yaml:3: unknown key \"egres\" in \"network\"; valid here: egress, " },
		{ "name: a\nrights: [net-connect]\nnetwork: {egress: [\"x\\n.example\"]}\n",
		  "p.yaml:3: \"x\\x0a.example\" has a line break or control character" },
		{ "name: a\nrights: [net-connect, net-raw]\nnetwork: {egress: ['*']}\n",
		  "p.yaml:2: right net-raw reaches each address" },
		{ "name: a\nextends: base\nrights: [-net-connect]\nnetwork: {egress: [x.example]}\n",
		  "p.yaml:4: \"network.egress\" has no effect without the right net-connect" },
	};
	struct policy *p;
	struct fault f;
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		p = NULL;
		CHECK_MSG(parse(rows[i].text, &p, &f) == -EINVAL, "%zu: %s", i, f.text);
		CHECK_MSG(strncmp(f.text, rows[i].says, strlen(rows[i].says)) == 0, "%zu: %s", i,
			  f.text);
		policy_free(p);
	}
}

static char *many(size_t count)
{
	char *text = NULL;
	size_t size, i;
	FILE *out = open_memstream(&text, &size);

	fputs("name: a\nrights: [net-connect]\nnetwork:\n  egress:\n", out);
	for (i = 0; i < count; i++)
		fprintf(out, "    - a%zu.example\n    - A%zu.example\n", i, i);
	fclose(out);
	return text;
}

static void there_is_a_most(void)
{
	struct policy *p = NULL;
	struct fault f;
	char *text;

	text = many(LIMIT_EGRESS_RULES);
	CHECK_INT(parse(text, &p, &f), 0);
	CHECK(p && p->egress_count == LIMIT_EGRESS_RULES);
	policy_free(p);
	free(text);
	p = NULL;
	text = many(LIMIT_EGRESS_RULES + 1);
	CHECK_INT(parse(text, &p, &f), -E2BIG);
	CHECK(strncmp(f.text, "p.yaml:2053: more than 1024 rules on host names", 47) == 0);
	CHECK(!p);
	free(text);
}

static void the_digest_covers_them(void)
{
	static const char *const texts[] = {
		"name: a\nrights: [net-connect]\nnetwork: {egress: [a.example]}\n",
		"name: a\nrights: [net-connect]\nnetwork: {egress: [b.example]}\n",
		"name: a\nrights: [net-connect]\nnetwork: {egress-any: [a.example]}\n",
		"name: a\nrights: [net-connect]\nnetwork: {egress: ['a.example:80']}\n",
		"name: a\nrights: [net-connect]\n\nnetwork: {egress: [a.example]}\n",
		"name: a\nrights: [net-connect]\nnetwork: {egress: [a.example], egress-private: ['::1']}\n",
	};
	uint64_t digests[COUNT(texts)], again;
	struct policy *p;
	struct fault f;
	size_t i, j;

	for (i = 0; i < COUNT(texts); i++) {
		REQUIRE(parse(texts[i], &p, &f) == 0);
		digests[i] = policy_digest(p);
		policy_free(p);
		for (j = 0; j < i; j++)
			CHECK_MSG(digests[i] != digests[j], "%zu and %zu", i, j);
	}
	REQUIRE(parse(texts[0], &p, &f) == 0);
	again = policy_digest(p);
	CHECK(again == digests[0]);
	policy_free(p);
}

static const struct tap_test tests[] = {
	TEST(every_form_of_a_name),	     TEST(what_is_named_twice_is_one_rule),
	TEST(lists_of_several_files_add_up), TEST(each_refusal_says_what_and_what_instead),
	TEST(the_whole_has_to_make_sense),   TEST(there_is_a_most),
	TEST(the_digest_covers_them),
};

TAP_MAIN(tests)
