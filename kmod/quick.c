// SPDX-License-Identifier: GPL-2.0-only
/* The quick ones: BPF programs that everybody runs often ask these first. */
#include <linux/bpf.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/major.h>
#include <linux/net.h>
#include <linux/socket.h>

#include "agent.h"
#include "agentos_event.h"
#include "caller.h"
#include "compat.h"
#include "device.h"
#include "endpoint.h"
#include "member.h"
#include "policy.h"
#include "quick.h"
#include "rules.h"

/* AGENTOS_FILE_* that opening the file as it is wants: as access_of_mode() in bpf/file.bpf.c. */
static u32 file_wants(const struct file *file)
{
	u32 want = 0;

	if (file->f_mode & FMODE_READ)
		want |= AGENTOS_FILE_READ;
	if (file->f_mode & FMODE_WRITE || file->f_flags & O_TRUNC)
		want |= AGENTOS_FILE_WRITE;
	return want ?: AGENTOS_FILE_READ | AGENTOS_FILE_WRITE;
}

/*
 * The quick ones' first look: the rules that decide about an act that takes these
 * rights, or NULL when there is more to it than rules. Apart from the rest, so
 * that whoever is in no agent sets no frame up for it.
 */
static const struct policy *quick_rules(const struct member *member, u64 rights)
{
	const struct agent *agent = member->agent;
	/* Before the rights, as facts_fill(). */
	const struct policy *policy = rcu_dereference(agent->policy);

	return READ_ONCE(member->proving) || rights & ~READ_ONCE(agent->rights) ? NULL : policy;
}

static bool quick_tells(const struct member *member)
{
	return READ_ONCE(member->agent->flags) & AGENTOS_CREATE_RECORD_ALLOWED;
}

/* Likewise, and NULL when what is allowed is to be recorded. */
static const struct policy *quick_policy(const struct member *member, u64 rights)
{
	return quick_tells(member) ? NULL : quick_rules(member, rights);
}

/* null, zero, full, random, urandom; tty, ptmx; slaves. */
static bool device_is_harmless(const struct inode *inode)
{
	const unsigned int major = imajor(inode), minor = iminor(inode);

	if (!S_ISCHR(inode->i_mode))
		return false;
	if (major == MEM_MAJOR)
		return minor == 3 || minor == 5 || (minor >= 7 && minor <= 9);
	if (major == TTYAUX_MAJOR)
		return minor == 0 || minor == 2;
	return major >= UNIX98_PTY_SLAVE_MAJOR &&
	       major < UNIX98_PTY_SLAVE_MAJOR + UNIX98_PTY_MAJOR_COUNT;
}

/* AgentOS's own does not: the module opens it to no agent, and the gateway is handed one. */
static bool device_takes_right(const struct inode *inode)
{
	return (S_ISCHR(inode->i_mode) || S_ISBLK(inode->i_mode)) && !device_is(inode) &&
	       !device_is_harmless(inode);
}

/*
 * Does opening it take more than rules? Of regular files and directories the kernel
 * has made a note by now, which costs less to look at than their inodes.
 */
static __always_inline bool file_may_take_right(const struct file *file)
{
	return !likely(file->f_mode & FMODE_ATOMIC_POS) && device_takes_right(file->f_inode);
}

static noinline u64 file_open_quick(const struct file *file)
{
	const struct member *member = member_of_caller();
	u32 want = file_wants(file);
	const struct policy *policy;

	if (!member)
		return QUICK_DONE;
	policy = quick_rules(member, want);

	/* To write to the memory of a process takes a right, which a file of procfs may be. */
	if (!policy || file->f_flags & __FMODE_EXEC || file_may_take_right(file) ||
	    (want & AGENTOS_FILE_WRITE && file_inode(file)->i_sb->s_magic == PROC_SUPER_MAGIC))
		return QUICK_ASK;
	if (!rules_plainly_allow(&policy->rules, file->f_path.dentry, want))
		return QUICK_ASK;
	/* What overlayfs opens below is no act of the agent's. */
	if (!quick_tells(member) || file->f_mode & FMODE_NOACCOUNT)
		return QUICK_DONE;
	return QUICK_TOLD(want, policy->id);
}

