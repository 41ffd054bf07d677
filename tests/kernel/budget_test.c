// SPDX-License-Identifier: GPL-2.0-or-later
/* Budgets: no limit passed by one unit, sums exact, what is reserved comes back. */
#include <pthread.h>
#include <time.h>

#include "stage.h"

#define TOKENS	AGENTOS_RESOURCE_TOKENS
#define DOLLARS AGENTOS_RESOURCE_MICRODOLLARS
#define NEVER	AGENTOS_BUDGET_UNLIMITED

static int derive(int parent, const char *name)
{
	struct agentos_derive derive = {
		.size = sizeof(derive),
		.rights = AGENTOS_RIGHT(FILE_READ) | AGENTOS_RIGHT(DERIVE),
		.access = AGENTOS_ACCESS_ALL,
	};
	int err;

	snprintf(derive.name, sizeof(derive.name), "%s", name);
	err = stage_call(parent, AGENTOS_AGENT_DERIVE, &derive);
	return err ?: derive.ret_fd;
}

static struct agentos_budget_set set_plan(uint32_t resource, uint64_t limit)
{
	return (struct agentos_budget_set){
		.size = sizeof(struct agentos_budget_set),
		.resource = resource,
		.limit = limit,
	};
}

static int limit(int agent, uint32_t resource, uint64_t amount)
{
	struct agentos_budget_set set = set_plan(resource, amount);

	return stage_call(agent, AGENTOS_AGENT_BUDGET_SET, &set);
}

static struct agentos_budget_get budget(int agent, uint32_t resource)
{
	struct agentos_budget_get get = { .size = sizeof(get), .resource = resource };

	if (stage_call(agent, AGENTOS_AGENT_BUDGET_GET, &get))
		memset(&get, 0xff, sizeof(get));
	return get;
}

static int reserve(int agent, uint32_t resource, uint64_t amount)
{
	struct agentos_reserve reserve_ = { sizeof(reserve_), resource, amount };

	return stage_call(agent, AGENTOS_AGENT_RESERVE, &reserve_);
}

static int settle(int agent, uint32_t resource, uint64_t reserved, uint64_t used)
{
	struct agentos_settle settle_ = { sizeof(settle_), resource, reserved, used };

	return stage_call(agent, AGENTOS_AGENT_SETTLE, &settle_);
}

#define CHECK_BUDGET(agent, resource, used_, reserved_)                   \
	do {                                                              \
		struct agentos_budget_get get_ = budget(agent, resource); \
		CHECK_INT(get_.ret_used, used_);                          \
		CHECK_INT(get_.ret_reserved, reserved_);                  \
	} while (0)

static void an_agent_begins_without_limits(void)
{
	int agent = stage_agent("b", NULL);
	uint32_t i;

	REQUIRE(agent >= 0);
	for (i = 0; i < AGENTOS_RESOURCE_COUNT; i++) {
		CHECK(budget(agent, i).ret_limit == NEVER);
		if (i >= AGENTOS_RESOURCE_CHARGED)
			continue;
		CHECK_BUDGET(agent, i, 0, 0);
		CHECK_INT(reserve(agent, i, 1ULL << 62), 0);
		CHECK_INT(settle(agent, i, 1ULL << 62, 5), 0);
		CHECK_BUDGET(agent, i, 5, 0);
	}
	close(agent);
	CHECK(stage_settle());
}

static void a_limit_is_met_exactly(void)
{
	int agent = stage_agent("b", NULL);

	REQUIRE(agent >= 0);
	CHECK_INT(limit(agent, TOKENS, 100), 0);
	CHECK_INT(reserve(agent, TOKENS, 101), -EDQUOT);
	CHECK_INT(reserve(agent, TOKENS, 60), 0);
	CHECK_INT(reserve(agent, TOKENS, 41), -EDQUOT);
	CHECK_INT(reserve(agent, TOKENS, 40), 0);
	CHECK_INT(reserve(agent, TOKENS, 1), -EDQUOT);
	CHECK_INT(reserve(agent, TOKENS, 0), 0);
	CHECK_BUDGET(agent, TOKENS, 0, 100);
	/* Another resource is another matter. */
	CHECK_INT(reserve(agent, DOLLARS, 1000), 0);
	CHECK_INT(settle(agent, TOKENS, 60, 10), 0);
	CHECK_INT(settle(agent, TOKENS, 40, 0), 0);
	CHECK_BUDGET(agent, TOKENS, 10, 0);
	CHECK_INT(reserve(agent, TOKENS, 91), -EDQUOT);
	CHECK_INT(reserve(agent, TOKENS, 90), 0);
	/* Dearer than thought: counted in full, and then nothing more. */
	CHECK_INT(settle(agent, TOKENS, 90, 200), 0);
	CHECK_BUDGET(agent, TOKENS, 210, 0);
	CHECK_INT(reserve(agent, TOKENS, 1), -EDQUOT);
	CHECK_INT(reserve(agent, TOKENS, 0), -EDQUOT);
	CHECK_INT(limit(agent, TOKENS, 211), 0);
	CHECK_INT(reserve(agent, TOKENS, 1), 0);
	CHECK_INT(limit(agent, TOKENS, 0), 0);
	CHECK_INT(reserve(agent, TOKENS, 0), -EDQUOT);
	close(agent);
	CHECK(stage_settle());
}

