// SPDX-License-Identifier: GPL-2.0-or-later
/* What an agent has in place of a provider's key. */
#include "rpc/token.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define PREFIX	  "agentos-"
#define ID_DIGITS 16
#define MAC_BYTES 16
#define LENGTH	  (sizeof(PREFIX) - 1 + ID_DIGITS + 1 + 2 * MAC_BYTES)

_Static_assert(LENGTH < TOKEN_SIZE, "a token fits");

static const char hex[] = "0123456789abcdef";

int token_make(const uint8_t key[TOKEN_KEY], uint64_t agent, char ret_token[TOKEN_SIZE])
{
	uint8_t mac[EVP_MAX_MD_SIZE];
	char text[48];
	unsigned int size;
	size_t i, len;

	len = (size_t)snprintf(text, sizeof(text), "agentos token 1:%016" PRIx64, agent);
	if (!HMAC(EVP_sha256(), key, TOKEN_KEY, (const uint8_t *)text, len, mac, &size))
		return -ENOMEM;
	len = (size_t)snprintf(ret_token, TOKEN_SIZE, PREFIX "%016" PRIx64 "-", agent);
	/* With each model call: printf() would take as long as the MAC. */
	for (i = 0; i < MAC_BYTES; i++) {
		ret_token[len++] = hex[mac[i] >> 4];
		ret_token[len++] = hex[mac[i] & 15];
	}
	ret_token[len] = '\0';
	OPENSSL_cleanse(mac, sizeof(mac));
	return 0;
}

/* Small letters alone: a token has one form. */
static bool id_read(const char *digits, uint64_t *ret_id)
{
	uint64_t id = 0;
	const char *at;
	int i;

	for (i = 0; i < ID_DIGITS; i++) {
		at = digits[i] ? strchr(hex, digits[i]) : NULL;
		if (!at)
			return false;
		id = id << 4 | (uint64_t)(at - hex);
	}
	*ret_id = id;
	return id != 0;
}

int token_read(const uint8_t key[TOKEN_KEY], const char *token, size_t len, uint64_t *ret_agent)
{
	const size_t prefix = sizeof(PREFIX) - 1;
	char right[TOKEN_SIZE];
	uint64_t agent;
	int err;

	if (len != LENGTH || memcmp(token, PREFIX, prefix) || token[prefix + ID_DIGITS] != '-' ||
	    !id_read(token + prefix, &agent))
		return -EINVAL;
	err = token_make(key, agent, right);
	if (err)
		return err;
	if (CRYPTO_memcmp(right, token, LENGTH))
		err = -EKEYREJECTED;
	else
		*ret_agent = agent;
	OPENSSL_cleanse(right, sizeof(right));
	return err;
}
