/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One body after the other to one URL, until the server takes it: the only file that knows libcurl. */
#ifndef AGENTOS_POST_TRANSFER_H
#define AGENTOS_POST_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fault.h"
#include "rpc/posting.h"

struct transfer;

/*
 * The settings stay the caller's, and stay. Only http and https; redirects are
 * not followed: what is sent is for one server.
 * -EINVAL  no such URL; -ENOMEM
 */
int transfer_create(const struct posting_settings *settings, struct transfer **ret_transfer,
		    struct fault *f);
void transfer_free(struct transfer *t);

/*
 * Posts a body. Tries again after 429, 502, 503 and 504, and when there was no
 * answer, as OTLP has it: after what Retry-After says, else after 1 s, then twice
 * as long each time up to 32 s, by chance up to a half less; until give-up-s
 * is over. 0 and the answer, for whom the next call writes another.
 *
 * -EPROTO    the server does not want it: its status, and what it says of it
 * -ETIMEDOUT given up; f says what the last try came to
 * -ECANCELED hangup(cookie) was true: nobody waits for it any more
 */
int transfer_post(struct transfer *t, const char *body, size_t len,
		  bool (*hangup)(void *cookie, int wait_ms), void *cookie, const char **ret_answer,
		  size_t *ret_len, struct fault *f);

#endif
