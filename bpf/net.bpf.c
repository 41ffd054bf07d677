// SPDX-License-Identifier: GPL-2.0-only
/* Sockets: which kinds, to whom, from where. */
#include "socket.bpf.h"
#include "walk.bpf.h"

SEC("lsm/socket_create")
int BPF_PROG(agentos_socket_create, int family, int type, int protocol, int kern)
{
	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, SOCKET_CREATE, NET_RAW, EPERM);

	bool plain = socket_is_plain(family, type, protocol);

	if (kern)
		return 0;
	if ((plain || act.verdict == AGENTOS_VERDICT_ALLOWED || facts.flags & FACT_AUDIT_ONLY) &&
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
static __noinline int act_inet(void *ctx, const struct agentos_facts *facts, struct act *act,
			       struct sockaddr *address, int protocol)
{
	struct agentos_event *event;
	struct sockaddr_in6 in6 = {};
	struct sockaddr_in in = {};

	if (!facts || !act)
		return 1;
	if (act_settle(facts, act, NULL)) {
		bpf_probe_read_kernel(&in, sizeof(in), address);
		if (in.sin_family == AF_INET6) {
			bpf_probe_read_kernel(&in6, sizeof(in6), address);
			__builtin_memcpy(act->object, &in6.sin6_addr, 16);
		} else {
			act->object[0] = in.sin_addr.s_addr;
			act->object[1] = 0;
		}
		act->kind = ACT_NUMBERS;
		act->object[2] = (__u64)protocol << 32 | (__u32)in.sin_family << 16 | in.sin_port;
		event = event_begin(facts, act);
		if (event) {
			event->object_kind = AGENTOS_OBJECT_INET;
			event->protocol = protocol;
			event->family = in.sin_family;
			event->port = bpf_ntohs(in.sin_port);
			__builtin_memcpy(event->addr, act->object, 16);
			event_end(ctx, event);
		}
	}
	return act->verdict == AGENTOS_VERDICT_DENIED;
}

/*
 * Fills act with what the rules on addresses say of what the rights allow, and
 * with what no agent may: to take the gateway's port. Where a rule kills, that the
 * right is not there either changes nothing.
 */
static __always_inline void net_rule(struct act *act, int verdict,
				     const struct agentos_net_ask *ask)
{
	if (verdict == ENDPOINT_NEVER) {
		act->verdict = AGENTOS_VERDICT_DENIED;
		act->why = AGENTOS_WHY_NEVER;
		act->effect = EFFECT_NONE;
		act->error = -EACCES;
		act->right = 0;
		return;
	}
	if (verdict == ENDPOINT_ALLOWED ||
	    (act->verdict == AGENTOS_VERDICT_DENIED && verdict != ENDPOINT_KILLED))
		return;
	act->rule = ask->rule;
	act->right = 0;
	if (verdict == ENDPOINT_WATCHED) {
		act->effect = EFFECT_WATCH;
		return;
	}
	act->verdict = AGENTOS_VERDICT_DENIED;
	act->why = verdict == ENDPOINT_NO_RULE ? AGENTOS_WHY_NO_RULE : AGENTOS_WHY_RULE;
	act->effect = verdict == ENDPOINT_KILLED ? EFFECT_KILL : EFFECT_NONE;
	act->error = -EACCES;
}

static __noinline int connect_check(void *ctx)
{
	struct socket *sock = ARGUMENT(ctx, 0, struct socket *);
	struct sockaddr *address = ARGUMENT(ctx, 1, struct sockaddr *);

	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, SOCKET_CONNECT, NET_CONNECT, EACCES);
	struct agentos_net_ask ask = { .policy = facts.policy, .act = ENDPOINT_CONNECT };
	struct sock *sk = sock->sk;

	if (!sk || family_is_local(sk->__sk_common.skc_family))
		return 0;
	/* AF_UNSPEC undoes a connection. */
	if (address->sa_family == AF_UNSPEC)
		return 0;
	net_rule(&act, agentos_net(sock, address, &ask, sizeof(ask)), &ask);
	return verdict(act_inet(ctx, &facts, &act, address, sk->sk_protocol), -EACCES);
}

