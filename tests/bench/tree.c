// SPDX-License-Identifier: GPL-2.0-or-later
/* What the Merkle tree costs on this machine: leaves, growth, proofs, beside plain SHA-256 of as many bytes. */
#include <openssl/evp.h>
#include <stdint.h>
#include <stdlib.h>

#include "audit/proof.h"
#include "bench.h"

/*
 * usage: tree [LEAVES]
 *
 * LEAVES are those of the tree that proofs are made from (10000000), of which
 * every hash is kept in memory. Times are the process's own, so that others who
 * use the machine disturb them little. What to look at are the shares: figures
 * per second are those of one processor.
 */

#define RECORD 200 /* bytes */
#define ROUNDS 2000000
#define TIERS  4
#define PROOFS 2000

static uint64_t counts[TIERS];
static uint8_t (*tiers[TIERS])[TREE_HASH];
static uint64_t asked;

static double spent(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must(int err, const char *what)
{
	if (err < 0)
		errx(1, "%s: %s", what, strerror(-err));
}

static int tiers_read(void *cookie, unsigned int tier, uint64_t first, unsigned int count,
		      uint8_t *hashes)
{
	asked += count;
	memcpy(hashes, tiers[tier] + first, (size_t)count * TREE_HASH);
	return 0;
}

/* Seconds for one digest over as many bytes as the records have. */
static double plain_run(void)
{
	static uint8_t records[RECORD * 1000];
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t hash[EVP_MAX_MD_SIZE];
	double start = spent();
	int i;

	if (!context || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1)
		errx(1, "no SHA-256");
	for (i = 0; i < ROUNDS / 1000; i++)
		EVP_DigestUpdate(context, records, sizeof(records));
	EVP_DigestFinal_ex(context, hash, NULL);
	EVP_MD_CTX_free(context);
	return spent() - start;
}

static double leaves_run(struct tree_hasher *h, struct tree_edge *edge)
{
	uint8_t record[RECORD] = { 0 }, hash[TREE_HASH];
	struct tree_bytes part = { record, sizeof(record) };
	double start = spent();
	uint32_t i;

	for (i = 0; i < ROUNDS; i++) {
		memcpy(record, &i, sizeof(i));
		must(tree_leaf(h, &part, 1, hash), "leaf");
		if (edge)
			must(tree_append(h, edge, hash, NULL), "append");
	}
	return spent() - start;
}

static void tree_grow(struct tree_hasher *h, uint64_t size)
{
	uint8_t leaf[TREE_HASH] = { 0 }, done[TREE_TIERS][TREE_HASH];
	struct tree_edge edge = { 0 };
	double start;
	uint64_t i;
	int k, count;

	for (k = 0; k < TIERS; k++) {
		tiers[k] = calloc((size >> (k * TREE_TIER_BITS)) + 1, TREE_HASH);
		if (!tiers[k])
			errx(1, "no memory for %llu leaves", (unsigned long long)size);
		/* Pages come before the clock runs. */
		memset(tiers[k], 1, ((size >> (k * TREE_TIER_BITS)) + 1) * TREE_HASH);
	}
	start = spent();
	for (i = 0; i < size; i++) {
		memcpy(leaf, &i, sizeof(i));
		count = tree_append(h, &edge, leaf, done);
		must(count, "append");
		for (k = 0; k < count && k < TIERS; k++)
			memcpy(tiers[k][counts[k]++], done[k], TREE_HASH);
	}
	printf("appends           %9.0f per second\n", (double)size / (spent() - start));
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void times_print(const char *what, double *times, uint64_t reads)
{
	qsort(times, PROOFS, sizeof(*times), compare);
	printf("%-17s %9.3f ms at the median, %.3f ms at most of %d, %.0f hashes read each\n", what,
	       times[PROOFS / 2] * 1e3, times[PROOFS - 1] * 1e3, PROOFS, (double)reads / PROOFS);
}

/* Proofs for places all over the tree, the last ones among them. */
static void proofs_run(struct tree_hasher *h, uint64_t size)
{
	struct tree_source source = { .size = size, .tiers = TIERS, .read = tiers_read };
	static double times[PROOFS], checks[PROOFS];
	struct tree_head head = { .size = size }, from;
	struct proof p;
	uint64_t at, reads = 0;
	double start;
	int i;

	must(tree_range_hash(h, &source, 0, size, head.root), "root");
	asked = 0;
	for (i = 0; i < PROOFS; i++) {
		at = size - 1 - (uint64_t)i * (size / PROOFS);
		start = spent();
		must(proof_inclusion(h, &source, at, size, &p), "inclusion");
		times[i] = spent() - start;
		start = spent();
		must(proof_check_inclusion(h, &p, at, tiers[0][at], &head), "check");
		checks[i] = spent() - start;
	}
	times_print("inclusion, made", times, asked);
	times_print("inclusion, check", checks, 0);
	for (i = 0; i < PROOFS; i++) {
		from.size = size - 1 - (uint64_t)i * (size / PROOFS);
		must(tree_range_hash(h, &source, 0, from.size, from.root), "root");
		asked = 0;
		start = spent();
		must(proof_consistency(h, &source, from.size, size, &p), "consistency");
		times[i] = spent() - start;
		reads += asked;
		must(proof_check_consistency(h, &p, &from, &head), "check");
	}
	times_print("consistency, made", times, reads);
}

int main(int argc, char **argv)
{
	uint64_t size = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000000;
	struct tree_edge edge = { 0 };
	struct tree_hasher *h;
	double plain, leaves, both;

	if (size < PROOFS)
		errx(2, "usage: tree [LEAVES], %d or more", PROOFS);
	must(tree_hasher_create(&h), "SHA-256");
	/* Once for nothing. */
	plain_run();
	plain = plain_run();
	leaves = leaves_run(h, NULL);
	both = leaves_run(h, &edge);
	printf("records of %d bytes; the same bytes in one SHA-256: %.0f records per second\n",
	       RECORD, ROUNDS / plain);
	printf("leaves            %9.0f per second, %3.0f %% of that\n", ROUNDS / leaves,
	       plain / leaves * 100);
	printf("leaves, appended  %9.0f per second, %3.0f %% of that\n", ROUNDS / both,
	       plain / both * 100);
	printf("tree of %llu leaves\n", (unsigned long long)size);
	tree_grow(h, size);
	proofs_run(h, size);
	tree_hasher_free(h);
	return 0;
}
