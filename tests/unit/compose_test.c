// SPDX-License-Identifier: GPL-2.0-or-later
/* Policies made up of several files: what comes of them, what is refused, and where that is said to stand. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agentos.h"
#include "agentos_event.h"
#include "agentos_rights.h"
#include "base/limits.h"
#include "policy/policy.h"
#include "tests/tap.h"

static const struct policy_vars vars = { .workspace = "/ws", .home = "/h", .agent = "coder" };

/* A file of a small world. Text NULL: a directory of what is below; "->NAME": a link to that. */
struct file {
	const char *name;
	const char *text;
};

#define FILES_MAX 6

/* The first file is the one that is parsed; it is called "m" in messages, and /w/m elsewhere. */
static const struct file *world;

static const struct file *world_find(const char *path)
{
	size_t i;

	for (i = 0; i < FILES_MAX && world[i].name; i++)
		if (strcmp(world[i].name, path) == 0)
			return &world[i];
	return NULL;
}

static char **world_list(const char *directory)
{
	char **entries = calloc(FILES_MAX + 1, sizeof(*entries));
	size_t i, count = 0, len = strlen(directory);

	for (i = 0; entries && i < FILES_MAX && world[i].name; i++)
		if (strncmp(world[i].name, directory, len) == 0 && world[i].name[len] == '/')
			entries[count++] = strdup(world[i].name);
	return entries;
}

/* Names are files of /lib, paths are relative to where they stand. */
static int world_follow(void *cookie, enum policy_link link, const char *written, const char *from,
			struct policy_found *ret_found, struct fault *f)
{
	const char *name = written;
	const struct file *file;
	char path[256];

	(void)cookie;
	if (strncmp(name, "./", 2) == 0)
		name += 2;
	if (name[0] == '/')
		snprintf(path, sizeof(path), "%s", name);
	else if (link == POLICY_EXTENDS && name == written)
		snprintf(path, sizeof(path), "/lib/%s", name);
	else
		snprintf(path, sizeof(path), "%.*s/%s", (int)(strrchr(from, '/') - from), from,
			 name);
	file = world_find(path);
	if (file && file->text && strncmp(file->text, "->", 2) == 0)
		file = world_find(file->text + 2);
	if (!file)
		return fault_set(f, ENOENT, "%s is not there", path);
	if (!file->text && link != POLICY_INCLUDE)
		return fault_set(f, EISDIR, "%s is no file", path);
	*ret_found = (struct policy_found){ .file = strdup(file->name) };
	if (!file->text) {
		ret_found->entries = world_list(file->name);
	} else {
		ret_found->bytes = strdup(file->text);
		ret_found->len = strlen(file->text);
	}
	return 0;
}

static int parse(const struct file *files, struct policy **ret_policy, struct fault *f)
{
	static const struct policy_loader loader = { .find = world_follow, .first = "/w/m" };

	world = files;
	strcpy(f->text, "(no message)");
	*ret_policy = NULL;
	return policy_parse(files[0].text, strlen(files[0].text), "m", &vars, &loader, ret_policy,
			    f);
}

/* --- what comes of it, in a few letters --- */

static void put_acts(FILE *out, char sign, const char *letters, unsigned int bits)
{
	if (!bits)
		return;
	fprintf(out, " %c", sign);
	for (; *letters; letters++, bits >>= 1)
		if (bits & 1)
			fputc(*letters, out);
}

static void put_place(FILE *out, const struct policy *p, struct policy_place at)
{
	fprintf(out, " %s:%u", p->files[at.file], at.line);
}

/* What is allowed, what is denied, and where each stands. */
static void put_rule(FILE *out, const struct policy *p, const char *letters, unsigned int allow,
		     unsigned int deny, struct policy_place at, struct policy_place deny_at)
{
	put_acts(out, '+', letters, allow);
	if (allow)
		put_place(out, p, at);
	put_acts(out, '-', letters, deny);
	if (deny)
		put_place(out, p, deny_at);
	if (!allow || !deny)
		CHECK(at.file == deny_at.file && at.line == deny_at.line);
	fputs("; ", out);
}

static void put_texts(FILE *out, const struct policy *p, const char *what, char **texts,
		      const struct policy_place *places)
{
	size_t i;

	for (i = 0; texts && texts[i]; i++) {
		fprintf(out, "%s %s", what, texts[i]);
		put_place(out, p, places[i]);
		fputs("; ", out);
	}
}

