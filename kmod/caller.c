// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls of the gateway by cookies of sockets, which are never used again: over TCP of
 * the caller's, and over its Unix socket, where both ends are there at once, of the
 * one that the gateway accepts.
 */
#include <linux/hashtable.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <linux/sock_diag.h>
#include <linux/spinlock.h>
#include <net/af_unix.h>
#include <net/inet_hashtables.h>
#include <net/inet_sock.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "agent.h"
#include "caller.h"
#include "endpoint.h"

struct call {
	struct hlist_node node; /* in the table, or in none */
	u64 cookie;
	struct callers *callers; /* whose; set while it is in the table */
};

/* One agent's, made at its first call. The oldest is the next to go. Two pages. */
struct callers {
	const struct agent *agent;
	u32 next;
	struct call calls[AGENTOS_CALLS_KEPT];
};

u32 caller_port = CALLER_NO_PORT;
static u64 caller_net;	    /* net_cookie of its network namespace */
static u64 caller_listener; /* cookie of its Unix socket; 0: there is none */
/* That socket's name, held, and as the kernel has it that of all ends which it accepts. Or NULL. */
static struct unix_address *caller_name;

static DEFINE_SPINLOCK(calls_lock); /* _bh; the table, and each agent's callers */
static DEFINE_HASHTABLE(calls, 12);

/* As the kernel's own diagnostics name sockets. Makes the cookie if there is none yet. */
static u64 cookie_of(struct sock *sk)
{
	u32 halves[2];

	sock_diag_save_cookie(sk, halves);
	return (u64)halves[1] << 32 | halves[0];
}

static void name_set(struct unix_address *name)
{
	if (name)
		refcount_inc(&name->refcnt);
	name = xchg(&caller_name, name);
	if (name && refcount_dec_and_test(&name->refcnt))
		kfree(name);
}

static struct unix_address *name_of(const struct sock *sk)
{
	/* As unix_bind_bsd() publishes it, and unix_stream_connect(). */
	return smp_load_acquire(&unix_sk(sk)->addr);
}

void caller_exit(void)
{
	name_set(NULL);
}

void caller_set(const struct net *net, u16 port, struct sock *listener)
{
	/* Whoever sees the port sees whose it is. */
	WRITE_ONCE(caller_port, CALLER_NO_PORT);
	WRITE_ONCE(caller_net, net->net_cookie);
	WRITE_ONCE(caller_listener, listener ? cookie_of(listener) : 0);
	name_set(listener ? name_of(listener) : NULL);
	if (port)
		/* With caller_net_is(). */
		smp_store_release(&caller_port, (__force u32)htons(port));
}

static bool is_unix_stream(const struct sock *sk)
{
	return sk->sk_family == AF_UNIX && sk->sk_type == SOCK_STREAM;
}

bool caller_may_listen(const struct socket *sock)
{
	const struct sock *sk = sock->sk;

	return sk && is_unix_stream(sk) && READ_ONCE(sk->sk_state) == TCP_LISTEN && name_of(sk);
}

enum caller_way caller_way(struct sock *sk)
{
	const struct unix_address *name = READ_ONCE(caller_name);
	enum caller_way way;
	struct sock *peer;

	if (!name || !sk || !is_unix_stream(sk))
		return CALLER_ELSEWHERE;
	peer = unix_peer_get(sk);
	if (!peer)
		return CALLER_NOWHERE;
	/* Only compared: it may be that of another gateway by now. */
	way = name_of(peer) == name ? CALLER_GATEWAY : CALLER_ELSEWHERE;
	sock_put(peer);
	return way;
}

bool caller_is_listener(const struct sock *sk)
{
	u64 cookie = atomic64_read(&sk->sk_cookie);

	return unlikely(cookie && cookie == READ_ONCE(caller_listener));
}

static bool caller_net_is(const struct sock *sk)
{
	/* Behind the port: caller_set(). */
	smp_rmb();
	return READ_ONCE(caller_net) == sock_net(sk)->net_cookie;
}

static bool family_is_inet(u16 family)
{
	return family == AF_INET || family == AF_INET6;
}

bool caller_is_called(const struct sock *sk, const struct sockaddr *address)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
	const struct sockaddr_in *in = (const struct sockaddr_in *)address;

	if (!caller_port_is(address) || !caller_net_is(sk))
		return false;
	if (address->sa_family == AF_INET)
		return in->sin_addr.s_addr == htonl(INADDR_LOOPBACK);
	return address->sa_family == AF_INET6 && ipv6_addr_v4mapped(&in6->sin6_addr) &&
	       in6->sin6_addr.s6_addr32[3] == htonl(INADDR_LOOPBACK);
}

bool caller_is_taken(const struct sock *sk, const struct sockaddr *address)
{
	/* Sockets of a family of their own may lie on TCP (SMC): what they are told counts. */
	return caller_port_is(address) &&
	       (endpoint_is_ruled(sk) || family_is_inet(address->sa_family));
}

bool caller_is_held(const struct sock *sk)
{
	return (__force u32)htons(inet_sk(sk)->inet_num) == READ_ONCE(caller_port);
}

/* The one entry of a cookie. Under the lock. */
static struct call *call_find(u64 cookie)
{
	struct call *call;

	hash_for_each_possible(calls, call, node, cookie)
		if (call->cookie == cookie)
			return call;
	return NULL;
}

