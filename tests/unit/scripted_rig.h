/* SPDX-License-Identifier: GPL-2.0-or-later */
/* agentos-scripted run by a test, and asked over loopback. */
#ifndef AGENTOS_TESTS_UNIT_SCRIPTED_RIG_H
#define AGENTOS_TESTS_UNIT_SCRIPTED_RIG_H

#include <arpa/inet.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "http/answer.h"
#include "http/chunked.h"
#include "tests/tap.h"

#define WAIT_S 60 /* until a test gives up on an answer */

struct scripted {
	pid_t pid;
	in_port_t port;
};

/* build/bin/agentos-scripted, beside this program's directory. */
static inline bool scripted_path(char path[PATH_MAX])
{
	ssize_t len = readlink("/proc/self/exe", path, PATH_MAX - 32);
	char *slash;

	if (len <= 0)
		return false;
	path[len] = '\0';
	slash = strstr(path, "/tests/unit/");
	if (!slash)
		return false;
	strcpy(slash, "/bin/agentos-scripted");
	return true;
}

/* Starts it on a free port with these rules, NULL: none. */
static inline bool scripted_start(const char *rules, struct scripted *ret)
{
	static const char ready[] = "agentos-scripted: listens on 127.0.0.1:";
	char path[PATH_MAX], file[] = "/tmp/scripted-XXXXXX", line[256] = "";
	int out[2], fd = mkstemp(file);
	FILE *said;

	if (fd < 0 || !scripted_path(path) || pipe(out) < 0)
		return false;
	if (rules && write(fd, rules, strlen(rules)) != (ssize_t)strlen(rules))
		return false;
	close(fd);
	/* As root it becomes nobody. */
	ret->pid = fork();
	if (!ret->pid) {
		dup2(out[1], STDOUT_FILENO);
		close(out[0]);
		close(out[1]);
		execl(path, path, "--listen", "127.0.0.1:0", rules ? "--rules" : NULL, file, NULL);
		_exit(127);
	}
	close(out[1]);
	said = fdopen(out[0], "r");
	if (!said)
		return false;
	if (fgets(line, sizeof(line), said) && !strncmp(line, ready, strlen(ready)))
		ret->port = (in_port_t)strtoul(line + strlen(ready), NULL, 10);
	fclose(said);
	unlink(file);
	return ret->port != 0;
}

/* Ends it; its status. */
static inline int scripted_stop(const struct scripted *s)
{
	int status;

	kill(s->pid, SIGTERM);
	if (waitpid(s->pid, &status, 0) != s->pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static inline int scripted_connect(const struct scripted *s)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
					.sin_port = htons(s->port),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct timeval wait = { .tv_sec = WAIT_S };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static inline bool scripted_send(int fd, const char *bytes, size_t len)
{
	return send(fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len;
}

/* An answer, as it came. */
struct reply {
	struct text bytes; /* the body's data are moved to where it begins */
	size_t at, len;	   /* the body */
	size_t end;	   /* where the next answer begins */
	unsigned int status;
	char type[64], retry[16];
	bool whole; /* the body has its end */
	bool keep_alive;
};

static inline bool reply_more(int fd, struct text *t)
{
	char some[4096];
	ssize_t got = recv(fd, some, sizeof(some), 0);

	if (got <= 0)
		return false;
	text_put(t, some, (size_t)got);
	return !t->failed;
}

static inline void reply_field(const struct http_answer *a, const char *name, char *out,
			       size_t size)
{
	const struct http_field *f = http_field_find(a->fields, a->field_count, name);

	snprintf(out, size, "%.*s", f ? (int)f->value.len : 0, f ? f->value.at : "");
}

static inline void reply_body(int fd, const struct http_answer *a, struct reply *r)
{
	struct http_chunked chunks;
	size_t used, data, from = r->at;

	http_chunked_begin(&chunks, HTTP_CHUNKED_PLAIN);
	for (;;) {
		if (a->framing == HTTP_FRAMING_CHUNKED) {
			if (http_chunked_squeeze(&chunks, r->bytes.bytes + from,
						 r->bytes.len - from, &used, &data))
				return;
			memmove(r->bytes.bytes + r->at + r->len, r->bytes.bytes + from, data);
			r->len += data;
			from += used;
			r->whole = http_chunked_done(&chunks);
		} else {
			r->len = r->bytes.len - r->at;
			r->whole = a->framing == HTTP_FRAMING_NONE;
			if (a->framing == HTTP_FRAMING_LENGTH && r->len >= a->length) {
				r->len = a->length;
				r->whole = true;
			}
			from = r->at + r->len;
		}
		r->end = from;
		if (r->whole)
			return;
		if (!reply_more(fd, &r->bytes)) {
			r->whole = a->framing == HTTP_FRAMING_CLOSE;
			return;
		}
	}
}

/* The next answer on the connection; *rest came behind the one before it, and is used up. */
static inline bool reply_read(int fd, struct text *rest, struct reply *r)
{
	struct http_answer_scan scan = { 0 };
	struct http_answer a;
	const char *why;
	int err;

	memset(r, 0, sizeof(*r));
	if (rest) {
		text_put(&r->bytes, rest->bytes, rest->len);
		text_release(rest);
	}
	while ((err = r->bytes.len ? http_answer_read(r->bytes.bytes, r->bytes.len, false, &scan,
						      &r->at, &a, &why) :
				     -EAGAIN) == -EAGAIN)
		if (!reply_more(fd, &r->bytes))
			return false;
	if (err)
		return false;
	r->status = a.status;
	r->keep_alive = a.keep_alive;
	reply_field(&a, "content-type", r->type, sizeof(r->type));
	reply_field(&a, "retry-after", r->retry, sizeof(r->retry));
	reply_body(fd, &a, r);
	if (rest && r->end < r->bytes.len)
		text_put(rest, r->bytes.bytes + r->end, r->bytes.len - r->end);
	return true;
}

static inline bool reply_has(const struct reply *r, const char *part)
{
	return r->len && memmem(r->bytes.bytes + r->at, r->len, part, strlen(part));
}

static inline void request_put(struct text *t, const char *path, const char *body)
{
	text_printf(t, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n%s", path,
		    strlen(body), body);
}

/* One request on a connection of its own. */
static inline bool scripted_ask(const struct scripted *s, const char *path, const char *body,
				struct reply *ret)
{
	int fd = scripted_connect(s);
	struct text t = { 0 };
	bool good;

	request_put(&t, path, body);
	good = fd >= 0 && scripted_send(fd, t.bytes, t.len) && reply_read(fd, NULL, ret);
	text_release(&t);
	if (fd >= 0)
		close(fd);
	return good;
}

/* Bytes as they are, and what comes back until the connection ends. */
static inline void scripted_raw(const struct scripted *s, const char *bytes, struct text *ret)
{
	int fd = scripted_connect(s);

	memset(ret, 0, sizeof(*ret));
	if (fd < 0)
		return;
	if (scripted_send(fd, bytes, strlen(bytes)))
		shutdown(fd, SHUT_WR);
	while (reply_more(fd, ret))
		;
	text_put(ret, "", 1);
	close(fd);
}

#endif
