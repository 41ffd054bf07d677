// SPDX-License-Identifier: GPL-2.0-or-later
/* Files of policies on a disk: which is found by what, and what is no file to read. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "super/profile.h"
#include "tests/tap.h"

static char root[PATH_MAX];

static const char *in_root(const char *name)
{
	static char path[2][PATH_MAX + 256];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", root, name);
	return path[turn];
}

static bool root_make(void)
{
	char path[] = "/tmp/profile-XXXXXX";

	return mkdtemp(path) && realpath(path, root);
}

static void root_remove(void)
{
	char command[PATH_MAX + 16];

	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	CHECK_INT(system(command), 0);
}

/* Writes a file, and makes the directories on the way to it. */
static void put(const char *name, const char *text)
{
	char path[PATH_MAX + 256], *slash;
	FILE *out;

	strcpy(path, in_root(name));
	for (slash = strchr(path + strlen(root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	out = fopen(path, "w");
	CHECK_MSG(out != NULL, "%s", path);
	if (!out)
		return;
	fputs(text, out);
	fclose(out);
}

static int load(const char *name, struct policy **ret_policy, struct fault *f)
{
	struct policy_vars vars = { .workspace = root, .home = in_root("home"), .agent = "a" };
	char search[2 * PATH_MAX + 16];

	snprintf(search, sizeof(search), "%s/one:%s/two", root, root);
	strcpy(f->text, "(no message)");
	*ret_policy = NULL;
	return profile_load(name, search, &vars, ret_policy, NULL, f);
}

/* The files that make a policy up, without where all of them are. */
static void check_files(const char *name, const char *expected)
{
	struct policy *p;
	struct fault f;
	char files[1024] = "";
	size_t i;

	CHECK_INT(load(name, &p, &f), 0);
	CHECK_MSG(p != NULL, "%s", f.text);
	for (i = 0; p && p->files[i]; i++) {
		CHECK_MSG(strncmp(p->files[i], root, strlen(root)) == 0, "%s", p->files[i]);
		snprintf(files + strlen(files), sizeof(files) - strlen(files), "%s ",
			 p->files[i] + strlen(root) + 1);
	}
	CHECK_STR(files, expected);
	policy_free(p);
}

static void check_refused(const char *name, int err, const char *part)
{
	struct policy *p;
	struct fault f;

	CHECK_INT(load(name, &p, &f), err);
	CHECK_MSG(strstr(f.text, part), "\"%s\" not in \"%s\"", part, f.text);
	CHECK_MSG(!strchr(f.text, '\n'), "%s", f.text);
	policy_free(p);
}

static void names_are_searched_for_and_paths_begin_where_they_stand(void)
{
	REQUIRE(root_make());
	put("one/base.yaml", "name: b\nrights: [bpf]\n");
	put("two/base.yaml", "name: hidden\nrights: [perf]\n");
	put("two/other.yaml", "name: o\nextends: base\n");
	put("p/base.yaml", "name: near\nrights: [ptrace]\n");
	put("p/name.yaml", "name: n\nextends: base\n");
	put("p/path.yaml", "name: n\nextends: base.yaml\n");
	put("p/q/up.yaml", "name: n\nextends: ../base.yaml\n");
	put("p/home.yaml", "name: n\nextends: ~/x.yml\n");
	put("home/x.yml", "name: n\nrights: [bpf]\ninclude: [part]\n");
	put("home/part", "directories: [/d]\n");
	check_files("base", "one/base.yaml ");
	check_files("other", "two/other.yaml one/base.yaml ");
	check_files(in_root("p/name.yaml"), "p/name.yaml one/base.yaml ");
	check_files(in_root("p/path.yaml"), "p/path.yaml p/base.yaml ");
	check_files(in_root("p/q/up.yaml"), "p/q/up.yaml p/base.yaml ");
	check_files(in_root("p/home.yaml"), "p/home.yaml home/x.yml home/part ");
	/* Where a link leads to is where its file is; it is called what it was called. */
	REQUIRE(mkdir(in_root("l"), 0700) == 0);
	REQUIRE(symlink("../p/path.yaml", in_root("l/link.yaml")) == 0);
	check_files(in_root("l/link.yaml"), "l/link.yaml p/base.yaml ");
	root_remove();
}

static void a_directory_is_its_yaml_files_in_order(void)
{
	struct policy *p;
	struct fault f;

	REQUIRE(root_make());
	put("m.yaml", "name: m\nrights: [bpf]\ninclude: [d, -none, -d/x/none, -m.yaml/none]\n");
	put("d/20.yaml", "directories: [/c]\n");
	put("d/10.yaml", "directories: [/b]\n");
	put("d/Z.yaml", "directories: [/d]\n");
	put("d/.hidden.yaml", "directories: [/no]\n");
	put("d/10.yaml~", "directories: [/no]\n");
	put("d/readme.yml", "directories: [/no]\n");
	put("d/sub/30.yaml", "directories: [/no]\n");
	check_files(in_root("m.yaml"), "m.yaml d/10.yaml d/20.yaml d/Z.yaml ");
	CHECK_INT(load(in_root("m.yaml"), &p, &f), 0);
	if (p)
		CHECK(!strcmp(p->directories[0], "/b") && !strcmp(p->directories[2], "/d") &&
		      !p->directories[3]);
	policy_free(p);
	REQUIRE(mkdir(in_root("d/40.yaml"), 0700) == 0);
	check_refused(in_root("m.yaml"), -EISDIR, "d/40.yaml: not a regular file");
	root_remove();
}

static void what_is_no_file_is_not_read(void)
{
	REQUIRE(root_make());
	put("m.yaml", "name: m\nextends: x.yaml\n");
	check_refused(in_root("m.yaml"), -ENOENT, "m.yaml:2: \"extends\": ");
	put("n.yaml", "name: m\nextends: m.yaml/x.yaml\n");
	check_refused(in_root("n.yaml"), -ENOENT, "x.yaml: Not a directory");
	put("t.yaml", "name: m\nextends: bsae\n");
	put("one/base.yaml", "name: b\nrights: [bpf]\n");
	check_refused(in_root("t.yaml"), -ENOENT, "t.yaml:2: \"extends\": no policy \"bsae\" in ");
	check_refused(in_root("t.yaml"), -ENOENT, "there are: base;");
	REQUIRE(mkdir(in_root("x.yaml"), 0700) == 0);
	check_refused(in_root("m.yaml"), -EISDIR, "x.yaml: not a regular file");
	REQUIRE(rmdir(in_root("x.yaml")) == 0 && mkfifo(in_root("x.yaml"), 0600) == 0);
	check_refused(in_root("m.yaml"), -EINVAL, "x.yaml: not a regular file");
	put("i.yaml", "name: m\nrights: [bpf]\ninclude: [-x.yaml]\n");
	check_refused(in_root("i.yaml"), -EINVAL, "i.yaml:3: \"include\": ");
	put("z.yaml", "name: m\nextends: /dev/zero\n");
	check_refused(in_root("z.yaml"), -EINVAL, "/dev/zero: not a regular file");
	REQUIRE(unlink(in_root("x.yaml")) == 0);
	put("x.yaml", "");
	REQUIRE(truncate(in_root("x.yaml"), 100 << 20) == 0);
	check_refused(in_root("m.yaml"), -E2BIG, "x.yaml: larger than 1048576 bytes");
	check_refused(in_root("i.yaml"), -E2BIG, "x.yaml: larger than 1048576 bytes");
	root_remove();
}

static void circles_are_found_whatever_way_they_take(void)
{
	REQUIRE(root_make());
	put("one/a.yaml", "name: a\nextends: b\n");
	put("two/b.yaml", "name: b\nextends: ../one/./c.yaml\n");
	REQUIRE(symlink("a.yaml", in_root("one/c.yaml")) == 0);
	check_refused("a", -ELOOP, "two/b.yaml:2: \"extends\" leads back to where it came from: ");
	check_refused(in_root("one/c.yaml"), -ELOOP, "one/c.yaml -> ");
	REQUIRE(symlink("../d", in_root("one/d")) == 0);
	put("d/p.yaml", "include: [../one/d]\n");
	put("m.yaml", "name: m\nrights: [bpf]\ninclude: [one/d]\n");
	check_refused(in_root("m.yaml"), -ELOOP, "d/p.yaml:1: \"include\" leads back");
	REQUIRE(symlink("s.yaml", in_root("s.yaml")) == 0);
	put("n.yaml", "name: m\nextends: s.yaml\n");
	check_refused(in_root("n.yaml"), -ELOOP, "s.yaml: Too many levels of symbolic links");
	root_remove();
}

static const struct tap_test tests[] = {
	TEST(names_are_searched_for_and_paths_begin_where_they_stand),
	TEST(a_directory_is_its_yaml_files_in_order),
	TEST(what_is_no_file_is_not_read),
	TEST(circles_are_found_whatever_way_they_take),
};

TAP_MAIN(tests)
