// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests to providers: by which transport each goes, and what both make of an answer's head. */
#include "gateway/upstream.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gateway/plain.h"
#include "gateway/secure.h"

struct upstream {
	struct secure *secure;
	struct plain *plain; /* NULL: libcurl takes all */
};

/* --- what is kept of a head --- */

static bool span_is_shown(struct http_span s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.at[i] < ' ' || s.at[i] > '~')
			return false;
	return true;
}

static void type_shorten(char *type)
{
	type[strcspn(type, "; \t")] = '\0';
	for (; *type; type++)
		*type = (char)tolower((unsigned char)*type);
}

void exchange_head_take(struct exchange_head *head, struct http_span name, struct http_span value)
{
	const struct {
		const char *name;
		char *to;
		size_t size;
	} kept[] = {
		{ "content-type", head->type, sizeof(head->type) },
		{ "retry-after", head->retry_after, sizeof(head->retry_after) },
		{ "retry-after-ms", head->retry_after_ms, sizeof(head->retry_after_ms) },
		{ "x-should-retry", head->should_retry, sizeof(head->should_retry) },
		{ "x-request-id", head->request_id, sizeof(head->request_id) },
		{ "request-id", head->request_id, sizeof(head->request_id) },
	};
	size_t i;

	for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		if (!http_span_is(name, kept[i].name))
			continue;
		if (value.len >= kept[i].size || !span_is_shown(value))
			return;
		memcpy(kept[i].to, value.at, value.len);
		kept[i].to[value.len] = '\0';
		if (kept[i].to == head->type)
			type_shorten(head->type);
		return;
	}
}

/* --- its life --- */

int upstream_open(struct loop *l, struct resolver *resolver, struct upstream **ret_upstream)
{
	struct upstream *u = calloc(1, sizeof(*u));
	int err;

	if (!u)
		return -ENOMEM;
	err = secure_open(l, &u->secure);
	if (!err && resolver)
		err = plain_open(l, resolver, &u->plain);
	if (err) {
		upstream_close(u);
		return err;
	}
	*ret_upstream = u;
	return 0;
}

void upstream_trust(struct upstream *u, const char *file)
{
	u->secure->trust = file;
}

void upstream_close(struct upstream *u)
{
	if (!u)
		return;
	plain_close(u->plain);
	secure_close(u->secure);
	free(u);
}

int exchange_start(struct upstream *u, const struct exchange_request *request,
		   const struct exchange_events *events, struct exchange **ret_exchange)
{
	static const char scheme[] = "http://";

	if (u->plain && !strncasecmp(request->url, scheme, sizeof(scheme) - 1))
		return plain_start(u->plain, request, events, ret_exchange);
	return secure_start(u->secure, request, events, ret_exchange);
}

void exchange_resume(struct exchange *x)
{
	x->resume(x);
}

void exchange_cancel(struct exchange *x)
{
	if (x)
		x->cancel(x);
}
