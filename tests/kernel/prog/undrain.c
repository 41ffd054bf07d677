// SPDX-License-Identifier: GPL-2.0-or-later
/* Tells the module that denials cannot be kept, as agentosd does with a full disk: nobody is held then. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "kern/device.h"

int main(void)
{
	struct fault f = { "" };
	int dev = device_open(O_RDWR, &f), err;

	if (dev < 0) {
		fprintf(stderr, "undrain: %s\n", f.text);
		return 1;
	}
	err = agentos_dev_drained(dev, AGENTOS_DRAINED_NEVER);
	close(dev);
	return err != 0;
}
