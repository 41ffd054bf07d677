// SPDX-License-Identifier: GPL-2.0-or-later
/* What bpftool prints of events: its own output becomes records, and nothing else does. */
#include "audit/event_pipe.h"
#include "tests/tap.h"

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "audit/render.h"

#define BOOTED 1790000000000000000ULL

struct source {
	const char *at, *end;
};

static char *sample; /* event_pipe.json: of bpftool 7.1 on Linux 6.12 */
static size_t sample_len;
static struct fault fault;

static int byte_of(void *cookie)
{
	struct source *s = cookie;

	return s->at == s->end ? -1 : (unsigned char)*s->at++;
}

/* The lines, as the log would have them, and what went wrong at the end. */
static const char *lines_of(const char *bytes, size_t len)
{
	static char *out;
	static size_t out_len;
	struct source source = { bytes, bytes + len };
	struct event_pipe_item item;
	struct event_pipe pipe;
	FILE *f;
	int rc;

	free(out);
	f = open_memstream(&out, &out_len);
	if (!f)
		exit(1);
	event_pipe_init(&pipe, byte_of, &source, BOOTED);
	while ((rc = event_pipe_next(&pipe, &item, &fault)) == 1) {
		if (item.lost)
			fprintf(f, "lost %llu\n", (unsigned long long)item.lost);
		else
			render_text(f, &item.record, false);
	}
	if (rc < 0)
		fprintf(f, "!%d", -rc);
	fclose(f);
	return out;
}

static const char *lines(const char *text)
{
	return lines_of(text, strlen(text));
}

static void the_sample_becomes_its_records(void)
{
	CHECK_STR(
		lines_of(sample, sample_len),
		"14:13:41.288  DENIED  agent(6) refuse[266] may not open /etc/shadow for reading: rule 22 of its policy denies it\n"
		"14:13:47.655  DENIED  agent(12) python3[289] may not connect to 192.0.2.1 port 443 (TCP): it lacks the right net-connect\n"
		"14:13:47.664  DENIED  agent(12) python3[289] may not signal busybox[1] with SIGKILL: it lacks the right signal-outside\n"
		"14:13:47.987  allowed agent(13) cat[291] may open /etc/locale.alias for reading\n"
		"lost 3748\n"
		"14:13:50.699  DENIED  agent(14) refuse[293] may not open /etc/shadow for reading: rule 22 of its policy denies it\n");
}

/* Other versions of bpftool have bytes as texts. */
static void bytes_may_be_texts(void)
{
	char *hex = malloc(sample_len * 8), *was;
	const char *p = sample, *end = sample + sample_len;
	size_t len = 0;

	REQUIRE(hex);
	while (p < end) {
		hex[len++] = *p++;
		if (len < 7 || memcmp(hex + len - 7, "data\":[", 7) != 0)
			continue;
		for (;;) {
			len += (size_t)sprintf(hex + len, "\"0x%02lx\"",
					       strtoul(p, (char **)&p, 10));
			if (*p == ']')
				break;
			hex[len++] = *p++;
		}
	}
	was = strdup(lines_of(sample, sample_len));
	CHECK(was && strcmp(was, lines_of(hex, len)) == 0);
	free(was);
	free(hex);
}

static void one_that_was_cut_gives_what_was_whole(void)
{
	size_t len;

	for (len = 1; len < sample_len; len += 97)
		CHECK_MSG(strstr(lines_of(sample, len), "!61"), "%zu bytes", len);
	CHECK(strstr(lines_of(sample, sample_len - 1), "lost 3748"));
	CHECK(strstr(fault.text, "killed"));
	CHECK_STR(lines(""), "");
	CHECK_STR(lines("[]\n"), "");
}

static void what_is_not_bpftools_is_refused(void)
{
	static const char *const texts[] = {
		"== @74.713949084 CPU: 1 index: 1 =====\n80 02 00 00",
		"{\"error\":\"bpf obj get\"}x",
		"hello",
		"[1]",
		"[[{}]]",
		"[\"x\"]",
		"[{\"type\":\"9\"}]",
		"[{\"type\":9}]",
		"[{\"type\":9,\"data\":[]}]",
		"[{\"type\":9,\"data\":{}}]",
		"[{\"type\":9,\"data\":[1,2,3,4,1,0,7,8,9]}]",
		"[{\"type\":9,\"data\":[256]}]",
		"[{\"type\":9,\"data\":[-1]}]",
		"[{\"type\":9,\"data\":[\"0x1\"]}]",
		"[{\"type\":9,\"data\":[\"0xzz\"]}]",
		"[{\"type\":9,\"data\":[\"80\"]}]",
		"[{\"type\":2,\"lost\":{\"count\":\"x\"}}]",
	};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		CHECK_MSG(strstr(lines(texts[i]), "!74"), "%s: %s", texts[i], lines(texts[i]));
		CHECK(strncmp(fault.text, "byte ", 5) == 0);
	}
	/* Others that perf has are passed over. */
	CHECK_STR(lines("[{\"type\":1,\"size\":40},{\"type\":2,\"lost\":{\"id\":1,\"count\":5}}]"),
		  "lost 5\n");
}

