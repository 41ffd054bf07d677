/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The directory of pinned objects: made whole beside its place, then renamed into it. */
#ifndef AGENTOS_KERN_PINS_H
#define AGENTOS_KERN_PINS_H

#include <stdbool.h>

#define PINS_STAGING "/sys/fs/bpf/agentos_new" /* a half-made set; never adopted */

/* Is anything pinned at AGENTOS_PIN_DIR? */
bool pins_exist(void);

/* Unpins everything below dir, and dir. Nothing there is success. Two levels deep, as we pin. */
int pins_remove(const char *dir);

/* Pins fd at dir/name, making a missing parent once. name may hold one '/'. */
int pins_add(const char *dir, const char *name, int fd);

/* Opens AGENTOS_PIN_DIR/name: a close-on-exec descriptor or a negative errno. */
int pins_open(const char *name);

/* Unpins AGENTOS_PIN_DIR/name. Nothing there is success. */
int pins_drop(const char *name);

/* PINS_STAGING becomes AGENTOS_PIN_DIR. */
int pins_publish(void);

#endif
