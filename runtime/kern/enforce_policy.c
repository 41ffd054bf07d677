// SPDX-License-Identifier: GPL-2.0-or-later
/* Policies in the maps: checked, pinned, written; all or nothing. */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kern/device.h"
#include "kern/enforce_state.h"

/* What will be written: one entry per key, after merging. */
struct entries {
	struct agentos_object_key *object_keys;
	struct agentos_rule *objects;
	size_t object_count;
	struct agentos_name_key *name_keys;
	struct agentos_rule *names;
	size_t name_count;
};

static void entries_release(struct entries *n)
{
	free(n->object_keys);
	free(n->objects);
	free(n->name_keys);
	free(n->names);
}

static int entries_init(struct entries *n, size_t count)
{
	memset(n, 0, sizeof(*n));
	n->object_keys = calloc(count + 1, sizeof(*n->object_keys));
	n->objects = calloc(count + 1, sizeof(*n->objects));
	n->name_keys = calloc(count + 1, sizeof(*n->name_keys));
	n->names = calloc(count + 1, sizeof(*n->names));
	if (n->object_keys && n->objects && n->name_keys && n->names)
		return 0;
	entries_release(n);
	return -ENOMEM;
}

/* Two rules on one object: both hold, and where they disagree deny does. */
static void rule_merge(struct agentos_rule *into, const struct agentos_rule *from)
{
	if (from->deny & ~into->deny)
		into->number = from->number;
	into->deny |= from->deny;
	into->allow = (into->allow | from->allow) & ~into->deny;
	into->flags |= from->flags;
}

static void entries_add_object(struct entries *n, const struct agentos_object_key *key,
			       const struct agentos_rule *rule)
{
	size_t i;

	for (i = 0; i < n->object_count; i++) {
		if (!memcmp(&n->object_keys[i], key, sizeof(*key))) {
			rule_merge(&n->objects[i], rule);
			return;
		}
	}
	n->object_keys[i] = *key;
	n->objects[i] = *rule;
	n->object_count++;
}

static void entries_add_name(struct entries *n, const struct agentos_name_key *key,
			     const struct agentos_rule *rule)
{
	size_t i;

	for (i = 0; i < n->name_count; i++) {
		if (!memcmp(&n->name_keys[i], key, sizeof(*key))) {
			rule_merge(&n->names[i], rule);
			return;
		}
	}
	n->name_keys[i] = *key;
	n->names[i] = *rule;
	n->name_count++;
}

static int rule_check(const struct compiled_rule *r, struct fault *f)
{
	size_t len = strnlen(r->name, sizeof(r->name));
	size_t i;

	for (i = len; i < sizeof(r->name); i++)
		if (r->name[i])
			return fault_set(f, EINVAL, "rule %u: bytes after the name", r->number);
	if (len == sizeof(r->name) || r->pad || r->allow & ~AGENTOS_FILE_ALL ||
	    r->deny & ~AGENTOS_FILE_ALL || r->allow & r->deny || !(r->allow | r->deny))
		return fault_set(f, EINVAL, "rule %u is malformed", r->number);
	if (r->number == AGENTOS_RULE_NONE || r->number == AGENTOS_RULE_PINS)
		return fault_set(f, EINVAL, "rule number out of range");
	switch (r->kind) {
	case COMPILED_OBJECT:
		return len ? fault_set(f, EINVAL, "rule %u: an object with a name", r->number) : 0;
	case COMPILED_NAME:
		if (!len || memchr(r->name, '/', len) || !strcmp(r->name, ".") ||
		    !strcmp(r->name, ".."))
			return fault_set(f, EINVAL, "rule %u: not a file name", r->number);
		return 0;
	}
	return fault_set(f, EINVAL, "rule %u: of no known kind", r->number);
}

/* It would be nearer than our own rule, entries_add_pins(). */
static bool descriptor_below_pins(int fd)
{
	char link[32], path[sizeof(AGENTOS_PIN_DIR) + 1];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path));
	return len == (ssize_t)sizeof(path) &&
	       !memcmp(path, AGENTOS_PIN_DIR "/", sizeof(AGENTOS_PIN_DIR));
}

