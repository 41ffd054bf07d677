// SPDX-License-Identifier: GPL-2.0-or-later
/* Operations on byte streams, and the buffers that they share with their owner. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "loop/op.h"

struct loop_buffer *loop_buffer_create(size_t size)
{
	struct loop_buffer *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->data = malloc(size ? size : 1);
	if (!b->data) {
		free(b);
		return NULL;
	}
	b->size = size;
	b->users = 1;
	return b;
}

void loop_buffer_put(struct loop_buffer *b)
{
	if (!b || --b->users)
		return;
	free(b->data);
	free(b);
}

int loop_connect(struct loop *l, struct loop_handle *h, int fd, const struct sockaddr *address,
		 socklen_t len)
{
	struct loop_op *op;

	if (h->op)
		return -EBUSY;
	if (len > sizeof(op->address))
		return -EINVAL;
	op = op_create(l, OP_CONNECT, fd);
	if (!op)
		return -ENOMEM;
	memcpy(&op->address, address, len);
	op->address_len = len;
	return op_start(op, h);
}

static int stream_start(struct loop *l, struct loop_handle *h, int fd, enum op_kind kind,
			const struct loop_bytes *bytes)
{
	struct loop_buffer *b = bytes->buffer;
	struct loop_op *op;

	if (h->op)
		return -EBUSY;
	if (!bytes->len || bytes->at > b->size || bytes->len > b->size - bytes->at)
		return -EINVAL;
	op = op_create(l, kind, fd);
	if (!op)
		return -ENOMEM;
	op->buffer = b;
	b->users++;
	op->data.iov_base = b->data + bytes->at;
	op->data.iov_len = bytes->len;
	return op_start(op, h);
}

int loop_read(struct loop *l, struct loop_handle *h, int fd, const struct loop_bytes *to)
{
	return stream_start(l, h, fd, OP_READ, to);
}

int loop_read_later(struct loop *l, struct loop_handle *h, int fd, const struct loop_bytes *to)
{
	return stream_start(l, h, fd, OP_READ_LATER, to);
}

int loop_write(struct loop *l, struct loop_handle *h, int fd, const struct loop_bytes *from)
{
	return stream_start(l, h, fd, OP_WRITE, from);
}
