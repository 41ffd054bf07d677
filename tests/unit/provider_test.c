// SPDX-License-Identifier: GPL-2.0-or-later
/* Providers: rows that are read, rows that are refused in which words, and what is requested of each. */
#include "llm/target.h"
#include "policy/egress.h"
#include "tests/unit/catalog_rig.h"

#define ROW "provider p wire=openai-chat url=https://a.test/v1 auth=bearer"

static const struct provider *provider_in(struct catalog *c, const char *name)
{
	const struct provider *p = c ? catalog_provider(c, name) : NULL;

	CHECK_MSG(p, "%s: %s", name, rig_fault.text);
	return p;
}

static void what_is_built_in_is_whole(void)
{
	struct catalog *c = rig_catalog("");
	const struct provider *p;
	size_t count, wires[WIRE_COUNT] = { 0 }, auths[PROVIDER_AUTHS] = { 0 };

	REQUIRE(c);
	for (count = 0; (p = catalog_provider_at(c, count)); count++) {
		wires[p->wire]++;
		auths[p->auth]++;
		CHECK_MSG(p->auth == PROVIDER_NONE || p->url.tls, "%s: key without TLS", p->name);
		CHECK_MSG((p->auth == PROVIDER_NONE) == !p->secret, "%s: secret", p->name);
		/* Who pays past the budget must be known to the policy's table. */
		if (p->url.is_public)
			CHECK_MSG(egress_is_provider(p->url.host), "%s: %s is no provider's host",
				  p->name, p->url.host);
		CHECK(!p->where && p->line > 0);
	}
	CHECK_MSG(count >= 40, "%zu", count);
	CHECK(wires[WIRE_OPENAI_CHAT] && wires[WIRE_OPENAI_RESPONSES] && wires[WIRE_ANTHROPIC] &&
	      wires[WIRE_GEMINI]);
	for (count = 0; count < PROVIDER_AUTHS; count++)
		CHECK_MSG(auths[count], "%s", provider_auth_name((enum provider_auth)count));
	catalog_free(c);
}

static void a_row_is_read(void)
{
	struct catalog *c = rig_catalog(
		"# mine\n\n \t provider \t p.1 wire=anthropic url=https://A.Test:8443/x/v1 auth=x-api-key "
		"secret=team header=X-One:1 header=x-two:a:b=c quirks=no-system,alternate "
		"checked=2024-02-29 # and so on = \xc3\xa9\r\n");
	const struct provider *p = provider_in(c, "p.1");

	REQUIRE(p);
	CHECK_INT(p->wire, WIRE_ANTHROPIC);
	CHECK_INT(p->auth, PROVIDER_X_API_KEY);
	CHECK_STR(p->url.host, "a.test");
	CHECK_STR(p->url.path, "/x/v1");
	CHECK_INT(p->url.port, 8443);
	CHECK(p->url.tls && p->url.is_public && !p->url.literal && !p->plain && !p->missing);
	CHECK_STR(p->secret, "team");
	REQUIRE(p->header_count == 2);
	CHECK_STR(p->headers[0].name, "X-One");
	CHECK_STR(p->headers[0].value, "1");
	CHECK_STR(p->headers[1].name, "x-two");
	CHECK_STR(p->headers[1].value, "a:b=c");
	CHECK_INT(p->quirks, 1 << PROVIDER_NO_SYSTEM | 1 << PROVIDER_ALTERNATE);
	CHECK(provider_has(p, PROVIDER_NO_SYSTEM) && !provider_has(p, PROVIDER_NO_TOOLS));
	CHECK_INT(p->checked, 20240229);
	CHECK_STR(p->where, "mine");
	CHECK_INT(p->line, 3);
	CHECK(!provider_is_bounded(p));
	catalog_free(c);
}

