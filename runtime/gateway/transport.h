/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of upstream.h: what its two transports have in common. */
#ifndef AGENTOS_GATEWAY_TRANSPORT_H
#define AGENTOS_GATEWAY_TRANSPORT_H

#include "gateway/upstream.h"
#include "http/fields.h"

/* The first member of each transport's own. */
struct exchange {
	void (*resume)(struct exchange *x);
	void (*cancel)(struct exchange *x);
};

/*
 * A header line of an answer, looked at for what exchange_head keeps. The value is without
 * blanks around it; what does not fit, or is no text, is as if it had not been there.
 */
void exchange_head_take(struct exchange_head *head, struct http_span name, struct http_span value);

#endif
