// SPDX-License-Identifier: GPL-2.0-or-later
/* Names and addresses that the gateway is asked for, many of them by who means harm. */
#include "tests/tap.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "policy/egress.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#define A61 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A63 A61 "aa"

static void names_take_one_form(void)
{
	static const struct {
		const char *name, *host;
	} rows[] = {
		{ "example.com", "example.com" },
		{ "EXAMPLE.Com", "example.com" },
		{ "example.com.", "example.com" },
		{ "localhost", "localhost" },
		{ "a", "a" },
		{ "_dns.resolver.arpa", "_dns.resolver.arpa" },
		{ "a_b.c-d.e--f.example", "a_b.c-d.e--f.example" },
		{ "xn--bcher-kva.example", "xn--bcher-kva.example" },
		{ "1.2.3.4.example", "1.2.3.4.example" },
		{ "0x7f.1.com", "0x7f.1.com" },
		{ "127.0.0.1.nip.io", "127.0.0.1.nip.io" },
		{ "1e100.net", "1e100.net" },
		{ "7.1a", "7.1a" },
		{ "0x7g", "0x7g" },
		{ "dead.beef", "dead.beef" },
		{ A63 ".b", A63 ".b" },
		{ A63 "." A63 "." A63 "." A61, A63 "." A63 "." A63 "." A61 },
	};
	char host[COMPILED_HOST], padded[COMPILED_HOST];
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		memset(host, 'x', sizeof(host));
		memset(padded, 0, sizeof(padded));
		memcpy(padded, rows[i].host, strlen(rows[i].host));
		CHECK_MSG(egress_host(rows[i].name, strlen(rows[i].name), host) == 0, "%s",
			  rows[i].name);
		CHECK_MSG(memcmp(host, padded, sizeof(host)) == 0, "%s: %.256s", rows[i].name,
			  host);
	}
}

static void what_is_no_name_is_refused(void)
{
	static const struct {
		const char *name;
		size_t len; /* 0: all of it */
	} rows[] = {
		{ .name = "" },
		{ .name = "." },
		{ .name = ".." },
		{ .name = ".example.com" },
		{ .name = "example..com" },
		{ .name = "example.com.." },
		{ .name = "-x.example" },
		{ .name = "--help" },
		{ .name = "example.com:443" },
		{ .name = "https://example.com" },
		{ .name = "user@example.com" },
		{ .name = "example.com/" },
		{ .name = "example.com#" },
		{ .name = "example.com?" },
		{ .name = "example.com\\" },
		{ .name = "exa mple.com" },
		{ .name = " example.com" },
		{ .name = "example.com " },
		{ .name = "example.com\t" },
		{ .name = "example.com\r\n" },
		{ .name = "example.com\n.evil" },
		{ .name = "example.com\0.evil", .len = 17 },
		{ .name = "\0example.com", .len = 12 },
		{ .name = "example.com\0", .len = 12 },
		{ .name = "exam\x7fple.com" },
		{ .name = "b\xc3\xbc"
			  "cher.example" },
		{ .name = "example\xe3\x80\x82"
			  "com" },
		{ .name = "\xef\xbc\x91.1" },
		{ .name = "example.com\xff" },
		{ .name = "%65xample.com" },
		{ .name = "*.example.com" },
		{ .name = "*" },
		{ .name = "a*b" },
		{ .name = "a,b" },
		{ .name = "a;b" },
		{ .name = "a'b" },
		{ .name = "$(id)" },
		{ .name = "[example.com]" },
		{ .name = "[]" },
		{ .name = "[" },
		{ .name = "]" },
		{ .name = "[::1" },
		{ .name = "::1]" },
		{ .name = "::g" },
		{ .name = "1:2:3" },
		{ .name = "127.0.0.1:80" },
		{ .name = A63 "a.b" },
		{ .name = "b." A63 "a" },
		{ .name = A63 "." A63 "." A63 "." A61 "a" },
		{ .name = A63 "." A63 "." A63 "." A63 "." A63 },
	};
	char host[COMPILED_HOST];
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		strcpy(host, "untouched");
		CHECK_MSG(egress_host(rows[i].name, rows[i].len ?: strlen(rows[i].name), host) ==
				  -EINVAL,
			  "%zu: %s", i, rows[i].name);
		CHECK_STR(host, "untouched");
	}
}

