// SPDX-License-Identifier: GPL-2.0-or-later
/* What the gateway tells agentosd of agents that live, have ended, or never were: kept, or the gateway is ended. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/drain_state.h"
#include "daemon/egress.h"
#include "daemon/gateway_state.h"
#include "daemon/keys.h"
#include "daemon/say.h"
#include "rpc/call_why.h"
#include "rpc/gate.h"
#include "tests/tap.h"

#define FORGOTTEN 5000 /* agents that came and went: many more than have a name kept */

/*
 * --- agentosd around it, made up: the module is a pipe that lifecycle records come out of, and
 * the log is here ---
 */

static struct daemon d;
static struct gateway g;
static size_t kept, breaches;
static struct record last;
static struct drain drain;
static int module;  /* what is written there it tells */
static bool stuck;  /* the log cannot be written: nothing is read */
static size_t lost; /* records that the log was told of as lost */
static struct loop_handle timer;

void say(const char *fmt, ...)
{
}

void gateway_breach(struct gateway *gateway, const char *what)
{
	breaches++;
	loop_stop(gateway->daemon->loop);
}

static void record_keep(const struct record *what)
{
	last = *what;
	kept++;
	loop_stop(d.loop);
}

void drain_call(struct drain *to, const struct record *what)
{
	record_keep(what);
}

void drain_egress(struct drain *to, const struct record *what)
{
	record_keep(what);
}

bool drain_recovered(struct drain *to)
{
	return !stuck;
}

void drain_record_init(const struct drain *to, struct record *r, enum record_type type,
		       unsigned int stream)
{
	memset(r, 0, sizeof(*r));
}

void drain_record_time(struct record *r, uint64_t boot_ns)
{
}

int drain_append(struct drain *to, struct record *r)
{
	return 0;
}

int drain_write(struct drain *to)
{
	return 0;
}

int drain_loss(struct drain *to, unsigned int stream, uint64_t count, uint64_t first,
	       uint64_t last_seq)
{
	lost += count;
	return 0;
}

void feeds_take(struct feeds *f, const struct record *r)
{
}

void feeds_ended(struct feeds *f, uint32_t policy)
{
}

void feeds_sweep(struct feeds *f)
{
}

void egress_drop(struct egress *e, uint32_t policy)
{
}

void egress_sweep(struct egress *e)
{
}

const struct compiled_egress *egress_find(const struct egress *e, uint32_t policy,
					  uint32_t *ret_count)
{
	*ret_count = 0;
	return NULL;
}

bool egress_had(const struct egress *e, uint32_t policy)
{
	return false;
}

void keys_lease(const struct gate_key_of *of, struct gate_key *ret_key)
{
	ret_key->error = -ENOENT;
}

/* --- what it tells --- */

static void too_long(int result, void *cookie)
{
	loop_stop(d.loop);
}

/* True: it was kept. False: the gateway was ended. */
static bool told(const void *message, size_t len)
{
	const size_t before = kept, ended = breaches;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return false;
	g.gate = pair[0];
	g.receive = (struct loop_handle){ .done = gate_received, .cookie = &g };
	timer = (struct loop_handle){ .done = too_long };
	CHECK_INT(gate_listen(&g), 0);
	CHECK_INT(loop_timer(d.loop, &timer, 10000), 0);
	CHECK_INT(send(pair[1], message, len, 0), (int)len);
	loop_run(d.loop);
	loop_cancel(&timer);
	loop_cancel(&g.receive);
	close(pair[0]);
	close(pair[1]);
	CHECK_INT(kept - before + (breaches - ended), 1);
	return kept > before;
}

/* The module tells, and nobody has read it yet. */
static void module_tells(uint16_t type, uint64_t agent, uint64_t records)
{
	const struct agentos_lifecycle l = { .size = sizeof(l),
					     .type = type,
					     .agent = agent,
					     .lost = records,
					     .name = "late" };

	CHECK_INT(write(module, &l, sizeof(l)), sizeof(l));
}

static bool called(uint64_t agent, enum call_why why)
{
	const struct gate_called m = {
		.header = { sizeof(m), GATE_VERSION, GATE_CALLED },
		.agent = agent,
		.policy = 3,
		.rule = AGENTOS_RULE_NONE,
		.why = (uint16_t)why,
		.status = 200,
		.input = 7,
		.output = 3
	};

	return told(&m, sizeof(m));
}

static bool closed(uint64_t agent)
{
	const struct gate_tell m = {
		.header = { sizeof(m), GATE_VERSION, GATE_TELL },
		.agent = agent,
		.bytes_up = 5,
		.policy = 3,
		.phase = GATE_CLOSED,
		.port = 443,
		.family = AF_INET,
		.addr = { 192, 0, 2, 9 },
		.tunnel = 1,
		.host = "example.net"
	};

	return told(&m, sizeof(m));
}

