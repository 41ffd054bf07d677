// SPDX-License-Identifier: GPL-2.0-or-later
/* The vault, its key and the secret of agents' tokens are nobody's: whatever the policy says, for root, and audit-only. */
#include "tests/escape/broker.h"
#include "tests/escape/table.h"

#define FILES "file-read, file-write, file-exec"
#define ETC   "/etc/agentos"
#define LIB   "/var/lib/agentos"
#define RUN   "/run/agentos"
#define AWAY  ETC ".gone"

/* All that a policy can say for it. */
#define PLACES ETC ", " LIB ", " RUN

/* Each twice: enforced and audit-only. */
#define TWICE(name_, program_, ...)                                                          \
	{ .name = name_, .program = program_, __VA_ARGS__ },                                 \
	{                                                                                    \
		.name = "audit-" name_, .program = program_, .audit_only = true, __VA_ARGS__ \
	}

static const struct stage_policy policies[] = {
	TWICE("all", "attempt_file", .rights = FILES ", capabilities, file-watch, unix-connect",
	      .read = PLACES, .write = "/etc, " PLACES),
	/* What else refuses, and is spared to an audit-only agent, does not come first. */
	TWICE("named", "attempt_file", .rights = FILES, .read = PLACES, .write = PLACES,
	      .deny_names = "\"vault*\", \"*.key\", decoy"),
	TWICE("denied", "attempt_file", .rights = FILES, .deny = PLACES ", -" ETC "/vault.key"),
	TWICE("readonly", "attempt_file", .rights = "file-read, file-exec", .read = PLACES),
	TWICE("unruled", "attempt_file", .rights = FILES),
	TWICE("unmounting", "attempt_priv", .rights = FILES, .read = PLACES, .write = PLACES),
	TWICE("spaces", "attempt_place", .rights = FILES ", namespaces, mount, capabilities",
	      .read = PLACES, .write = PLACES),
	{ 0 },
};

/* Refused in any case, and recorded as that. */
#define KEPT(name, act, policy, error, hook)                              \
	{ name, act, policy, STAGE_ROOT, error, hook, NULL },             \
	{                                                                 \
		name, act, "audit-" policy, STAGE_ROOT, error, hook, NULL \
	}

/* Done in any case: what is beside it is not kept. */
#define FREE(name, act, policy)                                       \
	{ name, act, policy, STAGE_ROOT, 0, NULL, NULL },             \
	{                                                             \
		name, act, "audit-" policy, STAGE_ROOT, 0, NULL, NULL \
	}

/* Refused, unless the agent is audit-only: then it is recorded as what would be. */
#define SPARED(name, act, policy, error, hook)                        \
	{ name, act, policy, STAGE_ROOT, error, hook, NULL },         \
	{                                                             \
		name, act, "audit-" policy, STAGE_ROOT, 0, hook, NULL \
	}

/* Of no space in its own: mounts that nobody else sees. */
#define MOUNTS "0x20000"

/*
 * Names that are kept and are not there: RUN/token.key.new, LIB/vault.new. An act
 * that takes a file away comes after all others on it, for those outside.
 */
