// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as JSON, and as what bpftool prints of events: what is taken reads back, and can be shown. */
#include "audit/event_pipe.h"

#include <errno.h>
#include <string.h>

#include "audit/render.h"
#include "tests/fuzz/fuzz.h"

#define BOOTED 1790000000000000000ULL

struct source {
	const uint8_t *at, *end;
};

static int byte_of(void *cookie)
{
	struct source *s = cookie;

	return s->at == s->end ? -1 : *s->at++;
}

static struct json json; /* too large for a stack that a sanitizer watches */

/* --- tokens --- */

static void text_write(FILE *out, const char *text, size_t len)
{
	size_t i;

	fputc('"', out);
	for (i = 0; i < len; i++) {
		if ((unsigned char)text[i] < 0x20 || text[i] == '"' || text[i] == '\\')
			fprintf(out, "\\u%04x", (unsigned char)text[i]);
		else
			fputc(text[i], out);
	}
	fputc('"', out);
}

static void token_write(FILE *out, int token)
{
	static const char *const words[] = {
		[JSON_OBJECT] = "{",	[JSON_OBJECT_END] = "}", [JSON_ARRAY] = "[",
		[JSON_ARRAY_END] = "]", [JSON_TRUE] = "true",	 [JSON_FALSE] = "false",
		[JSON_NULL] = "null",
	};

	if (token == JSON_KEY || token == JSON_STRING)
		text_write(out, json.text, json.len);
	else
		fputs(token == JSON_NUMBER ? json.text : words[token], out);
	if (token == JSON_KEY)
		fputc(':', out);
}

/* All tokens, written again with nothing between them that need not be; to be freed. */
static int tokens_write(const uint8_t *bytes, size_t size, char **ret_text, size_t *ret_len)
{
	/* The byte that each token ends in; one more has to be read to know where a number does. */
	static const uint8_t last[] = {
		[JSON_OBJECT] = '{',	[JSON_OBJECT_END] = '}', [JSON_ARRAY] = '[',
		[JSON_ARRAY_END] = ']', [JSON_KEY] = ':',	 [JSON_STRING] = '"',
		[JSON_TRUE] = 'e',	[JSON_FALSE] = 'e',	 [JSON_NULL] = 'l',
	};
	struct source source = { bytes, bytes + size };
	FILE *out = open_memstream(ret_text, ret_len);
	bool more = false; /* something precedes in the same array or object */
	bool closes;
	int token;

	if (!out)
		abort();
	json_init(&json, byte_of, &source);
	while ((token = json_next(&json)) > 0) {
		HOLDS(token <= JSON_NULL && json.depth <= JSON_DEPTH);
		HOLDS(token == JSON_NUMBER || source.at[-1] == last[token]);
		HOLDS(json.len <= JSON_TEXT && json.text[json.len] == '\0');
		closes = token == JSON_OBJECT_END || token == JSON_ARRAY_END;
		if (more && !closes)
			fputc(json.depth > (token == JSON_OBJECT || token == JSON_ARRAY) ? ',' :
											   ' ',
			      out);
		token_write(out, token);
		more = token != JSON_OBJECT && token != JSON_ARRAY && token != JSON_KEY;
	}
	HOLDS(token == JSON_END || token == -EBADMSG || token == -ENODATA || token == -E2BIG);
	HOLDS(json.offset <= size);
	if (token == JSON_END)
		HOLDS(json.offset == size && json.depth == 0);
	if (fclose(out) != 0)
		abort();
	return token;
}

/* Going past values ends where reading all of them does. */
static int tokens_skip(const uint8_t *bytes, size_t size)
{
	struct source source = { bytes, bytes + size };
	int token;

	json_init(&json, byte_of, &source);
	while ((token = json_next(&json)) > 0) {
		if (token == JSON_OBJECT)
			continue;
		token = json_skip(&json, (enum json_token)token);
		if (token < 0)
			break;
	}
	return token;
}

