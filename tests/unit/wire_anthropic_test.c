// SPDX-License-Identifier: GPL-2.0-or-later
/* Anthropic's messages: what is read of them, what is written, and what cannot be said. */
#include "tests/unit/call_rig.h"

#define W	(&wire_anthropic)
#define HEAD	"{\"model\":\"c\",\"max_tokens\":9,"
#define USER	"\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]"
#define TURN(c) HEAD "\"messages\":[{\"role\":\"user\",\"content\":[" c "]}]}"
#define MODEL(c)                                                     \
	HEAD "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}," \
	     "{\"role\":\"assistant\",\"content\":[" c "]}]}"
#define SAID	   " model=c max=9\nuser:"
#define WEATHER	   "{\"name\":\"w\",\"description\":\"d\",\"input_schema\":{\"type\":\"object\"}}"
#define SEARCH	   "{\"type\":\"web_search_20250305\",\"name\":\"web_search\"}"
#define WEATHER_IS "\ntool: name=w description=d parameters={\"type\":\"object\"}"

static const struct {
	const char *what, *body, *told;
} requests[] = {
	{ "a word", HEAD USER "}", SAID " [text text=hi]" },
	{ "no limit, where tokens are counted", "{\"model\":\"c\"," USER "}",
	  " model=c\nuser: [text text=hi]" },
	{ "a system prompt", HEAD "\"system\":\"be\"," USER "}",
	  " model=c max=9\nsystem: [text text=be]\nuser: [text text=hi]" },
	{ "one of blocks, cached",
	  HEAD
	  "\"system\":[{\"type\":\"text\",\"text\":\"a\",\"cache_control\":{\"type\":\"ephemeral\"}},"
	  "{\"type\":\"text\",\"text\":\"b\"}]," USER "}",
	  " model=c max=9\nsystem: [text text=a] [text text=b]\nuser: [text text=hi]" },
	{ "an image",
	  TURN("{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/png\",\"data\":\"AAAA\"}},"
	       "{\"type\":\"image\",\"source\":{\"type\":\"url\",\"url\":\"https://a/b\"}}"),
	  SAID " [image type=image/png data=AAAA] [image url=https://a/b]" },
	{ "a PDF",
	  TURN("{\"type\":\"document\",\"title\":\"t.pdf\",\"source\":{\"type\":\"base64\","
	       "\"media_type\":\"application/pdf\",\"data\":\"AAAA\"}}"),
	  SAID " [file name=t.pdf type=application/pdf data=AAAA]" },
	{ "a document of text",
	  TURN("{\"type\":\"document\",\"title\":\"t\",\"context\":\"c\",\"source\":{\"type\":\"text\","
	       "\"media_type\":\"text/plain\",\"data\":\"words\"}}"),
	  SAID " [text text=t] [text text=c] [text text=words]" },
	{ "a document of blocks",
	  TURN("{\"type\":\"document\",\"source\":{\"type\":\"content\",\"content\":[{\"type\":\"text\","
	       "\"text\":\"x\"}]}}"),
	  SAID " [text text=x]" },
	{ "a search result",
	  TURN("{\"type\":\"search_result\",\"title\":\"t\",\"source\":\"s\",\"content\":[{\"type\":\"text\","
	       "\"text\":\"x\"}]}"),
	  SAID " [text text=t] [text text=s] [text text=x]" },
	{ "a call",
	  MODEL("{\"type\":\"tool_use\",\"id\":\"i\",\"name\":\"w\",\"input\":{\"a\": [1, 2.5]}}"),
	  SAID " [text text=hi]\nassistant: [call id=i name=w text={\"a\":[1,2.5]}]" },
	{ "its result",
	  TURN("{\"type\":\"tool_result\",\"tool_use_id\":\"i\",\"content\":\"ok\"},"
	       "{\"type\":\"tool_result\",\"tool_use_id\":\"j\",\"is_error\":true,\"content\":["
	       "{\"type\":\"text\",\"text\":\"no\"},{\"type\":\"image\",\"source\":{\"type\":\"base64\","
	       "\"media_type\":\"image/png\",\"data\":\"AA==\"}}]},"
	       "{\"type\":\"tool_result\",\"tool_use_id\":\"k\"}"),
	  SAID " [result id=i [text text=ok]] [result id=j [text text=no] "
	       "[image type=image/png data=AA==] error] [result id=k]" },
	{ "thinking",
	  MODEL("{\"type\":\"thinking\",\"thinking\":\"hm\",\"signature\":\"S\"},"
		"{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"T\"},"
		"{\"type\":\"redacted_thinking\",\"data\":\"R\"},{\"type\":\"text\",\"text\":\"so\"}"),
	  SAID
	  " [text text=hi]\nassistant: [reasoning text=hm sealed=S] [reasoning text= sealed=T] "
	  "[reasoning sealed=R] [text text=so]" },
	{ "tools, without the provider's own", HEAD "\"tools\":[" SEARCH "," WEATHER "]," USER "}",
	  SAID " [text text=hi]" WEATHER_IS },
	{ "any of them",
	  HEAD "\"tools\":[" WEATHER "],\"tool_choice\":{\"type\":\"any\"}," USER "}",
	  " model=c max=9 required\nuser: [text text=hi]" WEATHER_IS },
	{ "one of them",
	  HEAD "\"tools\":[" WEATHER "],\"tool_choice\":{\"type\":\"tool\",\"name\":\"w\","
	       "\"disable_parallel_tool_use\":true}," USER "}",
	  " model=c max=9 named choice=w one\nuser: [text text=hi]" WEATHER_IS },
	{ "none of them",
	  HEAD "\"tools\":[" WEATHER "],\"tool_choice\":{\"type\":\"none\"}," USER "}",
	  " model=c max=9 none\nuser: [text text=hi]" WEATHER_IS },
	{ "how to choose words",
	  HEAD "\"temperature\":0.5,\"top_p\":0.9,\"top_k\":40,\"stop_sequences\":[\"x\",\"y\"],"
	       "\"stream\":true,\"metadata\":{\"user_id\":\"u\"}," USER "}",
	  " model=c max=9 temperature=0.5 top_p=0.9 top_k=40 stop=x stop=y user=u stream"
	  "\nuser: [text text=hi]" },
	{ "as claude-code asks",
	  "{\"model\":\"c\",\"max_tokens\":32000,\"thinking\":{\"type\":\"adaptive\"},"
	  "\"context_management\":{\"edits\":[{\"type\":\"clear_thinking_20251015\",\"keep\":\"all\"}]},"
	  "\"output_config\":{\"effort\":\"medium\"}," USER "}",
	  " model=c max=32000 effort=medium\nuser: [text text=hi]" },
	{ "with a budget",
	  "{\"model\":\"c\",\"max_tokens\":9000,\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2048},"
	  "\"output_config\":{\"effort\":\"max\"}," USER "}",
	  " model=c max=9000 effort=high thinking=2048\nuser: [text text=hi]" },
	{ "by a schema",
	  HEAD
	  "\"output_config\":{\"format\":{\"type\":\"json_schema\",\"schema\":{\"type\":\"object\"}}}," USER
	  "}",
	  " model=c max=9 schema schema={\"type\":\"object\"}\nuser: [text text=hi]" },
};

