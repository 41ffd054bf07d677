// SPDX-License-Identifier: GPL-2.0-or-later
/* Ways to run code: AGENTOS_RIGHT(FILE_EXEC) with its rules, and AGENTOS_RIGHT(ANON_EXEC). */
#include <elf.h>
#include <stddef.h>

#include "tests/escape/table.h"

static const struct stage_policy policies[] = {
	{ .name = "base", .rights = "file-read, file-write, file-exec, sysv-ipc" },
	{ .name = "anonymous", .rights = "file-read, file-write, file-exec, anon-exec, sysv-ipc" },
	{ .name = "restricted", .rights = "file-read, file-write, file-exec" },
	{ 0 },
};

#define LOADER "/lib64/ld-linux-x86-64.so.2"

static const struct stage_row rows[] = {
	{ "a program outside the rules", "exec %R/p p", "base", 0, EACCES, "bprm_check_security",
	  NULL },
	{ "a program that no rule is about", "exec %S/p p", "base", 0, EACCES,
	  "bprm_check_security", NULL },
	{ "a denied program", "exec %D/p p", "base", 0, EACCES, "bprm_check_security", NULL },
	{ "a program of the system", "exec /bin/true true", "base", 0, 0, NULL, NULL },
	{ "a program in the workspace", "exec %W/p p", "base", 0, 0, NULL, NULL },
	{ "a program that the agent wrote", "written /bin/true %W/new", "base", 0, 0, NULL, NULL },
	/* Where it may write and read, but no rule lets it execute. */
	{ "what the agent wrote, without a rule", "written /bin/true %V/new", "base", 0, EACCES,
	  "bprm_check_security", NULL },
	{ "the same by descriptor", "written-execveat /bin/true %V/new", "base", 0, EACCES,
	  "bprm_check_security", NULL },
	{ "the same by ld.so", "written-loader /bin/true %V/new " LOADER, "base", 0,
	  STAGE_ANY_ERROR, "mmap_file", NULL },
	{ "the same as a mapping", "written-map /bin/true %V/new", "base", 0, EACCES, "mmap_file",
	  NULL },
	{ "the same after vfork", "via-vfork written /bin/true %V/new", "base", 0, EACCES,
	  "bprm_check_security", NULL },
	{ "a script that the agent wrote, without a rule", "written-script %V/new", "base", 0,
	  EACCES, "bprm_check_security", NULL },
	{ "the same through a link where it may run what it writes",
	  "written-link /bin/true %V/new %W/sym", "base", 0, EACCES, "bprm_check_security", NULL },
	{ "by O_PATH descriptor", "execveat %R/p", "base", 0, EACCES, "bprm_check_security", NULL },
	{ "through a link in the workspace", "exec %W/link p", "base", 0, EACCES,
	  "bprm_check_security", NULL },
	{ "memfd and fexecve", "memfd /bin/true", "base", 0, EACCES, "bprm_check_security", NULL },
	{ "memfd through /proc/self/fd", "memfd-path /bin/true", "base", 0, EACCES,
	  "bprm_check_security", NULL },
	{ "a deleted file", "deleted /bin/true %W/new", "base", 0, EACCES, "bprm_check_security",
	  NULL },
	{ "a script outside the rules", "exec %R/script script", "base", 0, EACCES,
	  "bprm_check_security", NULL },
	{ "a script with an interpreter outside", "exec %W/outside script", "base", 0, EACCES,
	  "bprm_check_security", NULL },
	{ "a script in the workspace", "exec %W/script script", "base", 0, 0, NULL, NULL },
	{ "ld.so as the program", "exec-quiet " LOADER " ld.so %R/p", "base", 0, STAGE_ANY_ERROR,
	  "mmap_file", NULL },
	{ "ld.so with a program that it may run", "exec-quiet " LOADER " ld.so %W/p", "base", 0, 0,
	  NULL, NULL },
	{ "LD_PRELOAD of a library outside", "preload %R/lib.so", "base", 0, STAGE_ANY_ERROR,
	  "mmap_file", NULL },
	{ "LD_PRELOAD of one in the workspace", "preload %W/lib.so", "base", 0, 0, NULL, NULL },
	{ "dlopen of a library outside", "dlopen %R/lib.so", "base", 0, EACCES, "mmap_file", NULL },
	{ "dlopen of one in the workspace", "dlopen %W/lib.so", "base", 0, 0, NULL, NULL },
	{ "mmap of a file outside", "map-file %R/p", "base", 0, EACCES, "mmap_file", NULL },
	{ "mprotect of a file outside", "protect-file %R/p", "base", 0, EACCES, "file_mprotect",
	  NULL },
	{ "mprotect after mremap", "remap %R/p", "base", 0, EACCES, "file_mprotect", NULL },
	{ "mprotect of a file that it may run", "protect-file %W/p", "base", 0, 0, NULL, NULL },
	{ "mmap of a memfd", "memfd-map /bin/true", "base", 0, EACCES, "mmap_file", NULL },
	{ "mmap of anonymous memory", "map-anonymous", "base", 0, EACCES, "mmap_file", NULL },
	{ "mmap of shared anonymous memory", "map-shared-anonymous", "base", 0, EACCES, "mmap_file",
	  NULL },
	{ "mprotect of what was written", "protect", "base", 0, EACCES, "file_mprotect", NULL },
	{ "mprotect of the stack", "protect-stack", "base", 0, EACCES, "file_mprotect", NULL },
	{ "a writable and executable mapping of a file", "map-file-writable %W/p", "base", 0,
	  EACCES, "mmap_file", NULL },
	{ "a shared one", "map-file-shared-writable %W/p", "base", 0, EACCES, "mmap_file", NULL },
	{ "mprotect of a file's page that was written", "protect-written-file %W/p", "base", 0,
	  EACCES, "file_mprotect", NULL },
	{ "personality READ_IMPLIES_EXEC, and brk", "personality", "base", 0, EPERM, "personality",
	  NULL },
	{ "the same of 32 bits", "personality-32", "base", 0, EPERM, "personality", NULL },
	{ "the same by a thread", "via-thread personality", "base", 0, EPERM, "personality", NULL },
	{ "the same after fork", "via-orphan personality", "base", 0, EPERM, "personality", NULL },
	{ "another personality", "personality-other", "base", 0, 0, NULL, NULL },
	{ "a program with an executable stack", "start %W/stack", "base", 0, EACCES,
	  "bprm_check_security", NULL },
	{ "the same program without", "start %W/p", "base", 0, 0, NULL, NULL },
	{ "an old one of 32 bits, to which reading is executing", "start %W/old", "base", 0, EACCES,
	  "bprm_check_security", NULL },
	{ "one with executable zeros behind its code", "start %W/zeros", "base", 0, EACCES,
	  "bprm_check_security", NULL },
	{ "the same of 32 bits, with a mark", "start %W/new", "base", 0, 0, NULL, NULL },
	{ "SysV memory with SHM_EXEC", "shm", "base", 0, EACCES, "mmap_file", NULL },
	{ "by a thread", "via-thread map-anonymous", "base", 0, EACCES, "mmap_file", NULL },
	{ "after double fork and setsid", "via-orphan exec %R/p p", "base", 0, EACCES,
	  "bprm_check_security", NULL },
	{ "after vfork", "via-vfork exec %R/p p", "base", 0, EACCES, "bprm_check_security", NULL },

	{ "with anon-exec: memfd", "memfd /bin/true", "anonymous", 0, 0, NULL, NULL },
	{ "with anon-exec: a deleted file", "deleted /bin/true %W/new", "anonymous", 0, 0, NULL,
	  NULL },
	{ "with anon-exec: anonymous memory", "map-anonymous", "anonymous", 0, 0, NULL, NULL },
	{ "with anon-exec: what was written", "protect", "anonymous", 0, 0, NULL, NULL },
	{ "with anon-exec: writable and executable", "map-file-writable %W/p", "anonymous", 0, 0,
	  NULL, NULL },
	{ "with anon-exec: personality", "personality", "anonymous", 0, 0, NULL, NULL },
	{ "with anon-exec: personality of 32 bits", "personality-32", "anonymous", 0, 0, NULL,
	  NULL },
	{ "with anon-exec: an executable stack", "start %W/stack", "anonymous", 0, 0, NULL, NULL },
	{ "with anon-exec: an old program of 32 bits", "start %W/old", "anonymous", 0, 0, NULL,
	  NULL },
	{ "with anon-exec: SysV memory", "shm", "anonymous", 0, 0, NULL, NULL },
	{ "with anon-exec: rules hold", "exec %R/p p", "anonymous", 0, EACCES,
	  "bprm_check_security", NULL },
	{ "with anon-exec: also for mappings", "map-file %R/p", "anonymous", 0, EACCES, "mmap_file",
	  NULL },

	{ "with file-exec: a program", "exec %W/p p", "restricted", 0, 0, NULL, NULL },
	{ "it waits until file-exec is taken away", "await %T/ws/begun %T/ws/go", "restricted", 0,
	  0, NULL, NULL },
	{ "without file-exec: a program", "exec %W/p p", "restricted", 0, EACCES,
	  "bprm_check_security", NULL },
	{ "without file-exec: a program of the system", "exec /bin/true true", "restricted", 0,
	  EACCES, "bprm_check_security", NULL },
	{ "without file-exec: a mapping", "map-file %W/p", "restricted", 0, EACCES, "mmap_file",
	  NULL },
	{ "without file-exec: mprotect", "protect-file %W/p", "restricted", 0, EACCES,
	  "file_mprotect", NULL },
};

