// SPDX-License-Identifier: GPL-2.0-or-later
/* OpenAI's chat completions: read into calls and written from them, whole and as streams. */
#include "base/limits.h"
#include "tests/tap.h"
#include "tests/unit/wire_rig.h"

static const struct wire *const w = &wire_openai_chat;

/* What a request is decoded to, or the error and its fault. */
static void request_show(const char *body, size_t len, struct text *shown)
{
	struct wire_fault fault = { "" };
	struct call_request r;
	struct arena a = { 0 };
	int err = w->request_decode(&a, body, len, (struct call_string){ 0 }, false, &r, &fault);

	if (err)
		text_printf(shown, "%d %s", err, fault.text);
	else
		show_request(shown, &r);
	arena_release(&a);
}

static void request_is(const char *body, const char *expected)
{
	struct text shown = { 0 };

	request_show(body, strlen(body), &shown);
	CHECK_STR(shown_string(&shown), expected);
	text_release(&shown);
}

/* Decoded, encoded, decoded again. */
static void request_survives(const char *body)
{
	struct text first = { 0 }, second = { 0 }, out = { 0 };
	struct wire_fault fault = { "" };
	struct call_request r;
	struct arena a = { 0 };

	CHECK_INT(w->request_decode(&a, body, strlen(body), (struct call_string){ 0 }, false, &r,
				    &fault),
		  0);
	CHECK_STR(fault.text, "");
	show_request(&first, &r);
	CHECK_INT(w->request_encode(&r, &out, &fault), 0);
	request_show(out.bytes, out.len, &second);
	CHECK_STR(shown_string(&second), shown_string(&first));
	text_release(&first);
	text_release(&second);
	text_release(&out);
	arena_release(&a);
}

#define ASKS "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]"

static const char whole_request[] =
	"{\"model\":\"gpt-x\",\"messages\":["
	"{\"role\":\"developer\",\"content\":\"Be brief.\"},"
	"{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"What is this?\"},"
	"{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,iVBO\",\"detail\":\"low\"}},"
	"{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://a.test/b.jpg\"}},"
	"{\"type\":\"file\",\"file\":{\"filename\":\"a.pdf\",\"file_data\":\"data:application/pdf;base64,JVBE\"}}]},"
	"{\"role\":\"assistant\",\"reasoning_content\":\"Hm.\",\"content\":null,\"tool_calls\":["
	"{\"id\":\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"look\",\"arguments\":\"{\\\"at\\\": 0.1}\"}},"
	"{\"id\":\"call_2\",\"type\":\"function\",\"function\":{\"name\":\"look\",\"arguments\":\"\"}}]},"
	"{\"role\":\"tool\",\"tool_call_id\":\"call_1\",\"content\":\"a cat\"},"
	"{\"role\":\"tool\",\"tool_call_id\":\"call_2\",\"content\":[{\"type\":\"text\",\"text\":\"nul \\u0000.\"}]},"
	"{\"role\":\"user\",\"content\":\"And now?\"}],"
	"\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"look\",\"description\":\"Looks.\","
	"\"parameters\":{\"type\":\"object\",\"properties\":{\"at\":{\"type\":\"number\",\"maximum\":1e300}}},\"strict\":true}}],"
	"\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"look\"}},\"parallel_tool_calls\":false,"
	"\"max_completion_tokens\":100,\"max_tokens\":7,\"temperature\":0.5,\"top_p\":1,\"presence_penalty\":-0.5,"
	"\"frequency_penalty\":0.25,\"seed\":42,\"stop\":\"END\",\"n\":1,\"logprobs\":false,\"logit_bias\":{},"
	"\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"s\",\"strict\":true,\"schema\":{\"type\":\"object\"}}},"
	"\"reasoning_effort\":\"low\",\"user\":\"u1\",\"stream\":true,\"stream_options\":{\"include_usage\":true},"
	"\"metadata\":{\"a\":\"b\"},\"some_new_thing\":[1]}";

