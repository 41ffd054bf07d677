// SPDX-License-Identifier: GPL-2.0-or-later
/* What verifying a log, making its hash files and proving a record cost on this machine, beside plain SHA-256. */
#include <errno.h>
#include <openssl/evp.h>

#include "bench.h"
#include "tests/unit/log_rig.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include "audit/prover.h"
#include "audit/verify.h"
#include "base/limits.h"

/*
 * usage: verify [RECORDS [AGENTCTL]]
 *
 * The log, of 200-byte records (1000000), is in memory where there is some.
 * Times are the process's own, so that others who use the machine disturb them
 * little; of proofs, the median of PROOFS records from all over the log, and the
 * longest. With AGENTCTL, its path, also those of `agentctl audit prove`, from
 * its start to its end, and of `agentctl --version`, which does nothing.
 */

#define RECORD 200 /* bytes of a frame */
#define PROOFS 201

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
	r.u.event.text_len = RECORD - 8 - 41 - 38 - 7 - 7;
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

static int times_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double children_spent(void)
{
	struct rusage u;

	getrusage(RUSAGE_CHILDREN, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* seq 0: only its version. */
static bool program_run(const char *program, uint64_t seq)
{
	char number[24];
	int null, status;
	pid_t child;

	snprintf(number, sizeof(number), "%llu", (unsigned long long)seq);
	child = fork();
	if (child == 0) {
		null = open("/dev/null", O_WRONLY);
		dup2(null, STDOUT_FILENO);
		if (!seq)
			execl(program, program, "--version", NULL);
		execl(program, program, "audit", "prove", "--directory", log_dir, number, NULL);
		_exit(127);
	}
	return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

/* program NULL: by the library. */
static void proofs_time(const char *what, uint64_t records, const char *program, bool version)
{
	double (*const read_clock)(void) = program ? children_spent : spent;
	static char text[LIMIT_PROOF];
	double times[PROOFS], start;
	uint64_t i, seq;
	struct fault f;

	for (i = 0; i < PROOFS; i++) {
		/* A step that comes to all parts of the log, and of its segments. */
		seq = 1 + i * 618033989 % records;
		start = read_clock();
		if (program && !program_run(program, version ? 0 : seq))
			errx(1, "agentctl failed");
		if (!program && prover_record(log_dir, seq, text, sizeof(text), &f) < 0)
			errx(1, "%s", f.text);
		times[i] = read_clock() - start;
	}
	qsort(times, PROOFS, sizeof(times[0]), times_compare);
	printf("%-12s %9.3f ms, %.3f ms the longest of %d\n", what, times[PROOFS / 2] * 1e3,
	       times[PROOFS - 1] * 1e3, PROOFS);
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
	proofs_time("prove", records, NULL, false);
	if (argc > 2) {
		proofs_time("agentctl", records, argv[2], false);
		proofs_time("--version", records, argv[2], true);
	}
	log_end();
	return 0;
}
