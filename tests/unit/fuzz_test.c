// SPDX-License-Identifier: GPL-2.0-or-later
/* Half a minute of libFuzzer over each parser of text; `make fuzz` takes longer. */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/tap.h"

#define SECONDS "30"

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

/* Several files in one input, as the fuzzer takes them apart; and what must not get through. */
static const char *const seeds_of_ours[] = {
	"name: m\nextends: 1\ninclude: [d2]\nfiles: {read: [~/.ssh]}\n\x1e"
	"name: b\nrights: [file-read, net-connect]\nfiles: {read: [/usr], deny: [~/.ssh]}\n"
	"network: {connect: ['*:80'], egress: ['*.a.b:1-2'], egress-any: [c], "
	"egress-providers: [api.openai.com], egress-private: [10.0.0.0/8]}\n\x1e"
	"rights: [-net-connect]\nfiles: {deny-names: [.env]}\n\x1e"
	"environment: {keep: [A], set: [B=1]}\ninclude: [-9]\n",
	"name: m\nrights: [net-connect]\nnetwork:\n  egress:\n    - api.openai.com\n",
};

static bool seeds_write(const char *corpus)
{
	char path[64];
	size_t i;
	FILE *out;

	for (i = 0; i < sizeof(seeds_of_ours) / sizeof(seeds_of_ours[0]); i++) {
		snprintf(path, sizeof(path), "%s/seed%zu", corpus, i);
		out = fopen(path, "w");
		if (!out || fputs(seeds_of_ours[i], out) < 0 || fclose(out) != 0)
			return false;
	}
	return true;
}

/* Starts from the policies that are shipped; what it finds beside goes with its directory. */
static void the_policy_parser_takes_any_bytes(void)
{
	const char *source = getenv("SRC"), *seconds = getenv("FUZZ_SECONDS");
	char fuzzer[PATH_MAX], seeds[PATH_MAX], dictionary[PATH_MAX], time[32];
	char corpus[] = "/tmp/fuzz-XXXXXX", artifacts[64], command[64];
	int status = -1;
	pid_t child;

	REQUIRE(source && fuzzer_path("policy", fuzzer, sizeof(fuzzer)) && mkdtemp(corpus) &&
		seeds_write(corpus));
	snprintf(seeds, sizeof(seeds), "%s/runtime/policy/profiles", source);
	snprintf(dictionary, sizeof(dictionary), "-dict=%s/tests/fuzz/policy.dict", source);
	snprintf(time, sizeof(time), "-max_total_time=%s", seconds ? seconds : SECONDS);
	snprintf(artifacts, sizeof(artifacts), "-artifact_prefix=%s/", corpus);
	fflush(stdout);
	child = fork();
	if (child == 0) {
		/* Its own report is our diagnosis. */
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execl(fuzzer, fuzzer, time, dictionary, artifacts, "-max_len=16384", "-timeout=20",
		      "-rss_limit_mb=2048", "-verbosity=0", "-print_final_stats=1", corpus, seeds,
		      NULL);
		_exit(127);
	}
	REQUIRE(child > 0 && waitpid(child, &status, 0) == child);
	CHECK_MSG(status == 0, "status %#x; the input is in %s", status, corpus);
	if (status == 0) {
		snprintf(command, sizeof(command), "rm -r %s", corpus);
		CHECK_INT(system(command), 0);
	}
}

static const struct tap_test tests[] = {
	TEST(the_policy_parser_takes_any_bytes),
};

TAP_MAIN(tests)
