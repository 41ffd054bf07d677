// SPDX-License-Identifier: GPL-2.0-or-later
/* Policies as others see them: parsed, and freed. */
#include "policy/policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/compose.h"
#include "policy/source.h"

int policy_parse(const char *bytes, size_t len, const char *file, const struct policy_vars *vars,
		 const struct policy_loader *loader, struct policy **ret_policy, struct fault *f)
{
	struct source source;

	source_init(&source, file, f);
	if (vars->agent && (strchr(vars->agent, '/') || strcmp(vars->agent, "..") == 0))
		return source_fault(&source, EINVAL, 0, "the agent's name %s is not a plain name",
				    source_quote(vars->agent, strlen(vars->agent)).text);
	return compose_policy(bytes, len, file, vars, loader, ret_policy, f);
}

const char *policy_audit_name(const struct policy *p)
{
	return p->strict ? "strict" : p->record_allowed ? "verbose" : "normal";
}

static void texts_free(char **texts)
{
	size_t i;

	for (i = 0; texts && texts[i]; i++)
		free(texts[i]);
	free(texts);
}

void policy_free(struct policy *p)
{
	size_t i;

	if (!p)
		return;
	for (i = 0; i < p->rule_count; i++)
		free(p->rules[i].path);
	free(p->rules);
	free(p->addresses);
	free(p->egress);
	free(p->description);
	texts_free(p->files);
	texts_free(p->env_keep);
	texts_free(p->env_set);
	texts_free(p->directories);
	free(p->env_keep_at);
	free(p->env_set_at);
	free(p->directories_at);
	free(p);
}