/* A copy of a program, read once. */
static void copy_make(const char *path, const char *from, char **image, size_t *size)
{
	int fd;

	if (!*image) {
		struct stat st;

		fd = open(from, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || fstat(fd, &st) < 0)
			stage_bail("cannot open %s", from);
		*size = (size_t)st.st_size;
		*image = malloc(*size);
		if (!*image || read(fd, *image, *size) != (ssize_t)*size)
			stage_bail("cannot read %s", from);
		close(fd);
	}
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0777);
	if (fd < 0 || write(fd, *image, *size) != (ssize_t)*size)
		stage_bail("cannot write %s", path);
	close(fd);
}

/* What asks for an executable stack: /bin/true, with another flag in its headers. */
static void stack_make(const char *path)
{
	static char *image;
	static size_t size;
	Elf64_Phdr *headers;
	Elf64_Ehdr *elf;
	size_t i;
	int fd;

	if (!image) {
		copy_make(path, "/bin/true", &image, &size);
		elf = (Elf64_Ehdr *)image;
		headers = (Elf64_Phdr *)(image + elf->e_phoff);
		for (i = 0; i < elf->e_phnum && headers[i].p_type != PT_GNU_STACK; i++)
			;
		if (i == elf->e_phnum)
			stage_bail("/bin/true says nothing of its stack");
		headers[i].p_flags |= PF_X;
	}
	fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0777);
	if (fd < 0 || write(fd, image, size) != (ssize_t)size)
		stage_bail("cannot write %s", path);
	close(fd);
}