static void json_try(const uint8_t *data, size_t size)
{
	size_t len, again_len;
	char *text, *again;
	uint64_t offset;
	int end, err;

	end = tokens_write(data, size, &text, &len);
	offset = json.offset;
	HOLDS(tokens_skip(data, size) == end && json.offset == offset);
	/* What was read before an error is right so far, but not whole. */
	err = tokens_write((const uint8_t *)text, len, &again, &again_len);
	HOLDS(end == JSON_END ? err == JSON_END : err == JSON_END || err == -ENODATA);
	HOLDS(again_len == len && memcmp(again, text, len) == 0);
	free(again);
	free(text);
}

/* --- events --- */

/* In one line each; the one for programs is JSON, of one object. */
static void record_try(const struct record *r)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	struct source source;

	if (!out)
		abort();
	HOLDS(r->type == RECORD_EVENT && r->u.event.text_len < sizeof(r->u.event.text));
	HOLDS(memchr(r->u.event.comm, '\0', sizeof(r->u.event.comm)));
	render_text(out, r, false);
	if (fflush(out) != 0)
		abort();
	HOLDS(len && memchr(text, '\n', len) == text + len - 1);
	rewind(out);
	render_json(out, r);
	if (fclose(out) != 0)
		abort();
	len = (size_t)(strchr(text, '\n') + 1 - text);
	source = (struct source){ (uint8_t *)text, (uint8_t *)text + len };
	json_init(&json, byte_of, &source);
	HOLDS(json_next(&json) == JSON_OBJECT && json_skip(&json, JSON_OBJECT) == 0);
	HOLDS(json_next(&json) == JSON_END);
	free(text);
}

static struct event_pipe_item item;

/* How many there are; the last of them is in `item`. */
static unsigned int events_try(const uint8_t *data, size_t size)
{
	static struct event_pipe pipe;
	struct source source = { data, data + size };
	struct fault f = { "" };
	unsigned int count = 0;
	int rc;

	event_pipe_init(&pipe, byte_of, &source, BOOTED);
	for (; (rc = event_pipe_next(&pipe, &item, &f)) == 1; count++) {
		if (!item.lost)
			record_try(&item.record);
	}
	HOLDS(rc == 0 || rc == -EBADMSG || rc == -ENODATA || rc == -EPROTO || rc == -E2BIG);
	HOLDS(rc == 0 ? source.at == source.end : strncmp(f.text, "byte ", 5) == 0);
	return count;
}

/* The same bytes as an event, as bpftool would print it: all of it arrives, or it is none. */
static void event_try(const uint8_t *data, size_t size)
{
	static char text[8 * sizeof(struct agentos_event)];
	struct agentos_event e = { .size = 0 };
	const uint8_t *bytes = (const uint8_t *)&e;
	size_t i, len;
	bool whole;

	memcpy(&e, data, size < sizeof(e) ? size : sizeof(e));
	e.size = sizeof(e);
	e.version = AGENTOS_EVENT_VERSION;
	/* Two of three inputs have a length that goes. */
	if (size % 3)
		e.text_len %= sizeof(e.text);
	whole = e.text_len < sizeof(e.text);
	len = (size_t)sprintf(text, "[{\"type\":9,\"data\":[%u", bytes[0]);
	for (i = 1; i < sizeof(e); i++)
		len += (size_t)sprintf(text + len, size % 2 ? ",\"0x%02x\"" : ",%u", bytes[i]);
	len += (size_t)sprintf(text + len, "]}]");
	HOLDS(events_try((const uint8_t *)text, len) == whole);
	if (!whole)
		return;
	e.comm[sizeof(e.comm) - 1] = e.text[e.text_len] = '\0';
	HOLDS(!item.lost && memcmp(&item.record.u.event, &e, sizeof(e)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_try(data, size);
	events_try(data, size);
	event_try(data, size);
	return 0;
}
