// SPDX-License-Identifier: GPL-2.0-or-later
/* The key that a log's checkpoints are signed with, and where it is kept. */
#include "audit/key_file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/escape.h"
#include "base/limits.h"

#define HOST_BYTES 64 /* of the host's name that become part of the key's */

struct key_paths {
	char secret[PATH_MAX], public[PATH_MAX], next[PATH_MAX];
	char shown[256]; /* the directory's, for messages */
};

static int paths_make(struct key_paths *p, const char *directory, struct fault *f)
{
	size_t len = strlen(directory);

	escape_text(p->shown, sizeof(p->shown), directory, len);
	while (len > 1 && directory[len - 1] == '/')
		len--;
	if (!len || len + sizeof(KEY_FILE_NEXT) + sizeof(".new") > sizeof(p->secret))
		return fault_set(f, ENAMETOOLONG, "%s: too long for a directory", p->shown);
	snprintf(p->secret, sizeof(p->secret), "%.*s" KEY_FILE_SECRET, (int)len, directory);
	snprintf(p->public, sizeof(p->public), "%.*s" KEY_FILE_PUBLIC, (int)len, directory);
	snprintf(p->next, sizeof(p->next), "%.*s" KEY_FILE_NEXT, (int)len, directory);
	return 0;
}

static int path_fault(const struct key_paths *p, const char *suffix, int error, struct fault *f)
{
	return fault_set(f, error, "%s%s: %s", p->shown, suffix, strerror(error));
}

/* All of a small regular file. mode: bits that it must not have. The length. */
static int file_read(const char *path, mode_t never, char *buf, size_t size)
{
	struct stat st;
	ssize_t len;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) != 0) {
		len = -errno;
	} else if (!S_ISREG(st.st_mode)) {
		len = -EBADMSG;
	} else if (st.st_mode & never || (st.st_uid != geteuid() && st.st_uid != 0)) {
		len = -EPERM;
	} else {
		len = read(fd, buf, size);
		if (len < 0)
			len = -errno;
		else if ((size_t)len == size)
			len = -EBADMSG;
	}
	close(fd);
	return (int)len;
}

/* Of a text of so many bytes, without a newline at its end. An errno stays. */
static int text_length(const char *text, int len)
{
	return len > 0 && text[len - 1] == '\n' ? len - 1 : len;
}

/* Writes a file whole or not at all, and waits until it is on disk. over: another may be there. */
static int file_make(const char *path, mode_t mode, const char *text, bool over)
{
	size_t len = strlen(text);
	char fresh[PATH_MAX];
	int fd, rc = 0;

	snprintf(fresh, sizeof(fresh), "%s.new", path);
	/* What an attempt that was cut short left. */
	if (unlink(fresh) != 0 && errno != ENOENT)
		return -errno;
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	errno = 0;
	if (write(fd, text, len) != (ssize_t)len || fchmod(fd, mode) != 0 || fsync(fd) != 0)
		rc = errno ? -errno : -ENOSPC;
	close(fd);
	/* Unlike rename() it does not replace another's. */
	if (rc == 0 && (over ? rename(fresh, path) : link(fresh, path)) != 0)
		rc = -errno;
	unlink(fresh);
	return rc ? rc : durable_name(path);
}

/* Overwrites the bytes of a secret where they lie, as far as that is ours to say. */
static int file_blank(const char *path)
{
	static const char zeros[NOTE_KEY_SIZE + 2];
	struct stat st;
	int fd, rc = 0;

	fd = open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) != 0)
		rc = -errno;
	else if (!S_ISREG(st.st_mode) || st.st_size > (off_t)sizeof(zeros))
		rc = -EBADMSG;
	else if (pwrite(fd, zeros, (size_t)st.st_size, 0) != st.st_size || fsync(fd) != 0)
		rc = errno ? -errno : -EIO;
	close(fd);
	return rc;
}

