// SPDX-License-Identifier: GPL-2.0-or-later
/* The network: section of a policy. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agentos.h"
#include "agentos_rights.h"
#include "policy/policy.h"
#include "tests/tap.h"

static const struct policy_vars vars = { .workspace = "/srv/space",
					 .home = "/home/u",
					 .agent = "coder" };

static int parse(const char *text, struct policy **ret_policy, struct fault *f)
{
	*f = (struct fault){ "" };
	return policy_parse(text, strlen(text), "p.yaml", &vars, NULL, ret_policy, f);
}

static void check_address(const struct policy *p, size_t at, const char *address, uint8_t prefix,
			  unsigned int first, unsigned int last, unsigned int allow,
			  unsigned int deny)
{
	const struct policy_address *a = &p->addresses[at];
	char text[INET6_ADDRSTRLEN] = "";

	REQUIRE(at < p->address_count);
	inet_ntop(a->family, a->addr, text, sizeof(text));
	CHECK_STR(text, address);
	CHECK_INT(a->prefix, prefix);
	CHECK_INT(a->port_first, first);
	CHECK_INT(a->port_last, last);
	CHECK_INT(a->allow, allow);
	CHECK_INT(a->deny, deny);
}

#define TCP (AGENTOS_NET_CONNECT_TCP | AGENTOS_NET_LISTEN_TCP)
#define UDP (AGENTOS_NET_CONNECT_UDP | AGENTOS_NET_LISTEN_UDP)

static void every_form_of_an_address(void)
{
	static const char text[] =
		"name: a\nrights: [net-connect, net-listen]\nnetwork:\n"
		"  connect:\n"
		"    - 127.0.0.1:8080\n"
		"    - 10.0.0.0/8:443\n"
		"    - '[2001:db8::/32]:8000-8100'\n"
		"    - '[::1]:53/udp'\n"
		"    - 192.0.2.7:*/tcp\n"
		"    - '*:80'\n"
		"    - localhost:1-65535\n"
		"  listen: ['127.0.0.1:0', '[::1]:*', '127.0.0.1:8080']\n"
		"  deny: [169.254.0.0/16, '10.1.0.0/16:443', '*:25']\n";
	struct policy *p = NULL;
	struct fault f;

	CHECK_INT(parse(text, &p, &f), 0);
	CHECK_STR(f.text, "");
	REQUIRE(p);
	CHECK_INT(p->address_count, 15);
	check_address(p, 0, "127.0.0.1", 32, 8080, 8080, AGENTOS_NET_ALL, 0);
	check_address(p, 1, "10.0.0.0", 8, 443, 443, AGENTOS_NET_CONNECT, 0);
	check_address(p, 2, "2001:db8::", 32, 8000, 8100, AGENTOS_NET_CONNECT, 0);
	check_address(p, 3, "::1", 128, 53, 53, AGENTOS_NET_CONNECT_UDP, 0);
	check_address(p, 4, "192.0.2.7", 32, 0, 65535, AGENTOS_NET_CONNECT_TCP, 0);
	check_address(p, 5, "0.0.0.0", 0, 80, 80, AGENTOS_NET_CONNECT, 0);
	check_address(p, 6, "::", 0, 80, 80, AGENTOS_NET_CONNECT, 0);
	check_address(p, 7, "127.0.0.0", 8, 1, 65535, AGENTOS_NET_CONNECT, 0);
	check_address(p, 8, "::1", 128, 1, 65535, AGENTOS_NET_CONNECT, 0);
	check_address(p, 9, "127.0.0.1", 32, 0, 0, AGENTOS_NET_LISTEN, 0);
	check_address(p, 10, "::1", 128, 0, 65535, AGENTOS_NET_LISTEN, 0);
	check_address(p, 11, "169.254.0.0", 16, 0, 65535, 0, AGENTOS_NET_ALL);
	check_address(p, 12, "10.1.0.0", 16, 443, 443, 0, AGENTOS_NET_ALL);
	check_address(p, 13, "0.0.0.0", 0, 25, 25, 0, AGENTOS_NET_ALL);
	check_address(p, 14, "::", 0, 25, 25, 0, AGENTOS_NET_ALL);
	CHECK_INT(p->addresses[3].at.line, 8);
	policy_free(p);
}

