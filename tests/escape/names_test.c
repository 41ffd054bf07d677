// SPDX-License-Identifier: GPL-2.0-or-later
/* Names that are denied wherever they are: "deny-names" of a policy. */
#include "tests/escape/table.h"

/* A name of 200 bytes: longer than any pattern may be. */
#define TEN  "0123456789"
#define LONG TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "012345"

static const struct stage_policy policies[] = {
	{ .name = "names",
	  .rights = "file-read, file-write, file-exec",
	  .read = "%T/ws/near/.aws/public, %T/plain",
	  .deny_names = ".netrc, \"id_*\", \"*.pem\", .aws" },
	{ 0 },
};

static const struct stage_row rows[] = {
	{ "a name", "read %W/.netrc", "names", 0, EACCES, "file_open", NULL },
	{ "writing it", "write %W/.netrc", "names", 0, EACCES, "file_open", NULL },
	{ "a name that goes on", "read %W/.netrc2", "names", 0, 0, NULL, NULL },
	{ "a name that ends so", "read %W/a.netrc", "names", 0, 0, NULL, NULL },
	{ "the beginning of one", "read %W/.netr", "names", 0, 0, NULL, NULL },
	{ "a beginning", "read %W/id_rsa", "names", 0, EACCES, "file_open", NULL },
	{ "just that", "read %W/id_", "names", 0, EACCES, "file_open", NULL },
	{ "less than that", "read %W/id", "names", 0, 0, NULL, NULL },
	{ "in the middle", "read %W/xid_rsa", "names", 0, 0, NULL, NULL },
	{ "an end", "read %W/key.pem", "names", 0, EACCES, "file_open", NULL },
	{ "just the end", "read %W/.pem", "names", 0, EACCES, "file_open", NULL },
	{ "more behind it", "read %W/key.pem2", "names", 0, 0, NULL, NULL },
	{ "less than an end", "read %W/pem", "names", 0, 0, NULL, NULL },
	{ "another case", "read %W/key.PEM", "names", 0, 0, NULL, NULL },
	{ "a long name with the end", "read %W/" LONG ".pem", "names", 0, EACCES, "file_open",
	  NULL },
	{ "a long name with the beginning", "read %W/id_" LONG, "names", 0, EACCES, "file_open",
	  NULL },
	{ "a long name with neither", "read %W/" LONG, "names", 0, 0, NULL, NULL },
	{ "deep below", "read %W/a/b/c/d/e/.netrc", "names", 0, EACCES, "file_open", NULL },
	{ "its neighbour", "read %W/a/b/c/d/e/f", "names", 0, 0, NULL, NULL },
	/* No rule lies below this one: what is there is decided at a glance, but for names. */
	{ "where nothing else is ruled", "read %T/plain/key.pem", "names", 0, EACCES, "file_open",
	  NULL },
	{ "deeper there", "read %T/plain/.aws/a/f", "names", 0, EACCES, "file_open", NULL },
	{ "its neighbour there", "read %T/plain/f", "names", 0, 0, NULL, NULL },
	{ "in what is only readable", "read %R/key.pem", "names", 0, EACCES, "file_open", NULL },
	{ "below an allowed directory in a denied one", "read %A/id_x", "names", 0, EACCES,
	  "file_open", NULL },
	{ "in a directory of the name", "read %W/.aws/credentials", "names", 0, EACCES, "file_open",
	  NULL },
	{ "deeper in it", "read %W/.aws/a/b/credentials", "names", 0, EACCES, "file_open", NULL },
	{ "listing it", "list %W/.aws", "names", 0, EACCES, "file_open", NULL },
	{ "making something in it", "create %W/.aws/new", "names", 0, EACCES, "path_mknod", NULL },
	{ "a nearer rule allows", "read %T/ws/near/.aws/public/f", "names", 0, 0, NULL, NULL },
	{ "and nothing beside it", "read %T/ws/near/.aws/f", "names", 0, EACCES, "file_open",
	  NULL },
	{ "nor the name below it", "read %T/ws/near/.aws/public/.netrc", "names", 0, EACCES,
	  "file_open", NULL },
	{ "a file system mounted on a directory of the name", "read %T/ws/mounts/.aws/f", "names",
	  0, EACCES, "file_open", NULL },
	{ "deeper in that", "read %T/ws/mounts/.aws/d/f", "names", 0, EACCES, "file_open", NULL },
	{ "the name on another file system", "read %T/ws/mounts/other/id_x", "names", 0, EACCES,
	  "file_open", NULL },
	{ "its neighbour there", "read %T/ws/mounts/other/f", "names", 0, 0, NULL, NULL },
	{ "creating", "create %W/new.pem", "names", 0, EACCES, "path_mknod", NULL },
	{ "mkdir", "mkdir %W/.aws", "names", 0, EACCES, "path_mknod", NULL },
	{ "symlink", "symlink %W/new.pem", "names", 0, EACCES, "path_mknod", NULL },
	{ "mkfifo", "fifo %W/id_new", "names", 0, EACCES, "path_mknod", NULL },
	{ "unlink", "unlink %W/key.pem", "names", 0, EACCES, "path_unlink", NULL },
	{ "rename of", "rename %W/key.pem %W/x", "names", 0, EACCES, "path_rename", NULL },
	{ "rename to", "rename %W/f %W/x.pem", "names", 0, EACCES, "path_rename", NULL },
	{ "rename over", "rename %W/f %W/key.pem", "names", 0, EACCES, "path_rename", NULL },
	{ "exchange with", "exchange %W/f %W/key.pem", "names", 0, EACCES, "path_rename", NULL },
	{ "exchange, the other way", "exchange %W/key.pem %W/f", "names", 0, EACCES, "path_rename",
	  NULL },
	{ "rename of a directory of the name", "rename %W/.aws %W/x", "names", 0, EACCES,
	  "path_rename", NULL },
	{ "rename of a directory to the name", "rename %W/full %W/.aws", "names", 0, EACCES,
	  "path_rename", NULL },
	{ "out of a directory of the name", "rename %W/.aws/credentials %W/x", "names", 0, EACCES,
	  "path_rename", NULL },
	{ "a hard link of", "link %W/key.pem %W/x", "names", 0, EACCES, "path_link", NULL },
	{ "a hard link to", "link %W/f %W/x.pem", "names", 0, EACCES, "path_link", NULL },
	{ "chmod", "chmod %W/key.pem", "names", 0, EACCES, "path_chmod", NULL },
	{ "truncate", "truncate %W/key.pem", "names", 0, EACCES, "path_truncate", NULL },
	{ "through a link of another name", "read %W/to-key.pem2", "names", 0, EACCES, "file_open",
	  NULL },
	{ "through /proc/self/cwd", "read /proc/self/cwd/%I/key.pem", "names", 0, EACCES,
	  "file_open", NULL },
	{ "openat2", "openat2 %W/key.pem", "names", 0, EACCES, "file_open", NULL },
	{ "reopening an O_PATH descriptor", "reopen %W/key.pem", "names", 0, EACCES, "file_open",
	  NULL },
	{ "by handle", "by-handle %W/key.pem %W", "names", STAGE_ROOT, EACCES, "file_open", NULL },
	{ "by a thread", "via-thread read %W/key.pem", "names", 0, EACCES, "file_open", NULL },
};

