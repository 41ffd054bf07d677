/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a command behaves that has secrets in its memory. */
#ifndef AGENTOS_CTL_HOLD_H
#define AGENTOS_CTL_HOLD_H

#include <stdbool.h>

/*
 * Before the first secret: no core dumps, nobody of the same user traces it, as much
 * locked memory as the hard limit allows, and a file that is too large is an
 * error and no signal. False: complained.
 */
bool hold_begin(void);

/* Of memory that could not be locked it is said once, and it is used. Another errno stays. */
int hold_anyway(int rc);

#endif
