// SPDX-License-Identifier: GPL-2.0-or-later
/* Sub-agents: AGENTOS_RIGHT(DERIVE), descriptors that can do less, what parents take and kill. */
#include <stddef.h>
#include <sys/resource.h>

#include "stage.h"

#define SOME (AGENTOS_RIGHT(FILE_READ) | AGENTOS_RIGHT(FILE_EXEC) | AGENTOS_RIGHT(DERIVE))

static struct agentos_derive derive_plan(const char *name)
{
	struct agentos_derive derive = {
		.size = sizeof(derive),
		.rights = SOME,
		.access = AGENTOS_ACCESS_ALL & ~AGENTOS_ACCESS_CHARGE,
	};

	snprintf(derive.name, sizeof(derive.name), "%s", name);
	return derive;
}

/* A sub-agent's descriptor, or a negative errno. */
static int derive_with(int parent, const char *name, uint64_t rights)
{
	struct agentos_derive derive = derive_plan(name);
	int err;

	derive.rights = rights;
	err = stage_call(parent, AGENTOS_AGENT_DERIVE, &derive);
	return err ?: derive.ret_fd;
}

static int derive(int parent, const char *name)
{
	return derive_with(parent, name, SOME);
}

/* A descriptor that can do less, or a negative errno. */
static int narrow(int agent, uint32_t access)
{
	struct agentos_dup dup = { .size = sizeof(dup), .access = access };
	int err = stage_call(agent, AGENTOS_AGENT_DUP, &dup);

	return err ?: dup.ret_fd;
}

/* How many agents lost their rights, or a negative errno. */
static int revoke_all(int agent, uint32_t flags)
{
	struct agentos_revoke revoke = { .size = sizeof(revoke), .flags = flags };
	int err = stage_call(agent, AGENTOS_AGENT_REVOKE, &revoke);

	return err ?: (int)revoke.ret_agents;
}

static void close_all(const int *fds, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		close(fds[i]);
}

/* --- descriptors --- */

static void a_duplicate_can_do_less_and_never_more(void)
{
	int agent = stage_agent("dup", NULL), seen, fd;
	struct agentos_info info = { .size = sizeof(info) };

	REQUIRE(agent >= 0);
	seen = narrow(agent, AGENTOS_ACCESS_INSPECT);
	REQUIRE(seen >= 0);
	CHECK_INT(fcntl(seen, F_GETFD), FD_CLOEXEC);
	CHECK_INT(stage_info(seen).ret_id, stage_info(agent).ret_id);
	CHECK_INT(stage_kill(seen), -EACCES);
	CHECK_INT(stage_restrict(seen, SOME), -EACCES);
	CHECK_INT(derive(seen, "dup.child"), -EACCES);
	CHECK_INT(revoke_all(seen, 0), -EACCES);
	CHECK_INT(narrow(seen, AGENTOS_ACCESS_ALL), -EACCES);
	CHECK_INT(narrow(seen, AGENTOS_ACCESS_INSPECT | AGENTOS_ACCESS_CONTROL), -EACCES);
	CHECK_INT(narrow(seen, 0), -EINVAL);
	CHECK_INT(narrow(agent, AGENTOS_ACCESS_ALL + 1), -EINVAL);
	fd = narrow(seen, AGENTOS_ACCESS_INSPECT);
	CHECK(fd >= 0);
	close(fd);
	fd = narrow(agent, AGENTOS_ACCESS_CONTROL);
	REQUIRE(fd >= 0);
	CHECK_INT(stage_call(fd, AGENTOS_AGENT_INFO, &info), -EACCES);
	CHECK_INT(stage_restrict(fd, SOME), 0);
	close(fd);
	close(seen);
	close(agent);
	CHECK(stage_settle());
}

/* --- derivation --- */

