// SPDX-License-Identifier: GPL-2.0-or-later
/* Filters: each kind of question finds what it asks for and nothing else, and a loss is never hidden. */
#include "audit/filter.h"
#include "tests/tap.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include "base/limits.h"

static struct filter *filter;
static struct fault fault;

static void filter_new(void)
{
	filter_free(filter);
	filter = NULL;
	if (filter_create(&filter) != 0)
		exit(1);
}

static bool asks(enum filter_kind kind, const char *value)
{
	return filter_add(filter, kind, value, &fault) == 0;
}

static struct record act(unsigned int hook, unsigned int verdict, const char *path)
{
	struct record r = { .seq = 1, .time_ns = 1000, .type = RECORD_EVENT };

	strcpy(r.agent_name, "coder");
	r.u.event.agent = 7;
	r.u.event.hook = (uint16_t)hook;
	r.u.event.verdict = (uint8_t)verdict;
	r.u.event.why = AGENTOS_WHY_RULE;
	r.u.event.rule = 12;
	r.u.event.object_kind = AGENTOS_OBJECT_PATH;
	strcpy(r.u.event.comm, "cat");
	strcpy(r.u.event.text, path);
	r.u.event.text_len = (uint32_t)strlen(path);
	return r;
}

static struct record connection(const char *address, uint16_t port)
{
	struct record r = act(AGENTOS_HOOK_SOCKET_CONNECT, AGENTOS_VERDICT_DENIED, "");
	bool six = strchr(address, ':') != NULL;

	r.u.event.object_kind = AGENTOS_OBJECT_INET;
	r.u.event.family = six ? AF_INET6 : AF_INET;
	r.u.event.port = port;
	r.u.event.why = AGENTOS_WHY_RIGHT;
	r.u.event.rule = AGENTOS_RULE_NONE;
	r.u.event.right = AGENTOS_RIGHT(NET_CONNECT);
	inet_pton(r.u.event.family, address, r.u.event.addr);
	return r;
}

static struct record request(const char *host, unsigned int outcome)
{
	struct record r = { .seq = 1, .time_ns = 1000, .type = RECORD_EGRESS };

	strcpy(r.agent_name, "coder");
	r.u.egress.agent = 7;
	r.u.egress.outcome = (uint16_t)outcome;
	r.u.egress.rule = 3;
	r.u.egress.port = 443;
	strcpy(r.u.egress.host, host);
	return r;
}

static struct record created(uint64_t agent, uint64_t parent, const char *name)
{
	struct record r = { .seq = 1, .time_ns = 1000, .type = RECORD_LIFECYCLE, .stream = 2 };

	r.u.lifecycle.type = AGENTOS_LIFECYCLE_CREATE;
	r.u.lifecycle.agent = agent;
	r.u.lifecycle.parent = parent;
	strcpy(r.u.lifecycle.name, name);
	return r;
}

static struct record of_agent(uint64_t agent, const char *name)
{
	struct record r = act(AGENTOS_HOOK_FILE_OPEN, AGENTOS_VERDICT_DENIED, "/x");

	r.u.event.agent = agent;
	strcpy(r.agent_name, name);
	return r;
}

static int finds(const struct record r)
{
	return filter_match(filter, &r);
}

static void without_a_question_all_match(void)
{
	filter_new();
	CHECK_INT(finds(act(AGENTOS_HOOK_EXEC, AGENTOS_VERDICT_ALLOWED, "/bin/sh")), 1);
	CHECK_INT(finds(created(1, 0, "a")), 1);
	CHECK_INT(finds((struct record){ .type = RECORD_DAEMON }), 1);
	CHECK_INT(finds((struct record){ .type = RECORD_POLICY }), 1);
	CHECK_INT(finds((struct record){ .type = 99 }), 1);
}

static void alternatives_of_a_kind_are_ored(void)
{
	filter_new();
	CHECK(asks(FILTER_OPERATION, "file_open") && asks(FILTER_OPERATION, "path_rename"));
	CHECK_INT(finds(act(AGENTOS_HOOK_FILE_OPEN, 1, "/a")), 1);
	CHECK_INT(finds(act(AGENTOS_HOOK_RENAME, 1, "/a")), 1);
	CHECK_INT(finds(act(AGENTOS_HOOK_LINK, 1, "/a")), 0);
	CHECK_INT(finds(request("example.com", EGRESS_DENIED)), 0);
}

