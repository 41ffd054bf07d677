/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections of agentctl: accepted, checked, answered. */
#ifndef AGENTOS_DAEMON_CLIENT_H
#define AGENTOS_DAEMON_CLIENT_H

#include "daemon/daemon.h"

/* Makes RUN_DIR/control.sock (root:group 0660) and begins to accept. */
int clients_open(struct daemon *d, struct fault *f);
/* Ends all connections and removes the socket. */
void clients_close(struct daemon *d);

#endif
