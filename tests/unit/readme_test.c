// SPDX-License-Identifier: GPL-2.0-or-later
/* README.md tells the truth: its rights, its code map and its policy are those of the sources. */
#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentos_event.h"
#include "agentos_rights.h"
#include "policy/policy.h"
#include "super/profile.h"
#include "tests/tap.h"

static void source_path(char path[4096], const char *file)
{
	const char *root = getenv("SRC");

	snprintf(path, 4096, "%s/%s", root ? root : ".", file);
}

static char *source_read(const char *file)
{
	char path[4096], *text = NULL;
	size_t room = 0;
	FILE *in;

	source_path(path, file);
	in = fopen(path, "r");
	if (!in)
		return NULL;
	if (getdelim(&text, &room, '\0', in) < 0) {
		free(text);
		text = NULL;
	}
	fclose(in);
	return text;
}

/* What stands between the line `from` and the next line that begins with `to`. To be freed. */
static char *part_copy(const char *text, const char *from, const char *to)
{
	const char *start = strstr(text, from), *end;

	if (!start)
		return NULL;
	start += strlen(from);
	end = strstr(start, to);
	return end ? strndup(start, (size_t)(end - start)) : NULL;
}

static char *readme_part(const char *from, const char *to)
{
	char *text = source_read("README.md"), *part = text ? part_copy(text, from, to) : NULL;

	free(text);
	return part;
}

