// SPDX-License-Identifier: GPL-2.0-or-later
/* Opens an audit log as agentosd does when it starts, writes a record, and leaves it signed for. */
#include <stdio.h>
#include <string.h>

#include "audit/key_file.h"
#include "audit/ledger.h"
#include "base/limits.h"

/*
 * reopen DIRECTORY
 *
 * Prints "RECORDS COVERED TORN HASHED CHANGED" as they were found. Exit status 0, or 1 with
 * a line that says why not.
 */
int main(int argc, char **argv)
{
	static struct ledger_found found;
	struct fault f = { "" };
	struct record r = { .type = RECORD_DAEMON, .u.daemon.note = DAEMON_STARTED };
	struct note_key key;
	struct ledger_options options = {
		.segments = { .directory = argv[1],
			      .boot = (const uint8_t *)"another boot....",
			      .limit = LIMIT_SEGMENT,
			      .buffer = LIMIT_AUDIT_BUFFER },
		.key = &key,
	};
	struct ledger *l;
	bool made;

	if (argc != 2)
		return 2;
	if (key_file_open(argv[1], true, &key, &made, &f) ||
	    ledger_open(&options, &l, &found, &f)) {
		printf("%s\n", f.text);
		return 1;
	}
	printf("%llu %llu %llu %llu %llu\n", (unsigned long long)found.tail.next_seq - 1,
	       (unsigned long long)found.covered, (unsigned long long)found.tail.torn,
	       (unsigned long long)found.hashed, (unsigned long long)found.changed);
	if (ledger_append(l, &r) || ledger_flush(l) || ledger_checkpoint(l, 0)) {
		printf("cannot be written to\n");
		return 1;
	}
	ledger_close(l);
	return found.changed ? 1 : 0;
}
