// SPDX-License-Identifier: GPL-2.0-or-later
/* Amounts: numbers with a unit, without floating point, so that what is written is what is meant. */
#include "base/amount.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "agentos.h"

struct unit {
	const char *name;
	uint64_t size;
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct unit durations[] = {
	{ "ns", 1 },	      { "us", 1000 },	      { "ms", 1000000 },       { "s", 1000000000 },
	{ "m", 60000000000 }, { "h", 3600000000000 }, { "d", 86400000000000 },
};
static const struct unit counts[] = { { "", 1 }, { "k", 1000 }, { "M", 1000000 } };
static const struct unit bytes[] = {
	{ "", 1 },	    { "K", 1000 },	{ "M", 1000000 },      { "G", 1000000000 },
	{ "KiB", 1 << 10 }, { "MiB", 1 << 20 }, { "GiB", 1ULL << 30 }, { "k", 1000 },
};
static const struct unit dollars[] = { { "", 1000000 } };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "12.5" of 1,000 is 12,500. What is finer than one is refused. */
static int number_parse(const char *text, const struct unit *units, size_t count, uint64_t *ret)
{
	uint64_t whole = 0, part = 0, scale = 1, amount;
	const char *at = text;
	size_t i;

	if (!is_digit(*at))
		return -EINVAL;
	for (; is_digit(*at); at++)
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, (uint64_t)(*at - '0'), &whole))
			return -ERANGE;
	if (*at == '.') {
		if (!is_digit(at[1]))
			return -EINVAL;
		for (at++; is_digit(*at); at++) {
			if (scale > 100000000)
				return -EINVAL;
			part = part * 10 + (uint64_t)(*at - '0');
			scale *= 10;
		}
	}
	for (i = 0; i < count && strcmp(at, units[i].name) != 0; i++)
		;
	if (i == count)
		return -EINVAL;
	if (part * units[i].size % scale)
		return -EINVAL;
	if (__builtin_mul_overflow(whole, units[i].size, &amount) ||
	    __builtin_add_overflow(amount, part * units[i].size / scale, &amount))
		return -ERANGE;
	*ret = amount;
	return 0;
}

int amount_fixed(const char *text, uint32_t *ret_fixed)
{
	uint64_t whole = 0, part = 0, scale = 1, fixed;
	const char *at = text;

	for (; is_digit(*at); at++) {
		whole = whole * 10 + (uint64_t)(*at - '0');
		if (whole > UINT16_MAX)
			return -ERANGE;
	}
	if (at == text || (*at == '.' && !is_digit(at[1])))
		return -EINVAL;
	if (*at == '.') {
		for (at++; is_digit(*at); at++) {
			if (scale > 100000000)
				return -EINVAL;
			part = part * 10 + (uint64_t)(*at - '0');
			scale *= 10;
		}
	}
	if (*at)
		return -EINVAL;
	fixed = (whole << 16) + (part * 65536 + scale / 2) / scale;
	if (fixed > UINT32_MAX || (!fixed && part))
		return -ERANGE;
	*ret_fixed = (uint32_t)fixed;
	return 0;
}

int amount_duration(const char *text, uint64_t *ret_ns)
{
	return number_parse(text, durations, COUNT(durations), ret_ns);
}

int amount_parse(uint32_t resource, const char *text, uint64_t *ret_amount)
{
	uint64_t amount;
	int err;

	if (strcmp(text, "none") == 0) {
		*ret_amount = AGENTOS_BUDGET_UNLIMITED;
		return 0;
	}
	switch (resource) {
	case AGENTOS_RESOURCE_CPU_NS:
	case AGENTOS_RESOURCE_WALL_NS:
		err = amount_duration(text, &amount);
		break;
	case AGENTOS_RESOURCE_MICRODOLLARS:
		if (text[0] == '$')
			err = number_parse(text + 1, dollars, COUNT(dollars), &amount);
		else
			err = number_parse(text, counts, COUNT(counts), &amount);
		break;
	case AGENTOS_RESOURCE_NET_BYTES:
		err = number_parse(text, bytes, COUNT(bytes), &amount);
		break;
	default:
		err = number_parse(text, counts, COUNT(counts), &amount);
	}
	if (!err && amount == AGENTOS_BUDGET_UNLIMITED)
		err = -ERANGE;
	if (!err)
		*ret_amount = amount;
	return err;
}

const char *amount_forms(uint32_t resource)
{
	switch (resource) {
	case AGENTOS_RESOURCE_CPU_NS:
	case AGENTOS_RESOURCE_WALL_NS:
		return "90s, 1.5h, 200ms";
	case AGENTOS_RESOURCE_MICRODOLLARS:
		return "$1.50, 1500000";
	case AGENTOS_RESOURCE_NET_BYTES:
		return "5000, 200k, 10MiB, 1G";
	default:
		return "5000, 200k, 1M";
	}
}

/* Three digits, in the largest unit that leaves a whole number before the point. */
static void number_text(uint64_t amount, const struct unit *units, size_t count, char *out,
			size_t size)
{
	const struct unit *unit = &units[0];
	uint64_t tenths;
	size_t i;

	for (i = 1; i < count; i++)
		if (amount >= units[i].size && units[i].size > unit->size)
			unit = &units[i];
	tenths = amount / (unit->size >= 10 ? unit->size / 10 : 1);
	if (unit->size == 1 || tenths % 10 == 0 || tenths >= 1000)
		snprintf(out, size, "%" PRIu64 "%s", amount / unit->size, unit->name);
	else
		snprintf(out, size, "%" PRIu64 ".%" PRIu64 "%s", tenths / 10, tenths % 10,
			 unit->name);
}

void amount_text(uint32_t resource, uint64_t amount, char *out, size_t size)
{
	if (amount == AGENTOS_BUDGET_UNLIMITED) {
		snprintf(out, size, "none");
		return;
	}
	switch (resource) {
	case AGENTOS_RESOURCE_CPU_NS:
	case AGENTOS_RESOURCE_WALL_NS:
		number_text(amount, durations, COUNT(durations), out, size);
		break;
	case AGENTOS_RESOURCE_MICRODOLLARS:
		if (amount % 10000)
			snprintf(out, size, "$%" PRIu64 ".%06" PRIu64, amount / 1000000,
				 amount % 1000000);
		else
			snprintf(out, size, "$%" PRIu64 ".%02" PRIu64, amount / 1000000,
				 amount % 1000000 / 10000);
		break;
	case AGENTOS_RESOURCE_NET_BYTES:
		number_text(amount, bytes, 4, out, size);
		break;
	default:
		number_text(amount, counts, COUNT(counts), out, size);
	}
}

void amount_fixed_text(uint32_t fixed, char *out, size_t size)
{
	uint32_t part = (uint32_t)(((uint64_t)(fixed & 0xffff) * 100000 + 32768) / 65536);
	unsigned int digits = 5;

	if (!part) {
		snprintf(out, size, "%u", fixed >> 16);
		return;
	}
	for (; part % 10 == 0; part /= 10)
		digits--;
	snprintf(out, size, "%u.%0*u", fixed >> 16, (int)digits, part);
}
