// SPDX-License-Identifier: GPL-2.0-or-later
/* Gemini's generateContent: what is read of it, what is written, and what cannot be said. */
#include "tests/unit/call_rig.h"

#define W	(&wire_gemini)
#define USER	"\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"hi\"}]}]"
#define TURN(p) "{\"contents\":[{\"role\":\"user\",\"parts\":[" p "]}]}"
#define MODEL(p)                                                            \
	"{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"hi\"}]}," \
	"{\"role\":\"model\",\"parts\":[" p "]}]}"
#define CONFIG(c) "{" USER ",\"generationConfig\":{" c "}}"
#define SAID	  " model=m\nuser: [text text=hi]"
#define CALL(n)	  "{\"functionCall\":{\"name\":\"" n "\",\"args\":{\"a\":1}}}"
#define RESULT(n, t) \
	"{\"functionResponse\":{\"name\":\"" n "\",\"response\":{\"output\":\"" t "\"}}}"

static const struct {
	const char *what, *body, *told;
} requests[] = {
	{ "a word", "{" USER "}", SAID },
	{ "a word of nobody", "{\"contents\":[{\"parts\":[{\"text\":\"hi\"}]}]}", SAID },
	{ "a system prompt",
	  "{\"systemInstruction\":{\"role\":\"user\",\"parts\":[{\"text\":\"be\"}]}," USER "}",
	  " model=m\nsystem: [text text=be]\nuser: [text text=hi]" },
	{ "in the other spelling",
	  "{\"system_instruction\":{\"parts\":[{\"text\":\"be\"}]}," USER
	  ",\"generation_config\":{\"max_output_tokens\":7,\"top_k\":3}}",
	  " model=m max=7 top_k=3\nsystem: [text text=be]\nuser: [text text=hi]" },
	{ "an image and a file",
	  TURN("{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":\"AAAA\"}},"
	       "{\"inline_data\":{\"mime_type\":\"application/pdf\",\"data\":\"AA==\"}},"
	       "{\"fileData\":{\"mimeType\":\"image/jpeg\",\"fileUri\":\"https://a/b\"}}"),
	  " model=m\nuser: [image type=image/png data=AAAA] [file type=application/pdf data=AA==] "
	  "[image type=image/jpeg url=https://a/b]" },
	{ "calls without ids, answered in another order",
	  "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"hi\"}]},"
	  "{\"role\":\"model\",\"parts\":[" CALL("f") "," CALL("g") "," CALL(
		  "f") "]},"
		       "{\"role\":\"user\",\"parts\":[" RESULT("g", "1") "," RESULT(
			       "f", "2") "," RESULT("f", "3") "]}]}",
	  " model=m\nuser: [text text=hi]\nassistant: [call id=call_1_0 name=f text={\"a\":1}] "
	  "[call id=call_1_1 name=g text={\"a\":1}] [call id=call_1_2 name=f text={\"a\":1}]\n"
	  "user: [result id=call_1_1 name=g [text text=1]] [result id=call_1_0 name=f [text text=2]] "
	  "[result id=call_1_2 name=f [text text=3]]" },
	{ "calls with ids, and results of an older client, without",
	  "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"hi\"}]},"
	  "{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"id\":\"i\",\"name\":\"f\"}},"
	  "{\"functionCall\":{\"id\":\"j\",\"name\":\"g\"}},"
	  "{\"functionCall\":{\"id\":\"k\",\"name\":\"f\"}},"
	  "{\"functionCall\":{\"id\":\"l\",\"name\":\"f\"}}]},"
	  "{\"role\":\"user\",\"parts\":[" RESULT(
		  "g",
		  "1") ","
		       "{\"functionResponse\":{\"id\":\"k\",\"name\":\"f\",\"response\":{\"output\":\"2\"}}}," RESULT(
			       "f", "3") "," RESULT("f", "4") "]}]}",
	  " model=m\nuser: [text text=hi]\nassistant: [call id=i name=f text={}] "
	  "[call id=j name=g text={}] [call id=k name=f text={}] [call id=l name=f text={}]\n"
	  "user: [result id=j name=g [text text=1]] [result id=k name=f [text text=2]] "
	  "[result id=i name=f [text text=3]] [result id=l name=f [text text=4]]" },
	{ "calls with ids, and results of all kinds",
	  "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"hi\"}]},"
	  "{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"id\":\"i\",\"name\":\"f\"}}]},"
	  "{\"role\":\"function\",\"parts\":[{\"functionResponse\":{\"id\":\"i\",\"name\":\"f\","
	  "\"response\":{\"error\":\"no\"}}},{\"functionResponse\":{\"id\":\"j\",\"name\":\"f\","
	  "\"response\":{\"output\":\"x\"},\"parts\":[{\"inlineData\":{\"mimeType\":\"image/png\","
	  "\"data\":\"AAAA\"}}]}},{\"functionResponse\":{\"id\":\"k\",\"name\":\"f\",\"response\":{}}}]}]}",
	  " model=m\nuser: [text text=hi]\nassistant: [call id=i name=f text={}]\n"
	  "user: [result id=i name=f [text text=no] error] [result id=j name=f [text text=x] "
	  "[image type=image/png data=AAAA]] [result id=k name=f]" },
	{ "thoughts and signatures",
	  MODEL("{\"text\":\"hm\",\"thought\":true},{\"functionCall\":{\"id\":\"i\",\"name\":\"f\",\"args\":{}},"
		"\"thoughtSignature\":\"S\"},{\"text\":\"so\",\"thoughtSignature\":\"T\"},"
		"{\"text\":\"\",\"thoughtSignature\":\"U\"}"),
	  SAID "\nassistant: [reasoning text=hm sealed=S] [call id=i name=f text={}] "
	       "[reasoning sealed=T] [text text=so] [reasoning sealed=U]" },
	{ "an answer as the SDK keeps it, frame by frame",
	  "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"hi\"}]},"
	  "{\"role\":\"model\",\"parts\":[{\"text\":\"h\",\"thought\":true}]},"
	  "{\"role\":\"model\",\"parts\":[{\"text\":\"m\",\"thought\":true}]},"
	  "{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"name\":\"f\"},\"thoughtSignature\":\"S\"}]},"
	  "{\"role\":\"model\",\"parts\":[{\"text\":\"\"}]},"
	  "{\"role\":\"user\",\"parts\":[" RESULT("f", "x") "]}]}",
	  SAID "\nassistant: [reasoning text=hm sealed=S] [call id=call_3_0 name=f text={}]\n"
	       "user: [result id=call_3_0 name=f [text text=x]]" },
	{ "thoughts of two seals",
	  MODEL("{\"text\":\"a\",\"thought\":true},{\"text\":\"\",\"thoughtSignature\":\"A\"},"
		"{\"text\":\"b\",\"thought\":true},{\"text\":\"\",\"thoughtSignature\":\"B\"},"
		"{\"text\":\"so\",\"thoughtSignature\":\"C\"}"),
	  SAID "\nassistant: [reasoning text=a sealed=A] [reasoning text=b sealed=B] "
	       "[reasoning sealed=C] [text text=so]" },
	{ "functions",
	  "{" USER ",\"tools\":[{\"googleSearch\":{}},{\"functionDeclarations\":["
	  "{\"name\":\"f\",\"description\":\"d\",\"parametersJsonSchema\":{\"type\":\"object\"}},"
	  "{\"name\":\"g\"}]}]}",
	  SAID "\ntool: name=f description=d parameters={\"type\":\"object\"}\ntool: name=g" },
	{ "functions with a schema of OpenAPI",
	  "{" USER ",\"tools\":[{\"functionDeclarations\":[{\"name\":\"f\",\"parameters\":{"
	  "\"type\":\"OBJECT\",\"propertyOrdering\":[\"a\"],\"properties\":{"
	  "\"a\":{\"type\":\"STRING\",\"nullable\":true,\"enum\":[\"x\"]},"
	  "\"type\":{\"type\":\"ARRAY\",\"items\":{\"type\":\"INTEGER\"},\"minItems\":\"1\"},"
	  "\"u\":{\"any_of\":[{\"type\":\"NUMBER\"},{\"type\":\"NULL\"}],\"example\":1,\"default\":null}},"
	  "\"required\":[\"a\"]}}]}]}",
	  SAID "\ntool: name=f parameters={\"type\":\"object\",\"properties\":{"
	       "\"a\":{\"type\":[\"string\",\"null\"],\"enum\":[\"x\"]},"
	       "\"type\":{\"type\":\"array\",\"items\":{\"type\":\"integer\"},\"minItems\":1},"
	       "\"u\":{\"anyOf\":[{\"type\":\"number\"},{\"type\":\"null\"}],\"default\":null}},"
	       "\"required\":[\"a\"]}" },
	{ "one of them must be called",
	  "{" USER ",\"tools\":[{\"functionDeclarations\":[{\"name\":\"f\"},{\"name\":\"g\"}]}],"
	  "\"toolConfig\":{\"functionCallingConfig\":{\"mode\":\"ANY\",\"allowedFunctionNames\":[\"g\"]}}}",
	  " model=m named choice=g\nuser: [text text=hi]\ntool: name=g" },
	{ "any must",
	  "{" USER ",\"tools\":[{\"function_declarations\":[{\"name\":\"f\"},{\"name\":\"g\"}]}],"
	  "\"tool_config\":{\"function_calling_config\":{\"mode\":\"ANY\"}}}",
	  " model=m required\nuser: [text text=hi]\ntool: name=f\ntool: name=g" },
	{ "none may",
	  "{" USER ",\"tools\":[{\"functionDeclarations\":[{\"name\":\"f\"}]}],"
	  "\"toolConfig\":{\"functionCallingConfig\":{\"mode\":\"NONE\"}}}",
	  " model=m none\nuser: [text text=hi]\ntool: name=f" },
	{ "how to choose words",
	  CONFIG("\"maxOutputTokens\":100,\"temperature\":1.5,\"topP\":0.9,\"topK\":40,\"seed\":7,"
		 "\"presencePenalty\":0.5,\"frequencyPenalty\":-0.5,\"stopSequences\":[\"x\",\"\\n\"],"
		 "\"candidateCount\":1,\"responseMimeType\":\"text/plain\",\"responseModalities\":[\"TEXT\"]"),
	  " model=m max=100 temperature=1.5 top_p=0.9 top_k=40 presence=0.5 frequency=-0.5 seed=7 "
	  "stop=x stop=\n\nuser: [text text=hi]" },
	{ "JSON", CONFIG("\"responseMimeType\":\"application/json\""),
	  " model=m json\nuser: [text text=hi]" },
	{ "by a schema",
	  CONFIG("\"responseMimeType\":\"application/json\",\"responseSchema\":{\"type\":\"OBJECT\"}"),
	  " model=m schema schema={\"type\":\"object\"}\nuser: [text text=hi]" },
	{ "by a schema of JSON",
	  CONFIG("\"responseMimeType\":\"application/json\",\"responseJsonSchema\":{\"type\":\"object\"}"),
	  " model=m schema schema={\"type\":\"object\"}\nuser: [text text=hi]" },
	{ "with a budget",
	  CONFIG("\"thinkingConfig\":{\"includeThoughts\":true,\"thinkingBudget\":2048}"),
	  " model=m thinking=2048\nuser: [text text=hi]" },
	{ "with no budget of ours", CONFIG("\"thinkingConfig\":{\"thinkingBudget\":-1}"), SAID },
	{ "with an effort", CONFIG("\"thinkingConfig\":{\"thinkingLevel\":\"low\"}"),
	  " model=m effort=low\nuser: [text text=hi]" },
	{ "what is ignored",
	  "{" USER ",\"safetySettings\":[{\"category\":\"HARM_CATEGORY_HARASSMENT\",\"threshold\":"
	  "\"BLOCK_NONE\"}],\"labels\":{\"a\":\"b\"},\"new\":1}",
	  SAID },
};

