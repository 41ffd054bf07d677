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
 *   12:03:06.020  allowed coder(7) called openai/gpt-5: 1,200 tokens in, 340 out, $0.0042, 200 after 812 ms
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
/* Of a model call: "it may not call openai/gpt-5: ...". */
void render_call(FILE *out, const struct record *r);
/* Why it came to nothing: "its token is another agent's (agent 17)". */
void render_call_why(FILE *out, const struct record *r);
/* "openai/gpt-5"; without a provider "gpt-5". */
void render_model(FILE *out, const struct record *r);
/* "1,200,000". */
void render_count(FILE *out, uint64_t number);
/* "$0.0042", "$1,200.00". */
void render_money(FILE *out, uint64_t microdollars);
/* Bytes of an agent's choice, escaped, and in quotes as above. */
void render_name(FILE *out, const char *text, size_t len);
/* Of an act its object alone, as it stands there. */
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
 *         type ("event", "lifecycle", "loss", "daemon", "policy", "egress", "call"), stream
 *         ("denials", "allowed", "lifecycle"; not for daemon, policy, egress and call)
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
 * call:   agent, agent_name, policy, outcome ("answered", "denied", "would_deny",
 *         "failed"), why ("none", "no_rule", "unknown", "token", "token_others",
 *         "stranger", "budget_tokens", "budget_money", "budget_calls", "no_price", "no_key",
 *         "malformed", "unsayable", "too_large", "busy", "unreachable", "provider", "broken",
 *         "timeout", "client_gone", "cut_tokens", "ended", "cut_money", "often"), rule (number or null), other (whose token
 *         it was, with token_others), provider and model (where told), wire and upstream (of
 *         agent and provider, where known: "openai-chat", "openai-responses", "anthropic",
 *         "gemini"), streamed, cached (true when so), status (of HTTP, where it was answered), input_tokens,
 *         output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens,
 *         microdollars, duration_us, first_us (to the answer's end and first byte; absent
 *         where not known), own_us (of that the gateway's own work), attempts (how often a
 *         provider was asked), queue_us, upstream_us, upstream_first_us (waiting for a
 *         connection; the provider, with that; from its request to its first byte: absent
 *         where none was asked), operation ("answer", "embeddings", "count") and served (the
 *         model's name at the provider), where told, request_sha256, answer_sha256 (of the bodies, where there were any)
 *
 * Bytes that are not UTF-8, and control characters, come as \u00XX. A text that
 * has such bytes is followed by its bytes in hexadecimal: text_hex, comm_hex.
 */
void render_json(FILE *out, const struct record *r);

#endif
