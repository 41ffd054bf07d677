// SPDX-License-Identifier: GPL-2.0-or-later
/* Makes an audit log of several segments by an earlier boot, with records as old as it is told, signed for. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "audit/key_file.h"
#include "audit/ledger.h"
#include "base/limits.h"

#define RECORDS 5 /* of each segment */

/* Every flush finds that the segment so far is full. */
static bool segment_make(struct ledger *l, unsigned long age)
{
	struct record r = { .type = RECORD_DAEMON, .u.daemon.note = DAEMON_STARTED };
	int i;

	r.time_ns = ((uint64_t)time(NULL) - age) * 1000000000ULL;
	for (i = 0; i < RECORDS; i++) {
		if (ledger_append(l, &r) != 0)
			return false;
	}
	return ledger_flush(l) == 0;
}

/*
 * aged DIRECTORY SECONDS...
 *
 * Exit status 0, or 1 with a line that says why not.
 */
int main(int argc, char **argv)
{
	static struct ledger_found found;
	struct fault f = { "" };
	struct note_key key;
	struct ledger_options options = {
		.segments = { .directory = argv[1],
			      .boot = (const uint8_t *)"another boot....",
			      .limit = SEGMENT_HEADER,
			      .buffer = LIMIT_AUDIT_BUFFER },
		.key = &key,
	};
	struct ledger *l;
	bool made, ok = true;
	int i;

	if (argc < 3)
		return 2;
	if (key_file_open(argv[1], true, &key, &made, &f) ||
	    ledger_open(&options, &l, &found, &f)) {
		printf("%s\n", f.text);
		return 1;
	}
	for (i = 2; i < argc && ok; i++)
		ok = segment_make(l, strtoul(argv[i], NULL, 10));
	if (!ok || ledger_checkpoint(l, 0) != 0) {
		printf("cannot be written to\n");
		return 1;
	}
	ledger_close(l);
	return 0;
}
