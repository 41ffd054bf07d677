/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What random_calls draws arguments from: names, descriptors, processes, addresses, structs. */
#ifndef AGENTOS_TESTS_POOL_H
#define AGENTOS_TESTS_POOL_H

#include <arpa/inet.h>
#include <limits.h>
#include <linux/aio_abi.h>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/netlink.h>
#include <linux/openat2.h>
#include <linux/perf_event.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/escape/prog/calls.h"

#define SLOTS	     48 /* descriptors are kept below this number */
#define SOCKET_FIRST 28 /* of the sockets that a child begins with */
#define SOCKETS	     6
#define ROOM	     0x10000000L /* structs and bytes: below 4 GB, for int 0x80 */
#define ROOM_SIZE    0x40000L	 /* for each thread */
#define ROOM_OUT     0x10000L	 /* of it, for what calls tell */
#define FIELD	     0x20000000L /* memory to be mapped, unmapped and executed */
#define FIELD_PAGES  256

/* What is out there, told by the test. */
static struct target {
	const char *tree;     /* has ws, ro, outside */
	pid_t stranger[4];    /* a process outside of the same user, root's, another's; agentosd */
	unsigned long memory; /* an address in each but the last */
	unsigned short tcp, udp;     /* ports on loopback that answer, v4 and v6 */
	unsigned short allowed;	     /* one that a rule allows to connect to */
	const char *name;	     /* of an abstract Unix socket */
	int ipc[3], ipc_key[3], key; /* shared memory, semaphores, queue, a key */
	const char *queue;
} target;

/* One line of execution. */
struct pool {
	uint64_t random;
	int depth;	/* forks above it */
	char *at, *end; /* of its part of ROOM: structs go to `at` and on */
	char *out;
	socklen_t address_len; /* of the sockaddr made last */
};

static char handle_known[160]; /* of a file outside, as name_to_handle_at tells it */

