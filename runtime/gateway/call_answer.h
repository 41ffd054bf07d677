/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside a call: what a provider answers, as it comes, on its way to the client. */
#ifndef AGENTOS_GATEWAY_CALL_ANSWER_H
#define AGENTOS_GATEWAY_CALL_ANSWER_H

#include "gateway/call.h"
#include "llm/retry.h"

/* Forgets what an attempt before has left. */
void answer_prepare(struct call *k);
/* `answer` is what the provider answered once. */
void answer_again(struct call *k);
/* What the exchange is to tell. */
struct exchange_events answer_events(struct call *k);

/*
 * call_send.c: an attempt came to nothing. True: another one is under way, or will be.
 * False: the client is to be told, by whoever called.
 */
bool call_retry(struct call *k, enum retry_event event);

#endif
