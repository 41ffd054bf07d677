// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as the begin of a tunnel: the verdict does not depend on how they arrive. */
#include <errno.h>
#include <string.h>

#include "gateway/clienthello.h"
#include "tests/fuzz/fuzz.h"

static struct clienthello whole, part;

static int parse(const uint8_t *bytes, size_t len, struct clienthello *hello)
{
	size_t need = 0;
	int err = clienthello_parse(bytes, len, hello, &need);

	HOLDS(err == 0 || err == -EAGAIN || err == -EPROTO || err == -ENOENT || err == -ENOTUNIQ);
	/* What is needed fits into the gateway's buffer. */
	HOLDS(err != -EAGAIN || (need > len && need <= LIMIT_GATE_BUFFER));
	if (!err) {
		HOLDS(hello->name_len && hello->name_at < LIMIT_HELLO);
		HOLDS(hello->name_len <= LIMIT_HELLO - hello->name_at);
		HOLDS(!memchr(hello->bytes + hello->name_at, 0, hello->name_len));
	}
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int verdict = parse(data, size, &whole), err = -EAGAIN;
	size_t have, step = size ? 1 + data[size - 1] : 1;

	/* In pieces: once there is a verdict, more bytes do not change it. */
	for (have = 0; have < size && err == -EAGAIN;
	     have = have + step < size ? have + step : size)
		err = parse(data, have, &part);
	if (err == -EAGAIN)
		err = parse(data, size, &part);
	HOLDS(err == verdict);
	if (!verdict)
		HOLDS(part.name_len == whole.name_len &&
		      memcmp(part.bytes + part.name_at, whole.bytes + whole.name_at,
			     whole.name_len) == 0);
	return 0;
}
