/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the loop: an operation under way, and the memory that the kernel uses for it. */
#ifndef AGENTOS_LOOP_OP_H
#define AGENTOS_LOOP_OP_H

#include <liburing.h>
#include <sys/socket.h>

#include "loop/loop.h"
#include "loop/spin.h"
#include "loop/timers.h"

enum op_kind {
	OP_POLL,
	OP_WAIT,
	OP_ACCEPT,
	OP_RECEIVE,
	OP_SEND,
	OP_TIMER,
	OP_SIGNALS,
	OP_FSYNC,
	OP_CONNECT,
	OP_READ,
	OP_READ_LATER,
	OP_WRITE
};

struct loop {
	struct io_uring ring;
	struct loop_op *ops; /* all that the kernel may still complete */
	struct loop_timers timers;
	struct spin spin;
	struct loop_idle *idle; /* the one that was started last */
	bool stop;
};

/* Lives until its last completion, whatever became of the handle. */
struct loop_op {
	struct loop *loop;
	struct loop_handle *handle; /* NULL once cancelled */
	struct loop_op *prev, *next;
	enum op_kind kind;
	bool multishot;
	bool owns_fd; /* fd is closed with the operation */
	int fd;
	int pass; /* descriptor being sent, or -1; closed with the operation */
	uint32_t mask;
	unsigned int entry; /* in the submission queue, where its last one is or was */
	uint64_t due;	    /* of a timer, and its place among them */
	size_t place;
	struct msghdr header;
	struct iovec data;
	void *control;
	int *fds;
	size_t fds_max;
	struct loop_message message;
	struct loop_buffer *buffer; /* a reference */
	struct sockaddr_storage address;
	socklen_t address_len;
};

/* A free submission entry, or NULL. */
struct io_uring_sqe *loop_sqe(struct loop *l);

struct loop_op *op_create(struct loop *l, enum op_kind kind, int fd);
/* Ties the operation to its handle and queues it; frees it when that fails. */
int op_start(struct loop_op *op, struct loop_handle *h);
/* Queues the operation, first time or again. */
int op_submit(struct loop_op *op);
/* Fills op->message from what the kernel left behind. */
void op_received(struct loop_op *op, int result);
void op_unlink(struct loop_op *op);
/* Closes what it holds and nobody took. */
void op_free(struct loop_op *op);

#endif
