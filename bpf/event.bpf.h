/* SPDX-License-Identifier: GPL-2.0-only */
/* Records: begun in ring memory, filled in by the hook, sent to whoever listens. */
#ifndef AGENTOS_EVENT_BPF_H
#define AGENTOS_EVENT_BPF_H

#include "maps.bpf.h"

/* What a policy says beyond yes and no. */
enum {
	EFFECT_NONE,
	EFFECT_KILL,  /* denied: and the agent is ended for it */
	EFFECT_WATCH, /* allowed: and recorded as what would be denied; by `rule`, or by `right` */
};

/* slot: the ring that had no room, or AGENTOS_DROPS_REFUSED. */
static __always_inline void drop_count(__u32 slot)
{
	__u64 *count = bpf_map_lookup_elem(&drops, &slot);

	if (count)
		__sync_fetch_and_add(count, 1);
}

/* A lost record uses up its number: the reader sees the gap, and the count says how wide. */
static __always_inline __u64 sequence_next(__u32 ring)
{
	return __sync_fetch_and_add(&sequences[ring], 1) + 1;
}

/* Room for a record, and its number. NULL when the ring is full (counted). */
static __always_inline struct agentos_event *event_reserve(bool refused, __u64 *ret_seq)
{
	__u32 ring = refused ? AGENTOS_RING_DENIALS : AGENTOS_RING_ALLOWED;
	struct agentos_event *event;

	if (refused)
		event = bpf_ringbuf_reserve(&ring_denials, sizeof(*event), 0);
	else
		event = bpf_ringbuf_reserve(&ring_allowed, sizeof(*event), 0);
	*ret_seq = sequence_next(ring);
	if (!event)
		drop_count(ring);
	return event;
}

static __always_inline void hook_count(__u32 hook)
{
	struct agentos_hook_count *count = bpf_map_lookup_elem(&hook_counts, &hook);

	if (count)
		__sync_fetch_and_add(&count->denied, 1);
}

/* An act counts once, however it is recorded. Returns whether no record is to be made of it. */
static __always_inline int act_count(struct act *act)
{
	return agentos_denied(act, sizeof(*act), bpf_ringbuf_query(&ring_denials, BPF_RB_CONS_POS),
			      bpf_ringbuf_query(&ring_denials, BPF_RB_PROD_POS));
}

/*
 * NULL when no record is to be made, or there is no room (counted). To be written,
 * marked and ended with event_end(). What a strict agent was to be let do is refused
 * then: who calls this looks at the verdict after it.
 */
static __always_inline struct agentos_event *event_room(const struct agentos_facts *facts,
							struct act *act, __u64 *ret_seq)
{
	bool refused = act->verdict != AGENTOS_VERDICT_ALLOWED;
	struct agentos_event *event;

	if (act->verdict == AGENTOS_VERDICT_DENIED)
		hook_count(act->hook);
	if (refused && act_count(act))
		return NULL;
	event = event_reserve(refused, ret_seq);
	if (!event && facts->flags & FACT_STRICT && act->verdict != AGENTOS_VERDICT_DENIED) {
		drop_count(AGENTOS_DROPS_REFUSED);
		act->verdict = AGENTOS_VERDICT_DENIED;
		act->why = AGENTOS_WHY_UNRECORDED;
		act->error = act->refusal;
		act->effect = EFFECT_NONE;
		act->right = 0;
		act->rule = AGENTOS_RULE_NONE;
		hook_count(act->hook);
		if (!refused && act_count(act))
			return NULL;
		event = event_reserve(true, ret_seq);
	}
	return event;
}

/* Whose record it is. */
static __always_inline void event_mark(struct agentos_event *event,
				       const struct agentos_facts *facts, __u64 seq)
{
	event->seq = seq;
	event->agent = facts->id;
	event->policy = facts->policy;
}

/* Room for a record, written but for the object. As event_room(). */
static __always_inline struct agentos_event *event_begin(const struct agentos_facts *facts,
							 struct act *act)
{
	struct agentos_event *event;
	__u64 seq;

	event = event_room(facts, act, &seq);
	if (event) {
		agentos_record(event, sizeof(*event), act, sizeof(*act));
		event_mark(event, facts, seq);
	}
	return event;
}

/* To whoever listens. A sample is made before it is seen that nobody does: to ask is cheaper. */
static __always_inline void event_stream(void *ctx, struct agentos_event *event)
{
	if (bpf_perf_event_read(&events, BPF_F_CURRENT_CPU) != (__u64)-ENOENT)
		bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, event, sizeof(*event));
}

static __always_inline void event_end(void *ctx, struct agentos_event *event)
{
	event_stream(ctx, event);
	if (event->verdict == AGENTOS_VERDICT_DENIED) {
		__u32 slot = event->seq % AGENTOS_RECENT;
		struct agentos_event *kept = bpf_map_lookup_elem(&recent, &slot);

		/* Two records 256 apart may meet here; the log has both whole. */
		if (kept)
			agentos_record_keep(kept, sizeof(*kept), event, sizeof(*event));
	}
	bpf_ringbuf_submit(event, 0);
}

