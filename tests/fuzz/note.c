// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as a signed note: its checkpoint writes back to the same text, and nobody's signature is taken. */
#include <errno.h>
#include <string.h>

#include "audit/checkpoint.h"
#include "audit/note.h"
#include "base/limits.h"
#include "tests/fuzz/fuzz.h"

/* A key whose private half nobody has: a point that was made up. */
static const struct note_verifier nobody = { .name = "example.com/log",
					     .id = { 1, 2, 3, 4 },
					     .key = { 5 } };

static void checkpoint_try(const char *text, size_t len)
{
	char again[LIMIT_NOTE + 1];
	struct checkpoint c;
	int err = checkpoint_parse(text, len, &c);

	HOLDS(err == 0 || err == -EBADMSG || err == -ERANGE);
	if (err)
		return;
	HOLDS(checkpoint_encode(&c, again, sizeof(again)) == (int)len);
	HOLDS(memcmp(again, text, len) == 0);
}

static void key_try(const char *text, size_t len)
{
	char again[NOTE_KEY_SIZE > NOTE_VERIFIER_SIZE ? NOTE_KEY_SIZE : NOTE_VERIFIER_SIZE];
	struct note_verifier v;
	struct note_key key;

	if (note_verifier_parse(text, len, &v) == 0) {
		HOLDS(note_verifier_encode(&v, again, sizeof(again)) == (int)len);
		HOLDS(strlen(v.name) < NOTE_NAME);
	}
	if (note_key_parse(text, len, &key) == 0)
		HOLDS(note_key_encode(&key, again, sizeof(again)) == (int)len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Of exactly this size, so that reading beyond it is seen. */
	char *note = malloc(size ? size : 1);
	size_t len = 0, opened = 0;
	int err;

	if (!note)
		return 0;
	memcpy(note, data, size);
	err = note_split(note, size, &len);
	HOLDS(err == 0 || err == -EBADMSG || err == -E2BIG);
	if (!err) {
		HOLDS(len > 0 && len < size && note[len - 1] == '\n' && note[len] == '\n');
		checkpoint_try(note, len);
	}
	HOLDS(note_open(&nobody, note, size, &opened) != 0);
	checkpoint_try(note, size);
	key_try(note, size);
	free(note);
	return 0;
}
