/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A JSON string looked through for its end: a block of bytes at a time, or each. Pure. */
#ifndef AGENTOS_LLM_QUOTED_H
#define AGENTOS_LLM_QUOTED_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __SSE2__ /* which every x86-64 has */
#include <emmintrin.h>
#endif

/* Bytes of the UTF-8 sequence of at least two that begins there (RFC 3629), or 0: there is none. */
size_t quoted_utf8(const unsigned char *p, size_t len);

/*
 * From behind a quote to behind the one that ends the string (RFC 8259, section 7), which is
 * UTF-8, with no control in it, and whose escapes are whole. Reads nothing at or behind end.
 * *at: where it begins; then where it has ended, or what is wrong.
 * *ret_simple: it has neither an escape nor anything that is not ASCII.
 * -EBADMSG
 */
int quoted_skip(const unsigned char **at, const unsigned char *end, bool *ret_simple);

/* The same, byte by byte: what the other one is compared with, and has its last bytes from. */
int quoted_skip_plain(const unsigned char **at, const unsigned char *end, bool *ret_simple);

#ifdef __SSE2__
/*
 * The same, where it is told by one look: behind the end of a string that is plain ASCII and ends
 * within sixteen bytes, none of them at or behind end, or NULL. Most names are such ones.
 */
static inline const unsigned char *quoted_short(const unsigned char *p, const unsigned char *end)
{
	unsigned int found;
	__m128i x;

	if (end - p < 16)
		return NULL;
	x = _mm_loadu_si128((const __m128i *)p);
	/* Signed: what is above 0x7f is below 0. */
	found = (unsigned int)_mm_movemask_epi8(_mm_or_si128(
		_mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('"')),
			     _mm_cmpeq_epi8(x, _mm_set1_epi8('\\'))),
		_mm_cmplt_epi8(x, _mm_set1_epi8(' '))));
	if (!found)
		return NULL;
	p += __builtin_ctz(found);
	return *p == '"' ? p + 1 : NULL;
}
#else
static inline const unsigned char *quoted_short(const unsigned char *p, const unsigned char *end)
{
	(void)p;
	(void)end;
	return NULL;
}
#endif

#endif