static void addresses_are_no_names_in_any_form(void)
{
	static const char *const rows[] = {
		"127.0.0.1",
		"127.0.0.1.",
		"1",
		"1.",
		"0",
		"127.1",
		"127.0.1",
		"127.1.",
		"0x7f.1",
		"0x7f.0x0.0x0.0x1",
		"0X7F000001",
		"0x7f000001.",
		"0x",
		"0177.0.0.1",
		"017700000001",
		"2130706433",
		"4294967296",
		"18446744073709551617",
		"256.256.256.256",
		"1.2.3.4.5",
		"08.09",
		"00000000000000000000127.0.0.1",
		"169.254.169.254",
		"evil.1",
		"evil.0x7f",
		"evil.0xa.",
		"::1",
		"::",
		"::ffff:127.0.0.1",
		"fe80::1%lo",
		"fe80::1%25lo",
		"fe80::1%",
		"2001:db8::7",
		"2001:DB8:0:0:0:0:0:7",
		"0000:0000:0000:0000:0000:ffff:127.127.127.127",
		"[::1]",
		"[fe80::1%eth0]",
		"[127.0.0.1]",
		"[127.1]",
		"127.0.0.1%lo",
	};
	char host[COMPILED_HOST];
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		strcpy(host, "untouched");
		CHECK_MSG(egress_host(rows[i], strlen(rows[i]), host) == -EADDRNOTAVAIL, "%s",
			  rows[i]);
		CHECK_STR(host, "untouched");
	}
}

static void providers_are_known_by_their_hosts(void)
{
	static const char *const of_providers[] = {
		"api.openai.com",
		"eu.api.openai.com",
		"my-own.openai.azure.com",
		"my-own.cognitiveservices.azure.com",
		"api.anthropic.com",
		"generativelanguage.googleapis.com",
		"aiplatform.googleapis.com",
		"us-central1-aiplatform.googleapis.com",
		"europe-west4-aiplatform.googleapis.com",
		"cloudcode-pa.googleapis.com",
		"daily-cloudcode-pa.googleapis.com",
		"bedrock-runtime.us-east-1.amazonaws.com",
		"bedrock-runtime-fips.us-gov-west-1.amazonaws.com",
		"vpce-0a-1b.bedrock-runtime.eu-west-1.vpce.amazonaws.com",
		"bedrock-runtime.cn-north-1.amazonaws.com.cn",
		"api.mistral.ai",
		"api.cohere.com",
		"api.cohere.ai",
		"api.groq.com",
		"api.together.xyz",
		"api.deepseek.com",
		"openrouter.ai",
		"api.x.ai",
		"us-east-1.api.x.ai",
		"api.perplexity.ai",
		"api.fireworks.ai",
		"api-inference.huggingface.co",
		"router.huggingface.co",
		"x1y2.us-east-1.aws.endpoints.huggingface.cloud",
		"api.replicate.com",
		"dashscope.aliyuncs.com",
		"dashscope-intl.aliyuncs.com",
		"api.moonshot.cn",
		"api.moonshot.ai",
		"models.github.ai",
		"api.individual.githubcopilot.com",
		"gateway.ai.cloudflare.com",
	};
	static const char *const of_others[] = {
		"openai.com",
		"docs.openai.com",
		"xapi.openai.com",
		"api.openai.com.example",
		"api-openai.com",
		"openai.azure.com",
		"azure.com",
		"docs.anthropic.com",
		"storage.googleapis.com",
		"googleapis.com",
		"aiplatform.googleapis.com.example",
		"s3.us-east-1.amazonaws.com",
		"bedrock-runtime.amazonaws.com",
		"bedrock-runtime.a.b.amazonaws.com",
		"bedrock.us-east-1.amazonaws.com",
		"huggingface.co",
		"cdn-lfs.huggingface.co",
		"mistral.ai",
		"openrouter.ai.example",
		"notopenrouter.ai",
		"api.moonshot",
		"moonshot.cn",
		"dashscop.aliyuncs.com",
		"oss.aliyuncs.com",
		"github.com",
		"raw.githubusercontent.com",
		"packages.example",
		"com",
		"ai",
		"localhost",
	};
	size_t i;

	for (i = 0; i < COUNT(of_providers); i++)
		CHECK_MSG(egress_is_provider(of_providers[i]), "%s", of_providers[i]);
	for (i = 0; i < COUNT(of_others); i++)
		CHECK_MSG(!egress_is_provider(of_others[i]), "%s", of_others[i]);
}