static void ancestors_pay_and_refuse(void)
{
	int fds[3];

	fds[0] = stage_agent("a", NULL);
	fds[1] = derive(fds[0], "a.b");
	fds[2] = derive(fds[1], "a.b.c");
	REQUIRE(fds[0] >= 0 && fds[1] >= 0 && fds[2] >= 0);
	CHECK_INT(limit(fds[0], TOKENS, 50), 0);
	CHECK_INT(limit(fds[2], TOKENS, 100), 0);
	CHECK_INT(reserve(fds[2], TOKENS, 51), -EDQUOT);
	/* Nothing of what was refused is left anywhere. */
	CHECK_BUDGET(fds[2], TOKENS, 0, 0);
	CHECK_BUDGET(fds[1], TOKENS, 0, 0);
	CHECK_BUDGET(fds[0], TOKENS, 0, 0);
	CHECK_INT(reserve(fds[2], TOKENS, 30), 0);
	CHECK_INT(reserve(fds[1], TOKENS, 21), -EDQUOT);
	CHECK_INT(reserve(fds[1], TOKENS, 20), 0);
	CHECK_BUDGET(fds[0], TOKENS, 0, 50);
	CHECK_BUDGET(fds[1], TOKENS, 0, 50);
	CHECK_BUDGET(fds[2], TOKENS, 0, 30);
	CHECK_INT(settle(fds[2], TOKENS, 30, 25), 0);
	CHECK_BUDGET(fds[0], TOKENS, 25, 20);
	CHECK_BUDGET(fds[1], TOKENS, 25, 20);
	CHECK_BUDGET(fds[2], TOKENS, 25, 0);
	/* An agent that is gone can still be charged for; its parents pay. */
	CHECK(stage_kill(fds[2]) >= 0);
	CHECK_INT(reserve(fds[2], TOKENS, 1), -ESRCH);
	CHECK_INT(limit(fds[2], TOKENS, 1), -ESRCH);
	CHECK_INT(settle(fds[2], TOKENS, 0, 1), 0);
	CHECK_BUDGET(fds[0], TOKENS, 26, 20);
	close(fds[2]);
	/* What a descriptor has reserved goes with it. */
	close(fds[1]);
	CHECK_BUDGET(fds[0], TOKENS, 26, 0);
	close(fds[0]);
	CHECK(stage_settle());
}

static void a_descriptor_settles_only_what_it_reserved(void)
{
	struct agentos_dup dup = { .size = sizeof(dup), .access = AGENTOS_ACCESS_CHARGE };
	int agent = stage_agent("d", NULL);

	REQUIRE(agent >= 0);
	REQUIRE(!stage_call(agent, AGENTOS_AGENT_DUP, &dup));
	CHECK_INT(reserve(agent, TOKENS, 10), 0);
	CHECK_INT(settle(dup.ret_fd, TOKENS, 1, 0), -EINVAL);
	CHECK_INT(settle(agent, TOKENS, 11, 0), -EINVAL);
	CHECK_INT(settle(agent, DOLLARS, 1, 0), -EINVAL);
	CHECK_BUDGET(agent, TOKENS, 0, 10);
	CHECK_INT(reserve(dup.ret_fd, TOKENS, 5), 0);
	CHECK_INT(settle(dup.ret_fd, TOKENS, 5, 7), 0);
	CHECK_INT(settle(agent, TOKENS, 10, 0), 0);
	CHECK_BUDGET(agent, TOKENS, 7, 0);
	/* It may charge and no more. */
	CHECK_INT(limit(dup.ret_fd, TOKENS, 1), -EACCES);
	close(dup.ret_fd);
	close(agent);
	CHECK(stage_settle());
}

