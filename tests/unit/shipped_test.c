// SPDX-License-Identifier: GPL-2.0-or-later
/* The shipped profiles: valid, and no wider than their descriptions say. */
#include <stdlib.h>
#include <string.h>

#include "agentos_event.h"
#include "agentos_rights.h"
#include "base/limits.h"
#include "policy/policy.h"
#include "tests/tap.h"
#include "tests/unit/policy_rig.h"

static void shipped_profiles_are_valid_and_mean_what_they_say(void)
{
	char *untrusted = profile_text("untrusted"), *trusted = profile_text("trusted");
	struct policy *p = NULL;
	struct fault f;

	REQUIRE(untrusted && trusted);
	CHECK_INT(parse(untrusted, &p, &f), 0);
	CHECK_MSG(p != NULL, "%s", f.text);
	if (p) {
		CHECK_STR(p->name, "untrusted");
		CHECK_INT(p->rights, AGENTOS_RIGHT(FILE_READ) | AGENTOS_RIGHT(FILE_WRITE) |
					     AGENTOS_RIGHT(FILE_EXEC));
		CHECK(p->env_scrub && !p->record_allowed);
		CHECK(rule_at(p, "/home/u/.ssh") && rule_at(p, "/home/u/.ssh")->deny);
		CHECK(rule_at(p, ".env") && rule_at(p, ".env")->anywhere &&
		      rule_at(p, ".env")->deny);
		CHECK_INT(rule_at(p, "/srv/space")->allow,
			  AGENTOS_FILE_READ | AGENTOS_FILE_WRITE | AGENTOS_FILE_EXEC);
		CHECK(!rule_at(p, "/dev/agentos") && !rule_at(p, "/dev") && !rule_at(p, "/"));
		CHECK(!rule_at(p, "/sys") && !rule_at(p, "/sys/fs") && !rule_at(p, "/run"));
		CHECK(!(rule_at(p, "/usr")->allow & AGENTOS_FILE_WRITE));
		CHECK(!(rule_at(p, "/proc")->allow & AGENTOS_FILE_WRITE));
	}
	policy_free(p);
	p = NULL;
	CHECK_INT(parse(trusted, &p, &f), 0);
	CHECK_MSG(p != NULL, "%s", f.text);
	if (p) {
		CHECK_INT(p->rights, AGENTOS_RIGHTS_ALL);
		CHECK_INT(p->rule_count, 2);
		CHECK_INT(rule_at(p, "/")->allow, AGENTOS_FILE_ALL);
		CHECK_INT(p->address_count, 2);
		CHECK(p->record_allowed && !p->env_scrub);
	}
	policy_free(p);
	free(untrusted);
	free(trusted);
}

/* What no shipped policy but trusted allows, whoever else it is for. */
static void profile_check(const char *name, const struct policy *p)
{
	static const char *const secrets[] = {
		"/etc/shadow",	"/etc/ssh",	  "/etc/agentos",   "/home/u/.ssh",
		"/home/u/.aws", "/home/u/.netrc", "/home/u/.npmrc", "/proc/kcore",
		".env",		"id_rsa",	  "id_ed25519"
	};
	static const uint64_t trust =
		AGENTOS_RIGHT(UNIX_CONNECT) | AGENTOS_RIGHT(NET_RAW) |
		AGENTOS_RIGHT(SIGNAL_OUTSIDE) | AGENTOS_RIGHT(NAMESPACES) | AGENTOS_RIGHT(MOUNT) |
		AGENTOS_RIGHT(SET_IDS) | AGENTOS_RIGHT(CAPABILITIES) | AGENTOS_RIGHT(BPF) |
		AGENTOS_RIGHT(MODULE) | AGENTOS_RIGHT(IO_URING) | AGENTOS_RIGHT(KEYRINGS) |
		AGENTOS_RIGHT(SYSV_IPC) | AGENTOS_RIGHT(DEVICES);
	static const char *const ours[] = { "/srv/space", "/dev/" };
	const struct policy_rule *rule;
	size_t i;

	CHECK_STR(p->name, name);
	CHECK(p->description != NULL);
	CHECK_MSG(p->env_scrub && !p->record_allowed, "%s", name);
	CHECK_MSG(!(p->rights & trust), "%s has rights that are trust", name);
	for (i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
		rule = rule_at(p, secrets[i]);
		CHECK_MSG(rule && rule->deny == AGENTOS_FILE_ALL, "%s: %s", name, secrets[i]);
	}
	/* It writes below its workspace and to harmless devices, and nowhere else. */
	for (i = 0; i < p->rule_count; i++) {
		rule = &p->rules[i];
		if (rule->allow & AGENTOS_FILE_WRITE)
			CHECK_MSG(strncmp(rule->path, ours[0], strlen(ours[0])) == 0 ||
					  strncmp(rule->path, ours[1], strlen(ours[1])) == 0,
				  "%s: %s", name, rule->path);
	}
	CHECK(!rule_at(p, "/") && !rule_at(p, "/home/u") && !rule_at(p, "/dev"));
	CHECK(!rule_at(p, "/sys") && !rule_at(p, "/run") && !rule_at(p, "/tmp"));
	CHECK(!rule_at(p, "/dev/shm") && !rule_at(p, "/dev/pts"));
}

static void no_shipped_profile_but_trusted_is_trust(void)
{
	static const char *const names[] = { "coding-agent", "mcp-server", "research",
					     "untrusted" };
	struct policy *p = NULL;
	struct fault f;
	char *text;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		text = profile_text(names[i]);
		CHECK_MSG(text != NULL, "%s", names[i]);
		if (text && parse(text, &p, &f) == 0)
			profile_check(names[i], p);
		else
			CHECK_MSG(false, "%s: %s", names[i], text ? f.text : "not there");
		policy_free(p);
		p = NULL;
		free(text);
	}
}

