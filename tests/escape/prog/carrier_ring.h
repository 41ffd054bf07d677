/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last call of a chain by io_uring: in the caller, in a worker, in a polling thread, with what is registered. */
#ifndef AGENTOS_TESTS_CARRIER_RING_H
#define AGENTOS_TESTS_CARRIER_RING_H

#include <liburing.h>
#include <stdbool.h>
#include <sys/syscall.h>

#include "tests/escape/prog/chain.h"

/* For the gate, which has no other argument. */
static struct {
	unsigned int setup, flags; /* of the ring, of the submission */
	bool fixed;
} ring_how;

struct ring_send {
	struct msghdr message;
	struct iovec vector;
};

/* sendto() has no operation of its own on both kernels. */
static inline void ring_prep_send(struct io_uring_sqe *sqe, const struct chain_call *call)
{
	static struct ring_send send;

	send.vector = (struct iovec){ (void *)call->arg[1], (size_t)call->arg[2] };
	send.message = (struct msghdr){ .msg_name = (void *)call->arg[4],
					.msg_namelen = (socklen_t)call->arg[5],
					.msg_iov = &send.vector,
					.msg_iovlen = 1 };
	io_uring_prep_sendmsg(sqe, (int)call->arg[0], &send.message, (unsigned int)call->arg[3]);
}

/* The operation that does what the call does. */
static inline bool ring_prep(struct io_uring_sqe *sqe, const struct chain_call *call)
{
	const long *arg = call->arg;
	int dir = (int)arg[0];
	const char *path = (const char *)arg[1];

	switch (call->nr) {
	case SYS_openat:
		io_uring_prep_openat(sqe, dir, path, (int)arg[2], (mode_t)arg[3]);
		return true;
	case SYS_openat2:
		io_uring_prep_openat2(sqe, dir, path, (struct open_how *)arg[2]);
		return true;
	case SYS_unlinkat:
		io_uring_prep_unlinkat(sqe, dir, path, (int)arg[2]);
		return true;
	case SYS_mkdirat:
		io_uring_prep_mkdirat(sqe, dir, path, (mode_t)arg[2]);
		return true;
	case SYS_symlinkat:
		io_uring_prep_symlinkat(sqe, (const char *)arg[0], (int)arg[1],
					(const char *)arg[2]);
		return true;
	case SYS_linkat:
		io_uring_prep_linkat(sqe, dir, path, (int)arg[2], (const char *)arg[3],
				     (int)arg[4]);
		return true;
	case SYS_renameat2:
		io_uring_prep_renameat(sqe, dir, path, (int)arg[2], (const char *)arg[3],
				       (unsigned int)arg[4]);
		return true;
	case SYS_setxattr:
		io_uring_prep_setxattr(sqe, path, (const char *)arg[2], (const char *)arg[0],
				       (int)arg[4], (unsigned int)arg[3]);
		return true;
	case SYS_socket:
		io_uring_prep_socket(sqe, dir, (int)arg[1], (int)arg[2], 0);
		return true;
	case SYS_connect:
		io_uring_prep_connect(sqe, dir, (struct sockaddr *)arg[1], (socklen_t)arg[2]);
		return true;
	case SYS_sendto:
		ring_prep_send(sqe, call);
		return true;
	default:
		return false;
	}
}

static inline int ring_wait(struct io_uring *ring)
{
	struct io_uring_cqe *cqe;
	int result = io_uring_submit(ring) == 1 ? 0 : -EBADRQC;

	if (result || io_uring_wait_cqe(ring, &cqe) < 0)
		return -EBADRQC;
	result = cqe->res;
	io_uring_cqe_seen(ring, cqe);
	/* A ring does not wait for a connection that sending makes. */
	return result == -EINPROGRESS ? 0 : result;
}

/* Opened into a slot of the ring, without a descriptor; a file is read from there as well. */
static inline int ring_fixed_open(struct io_uring *ring, const struct chain_call *call)
{
	static char room[4096];
	struct iovec vector = { room, sizeof(room) };
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
	int slot;

	if (io_uring_register_files_sparse(ring, 4) < 0 ||
	    io_uring_register_buffers(ring, &vector, 1) < 0 || !ring_prep(sqe, call))
		return -EBADRQC;
	sqe->file_index = IORING_FILE_INDEX_ALLOC;
	slot = ring_wait(ring);
	if (slot < 0 || call->nr == SYS_socket || call->arg[2] & O_ACCMODE)
		return slot;
	sqe = io_uring_get_sqe(ring);
	io_uring_prep_read_fixed(sqe, slot, room, 1, 0, 0);
	io_uring_sqe_set_flags(sqe, IOSQE_FIXED_FILE);
	slot = ring_wait(ring);
	/* Of a process's memory there is nothing at the beginning. */
	return slot == 1 || slot == -EIO ? 0 : -EBADRQC;
}

/* On a registered socket, whose descriptor is closed. */
static inline int ring_fixed_socket(struct io_uring *ring, const struct chain_call *call)
{
	struct chain_call moved = *call;
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
	int sock = (int)call->arg[0];

	if (io_uring_register_files(ring, &sock, 1) < 0)
		return -EBADRQC;
	close(sock);
	moved.arg[0] = 0;
	if (!ring_prep(sqe, &moved))
		return -EBADRQC;
	io_uring_sqe_set_flags(sqe, IOSQE_FIXED_FILE);
	return ring_wait(ring);
}

static long ring_gate(const struct chain_call *call)
{
	struct io_uring_params params = { .flags = ring_how.setup, .sq_thread_idle = 50 };
	struct io_uring_sqe *sqe;
	struct io_uring ring;
	int err = io_uring_queue_init_params(8, &ring, &params);

	if (err < 0)
		return err;
	if (ring_how.fixed && (call->nr == SYS_connect || call->nr == SYS_sendto))
		return ring_fixed_socket(&ring, call);
	if (ring_how.fixed)
		return ring_fixed_open(&ring, call);
	sqe = io_uring_get_sqe(&ring);
	if (!ring_prep(sqe, call))
		return -EBADRQC;
	io_uring_sqe_set_flags(sqe, ring_how.flags);
	return ring_wait(&ring);
}

static inline int ring_run(char **word, unsigned int setup, unsigned int flags, bool fixed)
{
	ring_how.setup = setup;
	ring_how.flags = flags;
	ring_how.fixed = fixed;
	return chain_run_last(word, 0, chain_native, ring_gate);
}

#endif
