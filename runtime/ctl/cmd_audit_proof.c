// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl audit verify-proof: a proof checked with nothing but itself and the public key. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "audit/proof.h"
#include "audit/render.h"
#include "audit/segment_file.h"
#include "base/escape.h"
#include "ctl/audit.h"
#include "ctl/ctl.h"
#include "ctl/evidence.h"
#include "ctl/wording.h"

static const char help[] =
	"Usage: agentctl audit verify-proof [OPTION]... --key FILE|KEY FILE\n"
	"Checks a proof that `agentctl audit prove` or `agentctl audit consistency` made, with the\n"
	"public key and without the log; \"-\" is standard input. Shows the record that is proved.\n"
	"\n"
	"      --key FILE|KEY   the log's public key: the line NAME+ID+BASE64, or a file with it,\n"
	"                       from whoever is trusted to know it; of several lines, keys that\n"
	"                       the log had one after another, each may have signed\n"
	"      --anchor FILE    of a proof of consistency: the older checkpoint\n"
	"      --origin NAME    what the log's checkpoints call it (the name of the key)\n"
	"      --json           the result as one line of JSON\n"
	"\n"
	"  agentctl audit prove 1077 > proof\n"
	"  agentctl audit verify-proof --key audit.pub proof\n"
	"\n"
	"Exit status:\n"
	"    0  it is proved\n"
	"    1  it is not: another key or log, or something was changed\n"
	"    2  the command line is wrong\n"
	"    3  a file is no proof, key or checkpoint, or not there\n"
	"    5  not found out: proof or record are of a later version\n";

struct check {
	const char *key_word, *origin, *anchor_name, *name;
	bool json;
	struct evidence_keys keys;
	const struct note_verifier *key; /* that signed the checkpoint below */
	struct tree_hasher *hasher;
	struct checkpoint checkpoint; /* that the proof leads to */
};

/* -1 to go on, else the exit status. */
static int check_parse(int argc, char **argv, struct check *c)
{
	static const struct option options[] = {
		{ "key", required_argument, NULL, 'k' },
		{ "anchor", required_argument, NULL, 'a' },
		{ "origin", required_argument, NULL, 'o' },
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
		case 'j':
			c->json = true;
			break;
		case 'h':
			fputs(help, stdout);
			return CTL_OK;
		case ':':
			return ctl_usage("audit verify-proof", "an option lacks its value");
		default:
			return ctl_usage("audit verify-proof", "unknown option");
		}
	}
	if (argc - optind != 1)
		return ctl_usage("audit verify-proof", "takes one file with a proof, or -");
	c->name = argv[optind];
	if (!c->key_word)
		return ctl_usage(
			"audit verify-proof",
			"--key is missing: a proof is one only to who knows the log's key");
	return -1;
}

static int refuse(int status, const char *text)
{
	ctl_complain("%s", text);
	return status;
}

/* The record in the data of a leaf: 0; -EPROTO: of a later version; -EBADMSG. */
static int record_get(const struct proof_inclusion_text *t, struct record *ret_record)
{
	static const char magic[] = "AGENTOSL";
	const uint8_t *data = t->extra;
	size_t len = t->extra_len;

	/* The first record of a segment has its header before it. */
	if (len > SEGMENT_HEADER && memcmp(data, magic, sizeof(magic) - 1) == 0) {
		data += SEGMENT_HEADER;
		len -= SEGMENT_HEADER;
	}
	if (record_decode(data, len, ret_record) != (int)len)
		return -EPROTO;
	return ret_record->seq == t->index + 1 ? 0 : -EBADMSG;
}

static void record_show(const struct record *r)
{
	time_t seconds = (time_t)(r->time_ns / 1000000000);
	char date[64];
	struct tm tm;

	if (localtime_r(&seconds, &tm) &&
	    strftime(date, sizeof(date), "%A %Y-%m-%d, times in %Z", &tm))
		printf("\n-- %s --\n", date);
	render_text(stdout, r, false);
}