static void requests_are_read(void)
{
	struct text told = { 0 };
	size_t i;

	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		request_told(W, requests[i].body, "m", false, false, &told);
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
		request_told(W, requests[i].body, "m", false, true, &told);
		CHECK_MSG(!strcmp(text_ended(&told), requests[i].told), "%s: is\n%s\nexpected\n%s",
			  requests[i].what, told.bytes, requests[i].told);
		text_release(&told);
	}
}

static void the_url_says_which_model_and_whether_it_streams(void)
{
	struct text told = { 0 };

	request_told(W, "{" USER "}", "models/gemini-3-pro", true, false, &told);
	CHECK_STR(text_ended(&told), " model=gemini-3-pro stream\nuser: [text text=hi]");
	text_release(&told);
	request_told(W, "{\"model\":\"models/x\"," USER "}", NULL, false, false, &told);
	CHECK_STR(text_ended(&told), " model=x\nuser: [text text=hi]");
	text_release(&told);
	request_told(W, "{" USER "}", NULL, false, false, &told);
	CHECK_STR(text_ended(&told), "bad model: is missing");
	text_release(&told);
}

static void a_request_that_is_none_is_refused_by_its_member(void)
{
	static const struct {
		const char *body, *told;
	} cases[] = {
		{ "[]", "bad it must be an object" },
		{ "{}", "bad contents: is missing" },
		{ "{\"contents\":{}}", "bad contents: must be an array" },
		{ "{\"contents\":[]}", "bad contents: there are none" },
		{ "{\"contents\":[1]}", "bad contents[0]: must be an object" },
		{ "{\"contents\":[{\"role\":\"user\"}]}", "bad contents[0].parts: is missing" },
		{ "{\"contents\":[{\"role\":\"r\",\"parts\":[]}]}",
		  "bad contents[0].role: no such role" },
		{ TURN("7"), "bad contents[0].parts[0]: must be an object" },
		{ TURN("{}"), "bad contents[0].parts[0]: no such kind" },
		{ TURN("{\"text\":1}"), "bad contents[0].parts[0].text: must be a string" },
		{ TURN("{\"inlineData\":{\"mimeType\":\"image/png\"}}"),
		  "bad contents[0].parts[0].inlineData: has neither data nor an address" },
		{ TURN("{\"inlineData\":{\"data\":\"AAAA\"}}"),
		  "bad contents[0].parts[0].inlineData.mimeType: is missing" },
		{ TURN(CALL("f")),
		  "bad contents[0].parts[0].functionCall: is not for a user's turn" },
		{ TURN(RESULT("f", "x")),
		  "bad contents[0].parts[0].functionResponse: answers no call of this name" },
		{ "{\"contents\":[{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"id\":\"i\","
		  "\"name\":\"f\"}}]},{\"role\":\"user\",\"parts\":[" RESULT("f", "1") "," RESULT(
			  "f", "2") "]}]}",
		  "bad contents[1].parts[1].functionResponse: answers no call of this name" },
		{ MODEL(RESULT("f", "x")),
		  "bad contents[1].parts[0]: a part that is not for a model's turn" },
		{ MODEL("{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":\"\"}}"),
		  "cannot contents[1].parts[0]: a part that is not for a model's turn" },
		{ MODEL("{\"functionCall\":{}}"),
		  "bad contents[1].parts[0].functionCall.name: is missing" },
		{ MODEL("{\"functionCall\":{\"name\":\"\"}}"),
		  "bad contents[1].parts[0].functionCall.name: must not be empty" },
		{ MODEL("{\"functionCall\":{\"name\":\"f\",\"args\":[]}}"),
		  "bad contents[1].parts[0].functionCall.args: must be an object" },
		{ MODEL("{\"executable_code\":{}}"),
		  "cannot contents[1].parts[0].executableCode: is of the provider's own tools, and "
		  "unknown elsewhere" },
		{ "{" USER ",\"systemInstruction\":{\"parts\":[{}]}}",
		  "bad systemInstruction.parts[0].text: is missing" },
		{ "{" USER ",\"cachedContent\":\"cachedContents/x\"}",
		  "cannot cachedContent: what the provider keeps is unknown elsewhere" },
		{ CONFIG("\"maxOutputTokens\":0"),
		  "bad generationConfig.maxOutputTokens: must be above 0" },
		{ CONFIG("\"topP\":\"x\""), "bad generationConfig.topP: must be a number" },
		{ CONFIG("\"candidateCount\":2"),
		  "cannot generationConfig.candidateCount: only 1 elsewhere" },
		{ CONFIG("\"responseLogprobs\":true"),
		  "cannot generationConfig.responseLogprobs: not told elsewhere" },
		{ CONFIG("\"responseMimeType\":\"text/x.enum\""),
		  "cannot generationConfig.responseMimeType: no such form of an answer elsewhere" },
		{ CONFIG("\"responseModalities\":[\"TEXT\",\"IMAGE\"]"),
		  "cannot generationConfig.responseModalities[1]: answers are text elsewhere" },
		{ CONFIG("\"thinkingConfig\":{\"thinkingLevel\":\"HUGE\"}"),
		  "bad generationConfig.thinkingConfig.thinkingLevel: no such level" },
		{ "{" USER
		  ",\"tools\":[{\"googleSearch\":{}}],\"toolConfig\":{\"functionCallingConfig\":{"
		  "\"mode\":\"ANY\"}}}",
		  "cannot toolConfig.functionCallingConfig.mode: leaves only tools of the provider's "
		  "own" },
		{ "{" USER ",\"toolConfig\":{\"functionCallingConfig\":{\"mode\":\"ANY\"}}}",
		  "bad toolConfig.functionCallingConfig.mode: there are no functions" },
		{ "{" USER ",\"toolConfig\":{\"functionCallingConfig\":{\"mode\":\"SOME\"}}}",
		  "bad toolConfig.functionCallingConfig.mode: no such mode" },
		{ "{" USER
		  ",\"toolConfig\":{\"functionCallingConfig\":{\"allowedFunctionNames\":[1]}}}",
		  "bad toolConfig.functionCallingConfig.allowedFunctionNames[0]: must be a string" },
		{ "{" USER ",\"tools\":[{\"functionDeclarations\":[{}]}]}",
		  "bad tools[0].functionDeclarations[0].name: is missing" },
		{ "{" USER ",\"tools\":[{\"functionDeclarations\":[{\"name\":\"\"}]}]}",
		  "bad tools[0].functionDeclarations[0].name: must not be empty" },
	};
	struct text told = { 0 };
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		request_told(W, cases[i].body, "m", false, false, &told);
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
		text_of("first"),
		{ CALL_TOOL_CALL, .id = CALL_STRING("i"), .name = CALL_STRING("f") },
		{ CALL_TOOL_CALL, .id = CALL_STRING("j"), .name = CALL_STRING("g") },
		text_of("aside"),
		{ CALL_TOOL_RESULT, .id = CALL_STRING("j"), .parts = said, .part_count = 2 },
		text_of(""),
	};
	struct call_turn turns[] = {
		{ CALL_SYSTEM, &said[0], 1 }, { CALL_ASSISTANT, &said[1], 1 },
		{ CALL_USER, &said[6], 1 },   { CALL_ASSISTANT, &said[2], 2 },
		{ CALL_SYSTEM, &said[4], 1 }, { CALL_USER, &said[5], 1 },
	};
	struct call_request r = { .model = CALL_STRING("gemini-2.5-pro"),
				  .turns = turns,
				  .turn_count = 6,
				  .effort = CALL_STRING("medium") };
	struct text out = { 0 };

	REQUIRE(W->request_encode(&r, &out, NULL) == 0);
	CHECK_STR(
		text_ended(&out),
		"{\"systemInstruction\":{\"parts\":[{\"text\":\"rules\"}]},\"contents\":["
		"{\"role\":\"user\",\"parts\":[{\"text\":\".\"}]},"
		"{\"role\":\"model\",\"parts\":[{\"text\":\"first\"},"
		"{\"functionCall\":{\"id\":\"i\",\"name\":\"f\",\"args\":{}}},"
		"{\"functionCall\":{\"id\":\"j\",\"name\":\"g\",\"args\":{}}}]},"
		"{\"role\":\"user\",\"parts\":[{\"functionResponse\":{\"id\":\"j\",\"name\":\"g\","
		"\"response\":{\"output\":\"rules\\nfirst\"}}},"
		"{\"text\":\"<system>\\naside\\n</system>\"}]}],"
		"\"generationConfig\":{\"thinkingConfig\":{\"includeThoughts\":true,"
		"\"thinkingBudget\":8192}}}");
	text_release(&out);
	r.model = CALL_STRING("gemini-3-pro-preview");
	REQUIRE(W->request_encode(&r, &out, NULL) == 0);
	CHECK(strstr(text_ended(&out),
		     "{\"functionCall\":{\"id\":\"i\",\"name\":\"f\",\"args\":{}},"
		     "\"thoughtSignature\":\"skip_thought_signature_validator\"},"
		     "{\"functionCall\":{\"id\":\"j\",\"name\":\"g\",\"args\":{}}}]"));
	CHECK(strstr(out.bytes, "\"thinkingLevel\":\"MEDIUM\""));
	text_release(&out);
}