static void requests_are_read(void)
{
	struct text told = { 0 };
	size_t i;

	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		request_told(W, requests[i].body, NULL, false, false, &told);
		CHECK_MSG(!strcmp(text_ended(&told), requests[i].told), "%s: is\n%s\nexpected\n%s",
			  requests[i].what, told.bytes, requests[i].told);
		text_release(&told);
	}
}

static void what_is_written_reads_back(void)
{
	struct text told = { 0 };
	size_t i;

	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		/* This one has no limit, and gets one. */
		if (strstr(requests[i].what, "no limit"))
			continue;
		request_told(W, requests[i].body, NULL, false, true, &told);
		CHECK_MSG(!strcmp(text_ended(&told), requests[i].told), "%s: is\n%s\nexpected\n%s",
			  requests[i].what, told.bytes, requests[i].told);
		text_release(&told);
	}
}

static void a_request_that_is_none_is_refused_by_its_member(void)
{
	static const struct {
		const char *body, *told;
	} cases[] = {
		{ "", "bad it is not JSON: line 1, column 0: unexpected token near end of file" },
		{ "[]", "bad it must be an object" },
		{ "{}", "bad model: is missing" },
		{ "{\"model\":\"\"}", "bad model: is empty" },
		{ "{\"model\":\"c\",\"messages\":[]}", "bad messages: there are none" },
		{ "{\"model\":\"c\",\"max_tokens\":0," USER "}",
		  "bad max_tokens: must be above 0" },
		{ "{\"model\":\"c\",\"max_tokens\":-1," USER "}",
		  "bad max_tokens: must be a whole number" },
		{ HEAD "\"temperature\":\"hot\"," USER "}", "bad temperature: must be a number" },
		{ HEAD "\"messages\":[7]}", "bad messages[0]: must be an object" },
		{ HEAD USER ",\"tools\":[{\"name\":\"\",\"input_schema\":{}}]}",
		  "bad tools[0].name: must not be empty" },
		{ HEAD "\"messages\":[{\"content\":\"\"}]}", "bad messages[0].role: is missing" },
		{ HEAD "\"messages\":[{\"role\":\"r\",\"content\":\"\"}]}",
		  "bad messages[0].role: no such role" },
		{ HEAD "\"messages\":[{\"role\":\"user\"}]}",
		  "bad messages[0].content: is missing" },
		{ HEAD "\"messages\":[{\"role\":\"user\",\"content\":1}]}",
		  "bad messages[0].content: must be a string or an array" },
		{ TURN("1"), "bad messages[0].content[0]: must be an object" },
		{ TURN("{\"type\":\"text\",\"text\":\"x\"},{\"type\":\"song\"}"),
		  "bad messages[0].content[1].type: no such kind" },
		{ TURN("{\"type\":\"text\"}"), "bad messages[0].content[0].text: is missing" },
		{ TURN("{\"type\":\"tool_use\"}"),
		  "bad messages[0].content[0].type: tool_use is not for a user's turn" },
		{ MODEL("{\"type\":\"image\"}"),
		  "bad messages[1].content[0].type: image is not for an assistant's turn" },
		{ MODEL("{\"type\":\"tool_use\",\"id\":\"i\",\"name\":\"w\",\"input\":\"{}\"}"),
		  "bad messages[1].content[0].input: must be an object" },
		{ TURN("{\"type\":\"image\"}"), "bad messages[0].content[0].source: is missing" },
		{ TURN("{\"type\":\"image\",\"source\":{\"type\":\"disk\"}}"),
		  "bad messages[0].content[0].source.type: no such kind" },
		{ TURN("{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"a/b\",\"data\":\"\"}}"),
		  "bad messages[0].content[0].source.media_type: is none of an image" },
		{ TURN("{\"type\":\"image\",\"source\":{\"type\":\"file\",\"file_id\":\"f\"}}"),
		  "cannot messages[0].content[0].source.type: files that the provider keeps are "
		  "unknown elsewhere" },
		{ TURN("{\"type\":\"tool_result\",\"tool_use_id\":\"i\",\"content\":[{\"type\":\"document\","
		       "\"source\":{\"type\":\"url\",\"url\":\"u\"}}]}"),
		  "cannot messages[0].content[0].content[0]: a file in a tool's result is unknown "
		  "elsewhere" },
		{ MODEL("{\"type\":\"server_tool_use\"}"),
		  "cannot messages[1].content[0].type: is of the provider's own tools, and unknown "
		  "elsewhere" },
		{ HEAD "\"system\":[{\"type\":\"image\"}]," USER "}",
		  "bad system[0].type: image is not for a system prompt" },
		{ HEAD "\"tools\":[{\"name\":\"w\"}]," USER "}",
		  "bad tools[0].input_schema: is missing" },
		{ HEAD "\"tools\":[" SEARCH "],\"tool_choice\":{\"type\":\"any\"}," USER "}",
		  "cannot tool_choice: forces a tool of the provider's own" },
		{ HEAD "\"tools\":[" SEARCH "," WEATHER "],\"tool_choice\":{\"type\":\"tool\","
		       "\"name\":\"web_search\"}," USER "}",
		  "cannot tool_choice: forces a tool of the provider's own" },
		{ HEAD "\"tools\":[" WEATHER
		       "],\"tool_choice\":{\"type\":\"tool\",\"name\":\"x\"}," USER "}",
		  "bad tool_choice: no such tool" },
		{ HEAD "\"tool_choice\":{\"type\":\"any\"}," USER "}",
		  "bad tool_choice: there are no tools" },
		{ HEAD "\"tool_choice\":{\"type\":\"some\"}," USER "}",
		  "bad tool_choice.type: no such choice" },
		{ HEAD "\"thinking\":{\"type\":\"enabled\"}," USER "}",
		  "bad thinking.budget_tokens: must be above 0" },
		{ HEAD "\"output_config\":{\"effort\":\"huge\"}," USER "}",
		  "bad output_config.effort: no such effort" },
		{ HEAD "\"output_config\":{\"format\":{\"type\":\"xml\"}}," USER "}",
		  "bad output_config.format.type: no such format" },
		{ HEAD "\"output_config\":{\"format\":{\"type\":\"json_schema\"}}," USER "}",
		  "bad output_config.format.schema: is missing" },
		{ HEAD "\"stop_sequences\":[1]," USER "}",
		  "bad stop_sequences[0]: must be a string" },
		{ HEAD "\"mcp_servers\":[{}]," USER "}",
		  "cannot mcp_servers: only the provider itself can call these" },
		{ HEAD "\"user\":\"\xff\"}",
		  "bad it is not JSON: line 1, column 36: unable to decode byte 0xff near '\"'" },
	};
	struct text told = { 0 };
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		request_told(W, cases[i].body, NULL, false, false, &told);
		CHECK_STR(text_ended(&told), cases[i].told);
		text_release(&told);
	}
}

