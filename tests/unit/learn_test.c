// SPDX-License-Identifier: GPL-2.0-or-later
/* Learned policies: what acts come to, what is left to a person, and that all of them are valid. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/learn.h"
#include "policy/policy.h"
#include "policy/secrets.h"
#include "tests/tap.h"

/*
 * The machine of these tests: what has "gone" in its path is not there, what ends
 * in "dir" is a directory, and below "holding" there is a secret.
 */
static bool exists(const char *path, void *cookie)
{
	return !strstr(path, "gone");
}

static bool is_directory(const char *path, void *cookie)
{
	size_t len = strlen(path);

	return len > 3 && strcmp(path + len - 3, "dir") == 0;
}

static bool holds_secret(const char *directory, void *cookie)
{
	return strstr(directory, "holding");
}

static const struct place_world usual = {
	.workspace = "/srv/space",
	.home = "/home/u",
	.exists = exists,
	.is_directory = is_directory,
	.holds_secret = holds_secret
};

static struct agentos_event event_make(unsigned int hook)
{
	struct agentos_event e = { .size = sizeof(e),
				   .verdict = AGENTOS_VERDICT_WOULD_DENY,
				   .why = AGENTOS_WHY_NO_RULE,
				   .hook = (uint16_t)hook,
				   .rule = AGENTOS_RULE_NONE };

	return e;
}

static void event_text(struct agentos_event *e, const char *text)
{
	snprintf(e->text, sizeof(e->text), "%s", text);
	e->text_len = (uint32_t)strlen(e->text);
}

/* "ADDRESS PORT PROTOCOL" */
static void event_address(struct agentos_event *e, const char *text)
{
	char address[64];
	unsigned int port, protocol;

	if (sscanf(text, "%63s %u %u", address, &port, &protocol) != 3)
		abort();
	e->object_kind = AGENTOS_OBJECT_INET;
	e->family = strchr(address, ':') ? AF_INET6 : AF_INET;
	inet_pton(e->family, address, e->addr);
	e->port = (uint16_t)port;
	e->protocol = protocol;
}

/* "HOOK what": r, w, b (both), x: opened, executed; + made, - removed; > < addresses; u a socket. */
static struct agentos_event event_of(const char *act)
{
	static const struct {
		char letter;
		unsigned int hook, access;
	} kinds[] = {
		{ 'r', AGENTOS_HOOK_FILE_OPEN, AGENTOS_FILE_READ },
		{ 'w', AGENTOS_HOOK_FILE_OPEN, AGENTOS_FILE_WRITE },
		{ 'b', AGENTOS_HOOK_FILE_OPEN, AGENTOS_FILE_READ | AGENTOS_FILE_WRITE },
		{ 'x', AGENTOS_HOOK_EXEC, AGENTOS_FILE_EXEC },
		{ '+', AGENTOS_HOOK_CREATE, AGENTOS_FILE_WRITE },
		{ '-', AGENTOS_HOOK_DELETE, AGENTOS_FILE_WRITE },
	};
	struct agentos_event e = event_make(AGENTOS_HOOK_USERNS);
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i].letter != act[0])
			continue;
		e.hook = (uint16_t)kinds[i].hook;
		e.access = kinds[i].access;
		e.object_kind = AGENTOS_OBJECT_PATH;
		event_text(&e, act + 2);
	}
	if (act[0] == '>' || act[0] == '<') {
		e.hook = act[0] == '>' ? AGENTOS_HOOK_SOCKET_CONNECT : AGENTOS_HOOK_SOCKET_BIND;
		event_address(&e, act + 2);
	} else if (act[0] == 'u') {
		e.hook = AGENTOS_HOOK_UNIX_STREAM;
		e.object_kind = AGENTOS_OBJECT_UNIX;
		event_text(&e, act + 2);
	} else if (act[0] == '!') {
		e.why = AGENTOS_WHY_RIGHT;
		e.right = policy_right_by_name(act + 2);
	}
	return e;
}

static const struct learn_about about = { .name = "learned", .command = "make check" };

