// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules of the scripted model: what is read of a file, what is wrong with one, and which rule is for a request. */
#include "llm/wire.h"
#include "scripted/path.h"
#include "scripted/reply.h"
#include "tests/tap.h"

/* What a file of rules is refused for, or "". */
static const char *fault_of(const char *rules, size_t len)
{
	static struct fault f;
	struct script *s;
	int rc;

	f.text[0] = '\0';
	if (script_create(&s) != 0)
		return "(no memory)";
	rc = script_add(s, "f", rules, len, &f);
	script_free(s);
	return rc == -EBADMSG || !rc ? f.text : "(another error)";
}

/* The rule that is for a body of chat completions; "" when the file is none. */
static const char *rule_for(struct script *s, const char *body)
{
	static char name[LIMIT_SCRIPT_NAME + 1];
	struct arena a = { 0 };
	struct call_request r;
	struct wire_fault fault;
	struct script_view v;

	memset(&r, 0, sizeof(r));
	name[0] = '\0';
	if (wire_openai_chat.request_decode(
		    &a, body, strlen(body), (struct call_string){ 0 }, false, &r, &fault) == 0) {
		v = script_view_of(&r);
		snprintf(name, sizeof(name), "%s", script_match(s, &v)->name);
	}
	arena_release(&a);
	return name;
}

static struct script *script_of(const char *rules)
{
	struct script *s = NULL;
	struct fault f = { "" };

	if (script_create(&s) != 0 || script_add(s, "f", rules, strlen(rules), &f) != 0)
		printf("# %s\n", f.text);
	return s;
}

#define USER(words)	 "{\"role\":\"user\",\"content\":\"" words "\"}"
#define ASSISTANT(words) "{\"role\":\"assistant\",\"content\":\"" words "\"}"
#define CALLS                                                                          \
	"{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\"," \
	"\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}"
#define RESULT(words)  "{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":\"" words "\"}"
#define BODY(m, turns) "{\"model\":\"" m "\",\"messages\":[" turns "]}"

static void the_first_rule_that_is_for_it_answers(void)
{
	struct script *s = script_of(
		"# a comment\n"
		"rule big\n  model=big-*\n  text=a\n"
		"\n"
		"rule both\n\tcontains=one\n\tcontains=two\n\ttext=b\n"
		"rule first\n contains=start\n turns=1\n text=c\n"
		"rule later\n contains=start\n turns=3-4\n text=d\n"
		"rule last\n contains=start\n turns=7-\n text=e\n"
		"rule result\n tool-result=yes\n contains=seen\n text=f\n"
		"rule none\n tool-result=no\n contains=seen\n text=g");

	CHECK_INT(s->count, 7);
	CHECK_STR(rule_for(s, BODY("big-1", USER("one two"))), "big");
	CHECK_STR(rule_for(s, BODY("xbig-1", USER("two, one"))), "both");
	CHECK_STR(rule_for(s, BODY("x", USER("two, On"))), "built-in");
	CHECK_STR(rule_for(s, BODY("x", USER("start"))), "first");
	/* Instructions are no turns, and two of one role are one. */
	CHECK_STR(rule_for(s, BODY("x", "{\"role\":\"system\",\"content\":\"one two\"}," USER(
						"start") "," USER("now"))),
		  "first");
	CHECK_STR(rule_for(s, BODY("x",
				   USER("start") ",{\"role\":\"system\",\"content\":\"one\"}," USER(
					   "now"))),
		  "first");
	CHECK_STR(rule_for(s, BODY("x", USER("a") "," ASSISTANT("b") "," USER("start"))), "later");
	CHECK_STR(rule_for(s, BODY("x", USER("start") "," ASSISTANT("start") "," USER("c"))),
		  "built-in");
	CHECK_STR(rule_for(s, BODY("x", USER("a") "," ASSISTANT("b") "," USER("c") "," ASSISTANT(
						"d") "," USER("start"))),
		  "built-in");
	CHECK_STR(
		rule_for(s, BODY("x",
				 USER("a") "," ASSISTANT("b") "," USER("c") "," ASSISTANT(
					 "d") "," USER("e") "," ASSISTANT("f") "," USER("start"))),
		"last");
	CHECK_STR(rule_for(s, BODY("x", USER("a") "," CALLS "," RESULT("seen"))), "result");
	/* What is said behind the result is of the same turn. */
	CHECK_STR(rule_for(s, BODY("x", USER("a") "," CALLS "," RESULT("b") "," USER("seen"))),
		  "result");
	CHECK_STR(rule_for(s, BODY("x", USER("a") "," CALLS "," RESULT("b") "," ASSISTANT(
						"c") "," USER("seen"))),
		  "none");
	CHECK_STR(rule_for(s, BODY("x", USER("seen"))), "none");
	script_free(s);
}

