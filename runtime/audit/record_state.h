/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of record.h: bytes put and got, and what of a CALL is in a file of its own. */
#ifndef AGENTOS_AUDIT_RECORD_STATE_H
#define AGENTOS_AUDIT_RECORD_STATE_H

#include <errno.h>
#include <string.h>

#include "audit/record.h"

/* Lengths and addresses of the three texts of a record. */
struct texts {
	size_t name_len, comm_len, text_len;
	const char *name, *comm, *text;
	char both[2 * RECORD_MODEL]; /* of a CALL: model and served */
};

/* Parts of a CALL, by their bits in the header. */
enum call_part_bit { CALL_PART_TIMES, CALL_PART_SERVED, CALL_PART_CACHED, CALL_PARTS };
#define CALL_TIMES_BYTES 35

/* Writing: p moves on. */
static inline void put_uint(uint8_t **p, uint64_t value, size_t bytes)
{
	while (bytes--) {
		*(*p)++ = (uint8_t)value;
		value >>= 8;
	}
}

static inline void put_bytes(uint8_t **p, const void *from, size_t bytes)
{
	memcpy(*p, from, bytes);
	*p += bytes;
}

/* Reading, from bytes whose number was checked. */
static inline uint64_t get_uint(const uint8_t **p, size_t bytes)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < bytes; i++)
		value |= (uint64_t)(*p)[i] << (8 * i);
	*p += bytes;
	return value;
}

static inline void get_bytes(const uint8_t **p, void *to, size_t bytes)
{
	memcpy(to, *p, bytes);
	*p += bytes;
}

/* Takes a text that has no NUL of its own into zeroed room that is longer than it. */
static inline int string_get(const uint8_t **p, char *to, size_t len)
{
	if (memchr(*p, '\0', len))
		return -EBADMSG;
	get_bytes(p, to, len);
	return 0;
}

/* --- record_call.c: the fields of a CALL --- */

unsigned int record_call_parts(const struct record *r);
/* provider as comm, model and served as text. -EINVAL: one is not terminated. */
int record_call_texts(const struct record *r, struct texts *t);
void record_call_put(uint8_t **p, const struct record *r, unsigned int parts);
/* From bytes whose number was checked. */
void record_call_get(const uint8_t **p, struct record *r, unsigned int parts);
/* The text, of so many bytes. -EBADMSG: not in the one form that there is. */
int record_call_names(const uint8_t **p, size_t text, unsigned int parts, struct record *r);

#endif
