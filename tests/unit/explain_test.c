// SPDX-License-Identifier: GPL-2.0-or-later
/* Why an act was refused and what would allow it, for each reason there is; and where the log says a policy is from. */
#include "policy/explain.h"
#include "tests/tap.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "audit/origin.h"
#include "base/limits.h"
#include "policy/egress.h"
#include "rpc/call_why.h"

static const char text[] =
	"version: 1\n"
	"name: mine\n"
	"rights: [file-read, file-write, net-connect, unix-connect]\n"
	"files:\n"
	"  read: [/usr, \"${WORKSPACE}\"]\n"
	"  write: [\"${WORKSPACE}\"]\n"
	"  deny:\n"
	"    - ${WORKSPACE}/keys\n"
	"    - /home/u/x\n"
	"    - /var/y\n"
	"    - ${WORKSPACE}/both.pem\n"
	"  deny-names: [.env, \"*.pem\", secrets]\n"
	"network:\n"
	"  connect: [\"*:443/tcp\"]\n"
	"  deny:\n"
	"    - 10.0.0.0/8\n"
	"    - 192.0.2.1:443\n"
	"  unix: [/run/a.sock]\n";

static const struct policy_vars vars = { .workspace = "/home/u/w",
					 .home = "/home/u",
					 .agent = "a" };

static struct policy *parsed(const char *bytes)
{
	struct policy *p = NULL;
	struct fault f = { "" };

	if (policy_parse(bytes, strlen(bytes), "mine.yaml", &vars, NULL, &p, &f)) {
		printf("# %s\n", f.text);
		exit(1);
	}
	return p;
}

/* The number of the rule on a path or a name. */
static uint32_t rule_on(const struct policy *p, const char *path)
{
	uint32_t i;

	for (i = 0; i < p->rule_count && strcmp(p->rules[i].path, path) != 0; i++)
		;
	return i;
}

static struct agentos_event event(unsigned int hook, unsigned int why, uint32_t access,
				  const char *path)
{
	struct agentos_event e = { .verdict = AGENTOS_VERDICT_DENIED,
				   .why = (uint8_t)why,
				   .hook = (uint16_t)hook,
				   .object_kind = AGENTOS_OBJECT_PATH,
				   .access = access,
				   .rule = AGENTOS_RULE_NONE };

	snprintf(e.text, sizeof(e.text), "%s", path);
	e.text_len = (uint32_t)strlen(e.text);
	return e;
}

/* "rights: net-connect; files: read: /x", "-" before it when the rule has to go; "never". */
static const char *fix(const struct explain *x)
{
	static char out[8192];
	size_t len = 0, i;

	out[0] = '\0';
	if (!x->is_possible)
		return "never";
	if (x->is_removal)
		len += (size_t)snprintf(out, sizeof(out), "-%u", x->line);
	for (i = 0; i < x->count; i++)
		len += (size_t)snprintf(
			out + len, sizeof(out) - len, "%s%s: %s%s%s", len ? "; " : "",
			x->items[i].section, x->items[i].list ?: "", x->items[i].list ? ": " : "",
			x->items[i].item);
	return out;
}

