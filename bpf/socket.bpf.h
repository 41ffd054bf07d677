/* SPDX-License-Identifier: GPL-2.0-only */
/* What kind of socket it is, which agent made it, and who may be given it. */
#ifndef AGENTOS_SOCKET_BPF_H
#define AGENTOS_SOCKET_BPF_H

#include "traffic.bpf.h"

#define NETLINK_ROUTE 0

static __always_inline bool socket_is_plain(int family, int type, int protocol)
{
	type &= SOCK_TYPE_MASK;
	switch (family) {
	case AF_UNIX:
		return true;
	case AF_INET:
	case AF_INET6:
		if (type == SOCK_STREAM)
			return protocol == 0 || protocol == IPPROTO_TCP ||
			       protocol == IPPROTO_MPTCP;
		return type == SOCK_DGRAM && (protocol == 0 || protocol == IPPROTO_UDP);
	case AF_NETLINK:
		/* libc asks it for interfaces; changing anything needs a capability. */
		return protocol == NETLINK_ROUTE;
	}
	return false;
}

static __always_inline void socket_own(struct sock *sk, __u64 agent)
{
	__u64 *owner = bpf_sk_storage_get(&socket_owner, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);

	/* Without room it counts as made outside: the agent cannot reach or pass on its own. */
	if (owner)
		*owner = agent;
}

/* What an agent needs to make such a socket itself, and to use it to all ends. */
static __always_inline __u64 socket_rights(const struct sock *sk)
{
	int family = sk->__sk_common.skc_family;

	if (!socket_is_plain(family, sk->sk_type, sk->sk_protocol))
		return AGENTOS_RIGHT(NET_RAW);
	if (family == AF_UNIX)
		return AGENTOS_RIGHT(UNIX_CONNECT);
	if (family == AF_NETLINK)
		return 0;
	return AGENTOS_RIGHT(NET_CONNECT) | AGENTOS_RIGHT(NET_LISTEN);
}

/*
 * A socket that another process sends. One made outside may be connected to
 * anything: it takes the rights to do that. Returns whether it is denied.
 */
static __always_inline int socket_receive_check(void *ctx, const struct agentos_facts *facts,
						struct file *file, struct socket *sock)
{
	struct act act = {
		.hook = AGENTOS_HOOK_FILE_RECEIVE,
		.verdict = AGENTOS_VERDICT_DENIED,
		.why = AGENTOS_WHY_RIGHT,
		.error = -EACCES,
		.refusal = -EACCES,
		.rule = AGENTOS_RULE_NONE,
	};
	struct agentos_net_ask ask = { .policy = facts->policy, .act = ENDPOINT_RECEIVED };
	struct dentry *dentry = file->f_path.dentry;
	struct sock *sk = sock->sk;
	__u64 *owner, lacks;
	int ruled, uncounted;

	if (sk) {
		owner = bpf_sk_storage_get(&socket_owner, sk, NULL, 0);
		if (owner && *owner == facts->id)
			return 0;
		ruled = agentos_net_own(sock, &ask, sizeof(ask));
		/* One that leads to the gateway is good for what a connection there is. */
		lacks = (ask.port ? AGENTOS_RIGHT(NET_CONNECT) : socket_rights(sk)) &
			~facts->rights;
		act.right = lacks & ~facts->watched;
		if (act.right)
			ruled = ENDPOINT_ALLOWED;
		uncounted = ask.port ? traffic_limited() != 0 : traffic_uncounted(sk);
		if (facts->flags & FACT_AUDIT_ONLY && uncounted) {
			act.why = AGENTOS_WHY_UNCOUNTED;
			act.right = 0;
		} else if (ruled > ENDPOINT_WATCHED) {
			act.why =
				ruled == ENDPOINT_NO_RULE ? AGENTOS_WHY_NO_RULE : AGENTOS_WHY_RULE;
			act.effect = ruled == ENDPOINT_KILLED ? EFFECT_KILL : EFFECT_NONE;
			act.rule = ask.rule;
		} else if (!act.right && uncounted) {
			act.why = AGENTOS_WHY_UNCOUNTED;
		} else if (!act.right) {
			act.verdict = AGENTOS_VERDICT_ALLOWED;
			act.why = AGENTOS_WHY_NONE;
			act.error = 0;
			act.right = lacks;
			if (ruled == ENDPOINT_WATCHED)
				act.rule = ask.rule;
			if (lacks || ruled == ENDPOINT_WATCHED)
				act.effect = EFFECT_WATCH;
		}
	} else {
		act.why = AGENTOS_WHY_UNRESOLVED;
	}
	return act_path(ctx, facts, &act, &file->f_path, dentry, 0);
}

#endif
