// SPDX-License-Identifier: GPL-2.0-or-later
/* What a launch gives to the agent: its environment, its directories, its descriptors. */
#include "tests/tap.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "super/launch.h"

static const char *env_get(char **env, const char *name)
{
	size_t len = strlen(name);

	for (; *env; env++) {
		if (strncmp(*env, name, len) == 0 && (*env)[len] == '=')
			return *env + len + 1;
	}
	return NULL;
}

static const struct launch_agent demo = { "demo", 7,   "/run/agentos/denials/7",
					  0,	  "t", "/run/agentos/gateway.sock" };
static const struct launch_agent bare = { "demo", 7, "", 0, "", "" };

static void all_variables_are_kept_without_a_section(void)
{
	struct policy p = { 0 };
	char *from[] = { "A=1", "LD_PRELOAD=x", "AGENTOS_ID=9", "AGENTOS_SOCKET=z", NULL }, **env;

	REQUIRE(launch_environment(&p, from, &demo, &env) == 0);
	CHECK_STR(env_get(env, "A"), "1");
	CHECK_STR(env_get(env, "LD_PRELOAD"), "x");
	CHECK_STR(env_get(env, "AGENTOS_ID"), "7");
	CHECK_STR(env_get(env, "AGENTOS_AGENT"), "demo");
	CHECK_STR(env_get(env, "AGENTOS_DENIALS"), "/run/agentos/denials/7");
	CHECK(!env_get(env, "AGENTOS_SOCKET"));
	launch_environment_free(env);
}

static void only_what_is_kept_or_set_passes_a_section(void)
{
	char *keep[] = { "PATH", "LC_*", "L*", NULL }, *set[] = { "HOME=/w", "PATH2=", NULL };
	struct policy p = { .env_scrub = true, .env_keep = keep, .env_set = set };
	char *from[] = { "PATH=/bin",  "PATHS=/x", "LC_ALL=C", "LD_PRELOAD=x",
			 "HOME=/root", "SECRET=1", "nonsense", NULL },
	     **env;

	REQUIRE(launch_environment(&p, from, &demo, &env) == 0);
	CHECK_STR(env_get(env, "PATH"), "/bin");
	CHECK(!env_get(env, "PATHS"));
	CHECK_STR(env_get(env, "LC_ALL"), "C");
	CHECK(!env_get(env, "LD_PRELOAD"));
	CHECK_STR(env_get(env, "HOME"), "/w");
	CHECK_STR(env_get(env, "PATH2"), "");
	CHECK(!env_get(env, "SECRET"));
	launch_environment_free(env);
}

static void an_empty_section_keeps_nothing(void)
{
	struct policy p = { .env_scrub = true };
	char *from[] = { "PATH=/bin", NULL }, **env;
	size_t count = 0;

	REQUIRE(launch_environment(&p, from, &bare, &env) == 0);
	while (env[count])
		count++;
	CHECK_INT(count, 2);
	launch_environment_free(env);
}

static const char *const proxies[] = { "HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy" };
static const char *const others[] = { "NO_PROXY", "no_proxy" };

static void an_agent_with_names_is_told_where_the_gateway_is(void)
{
	static const struct launch_agent elsewhere = {
		"demo", 7, "", 4711, "agentos-x", "/run/other/gateway.sock"
	};
	struct policy_egress rules[] = { { .rule.kind = EGRESS_PRIVATE },
					 { .rule.kind = EGRESS_TLS } };
	struct policy p = { .egress = rules, .egress_count = 2 };
	char *from[] = { "HTTP_PROXY=http://proxy.example:3128", "ALL_PROXY=x", "no_proxy=.example",
			 "NODE_USE_ENV_PROXY=0", NULL },
	     **env;
	size_t i;

	REQUIRE(launch_environment(&p, from, &demo, &env) == 0);
	for (i = 0; i < sizeof(proxies) / sizeof(proxies[0]); i++)
		CHECK_STR(env_get(env, proxies[i]), "http://127.0.0.1:1018");
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		CHECK_STR(env_get(env, others[i]), "localhost,127.0.0.1,::1");
	CHECK_STR(env_get(env, "NODE_USE_ENV_PROXY"), "1");
	CHECK_STR(env_get(env, "ALL_PROXY"), "x");
	CHECK_STR(env_get(env, "AGENTOS_SOCKET"), "/run/agentos/gateway.sock");
	launch_environment_free(env);

	p.env_scrub = true;
	REQUIRE(launch_environment(&p, from, &elsewhere, &env) == 0);
	for (i = 0; i < sizeof(proxies) / sizeof(proxies[0]); i++)
		CHECK_STR(env_get(env, proxies[i]), "http://127.0.0.1:4711");
	CHECK(!env_get(env, "ALL_PROXY"));
	launch_environment_free(env);
}

