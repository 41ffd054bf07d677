// SPDX-License-Identifier: GPL-2.0-or-later
/* The self-test: a child joins a throw-away agent, and each hook must refuse it one act. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kern/device.h"
#include "kern/enforce_state.h"
#include "kern/probe.h"

#define SELFTEST_NAME	 "agentos-selftest"
#define SELFTEST_WAIT_MS 10000 /* for one act; emulated machines are slow */

/* The agents that act: what they may do is what the acts need to reach their hook. */
struct cast {
	const char *name;
	uint64_t rights;
	enum probe_cast cast;
};

static const struct cast casts[] = {
	/* Root's capabilities come first in many system calls: without them most hooks stay unasked. */
	{ SELFTEST_NAME "-hooks",
	  AGENTOS_RIGHT(CAPABILITIES) | AGENTOS_RIGHT(FILE_READ) | AGENTOS_RIGHT(FILE_WRITE) |
		  AGENTOS_RIGHT(FILE_EXEC),
	  PROBE_CAPABLE },
	{ SELFTEST_NAME "-capable", AGENTOS_RIGHT(FILE_READ), PROBE_PLAIN },
	{ SELFTEST_NAME "-uring", AGENTOS_RIGHT(IO_URING) | AGENTOS_RIGHT(CAPABILITIES),
	  PROBE_URING },
	{ SELFTEST_NAME "-limited", AGENTOS_RIGHT(NET_CONNECT) | AGENTOS_RIGHT(NET_LISTEN),
	  PROBE_LIMITED },
	{ SELFTEST_NAME "-starts", AGENTOS_RIGHT(FILE_EXEC), PROBE_STARTS },
};

/* What the child tells of one act. */
struct outcome {
	int index; /* of the probe; -1: it could not begin, error says why */
	int error; /* errno it saw, 0 for success; -1: there is nothing to refuse here */
};

/* In the child. Never returns. */
static void act_out(int agent, int pipe, const struct cast *cast, const struct probe_stage *stage)
{
	struct outcome outcome = { .index = -1 };
	int i, done;
	char go;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Whatever a mount probe might achieve, it achieves in here. */
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)) {
		outcome.error = errno;
		goto cannot;
	}
	outcome.error = -agentos_agent_attach(agent);
	if (outcome.error)
		goto cannot;
	for (i = 0; probes[i].act; i++) {
		if (probes[i].cast != cast->cast)
			continue;
		if (read(pipe, &go, 1) != 1)
			_exit(1);
		errno = 0;
		outcome.index = i;
		done = probes[i].act(stage);
		outcome.error = done < 0 ? errno : done == PROBE_NONE ? -1 : 0;
		if (write(pipe, &outcome, sizeof(outcome)) != sizeof(outcome))
			_exit(1);
	}
	_exit(0);

cannot:
	if (write(pipe, &outcome, sizeof(outcome)) < 0)
		_exit(1);
	_exit(1);
}

/* One act: go, outcome, and whether the hook's own counter moved. -ENOSYS: PROBE_NONE */
static int judge(const struct enforce *e, int pipe, const struct probe *probe, int index)
{
	struct agentos_hook_count before, after;
	struct pollfd poller = { .fd = pipe, .events = POLLIN };
	struct outcome outcome;
	int err;

	err = enforce_hook_count(e, probe->hook, &before);
	if (err)
		return err;
	if (write(pipe, "g", 1) != 1)
		return -EPIPE;
	if (poll(&poller, 1, SELFTEST_WAIT_MS) != 1)
		return -ETIMEDOUT;
	if (read(pipe, &outcome, sizeof(outcome)) != sizeof(outcome))
		return -EPIPE;
	if (outcome.index != index)
		return outcome.error ? -outcome.error : -EPROTO;
	if (outcome.error < 0)
		return -ENOSYS;
	err = enforce_hook_count(e, probe->hook, &after);
	if (err)
		return err;
	/* The counter says that this hook refused; the errno, that the act failed for it. */
	if (after.denied == before.denied)
		return outcome.error ? -ENOMSG : -EKEYREJECTED;
	return outcome.error == probe->expected ? 0 : -EKEYREJECTED;
}

