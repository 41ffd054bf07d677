// SPDX-License-Identifier: GPL-2.0-or-later
/* The canonical bytes of an audit record. */
#include "audit/record.h"

#include <errno.h>
#include <string.h>

#include "audit/record_state.h"
#include "base/crc32c.h"
#include "base/limits.h"

/*
 * The format, versions 2 and 3. All numbers are little-endian, signed ones in two's
 * complement; there is no padding. Offsets are in bytes.
 *
 * Frame
 *	 0  u32  length of the body
 *	 4  u32  CRC-32C over the four bytes of length, then the body
 *	 8       body
 * Body, all types
 *	 0  u8   version: 3 for a CALL that has parts, else 2
 *	 1  u8   type, enum record_type
 *	 2  u8   stream, enum record_stream
 *	 3  u8   bytes of agent_name, at most 63
 *	 4  u8   bytes of comm: at most 15 for EVENT, 63 for CALL (provider), else 0
 *	 5  u16  bytes of text: at most 487 for EVENT (text) and POLICY (text), 63
 *	         for LIFECYCLE (name), 255 for DAEMON (text) and EGRESS (host), 127
 *	         for CALL (model; with the part SERVED 255), else 0
 *	 7  u16  which of the parts below an EVENT or a CALL has, else 0
 *	 9  u64  seq
 *	17  u64  time_ns
 *	25  u8x16  boot
 *	41       fields of the type, in the order of its struct in record.h and
 *	         uapi/, as wide as there:
 *	  EVENT, 38 bytes: verdict, why, hook, object_kind, seq, time_ns, agent,
 *	         tgid, uid; and then of these parts each that has a bit in the header,
 *	         the lowest first: error; right; policy; rule; access; flags; tid;
 *	         number; number2; ino, dev, gen; family, port, protocol, addr
 *	  LIFECYCLE, 76 bytes: type, reason, seq, time_ns, agent, rights, lost,
 *	         tgid, uid, code, policy, forks, resource, parent
 *	  LOSS, 24 bytes: count, first, last
 *	  DAEMON, 12 bytes: note, number
 *	  POLICY, 24 bytes: policy, part, parts, agent, digest
 *	  EGRESS, 57 bytes: agent, bytes_up, bytes_down, policy, rule, outcome, why,
 *	         port, family, addr, tunnel
 *	  CALL, 161 bytes: agent, other, input, output, cache_read, cache_write,
 *	         reasoning, microdollars, duration_us, first_us, policy, rule,
 *	         outcome, why, status, wire, upstream, streamed, request, answer; and
 *	         then, of version 3, these parts, the lowest bit first:
 *	         0 TIMES, 35 bytes: own_us, queue_us, upstream_us, upstream_first_us,
 *	           attempts, operation
 *	         1 SERVED, no bytes here: the text is model, a NUL, and served
 *	         2 CACHED, no bytes: the answer is that of a call before, and no provider
 *	           was asked
 *	 ...     agent_name, comm, text: the bytes only
 *
 * Records of version 2 are written by all versions of this program, and read by all; those of
 * version 3 are of a later version to who knows 2 alone.
 *
 * Canonical: the lengths add up to that of the body, so that no byte belongs
 * to none; a part of an EVENT is there unless all of it is zero or, of the rule,
 * AGENTOS_RULE_NONE, and of the tid, the tgid; TIMES is there unless all of it is zero, and
 * SERVED unless served is empty; agent_name, comm, and the texts of
 * LIFECYCLE, DAEMON, EGRESS and CALL have no NUL in them but the one of SERVED (a text of EVENT may: abstract
 * Unix names do; that of POLICY has them between its own). What the structs have
 * besides, size, version and padding, has one value and is not stored. The
 * lengths stand first so that the start of a record tells whether it was torn
 * (its end is missing) or damaged (its lengths disagree).
 *
 * A type that is added leaves the version as it is: who does not know it refuses the
 * record, and the log from there on; verifying says that it is of a later version, as
 * its CRC is right and its type too high (audit/frames.h).
 */
