// SPDX-License-Identifier: GPL-2.0-or-later
/* What streams say that are passed on: what counts of each frame, and what is kept of them. */
#include <string.h>

#include "base/limits.h"
#include "llm/tail.h"
#include "tests/tap.h"

struct row {
	const char *data;
	uint64_t said;
	bool ends;
};

static struct tail_news look(struct tail *t, const char *data)
{
	const struct wire_frame frame = { .data = { data, strlen(data) } };
	struct tail_news news;

	tail_look(t, &frame, &news);
	CHECK_INT(tail_take(t), 0);
	return news;
}

static void rows_check(enum wire_kind wire, const struct row *rows, size_t count)
{
	struct tail *t;
	struct tail_news news;
	size_t i;

	for (i = 0; i < count; i++) {
		t = tail_create(wire);
		REQUIRE(t);
		news = look(t, rows[i].data);
		CHECK_MSG(news.said == rows[i].said && news.ends == rows[i].ends,
			  "%s: %llu bytes%s", rows[i].data, (unsigned long long)news.said,
			  news.ends ? ", its end" : "");
		tail_free(t);
	}
}

#define ROWS(wire, rows) rows_check(wire, rows, sizeof(rows) / sizeof((rows)[0]))

#define DELTA(delta)	      "{\"choices\":[{\"delta\":{" delta "}}]}"
#define FINISH(delta, reason) "{\"choices\":[{\"delta\":{" delta "},\"finish_reason\":" reason "}]}"

static void chat_counts_all_that_an_answer_says(void)
{
	static const struct row rows[] = {
		{ DELTA("\"content\":\"12345678\""), 8, false },
		{ DELTA("\"content\":\"1\\n\\u4e2d\""), 3, false },
		{ DELTA("\"refusal\":\"12345678\""), 8, false },
		{ DELTA("\"reasoning\":\"12345678\""), 8, false },
		/* Said twice, counted once. */
		{ DELTA("\"reasoning\":\"12345678\",\"reasoning_content\":\"12345678\""), 8,
		  false },
		{ DELTA("\"tool_calls\":[{\"function\":{\"arguments\":\"12345678\"}},"
			"{\"type\":\"custom\",\"custom\":{\"name\":\"f\",\"input\":\"12345678\"}}]"),
		  16, false },
		{ DELTA("\"tool_calls\":[{\"function\":{\"arguments\":{\"a\":1}}}]"), 7, false },
		{ DELTA("\"function_call\":{\"name\":\"f\",\"arguments\":\"12345678\"}"), 8,
		  false },
		{ DELTA("\"content\":[{\"type\":\"text\",\"text\":\"1234\\\"678\"},{\"type\":\"thinking\","
			"\"thinking\":[{\"type\":\"text\" , \"text\" : \"12345678\"}]}]"),
		  16, false },
		/* A share of what nobody has described. */
		{ DELTA("\"other\":{\"words\":\"12345678\"}"), 2, false },
		/* A frame that cannot be read, as it names a member twice. */
		{ DELTA("\"content\":\"1\",\"content\":\"1234567890123456789012345678901234567890\""),
		  1, false },
	};

	ROWS(WIRE_OPENAI_CHAT, rows);
}

static void chat_counts_nothing_where_nothing_is_said(void)
{
	static const struct row rows[] = {
		{ "[DONE]", 0, false },
		{ DELTA("\"role\":\"assistant\",\"content\":\"\",\"refusal\":null"), 0, false },
		{ DELTA("\"tool_calls\":[{\"index\":0,\"id\":\"call_12345678\",\"type\":\"function\","
			"\"function\":{\"name\":\"12345678\",\"arguments\":\"\"}}]"),
		  0, false },
		{ DELTA("\"images\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:12345678\"}}]"),
		  0, false },
		{ "{\"choices\":[],\"usage\":{\"completion_tokens\":3},\"words\":\"12345678901234567890"
		  "12345678901234567890123456789012345678901234567890\"}",
		  0, false },
		{ FINISH("", "\"stop\""), 0, true },
		{ FINISH("\"content\":\"12345678\"", "\"stop\""), 8, true },
		{ FINISH("\"content\":\"12345678\"", "null"), 8, false },
		/* In each chunk, by some: it is no end. */
		{ FINISH("\"content\":\"12345678\"", "\"\""), 8, false },
	};

	ROWS(WIRE_OPENAI_CHAT, rows);
}

