// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl vault: its words, and their help. */
#include <stdio.h>
#include <string.h>

#include "ctl/ctl.h"
#include "ctl/hold.h"
#include "ctl/vault.h"

const char vault_help[] =
	"Usage: agentctl vault init [--key-file FILE | --passphrase | --credential]\n"
	"       agentctl vault set NAME [--from-env VARIABLE]\n"
	"       agentctl vault bind NAME HOST[:PORT]... [--remove]\n"
	"       agentctl vault list [--json]\n"
	"       agentctl vault show-hosts NAME [--json]\n"
	"       agentctl vault rm NAME...\n"
	"       agentctl vault rotate [--key-file FILE | --passphrase | --credential]\n"
	"Keeps API keys of providers encrypted in a file, for the gateway. Each goes only to the hosts\n"
	"that it is bound to; to none, before it is bound. For root.\n"
	"\n"
	"  init        makes an empty vault, and what opens it:\n"
	"                --key-file FILE  a file, made if it is missing (/etc/agentos/vault.key)\n"
	"                --passphrase     a passphrase; --kdf interactive makes it quicker to try\n"
	"                --credential     the credential agentos-vault-key that systemd hands over\n"
	"  set         sets a secret: typed without echo, or read from standard input, or with\n"
	"              --from-env from a variable. Never from the command line\n"
	"  bind        lets it be sent to these hosts; port 443 where there is none; \"*.HOST\" is each\n"
	"              name below HOST. --remove: to these no more\n"
	"  list        names, hosts, and when each was set. No command shows what a secret is\n"
	"  show-hosts  the hosts of one, a line each\n"
	"  rm          removes secrets\n"
	"  rotate      encrypts all under a new data key; opened as before, or as init has it. With\n"
	"              --key-file, --old-key-file FILE opens it now\n"
	"\n"
	"      --vault FILE        the vault (AGENTOS_VAULT, or /var/lib/agentos/vault)\n"
	"      --key-file FILE     what opens it (AGENTOS_VAULT_KEY, or /etc/agentos/vault.key)\n"
	"      --passphrase-fd N   read passphrases from descriptor N, a line each, instead of asking\n"
	"\n"
	"  agentctl vault init\n"
	"  agentctl vault set openai\n"
	"  pass show openai | agentctl vault set openai\n"
	"  agentctl vault bind openai api.openai.com\n"
	"\n"
	"Exit status: 0 done, 1 not done, 2 the command line is wrong, 3 the vault or a value is not valid\n";

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} words[] = {
	{ "init", vault_word_init },	    { "set", vault_word_set },
	{ "bind", vault_word_bind },	    { "list", vault_word_list },
	{ "show-hosts", vault_word_hosts }, { "rm", vault_word_rm },
	{ "rotate", vault_word_rotate },
};

int cmd_vault(int argc, char **argv)
{
	size_t i;

	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		fputs(vault_help, stdout);
		return CTL_OK;
	}
	for (i = 0; argc > 1 && i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i].name, argv[1]) == 0)
			return hold_begin() ? words[i].run(argc - 1, argv + 1) : CTL_FAILED;
	}
	return ctl_usage("vault",
			 "what to do is missing or unknown: init, set, bind, list, show-hosts, "
			 "rm or rotate");
}