static void what_is_named_twice_adds_up(void)
{
	static const char text[] = "name: a\nrights: [net-connect]\nnetwork:\n"
				   "  connect: ['1.2.3.4:5/tcp', '1.2.3.4/32:5/udp', "
				   "'1.2.3.4:5-5/udp']\n";
	struct policy *p = NULL;
	struct fault f;

	CHECK_INT(parse(text, &p, &f), 0);
	REQUIRE(p);
	CHECK_INT(p->address_count, 1);
	check_address(p, 0, "1.2.3.4", 32, 5, 5, (TCP | UDP) & AGENTOS_NET_CONNECT, 0);
	policy_free(p);
}

#define CONNECT(item) "name: a\nrights: [net-connect]\nnetwork:\n  connect: [\"" item "\"]\n"
#define LISTEN(item)  "name: a\nrights: [net-listen]\nnetwork:\n  listen: [\"" item "\"]\n"

#define DENIED(item, denied)                                                                   \
	"name: a\nrights: [net-connect]\nnetwork:\n  connect: ['" item "']\n  deny: ['" denied \
	"']\n"

static const struct refusal {
	const char *text;
	const char *wrong, *valid; /* parts of the message */
} refusals[] = {
	{ CONNECT("127.0.0.1"), "p.yaml:4: \"127.0.0.1\" does not say which port", ":443" },
	{ CONNECT("example.com:443"), "is no address", "localhost" },
	{ CONNECT("example.com"), "which port", ":443" },
	{ CONNECT("127.0.0.256:1"), "is no address", "127.0.0.1:443" },
	{ CONNECT("127.0.0.01:1"), "is no address", "" },
	{ CONNECT("127.0.1:1"), "is no address", "" },
	{ CONNECT(":80"), "is no address", "*:443" },
	{ CONNECT("::1:80"), "several colons", "brackets" },
	{ CONNECT("2001:db8::1"), "several colons", "[2001:db8::/32]:443" },
	{ CONNECT("[::1:80"), "without its \"]\"", "" },
	{ CONNECT("[::1]80"), "between \"]\" and the port", "" },
	{ CONNECT("[::]/0:80"), "between \"]\" and the port", "inside" },
	{ CONNECT("[127.0.0.1]:80"), "is no address", "" },
	{ CONNECT("[fe80::1%eth0]:80"), "is no address", "" },
	{ CONNECT("[::ffff:1.2.3.4]:80"), "IPv4 in IPv6", "write it as IPv4" },
	{ CONNECT("[::ffff:0:0/96]:80"), "IPv4 in IPv6", "" },
	{ CONNECT("[*]:80"), "is no address", "" },
	{ CONNECT("[localhost]:80"), "is no address", "" },
	{ CONNECT("[11111111111111111111111111111111111111111111111111111111111]:1"), "too long",
	  "" },
	{ CONNECT("10.0.0.0/33:1"), "no prefix", "0 to 32" },
	{ CONNECT("10.0.0.0/:1"), "no prefix", "" },
	{ CONNECT("10.0.0.0/-1:1"), "no prefix", "" },
	{ CONNECT("10.0.0.0/8 :1"), "no prefix", "" },
	{ CONNECT("[::/129]:1"), "no prefix", "0 to 128" },
	{ CONNECT("10.0.0.1/8:1"), "names more of the address", "longer" },
	{ CONNECT("[2001:db8::1/64]:1"), "names more of the address", "" },
	{ CONNECT("localhost/8:1"), "is no address", "" },
	{ CONNECT("10.0.0.1:65536"), "no port", "8000-8100" },
	{ CONNECT("10.0.0.1:"), "no port", "" },
	{ CONNECT("10.0.0.1:http"), "no port", "" },
	{ CONNECT("10.0.0.1:1-"), "no port", "" },
	{ CONNECT("10.0.0.1:-1"), "no port", "" },
	{ CONNECT("10.0.0.1:1-2-3"), "no port", "" },
	{ CONNECT("10.0.0.1:+1"), "no port", "" },
	{ CONNECT("10.0.0.1: 1"), "no port", "" },
	{ CONNECT("10.0.0.1:1/sctp"), "no port", "/udp" },
	{ CONNECT("10.0.0.1:/tcp"), "no port", "" },
	{ CONNECT("10.0.0.1:9-8"), "wrong order", "" },
	{ CONNECT("10.0.0.1:0"), "port 0", "* for all" },
	{ CONNECT("$HOME:1"), "is no address", "" },
	{ LISTEN("127.0.0.1"), "which port", "" },
	{ "name: a\nrights: [net-connect]\n", "p.yaml:2: right net-connect has no effect",
	  "\"*\" is each" },
	{ "name: a\nrights: [net-listen]\n", "right net-listen has no effect", "listen:" },
	{ "name: a\nrights: [bpf]\nnetwork: {connect: ['*']}\n",
	  "p.yaml:3: \"network.connect\" has no effect", "net-connect" },
	{ "name: a\nrights: [bpf]\nnetwork: {listen: ['*']}\n", "\"network.listen\" has no effect",
	  "net-listen" },
	{ "name: a\nrights: [bpf]\nnetwork: {deny: [1.2.3.4]}\n", "\"network.deny\" has no effect",
	  "" },
	{ "name: a\nrights: [bpf]\nnetwork: {}\n", "\"network\" is empty",
	  "connect, listen, deny, kill, watch, unix" },
	{ "name: a\nrights: [bpf]\nnetwork: {connects: ['*']}\n", "unknown key \"connects\"",
	  "valid here: connect" },
	{ "name: a\nrights: [net-connect]\nnetwork:\n  connect: ['1.2.3.4:5']\n"
	  "  deny: ['1.2.3.4:5/udp']\n",
	  "p.yaml:5: \"1.2.3.4:5/udp\" is both allowed and denied", "on line 4" },
	{ "name: a\nrights: [net-connect]\nnetwork:\n  connect: ['*:443']\n  deny: ['*:443']\n",
	  "both allowed and denied", "" },
	{ DENIED("10.0.0.0/8:80", "10.0.0.0/8"),
	  "p.yaml:4: 10.0.0.0/8:80 is allowed here and denied on line 5", "10.0.0.0/8:* is" },
	{ DENIED("10.0.0.0/8:80-90", "10.0.0.0/8:80-443"), "10.0.0.0/8:80-90 is allowed",
	  "10.0.0.0/8:80-443 is" },
	{ DENIED("*:443", "*"), "0.0.0.0/0:443 is allowed", "deny wins" },
	{ DENIED("[::]:443", "[::]"), "is allowed here and denied", "" },
	{ DENIED("localhost:80/tcp", "127.0.0.0/8:*/tcp"), "127.0.0.0/8:80 is allowed", "" },
	{ DENIED("[2001:db8::/32]:80/udp", "[2001:db8::/32]:1-100"),
	  "[2001:db8::/32]:80 is allowed", "" },
	{ "name: a\nrights: [net-listen]\nnetwork:\n  listen: ['1.2.3.4:80']\n  kill: [1.2.3.4]\n",
	  "p.yaml:4: 1.2.3.4/32:80 is allowed here and denied on line 5", "take one out" },
	{ "name: a\nrights: [net-connect]\nnetwork:\n  watch: ['1.2.3.4:80']\n  deny: [1.2.3.4]\n"
	  "  connect: ['1.2.3.5:80']\n",
	  "p.yaml:4: 1.2.3.4/32:80 is allowed", "" },
	{ "name: a\nrights: [net-connect, net-raw]\nnetwork: {connect: ['*:443']}\n",
	  "net-raw reaches each address", "take the right out" },
	{ "name: a\nrights: [net-connect, net-raw]\n"
	  "network: {connect: ['*'], deny: [1.2.3.4]}\n",
	  "net-raw reaches each address", "" },
};

