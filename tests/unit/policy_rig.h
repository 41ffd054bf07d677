/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tests of policies share: reading one, and finding a rule or a shipped profile. */
#ifndef AGENTOS_TESTS_UNIT_POLICY_RIG_H
#define AGENTOS_TESTS_UNIT_POLICY_RIG_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/policy.h"

static const struct policy_vars vars = {
	.workspace = "/srv/space",
	.home = "/home/u",
	.agent = "coder",
};

static inline int parse(const char *text, struct policy **ret_policy, struct fault *f)
{
	strcpy(f->text, "(no message)");
	return policy_parse(text, strlen(text), "p.yaml", &vars, NULL, ret_policy, f);
}

static inline const struct policy_rule *rule_at(const struct policy *p, const char *path)
{
	size_t i;

	for (i = 0; i < p->rule_count; i++)
		if (strcmp(p->rules[i].path, path) == 0)
			return &p->rules[i];
	return NULL;
}

/* A profile as it is shipped, or NULL; free()d by the caller. */
static inline char *profile_text(const char *name)
{
	const char *root = getenv("SRC");
	char path[4096], *text = NULL;
	size_t room = 0;
	FILE *in;

	snprintf(path, sizeof(path), "%s/runtime/policy/profiles/%s.yaml", root ? root : ".", name);
	in = fopen(path, "r");
	if (!in)
		return NULL;
	if (getdelim(&text, &room, '\0', in) < 0) {
		free(text);
		text = NULL;
	}
	fclose(in);
	return text;
}

#endif
