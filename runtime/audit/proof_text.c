// SPDX-License-Identifier: GPL-2.0-or-later
/* Proofs as text, with the checkpoints that they are about. */
#include "audit/proof.h"

#include <errno.h>
#include <string.h>

#include "audit/lines.h"
#include "audit/note.h"
#include "base/base64.h"

#define INCLUSION_LINE "c2sp.org/tlog-proof@v1"

/* The hashes up to the empty line, and the note behind it. */
static int rest_parse(struct lines *lines, unsigned int most, struct proof *proof,
		      const char **ret_note, size_t *ret_len)
{
	struct line line;
	size_t text_len;
	int err;

	proof->count = 0;
	while (1) {
		if (lines_next(lines, &line) <= 0)
			return -EBADMSG;
		if (!line.len)
			break;
		if (proof->count == most)
			return -E2BIG;
		err = line_bytes(&line, proof->hashes[proof->count], TREE_HASH);
		if (err)
			return err;
		proof->count++;
	}
	err = note_split(lines->text, lines->len, &text_len);
	if (err)
		return err;
	*ret_note = lines->text;
	*ret_len = lines->len;
	return 0;
}

static int rest_encode(struct lines_writer *w, const struct proof *proof, const char *note,
		       size_t len)
{
	size_t text_len;
	unsigned int i;
	int err = note_split(note, len, &text_len);

	if (err)
		return err == -EBADMSG ? -EINVAL : err;
	for (i = 0; i < proof->count; i++) {
		lines_put_base64(w, proof->hashes[i], TREE_HASH);
		lines_put_string(w, "\n");
	}
	lines_put_string(w, "\n");
	lines_put(w, note, len);
	return lines_end(w);
}

static int extra_parse(struct line *line, struct proof_inclusion_text *t)
{
	int len = base64_decode(line->text, line->len, t->extra, sizeof(t->extra));

	if (len < 0)
		return len;
	t->extra_len = (size_t)len;
	/* Without extra data there is no such line. */
	return len ? 0 : -EBADMSG;
}

int proof_inclusion_parse(const char *text, size_t len, struct proof_inclusion_text *ret_text)
{
	struct proof_inclusion_text t = { .extra_len = 0 };
	struct lines lines = { text, len };
	struct line line;
	int err;

	if (len > LIMIT_PROOF)
		return -E2BIG;
	if (lines_next(&lines, &line) <= 0 || !line_skip(&line, INCLUSION_LINE) || line.len ||
	    lines_next(&lines, &line) <= 0)
		return -EBADMSG;
	if (line_skip(&line, "extra ")) {
		err = extra_parse(&line, &t);
		if (err)
			return err;
		if (lines_next(&lines, &line) <= 0)
			return -EBADMSG;
	}
	if (!line_skip(&line, "index "))
		return -EBADMSG;
	err = line_number(&line, &t.index);
	if (err)
		return err;
	err = rest_parse(&lines, PROOF_HASHES - 1, &t.proof, &t.checkpoint, &t.checkpoint_len);
	if (!err)
		*ret_text = t;
	return err;
}

int proof_inclusion_encode(const struct proof_inclusion_text *t, char *buf, size_t size)
{
	struct lines_writer w = { .buf = buf, .size = size };

	if (t->extra_len > sizeof(t->extra) || t->proof.count > PROOF_HASHES - 1)
		return -E2BIG;
	lines_put_string(&w, INCLUSION_LINE "\n");
	if (t->extra_len) {
		lines_put_string(&w, "extra ");
		lines_put_base64(&w, t->extra, t->extra_len);
		lines_put_string(&w, "\n");
	}
	lines_put_string(&w, "index ");
	lines_put_number(&w, t->index);
	lines_put_string(&w, "\n");
	return rest_encode(&w, &t->proof, t->checkpoint, t->checkpoint_len);
}

int proof_consistency_parse(const char *text, size_t len, struct proof_consistency_text *ret_text)
{
	struct proof_consistency_text t = { .from = 0 };
	struct lines lines = { text, len };
	struct line line;
	int err;

	if (len > LIMIT_PROOF)
		return -E2BIG;
	if (lines_next(&lines, &line) <= 0 || !line_skip(&line, "old "))
		return -EBADMSG;
	err = line_number(&line, &t.from);
	if (err)
		return err;
	err = rest_parse(&lines, PROOF_CONSISTENCY_LINES, &t.proof, &t.checkpoint,
			 &t.checkpoint_len);
	if (err)
		return err;
	/* What grew from nothing needs no proof, and must have none. */
	if (!t.from && t.proof.count)
		return -EBADMSG;
	*ret_text = t;
	return 0;
}

int proof_consistency_encode(const struct proof_consistency_text *t, char *buf, size_t size)
{
	struct lines_writer w = { .buf = buf, .size = size };

	if (t->proof.count > PROOF_CONSISTENCY_LINES)
		return -E2BIG;
	if (!t->from && t->proof.count)
		return -EINVAL;
	lines_put_string(&w, "old ");
	lines_put_number(&w, t->from);
	lines_put_string(&w, "\n");
	return rest_encode(&w, &t->proof, t->checkpoint, t->checkpoint_len);
}
