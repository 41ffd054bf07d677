// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl audit anchor as a program: what targets receive, what fails, and logs that are not anchored over. */
#include "tests/tap.h"

#include <sys/mount.h>

#include "tests/unit/shell_rig.h"

#define SEGMENT 8192
#define ANCHOR	"agentctl audit anchor --allow-root --state state "
#define ONCE	ANCHOR "--once "

static bool says(const char *name, const char *text)
{
	bool ok = strstr(text_of(name), text) != NULL;

	if (!ok)
		printf("# %s: %s\n", name, text_of(name));
	return ok;
}

/* How often a file has a note of so many records. */
static unsigned int notes_of(const char *name, uint64_t records)
{
	const char *p = text_of(name);
	unsigned int count = 0;
	char line[64];

	snprintf(line, sizeof(line), "example.com/log\n%llu\n", (unsigned long long)records);
	for (; (p = strstr(p, line)); p++)
		count++;
	return count;
}

static bool server_start(const char *one, const char *other)
{
	server_stop();
	unlink(file("requests"));
	unlink(file("posted"));
	return server_run("anchor_server.py", one, other, NULL);
}

/* The key's public half beside the log, as agentosd leaves it. */
static bool key_put(void)
{
	char text[NOTE_VERIFIER_SIZE], path[128];
	int len = note_verifier_encode(&log_key.verifier, text, sizeof(text));

	snprintf(path, sizeof(path), "%s.pub", log_dir);
	return len > 0 && log_set(path, text, (size_t)len);
}

/* A log with one checkpoint, of all of it; and nothing that was anchored. */
static bool begin(uint64_t records)
{
	sh("rm -rf state state.lock anchors got err out other");
	return log_make(records, SEGMENT, 0, records) && key_put();
}

static bool grow(uint64_t records)
{
	return log_grow(records, SEGMENT) && log_checkpoint(records);
}

/* As many records under the same key, of which the first is another one. */
static bool remake(uint64_t records)
{
	const struct segment_options o = { .directory = log_dir,
					   .boot = (const uint8_t *)"boot a.........",
					   .limit = SEGMENT,
					   .buffer = 65536 };
	struct record r = log_record(1);
	struct segment_writer *w;
	struct segment_tail tail;
	bool ok;

	log_new();
	strcpy(r.agent_name, "innocent");
	if (segment_open_with(&o, &w, &tail, NULL) != 0)
		return false;
	ok = segment_append(w, &r) == 0;
	segment_close(w);
	return ok && grow(records);
}

/* Starts a line in the background, as the leader of a group. */
static pid_t start(const char *line)
{
	char *whole;
	pid_t pid;

	if (asprintf(&whole,
		     "cd %s && PATH=%s/bin:$PATH AGENTOS_AUDIT_DIR=%s && "
		     "export PATH AGENTOS_AUDIT_DIR && exec %s >out 2>err",
		     place, build, log_dir, line) < 0)
		exit(1);
	pid = fork();
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", whole, (char *)NULL);
		_exit(127);
	}
	free(whole);
	return pid;
}

