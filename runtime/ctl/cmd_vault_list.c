// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl vault list, show-hosts: what is in the vault, but for what it is about. */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/escape.h"
#include "ctl/ctl.h"
#include "ctl/unlock.h"
#include "ctl/vault.h"

/* Local time for people, UTC for programs. */
static const char *time_text(char *text, size_t size, const struct vault_entry *e, bool utc)
{
	const time_t seconds = (time_t)le64toh(e->set_at);
	struct tm tm = { 0 };

	if (!(utc ? gmtime_r(&seconds, &tm) : localtime_r(&seconds, &tm)) ||
	    !strftime(text, size, utc ? "%Y-%m-%dT%H:%M:%SZ" : "%Y-%m-%d %H:%M:%S", &tm))
		snprintf(text, size, "?");
	return text;
}

static void hosts_json(const struct vault_entry *e)
{
	char text[BINDING_TEXT];
	size_t i;

	/* Neither hosts nor names have anything that would need an escape. */
	fputs("\"hosts\":[", stdout);
	for (i = 0; i < entry_hosts(e); i++) {
		binding_write(&e->hosts[i], text);
		printf("%s\"%s\"", i ? "," : "", text);
	}
	putchar(']');
}

static void list_json(const struct vault *v)
{
	const struct vault_entry *e;
	char when[32];
	size_t i;

	fputs("{\"secrets\":[", stdout);
	for (i = 0; i < vault_count(v); i++) {
		e = vault_at(v, i);
		printf("%s{\"name\":\"%s\",\"set\":\"%s\",", i ? "," : "", e->name,
		       time_text(when, sizeof(when), e, true));
		hosts_json(e);
		putchar('}');
	}
	fputs("]}\n", stdout);
}

static void entry_text(const struct vault_entry *e)
{
	char text[BINDING_TEXT], when[32];
	size_t i;

	printf("%-20s  %-19s  ", e->name, time_text(when, sizeof(when), e, false));
	for (i = 0; i < entry_hosts(e); i++) {
		binding_write(&e->hosts[i], text);
		printf("%s%s", i ? " " : "", text);
	}
	puts(i ? "" : "(bound to none)");
}

static void list_text(const struct vault *v)
{
	size_t i;

	if (!vault_count(v)) {
		puts("The vault is empty: `agentctl vault set NAME` adds a secret");
		return;
	}
	printf("%-20s  %-19s  %s\n", "NAME", "SET", "HOSTS");
	for (i = 0; i < vault_count(v); i++)
		entry_text(vault_at(v, i));
}

/* -1 to go on, else the exit status. */
static int list_parse(int argc, char **argv, struct unlock *u, bool *ret_json)
{
	static const struct option options[] = {
		UNLOCK_OPTIONS,
		{ "json", no_argument, NULL, 'j' },
		{ 0 },
	};
	int option, rc;

	unlock_init(u);
	*ret_json = false;
	opterr = 0;
	optind = 0;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (option == 'j') {
			*ret_json = true;
			continue;
		}
		rc = unlock_option(u, argv[0], option == 'h' ? UNLOCK_OPTION_HELP : option);
		if (rc >= 0)
			return rc;
	}
	return -1;
}

/* What was printed has to have arrived. */
static int printed(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return CTL_OK;
	ctl_complain("cannot write: %s", strerror(errno));
	return CTL_FAILED;
}

int vault_word_list(int argc, char **argv)
{
	struct fault f = { "" };
	struct vault *v;
	struct unlock u;
	bool json;
	int rc = list_parse(argc, argv, &u, &json);

	if (rc >= 0)
		return rc;
	if (optind < argc)
		return ctl_usage("vault list", "takes options only");
	rc = unlock_open(&u, &v, &f);
	if (rc)
		return unlock_failed(rc, &f);
	if (json)
		list_json(v);
	else
		list_text(v);
	vault_close(v);
	return printed();
}

static int hosts_show(const struct vault *v, const char *name, bool json, struct fault *f)
{
	const struct vault_entry *e = vault_find(v, name);
	char text[BINDING_TEXT], shown[ESCAPE_TEXT_MAX(LIMIT_VAULT_NAME) + 1];
	size_t i;

	if (!e) {
		escape_text(shown, sizeof(shown), name, strlen(name));
		fault_set(f, ENOENT, "there is no secret %s", shown);
		unlock_suggest(v, name, f);
		return -ENOENT;
	}
	if (json) {
		putchar('{');
		hosts_json(e);
		puts("}");
		return 0;
	}
	for (i = 0; i < entry_hosts(e); i++) {
		binding_write(&e->hosts[i], text);
		puts(text);
	}
	return 0;
}

int vault_word_hosts(int argc, char **argv)
{
	struct fault f = { "" };
	struct vault *v;
	struct unlock u;
	bool json;
	int rc = list_parse(argc, argv, &u, &json);

	if (rc >= 0)
		return rc;
	if (argc - optind != 1)
		return ctl_usage("vault show-hosts", "takes the name of one secret");
	rc = unlock_open(&u, &v, &f);
	if (rc)
		return unlock_failed(rc, &f);
	rc = hosts_show(v, argv[optind], json, &f);
	vault_close(v);
	return rc ? unlock_failed(rc, &f) : printed();
}
