// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl providers: the providers and models that there are, with prices, and files of them checked. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "ctl/ctl.h"
#include "ctl/wording.h"
#include "llm/catalog_file.h"

#define MONEY 32

/* "$1.25", "$0.075": as many digits as it has, two at least. */
static const char *money_text(char out[MONEY], uint64_t microdollars)
{
	unsigned int digits = 6, part = (unsigned int)(microdollars % 1000000);

	for (; digits > 2 && part % 10 == 0; part /= 10)
		digits--;
	snprintf(out, MONEY, "$%" PRIu64 ".%0*u", microdollars / 1000000, (int)digits, part);
	return out;
}

static const char *date_text(char out[MONEY], uint32_t date)
{
	if (date)
		snprintf(out, MONEY, "%04u-%02u-%02u", date / 10000, date / 100 % 100, date % 100);
	else
		strcpy(out, "-");
	return out;
}

static const char *tokens_text(char out[MONEY], uint64_t tokens)
{
	if (!tokens)
		strcpy(out, "-");
	else if (tokens % 1000000 == 0)
		snprintf(out, MONEY, "%" PRIu64 "M", tokens / 1000000);
	else if (tokens % 1000 == 0)
		snprintf(out, MONEY, "%" PRIu64 "k", tokens / 1000);
	else
		snprintf(out, MONEY, "%" PRIu64, tokens);
	return out;
}

/* --- for people --- */

static void providers_text(const struct catalog *c)
{
	const struct provider *p;
	char date[MONEY];
	size_t i;

	printf("%-20s %-16s %-14s %-20s %-10s URL\n", "PROVIDER", "WIRE", "AUTH", "SECRET",
	       "CHECKED");
	for (i = 0; (p = catalog_provider_at(c, i)); i++) {
		printf("%-20s %-16s %-14s %-20s %-10s %s", p->name, provider_wire_name(p->wire),
		       provider_auth_name(p->auth), p->secret ? p->secret : "-",
		       date_text(date, p->checked), p->template);
		if (p->missing)
			printf(" (needs %s=)", p->missing);
		putchar('\n');
	}
}

static void prices_text(const char *name, const struct model *m, const struct model_prices *p)
{
	char input[MONEY], output[MONEY], read[MONEY], write[MONEY];

	if (m->has_price)
		printf("%-26s %-18s %9s %9s %9s %9s", name, m->provider,
		       money_text(input, p->input), money_text(output, p->output),
		       money_text(read, p->cache_read), money_text(write, p->cache_write));
	else
		printf("%-26s %-18s %9s %9s %9s %9s", name, m->provider, "-", "-", "-", "-");
}

static void models_text(const struct catalog *c)
{
	char context[MONEY], most[MONEY], date[MONEY], above[2 * MONEY];
	const struct model *m;
	size_t i;

	printf("\n%-26s %-18s %9s %9s %9s %9s %8s %8s %s\n", "MODEL", "PROVIDER", "INPUT", "OUTPUT",
	       "CACHED", "CACHING", "CONTEXT", "ANSWER", "PRICED");
	for (i = 0; (m = catalog_model_at(c, i)); i++) {
		prices_text(m->name, m, &m->prices);
		printf(" %8s %8s %s", tokens_text(context, m->context),
		       tokens_text(most, m->max_output), date_text(date, m->priced));
		if (m->until)
			printf(" until %s", date_text(date, m->until));
		putchar('\n');
		if (!m->long_above)
			continue;
		snprintf(above, sizeof(above), "  above %s", tokens_text(context, m->long_above));
		prices_text(above, m, &m->long_prices);
		putchar('\n');
	}
}

static void names_text(const struct catalog *c)
{
	const struct catalog_alias *a;
	const struct catalog_fallback *b;
	size_t i, k;

	printf("\n");
	for (i = 0; (a = catalog_alias_at(c, i)); i++)
		printf("%s is %s\n", a->name, a->model);
	for (i = 0; (b = catalog_fallback_at(c, i)); i++) {
		printf("%s falls back to", b->name);
		for (k = 0; k < b->to_count; k++)
			printf("%s %s", k ? "," : "", b->to[k]);
		putchar('\n');
	}
	printf("\nPrices are dollars for a million tokens; \"-\" is not known: a budget of money refuses\n"
	       "such a model. CACHED is read from a provider's cache, CACHING written to it.\n");
}