static void an_image_at_an_address_gets_a_type(void)
{
	static const struct {
		const char *url, *type;
	} cases[] = {
		{ "https://a/b.PNG?x=1.gif", "image/png" },
		{ "https://a/b.webp#x", "image/webp" },
		{ "https://a/b", "image/jpeg" },
		{ ".gif", "image/jpeg" },
	};
	char expected[128];
	struct text out = { 0 };
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct call_part part = { CALL_IMAGE,
					  .url = { cases[i].url, strlen(cases[i].url) } };
		struct call_turn turn = { CALL_USER, &part, 1 };
		const struct call_request r = { .turns = &turn, .turn_count = 1 };

		CHECK_INT(W->request_encode(&r, &out, NULL), 0);
		snprintf(expected, sizeof(expected),
			 "{\"fileData\":{\"mimeType\":\"%s\",\"fileUri\":\"%s\"}}", cases[i].type,
			 cases[i].url);
		CHECK_MSG(strstr(text_ended(&out), expected), "%s", out.bytes);
		text_release(&out);
	}
}

static void what_this_wire_cannot_say_is_refused(void)
{
	static struct call_string stops[6];
	static struct call_part lost = { CALL_TOOL_RESULT, .id = CALL_STRING("i") },
				broken = { CALL_TOOL_CALL, .name = CALL_STRING("w"),
					   .text = CALL_STRING("[]") },
				picture = { CALL_IMAGE, .data = CALL_STRING("AAAA") };
	static struct call_turn answer = { CALL_USER, &lost, 1 },
				half = { CALL_ASSISTANT, &broken, 1 },
				shown = { CALL_USER, &picture, 1 },
				drawn = { CALL_ASSISTANT, &picture, 1 };
	static const struct {
		struct call_request r;
		int err;
		const char *fault;
	} cases[] = {
		{ { .stops = stops, .stop_count = 6 },
		  -EOPNOTSUPP,
		  "stops: this provider takes 5" },
		{ { .choice = CALL_CHOICE_NAMED },
		  -EOPNOTSUPP,
		  "a call of a tool is forced, and there is none" },
		{ { .turns = &answer, .turn_count = 1 },
		  -EOPNOTSUPP,
		  "a result of a tool answers no call: i" },
		{ { .turns = &half, .turn_count = 1 },
		  -EBADMSG,
		  "the arguments of a call of w are no JSON object" },
		{ { .turns = &shown, .turn_count = 1 },
		  -EOPNOTSUPP,
		  "a file needs an address, or data of a type" },
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

#define ANSWER(parts, reason)                                                         \
	"{\"candidates\":[{\"content\":{\"parts\":[" parts                            \
	"],\"role\":\"model\"},\"finishReason\":\"" reason                            \
	"\",\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":10,"                \
	"\"candidatesTokenCount\":5,\"totalTokenCount\":22,\"thoughtsTokenCount\":7," \
	"\"cachedContentTokenCount\":4},\"modelVersion\":\"g\",\"responseId\":\"r+1\"}"
#define COUNTED " usage=10+12 read=4 reasoned=7"

static void answers_are_read_and_read_back(void)
{
	static const struct {
		const char *body, *told;
	} cases[] = {
		{ ANSWER("{\"text\":\"hi\"}", "STOP"),
		  " id=r+1 model=g stop=end" COUNTED " [text text=hi]" },
		{ ANSWER("{\"text\":\"hm\",\"thought\":true},{\"functionCall\":{\"name\":\"f\",\"args\":{\"a\":1}},"
			 "\"thoughtSignature\":\"S\"},{\"functionCall\":{\"name\":\"g\"}}",
			 "STOP"),
		  " id=r+1 model=g stop=tools" COUNTED " [reasoning text=hm sealed=S] "
		  "[call id=call_r_1_0 name=f text={\"a\":1}] [call id=call_r_1_1 name=g text={}]" },
		{ ANSWER("{\"text\":\"h\"},{\"text\":\"\",\"thoughtSignature\":\"S\"}",
			 "MAX_TOKENS"),
		  " id=r+1 model=g stop=length" COUNTED " [text text=h] [reasoning sealed=S]" },
		{ ANSWER("", "PROHIBITED_CONTENT"), " id=r+1 model=g stop=filter" COUNTED },
		{ "{\"promptFeedback\":{\"blockReason\":\"SAFETY\"},\"usageMetadata\":{\"promptTokenCount\":3},"
		  "\"modelVersion\":\"g\"}",
		  " model=g stop=filter usage=3+0" },
		{ "{\"usageMetadata\":{}}", "bad candidates: is missing" },
		{ "{\"candidates\":[]}", "bad candidates: there are none" },
		{ "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":1}]}}]}",
		  "bad candidates[0].content.parts[0].text: must be a string" },
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
	struct call_part parts[] = { { CALL_REASONING, .sealed = CALL_STRING("S") },
				     text_of("hi") };
	const struct call_answer answer = {
		.id = CALL_STRING("x"),
		.model = CALL_STRING("g"),
		.parts = parts,
		.part_count = 2,
		.stop = CALL_STOP_SEQUENCE,
		.usage = { .input = 10, .cache_read = 4, .output = 5, .reasoning = 3 }
	};
	struct text out = { 0 };

	REQUIRE(W->answer_encode(&answer, &out, NULL) == 0);
	CHECK_STR(
		text_ended(&out),
		"{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"hi\",\"thoughtSignature\":\"S\"}],"
		"\"role\":\"model\"},\"finishReason\":\"STOP\",\"index\":0}],\"usageMetadata\":{"
		"\"promptTokenCount\":10,\"candidatesTokenCount\":2,\"totalTokenCount\":15,"
		"\"thoughtsTokenCount\":3,\"cachedContentTokenCount\":4},\"modelVersion\":\"g\","
		"\"responseId\":\"x\"}");
	text_release(&out);
}

