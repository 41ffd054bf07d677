// SPDX-License-Identifier: GPL-2.0-or-later
/* Amounts: what is written is what is meant, or refused; and the words of libagentos. */
#include <stdint.h>

#include "base/amount.h"
#include "lib/libagentos.h"
#include "tests/tap.h"

#define TOKENS	AGENTOS_RESOURCE_TOKENS
#define DOLLARS AGENTOS_RESOURCE_MICRODOLLARS
#define BYTES	AGENTOS_RESOURCE_NET_BYTES
#define CPU	AGENTOS_RESOURCE_CPU_NS

static void amounts_are_read(void)
{
	static const struct {
		uint32_t resource;
		const char *text;
		uint64_t amount;
	} cases[] = {
		{ TOKENS, "0", 0 },
		{ TOKENS, "200k", 200000 },
		{ TOKENS, "1.5k", 1500 },
		{ TOKENS, "3M", 3000000 },
		{ TOKENS, "18446744073709551614", UINT64_MAX - 1 },
		{ TOKENS, "none", AGENTOS_BUDGET_UNLIMITED },
		{ DOLLARS, "250000", 250000 },
		{ DOLLARS, "$0.25", 250000 },
		{ DOLLARS, "$1.000001", 1000001 },
		{ DOLLARS, "$5", 5000000 },
		{ BYTES, "10MiB", 10 << 20 },
		{ BYTES, "1.5KiB", 1536 },
		{ BYTES, "2G", 2000000000 },
		{ CPU, "90s", 90000000000 },
		{ CPU, "1.5ms", 1500000 },
		{ CPU, "2h", 7200000000000 },
		{ CPU, "7d", 604800000000000 },
		{ AGENTOS_RESOURCE_WALL_NS, "none", AGENTOS_BUDGET_UNLIMITED },
	};
	uint64_t amount;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		amount = 77;
		CHECK_MSG(amount_parse(cases[i].resource, cases[i].text, &amount) == 0 &&
				  amount == cases[i].amount,
			  "%s", cases[i].text);
	}
}

static void fixed_points_come_back(void)
{
	static const struct {
		const char *text;
		int err;
		uint32_t fixed;
		const char *back;
	} cases[] = {
		{ "0", 0, 0, "0" },
		{ "1.5", 0, 3 << 15, "1.5" },
		{ "007.250", 0, 29 << 14, "7.25" },
		{ "0.1", 0, 6554, "0.10001" }, /* to the nearest */
		{ "65535.99999", 0, UINT32_MAX, "65535.99998" },
		{ "65536", -ERANGE, 0, NULL },
		{ "65535.999999", -ERANGE, 0, NULL },
		{ "99999999999999999999", -ERANGE, 0, NULL },
		{ "0.000001", -ERANGE, 0, NULL },
		{ "0.0000000001", -EINVAL, 0, NULL },
		{ "", -EINVAL, 0, NULL },
		{ ".5", -EINVAL, 0, NULL },
		{ "1.", -EINVAL, 0, NULL },
		{ "-1", -EINVAL, 0, NULL },
		{ "1k", -EINVAL, 0, NULL },
		{ "1,5", -EINVAL, 0, NULL },
	};
	uint32_t fixed, back;
	char text[16];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CHECK_MSG(amount_fixed(cases[i].text, &fixed) == cases[i].err, "%s", cases[i].text);
		if (cases[i].err)
			continue;
		CHECK_MSG(fixed == cases[i].fixed, "%s: %u", cases[i].text, fixed);
		amount_fixed_text(fixed, text, sizeof(text));
		CHECK_STR(text, cases[i].back);
	}
	for (i = 0; i < 65536; i++) {
		fixed = (uint32_t)(i << 16 | i);
		amount_fixed_text(fixed, text, sizeof(text));
		CHECK_MSG(amount_fixed(text, &back) == 0 && back == fixed, "%s", text);
	}
}