/* Holds each rule's object and turns it into map entries. */
static int entries_fill(const struct enforce *e, struct entries *n, uint32_t policy,
			const struct compiled_rule *rules, const int *fds, size_t count,
			struct fault *f)
{
	size_t i;
	int err;

	for (i = 0; i < count; i++) {
		struct agentos_rule rule = {
			.allow = rules[i].allow,
			.deny = rules[i].deny,
			.number = rules[i].number,
		};
		struct agentos_rule parent = { .flags = AGENTOS_RULE_NAMES,
					       .number = rules[i].number };
		struct agentos_name_key name = {};
		struct agentos_policy_pin pin;

		if (descriptor_below_pins(fds[i]))
			return fault_set(f, EINVAL,
					 "rule %u: no rule may be about what is below %s",
					 rules[i].number, AGENTOS_PIN_DIR);
		err = agentos_dev_policy_pin(e->dev, policy, fds[i], &pin);
		if (err == -EOPNOTSUPP)
			return fault_set(
				f, EOPNOTSUPP,
				"rule %u: no path leads to its object: it is a pipe, a socket or in memory only",
				rules[i].number);
		if (err)
			return fault_set(f, -err, "rule %u cannot be held: %s", rules[i].number,
					 strerror(-err));
		name.parent.policy = policy;
		name.parent.object = pin.ret_object;
		if (rules[i].kind == COMPILED_OBJECT) {
			entries_add_object(n, &name.parent, &rule);
			continue;
		}
		if ((pin.ret_mode & 0170000) != 0040000)
			return fault_set(f, EINVAL, "rule %u: a name in what is no directory",
					 rules[i].number);
		if (pin.ret_flags & AGENTOS_PIN_FOLDS)
			return fault_set(
				f, EOPNOTSUPP,
				"rule %u: its directory takes other spellings for the same name: a rule on one name would not hold there",
				rules[i].number);
		memcpy(name.name, rules[i].name, sizeof(name.name));
		entries_add_name(n, &name, &rule);
		entries_add_object(n, &name.parent, &parent);
	}
	return 0;
}

/*
 * One rule more, which nobody wrote: an agent that may write anywhere may not
 * unlink the programs that hold it. The hold on the directory keeps its file
 * system from being unmounted, too.
 */
static int entries_add_pins(const struct enforce *e, struct entries *n, uint32_t policy,
			    struct fault *f)
{
	const struct agentos_rule rule = {
		.deny = AGENTOS_FILE_WRITE,
		.number = AGENTOS_RULE_PINS,
	};
	struct agentos_object_key key = { .policy = policy };
	struct agentos_policy_pin pin = {};
	int err, fd;

