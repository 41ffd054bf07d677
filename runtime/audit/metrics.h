/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records counted for a monitoring system: Prometheus' text format, version 0.0.4. */
#ifndef AGENTOS_AUDIT_METRICS_H
#define AGENTOS_AUDIT_METRICS_H

#include <stdint.h>
#include <stdio.h>

#include "audit/record.h"

/*
 * Counters only grow while the same log is read on, as Prometheus expects; a reader that
 * begins anew counts the same again, unless what is old was removed from the log.
 *
 *	agentos_audit_records_total{type}		     all records
 *	agentos_audit_lost_total{stream}		     records that the log tells to be missing
 *	agentos_acts_total{agent,operation,verdict}	     acts that were recorded
 *	agentos_agents_total{event,reason}		     agents made, ended, killed, ...
 *	agentos_egress_total{agent,outcome,why}		     connections by name
 *	agentos_egress_bytes_total{agent,direction}
 *	agentos_model_calls_total{agent,provider,model,outcome,why}
 *	agentos_model_tokens_total{agent,provider,model,kind} cached ones are of input, reasoning of output
 *	agentos_model_cost_dollars_total{agent,provider,model}
 *	agentos_model_duration_seconds{provider,le}	     histogram: to the answer's end
 *	agentos_model_first_byte_seconds{provider,le}	     histogram: of what was streamed
 *
 * Names are chosen by users, and models by agents: there are at most LIMIT_METRICS lines, and
 * what would need one more is counted in one whose labels all are "(others)".
 */
struct metrics;

/* -ENOMEM */
int metrics_create(struct metrics **ret_metrics);
void metrics_free(struct metrics *m);

/* -ENOMEM: it is not counted whole. */
int metrics_add(struct metrics *m, const struct record *r);

/* All there is, in the order of the list above, each line as it first came. Errors are the stream's. */
void metrics_write(const struct metrics *m, FILE *out);

#endif
