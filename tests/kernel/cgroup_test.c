// SPDX-License-Identifier: GPL-2.0-or-later
/* AGENTOS_AGENT_CGROUP: who joins is moved, by nobody's number, and joins nothing if he cannot be. */
#include <grp.h>
#include <sys/stat.h>

#include "stage.h"

#define PLACE "/sys/fs/cgroup/agentos-test"

static int set_cgroup(int agent, int procs)
{
	struct agentos_agent_cgroup set = { .size = sizeof(set), .fd = procs };

	return stage_call(agent, AGENTOS_AGENT_CGROUP, &set);
}

/* A new cgroup's cgroup.procs. */
static int place_make(void)
{
	return mkdir(PLACE, 0755) ? -1 : open(PLACE "/cgroup.procs", O_WRONLY | O_CLOEXEC);
}

/* False when it cannot be removed: somebody is in it, or something holds it. */
static bool place_remove(void)
{
	int i;

	for (i = 0; i < STAGE_TRIES; i++) {
		if (rmdir(PLACE) == 0)
			return true;
		if (errno != EBUSY)
			break;
		stage_reap_all();
		usleep(20000);
	}
	return false;
}

/* Is the process (0: this one) in the cgroup of this test? */
static bool is_there(pid_t pid)
{
	char path[64] = "/proc/self/cgroup", line[256] = "";
	FILE *file;

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (fgets(line, sizeof(line), file) && strncmp(line, "0::", 3) != 0)
		;
	fclose(file);
	return strcmp(line, "0::/agentos-test\n") == 0;
}

static int derive(int parent, const char *name)
{
	struct agentos_derive plan = {
		.size = sizeof(plan),
		.rights = AGENTOS_RIGHT(FILE_READ),
		.access = AGENTOS_ACCESS_ALL,
	};

	snprintf(plan.name, sizeof(plan.name), "%s", name);
	return stage_call(parent, AGENTOS_AGENT_DERIVE, &plan) ?: plan.ret_fd;
}

static void end(int agent)
{
	stage_kill(agent);
	CHECK(stage_ended(agent));
	close(agent);
}

static int child_is_there(void *arg)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(!is_there(0));
	return stage_status(pid);
}

static void who_joins_is_moved_and_forks_there(void)
{
	int procs = place_make(), agent = stage_agent("a", NULL), free_ = stage_agent("f", NULL);
	pid_t pid, outside;

	REQUIRE(procs >= 0 && agent >= 0 && free_ >= 0);
	CHECK_INT(set_cgroup(agent, procs), 0);
	close(procs);
	pid = stage_spawn(agent, stage_sleep, NULL);
	CHECK(is_there(pid));
	CHECK_INT(stage_status(stage_spawn(agent, child_is_there, NULL)), 0);
	/* Control: without one nobody is moved. */
	outside = stage_spawn(free_, stage_sleep, NULL);
	CHECK(!is_there(outside));
	CHECK(!is_there(0));
	end(free_);
	stage_status(outside);
	CHECK(rmdir(PLACE) == -1 && errno == EBUSY);
	end(agent);
	stage_status(pid);
	/* What the agent held of it does not keep it. */
	CHECK(place_remove());
}

struct descent {
	int below;
	int moved;
};

/* Joins the agent below as well: what it is by then, it tells through memory. */
static int move_down(void *arg)
{
	struct descent *descent = arg;

	if (stage_attach(descent->below))
		return 98;
	__atomic_store_n(&descent->moved, is_there(0) ? 1 : 2, __ATOMIC_RELEASE);
	return stage_sleep(NULL);
}

static void so_is_who_joins_what_was_derived(void)
{
	struct descent *descent = stage_share(sizeof(*descent));
	int procs = place_make(), agent = stage_agent("a", NULL), below;
	pid_t outsider, mover;

	REQUIRE(procs >= 0 && agent >= 0);
	CHECK_INT(set_cgroup(agent, procs), 0);
	close(procs);
	below = derive(agent, "a.b");
	REQUIRE(below >= 0);
	outsider = stage_spawn(below, stage_sleep, NULL);
	CHECK(is_there(outsider));
	descent->below = below;
	mover = stage_spawn(agent, move_down, descent);
	CHECK(stage_wait_value(&descent->moved));
	CHECK_INT(descent->moved, 1);
	CHECK_INT(stage_info(below).ret_tasks, 2);
	end(below);
	stage_status(outsider);
	stage_status(mover);
	end(agent);
	CHECK(place_remove());
	munmap(descent, sizeof(*descent));
}

struct ask {
	int agent;
	int procs;
};

static int as_demo(void)
{
	return setgroups(0, NULL) || setresgid(STAGE_DEMO_UID, STAGE_DEMO_UID, STAGE_DEMO_UID) ||
	       setresuid(STAGE_DEMO_UID, STAGE_DEMO_UID, STAGE_DEMO_UID);
}

/* Who may write to no cgroup himself is moved by joining; and he alone. */
static int join_unprivileged(void *arg)
{
	const struct ask *ask = arg;

	if (as_demo() || open(PLACE "/cgroup.procs", O_WRONLY) >= 0 || is_there(0))
		return 1;
	if (stage_attach(ask->agent))
		return 2;
	return is_there(0) && !is_there(getppid()) ? 0 : 3;
}

