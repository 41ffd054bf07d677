// SPDX-License-Identifier: GPL-2.0-or-later
/* A moment of libFuzzer over each parser of what agents and people write; `make fuzz` takes longer. */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/prover.h"
#include "base/json.h"
#include "base/limits.h"
#include "policy/pack.h"
#include "tests/tap.h"
#include "tests/unit/log_rig.h"
#include "vault/seal.h"

#define SECONDS "12"
#define QUICKLY "6" /* what is not read before root, and one of many */

/* build/tests/fuzz/NAME, beside this program's directory. */
static bool fuzzer_path(const char *name, char *path, size_t size)
{
	ssize_t len = readlink("/proc/self/exe", path, size - 1);
	char *slash;

	if (len <= 0)
		return false;
	path[len] = '\0';
	slash = strstr(path, "/unit/");
	if (!slash || (size_t)(slash - path) + strlen(name) + 8 > size)
		return false;
	sprintf(slash, "/fuzz/%s", name);
	return access(path, X_OK) == 0;
}

static bool seed_write(const char *corpus, const char *name, const char *bytes, size_t len)
{
	char path[64];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", corpus, name);
	out = fopen(path, "w");
	return out && fwrite(bytes, 1, len, out) == len && fclose(out) == 0;
}

/* Several files in one input, as the fuzzer takes them apart; and what must not get through. */
static bool policy_seed(const char *corpus)
{
	static const char several[] =
		"name: m\nextends: 1\ninclude: [d2]\nfiles: {read: [~/.ssh]}\n\x1e"
		"name: b\nrights: [file-read, net-connect]\nfiles: {read: [/usr], deny: [~/.ssh]}\n"
		"network: {connect: ['*:80'], egress: ['*.a.b:1-2'], egress-any: [c], "
		"egress-providers: [api.openai.com], egress-private: [10.0.0.0/8]}\n\x1e"
		"rights: [-net-connect]\nfiles: {deny-names: [.env]}\n\x1e"
		"environment: {keep: [A], set: [B=1]}\ninclude: [-9]\n";
	static const char provider[] =
		"name: m\nrights: [net-connect]\nnetwork:\n  egress:\n    - api.openai.com\n";

	return seed_write(corpus, "several", several, strlen(several)) &&
	       seed_write(corpus, "provider", provider, strlen(provider));
}

/* What the fuzzer starts from, beside what it finds in `seeds`; what it finds goes with its directory. */
struct target {
	const char *name;
	bool (*seed)(const char *corpus);
	const char *seeds, *dictionary; /* below the source tree, or NULL */
	const char *seconds;		/* NULL: SECONDS */
};

static void fuzz(const struct target *t)
{
	const char *source = getenv("SRC"), *seconds = getenv("FUZZ_SECONDS");
	char fuzzer[PATH_MAX], seeds[PATH_MAX], dictionary[PATH_MAX], time[32];
	char corpus[] = "/tmp/fuzz-XXXXXX", artifacts[64], command[64];
	int status = -1;
	pid_t child;

	REQUIRE(source && fuzzer_path(t->name, fuzzer, sizeof(fuzzer)) && mkdtemp(corpus) &&
		t->seed(corpus));
	snprintf(seeds, sizeof(seeds), "%s/%s", source, t->seeds ? t->seeds : "");
	snprintf(dictionary, sizeof(dictionary), "-dict=%s/%s", source,
		 t->dictionary ? t->dictionary : "");
	snprintf(time, sizeof(time), "-max_total_time=%s",
		 seconds    ? seconds :
		 t->seconds ? t->seconds :
			      SECONDS);
	snprintf(artifacts, sizeof(artifacts), "-artifact_prefix=%s/", corpus);
	fflush(stdout);
	child = fork();
	if (child == 0) {
		/* Its own report is our diagnosis. */
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execl(fuzzer, fuzzer, time, artifacts, "-max_len=20000", "-timeout=20",
		      "-rss_limit_mb=2048", "-verbosity=0", "-print_final_stats=1", corpus,
		      t->seeds ? seeds : corpus, t->dictionary ? dictionary : NULL, NULL);
		_exit(127);
	}
	REQUIRE(child > 0 && waitpid(child, &status, 0) == child);
	CHECK_MSG(status == 0, "status %#x; the input is in %s", status, corpus);
	if (status == 0) {
		snprintf(command, sizeof(command), "rm -r %s", corpus);
		CHECK_INT(system(command), 0);
	}
}

static void the_policy_parser_takes_any_bytes(void)
{
	fuzz(&(struct target){ "policy", policy_seed, "runtime/policy/profiles",
			       "tests/fuzz/policy.dict", NULL });
}

