/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/* What all commands have in common: the rules that hold for each, and the limits. */
#ifndef _UAPI_AGENTOS_BASE_H
#define _UAPI_AGENTOS_BASE_H

/*
 * Rules that hold for every command
 *
 * - Each struct begins with `size`: the caller sets sizeof() of what it was
 *   compiled with. A shorter struct than the first version's is -EINVAL; a
 *   longer one is accepted when all bytes the module does not know are zero,
 *   else -E2BIG. There are no holes; padding must be zero (-EINVAL).
 * - Unknown flags, rights or access bits are -EINVAL. Nothing is changed by a
 *   command that fails.
 * - Fields named ret_* are written only on success.
 * - A command that is to come (agentos_calls.h) is -ENOSYS; another unknown one
 *   is -ENOTTY, an unreadable or unwritable pointer is -EFAULT, want of memory
 *   is -ENOMEM.
 * - A process that is itself in an agent is refused the device (-EPERM on
 *   open), and read() and every command but CALLER on a descriptor of the device
 *   it may have been left with (-EPERM).
 * - On an agent descriptor it may ask INFO and DUP. Everything else it may ask
 *   only of descendants of its own agent (-EPERM), but for DERIVE, which it may
 *   ask of its own as well, and RESERVE and SETTLE, which it may not ask at all:
 *   what is charged to an agent is charged to all above it.
 */

#define AGENTOS_ABI    2
#define AGENTOS_DEVICE "/dev/agentos"

/* Limits. Reaching one is an error with a name, never a truncation. */
#define AGENTOS_NAME_SIZE      64    /* bytes, the NUL included */
#define AGENTOS_AGENTS_MAX     16384 /* live agents: -ENOSPC */
#define AGENTOS_POLICIES_MAX   4096  /* policy objects: -ENOSPC */
#define AGENTOS_RULES_MAX      16384 /* rules of one policy: -ENOSPC */
#define AGENTOS_RULE_NAME_SIZE 64    /* bytes of a ruled name, the NUL included */
#define AGENTOS_PATTERNS_MAX   64    /* names of one policy that are ruled anywhere, and abstract */
				     /* ones of Unix sockets: -ENOSPC for each */
#define AGENTOS_NET_RULES_MAX  16384 /* rules of one policy on addresses: -ENOSPC */
#define AGENTOS_CALLS_KEPT     255   /* newest calls of the gateway that are known of an agent */
#define AGENTOS_LIFECYCLE_KEPT 4096  /* records kept for readers */
#define AGENTOS_ENUMERATE_MAX  4096  /* ids in one answer */
#define AGENTOS_DEPTH_MAX      8     /* generations below an agent without parent: -EMLINK */
#define AGENTOS_CHILDREN_MAX   1024  /* live agents derived from one: -ENOSPC */
#define AGENTOS_MESSAGE_MAX    65536 /* bytes of one message: -EMSGSIZE */
#define AGENTOS_MAIL_KEPT      256   /* messages in one mailbox: -EAGAIN, or wait */
#define AGENTOS_MAIL_ROOM      262144	/* bytes of messages in one mailbox: likewise */
#define AGENTOS_METER_NS       10000000 /* shortest time between two looks at CPU time */
#define AGENTOS_STRUCT_MAX     4096	/* largest `size` accepted: -E2BIG */

#define AGENTOS_IOC_MAGIC 0xA0

/* What may be done to a file; a rule allows or denies each. */
#define AGENTOS_FILE_READ    (1U << 0)
#define AGENTOS_FILE_WRITE   (1U << 1)
#define AGENTOS_FILE_EXEC    (1U << 2)
#define AGENTOS_FILE_CONNECT (1U << 3) /* to the Unix socket that it is */
#define AGENTOS_FILE_ALL     0xfU

/*
 * What may be done with an address of the network; a rule allows or denies each.
 * To connect is also to send to it, and to listen is also to bind to it. TCP is
 * MPTCP as well; OTHER is whatever is neither that nor UDP.
 */
#define AGENTOS_NET_CONNECT_TCP	  (1U << 0)
#define AGENTOS_NET_CONNECT_UDP	  (1U << 1)
#define AGENTOS_NET_CONNECT_OTHER (1U << 2)
#define AGENTOS_NET_LISTEN_TCP	  (1U << 3)
#define AGENTOS_NET_LISTEN_UDP	  (1U << 4)
#define AGENTOS_NET_LISTEN_OTHER  (1U << 5)
#define AGENTOS_NET_CONNECT	  0x07U
#define AGENTOS_NET_LISTEN	  0x38U
#define AGENTOS_NET_ALL		  0x3fU

/* Numbers that no policy's own rule has. */
#define AGENTOS_RULE_NONE 0xffffffffU
/*
 * No writing below AGENTOS_PIN_DIR, nor in agentosd's directory, where its sockets are: in
 * every policy; nor, where there are limits, to cgroups.
 */
#define AGENTOS_RULE_PINS 0xfffffffeU
#define AGENTOS_RULE_FEED 0xfffffffdU /* of all denial feeds, its own may be read: likewise */
#define AGENTOS_RULE_GATE \
	0xfffffffcU /* the gateway may be connected to: with rules on host names */
#define AGENTOS_RULE_LOG  0xfffffffbU /* no writing to the audit log, and its key is nobody's */
#define AGENTOS_RULE_KEYS 0xfffffffaU /* nor are the vault, its key, and that of agents' tokens */
/* What these deny no policy can allow. */
#define AGENTOS_RULE_IS_OWN(number)                                        \
	((number) == AGENTOS_RULE_PINS || (number) == AGENTOS_RULE_FEED || \
	 (number) == AGENTOS_RULE_LOG || (number) == AGENTOS_RULE_KEYS)

/* The layout is the contract: it is asserted wherever this is compiled. */
#ifdef __KERNEL__
#define AGENTOS_ASSERT(x) _Static_assert(x, #x)
#elif defined(__cplusplus)
#define AGENTOS_ASSERT(x) static_assert(x, #x)
#else
#define AGENTOS_ASSERT(x) _Static_assert(x, #x)
#endif

#endif /* _UAPI_AGENTOS_BASE_H */