#define RECORD_VERSION	2
#define CALL_VERSION	3 /* of a CALL with parts */
#define FRAME_BYTES	8
#define EXTENT_BYTES	9 /* of a body, that tell how long it is */
#define HEADER_BYTES	41
#define EVENT_BYTES	38
#define LIFECYCLE_BYTES 76
#define LOSS_BYTES	24
#define DAEMON_BYTES	12
#define POLICY_BYTES	24
#define EGRESS_BYTES	57
#define CALL_BYTES	161

/* Parts of an EVENT, by their bits in the header; and what each has in bytes. */
enum part {
	PART_ERROR,
	PART_RIGHT,
	PART_POLICY,
	PART_RULE,
	PART_ACCESS,
	PART_FLAGS,
	PART_TID,
	PART_NUMBER,
	PART_NUMBER2,
	PART_FILE,
	PART_INET,
	PARTS
};
static const uint8_t part_bytes[PARTS] = { 4, 8, 4, 4, 4, 4, 4, 8, 8, 16, 24 };
#define EVENT_PARTS_BYTES 88 /* of all of them */

static const struct layout {
	uint16_t fixed; /* bytes of the type's fields; 0 is no type */
	uint16_t comm_max, text_max;
} layouts[] = {
	[RECORD_EVENT] = { EVENT_BYTES, AGENTOS_COMM_SIZE - 1, AGENTOS_OBJECT_SIZE - 1 },
	[RECORD_LIFECYCLE] = { LIFECYCLE_BYTES, 0, AGENTOS_NAME_SIZE - 1 },
	[RECORD_LOSS] = { LOSS_BYTES, 0, 0 },
	[RECORD_DAEMON] = { DAEMON_BYTES, 0, sizeof(((struct record *)0)->u.daemon.text) - 1 },
	[RECORD_POLICY] = { POLICY_BYTES, 0, AGENTOS_OBJECT_SIZE - 1 },
	[RECORD_EGRESS] = { EGRESS_BYTES, 0, COMPILED_HOST - 1 },
	[RECORD_CALL] = { CALL_BYTES, RECORD_PROVIDER - 1, RECORD_MODEL - 1 },
};

_Static_assert(FRAME_BYTES + HEADER_BYTES + EVENT_BYTES + EVENT_PARTS_BYTES + AGENTOS_NAME_SIZE +
			       AGENTOS_COMM_SIZE + AGENTOS_OBJECT_SIZE <=
		       LIMIT_RECORD,
	       "the longest record fits its limit");

static const struct layout *layout_find(unsigned int type)
{
	if (type >= sizeof(layouts) / sizeof(layouts[0]) || !layouts[type].fixed)
		return NULL;
	return &layouts[type];
}

static unsigned int event_parts(const struct agentos_event *e)
{
	static const uint8_t none[sizeof(e->addr)];

	return (unsigned int)(e->error != 0) << PART_ERROR |
	       (unsigned int)(e->right != 0) << PART_RIGHT |
	       (unsigned int)(e->policy != 0) << PART_POLICY |
	       (unsigned int)(e->rule != AGENTOS_RULE_NONE) << PART_RULE |
	       (unsigned int)(e->access != 0) << PART_ACCESS |
	       (unsigned int)(e->flags != 0) << PART_FLAGS |
	       (unsigned int)(e->tid != e->tgid) << PART_TID |
	       (unsigned int)(e->number != 0) << PART_NUMBER |
	       (unsigned int)(e->number2 != 0) << PART_NUMBER2 |
	       (unsigned int)(e->ino || e->dev || e->gen) << PART_FILE |
	       (unsigned int)(e->family || e->port || e->protocol ||
			      memcmp(e->addr, none, sizeof(none)) != 0)
		       << PART_INET;
}

static unsigned int parts_of(const struct record *r)
{
	return r->type == RECORD_EVENT ? event_parts(&r->u.event) :
	       r->type == RECORD_CALL  ? record_call_parts(r) :
					 0;
}

/* Which of the header's bits mean something. */
static unsigned int parts_known(unsigned int type)
{
	return type == RECORD_EVENT ? PARTS : type == RECORD_CALL ? CALL_PARTS : 0;
}

static unsigned int version_of(unsigned int type, unsigned int parts)
{
	return type == RECORD_CALL && parts ? CALL_VERSION : RECORD_VERSION;
}