static void call_add(struct callers *callers, u64 cookie)
{
	struct call *call = call_find(cookie);

	/* It has called before, perhaps for another agent. */
	if (call)
		hash_del(&call->node);
	call = &callers->calls[callers->next];
	callers->next = (callers->next + 1) % AGENTOS_CALLS_KEPT;
	hash_del(&call->node);
	call->cookie = cookie;
	call->callers = callers;
	hash_add(calls, &call->node, cookie);
}

/* The agent's, made if need be. Under the lock. */
static struct callers *callers_of(struct agent *agent)
{
	struct callers *callers = agent->callers;

	if (callers)
		return callers;
	callers = kzalloc(sizeof(*callers), GFP_ATOMIC | __GFP_NOWARN);
	if (callers)
		callers->agent = agent;
	agent->callers = callers;
	return callers;
}

static bool is_tcp(const struct sock *sk)
{
	return sk->sk_type == SOCK_STREAM && sk->sk_protocol == IPPROTO_TCP;
}

static void call_note(struct agent *agent, u64 cookie)
{
	struct callers *callers;

	spin_lock_bh(&calls_lock);
	callers = callers_of(agent);
	if (callers)
		call_add(callers, cookie);
	spin_unlock_bh(&calls_lock);
}

void caller_note(struct agent *agent, struct sock *sk)
{
	/* To connect again what is connected fails, and whose it is must not change by it. */
	if (is_tcp(sk) && inet_sk_state_load(sk) == TCP_CLOSE)
		call_note(agent, cookie_of(sk));
}

void caller_note_accepted(struct agent *agent, struct sock *accepted)
{
	call_note(agent, cookie_of(accepted));
}

void callers_free(struct callers *callers)
{
	u32 i;

	if (!callers)
		return;
	spin_lock_bh(&calls_lock);
	for (i = 0; i < AGENTOS_CALLS_KEPT; i++)
		hash_del(&callers->calls[i].node);
	spin_unlock_bh(&calls_lock);
	kfree(callers);
}

/*
 * The cookie of the other end of an accepted connection, or 0. What is left of a
 * socket after its end (TIME_WAIT) still has it. One that only begins to connect
 * may have come to the same numbers later: it gets no further while this end
 * lives, which the caller checks afterwards.
 */
static u64 cookie_of_peer(const struct sock *sk)
{
	struct net *net = sock_net(sk);
	const struct inet_sock *inet = inet_sk(sk);
	struct sock *peer;
	u64 cookie = 0;
	int state;

	rcu_read_lock();
	peer = __inet_lookup_established(
		net, net->ipv4.tcp_death_row.hashinfo, inet->inet_rcv_saddr, inet->inet_sport,
		inet->inet_daddr, ntohs(inet->inet_dport), net->loopback_dev->ifindex, 0);
	rcu_read_unlock();
	if (!peer)
		return 0;
	state = inet_sk_state_load(peer);
	/* It is in the part that all kinds of sockets begin with. */
	if (state != TCP_SYN_SENT && state != TCP_NEW_SYN_RECV && state != TCP_SYN_RECV)
		cookie = atomic64_read(&peer->sk_cookie);
	sock_gen_put(peer);
	return cookie;
}

static bool is_connected(const struct sock *sk)
{
	int state = inet_sk_state_load(sk);

	return state == TCP_ESTABLISHED || state == TCP_CLOSE_WAIT;
}

static bool is_gateways(const struct sock *sk)
{
	return caller_is_held(sk) && caller_net_is(sk) &&
	       inet_sk(sk)->inet_rcv_saddr == htonl(INADDR_LOOPBACK);
}

/* The cookie that a call over this accepted connection was noted by, or an errno. */
static int cookie_of_call(struct sock *sk, u64 *ret_cookie)
{
	if (is_unix_stream(sk)) {
		*ret_cookie = atomic64_read(&sk->sk_cookie);
		return READ_ONCE(sk->sk_state) == TCP_ESTABLISHED ? 0 : -ENOTCONN;
	}
	if (sk->sk_family != AF_INET || !is_tcp(sk))
		return -EOPNOTSUPP;
	if (!is_connected(sk))
		return -ENOTCONN;
	if (!is_gateways(sk))
		return -ENOENT;
	*ret_cookie = cookie_of_peer(sk);
	/* Was it still this connection, whose other end that is? */
	return is_connected(sk) ? 0 : -ENOTCONN;
}

int caller_find(struct socket *sock, struct agentos_caller *caller)
{
	const struct agent *agent;
	struct call *call;
	u64 cookie = 0;
	int err;

	err = sock->sk ? cookie_of_call(sock->sk, &cookie) : -EOPNOTSUPP;
	if (err)
		return err;
	if (!cookie)
		return -ENOENT;
	err = -ENOENT;
	spin_lock_bh(&calls_lock);
	call = call_find(cookie);
	if (call) {
		agent = call->callers->agent;
		caller->ret_agent = agent->id;
		/* With agent_exchange_policy(). */
		caller->ret_policy = smp_load_acquire(&agent->policy_id);
		caller->ret_flags = READ_ONCE(agent->flags) & AGENTOS_CREATE_AUDIT_ONLY;
		err = 0;
	}
	spin_unlock_bh(&calls_lock);
	return err;
}