static int status_of(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Until it is said, or long over. */
static bool said(const char *name, const char *text)
{
	int tries;

	for (tries = 0; tries < 600 && !strstr(text_of(name), text); tries++)
		usleep(50000);
	return says(name, text);
}

static void a_file_is_appended_to(void)
{
	REQUIRE(begin(20));
	CHECK_INT(sh(ONCE "--to-file anchors"), 0);
	CHECK(says("out", "anchored 20 records"));
	CHECK_STR(text_of("err"), "");
	CHECK_INT(sh("agentctl audit checkpoint >got; echo >>got; cmp got anchors"), 0);
	/* Nothing new: nothing is sent. */
	CHECK_INT(sh(ONCE "--to-file anchors"), 0);
	CHECK(says("out", "nothing new: 20 records are anchored"));
	CHECK_INT(notes_of("anchors", 20), 1);
	REQUIRE(grow(50));
	CHECK_INT(sh(ONCE "--to-file anchors"), 0);
	CHECK_INT(sh("cp $AGENTOS_AUDIT_DIR/checkpoints got; cmp got anchors"), 0);
	/* It can be verified against as it is. */
	CHECK_INT(sh("agentctl audit verify --anchor anchors"), 0);
	CHECK(says("out", "fits: of 50 records"));
	CHECK_INT(sh("test $(stat -c %%a state) = 640 && test $(stat -c %%a anchors) = 640"), 0);
}

static void a_long_file_of_anchors_ends_in_its_last(void)
{
	REQUIRE(begin(20));
	REQUIRE(sh(ONCE "--to-file anchors") == 0);
	CHECK_INT(sh("for i in $(seq 1000); do cat anchors; done >got && mv got anchors"), 0);
	REQUIRE(grow(30));
	CHECK_INT(sh(ONCE "--to-file anchors"), 0);
	CHECK_INT(sh("agentctl audit verify --anchor anchors"), 0);
	CHECK(says("out", "fits: of 30 records"));
	/* A crash tore the last one: the one before it, and what comes next is whole. */
	CHECK_INT(sh("truncate -s -9 anchors; agentctl audit verify --anchor anchors"), 0);
	CHECK(says("out", "fits: of 20 records"));
	REQUIRE(grow(40));
	CHECK_INT(sh(ONCE "--to-file anchors"), 0);
	CHECK_INT(sh("agentctl audit verify --anchor anchors"), 0);
	CHECK(says("out", "fits: of 40 records"));
	/* What is no checkpoint at all is none. */
	CHECK_INT(sh("head -c 300 /dev/zero | tr '\\0' '\\n' >got; "
		     "agentctl audit verify --anchor got"),
		  3);
}

static void a_command_reads_it_and_its_status_counts(void)
{
	REQUIRE(begin(20));
	CHECK_INT(sh(ONCE "--to-command sh -c 'cat >got; echo said >&2; exit 3'"), 1);
	CHECK(says("err", "said\n") && says("err", "command sh: it ended with exit status 3"));
	CHECK_INT(sh(ONCE "--to-command sh -c 'kill -9 $$'"), 1);
	CHECK(says("err", "it was ended by signal 9"));
	CHECK_INT(sh(ONCE "--to-command ./none"), 1);
	CHECK(says("err", "command ./none: No such file"));
	/* No shell: this is one word, and no program. */
	CHECK_INT(sh(ONCE "--to-command 'cat >got'"), 1);
	CHECK_INT(sh("rm got; " ONCE "--to-command -- tee got --append"), 0);
	CHECK_INT(sh("agentctl audit checkpoint | cmp - got"), 0);
	/* It need not read it, and has no signal blocked or ignored by us. Who runs in the
	 * background of a script ignores this one. */
	REQUIRE(grow(30) && signal(SIGINT, SIG_DFL) != SIG_ERR);
	CHECK_INT(
		sh("grep -E '^Sig(Blk|Ign)' /proc/self/status >other; " ONCE
		   "--to-command sh -c 'grep -E \"^Sig(Blk|Ign)\" /proc/self/status | cmp - other'"),
		0);
	REQUIRE(grow(40));
	CHECK_INT(sh(ONCE "--to-command true"), 0);
}

static void a_slow_command_is_killed_with_what_it_started(void)
{
	REQUIRE(begin(20));
	CHECK_INT(sh(ONCE "--give-up 1s --to-command sh -c "
			  "'trap \"\" TERM; sleep 600 & echo $! >got; wait; wait'"),
		  1);
	CHECK(says("err", "killed: it had not ended after 1 seconds"));
	CHECK_INT(
		sh("for i in $(seq 100); do kill -0 $(cat got) || exit 0; sleep 0.1; done; exit 1"),
		0);
	CHECK_INT(sh(ONCE "--give-up 60s --to-command sh -c 'sleep 1'"), 0);
}

static void a_url_is_posted_to(void)
{
	REQUIRE(begin(20));
	REQUIRE(server_start("200 ok", NULL));
	CHECK_INT(sh("printf 'X-Key: abc\\n\\n' >other; " ONCE
		     "--header @other --to-url http://127.0.0.1:%u/x",
		     port),
		  0);
	CHECK_STR(text_of("requests"), "200 text/plain; charset=utf-8 abc\n");
	CHECK_INT(sh("agentctl audit checkpoint | cmp - posted"), 0);
	REQUIRE(grow(30));
	REQUIRE(server_start("503", "200"));
	CHECK_INT(sh(ONCE "--header 'X-Key: d' --to-url http://127.0.0.1:%u/x", port), 0);
	CHECK_STR(text_of("requests"), "503 text/plain; charset=utf-8 d\n"
				       "200 text/plain; charset=utf-8 d\n");
	server_stop();
}

static void a_url_that_refuses_or_is_not_there_is_told(void)
{
	REQUIRE(begin(20));
	REQUIRE(server_start("403 no\033[2J", NULL));
	CHECK_INT(sh(ONCE "--to-url http://127.0.0.1:%u/x", port), 1);
	CHECK(says("err", "the server answers 403: no\\x1b[2J"));
	server_stop();
	CHECK_INT(sh(ONCE "--give-up 1s --to-url http://127.0.0.1:%u/x", port), 1);
	CHECK(says("err", "given up after") && says("err", "onnect"));
	REQUIRE(server_start("200", NULL));
	CHECK_INT(sh(ONCE "--to-url http://127.0.0.1:%u/x", port), 0);
	server_stop();
}

static void who_has_it_does_not_get_it_again(void)
{
	REQUIRE(begin(20));
	CHECK_INT(sh(ONCE "--to-file anchors --to-command sh -c 'test -e other && cat >>got'"), 1);
	CHECK_INT(notes_of("anchors", 20), 1);
	CHECK(says("state", "\nunderway ") && !strstr(text_of("state"), "\nwhole "));
	CHECK_INT(sh("touch other; " ONCE
		     "--to-file anchors --to-command sh -c 'test -e other && cat >>got'"),
		  0);
	CHECK_INT(notes_of("anchors", 20), 1);
	CHECK_INT(notes_of("got", 20), 1);
	CHECK(says("state", "\nwhole ") && !strstr(text_of("state"), "\nunderway "));
	/* What is newer goes to all, whoever lacked the one before. */
	REQUIRE(grow(30));
	CHECK_INT(sh(ONCE "--to-file anchors --to-command false"), 1);
	REQUIRE(grow(40));
	CHECK_INT(sh(ONCE "--to-file anchors --to-command sh -c 'cat >>got'"), 0);
	CHECK_INT(notes_of("anchors", 30) + notes_of("anchors", 40), 2);
	CHECK_INT(notes_of("got", 30), 0);
	CHECK_INT(notes_of("got", 40), 1);
}

static void a_crash_sends_again_and_forgets_nothing(void)
{
	REQUIRE(begin(20));
	/* It dies when the second target has it, and before that is written down. */
	CHECK_INT(sh(ONCE "--to-file anchors --to-command sh -c 'cat >>got; kill -9 $PPID'"), 137);
	CHECK_INT(sh(ONCE "--to-file anchors --to-command sh -c 'cat >>got; kill -9 $PPID'"), 137);
	CHECK_INT(notes_of("anchors", 20), 1);
	CHECK_INT(notes_of("got", 20), 2);
	/* What may have been sent is witnessed, though nobody is known to have it all. */
	REQUIRE(remake(25));
	CHECK_INT(sh(ONCE "--to-command sh -c 'cat >>got'"), 1);
	CHECK(says("err", "NOT ANCHORED"));
	CHECK_INT(notes_of("got", 25), 0);
}

static void a_rewritten_log_is_not_anchored_over(void)
{
	REQUIRE(begin(20));
	REQUIRE(sh(ONCE "--to-file anchors") == 0);
	REQUIRE(remake(30));
	CHECK_INT(sh("cp anchors got; cp state other; " ONCE "--to-file anchors"), 1);
	CHECK(says("err", "NOT ANCHORED, and nothing more is sent: the log was rewritten"));
	/* Again so, and the same size is no better. */
	CHECK_INT(sh(ONCE "--to-file anchors"), 1);
	REQUIRE(remake(20));
	CHECK_INT(sh(ONCE "--to-file anchors"), 1);
	CHECK(says("err", "of the 20 records that were anchored some are others now"));
	CHECK_INT(sh("cmp anchors got && cmp state other"), 0);
	CHECK_INT(sh("agentctl audit verify --anchor anchors"), 1);
	/* The log that was anchored, grown, is taken. */
	REQUIRE(log_make(30, SEGMENT, 0, 30));
	CHECK_INT(sh(ONCE "--to-file anchors"), 0);
	CHECK_INT(notes_of("anchors", 30), 1);
}

static void nor_is_one_that_shrank_or_is_gone(void)
{
	REQUIRE(begin(40));
	REQUIRE(sh(ONCE "--to-file anchors") == 0);
	REQUIRE(log_make(30, SEGMENT, 0, 30));
	CHECK_INT(sh(ONCE "--to-file anchors"), 1);
	CHECK(says("err", "the log became smaller: 40 records were anchored, and the newest "
			  "checkpoint is of 30"));
	/* Its checkpoints alone; its hashes; all of it. */
	REQUIRE(log_make(50, SEGMENT, 0, 50));
	CHECK_INT(sh("mv $AGENTOS_AUDIT_DIR/checkpoints got; " ONCE "--to-file anchors"), 1);
	CHECK(says("err", "NOT ANCHORED") && says("err", "40 records were anchored"));
	CHECK_INT(sh("cp got $AGENTOS_AUDIT_DIR/checkpoints; mkdir other; "
		     "mv $AGENTOS_AUDIT_DIR/*.leaf other; " ONCE "--to-file anchors"),
		  1);
	CHECK(says("err", "NOT ANCHORED"));
	CHECK_INT(sh("mv other/* $AGENTOS_AUDIT_DIR; " ONCE "--to-file anchors"), 0);
	CHECK_INT(notes_of("anchors", 50), 1);
	log_new();
	CHECK_INT(sh(ONCE "--to-file anchors"), 1);
	CHECK(says("err", "NOT ANCHORED"));
}

static void nor_is_one_of_another_key_or_name(void)
{
	static const uint8_t seed[NOTE_KEY] = "somebody else's";
	struct note_key own, foreign;
	char note[1024];
	size_t len;

	REQUIRE(begin(20));
	REQUIRE(sh(ONCE "--to-file anchors") == 0);
	own = log_key;
	REQUIRE(note_key_make("example.com/log", seed, &foreign) == 0);
	/* The same log, signed by another; whose key then lies beside it, too. */
	REQUIRE(log_grow(30, SEGMENT));
	len = log_sign("example.com/log", 30, &foreign, note, sizeof(note));
	REQUIRE(len && log_put_note(note, len));
	CHECK_INT(sh(ONCE "--to-file anchors"), 1);
	CHECK(says("err", "newest checkpoint is not signed by the key"));
	log_key = foreign;
	REQUIRE(key_put());
	log_key = own;
	CHECK_INT(sh(ONCE "--to-file anchors"), 1);
	CHECK(says("err", "the checkpoint that was anchored last is not signed by the key"));
	/* By the right key, of another log. */
	REQUIRE(key_put() && log_grow(40, SEGMENT));
	len = log_sign("example.com/other", 40, &log_key, note, sizeof(note));
	REQUIRE(len && log_put_note(note, len));
	CHECK_INT(sh(ONCE "--to-file anchors"), 1);
	CHECK(says("err", "of another log"));
	REQUIRE(grow(50));
	CHECK_INT(sh(ONCE "--to-file anchors"), 0);
	CHECK_INT(notes_of("anchors", 50), 1);
}

static void a_full_disk_is_told_and_leaves_nothing_half(void)
{
	if (geteuid() != 0)
		SKIP("only root mounts file systems");
	REQUIRE(begin(20));
	CHECK_INT(sh("mkdir -p full; umount full 2>/dev/null; "
		     "mount -t tmpfs -o size=4k none full"),
		  0);
	CHECK_INT(sh("head -c 4000 /dev/zero | tr '\\0' '\\n' >full/anchors; " ONCE
		     "--to-file full/anchors"),
		  1);
	CHECK(says("err", "No space left"));
	CHECK_INT(sh("test $(stat -c %%s full/anchors) = 4000"), 0);
	/* The state as well; and then nothing is sent. */
	CHECK_INT(sh("agentctl audit anchor --allow-root --once --state full/state "
		     "--to-file anchors"),
		  1);
	CHECK(says("err", "No space left") && !*text_of("anchors"));
	CHECK_INT(sh("truncate -s 0 full/anchors; " ONCE "--to-file full/anchors"), 0);
	CHECK_INT(notes_of("full/anchors", 20), 1);
	CHECK_INT(sh("umount full"), 0);
}

static void what_is_no_file_is_refused(void)
{
	REQUIRE(begin(20));
	CHECK_INT(sh("touch got; ln -s got anchors; " ONCE "--to-file anchors"), 1);
	CHECK(says("err", "file anchors: a symbolic link") && !*text_of("got"));
	CHECK_INT(sh("rm anchors; mkfifo anchors; " ONCE "--to-file anchors"), 1);
	CHECK(says("err", "not a regular file"));
	CHECK_INT(sh("rm anchors; touch anchors; flock anchors " ONCE "--to-file anchors"), 1);
	CHECK(says("err", "another process appends to it"));
	CHECK_INT(sh("ln -sf got state; " ONCE "--to-file anchors"), 3);
	CHECK(says("err", "state: a symbolic link"));
	CHECK_INT(sh("rm state; mkfifo state; " ONCE "--to-file anchors"), 3);
	CHECK_INT(sh("rm state; flock state.lock " ONCE "--to-file anchors"), 1);
	CHECK(says("err", "another agentctl audit anchor uses this state"));
	CHECK(!*text_of("anchors"));
	CHECK_INT(sh("rm -f state; " ONCE "--to-file anchors"), 0);
	CHECK_INT(notes_of("anchors", 20), 1);
}

static void a_state_that_is_torn_or_changed_is_refused(void)
{
	static const char *const changes[] = {
		"truncate -s -1 state",
		"truncate -s 0 state",
		"truncate -s 60 state",
		"echo >>state",
		"sed -i 's/^taken /taken 0/' state; echo taken >>state",
		"sed -i '1s/1/x/' state",
		"sed -i 's/^whole \\([0-9]*\\) .*/whole \\1 99999999999/' state",
		"sed -i 's/^20$/-2/' state",
		"sed -i 's/^whole/underway/' state; echo taken 00 >>state",
		"head -c 1000000 /dev/zero >state",
	};
	size_t i;

	REQUIRE(begin(20));
	REQUIRE(sh(ONCE "--to-file anchors && cp state other") == 0);
	REQUIRE(grow(30));
	for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		CHECK_MSG(sh("cp other state; %s; " ONCE "--to-file anchors", changes[i]) == 3,
			  "%s", changes[i]);
		CHECK(says("err", "not a state of agentctl audit anchor"));
	}
	CHECK_INT(sh("cp other state; sed -i '1s/1/2/' state; " ONCE "--to-file anchors"), 3);
	CHECK(says("err", "later version"));
	/* A note in it that was changed is not signed. */
	CHECK_INT(sh("cp other state; sed -i 's/^20$/19/' state; " ONCE "--to-file anchors"), 1);
	CHECK(says("err", "its signature is wrong"));
	CHECK_INT(notes_of("anchors", 30), 0);
	CHECK_INT(sh("cp other state; " ONCE "--to-file anchors"), 0);
	CHECK_INT(notes_of("anchors", 30), 1);
}

