// SPDX-License-Identifier: GPL-2.0-or-later
/* The control protocol: what is accepted, what is refused, and that no bytes do harm. */
#include "tests/tap.h"

#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rpc/channel.h"
#include "rpc/control.h"

static int check_client(const void *m, size_t len, size_t fds)
{
	union control_message out;

	return control_check(m, len, fds, CONTROL_FROM_CLIENT, &out);
}

static int check_daemon(const void *m, size_t len, size_t fds)
{
	union control_message out;

	return control_check(m, len, fds, CONTROL_FROM_DAEMON, &out);
}

static struct compiled_rule rule_object(void)
{
	return (struct compiled_rule){ .number = 3,
				       .allow = AGENTOS_FILE_READ,
				       .kind = COMPILED_OBJECT };
}

static void well_formed_requests_are_accepted(void)
{
	struct control_request hello = { 0 };
	struct control_policy_begin begin = { .rule_count = 2,
					      .flags = CONTROL_RECORD_ALLOWED | CONTROL_STRICT };
	struct control_policy_rules rules = { 0 };
	struct control_run run = { .rights = 1, .name = "demo-1" };
	struct compiled_rule two[2] = { rule_object(), rule_object() };
	size_t len;

	two[1].kind = COMPILED_NAME;
	strcpy(two[1].name, ".ssh");
	len = control_encode(&hello.header, CONTROL_HELLO, sizeof(hello), 1);
	CHECK_INT(check_client(&hello, len, 0), 0);
	len = control_encode(&begin.header, CONTROL_POLICY_BEGIN, sizeof(begin), 1);
	CHECK_INT(check_client(&begin, len, 0), 0);
	len = control_encode_rules(&rules, two, 2, 1);
	CHECK_INT(check_client(&rules, len, 2), 0);
	len = control_encode(&run.header, CONTROL_RUN, sizeof(run), 1);
	CHECK_INT(check_client(&run, len, 0), 0);
}

static void a_message_of_the_other_side_is_refused(void)
{
	struct control_request m = { 0 };
	size_t len = control_encode(&m.header, CONTROL_DONE, sizeof(m), 1);

	CHECK_INT(check_client(&m, len, 0), -EBADMSG);
	CHECK_INT(check_daemon(&m, len, 0), 0);
	len = control_encode(&m.header, CONTROL_HELLO, sizeof(m), 1);
	CHECK_INT(check_daemon(&m, len, 0), -EBADMSG);
}

static void another_version_is_told_apart(void)
{
	struct control_request m = { 0 };
	size_t len = control_encode(&m.header, CONTROL_HELLO, sizeof(m), 1);

	m.header.version++;
	CHECK_INT(check_client(&m, len, 0), -EPROTO);
}

static void a_wrong_length_is_refused(void)
{
	struct control_policy_begin m = { 0 };
	size_t len = control_encode(&m.header, CONTROL_POLICY_BEGIN, sizeof(m), 1), i;

	for (i = 0; i < len; i++)
		CHECK_INT(check_client(&m, i, 0), -EBADMSG);
	m.header.size++;
	CHECK_INT(check_client(&m, len, 0), -EBADMSG);
	m.header.size = (uint32_t)len - 4;
	CHECK_INT(check_client(&m, len - 4, 0), -EBADMSG);
}

static void descriptors_must_match(void)
{
	struct control_policy_rules m = { 0 };
	struct control_request hello = { 0 };
	struct compiled_rule r = rule_object();
	size_t len = control_encode_rules(&m, &r, 1, 1);

	CHECK_INT(check_client(&m, len, 0), -EBADMSG);
	CHECK_INT(check_client(&m, len, 2), -EBADMSG);
	len = control_encode(&hello.header, CONTROL_HELLO, sizeof(hello), 1);
	CHECK_INT(check_client(&hello, len, 1), -EBADMSG);
}

