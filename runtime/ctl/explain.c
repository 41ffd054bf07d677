// SPDX-License-Identifier: GPL-2.0-or-later
/* A denial explained from the log and from the policy's file. */
#include "ctl/explain.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/origin.h"
#include "audit/render.h"
#include "audit/segment.h"
#include "base/escape.h"
#include "ctl/ctl.h"
#include "policy/egress.h"
#include "policy/explain.h"
#include "super/profile.h"

/* How the policy's file stands to what the kernel was told. */
enum policy_state { POLICY_UNKNOWN, POLICY_SAME, POLICY_CHANGED, POLICY_INVALID, POLICY_GONE };

struct denial {
	struct record record;
	bool found;
	bool has_origin;
	struct origin origin;
	enum policy_state state;
	struct fault why; /* POLICY_INVALID, POLICY_GONE */
	struct policy *policy;
	struct policy_vars vars;
	struct explain explain;
};

/* Calls each() for records until it returns false, or to the end. */
static int log_walk(const char *directory, bool (*each)(const struct record *r, void *cookie),
		    void *cookie, struct fault *f)
{
	struct segment_reader *reader;
	struct record r;
	int rc = segment_reader_open(directory, &reader, f);

	if (rc)
		return rc;
	while ((rc = segment_read(reader, &r, f)) == 1) {
		if (!each(&r, cookie))
			break;
	}
	segment_reader_close(reader);
	return rc < 0 ? rc : 0;
}

/* Of whom nothing is known there is none: 0. */
static uint32_t record_policy(const struct record *r)
{
	if (r->type == RECORD_CALL)
		return r->u.call.policy;
	return r->type == RECORD_EGRESS ? r->u.egress.policy : r->u.event.policy;
}

/* Refused, or what an agent that is audit-only, or watched, was let do; or what the gateway could not. */
static bool record_is_denial(const struct record *r)
{
	if (r->type == RECORD_EGRESS)
		return r->u.egress.outcome == EGRESS_DENIED ||
		       r->u.egress.outcome == EGRESS_WOULD_DENY ||
		       r->u.egress.outcome == EGRESS_FAILED;
	if (r->type == RECORD_CALL)
		return r->u.call.outcome == CALL_DENIED || r->u.call.outcome == CALL_WOULD_DENY ||
		       r->u.call.outcome == CALL_FAILED;
	return r->type == RECORD_EVENT && (r->u.event.verdict == AGENTOS_VERDICT_DENIED ||
					   r->u.event.verdict == AGENTOS_VERDICT_WOULD_DENY);
}

static bool record_was_let_pass(const struct record *r)
{
	if (r->type == RECORD_CALL)
		return r->u.call.outcome == CALL_WOULD_DENY;
	return r->type == RECORD_EGRESS ? r->u.egress.outcome == EGRESS_WOULD_DENY :
					  r->u.event.verdict == AGENTOS_VERDICT_WOULD_DENY;
}

static bool record_find(const struct record *r, void *cookie)
{
	struct denial *d = cookie;

	if (r->seq == d->record.seq) {
		d->record = *r;
		d->found = true;
	}
	return r->seq < d->record.seq;
}

struct origin_search {
	struct denial *denial;
	struct origin_reader reader;
	struct origin last;
};

/* The last before the denial counts: numbers of policies come again. */
static bool origin_find(const struct record *r, void *cookie)
{
	struct origin_search *s = cookie;
	struct denial *d = s->denial;

	if (r->seq >= d->record.seq)
		return false;
	if (r->type == RECORD_POLICY && r->u.policy.policy == record_policy(&d->record) &&
	    memcmp(r->boot, d->record.boot, sizeof(r->boot)) == 0 &&
	    origin_read(&s->reader, r, &s->last) == 1) {
		d->origin = s->last;
		d->has_origin = true;
	}
	return true;
}

static int denial_read(struct denial *d, const char *directory, uint64_t seq, struct fault *f)
{
	struct origin_search *search = calloc(1, sizeof(*search));
	int err;

	if (!search)
		return fault_set(f, ENOMEM, "out of memory");
	search->denial = d;
	d->record.seq = seq;
	err = log_walk(directory, record_find, d, f);
	if (!err && !d->found)
		err = fault_set(f, ENOENT,
				"the log has no record %" PRIu64
				"; `agentctl audit --denied --seq` shows the numbers",
				seq);
	else if (!err && !record_is_denial(&d->record))
		err = fault_set(f, EINVAL,
				"record %" PRIu64
				" of the log is no denial; `agentctl audit --denied --seq` shows "
				"those",
				seq);
	if (!err)
		err = log_walk(directory, origin_find, search, f);
	free(search);
	return err;
}