static void a_child_has_a_subset_and_knows_its_parent(void)
{
	int parent = stage_agent("p", NULL), child, grandchild;
	struct agentos_info info;

	REQUIRE(parent >= 0);
	child = derive(parent, "p.c");
	REQUIRE(child >= 0);
	info = stage_info(child);
	CHECK_INT(info.ret_rights, SOME);
	CHECK_INT(info.ret_parent, stage_info(parent).ret_id);
	CHECK_INT(info.ret_depth, 1);
	CHECK_INT(info.ret_flags, AGENTOS_CREATE_UNENFORCED);
	CHECK_STR(info.ret_name, "p.c");
	CHECK_INT(stage_info(parent).ret_children, 1);
	CHECK_INT(stage_info(parent).ret_parent, 0);
	CHECK_INT(derive_with(child, "p.c.x", AGENTOS_RIGHTS_ALL), -EPERM);
	CHECK_INT(derive_with(child, "p.c.x", SOME | AGENTOS_RIGHT(BPF)), -EPERM);
	grandchild = derive_with(child, "p.c.g", AGENTOS_RIGHT(FILE_READ));
	REQUIRE(grandchild >= 0);
	CHECK_INT(stage_info(grandchild).ret_depth, 2);
	CHECK_INT(derive_with(grandchild, "p.c.g.x", SOME), -EPERM);
	/* A child holds its parent, whoever closes what. */
	close(child);
	CHECK_INT(stage_version().ret_agents, 3);
	CHECK_INT(stage_info(parent).ret_children, 1);
	close(grandchild);
	CHECK_INT(stage_info(parent).ret_children, 0);
	close(parent);
	CHECK(stage_settle());
}

static void bad_derivations_change_nothing(void)
{
#define BAD(field, value_, error_)                                                   \
	{                                                                            \
		offsetof(struct agentos_derive, field),                              \
			sizeof(((struct agentos_derive *)0)->field), value_, error_, \
			#field " " #value_                                           \
	}
	static const struct {
		size_t offset, width;
		uint64_t value;
		int error;
		const char *what;
	} bad[] = {
		BAD(flags, 1U << 5, -EINVAL),
		BAD(flags, 1U << 31, -EINVAL),
		BAD(pad, 1, -EINVAL),
		BAD(rights, 0, -EINVAL),
		BAD(rights, 1ULL << 63, -EINVAL),
		BAD(access, 0, -EINVAL),
		BAD(access, AGENTOS_ACCESS_ALL + 1, -EINVAL),
		BAD(policy, 77777, -ENOENT),
		BAD(size, sizeof(struct agentos_derive) - 1, -EINVAL),
		BAD(size, 0, -EINVAL),
		BAD(size, AGENTOS_STRUCT_MAX + 1, -E2BIG),
	};
	static const char *const names[] = { "",       "bad",	  "bad.",  "other.c",
					     "badx.c", "bad.a b", "bad/c", ".c" };
	int parent = stage_agent("bad", NULL);
	struct agentos_derive copy;
	size_t i;

	REQUIRE(parent >= 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int is;

		copy = derive_plan("bad.c");
		memcpy((char *)&copy + bad[i].offset, &bad[i].value, bad[i].width);
		is = stage_call(parent, AGENTOS_AGENT_DERIVE, &copy);
		CHECK_MSG(is == bad[i].error, "%s: %d", bad[i].what, is);
	}
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int is = derive(parent, names[i]);

		CHECK_MSG(is == -EINVAL, "name %s: %d", names[i], is);
	}
	CHECK_INT(stage_info(parent).ret_children, 0);
	CHECK_INT(stage_version().ret_agents, 1);
	/* The control. */
	copy = derive_plan("bad.c");
	CHECK_INT(stage_call(parent, AGENTOS_AGENT_DERIVE, &copy), 0);
	CHECK_INT(derive(parent, "bad.c"), -EEXIST);
	close(copy.ret_fd);
	close(parent);
	CHECK(stage_settle());
}

static void enforcement_cannot_be_dropped_on_the_way_down(void)
{
	struct agentos_create create = stage_plan("held");
	struct agentos_derive plan = derive_plan("held.c");

	create.flags = 0;
	REQUIRE(!stage_call(stage_device, AGENTOS_IOC_CREATE, &create));
	plan.flags = AGENTOS_CREATE_UNENFORCED;
	CHECK_INT(stage_call(create.ret_fd, AGENTOS_AGENT_DERIVE, &plan), -EINVAL);
	plan.flags = 0;
	CHECK_INT(stage_call(create.ret_fd, AGENTOS_AGENT_DERIVE, &plan), 0);
	CHECK_INT(stage_info(plan.ret_fd).ret_flags, 0);
	close(plan.ret_fd);
	close(create.ret_fd);
	CHECK(stage_settle());
}