static char *policy_print(const struct policy *p)
{
	char *text = NULL, address[INET6_ADDRSTRLEN];
	size_t size, i;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fprintf(out, "%s:", p->name);
	for (i = 0; i < AGENTOS_RIGHT_COUNT; i++)
		if (p->rights & (1ULL << i))
			fprintf(out, " %s", policy_right_name((unsigned int)i));
	fputs("; ", out);
	for (i = 0; i < p->rule_count; i++) {
		const struct policy_rule *r = &p->rules[i];

		fprintf(out, "%s%s%s", r->optional ? "?" : "", r->anywhere ? "*/" : "", r->path);
		put_rule(out, p, "rwxc", r->allow, r->deny, r->at, r->deny_at);
	}
	for (i = 0; i < p->address_count; i++) {
		const struct policy_address *a = &p->addresses[i];

		inet_ntop(a->family, a->addr, address, sizeof(address));
		fprintf(out, "%s/%u:%u-%u", address, a->prefix, a->port_first, a->port_last);
		put_rule(out, p, "tuoTUO", a->allow, a->deny, a->at, a->deny_at);
	}
	if (p->env_scrub)
		fputs("scrub; ", out);
	put_texts(out, p, "keep", p->env_keep, p->env_keep_at);
	put_texts(out, p, "set", p->env_set, p->env_set_at);
	put_texts(out, p, "make", p->directories, p->directories_at);
	if (p->record_allowed)
		fputs("record all; ", out);
	if (p->description)
		fprintf(out, "\"%s\"; ", p->description);
	fclose(out);
	/* The blank behind the last. */
	text[strlen(text) - 1] = '\0';
	return text;
}

#define LIB(name, text)                        \
	{                                      \
		"/lib/" name, "name: b\n" text \
	}
#define BASE                                                                                 \
	LIB("b", "rights: [file-read, file-write, file-exec]\nfiles:\n  read: [/usr, /ws]\n" \
		 "  write: [/ws]\n  exec: [/usr]\n  deny: [~/.ssh]\n  deny-names: [.env]\n")
#define BASE_SAYS                                                       \
	"/usr +rx /lib/b:4; /ws +rw /lib/b:4; /h/.ssh -rwxc /lib/b:7; " \
	"*/.env -rwxc /lib/b:8;"
#define NET      \
	LIB("n", \
	    "rights: [net-connect]\nnetwork:\n  connect: ['10.0.0.0/8:53']\n  deny: [10.1.0.0/16]\n")
#define ENV                                                                                 \
	LIB("e", "rights: [bpf]\nenvironment:\n  keep: [A, B]\n  set: [X=1, 'Y=${HOME}']\n" \
		 "directories: [/d]\naudit: verbose\ndescription: below\n")

