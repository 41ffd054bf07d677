// SPDX-License-Identifier: GPL-2.0-only
/* Policy objects: ids, rules, and the held paths that the rules are about. */
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/mutex.h>
#include <linux/path.h>
#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "network.h"
#include "patterns.h"
#include "policy.h"

/* What a rule is on. */
struct policy_pin {
	struct path path;
	bool own; /* the rule denies, and nobody wrote it */
};

static DEFINE_MUTEX(policies_lock); /* the table, and what is written to each policy */
static DEFINE_XARRAY_ALLOC1(policies);
static u32 policies_next = 1;
static atomic_t policies_live = ATOMIC_INIT(0);
static atomic_t pins_live = ATOMIC_INIT(0);
static siphash_key_t objects_key __read_mostly; /* by which objects are called */

int policy_new(struct agentos_policy_new *command)
{
	struct policy *policy;
	u32 id;
	int err;

	if (command->kill & ~AGENTOS_RIGHTS_ALL || command->watch & ~AGENTOS_RIGHTS_WATCHABLE ||
	    command->kill & command->watch)
		return -EINVAL;
	policy = kzalloc(sizeof(*policy), GFP_KERNEL);
	if (!policy)
		return -ENOMEM;
	policy->kill = command->kill;
	policy->watch = command->watch;
	spin_lock_init(&policy->lock);
	rules_init(&policy->rules);
	mutex_lock(&policies_lock);
	err = -ENOSPC;
	if (atomic_read(&policies_live) >= AGENTOS_POLICIES_MAX)
		goto unlock;
	/* Cyclic, so that a number in a record does not soon mean another policy. */
	err = xa_alloc_cyclic(&policies, &id, policy, xa_limit_31b, &policies_next, GFP_KERNEL);
	if (err < 0)
		goto unlock;
	policy->id = id;
	atomic_inc(&policies_live);
	mutex_unlock(&policies_lock);
	command->ret_policy = id;
	return 0;

unlock:
	mutex_unlock(&policies_lock);
	kfree(policy);
	return err;
}

/* Pipes, sockets, memfds: no path leads there, and rules are about paths. */
static bool policy_can_hold(const struct super_block *sb)
{
	return !(sb->s_flags & (SB_KERNMOUNT | SB_NOUSER));
}

static int policy_make_room(struct policy *policy)
{
	u32 room = policy->pin_room ? policy->pin_room * 2 : 32;
	struct policy_pin *pins;

	if (policy->pin_count < policy->pin_room)
		return 0;
	if (policy->pin_count >= AGENTOS_RULES_MAX)
		return -ENOSPC;
	pins = kcalloc(room, sizeof(*pins), GFP_KERNEL);
	if (!pins)
		return -ENOMEM;
	if (policy->pin_count)
		memcpy(pins, policy->pins, policy->pin_count * sizeof(*pins));
	spin_lock_bh(&policy->lock);
	swap(pins, policy->pins);
	policy->pin_room = room;
	spin_unlock_bh(&policy->lock);
	kfree(pins);
	return 0;
}

/* Empty, or a name that can stand in a directory, NUL-padded. */
static bool policy_name_ok(const char *name)
{
	size_t len = strnlen(name, AGENTOS_RULE_NAME_SIZE);

	return len < AGENTOS_RULE_NAME_SIZE &&
	       !memchr_inv(name + len, '\0', AGENTOS_RULE_NAME_SIZE - len) &&
	       !memchr(name, '/', len) && strcmp(name, ".") && strcmp(name, "..");
}

/* The words themselves, whatever they are about. */
static bool policy_word_ok(const struct agentos_policy_rule *rule)
{
	return !((rule->allow | rule->deny) & ~AGENTOS_FILE_ALL) && !(rule->allow & rule->deny) &&
	       !(rule->kill & ~rule->deny) && rule->number != AGENTOS_RULE_NONE;
}