/* What its file says today. */
static void denial_policy(struct denial *d)
{
	const struct origin *o = &d->origin;
	int err;

	if (!d->has_origin || !o->file[0])
		return;
	d->vars = (struct policy_vars){
		.workspace = o->workspace[0] ? o->workspace : NULL,
		.home = o->home[0] ? o->home : NULL,
		.agent = o->agent_name,
	};
	if (access(o->file, R_OK) < 0) {
		d->state = POLICY_GONE;
		fault_set(&d->why, errno, "%s", strerror(errno));
		return;
	}
	err = profile_load(o->file, ctl_setting("AGENTOS_POLICY_PATH", CTL_POLICY_DIRS), &d->vars,
			   &d->policy, NULL, &d->why);
	if (err)
		d->state = POLICY_INVALID;
	else if (policy_digest(d->policy) != o->digest)
		d->state = POLICY_CHANGED;
	else
		d->state = POLICY_SAME;
}

static void denial_explain(struct denial *d)
{
	const struct record *r = &d->record;

	if (r->type == RECORD_EVENT)
		explain_event(&r->u.event, d->policy, &d->vars, &d->explain);
	else if (r->type == RECORD_CALL)
		explain_call(&(struct explain_called){ .why = r->u.call.why,
						       .rule = r->u.call.rule,
						       .provider = r->u.call.provider,
						       .model = r->u.call.model },
			     d->policy, &d->explain);
	else
		explain_egress(&(struct explain_asked){ .why = r->u.egress.why,
							.rule = r->u.egress.rule,
							.host = r->u.egress.host,
							.port = r->u.egress.port,
							.family = r->u.egress.family,
							.addr = r->u.egress.addr },
			       d->policy, &d->explain);
}

static const char *rule_file(const struct denial *d)
{
	return d->explain.file ? d->explain.file : d->origin.file;
}

/* --- for people --- */

static void put_safe(const char *text)
{
	char safe[ESCAPE_TEXT_MAX(PATH_MAX) + 1];

	escape_text(safe, sizeof(safe), text, strlen(text));
	fputs(safe, stdout);
}

static void print_policy(const struct denial *d)
{
	if (!record_policy(&d->record))
		return;
	if (!d->has_origin) {
		printf("policy %u: the log does not tell where it is from\n",
		       record_policy(&d->record));
		return;
	}
	printf("policy %u: %s, ", record_policy(&d->record), d->origin.name);
	if (!d->origin.file[0]) {
		puts("from a file whose name has control characters");
		return;
	}
	put_safe(d->origin.file);
	switch (d->state) {
	case POLICY_CHANGED:
		puts("; it says something else by now: numbers of rules may have moved");
		break;
	case POLICY_GONE:
		printf("; it cannot be read any more: %s\n", d->why.text);
		break;
	case POLICY_INVALID:
		printf("; it is not valid any more: %s\n", d->why.text);
		break;
	default:
		putchar('\n');
	}
}

/* What a rule is that was on it, and not enough. */
static const char *short_of(const struct record *r)
{
	return r->type == RECORD_CALL ? "is on this model, and is not what was against it" :
					"is about this host, and does not allow this";
}

static void print_rule(const struct denial *d)
{
	const struct explain *x = &d->explain;

	const char *does = x->kills	  ? "is denied, and who tries is killed" :
			   x->watches	  ? "is watched" :
			   x->falls_short ? short_of(&d->record) :
					    "is denied";

	if (x->effect) {
		printf("effects: ");
		put_safe(rule_file(d));
		printf(":%u: %s: %s\n", x->line, x->effect, x->kills ? "kill" : "watch");
	}
	if (!x->has_rule)
		return;
	printf("rule %u: ", x->number);
	put_safe(rule_file(d));
	printf(":%u: ", x->line);
	put_safe(x->rule);
	printf(" %s%s\n", does, x->is_name ? ", in any directory" : "");
}

static void print_items(const struct explain *x)
{
	const struct explain_item *before = NULL, *item;
	size_t i;

	for (i = 0; i < x->count; i++, before = item) {
		item = &x->items[i];
		if (!before || strcmp(before->section, item->section) != 0)
			printf("  %s:\n", item->section);
		if (item->list && (!before || !before->list || strcmp(before->list, item->list)))
			printf("    %s:\n", item->list);
		printf(item->list ? "      - " : "    - ");
		put_safe(item->item);
		putchar('\n');
	}
}