static char *text_of(struct learn *learn, const struct learn_about *head,
		     const struct place_world *world)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	int err = learn_write(learn, head, world, out);

	fclose(out);
	learn_free(learn);
	CHECK_INT(err, 0);
	return text;
}

#define ACTS  12
#define LINES 12

static char *learn_from(const char *const acts[ACTS], const struct place_world *world,
			bool backwards)
{
	struct agentos_event e;
	struct learn *learn = NULL;
	size_t i, count = 0;

	CHECK_INT(learn_new(&learn), 0);
	while (count < ACTS && acts[count])
		count++;
	for (i = 0; i < count; i++) {
		e = event_of(acts[backwards ? count - 1 - i : i]);
		CHECK_INT(learn_act(learn, &e), 0);
	}
	return text_of(learn, &about, world);
}

static bool has_line(const char *text, const char *line)
{
	size_t len = strlen(line);
	const char *at;

	for (at = text; at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
		if (strncmp(at, line, len) == 0 && at[len] == '\n')
			return true;
	return false;
}

static struct policy *parse(const char *text, const struct place_world *world)
{
	const struct policy_vars vars = { .workspace = world->workspace,
					  .home = world->home,
					  .agent = "coder" };
	struct policy *policy = NULL;
	struct fault f = { "" };
	int err = policy_parse(text, strlen(text), "learned.yaml", &vars, NULL, &policy, &f);

	CHECK_MSG(err == 0, "%s\n%s", f.text, text);
	return policy;
}

/* Lines that are there, and with "!" before them lines that are not. */
static const struct row {
	const char *name;
	const char *acts[ACTS];
	const char *lines[LINES];
} rows[] = {
	{ "nothing but what it was watched under",
	  { NULL },
	  { "  read:", "    - /dev/null", "!  write:", "!  exec:", "!network:" } },
	{ "what is installed is its top",
	  { "r /usr/lib/x86_64-linux-gnu/libc.so.6", "x /usr/bin/cat", "r /bin/sh" },
	  { "    - /usr", "    - /bin", "  exec:", "!    - /usr/bin/cat" } },
	{ "what is installed is not written as a whole",
	  { "w /usr/local/x/a", "w /usr/local/x/b", "w /usr/local/x/c", "w /usr/lib/y" },
	  { "    - /usr/lib/y", "    - /usr/local/x", "!    - /usr" } },
	{ "the workspace is a variable",
	  { "r /srv/space/a/b/c", "+ /srv/space/new", "x /srv/space/run" },
	  { "    - ${WORKSPACE}", "  write:", "  exec:" } },
	{ "and what only begins like it is not",
	  { "r /srv/spaces/a" },
	  { "    - /srv/spaces/a", "!    - ${WORKSPACE}" } },
	{ "two files are two files",
	  { "r /var/lib/x/a", "r /var/lib/x/b" },
	  { "    - /var/lib/x/a", "    - /var/lib/x/b", "!    - /var/lib/x" } },
	{ "three files are their directory",
	  { "r /var/lib/x/a", "r /var/lib/x/b", "r /var/lib/x/c" },
	  { "    - /var/lib/x", "!    - /var/lib/x/a" } },
	{ "and so in three directories",
	  { "r /var/lib/x/1/a", "r /var/lib/x/2/b", "r /var/lib/x/3/c" },
	  { "    - /var/lib/x", "!    - /var/lib/x/1/a" } },
	{ "reading, writing and executing are apart",
	  { "r /var/lib/x/a", "r /var/lib/x/b", "r /var/lib/x/c", "w /var/lib/x/a" },
	  { "    - /var/lib/x", "    - /var/lib/x/a" } },
	{ "what a line says no other says again",
	  { "r /var/lib/x/dir", "r /var/lib/x/dir/a" },
	  { "    - /var/lib/x/dir", "!    - /var/lib/x/dir/a" } },
	{ "never all of what is shared",
	  { "r /etc/a", "r /etc/b", "r /etc/c", "r /etc/d" },
	  { "    - /etc/a", "    - /etc/d", "!    - /etc" } },
	{ "never a home",
	  { "r /home/u/a", "r /home/u/b", "r /home/u/c", "r /home/x/1", "r /home/x/2",
	    "r /home/x/3" },
	  { "    - ${HOME}/a", "    - /home/x/1", "!    - ${HOME}", "!    - /home/x",
	    "!    - /home" } },
	{ "never /tmp, nor what is directly in it as a whole",
	  { "r /tmp/a", "r /tmp/b", "r /tmp/c" },
	  { "    - /tmp/a", "!    - /tmp" } },
	{ "what is directly below a home is named",
	  { "r /home/u/.config/a", "r /home/u/.config/b", "r /home/u/.config/c" },
	  { "    - ${HOME}/.config/a", "!    - ${HOME}/.config" } },
	{ "what is further below is grouped",
	  { "r /home/u/.config/x/a", "r /home/u/.config/x/b", "r /home/u/.config/x/c" },
	  { "    - ${HOME}/.config/x" } },
	{ "a directory with secrets is not grouped",
	  { "r /var/holding/a", "r /var/holding/b", "r /var/holding/c" },
	  { "    - /var/holding/a", "!    - /var/holding" } },
	{ "nor one in which a secret was read",
	  { "r /var/x/a", "r /var/x/b", "r /var/x/c", "r /var/x/k.pem" },
	  { "    - /var/x/a", "!    - /var/x",
	    "    # - /var/x/k.pem  # a secret? perhaps a private key" } },
	{ "what was listed and is shared is for a person",
	  { "r /home/u", "r /", "r /tmp", "r /etc" },
	  { "    # - ${HOME}  # itself; with it all that is in it",
	    "    # - /  # itself; with it all that is in it",
	    "    # - /etc  # itself; with it all that is in it" } },
	{ "what was listed and holds secrets, too",
	  { "r /var/holding/dir" },
	  { "    # - /var/holding/dir  # itself; with it the secrets that are in it" } },
	{ "what is gone is for a person",
	  { "r /var/x/gone" },
	  { "    # - /var/x/gone  # is gone" } },
	{ "what is made by its name is its directory",
	  { "+ /var/lib/x/new", "b /var/lib/x/new", "- /var/lib/y/old" },
	  { "    - /var/lib/x", "    - /var/lib/y" } },
	{ "unless that is shared",
	  { "+ /home/u/new", "+ /home/u/gone" },
	  { "    - -${HOME}/new  # made by its name: a rule on it holds only while it is there",
	    "    # - ${HOME}/gone  # made and removed; its directory has files of others in it" } },
	{ "files of passing names have a place",
	  { "+ /tmp/ccXY.s", "b /tmp/ccXY.s", "- /tmp/ccXY.s", "r /tmp/mine" },
	  { "    - TMPDIR=${WORKSPACE}/.tmp", "    - ${WORKSPACE}/.tmp",
	    "directories:", "    - /tmp/mine", "!    - /tmp/ccXY.s" } },
	{ "so have those without any",
	  { "b /tmp/#1234 (deleted)" },
	  { "    - TMPDIR=${WORKSPACE}/.tmp" } },
	{ "processes are /proc",
	  { "r /proc/431/status", "r /proc/meminfo" },
	  { "    - /proc  # processes have another number each time", "!    - /proc/meminfo" } },
	{ "what is no process is named",
	  { "r /proc/meminfo", "r /proc/cpuinfo" },
	  { "    - /proc/meminfo", "!    - /proc" } },
	{ "nobody writes to /proc unasked",
	  { "w /proc/431/oom_score_adj" },
	  { "    # - /proc/431/oom_score_adj  # a process has another number each time",
	    "  # write:" } },
	{ "a terminal is for a person",
	  { "b /dev/pts/3", "b /dev/tty" },
	  { "    - /dev/tty",
	    "    # - /dev/pts/3  # a terminal, which has another number each time" } },
	{ "secrets are for a person",
	  { "r /home/u/.ssh/config", "r /home/u/.aws/x", "r /etc/shadow", "r /srv/space/.env" },
	  { "    # - ${HOME}/.ssh/config  # a secret? keys of ssh",
	    "    # - ${HOME}/.aws/x  # a secret? keys of a cloud",
	    "    # - /etc/shadow  # a secret? passwords of this machine's users",
	    "    # - ${WORKSPACE}/.env  # a secret? keys of a project" } },
	{ "in a directory that is allowed they are denied",
	  { "r /srv/space/a", "r /srv/space/x.key", "w /srv/space/x.key" },
	  { "    - ${WORKSPACE}",
	    "  deny:", "    - -${WORKSPACE}/x.key  # a secret? perhaps a private key" } },
	{ "what everybody may read is none",
	  { "r /usr/lib/python3/credentials.py", "r /etc/ssl/certs/a.pem" },
	  { "    - /usr", "    - /etc/ssl/certs" } },
	{ "names that YAML would read otherwise",
	  { "r /var/x/a b", "r /var/y/c: d #e", "r /var/z/$HOME", "r /var/q/\"q\\" },
	  { "    - \"/var/x/a b\"", "    - \"/var/y/c: d #e\"", "    - \"/var/z/$$HOME\"",
	    "    - \"/var/q/\\\"q\\\\\"" } },
	{ "names in other letters", { "r /var/z/\xc3\xa9" }, { "    - \"/var/z/\xc3\xa9\"" } },
	{ "names that no policy can say are counted",
	  { "r /var/x/*", "r /var/x/\xff", "r memfd:x (deleted)", "r /var/x/a",
	    "r /var/x/a\033[2Jb", "r /var/y/\xe2\x80\xae", "u @a\033" },
	  { "# Left out: 4 acts on names that no policy can say ('*', '?', control characters, not UTF-8).",
	    "# Left out: 1 act on what has no path, or none that leads there from here.",
	    "    - /var/x/a" } },
	{ "addresses",
	  { "> 127.0.0.1 8080 6", "> 10.0.0.1 53 17", "> ::1 443 6", "> ::ffff:10.0.0.2 80 6",
	    "> 10.0.0.3 0 17", "< 127.0.0.1 0 6" },
	  { "    - \"127.0.0.1:8080/tcp\"", "    - \"10.0.0.1:53/udp\"", "    - \"[::1]:443/tcp\"",
	    "    - \"10.0.0.2:80/tcp\"", "    - \"127.0.0.1:0/tcp\"",
	    "# Left out: 1 act on port 0 of an address, which no rule allows." } },
	{ "a port that was chosen",
	  { "> 127.0.0.1 40000 6", "> 192.0.2.1 40000 6" },
	  { "    - \"127.0.0.1:40000/tcp\"  # a port that was chosen? then it is another next time",
	    "    - \"192.0.2.1:40000/tcp\"" } },
	{ "all of IPv6 is all of IPv4",
	  { "< :: 8080 6" },
	  { "    - \"[::]:8080/tcp\"", "    - \"0.0.0.0:8080/tcp\"" } },
	{ "protocols that no rule names",
	  { "> 192.0.2.1 0 1" },
	  { "# network:",
	    "    # - \"192.0.2.1:*\"  # of a protocol that is neither TCP nor UDP; it allows these as well" } },
	{ "sockets",
	  { "u /run/x.sock", "u @abstract", "u /run/gone.sock", "u /home/u/.gnupg/S.gpg-agent" },
	  { "    - /run/x.sock", "    - \"@abstract\"",
	    "    # - /run/gone.sock  # gone, a secret, or a name that no policy can say",
	    "    # - /home/u/.gnupg/S.gpg-agent  # gone, a secret, or a name that no policy can say" } },
	{ "rights that stand alone",
	  { "! io-uring", "! anon-exec" },
	  { "  - anon-exec        # run code from no file: memfd, deleted files, JIT pages, "
	    "an executable stack",
	    "  - io-uring         # make io_uring rings" } },
};

static void acts_come_to_lines(void)
{
	size_t i, k;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = learn_from(rows[i].acts, &usual, false);

		for (k = 0; k < LINES && rows[i].lines[k]; k++) {
			const char *line = rows[i].lines[k];
			bool wanted = line[0] != '!';

			CHECK_MSG(has_line(text, line + !wanted) == wanted, "%s: %s\n%s",
				  rows[i].name, line, text);
		}
		free(text);
	}
}

