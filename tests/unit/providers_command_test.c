// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl providers, run: what it lists, which files count, and what it says of those that are wrong. */
#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/tap.h"

static char place[] = "/tmp/providers-XXXXXX", agentctl[PATH_MAX], said[1 << 18];

/* build/bin/agentctl, beside this program's directory, and a directory of our own. */
static bool place_make(void)
{
	ssize_t len = readlink("/proc/self/exe", agentctl, sizeof(agentctl) - 32);
	char *slash;

	if (len <= 0)
		return false;
	agentctl[len] = '\0';
	slash = strstr(agentctl, "/tests/unit/");
	if (!slash)
		return false;
	strcpy(slash, "/bin/agentctl");
	return mkdtemp(place) != NULL;
}

static bool file_write(const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", place, name);
	out = fopen(path, "w");
	return out && fputs(text, out) != EOF && fclose(out) == 0;
}

/* Runs agentctl in the place, with its rows; its status. What it says is in `said`. */
static int run(const char *words)
{
	char line[3 * PATH_MAX];
	size_t len;
	FILE *in;
	int status;

	snprintf(line, sizeof(line), "cd %s && AGENTOS_CATALOG_DIR=%s %s providers %s 2>&1", place,
		 place, agentctl, words);
	in = popen(line, "r");
	if (!in)
		return -1;
	len = fread(said, 1, sizeof(said) - 1, in);
	said[len] = '\0';
	status = pclose(in);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool says(const char *text)
{
	return strstr(said, text) != NULL;
}

static void what_is_there_is_listed(void)
{
	REQUIRE(place_make());
	CHECK_INT(run(""), 0);
	CHECK(says("https://api.anthropic.com/v1") && says("claude-sonnet-5-5"));
	CHECK(says("(needs region=)") && says("  above 200k"));
	REQUIRE(file_write("providers", "provider mine wire=openai-chat url=http://127.0.0.1:9/v1 "
					"auth=none\nprovider bedrock from=bedrock region=r-1\n"));
	REQUIRE(file_write("models", "model gpt-5 provider=mine\nmodel m provider=mine "
				     "input=$0.0375 output=1 priced=2026-11-30\n"));
	REQUIRE(file_write("routes", "alias a model=m\nfallback a to=gpt-5\n"));
	CHECK_INT(run(""), 0);
	CHECK(says("http://127.0.0.1:9/v1") && says("$0.0375") && says("$0.000001"));
	CHECK(says("a is m\n") && says("a falls back to gpt-5\n"));
}

static json_t *named(const json_t *list, const char *name)
{
	json_t *item;
	size_t i;

	json_array_foreach(list, i,
			   item) if (!strcmp(json_string_value(json_object_get(item, "name")),
					     name)) return item;
	return NULL;
}

static void programs_get_the_same_as_json(void)
{
	json_t *all, *p, *m, *prices;

	CHECK_INT(run("--json"), 0);
	all = json_loads(said, 0, NULL);
	REQUIRE(all);
	p = named(json_object_get(all, "providers"), "mine");
	CHECK_STR(json_string_value(json_object_get(p, "wire")), "openai-chat");
	CHECK(says("/providers\",\"line\":1"));
	p = named(json_object_get(all, "providers"), "bedrock");
	CHECK_STR(json_string_value(json_object_get(p, "region")), "r-1");
	CHECK(p && !json_object_get(p, "missing"));
	p = named(json_object_get(all, "providers"), "github");
	CHECK_INT(json_array_size(json_object_get(p, "headers")), 1);
	m = named(json_object_get(all, "models"), "m");
	prices = json_object_get(m, "microdollars_per_million");
	CHECK_INT(json_integer_value(json_object_get(prices, "input")), 37500);
	CHECK_INT(json_integer_value(json_object_get(prices, "cache_read")), 37500);
	CHECK_STR(json_string_value(json_object_get(m, "priced")), "2026-11-30");
	m = named(json_object_get(all, "models"), "gpt-5");
	CHECK(m && !json_object_get(m, "microdollars_per_million"));
	CHECK(named(json_object_get(all, "aliases"), "a"));
	CHECK(named(json_object_get(all, "fallbacks"), "a"));
	json_decref(all);
}

static void files_are_checked_together(void)
{
	CHECK_INT(run("--check models"), 3);
	CHECK_STR(said, "agentctl: models:1: provider=mine: there is no such provider\n");
	CHECK_INT(run("--check providers models routes"), 0);
	CHECK_STR(said, "valid: 2 providers, 2 models, 1 aliases, 1 fallbacks\n");
	CHECK_INT(run("--json --check providers"), 0);
	CHECK_STR(said, "{\"valid\":true,\"providers\":2,\"models\":0,\"aliases\":0,"
			"\"fallbacks\":0}\n");
	CHECK_INT(run("--check - <providers"), 0);
	REQUIRE(file_write("bad", "\nprovider p wire=gemini urll=https://a.test auth=none\n"));
	CHECK_INT(run("--check bad"), 3);
	CHECK_STR(said, "agentctl: bad:2: no key `urll`; did you mean `url`?\n");
	CHECK_INT(run("--check --json bad"), 3);
	CHECK_STR(said, "{\"valid\":false,\"error\":\"bad:2: no key `urll`; did you mean "
			"`url`?\"}\n");
	CHECK_INT(run("--check nothing-there"), 1);
	CHECK_STR(said, "agentctl: nothing-there: No such file or directory\n");
	CHECK_INT(run("--check /"), 1);
}

static void a_file_that_is_wrong_is_not_passed_over(void)
{
	REQUIRE(file_write("routes", "alias a model=nobody\n"));
	CHECK_INT(run(""), 3);
	CHECK(says("/routes:1: model=nobody: there is no such model\n"));
	REQUIRE(file_write("routes", ""));
	CHECK_INT(run(""), 0);
}

static void wrong_command_lines_are_told(void)
{
	char command[64];

	CHECK_INT(run("--chekc x"), 2);
	CHECK_STR(said, "agentctl: providers: no option --chekc; try `agentctl help providers`\n");
	CHECK_INT(run("--check"), 2);
	CHECK_INT(run("x"), 2);
	snprintf(command, sizeof(command), "rm -r %s", place);
	CHECK_INT(system(command), 0);
}

static const struct tap_test tests[] = {
	TEST(what_is_there_is_listed),	    TEST(programs_get_the_same_as_json),
	TEST(files_are_checked_together),   TEST(a_file_that_is_wrong_is_not_passed_over),
	TEST(wrong_command_lines_are_told),
};

TAP_MAIN(tests)
