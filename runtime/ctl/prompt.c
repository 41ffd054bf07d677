// SPDX-License-Identifier: GPL-2.0-or-later
/* Secrets read from a terminal that does not show them, or from a descriptor. */
#include "ctl/prompt.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "ctl/hold.h"

/* What Linux takes of a line in canonical mode, its end not counted; the rest it drops silently. */
#define TERMINAL_LINE 4095

/* Those that a terminal, a shell or an operator ends or stops a program with. */
static const int caught[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGALRM };
#define CAUGHT_COUNT (sizeof(caught) / sizeof(caught[0]))

static volatile sig_atomic_t arrived[NSIG];

static void arrive(int number)
{
	arrived[number] = 1;
}

/* Taking them over, and what was there before. */
struct signals {
	sigset_t mask;
	struct sigaction actions[CAUGHT_COUNT];
};

/* From here on they come while ppoll() waits, and at no other moment. */
static void signals_take(struct signals *s)
{
	struct sigaction action = { .sa_handler = arrive };
	sigset_t blocked;
	size_t i;

	sigemptyset(&blocked);
	/* Else writing to a terminal that another program has would stop us with its echo off. */
	sigaddset(&blocked, SIGTTOU);
	for (i = 0; i < CAUGHT_COUNT; i++)
		sigaddset(&blocked, caught[i]);
	sigprocmask(SIG_BLOCK, &blocked, &s->mask);
	sigemptyset(&action.sa_mask);
	for (i = 0; i < CAUGHT_COUNT; i++) {
		arrived[caught[i]] = 0;
		sigaction(caught[i], NULL, &s->actions[i]);
		if (s->actions[i].sa_handler != SIG_IGN)
			sigaction(caught[i], &action, NULL);
	}
}

/* Gives them back; those that came take effect now. Whether one came, and what kind. */
static int signals_return(const struct signals *s)
{
	bool stopped = false, ended = false;
	size_t i;

	for (i = 0; i < CAUGHT_COUNT; i++)
		sigaction(caught[i], &s->actions[i], NULL);
	for (i = 0; i < CAUGHT_COUNT; i++) {
		if (!arrived[caught[i]])
			continue;
		*(caught[i] == SIGTSTP ? &stopped : &ended) = true;
		kill(getpid(), caught[i]);
	}
	sigprocmask(SIG_SETMASK, &s->mask, NULL);
	if (ended)
		return -EINTR;
	return stopped ? -EAGAIN : 0;
}

/* Waits as ppoll() does with the signals let through, and reads what is there. */
static ssize_t read_waiting(int fd, const struct signals *s, char *buf, size_t size)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	ssize_t got;

	if (ppoll(&wait, 1, NULL, &s->mask) < 0)
		return -errno;
	got = read(fd, buf, size);
	return got < 0 ? -errno : got;
}

/* A line, its end not counted. */
static int line_read(int fd, const struct signals *s, char *buf, size_t size, size_t *ret_len)
{
	size_t len = 0;
	ssize_t got;

	while (len < size && (len == 0 || buf[len - 1] != '\n')) {
		got = read_waiting(fd, s, buf + len, size - len);
		if (got < 0)
			return (int)got;
		if (got == 0)
			break;
		len += (size_t)got;
	}
	if (len && buf[len - 1] == '\n')
		len--;
	*ret_len = len;
	return len < TERMINAL_LINE ? 0 : -E2BIG;
}

/* A terminal that was opened to be read only is not the one to ask on. */
static void show(int terminal, const char *text)
{
	if (write(terminal, text, strlen(text)) < 0)
		(void)!write(STDERR_FILENO, text, strlen(text));
}

static int asked_once(int terminal, const char *question, char *buf, size_t size, size_t *ret_len)
{
	struct signals signals;
	struct termios before, silent;
	int rc, came;

	if (tcgetattr(terminal, &before) != 0)
		return -errno;
	silent = before;
	silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	silent.c_lflag |= ICANON | ISIG;
	signals_take(&signals);
	rc = tcsetattr(terminal, TCSAFLUSH, &silent) == 0 ? 0 : -errno;
	if (rc == 0) {
		show(terminal, question);
		rc = line_read(terminal, &signals, buf, size, ret_len);
		/* What was typed ahead of the next program is not for it to see. */
		tcsetattr(terminal, TCSAFLUSH, &before);
		show(terminal, "\n");
	}
	came = signals_return(&signals);
	return came ? came : rc;
}

static int read_fault(int rc, size_t most, struct fault *f)
{
	switch (rc) {
	case -ENODATA:
		return fault_set(f, ENODATA, "nothing was given");
	case -E2BIG:
		return fault_set(f, E2BIG, "it is longer than %zu bytes", most);
	case -EINTR:
		return fault_set(f, EINTR, "interrupted");
	default:
		return fault_set(f, -rc, "it cannot be read: %s", strerror(-rc));
	}
}

/* Hands the buffer over as a secret, or wipes it. */
static int finish(int rc, void *buf, size_t len, size_t most, struct locked *ret_secret,
		  struct fault *f)
{
	if (rc == 0 && len == 0)
		rc = -ENODATA;
	if (rc == 0 && len > most)
		rc = -E2BIG;
	if (rc) {
		locked_wipe(buf);
		return read_fault(rc, most, f);
	}
	*ret_secret = (struct locked){ .bytes = buf, .len = len };
	return 0;
}

int prompt_terminal(int terminal, const char *question, size_t most, struct locked *ret_secret,
		    struct fault *f)
{
	void *buf = NULL;
	size_t len = 0;
	int rc = hold_anyway(locked_room(TERMINAL_LINE + 1, &buf));

	if (rc == 0) {
		do {
			rc = asked_once(terminal, question, buf, TERMINAL_LINE + 1, &len);
		} while (rc == -EAGAIN);
	}
	if (rc == -E2BIG && most >= TERMINAL_LINE)
		most = TERMINAL_LINE - 1;
	return finish(rc, buf, len, most, ret_secret, f);
}

int prompt_line(int fd, size_t most, struct locked *ret_secret, struct fault *f)
{
	void *room = NULL;
	char *buf;
	size_t len = 0;
	ssize_t got = 0;
	int rc = hold_anyway(locked_room(most + 1, &room));

	buf = room;
	while (rc == 0 && len <= most) {
		got = read(fd, buf + len, 1);
		if (got < 0)
			rc = -errno;
		if (got < 1 || buf[len] == '\n')
			break;
		len++;
	}
	return finish(rc, buf, len, most, ret_secret, f);
}

int prompt_all(int fd, size_t most, struct locked *ret_secret, struct fault *f)
{
	/* With the end of the line, and one more to see that there is more. */
	const size_t size = most + 3;
	void *room = NULL;
	char *buf;
	size_t len = 0;
	ssize_t got = 1;
	int rc = hold_anyway(locked_room(size, &room));

	buf = room;
	while (rc == 0 && got > 0 && len < size) {
		got = read(fd, buf + len, size - len);
		if (got < 0)
			rc = -errno;
		else
			len += (size_t)got;
	}
	if (len && len < size && buf[len - 1] == '\n') {
		len--;
		if (len && buf[len - 1] == '\r')
			len--;
	}
	return finish(rc, buf, len, most, ret_secret, f);
}
