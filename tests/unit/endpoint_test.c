// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses as people write them: every form of one finds it, no other is found, and what was meant as one and is none is refused. */
#include "audit/endpoint.h"
#include "tests/tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

static struct endpoint endpoint;
static struct fault fault;

static bool finds(const char *written, const char *address, unsigned int port)
{
	int family = strchr(address, ':') ? AF_INET6 : AF_INET;
	/* Of IPv4 the kernel leaves the rest as it was. */
	uint8_t addr[16] = { [8] = 0x77 };

	if (endpoint_parse(written, &endpoint, &fault) != 1 ||
	    inet_pton(family, address, addr) != 1)
		exit(1);
	return endpoint_is(&endpoint, (unsigned int)family, addr, port);
}

static void every_form_finds_the_address(void)
{
	static const char *const forms[] = {
		"2001:db8::8:800:200c:417a",	      "2001:DB8::8:800:200C:417A",
		"2001:db8:0:0:8:800:200c:417a",	      "2001:0db8:0000:0000:0008:0800:200c:417a",
		"2001:db8::8:800:32.12.65.122",	      "[2001:db8::8:800:200c:417a]",
		"[2001:db8:0:0:8:800:200c:417a]:443", "[2001:DB8::8:800:200C:417A]:*",
	};
	size_t i;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		CHECK_MSG(finds(forms[i], "2001:db8::8:800:200c:417a", 443), "%s", forms[i]);
		CHECK_MSG(!finds(forms[i], "2001:db8::8:800:200c:417b", 443), "%s", forms[i]);
		CHECK_MSG(!finds(forms[i], "192.0.2.1", 443), "%s", forms[i]);
	}
}

static void a_part_of_a_longer_one_is_not_found(void)
{
	CHECK(finds("::1", "::1", 80));
	CHECK(!finds("::1", "2001:db8::1", 80));
	CHECK(finds("2001:db8::", "2001:db8::", 80));
	CHECK(!finds("2001:db8::", "2001:db8::1", 80));
	CHECK(!finds("192.0.2.1", "192.0.2.10", 80));
}

static void a_port_counts_when_it_is_named(void)
{
	CHECK(finds("[::1]:0", "::1", 0) && !finds("[::1]:0", "::1", 1));
	CHECK(finds("[::1]:65535", "::1", 65535));
	CHECK(finds("[::1]:*", "::1", 7) && finds("[::1]", "::1", 7) && finds("::1", "::1", 7));
	CHECK(finds("192.0.2.1:44", "192.0.2.1", 44) && !finds("192.0.2.1:44", "192.0.2.1", 443));
	/* Without brackets all of it is the address. */
	CHECK(!finds("::1:443", "::1", 443));
}

static void ipv4_in_ipv6_is_ipv4(void)
{
	CHECK(finds("192.0.2.1", "::ffff:192.0.2.1", 80));
	CHECK(finds("[::ffff:c000:201]:80", "192.0.2.1", 80));
	CHECK(!finds("::192.0.2.1", "192.0.2.1", 80));
	CHECK(!finds("0.0.0.0", "::", 80));
}

static void a_host_may_be_an_address(void)
{
	REQUIRE(endpoint_parse("[2001:db8::1]:443", &endpoint, &fault) == 1);
	CHECK_INT(endpoint_is_host(&endpoint, "2001:DB8:0::1", 443), 1);
	CHECK_INT(endpoint_is_host(&endpoint, "2001:db8::1", 80), 0);
	CHECK_INT(endpoint_is_host(&endpoint, "2001:db8::2", 443), 0);
	CHECK_INT(endpoint_is_host(&endpoint, "example.com", 443), -1);
	CHECK_INT(endpoint_is_host(&endpoint, "", 443), -1);
}

static void what_is_meant_as_one_and_is_none_is_refused(void)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "[2001:db8::1", "is no address" },
		{ "[2001:db8::g]:443", "is no address" },
		{ "[2001:db8::1::2]", "is no address" },
		{ "[1:2:3:4:5:6:7:8:9]:80", "is no address" },
		{ "2001:db8::1::2", "is no address" },
		{ "12345::1", "is no address" },
		{ ":db8::1", "is no address" },
		{ "::1:65536", "is no address" },
		{ "[::1]443", "has no port" },
		{ "[::1]:", "has no port" },
		{ "[::1]:65536", "has no port" },
		{ "[::1]:00000080", "has no port" },
		{ "[::1]:http", "has no port" },
		{ "192.0.2.1:65536", "has no port" },
		{ "[192.0.2.1]:443", "brackets, which are for IPv6" },
		{ "fe80::1%eth0", "has a zone" },
		{ "[fe80::1%eth0]:80", "has a zone" },
		{ "2001:db8::/32", "is a prefix" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_MSG(endpoint_parse(rows[i].text, &endpoint, &fault) == -EINVAL, "%s",
			  rows[i].text);
		CHECK_MSG(strstr(fault.text, rows[i].text) && strstr(fault.text, rows[i].why) &&
				  !strchr(fault.text, '\n'),
			  "%s", fault.text);
	}
}

static void other_texts_are_left_alone(void)
{
	static const char *const texts[] = {
		"",	      "/etc/shadow",   "example.com:443", "*:443",	   "[",
		"[]",	      "/a/[xy]",       "[a-f:::]*",	  "[[:alpha:]:]*", "[!:a:]",
		"12:30:45",   "de:ad:be:ef:0", "std::string",	  "192.0.2.",	   "192.0.2.1:44*",
		"10.0.0.0/8", "[2001:db8:*]",  "2001:db8:*",	  "2001:db8:",	   "a%b",
		"::1/x",      "[ab]:443",
	};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		CHECK_MSG(endpoint_parse(texts[i], &endpoint, &fault) == 0, "%s", texts[i]);
}

static const struct tap_test tests[] = {
	TEST(every_form_finds_the_address),   TEST(a_part_of_a_longer_one_is_not_found),
	TEST(a_port_counts_when_it_is_named), TEST(ipv4_in_ipv6_is_ipv4),
	TEST(a_host_may_be_an_address),	      TEST(what_is_meant_as_one_and_is_none_is_refused),
	TEST(other_texts_are_left_alone),
};
TAP_MAIN(tests)
