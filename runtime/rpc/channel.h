/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The client's end of the control protocol: one blocking connection to agentosd. */
#ifndef AGENTOS_RPC_CHANNEL_H
#define AGENTOS_RPC_CHANNEL_H

#include "base/fault.h"
#include "rpc/control.h"

struct channel {
	int fd;
	uint64_t cookie; /* of the last request */
};

/*
 * Connects and says HELLO.
 * -ENOENT, -ECONNREFUSED  agentosd does not run
 * -EACCES   neither root nor in the socket's group
 * -EBUSY    agentosd has its fill of clients
 * -EPROTO   agentosd is of another version; -EBADMSG it answered nonsense
 * -ETIMEDOUT
 */
int channel_open(const char *path, struct channel *ret_channel,
		 struct control_hello_reply *ret_hello, struct fault *f);
/* The first half alone: a descriptor. */
int channel_connect(const char *path, struct fault *f);
/* The second, with what that returned, here or before an exec; it is closed in any case. */
int channel_begin(int fd, struct channel *ret_channel, struct control_hello_reply *ret_hello,
		  struct fault *f);
void channel_close(struct channel *c);

/*
 * Sends one request, whose header it fills but for the size, with fd_count
 * descriptors, and waits for a reply of the given type. ret_fd gets the
 * descriptor that comes with the reply; NULL: one is refused.
 * An error that the daemon reports is returned as its errno, with its text.
 */
struct channel_request {
	struct control_header *header; /* the message begins here */
	enum control_type type;
	size_t size;
	const int *fds;
	size_t fd_count;
	enum control_type reply;
};
int channel_call(struct channel *c, const struct channel_request *request,
		 union control_message *ret_reply, int *ret_fd, struct fault *f);

/* The next message of an answer that has several; the same errors. */
int channel_next(struct channel *c, union control_message *ret_reply, int *ret_fd, struct fault *f);

#endif
