// SPDX-License-Identifier: GPL-2.0-or-later
/* Ways to files by where they are: other names, moves by outsiders, mounts of an agent's own, overlays. */
#include "tests/escape/table.h"

#define FILES "file-read, file-write, file-exec"

static const struct stage_policy policies[] = {
	{ .name = "links", .rights = FILES },
	{ .name = "links-both", .rights = FILES, .program = "attempt_place" },
	{ .name = "names", .rights = FILES, .deny_names = "\"*.pem\"" },
	{ .name = "moved", .rights = FILES, .changes = true, .program = "attempt_place" },
	/* All that it takes to mount in a namespace of one's own, also for root. */
	{ .name = "spaces",
	  .rights = FILES ", namespaces, mount, capabilities",
	  .program = "attempt_place" },
	{ .name = "wider",
	  .rights = FILES ", namespaces, mount, capabilities",
	  .program = "attempt_place" },
	{ .name = "merged",
	  .rights = FILES,
	  .deny = "%T/ws/merged/secret, %T/ws/merged/closed, %T/ws/merged/gone, "
		  "%T/ws/merged/named" },
	{ .name = "lower", .rights = FILES, .deny = "%T/ws/lower/secret, %T/ws/lower/closed" },
	{ 0 },
};

/* Somebody else moves the first to the second meanwhile. */
#define STAY(way, from, to) "stay " way " " from " %T/ws/begun-%I %T/ws/go-%I " to
#define WAIT		    "await %T/ws/begun %T/ws/go"

/* Of mounts; and of users and mounts. */
#define MOUNTS "0x20000"
#define NESTED "0x10020000"

