// SPDX-License-Identifier: GPL-2.0-or-later
/* Models: their rows read. */
#include "llm/model.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agentos.h"
#include "base/amount.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A price that is not given: more than any that may be. */
#define NO_PRICE UINT64_MAX

bool model_is_name(const char *name, size_t len)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-._:@/+";
	size_t i;

	if (!len || len > LIMIT_MODEL_NAME || (!isalnum((unsigned char)name[0]) && name[0] != '@'))
		return false;
	for (i = 0; i < len; i++)
		if (!name[i] || !strchr(allowed, name[i]))
			return false;
	return true;
}

static struct model *model_of(const struct row_context *c)
{
	return c->object;
}

static int set_provider(const struct row_context *c, const char *value, struct fault *f)
{
	model_of(c)->provider = arena_copy(c->arena, value, strlen(value));
	return model_of(c)->provider ? 0 : -ENOMEM;
}

static int set_id(const struct row_context *c, const char *value, struct fault *f)
{
	if (!model_is_name(value, strlen(value)))
		return fault_set(f, EINVAL,
				 "a model's id has at most %d letters, digits and "
				 "-._:@/+",
				 LIMIT_MODEL_NAME);
	model_of(c)->id = arena_copy(c->arena, value, strlen(value));
	return model_of(c)->id ? 0 : -ENOMEM;
}

static int price_set(const char *value, uint64_t *ret_price, struct fault *f)
{
	uint64_t price;

	if (amount_parse(AGENTOS_RESOURCE_MICRODOLLARS, value, &price) || price > LIMIT_PRICE)
		return fault_set(f, EINVAL,
				 "a price is microdollars for a million tokens, or "
				 "dollars: 1250000 or $1.25");
	*ret_price = price;
	return 0;
}

static int tokens_set(const char *value, uint64_t *ret_tokens, struct fault *f)
{
	uint64_t tokens;

	if (amount_parse(AGENTOS_RESOURCE_TOKENS, value, &tokens) || !tokens ||
	    tokens > LIMIT_TOKENS)
		return fault_set(f, EINVAL, "it is tokens: 128000 or 128k");
	*ret_tokens = tokens;
	return 0;
}

#define PRICE_SETTER(name, member)                                                             \
	static int set_##name(const struct row_context *c, const char *value, struct fault *f) \
	{                                                                                      \
		return price_set(value, &model_of(c)->member, f);                              \
	}
PRICE_SETTER(input, prices.input)
PRICE_SETTER(output, prices.output)
PRICE_SETTER(cache_read, prices.cache_read)
PRICE_SETTER(cache_write, prices.cache_write)
PRICE_SETTER(cache_hour, prices.cache_hour)
PRICE_SETTER(long_input, long_prices.input)
PRICE_SETTER(long_output, long_prices.output)
PRICE_SETTER(long_cache_read, long_prices.cache_read)
PRICE_SETTER(long_cache_write, long_prices.cache_write)
PRICE_SETTER(long_cache_hour, long_prices.cache_hour)

static int set_long(const struct row_context *c, const char *value, struct fault *f)
{
	return tokens_set(value, &model_of(c)->long_above, f);
}

static int set_context(const struct row_context *c, const char *value, struct fault *f)
{
	return tokens_set(value, &model_of(c)->context, f);
}

static int set_max_output(const struct row_context *c, const char *value, struct fault *f)
{
	return tokens_set(value, &model_of(c)->max_output, f);
}

static int set_priced(const struct row_context *c, const char *value, struct fault *f)
{
	return row_date(value, &model_of(c)->priced, f);
}

static int set_until(const struct row_context *c, const char *value, struct fault *f)
{
	return row_date(value, &model_of(c)->until, f);
}

static const struct row_key keys[] = {
	{ "provider", set_provider, true, false },
	{ "id", set_id, false, false },
	{ "input", set_input, false, false },
	{ "output", set_output, false, false },
	{ "cache-read", set_cache_read, false, false },
	{ "cache-write", set_cache_write, false, false },
	{ "cache-write-1h", set_cache_hour, false, false },
	{ "long", set_long, false, false },
	{ "long-input", set_long_input, false, false },
	{ "long-output", set_long_output, false, false },
	{ "long-cache-read", set_long_cache_read, false, false },
	{ "long-cache-write", set_long_cache_write, false, false },
	{ "long-cache-write-1h", set_long_cache_hour, false, false },
	{ "priced", set_priced, false, false },
	{ "until", set_until, false, false },
	{ "context", set_context, false, false },
	{ "max-output", set_max_output, false, false },
};

/* Both of input and output, or nothing. *ret_any: whether there are prices. */
static int prices_finish(const struct row_reader *r, struct model_prices *p, const char *before,
			 bool *ret_any, struct fault *f)
{
	bool cache = p->cache_read != NO_PRICE || p->cache_write != NO_PRICE ||
		     p->cache_hour != NO_PRICE;

	*ret_any = p->input != NO_PRICE;
	if (*ret_any != (p->output != NO_PRICE) || (cache && !*ret_any))
		return row_fault(r, f, "prices need both of %sinput= and %soutput=", before,
				 before);
	if (p->cache_read == NO_PRICE)
		p->cache_read = p->input;
	if (p->cache_write == NO_PRICE)
		p->cache_write = p->input;
	if (p->cache_hour == NO_PRICE)
		p->cache_hour = p->cache_write;
	return 0;
}

static int model_finish(const struct row_reader *r, struct model *m, struct fault *f)
{
	bool longer;
	int rc;

	rc = prices_finish(r, &m->prices, "", &m->has_price, f);
	if (!rc)
		rc = prices_finish(r, &m->long_prices, "long-", &longer, f);
	if (rc)
		return rc;
	if (longer != (m->long_above != 0))
		return row_fault(r, f, "long= and its prices come together");
	if (longer && !m->has_price)
		return row_fault(r, f, "prices need both of input= and output=");
	if (m->has_price != (m->priced != 0))
		return row_fault(r, f,
				 m->has_price ? "prices need the day that they are of: priced=" :
						"priced= without prices");
	if (m->until && m->until < m->priced)
		return row_fault(r, f, "until= is before priced=");
	if (m->until && !m->has_price)
		return row_fault(r, f, "until= without prices");
	if (m->context && m->max_output > m->context)
		return row_fault(r, f, "max-output= is more than context=");
	if (!m->has_price)
		memset(&m->prices, 0, sizeof(m->prices));
	if (!longer)
		m->long_prices = m->prices;
	return 0;
}

int model_read(const struct row_reader *r, const struct row *row, struct arena *a,
	       struct model *ret_model, struct fault *f)
{
	static const struct model_prices none = { NO_PRICE, NO_PRICE, NO_PRICE, NO_PRICE,
						  NO_PRICE };
	struct model m = { .prices = none, .long_prices = none };
	const struct row_context context = { .arena = a, .object = &m };
	int rc;

	if (!model_is_name(row->name, strlen(row->name)))
		return row_fault(r, f,
				 "`%.100s` is no name for a model: it has at most %d letters, "
				 "digits and -._:@/+",
				 row->name, LIMIT_MODEL_NAME);
	rc = row_apply(r, row, keys, COUNT(keys), &context, f);
	if (rc)
		return rc;
	m.name = arena_copy(a, row->name, strlen(row->name));
	if (!m.name)
		return fault_set(f, ENOMEM, "not enough memory");
	if (!m.id)
		m.id = m.name;
	rc = model_finish(r, &m, f);
	if (rc)
		return rc;
	m.line = r->line;
	*ret_model = m;
	return 0;
}
