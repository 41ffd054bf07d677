// SPDX-License-Identifier: GPL-2.0-only
/* Addresses as agents wrote them, made into what rules are about. */
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ipv6.h>
#include <linux/mount.h>
#include <linux/net.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/socket.h>
#include <linux/un.h>
#include <net/af_unix.h>
#include <net/inet_sock.h>
#include <net/ipv6.h>
#include <net/sock.h>
#include <net/tcp_states.h>
#include <asm/syscall.h>
#include <asm/unistd.h>

#include "endpoint.h"
#include "network.h"
#include "patterns.h"
#include "rules.h"

struct endpoint {
	struct network_address address;
	u16 port;
	bool is_ipv6;
};

static bool family_is_ruled(u16 family)
{
	return family == AF_INET || family == AF_INET6;
}

bool endpoint_is_ruled(const struct sock *sk)
{
	return family_is_ruled(sk->sk_family);
}

static __always_inline void endpoint_set4(struct endpoint *e, __be32 address, __be16 port)
{
	e->address.high = (u64)be32_to_cpu(address) << 32;
	e->address.low = 0;
	e->port = be16_to_cpu(port);
	e->is_ipv6 = false;
}

/* IPv4 in IPv6 is IPv4: that is where its packets go. */
static void endpoint_set6(struct endpoint *e, const struct in6_addr *address, __be16 port)
{
	if (ipv6_addr_v4mapped(address)) {
		endpoint_set4(e, address->s6_addr32[3], port);
		return;
	}
	e->address.high = (u64)be32_to_cpu(address->s6_addr32[0]) << 32 |
			  be32_to_cpu(address->s6_addr32[1]);
	e->address.low = (u64)be32_to_cpu(address->s6_addr32[2]) << 32 |
			 be32_to_cpu(address->s6_addr32[3]);
	e->port = be16_to_cpu(port);
	e->is_ipv6 = true;
}

static bool endpoint_is_unspecified(const struct endpoint *e)
{
	return !e->address.high && !e->address.low;
}

/*
 * The socket's family says how an address is read: UDP takes AF_UNSPEC for
 * AF_INET, raw sockets of IPv6 for AF_INET6. UDP of IPv6 takes it for no address
 * and sends to its peer: that it is refused by what stands there harms nobody.
 */
static __always_inline void endpoint_read(struct endpoint *e, const struct sock *sk,
					  const struct sockaddr *address)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
	const struct sockaddr_in *in = (const struct sockaddr_in *)address;

	if (sk->sk_family == AF_INET || address->sa_family == AF_INET)
		endpoint_set4(e, in->sin_addr.s_addr, in->sin_port);
	else
		endpoint_set6(e, &in6->sin6_addr, in6->sin6_port);
}

static __always_inline enum network_act act_of(const struct sock *sk, enum endpoint_act act)
{
	bool connect = act == ENDPOINT_CONNECT;

	switch (sk->sk_protocol) {
	case IPPROTO_TCP:
	case IPPROTO_MPTCP:
		return connect ? NETWORK_CONNECT_TCP : NETWORK_LISTEN_TCP;
	case IPPROTO_UDP:
		return connect ? NETWORK_CONNECT_UDP : NETWORK_LISTEN_UDP;
	}
	return connect ? NETWORK_CONNECT_OTHER : NETWORK_LISTEN_OTHER;
}

static __always_inline enum endpoint_verdict verdict_of(enum network_verdict verdict)
{
	return verdict == NETWORK_ALLOWED ? ENDPOINT_ALLOWED :
	       verdict == NETWORK_WATCHED ? ENDPOINT_WATCHED :
	       verdict == NETWORK_DENIED  ? ENDPOINT_DENIED :
	       verdict == NETWORK_KILLED  ? ENDPOINT_KILLED :
					    ENDPOINT_NO_RULE;
}

static __always_inline enum endpoint_verdict decide(const struct network *network,
						    enum endpoint_act act, const struct sock *sk,
						    const struct endpoint *e, u32 *ret_number)
{
	enum network_verdict verdict;

	/* The kernel puts the socket's own address there, or the loopback's: no prefix's. */
	if (act == ENDPOINT_CONNECT && unlikely(endpoint_is_unspecified(e)))
		verdict = network_decide_exactly(
			network, act_of(sk, act), e->is_ipv6, &e->address, e->port, ret_number);
	else
		verdict = network_decide(network, act_of(sk, act), e->is_ipv6, &e->address, e->port,
					 ret_number);
	return verdict_of(verdict);
}

