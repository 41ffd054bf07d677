// SPDX-License-Identifier: GPL-2.0-or-later
/* The event loop: every operation, its cancel, and what may not be touched afterwards. */
#include "tests/tap.h"

#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "loop/op.h"
#include "loop/spin.h"

struct seen {
	struct loop *loop;
	struct loop_handle *handle;
	int calls;
	int result;
	int stop_after; /* calls after which the loop stops; 0: never */
	int fd;		/* read at each call, for poll */
	bool keep;	/* take over the first descriptor */
	int kept;
	bool truncated;
	char text[16];
};

static struct loop *loop_new(void)
{
	struct loop *l = NULL;
	const char *note;
	int err = loop_open(&l, &note);

	if (err)
		printf("# loop_open: %s\n", strerror(-err));
	return l;
}

static void seen_done(int result, void *cookie)
{
	struct seen *s = cookie;
	uint64_t value;

	s->calls++;
	s->result = result;
	if (s->fd >= 0 && read(s->fd, &value, sizeof(value)) < 0)
		s->calls += 1000;
	if (s->handle && s->handle->message) {
		struct loop_message *m = s->handle->message;

		s->truncated = m->truncated;
		memcpy(s->text, m->data, m->len < sizeof(s->text) ? m->len : sizeof(s->text) - 1);
		if (s->keep && m->fd_count) {
			s->kept = m->fds[0];
			m->fds[0] = -1;
		}
	}
	if (s->stop_after && s->calls >= s->stop_after)
		loop_stop(s->loop);
}

static void stop_done(int result, void *cookie)
{
	loop_stop(cookie);
}

/* Runs the loop for ms at most. */
static void loop_run_for(struct loop *l, unsigned int ms)
{
	struct loop_handle h = { .done = stop_done, .cookie = l };

	loop_timer(l, &h, ms);
	loop_run(l);
	loop_cancel(&h);
}

