// SPDX-License-Identifier: GPL-2.0-or-later
/* Reports count what the log holds, within bounds, and their page keeps every text a text. */
#include "audit/report_html.h"
#include "tests/tap.h"
#include "tests/unit/page_rig.h"
#include "tests/unit/report_rig.h"

#include <ctype.h>
#include <sys/wait.h>

#include "base/escape.h"
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
static int report_make(const char *agent, uint64_t since_s, uint64_t until_s)
{
	const struct report_options o = { .directory = log_dir,
					  .agent = agent,
					  .since_ns = since_s * RIG_NS,
					  .until_ns = until_s * RIG_NS,
					  .now_ns = (RIG_BEGIN + 86400) * RIG_NS };
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

static void the_judge_of_pages_finds_faults(void)
{
	static const char *const bad[] = {
		"<script>",
		"</td>",
		"<b>",
		"<p onclick=\"x\"></p>",
		"<p class=x></p>",
		"\x1b",
		"a > b",
		"<",
		"<p\0>",
		"<p class=\"<\"></p>",
		"\xff",
	};
	char *good, *at;
	size_t i;

	REQUIRE(rig_begin() && rig_end() && report_make(NULL, 0, 0) == 0);
	CHECK_SOUND();
	good = page;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		at = strstr(good, "<main>");
		page_len = (size_t)asprintf(&page, "%.*s%s%s", (int)(at - good), good, bad[i], at);
		CHECK_MSG(page_fault(), "%s", bad[i]);
		free(page);
	}
	page = good;
	report_drop();
}

/* --- what is counted --- */

static void an_empty_log_is_a_page_that_says_so(void)
{
	REQUIRE(rig_begin() && rig_end());
	REQUIRE(report_make(NULL, 0, 0) == 0);
	CHECK_SOUND();
	CHECK_INT(report->records, 0);
	CHECK_SAYS(", empty");
	CHECK_SAYS("none: nothing in this log is signed");
	CHECK_SAYS("Nothing was denied");
	CHECK_SAYS("No record is known to be lost.");
	CHECK_SAYS("No allowed act is recorded");
	CHECK_SAYS("None had a record in the period.");
	CHECK_SAYS("does not mean that nothing was changed");
	CHECK_QUIET("class=\"alarm\"");
	report_drop();
}

static void no_log_is_an_error(void)
{
	const struct report_options o = { .directory = "/nonexistent" };
	struct report *none = NULL;
	struct fault f = { "" };

	CHECK_INT(report_read(&o, &none, &f), -ENOENT);
	CHECK(!none && strstr(f.text, "/nonexistent"));
}

/* The same, counted by nothing but a loop. */
struct sums {
	uint64_t records, denied, passed, allowed, egress[EGRESS_CLOSED + 1];
	uint64_t calls[CALL_OUTCOMES];
};

static bool sums_read(struct sums *s)
{
	struct segment_reader *reader;
	struct record r;

	*s = (struct sums){ 0 };
	if (segment_reader_open(log_dir, &reader, NULL) != 0)
		return false;
	while (segment_read(reader, &r, NULL) == 1) {
		s->records++;
		if (r.type == RECORD_EGRESS)
			s->egress[r.u.egress.outcome]++;
		if (r.type == RECORD_CALL)
			s->calls[r.u.call.outcome]++;
		if (r.type != RECORD_EVENT)
			continue;
		s->denied += r.u.event.verdict == AGENTOS_VERDICT_DENIED;
		s->passed += r.u.event.verdict == AGENTOS_VERDICT_WOULD_DENY;
		s->allowed += r.u.event.verdict == AGENTOS_VERDICT_ALLOWED;
	}
	segment_reader_close(reader);
	return true;
}

static uint64_t tally_all(const struct tally *t)
{
	uint64_t all = t->unplaced;
	size_t i;

	for (i = 0; i < t->count; i++)
		all += tally_total(&t->rows[i]);
	return all;
}

static uint64_t timeline_all(const struct timeline *t, unsigned int kinds)
{
	uint64_t all = 0;
	size_t i;

	for (i = 0; i < t->count; i++)
		all += timeline_sum(t, i, kinds);
	return all;
}