static void patterns_stand_for_names_below(void)
{
	static const struct {
		const char *pattern, *host;
		bool matches;
	} rows[] = {
		{ "example.com", "example.com", true },
		{ "example.com", "www.example.com", false },
		{ "example.com", "example.co", false },
		{ "example.com", "xexample.com", false },
		{ "*.example.com", "www.example.com", true },
		{ "*.example.com", "a.b.example.com", true },
		{ "*.example.com", "example.com", false },
		{ "*.example.com", "xexample.com", false },
		{ "*.example.com", "www.example.com.evil", false },
		{ "*.example.com", "com", false },
		{ "*.com", "example.com", true },
		{ "*", "example.com", true },
		{ "*", "localhost", true },
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++)
		CHECK_MSG(egress_matches(rows[i].pattern, rows[i].host) == rows[i].matches,
			  "%s for %s", rows[i].pattern, rows[i].host);
}

static const struct compiled_egress rules[] = {
	{ .number = 10,
	  .kind = EGRESS_TLS,
	  .port_first = 443,
	  .port_last = 443,
	  .host = "packages.example" },
	{ .number = 11,
	  .kind = EGRESS_ANY,
	  .port_first = 22,
	  .port_last = 22,
	  .host = "git.example" },
	{ .number = 12,
	  .kind = EGRESS_TLS,
	  .port_first = 8000,
	  .port_last = 8100,
	  .host = "*.example.com" },
	{ .number = 13,
	  .kind = EGRESS_ANY,
	  .port_first = 443,
	  .port_last = 443,
	  .host = "*.openai.com" },
	{ .number = 14,
	  .kind = EGRESS_ANY,
	  .port_first = 443,
	  .port_last = 443,
	  .host = "api.x.ai" },
	{ .number = 15,
	  .kind = EGRESS_PROVIDER,
	  .port_first = 443,
	  .port_last = 443,
	  .host = "api.anthropic.com" },
	{ .number = 16,
	  .kind = EGRESS_PROVIDER,
	  .port_first = 443,
	  .port_last = 443,
	  .host = "models.example" },
	{ .number = 17, .kind = EGRESS_PRIVATE, .family = AF_INET, .prefix = 8, .addr = { 10 } },
	{ .number = 18,
	  .kind = EGRESS_ANY,
	  .port_first = 443,
	  .port_last = 443,
	  .host = "packages.example" },
	{ .number = 19, .kind = EGRESS_PRIVATE, .family = AF_INET6, .prefix = 7, .addr = { 0xfc } },
	{ .number = 20,
	  .kind = EGRESS_PRIVATE,
	  .family = AF_INET,
	  .prefix = 32,
	  .addr = { 127, 0, 0, 1 } },
};