static void a_rule_for_some_times_is_used_up(void)
{
	struct script *s = script_of("rule a\n times=2\n text=a\nrule b\n times=1\n text=b\n");
	static const char body[] = BODY("x", USER("hi"));

	CHECK_STR(rule_for(s, body), "a");
	CHECK_STR(rule_for(s, body), "a");
	CHECK_STR(rule_for(s, body), "b");
	CHECK_STR(rule_for(s, body), "built-in");
	script_free(s);
}

/* What the file's rule answers to a body of chat completions, whole. */
static struct script_reply reply_of(const char *rules, const char *body)
{
	struct script *s = script_of(rules);
	struct script_reply r = { 0 };
	struct wire_fault fault;
	struct arena a = { 0 };
	struct call_request q;
	struct script_view v;

	memset(&q, 0, sizeof(q));
	CHECK_INT(wire_openai_chat.request_decode(
			  &a, body, strlen(body), (struct call_string){ 0 }, false, &q, &fault),
		  0);
	v = script_view_of(&q);
	CHECK_INT(script_reply_make(script_match(s, &v), &v, &wire_openai_chat, &r, &fault), 0);
	text_put(&r.body, "", 1);
	arena_release(&a);
	script_free(s);
	return r;
}

static void texts_have_escapes_and_what_was_asked(void)
{
	static const struct {
		const char *rules, *body, *has;
	} rows[] = {
		{ "rule a\n text=a\\tb\\nc\\\\n\\$\\${user} $x\n", BODY("m", USER("u")),
		  "\"content\":\"a\\tb\\nc\\\\n$${user} $x\"" },
		{ "rule a\n text=${user}${user}-${model}\n text=\n text=#x \n",
		  BODY("m", USER("u") "," USER("v")), "\"content\":\"u\\nvu\\nv-m\\n\\n#x \"" },
		{ "rule a\n text=[${result}][${user}]\n",
		  BODY("m", USER("u") "," CALLS "," RESULT("r") "," RESULT("s") "," USER("w")),
		  "\"content\":\"[r\\ns][w]\"" },
		{ "rule a\n contains=a\\tb\n text=yes\n", BODY("m", USER("xa\\tby")),
		  "\"content\":\"yes\"" },
		{ "rule a\n text=\n", BODY("m", USER("u")), "\"completion_tokens\":0" },
	};
	struct script_reply r;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		r = reply_of(rows[i].rules, rows[i].body);
		CHECK_MSG(strstr(r.body.bytes, rows[i].has), "%s", r.body.bytes);
		script_reply_release(&r);
	}
}

