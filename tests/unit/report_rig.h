/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Logs for tests of reports: records one by one, and a day of a few agents, some of them hostile. */
#ifndef AGENTOS_TESTS_REPORT_RIG_H
#define AGENTOS_TESTS_REPORT_RIG_H

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "policy/egress.h"
#include "rpc/call_why.h"
#include "tests/unit/log_rig.h"

#define RIG_BEGIN 1795766400ULL /* 2026-11-27 08:00:00 UTC */
#define RIG_NS	  1000000000ULL

/* What nobody may take for more than text. */
#define RIG_AGENT "<script>alert(1)<script>"
#define RIG_COMM  "\"><img src=x>"
#define RIG_PATH            \
	"/srv/\xe2\x80\xae" \
	"gnp.exe\x1b[31m</td><script>alert('x')</script>\xff&amp;"

static struct segment_writer *rig_writer;
static uint64_t rig_ns; /* of the next record */
static const char *rig_boot = "boot a.........";

/* A new log; the clock is set. */
static inline bool rig_begin(void)
{
	const struct segment_options o = { .directory = log_dir,
					   .boot = (const uint8_t *)rig_boot,
					   .limit = 64 << 20,
					   .buffer = 1 << 20 };
	struct segment_tail tail;

	log_new();
	rig_ns = RIG_BEGIN * RIG_NS;
	return segment_open_with(&o, &rig_writer, &tail, NULL) == 0;
}

static inline bool rig_put(struct record r)
{
	r.time_ns = rig_ns;
	memcpy(r.boot, rig_boot, sizeof(r.boot));
	if (segment_append(rig_writer, &r) == 0)
		return true;
	return segment_flush(rig_writer) == 0 && segment_append(rig_writer, &r) == 0;
}

static inline bool rig_end(void)
{
	bool ok = segment_flush(rig_writer) == 0;

	segment_close(rig_writer);
	rig_writer = NULL;
	return ok;
}

static inline void rig_name(struct record *r, const char *name)
{
	snprintf(r->agent_name, sizeof(r->agent_name), "%s", name);
}

static inline struct record rig_life(unsigned int type, uint64_t agent, const char *name)
{
	struct record r = { .type = RECORD_LIFECYCLE, .stream = STREAM_LIFECYCLE };

	rig_name(&r, name);
	memcpy(r.u.lifecycle.name, r.agent_name, sizeof(r.u.lifecycle.name));
	r.u.lifecycle.size = sizeof(r.u.lifecycle);
	r.u.lifecycle.type = (uint16_t)type;
	r.u.lifecycle.agent = agent;
	r.u.lifecycle.policy = 5;
	r.u.lifecycle.uid = 1000;
	r.u.lifecycle.tgid = 300;
	r.u.lifecycle.rights = AGENTOS_RIGHT(FILE_READ) | AGENTOS_RIGHT(FILE_WRITE);
	return r;
}

static inline bool rig_make(uint64_t agent, const char *name, uint64_t parent)
{
	struct record r = rig_life(AGENTOS_LIFECYCLE_CREATE, agent, name);

	r.u.lifecycle.parent = parent;
	if (agent == 6)
		r.u.lifecycle.policy = 6;
	return rig_put(r);
}

static inline bool rig_exit(uint64_t agent, const char *name, unsigned int reason, int code)
{
	struct record r = rig_life(AGENTOS_LIFECYCLE_EXIT, agent, name);

	r.u.lifecycle.reason = (uint16_t)reason;
	r.u.lifecycle.code = code;
	r.u.lifecycle.forks = 12;
	return rig_put(r);
}

static inline struct record rig_event(unsigned int verdict, unsigned int hook, const char *path)
{
	struct record r = {
		.type = RECORD_EVENT,
		.stream = verdict == AGENTOS_VERDICT_ALLOWED ? STREAM_ALLOWED : STREAM_DENIALS
	};
	struct agentos_event *e = &r.u.event;

	rig_name(&r, "coder");
	e->size = sizeof(*e);
	e->version = AGENTOS_EVENT_VERSION;
	e->verdict = (uint8_t)verdict;
	e->hook = (uint16_t)hook;
	e->agent = 4;
	e->policy = 5;
	e->rule = AGENTOS_RULE_NONE;
	e->tgid = e->tid = 431;
	e->object_kind = AGENTOS_OBJECT_PATH;
	strcpy(e->comm, "python3");
	if (verdict != AGENTOS_VERDICT_ALLOWED) {
		e->why = AGENTOS_WHY_NO_RULE;
		e->error = -EACCES;
	}
	e->text_len = (uint32_t)strlen(path);
	memcpy(e->text, path, e->text_len + 1);
	return r;
}

