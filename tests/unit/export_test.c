// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl audit export and its kin as programs: what others receive, once each, and what they would run of it. */
#include "rpc/call_why.h"
#include "tests/tap.h"

#include "tests/unit/shell_rig.h"

#define SEGMENT 8192
#define RECORDS 2500 /* two batches and a half */

static struct fault fault;

static size_t lines_of(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

/* Up to three answers, NULL behind the last. */
static bool server_start(const char *a, const char *b, const char *c)
{
	server_stop();
	unlink(file("requests"));
	unlink(file("records"));
	unlink(file("spans"));
	unlink(file("cursor"));
	return server_run("otlp_server.py", a, b, c);
}

/* Exports to the server, with a cursor. */
static int export_to(const char *more)
{
	return sh("agentctl audit export --format otlp --cursor cursor "
		  "--endpoint http://127.0.0.1:%u/v1/logs --give-up 20 %s",
		  port, more);
}

static bool all_arrived(uint64_t first, uint64_t last)
{
	const char *p = text_of("records");
	uint64_t seq = first;
	char *end;

	for (; *p; p = strchr(p, '\n') + 1) {
		if (strtoull(p, &end, 10) != seq || *end != ' ')
			return false;
		seq++;
	}
	return seq == last + 1;
}

static bool record_append(struct record *r)
{
	const struct segment_options o = { .directory = log_dir,
					   .boot = (const uint8_t *)"boot a.........",
					   .limit = SEGMENT,
					   .buffer = 65536 };
	struct segment_writer *w;
	struct segment_tail tail;
	bool ok;

	if (segment_open_with(&o, &w, &tail, &fault) != 0)
		return false;
	ok = segment_append(w, r) == 0;
	segment_close(w);
	return ok;
}

/* Appends a record of an agent that chose its words. */
static bool hostile_append(const char *name, const char *comm, const char *path)
{
	struct record r = log_record(1);

	strcpy(r.agent_name, name);
	strcpy(r.u.event.comm, comm);
	r.u.event.hook = AGENTOS_HOOK_FILE_OPEN;
	r.u.event.verdict = AGENTOS_VERDICT_DENIED;
	r.u.event.object_kind = AGENTOS_OBJECT_PATH;
	r.u.event.right = AGENTOS_RIGHT(FILE_READ) | AGENTOS_RIGHT(FILE_WRITE);
	r.u.event.why = AGENTOS_WHY_RIGHT;
	r.u.event.text_len = (uint32_t)strlen(path);
	memcpy(r.u.event.text, path, r.u.event.text_len + 1);
	return record_append(&r);
}

/* Of a call that was answered, or denied; the model's name is the agent's. */
static bool call_append(unsigned int operation, unsigned int why, const char *model)
{
	struct record r = log_record(1);

	memset(&r.u, 0, sizeof(r.u));
	r.type = RECORD_CALL;
	strcpy(r.agent_name, "coder");
	r.u.call.agent = 7;
	r.u.call.outcome = why ? CALL_DENIED : CALL_ANSWERED;
	r.u.call.why = (uint16_t)why;
	r.u.call.operation = (uint8_t)operation;
	r.u.call.status = why ? 429 : 200;
	r.u.call.wire = 1;
	strcpy(r.u.call.model, model);
	if (why)
		return record_append(&r);
	strcpy(r.u.call.provider, "mistral");
	strcpy(r.u.call.served, "large-2611");
	r.u.call.input = 1200;
	r.u.call.output = 34;
	r.u.call.duration_us = 2500000;
	r.u.call.own_us = 180;
	r.u.call.attempts = 1;
	r.u.call.upstream_us = 2400000;
	return record_append(&r);
}

static void calls_of_models_become_spans(void)
{
	REQUIRE(log_make(20, SEGMENT, 0, 0));
	REQUIRE(call_append(CALL_ANSWER, CALL_WHY_NONE, "large"));
	REQUIRE(hostile_append("x", "y", "z"));
	REQUIRE(call_append(CALL_EMBEDDINGS, CALL_WHY_BUDGET_TOKENS, "a\"}],\033\xff"));
	REQUIRE(server_start("200 {}", NULL, NULL));
	CHECK_INT(sh("OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:%u agentctl audit export "
		     "--format otlp-traces --cursor cursor",
		     port),
		  0);
	CHECK_STR(text_of("err"), "");
	/* Of what the rig makes two are calls as well; all records are behind the cursor. */
	CHECK_STR(text_of("requests"), "200 5 23 -\n");
	CHECK(strncmp(text_of("cursor"), "agentos-cursor 1 23 ", 20) == 0);
	CHECK_INT(sh("python3 -c 'import json\n"
		     "a, b = [json.loads(line) for line in open(\"spans\")][-2:]\n"
		     "assert a[\"name\"] == \"chat large\" and \"status\" not in a, a\n"
		     "took = int(a[\"endTimeUnixNano\"]) - int(a[\"startTimeUnixNano\"])\n"
		     "assert took == 2500000000, took\n"
		     "about = a[\"attributes\"]\n"
		     "want = {\"gen_ai.operation.name\": \"chat\", \"gen_ai.provider.name\": "
		     "\"mistral_ai\", \"gen_ai.system\": \"mistral_ai\", "
		     "\"gen_ai.request.model\": \"large\", "
		     "\"gen_ai.response.model\": \"large-2611\", "
		     "\"gen_ai.usage.input_tokens\": \"1200\", "
		     "\"gen_ai.usage.output_tokens\": \"34\", \"gen_ai.agent.id\": \"7\", "
		     "\"gen_ai.agent.name\": \"coder\", \"http.response.status_code\": \"200\", "
		     "\"agentos.own_us\": \"180\", \"agentos.upstream_us\": \"2400000\", "
		     "\"agentos.attempts\": \"1\", \"agentos.streamed\": False, "
		     "\"agentos.seq\": \"21\"}\n"
		     "assert about == want, about\n"
		     "about = b[\"attributes\"]\n"
		     "assert b[\"name\"].startswith(\"embeddings a\\\"}],\"), b\n"
		     "assert about[\"error.type\"] == \"budget_tokens\", about\n"
		     "assert \"budget of tokens\" in b[\"status\"][\"message\"], b\n"
		     "assert \"gen_ai.provider.name\" not in about, about\n"
		     "assert a[\"traceId\"] != b[\"traceId\"]'"),
		  0);
	CHECK_STR(text_of("err"), "");
	/* What is sent again has the same ids; what is refused is told. */
	CHECK_INT(sh("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://127.0.0.1:%u/v1/traces agentctl "
		     "audit export --format otlp-traces; sort -u spans | wc -l",
		     port),
		  0);
	CHECK_INT(atoi(text_of("out")), 4);
	REQUIRE(server_start("200 {\"partialSuccess\":{\"rejectedSpans\":\"1\"}}", NULL, NULL));
	CHECK_INT(sh("agentctl audit export --format otlp-traces --endpoint "
		     "http://127.0.0.1:%u/v1/traces",
		     port),
		  1);
	CHECK(strstr(text_of("err"), "rejected 1 of 4 records") != NULL);
}

static void json_lines_are_those_of_audit(void)
{
	REQUIRE(log_make(60, SEGMENT, 0, 0));
	CHECK_INT(sh("agentctl audit export --format jsonl >a; agentctl audit --json >b; cmp a b"),
		  0);
	CHECK_INT(lines_of(text_of("a")), 60);
	CHECK_INT(sh("agentctl audit export --format jsonl --agent agent-1 | wc -l"), 0);
	CHECK(atoi(text_of("out")) > 0 && atoi(text_of("out")) < 30);
}

static void csv_holds_nothing_that_runs(void)
{
	REQUIRE(log_make(20, SEGMENT, 0, 0));
	REQUIRE(hostile_append("=1+1", "@SUM(A1)", "=cmd|' /C calc'!A0"));
	REQUIRE(hostile_append("-x", "+y", "\t=1\r\n=2,\"q\"\033[31m\xff"));
	REQUIRE(hostile_append("'a", "\"b", ""));
	REQUIRE(sh("agentctl audit export --format csv >log.csv") == 0);
	CHECK_INT(
		sh("python3 -c 'import csv\n"
		   "rows = list(csv.reader(open(\"log.csv\", newline=\"\"), strict=True))\n"
		   "assert len(rows) == 24 and all(len(row) == 25 for row in rows), rows\n"
		   "assert not [c for row in rows for c in row if c[:1] in list(\"=+-@\\t\\r\")]\n"
		   "assert not [c for row in rows for c in row if any(ord(x) < 32 for x in c)]\n"
		   "head, a, b, c = rows[0], *(dict(zip(rows[0], r)) for r in rows[-3:])\n"
		   "assert a[\"agent_name\"] == \"\\x27=1+1\" and a[\"comm\"] == \"\\x27@SUM(A1)\", a\n"
		   "assert a[\"object\"] == \"\\x27=cmd|\\x27 /C calc\\x27!A0\", a\n"
		   "assert b[\"object\"].startswith(\"\\\\x09=1\\\\x0d\\\\x0a=2,\\\"q\\\"\\\\x1b[31m\"), b\n"
		   "assert c[\"agent_name\"] == \"\\x27\\x27a\" and c[\"comm\"] == \"\\\"b\", c\n"
		   "assert c[\"rights\"] == \"file-read file-write\" and c[\"verdict\"] == \"denied\", c\n"
		   "assert c[\"seq\"] == \"23\" and \"DENIED\" in c[\"text\"], c'"),
		0);
	CHECK_STR(text_of("err"), "");
}

static void a_server_receives_all_once(void)
{
	REQUIRE(log_make(RECORDS, SEGMENT, 0, 0));
	REQUIRE(hostile_append("a\"b", "c\\d\033[2J", "/x<script>\xff\n"));
	REQUIRE(server_start("200 {}", "200", "200 {\"partialSuccess\":{}}"));
	CHECK_INT(export_to(""), 0);
	CHECK_STR(text_of("err"), "");
	CHECK_STR(text_of("requests"), "200 1 1000 -\n200 1001 2000 -\n200 2001 2501 -\n");
	CHECK(all_arrived(1, RECORDS + 1));
	CHECK(strstr(text_of("records"), "2501 WARN ") != NULL);
	CHECK(strncmp(text_of("cursor"), "agentos-cursor 1 2501 ", 22) == 0);
	/* There is nothing new; then there is. */
	CHECK_INT(export_to(""), 0);
	CHECK_INT(lines_of(text_of("requests")), 3);
	REQUIRE(log_grow(RECORDS + 5, SEGMENT));
	CHECK_INT(export_to(""), 0);
	CHECK(all_arrived(1, RECORDS + 5));
	server_stop();
}

static void filters_hold_and_the_cursor_passes_the_others(void)
{
	REQUIRE(log_make(50, SEGMENT, 0, 0));
	REQUIRE(server_start("200 {}", NULL, NULL));
	CHECK_INT(export_to("--agent agent-1"), 0);
	CHECK(strstr(text_of("records"), "agent-1(") && !strstr(text_of("records"), "agent-2("));
	CHECK(strncmp(text_of("cursor"), "agentos-cursor 1 50 ", 20) == 0);
	server_stop();
}

static void one_that_is_busy_is_asked_again(void)
{
	REQUIRE(log_make(30, SEGMENT, 0, 0));
	REQUIRE(server_start("503:0 wait", "429:Thu, 01 Jan 1970 00:00:00 GMT", "200 {}"));
	CHECK_INT(export_to(""), 0);
	CHECK_STR(text_of("requests"), "503 1 30 -\n429 1 30 -\n200 1 30 -\n");
	CHECK(all_arrived(1, 30));
	/* Without a word from it as well: a second, or a half of it. */
	REQUIRE(server_start("502", "504", "200 {}"));
	CHECK_INT(export_to(""), 0);
	CHECK_INT(lines_of(text_of("requests")), 3);
	/* One that stays so is given up; nothing counts as sent. */
	REQUIRE(server_start("503:1 full\033[2J", NULL, NULL));
	CHECK_INT(export_to("--give-up 1"), 1);
	CHECK(strstr(text_of("err"), "given up after") &&
	      strstr(text_of("err"), "503: full\\x1b[2J"));
	CHECK_STR(text_of("cursor"), "");
	server_stop();
}

static void one_that_refuses_is_not_asked_again(void)
{
	REQUIRE(log_make(30, SEGMENT, 0, 0));
	REQUIRE(server_start("400 no such tenant", NULL, NULL));
	CHECK_INT(export_to(""), 1);
	CHECK(strstr(text_of("err"), "the server answers 400: no such tenant"));
	CHECK_INT(lines_of(text_of("requests")), 1);
	CHECK_STR(text_of("cursor"), "");
	REQUIRE(server_start("301", NULL, NULL));
	CHECK_INT(export_to(""), 1);
	CHECK_INT(lines_of(text_of("requests")), 1);
	/* The second batch: the first is behind the cursor. */
	REQUIRE(log_make(RECORDS, SEGMENT, 0, 0));
	REQUIRE(server_start("200 {}", "500 broken", NULL));
	CHECK_INT(export_to(""), 1);
	CHECK(strncmp(text_of("cursor"), "agentos-cursor 1 1000 ", 22) == 0);
	server_stop();
}

static void what_it_rejects_is_told(void)
{
	REQUIRE(log_make(30, SEGMENT, 0, 0));
	REQUIRE(server_start("200 {\"partialSuccess\":{\"rejectedLogRecords\":\"3\","
			     "\"errorMessage\":\"too old\\u001b[2J\"}}",
			     NULL, NULL));
	CHECK_INT(export_to(""), 1);
	CHECK_STR(text_of("err"),
		  "agentctl: the server has rejected 3 of 30 records: too old\\x1b[2J\n");
	/* They are not to be sent again. */
	CHECK(strncmp(text_of("cursor"), "agentos-cursor 1 30 ", 20) == 0);
	REQUIRE(server_start("200 {\"partialSuccess\":{\"errorMessage\":\"slow down\"}}", NULL,
			     NULL));
	CHECK_INT(export_to(""), 0);
	CHECK_STR(text_of("err"), "agentctl: the server says: slow down\n");
	server_stop();
}

static void what_is_no_server_of_logs_is_found_out(void)
{
	static const char *const answers[] = {
		"200 <html>Please log in</html>",
		"200 {\"partialSuccess\":{\"rejectedLogRecords\":\"many\"}}",
		"200 {\"partialSuccess\":",
		"200 []",
		"200 {} {}",
	};
	size_t i;

	REQUIRE(log_make(30, SEGMENT, 0, 0));
	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		REQUIRE(server_start(answers[i], NULL, NULL));
		CHECK_MSG(export_to("") == 1, "%s", answers[i]);
		CHECK(strstr(text_of("err"), "not the JSON of OTLP"));
		CHECK_STR(text_of("cursor"), "");
	}
	server_stop();
}

