// SPDX-License-Identifier: GPL-2.0-or-later
/* The gateway's protocol: what each side may send, field by field, and bent by chance. */
#include "rpc/gate.h"
#include "tests/tap.h"

#include <stdbool.h>
#include <sys/socket.h>

#include "base/limits.h"
#include "policy/egress.h"
#include "rpc/call_why.h"

static struct gate_header head(enum gate_type type, size_t size)
{
	return (struct gate_header){ (uint32_t)size, GATE_VERSION, (uint16_t)type };
}

static struct gate_request request(enum gate_type type, uint32_t policy)
{
	return (struct gate_request){ .header = head(type, sizeof(struct gate_request)),
				      .policy = policy };
}

static struct gate_tell tell(void)
{
	return (struct gate_tell){
		.header = head(GATE_TELL, sizeof(struct gate_tell)),
		.agent = 7,
		.policy = 3,
		.phase = GATE_OPENED,
		.port = 443,
		.family = AF_INET,
		.addr = { 192, 0, 2, 9 },
		.tunnel = 1,
		.host = "example.net"
	};
}

static struct gate_rules rules(uint32_t total, uint32_t first, uint32_t count)
{
	struct gate_rules m = { .header = head(GATE_RULES_ARE, sizeof(m)),
				.policy = 3,
				.total = total,
				.first = first,
				.count = count };
	uint32_t i;

	for (i = 0; i < count; i++)
		m.rules[i] = (struct compiled_egress){
			.number = i,
			.kind = EGRESS_TLS,
			.port_first = 443,
			.port_last = 443,
			.host = "example.net"
		};
	return m;
}

static int from_gateway(const void *m, size_t len)
{
	return gate_check(m, len, 0, GATE_FROM_GATEWAY);
}

static int from_daemon(const void *m, size_t len, size_t fds)
{
	return gate_check(m, len, fds, GATE_FROM_DAEMON);
}

static void each_side_sends_its_own(void)
{
	struct gate_start start = { .header = head(GATE_START, sizeof(start)), .port = 1018 };
	struct gate_request ready = request(GATE_READY, 0), ask = request(GATE_ASK, 3);
	struct gate_rules some = rules(2, 0, 2), none = rules(0, 0, 0);
	struct gate_tell t = tell();

	CHECK_INT(from_daemon(&start, sizeof(start), 3), 0);
	CHECK_INT(from_daemon(&some, sizeof(some), 0), 0);
	CHECK_INT(from_daemon(&none, sizeof(none), 0), 0);
	CHECK_INT(from_gateway(&ready, sizeof(ready)), 0);
	CHECK_INT(from_gateway(&ask, sizeof(ask)), 0);
	CHECK_INT(from_gateway(&t, sizeof(t)), 0);
	/* And not the other's. */
	CHECK_INT(gate_check(&start, sizeof(start), 3, GATE_FROM_GATEWAY), -EBADMSG);
	CHECK_INT(from_gateway(&some, sizeof(some)), -EBADMSG);
	CHECK_INT(from_daemon(&ready, sizeof(ready), 0), -EBADMSG);
	CHECK_INT(from_daemon(&t, sizeof(t), 0), -EBADMSG);
}

static void sizes_versions_and_descriptors_must_be_right(void)
{
	struct gate_start start = { .header = head(GATE_START, sizeof(start)), .port = 1018 };
	struct gate_request ask = request(GATE_ASK, 0);
	struct gate_tell t = tell();
	size_t i;

	for (i = 0; i < 5; i++)
		CHECK_INT(from_daemon(&start, sizeof(start), i), i == 3 ? 0 : -EBADMSG);
	CHECK_INT(gate_check(&t, sizeof(t), 1, GATE_FROM_GATEWAY), -EBADMSG);
	for (i = 0; i < sizeof(t); i++)
		CHECK_INT(from_gateway(&t, i), -EBADMSG);
	t.header.size--;
	CHECK_INT(from_gateway(&t, sizeof(t) - 1), -EBADMSG);
	t = tell();
	t.header.version++;
	CHECK_INT(from_gateway(&t, sizeof(t)), -EBADMSG);
	start.pad[1] = 1;
	CHECK_INT(from_daemon(&start, sizeof(start), 3), -EBADMSG);
	CHECK_INT(from_gateway(&ask, sizeof(ask)), -EBADMSG);
	ask = request(GATE_READY, 1);
	CHECK_INT(from_gateway(&ask, sizeof(ask)), -EBADMSG);
}

