// SPDX-License-Identifier: GPL-2.0-or-later
/* Ways to the network: AGENTOS_RIGHT(NET_CONNECT), NET_LISTEN, NET_RAW, and UNIX_CONNECT. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/prctl.h>

#include "tests/escape/table.h"

#define FILES "file-read, file-write, file-exec"

static const struct stage_policy policies[] = {
	{ .name = "base", .rights = FILES },
	/* AGENTOS_RIGHT(NET_CONNECT), AGENTOS_RIGHT(NET_LISTEN), AGENTOS_RIGHT(NET_RAW), ... */
	{ .name = "connect", .rights = FILES ", net-connect" },
	{ .name = "listen", .rights = FILES ", net-listen" },
	{ .name = "raw", .rights = FILES ", net-raw, capabilities" },
	{ .name = "capable", .rights = FILES ", capabilities" },
	{ .name = "elsewhere",
	  .rights = FILES ", net-connect",
	  .network = "  connect: [\"127.9.9.9:9\"]\n" },
	{ .name = "ring", .rights = FILES ", io-uring" },
	{ .name = "unix", .rights = FILES ", unix-connect" },
	{ .name = "one",
	  .rights = FILES ", unix-connect",
	  .network = "  unix: [%s, \"@escape-str*\"]\n" },
	{ .name = "below",
	  .rights = FILES ", unix-connect",
	  .deny = "%d",
	  .network = "  unix: [%r, -%T/none, \"@*dgram\"]\n" },
	{ .name = "other",
	  .rights = FILES ", unix-connect",
	  .network = "  unix: [/usr, \"@escape\", \"@/\"]\n" },
	{ 0 },
};

/*
 * Families and types by number: AF_INET 2, AF_INET6 10, AF_KEY 15, AF_NETLINK 16,
 * AF_PACKET 17, AF_RDS 21, AF_CAN 29, AF_TIPC 30, AF_ALG 38, AF_VSOCK 40, AF_SMC 43,
 * AF_XDP 44. What Debian has as modules, is loaded before; other kernels need not have it.
 */
