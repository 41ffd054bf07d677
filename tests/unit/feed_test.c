// SPDX-License-Identifier: GPL-2.0-or-later
/* A denial feed: its lines, its counts and its bounds, whatever is refused and whenever the writer dies. */
#include "audit/feed.h"
#include "tests/tap.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "audit/denial.h"
#include "base/limits.h"
#include "policy/egress.h"

static char directory[64];
static struct feed_place place;
static const struct record begin = { .seq = 0, .time_ns = 1700000000123456789 };

static void place_make(void)
{
	strcpy(directory, "/tmp/feed_test.XXXXXX");
	if (!mkdtemp(directory))
		exit(1);
	place.dir = open(directory, O_RDONLY | O_DIRECTORY);
	place.path = "/run/agentos/denials";
	if (place.dir < 0)
		exit(1);
}

static void place_remove(void)
{
	CHECK_INT(rmdir(directory), 0);
	close(place.dir);
}

/* Caller frees. */
static char *content(const char *name)
{
	char *text = calloc(1, (size_t)1 << 20);
	int fd = openat(place.dir, name, O_RDONLY);

	if (!text || fd < 0 || read(fd, text, (1 << 20) - 1) < 0)
		exit(1);
	close(fd);
	return text;
}

static size_t lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static struct record denial(unsigned int hook, unsigned int why, unsigned int kind,
			    const char *text)
{
	struct record r = { .seq = 17,
			    .time_ns = 1700000000123456789,
			    .type = RECORD_EVENT,
			    .agent_name = "coder" };
	struct agentos_event *e = &r.u.event;

	e->verdict = AGENTOS_VERDICT_DENIED;
	e->why = (uint8_t)why;
	e->hook = (uint16_t)hook;
	e->object_kind = (uint16_t)kind;
	e->rule = AGENTOS_RULE_NONE;
	e->access = AGENTOS_FILE_READ;
	e->agent = 7;
	e->tgid = e->tid = 431;
	strcpy(e->comm, "cat");
	snprintf(e->text, sizeof(e->text), "%s", text);
	e->text_len = (uint32_t)strlen(e->text);
	return r;
}

static char line[LIMIT_FEED_LINE];

static const char *said(const struct record *r)
{
	FILE *out = fmemopen(line, sizeof(line), "w");

	denial_line(out, r, 7);
	fclose(out);
	return line;
}

#define HEAD "2023-11-14T22:13:20Z #17 denied: "

static void the_gateways_refusals_are_told_as_well(void)
{
	struct record r = { .seq = 17, .time_ns = 1700000000123456789, .type = RECORD_EGRESS };
	struct record again;

	r.u.egress.agent = 7;
	r.u.egress.outcome = EGRESS_DENIED;
	r.u.egress.why = EGRESS_WHY_NO_RULE;
	r.u.egress.port = 443;
	r.u.egress.tunnel = 1;
	strcpy(r.u.egress.host, "example.net");
	CHECK_STR(said(&r), HEAD
		  "the gateway: it may not reach example.net port 443 by a tunnel: no "
		  "rule names this host and port; ask for: egress to example.net port "
		  "443\n");
	again = r;
	again.seq = 18;
	CHECK(denial_same(&r, &again));
	again.u.egress.port = 80;
	CHECK(!denial_same(&r, &again));
	again = r;
	again.type = RECORD_EVENT;
	CHECK(!denial_same(&r, &again));
	/* Of one below it. */
	r.u.egress.agent = 9;
	strcpy(r.agent_name, "sub");
	CHECK_STR(said(&r), HEAD
		  "sub-agent sub(9): the gateway: it may not reach example.net port 443 by a "
		  "tunnel: no rule names this host and port; ask for: egress to example.net "
		  "port 443\n");
}

