/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records as OpenTelemetry logs, calls of models as its traces, and what a server of them answers. */
#ifndef AGENTOS_AUDIT_OTLP_H
#define AGENTOS_AUDIT_OTLP_H

#include <stdbool.h>
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
 *
 * With traces it is that of a request to /v1/traces: of calls of models a span each, of all
 * other records nothing. It is named by what was asked for and the model ("chat gpt-5"), of
 * kind CLIENT, from the call to the answer's end, and the only one of its trace. Ids are made
 * of the log's boot and number, so that what is sent again is the same. What did not come
 * about has the status ERROR. Attributes, by OpenTelemetry's conventions for generative AI:
 * gen_ai.operation.name ("chat", of Gemini's wire "generate_content", "embeddings",
 * "count_tokens"), gen_ai.provider.name and gen_ai.system (the same, for who knows the older
 * name; OpenTelemetry's names of providers, or ours), gen_ai.request.model,
 * gen_ai.response.model, gen_ai.usage.input_tokens, output_tokens, cache_read.input_tokens
 * and cache_creation.input_tokens, gen_ai.agent.id and name, error.type ("budget_tokens", ...:
 * name_call()), http.response.status_code; and agentos.seq, agentos.streamed,
 * agentos.attempts, agentos.microdollars, agentos.own_us, agentos.queue_us,
 * agentos.upstream_us, agentos.first_us.
 *
 * begin, any number of records, end. -ENOMEM; errors of writing are those of out.
 */
struct otlp_batch {
	FILE *out;
	struct fields fields; /* to be released by who has it */
	bool traces;
	uint64_t records; /* since the begin */
};
void otlp_begin(struct otlp_batch *b, const char *host);
int otlp_record(struct otlp_batch *b, const struct record *r);
void otlp_end(struct otlp_batch *b);
/* The call of a model as a span, behind others if more is true. */
void otlp_span(FILE *out, const struct record *r, bool more);

struct otlp_answer {
	uint64_t rejected;    /* records that the server did not take */
	struct fault message; /* what it says of it, escaped; may be empty */
};

/*
 * Takes apart the answer to a request that was accepted. No bytes at all are
 * taken as "{}". -EBADMSG: it is none; whatever answered is no server of these.
 */
int otlp_answer_parse(const char *bytes, size_t len, struct otlp_answer *ret_answer);

#endif