static void a_request_is_read_whole(void)
{
	request_is(
		whole_request,
		" model=\"gpt-x\"\n"
		"system (text text=\"Be brief.\")\n"
		"user (text text=\"What is this?\")(image type=\"image/png\" data=\"iVBO\")"
		"(image url=\"https://a.test/b.jpg\")"
		"(file name=\"a.pdf\" type=\"application/pdf\" data=\"JVBE\")\n"
		"assistant (reasoning text=\"Hm.\")"
		"(tool-call id=\"call_1\" name=\"look\" text=\"{\\\"at\\\":0.1}\")"
		"(tool-call id=\"call_2\" name=\"look\" text=\"{}\")\n"
		"user (tool-result id=\"call_1\"(text text=\"a cat\"))"
		"(tool-result id=\"call_2\"(text text=\"nul \\u0000.\"))\n"
		"user (text text=\"And now?\")\n"
		"tool name=\"look\" description=\"Looks.\" parameters=\"{\\\"type\\\":\\\"object\\\","
		"\\\"properties\\\":{\\\"at\\\":{\\\"type\\\":\\\"number\\\",\\\"maximum\\\":1e+300}}}\" strict\n"
		"choice=3 choice-name=\"look\" one max=100 temperature=0.5 top_p=1 presence=-0.5"
		" frequency=0.25 seed=42 stop=\"END\" format=2 schema-name=\"s\""
		" schema=\"{\\\"type\\\":\\\"object\\\"}\" strict effort=\"low\" user=\"u1\" stream"
		" stream-usage");
}

static void a_request_survives_being_written(void)
{
	request_survives(whole_request);
	request_survives(ASKS "}");
	request_survives(
		ASKS ",\"stop\":[\"a\",\"b\"],\"response_format\":{\"type\":\"json_object\"},"
		     "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}],"
		     "\"tool_choice\":\"required\"}");
}

static void max_tokens_is_written_by_the_name_its_provider_knows(void)
{
	struct call_request r = { .model = CALL_STRING("m"), .max_tokens = 5 };
	struct text out = { 0 };
	struct wire_fault fault;

	CHECK_INT(w->request_encode(&r, &out, &fault), 0);
	CHECK_STR(shown_string(&out),
		  "{\"model\":\"m\",\"messages\":[],\"max_completion_tokens\":5}");
	text_release(&out);
	r.max_tokens_only = true;
	CHECK_INT(w->request_encode(&r, &out, &fault), 0);
	CHECK_STR(shown_string(&out), "{\"model\":\"m\",\"messages\":[],\"max_tokens\":5}");
	text_release(&out);
}

static void results_of_tools_stand_before_what_the_user_says(void)
{
	struct call_part result = { .kind = CALL_TEXT, .text = CALL_STRING("r") };
	struct call_part parts[] = {
		{ .kind = CALL_TEXT, .text = CALL_STRING("one") },
		{ .kind = CALL_TOOL_RESULT,
		  .id = CALL_STRING("c"),
		  .parts = &result,
		  .part_count = 1,
		  .is_error = true },
		{ .kind = CALL_TEXT, .text = CALL_STRING("two") },
	};
	struct call_part thoughts[] = {
		{ .kind = CALL_REASONING,
		  .text = CALL_STRING("of another"),
		  .sealed = CALL_STRING("s") },
		{ .kind = CALL_REASONING, .text = CALL_STRING("own") },
		{ .kind = CALL_TEXT, .text = CALL_STRING("said") },
	};
	struct call_turn turns[] = { { CALL_ASSISTANT, thoughts, 3 }, { CALL_USER, parts, 3 } };
	struct call_request r = { .model = CALL_STRING("m"), .turns = turns, .turn_count = 2 };
	struct wire_fault fault;
	struct text out = { 0 };

	CHECK_INT(w->request_encode(&r, &out, &fault), 0);
	CHECK_STR(shown_string(&out),
		  "{\"model\":\"m\",\"messages\":["
		  "{\"role\":\"assistant\",\"reasoning_content\":\"own\",\"content\":\"said\"},"
		  "{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":\"r\"},"
		  "{\"role\":\"user\",\"content\":\"one\\n\\ntwo\"}]}");
	text_release(&out);
	result.kind = CALL_IMAGE;
	CHECK_INT(w->request_encode(&r, &out, &fault), -EOPNOTSUPP);
	CHECK_STR(fault.text, "openai-chat takes no images in the result of a tool");
	text_release(&out);
}

static void only_allowed_tools_are_offered(void)
{
	request_is(
		ASKS
		",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}},"
		"{\"type\":\"function\",\"function\":{\"name\":\"g\"}}],\"tool_choice\":"
		"{\"type\":\"allowed_tools\",\"allowed_tools\":{\"mode\":\"required\",\"tools\":["
		"{\"type\":\"function\",\"function\":{\"name\":\"g\"}}]}}}",
		" model=\"m\"\nuser (text text=\"Hi\")\ntool name=\"g\"\nchoice=2 format=0");
}