static void where_nobody_is_it_is_given_up(void)
{
	REQUIRE(log_make(30, SEGMENT, 0, 0));
	REQUIRE(server_start("200 {}", NULL, NULL));
	server_stop();
	CHECK_INT(export_to("--give-up 1"), 1);
	CHECK(strstr(text_of("err"), "given up after") && strstr(text_of("err"), "onnect"));
	CHECK_INT(sh("agentctl audit export --format otlp --endpoint ftp://127.0.0.1/"), 1);
	CHECK(strstr(text_of("err"), "no http or https URL"));
	CHECK_INT(sh("agentctl audit export --format otlp --endpoint 'http://a/\nheader X: y'"), 1);
	CHECK(strstr(text_of("err"), "no URL"));
}

static void the_environment_says_where_and_who(void)
{
	REQUIRE(log_make(10, SEGMENT, 0, 0));
	REQUIRE(server_start("200 {}", NULL, NULL));
	CHECK_INT(sh("OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:%u/ "
		     "OTEL_EXPORTER_OTLP_HEADERS='x=y, Authorization=Bearer%%20abc' "
		     "agentctl audit export --format otlp",
		     port),
		  0);
	CHECK_INT(sh("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=http://127.0.0.1:%u/v1/logs "
		     "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1 agentctl audit export "
		     "--format otlp",
		     port),
		  0);
	CHECK_STR(text_of("requests"), "200 1 10 Bearer abc\n200 1 10 -\n");
	CHECK_INT(sh("OTEL_EXPORTER_OTLP_HEADERS='a=b%%0d%%0aX: y' agentctl audit export "
		     "--format otlp"),
		  1);
	CHECK(strstr(text_of("err"), "OTEL_EXPORTER_OTLP_HEADERS"));
	CHECK_INT(sh("OTEL_EXPORTER_OTLP_TIMEOUT=soon agentctl audit export --format otlp"), 1);
	CHECK(strstr(text_of("err"), "OTEL_EXPORTER_OTLP_TIMEOUT"));
	server_stop();
}

