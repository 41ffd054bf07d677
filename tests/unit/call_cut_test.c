// SPDX-License-Identifier: GPL-2.0-or-later
/* Streams that reach the end of a budget: cut there in each wire, settled to the last token, and told of. */
#define CLIENTS "tests/unit/call_cuts.py"
#include "tests/unit/call_stage.h"

#define WIRES	  4
#define STREAMS	  (WIRES * WIRES)
#define CALLS_MAX 64
#define PIECE	  16 /* tokens of one piece, at most */

static const char *const upstreams[WIRES] = { "chat", "responses", "anthropic-own", "gemini-own" };

/* The calls of a group, each with a budget of its own. */
struct cuts {
	uint64_t tokens, money; /* limits */
	unsigned int agent;	/* who calls: 0, AGENT_MODELS */
	bool audit_only;
	struct rig_budget spent[2][CALLS_MAX];
	struct gate_called calls[CALLS_MAX];
	uint64_t input[CALLS_MAX], output[CALLS_MAX]; /* as the client was told */
};

static unsigned int agent_of(const struct cuts *c)
{
	return c->agent ? c->agent : AGENT_MODELS;
}

static void limits_set(const struct rig *r, const struct cuts *c)
{
	rig_allow(r, agent_of(c), AGENTOS_RESOURCE_TOKENS, c->tokens);
	rig_allow(r, agent_of(c), AGENTOS_RESOURCE_MICRODOLLARS, c->money);
}

/* A client that has its answer is told of once that is settled. */
static void call_note(struct rig *r, struct cuts *c, size_t at, const char *told)
{
	unsigned long long input = 0, output = 0;

	CHECK_INT(sscanf(told, "told %llu %llu", &input, &output), 2);
	c->input[at] = input;
	c->output[at] = output;
	c->calls[at] = last_call(r, at + 1);
	c->spent[0][at] = rig_budget(r, agent_of(c), AGENTOS_RESOURCE_TOKENS);
	c->spent[1][at] = rig_budget(r, agent_of(c), AGENTOS_RESOURCE_MICRODOLLARS);
}

/* Returns how many there were. */
static size_t cuts_run(const char *group, struct cuts *c)
{
	char command[512], line[2048];
	uint16_t provider;
	struct rig *r = stage_open(&provider);
	size_t count = 0;
	FILE *in, *f;
	int go[2];

	if (!r || pipe(go) < 0)
		return 0;
	limits_set(r, c);
	/* It waits for a line behind each call. */
	snprintf(command, sizeof(command), "python3 -B " CLIENTS " %s %u %u %s 127.0.%d.%u <&%d",
		 group, r->port, provider, tokens[agent_of(c)], c->audit_only, agent_of(c), go[0]);
	in = fdopen(go[1], "w");
	f = popen(command, "r");
	while (f && in && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "told ", 5) == 0 && count < CALLS_MAX) {
			call_note(r, c, count++, line);
			limits_set(r, c);
			fputs("\n", in);
			fflush(in);
		} else {
			CHECK_MSG(strncmp(line, "ok ", 3) == 0, "%s", line);
		}
	}
	CHECK_INT(f ? pclose(f) : -1, 0);
	if (in)
		fclose(in);
	close(go[0]);
	rig_close(r);
	return count;
}

/* What the client was told is what the log has, and what was settled. */
static void call_is_settled(const struct cuts *c, size_t i)
{
	const struct gate_called *m = &c->calls[i];

	CHECK_INT(m->input, c->input[i]);
	CHECK_INT(m->output, c->output[i]);
	CHECK_INT(c->spent[0][i].used, m->input + m->output);
	CHECK_INT(c->spent[1][i].used, m->microdollars);
	CHECK_INT(c->spent[0][i].reserved, 0);
	CHECK_INT(c->spent[1][i].reserved, 0);
	CHECK_INT(m->status, 200);
	CHECK_INT(m->audit_only, 0);
}

static void streams_end_at_the_budget_of_tokens(void)
{
	struct cuts c = { .tokens = 2000, .money = AGENTOS_BUDGET_UNLIMITED };
	uint64_t most;
	size_t i;

	CHECK_INT(cuts_run("pour", &c), STREAMS);
	for (i = 0; i < STREAMS; i++) {
		call_is_settled(&c, i);
		CHECK_INT(c.calls[i].why, CALL_WHY_CUT);
		CHECK_INT(c.calls[i].wire, i / WIRES + 1);
		CHECK_STR(c.calls[i].provider, upstreams[i % WIRES]);
		/* Gemini tells with a piece what it took, which counts though the piece stays here. */
		most = i % WIRES == 3 ? 2000 + PIECE : 2000;
		CHECK_MSG(c.spent[0][i].used <= most && c.spent[0][i].used > 2000 - PIECE, "%llu",
			  (unsigned long long)c.spent[0][i].used);
	}
}

/* 10 microdollars for each token of an answer. */
static void streams_end_at_the_budget_of_money(void)
{
	struct cuts c = { .tokens = AGENTOS_BUDGET_UNLIMITED, .money = 15000 };
	uint64_t most;
	size_t i;

	CHECK_INT(cuts_run("pour", &c), STREAMS);
	for (i = 0; i < STREAMS; i++) {
		call_is_settled(&c, i);
		CHECK_INT(c.calls[i].why, CALL_WHY_CUT_MONEY);
		most = i % WIRES == 3 ? 15000 + 10 * PIECE : 15000;
		CHECK_MSG(c.spent[1][i].used <= most && c.spent[1][i].used > 15000 - 10 * PIECE,
			  "%llu", (unsigned long long)c.spent[1][i].used);
	}
}