static void kinds_are_anded(void)
{
	filter_new();
	CHECK(asks(FILTER_OPERATION, "file_open") && asks(FILTER_VERDICT, "denied"));
	CHECK_INT(finds(act(AGENTOS_HOOK_FILE_OPEN, AGENTOS_VERDICT_DENIED, "/a")), 1);
	CHECK_INT(finds(act(AGENTOS_HOOK_FILE_OPEN, AGENTOS_VERDICT_ALLOWED, "/a")), 0);
	CHECK_INT(finds(act(AGENTOS_HOOK_LINK, AGENTOS_VERDICT_DENIED, "/a")), 0);
}

static void an_operation_with_several_numbers_is_all_of_them(void)
{
	filter_new();
	CHECK(asks(FILTER_OPERATION, "task_alloc") && asks(FILTER_OPERATION, "egress"));
	CHECK_INT(finds(act(AGENTOS_HOOK_CLONE_CGROUP, 1, "")), 1);
	CHECK_INT(finds(act(AGENTOS_HOOK_CLONE_PARENT, 1, "")), 1);
	CHECK_INT(finds(request("example.com", EGRESS_DENIED)), 1);
}

static void what_is_no_value_is_answered_with_a_list(void)
{
	filter_new();
	CHECK_INT(filter_add(filter, FILTER_OPERATION, "fil_open\033[2J", &fault), -EINVAL);
	CHECK(strstr(fault.text, "fil_open\\x1b[2J") &&
	      strstr(fault.text, "file_open, path_mknod"));
	CHECK_INT(filter_add(filter, FILTER_VERDICT, "refused", &fault), -EINVAL);
	CHECK(strstr(fault.text, "would-deny"));
	CHECK_INT(filter_add(filter, FILTER_REASON, "net-conect", &fault), -EINVAL);
	CHECK(strstr(fault.text, "net-connect") && strstr(fault.text, "file-read"));
	CHECK_INT(filter_add(filter, FILTER_REASON, "4294967295", &fault), -EINVAL);
	CHECK_INT(filter_add(filter, FILTER_REASON, "12a", &fault), -EINVAL);
	CHECK_INT(filter_add(filter, FILTER_TYPE, "events", &fault), -EINVAL);
	CHECK(strstr(fault.text, "lifecycle"));
	CHECK_INT(filter_add(filter, FILTER_AGENT, "", &fault), -EINVAL);
	CHECK_INT(filter_add(filter, FILTER_OBJECT, "", &fault), -EINVAL);
	CHECK_INT(finds(act(AGENTOS_HOOK_LINK, 1, "/a")), 1);
}

static void an_agent_is_told_by_name_or_id(void)
{
	filter_new();
	CHECK(asks(FILTER_AGENT, "coder"));
	CHECK_INT(finds(of_agent(1, "coder")), 1);
	CHECK_INT(finds(of_agent(1, "coder2")), 0);
	CHECK_INT(finds(created(9, 0, "coder")), 1);
	CHECK_INT(finds(request("example.com", EGRESS_ALLOWED)), 1);
	CHECK_INT(finds((struct record){ .type = RECORD_DAEMON }), 0);
	filter_new();
	CHECK(asks(FILTER_AGENT, "7"));
	CHECK_INT(finds(of_agent(7, "anybody")), 1);
	CHECK_INT(finds(of_agent(8, "7")), 1);
	CHECK_INT(finds(of_agent(8, "coder")), 0);
}