static void counts_are_those_of_the_log(void)
{
	const struct report_agent *a;
	uint64_t refused;
	struct sums s;
	size_t i;

	REQUIRE(rig_day() && sums_read(&s));
	refused = s.egress[EGRESS_DENIED] + s.calls[CALL_DENIED];
	REQUIRE(report_make(NULL, 0, 0) == 0);
	CHECK_SOUND();
	CHECK_INT(report->records, s.records);
	CHECK_INT(report->first_seq, 1);
	CHECK_INT(report->last_seq, s.records);
	CHECK_INT(report->denied, s.denied);
	CHECK_INT(report->passed, s.passed);
	CHECK_INT(report->allowed, s.allowed);
	CHECK(s.denied && s.passed && s.allowed && s.egress[EGRESS_FAILED]);
	CHECK_INT(memcmp(report->egress, s.egress, sizeof(s.egress)), 0);
	CHECK_INT(tally_all(&report->rules), s.denied + s.passed + refused);
	CHECK_INT(report->denials.count, s.denied + s.passed + refused);
	CHECK_INT(timeline_all(&report->timeline, 1U << TIMELINE_DENIED), s.denied + refused);
	CHECK_INT(timeline_all(&report->timeline, 1U << TIMELINE_ALLOWED),
		  s.allowed + s.egress[EGRESS_ALLOWED] + s.calls[CALL_ANSWERED]);
	CHECK(s.calls[CALL_DENIED] && s.calls[CALL_FAILED]);
	CHECK_INT(memcmp(report->calls.count, s.calls, sizeof(s.calls)), 0);
	CHECK_INT(report->egress_up, 4096 * s.egress[EGRESS_CLOSED]);
	CHECK_INT(report->egress_down, 250000 * s.egress[EGRESS_CLOSED]);
	for (i = 1; i < report->rules.count; i++)
		CHECK(tally_total(&report->rules.rows[i - 1]) >=
		      tally_total(&report->rules.rows[i]));
	REQUIRE(report->agent_count == 4);
	a = &report->agents[0];
	CHECK_STR(a->name, "coder");
	CHECK_STR(a->policy_name, "coding-agent");
	CHECK(a->created_ns && !a->ended_ns && a->denied == s.denied);
	CHECK_INT(a->spent[AGENTOS_RESOURCE_MICRODOLLARS].percent, 100);
	a = &report->agents[1];
	CHECK(a->parent == 4 && a->ended_ns && a->code == 3 && a->forks == 12);
	CHECK_SAYS("exit status 3; 12 forked");
	CHECK_SAYS("below coder(4)");
	CHECK_SAYS("killed on request");
	CHECK_SAYS("microdollars");
	CHECK_SAYS("it lacks the right net-connect");
	CHECK_SAYS("192.0.2.1 port 443");
	report_drop();
}

static void the_checkpoint_is_told_and_not_vouched_for(void)
{
	static const char torn[] = "example.com/log\n1";
	uint8_t *trail;
	size_t len;

	REQUIRE(log_make(50, 1 << 20, 20, 40));
	REQUIRE(report_make(NULL, 0, 0) == 0);
	CHECK(report->has_checkpoint && report->checkpoint.head.size == 40);
	CHECK_SAYS("example.com/log, 40 records, root ");
	CHECK_SAYS("Signed in the log, not verified by this report");
	CHECK_SAYS("10 records behind it");
	trail = log_get(log_path(TRAIL_NAME), &len);
	REQUIRE(trail);
	/* What a crash cut short is passed over, and what is none is said. */
	memcpy(trail + len - sizeof(torn), torn, sizeof(torn));
	trail[3] = '\x1b';
	REQUIRE(log_set(log_path(TRAIL_NAME), trail, len));
	CHECK_INT(report_make(NULL, 0, 0), 0);
	CHECK(!report->has_checkpoint && report->trail_fault[0]);
	CHECK_SAYS("cannot be told: ");
	CHECK_SOUND();
	free(trail);
	report_drop();
}

