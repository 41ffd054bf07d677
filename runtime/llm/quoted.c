// SPDX-License-Identifier: GPL-2.0-or-later
/* A JSON string looked through for its end: sixteen bytes at a time, or eight, or each. */
#include "llm/quoted.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "http/fields.h"

#ifdef __SSE2__ /* which every x86-64 has */
#include <emmintrin.h>
#endif

size_t quoted_utf8(const unsigned char *p, size_t len)
{
	unsigned char c = p[0];

	if (len < 2 || c < 0xc2 || (p[1] & 0xc0) != 0x80)
		return 0;
	if (c < 0xe0)
		return 2;
	if (len < 3 || (p[2] & 0xc0) != 0x80)
		return 0;
	if (c < 0xf0)
		return (c == 0xe0 && p[1] < 0xa0) || (c == 0xed && p[1] > 0x9f) ? 0 : 3;
	if (len < 4 || c > 0xf4 || (p[3] & 0xc0) != 0x80)
		return 0;
	return (c == 0xf0 && p[1] < 0x90) || (c == 0xf4 && p[1] > 0x8f) ? 0 : 4;
}

/* From a backslash to behind the escape, or NULL. */
static inline const unsigned char *escape_skip(const unsigned char *p, const unsigned char *end)
{
	static const bool alone[256] = { ['"'] = true, ['\\'] = true, ['/'] = true, ['b'] = true,
					 ['f'] = true, ['n'] = true,  ['r'] = true, ['t'] = true };
	unsigned int i;

	if (end - p < 2)
		return NULL;
	if (alone[p[1]])
		return p + 2;
	if (p[1] != 'u' || end - p < 6)
		return NULL;
	for (i = 2; i < 6; i++)
		if (http_hex_value((char)p[i]) < 0)
			return NULL;
	return p + 6;
}

/* Past one character that is not the quote at the end, or NULL. */
static const unsigned char *character_skip(const unsigned char *p, const unsigned char *end)
{
	size_t length;

	if (*p == '\\')
		return escape_skip(p, end);
	if (*p < ' ')
		return NULL;
	if (*p < 0x80)
		return p + 1;
	length = quoted_utf8(p, (size_t)(end - p));
	return length ? p + length : NULL;
}

#define WORD	   8
#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* A bit or more where one of eight bytes is a quote, a backslash, a control or not ASCII, else 0. */
static inline uint64_t word_stops(const unsigned char *p)
{
	uint64_t x, quote, backslash;

	memcpy(&x, p, sizeof(x));
	quote = x ^ EACH('"');
	backslash = x ^ EACH('\\');
	return ((quote - EACH(1)) | (backslash - EACH(1)) | (x - EACH(' ')) | x) & EACH(0x80);
}

/* words: eight bytes at once, where nothing is among them that stops. */
static inline int characters_skip(const unsigned char **at, const unsigned char *end, bool words,
				  bool *ret_simple)
{
	const unsigned char *p = *at, *next;
	bool simple = true;
	int err = -EBADMSG;

	for (; p && p < end; p = next) {
		if (words && end - p >= WORD && !word_stops(p)) {
			next = p + WORD;
			continue;
		}
		if (*p == '"') {
			p++;
			err = 0;
			break;
		}
		simple &= *p != '\\' && *p < 0x80;
		next = character_skip(p, end);
		if (!next)
			break;
	}
	*at = p;
	*ret_simple = simple;
	return err;
}

int quoted_skip_plain(const unsigned char **at, const unsigned char *end, bool *ret_simple)
{
	return characters_skip(at, end, false, ret_simple);
}

#ifdef __SSE2__

#define BLOCK 16
#define WIDE  64

static inline __m128i at_least(__m128i x, unsigned char least)
{
	const __m128i y = _mm_set1_epi8((char)least);

	return _mm_cmpeq_epi8(_mm_max_epu8(x, y), x);
}

static inline __m128i is(__m128i x, unsigned char c)
{
	return _mm_cmpeq_epi8(x, _mm_set1_epi8((char)c));
}

/* Signed, as all that is asked is of bytes that continue a sequence: others are wrong anyhow. */
static inline __m128i below(__m128i x, unsigned char limit)
{
	return _mm_cmplt_epi8(x, _mm_set1_epi8((char)limit));
}