static bool http_seed(const char *corpus)
{
	static const char chunks[] =
		"POST http://a.test:81/x?y HTTP/1.1\r\nHost: a.test:81\r\nConnection: X-A\r\n"
		"Transfer-Encoding: chunked\r\nX-A: 1\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
	static const char length[] = "PUT http://a.test HTTP/1.0\r\nContent-Length: 3\r\n"
				     "Expect: 100-continue\r\n\r\nabc";
	static const char tunnel[] = "CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]\r\n\r\n";
	static const char origin[] = "POST /v1/x?y HTTP/1.1\r\nHost: 127.0.0.1:1018\r\n"
				     "Connection: close\r\nContent-Length: 3\r\n\r\nabc";

	return seed_write(corpus, "chunks", chunks, strlen(chunks)) &&
	       seed_write(corpus, "length", length, strlen(length)) &&
	       seed_write(corpus, "tunnel", tunnel, strlen(tunnel)) &&
	       seed_write(corpus, "origin", origin, strlen(origin));
}

static void the_request_parser_takes_any_bytes(void)
{
	fuzz(&(struct target){ "http", http_seed, NULL, NULL, QUICKLY });
}

static bool chunked_seed(const char *corpus)
{
	static const char plain[] = "5\r\nhello\r\n0A\r\n0123456789\r\n0\r\n\r\nGET";
	static const char extras[] = "3;x=1\r\nabc\r\n0\r\nX: 1\r\n\r\n";

	return seed_write(corpus, "plain", plain, strlen(plain)) &&
	       seed_write(corpus, "extras", extras, strlen(extras));
}

static void the_decoder_of_chunks_takes_any_bytes(void)
{
	fuzz(&(struct target){ "chunked", chunked_seed, NULL, NULL, QUICKLY });
}

static bool answer_seed(const char *corpus)
{
	static const char length[] =
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
		"Connection: close\r\n\r\nhello";
	static const char chunks[] = "HTTP/1.1 429\r\nTransfer-Encoding: chunked\r\nX: 1\r\n\r\n";

	return seed_write(corpus, "length", length, strlen(length)) &&
	       seed_write(corpus, "chunks", chunks, strlen(chunks));
}

static void the_parser_of_answers_takes_any_bytes(void)
{
	fuzz(&(struct target){ "http_answer", answer_seed, NULL, NULL, QUICKLY });
}

static bool sse_seed(const char *corpus)
{
	static const char all[] = "\xef\xbb\xbf"
				  "event: e\r\ndata: a\ndata:b\r\r: c\nid: 1\nretry: 4\ndata\n\n";

	return seed_write(corpus, "all", all, strlen(all));
}

static void the_parser_of_events_takes_any_bytes(void)
{
	fuzz(&(struct target){ "sse", sse_seed, NULL, NULL, QUICKLY });
}

static bool scan_seed(const char *corpus)
{
	static const char body[] =
		"{\"model\":\"m\\n\\u00e9\\ud83d\\ude00\",\"usage\":{\"input_tokens\":12},"
		"\"stream_options\":{\"include_usage\":false,\"x\":[1,-2.5e3,true]},"
		"\"a\":{\"b\":{\"c\":{\"d\":null}}},\"t\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"}";

	return seed_write(corpus, "body", body, strlen(body));
}

static void the_scanner_of_bodies_takes_any_bytes(void)
{
	fuzz(&(struct target){ "llm_scan", scan_seed, NULL, NULL, QUICKLY });
}

/* What is seen in one wire or another, and what is not looked into. */
static bool reach_seed(const char *corpus)
{
	static const char *const seeds[][2] = {
		{ "openai",
		  "{\"tools\":[{\"type\":\"function\",\"function\":{\"parameters\":{\"type\":\"x\"}}},"
		  "{\"type\":\"mcp\"}],\"background\":false,\"service_tier\":\"flex\",\"input\":[{\"content\":"
		  "[{\"image_url\":\"data:image/png;base64,AA==\"},{\"file_id\":\"f\"}]}],\"conversation\":null}" },
		{ "anthropic",
		  "{\"messages\":[{\"content\":[{\"type\":\"tool_use\",\"input\":{\"ttl\":\"1h\"}},{\"source\":"
		  "{\"media_type\":\"application/pdf\"},\"cache_control\":{\"ttl\":\"1h\"}}]}],\"tools\":[{\"type\":"
		  "\"bash_20250124\"}],\"mcp_servers\":[],\"speed\":\"fast\",\"container\":{\"id\":1}}" },
		{ "gemini",
		  "{\"contents\":[{\"parts\":[{\"functionCall\":{\"args\":{\"url\":\"x\"}}},{\"fileData\":"
		  "{\"file\\u0055ri\":\"gs:\",\"mime_type\":\"audio/x\"}}]}],\"tools\":[{\"function_declarations\":"
		  "[{\"parameters\":{}}]},{\"googleSearch\":{}}],\"cached_content\":\"c\"}" },
	};
	bool written = true;
	size_t i;

	for (i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++)
		written &= seed_write(corpus, seeds[i][0], seeds[i][1], strlen(seeds[i][1]));
	return written;
}