static void it_follows_at_its_interval_until_it_is_asked_to_end(void)
{
	pid_t pid;

	REQUIRE(begin(20));
	pid = start(ANCHOR "--every 1s --to-file anchors");
	CHECK(said("out", "anchored 20 records"));
	REQUIRE(grow(30));
	CHECK(said("out", "anchored 30 records"));
	kill(pid, SIGTERM);
	CHECK_INT(status_of(pid), 0);
	CHECK_STR(text_of("err"), "");
	/* The interval goes on after a restart: this one is not sent for an hour. */
	REQUIRE(grow(40));
	pid = start(ANCHOR "--every 1h --to-file anchors");
	sleep(3);
	CHECK_INT(notes_of("anchors", 40), 0);
	kill(pid, SIGTERM);
	CHECK_INT(status_of(pid), 0);
	/* Unless the clock was set back meanwhile. */
	CHECK_INT(sh("sed -i 's/^whole [0-9]*/whole 4000000000000000000/' state"), 0);
	pid = start(ANCHOR "--every 1h --to-file anchors");
	CHECK(said("anchors", "\n40\n"));
	kill(pid, SIGTERM);
	CHECK_INT(status_of(pid), 0);
}

static void following_it_ends_with_a_rewritten_log(void)
{
	pid_t pid;

	REQUIRE(begin(20));
	pid = start(ANCHOR "--every 1s --to-file anchors");
	CHECK(said("out", "anchored 20 records"));
	/* In one step, as far as it can see. */
	CHECK_INT(kill(pid, SIGSTOP), 0);
	REQUIRE(remake(30));
	kill(pid, SIGCONT);
	CHECK_INT(status_of(pid), 1);
	CHECK(says("err", "NOT ANCHORED, and nothing more is sent: the log was rewritten"));
	CHECK_INT(notes_of("anchors", 30), 0);
}