/* clang-format off */
/* Each is one rule of how files are put together. */
static const struct merge {
	struct file files[FILES_MAX];
	const char *result;
} merges[] = {
	/* extends: what the other one says stays, the name is this one's */
	{ { { "/w/m", "name: m\nextends: b\n" }, BASE },
	  "m: file-read file-write file-exec; " BASE_SAYS },
	/* rights: the union; one that both name is no mistake */
	{ { { "/w/m", "name: m\nextends: b\nrights: [bpf, file-read]\n" }, BASE },
	  "m: file-read file-write file-exec bpf; " BASE_SAYS },
	/* ... and less what is taken, with the rules that it alone switched on */
	{ { { "/w/m", "name: m\nextends: b\nrights: [-file-exec, bpf]\n" }, BASE },
	  "m: file-read file-write bpf; /usr +r /lib/b:4; /ws +rw /lib/b:4; "
	  "/h/.ssh -rwxc /lib/b:7; */.env -rwxc /lib/b:8;" },
	{ { { "/w/m", "name: m\nextends: b\nrights: [-file-write, -file-read]\n" }, BASE },
	  "m: file-exec; /usr +x /lib/b:4; /h/.ssh -rwxc /lib/b:7; */.env -rwxc /lib/b:8;" },
	/* a path that both name: what is said later counts, for the acts it is about */
	{ { { "/w/m", "name: m\nextends: b\nfiles:\n  read: [~/.ssh]\n" }, BASE },
	  "m: file-read file-write file-exec; /usr +rx /lib/b:4; /ws +rw /lib/b:4; "
	  "/h/.ssh +r m:4 -wxc /lib/b:7; */.env -rwxc /lib/b:8;" },
	{ { { "/w/m", "name: m\nextends: b\nfiles:\n  deny: [/usr/, -/ws/x]\n  exec: [/bin]\n" },
	    BASE },
	  "m: file-read file-write file-exec; /usr -rwxc m:4; /ws +rw /lib/b:4; "
	  "/h/.ssh -rwxc /lib/b:7; */.env -rwxc /lib/b:8; /bin +x m:5; ?/ws/x -rwxc m:4;" },
	/* ... and whether it may be missing */
	{ { { "/w/m", "name: m\nextends: o\nfiles: {read: [/a, -/b, -/d]}\n" },
	    LIB("o", "rights: [file-read]\nfiles: {read: [-/a, /b, -/c, -/d]}\n") },
	  "m: file-read; /a +r m:3; ?/b +r m:3; ?/c +r /lib/o:3; ?/d +r m:3;" },
	/* names add up, and one that both deny is one */
	{ { { "/w/m", "name: m\nextends: b\nfiles: {deny-names: ['*.pem', .env]}\n" }, BASE },
	  "m: file-read file-write file-exec; /usr +rx /lib/b:4; /ws +rw /lib/b:4; "
	  "/h/.ssh -rwxc /lib/b:7; */.env -rwxc m:3; */*.pem -rwxc m:3;" },
	/* a name and a socket that are spelt alike are two things, in whatever file */
	{ { { "/w/m", "name: m\nextends: s\nfiles: {deny-names: ['@x']}\n" },
	    LIB("s", "rights: [unix-connect]\nnetwork: {unix: ['@x', /run/x]}\n") },
	  "m: unix-connect; /run/x +c /lib/s:3; @x +c /lib/s:3; */@x -rwxc m:3;" },
	{ { { "/w/m", "name: m\nextends: s\nrights: [-unix-connect, bpf]\n" },
	    LIB("s", "rights: [unix-connect]\nnetwork: {unix: ['@x', /run/x]}\n"
		     "files: {deny: [/run/y]}\n") },
	  "m: bpf; /run/y -rwxc /lib/s:4;" },
	/* addresses: the same prefix and ports; what is denied stays where a right goes */
	{ { { "/w/m", "name: m\nextends: n\nnetwork:\n  connect: ['10.1.0.0/16:*/tcp', '*:80']\n" },
	    NET },
	  "m: net-connect; 10.0.0.0/8:53-53 +tuo /lib/n:4; "
	  "10.1.0.0/16:0-65535 +t m:4 -uoTUO /lib/n:5; 0.0.0.0/0:80-80 +tuo m:4; "
	  "::/0:80-80 +tuo m:4;" },
	{ { { "/w/m", "name: m\nextends: n\nnetwork: {deny: ['10.0.0.0/8:53/udp']}\n" }, NET },
	  "m: net-connect; 10.0.0.0/8:53-53 +to /lib/n:4 -uU m:3; "
	  "10.1.0.0/16:0-65535 -tuoTUO /lib/n:5;" },
	{ { { "/w/m", "name: m\nextends: n\nnetwork: {connect: ['*:80'], deny: [10.0.0.0/8]}\n" },
	    NET },
	  "m: net-connect; 10.0.0.0/8:53-53 +tuo /lib/n:4; "
	  "10.1.0.0/16:0-65535 -tuoTUO /lib/n:5; 0.0.0.0/0:80-80 +tuo m:3; "
	  "::/0:80-80 +tuo m:3; 10.0.0.0/8:0-65535 -tuoTUO m:3;" },
	{ { { "/w/m", "name: m\nextends: n\nrights: [-net-connect, bpf]\n" }, NET },
	  "m: bpf; 10.1.0.0/16:0-65535 -tuoTUO /lib/n:5;" },
	/* the environment: lists add up, a variable is what is said of it last */
	{ { { "/w/m", "name: m\nextends: e\nenvironment:\n  keep: [B, C]\n  set: [X=2]\n"
		      "directories: [/d, /e]\n" },
	    ENV },
	  "m: bpf; scrub; keep A /lib/e:4; keep B m:4; keep C m:4; set Y=/h /lib/e:5; set X=2 m:5; "
	  "make /d m:6; make /e m:6; record all; \"below\";" },
	{ { { "/w/m", "name: m\nextends: e\nenvironment:\n  keep: [X]\n  set: [A=3, AB=4]\n"
		      "audit: normal\ndescription: above\n" },
	    ENV },
	  "m: bpf; scrub; keep B /lib/e:4; keep X m:4; set Y=/h /lib/e:5; set A=3 m:5; "
	  "set AB=4 m:5; make /d /lib/e:6; \"above\";" },
	/* a base that keeps all, and this one does not; and the other way round */
	{ { { "/w/m", "name: m\nextends: k\nenvironment: {keep: [A]}\n" },
	    LIB("k", "rights: [bpf]\n") },
	  "m: bpf; scrub; keep A m:3;" },
	{ { { "/w/m", "name: m\nextends: e\naudit: normal\n" }, ENV },
	  "m: bpf; scrub; keep A /lib/e:4; keep B /lib/e:4; set X=1 /lib/e:5; set Y=/h /lib/e:5; "
	  "make /d /lib/e:6; \"below\";" },
	/* three in a row: the last one counts, and what was taken can be given again */
	{ { { "/w/m", "name: m\nextends: ./c\nrights: [net-connect]\nnetwork:\n"
		      "  connect: ['*:80']\n" },
	    { "/w/c", "name: c\nextends: n\nrights: [-net-connect, bpf]\n" },
	    NET },
	  "m: net-connect bpf; 10.1.0.0/16:0-65535 -tuoTUO /lib/n:5; 0.0.0.0/0:80-80 +tuo m:5; "
	  "::/0:80-80 +tuo m:5;" },
	{ { { "/w/m", "name: m\nextends: ./c\nfiles: {deny: [~/.ssh]}\n" },
	    { "/w/c", "name: c\nextends: b\nfiles:\n  read: [~/.ssh]\n" },
	    BASE },
	  "m: file-read file-write file-exec; /usr +rx /lib/b:4; /ws +rw /lib/b:4; "
	  "/h/.ssh -rwxc m:3; */.env -rwxc /lib/b:8;" },
	/* include: as if written in one file, one list after the other */
	{ { { "/w/m", "name: m\ninclude: [p/a, p/b]\nfiles: {read: [/m]}\n" },
	    { "/w/p/a", "rights: [file-read]\nfiles: {read: [/a], deny: [/x]}\n" },
	    { "/w/p/b", "rights: [file-read, file-exec]\nfiles: {exec: [/a], deny: [/x]}\n" } },
	  "m: file-read file-exec; /m +r m:3; /a +rx /w/p/a:2; /x -rwxc /w/p/a:2;" },
	/* rights of a part switch on rules of another */
	{ { { "/w/m", "name: m\ninclude: [a]\nrights: [file-read]\n" },
	    { "/w/a", "files: {read: [/a]}\n" } },
	  "m: file-read; /a +r /w/a:1;" },
	/* directories, empty ones as well, and what may be missing */
	{ { { "/w/m", "name: m\nrights: [bpf]\ninclude: [d, none, -nowhere, -~/no, /e]\n" },
	    { "/w/d", NULL },
	    { "/w/d/1", "rights: [perf]\n" },
	    { "/w/d/2", "rights: [ptrace]\nversion: 1\ndescription: a part\n" },
	    { "/w/none", NULL },
	    { "/e", "directories: [/d]\n" } },
	  "m: ptrace bpf perf; make /d /e:1;" },
	/* parts include others, relative to themselves; what is included twice is there once */
	{ { { "/w/m", "name: m\ninclude: [p/a, '${HOME}/x', ~/x]\n" },
	    { "/w/p/a", "rights: [bpf]\ninclude: [b, /h/x]\n" },
	    { "/w/p/b", "directories: [/d]\n" },
	    { "/h/x", "directories: [/x]\n" } },
	  "m: bpf; make /d /w/p/b:1; make /x /h/x:1;" },
	/* parts agree */
	{ { { "/w/m",
	      "name: m\nrights: [bpf]\nenvironment: {set: [A=1], keep: [B]}\ninclude: [a]\n" },
	    { "/w/a", "environment: {set: [A=1, C=2], keep: [B, D]}\ndirectories: [/d]\n" } },
	  "m: bpf; scrub; keep B m:3; keep D /w/a:1; set A=1 m:3; set C=2 /w/a:1; make /d /w/a:2;" },
	/* what is extended includes parts of its own, and the same one may be included above */
	{ { { "/w/m", "name: m\nextends: i\ninclude: [/lib/a]\n" },
	    LIB("i", "include: [a]\n"),
	    { "/lib/a", "rights: [bpf]\nfiles: {deny: [/x]}\n" } },
	  "m: bpf; /x -rwxc /lib/a:2;" },
	/* a part takes rights, if the policy that it belongs to extends one */
	{ { { "/w/m", "name: m\nextends: n\ninclude: [a, b]\nrights: [bpf]\n" },
	    { "/w/a", "rights: [-net-connect]\n" },
	    { "/w/b", "rights: [-net-connect]\n" },
	    NET },
	  "m: bpf; 10.1.0.0/16:0-65535 -tuoTUO /lib/n:5;" },
	/* through a link, from where the file is */
	{ { { "/w/m", "name: m\nextends: ./l\n" },
	    { "/w/l", "->/o/b" },
	    { "/o/b", "name: b\ninclude: [a]\n" },
	    { "/o/a", "rights: [bpf]\n" } },
	  "m: bpf;" },
};

