/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What AgentOS needs of the machine, checked one layer at a time. */
#ifndef AGENTOS_KERN_HOST_H
#define AGENTOS_KERN_HOST_H

#include <stdbool.h>

#include "base/fault.h"

/* Where to look. NULL means the running machine; other values serve tests. */
struct host {
	const char *root;    /* put before /sys/... */
	const char *release; /* instead of uname -r */
};

/*
 * Calls each(layer, ok, text, cookie) from the bottom up: kernel, btf, lsm,
 * bpffs, module, kfuncs, device. text says what was found or, when not ok, what
 * to do. layer is a key: it does not change between versions. Returns whether
 * all were ok. Changes nothing.
 */
bool host_check(const struct host *h,
		void (*each)(const char *layer, bool ok, const char *text, void *cookie),
		void *cookie);

/* The layers below the device, which agentosd sets right itself: 0, or -ENOTSUP and the first
 * text that is not ok. */
int host_require(const struct host *h, struct fault *f);

#endif
