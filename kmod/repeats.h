/* SPDX-License-Identifier: GPL-2.0-only */
/* Denials of the same act in a row: the first ones are recorded, further ones counted. */
#ifndef AGENTOS_REPEATS_H
#define AGENTOS_REPEATS_H

#include <linux/types.h>

/* So many are recorded one by one. */
#define REPEATS_RECORDED 16

/* What object of struct act is. */
enum act_kind {
	ACT_UNIQUE,  /* not told: no two such acts are the same */
	ACT_NUMBERS, /* three numbers, which are all of it */
	ACT_DENTRY,  /* a dentry's address, and a number */
};

/* What a policy says beyond yes and no: as bpf/event.bpf.h has it. */
enum act_effect { EFFECT_NONE, EFFECT_KILL, EFFECT_WATCH };

/* As bpf/agentos.bpf.h has it, with what the members mean. */
struct act {
	u16 hook;
	u8 verdict;
	u8 why;
	int error;
	u64 right;
	u32 rule;
	u32 access;
	s16 refusal;
	u8 effect;
	bool nested;
	u32 kind;      /* enum act_kind */
	u64 object[3]; /* of a path the last is no part of it: the layout, as path.h has it */
	u64 time_ns;   /* CLOCK_BOOTTIME */
};

/* What two acts have in common that are the same. All zero: of none. */
struct repeats_key {
	u64 words[9];
};

/* Denials that are counted and not recorded, and not told yet. */
struct untold {
	u64 count;
	u64 since_ns; /* of the record before them, or (others) of the first of them */
	u64 until_ns; /* of the last */
	s32 tgid;     /* of the last; initial pid namespace */
	u8 verdict;   /* likewise */
};

/* One agent's. */
struct repeats {
	struct repeats_key last;
	u64 recorded_ns; /* when the last one that was recorded was made */
	u32 run;	 /* how many the same in a row, up to one more than are recorded */
	bool closed;	 /* another act came behind those that are untold */
	struct untold untold;
};

/*
 * What the act of the calling task is told by. With ACT_DENTRY under RCU, and
 * object[0] is a dentry. The same file under the same name of the same directory
 * is the same object, whatever became of names above.
 */
void repeats_key_make(struct repeats_key *key, const struct act *act);

/*
 * Is the act, whose key that is, one of which enough have been recorded? Then it is
 * added to what is untold. There is place there for one row of acts: while it is
 * taken by an earlier one, others are recorded.
 */
bool repeats_count(struct repeats *repeats, const struct repeats_key *key, const struct act *act,
		   s32 tgid);

/* One more that is not recorded, whatever it is. */
void untold_add(struct untold *untold, u64 since_ns, const struct act *act, s32 tgid);

/* Takes what is untold out. False: there is nothing. */
bool repeats_take(struct repeats *repeats, struct untold *ret_untold);

/* The next act is not the same as the last, whatever it is. */
void repeats_break(struct repeats *repeats);

#endif
