// SPDX-License-Identifier: GPL-2.0-or-later
/* AWS Signature Version 4 against the vectors that AWS publishes (aws-c-auth, aws-signing-test-suite/v4). */
#include "llm/sigv4.h"

#include "base/limits.h"
#include "llm/target.h"
#include "tests/tap.h"

#define SCOPE "Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request"
#define NOW   1440938160 /* 2015-08-30T12:36:00Z */

static const struct sigv4_key example = { .id = "AKIDEXAMPLE",
					  .secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };

struct vector {
	const char *name, *method, *path, *query;
	struct sigv4_header headers[6];
	const char *body, *token;
	const char *signed_headers, *signature;
};

#define HOST                                    \
	{                                       \
		"Host", "example.amazonaws.com" \
	}

static const struct vector vectors[] = {
	{ "get-vanilla",
	  "GET",
	  "/",
	  NULL,
	  { HOST },
	  "",
	  NULL,
	  "host;x-amz-date",
	  "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31" },
	{ "post-vanilla",
	  "POST",
	  "/",
	  NULL,
	  { HOST },
	  "",
	  NULL,
	  "host;x-amz-date",
	  "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b" },
	{ "get-vanilla-query-order-key-case",
	  "GET",
	  "/",
	  "Param2=value2&Param1=value1",
	  { HOST },
	  "",
	  NULL,
	  "host;x-amz-date",
	  "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500" },
	{ "get-vanilla-utf8-query",
	  "GET",
	  "/",
	  "\xe1\x88\xb4=bar",
	  { HOST },
	  "",
	  NULL,
	  "host;x-amz-date",
	  "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04" },
	/* The same, encoded already. */
	{ "get-vanilla-utf8-query-encoded",
	  "GET",
	  "/",
	  "%E1%88%B4=bar",
	  { HOST },
	  "",
	  NULL,
	  "host;x-amz-date",
	  "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04" },
	{ "get-utf8",
	  "GET",
	  "/\xe1\x88\xb4",
	  NULL,
	  { HOST },
	  "",
	  NULL,
	  "host;x-amz-date",
	  "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85" },
	{ "get-space-unnormalized",
	  "GET",
	  "/example space/",
	  NULL,
	  { HOST },
	  "",
	  NULL,
	  "host;x-amz-date",
	  "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741" },
	{ "get-unreserved",
	  "GET",
	  "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
	  NULL,
	  { HOST },
	  "",
	  NULL,
	  "host;x-amz-date",
	  "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f" },
	{ "get-vanilla-query-order-encoded",
	  "GET",
	  "/",
	  "Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
	  { HOST },
	  "",
	  NULL,
	  "host;x-amz-date",
	  "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac" },
	{ "get-vanilla-empty-query-key",
	  "GET",
	  "/",
	  "Param1=value1",
	  { HOST },
	  "",
	  NULL,
	  "host;x-amz-date",
	  "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb" },
	{ "get-vanilla-query-unreserved",
	  "GET",
	  "/",
	  "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz="
	  "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
	  { HOST },
	  "",
	  NULL,
	  "host;x-amz-date",
	  "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197" },
	{ "get-header-key-duplicate",
	  "GET",
	  "/",
	  NULL,
	  { HOST,
	    { "My-Header1", "value2" },
	    { "My-Header1", "value2" },
	    { "My-Header1", "value1" } },
	  "",
	  NULL,
	  "host;my-header1;x-amz-date",
	  "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea" },
	{ "get-header-value-trim",
	  "GET",
	  "/",
	  NULL,
	  { HOST, { "My-Header1", " value1" }, { "My-Header2", " \"a   b   c\"" } },
	  "",
	  NULL,
	  "host;my-header1;my-header2;x-amz-date",
	  "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736" },
	{ "get-vanilla-with-session-token",
	  "GET",
	  "/",
	  NULL,
	  { HOST },
	  "",
	  "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267",
	  "host;x-amz-date;x-amz-security-token",
	  "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8" },
	{ "post-x-www-form-urlencoded",
	  "POST",
	  "/",
	  NULL,
	  { { "Content-Type", "application/x-www-form-urlencoded" },
	    HOST,
	    { "Content-Length", "13" },
	    { "x-amz-content-sha256",
	      "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e" } },
	  "Param1=value1",
	  NULL,
	  "content-length;content-type;host;x-amz-content-sha256;x-amz-date",
	  "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b" },
};