static void following_it_tries_again(void)
{
	pid_t pid;

	/* There is no log yet, then no target. */
	REQUIRE(begin(20));
	log_new();
	pid = start(ANCHOR "--every 1s --to-file other/anchors");
	CHECK(said("err", "there is no audit log"));
	REQUIRE(log_make(20, SEGMENT, 0, 20));
	CHECK(said("err", "file other/anchors: No such file"));
	CHECK_INT(sh("mkdir other 2>/dev/null; true"), 0);
	CHECK(said("other/anchors", "\n20\n"));
	kill(pid, SIGTERM);
	CHECK_INT(status_of(pid), 0);
	CHECK_INT(notes_of("other/anchors", 20), 1);
}

static void asked_to_end_while_sending_it_ends(void)
{
	char line[256];
	pid_t pid;

	REQUIRE(begin(20));
	pid = start(ANCHOR "--give-up 1h --to-command sh -c 'echo $$ >got; sleep 600'");
	CHECK(said("got", "\n"));
	kill(pid, SIGTERM);
	CHECK_INT(status_of(pid), 0);
	CHECK_INT(
		sh("for i in $(seq 100); do kill -0 -- -$(cat got) || exit 0; sleep 0.1; done; exit 1"),
		0);
	CHECK(says("state", "\nunderway "));
	REQUIRE(server_start("wait", NULL));
	snprintf(line, sizeof(line), ANCHOR "--give-up 1h --to-url http://127.0.0.1:%u/", port);
	pid = start(line);
	CHECK(said("requests", "wait"));
	kill(pid, SIGTERM);
	CHECK_INT(status_of(pid), 0);
	server_stop();
}

