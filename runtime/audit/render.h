/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records for people and for programs: one line of plain words, or one line of JSON. */
#ifndef AGENTOS_AUDIT_RENDER_H
#define AGENTOS_AUDIT_RENDER_H

#include <stdbool.h>
#include <stdio.h>

#include "audit/record.h"

/*
 * One line, the time in the zone of the process, and no date:
 *   12:03:04.123  DENIED  coder(7) cat[431] may not open /root/.ssh/id_rsa for reading: rule 12 of its policy denies it
 *   12:03:04.130  LOST    12 denial records (among numbers 100 to 130): they will never be seen
 *   12:03:05.511  DENIED  coder(7) may not reach example.net port 443 by TLS: no rule names this host and port
 * The first word is one of allowed, DENIED, PASSED (it would have been denied, but
 * the agent is audit-only), LOST, agent, daemon, unclear, failed, closed.
 * Agent-chosen bytes are escaped, and stand in quotes when a blank or a quote is
 * among them. Colour only when asked for.
 */
void render_text(FILE *out, const struct record *r, bool colour);
/* Bytes of such a line, without colour, before the agent: its time and first word. */
#define RENDER_HEAD 22

/* Of a refused act what such a line says behind the agent, without a process: "cat may not ...: ...". */
void render_denial(FILE *out, const struct agentos_event *e);
/* Of what the gateway was asked for: "it may not reach ...: ...". */
void render_egress(FILE *out, const struct record *r);
/* "example.net port 443". */
void render_host(FILE *out, const struct record *r);
/* Its object alone, as it stands there. */
void render_object(FILE *out, const struct agentos_event *e);

/*
 * What was done, and why it was, or would have been, refused: neither when nor by whom.
 *   open /root/.ssh/id_rsa for reading: rule 12 of its policy denies it
 */
void render_act(FILE *out, const struct agentos_event *e);
/* The latter alone: "rule 12 of its policy denies it". */
void render_why(FILE *out, const struct agentos_event *e);

/*
 * One JSON object on one line. Keys are stable: some may be added, none changes
 * its meaning. Numbers are integers up to 64 bits. A key that does not apply is
 * absent, except where null is named.
 *
 * All:    seq, time (RFC 3339, UTC, nanoseconds), boot (UUID),
 *         type ("event", "lifecycle", "loss", "daemon", "policy", "egress"), stream
 *         ("denials", "allowed", "lifecycle"; not for daemon, policy and egress)
 * event:  kernel_seq, boottime_ns, agent, agent_name (null when not known),
 *         verdict, hook, hook_number, why, effect ("kill" or "watch", or absent), rights (those it lacked, names),
 *         rule (number or null), policy, access ("read", "write", "execute", "connect"),
 *         error (name or null), errno, pid, tid, uid, comm, object
 *         object: kind ("none", "path", "inet", "unix", "task", "number", "text"),
 *         text, truncated and relative (true when so), dev, ino, gen, family,
 *         address, port, protocol, number, number2, signal, capability
 * lifecycle: kernel_seq, boottime_ns, agent, agent_name, event ("lost", "create",
 *         "attach", "restrict", "kill", "exit", "revoke", "budget"), and with lost: lost;
 *         else rights, policy, pid, uid, parent; with create: audit_only, strict
 *         (true when so); with budget: resource, percent; with exit: reason, code, signal, forks
 * loss:   count, first, last
 * daemon: note ("started", "adopted", "stopped", "ended", "torn", "unwritable",
 *         "applied", "gateway"),
 *         number, text
 * policy: policy, agent, agent_name, digest (hexadecimal), name, file, workspace,
 *         home; or, where they are too long for one record, part, parts, text
 *
 * egress: agent, agent_name, policy, outcome ("allowed", "denied", "would_deny",
 *         "failed", "closed"), why ("allowed", "no_rule", "provider", "literal",
 *         "private", "unresolved", "not_tls", "server_name", "unreachable", "malformed",
 *         "stranger", "busy"), rule (number or null), host, port, tunnel (true when
 *         so); where one was chosen, family and address; with closed: bytes_up, bytes_down
 *
 * Bytes that are not UTF-8, and control characters, come as \u00XX. A text that
 * has such bytes is followed by its bytes in hexadecimal: text_hex, comm_hex.
 */
void render_json(FILE *out, const struct record *r);

#endif