static const struct stage_row rows[] = {
	{ "TCP", "tcp4 %p", "base", 0, EACCES, "socket_connect", NULL },
	{ "TCP over IPv6", "tcp6 %p", "base", 0, EACCES, "socket_connect", NULL },
	{ "MPTCP", "mptcp %p", "base", 0, EACCES, "socket_connect", NULL },
	{ "sendto with MSG_FASTOPEN", "fastopen %p", "base", 0, EACCES, "socket_sendmsg", NULL },
	{ "TCP_FASTOPEN_CONNECT", "fastopen-connect %p", "base", 0, EACCES, "socket_connect",
	  NULL },
	{ "without waiting", "nonblocking %p", "base", 0, EACCES, "socket_connect", NULL },
	{ "UDP connect", "udp4 %p", "base", 0, EACCES, "socket_connect", NULL },
	{ "UDP send", "udp4-send %p", "base", 0, EACCES, "socket_sendmsg", NULL },
	{ "UDP send to AF_UNSPEC", "udp4-send-unspec %p", "base", 0, EACCES, "socket_sendmsg",
	  NULL },
	{ "UDP send over IPv6", "udp6-send %p", "base", 0, EACCES, "socket_sendmsg", NULL },
	{ "UDP sendmmsg", "udp-sendmmsg %p", "base", 0, EACCES, "socket_sendmsg", NULL },
	{ "bind", "bind4", "base", 0, EACCES, "socket_bind", NULL },
	{ "bind over IPv6", "bind6", "base", 0, EACCES, "socket_bind", NULL },
	{ "listen without bind", "listen", "base", 0, EACCES, "socket_listen", NULL },
	{ "a raw socket", "socket 2 3 1", "base", STAGE_ROOT, EPERM, "socket_create", NULL },
	{ "a raw socket over IPv6", "socket 10 3 58", "base", STAGE_ROOT, EPERM, "socket_create",
	  NULL },
	{ "a ping socket", "socket 2 2 1", "base", 0, EPERM, "socket_create", NULL },
	{ "a packet socket", "socket 17 3 768", "base", STAGE_ROOT, EPERM, "socket_create", NULL },
	{ "generic netlink", "socket 16 3 16", "base", 0, EPERM, "socket_create", NULL },
	{ "audit netlink", "socket 16 3 9", "base", 0, EPERM, "socket_create", NULL },
	{ "uevent netlink", "socket 16 3 15", "base", 0, EPERM, "socket_create", NULL },
	{ "route netlink, which libc needs", "socket 16 3 0", "base", 0, 0, NULL, NULL },
	{ "an SCTP socket", "socket 2 1 132", "base", 0, EPERM, "socket_create", "stock" },
	{ "an SCTP socket for many", "socket 2 5 132", "base", 0, EPERM, "socket_create", "stock" },
	{ "an SCTP socket over IPv6", "socket 10 1 132", "base", 0, EPERM, "socket_create",
	  "stock" },
	{ "a DCCP socket", "socket 2 6 33", "base", 0, EPERM, "socket_create", "stock" },
	{ "a UDP-Lite socket", "socket 2 2 136", "base", 0, EPERM, "socket_create", "stock" },
	{ "a vsock socket", "socket 40 1 0", "base", 0, EPERM, "socket_create", "stock" },
	{ "a vsock socket for packets", "socket 40 5 0", "base", 0, EPERM, "socket_create",
	  "stock" },
	{ "an SMC socket", "socket 43 1 0", "base", 0, EPERM, "socket_create", "stock" },
	{ "an SMC socket over IPv6", "socket 43 1 1", "base", 0, EPERM, "socket_create", "stock" },
	{ "an AF_ALG socket", "socket 38 5 0", "base", 0, EPERM, "socket_create", "stock" },
	{ "a TIPC socket", "socket 30 5 0", "base", 0, EPERM, "socket_create", "stock" },
	{ "an RDS socket", "socket 21 5 0", "base", 0, EPERM, "socket_create", "stock" },
	{ "a CAN socket", "socket 29 3 1", "base", STAGE_ROOT, EPERM, "socket_create", "stock" },
	{ "an XDP socket", "socket 44 3 0", "base", STAGE_ROOT, EPERM, "socket_create", "stock" },
	{ "a PF_KEY socket", "socket 15 3 2", "base", STAGE_ROOT, EPERM, "socket_create", "stock" },
	{ "a packet socket without headers", "socket 17 2 768", "base", STAGE_ROOT, EPERM,
	  "socket_create", NULL },
	{ "a raw socket of any protocol", "socket 2 3 255", "base", STAGE_ROOT, EPERM,
	  "socket_create", NULL },
	{ "a ping socket over IPv6", "socket 10 2 58", "base", 0, EPERM, "socket_create", NULL },
	{ "netlink between users", "socket 16 3 2", "base", 0, EPERM, "socket_create", NULL },
	{ "sock_diag netlink", "socket 16 3 4", "base", 0, EPERM, "socket_create", NULL },
	{ "netfilter netlink", "socket 16 3 12", "base", 0, EPERM, "socket_create", "stock" },
	{ "connector netlink", "socket 16 3 11", "base", 0, EPERM, "socket_create", "stock" },
	{ "xfrm netlink", "socket 16 3 6", "base", 0, EPERM, "socket_create", "stock" },
	{ "route netlink, changing a device", "mtu-message", "base", STAGE_ROOT, EPERM, "capable",
	  NULL },
	{ "ioctl, changing a device", "mtu-ioctl", "base", STAGE_ROOT, EPERM, "capable", NULL },
	{ "SMC as a protocol of IP", "socket 2 1 256", "base", 0, EPERM, "socket_create", "6.12" },
	{ "SMC as a protocol of IPv6", "socket 10 1 256", "base", 0, EPERM, "socket_create",
	  "6.12" },
	{ "a vsock socket by a thread", "via-thread socket 40 1 0", "base", 0, EPERM,
	  "socket_create", "stock" },
	{ "a vsock socket after double fork and setsid", "via-orphan socket 40 1 0", "base", 0,
	  EPERM, "socket_create", "stock" },
	{ "Unix stream by path", "unix-stream %s", "base", 0, EACCES, "unix_stream_connect", NULL },
	{ "Unix stream by abstract name", "unix-stream @escape-stream", "base", 0, EACCES,
	  "unix_stream_connect", NULL },
	{ "Unix datagram by path", "unix-send %d", "base", 0, EACCES, "unix_may_send", NULL },
	{ "Unix datagram by abstract name", "unix-send @escape-dgram", "base", 0, EACCES,
	  "unix_may_send", NULL },
	{ "Unix datagram connect", "unix-dgram %d", "base", 0, EACCES, "unix_may_send", NULL },
	{ "sockets of its own", "unix-own %W/own", "base", 0, 0, NULL, NULL },
	{ "abstract sockets of its own", "unix-own @escape-own-%I", "base", 0, 0, NULL, NULL },
	{ "socketpair", "socketpair", "base", 0, 0, NULL, NULL },
	{ "TCP by bash", "bash %W/%I %p", "base", 0, STAGE_ANY_ERROR, "socket_connect", NULL },
	{ "TCP by a static program", "exec %W/%I busybox nc -w 1 127.0.0.1 %p", "base", 0,
	  STAGE_ANY_ERROR, "socket_connect", NULL },
	{ "TCP by a script", "exec %W/%I script", "base", 0, STAGE_ANY_ERROR, "socket_connect",
	  NULL },
	{ "TCP by a thread", "via-thread tcp4 %p", "base", 0, EACCES, "socket_connect", NULL },
	{ "TCP after double fork and setsid", "via-orphan tcp4 %p", "base", 0, EACCES,
	  "socket_connect", NULL },
	{ "TCP after vfork", "via-vfork tcp4 %p", "base", 0, EACCES, "socket_connect", NULL },
	{ "TCP after exec by a thread", "via-exec tcp4 %p", "base", 0, EACCES, "socket_connect",
	  NULL },

	{ "with net-connect: TCP", "tcp4 %p", "connect", 0, 0, NULL, NULL },
	{ "with net-connect: TCP over IPv6", "tcp6 %p", "connect", 0, 0, NULL, NULL },
	{ "with net-connect: MPTCP", "mptcp %p", "connect", 0, 0, NULL, NULL },
	{ "with net-connect: MSG_FASTOPEN", "fastopen %p", "connect", 0, 0, NULL, NULL },
	{ "with net-connect: UDP", "udp4-send %p", "connect", 0, 0, NULL, NULL },
	{ "with net-connect: UDP over IPv6", "udp6-send %p", "connect", 0, 0, NULL, NULL },
	{ "with net-connect: no binding", "bind4", "connect", 0, EACCES, "socket_bind", NULL },
	{ "with net-connect: no Unix sockets", "unix-stream %s", "connect", 0, EACCES,
	  "unix_stream_connect", NULL },

	{ "with net-connect: MPTCP elsewhere", "mptcp %p", "elsewhere", 0, EACCES, "socket_connect",
	  NULL },
	{ "with net-connect: no SCTP", "socket 2 1 132", "connect", 0, EPERM, "socket_create",
	  "stock" },
	{ "with net-connect: no vsock", "socket 40 1 0", "connect", 0, EPERM, "socket_create",
	  "stock" },
	{ "with net-connect: no SMC", "socket 43 1 0", "connect", 0, EPERM, "socket_create",
	  "stock" },
	{ "with io-uring: an option of IP by a command", "uring-setsockopt", "ring", 0, EPERM,
	  "socket_setsockopt", "6.12" },

	{ "with net-listen: bind", "bind4", "listen", 0, 0, NULL, NULL },
	{ "with net-listen: bind over IPv6", "bind6", "listen", 0, 0, NULL, NULL },
	{ "with net-listen: listen", "listen", "listen", 0, 0, NULL, NULL },
	{ "with net-listen: no connecting", "tcp4 %p", "listen", 0, EACCES, "socket_connect",
	  NULL },

	{ "without net-raw, with all capabilities: raw", "socket 2 3 1", "capable", STAGE_ROOT,
	  EPERM, "socket_create", NULL },
	{ "without net-raw, with all capabilities: packet", "socket 17 3 768", "capable",
	  STAGE_ROOT, EPERM, "socket_create", NULL },
	{ "without net-raw, with all capabilities: XDP", "socket 44 3 0", "capable", STAGE_ROOT,
	  EPERM, "socket_create", "stock" },
	{ "with all capabilities: route netlink, changing a device", "mtu-message", "capable",
	  STAGE_ROOT, 0, NULL, NULL },
	{ "with all capabilities: ioctl, changing a device", "mtu-ioctl", "capable", STAGE_ROOT, 0,
	  NULL, NULL },
	{ "with net-raw: raw", "socket 2 3 1", "raw", STAGE_ROOT, 0, NULL, NULL },
	{ "with net-raw: packet", "socket 17 3 768", "raw", STAGE_ROOT, 0, NULL, NULL },
	{ "with net-raw: ping", "socket 2 2 1", "raw", 0, 0, NULL, NULL },
	{ "with net-raw: generic netlink", "socket 16 3 16", "raw", 0, 0, NULL, NULL },
	{ "with net-raw: SCTP", "socket 2 1 132", "raw", 0, 0, NULL, "stock" },
	{ "with net-raw: vsock", "socket 40 1 0", "raw", 0, 0, NULL, "stock" },
	{ "with net-raw: SMC", "socket 43 1 0", "raw", 0, 0, NULL, "stock" },
	{ "with net-raw: AF_ALG", "socket 38 5 0", "raw", 0, 0, NULL, "stock" },
	{ "with net-raw: XDP", "socket 44 3 0", "raw", STAGE_ROOT, 0, NULL, "stock" },
	{ "with net-raw: sock_diag netlink", "socket 16 3 4", "raw", 0, 0, NULL, NULL },
	{ "with net-raw, without net-connect: SMC", "stream 43 0 %p", "raw", 0, EACCES,
	  "socket_connect", "stock" },
	{ "with net-raw, without net-connect: SMC as a protocol of IP", "stream 2 256 %p", "raw", 0,
	  EACCES, "socket_connect", "6.12" },
	{ "with net-raw, without net-connect: SCTP", "stream 2 132 %q", "raw", 0, EACCES,
	  "socket_connect", "stock" },
	{ "with net-raw, without net-connect: SCTP, by sending", "sctp-send %q", "raw", 0, EACCES,
	  "socket_sendmsg", "stock" },
	{ "with net-raw, without net-connect: SCTP, by option", "sctp-connectx %q", "raw", 0,
	  EACCES, "socket_connect", "stock" },

	{ "with unix-connect: stream", "unix-stream %s", "unix", 0, 0, NULL, NULL },
	{ "with unix-connect: abstract stream", "unix-stream @escape-stream", "unix", 0, 0, NULL,
	  NULL },
	{ "with unix-connect: datagram", "unix-send %d", "unix", 0, 0, NULL, NULL },
	{ "with unix-connect: abstract datagram", "unix-send @escape-dgram", "unix", 0, 0, NULL,
	  NULL },
	{ "one by path: it", "unix-stream %s", "one", 0, 0, NULL, NULL },
	{ "one by path: it, through another mount", "unix-stream %e", "one", 0, 0, NULL, NULL },
	{ "one by path: it, through a link", "unix-stream %f", "one", 0, 0, NULL, NULL },
	{ "one by path: another beside it", "unix-send %d", "one", 0, EACCES, "unix_may_send",
	  NULL },
	{ "one by path: connecting to that", "unix-dgram %d", "one", 0, EACCES, "unix_may_send",
	  NULL },
	{ "by abstract name", "unix-stream @escape-stream", "one", 0, 0, NULL, NULL },
	{ "by another abstract name", "unix-send @escape-dgram", "one", 0, EACCES, "unix_may_send",
	  NULL },
	{ "one by path: its own without a rule", "unix-own %W/own", "one", 0, 0, NULL, NULL },
	{ "all below a directory", "unix-stream %s", "below", 0, 0, NULL, NULL },
	{ "all but one below a directory", "unix-send %d", "below", 0, EACCES, "unix_may_send",
	  NULL },
	{ "by the end of an abstract name", "unix-send @escape-dgram", "below", 0, 0, NULL, NULL },
	{ "by another end of one", "unix-stream @escape-stream", "below", 0, EACCES,
	  "unix_stream_connect", NULL },
	{ "no rule on the path", "unix-stream %s", "other", 0, EACCES, "unix_stream_connect",
	  NULL },
	{ "no rule on the path, through another mount", "unix-stream %e", "other", 0, EACCES,
	  "unix_stream_connect", NULL },
	{ "the beginning of an abstract name", "unix-stream @escape-stream", "other", 0, EACCES,
	  "unix_stream_connect", NULL },
	{ "by a thread", "via-thread unix-stream %s", "other", 0, EACCES, "unix_stream_connect",
	  NULL },
	{ "after double fork and setsid", "via-orphan unix-stream %s", "other", 0, EACCES,
	  "unix_stream_connect", NULL },
	{ "with unix-connect: no network", "tcp4 %p", "unix", 0, EACCES, "socket_connect", NULL },
};