static void how_many_calls_it_takes_is_read(void)
{
	struct catalog *c = rig_catalog(
		ROW " slots=4 queue=9 order=fair tokens-per-minute=1000000\n"
		    "provider q from=p slots=1024 order=cognitive\n"
		    "provider r wire=gemini url=https://a.test auth=none requests-per-minute=60\n");
	const struct provider *p = provider_in(c, "p"), *q = provider_in(c, "q"),
			      *r = provider_in(c, "r");

	REQUIRE(p && q && r);
	CHECK(provider_is_bounded(p) && p->slots == 4 && p->queue == 9 &&
	      p->order == PROVIDER_FAIR && p->tokens_per_min == 1000000 && !p->requests_per_min);
	CHECK(q->slots == 1024 && q->queue == 9 && q->order == PROVIDER_COGNITIVE);
	CHECK(provider_is_bounded(r) && !r->slots && r->requests_per_min == 60 &&
	      r->order == PROVIDER_FIFO);
	catalog_free(c);
	rig_refused(ROW " slots=0", "mine:1: slots=0: it is a number from 1 to 1024");
	rig_refused(ROW " slots=1025", "mine:1: slots=1025: it is a number from 1 to 1024");
	rig_refused(ROW " slots=-1", "mine:1: slots=-1: it is a number from 1 to 1024");
	rig_refused(ROW " slots=1x", "mine:1: slots=1x: it is a number from 1 to 1024");
	rig_refused(ROW " slots=1 queue=99999999999999999999",
		    "mine:1: queue=99999999999999999999: it is a number from 1 to 1024");
	rig_refused(ROW " requests-per-minute=0",
		    "mine:1: requests-per-minute=0: it is a number from 1 to 1000000000000");
	rig_refused(ROW " tokens-per-minute=1.5",
		    "mine:1: tokens-per-minute=1.5: it is a number from 1 to 1000000000000");
	rig_refused(ROW " slots=1 order=lifo",
		    "mine:1: order=lifo: it is fifo, rr, fair or cognitive");
	rig_refused(ROW " order=fair",
		    "mine:1: queue= and order= are of calls that wait: they need "
		    "slots=, requests-per-minute= or tokens-per-minute=");
	rig_refused(ROW " queue=5", "mine:1: queue= and order= are of calls that wait: they need "
				    "slots=, requests-per-minute= or tokens-per-minute=");
}

static void a_row_begins_as_another_one(void)
{
	struct catalog *c = rig_catalog(
		"provider azure from=azure resource=acme\n"
		"provider azure-eu from=azure resource=acme-eu secret=eu\n"
		"provider azure-us from=azure-eu resource=acme-us\n"
		"provider sky from=bedrock region=eu-west-1\n"
		"provider big from=vllm url=http://10.0.0.5:8000/v1\n");
	const struct provider *p = provider_in(c, "azure");

	REQUIRE(p);
	CHECK_STR(p->url.host, "acme.openai.azure.com");
	CHECK_STR(p->secret, "azure");
	CHECK(!p->missing && provider_has(p, PROVIDER_DEPLOYMENT));
	CHECK_INT(p->checked, 0);
	p = provider_in(c, "azure-eu");
	REQUIRE(p);
	CHECK_STR(p->url.host, "acme-eu.openai.azure.com");
	CHECK_STR(p->secret, "eu");
	/* A secret that was said goes on; one that was the name does not. */
	p = provider_in(c, "azure-us");
	REQUIRE(p);
	CHECK_STR(p->secret, "eu");
	p = provider_in(c, "sky");
	REQUIRE(p);
	CHECK_STR(p->url.host, "bedrock-runtime.eu-west-1.amazonaws.com");
	CHECK_STR(p->secret, "sky");
	p = provider_in(c, "big");
	REQUIRE(p);
	CHECK_STR(p->url.host, "10.0.0.5");
	CHECK(p->url.literal && !p->url.is_public && !p->url.tls && !p->secret);
	catalog_free(c);
}

static void what_the_administrator_must_say_is_missing(void)
{
	struct catalog *c = rig_catalog("");
	static const struct {
		const char *name, *missing;
	} cases[] = { { "azure", "resource" },
		      { "azure-v1", "resource" },
		      { "bedrock", "region" },
		      { "openai", NULL } };
	const struct provider *p;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		p = provider_in(c, cases[i].name);
		REQUIRE(p);
		if (cases[i].missing)
			CHECK_STR(p->missing, cases[i].missing);
		else
			CHECK(!p->missing);
	}
	catalog_free(c);
}

