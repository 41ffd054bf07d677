/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an agent has in place of a provider's key: worth nothing to anybody else, nor elsewhere. */
#ifndef AGENTOS_RPC_TOKEN_H
#define AGENTOS_RPC_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#define TOKEN_KEY  32 /* bytes of the secret that tokens are made with */
#define TOKEN_SIZE 64 /* bytes of a token, its NUL included */

/*
 * "agentos-ID-MAC": the agent's id, 16 hexadecimal digits, and as 32 of them the first half
 * of the HMAC-SHA-256 over "agentos token 1:" and the id's digits. -ENOMEM
 */
int token_make(const uint8_t key[TOKEN_KEY], uint64_t agent, char ret_token[TOKEN_SIZE]);

/*
 * Whose token is it? Compared in a time that does not depend on how much of it is right.
 * -EINVAL  it is none; -EKEYREJECTED it looks like one, and was not made with this key
 */
int token_read(const uint8_t key[TOKEN_KEY], const char *token, size_t len, uint64_t *ret_agent);

#endif
