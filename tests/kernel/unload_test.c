// SPDX-License-Identifier: GPL-2.0-or-later
/* Unloading: refused while anything is in use, and without a trace when nothing is. */
#include <sys/mount.h>
#include <sys/stat.h>

#include "stage.h"

static bool begin(void)
{
	int err = stage_insert();

	if (err) {
		printf("# insmod: %s\n", strerror(-err));
		return false;
	}
	stage_device = stage_open(O_RDWR | O_NONBLOCK);
	return stage_device >= 0;
}

/* Does a file of /proc have a line with this word? */
static bool proc_mentions(const char *path, const char *word)
{
	FILE *file = fopen(path, "re");
	bool found = false;
	char line[512];

	while (file && fgets(line, sizeof(line), file))
		found = found || strstr(line, word);
	if (file)
		fclose(file);
	return found;
}

static void a_loaded_module_is_seen(void)
{
	REQUIRE(begin());
	CHECK(proc_mentions("/proc/modules", "agentos "));
	CHECK(!access(AGENTOS_DEVICE, F_OK));
	CHECK_INT(stage_insert(), -EEXIST);
	close(stage_device);
	CHECK_INT(stage_remove(), 0);
	CHECK(!proc_mentions("/proc/modules", "agentos "));
	CHECK(!proc_mentions("/proc/slabinfo", "agentos"));
	CHECK(!proc_mentions("/proc/misc", "agentos"));
	CHECK(access(AGENTOS_DEVICE, F_OK) < 0 && errno == ENOENT);
}

static void an_open_device_holds_the_module(void)
{
	REQUIRE(begin());
	CHECK_INT(stage_remove(), -EWOULDBLOCK);
	/* Refused, it works on. */
	CHECK_INT(stage_version().ret_abi, AGENTOS_ABI);
	close(stage_device);
	CHECK_INT(stage_remove(), 0);
}

static void an_agent_descriptor_holds_the_module(void)
{
	int fd;

	REQUIRE(begin());
	fd = stage_agent("holds", NULL);
	REQUIRE(fd >= 0);
	close(stage_device);
	CHECK_INT(stage_remove(), -EWOULDBLOCK);
	CHECK_INT(stage_info(fd).ret_state, AGENTOS_STATE_CREATED);
	/* An exited one as well. */
	CHECK_INT(stage_kill(fd), 0);
	CHECK_INT(stage_remove(), -EWOULDBLOCK);
	close(fd);
	CHECK_INT(stage_remove(), 0);
}

static bool remove_soon(void)
{
	int i;

	for (i = 0; i < STAGE_TRIES; i++) {
		stage_reap_all();
		if (!stage_remove())
			return true;
		usleep(20000);
	}
	return false;
}

static void a_task_in_an_agent_holds_the_module(void)
{
	pid_t pid;
	int fd, i;

	REQUIRE(begin());
	fd = stage_agent("task", NULL);
	pid = stage_spawn(fd, stage_sleep, NULL);
	REQUIRE(pid > 0);
	close(fd);
	close(stage_device);
	for (i = 0; i < 20; i++) {
		CHECK_INT(stage_remove(), -EWOULDBLOCK);
		usleep(10000);
	}
	kill(pid, SIGKILL);
	CHECK_INT(stage_status(pid), 256 + SIGKILL);
	CHECK(remove_soon());
}

static void unloading_lets_go_of_what_policies_hold(void)
{
	struct agentos_policy_new policy = { .size = sizeof(policy) };
	struct agentos_policy_rule rule = { .size = sizeof(rule) };

	mkdir("mount", 0755);
	REQUIRE(begin() && !mount("mount", "mount", "tmpfs", 0, NULL));
	REQUIRE(!stage_call(stage_device, AGENTOS_IOC_POLICY_NEW, &policy));
	rule.policy = policy.ret_policy;
	rule.fd = open("mount", O_PATH | O_CLOEXEC);
	REQUIRE(rule.fd >= 0 && !stage_call(stage_device, AGENTOS_IOC_POLICY_RULE, &rule));
	close(rule.fd);
	CHECK(umount("mount") < 0 && errno == EBUSY);
	close(stage_device);
	CHECK_INT(stage_remove(), 0);
	CHECK_INT(umount("mount"), 0);
}

static int fork_some(void *arg)
{
	int i;

	for (i = 0; i < 10; i++)
		if (fork() == 0)
			_exit(0);
	while (wait(NULL) > 0)
		;
	return 0;
}

static void loading_and_unloading_go_on_and_on(void)
{
	struct agentos_lifecycle record;
	int round;

	for (round = 0; round < 20; round++) {
		int ended, killed;
		uint64_t id = 0;
		pid_t pid;

		REQUIRE(begin());
		ended = stage_agent("ends", &id);
		killed = stage_agent("is-killed", NULL);
		REQUIRE(ended >= 0 && killed >= 0);
		/* Nothing is carried over from the module before. */
		CHECK_INT(id, 1);
		CHECK_INT(read(stage_device, &record, sizeof(record)), sizeof(record));
		CHECK_INT(record.seq, 1);
		CHECK_INT(stage_status(stage_spawn(ended, fork_some, NULL)), 0);
		pid = stage_spawn(killed, stage_sleep, NULL);
		CHECK_INT(stage_kill(killed), 1);
		CHECK_INT(stage_status(pid), 256 + SIGKILL);
		close(ended);
		close(killed);
		close(stage_device);
		/* At once, and as often as it takes: the last members end meanwhile. */
		CHECK(remove_soon());
		CHECK(!proc_mentions("/proc/slabinfo", "agentos"));
	}
}

static const struct tap_test tests[] = {
	{ "a_loaded_module_is_seen", a_loaded_module_is_seen },
	{ "an_open_device_holds_the_module", an_open_device_holds_the_module },
	{ "an_agent_descriptor_holds_the_module", an_agent_descriptor_holds_the_module },
	{ "a_task_in_an_agent_holds_the_module", a_task_in_an_agent_holds_the_module },
	{ "unloading_lets_go_of_what_policies_hold", unloading_lets_go_of_what_policies_hold },
	{ "loading_and_unloading_go_on_and_on", loading_and_unloading_go_on_and_on },
};

int main(int argc, char **argv)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	alarm(110 * stage_slow());
	return tap_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
