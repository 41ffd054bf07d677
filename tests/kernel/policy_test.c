// SPDX-License-Identifier: GPL-2.0-or-later
/* Policy objects: ids, rules, the objects they hold, and what holding does to mounts. */
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "stage.h"

static int policy_new(uint32_t *ret_policy)
{
	struct agentos_policy_new policy = { .size = sizeof(policy) };
	int err = stage_call(stage_device, AGENTOS_IOC_POLICY_NEW, &policy);

	*ret_policy = policy.ret_policy;
	return err;
}

static int policy_drop(uint32_t policy)
{
	struct agentos_policy_drop drop = { .size = sizeof(drop), .policy = policy };

	return stage_call(stage_device, AGENTOS_IOC_POLICY_DROP, &drop);
}

/* A rule that says nothing. */
static int hold(uint32_t policy, int fd, struct agentos_policy_rule *ret_rule)
{
	*ret_rule = (struct agentos_policy_rule){ .size = sizeof(*ret_rule),
						  .policy = policy,
						  .fd = fd };
	return stage_call(stage_device, AGENTOS_IOC_POLICY_RULE, ret_rule);
}

/* The number of the object that a path names; 0 when it cannot be held. */
static uint64_t hold_path(uint32_t policy, const char *path)
{
	int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct agentos_policy_rule rule = { 0 };
	int err = fd < 0 ? -errno : hold(policy, fd, &rule);

	close(fd);
	return err ? 0 : rule.ret_object;
}

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	return done;
}

static void ids_are_new_and_dropped_once(void)
{
	uint32_t first, second;

	REQUIRE(!policy_new(&first) && !policy_new(&second));
	CHECK(first != 0 && second > first);
	CHECK_INT(stage_version().ret_policies, 2);
	CHECK_INT(policy_drop(first), 0);
	CHECK_INT(policy_drop(first), -ENOENT);
	CHECK_INT(policy_drop(second), 0);
	CHECK_INT(stage_version().ret_policies, 0);
	/* A number in a record must not soon mean another policy. */
	REQUIRE(!policy_new(&first));
	CHECK(first > second);
	CHECK_INT(policy_drop(first), 0);
}

static void policies_are_enumerated_in_order(void)
{
	uint32_t policies[3];
	uint64_t ids[8];
	struct agentos_enumerate list = {
		.size = sizeof(list),
		.kind = AGENTOS_ENUMERATE_POLICIES,
		.ids = (uintptr_t)ids,
		.count = 8,
	};
	int i;

	for (i = 0; i < 3; i++)
		REQUIRE(!policy_new(&policies[i]));
	REQUIRE(!stage_call(stage_device, AGENTOS_IOC_ENUMERATE, &list));
	CHECK_INT(list.ret_count, 3);
	for (i = 0; i < 3; i++)
		CHECK_INT(ids[i], policies[i]);
	list.after = policies[0];
	list.count = 1;
	REQUIRE(!stage_call(stage_device, AGENTOS_IOC_ENUMERATE, &list));
	CHECK_INT(list.ret_count, 1);
	CHECK_INT(ids[0], policies[1]);
	for (i = 0; i < 3; i++)
		CHECK_INT(policy_drop(policies[i]), 0);
}

static void a_policy_in_use_cannot_be_dropped(void)
{
	struct agentos_create create = stage_plan("user");
	uint32_t policy;
	pid_t pid;

	REQUIRE(!policy_new(&policy));
	create.policy = policy;
	REQUIRE(!stage_call(stage_device, AGENTOS_IOC_CREATE, &create));
	CHECK_INT(policy_drop(policy), -EBUSY);
	pid = stage_spawn(create.ret_fd, stage_sleep, NULL);
	CHECK_INT(policy_drop(policy), -EBUSY);
	CHECK_INT(stage_kill(create.ret_fd), 1);
	CHECK_INT(stage_status(pid), 256 + SIGKILL);
	CHECK(stage_ended(create.ret_fd));
	/* The descriptor is still open, the agent has exited. */
	CHECK_INT(policy_drop(policy), 0);
	CHECK_INT(stage_info(create.ret_fd).ret_policy, policy);
	close(create.ret_fd);
	CHECK(stage_settle());
}