static void each_reason_has_its_fix(void)
{
	const uint32_t r = AGENTOS_FILE_READ, w = AGENTOS_FILE_WRITE, c = AGENTOS_FILE_CONNECT;
	struct policy *p = parsed(text);
	const uint32_t keys = rule_on(p, "/home/u/w/keys"), env = rule_on(p, ".env"),
		       pem = rule_on(p, "*.pem"), secrets = rule_on(p, "secrets"),
		       var = rule_on(p, "/var/y"), outside = rule_on(p, "/home/u/x");
	const struct {
		unsigned int hook, why;
		uint32_t access, rule;
		uint64_t right;
		const char *path, *fix;
	} rows[] = {
		/* No rule: the lists that would allow it, with variables put back. */
		{ AGENTOS_HOOK_FILE_OPEN, AGENTOS_WHY_NO_RULE, r, AGENTOS_RULE_NONE, 0, "/etc/x",
		  "files: read: /etc/x" },
		{ AGENTOS_HOOK_FILE_OPEN, AGENTOS_WHY_NO_RULE, r | w, AGENTOS_RULE_NONE, 0,
		  "/home/u/papers/a", "files: read: ~/papers/a; files: write: ~/papers/a" },
		{ AGENTOS_HOOK_EXEC, AGENTOS_WHY_NO_RULE, AGENTOS_FILE_EXEC, AGENTOS_RULE_NONE, 0,
		  "/home/u/w/tool", "files: exec: ${WORKSPACE}/tool" },
		{ AGENTOS_HOOK_FILE_OPEN, AGENTOS_WHY_NO_RULE, r, AGENTOS_RULE_NONE, 0, "/home/u",
		  "files: read: ${HOME}" },
		{ AGENTOS_HOOK_FILE_OPEN, AGENTOS_WHY_NO_RULE, r, AGENTOS_RULE_NONE, 0,
		  "/home/user/x", "files: read: /home/user/x" },
		/* What is not there yet, or goes, is allowed by its directory. */
		{ AGENTOS_HOOK_CREATE, AGENTOS_WHY_NO_RULE, w, AGENTOS_RULE_NONE, 0, "/srv/new/a",
		  "files: write: /srv/new" },
		{ AGENTOS_HOOK_DELETE, AGENTOS_WHY_NO_RULE, w, AGENTOS_RULE_NONE, 0, "/a",
		  "files: write: /" },
		/* Bytes that YAML or a policy would misread. */
		{ AGENTOS_HOOK_FILE_OPEN, AGENTOS_WHY_NO_RULE, r, AGENTOS_RULE_NONE, 0,
		  "/etc/a: b#\"\\c", "files: read: \"/etc/a: b#\\\"\\\\c\"" },
		{ AGENTOS_HOOK_FILE_OPEN, AGENTOS_WHY_NO_RULE, r, AGENTOS_RULE_NONE, 0, "/etc/${X}",
		  "files: read: /etc/$${X}" },
		{ AGENTOS_HOOK_FILE_OPEN, AGENTOS_WHY_NO_RULE, r, AGENTOS_RULE_NONE, 0,
		  "/etc/a/b*c/d", "files: read: /etc/a" },
		{ AGENTOS_HOOK_FILE_OPEN, AGENTOS_WHY_NO_RULE, r, AGENTOS_RULE_NONE, 0, "/*",
		  "files: read: /" },
		{ AGENTOS_HOOK_FILE_OPEN, AGENTOS_WHY_NO_RULE, r, AGENTOS_RULE_NONE, 0, "/etc/a\nb",
		  "" },
		{ AGENTOS_HOOK_FILE_OPEN, AGENTOS_WHY_NO_RULE, r, AGENTOS_RULE_NONE, 0, "/etc/\xff",
		  "" },
		/* Rights, and the rule that a right needs. */
		{ AGENTOS_HOOK_USERNS, AGENTOS_WHY_RIGHT, 0, AGENTOS_RULE_NONE,
		  AGENTOS_RIGHT(NAMESPACES), "", "rights: namespaces" },
		{ AGENTOS_HOOK_EXEC, AGENTOS_WHY_RIGHT, AGENTOS_FILE_EXEC, AGENTOS_RULE_NONE,
		  AGENTOS_RIGHT(FILE_EXEC), "/usr/bin/x",
		  "rights: file-exec; files: exec: /usr/bin/x" },
		/* A denied path: below it a nearer rule wins, on it none does. */
		{ AGENTOS_HOOK_FILE_OPEN, AGENTOS_WHY_RULE, r, keys, 0, "/home/u/w/keys/a",
		  "files: read: ${WORKSPACE}/keys/a" },
		{ AGENTOS_HOOK_FILE_OPEN, AGENTOS_WHY_RULE, r, keys, 0, "/home/u/w/keys", "-8" },
		{ AGENTOS_HOOK_CREATE, AGENTOS_WHY_RULE, w, keys, 0, "/home/u/w/keys/a", "-8" },
		{ AGENTOS_HOOK_FILE_OPEN, AGENTOS_WHY_RULE, r, var, 0, "/var/y",
		  "-10; files: read: /var/y" },
		{ AGENTOS_HOOK_FILE_OPEN, AGENTOS_WHY_RULE, r, outside, 0, "/elsewhere",
		  "-9; files: read: /elsewhere" },
		/* A denied name: likewise. */
		{ AGENTOS_HOOK_FILE_OPEN, AGENTOS_WHY_RULE, r, env, 0, "/home/u/w/.env", "-12" },
		{ AGENTOS_HOOK_FILE_OPEN, AGENTOS_WHY_RULE, r, pem, 0, "/home/u/w/a.pem", "-12" },
		{ AGENTOS_HOOK_FILE_OPEN, AGENTOS_WHY_RULE, r, pem, 0, "/etc/a.pem",
		  "-12; files: read: /etc/a.pem" },
		{ AGENTOS_HOOK_FILE_OPEN, AGENTOS_WHY_RULE, r, pem, 0, "/home/u/w/both.pem",
		  "-12" },
		{ AGENTOS_HOOK_FILE_OPEN, AGENTOS_WHY_RULE, r | w, pem, 0, "/usr/a.pem",
		  "-12; files: write: /usr/a.pem" },
		{ AGENTOS_HOOK_FILE_OPEN, AGENTOS_WHY_RULE, r, secrets, 0, "/home/u/w/secrets/a",
		  "files: read: ${WORKSPACE}/secrets/a" },
		{ AGENTOS_HOOK_RENAME, AGENTOS_WHY_RULE, w, env, 0, "/home/u/w/.env", "-12" },
		/* Of no number that the policy has; ours. */
		{ AGENTOS_HOOK_FILE_OPEN, AGENTOS_WHY_RULE, r, 999, 0, "/x", "-0" },
		{ AGENTOS_HOOK_DELETE, AGENTOS_WHY_RULE, w, AGENTOS_RULE_PINS, 0, "/x", "never" },
		{ AGENTOS_HOOK_DELETE, AGENTOS_WHY_RULE, w, AGENTOS_RULE_FEED, 0, "/x", "never" },
		{ AGENTOS_HOOK_DELETE, AGENTOS_WHY_RULE, w, AGENTOS_RULE_LOG, 0, "/x", "never" },
		{ AGENTOS_HOOK_DELETE, AGENTOS_WHY_RULE, w, AGENTOS_RULE_KEYS, 0, "/x", "never" },
		/* Those that teach. */
		{ AGENTOS_HOOK_RENAME, AGENTOS_WHY_WIDER, w, AGENTOS_RULE_NONE, 0, "/x", "" },
		{ AGENTOS_HOOK_RENAME, AGENTOS_WHY_HOLDS, w, AGENTOS_RULE_NONE, 0, "/x", "" },
		{ AGENTOS_HOOK_FILE_OPEN, AGENTOS_WHY_UNRESOLVED, r, AGENTOS_RULE_NONE, 0, "/x",
		  "" },
		{ AGENTOS_HOOK_SOCKET_CREATE, AGENTOS_WHY_UNCOUNTED, 0, AGENTOS_RULE_NONE, 0, "",
		  "" },
		{ AGENTOS_HOOK_FILE_OPEN, AGENTOS_WHY_UNRECORDED, r, AGENTOS_RULE_NONE, 0, "/x",
		  "" },
		{ AGENTOS_HOOK_TTY_INJECT, AGENTOS_WHY_NEVER, 0, AGENTOS_RULE_NONE, 0, "",
		  "never" },
		{ AGENTOS_HOOK_PTRACE_ACCESS, AGENTOS_WHY_OUTSIDE, 0, AGENTOS_RULE_NONE, 0, "",
		  "never" },
		{ AGENTOS_HOOK_FILE_OPEN, 99, r, AGENTOS_RULE_NONE, 0, "/x", "" },
		/* Sockets. */
		{ AGENTOS_HOOK_UNIX_STREAM, AGENTOS_WHY_NO_RULE, c, AGENTOS_RULE_NONE, 0,
		  "/run/b.sock", "network: unix: /run/b.sock" },
		{ AGENTOS_HOOK_UNIX_SEND, AGENTOS_WHY_NO_RULE, c, AGENTOS_RULE_NONE, 0, "@/tmp/x",
		  "network: unix: \"@/tmp/x\"" },
		{ AGENTOS_HOOK_UNIX_STREAM, AGENTOS_WHY_RIGHT, 0, AGENTOS_RULE_NONE,
		  AGENTOS_RIGHT(UNIX_CONNECT), "/run/b.sock",
		  "rights: unix-connect; network: unix: /run/b.sock" },
	};
	struct agentos_event e;
	struct explain x;
	bool teaches;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		e = event(rows[i].hook, rows[i].why, rows[i].access, rows[i].path);
		e.rule = rows[i].rule;
		e.right = rows[i].right;
		if (rows[i].hook == AGENTOS_HOOK_UNIX_STREAM ||
		    rows[i].hook == AGENTOS_HOOK_UNIX_SEND)
			e.object_kind = AGENTOS_OBJECT_UNIX;
		explain_event(&e, p, &vars, &x);
		CHECK_MSG(strcmp(fix(&x), rows[i].fix) == 0, "%s: %s, expected %s", rows[i].path,
			  fix(&x), rows[i].fix);
		/* Who is given no line is given a sentence. */
		teaches = x.lesson && x.lesson[0];
		CHECK_MSG(x.count || x.is_removal || teaches, "%s", rows[i].path);
	}
	policy_free(p);
}

