// SPDX-License-Identifier: GPL-2.0-or-later
/* Which agent made a connection. */
#include "kern/caller.h"

#include "lib/libagentos.h"

int caller_get(int device, int connection, struct caller *ret_caller)
{
	struct agentos_caller caller;
	int err = agentos_dev_caller(device, connection, &caller);

	if (err)
		return err;
	*ret_caller = (struct caller){ .agent = caller.ret_agent,
				       .policy = caller.ret_policy,
				       .audit_only = caller.ret_flags & AGENTOS_CREATE_AUDIT_ONLY };
	return 0;
}