/* Both are done at once: of two that may be one that is watched is told, the first of them. */
static enum endpoint_verdict decide_as_well(const struct network *network, enum endpoint_act act,
					    const struct sock *sk, const struct endpoint *e,
					    enum endpoint_verdict before, u32 *ret_number)
{
	enum endpoint_verdict verdict;
	u32 number = *ret_number;

	verdict = decide(network, act, sk, e, ret_number);
	if (before != ENDPOINT_WATCHED || verdict > ENDPOINT_WATCHED)
		return verdict;
	*ret_number = number;
	return before;
}

/* "::" may come to be all of IPv4 as well, as long as the socket is not bound. */
static enum endpoint_verdict decide_bind(const struct network *network, const struct sock *sk,
					 struct endpoint *e, u32 *ret_number)
{
	enum endpoint_verdict verdict = decide(network, ENDPOINT_BIND, sk, e, ret_number);

	if (verdict > ENDPOINT_WATCHED || !e->is_ipv6 || !endpoint_is_unspecified(e))
		return verdict;
	e->is_ipv6 = false;
	return decide_as_well(network, ENDPOINT_BIND, sk, e, verdict, ret_number);
}

enum endpoint_verdict endpoint_decide(const struct network *network, enum endpoint_act act,
				      const struct sock *sk, const struct sockaddr *address,
				      u32 *ret_number)
{
	struct endpoint e;

	endpoint_read(&e, sk, address);
	if (act == ENDPOINT_BIND)
		return decide_bind(network, sk, &e, ret_number);
	return decide(network, act, sk, &e, ret_number);
}

enum endpoint_verdict endpoint_decide_loopback(const struct network *network, __be16 port,
					       u32 *ret_number)
{
	struct endpoint e;

	endpoint_set4(&e, htonl(INADDR_LOOPBACK), port);
	return verdict_of(network_decide(
		network, NETWORK_CONNECT_TCP, false, &e.address, e.port, ret_number));
}

bool endpoint_plainly_allowed(const struct network *network, enum endpoint_act act,
			      const struct sock *sk, const struct sockaddr *address)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)address;
	u32 number;

	/* But for the unspecified address. */
	if (likely(sk->sk_family == AF_INET && in->sin_addr.s_addr))
		return network_allows_ipv4(
			network, act_of(sk, act), (u64)be32_to_cpu(in->sin_addr.s_addr) << 32,
			be16_to_cpu(in->sin_port));
	return endpoint_is_ruled(sk) &&
	       endpoint_decide(network, act, sk, address, &number) == ENDPOINT_ALLOWED;
}

/* Where the socket is bound; a port that the kernel chose, or will, is 0. */
static void endpoint_of_own(struct endpoint *e, const struct sock *sk)
{
	/* MPTCP binds a socket below, and keeps no account of who chose. */
	bool bound = sk->sk_userlocks & SOCK_BINDPORT_LOCK || sk->sk_protocol == IPPROTO_MPTCP;
	u16 chosen = bound ? inet_sk(sk)->inet_num : 0;

	if (sk->sk_family == AF_INET6)
		endpoint_set6(e, &sk->sk_v6_rcv_saddr, cpu_to_be16(chosen));
	else
		endpoint_set4(e, sk->sk_rcv_saddr, cpu_to_be16(chosen));
}

enum endpoint_verdict endpoint_decide_listen(const struct network *network, const struct sock *sk,
					     u32 *ret_number)
{
	struct endpoint e;

	endpoint_of_own(&e, sk);
	return decide_bind(network, sk, &e, ret_number);
}