static void a_line_says_what_was_refused_and_what_to_ask_for(void)
{
	static const struct {
		unsigned int hook, why, kind;
		const char *text;
		uint32_t rule, access;
		uint64_t right;
		const char *expected;
	} rows[] = {
		{ AGENTOS_HOOK_FILE_OPEN, AGENTOS_WHY_NO_RULE, AGENTOS_OBJECT_PATH, "/etc/shadow",
		  AGENTOS_RULE_NONE, AGENTOS_FILE_READ, 0,
		  "cat may not open /etc/shadow for reading: no rule of its policy allows it; "
		  "ask for: read of /etc/shadow" },
		{ AGENTOS_HOOK_FILE_OPEN, AGENTOS_WHY_RULE, AGENTOS_OBJECT_PATH, "/w/.env", 12,
		  AGENTOS_FILE_READ | AGENTOS_FILE_WRITE, 0,
		  "cat may not open /w/.env for reading and writing: rule 12 of its policy denies "
		  "it; it is denied on purpose; ask for: read and write of /w/.env" },
		{ AGENTOS_HOOK_EXEC, AGENTOS_WHY_NO_RULE, AGENTOS_OBJECT_PATH, "/w/a b",
		  AGENTOS_RULE_NONE, AGENTOS_FILE_EXEC, 0,
		  "cat may not execute \"/w/a b\": no rule of its policy allows it; "
		  "ask for: exec of \"/w/a b\"" },
		{ AGENTOS_HOOK_CREATE, AGENTOS_WHY_NO_RULE, AGENTOS_OBJECT_PATH, "/w/new",
		  AGENTOS_RULE_NONE, AGENTOS_FILE_WRITE, 0,
		  "cat may not create /w/new: no rule of its policy allows it; "
		  "ask for: write of /w/new" },
		{ AGENTOS_HOOK_USERNS, AGENTOS_WHY_RIGHT, AGENTOS_OBJECT_NONE, "",
		  AGENTOS_RULE_NONE, 0, AGENTOS_RIGHT(NAMESPACES),
		  "cat may not make a user namespace: it lacks the right namespaces; "
		  "ask for: the right namespaces" },
		{ AGENTOS_HOOK_FILE_OPEN, AGENTOS_WHY_RIGHT, AGENTOS_OBJECT_PATH, "/x",
		  AGENTOS_RULE_NONE, AGENTOS_FILE_WRITE,
		  AGENTOS_RIGHT(FILE_READ) | AGENTOS_RIGHT(FILE_WRITE),
		  "cat may not open /x for writing: it lacks the right file-read, file-write; "
		  "ask for: the rights file-read and file-write" },
		{ AGENTOS_HOOK_UNIX_STREAM, AGENTOS_WHY_NO_RULE, AGENTOS_OBJECT_UNIX, "/run/x.sock",
		  AGENTOS_RULE_NONE, AGENTOS_FILE_CONNECT, 0,
		  "cat may not connect to Unix socket /run/x.sock: no rule of its policy allows "
		  "it; ask for: connect to Unix socket /run/x.sock" },
		{ AGENTOS_HOOK_RENAME, AGENTOS_WHY_WIDER, AGENTOS_OBJECT_PATH, "/w/x",
		  AGENTOS_RULE_NONE, AGENTOS_FILE_WRITE, 0,
		  "cat may not rename /w/x: under the new name its policy would allow more; "
		  "copy it instead" },
		{ AGENTOS_HOOK_RENAME, AGENTOS_WHY_HOLDS, AGENTOS_OBJECT_PATH, "/w/x",
		  AGENTOS_RULE_NONE, AGENTOS_FILE_WRITE, 0,
		  "cat may not rename /w/x: rules of its policy stand on it or below, and would "
		  "not move with its name; leave it where it is" },
		{ AGENTOS_HOOK_DELETE, AGENTOS_WHY_RULE, AGENTOS_OBJECT_PATH, "/run/f",
		  AGENTOS_RULE_FEED, AGENTOS_FILE_WRITE, 0,
		  "cat may not delete /run/f: of the denial feeds an agent may only read its own; "
		  "do not try again: no policy allows this" },
		{ AGENTOS_HOOK_TTY_INJECT, AGENTOS_WHY_NEVER, AGENTOS_OBJECT_NUMBER, "",
		  AGENTOS_RULE_NONE, 0, 0,
		  "cat may not type into terminal by request 0x0: no agent may, whatever its "
		  "rights; do not try again: no policy allows this" },
		{ AGENTOS_HOOK_FILE_OPEN, AGENTOS_WHY_UNRESOLVED, AGENTOS_OBJECT_PATH, "/deep",
		  AGENTOS_RULE_NONE, AGENTOS_FILE_READ, 0,
		  "cat may not open /deep for reading: what this is could not be determined; "
		  "try another path to it" },
		{ AGENTOS_HOOK_SOCKET_CREATE, AGENTOS_WHY_UNCOUNTED, AGENTOS_OBJECT_NUMBER, "",
		  AGENTOS_RULE_NONE, 0, 0,
		  "cat may not make a socket of family AF_UNSPEC, type 0: its network bytes are "
		  "limited, and would not be counted there; use TCP or UDP, and sockets made "
		  "here" },
		{ AGENTOS_HOOK_FILE_OPEN, AGENTOS_WHY_UNRECORDED, AGENTOS_OBJECT_PATH, "/x",
		  AGENTOS_RULE_NONE, AGENTOS_FILE_READ, 0,
		  "cat may not open /x for reading: there was no room to record it, and its policy "
		  "wants all recorded; wait a moment, and try again" },
		{ AGENTOS_HOOK_FILE_OPEN, 99, AGENTOS_OBJECT_PATH, "/x", AGENTOS_RULE_NONE,
		  AGENTOS_FILE_READ, 0,
		  "cat may not open /x for reading: reason number 99, which this program does not "
		  "know; ask whoever runs this agent" },
	};
	struct record r;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		r = denial(rows[i].hook, rows[i].why, rows[i].kind, rows[i].text);
		r.u.event.rule = rows[i].rule;
		r.u.event.access = rows[i].access;
		r.u.event.right = rows[i].right;
		said(&r);
		line[strcspn(line, "\n")] = '\0';
		CHECK_MSG(strncmp(line, HEAD, strlen(HEAD)) == 0, "%s", line);
		CHECK_STR(line + strlen(HEAD), rows[i].expected);
	}
	r = denial(AGENTOS_HOOK_SOCKET_CONNECT, AGENTOS_WHY_NO_RULE, AGENTOS_OBJECT_INET, "");
	r.u.event.family = AF_INET;
	r.u.event.port = 443;
	r.u.event.protocol = IPPROTO_TCP;
	inet_pton(AF_INET, "192.0.2.1", r.u.event.addr);
	CHECK_STR(said(&r), HEAD
		  "cat may not connect to 192.0.2.1 port 443 (TCP): no rule of its "
		  "policy allows it; ask for: connect to 192.0.2.1 port 443 (TCP)\n");
	r.u.event.agent = 8;
	strcpy(r.agent_name, "coder.tests");
	said(&r);
	CHECK_MSG(strncmp(line + strlen(HEAD), "sub-agent coder.tests(8): cat may not",
			  strlen("sub-agent coder.tests(8): cat may not")) == 0,
		  "%s", line);
}

