// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl audit checkpoint, prove, consistency: what a log can show of itself, to be checked elsewhere. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/prover.h"
#include "base/escape.h"
#include "base/limits.h"
#include "ctl/audit.h"
#include "ctl/ctl.h"
#include "ctl/evidence.h"
#include "ctl/trial.h"

static const char checkpoint_help[] =
	"Usage: agentctl audit checkpoint [OPTION]...\n"
	"Prints the newest checkpoint of the log, as it was signed: the number of records and the\n"
	"hash of all of them. Kept where who can change the log cannot reach, it is the anchor that\n"
	"shows what was cut off or written anew; `agentctl audit verify --anchor` takes it.\n"
	"\n"
	"      --size N         the first one of at least N records\n"
	"      --output FILE    write it there, a new file\n"
	"      --directory DIR  where the log is (" CTL_AUDIT_DIR ", or AGENTOS_AUDIT_DIR)\n"
	"\n"
	"  agentctl audit checkpoint | ssh vault 'cat > anchors/$(date +%F)'\n"
	"\n"
	"Exit status: 0 printed, 1 none there or not readable, 2 the command line is wrong\n";

static const char prove_help[] =
	"Usage: agentctl audit prove [OPTION]... SEQ\n"
	"Prints a proof that record SEQ is in the log that the newest checkpoint was signed for:\n"
	"the record, the hashes that lead from it to the checkpoint's, and the checkpoint. Whoever\n"
	"has the public key can check it, without the log: `agentctl audit verify-proof`. `agentctl\n"
	"audit --seq` tells the numbers of records.\n"
	"\n"
	"      --output FILE    write it there, a new file\n"
	"      --directory DIR  where the log is (" CTL_AUDIT_DIR ", or AGENTOS_AUDIT_DIR)\n"
	"\n"
	"  agentctl audit --denied --seq -n 5\n"
	"  agentctl audit prove 1077 --output 1077.proof\n"
	"\n"
	"Exit status: 0 printed, 1 it cannot be proved (why is said), 2 the command line is wrong\n";

static const char consistency_help[] =
	"Usage: agentctl audit consistency [OPTION]... A [B]\n"
	"Prints a proof that the log of checkpoint B has all that the log of the older checkpoint A\n"
	"had, unchanged and in the same order. A and B are files with checkpoints, or sizes: the\n"
	"log's own checkpoints of so many records. B is the newest if it is not given.\n"
	"\n"
	"      --output FILE    write it there, a new file\n"
	"      --directory DIR  where the log is (" CTL_AUDIT_DIR ", or AGENTOS_AUDIT_DIR)\n"
	"\n"
	"  agentctl audit consistency monday > growth\n"
	"  agentctl audit verify-proof growth --anchor monday --key audit.pub\n"
	"\n"
	"Exit status:\n"
	"    0  printed\n"
	"    1  it cannot be proved, and why is said\n"
	"    2  the command line is wrong\n"
	"    3  a file is no checkpoint, or not there\n";

struct wish {
	const char *directory, *output;
	uint64_t size; /* UINT64_MAX: the newest */
};

/* -1 to go on, else the exit status; the words that remain are at optind. */
static int wish_parse(int argc, char **argv, const char *command, const char *help, struct wish *w)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "directory", required_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' },
		{ "size", required_argument, NULL, 's' },
		{ 0 },
	};
	int option;

	*w = (struct wish){ .directory = ctl_setting("AGENTOS_AUDIT_DIR", CTL_AUDIT_DIR),
			    .output = "-",
			    .size = UINT64_MAX };
	opterr = 0;
	optind = 0;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		switch (option) {
		case 'o':
			w->output = optarg;
			break;
		case 'd':
			w->directory = optarg;
			break;
		case 's':
			if (help != checkpoint_help)
				return ctl_usage(command, "--size goes with checkpoint only");
			if (!evidence_number(optarg, &w->size) || w->size == UINT64_MAX)
				return ctl_usage(command, "--size takes a number of records");
			break;
		case 'h':
			fputs(help, stdout);
			return CTL_OK;
		case ':':
			return ctl_usage(command, "an option lacks its value");
		default:
			return ctl_usage(command, "unknown option");
		}
	}
	return -1;
}

