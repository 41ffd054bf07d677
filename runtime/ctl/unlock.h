/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The vault as the commands about it open, change and save it. */
#ifndef AGENTOS_CTL_UNLOCK_H
#define AGENTOS_CTL_UNLOCK_H

#include <getopt.h>
#include <stdbool.h>

#include "base/fault.h"
#include "vault/vault.h"

struct unlock {
	const char *vault; /* its file: --vault, AGENTOS_VAULT */
	const char
		*key_file; /* --key-file, AGENTOS_VAULT_KEY; looked at when it is what opens it */
	int passphrase_fd; /* lines of passphrases; -1: asked for on the terminal */
};

/* What every word of `agentctl vault` takes, for its table of getopt_long(). */
enum {
	UNLOCK_OPTION_VAULT = 1000,
	UNLOCK_OPTION_KEY_FILE,
	UNLOCK_OPTION_PASSPHRASE_FD,
	UNLOCK_OPTION_HELP,
};
/* clang-format off */
#define UNLOCK_OPTIONS                                                        \
	{ "vault", required_argument, NULL, UNLOCK_OPTION_VAULT },              \
	{ "key-file", required_argument, NULL, UNLOCK_OPTION_KEY_FILE },        \
	{ "passphrase-fd", required_argument, NULL, UNLOCK_OPTION_PASSPHRASE_FD }, \
	{ "help", no_argument, NULL, UNLOCK_OPTION_HELP }
/* clang-format on */

/* As the environment has it. */
void unlock_init(struct unlock *u);
/*
 * What getopt_long() returned, when it is none of the word's own options: one of
 * these, or a mistake. -1, or the exit status: told, and nothing of what was given.
 */
int unlock_option(struct unlock *u, const char *word, int option);

/*
 * What opens a vault that is opened so. With `fresh` it is for a new file: a key
 * file that is missing is made, of new bytes, and a passphrase is asked for twice.
 * To be released.
 */
int unlock_key(const struct unlock *u, enum vault_wrap wrap, bool fresh, struct vault_key *ret_key,
	       struct fault *f);

/* To read it. Errors are those of vault_open() and of reading keys. */
int unlock_open(const struct unlock *u, struct vault **ret_vault, struct fault *f);

/* A change that is underway. */
struct unlock_change {
	const char *path;
	struct vault *vault; /* owned */
	int lock;
};

/* Opens it to change it: nobody else does meanwhile. What has to be typed is typed before. */
int unlock_begin(const struct unlock *u, struct unlock_change *ret_change, struct fault *f);
/* The same with a key that the caller has. */
int unlock_begin_with(const struct unlock *u, const struct vault_key *key,
		      struct unlock_change *ret_change, struct fault *f);
/* On disk once this is 0. Signals wait meanwhile. */
int unlock_save(struct unlock_change *c, struct fault *f);
void unlock_end(struct unlock_change *c);

/* To what vault.h says of a name that is not there: which one is like it. */
void unlock_suggest(const struct vault *v, const char *name, struct fault *f);

/* The exit status for an error, which is told. */
int unlock_failed(int rc, const struct fault *f);

#endif