/* Those below it by descent, not those that are called alike. */
static void an_agent_is_itself_and_those_below(void)
{
	struct record r;
	bool ok;

	ok = rig_begin() && rig_make(4, "coder", 0) && rig_make(5, "coder.tests", 4) &&
	     rig_make(8, "coder.tests.deep", 5) && rig_make(9, "coder.alike", 0) &&
	     rig_make(6, "fetcher", 0);
	r = rig_open(AGENTOS_VERDICT_DENIED, "/etc/shadow", AGENTOS_FILE_READ);
	ok = ok && rig_put(r);
	r.u.event.agent = 8;
	rig_name(&r, "coder.tests.deep");
	ok = ok && rig_put(r) && rig_put(r);
	r.u.event.agent = 9;
	rig_name(&r, "coder.alike");
	ok = ok && rig_put(r) && rig_put(rig_egress(EGRESS_DENIED, "example.net", 1)) &&
	     rig_put(rig_loss(STREAM_DENIALS, 7)) && rig_end();
	REQUIRE(ok);
	REQUIRE(report_make("coder", 0, 0) == 0);
	CHECK_INT(report->denied, 3);
	CHECK_INT(report->agent_count, 3);
	CHECK_INT(report->egress[EGRESS_DENIED], 0);
	CHECK_INT(report->lost[STREAM_DENIALS], 7);
	CHECK_QUIET("coder.alike");
	REQUIRE(report_make("5", 0, 0) == 0);
	CHECK_INT(report->denied, 2);
	CHECK_INT(report->agent_count, 2);
	REQUIRE(report_make("6", 0, 0) == 0);
	CHECK_INT(report->egress[EGRESS_DENIED], 1);
	CHECK_INT(report->denied, 0);
	REQUIRE(report_make("nobody", 0, 0) == 0);
	CHECK_INT(report->agent_count, 0);
	CHECK_SAYS("None had a record in the period.");
	report_drop();
}

static void the_period_begins_and_ends(void)
{
	struct record r = rig_open(AGENTOS_VERDICT_DENIED, "/etc/shadow", AGENTOS_FILE_READ);
	unsigned int i;
	bool ok = rig_begin() && rig_make(4, "coder", 0);

	for (i = 0; i < 10; i++) {
		ok = ok && rig_put(r);
		rig_ns += RIG_NS;
	}
	REQUIRE(ok && rig_end());
	REQUIRE(report_make(NULL, RIG_BEGIN + 3, RIG_BEGIN + 7) == 0);
	CHECK_INT(report->denied, 4);
	CHECK_INT(report->from_seq, 5);
	CHECK_INT(report->to_seq, 8);
	/* When it was made is known, though that was before. */
	REQUIRE(report->agent_count == 1);
	CHECK_INT(report->agents[0].created_ns, RIG_BEGIN * RIG_NS);
	CHECK_SAYS("2026-11-27T08:00:03Z");
	REQUIRE(report_make(NULL, RIG_BEGIN + 60, 0) == 0);
	CHECK_INT(report->records, 0);
	CHECK_INT(report->last_seq, 11);
	report_drop();
}

/* Denials that have no record of their own are in the sums, and told beside what was done. */
static void counted_denials_are_in_the_sums(void)
{
	struct record life = rig_life(AGENTOS_LIFECYCLE_REPEATED, 7, "coder");

	life.u.lifecycle.reason = AGENTOS_VERDICT_DENIED;
	life.u.lifecycle.count = 900;
	REQUIRE(rig_begin() && rig_put(rig_life(AGENTOS_LIFECYCLE_CREATE, 7, "coder")) &&
		rig_put(life));
	life.u.lifecycle.reason = AGENTOS_VERDICT_WOULD_DENY;
	life.u.lifecycle.count = 11;
	REQUIRE(rig_put(life) && rig_end());
	REQUIRE(report_make(NULL, 0, 0) == 0);
	CHECK_SOUND();
	CHECK_INT(report->denied, 900);
	CHECK_INT(report->passed, 11);
	REQUIRE(report->agent_count == 1);
	CHECK_INT(report->agents[0].denied, 900);
	CHECK_INT(report->agents[0].passed, 11);
	CHECK_SAYS("900 times more");
	report_drop();
}

