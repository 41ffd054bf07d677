/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records as OpenTelemetry logs, and what a server of them answers. */
#ifndef AGENTOS_AUDIT_OTLP_H
#define AGENTOS_AUDIT_OTLP_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "audit/fields.h"
#include "audit/record.h"
#include "base/fault.h"

/*
 * The body of a request to /v1/logs, in the JSON encoding of OTLP 1.x: one
 * resource (service.name "agentos", service.version, host.name), one scope
 * ("agentos.audit"), and the records. Of each: its time, and as the body the line
 * of render_text(). Severity is ERROR for what was lost and for an agent that is
 * killed for what it tried, WARN for what was refused or would have been, and
 * INFO. Attributes are the members of its JSON but the time, each with "agentos."
 * before it: "agentos.verdict", "agentos.object.text". What of a model call
 * OpenTelemetry has names for has these in their place: gen_ai.provider.name,
 * gen_ai.request.model, gen_ai.usage.input_tokens, gen_ai.usage.output_tokens.
 * Records have no trace.
 *
 * begin, any number of records, end. -ENOMEM; errors of writing are those of out.
 */
struct otlp_batch {
	FILE *out;
	struct fields fields; /* to be released by who has it */
	uint64_t records;     /* since the begin */
};
void otlp_begin(struct otlp_batch *b, const char *host);
int otlp_record(struct otlp_batch *b, const struct record *r);
void otlp_end(struct otlp_batch *b);

struct otlp_answer {
	uint64_t rejected;    /* records that the server did not take */
	struct fault message; /* what it says of it, escaped; may be empty */
};

/*
 * Takes apart the answer to a request that was accepted. No bytes at all are
 * taken as "{}". -EBADMSG: it is none; whatever answered is no server of logs.
 */
int otlp_answer_parse(const char *bytes, size_t len, struct otlp_answer *ret_answer);

#endif