static const struct stage_row rows[] = {
	/* What stands behind the path of a row has a rule that denies it; the path is a link to it. */
	{ "a hard link of a denied file, made before", "read %W/linked %W/.env", "links", 0, EACCES,
	  "file_open", NULL },
	{ "writing it", "write %W/linked %W/.env", "links", 0, EACCES, "file_open", NULL },
	{ "openat2 of it", "openat2 %W/linked %W/.env", "links", 0, EACCES, "file_open", NULL },
	{ "reopening an O_PATH descriptor of it", "reopen %W/linked %W/.env", "links", 0, EACCES,
	  "file_open", NULL },
	{ "one in another directory", "read %W/full/linked %W/.env", "links", 0, EACCES,
	  "file_open", NULL },
	{ "through a symbolic link to it", "read %W/to-linked %W/.env", "links", 0, EACCES,
	  "file_open", NULL },
	{ "by a thread", "via-thread read %W/linked %W/.env", "links", 0, EACCES, "file_open",
	  NULL },
	{ "truncating it", "truncate %W/linked %W/.env", "links", 0, EACCES, "path_truncate",
	  NULL },
	{ "its mode", "chmod %W/linked %W/.env", "links", 0, EACCES, "path_chmod", NULL },
	{ "its times", "utimes %W/linked %W/.env", "links", 0, EACCES, "path_chmod", NULL },
	{ "one more link, of the link", "link %W/linked %W/new %W/.env", "links", 0, EACCES,
	  "path_link", NULL },
	{ "renaming the link", "rename %W/linked %W/new %W/.env", "links", 0, EACCES, "path_rename",
	  NULL },
	{ "putting a file in its place", "rename %W/f %W/linked %W/.env", "links", 0, EACCES,
	  "path_rename", NULL },
	{ "removing the link", "unlink %W/linked %W/.env", "links", 0, EACCES, "path_unlink",
	  NULL },
	{ "the file beside it", "read %W/f %W/.env", "links", 0, 0, NULL, NULL },
	/*
	 * A rule on a directory is about paths through it: what is in it and was linked
	 * elsewhere is ruled there by what is there (README.md, what is not covered).
	 */
	{ "a file of a denied directory that is linked where it may", "read %W/outer %D/f", "links",
	  0, 0, NULL, NULL },
	{ "its own name", "read %D/f %W/outer", "links", 0, EACCES, "file_open", NULL },
	{ "its own name, after the other one", "read-both %W/outer %D/f", "links-both", 0, EACCES,
	  "file_open", NULL },
	{ "the other one, after its own name", "read-both %D/f %W/outer", "links-both", 0, 0,
	  "file_open", NULL },
	{ "a file of a writable directory that is linked where it may read", "write %R/outer %W/f",
	  "links", 0, EACCES, "file_open", NULL },
	/* deny-names are about names, and this is none of them. */
	{ "another name of a file of a denied name", "read %W/other", "names", 0, 0, NULL, NULL },
	{ "a denied name of a file of another name", "read %W/key.pem", "names", 0, EACCES,
	  "file_open", NULL },

	{ "its working directory moves to where it may not", STAY("cwd", "%W/full", "%D/moved"),
	  "moved", 0, EACCES, "file_open", NULL },
	{ "the same through /proc/self/cwd", STAY("proc", "%W/full", "%D/moved"), "moved", 0,
	  EACCES, "file_open", NULL },
	{ "the same by descriptor", STAY("descriptor", "%W/full", "%D/moved"), "moved", 0, EACCES,
	  "file_open", NULL },
	{ "the same with RESOLVE_BENEATH", STAY("beneath", "%W/full", "%D/moved"), "moved", 0,
	  EACCES, "file_open", NULL },
	{ "listing it then", STAY("list", "%W/full", "%D/moved"), "moved", 0, EACCES, "file_open",
	  NULL },
	{ "what is beside it then", STAY("parent", "%W/full", "%D/moved"), "moved", 0, EACCES,
	  "file_open", NULL },
	{ "creating in it then", STAY("create", "%W/full", "%D/moved"), "moved", 0, EACCES,
	  "path_mknod", NULL },
	{ "deleting in it then", STAY("unlink", "%W/full", "%D/moved"), "moved", 0, EACCES,
	  "path_unlink", NULL },
	{ "a directory above it moves", STAY("deeper", "%W/full", "%D/moved"), "moved", 0, EACCES,
	  "file_open", NULL },
	{ "it moves to where no rule is", STAY("descriptor", "%W/full", "%S/moved"), "moved", 0,
	  EACCES, "file_open", NULL },
	{ "it moves to where it may only read: reading", STAY("cwd", "%W/full", "%R/moved"),
	  "moved", 0, 0, NULL, NULL },
	{ "it moves to where it may only read: creating", STAY("create", "%W/full", "%R/moved"),
	  "moved", 0, EACCES, "path_mknod", NULL },
	/* With an error of 0: refused before the move, and not after. */
	{ "it moves from there to where it may", STAY("cwd", "%D/full", "%W/moved"), "moved", 0, 0,
	  "file_open", NULL },
	{ "the same by descriptor, back", STAY("descriptor", "%D/full", "%W/moved"), "moved", 0, 0,
	  "file_open", NULL },
	{ "from where no rule is to where it may", STAY("beneath", "%S/full", "%W/moved"), "moved",
	  0, 0, "file_open", NULL },
	{ "creating after such a move", STAY("create", "%R/full", "%W/moved"), "moved", 0, 0,
	  "path_mknod", NULL },

	{ "its own bind mount of what is denied", "space-read " NESTED " bind %D %W/d %W/d/f",
	  "spaces", 0, EACCES, "file_open", NULL },
	{ "the same, recursive", "space-read " NESTED " rbind %D %W/d %W/d/f", "spaces", 0, EACCES,
	  "file_open", NULL },
	{ "the same by move_mount", "space-read " NESTED " tree %D %W/d %W/d/f", "spaces", 0,
	  EACCES, "file_open", NULL },
	{ "the same of one file", "space-read " NESTED " bind %D/f %W/f %W/f", "spaces", 0, EACCES,
	  "file_open", NULL },
	{ "the same, unmounted while it is in there", "space-read " NESTED " detached %D %W/d f",
	  "spaces", 0, EACCES, "file_open", NULL },
	{ "a tree of it that is mounted nowhere", "space-floating " NESTED " %D", "spaces", 0,
	  EACCES, "file_open", NULL },
	{ "that as its root directory", "space-read " NESTED " chroot %D x /f", "spaces", 0, EACCES,
	  "file_open", NULL },
	{ "its own bind mount of what it may read", "space-read " NESTED " bind %R %W/d %W/d/f",
	  "spaces", 0, 0, NULL, NULL },
	{ "as root without a user namespace: a bind mount of what is denied",
	  "space-read " MOUNTS " bind %D %W/d %W/d/f", "spaces", STAGE_ROOT, EACCES, "file_open",
	  NULL },
	{ "the same by move_mount, as root", "space-read " MOUNTS " tree %D %W/d %W/d/f", "spaces",
	  STAGE_ROOT, EACCES, "file_open", NULL },
	{ "the same below its own tmpfs, as root",
	  "space-read " MOUNTS " below-tmpfs %D %W/d %W/d/x/f", "spaces", STAGE_ROOT, EACCES,
	  "file_open", NULL },

	{ "a tree where no rule is that is mounted nowhere", "space-floating " NESTED " %S",
	  "spaces", 0, EACCES, "file_open", NULL },
	{ "what no rule is about, unmounted while it is in there",
	  "space-read " NESTED " detached %S %W/d f", "spaces", 0, EACCES, "file_open", NULL },
	{ "its own tmpfs over what is denied, as root",
	  "space-create " MOUNTS " tmpfs x %D/d %D/d/new", "spaces", STAGE_ROOT, EACCES,
	  "path_mknod", NULL },
	{ "its own tmpfs where it may write, as root",
	  "space-create " MOUNTS " tmpfs x %W/d %W/d/new", "spaces", STAGE_ROOT, 0, NULL, NULL },

	/*
	 * What has no rule of its own is under those of where it is mounted, and an agent with
	 * these rights mounts what it likes (README.md, what is not covered): denials hold.
	 */
	{ "with the right to mount: what no rule is about, where it may read",
	  "space-read " NESTED " bind %S %W/d %W/d/f", "wider", 0, 0, NULL, NULL },
	{ "what is denied, likewise", "space-write " NESTED " bind %D %W/d %W/d/f", "wider", 0,
	  EACCES, "file_open", NULL },
	/* What an overlay shows is opened by the kernel: no agent makes one. */
	{ "its own overlay above what is denied", "space-read " NESTED " overlay %D %W/d %W/d/f",
	  "wider", 0, EPERM, "sb_mount", NULL },
	{ "its own overlay above what no rule is about",
	  "space-read " NESTED " overlay %S %W/d %W/d/f", "wider", 0, EPERM, "sb_mount", NULL },
	{ "its own overlay by fsopen, mounted nowhere", "space-floating-overlay " NESTED " %D %W/d",
	  "wider", 0, EPERM, "sb_mount", NULL },
	{ "as root without a user namespace: an overlay above what is denied",
	  "space-read " MOUNTS " overlay %D %W/d %W/d/f", "wider", STAGE_ROOT, EPERM, "sb_mount",
	  NULL },
	{ "an overlay that writes to what it may only read",
	  "space-write " MOUNTS " overlay-upper %R %W/d %W/d/f", "wider", STAGE_ROOT, EPERM,
	  "sb_mount", NULL },

	/* The merged directory is mounted in the workspace; the layers are where no rule is. */
	{ "an overlay: what is denied", "read %T/ws/merged/secret", "merged", 0, EACCES,
	  "file_open", NULL },
	{ "an overlay: in a directory that is denied", "read %T/ws/merged/closed/f", "merged", 0,
	  EACCES, "file_open", NULL },
	{ "an overlay: reading where it may", "read %T/ws/merged/f", "merged", 0, 0, NULL, NULL },
	{ "an overlay: writing where it may, which copies up", "write %T/ws/merged/f", "merged", 0,
	  0, NULL, NULL },
	{ "an overlay: renaming what is denied", "rename %T/ws/merged/named %T/ws/merged/y",
	  "merged", 0, EACCES, "path_rename", NULL },
	{ "an overlay: linking what is denied, which copies up",
	  "link %T/ws/merged/secret %T/ws/merged/x", "merged", 0, EACCES, "path_link", NULL },
	{ "an overlay: the mode of what is denied, which copies up", "chmod %T/ws/merged/secret",
	  "merged", 0, EACCES, "path_chmod", NULL },
	{ "an overlay: its lower layer", "read %T/lower/secret", "merged", 0, EACCES, "file_open",
	  NULL },
	{ "it waits until an outsider copied all up", WAIT, "merged", 0, 0, NULL, NULL },
	{ "copied up: what is denied", "read %T/ws/merged/secret", "merged", 0, EACCES, "file_open",
	  NULL },
	{ "copied up: writing it", "write %T/ws/merged/secret", "merged", 0, EACCES, "file_open",
	  NULL },
	{ "copied up: in a directory that is denied", "read %T/ws/merged/closed/f", "merged", 0,
	  EACCES, "file_open", NULL },
	{ "copied up: made anew by an outsider", "read %T/ws/merged/gone", "merged", 0, EACCES,
	  "file_open", NULL },
	{ "copied up: where it may", "read %T/ws/merged/f", "merged", 0, 0, NULL, NULL },
	{ "copied up: the upper layer", "read %T/upper/secret", "merged", 0, EACCES, "file_open",
	  NULL },

	/*
	 * A file of the merged directory is an object of the overlay, and no link of the one
	 * below: a rule on a layer's path is about the layer, and about nothing else.
	 */
	{ "a rule on the lower layer: there", "read %T/ws/lower/secret", "lower", 0, EACCES,
	  "file_open", NULL },
	{ "a rule on the lower layer: merged", "read %T/ws/merged/secret", "lower", 0, 0, NULL,
	  NULL },
	{ "a rule on the lower layer: merged, in a directory", "read %T/ws/merged/closed/f",
	  "lower", 0, 0, NULL, NULL },
};

