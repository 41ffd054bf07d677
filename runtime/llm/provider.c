// SPDX-License-Identifier: GPL-2.0-or-later
/* Providers of models: their rows read. */
#include "llm/provider.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sched/bounds.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const wires[WIRE_COUNT] = {
	[WIRE_OPENAI_CHAT] = "openai-chat",
	[WIRE_OPENAI_RESPONSES] = "openai-responses",
	[WIRE_ANTHROPIC] = "anthropic",
	[WIRE_GEMINI] = "gemini",
};

static const char *const auths[PROVIDER_AUTHS] = {
	[PROVIDER_NONE] = "none",	    [PROVIDER_BEARER] = "bearer",
	[PROVIDER_X_API_KEY] = "x-api-key", [PROVIDER_X_GOOG_API_KEY] = "x-goog-api-key",
	[PROVIDER_API_KEY] = "api-key",	    [PROVIDER_SIGV4] = "sigv4",
};

static const char *const orders[PROVIDER_ORDERS] = {
	[PROVIDER_FIFO] = "fifo",
	[PROVIDER_RR] = "rr",
	[PROVIDER_FAIR] = "fair",
	[PROVIDER_COGNITIVE] = "cognitive",
};

static const char *const quirks[PROVIDER_QUIRKS] = {
	[PROVIDER_MAX_COMPLETION_TOKENS] = "max-completion-tokens",
	[PROVIDER_NO_STREAM_USAGE] = "no-stream-usage",
	[PROVIDER_NO_SYSTEM] = "no-system",
	[PROVIDER_SYSTEM_ROLE] = "system-role",
	[PROVIDER_ALTERNATE] = "alternate",
	[PROVIDER_TEXT_CONTENT] = "text-content",
	[PROVIDER_NO_TOOLS] = "no-tools",
	[PROVIDER_NO_PARALLEL_TOOLS] = "no-parallel-tools",
	[PROVIDER_NO_TOOL_CHOICE] = "no-tool-choice",
	[PROVIDER_ANY_CHOICE] = "any-choice",
	[PROVIDER_NO_JSON] = "no-json",
	[PROVIDER_NO_SCHEMA] = "no-schema",
	[PROVIDER_NO_SEED] = "no-seed",
	[PROVIDER_RANDOM_SEED] = "random-seed",
	[PROVIDER_NO_PENALTIES] = "no-penalties",
	[PROVIDER_NO_EFFORT] = "no-effort",
	[PROVIDER_NO_USER] = "no-user",
	[PROVIDER_NO_STORE] = "no-store",
	[PROVIDER_DEPLOYMENT] = "deployment",
};

const char *provider_wire_name(enum wire_kind wire)
{
	return wires[wire];
}

const char *provider_auth_name(enum provider_auth auth)
{
	return auths[auth];
}

const char *provider_quirk_name(enum provider_quirk quirk)
{
	return quirks[quirk];
}

const char *provider_auth_header(enum provider_auth auth, const char **ret_before)
{
	*ret_before = auth == PROVIDER_BEARER ? "Bearer " : "";
	switch (auth) {
	case PROVIDER_BEARER:
		return "Authorization";
	case PROVIDER_X_API_KEY:
	case PROVIDER_X_GOOG_API_KEY:
	case PROVIDER_API_KEY:
		return auths[auth];
	default:
		return NULL;
	}
}

bool provider_is_name(const char *name, size_t len)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-._";
	size_t i;

	if (!len || len > LIMIT_PROVIDER_NAME || !isalnum((unsigned char)name[0]))
		return false;
	for (i = 0; i < len; i++)
		if (!name[i] || !strchr(allowed, name[i]))
			return false;
	return true;
}

static struct provider *provider_of(const struct row_context *c)
{
	return c->object;
}

static int value_keep(const struct row_context *c, const char *value, const char **ret)
{
	*ret = arena_copy(c->arena, value, strlen(value));
	return *ret ? 0 : -ENOMEM;
}

static int set_wire(const struct row_context *c, const char *value, struct fault *f)
{
	unsigned int number;
	int rc = row_word(value, strlen(value), wires, WIRE_COUNT, "wire", &number, f);

	if (!rc)
		provider_of(c)->wire = (enum wire_kind)number;
	return rc;
}

static int set_auth(const struct row_context *c, const char *value, struct fault *f)
{
	unsigned int number;
	int rc =
		row_word(value, strlen(value), auths, PROVIDER_AUTHS, "authentication", &number, f);

	if (!rc)
		provider_of(c)->auth = (enum provider_auth)number;
	return rc;
}

