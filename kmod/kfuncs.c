// SPDX-License-Identifier: GPL-2.0-only
/* The functions that BPF programs call: who is this task, and what may it? */
#include <linux/bpf.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/path.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <linux/timekeeping.h>

#include "agent.h"
#include "agentos_event.h"
#include "budget.h"
#include "call.h"
#include "caller.h"
#include "compat.h"
#include "device.h"
#include "endpoint.h"
#include "flood.h"
#include "kfuncs.h"
#include "member.h"
#include "owner.h"
#include "policy.h"
#include "rules.h"
#include "start.h"

/* As bpf/agentos.bpf.h declares it. */
struct agentos_facts {
	u64 id;
	u64 rights;
	u64 watched;
	u32 policy;
	u32 flags;
};

#define FACT_PROVING (1U << 0) /* attach asks whether hooks are live: deny, record nothing */
/* These are the agent's own flags. */
#define FACT_RECORD	AGENTOS_CREATE_RECORD_ALLOWED
#define FACT_AUDIT_ONLY AGENTOS_CREATE_AUDIT_ONLY
#define FACT_STRICT	AGENTOS_CREATE_STRICT

/* As bpf/agentos.bpf.h declares it. */
struct agentos_net_ask {
	u32 policy;
	u32 act;
	u32 rule;
	u32 port;
};

/* As bpf/agentos.bpf.h declares it, with what the members mean. */
struct agentos_line {
	u64 agent[AGENTOS_LINE];
	u64 left[AGENTOS_LINE];
};

static void facts_fill(struct agentos_facts *facts, const struct member *member)
{
	const struct agent *agent = member->agent;
	const struct policy *policy =
		rcu_dereference_check(agent->policy, rcu_read_lock_any_held());

	facts->id = agent->id;
	/* Of rights that it has none: of the two policies around a change either will do. */
	facts->watched = policy ? policy->watch & READ_ONCE(agent->watchable) : 0;
	/* First, so that a new policy is never seen with rights that went with the old one. */
	facts->policy = smp_load_acquire(&agent->policy_id);
	facts->rights = READ_ONCE(agent->rights);
	facts->flags = (READ_ONCE(member->proving) ? FACT_PROVING : 0) |
		       (READ_ONCE(agent->flags) & (FACT_RECORD | FACT_AUDIT_ONLY | FACT_STRICT));
}

/*
 * The policy that the calling task's agent followed when the program asked for
 * facts: the one it has or, for who looks a moment after a change, the one it
 * had, which is held for that long. Programs run under RCU.
 */
static struct policy *policy_of_caller(u32 id, bool *ret_held)
{
	const struct agent *agent = member_agent();
	struct policy *policy = agent ? rcu_dereference(agent->policy) : NULL;

	*ret_held = !policy || policy->id != id;
	return likely(!*ret_held) ? policy : policy_use_used(id);
}

static noinline u64 facts_of_caller(struct agentos_facts *facts)
{
	struct member *member = member_of_caller();

	if (!member)
		return 0;
	facts_fill(facts, member);
	return 1;
}

__bpf_kfunc_start_defs();

/* 1 and the facts when the calling task is in an agent, else 0. */
__bpf_kfunc u64 agentos_facts(struct agentos_facts *facts, u32 facts__sz)
{
	return likely(member_none()) || facts__sz < sizeof(*facts) ? 0 : facts_of_caller(facts);
}

/* file_open is about to refuse the calling task, which is proving that hooks are live. */
__bpf_kfunc int agentos_refused(void)
{
	struct member *member;

	rcu_read_lock();
	member = member_find(current);
	if (member)
		WRITE_ONCE(member->refused, true);
	rcu_read_unlock();
	return 0;
}

/*
 * A hook has refused the calling task something, or would have, and the denials'
 * ring is read and written up to these positions. 1 when no record is to be made of
 * it: it is counted. Sets act->time_ns.
 */