static struct rule_word policy_word(const struct agentos_policy_rule *rule)
{
	return (struct rule_word){
		.number = rule->number,
		.allow = rule->allow,
		.deny = rule->deny,
		.kill = rule->kill,
		.watch = rule->watch,
	};
}

static int policy_check_rule(const struct file *file, const struct agentos_policy_rule *rule)
{
	const struct dentry *dentry = file->f_path.dentry;

	if (!policy_word_ok(rule) || rule->watch & ~rule->allow || !policy_name_ok(rule->name))
		return -EINVAL;
	if (!d_inode(dentry) || !policy_can_hold(dentry->d_sb))
		return -EOPNOTSUPP;
	if (!rule->name[0])
		return 0;
	if (!S_ISDIR(d_inode(dentry)->i_mode))
		return -ENOTDIR;
	return rules_folds(dentry) ? -ENOTUNIQ : 0;
}

/* The one that rules may be added to still. Under policies_lock. */
static struct policy *policy_open_locked(u32 id)
{
	struct policy *policy = xa_load(&policies, id);

	if (!policy)
		return ERR_PTR(-ENOENT);
	return policy->sealed ? ERR_PTR(-EBUSY) : policy;
}

int policy_rule(struct file *file, struct agentos_policy_rule *rule)
{
	const struct inode *inode = d_inode(file->f_path.dentry);
	const struct rule_word word = policy_word(rule);
	struct policy *policy;
	int err;

	err = policy_check_rule(file, rule);
	if (err)
		return err;
	mutex_lock(&policies_lock);
	policy = policy_open_locked(rule->policy);
	err = PTR_ERR_OR_ZERO(policy) ?: policy_make_room(policy);
	if (!err && rule->name[0])
		err = rules_add_name(&policy->rules, file->f_path.dentry, rule->name, &word);
	else if (!err && rule->allow | rule->deny)
		err = rules_add_object(&policy->rules, inode, &word);
	if (err)
		goto unlock;
	path_get(&file->f_path);
	spin_lock_bh(&policy->lock);
	policy->pins[policy->pin_count] = (struct policy_pin){
		.path = file->f_path,
		.own = rule->deny && AGENTOS_RULE_IS_OWN(rule->number),
	};
	policy->pin_count++;
	spin_unlock_bh(&policy->lock);
	atomic_inc(&pins_live);
	rule->ret_object = siphash_1u64((uintptr_t)inode, &objects_key);
	rule->ret_mode = inode->i_mode & S_IFMT;
	rule->ret_nlink = inode->i_nlink;
unlock:
	mutex_unlock(&policies_lock);
	return err;
}

int policy_pattern(struct agentos_policy_rule *rule)
{
	const struct rule_word word = policy_word(rule);
	struct policy *policy;
	int err;

	if (!policy_word_ok(rule) || rule->allow ||
	    rule->watch & (rule->deny | ~AGENTOS_FILE_ALL) || !(rule->deny | rule->watch) ||
	    !patterns_valid(rule->name))
		return -EINVAL;
	mutex_lock(&policies_lock);
	policy = policy_open_locked(rule->policy);
	err = PTR_ERR_OR_ZERO(policy) ?: rules_add_pattern(&policy->rules, rule->name, &word);
	mutex_unlock(&policies_lock);
	return err;
}

int policy_abstract(struct agentos_policy_rule *rule)
{
	struct policy *policy;
	int err;

	if (!policy_word_ok(rule) || rule->allow != AGENTOS_FILE_CONNECT || rule->deny ||
	    rule->watch || !patterns_valid_abstract(rule->name))
		return -EINVAL;
	mutex_lock(&policies_lock);
	policy = policy_open_locked(rule->policy);
	err = PTR_ERR_OR_ZERO(policy) ?:
		      rules_add_abstract(&policy->rules, rule->name, rule->allow, rule->number);
	mutex_unlock(&policies_lock);
	return err;
}