static void what_bodies_reach_for_is_seen_in_any_bytes(void)
{
	fuzz(&(struct target){ "reach", reach_seed, NULL, "tests/fuzz/reach.dict", QUICKLY });
}

/* Two records, and extensions before and behind the name. */
static bool hello_seed(const char *corpus)
{
	static const char hello[] =
		"\x16\x03\x01\x00\x05\x01\x00\x00\x47\x03\x16\x03\x01\x00\x46\x03"
		"0123456789abcdef0123456789abcdef\0\0\x02\x13\x01\x01\0\0\x1c"
		"\0\x17\0\0\0\0\0\x0b\0\x09\0\0\x06"
		"a.test\0\x2b\0\x01\x02\0\x15\0\0";

	return seed_write(corpus, "hello", hello, sizeof(hello) - 1);
}

static void the_parser_of_client_hellos_takes_any_bytes(void)
{
	fuzz(&(struct target){ "clienthello", hello_seed, NULL, NULL, QUICKLY });
}

/* One that is whole, to be changed. */
static bool pack_seed(const char *corpus)
{
	static const char text[] =
		"name: m\nrights: [file-read, file-write, net-connect]\n"
		"files: {read: [/usr], write: [/tmp], deny: [/etc], deny-names: [.env]}\n"
		"network: {connect: ['10.0.0.0/8:80'], egress: [a.b]}\n"
		"environment: {keep: [A], set: [B=1]}\nbudgets: {tokens: 5}\n";
	const struct policy_vars vars = { .workspace = "/w", .home = "/h", .agent = "a" };
	struct policy *policy;
	struct fault fault;
	uint8_t *bytes;
	size_t len;
	bool made;

	if (policy_parse(text, strlen(text), "m", &vars, NULL, &policy, &fault))
		return false;
	made = policy_pack(policy, &bytes, &len) == 0 &&
	       seed_write(corpus, "whole", (const char *)bytes, len);
	policy_free(policy);
	free(bytes);
	return made;
}

static void unpacking_takes_any_bytes(void)
{
	fuzz(&(struct target){ "pack", pack_seed, NULL, NULL, QUICKLY });
}

#define HASH "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw="
#define NOTE                               \
	"example.com/log\n9\n" HASH "\n\n" \
	"\xe2\x80\x94 example.com/log AQIDBAUGBwg=\n"

/* A place for a log, which goes with this program. */
static void log_begin(void)
{
	static bool asked;

	if (!asked)
		atexit(log_end);
	asked = true;
	log_new();
}

static bool note_seed(const char *corpus)
{
	static const char extended[] = "example.com/log\n10\n" HASH "\nmore\n\n"
				       "\xe2\x80\x94 a AAAAAAEC\n\xe2\x80\x94 b AAAAAAED\n";
	char key[NOTE_KEY_SIZE], verifier[NOTE_VERIFIER_SIZE];

	log_begin();
	return note_key_encode(&log_key, key, sizeof(key)) > 0 &&
	       note_verifier_encode(&log_key.verifier, verifier, sizeof(verifier)) > 0 &&
	       seed_write(corpus, "key", key, strlen(key)) &&
	       seed_write(corpus, "verifier", verifier, strlen(verifier)) &&
	       seed_write(corpus, "note", NOTE, strlen(NOTE)) &&
	       seed_write(corpus, "extended", extended, strlen(extended));
}

static void the_parsers_of_notes_and_keys_take_any_bytes(void)
{
	fuzz(&(struct target){ "note", note_seed, NULL, NULL, QUICKLY });
}

/* One of a record, and one of growth. */
static bool proof_seed(const char *corpus)
{
	static const char growth[] = "old 5\n" HASH "\n" HASH "\n\n" NOTE;
	char text[16384];
	struct fault f;
	int len;

	log_begin();
	if (!log_make(9, 1 << 20, 0, 9))
		return false;
	len = prover_record(log_dir, 9, text, sizeof(text), &f);
	return len > 0 && seed_write(corpus, "record", text, (size_t)len) &&
	       seed_write(corpus, "growth", growth, strlen(growth));
}

