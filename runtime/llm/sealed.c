// SPDX-License-Identifier: GPL-2.0-or-later
/* Marks before seals, so that none goes to a provider that has not made it. */
#include "llm/sealed.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int sealed_mark(const char *provider, char ret_mark[SEALED_MARK])
{
	static const char before[] = "agentos seal 1:";
	unsigned char digest[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	unsigned int size;
	size_t i;
	int err = -ENOMEM;

	if (!c)
		return -ENOMEM;
	if (EVP_DigestInit_ex(c, EVP_sha256(), NULL) &&
	    EVP_DigestUpdate(c, before, sizeof(before) - 1) &&
	    EVP_DigestUpdate(c, provider, strlen(provider)) &&
	    EVP_DigestFinal_ex(c, digest, &size)) {
		/* Letters of base64, four by four: what follows stays where it was. */
		for (i = 0; i < SEALED_MARK; i++)
			ret_mark[i] = letters[digest[i] & 63];
		err = 0;
	}
	EVP_MD_CTX_free(c);
	return err;
}

int sealed_put(struct arena *a, const char mark[SEALED_MARK], struct call_string *sealed)
{
	char *marked;

	if (!sealed->len)
		return 0;
	marked = arena_alloc(a, SEALED_MARK + sealed->len + 1);
	if (!marked)
		return -ENOMEM;
	memcpy(marked, mark, SEALED_MARK);
	memcpy(marked + SEALED_MARK, sealed->at, sealed->len);
	marked[SEALED_MARK + sealed->len] = '\0';
	*sealed = (struct call_string){ marked, SEALED_MARK + sealed->len };
	return 0;
}

static void part_keep(struct call_part *p, const char *mark)
{
	if (mark && p->sealed.len > SEALED_MARK && !memcmp(p->sealed.at, mark, SEALED_MARK)) {
		p->sealed.at += SEALED_MARK;
		p->sealed.len -= SEALED_MARK;
	} else {
		p->sealed = (struct call_string){ 0 };
	}
}

void sealed_keep(struct call_request *request, const char *mark)
{
	size_t i, j;

	for (i = 0; i < request->turn_count; i++)
		for (j = 0; j < request->turns[i].part_count; j++)
			part_keep(&request->turns[i].parts[j], mark);
}
