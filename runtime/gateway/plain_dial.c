// SPDX-License-Identifier: GPL-2.0-or-later
/* From a provider's name to a connection without TLS: each address in turn, until one answers. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "gateway/plain.h"
#include "gateway/state.h"

static void dial_done(int result, void *cookie);

static int dial_socket(struct plain_exchange *x)
{
	const struct egress_address *a = &x->addresses[x->address_at];
	struct sockaddr_storage address;
	socklen_t len = resolver_address(a, x->place.port, &address);
	int err = plain_link_open(x->plain, a->family, &x->fd);

	if (err)
		return err;
	x->connect = (struct loop_handle){ .done = dial_done, .cookie = x };
	err = loop_connect(x->plain->loop, &x->connect, x->fd, (struct sockaddr *)&address, len);
	if (!err)
		return 0;
	plain_link_close(x->plain, x->fd);
	x->fd = -1;
	return err;
}

/* What is left of the time is shared: an address that says nothing leaves some to the others. */
static int dial_share(struct plain_exchange *x)
{
	const uint64_t now = now_ms(), left = x->connect_by_ms > now ? x->connect_by_ms - now : 0;
	uint64_t share = left / (x->address_count - x->address_at);

	if (share < LIMIT_CALL_ADDRESS_MS)
		share = LIMIT_CALL_ADDRESS_MS;
	x->address_by_ms = now + (share < left ? share : left);
	return plain_timer_arm(x, now);
}

/* 0: one is tried. Else why the last one was not. */
static int dial_try(struct plain_exchange *x)
{
	int err = -EHOSTUNREACH;

	for (; x->address_at < x->address_count; x->address_at++) {
		err = dial_socket(x);
		if (!err)
			return dial_share(x);
	}
	return err;
}

/* Of our own making, rather than the provider's? */
static enum exchange_end dial_end(int err)
{
	switch (err) {
	case -ENOMEM:
	case -ENOBUFS:
	case -EMFILE:
	case -ENFILE:
	case -EBUSY:
		return EXCHANGE_FAILED;
	default:
		return EXCHANGE_UNREACHABLE;
	}
}

static void dial_done(int result, void *cookie)
{
	struct plain_exchange *x = cookie;
	int err;

	if (result == 0) {
		plain_connected(x);
		return;
	}
	plain_link_close(x->plain, x->fd);
	x->fd = -1;
	x->address_at++;
	err = dial_try(x);
	if (err)
		plain_unconnected(x, dial_end(err));
}

static void dial_resolved(const struct resolver_answer *answer, void *cookie)
{
	struct plain_exchange *x = cookie;
	int err;

	x->lookup = NULL;
	x->address_count = answer->count;
	memcpy(x->addresses, answer->addresses, sizeof(x->addresses));
	err = dial_try(x);
	if (err)
		plain_unconnected(x, dial_end(err));
}

/* The host is an address? */
static bool dial_literal(struct plain_exchange *x)
{
	struct egress_address *a = &x->addresses[0];

	memset(a, 0, sizeof(*a));
	if (inet_pton(AF_INET, x->place.host, a->addr) == 1)
		a->family = AF_INET;
	else if (inet_pton(AF_INET6, x->place.host, a->addr) == 1)
		a->family = AF_INET6;
	else
		return false;
	x->address_count = 1;
	return true;
}

int plain_dial_start(struct plain_exchange *x)
{
	const struct resolver_question question = { .name = x->place.host,
						    .agent = RESOLVER_PROVIDERS,
						    .done = dial_resolved,
						    .cookie = x };

	x->address_at = x->address_count = 0;
	x->address_by_ms = x->connect_by_ms;
	if (dial_literal(x))
		return dial_try(x);
	return resolver_ask(x->plain->resolver, &question, &x->lookup);
}

void plain_dial_cancel(struct plain_exchange *x)
{
	if (x->lookup)
		resolver_abandon(x->lookup);
	x->lookup = NULL;
	loop_cancel(&x->connect);
}

void plain_dial_late(struct plain_exchange *x)
{
	if (x->lookup) {
		plain_unconnected(x, EXCHANGE_UNNAMED);
	} else if (now_ms() >= x->connect_by_ms) {
		plain_unconnected(x, EXCHANGE_UNREACHABLE);
	} else {
		loop_cancel(&x->connect);
		dial_done(-ETIMEDOUT, x);
	}
}