/* Of a good one, changed. */
#define TOLD(expected, ...)                                       \
	do {                                                      \
		m = tell();                                       \
		__VA_ARGS__;                                      \
		CHECK_INT(from_gateway(&m, sizeof(m)), expected); \
	} while (0)

static void what_is_told_must_fit_together(void)
{
	struct gate_tell m;

	TOLD(-EBADMSG, m.phase = 0);
	TOLD(-EBADMSG, m.phase = GATE_CLOSED + 1);
	TOLD(-EBADMSG, m.phase = GATE_REFUSED); /* without a reason */
	TOLD(0, m.phase = GATE_REFUSED; m.why = EGRESS_WHY_NO_RULE);
	TOLD(-EBADMSG, m.phase = GATE_REFUSED; m.why = EGRESS_WHY_COUNT);
	TOLD(-EBADMSG, m.why = EGRESS_WHY_NO_RULE); /* opened in spite of it */
	TOLD(0, m.why = EGRESS_WHY_NO_RULE; m.audit_only = 1);
	TOLD(0, m.why = EGRESS_WHY_WATCHED; m.audit_only = 1);
	TOLD(-EBADMSG, m.phase = GATE_REFUSED; m.why = EGRESS_WHY_WATCHED); /* watched is allowed */
	TOLD(-EBADMSG, m.audit_only = 1);				    /* spared nothing */
	TOLD(-EBADMSG, m.audit_only = 2);
	TOLD(-EBADMSG, m.tunnel = 2);
	TOLD(-EBADMSG, m.pad[5] = 1);
	TOLD(-EBADMSG, m.bytes_up = 1);
	TOLD(0, m.phase = GATE_CLOSED; m.bytes_up = m.bytes_down = 1);
	/* An agent has a policy, and whoever is none is refused. */
	TOLD(-EBADMSG, m.agent = 0);
	TOLD(-EBADMSG, m.policy = 0);
	TOLD(-EBADMSG, m.agent = 0; m.policy = 0);
	TOLD(0, m.agent = 0; m.policy = 0; m.phase = GATE_REFUSED; m.why = EGRESS_WHY_STRANGER);
}

static void what_is_told_of_must_be_a_place(void)
{
	struct gate_tell m;

	TOLD(-EBADMSG, m.family = 0);
	TOLD(-EBADMSG, m.family = 0; memset(m.addr, 0, 16)); /* opened to none */
	TOLD(-EBADMSG, m.family = AF_UNIX);
	TOLD(-EBADMSG, m.addr[4] = 1);
	TOLD(0, m.family = AF_INET6; m.addr[15] = 1);
	TOLD(-EBADMSG, strcpy(m.host, "EXAMPLE.net"));
	TOLD(-EBADMSG, strcpy(m.host, "a b.net"));
	TOLD(-EBADMSG, strcpy(m.host, "\x1b[31m"));
	TOLD(-EBADMSG, strcpy(m.host, "example.net."));
	TOLD(-EBADMSG, memset(m.host, 'a', sizeof(m.host)));
	TOLD(-EBADMSG, m.host[100] = 'x'); /* behind its end */
	TOLD(0, memset(m.host, 0, sizeof(m.host)));
	TOLD(0, memset(m.host, 0, sizeof(m.host)); strcpy(m.host, "192.0.2.9"));
}

static void rules_come_in_order_and_are_valid(void)
{
	struct gate_rules m = rules(GATE_RULES + 1, GATE_RULES, 1);

	CHECK_INT(from_daemon(&m, sizeof(m), 0), 0);
	m.count = 2;
	CHECK_INT(from_daemon(&m, sizeof(m), 0), -EBADMSG);
	m = rules(1, 2, 0);
	CHECK_INT(from_daemon(&m, sizeof(m), 0), -EBADMSG);
	m = rules(1, 0, 0);
	CHECK_INT(from_daemon(&m, sizeof(m), 0), -EBADMSG);
	m = rules(LIMIT_EGRESS_RULES + 1, 0, 1);
	CHECK_INT(from_daemon(&m, sizeof(m), 0), -EBADMSG);
	m = rules(1, 0, 1);
	m.policy = 0;
	CHECK_INT(from_daemon(&m, sizeof(m), 0), -EBADMSG);
	m = rules(1, 0, 1);
	m.rules[0].kind = 9;
	CHECK_INT(from_daemon(&m, sizeof(m), 0), -EBADMSG);
	m = rules(1, 0, 1);
	m.rules[1].number = 1;
	CHECK_INT(from_daemon(&m, sizeof(m), 0), -EBADMSG);
}

