// SPDX-License-Identifier: GPL-2.0-only
/* Telling acts apart, and counting those that are the same. */
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/once.h>
#include <linux/sched.h>
#include <linux/siphash.h>
#include <linux/string.h>

#include "repeats.h"

static siphash_key_t names_key __read_mostly;

/* Of what does not exist only the name tells; the program chose it, but not our key. */
static u64 name_hash(struct dentry *dentry)
{
	u64 hash;

	get_random_once(&names_key, sizeof(names_key));
	spin_lock(&dentry->d_lock);
	hash = siphash(dentry->d_name.name, dentry->d_name.len, &names_key);
	spin_unlock(&dentry->d_lock);
	return hash;
}

static void dentry_words(u64 words[4], struct dentry *dentry)
{
	const struct inode *inode = READ_ONCE(dentry->d_inode);

	words[0] = (u64)READ_ONCE(dentry->d_parent);
	words[1] = dentry->d_sb->s_dev | (inode ? (u64)inode->i_generation << 32 : 0);
	words[2] = inode ? inode->i_ino : 0;
	words[3] = inode ? READ_ONCE(dentry->d_name.hash_len) : name_hash(dentry);
}

void repeats_key_make(struct repeats_key *key, const struct act *act)
{
	u64 *words = key->words;

	if (act->kind == ACT_UNIQUE || act->effect == EFFECT_KILL) {
		memset(key, 0, sizeof(*key));
		return;
	}
	words[0] = act->hook | (u64)act->verdict << 16 | (u64)act->why << 24 |
		   (u64)(u32)act->error << 32;
	words[1] = act->right;
	words[2] = act->rule | (u64)act->access << 32;
	words[3] = (u32)task_tgid_nr(current) | (u64)act->effect << 32 | (u64)act->kind << 40;
	words[4] = act->object[1];
	if (act->kind == ACT_DENTRY) {
		dentry_words(&words[5], (struct dentry *)act->object[0]);
		return;
	}
	words[5] = act->object[0];
	words[6] = act->object[2];
	words[7] = 0;
	words[8] = 0;
}

void untold_add(struct untold *untold, u64 since_ns, const struct act *act, s32 tgid)
{
	if (!untold->count++)
		untold->since_ns = since_ns;
	untold->until_ns = act->time_ns;
	untold->tgid = tgid;
	untold->verdict = act->verdict;
}

bool repeats_count(struct repeats *repeats, const struct repeats_key *key, const struct act *act,
		   s32 tgid)
{
	if (!key->words[0] || memcmp(key, &repeats->last, sizeof(*key))) {
		repeats->last = *key;
		repeats->run = 1;
		repeats->closed = repeats->untold.count;
	} else if (repeats->run < REPEATS_RECORDED) {
		repeats->run++;
	} else if (!repeats->closed) {
		untold_add(&repeats->untold, repeats->recorded_ns, act, tgid);
		return true;
	}
	repeats->recorded_ns = act->time_ns;
	return false;
}

bool repeats_take(struct repeats *repeats, struct untold *ret_untold)
{
	if (!repeats->untold.count)
		return false;
	*ret_untold = repeats->untold;
	repeats->untold = (struct untold){};
	repeats->closed = false;
	return true;
}

void repeats_break(struct repeats *repeats)
{
	memset(&repeats->last, 0, sizeof(repeats->last));
	repeats->run = 0;
	repeats->closed = repeats->untold.count;
}