/* Behind ASKS, and what is wrong with it. */
static const struct {
	const char *more, *fault;
} bad_requests[] = {
	{ ",\"n\":2}", "-95 n: only one answer can be translated" },
	{ ",\"logprobs\":true}", "-95 logprobs: cannot be translated" },
	{ ",\"top_logprobs\":3}", "-95 top_logprobs: cannot be translated" },
	{ ",\"logit_bias\":{\"5\":1}}", "-95 logit_bias: cannot be translated" },
	{ ",\"functions\":[]}", "-95 functions: cannot be translated" },
	{ ",\"modalities\":[\"text\",\"audio\"]}",
	  "-95 modalities[1]: only text can be translated" },
	{ ",\"tools\":[{\"type\":\"custom\"}]}",
	  "-95 tools[0].type: only functions can be translated" },
	{ ",\"tools\":[{\"type\":\"function\"}]}", "-74 tools[0].function: is missing" },
	{ ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":7}}]}",
	  "-74 tools[0].function.name: must be a string" },
	{ ",\"tool_choice\":\"required\"}",
	  "-95 tool_choice: requires a tool, but none is offered that others have" },
	{ ",\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"f\"}}}",
	  "-74 tool_choice: names a tool that is not offered" },
	{ ",\"tool_choice\":\"any\"}", "-74 tool_choice: no such choice" },
	{ ",\"response_format\":{\"type\":\"xml\"}}", "-74 response_format.type: no such format" },
	{ ",\"response_format\":{\"type\":\"json_schema\"}}",
	  "-74 response_format.json_schema.schema: is missing" },
	{ ",\"stop\":[1]}", "-74 stop[0]: must be a string" },
	{ ",\"max_tokens\":-1}", "-74 max_tokens: must be a whole number" },
	{ ",\"max_tokens\":1.5}", "-74 max_tokens: must be a whole number" },
	{ ",\"temperature\":\"warm\"}", "-74 temperature: must be a number" },
	{ ",\"stream\":1}", "-74 stream: must be true or false" },
	{ ",\"reasoning_effort\":\"some\"}", "-74 reasoning_effort: no such effort" },
	{ ",\"user\":\"a\",\"user\":\"b\"}",
	  "-74 it is not JSON: line 1, column 74: duplicate object key near '\"user\"'" },
	{ ",\"user\":\"\xff\"}",
	  "-74 it is not JSON: line 1, column 65: unable to decode byte 0xff near '\"'" },
};

static const struct {
	const char *message, *fault;
} bad_messages[] = {
	{ "7", "-74 messages[0]: must be an object" },
	{ "null", "-74 messages[0]: must be an object" },
	{ "{\"content\":\"a\"}", "-74 messages[0].role: is missing" },
	{ "{\"role\":\"king\"}", "-74 messages[0].role: no such role" },
	{ "{\"role\":\"function\",\"name\":\"f\",\"content\":\"\"}",
	  "-95 messages[0].role: use tools and the role tool" },
	{ "{\"role\":\"user\"}", "-74 messages[0].content: is missing" },
	{ "{\"role\":\"user\",\"content\":{}}",
	  "-74 messages[0].content: must be a string or an array" },
	{ "{\"role\":\"user\",\"content\":[{\"type\":\"smell\"}]}",
	  "-74 messages[0].content[0].type: no such kind" },
	{ "{\"role\":\"user\",\"content\":[{\"type\":\"input_audio\"}]}",
	  "-95 messages[0].content[0].type: audio cannot be translated" },
	{ "{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"ftp:x\"}}]}",
	  "-74 messages[0].content[0].image_url.url: must be an http, https or data URL" },
	{ "{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:,x\"}}]}",
	  "-74 messages[0].content[0].image_url.url: must have a type and be in base64" },
	{ "{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:;base64,x\"}}]}",
	  "-74 messages[0].content[0].image_url.url: must have a type and be in base64" },
	{ "{\"role\":\"user\",\"content\":[{\"type\":\"file\",\"file\":{\"file_id\":\"f\"}}]}",
	  "-95 messages[0].content[0].file.file_id: is a file that only its provider has" },
	{ "{\"role\":\"assistant\",\"function_call\":{}}",
	  "-95 messages[0].function_call: use tool_calls" },
	{ "{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c\",\"function\":{\"name\":\"f\",\"arguments\":\"[1]\"}}]}",
	  "-74 messages[0].tool_calls[0].function.arguments: must be a JSON object in a string" },
	{ "{\"role\":\"tool\",\"content\":\"x\"}", "-74 messages[0].tool_call_id: is missing" },
};

