/* SPDX-License-Identifier: GPL-2.0-only */
/* What every program shares: the module's kfuncs, constants the BTF lacks, a verdict's shape. */
#ifndef AGENTOS_BPF_H
#define AGENTOS_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "agentos_event.h"

/* Macros are not in BTF. */
#define EPERM		  1
#define ENOENT		  2
#define EACCES		  13
#define ENOTCONN	  107
#define EINVAL		  22
#define FMODE_READ	  0x1
#define FMODE_WRITE	  0x2
#define FMODE_EXEC	  0x20
#define FMODE_NOACCOUNT	  0x20000000 /* the kernel's own open of a backing file */
#define O_TRUNC		  01000
#define O_ACCMODE	  03
#define PROT_WRITE	  0x2
#define PROT_EXEC	  0x4
#define VM_WRITE	  0x2
#define VM_EXEC		  0x4
#define AF_UNSPEC	  0
#define AF_UNIX		  1
#define AF_INET		  2
#define AF_INET6	  10
#define INADDR_LOOPBACK	  0x7f000001
#define AF_NETLINK	  16
#define SOL_IP		  0
#define SOL_IPV6	  41
#define IPPROTO_ICMPV6	  58
#define IPPROTO_MPTCP	  262
#define SOCK_TYPE_MASK	  0xf
#define S_IFMT		  0170000
#define S_IFREG		  0100000
#define S_IFCHR		  0020000
#define S_IFBLK		  0060000
#define SOCK_STREAM	  1
#define SOCK_DGRAM	  2
#define SOCK_RAW	  3
#define PF_IO_WORKER	  0x10
#define SB_KERNMOUNT	  (1 << 22)
#define MAGIC_BPF	  0xcafe4a11
#define SIGKILL		  9
#define NO_NAME(ia32)	  ((ia32) ? 0 : ~0ULL) /* as kmod/call.h has it */
#define READ_IMPLIES_EXEC 0x0400000
#define PERSONALITY_ASK	  0xffffffff /* sets none */

/* As kmod/kfuncs.c has it. */
struct agentos_facts {
	__u64 id;
	__u64 rights;
	__u64 watched; /* of those that it lacks: what they are for is done, and told */
	__u32 policy;
	__u32 flags;
};

/* FACT_PROVING: attach asks whether hooks are live: deny, record nothing. */
#define FACT_PROVING	(1U << 0)
#define FACT_RECORD	(1U << 1) /* record what is allowed as well */
#define FACT_AUDIT_ONLY (1U << 4) /* what rights and rules refuse is only recorded */
#define FACT_STRICT	(1U << 5) /* what cannot be recorded is refused */

/* What object of struct act is: as kmod/repeats.h has it. */
enum {
	ACT_UNIQUE,  /* not told */
	ACT_NUMBERS, /* three numbers, which are all of it */
	ACT_DENTRY,  /* a dentry's address, and a number */
};

/* What a program decided, before the object is described. As kmod/repeats.h has it. */
struct act {
	__u16 hook;   /* enum agentos_hook */
	__u8 verdict; /* enum agentos_verdict */
	__u8 why;     /* enum agentos_why */
	int error;
	__u64 right;   /* missing, or with EFFECT_WATCH and no rule the one that is; else 0 */
	__u32 rule;    /* number, or AGENTOS_RULE_NONE */
	__u32 access;  /* AGENTOS_FILE_* wanted */
	__s16 refusal; /* the error that it ends with when it is refused after all */
	__u8 effect;   /* EFFECT_* */
	bool nested;   /* it counts in a user namespace that is not the first, and nowhere else */
	__u32 kind;    /* ACT_*: by what it is told from others, before its record is made */
	__u64 object[3];
	__u64 time_ns; /* set when it is counted as a denial */
};

/* A walk up the object's own file system, and its outcome. */
struct agentos_walk {
	__u8 open;    /* AGENTOS_FILE_* not decided yet */
	__u8 allowed; /* each kind of access is decided by the nearest rule about it */
	__u8 watched; /* of what is allowed: it is told */
	__u8 denied;
	__u8 killed;	 /* of what is denied: it ends the agent */
	__u8 noted;	 /* the module's own */
	__u8 apart;	 /* where the way up ended is not the root of its file system */
	__u8 unresolved; /* the way up could not be followed */
	__u32 rule;	 /* the first that kills; or denied; or watched; else AGENTOS_RULE_NONE */
	__u32 noted_by;	 /* the module's own */
	__u64 top;	 /* address of the dentry where the way up ended undecided */
	__u32 policy;	 /* whose rules: that of facts, also when it was exchanged since */
	__u32 pad;
};

