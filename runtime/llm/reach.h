/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a request asks for that the length of its body does not bound. Pure. */
#ifndef AGENTOS_LLM_REACH_H
#define AGENTOS_LLM_REACH_H

#include "llm/wire.h"

/* Rather too much than too little: what is not known to be in the body is beyond it. */
struct reach {
	/* URLs, files, earlier responses, caches, tools that the provider runs: any length of prompt. */
	bool beyond_body;
	/* Charged by the piece, by another tier, or later: prices of tokens say nothing of it. */
	bool otherwise_priced;
	bool cache_hour; /* a cache that lasts an hour */
	uint64_t images; /* in the body */
};

/*
 * json: one object that scan_json() has found to be JSON. Names are found however they
 * are written, and in letters of either case, as some providers read them so. What a
 * tool was called with, and schemas, are not looked into.
 */
void reach_scan(enum wire_kind wire, const char *json, size_t len, struct reach *ret_reach);

#endif