static void errors_are_read(void)
{
	static const struct {
		int status;
		const char *body;
		enum call_error_kind kind;
		int told_status;
		const char *message, *code;
	} cases[] = {
		{ 429,
		  "{\"error\":{\"code\":429,\"message\":\"a\\nb\",\"status\":\"RESOURCE_EXHAUSTED\",\"details\":["
		  "{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"3s\"},"
		  "{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":\"RATE_LIMIT_EXCEEDED\"}]}}",
		  CALL_ERROR_RATE_LIMIT, 429, "a b", "rate_limit_exceeded" },
		{ 400,
		  "{\"error\":{\"code\":400,\"message\":\"k\",\"status\":\"INVALID_ARGUMENT\",\"details\":["
		  "{\"reason\":\"API_KEY_INVALID\"}]}}",
		  CALL_ERROR_AUTHENTICATION, 400, "k", "api_key_invalid" },
		{ 503,
		  "[{\"error\":{\"code\":503,\"message\":\"busy\",\"status\":\"UNAVAILABLE\"}}]",
		  CALL_ERROR_UNAVAILABLE, 503, "busy", NULL },
		{ 0, "{\"error\":{\"code\":504,\"message\":\"late\"}}", CALL_ERROR_TIMEOUT, 504,
		  "late", NULL },
		{ 0, "{\"error\":{\"message\":\"no\",\"status\":\"PERMISSION_DENIED\"}}",
		  CALL_ERROR_PERMISSION, 0, "no", NULL },
		{ 404, "<html>", CALL_ERROR_NOT_FOUND, 404, "the provider answered with status 404",
		  NULL },
		{ 500, "{\"error\":{\"message\":\"x\",\"details\":7}}", CALL_ERROR_API, 500, "x",
		  NULL },
	};
	struct call_error error;
	struct arena a = { 0 };
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CHECK_INT(W->error_decode(&a, cases[i].status, cases[i].body, strlen(cases[i].body),
					  &error),
			  0);
		CHECK_INT(error.kind, cases[i].kind);
		CHECK_INT(error.status, cases[i].told_status);
		CHECK_STR(error.message.at, cases[i].message);
		if (cases[i].code)
			CHECK_STR(error.code.at, cases[i].code);
		else
			CHECK(!error.code.at);
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
	error = (struct call_error){ .kind = CALL_ERROR_RATE_LIMIT,
				     .message = CALL_STRING("m"),
				     .code = CALL_STRING("a\nb") };
	CHECK_INT(W->error_encode(&error, &out), 0);
	CHECK_STR(
		text_ended(&out),
		"{\"error\":{\"code\":429,\"message\":\"m\",\"status\":\"RESOURCE_EXHAUSTED\",\"details\":["
		"{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":\"A\\nB\","
		"\"domain\":\"agentos\"}]}}");
	text_release(&out);
}

