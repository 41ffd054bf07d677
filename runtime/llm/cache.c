// SPDX-License-Identifier: GPL-2.0-or-later
/* Answers kept: a hash table, one list of all by use, and one of each scope. */
#include "llm/cache.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

#define BUCKETS 16384

/* In a ring; a list is a link that belongs to no answer. */
struct link {
	struct link *before, *after;
};

/* Who has answers; without bytes it is nobody's. */
struct scope {
	uint64_t id;
	size_t bytes;
	struct link answers; /* the least recently used first */
};

struct kept {
	struct cache_answer answer; /* first: what is handed out is this */
	uint8_t key[CACHE_KEY];
	struct kept *next; /* in its bucket; behind it among those that are gone */
	struct scope *scope;
	struct link all, own; /* in the cache's list and in the scope's */
	size_t cost;
	unsigned int holders; /* the cache, and who has it out */
	char bytes[];
};

struct cache {
	size_t limit;
	uint64_t ttl_ms;
	struct link all; /* the least recently used first */
	struct cache_stats stats;
	/* Out of the lists, and nobody holds them: to be freed when no list is gone through. */
	struct kept *gone;
	struct scope scopes[LIMIT_CACHE_SCOPES];
	struct kept *buckets[BUCKETS];
};

#define KEPT_OF(link, member) \
	((struct kept *)(void *)((char *)(link)-offsetof(struct kept, member)))

static void link_init(struct link *l)
{
	l->before = l->after = l;
}

static void link_remove(struct link *l)
{
	l->before->after = l->after;
	l->after->before = l->before;
}

/* As the most recently used. */
static void link_append(struct link *list, struct link *l)
{
	l->before = list->before;
	l->after = list;
	list->before->after = l;
	list->before = l;
}

/* --- the key --- */

static bool digest_pieces(EVP_MD_CTX *digest, const struct iovec *pieces, size_t count)
{
	uint64_t len = 0;
	uint8_t size[8];
	bool made;
	size_t i;

	for (i = 0; i < count; i++)
		len += pieces[i].iov_len;
	for (i = 0; i < 8; i++)
		size[i] = (uint8_t)(len >> 8 * i);
	made = EVP_DigestUpdate(digest, size, sizeof(size)) == 1;
	for (i = 0; made && i < count; i++)
		made = EVP_DigestUpdate(digest, pieces[i].iov_base, pieces[i].iov_len) == 1;
	return made;
}

static bool digest_part(EVP_MD_CTX *digest, const void *bytes, size_t len)
{
	return digest_pieces(digest, &(struct iovec){ (void *)bytes, len }, 1);
}

/* A shared scope's name can be no agent's: another word stands before it. */
static bool digest_scope(EVP_MD_CTX *digest, const struct cache_question *q)
{
	uint8_t agent[8];
	unsigned int i;

	if (q->shared)
		return digest_part(digest, "shared", 6) &&
		       digest_part(digest, q->shared, strlen(q->shared));
	for (i = 0; i < 8; i++)
		agent[i] = (uint8_t)(q->agent >> 8 * i);
	return digest_part(digest, "agent", 5) && digest_part(digest, agent, sizeof(agent));
}

static bool digest_call(EVP_MD_CTX *digest, const struct cache_question *q)
{
	const uint8_t kind[2] = { (uint8_t)q->wire, q->stream };

	return digest_part(digest, kind, sizeof(kind)) &&
	       digest_part(digest, q->provider, strlen(q->provider)) &&
	       digest_part(digest, q->model, strlen(q->model)) &&
	       digest_pieces(digest, q->body, q->body_count);
}

int cache_key(const struct cache_question *question, struct cache_key *ret_key)
{
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
	uint8_t scope[CACHE_KEY];
	struct cache_key key = { 0 };
	bool made;

	made = digest && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1 &&
	       digest_scope(digest, question) && EVP_DigestFinal_ex(digest, scope, NULL) == 1 &&
	       EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1 &&
	       digest_part(digest, scope, sizeof(scope)) && digest_call(digest, question) &&
	       EVP_DigestFinal_ex(digest, key.bytes, NULL) == 1;
	EVP_MD_CTX_free(digest);
	if (!made)
		return -EIO;
	memcpy(&key.scope, scope, sizeof(key.scope));
	*ret_key = key;
	return 0;
}

bool cache_may_keep(const struct call_request *request, bool always)
{
	return always || (request->temperature.given && request->temperature.value == 0);
}

/* --- what is kept --- */

int cache_create(size_t limit, uint64_t ttl_ms, struct cache **ret_cache)
{
	struct cache *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->limit = limit;
	c->ttl_ms = ttl_ms;
	link_init(&c->all);
	*ret_cache = c;
	return 0;
}

void cache_put_back(const struct cache_answer *answer)
{
	/* Only who holds it is counted there; the answer is as it was. */
	struct kept *kept = (struct kept *)(void *)answer;

	if (kept && --kept->holders == 0)
		free(kept);
}

static struct kept **bucket_of(struct cache *c, const uint8_t *key)
{
	uint32_t number;

	memcpy(&number, key, sizeof(number));
	return &c->buckets[number % BUCKETS];
}

static struct kept **kept_find(struct cache *c, const uint8_t *key)
{
	struct kept **at = bucket_of(c, key);

	while (*at && memcmp((*at)->key, key, CACHE_KEY) != 0)
		at = &(*at)->next;
	return at;
}