static void link_make(const char *from, const char *to)
{
	if (link(from, to) < 0)
		stage_bail("cannot link %s to %s", to, from);
}

static void row_dress(const char *tree, const char *id, const struct stage_row *row)
{
	char *directory = stage_format("%s/ws/%s", tree, id);
	char *env = stage_format("%s/.env", directory);

	if (strstr(row->act, "%W/.env")) {
		link_make(env, stage_format("%s/linked", directory));
		link_make(env, stage_format("%s/full/linked", directory));
		if (symlink("linked", stage_format("%s/to-linked", directory)) < 0)
			stage_bail("cannot make a link in %s", directory);
	}
	if (strstr(row->act, "%W/outer"))
		link_make(stage_format("%s/ws/denied/%s/f", tree, id),
			  stage_format("%s/outer", directory));
	if (strstr(row->act, "%R/outer"))
		link_make(stage_format("%s/f", directory),
			  stage_format("%s/ro/%s/outer", tree, id));
	if (strcmp(row->policy, "names") == 0) {
		stage_file(stage_format("%s/key.pem", directory), "content\n", 0666);
		link_make(stage_format("%s/key.pem", directory),
			  stage_format("%s/other", directory));
	}
	free(directory);
	free(env);
}

static void dress(const struct stage_group *g)
{
	bool below = strcmp(g->policy_name, "lower") == 0;
	const char *lower = below ? "ws/lower" : "lower";

	if (!below && strcmp(g->policy_name, "merged") != 0)
		return;
	stage_shell("cd %s && mkdir -p %s/closed upper work ws/merged && "
		    "for at in f secret gone named closed/f; do echo content >%s/$at; done && "
		    "chmod -R a+rwX %s upper && chown -R demo:demo %s upper && mount -t overlay "
		    "-o lowerdir=$PWD/%s,upperdir=$PWD/upper,workdir=$PWD/work own ws/merged",
		    g->tree, lower, lower, lower, lower, lower);
}

