// SPDX-License-Identifier: GPL-2.0-or-later
/* Mailboxes: who sent it, in order, within bounds, with rights on both ends. */
#include <grp.h>
#include <liburing.h>
#include <pthread.h>
#include <time.h>

#include "stage.h"

#define SENDERS 8
#define EACH	300 /* messages of a sender */

struct mail {
	struct agentos_message head;
	char text[AGENTOS_MESSAGE_MAX];
};

static char *big;	    /* AGENTOS_MESSAGE_MAX + 1 bytes */
static struct mail *letter; /* shared */

static int mail_end(int agent, unsigned long cmd, uint32_t flags)
{
	struct agentos_mail mail = { .size = sizeof(mail), .flags = flags };

	return stage_call(agent, cmd, &mail) ?: mail.ret_fd;
}

static int sender(int agent)
{
	return mail_end(agent, AGENTOS_AGENT_MAIL_SEND, AGENTOS_MAIL_NONBLOCK);
}

static int receiver(int agent)
{
	return mail_end(agent, AGENTOS_AGENT_MAIL_RECEIVE, AGENTOS_MAIL_NONBLOCK);
}

static int put(int fd, const void *text, size_t len)
{
	ssize_t n = write(fd, text, len);

	return n < 0 ? -errno : n;
}

/* Bytes of text, or a negative errno; 0 when it was the end. */
static int take(int fd)
{
	ssize_t n = read(fd, letter, sizeof(*letter));

	if (n <= 0)
		return n ? -errno : 0;
	if ((size_t)n != letter->head.size)
		return -EBADMSG;
	return n - sizeof(letter->head);
}

static int rights_agent(const char *name, uint64_t rights)
{
	struct agentos_create create = stage_plan(name);

	create.rights = rights;
	return stage_call(stage_device, AGENTOS_IOC_CREATE, &create) ?: create.ret_fd;
}

static void messages_come_whole_and_in_order(void)
{
	int agent = stage_agent("m", NULL), to = sender(agent), from = receiver(agent);

	REQUIRE(to >= 0 && from >= 0);
	CHECK_INT(take(from), -EAGAIN);
	CHECK_INT(put(to, "one", 3), 3);
	CHECK_INT(put(to, "and two", 7), 7);
	CHECK_INT(stage_info(agent).ret_messages, 2);
	CHECK_INT(take(from), 3);
	CHECK(!memcmp(letter->text, "one", 3));
	CHECK_INT(letter->head.seq, 1);
	CHECK_INT(take(from), 7);
	CHECK(!memcmp(letter->text, "and two", 7));
	CHECK_INT(letter->head.seq, 2);
	CHECK_INT(take(from), -EAGAIN);
	CHECK_INT(stage_info(agent).ret_messages, 0);
	close(to);
	close(from);
	close(agent);
	CHECK(stage_settle());
}

struct send {
	int fd;
	const char *text;
	size_t len;
};

static int send_text(void *arg)
{
	struct send *send = arg;
	int result = put(send->fd, send->text, send->len);

	return result < 0 ? -result : 0;
}

static int send_as_demo(void *arg)
{
	if (setgroups(0, NULL) || setgid(STAGE_DEMO_UID) || setuid(STAGE_DEMO_UID))
		return 98;
	return send_text(arg);
}

static void the_kernel_says_who_sent_it(void)
{
	int agent = stage_agent("m", NULL), other, to = sender(agent), from = receiver(agent);
	struct send send = { to, "hello", 5 };
	struct timespec now;
	uint64_t id = 0;
	pid_t pid;

	other = stage_agent("n", &id);
	REQUIRE(other >= 0 && to >= 0 && from >= 0);
	pid = stage_spawn(other, send_text, &send);
	CHECK_INT(stage_status(pid), 0);
	/* Its sender is gone, and so is its agent. */
	REQUIRE(stage_ended(other));
	close(other);
	CHECK_INT(take(from), 5);
	CHECK_INT(letter->head.agent, id);
	CHECK_INT(letter->head.tgid, pid);
	CHECK_INT(letter->head.uid, 0);
	CHECK_INT(letter->head.pad, 0);
	REQUIRE(!clock_gettime(CLOCK_BOOTTIME, &now));
	CHECK(letter->head.time_ns <= now.tv_sec * 1000000000ULL + now.tv_nsec);
	CHECK(letter->head.time_ns + 60 * 1000000000ULL > now.tv_sec * 1000000000ULL);
	pid = stage_fork(send_as_demo, &send);
	CHECK_INT(stage_status(pid), 0);
	CHECK_INT(take(from), 5);
	CHECK_INT(letter->head.agent, 0);
	CHECK_INT(letter->head.tgid, pid);
	CHECK_INT(letter->head.uid, STAGE_DEMO_UID);
	close(to);
	close(from);
	close(agent);
	CHECK(stage_settle());
}

