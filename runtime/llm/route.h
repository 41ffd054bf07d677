/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the model that a client names to who is asked, in which order. Pure. */
#ifndef AGENTOS_LLM_ROUTE_H
#define AGENTOS_LLM_ROUTE_H

#include "llm/catalog.h"

struct route_candidate {
	const struct provider *provider;
	const struct model *model; /* NULL: in no row, so without a price and without bounds */
	const char *id;		   /* what it is called there; of the catalog or of the question */
};

struct route {
	struct route_candidate candidates[LIMIT_ROUTE]; /* first the one that was asked for */
	size_t count;
};

/*
 * What a policy allows: names and patterns. "*" in one stands for any bytes.
 *	with a "/"	is about PROVIDER/MODEL: "openai/gpt-5.1", "openai/" and a star, "*"
 *	without		is about the names of models, whoever has them: "gpt-*"; or it is an
 *			alias, and means the model that this stands for
 * The name of a model may itself have a "/": only "PROVIDER/NAME" matches it then.
 */
struct route_allowed {
	const char *const *patterns;
	size_t count;
};

/*
 * Who is asked for the model of that name: a model's, an alias, or "PROVIDER/MODEL", which
 * need not be in a row. Behind it come its fallbacks, by the name that was asked for, else
 * by that of the model; those that the policy does not allow, or whose provider is not
 * set up, are left out, and fallbacks of fallbacks are not looked at.
 *
 * name: hostile; with a NUL behind it; good as long as the route is.
 * -ENOENT  no such model; f names those that are nearest and allowed
 * -EACCES  the policy does not allow it
 * -ENXIO   its provider lacks something that the administrator must set
 */
int route_find(const struct catalog *c, const char *name, const struct route_allowed *allowed,
	       struct route *ret_route, struct fault *f);

/* Is that candidate allowed? */
bool route_allows(const struct catalog *c, const struct route_allowed *allowed,
		  const struct route_candidate *candidate);

/* Whether "*" in the pattern can stand for something that makes it the text. */
bool route_matches(const char *pattern, const char *text);

#endif