SEC("lsm/socket_connect")
int BPF_PROG(agentos_socket_connect, struct socket *sock, struct sockaddr *address)
{
	return agentos_net_quick(sock, address, ENDPOINT_CONNECT) ? connect_check(ctx) : 0;
}

/* An agent's send that needs more than a glance. */
static __noinline int send_check(void *ctx)
{
	struct socket *sock = ARGUMENT(ctx, 0, struct socket *);
	struct msghdr *msg = ARGUMENT(ctx, 1, struct msghdr *);

	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, SOCKET_SEND, NET_CONNECT, EACCES);
	struct agentos_net_ask ask = { .policy = facts.policy, .act = ENDPOINT_CONNECT };
	struct sock *sk = sock->sk;

	if (!sk || family_is_local(sk->__sk_common.skc_family))
		return 0;
	if (!(facts.rights & AGENTOS_RIGHT(NET_RAW)) && agentos_net_redirected(msg)) {
		act.right = AGENTOS_RIGHT(NET_RAW);
		if (facts.watched & act.right && act.verdict == AGENTOS_VERDICT_ALLOWED) {
			act.effect = EFFECT_WATCH;
		} else {
			act.verdict = AGENTOS_VERDICT_DENIED;
			act.why = AGENTOS_WHY_RIGHT;
			act.error = -EACCES;
		}
	} else if (!msg->msg_name) {
		return 0;
	}
	net_rule(&act, agentos_net_message(sock, msg, &ask, sizeof(ask)), &ask);
	return act_inet(ctx, &facts, &act, msg->msg_name, sk->sk_protocol);
}

#define SCTP_SOCKOPT_BINDX_ADD 100
#define SCTP_PARAM_ADD_IP      0xc001 /* these two: what the other end asks for */
#define SCTP_PARAM_SET_PRIMARY 0xc004

/* Options and messages of SCTP that connect or bind: no other hook is asked about them. */
SEC("lsm/sctp_bind_connect")
int BPF_PROG(agentos_sctp_bind_connect, struct sock *sk, int option)
{
	if (option == SCTP_PARAM_ADD_IP || option == SCTP_PARAM_SET_PRIMARY)
		return 0;

	AGENT_OR_RETURN(facts);
	struct act connects = RIGHT_ACT(facts, SOCKET_CONNECT, NET_CONNECT, EACCES);
	struct act binds = RIGHT_ACT(facts, SOCKET_BIND, NET_LISTEN, EACCES);

	return verdict(act_number(ctx, &facts,
				  option == SCTP_SOCKOPT_BINDX_ADD ? &binds : &connects, option, 0),
		       -EACCES);
}

SEC("lsm/socket_bind")
int BPF_PROG(agentos_socket_bind, struct socket *sock, struct sockaddr *address, int addrlen)
{
	if (!agentos_net_quick(sock, address, ENDPOINT_BIND))
		return 0;

	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, SOCKET_BIND, NET_LISTEN, EACCES);
	struct agentos_net_ask ask = { .policy = facts.policy, .act = ENDPOINT_BIND };
	struct sock *sk = sock->sk;

	if (!sk || family_is_local(sk->__sk_common.skc_family))
		return 0;
	net_rule(&act, agentos_net(sock, address, &ask, sizeof(ask)), &ask);
	return verdict(act_inet(ctx, &facts, &act, address, sk->sk_protocol), -EACCES);
}

/* listen() without bind() takes a port by itself. */
SEC("lsm/socket_listen")
int BPF_PROG(agentos_socket_listen, struct socket *sock, int backlog)
{
	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, SOCKET_LISTEN, NET_LISTEN, EACCES);
	struct agentos_net_ask ask = { .policy = facts.policy, .act = ENDPOINT_LISTEN };
	struct sock *sk = sock->sk;

	if (!sk || family_is_local(sk->__sk_common.skc_family))
		return 0;
	net_rule(&act, agentos_net_own(sock, &ask, sizeof(ask)), &ask);
	return verdict(
		act_number(ctx, &facts, &act, sk->__sk_common.skc_family, sk->__sk_common.skc_num),
		-EACCES);
}

