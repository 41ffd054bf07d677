/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The runner of escape tests: all rows, inside and outside of agents, and what came of them. */
#ifndef AGENTOS_TESTS_TABLE_H
#define AGENTOS_TESTS_TABLE_H

#include "tests/escape/tree.h"

#define STAGE_ARGV 16384

/* Puts `agentctl run ...` in front when the group runs inside. Returns the number of words. */
static inline size_t stage_launcher(const struct stage_group *g, char **argv)
{
	char *file = stage_format("%s/%s.yaml", g->tree, g->policy_name);
	size_t n = 0;

	if (!g->inside)
		return 0;
	if (g->policy)
		stage_policy_write(g, file);
	argv[n++] = stage_format("%s/bin/agentctl", stage_build);
	argv[n++] = "run";
	argv[n++] = "--quiet";
	argv[n++] = "--policy";
	argv[n++] = g->policy ? file : (char *)g->policy_name;
	argv[n++] = "--name";
	argv[n++] = (char *)g->agent;
	if (g->policy && g->policy->audit_only)
		argv[n++] = "--audit-only";
	argv[n++] = "--";
	return n;
}

static inline size_t stage_words(const char *act, const char *tree, const char *id, char **argv)
{
	char *text = stage_expand(act, tree, id), *save = NULL, *word;
	size_t n = 0;

	for (word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save))
		argv[n++] = word;
	return n;
}

static inline pid_t stage_group_spawn(const struct stage_group *g, int *ret_output)
{
	static char *argv[STAGE_ARGV];
	const char *program = g->policy && g->policy->program ? g->policy->program : stage.program;
	char *workspace = stage_format("%s/ws", g->tree), id[8];
	size_t n = stage_launcher(g, argv), i;

	argv[n++] = stage_format("%s/tests/escape/prog/%s", stage_build, program);
	for (i = 0; i < stage.row_count; i++) {
		if (!stage_row_in(&stage.rows[i], g->policy_name, g->who))
			continue;
		if (n + 32 > STAGE_ARGV)
			stage_bail("too many rows");
		stage_id(id, i);
		argv[n++] = strdup(id);
		n += stage_words(stage.rows[i].act, g->tree, id, argv + n);
		argv[n++] = ",";
	}
	argv[n] = NULL;
	return stage_spawn(g->who, workspace, argv, ret_output);
}

static inline char *stage_group_run(const struct stage_group *g)
{
	int output, status;
	pid_t pid = stage_group_spawn(g, &output);
	char *text;

	if (stage.during)
		stage.during(g);
	text = stage_finish(pid, output, &status);
	if (status)
		stage_note("%s %s: status 0x%x; it printed:\n%s", g->agent,
			   g->inside ? "inside" : "outside", (unsigned int)status, text);
	return text;
}

static inline void stage_row_judge(const struct stage_row *row, const char *id,
				   const struct stage_group *g, const char *inside,
				   const char *outside, const char *log)
{
	int is = stage_result(inside, id), control = stage_result(outside, id);
	bool ended = row->error == STAGE_ANY_ERROR ? is > 0 && is < 1000 : is == row->error;
	bool spared = g->policy && (g->policy->audit_only || g->policy->effects) && !row->error;
	const char *told = spared ? g->policy->told : NULL;
	const char *verdict = spared ? "would-deny" : "denied";
	bool recorded = row->hook ? stage_recorded(log, inside, id, row->hook, verdict, told) :
				    !stage_recorded(log, inside, id, NULL, "denied", NULL);

	if (!ended)
		stage_note("%s, %s: it ended with %d (%s), expected %d", id, row->act, is,
			   is > 0 ? strerrorname_np(is) : "", row->error);
	if (!recorded && row->hook)
		stage_note("%s, %s: by %s no \"%s\" in the log%s%s", id, row->act, row->hook,
			   verdict, told ? " with " : "", told ? told : "");
	if (control != 0)
		stage_note("%s, %s: the control outside ended with %d (%s)", id, row->act, control,
			   control > 0 ? strerrorname_np(control) : "");
	stage_point(ended && recorded && control == 0, "%s, %s: %s",
		    g->who == STAGE_ROOT ? "root" : "demo", row->policy, row->name);
}

static inline void stage_group(const char *policy, unsigned int who)
{
	struct stage_group g = { .policy_name = policy, .who = who, .inside = true };
	const struct stage_policy *p;
	char *before, *inside, *after, *log, *outside, id[8];
	size_t i;

	for (p = stage.policies; p && p->name; p++)
		if (strcmp(p->name, policy) == 0)
			g.policy = p;
	snprintf(g.agent, sizeof(g.agent), "%s-%s-%s", stage.title, policy,
		 who == STAGE_ROOT ? "root" : "demo");
	if (stage.enter)
		stage.enter(&g);
	stage_tree(&g);
	before = stage_fingerprint(g.tree);
	inside = stage_group_run(&g);
	after = stage_fingerprint(g.tree);
	log = stage_audit(g.agent, "\"comm\":\"marker\"");
	g.inside = false;
	stage_tree(&g);
	outside = stage_group_run(&g);
	for (i = 0; i < stage.row_count; i++) {
		if (!stage_row_in(&stage.rows[i], policy, who))
			continue;
		stage_id(id, i);
		stage_row_judge(&stage.rows[i], id, &g, inside, outside, log);
	}
	if (g.policy && !g.policy->changes && !g.policy->audit_only) {
		if (strcmp(before, after) != 0)
			stage_note("before:\n%s\nafter:\n%s", before, after);
		stage_point(strcmp(before, after) == 0, "%s, %s: what is out of reach is unchanged",
			    who == STAGE_ROOT ? "root" : "demo", policy);
	}
	free(before);
	free(inside);
	free(after);
	free(log);
	free(outside);
}

/* All rows, by policy and user. */
static inline void stage_table(void)
{
	static const unsigned int users[] = { STAGE_ROOT, STAGE_DEMO };
	size_t i, k, user;
	bool any;

	for (user = 0; user < 2; user++) {
		for (i = 0; i < stage.row_count; i++) {
			/* At the first row of its policy. */
			for (k = 0, any = false; k < i; k++)
				any |= strcmp(stage.rows[k].policy, stage.rows[i].policy) == 0;
			for (k = i; !any && k < stage.row_count; k++) {
				if (!stage_row_in(&stage.rows[k], stage.rows[i].policy,
						  users[user]))
					continue;
				stage_group(stage.rows[i].policy, users[user]);
				break;
			}
		}
	}
}

#endif
