/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which records somebody asks for: alternatives of one kind, all kinds at once. */
#ifndef AGENTOS_AUDIT_FILTER_H
#define AGENTOS_AUDIT_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/record.h"
#include "base/fault.h"

/*
 * A record matches when for each kind that something was added of, one of its
 * alternatives does. What each looks at:
 */
enum filter_kind {
	FILTER_AGENT,	  /* a name or an id; no daemon record has one */
	FILTER_OPERATION, /* a hook, as name_hook() has it, "egress" or "call" */
	FILTER_VERDICT, /* allowed, denied, would-deny; of the gateway's failed, of egress closed */
	FILTER_REASON,	/* "rule N" or "right NAME": what decided, of acts, egress and calls */
	FILTER_OBJECT,	/* path, address, host or model, as below */
	FILTER_TEXT,	/* part of the line of render_text() */
	FILTER_TYPE,	/* as JSON has it: event, lifecycle, loss, daemon, policy, egress, call */
	FILTER_KINDS
};

/*
 * An object that is an address, by itself or with a port (endpoint.h), matches
 * that address, however it is written, and texts that it is a part of, but no
 * longer address. Other objects are a part of the text, or with *, ? or [ a
 * pattern for all of it; the texts are a path, a host, and of hosts and
 * addresses also HOST:PORT, [ADDRESS]:PORT; of calls PROVIDER/MODEL, and each of both.
 */

/*
 * Losses match whatever is asked for, but a type or a time that theirs is not: what was lost is
 * not known. So do records that could not be written.
 */
struct filter;

/* -ENOMEM */
int filter_create(struct filter **ret_filter);
void filter_free(struct filter *f);

/*
 * Adds an alternative; value is copied. Of FILTER_REASON, rule and right are
 * given as "12" and "net-connect" in value: a number is a rule.
 *
 * -EINVAL  no such value: the fault lists those that there are; an object that is
 *          meant as an address, and none
 * -E2BIG   more than LIMIT_FILTER of one kind
 * -ENOMEM
 */
int filter_add(struct filter *f, enum filter_kind kind, const char *value, struct fault *fault);
/* Only what was refused or would have been, or is of a verdict that has no name. */
void filter_add_refused(struct filter *f);

/*
 * FILTER_AGENT means those below its agents as well, as the log tells who is
 * below whom: from when it records that they were created. So it has to be shown
 * all records, by filter_note(), from the first to the one that is asked about.
 */
void filter_set_below(struct filter *f);
bool filter_has_below(const struct filter *f);

/* The bounds of time, in nanoseconds since 1970: from since on, before until. */
void filter_set_time(struct filter *f, uint64_t since_ns, uint64_t until_ns);
uint64_t filter_since(const struct filter *f);
uint64_t filter_until(const struct filter *f);

/*
 * Takes note of who is below whom. Without filter_set_below() it does nothing.
 * -ENOMEM; -E2BIG: more than LIMIT_FILTER_BELOW below them in one boot.
 */
int filter_note(struct filter *f, const struct record *r);
/* Forgets who is below whom: the log is gone through again. */
void filter_restart(struct filter *f);
/* Whether it is asked for. -ENOMEM in place of an answer, with FILTER_TEXT only. */
int filter_match(struct filter *f, const struct record *r);

#endif