static void an_agent_with_models_is_told_where_they_are(void)
{
	static const struct launch_agent elsewhere = {
		"demo", 7, "", 4711, "agentos-x", "/run/other/gateway.sock"
	};
	struct policy_egress rules[] = { { .rule.kind = EGRESS_MODEL } };
	struct policy p = { .egress = rules, .egress_count = 1 };
	char *from[] = { "OPENAI_API_KEY=sk-mine", "ANTHROPIC_BASE_URL=x", "http_proxy=p", NULL };
	char **env;
	size_t i;

	REQUIRE(launch_environment(&p, from, &elsewhere, &env) == 0);
	CHECK_STR(env_get(env, "OPENAI_BASE_URL"), "http://127.0.0.1:4711/v1");
	CHECK_STR(env_get(env, "ANTHROPIC_BASE_URL"), "http://127.0.0.1:4711");
	CHECK_STR(env_get(env, "GOOGLE_GEMINI_BASE_URL"), "http://127.0.0.1:4711");
	CHECK_STR(env_get(env, "OPENAI_API_KEY"), "agentos-x");
	CHECK_STR(env_get(env, "ANTHROPIC_API_KEY"), "agentos-x");
	CHECK_STR(env_get(env, "GEMINI_API_KEY"), "agentos-x");
	CHECK_STR(env_get(env, "AGENTOS_SOCKET"), "/run/other/gateway.sock");
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		CHECK_STR(env_get(env, others[i]), "localhost,127.0.0.1,::1");
	/* It names no hosts: whatever proxy there was is left to the rules on addresses. */
	CHECK_STR(env_get(env, "http_proxy"), "p");
	CHECK(!env_get(env, "HTTPS_PROXY"));
	launch_environment_free(env);

	/* Nothing of it for who has no token, nor with rules on hosts alone. */
	REQUIRE(launch_environment(&p, from, &bare, &env) == 0);
	CHECK_STR(env_get(env, "OPENAI_API_KEY"), "sk-mine");
	CHECK(!env_get(env, "OPENAI_BASE_URL"));
	CHECK(!env_get(env, "AGENTOS_SOCKET"));
	launch_environment_free(env);
	rules[0].rule.kind = EGRESS_TLS;
	REQUIRE(launch_environment(&p, from, &elsewhere, &env) == 0);
	CHECK_STR(env_get(env, "OPENAI_API_KEY"), "sk-mine");
	CHECK(!env_get(env, "OPENAI_BASE_URL"));
	launch_environment_free(env);
}

static void what_the_policy_sets_goes_before_the_gateway(void)
{
	char *set[] = { "HTTP_PROXY=http://own.example", "https_proxy=", "NO_PROXY=a",
			"NODE_USE_ENV_PROXY=0", NULL };
	struct policy_egress rule = { .rule.kind = EGRESS_PROVIDER };
	struct policy p = { .egress = &rule, .egress_count = 1, .env_set = set };
	char *from[] = { NULL }, **env;
	size_t i, count = 0;

	REQUIRE(launch_environment(&p, from, &bare, &env) == 0);
	CHECK_STR(env_get(env, "HTTP_PROXY"), "http://own.example");
	CHECK_STR(env_get(env, "https_proxy"), "");
	CHECK_STR(env_get(env, "NO_PROXY"), "a");
	CHECK_STR(env_get(env, "NODE_USE_ENV_PROXY"), "0");
	CHECK_STR(env_get(env, "HTTPS_PROXY"), "http://127.0.0.1:1018");
	for (i = 0; env[i]; i++)
		count += !strncmp(env[i], "HTTP_PROXY=", 11);
	CHECK_INT(count, 1);
	launch_environment_free(env);
}