static void a_dropped_policy_is_no_policy(void)
{
	struct agentos_create create = stage_plan("late");
	struct agentos_policy_rule rule;
	uint32_t policy;

	REQUIRE(!policy_new(&policy));
	CHECK_INT(policy_drop(policy), 0);
	create.policy = policy;
	CHECK_INT(stage_call(stage_device, AGENTOS_IOC_CREATE, &create), -ENOENT);
	CHECK_INT(hold(policy, AT_FDCWD, &rule), -EBADF);
	CHECK_INT(hold(policy, 0, &rule), -ENOENT);
	CHECK_INT(stage_version().ret_pins, 0);
	CHECK_INT(stage_version().ret_agents, 0);
}

static void what_no_path_leads_to_is_refused(void)
{
	struct agentos_policy_rule rule;
	int fds[5] = { -1, -1, -1, -1, -1 };
	uint32_t policy;
	int i;

	REQUIRE(!policy_new(&policy));
	REQUIRE(!pipe(fds));
	fds[2] = memfd_create("memory", MFD_CLOEXEC);
	fds[3] = socket(AF_UNIX, SOCK_STREAM, 0);
	fds[4] = stage_agent("anonymous", NULL);
	for (i = 0; i < 5; i++) {
		REQUIRE(fds[i] >= 0);
		CHECK_INT(hold(policy, fds[i], &rule), -EOPNOTSUPP);
		close(fds[i]);
	}
	CHECK_INT(stage_version().ret_pins, 0);
	/* A FIFO has a path. */
	REQUIRE(!mkfifo("fifo", 0600));
	CHECK(hold_path(policy, "fifo") != 0);
	CHECK_INT(stage_version().ret_pins, 1);
	CHECK_INT(policy_drop(policy), 0);
	CHECK_INT(stage_version().ret_pins, 0);
	CHECK(stage_settle());
}