static void addresses_are_written_as_a_policy_has_them(void)
{
	struct policy *p = parsed(text);
	const uint32_t ten = (uint32_t)p->rule_count;
	const struct {
		unsigned int hook, why;
		int family;
		const char *address;
		uint16_t port;
		uint32_t protocol;
		const char *deny; /* whose rule it is */
		const char *fix;
	} rows[] = {
		{ AGENTOS_HOOK_SOCKET_CONNECT, AGENTOS_WHY_NO_RULE, AF_INET, "192.0.2.7", 80,
		  IPPROTO_TCP, NULL, "network: connect: \"192.0.2.7:80/tcp\"" },
		{ AGENTOS_HOOK_SOCKET_SEND, AGENTOS_WHY_NO_RULE, AF_INET6, "2001:db8::1", 53,
		  IPPROTO_UDP, NULL, "network: connect: \"[2001:db8::1]:53/udp\"" },
		{ AGENTOS_HOOK_SOCKET_CONNECT, AGENTOS_WHY_NO_RULE, AF_INET6, "::ffff:192.0.2.7",
		  80, 262, NULL, "network: connect: \"192.0.2.7:80/tcp\"" },
		{ AGENTOS_HOOK_SOCKET_BIND, AGENTOS_WHY_NO_RULE, AF_INET, "0.0.0.0", 8080,
		  IPPROTO_TCP, NULL, "network: listen: \"0.0.0.0:8080/tcp\"" },
		{ AGENTOS_HOOK_SOCKET_BIND, AGENTOS_WHY_NO_RULE, AF_INET6, "::", 8080, IPPROTO_TCP,
		  NULL,
		  "network: listen: \"[::]:8080/tcp\"; network: listen: \"0.0.0.0:8080/tcp\"" },
		{ AGENTOS_HOOK_SOCKET_CONNECT, AGENTOS_WHY_NO_RULE, AF_INET, "192.0.2.7", 80, 136,
		  NULL, "network: connect: \"192.0.2.7:80\"" },
		{ AGENTOS_HOOK_SOCKET_BIND, AGENTOS_WHY_RIGHT, AF_INET, "127.0.0.1", 0, IPPROTO_TCP,
		  NULL, "rights: net-listen; network: listen: \"127.0.0.1:0/tcp\"" },
		{ AGENTOS_HOOK_SOCKET_CONNECT, AGENTOS_WHY_RULE, AF_INET, "10.1.2.3", 443,
		  IPPROTO_TCP, "10.0.0.0", "network: connect: \"10.1.2.3:443/tcp\"" },
		{ AGENTOS_HOOK_SOCKET_CONNECT, AGENTOS_WHY_RULE, AF_INET, "192.0.2.1", 443,
		  IPPROTO_TCP, "192.0.2.1", "-17; network: connect: \"192.0.2.1:443/tcp\"" },
		{ AGENTOS_HOOK_SOCKET_CONNECT, AGENTOS_WHY_NO_RULE, AF_NETLINK, NULL, 0, 0, NULL,
		  "" },
	};
	struct agentos_event e;
	struct explain x;
	uint8_t address[16];
	size_t i, n;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		e = event(rows[i].hook, rows[i].why, 0, "");
		e.object_kind = AGENTOS_OBJECT_INET;
		e.family = (uint16_t)rows[i].family;
		e.port = rows[i].port;
		e.protocol = rows[i].protocol;
		e.right = rows[i].why == AGENTOS_WHY_RIGHT ? AGENTOS_RIGHT(NET_LISTEN) : 0;
		if (rows[i].address)
			inet_pton(rows[i].family, rows[i].address, e.addr);
		for (n = 0; rows[i].deny && n < p->address_count; n++) {
			inet_pton(AF_INET, rows[i].deny, address);
			if (p->addresses[n].family == AF_INET &&
			    !memcmp(p->addresses[n].addr, address, 4) && p->addresses[n].deny)
				e.rule = ten + (uint32_t)n;
		}
		explain_event(&e, p, &vars, &x);
		CHECK_MSG(strcmp(fix(&x), rows[i].fix) == 0, "%s, expected %s", fix(&x),
			  rows[i].fix);
		CHECK(x.has_rule == !!rows[i].deny);
	}
	/* listen() alone: the record has family and port. */
	e = event(AGENTOS_HOOK_SOCKET_LISTEN, AGENTOS_WHY_NO_RULE, 0, "");
	e.object_kind = AGENTOS_OBJECT_NUMBER;
	e.number = AF_INET;
	e.number2 = 99;
	explain_event(&e, p, &vars, &x);
	CHECK_STR(fix(&x), "network: listen: \"*:99/tcp\"");
	policy_free(p);
}