static void what_is_wrong_with_a_request_is_said(void)
{
	char body[1024];
	size_t i;

	for (i = 0; i < sizeof(bad_requests) / sizeof(bad_requests[0]); i++) {
		snprintf(body, sizeof(body), "%s%s", ASKS, bad_requests[i].more);
		request_is(body, bad_requests[i].fault);
	}
	for (i = 0; i < sizeof(bad_messages) / sizeof(bad_messages[0]); i++) {
		snprintf(body, sizeof(body), "{\"model\":\"m\",\"messages\":[%s]}",
			 bad_messages[i].message);
		request_is(body, bad_messages[i].fault);
	}
	request_is("[]", "-74 it must be an object");
	request_is("{}", "-74 model: is missing");
	request_is("{\"model\":\"m\"}", "-74 messages: is missing");
	request_is("{\"model\":\"m\",\"messages\":[]}", "-74 messages: must not be empty");
	request_is("{\"a\n\x1b", "-74 it is not JSON: line 1, column 3: unexpected newline near "
				 "'\"a'");
}

/* Built so that nothing is spent on it before it is refused. */
static void requests_beyond_the_bounds_are_refused(void)
{
	char *body = malloc(LIMIT_LLM_BODY + 2);
	struct text shown = { 0 };

	REQUIRE(body);
	memset(body, '[', LIMIT_LLM_BODY + 1);
	request_show(body, LIMIT_LLM_DEPTH + 1, &shown);
	CHECK_STR(shown_string(&shown), "-74 it is nested deeper than 128 levels");
	text_release(&shown);
	request_show(body, LIMIT_LLM_BODY + 1, &shown);
	CHECK_STR(shown_string(&shown), "-74 it is longer than 33554432 bytes");
	text_release(&shown);
	memset(body, ',', LIMIT_LLM_BODY + 1);
	request_show(body, LIMIT_LLM_VALUES, &shown);
	CHECK_STR(shown_string(&shown), "-74 it has more than 262144 values");
	text_release(&shown);
	/* In strings they do not count. */
	memset(body, '[', LIMIT_LLM_BODY + 1);
	memcpy(body, "{\"model\":\"\\\"", 12);
	memcpy(body + 1000, "\"}", 3);
	request_show(body, 1002, &shown);
	CHECK_STR(shown_string(&shown), "-74 messages: is missing");
	text_release(&shown);
	free(body);
}

static void answer_is(const char *body, const char *expected, const char *written)
{
	struct text shown = { 0 }, again = { 0 }, out = { 0 };
	struct wire_fault fault = { "" };
	struct call_answer answer, second;
	struct arena a = { 0 };
	int err = w->answer_decode(&a, body, strlen(body), &answer, &fault);

	if (err)
		text_printf(&shown, "%d %s", err, fault.text);
	else
		show_answer(&shown, &answer);
	CHECK_STR(shown_string(&shown), expected);
	if (!err) {
		CHECK_INT(w->answer_encode(&answer, &out, &fault), 0);
		CHECK_INT(w->answer_decode(&a, out.bytes, out.len, &second, &fault), 0);
		show_answer(&again, &second);
		CHECK_STR(shown_string(&again), shown.bytes);
		if (written)
			CHECK_STR(shown_string(&out), written);
	}
	text_release(&shown);
	text_release(&again);
	text_release(&out);
	arena_release(&a);
}