static void what_is_no_row_is_refused_in_one_line(void)
{
	rig_refused("\nprovidr p wire=gemini", "mine:2: no kind of row `providr`; did you mean "
					       "`provider`?");
	rig_refused("thing p", "mine:1: no kind of row `thing`; there are provider, model, alias, "
			       "fallback");
	rig_refused("provider", "mine:1: `provider` of what name? A row is KIND NAME KEY=VALUE...");
	rig_refused("provider p wire", "mine:1: `wire` is not KEY=VALUE");
	rig_refused("provider p wire=", "mine:1: `wire=` is not KEY=VALUE");
	rig_refused("provider p =gemini", "mine:1: `=gemini` is not KEY=VALUE");
	rig_refused("provider p wire=gemini\r\n",
		    "mine:1: byte 0x0d: rows are printable ASCII, and "
		    "lines end with a line feed alone");
	rig_refused("provider p wire=\xc3\xa9", "mine:1: byte 0xc3: rows are printable ASCII, and "
						"lines end with a line feed alone");
	rig_refused("provider P wire=gemini",
		    "mine:1: `P` is no name for a provider: it has at most 63 lower case letters, "
		    "digits, \"-\", \".\" and \"_\"");
	rig_refused(ROW " url=https://b.test", "mine:1: url= twice");
	rig_refused(ROW " secrt=x", "mine:1: no key `secrt`; did you mean `secret`?");
	rig_refused(ROW " zzzzzzz=x", "mine:1: no key `zzzzzzz`");
	rig_refused("provider p wier=gemini", "mine:1: no key `wier`; did you mean `wire`?");
	rig_refused("provider p wire=gemini auth=none", "mine:1: provider p has no url=");
	rig_refused(ROW "\n" ROW, "mine:2: provider p is in this file already");
	rig_refused("provider p from=nobody", "mine:1: from=nobody: there is no such provider "
					      "before it");
	rig_refused("provider p wire=gemini from=openai",
		    "mine:1: from= stands before all other keys");
}

static void what_is_no_value_is_refused_in_one_line(void)
{
	rig_refused("provider p wire=opanai-chat url=https://a auth=none",
		    "mine:1: wire=opanai-chat: no wire `opanai-chat`; did you mean `openai-chat`?");
	rig_refused("provider p wire=gemini url=https://a auth=basic",
		    "mine:1: auth=basic: no authentication `basic`; there are none, bearer, "
		    "x-api-key, x-goog-api-key, api-key, sigv4");
	rig_refused(ROW " quirks=no-tools,,no-json",
		    "mine:1: quirks=no-tools,,no-json: no quirk ``; there are "
		    "max-completion-tokens, no-stream-usage, no-system, system-role, alternate, "
		    "text-content, no-tools, no-parallel-tools, no-tool-choice, any-choice, "
		    "no-json, no-schema, no-seed, random-seed, no-penalties, no-effort, no-user, "
		    "no-store, deployment");
	rig_refused(ROW " quirks=no-tool", "mine:1: quirks=no-tool: no quirk `no-tool`; did you "
					   "mean `no-tools`?");
	rig_refused(ROW " header=Authorization:x",
		    "mine:1: header=Authorization:x: no header of that name can be added");
	rig_refused(ROW " header=X-A", "mine:1: header=X-A: a header is NAME:VALUE");
	rig_refused(ROW " header=X-A:", "mine:1: header=X-A:: a header is NAME:VALUE");
	rig_refused(ROW " region=a.b", "mine:1: region=a.b: it has at most 63 letters, digits and "
				       "\"-\"");
	rig_refused(ROW " checked=2023-02-29",
		    "mine:1: checked=2023-02-29: no day; it is written 2026-11-30");
	rig_refused(ROW " checked=2026-1-30",
		    "mine:1: checked=2026-1-30: no day; it is written 2026-11-30");
	rig_refused(ROW " checked=1900-02-29",
		    "mine:1: checked=1900-02-29: no day; it is written 2026-11-30");
	rig_refused(ROW " plain=maybe", "mine:1: plain=maybe: it is yes or no");
	rig_refused("provider p wire=gemini url=https://a.test auth=sigv4 region=r",
		    "mine:1: auth=sigv4 needs service=");
	rig_refused("provider p wire=gemini url=https://a.test auth=none quirks=deployment",
		    "mine:1: quirks=deployment is of OpenAI's wires alone");
	rig_refused(
		"provider p wire=gemini url=https://{regoin}.test auth=none",
		"mine:1: url=https://{regoin}.test: {region}, {resource} and {account} are what "
		"may stand for keys");
}

