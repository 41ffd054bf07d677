/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows of escape tests, and what they act on: a tree of files and a policy about it. */
#ifndef AGENTOS_TESTS_TREE_H
#define AGENTOS_TESTS_TREE_H

#include <ftw.h>
#include <sys/utsname.h>

#include "tests/escape/stage.h"

/*
 * A row is one act, done inside an agent and outside of any. Outside it must
 * succeed, else the row says nothing about agents. Inside it must end with
 * `error`; the audit log must have a denial by `hook`, or none at all when hook
 * is NULL. With error 0 and an audit-only agent, or a policy that watches, it is one
 * that would have been.
 *
 * Words of `act` are separated by blanks, and stand for:
 *	%W	a directory that the policy lets the agent read, write and execute
 *	%R	one that it lets it read		%V	in one like %R: also write
 *	%S	one that no rule is about
 *	%D	one that is denied, below the workspace	%A	below a denied one: read
 *	%T	the tree that all of these are in	%I	the row's id
 *	%B	the build directory			%a..%z	stage.value
 * Each row has its own %W .. %A, with a file f, an empty directory d, a
 * directory full with a file f; and in %W the file .env (each row that names
 * it, or "absent", has a rule that denies it; "held", "above" and "missing"
 * have a denied "secret" below them) and the link into -> %S/f.
 */
#define STAGE_BOTH	3U
#define STAGE_ANY_ERROR (-1)

struct stage_row {
	const char *name; /* what is expected */
	const char *act;
	const char *policy; /* of stage.policies, or a shipped one */
	unsigned int who;   /* STAGE_ROOT | STAGE_DEMO; 0: both */
	int error;	    /* 0, an errno or STAGE_ANY_ERROR */
	const char *hook;   /* as the audit log names it */
	const char *kernel; /* only on this one, or "stock": all but debug; NULL: all */
};

struct stage_policy {
	const char *name;
	const char *rights;
	const char *read, *write, *exec, *deny; /* added to what all have; "PATH, PATH" */
	const char *deny_names;			/* "NAME, NAME"; NULL: none */
	const char *network; /* lines of that section; NULL: any address that rights let it have */
	const char *effects; /* "RIGHT: WORD, RIGHT: WORD": what is watched; NULL: none */
	const char *told;    /* what records of acts that would have been denied have in them */
	bool changes;	     /* lets agents change what `base` does not */
	bool audit_only;     /* agents are; implies `changes` */
	const char *program; /* instead of the stage's */
};

/* One run of rows of one policy and user. */
struct stage_group {
	const struct stage_policy *policy; /* NULL: shipped */
	const char *policy_name;
	unsigned int who;
	char tree[200];
	char agent[64];
	bool inside;
};

struct stage {
	const char *title;
	const char *program; /* below build/tests/escape/prog */
	const struct stage_row *rows;
	size_t row_count;
	const struct stage_policy *policies; /* ends with name NULL */
	/* Before a group's trees are made: the place to set values. */
	void (*enter)(const struct stage_group *g);
	/* Adds to a fresh tree, or to a row's part of it; as root, all files go to demo after. */
	void (*dress)(const struct stage_group *g);
	void (*dress_row)(const char *tree, const char *id, const struct stage_row *row);
	bool lean; /* of %W .. %A only those are made that the row names, without .env and into */
	/* While the rows run. */
	void (*during)(const struct stage_group *g);
	/* What else no agent under such a policy changes: looked at before and after. */
	void (*see)(FILE *to);
	const char *value[26];
};

static struct stage stage;
static unsigned int stage_trees;

/* --- trees --- */

static const struct {
	char letter;
	const char *path;
} stage_tops[] = {
	{ 'W', "ws" },	    { 'R', "ro" },	  { 'V', "ro/writable" },
	{ 'S', "unruled" }, { 'D', "ws/denied" }, { 'A', "ws/denied/allowed" },
};

#define STAGE_TOPS (sizeof(stage_tops) / sizeof(stage_tops[0]))

static inline void stage_id(char id[8], size_t row)
{
	snprintf(id, 8, "r%03u", (unsigned int)(row % 1000));
}

/* Replaces what stands for something; the caller frees the result. */
static inline char *stage_expand(const char *text, const char *tree, const char *id)
{
	char *out = NULL;
	size_t len, i;
	FILE *to = open_memstream(&out, &len);

	for (; *text; text++) {
		if (*text != '%') {
			fputc(*text, to);
			continue;
		}
		text++;
		for (i = 0; i < STAGE_TOPS; i++)
			if (stage_tops[i].letter == *text)
				fprintf(to, "%s/%s/%s", tree, stage_tops[i].path, id);
		if (*text == 'T')
			fputs(tree, to);
		else if (*text == 'I')
			fputs(id, to);
		else if (*text == 'B')
			fputs(stage_build, to);
		else if (*text >= 'a' && *text <= 'z')
			fputs(stage.value[*text - 'a'] ? stage.value[*text - 'a'] : "?", to);
	}
	fclose(to);
	return out;
}

