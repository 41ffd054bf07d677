// SPDX-License-Identifier: GPL-2.0-or-later
/* How far a log was anchored: read, checked, and written whole. */
#include "audit/anchor.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/checkpoint.h"
#include "audit/note.h"
#include "base/durable.h"
#include "base/escape.h"

static const char head[] = "agentos-anchor 1\n", last_line[] = "end\n";

static int refuse(struct fault *f, const char *path, int err, const char *why)
{
	char shown[512];

	escape_text(shown, sizeof(shown), path, strlen(path));
	return fault_set(f, err, "%s: %s", shown, why);
}

static void note_release(struct anchor_note *n)
{
	free(n->note);
	*n = (struct anchor_note){ .note = NULL };
}

void anchor_release(struct anchor *a)
{
	note_release(&a->whole);
	note_release(&a->underway);
	a->taken_count = 0;
}

const struct anchor_note *anchor_last(const struct anchor *a)
{
	return a->underway.note ? &a->underway : a->whole.note ? &a->whole : NULL;
}

int anchor_begin(struct anchor *a, const char *note, size_t len, uint64_t size, uint64_t time_ns)
{
	char *copy = malloc(len);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, note, len);
	note_release(&a->underway);
	a->underway.note = copy;
	a->underway.len = len;
	a->underway.time_ns = time_ns;
	a->underway.size = size;
	a->taken_count = 0;
	return 0;
}

bool anchor_has(const struct anchor *a, const uint8_t target[TREE_HASH])
{
	unsigned int i;

	for (i = 0; i < a->taken_count; i++) {
		if (memcmp(a->taken[i], target, TREE_HASH) == 0)
			return true;
	}
	return false;
}

int anchor_took(struct anchor *a, const uint8_t target[TREE_HASH])
{
	if (anchor_has(a, target))
		return 0;
	if (a->taken_count == LIMIT_ANCHOR_TARGETS)
		return -E2BIG;
	memcpy(a->taken[a->taken_count++], target, TREE_HASH);
	return 0;
}

void anchor_done(struct anchor *a, uint64_t time_ns)
{
	note_release(&a->whole);
	a->whole = a->underway;
	a->whole.time_ns = time_ns;
	a->underway = (struct anchor_note){ .note = NULL };
	a->taken_count = 0;
}

static void note_put(FILE *out, const char *word, const struct anchor_note *n)
{
	if (!n->note)
		return;
	fprintf(out, "%s %" PRIu64 " %zu\n", word, n->time_ns, n->len);
	fwrite(n->note, 1, n->len, out);
}

/* As the file has it, to be freed. */
static int anchor_encode(const struct anchor *a, char **ret_text, size_t *ret_len)
{
	unsigned int i, j;
	FILE *out = open_memstream(ret_text, ret_len);

	if (!out)
		return -ENOMEM;
	fputs(head, out);
	note_put(out, "whole", &a->whole);
	note_put(out, "underway", &a->underway);
	for (i = 0; i < a->taken_count; i++) {
		fputs("taken ", out);
		for (j = 0; j < TREE_HASH; j++)
			fprintf(out, "%02x", a->taken[i][j]);
		fputc('\n', out);
	}
	fputs(last_line, out);
	if (fclose(out) == 0)
		return 0;
	free(*ret_text);
	return -ENOMEM;
}

/* What is left of a file that is read; it has a NUL behind it. */
struct rest {
	const char *at;
	size_t len;
};

/* 1 and the note, when one of that word stands there; 0: something else does. */
static int note_take(struct rest *r, const char *word, struct anchor_note *ret_note)
{
	size_t word_len = strlen(word), len, text;
	struct checkpoint c;
	uint64_t time_ns;
	int used = 0;

	if (strncmp(r->at, word, word_len) != 0)
		return 0;
	if (sscanf(r->at + word_len, " %" SCNu64 " %zu%n", &time_ns, &len, &used) != 2 ||
	    r->at[word_len + (size_t)used] != '\n')
		return -EBADMSG;
	r->len -= word_len + (size_t)used + 1;
	r->at += word_len + (size_t)used + 1;
	if (len > LIMIT_NOTE || len > r->len || note_split(r->at, len, &text) != 0 ||
	    checkpoint_parse(r->at, text, &c) != 0)
		return -EBADMSG;
	ret_note->note = malloc(len);
	if (!ret_note->note)
		return -ENOMEM;
	memcpy(ret_note->note, r->at, len);
	ret_note->len = len;
	ret_note->time_ns = time_ns;
	ret_note->size = c.head.size;
	r->at += len;
	r->len -= len;
	return 1;
}