static void losses_come_first(void)
{
	struct record life = rig_life(AGENTOS_LIFECYCLE_LOST, 0, "");
	const char *alarm;

	life.u.lifecycle.lost = 3;
	REQUIRE(rig_begin() && rig_put(rig_loss(STREAM_ALLOWED, 1000)) && rig_put(life) &&
		rig_put(rig_loss(STREAM_DENIALS, 20)) &&
		rig_put(rig_daemon(DAEMON_UNWRITABLE, 400, "No space left on device")) &&
		rig_put(rig_daemon(DAEMON_TORN, 77, "")) && rig_end());
	REQUIRE(report_make(NULL, 0, 0) == 0);
	CHECK_SOUND();
	CHECK_INT(report->lost[STREAM_ALLOWED], 1000);
	CHECK_INT(report->lost[STREAM_DENIALS], 20);
	CHECK_INT(report->lost[STREAM_LIFECYCLE], 3);
	CHECK_INT(report->unwritable, 400);
	CHECK_INT(report->torn, 77);
	alarm = strstr(page, "1,423 records will never be seen");
	CHECK(alarm && alarm < strstr(page, "Summary"));
	CHECK_SAYS("400 that could not be written");
	CHECK_SAYS("No space left on device");
	CHECK_SAYS("found 77 bytes of a half-written record");
	/* Sums do not begin at 0 again. */
	REQUIRE(rig_begin() && rig_put(rig_loss(STREAM_ALLOWED, UINT64_MAX)) &&
		rig_put(rig_loss(STREAM_DENIALS, 20)) && rig_put(rig_loss(STREAM_ALLOWED, 9)) &&
		rig_end());
	REQUIRE(report_make(NULL, 0, 0) == 0);
	CHECK_SAYS("18,446,744,073,709,551,615 records will never be seen");
	report_drop();
}

static void a_damaged_log_is_told_of_up_to_there(void)
{
	size_t len;
	uint8_t *segment;

	REQUIRE(rig_day());
	segment = log_get(log_file(1, ".seg"), &len);
	REQUIRE(segment);
	segment[len / 2] ^= 1;
	REQUIRE(log_set(log_file(1, ".seg"), segment, len));
	free(segment);
	REQUIRE(report_make(NULL, 0, 0) == 0);
	CHECK_SOUND();
	CHECK(report->last_seq > 100 && report->last_seq < 500);
	CHECK(strstr(report->broken, "damaged"));
	CHECK_SAYS("The log could not be read to its end.");
	report_drop();
}

/* The module was loaded anew, or the machine booted: the numbers began again. */
static void agents_of_one_number_are_told_apart(void)
{
	struct record r = rig_open(AGENTOS_VERDICT_DENIED, "/etc/shadow", AGENTOS_FILE_READ);

	REQUIRE(rig_begin() && rig_make(4, "coder", 0) && rig_put(r) &&
		rig_exit(4, "coder", AGENTOS_REASON_EXIT, 0) && rig_make(4, "other", 0));
	rig_name(&r, "other");
	REQUIRE(rig_put(r) && rig_put(r));
	rig_boot = "boot b.........";
	rig_name(&r, "third");
	REQUIRE(rig_make(4, "third", 0) && rig_put(r) && rig_put(r) && rig_put(r) && rig_end());
	rig_boot = "boot a.........";
	REQUIRE(report_make(NULL, 0, 0) == 0);
	REQUIRE(report->agent_count == 3);
	CHECK_INT(report->agents[0].denied, 1);
	CHECK_INT(report->agents[1].denied, 2);
	CHECK_INT(report->agents[2].denied, 3);
	REQUIRE(report_make("other", 0, 0) == 0);
	CHECK_INT(report->denied, 2);
	report_drop();
}