static struct call_part text_of(const char *text)
{
	return (struct call_part){ CALL_TEXT, .text = { text, strlen(text) } };
}

static void turns_become_what_the_wire_takes(void)
{
	struct call_part said[] = {
		text_of("rules"),
		text_of(""),
		text_of("first"),
		text_of("second"),
		text_of("third"),
		{ CALL_TOOL_CALL, .id = CALL_STRING("a:b.c"), .name = CALL_STRING("w") },
		{ CALL_REASONING, .text = CALL_STRING("not signed") },
		text_of("later"),
		text_of("aside"),
		{ CALL_TOOL_RESULT, .id = CALL_STRING("a:b.c"), .parts = said, .part_count = 2 },
	};
	struct call_turn turns[] = {
		{ CALL_SYSTEM, &said[0], 2 },	 { CALL_ASSISTANT, &said[2], 1 },
		{ CALL_ASSISTANT, &said[3], 1 }, { CALL_USER, &said[1], 1 },
		{ CALL_ASSISTANT, &said[4], 3 }, { CALL_USER, &said[7], 1 },
		{ CALL_SYSTEM, &said[8], 1 },	 { CALL_USER, &said[9], 1 },
	};
	const struct call_request r = { .model = CALL_STRING("c"),
					.turns = turns,
					.turn_count = 8 };
	struct text out = { 0 };

	REQUIRE(W->request_encode(&r, &out, NULL) == 0);
	CHECK_STR(
		text_ended(&out),
		"{\"model\":\"c\",\"max_tokens\":8192,\"system\":[{\"type\":\"text\",\"text\":\"rules\"}],"
		"\"messages\":[{\"role\":\"user\",\"content\":\".\"},"
		"{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"first\"},"
		"{\"type\":\"text\",\"text\":\"second\"},{\"type\":\"text\",\"text\":\"third\"},"
		"{\"type\":\"tool_use\",\"id\":\"a_b_c\",\"name\":\"w\",\"input\":{}}]},"
		"{\"role\":\"user\",\"content\":["
		"{\"type\":\"tool_result\",\"tool_use_id\":\"a_b_c\",\"content\":[{\"type\":\"text\","
		"\"text\":\"rules\"}]},{\"type\":\"text\",\"text\":\"later\"},"
		"{\"type\":\"text\",\"text\":\"<system>\\naside\\n</system>\"}]}]}");
	text_release(&out);
}

