// SPDX-License-Identifier: GPL-2.0-or-later
/* The bytes of a record: canonical both ways, and no damaged one is taken for whole. */
#include "audit/record.h"
#include "tests/tap.h"

#include "base/crc32c.h"
#include "base/limits.h"

/* A small generator, so that every run sees the same "random" records. */
static uint64_t seed = 1;

static uint64_t next(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void fill(void *to, size_t len)
{
	uint8_t *p = to;

	while (len--)
		*p++ = (uint8_t)next();
}

/* A string without NUL, of any length that fits; the rest stays zero. */
static void fill_string(char *to, size_t size)
{
	size_t len = next() % size, i;

	memset(to, 0, size);
	for (i = 0; i < len; i++)
		to[i] = (char)(1 + next() % 255);
}

static void make_event(struct record *r)
{
	struct agentos_event *e = &r->u.event;

	fill(e, sizeof(*e));
	e->size = sizeof(*e);
	e->version = AGENTOS_EVENT_VERSION;
	fill_string(e->comm, sizeof(e->comm));
	e->text_len = (uint32_t)(next() % AGENTOS_OBJECT_SIZE);
	memset(e->text + e->text_len, 0, sizeof(e->text) - e->text_len);
}

static void make_call(struct record *r)
{
	r->u.call.agent = next();
	r->u.call.other = next();
	r->u.call.input = next();
	r->u.call.output = next();
	r->u.call.cache_read = next();
	r->u.call.cache_write = next();
	r->u.call.reasoning = next();
	r->u.call.microdollars = next();
	r->u.call.duration_us = next();
	r->u.call.first_us = next();
	r->u.call.policy = (uint32_t)next();
	r->u.call.rule = (uint32_t)next();
	r->u.call.outcome = (uint16_t)next();
	r->u.call.why = (uint16_t)next();
	r->u.call.status = (uint16_t)next();
	r->u.call.wire = (uint8_t)next();
	r->u.call.upstream = (uint8_t)next();
	r->u.call.streamed = next() & 1;
	r->u.call.cached = next() & 1;
	fill(r->u.call.request, sizeof(r->u.call.request));
	fill(r->u.call.answer, sizeof(r->u.call.answer));
	fill_string(r->u.call.provider, sizeof(r->u.call.provider));
	fill_string(r->u.call.model, sizeof(r->u.call.model));
	/* Old ones have nothing of this. */
	if (next() % 2)
		return;
	r->u.call.own_us = next();
	r->u.call.queue_us = next();
	r->u.call.upstream_us = next();
	r->u.call.upstream_first_us = next();
	r->u.call.attempts = (uint16_t)next();
	r->u.call.operation = (uint8_t)next();
	fill_string(r->u.call.served, sizeof(r->u.call.served));
}

static void make(struct record *r, unsigned int type)
{
	memset(r, 0, sizeof(*r));
	r->type = (uint16_t)type;
	r->seq = next();
	r->time_ns = next();
	r->stream = (uint16_t)(next() % STREAM_COUNT);
	fill(r->boot, sizeof(r->boot));
	fill_string(r->agent_name, sizeof(r->agent_name));
	switch (type) {
	case RECORD_EVENT:
		make_event(r);
		break;
	case RECORD_LIFECYCLE:
		fill(&r->u.lifecycle, sizeof(r->u.lifecycle));
		r->u.lifecycle.size = sizeof(r->u.lifecycle);
		fill_string(r->u.lifecycle.name, sizeof(r->u.lifecycle.name));
		break;
	case RECORD_LOSS:
		fill(&r->u.loss, sizeof(r->u.loss));
		break;
	case RECORD_DAEMON:
		r->u.daemon.note = (uint32_t)next();
		r->u.daemon.number = next();
		fill_string(r->u.daemon.text, sizeof(r->u.daemon.text));
		break;
	case RECORD_POLICY:
		r->u.policy.policy = (uint32_t)next();
		r->u.policy.part = (uint16_t)next();
		r->u.policy.parts = (uint16_t)next();
		r->u.policy.agent = next();
		r->u.policy.digest = next();
		r->u.policy.text_len = (uint32_t)(next() % AGENTOS_OBJECT_SIZE);
		fill(r->u.policy.text, r->u.policy.text_len);
		break;
	case RECORD_EGRESS:
		r->u.egress.agent = next();
		r->u.egress.bytes_up = next();
		r->u.egress.bytes_down = next();
		r->u.egress.policy = (uint32_t)next();
		r->u.egress.rule = (uint32_t)next();
		r->u.egress.outcome = (uint16_t)next();
		r->u.egress.why = (uint16_t)next();
		r->u.egress.port = (uint16_t)next();
		r->u.egress.family = (uint16_t)next();
		fill(r->u.egress.addr, sizeof(r->u.egress.addr));
		r->u.egress.tunnel = (uint8_t)next();
		fill_string(r->u.egress.host, sizeof(r->u.egress.host));
		break;
	case RECORD_CALL:
		make_call(r);
		break;
	}
}

static void reseal(uint8_t *buf, size_t len)
{
	uint32_t crc = crc32c(crc32c(0, buf, 4), buf + 8, len - 8);
	int i;

	for (i = 0; i < 4; i++)
		buf[4 + i] = (uint8_t)(crc >> (8 * i));
}

static void decode_gives_back_what_was_encoded(void)
{
	uint8_t buf[LIMIT_RECORD];
	struct record r, back;
	int i, len;

	for (i = 0; i < 4000; i++) {
		make(&r, 1 + (unsigned int)i % (RECORD_COUNT - 1));
		len = record_encode(&r, buf, sizeof(buf));
		CHECK(len > 0);
		memset(&back, 0xaa, sizeof(back));
		CHECK_INT(record_decode(buf, sizeof(buf), &back), len);
		CHECK(memcmp(&r, &back, sizeof(r)) == 0);
	}
}

/* The format written out by hand: a change of it must be seen here. */
static void the_bytes_are_those_of_the_format_comment(void)
{
	static const uint8_t body[] = {
		2,    4,   2,	2,   0,	  3, 0, 0,    0, /* version type stream lengths parts */
		8,    7,   6,	5,   4,	  3, 2, 1,	 /* seq */
		0x11, 0,   0,	0,   0,	  0, 0, 0x22,	 /* time */
		0,    1,   2,	3,   4,	  5, 6, 7,    8, 9, 10, 11, 12, 13, 14, 15, /* boot */
		5,    0,   0,	0,						    /* note */
		9,    0,   0,	0,   0,	  0, 0, 0,				    /* number */
		'a',  'b', 'x', 'y', 'z',
	};
	struct record r = { .seq = 0x0102030405060708,
			    .time_ns = 0x2200000000000011,
			    .type = 4,
			    .stream = 2,
			    .agent_name = "ab" };
	uint8_t buf[128], expected[8 + sizeof(body)] = { sizeof(body) };
	int i;

	for (i = 0; i < 16; i++)
		r.boot[i] = (uint8_t)i;
	r.u.daemon.note = DAEMON_TORN;
	r.u.daemon.number = 9;
	strcpy(r.u.daemon.text, "xyz");
	memcpy(expected + 8, body, sizeof(body));
	reseal(expected, sizeof(expected));
	CHECK_INT(record_encode(&r, buf, sizeof(buf)), sizeof(expected));
	CHECK(memcmp(buf, expected, sizeof(expected)) == 0);
}

/* The same of an act: what it has not is not there. */
static void an_event_has_the_parts_that_its_header_says(void)
{
	static const uint8_t body[] = {
		2,    1,   0,	0,   2,	  3, 0, 0x19, 2, /* parts: error, rule, access, file */
		8,    7,   6,	5,   4,	  3, 2, 1,	 /* seq */
		0x11, 0,   0,	0,   0,	  0, 0, 0x22,	 /* time */
		0,    0,   0,	0,   0,	  0, 0, 0,    0, 0, 0, 0, 0, 0, 0, 0, /* boot */
		1,    2,   1,	0,   1,	  0,	   /* verdict why hook object_kind */
		7,    0,   0,	0,   0,	  0, 0, 0, /* seq */
		8,    0,   0,	0,   0,	  0, 0, 0, /* time */
		9,    0,   0,	0,   0,	  0, 0, 0, /* agent */
		0x21, 0,   0,	0,   3,	  0, 0, 0, /* tgid uid */
		0xf3, 255, 255, 255,		   /* error */
		5,    0,   0,	0,   1,	  0, 0, 0, /* rule access */
		4,    0,   0,	0,   0,	  0, 0, 0,    1, 0, 0, 0, 2, 0, 0, 0, /* ino dev gen */
		's',  'h', '/', 'a', 'b',
	};
	struct record r = { .seq = 0x0102030405060708, .time_ns = 0x2200000000000011, .type = 1 };
	struct agentos_event *e = &r.u.event;
	uint8_t buf[256], expected[8 + sizeof(body)] = { sizeof(body) };
	struct record back;

	*e = (struct agentos_event){ .size = sizeof(*e), .version = AGENTOS_EVENT_VERSION };
	e->verdict = 1;
	e->why = 2;
	e->hook = e->object_kind = 1;
	e->error = -13;
	e->seq = 7;
	e->time_ns = 8;
	e->agent = 9;
	e->tgid = e->tid = 0x21;
	e->uid = 3;
	e->rule = 5;
	e->access = 1;
	e->ino = 4;
	e->dev = 1;
	e->gen = 2;
	e->text_len = 3;
	strcpy(e->comm, "sh");
	memcpy(e->text, "/ab", 3);
	memcpy(expected + 8, body, sizeof(body));
	reseal(expected, sizeof(expected));
	CHECK_INT(record_encode(&r, buf, sizeof(buf)), sizeof(expected));
	CHECK(memcmp(buf, expected, sizeof(expected)) == 0);
	/* A part that says nothing is not there: no act has two forms. */
	memset(buf + 8 + 41 + 38, 0, 4);
	reseal(buf, sizeof(expected));
	CHECK_INT(record_decode(buf, sizeof(buf), &back), -EBADMSG);
	/* No rule is a number of its own, and a thread may be another than the first. */
	e->rule = AGENTOS_RULE_NONE;
	CHECK_INT(record_encode(&r, buf, sizeof(buf)), sizeof(expected) - 4);
	CHECK(record_decode(buf, sizeof(buf), &back) > 0 && back.u.event.rule == AGENTOS_RULE_NONE);
	e->rule = 0;
	CHECK_INT(record_encode(&r, buf, sizeof(buf)), sizeof(expected));
	CHECK(record_decode(buf, sizeof(buf), &back) > 0 && back.u.event.rule == 0);
	e->tid = 0;
	CHECK_INT(record_encode(&r, buf, sizeof(buf)), sizeof(expected) + 4);
	CHECK(record_decode(buf, sizeof(buf), &back) > 0 && back.u.event.tid == 0);
}

/* What version 3 adds stands behind what version 2 has, and is there when it says something. */
static void a_call_of_version_3_has_its_times_and_what_served_it(void)
{
	static const uint8_t times[] = {
		1,   0,	  0,   0, 0,   0, 0, 0,
		2,   0,	  0,   0, 0,   0, 0, 0, /* own_us, queue_us */
		3,   0,	  0,   0, 0,   0, 0, 0,
		4,   0,	  0,   0, 0,   0, 0, 0, /* upstream_us, upstream_first_us */
		5,   1,				/* attempts */
		2,				/* operation */
		'm', 'o', 'p',			/* agent_name, provider */
		'g', 'p', 't', 0, 's',		/* model, served */
	};
	struct record r = { .seq = 1, .type = RECORD_CALL, .agent_name = "m" }, back;
	uint8_t buf[1024], old[1024];
	int at, before, i;

	strcpy(r.u.call.provider, "op");
	strcpy(r.u.call.model, "gpt");
	before = record_encode(&r, old, sizeof(old));
	CHECK_INT(old[8], 2);
	CHECK_INT(old[15], 0); /* parts */
	r.u.call.own_us = 1;
	r.u.call.queue_us = 2;
	r.u.call.upstream_us = 3;
	r.u.call.upstream_first_us = 4;
	r.u.call.attempts = 0x105;
	r.u.call.operation = CALL_EMBEDDINGS;
	strcpy(r.u.call.served, "s");
	at = record_encode(&r, buf, sizeof(buf));
	CHECK_INT(at, before + 35 + 2);
	CHECK_INT(buf[8], 3);
	CHECK_INT(buf[13], 5);
	CHECK_INT(buf[15], 3);
	CHECK(!memcmp(buf + 8 + 41 + 161, times, sizeof(times)));
	CHECK(record_decode(buf, sizeof(buf), &back) == at && !memcmp(&r, &back, sizeof(r)));
	/* The old one reads as it ever did. */
	CHECK(record_decode(old, sizeof(old), &back) == before && !back.u.call.attempts &&
	      !back.u.call.served[0] && !strcmp(back.u.call.model, "gpt"));
	/* There is one form of each: no version without its parts, nor parts without it. */
	old[8] = 3;
	reseal(old, (size_t)before);
	CHECK_INT(record_decode(old, (size_t)before, &back), -EBADMSG);
	buf[8] = 2;
	reseal(buf, (size_t)at);
	CHECK_INT(record_decode(buf, (size_t)at, &back), -EBADMSG);
	buf[8] = 3;
	buf[15] = 11;
	reseal(buf, (size_t)at);
	CHECK_INT(record_decode(buf, (size_t)at, &back), -EBADMSG);
	/* An answer of before is a bit, and no byte. */
	buf[15] = 7;
	reseal(buf, (size_t)at);
	CHECK(record_decode(buf, (size_t)at, &back) == at && back.u.call.cached == 1);
	buf[15] = 3;
	/* Nor a part that says nothing: no NUL, one at an end, or times that are none. */
	for (i = 1; i <= 2; i++) {
		buf[at - i] = i == 1 ? 0 : 'x';
		reseal(buf, (size_t)at);
		CHECK_INT(record_decode(buf, (size_t)at, &back), -EBADMSG);
		buf[at - 1] = 's';
		buf[at - 2] = 0;
	}
	memset(buf + 8 + 41 + 161, 0, 35);
	reseal(buf, (size_t)at);
	CHECK_INT(record_decode(buf, (size_t)at, &back), -EBADMSG);
	/* As long as they may be. */
	memset(r.u.call.model, 'm', sizeof(r.u.call.model) - 1);
	memset(r.u.call.served, 's', sizeof(r.u.call.served) - 1);
	at = record_encode(&r, buf, sizeof(buf));
	CHECK(record_decode(buf, sizeof(buf), &back) == at && !memcmp(&r, &back, sizeof(r)));
}

/* And of a model call, its provider where others have the command. */
static void a_call_has_its_provider_and_its_model(void)
{
	static const uint8_t body[] = {
		2,    7,   0,	2,   2,	  3,   0,   0,	  0, /* lengths: name, provider, model */
		8,    7,   6,	5,   4,	  3,   2,   1,	     /* seq */
		0x11, 0,   0,	0,   0,	  0,   0,   0x22,    /* time */
		0,    0,   0,	0,   0,	  0,   0,   0,	  0, 0, 0, 0, 0, 0, 0, 0, /* boot */
		1,    0,   0,	0,   0,	  0,   0,   0,				  /* agent */
		2,    0,   0,	0,   0,	  0,   0,   0,				  /* other */
		3,    0,   0,	0,   0,	  0,   0,   0,				  /* input */
		4,    0,   0,	0,   0,	  0,   0,   0,				  /* output */
		5,    0,   0,	0,   0,	  0,   0,   0,				  /* cache_read */
		6,    0,   0,	0,   0,	  0,   0,   0,				  /* cache_write */
		7,    0,   0,	0,   0,	  0,   0,   0,				  /* reasoning */
		8,    0,   0,	0,   0,	  0,   0,   0,				  /* microdollars */
		9,    0,   0,	0,   0,	  0,   0,   0,				  /* duration */
		10,   0,   0,	0,   0,	  0,   0,   0,				  /* first */
		11,   0,   0,	0,   255, 255, 255, 255, /* policy, no rule */
		1,    0,   2,	0,   244, 1,		 /* outcome, why, status */
		4,    3,   1,				 /* wire, upstream, streamed */
		0xaa, 0,   0,	0,   0,	  0,   0,   0,	  0, 0, 0, 0, 0, 0, 0, 0, /* request */
		0,    0,   0,	0,   0,	  0,   0,   0,	  0, 0, 0, 0, 0, 0, 0, 0xab,
		0xac, 0,   0,	0,   0,	  0,   0,   0,	  0, 0, 0, 0, 0, 0, 0, 0, /* answer */
		0,    0,   0,	0,   0,	  0,   0,   0,	  0, 0, 0, 0, 0, 0, 0, 0xad,
		'm',  'e', 'o', 'p', 'g', 'p', 't',
	};
	struct record r = { .seq = 0x0102030405060708,
			    .time_ns = 0x2200000000000011,
			    .type = RECORD_CALL,
			    .agent_name = "me" };
	uint8_t buf[512], expected[8 + sizeof(body)] = { sizeof(body) };
	struct record back;
	int at;

	r.u.call.agent = 1;
	r.u.call.other = 2;
	r.u.call.input = 3;
	r.u.call.output = 4;
	r.u.call.cache_read = 5;
	r.u.call.cache_write = 6;
	r.u.call.reasoning = 7;
	r.u.call.microdollars = 8;
	r.u.call.duration_us = 9;
	r.u.call.first_us = 10;
	r.u.call.policy = 11;
	r.u.call.rule = AGENTOS_RULE_NONE;
	r.u.call.outcome = CALL_DENIED;
	r.u.call.why = 2;
	r.u.call.status = 500;
	r.u.call.wire = 4;
	r.u.call.upstream = 3;
	r.u.call.streamed = 1;
	r.u.call.request[0] = 0xaa;
	r.u.call.request[31] = 0xab;
	r.u.call.answer[0] = 0xac;
	r.u.call.answer[31] = 0xad;
	strcpy(r.u.call.provider, "op");
	strcpy(r.u.call.model, "gpt");
	memcpy(expected + 8, body, sizeof(body));
	reseal(expected, sizeof(expected));
	CHECK_INT(record_encode(&r, buf, sizeof(buf)), sizeof(expected));
	CHECK(memcmp(buf, expected, sizeof(expected)) == 0);
	/* A NUL within a text would make two forms of one record. */
	for (at = (int)sizeof(expected) - 5; at < (int)sizeof(expected); at++) {
		memcpy(buf, expected, sizeof(expected));
		buf[at] = 0;
		reseal(buf, sizeof(expected));
		CHECK_INT(record_decode(buf, sizeof(expected), &back), -EBADMSG);
	}
	/* As long as they may be, and no longer, though the lengths add up. */
	memset(r.u.call.provider, 'p', sizeof(r.u.call.provider) - 1);
	memset(r.u.call.model, 'm', sizeof(r.u.call.model) - 1);
	at = record_encode(&r, buf, sizeof(buf));
	CHECK_INT(at, 8 + 41 + 161 + 2 + 63 + 127);
	CHECK(record_decode(buf, sizeof(buf), &back) == at && memcmp(&r, &back, sizeof(r)) == 0);
	buf[12]++; /* provider */
	buf[13]--; /* model */
	reseal(buf, (size_t)at);
	CHECK_INT(record_decode(buf, sizeof(buf), &back), -EBADMSG);
	buf[12] -= 2;
	buf[13] += 2;
	reseal(buf, (size_t)at);
	CHECK_INT(record_decode(buf, sizeof(buf), &back), -EBADMSG);
}

static void a_models_name_has_its_provider_before_it(void)
{
	struct record r = { .type = RECORD_CALL };
	char name[RECORD_MODEL_NAME];

	CHECK_INT(record_model(&r, name), 0);
	strcpy(r.u.call.provider, "openai");
	CHECK_INT(record_model(&r, name), 0);
	strcpy(r.u.call.model, "gpt-5");
	CHECK_INT(record_model(&r, name), 12);
	CHECK_STR(name, "openai/gpt-5");
	r.u.call.provider[0] = '\0';
	CHECK_INT(record_model(&r, name), 5);
	CHECK_STR(name, "gpt-5");
	/* Not terminated, as no decoder makes them. */
	memset(r.u.call.provider, 'p', sizeof(r.u.call.provider));
	memset(r.u.call.model, 'm', sizeof(r.u.call.model));
	CHECK(record_model(&r, name) < sizeof(name));
	CHECK(strlen(name) < sizeof(name));
}

static void what_is_too_big_or_invalid_is_not_encoded(void)
{
	uint8_t buf[LIMIT_RECORD];
	struct record r;
	int len, size;

	make(&r, RECORD_EVENT);
	len = record_encode(&r, buf, sizeof(buf));
	for (size = 0; size < len; size++)
		CHECK_INT(record_encode(&r, buf, (size_t)size), -E2BIG);
	CHECK_INT(record_encode(&r, buf, (size_t)len), len);

	r.u.event.text_len = AGENTOS_OBJECT_SIZE;
	CHECK_INT(record_encode(&r, buf, sizeof(buf)), -EINVAL);
	r.u.event.text_len = UINT32_MAX;
	CHECK_INT(record_encode(&r, buf, sizeof(buf)), -EINVAL);
	make(&r, RECORD_EVENT);
	memset(r.u.event.comm, 'x', sizeof(r.u.event.comm));
	CHECK_INT(record_encode(&r, buf, sizeof(buf)), -EINVAL);
	make(&r, RECORD_LOSS);
	memset(r.agent_name, 'x', sizeof(r.agent_name));
	CHECK_INT(record_encode(&r, buf, sizeof(buf)), -EINVAL);
	make(&r, RECORD_LIFECYCLE);
	memset(r.u.lifecycle.name, 'x', sizeof(r.u.lifecycle.name));
	CHECK_INT(record_encode(&r, buf, sizeof(buf)), -EINVAL);
	make(&r, RECORD_DAEMON);
	memset(r.u.daemon.text, 'x', sizeof(r.u.daemon.text));
	CHECK_INT(record_encode(&r, buf, sizeof(buf)), -EINVAL);
	make(&r, RECORD_EGRESS);
	memset(r.u.egress.host, 'x', sizeof(r.u.egress.host));
	CHECK_INT(record_encode(&r, buf, sizeof(buf)), -EINVAL);
	make(&r, RECORD_CALL);
	memset(r.u.call.provider, 'x', sizeof(r.u.call.provider));
	CHECK_INT(record_encode(&r, buf, sizeof(buf)), -EINVAL);
	make(&r, RECORD_CALL);
	memset(r.u.call.model, 'x', sizeof(r.u.call.model));
	CHECK_INT(record_encode(&r, buf, sizeof(buf)), -EINVAL);
	make(&r, RECORD_LOSS);
	r.stream = STREAM_COUNT;
	CHECK_INT(record_encode(&r, buf, sizeof(buf)), -EINVAL);
	r.stream = 0;
	r.type = 0;
	CHECK_INT(record_encode(&r, buf, sizeof(buf)), -EINVAL);
	r.type = RECORD_COUNT;
	CHECK_INT(record_encode(&r, buf, sizeof(buf)), -EINVAL);
	make(&r, RECORD_POLICY);
	r.u.policy.text_len = AGENTOS_OBJECT_SIZE;
	CHECK_INT(record_encode(&r, buf, sizeof(buf)), -EINVAL);
}

static void a_record_cut_short_asks_for_more_at_every_length(void)
{
	uint8_t buf[LIMIT_RECORD], *exact;
	struct record r;
	int type, len, cut;

	for (type = 1; type < RECORD_COUNT; type++) {
		make(&r, (unsigned int)type);
		len = record_encode(&r, buf, sizeof(buf));
		for (cut = 0; cut < len; cut++) {
			/* Of exactly that size, so that a read beyond it is found. */
			exact = malloc((size_t)cut + 1);
			REQUIRE(exact);
			memcpy(exact, buf, (size_t)cut);
			CHECK_INT(record_decode(exact, (size_t)cut, &r), 0);
			exact = realloc(exact, (size_t)cut ? (size_t)cut : 1);
			CHECK_INT(record_decode(exact, (size_t)cut, &r), 0);
			free(exact);
		}
	}
}

static void every_flipped_bit_is_refused(void)
{
	uint8_t buf[LIMIT_RECORD], copy[LIMIT_RECORD];
	struct record r, back;
	int type, len, bit;

	for (type = 1; type < RECORD_COUNT; type++) {
		make(&r, (unsigned int)type);
		len = record_encode(&r, buf, sizeof(buf));
		memset(&back, 0, sizeof(back));
		r = back;
		for (bit = 0; bit < len * 8; bit++) {
			memcpy(copy, buf, (size_t)len);
			copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
			CHECK(record_decode(copy, (size_t)len, &back) <= 0);
		}
		CHECK(memcmp(&back, &r, sizeof(r)) == 0);
	}
}

static void every_changed_byte_of_some_records_is_refused(void)
{
	uint8_t buf[LIMIT_RECORD];
	struct record r, back;
	int i, len, at, delta;

	for (i = 0; i < 9; i++) {
		make(&r, 1 + (unsigned int)i % (RECORD_COUNT - 1));
		len = record_encode(&r, buf, sizeof(buf));
		for (at = 0; at < len; at++) {
			for (delta = 1; delta < 256; delta++) {
				buf[at] = (uint8_t)(buf[at] + delta);
				CHECK(record_decode(buf, (size_t)len, &back) <= 0);
				buf[at] = (uint8_t)(buf[at] - delta);
			}
		}
	}
}

/* What the decoder takes, the encoder writes again byte for byte. */
static void canonical(const uint8_t *buf, size_t len)
{
	uint8_t again[LIMIT_RECORD];
	struct record r;
	int used = record_decode(buf, len, &r);

	if (used <= 0)
		return;
	CHECK_INT(record_encode(&r, again, sizeof(again)), used);
	CHECK(memcmp(buf, again, (size_t)used) == 0);
}

static void with_the_crc_made_good_only_canonical_bytes_are_taken(void)
{
	uint8_t buf[LIMIT_RECORD], copy[LIMIT_RECORD];
	struct record r;
	int i, k, len, at;

	for (i = 0; i < 9; i++) {
		make(&r, 1 + (unsigned int)i % (RECORD_COUNT - 1));
		len = record_encode(&r, buf, sizeof(buf));
		for (at = 0; at < len; at++) {
			for (k = 0; k < 256; k += at < 17 ? 1 : 15) {
				memcpy(copy, buf, (size_t)len);
				copy[at] = (uint8_t)k;
				reseal(copy, (size_t)len);
				canonical(copy, (size_t)len);
			}
		}
	}
	for (i = 0; i < 20000; i++) {
		make(&r, 1 + (unsigned int)i % (RECORD_COUNT - 1));
		len = record_encode(&r, buf, sizeof(buf));
		for (k = (int)(next() % 4); k >= 0; k--)
			buf[next() % (unsigned int)len] = (uint8_t)next();
		if (next() % 2)
			reseal(buf, (size_t)len);
		canonical(buf, (size_t)len);
	}
}

static void lengths_that_do_not_add_up_are_refused(void)
{
	uint8_t buf[LIMIT_RECORD] = { 0 };
	struct record r, back;
	int len, field;

	make(&r, RECORD_LOSS);
	strcpy(r.agent_name, "coder");
	len = record_encode(&r, buf, sizeof(buf));
	/* A byte behind the last text. */
	buf[0]++;
	reseal(buf, (size_t)len + 1);
	CHECK_INT(record_decode(buf, (size_t)len + 1, &back), -EBADMSG);
	buf[0] -= 2;
	reseal(buf, (size_t)len - 1);
	CHECK_INT(record_decode(buf, (size_t)len - 1, &back), -EBADMSG);
	buf[0]++;
	/* A byte moved from one text to another, the sum unchanged. */
	for (field = 12; field <= 13; field++) {
		buf[11]--;
		buf[field]++;
		reseal(buf, (size_t)len);
		CHECK_INT(record_decode(buf, (size_t)len, &back), -EBADMSG);
		buf[field]--;
		buf[11]++;
	}
	/* A NUL inside a name would make two encodings of one record. */
	buf[len - 2] = 0;
	reseal(buf, (size_t)len);
	CHECK_INT(record_decode(buf, (size_t)len, &back), -EBADMSG);
}

static void impossible_lengths_are_refused_at_once(void)
{
	static const uint8_t zeros[8],
		huge[8] = { 0xff, 0xff, 0xff, 0xff },
		limit[8] = { (LIMIT_RECORD - 7) & 0xff, (LIMIT_RECORD - 7) >> 8 }, tiny[8] = { 50 };
	struct record r;

	CHECK_INT(record_decode(zeros, 8, &r), -EBADMSG);
	CHECK_INT(record_decode(huge, 8, &r), -EBADMSG);
	CHECK_INT(record_decode(limit, 8, &r), -EBADMSG);
	CHECK_INT(record_decode(tiny, 8, &r), -EBADMSG);
}

static void noise_is_never_a_record_and_never_read_beyond(void)
{
	struct record r;
	uint8_t *noise;
	size_t len;
	int i;

	for (i = 0; i < 20000; i++) {
		len = 1 + next() % 300;
		noise = malloc(len);
		REQUIRE(noise);
		fill(noise, len);
		if (len > 16) {
			noise[0] = (uint8_t)(len - 8);
			noise[1] = (uint8_t)((len - 8) >> 8);
			noise[2] = noise[3] = 0;
			noise[8] = 2;
			noise[9] = (uint8_t)(1 + next() % (RECORD_COUNT - 1));
		}
		CHECK(record_decode(noise, len, &r) <= 0);
		free(noise);
	}
}

/* Names in the abstract Unix namespace may hold NULs. */
static void an_event_keeps_nuls_in_its_text(void)
{
	uint8_t buf[LIMIT_RECORD];
	struct record r, back;

	make(&r, RECORD_EVENT);
	memset(r.u.event.text, 0, sizeof(r.u.event.text));
	memcpy(r.u.event.text, "@a\0b\0", 5);
	r.u.event.text_len = 5;
	CHECK(record_encode(&r, buf, sizeof(buf)) > 0);
	CHECK(record_decode(buf, sizeof(buf), &back) > 0);
	CHECK_INT(back.u.event.text_len, 5);
	CHECK(memcmp(&r, &back, sizeof(r)) == 0);
}

static const struct tap_test tests[] = {
	{ "decode_gives_back_what_was_encoded", decode_gives_back_what_was_encoded },
	{ "the_bytes_are_those_of_the_format_comment", the_bytes_are_those_of_the_format_comment },
	{ "an_event_has_the_parts_that_its_header_says",
	  an_event_has_the_parts_that_its_header_says },
	{ "a_call_of_version_3_has_its_times_and_what_served_it",
	  a_call_of_version_3_has_its_times_and_what_served_it },
	{ "a_call_has_its_provider_and_its_model", a_call_has_its_provider_and_its_model },
	{ "a_models_name_has_its_provider_before_it", a_models_name_has_its_provider_before_it },
	{ "what_is_too_big_or_invalid_is_not_encoded", what_is_too_big_or_invalid_is_not_encoded },
	{ "a_record_cut_short_asks_for_more_at_every_length",
	  a_record_cut_short_asks_for_more_at_every_length },
	{ "every_flipped_bit_is_refused", every_flipped_bit_is_refused },
	{ "every_changed_byte_of_some_records_is_refused",
	  every_changed_byte_of_some_records_is_refused },
	{ "with_the_crc_made_good_only_canonical_bytes_are_taken",
	  with_the_crc_made_good_only_canonical_bytes_are_taken },
	{ "lengths_that_do_not_add_up_are_refused", lengths_that_do_not_add_up_are_refused },
	{ "impossible_lengths_are_refused_at_once", impossible_lengths_are_refused_at_once },
	{ "noise_is_never_a_record_and_never_read_beyond",
	  noise_is_never_a_record_and_never_read_beyond },
	{ "an_event_keeps_nuls_in_its_text", an_event_keeps_nuls_in_its_text },
};

TAP_MAIN(tests)