static void what_is_no_amount_is_refused(void)
{
	static const struct {
		uint32_t resource;
		const char *text;
		int err;
	} cases[] = {
		{ TOKENS, "", -EINVAL },
		{ TOKENS, "-1", -EINVAL },
		{ TOKENS, "+1", -EINVAL },
		{ TOKENS, " 1", -EINVAL },
		{ TOKENS, "1 ", -EINVAL },
		{ TOKENS, "1.k", -EINVAL },
		{ TOKENS, ".5k", -EINVAL },
		{ TOKENS, "0x10", -EINVAL },
		{ TOKENS, "5s", -EINVAL },
		{ TOKENS, "1.5", -EINVAL },
		{ TOKENS, "1.0005k", -EINVAL },
		{ TOKENS, "18446744073709551615", -ERANGE },
		{ TOKENS, "18446744073709551616", -ERANGE },
		{ TOKENS, "18446744073709552k", -ERANGE },
		{ TOKENS, "99999999999999999999999", -ERANGE },
		{ DOLLARS, "$", -EINVAL },
		{ DOLLARS, "$1k", -EINVAL },
		{ DOLLARS, "$0.0000001", -EINVAL },
		{ BYTES, "1mib", -EINVAL },
		{ CPU, "90", -EINVAL },
		{ CPU, "1.5ns", -EINVAL },
		{ CPU, "213504d", -ERANGE },
		{ CPU, "0.0000000001s", -EINVAL },
	};
	uint64_t amount;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int err;

		amount = 77;
		err = amount_parse(cases[i].resource, cases[i].text, &amount);
		CHECK_MSG(err == cases[i].err && amount == 77, "%s: %d", cases[i].text, err);
	}
}

static void amounts_are_told_shortly(void)
{
	static const struct {
		uint32_t resource;
		uint64_t amount;
		const char *text;
	} cases[] = {
		{ TOKENS, 0, "0" },
		{ TOKENS, 999, "999" },
		{ TOKENS, 1000, "1k" },
		{ TOKENS, 12345, "12.3k" },
		{ TOKENS, 123456, "123k" },
		{ TOKENS, 5000000, "5M" },
		{ TOKENS, AGENTOS_BUDGET_UNLIMITED, "none" },
		{ DOLLARS, 250000, "$0.25" },
		{ DOLLARS, 1, "$0.000001" },
		{ DOLLARS, 5000000, "$5.00" },
		{ BYTES, 1500, "1.5K" },
		{ CPU, 1500000000, "1.5s" },
		{ CPU, 90000000000, "1.5m" },
		{ CPU, 250, "250ns" },
		{ CPU, 86400000000000, "1d" },
	};
	char text[32];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		amount_text(cases[i].resource, cases[i].amount, text, sizeof(text));
		CHECK_STR(text, cases[i].text);
	}
	/* No buffer is too short to be safe. */
	amount_text(DOLLARS, UINT64_MAX - 1, text, 4);
	CHECK_INT(strlen(text), 3);
}

static void every_word_has_its_number_and_back(void)
{
	unsigned int i;

	for (i = 0; i < AGENTOS_RIGHT_COUNT; i++)
		CHECK_INT(agentos_right_number(agentos_right_name(i)), i);
	for (i = 0; i < AGENTOS_RESOURCE_COUNT; i++)
		CHECK_INT(agentos_resource_number(agentos_resource_name(i)), i);
	for (i = 0; i < AGENTOS_PHASE_COUNT; i++)
		CHECK_INT(agentos_phase_number(agentos_phase_name(i)), i);
	for (i = 0; i <= AGENTOS_BUDGET_PAUSE; i++)
		CHECK_INT(agentos_action_number(agentos_action_name(i)), i);
	CHECK(!agentos_right_name(AGENTOS_RIGHT_COUNT));
	CHECK(!agentos_resource_name(AGENTOS_RESOURCE_COUNT));
	CHECK(!agentos_phase_name(AGENTOS_PHASE_COUNT));
	CHECK(!agentos_action_name(AGENTOS_BUDGET_PAUSE + 1));
	CHECK(!agentos_state_name(99));
	CHECK_STR(agentos_state_name(AGENTOS_STATE_PAUSED), "paused");
	CHECK_INT(agentos_right_number("flying"), -EINVAL);
	CHECK_INT(agentos_resource_number(""), -EINVAL);
	CHECK_INT(agentos_phase_number("WORKING"), -EINVAL);
}

static void what_is_no_device_is_told(void)
{
	struct agentos_message head;
	char text[1];

	CHECK_INT(agentos_agent_attach(-1), -EBADF);
	CHECK_INT(agentos_agent_kill(-1, NULL), -EBADF);
	CHECK_INT(agentos_agent_wait(-1, 0), -ETIMEDOUT);
	CHECK_INT(agentos_mail_receive(-1, &head, text, AGENTOS_MESSAGE_MAX + 1), -EMSGSIZE);
	CHECK_INT(agentos_mail_receive(-1, &head, text, 1), -EBADF);
}

static const struct tap_test tests[] = {
	TEST(amounts_are_read),
	TEST(fixed_points_come_back),
	TEST(what_is_no_amount_is_refused),
	TEST(amounts_are_told_shortly),
	TEST(every_word_has_its_number_and_back),
	TEST(what_is_no_device_is_told),
};

int main(int argc, char **argv)
{
	return tap_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
