// SPDX-License-Identifier: GPL-2.0-or-later
/* AGENTOS_AGENT_POLICY: who follows another policy after it, and what they keep of their rights. */
#include <pthread.h>

#include "stage.h"

#define READ  AGENTOS_RIGHT(FILE_READ)
#define WRITE AGENTOS_RIGHT(FILE_WRITE)

static uint32_t policy_new(void)
{
	struct agentos_policy_new policy = { .size = sizeof(policy) };

	return stage_call(stage_device, AGENTOS_IOC_POLICY_NEW, &policy) ? 0 : policy.ret_policy;
}

static int policy_drop(uint32_t policy)
{
	struct agentos_policy_drop drop = { .size = sizeof(drop), .policy = policy };

	return stage_call(stage_device, AGENTOS_IOC_POLICY_DROP, &drop);
}

static int set_policy(int agent, uint32_t policy, uint64_t rights,
		      struct agentos_agent_policy *ret_set)
{
	*ret_set = (struct agentos_agent_policy){ .size = sizeof(*ret_set),
						  .policy = policy,
						  .rights = rights };
	return stage_call(agent, AGENTOS_AGENT_POLICY, ret_set);
}

static int create(const char *name, uint32_t policy)
{
	struct agentos_create plan = stage_plan(name);

	plan.policy = policy;
	return stage_call(stage_device, AGENTOS_IOC_CREATE, &plan) ?: plan.ret_fd;
}

/* policy: 0 for the parent's. */
static int derive(int parent, const char *name, uint64_t rights, uint32_t policy)
{
	struct agentos_derive plan = {
		.size = sizeof(plan),
		.rights = rights,
		.policy = policy,
		.access = AGENTOS_ACCESS_ALL,
	};

	snprintf(plan.name, sizeof(plan.name), "%s", name);
	return stage_call(parent, AGENTOS_AGENT_DERIVE, &plan) ?: plan.ret_fd;
}

static uint32_t follows(int agent)
{
	return stage_info(agent).ret_policy;
}

static void the_family_that_shared_it_goes_along(void)
{
	uint32_t first = policy_new(), second = policy_new(), other = policy_new();
	int top = create("a", first), below = derive(top, "a.b", READ | WRITE, 0);
	int apart = derive(top, "a.c", READ, other), under = derive(apart, "a.c.d", READ, first);
	int stranger = create("s", first);
	struct agentos_agent_policy set;

	REQUIRE(top >= 0 && below >= 0 && apart >= 0 && under >= 0 && stranger >= 0);
	CHECK_INT(policy_drop(first), -EBUSY);
	CHECK_INT(set_policy(top, second, AGENTOS_RIGHTS_ALL, &set), 0);
	CHECK_INT(set.ret_before, first);
	CHECK_INT(set.ret_agents, 3);
	CHECK_INT(set.ret_rights, AGENTOS_RIGHTS_ALL);
	CHECK_INT(follows(top), second);
	CHECK_INT(follows(below), second);
	CHECK_INT(follows(apart), other);
	CHECK_INT(follows(under), second);
	CHECK_INT(follows(stranger), first);
	/* Who is derived from now on is held to it as well. */
	close(below);
	below = derive(top, "a.e", READ, 0);
	CHECK_INT(follows(below), second);

	/* The stranger uses the old one still, and after it nobody. */
	CHECK_INT(policy_drop(first), -EBUSY);
	CHECK_INT(set_policy(stranger, other, AGENTOS_RIGHTS_ALL, &set), 0);
	CHECK_INT(policy_drop(first), 0);
	CHECK_INT(policy_drop(second), -EBUSY);
	CHECK_INT(policy_drop(other), -EBUSY);
	/* Again the same: nothing to do, and nothing is lost of it. */
	CHECK_INT(set_policy(top, second, AGENTOS_RIGHTS_ALL, &set), 0);
	CHECK_INT(set.ret_before, second);
	CHECK_INT(policy_drop(second), -EBUSY);
	close(below);
	close(under);
	close(apart);
	close(top);
	close(stranger);
	CHECK(stage_settle());
	CHECK_INT(policy_drop(second), 0);
	CHECK_INT(policy_drop(other), 0);
	CHECK_INT(stage_version().ret_policies, 0);
}

