// SPDX-License-Identifier: GPL-2.0-or-later
/* A call of a model in a record: its bytes, which record.c's format describes, and its names. */
#include "audit/record_state.h"

unsigned int record_call_parts(const struct record *r)
{
	return (unsigned int)(r->u.call.own_us || r->u.call.queue_us || r->u.call.upstream_us ||
			      r->u.call.upstream_first_us || r->u.call.attempts ||
			      r->u.call.operation)
		       << CALL_PART_TIMES |
	       (unsigned int)(r->u.call.served[0] != '\0') << CALL_PART_SERVED |
	       (unsigned int)(r->u.call.cached != 0) << CALL_PART_CACHED;
}

int record_call_texts(const struct record *r, struct texts *t)
{
	const size_t model = strnlen(r->u.call.model, sizeof(r->u.call.model)),
		     served = strnlen(r->u.call.served, sizeof(r->u.call.served));

	t->comm = r->u.call.provider;
	t->comm_len = strnlen(t->comm, sizeof(r->u.call.provider));
	if (model == sizeof(r->u.call.model) || served == sizeof(r->u.call.served))
		return -EINVAL;
	memcpy(t->both, r->u.call.model, model + 1);
	memcpy(t->both + model + 1, r->u.call.served, served);
	t->text = t->both;
	t->text_len = served ? model + 1 + served : model;
	return 0;
}

void record_call_put(uint8_t **p, const struct record *r, unsigned int parts)
{
	put_uint(p, r->u.call.agent, 8);
	put_uint(p, r->u.call.other, 8);
	put_uint(p, r->u.call.input, 8);
	put_uint(p, r->u.call.output, 8);
	put_uint(p, r->u.call.cache_read, 8);
	put_uint(p, r->u.call.cache_write, 8);
	put_uint(p, r->u.call.reasoning, 8);
	put_uint(p, r->u.call.microdollars, 8);
	put_uint(p, r->u.call.duration_us, 8);
	put_uint(p, r->u.call.first_us, 8);
	put_uint(p, r->u.call.policy, 4);
	put_uint(p, r->u.call.rule, 4);
	put_uint(p, r->u.call.outcome, 2);
	put_uint(p, r->u.call.why, 2);
	put_uint(p, r->u.call.status, 2);
	put_uint(p, r->u.call.wire, 1);
	put_uint(p, r->u.call.upstream, 1);
	put_uint(p, r->u.call.streamed, 1);
	put_bytes(p, r->u.call.request, sizeof(r->u.call.request));
	put_bytes(p, r->u.call.answer, sizeof(r->u.call.answer));
	if (!(parts >> CALL_PART_TIMES & 1))
		return;
	put_uint(p, r->u.call.own_us, 8);
	put_uint(p, r->u.call.queue_us, 8);
	put_uint(p, r->u.call.upstream_us, 8);
	put_uint(p, r->u.call.upstream_first_us, 8);
	put_uint(p, r->u.call.attempts, 2);
	put_uint(p, r->u.call.operation, 1);
}

void record_call_get(const uint8_t **p, struct record *r, unsigned int parts)
{
	r->u.call.agent = get_uint(p, 8);
	r->u.call.other = get_uint(p, 8);
	r->u.call.input = get_uint(p, 8);
	r->u.call.output = get_uint(p, 8);
	r->u.call.cache_read = get_uint(p, 8);
	r->u.call.cache_write = get_uint(p, 8);
	r->u.call.reasoning = get_uint(p, 8);
	r->u.call.microdollars = get_uint(p, 8);
	r->u.call.duration_us = get_uint(p, 8);
	r->u.call.first_us = get_uint(p, 8);
	r->u.call.policy = (uint32_t)get_uint(p, 4);
	r->u.call.rule = (uint32_t)get_uint(p, 4);
	r->u.call.outcome = (uint16_t)get_uint(p, 2);
	r->u.call.why = (uint16_t)get_uint(p, 2);
	r->u.call.status = (uint16_t)get_uint(p, 2);
	r->u.call.wire = (uint8_t)get_uint(p, 1);
	r->u.call.upstream = (uint8_t)get_uint(p, 1);
	r->u.call.streamed = (uint8_t)get_uint(p, 1);
	get_bytes(p, r->u.call.request, sizeof(r->u.call.request));
	get_bytes(p, r->u.call.answer, sizeof(r->u.call.answer));
	r->u.call.cached = parts >> CALL_PART_CACHED & 1;
	if (!(parts >> CALL_PART_TIMES & 1))
		return;
	r->u.call.own_us = get_uint(p, 8);
	r->u.call.queue_us = get_uint(p, 8);
	r->u.call.upstream_us = get_uint(p, 8);
	r->u.call.upstream_first_us = get_uint(p, 8);
	r->u.call.attempts = (uint16_t)get_uint(p, 2);
	r->u.call.operation = (uint8_t)get_uint(p, 1);
}

/* model, and behind a NUL served where it is there: then it says something. */
int record_call_names(const uint8_t **p, size_t text, unsigned int parts, struct record *r)
{
	const uint8_t *nul = text ? memchr(*p, '\0', text) : NULL;
	size_t model = nul ? (size_t)(nul - *p) : text;
	int err;

	if ((parts >> CALL_PART_SERVED & 1) != (nul != NULL) || model >= RECORD_MODEL ||
	    (nul && (text - model < 2 || text - model - 1 >= RECORD_MODEL)))
		return -EBADMSG;
	err = string_get(p, r->u.call.model, model);
	if (err || !nul)
		return err;
	*p += 1;
	return string_get(p, r->u.call.served, text - model - 1);
}

size_t record_model(const struct record *r, char ret_name[RECORD_MODEL_NAME])
{
	const size_t provider = strnlen(r->u.call.provider, sizeof(r->u.call.provider) - 1),
		     model = strnlen(r->u.call.model, sizeof(r->u.call.model) - 1);
	char *p = ret_name;

	memcpy(p, r->u.call.provider, provider);
	p += provider;
	if (provider)
		*p++ = '/';
	memcpy(p, r->u.call.model, model);
	p[model] = '\0';
	return model ? (size_t)(p - ret_name) + model : 0;
}

bool record_was_spent(const struct record *r)
{
	return r->u.call.input || r->u.call.output || r->u.call.microdollars;
}
