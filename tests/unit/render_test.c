// SPDX-License-Identifier: GPL-2.0-or-later
/* Every record that there can be is one line, in words and in JSON, and nothing in it acts. */
#include "audit/render.h"
#include "policy/egress.h"
#include "tests/tap.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>

#include "audit/names.h"
#include "base/escape.h"

static char line[16384];

static const char *shown(const struct record *r, bool json, bool colour)
{
	FILE *out = fmemopen(line, sizeof(line), "w");

	if (!out)
		exit(1);
	if (json)
		render_json(out, r);
	else
		render_text(out, r, colour);
	fclose(out);
	return line;
}

/* The line without its time and end. */
static const char *words(const struct record *r)
{
	shown(r, false, false);
	line[strcspn(line, "\n")] = '\0';
	return line + 14;
}

/*
 * JSON as RFC 8259 has it, no more: each function returns what follows, or NULL.
 */
static const char *json_value(const char *p, int depth);

static const char *json_string(const char *p)
{
	if (*p++ != '"')
		return NULL;
	for (; *p != '"'; p++) {
		if ((unsigned char)*p < 0x20)
			return NULL;
		if (*p != '\\')
			continue;
		p++;
		if (*p == 'u' && isxdigit(p[1]) && isxdigit(p[2]) && isxdigit(p[3]) &&
		    isxdigit(p[4]))
			p += 4;
		else if (!*p || !strchr("\"\\/bfnrt", *p))
			return NULL;
	}
	return p + 1;
}

static const char *json_number(const char *p)
{
	p += *p == '-';
	if (!isdigit(*p) || (*p == '0' && isdigit(p[1])))
		return NULL;
	while (isdigit(*p))
		p++;
	return p;
}

static const char *json_list(const char *p, char end, bool keyed, int depth)
{
	if (*p == end)
		return p + 1;
	for (;;) {
		if (keyed) {
			p = json_string(p);
			if (!p || *p++ != ':')
				return NULL;
		}
		p = json_value(p, depth + 1);
		if (!p)
			return NULL;
		if (*p == end)
			return p + 1;
		if (*p++ != ',')
			return NULL;
	}
}

static const char *json_value(const char *p, int depth)
{
	if (depth > 4)
		return NULL;
	if (*p == '{')
		return json_list(p + 1, '}', true, depth);
	if (*p == '[')
		return json_list(p + 1, ']', false, depth);
	if (*p == '"')
		return json_string(p);
	if (strncmp(p, "true", 4) == 0 || strncmp(p, "null", 4) == 0)
		return p + 4;
	return json_number(p);
}

/* One line, of nothing that a terminal, a parser or a browser acts on. */
static bool text_is_inert(const char *p)
{
	size_t len = strlen(p), i;

	if (!len || p[len - 1] != '\n' || !escape_is_utf8(p, len))
		return false;
	for (i = 0; i < len - 1; i++) {
		if ((unsigned char)p[i] < 0x20 || p[i] == 0x7f)
			return false;
		if ((unsigned char)p[i] == 0xc2 && (unsigned char)p[i + 1] < 0xa0)
			return false;
		if (memcmp(p + i, "\xe2\x80\xae", 3) == 0 || memcmp(p + i, "\xe2\x80\xa8", 3) == 0)
			return false;
	}
	return true;
}

static bool json_is_inert(const char *p)
{
	const char *end = json_value(p, 0);

	return text_is_inert(p) && end && strcmp(end, "\n") == 0 && !strpbrk(p, "<>&'");
}

static struct record event_make(unsigned int hook, unsigned int why, unsigned int kind)
{
	struct record r = { .seq = 42,
			    .time_ns = 1700000000123456789,
			    .type = RECORD_EVENT,
			    .agent_name = "coder" };
	struct agentos_event *e = &r.u.event;

