// SPDX-License-Identifier: GPL-2.0-or-later
/* Model calls through a gateway: clients and providers are Python's, agentosd and the budgets are made up. */
#define CLIENTS "tests/unit/call_clients.py"
#include "tests/unit/call_stage.h"

static void each_wire_answers_in_its_own_words(void)
{
	group_run("plain");
}

static void each_wire_streams(void)
{
	group_run("stream");
}

static void who_may_not_is_told_why(void)
{
	group_run("refusals");
}

static void providers_that_fail_are_asked_again_or_replaced(void)
{
	group_run("failures");
}

static void connections_are_kept_and_requests_follow_each_other(void)
{
	group_run("connections");
}

static void what_a_call_costs_is_reserved_and_settled(void)
{
	uint16_t provider;
	struct rig *r = stage_open(&provider);
	struct gate_called c;
	struct rig_budget b;

	REQUIRE(r);
	/* 7 in, 3 out: 7 * 1 + 3 * 10 microdollars. */
	clients_run(r, "one", provider);
	c = last_call(r, 1);
	CHECK_INT(c.agent, AGENT_MODELS);
	CHECK_INT(c.policy, 1000 + AGENT_MODELS);
	CHECK_INT(c.rule, 0);
	CHECK_INT(c.why, CALL_WHY_NONE);
	CHECK_INT(c.status, 200);
	CHECK_INT(c.input, 7);
	CHECK_INT(c.output, 3);
	CHECK_INT(c.microdollars, 37);
	CHECK_STR(c.provider, "chat");
	CHECK_STR(c.model, "chat-small");
	CHECK_STR(c.served, "small");
	CHECK_INT(c.operation, 1);
	CHECK_INT(c.attempts, 1);
	/* What it took, and where: parts of all that it took. */
	CHECK(c.own_us > 0 && c.upstream_us > 0 && c.upstream_first_us > 0);
	CHECK(c.own_us + c.upstream_us <= c.duration_us && c.queue_us <= c.upstream_us);
	CHECK_INT(c.wire, 1);
	CHECK_INT(c.upstream, 1);
	b = rig_budget(r, AGENT_MODELS, AGENTOS_RESOURCE_TOKENS);
	CHECK_INT(b.used, 10);
	CHECK_INT(b.reserved, 0);
	b = rig_budget(r, AGENT_MODELS, AGENTOS_RESOURCE_MICRODOLLARS);
	CHECK_INT(b.used, 37);
	CHECK_INT(b.reserved, 0);

	/* Too little for what it may come to: nothing is asked, nothing is used. */
	rig_allow(r, AGENT_MODELS, AGENTOS_RESOURCE_TOKENS, 100);
	clients_run(r, "budget", provider);
	c = last_call(r, 2);
	CHECK_INT(c.why, CALL_WHY_BUDGET_TOKENS);
	CHECK_INT(c.status, 429);
	CHECK_STR(c.provider, "");
	rig_allow(r, AGENT_MODELS, AGENTOS_RESOURCE_TOKENS, AGENTOS_BUDGET_UNLIMITED);
	rig_allow(r, AGENT_MODELS, AGENTOS_RESOURCE_MICRODOLLARS, 100);
	clients_run(r, "budget", provider);
	CHECK_INT(last_call(r, 3).why, CALL_WHY_BUDGET_MONEY);
	b = rig_budget(r, AGENT_MODELS, AGENTOS_RESOURCE_TOKENS);
	CHECK_INT(b.used, 0);
	CHECK_INT(b.reserved, 0);
	/* Nobody knows what this costs, and money is limited. */
	clients_run(r, "unpriced", provider);
	CHECK_INT(last_call(r, 4).why, CALL_WHY_NO_PRICE);
	rig_close(r);
}

static bool nothing_is_counted(const struct rig *r, unsigned int agent)
{
	const struct rig_budget t = rig_budget(r, agent, AGENTOS_RESOURCE_TOKENS),
				m = rig_budget(r, agent, AGENTOS_RESOURCE_MICRODOLLARS);

	return !t.used && !t.reserved && !m.used && !m.reserved;
}

static void tokens_are_counted_and_cost_none(void)
{
	uint16_t provider;
	struct rig *r = stage_open(&provider);
	size_t asked = 0, refused = 0, i;

	REQUIRE(r);
	rig_allow(r, AGENT_MODELS, AGENTOS_RESOURCE_TOKENS, 1);
	rig_allow(r, AGENT_MODELS, AGENTOS_RESOURCE_MICRODOLLARS, 1);
	clients_run(r, "counts", provider);
	/* What went to a provider and what was refused is in the log; estimates are not. */
	CHECK(RIG_WAIT(r, r->call_count >= 17));
	for (i = 0; i < r->call_count; i++) {
		asked += r->calls[i].provider[0] != '\0';
		refused += r->calls[i].provider[0] == '\0' && r->calls[i].why != CALL_WHY_NONE;
		CHECK_INT(r->calls[i].input + r->calls[i].output + r->calls[i].microdollars, 0);
	}
	CHECK_INT(asked, 1 + 2 + 2 + 1 + 4 + 1);
	CHECK_INT(refused, 6);
	CHECK_INT(r->call_count, asked + refused);
	CHECK(nothing_is_counted(r, AGENT_MODELS));
	rig_close(r);
}