static void half_a_call_of_a_tool_is_not_done(void)
{
	struct cuts c = { .tokens = 2000, .money = AGENTOS_BUDGET_UNLIMITED };
	size_t count = cuts_run("tool", &c), i;

	CHECK_INT(count, STREAMS - WIRES);
	for (i = 0; i < count; i++) {
		call_is_settled(&c, i);
		CHECK_INT(c.calls[i].why, CALL_WHY_CUT);
	}
}

/* Of OpenAI's chat alone: text for a tool, and chunks that all say why they end, which is "". */
static void what_is_said_in_other_places_is_cut_as_well(void)
{
	static const char *const groups[] = { "custom", "empty" };
	size_t i;

	for (i = 0; i < 2; i++) {
		struct cuts c = { .tokens = 2000, .money = AGENTOS_BUDGET_UNLIMITED };

		CHECK_INT(cuts_run(groups[i], &c), 1);
		call_is_settled(&c, 0);
		CHECK_MSG(c.calls[0].why == CALL_WHY_CUT, "%s: %d", groups[i], c.calls[0].why);
		CHECK(c.spent[0][0].used <= 2000 && c.spent[0][0].used > 2000 - PIECE);
	}
}

/* It has read 20000 bytes of chunks, of which some 7000 are text, which are 2300 tokens. */
static void who_goes_before_the_end_pays_for_what_came(void)
{
	struct cuts c = { .tokens = AGENTOS_BUDGET_UNLIMITED, .money = AGENTOS_BUDGET_UNLIMITED };

	CHECK_INT(cuts_run("leave", &c), 1);
	CHECK_INT(c.calls[0].why, CALL_WHY_CLIENT_GONE);
	CHECK_MSG(c.calls[0].output > 1000, "%llu", (unsigned long long)c.calls[0].output);
}

/* As many tokens of prompt as a number can hold: no sum of them is small. Nothing of it goes out. */
static void a_prompt_without_an_end_is_beyond_the_budget(void)
{
	struct cuts c = { .tokens = 2000, .money = AGENTOS_BUDGET_UNLIMITED };

	CHECK_INT(cuts_run("huge", &c), 1);
	CHECK_INT(c.calls[0].why, CALL_WHY_CUT);
	CHECK_MSG(c.output[0] < 2000, "%llu bytes", (unsigned long long)c.output[0]);
	CHECK_INT(c.spent[0][0].reserved, 0);
}

/* What is refused would not be: it is. The control: what no rule is on is let through, and told of. */
static void budgets_hold_for_audit_only_agents(void)
{
	struct cuts c = { .tokens = AGENTOS_BUDGET_UNLIMITED,
			  .money = AGENTOS_BUDGET_UNLIMITED,
			  .agent = AGENT_ONE,
			  .audit_only = true };

	CHECK_INT(cuts_run("any", &c), 1);
	CHECK_INT(c.calls[0].why, CALL_WHY_NO_RULE);
	CHECK_INT(c.calls[0].status, 200);
	CHECK_INT(c.calls[0].audit_only, 1);
	c.tokens = 5;
	CHECK_INT(cuts_run("any", &c), 1);
	CHECK_INT(c.calls[0].why, CALL_WHY_BUDGET_TOKENS);
	CHECK_INT(c.calls[0].status, 429);
	CHECK_INT(c.calls[0].audit_only, 0);
}

/* The control: within the same budgets a stream comes whole, and what it says it took is settled. */
static void streams_within_their_budgets_come_whole(void)
{
	struct cuts c = { .tokens = 2000, .money = 15000 };
	size_t i;

	CHECK_INT(cuts_run("whole", &c), STREAMS);
	for (i = 0; i < STREAMS; i++) {
		call_is_settled(&c, i);
		CHECK_INT(c.calls[i].why, CALL_WHY_NONE);
		CHECK_INT(c.calls[i].input, 7);
		CHECK_INT(c.calls[i].output, 60);
		CHECK_INT(c.spent[1][i].used, 607);
	}
}

/* And where there is no limit nothing is cut, however much more it is than was asked for. */
static void streams_without_a_limit_come_to_their_end(void)
{
	struct cuts c = { .tokens = AGENTOS_BUDGET_UNLIMITED, .money = AGENTOS_BUDGET_UNLIMITED };
	size_t i;

	CHECK_INT(cuts_run("long", &c), STREAMS);
	for (i = 0; i < STREAMS; i++) {
		CHECK_INT(c.calls[i].why, CALL_WHY_NONE);
		CHECK_INT(c.spent[0][i].reserved, 0);
		CHECK_INT(c.spent[1][i].reserved, 0);
	}
}

static const struct tap_test tests[] = {
	TEST(streams_end_at_the_budget_of_tokens),
	TEST(streams_end_at_the_budget_of_money),
	TEST(half_a_call_of_a_tool_is_not_done),
	TEST(what_is_said_in_other_places_is_cut_as_well),
	TEST(who_goes_before_the_end_pays_for_what_came),
	TEST(a_prompt_without_an_end_is_beyond_the_budget),
	TEST(budgets_hold_for_audit_only_agents),
	TEST(streams_within_their_budgets_come_whole),
	TEST(streams_without_a_limit_come_to_their_end),
};

int main(int argc, char **argv)
{
	return stage_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