#define PIECE(parts)                                                                              \
	"{\"candidates\":[{\"content\":{\"parts\":[" parts "],\"role\":\"model\"},\"index\":0}]," \
	"\"usageMetadata\":{\"promptTokenCount\":3,\"candidatesTokenCount\":1},"                  \
	"\"modelVersion\":\"g\",\"responseId\":\"r\"}"
#define LAST(parts, reason)                                                           \
	"{\"candidates\":[{\"content\":{\"parts\":[" parts                            \
	"],\"role\":\"model\"},\"finishReason\":\"" reason                            \
	"\"}],\"usageMetadata\":{\"promptTokenCount\":3,\"candidatesTokenCount\":9}," \
	"\"modelVersion\":\"g\",\"responseId\":\"r\"}"
#define BEGUN "begin id=r model=g usage=3+1\n"

static const struct {
	const char *what, *frames[8], *told;
} streams[] = {
	{ "text",
	  { PIECE("{\"text\":\"he\"}"), PIECE("{\"text\":\"l\"},{\"text\":\"lo\"}"),
	    LAST("{\"text\":\"\"}", "STOP") },
	  BEGUN "text text=he\ntext text=l\ntext text=lo\nend\nstop end usage=3+9\n" },
	{ "thoughts, then calls",
	  { PIECE("{\"text\":\"hm\",\"thought\":true}"),
	    PIECE("{\"functionCall\":{\"name\":\"f\",\"args\":{\"a\":1}},\"thoughtSignature\":\"S\"}"),
	    PIECE("{\"functionCall\":{\"name\":\"f\",\"args\":{}}}"), LAST("", "STOP") },
	  BEGUN "reasoning text=hm\nreasoning sealed=S\nend\ntool id=call_r_0 name=f\n"
		"arguments text={\"a\":1}\nend\ntool id=call_r_1 name=f\narguments text={}\nend\n"
		"stop tools usage=3+9\n" },
	{ "a signature on text, and one behind it",
	  { PIECE("{\"text\":\"a\",\"thoughtSignature\":\"S\"}"),
	    PIECE("{\"text\":\"b\",\"thoughtSignature\":\"T\"}"),
	    LAST("{\"text\":\"c\"}", "STOP") },
	  BEGUN "reasoning sealed=S\nend\ntext text=a\ntext text=b\nend\nreasoning sealed=T\nend\n"
		"text text=c\nend\nstop end usage=3+9\n" },
	{ "counts behind the end",
	  { PIECE("{\"text\":\"a\"}"), LAST("", "MAX_TOKENS"),
	    "{\"usageMetadata\":{\"promptTokenCount\":3,\"candidatesTokenCount\":20}}" },
	  BEGUN "text text=a\nend\nstop length usage=3+20\n" },
	{ "a prompt that was blocked",
	  { "{\"promptFeedback\":{\"blockReason\":\"SAFETY\"},\"usageMetadata\":{\"promptTokenCount\":3},"
	    "\"modelVersion\":\"g\"}" },
	  "begin model=g usage=3+0\nstop filter usage=3+0\n" },
	{ "an error",
	  { PIECE("{\"text\":\"a\"}"),
	    "{\"error\":{\"code\":503,\"message\":\"busy\",\"status\":\"UNAVAILABLE\"}}",
	    LAST("", "STOP") },
	  BEGUN "text text=a\nerror kind=8 status=503 message=busy\n" },
	{ "half of it",
	  { PIECE("{\"text\":\"a\"}") },
	  BEGUN "text text=a\nbad the stream ended before the answer did\n" },
	{ "what is not known",
	  { PIECE("{\"executableCode\":{\"code\":\"1\"}},{\"new\":1}"), LAST("", "NEW") },
	  BEGUN "stop end usage=3+9\n" },
	{ "another type",
	  { PIECE("{\"text\":1}") },
	  BEGUN "bad candidates[0].content.parts[0].text: must be a string\n" },
};

