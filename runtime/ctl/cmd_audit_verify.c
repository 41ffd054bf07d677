// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl audit verify: a whole log against its checkpoints, and what that does not show. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "audit/verify.h"
#include "base/escape.h"
#include "ctl/audit.h"
#include "ctl/ctl.h"
#include "ctl/evidence.h"
#include "ctl/wording.h"

static const char help[] =
	"Usage: agentctl audit verify [OPTION]...\n"
	"Checks a log against the checkpoints that were signed for it: whether records were\n"
	"changed, moved, added or taken away, and which. Reads all of it, and says what the result\n"
	"does not show.\n"
	"\n"
	"      --key FILE|KEY   the log's public key: the line NAME+ID+BASE64, or a file with it,\n"
	"                       the last line of it. Any key of the log leads to those before and\n"
	"                       after it. Without it DIR.pub, which lies beside the log\n"
	"      --anchor FILE    a checkpoint that was kept elsewhere: what `agentctl audit\n"
	"                       checkpoint` printed; \"-\" is standard input\n"
	"      --origin NAME    what the log's checkpoints call it (the name of the key)\n"
	"      --json           the result as one line of JSON\n"
	"      --directory DIR  where the log is (" CTL_AUDIT_DIR ", or AGENTOS_AUDIT_DIR)\n"
	"\n"
	"  agentctl audit verify\n"
	"  agentctl audit checkpoint > monday       keep it on another machine, with the key\n"
	"  agentctl audit verify --key audit.pub --anchor monday\n"
	"\n"
	"Exit status:\n"
	"    0  verified\n"
	"    1  something is wrong: the first of it is named\n"
	"    2  the command line is wrong\n"
	"    3  the key or the anchor is not valid, or not there\n"
	"    5  not found out: no log, not readable, of a later version, or no checkpoint\n";

struct check {
	const char *directory, *key_word, *origin, *anchor_name;
	bool json;
	struct note_verifier key;
	struct evidence anchor; /* note NULL: none */
	struct verify_result r;
};

/* Which fields of a result belong to its problem, as verify.h has it. */
enum {
	SEQ = 1,
	FOUND = 2,
	MISSING = 4,
	FROM_TO = 8,
	TO = 16,
	OFFSET = 32,
};

static const struct problem {
	const char *word;
	unsigned int fields;
} problems[] = {
	[VERIFY_CHANGED] = { "changed", SEQ | OFFSET },
	[VERIFY_REWRITTEN] = { "rewritten", FROM_TO },
	[VERIFY_TRUNCATED] = { "truncated", SEQ | MISSING },
	[VERIFY_MISSING] = { "missing", SEQ | FOUND },
	[VERIFY_ORDER] = { "order", SEQ | FOUND | OFFSET },
	[VERIFY_DAMAGED] = { "damaged", SEQ | OFFSET },
	[VERIFY_FOREIGN] = { "foreign", 0 },
	[VERIFY_VERSION] = { "version", SEQ | OFFSET },
	[VERIFY_SIGNATURE] = { "signature", OFFSET },
	[VERIFY_ORIGIN] = { "origin", OFFSET },
	[VERIFY_TRAIL] = { "trail", OFFSET },
	[VERIFY_ANCHOR] = { "anchor", TO },
	[VERIFY_TAIL] = { "tail", SEQ | OFFSET },
};

