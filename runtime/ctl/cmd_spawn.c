// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl spawn: a sub-agent of one that there is, with no more than it has. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/select.h"
#include "lib/libagentos.h"
#include "super/launch.h"

struct spawn {
	const char *under, *name, *rights;
	uint64_t mask;
	uint32_t self; /* access to itself that the program gets */
	char full[AGENTOS_NAME_SIZE];
};

static int spawn_options(struct spawn *s, int argc, char **argv)
{
	static const struct option options[] = { { "under", required_argument, NULL, 'u' },
						 { "name", required_argument, NULL, 'n' },
						 { "rights", required_argument, NULL, 'r' },
						 { 0 } };
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
		default:
			return ctl_usage("spawn", "unknown option, or one without its value");
		}
	}
	if (!s->under)
		return ctl_usage("spawn", "needs --under AGENT");
	if (optind == argc)
		return ctl_usage("spawn", "takes a program to run");
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

/* What `agentctl run` says as well: what the program is now. */
static int spawn_environment(const struct spawn *s, uint64_t id)
{
	char number[24], fd[12];

	snprintf(number, sizeof(number), "%llu", (unsigned long long)id);
	snprintf(fd, sizeof(fd), "%d", LAUNCH_SELF_FD);
	unsetenv("AGENTOS_FD");
	if (setenv("AGENTOS_AGENT", s->full, 1) || setenv("AGENTOS_ID", number, 1))
		return -ENOMEM;
	return s->self && setenv("AGENTOS_FD", fd, 1) ? -ENOMEM : 0;
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
	char *program = NULL;
	int status = spawn_options(&s, argc, argv), parent, agent, attached = 0, err;
	uint64_t id = 0;

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
	agent = spawn_derive(&s, parent, &info, &id);
	close(parent);
	if (agent < 0 || spawn_environment(&s, id)) {
		spawn_complain(&s, info.ret_name, agent < 0 ? agent : -ENOMEM);
		free(program);
		return CTL_FAILED;
	}
	fflush(NULL);
	err = launch_exec(&(struct launch){ .path = program,
					    .argv = argv + optind,
					    .env = environ,
					    .agent = agent,
					    .self = s.self },
			  &attached, &f);
	ctl_complain("%s", f.text);
	free(program);
	if (!attached)
		return err == -EUNATCH ? CTL_UNPROTECTED : CTL_FAILED;
	return err == -ENOENT ? CTL_NOTFOUND : CTL_NOEXEC;
}
