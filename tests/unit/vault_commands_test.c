// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl vault: set, bind, list, rm, and what each of them refuses. */
#include "tests/unit/vault_command_rig.h"

static void a_vault_is_made_with_its_key(void)
{
	struct stat st;

	rig_new();
	CHECK_INT(vault("list"), 1);
	CHECK(one_line("run `agentctl vault init`"));
	CHECK_INT(vault("init"), 0);
	CHECK(says("Keep a copy of that key elsewhere"));
	CHECK(stat(rig_path("vault"), &st) == 0 && (st.st_mode & 07777) == 0600);
	CHECK(stat(rig_path("key"), &st) == 0 && (st.st_mode & 07777) == 0600);
	CHECK_INT(vault("list"), 0);
	CHECK(says("The vault is empty"));
	CHECK_INT(vault("list", "--json"), 0);
	CHECK_STR(out, "{\"secrets\":[]}\n");
	CHECK_INT(vault("init"), 1);
	CHECK(one_line("there is a vault already"));
	/* Anew beside the key that is there, which stays. */
	unlink(rig_path("vault"));
	CHECK_INT(vault("init"), 0);
	CHECK_INT(vault("list"), 0);
	rig_new();
	CHECK_INT(vault("init", "--key-file", rig_path("vault")), 1);
	CHECK(one_line("cannot be one file"));
	CHECK_INT(vault("init", "--passphrase", "--credential"), 2);
	CHECK(one_line("exclude each other"));
	CHECK_INT(vault("init", "--vault", rig_path("vault"), "--key-file",
			rig_path("none/deeper/key")),
		  1);
	CHECK(one_line("No such file"));
	CHECK(access(rig_path("vault"), F_OK) != 0);
}

static void what_is_read_is_set_and_never_shown(void)
{
	REQUIRE(begin());
	CHECK_INT(vault_in(CANARY "\n", "set", "openai"), 0);
	CHECK(says("openai is set. It goes nowhere yet"));
	CHECK(holds("openai", CANARY));
	CHECK_INT(vault("bind", "openai", "API.openai.com", "*.eu.openai.com:8443"), 0);
	CHECK(says("openai may be sent to api.openai.com:443, *.eu.openai.com:8443\n"));
	CHECK_INT(vault_in(CANARY_LATER, "set", "openai"), 0);
	CHECK(says("it is bound to 2 hosts"));
	CHECK(holds("openai", CANARY_LATER));
	CHECK_INT(vault("list"), 0);
	CHECK(says("api.openai.com:443 *.eu.openai.com:8443\n"));
	/* Not even its beginning or its end. */
	CHECK(!strstr(out, "sk-") && !strstr(out, "d1"));
	CHECK_INT(vault("list", "--json"), 0);
	CHECK(says("{\"secrets\":[{\"name\":\"openai\",\"set\":\"20"));
	CHECK(says("Z\",\"hosts\":[\"api.openai.com:443\",\"*.eu.openai.com:8443\"]}]}\n"));
	CHECK(!strstr(out, "sk-"));
	CHECK_INT(vault("show-hosts", "openai"), 0);
	CHECK_STR(out, "api.openai.com:443\n*.eu.openai.com:8443\n");
	CHECK_INT(vault("show-hosts", "openai", "--json"), 0);
	CHECK_STR(out, "{\"hosts\":[\"api.openai.com:443\",\"*.eu.openai.com:8443\"]}\n");
	CHECK(!rig_has(rig_path("vault"), CANARY) && !rig_has(rig_path("vault"), CANARY_LATER) &&
	      !rig_has(rig_path("vault"), "openai"));
}

static void a_value_on_the_command_line_is_refused(void)
{
	REQUIRE(begin());
	CHECK_INT(vault_in("other\n", "set", "openai", CANARY), 2);
	CHECK(one_line("never taken from the command line"));
	CHECK_INT(vault_in("other\n", "set", "openai", "--value=" CANARY), 2);
	CHECK(one_line("an option is unknown"));
	CHECK_INT(vault_in("other\n", "set", CANARY "="), 2);
	CHECK(one_line("takes a name of 1 to 64"));
	CHECK_INT(vault_in("other\n", "set"), 2);
	CHECK(!holds("openai", "other"));
	/* In the place of a variable's name as well. */
	CHECK_INT(vault("set", "openai", "--from-env", CANARY), 3);
	CHECK(one_line("the variable that --from-env names is not set"));
}

static void a_variable_is_read_on_request(void)
{
	REQUIRE(begin());
	setenv("VAULT_TEST_KEY", CANARY, 1);
	CHECK_INT(vault_in("not this\n", "set", "openai", "--from-env", "VAULT_TEST_KEY"), 0);
	CHECK(holds("openai", CANARY));
	setenv("VAULT_TEST_KEY", CANARY " ", 1);
	CHECK_INT(vault("set", "openai", "--from-env", "VAULT_TEST_KEY"), 3);
	CHECK(one_line("ends with a blank"));
	unsetenv("VAULT_TEST_KEY");
}

