// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules on addresses of the network, and ways around them. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/prctl.h>

#include "tests/escape/table.h"

#define FILES "file-read, file-write, file-exec"

#define CONNECT                                                                     \
	"  connect: [\"127.0.0.1:%p\", \"[::1]:%p\", \"127.1.0.0/16:*\","           \
	" \"127.1.2.3:%p\", \"127.0.0.53:%p/udp\", \"127.2.0.0/16:1-65535/tcp\"]\n" \
	"  deny: [127.1.2.0/24, \"127.1.3.0/24:%q\"]\n"

static const struct stage_policy policies[] = {
	{ .name = "some", .rights = FILES ", net-connect", .network = CONNECT },
	{ .name = "rings",
	  .rights = FILES ", net-connect, io-uring, anon-exec",
	  .network = CONNECT },
	{ .name = "listen",
	  .rights = FILES ", net-listen",
	  .network = "  listen: [\"127.0.0.1:0\", \"127.0.0.1:%l\", \"127.0.0.2:0/udp\", "
		     "\"[::]:*\", \"[::1]:0\"]\n" },
	{ .name = "anywhere",
	  .rights = FILES ", net-connect, net-listen",
	  .network = "  connect: [\"*:%p\"]\n  listen: [\"*\"]\n  deny: [127.0.0.2]\n" },
	{ .name = "this",
	  .rights = FILES ", net-connect",
	  .network = "  connect: [\"localhost:%p\", \"0.0.0.0:%p\"]\n" },
	{ .name = "raw", .rights = FILES ", net-connect, net-raw" },
	{ 0 },
};

#define CONNECTING "socket_connect"
#define SENDING	   "socket_sendmsg"
#define BINDING	   "socket_bind"

