/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside what was learned: what collecting acts and writing the policy share. */
#ifndef AGENTOS_POLICY_LEARN_ACTS_H
#define AGENTOS_POLICY_LEARN_ACTS_H

#include "agentos.h"
#include "base/index.h"
#include "policy/learn.h"

/* An address and what was done there. */
struct learn_address {
	uint16_t family; /* AF_INET or AF_INET6 */
	uint16_t port;
	bool listens;  /* else connects, or sends */
	char protocol; /* 't', 'u', or 'o' for any other */
	uint8_t addr[16];
};

struct learn_socket {
	char *name; /* a path, or '@' and an abstract name */
	size_t len; /* abstract names may have any byte */
};

/* An object that only its own file system's path is known of. */
struct learn_relative {
	char *path;
	uint64_t ino;
	uint32_t dev, gen;
	uint8_t access;
};

/* What could not be used, by reason; written as comments. */
enum learn_gap {
	LEARN_GAP_TRUNCATED,  /* paths longer than a record holds */
	LEARN_GAP_NO_PATH,    /* no path at all, or one that leads nowhere from here */
	LEARN_GAP_UNWRITABLE, /* bytes that no policy can say */
	LEARN_GAP_UNNAMED,    /* sockets without a name */
	LEARN_GAP_NO_PORT,    /* connected to port 0 */
	LEARN_GAP_MOVED,      /* renames and links: of these one end is recorded */
	LEARN_GAPS,
};

struct learn {
	uint64_t rights;  /* that it used */
	uint64_t refused; /* that it asked for and did not get, though it was only watched */
	struct wish *wishes;
	size_t wish_count, wish_room;
	struct index by_path; /* of wishes */
	struct learn_address *addresses;
	size_t address_count, address_room;
	struct learn_socket *sockets;
	size_t socket_count, socket_room;
	struct learn_relative *relatives;
	size_t relative_count, relative_room;
	uint64_t gaps[LEARN_GAPS];
	uint64_t never[AGENTOS_HOOK_COUNT]; /* acts that no agent may do */
};

/* Can a policy say it, and a person read it? UTF-8, no control characters, no '*' and '?'. */
bool learn_can_say(const char *text);

/* Adds to what is wished of a path. -ENOMEM */
int learn_wish(struct learn *learn, const char *path, uint8_t access, bool made,
	       const struct agentos_event *event);

enum { LIST_READ, LIST_WRITE, LIST_EXEC, LISTS };

/* A policy on its way out. */
struct writer {
	const struct learn *learn;
	const struct place_world *world;
	FILE *out;
	struct places lists[LISTS];
	bool temporary;
};

/* Of a text in quotes, of which learn_can_say() holds. Without quotes it has nothing to escape. */
void learn_put_part(FILE *out, const char *text, size_t len);
/* A path as a policy has it; before: "-" or nothing. */
void learn_put_path(const struct writer *w, const char *path, const char *before);

/* How many of them a policy can allow. */
size_t learn_addresses_active(const struct writer *w, bool listens);
size_t learn_sockets_active(const struct writer *w);

/* The network: section, if there is anything to say. rights: of the policy; sockets: active ones. */
void learn_write_network(const struct writer *w, uint64_t rights, size_t sockets);

#endif
