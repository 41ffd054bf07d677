/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of upstream.h: what its two files share. */
#ifndef AGENTOS_GATEWAY_EXCHANGE_STATE_H
#define AGENTOS_GATEWAY_EXCHANGE_STATE_H

#include <curl/curl.h>

#include "gateway/upstream.h"

struct upstream {
	struct loop *loop;
	CURLM *multi;
	const char *trust; /* NULL: libcurl's own */
	struct watch *watches;
	struct loop_handle timer;
	bool inside;		    /* libcurl has called us: nothing may be removed */
	struct exchange *cancelled; /* meanwhile */
};

struct exchange {
	struct upstream *upstream;
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
	uint64_t heard_ms; /* when something came last, or the exchange began */
	uint64_t end_ms;   /* when it has to be over */
	bool told;	   /* of the head */
	bool waits;	   /* WAIT was said, and it is not resumed */
	bool timed;	   /* the timer has ended it */
	bool late;	   /* because all its time is over */
	bool cancelled;
	struct exchange *next; /* of upstream->cancelled */
};

/* Tells of those that have ended, and frees those that were cancelled; libcurl is left by then. */
void upstream_collect(struct upstream *u);
/* libcurl is done with it: tells, and frees it. */
void exchange_ended(struct exchange *x, CURLcode code);
void exchange_free(struct exchange *x);

#endif
