/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Providers of models: where each is, what it speaks, how it is authenticated to, its quirks. Pure. */
#ifndef AGENTOS_LLM_PROVIDER_H
#define AGENTOS_LLM_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "llm/base_url.h"
#include "llm/row.h"
#include "llm/wire.h"

/*
 * A row:	provider NAME KEY=VALUE...
 *
 * from=NAME	  begins as a copy of that provider; first, if it is there
 * wire=WIRE	  openai-chat, openai-responses, anthropic or gemini
 * url=URL	  base_url.h; {region}, {resource} and {account} stand for those keys
 * auth=AUTH	  enum provider_auth, in its words
 * secret=NAME	  in the vault (the provider's name)
 * header=NAME:VALUE  added to each request that has none of this name; repeated for more
 * quirks=A,B	  enum provider_quirk, in its words; "none"
 * region= resource= account=  letters, digits and '-': for the URL
 * service=NAME	  that a request is signed for (sigv4)
 * api-version=V  Azure's, where the deployment is in the path
 * cache=SECONDS  for which an answer is given again to who asks the same; 0: never
 * cache-shared=yes  to any agent that may ask it; else each has its own
 * slots=N	  calls that it takes at once; more wait for their turn
 * queue=N	  that wait at most (LIMIT_CALL_CONNECTIONS); more are refused
 * order=ORDER	  in which they go: enum provider_order, in its words
 * requests-per-minute=N tokens-per-minute=N  that it takes; likewise
 * plain=yes	  http to a host that is not known to be ours
 * checked=DATE	  when URL and authentication were compared with documentation, the
 *		  provider's own or a catalogue of providers; without: from memory
 */
enum provider_auth {
	PROVIDER_NONE,
	PROVIDER_BEARER,	 /* Authorization: Bearer SECRET */
	PROVIDER_X_API_KEY,	 /* Anthropic */
	PROVIDER_X_GOOG_API_KEY, /* Gemini */
	PROVIDER_API_KEY,	 /* Azure */
	PROVIDER_SIGV4,		 /* sigv4.h */
	PROVIDER_AUTHS
};

/* What must be left out, or said in another way. A bit each; their words are in provider.c. */
enum provider_quirk {
	PROVIDER_MAX_COMPLETION_TOKENS, /* max_completion_tokens where others have max_tokens */
	PROVIDER_NO_STREAM_USAGE,	/* no stream_options; usage comes by itself or not at all */
	PROVIDER_NO_SYSTEM,		/* no system turns: their text leads the first user turn */
	PROVIDER_SYSTEM_ROLE,		/* "system", not "developer" */
	PROVIDER_ALTERNATE,		/* user and assistant must take turns: merge before */
	PROVIDER_TEXT_CONTENT,		/* content as one string, not as parts */
	PROVIDER_NO_TOOLS,
	PROVIDER_NO_PARALLEL_TOOLS, /* no parallel_tool_calls */
	PROVIDER_NO_TOOL_CHOICE,
	PROVIDER_ANY_CHOICE, /* tool_choice "any", where others have "required" */
	PROVIDER_NO_JSON,    /* no response_format at all */
	PROVIDER_NO_SCHEMA,  /* no response_format json_schema; json_object is there */
	PROVIDER_NO_SEED,
	PROVIDER_RANDOM_SEED, /* "random_seed" for "seed" */
	PROVIDER_NO_PENALTIES,
	PROVIDER_NO_EFFORT,  /* no reasoning_effort */
	PROVIDER_NO_USER,    /* no user */
	PROVIDER_NO_STORE,   /* no store */
	PROVIDER_DEPLOYMENT, /* the model is a deployment, in the path (Azure) */
	PROVIDER_QUIRKS
};

/* In which calls go to a provider that takes few: of sched/sched.h, SCHED_... */
enum provider_order {
	PROVIDER_FIFO, /* as they came */
	PROVIDER_RR,
	PROVIDER_FAIR,
	PROVIDER_COGNITIVE,
	PROVIDER_ORDERS
};

struct provider_header {
	const char *name, *value;
};

struct provider {
	const char *name;
	enum wire_kind wire;
	const char *template; /* as the row has it */
	struct base_url url;  /* unless something is missing */
	const char *missing;  /* a key that the URL needs and nobody set; NULL: usable */
	enum provider_auth auth;
	const char *secret; /* NULL: none is needed */
	struct provider_header headers[LIMIT_HEADERS];
	size_t header_count;
	uint32_t quirks; /* 1 << enum provider_quirk */
	const char *region, *resource, *account, *service, *api_version; /* NULL: not given */
	uint32_t slots, queue; /* 0: not given, likewise below */
	uint64_t requests_per_min, tokens_per_min;
	enum provider_order order;
	uint32_t cache_s;
	bool cache_shared;
	bool plain;
	uint32_t checked;  /* 20261130; 0: it was not */
	const char *where; /* the row's file, NULL for what is built in */
	unsigned int line;
};

/*
 * Makes a provider of a row. find(): one that there is already, by name, for from=; NULL:
 * there is none. -EBADMSG with f, -ENOMEM
 */
int provider_read(const struct row_reader *r, const struct row *row, struct arena *a,
		  const struct provider *(*find)(const void *cookie, const char *name),
		  const void *cookie, struct provider *ret_provider, struct fault *f);

static inline bool provider_has(const struct provider *p, enum provider_quirk quirk)
{
	return p->quirks >> quirk & 1;
}

/* May its calls have to wait for their turn? */
static inline bool provider_is_bounded(const struct provider *p)
{
	return p->slots || p->requests_per_min || p->tokens_per_min;
}

/* Lower case letters, digits, '-', '.' and '_', from a letter or digit on. */
bool provider_is_name(const char *name, size_t len);

const char *provider_wire_name(enum wire_kind wire);
const char *provider_auth_name(enum provider_auth auth);
const char *provider_quirk_name(enum provider_quirk quirk);
const char *provider_order_name(enum provider_order order);

/* The header that has the secret, and what stands before it there. NULL: none, or signed. */
const char *provider_auth_header(enum provider_auth auth, const char **ret_before);

#endif