static void below_an_agent_is_as_the_log_tells(void)
{
	struct record r;
	static const struct {
		uint64_t id, parent;
		const char *name;
	} made[] = { { 4, 0, "coder" }, { 5, 4, "x" }, { 6, 5, "y" }, { 7, 0, "other" } };
	size_t i;

	filter_new();
	CHECK(asks(FILTER_AGENT, "coder"));
	filter_set_below(filter);
	for (i = 0; i < 4; i++) {
		r = created(made[i].id, made[i].parent, made[i].name);
		CHECK_INT(filter_note(filter, &r), 0);
	}
	CHECK_INT(finds(of_agent(4, "coder")), 1);
	CHECK_INT(finds(of_agent(5, "x")), 1);
	CHECK_INT(finds(of_agent(6, "")), 1);
	CHECK_INT(finds(of_agent(7, "other")), 0);
	/* The module is loaded anew: ids begin again. */
	r = created(5, 0, "stranger");
	CHECK_INT(filter_note(filter, &r), 0);
	CHECK_INT(finds(of_agent(5, "stranger")), 0);
	/* And in another boot nobody is below anybody yet. */
	r = created(4, 0, "new");
	r.boot[0] = 1;
	CHECK_INT(filter_note(filter, &r), 0);
	r = of_agent(6, "");
	r.boot[0] = 1;
	CHECK_INT(finds(r), 0);
	CHECK_INT(finds(of_agent(6, "")), 0);
}

static void below_an_id_is_as_well(void)
{
	struct record r = created(5, 4, "x");

	filter_new();
	CHECK(asks(FILTER_AGENT, "4"));
	filter_set_below(filter);
	CHECK_INT(filter_note(filter, &r), 0);
	CHECK_INT(finds(of_agent(5, "x")), 1);
	filter_restart(filter);
	CHECK_INT(finds(of_agent(5, "x")), 0);
}

static void how_many_are_below_is_bounded(void)
{
	struct record r = created(1, 0, "coder");
	int rc = filter_note(filter, &r);
	uint64_t id;

	filter_new();
	CHECK(asks(FILTER_AGENT, "coder"));
	filter_set_below(filter);
	for (id = 1; rc == 0 && id < 2 * LIMIT_FILTER_BELOW; id++) {
		r = created(id, 0, "coder");
		rc = filter_note(filter, &r);
	}
	CHECK_INT(rc, -E2BIG);
	CHECK_INT(id, LIMIT_FILTER_BELOW + 2);
}

static void verdicts_are_of_acts_and_of_connections(void)
{
	filter_new();
	CHECK(asks(FILTER_VERDICT, "would-deny"));
	CHECK_INT(finds(act(AGENTOS_HOOK_LINK, AGENTOS_VERDICT_WOULD_DENY, "/a")), 1);
	CHECK_INT(finds(act(AGENTOS_HOOK_LINK, AGENTOS_VERDICT_DENIED, "/a")), 0);
	CHECK_INT(finds(act(AGENTOS_HOOK_LINK, 9, "/a")), 0);
	CHECK_INT(finds(request("a", EGRESS_WOULD_DENY)), 1);
	CHECK_INT(finds(request("a", EGRESS_FAILED)), 0);
	CHECK_INT(finds(created(1, 0, "a")), 0);
	CHECK(asks(FILTER_VERDICT, "failed"));
	CHECK_INT(finds(request("a", EGRESS_FAILED)), 1);
	filter_new();
	filter_add_refused(filter);
	CHECK_INT(finds(act(AGENTOS_HOOK_LINK, 9, "/a")), 1);
	CHECK_INT(finds(act(AGENTOS_HOOK_LINK, AGENTOS_VERDICT_ALLOWED, "/a")), 0);
	CHECK_INT(finds(request("a", EGRESS_DENIED)), 1);
	CHECK_INT(finds(request("a", EGRESS_CLOSED)), 0);
}

/* A record that tells of many denials is shown to who asks for denials, of that agent. */
static void counted_denials_are_denials(void)
{
	struct record r = created(7, 0, "coder");

	r.u.lifecycle.type = AGENTOS_LIFECYCLE_REPEATED;
	r.u.lifecycle.reason = AGENTOS_VERDICT_DENIED;
	r.u.lifecycle.count = 900;
	filter_new();
	filter_add_refused(filter);
	CHECK_INT(finds(r), 1);
	r.u.lifecycle.reason = 9;
	CHECK_INT(finds(r), 1);
	r.u.lifecycle.reason = AGENTOS_VERDICT_ALLOWED;
	CHECK_INT(finds(r), 0);
	r.u.lifecycle.reason = AGENTOS_VERDICT_DENIED;
	r.u.lifecycle.type = AGENTOS_LIFECYCLE_HELD;
	CHECK_INT(finds(r), 0);
	filter_new();
	CHECK(asks(FILTER_VERDICT, "would-deny"));
	r.u.lifecycle.type = AGENTOS_LIFECYCLE_REPEATED;
	CHECK_INT(finds(r), 0);
	r.u.lifecycle.reason = AGENTOS_VERDICT_WOULD_DENY;
	CHECK_INT(finds(r), 1);
	CHECK(asks(FILTER_AGENT, "other"));
	CHECK_INT(finds(r), 0);
}

