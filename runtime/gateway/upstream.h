/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests to providers of models: http by a client of our own, https by libcurl, both on the loop. */
#ifndef AGENTOS_GATEWAY_UPSTREAM_H
#define AGENTOS_GATEWAY_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "loop/loop.h"

/* Connections to providers, kept open for the next request. */
struct upstream;

/* One request. */
struct exchange;

#define EXCHANGE_PARTS 32

struct exchange_request {
	const char *url;
	bool post; /* else GET */
	/*
	 * "Name: value" lines, `header_count` of them, copied. Those that frame the body
	 * are not among them.
	 */
	const char *const *headers;
	size_t header_count;
	/* Sent one after the other as one body; what they point at stays as it is until the end. */
	const struct iovec *parts;
	size_t part_count;	 /* at most EXCHANGE_PARTS */
	bool streamed;		 /* the answer comes in pieces, and may have to wait: by HTTP/1.1 */
	unsigned int connect_ms; /* for a connection, TLS with it */
	unsigned int answer_ms;	 /* from then to the first of the answer's body */
	unsigned int silence_ms; /* between two pieces of it */
	unsigned int total_ms;	 /* of all that, however busy it is; not 0 */
};

/* What of the answer's head is looked at; texts are empty when it has none. */
struct exchange_head {
	int status;
	char type[128];	      /* Content-Type, without its parameters, in small letters */
	char retry_after[64]; /* as it came */
	char retry_after_ms[32];
	char should_retry[8]; /* x-should-retry, likewise */
	char request_id[128]; /* the provider's own name of the request */
};

enum exchange_end {
	EXCHANGE_WHOLE = 0,
	EXCHANGE_UNREACHABLE, /* no connection: not one byte was sent */
	EXCHANGE_UNNAMED,     /* likewise, as our own resolver did not answer in time */
	EXCHANGE_TLS,	      /* it is not whom it should be, or does not speak TLS */
	EXCHANGE_BROKEN,      /* it ended too early, or is no HTTP */
	EXCHANGE_SILENT,      /* nothing came for too long */
	EXCHANGE_LATE,	      /* it is not over after all its time */
	EXCHANGE_FAILED,      /* for want of memory, or whatever else is our own */
};

enum exchange_take { EXCHANGE_GO_ON, EXCHANGE_WAIT };

/* They come from loop_run(), never from a start, and none after a cancel. */
struct exchange_events {
	/* A connection is there, and the request goes out on it; again if it was lost at once. Or NULL. */
	void (*sent)(void *cookie);
	/* As soon as it is there, or, with TLS, with the first of the body. */
	void (*head)(const struct exchange_head *head, void *cookie);
	/* Of the body. WAIT: these bytes have not been taken, and come again after exchange_resume(). */
	enum exchange_take (*data)(const void *bytes, size_t len, void *cookie);
	/* The last one. The exchange is gone when it returns. */
	void (*end)(enum exchange_end how, void *cookie);
	void *cookie;
};

struct resolver;

/*
 * resolver: for names in http; it is closed later. NULL: libcurl takes http, too.
 * -ENOMEM
 */
int upstream_open(struct loop *l, struct resolver *resolver, struct upstream **ret_upstream);
/* A file with certificates of those who may vouch for providers, kept; else libcurl's own, the system's. */
void upstream_trust(struct upstream *u, const char *file);
/* No exchange is left. NULL is allowed. */
void upstream_close(struct upstream *u);

/*
 * No redirects are followed, no proxy is used, nothing is asked for but what is in the request.
 * -ENOMEM, -EINVAL (no such URL: http and https alone; or a header line that would be two),
 * -EBUSY: there are LIMIT_CALL_CONNECTIONS, or too many names are asked for; or why there is no
 * socket.
 */
int exchange_start(struct upstream *u, const struct exchange_request *request,
		   const struct exchange_events *events, struct exchange **ret_exchange);
/* After WAIT. Events come from here on as before, never from within this. */
void exchange_resume(struct exchange *x);
/* Ends it at once; also from within its events. NULL is allowed. */
void exchange_cancel(struct exchange *x);

#endif