static void doctor_tells_how_far(void)
{
	static const char doctor[] = "AGENTOS_ANCHOR_STATE=state agentctl doctor | grep ^anchor";

	REQUIRE(begin(20));
	CHECK_INT(sh("%s", doctor), 1);
	REQUIRE(sh(ONCE "--to-file anchors") == 0);
	CHECK_INT(sh("%s", doctor), 0);
	CHECK(says("out", "ok       up to record 20, at 20"));
	REQUIRE(grow(30));
	REQUIRE(sh(ONCE "--to-command false") == 1);
	CHECK_INT(sh("%s", doctor), 0);
	CHECK(says("out", "ok       up to record 20, at 20") && says("out", "up to 30 "));
	/* For too long; and the log is cut off. */
	CHECK_INT(sh("cp state other"), 0);
	CHECK_INT(sh("sed -i 's/^underway [0-9]*/underway 1700000000000000000/' state; %s", doctor),
		  0);
	CHECK(says("out", "PROBLEM  up to record 20, "));
	CHECK_INT(sh("echo >state; %s", doctor), 0);
	CHECK(says("out", "PROBLEM  state: not a state"));
	REQUIRE(log_make(25, SEGMENT, 0, 25));
	CHECK_INT(sh("mv other state; %s", doctor), 0);
	CHECK(says("out", "PROBLEM  30 records were handed on, and the log ends before"));
}

