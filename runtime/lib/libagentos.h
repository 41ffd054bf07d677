/* SPDX-License-Identifier: MIT */
/* libagentos: agents from C. One function for each command of /dev/agentos, without state of its own. */
#ifndef LIBAGENTOS_H
#define LIBAGENTOS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "agentos.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Rules that hold for all functions
 *
 * - A negative return is a negative errno. What each means is said where the
 *   command is described, in agentos.h and agentos_agent.h; -EINVAL also stands
 *   for a name that does not fit. Nothing was changed then, and no ret_*
 *   argument was written, unless it is said.
 * - Functions that make a descriptor return it. It is close-on-exec, and the
 *   caller's to close().
 * - None of them keeps anything, allocates memory or starts threads: all may be
 *   called from several threads at once, and after fork().
 * - `agent` is an agent descriptor with the access that the command asks for.
 * - ret_ arguments may be NULL where it is said, and nowhere else.
 *
 * A program in an agent of its own:
 *
 *	struct agentos_derive_options o = {
 *		.name = "coder.tests",
 *		.rights = AGENTOS_RIGHT(FILE_READ) | AGENTOS_RIGHT(FILE_EXEC),
 *		.access = AGENTOS_ACCESS_INSPECT | AGENTOS_ACCESS_ATTACH,
 *	};
 *	int agent = agentos_agent_derive(parent, &o, NULL);
 *	pid_t pid = agent < 0 ? -1 : fork();
 *
 *	if (pid == 0) {
 *		if (!agentos_agent_attach(agent))
 *			execv(path, argv);
 *		_exit(126);
 *	}
 *	waitpid(pid, &status, 0);
 *	agentos_agent_wait(agent, -1);
 */

/* --- the device --- */

/*
 * Opens /dev/agentos. flags: O_RDWR, O_NONBLOCK; close-on-exec is added.
 * -ENOENT or -ENXIO the module is not loaded; -EACCES neither root nor in the
 * group agentos; -EPERM the caller is in an agent; -EPROTO the module speaks
 * another ABI than this library was built for
 */
int agentos_dev_open(int flags);

int agentos_dev_version(int dev, struct agentos_version *ret_version);

struct agentos_create_options {
	const char *name; /* 1 to 63 bytes */
	uint64_t rights;  /* AGENTOS_RIGHT(...), or AGENTOS_RIGHTS_ALL */
	uint32_t policy;  /* 0: none */
	uint32_t access;  /* AGENTOS_ACCESS_*, of the descriptor */
	uid_t owner;
	uint32_t flags; /* AGENTOS_CREATE_* */
};

/* Returns a descriptor of the new agent. ret_id may be NULL. */
int agentos_dev_create(int dev, const struct agentos_create_options *o, uint64_t *ret_id);

/* Returns a descriptor of an agent that exists. access: AGENTOS_ACCESS_*. */
int agentos_dev_agent(int dev, uint64_t id, uint32_t access);

/* start: from agentos_start_time(), or 0 for whichever process has the pid now. */
int agentos_dev_identify(int dev, pid_t pid, uint64_t start, uint64_t *ret_id);

/*
 * Fills ids, which has room for count, with those greater than `after`,
 * ascending. kind: AGENTOS_ENUMERATE_*. Returns how many: less than count, and
 * there are no more.
 */
int agentos_dev_enumerate(int dev, uint32_t kind, uint64_t after, uint64_t *ids, uint32_t count);

/* Where read() on the device goes on: see AGENTOS_IOC_SEEK. */
int agentos_dev_seek(int dev, uint64_t seq);

/* One lifecycle record. 1; 0 when there is none and dev is O_NONBLOCK. */
int agentos_dev_read(int dev, struct agentos_lifecycle *ret_record);

int agentos_dev_policy_new(int dev, uint32_t *ret_policy);
/* The same, with rights for want of which an agent is killed, or an act only recorded. */
int agentos_dev_policy_begin(int dev, uint64_t kill, uint64_t watch, uint32_t *ret_policy);
/* rule: all but its size set by the caller; answered in place. */
int agentos_dev_policy_rule(int dev, struct agentos_policy_rule *rule);
int agentos_dev_policy_net(int dev, const struct agentos_policy_net *rule);
int agentos_dev_policy_drop(int dev, uint32_t policy);

/*
 * Where agents' calls are remembered, 127.0.0.1:port and the Unix socket `listener`; 0 and
 * -1: nowhere. See AGENTOS_IOC_GATEWAY.
 */
int agentos_dev_gateway(int dev, uint16_t port, int listener);
/* Who connected the other end of this accepted socket. See AGENTOS_IOC_CALLER. */
int agentos_dev_caller(int dev, int fd, struct agentos_caller *ret_caller);
/* One more denial of the agent's, which no hook saw. See AGENTOS_IOC_DENIED. */
int agentos_dev_denied(int dev, uint64_t agent);
/* The denials' ring has been read up to there. See AGENTOS_IOC_DRAINED. */
int agentos_dev_drained(int dev, uint64_t consumed);

/* Field 22 of /proc/PID/stat: together with pid it names one process. -ESRCH */
int agentos_start_time(pid_t pid, uint64_t *ret_start);

/* --- an agent --- */

/* The calling process joins, and cannot leave: before exec, with one thread. */
int agentos_agent_attach(int agent);