static void the_parsers_of_proofs_take_any_bytes(void)
{
	fuzz(&(struct target){ "proof", proof_seed, NULL, NULL, QUICKLY });
}

/* All files of one that is whole. */
static bool log_seed(const char *corpus)
{
	static const char between[] = "\n%%\n";
	static char all[20000];
	const char *const files[] = { TRAIL_NAME, "00000000000000000001.leaf",
				      "00000000000000000001.seg" };
	size_t len = 0, got = 0, i;
	uint8_t *bytes;

	log_begin();
	if (!log_make(12, 1 << 20, 5, 12))
		return false;
	for (i = 0; i < 3; i++) {
		bytes = log_get(log_path(files[i]), &got);
		if (!bytes || len + got + 4 > sizeof(all)) {
			free(bytes);
			return false;
		}
		memcpy(all + len, bytes, got);
		free(bytes);
		len += got;
		if (i < 2) {
			memcpy(all + len, between, 4);
			len += 4;
		}
	}
	return seed_write(corpus, "log", all, len);
}

static void a_log_takes_any_bytes(void)
{
	fuzz(&(struct target){ "log", log_seed, NULL, NULL, QUICKLY });
}

/* One of each type that has texts of agents; of an act, and of a call. */
static bool record_seed(const char *corpus)
{
	static const uint64_t which[] = { 1, 3, 5 };
	struct record r = { .type = RECORD_EGRESS };
	uint8_t bytes[LIMIT_RECORD];
	char name[16];
	size_t i;
	int len;

	strcpy(r.u.egress.host, "example.com");
	len = record_encode(&r, bytes, sizeof(bytes));
	if (len <= 0 || !seed_write(corpus, "egress", (const char *)bytes, (size_t)len))
		return false;
	for (i = 0; i < 3; i++) {
		r = log_record(which[i]);
		len = record_encode(&r, bytes, sizeof(bytes));
		snprintf(name, sizeof(name), "record-%zu", i);
		if (len <= 0 || !seed_write(corpus, name, (const char *)bytes, (size_t)len))
			return false;
	}
	return true;
}

static void a_record_takes_any_bytes(void)
{
	fuzz(&(struct target){ "record", record_seed, NULL, NULL, QUICKLY });
}

/* One that some have, behind one that all have. */
static bool anchor_seed(const char *corpus)
{
	char text[2048];
	int len = snprintf(text, sizeof(text),
			   "agentos-anchor 1\nwhole 5 %zu\n%sunderway 6 %zu\n%staken %064d\nend\n",
			   strlen(NOTE), NOTE, strlen(NOTE), NOTE, 0);

	return seed_write(corpus, "both", text, (size_t)len);
}

static void a_state_of_anchoring_takes_any_bytes(void)
{
	fuzz(&(struct target){ "anchor", anchor_seed, NULL, NULL, QUICKLY });
}

/*
 * bpftool's own output, with bytes as numbers; a short one with bytes as texts; the longest
 * text that there may be; and events as they are, of which one has a length that is corrected.
 */
static bool event_pipe_seed(const char *corpus)
{
	static const char lost[] = "[{\"type\":2,\"cpu\":0,\"lost\":{\"id\":4,\"count\":9}},"
				   "{\"type\":9,\"data\":[\"0x80\",\"0x0f\"]}]\n";
	static const struct {
		struct agentos_event event;
		char more[2];
	} raw = { .event = { .hook = AGENTOS_HOOK_FILE_OPEN,
			     .verdict = AGENTOS_VERDICT_DENIED,
			     .object_kind = AGENTOS_OBJECT_PATH,
			     .comm = "cat",
			     .text = "/etc/shadow",
			     .text_len = 11 } };
	char path[PATH_MAX], bytes[16384], text[JSON_TEXT + 2];
	size_t len;
	FILE *in;

	snprintf(path, sizeof(path), "%s/tests/unit/event_pipe.json", getenv("SRC"));
	in = fopen(path, "re");
	if (!in)
		return false;
	len = fread(bytes, 1, sizeof(bytes), in);
	fclose(in);
	memset(text, 'a', sizeof(text));
	text[0] = text[sizeof(text) - 1] = '"';
	return len && len < sizeof(bytes) && seed_write(corpus, "sample", bytes, len) &&
	       seed_write(corpus, "lost", lost, strlen(lost)) &&
	       seed_write(corpus, "text", text, sizeof(text)) &&
	       seed_write(corpus, "event", (const char *)&raw, sizeof(raw.event)) &&
	       seed_write(corpus, "length", (const char *)&raw, sizeof(raw.event) + 2);
}

