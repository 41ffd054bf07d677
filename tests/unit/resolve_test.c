// SPDX-License-Identifier: GPL-2.0-or-later
/* Paths made into objects and names: links, absence, loops, conflicts, limits. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "super/profile.h"
#include "super/resolve.h"
#include "tests/tap.h"

static char root[PATH_MAX]; /* the test's own directory, without links in its path */

static const char *in_root(const char *name)
{
	static char paths[4][PATH_MAX + 256];
	static unsigned int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", root, name);
	return path;
}

static bool make_file(const char *name)
{
	int fd = open(in_root(name), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool make_link(const char *target, const char *name)
{
	return symlink(target, in_root(name)) == 0;
}

static bool make_directory(const char *name)
{
	return mkdir(in_root(name), 0700) == 0;
}

static bool root_make(void)
{
	const char *base = getenv("TMPDIR");
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/resolve-test-XXXXXX",
		 base && base[0] == '/' ? base : "/tmp");
	return mkdtemp(path) && realpath(path, root);
}

static void root_remove(void)
{
	char command[PATH_MAX + 16];

	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	CHECK_INT(system(command), 0);
}

/* Parses HEAD and lists, then resolves. ${WORKSPACE} is the test's directory. */
#define HEAD "name: a\nrights: [file-read, file-write]\nfiles:\n"
static const struct timespec *since; /* NULL, but for the tests of it */
static int resolve_text(const char *text, struct resolved *ret_resolved, struct fault *f)
{
	struct policy_vars vars = { .workspace = root, .home = root, .agent = "a" };
	struct policy *p = NULL;
	int err;

	strcpy(f->text, "(no message)");
	err = policy_parse(text, strlen(text), "p.yaml", &vars, NULL, &p, f);
	CHECK_MSG(err == 0, "%s", f->text);
	if (err)
		return err;
	err = resolve_policy(p, since, ret_resolved, f);
	policy_free(p);
	return err;
}

static int open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count;
}

/* The rule on the object at path, or on `name` in it. */
static const struct compiled_rule *rule_on(const struct resolved *r, const char *path,
					   const char *name)
{
	struct stat wanted, st;
	size_t i;

	if (stat(path, &wanted) < 0)
		return NULL;
	for (i = 0; i < r->count; i++)
		if (fstat(r->fds[i], &st) == 0 && st.st_ino == wanted.st_ino &&
		    st.st_dev == wanted.st_dev && strcmp(r->rules[i].name, name) == 0 &&
		    r->rules[i].kind == (name[0] ? COMPILED_NAME : COMPILED_OBJECT))
			return &r->rules[i];
	return NULL;
}

static void check_rule(const struct resolved *r, const char *path, const char *name, int allow,
		       int deny)
{
	int allowed = 0, denied = 0;
	struct stat st, wanted;
	size_t i;

	CHECK_MSG(rule_on(r, path, name) != NULL, "%s %s", path, name);
	CHECK(stat(path, &wanted) == 0);
	/* Several add up, in the module. */
	for (i = 0; i < r->count; i++) {
		if (fstat(r->fds[i], &st) || st.st_ino != wanted.st_ino ||
		    st.st_dev != wanted.st_dev || strcmp(r->rules[i].name, name) != 0)
			continue;
		allowed |= r->rules[i].allow;
		denied |= r->rules[i].deny;
	}
	CHECK_INT(allowed, allow);
	CHECK_INT(denied, deny);
}

static void a_file_becomes_its_object_and_its_name(void)
{
	struct resolved r;
	struct fault f;
	size_t i;

	REQUIRE(root_make() && make_file("file"));
	CHECK_INT(resolve_text(HEAD "  read: [/, ~/file]\n  write: [~/file]\n", &r, &f), 0);
	CHECK_INT(r.count, 3);
	check_rule(&r, "/", "", AGENTOS_FILE_READ, 0);
	check_rule(&r, in_root("file"), "", AGENTOS_FILE_READ | AGENTOS_FILE_WRITE, 0);
	check_rule(&r, root, "file", AGENTOS_FILE_READ | AGENTOS_FILE_WRITE, 0);
	for (i = 0; i < r.count; i++) {
		CHECK(fcntl(r.fds[i], F_GETFL) & O_PATH);
		CHECK(fcntl(r.fds[i], F_GETFD) & FD_CLOEXEC);
		CHECK_INT(r.rules[i].number, r.rules[i].allow == AGENTOS_FILE_READ ? 0 : 1);
	}
	resolve_release(&r);
	CHECK(r.count == 0 && !r.fds);
	root_remove();
}

