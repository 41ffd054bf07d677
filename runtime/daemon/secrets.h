/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What agentosd keeps from every agent, whatever its policy: the log, the vault, and their keys. */
#ifndef AGENTOS_DAEMON_SECRETS_H
#define AGENTOS_DAEMON_SECRETS_H

#include "base/fault.h"
#include "kern/enforce.h"

/*
 * In each policy that is completed from now on: the log in audit_dir is read at
 * most, and the keys that it is signed with, the vault, what opens it and what
 * tokens in run_dir are made with are nobody's. The directories of the vault and
 * of its key are made if they are missing, so that what comes there later is kept
 * as well. Where a file system is mounted that a rule would hold, nothing is
 * kept, and standard error has a line about that.
 * 0, or a negative errno with *f.
 */
int secrets_hold(struct enforce *e, const char *audit_dir, const char *run_dir, struct fault *f);

#endif
