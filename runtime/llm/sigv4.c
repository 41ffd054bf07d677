// SPDX-License-Identifier: GPL-2.0-or-later
/* AWS Signature Version 4: the canonical request, what is signed of it, the key, the signature. */
#include "llm/sigv4.h"

#include <ctype.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/limits.h"

#define HASH	   32
#define HASH_TEXT  (2 * HASH + 1)
#define ALGORITHM  "AWS4-HMAC-SHA256"
#define PARAMETERS 64 /* of a query */

/* Those of the request, the date and the token. */
struct header_list {
	struct sigv4_header headers[LIMIT_SIGN_HEADERS + 2];
	size_t count;
};

static void hash_text(const uint8_t hash[HASH], char text[HASH_TEXT])
{
	size_t i;

	for (i = 0; i < HASH; i++)
		sprintf(text + 2 * i, "%02x", hash[i]);
}

static int hash_of(const struct iovec *pieces, size_t count, char text[HASH_TEXT])
{
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
	uint8_t hash[HASH];
	bool made = digest && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1;
	size_t i;

	for (i = 0; made && i < count; i++)
		made = !pieces[i].iov_len ||
		       EVP_DigestUpdate(digest, pieces[i].iov_base, pieces[i].iov_len) == 1;
	made = made && EVP_DigestFinal_ex(digest, hash, NULL) == 1;
	EVP_MD_CTX_free(digest);
	if (!made)
		return -EIO;
	hash_text(hash, text);
	return 0;
}

static bool is_hex(char c)
{
	return isxdigit((unsigned char)c) != 0;
}

/* What is no unreserved character and not `kept` becomes %XX; escaped: "%XX" is there already, and stays. */
static void uri_put(struct text *out, const char *at, size_t len, char kept, bool escaped)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (isalnum((unsigned char)at[i]) || strchr("-._~", at[i]) || at[i] == kept)
			text_put(out, &at[i], 1);
		else if (escaped && at[i] == '%' && i + 2 < len && is_hex(at[i + 1]) &&
			 is_hex(at[i + 2]))
			text_put(out, &at[i], 1);
		else
			text_printf(out, "%%%02X", (unsigned char)at[i]);
	}
}

/* --- the query: sorted by name, then by value, each as it is encoded --- */

struct parameter {
	const char *at;
	size_t name, len; /* of the name; of all of it */
};

static int bytes_compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return order ? order : (a_len > b_len) - (a_len < b_len);
}

static int parameter_compare(const void *a, const void *b)
{
	const struct parameter *x = a, *y = b;
	int order = bytes_compare(x->at, x->name, y->at, y->name);

	return order ? order :
		       bytes_compare(x->at + x->name, x->len - x->name, y->at + y->name,
				     y->len - y->name);
}

static int query_put(struct text *out, const char *query)
{
	struct parameter parameters[PARAMETERS] = { 0 };
	size_t count = 0, i;

	while (*query) {
		if (count == PARAMETERS)
			return -E2BIG;
		parameters[count].at = query;
		parameters[count].len = strcspn(query, "&");
		parameters[count].name = strcspn(query, "=&");
		query += parameters[count].len;
		query += *query == '&';
		count++;
	}
	qsort(parameters, count, sizeof(parameters[0]), parameter_compare);
	for (i = 0; i < count; i++) {
		if (i)
			text_string(out, "&");
		uri_put(out, parameters[i].at, parameters[i].name, '\0', true);
		text_string(out, "=");
		if (parameters[i].name < parameters[i].len)
			uri_put(out, parameters[i].at + parameters[i].name + 1,
				parameters[i].len - parameters[i].name - 1, '\0', true);
	}
	return 0;
}

/* --- headers: sorted by name, blanks in values drawn together --- */

/* Insertion keeps those of the same name in their order. */
static void list_add(struct header_list *list, const char *name, const char *value)
{
	size_t at = list->count;

	while (at > 0 && strcasecmp(list->headers[at - 1].name, name) > 0) {
		list->headers[at] = list->headers[at - 1];
		at--;
	}
	list->headers[at] = (struct sigv4_header){ name, value };
	list->count++;
}

static void name_put(struct text *out, const char *name)
{
	char c;

	for (; *name; name++) {
		c = (char)tolower((unsigned char)*name);
		text_put(out, &c, 1);
	}
}

static void value_put(struct text *out, const char *value)
{
	bool blank = false, begun = false;

	for (; *value; value++) {
		if (*value == ' ' || *value == '\t') {
			blank = true;
			continue;
		}
		if (blank && begun)
			text_put(out, " ", 1);
		text_put(out, value, 1);
		begun = true;
		blank = false;
	}
}

/* Is it of the same name as the one before it? */
static bool is_repeated(const struct sigv4_header *headers, size_t at)
{
	return at > 0 && strcasecmp(headers[at - 1].name, headers[at].name) == 0;
}

