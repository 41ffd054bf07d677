// SPDX-License-Identifier: GPL-2.0-or-later
/* A model call as a record: its line, its JSON and what others export of it, how it is asked for, counted and told. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "audit/csv.h"
#include "audit/denial.h"
#include "audit/filter.h"
#include "audit/names.h"
#include "audit/otlp.h"
#include "audit/render.h"
#include "audit/stats.h"
#include "rpc/call_why.h"
#include "tests/tap.h"

#define HOSTILE "\x1b]0;x\x07\"</b>'&\\\n\r\xff\xc2\x9b\xe2\x80\xae%s%n=1+1"

static char line[32768];

static struct record call(unsigned int outcome, unsigned int why)
{
	struct record r = { .seq = 17,
			    .time_ns = 1700000000123456789,
			    .type = RECORD_CALL,
			    .agent_name = "coder" };

	r.u.call.agent = 7;
	r.u.call.policy = 5;
	r.u.call.rule = outcome == CALL_ANSWERED ? 3 : AGENTOS_RULE_NONE;
	r.u.call.outcome = (uint16_t)outcome;
	r.u.call.why = (uint16_t)why;
	strcpy(r.u.call.provider, "openai");
	strcpy(r.u.call.model, "gpt-5");
	return r;
}

static struct record answered(void)
{
	struct record r = call(CALL_ANSWERED, CALL_WHY_NONE);

	r.u.call.input = 1200;
	r.u.call.output = 340;
	r.u.call.microdollars = 4200;
	r.u.call.status = 200;
	r.u.call.duration_us = 812345;
	r.u.call.first_us = 90000;
	r.u.call.wire = 1;
	r.u.call.upstream = 2;
	r.u.call.streamed = 1;
	r.u.call.request[0] = 0xab;
	r.u.call.request[31] = 0x01;
	return r;
}

static const char *written(void (*write)(FILE *out, const struct record *r), const struct record *r)
{
	FILE *out = fmemopen(line, sizeof(line), "w");

	if (!out)
		exit(1);
	write(out, r);
	fclose(out);
	return line;
}

static void write_words(FILE *out, const struct record *r)
{
	render_text(out, r, false);
}

static void write_denial(FILE *out, const struct record *r)
{
	denial_line(out, r, 7);
}

static void write_csv(FILE *out, const struct record *r)
{
	struct fields fields = { 0 };

	CHECK_INT(csv_record(out, &fields, r), 0);
	fields_release(&fields);
}

static void write_otlp(FILE *out, const struct record *r)
{
	struct otlp_batch b = { .out = out };

	CHECK_INT(otlp_record(&b, r), 0);
	fields_release(&b.fields);
}

/* Without its time and end. */
static const char *words(const struct record *r)
{
	written(write_words, r);
	line[strcspn(line, "\n")] = '\0';
	return line + strlen("00:00:00.000  ");
}

static void an_answered_call_reads_as_such(void)
{
	struct record r = answered();

	CHECK_STR(words(&r), "allowed coder(7) called openai/gpt-5: 1,200 tokens in, 340 out, "
			     "$0.0042, 200 after 812 ms");
	r.u.call.cache_read = 1000;
	r.u.call.reasoning = 40;
	r.u.call.microdollars = 1234560000;
	r.u.call.duration_us = 61234567;
	CHECK_STR(
		words(&r),
		"allowed coder(7) called openai/gpt-5: 1,200 tokens in (1,000 of them cached), 340 "
		"out (40 of them reasoning), $1,234.56, 200 after 61.2 s");
	r = call(CALL_ANSWERED, CALL_WHY_NONE);
	r.u.call.provider[0] = '\0';
	r.u.call.input = 1;
	r.u.call.status = 200;
	r.u.call.duration_us = 999;
	CHECK_STR(words(&r), "allowed coder(7) called gpt-5: 1 token in, 0 out, 200 after 999 us");
}

