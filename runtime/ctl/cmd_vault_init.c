// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl vault init, rotate: a vault's keys. */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ctl/ctl.h"
#include "ctl/hold.h"
#include "ctl/unlock.h"
#include "ctl/vault.h"
#include "vault/private.h"

/* What is to open the vault. */
struct keys {
	struct unlock unlock;	      /* with the new key file, if there is one */
	const char *old_key_file;     /* rotate: what opens it now */
	enum vault_wrap wrap;	      /* 0: nothing was said of it */
	const struct seal_work *work; /* NULL: as it was */
	bool key_file;		      /* --key-file was given */
};

enum { OPTION_PASSPHRASE = 1, OPTION_CREDENTIAL, OPTION_KDF, OPTION_OLD_KEY_FILE };

/* One way at most. */
static int way_set(struct keys *k, const char *word, enum vault_wrap wrap)
{
	char command[32];

	snprintf(command, sizeof(command), "vault %s", word);
	if (k->wrap && k->wrap != wrap)
		return ctl_usage(command, "--key-file, --passphrase and --credential exclude each "
					  "other");
	k->wrap = wrap;
	return -1;
}

static int keys_option(struct keys *k, const char *word, int option)
{
	char command[32];
	int rc;

	snprintf(command, sizeof(command), "vault %s", word);
	switch (option) {
	case OPTION_PASSPHRASE:
		return way_set(k, word, VAULT_PASSPHRASE);
	case OPTION_CREDENTIAL:
		return way_set(k, word, VAULT_CREDENTIAL);
	case UNLOCK_OPTION_KEY_FILE:
		k->key_file = true;
		rc = unlock_option(&k->unlock, word, option);
		return rc >= 0 ? rc : way_set(k, word, VAULT_KEY_FILE);
	case OPTION_OLD_KEY_FILE:
		if (strcmp(word, "rotate") != 0 || !optarg[0])
			return ctl_usage(command, "--old-key-file goes with rotate, and a file");
		k->old_key_file = optarg;
		return -1;
	case OPTION_KDF:
		k->work = strcmp(optarg, "interactive") == 0 ? &seal_interactive :
			  strcmp(optarg, "moderate") == 0    ? &seal_moderate :
							       NULL;
		return k->work ? -1 : ctl_usage(command, "--kdf needs interactive or moderate");
	default:
		return unlock_option(&k->unlock, word, option == 'h' ? UNLOCK_OPTION_HELP : option);
	}
}

/* The options of both; -1 to go on, else the exit status. */
static int keys_parse(int argc, char **argv, struct keys *k)
{
	static const struct option options[] = {
		UNLOCK_OPTIONS,
		{ "passphrase", no_argument, NULL, OPTION_PASSPHRASE },
		{ "credential", no_argument, NULL, OPTION_CREDENTIAL },
		{ "kdf", required_argument, NULL, OPTION_KDF },
		{ "old-key-file", required_argument, NULL, OPTION_OLD_KEY_FILE },
		{ 0 },
	};
	char command[32];
	int option, rc;

	*k = (struct keys){ 0 };
	unlock_init(&k->unlock);
	k->old_key_file = k->unlock.key_file;
	snprintf(command, sizeof(command), "vault %s", argv[0]);
	opterr = 0;
	optind = 0;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		rc = keys_option(k, argv[0], option);
		if (rc >= 0)
			return rc;
	}
	if (optind < argc)
		return ctl_usage(command, "takes options only");
	return -1;
}

/* Where the defaults are, one level may be missing on a new machine. What cannot be made is told by who needs it. */
static void directory_for(const char *path)
{
	char copy[PATH_MAX];

	if (strlen(path) >= sizeof(copy))
		return;
	strcpy(copy, path);
	mkdir(dirname(copy), 0755);
}

static int must_be_new(const char *path, struct fault *f)
{
	char shown[PRIVATE_SHOWN];
	struct stat st;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ? 0 :
					 fault_set(f, errno, "%s: %s", private_shown(path, shown),
						   strerror(errno));
	return fault_set(f, EEXIST,
			 "there is a vault already, %s: `agentctl vault rotate` changes its keys",
			 private_shown(path, shown));
}

