// SPDX-License-Identifier: GPL-2.0-or-later
/* What is watched by one kind of access alone: another name does not take a file out of sight. */
#include "tests/escape/stage.h"

/* Reading is watched in one directory, writing in neither, and all of it allowed in both. */
enum { SEEN, PLAIN, PLACES };

static const char *const places[PLACES] = { "seen", "plain" };

/* Each with a file of its own, in a process of its own. */
static const struct {
	const char *name;
	int from, to;
	bool links;
	unsigned int records;
} rows[] = {
	{ "control: within what is not watched", PLAIN, PLAIN, false, 0 },
	{ "control: a second name there", PLAIN, PLAIN, true, 0 },
	{ "within what is watched", SEEN, SEEN, false, 0 },
	{ "into what is watched", PLAIN, SEEN, false, 0 },
	{ "out of what is watched", SEEN, PLAIN, false, 1 },
	{ "a second name outside of what is watched", SEEN, PLAIN, true, 1 },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static char *place(int which)
{
	return stage_format("%s/watch/%s", stage_root, places[which]);
}

static uint32_t policy_make(int dev)
{
	uint32_t policy;
	int i;

	if (agentos_dev_policy_new(dev, &policy))
		stage_bail("no policy");
	for (i = 0; i < PLACES; i++) {
		struct agentos_policy_rule rule = {
			.policy = policy,
			.fd = open(place(i), O_PATH | O_CLOEXEC),
			.allow = AGENTOS_FILE_READ | AGENTOS_FILE_WRITE,
			.watch = i == SEEN ? AGENTOS_FILE_READ : 0,
			.number = (uint32_t)i + 1,
		};

		if (agentos_dev_policy_rule(dev, &rule))
			stage_bail("no rule on %s", places[i]);
		close(rule.fd);
	}
	return policy;
}

static int agent_new(int dev, const char *name, uint32_t policy)
{
	struct agentos_create_options create = {
		.name = name,
		.rights = AGENTOS_RIGHT(FILE_READ) | AGENTOS_RIGHT(FILE_WRITE),
		.access = AGENTOS_ACCESS_ALL,
		.policy = policy,
	};
	int agent = agentos_dev_create(dev, &create, NULL);

	if (agent < 0)
		stage_bail("no agent");
	return agent;
}

static uint64_t records(int agent)
{
	struct agentos_info info;

	if (agentos_agent_info(agent, &info))
		stage_bail("the agent is not known");
	return info.ret_denials;
}

/* The errno. */
static int as_agent(int agent, const char *from, const char *to, bool links)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (agentos_agent_attach(agent))
			_exit(255);
		_exit((links ? link(from, to) : rename(from, to)) < 0 ? errno : 0);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		stage_bail("no process");
	return WEXITSTATUS(status);
}

static void row_run(int dev, uint32_t policy, size_t i)
{
	char *name = stage_format("watched%zu", i);
	int agent = agent_new(dev, name, policy), error;
	char *from = stage_format("%s/from%zu", place(rows[i].from), i);
	char *to = stage_format("%s/to%zu", place(rows[i].to), i);

	stage_file(from, "x", 0644);
	error = as_agent(agent, from, to, rows[i].links);
	stage_point(!error, "%s: done", rows[i].name);
	if (error)
		stage_note("%s", strerror(error));
	stage_point(records(agent) == rows[i].records, "%s: %s", rows[i].name,
		    rows[i].records ? "told, once" : "not told");
	close(agent);
	free(name);
	free(from);
	free(to);
}

int main(void)
{
	uint32_t policy;
	int dev, holder, i;
	size_t row;

	stage_begin();
	stage_mkdir(stage_format("%s/watch", stage_root), 0755);
	for (i = 0; i < PLACES; i++)
		stage_mkdir(place(i), 0755);
	dev = stage_device();
	policy = policy_make(dev);
	/* The daemon lets go of a policy that nobody follows any more: somebody always does. */
	holder = agent_new(dev, "holder", policy);
	for (row = 0; row < ROWS; row++)
		row_run(dev, policy, row);
	close(holder);
	close(dev);
	return stage_end();
}