static void what_came_to_nothing_says_why(void)
{
	static const struct {
		unsigned int outcome, why;
		uint64_t other, output;
		unsigned int status;
		const char *expected;
	} rows[] = {
		{ CALL_DENIED, CALL_WHY_TOKEN_OTHERS, 17, 0, 403,
		  "DENIED  coder(7) may not call openai/gpt-5: its token is another agent's (agent "
		  "17)" },
		{ CALL_DENIED, CALL_WHY_NO_RULE, 0, 0, 403,
		  "DENIED  coder(7) may not call openai/gpt-5: no rule of the policy is on this "
		  "model" },
		{ CALL_DENIED, CALL_WHY_CUT, 0, 50, 200,
		  "DENIED  coder(7) was cut off from openai/gpt-5: the answer reached the end of the "
		  "budget of tokens; 0 tokens in, 50 out, 200 after 30 ms" },
		{ CALL_DENIED, CALL_WHY_CUT_MONEY, 0, 50, 200,
		  "DENIED  coder(7) was cut off from openai/gpt-5: the answer reached the end of the "
		  "budget of money; 0 tokens in, 50 out, 200 after 30 ms" },
		{ CALL_WOULD_DENY, CALL_WHY_NO_RULE, 0, 50, 200,
		  "PASSED  coder(7) was let call openai/gpt-5, as it is audit-only: no rule of the "
		  "policy is on this model; 0 tokens in, 50 out, 200 after 30 ms" },
		{ CALL_FAILED, CALL_WHY_PROVIDER, 0, 0, 502,
		  "failed  coder(7) called openai/gpt-5 in vain: its provider answered with an "
		  "error; 502 after 30 ms" },
		{ CALL_FAILED, CALL_WHY_CLIENT_GONE, 0, 3, 0,
		  "failed  coder(7) called openai/gpt-5 in vain: who asked did not wait for the "
		  "answer; 0 tokens in, 3 out, not answered after 30 ms" },
		{ 4, 99, 0, 0, 200,
		  "unclear coder(7) asked for openai/gpt-5: for a reason that is not known; 200 "
		  "after 30 ms" },
	};
	struct record r;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		r = call(rows[i].outcome, rows[i].why);
		r.u.call.other = rows[i].other;
		r.u.call.output = rows[i].output;
		r.u.call.status = (uint16_t)rows[i].status;
		r.u.call.duration_us = 30000;
		CHECK_STR(words(&r), rows[i].expected);
	}
	r = call(CALL_DENIED, CALL_WHY_MALFORMED);
	r.u.call.model[0] = '\0';
	CHECK_STR(words(&r),
		  "DENIED  coder(7) may not call a model that was not told: it is no request");
}

/* An agent's words do not pass for ours. */
static void a_models_name_is_only_text(void)
{
	struct record r = answered();

	strcpy(r.u.call.model, "x: 0 tokens in");
	CHECK(strstr(words(&r), " called \"openai/x: 0 tokens in\": 1,200 tokens in"));
	strcpy(r.u.call.model, "a\"b");
	CHECK(strstr(words(&r), " called \"openai/a\\x22b\": "));
	strcpy(r.u.call.model, "a\nb\033[2J");
	CHECK(strstr(words(&r), " called openai/a\\x0ab\\x1b[2J: "));
}

static void money_is_dollars(void)
{
	static const struct {
		uint64_t microdollars;
		const char *expected;
	} rows[] = { { 0, "$0.00" },
		     { 1, "$0.000001" },
		     { 4200, "$0.0042" },
		     { 10000, "$0.01" },
		     { 100000, "$0.10" },
		     { 1000000, "$1.00" },
		     { 1250000, "$1.25" },
		     { 1234567890, "$1,234.56789" },
		     { UINT64_MAX, "$18,446,744,073,709.551615" } };
	FILE *out;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		out = fmemopen(line, sizeof(line), "w");
		render_money(out, rows[i].microdollars);
		fclose(out);
		CHECK_STR(line, rows[i].expected);
	}
}

