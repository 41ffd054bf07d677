// SPDX-License-Identifier: GPL-2.0-or-later
/* What records say of a call's body and of its answer, without their content: digests, made when nobody waits. */
#include <openssl/evp.h>
#include <string.h>

#include "gateway/call.h"

/* Some microseconds: so long may wait what comes meanwhile. */
#define SLICE 8192

static EVP_MD_CTX *digest_create(struct gateway *g)
{
	EVP_MD_CTX *c = g->digest_count ? g->digests[--g->digest_count] : EVP_MD_CTX_new();

	if (c && EVP_DigestInit_ex(c, g->sha256, NULL))
		return c;
	EVP_MD_CTX_free(c);
	return NULL;
}

static void digest_free(struct gateway *g, EVP_MD_CTX *c)
{
	if (c && g->digest_count < GATEWAY_DIGESTS)
		g->digests[g->digest_count++] = c;
	else
		EVP_MD_CTX_free(c);
}

void call_digests_free(struct gateway *g)
{
	while (g->digest_count)
		EVP_MD_CTX_free(g->digests[--g->digest_count]);
}

/* --- the body's --- */

static bool body_slice(void *cookie)
{
	struct call *k = cookie;
	size_t left = k->body.len - k->body_digested, len = left < SLICE ? left : SLICE;

	EVP_DigestUpdate(k->body_digest, k->body.bytes + k->body_digested, len);
	k->body_digested += len;
	return len < left;
}

void call_digest_begin(struct call *k)
{
	if (k->digested || k->body_digest)
		return;
	/* What is short is not worth to be looked for completions. */
	k->body_digest = k->body.len > SLICE ? digest_create(k->gateway) : NULL;
	if (!k->body_digest) {
		call_digest_end(k);
		return;
	}
	k->digests.work = body_slice;
	k->digests.cookie = k;
	loop_idle_start(k->gateway->loop, &k->digests);
}

void call_digest_end(struct call *k)
{
	unsigned int size;

	loop_idle_cancel(&k->digests);
	if (k->digested)
		return;
	k->digested = true;
	if (!k->times.ready || !k->body.len)
		return;
	if (!k->body_digest)
		k->body_digest = digest_create(k->gateway);
	if (!k->body_digest)
		return;
	EVP_DigestUpdate(k->body_digest, k->body.bytes + k->body_digested,
			 k->body.len - k->body_digested);
	EVP_DigestFinal_ex(k->body_digest, k->request_digest, &size);
}

/* --- the answer's --- */

void call_digest_answer(struct call *k, const void *bytes, size_t len)
{
	if (!k->digest && !k->undigested)
		k->digest = digest_create(k->gateway);
	/* One of its later bytes alone would say what is not so. */
	k->undigested = !k->digest;
	if (k->digest)
		EVP_DigestUpdate(k->digest, bytes, len);
}

void call_digest_release(struct call *k)
{
	loop_idle_cancel(&k->digests);
	digest_free(k->gateway, k->body_digest);
	digest_free(k->gateway, k->digest);
}