static void what_bpftool_prints_of_events_takes_any_bytes(void)
{
	fuzz(&(struct target){ "event_pipe", event_pipe_seed, NULL, NULL, QUICKLY });
}

/* A request, an answer and a stream of each wire, with calls in all of them. */
static bool wire_openai_seed(const char *corpus)
{
	static const char *const seeds[][2] = {
		{ "chat",
		  "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":\"S\"},"
		  "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"image_url\","
		  "\"image_url\":{\"url\":\"data:image/png;base64,iVBO\"}}]},{\"role\":\"assistant\","
		  "\"content\":null,\"reasoning_content\":\"r\",\"tool_calls\":[{\"id\":\"c\",\"type\":"
		  "\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},{\"role\":\"tool\","
		  "\"tool_call_id\":\"c\",\"content\":\"x\"}],\"tools\":[{\"type\":\"function\","
		  "\"function\":{\"name\":\"f\",\"parameters\":{}}}],\"tool_choice\":\"required\","
		  "\"max_tokens\":5,\"stop\":[\"z\"],\"temperature\":0.5}" },
		{ "responses",
		  "{\"model\":\"m\",\"instructions\":\"I\",\"input\":[{\"role\":\"user\",\"content\":"
		  "[{\"type\":\"input_text\",\"text\":\"a\"}]},{\"type\":\"reasoning\",\"summary\":"
		  "[{\"text\":\"s\"}],\"encrypted_content\":\"e\"},{\"type\":\"function_call\",\"call_id\":"
		  "\"c\",\"name\":\"f\",\"namespace\":\"n\",\"arguments\":\"{}\"},{\"type\":"
		  "\"function_call_output\",\"call_id\":\"c\",\"output\":\"x\"}],\"tools\":[{\"type\":"
		  "\"namespace\",\"name\":\"n\",\"tools\":[{\"type\":\"function\",\"name\":\"f\"}]}]}" },
		{ "chat-answer",
		  "{\"id\":\"i\",\"choices\":[{\"message\":{\"content\":\"a\",\"tool_calls\":"
		  "[{\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},\"finish_reason\":"
		  "\"stop\"}],\"usage\":{\"prompt_tokens\":1}}" },
		{ "custom",
		  "{\"model\":\"m\",\"input\":[{\"type\":\"additional_tools\",\"tools\":[{\"type\":"
		  "\"custom\",\"name\":\"p\"}]},{\"type\":\"custom_tool_call\",\"call_id\":\"c\","
		  "\"name\":\"p\",\"input\":\"x\"}],\"output\":[{\"type\":\"custom_tool_call\","
		  "\"name\":\"p\",\"namespace\":\"n\",\"input\":\"x\"}]}" },
		{ "responses-answer",
		  "{\"id\":\"i\",\"status\":\"incomplete\",\"output\":[{\"type\":\"message\",\"content\":"
		  "[{\"type\":\"output_text\",\"text\":\"a\"}]},{\"type\":\"function_call\",\"name\":\"f\","
		  "\"arguments\":\"{}\"}]}" },
		{ "chat-stream",
		  "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"r\",\"content\":\"a\"}}]}\n\n"
		  "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"f\","
		  "\"arguments\":\"{\"}},{\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"g\"}},"
		  "{\"index\":0,\"function\":{\"arguments\":\"}\"}}]},\"finish_reason\":\"stop\"}]}\n\n"
		  "data: [DONE]\n\n" },
		{ "responses-stream",
		  "data: {\"type\":\"response.created\",\"response\":{\"id\":\"r\"}}\n\n"
		  "data: {\"type\":\"response.output_item.added\",\"output_index\":1,\"item\":{\"type\":"
		  "\"function_call\",\"name\":\"f\"}}\n\n"
		  "data: {\"type\":\"response.output_text.delta\",\"output_index\":0,\"delta\":\"a\"}\n\n"
		  "data: {\"type\":\"response.function_call_arguments.delta\",\"output_index\":1,\"delta\":"
		  "\"{}\"}\n\n"
		  "data: {\"type\":\"response.reasoning_summary_text.delta\",\"output_index\":2,\"delta\":"
		  "\"h\"}\n\n"
		  "data: {\"type\":\"response.completed\",\"response\":{}}\n\n" },
	};
	size_t i;

	for (i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++)
		if (!seed_write(corpus, seeds[i][0], seeds[i][1], strlen(seeds[i][1])))
			return false;
	return true;
}