/* A reason that gets no word would come as a number, and so would a wire. */
static void each_number_has_its_word(void)
{
	char other[NAME_ROOM], before[NAME_ROOM];
	unsigned int i, j;

	for (i = 0; i < CALL_WHY_COUNT; i++) {
		CHECK_MSG(strncmp(name_call(i, other), "why-", 4) != 0, "reason %u", i);
		for (j = 0; j < i; j++)
			CHECK(strcmp(name_call(i, other), name_call(j, before)) != 0);
	}
	CHECK_STR(name_call(CALL_WHY_COUNT, other), "why-24");
	CHECK_STR(name_call(CALL_WHY_TOKEN_OTHERS, other), "token_others");
	CHECK_STR(name_call(CALL_WHY_NO_PRICE, other), "no_price");
	CHECK_STR(name_call(CALL_WHY_UNREACHABLE, other), "unreachable");
	CHECK_STR(name_call(CALL_WHY_ENDED, other), "ended");
	CHECK_STR(name_call(CALL_WHY_CUT, other), "cut_tokens");
	CHECK_STR(name_call(CALL_WHY_CUT_MONEY, other), "cut_money");
	CHECK_STR(name_call(CALL_WHY_OFTEN, other), "often");
	for (i = 0; i < CALL_OUTCOMES; i++)
		CHECK(strncmp(name_answer(i, other), "outcome-", 8) != 0);
	CHECK_STR(name_answer(CALL_OUTCOMES, other), "outcome-4");
	CHECK_STR(name_wire(0, other), "wire-0");
	CHECK_STR(name_wire(1, other), "openai-chat");
	CHECK_STR(name_wire(4, other), "gemini");
	CHECK_STR(name_wire(5, other), "wire-5");
}

static void json_has_all_of_it(void)
{
	struct record r = answered();

	written(render_json, &r);
	CHECK(strstr(line, "\"type\":\"call\",\"agent\":7,\"agent_name\":\"coder\",\"policy\":5,"
			   "\"outcome\":\"answered\",\"why\":\"none\",\"rule\":3,\"provider\":"
			   "\"openai\",\"model\":\"gpt-5\",\"wire\":\"openai-chat\",\"upstream\":"
			   "\"openai-responses\",\"streamed\":true,\"status\":200,\"input_tokens\":"
			   "1200,\"output_tokens\":340,\"cache_read_tokens\":0,"
			   "\"cache_write_tokens\":0,\"reasoning_tokens\":0,\"microdollars\":4200,"
			   "\"duration_us\":812345,\"first_us\":90000,\"request_sha256\":\"ab0000"
			   "0000000000000000000000000000000000000000000000000000000001\"}\n"));
	/* Of a record of before that was told. */
	CHECK(!strstr(line, "own_us") && !strstr(line, "attempts") && !strstr(line, "served"));
	r.u.call.own_us = 150;
	r.u.call.attempts = 2;
	r.u.call.upstream_us = 700;
	r.u.call.upstream_first_us = 300;
	r.u.call.operation = CALL_ANSWER;
	strcpy(r.u.call.served, "gpt-5-2026");
	written(render_json, &r);
	CHECK(strstr(line, "\"first_us\":90000,\"own_us\":150,\"attempts\":2,\"queue_us\":0,"
			   "\"upstream_us\":700,\"upstream_first_us\":300,"));
	CHECK(strstr(line, "\"served\":\"gpt-5-2026\",\"operation\":\"answer\","));
	CHECK(!strstr(line, "answer_sha256") && !strstr(line, "other") &&
	      !strstr(line, "\"stream\""));
	r = call(CALL_DENIED, CALL_WHY_TOKEN_OTHERS);
	r.u.call.other = 9;
	r.u.call.provider[0] = '\0';
	strcpy(r.u.call.model, "\xff");
	written(render_json, &r);
	CHECK(strstr(line,
		     "\"outcome\":\"denied\",\"why\":\"token_others\",\"rule\":null,\"other\":9,"
		     "\"model\":\"\\u00ff\",\"model_hex\":\"ff\",\"input_tokens\":0,"));
	CHECK(!strstr(line, "provider") && !strstr(line, "wire") && !strstr(line, "status") &&
	      !strstr(line, "sha256") && !strstr(line, "_us") && !strstr(line, "streamed"));
}