static void a_cursor_is_of_one_log(void)
{
	REQUIRE(log_make(40, SEGMENT, 0, 0));
	CHECK_INT(sh("rm -f cursor; agentctl audit export --format jsonl --cursor cursor"), 0);
	CHECK_INT(lines_of(text_of("out")), 40);
	CHECK_STR(text_of("cursor"), "agentos-cursor 1 40 1790000000040000120\n");
	REQUIRE(log_grow(45, SEGMENT));
	CHECK_INT(sh("agentctl audit export --format jsonl --cursor cursor"), 0);
	CHECK_INT(lines_of(text_of("out")), 5);
	CHECK(strncmp(text_of("out"), "{\"seq\":41,", 10) == 0);
	/* Another log: a shorter one, and one with another record there. */
	REQUIRE(log_make(10, SEGMENT, 0, 0));
	CHECK_INT(sh("agentctl audit export --format jsonl --cursor cursor"), 3);
	CHECK(strstr(text_of("err"), "of another log") && !*text_of("out"));
	CHECK_INT(sh("echo agentos-cursor 1 10 7 >cursor; "
		     "agentctl audit export --format jsonl --cursor cursor"),
		  3);
	CHECK_INT(sh("echo agentos-cursor 2 x >cursor; "
		     "agentctl audit export --format jsonl --cursor cursor"),
		  3);
	CHECK(strstr(text_of("err"), "later version"));
	CHECK_INT(sh("head -c 100000 /dev/zero >cursor; "
		     "agentctl audit export --format jsonl --cursor cursor"),
		  3);
	CHECK(strstr(text_of("err"), "not a cursor"));
	CHECK_INT(sh("agentctl audit export --format jsonl --cursor cursor --until 1h"), 2);
	unlink(file("cursor"));
}