int policy_net(const struct agentos_policy_net *command)
{
	struct network_rule rule;
	struct policy *policy;
	int err;

	if (!network_rule_read(command, &rule))
		return -EINVAL;
	mutex_lock(&policies_lock);
	policy = policy_open_locked(command->policy);
	err = PTR_ERR_OR_ZERO(policy) ?: network_add(&policy->network, &rule);
	mutex_unlock(&policies_lock);
	return err;
}

/* Taken off the table by the caller. May sleep. */
static void policy_free(struct policy *policy)
{
	u32 i;

	rules_release(&policy->rules);
	network_free(policy->network);
	for (i = 0; i < policy->pin_count; i++)
		path_put(&policy->pins[i].path);
	atomic_sub(policy->pin_count, &pins_live);
	atomic_dec(&policies_live);
	kfree(policy->pins);
	/* Who looks for one that is used may just have found it. */
	kfree_rcu(policy, rcu);
}

int policy_drop(u32 id)
{
	struct policy *policy;

	mutex_lock(&policies_lock);
	policy = xa_load(&policies, id);
	if (!policy || atomic_read(&policy->users)) {
		mutex_unlock(&policies_lock);
		return policy ? -EBUSY : -ENOENT;
	}
	xa_erase(&policies, id);
	mutex_unlock(&policies_lock);
	policy_free(policy);
	return 0;
}

struct policy *policy_use(u32 id)
{
	struct policy *policy;
	int err = -ENOENT;

	mutex_lock(&policies_lock);
	policy = xa_load(&policies, id);
	if (policy)
		err = network_seal(policy->network);
	if (!err) {
		policy->sealed = true;
		atomic_inc(&policy->users);
	}
	mutex_unlock(&policies_lock);
	return err ? ERR_PTR(err) : policy;
}

struct policy *policy_use_used(u32 id)
{
	struct policy *policy;

	rcu_read_lock();
	policy = xa_load(&policies, id);
	if (policy && !atomic_inc_not_zero(&policy->users))
		policy = NULL;
	rcu_read_unlock();
	return policy;
}

/* Is it `above` itself, or below it on its file system? Under RCU. */
static bool dentry_within(const struct dentry *dentry, const struct dentry *above)
{
	const struct dentry *parent;

	for (; dentry != above; dentry = parent) {
		parent = READ_ONCE(dentry->d_parent);
		if (parent == dentry)
			return false;
	}
	return true;
}

bool policy_holds_below(struct policy *policy, const struct dentry *dentry, bool own)
{
	const struct dentry *pin;
	bool holds = false;
	u32 i;

	rcu_read_lock();
	spin_lock_bh(&policy->lock);
	for (i = 0; i < policy->pin_count && !holds; i++) {
		pin = policy->pins[i].path.dentry;
		holds = pin->d_sb == dentry->d_sb && (!own || policy->pins[i].own) &&
			dentry_within(pin, dentry);
	}
	spin_unlock_bh(&policy->lock);
	rcu_read_unlock();
	return holds;
}

u32 policy_enumerate(u64 after, u64 *ids, u32 count)
{
	struct policy *policy;
	unsigned long index;
	u32 n = 0;

	if (after >= U32_MAX)
		return 0;
	mutex_lock(&policies_lock);
	xa_for_each_start(&policies, index, policy, after + 1) {
		if (n == count)
			break;
		ids[n++] = index;
	}
	mutex_unlock(&policies_lock);
	return n;
}

u32 policy_count(void)
{
	return atomic_read(&policies_live);
}

u32 policy_pin_count(void)
{
	return atomic_read(&pins_live);
}

void policy_init(void)
{
	get_random_bytes(&objects_key, sizeof(objects_key));
}

void policy_exit(void)
{
	struct policy *policy;
	unsigned long index;

	xa_for_each(&policies, index, policy)
		policy_free(policy);
	xa_destroy(&policies);
}