#define BLOCK(block) "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{" block "}}"
#define PIECE(delta) "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{" delta "}}"

static void anthropic_counts_what_blocks_begin_with(void)
{
	static const struct row rows[] = {
		{ PIECE("\"type\":\"text_delta\",\"text\":\"12345678\""), 8, false },
		{ PIECE("\"type\":\"thinking_delta\",\"thinking\":\"12345678\""), 8, false },
		{ PIECE("\"type\":\"input_json_delta\",\"partial_json\":\"12345678\""), 8, false },
		{ PIECE("\"type\":\"other_delta\",\"content\":\"12345678\""), 2, false },
		{ PIECE("\"type\":\"signature_delta\",\"signature\":\"12345678\""), 0, false },
		{ PIECE("\"type\":\"citations_delta\",\"citation\":{\"cited_text\":\"12345678\"}"),
		  0, false },
		{ BLOCK("\"type\":\"text\",\"text\":\"12345678\""), 8, false },
		{ BLOCK("\"type\":\"text\",\"text\":\"\""), 0, false },
		{ BLOCK("\"type\":\"thinking\",\"thinking\":\"12345678\",\"signature\":\"\""), 8,
		  false },
		{ BLOCK("\"type\":\"redacted_thinking\",\"data\":\"1234567890123456\""), 12,
		  false },
		{ BLOCK("\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\",\"input\":{}"), 0,
		  false },
		{ BLOCK("\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\",\"input\":{\"a\":1}"), 7,
		  false },
		{ "{\"type\":\"ping\"}", 0, false },
		{ "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}", 0,
		  true },
	};

	ROWS(WIRE_ANTHROPIC, rows);
}

#define PARTS(parts, reason) \
	"{\"candidates\":[{\"content\":{\"parts\":[" parts "]},\"finishReason\":" reason "}]}"

static void gemini_counts_parts(void)
{
	static const struct row rows[] = {
		{ PARTS("{\"text\":\"12345678\"}", "null"), 8, false },
		{ PARTS("{\"text\":\"12345678\"}", "\"\""), 8, false },
		{ PARTS("{\"text\":\"12345678\"}", "\"STOP\""), 8, true },
		{ PARTS("{\"functionCall\":{\"name\":\"f\",\"args\":{\"a\":1}}}", "null"), 7,
		  false },
		{ PARTS("{\"executableCode\":{\"language\":\"PYTHON\",\"code\":\"12345678\"}}",
			"null"),
		  8, false },
		{ PARTS("{\"other\":\"12345678\"}", "null"), 2, false },
		{ PARTS("{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":\"12345678\"}}",
			"null"),
		  0, false },
	};

	ROWS(WIRE_GEMINI, rows);
}

#define TYPE(type, rest) "{\"type\":\"response." type "\"," rest "}"
#define DONE(rest)	 TYPE("output_item.done", "\"item\":{" rest "}")

/* What has come in pieces is said once more when it is whole. */
static void responses_count_once(void)
{
	static const struct row rows[] = {
		{ TYPE("created", "\"response\":{\"instructions\":\"12345678\"}"), 0, false },
		{ TYPE("output_text.delta", "\"delta\":\"12345678\""), 8, false },
		{ TYPE("output_text.done", "\"text\":\"12345678\""), 0, false },
		{ DONE("\"type\":\"message\",\"content\":[{\"type\":\"output_text\",\"text\":\"12345678\"}]"),
		  0, false },
		{ TYPE("custom_tool_call_input.delta", "\"delta\":\"12345678\""), 8, false },
		{ DONE("\"type\":\"custom_tool_call\",\"input\":\"12345678\""), 0, false },
		/* These come whole alone. */
		{ DONE("\"type\":\"function_call\",\"arguments\":\"12345678\""), 8, false },
		{ DONE("\"type\":\"local_shell_call\",\"action\":{\"type\":\"exec\",\"command\":"
		       "[\"1234\",\"5678\"]}"),
		  8, false },
		{ TYPE("completed", "\"response\":{}"), 0, true },
	};
	struct tail *t = tail_create(WIRE_OPENAI_RESPONSES);
	struct tail_news news;
	size_t i;

	REQUIRE(t);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		news = look(t, rows[i].data);
		CHECK_MSG(news.said == rows[i].said && news.ends == rows[i].ends, "%s: %llu bytes",
			  rows[i].data, (unsigned long long)news.said);
	}
	tail_free(t);
}