static void values_are_taken_as_one_line(void)
{
	static const struct {
		const char *input, *value; /* NULL: refused */
	} rows[] = {
		{ CANARY, CANARY },
		{ CANARY "\n", CANARY },
		{ CANARY "\r\n", CANARY },
		{ "two words\n", "two words" },
		{ "", NULL },
		{ "\n", NULL },
		{ " " CANARY "\n", NULL },
		{ CANARY " \n", NULL },
		{ CANARY "\n\n", NULL },
		{ CANARY "\nmore\n", NULL },
		{ CANARY "\t", NULL },
	};
	char *longest = malloc(LIMIT_VAULT_VALUE + 3);
	size_t i;

	REQUIRE(begin() && longest);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_MSG(vault_in(rows[i].input, "set", "a") == (rows[i].value ? 0 : 3), "row %zu",
			  i);
		if (!rows[i].value)
			CHECK(one_line("the value"));
		CHECK_MSG(holds("a", rows[i].value ? rows[i].value : "two words"), "row %zu", i);
	}
	memset(longest, 'x', LIMIT_VAULT_VALUE + 2);
	longest[LIMIT_VAULT_VALUE + 1] = '\0';
	CHECK_INT(vault_in(longest, "set", "a"), 3);
	CHECK(one_line("longer than 8192 bytes"));
	longest[LIMIT_VAULT_VALUE] = '\n';
	CHECK_INT(vault_in(longest, "set", "a"), 0);
	longest[LIMIT_VAULT_VALUE] = '\0';
	CHECK(holds("a", longest));
	free(longest);
}

static void hosts_are_bound_and_taken_back(void)
{
	REQUIRE(begin());
	REQUIRE(vault_in(CANARY, "set", "openai") == 0);
	CHECK_INT(vault("bind", "openai"), 2);
	CHECK_INT(vault("bind", "openai", "a.test", "*.com"), 2);
	CHECK(one_line("*.com is not a host"));
	CHECK_INT(vault("bind", "openai", "https://a.test"), 2);
	CHECK_INT(vault("bind", "openai", "a.test", "b.test:8080", "a.test"), 0);
	CHECK(says("a.test:443, b.test:8080\n"));
	/* All of them or none. */
	CHECK_INT(vault("bind", "openai", "--remove", "a.test", "c.test"), 1);
	CHECK(one_line("openai is not bound to c.test:443"));
	CHECK_INT(vault("bind", "openai", "--remove", "c.test", "a.test"), 1);
	CHECK_INT(vault("bind", "openai", "b.test", "--remove"), 1);
	CHECK_INT(vault("show-hosts", "openai"), 0);
	CHECK_STR(out, "a.test:443\nb.test:8080\n");
	CHECK_INT(vault("bind", "--remove", "openai", "a.test", "b.test:8080"), 0);
	CHECK(says("openai may be sent to no host\n"));
}

static void a_name_that_is_unknown_is_answered_with_the_nearest(void)
{
	REQUIRE(begin());
	CHECK_INT(vault("rm", "openai"), 1);
	CHECK(one_line("there is no secret openai\n"));
	REQUIRE(vault_in(CANARY, "set", "openai") == 0 && vault_in(CANARY, "set", "groq") == 0);
	CHECK_INT(vault("rm", "opnai"), 1);
	CHECK(one_line("there is no secret opnai; did you mean openai?"));
	CHECK_INT(vault("bind", "qroq", "a.test"), 1);
	CHECK(one_line("did you mean groq?"));
	CHECK_INT(vault("show-hosts", "gorq"), 1);
	CHECK(one_line("did you mean groq?"));
	CHECK_INT(vault("rm", "some\x1b[31m"), 1);
	CHECK(one_line("no name of a secret"));
	/* All of them or none. */
	CHECK_INT(vault("rm", "openai", "nobody"), 1);
	CHECK(holds("openai", CANARY));
	CHECK_INT(vault("rm", "openai", "groq"), 0);
	CHECK(says("openai is removed\ngroq is removed\n"));
	CHECK(!holds("openai", CANARY));
	CHECK_INT(vault("wash"), 2);
	CHECK(one_line("init, set, bind, list"));
}