static void others_get_it_in_their_words(void)
{
	struct record r = answered();

	written(write_otlp, &r);
	CHECK(strstr(line,
		     "{\"key\":\"gen_ai.provider.name\",\"value\":{\"stringValue\":\"openai\"}}"));
	CHECK(strstr(line,
		     "{\"key\":\"gen_ai.request.model\",\"value\":{\"stringValue\":\"gpt-5\"}}"));
	CHECK(strstr(line,
		     "{\"key\":\"gen_ai.usage.input_tokens\",\"value\":{\"intValue\":\"1200\"}}"));
	CHECK(strstr(line,
		     "{\"key\":\"gen_ai.usage.output_tokens\",\"value\":{\"intValue\":\"340\"}}"));
	CHECK(strstr(line, "{\"key\":\"agentos.microdollars\",\"value\":{\"intValue\":\"4200\"}}"));
	CHECK(strstr(line, "\"severityText\":\"INFO\""));
	CHECK(!strstr(line, "agentos.model") && !strstr(line, "agentos.provider") &&
	      !strstr(line, "agentos.input_tokens"));
	r = call(CALL_DENIED, CALL_WHY_NO_RULE);
	CHECK(strstr(written(write_otlp, &r), "\"severityText\":\"WARN\""));
	r.u.call.outcome = CALL_WOULD_DENY;
	CHECK(strstr(written(write_otlp, &r), "\"severityText\":\"WARN\""));
	r.u.call.outcome = CALL_FAILED;
	CHECK(strstr(written(write_otlp, &r), "\"severityText\":\"INFO\""));
	/* In a request to the gateway a provider is no model's. */
	r = (struct record){ .type = RECORD_EGRESS };
	CHECK(!strstr(written(write_otlp, &r), "gen_ai."));

	r = answered();
	strcpy(r.u.call.model, "=1+1");
	written(write_csv, &r);
	CHECK(strncmp(line, "17,2023-11-14T22:13:20.123456789Z,", 34) == 0);
	CHECK(strstr(line, ",call,7,coder,,answered,,none,,3,5,,,,\"'=1+1\",,,openai,200,1200,340,"
			   "4200,\""));
}

/* One line each, whatever is in it. */
static void no_call_does_more_than_be_shown(void)
{
	static void (*const ways[])(FILE *, const struct record *) = {
		write_words, render_json, write_denial, write_csv, write_otlp
	};
	unsigned int outcome, why, full, way, bad = 0;
	struct record r;
	const char *p;

	for (outcome = 0; outcome <= CALL_OUTCOMES; outcome++)
		for (why = 0; why <= CALL_WHY_COUNT; why++)
			for (full = 0; full < 2; full++) {
				r = call(outcome, why);
				if (full)
					memset(&r.u.call, 0xff, sizeof(r.u.call));
				r.u.call.outcome = (uint16_t)outcome;
				r.u.call.why = (uint16_t)why;
				snprintf(r.agent_name, sizeof(r.agent_name), "%s", HOSTILE);
				snprintf(r.u.call.provider, sizeof(r.u.call.provider), "%s",
					 HOSTILE);
				snprintf(r.u.call.model, sizeof(r.u.call.model), "%s%s%s", HOSTILE,
					 HOSTILE, HOSTILE);
				for (way = 0; way < 5; way++) {
					written(ways[way], &r);
					for (p = line; *p && *p != '\n'; p++)
						bad += (unsigned char)*p < 0x20 || *p == 0x7f;
					bad += p == line || (*p == '\n' && p[1]);
				}
			}
	CHECK_INT(bad, 0);
}

static void a_refusal_is_told_to_the_agent(void)
{
	static const struct {
		unsigned int why;
		const char *expected;
	} rows[] = {
		{ CALL_WHY_NO_RULE, "no rule of the policy is on this model; ask for: the model "
				    "openai/gpt-5\n" },
		{ CALL_WHY_TOKEN_OTHERS,
		  "its token is another agent's (agent 9); use the token that "
		  "this agent was given\n" },
		{ CALL_WHY_BUDGET_MONEY,
		  "the budget of money does not have enough left; ask for: a "
		  "larger budget of money, or use a cheaper model\n" },
		{ CALL_WHY_BUDGET_CALLS, "the budget of calls has none left; ask for: a larger "
					 "budget of calls\n" },
		{ CALL_WHY_NO_PRICE, "money is budgeted, and the model's price is not known; use "
				     "another model, or ask for: a price of openai/gpt-5\n" },
		{ 77, "for a reason that is not known; ask whoever runs this agent\n" },
	};
	static const char head[] = "2023-11-14T22:13:20Z #17 denied: the gateway: it may not call "
				   "openai/gpt-5: ";
	struct record r;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		r = call(CALL_DENIED, rows[i].why);
		r.u.call.other = rows[i].why == CALL_WHY_TOKEN_OTHERS ? 9 : 0;
		r.u.call.duration_us = 120;
		r.u.call.status = 403;
		written(write_denial, &r);
		CHECK_MSG(strncmp(line, head, sizeof(head) - 1) == 0, "%s", line);
		CHECK_STR(line + sizeof(head) - 1, rows[i].expected);
	}
	r.u.call.agent = 12;
	strcpy(r.agent_name, "sub");
	CHECK(strstr(written(write_denial, &r), " denied: sub-agent sub(12): the gateway: it may"));
}

