// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl run: checks all that can fail, has agentosd make the agent, joins it and becomes the program. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "ctl/ctl.h"
#include "ctl/upload.h"
#include "rpc/channel.h"
#include "super/launch.h"
#include "super/profile.h"

struct run {
	const char *policy_name;
	const char *workspace_option;
	const char *name_option;
	bool quiet;
	char **argv; /* the program's */
	char name[AGENTOS_NAME_SIZE];
	char *workspace;
	char *home;
	char *program;
	struct policy *policy;
	struct channel channel;
	struct control_run_reply made;
	int agent;
};

static const struct option options[] = {
	{ "policy", required_argument, NULL, 'p' },
	{ "name", required_argument, NULL, 'n' },
	{ "workspace", required_argument, NULL, 'w' },
	{ "quiet", no_argument, NULL, 'q' },
	{ 0 },
};

static int run_options(struct run *r, int argc, char **argv)
{
	int opt;

	opterr = 0;
	/* "+": what follows the program's name is the program's. */
	while ((opt = getopt_long(argc, argv, "+:", options, NULL)) != -1) {
		switch (opt) {
		case 'p':
			r->policy_name = optarg;
			break;
		case 'n':
			r->name_option = optarg;
			break;
		case 'w':
			r->workspace_option = optarg;
			break;
		case 'q':
			r->quiet = true;
			break;
		case ':':
			return ctl_usage("run", "an option lacks its value");
		default:
			return ctl_usage(
				"run",
				"unknown option; a program's own options come after its name");
		}
	}
	if (optind == argc)
		return ctl_usage("run",
				 "which program? For example: agentctl run -- python3 agent.py");
	r->argv = argv + optind;
	return CTL_OK;
}

/* NAME, or the program's own name, with what a name may not hold replaced, and our pid. */
static int run_name(struct run *r)
{
	const char *base = strrchr(r->argv[0], '/');
	char pid[16];
	size_t i, room;

	memset(r->name, 0, sizeof(r->name));
	if (r->name_option) {
		if (strlen(r->name_option) >= sizeof(r->name))
			return ctl_usage("run", "--name takes at most %d bytes",
					 AGENTOS_NAME_SIZE - 1);
		strcpy(r->name, r->name_option);
		if (control_check_name(r->name))
			return ctl_usage("run",
					 "--name takes printable ASCII without blanks and '/'");
		return CTL_OK;
	}
	base = base ? base + 1 : r->argv[0];
	snprintf(pid, sizeof(pid), "-%d", getpid());
	room = sizeof(r->name) - strlen(pid) - 1;
	for (i = 0; i < room && base[i]; i++)
		r->name[i] =
			strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-",
			       base[i]) ?
				base[i] :
				'_';
	strcpy(r->name + i, pid);
	return CTL_OK;
}

static int run_complain(int status, const struct fault *f)
{
	ctl_complain("%s", f->text);
	return status;
}

static int run_places(struct run *r)
{
	const char *wanted = r->workspace_option ? r->workspace_option : ".";
	const char *home = getenv("HOME");
	const struct passwd *user;
	struct stat st;
	char shown[512];

	r->workspace = realpath(wanted, NULL);
	if (!r->workspace || stat(r->workspace, &st) < 0 || !S_ISDIR(st.st_mode)) {
		escape_text(shown, sizeof(shown), wanted, strlen(wanted));
		ctl_complain("workspace %s: %s", shown,
			     r->workspace ? "is no directory" : strerror(errno));
		return CTL_FAILED;
	}
	if (!home || home[0] != '/') {
		user = getpwuid(getuid());
		home = user ? user->pw_dir : "/";
	}
	r->home = strdup(home);
	return r->home ? CTL_OK : CTL_FAILED;
}

static struct policy_vars run_vars(const struct run *r)
{
	return (struct policy_vars){ .workspace = r->workspace, .home = r->home, .agent = r->name };
}

static int run_policy(struct run *r)
{
	const struct policy_vars vars = run_vars(r);
	struct fault f = { "" };

	if (profile_load(r->policy_name, ctl_setting("AGENTOS_POLICY_PATH", CTL_POLICY_DIRS), &vars,
			 &r->policy, NULL, &f))
		return run_complain(CTL_INVALID, &f);
	return CTL_OK;
}

