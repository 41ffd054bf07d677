// SPDX-License-Identifier: GPL-2.0-or-later
/* The ClientHello: out of its records, then field by field, each within the one around it. */
#include "gateway/clienthello.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define RECORD_HEADER	 5
#define RECORD_HANDSHAKE 22
#define RECORD_MAX	 16384
#define MESSAGE_HEADER	 4
#define MESSAGE_HELLO	 1
#define EXTENSION_NAME	 0
#define NAME_HOST	 0

static size_t number(const uint8_t *at, size_t bytes)
{
	size_t value = 0;

	while (bytes--)
		value = value << 8 | *at++;
	return value;
}

/* The size of the whole message, header included, as far as `have` bytes of it tell. */
static size_t message_size(const struct clienthello *hello, size_t have)
{
	return have < MESSAGE_HEADER ? MESSAGE_HEADER :
				       MESSAGE_HEADER + number(hello->bytes + 1, 3);
}

/* A byte that is there and wrong is told before those that are missing. */
static bool record_begins_well(const uint8_t *at, size_t len)
{
	return (len < 1 || at[0] == RECORD_HANDSHAKE) && (len < 2 || at[1] == 3) &&
	       (len < 3 || at[2] <= 4) &&
	       (len < RECORD_HEADER || (number(at + 3, 2) > 0 && number(at + 3, 2) <= RECORD_MAX));
}

/* Takes the message out of its records. 0, and *ret_len is its size. */
static int message_take(const uint8_t *bytes, size_t len, struct clienthello *hello,
			size_t *ret_len, size_t *ret_need)
{
	size_t at = 0, have = 0, part, size;
	unsigned int records;

	for (records = 0; records < LIMIT_HELLO_RECORDS; records++) {
		if (!record_begins_well(bytes + at, len - at))
			return -EPROTO;
		if (len - at < RECORD_HEADER) {
			*ret_need = at + RECORD_HEADER;
			return -EAGAIN;
		}
		size = number(bytes + at + 3, 2);
		at += RECORD_HEADER;
		part = len - at < size ? len - at : size;
		if (size > sizeof(hello->bytes) - have)
			return -EPROTO;
		memcpy(hello->bytes + have, bytes + at, part);
		have += part;
		if (have && hello->bytes[0] != MESSAGE_HELLO)
			return -EPROTO;
		if (message_size(hello, have) > sizeof(hello->bytes))
			return -EPROTO;
		if (part < size) {
			*ret_need = at + size;
			return -EAGAIN;
		}
		at += size;
		if (have < message_size(hello, have))
			continue;
		*ret_len = have;
		return have == message_size(hello, have) ? 0 : -EPROTO;
	}
	return -EPROTO;
}

/* Bytes of the message that are not looked at yet. */
struct part {
	const uint8_t *at;
	size_t len;
};

static bool part_skip(struct part *p, size_t len)
{
	if (len > p->len)
		return false;
	p->at += len;
	p->len -= len;
	return true;
}

/* Cuts a vector off, with its length before it in that many bytes. */
static bool part_cut(struct part *p, size_t length_bytes, struct part *ret_vector)
{
	size_t len;

	if (p->len < length_bytes)
		return false;
	len = number(p->at, length_bytes);
	if (len > p->len - length_bytes)
		return false;
	*ret_vector = (struct part){ p->at + length_bytes, len };
	return part_skip(p, length_bytes + len);
}

/* One list of one host name. */
static int extension_name(struct clienthello *hello, struct part data)
{
	struct part list, name;

	if (!part_cut(&data, 2, &list) || data.len || !list.len)
		return -EPROTO;
	if (*list.at != NAME_HOST)
		return -ENOTUNIQ;
	part_skip(&list, 1);
	if (!part_cut(&list, 2, &name) || !name.len)
		return -EPROTO;
	if (list.len || memchr(name.at, 0, name.len))
		return -ENOTUNIQ;
	hello->name_at = (size_t)(name.at - hello->bytes);
	hello->name_len = name.len;
	return 0;
}

static int extensions_read(struct clienthello *hello, struct part extensions)
{
	struct part data;
	unsigned int names = 0;
	size_t type;
	int err;

	while (extensions.len) {
		if (extensions.len < 2)
			return -EPROTO;
		type = number(extensions.at, 2);
		part_skip(&extensions, 2);
		if (!part_cut(&extensions, 2, &data))
			return -EPROTO;
		if (type != EXTENSION_NAME)
			continue;
		err = names++ ? -ENOTUNIQ : extension_name(hello, data);
		if (err)
			return err;
	}
	return names ? 0 : -ENOENT;
}

static int message_read(struct clienthello *hello, size_t len)
{
	struct part rest = { hello->bytes + MESSAGE_HEADER, len - MESSAGE_HEADER }, vector;

	/* client_version 3.1 to 3.3: 1.3 shows itself as 1.2. */
	if (rest.len < 2 || rest.at[0] != 3 || rest.at[1] < 1 || rest.at[1] > 3)
		return -EPROTO;
	if (!part_skip(&rest, 2 + 32))
		return -EPROTO;
	if (!part_cut(&rest, 1, &vector) || vector.len > 32)
		return -EPROTO;
	if (!part_cut(&rest, 2, &vector) || !vector.len || vector.len % 2)
		return -EPROTO;
	if (!part_cut(&rest, 1, &vector) || !vector.len)
		return -EPROTO;
	if (!rest.len)
		return -ENOENT;
	if (!part_cut(&rest, 2, &vector) || rest.len)
		return -EPROTO;
	return extensions_read(hello, vector);
}

int clienthello_parse(const uint8_t *bytes, size_t len, struct clienthello *hello, size_t *ret_need)
{
	size_t size;
	int err;

	hello->name_at = 0;
	hello->name_len = 0;
	err = message_take(bytes, len, hello, &size, ret_need);
	return err ? err : message_read(hello, size);
}
