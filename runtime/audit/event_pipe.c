// SPDX-License-Identifier: GPL-2.0-or-later
/* What bpftool prints of the map of events, made into records. */
#include "audit/event_pipe.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/escape.h"

#define PERF_LOST   2 /* PERF_RECORD_LOST */
#define PERF_SAMPLE 9 /* PERF_RECORD_SAMPLE */
#define DATA_MAX    (sizeof(struct agentos_event) + 64)

struct object {
	uint64_t type, lost;
	size_t len;
	union {
		uint8_t bytes[DATA_MAX];
		struct agentos_event event;
	} data;
};

void event_pipe_init(struct event_pipe *p, int (*byte)(void *cookie), void *cookie,
		     uint64_t booted_ns)
{
	json_init(&p->json, byte, cookie);
	p->booted_ns = booted_ns;
}

/* "0x80", or 128. */
static int byte_read(const struct json *j, int token, uint8_t *ret_byte)
{
	static const char digits[] = "0123456789abcdef";
	const char *high, *low;
	uint64_t number;

	if (token == JSON_NUMBER) {
		if (json_uint(j, &number) != 0 || number > UINT8_MAX)
			return -EBADMSG;
		*ret_byte = (uint8_t)number;
		return 0;
	}
	if (token != JSON_STRING || j->len != 4 || memcmp(j->text, "0x", 2) != 0 || !j->text[2] ||
	    !j->text[3])
		return -EBADMSG;
	high = strchr(digits, j->text[2]);
	low = strchr(digits, j->text[3]);
	if (!high || !low)
		return -EBADMSG;
	*ret_byte = (uint8_t)((high - digits) << 4 | (low - digits));
	return 0;
}

static int data_read(struct json *j, struct object *o)
{
	int rc = json_next(j);

	o->len = 0;
	if (rc != JSON_ARRAY)
		return rc < 0 ? rc : -EBADMSG;
	while ((rc = json_next(j)) != JSON_ARRAY_END) {
		if (rc < 0)
			return rc;
		if (o->len == DATA_MAX)
			return -EBADMSG;
		rc = byte_read(j, rc, &o->data.bytes[o->len++]);
		if (rc)
			return rc;
	}
	return 0;
}

static int lost_read(struct json *j, struct object *o)
{
	bool count;
	int rc = json_next(j);

	if (rc != JSON_OBJECT)
		return rc < 0 ? rc : -EBADMSG;
	while ((rc = json_next(j)) != JSON_OBJECT_END) {
		if (rc < 0)
			return rc;
		count = strcmp(j->text, "count") == 0;
		rc = count ? json_next(j) : json_skip(j, JSON_KEY);
		if (rc < 0)
			return rc;
		if (count && (rc != JSON_NUMBER || json_uint(j, &o->lost) != 0))
			return -EBADMSG;
	}
	return 0;
}

/* Behind its brace. -EREMOTEIO: bpftool says why it failed, in the text of j. */
static int object_read(struct json *j, struct object *o)
{
	int rc;

	while ((rc = json_next(j)) != JSON_OBJECT_END) {
		if (rc < 0)
			return rc;
		if (strcmp(j->text, "data") == 0) {
			rc = data_read(j, o);
		} else if (strcmp(j->text, "lost") == 0) {
			rc = lost_read(j, o);
		} else if (strcmp(j->text, "type") == 0) {
			rc = json_next(j);
			if (rc >= 0)
				rc = rc == JSON_NUMBER ? json_uint(j, &o->type) : -EBADMSG;
		} else if (strcmp(j->text, "error") == 0) {
			rc = json_next(j);
			if (rc >= 0)
				rc = rc == JSON_STRING ? -EREMOTEIO : -EBADMSG;
		} else {
			rc = json_skip(j, JSON_KEY);
		}
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int record_make(const struct event_pipe *p, const struct object *o, struct record *r,
		       struct fault *f)
{
	const struct agentos_event *e = &o->data.event;

	if (o->len < 8)
		return fault_set(f, EBADMSG, "byte %" PRIu64 ": an event of %zu bytes",
				 p->json.offset, o->len);
	if (e->version > AGENTOS_EVENT_VERSION)
		return fault_set(f, EPROTO,
				 "byte %" PRIu64 ": version %u of an event; this program knows up "
				 "to %d: upgrade it",
				 p->json.offset, e->version, AGENTOS_EVENT_VERSION);
	if (e->version != AGENTOS_EVENT_VERSION || e->size != sizeof(*e) || o->len < sizeof(*e) ||
	    e->text_len >= sizeof(e->text))
		return fault_set(f, EBADMSG, "byte %" PRIu64 ": the bytes are no event of AgentOS",
				 p->json.offset);
	memset(r, 0, sizeof(*r));
	r->type = RECORD_EVENT;
	r->stream = e->verdict == AGENTOS_VERDICT_ALLOWED ? STREAM_ALLOWED : STREAM_DENIALS;
	r->time_ns = p->booted_ns + e->time_ns;
	r->u.event = *e;
	r->u.event.comm[sizeof(e->comm) - 1] = '\0';
	r->u.event.text[e->text_len] = '\0';
	return 0;
}

static int refuse(const struct event_pipe *p, int rc, struct fault *f)
{
	char shown[512];

	switch (rc) {
	case -EREMOTEIO:
		escape_text(shown, sizeof(shown), p->json.text, p->json.len);
		return fault_set(f, EBADMSG, "byte %" PRIu64 ": bpftool failed: %s", p->json.offset,
				 shown);
	case -ENODATA:
		return fault_set(f, ENODATA,
				 "byte %" PRIu64 ": it ends within the output of bpftool, which "
				 "was killed, or still runs",
				 p->json.offset);
	case -E2BIG:
		return fault_set(f, E2BIG, "byte %" PRIu64 ": longer or deeper than bpftool prints",
				 p->json.offset);
	default:
		return fault_set(f, EBADMSG,
				 "byte %" PRIu64 ": not what `bpftool -j map event_pipe` prints",
				 p->json.offset);
	}
}

int event_pipe_next(struct event_pipe *p, struct event_pipe_item *ret_item, struct fault *f)
{
	struct event_pipe_item item = { 0 };
	struct object o;
	int rc;

	for (;;) {
		rc = json_next(&p->json);
		if (rc == JSON_END)
			return 0;
		if (rc == JSON_ARRAY_END || (rc == JSON_ARRAY && p->json.depth == 1))
			continue;
		o = (struct object){ 0 };
		if (rc >= 0)
			rc = rc == JSON_OBJECT ? object_read(&p->json, &o) : -EBADMSG;
		if (rc < 0)
			return refuse(p, rc, f);
		if (o.type == PERF_LOST && o.lost) {
			item.lost = o.lost;
			break;
		}
		if (o.type == PERF_SAMPLE) {
			rc = record_make(p, &o, &item.record, f);
			if (rc)
				return rc;
			break;
		}
	}
	*ret_item = item;
	return 1;
}