	e->verdict = AGENTOS_VERDICT_DENIED;
	e->why = (uint8_t)why;
	e->hook = (uint16_t)hook;
	e->object_kind = (uint16_t)kind;
	e->rule = AGENTOS_RULE_NONE;
	e->agent = 7;
	e->policy = 3;
	e->tgid = e->tid = 431;
	e->error = -EACCES;
	strcpy(e->comm, "python3");
	return r;
}

static void object_text(struct record *r, const char *text)
{
	strcpy(r->u.event.text, text);
	r->u.event.text_len = (uint32_t)strlen(text);
}

/* As nasty as its room allows: escapes, quotes, tags, broken UTF-8, direction changes, no NUL. */
static void make_hostile(char *to, size_t size)
{
	static const char nasty[] =
		"\x1b]0;x\x07\"</script>'&\\\n\r\xff\xc2\x9b\xe2\x80\xae\xe2\x80\xa8%s%n\x7f\xed\xa0\x80";
	size_t i;

	for (i = 0; i + 1 < size; i++)
		to[i] = nasty[i % (sizeof(nasty) - 1)];
	to[size - 1] = '\0';
}

static void every_hook_reason_and_kind_is_one_inert_line(void)
{
	unsigned int hook, why, kind, verdict, hostile, lines = 0, bad = 0;
	struct record r;

	/* One loop of five variables. */
	/* clang-format off */
	for (hook = 0; hook <= AGENTOS_HOOK_COUNT; hook++)
	for (why = 0; why <= AGENTOS_WHY_UNRECORDED + 1; why++)
	for (kind = 0; kind <= AGENTOS_OBJECT_TEXT + 1; kind++)
	for (verdict = 0; verdict < 3; verdict++)
	for (hostile = 0; hostile < 2; hostile++) {
		r = event_make(hook, why, kind);
		r.u.event.verdict = (uint8_t)verdict;
		if (hostile) {
			memset((char *)&r.u.event + 16, 0xff, sizeof(r.u.event) - 16);
			make_hostile(r.agent_name, sizeof(r.agent_name));
			make_hostile(r.u.event.comm, sizeof(r.u.event.comm));
			make_hostile(r.u.event.text, sizeof(r.u.event.text));
			r.u.event.text_len = sizeof(r.u.event.text) - 1;
			r.u.event.family = (uint16_t)(why % 2 ? AF_INET6 : AF_INET);
		}
		if (!text_is_inert(shown(&r, false, false)) && bad++ < 5)
			printf("# %s", line);
		if (!json_is_inert(shown(&r, true, false)) && bad++ < 5)
			printf("# %s", line);
		lines += 2;
	}
	/* clang-format on */
	CHECK_INT(bad, 0);
	CHECK(lines > 30000);
}

