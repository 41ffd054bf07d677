/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A log held in memory, of which a test changes bytes, records and files before it is verified. */
#ifndef AGENTOS_TESTS_VERIFY_RIG_H
#define AGENTOS_TESTS_VERIFY_RIG_H

#include "audit/listing.h"
#include "audit/verify.h"
#include "base/crc32c.h"
#include "base/limits.h"
#include "tests/unit/log_rig.h"

#define IMAGE_FILES 64

/* The files of a log's directory. */
struct image {
	struct image_file {
		char name[64];
		uint8_t *data;
		size_t len;
	} files[IMAGE_FILES];
	size_t count;
};

/* Where a record is. */
struct place {
	uint64_t seq;
	struct image_file *file;
	uint64_t first; /* of its segment */
	size_t at, len; /* of its frame */
};

static struct verify_result result;
static struct fault verify_fault;

static inline void image_free(struct image *m)
{
	while (m->count)
		free(m->files[--m->count].data);
}

static inline bool image_take(struct image *m)
{
	struct dirent *entry;
	struct stat st;
	DIR *d = opendir(log_dir);
	bool ok = d != NULL;

	image_free(m);
	while (ok && (entry = readdir(d))) {
		if (stat(log_path(entry->d_name), &st) != 0 || !S_ISREG(st.st_mode) ||
		    entry->d_name[0] == '.')
			continue;
		ok = m->count < IMAGE_FILES;
		if (!ok)
			break;
		snprintf(m->files[m->count].name, sizeof(m->files[0].name), "%.60s", entry->d_name);
		m->files[m->count].data = log_get(log_path(entry->d_name), &m->files[m->count].len);
		ok = m->files[m->count++].data != NULL;
	}
	if (d)
		closedir(d);
	return ok;
}

static inline struct image_file *image_find(struct image *m, const char *name)
{
	size_t i;

	for (i = 0; i < m->count; i++) {
		if (strcmp(m->files[i].name, name) == 0)
			return &m->files[i];
	}
	return NULL;
}

/* Makes the directory be this one. */
static inline bool image_put(const struct image *m)
{
	bool ok;
	size_t i;

	log_new();
	ok = mkdir(log_dir, 0750) == 0;
	for (i = 0; i < m->count && ok; i++)
		ok = log_set(log_path(m->files[i].name), m->files[i].data, m->files[i].len);
	return ok;
}

static inline bool image_copy(const struct image *from, struct image *to)
{
	size_t i;

	image_free(to);
	for (i = 0; i < from->count; i++) {
		to->files[i] = from->files[i];
		to->files[i].data = malloc(from->files[i].len + 1);
		if (!to->files[i].data)
			return false;
		memcpy(to->files[i].data, from->files[i].data, from->files[i].len);
		to->count++;
	}
	return true;
}

static inline uint64_t image_load(const uint8_t *p, size_t bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | p[bytes];
	return value;
}

static inline void image_store(uint8_t *p, uint64_t value, size_t bytes)
{
	for (; bytes--; value >>= 8)
		*p++ = (uint8_t)value;
}

static inline bool is_segment(const struct image_file *file)
{
	return strlen(file->name) == 24 && strcmp(file->name + 20, ".seg") == 0;
}

/* Finds all records of an unchanged image; [seq] is where each is. Their number. */
static inline uint64_t image_places(struct image *m, struct place *places, uint64_t room)
{
	uint64_t count = 0, seq;
	struct image_file *file;
	size_t i, at, len;

	for (i = 0; i < m->count; i++) {
		file = &m->files[i];
		if (!is_segment(file))
			continue;
		for (at = SEGMENT_HEADER; at < file->len; at += len) {
			len = 8 + (size_t)image_load(file->data + at, 4);
			seq = image_load(file->data + at + 17, 8);
			if (seq >= room)
				return 0;
			places[seq] = (struct place){ seq, file, strtoull(file->name, NULL, 10), at,
						      len };
			count++;
		}
	}
	return count;
}

/* Makes the CRC of a frame, or of a header, be right again. */
static inline void frame_seal(uint8_t *frame)
{
	image_store(frame + 4, crc32c(crc32c(0, frame, 4), frame + 8, image_load(frame, 4)), 4);
}

static inline void header_seal(uint8_t *header)
{
	image_store(header + 12, crc32c(crc32c(0, header, 12), header + 16, SEGMENT_HEADER - 16),
		    4);
}

/* Replaces `old` bytes at `at` of a file by others; for the bytes behind them there is room made. */
static inline void file_splice(struct image_file *file, size_t at, size_t old, const void *bytes,
			       size_t len)
{
	uint8_t *data = malloc(file->len - old + len + 1);

	if (!data)
		abort();
	memcpy(data, file->data, at);
	memcpy(data + at, bytes, len);
	memcpy(data + at + len, file->data + at + old, file->len - at - old);
	free(file->data);
	file->data = data;
	file->len = file->len - old + len;
}

/* The hash of a record as it is in the image now goes into the file of hashes. */
static inline bool leaf_restore(struct image *m, const struct place *p)
{
	struct tree_bytes parts[] = { { p->file->data, SEGMENT_HEADER },
				      { p->file->data + p->at, p->len } };
	size_t skip = p->at == SEGMENT_HEADER ? 0 : 1;
	struct image_file *hashes;
	struct tree_hasher *h;
	char name[LISTING_NAME];
	int rc;

	listing_name(name, p->first, LEAVES_SUFFIX);
	hashes = image_find(m, name);
	if (!hashes || tree_hasher_create(&h) != 0)
		return false;
	rc = tree_leaf(h, parts + skip, 2 - skip, hashes->data + (p->seq - p->first) * TREE_HASH);
	tree_hasher_free(h);
	return rc == 0;
}

/* Verifies what is in the directory: the problem, or a negative errno. */
static inline int verify_anchored(const char *anchor, size_t len)
{
	const struct verify_options o = { .directory = log_dir,
					  .verifier = &log_key.verifier,
					  .anchor = anchor,
					  .anchor_len = len };
	int rc;

	verify_fault.text[0] = '\0';
	memset(&result, 0xee, sizeof(result));
	rc = verify_log(&o, &result, &verify_fault);
	if (rc)
		return rc;
	if ((result.problem == VERIFY_FINE) != (result.text.text[0] == '\0') ||
	    strchr(result.text.text, '\n'))
		return -EPROTO; /* a problem without words, or words without one */
	return (int)result.problem;
}

static inline int verify(void)
{
	return verify_anchored(NULL, 0);
}

static inline int verify_image(const struct image *m)
{
	return image_put(m) ? verify() : -EUCLEAN;
}

#endif