static void limits_are_held(void)
{
	char rows[3 * LIMIT_ROW], expected[128];
	size_t len, i;

	len = (size_t)sprintf(rows, "%s quirks=", ROW);
	memset(rows + len, 'a', LIMIT_ROW);
	rows[len + LIMIT_ROW] = '\0';
	snprintf(expected, sizeof(expected), "mine:1: a row has at most %d bytes", LIMIT_ROW);
	rig_refused(rows, expected);
	len = (size_t)sprintf(rows, "%s", ROW);
	for (i = 0; i < LIMIT_ROW_WORDS; i++)
		len += (size_t)sprintf(rows + len, " header=A:%zu", i);
	snprintf(expected, sizeof(expected), "mine:1: a row has at most %d words", LIMIT_ROW_WORDS);
	rig_refused(rows, expected);
	len = (size_t)sprintf(rows, "%s", ROW);
	for (i = 0; i <= LIMIT_HEADERS; i++)
		len += (size_t)sprintf(rows + len, " header=A:%zu", i);
	snprintf(expected, sizeof(expected), "mine:1: header=A:%d: at most %d headers are added",
		 LIMIT_HEADERS, LIMIT_HEADERS);
	rig_refused(rows, expected);
	/* A file that is too long. */
	{
		char *file = calloc(1, LIMIT_CATALOG_FILE + 2);
		struct catalog *c = rig_catalog("");

		REQUIRE(file && c);
		memset(file, '\n', LIMIT_CATALOG_FILE + 1);
		CHECK_INT(catalog_add(c, "long", file, LIMIT_CATALOG_FILE + 1, &rig_fault), -E2BIG);
		CHECK_INT(catalog_add(c, "long", file, LIMIT_CATALOG_FILE, &rig_fault), 0);
		catalog_free(c);
		free(file);
	}
}

static void more_rows_than_the_limit_are_refused(void)
{
	char *rows = malloc(64 * (LIMIT_CATALOG_ROWS + 8));
	struct catalog *c = rig_catalog("");
	size_t len = 0, i, there;
	int rc;

	REQUIRE(rows && c);
	for (there = 0; catalog_alias_at(c, there); there++)
		;
	for (i = 0; i + there < LIMIT_CATALOG_ROWS; i++)
		len += (size_t)sprintf(rows + len, "alias a%zu model=gpt-5\n", i);
	CHECK_INT(catalog_add(c, "many", rows, len, &rig_fault), 0);
	/* One in the place of another one is no more. */
	CHECK_INT(catalog_add(c, "again", rows, len, &rig_fault), 0);
	rc = catalog_add(c, "more", "alias one-more model=gpt-5", 26, &rig_fault);
	CHECK_INT(rc, -EBADMSG);
	CHECK_STR(rig_fault.text, "more:1: there are 4096 rows of the kind alias already");
	catalog_free(c);
	free(rows);
}

