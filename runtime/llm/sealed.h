/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose seals are whose: reasoning that a provider sealed goes back to that provider alone. Pure. */
#ifndef AGENTOS_LLM_SEALED_H
#define AGENTOS_LLM_SEALED_H

#include "base/arena.h"
#include "llm/call.h"

/*
 * Where a call is translated, the client gets a seal with a mark of the provider before it, and
 * what it sends back is passed on without the mark to the same provider, and dropped for
 * all others. A seal that is base64 is so with its mark as well.
 */
#define SEALED_MARK 16 /* characters */

/* provider: its name. -ENOMEM */
int sealed_mark(const char *provider, char ret_mark[SEALED_MARK]);
/* Of an answer. A seal that comes in pieces is marked once. -ENOMEM */
int sealed_put(struct arena *a, const char mark[SEALED_MARK], struct call_string *sealed);
/* Of a request: what has this mark loses it, and the rest is dropped. mark NULL: all of them. */
void sealed_keep(struct call_request *request, const char *mark);

#endif