/* The same as JSON, which ends its line: here something follows. False: no memory. */
static bool record_json(const struct record *r)
{
	char *line = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&line, &len);

	if (!out)
		return false;
	render_json(out, r);
	if (fclose(out) != 0) {
		free(line);
		return false;
	}
	printf("%.*s", (int)strcspn(line, "\n"), line);
	free(line);
	return true;
}

static void head_json(const struct check *c, const char *kind)
{
	printf("{\"proved\":\"%s\",", kind);
	wording_json("origin", c->checkpoint.origin);
	putchar(',');
	wording_json("key", evidence_key_name(c->key).text);
	printf(",\"size\":%" PRIu64, c->checkpoint.head.size);
}

static int inclusion_show(const struct check *c, const struct record *r)
{
	char origin[ESCAPE_TEXT_MAX(sizeof(c->checkpoint.origin)) + 1];

	if (c->json) {
		head_json(c, "inclusion");
		printf(",\"seq\":%" PRIu64 ",\"record\":", r->seq);
		if (!record_json(r))
			return refuse(CTL_UNKNOWN, "not enough memory to show the record");
		puts("}");
		return CTL_OK;
	}
	escape_text(origin, sizeof(origin), c->checkpoint.origin, strlen(c->checkpoint.origin));
	printf("proved: this is record %" PRIu64 " of the log %s,\n"
	       "of which the key %s signed %" PRIu64 " records\n",
	       r->seq, origin, evidence_key_name(c->key).text, c->checkpoint.head.size);
	record_show(r);
	puts("\nThis does not show that what the record says is true, only that it was written so\n"
	     "before the checkpoint was signed; nor that the log still has it.");
	return CTL_OK;
}

static int inclusion_check(struct check *c, const struct proof_inclusion_text *t)
{
	const struct tree_bytes data = { t->extra, t->extra_len };
	struct fault f = { "" };
	uint8_t leaf[TREE_HASH];
	struct record r;
	int rc;

	if (c->anchor_name)
		return ctl_usage(
			"audit verify-proof",
			"--anchor goes with a proof of consistency; this is one of a record");
	if (!t->extra_len)
		return refuse(CTL_INVALID,
			      "the proof has no record in it: the line \"extra\" is missing");
	if (evidence_judge(&c->keys, c->origin, t->checkpoint, t->checkpoint_len,
			   "the proof's checkpoint", &c->checkpoint, &c->key, &f) != 0)
		return refuse(CTL_FAILED, f.text);
	rc = tree_leaf(c->hasher, &data, 1, leaf);
	if (rc == 0)
		rc = proof_check_inclusion(
			c->hasher, &t->proof, t->index, leaf, &c->checkpoint.head);
	if (rc == -EIO)
		return refuse(CTL_UNKNOWN, "hashing failed");
	if (rc)
		return refuse(CTL_FAILED,
			      "not proved: the record, its number or the hashes are others "
			      "than those that the checkpoint was signed for");
	rc = record_get(t, &r);
	if (rc == -EPROTO)
		return refuse(CTL_UNKNOWN,
			      "what is proved is no record that this program can read: it "
			      "is of a later version");
	if (rc)
		return refuse(CTL_FAILED,
			      "what is proved is a record that stands at another's place");
	return inclusion_show(c, &r);
}

static void consistency_show(const struct check *c, const struct checkpoint *old,
			     const struct note_verifier *old_key)
{
	char origin[ESCAPE_TEXT_MAX(sizeof(c->checkpoint.origin)) + 1];

	if (c->json) {
		head_json(c, "consistency");
		printf(",\"old\":%" PRIu64 ",", old->head.size);
		wording_json("old_key", evidence_key_name(old_key).text);
		puts("}");
		return;
	}
	escape_text(origin, sizeof(origin), c->checkpoint.origin, strlen(c->checkpoint.origin));
	printf("proved: the log %s of %" PRIu64 " records begins with the %" PRIu64
	       "\nof the older checkpoint, unchanged and in the same order; %s signed by %s\n",
	       origin, c->checkpoint.head.size, old->head.size,
	       old_key == c->key ? "both are" : "it is", evidence_key_name(c->key).text);
	if (old_key != c->key)
		printf("and the older one by %s\n", evidence_key_name(old_key).text);
}