static void the_wires_of_openai_take_any_bytes(void)
{
	fuzz(&(struct target){ "wire_openai", wire_openai_seed, NULL, "tests/fuzz/wire_openai.dict",
			       QUICKLY });
}

/* A record as the fuzzer takes it short, a whole one, and an empty file. */
static bool vault_seed(const char *corpus)
{
	static struct vault_entry entries[2];
	const struct vault_key key = {
		.wrap = VAULT_KEY_FILE,
		.secret = { .bytes = (char[SEAL_KEY]){ 1 }, .len = SEAL_KEY }
	};
	const struct seal_random random = { .salt = { 1 }, .nonce = { 2 } };
	uint8_t file[SEAL_SIZE(0)], record[608 + 6];
	struct seal_header h;
	struct binding b;

	strcpy(entries[0].name, "groq");
	strcpy(entries[1].name, "openai");
	entry_value_set(&entries[0], "sk-key", 6, 1790000000);
	entry_value_set(&entries[1], "other", 5, 1790000000);
	if (binding_parse("api.groq.com", &b) != 0 || entry_bind(&entries[0], &b) != 0 ||
	    binding_parse("*.a.test:8443", &b) != 0 || entry_bind(&entries[0], &b) != 0 ||
	    seal_wrap(&key, NULL, &random, &h) != 0)
		return false;
	seal_close(&h, random.key, random.nonce, entries, 0, file);
	memcpy(record, &entries[0], 608);
	memcpy(record + 608, entries[0].value, 6);
	/* What the fuzzer is given is no longer than 20,000 bytes. */
	return seed_write(corpus, "record", (const char *)record, sizeof(record)) &&
	       seed_write(corpus, "entry", (const char *)entries, sizeof(entries[0])) &&
	       seed_write(corpus, "file", (const char *)file, sizeof(file)) &&
	       seed_write(corpus, "host", "*.models.example.com:8443", 25) &&
	       seed_write(corpus, "address", "127.0.0.1:11434", 15);
}

static void a_vault_takes_any_bytes(void)
{
	fuzz(&(struct target){ "vault", vault_seed, NULL, NULL, QUICKLY });
}

/* Rows of each kind, and a line of what a provider sends back. */
static bool catalog_seed(const char *corpus)
{
	static const char rows[] =
		"provider p wire=openai-chat url=https://{region}.a.test/v1 auth=sigv4 service=s "
		"region=r quirks=no-tools,alternate header=X-A:b checked=2026-11-30 # x\n"
		"provider q from=p url=http://[::1]:80/v1 auth=bearer secret=k plain=no\n"
		"model m provider=q id=a/b input=$1.25 output=2000000 cache-read=$0.1 long=5k "
		"long-input=3 long-output=4 priced=2026-11-30 until=2026-12-31 context=1M "
		"max-output=64k\nalias a model=m\nfallback m to=gpt-5,q/x\n";
	static const char date[] = "Sun, 06 Nov 1994 08:49:37 GMT";

	return seed_write(corpus, "rows", rows, strlen(rows)) &&
	       seed_write(corpus, "date", date, strlen(date)) &&
	       seed_write(corpus, "url", "https://[::1]:8443/v1", 21);
}

static void a_file_of_providers_takes_any_bytes(void)
{
	fuzz(&(struct target){ "catalog", catalog_seed, NULL, "tests/fuzz/catalog.dict", QUICKLY });
}

/* Rules with each key. */
static bool script_seed(const char *corpus)
{
	static const char answer[] =
		"# x\nrule a\n model=m*\n contains=a\\tb\n turns=1-3\n tool-result=no\n times=2\n "
		"text=${user}\\n\n text=${result}${model}\n tool=f\n arguments={\"a\": [1]}\n "
		"tool=g\n stop=tools\n input-tokens=1\n output-tokens=2\n delay-ms=1\n stream-ms=2\n "
		"piece=3\n cut=4\n",
			  error[] = "rule b\n turns=3-\n status=429\n message=m\n retry-after=1\n";

	return seed_write(corpus, "answer", answer, strlen(answer)) &&
	       seed_write(corpus, "error", error, strlen(error));
}

static void rules_of_the_scripted_model_take_any_bytes(void)
{
	fuzz(&(struct target){ "script", script_seed, NULL, "tests/fuzz/script.dict", QUICKLY });
}