/* --- for programs --- */

static void place_json(const char *where, unsigned int line)
{
	if (!where)
		return;
	putchar(',');
	wording_json("file", where);
	printf(",\"line\":%u", line);
}

static void member_json(const char *key, const char *value)
{
	if (!value)
		return;
	putchar(',');
	wording_json(key, value);
}

/* 0: it is not given. */
static void number_json(const char *key, uint64_t n)
{
	if (n)
		printf(",\"%s\":%" PRIu64, key, n);
}

static void provider_json(const struct provider *p)
{
	char date[MONEY];
	const char *gap = "";
	size_t i;

	putchar('{');
	wording_json("name", p->name);
	member_json("wire", provider_wire_name(p->wire));
	member_json("url", p->template);
	member_json("auth", provider_auth_name(p->auth));
	member_json("secret", p->secret);
	member_json("missing", p->missing);
	member_json("region", p->region);
	member_json("resource", p->resource);
	member_json("account", p->account);
	member_json("service", p->service);
	member_json("api_version", p->api_version);
	if (p->checked)
		member_json("checked", date_text(date, p->checked));
	if (provider_is_bounded(p))
		member_json("order", provider_order_name(p->order));
	number_json("slots", p->slots);
	number_json("queue", p->queue);
	number_json("requests_per_minute", p->requests_per_min);
	number_json("tokens_per_minute", p->tokens_per_min);
	printf(",\"headers\":[");
	for (i = 0; i < p->header_count; i++) {
		printf("%s{", i ? "," : "");
		wording_json("name", p->headers[i].name);
		member_json("value", p->headers[i].value);
		putchar('}');
	}
	printf("],\"quirks\":[");
	for (i = 0; i < PROVIDER_QUIRKS; i++) {
		if (!provider_has(p, (enum provider_quirk)i))
			continue;
		printf("%s\"%s\"", gap, provider_quirk_name((enum provider_quirk)i));
		gap = ",";
	}
	putchar(']');
	place_json(p->where, p->line);
	putchar('}');
}

static void prices_json(const char *key, const struct model_prices *p)
{
	printf(",\"%s\":{\"input\":%" PRIu64 ",\"output\":%" PRIu64 ",\"cache_read\":%" PRIu64
	       ",\"cache_write\":%" PRIu64 ",\"cache_write_1h\":%" PRIu64 "}",
	       key, p->input, p->output, p->cache_read, p->cache_write, p->cache_hour);
}

static void model_json(const struct model *m)
{
	char date[MONEY];

	putchar('{');
	wording_json("name", m->name);
	member_json("provider", m->provider);
	member_json("id", m->id);
	if (m->has_price) {
		prices_json("microdollars_per_million", &m->prices);
		member_json("priced", date_text(date, m->priced));
	}
	if (m->long_above) {
		printf(",\"long_above\":%" PRIu64, m->long_above);
		prices_json("long_microdollars_per_million", &m->long_prices);
	}
	if (m->until)
		member_json("until", date_text(date, m->until));
	if (m->context)
		printf(",\"context\":%" PRIu64, m->context);
	if (m->max_output)
		printf(",\"max_output\":%" PRIu64, m->max_output);
	place_json(m->where, m->line);
	putchar('}');
}

static void names_json(const struct catalog *c)
{
	const struct catalog_alias *a;
	const struct catalog_fallback *b;
	size_t i, k;

	printf("],\"aliases\":[");
	for (i = 0; (a = catalog_alias_at(c, i)); i++) {
		printf("%s{", i ? "," : "");
		wording_json("name", a->name);
		member_json("model", a->model);
		place_json(a->where, a->line);
		putchar('}');
	}
	printf("],\"fallbacks\":[");
	for (i = 0; (b = catalog_fallback_at(c, i)); i++) {
		printf("%s{", i ? "," : "");
		wording_json("name", b->name);
		printf(",\"to\":[");
		for (k = 0; k < b->to_count; k++)
			printf("%s\"%s\"", k ? "," : "", b->to[k]);
		putchar(']');
		place_json(b->where, b->line);
		putchar('}');
	}
	printf("]}\n");
}