enum endpoint_verdict endpoint_decide_received(const struct network *network, const struct sock *sk,
					       u32 *ret_number)
{
	enum endpoint_verdict verdict = ENDPOINT_ALLOWED;
	struct endpoint e;

	*ret_number = AGENTOS_RULE_NONE;
	if (sk->sk_userlocks & SOCK_BINDPORT_LOCK || sk->sk_state == TCP_LISTEN ||
	    (sk->sk_protocol == IPPROTO_MPTCP && inet_sk(sk)->inet_num))
		verdict = endpoint_decide_listen(network, sk, ret_number);
	/* No port: it has no peer. Raw sockets have an address alone. */
	if (verdict > ENDPOINT_WATCHED)
		return verdict;
	if (sk->sk_family == AF_INET6)
		endpoint_set6(&e, &sk->sk_v6_daddr, sk->sk_dport);
	else
		endpoint_set4(&e, sk->sk_daddr, sk->sk_dport);
	if (!e.port && endpoint_is_unspecified(&e))
		return verdict;
	return decide_as_well(network, ENDPOINT_CONNECT, sk, &e, verdict, ret_number);
}

/* Behind the zero byte that makes it abstract. */
static bool abstract_is_allowed(const struct rules *rules, const struct unix_address *address)
{
	int len = address->len - (int)offsetof(struct sockaddr_un, sun_path) - 1;
	struct patterns_word word;

	if (!rules->abstract || len < 0)
		return false;
	patterns_find(rules->abstract, address->name->sun_path + 1, len, &word);
	return word.access & AGENTOS_FILE_CONNECT;
}

enum endpoint_unix endpoint_decide_unix(const struct rules *rules, struct sock *other,
					struct agentos_walk *walk)
{
	const struct unix_sock *u = unix_sk(other);
	/* As unix_bind_bsd() publishes it: after the path. */
	const struct unix_address *address = smp_load_acquire(&u->addr);

	/* One of a pair that somebody handed over: there is nothing to have a rule about. */
	if (!address)
		return ENDPOINT_UNIX_ALLOWED;
	if (!u->path.dentry)
		return abstract_is_allowed(rules, address) ? ENDPOINT_UNIX_ALLOWED :
							     ENDPOINT_UNIX_NO_RULE;
	rules_walk(rules, u->path.dentry, AGENTOS_FILE_CONNECT, walk);
	if (!walk->open || walk->unresolved)
		return ENDPOINT_UNIX_WALKED;
	/* As walk_allowed() in bpf/walk.bpf.h. */
	if (walk->apart && walk->top != (u64)(uintptr_t)u->path.mnt->mnt_root)
		walk->unresolved = 1;
	walk->top = (u64)(uintptr_t)u->path.mnt;
	return ENDPOINT_UNIX_WALKED;
}

/*
 * IPv4: options, of which source routes are some. IPv6: routing headers. Agents
 * send neither; who may make raw sockets may.
 */
static bool is_route(const struct cmsghdr *cmsg)
{
	switch (cmsg->cmsg_level) {
	case SOL_IP:
		return cmsg->cmsg_type == IP_RETOPTS;
	case SOL_IPV6:
		return cmsg->cmsg_type == IPV6_RTHDR || cmsg->cmsg_type == IPV6_2292RTHDR;
	}
	return false;
}

/* i386's numbers, and the x32 one: no header has them beside those of x86-64. */
#define NR_IA32_SENDMMSG   345
#define NR_IA32_SOCKETCALL 102
#define NR_X32_SENDMMSG	   538

bool endpoint_is_one_of_many(void)
{
	struct pt_regs *regs = task_pt_regs(current);
	int nr = syscall_get_nr(current, regs);
	unsigned long args[6];

	if (likely(nr != __NR_sendmmsg && !in_ia32_syscall()) &&
	    (nr & ~__X32_SYSCALL_BIT) != NR_X32_SENDMMSG)
		return false;
	syscall_get_arguments(current, regs, args);
	/* How many socketcall() is told is in memory that may change meanwhile. */
	if (in_ia32_syscall() && nr == NR_IA32_SOCKETCALL)
		return (u32)args[0] == SYS_SENDMMSG;
	if (in_ia32_syscall() && nr != NR_IA32_SENDMMSG)
		return false;
	return (u32)args[2] > 1;
}

bool endpoint_is_redirected(struct msghdr *msg)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);

	if (msg->msg_control_is_user)
		return true;
	while (cmsg) {
		if (!CMSG_OK(msg, cmsg) || is_route(cmsg))
			return true;
		cmsg = CMSG_NXTHDR(msg, cmsg);
	}
	return false;
}