static void hostile_texts_stay_texts(void)
{
	struct record r;

	REQUIRE(rig_day());
	REQUIRE(report_make(NULL, 0, 0) == 0);
	CHECK_SOUND();
	CHECK_SAYS("&lt;script&gt;alert(1)&lt;script&gt;(7)");
	CHECK_SAYS("\\x22&gt;&lt;img src=x&gt;");
	CHECK_SAYS(
		"/srv/\\xe2\\x80\\xaegnp.exe\\x1b[31m&lt;/td&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/"
		"script&gt;\\xff&amp;amp;");
	CHECK_SAYS("&lt;i&gt;host&lt;/i&gt; port 443");
	CHECK_SAYS("&lt;b&gt;fetcher&lt;/b&gt;");
	CHECK_SAYS("default-src 'none'");
	CHECK_QUIET("http:");
	CHECK_QUIET("https:");
	CHECK_QUIET("url(");
	/* What is asked for is on it as well, and the directory. */
	REQUIRE(report_make(RIG_AGENT, 0, 0) == 0);
	CHECK_SOUND();
	CHECK_SAYS("<h1>Agent &lt;script&gt;alert(1)&lt;script&gt;</h1>");
	CHECK_INT(report->agent_count, 1);
	REQUIRE(report_make("\xff\"><b>\x1b", 0, 0) == 0);
	CHECK_SOUND();
	/* Notes of the daemon, and all that a record can hold. */
	r = rig_daemon(DAEMON_STOPPED, 1, "</p><script>\xe2\x80\xae");
	REQUIRE(rig_begin() && rig_put(r));
	r = rig_life(AGENTOS_LIFECYCLE_KILL, 4, "</td>\xff");
	REQUIRE(rig_put(r));
	r = rig_event(AGENTOS_VERDICT_DENIED, AGENTOS_HOOK_COUNT + 7, "</table>");
	r.u.event.why = 200;
	r.u.event.object_kind = 99;
	REQUIRE(rig_put(r));
	r.u.event.verdict = 77;
	REQUIRE(rig_put(r));
	r = rig_egress(99, "</dl>", 99);
	REQUIRE(rig_put(r) && rig_end());
	REQUIRE(report_make(NULL, 0, 0) == 0);
	CHECK_SOUND();
	CHECK_INT(report->unclear, 2);
	CHECK_SAYS("2 records more tell of an outcome");
	report_drop();
}

/* More of all kinds than there is room for. */
static void a_big_log_takes_no_more_room(void)
{
	const unsigned int many = 3 * LIMIT_REPORT_FILES;
	char text[64];
	struct record r;
	unsigned int i;
	bool ok;

	ok = rig_begin();
	for (i = 0; i < many && ok; i++) {
		snprintf(text, sizeof(text), "agent-%u", i);
		ok = rig_make(i + 1, text, 0);
		snprintf(text, sizeof(text), "/srv/file-%u", i);
		ok = ok && rig_put(rig_open(AGENTOS_VERDICT_ALLOWED, text, AGENTOS_FILE_WRITE));
		r = rig_open(AGENTOS_VERDICT_DENIED, text, AGENTOS_FILE_WRITE);
		r.u.event.why = AGENTOS_WHY_RULE;
		r.u.event.rule = i;
		r.u.event.agent = i + 1;
		ok = ok && rig_put(r);
		snprintf(text, sizeof(text), "host-%u.example.com", i);
		ok = ok && rig_put(rig_egress(EGRESS_ALLOWED, text, 0)) &&
		     rig_put(rig_daemon(DAEMON_ADOPTED, i, "")) &&
		     rig_put(rig_loss(STREAM_DENIALS, 1));
		snprintf(text, sizeof(text), "agent-%u", i);
		ok = ok && rig_exit(i + 1, text, AGENTOS_REASON_EXIT, 0);
		rig_ns += (i % 3000) * RIG_NS;
	}
	REQUIRE(ok && rig_end());
	REQUIRE(report_make(NULL, 0, 0) == 0);
	CHECK_SOUND();
	CHECK_INT(report->files.count, LIMIT_REPORT_FILES);
	CHECK_INT(report->files.unplaced, many - LIMIT_REPORT_FILES);
	CHECK_INT(report->rules.count, LIMIT_REPORT_RULES);
	CHECK_INT(tally_all(&report->rules), many);
	CHECK_INT(report->hosts.count, LIMIT_REPORT_HOSTS);
	CHECK_INT(tally_all(&report->hosts), many);
	CHECK(report->files.room <= LIMIT_REPORT_FILES && report->hosts.room <= LIMIT_REPORT_HOSTS);
	CHECK_INT(report->agent_count + report->agents_unplaced, many);
	CHECK(report->agent_count <= LIMIT_REPORT_AGENTS);
	CHECK_INT(report->lost[STREAM_DENIALS], many);
	CHECK_INT(timeline_all(&report->timeline, 1U << TIMELINE_DENIED), many);
	CHECK_SAYS("And 3,996 more files with 3,996 records, not shown.");
	CHECK_SAYS("8,192 records of further files");
	CHECK_SAYS("And 12,188 earlier, not shown.");
	CHECK_MSG(page_len < 400000, "%zu bytes", page_len);
	/* One agent is found among all of them, however late it came. */
	REQUIRE(report_make("agent-12000", 0, 0) == 0);
	CHECK_INT(report->denied, 1);
	CHECK_INT(report->agent_count, 1);
	/* So are those of a late period: the earlier ones take no room. */
	REQUIRE(report_make(NULL, rig_ns / RIG_NS - 100000, 0) == 0);
	CHECK(report->denied > 10 && report->denied < 1000);
	CHECK_INT(report->agents_unplaced, 0);
	CHECK(report->agent_count >= report->denied);
	report_drop();
}

