// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl vault: what opens it, by file, credential or passphrase; and secrets typed on a terminal. */
#include "tests/unit/vault_command_rig.h"

#define PHRASE	     "correct horse"
#define PHRASE_LATER "battery horse"

static bool prompt_seen(struct terminal *t, const char *question)
{
	return terminal_shows(t, question) && !terminal_echoes(t, false);
}

static void what_is_typed_is_not_shown(void)
{
	struct terminal t;

	REQUIRE(begin());
	on_terminal(&t, "set", "openai");
	CHECK(prompt_seen(&t, "Value of openai: "));
	CHECK(terminal_type(&t, CANARY "\n"));
	CHECK(terminal_shows(&t, "openai is set"));
	CHECK(terminal_echoes(&t, true));
	CHECK_INT(terminal_end(&t), 0);
	CHECK(!strstr(t.seen, "canary"));
	CHECK(holds("openai", CANARY));
}

/* Whatever ends it: the terminal shows what is typed to whoever comes next. */
static void a_signal_leaves_the_terminal_as_it_was(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct terminal t;
	size_t i;

	REQUIRE(begin());
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		on_terminal(&t, "set", "openai");
		CHECK(prompt_seen(&t, "Value of openai: "));
		CHECK(terminal_type(&t, CANARY));
		CHECK(kill(t.child, signals[i]) == 0);
		CHECK(terminal_echoes(&t, true));
		CHECK_INT(terminal_end(&t), 128 + signals[i]);
		CHECK(!strstr(t.seen, "canary"));
	}
	/* What would stop it asks again: of a shell with job control, once it goes on. */
	on_terminal(&t, "set", "openai");
	CHECK(prompt_seen(&t, "Value of openai: ") && terminal_type(&t, "lost"));
	CHECK(kill(t.child, SIGTSTP) == 0);
	CHECK(terminal_shows(&t, "Value of openai: \r\nValue of openai: "));
	CHECK(!terminal_echoes(&t, false) && terminal_type(&t, "kept\n"));
	CHECK(terminal_shows(&t, "openai is set"));
	CHECK_INT(terminal_end(&t), 0);
	CHECK(holds("openai", "kept"));
	/* The key that sends one, and the end of what there is. */
	on_terminal(&t, "set", "openai");
	CHECK(prompt_seen(&t, "Value of openai: ") && terminal_type(&t, CANARY "\x03"));
	CHECK_INT(terminal_end(&t), 128 + SIGINT);
	on_terminal(&t, "set", "openai");
	CHECK(prompt_seen(&t, "Value of openai: ") && terminal_type(&t, "\x04"));
	CHECK(terminal_shows(&t, "the value: nothing was given"));
	CHECK(terminal_echoes(&t, true));
	CHECK_INT(terminal_end(&t), 3);
	CHECK(!holds("openai", CANARY));
}

/* A terminal drops what goes beyond its line, and tells nobody. */
static void a_line_that_a_terminal_cuts_is_refused(void)
{
	char line[5001];
	struct terminal t;
	size_t at;

	REQUIRE(begin());
	memset(line, 'x', sizeof(line) - 2);
	line[sizeof(line) - 2] = '\n';
	line[sizeof(line) - 1] = '\0';
	on_terminal(&t, "set", "openai");
	CHECK(prompt_seen(&t, "Value of openai: "));
	for (at = 0; at < sizeof(line) - 1; at += 500)
		CHECK(write(t.fd, line + at, 500) == 500);
	CHECK(terminal_shows(&t, "it is longer than 4094 bytes"));
	CHECK_INT(terminal_end(&t), 3);
	/* The longest that it does not cut. */
	on_terminal(&t, "set", "openai");
	CHECK(prompt_seen(&t, "Value of openai: "));
	line[4094] = '\n';
	line[4095] = '\0';
	CHECK(terminal_type(&t, line));
	CHECK(terminal_shows(&t, "openai is set"));
	CHECK_INT(terminal_end(&t), 0);
	line[4094] = '\0';
	CHECK(holds("openai", line));
}