static void an_answer_tells_type_and_links(void)
{
	struct agentos_policy_rule rule;
	uint32_t policy;
	int fd;

	REQUIRE(!policy_new(&policy));
	REQUIRE(write_file("links", "x") && !link("links", "links2") && !symlink("links", "sym"));
	fd = open("links", O_PATH | O_CLOEXEC);
	CHECK_INT(hold(policy, fd, &rule), 0);
	CHECK_INT(rule.ret_mode, S_IFREG);
	CHECK_INT(rule.ret_nlink, 2);
	close(fd);
	fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK_INT(hold(policy, fd, &rule), 0);
	CHECK_INT(rule.ret_mode, S_IFDIR);
	close(fd);
	fd = open("sym", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	CHECK_INT(hold(policy, fd, &rule), 0);
	CHECK_INT(rule.ret_mode, S_IFLNK);
	close(fd);
	CHECK_INT(policy_drop(policy), 0);
}

static void numbers_are_equal_for_the_same_object_only(void)
{
	uint32_t policy, other;
	uint64_t one;

	REQUIRE(!policy_new(&policy) && !policy_new(&other));
	REQUIRE(write_file("one", "1") && write_file("two", "2") && !link("one", "one-too"));
	one = hold_path(policy, "one");
	CHECK(one != 0);
	CHECK(hold_path(policy, "one") == one);
	CHECK(hold_path(other, "one") == one);
	CHECK(hold_path(policy, "one-too") == one);
	CHECK(hold_path(policy, "two") != one);
	/* Renamed and deleted, it is what it was; what takes its name is not. */
	REQUIRE(!rename("one", "moved"));
	CHECK(hold_path(policy, "moved") == one);
	REQUIRE(!unlink("moved") && !unlink("one-too") && write_file("one", "1"));
	CHECK(hold_path(policy, "one") != one);
	CHECK_INT(policy_drop(policy), 0);
	CHECK_INT(policy_drop(other), 0);
	CHECK_INT(stage_version().ret_pins, 0);
}

/* A number stays taken while it is held: files made later never get it. */
static void a_held_number_is_not_given_to_another_file(void)
{
	uint32_t policy, other;
	uint64_t held;
	int i;

	REQUIRE(!policy_new(&policy) && write_file("held", "x"));
	held = hold_path(policy, "held");
	REQUIRE(!unlink("held"));
	for (i = 0; i < 200; i++) {
		REQUIRE(!policy_new(&other) && write_file("later", "x"));
		CHECK(hold_path(other, "later") != held);
		REQUIRE(!policy_drop(other) && !unlink("later"));
	}
	CHECK_INT(policy_drop(policy), 0);
}

static bool mount_layers(void)
{
	mkdir("layers", 0755);
	if (mount("layers", "layers", "tmpfs", 0, NULL))
		return false;
	mkdir("layers/lower", 0755);
	mkdir("layers/upper", 0755);
	mkdir("layers/work", 0755);
	mkdir("layers/both", 0755);
	return write_file("layers/lower/low", "low") && write_file("layers/lower/copied", "low") &&
	       write_file("layers/upper/up", "up") &&
	       !mount("both", "layers/both", "overlay", 0,
		      "lowerdir=layers/lower,upperdir=layers/upper,workdir=layers/work");
}

static void overlay_files_are_objects_of_their_own(void)
{
	uint64_t low, up, copied;
	uint32_t policy;

	REQUIRE(!policy_new(&policy) && mount_layers());
	low = hold_path(policy, "layers/both/low");
	up = hold_path(policy, "layers/both/up");
	copied = hold_path(policy, "layers/both/copied");
	CHECK(low != 0 && up != 0 && copied != 0);
	CHECK(low != up && low != copied);
	CHECK(hold_path(policy, "layers/both/low") == low);
	CHECK(hold_path(policy, "layers/both/up") == up);
	CHECK(hold_path(policy, "layers/lower/low") != low);
	CHECK(hold_path(policy, "layers/upper/up") != up);
	/* Written to, it moves to the upper layer, and stays the same object above. */
	REQUIRE(write_file("layers/both/copied", "new") && !access("layers/upper/copied", F_OK));
	CHECK(hold_path(policy, "layers/both/copied") == copied);
	CHECK(umount("layers/both") < 0 && errno == EBUSY);
	CHECK_INT(policy_drop(policy), 0);
	CHECK_INT(umount("layers/both"), 0);
	CHECK_INT(umount("layers"), 0);
}

static void a_held_mount_cannot_be_unmounted(void)
{
	uint32_t policy;

	REQUIRE(!policy_new(&policy));
	mkdir("held-mount", 0755);
	REQUIRE(!mount("held", "held-mount", "tmpfs", 0, NULL));
	/* The control: nothing holds it. */
	REQUIRE(!umount("held-mount"));
	REQUIRE(!mount("held", "held-mount", "tmpfs", 0, NULL));
	REQUIRE(write_file("held-mount/file", "x"));
	CHECK(hold_path(policy, "held-mount/file") != 0);
	CHECK(umount("held-mount") < 0 && errno == EBUSY);
	CHECK_INT(policy_drop(policy), 0);
	CHECK_INT(umount("held-mount"), 0);
}

/* One rule on what `path` names. */
static int put_rule(uint32_t policy, const char *path, const char *name, uint8_t allow,
		    uint8_t deny)
{
	struct agentos_policy_rule rule = {
		.size = sizeof(rule),
		.policy = policy,
		.allow = allow,
		.deny = deny,
		.fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC),
	};
	int err;

	if (rule.fd < 0)
		return -errno;
	memcpy(rule.name, name, strnlen(name, sizeof(rule.name)));
	err = stage_call(stage_device, AGENTOS_IOC_POLICY_RULE, &rule);
	close(rule.fd);
	return err;
}

