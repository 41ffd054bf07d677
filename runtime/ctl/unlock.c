// SPDX-License-Identifier: GPL-2.0-or-later
/* Keys and passphrases brought to the vault, and the vault brought back to its file. */
#include "ctl/unlock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/hold.h"
#include "ctl/prompt.h"
#include "ctl/vault.h"
#include "policy/suggest.h"
#include "vault/private.h"

void unlock_init(struct unlock *u)
{
	*u = (struct unlock){ .vault = ctl_setting("AGENTOS_VAULT", VAULT_PATH),
			      .key_file = ctl_setting("AGENTOS_VAULT_KEY", VAULT_KEY_PATH),
			      .passphrase_fd = -1 };
}

/* A descriptor that is open, by its number. */
static bool descriptor_parse(const char *text, int *ret_fd)
{
	char *end;
	long fd = strtol(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end || fd > INT_MAX || fcntl((int)fd, F_GETFD) < 0)
		return false;
	*ret_fd = (int)fd;
	return true;
}

int unlock_option(struct unlock *u, const char *word, int option)
{
	char command[32];

	snprintf(command, sizeof(command), "vault %s", word);
	switch (option) {
	case UNLOCK_OPTION_VAULT:
		u->vault = optarg;
		return optarg[0] ? -1 : ctl_usage(command, "--vault needs a file");
	case UNLOCK_OPTION_KEY_FILE:
		u->key_file = optarg;
		return optarg[0] ? -1 : ctl_usage(command, "--key-file needs a file");
	case UNLOCK_OPTION_PASSPHRASE_FD:
		if (descriptor_parse(optarg, &u->passphrase_fd))
			return -1;
		return ctl_usage(command, "--passphrase-fd needs the number of an open descriptor");
	case UNLOCK_OPTION_HELP:
		fputs(vault_help, stdout);
		return CTL_OK;
	case ':':
		return ctl_usage(command, "an option lacks what it needs");
	default:
		return ctl_usage(command, "an option is unknown");
	}
}

static int passphrase_ask(const struct unlock *u, const char *question, struct locked *ret_secret,
			  struct fault *f)
{
	int terminal, rc;

	if (u->passphrase_fd >= 0)
		return prompt_line(u->passphrase_fd, LIMIT_VAULT_PASSPHRASE, ret_secret, f);
	terminal = open("/dev/tty", O_RDWR | O_CLOEXEC);
	if (terminal < 0)
		return fault_set(f, ENOTTY,
				 "there is no terminal to ask for the passphrase on; see "
				 "--passphrase-fd in `agentctl help vault`");
	rc = prompt_terminal(terminal, question, LIMIT_VAULT_PASSPHRASE, ret_secret, f);
	close(terminal);
	return rc;
}

/* Whoever mistypes a new one without seeing it loses what is in the vault. */
static int passphrase_new(const struct unlock *u, struct locked *ret_secret, struct fault *f)
{
	struct locked first = { 0 }, second = { 0 };
	int rc = passphrase_ask(u, "New passphrase: ", &first, f);

	if (rc == 0 && u->passphrase_fd < 0) {
		rc = passphrase_ask(u, "The same again: ", &second, f);
		if (rc == 0 &&
		    (first.len != second.len || memcmp(first.bytes, second.bytes, first.len) != 0))
			rc = fault_set(f, EINVAL, "the passphrases are not the same");
		locked_release(&second);
	}
	if (rc)
		locked_release(&first);
	else
		*ret_secret = first;
	return rc;
}

static int passphrase_key(const struct unlock *u, bool fresh, struct vault_key *ret_key,
			  struct fault *f)
{
	char question[PRIVATE_SHOWN + 32], shown[PRIVATE_SHOWN];
	struct locked s = { 0 };
	int rc;

	snprintf(question, sizeof(question), "Passphrase of %s: ", private_shown(u->vault, shown));
	rc = fresh ? passphrase_new(u, &s, f) : passphrase_ask(u, question, &s, f);
	if (rc && rc != -EINVAL) {
		/* Which of the secrets a command may read it was. */
		struct fault why = *f;

		fault_write(f, "the passphrase: %.900s", why.text);
	}
	return rc ? rc : key_passphrase(&s, ret_key, f);
}

