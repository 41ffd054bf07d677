// SPDX-License-Identifier: GPL-2.0-or-later
/* To whom a checkpoint is handed on: what the kinds have in common. */
#include "ctl/target.h"

#include <errno.h>
#include <string.h>

#include "base/escape.h"

static const char *const words[] = { "file", "command", "URL" };

int target_init(struct target *t, struct fault *f)
{
	struct tree_bytes parts[64] = { { words[t->kind], strlen(words[t->kind]) + 1 },
					{ t->name, strlen(t->name) + 1 } };
	struct tree_hasher *h;
	size_t count = 2, i;
	int rc;

	/* A longer command is told by its beginning. */
	for (i = 1; t->argv && t->argv[0] && t->argv[i] && count < 64; i++, count++)
		parts[count] = (struct tree_bytes){ t->argv[i], strlen(t->argv[i]) + 1 };
	rc = tree_hasher_create(&h);
	if (rc == 0) {
		rc = tree_leaf(h, parts, count, t->hash);
		tree_hasher_free(h);
	}
	return rc ? fault_set(f, -rc, "cannot hash: %s", strerror(-rc)) : 0;
}

int target_send(const struct target *t, const struct target_options *o, const char *note,
		size_t len, struct fault *f)
{
	struct fault why = { "" };
	char shown[512];
	int rc;

	switch (t->kind) {
	case TARGET_FILE:
		rc = target_send_file(t, note, len, &why);
		break;
	case TARGET_COMMAND:
		rc = target_send_command(t, o, note, len, &why);
		break;
	default:
		rc = target_send_url(t, o, note, len, &why);
		break;
	}
	if (rc == 0)
		return 0;
	escape_text(shown, sizeof(shown), t->name, strlen(t->name));
	return fault_set(f, -rc, "%s %s: %s", words[t->kind], shown, why.text);
}