static void a_chain_of_links_covers_each_name_on_it(void)
{
	struct resolved r;
	struct fault f;

	REQUIRE(root_make() && make_directory("real") && make_file("real/file"));
	REQUIRE(make_link("second", "first") && make_link("real/file", "second"));
	CHECK_INT(resolve_text(HEAD "  read: [/]\n  write: [/]\n  deny: [~/first]\n", &r, &f), 0);
	CHECK_INT(r.count, 5);
	check_rule(&r, root, "first", 0, AGENTOS_FILE_ALL);
	check_rule(&r, root, "second", 0, AGENTOS_FILE_ALL);
	check_rule(&r, in_root("real"), "file", 0, AGENTOS_FILE_ALL);
	check_rule(&r, in_root("real/file"), "", 0, AGENTOS_FILE_ALL);
	resolve_release(&r);
	root_remove();
}

static void links_among_the_directories_are_followed(void)
{
	struct resolved r;
	struct fault f;

	REQUIRE(root_make() && make_directory("real") && make_file("real/file"));
	REQUIRE(make_link("real", "directory") && make_link("real/.", "dot"));
	CHECK_INT(resolve_text(HEAD "  read: [~/directory/file, ~/dot]\n  write: [/]\n", &r, &f),
		  0);
	CHECK_INT(r.count, 6);
	check_rule(&r, in_root("real"), "file", AGENTOS_FILE_READ, 0);
	check_rule(&r, in_root("real/file"), "", AGENTOS_FILE_READ, 0);
	check_rule(&r, root, "dot", AGENTOS_FILE_READ, 0);
	check_rule(&r, root, "real", AGENTOS_FILE_READ, 0);
	check_rule(&r, in_root("real"), "", AGENTOS_FILE_READ, 0);
	resolve_release(&r);
	root_remove();
}

static void what_is_denied_before_it_exists_is_a_name(void)
{
	struct resolved r;
	struct fault f;

	REQUIRE(root_make() && make_link("no/where", "dangling") && make_link("later", "link"));
	CHECK_INT(resolve_text(HEAD
			       "  read: [/]\n  write: [/]\n"
			       "  deny: [~/.env, ~/dangling, ~/link, -~/.config/gcloud, ~/a/b/c]\n",
			       &r, &f),
		  0);
	CHECK_INT(r.count, 8);
	/* Where directories are missing as well: the first of them, that nobody makes the path. */
	check_rule(&r, root, ".config", 0, AGENTOS_FILE_ALL);
	check_rule(&r, root, "a", 0, AGENTOS_FILE_ALL);
	check_rule(&r, root, "no", 0, AGENTOS_FILE_ALL);
	check_rule(&r, root, ".env", 0, AGENTOS_FILE_ALL);
	check_rule(&r, root, "dangling", 0, AGENTOS_FILE_ALL);
	check_rule(&r, root, "link", 0, AGENTOS_FILE_ALL);
	check_rule(&r, root, "later", 0, AGENTOS_FILE_ALL);
	resolve_release(&r);
	root_remove();
}

static void what_is_allowed_must_exist_unless_optional(void)
{
	struct resolved r;
	struct fault f;

	REQUIRE(root_make() && make_file("file"));
	CHECK_INT(
		resolve_text(HEAD "  write: [/]\n  read:\n    - /\n    - -~/no\n    - -~/file/x\n",
			     &r, &f),
		0);
	CHECK_INT(r.count, 1);
	resolve_release(&r);
	root_remove();
}

#define BOTH HEAD "  read: [/]\n  write: [/]\n"

