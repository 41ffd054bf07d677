// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of rights made into bits, each with where it stands. */
#include "policy/rights.h"

#include <errno.h>
#include <string.h>

static struct quote text_quote(const char *text)
{
	return source_quote(text, strlen(text));
}

static int right_unknown(const struct source *source, const char *word, uint32_t line)
{
	static const char all[] =
#define RIGHT_IN_LIST(bit, NAME, name, enforcer, test, meaning) ", " name
		"all" AGENTOS_RIGHTS(RIGHT_IN_LIST);
	const char *nearest = policy_right_suggest(word);

	return source_fault(source, EINVAL, line, "unknown right %s%s%s%s rights are: %s",
			    text_quote(word).text, nearest ? "; did you mean " : "",
			    nearest ? nearest : "", nearest ? "?" : ";", all);
}

/* The first of the rights that stands somewhere, and where. */
static struct policy_place rights_at(const struct policy_place *places, uint64_t rights)
{
	return places[__builtin_ctzll(rights)];
}

static void rights_note(uint64_t *into, struct policy_place *places, uint64_t rights,
			struct policy_place at)
{
	size_t bit;

	for (bit = 0; bit < AGENTOS_RIGHT_COUNT; bit++)
		if (rights & ~*into & (1ULL << bit))
			places[bit] = at;
	*into |= rights;
}

/* Files that are included side by side may each ask for what they need; one file says it once. */
static int check_once(const struct source *source, const struct policy_place *places,
		      uint64_t before, uint64_t right, const char *written, uint32_t line,
		      const char *what)
{
	uint64_t again = before & right;
	size_t bit;

	for (bit = 0; bit < AGENTOS_RIGHT_COUNT; bit++)
		if (again & (1ULL << bit) && places[bit].file == source->number)
			return source_fault(
				source, EINVAL, line, "right %s is %s twice%s", written, what,
				before == AGENTOS_RIGHTS_ALL || right == AGENTOS_RIGHTS_ALL ?
					": \"all\" has every other in it" :
					"");
	return 0;
}

static int give(struct policy *p, const struct layer *layer, const struct source *source,
		const char *word, struct policy_place at)
{
	uint64_t right = strcmp(word, "all") == 0 ? AGENTOS_RIGHTS_ALL : policy_right_by_name(word);
	int err;

	if (!right)
		return right_unknown(source, word, at.line);
	err = check_once(source, p->right_at, p->rights, right, word, at.line, "given");
	if (err)
		return err;
	if (right & layer->taken)
		return source_fault(
			source, EINVAL, at.line,
			"right %s is given here and taken away %s; take one out", word,
			source_elsewhere(source, rights_at(layer->taken_at, right & layer->taken))
				.text);
	rights_note(&p->rights, p->right_at, right, at);
	return 0;
}

static int take(const struct policy *p, struct layer *layer, const struct source *source,
		const char *word, struct policy_place at)
{
	uint64_t right = policy_right_by_name(word);
	int err;

	if (strcmp(word, "all") == 0)
		return source_fault(source, EINVAL, at.line,
				    "\"-all\" would leave nothing of what is extended; name each "
				    "right that is to go");
	if (!right)
		return right_unknown(source, word, at.line);
	if (!layer->extends)
		return source_fault(source, EINVAL, at.line,
				    "right %s cannot be taken away: nothing is extended that would "
				    "have it; without \"extends\" leave it out",
				    word);
	err = check_once(source, layer->taken_at, layer->taken, right, word, at.line, "taken away");
	if (err)
		return err;
	if (right & p->rights)
		return source_fault(source, EINVAL, at.line,
				    "right %s is taken away here and given %s; take one out", word,
				    source_elsewhere(source, rights_at(p->right_at, right)).text);
	rights_note(&layer->taken, layer->taken_at, right, at);
	return 0;
}

static int build_word(struct policy *p, const struct layer *layer, const struct document *d)
{
	const char *word = d->raw->rights_word;
	struct policy_place at = document_key_at(d, "rights");

	if (strcmp(word, "all") == 0)
		return give(p, layer, &d->source, word, at);
	if (policy_right_by_name(word + (word[0] == '-')))
		return source_fault(&d->source, EINVAL, at.line,
				    "\"rights\" must be a list: write [%s]", word);
	return right_unknown(&d->source, word, at.line);
}

int rights_build(struct policy *p, struct layer *layer)
{
	const struct document *d;
	const char *word;
	uint32_t item;
	int err = 0;
	size_t i;

	for (i = 0; i < layer->count && !err; i++) {
		d = layer->documents[i];
		if (d->raw->rights_word)
			err = build_word(p, layer, d);
		for (item = 0; item < d->raw->rights_count && !err; item++) {
			word = d->raw->rights[item];
			err = word[0] == '-' ? take(p, layer, &d->source, word + 1,
						    document_item_at(d, "rights", item)) :
					       give(p, layer, &d->source, word,
						    document_item_at(d, "rights", item));
		}
	}
	return err;
}

int rights_overlay(struct policy *base, const struct policy *top, const struct layer *layer)
{
	const struct source *own = &layer->documents[0]->source;
	uint64_t lacking = layer->taken & ~base->rights;
	struct policy_place at;
	struct source source;
	size_t bit;

	if (lacking) {
		at = rights_at(layer->taken_at, lacking);
		source_init_at(&source, own->files, at.file, own->fault);
		return source_fault(
			&source, EINVAL, at.line,
			"right %s cannot be taken away: the policy \"%s\", which is "
			"extended, does not have it; take the line out",
			policy_right_name((unsigned int)__builtin_ctzll(lacking)), base->name);
	}
	base->rights = (base->rights & ~layer->taken) | top->rights;
	for (bit = 0; bit < AGENTOS_RIGHT_COUNT; bit++)
		if (top->rights & (1ULL << bit))
			base->right_at[bit] = top->right_at[bit];
	return 0;
}
