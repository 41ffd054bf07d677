/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Models: who has each, what it is called there, what it costs, how much it takes. Pure. */
#ifndef AGENTOS_LLM_MODEL_H
#define AGENTOS_LLM_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "llm/row.h"

/*
 * A row:	model NAME KEY=VALUE...
 *
 * provider=NAME  who has it
 * id=ID	  what it is called there (NAME)
 * input= output= cache-read= cache-write= cache-write-1h=
 *		  microdollars for a million tokens, or dollars behind a "$": $1.25. Those
 *		  of the cache: the price of input. "cache-write-1h" is for a cache that is
 *		  asked to last an hour (Anthropic; that of cache-write)
 * long=N	  a prompt of more than N tokens has these prices instead, also for its
 *		  output: long-input= long-output= long-cache-read= long-cache-write=
 *		  long-cache-write-1h=
 * priced=DATE	  the day of these prices; needed where there are any
 * until=DATE	  their last day, where the next ones are announced: behind it they are unknown
 * context=N	  tokens of prompt and answer together
 * max-output=N	  tokens of an answer
 *
 * Either both of input= and output= are there, or no price at all. Free is a price: 0.
 * A model without a price may be used, but not under a budget of money: that refuses
 * it, as what it costs cannot be reserved. The same holds for "PROVIDER/MODEL" that
 * is in no row.
 */
struct model_prices {
	uint64_t input, output, cache_read, cache_write, cache_hour;
};

struct model {
	const char *name, *id, *provider;
	bool has_price;
	struct model_prices prices;
	uint64_t long_above; /* tokens; 0: one price for all */
	struct model_prices long_prices;
	uint32_t priced, until;	      /* 20261130; 0: none */
	uint64_t context, max_output; /* tokens; 0: not known */
	const char *where;	      /* the row's file, NULL for what is built in */
	unsigned int line;
};

/* Makes a model of a row. -EBADMSG with f, -ENOMEM */
int model_read(const struct row_reader *r, const struct row *row, struct arena *a,
	       struct model *ret_model, struct fault *f);

/* Letters, digits and -._:@/+, from a letter, digit or '@' on: at most LIMIT_MODEL_NAME. */
bool model_is_name(const char *name, size_t len);

#endif