static void the_gateway_is_told_as_what_it_is(void)
{
	static const struct {
		const char *text, *address;
		uint16_t port;
		unsigned int why;
		const char *fix;
		bool gateway;
	} rows[] = {
		{ "/run/agentos/gateway.sock", "127.0.0.1", 1018, AGENTOS_WHY_NO_RULE, "", true },
		{ "/run/agentos/gateway.sock", "127.0.0.1", 1018, AGENTOS_WHY_RIGHT,
		  "rights: net-connect", true },
		{ "/run/other/gateway.sock", "127.0.0.1", 1000, AGENTOS_WHY_NO_RULE, "", true },
		{ "", "127.0.0.1", 1018, AGENTOS_WHY_NO_RULE, "", true },
		{ "", "127.0.0.1", 1000, AGENTOS_WHY_NO_RULE,
		  "network: connect: \"127.0.0.1:1000/tcp\"", false },
		{ "", "127.0.0.2", 1018, AGENTOS_WHY_NO_RULE,
		  "network: connect: \"127.0.0.2:1018/tcp\"", false },
	};
	struct policy *p = parsed(text);
	struct agentos_event e;
	struct explain x;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		e = event(AGENTOS_HOOK_SOCKET_CONNECT, rows[i].why, 0, rows[i].text);
		e.object_kind = AGENTOS_OBJECT_INET;
		e.family = AF_INET;
		e.port = rows[i].port;
		e.protocol = IPPROTO_TCP;
		e.right = rows[i].why == AGENTOS_WHY_RIGHT ? AGENTOS_RIGHT(NET_CONNECT) : 0;
		inet_pton(AF_INET, rows[i].address, e.addr);
		explain_event(&e, p, &vars, &x);
		CHECK_MSG(strcmp(fix(&x), rows[i].fix) == 0, "%zu: %s", i, fix(&x));
		CHECK_MSG((x.lesson && strstr(x.lesson, "AgentOS's gateway (127.0.0.1:1018")) ==
				  rows[i].gateway,
			  "%zu", i);
		CHECK(x.is_possible && !x.is_removal);
	}
	policy_free(p);
}