static void malformed_addresses_are_refused(void)
{
	static const struct compiled_address good = {
		.number = 7,
		.family = 2,
		.prefix = 32,
		.port_last = 9,
		.allow = AGENTOS_NET_ALL
	};
	struct compiled_address bad[8];
	struct control_policy_net m = { 0 };
	size_t i, len = control_encode_addresses(&m, &good, 1, 1);

	CHECK_INT(check_client(&m, len, 0), 0);
	CHECK_INT(check_client(&m, len, 1), -EBADMSG);
	CHECK_INT(check_daemon(&m, len, 0), -EBADMSG);
	for (i = 0; i < 8; i++)
		bad[i] = good;
	bad[0].pad = 1;
	bad[1].kill = 1;
	bad[2].allow = 0;
	bad[3].allow = AGENTOS_NET_ALL + 1;
	bad[4].deny = 1;
	bad[5].deny = 1U << 7;
	bad[6].port_first = 10;
	bad[7].number = AGENTOS_POLICY_RULES_MAX + AGENTOS_NET_RULES_MAX;
	for (i = 0; i < 8; i++) {
		len = control_encode_addresses(&m, &bad[i], 1, 1);
		CHECK_MSG(check_client(&m, len, 0) == -EBADMSG, "address %zu", i);
	}
	len = control_encode_addresses(&m, &good, 1, 1);
	m.count = 2;
	CHECK_INT(check_client(&m, len, 0), -EBADMSG);
	m.count = 0;
	CHECK_INT(check_client(&m, len, 0), -EBADMSG);
	m.count = 1;
	m.pad = 1;
	CHECK_INT(check_client(&m, len, 0), -EBADMSG);
	for (i = 0; i < CONTROL_ADDRESSES; i++)
		m.addresses[i] = good;
	len = control_encode(&m.header, CONTROL_POLICY_NET, sizeof(m), 1);
	m.count = CONTROL_ADDRESSES;
	m.pad = 0;
	CHECK_INT(check_client(&m, len, 0), 0);
	m.count = CONTROL_ADDRESSES + 1;
	CHECK_INT(check_client(&m, len, 0), -EBADMSG);
}

static void malformed_rules_are_refused(void)
{
	static const struct {
		const char *why;
		struct compiled_rule rule;
	} variants[] = {
		{ "nothing allowed or denied", { .kind = COMPILED_OBJECT } },
		{ "allow and deny", { .allow = 1, .deny = 1, .kind = COMPILED_OBJECT } },
		{ "unknown access", { .allow = AGENTOS_FILE_ALL + 1, .kind = COMPILED_OBJECT } },
		{ "unknown kind", { .allow = 1, .kind = COMPILED_ABSTRACT + 1, .name = "a" } },
		{ "an abstract name without one", { .allow = 8, .kind = COMPILED_ABSTRACT } },
		{ "an abstract name to read",
		  { .allow = 1, .kind = COMPILED_ABSTRACT, .name = "a" } },
		{ "an abstract name denied",
		  { .deny = 8, .kind = COMPILED_ABSTRACT, .name = "a" } },
		{ "bytes after its end",
		  { .allow = 8, .kind = COMPILED_ABSTRACT, .name = "a\0b" } },
		{ "kind 0", { .allow = 1 } },
		{ "padding", { .allow = 1, .kind = COMPILED_OBJECT, .pad = { 1 } } },
		{ "a kill of what is not denied",
		  { .allow = 1, .kill = 1, .kind = COMPILED_OBJECT } },
		{ "a watch of what is not allowed",
		  { .deny = 1, .watch = 1, .kind = COMPILED_OBJECT } },
		{ "a watch of a name that is denied anywhere",
		  { .deny = 1, .watch = 1, .kind = COMPILED_ANYWHERE, .name = "a" } },
		{ "a watch of unknown access anywhere",
		  { .watch = AGENTOS_FILE_ALL + 1, .kind = COMPILED_ANYWHERE, .name = "a" } },
		{ "a watch alone of an object", { .watch = 1, .kind = COMPILED_OBJECT } },
		{ "number",
		  { .allow = 1, .kind = COMPILED_OBJECT, .number = AGENTOS_POLICY_RULES_MAX } },
		{ "an object with a name", { .allow = 1, .kind = COMPILED_OBJECT, .name = "x" } },
		{ "a name without one", { .allow = 1, .kind = COMPILED_NAME } },
		{ "a slash", { .allow = 1, .kind = COMPILED_NAME, .name = "a/b" } },
		{ "dot", { .allow = 1, .kind = COMPILED_NAME, .name = "." } },
		{ "dot dot", { .allow = 1, .kind = COMPILED_NAME, .name = ".." } },
		{ "bytes after the end", { .allow = 1, .kind = COMPILED_NAME, .name = "a\0b" } },
	};
	static const struct compiled_rule watched = { .watch = AGENTOS_FILE_ALL,
						      .kind = COMPILED_ANYWHERE,
						      .name = "*.a" };
	struct control_policy_rules m = { 0 };
	size_t i, len;

	for (i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
		len = control_encode_rules(&m, &variants[i].rule, 1, 1);
		CHECK_MSG(check_client(&m, len, 1) == -EBADMSG, "%s", variants[i].why);
	}
	len = control_encode_rules(&m, &watched, 1, 1);
	CHECK_INT(check_client(&m, len, 1), 0);
	m.rules[0] = rule_object();
	m.rules[0].kind = COMPILED_NAME;
	memset(m.rules[0].name, 'x', sizeof(m.rules[0].name));
	CHECK_INT(check_client(&m, len, 1), -EBADMSG);
}