static void each_refusal_names_the_line_and_leaves_nothing_open(void)
{
	static const struct {
		const char *text;
		int err;
		const char *part;
	} cases[] = {
		{ HEAD "  write: [/]\n  read:\n    - /\n    - ~/no\n", -ENOENT, "p.yaml:7: " },
		{ HEAD "  write: [/]\n  read: [/, ~/no]\n", -ENOENT, "\"-\" before the path" },
		{ HEAD "  write: [/]\n  read: [/, ~/file/x]\n", -ENOENT, "does not exist" },
		{ HEAD "  write: [/]\n  read: [/, ~/dangling]\n", -ENOENT, "does not exist" },
		{ HEAD "  write: [/]\n  read: [/, ~/loop]\n", -ELOOP, "too many symbolic links" },
		{ HEAD "  write: [/]\n  read: [/, ~/loop/x]\n", -ELOOP, "too many symbolic links" },
		{ HEAD "  write: [/]\n  read: [/, -~/loop]\n", -ELOOP, "too many symbolic links" },
		{ HEAD "  write: [/]\n  read: [~/file]\n  deny: [~/link]\n", -EINVAL, "on line 5" },
		{ HEAD "  write: [/]\n  read: [~/file]\n  deny: [~/hard]\n", -EINVAL,
		  "p.yaml:6: " },
		{ HEAD "  read: [/]\n  write: [~/, ~/out]\n", -ELOOP, "the agent may change" },
		{ HEAD "  read: [/]\n  write: [~/, ~/out/x]\n", -ELOOP, "on line 5 lets it write" },
		{ HEAD "  read: [/, ~/out]\n  write: [~/]\n", -ELOOP, "p.yaml:4: " },
		{ BOTH
		  "  deny: [~/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]\n",
		  -ENAMETOOLONG, "63 bytes" },
	};
	struct resolved r;
	struct fault f;
	size_t i;
	int before;

	REQUIRE(root_make() && make_file("file") && make_link("file", "link"));
	REQUIRE(make_link("loop", "loop") && make_link("/no/where", "dangling"));
	REQUIRE(make_link("/etc", "out"));
	REQUIRE(link(in_root("file"), in_root("hard")) == 0);
	before = open_descriptors();
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		r.count = 77;
		CHECK_MSG(resolve_text(cases[i].text, &r, &f) == cases[i].err, "%s%s",
			  cases[i].text, f.text);
		CHECK_MSG(strncmp(f.text, "p.yaml:", 7) == 0, "%s", f.text);
		CHECK_MSG(strstr(f.text, cases[i].part), "\"%s\" not in \"%s\"", cases[i].part,
			  f.text);
		CHECK_INT(r.count, 77);
	}
	CHECK_INT(open_descriptors(), before);
	root_remove();
}

static void an_allowed_path_follows_no_link_younger_than_the_agent(void)
{
	static const struct {
		const char *text;
		const char *part; /* NULL: it is taken, however young the links are */
	} cases[] = {
		{ HEAD "  write: [/usr]\n  read: [~/link]\n", "(\"link\")" },
		{ HEAD "  write: [/usr]\n  read: [~/out/passwd]\n", "(\"out\")" },
		{ HEAD "  write: [/usr]\n  read: [~/second]\n", "(\"second\")" },
		{ HEAD "  write: [/usr]\n  read: [~/file]\n", NULL },
		{ HEAD "  write: [/usr]\n  read: [/]\n  deny: [~/out]\n", NULL },
		{ HEAD "  write: [/usr]\n  read: [/]\n  deny: [~/link]\n", NULL },
	};
	struct timespec times[] = { { .tv_sec = 1 }, { .tv_sec = 1 } }, now, later;
	struct resolved r = { 0 };
	struct fault f;
	size_t i;
	int before;

	REQUIRE(root_make() && make_file("file") && make_link("file", "link"));
	REQUIRE(make_link("/etc", "out") && make_link("link", "second"));
	/* Whoever made it cannot make it look older than this. */
	CHECK_INT(utimensat(AT_FDCWD, in_root("link"), times, AT_SYMLINK_NOFOLLOW), 0);
	before = open_descriptors();
	clock_gettime(CLOCK_REALTIME, &now);
	later = (struct timespec){ .tv_sec = now.tv_sec + 3600 };
	now.tv_sec -= 3600;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		since = &now;
		CHECK_MSG(resolve_text(cases[i].text, &r, &f) == (cases[i].part ? -ELOOP : 0),
			  "%s%s", cases[i].text, f.text);
		CHECK_MSG(!cases[i].part || strstr(f.text, cases[i].part), "%s", f.text);
		resolve_release(&r);
		/* Older ones were there before it. */
		since = &later;
		CHECK_MSG(resolve_text(cases[i].text, &r, &f) == 0, "%s%s", cases[i].text, f.text);
		resolve_release(&r);
	}
	since = NULL;
	CHECK_INT(open_descriptors(), before);
	root_remove();
}