/* What an agent that is only watched derives is only watched as well, and nobody else is. */
static void audit_only_is_inherited_and_never_taken(void)
{
	const uint32_t audit = AGENTOS_CREATE_AUDIT_ONLY;
	struct agentos_policy_new policy = { .size = sizeof(policy) };
	struct agentos_policy_drop drop = { .size = sizeof(drop) };
	struct agentos_agent_policy set = { .size = sizeof(set), .rights = AGENTOS_RIGHTS_ALL };
	struct agentos_create watched = stage_plan("w"), held = stage_plan("h");
	struct agentos_derive below = derive_plan("w.b"), last = derive_plan("w.b.l"),
			      bad = derive_plan("h.b");

	REQUIRE(!stage_call(stage_device, AGENTOS_IOC_POLICY_NEW, &policy));
	watched.flags = audit;
	CHECK_INT(stage_call(stage_device, AGENTOS_IOC_CREATE, &watched), -EINVAL);
	watched.policy = held.policy = policy.ret_policy;
	held.flags = 0;
	REQUIRE(!stage_call(stage_device, AGENTOS_IOC_CREATE, &watched));
	REQUIRE(!stage_call(stage_device, AGENTOS_IOC_CREATE, &held));
	CHECK_INT(stage_info(watched.ret_fd).ret_flags, audit);
	REQUIRE(!stage_call(watched.ret_fd, AGENTOS_AGENT_DERIVE, &below));
	CHECK_INT(stage_info(below.ret_fd).ret_flags, audit);
	last.flags = audit;
	REQUIRE(!stage_call(below.ret_fd, AGENTOS_AGENT_DERIVE, &last));
	CHECK_INT(stage_info(last.ret_fd).ret_flags, audit);
	bad.flags = audit;
	CHECK_INT(stage_call(held.ret_fd, AGENTOS_AGENT_DERIVE, &bad), -EINVAL);
	/* Another policy leaves both as they are. */
	set.policy = policy.ret_policy;
	CHECK_INT(stage_call(held.ret_fd, AGENTOS_AGENT_POLICY, &set), 0);
	CHECK_INT(stage_call(watched.ret_fd, AGENTOS_AGENT_POLICY, &set), 0);
	CHECK_INT(stage_info(held.ret_fd).ret_flags, 0);
	CHECK_INT(stage_info(watched.ret_fd).ret_flags, audit);
	/* What may do nothing is held to it. */
	CHECK_INT(revoke_all(below.ret_fd, 0), 2);
	CHECK_INT(stage_info(last.ret_fd).ret_flags, 0);
	CHECK_INT(stage_info(below.ret_fd).ret_flags, 0);
	CHECK_INT(stage_info(watched.ret_fd).ret_flags, audit);
	close(last.ret_fd);
	close(below.ret_fd);
	close(watched.ret_fd);
	close(held.ret_fd);
	CHECK(stage_settle());
	drop.policy = policy.ret_policy;
	CHECK_INT(stage_call(stage_device, AGENTOS_IOC_POLICY_DROP, &drop), 0);
}

static void depth_and_count_have_limits(void)
{
	int fds[AGENTOS_DEPTH_MAX + 1], i, made;
	char name[AGENTOS_NAME_SIZE] = "d";

	fds[0] = stage_agent("d", NULL);
	REQUIRE(fds[0] >= 0);
	for (i = 1; i <= AGENTOS_DEPTH_MAX; i++) {
		strcat(name, ".d");
		fds[i] = derive(fds[i - 1], name);
		REQUIRE(fds[i] >= 0);
	}
	strcat(name, ".d");
	CHECK_INT(derive(fds[AGENTOS_DEPTH_MAX], name), -EMLINK);
	close_all(fds, AGENTOS_DEPTH_MAX + 1);
	CHECK(stage_settle());

	fds[0] = stage_agent("c", NULL);
	REQUIRE(fds[0] >= 0);
	REQUIRE(!setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 4096, 4096 }));
	for (made = 0; made < AGENTOS_CHILDREN_MAX; made++) {
		snprintf(name, sizeof(name), "c.%d", made);
		i = derive(fds[0], name);
		if (i < 0)
			break;
	}
	CHECK_INT(made, AGENTOS_CHILDREN_MAX);
	CHECK_INT(derive(fds[0], "c.more"), -ENOSPC);
	CHECK_INT(stage_info(fds[0]).ret_children, AGENTOS_CHILDREN_MAX);
	syscall(SYS_close_range, (unsigned int)fds[0] + 1, ~0U, 0);
	CHECK_INT(stage_info(fds[0]).ret_children, 0);
	close(fds[0]);
	CHECK(stage_settle());
}