static inline struct record rig_open(unsigned int verdict, const char *path, uint32_t access)
{
	struct record r = rig_event(verdict, AGENTOS_HOOK_FILE_OPEN, path);

	r.u.event.access = access;
	return r;
}

static inline struct record rig_connect(unsigned int verdict, unsigned int last, unsigned int port)
{
	struct record r = rig_event(verdict, AGENTOS_HOOK_SOCKET_CONNECT, "");

	r.u.event.object_kind = AGENTOS_OBJECT_INET;
	r.u.event.family = AF_INET;
	r.u.event.protocol = IPPROTO_TCP;
	r.u.event.port = (uint16_t)port;
	memcpy(r.u.event.addr, "\xc0\x00\x02", 3); /* 192.0.2.0/24 */
	r.u.event.addr[3] = (uint8_t)last;
	if (verdict != AGENTOS_VERDICT_ALLOWED) {
		r.u.event.why = AGENTOS_WHY_RIGHT;
		r.u.event.right = AGENTOS_RIGHT(NET_CONNECT);
	}
	return r;
}

static inline struct record rig_egress(unsigned int outcome, const char *host, unsigned int why)
{
	struct record r = { .type = RECORD_EGRESS };

	rig_name(&r, "fetcher");
	r.u.egress.agent = 6;
	r.u.egress.policy = 6;
	r.u.egress.rule = outcome == EGRESS_ALLOWED ? 3 : AGENTOS_RULE_NONE;
	r.u.egress.outcome = (uint16_t)outcome;
	r.u.egress.why = (uint16_t)why;
	r.u.egress.port = 443;
	r.u.egress.tunnel = 1;
	snprintf(r.u.egress.host, sizeof(r.u.egress.host), "%s", host);
	if (outcome == EGRESS_CLOSED) {
		r.u.egress.bytes_up = 4096;
		r.u.egress.bytes_down = 250000;
	}
	return r;
}

/* Of a model; what it took is told apart by the output. */
static inline struct record rig_call(unsigned int outcome, const char *model, unsigned int why)
{
	struct record r = { .type = RECORD_CALL };

	rig_name(&r, "fetcher");
	r.u.call.agent = 6;
	r.u.call.policy = 6;
	r.u.call.rule = outcome == CALL_ANSWERED ? 4 : AGENTOS_RULE_NONE;
	r.u.call.outcome = (uint16_t)outcome;
	r.u.call.why = (uint16_t)why;
	r.u.call.status = outcome == CALL_ANSWERED ? 200 : 403;
	r.u.call.duration_us = 812000;
	r.u.call.wire = r.u.call.upstream = 1;
	snprintf(r.u.call.provider, sizeof(r.u.call.provider), "openai");
	snprintf(r.u.call.model, sizeof(r.u.call.model), "%s", model);
	if (outcome == CALL_ANSWERED) {
		r.u.call.input = 1200;
		r.u.call.cache_read = 1000;
		r.u.call.output = 340;
		r.u.call.microdollars = 4200;
	}
	return r;
}

static inline struct record rig_policy(uint64_t agent, const char *name, uint32_t policy,
				       const char *called)
{
	struct record r = { .type = RECORD_POLICY };

	rig_name(&r, name);
	r.u.policy.agent = agent;
	r.u.policy.policy = policy;
	r.u.policy.parts = 1;
	/* Its file, workspace and home are not known. */
	r.u.policy.text_len = (uint32_t)strlen(called) + 4;
	strcpy(r.u.policy.text, called);
	return r;
}

static inline struct record rig_daemon(unsigned int note, uint64_t number, const char *text)
{
	struct record r = { .type = RECORD_DAEMON };

	r.u.daemon.note = note;
	r.u.daemon.number = number;
	snprintf(r.u.daemon.text, sizeof(r.u.daemon.text), "%s", text);
	return r;
}

static inline struct record rig_loss(unsigned int stream, uint64_t count)
{
	struct record r = { .type = RECORD_LOSS, .stream = (uint16_t)stream };

	r.u.loss.count = count;
	r.u.loss.first = 100;
	r.u.loss.last = 100 + count;
	return r;
}

