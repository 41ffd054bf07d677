// SPDX-License-Identifier: GPL-2.0-or-later
/* The operations of the loop: how each is started, repeated and freed. */
#include "loop/op.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct loop_op *op_create(struct loop *l, enum op_kind kind, int fd)
{
	struct loop_op *op = calloc(1, sizeof(*op));

	if (!op)
		return NULL;
	op->loop = l;
	op->kind = kind;
	op->fd = fd;
	op->pass = -1;
	return op;
}

void op_unlink(struct loop_op *op)
{
	if (op->prev)
		op->prev->next = op->next;
	else
		op->loop->ops = op->next;
	if (op->next)
		op->next->prev = op->prev;
}

void op_free(struct loop_op *op)
{
	size_t i;

	for (i = 0; i < op->message.fd_count; i++) {
		if (op->fds[i] >= 0)
			close(op->fds[i]);
	}
	if (op->pass >= 0)
		close(op->pass);
	if (op->owns_fd)
		close(op->fd);
	free(op->fds);
	free(op->control);
	/* Of a stream it is the buffer's. */
	if (!op->buffer)
		free(op->data.iov_base);
	loop_buffer_put(op->buffer);
	free(op);
}

int op_submit(struct loop_op *op)
{
	struct io_uring_sqe *sqe = loop_sqe(op->loop);

	if (!sqe)
		return -EBUSY;
	switch (op->kind) {
	case OP_POLL:
	case OP_SIGNALS:
		io_uring_prep_poll_multishot(sqe, op->fd, op->mask);
		break;
	case OP_WAIT:
		io_uring_prep_poll_add(sqe, op->fd, op->mask);
		break;
	case OP_ACCEPT:
		if (op->multishot)
			io_uring_prep_multishot_accept(sqe, op->fd, NULL, NULL, SOCK_CLOEXEC);
		else
			io_uring_prep_accept(sqe, op->fd, NULL, NULL, SOCK_CLOEXEC);
		break;
	case OP_RECEIVE:
		io_uring_prep_recvmsg(sqe, op->fd, &op->header, MSG_CMSG_CLOEXEC);
		break;
	case OP_SEND:
		io_uring_prep_sendmsg(sqe, op->fd, &op->header, MSG_NOSIGNAL);
		break;
	case OP_TIMER:
		/* The ring has no part in it. */
		break;
	case OP_FSYNC:
		io_uring_prep_fsync(sqe, op->fd, 0);
		break;
	case OP_CONNECT:
		io_uring_prep_connect(sqe, op->fd, (struct sockaddr *)&op->address,
				      op->address_len);
		break;
	case OP_READ:
	case OP_READ_LATER:
		io_uring_prep_recv(sqe, op->fd, op->data.iov_base, op->data.iov_len, 0);
		if (op->kind == OP_READ_LATER)
			sqe->ioprio |= IORING_RECVSEND_POLL_FIRST;
		break;
	case OP_WRITE:
		io_uring_prep_send(sqe, op->fd, op->data.iov_base, op->data.iov_len, MSG_NOSIGNAL);
		break;
	}
	io_uring_sqe_set_data64(sqe, (uintptr_t)op);
	op->entry = op->loop->ring.sq.sqe_tail - 1;
	return 0;
}

int op_start(struct loop_op *op, struct loop_handle *h)
{
	struct loop *l = op->loop;
	int err = op_submit(op);

	if (err) {
		op_free(op);
		return err;
	}
	op->next = l->ops;
	if (l->ops)
		l->ops->prev = op;
	l->ops = op;
	op->handle = h;
	h->op = op;
	return 0;
}

int loop_poll(struct loop *l, struct loop_handle *h, int fd, uint32_t mask)
{
	struct loop_op *op;

	if (h->op)
		return -EBUSY;
	op = op_create(l, OP_POLL, fd);
	if (!op)
		return -ENOMEM;
	op->mask = mask;
	return op_start(op, h);
}

int loop_wait(struct loop *l, struct loop_handle *h, int fd, uint32_t mask)
{
	struct loop_op *op;

	if (h->op)
		return -EBUSY;
	op = op_create(l, OP_WAIT, fd);
	if (!op)
		return -ENOMEM;
	op->mask = mask;
	return op_start(op, h);
}

