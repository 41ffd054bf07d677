// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl vault set: a secret, from wherever nobody else sees it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/hold.h"
#include "ctl/prompt.h"
#include "ctl/unlock.h"
#include "ctl/vault.h"

/* A variable is not echoed, whatever it is called: somebody may have put the value in its place. */
static int value_from_env(const char *variable, struct locked *ret_value, struct fault *f)
{
	const char *value = getenv(variable);

	if (!value || !value[0])
		return fault_set(f, EBADMSG, "the variable that --from-env names is not set");
	if (strlen(value) > LIMIT_VAULT_VALUE)
		return fault_set(f, EBADMSG, "the variable holds more than %d bytes",
				 LIMIT_VAULT_VALUE);
	return hold_anyway(locked_copy(value, strlen(value), ret_value));
}

static int value_get(const char *name, const char *variable, struct locked *ret_value,
		     struct fault *f)
{
	char question[LIMIT_VAULT_NAME + 32];
	struct fault why = { "" };
	int rc;

	if (variable)
		return value_from_env(variable, ret_value, f);
	snprintf(question, sizeof(question), "Value of %s: ", name);
	rc = isatty(STDIN_FILENO) ?
		     prompt_terminal(STDIN_FILENO, question, LIMIT_VAULT_VALUE, ret_value, &why) :
		     prompt_all(STDIN_FILENO, LIMIT_VAULT_VALUE, ret_value, &why);
	/* What it is, and not what was done, is wrong then. */
	if (rc == -ENODATA || rc == -E2BIG)
		rc = -EBADMSG;
	return rc ? fault_set(f, -rc, "the value: %.900s", why.text) : 0;
}

static void set_show(const struct vault_entry *e)
{
	const size_t count = entry_hosts(e);

	if (count)
		printf("%s is set; it is bound to %zu host%s\n", e->name, count,
		       count == 1 ? "" : "s");
	else
		printf("%s is set. It goes nowhere yet: `agentctl vault bind %s HOST` says to whom "
		       "it may be sent\n",
		       e->name, e->name);
}

static int set_value(const struct unlock *u, const char *name, const char *variable)
{
	struct unlock_change c = { .lock = -1 };
	struct locked value = { 0 };
	struct fault f = { "" };
	int rc = value_get(name, variable, &value, &f);

	/* Before the vault is opened: a passphrase need not be typed for nothing. */
	if (rc == 0)
		rc = vault_value_check(value.bytes, value.len, &f);
	if (rc == 0)
		rc = unlock_begin(u, &c, &f);
	if (rc == 0)
		rc = vault_set(c.vault, name, value.bytes, value.len, (uint64_t)time(NULL), &f);
	locked_release(&value);
	if (rc == 0)
		rc = unlock_save(&c, &f);
	if (rc == 0)
		set_show(vault_find(c.vault, name));
	unlock_end(&c);
	return rc ? unlock_failed(rc, &f) : CTL_OK;
}

int vault_word_set(int argc, char **argv)
{
	static const struct option options[] = {
		UNLOCK_OPTIONS,
		{ "from-env", required_argument, NULL, 'e' },
		{ 0 },
	};
	const char *variable = NULL;
	struct unlock u;
	int option, rc;

	unlock_init(&u);
	opterr = 0;
	optind = 0;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (option == 'e') {
			variable = optarg;
			continue;
		}
		rc = unlock_option(&u, "set", option == 'h' ? UNLOCK_OPTION_HELP : option);
		if (rc >= 0)
			return rc;
	}
	if (argc - optind > 1)
		return ctl_usage("vault set",
				 "a value is never taken from the command line, where the shell's "
				 "history and every user's `ps` have it (so has this one: revoke "
				 "it); type it when asked, or give it on standard input");
	if (optind == argc || !entry_name_is_valid(argv[optind]))
		return ctl_usage("vault set",
				 "takes a name of 1 to %d of the characters a-z, 0-9, '.', '_' "
				 "and '-'",
				 LIMIT_VAULT_NAME);
	return set_value(&u, argv[optind], variable);
}
