/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside a report: the agents that records are of, and whether these are meant. */
#ifndef AGENTOS_AUDIT_REPORT_AGENTS_H
#define AGENTOS_AUDIT_REPORT_AGENTS_H

#include "audit/report.h"

/*
 * The agent that the record is of, if it is meant, else NULL; valid until the next
 * call. Records of acts, lifecycle, policies, egress and calls, each in the order of the
 * log, those outside of the period as well: what is said of agents there is kept.
 * An agent for which there is no room is meant or not all the same:
 * *ret_meant. -ENOMEM.
 */
int report_agents_note(struct report *report, const struct record *r,
		       struct report_agent **ret_agent, bool *ret_meant);

/* Keeps those that are to be shown, in order. */
void report_agents_finish(struct report *report);

#endif