/* --- what parents take --- */

static void restrict_reaches_all_descendants(void)
{
	int fds[4], i;

	fds[0] = stage_agent("r", NULL);
	fds[1] = derive(fds[0], "r.a");
	fds[2] = derive(fds[1], "r.a.b");
	fds[3] = derive(fds[0], "r.c");
	for (i = 0; i < 4; i++)
		REQUIRE(fds[i] >= 0);
	CHECK_INT(stage_restrict(fds[1], AGENTOS_RIGHT(FILE_READ)), 0);
	CHECK_INT(stage_info(fds[0]).ret_rights, AGENTOS_RIGHTS_ALL);
	CHECK_INT(stage_info(fds[1]).ret_rights, AGENTOS_RIGHT(FILE_READ));
	CHECK_INT(stage_info(fds[2]).ret_rights, AGENTOS_RIGHT(FILE_READ));
	CHECK_INT(stage_info(fds[3]).ret_rights, SOME);
	/* Nothing left is refused for oneself, and possible for those below. */
	CHECK_INT(stage_restrict(fds[2], AGENTOS_RIGHT(BPF)), -EINVAL);
	CHECK_INT(stage_restrict(fds[0], AGENTOS_RIGHT(BPF)), 0);
	for (i = 1; i < 4; i++)
		CHECK_INT(stage_info(fds[i]).ret_rights, 0);
	close_all(fds, 4);
	CHECK(stage_settle());
}

static void revoke_takes_all_for_good(void)
{
	int parent = stage_agent("v", NULL), child, other, i;
	pid_t pid;

	REQUIRE(parent >= 0);
	child = derive(parent, "v.c");
	other = derive(child, "v.c.o");
	REQUIRE(child >= 0 && other >= 0);
	pid = stage_spawn(other, stage_sleep, NULL);
	CHECK_INT(revoke_all(child, 0), 2);
	CHECK_INT(stage_info(child).ret_rights, 0);
	CHECK_INT(stage_info(other).ret_rights, 0);
	CHECK_INT(stage_info(parent).ret_rights, AGENTOS_RIGHTS_ALL);
	CHECK_INT(revoke_all(child, 0), 0);
	CHECK_INT(derive(child, "v.c.x"), -ESRCH);
	CHECK_INT(stage_status(stage_spawn(child, stage_sleep, NULL)), 99);
	/* It lives on, without a right, until someone is hard. */
	CHECK_INT(kill(pid, 0), 0);
	CHECK_INT(revoke_all(child, 2), -EINVAL);
	CHECK_INT(revoke_all(parent, AGENTOS_REVOKE_HARD), 1);
	CHECK_INT(stage_status(pid), 256 + SIGKILL);
	CHECK(stage_ended(other));
	/* While any of those below is left, it can be asked; they have lost everything. */
	CHECK_INT(revoke_all(parent, 0), 0);
	close(other);
	close(child);
	/* Who ended is let go a moment after he was waited for. */
	for (i = 0; i < STAGE_TRIES && !revoke_all(parent, 0); i++)
		usleep(20000);
	CHECK_INT(revoke_all(parent, 0), -ESRCH);
	close(parent);
	CHECK(stage_settle());
}