/* Checked when all keys are known that it is made of. */
static int set_url(const struct row_context *c, const char *value, struct fault *f)
{
	return value_keep(c, value, &provider_of(c)->template);
}

static int set_secret(const struct row_context *c, const char *value, struct fault *f)
{
	if (!provider_is_name(value, strlen(value)))
		return fault_set(f, EINVAL,
				 "a secret's name has lower case letters, digits, "
				 "\"-\", \".\" and \"_\"");
	return value_keep(c, value, &provider_of(c)->secret);
}

/* A name as RFC 9110 has it, and none of those that frame the request or carry the secret. */
static bool header_is_name(const char *name, size_t len)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_";
	static const char *const ours[] = {
		"host",
		"content-length",
		"content-type",
		"transfer-encoding",
		"connection",
		"authorization",
		"x-api-key",
		"x-goog-api-key",
		"api-key",
		"expect",
		"accept-encoding",
		"x-amz-security-token",
		"x-amz-date",
		"upgrade",
		"te",
		"trailer",
	};
	size_t i;

	if (!len || strspn(name, allowed) < len)
		return false;
	for (i = 0; i < COUNT(ours); i++)
		if (strlen(ours[i]) == len && !strncasecmp(ours[i], name, len))
			return false;
	return true;
}

static int set_header(const struct row_context *c, const char *value, struct fault *f)
{
	struct provider *p = provider_of(c);
	size_t len = strcspn(value, ":");
	struct provider_header *header = &p->headers[p->header_count];

	if (!value[len] || !value[len + 1])
		return fault_set(f, EINVAL, "a header is NAME:VALUE");
	if (!header_is_name(value, len))
		return fault_set(f, EINVAL, "no header of that name can be added");
	if (p->header_count == LIMIT_HEADERS)
		return fault_set(f, EINVAL, "at most %d headers are added", LIMIT_HEADERS);
	header->name = arena_copy(c->arena, value, len);
	if (!header->name)
		return -ENOMEM;
	p->header_count++;
	return value_keep(c, value + len + 1, &header->value);
}

static int set_quirks(const struct row_context *c, const char *value, struct fault *f)
{
	const char *list = NULL, *at;
	uint32_t bits = 0;
	unsigned int number;
	size_t len;
	int rc;

	while (strcmp(value, "none") != 0 && row_list(value, &list, &at, &len)) {
		rc = row_word(at, len, quirks, PROVIDER_QUIRKS, "quirk", &number, f);
		if (rc)
			return rc;
		bits |= 1U << number;
	}
	provider_of(c)->quirks = bits;
	return 0;
}

static int set_part(const struct row_context *c, const char *value, const char **ret,
		    struct fault *f)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-";
	size_t len = strlen(value);

	if (value[strspn(value, allowed)] || value[0] == '-' || len > 63)
		return fault_set(f, EINVAL, "it has at most 63 letters, digits and \"-\"");
	return value_keep(c, value, ret);
}

static int set_region(const struct row_context *c, const char *value, struct fault *f)
{
	return set_part(c, value, &provider_of(c)->region, f);
}

static int set_resource(const struct row_context *c, const char *value, struct fault *f)
{
	return set_part(c, value, &provider_of(c)->resource, f);
}

static int set_account(const struct row_context *c, const char *value, struct fault *f)
{
	return set_part(c, value, &provider_of(c)->account, f);
}

static int set_service(const struct row_context *c, const char *value, struct fault *f)
{
	return set_part(c, value, &provider_of(c)->service, f);
}

static int set_api_version(const struct row_context *c, const char *value, struct fault *f)
{
	return set_part(c, value, &provider_of(c)->api_version, f);
}

static int set_count(const char *value, uint64_t most, uint64_t *ret, struct fault *f)
{
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(value, &end, 10);
	if (!isdigit((unsigned char)value[0]) || *end || errno || !n || n > most)
		return fault_set(f, EINVAL, "it is a number from 1 to %llu",
				 (unsigned long long)most);
	*ret = n;
	return 0;
}

static int set_slots(const struct row_context *c, const char *value, struct fault *f)
{
	uint64_t n = 0;
	int err = set_count(value, LIMIT_CALL_CONNECTIONS, &n, f);

	if (!err)
		provider_of(c)->slots = (uint32_t)n;
	return err;
}

static int set_queue(const struct row_context *c, const char *value, struct fault *f)
{
	uint64_t n = 0;
	int err = set_count(value, LIMIT_CALL_CONNECTIONS, &n, f);

	if (!err)
		provider_of(c)->queue = (uint32_t)n;
	return err;
}

