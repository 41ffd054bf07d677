// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl spawn: a sub-agent of one that there is, with no more than it has. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/denials.h"
#include "ctl/select.h"
#include "lib/libagentos.h"
#include "super/launch.h"

#define ENV_MAX 64 /* variables kept, and set */

struct spawn {
	const char *under, *name, *rights;
	uint64_t mask;
	uint32_t self; /* access to itself that the program gets */
	char full[AGENTOS_NAME_SIZE];
	char *keep[ENV_MAX + 1], *set[ENV_MAX + 1]; /* NULL-terminated */
	size_t keeps, sets;
	char home[PATH_MAX + 8];
};

/* As untrusted.yaml has it. */
static char *const usual_keep[] = {
	"TERM",
	"COLORTERM",
	"NO_COLOR",
	"LANG",
	"LANGUAGE",
	"LC_*",
	"TZ",
	"USER",
	"LOGNAME",
	"SHELL",
	"GIT_AUTHOR_NAME",
	"GIT_AUTHOR_EMAIL",
	"GIT_COMMITTER_NAME",
	"GIT_COMMITTER_EMAIL",
};

static void spawn_usual(struct spawn *s)
{
	size_t i;

	for (i = 0; i < sizeof(usual_keep) / sizeof(usual_keep[0]); i++)
		s->keep[s->keeps++] = usual_keep[i];
	s->set[s->sets++] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	s->set[s->sets++] = s->home;
}

/* NAME keeps a variable, NAME=VALUE sets one. False when there are too many. */
static bool spawn_variable(struct spawn *s, char *variable)
{
	if (strchr(variable, '=')) {
		if (s->sets == ENV_MAX)
			return false;
		s->set[s->sets++] = variable;
	} else {
		if (s->keeps == ENV_MAX)
			return false;
		s->keep[s->keeps++] = variable;
	}
	return true;
}

/*
 * Within an agent nothing is taken away, so nothing is set instead. Variables of AgentOS's are
 * made anew, and this one a policy brings, which is not at hand: it is what the agent has.
 */
static void spawn_within(struct spawn *s)
{
	static const char name[] = "AGENTOS_SOCKET=";
	char **variable = environ;
	size_t kept;

	while (*variable && strncmp(*variable, name, sizeof(name) - 1) != 0)
		variable++;
	kept = *variable ? 1 : 0;
	memmove(s->set + kept, s->set + 2, (s->sets - 2 + 1) * sizeof(s->set[0]));
	s->sets -= 2 - kept;
	if (kept)
		s->set[0] = *variable;
}

static int spawn_options(struct spawn *s, int argc, char **argv)
{
	static const struct option options[] = {
		{ "under", required_argument, NULL, 'u' },
		{ "name", required_argument, NULL, 'n' },
		{ "rights", required_argument, NULL, 'r' },
		{ "env", required_argument, NULL, 'e' },
		{ 0 }
	};
	char wrong[64];
	int opt;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		switch (opt) {
		case 'u':
			s->under = optarg;
			break;
		case 'n':
			s->name = optarg;
			break;
		case 'r':
			if (ctl_rights_parse(optarg, &s->mask, wrong, sizeof(wrong)))
				return ctl_usage("spawn", "--rights takes names of rights with "
							  "commas between; `agentctl rights NAME` "
							  "lists them");
			s->rights = optarg;
			break;
		case 'e':
			if (!spawn_variable(s, optarg))
				return ctl_usage("spawn", "--env is given too often");
			break;
		default:
			return ctl_usage("spawn", "unknown option, or one without its value");
		}
	}
	if (!s->under)
		return ctl_usage("spawn", "needs --under AGENT");
	if (optind == argc)
		return ctl_usage("spawn", "takes a program to run");
	if (!strcmp(s->under, "self"))
		spawn_within(s);
	return CTL_OK;
}

static void spawn_complain(const struct spawn *s, const char *parent, int err)
{
	switch (err) {
	case -EPERM:
		ctl_complain(
			"%s has not all of these rights: `agentctl rights %s` lists what it has",
			parent, parent);
		break;
	case -EINVAL:
		ctl_complain("%s is no name for an agent: printable ASCII without blanks and '/'",
			     s->full);
		break;
	case -EEXIST:
		ctl_complain("there is a live agent %s already: choose another --name", s->full);
		break;
	case -EMLINK:
		ctl_complain("%s is %d generations deep: no more are below it", parent,
			     AGENTOS_DEPTH_MAX);
		break;
	case -ENOSPC:
		ctl_complain("%s has as many sub-agents as there may be (%d)", parent,
			     AGENTOS_CHILDREN_MAX);
		break;
	case -ESRCH:
		ctl_complain("%s is ending, or its rights were revoked", parent);
		break;
	default:
		ctl_complain("%s: %s", parent, strerror(-err));
	}
}