static void kill_reaches_all_descendants(void)
{
	int parent = stage_agent("k", NULL), child, grandchild;
	pid_t a, b, c;

	REQUIRE(parent >= 0);
	child = derive(parent, "k.c");
	grandchild = derive(child, "k.c.g");
	REQUIRE(child >= 0 && grandchild >= 0);
	a = stage_spawn(parent, stage_sleep, NULL);
	b = stage_spawn(child, stage_sleep, NULL);
	c = stage_spawn(grandchild, stage_sleep, NULL);
	/* The child's own end does not end the grandchild. */
	CHECK_INT(kill(b, SIGKILL), 0);
	CHECK_INT(stage_status(b), 256 + SIGKILL);
	CHECK(stage_ended(child));
	CHECK_INT(stage_info(grandchild).ret_state, AGENTOS_STATE_RUNNING);
	CHECK_INT(derive(child, "k.c.x"), -ESRCH);
	CHECK_INT(stage_kill(parent), 2);
	CHECK_INT(stage_status(a), 256 + SIGKILL);
	CHECK_INT(stage_status(c), 256 + SIGKILL);
	CHECK(stage_ended(parent));
	CHECK(stage_ended(grandchild));
	close(grandchild);
	close(child);
	close(parent);
	CHECK(stage_settle());
}

static void a_group_has_no_tasks_and_ends_its_own(void)
{
	struct agentos_create create = stage_plan("crew");
	int member;
	pid_t pid;

	create.flags |= AGENTOS_CREATE_GROUP;
	REQUIRE(!stage_call(stage_device, AGENTOS_IOC_CREATE, &create));
	CHECK_INT(stage_attach(create.ret_fd), -EOPNOTSUPP);
	member = derive(create.ret_fd, "crew.one");
	REQUIRE(member >= 0);
	pid = stage_spawn(member, stage_sleep, NULL);
	CHECK_INT(stage_info(member).ret_tasks, 1);
	CHECK_INT(stage_restrict(create.ret_fd, AGENTOS_RIGHT(FILE_READ)), 0);
	CHECK_INT(stage_info(member).ret_rights, AGENTOS_RIGHT(FILE_READ));
	CHECK_INT(stage_kill(create.ret_fd), 1);
	CHECK_INT(stage_status(pid), 256 + SIGKILL);
	CHECK(stage_ended(member));
	close(member);
	close(create.ret_fd);
	CHECK(stage_settle());
}

/* Without the descriptors that a fork copies. */
static int sleep_alone(void *arg)
{
	syscall(SYS_close_range, 3U, ~0U, 0);
	return stage_sleep(arg);
}

static void the_last_descriptor_can_be_a_lifeline(void)
{
	struct agentos_create create = stage_plan("line");
	int second, child;
	pid_t pid, below;

	create.flags |= AGENTOS_CREATE_KILL_ON_CLOSE;
	REQUIRE(!stage_call(stage_device, AGENTOS_IOC_CREATE, &create));
	second = narrow(create.ret_fd, AGENTOS_ACCESS_INSPECT);
	child = derive(create.ret_fd, "line.c");
	REQUIRE(second >= 0 && child >= 0);
	pid = stage_spawn(create.ret_fd, sleep_alone, NULL);
	below = stage_spawn(child, sleep_alone, NULL);
	usleep(300000);
	close(create.ret_fd);
	CHECK_INT(stage_info(second).ret_state, AGENTOS_STATE_RUNNING);
	close(second);
	CHECK_INT(stage_status(pid), 256 + SIGKILL);
	CHECK_INT(stage_status(below), 256 + SIGKILL);
	close(child);
	CHECK(stage_settle());
}

/* --- from inside --- */

struct inside {
	int own, child, other;
};

