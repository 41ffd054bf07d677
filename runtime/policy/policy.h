/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A policy as written: YAML bytes in, a checked structure out. Pure: no I/O, no clock. */
#ifndef AGENTOS_POLICY_POLICY_H
#define AGENTOS_POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agentos_rights.h"
#include "base/fault.h"
#include "policy/compiled.h"

/*
 * The YAML (every key but name and rights may be left out, and rights where the
 * file extends or includes another; an unknown key, a duplicate key or a wrong
 * type is an error that names file, line and what would be valid):
 *
 *	version: 1
 *	name: untrusted                 # 1..63 of [A-Za-z0-9._-]
 *	description: one line
 *	extends: untrusted              # a policy's name or file, which this one is laid upon
 *	include: [parts.d, -~/own.yaml] # files, and directories of such; "-": where there is one
 *	rights: [file-read, file-write] # names of uapi/agentos_rights.h, or "all"; never empty;
 *	                                # "-bpf" takes one away from what is extended
 *	files:                          # absolute; ${WORKSPACE} ${HOME} ${AGENT} expand; "~/" is ${HOME}/
 *	  read:  [/usr, -/lib64]        # "-" before a path: skipped when it does not exist
 *	  write: ["${WORKSPACE}"]       # "{" wants quotes inside [ ], none in "- item" lines
 *	  exec:  [/usr]
 *	  deny:  [~/.ssh, "${WORKSPACE}/.env"] # reading, writing and executing
 *	  deny-write: [~/.bashrc]       # writing alone; it may be read: and exec: as well
 *	  kill:  [~/.ssh/id_bait]       # as deny, and who tries is killed, with his whole agent
 *	  watch: ["${WORKSPACE}/Makefile"] # read, written and executed, and recorded as would-deny
 *	  deny-names: [.env, "id_*", "*.pem"] # in any directory; "*" at one end
 *	  kill-names: [.bait]
 *	  watch-names: ["*.sql"]        # allows nothing: what is allowed is recorded as would-deny
 *	network:                        # ADDRESS[/PREFIX]:PORT[-PORT][/tcp|/udp]
 *	  connect: ["127.0.0.1:8080", "[fd00::/8]:443", "10.0.0.0/8:53/udp"] # and send to
 *	  listen: ["localhost:*"]       # and bind to; port 0: the kernel chooses
 *	  deny: [169.254.0.0/16]        # both; without a port: each
 *	  kill: [169.254.169.254]       # and watch: likewise
 *	  unix: [/run/x.sock, "@name"]  # sockets by path, what it is in, or abstract name
 *	                                # NAME[:PORT[-PORT]], 443 where none is written:
 *	  egress: ["*.example.com", "example.org:80"] # through the gateway: TLS to that very
 *	                                # name, or HTTP; "*.": each name below, "*": any name
 *	  egress-any: ["git.example.org:22"] # and what is not TLS
 *	  egress-providers: ["models.example"] # providers of models, whom "egress" and
 *	                                # "egress-any" never reach
 *	  egress-deny: [old.example.com]  # not these, whatever a rule on more names allows
 *	  egress-kill: [trap.example.com] # likewise, and who asks is killed with the whole agent
 *	  egress-watch: [new.example.com] # allowed as by "egress", and recorded like a denial
 *	  egress-private: [10.0.0.0/8, "fd00::/8"] # may be what names stand for, as public ones are
 *	  models: ["openai/gpt-*", "*"] # [PROVIDER/]MODEL that the gateway calls for it; "*" at the end
 *	effects:                        # for want of a right: deny (as without a word), kill, watch
 *	  ptrace: kill
 *	environment:
 *	  keep: [PATH, TERM, LC_*]      # all other variables are removed; absent section: all kept
 *	  set: ["HOME=${WORKSPACE}"]    # "$$" is a plain "$"
 *	directories: ["${WORKSPACE}/.tmp"] # made 0700 for the agent when missing
 *	limits:                         # of the agent and all below it together, by cgroup v2
 *	  memory: 2G                    # bytes, as amounts are written: base/amount.h
 *	  processes: 200                # threads count
 *	  cpu: 150%                     # of one processor
 *	  io-weight: 50                 # 1..10000; who has none has 100
 *	budgets:                        # AMOUNT [per TIME][, refuse|pause|kill]: at its end
 *	  tokens: 200k per 24h          # and microdollars, tool-calls, net-bytes, cpu-ns, wall-ns
 *	  cpu-ns: 2h, kill
 *	schedule:
 *	  criticality: 30               # 0..100; above 50 for root only
 *	  phase: background             # or working, interactive, waiting
 *	  deadline: 2h                  # from the start
 *	  efficiency: 1.5               # and cost: 0 to 65535.99998, for schedulers in user space
 *	audit: normal                   # what is refused; verbose: what is allowed, too; strict:
 *					# and what there is no room to record is refused
 *
 * A file right without a files: rule that could use it, a files: rule without
 * its right (likewise for network:, where the right of egress lists is
 * net-connect), egress-private without a name, and keys that nothing enforces yet
 * (devices:) are refused, saying so. So is a write: path that is "/" only
 * because a variable is: who means the whole machine writes "/".
 *
 * What a file includes are parts: rights, files, network, effects, environment,
 * directories and further includes. They and the file are as if written in one:
 * lists add up, contradictions are errors. What it extends is a policy of its
 * own, valid by itself. On that the file is laid: rights, names, variables and
 * directories add up; what it says about a path, an address or a variable goes
 * before what the extended one says about the same, for each kind of access that
 * it names; so does each word of effects, each limit, each budget and each part of the schedule. A right that it takes away takes along the rules that the right
 * switched on.
 */

