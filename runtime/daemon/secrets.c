// SPDX-License-Identifier: GPL-2.0-or-later
/* What agentosd keeps from every agent, whatever its policy. */
#include "daemon/secrets.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include "audit/key_file.h"
#include "daemon/say.h"
#include "daemon/tokens.h"
#include "vault/vault.h"

/* Beside the log's directory, whatever is there at the time (audit/key_file.h). */
static const char *const log_secrets[] = { KEY_FILE_SECRET, KEY_FILE_SECRET ".new", KEY_FILE_NEXT,
					   KEY_FILE_NEXT ".new", NULL };
static const char *const log_shown[] = { KEY_FILE_PUBLIC, KEY_FILE_PUBLIC ".new", NULL };

/* Likewise; whoever had the lock could keep the vault from being changed. */
static const char *const vault_names[] = { VAULT_NAME, VAULT_NAME ".new", VAULT_NAME ".lock",
					   NULL };
/* The second one while the key is changed as agentctl(1) has it. */
static const char *const vault_key_names[] = { VAULT_KEY_NAME, VAULT_KEY_NAME ".old", NULL };
static const char *const token_names[] = { TOKENS_NAME, TOKENS_NAME ".new", NULL };

static int names_hold(struct enforce *e, const char *directory, const char *const *names,
		      struct fault *f)
{
	int is = enforce_secrets(e, directory, names, f);

	if (is == 0)
		say("%s is a file system of its own: whether agents of root may read %s there is "
		    "for their policies to say",
		    directory, names[0]);
	return is < 0 ? is : 0;
}

/* In a directory that may not be there yet. */
static int place_hold(struct enforce *e, const char *directory, const char *const *names,
		      struct fault *f)
{
	/* The umask would take from others what they need to get to what is for them. */
	if (mkdir(directory, 0755) == 0 ? chmod(directory, 0755) < 0 : errno != EEXIST) {
		/* There nobody makes it either, until somebody outside of agents lets them. */
		if (errno == EROFS) {
			say("%s is not there: agents that begin before it is made are not kept "
			    "from what will be in it",
			    directory);
			return 0;
		}
		return fault_set(f, errno, "%s: %s", directory, strerror(errno));
	}
	return names_hold(e, directory, names, f);
}

int secrets_hold(struct enforce *e, const char *audit_dir, const char *run_dir, struct fault *f)
{
	int err = enforce_log(e, audit_dir, log_secrets, log_shown, f);

	if (err == 0)
		say("%s is on a file system of its own: whether agents of root may write there, or "
		    "read the key, is for their policies to say",
		    audit_dir);
	if (err >= 0)
		err = place_hold(e, VAULT_DIR, vault_names, f);
	if (!err)
		err = place_hold(e, VAULT_KEY_DIR, vault_key_names, f);
	return err ? err : names_hold(e, run_dir, token_names, f);
}