/* That there is no such map, say, comes as JSON as well, and is no output without events. */
static void what_bpftool_complains_of_is_told(void)
{
	CHECK_STR(lines("{\"error\":\"bpf obj get (/x\\u001b[2J): No such file\"}\n"), "!74");
	CHECK_STR(fault.text, "byte 50: bpftool failed: bpf obj get (/x\\x1b[2J): No such file");
	CHECK_STR(lines("[{\"type\":2,\"lost\":{\"count\":5}},{\"error\":\"poll\"}]"),
		  "lost 5\n!74");
	CHECK(strstr(fault.text, "bpftool failed: poll"));
	CHECK_STR(lines("{\"error\":5}"), "!74");
	CHECK(strstr(fault.text, "not what"));
}

/* The event's bytes, with one of them another. */
static const char *event_with(size_t at, uint8_t value)
{
	static char text[8 * sizeof(struct agentos_event)];
	struct agentos_event e = {
		.size = sizeof(e),
		.version = 1,
		.verdict = 1,
		.why = 6,
		.hook = AGENTOS_HOOK_FILE_OPEN,
		.object_kind = AGENTOS_OBJECT_PATH,
		.comm = "evil\033[2J",
		.text = "/a\033[31m",
		.text_len = 7
	};
	uint8_t *bytes = (uint8_t *)&e;
	size_t i, len;

	if (at < sizeof(e))
		bytes[at] = value;
	len = (size_t)sprintf(text, "[{\"type\":9,\"data\":[");
	for (i = 0; i < sizeof(e); i++)
		len += (size_t)sprintf(text + len, "%s%u", i ? "," : "", bytes[i]);
	sprintf(text + len, "]}]");
	return lines(text);
}

static void an_event_is_checked(void)
{
	CHECK(strstr(event_with(SIZE_MAX, 0), "evil\\x1b[2J[0] may not open /a\\x1b[31m:"));
	CHECK_STR(event_with(offsetof(struct agentos_event, version), 2), "!71");
	CHECK(strstr(fault.text, "upgrade"));
	CHECK_STR(event_with(offsetof(struct agentos_event, version), 0), "!74");
	CHECK_STR(event_with(offsetof(struct agentos_event, size), 1), "!74");
	CHECK_STR(event_with(offsetof(struct agentos_event, text_len) + 3, 255), "!74");
	CHECK_STR(event_with(offsetof(struct agentos_event, text_len) + 1, 2), "!74");
}

static void too_long_is_refused(void)
{
	size_t room = 4 * JSON_TEXT;
	char *text = malloc(room);
	size_t len;
	int i;

	REQUIRE(text);
	len = (size_t)sprintf(text, "[{\"type\":9,\"data\":[0");
	for (i = 0; i < 2000; i++)
		len += (size_t)sprintf(text + len, ",0");
	CHECK_STR(lines_of(text, len), "!74");
	len = (size_t)sprintf(text, "[{\"");
	memset(text + len, 'k', room - len);
	CHECK_STR(lines_of(text, room), "!7");
	memset(text, '[', room);
	CHECK(lines_of(text, room)[0] == '!');
	free(text);
}

static void no_change_does_harm(void)
{
	char *text = malloc(sample_len);
	unsigned int round, i;

	REQUIRE(text);
	srand(1);
	for (round = 0; round < 3000; round++) {
		memcpy(text, sample, sample_len);
		for (i = 0; i < 1 + round % 4; i++)
			text[(size_t)rand() % sample_len] = (char)("0129,]}[{\":"[rand() % 11]);
		lines_of(text, sample_len);
	}
	free(text);
}

static bool sample_read(void)
{
	const char *source = getenv("SRC");
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/unit/event_pipe.json", source ? source : ".");
	f = fopen(path, "re");
	sample = malloc(1 << 20);
	if (!f || !sample)
		return false;
	sample_len = fread(sample, 1, 1 << 20, f);
	fclose(f);
	return sample_len > 0;
}

static const struct tap_test tests[] = {
	TEST(the_sample_becomes_its_records),
	TEST(bytes_may_be_texts),
	TEST(one_that_was_cut_gives_what_was_whole),
	TEST(what_is_not_bpftools_is_refused),
	TEST(what_bpftool_complains_of_is_told),
	TEST(an_event_is_checked),
	TEST(too_long_is_refused),
	TEST(no_change_does_harm),
};

int main(int argc, char **argv)
{
	setenv("TZ", "UTC", 1);
	tzset();
	if (!sample_read())
		return 1;
	return tap_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