/* Under the lock, so that of two that begin at once one is told. */
static int init_make(const struct keys *k, const struct vault_key *key, struct fault *f)
{
	struct unlock_change c = { .path = k->unlock.vault, .lock = -1 };
	int rc = vault_lock(k->unlock.vault, &c.lock, f);

	if (rc == 0)
		rc = must_be_new(k->unlock.vault, f);
	if (rc == 0)
		rc = vault_new(key, k->work, false, &c.vault, f);
	if (rc == -ENOLCK) {
		hold_anyway(rc);
		rc = vault_new(key, k->work, true, &c.vault, f);
	}
	if (rc == 0)
		rc = unlock_save(&c, f);
	unlock_end(&c);
	return rc;
}

/* What opens it from now on. */
static void keys_show(const struct keys *k, enum vault_wrap wrap)
{
	char shown[PRIVATE_SHOWN];

	if (wrap == VAULT_PASSPHRASE)
		puts("Your passphrase opens it. Nothing else does: without it all that is in there is "
		     "lost");
	else if (wrap == VAULT_CREDENTIAL)
		puts("The credential " KEY_CREDENTIAL " opens it. Nothing else does");
	else
		printf("The key in %s opens it. Keep a copy of that key elsewhere, and none where "
		       "copies of the vault are\n",
		       private_shown(k->unlock.key_file, shown));
}

int vault_word_init(int argc, char **argv)
{
	struct vault_key key = { 0 };
	char shown[PRIVATE_SHOWN];
	struct fault f = { "" };
	struct keys k;
	int rc = keys_parse(argc, argv, &k);

	if (rc >= 0)
		return rc;
	if (!k.wrap)
		k.wrap = VAULT_KEY_FILE;
	directory_for(k.unlock.vault);
	if (k.wrap == VAULT_KEY_FILE)
		directory_for(k.unlock.key_file);
	rc = must_be_new(k.unlock.vault, &f);
	if (rc == 0)
		rc = unlock_key(&k.unlock, k.wrap, true, &key, &f);
	if (rc == 0)
		rc = init_make(&k, &key, &f);
	key_release(&key);
	if (rc)
		return unlock_failed(rc, &f);
	printf("The vault %s is made\n", private_shown(k.unlock.vault, shown));
	keys_show(&k, k.wrap);
	return CTL_OK;
}

/*
 * The key that is to open it, read before the lock is taken. Without an option it is the one so
 * far: a passphrase is then not asked for twice, as it is the same one that opened the vault.
 */
static int rotate_keys(struct keys *k, struct vault_key *ret_old, struct vault_key *ret_new,
		       struct fault *f)
{
	struct unlock old = k->unlock;
	enum vault_wrap wrap;
	int rc = vault_peek(old.vault, &wrap, f);

	old.key_file = k->old_key_file;
	if (rc == 0)
		rc = unlock_key(&old, wrap, false, ret_old, f);
	if (rc)
		return rc;
	if (k->wrap)
		return unlock_key(&k->unlock, k->wrap, true, ret_new, f);
	k->wrap = wrap;
	k->unlock.key_file = k->old_key_file;
	ret_new->wrap = wrap;
	return hold_anyway(
		locked_copy(ret_old->secret.bytes, ret_old->secret.len, &ret_new->secret));
}

static int rotate_save(const struct keys *k, const struct vault_key *old,
		       const struct vault_key *new, size_t *ret_count, struct fault *f)
{
	struct unlock_change c = { .lock = -1 };
	int rc = unlock_begin_with(&k->unlock, old, &c, f);

	if (rc == 0)
		rc = vault_rekey(c.vault, new, k->work, f);
	if (rc == 0)
		rc = unlock_save(&c, f);
	if (rc == 0)
		*ret_count = vault_count(c.vault);
	unlock_end(&c);
	return rc;
}

int vault_word_rotate(int argc, char **argv)
{
	struct vault_key old = { 0 }, new = { 0 };
	struct fault f = { "" };
	size_t count = 0;
	struct keys k;
	int rc = keys_parse(argc, argv, &k);

	if (rc >= 0)
		return rc;
	rc = rotate_keys(&k, &old, &new, &f);
	if (rc == 0)
		rc = rotate_save(&k, &old, &new, &count, &f);
	key_release(&old);
	key_release(&new);
	if (rc)
		return unlock_failed(rc, &f);
	printf("The vault has a new data key: %zu secret%s under it\n", count,
	       count == 1 ? " is" : "s are");
	keys_show(&k, k.wrap);
	return CTL_OK;
}
