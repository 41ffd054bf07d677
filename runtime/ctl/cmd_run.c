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
#include "ctl/run.h"
#include "ctl/upload.h"
#include "rpc/channel.h"
#include "super/compile.h"
#include "super/launch.h"
#include "super/profile.h"

struct run {
	const struct run_request *request;
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
	{ "audit-only", no_argument, NULL, 'a' },
	{ "gate", no_argument, NULL, 'g' },
	{ 0 },
};

static int run_options(struct run_request *r, int argc, char **argv)
{
	int opt;

	opterr = 0;
	/* "+": what follows the program's name is the program's. */
	while ((opt = getopt_long(argc, argv, "+:", options, NULL)) != -1) {
		switch (opt) {
		case 'p':
			r->policy = optarg;
			break;
		case 'n':
			r->name = optarg;
			break;
		case 'w':
			r->workspace = optarg;
			break;
		case 'q':
			r->quiet = true;
			break;
		case 'a':
			r->audit_only = true;
			break;
		case 'g':
			r->gate = true;
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
	const char *program = r->request->argv[0], *base = strrchr(program, '/');
	char pid[16];
	size_t i, room;

	memset(r->name, 0, sizeof(r->name));
	if (r->request->name) {
		if (strlen(r->request->name) >= sizeof(r->name))
			return ctl_usage("run", "--name takes at most %d bytes",
					 AGENTOS_NAME_SIZE - 1);
		strcpy(r->name, r->request->name);
		if (control_check_name(r->name))
			return ctl_usage("run",
					 "--name takes printable ASCII without blanks and '/'");
		return CTL_OK;
	}
	base = base ? base + 1 : program;
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
	const char *wanted = r->request->workspace ? r->request->workspace : ".";
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
	const struct run_request *q = r->request;
	const struct policy_vars vars = run_vars(r);
	struct fault f = { "out of memory" };
	int err;

	if (q->policy_text)
		err = compile_policy(q->policy_text, strlen(q->policy_text), q->policy, &vars, NULL,
				     &r->policy, &f);
	else
		err = profile_load(q->policy, ctl_setting("AGENTOS_POLICY_PATH", CTL_POLICY_DIRS),
				   &vars, &r->policy, NULL, &f);
	return err ? run_complain(CTL_INVALID, &f) : CTL_OK;
}

static int run_find(struct run *r)
{
	const char *path = getenv("PATH");
	struct fault f = { "out of memory" };
	int err = launch_find(r->request->argv[0], path ? path : "/usr/bin:/bin", &r->program, &f);

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

	int err = r->request->gate ? channel_begin(LAUNCH_CONTROL_FD, &r->channel, &hello, &f) :
				     channel_open(ctl_setting("AGENTOS_CONTROL", CTL_SOCKET),
						  &r->channel, &hello, &f);

	if (err)
		return run_complain(CTL_UNPROTECTED, &f);
	if (hello.enforcement.on)
		return CTL_OK;
	ctl_complain("enforcement is off, nothing was run: %s; see `agentctl doctor`",
		     hello.enforcement.text);
	return CTL_UNPROTECTED;
}

static int run_create(struct run *r, struct fault *f)
{
	struct control_run run = {
		.rights = r->policy->rights,
		.flags = r->request->audit_only ? CONTROL_AUDIT_ONLY : 0,
		.terms = r->policy->terms,
	};
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

/* What it is, before it begins; a policy that is not enforced is told to whoever looks. */
static void run_tell(const struct run *r)
{
	const uint64_t id = r->made.agent;

	if (r->request->audit_only)
		fprintf(stderr,
			"agentctl: AUDIT-ONLY: agent %s (%" PRIu64 ") is not confined: what %s "
			"would refuse is done, and recorded\n",
			r->name, id, r->policy->name);
	else if (!r->request->quiet && isatty(STDERR_FILENO))
		fprintf(stderr,
			"agentos: agent %s (%" PRIu64 ") under %s; agentctl audit --agent %" PRIu64
			" shows what it does\n",
			r->name, id, r->policy->name, id);
	fflush(NULL);
}

/* Tells whoever wants to know which agent it is, and waits for leave to begin. */
static int run_report(const struct run *r)
{
	int made = r->request->made;
	char byte;

	if (made < 0 ||
	    (write(made, &r->made.agent, sizeof(r->made.agent)) == (ssize_t)sizeof(r->made.agent) &&
	     read(made, &byte, 1) == 1))
		return 0;
	ctl_complain("nothing was run: whoever was to watch it is gone");
	return -EPIPE;
}

/* Returns only when it failed. */
static int run_become(struct run *r)
{
	struct fault f = { "" };
	int attached = 0, err;
	char **env;

	if (launch_environment(
		    r->policy, environ,
		    &(struct launch_agent){ r->name, r->made.agent, r->made.denials,
					    r->made.gateway, r->made.token, r->made.socket },
		    &env)) {
		ctl_complain("out of memory");
		return CTL_FAILED;
	}
	run_tell(r);
	if (run_report(r)) {
		launch_environment_free(env);
		return CTL_FAILED;
	}
	err = launch_exec(&(struct launch){ .path = r->program,
					    .argv = r->request->argv,
					    .env = env,
					    .agent = r->agent,
					    .self = launch_self_access(r->policy->rights),
					    .gate = r->request->gate },
			  &attached, &f);
	ctl_complain("%s", f.text);
	launch_environment_free(env);
	if (!attached)
		return err == -EUNATCH ? CTL_UNPROTECTED : CTL_FAILED;
	return err == -ENOENT ? CTL_NOTFOUND : CTL_NOEXEC;
}

int run_program(const struct run_request *request)
{
	static int (*const steps[])(struct run * r) = {
		run_name, run_places, run_policy, run_find, run_connect, run_make, run_become
	};
	struct run r = { .request = request, .channel = { .fd = -1 }, .agent = -1 };
	int status = CTL_OK;
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

int cmd_run(int argc, char **argv)
{
	struct run_request request = { .policy = "untrusted", .made = -1, .argv = argv };
	int status = run_options(&request, argc, argv);

	return status ? status : run_program(&request);
}