static void nobody_needs_a_right_to_the_cgroup(void)
{
	int procs = place_make(), agent = stage_agent("a", NULL);
	struct ask ask = { .agent = agent };

	REQUIRE(procs >= 0 && agent >= 0);
	CHECK_INT(set_cgroup(agent, procs), 0);
	close(procs);
	CHECK_INT(stage_status(stage_fork(join_unprivileged, &ask)), 0);
	close(agent);
	CHECK(stage_settle());
	CHECK(place_remove());
}

static int join_nothing(void *arg)
{
	const struct ask *ask = arg;
	int err = stage_attach(ask->agent);

	if (err != -ENODEV)
		return 1;
	/* Not in it: it can do again what nobody in an agent can. */
	return stage_open(O_RDWR) >= 0 && !is_there(0) ? 0 : 2;
}

static void without_the_cgroup_nobody_joins(void)
{
	int procs = place_make(), agent = stage_agent("a", NULL);
	struct ask ask = { .agent = agent };

	REQUIRE(procs >= 0 && agent >= 0);
	CHECK_INT(set_cgroup(agent, procs), 0);
	close(procs);
	CHECK_INT(rmdir(PLACE), 0);
	CHECK_INT(stage_status(stage_fork(join_nothing, &ask)), 0);
	CHECK_INT(stage_info(agent).ret_tasks, 0);
	CHECK_INT(stage_info(agent).ret_state, AGENTOS_STATE_CREATED);
	close(agent);
	CHECK(stage_settle());
}

static void other_files_are_refused(void)
{
	static const struct {
		const char *path;
		int flags;
	} others[] = {
		{ PLACE "/cgroup.procs", O_RDONLY },	 { PLACE "/cgroup.procs", O_PATH },
		{ PLACE "/cgroup.max.depth", O_WRONLY }, { PLACE "/cgroup.threads", O_WRONLY },
		{ PLACE, O_RDONLY | O_DIRECTORY },	 { "/dev/null", O_WRONLY },
		{ "cgroup.procs", O_WRONLY | O_CREAT },
	};
	int procs = place_make(), agent = stage_agent("a", NULL), fd;
	size_t i;

	REQUIRE(procs >= 0 && agent >= 0);
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		fd = open(others[i].path, others[i].flags | O_CLOEXEC, 0600);
		REQUIRE(fd >= 0);
		CHECK_INT(set_cgroup(agent, fd), others[i].flags & O_PATH ? -EBADF : -EINVAL);
		close(fd);
	}
	unlink("cgroup.procs");
	CHECK_INT(set_cgroup(agent, -1), -EBADF);
	CHECK_INT(set_cgroup(agent, agent), -EINVAL);
	/* Control. */
	CHECK_INT(set_cgroup(agent, procs), 0);
	close(procs);
	close(agent);
	CHECK(stage_settle());
	CHECK(place_remove());
}

static int ask_unprivileged(void *arg)
{
	const struct ask *ask = arg;

	return as_demo() ? 1 : -set_cgroup(ask->agent, ask->procs);
}

static int ask_inside(void *arg)
{
	const struct ask *ask = arg;

	return -set_cgroup(ask->agent, ask->procs);
}

static void once_before_anybody_joined_and_by_root(void)
{
	struct agentos_agent_cgroup set = { .size = sizeof(set) };
	int procs = place_make(), agent = stage_agent("a", NULL), other = stage_agent("b", NULL);
	struct ask ask = { agent, procs };
	uint64_t id;
	int blind, below;
	pid_t pid;

	REQUIRE(procs >= 0 && agent >= 0 && other >= 0);
	set.fd = procs;
	set.flags = 1;
	CHECK_INT(stage_call(agent, AGENTOS_AGENT_CGROUP, &set), -EINVAL);
	set.flags = 0;
	set.pad = 1;
	CHECK_INT(stage_call(agent, AGENTOS_AGENT_CGROUP, &set), -EINVAL);
	CHECK_INT(stage_status(stage_fork(ask_unprivileged, &ask)), EPERM);
	CHECK_INT(stage_status(stage_spawn(other, ask_inside, &ask)), EPERM);
	id = stage_info(agent).ret_id;
	blind = stage_reopen(stage_device, id, AGENTOS_ACCESS_ALL & ~AGENTOS_ACCESS_CONTROL);
	CHECK_INT(set_cgroup(blind, procs), -EACCES);
	close(blind);
	/* Control, and then once is enough. */
	CHECK_INT(set_cgroup(agent, procs), 0);
	CHECK_INT(set_cgroup(agent, procs), -EBUSY);
	close(agent);
	close(other);
	CHECK(stage_settle());

	agent = stage_agent("a", NULL);
	below = derive(agent, "a.b");
	CHECK_INT(set_cgroup(agent, procs), -EBUSY);
	CHECK_INT(set_cgroup(below, procs), 0);
	close(below);
	close(agent);
	agent = stage_agent("c", NULL);
	pid = stage_spawn(agent, stage_sleep, NULL);
	CHECK_INT(set_cgroup(agent, procs), -EBUSY);
	stage_kill(agent);
	stage_status(pid);
	CHECK_INT(set_cgroup(agent, procs), -ESRCH);
	close(agent);
	close(procs);
	CHECK(stage_settle());
	CHECK(place_remove());
}

static const struct tap_test tests[] = {
	TEST(who_joins_is_moved_and_forks_there),
	TEST(so_is_who_joins_what_was_derived),
	TEST(nobody_needs_a_right_to_the_cgroup),
	TEST(without_the_cgroup_nobody_joins),
	TEST(other_files_are_refused),
	TEST(once_before_anybody_joined_and_by_root),
};

STAGE_MAIN(tests, 60)
