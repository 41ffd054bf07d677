// SPDX-License-Identifier: GPL-2.0-or-later
/* From agentosd to the gateway's user: nothing of root's is left when agentctl begins. */
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/gateway_state.h"
#include "daemon/say.h"
#include "rpc/channel.h"
#include "rpc/gate.h"
#include "super/launch.h"

/* Beside this program, where it was built, or where it is installed: DIR or DIR/../bin. */
static int program_find(const char *name, char path[PATH_MAX])
{
	static const char *const places[] = { "%.*s/%s", "%.*s/../bin/%s",
					      "%.*s/../lib/agentos/%s" };
	char own[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", own, sizeof(own) - 1);
	const char *slash;
	size_t i;

	if (len <= 0)
		return -1;
	own[len] = '\0';
	slash = strrchr(own, '/');
	for (i = 0; slash && i < sizeof(places) / sizeof(places[0]); i++) {
		/* NOLINTNEXTLINE(clang-diagnostic-format-nonliteral) */
		if (snprintf(path, PATH_MAX, places[i], (int)(slash - own), own, name) < PATH_MAX &&
		    access(path, X_OK) == 0)
			return 0;
	}
	return -1;
}

static void child_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	signal(SIGHUP, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* 0 to 2, GATE_FD and agentctl's way to us, and nothing else. */
static int child_descriptors(int gate, int control)
{
	int null = open("/dev/null", O_RDWR);

	/* Out of each other's way first. */
	gate = fcntl(gate, F_DUPFD, LAUNCH_CONTROL_FD + 1);
	control = fcntl(control, F_DUPFD, LAUNCH_CONTROL_FD + 1);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 || gate < 0 ||
	    dup2(gate, GATE_FD) < 0 || control < 0 || dup2(control, LAUNCH_CONTROL_FD) < 0)
		return -1;
	return close_range(LAUNCH_CONTROL_FD + 1, ~0U, 0);
}

/*
 * The control socket is the group's: connected to as the user, whom it will tell,
 * with that group, which is given up at once. *ret_control: the connection.
 */
static int child_privileges(const struct gateway *g, const char *path, int *ret_control)
{
	struct fault f;
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	unsigned long cap;

	if (fd < 0 || write(fd, "0", 1) != 1)
		return -1;
	close(fd);
	for (cap = 0; prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0; cap++)
		;
	if (setgroups(0, NULL) < 0 || setresgid(g->gid, g->daemon->group, g->gid) < 0 ||
	    setresuid(g->uid, g->uid, g->uid) < 0)
		return -1;
	*ret_control = channel_connect(path, &f);
	if (*ret_control < 0 || setresgid(g->gid, g->gid, g->gid) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	/* What could not be given up. */
	return setuid(0) == 0 || setegid(g->daemon->group) == 0 ? -1 : 0;
}

void gateway_become(const struct gateway *g, int gate)
{
	const struct daemon_options *o = &g->daemon->options;
	const char *policies = getenv("AGENTOS_POLICY_PATH");
	char agentctl[PATH_MAX], program[PATH_MAX], control[PATH_MAX], path[PATH_MAX];
	char workspace[PATH_MAX], *slash;
	char *env[] = { "HOME=/", "PATH=/usr/bin:/bin", NULL, NULL };
	int to_us = -1;
	char *argv[] = { "agentctl", "run",	"--policy",    (char *)o->gateway_policy,
			 "--name",   "gateway", "--workspace", workspace,
			 "--quiet",  "--gate",	"--",	       program,
			 NULL };

	child_signals();
	umask(022);
	if (program_find("agentctl", agentctl) ||
	    (o->gateway_program ? snprintf(program, sizeof(program), "%s", o->gateway_program) >=
					  (int)sizeof(program) :
				  program_find("agentos-gateway", program))) {
		say("the gateway cannot be started: agentctl or agentos-gateway is not installed");
		_exit(127);
	}
	/* Where the program is, so that its policy can name it. */
	snprintf(workspace, sizeof(workspace), "%s", program);
	slash = strrchr(workspace, '/');
	if (slash && slash != workspace)
		*slash = '\0';
	else
		snprintf(workspace, sizeof(workspace), "/");
	snprintf(control, sizeof(control), "%s/control.sock", o->run_dir);
	if (policies) {
		snprintf(path, sizeof(path), "AGENTOS_POLICY_PATH=%s", policies);
		env[2] = path;
	}
	setsid();
	if (chdir("/") < 0 || child_privileges(g, control, &to_us) ||
	    child_descriptors(gate, to_us)) {
		say("the gateway cannot be started: privileges cannot be given up");
		_exit(126);
	}
	execve(agentctl, argv, env);
	say("the gateway cannot be started: agentctl cannot be executed");
	_exit(127);
}