/* clang-format on */
static void each_rule_of_putting_together_holds(void)
{
	const struct merge *m;
	struct policy *p;
	struct fault f;
	char *text;
	size_t i;
	int err;

	for (i = 0; i < sizeof(merges) / sizeof(merges[0]); i++) {
		m = &merges[i];
		err = parse(m->files, &p, &f);
		CHECK_MSG(err == 0, "%zu: %s", i, f.text);
		if (!p)
			continue;
		text = policy_print(p);
		REQUIRE(text);
		CHECK_MSG(strcmp(text, m->result) == 0, "%zu:\n# got      %s\n# expected %s", i,
			  text, m->result);
		free(text);
		policy_free(p);
	}
}

#define M(text)              \
	{                    \
		"/w/m", text \
	}

/* clang-format off */
static const struct refusal {
	struct file files[FILES_MAX];
	int err;
	const char *where; /* beginning of the message */
	const char *wrong; /* part of it */
	const char *valid; /* another part */
} refusals[] = {
	/* what is named */
	{ { M("name: m\nextend: b\n"), BASE },
	  -EINVAL, "m:2: ", "unknown key \"extend\"", "valid here: extends" },
	{ { M("name: m\nincludes: [b]\n"), BASE },
	  -EINVAL, "m:2: ", "unknown key \"includes\"", "valid here: include" },
	{ { M("name: m\nextends: [b]\n"), BASE },
	  -EINVAL, "m:2: ", "\"extends\" is a list", "one text" },
	{ { M("name: m\nextends:\n"), BASE }, -EINVAL, "m:2: ", "\"extends\" has no value", "" },
	{ { M("name: m\ninclude: b\n"), BASE },
	  -EINVAL, "m:2: ", "\"include\" is one word", "a list: [a, b]" },
	{ { M("name: m\ninclude: []\n"), BASE }, -EINVAL, "m:2: ", "empty list", "leave the key" },
	{ { M("extends: b\n"), BASE }, -EINVAL, "m: ", "\"name\" is missing", "name: my-policy" },
	{ { M("name: m\nextends: nowhere\n") },
	  -ENOENT, "m:2: ", "\"extends\": /lib/nowhere is not", "" },
	{ { M("name: m\n\n\nextends: ./b\n"), BASE }, -ENOENT, "m:4: ", "/w/b is not there", "" },
	{ { M("name: m\nextends: /d\n"), { "/d", NULL } }, -EISDIR, "m:2: ", "/d is no file", "" },
	{ { M("name: m\ninclude:\n- a\n- b\n"), { "/w/a", "rights: [bpf]\n" } },
	  -ENOENT, "m:4: ", "\"include\": /w/b is not there", "" },
	{ { M("name: m\ninclude: [a]\n"), { "/w/a", "rights: [bpf]\ninclude: [-x, y]\n" } },
	  -ENOENT, "/w/a:2: ", "/w/y is not there", "" },
	{ { M("name: m\ninclude: [-a]\n"), { "/w/a", "include: [y]\n" } },
	  -ENOENT, "/w/a:1: ", "/w/y is not there", "" },
	{ { M("name: m\ninclude: [d]\n"), { "/w/d", NULL }, { "/w/d/e", NULL } },
	  -EISDIR, "m:2: ", "/w/d/e is no file", "" },
	{ { M("name: m\nextends: '${TMP}/b'\n") },
	  -EINVAL, "m:2: ", "unknown variable \"TMP\"", "${HOME}" },
	{ { M("name: m\nrights: [bpf]\ninclude:\n- '-'\n"), { "/w/", NULL } },
	  -EINVAL, "m:4: ", "an item of \"include\" names no file", "" },
	{ { M("name: m\ninclude: [$HOME/x]\n") }, -EINVAL, "m:2: ", "begins no variable", "" },
	/* each of them must be what it is taken for */
	{ { M("name: m\nextends: b\n"), LIB("b", "rights: [fly]\n") },
	  -EINVAL, "/lib/b:2: ", "unknown right \"fly\"", "rights are" },
	{ { M("name: m\nextends: b\nrights: [file-read]\nfiles: {read: [/]}\n"),
	    LIB("b", "rights: [file-read]\n") },
	  -EINVAL, "/lib/b:2: ", "right file-read has no effect", "" },
	{ { M("name: m\nextends: b\nrights: [file-read]\n"),
	    LIB("b", "files: {read: [/]}\nrights: [bpf]\n") },
	  -EINVAL, "/lib/b:2: ", "\"files.read\" has no effect", "file-read" },
	{ { M("name: m\nextends: b\n"), { "/lib/b", "rights: [bpf]\n" } },
	  -EINVAL, "/lib/b: ", "\"name\" is missing", "" },
	{ { M("name: m\nextends: b\n"), { "/lib/b", "name: b\n" } },
	  -EINVAL, "/lib/b: ", "\"rights\" is missing", "" },
	{ { M("name: m\nextends: b\n"), { "/lib/b", "" } }, -EINVAL, "/lib/b: ", "empty", "" },
	{ { M("name: m\ninclude: [a]\n"), { "/w/a", "" } }, -EINVAL, "/w/a: ", "empty", "" },
	{ { M("name: m\ninclude: [a]\n"), { "/w/a", "rights: [bpf]\nname: a\n" } },
	  -EINVAL, "/w/a:2: ", "\"name\" has no place", "\"extends\"" },
	{ { M("name: m\ninclude: [a]\n"), { "/w/a", "rights: [bpf]\nextends: b\n" } },
	  -EINVAL, "/w/a:2: ", "\"extends\" has no place", "valid here: rights, files" },
	{ { M("name: m\ninclude: [a]\n"), { "/w/a", "audit: verbose\n" } },
	  -EINVAL, "/w/a:1: ", "\"audit\" has no place", "" },
	{ { M("name: m\ninclude: [a]\n"), { "/w/a", "version: 2\n" } },
	  -EINVAL, "/w/a:1: ", "version 2 is not known", "" },
	{ { M("name: m\ninclude: [a]\n"), { "/w/a", "right: [bpf]\n" } },
	  -EINVAL, "/w/a:1: ", "unknown key \"right\"", "rights" },
	{ { M("name: m\ninclude: [a]\n"), { "/w/a", "directories: [/d]\n" } },
	  -EINVAL, "m: ", "\"rights\" is missing, here and in what is included", "rights: [...]" },
	/* contradictions, from file to file */
	{ { M("name: m\ninclude: [a]\nrights: [file-read]\nfiles:\n  read: [/x]\n"),
	    { "/w/a", "\nfiles: {deny: [/x/]}\n" } },
	  -EINVAL, "/w/a:2: ", "both allowed and denied, here and in m:5", "take one out" },
	{ { M("name: m\ninclude: [a]\nrights: [net-connect]\nnetwork:\n  connect: ['*:80']\n"),
	    { "/w/a", "\nnetwork: {deny: ['*:80/tcp']}\n" } },
	  -EINVAL, "/w/a:2: ", "both allowed and denied, here and in m:5", "" },
	{ { M("name: m\ninclude: [a]\nrights: [net-connect]\nnetwork:\n  connect: ['1.2.3.4:80']\n"),
	    { "/w/a", "\nnetwork: {deny: [1.2.3.4]}\n" } },
	  -EINVAL, "m:5: ", "is allowed here and denied in /w/a:2, where 1.2.3.4/32:* is", "" },
	{ { M("name: m\ninclude: [a]\nrights: [net-connect]\nnetwork: {egress: [a.example]}\n"),
	    { "/w/a", "\nnetwork: {egress-deny: ['A.example:443']}\n" } },
	  -EINVAL, "/w/a:2: ", "\"a.example\" is both allowed and denied, here and in m:4",
	  "take one out" },
	{ { M("name: m\ninclude: [a]\nrights: [net-connect]\nnetwork: {egress: ['*']}\n"),
	    { "/w/a", "\nnetwork: {egress-kill: [a.example], egress-watch: [a.example]}\n" } },
	  -EINVAL, "/w/a:2: ", "both watched and killed for, here and on line 2", "" },
	{ { M("name: m\nrights: [net-connect]\nnetwork: {connect: ['*'], egress-kill: [a.example]}\n") },
	  -EINVAL, "m:3: ", "\"network.egress-kill\" has no effect: no name is allowed", "" },
	{ { M("name: m\nrights: [net-connect]\nnetwork: {egress-watch: [api.openai.com]}\n") },
	  -EINVAL, "m:3: ", "is a host of a provider of models", "" },
	{ { M("name: m\nextends: n\nnetwork:\n  connect: ['10.1.0.0/16:80']\n"), NET },
	  -EINVAL, "m:4: ", "10.1.0.0/16:80 is allowed here and denied in /lib/n:5", "" },
	{ { M("name: m\ninclude: [a]\nrights: [file-read]\nfiles:\n  read: [/x/b.pem]\n"),
	    { "/w/a", "\nfiles: {deny-names: ['*.pem']}\n" } },
	  -EINVAL, "m:5: ", "allowed here and denied by its name in /w/a:2", "" },
	{ { M("name: m\nextends: b\nfiles:\n  read: [/x/.env]\n"), BASE },
	  -EINVAL, "m:4: ", "allowed here and denied by its name in /lib/b:8", "" },
	{ { M("name: m\nextends: b\nfiles:\n  deny-names: [u*]\n"), BASE },
	  -EINVAL, "/lib/b:4: ", "\"/usr\" is allowed here and denied by its name in m:4", "" },
	{ { M("name: m\nextends: b\nfiles:\n  deny: [~/.ssh]\n  read: [/h/.ssh]\n"), BASE },
	  -EINVAL, "m:4: ", "both allowed and denied", "on line 5" },
	{ { M("name: m\ninclude: [a]\nrights: [bpf]\nenvironment: {set: [A=1]}\n"),
	    { "/w/a", "environment: {set: [A=2]}\n" } },
	  -EINVAL, "/w/a:1: ", "\"A\" stands in \"environment.set\" twice, here and in m:4", "" },
	{ { M("name: m\ninclude: [a]\nrights: [bpf]\nenvironment: {set: [A=1]}\n"),
	    { "/w/a", "environment: {keep: [A]}\n" } },
	  -EINVAL, "m:4: ", "both set and kept, here and in /w/a:1", "" },
	/* rights */
	{ { M("name: m\nextends: b\nrights: [-bpf]\n"), BASE },
	  -EINVAL, "m:3: ",
	  "right bpf cannot be taken away", "\"b\", which is extended, does not have it" },
	{ { M("name: m\nextends: b\nrights: [-file-exec, -file-exec]\n"), BASE },
	  -EINVAL, "m:3: ", "right file-exec is taken away twice", "" },
	{ { M("name: m\nextends: ./c\nrights: [-file-exec]\n"),
	    { "/w/c", "name: c\nextends: b\nrights: [-file-exec]\n" },
	    BASE },
	  -EINVAL, "m:3: ", "cannot be taken away", "\"c\"" },
	{ { M("name: m\nextends: b\nrights:\n- -bpf\n- bpf\n"), BASE },
	  -EINVAL, "m:5: ", "right bpf is given here and taken away on line 4", "" },
	{ { M("name: m\nextends: b\nrights: [bpf]\ninclude: [a]\n"),
	    BASE,
	    { "/w/a", "\nrights: [-bpf]\n" } },
	  -EINVAL, "/w/a:2: ", "taken away here and given in m:3", "" },
	{ { M("name: m\nextends: b\nrights: [-bpf]\ninclude: [a]\n"),
	    BASE,
	    { "/w/a", "rights: all\n" } },
	  -EINVAL, "/w/a:1: ", "given here and taken away in m:3", "" },
	{ { M("name: m\nextends: b\nrights: [-all]\n"), BASE },
	  -EINVAL, "m:3: ", "\"-all\"", "name each right" },
	{ { M("name: m\nextends: b\nrights: [-file-raed]\n"), BASE },
	  -EINVAL, "m:3: ", "unknown right \"file-raed\"", "mean file-read?" },
	{ { M("name: m\nextends: n\nrights: [-net-connect]\n"), NET },
	  -EINVAL, "m:3: ", "no right is left", "at least one" },
	{ { M("name: m\nrights: [-bpf]\ninclude: [a]\n"), { "/w/a", "rights: [bpf]\n" } },
	  -EINVAL, "m:2: ", "nothing is extended", "leave it out" },
	/* the whole makes no sense, though each part does */
	{ { M("name: m\nextends: b\nrights: [net-connect]\n"), BASE },
	  -EINVAL, "m:3: ", "right net-connect has no effect", "connect:" },
	{ { M("name: m\nextends: b\nnetwork: {connect: ['*']}\n"), BASE },
	  -EINVAL, "m:3: ", "\"network.connect\" has no effect without the right net-connect", "" },
	{ { M("name: m\nextends: b\nrights: [-file-exec]\nfiles: {exec: [/x]}\n"), BASE },
	  -EINVAL, "m:4: ", "without the right file-exec", "" },
	{ { M("name: m\nextends: n\nnetwork: {deny: ['10.0.0.0/8:53']}\n"), NET },
	  -EINVAL, "/lib/n:2: ", "right net-connect has no effect", "" },
	{ { M("name: m\nextends: b\nnetwork: {deny: ['*']}\n"), BASE },
	  -EINVAL, "m:3: ", "\"network.deny\" has no effect", "" },
	{ { M("name: m\nextends: n\nrights: [net-raw]\n"), NET },
	  -EINVAL, "m:3: ", "right net-raw reaches each address", "" },
	{ { M("name: m\ninclude: [a]\nrights: [bpf]\n"), { "/w/a", "files: {exec: [/x]}\n" } },
	  -EINVAL, "/w/a:1: ", "without the right file-exec", "" },
	/* round and round */
	{ { M("name: m\nextends: ./m\n") }, -ELOOP, "m:2: ", "leads back", ": m -> m" },
	{ { M("name: m\ninclude: [l]\n"), { "/w/l", "->/w/m" } },
	  -ELOOP, "m:2: ", "leads back", ": m -> m" },
	{ { M("name: m\nextends: b\n"), LIB("b", "extends: /w/m\n") },
	  -ELOOP, "/lib/b:2: ", "\"extends\" leads back", ": m -> /lib/b -> m" },
	{ { M("name: m\ninclude: [a]\n"), { "/w/a", "include: [l]\n" }, { "/w/l", "->/w/a" } },
	  -ELOOP, "/w/a:1: ", "\"include\" leads back", ": /w/a -> /w/a" },
	{ { M("name: m\nextends: b\n"), LIB("b", "include: [/w/m]\n") },
	  -ELOOP, "/lib/b:2: ", "\"include\" leads back", ": m -> /lib/b -> m" },
	{ { M("name: m\ninclude: [d]\n"),
	    { "/w/d", NULL },
	    { "/w/d/1", "include: [../d]\n" },
	    { "/w/d/../d", "->/w/d" } },
	  -ELOOP, "/w/d/1:1: ", "\"include\" leads back", ": /w/d/1 -> /w/d/1" },
};