static void what_does_not_fit_is_refused(void)
{
	int agent = stage_agent("m", NULL), to = sender(agent), from = receiver(agent);
	char small[sizeof(struct agentos_message) + 4];
	void *volatile nowhere = (void *)16;

	REQUIRE(to >= 0 && from >= 0);
	CHECK_INT(put(to, big, 0), -EINVAL);
	CHECK_INT(put(to, big, AGENTOS_MESSAGE_MAX + 1), -EMSGSIZE);
	CHECK_INT(put(to, big, AGENTOS_MESSAGE_MAX), AGENTOS_MESSAGE_MAX);
	CHECK_INT(take(from), AGENTOS_MESSAGE_MAX);
	CHECK(!memcmp(letter->text, big, AGENTOS_MESSAGE_MAX));
	/* A message that is longer than the buffer stays. */
	CHECK_INT(put(to, "12345", 5), 5);
	CHECK_INT(read(from, small, sizeof(small)), -1);
	CHECK_INT(errno, EMSGSIZE);
	CHECK_INT(read(from, small, 3), -1);
	CHECK_INT(errno, EMSGSIZE);
	CHECK_INT(take(from), 5);
	/* Nothing is lost where memory cannot be read or written. */
	CHECK_INT(put(to, nowhere, 5), -EFAULT);
	CHECK_INT(put(to, "12345", 5), 5);
	CHECK_INT(put(to, "67", 2), 2);
	CHECK_INT(read(from, nowhere, 100), -1);
	CHECK_INT(errno, EFAULT);
	CHECK_INT(take(from), 5);
	CHECK_INT(letter->head.seq, 3);
	CHECK_INT(take(from), 2);
	/* Each end does one thing. */
	CHECK_INT(put(from, "x", 1), -EBADF);
	CHECK_INT(take(to), -EBADF);
	CHECK_INT(lseek(from, 0, SEEK_SET), -1);
	CHECK_INT(errno, ESPIPE);
	close(to);
	close(from);
	close(agent);
	CHECK(stage_settle());
}

static short ready(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN | POLLOUT };

	return poll(&pollfd, 1, 0) == 1 ? pollfd.revents : 0;
}

static void the_box_is_bounded(void)
{
	int agent = stage_agent("m", NULL), to = sender(agent), from = receiver(agent), i;

	REQUIRE(to >= 0 && from >= 0);
	CHECK_INT(ready(to), POLLOUT);
	CHECK_INT(ready(from), 0);
	for (i = 0; i < AGENTOS_MAIL_KEPT; i++)
		CHECK_INT(put(to, "x", 1), 1);
	CHECK_INT(put(to, "x", 1), -EAGAIN);
	CHECK_INT(ready(to), 0);
	CHECK_INT(ready(from), POLLIN);
	CHECK_INT(take(from), 1);
	CHECK_INT(ready(to), POLLOUT);
	CHECK_INT(put(to, "x", 1), 1);
	CHECK_INT(put(to, "x", 1), -EAGAIN);
	for (i = 0; i < AGENTOS_MAIL_KEPT; i++)
		CHECK_INT(take(from), 1);
	CHECK_INT(take(from), -EAGAIN);
	for (i = 0; i < AGENTOS_MAIL_ROOM / AGENTOS_MESSAGE_MAX; i++)
		CHECK_INT(put(to, big, AGENTOS_MESSAGE_MAX), AGENTOS_MESSAGE_MAX);
	CHECK_INT(put(to, "x", 1), -EAGAIN);
	CHECK_INT(take(from), AGENTOS_MESSAGE_MAX);
	CHECK_INT(put(to, "x", 1), 1);
	CHECK_INT(put(to, big, AGENTOS_MESSAGE_MAX), -EAGAIN);
	/* Ready is a box that takes any message. */
	CHECK_INT(ready(to), 0);
	close(to);
	close(from);
	/* What is in it goes with the agent. */
	close(agent);
	CHECK(stage_settle());
}