static void a_request_without_turns_says_something(void)
{
	const struct call_request r = { .model = CALL_STRING("c"), .thinking_tokens = 10 };
	struct text out = { 0 };

	REQUIRE(W->request_encode(&r, &out, NULL) == 0);
	CHECK_STR(text_ended(&out), "{\"model\":\"c\",\"max_tokens\":9216,"
				    "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":1024},"
				    "\"messages\":[{\"role\":\"user\",\"content\":\".\"}]}");
	text_release(&out);
}

static void thinking_gets_what_max_tokens_leaves(void)
{
	static const struct {
		uint64_t most, thinking;
		const char *said;
	} cases[] = {
		{ 4096, 2048,
		  "\"max_tokens\":4096,\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2048}" },
		{ 2048, 2048,
		  "\"max_tokens\":2048,\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2047}" },
		{ 1024, 2048, "\"max_tokens\":1024,\"messages\"" },
		{ 0, UINT64_MAX,
		  "\"max_tokens\":18446744073709551615,\"thinking\":{\"type\":\"enabled\","
		  "\"budget_tokens\":18446744073709551614}" },
	};
	struct text out = { 0 };
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct call_request r = { .model = CALL_STRING("c"),
						.max_tokens = cases[i].most,
						.thinking_tokens = cases[i].thinking };

		CHECK_INT(W->request_encode(&r, &out, NULL), 0);
		CHECK_MSG(strstr(text_ended(&out), cases[i].said), "%s", out.bytes);
		text_release(&out);
	}
}

static void what_this_wire_cannot_say_is_refused(void)
{
	static struct call_string newline = { "\n", 1 };
	static struct call_part wav = { CALL_FILE, .media_type = CALL_STRING("audio/wav"),
					.data = CALL_STRING("AAAA") },
				broken = { CALL_TOOL_CALL, .name = CALL_STRING("w"),
					   .text = CALL_STRING("{\"a\":") },
				picture = { CALL_IMAGE, .url = CALL_STRING("u") };
	static struct call_turn sound = { CALL_USER, &wav, 1 },
				half = { CALL_ASSISTANT, &broken, 1 },
				drawn = { CALL_ASSISTANT, &picture, 1 };
	static const struct {
		struct call_request r;
		int err;
		const char *fault;
	} cases[] = {
		{ { .temperature = { 1.5, true } },
		  -EOPNOTSUPP,
		  "temperature: this provider has 0 to 1" },
		{ { .presence_penalty = { 1, true } },
		  -EOPNOTSUPP,
		  "this provider knows no penalties" },
		{ { .stops = &newline, .stop_count = 1 },
		  -EOPNOTSUPP,
		  "this provider stops at no sequence of blanks" },
		{ { .format = CALL_FORMAT_JSON },
		  -EOPNOTSUPP,
		  "this provider makes JSON only by a schema" },
		{ { .choice = CALL_CHOICE_REQUIRED },
		  -EOPNOTSUPP,
		  "a call of a tool is forced, and there is none" },
		{ { .turns = &sound, .turn_count = 1 },
		  -EOPNOTSUPP,
		  "files other than PDF and text cannot be sent to this provider" },
		{ { .turns = &half, .turn_count = 1 },
		  -EBADMSG,
		  "the arguments of a call of w are no JSON object" },
		{ { .turns = &drawn, .turn_count = 1 },
		  -EOPNOTSUPP,
		  "an assistant's turn with a part that is not for it" },
	};
	struct wire_fault fault;
	struct text out = { 0 };
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CHECK_INT(W->request_encode(&cases[i].r, &out, &fault), cases[i].err);
		CHECK_STR(fault.text, cases[i].fault);
		text_release(&out);
	}
}

static void a_file_of_text_is_sent_as_text(void)
{
	struct call_part part = { CALL_FILE, .name = CALL_STRING("a.md"),
				  .media_type = CALL_STRING("text/markdown"),
				  .data = CALL_STRING("aGVsbG8=") };
	struct call_turn turn = { CALL_USER, &part, 1 };
	const struct call_request r = { .turns = &turn, .turn_count = 1 };
	struct wire_fault fault;
	struct text out = { 0 };

	CHECK_INT(W->request_encode(&r, &out, &fault), 0);
	CHECK(strstr(text_ended(&out),
		     "{\"type\":\"document\",\"title\":\"a.md\",\"source\":{\"type\":\"text\","
		     "\"media_type\":\"text/plain\",\"data\":\"hello\"}}"));
	text_release(&out);
	part.data = CALL_STRING("aGVsbG8");
	CHECK_INT(W->request_encode(&r, &out, &fault), -EBADMSG);
	CHECK_STR(fault.text, "the data of a file is not base64");
	text_release(&out);
}

