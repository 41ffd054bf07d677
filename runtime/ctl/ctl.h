/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What agentctl's commands share: exit statuses, their table, where things are. */
#ifndef AGENTOS_CTL_CTL_H
#define AGENTOS_CTL_CTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

/* Exit statuses; `run` gives the agent's own instead, once it runs. */
enum ctl_exit {
	CTL_OK = 0,
	CTL_FAILED = 1,	       /* it was tried and did not work */
	CTL_USAGE = 2,	       /* the command line is wrong */
	CTL_INVALID = 3,       /* a policy or file is not valid */
	CTL_PROGRAM = 4,       /* a program that was watched ended with another status than 0 */
	CTL_UNKNOWN = 5,       /* records are missing: what they would tell is not known */
	CTL_UNPROTECTED = 125, /* enforcement is off, or agentosd not there: nothing was run */
	CTL_NOEXEC = 126,      /* the program exists and could not be executed */
	CTL_NOTFOUND = 127,    /* no such program */
};

#define CTL_POLICY_DIRS \
	"/etc/agentos/policies:/usr/local/share/agentos/policies:/usr/share/agentos/policies"
#define CTL_AUDIT_DIR	 "/var/lib/agentos/audit"
#define CTL_SOCKET	 "/run/agentos/control.sock"
#define CTL_ANCHOR_STATE "/var/lib/agentos-anchor/state"
/*
 * Each can be set by the environment: AGENTOS_POLICY_PATH, AGENTOS_AUDIT_DIR,
 * AGENTOS_CONTROL, AGENTOS_ANCHOR_STATE; AGENTOS_CATALOG_DIR for CATALOG_DIR.
 */

/* argv[0] is the command's name. Each prints its own messages and returns an exit status. */
int cmd_run(int argc, char **argv);
int cmd_ps(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_tree(int argc, char **argv);
int cmd_spawn(int argc, char **argv);
int cmd_kill(int argc, char **argv);
int cmd_pause(int argc, char **argv);
int cmd_resume(int argc, char **argv);
int cmd_wait(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_budget(int argc, char **argv);
int cmd_sched(int argc, char **argv);
int cmd_rights(int argc, char **argv);
int cmd_send(int argc, char **argv);
int cmd_recv(int argc, char **argv);
int cmd_denials(int argc, char **argv);
int cmd_audit(int argc, char **argv);
int cmd_policy(int argc, char **argv);
int cmd_policy_test(int argc, char **argv);
int cmd_policy_learn(int argc, char **argv);
int cmd_vault(int argc, char **argv);
int cmd_providers(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_selftest(int argc, char **argv);

/* "agentctl: ..." on stderr, from a fault or printf-like; the text is already escaped where it must be. */
void ctl_complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* A usage error: the message, then where help is; returns CTL_USAGE. */
int ctl_usage(const char *command, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Whether to colour fd: a terminal, and neither NO_COLOR nor TERM=dumb. */
bool ctl_colour(int fd);
/* As many descriptors as the hard limit allows. */
void ctl_files_raise(void);
/* Names of rights, "all" among them, with commas between. -EINVAL, and which one, in wrong. */
int ctl_rights_parse(const char *list, uint64_t *ret_rights, char *wrong, size_t size);
/* Names of the rights on stdout, with `between` between them and `around` around each. */
void ctl_rights_print(uint64_t rights, const char *between, const char *around);
/* getenv(), with a fallback. */
const char *ctl_setting(const char *name, const char *fallback);

#endif