static void records_that_retention_took_are_told(void)
{
	REQUIRE(log_make(40, 4096, 0, 0));
	CHECK_INT(sh("rm -f cursor; agentctl audit export --format jsonl --cursor cursor"), 0);
	REQUIRE(log_grow(400, 4096));
	/* The oldest segments go, and records behind the cursor with them. */
	CHECK_INT(sh("cd $AGENTOS_AUDIT_DIR && ls *.seg | head -n 10 | xargs rm"), 0);
	CHECK_INT(sh("agentctl audit export --format jsonl --cursor cursor"), 5);
	CHECK(strstr(text_of("err"), "records 41 to "));
	CHECK(strncmp(text_of("cursor"), "agentos-cursor 1 400 ", 21) == 0);
	unlink(file("cursor"));
}

static void it_follows_until_it_is_interrupted(void)
{
	int tries, status = -1;
	char url[64];
	pid_t pid;

	REQUIRE(log_make(10, SEGMENT, 0, 0));
	REQUIRE(server_start("200 {}", NULL, NULL));
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/v1/logs", port);
	pid = fork();
	if (pid == 0) {
		char program[PATH_MAX + 32], cursor[256];

		snprintf(program, sizeof(program), "%s/bin/agentctl", build);
		snprintf(cursor, sizeof(cursor), "%s", file("cursor"));
		execl(program, "agentctl", "audit", "export", "--format", "otlp", "-f",
		      "--directory", log_dir, "--endpoint", url, "--cursor", cursor, (char *)NULL);
		_exit(127);
	}
	for (tries = 0; tries < 600 && !all_arrived(1, 10); tries++)
		usleep(50000);
	CHECK(all_arrived(1, 10));
	REQUIRE(log_grow(20, SEGMENT));
	for (tries = 0; tries < 600 && strncmp(text_of("cursor"), "agentos-cursor 1 20 ", 20);
	     tries++)
		usleep(50000);
	CHECK(all_arrived(1, 20));
	kill(pid, SIGINT);
	waitpid(pid, &status, 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	server_stop();
}

static void wrong_command_lines_are_told(void)
{
	static const char *const lines[] = {
		"export",
		"export --format xml",
		"export --format csv x",
		"export --format csv --endpoint http://a",
		"export --format otlp --give-up x",
		"stats --top 0",
		"stats --top 1025",
		"stats x",
		"decode a b",
		"decode --booted x",
		"query --agent",
		"query --below",
		"query --since 1h --until 2h",
		"query --type x",
		"query --right x",
		"query x",
		"-n x",
	};
	size_t i;

	REQUIRE(log_make(10, SEGMENT, 0, 0));
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		CHECK_MSG(sh("agentctl audit %s", lines[i]) == 2, "%s", lines[i]);
		CHECK_INT(lines_of(text_of("err")), 1);
	}
	CHECK_INT(sh("for word in query follow stats export decode; do "
		     "agentctl audit $word --help || exit 1; done"),
		  0);
}

