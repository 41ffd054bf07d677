// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as a proof: none, or one that writes back to the same text; and its record as a record. */
#include <errno.h>
#include <string.h>

#include "audit/proof.h"
#include "audit/record.h"
#include "tests/fuzz/fuzz.h"

static struct proof_inclusion_text inclusion;
static struct proof_consistency_text consistency;
static struct tree_hasher *hasher;
static char again[LIMIT_PROOF + 1];

static void record_try(const uint8_t *bytes, size_t len)
{
	int extent = record_extent(bytes, len), took;
	uint8_t encoded[LIMIT_RECORD];
	struct record r;

	took = record_decode(bytes, len, &r);
	HOLDS(took <= (int)len && (took <= 0 || took == extent));
	if (took > 0) {
		HOLDS(record_encode(&r, encoded, sizeof(encoded)) == took);
		HOLDS(memcmp(encoded, bytes, (size_t)took) == 0);
	}
}

/* Checked against numbers and roots that anyone may have sent: only no. */
static void proof_try(void)
{
	struct tree_head head = { .size = inclusion.index + 1 + inclusion.extra_len };
	uint8_t leaf[TREE_HASH] = { 1 };

	HOLDS(proof_check_inclusion(hasher, &inclusion.proof, inclusion.index, leaf, &head) != 0);
}

static void growth_try(void)
{
	struct tree_head from = { .size = consistency.from, .root = { 1 } };
	struct tree_head to = { .size = consistency.from * 3 + 1, .root = { 2 } };

	HOLDS(proof_check_consistency(hasher, &consistency.proof, &from, &to) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size ? size : 1);
	int grown, in;

	if (!text)
		return 0;
	if (!hasher && tree_hasher_create(&hasher) != 0)
		abort();
	memcpy(text, data, size);
	in = proof_inclusion_parse(text, size, &inclusion);
	HOLDS(in == 0 || in == -EBADMSG || in == -E2BIG || in == -ERANGE);
	if (in == 0) {
		HOLDS(proof_inclusion_encode(&inclusion, again, sizeof(again)) == (int)size);
		HOLDS(memcmp(again, text, size) == 0);
		record_try(inclusion.extra, inclusion.extra_len);
		proof_try();
	}
	grown = proof_consistency_parse(text, size, &consistency);
	HOLDS(grown == 0 || grown == -EBADMSG || grown == -E2BIG || grown == -ERANGE);
	HOLDS(grown != 0 || in != 0);
	if (grown == 0) {
		HOLDS(proof_consistency_encode(&consistency, again, sizeof(again)) == (int)size);
		HOLDS(memcmp(again, text, size) == 0);
		growth_try();
	}
	record_try(data, size);
	free(text);
	return 0;
}