static void counters_do_not_wrap(void)
{
	int agent = stage_agent("w", NULL);

	REQUIRE(agent >= 0);
	CHECK_INT(reserve(agent, TOKENS, NEVER), 0);
	CHECK_INT(reserve(agent, TOKENS, 1), -EOVERFLOW);
	CHECK_INT(settle(agent, TOKENS, NEVER, NEVER), 0);
	CHECK(budget(agent, TOKENS).ret_used == NEVER);
	CHECK_INT(reserve(agent, TOKENS, 1), -EOVERFLOW);
	CHECK_INT(settle(agent, TOKENS, 0, 1), 0);
	CHECK(budget(agent, TOKENS).ret_used == NEVER);
	CHECK_INT(limit(agent, TOKENS, NEVER - 1), 0);
	CHECK_INT(reserve(agent, TOKENS, 0), -EDQUOT);
	close(agent);
	CHECK(stage_settle());
}

static uint64_t boottime_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void a_new_period_begins_at_nothing(void)
{
	struct agentos_budget_set set = set_plan(TOKENS, 10);
	struct agentos_budget_get get;
	int agent = stage_agent("t", NULL), i;
	uint64_t reset;

	REQUIRE(agent >= 0);
	set.period_ns = 1000000000;
	set.reset_ns = boottime_ns() - 1;
	CHECK_INT(stage_call(agent, AGENTOS_AGENT_BUDGET_SET, &set), -EINVAL);
	set.reset_ns = 0;
	set.period_ns = NEVER;
	CHECK_INT(stage_call(agent, AGENTOS_AGENT_BUDGET_SET, &set), -EINVAL);
	set.period_ns = 0;
	set.reset_ns = boottime_ns() + 1000000000;
	CHECK_INT(stage_call(agent, AGENTOS_AGENT_BUDGET_SET, &set), -EINVAL);
	CHECK(budget(agent, TOKENS).ret_limit == NEVER);

	set.period_ns = 3000000000;
	reset = set.reset_ns = boottime_ns() + 2000000000;
	CHECK_INT(stage_call(agent, AGENTOS_AGENT_BUDGET_SET, &set), 0);
	CHECK_INT(reserve(agent, TOKENS, 10), 0);
	CHECK_INT(settle(agent, TOKENS, 6, 6), 0);
	CHECK_BUDGET(agent, TOKENS, 6, 4);
	CHECK_INT(reserve(agent, TOKENS, 1), -EDQUOT);
	for (i = 0; i < 500 && boottime_ns() <= reset; i++)
		usleep(20000);
	get = budget(agent, TOKENS);
	CHECK_INT(get.ret_used, 0);
	CHECK_INT(get.ret_reserved, 4);
	CHECK(get.ret_reset_ns > reset && (get.ret_reset_ns - reset) % set.period_ns == 0);
	/* What is settled after the reset belongs to the new period. */
	CHECK_INT(settle(agent, TOKENS, 4, 4), 0);
	CHECK_BUDGET(agent, TOKENS, 4, 0);
	CHECK_INT(reserve(agent, TOKENS, 6), 0);
	CHECK_INT(reserve(agent, TOKENS, 1), -EDQUOT);
	close(agent);
	CHECK(stage_settle());
}

/* The next BUDGET record of an agent: percent, or 0 when there is none. */
static int told(int device, uint64_t agent)
{
	struct agentos_lifecycle record;

	while (read(device, &record, sizeof(record)) == sizeof(record))
		if (record.type == AGENTOS_LIFECYCLE_BUDGET && record.agent == agent &&
		    record.resource == DOLLARS)
			return record.code;
	return 0;
}

static void events_come_at_80_and_100_percent_once(void)
{
	struct agentos_seek seek = { .size = sizeof(seek), .seq = AGENTOS_SEEK_END };
	int device = stage_open(O_RDWR | O_NONBLOCK), parent, child;
	uint64_t id = 0;

	REQUIRE(device >= 0 && !stage_call(device, AGENTOS_IOC_SEEK, &seek));
	parent = stage_agent("e", &id);
	child = derive(parent, "e.c");
	REQUIRE(parent >= 0 && child >= 0);
	CHECK_INT(limit(parent, DOLLARS, 1000), 0);
	CHECK_INT(settle(child, DOLLARS, 0, 799), 0);
	CHECK_INT(told(device, id), 0);
	CHECK_INT(settle(child, DOLLARS, 0, 1), 0);
	CHECK_INT(told(device, id), 80);
	CHECK_INT(settle(child, DOLLARS, 0, 100), 0);
	CHECK_INT(told(device, id), 0);
	CHECK_INT(settle(child, DOLLARS, 0, 100), 0);
	CHECK_INT(told(device, id), 100);
	CHECK_INT(settle(child, DOLLARS, 0, 100), 0);
	CHECK_INT(told(device, id), 0);
	/* Past both at once: the greater. A new limit is a new matter. */
	CHECK_INT(limit(parent, DOLLARS, 1100), 0);
	CHECK_INT(settle(child, DOLLARS, 0, 1), 0);
	CHECK_INT(told(device, id), 100);
	close(child);
	close(parent);
	close(device);
	CHECK(stage_settle());
}

