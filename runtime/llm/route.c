// SPDX-License-Identifier: GPL-2.0-or-later
/* From a model's name to candidates. */
#include "llm/route.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "policy/suggest.h"

#define FULL_NAME (LIMIT_PROVIDER_NAME + LIMIT_MODEL_NAME + 2)

/* Goes back to the last star only, so no pattern takes longer than both lengths multiplied. */
bool route_matches(const char *pattern, const char *text)
{
	const char *star = NULL, *resume = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			resume = text;
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star;
			text = ++resume;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

/* "PROVIDER/MODEL" taken apart. */
static bool split_find(const struct catalog *c, const char *name, struct route_candidate *ret)
{
	const char *slash = strchr(name, '/');
	char provider[LIMIT_PROVIDER_NAME + 1];
	const struct model *model;

	if (!slash || slash - name > LIMIT_PROVIDER_NAME ||
	    !model_is_name(slash + 1, strlen(slash + 1)))
		return false;
	memcpy(provider, name, (size_t)(slash - name));
	provider[slash - name] = '\0';
	ret->provider = catalog_provider(c, provider);
	if (!ret->provider)
		return false;
	model = catalog_model(c, slash + 1);
	if (!model || strcmp(model->provider, provider) != 0)
		model = catalog_model_of(c, provider, slash + 1);
	ret->model = model;
	ret->id = model ? model->id : slash + 1;
	return true;
}

static bool name_find(const struct catalog *c, const char *name, struct route_candidate *ret)
{
	const struct catalog_alias *alias = catalog_alias(c, name);
	const struct model *model;

	if (alias)
		name = alias->model;
	model = catalog_model(c, name);
	if (!model)
		return split_find(c, name, ret);
	*ret = (struct route_candidate){ .provider = catalog_provider(c, model->provider),
					 .model = model,
					 .id = model->id };
	return true;
}

static bool is_same(const struct route_candidate *a, const struct route_candidate *b)
{
	return a->provider == b->provider && strcmp(a->id, b->id) == 0;
}

static bool pattern_allows(const struct catalog *c, const char *pattern,
			   const struct route_candidate *candidate)
{
	struct route_candidate meant;
	char full[FULL_NAME];

	if (catalog_alias(c, pattern))
		return name_find(c, pattern, &meant) && is_same(&meant, candidate);
	if (!strchr(pattern, '/') && strcmp(pattern, "*") != 0)
		return candidate->model && route_matches(pattern, candidate->model->name);
	snprintf(full, sizeof(full), "%s/%s", candidate->provider->name, candidate->id);
	if (route_matches(pattern, full))
		return true;
	if (!candidate->model)
		return false;
	snprintf(full, sizeof(full), "%s/%s", candidate->provider->name, candidate->model->name);
	return route_matches(pattern, full);
}

bool route_allows(const struct catalog *c, const struct route_allowed *allowed,
		  const struct route_candidate *candidate)
{
	size_t i;

	for (i = 0; i < allowed->count; i++)
		if (pattern_allows(c, allowed->patterns[i], candidate))
			return true;
	return false;
}

/* The nearest names, the nearest first. */
struct nearest {
	const char *names[3];
	unsigned int distances[3];
};

static void nearest_add(struct nearest *n, const char *wanted, const char *name)
{
	unsigned int distance = suggest_distance(wanted, name);
	size_t i, k;

	if (!row_is_near(wanted, distance))
		return;
	for (i = 0; i < 3 && n->names[i] && n->distances[i] <= distance; i++)
		;
	if (i == 3)
		return;
	for (k = 2; k > i; k--) {
		n->names[k] = n->names[k - 1];
		n->distances[k] = n->distances[k - 1];
	}
	n->names[i] = name;
	n->distances[i] = distance;
}

static int unknown_fault(const struct catalog *c, const char *name,
			 const struct route_allowed *allowed, struct fault *f)
{
	struct nearest near = { 0 };
	struct route_candidate candidate;
	const struct catalog_alias *alias;
	const struct model *model;
	size_t i;

	for (i = 0; (model = catalog_model_at(c, i)); i++)
		if (name_find(c, model->name, &candidate) && route_allows(c, allowed, &candidate))
			nearest_add(&near, name, model->name);
	for (i = 0; (alias = catalog_alias_at(c, i)); i++)
		if (name_find(c, alias->name, &candidate) && route_allows(c, allowed, &candidate))
			nearest_add(&near, name, alias->name);
	if (!near.names[0])
		return fault_set(f, ENOENT,
				 "there is no model %.255s; `agentctl providers` lists "
				 "those that are known",
				 name);
	return fault_set(f, ENOENT, "there is no model %.255s; did you mean %s%s%s%s%s?", name,
			 near.names[0], near.names[1] ? ", " : "",
			 near.names[1] ? near.names[1] : "", near.names[2] ? ", " : "",
			 near.names[2] ? near.names[2] : "");
}

static int refused_fault(const struct route_candidate *candidate,
			 const struct route_allowed *allowed, struct fault *f)
{
	char list[512] = "";
	size_t used = 0, i;

	for (i = 0; i < allowed->count && used < sizeof(list); i++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "",
					 allowed->patterns[i]);
	return fault_set(f, EACCES, "the policy does not allow the model %s/%s; it allows %s",
			 candidate->provider->name, candidate->id, used ? list : "none");
}

static void fallbacks_add(const struct catalog *c, const struct catalog_fallback *fallback,
			  const struct route_allowed *allowed, struct route *route)
{
	struct route_candidate candidate;
	size_t i, k;

	for (i = 0; i < fallback->to_count && route->count < LIMIT_ROUTE; i++) {
		if (!name_find(c, fallback->to[i], &candidate) || candidate.provider->missing ||
		    !route_allows(c, allowed, &candidate))
			continue;
		for (k = 0; k < route->count && !is_same(&route->candidates[k], &candidate); k++)
			;
		if (k == route->count)
			route->candidates[route->count++] = candidate;
	}
}

int route_find(const struct catalog *c, const char *name, const struct route_allowed *allowed,
	       struct route *ret_route, struct fault *f)
{
	const struct catalog_fallback *fallback;
	struct route route = { .count = 1 };
	struct route_candidate *first = &route.candidates[0];

	if (!model_is_name(name, strnlen(name, LIMIT_MODEL_NAME + 1)))
		return fault_set(f, ENOENT,
				 "the model's name is none: it has at most %d letters, "
				 "digits and -._:@/+",
				 LIMIT_MODEL_NAME);
	if (!name_find(c, name, first))
		return unknown_fault(c, name, allowed, f);
	if (!route_allows(c, allowed, first))
		return refused_fault(first, allowed, f);
	if (first->provider->missing)
		return fault_set(f, ENXIO, "the provider %s is not set up: its row lacks %s=",
				 first->provider->name, first->provider->missing);
	fallback = catalog_fallback(c, name);
	if (!fallback && first->model)
		fallback = catalog_fallback(c, first->model->name);
	if (fallback)
		fallbacks_add(c, fallback, allowed, &route);
	*ret_route = route;
	return 0;
}
