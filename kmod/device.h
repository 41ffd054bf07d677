/* SPDX-License-Identifier: GPL-2.0-only */
/* /dev/agentos and agent descriptors: the only code that touches user memory. */
#ifndef AGENTOS_DEVICE_H
#define AGENTOS_DEVICE_H

#include <linux/types.h>

struct inode;

/* Is it a node of the device, wherever it stands? */
bool device_is(const struct inode *inode);

int device_init(void);
void device_exit(void);

#endif