static void streams_are_read(void)
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

#define SENT(parts) \
	"data: {\"candidates\":[{\"content\":{\"parts\":[" parts "],\"role\":\"model\"},"
#define NAMED "\"index\":0}],\"modelVersion\":\"g\",\"responseId\":\"x\"}\n\n"

static void a_stream_is_written_as_clients_expect_it(void)
{
	static const struct call_event events[] = {
		{ .kind = CALL_BEGIN, .id = CALL_STRING("x"), .model = CALL_STRING("g") },
		{ .kind = CALL_PING },
		{ .kind = CALL_REASONING_MORE, .text = CALL_STRING("hm") },
		{ .kind = CALL_REASONING_MORE, .sealed = CALL_STRING("S") },
		{ .kind = CALL_PART_END },
		{ .kind = CALL_TEXT_MORE, .text = CALL_STRING("a\n") },
		{ .kind = CALL_TEXT_MORE, .text = CALL_STRING("b") },
		{ .kind = CALL_PART_END },
		{ .kind = CALL_TOOL_BEGIN, .id = CALL_STRING("i"), .name = CALL_STRING("f") },
		{ .kind = CALL_TOOL_MORE, .text = CALL_STRING("{\"a\":\n") },
		{ .kind = CALL_TOOL_MORE, .text = CALL_STRING(" 1}") },
		{ .kind = CALL_PART_END },
		{ .kind = CALL_REASONING_MORE, .sealed = CALL_STRING("T") },
		{ .kind = CALL_PART_END },
		{ .kind = CALL_STOP,
		  .stop = CALL_STOP_TOOLS,
		  .usage = { .input = 9, .output = 4, .given = true } },
		{ .kind = CALL_TEXT_MORE, .text = CALL_STRING("late") },
	};
	struct text out = { 0 };

	events_encoded(W, events, sizeof(events) / sizeof(events[0]), &out);
	CHECK_STR(
		text_ended(&out),
		SENT("{\"text\":\"hm\",\"thought\":true}") NAMED SENT(
			"{\"text\":\"a\\n\",\"thoughtSignature\":\"S\"}")
			NAMED SENT("{\"text\":\"b\"}") NAMED SENT(
				"{\"functionCall\":{\"id\":\"i\",\"name\":\"f\",\"args\":{\"a\":1}}}") NAMED
				SENT("{\"text\":\"\",\"thoughtSignature\":\"T\"}") "\"finishReason\":\"STOP\",\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":9,"
										   "\"candidatesTokenCount\":4,\"totalTokenCount\":13},\"modelVersion\":\"g\","
										   "\"responseId\":\"x\"}\n\n");
	text_release(&out);
}