#define ANSWER(content, rest)                                                                                 \
	"{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"c\",\"content\":[" content \
	"]," rest "}"

static void answers_are_read_and_read_back(void)
{
	static const struct {
		const char *body, *told;
	} cases[] = {
		{ ANSWER("{\"type\":\"text\",\"text\":\"hi\"}",
			 "\"stop_reason\":\"end_turn\",\"stop_sequence\":null,\"usage\":{\"input_tokens\":10,"
			 "\"cache_creation_input_tokens\":200,\"cache_read_input_tokens\":3000,"
			 "\"output_tokens\":5}"),
		  " id=msg_1 model=c stop=end usage=3210+5 read=3000 written=200 [text text=hi]" },
		{ ANSWER("{\"type\":\"thinking\",\"thinking\":\"hm\",\"signature\":\"S\"},"
			 "{\"type\":\"tool_use\",\"id\":\"toolu_1\",\"name\":\"w\",\"input\":{\"a\":1}}",
			 "\"stop_reason\":\"tool_use\",\"usage\":{\"input_tokens\":1,\"output_tokens\":9,"
			 "\"output_tokens_details\":{\"thinking_tokens\":7}}"),
		  " id=msg_1 model=c stop=tools usage=1+9 reasoned=7 [reasoning text=hm sealed=S] "
		  "[call id=toolu_1 name=w text={\"a\":1}]" },
		{ ANSWER("{\"type\":\"server_tool_use\",\"id\":\"s\"},{\"type\":\"new\"}",
			 "\"stop_reason\":\"stop_sequence\",\"stop_sequence\":\"END\","
			 "\"usage\":{\"input_tokens\":1,\"output_tokens\":0}"),
		  " id=msg_1 model=c stop=sequence at=END usage=1+0" },
		{ ANSWER("",
			 "\"stop_reason\":\"max_tokens\",\"usage\":{\"input_tokens\":1,\"output_tokens\":2}"),
		  " id=msg_1 model=c stop=length usage=1+2" },
		{ ANSWER("",
			 "\"stop_reason\":\"refusal\",\"usage\":{\"input_tokens\":1,\"output_tokens\":2}"),
		  " id=msg_1 model=c stop=filter usage=1+2" },
		{ "{\"type\":\"message\"}", "bad content: is missing" },
		{ ANSWER("{\"type\":\"text\",\"text\":1}", "\"usage\":null"),
		  "bad content[0].text: must be a string" },
		{ ANSWER("", "\"usage\":{\"input_tokens\":-1}"),
		  "bad usage.input_tokens: must be a whole number" },
	};
	struct text told = { 0 };
	size_t i;
	int again;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (again = 0; again <= 1; again++) {
			answer_told(W, cases[i].body, again, &told);
			CHECK_STR(text_ended(&told), cases[i].told);
			text_release(&told);
		}
}

static void an_answer_has_what_sdks_look_at(void)
{
	struct call_part parts[] = { text_of(""), text_of("hi") };
	const struct call_answer answer = {
		.id = CALL_STRING("x"),
		.model = CALL_STRING("c"),
		.parts = parts,
		.part_count = 2,
		.usage = { .input = 10, .cache_read = 4, .output = 2 }
	};
	struct text out = { 0 };

	REQUIRE(W->answer_encode(&answer, &out, NULL) == 0);
	CHECK_STR(
		text_ended(&out),
		"{\"id\":\"x\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"c\",\"content\":["
		"{\"type\":\"text\",\"text\":\"hi\"}],\"stop_reason\":\"end_turn\",\"stop_sequence\":null,"
		"\"usage\":{\"input_tokens\":6,\"cache_creation_input_tokens\":0,"
		"\"cache_read_input_tokens\":4,\"output_tokens\":2}}");
	text_release(&out);
}

#define ERROR_BODY(type) \
	"{\"type\":\"error\",\"error\":{\"type\":\"" type "\",\"message\":\"a\\nb\"}}"

static void errors_are_read(void)
{
	static const struct {
		int status;
		const char *body;
		enum call_error_kind kind;
		const char *message;
	} cases[] = {
		{ 429, ERROR_BODY("rate_limit_error"), CALL_ERROR_RATE_LIMIT, "a b" },
		{ 529, ERROR_BODY("overloaded_error"), CALL_ERROR_OVERLOADED, "a b" },
		{ 400, ERROR_BODY("billing_error"), CALL_ERROR_PAYMENT, "a b" },
		{ 503, ERROR_BODY("api_error"), CALL_ERROR_UNAVAILABLE, "a b" },
		{ 404, ERROR_BODY("new_error"), CALL_ERROR_NOT_FOUND, "a b" },
		{ 413, "<html>", CALL_ERROR_TOO_LARGE, "the provider answered with status 413" },
		{ 502, "{\"error\":\"x\"}", CALL_ERROR_UNAVAILABLE,
		  "the provider answered with status 502" },
		{ 500, "", CALL_ERROR_API, "the provider answered with status 500" },
	};
	struct call_error error;
	struct arena a = { 0 };
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CHECK_INT(W->error_decode(&a, cases[i].status, cases[i].body, strlen(cases[i].body),
					  &error),
			  0);
		CHECK_INT(error.kind, cases[i].kind);
		CHECK_INT(error.status, cases[i].status);
		CHECK_STR(error.message.at, cases[i].message);
		arena_release(&a);
	}
}