static void malformed_runs_are_refused(void)
{
	static const char *const names[] = { "", "a b", "a/b", "a\033", "\xff" };
	struct control_run m = { .rights = 1 };
	size_t len, i;

	strcpy(m.name, "a");
	len = control_encode(&m.header, CONTROL_RUN, sizeof(m), 1);
	CHECK_INT(check_client(&m, len, 0), 0);
	m.flags = CONTROL_AUDIT_ONLY;
	CHECK_INT(check_client(&m, len, 0), 0);
	m.flags = CONTROL_AUDIT_ONLY << 1;
	CHECK_INT(check_client(&m, len, 0), -EBADMSG);
	m.flags = 0;
	m.pad = 1;
	CHECK_INT(check_client(&m, len, 0), -EBADMSG);
	m.pad = 0;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		memset(m.name, 0, sizeof(m.name));
		strcpy(m.name, names[i]);
		CHECK_INT(check_client(&m, len, 0), -EBADMSG);
	}
	memset(m.name, 'x', sizeof(m.name));
	CHECK_INT(check_client(&m, len, 0), -EBADMSG);
	m.name[sizeof(m.name) - 1] = '\0';
	CHECK_INT(check_client(&m, len, 0), 0);
	m.name[5] = '\0';
	CHECK_INT(check_client(&m, len, 0), -EBADMSG);
	memset(m.name + 5, 0, sizeof(m.name) - 5);
	m.rights = 0;
	CHECK_INT(check_client(&m, len, 0), -EBADMSG);
	m.rights = AGENTOS_RIGHTS_ALL + 1;
	CHECK_INT(check_client(&m, len, 0), -EBADMSG);
}

/* Those of a run, and of an apply alike. */
static bool terms_pass(const struct compiled_terms *terms)
{
	struct control_run run = { .rights = 1, .name = "demo", .terms = *terms };
	struct control_apply apply = { .agent = 1, .rights = 1, .terms = *terms };
	size_t len = control_encode(&run.header, CONTROL_RUN, sizeof(run), 1);
	bool passes = check_client(&run, len, 0) == 0;

	/* Whoever is to be limited is not named: it is whoever joins. */
	CHECK_INT(check_client(&run, len, 1), -EBADMSG);
	len = control_encode(&apply.header, CONTROL_APPLY, sizeof(apply), 1);
	CHECK((check_client(&apply, len, 0) == 0) == passes);
	return passes;
}

