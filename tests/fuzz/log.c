// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as a log: its segment, its hashes and its trail, verified and proved from: nobody has signed it. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "audit/frames.h"
#include "audit/proof.h"
#include "audit/prover.h"
#include "audit/trail.h"
#include "audit/verify.h"
#include "base/crc32c.h"
#include "base/limits.h"
#include "tests/fuzz/fuzz.h"

#define SEGMENT "00000000000000000001.seg"
#define LEAVES	"00000000000000000001.leaf"

/* The input is these files, one after the other, with a mark of four bytes between them. */
static const char *const files[] = { TRAIL_NAME, LEAVES, SEGMENT };
static const char between[] = "\n%%\n";

/* A key whose private half nobody has. */
static const struct note_verifier nobody = { .name = "example.com/log",
					     .id = { 1, 2, 3, 4 },
					     .key = { 5 } };
static char base[32], proof[LIMIT_PROOF];
static struct proof_inclusion_text inclusion;

static void base_remove(void)
{
	char path[128];
	size_t i;

	for (i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", base, files[i]);
		unlink(path);
	}
	rmdir(base);
}

static void store(uint8_t *p, uint64_t value, size_t bytes)
{
	for (; bytes--; value >>= 8)
		*p++ = (uint8_t)value;
}

/* Where a frame says that it has a body, its CRC is made right: no chance would find it. */
static void frames_seal(uint8_t *p, size_t len)
{
	uint64_t body;

	while (len > 8) {
		body = p[0] | (uint64_t)p[1] << 8;
		if (p[2] || p[3] || body > LIMIT_RECORD - 8 || body + 8 > len)
			return;
		store(p + 4, crc32c(crc32c(0, p, 4), p + 8, body), 4);
		p += body + 8;
		len -= body + 8;
	}
}

static void file_put(const char *name, const uint8_t *bytes, size_t len)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", base, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	HOLDS(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
	close(fd);
}

/* With a header of its own, or with one that is in order. */
static void segment_put(const uint8_t *bytes, size_t len)
{
	bool headed = len >= SEGMENT_HEADER && memcmp(bytes, "AGENTOSL", 8) == 0;
	size_t head = headed ? 0 : SEGMENT_HEADER;
	struct segment_header header = { .first_seq = 1 };
	uint8_t *segment = malloc(head + len + 1);

	HOLDS(segment != NULL);
	if (!headed)
		segment_header_encode(&header, segment);
	memcpy(segment + head, bytes, len);
	if (headed)
		store(segment + 12,
		      crc32c(crc32c(0, segment, 12), segment + 16, SEGMENT_HEADER - 16), 4);
	frames_seal(segment + SEGMENT_HEADER, head + len - SEGMENT_HEADER);
	file_put(SEGMENT, segment, head + len);
	free(segment);
}

static void input_put(const uint8_t *data, size_t size)
{
	const uint8_t *end;
	size_t i, len;

	for (i = 0; i < 3; i++) {
		end = i < 2 ? memmem(data, size, between, sizeof(between) - 1) : NULL;
		len = end ? (size_t)(end - data) : size;
		if (i < 2)
			file_put(files[i], data, len);
		else
			segment_put(data, len);
		data += len;
		size -= len;
		if (end) {
			data += sizeof(between) - 1;
			size -= sizeof(between) - 1;
		}
	}
}

/* The newest that is found is the last of all, where all are in order. */
static void trail_try(const struct segment_dir *d)
{
	struct trail_entry last, newest;
	struct trail *t;
	int all, rc;

	if (trail_open(d, &t, NULL) != 0)
		return;
	all = trail_last(t, &last);
	rc = trail_newest(t, &newest);
	HOLDS(rc == 0 || rc == 1 || rc == -EBADMSG);
	if (all == 1)
		HOLDS(rc == 1 && newest.offset == last.offset && newest.len == last.len);
	rc = trail_find(t, 100, &newest);
	HOLDS(rc == 0 || (rc == 1 && newest.checkpoint.head.size >= 100));
	trail_close(t);
}

/* Found by looking at few places, a record is one that is found by reading all. */
static void frames_try(const struct segment_dir *d)
{
	struct frame frame;
	struct frames fr;

	HOLDS(frames_init(&fr) == 0);
	if (frames_open(&fr, d, 1, NULL) == 0) {
		frames_find(&fr, 2, true, &frame);
		if (frames_find(&fr, 2, false, &frame) == 1)
			HOLDS(frame.seq == 2);
	}
	frames_release(&fr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct verify_options options = { .directory = base, .verifier = &nobody };
	struct verify_result result;
	struct segment_dir d;
	static bool made;
	struct fault f;
	int len;

	if (!made) {
		/* In memory where there is some: many thousands of files are written. */
		snprintf(base, sizeof(base), "%s/fuzz-log-XXXXXX",
			 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
		HOLDS(mkdtemp(base) != NULL);
		atexit(base_remove);
		made = true;
	}
	input_put(data, size);
	HOLDS(verify_log(&options, &result, &f) == 0);
	/* Nobody signed any of it. */
	HOLDS(result.covered == 0 && result.checkpoints == 0);
	HOLDS((result.problem == VERIFY_FINE) == (result.text.text[0] == '\0'));
	HOLDS(!strchr(result.text.text, '\n'));
	HOLDS(segment_dir_open(base, &d, NULL) == 0);
	trail_try(&d);
	frames_try(&d);
	segment_dir_close(&d);
	/* The checkpoint may be of this very log: whose it is, is asked by who checks the proof. */
	len = prover_record(base, 1 + size % 3, proof, sizeof(proof), &f);
	HOLDS(len < 0 || proof_inclusion_parse(proof, (size_t)len, &inclusion) == 0);
	HOLDS(len > 0 || !strchr(f.text, '\n'));
	return 0;
}