static void every_error_reads_back_as_itself(void)
{
	struct call_error error = { .message = CALL_STRING("m"),
				    .code = CALL_STRING("budget_exceeded") },
			  again;
	struct text out = { 0 };
	struct arena a = { 0 };

	for (error.kind = CALL_ERROR_INVALID; error.kind <= CALL_ERROR_OVERLOADED; error.kind++) {
		CHECK_INT(W->error_encode(&error, &out), 0);
		CHECK_INT(
			W->error_decode(&a, wire_error_status(&error), out.bytes, out.len, &again),
			0);
		CHECK_INT(again.kind, error.kind);
		CHECK_STR(again.code.at, "budget_exceeded");
		text_release(&out);
		arena_release(&a);
	}
	error.kind = CALL_ERROR_RATE_LIMIT;
	CHECK_INT(W->error_encode(&error, &out), 0);
	CHECK_STR(text_ended(&out),
		  "{\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":\"m\","
		  "\"details\":{\"error_code\":\"budget_exceeded\"}},\"request_id\":null}");
	text_release(&out);
}

#define START                                                                                   \
	"{\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"model\":\"c\",\"usage\":{" \
	"\"input_tokens\":3,\"cache_read_input_tokens\":7,\"output_tokens\":1}}}"
#define BLOCK(i, block) \
	"{\"type\":\"content_block_start\",\"index\":" i ",\"content_block\":{" block "}}"
#define DELTA(i, delta)	 "{\"type\":\"content_block_delta\",\"index\":" i ",\"delta\":{" delta "}}"
#define TEXT_DELTA(i, t) DELTA(i, "\"type\":\"text_delta\",\"text\":\"" t "\"")
#define STOPPED(i)	 "{\"type\":\"content_block_stop\",\"index\":" i "}"
#define TEXT_BLOCK(i)	 BLOCK(i, "\"type\":\"text\",\"text\":\"\"")
#define TOOL_BLOCK(i, id) \
	BLOCK(i, "\"type\":\"tool_use\",\"id\":\"" id "\",\"name\":\"w\",\"input\":{}")
#define JSON_DELTA(i, j) DELTA(i, "\"type\":\"input_json_delta\",\"partial_json\":\"" j "\"")
#define ENDED(reason)                                                      \
	"{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"" reason \
	"\",\"stop_sequence\":null},"                                      \
	"\"usage\":{\"output_tokens\":15}}"
#define STOP  "{\"type\":\"message_stop\"}"
#define BEGUN "begin id=msg_1 model=c usage=10+1 read=7\n"

static const struct {
	const char *what, *frames[16], *told;
} streams[] = {
	{ "text",
	  { START, TEXT_BLOCK("0"), "{\"type\":\"ping\"}", TEXT_DELTA("0", "he"),
	    TEXT_DELTA("0", "llo"), STOPPED("0"), ENDED("end_turn"), STOP, TEXT_DELTA("0", "x") },
	  BEGUN "ping\ntext text=he\ntext text=llo\nend\nstop end usage=10+15 read=7\n" },
	{ "thinking, then calls",
	  { START, BLOCK("0", "\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\""),
	    DELTA("0", "\"type\":\"thinking_delta\",\"thinking\":\"hm\""),
	    DELTA("0", "\"type\":\"signature_delta\",\"signature\":\"S\""), STOPPED("0"),
	    TOOL_BLOCK("1", "a"), JSON_DELTA("1", "{\\\"x\\\":"), JSON_DELTA("1", "1}"),
	    STOPPED("1"), TOOL_BLOCK("2", "b"), STOPPED("2"), ENDED("tool_use"), STOP },
	  BEGUN "reasoning text=hm\nreasoning text= sealed=S\nend\ntool id=a name=w\n"
		"arguments text={\"x\":\narguments text=1}\nend\ntool id=b name=w\n"
		"arguments text={}\nend\nstop tools usage=10+15 read=7\n" },
	{ "thinking that is not shown",
	  { START, BLOCK("0", "\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\""),
	    DELTA("0", "\"type\":\"signature_delta\",\"signature\":\"S\""), STOPPED("0"),
	    BLOCK("1", "\"type\":\"redacted_thinking\",\"data\":\"R\""), STOPPED("1"),
	    ENDED("end_turn"), STOP },
	  BEGUN "reasoning text= sealed=S\nend\nreasoning sealed=R\nend\n"
		"stop end usage=10+15 read=7\n" },
	{ "blocks that are mixed",
	  { START, TEXT_BLOCK("0"), TOOL_BLOCK("1", "a"), JSON_DELTA("1", "{"),
	    TEXT_DELTA("0", "x"), TOOL_BLOCK("2", "b"), JSON_DELTA("1", "}"), STOPPED("1"),
	    TEXT_DELTA("0", "y"), STOPPED("0"), STOPPED("2"), ENDED("tool_use"), STOP },
	  BEGUN "text text=x\ntext text=y\nend\ntool id=a name=w\narguments text={}\nend\n"
		"tool id=b name=w\narguments text={}\nend\nstop tools usage=10+15 read=7\n" },
	{ "arguments that came with the begin",
	  { START,
	    BLOCK("0", "\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"w\",\"input\":{\"x\":1}"),
	    STOPPED("0"), ENDED("tool_use"), STOP },
	  BEGUN
	  "tool id=a name=w\narguments text={\"x\":1}\nend\nstop tools usage=10+15 read=7\n" },
	{ "what is not known",
	  { START, "{\"type\":\"news\"}", BLOCK("0", "\"type\":\"server_tool_use\",\"id\":\"s\""),
	    JSON_DELTA("0", "{}"), STOPPED("0"), TEXT_BLOCK("1"), STOPPED("1"),
	    DELTA("9", "\"type\":\"text_delta\",\"text\":\"lost\""), ENDED("end_turn"), STOP },
	  BEGUN "stop end usage=10+15 read=7\n" },
	{ "a block that is not stopped, and no last word",
	  { START, TEXT_BLOCK("0"), TEXT_DELTA("0", "x"), ENDED("max_tokens") },
	  BEGUN "text text=x\nend\nstop length usage=10+15 read=7\n" },
	{ "no begin",
	  { TEXT_BLOCK("0"), TEXT_DELTA("0", "x"), ENDED("end_turn"), STOP },
	  "begin\ntext text=x\nend\nstop end usage=0+15\n" },
	{ "an error",
	  { START,
	    "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}",
	    STOP },
	  BEGUN "error kind=10 message=Overloaded\n" },
	{ "half of it",
	  { START, TEXT_BLOCK("0"), TEXT_DELTA("0", "x") },
	  BEGUN "text text=x\nbad the stream ended before the answer did\n" },
	{ "nothing", { NULL }, "bad the stream ended before the answer did\n" },
	{ "no JSON",
	  { "{" },
	  "bad it is not JSON: line 1, column 1: string or '}' expected near end of file\n" },
	{ "another type",
	  { START, TEXT_BLOCK("0"), DELTA("0", "\"type\":\"text_delta\",\"text\":1") },
	  BEGUN "bad delta.text: must be a string\n" },
	{ "a call without a name",
	  { START, BLOCK("0", "\"type\":\"tool_use\",\"id\":\"a\",\"input\":{}") },
	  BEGUN "bad content_block.name: is missing\n" },
	{ "one whose name is empty",
	  { START, BLOCK("0", "\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"\",\"input\":{}") },
	  BEGUN "bad content_block.name: must not be empty\n" },
};