static void refusals_alike_are_the_same(void)
{
	const struct record r = call(CALL_DENIED, CALL_WHY_NO_RULE);
	struct record o = r;

	o.seq++;
	o.u.call.duration_us = 99;
	o.u.call.request[4] = 4;
	CHECK(denial_same(&r, &o));
	o.u.call.model[0] = 'h';
	CHECK(!denial_same(&r, &o));
	o = r;
	o.u.call.provider[0] = 'q';
	CHECK(!denial_same(&r, &o));
	o = r;
	o.u.call.why = CALL_WHY_TOKEN;
	CHECK(!denial_same(&r, &o));
	o = r;
	o.u.call.other = 3;
	CHECK(!denial_same(&r, &o));
	o = r;
	o.u.call.agent = 8;
	CHECK(!denial_same(&r, &o));
	o = r;
	o.u.call.policy = 8;
	CHECK(!denial_same(&r, &o));
	o = r;
	o.type = RECORD_EGRESS;
	CHECK(!denial_same(&r, &o));
	/* Each that took something is told. */
	o = r;
	o.u.call.output = 1;
	CHECK(!denial_same(&o, &o));
}

static struct filter *filter;

static void ask(enum filter_kind kind, const char *value)
{
	struct fault fault;

	filter_free(filter);
	if (filter_create(&filter) != 0)
		exit(1);
	CHECK_MSG(filter_add(filter, kind, value, &fault) == 0, "%s", value);
}

static int finds(struct record r)
{
	return filter_match(filter, &r);
}

static void calls_are_found_by_what_they_are(void)
{
	struct record r = answered();
	struct fault fault;

	ask(FILTER_TYPE, "call");
	CHECK_INT(finds(r), 1);
	CHECK_INT(finds((struct record){ .type = RECORD_EGRESS }), 0);
	CHECK_INT(finds((struct record){ .type = RECORD_COUNT }), 0);
	ask(FILTER_TYPE, "egress");
	CHECK_INT(finds(r), 0);
	ask(FILTER_OPERATION, "call");
	CHECK_INT(finds(r), 1);
	CHECK_INT(finds((struct record){ .type = RECORD_EGRESS }), 0);
	ask(FILTER_OPERATION, "egress");
	CHECK_INT(finds(r), 0);
	CHECK_INT(finds((struct record){ .type = RECORD_EGRESS }), 1);
	ask(FILTER_OPERATION, "file_open");
	CHECK_INT(finds(r), 0);
	ask(FILTER_AGENT, "coder");
	CHECK_INT(finds(r), 1);
	ask(FILTER_AGENT, "7");
	CHECK_INT(finds(r), 1);
	ask(FILTER_AGENT, "8");
	CHECK_INT(finds(r), 0);
	ask(FILTER_REASON, "3");
	CHECK_INT(finds(r), 1);
	ask(FILTER_REASON, "4");
	CHECK_INT(finds(r), 0);
	ask(FILTER_TEXT, "1,200 tokens in");
	CHECK_INT(finds(r), 1);
	CHECK_INT(filter_add(filter, FILTER_TYPE, "calls", &fault), -EINVAL);
	CHECK(strstr(fault.text, "egress, call"));
	CHECK_INT(filter_add(filter, FILTER_OPERATION, "calls", &fault), -EINVAL);
	CHECK(strstr(fault.text, "egress, call"));
}

static void their_outcomes_are_verdicts(void)
{
	static const char *const verdicts[] = { "allowed", "denied", "would-deny", "failed",
						"closed" };
	unsigned int outcome, i;

	for (i = 0; i < 5; i++) {
		ask(FILTER_VERDICT, verdicts[i]);
		for (outcome = 0; outcome < 6; outcome++)
			CHECK_INT(finds(call(outcome, 1)), outcome == i && i < 4);
	}
	filter_free(filter);
	if (filter_create(&filter) != 0)
		exit(1);
	filter_add_refused(filter);
	for (outcome = 0; outcome < 6; outcome++)
		CHECK_INT(finds(call(outcome, 1)),
			  outcome == CALL_DENIED || outcome == CALL_WOULD_DENY);
}