/* --- model calls --- */

static struct gate_called called(void)
{
	return (struct gate_called){
		.header = head(GATE_CALLED, sizeof(struct gate_called)),
		.agent = 7,
		.policy = 3,
		.rule = 2,
		.input = 10,
		.output = 5,
		.cache_read = 10,
		.cache_write = 10,
		.reasoning = 5,
		.duration_us = 9,
		.first_us = 9,
		.own_us = 9,
		.queue_us = 8,
		.upstream_us = 9,
		.upstream_first_us = 9,
		.attempts = 4,
		.operation = 3,
		.why = CALL_WHY_NONE,
		.status = 200,
		.wire = 4,
		.upstream = 4,
		.how = GATE_CALL_STREAMED,
		.audit_only = 1,
		.provider = "a-z.0_9",
		.model = "Any model: printable",
		.served = "Its name there",
	};
}

static struct gate_key_of key_of(void)
{
	return (struct gate_key_of){ .header = head(GATE_KEY_OF, sizeof(struct gate_key_of)),
				     .port = 443,
				     .name = "open-ai",
				     .host = "example.net" };
}

static struct gate_key key_is(void)
{
	return (struct gate_key){ .header = head(GATE_KEY_IS, sizeof(struct gate_key)),
				  .len = 3,
				  .bytes = { 's', 'k', '-' } };
}

static struct gate_agent agent_is(void)
{
	return (struct gate_agent){ .header = head(GATE_AGENT_IS, sizeof(struct gate_agent)),
				    .agent = 7,
				    .known = 1,
				    .above = { 5, 3 } };
}