static void tokens_are_counted_so_often(void)
{
	uint16_t provider;
	struct rig *r = stage_open(&provider);
	size_t often = 0, i;

	REQUIRE(r);
	clients_run(r, "count_often", provider);
	CHECK(RIG_WAIT(r, r->call_count > LIMIT_CALL_COUNTS + 7));
	for (i = 0; i < r->call_count; i++)
		often += r->calls[i].why == CALL_WHY_OFTEN && r->calls[i].status == 429 &&
			 !r->calls[i].provider[0];
	/* The first one, and in each wire from the agent and from the one below it. */
	CHECK_INT(often, 1 + 2 * 3);
	CHECK(nothing_is_counted(r, AGENT_MODELS));
	rig_close(r);
}

static void embeddings_are_reserved_by_their_input_and_settled(void)
{
	uint16_t provider;
	struct rig *r = stage_open(&provider);
	struct gate_called c;
	struct rig_budget b;

	REQUIRE(r);
	clients_run(r, "embeddings", provider);
	c = last_call(r, 2);
	CHECK_INT(c.why, CALL_WHY_NONE);
	CHECK_INT(c.status, 200);
	CHECK_INT(c.input, 4);
	CHECK_INT(c.output, 0);
	CHECK_INT(c.microdollars, 4);
	CHECK_STR(c.provider, "responses");
	CHECK_INT(c.wire, 1);
	CHECK_INT(c.upstream, 2);
	b = rig_budget(r, AGENT_MODELS, AGENTOS_RESOURCE_TOKENS);
	CHECK_INT(b.used, 8);
	CHECK_INT(b.reserved, 0);
	CHECK_INT(rig_budget(r, AGENT_MODELS, AGENTOS_RESOURCE_MICRODOLLARS).used, 8);
	/* The prompt of a call would fit in these, and its answer not. */
	rig_allow(r, AGENT_MODELS, AGENTOS_RESOURCE_TOKENS, 1500);
	rig_allow(r, AGENT_MODELS, AGENTOS_RESOURCE_MICRODOLLARS, 1500);
	clients_run(r, "one_embedding", provider);
	c = last_call(r, 3);
	CHECK_INT(c.why, CALL_WHY_NONE);
	/* Too little for what it may come to. */
	rig_allow(r, AGENT_MODELS, AGENTOS_RESOURCE_TOKENS, 1000);
	clients_run(r, "one_embedding", provider);
	CHECK_INT(last_call(r, 4).why, CALL_WHY_BUDGET_TOKENS);
	rig_allow(r, AGENT_MODELS, AGENTOS_RESOURCE_TOKENS, AGENTOS_BUDGET_UNLIMITED);
	rig_allow(r, AGENT_MODELS, AGENTOS_RESOURCE_MICRODOLLARS, 1000);
	clients_run(r, "one_embedding", provider);
	CHECK_INT(last_call(r, 5).why, CALL_WHY_BUDGET_MONEY);
	CHECK(nothing_is_counted(r, AGENT_MODELS));
	clients_run(r, "no_embeddings", provider);
	CHECK_INT(last_call(r, 6).why, CALL_WHY_UNKNOWN);
	CHECK_INT(last_call(r, 8).why, CALL_WHY_NO_RULE);
	CHECK(nothing_is_counted(r, AGENT_MODELS));
	rig_close(r);
}

/* The status of an answer that is read whole, or a negative errno, or 0 at the end. */
static int hear_answer(int fd)
{
	char text[4096], *length;
	int len = hear(fd, text, sizeof(text), "\r\n\r\n"), status, left;

	if (len <= 0)
		return len;
	status = atoi(text + 9);
	length = strstr(text, "Content-Length: ");
	left = length ? atoi(length + 16) : 0;
	if (left >= (int)sizeof(text) || recv(fd, text, (size_t)left, MSG_WAITALL) != left)
		return -EBADMSG;
	return status;
}

/*
 * Behind a call the same connection may ask for anything. What is read with the call's body
 * must leave room for a head that is written anew and grows.
 */