static size_t text_most(unsigned int type, unsigned int parts)
{
	return type == RECORD_CALL && parts >> CALL_PART_SERVED & 1 ?
		       2 * RECORD_MODEL - 1 :
		       layouts[type].text_max;
}

static size_t parts_size(unsigned int type, unsigned int parts)
{
	size_t sum = 0, i;

	if (type == RECORD_CALL)
		return parts >> CALL_PART_TIMES & 1 ? CALL_TIMES_BYTES : 0;
	for (i = 0; i < PARTS; i++)
		sum += parts >> i & 1 ? part_bytes[i] : 0;
	return sum;
}

static bool has(unsigned int parts, enum part part)
{
	return parts >> part & 1;
}

static void event_put(uint8_t **p, const struct agentos_event *e, unsigned int parts)
{
	put_uint(p, e->verdict, 1);
	put_uint(p, e->why, 1);
	put_uint(p, e->hook, 2);
	put_uint(p, e->object_kind, 2);
	put_uint(p, e->seq, 8);
	put_uint(p, e->time_ns, 8);
	put_uint(p, e->agent, 8);
	put_uint(p, (uint32_t)e->tgid, 4);
	put_uint(p, e->uid, 4);
	if (has(parts, PART_ERROR))
		put_uint(p, (uint32_t)e->error, 4);
	if (has(parts, PART_RIGHT))
		put_uint(p, e->right, 8);
	if (has(parts, PART_POLICY))
		put_uint(p, e->policy, 4);
	if (has(parts, PART_RULE))
		put_uint(p, e->rule, 4);
	if (has(parts, PART_ACCESS))
		put_uint(p, e->access, 4);
	if (has(parts, PART_FLAGS))
		put_uint(p, e->flags, 4);
	if (has(parts, PART_TID))
		put_uint(p, (uint32_t)e->tid, 4);
	if (has(parts, PART_NUMBER))
		put_uint(p, e->number, 8);
	if (has(parts, PART_NUMBER2))
		put_uint(p, e->number2, 8);
	if (has(parts, PART_FILE)) {
		put_uint(p, e->ino, 8);
		put_uint(p, e->dev, 4);
		put_uint(p, e->gen, 4);
	}
	if (has(parts, PART_INET)) {
		put_uint(p, e->family, 2);
		put_uint(p, e->port, 2);
		put_uint(p, e->protocol, 4);
		put_bytes(p, e->addr, sizeof(e->addr));
	}
}

static void event_get(const uint8_t **p, struct agentos_event *e, unsigned int parts)
{
	e->size = sizeof(*e);
	e->version = AGENTOS_EVENT_VERSION;
	e->verdict = (uint8_t)get_uint(p, 1);
	e->why = (uint8_t)get_uint(p, 1);
	e->hook = (uint16_t)get_uint(p, 2);
	e->object_kind = (uint16_t)get_uint(p, 2);
	e->seq = get_uint(p, 8);
	e->time_ns = get_uint(p, 8);
	e->agent = get_uint(p, 8);
	e->tgid = (int32_t)get_uint(p, 4);
	e->uid = (uint32_t)get_uint(p, 4);
	if (has(parts, PART_ERROR))
		e->error = (int32_t)get_uint(p, 4);
	if (has(parts, PART_RIGHT))
		e->right = get_uint(p, 8);
	if (has(parts, PART_POLICY))
		e->policy = (uint32_t)get_uint(p, 4);
	e->rule = has(parts, PART_RULE) ? (uint32_t)get_uint(p, 4) : AGENTOS_RULE_NONE;
	if (has(parts, PART_ACCESS))
		e->access = (uint32_t)get_uint(p, 4);
	if (has(parts, PART_FLAGS))
		e->flags = (uint32_t)get_uint(p, 4);
	e->tid = has(parts, PART_TID) ? (int32_t)get_uint(p, 4) : e->tgid;
	if (has(parts, PART_NUMBER))
		e->number = get_uint(p, 8);
	if (has(parts, PART_NUMBER2))
		e->number2 = get_uint(p, 8);
	if (has(parts, PART_FILE)) {
		e->ino = get_uint(p, 8);
		e->dev = (uint32_t)get_uint(p, 4);
		e->gen = (uint32_t)get_uint(p, 4);
	}
	if (has(parts, PART_INET)) {
		e->family = (uint16_t)get_uint(p, 2);
		e->port = (uint16_t)get_uint(p, 2);
		e->protocol = (uint32_t)get_uint(p, 4);
		get_bytes(p, e->addr, sizeof(e->addr));
	}
}

