// SPDX-License-Identifier: GPL-2.0-or-later
/* A model call in plain words: what was called, what came of it, what it took. */
#include <inttypes.h>
#include <string.h>

#include "audit/render.h"
#include "rpc/call_why.h"

#define MICROS 1000000

void render_count(FILE *out, uint64_t number)
{
	char digits[24];
	size_t len = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, number), i;

	for (i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			fputc(',', out);
		fputc(digits[i], out);
	}
}

/* Cents always, and what is below them as far as there is any. */
void render_money(FILE *out, uint64_t microdollars)
{
	uint64_t part = microdollars % MICROS;
	int digits = 6;

	for (; digits > 2 && part % 10 == 0; part /= 10)
		digits--;
	fputc('$', out);
	render_count(out, microdollars / MICROS);
	fprintf(out, ".%0*" PRIu64, digits, part);
}

static void put_duration(FILE *out, uint64_t us)
{
	if (us < 1000)
		fprintf(out, "%" PRIu64 " us", us);
	else if (us < 10 * MICROS)
		fprintf(out, "%" PRIu64 " ms", us / 1000);
	else
		fprintf(out, "%" PRIu64 ".%" PRIu64 " s", us / MICROS, us % MICROS / 100000);
}

void render_model(FILE *out, const struct record *r)
{
	char name[RECORD_MODEL_NAME];
	size_t len = record_model(r, name);

	if (len)
		render_name(out, name, len);
	else
		fputs("a model that was not told", out);
}

/* "1,200 tokens in (800 of them cached), 340 out" */
static void put_tokens(FILE *out, const struct record *r)
{
	render_count(out, r->u.call.input);
	fputs(r->u.call.input == 1 ? " token in" : " tokens in", out);
	if (r->u.call.cache_read) {
		fputs(" (", out);
		render_count(out, r->u.call.cache_read);
		fputs(" of them cached)", out);
	}
	fputs(", ", out);
	render_count(out, r->u.call.output);
	fputs(" out", out);
	if (r->u.call.reasoning) {
		fputs(" (", out);
		render_count(out, r->u.call.reasoning);
		fputs(" of them reasoning)", out);
	}
	if (r->u.call.microdollars) {
		fputs(", ", out);
		render_money(out, r->u.call.microdollars);
	}
}

static void put_status(FILE *out, const struct record *r, const char *comma)
{
	if (r->u.call.status)
		fprintf(out, "%s%u", comma, r->u.call.status);
	else
		fprintf(out, "%snot answered", comma);
	if (!r->u.call.duration_us)
		return;
	fputs(" after ", out);
	put_duration(out, r->u.call.duration_us);
}

void render_call_why(FILE *out, const struct record *r)
{
	fputs(call_why_text(r->u.call.why), out);
	if (r->u.call.other)
		fprintf(out, " (agent %" PRIu64 ")", r->u.call.other);
}

void render_call(FILE *out, const struct record *r)
{
	const unsigned int outcome = r->u.call.outcome;
	static const char *const verbs[CALL_OUTCOMES] = {
		[CALL_ANSWERED] = "called ",
		[CALL_DENIED] = "may not call ",
		[CALL_WOULD_DENY] = "was let call ",
		[CALL_FAILED] = "called ",
	};
	const bool cut = outcome == CALL_DENIED &&
			 (r->u.call.why == CALL_WHY_CUT || r->u.call.why == CALL_WHY_CUT_MONEY);

	fputs(cut		      ? "was cut off from " :
	      outcome < CALL_OUTCOMES ? verbs[outcome] :
					"asked for ",
	      out);
	render_model(out, r);
	if (outcome == CALL_WOULD_DENY)
		fputs(", as it is audit-only", out);
	if (outcome == CALL_FAILED)
		fputs(" in vain", out);
	if (outcome != CALL_ANSWERED) {
		fputs(": ", out);
		render_call_why(out, r);
	}
	/* What was refused took nothing, and how it was told that is the gateway's. */
	if (outcome == CALL_DENIED && !record_was_spent(r))
		return;
	fputs(outcome == CALL_ANSWERED ? ": " : "; ", out);
	if (r->u.call.cached)
		fputs("from the cache, ", out);
	if (outcome == CALL_ANSWERED || record_was_spent(r)) {
		put_tokens(out, r);
		put_status(out, r, ", ");
	} else {
		put_status(out, r, "");
	}
}
