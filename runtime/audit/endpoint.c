// SPDX-License-Identifier: GPL-2.0-or-later
/* An address, with a port or any, as people write it. */
#include "audit/endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/escape.h"

static const uint8_t mapped[12] = { [10] = 0xff, 0xff };

static int refuse(const char *text, const char *why, struct fault *f)
{
	char shown[128];

	escape_text(shown, sizeof(shown), text, strlen(text));
	return fault_set(f, EINVAL, "\"%s\" %s", shown, why);
}

static int no_address(const char *text, struct fault *f)
{
	return refuse(text,
		      "is no address: one is 2001:db8::1, with a port [2001:db8::1]:443, and "
		      "\"2001:db8:*\" is all that begin so",
		      f);
}

/* The first len bytes of a text as an address of this family. */
static bool address_parse(int family, const char *text, size_t len, uint8_t ret_addr[16])
{
	char copy[INET6_ADDRSTRLEN];
	uint8_t addr[16];

	if (len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (inet_pton(family, copy, addr) != 1)
		return false;
	if (family == AF_INET) {
		memcpy(ret_addr, mapped, sizeof(mapped));
		memcpy(ret_addr + sizeof(mapped), addr, 4);
	} else {
		memcpy(ret_addr, addr, sizeof(addr));
	}
	return true;
}

static bool is_digits(const char *text)
{
	return *text && !text[strspn(text, "0123456789")];
}

static bool port_parse(const char *text, int32_t *ret_port)
{
	unsigned long port;

	if (!is_digits(text) || strlen(text) > 5)
		return false;
	port = strtoul(text, NULL, 10);
	if (port > UINT16_MAX)
		return false;
	*ret_port = (int32_t)port;
	return true;
}

/*
 * Whether what begins with a bracket is meant as an address: a set of characters,
 * as patterns have it, has a range in it or a class, or not two colons.
 */
static bool brackets_meant(const char *inner, size_t len)
{
	const char *colon = memchr(inner, ':', len);
	size_t i;

	if (!colon || !memchr(colon + 1, ':', len - (size_t)(colon + 1 - inner)))
		return false;
	for (i = 0; i < len; i++) {
		if (strchr("[!^-*?", inner[i]))
			return false;
	}
	return true;
}

/* Behind a bracket. */
static int brackets_parse(const char *text, struct endpoint *e, struct fault *f)
{
	const char *inner = text + 1, *behind;
	const size_t len = strcspn(inner, "]");

	if (address_parse(AF_INET, inner, len, e->addr))
		return refuse(text, "has brackets, which are for IPv6: write it as 192.0.2.1:443",
			      f);
	if (!brackets_meant(inner, len))
		return 0;
	if (memchr(inner, '%', len))
		return refuse(text, "has a zone, which no address in the log has", f);
	if (!inner[len] || !address_parse(AF_INET6, inner, len, e->addr))
		return no_address(text, f);
	behind = inner + len + 1;
	e->port = ENDPOINT_ANY_PORT;
	if (!*behind || strcmp(behind, ":*") == 0)
		return 1;
	if (*behind == ':' && port_parse(behind + 1, &e->port))
		return 1;
	return refuse(text, "has no port that is one: behind the bracket stands :443, or nothing",
		      f);
}

/* "192.0.2.1:443"; what is no number behind the colon may be a pattern. */
static int with_port_parse(const char *text, struct endpoint *e, struct fault *f)
{
	const char *colon = strchr(text, ':');

	if (!colon || !is_digits(colon + 1) ||
	    !address_parse(AF_INET, text, (size_t)(colon - text), e->addr))
		return 0;
	if (port_parse(colon + 1, &e->port))
		return 1;
	return refuse(text, "has no port that is one: none is more than 65535", f);
}

/* What is none, and no text either that a path or a name would have. */
static int rest_judge(const char *text, struct fault *f)
{
	const size_t len = strcspn(text, "%/");
	uint8_t addr[16];

	if (text[len] && address_parse(AF_INET6, text, len, addr)) {
		if (text[len] == '%')
			return refuse(text, "has a zone, which no address in the log has", f);
		if (is_digits(text + len + 1))
			return refuse(text,
				      "is a prefix, which is not looked for: \"2001:db8:*\" is "
				      "all that begin so",
				      f);
	}
	if (strstr(text, "::") && !text[strspn(text, "0123456789abcdefABCDEF:.")])
		return no_address(text, f);
	return 0;
}

int endpoint_parse(const char *text, struct endpoint *ret_endpoint, struct fault *f)
{
	struct endpoint e = { .port = ENDPOINT_ANY_PORT };
	const size_t len = strlen(text);
	int rc;

	if (text[0] == '[')
		rc = brackets_parse(text, &e, f);
	else if (address_parse(AF_INET6, text, len, e.addr) ||
		 address_parse(AF_INET, text, len, e.addr))
		rc = 1;
	else
		rc = with_port_parse(text, &e, f);
	if (rc == 0 && text[0] != '[')
		rc = rest_judge(text, f);
	if (rc == 1)
		*ret_endpoint = e;
	return rc;
}

static bool port_is(const struct endpoint *e, unsigned int port)
{
	return e->port == ENDPOINT_ANY_PORT || (unsigned int)e->port == port;
}

bool endpoint_is(const struct endpoint *e, unsigned int family, const uint8_t addr[16],
		 unsigned int port)
{
	if (!port_is(e, port))
		return false;
	if (family == AF_INET6)
		return memcmp(addr, e->addr, sizeof(e->addr)) == 0;
	return family == AF_INET && memcmp(e->addr, mapped, sizeof(mapped)) == 0 &&
	       memcmp(addr, e->addr + sizeof(mapped), 4) == 0;
}

int endpoint_is_host(const struct endpoint *e, const char *host, unsigned int port)
{
	const size_t len = strlen(host);
	uint8_t addr[16];

	if (!address_parse(AF_INET6, host, len, addr) && !address_parse(AF_INET, host, len, addr))
		return -1;
	return port_is(e, port) && memcmp(addr, e->addr, sizeof(addr)) == 0;
}