static void terms_beyond_their_bounds_are_refused(void)
{
	static const struct compiled_terms good = {
		.limits = { LIMIT_AGENT_MEMORY_MIN, LIMIT_AGENT_PROCESSES, LIMIT_AGENT_CPU,
			    LIMIT_AGENT_IO_WEIGHT },
		.budgets[AGENTOS_RESOURCE_TOKENS] = { 5, LIMIT_POLICY_TIME_NS, AGENTOS_BUDGET_PAUSE,
						      1 },
		.budgets[AGENTOS_RESOURCE_WALL_NS] = { 5, 0, AGENTOS_BUDGET_KILL, 1 },
		.schedule = { LIMIT_POLICY_TIME_NS, AGENTOS_CRITICALITY_MAX,
			      AGENTOS_PHASE_COUNT - 1, COMPILED_SCHEDULE, UINT32_MAX, UINT32_MAX },
	};
	struct compiled_terms bad[] = { [0 ... 20] = good };
	size_t i;

	CHECK(terms_pass(&good));
	CHECK(terms_pass(&(struct compiled_terms){ 0 }));
	bad[0].limits.memory = LIMIT_AGENT_MEMORY_MIN - 1;
	bad[1].limits.memory = LIMIT_AGENT_MEMORY_MAX + 1;
	bad[2].limits.processes++;
	bad[3].limits.cpu++;
	bad[4].limits.io_weight++;
	bad[5].limits.pad = 1;
	bad[6].budgets[AGENTOS_RESOURCE_TOKENS].action++;
	bad[7].budgets[AGENTOS_RESOURCE_TOKENS].period_ns++;
	bad[8].budgets[AGENTOS_RESOURCE_TOKENS].given = 0;
	bad[9].budgets[AGENTOS_RESOURCE_TOKENS].given = 2;
	bad[10].budgets[AGENTOS_RESOURCE_WALL_NS].period_ns = 1;
	bad[11].budgets[AGENTOS_RESOURCE_CPU_NS].limit = 1;
	bad[12].schedule.criticality++;
	bad[13].schedule.phase++;
	bad[14].schedule.deadline_ns++;
	bad[15].schedule.deadline_ns = 0;
	bad[16].schedule.given = COMPILED_SCHEDULE + 1;
	bad[17].schedule.given &= ~COMPILED_PHASE;
	bad[18].schedule.pad = 1;
	bad[19].schedule.given &= ~COMPILED_EFFICIENCY;
	bad[20].schedule.given &= ~COMPILED_COST;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_MSG(!terms_pass(&bad[i]), "terms %zu", i);
}

static void texts_of_the_daemon_are_checked(void)
{
	struct control_result m = { .error = -EBUSY };
	size_t len = control_encode(&m.header, CONTROL_ERROR, sizeof(m), 1);

	control_encode_text(m.text, sizeof(m.text), "a\033[2Jb");
	CHECK_STR(m.text, "a?[2Jb");
	CHECK_INT(check_daemon(&m, len, 0), 0);
	m.text[1] = '\033';
	CHECK_INT(check_daemon(&m, len, 0), -EBADMSG);
	memset(m.text, 'x', sizeof(m.text));
	CHECK_INT(check_daemon(&m, len, 0), -EBADMSG);
	control_encode_text(m.text, sizeof(m.text), "ok");
	m.error = 0;
	CHECK_INT(check_daemon(&m, len, 0), -EBADMSG);
	m.error = 5;
	CHECK_INT(check_daemon(&m, len, 0), -EBADMSG);
	m.error = -5000;
	CHECK_INT(check_daemon(&m, len, 0), -EBADMSG);
}

/* Each text of them is full of data that nobody interprets, but for what acts on a terminal. */
static void sources_are_texts_and_nothing_else(void)
{
	static struct control_source m;
	static const size_t ends[] = { offsetof(struct control_source, file),
				       offsetof(struct control_source, workspace),
				       offsetof(struct control_source, home), sizeof(m) };
	char *bytes = (char *)&m;
	size_t len, i;

	strcpy(m.name, "mine");
	memset(m.file, 'f', sizeof(m.file) - 1);
	strcpy(m.home, "/home/\xc3\xa9");
	len = control_encode(&m.header, CONTROL_SOURCE, sizeof(m), 1);
	CHECK_INT(check_client(&m, len, 0), 0);
	CHECK_INT(check_client(&m, len - 1, 0), -EBADMSG);
	CHECK_INT(check_client(&m, len, 1), -EBADMSG);
	CHECK_INT(check_daemon(&m, len, 0), -EBADMSG);
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		/* Not terminated, something behind the end, a control character. */
		char *last = bytes + ends[i] - 1, kept = last[-1];

		*last = 'x';
		CHECK_INT(check_client(&m, len, 0), -EBADMSG);
		*last = '\0';
		last[-1] = '\033';
		CHECK_INT(check_client(&m, len, 0), -EBADMSG);
		last[-1] = kept;
	}
	CHECK_INT(check_client(&m, len, 0), 0);
}