static void the_first_rule_that_allows_decides(void)
{
	static const struct {
		const char *host;
		uint16_t port;
		bool plain;
		enum egress_why why;
		uint32_t number;
	} rows[] = {
		{ "packages.example", 443, false, EGRESS_WHY_ALLOWED, 10 },
		{ "packages.example", 443, true, EGRESS_WHY_ALLOWED, 18 },
		{ "packages.example", 80, false, EGRESS_WHY_NO_RULE, AGENTOS_RULE_NONE },
		{ "files.packages.example", 443, false, EGRESS_WHY_NO_RULE, AGENTOS_RULE_NONE },
		{ "git.example", 22, true, EGRESS_WHY_ALLOWED, 11 },
		{ "git.example", 22, false, EGRESS_WHY_ALLOWED, 11 },
		{ "git.example", 443, true, EGRESS_WHY_NO_RULE, AGENTOS_RULE_NONE },
		{ "www.example.com", 8000, false, EGRESS_WHY_ALLOWED, 12 },
		{ "www.example.com", 8100, false, EGRESS_WHY_ALLOWED, 12 },
		{ "www.example.com", 7999, false, EGRESS_WHY_NO_RULE, AGENTOS_RULE_NONE },
		{ "www.example.com", 8101, false, EGRESS_WHY_NO_RULE, AGENTOS_RULE_NONE },
		{ "www.example.com", 8000, true, EGRESS_WHY_NOT_TLS, AGENTOS_RULE_NONE },
		{ "example.com", 8000, false, EGRESS_WHY_NO_RULE, AGENTOS_RULE_NONE },
		{ "docs.openai.com", 443, false, EGRESS_WHY_ALLOWED, 13 },
		{ "api.openai.com", 443, false, EGRESS_WHY_PROVIDER, AGENTOS_RULE_NONE },
		{ "api.openai.com", 443, true, EGRESS_WHY_PROVIDER, AGENTOS_RULE_NONE },
		{ "api.openai.com", 80, false, EGRESS_WHY_PROVIDER, AGENTOS_RULE_NONE },
		{ "api.x.ai", 443, false, EGRESS_WHY_PROVIDER, AGENTOS_RULE_NONE },
		{ "api.anthropic.com", 443, false, EGRESS_WHY_ALLOWED, 15 },
		{ "api.anthropic.com", 443, true, EGRESS_WHY_NOT_TLS, AGENTOS_RULE_NONE },
		{ "api.anthropic.com", 444, false, EGRESS_WHY_PROVIDER, AGENTOS_RULE_NONE },
		{ "models.example", 443, false, EGRESS_WHY_ALLOWED, 16 },
		{ "models.example", 443, true, EGRESS_WHY_NOT_TLS, AGENTOS_RULE_NONE },
		{ "evil.example", 443, false, EGRESS_WHY_NO_RULE, AGENTOS_RULE_NONE },
		{ "", 0, false, EGRESS_WHY_NO_RULE, AGENTOS_RULE_NONE },
	};
	uint32_t number;
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		number = 7;
		CHECK_MSG(egress_decide(rules, COUNT(rules), rows[i].host, rows[i].port,
					rows[i].plain, &number) == rows[i].why,
			  "%s:%d", rows[i].host, rows[i].port);
		CHECK_MSG(number == rows[i].number, "%s:%d: %u", rows[i].host, rows[i].port,
			  number);
	}
	CHECK_INT(egress_decide(NULL, 0, "packages.example", 443, false, &number),
		  EGRESS_WHY_NO_RULE);
}