static void streams_are_put_in_order(void)
{
	struct text told = { 0 };
	size_t i;

	for (i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
		stream_told(W, streams[i].frames, &told);
		CHECK_MSG(!strcmp(text_ended(&told), streams[i].told), "%s: is\n%s\nexpected\n%s",
			  streams[i].what, told.bytes, streams[i].told);
		text_release(&told);
	}
}

static void more_blocks_than_there_may_be_are_refused(void)
{
	struct text told = { 0 };
	struct wire_decoder *d = W->decoder_create(say_event, &told);
	struct wire_fault fault = { 0 };
	struct wire_frame frame = { 0 };
	char data[128];
	int i, err = 0;

	REQUIRE(d);
	for (i = 0; !err && i < 5000; i++) {
		snprintf(
			data, sizeof(data),
			"{\"type\":\"content_block_start\",\"index\":%d,\"content_block\":{\"type\":\"text\"}}",
			i);
		frame.data = (struct call_string){ data, strlen(data) };
		err = W->decoder_frame(d, &frame, &fault);
	}
	CHECK_INT(err, -EBADMSG);
	CHECK_INT(i, 1025);
	CHECK_STR(fault.text, "more blocks, or more of them at once, than can be held");
	W->decoder_free(d);
	text_release(&told);
}

static void what_waits_for_its_turn_is_bounded(void)
{
	static char delta[(1 << 20) + 128];
	struct text told = { 0 };
	struct wire_decoder *d = W->decoder_create(say_event, &told);
	struct wire_fault fault = { 0 };
	struct wire_frame frame = { .data = CALL_STRING(TEXT_BLOCK("0")) };
	int i, err;

	REQUIRE(d && W->decoder_frame(d, &frame, &fault) == 0);
	frame.data = CALL_STRING(TEXT_BLOCK("1"));
	REQUIRE(W->decoder_frame(d, &frame, &fault) == 0);
	strcpy(delta,
	       "{\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"text_delta\",\"text\":\"");
	memset(delta + strlen(delta), 'x', 1 << 20);
	strcat(delta, "\"}}");
	frame.data = (struct call_string){ delta, strlen(delta) };
	for (i = 0, err = 0; !err && i < 20; i++)
		err = W->decoder_frame(d, &frame, &fault);
	CHECK_INT(err, -EBADMSG);
	CHECK_INT(i, 9);
	CHECK_STR(fault.text, "more blocks, or more of them at once, than can be held");
	W->decoder_free(d);
	text_release(&told);
}

static int refuse(const struct call_event *event, void *cookie)
{
	return event->kind == CALL_TEXT_MORE ? -ECANCELED : 0;
}

static void who_is_told_may_end_it(void)
{
	struct wire_decoder *d = W->decoder_create(refuse, NULL);
	struct wire_frame frame = { .data = CALL_STRING(START) };

	REQUIRE(d);
	CHECK_INT(W->decoder_frame(d, &frame, NULL), 0);
	frame.data = CALL_STRING(TEXT_BLOCK("0"));
	CHECK_INT(W->decoder_frame(d, &frame, NULL), 0);
	frame.data = CALL_STRING(TEXT_DELTA("0", "x"));
	CHECK_INT(W->decoder_frame(d, &frame, NULL), -ECANCELED);
	W->decoder_free(d);
}

