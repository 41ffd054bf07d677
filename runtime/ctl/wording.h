/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A policy's rules in words: what they are about, what they say of it, where they stand. */
#ifndef AGENTOS_CTL_WORDING_H
#define AGENTOS_CTL_WORDING_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/policy.h"

#define WORDING_ACTS  128
#define WORDING_PLACE 512

/* An act, and what it is called; the last of a table has no name. */
struct wording_act {
	uint32_t bit;
	const char *name;
};

extern const struct wording_act wording_of_files[];	/* AGENTOS_FILE_* */
extern const struct wording_act wording_of_addresses[]; /* AGENTOS_NET_* */
extern const struct wording_act wording_of_egress[];	/* 1 << enum compiled_egress_kind */

/* "read, write", in a buffer of WORDING_ACTS; all the protocols of an act are its name alone. */
void wording_acts(char *text, const struct wording_act *acts, uint32_t bits);

/* An address as a policy's list has it. */
struct wording_address {
	char text[INET6_ADDRSTRLEN + 32];
};
struct wording_address wording_address(const struct policy_address *a);

/* What the gateway may connect to, likewise. */
struct wording_egress {
	char text[COMPILED_HOST + 16];
};
struct wording_egress wording_egress(const struct compiled_egress *e);

/* "path", "name" or "abstract". */
const char *wording_kind(const struct policy_rule *rule);

/* "FILE:LINE", escaped, in a buffer of WORDING_PLACE. Returns its length. */
size_t wording_place(char *text, const struct policy *p, struct policy_place at);

/* One of the limits, budgets or parts of the schedule, for people and for programs. */
struct wording_term {
	char text[96];	/* "memory 2G"; empty: it is not given */
	char json[128]; /* a member of an object */
};

enum wording_terms { WORDING_LIMITS, WORDING_BUDGETS, WORDING_SCHEDULE, WORDING_TERMS };

/* What sections of terms are called. */
extern const char *const wording_terms[WORDING_TERMS];

/* The at'th of a section. False: that has no more. */
bool wording_term(const struct compiled_terms *t, enum wording_terms section, size_t at,
		  struct wording_term *ret_term);

/* "key":"value", escaped, on stdout; and a list of acts, ["read","write"]. */
void wording_json(const char *key, const char *value);
void wording_json_acts(const struct wording_act *acts, uint32_t bits);

#endif