__bpf_kfunc int agentos_denied(struct act *act, u32 act__sz, u64 consumed, u64 produced)
{
	struct agent *agent = member_agent();

	if (act__sz < sizeof(*act))
		return 0;
	if (unlikely(!agent)) {
		act->time_ns = ktime_get_boot_fast_ns();
		return 0;
	}
	atomic64_inc(&agent->denials);
	return flood_denied(agent, act, consumed, produced);
}

/*
 * Is the calling task's agent one that its policy has killed for want of any of these
 * rights? 1 or 0. id: the policy that facts named.
 */
__bpf_kfunc int agentos_right_kills(u64 rights, u32 id)
{
	struct policy *policy;
	int kills;
	bool held;

	policy = policy_of_caller(id, &held);
	if (!policy)
		return 0;
	kills = !!(policy->kill & rights);
	if (unlikely(held))
		policy_unuse(policy);
	return kills;
}

/* A hook refuses the calling task what ends its agent. */
__bpf_kfunc int agentos_condemn(void)
{
	struct agent *agent = member_agent();

	if (agent)
		member_condemn(agent);
	return 0;
}

/* As agentos_facts() for another task; its name goes to name (name__sz bytes, NUL-padded). */
__bpf_kfunc int agentos_task_facts(struct task_struct *task, struct agentos_facts *facts,
				   u32 facts__sz, char *name, u32 name__sz)
{
	struct member *member;
	int found = 0;

	rcu_read_lock();
	member = member_find(task);
	if (member && facts__sz >= sizeof(*facts)) {
		facts_fill(facts, member);
		strscpy_pad(name, member->agent->name, name__sz);
		found = 1;
	}
	rcu_read_unlock();
	return found;
}

/* Is the task inside the calling task's agent, or in one derived from it? 1 or 0. */
__bpf_kfunc int agentos_task_inside(struct task_struct *task)
{
	struct member *mine, *its;
	int inside;

	rcu_read_lock();
	mine = member_find(current);
	its = member_find(task);
	inside = mine && its && agent_within(its->agent, mine->agent);
	rcu_read_unlock();
	return inside;
}

/*
 * From file_set_fowner alone. Is the process that the file is about to signal inside
 * the calling task's agent? 1 or 0; *number as owner_inside().
 */
__bpf_kfunc int agentos_owner_inside(struct file *file, int *number, u32 number__sz)
{
	return number__sz < sizeof(*number) ? 0 : owner_inside(file, number);
}

/* Likewise. The file is to signal nobody. */
__bpf_kfunc int agentos_owner_drop(struct file *file)
{
	owner_drop(file);
	return 0;
}

/* The calling task's agent and its ancestors, and what network bytes each has left. How many. */
__bpf_kfunc int agentos_line(struct agentos_line *line, u32 line__sz)
{
	struct member *member;
	struct agent *agent;
	int count = 0;

	if (line__sz < sizeof(*line))
		return 0;
	rcu_read_lock();
	member = member_find(current);
	for (agent = member ? member->agent : NULL; agent && count < AGENTOS_LINE;
	     agent = agent->parent) {
		line->agent[count] = agent->id;
		line->left[count++] = budget_left(agent, AGENTOS_RESOURCE_NET_BYTES);
	}
	rcu_read_unlock();
	return count;
}

/* The same of the gateway's address; and ask->port. */
static int net_decide_loopback(struct agentos_net_ask *ask)
{
	const u32 port = READ_ONCE(caller_port);
	struct policy *policy;
	int verdict;
	bool held;

	ask->rule = AGENTOS_RULE_NONE;
	ask->port = port;
	/* It is being set anew. */
	if (port == CALLER_NO_PORT)
		return ENDPOINT_NO_RULE;
	policy = policy_of_caller(ask->policy, &held);
	verdict = endpoint_decide_loopback(
		policy ? policy->network : NULL, (__force __be16)port, &ask->rule);
	if (unlikely(held))
		policy_unuse(policy);
	return verdict;
}

