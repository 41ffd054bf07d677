// SPDX-License-Identifier: GPL-2.0-only
/* Reserve, settle, release and charge along an agent's ancestry. */
#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/cpumask.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/overflow.h>

#include "agent.h"
#include "budget.h"
#include "lifecycle.h"
#include "member.h"
#include "meter.h"
#include "settle.h"

static atomic_t net_limited = ATOMIC_INIT(0);

void budgets_init(struct budgets *budgets)
{
	u32 i;

	spin_lock_init(&budgets->lock);
	for (i = 0; i < AGENTOS_RESOURCE_COUNT; i++) {
		budgets->of[i].limit = AGENTOS_BUDGET_UNLIMITED;
		budgets->of[i].mark = U64_MAX;
	}
}

static bool budget_net_is_limited(const struct budgets *budgets)
{
	return budgets->of[AGENTOS_RESOURCE_NET_BYTES].limit != AGENTOS_BUDGET_UNLIMITED;
}

void budgets_release(struct budgets *budgets)
{
	atomic_sub(budget_net_is_limited(budgets), &net_limited);
}

u32 budget_net_limited(void)
{
	return atomic_read(&net_limited);
}

/* In this period. Under the lock. */
static u64 budget_used(const struct agent *agent, u32 resource)
{
	const struct budget *budget = &agent->budgets.of[resource];

	switch (resource) {
	case AGENTOS_RESOURCE_CPU_NS:
		return atomic64_read(&agent->cpu_total) - budget->used;
	case AGENTOS_RESOURCE_WALL_NS:
		return ktime_get_boottime_ns() - agent->created_ns;
	default:
		return budget->used;
	}
}

/* So many percent were told of: where is the next to be? Under the lock. */
static void budget_told(struct budget *budget, u8 percent)
{
	budget->told = percent;
	if (percent == 100 || budget->limit == AGENTOS_BUDGET_UNLIMITED)
		budget->mark = U64_MAX;
	else
		budget->mark = percent ? budget->limit : budget->limit - div_u64(budget->limit, 5);
}

/* Nothing is used up, nobody has been told. Under the lock. */
static void budget_renew(struct agent *agent, u32 resource)
{
	budget_told(&agent->budgets.of[resource], 0);
	agent->budgets.exhausted &= ~BIT(resource);
}

static noinline void budget_roll_over(struct agent *agent, u32 resource)
{
	struct budget *budget = &agent->budgets.of[resource];
	u64 now = ktime_get_boottime_ns(), began = budget->reset_ns, periods;

	if (now < began)
		return;
	periods = div64_u64(now - began, budget->period_ns) + 1;
	if (check_mul_overflow(periods, budget->period_ns, &budget->reset_ns) ||
	    check_add_overflow(began, budget->reset_ns, &budget->reset_ns))
		budget->reset_ns = U64_MAX;
	budget->used = resource == AGENTOS_RESOURCE_CPU_NS ? atomic64_read(&agent->cpu_total) : 0;
	budget_renew(agent, resource);
}

/* Begins a new period when the old one is over. Under the lock. */
static inline void budget_roll(struct agent *agent, u32 resource)
{
	if (unlikely(agent->budgets.of[resource].period_ns))
		budget_roll_over(agent, resource);
}

int budget_set(struct agent *agent, const struct agentos_budget_set *set)
{
	struct budget *budget = &agent->budgets.of[set->resource];
	u64 now = ktime_get_boottime_ns(), reset = set->reset_ns, end;

	if (set->period_ns && !reset && check_add_overflow(now, set->period_ns, &reset))
		return -EINVAL;
	if (set->period_ns && reset <= now)
		return -EINVAL;
	if (set->period_ns && check_add_overflow(reset, set->period_ns, &end))
		return -EINVAL;
	if (agent_over(agent))
		return -ESRCH;
	spin_lock(&agent->budgets.lock);
	budget_roll(agent, set->resource);
	atomic_sub(budget_net_is_limited(&agent->budgets), &net_limited);
	budget->limit = set->limit;
	atomic_add(budget_net_is_limited(&agent->budgets), &net_limited);
	budget->period_ns = set->period_ns;
	budget->reset_ns = reset;
	budget->action = set->action;
	budget_renew(agent, set->resource);
	spin_unlock(&agent->budgets.lock);
	if (set->resource >= AGENTOS_RESOURCE_CHARGED && set->limit != AGENTOS_BUDGET_UNLIMITED)
		meter_arm(agent);
	return 0;
}

void budget_get(struct agent *agent, struct agentos_budget_get *get)
{
	struct budget *budget = &agent->budgets.of[get->resource];

	if (get->resource == AGENTOS_RESOURCE_CPU_NS)
		meter_collect_family(agent);
	spin_lock(&agent->budgets.lock);
	budget_roll(agent, get->resource);
	get->ret_limit = budget->limit;
	get->ret_used = budget_used(agent, get->resource);
	get->ret_reserved = budget->reserved;
	get->ret_period_ns = budget->period_ns;
	get->ret_reset_ns = budget->reset_ns;
	get->ret_action = budget->action;
	spin_unlock(&agent->budgets.lock);
}

