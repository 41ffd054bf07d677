// SPDX-License-Identifier: GPL-2.0-or-later
/* Keys, checkpoints and proofs as files that anyone may have written. */
#include "ctl/evidence.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/limits.h"

#define KEY_FILE \
	((LIMIT_KEYS + 1) * NOTE_VERIFIER_SIZE) /* bytes: a line for each key that there may be */

static int pour(int fd, char *buf, size_t size, size_t *ret_len)
{
	size_t len = 0;
	ssize_t got;

	while (len < size) {
		got = read(fd, buf + len, size - len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		len += (size_t)got;
	}
	*ret_len = len;
	return 0;
}

/* To the last bytes of a file that has more, as far as it can be gone to. */
static void tail_seek(int fd, size_t most)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > (off_t)most)
		lseek(fd, st.st_size - (off_t)most, SEEK_SET);
}

static int file_read(const char *name, size_t most, bool tail, char **ret_text, size_t *ret_len,
		     struct fault *f)
{
	bool input = strcmp(name, "-") == 0;
	char shown[512], *text;
	size_t len = 0;
	int fd, rc;

	if (input)
		strcpy(shown, "standard input");
	else
		escape_text(shown, sizeof(shown), name, strlen(name));
	fd = input ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fault_set(f, errno, "%s: %s", shown, strerror(errno));
	if (tail)
		tail_seek(fd, most);
	/* One more than there may be, to see that there is. */
	text = malloc(most + 1);
	rc = text ? pour(fd, text, most + 1, &len) : -ENOMEM;
	if (!input)
		close(fd);
	if (rc < 0)
		fault_set(f, -rc, "%s: %s", shown, strerror(-rc));
	else if (len > most)
		rc = fault_set(f, E2BIG, "%s: more than %zu bytes", shown, most);
	else if (!len)
		rc = fault_set(f, EINVAL, "%s: empty", shown);
	if (rc < 0) {
		free(text);
		return rc;
	}
	*ret_text = text;
	*ret_len = len;
	return 0;
}

int evidence_read(const char *name, size_t most, char **ret_text, size_t *ret_len, struct fault *f)
{
	return file_read(name, most, false, ret_text, ret_len, f);
}

/* Why a text is no public key, for a message. */
static const char *key_refusal(const char *text, size_t len, int err)
{
	static const char private_key[] = "PRIVATE+KEY+";

	if (len >= sizeof(private_key) - 1 &&
	    memcmp(text, private_key, sizeof(private_key) - 1) == 0)
		return "a private key: the public one, beside it, is what is asked for";
	if (err == -ENOTSUP)
		return "a key for signatures of another type than Ed25519";
	if (err == -EKEYREJECTED)
		return "a public key whose id is not that of its name and bytes";
	return "not a public key: that is one line NAME+ID+BASE64";
}

static int keys_parse(const char *name, const char *text, size_t len, struct evidence_keys *keys,
		      struct fault *f)
{
	size_t line, whole, i;
	char shown[512];
	const char *end;
	int rc;

	for (i = 0; i < len; i += whole + 1) {
		end = memchr(text + i, '\n', len - i);
		whole = end ? (size_t)(end - (text + i)) : len - i;
		line = whole && text[i + whole - 1] == '\r' ? whole - 1 : whole;
		rc = keys->count <= LIMIT_KEYS ?
			     note_verifier_parse(text + i, line, &keys->all[keys->count]) :
			     -EBADMSG;
		if (rc) {
			escape_text(shown, sizeof(shown), name, strlen(name));
			fault_set(f, 0, "%s: %s", shown, key_refusal(text + i, line, rc));
			return rc == -EIO ? rc : -EINVAL;
		}
		keys->count++;
	}
	return 0;
}

