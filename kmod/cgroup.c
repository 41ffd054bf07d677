// SPDX-License-Identifier: GPL-2.0-only
/* Who joins an agent writes himself into its cgroup. */
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/magic.h>

#include "agent.h"
#include "cgroup.h"

/* Others would be written to by whoever joins, with the rights of who opened them. */
static bool cgroup_is_procs(const struct file *file)
{
	return file->f_inode->i_sb->s_magic == CGROUP2_SUPER_MAGIC && file->f_mode & FMODE_WRITE &&
	       !strcmp(file->f_path.dentry->d_name.name, "cgroup.procs");
}

int cgroup_set(struct agent *agent, struct file *procs)
{
	int err = 0;

	if (!cgroup_is_procs(procs))
		return -EINVAL;
	spin_lock_bh(&agent->lock);
	if (agent->state >= AGENTOS_STATE_EXITING)
		err = -ESRCH;
	else if (agent->cgroup || agent->state != AGENTOS_STATE_CREATED || agent->member_count ||
		 agent->child_count)
		err = -EBUSY;
	else
		agent->cgroup = get_file(procs);
	spin_unlock_bh(&agent->lock);
	return err;
}

void cgroup_inherit(struct agent *agent)
{
	if (agent->parent->cgroup)
		agent->cgroup = get_file(agent->parent->cgroup);
}

int cgroup_enter(const struct agent *agent)
{
	struct file *procs = agent->cgroup;
	const struct cred *own;
	loff_t at = 0;
	ssize_t written;

	if (!procs)
		return 0;
	/* Other security modules look at who writes; it is who opened it that may. */
	own = override_creds(procs->f_cred);
	written = kernel_write(procs, "0", 1, &at);
	revert_creds(own);
	return written < 0 ? written : 0;
}

void cgroup_release(struct agent *agent)
{
	struct file *procs;

	spin_lock_bh(&agent->lock);
	procs = agent->cgroup;
	agent->cgroup = NULL;
	spin_unlock_bh(&agent->lock);
	if (procs)
		fput(procs);
}