static void where_denials_are_is_a_text(void)
{
	struct control_run_reply m = { .agent = 7, .policy = 3 };
	size_t len = control_encode(&m.header, CONTROL_RUN_REPLY, sizeof(m), 1);

	CHECK_INT(check_daemon(&m, len, 1), 0);
	strcpy(m.denials, "/run/agentos/denials/7");
	CHECK_INT(check_daemon(&m, len, 1), 0);
	m.denials[3] = '\n';
	CHECK_INT(check_daemon(&m, len, 1), -EBADMSG);
	memset(m.denials, 'x', sizeof(m.denials));
	CHECK_INT(check_daemon(&m, len, 1), -EBADMSG);
	/* So is where the gateway's socket is. */
	memset(m.denials, 0, sizeof(m.denials));
	strcpy(m.socket, "/run/agentos/gateway.sock");
	CHECK_INT(check_daemon(&m, len, 1), 0);
	memset(m.socket, 'x', sizeof(m.socket));
	CHECK_INT(check_daemon(&m, len, 1), -EBADMSG);
}

static struct compiled_egress rule_host(void)
{
	return (struct compiled_egress){ .number = 3,
					 .kind = EGRESS_TLS,
					 .port_first = 443,
					 .port_last = 443,
					 .host = "example.net" };
}

static void malformed_rules_on_host_names_are_refused(void)
{
	struct compiled_egress rules[CONTROL_EGRESS], bad[6];
	struct control_policy_egress m = { 0 };
	struct control_policy_begin begin = { .egress_count = LIMIT_EGRESS_RULES };
	size_t i, len;

	for (i = 0; i < CONTROL_EGRESS; i++)
		rules[i] = rule_host();
	len = control_encode_egress(&m, rules, CONTROL_EGRESS, 1);
	CHECK_INT(check_client(&m, len, 0), 0);
	CHECK_INT(check_client(&m, len, 1), -EBADMSG);
	CHECK_INT(check_client(&m, len - 1, 0), -EBADMSG);
	CHECK_INT(check_daemon(&m, len, 0), -EBADMSG);
	m.count--;
	CHECK_INT(check_client(&m, len, 0), -EBADMSG);
	for (i = 0; i < 6; i++)
		bad[i] = rule_host();
	bad[0].kind = 0;
	bad[1].port_first = 0;
	bad[2].pad = 1;
	strcpy(bad[3].host, "EXAMPLE.net");
	memset(bad[4].host, 'x', sizeof(bad[4].host));
	bad[5].prefix = 1;
	for (i = 0; i < 6; i++) {
		len = control_encode_egress(&m, &bad[i], 1, 1);
		CHECK_INT(check_client(&m, len, 0), -EBADMSG);
	}
	len = control_encode(&begin.header, CONTROL_POLICY_BEGIN, sizeof(begin), 1);
	CHECK_INT(check_client(&begin, len, 0), 0);
	begin.egress_count++;
	CHECK_INT(check_client(&begin, len, 0), -EBADMSG);
}

static void a_long_text_is_cut_and_terminated(void)
{
	char in[300], out[16];

	memset(in, 'y', sizeof(in) - 1);
	in[sizeof(in) - 1] = '\0';
	control_encode_text(out, sizeof(out), in);
	CHECK_INT(strlen(out), 15);
}

