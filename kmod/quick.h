/* SPDX-License-Identifier: GPL-2.0-only */
/* What the quick ones answer: as bpf/agentos.bpf.h has it. */
#ifndef AGENTOS_QUICK_H
#define AGENTOS_QUICK_H

enum {
	QUICK_DONE, /* the calling task is in no agent, or it may, and nothing is to be recorded */
	QUICK_ASK,  /* it depends */
	QUICK_TELL, /* it may, and that is to be recorded: with what follows */
};

#define QUICK_ANSWER(quick)	   ((u8)(quick))
#define QUICK_ACCESS(quick)	   ((u8)((quick) >> 8))	  /* AGENTOS_FILE_* that it wants */
#define QUICK_POLICY(quick)	   ((u32)((quick) >> 32)) /* the id of that by which it may */
#define QUICK_TOLD(access, policy) (QUICK_TELL | (u64)(access) << 8 | (u64)(policy) << 32)

#endif
