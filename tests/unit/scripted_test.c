// SPDX-License-Identifier: GPL-2.0-or-later
/* agentos-scripted, run: each wire whole and streamed, tools, errors, cuts, and connections of all kinds. */
#include <netinet/tcp.h>

#include "scripted_rig.h"
#include "wire_rig.h"

static const char rules[] =
	"rule hello\n"
	"\tcontains=hello\n"
	"\tturns=1\n"
	"\ttext=I am a script \xe2\x80\x94 no model. You said: ${user}\n"
	"\ttext=To ${model}.\n"
	"\tpiece=7\n"
	"rule tool\n"
	"\tcontains=look\n"
	"\ttool-result=no\n"
	"\ttext=I look.\n"
	"\ttool=read_file\n"
	"\targuments={\"path\": \"README.md\"}\n"
	"\ttool=list\n"
	"\tinput-tokens=1000\n"
	"\toutput-tokens=77\n"
	"rule saw\n"
	"\ttool-result=yes\n"
	"\ttext=It says: ${result}\n"
	"rule busy\n"
	"\tcontains=busy\n"
	"\tstatus=429\n"
	"\tmessage=slow down\n"
	"\tretry-after=3\n"
	"\ttimes=1\n"
	"rule down\n"
	"\tcontains=down\n"
	"\tstatus=529\n"
	"rule cut\n"
	"\tcontains=cut\n"
	"\ttext=abcdefghijklmnopqrstuvwxyz\n"
	"\tpiece=2\n"
	"\tcut=3\n"
	"rule slow\n"
	"\tcontains=slow\n"
	"\tdelay-ms=20\n"
	"\tstream-ms=1\n"
	"\ttext=one two three\n"
	"\tpiece=4\n"
	"\tstop=length\n"
	"rule long\n"
	"\tcontains=long\n"
	"\ttext=${user}\n"
	"\tpiece=1\n";

static struct scripted server;

/* How each wire is asked: %s is what the user says. */
static const struct asking {
	const char *wire, *whole, *streamed, *body, *body_streamed;
} askings[] = {
	{ "openai-chat", "/v1/chat/completions", "/deep/prefix/v1/chat/completions",
	  "{\"model\":\"m-1\",\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}]}",
	  "{\"model\":\"m-1\",\"stream\":true,\"stream_options\":{\"include_usage\":true},"
	  "\"messages\":[{\"role\":\"system\",\"content\":\"hello cut\"},"
	  "{\"role\":\"user\",\"content\":\"%s\"}]}" },
	{ "openai-responses", "/v1/responses", "/v1/responses?x=y",
	  "{\"model\":\"m-1\",\"input\":\"%s\"}",
	  "{\"model\":\"m-1\",\"stream\":true,\"input\":[{\"role\":\"user\",\"content\":\"%s\"}]}" },
	{ "anthropic", "/v1/messages?beta=true", "/anthropic/v1/messages",
	  "{\"model\":\"m-1\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}]}",
	  "{\"model\":\"m-1\",\"max_tokens\":9,\"stream\":true,\"messages\":[{\"role\":\"user\","
	  "\"content\":[{\"type\":\"text\",\"text\":\"%s\"}]}]}" },
	{ "gemini", "/v1beta/models/m%2D1:generateContent",
	  "/v1/models/m-1:streamGenerateContent?key=k&alt=sse",
	  "{\"contents\":[{\"parts\":[{\"text\":\"%s\"}]}]}",
	  "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"%s\"}]}]}" },
};

#define WIRES (sizeof(askings) / sizeof(askings[0]))

static bool say(const struct asking *a, bool streamed, const char *words, struct reply *ret)
{
	char body[1024];

	snprintf(body, sizeof(body), streamed ? a->body_streamed : a->body, words);
	return scripted_ask(&server, streamed ? a->streamed : a->whole, body, ret);
}