static void the_other_types_are_one_inert_line_each(void)
{
	unsigned int type, sub, reason, hostile, bad = 0;
	struct record r;

	for (type = 0; type <= RECORD_COUNT; type++)
		for (sub = 0; sub < 8; sub++)
			for (reason = 0; reason < 8; reason++)
				for (hostile = 0; hostile < 2; hostile++) {
					memset(&r, hostile ? 0xff : 0, sizeof(r));
					r.type = (uint16_t)type;
					r.stream = (uint16_t)(hostile ? 9 : sub % STREAM_COUNT);
					if (type == RECORD_LIFECYCLE) {
						r.u.lifecycle.type = (uint16_t)sub;
						r.u.lifecycle.reason = (uint16_t)reason;
					} else if (type == RECORD_DAEMON) {
						r.u.daemon.note = sub;
					} else if (type == RECORD_POLICY && !hostile) {
						r.u.policy.part = (uint16_t)(sub & 1);
						r.u.policy.parts = (uint16_t)reason;
						r.u.policy.text_len = sub;
					} else if (type == RECORD_CALL) {
						r.u.call.outcome = (uint16_t)sub;
						r.u.call.why = (uint16_t)(3 * reason);
					} else if (type == RECORD_EGRESS) {
						r.u.egress.outcome = (uint16_t)sub;
						r.u.egress.why = (uint16_t)(2 * reason);
						r.u.egress.family =
							(uint16_t)(hostile ? AF_INET6 : AF_INET);
					}
					if (hostile) {
						make_hostile(r.agent_name, sizeof(r.agent_name));
						if (type == RECORD_LIFECYCLE)
							make_hostile(r.u.lifecycle.name,
								     sizeof(r.u.lifecycle.name));
						if (type == RECORD_DAEMON)
							make_hostile(r.u.daemon.text,
								     sizeof(r.u.daemon.text));
						if (type == RECORD_EGRESS)
							make_hostile(r.u.egress.host,
								     sizeof(r.u.egress.host));
						if (type == RECORD_CALL)
							make_hostile(r.u.call.provider,
								     sizeof(r.u.call.provider));
						if (type == RECORD_CALL)
							make_hostile(r.u.call.model,
								     sizeof(r.u.call.model));
						if (type == RECORD_POLICY)
							make_hostile(r.u.policy.text,
								     sizeof(r.u.policy.text));
						if (type == RECORD_POLICY)
							r.u.policy.parts = (uint16_t)(sub & 1);
						if (type == RECORD_POLICY)
							r.u.policy.part = (uint16_t)(sub & 2);
					}
					if (!text_is_inert(shown(&r, false, false)) && bad++ < 5)
						printf("# %s", line);
					if (!json_is_inert(shown(&r, true, false)) && bad++ < 5)
						printf("# %s", line);
				}
	CHECK_INT(bad, 0);
}

