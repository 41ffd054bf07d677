/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a request asks for that the length of its body does not bound. Pure. */
#ifndef AGENTOS_LLM_REACH_H
#define AGENTOS_LLM_REACH_H

#include "base/limits.h"
#include "llm/scan.h"
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

/* While a body is looked over. */
struct reach_walk {
	enum wire_kind wire;
	struct reach *reach;
	unsigned int depth;  /* objects and arrays that are open */
	unsigned int unseen; /* depth of the one that is not looked into; 0: none */
	bool object[LIMIT_JSON_DEPTH + 1];
	/* What is known of the member that is at each depth; of what is in an array, of the array's. */
	uint32_t names[LIMIT_JSON_DEPTH + 1];
};

/*
 * Finds out while scan_json_watch() looks over one object: ret_watch, which is good as long as
 * the walk and *ret_reach are, is what it is to tell. Names are found however they are written,
 * and in letters of either case, as some providers read them so. What a tool was called with,
 * and schemas, are not looked into.
 */
void reach_watch(struct reach_walk *w, enum wire_kind wire, struct reach *ret_reach,
		 struct scan_watch *ret_watch);

/* The same of a body by itself. What is no JSON reaches for all there is. */
void reach_scan(enum wire_kind wire, const char *json, size_t len, struct reach *ret_reach);

#endif