/* What the rules of ask->policy say: an enum endpoint_verdict, and ask->rule. */
static int net_decide(struct sock *sk, const struct sockaddr *address, struct agentos_net_ask *ask)
{
	const struct network *network;
	struct policy *policy;
	int verdict;
	bool held;

	if (sk && ask->act == ENDPOINT_RECEIVED && caller_way(sk) == CALLER_GATEWAY)
		return net_decide_loopback(ask);
	if (!sk || !endpoint_is_ruled(sk))
		return ENDPOINT_ALLOWED;
	if (ask->act == ENDPOINT_LISTEN && caller_is_held(sk))
		return ENDPOINT_NEVER;
	policy = policy_of_caller(ask->policy, &held);
	network = policy ? policy->network : NULL;
	switch (ask->act) {
	case ENDPOINT_LISTEN:
		verdict = endpoint_decide_listen(network, sk, &ask->rule);
		break;
	case ENDPOINT_RECEIVED:
		verdict = endpoint_decide_received(network, sk, &ask->rule);
		break;
	default:
		verdict = endpoint_decide(network, ask->act, sk, address, &ask->rule);
	}
	if (unlikely(held))
		policy_unuse(policy);
	return verdict;
}

/* The gateway's address: to connect to it is remembered, if let, and none may take it. */
static noinline int net_decide_gateway(struct sock *sk, const struct sockaddr *address, u32 act,
				       int verdict)
{
	struct agent *agent = member_agent();

	if (act == ENDPOINT_BIND)
		return caller_is_taken(sk, address) ? ENDPOINT_NEVER : verdict;
	if (act == ENDPOINT_CONNECT && agent && caller_is_called(sk, address) &&
	    (verdict <= ENDPOINT_WATCHED || READ_ONCE(agent->flags) & FACT_AUDIT_ONLY))
		caller_note(agent, sk);
	return verdict;
}

/*
 * What they say about connecting or binding to address. For an audit-only agent it
 * is to be called whatever its rights are.
 */
__bpf_kfunc int agentos_net(struct socket *sock, struct sockaddr *address,
			    struct agentos_net_ask *ask, u32 ask__sz)
{
	int verdict;

	if (ask__sz < sizeof(*ask))
		return ENDPOINT_NO_RULE;
	verdict = net_decide(sock->sk, address, ask);
	if (sock->sk && caller_port_is(address))
		return net_decide_gateway(sock->sk, address, ask->act, verdict);
	return verdict;
}

/* The same about where a message goes; without an address, that was said before. */
__bpf_kfunc int agentos_net_message(struct socket *sock, struct msghdr *msg,
				    struct agentos_net_ask *ask, u32 ask__sz)
{
	/* MSG_FASTOPEN connects, and no other hook sees it. */
	return msg->msg_name ? agentos_net(sock, msg->msg_name, ask, ask__sz) : ENDPOINT_ALLOWED;
}

/* Does the message name a way of its own, or could one after it that no hook sees? 1 or 0. */
__bpf_kfunc int agentos_net_redirected(struct msghdr *msg)
{
	return endpoint_is_redirected(msg) || (msg->msg_name && endpoint_is_one_of_many());
}

/*
 * What the rules of walk->policy say about a Unix socket: an enum endpoint_unix.
 * Its state is locked.
 */
__bpf_kfunc int agentos_unix(struct sock *other, struct agentos_walk *walk, u32 walk__sz)
{
	struct policy *policy;
	int verdict;
	bool held;

	if (walk__sz < sizeof(*walk))
		return ENDPOINT_UNIX_NO_RULE;
	policy = policy_of_caller(walk->policy, &held);
	if (!policy)
		return ENDPOINT_UNIX_NO_RULE;
	verdict = endpoint_decide_unix(&policy->rules, other, walk);
	if (unlikely(held))
		policy_unuse(policy);
	return verdict;
}

/*
 * A task connects to the Unix socket `other`, and accepted will be the end of whoever
 * listens there. If that is the gateway: what the rules of ask->policy say about
 * its address, an enum endpoint_verdict, with ask->rule and ask->port; and the call
 * is remembered, if they let it. Else -ENOENT.
 */
