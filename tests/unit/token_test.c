// SPDX-License-Identifier: GPL-2.0-or-later
/* Tokens of agents: made, read, and every other text refused. */
#include "rpc/token.h"
#include "tests/tap.h"

#include <stdbool.h>

static const uint8_t key[TOKEN_KEY] = { 1, 2, 3 }, other[TOKEN_KEY] = { 1, 2, 4 };

static int read_by(const uint8_t *by, const char *token, uint64_t *ret_agent)
{
	return token_read(by, token, strlen(token), ret_agent);
}

static void a_token_says_whose_it_is(void)
{
	static const uint64_t agents[] = { 1, 7, 0x0123456789abcdef, UINT64_MAX };
	char token[TOKEN_SIZE];
	uint64_t agent;
	size_t i;

	for (i = 0; i < sizeof(agents) / sizeof(agents[0]); i++) {
		REQUIRE(token_make(key, agents[i], token) == 0);
		agent = 0;
		CHECK_INT(read_by(key, token, &agent), 0);
		CHECK(agent == agents[i]);
		CHECK_INT(read_by(other, token, &agent), -EKEYREJECTED);
	}
}

/* HMAC-SHA-256 by another program: printf 'agentos token 1:%016x' 7 | openssl dgst -mac HMAC */
static void its_form_is_fixed(void)
{
	char token[TOKEN_SIZE];

	REQUIRE(token_make(key, 7, token) == 0);
	CHECK_STR(token, "agentos-0000000000000007-81a149a7bc4e37ad30ce6ad046dede97");
}

/* Each bit of each byte is of importance. */
static void a_bent_token_is_none(void)
{
	char token[TOKEN_SIZE], bent[TOKEN_SIZE];
	uint64_t agent = 99;
	size_t i, len;
	int bit, err;

	REQUIRE(token_make(key, 7, token) == 0);
	len = strlen(token);
	for (i = 0; i < len; i++)
		for (bit = 0; bit < 8; bit++) {
			memcpy(bent, token, sizeof(bent));
			bent[i] = (char)(bent[i] ^ 1 << bit);
			err = token_read(key, bent, len, &agent);
			CHECK_MSG(err == -EINVAL || err == -EKEYREJECTED, "byte %zu bit %d: %d", i,
				  bit, err);
		}
	for (i = 0; i < len; i++)
		CHECK_INT(token_read(key, token, i, &agent), -EINVAL);
	CHECK_INT(token_read(key, token, len + 1, &agent), -EINVAL);
	CHECK_INT(read_by(key, "", &agent), -EINVAL);
	CHECK_INT(read_by(key, "sk-ant-api03-0123456789", &agent), -EINVAL);
	CHECK_INT(agent, 99);
}

static void nobody_has_no_token(void)
{
	char token[TOKEN_SIZE];
	uint64_t agent;

	REQUIRE(token_make(key, 0, token) == 0);
	CHECK_INT(read_by(key, token, &agent), -EINVAL);
	/* One form alone: capitals are none. */
	REQUIRE(token_make(key, 0xabcdef, token) == 0);
	token[sizeof("agentos-") + 14] = 'F';
	CHECK_INT(read_by(key, token, &agent), -EINVAL);
}

static const struct tap_test tests[] = {
	TEST(a_token_says_whose_it_is),
	TEST(its_form_is_fixed),
	TEST(a_bent_token_is_none),
	TEST(nobody_has_no_token),
};

int main(int argc, char **argv)
{
	return tap_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