static void answers_are_read_and_written(void)
{
	answer_is(
		"{\"id\":\"c1\",\"object\":\"chat.completion\",\"created\":17,\"model\":\"m-1\",\"choices\":["
		"{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"Hi.\",\"refusal\":null},"
		"\"logprobs\":null,\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":9,"
		"\"completion_tokens\":12,\"total_tokens\":21,\"prompt_tokens_details\":{\"cached_tokens\":3},"
		"\"completion_tokens_details\":{\"reasoning_tokens\":5}}}",
		" id=\"c1\" model=\"m-1\" created=17 (text text=\"Hi.\") stop=end usage=9+12/3,0,5",
		"{\"id\":\"c1\",\"object\":\"chat.completion\",\"created\":17,\"model\":\"m-1\",\"choices\":["
		"{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"Hi.\",\"refusal\":null,"
		"\"annotations\":[]},\"logprobs\":null,\"finish_reason\":\"stop\"}],\"usage\":{"
		"\"prompt_tokens\":9,\"completion_tokens\":12,\"total_tokens\":21,"
		"\"prompt_tokens_details\":{\"cached_tokens\":3,\"cache_write_tokens\":0,\"audio_tokens\":0},"
		"\"completion_tokens_details\":{\"reasoning_tokens\":5,\"audio_tokens\":0,"
		"\"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}},"
		"\"system_fingerprint\":null}");
	/* Providers say "stop" behind calls, and give them no ids. */
	answer_is(
		"{\"id\":\"c.1\",\"choices\":[{\"message\":{\"content\":null,\"reasoning\":\"Hm\","
		"\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":{\"a\":1}}},"
		"{\"id\":\"x\",\"function\":{\"name\":\"g\",\"arguments\":\"\"}}]},\"finish_reason\":\"stop\"}]}",
		" id=\"c.1\" created=0 (reasoning text=\"Hm\")"
		"(tool-call id=\"call_c_1_0\" name=\"f\" text=\"{\\\"a\\\":1}\")"
		"(tool-call id=\"x\" name=\"g\" text=\"{}\") stop=tools",
		NULL);
	/* A call that was cut off is none. */
	answer_is(
		"{\"choices\":[{\"message\":{\"content\":\"a\",\"tool_calls\":[{\"id\":\"x\",\"function\":"
		"{\"name\":\"f\",\"arguments\":\"{\\\"a\\\"\"}}]},\"finish_reason\":\"length\"}]}",
		" created=0 (text text=\"a\") stop=length", NULL);
	answer_is(
		"{\"choices\":[{\"message\":{\"content\":null,\"refusal\":\"No.\"},\"finish_reason\":\"stop\"}]}",
		" created=0 (text text=\"No.\") stop=filter", NULL);
	answer_is(
		"{\"choices\":[{\"message\":{\"content\":[{\"type\":\"thinking\",\"thinking\":[{\"type\":\"text\","
		"\"text\":\"Hm\"}]},{\"type\":\"text\",\"text\":\"Hi\"}]},\"finish_reason\":\"tool_calls\"}]}",
		" created=0 (reasoning text=\"Hm\")(text text=\"Hi\") stop=end", NULL);
}

static void what_is_no_answer_is_refused(void)
{
	answer_is("{}", "-74 choices: is missing", NULL);
	answer_is("{\"choices\":[]}", "-74 choices: must not be empty", NULL);
	answer_is("{\"choices\":[{}]}", "-74 choices[0].message: is missing", NULL);
	answer_is("{\"choices\":[{\"message\":{\"content\":7}}]}",
		  "-74 choices[0].message.content: must be a string", NULL);
	answer_is(
		"{\"choices\":[{\"message\":{\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}]}}]}",
		"-74 choices[0].message.tool_calls[0].function.arguments: must be a JSON object in a string",
		NULL);
}

static void error_is(int status, const char *body, const char *expected)
{
	struct text shown = { 0 };
	struct call_error error;
	struct arena a = { 0 };

	CHECK_INT(w->error_decode(&a, status, body, strlen(body), &error), 0);
	show_error(&shown, &error);
	CHECK_STR(shown_string(&shown), expected);
	text_release(&shown);
	arena_release(&a);
}

static void errors_are_read_whatever_their_form(void)
{
	struct call_error error = { .kind = CALL_ERROR_RATE_LIMIT,
				    .message = CALL_STRING("slow down"),
				    .code = CALL_STRING("budget_exceeded") };
	struct text out = { 0 };

	error_is(
		401,
		"{\"error\":{\"message\":\"bad\\nkey\",\"type\":\"x\",\"param\":null,\"code\":\"invalid_api_key\"}}",
		" kind=1 status=401 message=\"bad key\" code=\"invalid_api_key\"");
	error_is(429,
		 "{\"error\":{\"message\":\"pay\",\"type\":\"insufficient_quota\",\"code\":null}}",
		 " kind=2 status=429 message=\"pay\"");
	error_is(402, "{\"error\":{\"message\":\"pay\",\"code\":402}}",
		 " kind=2 status=402 message=\"pay\" code=\"402\"");
	error_is(404, "{\"error\":\"model not found\"}",
		 " kind=4 status=404 message=\"model not found\"");
	error_is(422, "{\"detail\":\"no\"}", " kind=0 status=422 message=\"no\"");
	error_is(400, "{\"object\":\"error\",\"message\":\"m\",\"code\":40303}",
		 " kind=0 status=400 message=\"m\" code=\"40303\"");
	error_is(503, "<html>",
		 " kind=8 status=503 message=\"the provider answered with status 503\"");
	error_is(500, "{\"error\":{}}",
		 " kind=7 status=500 message=\"an error without a message\"");
	CHECK_INT(w->error_encode(&error, &out), 0);
	CHECK_STR(shown_string(&out),
		  "{\"error\":{\"message\":\"slow down\",\"type\":\"rate_limit_error\","
		  "\"param\":null,\"code\":\"budget_exceeded\"}}");
	text_release(&out);
}

static void stream_is(const char *stream, const char *expected)
{
	struct wire_fault fault = { "" };
	struct text shown = { 0 };
	int err = stream_decode(w, stream, strlen(stream), &shown, &fault);

	if (err)
		text_printf(&shown, "%d %s", err, fault.text);
	CHECK_STR(shown_string(&shown), expected);
	text_release(&shown);
}

#define CHUNK(delta)                                                                                   \
	"data: {\"id\":\"c\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":" delta \
	"}]}\n\n"