#define IP_OPTIONS		 4
#define IP_ADD_MEMBERSHIP	 35
#define IP_ADD_SOURCE_MEMBERSHIP 39
#define IP_LOCAL_PORT_RANGE	 51 /* which the kernel then binds to without a hook */
#define MCAST_JOIN_GROUP	 42 /* on both levels */
#define MCAST_JOIN_SOURCE_GROUP	 46
#define IPV6_ADDRFORM		 1 /* the family changes, by which addresses are read */
#define IPV6_2292PKTOPTIONS	 6
#define IPV6_ADD_MEMBERSHIP	 20
#define IPV6_JOIN_ANYCAST	 27
#define IPV6_FLOWLABEL_MGR	 32 /* labels carry options, too */
#define IPV6_RTHDR		 57

/*
 * By which packets go elsewhere than to their address: a source route names the
 * next stop, and rules are about the last. Or by which the kernel sends some, with
 * the number of a group.
 */
static __always_inline bool option_is_gated(int level, int option)
{
	if (level != SOL_IP && level != SOL_IPV6)
		return false;
	if (option == MCAST_JOIN_GROUP || option == MCAST_JOIN_SOURCE_GROUP)
		return true;
	if (level == SOL_IP)
		return option == IP_OPTIONS || option == IP_ADD_MEMBERSHIP ||
		       option == IP_ADD_SOURCE_MEMBERSHIP || option == IP_LOCAL_PORT_RANGE;
	return option == IPV6_ADDRFORM || option == IPV6_2292PKTOPTIONS ||
	       option == IPV6_ADD_MEMBERSHIP || option == IPV6_JOIN_ANYCAST ||
	       option == IPV6_FLOWLABEL_MGR || option == IPV6_RTHDR;
}

SEC("lsm/socket_setsockopt")
int BPF_PROG(agentos_socket_setsockopt, struct socket *sock, int level, int optname)
{
	if (!option_is_gated(level, optname))
		return 0;

	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, SOCKET_OPTION, NET_RAW, EPERM);

	return verdict(act_number(ctx, &facts, &act, level, optname), -EPERM);
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

/* The same of the rules on the socket's name. */
static __always_inline void unix_rule(struct act *act, const struct agentos_facts *facts,
				      struct sock *other)
{
	struct agentos_walk w = { .policy = facts->policy, .rule = AGENTOS_RULE_NONE };
	int way = agentos_unix(other, &w, sizeof(w));

	if (way == ENDPOINT_UNIX_ALLOWED)
		return;
	if (way == ENDPOINT_UNIX_WALKED && w.open && !w.unresolved)
		agentos_walk_mounts(&w);
	if (act->verdict == AGENTOS_VERDICT_DENIED && !act_rule_kills(&w, AGENTOS_FILE_CONNECT))
		return;
	act->right = 0;
	act->access = AGENTOS_FILE_CONNECT;
	if (way == ENDPOINT_UNIX_WALKED && !w.unresolved && w.allowed) {
		act_rule_watches(act, &w, AGENTOS_FILE_CONNECT);
		return;
	}
	act->verdict = AGENTOS_VERDICT_DENIED;
	act->error = -EACCES;
	act_rule_denies(act, &w, AGENTOS_FILE_CONNECT);
}

/* Unix: sockets of the agent's own are free, others need right and rule. Returns whether denied. */
static __always_inline int act_unix(void *ctx, const struct agentos_facts *facts, struct act *act,
				    struct sock *other)
{
	__u64 *owner = bpf_sk_storage_get(&socket_owner, other, NULL, 0);
	struct agentos_event *event;
	struct unix_address *address;