static void a_stream_is_written_as_clients_expect_it(void)
{
	static const struct call_event events[] = {
		{ .kind = CALL_BEGIN, .id = CALL_STRING("x"), .model = CALL_STRING("c") },
		{ .kind = CALL_PING },
		{ .kind = CALL_REASONING_MORE, .text = CALL_STRING("h") },
		{ .kind = CALL_REASONING_MORE,
		  .text = CALL_STRING("m"),
		  .sealed = CALL_STRING("S") },
		{ .kind = CALL_PART_END },
		{ .kind = CALL_REASONING_MORE, .sealed = CALL_STRING("R") },
		{ .kind = CALL_PART_END },
		{ .kind = CALL_TEXT_MORE, .text = CALL_STRING("") },
		{ .kind = CALL_PART_END },
		{ .kind = CALL_TEXT_MORE, .text = CALL_STRING("a\nb") },
		{ .kind = CALL_PART_END },
		{ .kind = CALL_TOOL_BEGIN, .id = CALL_STRING("i"), .name = CALL_STRING("w") },
		{ .kind = CALL_TOOL_MORE, .text = CALL_STRING("{}") },
		{ .kind = CALL_PART_END },
		{ .kind = CALL_STOP,
		  .stop = CALL_STOP_TOOLS,
		  .usage = { .input = 9,
			     .output = 4,
			     .cache_read = 2,
			     .reasoning = 3,
			     .given = true } },
		{ .kind = CALL_TEXT_MORE, .text = CALL_STRING("late") },
	};
	struct text out = { 0 };

	events_encoded(W, events, sizeof(events) / sizeof(events[0]), &out);
	CHECK_STR(
		text_ended(&out),
		"event: message_start\n"
		"data: {\"type\":\"message_start\",\"message\":{\"id\":\"x\",\"type\":\"message\","
		"\"role\":\"assistant\",\"model\":\"c\",\"content\":[],\"stop_reason\":null,"
		"\"stop_sequence\":null,\"usage\":{\"input_tokens\":0,\"cache_creation_input_tokens\":0,"
		"\"cache_read_input_tokens\":0,\"output_tokens\":0}}}\n\n"
		"event: ping\ndata: {\"type\":\"ping\"}\n\n"
		"event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,"
		"\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}}\n\n"
		"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,"
		"\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"h\"}}\n\n"
		"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,"
		"\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"m\"}}\n\n"
		"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,"
		"\"delta\":{\"type\":\"signature_delta\",\"signature\":\"S\"}}\n\n"
		"event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
		"event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":1,"
		"\"content_block\":{\"type\":\"redacted_thinking\",\"data\":\"R\"}}\n\n"
		"event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":1}\n\n"
		"event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":2,"
		"\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"
		"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":2,"
		"\"delta\":{\"type\":\"text_delta\",\"text\":\"a\\nb\"}}\n\n"
		"event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":2}\n\n"
		"event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":3,"
		"\"content_block\":{\"type\":\"tool_use\",\"id\":\"i\",\"name\":\"w\",\"input\":{}}}\n\n"
		"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":3,"
		"\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{}\"}}\n\n"
		"event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":3}\n\n"
		"event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{"
		"\"stop_reason\":\"tool_use\",\"stop_sequence\":null},\"usage\":{\"input_tokens\":7,"
		"\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":2,\"output_tokens\":4,"
		"\"output_tokens_details\":{\"thinking_tokens\":3}}}\n\n"
		"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
	text_release(&out);
}

static void an_error_ends_a_stream(void)
{
	static const struct call_event events[] = {
		{ .kind = CALL_ERROR,
		  .error = { .kind = CALL_ERROR_OVERLOADED, .message = CALL_STRING("busy") } },
		{ .kind = CALL_STOP },
	};
	struct text out = { 0 };

	events_encoded(W, events, 2, &out);
	CHECK_STR(text_ended(&out),
		  "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":"
		  "\"overloaded_error\",\"message\":\"busy\"},\"request_id\":null}\n\n");
	text_release(&out);
}

static const struct tap_test tests[] = {
	TEST(requests_are_read),
	TEST(what_is_written_reads_back),
	TEST(a_request_that_is_none_is_refused_by_its_member),
	TEST(turns_become_what_the_wire_takes),
	TEST(a_request_without_turns_says_something),
	TEST(thinking_gets_what_max_tokens_leaves),
	TEST(what_this_wire_cannot_say_is_refused),
	TEST(a_file_of_text_is_sent_as_text),
	TEST(answers_are_read_and_read_back),
	TEST(an_answer_has_what_sdks_look_at),
	TEST(errors_are_read),
	TEST(every_error_reads_back_as_itself),
	TEST(streams_are_put_in_order),
	TEST(more_blocks_than_there_may_be_are_refused),
	TEST(what_waits_for_its_turn_is_bounded),
	TEST(who_is_told_may_end_it),
	TEST(a_stream_is_written_as_clients_expect_it),
	TEST(an_error_ends_a_stream),
};
TAP_MAIN(tests)
