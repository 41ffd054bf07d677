// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading YAML in a child that is nobody. */
#include "super/compile.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/limits.h"
#include "policy/pack.h"

#define NOBODY 65534

/* What goes over the socket, each with `len` bytes behind it. */
enum frame_kind {
	FRAME_FIND = 1, /* from the child; number: enum policy_link; two texts, each with its NUL */
	FRAME_FOUND,	/* number: of entries, or FRAME_BYTES; the file's text, then they, or it */
	FRAME_FAILED,	/* number: the errno; a fault's text with its NUL */
	FRAME_DONE,	/* from the child: a packed policy */
};

#define FRAME_BYTES UINT32_MAX

struct frame {
	uint32_t kind;
	uint32_t number;
	uint32_t len;
	uint32_t pad;
};

/* Seconds of the monotonic clock at which the parent waits no longer; 0: the child, who waits for it. */
static time_t deadline;

static time_t seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* The child has no descriptors to poll with, and need not. */
static int wait_ready(int socket, short events)
{
	struct pollfd poller = { .fd = socket, .events = events };
	time_t left = deadline - seconds_now();

	if (!deadline)
		return 0;
	if (left <= 0)
		return -ETIMEDOUT;
	return poll(&poller, 1, (int)left * 1000) < 0 && errno != EINTR ? -errno : 0;
}

static int send_all(int socket, const void *bytes, size_t len)
{
	const char *at = bytes;
	ssize_t put;
	int err;

	while (len) {
		err = wait_ready(socket, POLLOUT);
		if (err)
			return err;
		put = send(socket, at, len, MSG_NOSIGNAL | (deadline ? MSG_DONTWAIT : 0));
		if (put < 0 && errno == EAGAIN)
			continue;
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		at += put;
		len -= (size_t)put;
	}
	return 0;
}

static int receive_all(int socket, void *bytes, size_t len)
{
	char *at = bytes;
	ssize_t got;
	int err;

	while (len) {
		err = wait_ready(socket, POLLIN);
		if (err)
			return err;
		got = recv(socket, at, len, deadline ? MSG_DONTWAIT : 0);
		if (got < 0 && errno == EAGAIN)
			continue;
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EPROTO;
		at += got;
		len -= (size_t)got;
	}
	return 0;
}

static int frame_send(int socket, enum frame_kind kind, uint32_t number, const void *bytes,
		      size_t len)
{
	const struct frame frame = { .kind = kind, .number = number, .len = (uint32_t)len };
	int err = len > LIMIT_COMPILE ? -EMSGSIZE : send_all(socket, &frame, sizeof(frame));

	return err ?: send_all(socket, bytes, len);
}

/* What comes has a NUL behind its end; *ret_bytes is the caller's to free(). */
static int frame_receive(int socket, struct frame *ret_frame, char **ret_bytes)
{
	struct frame frame;
	char *bytes;
	int err;

	err = receive_all(socket, &frame, sizeof(frame));
	if (err)
		return err;
	if (frame.len > LIMIT_COMPILE)
		return -EPROTO;
	bytes = malloc((size_t)frame.len + 1);
	if (!bytes)
		return -ENOMEM;
	err = receive_all(socket, bytes, frame.len);
	if (err) {
		free(bytes);
		return err;
	}
	bytes[frame.len] = '\0';
	*ret_frame = frame;
	*ret_bytes = bytes;
	return 0;
}

static int failure_send(int socket, int err, const struct fault *f)
{
	return frame_send(socket, FRAME_FAILED, (uint32_t)-err, f->text, strlen(f->text) + 1);
}

/* A text of a frame at *at, which goes on behind it; NULL: there is none that ends. */
static char *text_take(char **at, const char *end)
{
	char *text = *at, *nul = text < end ? memchr(text, '\0', (size_t)(end - text)) : NULL;

	if (!nul)
		return NULL;
	*at = nul + 1;
	return text;
}

/* The child's part. */