static void print_fix(const struct denial *d)
{
	const struct explain *x = &d->explain;

	if (!x->watches && record_was_let_pass(&d->record))
		puts("It was let pass, as the agent is audit-only.");
	if (x->watches)
		puts("It was done, and is recorded as what would be denied.");
	else if (!x->is_possible)
		puts("No policy can allow it.");
	else if (x->is_removal && x->has_rule && !x->count)
		puts("To allow it, take that line out.");
	else if (x->is_removal && x->has_rule)
		puts("To allow it, take that line out, and add:");
	else if (x->is_removal)
		puts("To allow it, the rule has to go.");
	else if (x->count)
		puts("To allow it, add:");
	print_items(x);
	if (x->lesson)
		puts(x->lesson);
}

static void print_text(const struct denial *d)
{
	render_text(stdout, &d->record, ctl_colour(STDOUT_FILENO));
	print_policy(d);
	print_rule(d);
	print_fix(d);
}

/* --- for programs --- */

static void json_text(const char *key, const char *text)
{
	char safe[ESCAPE_JSON_MAX(PATH_MAX) + 1];

	escape_json(safe, sizeof(safe), text, strlen(text));
	printf(",\"%s\":\"%s\"", key, safe);
}

/* The record itself is an object on one line. */
static void print_json(const struct denial *d)
{
	static const char *const states[] = { "unknown", "same", "changed", "invalid", "gone" };
	const struct explain *x = &d->explain;
	const char *gap = "";
	char *record = NULL;
	size_t len = 0, i;
	FILE *out = open_memstream(&record, &len);

	if (!out)
		return;
	render_json(out, &d->record);
	fclose(out);
	record[strcspn(record, "\n")] = '\0';
	printf("{\"record\":%s,\"policy\":%u,\"policy_state\":\"%s\"", record,
	       record_policy(&d->record), states[d->state]);
	free(record);
	if (d->has_origin) {
		json_text("policy_name", d->origin.name);
		json_text("file", d->origin.file);
	}
	if (d->why.text[0])
		json_text("error", d->why.text);
	if (x->has_rule) {
		printf(",\"rule\":%u,\"line\":%u,\"rule_denies\":%s", x->number, x->line,
		       x->watches || x->falls_short ? "false" : "true");
		json_text("rule_file", rule_file(d));
		json_text("rule_about", x->rule);
	}
	if (x->effect) {
		json_text("effect_of", x->effect);
		json_text("effect_file", rule_file(d));
		printf(",\"effect_line\":%u", x->line);
	}
	printf(",\"kills\":%s,\"watches\":%s,\"passed\":%s", x->kills ? "true" : "false",
	       x->watches ? "true" : "false", record_was_let_pass(&d->record) ? "true" : "false");
	printf(",\"possible\":%s,\"remove_line\":%s,\"add\":[", x->is_possible ? "true" : "false",
	       x->is_removal && x->has_rule ? "true" : "false");
	for (i = 0; i < x->count; i++) {
		printf("%s{\"section\":\"%s\"", gap, x->items[i].section);
		if (x->items[i].list)
			json_text("list", x->items[i].list);
		json_text("item", x->items[i].item);
		putchar('}');
		gap = ",";
	}
	putchar(']');
	if (x->lesson)
		json_text("lesson", x->lesson);
	puts("}");
}

static int seq_parse(const char *text, uint64_t *ret_seq)
{
	char *end;

	text += text[0] == '#';
	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	errno = 0;
	*ret_seq = strtoull(text, &end, 10);
	return errno || *end || !*ret_seq ? -EINVAL : 0;
}

int explain_denial(const struct explain_options *o)
{
	struct denial *d;
	struct fault f = { "" };
	int status = CTL_FAILED;
	char shown[128];
	uint64_t seq;

	if (seq_parse(o->seq, &seq)) {
		escape_text(shown, sizeof(shown), o->seq, strlen(o->seq));
		return ctl_usage("policy",
				 "explain takes the number of a denial in the log, not %s", shown);
	}
	d = calloc(1, sizeof(*d));
	if (!d) {
		ctl_complain("out of memory");
		return CTL_FAILED;
	}
	if (denial_read(d, o->directory, seq, &f)) {
		ctl_complain("%s", f.text);
		goto out;
	}
	denial_policy(d);
	denial_explain(d);
	if (o->json)
		print_json(d);
	else
		print_text(d);
	status = CTL_OK;
	if (fflush(stdout) == EOF) {
		ctl_complain("cannot write: %s", strerror(errno));
		status = CTL_FAILED;
	}
out:
	policy_free(d->policy);
	free(d);
	return status;
}