static void rules_and_rights_are_alternatives(void)
{
	filter_new();
	CHECK(asks(FILTER_REASON, "12") && asks(FILTER_REASON, "net-connect"));
	CHECK_INT(finds(act(AGENTOS_HOOK_FILE_OPEN, 1, "/a")), 1);
	CHECK_INT(finds(connection("192.0.2.1", 443)), 1);
	CHECK_INT(finds(request("a", EGRESS_DENIED)), 0);
	CHECK(asks(FILTER_REASON, "3"));
	CHECK_INT(finds(request("a", EGRESS_DENIED)), 1);
	filter_new();
	CHECK(asks(FILTER_REASON, "net-listen"));
	CHECK_INT(finds(connection("192.0.2.1", 443)), 0);
}

static void objects_are_found_by_a_part_or_a_pattern(void)
{
	static const struct {
		const char *asked, *path;
		bool found;
	} rows[] = {
		{ ".ssh", "/srv/a/.ssh/id", true },
		{ "/etc/shadow", "/etc/shadow-", true },
		{ "/etc/*", "/etc/ssl/key", true },
		{ "/etc/*", "/var/etc/x", false },
		{ "*.pem", "/a/b.pem", true },
		{ "*.pem", "/a/b.pem2", false },
		{ "/a/[xy]", "/a/y", true },
		{ "\033[31m", "/a/\033[31mb", false }, /* "[" makes it a pattern */
		{ "*\033*", "/a/\033[31mb", true },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		filter_new();
		CHECK(asks(FILTER_OBJECT, rows[i].asked));
		CHECK_MSG(finds(act(AGENTOS_HOOK_FILE_OPEN, 1, rows[i].path)) == rows[i].found,
			  "%s in %s", rows[i].asked, rows[i].path);
	}
	CHECK_INT(finds(created(1, 0, "a")), 0);
}

static void a_name_with_nuls_is_searched_whole(void)
{
	struct record r = act(AGENTOS_HOOK_UNIX_STREAM, 1, "");

	memcpy(r.u.event.text, "@a\0secret", 9);
	r.u.event.text_len = 9;
	filter_new();
	CHECK(asks(FILTER_OBJECT, "secret"));
	CHECK_INT(finds(r), 1);
	/* However long it says it is. */
	r.u.event.text_len = UINT32_MAX;
	CHECK_INT(finds(r), 1);
}

static void addresses_are_found_with_their_port_and_without(void)
{
	filter_new();
	CHECK(asks(FILTER_OBJECT, "192.0.2.1"));
	CHECK_INT(finds(connection("192.0.2.1", 443)), 1);
	CHECK_INT(finds(connection("192.0.2.2", 443)), 0);
	filter_new();
	CHECK(asks(FILTER_OBJECT, "*:443"));
	CHECK_INT(finds(connection("192.0.2.2", 443)), 1);
	CHECK_INT(finds(connection("192.0.2.2", 4430)), 0);
	CHECK_INT(finds(request("a.example.com", EGRESS_DENIED)), 1);
	filter_new();
	CHECK(asks(FILTER_OBJECT, "example.com"));
	CHECK_INT(finds(request("a.example.com", EGRESS_DENIED)), 1);
	CHECK_INT(finds(request("a.example.net", EGRESS_DENIED)), 0);
}

