// SPDX-License-Identifier: GPL-2.0-or-later
/* The client's end of the control protocol, blocking. */
#include "rpc/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* The self-test is the slowest answer. */
#define CHANNEL_TIMEOUT_S 60

union channel_control {
	char bytes[CMSG_SPACE(LIMIT_CONTROL_FDS * sizeof(int))];
	struct cmsghdr align;
};

static int channel_fault(int error, struct fault *f)
{
	if (error == EAGAIN)
		return fault_set(f, ETIMEDOUT, "agentosd does not answer");
	return fault_set(f, error, "lost the connection to agentosd: %s", strerror(error));
}

static int channel_send(struct channel *c, const struct channel_request *r, struct fault *f)
{
	union channel_control control = { 0 };
	struct iovec data = { r->header, r->size };
	struct msghdr m = { .msg_iov = &data, .msg_iovlen = 1 };
	struct cmsghdr *h;

	control_encode(r->header, r->type, r->size, ++c->cookie);
	if (r->fd_count) {
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(r->fd_count * sizeof(int));
		h = &control.align;
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(r->fd_count * sizeof(int));
		memcpy(CMSG_DATA(h), r->fds, r->fd_count * sizeof(int));
	}
	/* A daemon that has hung up may have said why: that is read next. */
	if (sendmsg(c->fd, &m, MSG_NOSIGNAL) < 0 && errno != EPIPE)
		return channel_fault(errno, f);
	return 0;
}

/* Descriptors of a received message; those beyond max are closed. Returns how many there were. */
static size_t channel_take(struct msghdr *m, int *fds, size_t max)
{
	struct cmsghdr *h;
	size_t count = 0, n, i;
	int fd;

	for (h = CMSG_FIRSTHDR(m); h; h = CMSG_NXTHDR(m, h)) {
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(h) + i * sizeof(int), sizeof(int));
			if (count < max)
				fds[count] = fd;
			else
				close(fd);
			count++;
		}
	}
	return count;
}

int channel_next(struct channel *c, union control_message *ret_reply, int *ret_fd, struct fault *f)
{
	union channel_control control;
	union control_message packet, reply = { 0 };
	struct iovec data = { &packet, sizeof(packet) };
	struct msghdr m = { .msg_iov = &data,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	size_t count;
	ssize_t len;
	int fd = -1, err;

	len = recvmsg(c->fd, &m, MSG_CMSG_CLOEXEC);
	/* The first error is the reset; what the daemon said before it comes after. */
	if (len < 0 && errno == ECONNRESET)
		len = recvmsg(c->fd, &m, MSG_CMSG_CLOEXEC);
	if (len < 0)
		return channel_fault(errno, f);
	if (len == 0)
		return fault_set(f, ECONNRESET, "agentosd closed the connection");
	count = channel_take(&m, &fd, 1);
	err = m.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ?
		      -EBADMSG :
		      control_check(&packet, (size_t)len, count, CONTROL_FROM_DAEMON, &reply);
	if (!err && count && !ret_fd)
		err = -EBADMSG;
	/* Cookie 0: the daemon speaks unasked, and then only to refuse the connection. */
	if (!err && reply.header.cookie != c->cookie &&
	    (reply.header.cookie || reply.header.type != CONTROL_ERROR))
		err = -EBADMSG;
	if (err)
		goto bad;
	if (reply.header.type == CONTROL_ERROR) {
		fault_set(f, -reply.result.error, "%s", reply.result.text);
		return reply.result.error;
	}
	*ret_reply = reply;
	if (ret_fd)
		*ret_fd = fd;
	return 0;

bad:
	if (fd >= 0)
		close(fd);
	return fault_set(
		f, -err,
		err == -EPROTO ?
			"agentosd speaks another version of the control protocol: restart it" :
			"agentosd sent a malformed message");
}

int channel_call(struct channel *c, const struct channel_request *request,
		 union control_message *ret_reply, int *ret_fd, struct fault *f)
{
	union control_message reply = { 0 };
	int fd = -1, err;

	err = channel_send(c, request, f);
	if (err)
		return err;
	err = channel_next(c, &reply, ret_fd ? &fd : NULL, f);
	if (err)
		return err;
	if (reply.header.type != request->reply) {
		if (fd >= 0)
			close(fd);
		return fault_set(f, EBADMSG, "agentosd answered another question");
	}
	*ret_reply = reply;
	if (ret_fd)
		*ret_fd = fd;
	return 0;
}

int channel_connect(const char *path, struct fault *f)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = CHANNEL_TIMEOUT_S };
	int fd, err;

	if (strlen(path) >= sizeof(address.sun_path))
		return fault_set(f, ENAMETOOLONG, "the control socket's path is too long");
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fault_set(f, errno, "socket: %s", strerror(errno));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0 &&
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	err = errno;
	close(fd);
	switch (err) {
	case ENOENT:
	case ECONNREFUSED:
		return fault_set(f, err,
				 "agentosd does not run: start it with `systemctl start agentosd`");
	case EACCES:
		return fault_set(
			f, err,
			"no access to agentosd's socket: be root or a member of group agentos");
	default:
		return fault_set(f, err, "cannot connect to agentosd: %s", strerror(err));
	}
}

int channel_begin(int fd, struct channel *ret_channel, struct control_hello_reply *ret_hello,
		  struct fault *f)
{
	struct control_request hello = { 0 };
	struct channel_request request = { .header = &hello.header,
					   .type = CONTROL_HELLO,
					   .size = sizeof(hello),
					   .reply = CONTROL_HELLO_REPLY };
	union control_message reply;
	struct channel c = { .fd = fd };
	int err;

	err = channel_call(&c, &request, &reply, NULL, f);
	if (err) {
		close(c.fd);
		return err;
	}
	*ret_channel = c;
	*ret_hello = reply.hello_reply;
	return 0;
}

int channel_open(const char *path, struct channel *ret_channel,
		 struct control_hello_reply *ret_hello, struct fault *f)
{
	int fd = channel_connect(path, f);

	return fd < 0 ? fd : channel_begin(fd, ret_channel, ret_hello, f);
}

void channel_close(struct channel *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}
