/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON as it is written: members, items, and what stands in them. */
#ifndef AGENTOS_LLM_PUT_H
#define AGENTOS_LLM_PUT_H

#include <stdint.h>

#include "base/text.h"
#include "llm/call.h"

/*
 * Commas are looked after: one is put before whatever does not follow the begin of an
 * object or of an array. The begin and the end of an object or array:
 * put_open(out, key, "{"), text_string(out, "}"). key NULL: an item of an array.
 */
void put_open(struct text *out, const char *key, const char *bracket);

void put_word(struct text *out, const char *key, const char *word);
void put_uint(struct text *out, const char *key, uint64_t value);
void put_bool(struct text *out, const char *key, bool value);
/* Nothing when there is none. */
void put_string(struct text *out, const char *key, struct call_string s);
void put_number(struct text *out, const char *key, struct call_number n);
/* null when there is none. */
void put_string_or_null(struct text *out, const char *key, struct call_string s);
/* JSON as it is: one value, on one line. */
void put_json(struct text *out, const char *key, struct call_string json);
/*
 * What should be a JSON object and may come from a model or a client, checked and put on one
 * line; none is {}. -EBADMSG (nothing is written behind the key) or -ENOMEM.
 */
int put_object(struct text *out, const char *key, struct call_string json);

#endif
