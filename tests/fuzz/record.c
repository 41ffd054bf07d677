// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as a record: what is taken is canonical, and shown on one line that does nothing. */
#include <errno.h>
#include <string.h>

#include "audit/csv.h"
#include "audit/denial.h"
#include "audit/otlp.h"
#include "audit/record.h"
#include "audit/render.h"
#include "base/crc32c.h"
#include "base/limits.h"
#include "tests/fuzz/fuzz.h"

static struct fields fields;
static struct otlp_batch batch;

static void write_words(FILE *out, const struct record *r)
{
	render_text(out, r, false);
}

static void write_csv(FILE *out, const struct record *r)
{
	HOLDS(csv_record(out, &fields, r) == 0);
}

static void write_otlp(FILE *out, const struct record *r)
{
	batch.out = out;
	batch.records = 0;
	HOLDS(otlp_record(&batch, r) == 0);
}

static void write_denial(FILE *out, const struct record *r)
{
	denial_line(out, r, 7);
}

static void show(void (*write)(FILE *out, const struct record *r), const struct record *r)
{
	char *line = NULL;
	size_t len = 0, i;
	FILE *out = open_memstream(&line, &len);

	HOLDS(out != NULL);
	write(out, r);
	HOLDS(fclose(out) == 0 && len > 0);
	for (i = 0; i < len; i++)
		HOLDS((unsigned char)line[i] >= 0x20 ? line[i] != 0x7f :
						       line[i] == '\n' && i + 1 == len);
	free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t frame[LIMIT_RECORD], again[LIMIT_RECORD];
	struct record r;
	uint32_t crc;
	int used, i;

	if (size < 8 || size > sizeof(frame))
		return 0;
	/* Its length and its CRC are made right: no chance would find them. */
	memcpy(frame, data, size);
	for (i = 0; i < 4; i++)
		frame[i] = (uint8_t)((size - 8) >> 8 * i);
	crc = crc32c(crc32c(0, frame, 4), frame + 8, size - 8);
	for (i = 0; i < 4; i++)
		frame[4 + i] = (uint8_t)(crc >> 8 * i);
	used = record_decode(frame, size, &r);
	HOLDS(used <= 0 || (size_t)used == size);
	if (used <= 0)
		return 0;
	HOLDS(record_encode(&r, again, sizeof(again)) == used);
	HOLDS(memcmp(frame, again, size) == 0);
	show(write_words, &r);
	show(render_json, &r);
	show(write_csv, &r);
	show(write_otlp, &r);
	if (r.type == RECORD_EVENT || r.type == RECORD_EGRESS || r.type == RECORD_CALL) {
		show(write_denial, &r);
		denial_same(&r, &r);
	}
	return 0;
}
