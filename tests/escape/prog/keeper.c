// SPDX-License-Identifier: GPL-2.0-or-later
/* Holds an agent without tasks until it is killed: agentosd ends no enforcement while one lives. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "kern/device.h"

/* Prints the pid of the process that holds it. */
int main(void)
{
	static const struct agentos_create_options create = {
		.name = "keeper",
		.rights = AGENTOS_RIGHT(FILE_READ),
		.access = AGENTOS_ACCESS_INSPECT,
		.flags = AGENTOS_CREATE_UNENFORCED,
	};
	struct fault f = { "" };
	int dev = device_open(O_RDWR, &f);
	pid_t pid;

	if (dev < 0 || agentos_dev_create(dev, &create, NULL) < 0) {
		fprintf(stderr, "keeper: no agent: %s\n", f.text);
		return 1;
	}
	pid = fork();
	if (pid < 0)
		return 1;
	if (pid > 0) {
		printf("%d\n", pid);
		return 0;
	}
	/* Whoever reads our output waits for its end. */
	close(STDOUT_FILENO);
	for (;;)
		pause();
}
