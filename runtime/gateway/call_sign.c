// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests that are signed (AWS Signature Version 4): the key signs, and stays here. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/call.h"
#include "llm/sigv4.h"

#define HTTP_PORT  80
#define HTTPS_PORT 443

/* Takes the vault's value apart, in place. */
static int key_split(char *value, struct sigv4_key *ret_key)
{
	char *secret = strchr(value, ':'), *token;

	if (!secret || secret == value)
		return -EKEYREJECTED;
	*secret++ = '\0';
	token = strchr(secret, ':');
	if (token)
		*token++ = '\0';
	if (!*secret || (token && !*token))
		return -EKEYREJECTED;
	*ret_key = (struct sigv4_key){ .id = value, .secret = secret, .token = token };
	return 0;
}

/* What Host says: libcurl leaves the scheme's own port out. */
static size_t host_length(const char *host)
{
	const size_t len = strcspn(host, "/");
	size_t at = len;

	while (at && host[at - 1] != ':')
		at--;
	return at ? at - 1 : len;
}

static const char *host_make(struct call *k, const char *host)
{
	const struct base_url *u = &k->route.candidates[k->candidate].provider->url;
	const bool usual = u->port == (u->tls ? HTTPS_PORT : HTTP_PORT);

	return arena_copy(&k->arena, host, usual ? host_length(host) : strcspn(host, "/"));
}

static int line_add(struct call *k, struct call_lines *l, const char *name, const char *value,
		    size_t len)
{
	const size_t before = strlen(name);
	char *line = arena_alloc(&k->arena, before + len + 1);

	if (!line)
		return -ENOMEM;
	memcpy(line, name, before);
	memcpy(line + before, value, len);
	l->at[l->count++] = line;
	return 0;
}

static int lines_add(struct call *k, struct call_lines *l, const struct sigv4_key *key,
		     const char *date, const struct text *authorization)
{
	int err = line_add(k, l, "X-Amz-Date: ", date, strlen(date));

	if (!err)
		err = line_add(k, l, "Authorization: ", authorization->bytes, authorization->len);
	if (err || !key->token)
		return err;
	if (snprintf(l->key, sizeof(l->key), "X-Amz-Security-Token: %s", key->token) >=
	    (int)sizeof(l->key))
		return -E2BIG;
	l->at[l->count++] = l->key;
	return 0;
}

int call_sign(struct call *k, const char *url, const struct iovec *body, size_t count,
	      struct call_lines *lines)
{
	const struct provider *p = k->route.candidates[k->candidate].provider;
	const char *host = strstr(url, "://") + 3, *path = host + strcspn(host, "/");
	const char *query = strchr(path, '?');
	const struct sigv4_header headers[] = { { "Host", host_make(k, host) },
						{ "Content-Type", "application/json" } };
	const struct sigv4_request r = {
		.method = "POST",
		.path = arena_copy(&k->arena, path, strcspn(path, "?")),
		.query = query ? query + 1 : NULL,
		.headers = headers,
		.header_count = 2,
		.body = body,
		.body_count = count,
		.region = p->region,
		.service = p->service,
		.now = time(NULL)
	};
	char value[LIMIT_VAULT_VALUE + 1], date[SIGV4_DATE];
	struct text authorization = { 0 };
	struct sigv4_key key;
	int err = -ENOMEM;

	if (!r.path || !headers[0].value)
		return err;
	err = snprintf(value, sizeof(value), "%s", k->key->key) < (int)sizeof(value) ?
		      key_split(value, &key) :
		      -E2BIG;
	if (!err)
		err = sigv4_sign(&key, &r, date, &authorization);
	if (!err)
		err = lines_add(k, lines, &key, date, &authorization);
	text_release(&authorization);
	explicit_bzero(value, sizeof(value));
	return err;
}
