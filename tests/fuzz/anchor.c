// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as a state of agentctl audit anchor: what is taken of them has a checkpoint wherever it says so. */
#include <errno.h>
#include <string.h>

#include "audit/anchor.h"
#include "audit/note.h"
#include "tests/fuzz/fuzz.h"

static void note_try(const struct anchor_note *n)
{
	size_t len;

	HOLDS(!n->note || note_split(n->note, n->len, &len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t target[TREE_HASH] = { 1 };
	char *text = malloc(size + 1);
	struct anchor a;
	int err;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	err = anchor_parse(text, size, &a);
	HOLDS(err == 0 || err == -EBADMSG || err == -EPROTO);
	if (err == 0) {
		note_try(&a.whole);
		note_try(&a.underway);
		HOLDS(a.taken_count <= LIMIT_ANCHOR_TARGETS && (a.underway.note || !a.taken_count));
		err = anchor_took(&a, target);
		HOLDS(err == 0 ? anchor_has(&a, target) : err == -E2BIG);
		anchor_release(&a);
	}
	free(text);
	return 0;
}