#define FINISH(why) \
	"data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"" why "\"}]}\n\n"
#define DONE "data: [DONE]\n\n"

static void a_stream_of_text_is_read(void)
{
	stream_is(
		"data: {\"choices\":[],\"prompt_filter_results\":[]}\n\n" CHUNK(
			"{\"role\":\"assistant\",\"content\":\"\"}")
			CHUNK("{\"reasoning_content\":\"Hm\",\"content\":null}") CHUNK(
				"{\"content\":\"He\"}") ": keep-alive\n\n" CHUNK("{\"content\":\"llo\"}")
				FINISH("stop") "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}\n\n"
					       "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":3}}\n\n" DONE
						       CHUNK("{\"content\":\"late\"}"),
		"begin id=\"c\" model=\"m\"\nreasoning text=\"Hm\"\nend\ntext text=\"He\"\n"
		"text text=\"llo\"\nend\nstop end usage=1+3/0,0,0\n");
	/* Without a reason, and without [DONE]. */
	stream_is(CHUNK("{\"content\":\"a\"}") DONE,
		  "begin id=\"c\" model=\"m\"\ntext text=\"a\"\nend\nstop end\n");
	stream_is(CHUNK("{\"content\":\"a\"}") FINISH("length"),
		  "begin id=\"c\" model=\"m\"\ntext text=\"a\"\nend\nstop length\n");
	stream_is(CHUNK("{\"refusal\":\"no\"}") FINISH("stop"),
		  "begin id=\"c\" model=\"m\"\ntext text=\"no\"\nend\nstop filter\n");
}

static void calls_in_a_stream_come_one_after_the_other(void)
{
	stream_is(
		CHUNK("{\"content\":\"x\"}") CHUNK(
			"{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}]}")
			CHUNK("{\"tool_calls\":[{\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"g\",\"arguments\":\"{\\\"k\\\"\"}}]}")
				CHUNK("{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\"}}]}")
					CHUNK("{\"content\":\"y\",\"tool_calls\":[{\"index\":1,\"function\":{\"arguments\":\":1}\"}}]}")
						CHUNK("{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"}\"}}]}")
							FINISH("tool_calls") DONE,
		"begin id=\"c\" model=\"m\"\ntext text=\"x\"\nend\n"
		"call id=\"a\" name=\"f\"\nmore text=\"{\"\nmore text=\"}\"\nend\n"
		"call id=\"b\" name=\"g\"\nmore text=\"{\\\"k\\\":1}\"\nend\n"
		"text text=\"y\"\nend\nstop tools\n");
	/* No index, and the same index for all; no id; a name that comes late. */
	stream_is(
		CHUNK("{\"tool_calls\":[{\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}")
			CHUNK("{\"tool_calls\":[{\"id\":\"b\",\"function\":{\"name\":\"g\",\"arguments\":\"{\"}}]}")
				CHUNK("{\"tool_calls\":[{\"function\":{\"arguments\":\"}\"}}]}")
					FINISH("stop"),
		"begin id=\"c\" model=\"m\"\ncall id=\"a\" name=\"f\"\nmore text=\"{}\"\nend\n"
		"call id=\"b\" name=\"g\"\nmore text=\"{}\"\nend\nstop tools\n");
	stream_is(
		CHUNK("{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}")
			CHUNK("{\"tool_calls\":[{\"index\":0,\"id\":\"b\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}")
				DONE,
		"begin id=\"c\" model=\"m\"\ncall id=\"a\" name=\"f\"\nmore text=\"{}\"\nend\n"
		"call id=\"b\" name=\"f\"\nmore text=\"{}\"\nend\nstop tools\n");
	stream_is(
		CHUNK("{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\"}}]}") CHUNK(
			"{\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"f\",\"arguments\":\"}\"}}]}")
			DONE,
		"begin id=\"c\" model=\"m\"\ncall id=\"call_c_0\" name=\"f\"\nmore text=\"{\"\nmore text=\"}\"\n"
		"end\nstop tools\n");
}