static void statistics_add_up(void)
{
	REQUIRE(log_make(100, SEGMENT, 0, 0));
	REQUIRE(hostile_append("a\"b", "c", "/x\033[2J<b>"));
	CHECK_INT(
		sh("agentctl audit stats --json | python3 -c 'import json, sys\n"
		   "s = json.load(sys.stdin)\n"
		   "assert s[\"records\"] == 101 and s[\"lost\"][\"denials\"] == 0, s\n"
		   "assert sum(t[\"count\"] for t in s[\"types\"]) == 101, s\n"
		   "assert {\"name\": \"a\\\"b\", \"count\": 1, \"over\": 0} in s[\"agents\"], s\n"
		   "assert \"/x\\x1b[2J<b>\" in [o[\"name\"] for o in s[\"objects\"]] or "
		   "len(s[\"objects\"]) == 10, s'"),
		0);
	CHECK_STR(text_of("err"), "");
	CHECK_INT(sh("agentctl audit stats --denied"), 0);
	CHECK(strstr(text_of("out"), "1 record, ") && strstr(text_of("out"), "/x\\x1b[2J<b>"));
	CHECK_INT(sh("agentctl audit stats --agent nobody"), 0);
	CHECK_STR(text_of("out"), "0 records\n0 lost\n");
}