/* An answer as a wire's decoder reads it. */
static void answer_show(const struct asking *a, const struct reply *r, struct text *shown)
{
	struct wire_fault fault = { "" };
	struct call_answer answer;
	struct arena arena = { 0 };

	memset(&answer, 0, sizeof(answer));
	if (wire_named(a->wire)->answer_decode(
		    &arena, r->bytes.bytes + r->at, r->len, &answer, &fault))
		text_string(shown, fault.text);
	else
		show_answer(shown, &answer);
	arena_release(&arena);
}

/* What a stream's events say, put together: parts as they grow, and the end. */
struct heard {
	struct text all;
	bool in_call;
};

static int hear(const struct call_event *e, void *cookie)
{
	struct heard *h = cookie;

	switch (e->kind) {
	case CALL_BEGIN:
		show_string(&h->all, "model", e->model);
		text_string(&h->all, " (");
		break;
	case CALL_TOOL_BEGIN:
		h->in_call = true;
		show_string(&h->all, "name", e->name);
		text_string(&h->all, " ");
		break;
	case CALL_TEXT_MORE:
	case CALL_TOOL_MORE:
		text_put(&h->all, e->text.at, e->text.len);
		break;
	case CALL_PART_END:
		text_string(&h->all, ") (");
		break;
	case CALL_STOP:
		text_printf(&h->all, "stop=%s", show_stop(e->stop));
		show_usage(&h->all, &e->usage);
		break;
	default:
		text_printf(&h->all, "[%d]", e->kind);
		break;
	}
	return 0;
}

/* 0, or why the stream is none. */
static int stream_hear(const struct asking *a, const struct reply *r, struct text *ret_heard)
{
	const struct wire *w = wire_named(a->wire);
	struct heard h = { 0 };
	struct wire_decoder *d = w->decoder_create(hear, &h);
	const char *at = r->bytes.bytes + r->at, *end = at + r->len;
	struct wire_fault fault;
	struct wire_frame frame;
	int err = 0;

	while (!err && (at = frame_next(at, end, &frame)))
		err = w->decoder_frame(d, &frame, &fault);
	if (!err)
		err = w->decoder_finish(d, &fault);
	w->decoder_free(d);
	*ret_heard = h.all;
	return err;
}

static void each_wire_gets_a_whole_answer(void)
{
	struct text shown = { 0 };
	struct reply r;
	size_t i;

	for (i = 0; i < WIRES; i++) {
		REQUIRE(say(&askings[i], false, "hello", &r));
		CHECK_INT(r.status, 200);
		CHECK_STR(r.type, "application/json");
		CHECK(r.whole && r.keep_alive);
		answer_show(&askings[i], &r, &shown);
		CHECK_STR(shown_string(&shown),
			  " id=\"scripted-1\" model=\"m-1\" created=0 (text text=\"I am a script "
			  "\xe2\x80\x94 no model. You said: hello\\nTo m-1.\") stop=end "
			  "usage=2+13/0,0,0");
		text_release(&shown);
		text_release(&r.bytes);
	}
}

static void each_wire_gets_the_same_in_pieces(void)
{
	struct text heard;
	struct reply r;
	size_t i;

	for (i = 0; i < WIRES; i++) {
		REQUIRE(say(&askings[i], true, "hello", &r));
		CHECK_INT(r.status, 200);
		CHECK_STR(r.type, "text/event-stream");
		CHECK(r.whole && r.keep_alive);
		CHECK(reply_has(&r, "\"I am a \"") && reply_has(&r, "\"\xe2\x80\x94 no mo\""));
		CHECK_INT(stream_hear(&askings[i], &r, &heard), 0);
		/* The system's turn is of the prompt as well. */
		CHECK_STR(
			shown_string(&heard),
			i ? " model=\"m-1\" (I am a script \xe2\x80\x94 no model. You said: hello\n"
			    "To m-1.) (stop=end usage=2+13/0,0,0" :
			    " model=\"m-1\" (I am a script \xe2\x80\x94 no model. You said: hello\n"
			    "To m-1.) (stop=end usage=4+13/0,0,0");
		text_release(&heard);
		text_release(&r.bytes);
	}
}