__bpf_kfunc int agentos_gateway(struct sock *other, struct sock *accepted,
				struct agentos_net_ask *ask, u32 ask__sz)
{
	struct agent *agent = member_agent();
	int verdict;

	if (ask__sz < sizeof(*ask) || !agent || !caller_is_listener(other))
		return -ENOENT;
	verdict = net_decide_loopback(ask);
	if (verdict <= ENDPOINT_WATCHED || READ_ONCE(agent->flags) & FACT_AUDIT_ONLY)
		caller_note_accepted(agent, accepted);
	return verdict;
}

/* Where the socket leads, an enum caller_way; and ask->port, the gateway's. */
__bpf_kfunc int agentos_gateway_way(struct socket *sock, struct agentos_net_ask *ask, u32 ask__sz)
{
	if (ask__sz < sizeof(*ask))
		return CALLER_NOWHERE;
	ask->port = READ_ONCE(caller_port);
	return caller_way(sock->sk);
}

/*
 * About where the socket would listen, or (ENDPOINT_RECEIVED) all that it is good for. Of one
 * that leads to the gateway ask->port is told, which is 0 before.
 */
__bpf_kfunc int agentos_net_own(struct socket *sock, struct agentos_net_ask *ask, u32 ask__sz)
{
	return ask__sz < sizeof(*ask) ? ENDPOINT_NO_RULE : net_decide(sock->sk, NULL, ask);
}

/*
 * What the rules of walk->policy, which facts named, say of `want` on dentry, as
 * far as its own file system goes. 0; 1 when there are no rules at all.
 */
__bpf_kfunc int agentos_walk(struct dentry *dentry, u32 want, struct agentos_walk *walk,
			     u32 walk__sz)
{
	struct policy *policy;
	bool held;

	if (walk__sz < sizeof(*walk))
		return 1;
	policy = policy_of_caller(walk->policy, &held);
	if (!policy)
		return 1;
	rules_walk(&policy->rules, dentry, want, walk);
	if (unlikely(held))
		policy_unuse(policy);
	return 0;
}

/*
 * The walk goes on at a mount point, which the program found: an address, which
 * may as well be none.
 */
__bpf_kfunc int agentos_walk_on(u64 dentry, struct agentos_walk *walk, u32 walk__sz)
{
	struct policy *policy;
	bool held;

	if (walk__sz < sizeof(*walk))
		return 1;
	policy = policy_of_caller(walk->policy, &held);
	if (!policy)
		return 1;
	rules_walk_on(&policy->rules, dentry, walk);
	if (unlikely(held))
		policy_unuse(policy);
	return 0;
}

/*
 * Do the rules of the policy that facts named lie on the directory, or below it?
 * Then it may not be moved or removed: what came to be there by its name
 * instead would be under no rule.
 */
__bpf_kfunc int agentos_rules_below(struct dentry *dentry, u32 id)
{
	struct policy *policy;
	int holds = 0;
	bool held;

	if (!d_is_dir(dentry))
		return 0;
	policy = policy_of_caller(id, &held);
	if (!policy)
		return 0;
	holds = policy_holds_below(policy, dentry, false);
	if (unlikely(held))
		policy_unuse(policy);
	return holds;
}

/*
 * Is it AgentOS's own: its device, a pinned program, or something of which rules that
 * nobody wrote deny some of `want`? Then an audit-only agent is refused what any is,
 * whatever else would refuse it before them. moves: the name goes, and with it what
 * is below. What has no inode yet is what it would be made in.
 */
__bpf_kfunc int agentos_guarded(struct dentry *dentry, u32 id, u32 want, u32 moves)
{
	const struct inode *inode = READ_ONCE(dentry->d_inode);
	struct policy *policy;
	bool guarded, held;

	if (dentry->d_sb->s_magic == BPF_FS_MAGIC || (inode && device_is(inode)))
		return 1;
	policy = policy_of_caller(id, &held);
	/* By the one that refused nobody lives any more: what it said of this is not known. */
	if (!policy)
		return id != 0;
	guarded = rules_keep(&policy->rules, dentry, want) ||
		  (moves && d_is_dir(dentry) && policy_holds_below(policy, dentry, true));
	if (unlikely(held))
		policy_unuse(policy);
	return guarded;
}