static void bytes_that_act_are_escaped_and_make_no_line(void)
{
	struct record r =
		denial(AGENTOS_HOOK_FILE_OPEN, AGENTOS_WHY_NO_RULE, AGENTOS_OBJECT_PATH,
		       "/w/x\n2026-01-01T00:00:00Z #9 denied: no\033]0;t\007\xc2\x9b\xff");
	const char *p;

	strcpy(r.u.event.comm, "a\nb\033[2J");
	strcpy(r.agent_name, "n\nn");
	r.u.event.agent = 8;
	said(&r);
	CHECK_INT(lines(line), 1);
	for (p = line; *p != '\n'; p++)
		CHECK_MSG(*p >= 0x20 && *p < 0x7f, "byte %02x", (unsigned char)*p);
	CHECK(strstr(line, "\"/w/x\\x0a2026-01-01T00:00:00Z #9 denied: no\\x1b]0;t"));
}

static void every_number_fits_a_line(void)
{
	struct record r;
	unsigned int hook, why, kind;

	for (hook = 0; hook <= AGENTOS_HOOK_COUNT; hook++) {
		for (why = 0; why < 12; why++) {
			for (kind = 0; kind < 9; kind++) {
				r = denial(hook, why, kind, "");
				memset(r.u.event.text, 0x1b, sizeof(r.u.event.text) - 1);
				r.u.event.text_len = sizeof(r.u.event.text) - 1;
				r.u.event.right = ~0ULL;
				said(&r);
				CHECK_INT(lines(line), 1);
				CHECK_INT(denial_number(line, strlen(line) - 1), 17);
			}
		}
	}
}