static void lifecycle_put(uint8_t **p, const struct agentos_lifecycle *l)
{
	put_uint(p, l->type, 2);
	put_uint(p, l->reason, 2);
	put_uint(p, l->seq, 8);
	put_uint(p, l->time_ns, 8);
	put_uint(p, l->agent, 8);
	put_uint(p, l->rights, 8);
	put_uint(p, l->lost, 8);
	put_uint(p, (uint32_t)l->tgid, 4);
	put_uint(p, l->uid, 4);
	put_uint(p, (uint32_t)l->code, 4);
	put_uint(p, l->policy, 4);
	put_uint(p, l->forks, 4);
	put_uint(p, l->resource, 4);
	put_uint(p, l->parent, 8);
}

static void lifecycle_get(const uint8_t **p, struct agentos_lifecycle *l)
{
	l->size = sizeof(*l);
	l->type = (uint16_t)get_uint(p, 2);
	l->reason = (uint16_t)get_uint(p, 2);
	l->seq = get_uint(p, 8);
	l->time_ns = get_uint(p, 8);
	l->agent = get_uint(p, 8);
	l->rights = get_uint(p, 8);
	l->lost = get_uint(p, 8);
	l->tgid = (int32_t)get_uint(p, 4);
	l->uid = (uint32_t)get_uint(p, 4);
	l->code = (int32_t)get_uint(p, 4);
	l->policy = (uint32_t)get_uint(p, 4);
	l->forks = (uint32_t)get_uint(p, 4);
	l->resource = (uint32_t)get_uint(p, 4);
	l->parent = get_uint(p, 8);
}

static void egress_put(uint8_t **p, const struct record *r)
{
	put_uint(p, r->u.egress.agent, 8);
	put_uint(p, r->u.egress.bytes_up, 8);
	put_uint(p, r->u.egress.bytes_down, 8);
	put_uint(p, r->u.egress.policy, 4);
	put_uint(p, r->u.egress.rule, 4);
	put_uint(p, r->u.egress.outcome, 2);
	put_uint(p, r->u.egress.why, 2);
	put_uint(p, r->u.egress.port, 2);
	put_uint(p, r->u.egress.family, 2);
	put_bytes(p, r->u.egress.addr, sizeof(r->u.egress.addr));
	put_uint(p, r->u.egress.tunnel, 1);
}

static void egress_get(const uint8_t **p, struct record *r)
{
	r->u.egress.agent = get_uint(p, 8);
	r->u.egress.bytes_up = get_uint(p, 8);
	r->u.egress.bytes_down = get_uint(p, 8);
	r->u.egress.policy = (uint32_t)get_uint(p, 4);
	r->u.egress.rule = (uint32_t)get_uint(p, 4);
	r->u.egress.outcome = (uint16_t)get_uint(p, 2);
	r->u.egress.why = (uint16_t)get_uint(p, 2);
	r->u.egress.port = (uint16_t)get_uint(p, 2);
	r->u.egress.family = (uint16_t)get_uint(p, 2);
	get_bytes(p, r->u.egress.addr, sizeof(r->u.egress.addr));
	r->u.egress.tunnel = (uint8_t)get_uint(p, 1);
}

/* Where a record has its texts; -EINVAL when one does not end, or claims more than its room. */
static int texts_of(const struct record *r, struct texts *t)
{
	*t = (struct texts){ .name = r->agent_name };
	t->name_len = strnlen(r->agent_name, sizeof(r->agent_name));
	if (t->name_len == sizeof(r->agent_name))
		return -EINVAL;
	switch (r->type) {
	case RECORD_EVENT:
		t->comm = r->u.event.comm;
		t->comm_len = strnlen(t->comm, AGENTOS_COMM_SIZE);
		t->text = r->u.event.text;
		t->text_len = r->u.event.text_len;
		break;
	case RECORD_LIFECYCLE:
		t->text = r->u.lifecycle.name;
		t->text_len = strnlen(t->text, AGENTOS_NAME_SIZE);
		break;
	case RECORD_DAEMON:
		t->text = r->u.daemon.text;
		t->text_len = strnlen(t->text, sizeof(r->u.daemon.text));
		break;
	case RECORD_POLICY:
		t->text = r->u.policy.text;
		t->text_len = r->u.policy.text_len;
		break;
	case RECORD_EGRESS:
		t->text = r->u.egress.host;
		t->text_len = strnlen(t->text, sizeof(r->u.egress.host));
		break;
	case RECORD_CALL:
		return record_call_texts(r, t);
	}
	return 0;
}