static void streams_that_fail_say_how(void)
{
	stream_is("", "-74 the stream ended before it began");
	stream_is(
		CHUNK("{\"content\":\"a\"}"),
		"begin id=\"c\" model=\"m\"\ntext text=\"a\"\n-74 the stream ended before it was whole");
	stream_is(
		CHUNK("{}") "data: {\"error\":{\"message\":\"busy\",\"type\":\"overloaded_error\"}}\n\n" DONE,
		"begin id=\"c\" model=\"m\"\nerror kind=10 status=0 message=\"busy\"\n");
	stream_is("data: {\"error\":[]}\n\n", "-74 error: is no error");
	stream_is("data: {\n\n",
		  "-74 it is not JSON: line 1, column 1: string or '}' expected near end of file");
	stream_is("data: {\"choices\":[{\"delta\":[]}]}\n\n",
		  "begin\n-74 choices[0].delta: must be an object");
	stream_is(CHUNK("{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{}\"}}]}")
			  DONE,
		  "begin id=\"c\" model=\"m\"\n-74 a call of a tool has no name");
}

static void what_waits_in_a_stream_is_bounded(void)
{
	const size_t piece = 1 << 20;
	struct text shown = { 0 }, stream = { 0 };
	struct wire_fault fault = { "" };
	char *big = malloc(piece);
	size_t i;

	REQUIRE(big);
	memset(big, 'x', piece);
	text_string(
		&stream,
		CHUNK("{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\"}}]}"));
	for (i = 0; i <= LIMIT_LLM_HELD / piece; i++) {
		text_string(
			&stream,
			"data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":1,\"id\":\"b\","
			"\"function\":{\"name\":\"g\",\"arguments\":\"");
		text_put(&stream, big, piece);
		text_string(&stream, "\"}}]}}]}\n\n");
	}
	CHECK_INT(stream_decode(w, stream.bytes, stream.len, &shown, &fault), -EBADMSG);
	CHECK_STR(fault.text, "more parts at once than can be held");
	text_release(&stream);
	text_release(&shown);
	for (i = 0; i <= LIMIT_LLM_PARTS; i++)
		text_printf(
			&stream,
			"data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":%zu,\"id\":\"b%zu\","
			"\"function\":{\"name\":\"g\"}}]}}]}\n\n",
			i, i);
	CHECK_INT(stream_decode(w, stream.bytes, stream.len, &shown, &fault), -EBADMSG);
	text_release(&stream);
	text_release(&shown);
	free(big);
}

static int emit_refuses(const struct call_event *event, void *cookie)
{
	return event->kind == CALL_TEXT_MORE ? *(int *)cookie : 0;
}

static void what_emit_returns_ends_a_stream(void)
{
	static const char chunk[] = "{\"choices\":[{\"delta\":{\"content\":\"a\"}}]}";
	const struct wire_frame frame = { .data = CALL_STRING(chunk) };
	int codes[] = { 7, -E2BIG, -EBADMSG };
	struct wire_fault fault = { "" };
	struct wire_decoder *d;
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		d = w->decoder_create(emit_refuses, &codes[i]);
		REQUIRE(d);
		CHECK_INT(w->decoder_frame(d, &frame, &fault), codes[i]);
		CHECK_STR(fault.text, "");
		w->decoder_free(d);
	}
	w->decoder_free(NULL);
}

static void events_put(struct wire_encoder *e, const struct call_event *events, size_t count,
		       struct text *out)
{
	size_t i;

	for (i = 0; i < count; i++)
		CHECK_INT(w->encoder_event(e, &events[i], out), 0);
}

#define HEAD \
	"data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":5,\"model\":\"m\",\"system_fingerprint\":null,"
#define DELTA(d)                                       \
	HEAD "\"choices\":[{\"index\":0,\"delta\":{" d \
	     "},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n"

