// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl audit: its words; without one it shows what agents did and what was refused. */
#include <string.h>

#include "ctl/audit.h"
#include "ctl/ctl.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} words[] = {
	{ "query", audit_query },
	{ "follow", audit_follow },
	{ "stats", audit_stats },
	{ "metrics", audit_metrics },
	{ "export", audit_export },
	{ "decode", audit_decode },
	{ "report", audit_report },
	{ "verify", audit_verify },
	{ "anchor", audit_anchor },
	{ "checkpoint", audit_checkpoint },
	{ "prove", audit_prove },
	{ "consistency", audit_consistency },
	{ "verify-proof", audit_verify_proof },
	{ "rotate-key", audit_rotate_key },
};

int cmd_audit(int argc, char **argv)
{
	size_t i;

	for (i = 0; argc > 1 && i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i].name, argv[1]) == 0)
			return words[i].run(argc - 1, argv + 1);
	}
	return audit_query(argc, argv);
}
