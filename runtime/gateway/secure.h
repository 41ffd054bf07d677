/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of upstream.h: requests with TLS, by libcurl's multi interface on the loop's ring. */
#ifndef AGENTOS_GATEWAY_SECURE_H
#define AGENTOS_GATEWAY_SECURE_H

#include <curl/curl.h>

#include "gateway/transport.h"

struct secure {
	struct loop *loop;
	CURLM *multi;
	const char *trust; /* NULL: libcurl's own */
	struct watch *watches;
	struct watch *acting; /* whose socket libcurl is told of; NULL once it has ended that */
	struct loop_handle timer;
	bool inside;			   /* libcurl has called us: nothing may be removed */
	struct secure_exchange *cancelled; /* meanwhile */
};

struct secure_exchange {
	struct exchange base;
	struct secure *secure;
	CURL *easy;
	struct curl_slist *headers;
	struct exchange_events events;
	struct exchange_head head;
	struct iovec parts[EXCHANGE_PARTS];
	size_t part_count;
	size_t part, sent; /* of the body: where its next byte is */
	size_t size;	   /* of the body */
	char *body;	   /* all of it, where it is short: libcurl sends it with the head */
	unsigned int connect_ms, answer_ms, silence_ms;
	struct loop_handle timer, resume;
	uint64_t armed_ms; /* when the timer looks */
	uint64_t heard_ms; /* when something came last, or the exchange began */
	uint64_t end_ms;   /* when it has to be over */
	bool told;	   /* of the head */
	bool waits;	   /* WAIT was said, and it is not resumed */
	bool timed;	   /* the timer has ended it */
	bool late;	   /* because all its time is over */
	bool cancelled;
	struct secure_exchange *next; /* of secure->cancelled */
};

/* As upstream.h has them. libcurl takes http, too. */
int secure_open(struct loop *l, struct secure **ret_secure);
void secure_close(struct secure *u);
int secure_start(struct secure *u, const struct exchange_request *request,
		 const struct exchange_events *events, struct exchange **ret_exchange);

/* --- what its two files share --- */

/* Tells of those that have ended, and frees those that were cancelled; libcurl is left by then. */
void secure_collect(struct secure *u);
/* libcurl is done with it: tells, and frees it. */
void secure_ended(struct secure_exchange *x, CURLcode code);
void secure_exchange_free(struct secure_exchange *x);

#endif
