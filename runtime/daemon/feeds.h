/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which agent's feed a denial goes to, from the making of an agent to the end of the last below it. */
#ifndef AGENTOS_DAEMON_FEEDS_H
#define AGENTOS_DAEMON_FEEDS_H

#include <stdint.h>
#include <sys/types.h>

#include "audit/record.h"
#include "base/fault.h"
#include "kern/enforce.h"
#include "rpc/control.h"

/*
 * RUN_DIR/denials/ID and ID.old are the feed of agent ID (audit/feed.h), and of
 * all below it: those that follow a policy which was made for one of them. So a
 * denial's policy tells its feed; for the next daemon, a symlink policy-N names
 * the feed of each. The files go when the last of its policies has gone.
 *
 * A denial is taken up when the log has it, and written when it has been written
 * there: the feed never tells of a number that the log might give to another.
 */
struct feeds;

/* The directory must be there, and nobody's but the daemon's; what is left in it of no policy is removed. */
int feeds_open(const char *directory, int dev, struct feeds **ret_feeds, struct fault *f);
/* Has each feed got all that was taken for it? */
bool feeds_complete(const struct feeds *s);
void feeds_close(struct feeds *s);

/* A descriptor of the directory; borrowed. */
int feeds_directory(const struct feeds *s);

/*
 * A feed for who will follow the policy, which is not complete yet; reader: its
 * user; number: the log's last, by now. feeds_name() gives it to the agent that was made then. Where there can be
 * none, an errno is returned and told once.
 */
int feeds_make(struct feeds *s, struct enforce *e, uint32_t policy, uid_t reader, uint64_t number);
int feeds_name(struct feeds *s, uint32_t policy, uint64_t agent, char ret_path[CONTROL_PATH]);
/* The policy will be followed by one who has followed `before`: 0 also where that has no feed. */
int feeds_follow(struct feeds *s, struct enforce *e, uint32_t policy, uint32_t before);
/* The policy came to nothing. */
void feeds_forget(struct feeds *s, uint32_t policy);

/* What the log has of this boot, oldest first: a feed is given what it has not got. */
void feeds_replay(struct feeds *s, const struct record *r);
/* A record that the log has taken, and that is not written yet. */
void feeds_take(struct feeds *s, const struct record *r);
/* All that were taken are written. */
void feeds_write(struct feeds *s);

/* The policy is gone; what is still in the rings may be of it, until feeds_reap(). */
void feeds_ended(struct feeds *s, uint32_t policy);
/* Likewise all that are no more, as the module has it. */
void feeds_sweep(struct feeds *s);
void feeds_reap(struct feeds *s);
/* No agent lives, and none will: all of them go, and the directory with them. */
void feeds_clear(struct feeds *s);

#endif
