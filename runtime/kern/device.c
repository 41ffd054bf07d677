// SPDX-License-Identifier: GPL-2.0-or-later
/* Why the device cannot be opened, and what to do about it. */
#include "kern/device.h"

#include <errno.h>
#include <string.h>

int device_open(int flags, struct fault *f)
{
	int dev = agentos_dev_open(flags);

	switch (dev) {
	case -ENOENT:
	case -ENXIO:
	case -ENODEV:
		return fault_set(f, ENOENT, "%s: the module is not loaded: run `modprobe agentos`",
				 AGENTOS_DEVICE);
	case -EACCES:
		return fault_set(f, EACCES,
				 "%s: permission denied: be root or a member of group agentos",
				 AGENTOS_DEVICE);
	case -EPERM:
		return fault_set(f, EPERM, "%s: refused: this process is inside an agent",
				 AGENTOS_DEVICE);
	case -EPROTO:
		return fault_set(f, EPROTO,
				 "%s: the loaded module speaks another ABI than this program (%u): "
				 "load the module of the same version",
				 AGENTOS_DEVICE, AGENTOS_ABI);
	}
	return dev < 0 ? fault_set(f, -dev, "%s: %s", AGENTOS_DEVICE, strerror(-dev)) : dev;
}