/* A long text of two-byte characters: no more than the limit, and no half of one. */
static void what_was_asked_is_put_in_up_to_its_limit(void)
{
	struct text body = { 0 };
	struct script_reply r;
	const char *at, *end;
	size_t i;

	text_string(&body, "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x");
	for (i = 0; i < LIMIT_SCRIPT_INSERT; i++)
		text_string(&body, "\xc3\xa9");
	text_string(&body, "\"}," USER("more") "]}");
	text_put(&body, "", 1);
	r = reply_of("rule a\n text=${user}\n", body.bytes);
	at = strstr(r.body.bytes, "\"content\":\"x");
	end = at ? strchr(at + 12, '"') : NULL;
	CHECK(end && end[-1] == '\xa9');
	CHECK_INT(end ? end - (at + 11) : 0, LIMIT_SCRIPT_INSERT - 1);
	script_reply_release(&r);
	text_release(&body);
}

static void an_answer_that_is_too_long_is_none(void)
{
	struct text rules = { 0 };
	struct script_reply r;
	struct wire_fault fault;
	struct script *s;
	struct call_part part = { .kind = CALL_TEXT };
	struct call_turn turn = { CALL_USER, &part, 1 };
	struct call_request q = { .model = CALL_STRING("m"), .turns = &turn, .turn_count = 1 };
	struct script_view v = script_view_of(&q);
	static char long_text[LIMIT_SCRIPT_INSERT];
	size_t i;

	memset(long_text, 'a', sizeof(long_text));
	part.text = (struct call_string){ long_text, sizeof(long_text) };
	text_string(&rules, "rule a\n text=");
	for (i = 0; i < LIMIT_SCRIPT_TEXT / LIMIT_SCRIPT_INSERT; i++)
		text_string(&rules, "${user}");
	text_put(&rules, "", 1);
	s = script_of(rules.bytes);
	CHECK_INT(script_reply_make(s->rules, &v, &wire_openai_chat, &r, &fault), 0);
	CHECK(r.body.len > LIMIT_SCRIPT_TEXT);
	script_reply_release(&r);
	script_free(s);
	rules.len--;
	text_string(&rules, "x");
	text_put(&rules, "", 1);
	s = script_of(rules.bytes);
	CHECK_INT(script_reply_make(s->rules, &v, &wire_openai_chat, &r, &fault), -ENOMEM);
	script_free(s);
	text_release(&rules);
}