static void the_validator_itself_refuses_what_is_no_json(void)
{
	static const char *const bad[] = {
		"{\"a\":1,}\n",	 "{\"a\":01}\n",       "{a:1}\n",    "{\"a\":\"\\x\"}\n",
		"{\"a\":1}\n\n", "{\"a\":\"\x1b\"}\n", "{\"a\":1\n", "{\"a\":\"<\"}\n"
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(!json_is_inert(bad[i]));
	CHECK(json_is_inert("{\"a\":[1,-2,null],\"b\":{\"c\":\"\\u003c\"}}\n"));
}

static void a_denied_file_reads_as_a_sentence(void)
{
	struct record r = event_make(AGENTOS_HOOK_FILE_OPEN, AGENTOS_WHY_RULE, AGENTOS_OBJECT_PATH);

	object_text(&r, "/home/u/.ssh/id_rsa");
	r.u.event.access = AGENTOS_FILE_READ;
	r.u.event.rule = 12;
	CHECK_STR(words(&r),
		  "DENIED  coder(7) python3[431] may not open /home/u/.ssh/id_rsa for reading: "
		  "rule 12 of its policy denies it");
	r.u.event.access = AGENTOS_FILE_READ | AGENTOS_FILE_WRITE;
	r.u.event.why = AGENTOS_WHY_NO_RULE;
	r.u.event.flags = AGENTOS_EVENT_TRUNCATED;
	object_text(&r, "/deep/file");
	CHECK_STR(words(&r),
		  "DENIED  coder(7) python3[431] may not open .../deep/file for reading and "
		  "writing: no rule of its policy allows it");
	r.u.event.flags = AGENTOS_EVENT_DENTRY;
	r.agent_name[0] = '\0';
	CHECK_STR(words(&r),
		  "DENIED  agent(7) python3[431] may not open /deep/file (counted from the root "
		  "of its file system) for reading and writing: no rule of its policy allows it");
	r = event_make(AGENTOS_HOOK_DELETE, AGENTOS_WHY_NO_RULE, AGENTOS_OBJECT_PATH);
	object_text(&r, "/x for \"reading\": no");
	strcpy(r.u.event.comm, "a[1] may");
	CHECK_STR(words(&r), "DENIED  coder(7) \"a[1] may\"[431] may not delete "
			     "\"/x for \\x22reading\\x22: no\": no rule of its policy allows it");
	r = event_make(AGENTOS_HOOK_FILE_OPEN, AGENTOS_WHY_NONE, AGENTOS_OBJECT_PATH);
	object_text(&r, "/etc/hosts");
	r.u.event.access = AGENTOS_FILE_READ;
	r.u.event.verdict = AGENTOS_VERDICT_ALLOWED;
	CHECK_STR(words(&r), "allowed coder(7) python3[431] may open /etc/hosts for reading");
	r.u.event.verdict = AGENTOS_VERDICT_WOULD_DENY;
	r.u.event.why = AGENTOS_WHY_NO_RULE;
	CHECK_STR(words(&r),
		  "PASSED  coder(7) python3[431] was let open /etc/hosts for reading, as it "
		  "is audit-only: no rule of its policy allows it");
	r.u.event.verdict = 3;
	CHECK_STR(words(&r),
		  "unclear coder(7) python3[431] tried to open /etc/hosts for reading: no "
		  "rule of its policy allows it");
}

static void addresses_tasks_and_numbers_read_as_what_they_are(void)
{
	struct record r =
		event_make(AGENTOS_HOOK_SOCKET_CONNECT, AGENTOS_WHY_RIGHT, AGENTOS_OBJECT_INET);

	r.u.event.right = AGENTOS_RIGHT(NET_CONNECT);
	r.u.event.family = AF_INET;
	r.u.event.port = 443;
	r.u.event.protocol = IPPROTO_TCP;
	memcpy(r.u.event.addr, "\xc0\x00\x02\x01", 4);
	CHECK_STR(words(&r),
		  "DENIED  coder(7) python3[431] may not connect to 192.0.2.1 port 443 (TCP): "
		  "it lacks the right net-connect");
	r.u.event.family = AF_INET6;
	inet_pton(AF_INET6, "2001:db8::1", r.u.event.addr);
	r.u.event.protocol = IPPROTO_UDP;
	CHECK_STR(words(&r),
		  "DENIED  coder(7) python3[431] may not connect to 2001:db8::1 port 443 (UDP): "
		  "it lacks the right net-connect");

	r = event_make(AGENTOS_HOOK_TASK_KILL, AGENTOS_WHY_OUTSIDE, AGENTOS_OBJECT_TASK);
	r.u.event.number = 99;
	r.u.event.number2 = 9;
	object_text(&r, "agentosd");
	CHECK_STR(words(&r),
		  "DENIED  coder(7) python3[431] may not signal agentosd[99] with SIGKILL: "
		  "the target is outside the agent");

	r = event_make(AGENTOS_HOOK_CAPABLE, AGENTOS_WHY_RIGHT, AGENTOS_OBJECT_NUMBER);
	r.u.event.right = AGENTOS_RIGHT(CAPABILITIES);
	r.u.event.number = 21;
	CHECK_STR(words(&r), "DENIED  coder(7) python3[431] may not use capability CAP_SYS_ADMIN: "
			     "it lacks the right capabilities");

	r = event_make(AGENTOS_HOOK_USERNS, AGENTOS_WHY_NEVER, AGENTOS_OBJECT_NONE);
	CHECK_STR(words(&r), "DENIED  coder(7) python3[431] may not make a user namespace: "
			     "no agent may, whatever its rights");

	/* A number that means nothing to anybody stays away; others are told as what they are. */
	r.u.event.object_kind = AGENTOS_OBJECT_NUMBER;
	CHECK_STR(words(&r), "DENIED  coder(7) python3[431] may not make a user namespace: "
			     "no agent may, whatever its rights");
	r = event_make(AGENTOS_HOOK_SIGNAL_OWNER, AGENTOS_WHY_OUTSIDE, AGENTOS_OBJECT_NUMBER);
	r.u.event.number = (uint64_t)-12;
	CHECK_STR(words(&r), "DENIED  coder(7) python3[431] may not direct signals to process "
			     "group 12: the target is outside the agent");
	r = event_make(AGENTOS_HOOK_SB_REMOUNT, AGENTOS_WHY_NEVER, AGENTOS_OBJECT_NUMBER);
	r.u.event.number = 8 << 20 | 1;
	CHECK_STR(words(&r), "DENIED  coder(7) python3[431] may not remount the file system on "
			     "device 8:1: no agent may, whatever its rights");

	r = event_make(AGENTOS_HOOK_DELETE, AGENTOS_WHY_RULE, AGENTOS_OBJECT_PATH);
	r.u.event.rule = AGENTOS_RULE_PINS;
	object_text(&r, "/sys/fs/bpf/agentos");
	CHECK_STR(words(&r), "DENIED  coder(7) python3[431] may not delete /sys/fs/bpf/agentos: "
			     "no agent may touch what enforces");
	r.u.event.rule = AGENTOS_RULE_LOG;
	CHECK_STR(words(&r), "DENIED  coder(7) python3[431] may not delete /sys/fs/bpf/agentos: "
			     "no agent may touch the audit log");
	r.u.event.rule = AGENTOS_RULE_KEYS;
	object_text(&r, "/var/lib/agentos/vault");
	CHECK_STR(words(&r), "DENIED  coder(7) python3[431] may not delete /var/lib/agentos/vault: "
			     "no agent may touch the keys");

	r = event_make(AGENTOS_HOOK_UNIX_STREAM, AGENTOS_WHY_RIGHT, AGENTOS_OBJECT_UNIX);
	r.u.event.right = AGENTOS_RIGHT(UNIX_CONNECT);
	memcpy(r.u.event.text, "@a\0b", 4);
	r.u.event.text_len = 4;
	CHECK_STR(words(&r),
		  "DENIED  coder(7) python3[431] may not connect to Unix socket @a\\x00b: "
		  "it lacks the right unix-connect");
}

static void a_life_reads_from_start_to_end(void)
{
	struct record r = { .type = RECORD_LIFECYCLE, .stream = STREAM_LIFECYCLE };
	struct agentos_lifecycle *l = &r.u.lifecycle;

	strcpy(l->name, "coder");
	l->agent = 7;
	l->policy = 3;
	l->tgid = 431;
	l->uid = 1000;
	l->rights = AGENTOS_RIGHT(FILE_READ) | AGENTOS_RIGHT(FILE_WRITE);
	l->type = AGENTOS_LIFECYCLE_CREATE;
	CHECK_STR(
		words(&r),
		"agent   coder(7) created for user id 1000: policy 3, rights file-read,file-write");
	l->code = AGENTOS_CREATE_AUDIT_ONLY;
	CHECK_STR(words(&r), "agent   coder(7) created for user id 1000: policy 3, rights "
			     "file-read,file-write; AUDIT-ONLY: what they refuse is done, and "
			     "recorded");
	l->code = 0;
	l->type = AGENTOS_LIFECYCLE_ATTACH;
	CHECK_STR(words(&r),
		  "agent   coder(7) started as process 431: policy 3, rights file-read,file-write");
	l->rights = AGENTOS_RIGHTS_ALL;
	CHECK_STR(words(&r), "agent   coder(7) started as process 431: policy 3, rights all");
	l->type = AGENTOS_LIFECYCLE_POLICY;
	l->code = 2;
	CHECK_STR(words(&r), "agent   coder(7) follows policy 3 from now on, no longer 2: process "
			     "431 had it so; rights all");
	l->code = 0;
	l->type = AGENTOS_LIFECYCLE_EXIT;
	l->reason = AGENTOS_REASON_EXIT;
	l->forks = 12;
	CHECK_STR(words(&r), "agent   coder(7) ended: exit status 0, 12 processes forked");
	l->reason = AGENTOS_REASON_SIGNAL;
	l->code = 11;
	l->forks = 1;
	CHECK_STR(words(&r), "agent   coder(7) ended: killed by SIGSEGV, 1 process forked");
	l->type = AGENTOS_LIFECYCLE_REPEATED;
	l->code = AGENTOS_REPEATED_SAME;
	l->reason = AGENTOS_VERDICT_DENIED;
	l->count = 984;
	l->since_ns = 2000000000;
	l->time_ns = 2250000000;
	CHECK_STR(words(&r), "agent   coder(7) was denied the same 984 times more, in 0.250 s: "
			     "process 431");
	CHECK(strstr(shown(&r, true, false), "\"event\":\"repeated\""));
	CHECK(strstr(
		shown(&r, true, false),
		"\"count\":984,\"since_boottime_ns\":2000000000,\"was\":\"denied\",\"of\":\"same\""));
	l->code = AGENTOS_REPEATED_OTHERS;
	CHECK_STR(words(&r), "agent   coder(7) was denied 984 acts more in calls that ask for "
			     "many, too fast to tell each: the last by process 431");
	l->reason = AGENTOS_VERDICT_WOULD_DENY;
	CHECK(strstr(words(&r), " would be denied 984 acts more"));
	l->type = AGENTOS_LIFECYCLE_RELEASED;
	l->count = 1;
	CHECK_STR(words(&r), "agent   coder(7) goes on: it outran its share for 0.250 s, and was "
			     "held 1 time");
	/* Whoever wrote that. */
	l->since_ns = UINT64_MAX;
	CHECK_STR(words(&r), "agent   coder(7) goes on: it outran its share for 0.000 s, and was "
			     "held 1 time");
	l->type = AGENTOS_LIFECYCLE_HELD;
	l->code = 256;
	l->in_flight = 257;
	CHECK_STR(words(&r), "agent   coder(7) is held, until its denials are read: process 431 "
			     "outran its share of 256, with 257 in flight");
	CHECK(strstr(shown(&r, true, false), "\"share\":256,\"in_flight\":257"));
	l->type = AGENTOS_LIFECYCLE_LOST;
	l->lost = 5;
	CHECK_STR(words(&r), "LOST    5 lifecycle records: they will never be seen");
}

static void a_loss_is_loud(void)
{
	struct record r = { .type = RECORD_LOSS, .stream = STREAM_DENIALS };

	r.u.loss.count = 31;
	r.u.loss.first = 100;
	r.u.loss.last = 130;
	CHECK_STR(words(&r),
		  "LOST    31 denial records (numbers 100 to 130): they will never be seen");
	r.u.loss.count = 12;
	CHECK_STR(words(&r),
		  "LOST    12 denial records (among numbers 100 to 130): they will never be seen");
	r.u.loss.count = 1;
	r.u.loss.last = 100;
	CHECK_STR(words(&r), "LOST    1 denial record (number 100): it will never be seen");
	r.u.loss.first = r.u.loss.last = 0;
	CHECK_STR(words(&r), "LOST    1 denial record: it will never be seen");
}

static void what_the_gateway_was_asked_for_reads_as_such(void)
{
	static const struct {
		unsigned int outcome, why, family;
		const char *host;
		bool tunnel;
		const char *expected;
	} rows[] = {
		{ EGRESS_ALLOWED, EGRESS_WHY_ALLOWED, AF_INET, "example.net", true,
		  "allowed coder(7) may reach example.net port 443 at 192.0.2.9 by a tunnel: rule 5 "
		  "of its policy allows it\n" },
		{ EGRESS_DENIED, EGRESS_WHY_NO_RULE, 0, "example.org", false,
		  "DENIED  coder(7) may not reach example.org port 443 by HTTP: no rule names this "
		  "host and port\n" },
		{ EGRESS_WOULD_DENY, EGRESS_WHY_PRIVATE, AF_INET, "x.example", true,
		  "PASSED  coder(7) was let reach x.example port 443 at 192.0.2.9 by a tunnel, as it "
		  "is audit-only: the name stands for no public address\n" },
		{ EGRESS_FAILED, EGRESS_WHY_UNREACHABLE, 0, "", true,
		  "failed  coder(7) could not reach a host that was not told port 443 by a tunnel: "
		  "the connection failed\n" },
		{ EGRESS_CLOSED, EGRESS_WHY_ALLOWED, 0, "example.net", true,
		  "closed  coder(7) is done with example.net port 443 by a tunnel: 12 bytes sent, "
		  "34 received\n" },
	};
	struct record r;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memset(&r, 0, sizeof(r));
		r.type = RECORD_EGRESS;
		strcpy(r.agent_name, "coder");
		r.u.egress.agent = 7;
		r.u.egress.rule = 5;
		r.u.egress.port = 443;
		r.u.egress.outcome = (uint16_t)rows[i].outcome;
		r.u.egress.why = (uint16_t)rows[i].why;
		r.u.egress.family = (uint16_t)rows[i].family;
		memcpy(r.u.egress.addr, "\xc0\x00\x02\x09", 4);
		r.u.egress.tunnel = rows[i].tunnel;
		r.u.egress.bytes_up = 12;
		r.u.egress.bytes_down = 34;
		strcpy(r.u.egress.host, rows[i].host);
		CHECK_STR(shown(&r, false, false) + strlen("00:00:00.000  "), rows[i].expected);
	}
	CHECK(strstr(shown(&r, true, false),
		     "\"type\":\"egress\",\"agent\":7,\"agent_name\":\"coder\",\"policy\":0,"
		     "\"outcome\":\"closed\",\"why\":\"allowed\",\"rule\":5,\"host\":"
		     "\"example.net\",\"port\":443,\"tunnel\":true,\"bytes_up\":12,"
		     "\"bytes_down\":34}"));
}

