// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a policy is from, in records and out of them. */
#include "audit/origin.h"

#include <errno.h>
#include <string.h>

#define PART_BYTES (AGENTOS_OBJECT_SIZE - 1)
#define TEXTS	   4

/* The texts of an origin, in the order in which they stand, a NUL behind each but the last. */
static void texts_of(const struct origin *o, const char *texts[TEXTS])
{
	texts[0] = o->name;
	texts[1] = o->file;
	texts[2] = o->workspace;
	texts[3] = o->home;
}

static size_t texts_len(const struct origin *o)
{
	const char *texts[TEXTS];
	size_t len = TEXTS - 1;
	int i;

	texts_of(o, texts);
	for (i = 0; i < TEXTS; i++)
		len += strlen(texts[i]);
	return len;
}

unsigned int origin_parts(const struct origin *o)
{
	return (unsigned int)((texts_len(o) + PART_BYTES - 1) / PART_BYTES);
}

void origin_part(const struct origin *o, unsigned int part, struct record *r)
{
	const char *texts[TEXTS];
	size_t at = 0, from = (size_t)part * PART_BYTES, i, n;

	r->type = RECORD_POLICY;
	memcpy(r->agent_name, o->agent_name, sizeof(r->agent_name));
	memset(&r->u.policy, 0, sizeof(r->u.policy));
	r->u.policy.policy = o->policy;
	r->u.policy.part = (uint16_t)part;
	r->u.policy.parts = (uint16_t)origin_parts(o);
	r->u.policy.agent = o->agent;
	r->u.policy.digest = o->digest;
	texts_of(o, texts);
	for (n = 0; n < TEXTS; n++) {
		/* The NUL behind it as well. */
		const size_t len = strlen(texts[n]) + (n < TEXTS - 1);

		for (i = 0; i < len; i++, at++) {
			if (at >= from && at < from + PART_BYTES)
				r->u.policy.text[r->u.policy.text_len++] = texts[n][i];
		}
	}
}

/* The next of the texts, which has room for size; NULL: it does not fit. */
static const char *text_take(const char *at, const char *end, char *out, size_t size)
{
	const char *stop = memchr(at, '\0', (size_t)(end - at));
	size_t len = (size_t)((stop ? stop : end) - at);

	if (len >= size)
		return NULL;
	memcpy(out, at, len);
	out[len] = '\0';
	return stop ? stop + 1 : end;
}

int origin_read(struct origin_reader *reader, const struct record *r, struct origin *ret_origin)
{
	const size_t len = r->type == RECORD_POLICY ? r->u.policy.text_len : 0;
	const char *at = reader->texts, *end;

	if (r->type != RECORD_POLICY || len > PART_BYTES)
		return -EBADMSG;
	/* A first part begins anew, whatever came before it. */
	if (r->u.policy.part == 0)
		reader->next = reader->len = 0;
	if (r->u.policy.part != reader->next || len > sizeof(reader->texts) - reader->len)
		return -EBADMSG;
	memcpy(reader->texts + reader->len, r->u.policy.text, len);
	reader->len += len;
	if (++reader->next < r->u.policy.parts)
		return 0;
	memset(ret_origin, 0, sizeof(*ret_origin));
	end = reader->texts + reader->len;
	at = text_take(at, end, ret_origin->name, sizeof(ret_origin->name));
	at = at ? text_take(at, end, ret_origin->file, sizeof(ret_origin->file)) : NULL;
	at = at ? text_take(at, end, ret_origin->workspace, sizeof(ret_origin->workspace)) : NULL;
	at = at ? text_take(at, end, ret_origin->home, sizeof(ret_origin->home)) : NULL;
	if (at != end)
		return -EBADMSG;
	ret_origin->policy = r->u.policy.policy;
	ret_origin->agent = r->u.policy.agent;
	ret_origin->digest = r->u.policy.digest;
	memcpy(ret_origin->agent_name, r->agent_name, sizeof(ret_origin->agent_name));
	return 1;
}
