// SPDX-License-Identifier: GPL-2.0-or-later
/* What either policy says, sorted, so that what both say meets. */
#include "ctl/difference.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentos.h"
#include "base/escape.h"
#include "ctl/wording.h"

#define FILE_ACTS (AGENTOS_FILE_READ | AGENTOS_FILE_WRITE | AGENTOS_FILE_EXEC)

enum section {
	RIGHTS,
	FILES,
	NAMES,
	NETWORK,
	SOCKETS,
	HOSTS,
	ENVIRONMENT,
	DIRECTORIES,
	LIMITS, /* and the next ones as enum wording_terms has them */
	BUDGETS,
	SCHEDULE,
	AUDIT
};

static const char *const section_names[] = {
	[RIGHTS] = "rights",
	[FILES] = "files",
	[NAMES] = "names",
	[NETWORK] = "network",
	[SOCKETS] = "sockets",
	[HOSTS] = "hosts",
	[ENVIRONMENT] = "environment",
	[DIRECTORIES] = "directories",
	[LIMITS] = "limits",
	[BUDGETS] = "budgets",
	[SCHEDULE] = "schedule",
	[AUDIT] = "audit",
};

/* One thing that a policy says. */
struct item {
	enum section section;
	const char *effect; /* "allow", "deny", "keep", ... */
	char *object;
	const struct wording_act *acts; /* NULL: there is but one thing that it says */
	uint32_t bits;
	const struct policy *policy;
	struct policy_place at; /* line 0: it is not written */
	bool is_new;		/* of the second policy */
};

struct items {
	struct item *items;
	size_t count, room;
	bool failed; /* for want of memory */
};

static void items_add(struct items *all, const struct item *item, const char *object)
{
	size_t room = all->room ? 2 * all->room : 64;
	struct item *items;

	if (!item->bits || all->failed)
		return;
	if (!all->items || all->count == all->room) {
		items = reallocarray(all->items, room, sizeof(*items));
		if (!items) {
			all->failed = true;
			return;
		}
		all->items = items;
		all->room = room;
	}
	all->items[all->count] = *item;
	all->items[all->count].object = strdup(object);
	all->failed = !all->items[all->count].object;
	all->count += !all->failed;
}

static void add_rights(struct items *all, struct item item)
{
	unsigned int bit;

	item.section = RIGHTS;
	item.bits = 1;
	for (bit = 0; policy_right_name(bit); bit++) {
		item.at = item.policy->right_at[bit];
		item.effect = "give";
		if (item.policy->rights & (1ULL << bit))
			items_add(all, &item, policy_right_name(bit));
		item.at = item.policy->effect_at[bit];
		item.effect =
			item.policy->kill_rights & (1ULL << bit) ? "kill without" : "watch without";
		if ((item.policy->kill_rights | item.policy->watch_rights) & (1ULL << bit))
			items_add(all, &item, policy_right_name(bit));
	}
}

static void add_rules(struct items *all, struct item item)
{
	const struct policy *p = item.policy;
	size_t i;

	item.acts = wording_of_files;
	for (i = 0; i < p->rule_count; i++) {
		const struct policy_rule *rule = &p->rules[i];

		item.effect = "allow";
		item.at = rule->at;
		item.section = FILES;
		item.bits = rule->allow & ~rule->watch & FILE_ACTS;
		items_add(all, &item, rule->path);
		item.section = SOCKETS;
		item.bits = rule->allow & ~rule->watch & ~FILE_ACTS;
		items_add(all, &item, rule->path);
		item.effect = "watch";
		item.section = rule->anywhere ? NAMES : FILES;
		item.bits = rule->watch;
		items_add(all, &item, rule->path);
		item.effect = "deny";
		item.at = rule->deny_at;
		item.section = rule->anywhere ? NAMES : FILES;
		item.bits = rule->deny & ~rule->kill;
		items_add(all, &item, rule->path);
		item.effect = "kill";
		item.bits = rule->kill;
		items_add(all, &item, rule->path);
	}
}

static void add_addresses(struct items *all, struct item item)
{
	const struct policy *p = item.policy;
	struct wording_address shown;
	size_t i;

	item.section = NETWORK;
	item.acts = wording_of_addresses;
	for (i = 0; i < p->address_count; i++) {
		const struct policy_address *a = &p->addresses[i];

		shown = wording_address(a);
		item.effect = "allow";
		item.at = a->at;
		item.bits = a->allow & ~a->watch;
		items_add(all, &item, shown.text);
		item.effect = "watch";
		item.bits = a->watch;
		items_add(all, &item, shown.text);
		item.effect = "deny";
		item.at = a->deny_at;
		item.bits = a->deny & ~a->kill;
		items_add(all, &item, shown.text);
		item.effect = "kill";
		item.bits = a->kill;
		items_add(all, &item, shown.text);
	}
}

static void add_egress(struct items *all, struct item item)
{
	const struct policy *p = item.policy;
	const struct wording_act *list;
	struct wording_egress shown;
	size_t i;

	item.section = HOSTS;
	item.bits = 1;
	for (i = 0; i < p->egress_count; i++) {
		for (list = wording_of_egress; list->bit != 1U << p->egress[i].rule.kind; list++)
			;
		shown = wording_egress(&p->egress[i].rule);
		item.effect = list->name;
		item.at = p->egress[i].at;
		items_add(all, &item, shown.text);
	}
}

