// SPDX-License-Identifier: GPL-2.0-or-later
/* What verifying a log costs on this machine, and making its hash files, beside plain SHA-256 of as many bytes. */
#include <errno.h>
#include <openssl/evp.h>

#include "bench.h"
#include "tests/unit/log_rig.h"

#include "audit/verify.h"

/*
 * usage: verify [RECORDS]
 *
 * The log, of 200-byte records (1000000), is in memory where there is some.
 * Times are the process's own, so that others who use the machine disturb them
 * little.
 */

#define RECORD 200 /* bytes of a frame */

static double spent(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void figure_print(const char *what, uint64_t records, double start)
{
	printf("%-12s %9.0f records per second\n", what, (double)records / (spent() - start));
}

static void log_write(uint64_t records)
{
	struct record r = { .type = RECORD_EVENT, .agent_name = "agent-1" };
	struct segment_writer *w;
	struct segment_tail tail;
	struct fault f;
	uint64_t i;
	int rc;

	r.u.event.size = sizeof(r.u.event);
	r.u.event.version = AGENTOS_EVENT_VERSION;
	strcpy(r.u.event.comm, "python3");
	r.u.event.text_len = RECORD - 8 - 39 - 126 - 7 - 7;
	memset(r.u.event.text, 'x', r.u.event.text_len);
	log_new();
	if (segment_open(log_dir, (const uint8_t *)"boot a.........", &w, &tail, &f) != 0)
		errx(1, "%s", f.text);
	for (i = 0; i < records; i++) {
		rc = segment_append(w, &r);
		if (rc == -ENOBUFS && segment_flush(w) == 0)
			rc = segment_append(w, &r);
		if (rc)
			errx(1, "append: %s", strerror(-rc));
	}
	segment_close(w);
}

static void plain_run(uint64_t records)
{
	static uint8_t bytes[RECORD * 1000];
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t hash[EVP_MAX_MD_SIZE];
	double start = spent();
	uint64_t i;

	if (!context || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1)
		errx(1, "no SHA-256");
	for (i = 0; i < records / 1000; i++)
		EVP_DigestUpdate(context, bytes, sizeof(bytes));
	EVP_DigestFinal_ex(context, hash, NULL);
	EVP_MD_CTX_free(context);
	figure_print("SHA-256", records, start);
}

int main(int argc, char **argv)
{
	uint64_t records = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
	struct verify_options options = { .verifier = &log_key.verifier };
	struct verify_result result;
	struct fault f;
	double start;
	int i;

	log_write(records);
	options.directory = log_dir;
	start = spent();
	if (!log_checkpoint(records))
		errx(1, "cannot make the hash files");
	figure_print("hash files", records, start);
	for (i = 0; i < 3; i++) {
		start = spent();
		if (verify_log(&options, &result, &f) != 0)
			errx(1, "%s", f.text);
		if (result.problem || result.covered != records)
			errx(1, "%s", result.text.text);
		figure_print("verify", records, start);
	}
	plain_run(records);
	log_end();
	return 0;
}
