// SPDX-License-Identifier: GPL-2.0-or-later
/* What agents used up, as a report has it: each call counts once for its model and its agent, and sums stay sums. */
#include "audit/report_html.h"
#include "tests/tap.h"
#include "tests/unit/page_rig.h"
#include "tests/unit/report_rig.h"

#include "base/limits.h"

static struct report *report;

static void report_drop(void)
{
	report_free(report);
	report = NULL;
	free(page);
	page = NULL;
}

/* Of the log in log_dir; the page is made as well. */
static int report_make(const char *agent)
{
	const struct report_options o = { .directory = log_dir, .agent = agent };
	struct fault f = { "" };
	FILE *out;
	int rc;

	report_drop();
	rc = report_read(&o, &report, &f);
	if (rc)
		return rc;
	out = open_memstream(&page, &page_len);
	if (!out)
		exit(1);
	rc = report_html(out, report);
	fclose(out);
	return rc;
}

static bool put_by(uint64_t agent, const char *name, struct record r)
{
	r.u.call.agent = agent;
	rig_name(&r, name);
	return rig_put(r);
}

static void calls_count_for_their_model_and_their_agent(void)
{
	struct record other = rig_call(CALL_ANSWERED, "claude", CALL_WHY_NONE);
	const struct tally_row *row;
	int i;

	strcpy(other.u.call.provider, "anthropic");
	other.u.call.microdollars = 90000;
	REQUIRE(rig_begin() && rig_make(4, "coder", 0) && rig_make(6, "fetcher", 0));
	for (i = 0; i < 3; i++)
		REQUIRE(rig_put(rig_call(CALL_ANSWERED, "gpt-5", CALL_WHY_NONE)));
	REQUIRE(rig_put(rig_call(CALL_FAILED, "gpt-5", CALL_WHY_TIMEOUT)) &&
		rig_put(rig_call(CALL_DENIED, "gpt-5", CALL_WHY_BUDGET_MONEY)) &&
		rig_put(rig_call(CALL_WOULD_DENY, "gpt-6", CALL_WHY_NO_RULE)) &&
		put_by(4, "coder", other) && rig_end());
	REQUIRE(report_make(NULL) == 0);
	CHECK_SOUND();
	CHECK_INT(report->calls.count[CALL_ANSWERED], 4);
	CHECK_INT(report->calls.count[CALL_DENIED], 1);
	CHECK_INT(report->calls.count[CALL_WOULD_DENY], 1);
	CHECK_INT(report->calls.count[CALL_FAILED], 1);
	CHECK_INT(report->calls.input, 4800);
	CHECK_INT(report->calls.cache_read, 4000);
	CHECK_INT(report->calls.output, 1360);
	CHECK_INT(report->calls.microdollars, 102600);
	REQUIRE(report->models.count == 3);
	row = &report->models.rows[0];
	CHECK_STR(row->last.u.call.model, "gpt-5");
	CHECK_INT(row->counts[CALL_ANSWERED], 3);
	CHECK_INT(tally_total(row), 5);
	CHECK(row->input == 3600 && row->output == 1020 && row->microdollars == 12600);
	REQUIRE(report->agent_count == 2);
	CHECK_INT(report->agents[0].calls.microdollars, 90000);
	CHECK_INT(report->agents[1].calls.count[CALL_ANSWERED], 3);
	CHECK_INT(report->agents[1].calls.input, 3600);
	CHECK(report->agents[1].denied == 1 && report->agents[1].passed == 1 &&
	      report->agents[1].allowed == 3);
	CHECK_INT(report->denials.count, 2);
	CHECK_SAYS(
		"It was asked for 7 calls of models: 4 answered, 1 denied, 1 let pass, 1 failed; "
		"4,800 tokens in, 1,360 out, $0.1026. ");
	CHECK_SAYS("<th scope=\"row\" class=\"text\">anthropic/claude</th>");
	CHECK_SAYS("3,600 in, 1,020 out</td><td class=\"count\">$0.0126</td>");
	CHECK_SAYS("the gateway: the budget of money does not have enough left");
	CHECK_SAYS("All together");
	CHECK_SAYS("<dt>Denied</dt><dd>1</dd>");
	CHECK_SAYS("<dt>Let pass</dt><dd>1</dd>");
	CHECK_SAYS("<dt>Allowed, recorded</dt><dd>4</dd>");
	/* Who cost most comes first. */
	CHECK(strstr(strstr(page, "id=\"spend\""), "coder(4)") <
	      strstr(strstr(page, "id=\"spend\""), "fetcher(6)"));
	/* Of one agent what is its own. */
	REQUIRE(report_make("coder") == 0);
	CHECK_INT(report->calls.count[CALL_ANSWERED], 1);
	CHECK_INT(report->calls.microdollars, 90000);
	CHECK_QUIET("gpt-5");
	report_drop();
}

