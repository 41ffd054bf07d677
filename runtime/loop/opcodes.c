// SPDX-License-Identifier: GPL-2.0-or-later
/* What the ring may be asked for: the one list of its operations. */
#include "loop/opcodes.h"

#include <errno.h>

/*
 * Sockets, what tells of events, and waiting. Nothing that opens, names or changes a file, or
 * moves data from one to another: whoever has got into the process does not get past the hooks
 * and filters on system calls by the ring.
 */
static const struct {
	uint8_t number;
	bool needed; /* there is no loop without it */
} opcodes[] = {
	{ IORING_OP_NOP, true },
	{ IORING_OP_POLL_ADD, true },
	{ IORING_OP_POLL_REMOVE, false },
	{ IORING_OP_ASYNC_CANCEL, true },
	{ IORING_OP_TIMEOUT, false },
	{ IORING_OP_TIMEOUT_REMOVE, false },
	{ IORING_OP_LINK_TIMEOUT, false },
	{ IORING_OP_SOCKET, false },
	{ IORING_OP_CONNECT, true },
	{ IORING_OP_ACCEPT, true },
	{ IORING_OP_SEND, true },
	{ IORING_OP_SENDMSG, true },
	{ IORING_OP_RECV, true },
	{ IORING_OP_RECVMSG, true },
	{ IORING_OP_SHUTDOWN, false },
	{ IORING_OP_CLOSE, false },
	/* Of what is open: event counters, and the log's own files. */
	{ IORING_OP_READ, false },
	{ IORING_OP_WRITE, false },
	{ IORING_OP_FSYNC, true },
};

#define OPCODES (sizeof(opcodes) / sizeof(opcodes[0]))

/* With an operation: no completion if it succeeds; the next one after it; a provided buffer. */
#define SQE_FLAGS (IOSQE_CQE_SKIP_SUCCESS | IOSQE_IO_LINK | IOSQE_BUFFER_SELECT)

int opcodes_restrict(struct io_uring *r)
{
	struct io_uring_restriction allowed[OPCODES + 1] = { { 0 } };
	struct io_uring_probe *probe = io_uring_get_probe_ring(r);
	unsigned int count = 0;
	int err = 0;
	size_t i;

	if (!probe)
		return -EOPNOTSUPP;
	for (i = 0; i < OPCODES; i++) {
		if (io_uring_opcode_supported(probe, opcodes[i].number)) {
			allowed[count].opcode = IORING_RESTRICTION_SQE_OP;
			allowed[count++].sqe_op = opcodes[i].number;
		} else if (opcodes[i].needed) {
			err = -EOPNOTSUPP;
		}
	}
	io_uring_free_probe(probe);
	if (err)
		return err;
	allowed[count].opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED;
	allowed[count++].sqe_flags = SQE_FLAGS;
	/*
	 * None of these is a registration: from then on all of them are refused. liburing 2.3
	 * declares a function for this, and one for enabling, and has neither.
	 */
	return io_uring_register((unsigned int)r->ring_fd, IORING_REGISTER_RESTRICTIONS, allowed,
				 count);
}

int opcodes_enable(struct io_uring *r)
{
	return io_uring_register((unsigned int)r->ring_fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0);
}
