// SPDX-License-Identifier: GPL-2.0-or-later
/* Streams that come to the end of a budget: what they say is counted, and they are ended in words of their wire. */
#include "gateway/call.h"

static bool same_wire(const struct call *k)
{
	return k->upstream_wire == wire_of(k->endpoint.wire);
}

bool call_cut_allows(struct call *k, uint64_t said)
{
	enum call_why why;

	k->said += said;
	if (!said)
		return true;
	why = call_reserve_more(k);
	if (why == CALL_WHY_NONE)
		return true;
	k->why = why;
	k->cut = true;
	/* Budgets hold for audit-only agents, too. */
	k->audit_only = false;
	return false;
}

/* Does the client want a chunk with usage, in a wire that has that? */
static bool usage_is_asked(const struct call *k)
{
	return k->scan.usage.kind == SCAN_TRUE;
}

void call_cut_end(struct call *k)
{
	const struct wire *wire = wire_of(k->endpoint.wire);
	struct call_event stop = { .kind = CALL_STOP, .stop = CALL_STOP_LENGTH };
	struct text pieces = { 0 };
	int err;

	/* What the client is told is what is settled. */
	call_count_up(k);
	stop.usage = k->usage;
	if (same_wire(k))
		err = tail_end(k->tail, &k->usage, usage_is_asked(k), &pieces);
	else
		err = wire->encoder_event(k->encoder, &stop, &pieces);
	if (err) {
		/* It ends as what it is: broken. */
		text_release(&pieces);
		connection_abort(k->connection);
		return;
	}
	call_stream_put(k, &pieces);
	text_release(&pieces);
	call_stream_end(k);
}