static void without_the_policy_what_can_be_said_is_said(void)
{
	struct agentos_event e =
		event(AGENTOS_HOOK_FILE_OPEN, AGENTOS_WHY_RULE, AGENTOS_FILE_READ, "/x");
	struct explain x;

	e.rule = 3;
	explain_event(&e, NULL, NULL, &x);
	CHECK(!x.has_rule && x.is_removal && x.lesson);
	e.why = AGENTOS_WHY_NO_RULE;
	explain_event(&e, NULL, NULL, &x);
	CHECK_STR(fix(&x), "files: read: /x");
	e.flags = AGENTOS_EVENT_DENTRY;
	explain_event(&e, NULL, NULL, &x);
	CHECK(!x.count && x.lesson);
	e.flags = AGENTOS_EVENT_TRUNCATED;
	explain_event(&e, NULL, NULL, &x);
	CHECK(!x.count && x.lesson);
}

static const char hosts[] =
	"version: 1\n"
	"name: hosts\n"
	"rights: [net-connect]\n"
	"network:\n"
	"  egress:\n"
	"    - example.org\n"
	"    - \"*.example.com:8000-8100\"\n"
	"    - \"*.openai.com\"\n"
	"    - example.org:8443\n"
	"  egress-private: [10.0.0.0/8]\n"
	"  egress-deny: [\"no.example.com:*\"]\n"
	"  egress-kill: [\"trap.example.com:*\"]\n"
	"  egress-watch: [new.example.com]\n";

static const uint8_t ten[16] = { 10, 1, 2, 3 };

static struct explain_asked asked(unsigned int why, const char *host, uint16_t port)
{
	return (struct explain_asked){ .why = why,
				       .rule = AGENTOS_RULE_NONE,
				       .host = host,
				       .port = port,
				       .addr = ten };
}

