/* SPDX-License-Identifier: GPL-2.0-only */
/* Which sockets' packets are counted, and for whom. */
#ifndef AGENTOS_TRAFFIC_BPF_H
#define AGENTOS_TRAFFIC_BPF_H

#include "event.bpf.h"

#define UNLIMITED (~0ULL)

static __always_inline bool family_is_inet(int family)
{
	return family == AF_INET || family == AF_INET6;
}

/* Sockets that neither reach the network nor are decided by another hook. */
static __always_inline bool family_is_local(int family)
{
	return family == AF_UNIX || family == AF_NETLINK;
}

/*
 * Are all of a socket's packets seen with the socket that its maker made? Of
 * MPTCP, SCTP and SMC the kernel makes further sockets by itself; packet sockets
 * and other families do not come by.
 */
static __always_inline bool traffic_is_counted(int family, int type, int protocol)
{
	if (family_is_local(family))
		return true;
	if (!family_is_inet(family))
		return false;
	switch (type & SOCK_TYPE_MASK) {
	case SOCK_STREAM:
		return protocol == 0 || protocol == IPPROTO_TCP;
	case SOCK_DGRAM:
		return protocol == 0 || protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE ||
		       protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
	case SOCK_RAW:
		return true;
	}
	return false;
}

/* The nearest of the calling task's agent and its ancestors with a limit, or 0. */
static __noinline __u64 traffic_limited(void)
{
	struct agentos_line line = {};
	int i;

	agentos_line(&line, sizeof(line));
	for (i = 0; i < AGENTOS_LINE; i++) {
		if (line.agent[i] && line.left[i] != UNLIMITED)
			return line.agent[i];
	}
	return 0;
}

/* Are packets counted now? They are while an agent has a limit, as soon as the daemon knows. */
static __always_inline bool traffic_is_on(void)
{
	__u32 slot = AGENTOS_COUNTING_ON, *on = bpf_map_lookup_elem(&counting, &slot);

	return on && *on;
}

/* Spares the daemon a look at all of an empty map. */
static __always_inline void traffic_made(void)
{
	__u32 slot = AGENTOS_COUNTING_MADE, *made = bpf_map_lookup_elem(&counting, &slot);

	if (made)
		__sync_fetch_and_add(made, 1);
}

/*
 * Names who pays for a socket's packets, when they are counted. Returns whether
 * that failed, or one of them has a limit and nobody counts.
 */
static __noinline int traffic_begin(struct sock *sk)
{
	struct agentos_line line = {};
	struct agentos_payers *payers;
	int i;

	agentos_line(&line, sizeof(line));
	payers = bpf_sk_storage_get(&socket_payers, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!payers)
		return 1;
	for (i = 0; i < AGENTOS_LINE; i++) {
		struct agentos_allowance allowance = { .ceiling = line.left[i] };
		struct agentos_traffic none = {};
		__u64 agent = line.agent[i];

		if (!agent)
			break;
		if (line.left[i] != UNLIMITED && !traffic_is_on())
			return 1;
		payers->agent[i] = agent;
		if (bpf_map_lookup_elem(&traffic, &agent))
			continue;
		if (i + 1 < AGENTOS_LINE)
			none.parent = line.agent[i + 1];
		/* The ceiling first: who has a count has one. Others may be here as well. */
		bpf_map_update_elem(&allowances, &agent, &allowance, BPF_NOEXIST);
		bpf_map_update_elem(&traffic, &agent, &none, BPF_NOEXIST);
		if (!bpf_map_lookup_elem(&allowances, &agent) ||
		    !bpf_map_lookup_elem(&traffic, &agent))
			return 1;
		traffic_made();
	}
	return 0;
}

/*
 * A socket that comes from elsewhere: would its packets be counted for the
 * nearest agent that has a limit? Who pays for an agent pays for its ancestors.
 */
static __noinline int traffic_uncounted(struct sock *sk)
{
	int family = sk->__sk_common.skc_family;
	struct agentos_payers *payers;
	__u64 limited;
	int i;

	if (family_is_local(family))
		return 0;
	limited = traffic_limited();
	if (!limited)
		return 0;
	if (!traffic_is_counted(family, sk->sk_type, sk->sk_protocol))
		return 1;
	payers = bpf_sk_storage_get(&socket_payers, sk, NULL, 0);
	if (!payers)
		return 1;
	for (i = 0; i < AGENTOS_LINE; i++) {
		if (payers->agent[i] == limited)
			return 0;
	}
	return 1;
}

#endif