static void each_refusal_says_what_and_what_instead(void)
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
		CHECK_MSG(strncmp(f.text, "p.yaml:", 7) == 0, "%s", f.text);
		CHECK_MSG(strstr(f.text, r->wrong), "\"%s\" not in \"%s\"", r->wrong, f.text);
		CHECK_MSG(strstr(f.text, r->valid), "\"%s\" not in \"%s\"", r->valid, f.text);
		policy_free(p);
	}
}

static void what_is_denied_may_be_allowed_in_part(void)
{
	static const char *const texts[] = {
		DENIED("10.1.0.0/16:80", "10.0.0.0/8"), /* the longer prefix wins */
		DENIED("10.0.0.0/8:80", "10.1.0.0/16"),
		DENIED("10.0.0.0/8:80-90", "10.0.0.0/8:85"),
		DENIED("10.0.0.0/8:80-90", "10.0.0.0/8:1-89"),
		DENIED("10.0.0.0/8:80", "10.0.0.0/8:*/udp"),
		DENIED("10.0.0.0/8:80", "11.0.0.0/8"),
		DENIED("0.0.0.0/0:80", "[::/0]"),
		/* of other protocols */
		DENIED("1.2.3.4:80", "1.2.3.4:*/tcp', '1.2.3.4:1-100/udp"),
	};
	struct policy *p;
	struct fault f;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		p = NULL;
		CHECK_MSG(parse(texts[i], &p, &f) == 0, "%s", f.text);
		policy_free(p);
	}
}