/* One that is there is used: it may be what is left of an init that was cut short. */
static int file_key(const struct unlock *u, bool fresh, struct vault_key *ret_key, struct fault *f)
{
	void *bytes = NULL;
	int rc;

	if (private_same(u->vault, u->key_file))
		return fault_set(f, EINVAL, "the vault and its key cannot be one file");
	rc = hold_anyway(key_read(u->key_file, ret_key, f));
	if (rc != -ENOENT || !fresh)
		return rc;
	rc = hold_anyway(locked_room(SEAL_KEY, &bytes));
	if (rc)
		return fault_set(f, -rc, "%s", strerror(-rc));
	randombytes_buf(bytes, SEAL_KEY);
	rc = hold_anyway(key_make(u->key_file, bytes, ret_key, f));
	locked_wipe(bytes);
	return rc;
}

int unlock_key(const struct unlock *u, enum vault_wrap wrap, bool fresh, struct vault_key *ret_key,
	       struct fault *f)
{
	switch (wrap) {
	case VAULT_PASSPHRASE:
		return passphrase_key(u, fresh, ret_key, f);
	case VAULT_CREDENTIAL:
		return hold_anyway(key_credential(getenv("CREDENTIALS_DIRECTORY"), ret_key, f));
	default:
		return file_key(u, fresh, ret_key, f);
	}
}

/* The key to the vault as it is now. */
static int key_now(const struct unlock *u, struct vault_key *ret_key, struct fault *f)
{
	enum vault_wrap wrap;
	int rc = vault_peek(u->vault, &wrap, f);

	return rc ? rc : unlock_key(u, wrap, false, ret_key, f);
}

/* Memory that cannot be locked was told of when its key was read, or is now. */
static int vault_open_anyway(const char *path, const struct vault_key *key,
			     struct vault **ret_vault, struct fault *f)
{
	int rc = vault_open(path, key, false, ret_vault, f);

	if (rc != -ENOLCK)
		return rc;
	hold_anyway(rc);
	return vault_open(path, key, true, ret_vault, f);
}

int unlock_open(const struct unlock *u, struct vault **ret_vault, struct fault *f)
{
	struct vault_key key = { 0 };
	int rc = key_now(u, &key, f);

	if (rc == 0)
		rc = vault_open_anyway(u->vault, &key, ret_vault, f);
	key_release(&key);
	return rc;
}

int unlock_begin(const struct unlock *u, struct unlock_change *ret_change, struct fault *f)
{
	struct vault_key key = { 0 };
	int rc = key_now(u, &key, f);

	if (rc == 0)
		rc = unlock_begin_with(u, &key, ret_change, f);
	key_release(&key);
	return rc;
}

int unlock_begin_with(const struct unlock *u, const struct vault_key *key,
		      struct unlock_change *ret_change, struct fault *f)
{
	struct unlock_change c = { .path = u->vault, .lock = -1 };
	int rc = vault_lock(u->vault, &c.lock, f);

	if (rc == 0)
		rc = vault_open_anyway(u->vault, key, &c.vault, f);
	if (rc)
		unlock_end(&c);
	else
		*ret_change = c;
	return rc;
}

int unlock_save(struct unlock_change *c, struct fault *f)
{
	sigset_t all, before;
	int rc;

	/* So that nothing half written is left beside the vault. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	rc = vault_save(c->vault, c->path, f);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return rc;
}

void unlock_end(struct unlock_change *c)
{
	vault_close(c->vault);
	if (c->lock >= 0)
		close(c->lock);
	*c = (struct unlock_change){ .lock = -1 };
}

void unlock_suggest(const struct vault *v, const char *name, struct fault *f)
{
	const struct fault said = *f;
	const char *nearest = NULL;
	unsigned int best = UINT_MAX, distance;
	size_t i;

	for (i = 0; i < vault_count(v); i++) {
		distance = suggest_distance(name, vault_at(v, i)->name);
		if (distance < best) {
			best = distance;
			nearest = vault_at(v, i)->name;
		}
	}
	if (nearest && suggest_near(name, best))
		fault_write(f, "%.900s; did you mean %s?", said.text, nearest);
}

int unlock_failed(int rc, const struct fault *f)
{
	ctl_complain("%s", f->text);
	return rc == -EBADMSG || rc == -ENOTSUP ? CTL_INVALID : CTL_FAILED;
}
