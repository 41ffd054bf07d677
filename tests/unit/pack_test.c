// SPDX-License-Identifier: GPL-2.0-or-later
/* Policies as bytes and back: the same policy, or none at all. */
#include "policy/pack.h"
#include "tests/tap.h"
#include "tests/unit/policy_rig.h"

/* Something of everything. */
static const char everything[] =
	"version: 1\n"
	"name: everything\n"
	"description: one line\n"
	"rights: [file-read, file-write, file-exec, net-connect, net-listen, unix-connect]\n"
	"files:\n"
	"  read: [/usr, -/lib64]\n"
	"  write: [\"${WORKSPACE}\"]\n"
	"  exec: [/usr]\n"
	"  deny: [~/.ssh]\n"
	"  deny-write: [/usr/local]\n"
	"  kill: [~/.ssh/id_bait]\n"
	"  watch: [\"${WORKSPACE}/Makefile\"]\n"
	"  deny-names: [.env, \"id_*\", \"*.pem\"]\n"
	"  kill-names: [.bait]\n"
	"  watch-names: [\"*.sql\"]\n"
	"network:\n"
	"  connect: [\"127.0.0.1:8080\", \"[fd00::/8]:443\", \"10.0.0.0/8:53/udp\"]\n"
	"  listen: [\"localhost:*\"]\n"
	"  deny: [169.254.0.0/16]\n"
	"  unix: [/run/x.sock, \"@name\"]\n"
	"  egress: [\"*.example.com\", \"example.org:80\"]\n"
	"  egress-private: [10.0.0.0/8, \"fd00::/8\"]\n"
	"  models: [\"openai/gpt-*\", \"*\"]\n"
	"effects:\n"
	"  ptrace: kill\n"
	"  mount: watch\n"
	"environment:\n"
	"  keep: [PATH, TERM, LC_*]\n"
	"  set: [\"HOME=${WORKSPACE}\"]\n"
	"directories: [\"${WORKSPACE}/.tmp\"]\n"
	"limits: {memory: 2G, processes: 200, cpu: 150%, io-weight: 50}\n"
	"budgets: {tokens: 200k per 24h, cpu-ns: \"2h, kill\"}\n"
	"schedule: {criticality: 30, phase: background, deadline: 2h}\n"
	"audit: strict\n";

static struct policy *parsed(const char *text)
{
	struct policy *p = NULL;
	struct fault f;

	if (parse(text, &p, &f))
		printf("# %s\n", f.text);
	return p;
}

/* Packed, unpacked and packed again: nothing got lost that the second would have. */
static void comes_back(const char *text)
{
	struct policy *p = parsed(text), *again = NULL;
	uint8_t *bytes = NULL, *second = NULL;
	size_t len, second_len;

	REQUIRE(p);
	CHECK_INT(policy_pack(p, &bytes, &len), 0);
	CHECK_INT(policy_unpack(bytes, len, &again), 0);
	REQUIRE(again);
	CHECK(policy_digest(p) == policy_digest(again));
	CHECK_STR(again->name, p->name);
	CHECK(memcmp(&again->terms, &p->terms, sizeof(p->terms)) == 0);
	CHECK_INT(again->rule_count, p->rule_count);
	CHECK_INT(again->address_count, p->address_count);
	CHECK_INT(again->egress_count, p->egress_count);
	CHECK_INT(policy_pack(again, &second, &second_len), 0);
	CHECK(len == second_len && memcmp(bytes, second, len) == 0);
	free(bytes);
	free(second);
	policy_free(p);
	policy_free(again);
}

static void a_policy_comes_back(void)
{
	comes_back(everything);
	comes_back("version: 1\nname: small\nrights: [bpf]\n");
}

static void shipped_profiles_come_back(void)
{
	static const char *const names[] = { "untrusted", "coding-agent", "mcp-server",
					     "research",  "gateway",	  "trusted" };
	size_t i;
	char *text;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		text = profile_text(names[i]);
		REQUIRE(text);
		comes_back(text);
		free(text);
	}
}

