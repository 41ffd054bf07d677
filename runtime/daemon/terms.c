// SPDX-License-Identifier: GPL-2.0-or-later
/* Limits, budgets and schedule, set on behalf of whoever asks. */
#include "daemon/terms.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "kern/cgroup.h"
#include "kern/device.h"

static int limits_begin(const struct terms_of *of, const struct compiled_limits *limits,
			struct fault *f)
{
	int procs, err;

	if (!cgroup_needed(limits))
		return 0;
	procs = cgroup_make(of->id, limits, f);
	if (procs < 0)
		return procs;
	err = agentos_agent_set_cgroup(of->agent, procs);
	close(procs);
	return err ? fault_set(f, -err, "the agent cannot have a cgroup: %s", strerror(-err)) : 0;
}

static int budgets_set(const struct daemon *d, const struct terms_of *of,
		       const struct compiled_budget *budgets, struct fault *f)
{
	const struct compiled_budget *net = &budgets[AGENTOS_RESOURCE_NET_BYTES];
	uint32_t i;
	int err;

	for (i = 0; i < AGENTOS_RESOURCE_COUNT; i++) {
		const struct agentos_limit limit = { .limit = budgets[i].limit,
						     .period_ns = budgets[i].period_ns,
						     .action = budgets[i].action };

		if (!budgets[i].given)
			continue;
		err = agentos_budget_limit(of->agent, i, &limit);
		if (err)
			return fault_set(f, -err, "budgets.%s cannot be set: %s",
					 agentos_resource_name(i), strerror(-err));
	}
	/* Whoever has a limit gets no socket until packets are counted. */
	if (net->given && net->limit != AGENTOS_BUDGET_UNLIMITED)
		return enforce_count(d->enforce, f);
	return 0;
}

/*
 * CAP_SYS_NICE lets the module make threads more important than they are. It is
 * put aside while that is asked for somebody who has it not.
 */
static int sched_as(uid_t uid, int agent, const struct agentos_sched_options *o)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct own[_LINUX_CAPABILITY_U32S_3], less[_LINUX_CAPABILITY_U32S_3];
	int err;

	if (uid == 0)
		return agentos_agent_sched(agent, o, NULL);
	if (syscall(SYS_capget, &head, own))
		return -errno;
	memcpy(less, own, sizeof(less));
	less[CAP_TO_INDEX(CAP_SYS_NICE)].effective &= ~CAP_TO_MASK(CAP_SYS_NICE);
	if (syscall(SYS_capset, &head, less))
		return -errno;
	err = agentos_agent_sched(agent, o, NULL);
	if (syscall(SYS_capset, &head, own) && !err)
		err = -errno;
	return err;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

static int schedule_set(const struct terms_of *of, const struct compiled_schedule *s,
			struct fault *f)
{
	struct agentos_sched_options o;
	struct agentos_info info;
	int err;

	if (!s->given)
		return 0;
	err = agentos_agent_info(of->agent, &info);
	if (!err) {
		o = (struct agentos_sched_options){ .criticality = info.ret_criticality,
						    .phase = info.ret_phase,
						    .deadline_ns = info.ret_deadline_ns,
						    .efficiency = info.ret_efficiency,
						    .cost = info.ret_cost };
		if (s->given & COMPILED_CRITICALITY)
			o.criticality = s->criticality;
		if (s->given & COMPILED_PHASE)
			o.phase = s->phase;
		if (s->given & COMPILED_EFFICIENCY)
			o.efficiency = s->efficiency;
		if (s->given & COMPILED_COST)
			o.cost = s->cost;
		if (s->given & COMPILED_DEADLINE)
			o.deadline_ns = now_ns() + s->deadline_ns;
		/* One that has passed is none to the module. */
		else if (o.deadline_ns <= now_ns())
			o.deadline_ns = 0;
		err = sched_as(of->uid, of->agent, &o);
	}
	if (err == -EPERM)
		return fault_set(f, EPERM, "schedule.criticality: only root may set one above %d",
				 AGENTOS_CRITICALITY_START);
	return err ? fault_set(f, -err, "the schedule cannot be set: %s", strerror(-err)) : 0;
}

int terms_begin(const struct daemon *d, const struct terms_of *of, const struct compiled_terms *t,
		struct fault *f)
{
	int err = budgets_set(d, of, t->budgets, f);

	if (!err)
		err = schedule_set(of, &t->schedule, f);
	/* Last: what is made for it lies in the file system. */
	if (!err)
		err = limits_begin(of, &t->limits, f);
	return err;
}

int terms_check(const struct terms_of *of, const struct compiled_terms *t, struct fault *f)
{
	struct agentos_info info;
	int err;

	if (t->schedule.criticality > AGENTOS_CRITICALITY_START && of->uid != 0)
		return fault_set(f, EPERM, "schedule.criticality: only root may set one above %d",
				 AGENTOS_CRITICALITY_START);
	err = cgroup_prepare(of->id, &t->limits, f);
	if (err != -ENOENT)
		return err;
	if (!agentos_agent_info(of->agent, &info) && info.ret_parent)
		return fault_set(f, EINVAL,
				 "the policy has limits, and those of a sub-agent are those of the "
				 "agent at the top of its family: apply it to that one");
	return fault_set(f, EINVAL,
			 "the policy has limits, and an agent that was started without any has no "
			 "cgroup: start it anew, or take them out");
}

int terms_exchange(const struct daemon *d, const struct terms_of *of,
		   const struct compiled_terms *t, struct fault *f)
{
	int err = cgroup_limit(of->id, &t->limits, f);

	if (!err)
		err = budgets_set(d, of, t->budgets, f);
	if (!err)
		err = schedule_set(of, &t->schedule, f);
	return err;
}