/* --- parts --- */

static void any_times_fit_into_a_timeline(void)
{
	static const uint64_t times[] = { RIG_BEGIN * RIG_NS,	  UINT64_MAX,	  0,	     1,
					  RIG_BEGIN * RIG_NS + 5, UINT64_MAX - 1, 1ULL << 40 };
	struct timeline t = { 0 };
	uint64_t width, sum = 0, x = 1;
	size_t i, at;

	for (i = 0; i < 2000; i++) {
		x = x * 6364136223846793005ULL + 1442695040888963407ULL;
		timeline_add(&t, RIG_BEGIN * RIG_NS + (x >> 40) * 1000000, TIMELINE_DENIED, i % 3);
		sum += i % 3;
	}
	CHECK_INT(timeline_all(&t, 1U << TIMELINE_DENIED), sum);
	CHECK(t.count <= TIMELINE_ROOM && t.count > TIMELINE_ROOM / 6);
	CHECK(timeline_begin(&t, 0) <= RIG_BEGIN * RIG_NS);
	CHECK(timeline_most(&t, 1U << TIMELINE_DENIED, &at) > 0 && at < t.count);
	width = t.width_ns;
	timeline_add(&t, RIG_BEGIN * RIG_NS, TIMELINE_LOST, 5);
	CHECK_INT(t.width_ns, width);
	CHECK_INT(timeline_sum(&t, 0, 1U << TIMELINE_LOST), 5);
	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		timeline_add(&t, times[i], TIMELINE_DENIED, 1);
	CHECK_INT(timeline_all(&t, 1U << TIMELINE_DENIED), sum + i);
	CHECK(t.count <= TIMELINE_ROOM && t.width_ns > width);
	CHECK_INT(timeline_begin(&t, 0), 0);
	CHECK(timeline_begin(&t, t.count - 1) > UINT64_MAX / 2);
	CHECK(timeline_begin(&t, 10 * TIMELINE_ROOM) == UINT64_MAX);
}

/* --- the command --- */

static char said[4096];

/* agentctl audit report with up to four arguments: its exit status; what it said. */
static int command(const char *a, const char *b, const char *c, const char *d)
{
	const char *build = getenv("BUILD");
	char program[4096], directory[128];
	size_t len = 0;
	ssize_t got;
	int ends[2], status;
	pid_t child;

	snprintf(program, sizeof(program), "%s/bin/agentctl", build ? build : "build");
	snprintf(directory, sizeof(directory), "--directory=%s", log_dir);
	if (pipe(ends) != 0)
		return -1;
	child = fork();
	if (child == 0) {
		dup2(ends[1], STDERR_FILENO);
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		execl(program, "agentctl", "audit", "report", directory, a, b, c, d, NULL);
		_exit(127);
	}
	close(ends[1]);
	while ((got = read(ends[0], said + len, sizeof(said) - 1 - len)) > 0)
		len += (size_t)got;
	said[len] = '\0';
	/* A page is longer than what is looked at. */
	while (len == sizeof(said) - 1 && read(ends[0], program, sizeof(program)) > 0)
		;
	close(ends[0]);
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static void wrong_options_are_refused(void)
{
	static const struct {
		const char *arguments[3], *says;
	} rows[] = {
		{ { "--agent", "", NULL }, "--agent takes a name or an id" },
		{ { "--agent" }, "an option lacks its value" },
		{ { "--since", "yesterday\x1b" }, "not yesterday\\x1b" },
		{ { "--until", "25:00" }, "--until takes" },
		{ { "--until", "@0" }, "--until takes" },
		{ { "--since=@5", "--until=@5" }, "nothing lies from --since to --until" },
		{ { "--out=" }, "--output takes a file" },
		{ { "--follow" }, "unknown option" },
		{ { "coder" }, "takes options only" },
	};
	size_t i;

	REQUIRE(rig_begin() && rig_end());
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_INT(command(rows[i].arguments[0], rows[i].arguments[1], rows[i].arguments[2],
				  NULL),
			  2);
		CHECK_MSG(strstr(said, rows[i].says) && strstr(said, "report --help"), "%s", said);
	}
	CHECK_INT(command("--help", NULL, NULL, NULL), 0);
	CHECK(strncmp(said, "Usage: agentctl audit report", 28) == 0);
	CHECK_INT(command("--since=@4", "--until=@5", "--agent=x", NULL), 0);
	CHECK(strncmp(said, "<!DOCTYPE html>", 15) == 0);
}