/* What the quick ones answer: as kmod/quick.h has it. */
enum {
	QUICK_DONE, /* the calling task is in no agent, or it may, and nothing is to be recorded */
	QUICK_ASK,  /* it depends */
	QUICK_TELL, /* it may, and that is to be recorded: agentos_record_open() knows the rest */
};

#define QUICK_ANSWER(quick) ((__u8)(quick))

/* What is done with an address, and what the rules say: as kmod/endpoint.h has it. */
enum { ENDPOINT_CONNECT, ENDPOINT_BIND, ENDPOINT_LISTEN, ENDPOINT_RECEIVED };
enum { CALLER_ELSEWHERE, CALLER_GATEWAY, CALLER_NOWHERE }; /* as kmod/caller.h has it */
enum {
	ENDPOINT_ALLOWED,
	ENDPOINT_WATCHED,
	ENDPOINT_DENIED,
	ENDPOINT_NO_RULE,
	ENDPOINT_KILLED,
	ENDPOINT_NEVER,
};

enum { ENDPOINT_UNIX_WALKED, ENDPOINT_UNIX_ALLOWED, ENDPOINT_UNIX_NO_RULE };

struct agentos_net_ask {
	__u32 policy; /* that of facts */
	__u32 act;
	__u32 rule; /* told: whose it was, else AGENTOS_RULE_NONE */
	__u32 port; /* told of what leads to the gateway: its, in network order */
};

/* The calling task's agent, its parent and so on, 0 behind the last. All zero before the call. */
struct agentos_line {
	__u64 agent[AGENTOS_LINE];
	__u64 left[AGENTOS_LINE]; /* network bytes it may still use; U64_MAX: it has no limit */
};

extern __u64 agentos_facts(struct agentos_facts *facts, __u32 facts__sz) __ksym;
extern int agentos_refused(void) __ksym;
extern int agentos_denied(struct act *act, __u32 act__sz, __u64 consumed, __u64 produced) __ksym;
extern int agentos_right_kills(__u64 rights, __u32 policy) __ksym;
extern int agentos_condemn(void) __ksym;
extern int agentos_task_facts(struct task_struct *task, struct agentos_facts *facts,
			      __u32 facts__sz, char *name, __u32 name__sz) __ksym;
extern int agentos_task_inside(struct task_struct *task) __ksym;
extern int agentos_owner_inside(struct file *file, int *number, __u32 number__sz) __ksym;
extern int agentos_owner_drop(struct file *file) __ksym;
extern int agentos_line(struct agentos_line *line, __u32 line__sz) __ksym;
extern __u64 agentos_file_open_quick(struct file *file) __ksym;
extern __u64 agentos_entry_quick(struct dentry *dentry, __u32 removes) __ksym;
extern __u64 agentos_move_quick(struct dentry *from, struct dentry *to) __ksym;
extern __u64 agentos_net_quick(struct socket *sock, struct sockaddr *address, __u32 act) __ksym;
extern __u64 agentos_send_quick(struct socket *sock, struct msghdr *msg) __ksym;
extern int agentos_net(struct socket *sock, struct sockaddr *address, struct agentos_net_ask *ask,
		       __u32 ask__sz) __ksym;
extern int agentos_net_message(struct socket *sock, struct msghdr *msg, struct agentos_net_ask *ask,
			       __u32 ask__sz) __ksym;
extern int agentos_net_redirected(struct msghdr *msg) __ksym;
extern int agentos_unix(struct sock *other, struct agentos_walk *walk, __u32 walk__sz) __ksym;
extern int agentos_gateway(struct sock *other, struct sock *accepted, struct agentos_net_ask *ask,
			   __u32 ask__sz) __ksym;
extern int agentos_gateway_way(struct socket *sock, struct agentos_net_ask *ask,
			       __u32 ask__sz) __ksym;
extern int agentos_net_own(struct socket *sock, struct agentos_net_ask *ask, __u32 ask__sz) __ksym;
extern int agentos_walk(struct dentry *dentry, __u32 want, struct agentos_walk *walk,
			__u32 walk__sz) __ksym;