/* What a member may ask: exit status 0, or the number of what went wrong. */
static int ask_inside(void *arg)
{
	const struct inside *fds = arg;
	int sub, below;

	if (narrow(fds->own, AGENTOS_ACCESS_INSPECT) < 0)
		return 1;
	if (stage_restrict(fds->own, SOME) != -EPERM || stage_kill(fds->own) != -EPERM ||
	    revoke_all(fds->own, 0) != -EPERM || stage_attach(fds->own) != -EPERM)
		return 2;
	if (stage_kill(fds->other) != -EPERM || derive(fds->other, "other.x") != -EPERM ||
	    stage_attach(fds->other) != -EPERM)
		return 3;
	sub = derive_with(fds->own, "in.s", AGENTOS_RIGHT(FILE_READ) | AGENTOS_RIGHT(DERIVE));
	if (sub < 0)
		return 4;
	if (derive_with(fds->own, "in.t", AGENTOS_RIGHTS_ALL) != -EPERM)
		return 5;
	below = derive_with(sub, "in.s.s", AGENTOS_RIGHT(FILE_READ));
	if (below < 0 || stage_restrict(below, AGENTOS_RIGHT(FILE_READ)))
		return 6;
	if (stage_kill(below) != 0 || revoke_all(sub, AGENTOS_REVOKE_HARD) != 1)
		return 7;
	/* Down is the only way, and there is none back. */
	if (stage_attach(fds->child))
		return 8;
	if (stage_attach(fds->own) != -EPERM || stage_kill(fds->own) != -EPERM ||
	    derive_with(fds->own, "in.u", AGENTOS_RIGHT(FILE_READ)) != -EPERM)
		return 9;
	return 0;
}

static void a_member_rules_below_itself_only(void)
{
	struct inside fds;
	struct agentos_info info;

	fds.own = stage_agent("in", NULL);
	fds.other = stage_agent("other", NULL);
	REQUIRE(fds.own >= 0 && fds.other >= 0);
	CHECK_INT(stage_restrict(fds.own, SOME), 0);
	fds.child = derive(fds.own, "in.c");
	REQUIRE(fds.child >= 0);
	CHECK_INT(stage_status(stage_spawn(fds.own, ask_inside, &fds)), 0);
	CHECK(stage_ended(fds.own));
	CHECK(stage_ended(fds.child));
	/* It left the one for the other, where it was the first and only one. */
	info = stage_info(fds.own);
	CHECK_INT(info.ret_tasks, 0);
	CHECK_INT(info.ret_reason, AGENTOS_REASON_EXIT);
	info = stage_info(fds.child);
	CHECK_INT(info.ret_reason, AGENTOS_REASON_EXIT);
	CHECK_INT(info.ret_code, 0);
	close(fds.child);
	close(fds.other);
	close(fds.own);
	CHECK(stage_settle());
}

static int derive_inside(void *arg)
{
	int fd = derive_with(*(int *)arg, "w.c", AGENTOS_RIGHT(FILE_READ));

	return fd < 0 ? -fd : 0;
}

static void deriving_from_inside_takes_the_right(void)
{
	int fd = stage_agent("w", NULL);

	REQUIRE(fd >= 0);
	CHECK_INT(stage_status(stage_spawn(fd, derive_inside, &fd)), 0);
	CHECK(stage_ended(fd));
	close(fd);
	CHECK(stage_settle());
	fd = stage_agent("w", NULL);
	REQUIRE(fd >= 0);
	CHECK_INT(stage_restrict(fd, AGENTOS_RIGHTS_ALL & ~AGENTOS_RIGHT(DERIVE)), 0);
	/* Outside it goes by the descriptor alone. */
	CHECK_INT(stage_status(stage_fork(derive_inside, &fd)), 0);
	CHECK_INT(stage_status(stage_spawn(fd, derive_inside, &fd)), EPERM);
	CHECK(stage_ended(fd));
	close(fd);
	CHECK(stage_settle());
}

/* --- races --- */

static int *race_stop;

/* Derives a sub-agent and goes there: its own agent has no task any more. */
static int move_down(void *arg)
{
	int child = derive(*(int *)arg, "left.x");

	if (child < 0 || stage_attach(child))
		return 1;
	return stage_sleep(NULL);
}