static void a_proxied_request_behind_a_call_fits_the_buffer(void)
{
	struct server *s = server_open(serve_echo);
	static char behind[32767], text[8192];
	uint16_t provider;
	struct rig *r = stage_open(&provider);
	int fd, len;

	REQUIRE(r);
	fd = client_open(r, AGENT_ALL);
	say(fd, "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
		"Content-Length: 1\r\n\r\n");
	CHECK_INT(hear_status(fd), 100);
	memset(behind, 'b', sizeof(behind));
	len = snprintf(behind, sizeof(behind),
		       "{POST http://any.test:%u HTTP/1.0\r\nContent-Length: 1000000\r\n\r\n",
		       s->port);
	behind[len] = 'b';
	CHECK_INT(send(fd, behind, sizeof(behind), MSG_NOSIGNAL), sizeof(behind));
	CHECK_INT(hear_status(fd), 401);
	/* The body goes to the server, which gives it back. */
	CHECK(hear(fd, text, sizeof(text), "bbbbbbbb") > 0);
	CHECK(strstr(text, "bbbbbbbb") != NULL);
	close(fd);
	rig_close(r);
	server_close(s);
}

/* One client asks and asks, and agentosd takes nothing of what it is told. */
static void calls_wait_for_agentosd_and_the_gateway_lives(void)
{
	static const char request[] = "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n"
				      "Content-Length: 2\r\n\r\n{}";
	const struct timeval limit = { .tv_sec = 1 };
	uint16_t provider;
	struct rig *r = stage_open(&provider);
	size_t answered = 0, failed = 0, broken = 0;
	int fd = -1, status;

	REQUIRE(r);
	/* So that what the gateway must know of the agent is there. */
	fd = client_open(r, AGENT_MODELS);
	say(fd, "%s", request);
	CHECK_INT(hear_status(fd), 401);
	close(fd);
	CHECK(RIG_WAIT(r, r->call_count == 1));
	pthread_mutex_lock(&r->lock);
	r->deaf = true;
	pthread_mutex_unlock(&r->lock);
	for (fd = -1; answered < 12000 && failed < 2 && broken < 8000;) {
		if (fd < 0) {
			fd = client_open(r, AGENT_MODELS);
			setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		}
		if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) < 0)
			status = -1;
		else
			status = hear_answer(fd);
		answered += status == 401;
		failed = status == -EAGAIN ? failed + 1 : 0;
		broken += status != 401;
		if (status != 401) {
			close(fd);
			fd = -1;
		}
	}
	if (fd >= 0)
		close(fd);
	CHECK_INT(failed, 2);
	CHECK(answered < 12000);
	pthread_mutex_lock(&r->lock);
	r->deaf = false;
	pthread_mutex_unlock(&r->lock);
	/* It is there still, and nothing was lost: a client that gave up may have been told of, too. */
	CHECK(RIG_WAIT(r, r->call_count > answered));
	fd = client_open(r, AGENT_MODELS);
	say(fd, "%s", request);
	CHECK_INT(hear_status(fd), 401);
	close(fd);
	rig_close(r);
}

static void hex_put(char *to, const uint8_t digest[GATE_DIGEST])
{
	size_t i;

	for (i = 0; i < GATE_DIGEST; i++)
		snprintf(to + 2 * i, 3, "%02x", digest[i]);
}

/* However much of it was made while the provider had the request. */
static void digests_are_those_of_what_was_asked_and_answered(void)
{
	char path[64], line[256], told[256];
	uint16_t provider;
	struct rig *r = stage_open(&provider);
	size_t count = 0;
	FILE *f;

	REQUIRE(r);
	snprintf(path, sizeof(path), "%s/digests", directory);
	stage_argument = path;
	clients_run(r, "digests", provider);
	stage_argument = "";
	f = fopen(path, "r");
	REQUIRE(f);
	while (fgets(line, sizeof(line), f)) {
		const struct gate_called c = last_call(r, ++count);

		hex_put(told, c.request);
		told[2 * GATE_DIGEST] = ' ';
		hex_put(told + 2 * GATE_DIGEST + 1, c.answer);
		line[strcspn(line, "\n")] = '\0';
		CHECK_STR(told, line);
	}
	fclose(f);
	CHECK_INT(count, 12);
	rig_close(r);
}

static const struct tap_test tests[] = {
	TEST(digests_are_those_of_what_was_asked_and_answered),
	TEST(each_wire_answers_in_its_own_words),
	TEST(each_wire_streams),
	TEST(who_may_not_is_told_why),
	TEST(providers_that_fail_are_asked_again_or_replaced),
	TEST(connections_are_kept_and_requests_follow_each_other),
	TEST(what_a_call_costs_is_reserved_and_settled),
	TEST(tokens_are_counted_and_cost_none),
	TEST(tokens_are_counted_so_often),
	TEST(embeddings_are_reserved_by_their_input_and_settled),
	TEST(a_proxied_request_behind_a_call_fits_the_buffer),
	TEST(calls_wait_for_agentosd_and_the_gateway_lives),
};

int main(int argc, char **argv)
{
	return stage_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
