/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A policy as written: YAML bytes in, a checked structure out. Pure: no I/O, no clock. */
#ifndef AGENTOS_POLICY_POLICY_H
#define AGENTOS_POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

/*
 * The YAML (every key but name and rights may be left out; an unknown key, a
 * duplicate key or a wrong type is an error that names file, line and what
 * would be valid):
 *
 *	version: 1
 *	name: untrusted                 # 1..63 of [A-Za-z0-9._-]
 *	description: one line
 *	rights: [file-read, file-write] # names of uapi/agentos_rights.h, or "all"; never empty
 *	files:                          # absolute; ${WORKSPACE} ${HOME} ${AGENT} expand; "~/" is ${HOME}/
 *	  read:  [/usr, -/lib64]        # "-" before a path: skipped when it does not exist
 *	  write: ["${WORKSPACE}"]       # "{" wants quotes inside [ ], none in "- item" lines
 *	  exec:  [/usr]
 *	  deny:  [~/.ssh, "${WORKSPACE}/.env"] # reading, writing and executing
 *	  deny-names: [.env, "id_*", "*.pem"] # in any directory; "*" at one end
 *	network:                        # ADDRESS[/PREFIX]:PORT[-PORT][/tcp|/udp]
 *	  connect: ["127.0.0.1:8080", "[fd00::/8]:443", "10.0.0.0/8:53/udp"] # and send to
 *	  listen: ["localhost:*"]       # and bind to; port 0: the kernel chooses
 *	  deny: [169.254.0.0/16]        # both; without a port: each
 *	  unix: [/run/x.sock, "@name"]  # sockets by path, what it is in, or abstract name
 *	environment:
 *	  keep: [PATH, TERM, LC_*]      # all other variables are removed; absent section: all kept
 *	  set: ["HOME=${WORKSPACE}"]    # "$$" is a plain "$"
 *	directories: ["${WORKSPACE}/.tmp"] # made 0700 for the agent when missing
 *	audit: denials                  # or "all": allowed acts are recorded as well
 *
 * A file right without a files: rule that could use it, a files: rule without
 * its right (likewise for network:), and keys that nothing enforces yet
 * (limits:, budgets:, extends:, ...) are refused, saying so. So is a write: path that is "/" only
 * because a variable is: who means the whole machine writes "/".
 */

struct policy_rule {
	char *path;    /* expanded, absolute, normalised: no "//", ".", ".." or trailing "/" */
	bool anywhere; /* then path is a name, which may have a '*' at one end */
	bool abstract; /* then path is '@' and a name of Unix sockets, likewise */
	uint8_t allow; /* AGENTOS_FILE_* */
	uint8_t deny;
	bool optional; /* written with "-" */
	uint32_t line; /* where it stands in the file */
};

/*
 * A rule on addresses. The longest prefix that has a rule on the port decides;
 * of those deny does. Its number in records goes on where the rules' end.
 */
struct policy_address {
	uint16_t family; /* AF_INET with 4 bytes of addr, the rest zero; AF_INET6 */
	uint8_t prefix;	 /* bits of addr, the rest zero */
	uint8_t allow;	 /* AGENTOS_NET_*; allow & deny == 0 */
	uint8_t deny;
	uint8_t addr[16];
	uint16_t port_first, port_last;
	uint32_t line;
};

struct policy {
	char name[64];
	char *description;
	uint64_t rights;	   /* AGENTOS_RIGHT() bits */
	struct policy_rule *rules; /* a path appears once: lists that name it twice are merged */
	size_t rule_count;
	struct policy_address *addresses; /* a prefix with the same ports appears once */
	size_t address_count;
	bool env_scrub;	     /* environment: was given */
	char **env_keep;     /* NULL-terminated; a trailing '*' matches any rest */
	char **env_set;	     /* NULL-terminated, NAME=VALUE, expanded */
	char **directories;  /* NULL-terminated, expanded */
	bool record_allowed; /* audit: all */
};

/* What variables stand for; all absolute paths, agent a plain name. */
struct policy_vars {
	const char *workspace;
	const char *home;
	const char *agent;
};

/*
 * Parses and checks len bytes. file is only for messages ("file:line: ...").
 * On success *ret_policy is owned by the caller (policy_free).
 * -EINVAL  not a valid policy; f says file, line, what is wrong and what would be valid
 * -E2BIG   larger than LIMIT_POLICY_FILE, or more rules than AGENTOS_POLICY_RULES_MAX
 *	    or AGENTOS_NET_RULES_MAX
 * -ENOMEM
 */
int policy_parse(const char *bytes, size_t len, const char *file, const struct policy_vars *vars,
		 struct policy **ret_policy, struct fault *f);

void policy_free(struct policy *p);

/* The right's bit by name, or 0; and the nearest known name to a misspelt one, or NULL. */
uint64_t policy_right_by_name(const char *name);
const char *policy_right_suggest(const char *name);

#endif
