/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading YAML: never with privileges. */
#ifndef AGENTOS_SUPER_COMPILE_H
#define AGENTOS_SUPER_COMPILE_H

#include <stddef.h>

#include "base/fault.h"
#include "policy/policy.h"

/*
 * As policy_parse(). Where the caller is root it happens in a child that is
 * nobody: other ids, no groups, no capabilities and no way to new ones, no
 * descriptor but the one to us, none that it can open, no child, no terminal,
 * and LIMIT_COMPILE_S, of a processor and in all. It asks for the files that a policy leads to; the loader
 * finds and reads them here. What it makes of them comes back as bytes that
 * policy_unpack() checks.
 *
 * Errors of policy_parse() with its line in f, and
 * -EPROTO  the child died, or sent what makes no sense
 * -EPERM, -EAGAIN, ...  it could not be made, or not be made nobody: nothing was read
 */
int compile_policy(const char *bytes, size_t len, const char *file, const struct policy_vars *vars,
		   const struct policy_loader *loader, struct policy **ret_policy, struct fault *f);

#endif