static inline bool stage_row_in(const struct stage_row *row, const char *policy, unsigned int who)
{
	const char *kernel = getenv("AGENTOS_KERNEL");

	if (strcmp(row->policy, policy) != 0 || !((row->who ? row->who : STAGE_BOTH) & who))
		return false;
	if (!row->kernel || !kernel)
		return true;
	return strcmp(row->kernel, "stock") == 0 ? strcmp(kernel, "debug") != 0 :
						   strcmp(row->kernel, kernel) == 0;
}

/* Does it name anything of its own? Half of the time of a slow machine goes into making them. */
static inline bool stage_row_has_tree(const struct stage_row *row)
{
	const char *at;

	/* Values of the stage have small letters, and %B is the same for all. */
	for (at = strchr(row->act, '%'); at; at = strchr(at + 1, '%'))
		if (at[1] >= 'A' && at[1] <= 'Z' && at[1] != 'B')
			return true;
	return false;
}

static inline void stage_row_dress(const char *tree, const char *id, const struct stage_row *row)
{
	char at[256], path[300];
	size_t i;

	for (i = 0; i < STAGE_TOPS; i++) {
		snprintf(path, sizeof(path), "%%%c", stage_tops[i].letter);
		if (stage.lean && !strstr(row->act, path))
			continue;
		snprintf(at, sizeof(at), "%s/%s/%s", tree, stage_tops[i].path, id);
		stage_mkdir(at, 0777);
		snprintf(path, sizeof(path), "%s/f", at);
		stage_file(path, "content\n", 0666);
		snprintf(path, sizeof(path), "%s/d", at);
		stage_mkdir(path, 0777);
		snprintf(path, sizeof(path), "%s/full", at);
		stage_mkdir(path, 0777);
		snprintf(path, sizeof(path), "%s/full/f", at);
		stage_file(path, "content\n", 0666);
	}
	if (!stage.lean) {
		snprintf(path, sizeof(path), "%s/ws/%s/.env", tree, id);
		stage_file(path, "SECRET=1\n", 0666);
		snprintf(path, sizeof(path), "%s/ws/%s/into", tree, id);
		snprintf(at, sizeof(at), "%s/unruled/%s/f", tree, id);
		if (symlink(at, path) < 0)
			stage_bail("cannot make %s", path);
	}
	if (stage.dress_row)
		stage.dress_row(tree, id, row);
}

static inline int stage_tree_own(const char *path, const struct stat *st, int type, struct FTW *at)
{
	if (lchown(path, STAGE_DEMO_ID, STAGE_DEMO_ID) < 0)
		stage_bail("cannot give %s away", path);
	return 0;
}

static inline void stage_tree(struct stage_group *g)
{
	char id[8], path[256];
	size_t i;

	snprintf(g->tree, sizeof(g->tree), "%s/g%u", stage_root, ++stage_trees);
	stage_mkdir(g->tree, 0777);
	for (i = 0; i < STAGE_TOPS; i++) {
		snprintf(path, sizeof(path), "%s/%s", g->tree, stage_tops[i].path);
		stage_mkdir(path, 0777);
	}
	for (i = 0; i < stage.row_count; i++) {
		if (!stage_row_in(&stage.rows[i], g->policy_name, g->who) ||
		    !stage_row_has_tree(&stage.rows[i]))
			continue;
		stage_id(id, i);
		stage_row_dress(g->tree, id, &stage.rows[i]);
	}
	nftw(g->tree, stage_tree_own, 64, FTW_PHYS);
	if (stage.dress)
		stage.dress(g);
}

static FILE *stage_seen;
static size_t stage_seen_skip;

static inline int stage_tree_see(const char *path, const struct stat *st, int type, struct FTW *at)
{
	static const char writable[] = "/ro/writable";

	if (strncmp(path + stage_seen_skip, writable, strlen(writable)) == 0)
		return 0;
	fprintf(stage_seen, "%s %o %u %u %ld %ld %ld.%ld\n", path, st->st_mode, st->st_uid,
		st->st_gid, (long)st->st_nlink, (long)st->st_size, (long)st->st_mtim.tv_sec,
		st->st_mtim.tv_nsec);
	return 0;
}