static void each_is_a_valid_policy(void)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = learn_from(rows[i].acts, &usual, false);
		struct policy *policy = parse(text, &usual);

		CHECK_MSG(policy && policy->rights & AGENTOS_RIGHT(FILE_READ), "%s", rows[i].name);
		policy_free(policy);
		free(text);
	}
}

static void the_order_of_acts_does_not_matter(void)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = learn_from(rows[i].acts, &usual, false),
		     *other = learn_from(rows[i].acts, &usual, true);

		CHECK_STR(other, text);
		free(text);
		free(other);
	}
}

static void a_home_for_a_workspace_is_not_opened(void)
{
	static const char *const acts[ACTS] = { "r /home/u/a", "r /home/u/b", "r /home/u/c",
						"+ /home/u/new" };
	static const char *const spaces[] = { "/home/u", "/home", "/", "/tmp" };
	size_t i;

	for (i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
		struct place_world world = usual;
		char *text;

		world.workspace = spaces[i];
		CHECK(!place_is_workspace(&world));
		text = learn_from(acts, &world, false);
		CHECK_MSG(!has_line(text, "    - ${WORKSPACE}"), "%s", text);
		CHECK_MSG(!has_line(text, "    - ${HOME}"), "%s", text);
		policy_free(parse(text, &world));
		free(text);
	}
	/* The control. */
	CHECK(place_is_workspace(&usual));
}