/* The program of the row is named by it, and with that its records are. */
static void row_dress(const char *tree, const char *id, const struct stage_row *row)
{
	char *path = stage_format("%s/ws/%s/%s", tree, id, id), *script;

	if (strstr(row->act, " script")) {
		script = stage_format("#!/bin/bash\nexec 3<>/dev/tcp/127.0.0.1/%s\n",
				      stage.value['p' - 'a']);
		stage_file(path, script, 0755);
		free(script);
	} else if (strstr(row->act, "%W/%I ") &&
		   symlink(strstr(row->act, "busybox") ? "/usr/bin/busybox" : "/bin/bash", path) <
			   0) {
		stage_bail("cannot make %s", path);
	}
	free(path);
}

/* Takes connections and forgets them, so that no backlog fills. */
static void outsider_serve(int listener)
{
	for (;;)
		close(accept(listener, NULL, NULL));
}

static void outsider_start(int listener)
{
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		outsider_serve(listener);
	}
}

/* Takes datagrams and forgets them: who sends to a full queue waits. */
static void outsider_read(int sock)
{
	char byte;

	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (recv(sock, &byte, 1, 0) >= 0)
			;
		_exit(0);
	}
}

static int unix_bind(const char *name, int type)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
	int sock = socket(AF_UNIX, type, 0);

	memcpy(un.sun_path, name, strlen(name));
	if (name[0] == '@')
		un.sun_path[0] = '\0';
	else
		len++;
	if (bind(sock, (struct sockaddr *)&un, len) < 0)
		stage_bail("cannot bind %s", name);
	if (type == SOCK_STREAM && listen(sock, 64) < 0)
		stage_bail("cannot listen on %s", name);
	return sock;
}