/* m is good, and is not once it is changed. */
#define REFUSED(make, from, fds, change)                                                    \
	do {                                                                                \
		m = make();                                                                 \
		CHECK_INT(gate_check(&m, sizeof(m), fds, from), 0);                         \
		change;                                                                     \
		CHECK_MSG(gate_check(&m, sizeof(m), fds, from) == -EBADMSG, "%s", #change); \
		m = make();                                                                 \
	} while (0)

#define CALLED_REFUSED(change) REFUSED(called, GATE_FROM_GATEWAY, 0, change)

static void what_is_told_of_a_call_must_fit_together(void)
{
	struct gate_called m;

	CALLED_REFUSED(m.why = CALL_WHY_COUNT);
	CALLED_REFUSED(m.why = UINT16_MAX);
	CALLED_REFUSED(m.status = 1000);
	CALLED_REFUSED(m.wire = 5);
	CALLED_REFUSED(m.upstream = 5);
	CALLED_REFUSED(m.how = 4);
	CALLED_REFUSED(m.audit_only = 2);
	CALLED_REFUSED(m.agent = 0);
	CALLED_REFUSED(m.policy = 0);
	CALLED_REFUSED(m.agent = m.policy = 0);
	CALLED_REFUSED(m.why = CALL_WHY_STRANGER);
	CALLED_REFUSED(m.other = 9);
	CALLED_REFUSED(m.why = CALL_WHY_TOKEN_OTHERS);
	CALLED_REFUSED(m.why = CALL_WHY_TOKEN_OTHERS; m.other = m.agent);
	CALLED_REFUSED(m.cache_read = 11);
	CALLED_REFUSED(m.cache_write = UINT64_MAX);
	CALLED_REFUSED(m.reasoning = 6);
	CALLED_REFUSED(m.first_us = 10);
	CALLED_REFUSED(m.own_us = 10);
	CALLED_REFUSED(m.queue_us = 10);
	CALLED_REFUSED(m.upstream_us = 10);
	CALLED_REFUSED(m.upstream_us = 7);
	CALLED_REFUSED(m.upstream_first_us = 10);
	CALLED_REFUSED(m.operation = 4);
	CALLED_REFUSED(m.pad[4] = 1);
	CALLED_REFUSED(m.served[GATE_MODEL - 1] = 1);
	CALLED_REFUSED(m.served[0] = '\n');
	CALLED_REFUSED(memset(m.provider, 'a', sizeof(m.provider)));
	CALLED_REFUSED(m.provider[0] = 'A');
	CALLED_REFUSED(m.provider[1] = '/');
	CALLED_REFUSED(m.provider[sizeof(m.provider) - 1] = 'a');
	CALLED_REFUSED(memset(m.model, 'a', sizeof(m.model)));
	CALLED_REFUSED(m.model[0] = '\n');
	CALLED_REFUSED(m.model[0] = 0x7f);
	CALLED_REFUSED(m.model[0] = (char)0xc3);
	CALLED_REFUSED(m.model[sizeof(m.model) - 1] = 'a');
	CALLED_REFUSED(m.header.size--);
	CALLED_REFUSED(m.header.version++);

	m = called();
	m.why = CALL_WHY_TOKEN_OTHERS;
	m.other = 9;
	CHECK_INT(from_gateway(&m, sizeof(m)), 0);
	m = called();
	m.why = CALL_WHY_STRANGER;
	m.agent = m.policy = 0;
	CHECK_INT(from_gateway(&m, sizeof(m)), 0);
	/* Nor does it come from the other side, or with a descriptor. */
	m = called();
	CHECK_INT(from_daemon(&m, sizeof(m), 0), -EBADMSG);
	CHECK_INT(gate_check(&m, sizeof(m), 1, GATE_FROM_GATEWAY), -EBADMSG);
}

static void a_key_is_asked_for_by_names(void)
{
	struct gate_key_of m;

	REFUSED(key_of, GATE_FROM_GATEWAY, 0, m.port = 0);
	REFUSED(key_of, GATE_FROM_GATEWAY, 0, m.pad = 1);
	REFUSED(key_of, GATE_FROM_GATEWAY, 0, memset(m.name, 0, sizeof(m.name)));
	REFUSED(key_of, GATE_FROM_GATEWAY, 0, m.name[0] = '/');
	REFUSED(key_of, GATE_FROM_GATEWAY, 0, m.name[0] = 'O');
	REFUSED(key_of, GATE_FROM_GATEWAY, 0, m.name[sizeof(m.name) - 1] = 'a');
	REFUSED(key_of, GATE_FROM_GATEWAY, 0, memset(m.host, 0, sizeof(m.host)));
	REFUSED(key_of, GATE_FROM_GATEWAY, 0, m.host[0] = 'E');
	REFUSED(key_of, GATE_FROM_GATEWAY, 0, m.host[sizeof(m.host) - 1] = 'a');
	CHECK_INT(from_daemon(&m, sizeof(m), 0), -EBADMSG);
}

static void a_key_comes_or_a_reason(void)
{
	static const int errors[] = { -ENOENT, -EPERM, -ENOKEY };
	struct gate_key m;
	size_t i;

	REFUSED(key_is, GATE_FROM_DAEMON, 0, m.len = 0);
	REFUSED(key_is, GATE_FROM_DAEMON, 0, m.len = 2);
	REFUSED(key_is, GATE_FROM_DAEMON, 0, m.len = sizeof(m.bytes) + 1);
	REFUSED(key_is, GATE_FROM_DAEMON, 0, m.len = UINT32_MAX);
	REFUSED(key_is, GATE_FROM_DAEMON, 0, m.pad = 1);
	REFUSED(key_is, GATE_FROM_DAEMON, 0, m.error = -EPERM);
	REFUSED(key_is, GATE_FROM_DAEMON, 0, m.error = 1);
	REFUSED(key_is, GATE_FROM_DAEMON, 0, m.bytes[sizeof(m.bytes) - 1] = 1);
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		m = (struct gate_key){ .header = head(GATE_KEY_IS, sizeof(m)), .error = errors[i] };
		CHECK_INT(from_daemon(&m, sizeof(m), 0), 0);
		CHECK_INT(from_gateway(&m, sizeof(m)), -EBADMSG);
	}
	m.error = -EIO;
	CHECK_INT(from_daemon(&m, sizeof(m), 0), -EBADMSG);
}