/* The outcome of copying a string into all of its room, or less: its length, or an errno. */
static __always_inline void event_text_len(struct agentos_event *event, int len)
{
	if (len < 0)
		event->text[0] = '\0';
	else
		event->text_len = len;
}

/*
 * The common case: a right decides alone. One that is watched does as if it were
 * there; whoever decides more of the act clears `right` with the rest of it.
 */
#define RIGHT_HELD(facts, RIGHT) (((facts).rights | (facts).watched) & AGENTOS_RIGHT(RIGHT))
#define RIGHT_ACT(facts, HOOK, RIGHT, errno_)                                              \
	{                                                                                  \
		.hook = AGENTOS_HOOK_##HOOK,                                               \
		.verdict = RIGHT_HELD(facts, RIGHT) ? AGENTOS_VERDICT_ALLOWED :            \
						      AGENTOS_VERDICT_DENIED,              \
		.why = RIGHT_HELD(facts, RIGHT) ? AGENTOS_WHY_NONE : AGENTOS_WHY_RIGHT,    \
		.error = RIGHT_HELD(facts, RIGHT) ? 0 : -(errno_), .refusal = -(errno_),   \
		.right = (facts).rights & AGENTOS_RIGHT(RIGHT) ? 0 : AGENTOS_RIGHT(RIGHT), \
		.rule = AGENTOS_RULE_NONE,                                                 \
		.effect = (facts).watched & ~(facts).rights & AGENTOS_RIGHT(RIGHT) ?       \
				  EFFECT_WATCH :                                           \
				  EFFECT_NONE,                                             \
	}

/* Refused to every agent, whatever its rights. */
#define NEVER_ACT(HOOK, WHY)                                                          \
	{                                                                             \
		.hook = AGENTOS_HOOK_##HOOK, .verdict = AGENTOS_VERDICT_DENIED,       \
		.why = AGENTOS_WHY_##WHY, .error = -EPERM, .rule = AGENTOS_RULE_NONE, \
	}

/* Are the mounts that the calling task sees those of a user namespace, and so of nobody else? */
static __always_inline bool mounts_are_nested(void)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return BPF_CORE_READ(task, nsproxy, mnt_ns, user_ns, level);
}

static __always_inline bool right_is_guarded(const struct act *act)
{
	if (!(act->right & AGENTOS_RIGHTS_GUARDED) || act->nested)
		return false;
	return act->right != AGENTOS_RIGHT(MOUNT) || !mounts_are_nested();
}

/*
 * Is a refusal one that an audit-only agent is spared? What no agent may do, and
 * what AgentOS itself hangs on, is none. dentry: what is acted on, or NULL.
 */
static __always_inline bool act_is_spared(const struct agentos_facts *facts, const struct act *act,
					  struct dentry *dentry)
{
	switch (act->why) {
	case AGENTOS_WHY_RIGHT:
	case AGENTOS_WHY_RULE:
	case AGENTOS_WHY_NO_RULE:
	case AGENTOS_WHY_WIDER:
	case AGENTOS_WHY_HOLDS:
		break;
	default:
		return false;
	}
	if (AGENTOS_RULE_IS_OWN(act->rule) || right_is_guarded(act))
		return false;
	return !dentry || !agentos_guarded(dentry, facts->policy, act->access,
					   act->hook == AGENTOS_HOOK_DELETE ||
						   act->hook == AGENTOS_HOOK_RENAME);
}

/* What is watched is let pass only where an audit-only agent would be. */
static __always_inline void act_watch(const struct agentos_facts *facts, struct act *act,
				      struct dentry *dentry)
{
	act->verdict = AGENTOS_VERDICT_WOULD_DENY;
	act->why = act->right ? AGENTOS_WHY_RIGHT : AGENTOS_WHY_RULE;
	if (act_is_spared(facts, act, dentry))
		return;
	act->verdict = AGENTOS_VERDICT_DENIED;
	act->error = act->refusal;
	act->effect = EFFECT_NONE;
}

/*
 * The last word about an act, for every hook: here an audit-only agent is let do
 * it, what is watched becomes that, and whoever does what he is to die for is
 * condemned. Whatever is refused whatever the agent's rights must be decided before
 * what is a matter of rights. Returns whether there is anything to record.
 */