static int growth_check(struct check *c, const struct proof_consistency_text *t,
			const struct checkpoint *old, const struct note_verifier *old_key)
{
	int rc;

	if (old->head.size != t->from) {
		ctl_complain("the proof is about growth from %" PRIu64
			     " records, and the anchor is of %" PRIu64,
			     t->from, old->head.size);
		return CTL_FAILED;
	}
	rc = proof_check_consistency(c->hasher, &t->proof, &old->head, &c->checkpoint.head);
	if (rc == -EIO)
		return refuse(CTL_UNKNOWN, "hashing failed");
	if (rc)
		return refuse(CTL_FAILED,
			      "not proved: the hashes do not lead from the older checkpoint "
			      "to the newer one");
	consistency_show(c, old, old_key);
	return CTL_OK;
}

static int consistency_check(struct check *c, const struct proof_consistency_text *t)
{
	const struct note_verifier *old_key;
	struct fault f = { "" };
	struct evidence anchor;
	struct checkpoint old;
	int rc;

	if (!c->anchor_name)
		return ctl_usage("audit verify-proof",
				 "a proof of consistency is checked against the older checkpoint: "
				 "--anchor FILE");
	if (strcmp(c->anchor_name, "-") == 0 && strcmp(c->name, "-") == 0)
		return ctl_usage("audit verify-proof", "only one of both can be standard input");
	if (evidence_checkpoint(c->anchor_name, &anchor, &f) != 0)
		return refuse(CTL_INVALID, f.text);
	rc = evidence_judge(&c->keys, c->origin, t->checkpoint, t->checkpoint_len,
			    "the proof's checkpoint", &c->checkpoint, &c->key, &f);
	if (rc == 0)
		rc = evidence_judge(&c->keys, c->origin, anchor.note, anchor.len, "the anchor",
				    &old, &old_key, &f);
	rc = rc ? refuse(CTL_FAILED, f.text) : growth_check(c, t, &old, old_key);
	evidence_release(&anchor);
	return rc;
}

/* Either kind: no text is of both. */
static int proof_check(struct check *c, const char *text, size_t len)
{
	static const char any_version[] = "c2sp.org/tlog-proof@v";
	static struct proof_consistency_text consistency;
	static struct proof_inclusion_text inclusion;
	char shown[512];

	if (proof_inclusion_parse(text, len, &inclusion) == 0)
		return inclusion_check(c, &inclusion);
	if (proof_consistency_parse(text, len, &consistency) == 0)
		return consistency_check(c, &consistency);
	escape_text(shown, sizeof(shown), c->name, strlen(c->name));
	if (len >= sizeof(any_version) && memcmp(text, any_version, sizeof(any_version) - 1) == 0 &&
	    text[sizeof(any_version) - 1] != '1') {
		ctl_complain("%s: a proof of a version that this program does not know: upgrade it",
			     shown);
		return CTL_UNKNOWN;
	}
	ctl_complain("%s: not a proof, or not all of one", shown);
	return CTL_INVALID;
}

int audit_verify_proof(int argc, char **argv)
{
	struct check c = { .name = NULL };
	struct fault f = { "" };
	char *text = NULL;
	size_t len = 0;
	int rc;

	rc = check_parse(argc, argv, &c);
	if (rc >= 0)
		return rc;
	rc = evidence_keys(c.key_word, NULL, &c.keys, &f);
	if (rc == 0)
		rc = evidence_read(c.name, LIMIT_PROOF, &text, &len, &f);
	if (rc) {
		evidence_keys_release(&c.keys);
		return refuse(CTL_INVALID, f.text);
	}
	if (tree_hasher_create(&c.hasher) != 0) {
		evidence_keys_release(&c.keys);
		free(text);
		return refuse(CTL_UNKNOWN, "libcrypto cannot hash by SHA-256");
	}
	rc = proof_check(&c, text, len);
	if (fflush(stdout) != 0) {
		ctl_complain("cannot write: %s", strerror(errno));
		rc = CTL_UNKNOWN;
	}
	tree_hasher_free(c.hasher);
	evidence_keys_release(&c.keys);
	free(text);
	return rc;
}
