/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The event loop: one io_uring, one thread, operations that call back and can be cancelled. */
#ifndef AGENTOS_LOOP_LOOP_H
#define AGENTOS_LOOP_LOOP_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct loop;
struct loop_op;

/* What a receive brought. */
struct loop_message {
	uint8_t *data; /* aligned for any type */
	size_t len;
	int *fds; /* set one to -1 to take it over; the rest are closed */
	size_t fd_count;
	bool truncated; /* data or descriptors did not fit: not to be trusted */
};

/*
 * One operation's place in its owner, zero before use; done and cookie are the
 * owner's to set. Busy while op is set; one operation at a time.
 *
 * - done(result, cookie) runs from loop_run(), never from a start or a cancel.
 * - When an operation ends, op is cleared before done() runs: done() may start
 *   the next one, or free the handle.
 * - After loop_cancel() done() is not called again, the handle may be freed and
 *   the descriptor closed at once. What the kernel still uses belongs to the loop.
 */
struct loop_handle {
	void (*done)(int result, void *cookie);
	void *cookie;
	struct loop_op *op;
	struct loop_message *message; /* for a receive, while done() runs */
};

/*
 * The ring takes the operations of opcodes.c and no others.
 * *ret_note says in words what this kernel lacks and what is done instead, or
 * is NULL; it is static.
 * -ENOSYS, -EPERM  no io_uring here, or it is switched off (kernel.io_uring_disabled)
 * -EOPNOTSUPP      an operation without which there is no loop
 */
int loop_open(struct loop **ret_loop, const char **ret_note);
/* Cancels what is left and waits for the kernel to let go of it. NULL is allowed. */
void loop_close(struct loop *l);

/*
 * From now on it looks for what comes for so many microseconds before it sleeps, where what came
 * last did not take longer (spin.h). Nothing where there is one processor alone: who was waited
 * for could not run meanwhile.
 */
void loop_spin(struct loop *l, unsigned int us);

/*
 * Work that can wait until nothing else is to be done: work() does some microseconds of it, and
 * says whether there is more. Who needs it done does the rest, and cancels it. Zero before use;
 * work and cookie are the owner's to set.
 */
struct loop_idle {
	bool (*work)(void *cookie);
	void *cookie;
	struct loop_idle *next, **link; /* link: NULL where it is not started */
};
void loop_idle_start(struct loop *l, struct loop_idle *i);
/* Before its owner goes, and loop_close(). Not started: nothing. */
void loop_idle_cancel(struct loop_idle *i);

/* Runs until loop_stop(); a negative errno when the ring fails. */
int loop_run(struct loop *l);
void loop_stop(struct loop *l);
/* Is the calling thread in loop_run(), of any loop? There nothing may block. */
bool loop_is_running(void);

/*
 * Starts. 0, or -EBUSY (the handle is in use), -ENOMEM, or the ring's error.
 *
 * poll:    result is the ready mask, again and again until cancelled, told at
 *          each wake-up and not while it lasts: read until there is no more. A
 *          negative errno ends it.
 * wait:    result is the ready mask, once, at once if it is ready already; or a
 *          negative errno.
 * accept:  result is a new close-on-exec descriptor, the callback's to close,
 *          again and again; a negative errno ends it.
 * receive: one message of at most size bytes and fds_max descriptors; result
 *          is its length (0: the peer is gone), or a negative errno.
 * send:    one message, copied; pass (-1 for none) is sent along with it and is
 *          closed by the loop, also when the start fails. Result: bytes sent.
 * timer:   result 0 after ms milliseconds, once.
 * signals: result is the number of a signal of the set, again and again. The
 *          caller has blocked them.
 * fsync:   result 0 or the file system's error.
 */
int loop_poll(struct loop *l, struct loop_handle *h, int fd, uint32_t mask);
int loop_wait(struct loop *l, struct loop_handle *h, int fd, uint32_t mask);
int loop_accept(struct loop *l, struct loop_handle *h, int fd);
int loop_receive(struct loop *l, struct loop_handle *h, int fd, size_t size, size_t fds_max);
struct loop_outgoing {
	const void *data;
	size_t len;
	int pass;
};
int loop_send(struct loop *l, struct loop_handle *h, int fd, const struct loop_outgoing *out);
int loop_timer(struct loop *l, struct loop_handle *h, unsigned int ms);
int loop_signals(struct loop *l, struct loop_handle *h, const sigset_t *set);
int loop_fsync(struct loop *l, struct loop_handle *h, int fd);

/*
 * Bytes that an owner shares with the kernel: a cancelled read may write to them
 * still, so they are freed when the owner has put them and no operation is left.
 */
struct loop_buffer {
	uint8_t *data;
	size_t size;
	unsigned int users; /* the loop's own */
};
/* NULL: no memory. */
struct loop_buffer *loop_buffer_create(size_t size);
/* NULL is allowed. */
void loop_buffer_put(struct loop_buffer *b);

/*
 * On stream sockets; the same errors, and -EINVAL: not within the buffer.
 *
 * connect: result 0, or why there is no connection. The address is copied.
 * read:    at most len bytes to data + at; result is how many (0: the peer sends
 *          no more), or a negative errno.
 * write:   some of len bytes from data + at, which may not change meanwhile;
 *          result is how many. No SIGPIPE.
 */
struct loop_bytes {
	struct loop_buffer *buffer;
	size_t at, len;
};
int loop_connect(struct loop *l, struct loop_handle *h, int fd, const struct sockaddr *address,
		 socklen_t len);
int loop_read(struct loop *l, struct loop_handle *h, int fd, const struct loop_bytes *to);
/* The same, where most likely there is nothing yet: the kernel waits before it looks. */
int loop_read_later(struct loop *l, struct loop_handle *h, int fd, const struct loop_bytes *to);
int loop_write(struct loop *l, struct loop_handle *h, int fd, const struct loop_bytes *from);

/* Ends an operation; nothing when none is under way. */
void loop_cancel(struct loop_handle *h);

#endif
