// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules with their numbers, for people and for programs. */
#include "ctl/effective.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "ctl/ctl.h"
#include "ctl/wording.h"

/* One rule on its way out. */
struct line {
	size_t number;
	struct policy_place at, deny_at;
	const struct wording_act *acts;
	uint32_t allow, deny;
	uint32_t watch, kill; /* of either */
	const char *kind;     /* "path", "name", "abstract", "address", "host", "private" */
	const char *object;
};

/* Where it goes: as text, with room for places that wide; or as JSON, after a gap. */
struct output {
	const struct policy *policy;
	bool json;
	const char *gap;
	size_t width; /* 0: all is in one file, of which lines are enough */
};

static void line_text(const struct output *o, const struct line *l, const char *does, uint32_t bits,
		      struct policy_place at)
{
	char shown[ESCAPE_TEXT_MAX(PATH_MAX) + 1], acts[WORDING_ACTS], place[WORDING_PLACE];

	if (!bits)
		return;
	if (o->width)
		wording_place(place, o->policy, at);
	else
		snprintf(place, sizeof(place), "line %-5u", at.line);
	escape_text(shown, sizeof(shown), l->object, strlen(l->object));
	wording_acts(acts, l->acts, bits);
	printf("%6zu  %-*s %-5s  %s%s  for %s\n", l->number, (int)o->width, place, does, shown,
	       strcmp(l->kind, "name") == 0 ? " anywhere" : "", acts);
}

static void line_json(struct output *o, const struct line *l)
{
	printf("%s{\"rule\":%zu,", o->gap, l->number);
	wording_json("file", o->policy->files[l->at.file]);
	printf(",\"line\":%u,", l->at.line);
	if (l->deny_at.file != l->at.file || l->deny_at.line != l->at.line) {
		wording_json("deny_file", o->policy->files[l->deny_at.file]);
		printf(",\"deny_line\":%u,", l->deny_at.line);
	}
	printf("\"kind\":\"%s\",", l->kind);
	wording_json("object", l->object);
	printf(",\"allow\":");
	wording_json_acts(l->acts, l->allow);
	printf(",\"deny\":");
	wording_json_acts(l->acts, l->deny);
	printf(",\"watch\":");
	wording_json_acts(l->acts, l->watch);
	printf(",\"kill\":");
	wording_json_acts(l->acts, l->kill);
	putchar('}');
	o->gap = ",";
}

static void line_print(struct output *o, const struct line *l)
{
	if (o->json) {
		line_json(o, l);
		return;
	}
	line_text(o, l, "allow", l->allow & ~l->watch, l->at);
	line_text(o, l, "watch", l->watch, l->at);
	line_text(o, l, "deny", l->deny & ~l->kill, l->deny_at);
	line_text(o, l, "kill", l->kill, l->deny_at);
}

static void rules_print(struct output *o)
{
	const struct policy *p = o->policy;
	struct wording_address shown;
	size_t i;

	for (i = 0; i < p->rule_count; i++) {
		const struct policy_rule *rule = &p->rules[i];

		line_print(o, &(struct line){ i, rule->at, rule->deny_at, wording_of_files,
					      rule->allow, rule->deny, rule->watch, rule->kill,
					      wording_kind(rule), rule->path });
	}
	for (i = 0; i < p->address_count; i++) {
		const struct policy_address *a = &p->addresses[i];

		shown = wording_address(a);
		line_print(o, &(struct line){ p->rule_count + i, a->at, a->deny_at,
					      wording_of_addresses, a->allow, a->deny, a->watch,
					      a->kill, "address", shown.text });
	}
}

/* What the gateway does for it. */
static void egress_print(struct output *o)
{
	const struct policy *p = o->policy;
	struct wording_egress shown;
	size_t i;

	for (i = 0; i < p->egress_count; i++) {
		const struct policy_egress *e = &p->egress[i];
		const char *kind = e->rule.kind == EGRESS_PRIVATE ? "private" : "host";

		shown = wording_egress(&e->rule);
		line_print(o, &(struct line){ e->rule.number, e->at, e->at, wording_of_egress,
					      1U << e->rule.kind, 0, 0, 0, kind, shown.text });
	}
}

void effective_terms(const struct compiled_terms *t, bool json)
{
	enum wording_terms section;
	struct wording_term term;
	const char *gap;
	size_t at;

	for (section = 0; section < WORDING_TERMS; section++) {
		gap = "";
		if (json)
			printf(",\"%s\":{", wording_terms[section]);
		for (at = 0; wording_term(t, section, at, &term); at++) {
			if (!term.text[0])
				continue;
			if (!json && !*gap)
				printf("%s: ", wording_terms[section]);
			printf("%s%s", gap, json ? term.json : term.text);
			gap = json ? "," : ", ";
		}
		if (json)
			putchar('}');
		else if (*gap)
			putchar('\n');
	}
}

static void place_measure(const struct policy *p, struct policy_place at, size_t *width)
{
	char place[WORDING_PLACE];
	size_t len = wording_place(place, p, at);

	*width = len > *width ? len : *width;
}

static size_t places_width(const struct policy *p)
{
	size_t i, width = 0;

	if (!p->files[1])
		return 0;
	for (i = 0; i < p->rule_count; i++) {
		place_measure(p, p->rules[i].at, &width);
		place_measure(p, p->rules[i].deny_at, &width);
	}
	for (i = 0; i < p->address_count; i++) {
		place_measure(p, p->addresses[i].at, &width);
		place_measure(p, p->addresses[i].deny_at, &width);
	}
	for (i = 0; i < p->egress_count; i++)
		place_measure(p, p->egress[i].at, &width);
	return width;
}

/* "effects: ptrace kill, perf watch", or members of an object. */
static void effects_print(const struct policy *p, bool json)
{
	const char *gap = json ? "" : "effects: ", *does;
	unsigned int bit;

	for (bit = 0; bit < AGENTOS_RIGHT_COUNT; bit++) {
		if (!((p->kill_rights | p->watch_rights) & (1ULL << bit)))
			continue;
		does = p->kill_rights & (1ULL << bit) ? "kill" : "watch";
		printf(json ? "%s\"%s\":\"%s\"" : "%s%s %s", gap, policy_right_name(bit), does);
		gap = json ? "," : ", ";
	}
	if (!json && p->kill_rights | p->watch_rights)
		putchar('\n');
}

void effective_print(const struct policy *p, bool json)
{
	struct output output = { .policy = p, .json = json, .gap = "", .width = places_width(p) };
	char safe[ESCAPE_TEXT_MAX(PATH_MAX) + 1];

	if (json) {
		putchar('{');
		wording_json("file", p->files[0]);
		printf(",\"name\":\"%s\",\"rights\":[", p->name);
		ctl_rights_print(p->rights, ",", "\"");
		printf("],\"effects\":{");
		effects_print(p, true);
		printf("},\"rules\":[");
		rules_print(&output);
		egress_print(&output);
		putchar(']');
		effective_terms(&p->terms, true);
		printf("}\n");
		return;
	}
	escape_text(safe, sizeof(safe), p->files[0], strlen(p->files[0]));
	printf("%s: policy %s, rights ", safe, p->name);
	ctl_rights_print(p->rights, ", ", "");
	putchar('\n');
	effects_print(p, false);
	rules_print(&output);
	egress_print(&output);
	effective_terms(&p->terms, false);
}