static const struct stage_row rows[] = {
	{ "TCP to an address and port that are allowed", "tcp 127.0.0.1 %p", "some", 0, 0, NULL,
	  NULL },
	{ "TCP to another port", "tcp 127.0.0.1 %q", "some", 0, EACCES, CONNECTING, NULL },
	{ "TCP to another address", "tcp 127.0.0.2 %p", "some", 0, EACCES, CONNECTING, NULL },
	{ "over IPv6", "tcp ::1 %p", "some", 0, 0, NULL, NULL },
	{ "over IPv6 to another port", "tcp ::1 %q", "some", 0, EACCES, CONNECTING, NULL },
	{ "IPv4 in IPv6", "tcp ::ffff:127.0.0.1 %p", "some", 0, 0, NULL, NULL },
	{ "IPv4 in IPv6 to another", "tcp ::ffff:127.0.0.2 %p", "some", 0, EACCES, CONNECTING,
	  NULL },
	{ "this host's unspecified address", "tcp 0.0.0.0 %p", "some", 0, EACCES, CONNECTING,
	  NULL },
	{ "that of IPv6", "tcp :: %p", "some", 0, EACCES, CONNECTING, NULL },
	{ "that of IPv4 in IPv6", "tcp ::ffff:0.0.0.0 %p", "some", 0, EACCES, CONNECTING, NULL },
	{ "UDP to it", "udp 0.0.0.0 %p", "some", 0, EACCES, SENDING, NULL },
	{ "any port of a prefix", "tcp 127.1.0.1 %q", "some", 0, 0, NULL, NULL },
	{ "a denied prefix in it", "tcp 127.1.2.1 %q", "some", 0, EACCES, CONNECTING, NULL },
	{ "an allowed address in that", "tcp 127.1.2.3 %p", "some", 0, 0, NULL, NULL },
	{ "another port of that", "tcp 127.1.2.3 %q", "some", 0, EACCES, CONNECTING, NULL },
	{ "a prefix with a denied port, by another", "tcp 127.1.3.1 %p", "some", 0, 0, NULL, NULL },
	{ "by that port", "tcp 127.1.3.1 %q", "some", 0, EACCES, CONNECTING, NULL },
	{ "UDP where only UDP is allowed", "udp 127.0.0.53 %p", "some", 0, 0, NULL, NULL },
	{ "TCP there", "tcp 127.0.0.53 %p", "some", 0, EACCES, CONNECTING, NULL },
	{ "MPTCP there", "mptcp 127.0.0.53 %p", "some", 0, EACCES, CONNECTING, NULL },
	{ "TCP where only TCP is allowed", "tcp 127.2.0.1 %p", "some", 0, 0, NULL, NULL },
	{ "MPTCP there, which is TCP", "mptcp 127.2.0.1 %p", "some", 0, 0, NULL, NULL },
	{ "UDP there", "udp 127.2.0.1 %p", "some", 0, EACCES, SENDING, NULL },
	{ "UDP connect there", "udp-connect 127.2.0.1 %p", "some", 0, EACCES, CONNECTING, NULL },
	{ "MPTCP to another address", "mptcp 127.0.0.2 %p", "some", 0, EACCES, CONNECTING, NULL },
	{ "MSG_FASTOPEN to another address", "fastopen 127.0.0.2 %p", "some", 0, EACCES, SENDING,
	  NULL },
	{ "UDP to another address", "udp 127.0.0.2 %p", "some", 0, EACCES, SENDING, NULL },
	{ "UDP to it without a family", "udp-unspec 127.0.0.2 %p", "some", 0, EACCES, SENDING,
	  NULL },
	{ "UDP without a family to one that is allowed", "udp-unspec 127.0.0.1 %p", "some", 0, 0,
	  NULL, NULL },
	{ "UDP to it by a socket of IPv6", "udp6-as4 127.0.0.2 %p", "some", 0, EACCES, SENDING,
	  NULL },
	{ "UDP by a socket of IPv6 to one that is allowed", "udp6-as4 127.0.0.1 %p", "some", 0, 0,
	  NULL, NULL },
	{ "UDP over IPv6 to another port", "udp ::1 %q", "some", 0, EACCES, SENDING, NULL },
	{ "connected to one, sends to another", "udp-then 127.0.0.1 %p 127.0.0.2 %p", "some", 0,
	  EACCES, SENDING, NULL },
	{ "connected to one, then to another", "udp-again 127.0.0.1 %p 127.0.0.2 %p", "some", 0,
	  EACCES, CONNECTING, NULL },
	{ "by a thread", "via-thread tcp 127.0.0.2 %p", "some", 0, EACCES, CONNECTING, NULL },
	{ "after double fork and setsid", "via-orphan tcp 127.0.0.2 %p", "some", 0, EACCES,
	  CONNECTING, NULL },
	{ "after vfork", "via-vfork tcp 127.0.0.2 %p", "some", 0, EACCES, CONNECTING, NULL },
	{ "no binding", "bind-tcp 127.0.0.1 0", "some", 0, EACCES, BINDING, NULL },

	{ "IP options on a socket", "options", "some", 0, EPERM, "socket_setsockopt", NULL },
	{ "a routing header on a socket", "options6 57", "some", 0, EPERM, "socket_setsockopt",
	  NULL },
	{ "packet options on a socket", "options6 6", "some", 0, EPERM, "socket_setsockopt", NULL },
	{ "a flow label", "label", "some", 0, EPERM, "socket_setsockopt", NULL },
	{ "a multicast group", "join", "some", 0, EPERM, "socket_setsockopt", NULL },
	{ "a multicast group by the newer call", "join-newer", "some", 0, EPERM,
	  "socket_setsockopt", NULL },
	{ "a multicast group of IPv6", "join6", "some", 0, EPERM, "socket_setsockopt", NULL },
	{ "another option of a socket", "ttl", "some", 0, 0, NULL, NULL },
	{ "IP options with a message", "send-options 127.0.0.1 %p", "some", 0, EACCES, SENDING,
	  NULL },
	{ "IP options on a connected socket", "send-options-connected 127.0.0.1 %p", "some", 0,
	  EACCES, SENDING, NULL },
	/* Of a type that the debugging kernel does not know. */
	{ "a routing header with a message", "send-route6 ::1 %p", "some", 0, EACCES, SENDING,
	  "stock" },
	{ "a time to live with a message", "send-ttl 127.0.0.1 %p", "some", 0, 0, NULL, NULL },
	{ "the same to another address", "send-ttl 127.0.0.2 %p", "some", 0, EACCES, SENDING,
	  NULL },
	{ "a socket of IPv6 made one of IPv4", "family ::ffff:127.0.0.1 %p", "some", 0, EPERM,
	  "socket_setsockopt", NULL },
	{ "ports for the kernel to choose from", "port-range", "some", 0, EPERM,
	  "socket_setsockopt", NULL },
	/* Of these the kernel shows the first alone. */
	{ "two messages of one call", "send-two 127.0.0.1 %p", "some", 0, EACCES, SENDING, NULL },
	{ "two, the second with IP options", "send-two-routed 127.0.0.1 %p", "some", 0, EACCES,
	  SENDING, NULL },
	{ "two by the 32-bit call", "send-two-32 127.0.0.1 %p", "some", 0, EACCES, SENDING, NULL },
	{ "with net-raw: two messages of one call", "send-two-routed 127.0.0.1 %p", "raw", 0, 0,
	  NULL, NULL },
	{ "with net-raw: IP options", "options", "raw", 0, 0, NULL, NULL },
	{ "with net-raw: a multicast group", "join", "raw", 0, 0, NULL, NULL },
	{ "with net-raw: with a message", "send-options 127.0.0.1 %p", "raw", 0, 0, NULL, NULL },

	{ "a ring connects to what is allowed", "uring-connect 127.0.0.1 %p", "rings", 0, 0, NULL,
	  NULL },
	{ "a ring connects to another address", "uring-connect 127.0.0.2 %p", "rings", 0, EACCES,
	  CONNECTING, NULL },
	{ "a ring with a thread of its own", "uring-poll-connect 127.0.0.2 %p", "rings", 0, EACCES,
	  CONNECTING, NULL },
	{ "that, to what is allowed", "uring-poll-connect 127.0.0.1 %p", "rings", 0, 0, NULL,
	  NULL },
	{ "a worker of a ring sends", "uring-send 127.0.0.2 %p", "rings", 0, EACCES, SENDING,
	  NULL },
	{ "that, to what is allowed", "uring-send 127.0.0.1 %p", "rings", 0, 0, NULL, NULL },

	{ "binding where it may, the kernel chooses", "bind-tcp 127.0.0.1 0", "listen", 0, 0, NULL,
	  NULL },
	{ "listening there", "listen 127.0.0.1 0", "listen", 0, 0, NULL, NULL },
	{ "listening on a port", "listen 127.0.0.1 %l", "listen", 0, 0, NULL, NULL },
	{ "listening on a port by MPTCP", "listen-mptcp 127.0.0.1 %l", "listen", 0, 0, NULL, NULL },
	{ "listening on another by MPTCP", "listen-mptcp 127.0.0.1 %m", "listen", 0, EACCES,
	  BINDING, NULL },
	{ "binding to another port", "bind-tcp 127.0.0.1 %m", "listen", 0, EACCES, BINDING, NULL },
	{ "binding to another address", "bind-tcp 127.0.0.3 0", "listen", 0, EACCES, BINDING,
	  NULL },
	{ "binding to all addresses", "bind-tcp 0.0.0.0 0", "listen", 0, EACCES, BINDING, NULL },
	{ "binding to all by IPv6, which are those of IPv4 too", "bind-tcp :: 0", "listen", 0,
	  EACCES, BINDING, NULL },
	{ "binding over IPv6", "listen ::1 0", "listen", 0, 0, NULL, NULL },
	{ "binding UDP where only UDP may", "bind-udp 127.0.0.2 0", "listen", 0, 0, NULL, NULL },
	{ "binding TCP there", "bind-tcp 127.0.0.2 0", "listen", 0, EACCES, BINDING, NULL },
	{ "listening unbound", "listen-unbound 2", "listen", 0, EACCES, "socket_listen", NULL },
	{ "listening unbound over IPv6", "listen-unbound 10", "listen", 0, EACCES, "socket_listen",
	  NULL },
	{ "no connecting", "tcp 127.0.0.1 %p", "listen", 0, EACCES, CONNECTING, NULL },

	{ "a port of any address", "tcp 127.3.4.5 %p", "anywhere", 0, 0, NULL, NULL },
	{ "another port of any address", "tcp 127.3.4.5 %q", "anywhere", 0, EACCES, CONNECTING,
	  NULL },
	{ "any address but one", "tcp 127.0.0.2 %p", "anywhere", 0, EACCES, CONNECTING, NULL },
	{ "which is not to be had as the unspecified", "tcp 0.0.0.0 %p", "anywhere", 0, EACCES,
	  CONNECTING, NULL },
	{ "any address over IPv6", "tcp ::1 %p", "anywhere", 0, 0, NULL, NULL },
	{ "listening unbound on any", "listen-unbound 2", "anywhere", 0, 0, NULL, NULL },
	{ "over IPv6 as well", "listen-unbound 10", "anywhere", 0, 0, NULL, NULL },
	{ "listening on any but one", "listen 127.0.0.2 0", "anywhere", 0, EACCES, BINDING, NULL },

	{ "localhost", "tcp 127.0.0.1 %p", "this", 0, 0, NULL, NULL },
	{ "localhost over IPv6", "tcp ::1 %p", "this", 0, 0, NULL, NULL },
	{ "the unspecified address, named", "tcp 0.0.0.0 %p", "this", 0, 0, NULL, NULL },
	{ "that of IPv6, not named", "tcp :: %p", "this", 0, EACCES, CONNECTING, NULL },
};