static void urls_are_read_strictly(void)
{
	static const struct {
		const char *url;
		bool plain;
		const char *fault; /* begins so; NULL: taken */
		const char *host, *path;
		int port;
	} cases[] = {
		{ "https://api.a.test", false, NULL, "api.a.test", "", 443 },
		{ "https://api.a.test./v1", false, NULL, "api.a.test", "/v1", 443 },
		{ "http://127.0.0.1:8000/v1", false, NULL, "127.0.0.1", "/v1", 8000 },
		{ "http://localhost", false, NULL, "localhost", "", 80 },
		{ "http://192.168.1.2", false, NULL, "192.168.1.2", "", 80 },
		{ "http://[::1]:9/a", false, NULL, "::1", "/a", 9 },
		{ "http://[fd00::2]/a", false, NULL, "fd00::2", "/a", 80 },
		{ "https://[2606:4700::1111]", false, NULL, "2606:4700::1111", "", 443 },
		{ "http://8.8.8.8", false, "http would", NULL, NULL, 0 },
		{ "http://8.8.8.8", true, NULL, "8.8.8.8", "", 80 },
		{ "http://vllm.internal", false, "http would", NULL, NULL, 0 },
		{ "http://vllm.internal", true, NULL, "vllm.internal", "", 80 },
		{ "http://localhost.evil.test", false, "http would", NULL, NULL, 0 },
		{ "http://127.0.0.1.evil.test", false, "http would", NULL, NULL, 0 },
		{ "http://127.1", false, "the host is no address", NULL, NULL, 0 },
		{ "http://0x7f000001", false, "the host is no address", NULL, NULL, 0 },
		{ "https://[::1", false, "no IPv6", NULL, NULL, 0 },
		{ "https://[1.2.3.4]", false, "no IPv6", NULL, NULL, 0 },
		{ "https://[fe80::1%25lo]", false, "no IPv6", NULL, NULL, 0 },
		{ "ftp://a.test", false, "a URL begins", NULL, NULL, 0 },
		{ "HTTPS://a.test", false, "a URL begins", NULL, NULL, 0 },
		{ "https:/a.test", false, "a URL begins", NULL, NULL, 0 },
		{ "https://", false, "the host is no host name", NULL, NULL, 0 },
		{ "https://u@a.test", false, "the host is no host name", NULL, NULL, 0 },
		{ "https://u:p@a.test", false, "the port", NULL, NULL, 0 },
		{ "https://a..test", false, "the host is no host name", NULL, NULL, 0 },
		{ "https://a.test:0", false, "the port", NULL, NULL, 0 },
		{ "https://a.test:", false, "the port", NULL, NULL, 0 },
		{ "https://a.test:65536", false, "the port", NULL, NULL, 0 },
		{ "https://a.test:65535", false, NULL, "a.test", "", 65535 },
		{ "https://a.test:080", false, "the port", NULL, NULL, 0 },
		{ "https://a.test:99999999999", false, "the port", NULL, NULL, 0 },
		{ "https://a.test/", false, "its path", NULL, NULL, 0 },
		{ "https://a.test/v1/", false, "its path", NULL, NULL, 0 },
		{ "https://a.test//v1", false, "its path", NULL, NULL, 0 },
		{ "https://a.test/../v1", false, "its path", NULL, NULL, 0 },
		{ "https://a.test/./v1", false, "its path", NULL, NULL, 0 },
		{ "https://a.test/.../v1", false, "its path", NULL, NULL, 0 },
		{ "https://a.test/v1?x=y", false, "\"?\" is not", NULL, NULL, 0 },
		{ "https://a.test/v1#x", false, "\"#\" is not", NULL, NULL, 0 },
		{ "https://a.test?x", false, "the host is no host name", NULL, NULL, 0 },
		{ "https://a.test/%2e", false, "its path", NULL, NULL, 0 },
		{ "https://a.test/a%2fb", false, "\"%\" is not", NULL, NULL, 0 },
		{ "https://a.test/a\\b", false, "\"\\\" is not", NULL, NULL, 0 },
	};
	struct base_url url;
	struct fault f;
	size_t i;
	int rc;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rc = base_url_parse(cases[i].url, cases[i].plain, &url, &f);
		CHECK_MSG(rc == (cases[i].fault ? -EINVAL : 0), "%s: %d", cases[i].url, rc);
		if (cases[i].fault) {
			CHECK_MSG(rc && !strncmp(f.text, cases[i].fault, strlen(cases[i].fault)),
				  "%s: %s", cases[i].url, rc ? f.text : "taken");
			continue;
		}
		if (rc)
			continue;
		CHECK_STR(url.host, cases[i].host);
		CHECK_STR(url.path, cases[i].path);
		CHECK_INT(url.port, cases[i].port);
	}
}