/* Valid messages of each type, for the fuzzer to bend. */
static size_t seed_message(unsigned int which, union control_message *m)
{
	struct compiled_rule rules[LIMIT_CONTROL_FDS];
	struct compiled_egress host = rule_host();
	size_t i;

	memset(m, 0, sizeof(*m));
	switch (which % 11) {
	case 0:
		return control_encode(&m->header, CONTROL_HELLO, sizeof(m->request), which);
	case 1:
		return control_encode(&m->header, CONTROL_POLICY_BEGIN, sizeof(m->policy_begin), 1);
	case 2:
		for (i = 0; i < LIMIT_CONTROL_FDS; i++)
			rules[i] = rule_object();
		return control_encode_rules(
			&m->policy_rules, rules, 1 + which % LIMIT_CONTROL_FDS, 1);
	case 3:
		m->run.rights = 7;
		strcpy(m->run.name, "demo");
		return control_encode(&m->header, CONTROL_RUN, sizeof(m->run), 1);
	case 4:
		m->hello_reply.pid = 1;
		m->hello_reply.enforcement.on = 1;
		return control_encode(&m->header, CONTROL_HELLO_REPLY, sizeof(m->hello_reply), 1);
	case 5:
		m->status_reply.enforcement.on = 1;
		m->status_reply.hook_count = 3;
		return control_encode(&m->header, CONTROL_STATUS_REPLY, sizeof(m->status_reply), 1);
	case 6:
		m->run_reply.agent = m->run_reply.policy = 1;
		return control_encode(&m->header, CONTROL_RUN_REPLY, sizeof(m->run_reply), 1);
	case 7:
		m->apply.agent = m->apply.rights = 1;
		return control_encode(&m->header, CONTROL_APPLY, sizeof(m->apply), 1);
	case 8:
		m->apply_reply.policy = m->apply_reply.agents = 1;
		return control_encode(&m->header, CONTROL_APPLY_REPLY, sizeof(m->apply_reply), 1);
	case 9:
		return control_encode_egress(&m->policy_egress, &host, 1, 1);
	default:
		m->result.error = -1;
		return control_encode(&m->header, CONTROL_ERROR, sizeof(m->result), 1);
	}
}

/* What a receiver relies on, whatever arrived. */
static bool invariants_hold(const union control_message *m, size_t len, size_t fds)
{
	if (m->header.size != len || len > sizeof(*m))
		return false;
	switch (m->header.type) {
	case CONTROL_POLICY_BEGIN:
		return m->policy_begin.rule_count <= AGENTOS_POLICY_RULES_MAX &&
		       m->policy_begin.egress_count <= LIMIT_EGRESS_RULES;
	case CONTROL_POLICY_EGRESS:
		return m->policy_egress.count == 1 && m->policy_egress.rules[0].kind &&
		       memchr(m->policy_egress.rules[0].host, 0, COMPILED_HOST);
	case CONTROL_POLICY_RULES:
		return m->policy_rules.count && m->policy_rules.count == fds &&
		       fds <= LIMIT_CONTROL_FDS;
	case CONTROL_RUN:
		return memchr(m->run.name, 0, sizeof(m->run.name)) && m->run.name[0] &&
		       m->run.terms.limits.cpu <= LIMIT_AGENT_CPU &&
		       m->run.terms.schedule.phase < AGENTOS_PHASE_COUNT;
	case CONTROL_APPLY:
		return m->apply.agent && m->apply.rights &&
		       !(m->apply.rights & ~AGENTOS_RIGHTS_ALL);
	case CONTROL_HELLO_REPLY:
		return memchr(m->hello_reply.enforcement.text, 0, CONTROL_TEXT);
	case CONTROL_STATUS_REPLY:
		return m->status_reply.hook_count <= CONTROL_HOOKS_MAX;
	case CONTROL_ERROR:
		return m->result.error < 0 && memchr(m->result.text, 0, CONTROL_TEXT);
	default:
		return true;
	}
}

