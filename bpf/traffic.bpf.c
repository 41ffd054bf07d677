// SPDX-License-Identifier: GPL-2.0-only
/* Packets of agents' sockets: counted, and refused once a limit is used up. */
#include "traffic.bpf.h"

#define PACKET_PASSES  1
#define PACKET_REFUSED 0

/*
 * Every IP packet that a socket of this machine sends or receives comes here
 * while these are attached: leave first. The packet that reaches a limit passes,
 * so that one of them on each processor may go beyond it; the next one does not.
 */
static __always_inline int traffic_count(struct __sk_buff *skb, __u32 hook)
{
	struct agentos_payers *payers;
	struct agentos_allowance *allowance;
	struct agentos_hook_count *count;
	struct agentos_traffic *counted;
	struct bpf_sock *sk = skb->sk;
	__u64 len = skb->len, agent;
	bool own = true;
	int i;

	if (!sk)
		return PACKET_PASSES;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return PACKET_PASSES;
	payers = bpf_sk_storage_get(&socket_payers, sk, NULL, 0);
	if (!payers)
		return PACKET_PASSES;
	for (i = 0; i < AGENTOS_LINE; i++) {
		agent = payers->agent[i];
		if (!agent)
			break;
		counted = bpf_map_lookup_elem(&traffic, &agent);
		allowance = bpf_map_lookup_elem(&allowances, &agent);
		if (counted && allowance && counted->bytes >= allowance->ceiling) {
			count = bpf_map_lookup_elem(&hook_counts, &hook);
			if (count)
				__sync_fetch_and_add(&count->denied, 1);
			return PACKET_REFUSED;
		}
	}
	for (i = 0; i < AGENTOS_LINE; i++) {
		agent = payers->agent[i];
		if (!agent)
			break;
		/* Of one that is no more the next above pays. */
		counted = bpf_map_lookup_elem(&traffic, &agent);
		if (!counted)
			continue;
		__sync_fetch_and_add(&counted->bytes, len);
		if (own)
			__sync_fetch_and_add(&counted->own, len);
		own = false;
	}
	return PACKET_PASSES;
}

SEC("cgroup_skb/egress")
int agentos_net_out(struct __sk_buff *skb)
{
	return traffic_count(skb, AGENTOS_HOOK_NET_OUT);
}

SEC("cgroup_skb/ingress")
int agentos_net_in(struct __sk_buff *skb)
{
	return traffic_count(skb, AGENTOS_HOOK_NET_IN);
}
