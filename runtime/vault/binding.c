// SPDX-License-Identifier: GPL-2.0-or-later
/* Hosts and ports as a secret is bound to them: parsed strictly, compared as a whole. */
#include "vault/binding.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LABEL 63 /* bytes */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z');
}

static bool label_is_valid(const char *label, size_t len)
{
	size_t i;

	if (!len || len > LABEL || !is_word(label[0]) || !is_word(label[len - 1]))
		return false;
	for (i = 0; i < len; i++)
		if (!is_word(label[i]) && label[i] != '-')
			return false;
	return true;
}

/* What resolvers may read as a number: digits, or 0x and whatever follows. */
static bool label_is_number(const char *label)
{
	return strspn(label, "0123456789") == strlen(label) || strncmp(label, "0x", 2) == 0;
}

static bool is_address(const char *host)
{
	struct in_addr address;

	return inet_pton(AF_INET, host, &address) == 1;
}

/* host: in lower case. */
static bool host_is_valid(const char *host)
{
	const char *label = host, *end;

	for (;; label = end + 1) {
		end = strchrnul(label, '.');
		if (!label_is_valid(label, (size_t)(end - label)))
			return false;
		if (!*end)
			break;
	}
	return !label_is_number(label) || is_address(host);
}

int binding_host(const char *text, size_t len, char ret_host[BINDING_HOST + 1])
{
	char host[BINDING_HOST + 1] = "";
	size_t i;

	if (len && text[len - 1] == '.')
		len--;
	if (!len || len > BINDING_HOST)
		return -EINVAL;
	for (i = 0; i < len; i++) {
		/* Of ASCII alone, whatever the locale. */
		host[i] = text[i];
		if (host[i] >= 'A' && host[i] <= 'Z')
			host[i] = (char)(host[i] - 'A' + 'a');
		if (!host[i])
			return -EINVAL;
	}
	if (!host_is_valid(host))
		return -EINVAL;
	memcpy(ret_host, host, sizeof(host));
	return 0;
}

/* 1 to 65535, in the one way to write it. */
static int port_parse(const char *text, uint16_t *ret_port)
{
	unsigned int port = 0;
	size_t i;

	if (text[0] == '0' || !text[0])
		return -EINVAL;
	for (i = 0; text[i]; i++) {
		if (i == 5 || !is_digit(text[i]))
			return -EINVAL;
		port = 10 * port + (unsigned int)(text[i] - '0');
	}
	if (port > UINT16_MAX)
		return -EINVAL;
	*ret_port = (uint16_t)port;
	return 0;
}

/* Names of two labels or more have names below them that belong to one owner. */
static bool may_have_below(const char *host)
{
	return strchr(host, '.') && !is_address(host);
}

int binding_parse(const char *text, struct binding *ret_binding)
{
	const char *colon = strchrnul(text, ':');
	struct binding b = { .below = strncmp(text, "*.", 2) == 0 };
	uint16_t port = BINDING_PORT;

	if (b.below)
		text += 2;
	if (colon < text || binding_host(text, (size_t)(colon - text), b.host) != 0 ||
	    (*colon && port_parse(colon + 1, &port) != 0) || (b.below && !may_have_below(b.host)))
		return -EINVAL;
	b.port = htole16(port);
	*ret_binding = b;
	return 0;
}

void binding_write(const struct binding *b, char *text)
{
	snprintf(text, BINDING_TEXT, "%s%.*s:%u", b->below ? "*." : "", BINDING_HOST, b->host,
		 le16toh(b->port));
}

bool binding_is_valid(const struct binding *b)
{
	static const struct binding none;
	char host[BINDING_HOST + 1] = "";

	if (b->host[BINDING_HOST] || b->below > 1 || !b->port ||
	    memcmp(b->zero, none.zero, sizeof(none.zero)) != 0)
		return false;
	if (binding_host(b->host, strlen(b->host), host) != 0)
		return false;
	/* In lower case, without a dot at its end, and nothing is hidden behind the NUL. */
	return memcmp(b->host, host, sizeof(host)) == 0 && (!b->below || may_have_below(host));
}

bool binding_covers(const struct binding *b, const char *host, uint16_t port)
{
	size_t len = strlen(b->host), of = strlen(host);

	if (le16toh(b->port) != port)
		return false;
	if (!b->below)
		return len == of && memcmp(b->host, host, len) == 0;
	return of > len + 1 && host[of - len - 1] == '.' &&
	       memcmp(b->host, host + of - len, len) == 0;
}