static int taken_take(struct rest *r, struct anchor *a)
{
	static const char word[] = "taken ";
	const size_t len = sizeof(word) - 1 + (size_t)2 * TREE_HASH + 1;
	unsigned int byte;
	size_t i;

	while (r->len >= len && strncmp(r->at, word, sizeof(word) - 1) == 0) {
		if (a->taken_count == LIMIT_ANCHOR_TARGETS)
			return -EBADMSG;
		for (i = 0; i < TREE_HASH; i++) {
			if (sscanf(r->at + sizeof(word) - 1 + 2 * i, "%2x", &byte) != 1)
				return -EBADMSG;
			a->taken[a->taken_count][i] = (uint8_t)byte;
		}
		a->taken_count++;
		r->at += len;
		r->len -= len;
	}
	return 0;
}

static int parts_take(const char *text, size_t len, struct anchor *a)
{
	struct rest r = { text, len };
	char *again;
	size_t again_len;
	int rc;

	r.at += sizeof(head) - 1;
	r.len -= sizeof(head) - 1;
	rc = note_take(&r, "whole", &a->whole);
	if (rc >= 0)
		rc = note_take(&r, "underway", &a->underway);
	if (rc >= 0)
		rc = taken_take(&r, a);
	if (rc < 0)
		return rc;
	if (a->underway.note ? a->underway.size < a->whole.size : a->taken_count > 0)
		return -EBADMSG;
	/* Nothing else than what is written for it: neither behind the end, nor between. */
	rc = anchor_encode(a, &again, &again_len);
	if (rc)
		return rc;
	if (again_len != len || memcmp(again, text, len) != 0)
		rc = -EBADMSG;
	free(again);
	return rc;
}

int anchor_parse(const char *text, size_t len, struct anchor *ret_anchor)
{
	struct anchor a = { .taken_count = 0 };
	unsigned int version;
	int rc;

	if (sscanf(text, "agentos-anchor %u", &version) == 1 && version > 1)
		return -EPROTO;
	if (strncmp(text, head, sizeof(head) - 1) != 0)
		return -EBADMSG;
	rc = parts_take(text, len, &a);
	if (rc)
		anchor_release(&a);
	else
		*ret_anchor = a;
	return rc;
}

/* All of it, to be freed, with a NUL behind it. */
static int text_read(int fd, char **ret_text, size_t *ret_len)
{
	char *text = malloc(LIMIT_ANCHOR_STATE + 1);
	size_t len = 0;
	ssize_t n = 1;

	if (!text)
		return -ENOMEM;
	while (n > 0 && len < LIMIT_ANCHOR_STATE) {
		n = read(fd, text + len, LIMIT_ANCHOR_STATE - len);
		if (n < 0 && errno != EINTR) {
			n = -errno;
			free(text);
			return (int)n;
		}
		len += n > 0 ? (size_t)n : 0;
		n = n < 0 ? 1 : n;
	}
	text[len] = '\0';
	*ret_text = text;
	*ret_len = len;
	return 0;
}

int anchor_read(const char *path, struct anchor *ret_anchor, struct fault *f)
{
	struct anchor a = { .taken_count = 0 };
	char *text = NULL;
	struct stat st;
	size_t len = 0;
	int fd, rc;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT) {
		*ret_anchor = a;
		return 0;
	}
	if (fd < 0 && errno == ELOOP)
		return refuse(f, path, ELOOP, "a symbolic link, which is not followed");
	if (fd < 0)
		return refuse(f, path, errno, strerror(errno));
	if (fstat(fd, &st) != 0)
		rc = -errno;
	else
		rc = S_ISREG(st.st_mode) ? text_read(fd, &text, &len) : -EBADMSG;
	close(fd);
	if (rc == 0)
		rc = text ? anchor_parse(text, len, &a) : -EBADMSG;
	free(text);
	if (rc == 0) {
		*ret_anchor = a;
		return 0;
	}
	if (rc == -EPROTO)
		return refuse(f, path, EPROTO, "of a later version; upgrade this program");
	if (rc == -EBADMSG)
		return refuse(f, path, EBADMSG,
			      "not a state of agentctl audit anchor, or not all of one");
	return refuse(f, path, -rc, strerror(-rc));
}

int anchor_write(const char *path, const struct anchor *a, struct fault *f)
{
	char *text;
	size_t len;
	int rc;

	rc = anchor_encode(a, &text, &len);
	if (!rc) {
		rc = durable_replace(path, text, len, 0640);
		free(text);
	}
	return rc ? refuse(f, path, -rc, strerror(-rc)) : 0;
}

int anchor_lock(const char *path, struct fault *f)
{
	int fd, rc = 0;
	char *name;

	if (asprintf(&name, "%s.lock", path) < 0)
		return fault_set(f, ENOMEM, "not enough memory");
	fd = open(name, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
	if (fd < 0)
		rc = refuse(f, name, errno, strerror(errno));
	else if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		rc = errno == EWOULDBLOCK ?
			     refuse(f, path, EBUSY,
				    "another agentctl audit anchor uses this state") :
			     refuse(f, name, errno, strerror(errno));
	free(name);
	if (rc && fd >= 0)
		close(fd);
	return rc ? rc : fd;
}