static int set_requests(const struct row_context *c, const char *value, struct fault *f)
{
	return set_count(value, SCHED_RATE, &provider_of(c)->requests_per_min, f);
}

static int set_tokens(const struct row_context *c, const char *value, struct fault *f)
{
	return set_count(value, SCHED_RATE, &provider_of(c)->tokens_per_min, f);
}

const char *provider_order_name(enum provider_order order)
{
	return order < PROVIDER_ORDERS ? orders[order] : "?";
}

static int set_order(const struct row_context *c, const char *value, struct fault *f)
{
	size_t i;

	for (i = 0; i < COUNT(orders); i++)
		if (!strcmp(value, orders[i])) {
			provider_of(c)->order = (enum provider_order)i;
			return 0;
		}
	return fault_set(f, EINVAL, "it is fifo, rr, fair or cognitive");
}

static int set_bool(const char *value, bool *ret, struct fault *f)
{
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
		return fault_set(f, EINVAL, "it is yes or no");
	*ret = value[0] == 'y';
	return 0;
}

static int set_cache(const struct row_context *c, const char *value, struct fault *f)
{
	char *end;
	unsigned long seconds = strtoul(value, &end, 10);

	if (!isdigit((unsigned char)value[0]) || *end || seconds > LIMIT_CACHE_S)
		return fault_set(f, EINVAL, "it is a number of seconds, at most %d", LIMIT_CACHE_S);
	provider_of(c)->cache_s = (uint32_t)seconds;
	return 0;
}

static int set_cache_shared(const struct row_context *c, const char *value, struct fault *f)
{
	return set_bool(value, &provider_of(c)->cache_shared, f);
}

static int set_plain(const struct row_context *c, const char *value, struct fault *f)
{
	return set_bool(value, &provider_of(c)->plain, f);
}

static int set_checked(const struct row_context *c, const char *value, struct fault *f)
{
	return row_date(value, &provider_of(c)->checked, f);
}

/* Was looked at before all others. */
static int set_from(const struct row_context *c, const char *value, struct fault *f)
{
	return 0;
}

static const struct row_key keys[] = {
	{ "from", set_from, false, false },
	{ "wire", set_wire, false, false },
	{ "url", set_url, false, false },
	{ "auth", set_auth, false, false },
	{ "secret", set_secret, false, false },
	{ "header", set_header, false, true },
	{ "quirks", set_quirks, false, false },
	{ "region", set_region, false, false },
	{ "resource", set_resource, false, false },
	{ "account", set_account, false, false },
	{ "service", set_service, false, false },
	{ "api-version", set_api_version, false, false },
	{ "slots", set_slots, false, false },
	{ "queue", set_queue, false, false },
	{ "order", set_order, false, false },
	{ "requests-per-minute", set_requests, false, false },
	{ "tokens-per-minute", set_tokens, false, false },
	{ "cache", set_cache, false, false },
	{ "cache-shared", set_cache_shared, false, false },
	{ "plain", set_plain, false, false },
	{ "checked", set_checked, false, false },
};

/* Where "{KEY}" begins, what it stands for, and its length. NULL: there is none, or no such key. */
static const char *part_find(const struct provider *p, const char *at, const char **ret_value,
			     size_t *ret_len, const char **ret_key)
{
	const struct {
		const char *key, *value;
	} parts[] = {
		{ "region", p->region },
		{ "resource", p->resource },
		{ "account", p->account },
	};
	const char *brace = strchr(at, '{');
	size_t i, len;

	for (i = 0; brace && i < COUNT(parts); i++) {
		len = strlen(parts[i].key);
		if (strncmp(brace + 1, parts[i].key, len) != 0 || brace[len + 1] != '}')
			continue;
		*ret_value = parts[i].value;
		*ret_key = parts[i].key;
		*ret_len = len + 2;
		return brace;
	}
	return NULL;
}

/* A part that is missing becomes "x", so that the rest of the URL is checked all the same. */
static int url_finish(struct provider *p, struct fault *f)
{
	char url[LIMIT_ROW + 1];
	const char *at = p->template, *brace, *value, *key;
	size_t used = 0, len = 0;
	int part;

	while ((brace = part_find(p, at, &value, &len, &key))) {
		if (!value)
			p->missing = key;
		part = snprintf(url + used, sizeof(url) - used, "%.*s%s", (int)(brace - at), at,
				value ? value : "x");
		used += (size_t)part;
		if (used >= sizeof(url))
			return fault_set(f, EINVAL, "it has at most %d bytes", LIMIT_ROW);
		at = brace + len;
	}
	part = snprintf(url + used, sizeof(url) - used, "%s", at);
	if (used + (size_t)part >= sizeof(url))
		return fault_set(f, EINVAL, "it has at most %d bytes", LIMIT_ROW);
	if (strchr(at, '{'))
		return fault_set(f, EINVAL,
				 "{region}, {resource} and {account} are what may stand for keys");
	return base_url_parse(url, p->plain, &p->url, f);
}