	if (owner && *owner == facts->id)
		return 0;
	unix_rule(act, facts, other);
	if (act_settle(facts, act, NULL)) {
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

/*
 * Of the gateway's socket: the address that it stands for, and its name, if other is not NULL.
 * Returns whether denied.
 */
static __noinline int act_gateway(void *ctx, const struct agentos_facts *facts, struct act *act,
				  struct sock *other, __u16 port)
{
	struct agentos_event *event;
	struct unix_address *address;

	if (!facts || !act)
		return 1;
	if (act_settle(facts, act, NULL)) {
		act->object[0] = bpf_htonl(INADDR_LOOPBACK);
		act->object[2] = (__u64)IPPROTO_TCP << 32 | (__u32)AF_INET << 16 | port;
		act->kind = ACT_NUMBERS;
		event = event_begin(facts, act);
		if (event) {
			event->object_kind = AGENTOS_OBJECT_INET;
			event->protocol = IPPROTO_TCP;
			event->family = AF_INET;
			event->port = bpf_ntohs(port);
			__builtin_memcpy(event->addr, act->object, 16);
			address = other ? BPF_CORE_READ((struct unix_sock *)other, addr) : NULL;
			if (address)
				event_text_len(event, unix_name(event->text, address));
			event_end(ctx, event);
		}
	}
	return act->verdict == AGENTOS_VERDICT_DENIED;
}

/* Whether connecting to the gateway is denied; another's socket: -ENOENT. */
static __noinline int gateway_check(void *ctx, const struct agentos_facts *facts)
{
	struct sock *other = ARGUMENT(ctx, 1, struct sock *);
	struct sock *accepted = ARGUMENT(ctx, 2, struct sock *);
	struct act act = RIGHT_ACT(*facts, SOCKET_CONNECT, NET_CONNECT, EACCES);
	struct agentos_net_ask ask = { .policy = facts->policy, .act = ENDPOINT_CONNECT };
	int way = agentos_gateway(other, accepted, &ask, sizeof(ask));

	if (way < 0)
		return -ENOENT;
	net_rule(&act, way, &ask);
	/* What goes through it is no packet of the agent's. */
	if (traffic_limited()) {
		act.verdict = AGENTOS_VERDICT_DENIED;
		act.why = AGENTOS_WHY_UNCOUNTED;
		act.effect = EFFECT_NONE;
		act.error = -EACCES;
		act.right = 0;
		act.rule = AGENTOS_RULE_NONE;
	}
	return act_gateway(ctx, facts, &act, other, ask.port);
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
	int gateway = gateway_check(ctx, &facts);

	if (gateway >= 0)
		return verdict(gateway, -EACCES);
	return verdict(act_unix(ctx, &facts, &act, other), -EACCES);
}

/* Tells of an agent's message to the gateway that had more in it than bytes. */
static __noinline int gateway_sent(void *ctx, __u16 port)
{
	struct act act = {
		.hook = AGENTOS_HOOK_SOCKET_SEND,
		.verdict = AGENTOS_VERDICT_DENIED,
		.why = AGENTOS_WHY_NEVER,
		.error = -EACCES,
		.refusal = -EACCES,
		.rule = AGENTOS_RULE_NONE,
	};

	AGENT_OR_RETURN(facts);
	return act_gateway(ctx, &facts, &act, NULL, port);
}

/*
 * Nobody, in an agent or not, hands the gateway a descriptor. It would not take it, so that the
 * kernel closes it there, on its event loop; and there are files that are long in closing: a
 * socket that lingers, for one. Returns 0 or an errno.
 */
static __noinline int gateway_send_check(void *ctx, struct socket *sock)
{
	struct agentos_net_ask ask = {};
	int way = agentos_gateway_way(sock, &ask, sizeof(ask));

	/* As it would end anyway, unless somebody connected it just now. */
	if (way == CALLER_NOWHERE)
		return -ENOTCONN;
	if (way != CALLER_GATEWAY)
		return 0;
	gateway_sent(ctx, ask.port);
	return -EACCES;
}

/*
 * Every send on every socket of every process comes here: leave first. What
 * counts is the socket's family: UDP takes an AF_UNSPEC address for AF_INET.
 */
SEC("lsm/socket_sendmsg")
int BPF_PROG(agentos_socket_sendmsg, struct socket *sock, struct msghdr *msg, int size)
{
	int err;

	if (!msg->msg_name && !msg->msg_controllen)
		return 0;
	if (msg->msg_controllen) {
		err = gateway_send_check(ctx, sock);
		/* The verifier has to see which. */
		if (err)
			return err == -ENOTCONN ? -ENOTCONN : -EACCES;
	}
	return agentos_send_quick(sock, msg) ? verdict(send_check(ctx), -EACCES) : 0;
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
