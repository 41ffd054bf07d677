/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The scripted model as a server of HTTP/1.1: its listener, and its connections. */
#ifndef AGENTOS_SCRIPTED_SERVER_H
#define AGENTOS_SCRIPTED_SERVER_H

#include <netinet/in.h>

#include "base/fault.h"
#include "scripted/script.h"

/* "127.0.0.1:1019", "[::1]:1019", "127.0.0.1:0" for any free port. -EINVAL */
int scripted_address_parse(const char *text, struct sockaddr_storage *ret_address,
			   socklen_t *ret_len);
/* As it is written; at most SCRIPTED_ADDRESS bytes with the NUL. */
#define SCRIPTED_ADDRESS (INET6_ADDRSTRLEN + 9)
void scripted_address_text(const struct sockaddr_storage *address, char out[SCRIPTED_ADDRESS]);

/* A socket that listens there; the errno of what failed, with f. */
int scripted_listen(const struct sockaddr_storage *address, socklen_t len, int *ret_fd,
		    struct fault *f);

/*
 * Serves until SIGTERM or SIGINT; takes the listener over. 0, or what failed, with f.
 * ready: called once connections are taken.
 */
int scripted_serve(int listener, struct script *script, void (*ready)(void *cookie), void *cookie,
		   struct fault *f);

#endif