static int vector_sign(const struct vector *v, char date[SIGV4_DATE], struct text *out)
{
	struct sigv4_key key = example;
	/* In two pieces: where they are cut does not count. */
	const size_t len = strlen(v->body), half = len / 2;
	const struct iovec body[] = { { (void *)v->body, half },
				      { (void *)(v->body + half), len - half } };
	struct sigv4_request r = {
		.method = v->method,
		.path = v->path,
		.query = v->query,
		.headers = v->headers,
		.body = body,
		.body_count = 2,
		.region = "us-east-1",
		.service = "service",
		.now = NOW
	};

	while (r.header_count < 6 && v->headers[r.header_count].name)
		r.header_count++;
	key.token = v->token;
	return sigv4_sign(&key, &r, date, out);
}

static void published_vectors_are_met(void)
{
	char date[SIGV4_DATE], expected[512];
	struct text t = { 0 };
	size_t i;

	for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		snprintf(expected, sizeof(expected),
			 "AWS4-HMAC-SHA256 " SCOPE ", SignedHeaders=%s, Signature=%s",
			 vectors[i].signed_headers, vectors[i].signature);
		CHECK_INT(vector_sign(&vectors[i], date, &t), 0);
		text_put(&t, "", 1);
		CHECK_MSG(!strcmp(t.bytes, expected), "%s: %s", vectors[i].name, t.bytes);
		CHECK_STR(date, "20150830T123600Z");
		text_release(&t);
	}
}

/* Each part of a request is signed: another one has another signature. */
static void every_part_counts(void)
{
	struct vector v[] = { vectors[0], vectors[0], vectors[0], vectors[0], vectors[0] };
	char date[SIGV4_DATE], seen[5][600] = { "" };
	struct text t = { 0 };
	size_t i, k;

	v[1].method = "PUT";
	v[2].path = "/a";
	v[3].query = "a";
	v[4].body = "x";
	for (i = 0; i < 5; i++) {
		CHECK_INT(vector_sign(&v[i], date, &t), 0);
		snprintf(seen[i], sizeof(seen[i]), "%.*s", (int)t.len, t.bytes);
		text_release(&t);
		for (k = 0; k < i; k++)
			CHECK_MSG(strcmp(seen[i], seen[k]) != 0, "%zu %zu", i, k);
	}
}

/* A model's id with a colon is encoded in the path, and once more in what is signed. */
static void a_target_is_encoded_twice(void)
{
	const struct vector sent = { .method = "POST",
				     .path = "/model/a%3A0/x",
				     .headers = { HOST },
				     .body = "" };
	const struct vector raw = { .method = "POST",
				    .path = "/model/a:0/x",
				    .headers = { HOST },
				    .body = "" };
	struct text t = { 0 }, u = { 0 }, path = { 0 };
	char date[SIGV4_DATE];

	target_escape("a:0", 3, &path);
	CHECK(path.len == 5 && !memcmp(path.bytes, "a%3A0", 5));
	CHECK_INT(vector_sign(&sent, date, &t), 0);
	CHECK_INT(vector_sign(&raw, date, &u), 0);
	CHECK(t.len == u.len && memcmp(t.bytes, u.bytes, t.len) != 0);
	text_release(&t);
	text_release(&u);
	text_release(&path);
}

static void bounds_are_held(void)
{
	struct sigv4_header many[LIMIT_SIGN_HEADERS + 1];
	struct sigv4_request r = { .method = "GET",
				   .path = "/",
				   .headers = many,
				   .header_count = LIMIT_SIGN_HEADERS + 1,
				   .region = "r",
				   .service = "s",
				   .now = NOW };
	char date[SIGV4_DATE], query[200] = "";
	struct text t = { 0 };
	size_t i;

	for (i = 0; i <= LIMIT_SIGN_HEADERS; i++)
		many[i] = (struct sigv4_header){ "host", "h" };
	CHECK_INT(sigv4_sign(&example, &r, date, &t), -E2BIG);
	r.header_count--;
	CHECK_INT(sigv4_sign(&example, &r, date, &t), 0);
	r.now = -1;
	CHECK_INT(sigv4_sign(&example, &r, date, &t), -ERANGE);
	r.now = 253402300800; /* the year 10000 */
	CHECK_INT(sigv4_sign(&example, &r, date, &t), -ERANGE);
	r.now = 253402300799;
	CHECK_INT(sigv4_sign(&example, &r, date, &t), 0);
	CHECK_STR(date, "99991231T235959Z");
	for (i = 0; i < 65; i++)
		strcat(query, "a&");
	r.query = query;
	CHECK_INT(sigv4_sign(&example, &r, date, &t), -E2BIG);
	query[127] = '\0';
	CHECK_INT(sigv4_sign(&example, &r, date, &t), 0);
	text_release(&t);
	t.limit = 10;
	CHECK_INT(sigv4_sign(&example, &r, date, &t), -ENOMEM);
	text_release(&t);
}

static const struct tap_test tests[] = {
	TEST(published_vectors_are_met),
	TEST(every_part_counts),
	TEST(a_target_is_encoded_twice),
	TEST(bounds_are_held),
};

TAP_MAIN(tests)