static void numbers_are_read_from_our_lines_only(void)
{
	static const struct {
		const char *line;
		uint64_t number;
	} rows[] = {
		{ "2023-11-14T22:13:20Z #17 denied: x", 17 },
		{ "2023-11-14T22:13:20Z #18446744073709551615 the same again", UINT64_MAX },
		{ "2023-11-14T22:13:20Z #17", 0 },
		{ "2023-11-14T22:13:20Z # x", 0 },
		{ "(older denials are in x, those before them are not kept)", 0 },
		{ "2023-11-14T22:13:20Z", 0 },
		{ "", 0 },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_MSG(denial_number(rows[i].line, strlen(rows[i].line)) == rows[i].number, "%s",
			  rows[i].line);
}

static void the_same_is_counted_in_one_line(void)
{
	struct record r =
		denial(AGENTOS_HOOK_FILE_OPEN, AGENTOS_WHY_NO_RULE, AGENTOS_OBJECT_PATH, "/a");
	struct feed *f = NULL;
	char *text;
	int i;

	place_make();
	REQUIRE(feed_create(&place, "7", geteuid(), &begin, &f) == 0);
	for (i = 0; i < 120; i++) {
		r.seq++;
		r.u.event.tgid = i;
		CHECK_INT(feed_add(f, &r, 7, LIMIT_FEED), 0);
		if (i % 7 == 0)
			CHECK_INT(feed_flush(f), 0);
	}
	CHECK_INT(feed_flush(f), 0);
	CHECK_INT(feed_number(f), 17 + 120);
	text = content("7");
	CHECK_INT(lines(text), 2);
	CHECK_MSG(strstr(text, "\n2023-11-14T22:13:20Z #137 the same again, 119 times more\n"),
		  "%s", text);
	free(text);
	/* Another one in between: the count stands, and begins anew. */
	r.seq++;
	strcpy(r.u.event.text, "/b");
	CHECK_INT(feed_add(f, &r, 7, LIMIT_FEED), 0);
	r.seq++;
	CHECK_INT(feed_add(f, &r, 7, LIMIT_FEED), 0);
	r.seq++;
	strcpy(r.u.event.text, "/a");
	CHECK_INT(feed_add(f, &r, 7, LIMIT_FEED), 0);
	CHECK_INT(feed_flush(f), 0);
	text = content("7");
	CHECK_INT(lines(text), 5);
	CHECK(strstr(text, "#139 the same again, 1 time more\n"));
	free(text);
	feed_remove(f);
	place_remove();
}

static void what_the_kernel_counted_is_added(void)
{
	struct record r =
		denial(AGENTOS_HOOK_FILE_OPEN, AGENTOS_WHY_NO_RULE, AGENTOS_OBJECT_PATH, "/a");
	struct record counted = { .type = RECORD_LIFECYCLE, .time_ns = r.time_ns };
	struct agentos_lifecycle *l = &counted.u.lifecycle;
	struct feed *f = NULL;
	char *text;

	l->type = AGENTOS_LIFECYCLE_REPEATED;
	l->reason = AGENTOS_VERDICT_DENIED;
	l->agent = r.u.event.agent;
	l->count = 4983;
	place_make();
	REQUIRE(feed_create(&place, "7", geteuid(), &begin, &f) == 0);
	CHECK_INT(feed_add(f, &r, 7, LIMIT_FEED), 0);
	r.seq++;
	r.u.event.time_ns = l->since_ns = 99;
	CHECK_INT(feed_add(f, &r, 7, LIMIT_FEED), 0);
	counted.seq = r.seq + 1;
	CHECK_INT(feed_add(f, &counted, 7, LIMIT_FEED), 0);
	CHECK_INT(feed_flush(f), 0);
	CHECK_INT(feed_number(f), counted.seq);
	text = content("7");
	CHECK_INT(lines(text), 2);
	CHECK_MSG(strstr(text, " the same again, 4984 times more\n"), "%s", text);
	free(text);
	/* Of another time, or other acts: lines of their own. */
	l->since_ns = 98;
	l->count = 1;
	counted.seq++;
	CHECK_INT(feed_add(f, &counted, 7, LIMIT_FEED), 0);
	l->code = AGENTOS_REPEATED_OTHERS;
	l->count = 12;
	counted.seq++;
	CHECK_INT(feed_add(f, &counted, 7, LIMIT_FEED), 0);
	text = content("7");
	CHECK_INT(lines(text), 4);
	CHECK(strstr(text,
		     " denied: the same again and again, in a line near this one: 1 time more\n"));
	CHECK(strstr(text, " denied: 12 acts more, too fast to tell each\n"));
	free(text);
	/* Its number is taken up like those of others. */
	feed_close(f);
	REQUIRE(feed_open(&place, "7", &f) == 0);
	CHECK_INT(feed_number(f), counted.seq);
	feed_remove(f);
	place_remove();
}

static void what_differs_is_not_the_same(void)
{
	const struct record a =
		denial(AGENTOS_HOOK_FILE_OPEN, AGENTOS_WHY_NO_RULE, AGENTOS_OBJECT_PATH, "/a");
	struct record b = a;

	b.seq = 99;
	b.time_ns++;
	b.u.event.tgid = b.u.event.tid = 9;
	b.u.event.seq = 5;
	CHECK(denial_same(&a, &b));
#define DIFFERS(field)                       \
	do {                                 \
		b = a;                       \
		b.u.event.field++;           \
		CHECK(!denial_same(&a, &b)); \
	} while (0)
	DIFFERS(agent);
	DIFFERS(policy);
	DIFFERS(hook);
	DIFFERS(why);
	DIFFERS(rule);
	DIFFERS(right);
	DIFFERS(access);
	DIFFERS(ino);
	DIFFERS(port);
	DIFFERS(addr[15]);
	DIFFERS(text[1]);
	DIFFERS(text_len);
	DIFFERS(comm[0]);
	DIFFERS(number2);
}

/* `count` different ones, from number `from` on. */
static void fill(struct feed *f, uint64_t from, unsigned int count)
{
	struct record r =
		denial(AGENTOS_HOOK_FILE_OPEN, AGENTOS_WHY_NO_RULE, AGENTOS_OBJECT_PATH, "");
	unsigned int i;

	for (i = 0; i < count; i++) {
		r.seq = from + i;
		r.u.event.text_len =
			(uint32_t)snprintf(r.u.event.text, sizeof(r.u.event.text), "/a/%0200u", i);
		CHECK_INT(feed_add(f, &r, 7, LIMIT_FEED), 0);
	}
	CHECK_INT(feed_flush(f), 0);
}

static void a_full_one_makes_room_and_says_where_the_rest_is(void)
{
	struct feed *f = NULL;
	char *text, *old, *last;
	struct stat before, after, st;
	int open_before;

	place_make();
	REQUIRE(feed_create(&place, "7", geteuid(), &begin, &f) == 0);
	fill(f, 1, 10);
	CHECK_INT(fstatat(place.dir, "7", &before, 0), 0);
	open_before = openat(place.dir, "7", O_RDONLY);
	fill(f, 11, 1000);
	CHECK_INT(fstatat(place.dir, "7", &st, 0), 0);
	CHECK(st.st_size <= LIMIT_FEED);
	CHECK_INT(fstatat(place.dir, "7.old", &st, 0), 0);
	CHECK(st.st_size <= LIMIT_FEED && st.st_size > LIMIT_FEED - 2 * LIMIT_FEED_LINE);
	text = content("7");
	old = content("7.old");
	CHECK_MSG(strncmp(text,
			  "(older denials are in /run/agentos/denials/7.old, those before them are "
			  "not kept)\n2023-",
			  80) == 0,
		  "%.100s", text);
	/* The one begins where the other ends. */
	old[strlen(old) - 1] = '\0';
	last = strrchr(old, '\n') + 1;
	CHECK_INT(denial_number(strchr(text, '\n') + 1, 100),
		  denial_number(last, strlen(last)) + 1);
	CHECK_INT(feed_number(f), 1010);
	/* They are the same two files all the time. */
	CHECK_INT(fstat(feed_files(f)[0], &before), 0);
	CHECK_INT(fstat(feed_files(f)[1], &after), 0);
	CHECK_INT(fstatat(place.dir, "7", &st, 0), 0);
	CHECK(st.st_ino == before.st_ino || st.st_ino == after.st_ino);
	CHECK_INT(fstat(open_before, &st), 0);
	CHECK(st.st_ino == before.st_ino || st.st_ino == after.st_ino);
	close(open_before);
	free(text);
	free(old);
	feed_remove(f);
	place_remove();
}

static void the_next_writer_goes_on(void)
{
	struct record later = begin;
	struct feed *f = NULL;
	char *text;
	int fd;

	place_make();
	later.seq = 99;
	REQUIRE(feed_create(&place, "new", geteuid(), &later, &f) == 0);
	CHECK_INT(feed_number(f), 99);
	CHECK_INT(feed_rename(f, "7"), 0);
	feed_close(f);
	/* It is empty, and knows what is older than it. */
	text = content("7");
	CHECK_STR(text, "");
	free(text);
	REQUIRE(feed_open(&place, "7", &f) == 0);
	CHECK_INT(feed_number(f), 99);
	fill(f, 1, 3);
	feed_close(f);
	/* Killed in the middle of a line. */
	fd = openat(place.dir, "7", O_WRONLY | O_APPEND);
	CHECK_INT(write(fd, "2026-01", 7), 7);
	close(fd);
	REQUIRE(feed_open(&place, "7", &f) == 0);
	CHECK_INT(feed_number(f), 3);
	fill(f, 4, 1);
	text = content("7");
	CHECK_INT(lines(text), 4);
	CHECK(!strstr(text, "2026-01"));
	free(text);
	fill(f, 5, 1000);
	feed_close(f);
	REQUIRE(feed_open(&place, "7", &f) == 0);
	CHECK_INT(feed_number(f), 1004);
	/* Killed when it had only just made room. */
	text = content("7");
	fd = openat(place.dir, "7", O_WRONLY);
	CHECK_INT(ftruncate(fd, strchr(text, '\n') + 1 - text), 0);
	close(fd);
	free(text);
	feed_close(f);
	text = content("7.old");
	text[strlen(text) - 1] = '\0';
	REQUIRE(feed_open(&place, "7", &f) == 0);
	CHECK_INT(feed_number(f), denial_number(strrchr(text, '\n') + 1, 100));
	free(text);
	feed_remove(f);
	CHECK_INT(feed_open(&place, "7", &f), -ENOENT);
	place_remove();
}

static void what_cannot_be_written_is_counted(void)
{
	struct rlimit limit = { 0 }, before;
	struct record r =
		denial(AGENTOS_HOOK_FILE_OPEN, AGENTOS_WHY_NO_RULE, AGENTOS_OBJECT_PATH, "/a");
	struct feed *f = NULL;
	char *text;
	int i;

	place_make();
	signal(SIGXFSZ, SIG_IGN);
	REQUIRE(feed_create(&place, "7", geteuid(), &begin, &f) == 0);
	fill(f, 1, 2);
	getrlimit(RLIMIT_FSIZE, &before);
	limit = before;
	limit.rlim_cur = 700;
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &limit), 0);
	for (i = 0; i < 5; i++) {
		r.seq = 20 + (uint64_t)i;
		r.u.event.text[1] = (char)('a' + i);
		CHECK(feed_add(f, &r, 7, LIMIT_FEED) < 0);
	}
	/* Not even half a line. */
	text = content("7");
	CHECK_INT(lines(text), 2);
	CHECK_INT(text[strlen(text) - 1], '\n');
	free(text);
	CHECK_INT(feed_number(f), 2);
	CHECK(!feed_complete(f));
	setrlimit(RLIMIT_FSIZE, &before);
	CHECK_INT(feed_add(f, &r, 7, LIMIT_FEED), 0);
	CHECK(feed_complete(f));
	r.seq++;
	CHECK_INT(feed_add(f, &r, 7, LIMIT_FEED), 0);
	CHECK(!feed_complete(f));
	CHECK_INT(feed_flush(f), 0);
	CHECK(feed_complete(f));
	text = content("7");
	CHECK_INT(lines(text), 5);
	CHECK(strstr(text, "\n(5 denials could not be written here)\n2023-"));
	free(text);
	feed_remove(f);
	place_remove();
}