static void the_nearest_rule_decides(void)
{
#define RULE(n, k, h)                                                                        \
	{                                                                                    \
		.number = (n), .kind = (k), .port_first = 443, .port_last = 443, .host = (h) \
	}
	static const struct compiled_egress all[] = {
		RULE(0, EGRESS_TLS, "*.example.com"),
		RULE(1, EGRESS_DENY, "*.in.example.com"),
		RULE(2, EGRESS_TLS, "a.in.example.com"),
		RULE(3, EGRESS_KILL, "trap.example.com"),
		RULE(4, EGRESS_WATCH, "new.example.com"),
		RULE(5, EGRESS_ANY, "*.any.example"),
		RULE(6, EGRESS_WATCH, "w.any.example"),
		RULE(7, EGRESS_KILL, "*.k.any.example"),
		RULE(8, EGRESS_DENY, "*.k.any.example"),
		RULE(9, EGRESS_WATCH, "*.any.example"),
		RULE(10, EGRESS_TLS, "*"),
		RULE(11, EGRESS_DENY, "*.net"),
		RULE(12, EGRESS_KILL, "api.openai.com"),
		RULE(13, EGRESS_PROVIDER, "*.openai.com"),
		RULE(14, EGRESS_DENY, "api.x.ai"),
	};
	static const struct {
		const char *host;
		bool plain;
		enum egress_why why;
		uint32_t number;
	} rows[] = {
		{ "www.example.com", false, EGRESS_WHY_ALLOWED, 0 },
		{ "b.in.example.com", false, EGRESS_WHY_DENIED, 1 },
		{ "b.in.example.com", true, EGRESS_WHY_DENIED, 1 },
		{ "a.in.example.com", false, EGRESS_WHY_ALLOWED, 2 },
		{ "a.in.example.com", true, EGRESS_WHY_NOT_TLS, AGENTOS_RULE_NONE },
		{ "trap.example.com", false, EGRESS_WHY_KILLED, 3 },
		{ "trap.example.com", true, EGRESS_WHY_KILLED, 3 },
		{ "new.example.com", false, EGRESS_WHY_WATCHED, 4 },
		{ "new.example.com", true, EGRESS_WHY_NOT_TLS, AGENTOS_RULE_NONE },
		{ "x.any.example", true, EGRESS_WHY_WATCHED, 9 },
		{ "w.any.example", true, EGRESS_WHY_WATCHED, 6 },
		{ "x.k.any.example", false, EGRESS_WHY_KILLED, 7 },
		{ "k.any.example", false, EGRESS_WHY_WATCHED, 9 },
		{ "other.example", false, EGRESS_WHY_ALLOWED, 10 },
		{ "example.net", false, EGRESS_WHY_DENIED, 11 },
		{ "api.openai.com", false, EGRESS_WHY_KILLED, 12 },
		{ "chat.openai.com", false, EGRESS_WHY_ALLOWED, 13 },
		{ "api.x.ai", false, EGRESS_WHY_DENIED, 14 },
	};
	uint32_t number;
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		number = 99;
		CHECK_MSG(egress_decide(all, COUNT(all), rows[i].host, 443, rows[i].plain,
					&number) == rows[i].why,
			  "%s", rows[i].host);
		CHECK_MSG(number == rows[i].number, "%s: %u", rows[i].host, number);
	}
	/* At another port none of them is about it. */
	CHECK_INT(egress_decide(all, COUNT(all), "trap.example.com", 444, false, &number),
		  EGRESS_WHY_NO_RULE);
}

static struct egress_address address(const char *text)
{
	struct egress_address a = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

	if (inet_pton(a.family, text, a.addr) != 1)
		printf("# no address: %s\n", text);
	return a;
}

