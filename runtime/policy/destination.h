/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One item of the lists on host names: "NAME[:PORT[-PORT]]", "ADDRESS[/PREFIX]", "[PROVIDER/]MODEL". */
#ifndef AGENTOS_POLICY_DESTINATION_H
#define AGENTOS_POLICY_DESTINATION_H

#include "policy/egress.h"
#include "policy/source.h"

#define DESTINATION_PORT 443 /* where none is written */

/*
 * Reads what a line of a list of that kind says: an address for EGRESS_PRIVATE,
 * a model for EGRESS_MODEL, else a name. *ret_rule is egress_valid() with the number 0.
 * -EINVAL  f says what is wrong, and what was probably meant
 */
int destination_read(const char *written, enum compiled_egress_kind kind,
		     const struct source *source, uint32_t line, struct compiled_egress *ret_rule);

#endif
