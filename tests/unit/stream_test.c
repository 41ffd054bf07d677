// SPDX-License-Identifier: GPL-2.0-or-later
/* Byte streams on the loop: connected, read and written, and whose the buffer is after a cancel. */
#include "tests/tap.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop/loop.h"

struct seen {
	struct loop *loop;
	int calls;
	int result;
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

	s->calls++;
	s->result = result;
	loop_stop(s->loop);
}

static void stop_done(int result, void *cookie)
{
	loop_stop(cookie);
}

/* Until an operation has ended, for ms at most. */
static void run(struct loop *l, unsigned int ms)
{
	struct loop_handle h = { .done = stop_done, .cookie = l };

	loop_timer(l, &h, ms);
	loop_run(l);
	loop_cancel(&h);
}

static int fd_count(void)
{
	int count = 0, fd;

	for (fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* A listener on loopback, and its address. */
static int listener_open(struct sockaddr_in *ret_address)
{
	socklen_t len = sizeof(*ret_address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*ret_address = (struct sockaddr_in){ .sin_family = AF_INET,
					     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (fd >= 0 && bind(fd, (struct sockaddr *)ret_address, sizeof(*ret_address)) == 0 &&
	    listen(fd, 8) == 0 && getsockname(fd, (struct sockaddr *)ret_address, &len) == 0)
		return fd;
	return -1;
}

static void a_connect_tells_what_came_of_it(void)
{
	struct loop *l = loop_new();
	struct seen s = { .loop = l };
	struct loop_handle h = { .done = seen_done, .cookie = &s };
	struct sockaddr_in address, copy;
	int listener = listener_open(&address), fd;

	REQUIRE(l && listener >= 0);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	copy = address;
	CHECK_INT(loop_connect(l, &h, fd, (struct sockaddr *)&copy, sizeof(copy)), 0);
	CHECK_INT(loop_connect(l, &h, fd, (struct sockaddr *)&copy, sizeof(copy)), -EBUSY);
	memset(&copy, 0, sizeof(copy));
	run(l, 2000);
	CHECK_INT(s.calls, 1);
	CHECK_INT(s.result, 0);
	CHECK(!h.op);
	close(fd);
	close(listener);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK_INT(loop_connect(l, &h, fd, (struct sockaddr *)&address, sizeof(address)), 0);
	run(l, 2000);
	CHECK_INT(s.calls, 2);
	CHECK_INT(s.result, -ECONNREFUSED);
	close(fd);
	loop_close(l);
}

static void bytes_go_from_and_to_where_they_are_told(void)
{
	struct loop *l = loop_new();
	struct seen s = { .loop = l };
	struct loop_handle h = { .done = seen_done, .cookie = &s };
	struct loop_buffer *b = loop_buffer_create(16);
	char text[16] = "";
	int pair[2];

	REQUIRE(l && b && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	memcpy(b->data, "0123456789abcdef", 16);
	CHECK_INT(loop_write(l, &h, pair[0], &(struct loop_bytes){ b, 4, 6 }), 0);
	run(l, 2000);
	CHECK_INT(s.result, 6);
	CHECK_INT(recv(pair[1], text, sizeof(text), 0), 6);
	CHECK_STR(text, "456789");
	CHECK_INT(loop_read(l, &h, pair[0], &(struct loop_bytes){ b, 14, 2 }), 0);
	run(l, 50);
	CHECK_INT(s.calls, 1);
	CHECK_INT(send(pair[1], "xyz", 3, 0), 3);
	run(l, 2000);
	CHECK_INT(s.result, 2);
	CHECK(memcmp(b->data, "0123456789abcdxy", 16) == 0);
	close(pair[1]);
	CHECK_INT(loop_read(l, &h, pair[0], &(struct loop_bytes){ b, 0, 16 }), 0);
	run(l, 2000);
	CHECK_INT(s.result, 1);
	CHECK_INT(loop_read(l, &h, pair[0], &(struct loop_bytes){ b, 0, 16 }), 0);
	run(l, 2000);
	CHECK_INT(s.result, 0);
	/* And no signal. */
	signal(SIGPIPE, SIG_DFL);
	CHECK_INT(loop_write(l, &h, pair[0], &(struct loop_bytes){ b, 0, 16 }), 0);
	run(l, 2000);
	CHECK_INT(s.result, -EPIPE);
	close(pair[0]);
	loop_buffer_put(b);
	loop_close(l);
}

static void what_is_not_in_the_buffer_is_refused(void)
{
	static const struct loop_bytes rows[] = {
		{ NULL, 0, 0 },	 { NULL, 0, 17 },	{ NULL, 16, 1 },      { NULL, 17, 1 },
		{ NULL, 1, 16 }, { NULL, SIZE_MAX, 2 }, { NULL, 2, SIZE_MAX }
	};
	struct loop *l = loop_new();
	struct loop_handle h = { .done = seen_done };
	struct loop_buffer *b = loop_buffer_create(16);
	struct loop_bytes bytes;
	size_t i;

	REQUIRE(l && b);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bytes = rows[i];
		bytes.buffer = b;
		CHECK_INT(loop_read(l, &h, 0, &bytes), -EINVAL);
		CHECK_INT(loop_write(l, &h, 0, &bytes), -EINVAL);
		CHECK(!h.op);
	}
	loop_buffer_put(b);
	loop_close(l);
}

/* The sanitizer sees a write to freed memory, and a buffer that nobody freed. */
static void a_buffer_lives_as_long_as_it_is_read_into(void)
{
	struct loop *l = loop_new();
	struct seen s = { .loop = l };
	struct loop_handle *h = calloc(1, sizeof(*h));
	struct loop_buffer *b = loop_buffer_create(4096);
	int pair[2], before = fd_count();

	REQUIRE(l && h && b && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	*h = (struct loop_handle){ .done = seen_done, .cookie = &s };
	CHECK_INT(loop_read(l, h, pair[0], &(struct loop_bytes){ b, 0, 4096 }), 0);
	run(l, 20);
	/* The bytes are there before the cancel is seen. */
	CHECK_INT(send(pair[1], "late", 4, 0), 4);
	loop_cancel(h);
	free(h);
	loop_buffer_put(b);
	close(pair[0]);
	run(l, 50);
	CHECK_INT(s.calls, 0);
	close(pair[1]);
	CHECK_INT(fd_count(), before);
	/* The same, and the loop itself ends with the read under way. */
	h = calloc(1, sizeof(*h));
	b = loop_buffer_create(4096);
	REQUIRE(h && b && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	*h = (struct loop_handle){ .done = seen_done, .cookie = &s };
	CHECK_INT(loop_read(l, h, pair[0], &(struct loop_bytes){ b, 0, 4096 }), 0);
	run(l, 20);
	loop_close(l);
	free(h);
	loop_buffer_put(b);
	close(pair[0]);
	close(pair[1]);
	CHECK_INT(s.calls, 0);
}

static void a_connect_that_is_cancelled_is_not_told(void)
{
	/* Reserved for examples (RFC 5737): nobody answers, or there is no way to it. */
	const struct sockaddr_in nobody = { .sin_family = AF_INET,
					    .sin_port = htons(9),
					    .sin_addr.s_addr = htonl(0xc0000201) };
	struct loop *l = loop_new();
	struct seen s = { .loop = l };
	struct loop_handle h = { .done = seen_done, .cookie = &s };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	REQUIRE(l && fd >= 0);
	CHECK_INT(loop_connect(l, &h, fd, (const struct sockaddr *)&nobody, sizeof(nobody)), 0);
	loop_cancel(&h);
	close(fd);
	run(l, 50);
	CHECK_INT(s.calls, 0);
	CHECK(!h.op);
	loop_close(l);
}

static const struct tap_test tests[] = {
	TEST(a_connect_tells_what_came_of_it),
	TEST(bytes_go_from_and_to_where_they_are_told),
	TEST(what_is_not_in_the_buffer_is_refused),
	TEST(a_buffer_lives_as_long_as_it_is_read_into),
	TEST(a_connect_that_is_cancelled_is_not_told),
};

TAP_MAIN(tests)