/* Returns a descriptor to join by, or a negative errno. */
static int spawn_derive(struct spawn *s, int parent, const struct agentos_info *info, uint64_t *id)
{
	struct agentos_derive_options o = {
		.name = s->full,
		.rights = s->rights ? s->mask : info->ret_rights,
	};
	int len;

	/* To be asked for nothing is bad usage; here nothing is left. */
	if (!o.rights)
		return -ESRCH;
	s->self = launch_self_access(o.rights);
	o.access = AGENTOS_ACCESS_ATTACH | s->self;

	if (s->name)
		len = snprintf(s->full, sizeof(s->full), "%s.%s", info->ret_name, s->name);
	else
		len = snprintf(s->full, sizeof(s->full), "%s.%d", info->ret_name, getpid());
	if (len >= (int)sizeof(s->full))
		return -EINVAL;
	return agentos_agent_derive(parent, &o, id);
}

/*
 * From outside only what tells an agent nothing, as the policy `untrusted` has
 * it: whose shell this is may have keys in its environment. Within an agent all
 * of it is the agent's already.
 */
static int spawn_environment(struct spawn *s, const struct agentos_info *info, uint64_t id,
			     char ***ret_env)
{
	struct policy p = {
		.rights = s->rights ? s->mask : info->ret_rights,
		.env_scrub = strcmp(s->under, "self") != 0,
		.env_keep = s->keep,
		.env_set = s->set,
	};
	char directory[PATH_MAX], denials[PATH_MAX] = "";

	/* It shares its parent's, if it may read files. */
	if (p.rights & AGENTOS_RIGHT(FILE_READ))
		denials_path(info->ret_policy, denials, sizeof(denials));
	if (p.env_scrub) {
		if (!getcwd(directory, sizeof(directory)))
			return -errno;
		snprintf(s->home, sizeof(s->home), "HOME=%s", directory);
	}
	return launch_environment(
		&p, environ, &(struct launch_agent){ s->full, id, denials, 0, "", "" }, ret_env);
}

/*
 * "self": whose descriptor the caller was given, being in an agent; others by
 * the device. A descriptor, or -1.
 */
static int spawn_parent(const struct spawn *s, struct agentos_info *info)
{
	const char *number = getenv("AGENTOS_FD");
	int parent, err;

	if (strcmp(s->under, "self") != 0)
		return select_one(s->under, AGENTOS_ACCESS_DERIVE | AGENTOS_ACCESS_INSPECT, info);
	if (!number) {
		ctl_complain("not in an agent with the right derive: there is no AGENTOS_FD");
		return -1;
	}
	parent = atoi(number);
	err = agentos_agent_info(parent, info);
	if (!err)
		return parent;
	ctl_complain("AGENTOS_FD is no descriptor of this agent: %s", strerror(-err));
	return -1;
}

int cmd_spawn(int argc, char **argv)
{
	struct spawn s = { 0 };
	struct agentos_info info;
	struct fault f = { "" };
	char *program = NULL, **env = NULL;
	int status, parent, agent, attached = 0, err;
	uint64_t id = 0;

	spawn_usual(&s);
	status = spawn_options(&s, argc, argv);
	if (status || !s.under)
		return status;
	err = launch_check_stdio(&f);
	if (!err)
		err = launch_find(argv[optind], ctl_setting("PATH", "/usr/local/bin:/usr/bin:/bin"),
				  &program, &f);
	if (err) {
		ctl_complain("%s", f.text);
		return err == -ENOENT ? CTL_NOTFOUND : err == -EACCES ? CTL_NOEXEC : CTL_FAILED;
	}
	parent = spawn_parent(&s, &info);
	if (parent < 0) {
		free(program);
		return CTL_FAILED;
	}
	if (info.ret_state == AGENTOS_STATE_PAUSED)
		fprintf(stderr, "agentctl: %s is paused: the program begins when it is resumed\n",
			info.ret_name);
	agent = spawn_derive(&s, parent, &info, &id);
	close(parent);
	err = agent < 0 ? agent : spawn_environment(&s, &info, id, &env);
	if (err) {
		spawn_complain(&s, info.ret_name, err);
		free(program);
		return CTL_FAILED;
	}
	fflush(NULL);
	err = launch_exec(&(struct launch){ .path = program,
					    .argv = argv + optind,
					    .env = env,
					    .agent = agent,
					    .self = s.self },
			  &attached, &f);
	launch_environment_free(env);
	ctl_complain("%s", f.text);
	free(program);
	if (!attached)
		return err == -EUNATCH ? CTL_UNPROTECTED : CTL_FAILED;
	return err == -ENOENT ? CTL_NOTFOUND : CTL_NOEXEC;
}