/* An hour's work; number i is always the same. */
static inline bool rig_work(unsigned int i)
{
	static const char *const sources[] = { "/home/u/project/src/main.c",
					       "/home/u/project/src/list.c",
					       "/home/u/project/build/main.o", "/tmp/cc1234.s" };
	static const char *const secrets[] = { "/home/u/.ssh/id_ed25519", "/etc/shadow",
					       "/home/u/project/.env", RIG_PATH };
	struct record r;
	bool ok;

	rig_ns += (7 + i * i % 31) * RIG_NS;
	r = rig_open(AGENTOS_VERDICT_ALLOWED, sources[i % 4],
		     i % 3 ? AGENTOS_FILE_READ : AGENTOS_FILE_WRITE);
	ok = rig_put(r);
	if (i % 5 == 0) {
		r = rig_open(AGENTOS_VERDICT_DENIED, secrets[i / 5 % 4], AGENTOS_FILE_READ);
		r.u.event.why = i % 2 ? AGENTOS_WHY_RULE : AGENTOS_WHY_NO_RULE;
		r.u.event.rule = i % 2 ? 98 - i / 5 % 3 : AGENTOS_RULE_NONE;
		ok = ok && rig_put(r);
	}
	if (i % 11 == 0)
		ok = ok && rig_put(rig_connect(AGENTOS_VERDICT_DENIED, 1 + i % 3, 443));
	if (i % 13 == 0)
		ok = ok &&
		     rig_put(rig_event(AGENTOS_VERDICT_ALLOWED, AGENTOS_HOOK_CREATE,
				       "/tmp/cc1234.s")) &&
		     rig_put(rig_event(AGENTOS_VERDICT_ALLOWED, AGENTOS_HOOK_DELETE,
				       "/tmp/cc1234.s"));
	if (i % 17 == 0)
		ok = ok &&
		     rig_put(rig_egress(EGRESS_ALLOWED, "api.example.com", EGRESS_WHY_ALLOWED)) &&
		     rig_put(rig_egress(EGRESS_CLOSED, "api.example.com", EGRESS_WHY_ALLOWED));
	if (i % 19 == 0)
		ok = ok && rig_put(rig_call(CALL_ANSWERED, "gpt-5", CALL_WHY_NONE));
	if (i % 57 == 0)
		ok = ok &&
		     rig_put(rig_call(CALL_DENIED, i % 2 ? "</td>\x1b<b>x" : "o9",
				      CALL_WHY_NO_RULE)) &&
		     rig_put(rig_call(CALL_FAILED, "gpt-5", CALL_WHY_UNREACHABLE));
	if (i % 29 == 0) {
		r = rig_event(AGENTOS_VERDICT_WOULD_DENY, AGENTOS_HOOK_EXEC, "/usr/bin/curl");
		rig_name(&r, RIG_AGENT);
		memcpy(r.u.event.comm, RIG_COMM, sizeof(RIG_COMM));
		r.u.event.agent = 7;
		ok = ok && rig_put(r);
	}
	return ok;
}

/* All of it: about 700 records of four agents, with losses. */
static inline bool rig_day(void)
{
	struct record budget = rig_life(AGENTOS_LIFECYCLE_BUDGET, 4, "coder"),
		      pause = rig_life(AGENTOS_LIFECYCLE_PAUSE, 4, "coder"), kill;
	unsigned int i;
	bool ok;

	ok = rig_begin() && rig_put(rig_daemon(DAEMON_STARTED, 0, "")) && rig_make(4, "coder", 0) &&
	     rig_put(rig_policy(4, "coder", 5, "coding-agent")) &&
	     rig_put(rig_life(AGENTOS_LIFECYCLE_ATTACH, 4, "coder")) &&
	     rig_make(5, "coder.tests", 4) && rig_make(6, "fetcher", 0) &&
	     rig_put(rig_policy(6, "fetcher", 6, "<b>fetcher</b>")) && rig_make(7, RIG_AGENT, 0);
	for (i = 0; i < 150 && ok; i++)
		ok = rig_work(i);
	budget.u.lifecycle.resource = AGENTOS_RESOURCE_MICRODOLLARS;
	budget.u.lifecycle.code = 80;
	ok = ok && rig_put(budget) && rig_put(rig_loss(STREAM_ALLOWED, 1234)) &&
	     rig_exit(5, "coder.tests", AGENTOS_REASON_EXIT, 3);
	rig_ns += 600 * RIG_NS;
	for (i = 0; i < 40 && ok; i++)
		ok = rig_put(rig_egress(i % 2 ? EGRESS_DENIED : EGRESS_FAILED,
					i % 4 ? "tracker.example.net" : "<i>host</i>",
					i % 2 ? EGRESS_WHY_NO_RULE : EGRESS_WHY_UNREACHABLE));
	for (; i < 250 && ok; i++)
		ok = rig_work(i);
	budget.u.lifecycle.code = 100;
	pause.u.lifecycle.reason = AGENTOS_REASON_BUDGET;
	kill = rig_life(AGENTOS_LIFECYCLE_KILL, 7, RIG_AGENT);
	return ok && rig_put(budget) && rig_put(pause) && rig_put(kill) &&
	       rig_exit(7, RIG_AGENT, AGENTOS_REASON_KILLED, 9) &&
	       rig_put(rig_loss(STREAM_DENIALS, 2)) && rig_put(rig_daemon(DAEMON_STOPPED, 2, "")) &&
	       rig_end() && log_checkpoint(300);
}

#endif
