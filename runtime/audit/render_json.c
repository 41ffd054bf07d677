// SPDX-License-Identifier: GPL-2.0-or-later
/* Records as JSON, one object on one line. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "audit/names.h"
#include "audit/render.h"
#include "base/escape.h"

/* Every member but an object's first begins with a comma. */
static void put_number(FILE *out, const char *key, uint64_t value)
{
	fprintf(out, ",\"%s\":%" PRIu64, key, value);
}

static void put_signed(FILE *out, const char *key, int64_t value)
{
	fprintf(out, ",\"%s\":%" PRId64, key, value);
}

/* A word of ours. */
static void put_word(FILE *out, const char *key, const char *word)
{
	fprintf(out, ",\"%s\":\"%s\"", key, word);
}

/* A text of an agent's, with its bytes when JSON cannot tell them. */
static void put_text(FILE *out, const char *key, const char *text, size_t len)
{
	char shown[ESCAPE_JSON_MAX(AGENTOS_OBJECT_SIZE) + 1];
	size_t i;

	escape_json(shown, sizeof(shown), text, len);
	put_word(out, key, shown);
	if (escape_is_utf8(text, len))
		return;
	fprintf(out, ",\"%s_hex\":\"", key);
	for (i = 0; i < len; i++)
		fprintf(out, "%02x", (unsigned char)text[i]);
	fputc('"', out);
}

static void put_agent(FILE *out, const char *name, uint64_t id)
{
	size_t len = strnlen(name, AGENTOS_NAME_SIZE);

	put_number(out, "agent", id);
	if (len)
		put_text(out, "agent_name", name, len);
	else
		fputs(",\"agent_name\":null", out);
}

static void put_rights(FILE *out, uint64_t rights)
{
	const char *comma = "";
	char other[NAME_ROOM];
	unsigned int bit;

	fputs(",\"rights\":[", out);
	for (bit = 0; bit < 64; bit++) {
		if (!(rights >> bit & 1))
			continue;
		fprintf(out, "%s\"%s\"", comma, name_right(bit, other));
		comma = ",";
	}
	fputc(']', out);
}

static void put_access(FILE *out, uint32_t access)
{
	static const char *const words[] = { "read", "write", "execute", "connect" };
	const char *comma = "";
	unsigned int bit;

	fputs(",\"access\":[", out);
	for (bit = 0; bit < sizeof(words) / sizeof(words[0]); bit++) {
		if (!(access >> bit & 1))
			continue;
		fprintf(out, "%s\"%s\"", comma, words[bit]);
		comma = ",";
	}
	fputc(']', out);
}

