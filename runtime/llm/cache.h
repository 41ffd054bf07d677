/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers kept for calls that are the same to the last byte. Pure, but for memory. */
#ifndef AGENTOS_LLM_CACHE_H
#define AGENTOS_LLM_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "llm/call.h"
#include "llm/wire.h"

#define CACHE_KEY 32 /* bytes */

/*
 * A call is the same as one before if it is of the same scope, in the same wire, to the same
 * model of the same provider, with the same body: SHA-256 over all of these, each behind its
 * length. The body is what would be sent to the provider, to the byte, with whatever else of the
 * client's goes with it; members in another order are another call. The scope is one agent, or a name that a policy gives: agents
 * whose policies name the same one share answers, no others do.
 */
struct cache_question {
	uint64_t agent;
	const char *shared; /* NULL: the agent's own */
	enum wire_kind wire;
	bool stream; /* an answer in pieces is another one than that in one piece */
	const char *provider, *model;
	const struct iovec *body; /* its pieces, one after the other */
	size_t body_count;
};

struct cache_key {
	uint8_t bytes[CACHE_KEY];
	uint64_t scope; /* of these bytes' scope: who is charged for the room */
};

/* -EIO: libcrypto would not */
int cache_key(const struct cache_question *question, struct cache_key *ret_key);

/*
 * May its answer be kept, and given again? Only where the same answer is what was asked for: at
 * temperature 0. always: the policy says so of all calls. A call that refers to what is
 * kept at the provider (an earlier response, a file) is the caller's to leave out: it is not
 * the same call tomorrow, though its bytes are.
 */
bool cache_may_keep(const struct call_request *request, bool always);

/* An answer with status 200 and all its bytes. */
struct cache_answer {
	const char *content_type;
	const void *bytes;
	size_t len;
	struct call_usage usage; /* what it cost once; a repetition costs nothing */
	uint64_t kept_ms;	 /* when */
};

struct cache;

/*
 * limit: bytes of all answers with their administration. ttl_ms: how long each is good. An answer
 * takes the place of the least recently used: of its own scope, when that has its share
 * (LIMIT_CACHE_SHARE) already, so that no agent empties the cache for the others. -ENOMEM
 */
int cache_create(size_t limit, uint64_t ttl_ms, struct cache **ret_cache);
void cache_free(struct cache *c); /* all answers must be back; NULL is allowed */

/*
 * The answer, or NULL: there is none that is still good. It stays as it is until cache_put_back(),
 * also when it leaves the cache meanwhile; what is held so is beyond `limit`.
 */
const struct cache_answer *cache_get(struct cache *c, const struct cache_key *key, uint64_t now_ms);
void cache_put_back(const struct cache_answer *answer); /* NULL is allowed */

/*
 * Keeps a copy, in the place of one of the same key.
 * whole: the provider ended it as its wire ends answers. A stream that broke off is none.
 * -EINVAL   it is not whole
 * -EMSGSIZE larger than its scope's share
 * -ENOMEM
 */
int cache_keep(struct cache *c, const struct cache_key *key, uint64_t now_ms,
	       const struct cache_answer *answer, bool whole);

struct cache_stats {
	uint64_t hits, misses, kept, evicted, expired;
	size_t answers, bytes;
};

void cache_stats(const struct cache *c, struct cache_stats *ret_stats);

#endif