static const struct tap_test tests[] = {
	TEST(calls_of_models_become_spans),
	TEST(json_lines_are_those_of_audit),
	TEST(csv_holds_nothing_that_runs),
	TEST(a_server_receives_all_once),
	TEST(filters_hold_and_the_cursor_passes_the_others),
	TEST(one_that_is_busy_is_asked_again),
	TEST(one_that_refuses_is_not_asked_again),
	TEST(what_it_rejects_is_told),
	TEST(what_is_no_server_of_logs_is_found_out),
	TEST(where_nobody_is_it_is_given_up),
	TEST(the_environment_says_where_and_who),
	TEST(a_cursor_is_of_one_log),
	TEST(records_that_retention_took_are_told),
	TEST(it_follows_until_it_is_interrupted),
	TEST(wrong_command_lines_are_told),
	TEST(statistics_add_up),
};

int main(int argc, char **argv)
{
	const char *given = getenv("BUILD"), *src = getenv("SRC");
	char line[256];
	int rc;

	if (!realpath(given ? given : "build", build) || !realpath(src ? src : ".", source))
		return 1;
	strcpy(place, "/tmp/export-test-XXXXXX");
	if (!mkdtemp(place))
		return 1;
	rc = tap_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
	server_stop();
	log_end();
	snprintf(line, sizeof(line), "rm -rf %s", place);
	return system(line) != 0 ? 1 : rc;
}