static void a_host_that_is_not_reached_has_its_fix(void)
{
	static const struct {
		enum egress_why why;
		const char *host;
		uint16_t port;
		uint32_t line; /* of the rule that is about it; 0: none is */
		const char *fix;
	} rows[] = {
		{ EGRESS_WHY_NO_RULE, "other.org", 443, 0, "network: egress: \"other.org:443\"" },
		{ EGRESS_WHY_NO_RULE, "Other.ORG.", 80, 0, "network: egress: \"other.org:80\"" },
		{ EGRESS_WHY_NO_RULE, "example.org", 80, 6, "network: egress: \"example.org:80\"" },
		{ EGRESS_WHY_NO_RULE, "a.example.com", 443, 7,
		  "network: egress: \"a.example.com:443\"" },
		{ EGRESS_WHY_NO_RULE, "example.com", 8000, 0,
		  "network: egress: \"example.com:8000\"" },
		{ EGRESS_WHY_PROVIDER, "api.openai.com", 443, 8,
		  "network: egress-providers: \"api.openai.com:443\"" },
		{ EGRESS_WHY_PROVIDER, "api.anthropic.com", 443, 0,
		  "network: egress-providers: \"api.anthropic.com:443\"" },
		{ EGRESS_WHY_LITERAL, "192.0.2.7", 443, 0,
		  "network: connect: \"192.0.2.7:443/tcp\"" },
		{ EGRESS_WHY_LITERAL, "[2001:db8::1]", 80, 0,
		  "network: connect: \"[2001:db8::1]:80/tcp\"" },
		{ EGRESS_WHY_LITERAL, "2001:db8::1", 80, 0,
		  "network: connect: \"[2001:db8::1]:80/tcp\"" },
		{ EGRESS_WHY_LITERAL, "0x7f.5", 80, 0, "" },
		{ EGRESS_WHY_LITERAL, "300.1", 80, 0, "" },
		{ EGRESS_WHY_PRIVATE, "example.org", 8443, 9, "" },
		{ EGRESS_WHY_NOT_TLS, "example.org", 8443, 9,
		  "network: egress-any: \"example.org:8443\"" },
		{ EGRESS_WHY_NOT_TLS, "api.openai.com", 443, 8, "never" },
		{ EGRESS_WHY_SERVER_NAME, "example.org", 443, 6,
		  "network: egress-any: \"example.org:443\"" },
		{ EGRESS_WHY_UNRESOLVED, "example.org", 443, 0, "" },
		/* A line to take out, and one to add where nothing else allows it. */
		{ EGRESS_WHY_DENIED, "no.example.com", 443, 11,
		  "-11; network: egress: \"no.example.com:443\"" },
		{ EGRESS_WHY_DENIED, "no.example.com", 8000, 11, "-11" },
		{ EGRESS_WHY_KILLED, "trap.example.com", 8050, 12, "-12" },
		{ EGRESS_WHY_WATCHED, "new.example.com", 443, 13, "" },
		{ EGRESS_WHY_UNREACHABLE, "example.org", 443, 0, "" },
		{ EGRESS_WHY_MALFORMED, "", 0, 0, "" },
		{ EGRESS_WHY_STRANGER, "example.org", 443, 0, "never" },
		{ EGRESS_WHY_BUSY, "example.org", 443, 0, "" },
		/* No such name: nothing to add. */
		{ EGRESS_WHY_NO_RULE, "", 443, 0, "" },
		{ EGRESS_WHY_NO_RULE, "a\"b", 443, 0, "" },
		{ EGRESS_WHY_NO_RULE, "other.org", 0, 0, "" },
		{ EGRESS_WHY_COUNT, "other.org", 443, 0, "" },
	};
	struct policy *p = parsed(hosts);
	struct explain_asked a;
	struct explain x;
	bool decides;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		a = asked(rows[i].why, rows[i].host, rows[i].port);
		decides = rows[i].why == EGRESS_WHY_DENIED || rows[i].why == EGRESS_WHY_KILLED ||
			  rows[i].why == EGRESS_WHY_WATCHED;
		if (decides)
			a.rule = 5 + (uint32_t)(rows[i].why - EGRESS_WHY_DENIED);
		explain_egress(&a, p, &x);
		CHECK_MSG(strcmp(fix(&x), rows[i].fix) == 0, "%s: %s, expected %s", rows[i].host,
			  fix(&x), rows[i].fix);
		CHECK_MSG(x.line == rows[i].line, "%s: line %u", rows[i].host, x.line);
		CHECK(x.has_rule == !!rows[i].line && x.falls_short == (x.has_rule && !decides));
		CHECK(x.is_removal == (decides && rows[i].why != EGRESS_WHY_WATCHED));
		CHECK(x.watches == (rows[i].why == EGRESS_WHY_WATCHED));
		CHECK_MSG(x.lesson && x.lesson[0], "reason %d has no sentence", rows[i].why);
		explain_egress(&a, NULL, &x);
		CHECK_MSG((decides || strcmp(fix(&x), rows[i].fix) == 0) && !x.has_rule && x.lesson,
			  "without the policy: %s", rows[i].host);
	}
	policy_free(p);
}

static void a_host_is_told_by_the_rule_of_its_record(void)
{
	struct policy *p = parsed(hosts);
	struct explain_asked a = asked(EGRESS_WHY_PRIVATE, "example.org", 8443);
	struct explain x;

	a.rule = p->egress[0].rule.number;
	explain_egress(&a, p, &x);
	CHECK(x.has_rule && x.number == a.rule);
	CHECK_INT(x.line, 6);
	CHECK_STR(x.rule, "example.org:443");
	/* Who is audit-only was connected, so that the address is known. */
	a.family = AF_INET;
	explain_egress(&a, p, &x);
	CHECK_STR(fix(&x), "network: egress-private: \"10.1.2.3\"");
	policy_free(p);
	/* Without the right a rule would be refused. */
	p = parsed(text);
	p->rights &= ~AGENTOS_RIGHT(NET_CONNECT);
	a = asked(EGRESS_WHY_NO_RULE, "other.org", 443);
	explain_egress(&a, p, &x);
	CHECK_STR(fix(&x), "rights: net-connect; network: egress: \"other.org:443\"");
	policy_free(p);
}