/* What a cast's acts need rules for: each address may be reached and taken; the stage's programs run. */
static int policy_for(struct enforce *e, const struct cast *cast, const struct probe_stage *stage,
		      uint32_t *ret_policy)
{
	struct agentos_policy_net any = { .port_last = UINT16_MAX, .allow = AGENTOS_NET_ALL };
	struct agentos_policy_rule run = { .fd = stage->dir_fd, .allow = AGENTOS_FILE_EXEC };
	int err;

	if (cast->cast != PROBE_LIMITED && cast->cast != PROBE_STARTS)
		return 0;
	err = agentos_dev_policy_new(e->dev, ret_policy);
	if (err)
		return err;
	any.policy = run.policy = *ret_policy;
	any.family = AF_INET;
	err = cast->cast == PROBE_LIMITED ? agentos_dev_policy_net(e->dev, &any) :
					    agentos_dev_policy_rule(e->dev, &run);
	if (err)
		agentos_dev_policy_drop(e->dev, *ret_policy);
	return err;
}

static int run_cast(struct enforce *e, const struct cast *cast, const struct probe_stage *stage,
		    void (*each)(enum agentos_hook hook, int result, const char *what,
				 void *cookie),
		    void *cookie, int *ret_unproved, struct fault *f)
{
	struct agentos_create_options create = {
		.name = cast->name,
		/* We read no ring while we wait for it. */
		.flags = AGENTOS_CREATE_UNHELD,
		.rights = cast->rights,
		.access = AGENTOS_ACCESS_ALL,
		.owner = getuid(),
	};
	int pair[2], agent, status, i, err;
	uint64_t id;
	pid_t child;

	err = policy_for(e, cast, stage, &create.policy);
	if (err)
		return fault_set(f, -err, "no policy for the self-test: %s", strerror(-err));
	agent = agentos_dev_create(e->dev, &create, &id);
	if (agent < 0) {
		if (create.policy)
			agentos_dev_policy_drop(e->dev, create.policy);
		return fault_set(f, -agent, "no agent for the self-test: %s", strerror(-agent));
	}
	err = cast->cast == PROBE_LIMITED ?
		      agentos_budget_limit(agent, AGENTOS_RESOURCE_NET_BYTES,
					   &(struct agentos_limit){ .limit = 0 }) :
		      0;
	if (err) {
		fault_set(f, -err, "self-test: no limit can be set: %s", strerror(-err));
		goto close_agent;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		err = fault_set(f, errno, "self-test: %s", strerror(errno));
		goto close_agent;
	}
	child = fork();
	if (child == 0) {
		close(pair[0]);
		act_out(agent, pair[1], cast, stage);
	}
	close(pair[1]);
	if (child < 0) {
		err = fault_set(f, errno, "self-test: %s", strerror(errno));
		goto close_pair;
	}
	err = 0;
	for (i = 0; probes[i].act; i++) {
		int result;

		if (probes[i].cast != cast->cast)
			continue;
		result = err ? err : judge(e, pair[0], &probes[i], i);
		/* A child that is gone answers no later question. */
		if (result == -EPIPE || result == -ETIMEDOUT || result == -EUNATCH)
			err = result;
		if (result && result != -ENOSYS)
			(*ret_unproved)++;
		each(probes[i].hook, result, probes[i].what, cookie);
	}
	if (err)
		fault_set(f, -err, "the self-test ended early: %s", strerror(-err));
	agentos_agent_kill(agent, NULL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	traffic_forget(e, id);
close_pair:
	close(pair[0]);
close_agent:
	agentos_agent_kill(agent, NULL);
	close(agent);
	/* While it is used still, it stays for the sweep that agentosd does of all such. */
	if (create.policy)
		agentos_dev_policy_drop(e->dev, create.policy);
	return err;
}

int enforce_selftest(struct enforce *e,
		     void (*each)(enum agentos_hook hook, int result, const char *what,
				  void *cookie),
		     void *cookie, struct fault *f)
{
	struct probe_stage stage;
	int unproved = 0, err;
	size_t i;

	err = enforce_count(e, f);
	if (!err)
		err = probe_stage_open(&stage, f);
	if (err)
		return err;
	for (i = 0; !err && i < sizeof(casts) / sizeof(casts[0]); i++)
		err = run_cast(e, &casts[i], &stage, each, cookie, &unproved, f);
	probe_stage_close(&stage);
	if (!err && unproved)
		err = fault_set(f, EUNATCH, "%d acts were not refused as they must be", unproved);
	return err;
}