static int send_and_wait(void *arg)
{
	struct send *send = arg;
	int to = mail_end(send->fd, AGENTOS_AGENT_MAIL_SEND, 0), i;

	for (i = 0; i < 2 * AGENTOS_MAIL_KEPT; i++)
		if (put(to, &i, sizeof(i)) != sizeof(i))
			return 1;
	return 0;
}

static void who_waits_for_room_or_for_mail_gets_it(void)
{
	int agent = stage_agent("m", NULL), from, i, n, lost = 0;
	struct send send = { .fd = agent };
	pid_t pid;

	from = mail_end(agent, AGENTOS_AGENT_MAIL_RECEIVE, 0);
	REQUIRE(agent >= 0 && from >= 0);
	pid = stage_fork(send_and_wait, &send);
	for (i = 0; i < 2 * AGENTOS_MAIL_KEPT; i++) {
		if (take(from) != sizeof(n))
			lost++;
		memcpy(&n, letter->text, sizeof(n));
		if (n != i || letter->head.seq != (uint64_t)i + 1)
			lost++;
	}
	CHECK_INT(lost, 0);
	CHECK_INT(stage_status(pid), 0);
	close(from);
	close(agent);
	CHECK(stage_settle());
}

static int send_many(void *arg)
{
	struct send *send = arg;
	int to = mail_end(send->fd, AGENTOS_AGENT_MAIL_SEND, 0), i;

	for (i = 0; i < EACH; i++)
		if (put(to, &i, sizeof(i)) != sizeof(i))
			return 1;
	return 0;
}

/* Of each sender all, in its order; no number of the box twice. */
static void many_senders_lose_nothing(void)
{
	int agent = stage_agent("m", NULL), from, next[SENDERS] = { 0 }, i, k, n, wrong = 0;
	struct send send = { .fd = agent };
	pid_t pids[SENDERS];

	from = mail_end(agent, AGENTOS_AGENT_MAIL_RECEIVE, 0);
	REQUIRE(agent >= 0 && from >= 0);
	for (k = 0; k < SENDERS; k++)
		pids[k] = stage_fork(send_many, &send);
	for (i = 0; i < SENDERS * EACH; i++) {
		if (take(from) != sizeof(n) || letter->head.seq != (uint64_t)i + 1)
			wrong++;
		for (k = 0; k < SENDERS && pids[k] != letter->head.tgid; k++)
			;
		memcpy(&n, letter->text, sizeof(n));
		if (k == SENDERS || next[k]++ != n)
			wrong++;
	}
	CHECK_INT(wrong, 0);
	for (k = 0; k < SENDERS; k++)
		CHECK_INT(stage_status(pids[k]), 0);
	close(from);
	close(agent);
	CHECK(stage_settle());
}

static void the_agents_end_is_the_boxes_end(void)
{
	int agent = stage_agent("m", NULL), to = sender(agent), from = receiver(agent);
	pid_t pid;

	REQUIRE(to >= 0 && from >= 0);
	pid = stage_spawn(agent, stage_sleep, NULL);
	CHECK_INT(put(to, "last", 4), 4);
	CHECK_INT(stage_kill(agent), 1);
	CHECK_INT(put(to, "x", 1), -EPIPE);
	CHECK_INT(ready(to), POLLERR | POLLHUP);
	CHECK_INT(ready(from), POLLIN | POLLHUP);
	CHECK_INT(take(from), 4);
	CHECK_INT(take(from), 0);
	CHECK_INT(take(from), 0);
	stage_status(pid);
	REQUIRE(stage_ended(agent));
	CHECK_INT(put(to, "x", 1), -EPIPE);
	CHECK_INT(take(from), 0);
	close(to);
	close(from);
	close(agent);
	CHECK(stage_settle());
}

/* One waits for room, one for mail; both are told of the end. */
static int wait_for_room(void *arg)
{
	struct send *send = arg;

	return -put(send->fd, "x", 1);
}

static int wait_for_mail(void *arg)
{
	struct send *send = arg;

	return -take(send->fd);
}