static void usage_is_in_each_frame_as_far_as_it_is_known(void)
{
	static const struct call_event events[] = {
		{ .kind = CALL_BEGIN,
		  .id = CALL_STRING("x"),
		  .model = CALL_STRING("g"),
		  .usage = { .input = 9, .given = true } },
		{ .kind = CALL_TEXT_MORE, .text = CALL_STRING("a") },
	};
	struct text out = { 0 };

	events_encoded(W, events, sizeof(events) / sizeof(events[0]), &out);
	CHECK_STR(
		text_ended(&out),
		SENT("{\"text\":\"a\"}") "\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":9,"
					 "\"candidatesTokenCount\":0,\"totalTokenCount\":9},"
					 "\"modelVersion\":\"g\",\"responseId\":\"x\"}\n\n");
	text_release(&out);
}

static void seals_of_two_thoughts_stay_apart(void)
{
	static const struct call_event events[] = {
		{ .kind = CALL_BEGIN, .id = CALL_STRING("x"), .model = CALL_STRING("g") },
		{ .kind = CALL_REASONING_MORE,
		  .text = CALL_STRING("a"),
		  .sealed = CALL_STRING("A") },
		{ .kind = CALL_PART_END },
		{ .kind = CALL_REASONING_MORE, .text = CALL_STRING("b") },
		{ .kind = CALL_REASONING_MORE, .sealed = CALL_STRING("B") },
		{ .kind = CALL_PART_END },
		{ .kind = CALL_REASONING_MORE, .sealed = CALL_STRING("C") },
		{ .kind = CALL_PART_END },
		{ .kind = CALL_TEXT_MORE, .text = CALL_STRING("so") },
		{ .kind = CALL_PART_END },
	};
	struct text out = { 0 };

	events_encoded(W, events, sizeof(events) / sizeof(events[0]), &out);
	CHECK_STR(text_ended(&out),
		  SENT("{\"text\":\"a\",\"thought\":true}") NAMED SENT(
			  "{\"text\":\"\",\"thoughtSignature\":\"A\"}")
			  NAMED SENT("{\"text\":\"b\",\"thought\":true}") NAMED SENT(
				  "{\"text\":\"\",\"thoughtSignature\":\"B\"}")
				  NAMED SENT("{\"text\":\"so\",\"thoughtSignature\":\"C\"}") NAMED);
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
	CHECK_STR(text_ended(&out), "data: {\"error\":{\"code\":529,\"message\":\"busy\","
				    "\"status\":\"UNAVAILABLE\"}}\n\n");
	text_release(&out);
}