/* The first letter says which of the two wires. */
static bool wire_anthropic_seed(const char *corpus)
{
	static const char *const seeds[][2] = {
		{ "request",
		  "0{\"model\":\"c\",\"max_tokens\":9,\"system\":[{\"type\":\"text\",\"text\":\"s\"}],\"messages\":["
		  "{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\","
		  "\"thinking\":\"h\",\"signature\":\"S\"},{\"type\":\"redacted_thinking\",\"data\":\"R\"},"
		  "{\"type\":\"tool_use\",\"id\":\"i:\",\"name\":\"w\",\"input\":{\"a\":1}}]},{\"role\":\"user\","
		  "\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"i:\",\"is_error\":true,\"content\":["
		  "{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/png\",\"data\":\"AA==\"}}]},"
		  "{\"type\":\"document\",\"title\":\"t\",\"source\":{\"type\":\"base64\",\"media_type\":\"text/plain\","
		  "\"data\":\"AA==\"}}]}],\"tools\":[{\"name\":\"w\",\"input_schema\":{}}],\"tool_choice\":{\"type\":"
		  "\"tool\",\"name\":\"w\"},\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2},\"output_config\":{"
		  "\"effort\":\"max\",\"format\":{\"type\":\"json_schema\",\"schema\":{}}},\"stop_sequences\":[\"x\"],"
		  "\"temperature\":1,\"stream\":true}" },
		{ "stream",
		  "0{\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"usage\":{\"input_tokens\":1}}}\n"
		  "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\"}}\n"
		  "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"signature_delta\",\"signature\":\"S\"}}\n"
		  "{\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"i\",\"name\":\"w\"}}\n"
		  "{\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{}\"}}\n"
		  "{\"type\":\"content_block_stop\",\"index\":0}\n"
		  "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":4}}\n"
		  "{\"type\":\"message_stop\"}" },
		{ "error",
		  "0{\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"m\"}}" },
		{ "a call that an error cuts",
		  "0{\"type\":\"message_start\",\"message\":{\"id\":\"m\"}}\n"
		  "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"i\",\"name\":\"w\"}}\n"
		  "{\"type\":\"error\"}" },
		{ "gemini",
		  "1{\"systemInstruction\":{\"parts\":[{\"text\":\"s\"}]},\"contents\":[{\"role\":\"user\",\"parts\":["
		  "{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":\"AA==\"}}]},{\"role\":\"model\",\"parts\":["
		  "{\"text\":\"h\",\"thought\":true},{\"functionCall\":{\"name\":\"f\",\"args\":{}},"
		  "\"thoughtSignature\":\"S\"}]},{\"role\":\"user\",\"parts\":[{\"functionResponse\":{\"name\":\"f\","
		  "\"response\":{\"output\":\"x\"}}}]}],\"tools\":[{\"functionDeclarations\":[{\"name\":\"f\","
		  "\"parameters\":{\"type\":\"STRING\",\"nullable\":true,\"maxLength\":\"3\"}}]}],\"toolConfig\":{"
		  "\"functionCallingConfig\":{\"mode\":\"ANY\",\"allowedFunctionNames\":[\"f\"]}},\"generationConfig\":"
		  "{\"stopSequences\":[\"x\"],\"thinkingConfig\":{\"thinkingLevel\":\"LOW\"},\"responseSchema\":{}}}" },
		{ "pieces",
		  "1{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"h\",\"thought\":true}]}}],\"responseId\":\"r\"}\n"
		  "{\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"f\",\"args\":{}}},"
		  "{\"text\":\"z\",\"thoughtSignature\":\"S\"}]},\"finishReason\":\"STOP\"}]}" },
	};
	bool written = true;
	size_t i;

	for (i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++)
		written &= seed_write(corpus, seeds[i][0], seeds[i][1], strlen(seeds[i][1]));
	return written;
}

static void the_wires_of_anthropic_and_gemini_take_any_bytes(void)
{
	fuzz(&(struct target){ "wire_anthropic", wire_anthropic_seed, NULL, NULL, QUICKLY });
}