static int keys_file(const char *name, struct evidence_keys *ret_keys, struct fault *f)
{
	struct evidence_keys keys = { .all = NULL };
	size_t len, whole = 0, lines = 1, i;
	char *text = NULL, shown[512];
	int rc;

	rc = evidence_read(name, KEY_FILE, &text, &whole, f);
	if (rc)
		return rc;
	len = whole;
	while (len && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	for (i = 0; i < len; i++)
		lines += text[i] == '\n';
	keys.all = calloc(lines, sizeof(*keys.all));
	rc = keys.all ? keys_parse(name, text, len, &keys, f) :
			fault_set(f, ENOMEM, "not enough memory for the log's keys");
	if (rc == 0 && !keys.count) {
		escape_text(shown, sizeof(shown), name, strlen(name));
		rc = fault_set(f, EINVAL, "%s: %s", shown, key_refusal("", 0, -EBADMSG));
	}
	free(text);
	if (rc)
		evidence_keys_release(&keys);
	else
		*ret_keys = keys;
	return rc;
}

static int keys_beside(const char *directory, struct evidence_keys *ret_keys, struct fault *f)
{
	size_t len = strlen(directory);
	char name[4096 + 8];
	struct fault why;
	int rc;

	while (len > 1 && directory[len - 1] == '/')
		len--;
	if (len > 4096)
		return fault_set(f, ENAMETOOLONG, "the log's directory: %s",
				 strerror(ENAMETOOLONG));
	snprintf(name, sizeof(name), "%.*s.pub", (int)len, directory);
	rc = keys_file(name, ret_keys, &why);
	if (rc)
		fault_set(f, 0, "%s; name the log's public key with --key", why.text);
	return rc;
}

int evidence_keys(const char *word, const char *directory, struct evidence_keys *ret_keys,
		  struct fault *f)
{
	struct note_verifier key;
	int rc;

	if (!word && !directory)
		return fault_set(f, EINVAL, "a public key is missing: name it with --key");
	if (!word)
		return keys_beside(directory, ret_keys, f);
	rc = note_verifier_parse(word, strlen(word), &key);
	if (rc == 0) {
		ret_keys->all = malloc(sizeof(key));
		if (!ret_keys->all)
			return fault_set(f, ENOMEM, "not enough memory for a key");
		ret_keys->all[0] = key;
		ret_keys->count = 1;
		return 0;
	}
	/* A key that was copied wrongly, and no file; it may be a secret one, so that it is not shown. */
	if (strchr(word, '+') && access(word, F_OK) != 0)
		return fault_set(f, EINVAL, "--key: %s", key_refusal(word, strlen(word), rc));
	return keys_file(word, ret_keys, f);
}

void evidence_keys_release(struct evidence_keys *keys)
{
	free(keys->all);
	*keys = (struct evidence_keys){ .all = NULL };
}

const struct note_verifier *evidence_key(const struct evidence_keys *keys)
{
	return &keys->all[keys->count - 1];
}

struct evidence_name evidence_key_name(const struct note_verifier *key)
{
	struct evidence_name name;
	size_t len = escape_text(name.text, sizeof(name.text) - 10, key->name, strlen(key->name));

	snprintf(name.text + len, sizeof(name.text) - len, "+%02x%02x%02x%02x", key->id[0],
		 key->id[1], key->id[2], key->id[3]);
	return name;
}

/* Behind the last empty line before end, which is 0 where there is none. */
static size_t part_begin(const char *text, size_t end)
{
	while (end > 1 && !(text[end - 1] == '\n' && text[end - 2] == '\n'))
		end--;
	return end > 1 ? end : 0;
}

/* The last checkpoint of a text that may have several, as a trail has them: moved to its beginning. */
static bool checkpoint_last(char *text, size_t *len, struct checkpoint *ret_checkpoint)
{
	size_t end = *len, signatures, begin, split;

	for (; end; end = part_begin(text, end - 1)) {
		if (end > 1 && text[end - 1] == '\n' && text[end - 2] == '\n')
			end--;
		signatures = part_begin(text, end);
		begin = signatures ? part_begin(text, signatures - 1) : 0;
		if (note_split(text + begin, end - begin, &split) != 0 ||
		    checkpoint_parse(text + begin, split, ret_checkpoint) != 0)
			continue;
		memmove(text, text + begin, end - begin);
		*len = end - begin;
		/* Again: its extensions lie in the text. */
		return checkpoint_parse(text, split, ret_checkpoint) == 0;
	}
	return false;
}

int evidence_checkpoint(const char *name, struct evidence *ret_evidence, struct fault *f)
{
	struct evidence e = { .note = NULL };
	char shown[512];
	int rc;

	rc = file_read(name, LIMIT_NOTE, true, &e.note, &e.len, f);
	if (rc)
		return rc;
	if (checkpoint_last(e.note, &e.len, &e.checkpoint)) {
		*ret_evidence = e;
		return 0;
	}
	free(e.note);
	escape_text(shown, sizeof(shown), name, strlen(name));
	return fault_set(f, EINVAL, "%s: not a signed checkpoint, or not all of one",
			 strcmp(name, "-") == 0 ? "standard input" : shown);
}

/* Takes a copy: the entry is the trail's. */
static int entry_keep(const struct trail_entry *entry, struct evidence *ret_evidence)
{
	char *note = malloc(entry->len);
	struct checkpoint c;
	size_t text;

	if (!note)
		return -ENOMEM;
	memcpy(note, entry->note, entry->len);
	if (note_split(note, entry->len, &text) != 0 || checkpoint_parse(note, text, &c) != 0) {
		free(note);
		return -EBADMSG;
	}
	ret_evidence->note = note;
	ret_evidence->len = entry->len;
	ret_evidence->checkpoint = c;
	return 0;
}

int evidence_from_log(const char *directory, uint64_t size, struct evidence *ret_evidence,
		      struct fault *f)
{
	struct trail_entry entry;
	struct trail *trail = NULL;
	struct segment_dir d;
	int rc;

	rc = segment_dir_open(directory, &d, f);
	if (rc)
		return rc;
	rc = trail_open(&d, &trail, f);
	if (rc)
		goto closed;
	rc = size == UINT64_MAX ? trail_newest(trail, &entry) : trail_find(trail, size, &entry);
	if (rc == 1)
		rc = entry_keep(&entry, ret_evidence);
	else if (rc == 0)
		rc = -ESRCH;
	if (rc == -ESRCH && size == UINT64_MAX)
		fault_set(f, 0, "%s: there is no checkpoint yet", d.shown);
	else if (rc == -ESRCH)
		fault_set(f, 0, "%s: there is no checkpoint of %" PRIu64 " records or more yet",
			  d.shown, size);
	else if (rc)
		fault_set(f, 0, "%s/" TRAIL_NAME ": %s", d.shown,
			  rc == -EBADMSG ? "it does not end in a checkpoint" : strerror(-rc));
	trail_close(trail);
closed:
	segment_dir_close(&d);
	return rc;
}

void evidence_release(struct evidence *e)
{
	free(e->note);
	e->note = NULL;
}

/* Which of the keys has signed: its number, or what note_open() said of the last. */
static int keys_find(const struct evidence_keys *keys, const char *note, size_t len,
		     size_t *ret_text)
{
	size_t i;
	int rc = -ENOKEY;

	for (i = keys->count; i-- && rc == -ENOKEY;) {
		rc = note_open(&keys->all[i], note, len, ret_text);
		if (rc == 0)
			return (int)i;
	}
	return rc;
}

int evidence_judge(const struct evidence_keys *keys, const char *origin, const char *note,
		   size_t len, const char *what, struct checkpoint *ret_checkpoint,
		   const struct note_verifier **ret_key, struct fault *f)
{
	char shown[ESCAPE_TEXT_MAX(sizeof(ret_checkpoint->origin)) + 1];
	const struct note_verifier *key = evidence_key(keys);
	struct checkpoint c;
	size_t text;
	int rc;

	rc = keys_find(keys, note, len, &text);
	switch (rc) {
	case -ENOKEY:
		return fault_set(f, ENOKEY, "%s is not signed by the key %s%s", what,
				 evidence_key_name(key).text,
				 keys->count > 1 ? ", nor by those before it" : "");
	case -EKEYREJECTED:
		return fault_set(
			f, EKEYREJECTED,
			"%s: its signature is wrong: it was changed, or never signed by %s", what,
			evidence_key_name(key).text);
	default:
		if (rc >= 0)
			break;
		return fault_set(f, -rc, "%s: the signature cannot be checked: %s", what,
				 rc == -E2BIG ? "too many of them" : strerror(-rc));
	}
	key = &keys->all[rc];
	if (checkpoint_parse(note, text, &c) != 0)
		return fault_set(f, EREMCHG, "%s is signed by the key, and no checkpoint", what);
	if (strcmp(c.origin, origin ? origin : key->name) != 0) {
		escape_text(shown, sizeof(shown), c.origin, strlen(c.origin));
		return fault_set(f, EREMCHG,
				 "%s is of another log, %s; --origin says which is meant", what,
				 shown);
	}
	*ret_checkpoint = c;
	*ret_key = key;
	return 0;
}

bool evidence_number(const char *text, uint64_t *ret_number)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*ret_number = strtoull(text, &end, 10);
	return !errno && !*end;
}