static void an_agent_without_names_is_told_of_no_gateway(void)
{
	struct policy_egress rule = { .rule.kind = EGRESS_PRIVATE };
	struct policy p = { .egress = &rule, .egress_count = 1 };
	char *from[] = { "HTTP_PROXY=http://proxy.example:3128", NULL }, **env;

	REQUIRE(launch_environment(&p, from, &bare, &env) == 0);
	CHECK_STR(env_get(env, "HTTP_PROXY"), "http://proxy.example:3128");
	CHECK(!env_get(env, "HTTPS_PROXY"));
	CHECK(!env_get(env, "NO_PROXY"));
	CHECK(!env_get(env, "NODE_USE_ENV_PROXY"));
	launch_environment_free(env);
}

static void programs_are_found_as_execvp_finds_them(void)
{
	struct fault f;
	char *path = NULL;

	CHECK_INT(launch_find("sh", "/nowhere:/bin:/usr/bin", &path, &f), 0);
	CHECK_STR(path, "/bin/sh");
	free(path);
	CHECK_INT(launch_find("/bin/sh", "", &path, &f), 0);
	free(path);
	CHECK_INT(launch_find("no-such-program", "/bin:/usr/bin", &path, &f), -ENOENT);
	CHECK_INT(launch_find("", "/bin", &path, &f), -ENOENT);
	CHECK_INT(launch_find("/etc/passwd", "/bin", &path, &f), -EACCES);
	CHECK_INT(launch_find("/etc", "/bin", &path, &f), -EACCES);
	CHECK_INT(launch_find("passwd", "/etc", &path, &f), -EACCES);
}

static void a_hostile_name_is_escaped_in_the_message(void)
{
	struct fault f;
	char *path = NULL;

	CHECK_INT(launch_find("x\033[2Jy", "/bin", &path, &f), -ENOENT);
	CHECK(!strchr(f.text, '\033'));
}

static void directories_are_made_private_and_symlinks_refused(void)
{
	char base[] = "/tmp/launch_test.XXXXXX", path[128], other[128], link[128], below[160];
	char *list[] = { path, NULL };
	struct policy p = { .directories = list };
	struct fault f = { "" };
	struct stat st;

	REQUIRE(mkdtemp(base));
	snprintf(path, sizeof(path), "%s/a/b", base);
	CHECK_INT(launch_directories(&p, &f), 0);
	CHECK(stat(path, &st) == 0 && S_ISDIR(st.st_mode) && (st.st_mode & 0777) == 0700);
	CHECK_INT(launch_directories(&p, &f), 0);

	snprintf(other, sizeof(other), "%s/other", base);
	snprintf(link, sizeof(link), "%s/link", base);
	REQUIRE(mkdir(other, 0755) == 0 && symlink(other, link) == 0);
	list[0] = link;
	CHECK(launch_directories(&p, &f) < 0);
	snprintf(below, sizeof(below), "%s/below", link);
	list[0] = below;
	CHECK_INT(launch_directories(&p, &f), 0);
	unlink(link);
	snprintf(link, sizeof(link), "%s/file", base);
	close(open(link, O_CREAT | O_WRONLY, 0600));
	list[0] = link;
	CHECK_INT(launch_directories(&p, &f), -ENOTDIR);
	snprintf(other, sizeof(other), "rm -rf %s", base);
	CHECK_INT(system(other), 0);
}