static void what_was_refused_all_the_same_is_told(void)
{
	struct agentos_event mount = event_make(AGENTOS_HOOK_SB_MOUNT),
			     typing = event_make(AGENTOS_HOOK_TTY_INJECT);
	struct learn *learn = NULL;
	char *text;

	mount.verdict = typing.verdict = AGENTOS_VERDICT_DENIED;
	mount.why = AGENTOS_WHY_RIGHT;
	mount.right = AGENTOS_RIGHT(MOUNT);
	typing.why = AGENTOS_WHY_NEVER;
	REQUIRE(!learn_new(&learn));
	CHECK_INT(learn_act(learn, &mount), 0);
	CHECK_INT(learn_act(learn, &typing), 0);
	CHECK_INT(learn_act(learn, &typing), 0);
	text = text_of(learn, &about, &usual);
	CHECK_MSG(strstr(text,
			 "  # - mount          # mount, unmount, move mounts, pivot_root, chroot: "
			 "was refused while it was watched, too"),
		  "%s", text);
	CHECK_MSG(has_line(text,
			   "# Refused while it was watched, and always: to type into terminal "
			   "(2 times)."),
		  "%s", text);
	policy_free(parse(text, &usual));
	free(text);
}

static void what_is_missing_is_told_at_the_head(void)
{
	struct learn_about lost = about;
	struct learn *learn = NULL;
	char *text;

	lost.lost = 12;
	lost.unfinished = true;
	lost.command = "sh -c\n\033[2J";
	REQUIRE(!learn_new(&learn));
	text = text_of(learn, &lost, &usual);
	CHECK_MSG(strstr(text, "# INCOMPLETE: 12 records were lost"), "%s", text);
	CHECK_MSG(strstr(text, "# INCOMPLETE: not all records had come"), "%s", text);
	CHECK_MSG(strstr(text, "run of: sh -c\\x0a\\x1b[2J\n"), "%s", text);
	CHECK_MSG(strstr(text, "INCOMPLETE") < strstr(text, "version:"), "%s", text);
	policy_free(parse(text, &usual));
	free(text);
	REQUIRE(!learn_new(&learn));
	text = text_of(learn, &about, &usual);
	CHECK_MSG(!strstr(text, "INCOMPLETE"), "%s", text);
	free(text);
}