static int found_take(const struct frame *frame, char *bytes, struct policy_found *ret_found)
{
	struct policy_found found = { 0 };
	char *at = bytes, *end = bytes + frame->len, *text = text_take(&at, end);
	uint32_t i;

	found.file = text ? strdup(text) : NULL;
	if (frame->number == FRAME_BYTES) {
		found.len = (size_t)(end - at);
		found.bytes = malloc(found.len + 1);
		if (found.bytes)
			memcpy(found.bytes, at, found.len + 1);
	} else {
		found.entries = calloc((size_t)frame->number + 1, sizeof(*found.entries));
		for (i = 0; found.entries && i < frame->number; i++) {
			text = text_take(&at, end);
			found.entries[i] = text ? strdup(text) : NULL;
		}
	}
	/* From the parent, whom it believes: what is missing, there was no memory for. */
	if (!found.file || (!found.bytes && !found.entries))
		_exit(1);
	*ret_found = found;
	return 0;
}

/* policy_loader's find(): asks the parent. */
static int child_find(void *cookie, enum policy_link link, const char *name, const char *from,
		      struct policy_found *ret_found, struct fault *f)
{
	const size_t name_len = strlen(name) + 1, from_len = strlen(from) + 1;
	const int socket = *(const int *)cookie;
	char *texts = malloc(name_len + from_len), *bytes;
	struct frame frame;
	int err = 0;

	if (!texts)
		_exit(1);
	memcpy(texts, name, name_len);
	memcpy(texts + name_len, from, from_len);
	if (frame_send(socket, FRAME_FIND, link, texts, name_len + from_len) ||
	    frame_receive(socket, &frame, &bytes))
		_exit(1);
	free(texts);
	if (frame.kind == FRAME_FOUND)
		err = found_take(&frame, bytes, ret_found);
	else
		err = fault_set(f, (int)frame.number, "%s", bytes);
	free(bytes);
	return err;
}

static int limit_set(int what, rlim_t most)
{
	const struct rlimit limit = { most, most };

	return setrlimit(what, &limit) ? -errno : 0;
}

/* Leaves it with `socket` as descriptor 3 and nothing else. */
static int child_let_go(int socket)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || setsid() < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 ||
	    dup2(null, 2) < 0 || dup2(socket, 3) < 0)
		return -errno;
	return close_range(4, ~0U, 0) ? -errno : 0;
}

static int child_become_nobody(void)
{
	if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY))
		return -errno;
	/* After the ids, whose change takes the first back. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_DUMPABLE, 0))
		return -errno;
	return limit_set(RLIMIT_NOFILE, 0)	  ?:
		       limit_set(RLIMIT_NPROC, 0) ?:
		       limit_set(RLIMIT_CORE, 0)  ?:
		       limit_set(RLIMIT_FSIZE, 0) ?:
						    limit_set(RLIMIT_CPU, LIMIT_COMPILE_S);
}

struct job {
	const char *bytes;
	size_t len;
	const char *file;
	const struct policy_vars *vars;
	const struct policy_loader *loader;
};

/* Never returns. */
static void child_run(int socket, const struct job *job)
{
	const int parent = 3;
	struct policy_loader loader = { .find = child_find,
					.cookie = (void *)&parent,
					.first = job->loader ? job->loader->first : NULL };
	struct fault f = { "" };
	struct policy *policy;
	uint8_t *packed;
	size_t len;
	int err;

	/* What was opened before and is 3 already goes; the parent sees the end of it. */
	if (child_let_go(socket))
		_exit(1);
	err = child_become_nobody();
	if (err) {
		fault_set(&f, -err, "cannot read a policy without privileges: %s", strerror(-err));
		failure_send(parent, err, &f);
		_exit(1);
	}
	err = policy_parse(job->bytes, job->len, job->file, job->vars, job->loader ? &loader : NULL,
			   &policy, &f);
	if (err)
		_exit(failure_send(parent, err, &f) ? 1 : 0);
	if (policy_pack(policy, &packed, &len) || frame_send(parent, FRAME_DONE, 0, packed, len))
		_exit(1);
	_exit(0);
}

/* The parent's part. */

static int nonsense(struct fault *f)
{
	return fault_set(f, EPROTO, "the process that reads policies sent what makes no sense");
}

/* Text of the child's, for a terminal: as a fault's is to be, or it is not shown. */
static int failure_take(const struct frame *frame, const char *bytes, struct fault *f)
{
	char plain[FAULT_SIZE], shown[ESCAPE_TEXT_MAX(FAULT_SIZE) + 1];
	const size_t len = strlen(bytes);
	size_t count = 0;
	const char *at;

	if (frame->number < 1 || frame->number > 4095 || !len || len >= FAULT_SIZE)
		return nonsense(f);
	/* It is escaped already: what escaping would change, backslashes left aside, is none. */
	for (at = bytes; *at && count < sizeof(plain) - 1; at++) {
		if (*at != '\\')
			plain[count++] = *at;
	}
	plain[count] = '\0';
	escape_text(shown, sizeof(shown), plain, strlen(plain));
	if (strcmp(shown, plain) != 0)
		return nonsense(f);
	return fault_set(f, (int)frame->number, "%s", bytes);
}

