/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words for the numbers in records. */
#ifndef AGENTOS_AUDIT_NAMES_H
#define AGENTOS_AUDIT_NAMES_H

#include <stdint.h>

#include "audit/record.h"

#define NAME_ROOM 32

/*
 * Each returns a word for a number: a constant, or what it wrote to other when
 * the number is one that this version does not know ("hook-57"). The words are
 * ASCII without anything that a terminal, JSON or HTML would act on. They are
 * part of the JSON output: append, never change.
 */
const char *name_hook(unsigned int hook, char other[NAME_ROOM]);       /* "file_open" */
const char *name_doing(unsigned int hook, char other[NAME_ROOM]);      /* "open" */
const char *name_why(unsigned int why, char other[NAME_ROOM]);	       /* "no_rule" */
const char *name_verdict(unsigned int verdict, char other[NAME_ROOM]); /* "denied" */
const char *name_outcome(unsigned int outcome, char other[NAME_ROOM]); /* "failed" */
const char *name_egress(unsigned int why, char other[NAME_ROOM]);      /* "provider" */
const char *name_answer(unsigned int outcome, char other[NAME_ROOM]);  /* "answered", of calls */
const char *name_call(unsigned int why, char other[NAME_ROOM]);	       /* "budget_money" */
const char *name_wire(unsigned int wire, char other[NAME_ROOM]);       /* "openai-chat", from 1 */
const char *name_operation(unsigned int operation, char other[NAME_ROOM]); /* "answer", from 1 */
const char *name_kind(unsigned int kind, char other[NAME_ROOM]);	   /* "path" */
const char *name_right(unsigned int bit, char other[NAME_ROOM]);	   /* "net-connect" */
const char *name_stream(unsigned int stream, char other[NAME_ROOM]);	   /* "denials" */
const char *name_lifecycle(unsigned int type, char other[NAME_ROOM]);	   /* "attach" */
const char *name_reason(unsigned int reason, char other[NAME_ROOM]);	   /* "exit" */
const char *name_resource(unsigned int number, char other[NAME_ROOM]);	   /* "tokens" */
const char *name_note(unsigned int note, char other[NAME_ROOM]);	   /* "started" */
const char *name_signal(uint64_t number, char other[NAME_ROOM]);	   /* "SIGKILL" */
const char *name_capability(uint64_t number, char other[NAME_ROOM]);	   /* "CAP_SYS_ADMIN" */
const char *name_family(uint64_t family, char other[NAME_ROOM]);	   /* "AF_NETLINK" */
const char *name_protocol(uint64_t protocol, char other[NAME_ROOM]);	   /* "TCP" */

#endif