/* Agents 1 to FORGOTTEN were made, and have ended. */
static void stage_begin(void)
{
	static const char name[AGENTOS_NAME_SIZE] = "agent";
	const char *note;
	int pair[2];
	uint64_t i;

	memset(&d, 0, sizeof(d));
	memset(&g, 0, sizeof(g));
	memset(&drain, 0, sizeof(drain));
	lost = 0;
	stuck = false;
	d.dev = -1;
	d.drain = &drain;
	g.daemon = &d;
	CHECK_INT(pipe2(pair, O_CLOEXEC | O_NONBLOCK), 0);
	module = pair[1];
	drain.options.dev = pair[0];
	/* There is one; it is not looked at. */
	drain.enforce = (struct enforce *)&d;
	CHECK_INT(names_open(&d.names), 0);
	drain.options.names = d.names;
	CHECK_INT(loop_open(&d.loop, &note), 0);
	for (i = 1; i <= FORGOTTEN; i++) {
		names_add(d.names, i, name);
		names_retire(d.names, i);
	}
}

static void stage_end(void)
{
	loop_close(d.loop);
	names_close(d.names);
	close(module);
	close(drain.options.dev);
}

static void what_is_told_late_is_kept_though_its_name_is_gone(void)
{
	stage_begin();
	CHECK_STR(names_find(d.names, 1), "");
	CHECK(called(1, CALL_WHY_NONE));
	CHECK_INT(last.type, RECORD_CALL);
	CHECK_INT(last.u.call.agent, 1);
	CHECK_INT(last.u.call.input, 7);
	CHECK(called(2, CALL_WHY_CLIENT_GONE));
	CHECK(closed(1));
	CHECK_INT(last.type, RECORD_EGRESS);
	CHECK_INT(last.u.egress.agent, 1);
	CHECK_INT(last.u.egress.bytes_up, 5);
	/* The control: one whose name is there still. */
	CHECK(called(FORGOTTEN, CALL_WHY_NONE));
	stage_end();
}

static void who_never_was_ends_the_gateway(void)
{
	stage_begin();
	CHECK(!called(FORGOTTEN + 1, CALL_WHY_NONE));
	CHECK(!called(UINT64_MAX, CALL_WHY_TIMEOUT));
	CHECK(!closed(FORGOTTEN + 1));
	CHECK(!told("rubbish", 7));
	stage_end();
}

static void who_came_and_went_unread_is_read_of_first(void)
{
	unsigned int n;

	stage_begin();
	/* More than are read at once. */
	for (n = 1; n <= 2 * LIFECYCLE_BATCH + 1; n++)
		module_tells(AGENTOS_LIFECYCLE_CREATE, FORGOTTEN + n, 0);
	CHECK(called(FORGOTTEN + 1, CALL_WHY_NONE));
	CHECK(called(FORGOTTEN + 2 * LIFECYCLE_BATCH + 1, CALL_WHY_NONE));
	CHECK(!called(FORGOTTEN + 2 * LIFECYCLE_BATCH + 2, CALL_WHY_NONE));
	/* What was lost may have been of others. */
	module_tells(AGENTOS_LIFECYCLE_LOST, 0, 10);
	CHECK(called(FORGOTTEN + 2 * LIFECYCLE_BATCH + 11, CALL_WHY_NONE));
	CHECK_INT(lost, 10);
	CHECK(!called(FORGOTTEN + 2 * LIFECYCLE_BATCH + 12, CALL_WHY_NONE));
	/* Nothing can be read: nobody is refuted. */
	stuck = true;
	CHECK(called(FORGOTTEN + 2 * LIFECYCLE_BATCH + 12, CALL_WHY_NONE));
	stage_end();
}

static void the_greatest_id_is_kept_and_lost_ones_count(void)
{
	static const char name[AGENTOS_NAME_SIZE] = "agent";
	struct names *n;

	REQUIRE(names_open(&n) == 0);
	CHECK(!names_had(n, 0));
	CHECK(!names_had(n, 1));
	names_add(n, 5, name);
	names_add(n, 3, name);
	CHECK(names_had(n, 1));
	CHECK(names_had(n, 5));
	CHECK(!names_had(n, 6));
	CHECK(!names_had(n, 0));
	names_lose(n, 10);
	CHECK(names_had(n, 15));
	CHECK(!names_had(n, 16));
	names_lose(n, UINT64_MAX);
	CHECK(names_had(n, UINT64_MAX));
	names_close(n);
}

static const struct tap_test tests[] = {
	TEST(what_is_told_late_is_kept_though_its_name_is_gone),
	TEST(who_never_was_ends_the_gateway),
	TEST(who_came_and_went_unread_is_read_of_first),
	TEST(the_greatest_id_is_kept_and_lost_ones_count),
};

int main(int argc, char **argv)
{
	return tap_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