static void catalog_json(const struct catalog *c)
{
	const struct provider *p;
	const struct model *m;
	size_t i;

	printf("{\"providers\":[");
	for (i = 0; (p = catalog_provider_at(c, i)); i++) {
		printf("%s", i ? "," : "");
		provider_json(p);
	}
	printf("],\"models\":[");
	for (i = 0; (m = catalog_model_at(c, i)); i++) {
		printf("%s", i ? "," : "");
		model_json(m);
	}
	names_json(c);
}

/* --- the command --- */

static int failed(int rc, bool json, const struct fault *f)
{
	if (json) {
		printf("{\"valid\":false,");
		wording_json("error", f->text);
		printf("}\n");
	} else {
		ctl_complain("%s", f->text);
	}
	return rc == -EBADMSG || rc == -E2BIG ? CTL_INVALID : CTL_FAILED;
}

/* How many rows are of files: the others are built in. */
struct counts {
	size_t providers, models, aliases, fallbacks;
};

static struct counts count_rows(const struct catalog *c)
{
	struct counts n = { 0 };
	const struct provider *p;
	const struct model *m;
	const struct catalog_alias *a;
	size_t i;

	for (i = 0; (p = catalog_provider_at(c, i)); i++)
		n.providers += p->where != NULL;
	for (i = 0; (m = catalog_model_at(c, i)); i++)
		n.models += m->where != NULL;
	for (i = 0; (a = catalog_alias_at(c, i)); i++)
		n.aliases += a->where != NULL;
	while (catalog_fallback_at(c, n.fallbacks))
		n.fallbacks++;
	return n;
}

/* The files together, upon what is built in. */
static int files_check(char **files, bool json)
{
	struct fault f = { "" };
	struct catalog *c;
	struct counts n;
	int rc;

	rc = catalog_create(&c, &f);
	if (rc)
		return failed(rc, json, &f);
	for (; !rc && *files; files++)
		rc = catalog_file_add(c, *files, &f);
	if (!rc)
		rc = catalog_finish(c, &f);
	n = count_rows(c);
	catalog_free(c);
	if (rc)
		return failed(rc, json, &f);
	if (json)
		printf("{\"valid\":true,\"providers\":%zu,\"models\":%zu,\"aliases\":%zu,"
		       "\"fallbacks\":%zu}\n",
		       n.providers, n.models, n.aliases, n.fallbacks);
	else
		printf("valid: %zu providers, %zu models, %zu aliases, %zu fallbacks\n",
		       n.providers, n.models, n.aliases, n.fallbacks);
	return CTL_OK;
}

static int catalog_list(bool json)
{
	struct fault f = { "" };
	struct catalog *c;
	int rc = catalog_load(ctl_setting("AGENTOS_CATALOG_DIR", CATALOG_DIR), &c, &f);

	if (rc)
		return failed(rc, json, &f);
	if (json) {
		catalog_json(c);
	} else {
		providers_text(c);
		models_text(c);
		names_text(c);
	}
	catalog_free(c);
	return CTL_OK;
}

int cmd_providers(int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' },
						 { "check", no_argument, NULL, 'c' },
						 { 0 } };
	bool json = false, check = false;
	char safe[128];
	int option, rc;

	opterr = 0;
	optind = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?') {
			escape_text(safe, sizeof(safe), argv[optind - 1], strlen(argv[optind - 1]));
			return ctl_usage("providers", "no option %s", safe);
		}
		json = json || option == 'j';
		check = check || option == 'c';
	}
	if (check && optind == argc)
		return ctl_usage("providers", "--check needs a file");
	if (!check && optind < argc)
		return ctl_usage("providers", "takes no argument but for --check");
	rc = check ? files_check(argv + optind, json) : catalog_list(json);
	if (fflush(stdout) == EOF && errno != EPIPE) {
		ctl_complain("cannot write: %s", strerror(errno));
		return CTL_FAILED;
	}
	return rc;
}