static void a_budget_can_be_deadly(void)
{
	struct agentos_budget_set set = set_plan(TOKENS, 10);
	int parent = stage_agent("k", NULL), child;
	pid_t above, below;

	REQUIRE(parent >= 0);
	child = derive(parent, "k.c");
	REQUIRE(child >= 0);
	set.action = AGENTOS_BUDGET_KILL;
	CHECK_INT(stage_call(parent, AGENTOS_AGENT_BUDGET_SET, &set), 0);
	above = stage_spawn(parent, stage_sleep, NULL);
	below = stage_spawn(child, stage_sleep, NULL);
	CHECK_INT(settle(child, TOKENS, 0, 9), 0);
	CHECK_INT(stage_info(child).ret_state, AGENTOS_STATE_RUNNING);
	CHECK_INT(settle(child, TOKENS, 0, 1), 0);
	CHECK_INT(stage_status(above), 256 + SIGKILL);
	CHECK_INT(stage_status(below), 256 + SIGKILL);
	CHECK(stage_ended(parent));
	CHECK(stage_ended(child));
	CHECK_INT(stage_info(parent).ret_reason, AGENTOS_REASON_BUDGET);
	CHECK_INT(stage_info(child).ret_reason, AGENTOS_REASON_BUDGET);
	close(child);
	close(parent);
	CHECK(stage_settle());
}

/* From within the parent: errnos of a charge to its child, and of deriving to charge. */
static int charge_inside(void *arg)
{
	struct agentos_derive plan = {
		.size = sizeof(plan),
		.rights = AGENTOS_RIGHT(FILE_READ),
		.access = AGENTOS_ACCESS_ALL,
		.name = "payer.own.x",
	};
	int *fds = arg;

	if (settle(fds[1], TOKENS, 0, 1000) != -EPERM || reserve(fds[1], TOKENS, 1) != -EPERM ||
	    settle(fds[0], TOKENS, 0, 1000) != -EPERM || reserve(fds[0], TOKENS, 1) != -EPERM ||
	    settle(fds[2], TOKENS, 0, 1000) != -EPERM || reserve(fds[2], TOKENS, 1) != -EPERM)
		return 1;
	/* Control: who sells is an agent as well, of another family. */
	if (reserve(fds[3], TOKENS, 5) || settle(fds[3], TOKENS, 5, 7))
		return 5;
	if (stage_call(fds[0], AGENTOS_AGENT_DERIVE, &plan) != -EPERM)
		return 2;
	/* Control: what it may do there, and that it may derive. */
	if (limit(fds[1], TOKENS, 10))
		return 3;
	plan.access &= ~AGENTOS_ACCESS_CHARGE;
	return stage_call(fds[0], AGENTOS_AGENT_DERIVE, &plan) ? 4 : 0;
}

static void nobody_inside_charges_whom_he_draws_on(void)
{
	int above = stage_agent("payer", NULL), fds[4];

	REQUIRE(above >= 0);
	fds[0] = derive(above, "payer.own");
	REQUIRE(fds[0] >= 0);
	/* One below, one beside it, and a stranger. */
	fds[1] = derive(fds[0], "payer.own.c");
	fds[2] = derive(above, "payer.b");
	fds[3] = stage_agent("other", NULL);
	REQUIRE(fds[1] >= 0 && fds[2] >= 0 && fds[3] >= 0);
	CHECK_INT(stage_status(stage_spawn(fds[0], charge_inside, fds)), 0);
	CHECK_BUDGET(fds[0], TOKENS, 0, 0);
	CHECK_BUDGET(above, TOKENS, 0, 0);
	CHECK_BUDGET(fds[3], TOKENS, 7, 0);
	/* Control: from outside it can be charged. */
	CHECK_INT(settle(fds[1], TOKENS, 0, 1000), 0);
	CHECK_BUDGET(fds[0], TOKENS, 1000, 0);
	close(fds[3]);
	close(fds[2]);
	close(fds[1]);
	close(fds[0]);
	close(above);
	CHECK(stage_settle());
}

