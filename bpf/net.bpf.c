// SPDX-License-Identifier: GPL-2.0-only
/* Sockets: which kinds, to whom, from where. */
#include "socket.bpf.h"

SEC("lsm/socket_create")
int BPF_PROG(agentos_socket_create, int family, int type, int protocol, int kern)
{
	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, SOCKET_CREATE, NET_RAW, EPERM);

	bool plain = socket_is_plain(family, type, protocol);

	if (kern)
		return 0;
	if ((plain || act.verdict == AGENTOS_VERDICT_ALLOWED) &&
	    !traffic_is_counted(family, type, protocol) && traffic_limited()) {
		act.verdict = AGENTOS_VERDICT_DENIED;
		act.why = AGENTOS_WHY_UNCOUNTED;
		act.error = -EPERM;
	} else if (plain) {
		return 0;
	}
	return verdict(act_number(ctx, &facts, &act, family, type & SOCK_TYPE_MASK), -EPERM);
}

/* Sockets remember who made them, and of those that reach the network the packets are counted. */
SEC("lsm/socket_post_create")
int BPF_PROG(agentos_socket_post_create, struct socket *sock, int family, int type, int protocol,
	     int kern)
{
	if (kern)
		return 0;

	AGENT_OR_RETURN(facts);
	struct act act = NEVER_ACT(SOCKET_CREATE, UNCOUNTED);
	struct sock *sk = sock->sk;

	if (!sk)
		return 0;
	socket_own(sk, facts.id);
	if (!family_is_inet(family) || !traffic_begin(sk))
		return 0;
	return verdict(act_number(ctx, &facts, &act, family, type & SOCK_TYPE_MASK), -EPERM);
}

/* An address, copied out of what the kernel copied in. Returns whether the act is denied. */
static __noinline int act_inet(void *ctx, const struct agentos_facts *facts, const struct act *act,
			       struct sockaddr *address, int protocol)
{
	struct agentos_event *event;
	struct sockaddr_in6 in6 = {};
	struct sockaddr_in in = {};

	if (!facts || !act)
		return 1;
	if (act_recorded(facts, act)) {
		event = event_begin(facts, act);
		if (event) {
			event->object_kind = AGENTOS_OBJECT_INET;
			event->protocol = protocol;
			bpf_probe_read_kernel(&in, sizeof(in), address);
			event->family = in.sin_family;
			event->port = bpf_ntohs(in.sin_port);
			if (in.sin_family == AF_INET6) {
				bpf_probe_read_kernel(&in6, sizeof(in6), address);
				__builtin_memcpy(event->addr, &in6.sin6_addr, 16);
			} else {
				__builtin_memcpy(event->addr, &in.sin_addr, 4);
			}
			event_end(ctx, event);
		}
	}
	return act->verdict == AGENTOS_VERDICT_DENIED;
}

SEC("lsm/socket_connect")
int BPF_PROG(agentos_socket_connect, struct socket *sock, struct sockaddr *address, int addrlen)
{
	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, SOCKET_CONNECT, NET_CONNECT, EACCES);
	struct sock *sk = sock->sk;

	if (!sk || family_is_local(sk->__sk_common.skc_family))
		return 0;
	/* AF_UNSPEC undoes a connection. */
	if (address->sa_family == AF_UNSPEC)
		return 0;
	return verdict(act_inet(ctx, &facts, &act, address, sk->sk_protocol), -EACCES);
}

/*
 * Every send on every socket of every process comes here: leave first. What
 * counts is the socket's family: UDP takes an AF_UNSPEC address for AF_INET.
 */
SEC("lsm/socket_sendmsg")
int BPF_PROG(agentos_socket_sendmsg, struct socket *sock, struct msghdr *msg, int size)
{
	struct sockaddr *address = msg->msg_name;

	if (!address)
		return 0;

	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, SOCKET_SEND, NET_CONNECT, EACCES);
	struct sock *sk = sock->sk;

	if (!sk || family_is_local(sk->__sk_common.skc_family))
		return 0;
	return verdict(act_inet(ctx, &facts, &act, address, sk->sk_protocol), -EACCES);
}