/* As the log's own lines have them, as `stats` does, and as others write them. */
static void addresses_are_found_however_they_are_written(void)
{
	static const struct {
		const char *asked, *address;
		uint16_t port;
		bool found;
	} rows[] = {
		{ "2001:db8::1", "2001:db8::1", 80, true },
		{ "2001:0DB8:0:0:0:0:0:1", "2001:db8::1", 80, true },
		{ "[2001:db8::1]:80", "2001:db8::1", 80, true },
		{ "[2001:db8::1]:80", "2001:db8::1", 8080, false },
		{ "[2001:db8:0::1]:80", "2001:db8::1", 80, true },
		{ "[2001:db8::1]", "2001:db8::1", 80, true },
		{ "[2001:db8::1]:*", "2001:db8::1", 80, true },
		{ "2001:db8::1", "2001:db8::11", 80, false },
		{ "::1", "2001:db8::1", 80, false },
		{ "192.0.2.1", "192.0.2.10", 80, false },
		{ "192.0.2.1:8", "192.0.2.1", 80, false },
		/* Parts and patterns, as of any text. */
		{ "192.0.2.", "192.0.2.10", 80, true },
		{ "2001:DB8:", "2001:db8::1", 80, true },
		{ "2001:DB8:*", "2001:db8::1", 80, true },
		{ "2001:db8:*", "2001:db9::1", 80, false },
		{ "[2001:db8:*]:80", "2001:db8::1", 80, true },
		{ "[2001:db8:*]:80", "2001:db8::1", 8080, false },
		{ "[2001:db8:*]", "2001:db8::1", 80, true },
		{ "[2001:db8::?]:*", "2001:db8::1", 80, true },
		{ "*:80", "2001:db8::1", 80, true },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		filter_new();
		CHECK_MSG(asks(FILTER_OBJECT, rows[i].asked), "%s", fault.text);
		CHECK_MSG(finds(connection(rows[i].address, rows[i].port)) == rows[i].found,
			  "%s in %s port %u", rows[i].asked, rows[i].address, rows[i].port);
	}
}

/* The gateway's client may ask for an address, and a name is at one. */
static void addresses_are_found_behind_the_gateway(void)
{
	struct record r = request("example.com", EGRESS_ALLOWED);

	r.u.egress.family = AF_INET6;
	inet_pton(AF_INET6, "2001:db8::1", r.u.egress.addr);
	filter_new();
	CHECK(asks(FILTER_OBJECT, "[2001:DB8:0::1]:443"));
	CHECK_INT(finds(r), 1);
	CHECK_INT(finds(request("2001:db8::0:1", EGRESS_DENIED)), 1);
	CHECK_INT(finds(request("2001:db8::11", EGRESS_DENIED)), 0);
	CHECK_INT(finds(request("example.com", EGRESS_DENIED)), 0);
	filter_new();
	CHECK(asks(FILTER_OBJECT, "[2001:db8:*]:443"));
	CHECK_INT(finds(request("2001:db8::1", EGRESS_DENIED)), 1);
	/* In a path an address is a text, and its brackets are no set of characters. */
	filter_new();
	CHECK(asks(FILTER_OBJECT, "[2001:db8::1]:80") && asks(FILTER_OBJECT, "192.0.2.1"));
	CHECK_INT(finds(act(AGENTOS_HOOK_FILE_OPEN, 1, "/srv/[2001:db8::1]:80/log")), 1);
	CHECK_INT(finds(act(AGENTOS_HOOK_FILE_OPEN, 1, "/srv/192.0.2.10")), 1);
	CHECK_INT(finds(act(AGENTOS_HOOK_FILE_OPEN, 1, "d:80")), 0);
}

static void an_address_that_is_none_is_refused(void)
{
	filter_new();
	CHECK_INT(filter_add(filter, FILTER_OBJECT, "[2001:db8::\033g]:443", &fault), -EINVAL);
	CHECK_STR(fault.text,
		  "\"[2001:db8::\\x1bg]:443\" is no address: one is 2001:db8::1, with a "
		  "port [2001:db8::1]:443, and \"2001:db8:*\" is all that begin so");
	CHECK_INT(filter_add(filter, FILTER_OBJECT, "[::1]:99999", &fault), -EINVAL);
	/* Nothing was added. */
	CHECK_INT(finds(act(AGENTOS_HOOK_LINK, 1, "/a")), 1);
}