static void the_daemons_notes_carry_their_text(void)
{
	struct record r = { .type = RECORD_DAEMON };

	r.u.daemon.note = DAEMON_UNWRITABLE;
	r.u.daemon.number = 3;
	strcpy(r.u.daemon.text, "No space left on device");
	CHECK_STR(words(&r), "LOST    3 records could not be written: they will never be seen: "
			     "No space left on device");
	r.u.daemon.note = DAEMON_APPLIED;
	strcpy(r.u.daemon.text, "agent 7, asked for by process 431 of user id 1000");
	CHECK_STR(words(&r), "daemon  agentosd put a running agent under policy 3: agent 7, asked "
			     "for by process 431 of user id 1000");
	r.u.daemon.note = DAEMON_PRUNED;
	r.u.daemon.number = 200;
	strcpy(r.u.daemon.text, "records 1 to 200, 48000 bytes, 2026-01-02 to 2026-02-03");
	CHECK_STR(words(&r),
		  "daemon  agentosd removes the records up to 200 as they are old: records "
		  "1 to 200, 48000 bytes, 2026-01-02 to 2026-02-03");
	r.u.daemon.note = DAEMON_ROTATED;
	r.u.daemon.number = 77;
	strcpy(r.u.daemon.text, "log+0000000a, until now log+0000000b");
	CHECK_STR(words(&r), "daemon  agentosd signs this log with another key, from behind record "
			     "77 on: log+0000000a, until now log+0000000b");
	r.u.daemon.number = 3;
	r.u.daemon.note = DAEMON_TORN;
	r.u.daemon.text[0] = '\0';
	CHECK_STR(words(&r),
		  "daemon  agentosd found 3 bytes of a half-written record at the end of this "
		  "log, and cut them");
}