static void rights_are_narrowed_never_given(void)
{
	uint32_t first = policy_new(), second = policy_new();
	int top = create("a", first), below = derive(top, "a.b", READ | WRITE, 0);
	struct agentos_agent_policy set;

	REQUIRE(top >= 0 && below >= 0);
	CHECK_INT(stage_restrict(top, READ | WRITE), 0);
	CHECK_INT(set_policy(top, second, READ | AGENTOS_RIGHT(MOUNT), &set), 0);
	CHECK_INT(set.ret_rights, READ);
	CHECK_INT(stage_info(top).ret_rights, READ);
	CHECK_INT(stage_info(below).ret_rights, READ);
	CHECK_INT(set_policy(top, first, AGENTOS_RIGHTS_ALL, &set), 0);
	CHECK_INT(set.ret_rights, READ);
	CHECK_INT(stage_info(top).ret_rights, READ);
	/* Nothing would be left: then the policy stays as well. */
	CHECK_INT(set_policy(top, second, WRITE, &set), -EINVAL);
	CHECK_INT(follows(top), first);
	CHECK_INT(stage_info(top).ret_rights, READ);
	CHECK_INT(policy_drop(second), 0);
	close(below);
	close(top);
	CHECK(stage_settle());
	CHECK_INT(policy_drop(first), 0);
}

static void from_none_to_one(void)
{
	uint32_t policy = policy_new();
	int top = create("a", 0), below = derive(top, "a.b", READ, 0);
	struct agentos_agent_policy set;

	REQUIRE(top >= 0 && below >= 0);
	CHECK_INT(set_policy(top, policy, AGENTOS_RIGHTS_ALL, &set), 0);
	CHECK_INT(set.ret_before, 0);
	CHECK_INT(set.ret_agents, 2);
	CHECK_INT(follows(below), policy);
	CHECK_INT(policy_drop(policy), -EBUSY);
	close(below);
	close(top);
	CHECK(stage_settle());
	CHECK_INT(policy_drop(policy), 0);
}

static void what_is_recorded_changes_with_it(void)
{
	uint32_t policy = policy_new();
	int top = create("a", 0), below = derive(top, "a.b", READ, 0);
	struct agentos_agent_policy set = { .size = sizeof(set),
					    .flags = AGENTOS_CREATE_RECORD_ALLOWED,
					    .rights = AGENTOS_RIGHTS_ALL,
					    .policy = policy };
	uint32_t flags = AGENTOS_CREATE_UNENFORCED;

	REQUIRE(top >= 0 && below >= 0);
	CHECK_INT(stage_call(top, AGENTOS_AGENT_POLICY, &set), 0);
	CHECK_INT(stage_info(top).ret_flags, flags | AGENTOS_CREATE_RECORD_ALLOWED);
	CHECK_INT(stage_info(below).ret_flags, flags | AGENTOS_CREATE_RECORD_ALLOWED);
	set.flags = 0;
	CHECK_INT(stage_call(top, AGENTOS_AGENT_POLICY, &set), 0);
	CHECK_INT(stage_info(top).ret_flags, flags);
	CHECK_INT(stage_info(below).ret_flags, flags);
	close(below);
	close(top);
	CHECK(stage_settle());
	CHECK_INT(policy_drop(policy), 0);
}

static void each_that_changes_is_recorded(void)
{
	struct agentos_seek seek = { .size = sizeof(seek), .seq = AGENTOS_SEEK_END };
	uint32_t first = policy_new(), second = policy_new();
	int reader = stage_open(O_RDONLY | O_NONBLOCK), i;
	int top = create("a", first), below = derive(top, "a.b", READ, 0);
	struct agentos_lifecycle records[4];
	struct agentos_agent_policy set;

	REQUIRE(reader >= 0 && below >= 0);
	REQUIRE(!stage_call(reader, AGENTOS_IOC_SEEK, &seek));
	CHECK_INT(set_policy(top, second, AGENTOS_RIGHTS_ALL, &set), 0);
	CHECK_INT(read(reader, records, sizeof(records)), 2 * sizeof(records[0]));
	for (i = 0; i < 2; i++) {
		CHECK_INT(records[i].type, AGENTOS_LIFECYCLE_POLICY);
		CHECK_INT(records[i].agent, stage_info(i ? below : top).ret_id);
		CHECK_INT(records[i].policy, second);
		CHECK_INT(records[i].code, first);
		CHECK_INT(records[i].tgid, getpid());
	}
	/* Refused: no record. */
	CHECK_INT(set_policy(top, 1U << 30, READ, &set), -ENOENT);
	CHECK_INT(read(reader, records, sizeof(records)), -1);
	CHECK_INT(errno, EAGAIN);
	close(reader);
	close(below);
	close(top);
	CHECK(stage_settle());
	CHECK_INT(policy_drop(first), 0);
	CHECK_INT(policy_drop(second), 0);
}

static int ask(void *arg)
{
	struct agentos_agent_policy set;
	int *args = arg;

	return -set_policy(args[0], args[1], AGENTOS_RIGHTS_ALL, &set);
}

static int ask_as_demo(void *arg)
{
	return setgid(STAGE_GROUP_GID) || setuid(STAGE_DEMO_UID) ? 99 : ask(arg);
}