int loop_accept(struct loop *l, struct loop_handle *h, int fd)
{
	struct loop_op *op;

	if (h->op)
		return -EBUSY;
	op = op_create(l, OP_ACCEPT, fd);
	if (!op)
		return -ENOMEM;
	op->multishot = true;
	return op_start(op, h);
}

/* Room for data and, where count is not 0, for that many descriptors. */
static int op_message_room(struct loop_op *op, size_t size, size_t count)
{
	op->data.iov_base = malloc(size ? size : 1);
	op->data.iov_len = size;
	op->header.msg_iov = &op->data;
	op->header.msg_iovlen = 1;
	if (!op->data.iov_base)
		return -ENOMEM;
	if (!count)
		return 0;
	op->header.msg_controllen = CMSG_SPACE(count * sizeof(int));
	op->control = calloc(1, op->header.msg_controllen);
	op->header.msg_control = op->control;
	return op->control ? 0 : -ENOMEM;
}

int loop_receive(struct loop *l, struct loop_handle *h, int fd, size_t size, size_t fds_max)
{
	struct loop_op *op;

	if (h->op)
		return -EBUSY;
	op = op_create(l, OP_RECEIVE, fd);
	if (!op)
		return -ENOMEM;
	/* CMSG_SPACE rounds up, so one descriptor more than asked for may arrive. */
	op->fds_max = fds_max + 2;
	op->fds = calloc(op->fds_max, sizeof(int));
	if (!op->fds || op_message_room(op, size, fds_max)) {
		op_free(op);
		return -ENOMEM;
	}
	return op_start(op, h);
}

void op_received(struct loop_op *op, int result)
{
	struct cmsghdr *c;
	size_t count, i;
	int fd;

	if (result < 0)
		return;
	op->message.data = op->data.iov_base;
	op->message.len = (size_t)result;
	op->message.fds = op->fds;
	op->message.truncated = op->header.msg_flags & (MSG_TRUNC | MSG_CTRUNC);
	for (c = CMSG_FIRSTHDR(&op->header); c; c = CMSG_NXTHDR(&op->header, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < count; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (op->message.fd_count < op->fds_max)
				op->fds[op->message.fd_count++] = fd;
			else
				close(fd);
		}
	}
}

int loop_send(struct loop *l, struct loop_handle *h, int fd, const struct loop_outgoing *out)
{
	struct loop_op *op = NULL;
	struct cmsghdr *c;
	int err = -EBUSY;

	if (h->op)
		goto close_pass;
	err = -ENOMEM;
	op = op_create(l, OP_SEND, fd);
	if (!op)
		goto close_pass;
	op->pass = out->pass;
	if (op_message_room(op, out->len, out->pass >= 0 ? 1 : 0)) {
		op_free(op);
		return -ENOMEM;
	}
	if (out->len)
		memcpy(op->data.iov_base, out->data, out->len);
	if (out->pass >= 0) {
		c = op->control;
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &out->pass, sizeof(int));
	}
	return op_start(op, h);

close_pass:
	if (out->pass >= 0)
		close(out->pass);
	return err;
}

int loop_timer(struct loop *l, struct loop_handle *h, unsigned int ms)
{
	struct loop_op *op;

	if (h->op)
		return -EBUSY;
	op = op_create(l, OP_TIMER, -1);
	if (!op)
		return -ENOMEM;
	op->due = timers_now() + ms * 1000000ULL;
	if (timers_add(&l->timers, op)) {
		op_free(op);
		return -ENOMEM;
	}
	op->handle = h;
	h->op = op;
	return 0;
}

int loop_signals(struct loop *l, struct loop_handle *h, const sigset_t *set)
{
	struct loop_op *op;

	if (h->op)
		return -EBUSY;
	op = op_create(l, OP_SIGNALS, -1);
	if (!op)
		return -ENOMEM;
	op->fd = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (op->fd < 0) {
		int err = -errno;

		op_free(op);
		return err;
	}
	op->owns_fd = true;
	op->mask = POLLIN;
	return op_start(op, h);
}

int loop_fsync(struct loop *l, struct loop_handle *h, int fd)
{
	struct loop_op *op;

	if (h->op)
		return -EBUSY;
	op = op_create(l, OP_FSYNC, fd);
	return op ? op_start(op, h) : -ENOMEM;
}
