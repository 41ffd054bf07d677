// SPDX-License-Identifier: GPL-2.0-or-later
/* The page of a report: its head, what is most important, and then its parts one after the other. */
#include "audit/report_html.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <string.h>

#include "audit/render.h"
#include "audit/report_page.h"
#include "audit/report_style.h"
#include "base/base64.h"
#include "base/escape.h"
#include "base/html.h"

static void put_string(struct page *p, const char *text)
{
	html_bytes(p->out, text, strlen(text));
}

static void put_head(struct page *p)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	char style[BASE64_LENGTH(EVP_MAX_MD_SIZE) + 1] = "";
	unsigned int len = 0;

	if (EVP_Digest(report_style, sizeof(report_style) - 1, hash, &len, EVP_sha256(), NULL) !=
		    1 ||
	    base64_encode(hash, len, style, sizeof(style)) < 0)
		p->failed = true;
	fprintf(p->out,
		"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		"style-src 'sha256-%s'; base-uri 'none'; form-action 'none'\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<meta name=\"color-scheme\" content=\"light dark\">\n"
		"<meta name=\"referrer\" content=\"no-referrer\">\n"
		"<meta name=\"robots\" content=\"noindex\">\n<title>AgentOS audit report: ",
		style);
	if (p->report->options.agent)
		put_string(p, p->report->options.agent);
	else
		fputs("all agents", p->out);
	fprintf(p->out, "</title>\n<style>%s</style>\n</head>\n<body>\n", report_style);
}

static void put_period(struct page *p)
{
	const struct report_options *o = &p->report->options;

	if (!o->since_ns && !o->until_ns)
		fputs("all that the log has", p->out);
	if (o->since_ns) {
		fputs("from ", p->out);
		page_time(p, o->since_ns, false);
		fputs(" on", p->out);
	}
	if (o->until_ns) {
		fputs(o->since_ns ? ", before " : "before ", p->out);
		page_time(p, o->until_ns, false);
	}
	if (p->report->records) {
		fputs("; records from ", p->out);
		page_time(p, p->report->from_ns, false);
		fputs(" to ", p->out);
		page_time(p, p->report->to_ns, false);
	}
	fputs(" UTC", p->out);
}

static void put_checkpoint(struct page *p)
{
	const struct report *r = p->report;
	char root[BASE64_LENGTH(sizeof(r->checkpoint.head.root)) + 1];

	if (r->trail_fault[0]) {
		fputs("cannot be told: ", p->out);
		html_text(p->out, r->trail_fault);
		return;
	}
	if (!r->has_checkpoint) {
		fputs("none: nothing in this log is signed", p->out);
		return;
	}
	base64_encode(r->checkpoint.head.root, sizeof(r->checkpoint.head.root), root, sizeof(root));
	put_string(p, r->checkpoint.origin);
	fputs(", ", p->out);
	page_counted(p, r->checkpoint.head.size, "record");
	fprintf(p->out, ", root <span class=\"mono\">%s</span>. ", root);
	fputs("<b>Signed in the log, not verified by this report</b>", p->out);
	if (r->last_seq > r->checkpoint.head.size) {
		fputs("; ", p->out);
		page_counted(p, r->last_seq - r->checkpoint.head.size, "record");
		fputs(" behind it", p->out);
	}
}

