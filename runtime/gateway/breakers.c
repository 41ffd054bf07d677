// SPDX-License-Identifier: GPL-2.0-or-later
/* A circuit breaker for each provider: made when it is asked first. */
#include "gateway/breakers.h"

#include <errno.h>
#include <stdlib.h>

#include "gateway/state.h"

struct breakers_entry {
	struct breakers_entry *next;
	const struct provider *provider;
	struct breaker breaker;
};

/* Few of all providers are asked: a list will do. */
struct breakers {
	const struct breaker_terms *terms;
	struct breakers_entry *entries;
};

int breakers_open(const struct breaker_terms *terms, struct breakers **ret_breakers)
{
	struct breakers *b = calloc(1, sizeof(*b));

	if (!b)
		return -ENOMEM;
	b->terms = terms;
	*ret_breakers = b;
	return 0;
}

void breakers_close(struct breakers *b)
{
	struct breakers_entry *e, *next;

	if (!b)
		return;
	for (e = b->entries; e; e = next) {
		next = e->next;
		free(e);
	}
	free(b);
}

static struct breakers_entry *entry_get(struct breakers *b, const struct provider *p,
					uint64_t now_ms)
{
	struct breakers_entry *e;

	for (e = b->entries; e; e = e->next)
		if (e->provider == p)
			return e;
	e = calloc(1, sizeof(*e));
	if (!e)
		return NULL;
	e->provider = p;
	breaker_init(&e->breaker, b->terms, now_ms);
	e->next = b->entries;
	b->entries = e;
	return e;
}

bool breakers_take(struct breakers *b, const struct provider *p, uint64_t now_ms,
		   struct breakers_pass *ret_pass, uint64_t *ret_wait_ms)
{
	struct breakers_entry *e = entry_get(b, p, now_ms);

	*ret_pass = (struct breakers_pass){ .entry = NULL };
	if (!e)
		return true;
	if (!breaker_take(&e->breaker, now_ms, &ret_pass->ticket, ret_wait_ms))
		return false;
	ret_pass->entry = e;
	return true;
}

static void pass_report(struct breakers_pass *pass, bool failed, uint64_t now_ms)
{
	struct breakers_entry *e = pass->entry;
	struct breaker *b = &e->breaker;
	const enum breaker_state before = b->state;

	pass->entry = NULL;
	breaker_report(b, now_ms, pass->ticket, failed);
	if (b->state == before)
		return;
	if (b->state == BREAKER_OPEN)
		gateway_say("the provider %s fails: it is not asked for %llu ms", e->provider->name,
			    (unsigned long long)(b->until_ms - now_ms));
	else
		gateway_say("the provider %s answers again", e->provider->name);
}

void breakers_answered(struct breakers_pass *pass, int status, uint64_t now_ms)
{
	if (!pass->entry)
		return;
	switch (status) {
	case 408:
	case 409:
	case 429:
	case 500:
		breakers_cancel(pass);
		break;
	case 502:
	case 503:
	case 504:
	case 529:
		pass_report(pass, true, now_ms);
		break;
	default:
		pass_report(pass, false, now_ms);
		break;
	}
}

void breakers_ended(struct breakers_pass *pass, enum exchange_end how, uint64_t now_ms)
{
	if (!pass->entry)
		return;
	if (how == EXCHANGE_UNREACHABLE || how == EXCHANGE_TLS)
		pass_report(pass, true, now_ms);
	else
		breakers_cancel(pass);
}

void breakers_cancel(struct breakers_pass *pass)
{
	if (pass->entry)
		breaker_cancel(&pass->entry->breaker, pass->ticket);
	pass->entry = NULL;
}