/* clang-format on */
static void each_refusal_names_the_file_at_fault(void)
{
	const struct refusal *r;
	struct policy *p;
	struct fault f;
	size_t i;

	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		r = &refusals[i];
		CHECK_MSG(parse(r->files, &p, &f) == r->err, "%s: %s", r->files[0].text, f.text);
		CHECK(p == NULL);
		CHECK_MSG(strncmp(f.text, r->where, strlen(r->where)) == 0, "\"%s\" not at \"%s\"",
			  f.text, r->where);
		CHECK_MSG(strstr(f.text, r->wrong), "\"%s\" not in \"%s\"", r->wrong, f.text);
		CHECK_MSG(strstr(f.text, r->valid), "\"%s\" not in \"%s\"", r->valid, f.text);
		CHECK_MSG(!strchr(f.text, '\n'), "%s", f.text);
		policy_free(p);
	}
}

/* A part whose one list has count items. */
static char *long_part(const char *key, const char *item, size_t count)
{
	char *text = NULL;
	size_t size, i;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fprintf(out, "%s:\n", key);
	for (i = 0; i < count; i++)
		fprintf(out, "  - %s%zu\n", item, i);
	fclose(out);
	return text;
}

/* Neither file has too many, and both together have one more than fit. */
static void limits_are_those_of_the_whole(void)
{
	static const struct {
		const char *key, *item, *more;
		size_t count;
		int err;
		const char *part;
	} cases[] = {
		{ "environment:\n  keep", "A", "environment: {keep: [B]}\n", LIMIT_POLICY_ENV,
		  -EINVAL, "more than 256 items" },
		{ "environment:\n  keep", "A", "environment: {keep: [B]}\n", LIMIT_POLICY_ENV - 1,
		  0, "" },
		{ "directories", "/d", "directories: [/e]\n", LIMIT_POLICY_DIRS, -EINVAL,
		  "more than 64 items" },
		{ "directories", "/d", "directories: [/e]\n", LIMIT_POLICY_DIRS - 1, 0, "" },
		{ "files:\n  deny-names", "n", "files: {deny-names: [m]}\n", AGENTOS_PATTERNS_MAX,
		  -E2BIG, "more than 64 names" },
		{ "files:\n  deny-names", "n", "files: {deny-names: [m]}\n",
		  AGENTOS_PATTERNS_MAX - 1, 0, "" },
		{ "files:\n  deny", "/d", "files: {deny: [/e]}\n", AGENTOS_POLICY_RULES_MAX, -E2BIG,
		  "more than 16364 rules" },
		{ "files:\n  deny", "/d", "files: {deny: [/e]}\n", AGENTOS_POLICY_RULES_MAX - 1, 0,
		  "" },
	};
	char extends[256], includes[256], *part;
	struct policy *p;
	struct fault f;
	size_t i;
	int as;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		part = long_part(cases[i].key, cases[i].item, cases[i].count);
		REQUIRE(part);
		snprintf(includes, sizeof(includes), "name: m\nrights: [bpf]\ninclude: [p]\n%s",
			 cases[i].more);
		snprintf(extends, sizeof(extends), "name: m\nextends: b\n%s", cases[i].more);
		for (as = 0; as < 2; as++) {
			const struct file files[FILES_MAX] = {
				{ "/w/m", as ? includes : extends },
				{ "/lib/b", "name: b\nrights: [bpf]\ninclude: [/w/p]\n" },
				{ "/w/p", part },
			};

			CHECK_INT(parse(files, &p, &f), cases[i].err);
			CHECK_MSG(strstr(f.text, cases[i].part), "%s", f.text);
			CHECK_MSG(!cases[i].err || strncmp(f.text, "m:", 2) == 0 ||
					  strncmp(f.text, "/w/p:", 5) == 0,
				  "%s", f.text);
			policy_free(p);
		}
		free(part);
	}
}

static void names_of_files_in_messages_are_escaped(void)
{
	static const struct file files[FILES_MAX] = {
		{ "/w/m", "name: m\ninclude: [\"\\x9b/a\"]\n" },
	};
	static const struct file named[FILES_MAX] = {
		{ "/w/m", "name: m\ninclude: [d]\nrights: [file-read]\nfiles: {read: [/x]}\n" },
		{ "/w/d", NULL },
		{ "/w/d/\033[2J", "files: {deny: [/x]}\n" },
	};
	struct policy *p;
	struct fault f;

	CHECK_INT(parse(files, &p, &f), -ENOENT);
	CHECK_INT(parse(named, &p, &f), -EINVAL);
	CHECK_MSG(!strchr(f.text, '\033') && strstr(f.text, "/w/d/\\x1b[2J:1: "), "%s", f.text);
}

static const struct tap_test tests[] = {
	TEST(each_rule_of_putting_together_holds),
	TEST(each_refusal_names_the_file_at_fault),
	TEST(limits_are_those_of_the_whole),
	TEST(names_of_files_in_messages_are_escaped),
};

TAP_MAIN(tests)
