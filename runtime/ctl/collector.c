// SPDX-License-Identifier: GPL-2.0-or-later
/* A server of OpenTelemetry logs or traces, and batches sent there. */
#include "ctl/collector.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/otlp.h"
#include "base/limits.h"
#include "ctl/ctl.h"
#include "ctl/poster.h"
#include "rpc/posting.h"

struct collector {
	struct poster poster;
	struct otlp_batch batch;
	char *body; /* of the batch; owned, as are its out and fields */
	size_t body_len;
	char host[256];
	uint64_t sent, rejected;
	struct fault message;
};

/* That of logs or traces, if it is set, else that of all signals; NULL: neither. */
static const char *variable(const struct collector_options *o, const char *name)
{
	const char *value;
	char full[64];

	snprintf(full, sizeof(full), "OTEL_EXPORTER_OTLP_%s_%s", o->traces ? "TRACES" : "LOGS",
		 name);
	value = ctl_setting(full, NULL);
	snprintf(full, sizeof(full), "OTEL_EXPORTER_OTLP_%s", name);
	return value ? value : ctl_setting(full, NULL);
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c | 0x20 : c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* "name=value" as "name: value", %XX taken for its byte. */
static int header_put(FILE *out, const char *text, size_t len)
{
	char line[4096];
	size_t i, at = 0;
	bool value = false;
	int high, low;

	for (i = 0; i < len; i++) {
		if (at + 4 > sizeof(line))
			return -EINVAL;
		if (text[i] == '=' && !value) {
			value = true;
			line[at++] = ':';
			line[at++] = ' ';
			continue;
		}
		high = text[i] == '%' && i + 2 < len ? hex_digit(text[i + 1]) : -1;
		low = high >= 0 ? hex_digit(text[i + 2]) : -1;
		if (low >= 0)
			i += 2;
		line[at++] = low >= 0 ? (char)(high << 4 | low) : text[i];
		if (!line[at - 1])
			return -EINVAL;
	}
	line[at] = '\0';
	return value && line[0] != ':' ? posting_put(out, "header", line) : -EINVAL;
}

static int headers_put(FILE *out, const char *list)
{
	size_t len;
	int rc = 0;

	while (*list && !rc) {
		list += strspn(list, " ,");
		len = strcspn(list, ",");
		while (len && list[len - 1] == ' ')
			len--;
		if (len)
			rc = header_put(out, list, len);
		list += strcspn(list, ",");
	}
	return rc;
}

static int endpoint_put(FILE *out, const struct collector_options *o)
{
	const char *endpoint = o->endpoint;
	const char *base = ctl_setting("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318");
	size_t len = strlen(base);
	char url[2048];

	if (!endpoint)
		endpoint = ctl_setting(o->traces ? "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" :
						   "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
				       NULL);
	if (endpoint)
		return posting_put(out, "url", endpoint);
	while (len && base[len - 1] == '/')
		len--;
	if ((size_t)snprintf(url, sizeof(url), "%.*s/v1/%s", (int)len, base,
			     o->traces ? "traces" : "logs") >= sizeof(url))
		return -EINVAL;
	return posting_put(out, "url", url);
}

static int settings_put(FILE *out, const struct collector_options *o, struct fault *f)
{
	const char *headers = variable(o, "HEADERS"), *timeout = variable(o, "TIMEOUT");
	const char *certificate = variable(o, "CERTIFICATE");

	if (endpoint_put(out, o) != 0)
		return fault_set(f, EINVAL, "the endpoint is no URL");
	posting_put(out, "header", "Content-Type: application/json");
	if (headers && headers_put(out, headers) != 0)
		return fault_set(f, EINVAL,
				 "OTEL_EXPORTER_OTLP_HEADERS is not \"name=value,name=value\"");
	if (timeout && (strspn(timeout, "0123456789") != strlen(timeout) || strlen(timeout) > 9))
		return fault_set(f, EINVAL,
				 "OTEL_EXPORTER_OTLP_TIMEOUT is no number of milliseconds");
	posting_put(out, "timeout-ms", timeout ? timeout : "10000");
	if (certificate && posting_put(out, "ca", certificate) != 0)
		return fault_set(f, EINVAL, "OTEL_EXPORTER_OTLP_CERTIFICATE is no path");
	fprintf(out, "give-up-s %" PRIu64 "\n", o->give_up_s);
	return 0;
}

static int poster_open(struct collector *c, const struct collector_options *options,
		       struct fault *f)
{
	char *settings = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&settings, &len);
	int rc;

	if (!out)
		return fault_set(f, ENOMEM, "not enough memory");
	rc = settings_put(out, options, f);
	if (fclose(out) != 0 && !rc)
		rc = fault_set(f, ENOMEM, "not enough memory");
	if (!rc)
		rc = poster_start(&c->poster, settings, len, f);
	free(settings);
	return rc;
}

