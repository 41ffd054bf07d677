/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Agent programs for the simulator, from a generator with a seed. */
#ifndef AGENTOS_SIM_MIX_H
#define AGENTOS_SIM_MIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mix_kind {
	MIX_BLIND,    /* heavy-tailed, and nothing is known of any */
	MIX_INFORMED, /* of eight classes, which the scheduler is told */
	MIX_FANOUT,   /* a tenth sends 100 calls at once */
	MIX_CRITICAL, /* as blind; a tenth is critical, and has a deadline */
	MIX_RELAXED,  /* the same programs without that, to compare with */
	MIX_EQUAL,    /* all alike */
	MIX_REACT,    /* loops of few short calls and then a long one, and tools between them */
	MIX_MAPREDUCE, /* waves of calls at once, and one behind each that takes all of their answers */
	MIX_KINDS
};

/* As it is called; NULL: no such. */
const char *mix_name(enum mix_kind kind);
/* -ENOENT */
int mix_parse(const char *name, enum mix_kind *ret_kind);

struct mix_call {
	uint64_t service_ns, think_ns; /* think: from the end of those before it until it comes */
	bool beside;		       /* it comes with the one before it, and not behind it */
};

struct mix_program {
	uint64_t arrival_ns, unloaded_ns; /* unloaded: with all the slots to itself */
	uint64_t deadline_ns;		  /* a time; 0: none */
	uint64_t class;			  /* 0: none */
	size_t first, count;		  /* of its calls */
	bool critical, fan_out;		  /* fan_out: it sends many at once */
};

struct mix {
	struct mix_program *programs; /* owned, as are the calls */
	struct mix_call *calls;
	size_t count, call_count;
};

struct mix_options {
	enum mix_kind kind;
	size_t agents;
	unsigned int slots;
	double load; /* work that comes, as a multiple of what the slots do meanwhile; 0: all at once */
	uint64_t seed; /* the same one makes the same programs, however they are scheduled */
};

/* -ENOMEM */
int mix_create(const struct mix_options *options, struct mix *ret_mix);
void mix_release(struct mix *m);

#endif
