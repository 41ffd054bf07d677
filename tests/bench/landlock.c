// SPDX-License-Identifier: GPL-2.0-or-later
/* Confines itself with Landlock as a policy of as many rules would, then runs a program. */
#include <err.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * usage: landlock DIR RULES [-r PATH]... PROGRAM [ARGUMENT]...
 *
 * Everything below DIR is allowed; RULES - 1 more rules allow reading below
 * DIR/rules/1, DIR/rules/2, ...; with -r PATH one of these allows reading and
 * executing below PATH instead, and writing if it is no directory. Every other access to files that this
 * kernel's Landlock knows is refused. TCP ports are left alone: Landlock can
 * allow some of them, not all, and the policy it stands beside allows all.
 */

/* The headers may be older than the kernel: what each version of the ABI added. */
#define FS_ABI_1     ((1ULL << 13) - 1)
#define FS_REFER     (1ULL << 13) /* 2 */
#define FS_TRUNCATE  (1ULL << 14) /* 3 */
#define FS_IOCTL_DEV (1ULL << 15) /* 5 */

static uint64_t rights_of_abi(long abi)
{
	uint64_t rights = FS_ABI_1;

	if (abi >= 2)
		rights |= FS_REFER;
	if (abi >= 3)
		rights |= FS_TRUNCATE;
	if (abi >= 5)
		rights |= FS_IOCTL_DEV;
	return rights;
}

/* What may be allowed of something that is no directory. */
static uint64_t rights_of_file(uint64_t rights)
{
	return rights & (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE |
			 LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE | FS_IOCTL_DEV);
}

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void allow(int ruleset, const char *path, uint64_t rights)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = rights };

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		err(1, "%s", path);
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0))
		err(1, "landlock_add_rule %s", path);
	close(rule.parent_fd);
}

int main(int argc, char **argv)
{
	struct landlock_ruleset_attr attr = { 0 };
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	char path[256];
	int ruleset, i, program = 3;

	if (argc < 4)
		errx(2, "usage: landlock DIR RULES [-r PATH]... PROGRAM [ARGUMENT]...");
	if (abi < 1)
		err(1, "no Landlock");
	attr.handled_access_fs = rights_of_abi(abi);
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (ruleset < 0)
		err(1, "landlock_create_ruleset");
	allow(ruleset, argv[1], attr.handled_access_fs);
	for (i = 1; program + 2 < argc && !strcmp(argv[program], "-r"); i++, program += 2)
		allow(ruleset, argv[program + 1],
		      is_directory(argv[program + 1]) ?
			      LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE |
				      LANDLOCK_ACCESS_FS_READ_DIR :
			      rights_of_file(attr.handled_access_fs));
	for (; i < atoi(argv[2]); i++) {
		snprintf(path, sizeof(path), "%s/rules/%d", argv[1], i);
		allow(ruleset, path, LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR);
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    syscall(SYS_landlock_restrict_self, ruleset, 0))
		err(1, "landlock_restrict_self");
	close(ruleset);
	execvp(argv[program], argv + program);
	err(127, "%s", argv[program]);
}