static const struct stage_row rows[] = {
	KEPT("the vault", "read " LIB "/vault", "all", EACCES, "file_open"),
	KEPT("its key", "read " ETC "/vault.key", "all", EACCES, "file_open"),
	KEPT("its key while it is changed", "read " ETC "/vault.key.old", "all", EACCES,
	     "file_open"),
	KEPT("the lock", "read " LIB "/vault.lock", "all", EACCES, "file_open"),
	KEPT("the secret of tokens", "read " RUN "/token.key", "all", EACCES, "file_open"),
	FREE("beside the vault", "read " LIB "/decoy", "all"),
	FREE("beside its key", "read " ETC "/decoy", "all"),
	FREE("a name that goes on", "read " ETC "/vault.keys", "all"),
	FREE("beside the secret of tokens", "read " RUN "/agentosd.pid", "all"),
	FREE("listing the directory", "list " ETC, "all"),
	FREE("another file of that name", "read %W/vault.key", "all"),
	KEPT("through its own root", "read /proc/self/root" ETC "/vault.key", "all", EACCES,
	     "file_open"),
	KEPT("through a symbolic link", "read %W/to-vault.key", "all", EACCES, "file_open"),
	KEPT("openat2", "openat2 " LIB "/vault", "all", EACCES, "file_open"),
	KEPT("reopening an O_PATH descriptor", "reopen " LIB "/vault", "all", EACCES, "file_open"),
	KEPT("by handle", "by-handle " RUN "/token.key " RUN, "all", EACCES, "file_open"),
	KEPT("by a thread", "via-thread read " LIB "/vault", "all", EACCES, "file_open"),
	KEPT("receiving it", "receive %k " ETC "/vault.key", "all", EACCES, "file_receive"),
	FREE("receiving what is beside it", "receive %k " ETC "/decoy", "all"),
	KEPT("watching it", "inotify " LIB "/vault", "all", EACCES, "path_notify"),
	FREE("watching what is beside it", "inotify " LIB "/decoy", "all"),
	KEPT("writing", "write " LIB "/vault", "all", EACCES, "file_open"),
	KEPT("writing its key", "write " ETC "/vault.key", "all", EACCES, "file_open"),
	FREE("writing beside it", "write " ETC "/decoy", "all"),
	KEPT("truncating", "truncate " LIB "/vault", "all", EACCES, "path_truncate"),
	KEPT("its mode", "chmod " ETC "/vault.key", "all", EACCES, "path_chmod"),
	KEPT("its times", "utimes " LIB "/vault", "all", EACCES, "path_chmod"),
	KEPT("linking it", "link " ETC "/vault.key " ETC "/linked", "all", EACCES, "path_link"),
	KEPT("exchanging it", "exchange " ETC "/decoy " ETC "/vault.key", "all", EACCES,
	     "path_rename"),
	KEPT("the other way", "exchange " LIB "/vault " LIB "/decoy", "all", EACCES, "path_rename"),
	FREE("exchanging two beside it", "exchange " ETC "/decoy " ETC "/vault.keys", "all"),
	KEPT("making one", "create " RUN "/token.key.new", "all", EACCES, "path_mknod"),
	KEPT("linking to the name", "link " LIB "/decoy " LIB "/vault.new", "all", EACCES,
	     "path_link"),
	KEPT("overwriting by a rename", "rename " LIB "/more " LIB "/vault", "all", EACCES,
	     "path_rename"),
	KEPT("removing it", "unlink " ETC "/vault.key.old", "all", EACCES, "path_unlink"),
	KEPT("taking it away", "rename " LIB "/vault.lock " LIB "/taken", "all", EACCES,
	     "path_rename"),
	KEPT("taking the directory away", "rename " ETC " " AWAY, "all", EACCES, "path_rename"),

	{ "under the shipped policy: the vault", "read " LIB "/vault", "trusted", STAGE_ROOT,
	  EACCES, "file_open", NULL },
	{ "its key", "read " ETC "/vault.key", "trusted", STAGE_ROOT, EACCES, "file_open", NULL },
	{ "the secret of tokens", "read " RUN "/token.key", "trusted", STAGE_ROOT, EACCES,
	  "file_open", NULL },
	{ "beside its key", "read " ETC "/decoy", "trusted", STAGE_ROOT, 0, NULL, NULL },
	{ "overwriting", "rename " LIB "/more " LIB "/vault", "trusted", STAGE_ROOT, EACCES,
	  "path_rename", NULL },
	{ "taking it away", "rename " ETC "/vault.key " ETC "/taken", "trusted", STAGE_ROOT, EACCES,
	  "path_rename", NULL },

	SPARED("a name that is denied", "read " ETC "/decoy", "named", EACCES, "file_open"),
	KEPT("the vault, whose name is denied as well", "read " LIB "/vault", "named", EACCES,
	     "file_open"),
	KEPT("its key, likewise", "write " ETC "/vault.key", "named", EACCES, "file_open"),
	KEPT("the secret of tokens, likewise", "read " RUN "/token.key", "named", EACCES,
	     "file_open"),
	KEPT("taking it away", "rename " ETC "/vault.key " ETC "/taken", "named", EACCES,
	     "path_rename"),
	SPARED("what is denied", "read " ETC "/decoy", "denied", EACCES, "file_open"),
	KEPT("the vault in what is denied", "read " LIB "/vault", "denied", EACCES, "file_open"),
	KEPT("its key, which is", "read " ETC "/vault.key", "denied", EACCES, "file_open"),
	KEPT("removing it", "unlink " ETC "/vault.key", "denied", EACCES, "path_unlink"),
	SPARED("what it may not write", "write " ETC "/decoy", "readonly", EACCES, "file_open"),
	KEPT("writing the vault", "write " LIB "/vault", "readonly", EACCES, "file_open"),
	KEPT("making one", "create " RUN "/token.key.new", "readonly", EACCES, "path_mknod"),
	KEPT("removing its key", "unlink " ETC "/vault.key", "readonly", EACCES, "path_unlink"),
	SPARED("what no rule is about", "read " LIB "/decoy", "unruled", EACCES, "file_open"),
	KEPT("the vault, where no rule is", "read " LIB "/vault", "unruled", EACCES, "file_open"),

	KEPT("a mount over the directory", "mount " ETC, "unmounting", EPERM, "sb_mount"),
	KEPT("the directory elsewhere", "space-read " MOUNTS " bind " ETC " %W/d %W/d/vault.key",
	     "spaces", EACCES, "file_open"),
	KEPT("what it is in elsewhere",
	     "space-read " MOUNTS " rbind /etc %W/d %W/d/agentos/vault.key", "spaces", EACCES,
	     "file_open"),
	KEPT("the file elsewhere", "space-read " MOUNTS " bind " ETC "/vault.key %W/f %W/f",
	     "spaces", EACCES, "file_open"),
	KEPT("by move_mount", "space-read " MOUNTS " tree " LIB " %W/d %W/d/vault", "spaces",
	     EACCES, "file_open"),
	KEPT("unmounted while it is in there", "space-read " MOUNTS " detached " LIB " %W/d vault",
	     "spaces", EACCES, "file_open"),
	KEPT("as its root directory", "space-read " MOUNTS " chroot " ETC " x /vault.key", "spaces",
	     EACCES, "file_open"),
	KEPT("writing it elsewhere", "space-write " MOUNTS " bind " LIB " %W/d %W/d/vault",
	     "spaces", EACCES, "file_open"),
	FREE("what is beside it elsewhere", "space-read " MOUNTS " bind " ETC " %W/d %W/d/decoy",
	     "spaces"),
};

