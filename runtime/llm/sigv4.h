/* SPDX-License-Identifier: GPL-2.0-or-later */
/* AWS Signature Version 4: requests signed with a key that never travels. Pure. */
#ifndef AGENTOS_LLM_SIGV4_H
#define AGENTOS_LLM_SIGV4_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/text.h"

struct sigv4_key {
	const char *id, *secret;
	const char *token; /* of a session; NULL: none */
};

struct sigv4_header {
	const char *name, *value;
};

/*
 * What is signed. Path and query are as they stand in the request line, %XX in upper case; the path has
 * no "." and ".." and no empty parts, as targets have none. All headers are signed, Host must be
 * among them; X-Amz-Date and X-Amz-Security-Token are not: they are added here.
 */
struct sigv4_request {
	const char *method, *path, *query; /* query without "?"; NULL: none */
	const struct sigv4_header *headers;
	size_t header_count;	  /* at most LIMIT_SIGN_HEADERS */
	const struct iovec *body; /* its pieces, one after the other */
	size_t body_count;
	const char *region, *service;
	int64_t now; /* seconds since 1970 */
};

#define SIGV4_DATE 17 /* "20150830T123600Z" and NUL */

/*
 * By "Create a signed AWS API request" of the IAM user guide, for all services but S3:
 * the path is encoded once more. Appends the value of the Authorization line;
 * ret_date is that of X-Amz-Date. X-Amz-Security-Token is the key's token, if it has one.
 * -E2BIG too many headers; -ERANGE no such time; -EIO libcrypto would not; -ENOMEM
 */
int sigv4_sign(const struct sigv4_key *key, const struct sigv4_request *request,
	       char ret_date[SIGV4_DATE], struct text *authorization);

#endif