/* Descriptors open now: a difference is a leak. */
static int fd_count(void)
{
	int count = 0, fd;

	for (fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void a_timer_fires_once(void)
{
	struct loop *l = loop_new();
	struct seen s = { .loop = l, .fd = -1 };
	struct loop_handle h = { .done = seen_done, .cookie = &s };

	REQUIRE(l);
	CHECK_INT(loop_timer(l, &h, 5), 0);
	CHECK_INT(loop_timer(l, &h, 5), -EBUSY);
	loop_run_for(l, 40);
	CHECK_INT(s.calls, 1);
	CHECK_INT(s.result, 0);
	CHECK(!h.op);
	loop_close(l);
}

static void a_poll_tells_each_wakeup_until_cancelled(void)
{
	struct loop *l = loop_new();
	int efd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct seen s = { .loop = l, .fd = efd, .stop_after = 1 };
	struct loop_handle h = { .done = seen_done, .cookie = &s };
	int i;

	REQUIRE(l && efd >= 0);
	CHECK_INT(loop_poll(l, &h, efd, POLLIN), 0);
	for (i = 1; i <= 5; i++) {
		s.stop_after = i;
		eventfd_write(efd, 1);
		loop_run_for(l, 500);
		CHECK_INT(s.calls, i);
		CHECK(s.result & POLLIN);
	}
	s.stop_after = 0;
	loop_cancel(&h);
	eventfd_write(efd, 1);
	loop_run_for(l, 20);
	CHECK_INT(s.calls, 5);
	close(efd);
	loop_close(l);
}

static void a_cancelled_handle_may_be_freed_at_once(void)
{
	struct loop *l = loop_new();
	struct seen s = { .loop = l, .fd = -1 };
	struct loop_handle *h;
	int pair[2], i;

	REQUIRE(l && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	for (i = 0; i < 300; i++) {
		h = calloc(1, sizeof(*h));
		REQUIRE(h);
		h->done = seen_done;
		h->cookie = &s;
		if (i % 3 == 0)
			CHECK_INT(loop_receive(l, h, pair[0], 64, 2), 0);
		else if (i % 3 == 1)
			CHECK_INT(loop_timer(l, h, 1), 0);
		else
			CHECK_INT(loop_poll(l, h, pair[0], POLLIN), 0);
		loop_cancel(h);
		CHECK(!h->op);
		free(h);
	}
	CHECK_INT(send(pair[1], "late", 4, 0), 4);
	loop_run_for(l, 20);
	CHECK_INT(s.calls, 0);
	close(pair[0]);
	close(pair[1]);
	loop_close(l);
}

static void a_cancel_before_submission_leaves_a_reused_descriptor_alone(void)
{
	struct loop *l = loop_new();
	struct seen s = { .loop = l, .fd = -1 };
	struct loop_handle h = { .done = seen_done, .cookie = &s };
	int pair[2], other[2];
	char buf[8];

	REQUIRE(l && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	CHECK_INT(loop_receive(l, &h, pair[0], 64, 0), 0);
	loop_cancel(&h);
	close(pair[0]);
	close(pair[1]);
	REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, other) == 0);
	CHECK_INT(other[0], pair[0]);
	CHECK_INT(send(other[1], "mine", 4, 0), 4);
	loop_run_for(l, 20);
	CHECK_INT(s.calls, 0);
	CHECK_INT(recv(other[0], buf, sizeof(buf), 0), 4);
	close(other[0]);
	close(other[1]);
	loop_close(l);
}

static int listener_open(struct sockaddr_un *ret_address)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(*ret_address);

	*ret_address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	/* Autobind: an abstract name of the kernel's choice. */
	if (bind(fd, (struct sockaddr *)ret_address, sizeof(sa_family_t)) || listen(fd, 8) ||
	    getsockname(fd, (struct sockaddr *)ret_address, &len))
		return -1;
	return fd;
}

static void accept_done(int result, void *cookie)
{
	seen_done(result, cookie);
	if (result >= 0)
		close(result);
}

static void an_accept_goes_on(void)
{
	struct loop *l = loop_new();
	struct sockaddr_un address;
	int listener = listener_open(&address), peer[3], i;
	struct seen s = { .loop = l, .fd = -1, .stop_after = 3 };
	struct loop_handle h = { .done = accept_done, .cookie = &s };

	REQUIRE(l && listener >= 0);
	CHECK_INT(loop_accept(l, &h, listener), 0);
	for (i = 0; i < 3; i++) {
		peer[i] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
		CHECK_INT(connect(peer[i], (struct sockaddr *)&address, sizeof(sa_family_t) + 6),
			  0);
	}
	loop_run_for(l, 500);
	CHECK_INT(s.calls, 3);
	loop_cancel(&h);
	for (i = 0; i < 3; i++)
		close(peer[i]);
	close(listener);
	loop_close(l);
}

static int fds_send(int fd, const int *fds, size_t count)
{
	union {
		char bytes[CMSG_SPACE(8 * sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { "hello", 5 };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = CMSG_SPACE(count * sizeof(int)) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(c), fds, count * sizeof(int));
	return (int)sendmsg(fd, &m, 0);
}

static void received_descriptors_are_closed_unless_taken(void)
{
	struct loop *l = loop_new();
	struct seen s = { .loop = l, .fd = -1, .stop_after = 1, .keep = true, .kept = -1 };
	struct loop_handle h = { .done = seen_done, .cookie = &s };
	int pair[2], fds[3] = { 0, 1, 2 }, before;

	s.handle = &h;
	REQUIRE(l && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	before = fd_count();
	CHECK_INT(loop_receive(l, &h, pair[0], 64, 4), 0);
	CHECK_INT(fds_send(pair[1], fds, 3), 5);
	loop_run_for(l, 500);
	CHECK_INT(s.result, 5);
	CHECK_STR(s.text, "hello");
	CHECK(!s.truncated);
	CHECK_INT(fd_count(), before + 1);
	CHECK(s.kept >= 0 && fcntl(s.kept, F_GETFD) == FD_CLOEXEC);
	close(s.kept);
	close(pair[0]);
	close(pair[1]);
	loop_close(l);
}

static void too_many_descriptors_are_told_and_closed(void)
{
	struct loop *l = loop_new();
	struct seen s = { .loop = l, .fd = -1, .stop_after = 1 };
	struct loop_handle h = { .done = seen_done, .cookie = &s };
	int pair[2], fds[8] = { 0, 1, 2, 0, 1, 2, 0, 1 }, before;

	s.handle = &h;
	REQUIRE(l && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	before = fd_count();
	CHECK_INT(loop_receive(l, &h, pair[0], 64, 2), 0);
	CHECK_INT(fds_send(pair[1], fds, 8), 5);
	loop_run_for(l, 500);
	CHECK_INT(s.calls, 1);
	CHECK(s.truncated);
	CHECK_INT(fd_count(), before);
	close(pair[0]);
	close(pair[1]);
	loop_close(l);
}

static void descriptors_for_a_cancelled_receive_do_not_leak(void)
{
	struct loop *l = loop_new();
	struct seen s = { .loop = l, .fd = -1 };
	struct loop_handle h = { .done = seen_done, .cookie = &s };
	int pair[2], fds[2] = { 0, 1 }, before;

	REQUIRE(l && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	before = fd_count();
	/* The message is there already, so the receive completes as it is submitted. */
	CHECK_INT(fds_send(pair[1], fds, 2), 5);
	CHECK_INT(loop_receive(l, &h, pair[0], 64, 4), 0);
	loop_cancel(&h);
	loop_run_for(l, 20);
	CHECK_INT(s.calls, 0);
	CHECK_INT(fd_count(), before);
	close(pair[0]);
	close(pair[1]);
	loop_close(l);
}

static void a_send_passes_a_descriptor_and_closes_it(void)
{
	struct loop *l = loop_new();
	struct seen s = { .loop = l, .fd = -1, .stop_after = 1 };
	struct seen r = { .loop = l, .fd = -1, .stop_after = 1, .keep = true, .kept = -1 };
	struct loop_handle out = { .done = seen_done, .cookie = &s };
	struct loop_handle in = { .done = seen_done, .cookie = &r };
	int pair[2], before;

	r.handle = &in;
	REQUIRE(l && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	before = fd_count();
	CHECK_INT(loop_send(l, &out, pair[0],
			    &(struct loop_outgoing){ .data = "abc", .len = 3, .pass = dup(0) }),
		  0);
	loop_run_for(l, 500);
	CHECK_INT(s.result, 3);
	CHECK_INT(fd_count(), before);
	CHECK_INT(loop_receive(l, &in, pair[1], 64, 1), 0);
	loop_run_for(l, 500);
	CHECK_INT(r.result, 3);
	CHECK(r.kept >= 0);
	close(r.kept);
	close(pair[0]);
	close(pair[1]);
	loop_close(l);
}

static void a_peer_that_is_gone_gives_zero_or_epipe(void)
{
	struct loop *l = loop_new();
	struct seen s = { .loop = l, .fd = -1, .stop_after = 1 };
	struct loop_handle h = { .done = seen_done, .cookie = &s };
	int pair[2];

	REQUIRE(l && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	close(pair[1]);
	CHECK_INT(loop_receive(l, &h, pair[0], 64, 0), 0);
	loop_run_for(l, 500);
	CHECK_INT(s.result, 0);
	CHECK_INT(loop_send(l, &h, pair[0],
			    &(struct loop_outgoing){ .data = "abc", .len = 3, .pass = -1 }),
		  0);
	loop_run_for(l, 500);
	CHECK_INT(s.result, -EPIPE);
	close(pair[0]);
	loop_close(l);
}

static void signals_arrive(void)
{
	struct loop *l = loop_new();
	struct seen s = { .loop = l, .fd = -1, .stop_after = 1 };
	struct loop_handle h = { .done = seen_done, .cookie = &s };
	sigset_t set, old;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	REQUIRE(l && sigprocmask(SIG_BLOCK, &set, &old) == 0);
	CHECK_INT(loop_signals(l, &h, &set), 0);
	kill(getpid(), SIGUSR1);
	loop_run_for(l, 500);
	CHECK_INT(s.calls, 1);
	CHECK_INT(s.result, SIGUSR1);
	loop_cancel(&h);
	loop_close(l);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static void fsync_tells_its_error(void)
{
	struct loop *l = loop_new();
	struct seen s = { .loop = l, .fd = -1, .stop_after = 1 };
	struct loop_handle h = { .done = seen_done, .cookie = &s };
	FILE *file = tmpfile();
	int pipes[2];

	REQUIRE(l && file && pipe(pipes) == 0);
	CHECK_INT(loop_fsync(l, &h, fileno(file)), 0);
	loop_run_for(l, 2000);
	CHECK_INT(s.result, 0);
	s.calls = 0;
	CHECK_INT(loop_fsync(l, &h, pipes[0]), 0);
	loop_run_for(l, 2000);
	CHECK_INT(s.result, -EINVAL);
	fclose(file);
	close(pipes[0]);
	close(pipes[1]);
	loop_close(l);
}

static void closing_the_loop_ends_what_is_left(void)
{
	struct loop *l = loop_new();
	struct seen s = { .loop = l, .fd = -1 };
	struct loop_handle h[3] = { { .done = seen_done, .cookie = &s },
				    { .done = seen_done, .cookie = &s },
				    { .done = seen_done, .cookie = &s } };
	int pair[2];

	REQUIRE(l && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	CHECK_INT(loop_receive(l, &h[0], pair[0], 4096, 8), 0);
	CHECK_INT(loop_poll(l, &h[1], pair[1], POLLIN), 0);
	CHECK_INT(loop_timer(l, &h[2], 100000), 0);
	loop_run_for(l, 5);
	loop_close(l);
	CHECK_INT(s.calls, 0);
	CHECK(!h[0].op && !h[1].op && !h[2].op);
	close(pair[0]);
	close(pair[1]);
}

struct own {
	struct loop_handle handle;
	struct loop *loop;
	int *calls;
};

static void own_done(int result, void *cookie)
{
	struct own *o = cookie;

	++*o->calls;
	loop_cancel(&o->handle);
	loop_stop(o->loop);
	free(o);
}

static void a_callback_may_free_its_own_handle(void)
{
	struct loop *l = loop_new();
	struct own *o = calloc(1, sizeof(*o));
	int efd = eventfd(1, EFD_CLOEXEC), calls = 0;

	REQUIRE(l && o && efd >= 0);
	*o = (struct own){ { .done = own_done, .cookie = o }, l, &calls };
	CHECK_INT(loop_poll(l, &o->handle, efd, POLLIN), 0);
	loop_run_for(l, 500);
	loop_run_for(l, 10);
	CHECK_INT(calls, 1);
	o = calloc(1, sizeof(*o));
	REQUIRE(o);
	*o = (struct own){ { .done = own_done, .cookie = o }, l, &calls };
	CHECK_INT(loop_timer(l, &o->handle, 1), 0);
	loop_run_for(l, 500);
	CHECK_INT(calls, 2);
	close(efd);
	loop_close(l);
}

#define MANY 200

struct due {
	struct loop_handle handle;
	struct loop *loop;
	unsigned int ms, *last;
	int *fired;
};

static void due_done(int result, void *cookie)
{
	struct due *d = cookie;

	CHECK_INT(result, 0);
	CHECK(!d->handle.op);
	CHECK(d->ms >= *d->last);
	*d->last = d->ms;
	if (++*d->fired == MANY / 2)
		loop_stop(d->loop);
}

/* In an order of their own, every second one cancelled, in another order. */
static void timers_fire_in_the_order_of_their_times(void)
{
	struct loop *l = loop_new();
	struct due *all = calloc(MANY, sizeof(*all));
	unsigned int last = 0, i, at;
	int fired = 0;

	REQUIRE(l && all);
	for (i = 0; i < MANY; i++) {
		at = i * 77 % MANY;
		all[i] = (struct due){ { .done = due_done, .cookie = &all[i] },
				       l,
				       20 + at,
				       &last,
				       &fired };
		CHECK_INT(loop_timer(l, &all[i].handle, all[i].ms), 0);
	}
	for (i = 0; i < MANY; i++) {
		at = i * 123 % MANY;
		if (all[at].ms % 2)
			loop_cancel(&all[at].handle);
	}
	loop_run_for(l, 5000);
	CHECK_INT(fired, MANY / 2);
	CHECK_INT(last, 20 + MANY - 2);
	free(all);
	loop_close(l);
}

static void again_done(int result, void *cookie)
{
	struct due *d = cookie;

	++*d->fired;
	CHECK_INT(loop_timer(d->loop, &d->handle, 0), 0);
}

/* A timer that is always due keeps nothing else from being told of. */
static void a_timer_without_time_leaves_turns_to_others(void)
{
	struct loop *l = loop_new();
	int efd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK), fired = 0;
	struct seen s = { .loop = l, .fd = efd, .stop_after = 1 };
	struct loop_handle h = { .done = seen_done, .cookie = &s };
	struct due d = { .handle = { .done = again_done, .cookie = &d },
			 .loop = l,
			 .fired = &fired };

	REQUIRE(l && efd >= 0);
	CHECK_INT(loop_timer(l, &d.handle, 0), 0);
	CHECK_INT(loop_wait(l, &h, efd, POLLIN), 0);
	loop_run_for(l, 5000);
	CHECK_INT(s.calls, 1);
	CHECK(fired < 1000);
	loop_cancel(&d.handle);
	close(efd);
	loop_close(l);
}

static void a_wait_that_was_not_submitted_is_withdrawn(void)
{
	struct loop *l = loop_new();
	int efd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK), i;
	struct seen s = { .loop = l, .fd = efd };
	struct loop_handle h = { .done = seen_done, .cookie = &s };

	REQUIRE(l && efd >= 0);
	/* More than the queue holds: some were submitted meanwhile. */
	for (i = 0; i < 1000; i++) {
		CHECK_INT(loop_wait(l, &h, efd, POLLIN), 0);
		loop_cancel(&h);
		CHECK(!h.op);
		if (i % 300 == 0)
			loop_run_for(l, 1);
	}
	loop_run_for(l, 5);
	CHECK_INT(s.calls, 0);
	s.stop_after = 1;
	CHECK_INT(loop_wait(l, &h, efd, POLLIN), 0);
	loop_run_for(l, 5000);
	CHECK_INT(s.calls, 1);
	close(efd);
	loop_close(l);
}

/* What becomes of an operation that nobody but the kernel has a say in. */
static int asked(struct loop *l, const struct io_uring_sqe *what)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&l->ring);
	struct io_uring_cqe *cqe;
	int result;

	if (!sqe)
		return 1000;
	*sqe = *what;
	if (io_uring_submit_and_wait(&l->ring, 1) < 0 || io_uring_peek_cqe(&l->ring, &cqe))
		return 1001;
	result = cqe->res;
	io_uring_cqe_seen(&l->ring, cqe);
	return result;
}

/* Without arguments that mean anything: what is let fails of them, and of nothing else. */
static void the_ring_takes_what_is_on_the_list_alone(void)
{
	static const uint8_t let[] = {
		IORING_OP_NOP,		IORING_OP_POLL_ADD, IORING_OP_POLL_REMOVE,
		IORING_OP_CONNECT,	IORING_OP_ACCEPT,   IORING_OP_ASYNC_CANCEL,
		IORING_OP_SEND,		IORING_OP_SENDMSG,  IORING_OP_TIMEOUT_REMOVE,
		IORING_OP_RECV,		IORING_OP_RECVMSG,  IORING_OP_SHUTDOWN,
		IORING_OP_SOCKET,	IORING_OP_CLOSE,    IORING_OP_READ,
		IORING_OP_WRITE,	IORING_OP_FSYNC,    IORING_OP_TIMEOUT,
		IORING_OP_LINK_TIMEOUT,
	};
	struct loop *l = loop_new();
	struct io_uring_sqe sqe;
	int op, result, refused = 0;

	REQUIRE(l);
	for (op = 0; op < IORING_OP_LAST; op++) {
		memset(&sqe, 0, sizeof(sqe));
		sqe.opcode = (uint8_t)op;
		sqe.fd = -1;
		result = asked(l, &sqe);
		CHECK_MSG((result == -EACCES) == !memchr(let, op, sizeof(let)), "operation %d: %d",
			  op, result);
		refused += result == -EACCES;
	}
	CHECK_INT(refused, IORING_OP_LAST - (int)sizeof(let));
	loop_close(l);
}

static void the_ring_opens_no_file_and_is_given_none(void)
{
	struct loop *l = loop_new();
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), pipes[2];
	struct iovec memory = { &null, sizeof(null) };
	struct io_uring free_ring;
	struct io_uring_sqe sqe;
	struct io_uring_cqe *cqe;

	REQUIRE(l && null >= 0 && !pipe2(pipes, O_CLOEXEC));
	io_uring_prep_openat(&sqe, AT_FDCWD, "/dev/null", O_RDONLY, 0);
	CHECK_INT(asked(l, &sqe), -EACCES);
	io_uring_prep_splice(&sqe, null, -1, pipes[1], -1, 1, 0);
	CHECK_INT(asked(l, &sqe), -EACCES);
	/* With flags that it does not take. */
	io_uring_prep_nop(&sqe);
	CHECK_INT(asked(l, &sqe), 0);
	sqe.flags = IOSQE_FIXED_FILE;
	CHECK_INT(asked(l, &sqe), -EACCES);
	/* And nothing is registered. */
	CHECK_INT(io_uring_register_files(&l->ring, &null, 1), -EACCES);
	CHECK_INT(io_uring_register_buffers(&l->ring, &memory, 1), -EACCES);
	CHECK_INT(io_uring_register((unsigned int)l->ring.ring_fd, IORING_REGISTER_ENABLE_RINGS,
				    NULL, 0),
		  -EACCES);
	/* The control: another ring does. */
	REQUIRE(io_uring_queue_init(8, &free_ring, 0) == 0);
	io_uring_prep_openat(io_uring_get_sqe(&free_ring), AT_FDCWD, "/dev/null", O_RDONLY, 0);
	CHECK(io_uring_submit_and_wait(&free_ring, 1) == 1);
	REQUIRE(io_uring_peek_cqe(&free_ring, &cqe) == 0);
	CHECK(cqe->res >= 0);
	close(cqe->res);
	CHECK_INT(io_uring_register_files(&free_ring, &null, 1), 0);
	io_uring_queue_exit(&free_ring);
	close(null);
	close(pipes[0]);
	close(pipes[1]);
	loop_close(l);
}

/* How many of so many waits begin with looking, when each sleep takes so long. */
static int spins(struct spin *s, int waits, uint64_t slept, bool found)
{
	int looked = 0;

	for (; waits; waits--) {
		if (spin_is_due(s)) {
			looked++;
			spin_looked(s, found);
			if (found)
				continue;
		}
		spin_slept(s, slept);
	}
	return looked;
}

static void who_idles_sleeps_and_who_is_busy_looks(void)
{
	struct spin never = { 0 }, s = { .limit_ns = 100 };

	CHECK_INT(spins(&never, 1000, 1, true), 0);
	CHECK_INT(spins(&s, 1000, 100, true), 0);
	/* One short sleep, then it is found by looking. */
	CHECK_INT(spins(&s, 1000, 99, true), 999);
	/* The first one that idles after that is the last that looks. */
	CHECK_INT(spins(&s, 1000, 100, false), 1);
	CHECK_INT(spins(&s, 1000, 100, true), 0);
}

static void who_looks_for_nothing_does_so_ever_less(void)
{
	struct spin s = { .limit_ns = 100 };
	int looked = spins(&s, 100000, 99, false);

	/* 1, 2, 4 ... 1024 waits apart. */
	CHECK_MSG(looked >= 100 && looked <= 110, "%d", looked);
	/* What works again is done again. */
	CHECK_MSG(spins(&s, 2000, 99, true) >= 900, "skip %u", s.skip);
	CHECK_INT(s.step, 0);
}

/* Through a ring: what comes is found, whatever the loop does before it sleeps. */
static void a_loop_that_spins_loses_nothing(void)
{
	struct loop *l = loop_new();
	struct seen timer = { .loop = l, .stop_after = 1, .fd = -1 },
		    poll = { .loop = l, .stop_after = 1 };
	struct loop_handle a = { .done = seen_done, .cookie = &timer },
			   b = { .done = seen_done, .cookie = &poll };
	int efd = eventfd(0, EFD_NONBLOCK), i;

	REQUIRE(l && efd >= 0);
	loop_spin(l, 200);
	timer.handle = &a;
	poll.handle = &b;
	poll.fd = efd;
	REQUIRE(loop_poll(l, &b, efd, POLLIN) == 0);
	for (i = 1; i <= 200; i++) {
		REQUIRE(loop_timer(l, &a, i % 3 ? 0 : 1) == 0);
		CHECK_INT(loop_run(l), 0);
		CHECK_INT(timer.calls, i);
		eventfd_write(efd, 1);
		CHECK_INT(loop_run(l), 0);
		CHECK_INT(poll.calls, i);
		timer.stop_after = poll.stop_after = i + 1;
	}
	loop_close(l);
	close(efd);
}

static const struct tap_test tests[] = {
	{ "timers_fire_in_the_order_of_their_times", timers_fire_in_the_order_of_their_times },
	{ "a_timer_without_time_leaves_turns_to_others",
	  a_timer_without_time_leaves_turns_to_others },
	{ "a_wait_that_was_not_submitted_is_withdrawn",
	  a_wait_that_was_not_submitted_is_withdrawn },
	{ "a_timer_fires_once", a_timer_fires_once },
	{ "a_poll_tells_each_wakeup_until_cancelled", a_poll_tells_each_wakeup_until_cancelled },
	{ "a_cancelled_handle_may_be_freed_at_once", a_cancelled_handle_may_be_freed_at_once },
	{ "a_cancel_before_submission_leaves_a_reused_descriptor_alone",
	  a_cancel_before_submission_leaves_a_reused_descriptor_alone },
	{ "an_accept_goes_on", an_accept_goes_on },
	{ "received_descriptors_are_closed_unless_taken",
	  received_descriptors_are_closed_unless_taken },
	{ "too_many_descriptors_are_told_and_closed", too_many_descriptors_are_told_and_closed },
	{ "descriptors_for_a_cancelled_receive_do_not_leak",
	  descriptors_for_a_cancelled_receive_do_not_leak },
	{ "a_send_passes_a_descriptor_and_closes_it", a_send_passes_a_descriptor_and_closes_it },
	{ "a_peer_that_is_gone_gives_zero_or_epipe", a_peer_that_is_gone_gives_zero_or_epipe },
	{ "signals_arrive", signals_arrive },
	{ "fsync_tells_its_error", fsync_tells_its_error },
	TEST(the_ring_takes_what_is_on_the_list_alone),
	TEST(the_ring_opens_no_file_and_is_given_none),
	{ "closing_the_loop_ends_what_is_left", closing_the_loop_ends_what_is_left },
	{ "a_callback_may_free_its_own_handle", a_callback_may_free_its_own_handle },
	{ "who_idles_sleeps_and_who_is_busy_looks", who_idles_sleeps_and_who_is_busy_looks },
	{ "who_looks_for_nothing_does_so_ever_less", who_looks_for_nothing_does_so_ever_less },
	{ "a_loop_that_spins_loses_nothing", a_loop_that_spins_loses_nothing },
};

TAP_MAIN(tests)