	fd = open(AGENTOS_PIN_DIR, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	err = fd < 0 ? -errno : agentos_dev_policy_pin(e->dev, policy, fd, &pin);
	if (fd >= 0)
		close(fd);
	if (err)
		return fault_set(f, -err, "%s cannot be held: %s", AGENTOS_PIN_DIR, strerror(-err));
	key.object = pin.ret_object;
	entries_add_object(n, &key, &rule);
	return 0;
}

static int entries_write(const struct enforce *e, const struct entries *n, struct fault *f)
{
	size_t i;

	/* Names first: the directory's mark makes the hooks look for them. */
	for (i = 0; i < n->name_count; i++)
		if (bpf_map_update_elem(e->maps[MAP_NAMES], &n->name_keys[i], &n->names[i],
					BPF_NOEXIST))
			goto failed;
	for (i = 0; i < n->object_count; i++)
		if (bpf_map_update_elem(e->maps[MAP_RULES], &n->object_keys[i], &n->objects[i],
					BPF_NOEXIST))
			goto failed;
	return 0;

failed:
	if (errno == E2BIG)
		return fault_set(
			f, E2BIG,
			"no room for the policy: at most %u rules on objects and %u on names, all running agents together",
			AGENTOS_RULES_MAX, AGENTOS_NAMES_MAX);
	return fault_set(f, errno, "the policy cannot be written: %s", strerror(errno));
}

/* Deletes the entries of a map whose policy is one of those dropped; 0 means any that `keep` lacks. */
static void map_purge(int map, size_t key_size, uint32_t policy, const uint64_t *keep,
		      size_t keep_count)
{
	/* Both kinds of key begin with the object key, and that with the policy. */
	union {
		struct agentos_object_key object;
		struct agentos_name_key name;
	} key, next;
	bool more = bpf_map_get_next_key(map, NULL, &next) == 0;

	while (more) {
		bool purge = next.object.policy == policy;
		size_t i;

		if (!policy) {
			purge = true;
			for (i = 0; i < keep_count; i++)
				if (keep[i] == next.object.policy)
					purge = false;
		}
		memcpy(&key, &next, key_size);
		more = bpf_map_get_next_key(map, &key, &next) == 0;
		if (purge)
			bpf_map_delete_elem(map, &key);
	}
}

static void policy_purge(const struct enforce *e, uint32_t policy, const uint64_t *keep,
			 size_t keep_count)
{
	map_purge(e->maps[MAP_RULES], sizeof(struct agentos_object_key), policy, keep, keep_count);
	map_purge(e->maps[MAP_NAMES], sizeof(struct agentos_name_key), policy, keep, keep_count);
}

int enforce_policy_load(struct enforce *e, const struct compiled_rule *rules, const int *fds,
			size_t count, uint32_t *ret_policy, struct fault *f)
{
	struct entries entries;
	uint32_t policy;
	size_t i;
	int err;

	if (count > AGENTOS_POLICY_RULES_MAX)
		return fault_set(f, E2BIG, "%zu rules: one policy may have %u", count,
				 AGENTOS_POLICY_RULES_MAX);
	for (i = 0; i < count; i++) {
		err = rule_check(&rules[i], f);
		if (err)
			return err;
	}
	/* A name rule marks its directory as well: two entries each at most, and our own. */
	err = entries_init(&entries, 2 * count);
	if (err)
		return fault_set(f, -err, "out of memory");
	err = agentos_dev_policy_new(e->dev, &policy);
	if (err) {
		fault_set(f, -err, "no new policy: %s", strerror(-err));
		goto release;
	}
	err = entries_fill(e, &entries, policy, rules, fds, count, f);
	if (!err)
		err = entries_add_pins(e, &entries, policy, f);
	if (!err)
		err = entries_write(e, &entries, f);
	if (err)
		enforce_policy_drop(e, policy);
	else
		*ret_policy = policy;
release:
	entries_release(&entries);
	return err;
}

int enforce_policy_drop(struct enforce *e, uint32_t policy)
{
	int err = agentos_dev_policy_drop(e->dev, policy);

	if (err && err != -ENOENT)
		return err;
	policy_purge(e, policy, NULL, 0);
	return err;
}

int enforce_policy_sweep(struct enforce *e)
{
	uint64_t *keep = calloc(AGENTOS_POLICIES_MAX, sizeof(*keep));
	uint64_t *ids = calloc(AGENTOS_POLICIES_MAX, sizeof(*ids));
	int i, count, kept = 0, swept = 0;

	if (!keep || !ids) {
		free(keep);
		free(ids);
		return -ENOMEM;
	}
	count = agentos_dev_enumerate(
		e->dev, AGENTOS_ENUMERATE_POLICIES, 0, ids, AGENTOS_POLICIES_MAX);
	for (i = 0; i < count; i++) {
		if (agentos_dev_policy_drop(e->dev, ids[i]) == -EBUSY)
			keep[kept++] = ids[i];
		else
			swept++;
	}
	if (count >= 0)
		policy_purge(e, 0, keep, kept);
	free(keep);
	free(ids);
	return count < 0 ? count : swept;
}