/* Where something of a policy stands. */
struct policy_place {
	uint32_t file; /* index of its name in the policy's files */
	uint32_t line;
};

struct policy_rule {
	char *path;    /* expanded, absolute, normalised: no "//", ".", ".." or trailing "/" */
	bool anywhere; /* then path is a name, which may have a '*' at one end */
	bool abstract; /* then path is '@' and a name of Unix sockets, likewise */
	uint8_t allow; /* AGENTOS_FILE_* */
	uint8_t deny;  /* allow & deny == 0 */
	uint8_t kill;  /* of what is denied: who tries is killed, too */
	uint8_t watch; /* of what is allowed, with `anywhere` by others: recorded as would-deny */
	bool optional; /* written with "-" */
	struct policy_place at;	     /* of what it allows, or if that is nothing, denies */
	struct policy_place deny_at; /* of what it denies; the same, unless it does both */
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
	uint8_t kill, watch; /* as those of a policy_rule */
	uint8_t addr[16];
	uint16_t port_first, port_last;
	struct policy_place at, deny_at; /* as those of a policy_rule */
};

/*
 * A rule on what the gateway connects to. Its number goes on where the addresses'
 * end; the first that allows a name at a port is told in records.
 */
struct policy_egress {
	struct compiled_egress rule;
	struct policy_place at;
};

struct policy {
	char **files; /* NULL-terminated: as policy_parse() was told, then as the loader calls them */
	char name[64];
	char *description;
	uint64_t rights;				   /* AGENTOS_RIGHT() bits */
	struct policy_place right_at[AGENTOS_RIGHT_COUNT]; /* of those that it has */
	/* For want of which rights an agent is killed, and an act only recorded; none of `rights`. */
	uint64_t kill_rights, watch_rights;
	uint64_t effects_given; /* rights that effects: has a word for */
	struct policy_place effect_at[AGENTOS_RIGHT_COUNT]; /* of those */
	struct policy_rule *rules; /* a path appears once: lists that name it twice are merged */
	size_t rule_count;
	struct policy_address *addresses; /* a prefix with the same ports appears once */
	size_t address_count;
	struct policy_egress *egress; /* a kind, host and ports appear once */
	size_t egress_count;
	bool env_scrub;	    /* environment: was given */
	char **env_keep;    /* NULL-terminated; a trailing '*' matches any rest */
	char **env_set;	    /* NULL-terminated, NAME=VALUE, expanded */
	char **directories; /* NULL-terminated, expanded */
	struct policy_place *env_keep_at, *env_set_at, *directories_at; /* of each of them */
	bool record_allowed;						/* audit: verbose, strict */
	bool strict;							/* audit: strict */
	struct policy_place audit_at; /* line 0: it is not written */
	struct compiled_terms terms;  /* limits:, budgets:, schedule: */
};

/* What variables stand for; all absolute paths, agent a plain name. */
struct policy_vars {
	const char *workspace;
	const char *home;
	const char *agent;
};

/* What one file of a policy calls another by. */
enum policy_link {
	POLICY_EXTENDS, /* a policy's name, or a file */
	POLICY_INCLUDE, /* a file, or a directory */
	POLICY_ENTRY,	/* one of policy_found's entries */
};

/* What a loader found; each part malloc()ed, and whoever asked free()s it. */
struct policy_found {
	char *file;  /* its one name, whichever way it was found */
	char *bytes; /* NULL: it is a directory, which only POLICY_INCLUDE may find */
	size_t len;
	char **entries; /* then the files in it, in order; NULL-terminated */
};

/* How a policy comes by the files that it extends and includes. */
struct policy_loader {
	/*
	 * Finds what the file `from` (a policy_found's; or `first`) calls `name`,
	 * which is expanded already and otherwise as written. A negative errno
	 * and one line in f, which names what could not be found; -ENOENT: there
	 * is no such thing.
	 */
	int (*find)(void *cookie, enum policy_link link, const char *name, const char *from,
		    struct policy_found *ret_found, struct fault *f);
	void *cookie;
	const char *first; /* what find() would call the file that policy_parse() is given */
};

/*
 * Parses and checks len bytes, and what they extend and include by loader; with
 * NULL that is refused. file is for messages ("file:line: ...").
 * On success *ret_policy is owned by the caller (policy_free).
 * -EINVAL  not a valid policy; f says file, line, what is wrong and what would be valid
 * -ELOOP   a file that extends or includes itself, however far round
 * -E2BIG   larger than LIMIT_POLICY_FILE, more rules than AGENTOS_POLICY_RULES_MAX,
 *	    AGENTOS_NET_RULES_MAX or LIMIT_EGRESS_RULES, LIMIT_POLICY_FILES,
 *	    LIMIT_POLICY_DEPTH
 * -ENOMEM, and those of the loader
 */
int policy_parse(const char *bytes, size_t len, const char *file, const struct policy_vars *vars,
		 const struct policy_loader *loader, struct policy **ret_policy, struct fault *f);

void policy_free(struct policy *p);

/*
 * Of what it says: rights, rules, addresses and host names by number, and where each of them
 * stands. Two policies with the same one number their rules alike.
 */
uint64_t policy_digest(const struct policy *p);

/* The word that audit: has for what it records. */
const char *policy_audit_name(const struct policy *p);

/* The right's bit by name, or 0; the name of a bit, or NULL; the nearest name to a misspelt one, or NULL. */
uint64_t policy_right_by_name(const char *name);
const char *policy_right_name(unsigned int bit);
const char *policy_right_suggest(const char *name);

#endif