static void a_period_ends_before_the_end_of_time(void)
{
	struct agentos_budget_set set = set_plan(TOKENS, 10);
	int agent = stage_agent("period", NULL);
	struct timespec now;

	REQUIRE(agent >= 0);
	clock_gettime(CLOCK_BOOTTIME, &now);
	set.reset_ns = (now.tv_sec + 2) * 1000000000ULL;
	set.period_ns = UINT64_MAX;
	CHECK_INT(stage_call(agent, AGENTOS_AGENT_BUDGET_SET, &set), -EINVAL);
	set.period_ns = UINT64_MAX - set.reset_ns;
	CHECK_INT(stage_call(agent, AGENTOS_AGENT_BUDGET_SET, &set), 0);
	sleep(2);
	CHECK_INT(settle(agent, TOKENS, 0, 10), 0);
	CHECK_INT(reserve(agent, TOKENS, 1), -EDQUOT);
	CHECK_INT(budget(agent, TOKENS).ret_reset_ns, UINT64_MAX);
	close(agent);
	CHECK(stage_settle());
}

/* --- 64 threads over four levels --- */

#define THREADS 64
#define ROUNDS	200
#define ROOF	1000

static int levels[4];

struct worker {
	pthread_t thread;
	unsigned int seed;
	int agent;
	uint64_t used;
	unsigned int refused, odd;
};

static void *worker_run(void *cookie)
{
	struct worker *w = cookie;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		uint64_t amount = (uint64_t)rand_r(&w->seed) % 400, used;
		struct agentos_budget_get top;
		int err = reserve(w->agent, TOKENS, amount);

		if (err == -EDQUOT) {
			w->refused++;
			continue;
		}
		top = budget(levels[0], TOKENS);
		/* Not one unit, at any time. */
		if (err || top.ret_used + top.ret_reserved > ROOF)
			w->odd++;
		used = rand_r(&w->seed) % 20 ? 0 : 1;
		if (used > amount)
			used = amount;
		/* Others try while it is reserved. */
		sched_yield();
		if (settle(w->agent, TOKENS, amount, used))
			w->odd++;
		else
			w->used += used;
	}
	return NULL;
}

static void sixty_four_threads_never_pass_a_limit_and_sum_exactly(void)
{
	static struct worker workers[THREADS];
	uint64_t used[4] = { 0 };
	unsigned int refused = 0;
	int i, k;

	levels[0] = stage_agent("l", NULL);
	levels[1] = derive(levels[0], "l.l");
	levels[2] = derive(levels[1], "l.l.l");
	levels[3] = derive(levels[2], "l.l.l.l");
	for (i = 0; i < 4; i++)
		REQUIRE(levels[i] >= 0);
	CHECK_INT(limit(levels[0], TOKENS, ROOF), 0);
	CHECK_INT(limit(levels[2], TOKENS, ROOF / 2), 0);
	for (i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .seed = (unsigned int)i, .agent = levels[i % 4] };
		REQUIRE(!pthread_create(&workers[i].thread, NULL, worker_run, &workers[i]));
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		CHECK_INT(workers[i].odd, 0);
		refused += workers[i].refused;
		for (k = 0; k <= i % 4; k++)
			used[k] += workers[i].used;
	}
	/* Else the limits were never touched, and nothing was shown. */
	CHECK(refused > 0);
	for (k = 0; k < 4; k++)
		CHECK_BUDGET(levels[k], TOKENS, used[k], 0);
	for (i = 3; i >= 0; i--)
		close(levels[i]);
	CHECK(stage_settle());
}

static const struct tap_test tests[] = {
	TEST(an_agent_begins_without_limits),
	TEST(a_limit_is_met_exactly),
	TEST(ancestors_pay_and_refuse),
	TEST(a_descriptor_settles_only_what_it_reserved),
	TEST(counters_do_not_wrap),
	TEST(a_new_period_begins_at_nothing),
	TEST(events_come_at_80_and_100_percent_once),
	TEST(a_budget_can_be_deadly),
	TEST(nobody_inside_charges_whom_he_draws_on),
	TEST(a_period_ends_before_the_end_of_time),
	TEST(sixty_four_threads_never_pass_a_limit_and_sum_exactly),
};

STAGE_MAIN(tests, 110)