/* The system call that the calling task is at the entry of does nothing, and fails. */
__bpf_kfunc int agentos_call_refuse(int error, u32 ia32, u64 harmless)
{
	return call_refuse(error, ia32, harmless);
}

/* Has the program that the calling task has just started executable memory that is of no file? */
__bpf_kfunc int agentos_start_gives_code(void)
{
	return start_gives_code();
}

__bpf_kfunc_end_defs();

BTF_KFUNCS_START(agentos_kfunc_ids)
BTF_ID_FLAGS(func, agentos_facts)
BTF_ID_FLAGS(func, agentos_refused)
BTF_ID_FLAGS(func, agentos_denied)
BTF_ID_FLAGS(func, agentos_right_kills)
BTF_ID_FLAGS(func, agentos_condemn)
BTF_ID_FLAGS(func, agentos_task_facts)
BTF_ID_FLAGS(func, agentos_task_inside)
BTF_ID_FLAGS(func, agentos_owner_inside)
BTF_ID_FLAGS(func, agentos_owner_drop)
BTF_ID_FLAGS(func, agentos_line)
BTF_ID_FLAGS(func, agentos_file_open_quick)
BTF_ID_FLAGS(func, agentos_entry_quick)
BTF_ID_FLAGS(func, agentos_move_quick)
BTF_ID_FLAGS(func, agentos_net_quick)
BTF_ID_FLAGS(func, agentos_send_quick)
BTF_ID_FLAGS(func, agentos_net)
BTF_ID_FLAGS(func, agentos_net_message)
BTF_ID_FLAGS(func, agentos_net_redirected)
BTF_ID_FLAGS(func, agentos_net_own)
BTF_ID_FLAGS(func, agentos_unix)
BTF_ID_FLAGS(func, agentos_gateway)
BTF_ID_FLAGS(func, agentos_gateway_way)
BTF_ID_FLAGS(func, agentos_walk)
BTF_ID_FLAGS(func, agentos_walk_on)
BTF_ID_FLAGS(func, agentos_rules_below)
BTF_ID_FLAGS(func, agentos_guarded)
BTF_ID_FLAGS(func, agentos_device_takes_right)
BTF_ID_FLAGS(func, agentos_call_refuse)
BTF_ID_FLAGS(func, agentos_start_gives_code)
BTF_ID_FLAGS(func, agentos_record)
BTF_ID_FLAGS(func, agentos_record_path)
BTF_ID_FLAGS(func, agentos_record_open)
BTF_ID_FLAGS(func, agentos_record_entry)
BTF_ID_FLAGS(func, agentos_record_dentry)
BTF_ID_FLAGS(func, agentos_record_keep)
BTF_KFUNCS_END(agentos_kfunc_ids)

static const struct btf_kfunc_id_set agentos_kfunc_set = {
	.owner = THIS_MODULE,
	.set = &agentos_kfunc_ids,
};

bool kfuncs_usable(void)
{
	/* Registration without BTF succeeds and does nothing. */
#ifdef CONFIG_DEBUG_INFO_BTF_MODULES
	return THIS_MODULE->btf_data_size != 0;
#else
	return false;
#endif
}

int kfuncs_init(void)
{
	int err;

	if (!kfuncs_usable()) {
		pr_warn("agentos: built without BTF: nothing can be enforced\n");
		return 0;
	}
	/* LSM programs and iterators share one set on both kernels. */
	err = register_btf_kfunc_id_set(BPF_PROG_TYPE_LSM, &agentos_kfunc_set);
	if (err)
		pr_err("agentos: kfuncs refused: %d\n", err);
	return err;
}
