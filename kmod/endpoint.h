/* SPDX-License-Identifier: GPL-2.0-only */
/* What a socket is about to reach or take, read out of it and of what its owner named. */
#ifndef AGENTOS_ENDPOINT_H
#define AGENTOS_ENDPOINT_H

#include <linux/types.h>

struct agentos_walk;
struct msghdr;
struct network;
struct rules;
struct sock;
struct sockaddr;
struct socket;

/* What is done: bpf/agentos.bpf.h has the same. */
enum endpoint_act {
	ENDPOINT_CONNECT, /* or send to */
	ENDPOINT_BIND,
	ENDPOINT_LISTEN,
	ENDPOINT_RECEIVED,
};

/* The outcome, likewise. */
enum endpoint_verdict {
	ENDPOINT_ALLOWED,
	ENDPOINT_WATCHED, /* allowed by a rule, and to be told */
	ENDPOINT_DENIED,  /* by a rule */
	ENDPOINT_NO_RULE,
	ENDPOINT_KILLED, /* denied by a rule, which ends the agent */
	ENDPOINT_NEVER,	 /* whatever the rules */
};

/* Do rules on addresses decide about the socket? */
bool endpoint_is_ruled(const struct sock *sk);

/*
 * Is the address one that may be reached, or taken, untold? True is sure, and implies
 * that the socket is ruled; false may only mean that it takes a longer look.
 */
bool endpoint_plainly_allowed(const struct network *network, enum endpoint_act act,
			      const struct sock *sk, const struct sockaddr *address);

/*
 * What the rules say about doing it, with a socket that is ruled. address: as the
 * system call has copied it in, which may be of any family, and of which so much
 * is there as that family has. *ret_number: of the rule that decided.
 */
enum endpoint_verdict endpoint_decide(const struct network *network, enum endpoint_act act,
				      const struct sock *sk, const struct sockaddr *address,
				      u32 *ret_number);

/* The same about connecting to 127.0.0.1 and that port by TCP, without a socket. */
enum endpoint_verdict endpoint_decide_loopback(const struct network *network, __be16 port,
					       u32 *ret_number);

/* The same about listening where the socket is bound, or would be when it listens. */
enum endpoint_verdict endpoint_decide_listen(const struct network *network, const struct sock *sk,
					     u32 *ret_number);

/* The same about a socket that somebody else has made: its peer, and where it is bound. */
enum endpoint_verdict endpoint_decide_received(const struct network *network, const struct sock *sk,
					       u32 *ret_number);

/* What decides about a Unix socket: bpf/agentos.bpf.h has the same. */
enum endpoint_unix {
	ENDPOINT_UNIX_WALKED,  /* the rules on its path: in the walk */
	ENDPOINT_UNIX_ALLOWED, /* its abstract name has a rule, or it has no name */
	ENDPOINT_UNIX_NO_RULE, /* its abstract name has none */
};

/*
 * What the rules say about connecting or sending to a Unix socket, whose state is
 * locked as it is in the hooks about it. A walk may have come to the top of its
 * file system undecided: walk->top is the address of the mount, then.
 */
enum endpoint_unix endpoint_decide_unix(const struct rules *rules, struct sock *other,
					struct agentos_walk *walk);

/*
 * Is the calling task in a sendmmsg() of several messages? Of those to the same
 * address the kernel asks no hook but about the first.
 */
bool endpoint_is_one_of_many(void);

/*
 * Would the message go by another way than to its address: source routes, which
 * name the next stop? Of a message whose control data the kernel has copied in.
 */
bool endpoint_is_redirected(struct msghdr *msg);

#endif