static void a_rule_must_mean_something(void)
{
	char longest[AGENTOS_RULE_NAME_SIZE + 1] = "";
	uint32_t policy;

	memset(longest, 'x', AGENTOS_RULE_NAME_SIZE);
	REQUIRE(!policy_new(&policy) && write_file("plain", "x"));
	/* The controls: on an object, and on a name, there or not. */
	CHECK_INT(put_rule(policy, "plain", "", AGENTOS_FILE_READ, AGENTOS_FILE_WRITE), 0);
	CHECK_INT(put_rule(policy, ".", "plain", 0, AGENTOS_FILE_ALL), 0);
	CHECK_INT(put_rule(policy, ".", "not-there", 0, AGENTOS_FILE_ALL), 0);
	CHECK_INT(put_rule(policy, ".", longest + 1, 0, AGENTOS_FILE_ALL), 0);
	CHECK_INT(stage_version().ret_pins, 4);
	CHECK_INT(put_rule(policy, "plain", "", AGENTOS_FILE_READ, AGENTOS_FILE_READ), -EINVAL);
	CHECK_INT(put_rule(policy, ".", longest, 0, AGENTOS_FILE_ALL), -EINVAL);
	CHECK_INT(put_rule(policy, ".", "a/b", 0, AGENTOS_FILE_ALL), -EINVAL);
	CHECK_INT(put_rule(policy, ".", "/", 0, AGENTOS_FILE_ALL), -EINVAL);
	CHECK_INT(put_rule(policy, ".", ".", 0, AGENTOS_FILE_ALL), -EINVAL);
	CHECK_INT(put_rule(policy, ".", "..", 0, AGENTOS_FILE_ALL), -EINVAL);
	CHECK_INT(put_rule(policy, "plain", "name", 0, AGENTOS_FILE_ALL), -ENOTDIR);
	CHECK_INT(stage_version().ret_pins, 4);
	CHECK_INT(policy_drop(policy), 0);
}

static void nothing_hides_behind_a_name(void)
{
	struct agentos_policy_rule rule = { .size = sizeof(rule), .deny = AGENTOS_FILE_ALL };

	rule.fd = open(".", O_PATH | O_CLOEXEC);
	REQUIRE(!policy_new(&rule.policy) && rule.fd >= 0);
	memcpy(rule.name, "a", 1);
	CHECK_INT(stage_call(stage_device, AGENTOS_IOC_POLICY_RULE, &rule), 0);
	rule.name[AGENTOS_RULE_NAME_SIZE - 1] = 'b';
	CHECK_INT(stage_call(stage_device, AGENTOS_IOC_POLICY_RULE, &rule), -EINVAL);
	close(rule.fd);
	CHECK_INT(policy_drop(rule.policy), 0);
}

/* Whoever looks at the rules of an agent looks without a lock: they stand still. */
static void a_policy_that_was_used_takes_no_more_rules(void)
{
	struct agentos_create create = stage_plan("sealed");
	uint32_t policy;

	REQUIRE(!policy_new(&policy) && write_file("sealed", "x"));
	CHECK_INT(put_rule(policy, "sealed", "", AGENTOS_FILE_READ, 0), 0);
	create.policy = policy;
	REQUIRE(!stage_call(stage_device, AGENTOS_IOC_CREATE, &create));
	CHECK_INT(put_rule(policy, "sealed", "", AGENTOS_FILE_WRITE, 0), -EBUSY);
	CHECK_INT(stage_version().ret_pins, 1);
	CHECK_INT(stage_kill(create.ret_fd), 0);
	close(create.ret_fd);
	CHECK(stage_settle());
	CHECK_INT(put_rule(policy, "sealed", "", AGENTOS_FILE_WRITE, 0), -EBUSY);
	CHECK_INT(policy_drop(policy), 0);
}

static int pattern(uint32_t policy, uint32_t flags, int fd, const char *name, uint8_t allow,
		   uint8_t deny)
{
	struct agentos_policy_rule rule = {
		.size = sizeof(rule),
		.policy = policy,
		.fd = fd,
		.flags = flags,
		.allow = allow,
		.deny = deny,
	};

	snprintf(rule.name, sizeof(rule.name), "%s", name);
	return stage_call(stage_device, AGENTOS_IOC_POLICY_RULE, &rule);
}

static int anywhere(uint32_t policy, int fd, const char *name, uint8_t allow, uint8_t deny)
{
	return pattern(policy, AGENTOS_RULE_ANYWHERE, fd, name, allow, deny);
}

static int watched_anywhere(uint32_t policy, const char *name, uint8_t deny, uint8_t watch)
{
	struct agentos_policy_rule rule = {
		.size = sizeof(rule),
		.policy = policy,
		.fd = -1,
		.flags = AGENTOS_RULE_ANYWHERE,
		.deny = deny,
		.watch = watch,
	};

	snprintf(rule.name, sizeof(rule.name), "%s", name);
	return stage_call(stage_device, AGENTOS_IOC_POLICY_RULE, &rule);
}