extern int agentos_walk_on(__u64 dentry, struct agentos_walk *walk, __u32 walk__sz) __ksym;
extern int agentos_rules_below(struct dentry *dentry, __u32 policy) __ksym;
extern int agentos_guarded(struct dentry *dentry, __u32 policy, __u32 want, __u32 moves) __ksym;
extern int agentos_device_takes_right(struct dentry *dentry) __ksym;
extern int agentos_call_refuse(int error, __u32 ia32, __u64 harmless) __ksym;
extern int agentos_start_gives_code(void) __ksym;
extern int agentos_record(struct agentos_event *event, __u32 event__sz, const struct act *act,
			  __u32 act__sz) __ksym;
extern int agentos_record_path(struct path *path, struct agentos_event *event, __u32 event__sz,
			       const struct act *act, __u32 act__sz) __ksym;
extern __u64 agentos_record_open(struct file *file, struct agentos_event *event, __u32 event__sz,
				 __u64 quick, __u64 layout) __ksym;
extern int agentos_record_entry(struct path *dir, struct dentry *dentry,
				struct agentos_event *event, __u32 event__sz, __u64 layout) __ksym;
extern int agentos_record_dentry(struct dentry *dentry, struct agentos_event *event,
				 __u32 event__sz) __ksym;
extern int agentos_record_keep(struct agentos_event *kept, __u32 kept__sz,
			       const struct agentos_event *event, __u32 event__sz) __ksym;

/*
 * Begins every program: whoever is not an agent leaves here. Programs that everybody
 * runs often ask a quick one first, or look at an argument, and have the rest in a
 * function of its own: so those sets no frame up, and saves no registers, for nothing.
 */
/* clang-format off */
#define AGENT_OR_RETURN(facts)                     \
	struct agentos_facts facts = {};           \
	if (!agentos_facts(&facts, sizeof(facts))) \
		return 0
/* clang-format on */

/*
 * Ends every program. The verifier must see a constant on each path: left
 * alone, clang 14 makes arithmetic of it, which 6.12 refuses.
 */
static __always_inline int verdict(int denied, int error)
{
	int ret = 0;

	if (denied) {
		if (error == -EACCES)
			ret = -EACCES;
		else
			ret = -EPERM;
		barrier_var(ret);
		if (ret < -4095 || ret >= 0)
			return -EPERM;
		return ret;
	}
	return 0;
}

/* An argument of the hook, in a function that has its ctx. */
#define ARGUMENT(ctx, index, type) ((type)((unsigned long long *)(ctx))[index])

/*
 * A hook's pointer argument that may be NULL. 6.12 takes the arguments of LSM
 * hooks for trusted, so never NULL, and deletes a plain test as dead code.
 */
static __always_inline bool argument_is_null(const unsigned long long *ctx, int index)
{
	unsigned long value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), &ctx[index]);
	return !value;
}

/*
 * The kernel acts on the task's behalf with credentials of its own: overlayfs
 * on its upper and lower objects. The act on the object that the task named
 * was decided before. An agent cannot bring this about by itself: borrowing
 * registered credentials is refused (uring_override_creds). But a ring also
 * runs a request with those that its submitter had then, in a worker or in the
 * submitter itself: who has ever used a ring gets no exemption. By probing
 * reads, which cost 6.12's verifier less (see act_path()); any error says no.
 */
static __always_inline bool creds_overridden(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	const struct cred *cred = NULL, *own = NULL;
	struct io_uring_task *rings = NULL;
	unsigned int flags = 0;

	if (bpf_core_read(&cred, sizeof(cred), &task->cred) ||
	    bpf_core_read(&own, sizeof(own), &task->real_cred) || cred == own)
		return false;
	return !bpf_core_read(&flags, sizeof(flags), &task->flags) && !(flags & PF_IO_WORKER) &&
	       !bpf_core_read(&rings, sizeof(rings), &task->io_uring) && !rings;
}

/* A mount that is mounted on none. Any read error says no. */
static __always_inline bool mount_stands_alone(struct vfsmount *vfsmount)
{
	struct mount *mount = (void *)vfsmount - bpf_core_field_offset(struct mount, mnt);
	struct mount *parent = NULL;

	return !bpf_core_read(&parent, sizeof(parent), &mount->mnt_parent) && parent == mount;
}

/*
 * A mount that stands in no tree of mounts: what no path leads to. Overlayfs
 * has such of what it lies on. Any read error says no.
 */
static __always_inline bool mount_is_internal(struct vfsmount *vfsmount)
{
	struct mount *mount = (void *)vfsmount - bpf_core_field_offset(struct mount, mnt);

	return mount_stands_alone(vfsmount) && (long)BPF_CORE_READ(mount, mnt_ns) == -EINVAL;
}

#endif