static void begun_await(const char *path)
{
	int i;

	for (i = 0; i < 600 && access(path, F_OK) < 0; i++)
		usleep(100000);
}

/* Moves what each row says, once it is in there. */
static void moved_during(const struct stage_group *g)
{
	char *argv[16], id[8];
	size_t i;

	for (i = 0; i < stage.row_count; i++) {
		if (!stage_row_in(&stage.rows[i], g->policy_name, g->who))
			continue;
		stage_id(id, i);
		stage_words(stage.rows[i].act, g->tree, id, argv);
		begun_await(argv[3]);
		if (rename(argv[2], argv[5]) < 0)
			stage_note("cannot move %s to %s: %s", argv[2], argv[5], strerror(errno));
		stage_file(argv[4], "", 0666);
	}
}

static void during(const struct stage_group *g)
{
	if (strcmp(g->policy_name, "moved") == 0)
		moved_during(g);
	if (strcmp(g->policy_name, "merged") != 0)
		return;
	begun_await(stage_format("%s/ws/begun", g->tree));
	stage_shell(
		"cd %s/ws/merged && for at in secret closed/f gone; do echo more >>$at; done && "
		"rm gone && echo content >gone && echo 2 >/proc/sys/vm/drop_caches && "
		"test -s %s/upper/secret -a -s %s/upper/closed/f && touch %s/ws/go",
		g->tree, g->tree, g->tree, g->tree);
}

int main(void)
{
	stage = (struct stage){
		.title = "place",
		.program = "attempt_file",
		.rows = rows,
		.row_count = sizeof(rows) / sizeof(rows[0]),
		.policies = policies,
		.dress = dress,
		.dress_row = row_dress,
		.during = during,
	};
	stage_begin();
	stage_setting("/proc/sys/kernel/unprivileged_userns_clone", "1");
	stage_table();
	return stage_end();
}