static void text_is_that_of_the_line(void)
{
	filter_new();
	CHECK(asks(FILTER_TEXT, "coder(7) cat[0] may not open"));
	CHECK_INT(finds(act(AGENTOS_HOOK_FILE_OPEN, AGENTOS_VERDICT_DENIED, "/a/long/path")), 1);
	/* A shorter line leaves nothing of the one before. */
	CHECK_INT(finds((struct record){ .type = RECORD_DAEMON, .time_ns = 1 }), 0);
	CHECK_INT(finds(act(AGENTOS_HOOK_FILE_OPEN, AGENTOS_VERDICT_ALLOWED, "/a")), 0);
	filter_new();
	CHECK(asks(FILTER_TEXT, "\\x1b[31m"));
	CHECK_INT(finds(act(AGENTOS_HOOK_FILE_OPEN, 1, "/a/\033[31mb")), 1);
}

static void a_loss_is_shown_whatever_is_asked(void)
{
	struct record loss = { .type = RECORD_LOSS, .time_ns = 5, .stream = STREAM_DENIALS };
	struct record module = { .type = RECORD_LIFECYCLE, .time_ns = 5, .stream = 2 };
	struct record unwritten = { .type = RECORD_DAEMON, .time_ns = 5 };

	module.u.lifecycle.type = AGENTOS_LIFECYCLE_LOST;
	unwritten.u.daemon.note = DAEMON_UNWRITABLE;
	filter_new();
	CHECK(asks(FILTER_AGENT, "coder") && asks(FILTER_VERDICT, "denied") &&
	      asks(FILTER_OBJECT, "x"));
	CHECK_INT(finds(loss), 1);
	CHECK_INT(finds(module), 1);
	CHECK_INT(finds(unwritten), 1);
	CHECK_INT(finds((struct record){ .type = RECORD_DAEMON, .time_ns = 5 }), 0);
	CHECK(asks(FILTER_TYPE, "event"));
	CHECK_INT(finds(loss), 1);
	CHECK_INT(finds(module), 0);
	CHECK_INT(finds(unwritten), 1);
	filter_new();
	CHECK(asks(FILTER_TYPE, "egress"));
	CHECK_INT(finds(loss), 0);
	filter_new();
	filter_set_time(filter, 6, UINT64_MAX);
	CHECK_INT(finds(loss), 0);
}

static void time_has_a_begin_and_an_end(void)
{
	struct record r = act(AGENTOS_HOOK_LINK, 1, "/a");

	filter_new();
	filter_set_time(filter, 1000, 1001);
	CHECK_INT(finds(r), 1);
	r.time_ns = 999;
	CHECK_INT(finds(r), 0);
	r.time_ns = 1001;
	CHECK_INT(finds(r), 0);
}

static void alternatives_are_bounded(void)
{
	int i, rc = 0;

	filter_new();
	for (i = 0; i < LIMIT_FILTER && rc == 0; i++)
		rc = filter_add(filter, FILTER_TEXT, "x", &fault);
	CHECK_INT(rc, 0);
	CHECK_INT(filter_add(filter, FILTER_TEXT, "x", &fault), -E2BIG);
	filter_free(filter);
	filter = NULL;
}

static const struct tap_test tests[] = {
	TEST(without_a_question_all_match),
	TEST(alternatives_of_a_kind_are_ored),
	TEST(kinds_are_anded),
	TEST(an_operation_with_several_numbers_is_all_of_them),
	TEST(what_is_no_value_is_answered_with_a_list),
	TEST(an_agent_is_told_by_name_or_id),
	TEST(below_an_agent_is_as_the_log_tells),
	TEST(below_an_id_is_as_well),
	TEST(how_many_are_below_is_bounded),
	TEST(verdicts_are_of_acts_and_of_connections),
	TEST(counted_denials_are_denials),
	TEST(rules_and_rights_are_alternatives),
	TEST(objects_are_found_by_a_part_or_a_pattern),
	TEST(a_name_with_nuls_is_searched_whole),
	TEST(addresses_are_found_with_their_port_and_without),
	TEST(addresses_are_found_however_they_are_written),
	TEST(addresses_are_found_behind_the_gateway),
	TEST(an_address_that_is_none_is_refused),
	TEST(text_is_that_of_the_line),
	TEST(a_loss_is_shown_whatever_is_asked),
	TEST(time_has_a_begin_and_an_end),
	TEST(alternatives_are_bounded),
};
TAP_MAIN(tests)