static void their_objects_are_models(void)
{
	static const struct {
		const char *asked;
		bool found;
	} rows[] = {
		{ "openai/gpt-5", true },
		{ "gpt", true },
		{ "openai", true },
		{ "openai/*", true },
		{ "gpt-*", true },
		{ "open*", true },
		{ "*", true },
		{ "anthropic", false },
		{ "claude*", false },
		{ "gpt-5?", false },
		{ "openai/claude*", false },
		{ "192.0.2.1", false },
	};
	struct record r = answered();
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ask(FILTER_OBJECT, rows[i].asked);
		CHECK_MSG(finds(r) == rows[i].found, "%s", rows[i].asked);
	}
	/* A provider without a model, a model without a provider, neither. */
	r.u.call.model[0] = '\0';
	ask(FILTER_OBJECT, "openai");
	CHECK_INT(finds(r), 1);
	r = answered();
	r.u.call.provider[0] = '\0';
	CHECK_INT(finds(r), 0);
	ask(FILTER_OBJECT, "gpt-?");
	CHECK_INT(finds(r), 1);
	r.u.call.model[0] = '\0';
	ask(FILTER_OBJECT, "*");
	CHECK_INT(finds(r), 0);
	filter_free(filter);
	filter = NULL;
}

static const char *counts(const struct stats *s, enum stats_kind kind)
{
	static char text[1024];
	struct top_entry entries[16];
	size_t count = top_list(s->tops[kind], entries, 16), i, len = 0;

	text[0] = '\0';
	for (i = 0; i < count; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%llu %.*s",
					i ? ", " : "", (unsigned long long)entries[i].count,
					(int)entries[i].len, entries[i].name);
	return text;
}

static void statistics_count_and_sum_them(void)
{
	struct record r = answered();
	struct stats s;

	REQUIRE(stats_init(&s) == 0);
	stats_add(&s, &r);
	stats_add(&s, &r);
	r.u.call.rule = AGENTOS_RULE_NONE;
	stats_add(&s, &r);
	/* Let by a rule, and refused for another reason. */
	r = call(CALL_DENIED, CALL_WHY_BUDGET_MONEY);
	r.u.call.rule = 3;
	r.u.call.provider[0] = '\0';
	strcpy(r.u.call.model, "claude");
	stats_add(&s, &r);
	r.u.call.outcome = CALL_WOULD_DENY;
	r.u.call.model[0] = '\0';
	stats_add(&s, &r);
	CHECK_STR(counts(&s, STATS_TYPES), "5 call");
	CHECK_STR(counts(&s, STATS_AGENTS), "5 coder");
	CHECK_STR(counts(&s, STATS_OPERATIONS), "5 call");
	CHECK_STR(counts(&s, STATS_VERDICTS), "3 allowed, 1 denied, 1 would-deny");
	CHECK_STR(counts(&s, STATS_REASONS), "2 budget_money, 2 rule 3 of policy 5");
	CHECK_STR(counts(&s, STATS_MODELS), "3 openai/gpt-5, 1 claude");
	CHECK_STR(counts(&s, STATS_HOSTS), "");
	CHECK_STR(stats_name(STATS_MODELS), "models");
	CHECK_INT(s.calls, 5);
	CHECK_INT(s.input, 3600);
	CHECK_INT(s.output, 1020);
	CHECK_INT(s.microdollars, 12600);
	r.u.call.microdollars = UINT64_MAX;
	stats_add(&s, &r);
	CHECK(s.microdollars == UINT64_MAX);
	stats_release(&s);
}

static const struct tap_test tests[] = {
	TEST(an_answered_call_reads_as_such),	TEST(what_came_to_nothing_says_why),
	TEST(a_models_name_is_only_text),	TEST(money_is_dollars),
	TEST(each_number_has_its_word),		TEST(json_has_all_of_it),
	TEST(others_get_it_in_their_words),	TEST(no_call_does_more_than_be_shown),
	TEST(a_refusal_is_told_to_the_agent),	TEST(refusals_alike_are_the_same),
	TEST(calls_are_found_by_what_they_are), TEST(their_outcomes_are_verdicts),
	TEST(their_objects_are_models),		TEST(statistics_count_and_sum_them),
};

int main(int argc, char **argv)
{
	setenv("TZ", "UTC", 1);
	tzset();
	return tap_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