static void what_is_wrong_with_the_file_is_told_in_a_line(void)
{
	size_t len = 0;
	uint8_t *file;

	REQUIRE(begin() && vault_in(CANARY, "set", "openai") == 0);
	REQUIRE(chmod(rig_path("vault"), 0644) == 0);
	CHECK_INT(vault("list"), 1);
	CHECK(one_line("can be read or changed by others (mode 0644)"));
	REQUIRE(chmod(rig_path("vault"), 0600) == 0 && chmod(rig_path("key"), 0440) == 0);
	CHECK_INT(vault_in(CANARY, "set", "other"), 1);
	CHECK(one_line("key can be read or changed by others"));
	REQUIRE(chmod(rig_path("key"), 0400) == 0);
	file = rig_get(rig_path("vault"), &len);
	REQUIRE(file);
	file[len / 2] ^= 1;
	REQUIRE(rig_put(rig_path("vault"), file, len));
	CHECK_INT(vault("list"), 3);
	CHECK(one_line("is damaged"));
	file[len / 2] ^= 1;
	file[8] = 2;
	REQUIRE(rig_put(rig_path("vault"), file, len));
	CHECK_INT(vault("list"), 3);
	CHECK(one_line("by a later AgentOS"));
	file[8] = 1;
	REQUIRE(rig_put(rig_path("vault"), file, len));
	CHECK_INT(vault("list"), 0);
	unlink(rig_path("key"));
	CHECK_INT(vault("list"), 1);
	CHECK(one_line("there is no key file"));
	REQUIRE(rig_put(rig_path("key"), "00", 2));
	CHECK_INT(vault("list"), 3);
	CHECK(one_line("holds no key"));
	/* Another's. */
	REQUIRE(vault("init", "--vault", rig_path("v2"), "--key-file", rig_path("k2")) == 0);
	CHECK_INT(vault("list", "--key-file", rig_path("k2")), 1);
	CHECK(one_line("the key in the key file is not that of"));
	REQUIRE(rename(rig_path("vault"), rig_path("v3")) == 0 &&
		symlink(rig_path("v3"), rig_path("vault")) == 0);
	CHECK_INT(vault_in(CANARY, "set", "other"), 1);
	CHECK(one_line("is a symbolic link"));
	free(file);
}

static void many_that_set_at_once_lose_nothing(void)
{
	enum { MANY = 24 };
	static int streams[MANY][2];
	char name[32], value[32], names[MANY][32];
	pid_t children[MANY];
	int i;

	REQUIRE(begin());
	for (i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "n%d", i);
		snprintf(value, sizeof(value), "value-%d\n", i);
		children[i] = start(
			&(struct run){ .input = value },
			(const char *const[]){ "agentctl", "vault", "set", names[i], NULL },
			streams[i]);
	}
	for (i = 0; i < MANY; i++)
		CHECK_MSG(finish(children[i], streams[i]) == 0, "%s", err);
	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		snprintf(value, sizeof(value), "value-%d", i);
		CHECK_MSG(holds(name, value), "%s", name);
	}
}

static unsigned int files(void)
{
	struct dirent *entry;
	unsigned int count = 0;
	DIR *d = opendir(rig_base);

	while (d && (entry = readdir(d)))
		count += entry->d_name[0] != '.';
	if (d)
		closedir(d);
	return count;
}

static void a_full_disk_leaves_the_vault_as_it_was(void)
{
	REQUIRE(begin() && vault_in(CANARY, "set", "openai") == 0);
	CHECK_INT(run_with((struct run){ .input = CANARY_LATER, .file_max = 20000 },
			   (const char *const[]){ "agentctl", "vault", "set", "other", NULL }),
		  1);
	CHECK(one_line("cannot be written: File too large"));
	CHECK(holds("openai", CANARY) && !holds("other", CANARY_LATER));
	/* The vault, its key, its lock. */
	CHECK_INT(files(), 3);
	/* It may be replaced by one that fits. */
	CHECK_INT(run_with((struct run){ .input = CANARY_LATER, .file_max = 20000 },
			   (const char *const[]){ "agentctl", "vault", "set", "openai", NULL }),
		  0);
	CHECK(holds("openai", CANARY_LATER));
}

static void help_is_there(void)
{
	static const char *const words[] = { "init",	   "set", "bind",  "list",
					     "show-hosts", "rm",  "rotate" };
	size_t i;

	rig_new();
	CHECK_INT(vault("--help"), 0);
	CHECK(says("Usage: agentctl vault init"));
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		CHECK_INT(vault(words[i], "--help"), 0);
		CHECK(says("Usage: agentctl vault init"));
	}
	CHECK_INT(run_with((struct run){ 0 },
			   (const char *const[]){ "agentctl", "help", "vault", NULL }),
		  0);
	CHECK(says("Usage: agentctl vault init"));
}

static const struct tap_test tests[] = {
	TEST(a_vault_is_made_with_its_key),
	TEST(what_is_read_is_set_and_never_shown),
	TEST(a_value_on_the_command_line_is_refused),
	TEST(a_variable_is_read_on_request),
	TEST(values_are_taken_as_one_line),
	TEST(hosts_are_bound_and_taken_back),
	TEST(a_name_that_is_unknown_is_answered_with_the_nearest),
	TEST(what_is_wrong_with_the_file_is_told_in_a_line),
	TEST(many_that_set_at_once_lose_nothing),
	TEST(a_full_disk_leaves_the_vault_as_it_was),
	TEST(help_is_there),
};

TAP_MAIN(tests)