static void put_boot(FILE *out, const uint8_t boot[16])
{
	int i;

	fputs(",\"boot\":\"", out);
	for (i = 0; i < 16; i++)
		fprintf(out, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", boot[i]);
	fputc('"', out);
}

static void put_time(FILE *out, uint64_t time_ns)
{
	time_t seconds = (time_t)(time_ns / 1000000000);
	struct tm tm = { 0 };

	gmtime_r(&seconds, &tm);
	fprintf(out, ",\"time\":\"%04d-%02d-%02dT%02d:%02d:%02d.%09uZ\"", tm.tm_year + 1900,
		tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		(unsigned int)(time_ns % 1000000000));
}

static void put_address(FILE *out, const struct agentos_event *e)
{
	char text[INET6_ADDRSTRLEN], other[NAME_ROOM];

	put_word(out, "family", name_family(e->family, other));
	if ((e->family == AF_INET || e->family == AF_INET6) &&
	    inet_ntop(e->family, e->addr, text, sizeof(text)))
		put_word(out, "address", text);
	put_number(out, "port", e->port);
	if (e->protocol)
		put_word(out, "protocol", name_protocol(e->protocol, other));
}

static void put_object(FILE *out, const struct agentos_event *e)
{
	size_t len = e->text_len < sizeof(e->text) ? e->text_len : sizeof(e->text) - 1;
	unsigned int kind = e->object_kind;
	char other[NAME_ROOM];

	fprintf(out, ",\"object\":{\"kind\":\"%s\"", name_kind(kind, other));
	if (len || kind == AGENTOS_OBJECT_PATH || kind == AGENTOS_OBJECT_UNIX)
		put_text(out, "text", e->text, len);
	if (e->flags & AGENTOS_EVENT_TRUNCATED)
		fputs(",\"truncated\":true", out);
	if (e->flags & AGENTOS_EVENT_DENTRY)
		fputs(",\"relative\":true", out);
	if (e->ino) {
		put_number(out, "dev", e->dev);
		put_number(out, "ino", e->ino);
		put_number(out, "gen", e->gen);
	}
	if (kind == AGENTOS_OBJECT_INET)
		put_address(out, e);
	if (kind == AGENTOS_OBJECT_TASK || kind == AGENTOS_OBJECT_NUMBER || e->number ||
	    e->number2) {
		put_number(out, "number", e->number);
		put_number(out, "number2", e->number2);
	}
	if (e->hook == AGENTOS_HOOK_TASK_KILL && e->number2)
		put_word(out, "signal", name_signal(e->number2, other));
	if (e->hook == AGENTOS_HOOK_CAPABLE && kind == AGENTOS_OBJECT_NUMBER)
		put_word(out, "capability", name_capability(e->number, other));
	fputc('}', out);
}

static void put_error(FILE *out, int32_t error)
{
	const char *name = error < 0 ? strerrorname_np((int)-(int64_t)error) : NULL;

	if (name)
		put_word(out, "error", name);
	else
		fputs(",\"error\":null", out);
	put_signed(out, "errno", -(int64_t)error);
}

static void put_rule(FILE *out, uint32_t rule)
{
	if (rule == AGENTOS_RULE_NONE)
		fputs(",\"rule\":null", out);
	else
		put_number(out, "rule", rule);
}

static void event_json(FILE *out, const struct record *r)
{
	const struct agentos_event *e = &r->u.event;
	char other[NAME_ROOM];

	put_number(out, "kernel_seq", e->seq);
	put_number(out, "boottime_ns", e->time_ns);
	put_agent(out, r->agent_name, e->agent);
	put_word(out, "verdict", name_verdict(e->verdict, other));
	put_word(out, "hook", name_hook(e->hook, other));
	put_number(out, "hook_number", e->hook);
	put_word(out, "why", name_why(e->why, other));
	if (e->flags & (AGENTOS_EVENT_KILL | AGENTOS_EVENT_WATCH))
		put_word(out, "effect", e->flags & AGENTOS_EVENT_KILL ? "kill" : "watch");
	put_rights(out, e->right);
	put_rule(out, e->rule);
	put_number(out, "policy", e->policy);
	put_access(out, e->access);
	put_error(out, e->error);
	put_signed(out, "pid", e->tgid);
	put_signed(out, "tid", e->tid);
	put_number(out, "uid", e->uid);
	put_text(out, "comm", e->comm, strnlen(e->comm, sizeof(e->comm)));
	put_object(out, e);
}

/* These count denials where others have rights. */
static bool lifecycle_is_counted(const struct agentos_lifecycle *l)
{
	return l->type == AGENTOS_LIFECYCLE_REPEATED || l->type == AGENTOS_LIFECYCLE_RELEASED;
}

static void lifecycle_count_json(FILE *out, const struct agentos_lifecycle *l)
{
	char other[NAME_ROOM];

	put_number(out, "count", l->count);
	put_number(out, "since_boottime_ns", l->since_ns);
	if (l->type != AGENTOS_LIFECYCLE_REPEATED)
		return;
	put_word(out, "was", name_verdict(l->reason, other));
	put_word(out, "of", l->code == AGENTOS_REPEATED_OTHERS ? "others" : "same");
}

static void lifecycle_json(FILE *out, const struct record *r)
{
	const struct agentos_lifecycle *l = &r->u.lifecycle;
	char other[NAME_ROOM];

	put_number(out, "kernel_seq", l->seq);
	put_number(out, "boottime_ns", l->time_ns);
	put_word(out, "event", name_lifecycle(l->type, other));
	if (l->type == AGENTOS_LIFECYCLE_LOST) {
		put_number(out, "lost", l->lost);
		return;
	}
	put_agent(out, l->name[0] ? l->name : r->agent_name, l->agent);
	if (lifecycle_is_counted(l))
		lifecycle_count_json(out, l);
	else
		put_rights(out, l->rights);
	put_number(out, "policy", l->policy);
	put_signed(out, "pid", l->tgid);
	put_number(out, "uid", l->uid);
	put_number(out, "parent", l->parent);
	if (l->type == AGENTOS_LIFECYCLE_BUDGET) {
		put_word(out, "resource", name_resource(l->resource, other));
		put_signed(out, "percent", l->code);
	}
	if (l->type == AGENTOS_LIFECYCLE_CREATE && l->code & AGENTOS_CREATE_AUDIT_ONLY)
		fputs(",\"audit_only\":true", out);
	if (l->type == AGENTOS_LIFECYCLE_CREATE && l->code & AGENTOS_CREATE_STRICT)
		fputs(",\"strict\":true", out);
	if (l->type == AGENTOS_LIFECYCLE_POLICY)
		put_signed(out, "before", l->code);
	if (l->type == AGENTOS_LIFECYCLE_HELD) {
		put_signed(out, "share", l->code);
		put_number(out, "in_flight", l->in_flight);
	}
	if (l->type == AGENTOS_LIFECYCLE_PAUSE)
		put_word(out, "reason", name_reason(l->reason, other));
	if (l->type != AGENTOS_LIFECYCLE_EXIT)
		return;
	put_word(out, "reason", name_reason(l->reason, other));
	put_signed(out, "code", l->code);
	if (l->reason == AGENTOS_REASON_SIGNAL)
		put_word(out, "signal", name_signal((uint32_t)l->code, other));
	put_number(out, "forks", l->forks);
}

static void loss_json(FILE *out, const struct record *r)
{
	put_number(out, "count", r->u.loss.count);
	put_number(out, "first", r->u.loss.first);
	put_number(out, "last", r->u.loss.last);
}

static void daemon_json(FILE *out, const struct record *r)
{
	size_t len = strnlen(r->u.daemon.text, sizeof(r->u.daemon.text));
	char other[NAME_ROOM];

	put_word(out, "note", name_note(r->u.daemon.note, other));
	put_number(out, "number", r->u.daemon.number);
	if (len)
		put_text(out, "text", r->u.daemon.text, len);
}

/* Texts of one record alone have names; of several each is a piece of what they have together. */
static void policy_json(FILE *out, const struct record *r)
{
	static const char *const keys[] = { "name", "file", "workspace", "home" };
	const size_t len = r->u.policy.text_len < sizeof(r->u.policy.text) ?
				   r->u.policy.text_len :
				   sizeof(r->u.policy.text) - 1;
	const char *text = r->u.policy.text, *end = text + len, *stop;
	size_t i;

	put_number(out, "policy", r->u.policy.policy);
	put_agent(out, r->agent_name, r->u.policy.agent);
	fprintf(out, ",\"digest\":\"%016" PRIx64 "\"", r->u.policy.digest);
	if (r->u.policy.parts != 1) {
		put_number(out, "part", r->u.policy.part);
		put_number(out, "parts", r->u.policy.parts);
		put_text(out, "text", text, len);
		return;
	}
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		stop = memchr(text, '\0', (size_t)(end - text));
		put_text(out, keys[i], text, (size_t)((stop ? stop : end) - text));
		text = stop ? stop + 1 : end;
	}
}

