// SPDX-License-Identifier: GPL-2.0-or-later
/* A denial feed on disk. */
#include "audit/feed.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "audit/denial.h"
#include "base/limits.h"

#define FEED_NAME  48
#define FEED_COUNT 64  /* bytes of a line that counts, at least */
#define FEED_LINE  256 /* of one that names nothing of an agent's, at most */

struct feed {
	struct feed_place place;
	char name[FEED_NAME];
	int files[2];
	unsigned int current; /* of files: NAME */
	off_t size;	      /* of that, in whole lines */
	uint64_t number;      /* feed_number() */
	uint64_t missing;     /* denials that could not be written */
	bool has_last;	      /* a line that may come again */
	struct record last;   /* that denial, or its last repetition */
	uint64_t again;	      /* repetitions */
	uint64_t again_told;  /* as the file has it */
	off_t again_at;	      /* where the line about them is; its end is the file's */
};

static void name_old(const struct feed *f, char old[FEED_NAME + 8])
{
	snprintf(old, FEED_NAME + 8, "%s.old", f->name);
}

const char *feed_name(const struct feed *f)
{
	return f->name;
}

const int *feed_files(const struct feed *f)
{
	return f->files;
}

uint64_t feed_number(const struct feed *f)
{
	return f->number;
}

/* As setfacl -m u:READER:r does: what acl(5) wants, in the order that the kernel wants. */
static int file_allow(int fd, uid_t reader)
{
	struct {
		struct posix_acl_xattr_header header;
		struct posix_acl_xattr_entry entries[5];
	} acl = {
		.header = { .a_version = htole32(POSIX_ACL_XATTR_VERSION) },
		.entries = {
			{ htole16(ACL_USER_OBJ), htole16(ACL_READ | ACL_WRITE),
			  htole32(ACL_UNDEFINED_ID) },
			{ htole16(ACL_USER), htole16(ACL_READ), htole32(reader) },
			{ htole16(ACL_GROUP_OBJ), 0, htole32(ACL_UNDEFINED_ID) },
			{ htole16(ACL_MASK), htole16(ACL_READ), htole32(ACL_UNDEFINED_ID) },
			{ htole16(ACL_OTHER), 0, htole32(ACL_UNDEFINED_ID) },
		},
	};

	if (reader == geteuid())
		return 0;
	return fsetxattr(fd, "system.posix_acl_access", &acl, sizeof(acl), 0) < 0 ? -errno : 0;
}

/*
 * It stays open for writing: nobody can take a lease on it meanwhile, and whoever
 * has taken one before is not waited for.
 */
static int file_open(int dir, const char *name, int flags)
{
	int fd = openat(dir, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | flags, 0600);

	return fd < 0 ? -errno : fd;
}

static int feed_begin(const struct feed_place *place, const char *name, struct feed **ret_feed)
{
	struct feed *f;

	if (strlen(name) >= FEED_NAME)
		return -ENAMETOOLONG;
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->place = *place;
	strcpy(f->name, name);
	f->files[0] = f->files[1] = -1;
	*ret_feed = f;
	return 0;
}

static int feed_mark(struct feed *f, const struct record *begin)
{
	char line[FEED_LINE];
	FILE *out = fmemopen(line, sizeof(line), "w");
	long len;

	if (!out)
		return -errno;
	denial_begin(out, begin);
	len = ftell(out);
	fclose(out);
	f->number = begin->seq;
	return pwrite(f->files[1], line, (size_t)len, 0) == len ? 0 : -ENOSPC;
}