/* HOST/agentos/XXXXXXXX: a name is not trusted for anything, but tells people whose key it is. */
static int key_invent(struct note_key *key)
{
	char name[NOTE_NAME], host[HOST_BYTES + 1] = "";
	uint8_t seed[NOTE_KEY];
	uint32_t number;
	size_t i;
	int rc;

	if (getrandom(seed, sizeof(seed), 0) != sizeof(seed) ||
	    getrandom(&number, sizeof(number), 0) != sizeof(number))
		return -EIO;
	if (gethostname(host, sizeof(host) - 1) != 0 || !host[0])
		strcpy(host, "host");
	for (i = 0; host[i]; i++) {
		if (!isalnum((unsigned char)host[i]) && host[i] != '.' && host[i] != '-')
			host[i] = '-';
	}
	snprintf(name, sizeof(name), "%s/agentos/%08x", host, number);
	rc = note_key_make(name, seed, key);
	explicit_bzero(seed, sizeof(seed));
	return rc;
}

/* A secret key's file. */
static int key_write(const char *path, const struct note_key *key)
{
	char text[NOTE_KEY_SIZE + 1];
	int rc = note_key_encode(key, text, sizeof(text) - 1);

	if (rc >= 0) {
		strcat(text, "\n");
		rc = file_make(path, 0600, text, false);
	}
	explicit_bzero(text, sizeof(text));
	return rc;
}

static int key_make(const struct key_paths *p, struct note_key *key, struct fault *f)
{
	int rc = key_invent(key);

	if (rc == 0)
		rc = key_write(p->secret, key);
	return rc ? path_fault(p, KEY_FILE_SECRET, -rc, f) : 0;
}

static int key_read(const struct key_paths *p, const char *path, const char *suffix,
		    struct note_key *key, struct fault *f)
{
	char text[NOTE_KEY_SIZE + 2] = { 0 };
	int rc = text_length(text, file_read(path, 0077, text, sizeof(text)));

	if (rc >= 0)
		rc = note_key_parse(text, (size_t)rc, key);
	explicit_bzero(text, sizeof(text));
	if (rc == -EPERM)
		return fault_set(f, EPERM, "%s%s: others may read or change it: it proves nothing",
				 p->shown, suffix);
	if (rc == -EBADMSG || rc == -ENOTSUP || rc == -EKEYREJECTED)
		return fault_set(f, -rc, "%s%s: holds no key to sign with", p->shown, suffix);
	return rc ? path_fault(p, suffix, -rc, f) : 0;
}

/* The file of public keys is made when it is missing; its last line is that of this key. */
static int public_check(const struct key_paths *p, const struct note_key *key, struct fault *f)
{
	const size_t room = (LIMIT_KEYS + 1) * NOTE_VERIFIER_SIZE;
	char text[NOTE_VERIFIER_SIZE + 1], *there = calloc(1, room);
	int len = note_verifier_encode(&key->verifier, text, sizeof(text) - 1), rc;

	if (!there || len < 0) {
		free(there);
		return path_fault(p, KEY_FILE_PUBLIC, len < 0 ? -len : ENOMEM, f);
	}
	rc = text_length(there, file_read(p->public, S_IWGRP | S_IWOTH, there, room));
	if (rc >= len && memcmp(text, there + rc - len, (size_t)len) == 0 &&
	    (rc == len || there[rc - len - 1] == '\n'))
		rc = 0;
	else if (rc >= 0)
		rc = fault_set(f, EBADMSG,
			       "%s" KEY_FILE_PUBLIC " is not of the key in %s" KEY_FILE_SECRET,
			       p->shown, p->shown);
	else if (rc == -ENOENT) {
		strcat(text, "\n");
		rc = file_make(p->public, 0644, text, false);
		if (rc)
			path_fault(p, KEY_FILE_PUBLIC, -rc, f);
	} else {
		path_fault(p, KEY_FILE_PUBLIC, -rc, f);
	}
	free(there);
	return rc;
}

int key_file_open(const char *directory, bool make, struct note_key *ret_key, bool *ret_made,
		  struct fault *f)
{
	struct key_paths p;
	int rc = paths_make(&p, directory, f);