int record_encode(const struct record *r, uint8_t *buf, size_t size)
{
	const struct layout *layout = layout_find(r->type);
	unsigned int parts = parts_of(r);
	struct texts t;
	uint8_t *p = buf;
	size_t body;

	if (!layout || r->stream >= STREAM_COUNT || texts_of(r, &t) != 0 ||
	    t.comm_len > layout->comm_max || t.text_len > text_most(r->type, parts))
		return -EINVAL;
	body = HEADER_BYTES + layout->fixed + parts_size(r->type, parts) + t.name_len + t.comm_len +
	       t.text_len;
	if (FRAME_BYTES + body > size || FRAME_BYTES + body > LIMIT_RECORD)
		return -E2BIG;

	put_uint(&p, body, 4);
	p += 4;
	put_uint(&p, version_of(r->type, parts), 1);
	put_uint(&p, r->type, 1);
	put_uint(&p, r->stream, 1);
	put_uint(&p, t.name_len, 1);
	put_uint(&p, t.comm_len, 1);
	put_uint(&p, t.text_len, 2);
	put_uint(&p, parts, 2);
	put_uint(&p, r->seq, 8);
	put_uint(&p, r->time_ns, 8);
	put_bytes(&p, r->boot, sizeof(r->boot));
	switch (r->type) {
	case RECORD_EVENT:
		event_put(&p, &r->u.event, parts);
		break;
	case RECORD_LIFECYCLE:
		lifecycle_put(&p, &r->u.lifecycle);
		break;
	case RECORD_LOSS:
		put_uint(&p, r->u.loss.count, 8);
		put_uint(&p, r->u.loss.first, 8);
		put_uint(&p, r->u.loss.last, 8);
		break;
	case RECORD_DAEMON:
		put_uint(&p, r->u.daemon.note, 4);
		put_uint(&p, r->u.daemon.number, 8);
		break;
	case RECORD_POLICY:
		put_uint(&p, r->u.policy.policy, 4);
		put_uint(&p, r->u.policy.part, 2);
		put_uint(&p, r->u.policy.parts, 2);
		put_uint(&p, r->u.policy.agent, 8);
		put_uint(&p, r->u.policy.digest, 8);
		break;
	case RECORD_EGRESS:
		egress_put(&p, r);
		break;
	case RECORD_CALL:
		record_call_put(&p, r, parts);
		break;
	}
	put_bytes(&p, t.name, t.name_len);
	if (t.comm_len)
		put_bytes(&p, t.comm, t.comm_len);
	if (t.text_len)
		put_bytes(&p, t.text, t.text_len);

	p = buf + 4;
	put_uint(&p, crc32c(crc32c(0, buf, 4), buf + FRAME_BYTES, body), 4);
	return (int)(FRAME_BYTES + body);
}

int record_extent(const uint8_t *buf, size_t len)
{
	const struct layout *layout;
	const uint8_t *p = buf;
	size_t body, name, comm, text;
	unsigned int parts, type;

	if (len < FRAME_BYTES)
		return 0;
	body = get_uint(&p, 4);
	if (body < HEADER_BYTES + DAEMON_BYTES || body > LIMIT_RECORD - FRAME_BYTES)
		return -EBADMSG;
	if (len < FRAME_BYTES + EXTENT_BYTES)
		return 0;
	p = buf + FRAME_BYTES;
	type = p[1];
	layout = layout_find(type);
	if (!layout || p[2] >= STREAM_COUNT)
		return -EBADMSG;
	p += 3;
	name = get_uint(&p, 1);
	comm = get_uint(&p, 1);
	text = get_uint(&p, 2);
	parts = (unsigned int)get_uint(&p, 2);
	if (parts >> parts_known(type) || buf[FRAME_BYTES] != version_of(type, parts))
		return -EBADMSG;
	if (name >= AGENTOS_NAME_SIZE || comm > layout->comm_max || text > text_most(type, parts) ||
	    body != HEADER_BYTES + layout->fixed + parts_size(type, parts) + name + comm + text)
		return -EBADMSG;
	return (int)(FRAME_BYTES + body);
}