int feed_create(const struct feed_place *place, const char *name, uid_t reader,
		const struct record *begin, struct feed **ret_feed)
{
	char names[2][FEED_NAME + 8];
	struct feed *f = NULL;
	int i, err = feed_begin(place, name, &f);

	if (err)
		return err;
	snprintf(names[0], sizeof(names[0]), "%s", f->name);
	name_old(f, names[1]);
	for (i = 0; i < 2 && !err; i++) {
		f->files[i] = file_open(place->dir, names[i], O_CREAT | O_EXCL);
		err = f->files[i] < 0 ? f->files[i] : file_allow(f->files[i], reader);
	}
	if (!err)
		err = feed_mark(f, begin);
	if (err) {
		for (i = 0; i < 2; i++) {
			if (f->files[i] >= 0)
				unlinkat(place->dir, names[i], 0);
		}
		feed_close(f);
		return err;
	}
	*ret_feed = f;
	return 0;
}

/* Where the last whole line of a file ends, and its number. */
static int file_end(int fd, off_t *ret_end, uint64_t *ret_number)
{
	char tail[2 * LIMIT_FEED_LINE];
	off_t size = lseek(fd, 0, SEEK_END), from;
	const char *end, *line;
	ssize_t len;

	if (size < 0)
		return -errno;
	from = size > (off_t)sizeof(tail) ? size - (off_t)sizeof(tail) : 0;
	len = pread(fd, tail, sizeof(tail), from);
	if (len < 0)
		return -errno;
	*ret_end = 0;
	*ret_number = 0;
	end = memrchr(tail, '\n', (size_t)len);
	if (!end)
		return 0;
	*ret_end = from + (end - tail) + 1;
	line = memrchr(tail, '\n', (size_t)(end - tail));
	line = line ? line + 1 : tail;
	*ret_number = denial_number(line, (size_t)(end - line));
	return 0;
}

/* Of a file that has only just taken the other's place, the other knows the number. */
static int feed_end(struct feed *f)
{
	off_t end;
	int err = file_end(f->files[0], &f->size, &f->number);

	if (!err && !f->number)
		err = file_end(f->files[1], &end, &f->number);
	if (!err && ftruncate(f->files[0], f->size) < 0)
		err = -errno;
	return err;
}

int feed_open(const struct feed_place *place, const char *name, struct feed **ret_feed)
{
	struct feed *f = NULL;
	char old[FEED_NAME + 8];
	int err = feed_begin(place, name, &f);

	if (err)
		return err;
	name_old(f, old);
	f->files[0] = file_open(place->dir, f->name, 0);
	f->files[1] = file_open(place->dir, old, 0);
	err = f->files[0] < 0 ? f->files[0] : f->files[1] < 0 ? f->files[1] : feed_end(f);
	if (err) {
		feed_close(f);
		return err;
	}
	*ret_feed = f;
	return 0;
}

void feed_close(struct feed *f)
{
	int i;

	if (!f)
		return;
	for (i = 0; i < 2; i++) {
		if (f->files[i] >= 0)
			close(f->files[i]);
	}
	free(f);
}

int feed_rename(struct feed *f, const char *name)
{
	char before[FEED_NAME + 8], after[FEED_NAME + 8];
	struct feed renamed = { 0 };

	if (strlen(name) >= sizeof(renamed.name))
		return -ENAMETOOLONG;
	strcpy(renamed.name, name);
	name_old(f, before);
	name_old(&renamed, after);
	if (renameat(f->place.dir, before, f->place.dir, after) < 0 ||
	    renameat(f->place.dir, f->name, f->place.dir, name) < 0)
		return -errno;
	strcpy(f->name, name);
	return 0;
}

void feed_remove(struct feed *f)
{
	char old[FEED_NAME + 8];

	name_old(f, old);
	unlinkat(f->place.dir, f->name, 0);
	unlinkat(f->place.dir, old, 0);
	feed_close(f);
}

/* All of it at `at`, where the file ends then, or nothing of it. */
static int feed_write(struct feed *f, const char *text, size_t len, off_t at)
{
	ssize_t written = pwrite(f->files[f->current], text, len, at);

	if (written == (ssize_t)len) {
		f->size = at + written;
		return 0;
	}
	written = written < 0 ? -errno : -ENOSPC;
	/* What it replaced has the same beginning. */
	if (ftruncate(f->files[f->current], f->size) < 0)
		return -errno;
	return (int)written;
}