/* Of what goes, a directory may have rules on it or below, and a device's node takes a right. */
static noinline u64 entry_quick(const struct dentry *dentry, bool removes)
{
	const struct member *member = member_of_caller();
	const struct policy *policy;

	if (!member)
		return QUICK_DONE;
	policy = quick_policy(member, AGENTOS_RIGHT(FILE_WRITE));

	if (!policy || (removes && (d_is_dir(dentry) || d_is_special(dentry))))
		return QUICK_ASK;
	return rules_plainly_allow(&policy->rules, dentry, AGENTOS_FILE_WRITE) ?
		       QUICK_DONE :
		       QUICK_ASK;
}

/* Another name of a file: who may plainly do all to it that he has rights to gains nothing. */
static noinline u64 move_quick(const struct dentry *from, const struct dentry *to)
{
	const struct member *member = member_of_caller();
	const struct policy *policy;
	u32 rights;

	if (!member)
		return QUICK_DONE;
	policy = quick_policy(member, AGENTOS_RIGHT(FILE_WRITE));
	/* The first three bits stand in the same order in both. */
	rights = READ_ONCE(member->agent->rights) &
		 (AGENTOS_FILE_READ | AGENTOS_FILE_WRITE | AGENTOS_FILE_EXEC);

	if (!policy || !(d_is_reg(from) || d_is_symlink(from)) || d_is_dir(to) || d_is_special(to))
		return QUICK_ASK;
	if (!rules_plainly_allow(&policy->rules, from, rights | AGENTOS_FILE_WRITE))
		return QUICK_ASK;
	return rules_plainly_allow(&policy->rules, to, AGENTOS_FILE_WRITE) ? QUICK_DONE : QUICK_ASK;
}

/*
 * Likewise. address: what to connect to or to bind to. Sockets of which no rule
 * is about the address take the right, which the program knows by itself.
 */
static noinline u64 net_quick(const struct sock *sk, const struct sockaddr *address, u32 act)
{
	const struct member *member = member_of_caller();
	const struct policy *policy;

	if (!member)
		return QUICK_DONE;
	policy = quick_policy(member, act == ENDPOINT_BIND ? AGENTOS_RIGHT(NET_LISTEN) :
							     AGENTOS_RIGHT(NET_CONNECT));

	if (!sk || !address || !policy || caller_port_is(address))
		return QUICK_ASK;
	return endpoint_plainly_allowed(policy->network, act, sk, address) ? QUICK_DONE : QUICK_ASK;
}

__bpf_kfunc_start_defs();

/*
 * May the calling task open the file? QUICK_DONE when it is in no agent, or
 * plainly may: by its agent's rights, and by rules on the file's own file system.
 * Whatever else there is to it, the program decides (QUICK_ASK): other mounts, and
 * other kinds of open. QUICK_TELL: it plainly may, and that is to be recorded, by
 * agentos_record_open(). 64 bits, as of fewer the program would first clear the rest.
 */
__bpf_kfunc u64 agentos_file_open_quick(struct file *file)
{
	return likely(member_none()) ? QUICK_DONE : file_open_quick(file);
}

/* The same of a name that is to be made in its directory, or (removes) to be removed. */
__bpf_kfunc u64 agentos_entry_quick(struct dentry *dentry, u32 removes)
{
	return likely(member_none()) ? QUICK_DONE : entry_quick(dentry, removes);
}

/* The same of a file that is to have the name `to`, where there may be another. */
__bpf_kfunc u64 agentos_move_quick(struct dentry *from, struct dentry *to)
{
	return likely(member_none()) ? QUICK_DONE : move_quick(from, to);
}

/*
 * The same of an address that a socket is to be connected to (act is
 * ENDPOINT_CONNECT) or bound to (ENDPOINT_BIND).
 */
__bpf_kfunc u64 agentos_net_quick(struct socket *sock, struct sockaddr *address, u32 act)
{
	return likely(member_none()) ? QUICK_DONE : net_quick(sock->sk, address, act);
}

/* The same of a message. Its control data may name another way: then it depends. */
__bpf_kfunc u64 agentos_send_quick(struct socket *sock, struct msghdr *msg)
{
	if (likely(member_none()))
		return QUICK_DONE;
	if (msg->msg_controllen || endpoint_is_one_of_many())
		return QUICK_ASK;
	return net_quick(sock->sk, msg->msg_name, ENDPOINT_CONNECT);
}

/* Is it a device that only those may open who have the right to? */
__bpf_kfunc int agentos_device_takes_right(struct dentry *dentry)
{
	const struct inode *inode = READ_ONCE(dentry->d_inode);

	return inode && device_takes_right(inode);
}

__bpf_kfunc_end_defs();