SEC("lsm/socket_bind")
int BPF_PROG(agentos_socket_bind, struct socket *sock, struct sockaddr *address, int addrlen)
{
	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, SOCKET_BIND, NET_LISTEN, EACCES);
	struct sock *sk = sock->sk;

	if (!sk || family_is_local(sk->__sk_common.skc_family))
		return 0;
	return verdict(act_inet(ctx, &facts, &act, address, sk->sk_protocol), -EACCES);
}

/* listen() without bind() takes a port by itself. */
SEC("lsm/socket_listen")
int BPF_PROG(agentos_socket_listen, struct socket *sock, int backlog)
{
	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, SOCKET_LISTEN, NET_LISTEN, EACCES);
	struct sock *sk = sock->sk;

	if (!sk || family_is_local(sk->__sk_common.skc_family))
		return 0;
	return verdict(
		act_number(ctx, &facts, &act, sk->__sk_common.skc_family, sk->__sk_common.skc_num),
		-EACCES);
}

#define UNIX_PATH_MAX 108

/*
 * A socket's name: a path, or '@' and the bytes of an abstract one, which may
 * be any and end where its length says. Returns how many, or an errno.
 */
static __always_inline int unix_name(char *text, struct unix_address *address)
{
	const char *path = (char *)address->name +
			   bpf_core_field_offset(struct sockaddr_un, sun_path);
	int len = BPF_CORE_READ(address, len) -
		  (int)bpf_core_field_offset(struct sockaddr_un, sun_path);

	if (len <= 0 || len > UNIX_PATH_MAX)
		return -EINVAL;
	if (bpf_probe_read_kernel(text, len, path))
		return -EINVAL;
	/* A path has a NUL behind it, an abstract name one before it. */
	len -= text[0] != '\0';
	if (!text[0])
		text[0] = '@';
	return len;
}

/* Unix: sockets of the agent's own are free, others need the right. Returns whether denied. */
static __always_inline int act_unix(void *ctx, const struct agentos_facts *facts,
				    const struct act *act, struct sock *other)
{
	__u64 *owner = bpf_sk_storage_get(&socket_owner, other, NULL, 0);
	struct agentos_event *event;
	struct unix_address *address;

	if (owner && *owner == facts->id)
		return 0;
	if (act_recorded(facts, act)) {
		event = event_begin(facts, act);
		if (event) {
			event->object_kind = AGENTOS_OBJECT_UNIX;
			/* The socket's own name, not what the caller wrote. */
			address = BPF_CORE_READ((struct unix_sock *)other, addr);
			if (address)
				event_text_len(event, unix_name(event->text, address));
			event_end(ctx, event);
		}
	}
	return act->verdict == AGENTOS_VERDICT_DENIED;
}

SEC("lsm/unix_stream_connect")
int BPF_PROG(agentos_unix_stream_connect, struct sock *sock, struct sock *other, struct sock *newsk)
{
	__u64 *owner = bpf_sk_storage_get(&socket_owner, other, NULL, 0);

	/* The other end's new socket, which accept() returns, is made here, by whoever connects. */
	if (owner)
		socket_own(newsk, *owner);

	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, UNIX_STREAM, UNIX_CONNECT, EACCES);

	return verdict(act_unix(ctx, &facts, &act, other), -EACCES);
}

SEC("lsm/unix_may_send")
int BPF_PROG(agentos_unix_may_send, struct socket *sock, struct socket *other)
{
	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, UNIX_SEND, UNIX_CONNECT, EACCES);
	struct sock *sk = other->sk;

	if (!sk)
		return 0;
	return verdict(act_unix(ctx, &facts, &act, sk), -EACCES);
}