static void tools_are_called_in_each_wire(void)
{
	static const char ending[] =
		"(I look.) ( name=\"read_file\" {\"path\": \"README.md\"}) ( name=\"list\" {}) "
		"(stop=tools usage=1000+77/0,0,0";
	struct text shown = { 0 }, heard;
	struct reply r;
	size_t i;

	for (i = 0; i < WIRES; i++) {
		REQUIRE(say(&askings[i], false, "look", &r));
		answer_show(&askings[i], &r, &shown);
		CHECK_MSG(strstr(shown_string(&shown), "(text text=\"I look.\")(tool-call id="),
			  "%s", shown.bytes);
		CHECK(strstr(shown.bytes, "name=\"list\" text=\"{}\") stop=tools usage=1000+77"));
		text_release(&shown);
		text_release(&r.bytes);
		REQUIRE(say(&askings[i], true, "look", &r));
		CHECK_INT(stream_hear(&askings[i], &r, &heard), 0);
		/* Gemini's arguments are written anew. */
		if (strcmp(askings[i].wire, "gemini") != 0)
			CHECK_MSG(strstr(shown_string(&heard), ending), "%s", heard.bytes);
		else
			CHECK_MSG(strstr(shown_string(&heard), "README.md") &&
					  strstr(heard.bytes, "stop=tools usage=1000+77"),
				  "%s", heard.bytes);
		text_release(&heard);
		text_release(&r.bytes);
	}
}

static void results_of_tools_are_seen_in_each_wire(void)
{
	static const char *const bodies[WIRES] = {
		"{\"model\":\"m-1\",\"messages\":[{\"role\":\"user\",\"content\":\"look\"},{\"role\":"
		"\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"call_1_1\",\"type\":"
		"\"function\",\"function\":{\"name\":\"read_file\",\"arguments\":\"{}\"}}]},"
		"{\"role\":\"tool\",\"tool_call_id\":\"call_1_1\",\"content\":\"look, # AgentOS\"}]}",
		"{\"model\":\"m-1\",\"input\":[{\"role\":\"user\",\"content\":\"look\"},{\"type\":"
		"\"function_call\",\"call_id\":\"call_1_1\",\"name\":\"read_file\",\"arguments\":\"{}\"},"
		"{\"type\":\"function_call_output\",\"call_id\":\"call_1_1\",\"output\":"
		"\"look, # AgentOS\"}]}",
		"{\"model\":\"m-1\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":"
		"\"look\"},{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":"
		"\"call_1_1\",\"name\":\"read_file\",\"input\":{}}]},{\"role\":\"user\",\"content\":["
		"{\"type\":\"tool_result\",\"tool_use_id\":\"call_1_1\",\"content\":"
		"\"look, # AgentOS\"}]}]}",
		"{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"look\"}]},{\"role\":\"model\","
		"\"parts\":[{\"functionCall\":{\"name\":\"read_file\",\"args\":{}}}]},{\"role\":\"user\","
		"\"parts\":[{\"functionResponse\":{\"name\":\"read_file\",\"response\":{\"result\":"
		"\"look, # AgentOS\"}}}]}]}",
	};
	struct reply r;
	size_t i;

	for (i = 0; i < WIRES; i++) {
		REQUIRE(scripted_ask(&server, askings[i].whole, bodies[i], &r));
		CHECK_INT(r.status, 200);
		CHECK_MSG(reply_has(&r, "It says: ") && reply_has(&r, "look, # AgentOS") &&
				  reply_has(&r, "scripted-3"),
			  "%.*s", (int)r.len, r.bytes.bytes + r.at);
		text_release(&r.bytes);
	}
}

