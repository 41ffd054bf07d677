/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening /dev/agentos, with words for what is wrong. All else is libagentos. */
#ifndef AGENTOS_KERN_DEVICE_H
#define AGENTOS_KERN_DEVICE_H

#include "base/fault.h"
#include "lib/libagentos.h"

/* As agentos_dev_open(); f says what to do. */
int device_open(int flags, struct fault *f);

#endif