/* Each part of it that is missing is missed. */
static void a_policy_that_is_cut_off_is_none(void)
{
	struct policy *p = parsed(everything), *again;
	uint8_t *bytes, *cut;
	size_t len, i;

	REQUIRE(p && !policy_pack(p, &bytes, &len));
	for (i = 0; i < len; i++) {
		/* Of its own size, so that a byte read behind it is seen. */
		cut = malloc(i ?: 1);
		REQUIRE(cut);
		memcpy(cut, bytes, i);
		CHECK_INT(policy_unpack(cut, i, &again), -EBADMSG);
		free(cut);
	}
	bytes = realloc(bytes, len + 1);
	REQUIRE(bytes);
	bytes[len] = 0;
	CHECK_INT(policy_unpack(bytes, len + 1, &again), -EBADMSG);
	free(bytes);
	policy_free(p);
}

/* Any byte may be another: no policy, or one that can be told apart, packed and freed. */
static void a_changed_byte_does_no_harm(void)
{
	static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
	struct policy *p = parsed(everything), *again;
	unsigned int none = 0, some = 0;
	uint8_t *bytes, *second, kept;
	size_t len, second_len, i, v;

	REQUIRE(p && !policy_pack(p, &bytes, &len));
	for (i = 0; i < len; i++) {
		kept = bytes[i];
		for (v = 0; v < sizeof(values); v++) {
			bytes[i] = values[v];
			again = NULL;
			if (policy_unpack(bytes, len, &again)) {
				CHECK(!again);
				none++;
				continue;
			}
			policy_digest(again);
			REQUIRE(!policy_pack(again, &second, &second_len));
			CHECK(second_len == len && memcmp(bytes, second, len) == 0);
			free(second);
			policy_free(again);
			some++;
		}
		bytes[i] = kept;
	}
	CHECK(none > 1000 && some > 1000);
	free(bytes);
	policy_free(p);
}

/* What the parser never makes of a policy is refused, though it is whole. */
static void what_contradicts_itself_is_none(void)
{
	struct policy *p = parsed(everything), *again;
	struct policy bad;
	size_t i, len;
	uint8_t *bytes;

	REQUIRE(p);
	for (i = 0; i < 8; i++) {
		struct policy_rule rule = p->rules[0], *rules = p->rules;
		struct policy_address address = p->addresses[0], *addresses = p->addresses;
		char slashless[] = "usr";

		bad = *p;
		bad.rules = &rule;
		bad.rule_count = 1;
		bad.addresses = &address;
		bad.address_count = 1;
		switch (i) {
		case 0:
			break; /* control */
		case 1:
			bad.rights |= 1ULL << 63;
			break;
		case 2:
			bad.kill_rights |= bad.rights;
			break;
		case 3:
			rule.deny = rule.allow = AGENTOS_FILE_READ;
			break;
		case 4:
			rule.path = slashless;
			break;
		case 5:
			address.prefix = 129;
			break;
		case 6:
			rule.at.file = 1000;
			break;
		case 7:
			bad.terms.budgets[0].action = 1000;
			break;
		}
		REQUIRE(!policy_pack(&bad, &bytes, &len));
		again = NULL;
		CHECK_MSG(policy_unpack(bytes, len, &again) == (i ? -EBADMSG : 0), "case %zu", i);
		free(bytes);
		policy_free(again);
		p->rules = rules;
		p->addresses = addresses;
	}
	policy_free(p);
}

static const struct tap_test tests[] = {
	TEST(a_policy_comes_back),
	TEST(shipped_profiles_come_back),
	TEST(a_policy_that_is_cut_off_is_none),
	TEST(a_changed_byte_does_no_harm),
	TEST(what_contradicts_itself_is_none),
};

TAP_MAIN(tests)