/*
 * NAME.old begins anew, and the two change places. A reader that has the full
 * one open finds its end unchanged.
 */
static int feed_turn(struct feed *f)
{
	const unsigned int other = !f->current;
	char old[FEED_NAME + 8], line[512];
	off_t size = f->size;
	int len, err;

	name_old(f, old);
	len = snprintf(line, sizeof(line),
		       "(older denials are in %s/%s, those before them are not kept)\n",
		       f->place.path, old);
	if (len >= (int)sizeof(line))
		return -ENAMETOOLONG;
	if (ftruncate(f->files[other], 0) < 0)
		return -errno;
	f->current = other;
	f->size = 0;
	err = feed_write(f, line, (size_t)len, 0);
	if (!err && renameat2(f->place.dir, f->name, f->place.dir, old, RENAME_EXCHANGE) < 0)
		err = -errno;
	if (err) {
		f->current = !other;
		f->size = size;
		return err;
	}
	f->has_last = false;
	return 0;
}

bool feed_complete(const struct feed *f)
{
	return !f->missing && (!f->has_last || f->again == f->again_told);
}

/* The count of repetitions, over the last one: numbers only grow, so it covers it. */
int feed_flush(struct feed *f)
{
	char line[FEED_LINE];
	FILE *out;
	long len;
	int err;

	if (!f->has_last || f->again == f->again_told)
		return 0;
	out = fmemopen(line, sizeof(line), "w");
	if (!out)
		return -errno;
	denial_again(out, &f->last, f->again);
	len = ftell(out);
	fclose(out);
	err = feed_write(f, line, (size_t)len, f->again_told ? f->again_at : f->size);
	if (err)
		return err;
	f->again_at = f->size - len;
	f->again_told = f->again;
	f->number = f->last.seq;
	return 0;
}

static int feed_line(struct feed *f, const struct record *r, uint64_t owner, size_t limit)
{
	char text[LIMIT_FEED_LINE];
	FILE *out = fmemopen(text, sizeof(text), "w");
	long len;
	int err = 0;

	if (!out)
		return -errno;
	if (f->missing)
		fprintf(out, "(%" PRIu64 " denials could not be written here)\n", f->missing);
	if (r->type == RECORD_LIFECYCLE)
		denial_counted(out, r, owner);
	else
		denial_line(out, r, owner);
	len = ftell(out);
	if (fclose(out) || len <= 0)
		return -E2BIG;
	if (f->size && (size_t)(f->size + len) + FEED_COUNT > limit)
		err = feed_turn(f);
	return err ? err : feed_write(f, text, (size_t)len, f->size);
}

/* How many more of the last denial it is; 0: it is another. */
static uint64_t feed_again(const struct feed *f, const struct record *r)
{
	if (!f->has_last)
		return 0;
	if (r->type == RECORD_LIFECYCLE)
		return denial_goes_on(&f->last, r) ? r->u.lifecycle.count : 0;
	return denial_same(&f->last, r);
}

int feed_add(struct feed *f, const struct record *r, uint64_t owner, size_t limit)
{
	uint64_t again = feed_again(f, r);
	int err;

	if (again) {
		f->last.seq = r->seq;
		f->last.time_ns = r->time_ns;
		if (r->type == RECORD_EVENT)
			f->last.u.event.time_ns = r->u.event.time_ns;
		f->again += again;
		return 0;
	}
	err = feed_flush(f);
	if (!err)
		err = feed_line(f, r, owner, limit);
	if (err) {
		/* Repetitions that found no room are missing as well. */
		f->missing += (r->type == RECORD_LIFECYCLE ? r->u.lifecycle.count : 1) + f->again -
			      f->again_told;
		f->has_last = false;
		f->again = f->again_told = 0;
		return err;
	}
	f->missing = 0;
	f->has_last = r->type != RECORD_LIFECYCLE;
	f->last = *r;
	f->again = f->again_told = 0;
	f->number = r->seq;
	return 0;
}
