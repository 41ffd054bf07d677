// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as a file of providers and models: refused with one clean line, or rows that keep what their headers promise. */
#include <errno.h>
#include <string.h>

#include "http/date.h"
#include "llm/price.h"
#include "llm/retry.h"
#include "llm/route.h"
#include "llm/target.h"
#include "tests/fuzz/fuzz.h"

static const char *const patterns[] = { "*" };
static const struct route_allowed everything = { patterns, 1 };

static void fault_try(const struct fault *f)
{
	size_t i;

	HOLDS(f->text[0] && strlen(f->text) < FAULT_SIZE);
	for (i = 0; f->text[i]; i++)
		HOLDS(f->text[i] >= 0x20 && f->text[i] < 0x7f);
}

static void provider_try(const struct provider *p)
{
	struct text t = { 0 };
	size_t i;
	int rc;

	HOLDS(provider_is_name(p->name, strlen(p->name)));
	HOLDS((p->auth == PROVIDER_NONE) == !p->secret);
	HOLDS(p->header_count <= LIMIT_HEADERS && p->quirks < 1U << PROVIDER_QUIRKS);
	for (i = 0; i < p->header_count; i++)
		HOLDS(p->headers[i].name[0] && p->headers[i].value[0] &&
		      !strpbrk(p->headers[i].value, "\r\n"));
	HOLDS(p->url.tls || !p->url.is_public || p->plain);
	HOLDS(p->url.port && p->url.host[0] && !strchr(p->url.path, '{'));
	rc = p->missing ? 0 : target_write(p, TARGET_CALL, "a/b c", &t);
	HOLDS(rc == 0 || rc == -ENAMETOOLONG);
	for (i = 0; i < t.len; i++)
		HOLDS(t.bytes[i] > 0x20 && t.bytes[i] < 0x7f);
	text_release(&t);
}

static void model_try(const struct catalog *c, const struct model *m)
{
	const struct price_ask ask = { .body = 1000, .max_tokens = 100 };
	const struct call_usage usage = { .input = 900,
					  .output = 100,
					  .cache_read = 300,
					  .cache_write = 300,
					  .given = true };
	uint64_t worst = 0, cost = 0;
	struct route route;

	HOLDS(model_is_name(m->name, strlen(m->name)) && model_is_name(m->id, strlen(m->id)));
	HOLDS(m->prices.input <= LIMIT_PRICE && m->long_prices.output <= LIMIT_PRICE);
	HOLDS(!m->context || m->max_output <= m->context);
	HOLDS(catalog_provider(c, m->provider));
	HOLDS(route_find(c, m->name, &everything, &route, NULL) != -ENOENT);
	if (m->context && m->context < 1000)
		return;
	if (price_worst(m, &ask, 20261130, &worst) == 0) {
		HOLDS(price_cost(m, &usage, false, 20261130, &cost) == 0);
		HOLDS(cost <= worst);
	}
}

static void file_try(const char *text, size_t size)
{
	const struct catalog_fallback *fallback;
	const struct catalog_alias *alias;
	const struct provider *p;
	const struct model *m;
	struct fault f = { "" };
	struct route route;
	struct catalog *c;
	size_t i;
	int rc;

	HOLDS(catalog_create(&c, &f) == 0);
	rc = catalog_add(c, "file", text, size, &f);
	if (!rc)
		rc = catalog_finish(c, &f);
	HOLDS(rc == 0 || rc == -EBADMSG || rc == -E2BIG);
	if (rc) {
		fault_try(&f);
		catalog_free(c);
		return;
	}
	/* Those of the file: a test looks at what is built in. */
	for (i = 0; (p = catalog_provider_at(c, i)); i++)
		if (p->where)
			provider_try(p);
	for (i = 0; (m = catalog_model_at(c, i)); i++)
		if (m->where)
			model_try(c, m);
	for (i = 0; (alias = catalog_alias_at(c, i)); i++)
		HOLDS(route_find(c, alias->name, &everything, &route, NULL) != -ENOENT);
	for (i = 0; (fallback = catalog_fallback_at(c, i)); i++)
		HOLDS(route_find(c, fallback->name, &everything, &route, NULL) ||
		      (route.count >= 1 && route.count <= LIMIT_ROUTE));
	catalog_free(c);
}

/* What providers and clients write, beside the files. */
static void lines_try(const char *bytes, size_t size)
{
	const struct retry_outcome o = {
		.event = RETRY_ANSWERED,
		.status = 429,
		.retry_after = { bytes, size },
		.retry_after_ms = { bytes, size },
		.attempts = 1,
		.left_ms = 60000,
		.now = 1440938160
	};
	struct retry_decision d = retry_decide(&retry_usual, &o);
	struct base_url url;
	char *text = malloc(size + 1);
	struct fault f;
	int64_t seconds;

	HOLDS(d.verdict != RETRY_AGAIN || d.wait_ms < 60000);
	http_date_parse(bytes, size, o.now, &seconds);
	if (!text)
		return;
	memcpy(text, bytes, size);
	text[size] = '\0';
	if (base_url_parse(text, false, &url, &f) == 0)
		HOLDS(url.tls || !url.is_public);
	route_matches(text, "claude-sonnet-5");
	route_matches("*a*b*", text);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Of exactly this size, so that reading beyond it is seen. */
	char *text = malloc(size ? size : 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	file_try(text, size);
	if (size < 256)
		lines_try(text, size);
	free(text);
	return 0;
}
