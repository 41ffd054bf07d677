// SPDX-License-Identifier: GPL-2.0-only
/* Start order and its reverse; nothing else. */
#include <linux/module.h>

#include "agent.h"
#include "caller.h"
#include "device.h"
#include "flood.h"
#include "kfuncs.h"
#include "lifecycle.h"
#include "member.h"
#include "meter.h"
#include "path.h"
#include "policy.h"
#include "selftest.h"
#include "settle.h"

static int __init agentos_init(void)
{
	int err;

	err = lifecycle_init();
	if (err)
		return err;
	policy_init();
	err = agent_init();
	if (err)
		goto exit_lifecycle;
	err = member_init();
	if (err)
		goto exit_agent;
	err = path_init();
	if (err)
		goto exit_member;
	err = kfuncs_init();
	if (err)
		goto exit_path;
	err = selftest_run();
	if (err)
		goto exit_path;
	/* Last: from here on user space can reach us. */
	err = device_init();
	if (err)
		goto exit_path;
	return 0;

exit_path:
	path_exit();
exit_member:
	member_exit();
exit_agent:
	agent_exit();
exit_lifecycle:
	lifecycle_exit();
	return err;
}

/* Agents, descriptors and loaded programs each hold the module: none is left here. */
static void __exit agentos_exit(void)
{
	device_exit();
	caller_exit();
	path_exit();
	member_exit();
	meter_exit();
	flood_exit();
	settle_exit();
	agent_exit();
	policy_exit();
	lifecycle_exit();
}

module_init(agentos_init);
module_exit(agentos_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Agents: processes with an identity, rights and a life that the kernel knows");