static void a_passphrase_is_typed_twice_and_then_once(void)
{
	struct terminal t;

	rig_new();
	on_terminal(&t, "init", "--passphrase", "--kdf", "interactive");
	CHECK(prompt_seen(&t, "New passphrase: ") && terminal_type(&t, PHRASE "\n"));
	CHECK(prompt_seen(&t, "The same again: ") && terminal_type(&t, PHRASE_LATER "\n"));
	CHECK(terminal_shows(&t, "the passphrases are not the same"));
	CHECK_INT(terminal_end(&t), 1);
	CHECK(access(rig_path("vault"), F_OK) != 0);
	on_terminal(&t, "init", "--passphrase", "--kdf", "interactive");
	CHECK(prompt_seen(&t, "New passphrase: ") && terminal_type(&t, PHRASE "\n"));
	CHECK(prompt_seen(&t, "The same again: ") && terminal_type(&t, PHRASE "\n"));
	CHECK(terminal_shows(&t, "Your passphrase opens it"));
	CHECK_INT(terminal_end(&t), 0);
	CHECK(access(rig_path("key"), F_OK) != 0);
	on_terminal(&t, "list");
	CHECK(prompt_seen(&t, "Passphrase of ") && terminal_type(&t, PHRASE_LATER "\n"));
	CHECK(terminal_shows(&t, "the passphrase is not that of"));
	CHECK_INT(terminal_end(&t), 1);
	on_terminal(&t, "list");
	CHECK(prompt_seen(&t, "Passphrase of ") && terminal_type(&t, PHRASE "\n"));
	CHECK(terminal_shows(&t, "The vault is empty"));
	CHECK_INT(terminal_end(&t), 0);
	CHECK(!strstr(t.seen, "correct") && !strstr(t.seen, "horse"));
	/* A value from standard input goes with a passphrase from the terminal, or from a descriptor. */
	CHECK_INT(vault_in(CANARY, "set", "openai"), 1);
	CHECK(one_line("no terminal to ask for the passphrase on"));
	CHECK_INT(run_with((struct run){ .input = CANARY "\n", .lines = PHRASE "\n" },
			   (const char *const[]){ "agentctl", "vault", "set", "openai",
						  "--passphrase-fd", "9", NULL }),
		  0);
	CHECK_INT(vault_lines(PHRASE "\n", "list"), 0);
	CHECK(says("openai"));
}

static void passphrases_of_a_descriptor_are_lines(void)
{
	rig_new();
	CHECK_INT(vault_lines("short\n", "init", "--passphrase"), 1);
	CHECK(one_line("a passphrase is one line of 8 to 1024 bytes"));
	CHECK_INT(vault_lines("", "init", "--passphrase"), 1);
	CHECK(one_line("the passphrase: nothing was given"));
	CHECK_INT(vault("init", "--passphrase", "--passphrase-fd", "77"), 2);
	CHECK_INT(vault("init", "--passphrase", "--passphrase-fd", "x"), 2);
	CHECK_INT(vault("init", "--passphrase", "--kdf", "none"), 2);
	CHECK(access(rig_path("vault"), F_OK) != 0);
	CHECK_INT(vault_lines(PHRASE, "init", "--passphrase", "--kdf", "interactive"), 0);
	CHECK_INT(vault_lines(PHRASE "\nmore\n", "list"), 0);
	CHECK_INT(vault_lines(PHRASE " \n", "list"), 1);
	CHECK(one_line("the passphrase is not that of"));
	/* The old one, and then the new one. */
	CHECK_INT(vault_lines(PHRASE "\n" PHRASE_LATER "\n", "rotate", "--passphrase", "--kdf",
			      "interactive"),
		  0);
	CHECK_INT(vault_lines(PHRASE "\n", "list"), 1);
	CHECK_INT(vault_lines(PHRASE_LATER "\n", "list"), 0);
	CHECK_INT(vault_lines(PHRASE_LATER "\n", "rotate"), 0);
	CHECK(says("Your passphrase opens it"));
	CHECK_INT(vault_lines(PHRASE_LATER "\n", "list"), 0);
}