/* That of the id, or NULL. */
static struct scope *scope_find(struct cache *c, uint64_t id)
{
	size_t i;

	for (i = 0; i < LIMIT_CACHE_SCOPES; i++)
		if (c->scopes[i].bytes && c->scopes[i].id == id)
			return &c->scopes[i];
	return NULL;
}

/* Or one that is nobody's, for it; NULL: all are somebody's. */
static struct scope *scope_get(struct cache *c, uint64_t id)
{
	struct scope *scope = scope_find(c, id);
	size_t i;

	for (i = 0; !scope && i < LIMIT_CACHE_SCOPES; i++)
		if (!c->scopes[i].bytes)
			scope = &c->scopes[i];
	if (scope && !scope->bytes) {
		scope->id = id;
		link_init(&scope->answers);
	}
	return scope;
}

static void kept_remove(struct cache *c, struct kept *kept)
{
	struct kept **at = kept_find(c, kept->key);

	*at = kept->next;
	link_remove(&kept->all);
	link_remove(&kept->own);
	kept->scope->bytes -= kept->cost;
	c->stats.bytes -= kept->cost;
	c->stats.answers--;
	if (--kept->holders == 0) {
		kept->next = c->gone;
		c->gone = kept;
	}
}

static void gone_free(struct cache *c)
{
	struct kept *kept, *next;

	for (kept = c->gone; kept; kept = next) {
		next = kept->next;
		free(kept);
	}
	c->gone = NULL;
}

void cache_free(struct cache *c)
{
	if (!c)
		return;
	while (c->all.after != &c->all)
		kept_remove(c, KEPT_OF(c->all.after, all));
	gone_free(c);
	free(c);
}

const struct cache_answer *cache_get(struct cache *c, const struct cache_key *key, uint64_t now_ms)
{
	struct kept *kept = *kept_find(c, key->bytes);

	if (kept && now_ms > kept->answer.kept_ms && now_ms - kept->answer.kept_ms >= c->ttl_ms) {
		kept_remove(c, kept);
		gone_free(c);
		c->stats.expired++;
		kept = NULL;
	}
	if (!kept) {
		c->stats.misses++;
		return NULL;
	}
	link_remove(&kept->all);
	link_append(&c->all, &kept->all);
	link_remove(&kept->own);
	link_append(&kept->scope->answers, &kept->own);
	kept->holders++;
	c->stats.hits++;
	return &kept->answer;
}

static struct kept *kept_make(const struct cache_key *key, uint64_t now_ms,
			      const struct cache_answer *answer, size_t cost)
{
	size_t type = strlen(answer->content_type) + 1;
	struct kept *kept = malloc(cost);

	if (!kept)
		return NULL;
	memset(kept, 0, sizeof(*kept));
	memcpy(kept->key, key->bytes, CACHE_KEY);
	memcpy(kept->bytes, answer->content_type, type);
	if (answer->len)
		memcpy(kept->bytes + type, answer->bytes, answer->len);
	kept->answer = *answer;
	kept->answer.content_type = kept->bytes;
	kept->answer.bytes = kept->bytes + type;
	kept->answer.kept_ms = now_ms;
	kept->cost = cost;
	kept->holders = 1;
	return kept;
}

static void oldest_evict(struct cache *c, struct kept *oldest)
{
	kept_remove(c, oldest);
	c->stats.evicted++;
}

/* Of the scope's own first, so that the others' stay. */
static struct scope *room_make(struct cache *c, uint64_t scope_id, size_t cost)
{
	struct scope *scope;

	while ((scope = scope_find(c, scope_id)) &&
	       scope->bytes + cost > c->limit / LIMIT_CACHE_SHARE)
		oldest_evict(c, KEPT_OF(scope->answers.after, own));
	while (c->stats.bytes + cost > c->limit || c->stats.answers >= LIMIT_CACHE_ANSWERS)
		oldest_evict(c, KEPT_OF(c->all.after, all));
	while (!(scope = scope_get(c, scope_id)))
		oldest_evict(c, KEPT_OF(c->all.after, all));
	return scope;
}

int cache_keep(struct cache *c, const struct cache_key *key, uint64_t now_ms,
	       const struct cache_answer *answer, bool whole)
{
	size_t cost = sizeof(struct kept) + strlen(answer->content_type) + 1;
	struct kept *kept, **at;
	struct scope *scope;

	if (!whole)
		return -EINVAL;
	if (__builtin_add_overflow(cost, answer->len, &cost) || cost > c->limit / LIMIT_CACHE_SHARE)
		return -EMSGSIZE;
	at = kept_find(c, key->bytes);
	if (*at)
		kept_remove(c, *at);
	scope = room_make(c, key->scope, cost);
	gone_free(c);
	kept = kept_make(key, now_ms, answer, cost);
	if (!kept)
		return -ENOMEM;
	kept->scope = scope;
	at = bucket_of(c, key->bytes);
	kept->next = *at;
	*at = kept;
	link_append(&c->all, &kept->all);
	link_append(&kept->scope->answers, &kept->own);
	kept->scope->bytes += cost;
	c->stats.bytes += cost;
	c->stats.answers++;
	c->stats.kept++;
	return 0;
}

void cache_stats(const struct cache *c, struct cache_stats *ret_stats)
{
	*ret_stats = c->stats;
}