static void each_right_has_its_row_and_no_other_is_there(void)
{
	static const char *const hooks[] = {
#define HOOK_NAME(NAME, name, doing) [AGENTOS_HOOK_##NAME] = name,
		AGENTOS_HOOKS(HOOK_NAME)
	};
	char *part = readme_part("### Rights\n", "\n##"), *at, row[512];
	unsigned int count = 0;

	REQUIRE(part);
#define CHECK_ROW(bit, NAME, name, enforcer, test, meaning)                   \
	snprintf(row, sizeof(row), "\n| `" name "` | " meaning " | `%s` |\n", \
		 hooks[AGENTOS_HOOK_##enforcer]);                             \
	CHECK_MSG(strstr(part, row), "%s", row);
	AGENTOS_RIGHTS(CHECK_ROW)
	for (at = strstr(part, "\n| `"); at; at = strstr(at + 1, "\n| `"))
		count++;
	CHECK_INT(count, AGENTOS_RIGHT_COUNT);
	free(part);
}

static void the_manual_has_each_right_in_the_same_words(void)
{
	char *text = source_read("scripts/man/agentos-policy.5"), item[512];

	REQUIRE(text);
#define CHECK_ITEM(bit, NAME, name, enforcer, test, meaning)              \
	snprintf(item, sizeof(item), "\n.It Sy %s\n%s\n", name, meaning); \
	CHECK_MSG(strstr(text, item), "%s", item);
	AGENTOS_RIGHTS(CHECK_ITEM)
	free(text);
}

static void policy_is_valid(const char *where, const char *yaml)
{
	const struct policy_vars vars = { .workspace = "/home/u/ws",
					  .home = "/home/u",
					  .agent = "a-1" };
	struct policy *p = NULL;
	struct fault f = { "" };

	CHECK_MSG(policy_parse(yaml, strlen(yaml), where, &vars, NULL, &p, &f) == 0, "%s", f.text);
	if (p)
		CHECK_STR(p->name, "fetcher");
	policy_free(p);
}

static void its_policy_is_valid(void)
{
	char *yaml = readme_part("```yaml\n", "```\n");

	REQUIRE(yaml);
	policy_is_valid("README.md", yaml);
	free(yaml);
}

/* One that extends another, as it stands in a text after `from`. */
static void composed_is_valid(const char *file, const char *from, const char *to, const char *name)
{
	const struct policy_vars vars = { .workspace = "/w", .home = "/h", .agent = "a-1" };
	char *text = source_read(file), *yaml, root[] = "/tmp/readme-XXXXXX", path[64],
	     profiles[4096];
	struct policy *p = NULL;
	struct fault f = { "" };
	FILE *out;

	REQUIRE(text && mkdtemp(root));
	yaml = part_copy(text, from, to);
	free(text);
	REQUIRE(yaml);
	snprintf(path, sizeof(path), "%s/team.d", root);
	REQUIRE(mkdir(path, 0700) == 0);
	snprintf(path, sizeof(path), "%s/p.yaml", root);
	out = fopen(path, "w");
	REQUIRE(out);
	fputs(yaml, out);
	fclose(out);
	snprintf(path, sizeof(path), "%s/team.d/1.yaml", root);
	out = fopen(path, "w");
	REQUIRE(out);
	fputs("network: {connect: ['10.0.0.2:443']}\n", out);
	fclose(out);
	snprintf(path, sizeof(path), "%s/p.yaml", root);
	source_path(profiles, "runtime/policy/profiles");
	CHECK_MSG(profile_load(path, profiles, &vars, &p, NULL, &f) == 0, "%s", f.text);
	if (p)
		CHECK_STR(p->name, name);
	policy_free(p);
	free(yaml);
	snprintf(path, sizeof(path), "rm -r %s", root);
	CHECK_INT(system(path), 0);
}

static void those_that_extend_another_are_valid(void)
{
	composed_is_valid("README.md", "upon another one:\n\n```yaml\n", "```\n", "committer");
	composed_is_valid("scripts/man/agentos-policy.5",
			  "beside it name:\n.Bd -literal -offset indent\n", ".Ed\n", "committer");
}

/* What README shows of the demo, as far as that is the same each time. */
static void the_demo_is_as_it_is_shown(void)
{
	char *shown = readme_part("$ cat coder.yaml\n", "\n$ "),
	     *guest = source_read("tests/demo/guest"), *policy;

	REQUIRE(shown && guest);
	policy = part_copy(guest, "CODER = \"\"\"\\\n", "\"\"\"\n");
	REQUIRE(policy);
	CHECK_STR(shown, policy);
	CHECK(strstr(guest, "\"node ask.mjs scripted/coder 'Who are you?'\""));
	CHECK(strstr(guest, "\"agentctl audit --denied --agent coder | grep -v io_uring\""));
	free(policy);
	free(guest);
	free(shown);
	composed_is_valid("README.md", "$ cat coder.yaml\n", "\n$ ", "coder");
}

static void the_policy_of_the_manual_is_valid(void)
{
	char *text = source_read("scripts/man/agentos-policy.5"), *yaml;

	REQUIRE(text);
	yaml = part_copy(text, ".Bd -literal -offset indent\n", ".Ed\n");
	free(text);
	REQUIRE(yaml);
	policy_is_valid("agentos-policy.5", yaml);
	free(yaml);
}

/*
 * The map is lines "directory/" and, indented, "name what it is" or "name name.h
 * what it is".
 */
struct map {
	char *files[4096];
	size_t count;
};

static void map_free(struct map *map)
{
	while (map->count)
		free(map->files[--map->count]);
}

static bool is_file(const char *file)
{
	char path[4096];
	struct stat st;

	source_path(path, file);
	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static void map_add(struct map *map, const char *directory, const char *name, size_t len)
{
	char *file;

	REQUIRE(map->count < sizeof(map->files) / sizeof(map->files[0]));
	if (asprintf(&file, "%s%.*s", directory, (int)len, name) > 0)
		map->files[map->count++] = file;
}

static bool map_read(struct map *map)
{
	char *part = readme_part("## Code map\n", "\n## "), *line, *save = NULL;
	char directory[128] = "";
	size_t len;

	map->count = 0;
	if (!part)
		return false;
	for (line = strtok_r(part, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		len = strlen(line);
		if (line[0] != ' ') {
			if (line[len - 1] == '/')
				snprintf(directory, sizeof(directory), "%s",
					 strcmp(line, "./") ? line : "");
			continue;
		}
		line += strspn(line, " ");
		len = strcspn(line, " ");
		map_add(map, directory, line, len);
		line += len;
		line += *line == ' ';
		len = strcspn(line, " ");
		if (len > 2 && strncmp(line + len - 2, ".h", 2) == 0)
			map_add(map, directory, line, len);
	}
	free(part);
	return map->count > 0;
}

static bool map_has(const struct map *map, const char *file)
{
	size_t i;

	for (i = 0; i < map->count; i++)
		if (strcmp(map->files[i], file) == 0)
			return true;
	return false;
}

static void every_file_of_the_map_exists(void)
{
	static struct map map;
	size_t i;

	REQUIRE(map_read(&map));
	CHECK(map.count > 100);
	for (i = 0; i < map.count; i++)
		CHECK_MSG(is_file(map.files[i]), "there is no %s", map.files[i]);
	map_free(&map);
}

/* What people leave lying about while they work is no part of the project. */
static bool is_source(const char *name)
{
	static const char *const endings[] = { ".c", ".h", ".yaml", ".py", ".sh" };
	size_t i, len = strlen(name);

	for (i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (len > strlen(endings[i]) &&
		    strcmp(name + len - strlen(endings[i]), endings[i]) == 0)
			return name[0] != '.';
	return false;
}

static void directory_check(const struct map *map, const char *directory, unsigned int depth)
{
	char path[4096], file[512];
	struct dirent *entry;
	struct stat st;
	DIR *dir;

	source_path(path, directory);
	dir = opendir(path);
	CHECK_MSG(dir, "cannot read %s", path);
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%.240s/%.250s", directory, entry->d_name);
		source_path(path, file);
		if (stat(path, &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode) && depth)
			directory_check(map, file, depth - 1);
		else if (S_ISREG(st.st_mode) && is_source(entry->d_name))
			CHECK_MSG(map_has(map, file), "the code map lacks %s", file);
	}
	closedir(dir);
}

static void every_source_file_is_in_the_map(void)
{
	static const char *const directories[] = { "uapi", "kmod", "bpf", "runtime", "tests" };
	static struct map map;
	size_t i;

	REQUIRE(map_read(&map));
	for (i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
		directory_check(&map, directories[i], 3);
	map_free(&map);
}

/* Is it a target of the Makefile that `make help` lists? */
static bool target_is_listed(const char *makefile, const char *name, size_t len)
{
	char line[80];
	const char *at;

	snprintf(line, sizeof(line), "\n%.*s:", (int)len, name);
	at = strstr(makefile, line);
	return at && memmem(at + 1, strcspn(at + 1, "\n"), " ## ", 4);
}

static void every_target_that_is_named_is_listed(void)
{
	static const char *const wanted[] = { "fuzz", "fuzz-syscalls", "test", "run" };
	char *text = source_read("README.md"), *makefile = source_read("Makefile");
	const char *at = text;
	size_t len, i, count = 0;

	REQUIRE(text && makefile);
	while ((at = strstr(at, "make "))) {
		at += strlen("make ");
		len = strspn(at, "abcdefghijklmnopqrstuvwxyz-");
		/* In code, or a line of commands. */
		if (at[len] != '`' && at[-6] != '\t')
			continue;
		CHECK_MSG(target_is_listed(makefile, at, len), "make %.*s", (int)len, at);
		count++;
	}
	CHECK(count >= 4);
	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		char named[32];

		snprintf(named, sizeof(named), "make %s", wanted[i]);
		CHECK_MSG(strstr(text, named), "%s is not documented", named);
		CHECK_MSG(target_is_listed(makefile, wanted[i], strlen(wanted[i])), "%s", named);
	}
	free(text);
	free(makefile);
}

static const struct tap_test tests[] = {
	TEST(each_right_has_its_row_and_no_other_is_there),
	TEST(the_manual_has_each_right_in_the_same_words),
	TEST(its_policy_is_valid),
	TEST(the_demo_is_as_it_is_shown),
	TEST(the_policy_of_the_manual_is_valid),
	TEST(those_that_extend_another_are_valid),
	TEST(every_file_of_the_map_exists),
	TEST(every_source_file_is_in_the_map),
	TEST(every_target_that_is_named_is_listed),
};

TAP_MAIN(tests)
