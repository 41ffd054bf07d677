// SPDX-License-Identifier: GPL-2.0-or-later
/* Half a minute of libFuzzer over each parser of what agents and people write; `make fuzz` takes longer. */
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
#include "policy/pack.h"
#include "tests/tap.h"
#include "tests/unit/log_rig.h"

#define SECONDS "30"
#define QUICKLY "10" /* what no agent can bring before root */

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

	return seed_write(corpus, "chunks", chunks, strlen(chunks)) &&
	       seed_write(corpus, "length", length, strlen(length)) &&
	       seed_write(corpus, "tunnel", tunnel, strlen(tunnel));
}

static void the_request_parser_takes_any_bytes(void)
{
	fuzz(&(struct target){ "http", http_seed, NULL, NULL, NULL });
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
	fuzz(&(struct target){ "clienthello", hello_seed, NULL, NULL, NULL });
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
	fuzz(&(struct target){ "pack", pack_seed, NULL, NULL, NULL });
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

static const struct tap_test tests[] = {
	TEST(the_policy_parser_takes_any_bytes),
	TEST(the_request_parser_takes_any_bytes),
	TEST(the_parser_of_client_hellos_takes_any_bytes),
	TEST(unpacking_takes_any_bytes),
	TEST(the_parsers_of_notes_and_keys_take_any_bytes),
	TEST(the_parsers_of_proofs_take_any_bytes),
	TEST(a_log_takes_any_bytes),
	TEST(a_state_of_anchoring_takes_any_bytes),
	TEST(what_bpftool_prints_of_events_takes_any_bytes),
};

TAP_MAIN(tests)