static const char *const kept[] = { LIB "/vault",	  LIB "/vault.lock", ETC "/vault.key",
				    ETC "/vault.key.old", RUN "/token.key",  LIB "/vault.new",
				    RUN "/token.key.new" };

/* All of it as before, in the same directories: rules hold these. */
static void dress(const struct stage_group *g)
{
	stage_shell("[ ! -d " AWAY " ] || { rm -rf " ETC " && mv " AWAY " " ETC "; }; "
		    "rm -f " ETC "/* " LIB "/vault* " LIB "/taken " RUN "/token.key.new && "
		    "for f in " LIB "/vault " LIB "/vault.lock " LIB "/decoy " LIB "/more " ETC
		    "/vault.key " ETC "/vault.key.old " ETC "/vault.keys " ETC "/decoy; do "
		    "echo content >$f && chmod 600 $f || exit; done");
}

static void row_dress(const char *tree, const char *id, const struct stage_row *row)
{
	if (strstr(row->act, "%W/vault.key"))
		stage_file(stage_format("%s/ws/%s/vault.key", tree, id), "x", 0644);
	if (strstr(row->act, "%W/to-vault.key"))
		stage_shell("ln -s " ETC "/vault.key %s/ws/%s/to-vault.key", tree, id);
}

static void see(FILE *to)
{
	struct stat st;
	size_t i;

	for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		if (stat(kept[i], &st) < 0)
			fprintf(to, "%s is not there\n", kept[i]);
		else
			fprintf(to, "%s %lu %o %ld %ld %ld.%ld\n", kept[i],
				(unsigned long)st.st_ino, st.st_mode, (long)st.st_nlink,
				(long)st.st_size, (long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	}
}

int main(void)
{
	struct stat st;
	pid_t broker;

	stage = (struct stage){
		.title = "vault",
		.rows = rows,
		.row_count = sizeof(rows) / sizeof(rows[0]),
		.policies = policies,
		.program = "attempt_file",
		.dress = dress,
		.dress_row = row_dress,
		.see = see,
	};
	stage_shell("rm -rf " ETC " " AWAY);
	stage_begin();
	stage_point(stat(ETC, &st) == 0 && (st.st_mode & 07777) == 0755 && st.st_uid == 0,
		    "agentosd makes the directory that the key will be in");
	broker = broker_start();
	stage_table();
	kill(broker, SIGKILL);
	stage_shell("rm -rf " ETC);
	return stage_end();
}