static bool swapping;

/* An agent that puts a link in a directory's place and the directory back, all the time. */
static void *swap_always(void *unused)
{
	char first[PATH_MAX + 16], second[PATH_MAX + 16];

	snprintf(first, sizeof(first), "%s/src", root);
	snprintf(second, sizeof(second), "%s/planted", root);
	while (__atomic_load_n(&swapping, __ATOMIC_ACQUIRE))
		renameat2(AT_FDCWD, first, AT_FDCWD, second, RENAME_EXCHANGE);
	return NULL;
}

static void a_link_that_comes_and_goes_is_never_followed(void)
{
	unsigned int taken = 0, refused = 0, astray = 0, i;
	struct timespec now;
	struct stat own, st;
	struct resolved r;
	pthread_t thread;
	struct fault f;
	size_t k;

	REQUIRE(root_make() && make_directory("src") && make_file("src/passwd"));
	REQUIRE(make_link("/etc", "planted") && stat(in_root("src/passwd"), &own) == 0);
	clock_gettime(CLOCK_REALTIME, &now);
	now.tv_sec -= 3600;
	since = &now;
	swapping = true;
	REQUIRE(pthread_create(&thread, NULL, swap_always, NULL) == 0);
	for (i = 0; i < 100000 && (taken < 200 || refused < 200); i++) {
		if (resolve_text(HEAD "  write: [/usr]\n  read: [~/src/passwd]\n", &r, &f)) {
			refused++;
			continue;
		}
		taken++;
		for (k = 0; k < r.count; k++)
			if (r.rules[k].kind == COMPILED_OBJECT && fstat(r.fds[k], &st) == 0 &&
			    r.rules[k].allow & AGENTOS_FILE_READ &&
			    !(r.rules[k].allow & AGENTOS_FILE_WRITE))
				astray += st.st_ino != own.st_ino || st.st_dev != own.st_dev;
		resolve_release(&r);
	}
	__atomic_store_n(&swapping, false, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	since = NULL;
	CHECK_INT(astray, 0);
	CHECK(taken && refused);
	root_remove();
}

static void denied_loops_and_links_out_are_denied_as_far_as_they_go(void)
{
	struct resolved r;
	struct fault f;

	REQUIRE(root_make() && make_link("loop", "loop") && make_directory("there"));
	REQUIRE(make_link(in_root("there"), "out"));
	CHECK_INT(
		resolve_text(HEAD "  read: [~/]\n  write: [~/]\n  deny: [~/loop, ~/out]\n", &r, &f),
		0);
	check_rule(&r, root, "loop", 0, AGENTOS_FILE_ALL);
	check_rule(&r, root, "out", 0, AGENTOS_FILE_ALL);
	check_rule(&r, root, "there", 0, AGENTOS_FILE_ALL);
	check_rule(&r, in_root("there"), "", 0, AGENTOS_FILE_ALL);
	resolve_release(&r);
	root_remove();
}

static void two_paths_to_one_object_add_up(void)
{
	struct resolved r;
	struct fault f;

	REQUIRE(root_make() && make_file("file") && make_link("file", "link"));
	CHECK_INT(resolve_text(HEAD "  read: [~/file]\n  write: [~/link]\n", &r, &f), 0);
	CHECK_INT(r.count, 5);
	check_rule(&r, in_root("file"), "", AGENTOS_FILE_READ | AGENTOS_FILE_WRITE, 0);
	check_rule(&r, root, "file", AGENTOS_FILE_READ | AGENTOS_FILE_WRITE, 0);
	check_rule(&r, root, "link", AGENTOS_FILE_WRITE, 0);
	resolve_release(&r);
	root_remove();
}

static void put(const char *name, const char *text)
{
	FILE *out = fopen(in_root(name), "w");

	CHECK(out != NULL);
	if (!out)
		return;
	fputs(text, out);
	fclose(out);
}

/* Resolves a policy that has these lists of files, and extends one that has those. */
static int resolve_upon(const char *lists, const char *base_lists, struct resolved *ret_resolved,
			struct fault *f)
{
	struct policy_vars vars = { .workspace = root, .home = root, .agent = "a" };
	struct policy *p = NULL;
	char text[1024];
	int err;

	snprintf(text, sizeof(text), HEAD "  read: [/usr]\n  write: [/usr]\n%s", base_lists);
	put("base.yaml", text);
	snprintf(text, sizeof(text), "name: m\nextends: base.yaml\nfiles:\n%s", lists);
	put("m.yaml", text);
	strcpy(f->text, "(no message)");
	err = profile_load(in_root("m.yaml"), "", &vars, &p, NULL, f);
	CHECK_MSG(err == 0, "%s", f->text);
	if (err)
		return err;
	err = resolve_policy(p, since, ret_resolved, f);
	policy_free(p);
	return err;
}

#define NOT_READ (AGENTOS_FILE_ALL & ~AGENTOS_FILE_READ)

static void what_two_files_say_of_one_path_is_one_rule(void)
{
	struct resolved r;
	struct fault f;

	REQUIRE(root_make() && make_file("file") && make_link("file", "link"));
	CHECK_INT(resolve_upon("  read: [~/file]\n", "  deny: [~/file]\n", &r, &f), 0);
	check_rule(&r, in_root("file"), "", AGENTOS_FILE_READ, NOT_READ);
	check_rule(&r, root, "file", AGENTOS_FILE_READ, NOT_READ);
	resolve_release(&r);
	/* Through a link that both name, too; a path of its own contradicts it. */
	CHECK_INT(resolve_upon("  read: [~/link]\n", "  deny: [~/link]\n", &r, &f), 0);
	check_rule(&r, in_root("file"), "", AGENTOS_FILE_READ, NOT_READ);
	check_rule(&r, root, "link", AGENTOS_FILE_READ, NOT_READ);
	resolve_release(&r);
	CHECK_INT(resolve_upon("  read: [~/link]\n", "  deny: [~/file]\n", &r, &f), -EINVAL);
	CHECK_MSG(strstr(f.text, "/m.yaml:4: ") && strstr(f.text, "/base.yaml:6 are the same file"),
		  "%s", f.text);
	CHECK_INT(resolve_upon("  deny: [~/file]\n", "", &r, &f), 0);
	resolve_release(&r);
	/* Reading it by both names is none. */
	CHECK_INT(resolve_upon("  read: [~/file, ~/link]\n", "  deny: [~/file]\n", &r, &f), 0);
	resolve_release(&r);
	CHECK_INT(
		resolve_upon("  write: [~/link]\n  read: [~/file]\n", "  deny: [~/file]\n", &r, &f),
		-EINVAL);
	root_remove();
}

static void what_is_allowed_upon_a_denial_must_exist(void)
{
	struct resolved r;
	struct fault f;

	REQUIRE(root_make());
	CHECK_INT(resolve_upon("  read: [~/none]\n", "  deny: [-~/none]\n", &r, &f), -ENOENT);
	CHECK_MSG(strstr(f.text, "/m.yaml:4: ") && strstr(f.text, "does not exist"), "%s", f.text);
	/* Skipped: what was denied stays so. */
	CHECK_INT(resolve_upon("  read: [-~/none]\n", "  deny: [~/none]\n", &r, &f), 0);
	check_rule(&r, root, "none", 0, AGENTOS_FILE_ALL);
	resolve_release(&r);
	CHECK_INT(resolve_upon("  read: [-~/none/at/all]\n", "  deny: [~/none/at/all]\n", &r, &f),
		  0);
	check_rule(&r, root, "none", 0, AGENTOS_FILE_ALL);
	resolve_release(&r);
	root_remove();
}

static void what_the_caller_cannot_reach_is_no_rule(void)
{
	struct resolved r;
	struct fault f;
	int err;

	if (geteuid() != 0)
		SKIP("needs root, to be somebody else");
	REQUIRE(root_make() && make_directory("closed") && make_file("closed/file"));
	REQUIRE(chmod(root, 0755) == 0 && seteuid(65534) == 0);
	err = resolve_text(BOTH "  deny: [~/closed/file, ~/closed/none]\n", &r, &f);
	CHECK_MSG(err == 0, "%s", f.text);
	if (!err) {
		CHECK_INT(r.count, 1);
		resolve_release(&r);
	}
	CHECK_INT(resolve_text(HEAD "  read: [~/closed/file]\n  write: [/]\n", &r, &f), -EACCES);
	CHECK_MSG(strstr(f.text, "cannot be reached by you"), "%s", f.text);
	CHECK_INT(seteuid(0), 0);
	root_remove();
}

/* A policy that denies count names that do not exist; in so many directories in turn, 1 or 2. */
static char *many_names(size_t count, size_t directories)
{
	char *text = NULL;
	size_t size, i;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fprintf(out, BOTH "  deny:\n");
	for (i = 0; i < count; i++)
		fprintf(out, "  - %s/n%zu\n", i % directories ? "" : "~", i);
	fclose(out);
	return text;
}

/* In a child, as limits cannot be raised again: 0 as expected, else a status that says what not. */
static int child_resolve(size_t directories, rlim_t soft, rlim_t hard, int expected)
{
	char *text = many_names(300, directories);
	struct resolved r;
	struct fault f;
	int status = -1;
	pid_t child = text ? fork() : -1;

	if (child == 0) {
		struct rlimit limit = { .rlim_cur = soft, .rlim_max = hard };

		if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
			_exit(2);
		_exit(resolve_text(text, &r, &f) == expected ? tap_failures != 0 : 3);
	}
	if (child > 0)
		waitpid(child, &status, 0);
	free(text);
	return status;
}

static void the_descriptor_limit_is_raised_as_far_as_it_goes(void)
{
	struct rlimit limit;

	REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	if (limit.rlim_max < 2048)
		SKIP("the hard limit of descriptors is too low");
	REQUIRE(root_make());
	CHECK_INT(child_resolve(2, 64, limit.rlim_max, 0), 0);
	CHECK_INT(child_resolve(2, 64, 64, -EMFILE), 0);
	/* Names beside each other need one for all. */
	CHECK_INT(child_resolve(1, 64, 64, 0), 0);
	root_remove();
}

static void more_rules_than_the_kernel_takes_are_refused(void)
{
	char *text = many_names(AGENTOS_POLICY_RULES_MAX - 1, 1);
	struct rlimit limit;
	struct resolved r;
	struct fault f;
	char *over;

	REQUIRE(text && root_make() && getrlimit(RLIMIT_NOFILE, &limit) == 0);
	over = strstr(text, "read: [/]");
	REQUIRE(over);
	if (limit.rlim_max >= 256) {
		CHECK_INT(resolve_text(text, &r, &f), 0);
		CHECK_INT(r.count, AGENTOS_POLICY_RULES_MAX);
		resolve_release(&r);
		/* "~" is two rules, the object and its name, where "/" was one. */
		over[7] = '~';
		memcpy(strstr(text, "write: [/]"), "write: [~]", 10);
		CHECK_INT(resolve_text(text, &r, &f), -E2BIG);
		CHECK_MSG(strstr(f.text, "more than 16364"), "%s", f.text);
	}
	free(text);
	root_remove();
}

static int names_gather(const char *name, const char *file, int shadowed, void *cookie)
{
	char *all = cookie;

	(void)file;
	snprintf(all + strlen(all), 128 - strlen(all), "%s%s ", name, shadowed ? "!" : "");
	return 0;
}

static void policies_are_found_by_name_and_read_only_from_files(void)
{
	static const struct policy_vars vars = { .workspace = "/w", .home = "/h", .agent = "a" };
	char path[PATH_MAX * 2 + 64], all[128] = "", *file = NULL, *bytes;
	struct policy *p = NULL;
	struct fault f;
	size_t len;
	FILE *out;

	REQUIRE(root_make() && make_directory("one") && make_directory("two"));
	REQUIRE(make_file("two/b.yaml") && make_file("one/c.txt"));
	REQUIRE(make_link("../one/a.yaml", "two/a.yaml"));
	out = fopen(in_root("one/a.yaml"), "w");
	REQUIRE(out);
	fputs("name: a\nrights: [bpf]\n", out);
	fclose(out);
	snprintf(path, sizeof(path), "relative::/no/such:%s/one:%s/two", root, root);
	CHECK_INT(profile_list(path, names_gather, all), 0);
	CHECK_STR(all, "a a! b ");
	CHECK_INT(profile_load("a", path, &vars, &p, &file, &f), 0);
	CHECK_STR(file, in_root("one/a.yaml"));
	policy_free(p);
	free(file);
	p = NULL;
	CHECK_INT(profile_load(in_root("two/a.yaml"), "", &vars, &p, NULL, &f), 0);
	policy_free(p);
	CHECK_INT(profile_load("c", path, &vars, &p, &file, &f), -ENOENT);
	CHECK_MSG(strstr(f.text, "there are: a, b;"), "%s", f.text);
	CHECK_INT(profile_load("", path, &vars, &p, &file, &f), -EINVAL);
	CHECK_INT(profile_load("a b", path, &vars, &p, &file, &f), -EINVAL);
	CHECK_INT(profile_load("b", path, &vars, &p, &file, &f), -EINVAL);
	CHECK_MSG(strstr(f.text, "b.yaml: empty"), "%s", f.text);
	CHECK_INT(profile_read(root, &bytes, &len, &f), -EISDIR);
	CHECK_INT(profile_read("/dev/zero", &bytes, &len, &f), -EINVAL);
	REQUIRE(mkfifo(in_root("fifo"), 0600) == 0);
	CHECK_INT(profile_read(in_root("fifo"), &bytes, &len, &f), -EINVAL);
	REQUIRE(truncate(in_root("two/b.yaml"), LIMIT_POLICY_FILE + 1) == 0);
	CHECK_INT(profile_read(in_root("two/b.yaml"), &bytes, &len, &f), -E2BIG);
	REQUIRE(truncate(in_root("two/b.yaml"), LIMIT_POLICY_FILE) == 0);
	CHECK_INT(profile_read(in_root("two/b.yaml"), &bytes, &len, &f), 0);
	CHECK_INT(len, LIMIT_POLICY_FILE);
	free(bytes);
	root_remove();
}

static const struct tap_test tests[] = {
	{ "a_file_becomes_its_object_and_its_name", a_file_becomes_its_object_and_its_name },
	{ "a_chain_of_links_covers_each_name_on_it", a_chain_of_links_covers_each_name_on_it },
	{ "links_among_the_directories_are_followed", links_among_the_directories_are_followed },
	{ "what_is_denied_before_it_exists_is_a_name", what_is_denied_before_it_exists_is_a_name },
	{ "what_is_allowed_must_exist_unless_optional",
	  what_is_allowed_must_exist_unless_optional },
	{ "each_refusal_names_the_line_and_leaves_nothing_open",
	  each_refusal_names_the_line_and_leaves_nothing_open },
	{ "an_allowed_path_follows_no_link_younger_than_the_agent",
	  an_allowed_path_follows_no_link_younger_than_the_agent },
	{ "a_link_that_comes_and_goes_is_never_followed",
	  a_link_that_comes_and_goes_is_never_followed },
	{ "denied_loops_and_links_out_are_denied_as_far_as_they_go",
	  denied_loops_and_links_out_are_denied_as_far_as_they_go },
	{ "two_paths_to_one_object_add_up", two_paths_to_one_object_add_up },
	{ "what_two_files_say_of_one_path_is_one_rule",
	  what_two_files_say_of_one_path_is_one_rule },
	{ "what_is_allowed_upon_a_denial_must_exist", what_is_allowed_upon_a_denial_must_exist },
	{ "what_the_caller_cannot_reach_is_no_rule", what_the_caller_cannot_reach_is_no_rule },
	{ "the_descriptor_limit_is_raised_as_far_as_it_goes",
	  the_descriptor_limit_is_raised_as_far_as_it_goes },
	{ "more_rules_than_the_kernel_takes_are_refused",
	  more_rules_than_the_kernel_takes_are_refused },
	{ "policies_are_found_by_name_and_read_only_from_files",
	  policies_are_found_by_name_and_read_only_from_files },
};

TAP_MAIN(tests)
