/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Once a second, what agents sent and received is charged to their budgets. */
#ifndef AGENTOS_DAEMON_TRAFFIC_H
#define AGENTOS_DAEMON_TRAFFIC_H

#include "daemon/daemon.h"

/* Begins; the first time at once. Ends by itself when enforcement has been ended. */
int traffic_start(struct daemon *d, struct fault *f);

#endif