static void an_agent_comes_with_its_descriptor(void)
{
	struct gate_agent m;
	struct gate_agent asked = { .header = head(GATE_AGENT, sizeof(asked)), .agent = 7 };

	REFUSED(agent_is, GATE_FROM_DAEMON, 1, m.agent = 0);
	REFUSED(agent_is, GATE_FROM_DAEMON, 1, m.known = 2);
	REFUSED(agent_is, GATE_FROM_DAEMON, 1, m.known = 0);
	REFUSED(agent_is, GATE_FROM_DAEMON, 1, m.pad = 1);
	REFUSED(agent_is, GATE_FROM_DAEMON, 1, m.above[3] = 1);
	REFUSED(agent_is, GATE_FROM_DAEMON, 1, m.above[0] = 0);
	CHECK_INT(from_daemon(&m, sizeof(m), 0), -EBADMSG);
	CHECK_INT(from_daemon(&m, sizeof(m), 2), -EBADMSG);
	m.known = 0;
	memset(m.above, 0, sizeof(m.above));
	CHECK_INT(from_daemon(&m, sizeof(m), 0), 0);
	CHECK_INT(from_daemon(&m, sizeof(m), 1), -EBADMSG);

	CHECK_INT(from_gateway(&asked, sizeof(asked)), 0);
	CHECK_INT(gate_check(&asked, sizeof(asked), 1, GATE_FROM_GATEWAY), -EBADMSG);
	asked.known = 1;
	CHECK_INT(from_gateway(&asked, sizeof(asked)), -EBADMSG);
	asked.known = 0;
	asked.above[0] = 5;
	CHECK_INT(from_gateway(&asked, sizeof(asked)), -EBADMSG);
}

static void that_keys_are_old_is_all_that_is_said(void)
{
	struct gate_request m = request(GATE_KEYS_GONE, 0);

	CHECK_INT(from_daemon(&m, sizeof(m), 0), 0);
	CHECK_INT(from_gateway(&m, sizeof(m)), -EBADMSG);
	m.policy = 1;
	CHECK_INT(from_daemon(&m, sizeof(m), 0), -EBADMSG);
	m = request(GATE_KEYS_GONE, 0);
	m.pad = 1;
	CHECK_INT(from_daemon(&m, sizeof(m), 0), -EBADMSG);
}

static void bent_messages_do_no_harm(void)
{
	unsigned int round, i, bends, accepted = 0, seed = 1;
	union gate_message m;
	uint8_t *copy;
	size_t len;

	for (round = 0; round < 60000; round++) {
		memset(&m, 0, sizeof(m));
		if (round % 4 == 0)
			m.tell = tell();
		else if (round % 4 == 1)
			m.request = request(GATE_ASK, round);
		else if (round % 4 == 2)
			m.called = called();
		else
			m.rules = rules(3, 1, 2);
		len = m.header.size;
		seed = seed * 1103515245U + 12345U;
		bends = seed >> 16 & 3;
		for (i = 0; i < bends; i++) {
			seed = seed * 1103515245U + 12345U;
			((uint8_t *)&m)[(seed >> 8) % len] ^= (uint8_t)(1U << (seed & 7));
		}
		if ((seed >> 20 & 7) == 0)
			len = (seed >> 4) % (len + 1);
		/* An allocation of just that size, so that a read beyond it is seen. */
		copy = malloc(len ? len : 1);
		REQUIRE(copy);
		memcpy(copy, &m, len);
		for (i = GATE_FROM_DAEMON; i <= GATE_FROM_GATEWAY; i++) {
			if (gate_check(copy, len, 0, i))
				continue;
			accepted++;
			CHECK_INT(m.header.size, len);
			CHECK(m.header.type != GATE_TELL || memchr(m.tell.host, 0, COMPILED_HOST));
			CHECK(m.header.type != GATE_RULES_ARE || m.rules.count <= GATE_RULES);
		}
		free(copy);
	}
	CHECK(accepted > 1000);
}

static const struct tap_test tests[] = {
	TEST(each_side_sends_its_own),
	TEST(sizes_versions_and_descriptors_must_be_right),
	TEST(what_is_told_must_fit_together),
	TEST(what_is_told_of_must_be_a_place),
	TEST(rules_come_in_order_and_are_valid),
	TEST(bent_messages_do_no_harm),
	TEST(what_is_told_of_a_call_must_fit_together),
	TEST(a_key_is_asked_for_by_names),
	TEST(a_key_comes_or_a_reason),
	TEST(an_agent_comes_with_its_descriptor),
	TEST(that_keys_are_old_is_all_that_is_said),
};

int main(int argc, char **argv)
{
	return tap_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
