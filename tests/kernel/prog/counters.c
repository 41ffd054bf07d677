// SPDX-License-Identifier: GPL-2.0-or-later
/* Prints what the module holds now: "agents tasks policies pins". For scripts that compare. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "kern/device.h"

int main(void)
{
	struct agentos_version version;
	struct fault f = { "" };
	int dev = device_open(O_RDWR, &f), err;

	if (dev < 0) {
		fprintf(stderr, "counters: %s\n", f.text);
		return 1;
	}
	err = agentos_dev_version(dev, &version);
	close(dev);
	if (err)
		return 1;
	printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", (uint64_t)version.ret_agents,
	       (uint64_t)version.ret_tasks, (uint64_t)version.ret_policies,
	       (uint64_t)version.ret_pins);
	return 0;
}