/* It is trusted with connections, and with nothing else. */
static void the_gateway_may_look_names_up_and_connect(void)
{
	char *text = profile_text("gateway");
	struct policy *p = NULL;
	struct fault f;
	size_t i;

	REQUIRE(text);
	CHECK_INT(parse(text, &p, &f), 0);
	REQUIRE(p);
	CHECK_INT(p->rights,
		  AGENTOS_RIGHT(FILE_READ) | AGENTOS_RIGHT(FILE_WRITE) | AGENTOS_RIGHT(FILE_EXEC) |
			  AGENTOS_RIGHT(NET_CONNECT) | AGENTOS_RIGHT(NET_LISTEN) |
			  AGENTOS_RIGHT(UNIX_CONNECT) | AGENTOS_RIGHT(IO_URING));
	for (i = 0; i < p->rule_count; i++) {
		const struct policy_rule *rule = &p->rules[i];

		/* Of the device it may ask nothing but who calls: it is an agent. */
		CHECK_MSG(!(rule->allow & AGENTOS_FILE_WRITE) ||
				  strcmp(rule->path, "/dev/agentos") == 0,
			  "%s", rule->path);
		CHECK_MSG(strncmp(rule->path, "/home", 5) != 0 && strcmp(rule->path, "/etc") != 0 &&
				  strcmp(rule->path, "/usr") != 0 && strcmp(rule->path, "/") != 0 &&
				  strcmp(rule->path, "/srv/space") != 0,
			  "%s", rule->path);
	}
	for (i = 0; i < p->address_count; i++)
		CHECK(!(p->addresses[i].allow & AGENTOS_NET_LISTEN) ||
		      (p->addresses[i].port_first == AGENTOS_GATEWAY_PORT &&
		       p->addresses[i].port_last == AGENTOS_GATEWAY_PORT));
	CHECK_INT(p->egress_count, 0);
	CHECK(p->env_scrub && !p->env_keep);
	policy_free(p);
	free(text);
}

static void shipped_profiles_differ_as_their_descriptions_say(void)
{
	char *coding = profile_text("coding-agent"), *server = profile_text("mcp-server"),
	     *research = profile_text("research");
	struct policy *p = NULL;
	struct fault f;
	size_t i;

	REQUIRE(coding && server && research);
	REQUIRE(parse(coding, &p, &f) == 0);
	CHECK_INT(rule_at(p, "/srv/space")->allow,
		  AGENTOS_FILE_READ | AGENTOS_FILE_WRITE | AGENTOS_FILE_EXEC);
	CHECK(rule_at(p, "pre-commit") && rule_at(p, "post-checkout"));
	CHECK(rule_at(p, "/srv/space/.vscode") && rule_at(p, "/srv/space/.envrc"));
	/* Loopback: 127.0.0.0/8 and ::1. */
	for (i = 0; i < p->address_count; i++)
		CHECK(p->addresses[i].addr[0] == 127 ||
		      (p->addresses[i].prefix == 128 && p->addresses[i].addr[15] == 1));
	CHECK(p->address_count > 0);
	/* Names, each of which is one: no wildcard, no provider, nothing private, and TLS. */
	for (i = 0; i < p->egress_count; i++)
		CHECK_MSG(p->egress[i].rule.kind == EGRESS_TLS && p->egress[i].rule.host[0] != '*',
			  "%s", p->egress[i].rule.host);
	CHECK(p->egress_count > 0);
	policy_free(p);
	p = NULL;
	REQUIRE(parse(server, &p, &f) == 0);
	CHECK_INT(rule_at(p, "/srv/space")->allow, AGENTOS_FILE_READ);
	CHECK_INT(rule_at(p, "/srv/space/.agent")->allow, AGENTOS_FILE_WRITE);
	CHECK(!(p->rights & (AGENTOS_RIGHT(NET_CONNECT) | AGENTOS_RIGHT(NET_LISTEN))));
	CHECK(!rule_at(p, "/dev/tty"));
	policy_free(p);
	p = NULL;
	REQUIRE(parse(research, &p, &f) == 0);
	CHECK_INT(rule_at(p, "/srv/space")->allow, AGENTOS_FILE_READ);
	CHECK_INT(rule_at(p, "/srv/space/out")->allow, AGENTOS_FILE_WRITE);
	CHECK_INT(rule_at(p, "/home/u/papers")->allow, AGENTOS_FILE_READ);
	CHECK(!(p->rights & (AGENTOS_RIGHT(NET_LISTEN) | AGENTOS_RIGHT(ANON_EXEC))));
	for (i = 0; i < p->egress_count; i++)
		CHECK_MSG(p->egress[i].rule.kind == EGRESS_TLS &&
				  p->egress[i].rule.host[0] != '*' &&
				  p->egress[i].rule.port_last == 443,
			  "%s", p->egress[i].rule.host);
	CHECK(p->egress_count > 0);
	policy_free(p);
	free(coding);
	free(server);
	free(research);
}

static const struct tap_test tests[] = {
	TEST(shipped_profiles_are_valid_and_mean_what_they_say),
	TEST(no_shipped_profile_but_trusted_is_trust),
	TEST(the_gateway_may_look_names_up_and_connect),
	TEST(shipped_profiles_differ_as_their_descriptions_say),
};

TAP_MAIN(tests)
