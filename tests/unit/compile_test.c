// SPDX-License-Identifier: GPL-2.0-or-later
/* Who reads YAML for root: somebody without any privilege, and what comes of it is the same. */
#include "super/compile.h"
#include "tests/tap.h"

#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/policy_rig.h"

static const char text[] = "name: one\nextends: base\nrights: [file-write]\n"
			   "files: {write: [\"${WORKSPACE}\"]}\n";
static const char base[] = "name: base\nrights: [file-read]\nfiles: {read: [/usr]}\n"
			   "include: [parts]\n";
static const char part[] = "files: {deny: [/usr/local]}\n";

/* Of the child, while it waits for an answer. */
static char seen[8192];
static int seen_fds;
static pid_t seen_pid;
static bool kills;

static pid_t child_find(void)
{
	char path[64], line[64] = "";
	FILE *in;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	in = fopen(path, "r");
	if (!in)
		return 0;
	if (!fgets(line, sizeof(line), in))
		line[0] = '\0';
	fclose(in);
	return atoi(line);
}

static void child_look(void)
{
	char path[64], line[256];
	struct dirent *entry;
	FILE *in;
	DIR *fds;

	seen[0] = '\0';
	seen_fds = 0;
	seen_pid = child_find();
	if (!seen_pid)
		return;
	snprintf(path, sizeof(path), "/proc/%d/status", seen_pid);
	in = fopen(path, "r");
	while (in && fgets(line, sizeof(line), in))
		strncat(seen, line, sizeof(seen) - strlen(seen) - 1);
	if (in)
		fclose(in);
	snprintf(path, sizeof(path), "/proc/%d/limits", seen_pid);
	in = fopen(path, "r");
	while (in && fgets(line, sizeof(line), in))
		strncat(seen, line, sizeof(seen) - strlen(seen) - 1);
	if (in)
		fclose(in);
	snprintf(path, sizeof(path), "/proc/%d/fd", seen_pid);
	fds = opendir(path);
	while (fds && (entry = readdir(fds)))
		seen_fds += entry->d_name[0] != '.';
	if (fds)
		closedir(fds);
}

static int find(void *cookie, enum policy_link link, const char *name, const char *from,
		struct policy_found *ret_found, struct fault *f)
{
	const char *bytes = link == POLICY_EXTENDS ? base : part;

	child_look();
	if (kills)
		kill(seen_pid, SIGKILL);
	if (strcmp(name, "missing") == 0)
		return fault_set(f, ENOENT, "there is no missing");
	*ret_found = (struct policy_found){ .file = strdup(name) };
	if (link == POLICY_INCLUDE) {
		ret_found->entries = calloc(2, sizeof(char *));
		ret_found->entries[0] = strdup("parts/a.yaml");
		return 0;
	}
	ret_found->bytes = strdup(bytes);
	ret_found->len = strlen(bytes);
	return 0;
}

static const struct policy_loader loader = { .find = find, .first = "/p.yaml" };

static int compile(const char *yaml, struct policy **ret_policy, struct fault *f)
{
	strcpy(f->text, "(no message)");
	return compile_policy(yaml, strlen(yaml), "p.yaml", &vars, &loader, ret_policy, f);
}

static bool no_child_is_left(void)
{
	return child_find() == 0;
}

static void what_it_says_is_the_same(void)
{
	struct policy *here = NULL, *there = NULL;
	struct fault f;

	REQUIRE(!policy_parse(text, strlen(text), "p.yaml", &vars, &loader, &here, &f));
	CHECK_INT(compile(text, &there, &f), 0);
	REQUIRE(there);
	CHECK(policy_digest(here) == policy_digest(there));
	CHECK(rule_at(there, "/usr/local") && rule_at(there, "/srv/space"));
	CHECK_STR(there->files[0], here->files[0]);
	CHECK_STR(there->files[2], here->files[2]);
	CHECK(no_child_is_left());
	policy_free(here);
	policy_free(there);
}

static void whoever_reads_it_is_nobody(void)
{
	struct policy *p = NULL;
	struct fault f;

	CHECK_INT(compile(text, &p, &f), 0);
	policy_free(p);
	if (geteuid() != 0) {
		/* Who has no privileges needs nobody without. */
		CHECK_INT(seen_pid, 0);
		return;
	}
	REQUIRE(seen_pid);
	CHECK_MSG(strstr(seen, "Uid:\t65534\t65534\t65534\t65534\n"), "%s", seen);
	CHECK(strstr(seen, "Gid:\t65534\t65534\t65534\t65534\n"));
	CHECK(strstr(seen, "Groups:\t \n") || strstr(seen, "Groups:\t\n"));
	CHECK(strstr(seen, "CapPrm:\t0000000000000000\n"));
	CHECK(strstr(seen, "CapEff:\t0000000000000000\n"));
	CHECK(strstr(seen, "CapInh:\t0000000000000000\n"));
	CHECK(strstr(seen, "CapAmb:\t0000000000000000\n"));
	CHECK(strstr(seen, "NoNewPrivs:\t1\n"));
	CHECK(strstr(seen, "Max open files            0                    0 "));
	CHECK(strstr(seen, "Max processes             0                    0 "));
	/* Three of /dev/null, and the one to us. */
	CHECK_INT(seen_fds, 4);
}

static void faults_are_told_as_they_are(void)
{
	static const struct {
		const char *yaml;
		int error;
		const char *told;
	} rows[] = {
		{ "name: [\n", -EINVAL, "p.yaml:" },
		{ "name: one\nrights: [file-raed]\n", -EINVAL, "file-read" },
		{ "name: one\nextends: missing\n", -ENOENT, "there is no missing" },
	};
	struct policy *p = NULL;
	struct fault f, here;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_INT(compile(rows[i].yaml, &p, &f), rows[i].error);
		CHECK_MSG(strstr(f.text, rows[i].told), "%s", f.text);
		CHECK_INT(policy_parse(rows[i].yaml, strlen(rows[i].yaml), "p.yaml", &vars, &loader,
				       &p, &here),
			  rows[i].error);
		CHECK_STR(f.text, here.text);
		CHECK(no_child_is_left());
	}
}

static void a_reader_that_dies_is_no_policy(void)
{
	struct policy *p = NULL;
	struct fault f;

	if (geteuid() != 0)
		return; /* there is none */
	kills = true;
	CHECK_INT(compile(text, &p, &f), -EPROTO);
	kills = false;
	CHECK(!p);
	CHECK_MSG(strstr(f.text, "died"), "%s", f.text);
	CHECK(no_child_is_left());
	CHECK_INT(compile(text, &p, &f), 0);
	policy_free(p);
}

static const struct tap_test tests[] = {
	TEST(what_it_says_is_the_same),
	TEST(whoever_reads_it_is_nobody),
	TEST(faults_are_told_as_they_are),
	TEST(a_reader_that_dies_is_no_policy),
};

TAP_MAIN(tests)