static void many_rules_take_no_time(void)
{
	static char text[1 << 20];
	struct policy *p = NULL;
	struct fault f;
	size_t len;
	int port;

	len = (size_t)sprintf(text, "name: a\nrights: [net-connect]\nnetwork:\n  connect:\n");
	for (port = 1; port <= 8000; port++)
		len += (size_t)sprintf(text + len, "  - 1.2.3.4:%d\n", 2 * port);
	len += (size_t)sprintf(text + len, "  deny:\n");
	for (port = 1; port <= 8000; port++)
		len += (size_t)sprintf(text + len, "  - 1.2.3.4:%d-%d\n", 2 * port + 1,
				       20000 + port);
	/* All but the first ports are denied by one that begins below. */
	CHECK_INT(parse(text, &p, &f), -EINVAL);
	CHECK_MSG(strstr(f.text, "p.yaml:6: 1.2.3.4/32:4 is allowed here"), "%s", f.text);
	policy_free(p);
}

static void raw_sockets_go_with_every_address(void)
{
	static const char *const texts[] = {
		"name: a\nrights: [net-connect, net-raw]\nnetwork: {connect: ['*']}\n",
		"name: a\nrights: [net-connect, net-raw]\nnetwork: {connect: ['*:*', '1.2.3.4:5']}\n",
		"name: a\nrights: [net-raw]\n",
	};
	struct policy *p;
	struct fault f;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		p = NULL;
		CHECK_INT(parse(texts[i], &p, &f), 0);
		CHECK_STR(f.text, "");
		policy_free(p);
	}
}

static const struct tap_test tests[] = {
	{ "every_form_of_an_address", every_form_of_an_address },
	{ "what_is_named_twice_adds_up", what_is_named_twice_adds_up },
	{ "each_refusal_says_what_and_what_instead", each_refusal_says_what_and_what_instead },
	{ "what_is_denied_may_be_allowed_in_part", what_is_denied_may_be_allowed_in_part },
	{ "many_rules_take_no_time", many_rules_take_no_time },
	{ "raw_sockets_go_with_every_address", raw_sockets_go_with_every_address },
};

TAP_MAIN(tests)