static int found_send(int socket, const struct policy_found *found)
{
	size_t len = strlen(found->file) + 1, at = 0, count = 0, i;
	uint32_t number = FRAME_BYTES;
	char *bytes;
	int err;

	if (found->bytes)
		len += found->len;
	for (; !found->bytes && found->entries[count]; count++)
		len += strlen(found->entries[count]) + 1;
	bytes = malloc(len);
	if (!bytes)
		return -ENOMEM;
	at = (size_t)(stpcpy(bytes, found->file) - bytes) + 1;
	if (found->bytes)
		memcpy(bytes + at, found->bytes, found->len);
	else
		number = (uint32_t)count;
	for (i = 0; i < count; i++)
		at = (size_t)(stpcpy(bytes + at, found->entries[i]) - bytes) + 1;
	err = frame_send(socket, FRAME_FOUND, number, bytes, len);
	free(bytes);
	return err;
}

static void found_free(struct policy_found *found)
{
	size_t i;

	for (i = 0; found->entries && found->entries[i]; i++)
		free(found->entries[i]);
	free(found->entries);
	free(found->bytes);
	free(found->file);
}

/* What the child asks for is found here, with the caller's rights. */
static int find_serve(int socket, const struct policy_loader *loader, const struct frame *frame,
		      char *bytes, struct fault *f)
{
	char *at = bytes, *end = bytes + frame->len;
	char *name = text_take(&at, end), *from = text_take(&at, end);
	struct policy_found found = { 0 };
	struct fault why = { "" };
	int err;

	if (!loader || !name || !from || at != end || frame->number > POLICY_ENTRY)
		return nonsense(f);
	err = loader->find(loader->cookie, (enum policy_link)frame->number, name, from, &found,
			   &why);
	if (err) {
		err = failure_send(socket, err, &why);
	} else {
		err = found_send(socket, &found);
		found_free(&found);
	}
	return err ? fault_set(f, EPROTO, "the process that reads policies died") : 0;
}

/* Answers the child until it is done. */
static int child_serve(int socket, const struct policy_loader *loader, struct policy **ret_policy,
		       struct fault *f)
{
	unsigned int asked = 0;
	struct frame frame;
	char *bytes;
	int err;

	for (;;) {
		err = frame_receive(socket, &frame, &bytes);
		if (err)
			return fault_set(f, EPROTO, "the process that reads policies died");
		if (frame.kind == FRAME_FIND && asked++ < LIMIT_COMPILE_FILES) {
			err = find_serve(socket, loader, &frame, bytes, f);
			free(bytes);
			if (err)
				return err;
			continue;
		}
		if (frame.kind == FRAME_DONE)
			err = policy_unpack((uint8_t *)bytes, frame.len, ret_policy) ?
				      nonsense(f) :
				      0;
		else
			err = frame.kind == FRAME_FAILED ? failure_take(&frame, bytes, f) :
							   nonsense(f);
		free(bytes);
		return err;
	}
}

int compile_policy(const char *bytes, size_t len, const char *file, const struct policy_vars *vars,
		   const struct policy_loader *loader, struct policy **ret_policy, struct fault *f)
{
	const struct job job = { bytes, len, file, vars, loader };
	int pair[2], status, err;
	pid_t child;

	if (geteuid() != 0)
		return policy_parse(bytes, len, file, vars, loader, ret_policy, f);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return fault_set(f, errno, "cannot read a policy without privileges: %s",
				 strerror(errno));
	deadline = 0;
	child = fork();
	if (child == 0)
		child_run(pair[1], &job);
	close(pair[1]);
	deadline = seconds_now() + LIMIT_COMPILE_S;
	if (child < 0)
		err = fault_set(f, errno, "cannot read a policy without privileges: %s",
				strerror(errno));
	else
		err = child_serve(pair[0], loader, ret_policy, f);
	close(pair[0]);
	if (child < 0)
		return err;
	/* Done or not: it has nothing more to say. */
	kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return err;
}
