// SPDX-License-Identifier: GPL-2.0-or-later
/* Checkpoints: read and written. */
#include "audit/checkpoint.h"

#include <errno.h>
#include <string.h>

#include "audit/lines.h"

int checkpoint_parse(const char *text, size_t len, struct checkpoint *ret_checkpoint)
{
	struct lines lines = { text, len };
	struct checkpoint c = { .origin = "" };
	struct line line;
	int err;

	if (!lines_are_plain(text, len) || lines_next(&lines, &line) <= 0 || !line.len ||
	    line.len >= sizeof(c.origin))
		return -EBADMSG;
	memcpy(c.origin, line.text, line.len);
	if (lines_next(&lines, &line) <= 0)
		return -EBADMSG;
	err = line_number(&line, &c.head.size);
	if (err)
		return err;
	if (lines_next(&lines, &line) <= 0 ||
	    line_bytes(&line, c.head.root, sizeof(c.head.root)) != 0)
		return -EBADMSG;
	if (lines.len) {
		c.extensions = lines.text;
		c.extensions_len = lines.len;
	}
	while ((err = lines_next(&lines, &line)) > 0) {
		if (!line.len)
			return -EBADMSG;
	}
	if (!err)
		*ret_checkpoint = c;
	return err;
}

int checkpoint_encode(const struct checkpoint *c, char *buf, size_t size)
{
	struct lines_writer w = { .buf = buf, .size = size };
	struct checkpoint back;
	int len;

	lines_put(&w, c->origin, strnlen(c->origin, sizeof(c->origin)));
	lines_put_string(&w, "\n");
	lines_put_number(&w, c->head.size);
	lines_put_string(&w, "\n");
	lines_put_base64(&w, c->head.root, sizeof(c->head.root));
	lines_put_string(&w, "\n");
	lines_put(&w, c->extensions, c->extensions_len);
	len = lines_end(&w);
	if (len < 0)
		return len;
	/* An origin of two lines would be taken for origin and size. */
	if (checkpoint_parse(buf, (size_t)len, &back) != 0 || back.head.size != c->head.size ||
	    back.extensions_len != c->extensions_len ||
	    memcmp(back.head.root, c->head.root, sizeof(back.head.root)) != 0)
		return -EINVAL;
	return len;
}