static void wrong_command_lines_are_told(void)
{
	static const char *const lines[] = {
		"",
		"--once",
		"--to-file",
		"--to-file ''",
		"--to-file a b",
		"--to-url ftp://a",
		"--to-url 'http://a\nheader X: y'",
		"--to-command",
		"--to-command --",
		"--to-file a --every 0s",
		"--to-file a --every 1",
		"--to-file a --every 1s --once",
		"--to-file a --give-up never",
		"--to-file a --header 'X: y'",
		"--to-url http://a --header X",
		"--to-url http://a --header 'X: a\rY: b'",
		"--to-file a --ca b",
		"--to-file a --what",
		"--to-file 1 --to-file 2 --to-file 3 --to-file 4 --to-file 5 --to-file 6 --to-file 7 "
		"--to-file 8 --to-file 9",
	};
	size_t i;

	REQUIRE(begin(20));
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		CHECK_MSG(sh(ANCHOR "%s", lines[i]) == 2, "%s", lines[i]);
		CHECK(*text_of("err") && !*text_of("out"));
	}
	CHECK_INT(sh(ONCE "--to-url http://a --header @none"), 3);
	CHECK_INT(sh(ONCE "--key none --to-file anchors"), 1);
	CHECK_INT(sh(ONCE "--key x+y+z --to-file anchors"), 3);
	CHECK_INT(sh("agentctl audit anchor --help"), 0);
	if (geteuid() != 0)
		return;
	CHECK_INT(sh("agentctl audit anchor --once --state state --to-file anchors"), 2);
	CHECK(says("err", "run as root"));
	CHECK(!*text_of("anchors"));
}