static void without_calls_nothing_is_made_up(void)
{
	REQUIRE(rig_begin() && rig_make(4, "coder", 0) && rig_end());
	REQUIRE(report_make(NULL) == 0);
	CHECK_SOUND();
	CHECK_SAYS("None by the gateway.");
	CHECK_SAYS("No budget came to 80 %");
	CHECK_QUIET("All together");
	CHECK_QUIET("It was asked for");
	report_drop();
}

static void what_agents_call_models_is_only_text(void)
{
	struct record r = rig_call(CALL_DENIED, "</td><script>\x1b\xff\xe2\x80\xae", 1);

	REQUIRE(rig_begin() && rig_put(r));
	memset(&r.u.call, 0xff, sizeof(r.u.call));
	r.u.call.provider[0] = r.u.call.model[0] = r.u.call.served[0] = '\0';
	REQUIRE(rig_put(r));
	r.u.call.outcome = CALL_OUTCOMES;
	REQUIRE(rig_put(r));
	r.u.call.outcome = CALL_ANSWERED;
	REQUIRE(rig_put(r) && rig_put(r) && rig_end());
	REQUIRE(report_make(NULL) == 0);
	CHECK_SOUND();
	CHECK_SAYS("&lt;/td&gt;&lt;script&gt;\\x1b");
	CHECK_SAYS("a model that was not told");
	CHECK_INT(report->unclear, 2);
	CHECK(report->calls.input == UINT64_MAX && report->calls.microdollars == UINT64_MAX);
	CHECK(report->models.rows[0].output == UINT64_MAX);
	report_drop();
}

/* Models that agents make up, and more agents than are shown. */
static void many_take_no_more_room(void)
{
	const unsigned int many = LIMIT_REPORT_MODELS + 100;
	char text[32];
	unsigned int i;
	struct record r;

	REQUIRE(rig_begin());
	for (i = 0; i < many; i++) {
		snprintf(text, sizeof(text), "model-%u", i);
		r = rig_call(CALL_ANSWERED, text, 0);
		r.u.call.microdollars = i;
		snprintf(text, sizeof(text), "agent-%u", i);
		REQUIRE(rig_make(i + 10, text, 0) && put_by(i + 10, text, r));
	}
	REQUIRE(rig_end() && report_make(NULL) == 0);
	CHECK_SOUND();
	CHECK_INT(report->models.count, LIMIT_REPORT_MODELS);
	CHECK_INT(report->models.unplaced, 100);
	CHECK_INT(report->calls.count[CALL_ANSWERED], many);
	CHECK_INT(report->calls.input, 1200 * many);
	CHECK_SAYS("100 records of further models came when 512 were counted already");
	CHECK_SAYS("And 512 more agents with 512 records, not shown.");
	/* The most expensive are those that are shown. */
	CHECK(strstr(strstr(page, "id=\"spend\""), "agent-611("));
	report_drop();
	log_end();
}

static const struct tap_test tests[] = {
	TEST(calls_count_for_their_model_and_their_agent),
	TEST(without_calls_nothing_is_made_up),
	TEST(what_agents_call_models_is_only_text),
	TEST(many_take_no_more_room),
};

TAP_MAIN(tests)