static void who_waits_is_told_of_the_end(void)
{
	int full = stage_agent("m", NULL), empty = stage_agent("n", NULL), i;
	struct send room, mail;
	pid_t waits_room, waits_mail;

	room.fd = mail_end(full, AGENTOS_AGENT_MAIL_SEND, 0);
	mail.fd = mail_end(empty, AGENTOS_AGENT_MAIL_RECEIVE, 0);
	REQUIRE(room.fd >= 0 && mail.fd >= 0);
	for (i = 0; i < AGENTOS_MAIL_KEPT; i++)
		CHECK_INT(put(room.fd, "x", 1), 1);
	waits_room = stage_fork(wait_for_room, &room);
	waits_mail = stage_fork(wait_for_mail, &mail);
	usleep(200000);
	CHECK_INT(waitpid(waits_room, NULL, WNOHANG), 0);
	CHECK_INT(waitpid(waits_mail, NULL, WNOHANG), 0);
	stage_kill(full);
	stage_kill(empty);
	CHECK_INT(stage_status(waits_room), EPIPE);
	CHECK_INT(stage_status(waits_mail), 0);
	close(room.fd);
	close(mail.fd);
	close(full);
	close(empty);
	CHECK(stage_settle());
}

struct ends {
	int agent, other;
	int to, from;
};

/* From within an agent: what opening and using each end comes to, in one byte each. */
static int try_ends(void *arg)
{
	struct ends *ends = arg;
	int result;

	result = mail_end(ends->other, AGENTOS_AGENT_MAIL_SEND, 0);
	if (result != -EPERM)
		return 1;
	result = mail_end(ends->agent, AGENTOS_AGENT_MAIL_RECEIVE, 0);
	if (result != -EPERM)
		return 2;
	if (put(ends->to, "x", 1) != -EPERM)
		return 3;
	return take(ends->from) == -EPERM ? 0 : 4;
}

static int use_ends(void *arg)
{
	struct ends *ends = arg;
	int to = mail_end(ends->other, AGENTOS_AGENT_MAIL_SEND, AGENTOS_MAIL_NONBLOCK);
	int from = mail_end(ends->agent, AGENTOS_AGENT_MAIL_RECEIVE, AGENTOS_MAIL_NONBLOCK);

	if (to < 0 || from < 0)
		return 1;
	if (put(to, "x", 1) != 1 || take(from) != 4)
		return 2;
	/* Another's box is not its to read. */
	return mail_end(ends->other, AGENTOS_AGENT_MAIL_RECEIVE, 0) == -EPERM ? 0 : 3;
}

static void both_ends_ask_for_rights(void)
{
	uint64_t rest = AGENTOS_RIGHTS_ALL & ~AGENTOS_RIGHT(MESSAGE_SEND) &
			~AGENTOS_RIGHT(MESSAGE_RECEIVE);
	int without = rights_agent("m", rest), with = stage_agent("n", NULL);
	struct ends ends = { .other = with, .agent = without };

	ends.to = sender(with);
	ends.from = receiver(without);
	REQUIRE(without >= 0 && with >= 0 && ends.to >= 0 && ends.from >= 0);
	CHECK_INT(stage_status(stage_spawn(without, try_ends, &ends)), 0);
	/* The control: one that may. */
	CHECK_INT(put(ends.to, "mail", 4), 4);
	ends.agent = with;
	ends.other = stage_agent("o", NULL);
	CHECK_INT(stage_status(stage_spawn(with, use_ends, &ends)), 0);
	close(ends.other);
	close(ends.to);
	close(ends.from);
	close(without);
	close(with);
	CHECK(stage_settle());
}

static void who_may_not_receive_gets_nothing(void)
{
	int agent = stage_agent("m", NULL), to = sender(agent), from = receiver(agent);

	REQUIRE(to >= 0 && from >= 0);
	CHECK_INT(put(to, "x", 1), 1);
	CHECK_INT(stage_restrict(agent, AGENTOS_RIGHTS_ALL & ~AGENTOS_RIGHT(MESSAGE_RECEIVE)), 0);
	CHECK_INT(put(to, "x", 1), -EACCES);
	/* What was delivered before is there. */
	CHECK_INT(take(from), 1);
	close(to);
	close(from);
	close(agent);
	CHECK(stage_settle());
}