static inline uint64_t pool_random(struct pool *pool)
{
	uint64_t x = (pool->random += 0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

static inline uint32_t pool_below(struct pool *pool, uint32_t limit)
{
	return (uint32_t)(pool_random(pool) % limit);
}

static inline bool pool_chance(struct pool *pool, uint32_t one_in)
{
	return pool_below(pool, one_in) == 0;
}

#define PICK(pool, list) ((list)[pool_below(pool, sizeof(list) / sizeof((list)[0]))])

/* A number at an edge, or anywhere. */
static inline uint64_t pool_number(struct pool *pool)
{
	static const uint64_t edges[] = {
		0,	    1,		2,	   3,	       4,	   7,	     8,
		15,	    16,		19,	   64,	       255,	   256,	     4095,
		4096,	    65535,	65536,	   INT32_MAX,  UINT32_MAX, -1ULL,    -2ULL,
		1ULL << 31, 1ULL << 32, INT64_MAX, 1ULL << 63, -20ULL,	   -4096ULL,
	};

	if (pool_chance(pool, 4))
		return pool_random(pool) >> pool_below(pool, 64);
	return PICK(pool, edges);
}

static inline uint64_t pool_length(struct pool *pool)
{
	static const uint64_t lengths[] = { 0, 1, 2, 4, 8, 16, 20, 24, 64, 128, 255, 4096, 8192 };

	return pool_chance(pool, 16) ? pool_number(pool) : PICK(pool, lengths);
}

/* --- room --- */

static inline void *pool_room(struct pool *pool, size_t size)
{
	char *at = pool->at;

	if (at + size > pool->end)
		return at - 4096;
	memset(at, 0, size);
	pool->at += (size + 15) & ~15UL;
	return at;
}

static inline char *pool_text(struct pool *pool, const char *text)
{
	char *copy = pool_room(pool, strlen(text) + 1);

	return strcpy(copy, text);
}

static inline void *pool_bytes(struct pool *pool, size_t size)
{
	uint64_t *words = pool_room(pool, size);
	size_t i;

	for (i = 0; i < size / 8; i++)
		words[i] = pool_chance(pool, 2) ? pool_number(pool) : 0;
	return words;
}

/* --- names --- */

/* T/ is the tree, P/ is /proc/PID of a process outside, F/ is /proc/self/fd/N. */
static const char *const names_inside[] = {
	"a",	    "b",	"d",	      "d/a",	 "d/b",		"n1", "n2",	"n3",
	"d/n4",	    "d/n5",	"into",	      "outward", "s",		".",  "denied", "denied/f",
	"denied/n", "x.secret", "d/y.secret", "T/ws/a",	 "T/ws/d/../b", "F/",
};
static const char *const names_outside[] = {
	"T/outside",
	"T/outside/root",
	"T/outside/demo",
	"T/outside/other",
	"T/outside/open",
	"T/outside/open/f",
	"T/outside/open/d",
	"T/outside/open/n",
	"T/outside/open/full",
	"T/outside/open/full/f",
	"T/outside/private",
	"T/outside/private/f",
	"T/outside/link",
	"T/outside/node",
	"T/outside/pipe",
	"T/outside/twice",
	"T/outside/program",
	"T/outside/image",
	"T/outside/stream",
	"T/outside/datagram",
	"T/ro",
	"T/ro/f",
	"T/ro/n",
	"T/ro/d",
	"T/ro/d/f",
	"../outside/open/f",
	"../ro/f",
	"d/../../outside/demo",
	"into",
	"into/../open/f",
	"outward/f",
	"outward/n",
	"/etc/shadow",
	"/etc/passwd",
	"/etc/sudoers",
	"/root",
	"/home/demo",
	"/home/demo/f",
	"/tmp",
	"/tmp/n",
	"/dev/shm/n",
	"/run",
	"/run/n",
	"/",
	"/usr/bin/su",
	"/etc/ld.so.preload",
	"/var/lib/agentos/audit",
	"/var/lib/agentos",
};
static const char *const names_kernel[] = {
	"P/mem",
	"P/environ",
	"P/root",
	"P/root/etc/shadow",
	"P/cwd",
	"P/cwd/f",
	"P/fd/3",
	"P/fd",
	"P/oom_score_adj",
	"P/comm",
	"P/ns/mnt",
	"P/ns/net",
	"P/ns/user",
	"P/ns/pid",
	"P/timerslack_ns",
	"P/clear_refs",
	"P/loginuid",
	"P/sched",
	"P/setgroups",
	"P/uid_map",
	"P/coredump_filter",
	"P/attr/current",
	"P/task",
	"P/maps",
	"P/pagemap",
	"P/syscall",
	"P/stack",
	"P/exe",
	"/proc/self/mem",
	"/proc/self/exe",
	"/proc/self/root",
	"/proc/self/cwd/a",
	"/proc/self/fd",
	"/proc/self/uid_map",
	"/proc/self/setgroups",
	"/proc/self/ns/mnt",
	"/proc/self/ns/net",
	"/proc/self/oom_score_adj",
	"/proc/self/attr/exec",
	"/proc/self/comm",
	"/proc/self/ns/uts",
	"/proc/thread-self/root/etc/shadow",
	"/proc/sysrq-trigger",
	"/proc/kcore",
	"/proc/kmsg",
	"/proc/kallsyms",
	"/proc/sys/kernel/core_pattern",
	"/proc/sys/kernel/hostname",
	"/proc/sys/kernel/modprobe",
	"/proc/sys/net/ipv4/ip_forward",
	"/proc/sys/vm/swappiness",
	"/proc/sys/vm/drop_caches",
	"/proc/sys/kernel/printk",
	"/proc/sys/fs/protected_symlinks",
	"/proc/sys/kernel/ns_last_pid",
	"/proc/sys/net/ipv4/ping_group_range",
	"/proc/1/root",
	"/proc/1/environ",
	"/proc/1/oom_score_adj",
	"/proc/1/ns/mnt",
	"/proc/swaps",
	"/proc/mounts",
	"/proc/irq/default_smp_affinity",
	"/proc/mtrr",
	"/proc/asound",
	"/proc/self/clear_refs",
	"/sys/power/state",
	"/sys/kernel/mm/transparent_hugepage/enabled",
	"/sys/class/net/lo/mtu",
	"/sys/module/agentos/parameters",
	"/sys/kernel/uevent_helper",
	"/sys/fs/bpf",
	"/sys",
	"/sys/fs/bpf/agentos",
	"/sys/fs/bpf/agentos/events",
	"/sys/fs/bpf/agentos/denials",
	"/sys/fs/bpf/agentos/file_open",
	"/sys/fs/bpf/n",
	"/sys/fs/cgroup",
	"/sys/fs/cgroup/n",
	"/sys/fs/cgroup/cgroup.procs",
	"/sys/fs/cgroup/cgroup.subtree_control",
	"/sys/fs/cgroup/escape",
	"/sys/fs/cgroup/escape/cgroup.procs",
	"/sys/kernel/security",
	"/sys/fs/cgroup/escape/cgroup.freeze",
	"/sys/fs/cgroup/escape/cgroup.kill",
	"/sys/kernel/debug",
	"/sys/kernel/debug/clear_warn_once",
	"/sys/kernel/tracing/trace_marker",
	"/sys/kernel/tracing/kprobe_events",
	"/dev/mem",
	"/dev/null",
	"/dev/zero",
	"/dev/kmsg",
	"/dev/tty",
	"/dev/ttyS0",
	"/dev/console",
	"/dev/ptmx",
	"/dev/pts/0",
	"/dev/loop0",
	"/dev/loop-control",
	"/dev/agentos",
	"/dev/fuse",
	"/dev/net/tun",
	"/dev/full",
	"/dev/n",
	"/dev/hpet",
	"/dev/rtc0",
	"/dev/snapshot",
	"/dev/userfaultfd",
	"/dev/vport0p1",
	"/dev/input",
	"/run/agentos/control.sock",
	"/run/agentos",
	"/run/vm/cmd",
	"/proc/self/task",
	"/proc/sysvipc",
};

static inline char *pool_path(struct pool *pool)
{
	const char *form;
	char *path = pool_room(pool, 256);

	switch (pool_below(pool, 20)) {
	case 0:
		return path; /* "": the descriptor itself, with AT_EMPTY_PATH */
	case 1 ... 8:
		form = PICK(pool, names_inside);
		break;
	case 9 ... 14:
		form = PICK(pool, names_outside);
		break;
	default:
		form = PICK(pool, names_kernel);
	}
	if (strncmp(form, "T/", 2) == 0)
		snprintf(path, 256, "%s/%s", target.tree, form + 2);
	else if (strncmp(form, "P/", 2) == 0)
		snprintf(path, 256, "/proc/%d/%s", PICK(pool, target.stranger), form + 2);
	else if (strncmp(form, "F/", 2) == 0)
		snprintf(path, 256, "/proc/self/fd/%u", pool_below(pool, SLOTS / 2));
	else
		snprintf(path, 256, "%s", form);
	if (pool_chance(pool, 24))
		strcat(path, "/");
	return path;
}

static inline char *pool_name(struct pool *pool)
{
	static const char *const names[] = {
		"user.a",
		"trusted.a",
		"security.capability",
		"system.posix_acl_access",
		"security.a",
		"system.posix_acl_default",
		"trusted.overlay.opaque",
		"user",
		"keyring",
		"logon",
		"big_key",
		"a",
		"",
		"tmpfs",
		"proc",
		"sysfs",
		"cgroup2",
		"bpf",
		"mqueue",
		"overlay",
		"ext4",
		"devpts",
		"debugfs",
		"fuse",
		"ramfs",
		"ro",
		"size",
		"mode",
		"source",
		"agentos",
		"dummy",
		"escape",
	};

	return pool_text(pool, PICK(pool, names));
}

/* --- processes --- */

/*
 * Not its supervisor, whose end would be the end of the run; that each of its
 * own may be signalled is no news.
 */
static inline pid_t pool_pid(struct pool *pool)
{
	switch (pool_below(pool, 8)) {
	case 0 ... 3:
		return PICK(pool, target.stranger);
	case 4:
		return getpid();
	case 5:
		return 0;
	case 6:
		return pool_chance(pool, 2) ? 1 : 2;
	default:
		return pool_chance(pool, 2) ? -1 : -PICK(pool, target.stranger);
	}
}

static inline unsigned long pool_uid(struct pool *pool)
{
	static const uint64_t ids[] = { 0, 0, 1000, 1001, -1U, -1U, 65534, 990 };

	return PICK(pool, ids);
}

/* --- addresses --- */

static inline void *pool_address(struct pool *pool)
{
	static const uint32_t hosts[] = { 0x7f000001, 0x7f000001, 0x7f000001, 0,	 0x7fffffff,
					  0xe0000001, 0x0a000001, 0xffffffff, 0x7f000002 };
	unsigned short ports[] = { target.tcp,	   target.tcp,	   target.udp, target.udp,
				   target.allowed, target.allowed, 0,	       1 };
	struct sockaddr_storage *a = pool_room(pool, sizeof(*a));
	struct sockaddr_in *v4 = (void *)a;
	struct sockaddr_in6 *v6 = (void *)a;
	struct sockaddr_un *un = (void *)a;

	v4->sin_port = htons(PICK(pool, ports));
	switch (pool_below(pool, 16)) {
	case 12 ... 15:
		v4->sin_port = htons(target.allowed);
		v4->sin_family = AF_INET;
		v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		pool->address_len = sizeof(*v4);
		break;
	case 0 ... 3:
		v4->sin_family = AF_INET;
		v4->sin_addr.s_addr = htonl(PICK(pool, hosts));
		pool->address_len = sizeof(*v4);
		break;
	case 4 ... 6:
		v6->sin6_family = AF_INET6;
		v6->sin6_addr = in6addr_loopback;
		if (pool_chance(pool, 3))
			v6->sin6_addr = (struct in6_addr){
				{ { [10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1 } }
			};
		pool->address_len = sizeof(*v6);
		break;
	case 7 ... 9:
		a->ss_family = AF_UNIX;
		pool->address_len = sizeof(*un);
		if (pool_chance(pool, 3)) {
			un->sun_path[0] = '\0';
			strcpy(un->sun_path + 1, target.name);
			pool->address_len = offsetof(struct sockaddr_un, sun_path) + 1 +
					    strlen(target.name);
		} else if (pool_chance(pool, 2)) {
			snprintf(un->sun_path, sizeof(un->sun_path), "../outside/%s",
				 pool_chance(pool, 2) ? "stream" : "datagram");
		} else {
			strcpy(un->sun_path,
			       pool_chance(pool, 2) ? "s" : "/run/agentos/control.sock");
		}
		break;
	case 10:
		a->ss_family = AF_NETLINK;
		pool->address_len = sizeof(struct sockaddr_nl);
		break;
	default:
		a->ss_family = pool_below(pool, 46);
		pool->address_len = sizeof(*v4);
	}
	if (pool_chance(pool, 24))
		pool->address_len = pool_below(pool, 130);
	return a;
}

/* --- structs --- */

static inline void *pool_vector(struct pool *pool)
{
	struct iovec *v = pool_room(pool, 8 * sizeof(*v));
	int i;

	for (i = 0; i < 8; i++) {
		v[i].iov_base = pool_chance(pool, 3) ? (void *)target.memory : pool->out;
		v[i].iov_len = pool_chance(pool, 8) ? pool_below(pool, 8192) : 8;
	}
	return v;
}

/* With a descriptor, or what else a message may carry, beside it. */
static inline struct msghdr *pool_message(struct pool *pool)
{
	struct msghdr *message = pool_room(pool, sizeof(*message));
	struct cmsghdr *c = pool_room(pool, 64);
	int fd = (int)pool_below(pool, SLOTS / 2);

	if (!pool_chance(pool, 4)) {
		message->msg_name = pool_address(pool);
		message->msg_namelen = pool->address_len;
	}
	message->msg_iov = pool_vector(pool);
	message->msg_iovlen = pool_below(pool, 3);
	if (pool_chance(pool, 2)) {
		c->cmsg_level = pool_chance(pool, 2) ? SOL_SOCKET : (int)pool_below(pool, 60);
		c->cmsg_type = pool_chance(pool, 2) ? SCM_RIGHTS : (int)pool_below(pool, 60);
		c->cmsg_len = CMSG_LEN(pool_chance(pool, 2) ? 4 : 12);
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
		message->msg_control = c;
		message->msg_controllen = 32;
	}
	return message;
}

static inline void *pool_messages(struct pool *pool)
{
	struct mmsghdr *messages = pool_room(pool, 2 * sizeof(*messages));
	int i;

	for (i = 0; i < 2; i++)
		messages[i].msg_hdr = *pool_message(pool);
	return messages;
}

/* Short to wait for; as a date, long ago or far away. */
static inline void *pool_time(struct pool *pool)
{
	struct timespec *t = pool_room(pool, 4 * sizeof(*t));
	int i;

	for (i = 0; i < 2; i++) {
		t[i].tv_sec =
			pool_chance(pool, 3) ? 1000000000 + (time_t)pool_below(pool, 1u << 30) : 0;
		t[i].tv_nsec = pool_chance(pool, 8) ? (long)pool_number(pool) : 999999;
	}
	return t;
}

static inline void *pool_bpf(struct pool *pool)
{
	union bpf_attr *attr = pool_bytes(pool, 160);
	uint64_t *code = pool_room(pool, 16);

	code[0] = 0xb7; /* r0 = 0; exit */
	code[1] = 0x95;
	switch (pool_below(pool, 5)) {
	case 0:
		memset(attr, 0, 160);
		attr->map_type = pool_below(pool, 33);
		attr->key_size = attr->value_size = 4;
		attr->max_entries = pool_chance(pool, 2) ? 1 : 4096;
		break;
	case 1:
		memset(attr, 0, 160);
		attr->prog_type = pool_below(pool, 33);
		attr->insn_cnt = 2;
		attr->insns = (uintptr_t)code;
		attr->license = (uintptr_t)pool_text(pool, "GPL");
		break;
	case 2:
		memset(attr, 0, 160);
		attr->pathname = (uintptr_t)pool_path(pool);
		attr->bpf_fd = pool_below(pool, SLOTS / 2);
		break;
	case 3:
		memset(attr, 0, 160);
		attr->start_id = pool_below(pool, 200);
		break;
	}
	return attr;
}

static inline void *pool_perf(struct pool *pool)
{
	struct perf_event_attr *attr = pool_room(pool, sizeof(*attr));

	attr->size = sizeof(*attr);
	attr->type = pool_below(pool, 8);
	attr->config = pool_below(pool, 12);
	attr->exclude_kernel = pool_chance(pool, 2);
	attr->inherit = pool_chance(pool, 4);
	attr->sample_period = pool_chance(pool, 4) ? pool_number(pool) : 0;
	return attr;
}

static inline void *pool_filter(struct pool *pool)
{
	struct sock_filter *code = pool_room(pool, 2 * sizeof(*code));
	struct sock_fprog *program = pool_room(pool, sizeof(*program));

	code[0] = (struct sock_filter){ 0x06, 0, 0, 0x7fff0000 }; /* allow */
	program->len = 1;
	program->filter = code;
	return program;
}

static inline void *pool_capabilities(struct pool *pool, bool head)
{
	struct __user_cap_header_struct *h = pool_room(pool, 24);
	struct __user_cap_data_struct *data = (void *)h;

	if (head) {
		h->version = _LINUX_CAPABILITY_VERSION_3;
		h->pid = pool_chance(pool, 4) ? pool_pid(pool) : 0;
	} else {
		data[0].effective = data[0].permitted = (uint32_t)pool_number(pool);
		data[0].inheritable = data[1].effective = (uint32_t)pool_number(pool);
	}
	return h;
}

/* struct sched_attr, of which libc knows nothing; sched_param is a number that comes first. */
static inline void *pool_schedule(struct pool *pool)
{
	uint32_t *attr = pool_room(pool, 64);

	attr[0] = 48; /* its size */
	if (pool_chance(pool, 2))
		attr[0] = pool_chance(pool, 2) ? 0 : pool_below(pool, 100);
	attr[1] = pool_below(pool, 7);				    /* the policy */
	attr[4] = (uint32_t)-20 + pool_below(pool, 40);		    /* the nice value */
	attr[5] = pool_chance(pool, 2) ? pool_below(pool, 100) : 0; /* the priority */
	return attr;
}

static inline void *pool_command_argument(struct pool *pool)
{
	uint32_t *words = pool_bytes(pool, 4096);

	switch (pool_below(pool, 4)) {
	case 0:
		return (void *)(uintptr_t)pool_below(pool, 64);
	case 1:
		strcpy((char *)words, "lo"); /* struct ifreq */
		words[4] = pool_chance(pool, 2) ? 0 : AF_INET;
		return words;
	case 2:
		words[0] = pool_chance(pool, 2) ? pool_below(pool, 256) : 4096; /* ours: a size */
		return words;
	default:
		return words;
	}
}

#endif