/* Runs check_stdio in a child whose descriptor 0 is fd; the errno it gave. */
static int stdio_with(int fd)
{
	struct fault f;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (fd >= 0)
			dup2(fd, 0);
		else
			close(0);
		_exit(-launch_check_stdio(&f));
	}
	if (fd >= 0)
		close(fd);
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? -WEXITSTATUS(status) : -1;
}

static void harmless_descriptors_may_stay(void)
{
	int pipes[2];

	CHECK_INT(stdio_with(-1), 0);
	CHECK_INT(stdio_with(open("/dev/null", O_RDWR)), 0);
	CHECK_INT(stdio_with(open("/etc/passwd", O_RDONLY)), 0);
	CHECK_INT(stdio_with(open("/proc/self/status", O_RDONLY)), 0);
	REQUIRE(pipe(pipes) == 0);
	CHECK_INT(stdio_with(pipes[0]), 0);
	close(pipes[1]);
}

static void ways_out_are_refused(void)
{
	CHECK_INT(stdio_with(open("/etc", O_RDONLY | O_DIRECTORY)), -EPERM);
	CHECK_INT(stdio_with(open("/etc/passwd", O_PATH)), -EPERM);
	CHECK_INT(stdio_with(eventfd(0, 0)), -EPERM);
	CHECK_INT(stdio_with(open("/proc/self/ns/mnt", O_RDONLY)), -EPERM);
	CHECK_INT(stdio_with(open("/proc/self/comm", O_WRONLY)), -EPERM);
}

static void other_descriptors_are_closed(void)
{
	int status, keep, fd, spare;
	pid_t pid = fork();

	if (pid == 0) {
		spare = open("/dev/null", O_RDONLY);
		keep = open("/dev/null", O_RDONLY);
		fd = fcntl(keep, F_DUPFD, 100);
		if (spare < 0 || keep < 0 || fd < 100 || launch_close_others(keep))
			_exit(1);
		if (fcntl(keep, F_GETFD) < 0 || fcntl(spare, F_GETFD) >= 0 ||
		    fcntl(fd, F_GETFD) >= 0 || fcntl(2, F_GETFD) < 0)
			_exit(2);
		if (launch_close_others(-1) || fcntl(keep, F_GETFD) >= 0)
			_exit(3);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status));
	CHECK_INT(WEXITSTATUS(status), 0);
}

static void what_is_no_agent_cannot_be_joined(void)
{
	char *argv[] = { "true", NULL }, *env[] = { NULL };
	int status, attached = 0;
	struct fault f;
	pid_t pid = fork();

	if (pid == 0) {
		struct launch l = { "/bin/true", argv, env, open("/dev/null", O_RDONLY), 0, false };

		_exit(launch_exec(&l, &attached, &f) == -ENOTTY && !attached ? 42 : 1);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status));
	CHECK_INT(WEXITSTATUS(status), 42);
}

static const struct tap_test tests[] = {
	{ "all_variables_are_kept_without_a_section", all_variables_are_kept_without_a_section },
	{ "only_what_is_kept_or_set_passes_a_section", only_what_is_kept_or_set_passes_a_section },
	{ "an_empty_section_keeps_nothing", an_empty_section_keeps_nothing },
	TEST(an_agent_with_names_is_told_where_the_gateway_is),
	TEST(an_agent_with_models_is_told_where_they_are),
	TEST(what_the_policy_sets_goes_before_the_gateway),
	TEST(an_agent_without_names_is_told_of_no_gateway),
	{ "programs_are_found_as_execvp_finds_them", programs_are_found_as_execvp_finds_them },
	{ "a_hostile_name_is_escaped_in_the_message", a_hostile_name_is_escaped_in_the_message },
	{ "directories_are_made_private_and_symlinks_refused",
	  directories_are_made_private_and_symlinks_refused },
	{ "harmless_descriptors_may_stay", harmless_descriptors_may_stay },
	{ "ways_out_are_refused", ways_out_are_refused },
	{ "other_descriptors_are_closed", other_descriptors_are_closed },
	{ "what_is_no_agent_cannot_be_joined", what_is_no_agent_cannot_be_joined },
};

TAP_MAIN(tests)
