/* SPDX-License-Identifier: GPL-2.0-only */
/* /dev/agentos and agent descriptors: the only code that touches user memory. */
#ifndef AGENTOS_DEVICE_H
#define AGENTOS_DEVICE_H

int device_init(void);
void device_exit(void);

#endif
