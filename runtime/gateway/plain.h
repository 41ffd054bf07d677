/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of upstream.h: requests without TLS, by an HTTP/1.1 client of our own on the loop's ring. */
#ifndef AGENTOS_GATEWAY_PLAIN_H
#define AGENTOS_GATEWAY_PLAIN_H

#include "base/limits.h"
#include "gateway/resolver.h"
#include "gateway/transport.h"
#include "http/answer.h"
#include "http/chunked.h"
#include "policy/egress.h"

struct plain;

/* As upstream.h has them, for "http://" alone. */
int plain_open(struct loop *l, struct resolver *resolver, struct plain **ret_plain);
void plain_close(struct plain *p);
int plain_start(struct plain *p, const struct exchange_request *request,
		const struct exchange_events *events, struct exchange **ret_exchange);

/* --- plain.c: connections, and those that are kept --- */

struct plain_place {
	char host[COMPILED_HOST]; /* of "[::1]" what is inside */
	uint16_t port;
};

struct plain_kept {
	struct plain_place place;
	int fd;
	uint64_t since_ms;
};

/*
 * Those that are kept are in memory that was there from the start: a small piece of it that
 * outlives a burst would hold all below it that the burst took.
 */
struct plain {
	struct loop *loop;
	struct resolver *resolver;
	struct plain_kept kept[LIMIT_CALL_KEPT]; /* the oldest first */
	size_t kept_count, count;		 /* of all that there are */
	struct loop_handle sweep;		 /* closes those that were kept for long */
};

/*
 * A socket for one more, of that family; the one that was kept longest goes if there are too many.
 * *ret_fd; -EBUSY: there are, and none is kept; or socket(2)'s.
 */
int plain_link_open(struct plain *p, int family, int *ret_fd);
/* One that was kept, on which nothing came since; or -1. */
int plain_link_take(struct plain *p, const struct plain_place *place);
/* Kept for the next request: all of an answer was read, and nothing is under way. */
void plain_link_keep(struct plain *p, const struct plain_place *place, int fd);
/* What is under way ends. Nothing for -1. */
void plain_link_close(struct plain *p, int fd);

/* --- plain_request.c: what is sent --- */

/* "http://HOST[:PORT][/TARGET]". *ret_target points into it. -EINVAL */
int plain_url_parse(const char *url, struct plain_place *ret_place, const char **ret_target);

struct plain_request {
	struct loop_buffer *bytes; /* the head, and behind it the body or a piece of it */
	size_t head;		   /* bytes of it */
	size_t at, end;		   /* what is to be sent of the buffer */
	struct iovec parts[EXCHANGE_PARTS];
	size_t part_count, part, taken; /* of the body: where what the buffer has not begins */
};

/* -ENOMEM, -EINVAL. */
int plain_request_init(struct plain_request *r, const struct exchange_request *request,
		       const struct plain_place *place, const char *target);
/* Fills the buffer with the next of the body when all of it has been sent. False: there is no more. */
bool plain_request_fill(struct plain_request *r);
/* All of it is to be sent once more. */
void plain_request_rewind(struct plain_request *r);
/* Keys were in it. Zeroed is fine. */
void plain_request_release(struct plain_request *r);

/* --- one exchange --- */

enum plain_step {
	PLAIN_CONNECTS, /* from its name to a connection */
	PLAIN_HEAD,	/* the answer's is awaited, while the request is sent */
	PLAIN_BODY,	/* likewise */
	PLAIN_WHOLE,	/* all of it is there; perhaps not taken yet */
};

struct plain_exchange {
	struct exchange base;
	struct plain *plain;
	struct exchange_events events;
	enum plain_step step;
	struct plain_place place;
	unsigned int connect_ms, answer_ms, silence_ms;
	uint64_t connect_by_ms, heard_ms, end_ms; /* heard: when something came last, or it began */
	uint64_t address_by_ms;			  /* until then the one that is tried may answer */
	uint64_t armed_ms;			  /* what the timer is set to */
	struct loop_handle timer, resume;

	/* The connection. */
	struct lookup *lookup;
	struct egress_address addresses[LIMIT_GATE_ADDRESSES];
	size_t address_count, address_at;
	struct loop_handle connect, send, receive;
	int fd;	      /* or -1 */
	bool kept;    /* it was used before */
	bool retried; /* the one before was kept, and gone: something may have come to the provider */

	struct plain_request request;
	bool goes; /* some of it has been sent */
	bool sent; /* all of it */

	/* The answer. */
	struct loop_buffer *bytes;
	size_t end;		  /* of those that were received and not looked at */
	size_t data_at, data_len; /* among them: of the body, to be taken */
	struct http_answer_scan scan;
	struct exchange_head head;
	enum http_framing framing;
	struct http_chunked chunks;
	uint64_t left;	 /* of the body */
	bool heard;	 /* anything of it */
	bool keep_alive; /* another request may follow */
	bool told;	 /* of the head */
	bool begun;	 /* of the body, too */
	bool waits;	 /* WAIT was said, and it is not resumed */
	bool resumes;	 /* it is, and the timer is to see to it */
	bool inside;	 /* of an event: it is freed later */
	bool cancelled;	 /* meanwhile */
};

/* --- plain_dial.c: from a name to a connection --- */

/* Begins it; what comes of it is told by one of the next two. An error: it has not begun. */
int plain_dial_start(struct plain_exchange *x);
void plain_dial_cancel(struct plain_exchange *x);
/* Its time is over, or that of the address which is tried: another one is, or this is told. */
void plain_dial_late(struct plain_exchange *x);

/* --- plain_exchange.c --- */

/* x->fd is connected. */
void plain_connected(struct plain_exchange *x);
void plain_unconnected(struct plain_exchange *x, enum exchange_end how);
/* When it is due has changed. -ENOMEM */
int plain_timer_arm(struct plain_exchange *x, uint64_t now_ms);

#endif