static void egress_json(FILE *out, const struct record *r)
{
	char text[INET6_ADDRSTRLEN], other[NAME_ROOM];

	put_agent(out, r->agent_name, r->u.egress.agent);
	put_number(out, "policy", r->u.egress.policy);
	put_word(out, "outcome", name_outcome(r->u.egress.outcome, other));
	put_word(out, "why", name_egress(r->u.egress.why, other));
	put_rule(out, r->u.egress.rule);
	put_text(out, "host", r->u.egress.host,
		 strnlen(r->u.egress.host, sizeof(r->u.egress.host)));
	put_number(out, "port", r->u.egress.port);
	if (r->u.egress.tunnel)
		fputs(",\"tunnel\":true", out);
	if (r->u.egress.family)
		put_word(out, "family", name_family(r->u.egress.family, other));
	if ((r->u.egress.family == AF_INET || r->u.egress.family == AF_INET6) &&
	    inet_ntop(r->u.egress.family, r->u.egress.addr, text, sizeof(text)))
		put_word(out, "address", text);
	if (r->u.egress.outcome == EGRESS_CLOSED) {
		put_number(out, "bytes_up", r->u.egress.bytes_up);
		put_number(out, "bytes_down", r->u.egress.bytes_down);
	}
}

static void put_digest(FILE *out, const char *key, const uint8_t digest[RECORD_DIGEST])
{
	static const uint8_t none[RECORD_DIGEST];
	size_t i;

	if (memcmp(digest, none, sizeof(none)) == 0)
		return;
	fprintf(out, ",\"%s\":\"", key);
	for (i = 0; i < RECORD_DIGEST; i++)
		fprintf(out, "%02x", digest[i]);
	fputc('"', out);
}