static __always_inline bool act_settle(const struct agentos_facts *facts, struct act *act,
				       struct dentry *dentry)
{
	if (facts->flags & FACT_PROVING)
		return false;
	if (act->verdict != AGENTOS_VERDICT_DENIED && act->effect != EFFECT_WATCH)
		return facts->flags & FACT_RECORD;
	if (act->verdict != AGENTOS_VERDICT_DENIED) {
		act_watch(facts, act, dentry);
		return true;
	}
	/* Refused for something else than what is watched. */
	if (act->effect == EFFECT_WATCH) {
		act->effect = EFFECT_NONE;
		act->rule = AGENTOS_RULE_NONE;
		act->right = act->why == AGENTOS_WHY_RIGHT ? act->right : 0;
	}
	if (act->why == AGENTOS_WHY_RIGHT && agentos_right_kills(act->right, facts->policy))
		act->effect = EFFECT_KILL;
	/* Whoever sends an agent a file would else end it. */
	if (act->hook == AGENTOS_HOOK_FILE_RECEIVE)
		act->effect = EFFECT_NONE;
	if (facts->flags & FACT_AUDIT_ONLY) {
		if (act_is_spared(facts, act, dentry)) {
			act->verdict = AGENTOS_VERDICT_WOULD_DENY;
			act->error = 0;
		}
	} else if (act->effect == EFFECT_KILL) {
		agentos_condemn();
	}
	return true;
}

/* What acts of a kind are told apart by, before there is a record. */
static __always_inline void act_is_about(struct act *act, __u32 kind, __u64 object, __u64 number)
{
	act->kind = kind;
	act->object[0] = object;
	act->object[1] = number;
}

/* A record whose object is two numbers, or nothing. Returns whether the act is denied. */
static __noinline int act_number(void *ctx, const struct agentos_facts *facts, struct act *act,
				 __u64 number, __u64 number2)
{
	struct agentos_event *event;

	if (!facts || !act)
		return 1;
	if (act_settle(facts, act, NULL)) {
		act_is_about(act, ACT_NUMBERS, number, number2);
		event = event_begin(facts, act);
		if (event) {
			event->object_kind = AGENTOS_OBJECT_NUMBER;
			event->number = number;
			event->number2 = number2;
			event_end(ctx, event);
		}
	}
	return act->verdict == AGENTOS_VERDICT_DENIED;
}

/* A record whose object is a string, of the kernel's or (from_user) of the program's. Likewise. */
static __noinline int act_text(void *ctx, const struct agentos_facts *facts, struct act *act,
			       const void *text, bool from_user)
{
	struct agentos_event *event;

	if (!facts || !act)
		return 1;
	if (act_settle(facts, act, NULL)) {
		event = event_begin(facts, act);
		if (event) {
			event->object_kind = AGENTOS_OBJECT_TEXT;
			event_text_len(
				event,
				from_user ? bpf_probe_read_user_str(event->text, 256, text) - 1 :
					    bpf_probe_read_kernel_str(event->text, 64, text) - 1);
			event_end(ctx, event);
		}
	}
	return act->verdict == AGENTOS_VERDICT_DENIED;
}

/* A record whose object is a task. */
static __always_inline int act_task(void *ctx, const struct agentos_facts *facts, struct act *act,
				    struct task_struct *task, __u64 detail)
{
	struct agentos_event *event;

	if (act_settle(facts, act, NULL)) {
		act_is_about(act, ACT_NUMBERS, task->tgid, detail);
		act->object[2] = (__u64)task;
		event = event_begin(facts, act);
		if (event) {
			event->object_kind = AGENTOS_OBJECT_TASK;
			event->number = task->tgid;
			event->number2 = detail;
			event_text_len(event, bpf_probe_read_kernel_str(
						      event->text, AGENTOS_COMM_SIZE, task->comm) -
						      1);
			event_end(ctx, event);
		}
	}
	return act->verdict == AGENTOS_VERDICT_DENIED;
}

/* A record whose object is a dentry, on a mount that is not known. */
static __always_inline int act_dentry(void *ctx, const struct agentos_facts *facts, struct act *act,
				      struct dentry *dentry)
{
	struct agentos_event *event;

	if (act_settle(facts, act, dentry)) {
		act_is_about(act, ACT_DENTRY, (__u64)dentry, 0);
		event = event_begin(facts, act);
		if (event) {
			agentos_record_dentry(dentry, event, sizeof(*event));
			event_end(ctx, event);
		}
	}
	return act->verdict == AGENTOS_VERDICT_DENIED;
}

/*
 * A record whose object is a path that exists. dentry: the path's own. For each
 * time that it passes over such a read 6.12's verifier searches all of the
 * kernel's types four times, and it passes over all of this very often: so who
 * calls this reads it, and once.
 */
static __always_inline int act_path(void *ctx, const struct agentos_facts *facts, struct act *act,
				    struct path *path, struct dentry *dentry, __u64 number)
{
	struct agentos_event *event;
	__u64 seq;

	if (act_settle(facts, act, dentry)) {
		act_is_about(act, ACT_DENTRY, (__u64)dentry, number);
		event = event_room(facts, act, &seq);
		if (event) {
			/* There is no room for one more member: 6.1 counts all frames together. */
			act->object[2] = mount_layout;
			agentos_record_path(path, event, sizeof(*event), act, sizeof(*act));
			event_mark(event, facts, seq);
			event->number = number;
			event_end(ctx, event);
		}
	}
	return act->verdict == AGENTOS_VERDICT_DENIED;
}

#endif