/* All that can be seen of what no agent under `base` may change; the caller frees it. */
static inline char *stage_fingerprint(const char *tree)
{
	static const char *const parts[] = { "ro", "unruled", "ws/denied" };
	char *text = NULL, path[256];
	size_t len, i;

	stage_seen = open_memstream(&text, &len);
	stage_seen_skip = strlen(tree);
	for (i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", tree, parts[i]);
		nftw(path, stage_tree_see, 64, FTW_PHYS | FTW_MOUNT);
	}
	if (stage.see)
		stage.see(stage_seen);
	fclose(stage_seen);
	return text;
}

/* --- modules --- */

/* A small one without users or hardware, unpacked if need be: %m, and its name %n. */
static inline void stage_module(void)
{
	struct utsname name;

	uname(&name);
	stage_shell(
		"cd %s && m=$(find /usr/lib/modules/%s/kernel/drivers/net/ -name 'dummy.ko*' | "
		"head -n 1) && case $m in *.xz) xz -dc $m;; *.zst) zstd -dc $m;; *) cat $m;; esac "
		">/usr/lib/escape-module.ko",
		stage_root, name.release);
	stage.value['m' - 'a'] = "/usr/lib/escape-module.ko";
	stage.value['n' - 'a'] = "dummy";
}

/* --- policies --- */

static inline void stage_list(FILE *to, const char *key, const char *common, const char *more,
			      const char *tree)
{
	char *text = stage_expand(common, tree, ""),
	     *added = stage_expand(more ? more : "", tree, "");

	fprintf(to, "  %s: [%s%s%s", key, text, *added && *text ? ", " : "", added);
	free(text);
	free(added);
}

static inline void stage_network(FILE *to, const struct stage_policy *p, const char *tree)
{
	bool connect = strstr(p->rights, "net-connect"), listen = strstr(p->rights, "net-listen");
	bool local = strstr(p->rights, "unix-connect");
	char *text = stage_expand(p->network ? p->network : "", tree, "");

	if (!connect && !listen && !local)
		return;
	fprintf(to, "network:\n%s", text);
	if (connect && !p->network)
		fprintf(to, "  connect: [\"*\"]\n");
	if (listen && !p->network)
		fprintf(to, "  listen: [\"*\"]\n");
	if (local && (!p->network || !strstr(p->network, "unix:")))
		fprintf(to, "  unix: [/, \"@*\"]\n");
	free(text);
}

static inline void stage_policy_write(const struct stage_group *g, const char *file)
{
	const struct stage_policy *p = g->policy;
	FILE *to = fopen(file, "we");
	char id[8];
	size_t i;

	if (!to)
		stage_bail("cannot write %s", file);
	fprintf(to, "version: 1\nname: %s\nrights: [%s]\nfiles:\n", p->name, p->rights);
	stage_list(to, "read",
		   "/usr, /bin, /lib, -/lib64, /etc, /proc, /dev/null, /dev/zero, %B, "
		   "%T/ws, %T/ro, %T/ws/denied/allowed",
		   p->read, g->tree);
	fprintf(to, "]\n");
	if (strstr(p->rights, "file-write")) {
		stage_list(to, "write", "/dev/null, %T/ws, %T/ro/writable", p->write, g->tree);
		fprintf(to, "]\n");
	}
	stage_list(to, "exec", "/usr, /bin, /lib, -/lib64, %B, %T/ws", p->exec, g->tree);
	fprintf(to, "]\n");
	stage_list(to, "deny", "%T/ws/denied", p->deny, g->tree);
	for (i = 0; i < stage.row_count; i++) {
		if (!stage_row_in(&stage.rows[i], p->name, g->who))
			continue;
		stage_id(id, i);
		if (strstr(stage.rows[i].act, "%W/.env"))
			fprintf(to, ", %s/ws/%s/.env", g->tree, id);
		if (strstr(stage.rows[i].act, "%W/absent"))
			fprintf(to, ", %s/ws/%s/absent", g->tree, id);
		if (strstr(stage.rows[i].act, "%W/held"))
			fprintf(to, ", %s/ws/%s/held/secret", g->tree, id);
		if (strstr(stage.rows[i].act, "%W/above"))
			fprintf(to, ", %s/ws/%s/above/d/secret", g->tree, id);
		if (strstr(stage.rows[i].act, "%W/missing"))
			fprintf(to, ", %s/ws/%s/missing/deep/secret", g->tree, id);
	}
	fprintf(to, "]\n");
	if (p->deny_names)
		fprintf(to, "  deny-names: [%s]\n", p->deny_names);
	stage_network(to, p, g->tree);
	if (p->effects)
		fprintf(to, "effects: {%s}\n", p->effects);
	fclose(to);
}

#endif
