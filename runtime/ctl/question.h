/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A question about the audit log, from a command line: which log, and which records of it. */
#ifndef AGENTOS_CTL_QUESTION_H
#define AGENTOS_CTL_QUESTION_H

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>

#include "audit/filter.h"
#include "audit/scan.h"
#include "base/fault.h"

struct question {
	const char *directory; /* of the log */
	struct filter *filter; /* owned */
	uint64_t since_ns, until_ns;
	uint64_t last, after; /* as of scan.h */
	bool agent, below, thorough;
};

/* What every word of `agentctl audit` that asks takes, for its table of getopt_long(). */
enum {
	QUESTION_FIRST = 1000,
	QUESTION_AGENT = QUESTION_FIRST,
	QUESTION_BELOW,
	QUESTION_DENIED,
	QUESTION_DIRECTORY,
	QUESTION_OBJECT,
	QUESTION_OPERATION,
	QUESTION_RIGHT,
	QUESTION_RULE,
	QUESTION_SINCE,
	QUESTION_TEXT,
	QUESTION_THOROUGH,
	QUESTION_TYPE,
	QUESTION_UNTIL,
	QUESTION_VERDICT,
};
/* clang-format off */
#define QUESTION_OPTIONS                                            \
	{ "agent", required_argument, NULL, QUESTION_AGENT },         \
	{ "below", no_argument, NULL, QUESTION_BELOW },               \
	{ "denied", no_argument, NULL, QUESTION_DENIED },             \
	{ "directory", required_argument, NULL, QUESTION_DIRECTORY }, \
	{ "object", required_argument, NULL, QUESTION_OBJECT },       \
	{ "operation", required_argument, NULL, QUESTION_OPERATION }, \
	{ "right", required_argument, NULL, QUESTION_RIGHT },         \
	{ "rule", required_argument, NULL, QUESTION_RULE },           \
	{ "since", required_argument, NULL, QUESTION_SINCE },         \
	{ "text", required_argument, NULL, QUESTION_TEXT },           \
	{ "thorough", no_argument, NULL, QUESTION_THOROUGH },         \
	{ "type", required_argument, NULL, QUESTION_TYPE },           \
	{ "until", required_argument, NULL, QUESTION_UNTIL },         \
	{ "verdict", required_argument, NULL, QUESTION_VERDICT }
/* clang-format on */

/* The part of a help text that tells of them, and that of the times. */
extern const char question_help[];

/* The log of AGENTOS_AUDIT_DIR, all of it. false: not enough memory, which was told. */
bool question_init(struct question *q);
void question_release(struct question *q);
/* One option from QUESTION_FIRST on. -1, or the exit status: what is wrong was told. */
int question_option(struct question *q, int option, const char *value);
/* After the last option: what does not go together is told. -1, or the exit status. */
int question_done(struct question *q);
/* As scan_open(). */
int question_scan(const struct question *q, struct scan **ret_scan, struct fault *f);
/* Digits only: a number of 64 bits. */
bool question_number(const char *text, uint64_t *ret_number);

#endif
