// SPDX-License-Identifier: GPL-2.0-or-later
/* Rights with a word each: deny, kill or watch. */
#include "policy/effects.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agentos_rights.h"

/* What such a right is for goes by rules. */
#define RIGHTS_RULED                                                                       \
	(AGENTOS_RIGHT(FILE_READ) | AGENTOS_RIGHT(FILE_WRITE) | AGENTOS_RIGHT(FILE_EXEC) | \
	 AGENTOS_RIGHT(NET_CONNECT) | AGENTOS_RIGHT(NET_LISTEN) | AGENTOS_RIGHT(UNIX_CONNECT))

static struct policy_place effect_at(const struct document *d, unsigned int bit)
{
	char key[64];

	snprintf(key, sizeof(key), "effects.%s", policy_right_name(bit));
	return document_key_at(d, key);
}

static int effect_fault(const struct document *d, unsigned int bit, const char *why)
{
	return source_fault(&d->source, EINVAL, effect_at(d, bit).line, "effects: %s: %s",
			    policy_right_name(bit), why);
}

static int effect_read(struct policy *p, const struct document *d, unsigned int bit,
		       const char *word)
{
	const uint64_t right = 1ULL << bit;
	const bool kill = strcmp(word, "kill") == 0, watch = strcmp(word, "watch") == 0;

	if (!kill && !watch && strcmp(word, "deny") != 0)
		return source_fault(&d->source, EINVAL, effect_at(d, bit).line,
				    "effects: %s: %s is unknown; valid are \"deny\", \"kill\" and "
				    "\"watch\"",
				    policy_right_name(bit), source_quote(word, strlen(word)).text);
	if (watch && right & RIGHTS_RULED)
		return effect_fault(d, bit,
				    "is about rules; give the right, and write what is to be "
				    "watched under \"watch:\" of \"files:\" or \"network:\"");
	if (watch && !(right & AGENTOS_RIGHTS_WATCHABLE))
		return effect_fault(d, bit,
				    "cannot be \"watch\": what takes this right is refused to who "
				    "does not have it, even if he is only watched");
	if (p->effects_given & right &&
	    (kill != !!(p->kill_rights & right) || watch != !!(p->watch_rights & right)))
		return source_fault(&d->source, EINVAL, effect_at(d, bit).line,
				    "effects: %s: %s here, and something else %s; take one out",
				    policy_right_name(bit), word,
				    source_elsewhere(&d->source, p->effect_at[bit]).text);
	if (!(p->effects_given & right))
		p->effect_at[bit] = effect_at(d, bit);
	p->effects_given |= right;
	p->kill_rights |= kill ? right : 0;
	p->watch_rights |= watch ? right : 0;
	return 0;
}

int effects_build(struct policy *p, const struct layer *layer)
{
	const struct raw_effects *raw;
	unsigned int bit;
	int err = 0;
	size_t i;

	for (i = 0; i < layer->count && !err; i++) {
		raw = layer->documents[i]->raw->effects;
		for (bit = 0; raw && bit < AGENTOS_RIGHT_COUNT && !err; bit++)
			if (raw_effect(raw, bit))
				err = effect_read(p, layer->documents[i], bit,
						  raw_effect(raw, bit));
	}
	return err;
}

void effects_overlay(struct policy *base, const struct policy *top)
{
	unsigned int bit;

	base->kill_rights = (base->kill_rights & ~top->effects_given) | top->kill_rights;
	base->watch_rights = (base->watch_rights & ~top->effects_given) | top->watch_rights;
	base->effects_given |= top->effects_given;
	for (bit = 0; bit < AGENTOS_RIGHT_COUNT; bit++)
		if (top->effects_given & (1ULL << bit))
			base->effect_at[bit] = top->effect_at[bit];
	base->kill_rights &= ~base->rights;
	base->watch_rights &= ~base->rights;
}

int effects_check(const struct policy *p, const struct layer *layer)
{
	unsigned int bit;
	size_t i;

	for (i = 0; i < layer->count; i++)
		for (bit = 0; bit < AGENTOS_RIGHT_COUNT; bit++)
			if (p->rights & (1ULL << bit) && effect_at(layer->documents[i], bit).line)
				return effect_fault(layer->documents[i], bit,
						    "has no effect: the policy gives the right; "
						    "take one out");
	return 0;
}