/* The body, its extent checked. */
static int body_get(const uint8_t *p, struct record *r)
{
	size_t name, comm, text;
	unsigned int parts;
	int err;

	memset(r, 0, sizeof(*r));
	p++;
	r->type = (uint16_t)get_uint(&p, 1);
	r->stream = (uint16_t)get_uint(&p, 1);
	name = get_uint(&p, 1);
	comm = get_uint(&p, 1);
	text = get_uint(&p, 2);
	parts = (unsigned int)get_uint(&p, 2);
	r->seq = get_uint(&p, 8);
	r->time_ns = get_uint(&p, 8);
	get_bytes(&p, r->boot, sizeof(r->boot));
	switch (r->type) {
	case RECORD_EVENT:
		event_get(&p, &r->u.event, parts);
		if (event_parts(&r->u.event) != parts)
			return -EBADMSG;
		break;
	case RECORD_LIFECYCLE:
		lifecycle_get(&p, &r->u.lifecycle);
		break;
	case RECORD_LOSS:
		r->u.loss.count = get_uint(&p, 8);
		r->u.loss.first = get_uint(&p, 8);
		r->u.loss.last = get_uint(&p, 8);
		break;
	case RECORD_DAEMON:
		r->u.daemon.note = (uint32_t)get_uint(&p, 4);
		r->u.daemon.number = get_uint(&p, 8);
		break;
	case RECORD_POLICY:
		r->u.policy.policy = (uint32_t)get_uint(&p, 4);
		r->u.policy.part = (uint16_t)get_uint(&p, 2);
		r->u.policy.parts = (uint16_t)get_uint(&p, 2);
		r->u.policy.agent = get_uint(&p, 8);
		r->u.policy.digest = get_uint(&p, 8);
		break;
	case RECORD_EGRESS:
		egress_get(&p, r);
		break;
	case RECORD_CALL:
		record_call_get(&p, r, parts);
		break;
	}

	if (r->type == RECORD_CALL &&
	    (parts & 1U << CALL_PART_TIMES) != (record_call_parts(r) & 1U << CALL_PART_TIMES))
		return -EBADMSG;
	err = string_get(&p, r->agent_name, name);
	if (err)
		return err;
	switch (r->type) {
	case RECORD_EVENT:
		err = string_get(&p, r->u.event.comm, comm);
		get_bytes(&p, r->u.event.text, text);
		r->u.event.text_len = (uint32_t)text;
		break;
	case RECORD_LIFECYCLE:
		err = string_get(&p, r->u.lifecycle.name, text);
		break;
	case RECORD_DAEMON:
		err = string_get(&p, r->u.daemon.text, text);
		break;
	case RECORD_POLICY:
		get_bytes(&p, r->u.policy.text, text);
		r->u.policy.text_len = (uint32_t)text;
		break;
	case RECORD_EGRESS:
		err = string_get(&p, r->u.egress.host, text);
		break;
	case RECORD_CALL:
		err = string_get(&p, r->u.call.provider, comm);
		if (!err)
			err = record_call_names(&p, text, parts, r);
		break;
	}
	return err;
}

int record_decode(const uint8_t *buf, size_t len, struct record *ret_record)
{
	const uint8_t *p = buf + 4;
	struct record r;
	int extent, err;

	extent = record_extent(buf, len);
	if (extent <= 0)
		return extent;
	if ((size_t)extent > len)
		return 0;
	if (get_uint(&p, 4) !=
	    crc32c(crc32c(0, buf, 4), buf + FRAME_BYTES, (size_t)extent - FRAME_BYTES))
		return -EBADMSG;
	err = body_get(buf + FRAME_BYTES, &r);
	if (err)
		return err;
	*ret_record = r;
	return extent;
}
