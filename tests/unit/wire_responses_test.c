// SPDX-License-Identifier: GPL-2.0-or-later
/* OpenAI's Responses: read into calls and written from them, whole and as streams. */
#include "tests/tap.h"
#include "tests/unit/wire_rig.h"

static const struct wire *const w = &wire_openai_responses;

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

/* What it is written as, when it was read. */
static void request_is_written(const char *body, const char *expected, const char *refused)
{
	struct wire_fault fault = { "" };
	struct call_request r;
	struct text out = { 0 };
	struct arena a = { 0 };

	CHECK_INT(w->request_decode(&a, body, strlen(body), (struct call_string){ 0 }, false, &r,
				    &fault),
		  0);
	CHECK_INT(w->request_encode(&r, &out, &fault), refused ? -EOPNOTSUPP : 0);
	CHECK_STR(fault.text, refused ? refused : "");
	if (!refused)
		CHECK_STR(shown_string(&out), expected);
	text_release(&out);
	arena_release(&a);
}

static const char whole_request[] =
	"{\"model\":\"gpt-x\",\"instructions\":\"Be brief.\",\"input\":["
	"{\"type\":\"message\",\"role\":\"developer\",\"content\":[{\"type\":\"input_text\",\"text\":\"Rules.\"}]},"
	"{\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"What?\"},"
	"{\"type\":\"input_image\",\"image_url\":\"data:image/png;base64,iVBO\",\"detail\":\"auto\"},"
	"{\"type\":\"input_file\",\"filename\":\"a.pdf\",\"file_data\":\"JVBE\"},"
	"{\"type\":\"input_file\",\"file_url\":\"https://a.test/b.pdf\"}]},"
	"{\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":[{\"type\":\"summary_text\",\"text\":\"Hm\"},"
	"{\"type\":\"summary_text\",\"text\":\"Ah\"}],\"encrypted_content\":\"gAAA\"},"
	"{\"type\":\"reasoning\",\"id\":\"rs_2\",\"summary\":[]},"
	"{\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"Let me look.\"}]},"
	"{\"type\":\"function_call\",\"id\":\"fc_1\",\"call_id\":\"call_1\",\"name\":\"look\",\"arguments\":\"{ }\"},"
	"{\"type\":\"function_call\",\"call_id\":\"call_2\",\"name\":\"list\",\"namespace\":\"mcp__x__\",\"arguments\":\"\"},"
	"{\"type\":\"web_search_call\",\"id\":\"ws_1\",\"status\":\"completed\"},"
	"{\"type\":\"function_call_output\",\"call_id\":\"call_1\",\"output\":\"a cat\"},"
	"{\"type\":\"function_call_output\",\"call_id\":\"call_2\",\"output\":[{\"type\":\"input_text\",\"text\":\"two\"},"
	"{\"type\":\"input_image\",\"image_url\":\"https://a.test/c.png\"}]},"
	"{\"role\":\"user\",\"content\":\"Go on.\"}],"
	"\"tools\":[{\"type\":\"function\",\"name\":\"look\",\"description\":\"Looks.\",\"strict\":false,"
	"\"parameters\":{\"type\":\"object\"}},{\"type\":\"web_search\"},{\"type\":\"web_search_preview_2025_03_11\"},"
	"{\"type\":\"namespace\",\"name\":\"mcp__x__\",\"description\":\"X.\",\"tools\":[{\"type\":\"function\",\"name\":\"list\",\"strict\":true}]}],"
	"\"tool_choice\":\"auto\",\"parallel_tool_calls\":false,\"max_output_tokens\":64,\"temperature\":0.25,"
	"\"text\":{\"verbosity\":\"low\",\"format\":{\"type\":\"json_schema\",\"name\":\"s\",\"strict\":true,\"schema\":{\"type\":\"object\"}}},"
	"\"reasoning\":{\"effort\":\"xhigh\",\"summary\":\"auto\"},\"include\":[\"reasoning.encrypted_content\"],"
	"\"store\":false,\"stream\":true,\"prompt_cache_key\":\"k\",\"safety_identifier\":\"u1\",\"previous_response_id\":null}";

static void a_request_is_read_whole(void)
{
	request_is(
		whole_request,
		" model=\"gpt-x\"\n"
		"system (text text=\"Be brief.\")\n"
		"system (text text=\"Rules.\")\n"
		"user (text text=\"What?\")(image type=\"image/png\" data=\"iVBO\")"
		"(file name=\"a.pdf\" type=\"application/pdf\" data=\"JVBE\")(file url=\"https://a.test/b.pdf\")\n"
		"assistant (reasoning text=\"Hm\\n\\nAh\" sealed=\"gAAA\")(text text=\"Let me look.\")"
		"(tool-call id=\"call_1\" name=\"look\" text=\"{}\")"
		"(tool-call id=\"call_2\" name=\"mcp__x__-_-list\" text=\"{}\")\n"
		"user (tool-result id=\"call_1\"(text text=\"a cat\"))"
		"(tool-result id=\"call_2\"(text text=\"two\")(image url=\"https://a.test/c.png\"))\n"
		"user (text text=\"Go on.\")\n"
		"tool name=\"look\" description=\"Looks.\" parameters=\"{\\\"type\\\":\\\"object\\\"}\"\n"
		"tool name=\"mcp__x__-_-list\" strict\n"
		"choice=0 one max=64 temperature=0.25 format=2 schema-name=\"s\""
		" schema=\"{\\\"type\\\":\\\"object\\\"}\" strict effort=\"high\" user=\"u1\" stream");
	request_is("{\"model\":\"m\",\"input\":\"Hi\"}",
		   " model=\"m\"\nuser (text text=\"Hi\")\nchoice=0 format=0");
}

static void a_request_is_written_for_nothing_to_be_kept(void)
{
	request_is_written(
		whole_request,
		"{\"model\":\"gpt-x\",\"instructions\":\"Be brief.\",\"input\":["
		"{\"type\":\"message\",\"role\":\"developer\",\"content\":[{\"type\":\"input_text\",\"text\":\"Rules.\"}]},"
		"{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"What?\"},"
		"{\"type\":\"input_image\",\"detail\":\"auto\",\"image_url\":\"data:image/png;base64,iVBO\"},"
		"{\"type\":\"input_file\",\"filename\":\"a.pdf\",\"file_data\":\"data:application/pdf;base64,JVBE\"},"
		"{\"type\":\"input_file\",\"file_url\":\"https://a.test/b.pdf\"}]},"
		"{\"type\":\"reasoning\",\"summary\":[{\"type\":\"summary_text\",\"text\":\"Hm\\n\\nAh\"}],\"encrypted_content\":\"gAAA\"},"
		"{\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"Let me look.\"}]},"
		"{\"type\":\"function_call\",\"call_id\":\"call_1\",\"name\":\"look\",\"arguments\":\"{}\"},"
		"{\"type\":\"function_call\",\"call_id\":\"call_2\",\"name\":\"mcp__x__-_-list\",\"arguments\":\"{}\"},"
		"{\"type\":\"function_call_output\",\"call_id\":\"call_1\",\"output\":\"a cat\"},"
		"{\"type\":\"function_call_output\",\"call_id\":\"call_2\",\"output\":[{\"type\":\"input_text\",\"text\":\"two\"},"
		"{\"type\":\"input_image\",\"detail\":\"auto\",\"image_url\":\"https://a.test/c.png\"}]},"
		"{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"Go on.\"}]}],"
		"\"tools\":[{\"type\":\"function\",\"name\":\"look\",\"description\":\"Looks.\",\"parameters\":{\"type\":\"object\"},\"strict\":false},"
		"{\"type\":\"function\",\"name\":\"mcp__x__-_-list\",\"parameters\":null,\"strict\":true}],"
		"\"parallel_tool_calls\":false,\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"s\",\"schema\":{\"type\":\"object\"},\"strict\":true}},"
		"\"max_output_tokens\":64,\"temperature\":0.25,\"reasoning\":{\"effort\":\"high\"},"
		"\"include\":[\"reasoning.encrypted_content\"],\"user\":\"u1\",\"store\":false,\"stream\":true}",
		NULL);
	request_is_written(
		"{\"model\":\"m\",\"instructions\":\"I\",\"input\":\"Hi\",\"tools\":[{\"type\":\"function\",\"name\":\"f\"}],"
		"\"tool_choice\":{\"type\":\"function\",\"name\":\"f\"},\"text\":{\"format\":{\"type\":\"json_object\"}}}",
		"{\"model\":\"m\",\"instructions\":\"I\",\"input\":[{\"type\":\"message\",\"role\":\"user\","
		"\"content\":[{\"type\":\"input_text\",\"text\":\"Hi\"}]}],\"tools\":[{\"type\":\"function\","
		"\"name\":\"f\",\"parameters\":null,\"strict\":false}],\"tool_choice\":{\"type\":\"function\",\"name\":\"f\"},"
		"\"text\":{\"format\":{\"type\":\"json_object\"}},\"store\":false}",
		NULL);
}

/* Decoded, encoded, decoded again: the same; but for names with a namespace, which stay in one. */
static void a_request_survives_being_written(void)
{
	static const char body[] =
		"{\"model\":\"m\",\"input\":[{\"role\":\"system\",\"content\":\"S\"},{\"role\":\"user\",\"content\":\"U\"},"
		"{\"role\":\"assistant\",\"content\":\"A\"},{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"f\","
		"\"arguments\":\"{\\\"a\\\":[1,2.5,\\\"x\\\",null,true]}\"},{\"type\":\"function_call_output\",\"call_id\":\"c\","
		"\"output\":\"r\"}],\"tools\":[{\"type\":\"function\",\"name\":\"f\"}],\"tool_choice\":\"required\"}";
	struct text first = { 0 }, second = { 0 }, out = { 0 };
	struct wire_fault fault = { "" };
	struct call_request r;
	struct arena a = { 0 };

	REQUIRE(w->request_decode(&a, body, strlen(body), (struct call_string){ 0 }, false, &r,
				  &fault) == 0);
	show_request(&first, &r);
	CHECK_INT(w->request_encode(&r, &out, &fault), 0);
	request_show(out.bytes, out.len, &second);
	CHECK_STR(shown_string(&second), shown_string(&first));
	text_release(&first);
	text_release(&second);
	text_release(&out);
	arena_release(&a);
}

static void what_responses_cannot_say_is_refused(void)
{
	struct call_string stop = CALL_STRING("x");
	struct call_request r = { .model = CALL_STRING("m"), .stops = &stop, .stop_count = 1 };
	struct wire_fault fault;
	struct text out = { 0 };

	CHECK_INT(w->request_encode(&r, &out, &fault), -EOPNOTSUPP);
	CHECK_STR(fault.text, "openai-responses has no stop sequences");
	r.stop_count = 0;
	r.presence_penalty = (struct call_number){ 0, true };
	CHECK_INT(w->request_encode(&r, &out, &fault), 0);
	r.presence_penalty.value = 0.5;
	CHECK_INT(w->request_encode(&r, &out, &fault), -EOPNOTSUPP);
	CHECK_STR(fault.text, "openai-responses has no penalties");
	text_release(&out);
}

/* Members behind a model, and what is wrong with them. */
static const struct {
	const char *more, *fault;
} bad_requests[] = {
	{ "", "-74 input: is missing" },
	{ ",\"input\":[]", "-74 input: must be a string or an array of items" },
	{ ",\"input\":{}", "-74 input: must be a string or an array of items" },
	{ ",\"input\":\"a\",\"previous_response_id\":\"resp_1\"",
	  "-95 previous_response_id: no state is kept: send the whole conversation as input" },
	{ ",\"input\":\"a\",\"conversation\":\"c\"",
	  "-95 conversation: no state is kept: send the whole conversation as input" },
	{ ",\"input\":\"a\",\"background\":true", "-95 background: no state is kept" },
	{ ",\"input\":\"a\",\"include\":[\"message.output_text.logprobs\"]",
	  "-95 include[0]: cannot be translated" },
	{ ",\"input\":[{\"type\":\"item_reference\",\"id\":\"x\"}]",
	  "-95 input[0].type: no state is kept: send the item itself" },
	{ ",\"input\":[{\"type\":\"local_shell_call\"}]",
	  "-95 input[0].type: cannot be translated" },
	{ ",\"input\":[{\"role\":\"tool\",\"content\":\"\"}]", "-74 input[0].role: no such role" },
	{ ",\"input\":[{\"role\":\"user\"}]", "-74 input[0].content: is missing" },
	{ ",\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_audio\"}]}]",
	  "-95 input[0].content[0].type: audio cannot be translated" },
	{ ",\"input\":[{\"role\":\"assistant\",\"content\":[{\"type\":\"input_image\"}]}]",
	  "-74 input[0].content[0].type: no such kind" },
	{ ",\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_image\",\"file_id\":\"f\"}]}]",
	  "-95 input[0].content[0].file_id: is a file that only its provider has" },
	{ ",\"input\":[{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"f\",\"arguments\":\"x\"}]",
	  "-74 input[0].arguments: must be a JSON object in a string" },
	{ ",\"input\":[{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"a-_-b\",\"arguments\":\"{}\"}]",
	  "-95 input[0].name: has -_- or -_custom, which stand for a namespace or a custom tool" },
	{ ",\"input\":[{\"type\":\"function_call_output\",\"call_id\":\"c\"}]",
	  "-74 input[0].output: is missing" },
	{ ",\"input\":\"a\",\"tools\":[{\"type\":\"local_shell\"}]",
	  "-95 tools[0].type: cannot be translated" },
	{ ",\"input\":\"a\",\"tools\":[{\"type\":\"namespace\",\"name\":\"a-_\",\"tools\":[{\"type\":\"function\",\"name\":\"b\"}]}]",
	  "-95 tools[0].tools[0].name: has -_- or -_custom, which stand for a namespace or a custom tool" },
	{ ",\"input\":\"a\",\"tools\":[{\"type\":\"namespace\",\"name\":\"a\"}]",
	  "-74 tools[0].tools: is missing" },
	{ ",\"input\":\"a\",\"tools\":[{\"type\":\"web_search\"}],\"tool_choice\":\"required\"",
	  "-95 tool_choice: requires a tool, but none is offered that others have" },
	{ ",\"input\":\"a\",\"tools\":[{\"type\":\"web_search\"}],\"tool_choice\":{\"type\":\"web_search_preview\"}",
	  "-95 tool_choice.type: requires a tool that only OpenAI has" },
	{ ",\"input\":\"a\",\"text\":{\"format\":{\"type\":\"grammar\"}}",
	  "-74 text.format.type: no such format" },
	{ ",\"input\":\"a\",\"reasoning\":{\"effort\":3}",
	  "-74 reasoning.effort: must be a string" },
};

static void what_is_wrong_with_a_request_is_said(void)
{
	char body[1024];
	size_t i;

	for (i = 0; i < sizeof(bad_requests) / sizeof(bad_requests[0]); i++) {
		snprintf(body, sizeof(body), "{\"model\":\"m\"%s}", bad_requests[i].more);
		request_is(body, bad_requests[i].fault);
	}
}

/* As codex has them: tools that come as an item, with one that takes any text. */
static void custom_tools_are_functions_of_one_argument(void)
{
	request_is(
		"{\"model\":\"m\",\"input\":[{\"type\":\"additional_tools\",\"role\":\"developer\",\"tools\":["
		"{\"type\":\"namespace\",\"name\":\"n\",\"tools\":[{\"type\":\"custom\",\"name\":\"exec\",\"description\":"
		"\"Runs.\",\"format\":{\"type\":\"grammar\",\"syntax\":\"lark\",\"definition\":\"start: /.+/\"}}]},"
		"{\"type\":\"custom\",\"name\":\"p\"}]},"
		"{\"type\":\"custom_tool_call\",\"call_id\":\"c\",\"namespace\":\"n\",\"name\":\"exec\",\"input\":\"a\\n\\\"b\"},"
		"{\"type\":\"custom_tool_call_output\",\"call_id\":\"c\",\"output\":\"r\"}],"
		"\"tool_choice\":{\"type\":\"custom\",\"name\":\"p\"}}",
		" model=\"m\"\n"
		"assistant (tool-call id=\"c\" name=\"n-_-exec-_custom\" text=\"{\\\"input\\\":\\\"a\\\\n\\\\\\\"b\\\"}\")\n"
		"user (tool-result id=\"c\"(text text=\"r\"))\n"
		"tool name=\"n-_-exec-_custom\" description=\"Runs.\\n\\nThe input has to be of this grammar (lark):"
		"\\nstart: /.+/\" parameters=\"{\\\"type\\\":\\\"object\\\",\\\"properties\\\":{\\\"input\\\":{\\\"type\\\":"
		"\\\"string\\\"}},\\\"required\\\":[\\\"input\\\"],\\\"additionalProperties\\\":false}\"\n"
		"tool name=\"p-_custom\" parameters=\"{\\\"type\\\":\\\"object\\\",\\\"properties\\\":{\\\"input\\\":{\\\"type\\\":"
		"\\\"string\\\"}},\\\"required\\\":[\\\"input\\\"],\\\"additionalProperties\\\":false}\"\n"
		"choice=3 choice-name=\"p-_custom\" format=0");
}

static void only_allowed_tools_are_offered(void)
{
	request_is(
		"{\"model\":\"m\",\"input\":\"a\",\"tools\":[{\"type\":\"function\",\"name\":\"f\"},{\"type\":\"web_search\"},"
		"{\"type\":\"namespace\",\"name\":\"n\",\"tools\":[{\"type\":\"function\",\"name\":\"g\"}]}],"
		"\"tool_choice\":{\"type\":\"allowed_tools\",\"mode\":\"auto\",\"tools\":[{\"type\":\"web_search\"},"
		"{\"type\":\"function\",\"name\":\"g\",\"namespace\":\"n\"}]}}",
		" model=\"m\"\nuser (text text=\"a\")\ntool name=\"n-_-g\"\nchoice=0 format=0");
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
		"{\"id\":\"r1\",\"object\":\"response\",\"created_at\":17.0,\"status\":\"completed\",\"model\":\"m-1\",\"output\":["
		"{\"type\":\"reasoning\",\"id\":\"rs\",\"summary\":[{\"type\":\"summary_text\",\"text\":\"Hm\"}],\"encrypted_content\":\"gA\"},"
		"{\"type\":\"web_search_call\",\"id\":\"ws\"},"
		"{\"type\":\"message\",\"id\":\"msg\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"Hi.\",\"annotations\":[]}]},"
		"{\"type\":\"function_call\",\"call_id\":\"c1\",\"name\":\"list\",\"namespace\":\"n\",\"arguments\":\"{}\"}],"
		"\"usage\":{\"input_tokens\":9,\"input_tokens_details\":{\"cached_tokens\":3},\"output_tokens\":12,"
		"\"output_tokens_details\":{\"reasoning_tokens\":5},\"total_tokens\":21}}",
		" id=\"r1\" model=\"m-1\" created=17 (reasoning text=\"Hm\" sealed=\"gA\")(text text=\"Hi.\")"
		"(tool-call id=\"c1\" name=\"n-_-list\" text=\"{}\") stop=tools usage=9+12/3,0,5",
		"{\"id\":\"r1\",\"object\":\"response\",\"created_at\":17,\"status\":\"completed\",\"background\":false,"
		"\"error\":null,\"incomplete_details\":null,\"instructions\":null,\"max_output_tokens\":null,\"model\":\"m-1\",\"output\":["
		"{\"id\":\"rs_r1_0\",\"type\":\"reasoning\",\"summary\":[{\"type\":\"summary_text\",\"text\":\"Hm\"}],"
		"\"encrypted_content\":\"gA\",\"status\":\"completed\"},"
		"{\"id\":\"msg_r1_1\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\","
		"\"annotations\":[],\"logprobs\":[],\"text\":\"Hi.\"}],\"status\":\"completed\"},"
		"{\"id\":\"fc_r1_2\",\"type\":\"function_call\",\"call_id\":\"c1\",\"name\":\"list\",\"namespace\":\"n\","
		"\"arguments\":\"{}\",\"status\":\"completed\"}],"
		"\"parallel_tool_calls\":true,\"previous_response_id\":null,\"reasoning\":{\"effort\":null,\"summary\":null},"
		"\"store\":false,\"temperature\":null,\"text\":{\"format\":{\"type\":\"text\"}},\"tool_choice\":\"auto\",\"tools\":[],"
		"\"top_p\":null,\"truncation\":\"disabled\",\"usage\":{\"input_tokens\":9,\"input_tokens_details\":{\"cached_tokens\":3,"
		"\"cache_write_tokens\":0},\"output_tokens\":12,\"output_tokens_details\":{\"reasoning_tokens\":5},\"total_tokens\":21},"
		"\"user\":null,\"metadata\":{}}");
	answer_is(
		"{\"id\":\"r\",\"status\":\"incomplete\",\"incomplete_details\":{\"reason\":\"max_output_tokens\"},\"output\":["
		"{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"f\",\"arguments\":\"{\\\"a\"}]}",
		" id=\"r\" created=0  stop=length", NULL);
	answer_is(
		"{\"id\":\"r\",\"status\":\"incomplete\",\"incomplete_details\":{\"reason\":\"content_filter\"},\"output\":[]}",
		" id=\"r\" created=0  stop=filter", NULL);
	answer_is(
		"{\"id\":\"r\",\"output\":[{\"type\":\"message\",\"content\":[{\"type\":\"refusal\",\"refusal\":\"No.\"}]}]}",
		" id=\"r\" created=0 (text text=\"No.\") stop=filter", NULL);
	/* A server told of a name with its namespace gives both in one; others are a model's. */
	answer_is(
		"{\"id\":\"r\",\"output\":[{\"type\":\"function_call\",\"name\":\"n-_-f\",\"arguments\":\"\"},"
		"{\"type\":\"function_call\",\"call_id\":\"d\",\"name\":\"a-_-b-_-c\",\"arguments\":\"{}\"}]}",
		" id=\"r\" created=0 (tool-call id=\"call_r_0\" name=\"n-_-f\" text=\"{}\")"
		"(tool-call id=\"d\" name=\"a-_-b-_-c\" text=\"{}\") stop=tools",
		NULL);
	/* Names that only look like ours are written as they are. */
	answer_is(
		"{\"id\":\"r\",\"output\":[{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"n-_-p-_custom\","
		"\"arguments\":\"{\\\"input\\\":\\\"x\\\"}\"},{\"type\":\"function_call\",\"call_id\":\"d\",\"name\":"
		"\"a-_-_custom\",\"arguments\":\"{}\"}]}",
		" id=\"r\" created=0 (tool-call id=\"c\" name=\"n-_-p-_custom\" text=\"{\\\"input\\\":\\\"x\\\"}\")"
		"(tool-call id=\"d\" name=\"a-_-_custom\" text=\"{}\") stop=tools",
		NULL);
	answer_is("{\"status\":\"failed\",\"output\":[]}", "-74 status: the response failed", NULL);
	answer_is("{}", "-74 output: is missing", NULL);
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

#define EVENT(type, more) "event: " type "\ndata: {\"type\":\"" type "\"" more "}\n\n"
#define CREATED \
	EVENT("response.created", ",\"response\":{\"id\":\"r\",\"model\":\"m\",\"created_at\":1}")
#define COMPLETED                   \
	EVENT("response.completed", \
	      ",\"response\":{\"status\":\"completed\",\"usage\":{\"input_tokens\":1,\"output_tokens\":2}}")
#define BEGIN	  "begin id=\"r\" model=\"m\"\n"
#define STOP(why) "stop " why " usage=1+2/0,0,0\n"

static void a_stream_of_items_is_read(void)
{
	stream_is(
		CREATED EVENT("response.in_progress", ",\"response\":{}") EVENT(
			"response.queued",
			"") EVENT("response.output_item.added",
				  ",\"output_index\":0,\"item\":{\"type\":\"reasoning\",\"summary\":[]}")
			EVENT("response.reasoning_summary_part.added", ",\"output_index\":0,\"summary_index\":0") EVENT(
				"response.reasoning_summary_text.delta",
				",\"output_index\":0,\"summary_index\":0,\"delta\":\"Hm\"") EVENT("response.reasoning_summary_text.delta",
												  ",\"output_index\":0,\"summary_index\":1,\"delta\":\"Ah\"")
				EVENT("response.reasoning_text.delta", ",\"output_index\":0,\"delta\":\"raw\"") EVENT(
					"response.output_item.done",
					",\"output_index\":0,\"item\":{\"type\":\"reasoning\",\"summary\":"
					"[{\"text\":\"Hm\"},{\"text\":\"Ah\"}],\"encrypted_content\":\"gA\"}")
					EVENT("response.output_item.added", ",\"output_index\":1,\"item\":{\"type\":\"message\"}") EVENT(
						"response.output_text.delta",
						",\"output_index\":1,\"content_index\":0,\"delta\":\"He\"")
						EVENT("response.output_text.delta", ",\"output_index\":1,\"content_index\":0,\"delta\":\"y\"") EVENT(
							"response.output_text.done",
							",\"output_index\":1,\"content_index\":0,\"text\":\"Hey\"")
							EVENT("response.output_item.done",
							      ",\"output_index\":1,\"item\":{\"type\":\"message\",\"content\":"
							      "[{\"type\":\"output_text\",\"text\":\"Hey\"}]}")
								EVENT("response.output_item.added",
								      ",\"output_index\":2,\"item\":{\"type\":\"function_call\",\"call_id\":\"c\","
								      "\"name\":\"f\",\"namespace\":\"n\",\"arguments\":\"\"}")
									EVENT("response.function_call_arguments.delta",
									      ",\"output_index\":2,\"delta\":\"{}\"")
										EVENT("response.function_call_arguments.done",
										      ",\"output_index\":2,\"arguments\":\"{}\"")
											EVENT("response.output_item.done",
											      ",\"output_index\":2,\"item\":{\"type\":\"function_call\",\"call_id\":\"c\","
											      "\"name\":\"f\",\"arguments\":\"{}\"}")
												COMPLETED EVENT(
													"response.output_text.delta",
													",\"delta\":\"late\""),
		BEGIN
		"reasoning text=\"Hm\"\nreasoning text=\"\\n\\n\"\nreasoning text=\"Ah\"\nreasoning sealed=\"gA\"\nend\n"
		"text text=\"He\"\ntext text=\"y\"\nend\n"
		"call id=\"c\" name=\"n-_-f\"\nmore text=\"{}\"\nend\n" STOP("tools"));
}

static void events_that_are_left_out_are_made_up_for(void)
{
	/* Only the items' ends; only deltas; only the response. */
	stream_is(
		CREATED EVENT(
			"response.output_item.done",
			",\"output_index\":0,\"item\":{\"type\":\"reasoning\",\"content\":[{\"text\":\"Hm\"}]}")
			EVENT("response.output_item.done",
			      ",\"output_index\":1,\"item\":{\"type\":\"message\",\"content\":[{\"type\":\"output_text\",\"text\":\"Hi\"}]}")
				EVENT("response.output_item.done",
				      ",\"output_index\":2,\"item\":{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"f\",\"arguments\":\"{}\"}")
					COMPLETED,
		BEGIN "reasoning text=\"Hm\"\nend\ntext text=\"Hi\"\nend\n"
		      "call id=\"c\" name=\"f\"\nmore text=\"{}\"\nend\n" STOP("tools"));
	stream_is(EVENT("response.output_text.delta", ",\"delta\":\"a\"") COMPLETED
		  "data: [DONE]\n\n",
		  "begin\ntext text=\"a\"\nend\n" STOP("end"));
	stream_is(
		EVENT("response.incomplete",
		      ",\"response\":{\"id\":\"r\",\"model\":\"m\",\"output\":[{\"type\":\"message\",\"content\":"
		      "[{\"type\":\"output_text\",\"text\":\"a\"},{\"type\":\"output_text\",\"text\":\"b\"}]}]}"),
		BEGIN "text text=\"a\"\nend\ntext text=\"b\"\nend\nstop length\n");
	stream_is(CREATED EVENT("response.refusal.delta",
				",\"output_index\":0,\"content_index\":0,\"delta\":\"No\"")
			  COMPLETED,
		  BEGIN "text text=\"No\"\nend\n" STOP("filter"));
}

static void interleaved_items_come_one_after_the_other(void)
{
	stream_is(
		CREATED EVENT(
			"response.output_item.added",
			",\"output_index\":0,\"item\":{\"type\":\"function_call\",\"call_id\":\"a\",\"name\":\"f\"}")
			EVENT("response.output_item.added",
			      ",\"output_index\":1,\"item\":{\"type\":\"function_call\",\"call_id\":\"b\",\"name\":\"g\"}")
				EVENT("response.function_call_arguments.delta",
				      ",\"output_index\":1,\"delta\":\"{\"")
					EVENT("response.function_call_arguments.delta",
					      ",\"output_index\":0,\"delta\":\"{}\"")
						EVENT("response.function_call_arguments.delta",
						      ",\"output_index\":1,\"delta\":\"}\"")
							EVENT("response.output_item.done",
							      ",\"output_index\":1,\"item\":{\"type\":\"function_call\",\"call_id\":\"b\",\"name\":\"g\"}")
								EVENT("response.output_item.done",
								      ",\"output_index\":0,\"item\":{\"type\":\"function_call\",\"call_id\":\"a\",\"name\":\"f\"}")
									COMPLETED,
		BEGIN
		"call id=\"a\" name=\"f\"\nmore text=\"{}\"\nend\ncall id=\"b\" name=\"g\"\nmore text=\"{}\"\nend\n" STOP(
			"tools"));
}

static void streams_that_fail_say_how(void)
{
	stream_is("", "-74 the stream ended before it began");
	stream_is(CREATED, BEGIN "-74 the stream ended before it was whole");
	stream_is(
		CREATED EVENT(
			"response.failed",
			",\"response\":{\"error\":{\"code\":\"rate_limit_exceeded\",\"message\":\"slow\"}}"),
		BEGIN "error kind=6 status=0 message=\"slow\" code=\"rate_limit_exceeded\"\n");
	stream_is(EVENT("response.failed", ",\"response\":{}"),
		  "error kind=7 status=0 message=\"the response failed\"\n");
	stream_is(EVENT("error", ",\"code\":\"server_error\",\"message\":\"gone\",\"param\":null"),
		  "error kind=7 status=0 message=\"gone\" code=\"server_error\"\n");
	stream_is(EVENT("error",
			",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"bad\"}"),
		  "error kind=0 status=0 message=\"bad\"\n");
	stream_is(CREATED EVENT("response.output_text.delta",
				",\"output_index\":1048576,\"delta\":\"a\""),
		  BEGIN "-74 output_index: is too large");
	stream_is(CREATED EVENT("response.function_call_arguments.delta",
				",\"output_index\":0,\"delta\":\"{}\"") COMPLETED,
		  BEGIN "-74 a call of a tool has no name");
}

#define SEQ(type, n, more) \
	"event: " type "\ndata: {\"type\":\"" type "\",\"sequence_number\":" n more "}\n\n"
#define RESPONSE(status, details, output, usage)                                                               \
	",\"response\":{\"id\":\"r\",\"object\":\"response\",\"created_at\":5,\"status\":\"" status            \
	"\",\"background\":false,\"error\":null,\"incomplete_details\":" details                               \
	",\"instructions\":null,"                                                                              \
	"\"max_output_tokens\":9,\"model\":\"m\",\"output\":[" output                                          \
	"],\"parallel_tool_calls\":true,"                                                                      \
	"\"previous_response_id\":null,\"reasoning\":{\"effort\":null,\"summary\":null},\"store\":false,"      \
	"\"temperature\":0.5,\"text\":{\"format\":{\"type\":\"text\"}},\"tool_choice\":\"auto\",\"tools\":[]," \
	"\"top_p\":null,\"truncation\":\"disabled\",\"usage\":" usage                                          \
	",\"user\":null,\"metadata\":{}}"
#define SAID(text) \
	"{\"type\":\"output_text\",\"annotations\":[],\"logprobs\":[],\"text\":\"" text "\"}"
#define ITEM(content, status)                                                                   \
	"{\"id\":\"msg_r_0\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[" content \
	"],\"status\":\"" status "\"}"
#define AT ",\"item_id\":\"msg_r_0\",\"output_index\":0,\"content_index\":0"

static void events_put(struct wire_encoder *e, const struct call_event *events, size_t count,
		       struct text *out)
{
	size_t i;

	for (i = 0; i < count; i++)
		CHECK_INT(w->encoder_event(e, &events[i], out), 0);
}

static void a_stream_is_written_byte_for_byte(void)
{
	const struct call_request request = { .max_tokens = 9, .temperature = { 0.5, true } };
	const struct call_event events[] = {
		{ .kind = CALL_BEGIN,
		  .id = CALL_STRING("r"),
		  .model = CALL_STRING("m"),
		  .created = 5 },
		{ .kind = CALL_TEXT_MORE, .text = CALL_STRING("He") },
		{ .kind = CALL_TEXT_MORE, .text = CALL_STRING("y") },
		{ .kind = CALL_PART_END },
		{ .kind = CALL_STOP,
		  .stop = CALL_STOP_LENGTH,
		  .usage = { .input = 1, .output = 2, .given = true } },
		{ .kind = CALL_PING },
	};
	struct wire_encoder *e = w->encoder_create(&request);
	struct text out = { 0 };

	REQUIRE(e);
	events_put(e, events, sizeof(events) / sizeof(events[0]), &out);
	w->encoder_free(e);
	w->encoder_free(NULL);
	CHECK_STR(
		shown_string(&out),
		SEQ("response.created", "0", RESPONSE("in_progress", "null", "", "null")) SEQ(
			"response.in_progress", "1",
			RESPONSE(
				"in_progress", "null", "",
				"null")) SEQ("response.output_item.added", "2",
					     ",\"output_index\":0,\"item\":" ITEM(
						     "",
						     "in_progress")) SEQ("response.content_part.added",
									 "3",
									 AT ",\"part\":" SAID(""))
			SEQ("response.output_text.delta", "4", AT ",\"logprobs\":[],\"delta\":\"He\"") SEQ(
				"response.output_text.delta", "5",
				AT
				",\"logprobs\":[],\"delta\":\"y\"") SEQ("response.output_text.done",
									"6",
									AT
									",\"logprobs\":[],\"text\":\"Hey\"")
				SEQ("response.content_part.done", "7",
				    AT ",\"part\":" SAID(
					    "Hey")) SEQ("response.output_item.done", "8",
							",\"output_index\":0,\"item\":" ITEM(
								SAID("Hey"), "completed"))
					SEQ("response.incomplete", "9",
					    RESPONSE(
						    "incomplete",
						    "{\"reason\":\"max_output_tokens\"}",
						    ITEM(SAID("Hey"), "completed"),
						    "{\"input_tokens\":1,\"input_tokens_details\":{\"cached_tokens\":0,\"cache_write_tokens\":0},"
						    "\"output_tokens\":2,\"output_tokens_details\":{\"reasoning_tokens\":0},\"total_tokens\":3}")));
	text_release(&out);
}

static void a_written_stream_is_read_back_the_same(void)
{
	const struct call_request request = { .stream = true };
	const struct call_event events[] = {
		{ .kind = CALL_BEGIN, .id = CALL_STRING("r"), .model = CALL_STRING("m") },
		{ .kind = CALL_REASONING_MORE, .text = CALL_STRING("Hm") },
		{ .kind = CALL_REASONING_MORE, .sealed = CALL_STRING("s") },
		{ .kind = CALL_PART_END },
		{ .kind = CALL_REASONING_MORE, .sealed = CALL_STRING("t") },
		{ .kind = CALL_PART_END },
		{ .kind = CALL_PING },
		{ .kind = CALL_TEXT_MORE, .text = CALL_STRING("a\"\n") },
		{ .kind = CALL_PART_END },
		{ .kind = CALL_TEXT_MORE, .text = CALL_STRING("b") },
		{ .kind = CALL_PART_END },
		{ .kind = CALL_TOOL_BEGIN, .id = CALL_STRING("x"), .name = CALL_STRING("n-_-f") },
		{ .kind = CALL_TOOL_MORE, .text = CALL_STRING("{\"a\":") },
		{ .kind = CALL_TOOL_MORE, .text = CALL_STRING("1}") },
		{ .kind = CALL_PART_END },
		{ .kind = CALL_TOOL_BEGIN, .id = CALL_STRING("y"), .name = CALL_STRING("g") },
		{ .kind = CALL_PART_END },
		{ .kind = CALL_TOOL_BEGIN,
		  .id = CALL_STRING("z"),
		  .name = CALL_STRING("p-_custom") },
		{ .kind = CALL_TOOL_MORE, .text = CALL_STRING("{\"input\":") },
		{ .kind = CALL_TOOL_MORE, .text = CALL_STRING("\"\\\"x\"}") },
		{ .kind = CALL_PART_END },
		{ .kind = CALL_STOP, .stop = CALL_STOP_TOOLS },
	};
	struct wire_encoder *e = w->encoder_create(&request);
	struct wire_fault fault = { "" };
	struct text out = { 0 }, shown = { 0 };

	REQUIRE(e);
	events_put(e, events, sizeof(events) / sizeof(events[0]), &out);
	w->encoder_free(e);
	CHECK_INT(stream_decode(w, out.bytes, out.len, &shown, &fault), 0);
	CHECK_STR(
		shown_string(&shown), BEGIN
		"reasoning text=\"Hm\"\nreasoning sealed=\"s\"\nend\nreasoning sealed=\"t\"\nend\n"
		"text text=\"a\\\"\\n\"\nend\ntext text=\"b\"\nend\n"
		"call id=\"x\" name=\"n-_-f\"\nmore text=\"{\\\"a\\\":\"\nmore text=\"1}\"\nend\n"
		"call id=\"y\" name=\"g\"\nmore text=\"{}\"\nend\n"
		"call id=\"z\" name=\"p-_custom\"\nmore text=\"{\\\"input\\\":\\\"\\\\\\\"x\\\"}\"\nend\nstop tools\n");
	CHECK(strstr(shown_string(&out),
		     ",\"name\":\"p\",\"input\":\"\\\"x\",\"status\":\"completed\""));
	CHECK(strstr(shown_string(&out), "\"call_id\":\"x\",\"name\":\"f\",\"namespace\":\"n\""));
	text_release(&out);
	text_release(&shown);
}

static void an_error_ends_a_written_stream(void)
{
	const struct call_request request = { .stream = true };
	const struct call_event event = {
		.kind = CALL_ERROR,
		.error = { .kind = CALL_ERROR_RATE_LIMIT, .message = CALL_STRING("slow") }
	};
	struct wire_encoder *e = w->encoder_create(&request);
	struct text out = { 0 };
	const char *all;

	REQUIRE(e);
	events_put(e, &event, 1, &out);
	events_put(e, &event, 1, &out);
	w->encoder_free(e);
	all = shown_string(&out);
	CHECK(strstr(all, "event: response.failed\n"));
	CHECK(strstr(
		all,
		"\"status\":\"failed\",\"background\":false,\"error\":{\"code\":\"rate_limit_exceeded\","
		"\"message\":\"slow\"}"));
	CHECK(strstr(all, SEQ("error", "1", ",\"code\":null,\"message\":\"slow\",\"param\":null")));
	CHECK(!strstr(all, "\"sequence_number\":2"));
	text_release(&out);
}

static const struct tap_test tests[] = {
	TEST(a_request_is_read_whole),
	TEST(a_request_is_written_for_nothing_to_be_kept),
	TEST(a_request_survives_being_written),
	TEST(what_responses_cannot_say_is_refused),
	TEST(what_is_wrong_with_a_request_is_said),
	TEST(custom_tools_are_functions_of_one_argument),
	TEST(only_allowed_tools_are_offered),
	TEST(answers_are_read_and_written),
	TEST(a_stream_of_items_is_read),
	TEST(events_that_are_left_out_are_made_up_for),
	TEST(interleaved_items_come_one_after_the_other),
	TEST(streams_that_fail_say_how),
	TEST(a_stream_is_written_byte_for_byte),
	TEST(a_written_stream_is_read_back_the_same),
	TEST(an_error_ends_a_written_stream),
};
TAP_MAIN(tests)
