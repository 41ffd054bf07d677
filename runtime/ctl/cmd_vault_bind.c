// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl vault bind, rm: where secrets may go, and those that are needed no more. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "ctl/ctl.h"
#include "ctl/unlock.h"
#include "ctl/vault.h"

/* The options of both; -1 to go on, else the exit status. */
static int bind_parse(int argc, char **argv, struct unlock *u, bool *ret_remove)
{
	/* The last one is bind's alone. */
	static const struct option options[] = {
		UNLOCK_OPTIONS,
		{ "remove", no_argument, NULL, 'r' },
		{ 0 },
	};
	int option, rc;

	unlock_init(u);
	opterr = 0;
	optind = 0;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (option == 'r' && ret_remove) {
			*ret_remove = true;
			continue;
		}
		rc = unlock_option(u, argv[0], option == 'h' ? UNLOCK_OPTION_HELP : option);
		if (rc >= 0)
			return rc;
	}
	return -1;
}

/* All of them or none. -ENOENT is told with the nearest name. */
static int rm_all(struct unlock_change *c, char *const *names, int count, struct fault *f)
{
	int rc = 0, i;

	for (i = 0; i < count && rc == 0; i++) {
		rc = vault_remove(c->vault, names[i], f);
		if (rc == -ENOENT)
			unlock_suggest(c->vault, names[i], f);
	}
	return rc ? rc : unlock_save(c, f);
}

int vault_word_rm(int argc, char **argv)
{
	struct unlock_change c = { .lock = -1 };
	struct fault f = { "" };
	struct unlock u;
	int rc = bind_parse(argc, argv, &u, NULL), i;

	if (rc >= 0)
		return rc;
	if (optind == argc)
		return ctl_usage("vault rm", "takes names of secrets");
	rc = unlock_begin(&u, &c, &f);
	if (rc == 0)
		rc = rm_all(&c, argv + optind, argc - optind, &f);
	unlock_end(&c);
	if (rc)
		return unlock_failed(rc, &f);
	for (i = optind; i < argc; i++)
		printf("%s is removed\n", argv[i]);
	return CTL_OK;
}

static int bind_all(struct unlock_change *c, const char *name, char *const *hosts, bool remove,
		    struct fault *f)
{
	struct binding b;
	int rc = 0;

	for (; *hosts && rc == 0; hosts++) {
		/* Was parsed before. */
		rc = binding_parse(*hosts, &b);
		if (rc == 0)
			rc = remove ? vault_unbind(c->vault, name, &b, f) :
				      vault_bind(c->vault, name, &b, f);
		/* It is as it was asked to be. */
		if (rc == -EEXIST)
			rc = 0;
	}
	if (rc == -ENOENT && !vault_find(c->vault, name))
		unlock_suggest(c->vault, name, f);
	return rc ? rc : unlock_save(c, f);
}

static void bind_show(const struct vault_entry *e)
{
	char text[BINDING_TEXT];
	size_t i;

	printf("%s may be sent to", e->name);
	for (i = 0; i < entry_hosts(e); i++) {
		binding_write(&e->hosts[i], text);
		printf("%s %s", i ? "," : "", text);
	}
	puts(i ? "" : " no host");
}

int vault_word_bind(int argc, char **argv)
{
	struct unlock_change c = { .lock = -1 };
	struct fault f = { "" };
	bool remove = false;
	struct binding b;
	struct unlock u;
	char shown[512];
	int rc = bind_parse(argc, argv, &u, &remove), i;

	if (rc >= 0)
		return rc;
	if (argc - optind < 2)
		return ctl_usage("vault bind", "takes the name of a secret, and hosts");
	for (i = optind + 1; i < argc; i++) {
		if (binding_parse(argv[i], &b) == 0)
			continue;
		escape_text(shown, sizeof(shown), argv[i], strlen(argv[i]));
		return ctl_usage(
			"vault bind",
			"%s is not a host: a name or an IPv4 address, or \"*.\" and a name "
			"with a dot in it, and perhaps \":PORT\"",
			shown);
	}
	rc = unlock_begin(&u, &c, &f);
	if (rc == 0)
		rc = bind_all(&c, argv[optind], argv + optind + 1, remove, &f);
	if (rc == 0)
		bind_show(vault_find(c.vault, argv[optind]));
	unlock_end(&c);
	return rc ? unlock_failed(rc, &f) : CTL_OK;
}
