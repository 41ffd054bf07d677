// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of names that look like secrets. */
#include "policy/secrets.h"

#include <string.h>

const struct secret secrets[] = {
	{ ".env", "keys of a project", true },
	{ ".env.local", "keys of a project", true },
	{ ".env.production", "keys of a project", true },
	{ ".env.*", "keys of a project", false },
	{ ".envrc", "keys of a project", false },
	{ ".netrc", "passwords", true },
	{ "_netrc", "passwords", false },
	{ ".git-credentials", "passwords of git", true },
	{ ".pgpass", "passwords of databases", true },
	{ ".my.cnf", "passwords of databases", false },
	{ ".npmrc", "a token of npm", false },
	{ ".pypirc", "a token of PyPI", false },
	{ ".vault-token", "a token", false },
	{ "id_rsa", "a private key of ssh", true },
	{ "id_dsa", "a private key of ssh", true },
	{ "id_ecdsa", "a private key of ssh", true },
	{ "id_ed25519", "a private key of ssh", true },
	{ "id_*", "perhaps a private key of ssh", false },
	{ ".ssh", "keys of ssh", false },
	{ "ssh_host_*", "keys of this machine", false },
	{ ".gnupg", "keys of GnuPG", false },
	{ ".aws", "keys of a cloud", false },
	{ ".azure", "keys of a cloud", false },
	{ "gcloud", "keys of a cloud", false },
	{ ".kube", "keys of a cluster", false },
	{ ".docker", "passwords of registries", false },
	{ ".password-store", "passwords", false },
	{ "keyrings", "passwords", false },
	{ "credentials", "credentials", false },
	{ "credentials.*", "credentials", false },
	{ ".credentials*", "credentials", false },
	{ "secrets", "secrets", false },
	{ "secrets.*", "secrets", false },
	{ "*.pem", "perhaps a private key", false },
	{ "*.key", "perhaps a private key", false },
	{ "*.p12", "perhaps a private key", false },
	{ "*.pfx", "perhaps a private key", false },
	{ "*.jks", "perhaps a private key", false },
	{ "*.keytab", "keys of Kerberos", false },
	{ "*.kdbx", "passwords", false },
	{ ".mozilla", "a browser's passwords and cookies", false },
	{ ".thunderbird", "mail and its passwords", false },
	{ "google-chrome", "a browser's passwords and cookies", false },
	{ "chromium", "a browser's passwords and cookies", false },
	{ ".bash_history", "what was typed, passwords perhaps", false },
	{ ".zsh_history", "what was typed, passwords perhaps", false },
	{ ".python_history", "what was typed, passwords perhaps", false },
	{ "shadow", "passwords of this machine's users", false },
	{ "shadow-", "passwords of this machine's users", false },
	{ "gshadow", "passwords of this machine's users", false },
	{ "gshadow-", "passwords of this machine's users", false },
	{ "opasswd", "passwords of this machine's users", false },
	{ "sudoers", "who may become root", false },
	{ "sudoers.d", "who may become root", false },
	{ NULL, NULL, false },
};

/* Installed for everybody to read. */
static const char *const public[] = {
	"/usr/",  "/lib/",	     "/lib32/", "/lib64/", "/bin/",
	"/sbin/", "/etc/ssl/certs/", "/proc/",	"/sys/",
};

static bool name_fits(const char *name, size_t len, const char *pattern)
{
	size_t fixed = strlen(pattern) - 1;

	if (pattern[0] == '*')
		return len > fixed && memcmp(name + len - fixed, pattern + 1, fixed) == 0;
	if (pattern[fixed] == '*')
		return len > fixed && memcmp(name, pattern, fixed) == 0;
	return len == fixed + 1 && memcmp(name, pattern, len) == 0;
}

const struct secret *secret_by_name(const char *name, size_t len)
{
	const struct secret *s;

	for (s = secrets; s->name; s++)
		if (name_fits(name, len, s->name))
			return s;
	return NULL;
}

const struct secret *secret_by_path(const char *path)
{
	const struct secret *found;
	size_t i, len;

	/* What stands in /usr/local no distribution has installed. */
	for (i = 0; i < sizeof(public) / sizeof(public[0]); i++)
		if (strncmp(path, public[i], strlen(public[i])) == 0 &&
		    strncmp(path, "/usr/local/", strlen("/usr/local/")) != 0)
			return NULL;
	for (; *path; path += len) {
		path += strspn(path, "/");
		len = strcspn(path, "/");
		found = secret_by_name(path, len);
		if (found)
			return found;
	}
	return NULL;
}