static void who_has_exited_still_commands_what_he_derived(void)
{
	struct agentos_budget_set set = {
		.size = sizeof(set),
		.resource = AGENTOS_RESOURCE_TOKENS,
		.limit = 1,
	};
	struct agentos_pause pause_ = { .size = sizeof(pause_) };
	struct agentos_resume resume = { .size = sizeof(resume) };
	struct agentos_sched sched = { .size = sizeof(sched), .criticality = 25 };
	int agent = stage_agent("left", NULL);
	pid_t pid = stage_spawn(agent, move_down, &agent);

	REQUIRE(agent >= 0);
	CHECK(stage_ended(agent));
	CHECK_INT(stage_info(agent).ret_state, AGENTOS_STATE_EXITED);
	CHECK_INT(stage_info(agent).ret_children, 1);
	CHECK_INT(stage_call(agent, AGENTOS_AGENT_PAUSE, &pause_), 0);
	CHECK_INT(pause_.ret_threads, 1);
	CHECK_INT(stage_call(agent, AGENTOS_AGENT_RESUME, &resume), 0);
	CHECK_INT(stage_call(agent, AGENTOS_AGENT_SCHED, &sched), 0);
	CHECK_INT(stage_call(agent, AGENTOS_AGENT_BUDGET_SET, &set), 0);
	CHECK_INT(stage_restrict(agent, AGENTOS_RIGHT(FILE_READ)), 0);
	CHECK_INT(revoke_all(agent, AGENTOS_REVOKE_HARD), 2);
	CHECK_INT(stage_status(pid), 256 + SIGKILL);
	/* Control: now there is nobody left. */
	while (stage_info(agent).ret_children)
		usleep(20000);
	CHECK_INT(stage_call(agent, AGENTOS_AGENT_PAUSE, &pause_), -ESRCH);
	CHECK_INT(stage_call(agent, AGENTOS_AGENT_RESUME, &resume), -ESRCH);
	CHECK_INT(stage_call(agent, AGENTOS_AGENT_SCHED, &sched), -ESRCH);
	CHECK_INT(stage_call(agent, AGENTOS_AGENT_BUDGET_SET, &set), -ESRCH);
	CHECK_INT(stage_restrict(agent, AGENTOS_RIGHT(FILE_READ)), -ESRCH);
	CHECK_INT(revoke_all(agent, 0), -ESRCH);
	close(agent);
	CHECK(stage_settle());
}

static int race_derive(void *arg)
{
	char name[AGENTOS_NAME_SIZE];
	unsigned int i;
	int child;

	for (i = 0; !__atomic_load_n(race_stop, __ATOMIC_RELAXED); i++) {
		snprintf(name, sizeof(name), "race.%d.%u", getpid(), i % 8);
		child = derive(*(int *)arg, name);
		if (child == -ESRCH)
			return 0;
		if (child >= 0 && (i & 1)) {
			pid_t pid = stage_spawn(child, stage_sleep, NULL);

			if (i & 2)
				kill(pid, SIGKILL);
		}
		/* Now and then one stays until it is killed from above. */
		if (child >= 0 && (i & 3) != 3)
			close(child);
	}
	return 0;
}

static void kill_wins_over_those_who_derive(void)
{
	int round, i, parent;
	pid_t pids[4];

	race_stop = stage_share(sizeof(*race_stop));
	REQUIRE(race_stop);
	for (round = 0; round < 10; round++) {
		parent = stage_agent("race", NULL);
		REQUIRE(parent >= 0);
		for (i = 0; i < 4; i++)
			pids[i] = stage_fork(race_derive, &parent);
		usleep(30000 * (round % 4 + 1));
		CHECK(stage_kill(parent) >= 0);
		CHECK(stage_ended(parent));
		CHECK_INT(derive(parent, "race.late"), -ESRCH);
		for (i = 0; i < 4; i++)
			kill(pids[i], SIGKILL);
		close(parent);
		CHECK(stage_settle());
	}
}

static const struct tap_test tests[] = {
	TEST(a_duplicate_can_do_less_and_never_more),
	TEST(a_child_has_a_subset_and_knows_its_parent),
	TEST(bad_derivations_change_nothing),
	TEST(enforcement_cannot_be_dropped_on_the_way_down),
	TEST(audit_only_is_inherited_and_never_taken),
	TEST(depth_and_count_have_limits),
	TEST(restrict_reaches_all_descendants),
	TEST(revoke_takes_all_for_good),
	TEST(kill_reaches_all_descendants),
	TEST(a_group_has_no_tasks_and_ends_its_own),
	TEST(the_last_descriptor_can_be_a_lifeline),
	TEST(a_member_rules_below_itself_only),
	TEST(deriving_from_inside_takes_the_right),
	TEST(who_has_exited_still_commands_what_he_derived),
	TEST(kill_wins_over_those_who_derive),
};

STAGE_MAIN(tests, 110)