static void one_user_may_read_it_and_none_may_write(void)
{
	const uint8_t wanted[] = { 2,	0,   0,	  0,   1,   0,	  6,	0,   255, 255, 255,
				   255, 2,   0,	  4,   0,   0x39, 0x30, 0,   0,	  4,   0,
				   0,	0,   255, 255, 255, 255,  16,	0,   4,	  0,   255,
				   255, 255, 255, 32,  0,   0,	  0,	255, 255, 255, 255 };
	uint8_t acl[64];
	struct feed *f = NULL;
	struct stat st;
	int err;

	place_make();
	err = feed_create(&place, "7", 12345, &begin, &f);
	if (err == -EOPNOTSUPP) {
		place_remove();
		SKIP("/tmp takes no ACLs");
	}
	REQUIRE(err == 0);
	CHECK_INT(fstat(feed_files(f)[0], &st), 0);
	CHECK_INT(st.st_mode & 07777, 0640);
	CHECK_INT(fgetxattr(feed_files(f)[1], "system.posix_acl_access", acl, sizeof(acl)),
		  sizeof(wanted));
	CHECK(memcmp(acl, wanted, sizeof(wanted)) == 0);
	feed_remove(f);
	place_remove();
}

static const struct tap_test tests[] = {
	TEST(a_line_says_what_was_refused_and_what_to_ask_for),
	TEST(the_gateways_refusals_are_told_as_well),
	TEST(bytes_that_act_are_escaped_and_make_no_line),
	TEST(every_number_fits_a_line),
	TEST(numbers_are_read_from_our_lines_only),
	TEST(the_same_is_counted_in_one_line),
	TEST(what_the_kernel_counted_is_added),
	TEST(what_differs_is_not_the_same),
	TEST(a_full_one_makes_room_and_says_where_the_rest_is),
	TEST(the_next_writer_goes_on),
	TEST(what_cannot_be_written_is_counted),
	TEST(one_user_may_read_it_and_none_may_write),
};

TAP_MAIN(tests)