/* What the keys come to together. */
static int provider_finish(const struct row_reader *r, struct provider *p, struct fault *f)
{
	struct fault why = { "" };

	p->missing = NULL;
	if (url_finish(p, &why))
		return row_fault(r, f, "url=%.200s: %s", p->template, why.text);
	if (provider_has(p, PROVIDER_DEPLOYMENT) && !p->api_version)
		p->missing = "api-version";
	if (p->auth == PROVIDER_SIGV4 && !p->region)
		p->missing = "region";
	if (p->auth == PROVIDER_SIGV4 && !p->service)
		return row_fault(r, f, "auth=sigv4 needs service=");
	if (provider_has(p, PROVIDER_DEPLOYMENT) && p->wire != WIRE_OPENAI_CHAT &&
	    p->wire != WIRE_OPENAI_RESPONSES)
		return row_fault(r, f, "quirks=deployment is of OpenAI's wires alone");
	if ((p->queue || p->order != PROVIDER_FIFO) && !provider_is_bounded(p))
		return row_fault(r, f,
				 "queue= and order= are of calls that wait: they need slots=, "
				 "requests-per-minute= or tokens-per-minute=");
	if (p->auth == PROVIDER_NONE)
		p->secret = NULL;
	else if (!p->secret)
		p->secret = p->name;
	return 0;
}

static size_t field_find(const struct row *row, const char *key)
{
	size_t i;

	for (i = 0; i < row->field_count && strcmp(row->fields[i].key, key) != 0; i++)
		;
	return i;
}

static int provider_begin(const struct row_reader *r, const struct row *row,
			  const struct provider *(*find)(const void *cookie, const char *name),
			  const void *cookie, struct provider *p, struct fault *f)
{
	size_t at = field_find(row, "from");
	const struct provider *from;

	if (at == row->field_count)
		return 0;
	if (at > 0)
		return row_fault(r, f, "from= stands before all other keys");
	from = find(cookie, row->fields[at].value);
	if (!from)
		return row_fault(r, f, "from=%.100s: there is no such provider before it",
				 row->fields[at].value);
	*p = *from;
	p->checked = 0;
	/* A key of its own, unless that one had been given another's. */
	if (p->secret && strcmp(p->secret, from->name) == 0)
		p->secret = NULL;
	return 0;
}

/* What a row that begins from nothing must say. */
static int needed_check(const struct row_reader *r, const struct row *row, struct fault *f)
{
	static const char *const needed[] = { "wire", "url", "auth" };
	size_t i;

	if (field_find(row, "from") < row->field_count)
		return 0;
	for (i = 0; i < COUNT(needed); i++)
		if (field_find(row, needed[i]) == row->field_count)
			return row_fault(r, f, "provider %.100s has no %s=", row->name, needed[i]);
	return 0;
}

int provider_read(const struct row_reader *r, const struct row *row, struct arena *a,
		  const struct provider *(*find)(const void *cookie, const char *name),
		  const void *cookie, struct provider *ret_provider, struct fault *f)
{
	struct provider p = { 0 };
	const struct row_context context = { .arena = a, .object = &p };
	int rc;

	if (!provider_is_name(row->name, strlen(row->name)))
		return row_fault(r, f,
				 "`%.100s` is no name for a provider: it has at most %d lower "
				 "case letters, digits, \"-\", \".\" and \"_\"",
				 row->name, LIMIT_PROVIDER_NAME);
	rc = provider_begin(r, row, find, cookie, &p, f);
	if (rc)
		return rc;
	/* Unknown keys come before missing ones: who misspelt one is told so. */
	rc = row_apply(r, row, keys, COUNT(keys), &context, f);
	if (!rc)
		rc = needed_check(r, row, f);
	if (rc)
		return rc;
	p.name = arena_copy(a, row->name, strlen(row->name));
	if (!p.name)
		return fault_set(f, ENOMEM, "not enough memory");
	rc = provider_finish(r, &p, f);
	if (rc)
		return rc;
	p.line = r->line;
	*ret_provider = p;
	return 0;
}