static void arguments_that_are_no_object_end_a_stream(void)
{
	static const struct call_event events[] = {
		{ .kind = CALL_BEGIN },
		{ .kind = CALL_TOOL_BEGIN, .name = CALL_STRING("f") },
		{ .kind = CALL_TOOL_MORE, .text = CALL_STRING("{\"a\":") },
		{ .kind = CALL_PART_END },
	};
	struct wire_encoder *e = W->encoder_create(&(struct call_request){ 0 });
	struct text out = { 0 };
	int i, err = 0;

	REQUIRE(e);
	for (i = 0; i < 4 && !err; i++)
		err = W->encoder_event(e, &events[i], &out);
	CHECK_INT(i, 4);
	CHECK_INT(err, -EBADMSG);
	CHECK_INT(out.len, 0);
	W->encoder_free(e);
	text_release(&out);
}

static const struct tap_test tests[] = {
	TEST(requests_are_read),
	TEST(what_is_written_reads_back),
	TEST(the_url_says_which_model_and_whether_it_streams),
	TEST(a_request_that_is_none_is_refused_by_its_member),
	TEST(turns_become_what_the_wire_takes),
	TEST(an_image_at_an_address_gets_a_type),
	TEST(what_this_wire_cannot_say_is_refused),
	TEST(answers_are_read_and_read_back),
	TEST(an_answer_has_what_sdks_look_at),
	TEST(errors_are_read),
	TEST(every_error_reads_back_as_itself),
	TEST(streams_are_read),
	TEST(a_stream_is_written_as_clients_expect_it),
	TEST(usage_is_in_each_frame_as_far_as_it_is_known),
	TEST(seals_of_two_thoughts_stay_apart),
	TEST(an_error_ends_a_stream),
	TEST(arguments_that_are_no_object_end_a_stream),
};
TAP_MAIN(tests)