static const struct tap_test tests[] = {
	TEST(a_file_is_appended_to),
	TEST(a_long_file_of_anchors_ends_in_its_last),
	TEST(a_command_reads_it_and_its_status_counts),
	TEST(a_slow_command_is_killed_with_what_it_started),
	TEST(a_url_is_posted_to),
	TEST(a_url_that_refuses_or_is_not_there_is_told),
	TEST(who_has_it_does_not_get_it_again),
	TEST(a_crash_sends_again_and_forgets_nothing),
	TEST(a_rewritten_log_is_not_anchored_over),
	TEST(nor_is_one_that_shrank_or_is_gone),
	TEST(nor_is_one_of_another_key_or_name),
	TEST(a_full_disk_is_told_and_leaves_nothing_half),
	TEST(what_is_no_file_is_refused),
	TEST(a_state_that_is_torn_or_changed_is_refused),
	TEST(it_follows_at_its_interval_until_it_is_asked_to_end),
	TEST(following_it_ends_with_a_rewritten_log),
	TEST(following_it_tries_again),
	TEST(asked_to_end_while_sending_it_ends),
	TEST(doctor_tells_how_far),
	TEST(wrong_command_lines_are_told),
};

int main(int argc, char **argv)
{
	const char *given = getenv("BUILD"), *src = getenv("SRC");
	char line[256];
	int rc;

	if (!realpath(given ? given : "build", build) || !realpath(src ? src : ".", source))
		return 1;
	strcpy(place, "/tmp/anchor-test-XXXXXX");
	if (!mkdtemp(place))
		return 1;
	rc = tap_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
	server_stop();
	log_new();
	snprintf(line, sizeof(line), "%s.pub", log_dir);
	unlink(line);
	log_end();
	snprintf(line, sizeof(line), "rm -rf %s", place);
	return system(line) != 0 ? 1 : rc;
}
