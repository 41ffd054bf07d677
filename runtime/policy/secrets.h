/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names that look like secrets: what is called so is allowed by people, not by programs. Pure. */
#ifndef AGENTOS_POLICY_SECRETS_H
#define AGENTOS_POLICY_SECRETS_H

#include <stdbool.h>
#include <stddef.h>

struct secret {
	const char *name; /* of a file or directory; one '*' at one end stands for anything */
	const char *why;  /* what it is: "is ..." */
	/*
	 * Whether a written policy denies the name in every directory. Not what good
	 * files are called by as well: certificates are "*.pem", too.
	 */
	bool denied;
};

/* NULL-terminated by name, in the order of the table. */
extern const struct secret secrets[];

/* What the name of len bytes is, or NULL. */
const struct secret *secret_by_name(const char *name, size_t len);

/*
 * What the first part of a path is that is one, or NULL. What the distribution
 * installs for everybody (/usr, /etc/ssl/certs, ...) is none, whatever its name.
 */
const struct secret *secret_by_path(const char *path);

#endif
