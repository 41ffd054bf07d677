/* SPDX-License-Identifier: GPL-2.0-only */
/* Who called the gateway: agents' connections to its address, remembered by their sockets. */
#ifndef AGENTOS_CALLER_H
#define AGENTOS_CALLER_H

#include <linux/in.h>
#include <linux/types.h>

struct agent;
struct agentos_caller;
struct callers;
struct net;
struct sock;
struct sockaddr;
struct socket;

/* What the port is when there is no gateway: no port, in network order or not. */
#define CALLER_NO_PORT 0x10000U

extern u32 caller_port; /* of the gateway, in network order; READ_ONCE */

/*
 * Has the address the gateway's port? IPv4 and IPv6 have it at the same place. It
 * may be of another family: caller_is_called() and caller_is_taken() look.
 */
static __always_inline bool caller_port_is(const struct sockaddr *address)
{
	__be16 port = ((const struct sockaddr_in *)address)->sin_port;

	return unlikely((__force u32)port == READ_ONCE(caller_port));
}

/*
 * Agents' connections to 127.0.0.1 and this port in net count from now on (0: none do),
 * and those to the Unix socket, for which caller_may_listen(); NULL: there is none.
 */
void caller_set(const struct net *net, u16 port, struct sock *listener);

/* Can it be the gateway's Unix socket? It listens, and has a name. */
bool caller_may_listen(const struct socket *sock);

/* Is it? */
bool caller_is_listener(const struct sock *sk);

/* Where a socket leads. */
enum caller_way {
	CALLER_ELSEWHERE,
	CALLER_GATEWAY, /* its other end is one that the gateway's Unix socket accepted */
	CALLER_NOWHERE, /* a Unix stream without another end: it could have that one in a moment */
};

/* Not under the lock of the socket's state. NULL: elsewhere. */
enum caller_way caller_way(struct sock *sk);

/* Nobody calls any more. */
void caller_exit(void);

/* Is the address, as endpoint.h reads it for this socket, the gateway's? */
bool caller_is_called(const struct sock *sk, const struct sockaddr *address);

/* Would the socket take the gateway's port, on whatever address, if it were bound there? */
bool caller_is_taken(const struct sock *sk, const struct sockaddr *address);

/* Does it have that port? */
bool caller_is_held(const struct sock *sk);

/*
 * A task of the agent is about to connect the socket to the gateway, or to send there, and may.
 * Nothing is remembered of what is no TCP, of a socket that has a connection or
 * is about to, or without memory: then nobody is told, and no service given. Of
 * an agent's calls the newest are kept. Any context but interrupts.
 */
void caller_note(struct agent *agent, struct sock *sk);

/* Likewise, to its Unix socket: accepted will be the end that it accepts, and is still nobody's. */
void caller_note_accepted(struct agent *agent, struct sock *accepted);

/* AGENTOS_IOC_CALLER of an open socket; its errors but -EBADF, -ENOTSOCK, -EINVAL. May sleep. */
int caller_find(struct socket *sock, struct agentos_caller *caller);

/* Forgets an agent's calls, when it goes. NULL is allowed. Softirq-safe. */
void callers_free(struct callers *callers);

#endif