static void add_texts(struct items *all, struct item item, char **texts,
		      const struct policy_place *places)
{
	size_t i;

	item.bits = 1;
	for (i = 0; texts && texts[i]; i++) {
		item.at = places[i];
		items_add(all, &item, texts[i]);
	}
}

static void add_terms(struct items *all, struct item item)
{
	enum wording_terms section;
	struct wording_term term;
	size_t at;

	item.effect = "set";
	for (section = 0; section < WORDING_TERMS; section++) {
		item.section = LIMITS + section;
		for (at = 0; wording_term(&item.policy->terms, section, at, &term); at++) {
			item.bits = term.text[0] != '\0';
			items_add(all, &item, term.text);
		}
	}
}

static void add_policy(struct items *all, const struct policy *p, bool is_new)
{
	struct item item = { .policy = p, .is_new = is_new };

	add_rights(all, item);
	add_rules(all, item);
	add_addresses(all, item);
	add_egress(all, item);
	item.section = ENVIRONMENT;
	item.effect = "keep";
	item.bits = !p->env_scrub;
	items_add(all, &item, "every variable");
	add_texts(all, item, p->env_keep, p->env_keep_at);
	item.effect = "set";
	add_texts(all, item, p->env_set, p->env_set_at);
	item.section = DIRECTORIES;
	item.effect = "make";
	add_texts(all, item, p->directories, p->directories_at);
	add_terms(all, (struct item){ .policy = p, .is_new = is_new });
	item.section = AUDIT;
	item.effect = "record";
	item.bits = 1;
	item.at = p->audit_at;
	items_add(all, &item, policy_audit_name(p));
}

/* Whether two items are about the same; how they are ordered where not. */
static int item_compare_subject(const struct item *a, const struct item *b)
{
	int order = (int)a->section - (int)b->section;

	if (!order)
		order = strcmp(a->object, b->object);
	return order ? order : strcmp(a->effect, b->effect);
}

static int item_compare(const void *a, const void *b)
{
	const struct item *first = a, *second = b;
	int order = item_compare_subject(first, second);

	return order ? order : first->is_new - second->is_new;
}

/* How what differs goes out. */
struct output {
	bool json;
	size_t count;
	enum section section; /* of the last one */
};

static void item_text(const struct output *o, const struct item *item)
{
	char safe[ESCAPE_TEXT_MAX(PATH_MAX) + 1], acts[WORDING_ACTS], place[WORDING_PLACE];

	if (!o->count || o->section != item->section)
		printf("%s:\n", section_names[item->section]);
	escape_text(safe, sizeof(safe), item->object, strlen(item->object));
	printf("  %c %s %s", item->is_new ? '+' : '-', item->effect, safe);
	if (item->acts) {
		wording_acts(acts, item->acts, item->bits);
		printf("%s  for %s", item->section == NAMES ? " anywhere" : "", acts);
	}
	if (item->at.line) {
		wording_place(place, item->policy, item->at);
		printf("  (%s)", place);
	}
	putchar('\n');
}

static void item_json(const struct output *o, const struct item *item)
{
	printf("%s{\"change\":\"%c\",\"section\":\"%s\",\"effect\":\"%s\",", o->count ? "," : "",
	       item->is_new ? '+' : '-', section_names[item->section], item->effect);
	wording_json("object", item->object);
	if (item->acts) {
		printf(",\"acts\":");
		wording_json_acts(item->acts, item->bits);
	}
	if (item->at.line) {
		putchar(',');
		wording_json("file", item->policy->files[item->at.file]);
		printf(",\"line\":%u", item->at.line);
	}
	putchar('}');
}

/* What of an item the other one (NULL: there is none) does not say. */
static void item_print(struct output *o, const struct item *item, const struct item *other)
{
	struct item rest = *item;

	rest.bits &= other ? ~other->bits : ~0U;
	if (!rest.bits)
		return;
	if (o->json)
		item_json(o, &rest);
	else
		item_text(o, &rest);
	o->section = rest.section;
	o->count++;
}

static void items_print(struct output *o, const struct items *all)
{
	const struct item *item = all->items, *end = item + all->count;

	while (item < end) {
		/* A policy says of one thing what it says of it once. */
		if (item + 1 < end && !item_compare_subject(item, item + 1)) {
			item_print(o, item, item + 1);
			item_print(o, item + 1, item);
			item += 2;
		} else {
			item_print(o, item, NULL);
			item++;
		}
	}
}

static void items_release(struct items *all)
{
	while (all->count)
		free(all->items[--all->count].object);
	free(all->items);
}

int difference_print(const struct policy *a, const struct policy *b, bool json)
{
	struct output output = { .json = json };
	struct items all = { .count = 0 };

	add_policy(&all, a, false);
	add_policy(&all, b, true);
	if (all.failed) {
		items_release(&all);
		return -ENOMEM;
	}
	qsort(all.items, all.count, sizeof(*all.items), item_compare);
	if (json) {
		putchar('{');
		wording_json("a", a->files[0]);
		putchar(',');
		wording_json("b", b->files[0]);
		printf(",\"differences\":[");
	}
	items_print(&output, &all);
	if (json)
		printf("],\"same\":%s}\n", output.count ? "false" : "true");
	items_release(&all);
	return output.count > 0;
}