static void bent_messages_do_no_harm(void)
{
	static union control_message m, out;
	unsigned int round, i, bends, accepted = 0, seed = 1;
	size_t len, fds;
	uint8_t *copy;

	for (round = 0; round < 60000; round++) {
		len = seed_message(round, &m);
		fds = m.header.type == CONTROL_POLICY_RULES ? m.policy_rules.count : round / 8 % 3;
		seed = seed * 1103515245U + 12345U;
		bends = seed >> 16 & 3;
		for (i = 0; i < bends; i++) {
			seed = seed * 1103515245U + 12345U;
			((uint8_t *)&m)[(seed >> 8) % (i ? len : 64)] ^=
				(uint8_t)(1U << (seed & 7));
		}
		if ((seed >> 20 & 7) == 0)
			len = (seed >> 4) % (len + 1);
		/* An allocation of just that size, so that a read beyond it is seen. */
		copy = malloc(len ? len : 1);
		REQUIRE(copy);
		memcpy(copy, &m, len);
		for (i = CONTROL_FROM_CLIENT; i <= CONTROL_FROM_DAEMON; i++) {
			if (control_check(copy, len, fds, i, &out))
				continue;
			accepted++;
			CHECK(invariants_hold(&out, len, fds));
		}
		free(copy);
	}
	CHECK(accepted > 1000);
}

static void the_channel_hands_over_what_the_daemon_says(void)
{
	struct control_result error = { .error = -EBUSY };
	struct control_request ask = { 0 };
	struct control_run_reply made = { .agent = 7, .policy = 3 };
	struct channel_request request = { .header = &ask.header,
					   .type = CONTROL_STATUS,
					   .size = sizeof(ask),
					   .reply = CONTROL_STATUS_REPLY };
	union control_message reply;
	struct channel c = { 0 };
	struct fault f = { "" };
	int pair[2];

	REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	c.fd = pair[0];
	control_encode_text(error.text, sizeof(error.text), "too many");
	control_encode(&error.header, CONTROL_ERROR, sizeof(error), 1);
	CHECK(send(pair[1], &error, sizeof(error), 0) == sizeof(error));
	CHECK_INT(channel_call(&c, &request, &reply, NULL, &f), -EBUSY);
	CHECK_STR(f.text, "too many");

	/* A reply that needs a descriptor and has none, then one to another question. */
	control_encode(&made.header, CONTROL_RUN_REPLY, sizeof(made), 2);
	CHECK(send(pair[1], &made, sizeof(made), 0) == sizeof(made));
	CHECK_INT(channel_call(&c, &request, &reply, NULL, &f), -EBADMSG);
	control_encode(&ask.header, CONTROL_DONE, sizeof(ask), 3);
	CHECK(send(pair[1], &ask, sizeof(ask), 0) == sizeof(ask));
	CHECK_INT(channel_call(&c, &request, &reply, NULL, &f), -EBADMSG);
	/* The daemon speaks for the first request again: stale. */
	CHECK(send(pair[1], &error, sizeof(error), 0) == sizeof(error));
	CHECK_INT(channel_call(&c, &request, &reply, NULL, &f), -EBADMSG);
	close(pair[1]);
	CHECK(channel_call(&c, &request, &reply, NULL, &f) == -ECONNRESET);
	channel_close(&c);
}

static const struct tap_test tests[] = {
	{ "well_formed_requests_are_accepted", well_formed_requests_are_accepted },
	{ "a_message_of_the_other_side_is_refused", a_message_of_the_other_side_is_refused },
	{ "another_version_is_told_apart", another_version_is_told_apart },
	{ "a_wrong_length_is_refused", a_wrong_length_is_refused },
	{ "descriptors_must_match", descriptors_must_match },
	{ "malformed_rules_are_refused", malformed_rules_are_refused },
	{ "malformed_addresses_are_refused", malformed_addresses_are_refused },
	{ "malformed_runs_are_refused", malformed_runs_are_refused },
	{ "terms_beyond_their_bounds_are_refused", terms_beyond_their_bounds_are_refused },
	{ "texts_of_the_daemon_are_checked", texts_of_the_daemon_are_checked },
	{ "sources_are_texts_and_nothing_else", sources_are_texts_and_nothing_else },
	{ "where_denials_are_is_a_text", where_denials_are_is_a_text },
	{ "malformed_rules_on_host_names_are_refused", malformed_rules_on_host_names_are_refused },
	{ "a_long_text_is_cut_and_terminated", a_long_text_is_cut_and_terminated },
	{ "bent_messages_do_no_harm", bent_messages_do_no_harm },
	{ "the_channel_hands_over_what_the_daemon_says",
	  the_channel_hands_over_what_the_daemon_says },
};

TAP_MAIN(tests)