static void access_bits_open_ends(void)
{
	static const struct {
		unsigned long cmd;
		uint32_t bit;
	} ends[] = {
		{ AGENTOS_AGENT_MAIL_SEND, AGENTOS_ACCESS_SEND },
		{ AGENTOS_AGENT_MAIL_RECEIVE, AGENTOS_ACCESS_RECEIVE },
	};
	struct agentos_dup dup = { .size = sizeof(dup) };
	int agent = stage_agent("m", NULL), fd;
	size_t i;

	REQUIRE(agent >= 0);
	for (i = 0; i < 2; i++) {
		dup.access = AGENTOS_ACCESS_ALL & ~ends[i].bit;
		REQUIRE(!stage_call(agent, AGENTOS_AGENT_DUP, &dup));
		CHECK_INT(mail_end(dup.ret_fd, ends[i].cmd, 0), -EACCES);
		close(dup.ret_fd);
		dup.access = ends[i].bit;
		REQUIRE(!stage_call(agent, AGENTOS_AGENT_DUP, &dup));
		fd = mail_end(dup.ret_fd, ends[i].cmd, 0);
		CHECK(fd >= 0);
		close(fd);
		close(dup.ret_fd);
	}
	close(agent);
	CHECK(stage_settle());
}

/* Both ends in one ring: the read is queued first, and waits without a thread. */
static void io_uring_sends_and_receives(void)
{
	int agent = stage_agent("m", NULL), to = sender(agent), from = receiver(agent), seen = 0;
	struct io_uring ring;
	struct io_uring_cqe *cqe;
	struct io_uring_sqe *sqe;

	REQUIRE(to >= 0 && from >= 0);
	/* Without O_NONBLOCK a request that cannot go on is polled for. */
	fcntl(from, F_SETFL, 0);
	fcntl(to, F_SETFL, 0);
	REQUIRE(!io_uring_queue_init(8, &ring, 0));
	memset(letter, 0, sizeof(*letter));
	sqe = io_uring_get_sqe(&ring);
	io_uring_prep_read(sqe, from, letter, sizeof(*letter), 0);
	io_uring_sqe_set_data64(sqe, 1);
	CHECK_INT(io_uring_submit(&ring), 1);
	CHECK_INT(io_uring_peek_cqe(&ring, &cqe), -EAGAIN);
	sqe = io_uring_get_sqe(&ring);
	io_uring_prep_write(sqe, to, "by ring", 7, 0);
	io_uring_sqe_set_data64(sqe, 2);
	CHECK_INT(io_uring_submit(&ring), 1);
	while (seen != 3) {
		struct __kernel_timespec wait = { .tv_sec = 20 };

		if (io_uring_wait_cqe_timeout(&ring, &cqe, &wait))
			break;
		CHECK_INT(cqe->res,
			  cqe->user_data == 2 ? 7 : 7 + (int)sizeof(struct agentos_message));
		seen |= cqe->user_data;
		io_uring_cqe_seen(&ring, cqe);
	}
	CHECK_INT(seen, 3);
	CHECK(!memcmp(letter->text, "by ring", 7));
	io_uring_queue_exit(&ring);
	close(to);
	close(from);
	close(agent);
	CHECK(stage_settle());
}

static const struct tap_test tests[] = {
	TEST(messages_come_whole_and_in_order),
	TEST(the_kernel_says_who_sent_it),
	TEST(what_does_not_fit_is_refused),
	TEST(the_box_is_bounded),
	TEST(who_waits_for_room_or_for_mail_gets_it),
	TEST(many_senders_lose_nothing),
	TEST(the_agents_end_is_the_boxes_end),
	TEST(who_waits_is_told_of_the_end),
	TEST(both_ends_ask_for_rights),
	TEST(who_may_not_receive_gets_nothing),
	TEST(access_bits_open_ends),
	TEST(io_uring_sends_and_receives),
};

int main(int argc, char **argv)
{
	size_t i;

	big = malloc(AGENTOS_MESSAGE_MAX + 1);
	letter = stage_share(sizeof(*letter));
	if (!big || !letter)
		return 1;
	for (i = 0; i <= AGENTOS_MESSAGE_MAX; i++)
		big[i] = i * 7 + i / 251;
	signal(SIGPIPE, SIG_IGN);
	return stage_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv, 110);
}