static void the_time_is_local_in_words_and_utc_in_json(void)
{
	struct record r = event_make(AGENTOS_HOOK_USERNS, AGENTOS_WHY_NEVER, AGENTOS_OBJECT_NONE);

	setenv("TZ", "XXX-2", 1);
	tzset();
	CHECK(strncmp(shown(&r, false, false), "00:13:20.123  DENIED", 20) == 0);
	CHECK(strstr(shown(&r, true, false), "\"time\":\"2023-11-14T22:13:20.123456789Z\""));
	unsetenv("TZ");
	tzset();
}

static void colour_is_there_only_when_asked_for(void)
{
	struct record r = event_make(AGENTOS_HOOK_USERNS, AGENTOS_WHY_NEVER, AGENTOS_OBJECT_NONE);

	CHECK(!strchr(shown(&r, false, false), '\x1b'));
	CHECK(strstr(shown(&r, false, true), "\033[1;31mDENIED\033[0m  coder"));
	CHECK(!strchr(shown(&r, true, true), '\x1b'));
}

/* The whole line: a key that changes must be seen here. */
static void json_of_a_denied_file_is_as_documented(void)
{
	struct record r = event_make(AGENTOS_HOOK_FILE_OPEN, AGENTOS_WHY_RULE, AGENTOS_OBJECT_PATH);

	object_text(&r, "/tmp/\xff\"<\xc3\xa9");
	r.u.event.access = AGENTOS_FILE_READ;
	r.u.event.rule = 12;
	r.u.event.seq = 5;
	r.u.event.ino = 99;
	r.u.event.uid = 1000;
	r.boot[0] = 0xab;
	CHECK_STR(shown(&r, true, false),
		  "{\"seq\":42,\"time\":\"2023-11-14T22:13:20.123456789Z\","
		  "\"boot\":\"ab000000-0000-0000-0000-000000000000\",\"type\":\"event\","
		  "\"stream\":\"denials\",\"kernel_seq\":5,\"boottime_ns\":0,\"agent\":7,"
		  "\"agent_name\":\"coder\",\"verdict\":\"denied\",\"hook\":\"file_open\","
		  "\"hook_number\":1,\"why\":\"rule\",\"rights\":[],\"rule\":12,\"policy\":3,"
		  "\"access\":[\"read\"],\"error\":\"EACCES\",\"errno\":13,\"pid\":431,\"tid\":431,"
		  "\"uid\":1000,\"comm\":\"python3\",\"object\":{\"kind\":\"path\","
		  "\"text\":\"/tmp/\\u00ff\\u0022\\u003c\xc3\xa9\","
		  "\"text_hex\":\"2f746d702fff223cc3a9\",\"dev\":0,\"ino\":99,\"gen\":0}}\n");
}