static int run_program(struct run *r)
{
	const char *path = getenv("PATH");
	struct fault f = { "out of memory" };
	int err = launch_find(r->argv[0], path ? path : "/usr/bin:/bin", &r->program, &f);

	if (!err && !launch_check_stdio(&f))
		return CTL_OK;
	return run_complain(err == -ENOENT || err == -ENOTDIR ? CTL_NOTFOUND :
			    err				      ? CTL_NOEXEC :
								CTL_FAILED,
			    &f);
}

static int run_connect(struct run *r)
{
	struct control_hello_reply hello;
	struct fault f = { "" };

	if (channel_open(ctl_setting("AGENTOS_CONTROL", CTL_SOCKET), &r->channel, &hello, &f))
		return run_complain(CTL_UNPROTECTED, &f);
	if (hello.enforcement.on)
		return CTL_OK;
	ctl_complain("enforcement is off, nothing was run: %s; see `agentctl doctor`",
		     hello.enforcement.text);
	return CTL_UNPROTECTED;
}

static int run_create(struct run *r, struct fault *f)
{
	struct control_run run = { .rights = r->policy->rights, .terms = r->policy->terms };
	struct channel_request request = { .header = &run.header,
					   .type = CONTROL_RUN,
					   .size = sizeof(run),
					   .reply = CONTROL_RUN_REPLY };
	union control_message reply;
	int err;

	memcpy(run.name, r->name, sizeof(run.name));
	err = channel_call(&r->channel, &request, &reply, &r->agent, f);
	if (!err)
		r->made = reply.run_reply;
	return err;
}

static int run_make(struct run *r)
{
	const struct policy_vars vars = run_vars(r);
	struct fault f = { "" };
	int status = CTL_FAILED, err;

	err = launch_directories(r->policy, &f);
	if (!err)
		err = upload_policy(&r->channel,
				    &(struct upload){ .policy = r->policy, .vars = &vars }, &status,
				    &f);
	if (!err) {
		err = run_create(r, &f);
		status = err == -EUNATCH ? CTL_UNPROTECTED : CTL_FAILED;
	}
	channel_close(&r->channel);
	return err ? run_complain(status, &f) : CTL_OK;
}

/* Returns only when it failed. */
static int run_become(struct run *r)
{
	struct fault f = { "" };
	int attached = 0, err;
	char **env;

	if (launch_environment(r->policy, environ,
			       &(struct launch_agent){ r->name, r->made.agent, r->made.denials },
			       &env)) {
		ctl_complain("out of memory");
		return CTL_FAILED;
	}
	if (!r->quiet && isatty(STDERR_FILENO))
		fprintf(stderr,
			"agentos: agent %s (%" PRIu64 ") under %s; agentctl audit --agent %" PRIu64
			" shows what it does\n",
			r->name, (uint64_t)r->made.agent, r->policy->name, (uint64_t)r->made.agent);
	fflush(NULL);
	err = launch_exec(&(struct launch){ .path = r->program,
					    .argv = r->argv,
					    .env = env,
					    .agent = r->agent,
					    .self = launch_self_access(r->policy->rights) },
			  &attached, &f);
	ctl_complain("%s", f.text);
	launch_environment_free(env);
	if (!attached)
		return err == -EUNATCH ? CTL_UNPROTECTED : CTL_FAILED;
	return err == -ENOENT ? CTL_NOTFOUND : CTL_NOEXEC;
}

int cmd_run(int argc, char **argv)
{
	static int (*const steps[])(struct run * r) = {
		run_name, run_places, run_policy, run_program, run_connect, run_make, run_become
	};
	struct run r = { .policy_name = "untrusted",
			 .channel = { .fd = -1 },
			 .agent = -1,
			 .argv = argv };
	int status = run_options(&r, argc, argv);
	size_t i;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]) && !status; i++)
		status = steps[i](&r);
	if (r.agent >= 0)
		close(r.agent);
	channel_close(&r.channel);
	policy_free(r.policy);
	free(r.program);
	free(r.workspace);
	free(r.home);
	return status;
}