/* First and last of each block, and what is next to them. */
static void special_addresses_are_not_public(void)
{
	static const char *const special[] = {
		"0.0.0.0",
		"0.255.255.255",
		"10.0.0.0",
		"10.255.255.255",
		"100.64.0.0",
		"100.100.100.200",
		"100.127.255.255",
		"127.0.0.1",
		"127.255.255.255",
		"168.63.129.16",
		"169.254.0.0",
		"169.254.169.254",
		"169.254.255.255",
		"172.16.0.0",
		"172.31.255.255",
		"192.0.0.0",
		"192.0.0.9",
		"192.0.0.192",
		"192.0.0.255",
		"192.0.2.1",
		"192.88.99.1",
		"192.168.0.0",
		"192.168.255.255",
		"198.18.0.0",
		"198.19.255.255",
		"198.51.100.7",
		"203.0.113.7",
		"224.0.0.1",
		"239.255.255.255",
		"240.0.0.0",
		"255.255.255.255",
		"::",
		"::1",
		"::7f00:1",
		"::808:808",
		"::ffff:10.0.0.1",
		"::ffff:8.8.8.8",
		"::ffff:0:8.8.8.8",
		"64:ff9b::10.0.0.1",
		"64:ff9b::127.0.0.1",
		"64:ff9b::169.254.169.254",
		"64:ff9b:1::8.8.8.8",
		"64:ff9b:0:0:0:1:808:808",
		"100::1",
		"100:0:0:1::1",
		"2001::1",
		"2001:0:4136:e378:8000:63bf:3fff:fdd2",
		"2001:2::1",
		"2001:10::1",
		"2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
		"2001:db8::1",
		"2001:db8:ffff::1",
		"2002:a00:1::1",
		"2002:7f00:1::",
		"2002:808:808::1",
		"3fff::1",
		"3fff:fff:ffff::1",
		"4000::1",
		"5f00::1",
		"fc00::1",
		"fd00:ec2::254",
		"fd20:ce::254",
		"fe80::1",
		"fe80::a9fe:a9fe",
		"febf::1",
		"fec0::1",
		"ff02::1",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	};
	static const char *const public[] = {
		"1.0.0.0",	    "8.8.8.8",	      "9.255.255.255",	 "11.0.0.0",
		"100.63.255.255",   "100.128.0.0",    "126.255.255.255", "128.0.0.0",
		"168.63.129.15",    "168.63.129.17",  "169.253.255.255", "169.255.0.0",
		"172.15.255.255",   "172.32.0.0",     "192.0.1.0",	 "192.0.3.0",
		"192.31.196.1",	    "192.88.98.255",  "192.88.100.0",	 "192.167.255.255",
		"192.169.0.0",	    "198.17.255.255", "198.20.0.0",	 "198.51.99.255",
		"198.51.101.0",	    "203.0.112.255",  "203.0.114.0",	 "223.255.255.255",
		"64:ff9b::8.8.8.8", "2000::1",	      "2001:200::1",	 "2001:4860:4860::8888",
		"2001:db7:ffff::1", "2001:db9::1",    "2003::1",	 "2606:4700::1111",
		"2a00:1450::1",	    "3ffe:ffff::1",   "3fff:1000::1",
	};
	struct egress_address a;
	size_t i;

	for (i = 0; i < COUNT(special); i++) {
		a = address(special[i]);
		CHECK_MSG(!egress_is_public(&a), "%s", special[i]);
		CHECK_MSG(!egress_address_allowed(NULL, 0, &a), "%s", special[i]);
	}
	for (i = 0; i < COUNT(public); i++) {
		a = address(public[i]);
		CHECK_MSG(egress_is_public(&a), "%s", public[i]);
		CHECK_MSG(egress_address_allowed(NULL, 0, &a), "%s", public[i]);
	}
	a = (struct egress_address){ .family = AF_UNIX, .addr = { 8, 8, 8, 8 } };
	CHECK(!egress_is_public(&a));
	a.family = 0;
	CHECK(!egress_address_allowed(rules, COUNT(rules), &a));
}

static void a_rule_allows_what_is_private(void)
{
	static const struct {
		const char *address;
		bool allowed;
	} rows[] = {
		{ "8.8.8.8", true },
		{ "10.0.0.0", true },
		{ "10.255.255.255", true },
		{ "127.0.0.1", true },
		{ "127.0.0.2", false },
		{ "192.168.0.1", false },
		{ "169.254.169.254", false },
		{ "::ffff:10.0.0.1", false },
		{ "64:ff9b::10.0.0.1", false },
		{ "a00::1", false },
		{ "fc00::1", true },
		{ "fdff:ffff::1", true },
		{ "fe00::1", false },
		{ "::1", false },
	};
	static const struct compiled_egress every[] = {
		{ .kind = EGRESS_PRIVATE, .family = AF_INET6 },
	};
	struct egress_address a;
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		a = address(rows[i].address);
		CHECK_MSG(egress_address_allowed(rules, COUNT(rules), &a) == rows[i].allowed, "%s",
			  rows[i].address);
	}
	a = address("::1");
	CHECK(egress_address_allowed(every, COUNT(every), &a));
	a = address("127.0.0.1");
	CHECK(!egress_address_allowed(every, COUNT(every), &a));
}