static void errors_are_in_the_wires_own_words(void)
{
	static const struct {
		const char *busy, *down;
	} words[WIRES] = {
		{ "{\"error\":{\"message\":\"slow down\",\"type\":\"rate_limit_error\"",
		  "\"message\":\"agentos-scripted: a rule says so\"" },
		{ "{\"error\":{\"message\":\"slow down\"", "agentos-scripted: a rule says so" },
		{ "{\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":"
		  "\"slow down\"}",
		  "\"type\":\"overloaded_error\"" },
		{ "\"status\":\"RESOURCE_EXHAUSTED\"", "\"code\":529" },
	};
	struct scripted kept = server, own;
	struct reply r;
	size_t i;

	for (i = 0; i < WIRES; i++) {
		REQUIRE(scripted_start(rules, &own));
		server = own;
		REQUIRE(say(&askings[i], i % 2, "busy", &r));
		CHECK_INT(r.status, 429);
		CHECK_STR(r.type, "application/json");
		CHECK_STR(r.retry, "3");
		CHECK_MSG(reply_has(&r, words[i].busy), "%.*s", (int)r.len, r.bytes.bytes + r.at);
		text_release(&r.bytes);
		/* Only the first time. */
		REQUIRE(say(&askings[i], false, "busy", &r));
		CHECK_INT(r.status, 200);
		CHECK(reply_has(&r, "I am agentos-scripted: a script, and no model."));
		text_release(&r.bytes);
		REQUIRE(say(&askings[i], false, "down", &r));
		CHECK_INT(r.status, 529);
		CHECK_STR(r.retry, "");
		CHECK_MSG(reply_has(&r, words[i].down), "%.*s", (int)r.len, r.bytes.bytes + r.at);
		text_release(&r.bytes);
		CHECK_INT(scripted_stop(&own), 0);
		server = kept;
	}
}

static void a_cut_stream_has_no_end(void)
{
	struct text heard;
	struct reply r;
	size_t i, k, frames;

	for (i = 0; i < WIRES; i++) {
		REQUIRE(say(&askings[i], true, "cut", &r));
		CHECK_INT(r.status, 200);
		CHECK(!r.whole && r.keep_alive);
		for (frames = 0, k = r.at + 1; k < r.at + r.len; k++)
			frames += r.bytes.bytes[k] == '\n' && r.bytes.bytes[k - 1] == '\n';
		CHECK_INT(frames, 3);
		CHECK_INT(stream_hear(&askings[i], &r, &heard), -EBADMSG);
		text_release(&heard);
		text_release(&r.bytes);
		REQUIRE(say(&askings[i], false, "cut", &r));
		CHECK(!r.whole && r.len);
		text_release(&r.bytes);
	}
}

static void pauses_change_nothing_of_what_is_said(void)
{
	struct text heard;
	struct reply r;
	size_t i;

	for (i = 0; i < WIRES; i++) {
		REQUIRE(say(&askings[i], true, "slow", &r));
		CHECK(r.whole);
		CHECK_INT(stream_hear(&askings[i], &r, &heard), 0);
		CHECK_MSG(strstr(shown_string(&heard), "(one two three) (stop=length"), "%s",
			  heard.bytes);
		text_release(&heard);
		text_release(&r.bytes);
	}
}

static void a_connection_takes_requests_one_behind_the_other(void)
{
	struct text sent = { 0 }, rest = { 0 };
	int fd = scripted_connect(&server);
	struct reply r;
	size_t i;

	REQUIRE(fd >= 0);
	for (i = 0; i < 3; i++) {
		/* All at once: a stream, a whole answer, an error of the request, a list. */
		request_put(&sent, "/v1/chat/completions",
			    "{\"model\":\"a\",\"stream\":true,\"messages\":[{\"role\":\"user\","
			    "\"content\":\"slow\"}]}");
		request_put(&sent, "/v1/responses", "{\"model\":\"b\",\"input\":\"hello\"}");
		request_put(&sent, "/v1/messages", "{}");
		text_string(&sent, "GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n");
		text_string(&sent, "POST /v1/responses HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
				   "chunked\r\n\r\n8\r\n{\"model\"\r\n19\r\n:\"c\",\"input\":"
				   "\"hello you\"}\r\n0\r\n\r\n");
		REQUIRE(scripted_send(fd, sent.bytes, sent.len));
		text_release(&sent);
		REQUIRE(reply_read(fd, &rest, &r));
		CHECK(r.status == 200 && r.whole && reply_has(&r, "data: [DONE]"));
		text_release(&r.bytes);
		REQUIRE(reply_read(fd, &rest, &r));
		CHECK(r.status == 200 && reply_has(&r, "To b."));
		text_release(&r.bytes);
		REQUIRE(reply_read(fd, &rest, &r));
		CHECK(r.status == 400 && reply_has(&r, "invalid_request_error"));
		text_release(&r.bytes);
		REQUIRE(reply_read(fd, &rest, &r));
		CHECK(r.status == 200 && reply_has(&r, "\"id\":\"scripted\""));
		text_release(&r.bytes);
		REQUIRE(reply_read(fd, &rest, &r));
		CHECK_MSG(r.status == 200 && reply_has(&r, "You said: hello you"), "%.*s",
			  (int)r.len, r.bytes.bytes + r.at);
		text_release(&r.bytes);
	}
	text_release(&rest);
	close(fd);
}

