/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of a streamed answer, put in call.h's order whatever order their pieces come in. Pure. */
#ifndef AGENTOS_LLM_ORDER_H
#define AGENTOS_LLM_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "llm/call.h"

/*
 * The first part that has not ended is handed on as it comes; what comes of those behind
 * it is held until then. At most LIMIT_LLM_PARTS parts, with LIMIT_LLM_HELD bytes held.
 *
 * Errors of all: -E2BIG beyond these, -ENOMEM, and what emit returns.
 */
struct order;

struct order *order_create(int (*emit)(const struct call_event *event, void *cookie), void *cookie);
void order_free(struct order *o); /* NULL is allowed */

/*
 * A new part: CALL_TEXT, CALL_REASONING or CALL_TOOL_CALL. key: what its wire calls it, for
 * order_find(). Parts are numbered from 0 on.
 */
int order_open(struct order *o, enum call_part_kind kind, uint64_t key, size_t *ret_part);
/* A call's id and name, before or behind its first pieces; nothing of it is handed on before. */
int order_name(struct order *o, size_t part, struct call_string id, struct call_string name);
/* A piece: text, and what is sealed. Nothing when both are empty or the part has ended. */
int order_more(struct order *o, size_t part, struct call_string text, struct call_string sealed);
/* It has ended; text or reasoning without a piece never was. Again: nothing. -EBADMSG: a call that was never named. */
int order_end(struct order *o, size_t part);
/* All of them have. */
int order_end_all(struct order *o);

/* The newest part with this key. */
bool order_find(const struct order *o, uint64_t key, size_t *ret_part);
uint64_t order_key(const struct order *o, size_t part);
size_t order_count(const struct order *o);
enum call_part_kind order_kind(const struct order *o, size_t part);
bool order_ended(const struct order *o, size_t part);
/* Whether a piece of it has come. */
bool order_filled(const struct order *o, size_t part);
/* A call's id; none before it was named. */
struct call_string order_id(const struct order *o, size_t part);
/* What emit returned, if that ended it; else 0. */
int order_stopped(const struct order *o);
/* Whether there is a call among them. */
bool order_has_calls(const struct order *o);

#endif