/* One port for all of TCP and UDP; an IPv6 socket takes IPv4 as well. */
static void outside_open(void)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	int tcp = socket(AF_INET6, SOCK_STREAM, 0), udp = socket(AF_INET6, SOCK_DGRAM, 0), off = 0;
	socklen_t len = sizeof(any);
	char *stream = stage_format("%s/stream", stage_root),
	     *dgram = stage_format("%s/d", stage_root);

	setsockopt(tcp, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	setsockopt(udp, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(tcp, (struct sockaddr *)&any, len) < 0 || listen(tcp, 64) < 0 ||
	    getsockname(tcp, (struct sockaddr *)&any, &len) < 0 ||
	    bind(udp, (struct sockaddr *)&any, len) < 0)
		stage_bail("no port");
	stage.value['p' - 'a'] = stage_format("%d", ntohs(any.sin6_port));
	stage.value['s' - 'a'] = stream;
	stage.value['d' - 'a'] = dgram;
	outsider_start(tcp);
	outsider_start(unix_bind(stream, SOCK_STREAM));
	outsider_start(unix_bind("@escape-stream", SOCK_STREAM));
	outsider_read(unix_bind(dgram, SOCK_DGRAM));
	outsider_read(unix_bind("@escape-dgram", SOCK_DGRAM));
	stage.value['r' - 'a'] = stage_root;
	stage.value['e' - 'a'] = stage_format("%s/mount/stream", stage_root);
	stage.value['f' - 'a'] = stage_format("%s/link", stage_root);
	stage_shell("cd %s && mkdir mount && mount --bind . mount && ln -s stream link",
		    stage_root);
}