static void each_wire_has_its_targets(void)
{
	struct catalog *c = rig_catalog("provider azure from=azure resource=acme\n"
					"provider ar from=azure-responses resource=acme\n");
	static const struct {
		const char *provider;
		enum target_kind kind;
		const char *id, *target; /* NULL: there is none */
	} cases[] = {
		{ "openai", TARGET_CALL, "m", "/v1/chat/completions" },
		{ "openai", TARGET_STREAM, "m", "/v1/chat/completions" },
		{ "openai", TARGET_EMBED, "m", "/v1/embeddings" },
		{ "openai", TARGET_COUNT, "m", NULL },
		{ "openai-responses", TARGET_STREAM, "m", "/v1/responses" },
		{ "openai-responses", TARGET_COUNT, "m", "/v1/responses/input_tokens" },
		{ "openai-responses", TARGET_EMBED, "m", "/v1/embeddings" },
		{ "anthropic", TARGET_CALL, "m", "/v1/messages" },
		{ "anthropic", TARGET_COUNT, "m", "/v1/messages/count_tokens" },
		{ "anthropic", TARGET_EMBED, "m", NULL },
		{ "anthropic", TARGET_MODELS, "m", "/v1/models" },
		{ "gemini", TARGET_CALL, "gemini-2.5-pro",
		  "/v1beta/models/gemini-2.5-pro:generateContent" },
		{ "gemini", TARGET_STREAM, "m", "/v1beta/models/m:streamGenerateContent?alt=sse" },
		{ "gemini", TARGET_COUNT, "a/b:c?d", "/v1beta/models/a%2Fb%3Ac%3Fd:countTokens" },
		{ "perplexity", TARGET_CALL, "m", "/chat/completions" },
		{ "azure", TARGET_CALL, "my gpt",
		  "/openai/deployments/my%20gpt/chat/completions?api-version=2024-10-21" },
		{ "ar", TARGET_CALL, "m", "/openai/v1/responses" },
	};
	const struct provider *p;
	struct text t = { 0 };
	char long_id[LIMIT_TARGET + 1];
	size_t i;
	int rc;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		p = provider_in(c, cases[i].provider);
		REQUIRE(p);
		rc = target_write(p, cases[i].kind, cases[i].id, &t);
		CHECK_MSG(rc == (cases[i].target ? 0 : -EOPNOTSUPP), "%zu: %d", i, rc);
		if (cases[i].target)
			CHECK_MSG(t.len == strlen(cases[i].target) &&
					  !memcmp(t.bytes, cases[i].target, t.len),
				  "%.*s, not %s", (int)t.len, t.bytes, cases[i].target);
		text_release(&t);
	}
	memset(long_id, 'a', LIMIT_TARGET);
	long_id[LIMIT_TARGET] = '\0';
	p = provider_in(c, "gemini");
	REQUIRE(p);
	CHECK_INT(target_write(p, TARGET_CALL, long_id, &t), -ENAMETOOLONG);
	text_release(&t);
	catalog_free(c);
}

static void the_secret_goes_into_its_header(void)
{
	const char *before;

	CHECK_STR(provider_auth_header(PROVIDER_BEARER, &before), "Authorization");
	CHECK_STR(before, "Bearer ");
	CHECK_STR(provider_auth_header(PROVIDER_X_API_KEY, &before), "x-api-key");
	CHECK_STR(before, "");
	CHECK_STR(provider_auth_header(PROVIDER_X_GOOG_API_KEY, &before), "x-goog-api-key");
	CHECK_STR(provider_auth_header(PROVIDER_API_KEY, &before), "api-key");
	CHECK(!provider_auth_header(PROVIDER_SIGV4, &before));
	CHECK(!provider_auth_header(PROVIDER_NONE, &before));
}

static const struct tap_test tests[] = {
	TEST(what_is_built_in_is_whole),
	TEST(a_row_is_read),
	TEST(how_many_calls_it_takes_is_read),
	TEST(a_row_begins_as_another_one),
	TEST(what_the_administrator_must_say_is_missing),
	TEST(what_is_no_row_is_refused_in_one_line),
	TEST(what_is_no_value_is_refused_in_one_line),
	TEST(limits_are_held),
	TEST(more_rows_than_the_limit_are_refused),
	TEST(urls_are_read_strictly),
	TEST(each_wire_has_its_targets),
	TEST(the_secret_goes_into_its_header),
};

TAP_MAIN(tests)