static void every_name_is_a_word_and_every_unknown_number_is_told(void)
{
	char other[NAME_ROOM];
	unsigned int i;

	for (i = 0; i < AGENTOS_HOOK_COUNT; i++) {
		CHECK_INT(strspn(name_hook(i, other), "abcdefghijklmnopqrstuvwxyz_"),
			  strlen(name_hook(i, other)));
		CHECK(*name_doing(i, other));
	}
	for (i = 0; i < AGENTOS_RIGHT_COUNT; i++)
		CHECK(strncmp(name_right(i, other), "right-", 6) != 0);
	CHECK_STR(name_hook(58, other), "hook-58");
	CHECK_STR(name_why(11, other), "why-11");
	CHECK_STR(name_note(0, other), "note-0");
	CHECK_STR(name_right(63, other), "right-63");
	CHECK_STR(name_signal(UINT64_MAX, other), "signal 18446744073709551615");
	CHECK_STR(name_protocol(UINT64_MAX, other), "protocol 18446744073709551615");
}

static const struct tap_test tests[] = {
	TEST(the_validator_itself_refuses_what_is_no_json),
	TEST(every_hook_reason_and_kind_is_one_inert_line),
	TEST(the_other_types_are_one_inert_line_each),
	TEST(what_the_gateway_was_asked_for_reads_as_such),
	TEST(a_denied_file_reads_as_a_sentence),
	TEST(addresses_tasks_and_numbers_read_as_what_they_are),
	TEST(a_life_reads_from_start_to_end),
	TEST(a_loss_is_loud),
	TEST(the_daemons_notes_carry_their_text),
	TEST(the_time_is_local_in_words_and_utc_in_json),
	TEST(colour_is_there_only_when_asked_for),
	TEST(json_of_a_denied_file_is_as_documented),
	TEST(every_name_is_a_word_and_every_unknown_number_is_told),
};

TAP_MAIN(tests)