static void what_is_wrong_is_told_with_its_line(void)
{
	static const char *const rows[][2] = {
		{ "", "" },
		{ "# only\n\n \t\n", "" },
		{ "text=a\n", "f:1: a rule begins with a line `rule NAME`" },
		{ "rule\n", "f:1: no KEY=VALUE, and no `rule NAME`" },
		{ "rule a b\n", "f:1: a rule's name is at most 63 letters, digits and -._" },
		{ "rule a\n", "f:1: rule a answers nothing: it has no text=, tool= or status=" },
		{ "rule a\n text=x\nrule a\n", "f:3: a rule a is in line 1 already" },
		{ "\nrule a\nrule b\n text=a\n",
		  "f:2: rule a answers nothing: it has no text=, tool= or status=" },
		{ "rule a\n texd=x\n", "f:2: no key `texd`; did you mean `text`?" },
		{ "rule a\n nonsense=x\n", "f:2: no key `nonsense`" },
		{ "rule a\n \xc3\xa9=x\n", "f:2: no KEY=VALUE, and no `rule NAME`" },
		{ "rule a\n text =x\n", "f:2: no KEY=VALUE, and no `rule NAME`" },
		{ "rule a\n model=\n", "f:2: model= without a value" },
		{ "rule a\n turns=1\n turns=2\n", "f:3: turns= twice in one rule" },
		{ "rule a\n turns=3-2\n",
		  "f:2: turns=: the first number is larger than the second" },
		{ "rule a\n turns=-2\n",
		  "f:2: turns=: it is a whole number of at most 1000000000" },
		{ "rule a\n times=0\n", "f:2: times=: it is at least 1" },
		{ "rule a\n times=01\n",
		  "f:2: times=: it is a whole number of at most 1000000000" },
		{ "rule a\n times=1 \n",
		  "f:2: times=: it is a whole number of at most 1000000000" },
		{ "rule a\n delay-ms=99999999999999999999\n",
		  "f:2: delay-ms=: it is a whole number of at most 600000" },
		{ "rule a\n tool-result=maybe\n", "f:2: tool-result=: it is yes or no" },
		{ "rule a\n text=a\\r\n",
		  "f:2: text=: no such escape; there are \\n, \\t, \\\\ and \\$" },
		{ "rule a\n text=a\\",
		  "f:2: text=: no such escape; there are \\n, \\t, \\\\ and \\$" },
		{ "rule a\n text=${x}\n",
		  "f:2: text=: no such insert; there are ${user}, ${result} "
		  "and ${model}, and \\$ is a dollar" },
		{ "rule a\n tool=a b\n", "f:2: tool=: it is at most 63 letters, digits, _ and -" },
		{ "rule a\n arguments={}\n",
		  "f:2: arguments=: it stands behind the tool= that it is for, once" },
		{ "rule a\n tool=a\n arguments={}\n arguments={}\n",
		  "f:4: arguments=: it stands behind the tool= that it is for, once" },
		{ "rule a\n tool=a\n arguments=[]\n", "f:3: arguments=: it is a JSON object" },
		{ "rule a\n tool=a\n arguments={\n", "f:3: arguments=: it is a JSON object" },
		{ "rule a\n text=x\n stop=tools\n", "f:1: rule a: stop=tools, and no tool=" },
		{ "rule a\n stop=x\n", "f:2: stop=: it is end, length, tools, sequence or filter" },
		{ "rule a\n status=200\n", "f:2: status=: it is at least 400" },
		{ "rule a\n status=600\n", "f:2: status=: it is a whole number of at most 599" },
		{ "rule a\n status=500\n text=x\n",
		  "f:1: rule a: text= is of an answer, and status= of an error" },
		{ "rule a\n message=x\n", "f:1: rule a: message= without status=" },
		{ "rule a\n status=500\n message=a\\nb\n", "f:3: message=: a message is one line" },
		{ "rule a\r\n", "f:1: byte 0x0d: there are no control characters but the tab, and "
				"lines end with a line feed alone" },
		{ "rule a\n text=\xff\n", "f:2: the line is no UTF-8" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_STR(fault_of(rows[i][0], strlen(rows[i][0])), rows[i][1]);
	CHECK_STR(fault_of("rule a\n text=\0\n", 15),
		  "f:2: byte 0x00: there are no control characters but the tab, and lines end with "
		  "a line feed alone");
}

static void files_are_bounded(void)
{
	struct text t = { 0 };
	size_t i;

	text_string(&t, "rule a\n text=");
	for (i = t.len - 8; i < LIMIT_SCRIPT_LINE; i++)
		text_string(&t, "a");
	/* With the blank before it there are two bytes more than may be. */
	CHECK_STR(fault_of(t.bytes, t.len - 1), "");
	CHECK_STR(fault_of(t.bytes, t.len + 0), "f:2: a line has at most 65536 bytes");
	text_release(&t);
	for (i = 0; i < LIMIT_SCRIPT_RULES; i++)
		text_printf(&t, "rule %zu\n text=\n", i);
	CHECK_STR(fault_of(t.bytes, t.len), "");
	text_string(&t, "rule a\n");
	CHECK_STR(fault_of(t.bytes, t.len), "f:8193: there are at most 4096 rules");
	text_release(&t);
	while (t.len <= LIMIT_SCRIPT_FILE)
		text_string(&t, "#\n");
	CHECK_STR(fault_of(t.bytes, t.len), "f: it has more than 1048576 bytes");
	CHECK_STR(fault_of(t.bytes, LIMIT_SCRIPT_FILE), "");
	text_release(&t);
	text_string(&t, "rule a\n");
	for (i = 0; i < LIMIT_SCRIPT_TOOLS; i++)
		text_string(&t, "tool=a\n");
	CHECK_STR(fault_of(t.bytes, t.len), "");
	text_string(&t, "tool=a\n");
	CHECK_STR(fault_of(t.bytes, t.len), "f:66: tool=: an answer calls at most 64");
	text_release(&t);
}

static void paths_are_read_by_their_ends(void)
{
	static const struct {
		const char *method, *path;
		enum script_path_kind kind;
		enum wire_kind wire;
		const char *model;
		bool stream, sse;
	} rows[] = {
		{ "POST", "/v1/chat/completions", SCRIPT_PATH_CALL, WIRE_OPENAI_CHAT, "", 0, 0 },
		{ "POST", "/openai/deployments/d/chat/completions?api-version=1", SCRIPT_PATH_CALL,
		  WIRE_OPENAI_CHAT, "", 0, 0 },
		{ "POST", "/responses", SCRIPT_PATH_CALL, WIRE_OPENAI_RESPONSES, "", 0, 0 },
		{ "POST", "/anthropic/v1/messages?beta=true", SCRIPT_PATH_CALL, WIRE_ANTHROPIC, "",
		  0, 0 },
		{ "POST", "/v1beta/models/a%2Fb:generateContent", SCRIPT_PATH_CALL, WIRE_GEMINI,
		  "a/b", 0, 0 },
		{ "POST", "/v1/models/m:streamGenerateContent?alt=sse&x=y", SCRIPT_PATH_CALL,
		  WIRE_GEMINI, "m", 1, 1 },
		{ "POST", "/v1/models/m:streamGenerateContent?x=alt=sse", SCRIPT_PATH_CALL,
		  WIRE_GEMINI, "m", 1, 0 },
		{ "GET", "/v1/models", SCRIPT_PATH_MODELS, WIRE_OPENAI_CHAT, "", 0, 0 },
		{ "GET", "/v1beta/models?key=k", SCRIPT_PATH_MODELS, WIRE_GEMINI, "", 0, 0 },
		{ "GET", "/v1/messages", SCRIPT_PATH_NONE, WIRE_ANTHROPIC, "", 0, 0 },
		{ "POST", "/v1/messages/count_tokens", SCRIPT_PATH_NONE, WIRE_OPENAI_CHAT, "", 0,
		  0 },
		{ "POST", "/v1/models/:generateContent", SCRIPT_PATH_NONE, WIRE_GEMINI, "", 0, 0 },
		{ "POST", "/v1/models/%4:generateContent", SCRIPT_PATH_NONE, WIRE_GEMINI, NULL, 0,
		  0 },
		{ "post", "/v1/messages", SCRIPT_PATH_NONE, WIRE_ANTHROPIC, "", 0, 0 },
		{ "POST", "", SCRIPT_PATH_NONE, WIRE_OPENAI_CHAT, "", 0, 0 },
	};
	struct http_head head = { 0 };
	struct script_path p;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		head.method = (struct http_span){ rows[i].method, strlen(rows[i].method) };
		head.path = (struct http_span){ rows[i].path, strlen(rows[i].path) };
		script_path_read(&head, &p);
		CHECK_MSG(p.kind == rows[i].kind && p.wire == rows[i].wire &&
				  p.stream == rows[i].stream && p.sse == rows[i].sse,
			  "%s", rows[i].path);
		if (rows[i].model)
			CHECK_STR(p.model, rows[i].model);
	}
}

int main(int argc, char **argv)
{
	static const struct tap_test tests[] = {
		TEST(the_first_rule_that_is_for_it_answers),
		TEST(a_rule_for_some_times_is_used_up),
		TEST(texts_have_escapes_and_what_was_asked),
		TEST(what_was_asked_is_put_in_up_to_its_limit),
		TEST(an_answer_that_is_too_long_is_none),
		TEST(what_is_wrong_is_told_with_its_line),
		TEST(files_are_bounded),
		TEST(paths_are_read_by_their_ends),
	};

	return tap_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