/* A bit for each byte of x that is no UTF-8 behind those before it, the last of which are before's. */
static inline unsigned int utf8_faults(__m128i x, __m128i before)
{
	const __m128i one = _mm_or_si128(_mm_slli_si128(x, 1), _mm_srli_si128(before, 15));
	const __m128i two = _mm_or_si128(_mm_slli_si128(x, 2), _mm_srli_si128(before, 14));
	const __m128i three = _mm_or_si128(_mm_slli_si128(x, 3), _mm_srli_si128(before, 13));
	const __m128i due = _mm_or_si128(
		_mm_or_si128(at_least(one, 0xc0), at_least(two, 0xe0)), at_least(three, 0xf0));
	/* Signed: 0x80 to 0xbf are the least. */
	__m128i bad = _mm_xor_si128(due, below(x, 0xc0));

	bad = _mm_or_si128(bad, at_least(x, 0xf5));
	bad = _mm_or_si128(bad, _mm_or_si128(is(x, 0xc0), is(x, 0xc1)));
	bad = _mm_or_si128(bad, _mm_and_si128(is(one, 0xe0), below(x, 0xa0)));
	bad = _mm_or_si128(bad, _mm_andnot_si128(below(x, 0xa0), is(one, 0xed)));
	bad = _mm_or_si128(bad, _mm_and_si128(is(one, 0xf0), below(x, 0x90)));
	bad = _mm_or_si128(bad, _mm_andnot_si128(below(x, 0x90), is(one, 0xf4)));
	return (unsigned int)_mm_movemask_epi8(bad);
}

/* A bit for each byte that is a quote, a backslash or a control. */
static inline unsigned int block_stops(__m128i x)
{
	const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(0x1f)), x);

	return (unsigned int)_mm_movemask_epi8(
		_mm_or_si128(_mm_or_si128(is(x, '"'), is(x, '\\')), control));
}

/* A bit for each byte of four blocks, where there is none that is not ASCII; else all bits. */
static inline uint64_t wide_stops(const unsigned char *p)
{
	const __m128i *at = (const __m128i *)p;
	const __m128i a = _mm_loadu_si128(at), b = _mm_loadu_si128(at + 1),
		      c = _mm_loadu_si128(at + 2), d = _mm_loadu_si128(at + 3);

	if (_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(a, b), _mm_or_si128(c, d))))
		return ~UINT64_C(0);
	return block_stops(a) | (uint64_t)block_stops(b) << 16 | (uint64_t)block_stops(c) << 32 |
	       (uint64_t)block_stops(d) << 48;
}

/*
 * Past ASCII with escapes, of which texts have many near each other: to the quote at the end, or
 * to whatever has to be looked at otherwise. NULL: an escape is none.
 */
static inline const unsigned char *wide_skip(const unsigned char *p, const unsigned char *end)
{
	const unsigned char *stop;
	uint64_t stops;

	while (end - p >= WIDE) {
		stops = wide_stops(p);
		if (stops == ~UINT64_C(0))
			return p;
		for (stop = p + WIDE; stops; stops &= ~UINT64_C(0) << (stop - p)) {
			stop = p + __builtin_ctzll(stops);
			if (*stop != '\\')
				return stop;
			stop = escape_skip(stop, end);
			if (!stop)
				return NULL;
			if (stop - p >= WIDE)
				break;
		}
		p = stop - p >= WIDE ? stop : p + WIDE;
	}
	return p;
}

/* To the first stop of blocks that are UTF-8, or to where less than a block is left. NULL: they are not. */
static inline const unsigned char *blocks_skip(const unsigned char *p, const unsigned char *end,
					       bool *simple)
{
	__m128i before = _mm_setzero_si128(), x;
	unsigned int stops, high, own, was_high = 0;

	for (; end - p >= BLOCK; p += BLOCK) {
		x = _mm_loadu_si128((const __m128i *)p);
		stops = block_stops(x);
		/* What is behind the first one is looked at later, or is not ours. */
		own = stops ^ (stops - 1);
		high = (unsigned int)_mm_movemask_epi8(x) & own;
		if (high | was_high) {
			*simple = false;
			if (utf8_faults(x, before) & own)
				return NULL;
		}
		if (stops)
			return p + __builtin_ctz(stops);
		before = x;
		was_high = high;
	}
	/* Back to a sequence that began in the last block, and may go on. */
	if (was_high) {
		while (p[-1] >= 0x80 && p[-1] < 0xc0)
			p--;
		p -= p[-1] >= 0xc0;
	}
	return p;
}

int quoted_skip(const unsigned char **at, const unsigned char *end, bool *ret_simple)
{
	const unsigned char *p = *at;
	bool simple = true;
	int err;

	for (;;) {
		p = blocks_skip(p, end, &simple);
		if (p && end - p < BLOCK)
			break;
		if (p && *p == '\\') {
			simple = false;
			p = escape_skip(p, end);
			if (p)
				p = wide_skip(p, end);
		}
		if (p && p < end && *p == '"') {
			*at = p + 1;
			*ret_simple = simple;
			return 0;
		}
		/* Where exactly, the plain one says. */
		if (!p || (p < end && *p < ' '))
			return quoted_skip_plain(at, end, ret_simple);
	}
	*at = p;
	err = quoted_skip_plain(at, end, ret_simple);
	*ret_simple &= simple;
	return err;
}

#else

int quoted_skip(const unsigned char **at, const unsigned char *end, bool *ret_simple)
{
	return characters_skip(at, end, true, ret_simple);
}

#endif