/* What the kernel holds about it; the name ends in NUL. */
int agentos_agent_info(int agent, struct agentos_info *ret_info);

/*
 * Waits until the agent has exited, at most timeout_ms (-1: for ever). That is
 * when its last process is gone: one that is dead is there until its parent has
 * waited for it. Needs INSPECT. -ETIMEDOUT; -EACCES; -EINTR
 */
int agentos_agent_wait(int agent, int timeout_ms);

/* Another descriptor, which can do no more than `access`. */
int agentos_agent_dup(int agent, uint32_t access);

struct agentos_derive_options {
	const char *name; /* the parent's, a dot, and more */
	uint64_t rights;  /* a subset of the parent's */
	uint32_t policy;  /* 0: the parent's */
	uint32_t access;  /* AGENTOS_ACCESS_*, of the descriptor */
	uint32_t flags;	  /* AGENTOS_CREATE_* */
};

/* Returns a descriptor of the new sub-agent. ret_id may be NULL. */
int agentos_agent_derive(int agent, const struct agentos_derive_options *o, uint64_t *ret_id);

/* rights &= mask, of all descendants as well. ret_rights (may be NULL): what is left. */
int agentos_agent_restrict(int agent, uint64_t mask, uint64_t *ret_rights);

/*
 * Follows another policy from now on, with those below it that followed the
 * same. set: its flags, rights and policy; size and the answers are filled in.
 */
int agentos_agent_set_policy(int agent, struct agentos_agent_policy *set);

/* procs: a cgroup.procs, open for writing. Whoever joins is moved into that cgroup. */
int agentos_agent_set_cgroup(int agent, int procs);

/* flags: AGENTOS_REVOKE_HARD. ret_agents (may be NULL): agents that lost their rights. */
int agentos_agent_revoke(int agent, uint32_t flags, uint32_t *ret_agents);

/* ret_tasks (may be NULL): processes that were signalled. */
int agentos_agent_kill(int agent, uint32_t *ret_tasks);

/* Likewise. flags: AGENTOS_KILL_POLICY; -EPERM without CAP_SYS_ADMIN. */
int agentos_agent_kill_as(int agent, uint32_t flags, uint32_t *ret_tasks);

/* ret_threads (may be NULL): threads that were told; INFO says how many are held. */
int agentos_agent_pause(int agent, uint32_t *ret_threads);
int agentos_agent_resume(int agent);

struct agentos_sched_options {
	uint32_t criticality; /* 0..100; AGENTOS_CRITICALITY_START is as if never set */
	uint32_t phase;	      /* enum agentos_phase */
	uint64_t deadline_ns; /* CLOCK_BOOTTIME; 0: none */
	uint32_t efficiency;  /* 16.16 fixed point */
	uint32_t cost;	      /* 16.16 fixed point */
};

/* ret_nice (may be NULL): what it comes to. */
int agentos_agent_sched(int agent, const struct agentos_sched_options *o, int *ret_nice);

/* --- budgets --- */

struct agentos_limit {
	uint64_t limit;	    /* AGENTOS_BUDGET_UNLIMITED: none */
	uint64_t period_ns; /* 0: used up for good */
	uint64_t reset_ns;  /* CLOCK_BOOTTIME; 0: a period from now */
	uint32_t action;    /* enum agentos_budget_action */
};

/* resource: enum agentos_resource. */
int agentos_budget_limit(int agent, uint32_t resource, const struct agentos_limit *limit);
int agentos_budget_read(int agent, uint32_t resource, struct agentos_budget_get *ret_budget);
int agentos_budget_reserve(int agent, uint32_t resource, uint64_t amount);
/* reserved: what this descriptor has reserved and now gives back; used: what it was. */
int agentos_budget_settle(int agent, uint32_t resource, uint64_t reserved, uint64_t used);

/* --- mailboxes --- */

/* Return an end of the agent's mailbox. flags: AGENTOS_MAIL_NONBLOCK. */
int agentos_mail_sender(int agent, uint32_t flags);
int agentos_mail_receiver(int agent, uint32_t flags);

/* The whole of it, or nothing. len: 1..AGENTOS_MESSAGE_MAX. */
int agentos_mail_send(int sender, const void *text, size_t len);

/*
 * Takes one message. Returns its length, at most size. 0: the agent has ended
 * and nothing is left. -EMSGSIZE it is longer than size, and stays; -EAGAIN
 * there is none, and the end is not to wait; -EMSGSIZE also when size is above
 * AGENTOS_MESSAGE_MAX
 */
ssize_t agentos_mail_receive(int receiver, struct agentos_message *ret_head, void *text,
			     size_t size);

/* --- names --- */

/* The name of a right by bit number, a resource, what comes at a budget's end, a phase or a state; NULL when there is none. */
const char *agentos_right_name(unsigned int bit);
const char *agentos_resource_name(unsigned int resource);
const char *agentos_action_name(unsigned int action);
const char *agentos_phase_name(unsigned int phase);
const char *agentos_state_name(unsigned int state);

/* The number for a name, or -EINVAL. */
int agentos_right_number(const char *name);
int agentos_resource_number(const char *name);
int agentos_action_number(const char *name);
int agentos_phase_number(const char *name);

#ifdef __cplusplus
}
#endif

#endif