static void put_header(struct page *p)
{
	const struct report *r = p->report;

	fputs("<header>\n<p class=\"kind\">AgentOS audit report</p>\n<h1>", p->out);
	if (r->options.agent) {
		fputs("Agent ", p->out);
		put_string(p, r->options.agent);
	} else {
		fputs("All agents", p->out);
	}
	fputs("</h1>\n<dl class=\"facts\">\n<dt>Period</dt><dd>", p->out);
	put_period(p);
	fputs("</dd>\n<dt>Records</dt><dd>", p->out);
	page_count(p, r->records);
	if (r->records) {
		fprintf(p->out, ", from number %" PRIu64 " to %" PRIu64, r->from_seq, r->to_seq);
	}
	fputs("</dd>\n<dt>Log</dt><dd>", p->out);
	put_string(p, r->options.directory);
	if (r->first_seq)
		fprintf(p->out, ", numbers %" PRIu64 " to %" PRIu64, r->first_seq, r->last_seq);
	else
		fputs(", empty", p->out);
	if (r->first_seq > 1)
		fputs(" (what was before is not there any more)", p->out);
	fputs("</dd>\n<dt>Newest checkpoint</dt><dd>", p->out);
	put_checkpoint(p);
	fputs("</dd>\n<dt>Made</dt><dd>", p->out);
	page_time(p, r->options.now_ns, false);
	fputs(" UTC, by <code>agentctl audit report</code></dd>\n</dl>\n</header>\n<main>\n",
	      p->out);
}

static uint64_t records_lost(const struct report *r)
{
	uint64_t lost = r->unwritable;
	unsigned int i;

	for (i = 0; i < STREAM_COUNT; i++)
		lost = lost > UINT64_MAX - r->lost[i] ? UINT64_MAX : lost + r->lost[i];
	return lost;
}

static void put_alarms(struct page *p)
{
	static const char *const kinds[STREAM_COUNT] = { "of denials", "of allowed acts",
							 "of agents' lives" };
	const struct report *r = p->report;
	const char *comma = ": ";
	unsigned int i;

	if (r->broken[0]) {
		fputs("<div class=\"alarm\" role=\"note\">\n<p><b>The log could not be read to its "
		      "end.</b> What follows is from the records before that.</p>\n<p>",
		      p->out);
		/* A fault is escaped where it is made. */
		html_text(p->out, r->broken);
		fputs("</p>\n</div>\n", p->out);
	}
	if (!records_lost(r))
		return;
	fputs("<div class=\"alarm\" role=\"note\">\n<p><b>", p->out);
	page_counted(p, records_lost(r), "record");
	fputs(" will never be seen</b>", p->out);
	for (i = 0; i < STREAM_COUNT; i++) {
		if (!r->lost[i])
			continue;
		fputs(comma, p->out);
		page_count(p, r->lost[i]);
		fprintf(p->out, " %s", kinds[i]);
		comma = ", ";
	}
	if (r->unwritable) {
		fputs(comma, p->out);
		page_count(p, r->unwritable);
		fputs(" that could not be written", p->out);
	}
	fputs(". What they held is not known: each figure below may be too low by as many. See "
	      "<a href=\"#losses\">lost records and gaps</a>.</p>\n</div>\n",
	      p->out);
}

static void put_sum(struct page *p, const char *style, const char *word, uint64_t number)
{
	fprintf(p->out, "<div class=\"%s\"><dt>%s</dt><dd>", style, word);
	page_count(p, number);
	fputs("</dd></div>\n", p->out);
}

static void put_calls(struct page *p)
{
	const struct report_calls *calls = &p->report->calls;
	const uint64_t asked = calls->count[CALL_ANSWERED] + calls->count[CALL_DENIED] +
			       calls->count[CALL_WOULD_DENY] + calls->count[CALL_FAILED];

	if (!asked)
		return;
	fputs("It was asked for ", p->out);
	page_counted(p, asked, "call");
	fputs(" of models: ", p->out);
	page_count(p, calls->count[CALL_ANSWERED]);
	fputs(" answered, ", p->out);
	page_count(p, calls->count[CALL_DENIED]);
	fputs(" denied, ", p->out);
	page_count(p, calls->count[CALL_WOULD_DENY]);
	fputs(" let pass, ", p->out);
	page_count(p, calls->count[CALL_FAILED]);
	fputs(" failed; ", p->out);
	page_counted(p, calls->input, "token");
	fputs(" in, ", p->out);
	page_count(p, calls->output);
	fputs(" out, ", p->out);
	render_money(p->out, calls->microdollars);
	fputs(". ", p->out);
}

