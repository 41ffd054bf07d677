/* SPDX-License-Identifier: GPL-2.0-or-later */
/* agentos-post, run by a command that has something to post. */
#ifndef AGENTOS_CTL_POSTER_H
#define AGENTOS_CTL_POSTER_H

#include <stddef.h>
#include <sys/types.h>

#include "base/fault.h"

struct poster {
	pid_t pid; /* 0: not started */
	int to, from;
};

/*
 * Starts it, from beside this program or from ../libexec, with settings as of
 * rpc/posting.h. SIGPIPE is to be ignored by the caller.
 * -ENOENT  it is not installed; -ENOMEM, -EMFILE, ...
 */
int poster_start(struct poster *p, const char *settings, size_t len, struct fault *f);
/* Ends it, whatever it is doing. */
void poster_stop(struct poster *p);
/*
 * Posts a body, and waits until it was accepted: 0 and the answer, to be freed.
 * -EPROTO refused or given up, f says why; -EINTR a signal came; -EPIPE it has
 * ended; -ENOMEM, -EMSGSIZE
 */
int poster_post(struct poster *p, const char *body, size_t len, char **ret_answer, size_t *ret_len,
		struct fault *f);
/* Its halves, for who waits in its own way until p->from can be read. Errors as above. */
int poster_send(struct poster *p, const char *body, size_t len, struct fault *f);
int poster_answer(struct poster *p, char **ret_answer, size_t *ret_len, struct fault *f);

#endif