static void a_stream_is_written_byte_for_byte(void)
{
	const struct call_request request = { .stream = true, .stream_usage = true };
	const struct call_event events[] = {
		{ .kind = CALL_BEGIN,
		  .id = CALL_STRING("c"),
		  .model = CALL_STRING("m"),
		  .created = 5 },
		{ .kind = CALL_REASONING_MORE,
		  .text = CALL_STRING("Hm"),
		  .sealed = CALL_STRING("s") },
		{ .kind = CALL_PART_END },
		{ .kind = CALL_TEXT_MORE, .text = CALL_STRING("a\"\n") },
		{ .kind = CALL_PART_END },
		{ .kind = CALL_PING },
		{ .kind = CALL_TOOL_BEGIN, .id = CALL_STRING("x"), .name = CALL_STRING("f") },
		{ .kind = CALL_TOOL_MORE, .text = CALL_STRING("{}") },
		{ .kind = CALL_PART_END },
		{ .kind = CALL_TOOL_BEGIN, .id = CALL_STRING("y"), .name = CALL_STRING("g") },
		{ .kind = CALL_PART_END },
		{ .kind = CALL_STOP,
		  .stop = CALL_STOP_TOOLS,
		  .usage = { .input = 1, .output = 2, .given = true } },
		{ .kind = CALL_TEXT_MORE, .text = CALL_STRING("late") },
	};
	struct wire_encoder *e = w->encoder_create(&request);
	struct wire_fault fault = { "" };
	struct text out = { 0 }, shown = { 0 };

	REQUIRE(e);
	events_put(e, events, sizeof(events) / sizeof(events[0]), &out);
	w->encoder_free(e);
	w->encoder_free(NULL);
	CHECK_INT(stream_decode(w, out.bytes, out.len, &shown, &fault), 0);
	CHECK_STR(
		shown_string(&shown),
		"begin id=\"c\" model=\"m\"\nreasoning text=\"Hm\"\nend\ntext text=\"a\\\"\\n\"\nend\n"
		"call id=\"x\" name=\"f\"\nmore text=\"{}\"\nend\ncall id=\"y\" name=\"g\"\n"
		"more text=\"{}\"\nend\nstop tools usage=1+2/0,0,0\n");
	CHECK_STR(
		shown_string(&out),
		DELTA("\"role\":\"assistant\",\"content\":\"\",\"refusal\":null") DELTA(
			"\"reasoning_content\":\"Hm\"")
			DELTA("\"content\":\"a\\\"\\n\"") ": ping\n\n" DELTA(
				"\"tool_calls\":[{\"index\":0,\"id\":\"x\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}]")
				DELTA("\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{}\"}}]") DELTA(
					"\"tool_calls\":[{\"index\":1,\"id\":\"y\",\"type\":\"function\",\"function\":{\"name\":\"g\",\"arguments\":\"\"}}]")
					DELTA("\"tool_calls\":[{\"index\":1,\"function\":{\"arguments\":\"{}\"}}]")
						HEAD
		"\"choices\":[{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"tool_calls\"}],\"usage\":null}\n\n" HEAD
		"\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2,\"total_tokens\":3,"
		"\"prompt_tokens_details\":{\"cached_tokens\":0,\"cache_write_tokens\":0,\"audio_tokens\":0},"
		"\"completion_tokens_details\":{\"reasoning_tokens\":0,\"audio_tokens\":0,"
		"\"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}}}\n\n" DONE);
	text_release(&out);
	text_release(&shown);
}

static void an_error_ends_a_written_stream(void)
{
	const struct call_request request = { .stream = true };
	const struct call_event event = {
		.kind = CALL_ERROR,
		.error = { .kind = CALL_ERROR_API, .message = CALL_STRING("gone") }
	};
	struct wire_encoder *e = w->encoder_create(&request);
	struct text out = { 0 };

	REQUIRE(e);
	events_put(e, &event, 1, &out);
	events_put(e, &event, 1, &out);
	w->encoder_free(e);
	CHECK_STR(shown_string(&out),
		  "data: {\"error\":{\"message\":\"gone\",\"type\":\"server_error\","
		  "\"param\":null,\"code\":null}}\n\n" DONE);
	text_release(&out);
}

static const struct tap_test tests[] = {
	TEST(a_request_is_read_whole),
	TEST(a_request_survives_being_written),
	TEST(max_tokens_is_written_by_the_name_its_provider_knows),
	TEST(results_of_tools_stand_before_what_the_user_says),
	TEST(only_allowed_tools_are_offered),
	TEST(what_is_wrong_with_a_request_is_said),
	TEST(requests_beyond_the_bounds_are_refused),
	TEST(answers_are_read_and_written),
	TEST(what_is_no_answer_is_refused),
	TEST(errors_are_read_whatever_their_form),
	TEST(a_stream_of_text_is_read),
	TEST(calls_in_a_stream_come_one_after_the_other),
	TEST(streams_that_fail_say_how),
	TEST(what_waits_in_a_stream_is_bounded),
	TEST(what_emit_returns_ends_a_stream),
	TEST(a_stream_is_written_byte_for_byte),
	TEST(an_error_ends_a_written_stream),
};
TAP_MAIN(tests)
