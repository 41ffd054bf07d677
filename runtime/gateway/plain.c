// SPDX-License-Identifier: GPL-2.0-or-later
/* Connections without TLS to providers: counted, kept for the next request, closed. */
#include "gateway/plain.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/state.h"

void plain_link_close(struct plain *p, int fd)
{
	if (fd < 0)
		return;
	/* What a cancelled write still had is not sent: its buffer may be used anew at once. */
	shutdown(fd, SHUT_RDWR);
	close(fd);
	p->count--;
}

static int kept_remove(struct plain *p, size_t at)
{
	const int fd = p->kept[at].fd;

	p->kept_count--;
	memmove(&p->kept[at], &p->kept[at + 1], (p->kept_count - at) * sizeof(p->kept[0]));
	return fd;
}

int plain_link_open(struct plain *p, int family, int *ret_fd)
{
	const int on = 1, receive = LIMIT_CALL_RECEIVE;
	int fd;

	/* What is kept in case it is needed gives way to what is. */
	if (p->count >= LIMIT_CALL_CONNECTIONS && p->kept_count)
		plain_link_close(p, kept_remove(p, 0));
	if (p->count >= LIMIT_CALL_CONNECTIONS)
		return -EBUSY;
	fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
	if (fd < 0)
		return -errno;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	/* Else the kernel makes it some megabytes, for a stream that nobody reads. */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive, sizeof(receive));
	p->count++;
	*ret_fd = fd;
	return 0;
}

/* Between two answers a provider has nothing to say but its end. */
static bool link_is_quiet(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

int plain_link_take(struct plain *p, const struct plain_place *place)
{
	const struct plain_kept *kept;
	size_t at;
	int fd;

	for (at = p->kept_count; at--;) {
		kept = &p->kept[at];
		if (kept->place.port != place->port || strcmp(kept->place.host, place->host))
			continue;
		fd = kept_remove(p, at);
		if (link_is_quiet(fd))
			return fd;
		plain_link_close(p, fd);
	}
	return -1;
}

static void sweep_arm(struct plain *p)
{
	/* Without it they are closed when they are asked for, or too many. */
	if (p->kept_count && !p->sweep.op)
		(void)loop_timer(p->loop, &p->sweep, LIMIT_CALL_KEPT_S * 1000);
}

static void sweep_done(int result, void *cookie)
{
	struct plain *p = cookie;
	const uint64_t now = now_ms();

	while (p->kept_count && now - p->kept[0].since_ms >= LIMIT_CALL_KEPT_S * 1000ULL)
		plain_link_close(p, kept_remove(p, 0));
	sweep_arm(p);
}

void plain_link_keep(struct plain *p, const struct plain_place *place, int fd)
{
	if (p->kept_count == LIMIT_CALL_KEPT)
		plain_link_close(p, kept_remove(p, 0));
	p->kept[p->kept_count++] =
		(struct plain_kept){ .place = *place, .fd = fd, .since_ms = now_ms() };
	sweep_arm(p);
}

int plain_open(struct loop *l, struct resolver *resolver, struct plain **ret_plain)
{
	struct plain *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->loop = l;
	p->resolver = resolver;
	p->sweep = (struct loop_handle){ .done = sweep_done, .cookie = p };
	*ret_plain = p;
	return 0;
}

void plain_close(struct plain *p)
{
	if (!p)
		return;
	while (p->kept_count)
		plain_link_close(p, kept_remove(p, p->kept_count - 1));
	loop_cancel(&p->sweep);
	free(p);
}