static void requests_may_come_byte_by_byte(void)
{
	struct text sent = { 0 }, rest = { 0 };
	int fd = scripted_connect(&server);
	const int on = 1;
	struct reply r;
	size_t i;

	REQUIRE(fd >= 0 && !setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)));
	request_put(&sent, "/v1/responses", "{\"model\":\"b\",\"input\":\"hello\"}");
	/* Whose head is shorter. */
	text_string(&sent, "GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n");
	text_string(&sent, "GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n");
	for (i = 0; i < sent.len; i++) {
		/* So that most of a head is most likely looked at before its end is there. */
		if (i && sent.bytes[i] == '\n' && sent.bytes[i - 2] == '\n')
			usleep(20000);
		REQUIRE(scripted_send(fd, sent.bytes + i, 1));
	}
	REQUIRE(reply_read(fd, &rest, &r));
	CHECK(r.status == 200 && r.whole && reply_has(&r, "To b."));
	text_release(&r.bytes);
	for (i = 0; i < 2; i++) {
		REQUIRE(reply_read(fd, &rest, &r));
		CHECK(r.status == 200 && reply_has(&r, "\"id\":\"scripted\""));
		text_release(&r.bytes);
	}
	text_release(&rest);
	text_release(&sent);
	close(fd);
}

static void what_is_no_request_is_refused(void)
{
	static const struct {
		const char *bytes, *status;
	} bad[] = {
		{ "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 " }, /* no Host */
		{ "GET / HTTP/9.9\r\nHost: x\r\n\r\n", "HTTP/1.1 505 " },
		{ "GET /v1/mod", "HTTP/1.1 400 " },
		{ "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "HTTP/1.1 400 " },
		{ "GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		  "HTTP/1.1 404 " },
		{ "GET /v1/messages HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		  "HTTP/1.1 404 " },
		{ "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", "HTTP/1.1 400 " },
		{ "POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
		  "Connection: close\r\n\r\n{]}",
		  "HTTP/1.1 400 " },
		{ "POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
		  "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		  "HTTP/1.1 400 " },
		{ "POST /v1/messages HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		  "HTTP/1.1 400 " },
		{ "POST /v1/messages HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
		  "GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n",
		  "HTTP/1.1 400 " },
		{ "POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n",
		  "HTTP/1.1 413 " },
		{ "POST /v1beta/models/m:streamGenerateContent HTTP/1.1\r\nHost: x\r\n"
		  "Connection: close\r\nContent-Length: 2\r\n\r\n{}",
		  "HTTP/1.1 400 " },
		{ "POST /v1beta/models/%00:generateContent HTTP/1.1\r\nHost: x\r\n"
		  "Connection: close\r\nContent-Length: 2\r\n\r\n{}",
		  "HTTP/1.1 404 " },
	};
	struct text got;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		scripted_raw(&server, bad[i].bytes, &got);
		CHECK_MSG(got.len && !strncmp(got.bytes, bad[i].status, strlen(bad[i].status)),
			  "%zu: %s", i, got.len ? got.bytes : "(nothing)");
		/* One answer, and then the end. */
		CHECK_MSG(got.len && !strstr(got.bytes, "}HTTP/1.1"), "%zu: %s", i, got.bytes);
		text_release(&got);
	}
	/* Half of a body is no request, and gets no answer. */
	scripted_raw(&server,
		     "POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{}", &got);
	CHECK_INT(got.len, 1);
	text_release(&got);
}

static void a_head_has_bounds(void)
{
	struct text sent = { 0 }, got;
	size_t i;

	text_string(&sent, "GET /v1/models HTTP/1.1\r\nHost: x\r\n");
	for (i = 0; i < LIMIT_HTTP_HEAD / 64 + 1; i++)
		text_printf(&sent, "X-%04zu: %s\r\n", i,
			    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	text_put(&sent, "", 1);
	scripted_raw(&server, sent.bytes, &got);
	CHECK_MSG(got.len && !strncmp(got.bytes, "HTTP/1.1 431 ", 13), "%s",
		  got.len ? got.bytes : "(nothing)");
	text_release(&got);
	text_release(&sent);
}

static void who_has_sent_all_may_close_that_half(void)
{
	struct text got;

	scripted_raw(&server,
		     "POST /v1/responses HTTP/1.1\r\nHost: x\r\nContent-Length: 28\r\n\r\n"
		     "{\"model\":\"h\",\"input\":\"slow\"}",
		     &got);
	CHECK_MSG(got.len && strstr(got.bytes, "one two three"), "%s",
		  got.len ? got.bytes : "(nothing)");
	text_release(&got);
}

static void old_clients_get_streams_without_chunks(void)
{
	static const char body[] = "{\"model\":\"h\",\"stream\":true,\"input\":\"slow\"}";
	char request[256];
	struct text got;

	snprintf(
		request, sizeof(request),
		"POST /v1/responses HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: %zu\r\n\r\n%s",
		strlen(body), body);
	scripted_raw(&server, request, &got);
	CHECK(got.len && strstr(got.bytes, "Connection: close\r\n\r\nevent: response.created\n"));
	CHECK(got.len && !strstr(got.bytes, "chunked"));
	text_release(&got);
}

static void who_waits_for_it_is_told_to_go_on(void)
{
	static const char head[] =
		"POST /v1/responses HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
		"Content-Length: 29\r\n\r\n",
			  go_on[] = "HTTP/1.1 100 Continue\r\n\r\n",
			  body[] = "{\"model\":\"h\",\"input\":\"hello\"}";
	int fd = scripted_connect(&server);
	struct text got = { 0 };
	struct reply r;

	REQUIRE(fd >= 0 && scripted_send(fd, head, strlen(head)));
	while (got.len < strlen(go_on))
		REQUIRE(reply_more(fd, &got));
	CHECK(got.len == strlen(go_on) && !memcmp(got.bytes, go_on, got.len));
	text_release(&got);
	REQUIRE(scripted_send(fd, body, strlen(body)) && reply_read(fd, NULL, &r));
	CHECK(r.status == 200 && reply_has(&r, "To h."));
	text_release(&r.bytes);
	close(fd);
}

/* One that takes nothing of megabytes, and goes; the others do not notice. */
static void a_client_that_takes_nothing_holds_nobody_up(void)
{
	struct text sent = { 0 }, body = { 0 };
	int fd = scripted_connect(&server), i;
	struct reply r;

	REQUIRE(fd >= 0);
	text_string(&body, "{\"model\":\"m\",\"stream\":true,\"input\":\"long ");
	for (i = 0; i < 2000; i++)
		text_string(&body, "and longer ");
	text_string(&body, "\"}");
	text_put(&body, "", 1);
	request_put(&sent, "/v1/responses", body.bytes);
	REQUIRE(scripted_send(fd, sent.bytes, sent.len));
	REQUIRE(say(&askings[0], false, "hello", &r));
	CHECK_INT(r.status, 200);
	text_release(&r.bytes);
	/* It can still be taken. */
	REQUIRE(reply_read(fd, NULL, &r));
	CHECK(r.whole && r.len > 1 << 20 && reply_has(&r, "response.completed"));
	text_release(&r.bytes);
	REQUIRE(scripted_send(fd, sent.bytes, sent.len));
	close(fd);
	REQUIRE(say(&askings[0], false, "hello", &r));
	CHECK_INT(r.status, 200);
	text_release(&r.bytes);
	text_release(&sent);
	text_release(&body);
}

static void connections_are_bounded(void)
{
	int fds[LIMIT_SCRIPT_CONNECTIONS], i, refused = -1;
	struct scripted own;
	struct text got = { 0 };

	REQUIRE(scripted_start(NULL, &own));
	for (i = 0; i < LIMIT_SCRIPT_CONNECTIONS; i++)
		fds[i] = scripted_connect(&own);
	refused = scripted_connect(&own);
	REQUIRE(refused >= 0);
	while (reply_more(refused, &got))
		;
	text_put(&got, "", 1);
	CHECK(!strncmp(got.bytes, "HTTP/1.1 503 ", 13) && strstr(got.bytes, "too many"));
	text_release(&got);
	close(refused);
	for (i = 0; i < LIMIT_SCRIPT_CONNECTIONS; i++)
		close(fds[i]);
	CHECK_INT(scripted_stop(&own), 0);
}

/* Of a command line: its status; what it says is in `said`. */
static int run(const char *words, char *said, size_t size)
{
	char path[PATH_MAX], line[2 * PATH_MAX];
	FILE *in;
	size_t len;
	int status;

	said[0] = '\0';
	if (!scripted_path(path))
		return -1;
	snprintf(line, sizeof(line), "%s %s 2>&1", path, words);
	in = popen(line, "r");
	if (!in)
		return -1;
	len = fread(said, 1, size - 1, in);
	said[len] = '\0';
	status = pclose(in);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void its_command_line_says_what_is_wrong(void)
{
	char said[8192], words[128];

	CHECK_INT(run("--help", said, sizeof(said)), 0);
	CHECK(strstr(said, "no model") && strstr(said, "Examples:") &&
	      strstr(said, "127.0.0.1:1019"));
	CHECK_INT(run("--version", said, sizeof(said)), 0);
	CHECK_INT(run("--listen localhost:1", said, sizeof(said)), 2);
	CHECK_INT(run("--listen 127.0.0.1:65536", said, sizeof(said)), 2);
	CHECK_INT(run("--listen 127.0.0.1", said, sizeof(said)), 2);
	CHECK_INT(run("x", said, sizeof(said)), 2);
	CHECK_INT(run("--rules /nowhere", said, sizeof(said)), 1);
	CHECK_STR(said, "agentos-scripted: /nowhere: No such file or directory\n");
	CHECK_INT(run("--rules /dev/zero", said, sizeof(said)), 1);
	snprintf(words, sizeof(words), "--listen 127.0.0.1:%u", server.port);
	CHECK_INT(run(words, said, sizeof(said)), 1);
	CHECK(strstr(said, "Address already in use"));
}

int main(int argc, char **argv)
{
	static const struct tap_test tests[] = {
		TEST(each_wire_gets_a_whole_answer),
		TEST(each_wire_gets_the_same_in_pieces),
		TEST(tools_are_called_in_each_wire),
		TEST(results_of_tools_are_seen_in_each_wire),
		TEST(errors_are_in_the_wires_own_words),
		TEST(a_cut_stream_has_no_end),
		TEST(pauses_change_nothing_of_what_is_said),
		TEST(a_connection_takes_requests_one_behind_the_other),
		TEST(requests_may_come_byte_by_byte),
		TEST(what_is_no_request_is_refused),
		TEST(a_head_has_bounds),
		TEST(who_has_sent_all_may_close_that_half),
		TEST(old_clients_get_streams_without_chunks),
		TEST(who_waits_for_it_is_told_to_go_on),
		TEST(a_client_that_takes_nothing_holds_nobody_up),
		TEST(connections_are_bounded),
		TEST(its_command_line_says_what_is_wrong),
	};
	int status;

	if (!scripted_start(rules, &server)) {
		fputs("cannot start agentos-scripted\n", stderr);
		return 1;
	}
	status = tap_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
	if (scripted_stop(&server) != 0) {
		fputs("agentos-scripted did not end well\n", stderr);
		return 1;
	}
	return status;
}
