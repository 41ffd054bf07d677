/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One run: agent programs in virtual time, through the scheduler that is made for the gateway. */
#ifndef AGENTOS_SIM_RUN_H
#define AGENTOS_SIM_RUN_H

#include "sched/sched.h"
#include "sim/mix.h"

enum subject {
	SUBJECT_FIFO,	      /* calls as they come */
	SUBJECT_PROGRAM_FIFO, /* agents as they came */
	SUBJECT_RETRY, /* no queue: refused, and tried again, from 0.5 s doubled to 60 s, with jitter */
	SUBJECT_RR,
	SUBJECT_LAS, /* least attained service: SCHED_FAIR */
	SUBJECT_COGNITIVE,
	SUBJECT_CLAIRVOYANT, /* least remaining service of the program, which nobody can know */
	SUBJECTS
};

const char *subject_name(enum subject subject);

struct run_options {
	enum subject subject;
	unsigned int slots;
	uint64_t requests_per_min; /* 0: no such limit */
	uint64_t seed;		   /* of the jitter */
	uint32_t stretch_percent;  /* of SUBJECT_COGNITIVE; 0: as sched_options_usual() has it */
	bool relaxed;		   /* nobody is critical, and no deadline is told */
};

struct run {
	uint64_t *took_ns; /* owned: of each program from its arrival to its end */
	uint64_t *wait_ns; /* owned: of each call */
	size_t programs, calls;
	uint64_t refused;
};

/*
 * -ENOMEM; -EINVAL: options that the scheduler refuses; -EAGAIN, -ENOSPC: more calls or agents at
 * once than it takes (bounds.h); -EDEADLK: something never ended
 */
int run_create(const struct run_options *options, const struct mix *mix, struct run *ret_run);
void run_release(struct run *r);

#endif