/* Times and attributes are changed of what is only known by its place on its own file system. */
static void metadata_is_found_by_the_object(void)
{
	struct agentos_event opened = event_of("r /var/lib/x/a"),
			     known = event_make(AGENTOS_HOOK_METADATA), other;
	struct learn *learn = NULL;
	char *text;

	opened.ino = known.ino = 77;
	opened.dev = known.dev = 5;
	known.access = AGENTOS_FILE_WRITE;
	known.flags = AGENTOS_EVENT_DENTRY;
	known.object_kind = AGENTOS_OBJECT_PATH;
	event_text(&known, "/lib/x/a");
	other = known;
	other.ino = 78;
	event_text(&other, "/lib/x/b");
	REQUIRE(!learn_new(&learn));
	CHECK_INT(learn_act(learn, &known), 0);
	CHECK_INT(learn_act(learn, &opened), 0);
	CHECK_INT(learn_act(learn, &other), 0);
	text = text_of(learn, &about, &usual);
	CHECK_MSG(has_line(text, "  write:"), "%s", text);
	CHECK_MSG(!strstr(text, "\"/lib/x/a\""), "%s", text);
	CHECK_MSG(has_line(text,
			   "# Left out: metadata changed of \"/lib/x/b\" on some file system: "
			   "where that is mounted is not known."),
		  "%s", text);
	free(text);
}