static void a_call_that_came_to_nothing_has_its_fix(void)
{
	static const struct {
		enum call_why why;
		const char *provider, *model;
		const char *fix;
	} rows[] = {
		{ CALL_WHY_NO_RULE, "openai", "gpt-5", "network: models: \"openai/gpt-5\"" },
		{ CALL_WHY_NO_RULE, "", "gpt-5", "network: models: \"gpt-5\"" },
		{ CALL_WHY_NO_RULE, "hub", "a/b:c", "network: models: \"hub/a/b:c\"" },
		/* No policy can name these. */
		{ CALL_WHY_NO_RULE, "openai", "", "never" },
		{ CALL_WHY_NO_RULE, "openai", "a b", "never" },
		{ CALL_WHY_NO_RULE, "openai", "a\"]", "never" },
		{ CALL_WHY_NO_RULE, "openai", "a/", "never" },
		{ CALL_WHY_TOKEN_OTHERS, "openai", "gpt-5", "never" },
		{ CALL_WHY_STRANGER, "openai", "gpt-5", "never" },
	};
	struct explain_called called = { .rule = AGENTOS_RULE_NONE };
	struct policy *p = parsed(hosts), *q;
	const char *lessons[CALL_WHY_COUNT + 1];
	struct explain x;
	unsigned int why, before;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		called.why = rows[i].why;
		called.provider = rows[i].provider;
		called.model = rows[i].model;
		explain_call(&called, p, &x);
		CHECK_MSG(strcmp(fix(&x), rows[i].fix) == 0, "%s: %s", rows[i].model, fix(&x));
		CHECK(x.lesson && !x.has_rule);
		explain_call(&called, NULL, &x);
		CHECK_MSG(strcmp(fix(&x), rows[i].fix) == 0, "without the policy: %s", fix(&x));
	}
	called =
		(struct explain_called){ .rule = AGENTOS_RULE_NONE, .provider = "a", .model = "b" };
	/* Each reason has a sentence of its own. */
	for (why = 0; why <= CALL_WHY_COUNT; why++) {
		called.why = why;
		explain_call(&called, p, &x);
		CHECK(x.lesson && x.lesson[0]);
		lessons[why] = x.lesson;
		for (before = 1; before < why && why < CALL_WHY_COUNT; before++)
			CHECK_MSG(strcmp(lessons[before], x.lesson) != 0, "%u and %u", before, why);
	}
	CHECK_STR(lessons[CALL_WHY_COUNT], lessons[0]);
	/* Without the right a rule would be refused. */
	p->rights &= ~AGENTOS_RIGHT(NET_CONNECT);
	called.why = CALL_WHY_NO_RULE;
	explain_call(&called, p, &x);
	CHECK_STR(fix(&x), "rights: net-connect; network: models: \"a/b\"");
	policy_free(p);
	/* The rule that let it is told, though it is not what was against it. */
	q = parsed("version: 1\nname: m\nrights: [net-connect]\nnetwork:\n  models:\n"
		   "    - c/*\n    - a/*\n");
	CHECK_INT(q->egress_count, 2);
	called.why = CALL_WHY_BUDGET_MONEY;
	called.rule = q->egress[1].rule.number;
	explain_call(&called, q, &x);
	CHECK(x.has_rule && x.falls_short && x.is_possible);
	CHECK_INT(x.line, 7);
	CHECK_STR(x.rule, "a/*");
	CHECK_STR(fix(&x), "");
	policy_free(q);
}

static void no_record_is_too_much(void)
{
	struct policy *p = parsed(text);
	struct agentos_event e;
	struct explain x;
	unsigned int hook, why, kind, i;

	for (hook = 0; hook <= AGENTOS_HOOK_COUNT; hook++) {
		for (why = 0; why < 12; why++) {
			for (kind = 0; kind < 9; kind++) {
				memset(&e, kind & 1 ? 0xff : '/', sizeof(e));
				e.hook = (uint16_t)hook;
				e.why = (uint8_t)why;
				e.object_kind = (uint16_t)kind;
				e.flags = 0;
				e.rule = kind;
				e.text_len = kind & 2 ? UINT32_MAX : sizeof(e.text) - 1;
				explain_event(&e, p, &vars, &x);
				CHECK(x.count <= EXPLAIN_ITEMS);
				for (i = 0; i < x.count; i++)
					CHECK(strlen(x.items[i].item) < EXPLAIN_ITEM);
			}
		}
	}
	policy_free(p);
}

