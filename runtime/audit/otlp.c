// SPDX-License-Identifier: GPL-2.0-or-later
/* Records as OpenTelemetry logs, and what a server of them answers. */
#include "audit/otlp.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "audit/render.h"
#include "base/escape.h"

enum severity { SEVERITY_INFO = 9, SEVERITY_WARN = 13, SEVERITY_ERROR = 17 };

static void put_string(FILE *out, const char *text, size_t len)
{
	char piece[ESCAPE_JSON_MAX(512) + 1];
	size_t part;

	fputs("{\"stringValue\":\"", out);
	while (len) {
		part = len < 512 ? len : 512;
		/* Not within a character. */
		while (part < len && part > 508 && ((unsigned char)text[part] & 0xc0) == 0x80)
			part--;
		escape_json(piece, sizeof(piece), text, part);
		fputs(piece, out);
		text += part;
		len -= part;
	}
	fputs("\"}", out);
}

void otlp_begin(struct otlp_batch *b, const char *host)
{
	b->records = 0;
	fputs(b->traces ? "{\"resourceSpans\"" : "{\"resourceLogs\"", b->out);
	fputs(":[{\"resource\":{\"attributes\":["
	      "{\"key\":\"service.name\",\"value\":{\"stringValue\":\"agentos\"}},"
	      "{\"key\":\"service.version\",\"value\":{\"stringValue\":\"" AGENTOS_VERSION "\"}},"
	      "{\"key\":\"host.name\",\"value\":",
	      b->out);
	put_string(b->out, host, strlen(host));
	fprintf(b->out,
		"}]},\"%s\":[{\"scope\":{\"name\":\"agentos.audit\",\"version\":\"" AGENTOS_VERSION
		"\"},\"%s\":[",
		b->traces ? "scopeSpans" : "scopeLogs", b->traces ? "spans" : "logRecords");
}

void otlp_end(struct otlp_batch *b)
{
	fputs("]}]}]}", b->out);
}

static enum severity severity_of(const struct record *r)
{
	const struct agentos_event *e = &r->u.event;

	switch (r->type) {
	case RECORD_EVENT:
		if (e->verdict == AGENTOS_VERDICT_ALLOWED)
			return SEVERITY_INFO;
		return e->verdict == AGENTOS_VERDICT_DENIED && e->flags & AGENTOS_EVENT_KILL ?
			       SEVERITY_ERROR :
			       SEVERITY_WARN;
	case RECORD_EGRESS:
		return r->u.egress.outcome == EGRESS_DENIED ||
				       r->u.egress.outcome == EGRESS_WOULD_DENY ?
			       SEVERITY_WARN :
			       SEVERITY_INFO;
	case RECORD_CALL:
		return r->u.call.outcome == CALL_DENIED || r->u.call.outcome == CALL_WOULD_DENY ?
			       SEVERITY_WARN :
			       SEVERITY_INFO;
	case RECORD_LOSS:
		return SEVERITY_ERROR;
	case RECORD_LIFECYCLE:
		return r->u.lifecycle.type == AGENTOS_LIFECYCLE_LOST ?
			       SEVERITY_ERROR :
			       SEVERITY_INFO;
	case RECORD_DAEMON:
		return r->u.daemon.note == DAEMON_UNWRITABLE ? SEVERITY_ERROR : SEVERITY_INFO;
	default:
		return SEVERITY_INFO;
	}
}

struct attributes {
	FILE *out;
	const char *comma;
	char list[FIELDS_NAME]; /* the name of the list that is open; empty: none */
};

static void list_close(struct attributes *a)
{
	if (a->list[0])
		fputs("]}}}", a->out);
	a->list[0] = '\0';
}

/* By OpenTelemetry's conventions for generative AI, of model calls; NULL: they have no name for it. */
static const char *attribute_name(const char *field)
{
	static const struct {
		const char *field, *name;
	} names[] = {
		{ "provider", "gen_ai.provider.name" },
		{ "model", "gen_ai.request.model" },
		{ "input_tokens", "gen_ai.usage.input_tokens" },
		{ "output_tokens", "gen_ai.usage.output_tokens" },
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i].field, field) == 0)
			return names[i].name;
	}
	return NULL;
}