/* Where something took time at all, all of it. */
static void call_times_json(FILE *out, const struct record *r)
{
	if (r->u.call.own_us)
		put_number(out, "own_us", r->u.call.own_us);
	if (!r->u.call.attempts)
		return;
	put_number(out, "attempts", r->u.call.attempts);
	put_number(out, "queue_us", r->u.call.queue_us);
	put_number(out, "upstream_us", r->u.call.upstream_us);
	if (r->u.call.upstream_first_us)
		put_number(out, "upstream_first_us", r->u.call.upstream_first_us);
}

static void call_json(FILE *out, const struct record *r)
{
	const size_t provider = strnlen(r->u.call.provider, sizeof(r->u.call.provider)),
		     model = strnlen(r->u.call.model, sizeof(r->u.call.model));
	char other[NAME_ROOM];

	put_agent(out, r->agent_name, r->u.call.agent);
	put_number(out, "policy", r->u.call.policy);
	put_word(out, "outcome", name_answer(r->u.call.outcome, other));
	put_word(out, "why", name_call(r->u.call.why, other));
	put_rule(out, r->u.call.rule);
	if (r->u.call.other)
		put_number(out, "other", r->u.call.other);
	if (provider)
		put_text(out, "provider", r->u.call.provider, provider);
	if (model)
		put_text(out, "model", r->u.call.model, model);
	if (r->u.call.wire)
		put_word(out, "wire", name_wire(r->u.call.wire, other));
	if (r->u.call.served[0])
		put_text(out, "served", r->u.call.served,
			 strnlen(r->u.call.served, sizeof(r->u.call.served)));
	if (r->u.call.operation)
		put_word(out, "operation", name_operation(r->u.call.operation, other));
	if (r->u.call.upstream)
		put_word(out, "upstream", name_wire(r->u.call.upstream, other));
	if (r->u.call.streamed)
		fputs(",\"streamed\":true", out);
	if (r->u.call.cached)
		fputs(",\"cached\":true", out);
	if (r->u.call.status)
		put_number(out, "status", r->u.call.status);
	put_number(out, "input_tokens", r->u.call.input);
	put_number(out, "output_tokens", r->u.call.output);
	put_number(out, "cache_read_tokens", r->u.call.cache_read);
	put_number(out, "cache_write_tokens", r->u.call.cache_write);
	put_number(out, "reasoning_tokens", r->u.call.reasoning);
	put_number(out, "microdollars", r->u.call.microdollars);
	if (r->u.call.duration_us)
		put_number(out, "duration_us", r->u.call.duration_us);
	if (r->u.call.first_us)
		put_number(out, "first_us", r->u.call.first_us);
	call_times_json(out, r);
	put_digest(out, "request_sha256", r->u.call.request);
	put_digest(out, "answer_sha256", r->u.call.answer);
}

void render_json(FILE *out, const struct record *r)
{
	static const struct {
		const char *name;
		void (*put)(FILE *out, const struct record *r);
	} types[] = {
		[RECORD_EVENT] = { "event", event_json },
		[RECORD_LIFECYCLE] = { "lifecycle", lifecycle_json },
		[RECORD_LOSS] = { "loss", loss_json },
		[RECORD_DAEMON] = { "daemon", daemon_json },
		[RECORD_POLICY] = { "policy", policy_json },
		[RECORD_EGRESS] = { "egress", egress_json },
		[RECORD_CALL] = { "call", call_json },
	};
	bool known = r->type < sizeof(types) / sizeof(types[0]) && types[r->type].name;
	char other[NAME_ROOM];

	fprintf(out, "{\"seq\":%" PRIu64, r->seq);
	put_time(out, r->time_ns);
	put_boot(out, r->boot);
	if (known) {
		put_word(out, "type", types[r->type].name);
		/* The others are agentosd's own. */
		if (r->type < RECORD_DAEMON)
			put_word(out, "stream", name_stream(r->stream, other));
		types[r->type].put(out, r);
	} else {
		fprintf(out, ",\"type\":\"type-%u\"", r->type);
	}
	fputs("}\n", out);
}