static void put_summary(struct page *p)
{
	const struct report *r = p->report;
	const uint64_t denied = r->denied + r->egress[EGRESS_DENIED] + r->calls.count[CALL_DENIED];
	const uint64_t passed = r->passed + r->egress[EGRESS_WOULD_DENY] +
				r->calls.count[CALL_WOULD_DENY];
	const uint64_t asked = r->egress[EGRESS_ALLOWED] + r->egress[EGRESS_DENIED] +
			       r->egress[EGRESS_WOULD_DENY] + r->egress[EGRESS_FAILED];

	page_section(p, "summary", "Summary");
	fputs("<dl class=\"sums\">\n", p->out);
	put_sum(p, "denied", "Denied", denied);
	put_sum(p, "passed", "Let pass", passed);
	put_sum(p, "allowed", "Allowed, recorded",
		r->allowed + r->egress[EGRESS_ALLOWED] + r->calls.count[CALL_ANSWERED]);
	put_sum(p, records_lost(r) ? "lost" : "", "Records lost", records_lost(r));
	put_sum(p, "", "Agents", r->agent_count);
	fputs("</dl>\n<p>", p->out);
	page_counted(p, r->allowed + r->denied + r->passed, "act");
	fputs(" were decided about in the kernel and recorded: ", p->out);
	page_count(p, r->denied);
	fputs(" denied, ", p->out);
	page_count(p, r->passed);
	fputs(" let pass that the policy would deny (of agents that are audit-only, or by a rule that "
	      "only watches), ",
	      p->out);
	page_count(p, r->allowed);
	fputs(" allowed. The gateway was asked for ", p->out);
	page_counted(p, asked, "connection");
	fputs(": ", p->out);
	page_count(p, r->egress[EGRESS_ALLOWED]);
	fputs(" opened, ", p->out);
	page_count(p, r->egress[EGRESS_DENIED]);
	fputs(" denied, ", p->out);
	page_count(p, r->egress[EGRESS_WOULD_DENY]);
	fputs(" let pass, ", p->out);
	page_count(p, r->egress[EGRESS_FAILED]);
	fputs(" failed. ", p->out);
	put_calls(p);
	if (records_lost(r)) {
		page_counted(p, records_lost(r), "record");
		fputs(records_lost(r) == 1 ? " is lost." : " are lost.", p->out);
	} else {
		fputs("No record is known to be lost.", p->out);
	}
	fputs("</p>\n", p->out);
	if (!r->allowed)
		fputs("<p class=\"note\">No allowed act is recorded: that is done only for agents whose "
		      "policy says <code>audit: verbose</code> or <code>strict</code>.</p>\n",
		      p->out);
	if (r->unclear) {
		fputs("<p class=\"note\">", p->out);
		page_counted(p, r->unclear, "record");
		fputs(" more tell of an outcome that this version does not know.</p>\n", p->out);
	}
	if (r->options.agent)
		fputs("<p class=\"note\">Of the agent with this name or number, and of those made below "
		      "it. Names and numbers come again: see which <a href=\"#agents\">agents</a> "
		      "these were.</p>\n",
		      p->out);
	fputs("</section>\n", p->out);
}

int report_html(FILE *out, const struct report *r)
{
	static void (*const parts[])(struct page *) = {
		page_timeline, page_rules,  page_hosts,	 page_models, page_files,
		page_spend,    page_agents, page_losses, page_notes,  page_denials
	};
	struct page p = { .out = out, .report = r };
	size_t i;

	put_head(&p);
	put_header(&p);
	put_alarms(&p);
	put_summary(&p);
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		parts[i](&p);
	fputs("</main>\n<footer>Made from the records of the log alone. Whether these are what was once "
	      "written it does not tell: checkpoints do, once they are verified. Text that agents chose is shown "
	      "with control characters, marks that change the direction of text, and bytes that are not "
	      "UTF-8 as \\xNN.</footer>\n</body>\n</html>\n",
	      p.out);
	if (p.failed)
		return -ENOMEM;
	return ferror(out) ? -EIO : 0;
}