	*ret_made = false;
	if (rc)
		return rc;
	rc = key_read(&p, p.secret, KEY_FILE_SECRET, ret_key, f);
	if (rc == -ENOENT && make) {
		rc = key_make(&p, ret_key, f);
		*ret_made = rc == 0;
	}
	if (rc == 0)
		rc = public_check(&p, ret_key, f);
	if (rc)
		note_key_wipe(ret_key);
	return rc;
}

int key_file_prepare(const char *directory, const struct note_key *now, struct note_key *ret_next,
		     struct fault *f)
{
	struct note_key next = { .seed = { 0 } };
	uint8_t seed[NOTE_KEY];
	struct key_paths p;
	int rc;

	rc = key_file_withdraw(directory, f);
	if (rc == 0)
		rc = paths_make(&p, directory, f);
	if (rc)
		return rc;
	do {
		rc = getrandom(seed, sizeof(seed), 0) == sizeof(seed) ? 0 : -EIO;
		if (rc == 0)
			rc = note_key_make(now->verifier.name, seed, &next);
		/* The next one in four thousand million is as good. */
	} while (rc == 0 && memcmp(next.verifier.id, now->verifier.id, NOTE_ID) == 0);
	explicit_bzero(seed, sizeof(seed));
	if (rc == 0)
		rc = key_write(p.next, &next);
	if (rc)
		path_fault(&p, KEY_FILE_NEXT, -rc, f);
	else
		*ret_next = next;
	note_key_wipe(&next);
	return rc;
}

int key_file_next(const char *directory, struct note_key *ret_next, struct fault *f)
{
	struct key_paths p;
	int rc = paths_make(&p, directory, f);

	return rc ? rc : key_read(&p, p.next, KEY_FILE_NEXT, ret_next, f);
}

static int public_write(const struct key_paths *p, const struct note_verifier *keys, size_t count)
{
	char *text = malloc(count * (NOTE_VERIFIER_SIZE + 1) + 1), *end = text;
	size_t i;
	int rc = text ? 0 : -ENOMEM;

	for (i = 0; i < count && rc >= 0; i++) {
		rc = note_verifier_encode(&keys[i], end, NOTE_VERIFIER_SIZE);
		if (rc >= 0)
			end = stpcpy(end + rc, "\n");
	}
	if (rc >= 0)
		rc = file_make(p->public, 0644, text, true);
	free(text);
	return rc;
}

int key_file_advance(const char *directory, const struct note_verifier *keys, size_t count,
		     struct fault *f)
{
	struct note_key next = { .seed = { 0 } };
	struct key_paths p;
	int rc = key_file_next(directory, &next, f);

	/* Without it the old one is the only one there is. */
	if (rc == 0 && (!count || memcmp(next.verifier.key, keys[count - 1].key, NOTE_KEY) != 0))
		rc = fault_set(f, EBADMSG, "another key was prepared than is to follow");
	note_key_wipe(&next);
	if (rc == 0)
		rc = paths_make(&p, directory, f);
	if (rc)
		return rc;
	rc = public_write(&p, keys, count);
	if (rc)
		return path_fault(&p, KEY_FILE_PUBLIC, -rc, f);
	/* The new one is safe in its own file: of the old one nothing is needed any more. */
	rc = file_blank(p.secret);
	if (rc && rc != -ENOENT)
		return path_fault(&p, KEY_FILE_SECRET, -rc, f);
	rc = rename(p.next, p.secret) != 0 ? -errno : durable_name(p.secret);
	return rc ? path_fault(&p, KEY_FILE_NEXT, -rc, f) : 0;
}

int key_file_withdraw(const char *directory, struct fault *f)
{
	char fresh[PATH_MAX + 8];
	struct key_paths p;
	int rc = paths_make(&p, directory, f);

	if (rc)
		return rc;
	/* Cut short, it may be there under another name, too. */
	snprintf(fresh, sizeof(fresh), "%s.new", p.next);
	(void)!file_blank(fresh);
	unlink(fresh);
	rc = file_blank(p.next);
	if (rc == -ENOENT)
		return 0;
	if (rc == 0 && unlink(p.next) != 0)
		rc = -errno;
	if (rc == 0)
		rc = durable_name(p.next);
	return rc ? path_fault(&p, KEY_FILE_NEXT, -rc, f) : 0;
}
