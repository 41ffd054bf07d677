// SPDX-License-Identifier: GPL-2.0-or-later
/* A circuit breaker: counts in slots of a sliding window, and three states. */
#include "llm/breaker.h"

#include <string.h>

const struct breaker_terms breaker_usual = {
	.window_ms = 32000,
	.least = 5,
	.percent = 50,
	.open_ms = 5000,
	.open_cap_ms = 300000,
	.trials = 1,
};

static uint32_t slot_ms(const struct breaker *b)
{
	uint32_t ms = b->terms.window_ms / LIMIT_BREAKER_SLOTS;

	return ms ? ms : 1;
}

/* Empties what has left the window since. */
static void window_move(struct breaker *b, uint64_t now_ms)
{
	uint64_t slot = now_ms / slot_ms(b), steps;

	if (slot <= b->slot)
		return;
	steps = slot - b->slot;
	b->slot = slot;
	if (steps >= LIMIT_BREAKER_SLOTS) {
		memset(b->slots, 0, sizeof(b->slots));
		return;
	}
	for (; steps > 0; steps--)
		memset(&b->slots[(slot - steps + 1) % LIMIT_BREAKER_SLOTS], 0, sizeof(b->slots[0]));
}

static void window_add(struct breaker *b, bool failed)
{
	uint32_t *count = failed ? &b->slots[b->slot % LIMIT_BREAKER_SLOTS].failed :
				   &b->slots[b->slot % LIMIT_BREAKER_SLOTS].well;

	if (*count < UINT32_MAX)
		++*count;
}

static bool window_is_bad(const struct breaker *b)
{
	uint64_t failed = 0, all = 0;
	unsigned int i;

	for (i = 0; i < LIMIT_BREAKER_SLOTS; i++) {
		failed += b->slots[i].failed;
		all += (uint64_t)b->slots[i].failed + b->slots[i].well;
	}
	return failed && all >= b->terms.least && failed * 100 >= all * b->terms.percent;
}

static void state_set(struct breaker *b, enum breaker_state state)
{
	b->state = state;
	b->era++;
	b->out = b->well = 0;
}

static void breaker_open(struct breaker *b, uint64_t now_ms)
{
	state_set(b, BREAKER_OPEN);
	b->until_ms = now_ms + b->open_ms;
	b->open_ms *= 2;
	if (b->open_ms > b->terms.open_cap_ms)
		b->open_ms = b->terms.open_cap_ms;
}

static void breaker_close(struct breaker *b)
{
	state_set(b, BREAKER_CLOSED);
	b->open_ms = b->terms.open_ms;
	memset(b->slots, 0, sizeof(b->slots));
}

static uint32_t trials_of(const struct breaker *b)
{
	return b->terms.trials ? b->terms.trials : 1;
}

void breaker_init(struct breaker *b, const struct breaker_terms *terms, uint64_t now_ms)
{
	memset(b, 0, sizeof(*b));
	b->terms = *terms;
	b->open_ms = terms->open_ms;
	b->slot = now_ms / slot_ms(b);
}

enum breaker_state breaker_state(const struct breaker *b, uint64_t now_ms)
{
	return b->state == BREAKER_OPEN && now_ms >= b->until_ms ? BREAKER_HALF_OPEN : b->state;
}

/* Until another trial may go out; 0: now. */
static uint64_t trial_wait(const struct breaker *b, uint64_t now_ms)
{
	const uint64_t gone = now_ms > b->trial_ms ? now_ms - b->trial_ms : 0;
	uint64_t left;

	if (b->out + b->well < trials_of(b) || gone >= b->terms.open_ms)
		return 0;
	/* Those that are out tell soon, or never: a slot of the window is as good as any time. */
	left = b->terms.open_ms - gone;
	return left < slot_ms(b) ? left : slot_ms(b);
}

bool breaker_take(struct breaker *b, uint64_t now_ms, struct breaker_ticket *ret_ticket,
		  uint64_t *ret_wait_ms)
{
	uint64_t wait;

	if (b->state == BREAKER_OPEN && now_ms >= b->until_ms)
		state_set(b, BREAKER_HALF_OPEN);
	if (b->state == BREAKER_OPEN) {
		*ret_wait_ms = b->until_ms - now_ms;
		return false;
	}
	wait = b->state == BREAKER_HALF_OPEN ? trial_wait(b, now_ms) : 0;
	if (wait) {
		*ret_wait_ms = wait;
		return false;
	}
	*ret_ticket =
		(struct breaker_ticket){ .era = b->era, .trial = b->state == BREAKER_HALF_OPEN };
	if (ret_ticket->trial) {
		b->out++;
		b->trial_ms = now_ms;
	}
	return true;
}

static void trial_report(struct breaker *b, uint64_t now_ms, bool failed)
{
	b->out--;
	if (failed) {
		breaker_open(b, now_ms);
		return;
	}
	b->well++;
	if (b->well >= trials_of(b))
		breaker_close(b);
}

void breaker_report(struct breaker *b, uint64_t now_ms, struct breaker_ticket ticket, bool failed)
{
	if (ticket.era != b->era)
		return;
	if (ticket.trial) {
		trial_report(b, now_ms, failed);
		return;
	}
	window_move(b, now_ms);
	window_add(b, failed);
	if (failed && window_is_bad(b))
		breaker_open(b, now_ms);
}

void breaker_cancel(struct breaker *b, struct breaker_ticket ticket)
{
	if (ticket.era == b->era && ticket.trial)
		b->out--;
}

const char *breaker_state_name(enum breaker_state state)
{
	switch (state) {
	case BREAKER_OPEN:
		return "open";
	case BREAKER_HALF_OPEN:
		return "half-open";
	default:
		return "closed";
	}
}