static void a_digest_tells_what_has_changed(void)
{
	static const struct {
		const char *from, *to;
		bool same;
	} rows[] = {
		{ "name: mine", "name: ours", true },
		{ "/var/y", "/var/z", false },
		{ "name: mine\n", "name: mine\n\n", false }, /* lines have moved */
		{ "[file-read, ", "[file-read, bpf, ", false },
		{ "    - 10.0.0.0/8\n", "    - 10.0.0.0/9\n", false },
		{ "*:443/tcp", "*:443/udp", false },
		{ "[.env, ", "[.enw, ", false },
	};
	struct policy *a = parsed(text), *b;
	char changed[2048];
	const char *at;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		at = strstr(text, rows[i].from);
		REQUIRE(at);
		snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - text), text, rows[i].to,
			 at + strlen(rows[i].from));
		b = parsed(changed);
		CHECK_MSG((policy_digest(a) == policy_digest(b)) == rows[i].same, "%s", rows[i].to);
		policy_free(b);
	}
	b = parsed(text);
	CHECK(policy_digest(a) == policy_digest(b));
	policy_free(b);
	policy_free(a);
}

static void an_origin_comes_back_from_its_records(void)
{
	static struct origin o = { .policy = 5, .agent = 9, .digest = 77, .agent_name = "coder" };
	static struct origin back;
	static struct origin_reader reader;
	static const size_t lengths[] = { 0, 1, 40, 485, 487, 488, 3000, PATH_MAX - 1 };
	uint8_t bytes[LIMIT_RECORD];
	struct record r, read;
	unsigned int part, parts;
	size_t i, j;
	int len, rc = 0;

	strcpy(o.name, "mine");
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		for (j = 0; j < sizeof(lengths) / sizeof(lengths[0]); j++) {
			memset(o.file, 0, sizeof(o.file));
			memset(o.workspace, 0, sizeof(o.workspace));
			memset(o.home, 0, sizeof(o.home));
			memset(o.file, 'f', lengths[i]);
			memset(o.workspace, 'w', lengths[j]);
			strcpy(o.home, j & 1 ? "/home/u" : "");
			parts = origin_parts(&o);
			for (part = 0; part < parts; part++) {
				memset(&r, 0, sizeof(r));
				origin_part(&o, part, &r);
				len = record_encode(&r, bytes, sizeof(bytes));
				CHECK(len > 0);
				CHECK_INT(record_decode(bytes, sizeof(bytes), &read), len);
				rc = origin_read(&reader, &read, &back);
				CHECK_INT(rc, part + 1 == parts);
			}
			CHECK(rc == 1 && memcmp(&o, &back, sizeof(o)) == 0);
		}
	}
	/* A part that is missing, one that comes twice, and texts that are none. */
	memset(o.file, 'f', PATH_MAX - 1);
	memset(&r, 0, sizeof(r));
	origin_part(&o, 0, &r);
	CHECK_INT(origin_read(&reader, &r, &back), 0);
	origin_part(&o, 2, &r);
	CHECK_INT(origin_read(&reader, &r, &back), -EBADMSG);
	origin_part(&o, 0, &r);
	CHECK_INT(origin_read(&reader, &r, &back), 0);
	CHECK_INT(origin_read(&reader, &r, &back), 0);
	r.u.policy.parts = 1;
	memset(r.u.policy.text, 'x', r.u.policy.text_len);
	CHECK_INT(origin_read(&reader, &r, &back), -EBADMSG);
	r.u.policy.text_len = UINT32_MAX;
	CHECK_INT(origin_read(&reader, &r, &back), -EBADMSG);
	r.type = RECORD_LOSS;
	CHECK_INT(origin_read(&reader, &r, &back), -EBADMSG);
}

static const struct tap_test tests[] = {
	TEST(each_reason_has_its_fix),
	TEST(addresses_are_written_as_a_policy_has_them),
	TEST(the_gateway_is_told_as_what_it_is),
	TEST(without_the_policy_what_can_be_said_is_said),
	TEST(a_host_that_is_not_reached_has_its_fix),
	TEST(a_host_is_told_by_the_rule_of_its_record),
	TEST(a_call_that_came_to_nothing_has_its_fix),
	TEST(no_record_is_too_much),
	TEST(a_digest_tells_what_has_changed),
	TEST(an_origin_comes_back_from_its_records),
};

TAP_MAIN(tests)