static void rules_out_of_bounds_are_not_valid(void)
{
	static const char longest[] = "*." A63 "." A63 "." A63 "." A61;
	struct compiled_egress rule, model;
	size_t i;

	for (i = 0; i < COUNT(rules); i++)
		CHECK_MSG(egress_valid(&rules[i]), "%zu", i);

#define BAD(from, change)                                          \
	do {                                                       \
		rule = rules[from];                                \
		change;                                            \
		CHECK_MSG(!egress_valid(&rule), #change "%s", ""); \
	} while (0)
	BAD(0, rule.number = AGENTOS_RULE_NONE);
	BAD(0, rule.kind = 0);
	BAD(0, rule.kind = 9);
	BAD(0, rule.kind = EGRESS_MODEL);
	BAD(0, rule.kind = EGRESS_PRIVATE);
	BAD(0, rule.prefix = 1);
	BAD(0, rule.family = AF_INET);
	BAD(0, rule.port_first = 0);
	BAD(0, rule.port_last = 0);
	BAD(0, rule.port_first = 444);
	BAD(0, rule.addr[15] = 1);
	BAD(0, rule.pad = 1);
	BAD(0, rule.host[0] = 'P');
	BAD(0, rule.host[0] = '\0');
	BAD(0, rule.host[0] = '*');
	BAD(0, rule.host[COMPILED_HOST - 1] = 'x');
	BAD(0, memset(rule.host, 'x', sizeof(rule.host)));
	BAD(0, strcpy(rule.host, "packages.example."));
	BAD(0, strcpy(rule.host, "127.0.0.1"));
	BAD(0, strcpy(rule.host, "*."));
	BAD(0, strcpy(rule.host, "*.*.org"));
	BAD(0, strcpy(rule.host, "*.*"));
	BAD(0, strcpy(rule.host, "**"));
	BAD(0, strcpy(rule.host, "a.*.org"));
	BAD(0, memset(rule.host, 0, sizeof(rule.host)));
	BAD(7, rule.host[0] = '*');
	BAD(7, rule.host[9] = 'x');
	BAD(7, rule.port_last = 443);
	BAD(7, rule.port_first = 443);
	BAD(7, rule.family = 0);
	BAD(7, rule.family = AF_UNIX);
	BAD(7, rule.prefix = 33);
	BAD(7, rule.prefix = 3);
	BAD(7, rule.addr[4] = 1);
	BAD(9, rule.prefix = 129);
	BAD(9, rule.addr[15] = 1);
	rule = (struct compiled_egress){ .kind = EGRESS_MODEL, .host = "openai/gpt-5*" };
	CHECK(egress_valid(&rule));
	model = rule;
#define BAD_MODEL(change)                                          \
	do {                                                       \
		rule = model;                                      \
		change;                                            \
		CHECK_MSG(!egress_valid(&rule), #change "%s", ""); \
	} while (0)
	BAD_MODEL(rule.port_first = 1);
	BAD_MODEL(rule.port_last = 1);
	BAD_MODEL(rule.prefix = 1);
	BAD_MODEL(rule.family = AF_INET);
	BAD_MODEL(rule.addr[0] = 1);
	BAD_MODEL(rule.host[0] = '*');
	BAD_MODEL(rule.host[0] = '\0');
	BAD_MODEL(rule.host[6] = ' ');
	BAD_MODEL(rule.host[12] = '/');
	BAD_MODEL(rule.host[COMPILED_HOST - 1] = 'x');
	BAD_MODEL(memset(rule.host, 'x', sizeof(rule.host)));
#undef BAD_MODEL
#undef BAD
	rule = rules[0];
	memset(rule.host, 0, sizeof(rule.host));
	strcpy(rule.host, "*");
	CHECK(egress_valid(&rule));
	strcpy(rule.host, longest);
	CHECK_INT(strlen(rule.host), COMPILED_HOST - 1);
	CHECK(egress_valid(&rule));
}

static void each_reason_has_its_words(void)
{
	int why;

	for (why = 0; why < EGRESS_WHY_COUNT; why++) {
		CHECK(egress_why_text((enum egress_why)why)[0]);
		CHECK(strcmp(egress_why_text((enum egress_why)why),
			     egress_why_text(EGRESS_WHY_COUNT)) != 0);
	}
	CHECK_STR(egress_why_text((enum egress_why) - 1), egress_why_text(EGRESS_WHY_COUNT));
}

static const struct tap_test tests[] = {
	TEST(names_take_one_form),
	TEST(what_is_no_name_is_refused),
	TEST(addresses_are_no_names_in_any_form),
	TEST(providers_are_known_by_their_hosts),
	TEST(patterns_stand_for_names_below),
	TEST(the_first_rule_that_allows_decides),
	TEST(the_nearest_rule_decides),
	TEST(special_addresses_are_not_public),
	TEST(a_rule_allows_what_is_private),
	TEST(rules_out_of_bounds_are_not_valid),
	TEST(each_reason_has_its_words),
};

TAP_MAIN(tests)