/* Takes connections and forgets them, so that no backlog fills. */
static void outsider_start(int listener)
{
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			close(accept(listener, NULL, NULL));
	}
}

/* A port of TCP and UDP that somebody answers at, by IPv4 and IPv6; its number. */
static const char *port_open(bool answers)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	int tcp = socket(AF_INET6, SOCK_STREAM, 0), udp = socket(AF_INET6, SOCK_DGRAM, 0), off = 0;
	socklen_t len = sizeof(any);

	setsockopt(tcp, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	setsockopt(udp, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(tcp, (struct sockaddr *)&any, len) < 0 || listen(tcp, 64) < 0 ||
	    getsockname(tcp, (struct sockaddr *)&any, &len) < 0 ||
	    bind(udp, (struct sockaddr *)&any, len) < 0)
		stage_bail("no port");
	if (answers) {
		outsider_start(tcp);
	} else {
		close(tcp);
		close(udp);
	}
	return stage_format("%d", ntohs(any.sin6_port));
}

int main(void)
{
	stage = (struct stage){
		.title = "address",
		.program = "attempt_address",
		.rows = rows,
		.row_count = sizeof(rows) / sizeof(rows[0]),
		.policies = policies,
	};
	stage_begin();
	stage.value['p' - 'a'] = port_open(true);
	stage.value['q' - 'a'] = port_open(true);
	stage.value['l' - 'a'] = port_open(false);
	stage.value['m' - 'a'] = port_open(false);
	stage_table();
	return stage_end();
}
