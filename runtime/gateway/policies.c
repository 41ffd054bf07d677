// SPDX-License-Identifier: GPL-2.0-or-later
/* What policies let out: a small table, of which the least used goes first. */
#include "gateway/policies.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "policy/egress.h"

struct policies {
	struct wire *wire;
	uint64_t clock;
	size_t count;
	struct policies_entry *entries[LIMIT_GATE_POLICIES];
};

int policies_open(struct wire *w, struct policies **ret_policies)
{
	struct policies *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->wire = w;
	*ret_policies = p;
	return 0;
}

static void entry_free(struct policies_entry *e)
{
	free(e->rules);
	free(e);
}

void policies_close(struct policies *p)
{
	if (!p)
		return;
	while (p->count)
		entry_free(p->entries[--p->count]);
	free(p);
}

static struct policies_entry *policies_find(struct policies *p, uint32_t policy)
{
	size_t i;

	for (i = 0; i < p->count; i++)
		if (p->entries[i]->policy == policy)
			return p->entries[i];
	return NULL;
}

/* The place of a new entry, or -EBUSY. What was asked for and did not come yet stays. */
static int policies_place(struct policies *p)
{
	size_t i, oldest = LIMIT_GATE_POLICIES;

	if (p->count < LIMIT_GATE_POLICIES)
		return (int)p->count++;
	for (i = 0; i < p->count; i++) {
		const struct policies_entry *e = p->entries[i];

		if (!e->users && e->whole &&
		    (oldest == LIMIT_GATE_POLICIES || e->used < p->entries[oldest]->used))
			oldest = i;
	}
	if (oldest == LIMIT_GATE_POLICIES)
		return -EBUSY;
	entry_free(p->entries[oldest]);
	return (int)oldest;
}

int policies_get(struct policies *p, uint32_t policy, struct policies_entry **ret_entry)
{
	struct policies_entry *e = policies_find(p, policy);
	int at;

	if (!e) {
		e = calloc(1, sizeof(*e));
		if (!e)
			return -ENOMEM;
		at = policies_place(p);
		if (at < 0) {
			free(e);
			return at;
		}
		e->policy = policy;
		p->entries[at] = e;
		wire_ask(p->wire, policy);
	}
	e->users++;
	e->used = ++p->clock;
	*ret_entry = e;
	return 0;
}

void policies_put(struct policies_entry *e)
{
	if (e)
		e->users--;
}

static bool answer_fits(const struct policies_entry *e, const struct gate_rules *r)
{
	uint32_t i;

	if (e->whole || r->total > LIMIT_EGRESS_RULES || r->first != e->count ||
	    (e->count && r->total != e->total) || r->count > GATE_RULES ||
	    r->count > r->total - r->first || (!r->count && r->total))
		return false;
	for (i = 0; i < r->count; i++)
		if (!egress_valid(&r->rules[i]))
			return false;
	return true;
}

int policies_answer(struct policies *p, const struct gate_rules *r, bool *ret_whole)
{
	struct policies_entry *e = policies_find(p, r->policy);

	if (!e || !answer_fits(e, r))
		return -EBADMSG;
	if (!e->rules && r->count) {
		e->rules = calloc(r->total, sizeof(*e->rules));
		if (!e->rules)
			return -ENOMEM;
	}
	e->total = r->total;
	if (r->count)
		memcpy(e->rules + e->count, r->rules, r->count * sizeof(*e->rules));
	e->count += r->count;
	e->whole = e->count == e->total;
	*ret_whole = e->whole;
	return 0;
}
