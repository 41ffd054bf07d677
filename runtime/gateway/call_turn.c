// SPDX-License-Identifier: GPL-2.0-or-later
/* A call's turn at a provider that takes few at once: waited for, had, given back. */
#include <errno.h>
#include <string.h>

#include "gateway/call.h"

static const struct provider *provider_of(const struct call *k)
{
	return k->route.candidates[k->candidate].provider;
}

static void turn_came(void *cookie)
{
	call_times_come(cookie);
	call_send(cookie);
}

static void turn_late(void *cookie)
{
	struct call *k = cookie;
	const char *name = provider_of(k)->name;

	call_times_come(k);
	if (k->candidate + 1 < k->route.count && call_other(k))
		return;
	call_refuse(k, CALL_WHY_BUSY, "the provider %s had no turn for this call within %u s", name,
		    (k->gateway->options.times.turn + 999) / 1000);
}

static void turn_refused(struct call *k, int err, const struct turns_refusal *refusal)
{
	const char *name = provider_of(k)->name;

	if (k->candidate + 1 < k->route.count && call_other(k))
		return;
	if (err == -EAGAIN) {
		k->retry_after_ms = refusal->retry_ms;
		call_refuse(k, CALL_WHY_BUSY, "the provider %s is busy: %s", name,
			    refusal->late ? "more calls wait than it answers in the time that one "
					    "may wait" :
					    "as many calls wait for it as may");
	} else {
		call_refuse(k, CALL_WHY_BUSY, "no turn at the provider %s can be waited for: %s",
			    name, strerror(-err));
	}
}

bool call_turn(struct call *k)
{
	const struct provider *p = provider_of(k);
	struct turns_refusal refusal;
	int err;

	if (!provider_is_bounded(p) || k->turn.queue)
		return !k->turn.queue || k->turn.runs;
	k->turn = (struct turn){ .come = turn_came, .late = turn_late, .cookie = k };
	err = turns_take(k->gateway->turns, p, agents_topmost(k->agent), k->held_tokens, &k->turn,
			 &refusal);
	if (err) {
		turn_refused(k, err, &refusal);
		return false;
	}
	k->step = CALL_WAITS;
	call_times_wait(k);
	/* Its time is the queue's; the client may go meanwhile, which is told. */
	connection_deadline(k->connection, k->gateway->options.times.idle);
	return false;
}

void call_turn_over(struct call *k)
{
	const struct call_usage *u = &k->usage;

	call_times_come(k);
	turns_give(&k->turn, u->given ? u->input + u->output : k->held_tokens);
}