/* -1 to go on, else the exit status. */
static int check_parse(int argc, char **argv, struct check *c)
{
	static const struct option options[] = {
		{ "key", required_argument, NULL, 'k' },
		{ "anchor", required_argument, NULL, 'a' },
		{ "origin", required_argument, NULL, 'o' },
		{ "directory", required_argument, NULL, 'd' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int option;

	opterr = 0;
	optind = 0;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		switch (option) {
		case 'k':
			c->key_word = optarg;
			break;
		case 'a':
			c->anchor_name = optarg;
			break;
		case 'o':
			c->origin = optarg;
			break;
		case 'd':
			c->directory = optarg;
			break;
		case 'j':
			c->json = true;
			break;
		case 'h':
			fputs(help, stdout);
			return CTL_OK;
		case ':':
			return ctl_usage("audit verify", "an option lacks its value");
		default:
			return ctl_usage("audit verify", "unknown option");
		}
	}
	if (optind < argc)
		return ctl_usage("audit verify", "takes options only");
	return -1;
}

static const char *origin_of(const struct check *c)
{
	return c->origin ? c->origin : c->key.name;
}

static uint64_t tail_of(const struct verify_result *r)
{
	return r->records - r->covered;
}

/* Remarks, each with its number: a line, or a key and value. */
static void remarks_show(const struct check *c)
{
	const struct verify_result *r = &c->r;
	const struct {
		const char *key, *text;
		uint64_t count;
	} remarks[] = {
		{ "torn", "bytes of half a record at the end: a crash, or it is being written",
		  r->torn },
		{ "torn_trail", "bytes of half a checkpoint at the end of theirs, likewise",
		  r->torn_trail },
		{ "clock_back",
		  "records whose time is seconds before that of the one before: the clock was set",
		  r->clock_back },
		{ "hashes_missing", "records without a stored hash: agentosd makes it again",
		  r->hashes_missing },
		{ "hashes_wrong", "stored hashes that are not those of the records signed for",
		  r->hashes_wrong },
		{ "unpruned", "records that were to be removed and are still here", r->unpruned },
		{ "hashes_beyond", "stored hashes without a record", r->hashes_beyond },
	};
	size_t i;

	for (i = 0; i < sizeof(remarks) / sizeof(remarks[0]); i++) {
		if (c->json)
			printf(",\"%s\":%" PRIu64, remarks[i].key, remarks[i].count);
		else if (remarks[i].count)
			printf("remark       %" PRIu64 " %s\n", remarks[i].count, remarks[i].text);
	}
}

static void limits_show(const struct check *c)
{
	const struct verify_result *r = &c->r;
	uint64_t size = c->anchor.checkpoint.head.size;

	puts("\nThis does not show");
	if (!c->anchor.note) {
		puts("  - whether the end was cut off together with its checkpoints: that takes --anchor");
		puts("  - whether all of it was written anew by who has the private key: likewise");
	} else {
		printf("  - what became of records behind %" PRIu64
		       " that were cut off with their checkpoints,\n"
		       "    or written anew by who has the private key: the anchor ends there\n",
		       size);
	}
	if (!c->key_word)
		puts("  - whose key it is: it lay beside the log, where who can change the log may have\n"
		     "    put it; compare it with one kept elsewhere, or name that with --key");
	if (r->pruned)
		printf("  - what the first %" PRIu64
		       " records said: they were removed, and only their hashes are here\n",
		       r->pruned);
	if (tail_of(r))
		printf("  - whether the last %" PRIu64
		       " records are as they were written: no checkpoint covers them\n",
		       tail_of(r));
}

/* Nothing is wrong with it, and nothing shows that it is right. */
static bool unsigned_for(const struct verify_result *r)
{
	return !r->problem && r->records && !r->covered;
}

static void result_text(const struct check *c)
{
	const struct verify_result *r = &c->r;
	char directory[512], origin[1100];

	escape_text(directory, sizeof(directory), c->directory, strlen(c->directory));
	escape_text(origin, sizeof(origin), origin_of(c), strlen(origin_of(c)));
	printf("log          %s in %s\n", origin, directory);
	printf("key          %s%s\n", evidence_key_name(&c->key).text,
	       c->key_word ? "" : ", from beside the log");
	if (r->keys > 1)
		printf("keys         %" PRIu64 ", one after another; since record %" PRIu64
		       " it is %s\n",
		       r->keys, r->key_since + 1, evidence_key_name(&r->key).text);
	printf("records      %" PRIu64 "%s\n", r->records,
	       r->problem ? ", up to where the problem ended the count" : ", whole and in order");
	if (r->pruned)
		printf("removed      records 1 to %" PRIu64
		       ", as the log says; their hashes are those signed for\n",
		       r->pruned);
	printf("covered      %" PRIu64 ", by %" PRIu64 " checkpoints%s\n", r->covered,
	       r->checkpoints, c->anchor.note && !r->problem ? ", the anchor among them" : "");
	if (tail_of(r))
		printf("not covered  %" PRIu64 ", from record %" PRIu64 " on\n", tail_of(r),
		       r->covered + 1);
	if (c->anchor.note && !r->problem)
		printf("anchor       fits: of %" PRIu64 " records\n",
		       c->anchor.checkpoint.head.size);
	remarks_show(c);
	if (r->problem) {
		printf("PROBLEM      %s%s\n", r->text.text, r->anchored ? " (by the anchor)" : "");
		return;
	}
	limits_show(c);
	printf("\n%s\n",
	       unsigned_for(r) ?
		       "not verified: no checkpoint covers anything of it; the first comes within a "
		       "minute, if none was taken away" :
		       "verified: what is covered is what was signed for");
}

static void result_json(const struct check *c)
{
	const struct verify_result *r = &c->r;
	unsigned int fields = problems[r->problem].fields;

	/* The anchor's own are not of the log's file. */
	if (r->anchored && r->problem >= VERIFY_SIGNATURE && r->problem <= VERIFY_TRAIL)
		fields = 0;
	putchar('{');
	wording_json("directory", c->directory);
	printf(",");
	wording_json("origin", origin_of(c));
	printf(",");
	wording_json("key", evidence_key_name(&c->key).text);
	printf(",\"key_beside\":%s,\"verified\":%s", c->key_word ? "false" : "true",
	       r->problem || unsigned_for(r) ? "false" : "true");
	printf(",\"records\":%" PRIu64 ",\"covered\":%" PRIu64 ",\"checkpoints\":%" PRIu64,
	       r->records, r->covered, r->checkpoints);
	if (c->anchor.note)
		printf(",\"anchor\":%" PRIu64, c->anchor.checkpoint.head.size);
	else
		printf(",\"anchor\":null");
	printf(",\"pruned\":%" PRIu64 ",\"keys\":%" PRIu64 ",\"key_since\":%" PRIu64 ",", r->pruned,
	       r->keys, r->key_since);
	wording_json("signed_by", evidence_key_name(&r->key).text);
	remarks_show(c);
	if (r->problem) {
		printf(",\"problem\":\"%s\",", problems[r->problem].word);
		wording_json("text", r->text.text);
		printf(",\"anchored\":%s", r->anchored ? "true" : "false");
		if (r->segment[0]) {
			putchar(',');
			wording_json("segment", r->segment);
		}
		if (fields & SEQ)
			printf(",\"seq\":%" PRIu64, r->seq);
		if (fields & FOUND)
			printf(",\"found\":%" PRIu64, r->found);
		if (fields & MISSING)
			printf(",\"missing\":%" PRIu64, r->missing);
		if (fields & FROM_TO)
			printf(",\"from\":%" PRIu64, r->from + 1);
		if (fields & (FROM_TO | TO))
			printf(",\"to\":%" PRIu64, r->to);
		if (fields & OFFSET)
			printf(",\"offset\":%" PRIu64, r->offset);
	}
	puts("}");
}

/* Nothing at all is no log that is in order. */
static bool nothing_there(const struct verify_result *r)
{
	return !r->problem && !r->records && !r->checkpoints && !r->torn && !r->torn_trail;
}

static int check_run(struct check *c)
{
	const struct verify_options o = { .directory = c->directory,
					  .verifier = &c->key,
					  .origin = c->origin,
					  .anchor = c->anchor.note,
					  .anchor_len = c->anchor.len };
	struct fault f = { "" };
	char shown[512];

	if (verify_log(&o, &c->r, &f) != 0) {
		ctl_complain("%s", f.text);
		return CTL_UNKNOWN;
	}
	if (nothing_there(&c->r)) {
		escape_text(shown, sizeof(shown), c->directory, strlen(c->directory));
		ctl_complain("%s: neither records nor checkpoints: no log, or all of one was taken "
			     "away",
			     shown);
		return CTL_UNKNOWN;
	}
	if (c->json)
		result_json(c);
	else
		result_text(c);
	if (fflush(stdout) != 0) {
		ctl_complain("cannot write: %s", strerror(errno));
		return CTL_UNKNOWN;
	}
	if (c->r.problem == VERIFY_VERSION || unsigned_for(&c->r))
		return CTL_UNKNOWN;
	return c->r.problem ? CTL_FAILED : CTL_OK;
}

int audit_verify(int argc, char **argv)
{
	struct check c = { .directory = ctl_setting("AGENTOS_AUDIT_DIR", CTL_AUDIT_DIR) };
	struct segment_dir d = { .fd = -1 };
	struct evidence_keys keys;
	struct fault f = { "" };
	int rc;

	rc = check_parse(argc, argv, &c);
	if (rc >= 0)
		return rc;
	/* Where there is no log, its missing key is no news. */
	if (segment_dir_open(c.directory, &d, &f) != 0) {
		ctl_complain("%s", f.text);
		return CTL_UNKNOWN;
	}
	segment_dir_close(&d);
	rc = evidence_keys(c.key_word, c.directory, &keys, &f);
	if (rc == 0) {
		c.key = *evidence_key(&keys);
		evidence_keys_release(&keys);
	}
	if (rc == 0 && c.anchor_name)
		rc = evidence_checkpoint(c.anchor_name, &c.anchor, &f);
	if (rc) {
		ctl_complain("%s", f.text);
		return CTL_INVALID;
	}
	rc = check_run(&c);
	evidence_release(&c.anchor);
	return rc;
}