u64 budget_left(const struct agent *agent, u32 resource)
{
	const struct budget *budget = &agent->budgets.of[resource];
	u64 limit = READ_ONCE(budget->limit), used = READ_ONCE(budget->used), spent;

	if (limit == AGENTOS_BUDGET_UNLIMITED)
		return U64_MAX;
	if (READ_ONCE(budget->period_ns) && ktime_get_boottime_ns() >= READ_ONCE(budget->reset_ns))
		used = 0;
	if (check_add_overflow(used, READ_ONCE(budget->reserved), &spent))
		return 0;
	return limit - min(spent, limit);
}

static int budget_reserve_one(struct agent *agent, u32 resource, u64 amount)
{
	struct budget *budget = &agent->budgets.of[resource];
	u64 reserved, sum;
	int err = 0;

	spin_lock(&agent->budgets.lock);
	budget_roll(agent, resource);
	if (check_add_overflow(budget->reserved, amount, &reserved) ||
	    check_add_overflow(budget->used, reserved, &sum))
		err = -EOVERFLOW;
	else if (sum > budget->limit || agent->budgets.exhausted)
		err = -EDQUOT;
	else
		budget->reserved = reserved;
	spin_unlock(&agent->budgets.lock);
	return err;
}

int budget_reserve(struct agent *agent, u32 resource, u64 amount)
{
	struct agent *at, *failed;
	int err = 0;

	if (READ_ONCE(agent->state) >= AGENTOS_STATE_EXITING)
		return -ESRCH;
	for (at = agent; at; at = at->parent) {
		err = budget_reserve_one(at, resource, amount);
		if (err)
			break;
	}
	failed = at;
	for (at = agent; err && at != failed; at = at->parent) {
		spin_lock(&at->budgets.lock);
		at->budgets.of[resource].reserved -= amount;
		spin_unlock(&at->budgets.lock);
	}
	return err;
}

/* What is to be done about it, once the lock is not held any more. */
struct reached {
	u8 percent; /* 0: nothing new */
	u32 action;
};

/* The percentage that has been reached and nobody was told of yet. Under the lock. */
static struct reached budget_reached(struct agent *agent, u32 resource)
{
	struct budget *budget = &agent->budgets.of[resource];
	struct reached reached = { .action = AGENTOS_BUDGET_REFUSE };
	u64 used = budget_used(agent, resource);

	if (used < budget->mark || budget->limit == AGENTOS_BUDGET_UNLIMITED || budget->told == 100)
		return reached;
	reached.percent = used >= budget->limit ? 100 : 80;
	budget_told(budget, reached.percent);
	if (reached.percent == 100) {
		reached.action = budget->action;
		if (resource >= AGENTOS_RESOURCE_CHARGED)
			agent->budgets.exhausted |= BIT(resource);
	}
	return reached;
}

/* May sleep. */
static void budget_act(struct agent *agent, u32 resource, struct reached reached)
{
	u32 ignored;

	if (reached.percent)
		lifecycle_note_budget(agent, resource, reached.percent);
	/* Who cannot be paused does not go on. */
	if (reached.action == AGENTOS_BUDGET_PAUSE &&
	    settle_pause(agent, AGENTOS_REASON_BUDGET, &ignored))
		reached.action = AGENTOS_BUDGET_KILL;
	if (reached.action == AGENTOS_BUDGET_KILL)
		member_kill_family(agent, AGENTOS_REASON_BUDGET);
}

static void budget_settle_one(struct agent *agent, u32 resource, u64 reserved, u64 used)
{
	struct budget *budget = &agent->budgets.of[resource];
	struct reached reached = { 0 };

	spin_lock(&agent->budgets.lock);
	budget_roll(agent, resource);
	budget->reserved -= reserved;
	if (check_add_overflow(budget->used, used, &budget->used))
		budget->used = U64_MAX;
	if (unlikely(budget->used >= budget->mark))
		reached = budget_reached(agent, resource);
	spin_unlock(&agent->budgets.lock);
	if (unlikely(reached.percent))
		budget_act(agent, resource, reached);
}

void budget_settle(struct agent *agent, u32 resource, u64 reserved, u64 used)
{
	for (; agent; agent = agent->parent)
		budget_settle_one(agent, resource, reserved, used);
}

/* One limit of time. Nanoseconds until it can be reached at the soonest. */
static u64 budget_look_one(struct agent *agent, u32 resource)
{
	struct budget *budget = &agent->budgets.of[resource];
	struct reached reached;
	u64 left = U64_MAX, used;

	spin_lock(&agent->budgets.lock);
	budget_roll(agent, resource);
	reached = budget_reached(agent, resource);
	if (budget->limit != AGENTOS_BUDGET_UNLIMITED && budget->told < 100) {
		used = budget_used(agent, resource);
		left = budget->limit - min(used, budget->limit);
		/* On all processors at once it is used up that much sooner. */
		if (resource == AGENTOS_RESOURCE_CPU_NS)
			left = div_u64(left, num_online_cpus());
	}
	spin_unlock(&agent->budgets.lock);
	if (reached.percent)
		budget_act(agent, resource, reached);
	return left;
}

u64 budget_look(struct agent *agent)
{
	u64 cpu, wall;

	if (READ_ONCE(agent->budgets.of[AGENTOS_RESOURCE_CPU_NS].limit) != AGENTOS_BUDGET_UNLIMITED)
		meter_collect_family(agent);
	cpu = budget_look_one(agent, AGENTOS_RESOURCE_CPU_NS);
	wall = budget_look_one(agent, AGENTOS_RESOURCE_WALL_NS);
	return min(cpu, wall);
}
