/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A server of OpenTelemetry logs or traces: where it is, as its environment variables have it, and batches sent there. */
#ifndef AGENTOS_CTL_COLLECTOR_H
#define AGENTOS_CTL_COLLECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/record.h"
#include "base/fault.h"

struct collector_options {
	const char *endpoint; /* NULL: that of the environment, or http://localhost:4318/v1/logs */
	bool traces;	      /* calls of models as spans, to /v1/traces; _TRACES_ for _LOGS_ */
	uint64_t give_up_s;   /* a batch is tried for so long; 0: without end */
};

struct collector;

/*
 * Reads OTEL_EXPORTER_OTLP_LOGS_ENDPOINT, or OTEL_EXPORTER_OTLP_ENDPOINT with
 * /v1/logs behind it; ..._HEADERS ("name=value,name=value", values with %XX);
 * ..._TIMEOUT in milliseconds (10000) and ..._CERTIFICATE, each also with
 * _LOGS_ in its name. Starts agentos-post, and sends nothing yet.
 *
 * -EINVAL  a variable that cannot be read; f names it
 * others as of poster_start(); -ENOMEM
 */
int collector_open(const struct collector_options *options, struct collector **ret_collector,
		   struct fault *f);
void collector_close(struct collector *c);

/* Takes a record; sends when a batch is full. Errors as below. */
int collector_add(struct collector *c, const struct record *r, struct fault *f);
/*
 * Sends what is there. Once it returns 0 the server has all that was added.
 * -EPROTO it was refused, or answered by no such server; others of poster_post()
 */
int collector_flush(struct collector *c, struct fault *f);

/* Records that the server has rejected, of batches that it accepted, and what it said last. */
uint64_t collector_rejected(const struct collector *c, const char **ret_message);
uint64_t collector_sent(const struct collector *c);

#endif
