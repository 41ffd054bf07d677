// SPDX-License-Identifier: GPL-2.0-only
/* Reserve, settle, release and charge along an agent's ancestry. */
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/overflow.h>

#include "agent.h"
#include "budget.h"
#include "lifecycle.h"
#include "member.h"

void budgets_init(struct budgets *budgets)
{
	u32 i;

	spin_lock_init(&budgets->lock);
	for (i = 0; i < AGENTOS_RESOURCE_COUNT; i++)
		budgets->of[i].limit = AGENTOS_BUDGET_UNLIMITED;
}

/* Begins a new period when the old one is over. Under the lock. */
static void budget_roll(struct budget *budget)
{
	u64 now;

	if (!budget->period_ns)
		return;
	now = ktime_get_boottime_ns();
	if (now < budget->reset_ns)
		return;
	budget->reset_ns += (div64_u64(now - budget->reset_ns, budget->period_ns) + 1) *
			    budget->period_ns;
	budget->used = 0;
	budget->told = 0;
}

int budget_set(struct agent *agent, const struct agentos_budget_set *set)
{
	struct budget *budget = &agent->budgets.of[set->resource];
	u64 now = ktime_get_boottime_ns(), reset = set->reset_ns;

	if (set->period_ns && !reset && check_add_overflow(now, set->period_ns, &reset))
		return -EINVAL;
	if (set->period_ns && reset <= now)
		return -EINVAL;
	if (READ_ONCE(agent->state) >= AGENTOS_STATE_EXITING)
		return -ESRCH;
	spin_lock(&agent->budgets.lock);
	budget_roll(budget);
	budget->limit = set->limit;
	budget->period_ns = set->period_ns;
	budget->reset_ns = reset;
	budget->action = set->action;
	budget->told = 0;
	spin_unlock(&agent->budgets.lock);
	return 0;
}

void budget_get(struct agent *agent, struct agentos_budget_get *get)
{
	struct budget *budget = &agent->budgets.of[get->resource];

	spin_lock(&agent->budgets.lock);
	budget_roll(budget);
	get->ret_limit = budget->limit;
	get->ret_used = budget->used;
	get->ret_reserved = budget->reserved;
	get->ret_period_ns = budget->period_ns;
	get->ret_reset_ns = budget->reset_ns;
	get->ret_action = budget->action;
	spin_unlock(&agent->budgets.lock);
}

static int budget_reserve_one(struct agent *agent, u32 resource, u64 amount)
{
	struct budget *budget = &agent->budgets.of[resource];
	u64 reserved, sum;
	int err = 0;

	spin_lock(&agent->budgets.lock);
	budget_roll(budget);
	if (check_add_overflow(budget->reserved, amount, &reserved) ||
	    check_add_overflow(budget->used, reserved, &sum))
		err = -EOVERFLOW;
	else if (sum > budget->limit)
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

/* The percentage that `used` has reached and nobody was told of yet, or 0. Under the lock. */
static u8 budget_reached(struct budget *budget)
{
	u8 percent = 0;

	if (budget->limit == AGENTOS_BUDGET_UNLIMITED)
		return 0;
	if (budget->used >= budget->limit)
		percent = 100;
	else if (budget->used >= budget->limit - div_u64(budget->limit, 5))
		percent = 80;
	if (percent <= budget->told)
		return 0;
	budget->told = percent;
	return percent;
}

static void budget_settle_one(struct agent *agent, u32 resource, u64 reserved, u64 used)
{
	struct budget *budget = &agent->budgets.of[resource];
	bool kills = false;
	u8 percent;

	spin_lock(&agent->budgets.lock);
	budget_roll(budget);
	budget->reserved -= reserved;
	if (check_add_overflow(budget->used, used, &budget->used))
		budget->used = U64_MAX;
	percent = budget_reached(budget);
	if (percent == 100)
		kills = budget->action == AGENTOS_BUDGET_KILL;
	spin_unlock(&agent->budgets.lock);
	if (percent)
		lifecycle_note_budget(agent, resource, percent);
	if (kills)
		member_kill_family(agent, AGENTOS_REASON_BUDGET);
}

void budget_settle(struct agent *agent, u32 resource, u64 reserved, u64 used)
{
	for (; agent; agent = agent->parent)
		budget_settle_one(agent, resource, reserved, used);
}