static void rotating_changes_what_opens_it(void)
{
	char old[400];
	uint8_t *before, *after;
	size_t len = 0;

	REQUIRE(begin() && vault_in(CANARY, "set", "openai") == 0);
	before = rig_get(rig_path("vault"), &len);
	CHECK_INT(vault("rotate"), 0);
	CHECK(says("1 secret is under it"));
	after = rig_get(rig_path("vault"), &len);
	REQUIRE(before && after);
	CHECK(memcmp(before + offsetof(struct seal_header, key),
		     after + offsetof(struct seal_header, key), SEAL_KEY) != 0);
	free(before);
	free(after);
	CHECK(holds("openai", CANARY));
	/* Another key file, made; the one so far is moved out of its way. */
	snprintf(old, sizeof(old), "%s", rig_path("key.old"));
	REQUIRE(rename(rig_path("key"), old) == 0);
	CHECK_INT(vault("rotate", "--key-file", rig_path("key")), 1);
	CHECK(one_line("there is no key file"));
	CHECK_INT(vault("rotate", "--old-key-file", old, "--key-file", rig_path("key")), 0);
	CHECK(holds("openai", CANARY));
	CHECK_INT(vault("list", "--key-file", old), 1);
	/* To a passphrase, and back again. */
	CHECK_INT(vault_lines(PHRASE "\n", "rotate", "--passphrase", "--kdf", "interactive"), 0);
	CHECK_INT(vault("list"), 1);
	CHECK(one_line("no terminal"));
	CHECK_INT(vault_lines(PHRASE "\n", "rotate", "--key-file", rig_path("key")), 0);
	CHECK(holds("openai", CANARY));
	CHECK_INT(vault("list"), 0);
	CHECK_INT(vault("init", "--old-key-file", old), 2);
}

static void a_credential_opens_it(void)
{
	static const char digits[] =
		"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n";

	rig_new();
	unsetenv("CREDENTIALS_DIRECTORY");
	CHECK_INT(vault("init", "--credential"), 1);
	CHECK(one_line("LoadCredentialEncrypted=agentos-vault-key"));
	setenv("CREDENTIALS_DIRECTORY", rig_base, 1);
	CHECK_INT(vault("init", "--credential"), 1);
	CHECK(one_line("there is no credential"));
	REQUIRE(rig_put(rig_path(KEY_CREDENTIAL), digits, strlen(digits)));
	CHECK_INT(vault("init", "--credential"), 0);
	CHECK(says("The credential agentos-vault-key opens it"));
	CHECK_INT(vault_in(CANARY, "set", "openai"), 0);
	CHECK_INT(vault("rotate"), 0);
	CHECK_INT(vault("list"), 0);
	unsetenv("CREDENTIALS_DIRECTORY");
	CHECK_INT(vault("list"), 1);
}

static bool may_dump(pid_t child)
{
	char path[64], line[256];
	bool may = true;
	FILE *limits;

	snprintf(path, sizeof(path), "/proc/%d/limits", child);
	limits = fopen(path, "re");
	while (limits && fgets(line, sizeof(line), limits))
		if (strncmp(line, "Max core file size        0 ", 28) == 0)
			may = false;
	if (limits)
		fclose(limits);
	return may;
}

/* Whom the kernel shows as its owner: root, once it is not dumpable. */
static uid_t shown_owner(pid_t child)
{
	struct stat st = { .st_uid = 65534 };
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/environ", child);
	return stat(path, &st) == 0 ? st.st_uid : 65534;
}

static void its_memory_is_not_dumped(void)
{
	int in[2], program_fd = open(program(), O_RDONLY | O_CLOEXEC), status = -1, i;
	char *argv[] = { "agentctl", "vault", "set", "openai", NULL };
	struct rlimit core;
	pid_t child;

	rig_new();
	REQUIRE(getrlimit(RLIMIT_CORE, &core) == 0);
	if (core.rlim_max == 0)
		SKIP("nothing dumps core here");
	core.rlim_cur = core.rlim_max;
	REQUIRE(program_fd >= 0 && pipe(in) == 0 && setrlimit(RLIMIT_CORE, &core) == 0);
	child = fork();
	if (child == 0) {
		dup2(in[0], STDIN_FILENO);
		close(in[1]);
		close(STDERR_FILENO);
		if (geteuid() == 0 && setuid(65534) != 0)
			_exit(112);
		/* It waits for the value, before it looks at any file. */
		fexecve(program_fd, argv, environ);
		_exit(111);
	}
	REQUIRE(child > 0);
	for (i = 0; i < 200 && may_dump(child); i++)
		usleep(20000);
	CHECK(!may_dump(child));
	/* It was another's before the program began, and would be again. */
	CHECK_INT(shown_owner(child), 0);
	close(in[0]);
	close(in[1]);
	close(program_fd);
	CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 3);
}

static const struct tap_test tests[] = {
	TEST(what_is_typed_is_not_shown),
	TEST(a_signal_leaves_the_terminal_as_it_was),
	TEST(a_line_that_a_terminal_cuts_is_refused),
	TEST(a_passphrase_is_typed_twice_and_then_once),
	TEST(passphrases_of_a_descriptor_are_lines),
	TEST(rotating_changes_what_opens_it),
	TEST(a_credential_opens_it),
	TEST(its_memory_is_not_dumped),
};

TAP_MAIN(tests)