static int abstract(uint32_t policy, int fd, const char *name, uint8_t allow, uint8_t deny)
{
	return pattern(policy, AGENTOS_RULE_ABSTRACT, fd, name, allow, deny);
}

static void an_abstract_name_may_be_any_bytes(void)
{
	static const char *const wrong[] = { "", "**", "a*b", "*a*" };
	static const char *const right[] = { "*", ".", "..", "a/b", "/", "*/", "/tmp/.X11-unix/*" };
	uint32_t policy, i;

	REQUIRE(!policy_new(&policy));
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK_MSG(abstract(policy, -1, wrong[i], AGENTOS_FILE_CONNECT, 0) == -EINVAL, "%s",
			  wrong[i]);
	CHECK_INT(abstract(policy, -1, "a", 0, 0), -EINVAL);
	CHECK_INT(abstract(policy, -1, "a", AGENTOS_FILE_READ, 0), -EINVAL);
	CHECK_INT(abstract(policy, -1, "a", AGENTOS_FILE_ALL, 0), -EINVAL);
	CHECK_INT(abstract(policy, -1, "a", 0, AGENTOS_FILE_CONNECT), -EINVAL);
	CHECK_INT(abstract(policy, -1, "a", AGENTOS_FILE_CONNECT, 1), -EINVAL);
	CHECK_INT(abstract(policy, 0, "a", AGENTOS_FILE_CONNECT, 0), -EBADF);
	CHECK_INT(abstract(1U << 30, -1, "a", AGENTOS_FILE_CONNECT, 0), -ENOENT);
	for (i = 0; i < sizeof(right) / sizeof(right[0]); i++)
		CHECK_INT(abstract(policy, -1, right[i], AGENTOS_FILE_CONNECT, 0), 0);
	for (; i < AGENTOS_PATTERNS_MAX; i++)
		CHECK_INT(abstract(policy, -1, "name", AGENTOS_FILE_CONNECT, 0), 0);
	CHECK_INT(abstract(policy, -1, "more", AGENTOS_FILE_CONNECT, 0), -ENOSPC);
	/* The limit is that of each kind. */
	CHECK_INT(anywhere(policy, -1, "more", 0, 1), 0);
	CHECK_INT(policy_drop(policy), 0);
}

static void a_name_anywhere_is_one_that_files_have(void)
{
	static const char *const wrong[] = { "", "*", "**", "a*b", "*a*", ".", "..", "a/b", "/" };
	struct agentos_create create = stage_plan("named");
	uint32_t policy, i;
	char name[32];

	REQUIRE(!policy_new(&policy));
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK_MSG(anywhere(policy, -1, wrong[i], 0, 1) == -EINVAL, "%s", wrong[i]);
	CHECK_INT(anywhere(policy, -1, "a", 1, 0), -EINVAL);
	CHECK_INT(anywhere(policy, -1, "a", 1, 2), -EINVAL);
	CHECK_INT(anywhere(policy, -1, "a", 0, 0), -EINVAL);
	CHECK_INT(anywhere(policy, -1, "a", 0, AGENTOS_FILE_ALL + 1), -EINVAL);
	CHECK_INT(watched_anywhere(policy, "a", 0, AGENTOS_FILE_ALL + 1), -EINVAL);
	CHECK_INT(watched_anywhere(policy, "a", 1, 3), -EINVAL);
	CHECK_INT(watched_anywhere(policy, "a*b", 0, 1), -EINVAL);
	CHECK_INT(anywhere(policy, 0, "a", 0, 1), -EBADF);
	CHECK_INT(anywhere(policy, -2, "a", 0, 1), -EBADF);
	CHECK_INT(anywhere(1U << 30, -1, "a", 0, 1), -ENOENT);
	CHECK_INT(watched_anywhere(policy, "a", 1, 2), 0);
	CHECK_INT(watched_anywhere(policy, "a", 0, AGENTOS_FILE_ALL), 0);
	for (i = 2; i < AGENTOS_PATTERNS_MAX; i++) {
		snprintf(name, sizeof(name), i % 2 ? "name%u*" : "*name%u", i);
		CHECK_INT(anywhere(policy, -1, name, 0, AGENTOS_FILE_ALL), 0);
	}
	CHECK_INT(anywhere(policy, -1, "more", 0, 1), -ENOSPC);
	/* They hold nothing. */
	CHECK_INT(stage_version().ret_pins, 0);
	create.policy = policy;
	REQUIRE(!stage_call(stage_device, AGENTOS_IOC_CREATE, &create));
	CHECK_INT(anywhere(policy, -1, "late", 0, 1), -EBUSY);
	close(create.ret_fd);
	CHECK(stage_settle());
	CHECK_INT(policy_drop(policy), 0);
}