/* Makes what a path of a row is to lead to, directories first. */
static void path_make(const char *path)
{
	char *copy = strdup(path), *slash;

	for (slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		stage_mkdir(copy, 0777);
		*slash = '/';
	}
	if (access(copy, F_OK) < 0)
		stage_file(copy, "content\n", 0666);
	free(copy);
}

/* The first path of a row is there, but for acts that make it. */
static void row_dress(const char *tree, const char *id, const struct stage_row *row)
{
	static const char *const makers[] = { "create", "mkdir", "symlink", "fifo" };
	char *act = stage_format("%s", stage_expand(row->act, tree, id)), *path = strchr(act, '/'),
	     *second;
	char *directory = stage_format("%s/ws/%s", tree, id);
	size_t i;

	for (i = 0; i < sizeof(makers) / sizeof(makers[0]); i++)
		if (strncmp(act, makers[i], strlen(makers[i])) == 0)
			*strrchr(path, '/') = '\0';
	second = strchr(path, ' ');
	if (second)
		*second++ = '\0';
	if (strstr(path, "to-key"))
		stage_shell("cd %s && echo content >key.pem && ln -s key.pem to-key.pem2",
			    directory);
	else if (strstr(row->act, "rename %W/.aws %W"))
		stage_mkdir(path, 0777);
	else if (strstr(row->act, "list") || strstr(row->act, "/new"))
		stage_mkdir(path, 0777);
	else if (strncmp(path, "/proc", 5) == 0)
		path_make(stage_format("%s/key.pem", directory));
	else if (!strstr(path, "/mounts/") && access(path, F_OK) < 0)
		path_make(path);
	if (second && (strncmp(act, "exchange", 8) == 0 || strstr(row->name, "over")))
		path_make(second);
	free(directory);
	free(act);
}

static void dress(const struct stage_group *g)
{
	static const char *const places[] = { ".aws", "other" };
	char *path;
	size_t i;

	stage_mkdir(stage_format("%s/ws/mounts", g->tree), 0777);
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		path = stage_format("%s/ws/mounts/%s", g->tree, places[i]);
		stage_mkdir(path, 0777);
		if (mount("names", path, "tmpfs", 0, "size=64k,mode=777") < 0)
			stage_bail("cannot mount on %s", path);
		path_make(stage_format("%s/f", path));
		path_make(stage_format("%s/d/f", path));
		path_make(stage_format("%s/id_x", path));
	}
}

/* The policy of a stranger: what is no name is refused, with the line it stands on. */
static void what_is_no_name_is_refused(void)
{
	static const char *const wrong[] = { "a/b", "'*'", "'a*b'", "'a?'", "..", "'**'" };
	char *file = stage_format("%s/wrong.yaml", stage_root), *text, *command;
	int status;
	size_t i;

	command = stage_format("%s/bin/agentctl policy check %s 2>&1", stage_build, file);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		stage_file(file,
			   stage_format("name: wrong\nrights: [file-read]\nfiles:\n"
					"  read: [/usr]\n  deny-names: [%s]\n",
					wrong[i]),
			   0644);
		text = stage_output(command, &status);
		stage_point(WEXITSTATUS(status) == 3 && strstr(text, "wrong.yaml:5: "),
			    "no name: %s", wrong[i]);
		free(text);
	}
}

int main(void)
{
	stage = (struct stage){
		.title = "names",
		.program = "attempt_file",
		.rows = rows,
		.row_count = sizeof(rows) / sizeof(rows[0]),
		.policies = policies,
		.dress = dress,
		.dress_row = row_dress,
	};
	stage_begin();
	what_is_no_name_is_refused();
	stage_table();
	return stage_end();
}
