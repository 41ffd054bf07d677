/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an agent is given beside its rules: limits, budgets and schedule. */
#ifndef AGENTOS_DAEMON_TERMS_H
#define AGENTOS_DAEMON_TERMS_H

#include "daemon/daemon.h"
#include "policy/compiled.h"

/* An agent, as its terms are set. */
struct terms_of {
	uint64_t id;
	int agent; /* descriptor with CONTROL and INSPECT */
	uid_t uid; /* who asks: what he may not do himself is not done for him */
};

/*
 * Of one that nobody has been given a descriptor of: there is no moment at which
 * it runs without them. After a failure it is to be closed, and what was made for
 * it goes with the record of its end.
 */
int terms_begin(const struct daemon *d, const struct terms_of *of, const struct compiled_terms *t,
		struct fault *f);

/* Could terms_exchange() do it? Nothing is changed that limits anybody. */
int terms_check(const struct terms_of *of, const struct compiled_terms *t, struct fault *f);

/*
 * Of one that runs, once it follows the new policy. Limits are those of t, and
 * no others; of budgets and schedule what t does not give stays.
 */
int terms_exchange(const struct daemon *d, const struct terms_of *of,
		   const struct compiled_terms *t, struct fault *f);

#endif