static int attribute_put(const struct field *field, void *cookie)
{
	struct attributes *a = cookie;
	const char *name = attribute_name(field->name);

	if (strcmp(field->name, "time") == 0)
		return 0;
	if (field->element && strcmp(field->name, a->list) == 0) {
		fputc(',', a->out);
	} else {
		list_close(a);
		fprintf(a->out, "%s{\"key\":\"%s%s\",\"value\":", a->comma, name ? "" : "agentos.",
			name ? name : field->name);
		if (field->element) {
			memcpy(a->list, field->name, sizeof(a->list));
			fputs("{\"arrayValue\":{\"values\":[", a->out);
		}
	}
	a->comma = ",";
	switch (field->type) {
	case JSON_STRING:
		put_string(a->out, field->text, field->len);
		break;
	case JSON_NUMBER:
		/* 64 bits are a text in the JSON of Protocol Buffers. */
		fprintf(a->out, "{\"intValue\":\"%s\"}", field->text);
		break;
	default:
		fprintf(a->out, "{\"boolValue\":%s}", field->type == JSON_TRUE ? "true" : "false");
	}
	if (!field->element)
		fputc('}', a->out);
	return 0;
}

int otlp_record(struct otlp_batch *b, const struct record *r)
{
	struct attributes a = { .out = b->out, .comma = "" };
	enum severity severity = severity_of(r);
	int rc;

	if (b->traces) {
		if (r->type == RECORD_CALL)
			otlp_span(b->out, r, b->records++ > 0);
		return 0;
	}
	fprintf(b->out,
		"%s{\"timeUnixNano\":\"%" PRIu64 "\",\"observedTimeUnixNano\":\"%" PRIu64
		"\",\"severityNumber\":%d,\"severityText\":\"%s\",\"attributes\":[",
		b->records ? "," : "", r->time_ns, r->time_ns, (int)severity,
		severity == SEVERITY_ERROR ? "ERROR" :
		severity == SEVERITY_WARN  ? "WARN" :
					     "INFO");
	rc = fields_read(&b->fields, r, attribute_put, &a);
	if (rc)
		return rc;
	list_close(&a);
	fputs("],\"body\":", b->out);
	/* Its JSON is not needed any more: the room is. */
	rewind(b->fields.out);
	render_text(b->fields.out, r, false);
	if (fflush(b->fields.out) != 0)
		return -ENOMEM;
	put_string(b->out, b->fields.bytes, b->fields.len - 1);
	fputc('}', b->out);
	b->records++;
	return 0;
}

struct source {
	const char *at, *end;
};

static int byte_get(void *cookie)
{
	struct source *s = cookie;

	return s->at == s->end ? -1 : (unsigned char)*s->at++;
}

/* The member after its key. Names are taken in both spellings that the JSON of Protocol Buffers has. */
static int partial_read(struct json *j, struct otlp_answer *a)
{
	bool rejected, message;
	int rc = json_next(j);

	if (rc == JSON_NULL)
		return 0;
	if (rc != JSON_OBJECT)
		return rc < 0 ? rc : -EBADMSG;
	while ((rc = json_next(j)) != JSON_OBJECT_END) {
		if (rc < 0)
			return rc;
		rejected = strcmp(j->text, "rejectedLogRecords") == 0 ||
			   strcmp(j->text, "rejected_log_records") == 0 ||
			   strcmp(j->text, "rejectedSpans") == 0 ||
			   strcmp(j->text, "rejected_spans") == 0;
		message = strcmp(j->text, "errorMessage") == 0 ||
			  strcmp(j->text, "error_message") == 0;
		rc = rejected || message ? json_next(j) : json_skip(j, JSON_KEY);
		if (rc < 0)
			return rc;
		if (rejected &&
		    ((rc != JSON_NUMBER && rc != JSON_STRING) || json_uint(j, &a->rejected) != 0))
			return -EBADMSG;
		if (message) {
			if (rc != JSON_STRING)
				return -EBADMSG;
			escape_text(a->message.text, sizeof(a->message.text), j->text, j->len);
		}
	}
	return 0;
}

int otlp_answer_parse(const char *bytes, size_t len, struct otlp_answer *ret_answer)
{
	struct source source = { bytes, bytes + len };
	struct otlp_answer a = { 0 };
	struct json j;
	int rc;

	json_init(&j, byte_get, &source);
	rc = json_next(&j);
	if (rc == JSON_END) {
		*ret_answer = a;
		return 0;
	}
	if (rc != JSON_OBJECT)
		return -EBADMSG;
	while ((rc = json_next(&j)) != JSON_OBJECT_END) {
		if (rc < 0)
			return -EBADMSG;
		rc = strcmp(j.text, "partialSuccess") == 0 ||
				     strcmp(j.text, "partial_success") == 0 ?
			     partial_read(&j, &a) :
			     json_skip(&j, JSON_KEY);
		if (rc < 0)
			return -EBADMSG;
	}
	if (json_next(&j) != JSON_END)
		return -EBADMSG;
	*ret_answer = a;
	return 0;
}