/* What a program for 32 bits that exits with 0 is like. */
enum program32 {
	OLD,	/* says nothing of its stack: it is of a time when all was executable */
	MARKED, /* says that it needs none of that */
	ZEROS,	/* and has more memory than file, as executable as what is before it */
};

static void program32_make(const char *path, enum program32 kind)
{
	static const uint8_t code[] = { 0xb8, 1, 0, 0, 0, 0x31, 0xdb, 0xcd, 0x80 };
	struct {
		Elf32_Ehdr elf;
		Elf32_Phdr headers[2];
		uint8_t code[sizeof(code)];
		uint8_t rest[4096 - sizeof(Elf32_Ehdr) - 2 * sizeof(Elf32_Phdr) - sizeof(code)];
	} image = {
		.elf = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2LSB,
				      EV_CURRENT },
			 .e_type = ET_EXEC,
			 .e_machine = EM_386,
			 .e_version = EV_CURRENT,
			 .e_entry = 0x10000 + offsetof(typeof(image), code),
			 .e_phoff = offsetof(typeof(image), headers),
			 .e_ehsize = sizeof(Elf32_Ehdr),
			 .e_phentsize = sizeof(Elf32_Phdr),
			 .e_phnum = kind == OLD ? 1 : 2 },
		.headers = { { .p_type = PT_LOAD,
			       .p_vaddr = 0x10000,
			       .p_filesz = 4096,
			       .p_memsz = kind == ZEROS ? 3 * 4096 : 4096,
			       .p_flags = PF_R | PF_X,
			       .p_align = 0x1000 },
			     { .p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W } },
	};
	int fd;

	_Static_assert(sizeof(image) == 4096, "a page");
	memcpy(image.code, code, sizeof(code));
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0777);
	if (fd < 0 || write(fd, &image, sizeof(image)) != sizeof(image))
		stage_bail("cannot write %s", path);
	close(fd);
}