/* By name: aliases of some are off in Debian, and no row should wait for one. */
static void families_load(void)
{
	const char *kernel = getenv("AGENTOS_KERNEL");
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t len = sizeof(in);
	int sctp;

	if (kernel && strcmp(kernel, "debug") == 0)
		return;
	stage_shell(
		"modprobe -a sctp dccp_ipv4 vsock vsock_loopback smc af_alg tipc rds can can_raw "
		"af_key nfnetlink xfrm_user 2>&1");
	/* One socket for all: associations come and go without accept(). */
	sctp = socket(AF_INET, SOCK_SEQPACKET, IPPROTO_SCTP);
	if (bind(sctp, (struct sockaddr *)&in, len) < 0 || listen(sctp, 64) < 0 ||
	    getsockname(sctp, (struct sockaddr *)&in, &len) < 0)
		stage_bail("no port of SCTP");
	stage.value['q' - 'a'] = stage_format("%d", ntohs(in.sin_port));
}

int main(void)
{
	stage = (struct stage){
		.title = "net",
		.program = "attempt_net",
		.rows = rows,
		.row_count = sizeof(rows) / sizeof(rows[0]),
		.policies = policies,
		.dress_row = row_dress,
	};
	stage_begin();
	stage_setting("/proc/sys/net/ipv4/ping_group_range", "0 2147483647");
	families_load();
	outside_open();
	stage_table();
	return stage_end();
}
