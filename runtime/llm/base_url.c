// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a provider is: URLs read strictly. */
#include "llm/base_url.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int address_parse(const char *text, size_t len, struct base_url *url)
{
	struct egress_address address = { 0 };
	char copy[INET6_ADDRSTRLEN];

	if (len >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (inet_pton(AF_INET, copy, address.addr) == 1)
		address.family = AF_INET;
	else if (inet_pton(AF_INET6, copy, address.addr) == 1)
		address.family = AF_INET6;
	else
		return -EINVAL;
	memcpy(url->host, copy, len + 1);
	url->literal = true;
	url->is_public = egress_is_public(&address);
	return address.family;
}

/* What stands between "://" and the path, as far as the port. Returns the bytes read. */
static int host_parse(const char *at, struct base_url *url, struct fault *f)
{
	size_t len = *at == '[' ? strcspn(at, "]") : strcspn(at, ":/");
	int rc;

	if (*at == '[') {
		if (at[len] != ']' || address_parse(at + 1, len - 1, url) != AF_INET6)
			return fault_set(f, EINVAL, "no IPv6 address in the brackets");
		return (int)len + 1;
	}
	rc = egress_host(at, len, url->host);
	if (rc == -EADDRNOTAVAIL && address_parse(at, len, url) != AF_INET)
		return fault_set(f, EINVAL, "the host is no address in its usual form");
	if (rc == -EINVAL)
		return fault_set(f, EINVAL, "the host is no host name");
	if (!url->literal)
		url->is_public = strcmp(url->host, "localhost") != 0;
	return (int)len;
}

static int port_parse(const char *at, struct base_url *url, struct fault *f)
{
	size_t len = strspn(at, "0123456789");
	unsigned long port = len && len <= 5 ? strtoul(at, NULL, 10) : 0;

	if (port < 1 || port > UINT16_MAX || *at == '0')
		return fault_set(f, EINVAL, "the port is none of 1 to 65535");
	url->port = (uint16_t)port;
	return (int)len;
}

static int path_parse(const char *path, struct base_url *url, struct fault *f)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-._~";
	const char *at = path;
	size_t len;

	while (*at == '/') {
		len = strspn(++at, allowed);
		if (!len || strspn(at, ".") == len)
			return fault_set(f, EINVAL,
					 "its path has an empty part, \".\" or \"..\", "
					 "or ends in \"/\"");
		at += len;
	}
	if (*at)
		return fault_set(f, EINVAL, "\"%.1s\" is not allowed in it", at);
	if (at - path >= BASE_URL_PATH)
		return fault_set(f, EINVAL, "its path has at most %d bytes", BASE_URL_PATH - 1);
	memcpy(url->path, path, (size_t)(at - path) + 1);
	return 0;
}

int base_url_parse(const char *text, bool plain, struct base_url *ret_url, struct fault *f)
{
	struct base_url url = { 0 };
	const char *at = text;
	int rc;

	if (!strncmp(at, "https://", 8))
		url.tls = true;
	else if (strncmp(at, "http://", 7) != 0)
		return fault_set(f, EINVAL, "a URL begins with https:// or http://");
	at += url.tls ? 8 : 7;
	url.port = url.tls ? 443 : 80;
	rc = host_parse(at, &url, f);
	if (rc < 0)
		return rc;
	at += rc;
	if (*at == ':') {
		rc = port_parse(at + 1, &url, f);
		if (rc < 0)
			return rc;
		at += rc + 1;
	}
	rc = path_parse(at, &url, f);
	if (rc)
		return rc;
	if (!url.tls && url.is_public && !plain)
		return fault_set(f, EINVAL,
				 "http would send the key readable: use https, or say "
				 "plain=yes if the network in between is yours");
	*ret_url = url;
	return 0;
}