static void only_root_outside_may(void)
{
	uint32_t policy = policy_new();
	int top = create("a", policy), inside = create("i", 0);
	int args[] = { top, policy };

	REQUIRE(top >= 0 && inside >= 0);
	CHECK_INT(stage_status(stage_fork(ask_as_demo, args)), EPERM);
	CHECK_INT(stage_status(stage_spawn(inside, ask, args)), EPERM);
	CHECK_INT(stage_status(stage_spawn(top, ask, args)), EPERM);
	args[0] = inside;
	CHECK(stage_ended(inside) && stage_ended(top));
	close(inside);
	close(top);
	top = create("a", 0);
	args[0] = top;
	CHECK_INT(stage_status(stage_fork(ask, args)), 0);
	close(top);
	CHECK(stage_settle());
	CHECK_INT(policy_drop(policy), 0);
}

static int end(void *arg)
{
	return 0;
}

static void what_is_over_follows_nothing_new(void)
{
	uint32_t first = policy_new(), second = policy_new();
	int top = create("a", first), below = derive(top, "a.b", READ, 0);
	struct agentos_agent_policy set;
	int alone = create("b", first);
	pid_t pid;

	REQUIRE(top >= 0 && below >= 0 && alone >= 0);
	CHECK_INT(stage_kill(alone), 0);
	CHECK_INT(set_policy(alone, second, AGENTOS_RIGHTS_ALL, &set), -ESRCH);
	/* It exits; what was derived from it does not, and is asked by itself. */
	pid = stage_spawn(top, end, NULL);
	CHECK_INT(stage_status(pid), 0);
	CHECK(stage_ended(top));
	CHECK_INT(set_policy(top, second, READ, &set), -ESRCH);
	CHECK_INT(follows(below), first);
	CHECK_INT(set_policy(below, second, AGENTOS_RIGHTS_ALL, &set), 0);
	CHECK_INT(set.ret_before, first);
	CHECK_INT(set.ret_agents, 1);
	CHECK_INT(follows(top), first);
	CHECK_INT(follows(below), second);
	CHECK_INT(policy_drop(first), 0);
	close(below);
	close(alone);
	close(top);
	CHECK(stage_settle());
	CHECK_INT(policy_drop(second), 0);
}

#define ROUNDS 300
static int family, stop;

static void *derive_always(void *arg)
{
	char name[32];
	unsigned long made = 0;
	int fd;

	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		snprintf(name, sizeof(name), "a.%lx", (unsigned long)arg);
		fd = derive(family, name, READ, 0);
		/* The one before is still looked at. */
		if (fd == -EEXIST)
			continue;
		if (fd < 0)
			return (void *)-1UL;
		made++;
		close(fd);
	}
	return (void *)made;
}

/* Each child has the policy that its parent has once the exchange is over, whenever it came. */
static void who_is_derived_meanwhile_is_not_left_behind(void)
{
	uint32_t policies[] = { policy_new(), policy_new() };
	struct agentos_enumerate list = { .size = sizeof(list), .kind = AGENTOS_ENUMERATE_AGENTS };
	struct agentos_agent_policy set;
	pthread_t threads[2];
	uint64_t ids[8];
	uint32_t i, k;
	void *made;

	stop = 0;
	family = create("a", policies[0]);
	REQUIRE(family >= 0);
	for (i = 0; i < 2; i++)
		REQUIRE(!pthread_create(&threads[i], NULL, derive_always, (void *)(i + 1UL)));
	for (i = 1; i <= ROUNDS; i++) {
		CHECK_INT(set_policy(family, policies[i % 2], AGENTOS_RIGHTS_ALL, &set), 0);
		list.ids = (uintptr_t)ids;
		list.count = 8;
		CHECK_INT(stage_call(stage_device, AGENTOS_IOC_ENUMERATE, &list), 0);
		for (k = 0; k < list.ret_count; k++) {
			int fd = stage_reopen(stage_device, ids[k], AGENTOS_ACCESS_INSPECT);

			if (fd >= 0)
				CHECK_INT(follows(fd), policies[i % 2]);
			close(fd);
		}
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	for (i = 0; i < 2; i++) {
		pthread_join(threads[i], &made);
		CHECK(made && made != (void *)-1UL);
	}
	close(family);
	CHECK(stage_settle());
	CHECK_INT(policy_drop(policies[0]), 0);
	CHECK_INT(policy_drop(policies[1]), 0);
}

static const struct tap_test tests[] = {
	TEST(the_family_that_shared_it_goes_along),
	TEST(rights_are_narrowed_never_given),
	TEST(from_none_to_one),
	TEST(what_is_recorded_changes_with_it),
	TEST(each_that_changes_is_recorded),
	TEST(only_root_outside_may),
	TEST(what_is_over_follows_nothing_new),
	TEST(who_is_derived_meanwhile_is_not_left_behind),
};

STAGE_MAIN(tests, 110)
