// SPDX-License-Identifier: GPL-2.0-or-later
/* Server-sent events: lines out of bytes, frames out of lines. */
#include "http/sse.h"

#include <errno.h>
#include <string.h>

#include "base/limits.h"

static const char mark[] = "\xef\xbb\xbf";
#define SSE_STARTED sizeof(mark) /* one more than its bytes */

void sse_init(struct sse *s, sse_frame_fn frame, void *cookie)
{
	*s = (struct sse){ .frame = frame, .cookie = cookie };
}

void sse_release(struct sse *s)
{
	text_release(&s->line);
	text_release(&s->event);
	text_release(&s->data);
}

size_t sse_bytes(const struct sse *s)
{
	return s->line.room + s->event.room + s->data.room;
}

/* Moves what is within the given bytes to memory of our own. */
static int keep(struct text *own, struct http_span *span)
{
	if (!span->len || span->at == own->bytes)
		return 0;
	own->len = 0;
	text_put(own, span->at, span->len);
	span->at = own->bytes;
	return text_error(own);
}

static int data_add(struct sse *s, struct http_span value)
{
	int err;

	if (!s->has_data) {
		s->has_data = true;
		s->now.data = value;
		return 0;
	}
	if (s->now.data.len + 1 + value.len > LIMIT_SSE_FRAME)
		return -E2BIG;
	err = keep(&s->data, &s->now.data);
	if (err)
		return err;
	/* Of no length: it is nowhere yet. */
	s->data.len = s->now.data.len;
	text_put(&s->data, "\n", 1);
	text_put(&s->data, value.at, value.len);
	s->now.data = (struct http_span){ s->data.bytes, s->data.len };
	return text_error(&s->data);
}

static int frame_end(struct sse *s)
{
	struct sse_frame frame = s->now;
	bool has_data = s->has_data;

	s->now = (struct sse_frame){ 0 };
	s->has_data = false;
	return has_data ? s->frame(s->cookie, &frame) : 0;
}

/* A whole line without its end. */
static int line_take(struct sse *s, struct http_span line)
{
	struct http_span name, value = line;

	if (!line.len)
		return frame_end(s);
	if (!http_span_cut(&value, ':', &name)) {
		name = line;
		value.len = 0;
	} else if (value.len && *value.at == ' ') {
		value.at++;
		value.len--;
	}
	if (name.len == 4 && memcmp(name.at, "data", 4) == 0)
		return data_add(s, value);
	if (name.len == 5 && memcmp(name.at, "event", 5) == 0)
		s->now.event = value;
	return 0;
}

/* The end of a line whose beginning came before. */
static int line_join(struct sse *s, struct http_span rest)
{
	struct http_span line;
	int err;

	text_put(&s->line, rest.at, rest.len);
	err = text_error(&s->line);
	if (err)
		return err;
	line = (struct http_span){ s->line.bytes, s->line.len };
	err = line_take(s, line);
	/* The memory is that of the next line to be kept. */
	if (!err && s->has_data)
		err = keep(&s->data, &s->now.data);
	if (!err)
		err = keep(&s->event, &s->now.event);
	s->line.len = 0;
	return err;
}

/* Past the mark, of which any part may be there. */
static size_t mark_skip(struct sse *s, const char *bytes, size_t len)
{
	size_t at = 0;

	while (at < len && s->marked < sizeof(mark) - 1 && bytes[at] == mark[s->marked]) {
		s->marked++;
		at++;
	}
	if (at == len)
		return at;
	if (s->marked < sizeof(mark) - 1)
		text_put(&s->line, mark, s->marked);
	s->marked = SSE_STARTED;
	return at;
}

/* The next byte of that value, looked for once: *next is where it was found, or the end. */
static const char *find(const char *at, const char *end, char byte, const char **next)
{
	if (!*next || *next < at) {
		*next = memchr(at, byte, (size_t)(end - at));
		if (!*next)
			*next = end;
	}
	return *next;
}

static int lines_take(struct sse *s, const char *at, const char *end)
{
	const char *cr = NULL, *lf = NULL, *stop;
	struct http_span line;
	int err = 0;

	while (at < end && !err) {
		if (s->after_cr && *at == '\n')
			at++;
		s->after_cr = false;
		if (at == end)
			break;
		stop = find(at, end, '\n', &lf);
		if (find(at, end, '\r', &cr) < stop)
			stop = cr;
		line = (struct http_span){ at, (size_t)(stop - at) };
		if (s->line.len + line.len > LIMIT_SSE_FRAME)
			return -E2BIG;
		if (stop == end) {
			text_put(&s->line, line.at, line.len);
			return text_error(&s->line);
		}
		err = s->line.len ? line_join(s, line) : line_take(s, line);
		s->after_cr = *stop == '\r';
		at = stop + 1;
	}
	return err;
}

int sse_take(struct sse *s, const char *bytes, size_t len)
{
	size_t at = s->marked == SSE_STARTED ? 0 : mark_skip(s, bytes, len);
	int err = at < len ? lines_take(s, bytes + at, bytes + len) : 0;

	/* What is not whole outlives the bytes. */
	if (!err)
		err = keep(&s->data, &s->now.data);
	if (!err)
		err = keep(&s->event, &s->now.event);
	return err ? err : text_error(&s->line);
}

bool sse_is_cut(const struct sse *s)
{
	return s->line.len || s->has_data || s->now.event.len ||
	       (s->marked && s->marked < sizeof(mark) - 1);
}