static void the_page_is_written_whole_or_not_at_all(void)
{
	char path[160], out[180], target[160];
	uint8_t *written;
	struct stat st;
	size_t len = 0;

	REQUIRE(rig_day());
	snprintf(path, sizeof(path), "%s/page.html", log_base);
	snprintf(out, sizeof(out), "--out=%s", path);
	REQUIRE(log_set(path, "old", 3));
	CHECK_INT(command(out, NULL, NULL, NULL), 0);
	CHECK_STR(said, "");
	written = log_get(path, &len);
	CHECK(written && len > 10000 && memcmp(written + len - 8, "</html>\n", 8) == 0);
	free(written);
	CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
	/* Who leads elsewhere is not followed, and stays. */
	snprintf(target, sizeof(target), "%s/target", log_base);
	REQUIRE(unlink(path) == 0 && log_set(target, "old", 3) && symlink(target, path) == 0);
	CHECK_INT(command(out, NULL, NULL, NULL), 1);
	CHECK(strstr(said, "cannot write"));
	CHECK(stat(target, &st) == 0 && st.st_size == 3);
	REQUIRE(unlink(path) == 0 && unlink(target) == 0);
	CHECK_INT(command("--out=/dev/full", NULL, NULL, NULL), 1);
	CHECK(stat("/dev/full", &st) == 0 && S_ISCHR(st.st_mode));
	snprintf(out, sizeof(out), "--out=%s", log_base);
	CHECK_INT(command(out, NULL, NULL, NULL), 1);
	snprintf(out, sizeof(out), "--out=%s/none/page.html", log_base);
	CHECK_INT(command(out, NULL, NULL, NULL), 1);
	CHECK(strstr(said, "No such file"));
	CHECK_INT(command("--directory=/nonexistent", NULL, NULL, NULL), 1);
	CHECK(strstr(said, "there is no audit log"));
}

/* As it is told: 0 and 1 are not the same. */
static void damage_shows_in_the_exit_status(void)
{
	uint8_t *segment;
	size_t len;

	REQUIRE(rig_day());
	CHECK_INT(command("--out=/dev/null", NULL, NULL, NULL), 1); /* no place for a page */
	CHECK_INT(command(NULL, NULL, NULL, NULL), 0);
	segment = log_get(log_file(1, ".seg"), &len);
	REQUIRE(segment);
	segment[len / 2] ^= 1;
	REQUIRE(log_set(log_file(1, ".seg"), segment, len));
	free(segment);
	CHECK_INT(command(NULL, NULL, NULL, NULL), 1);
	CHECK(strncmp(said, "<!DOCTYPE html>", 15) == 0);
}

static const struct tap_test tests[] = {
	TEST(the_judge_of_pages_finds_faults),
	TEST(an_empty_log_is_a_page_that_says_so),
	TEST(no_log_is_an_error),
	TEST(counts_are_those_of_the_log),
	TEST(the_checkpoint_is_told_and_not_vouched_for),
	TEST(an_agent_is_itself_and_those_below),
	TEST(the_period_begins_and_ends),
	TEST(counted_denials_are_in_the_sums),
	TEST(losses_come_first),
	TEST(a_damaged_log_is_told_of_up_to_there),
	TEST(agents_of_one_number_are_told_apart),
	TEST(hostile_texts_stay_texts),
	TEST(a_big_log_takes_no_more_room),
	TEST(any_times_fit_into_a_timeline),
	TEST(wrong_options_are_refused),
	TEST(the_page_is_written_whole_or_not_at_all),
	TEST(damage_shows_in_the_exit_status),
};

int main(int argc, char **argv)
{
	int rc = tap_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);

	log_end();
	return rc;
}
