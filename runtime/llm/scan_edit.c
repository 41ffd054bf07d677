// SPDX-License-Identifier: GPL-2.0-or-later
/* What the values that a scan found say, and bodies with some of them changed. */
#include "llm/scan.h"

#include <errno.h>
#include <string.h>

#include "http/fields.h"

int scan_uint(const struct scan_value *value, uint64_t *ret_number)
{
	uint64_t number = 0;
	size_t i;

	if (value->kind != SCAN_NUMBER)
		return -EBADMSG;
	for (i = 0; i < value->len; i++)
		if (value->at[i] < '0' || value->at[i] > '9')
			return -EBADMSG;
	for (i = 0; i < value->len; i++)
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(value->at[i] - '0'), &number))
			return -ERANGE;
	*ret_number = number;
	return 0;
}

static unsigned int hex_read(const char *at)
{
	unsigned int code = 0, i;

	for (i = 0; i < 4; i++)
		code = code * 16 + (unsigned int)http_hex_value(at[i]);
	return code;
}

/* "\uXXXX" behind its backslash, with the half that may follow it: how long it is there. */
static size_t surrogates_join(const char *at, size_t len, unsigned int *ret_code)
{
	unsigned int high = hex_read(at + 1), low;

	*ret_code = high;
	if (high < 0xd800 || high > 0xdfff)
		return 5;
	if (high < 0xdc00 && len >= 11 && at[5] == '\\' && at[6] == 'u') {
		low = hex_read(at + 7);
		if (low >= 0xdc00 && low <= 0xdfff) {
			*ret_code = 0x10000 + ((high - 0xd800) << 10 | (low - 0xdc00));
			return 11;
		}
	}
	*ret_code = 0xfffd;
	return 5;
}

static size_t utf8_encode(unsigned int code, char out[4])
{
	size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4, i;
	static const unsigned char first[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (i = length; i-- > 1; code >>= 6)
		out[i] = (char)(0x80 | (code & 0x3f));
	out[0] = (char)(first[length] | code);
	return length;
}

/* What stands behind a backslash, of len bytes and more: how long it is, and what it says. */
static size_t escape_read(const char *at, size_t len, char out[4], size_t *ret_out)
{
	static const char letters[] = "bfnrt", meant[] = "\b\f\n\r\t";
	const char *letter = strchr(letters, *at);
	unsigned int code;
	size_t length;

	if (*at == 'u') {
		length = surrogates_join(at, len, &code);
		*ret_out = utf8_encode(code, out);
		return length;
	}
	out[0] = letter ? meant[letter - letters] : *at;
	*ret_out = 1;
	return 1;
}

int scan_string(const struct scan_value *value, char *out, size_t size, size_t *ret_len)
{
	size_t at = 1, len = 0, part;
	const char *backslash;
	char said[4];

	if (value->kind != SCAN_STRING)
		return -EBADMSG;
	while (at < value->len - 1) {
		backslash = memchr(value->at + at, '\\', value->len - 1 - at);
		part = backslash ? (size_t)(backslash - value->at) - at : value->len - 1 - at;
		if (part >= size - len)
			return -E2BIG;
		memcpy(out + len, value->at + at, part);
		len += part;
		at += part;
		if (!backslash)
			break;
		at += 1 + escape_read(backslash + 1, value->len - 2 - at, said, &part);
		if (part >= size - len)
			return -E2BIG;
		memcpy(out + len, said, part);
		len += part;
	}
	if (!size)
		return -E2BIG;
	out[len] = '\0';
	*ret_len = len;
	return 0;
}

struct scan_edit scan_replace(const struct scan_value *value, struct call_string json)
{
	return (struct scan_edit){ .at = value->at, .cut = value->len, .text = json };
}

struct scan_edit scan_add(const struct scan_value *object, struct call_string member)
{
	size_t at = 1;

	while (strchr(" \t\r\n", object->at[at]))
		at++;
	return (struct scan_edit){ .at = object->at + 1,
				   .text = member,
				   .comma = object->at[at] != '}' };
}

bool scan_ask_usage(const struct scan_value *whole, const struct scan_value *options,
		    const struct scan_value *usage, struct scan_edit *ret_edit)
{
	if (whole->kind != SCAN_OBJECT || usage->kind == SCAN_TRUE)
		return false;
	if (options->kind == SCAN_NONE)
		*ret_edit =
			scan_add(whole, CALL_STRING("\"stream_options\":{\"include_usage\":true}"));
	else if (options->kind != SCAN_OBJECT)
		*ret_edit = scan_replace(options, CALL_STRING("{\"include_usage\":true}"));
	else if (usage->kind == SCAN_NONE)
		*ret_edit = scan_add(options, CALL_STRING("\"include_usage\":true"));
	else
		*ret_edit = scan_replace(usage, CALL_STRING("true"));
	return true;
}

static void piece_put(struct iovec *pieces, size_t *count, const char *at, size_t len)
{
	if (len)
		pieces[(*count)++] = (struct iovec){ .iov_base = (void *)at, .iov_len = len };
}

/* Which of them comes next: of those not taken, the one that is first in the body. */
static size_t edit_next(const struct scan_edit *edits, size_t count, unsigned int taken)
{
	size_t i, next = count;

	for (i = 0; i < count; i++)
		if (!(taken >> i & 1) && (next == count || edits[i].at < edits[next].at))
			next = i;
	return next;
}

int scan_splice(const char *bytes, size_t len, const struct scan_edit *edits, size_t count,
		struct iovec *pieces, size_t *ret_pieces, size_t *ret_len)
{
	const char *at = bytes, *end = bytes + len;
	size_t written = 0, total = 0, i, next;
	unsigned int taken = 0;
	bool comma;

	if (count > SCAN_EDITS)
		return -EINVAL;
	for (i = edit_next(edits, count, 0); i < count; i = next) {
		taken |= 1U << i;
		next = edit_next(edits, count, taken);
		if (edits[i].at < at || edits[i].at > end ||
		    edits[i].cut > (size_t)(end - edits[i].at))
			return -EINVAL;
		/* Of two members that are added to an empty object, the first has one too. */
		comma = edits[i].comma || (next < count && !edits[i].cut && !edits[next].cut &&
					   edits[i].at == edits[next].at);
		piece_put(pieces, &written, at, (size_t)(edits[i].at - at));
		piece_put(pieces, &written, edits[i].text.at, edits[i].text.len);
		piece_put(pieces, &written, ",", comma);
		at = edits[i].at + edits[i].cut;
	}
	piece_put(pieces, &written, at, (size_t)(end - at));
	for (i = 0; i < written; i++)
		total += pieces[i].iov_len;
	*ret_pieces = written;
	*ret_len = total;
	return 0;
}