static void more_rules_than_the_limit_are_enospc(void)
{
	struct agentos_policy_rule rule;
	uint32_t policy, other;
	int fd, i;

	REQUIRE(!policy_new(&policy) && !policy_new(&other));
	fd = open(".", O_PATH | O_CLOEXEC);
	REQUIRE(fd >= 0);
	for (i = 0; i < AGENTOS_RULES_MAX && !hold(policy, fd, &rule); i++)
		;
	CHECK_INT(i, AGENTOS_RULES_MAX);
	CHECK_INT(hold(policy, fd, &rule), -ENOSPC);
	CHECK_INT(stage_version().ret_pins, AGENTOS_RULES_MAX);
	/* The limit is each policy's own. */
	CHECK_INT(hold(other, fd, &rule), 0);
	close(fd);
	CHECK_INT(policy_drop(policy), 0);
	CHECK_INT(policy_drop(other), 0);
	CHECK_INT(stage_version().ret_pins, 0);
}

static void more_policies_than_the_limit_are_enospc(void)
{
	static uint32_t policies[AGENTOS_POLICIES_MAX];
	uint32_t more;
	int i, made;

	for (made = 0; made < AGENTOS_POLICIES_MAX && !policy_new(&policies[made]); made++)
		;
	CHECK_INT(made, AGENTOS_POLICIES_MAX);
	CHECK_INT(policy_new(&more), -ENOSPC);
	CHECK_INT(policy_drop(policies[7]), 0);
	CHECK_INT(policy_new(&policies[7]), 0);
	CHECK_INT(policy_new(&more), -ENOSPC);
	for (i = 0; i < made; i++)
		CHECK_INT(policy_drop(policies[i]), 0);
	CHECK_INT(stage_version().ret_policies, 0);
}

static const struct tap_test tests[] = {
	{ "ids_are_new_and_dropped_once", ids_are_new_and_dropped_once },
	{ "policies_are_enumerated_in_order", policies_are_enumerated_in_order },
	{ "a_policy_in_use_cannot_be_dropped", a_policy_in_use_cannot_be_dropped },
	{ "a_dropped_policy_is_no_policy", a_dropped_policy_is_no_policy },
	{ "what_no_path_leads_to_is_refused", what_no_path_leads_to_is_refused },
	{ "an_answer_tells_type_and_links", an_answer_tells_type_and_links },
	{ "numbers_are_equal_for_the_same_object_only",
	  numbers_are_equal_for_the_same_object_only },
	{ "a_held_number_is_not_given_to_another_file",
	  a_held_number_is_not_given_to_another_file },
	{ "overlay_files_are_objects_of_their_own", overlay_files_are_objects_of_their_own },
	{ "a_held_mount_cannot_be_unmounted", a_held_mount_cannot_be_unmounted },
	{ "a_rule_must_mean_something", a_rule_must_mean_something },
	{ "nothing_hides_behind_a_name", nothing_hides_behind_a_name },
	{ "a_policy_that_was_used_takes_no_more_rules",
	  a_policy_that_was_used_takes_no_more_rules },
	{ "a_name_anywhere_is_one_that_files_have", a_name_anywhere_is_one_that_files_have },
	{ "an_abstract_name_may_be_any_bytes", an_abstract_name_may_be_any_bytes },
	{ "more_rules_than_the_limit_are_enospc", more_rules_than_the_limit_are_enospc },
	{ "more_policies_than_the_limit_are_enospc", more_policies_than_the_limit_are_enospc },
};

STAGE_MAIN(tests, 110)