/* --- what is kept, and said again at the end --- */

#define HALF (LIMIT_CALL_TAIL / 2)

/* A message that goes on, of so many pieces, each of a little more than half of what is kept. */
static struct tail *message_of(size_t pieces)
{
	static char piece[HALF + 128];
	struct tail *t = tail_create(WIRE_OPENAI_RESPONSES);
	size_t at, i;

	if (!t)
		return NULL;
	look(t, TYPE("created", "\"response\":{\"id\":\"r1\"}"));
	look(t, TYPE("output_item.added",
		     "\"output_index\":0,\"item\":{\"type\":\"message\",\"id\":\"m1\"}"));
	look(t, TYPE("content_part.added", "\"output_index\":0,\"content_index\":0"));
	at = (size_t)snprintf(piece, sizeof(piece), "%s",
			      "{\"type\":\"response.output_text.delta\",\"delta\":\"");
	memset(piece + at, 'x', HALF);
	memcpy(piece + at + HALF, "\"}", sizeof("\"}"));
	for (i = 0; i < pieces; i++)
		look(t, piece);
	return t;
}

static bool ends_with(struct tail *t, const char *words)
{
	const struct call_usage usage = { .given = true };
	struct text out = { 0 };
	bool has;

	CHECK_INT(tail_end(t, &usage, false, &out), 0);
	text_put(&out, "", 1);
	CHECK(strstr(out.bytes, "\"type\":\"response.incomplete\""));
	CHECK(strstr(out.bytes, "\"id\":\"r1\""));
	has = strstr(out.bytes, words) != NULL;
	text_release(&out);
	return has;
}

static void what_is_kept_is_bounded(void)
{
	struct tail *t = message_of(100);

	REQUIRE(t);
	CHECK_INT(tail_growth(t), 0);
	CHECK_MSG(tail_bytes(t) < LIMIT_CALL_TAIL, "%zu", tail_bytes(t));
	CHECK(!ends_with(t, "xxx"));
	tail_free(t);

	/* The control. */
	t = message_of(1);
	REQUIRE(t);
	CHECK(tail_bytes(t) >= HALF);
	CHECK(ends_with(t, "xxx"));
	tail_free(t);
}

static void what_is_not_kept_is_not_said_again(void)
{
	struct tail *t = message_of(1);

	REQUIRE(t);
	CHECK(tail_growth(t) > 0);
	tail_forget(t);
	CHECK(tail_bytes(t) < HALF);
	CHECK(ends_with(t, "\"output\":[]"));
	tail_free(t);
}

static void names_without_an_end_are_not_kept(void)
{
	char frame[LIMIT_CALL_TAIL_NAME + 256];
	struct tail *t = tail_create(WIRE_OPENAI_CHAT);

	REQUIRE(t);
	snprintf(frame, sizeof(frame), "{\"id\":\"%0*d\",\"model\":\"m\"}", LIMIT_CALL_TAIL_NAME,
		 0);
	look(t, frame);
	CHECK(tail_bytes(t) < LIMIT_CALL_TAIL_NAME);
	tail_free(t);
}

static const struct tap_test tests[] = {
	TEST(what_is_kept_is_bounded),
	TEST(what_is_not_kept_is_not_said_again),
	TEST(names_without_an_end_are_not_kept),
	TEST(chat_counts_all_that_an_answer_says),
	TEST(chat_counts_nothing_where_nothing_is_said),
	TEST(anthropic_counts_what_blocks_begin_with),
	TEST(gemini_counts_parts),
	TEST(responses_count_once),
};

int main(int argc, char **argv)
{
	return tap_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