/* A program "p", a library, scripts, a link: what the row names. */
static void row_dress(const char *tree, const char *id, const struct stage_row *row)
{
	static char *program, *library;
	static size_t program_size, library_size;
	char *path, *text, wanted[8];
	size_t i;

	for (i = 0; i < STAGE_TOPS; i++) {
		snprintf(wanted, sizeof(wanted), "%%%c/", stage_tops[i].letter);
		path = stage_format("%s/%s/%s", tree, stage_tops[i].path, id);
		if (chdir(path) < 0)
			stage_bail("cannot enter %s", path);
		copy_make("p", "/bin/true", &program, &program_size);
		if (strstr(row->act, wanted) && strstr(row->act, "lib.so"))
			copy_make("lib.so", "/lib/x86_64-linux-gnu/libm.so.6", &library,
				  &library_size);
		if (strstr(row->act, wanted) && strstr(row->act, " script"))
			stage_file("script", "#!/bin/sh\nexit 0\n", 0755);
		if (strstr(row->act, wanted) && strstr(row->act, "start ")) {
			stack_make("stack");
			program32_make("old", OLD);
			program32_make("new", MARKED);
			program32_make("zeros", ZEROS);
		}
		free(path);
	}
	path = stage_format("%s/ro/%s/p", tree, id);
	text = stage_format("#!%s\n", path);
	if (chdir(stage_format("%s/ws/%s", tree, id)) < 0 || symlink(path, "link") < 0)
		stage_bail("cannot make a link to %s", path);
	stage_file("outside", text, 0755);
	if (chdir("/") < 0)
		stage_bail("cannot enter /");
	free(path);
	free(text);
}

static void during(const struct stage_group *g)
{
	char *begun = stage_format("%s/ws/begun", g->tree);
	int i;

	if (strcmp(g->policy_name, "restricted") != 0)
		return;
	for (i = 0; i < 600 && access(begun, F_OK) < 0; i++)
		usleep(100000);
	if (g->inside)
		stage_point(stage_restrict(g->agent, AGENTOS_RIGHT(FILE_EXEC)),
			    "file-exec can be taken from a running agent");
	stage_shell("touch %s/ws/go", g->tree);
	free(begun);
}

/* Without the right from the start, not even the first program runs. */
static void first_program_needs_the_right(void)
{
	static const char policy[] = "version: 1\nname: inert\nrights: [file-read]\n"
				     "files:\n  read: [/usr, /bin, /lib, -/lib64, /etc]\n";
	char *file = stage_format("%s/inert.yaml", stage_root), *text, *log;
	char *argv[] = { stage_format("%s/bin/agentctl", stage_build),
			 "run",
			 "--quiet",
			 "--policy",
			 file,
			 "--name",
			 "inert",
			 "--",
			 "/bin/true",
			 NULL };
	int output, status;
	pid_t pid;

	stage_file(file, policy, 0644);
	pid = stage_spawn(STAGE_DEMO, stage_root, argv, &output);
	text = stage_finish(pid, output, &status);
	log = stage_audit("inert", "\"event\":\"exit\"");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 126)
		stage_note("status 0x%x: %s", (unsigned int)status, text);
	stage_point(WIFEXITED(status) && WEXITSTATUS(status) == 126 &&
			    strstr(log, "\"hook\":\"bprm_check_security\""),
		    "without file-exec an agent's first program does not run");
	free(text);
	free(log);
}

int main(void)
{
	stage = (struct stage){
		.title = "exec",
		.program = "attempt_exec",
		.rows = rows,
		.row_count = sizeof(rows) / sizeof(rows[0]),
		.policies = policies,
		.dress_row = row_dress,
		.during = during,
	};
	stage_begin();
	stage_table();
	first_program_needs_the_right();
	return stage_end();
}
