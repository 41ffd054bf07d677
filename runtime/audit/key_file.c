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

#include "base/escape.h"

#define HOST_BYTES 64 /* of the host's name that become part of the key's */

struct key_paths {
	char secret[PATH_MAX], public[PATH_MAX];
	char shown[256]; /* the directory's, for messages */
};

static int paths_make(struct key_paths *p, const char *directory, struct fault *f)
{
	size_t len = strlen(directory);

	escape_text(p->shown, sizeof(p->shown), directory, len);
	while (len > 1 && directory[len - 1] == '/')
		len--;
	if (!len || len + sizeof(KEY_FILE_SECRET) + sizeof(".new") > sizeof(p->secret))
		return fault_set(f, ENAMETOOLONG, "%s: too long for a directory", p->shown);
	snprintf(p->secret, sizeof(p->secret), "%.*s" KEY_FILE_SECRET, (int)len, directory);
	snprintf(p->public, sizeof(p->public), "%.*s" KEY_FILE_PUBLIC, (int)len, directory);
	return 0;
}

static int path_fault(const struct key_paths *p, const char *suffix, int error, struct fault *f)
{
	return fault_set(f, error, "%s%s: %s", p->shown, suffix, strerror(error));
}

/* All of a small regular file. mode: bits that it must not have. The length, without a last newline. */
static int file_read(const char *path, mode_t never, char *buf, size_t size)
{
	struct stat st;
	ssize_t len;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) != 0)
		len = -errno;
	else if (!S_ISREG(st.st_mode))
		len = -EBADMSG;
	else if (st.st_mode & never || (st.st_uid != geteuid() && st.st_uid != 0))
		len = -EPERM;
	else
		len = read(fd, buf, size) < 0 ? -errno :
						(st.st_size < (off_t)size ? st.st_size : -EBADMSG);
	close(fd);
	if (len > 0 && buf[len - 1] == '\n')
		len--;
	return (int)len;
}

/* Makes a file that was not there, whole or not at all, and waits until it is on disk. */
static int file_make(const char *path, mode_t mode, const char *text)
{
	char fresh[PATH_MAX], parent[PATH_MAX];
	size_t len = strlen(text);
	int fd, dir, rc = 0;
	char *slash;

	snprintf(fresh, sizeof(fresh), "%s.new", path);
	snprintf(parent, sizeof(parent), "%s", path);
	slash = strrchr(parent, '/');
	if (slash == parent)
		slash++;
	if (slash)
		*slash = '\0';
	/* What an attempt that was cut short left. */
	if (unlink(fresh) != 0 && errno != ENOENT)
		return -errno;
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (write(fd, text, len) != (ssize_t)len || fchmod(fd, mode) != 0 || fsync(fd) != 0)
		rc = errno ? -errno : -EIO;
	close(fd);
	/* Unlike rename() it does not replace another's. */
	if (rc == 0 && link(fresh, path) != 0)
		rc = -errno;
	unlink(fresh);
	dir = rc == 0 ? open(slash ? parent : ".", O_DIRECTORY | O_RDONLY | O_CLOEXEC) : -1;
	if (rc == 0 && (dir < 0 || fsync(dir) != 0))
		rc = -errno;
	if (dir >= 0)
		close(dir);
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

static int key_make(const struct key_paths *p, struct note_key *key, struct fault *f)
{
	char text[NOTE_KEY_SIZE + 1];
	int rc = key_invent(key);

	if (rc == 0)
		rc = note_key_encode(key, text, sizeof(text) - 1);
	if (rc >= 0) {
		strcat(text, "\n");
		rc = file_make(p->secret, 0600, text);
	}
	explicit_bzero(text, sizeof(text));
	return rc ? path_fault(p, KEY_FILE_SECRET, -rc, f) : 0;
}

static int key_read(const struct key_paths *p, struct note_key *key, struct fault *f)
{
	char text[NOTE_KEY_SIZE + 2];
	int rc = file_read(p->secret, 0077, text, sizeof(text));

	if (rc >= 0)
		rc = note_key_parse(text, (size_t)rc, key);
	explicit_bzero(text, sizeof(text));
	if (rc == -EPERM)
		return fault_set(f, EPERM,
				 "%s" KEY_FILE_SECRET
				 ": others may read or change it: it proves nothing",
				 p->shown);
	if (rc == -EBADMSG || rc == -ENOTSUP || rc == -EKEYREJECTED)
		return fault_set(f, -rc, "%s" KEY_FILE_SECRET ": holds no key to sign with",
				 p->shown);
	return rc ? path_fault(p, KEY_FILE_SECRET, -rc, f) : 0;
}

/* The public key's file is made when it is missing, and otherwise that of this key. */
static int public_check(const struct key_paths *p, const struct note_key *key, struct fault *f)
{
	char text[NOTE_VERIFIER_SIZE + 1], there[NOTE_VERIFIER_SIZE + 2];
	int len = note_verifier_encode(&key->verifier, text, sizeof(text) - 1), rc;

	if (len < 0)
		return path_fault(p, KEY_FILE_PUBLIC, -len, f);
	rc = file_read(p->public, S_IWGRP | S_IWOTH, there, sizeof(there));
	if (rc == len && memcmp(text, there, (size_t)len) == 0)
		return 0;
	if (rc >= 0)
		return fault_set(f, EBADMSG,
				 "%s" KEY_FILE_PUBLIC " is not of the key in %s" KEY_FILE_SECRET,
				 p->shown, p->shown);
	strcat(text, "\n");
	if (rc == -ENOENT)
		rc = file_make(p->public, 0644, text);
	return rc ? path_fault(p, KEY_FILE_PUBLIC, -rc, f) : 0;
}

int key_file_open(const char *directory, bool make, struct note_key *ret_key, bool *ret_made,
		  struct fault *f)
{
	struct key_paths p;
	int rc = paths_make(&p, directory, f);

	*ret_made = false;
	if (rc)
		return rc;
	rc = key_read(&p, ret_key, f);
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
