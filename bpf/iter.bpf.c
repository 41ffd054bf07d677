// SPDX-License-Identifier: GPL-2.0-only
/* Iterators: what `cat` of the pinned files prints. Agent-chosen bytes only when plain. */
#include "event.bpf.h"

/* A terminal must not be spoken to by an agent: anything unusual becomes '?'. */
static __always_inline void text_tame(char *text, int size)
{
	int i;

	for (i = 0; i < size; i++) {
		char c = text[i];

		if (!c)
			break;
		if (c < 0x20 || c > 0x7e)
			text[i] = '?';
	}
}

#define NAME_SIZE 64 /* AGENTOS_NAME_SIZE, whose header needs more than BTF has */

SEC("iter/task")
int agentos_iter_agents(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;
	struct agentos_facts facts = {};
	char name[NAME_SIZE] = {};
	char comm[AGENTOS_COMM_SIZE] = {};

	if (ctx->meta->seq_num == 0 && task)
		BPF_SEQ_PRINTF(seq, "%6s %-24s %8s %8s %6s %s\n", "AGENT", "NAME", "PID", "POLICY",
			       "UID", "PROGRAM");
	if (!task || task->pid != task->tgid)
		return 0;
	if (!agentos_task_facts(task, &facts, sizeof(facts), name, sizeof(name)))
		return 0;
	bpf_probe_read_kernel_str(comm, sizeof(comm), task->comm);
	text_tame(comm, sizeof(comm));
	BPF_SEQ_PRINTF(seq, "%6llu %-24s %8d %8u %6u %s\n", facts.id, name, task->tgid,
		       facts.policy, task->cred->uid.val, comm);
	return 0;
}

SEC("iter/bpf_map_elem")
int agentos_iter_denials(struct bpf_iter__bpf_map_elem *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct agentos_event *event = ctx->value;
	char comm[AGENTOS_COMM_SIZE] = {};
	char text[128] = {};

	if (ctx->meta->seq_num == 0 && event)
		BPF_SEQ_PRINTF(seq, "%8s %6s %8s %6s %-16s %4s %-6s %s\n", "SEQ", "AGENT", "PID",
			       "UID", "PROGRAM", "HOOK", "ERRNO", "OBJECT");
	if (!event || !event->seq)
		return 0;
	bpf_probe_read_kernel_str(comm, sizeof(comm), event->comm);
	text_tame(comm, sizeof(comm));
	bpf_probe_read_kernel_str(text, sizeof(text), event->text);
	text_tame(text, sizeof(text));
	BPF_SEQ_PRINTF(seq, "%8llu %6llu %8d %6u %-16s %4u %-6d %s\n", event->seq, event->agent,
		       event->tgid, event->uid, comm, event->hook, event->error, text);
	return 0;
}