static void headers_put(struct text *out, const struct header_list *list)
{
	size_t i;

	for (i = 0; i < list->count; i++) {
		if (is_repeated(list->headers, i)) {
			text_string(out, ",");
		} else {
			if (i)
				text_string(out, "\n");
			name_put(out, list->headers[i].name);
			text_string(out, ":");
		}
		value_put(out, list->headers[i].value);
	}
	text_string(out, "\n");
}

static void names_put(struct text *out, const struct header_list *list)
{
	size_t i;

	for (i = 0; i < list->count; i++) {
		if (is_repeated(list->headers, i))
			continue;
		if (i)
			text_string(out, ";");
		name_put(out, list->headers[i].name);
	}
}

/* --- the signature --- */

static int request_hash(const struct sigv4_request *r, const struct header_list *list,
			char hash[HASH_TEXT])
{
	char body[HASH_TEXT];
	struct text t = { 0 };
	int rc = hash_of(r->body, r->body_count, body);

	if (rc)
		return rc;
	text_printf(&t, "%s\n", r->method);
	uri_put(&t, r->path, strlen(r->path), '/', false);
	text_string(&t, "\n");
	rc = r->query ? query_put(&t, r->query) : 0;
	text_string(&t, "\n");
	headers_put(&t, list);
	text_string(&t, "\n");
	names_put(&t, list);
	text_printf(&t, "\n%s", body);
	if (!rc)
		rc = text_error(&t);
	if (!rc)
		rc = hash_of(&(struct iovec){ t.bytes, t.len }, 1, hash);
	text_release(&t);
	return rc;
}

static int mac(const void *key, size_t key_len, const char *bytes, size_t len, uint8_t out[HASH])
{
	return HMAC(EVP_sha256(), key, (int)key_len, (const unsigned char *)bytes, len, out, NULL) ?
		       0 :
		       -EIO;
}

/* From the secret over day, region and service to the key of this signature. */
static int key_derive(const struct sigv4_key *key, const char *day, const struct sigv4_request *r,
		      uint8_t out[HASH])
{
	struct text first = { 0 };
	int rc;

	text_printf(&first, "AWS4%s", key->secret);
	rc = text_error(&first);
	if (!rc)
		rc = mac(first.bytes, first.len, day, strlen(day), out);
	if (!rc)
		rc = mac(out, HASH, r->region, strlen(r->region), out);
	if (!rc)
		rc = mac(out, HASH, r->service, strlen(r->service), out);
	if (!rc)
		rc = mac(out, HASH, "aws4_request", 12, out);
	if (first.bytes)
		OPENSSL_cleanse(first.bytes, first.len);
	text_release(&first);
	return rc;
}

static int date_write(int64_t now, char date[SIGV4_DATE])
{
	time_t seconds = now;
	struct tm tm;

	if (now < 0 || !gmtime_r(&seconds, &tm) || tm.tm_year > 8099)
		return -ERANGE;
	return strftime(date, SIGV4_DATE, "%Y%m%dT%H%M%SZ", &tm) == SIGV4_DATE - 1 ? 0 : -ERANGE;
}

static int scope_sign(const struct sigv4_key *key, const struct sigv4_request *r, const char *date,
		      const char *day, const char *hash, char signature[HASH_TEXT])
{
	uint8_t secret[HASH], out[HASH];
	struct text t = { 0 };
	int rc;

	text_printf(&t, ALGORITHM "\n%s\n%s/%s/%s/aws4_request\n%s", date, day, r->region,
		    r->service, hash);
	rc = text_error(&t);
	if (!rc)
		rc = key_derive(key, day, r, secret);
	if (!rc)
		rc = mac(secret, sizeof(secret), t.bytes, t.len, out);
	if (!rc)
		hash_text(out, signature);
	OPENSSL_cleanse(secret, sizeof(secret));
	text_release(&t);
	return rc;
}

int sigv4_sign(const struct sigv4_key *key, const struct sigv4_request *request,
	       char ret_date[SIGV4_DATE], struct text *authorization)
{
	char date[SIGV4_DATE], day[9], hash[HASH_TEXT], signature[HASH_TEXT];
	struct header_list list = { .count = 0 };
	size_t i;
	int rc;

	if (request->header_count > LIMIT_SIGN_HEADERS)
		return -E2BIG;
	rc = date_write(request->now, date);
	if (rc)
		return rc;
	snprintf(day, sizeof(day), "%.8s", date);
	for (i = 0; i < request->header_count; i++)
		list_add(&list, request->headers[i].name, request->headers[i].value);
	list_add(&list, "x-amz-date", date);
	if (key->token)
		list_add(&list, "x-amz-security-token", key->token);
	rc = request_hash(request, &list, hash);
	if (!rc)
		rc = scope_sign(key, request, date, day, hash, signature);
	if (rc)
		return rc;
	text_printf(authorization, ALGORITHM " Credential=%s/%s/%s/%s/aws4_request, SignedHeaders=",
		    key->id, day, request->region, request->service);
	names_put(authorization, &list);
	text_printf(authorization, ", Signature=%s", signature);
	memcpy(ret_date, date, SIGV4_DATE);
	return text_error(authorization);
}
