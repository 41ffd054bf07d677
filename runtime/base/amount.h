/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Amounts of resources as people write them: 200k tokens, $1.50, 90s, 1GiB. */
#ifndef AGENTOS_BASE_AMOUNT_H
#define AGENTOS_BASE_AMOUNT_H

#include <stddef.h>
#include <stdint.h>

/*
 * A duration in nanoseconds: a number, which may have a fraction, and one of
 * ns us ms s m h d. -EINVAL; -ERANGE more than can be counted
 */
int amount_duration(const char *text, uint64_t *ret_ns);

/*
 * How much of a resource (enum agentos_resource):
 * times	a duration
 * microdollars	as they are, or dollars behind a "$": $0.25
 * net-bytes	a number, with k K M G (thousands) or KiB MiB GiB
 * others	a number, with k or M
 * "none" is AGENTOS_BUDGET_UNLIMITED. Errors as amount_duration().
 */
int amount_parse(uint32_t resource, const char *text, uint64_t *ret_amount);

/*
 * A number without a unit, such as 0.25, as 16.16 fixed point; to the nearest.
 * -EINVAL; -ERANGE above 65535.99998, or too small to be told from 0
 */
int amount_fixed(const char *text, uint32_t *ret_fixed);

/* Examples of how amounts of a resource are written, for messages: "90s, 1.5h, 200ms". */
const char *amount_forms(uint32_t resource);

/* The other way, short: "1.5s", "$0.25", "12.3k"; "none" for AGENTOS_BUDGET_UNLIMITED. */
void amount_text(uint32_t resource, uint64_t amount, char *out, size_t size);

/* As short as reads back the same: "0.25". */
void amount_fixed_text(uint32_t fixed, char *out, size_t size);

#endif