int collector_open(const struct collector_options *options, struct collector **ret_collector,
		   struct fault *f)
{
	struct collector *c = calloc(1, sizeof(*c));
	int rc;

	if (!c)
		return fault_set(f, ENOMEM, "not enough memory");
	c->poster = (struct poster){ .to = -1, .from = -1 };
	c->batch.traces = options->traces;
	c->batch.out = open_memstream(&c->body, &c->body_len);
	rc = c->batch.out ? poster_open(c, options, f) : fault_set(f, ENOMEM, "not enough memory");
	if (rc) {
		collector_close(c);
		return rc;
	}
	if (gethostname(c->host, sizeof(c->host) - 1) != 0)
		c->host[0] = '\0';
	*ret_collector = c;
	return 0;
}

void collector_close(struct collector *c)
{
	if (!c)
		return;
	poster_stop(&c->poster);
	if (c->batch.out)
		fclose(c->batch.out);
	free(c->body);
	fields_release(&c->batch.fields);
	free(c);
}

/* What the server has accepted counts, whatever it says of it. */
static int answer_take(struct collector *c, const char *answer, size_t len, struct fault *f)
{
	struct otlp_answer a;

	if (otlp_answer_parse(answer, len, &a) != 0)
		return fault_set(
			f, EPROTO,
			"what answers there is no server of %s: it is not the JSON of OTLP",
			c->batch.traces ? "traces" : "logs");
	c->sent += c->batch.records;
	c->rejected += a.rejected;
	if (a.message.text[0])
		c->message = a.message;
	return 0;
}

int collector_flush(struct collector *c, struct fault *f)
{
	char *answer;
	size_t len;
	int rc;

	if (!c->batch.records)
		return 0;
	otlp_end(&c->batch);
	if (fflush(c->batch.out) != 0)
		return fault_set(f, ENOMEM, "not enough memory");
	rc = poster_post(&c->poster, c->body, c->body_len, &answer, &len, f);
	if (rc)
		return rc;
	rc = answer_take(c, answer, len, f);
	free(answer);
	c->batch.records = 0;
	return rc;
}

int collector_add(struct collector *c, const struct record *r, struct fault *f)
{
	/* Of what is no call there is no span. */
	if (c->batch.traces && r->type != RECORD_CALL)
		return 0;
	if (!c->batch.records) {
		rewind(c->batch.out);
		otlp_begin(&c->batch, c->host);
	}
	if (otlp_record(&c->batch, r) != 0 || ferror(c->batch.out))
		return fault_set(f, ENOMEM, "not enough memory");
	return c->batch.records == LIMIT_OTLP_BATCH ? collector_flush(c, f) : 0;
}

uint64_t collector_rejected(const struct collector *c, const char **ret_message)
{
	*ret_message = c->message.text;
	return c->rejected;
}

uint64_t collector_sent(const struct collector *c)
{
	return c->sent;
}
