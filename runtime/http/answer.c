// SPDX-License-Identifier: GPL-2.0-or-later
/* The head of an HTTP/1.x answer: interim ones, its status line, and where its body ends. */
#include "http/answer.h"

#include <errno.h>
#include <string.h>

#include "http/head.h"

static int bad(const char **ret_why, const char *why)
{
	*ret_why = why;
	return -EBADMSG;
}

/* Text, blanks and what is not ASCII: no line can end in it. */
static bool span_is_text(struct http_span s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (((unsigned char)s.at[i] < ' ' && s.at[i] != '\t') || s.at[i] == 0x7f)
			return false;
	return true;
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : -1;
}

/* "HTTP/1.1 200 OK"; some leave the words out, and the blank before them. */
static int status_parse(struct http_span line, struct http_answer *a, const char **ret_why)
{
	const char *at = line.at;

	if (line.len < 12 || memcmp(at, "HTTP/1.", 7) != 0 || (at[7] != '0' && at[7] != '1') ||
	    at[8] != ' ' || (line.len > 12 && at[12] != ' '))
		return bad(ret_why, "the status line is malformed");
	if (digit(at[9]) < 1 || digit(at[9]) > 5 || digit(at[10]) < 0 || digit(at[11]) < 0)
		return bad(ret_why, "the status is none");
	a->minor = (uint8_t)(at[7] - '0');
	a->status = (uint16_t)(digit(at[9]) * 100 + digit(at[10]) * 10 + digit(at[11]));
	return 0;
}

static int lines_parse(const char *bytes, size_t size, struct http_answer *a, const char **ret_why)
{
	struct http_span rest = { bytes, size }, line;
	bool first = true;
	int err = 0;

	memset(a, 0, sizeof(*a));
	/* As http_head_end() left it, each line ends in CR LF, and the last one is empty. */
	while (!err && http_span_cut(&rest, '\n', &line) && line.len > 1) {
		line.len--;
		if (first)
			err = status_parse(line, a, ret_why);
		else if (a->field_count == LIMIT_HTTP_FIELDS)
			err = bad(ret_why, "there are too many header lines");
		else if (http_field_parse(line, &a->fields[a->field_count]))
			err = bad(ret_why, "a header line is folded or malformed");
		else
			a->field_count++;
		first = false;
	}
	return err;
}

struct seen {
	unsigned int length, coding;
	bool chunked, close, keep;
};

static int fields_look(struct http_answer *a, struct seen *seen, const char **ret_why)
{
	const struct http_field *field;
	size_t i;

	for (i = 0; i < a->field_count; i++) {
		field = &a->fields[i];
		if (http_span_is(field->name, "content-length")) {
			seen->length++;
			if (http_length_parse(field->value, &a->length))
				return bad(ret_why, "Content-Length is malformed");
		} else if (http_span_is(field->name, "transfer-encoding")) {
			seen->coding++;
			seen->chunked = http_span_is(field->value, "chunked");
		} else if (http_span_is(field->name, "connection")) {
			seen->close |= http_list_has(field->value, "close");
			seen->keep |= http_list_has(field->value, "keep-alive");
		}
	}
	return 0;
}

static int framing_find(struct http_answer *a, bool to_head, const char **ret_why)
{
	struct seen seen = { 0 };
	int err = fields_look(a, &seen, ret_why);

	if (err)
		return err;
	if (seen.length > 1)
		return bad(ret_why, "Content-Length twice");
	if (seen.coding && seen.length)
		return bad(ret_why, "Content-Length and Transfer-Encoding");
	if (seen.coding > 1 || (seen.coding && (!seen.chunked || !a->minor || a->status == 204)))
		return bad(ret_why, "a Transfer-Encoding that cannot be");
	if (to_head || a->status == 204 || a->status == 304)
		a->framing = HTTP_FRAMING_NONE;
	else if (seen.chunked)
		a->framing = HTTP_FRAMING_CHUNKED;
	else if (seen.length)
		a->framing = a->length ? HTTP_FRAMING_LENGTH : HTTP_FRAMING_NONE;
	else
		a->framing = HTTP_FRAMING_CLOSE;
	if (a->framing != HTTP_FRAMING_LENGTH)
		a->length = 0;
	a->keep_alive = !seen.close && (a->minor || seen.keep) && a->framing != HTTP_FRAMING_CLOSE;
	return 0;
}

int http_answer_read(const char *bytes, size_t len, bool to_head, struct http_answer_scan *scan,
		     size_t *ret_size, struct http_answer *ret_answer, const char **ret_why)
{
	struct http_fault fault;
	size_t size;
	int err;

	for (;;) {
		const char *head = bytes + scan->begin;

		err = http_head_end(head, len - scan->begin, &scan->from, &size, &fault);
		if (err == -EBADMSG)
			return bad(ret_why, fault.text);
		if (scan->begin + (err ? scan->from : size) > LIMIT_HTTP_HEAD)
			return bad(ret_why, "the head is too long");
		if (!err)
			err = lines_parse(head, size, ret_answer, ret_why);
		if (err)
			return err;
		scan->begin += size;
		scan->from = 0;
		if (ret_answer->status == 101)
			return bad(ret_why, "the protocol was changed, which nobody asked for");
		if (ret_answer->status >= 200)
			break;
	}
	*ret_size = scan->begin;
	return framing_find(ret_answer, to_head, ret_why);
}

const char *http_reason(unsigned int status)
{
	static const struct {
		unsigned int status;
		const char *words;
	} reasons[] = {
		{ 100, "Continue" },
		{ 200, "OK" },
		{ 201, "Created" },
		{ 202, "Accepted" },
		{ 204, "No Content" },
		{ 304, "Not Modified" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 402, "Payment Required" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 408, "Request Timeout" },
		{ 409, "Conflict" },
		{ 411, "Length Required" },
		{ 413, "Content Too Large" },
		{ 415, "Unsupported Media Type" },
		{ 417, "Expectation Failed" },
		{ 422, "Unprocessable Content" },
		{ 429, "Too Many Requests" },
		{ 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" },
		{ 501, "Not Implemented" },
		{ 502, "Bad Gateway" },
		{ 503, "Service Unavailable" },
		{ 504, "Gateway Timeout" },
		{ 505, "HTTP Version Not Supported" },
		{ 529, "Overloaded" },
	};
	size_t i;

	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].words;
	return "";
}

void http_answer_begin(struct text *out, unsigned int status)
{
	if (status < 100 || status > 599) {
		out->failed = true;
		return;
	}
	text_string(out, "HTTP/1.1 ");
	text_number(out, status);
	text_put(out, " ", 1);
	text_string(out, http_reason(status));
	text_put(out, "\r\n", 2);
}

void http_field_put(struct text *out, const char *name, struct http_span value)
{
	if (!http_span_is_token((struct http_span){ name, strlen(name) }) || !span_is_text(value)) {
		out->failed = true;
		return;
	}
	text_string(out, name);
	text_put(out, ": ", 2);
	text_put(out, value.at, value.len);
	text_put(out, "\r\n", 2);
}

void http_field_put_text(struct text *out, const char *name, const char *value)
{
	http_field_put(out, name, (struct http_span){ value, strlen(value) });
}

void http_field_put_number(struct text *out, const char *name, uint64_t value)
{
	http_field_put_text(out, name, "");
	if (out->failed)
		return;
	/* Before the end of the line. */
	out->len -= 2;
	text_number(out, value);
	text_put(out, "\r\n", 2);
}

void http_answer_end(struct text *out)
{
	text_put(out, "\r\n", 2);
}