static int text_print(const struct wish *w, const char *text, size_t len)
{
	FILE *out = trial_output(w->output);

	if (!out)
		return CTL_FAILED;
	fwrite(text, 1, len, out);
	return trial_output_close(out, w->output) ? CTL_OK : CTL_FAILED;
}

int audit_checkpoint(int argc, char **argv)
{
	struct fault f = { "" };
	struct evidence e;
	struct wish w;
	int rc;

	rc = wish_parse(argc, argv, "audit checkpoint", checkpoint_help, &w);
	if (rc >= 0)
		return rc;
	if (optind < argc)
		return ctl_usage("audit checkpoint", "takes options only; a size: --size N");
	rc = evidence_from_log(w.directory, w.size, &e, &f);
	if (rc) {
		ctl_complain("%s", f.text);
		return CTL_FAILED;
	}
	rc = text_print(&w, e.note, e.len);
	evidence_release(&e);
	return rc;
}

int audit_prove(int argc, char **argv)
{
	static char text[LIMIT_PROOF];
	struct fault f = { "" };
	struct wish w;
	uint64_t seq;
	int rc;

	rc = wish_parse(argc, argv, "audit prove", prove_help, &w);
	if (rc >= 0)
		return rc;
	if (argc - optind != 1 || !evidence_number(argv[optind], &seq))
		return ctl_usage("audit prove",
				 "takes the number of one record, as `agentctl audit "
				 "--seq` shows it");
	rc = prover_record(w.directory, seq, text, sizeof(text), &f);
	if (rc < 0) {
		ctl_complain("%s", f.text);
		return CTL_FAILED;
	}
	return text_print(&w, text, (size_t)rc);
}

/* A checkpoint by a file, by its size, or, without a word, the newest. */
static int side_get(const char *word, const char *directory, struct evidence *ret_evidence,
		    struct fault *f)
{
	uint64_t size = UINT64_MAX;
	int rc;

	if (word && !evidence_number(word, &size))
		return evidence_checkpoint(word, ret_evidence, f) ? CTL_INVALID : CTL_OK;
	rc = evidence_from_log(directory, size, ret_evidence, f);
	if (rc)
		return CTL_FAILED;
	if (!word || ret_evidence->checkpoint.head.size == size)
		return CTL_OK;
	fault_set(f, 0, "the log has no checkpoint of %llu records; the next larger one is of %llu",
		  (unsigned long long)size, (unsigned long long)ret_evidence->checkpoint.head.size);
	evidence_release(ret_evidence);
	return CTL_FAILED;
}

int audit_consistency(int argc, char **argv)
{
	struct evidence from = { .note = NULL }, to = { .note = NULL };
	static char text[LIMIT_PROOF];
	struct fault f = { "" };
	struct wish w;
	int rc, len = 0;

	rc = wish_parse(argc, argv, "audit consistency", consistency_help, &w);
	if (rc >= 0)
		return rc;
	if (argc - optind != 1 && argc - optind != 2)
		return ctl_usage("audit consistency",
				 "takes two checkpoints, files or sizes, the older one first");
	rc = side_get(argv[optind], w.directory, &from, &f);
	if (rc == CTL_OK)
		rc = side_get(argc - optind == 2 ? argv[optind + 1] : NULL, w.directory, &to, &f);
	if (rc == CTL_OK) {
		len = prover_growth(w.directory, &from.checkpoint.head, to.note, to.len, text,
				    sizeof(text), &f);
		rc = len < 0 ? CTL_FAILED : CTL_OK;
	}
	evidence_release(&from);
	evidence_release(&to);
	if (rc == CTL_OK)
		return text_print(&w, text, (size_t)len);
	ctl_complain("%s", f.text);
	return rc;
}