static void what_was_allowed_and_what_is_cut_off_say_nothing(void)
{
	struct agentos_event allowed = event_of("r /var/x/allowed"), cut = event_of("r ar/x/cut");
	struct learn *learn = NULL;
	char *text;

	allowed.verdict = AGENTOS_VERDICT_ALLOWED;
	cut.flags = AGENTOS_EVENT_TRUNCATED;
	REQUIRE(!learn_new(&learn));
	CHECK_INT(learn_act(learn, &allowed), 0);
	CHECK_INT(learn_act(learn, &cut), 0);
	text = text_of(learn, &about, &usual);
	CHECK_MSG(!strstr(text, "allowed\n"), "%s", text);
	CHECK_MSG(has_line(text, "# Left out: 1 act on paths longer than a record holds."), "%s",
		  text);
	free(text);
}

static void the_policy_it_is_watched_under_is_valid(void)
{
	struct policy *policy = parse(LEARN_POLICY, &usual);

	REQUIRE(policy);
	CHECK_INT(policy->rights, AGENTOS_RIGHT(FILE_READ));
	CHECK_INT(policy->rule_count, 1);
	policy_free(policy);
}

static void names_that_look_like_secrets(void)
{
	static const struct {
		const char *path;
		bool secret;
	} paths[] = {
		{ "/x/.env", true },
		{ "/x/.env.test", true },
		{ "/x/.environment", false },
		{ "/x/env", false },
		{ "/x/id_rsa", true },
		{ "/x/id_rsa.pub", true },
		{ "/x/id", false },
		{ "/x/a.pem", true },
		{ "/x/.pem", false },
		{ "/x/.ssh/a/b", true },
		{ "/.ssh", true },
		{ "/x/ssh", false },
		{ "/etc/shadow", true },
		{ "/usr/x/.env", false },
		{ "/etc/ssl/certs/a.pem", false },
		{ "/", false },
		{ "", false },
	};
	size_t i;

	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		CHECK_MSG((secret_by_path(paths[i].path) != NULL) == paths[i].secret, "%s",
			  paths[i].path);
}

static const struct tap_test tests[] = {
	TEST(acts_come_to_lines),
	TEST(each_is_a_valid_policy),
	TEST(the_order_of_acts_does_not_matter),
	TEST(a_home_for_a_workspace_is_not_opened),
	TEST(what_was_refused_all_the_same_is_told),
	TEST(what_is_missing_is_told_at_the_head),
	TEST(metadata_is_found_by_the_object),
	TEST(what_was_allowed_and_what_is_cut_off_say_nothing),
	TEST(the_policy_it_is_watched_under_is_valid),
	TEST(names_that_look_like_secrets),
};

TAP_MAIN(tests)