/* The first letter says which wire: those of the two targets above, as this one takes them. */
static bool wires_seed(const char *corpus)
{
	static const char *const seeds[][2] = {
		{ "chat",
		  "0{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":\"S\"},{\"role\":\"assistant\","
		  "\"reasoning_content\":\"r\",\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\",\"function\":"
		  "{\"name\":\"f\",\"arguments\":\"{}\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":"
		  "\"x\"}],\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{}}}],"
		  "\"tool_choice\":\"required\",\"max_tokens\":5,\"stop\":[\"z\"]}" },
		{ "chat-stream",
		  "0{\"choices\":[{\"delta\":{\"reasoning_content\":\"r\",\"content\":\"a\"}}]}\n"
		  "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"f\","
		  "\"arguments\":\"{}\"}}]},\"finish_reason\":\"stop\"}]}\n[DONE]" },
		{ "responses",
		  "1{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":"
		  "\"a\"}]},{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"f\",\"arguments\":\"{}\"},"
		  "{\"type\":\"function_call_output\",\"call_id\":\"c\",\"output\":\"x\"}]}" },
		{ "responses-stream",
		  "1{\"type\":\"response.created\",\"response\":{\"id\":\"r\"}}\n"
		  "{\"type\":\"response.output_text.delta\",\"output_index\":0,\"delta\":\"a\"}\n"
		  "{\"type\":\"response.completed\",\"response\":{}}" },
		{ "anthropic",
		  "2{\"model\":\"c\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":"
		  "\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"i\",\"name\":\"w\",\"input\":{}}]},"
		  "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"i\",\"content\":"
		  "\"r\"}]}],\"tools\":[{\"name\":\"w\",\"input_schema\":{}}]}" },
		{ "anthropic-answer",
		  "2{\"id\":\"i\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"h\",\"signature\":\"S\"},"
		  "{\"type\":\"text\",\"text\":\"a\"}],\"stop_reason\":\"end_turn\",\"usage\":{\"output_tokens\":1}}" },
		{ "a call that an error cuts",
		  "2{\"type\":\"message_start\",\"message\":{\"id\":\"m\"}}\n"
		  "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"i\",\"name\":\"w\"}}\n"
		  "{\"type\":\"error\"}" },
		{ "gemini",
		  "3{\"contents\":[{\"role\":\"model\",\"parts\":[{\"text\":\"h\",\"thought\":true},{\"functionCall\":"
		  "{\"name\":\"f\",\"args\":{}},\"thoughtSignature\":\"S\"}]},{\"parts\":[{\"functionResponse\":"
		  "{\"name\":\"f\",\"response\":{\"output\":\"x\"}}}]}],\"tools\":[{\"functionDeclarations\":"
		  "[{\"name\":\"f\",\"parameters\":{\"type\":\"STRING\",\"nullable\":true}}]}]}" },
		{ "gemini-stream",
		  "3{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"h\",\"thought\":true}]}}]}\n"
		  "{\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"f\",\"args\":{}}},"
		  "{\"text\":\"z\",\"thoughtSignature\":\"S\"}]},\"finishReason\":\"STOP\"}]}" },
	};
	bool written = true;
	size_t i;

	for (i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++)
		written &= seed_write(corpus, seeds[i][0], seeds[i][1], strlen(seeds[i][1]));
	return written;
}

static void any_bytes_of_a_wire_are_said_in_all_wires(void)
{
	fuzz(&(struct target){ "wires", wires_seed, NULL, "tests/fuzz/wire_openai.dict", QUICKLY });
}

/* Some agents, calls and starts. */
static bool sched_seed(const char *corpus)
{
	static const char events[] =
		"\x03\x05\x01\x32\x05\x02\x42\x00\x01\x07\x01\x02\x21\x02\x00\x00"
		"\x03\x00\x00\x02\x01\x01\x07\x20\x10";

	return seed_write(corpus, "events", events, sizeof(events));
}

static void the_scheduler_takes_any_events(void)
{
	fuzz(&(struct target){ "sched", sched_seed, NULL, NULL, QUICKLY });
}

static const struct tap_test tests[] = {
	TEST(the_policy_parser_takes_any_bytes),
	TEST(the_request_parser_takes_any_bytes),
	TEST(the_decoder_of_chunks_takes_any_bytes),
	TEST(the_parser_of_answers_takes_any_bytes),
	TEST(the_parser_of_events_takes_any_bytes),
	TEST(the_scanner_of_bodies_takes_any_bytes),
	TEST(what_bodies_reach_for_is_seen_in_any_bytes),
	TEST(the_parser_of_client_hellos_takes_any_bytes),
	TEST(unpacking_takes_any_bytes),
	TEST(the_parsers_of_notes_and_keys_take_any_bytes),
	TEST(the_parsers_of_proofs_take_any_bytes),
	TEST(a_log_takes_any_bytes),
	TEST(a_record_takes_any_bytes),
	TEST(a_state_of_anchoring_takes_any_bytes),
	TEST(what_bpftool_prints_of_events_takes_any_bytes),
	TEST(the_wires_of_openai_take_any_bytes),
	TEST(a_vault_takes_any_bytes),
	TEST(rules_of_the_scripted_model_take_any_bytes),
	TEST(a_file_of_providers_takes_any_bytes),
	TEST(the_wires_of_anthropic_and_gemini_take_any_bytes),
	TEST(any_bytes_of_a_wire_are_said_in_all_wires),
	TEST(the_scheduler_takes_any_events),
};

TAP_MAIN(tests)
