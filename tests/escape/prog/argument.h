/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One argument of a system call, by its kind. */
#ifndef AGENTOS_TESTS_ARGUMENT_H
#define AGENTOS_TESTS_ARGUMENT_H

#include "tests/escape/prog/pool.h"

static inline uint64_t set_bits(struct pool *pool, const struct set *set)
{
	uint64_t bits = 0;
	uint32_t n = pool_below(pool, 4);

	while (n--)
		bits |= set->of[pool_below(pool, (uint32_t)set->count)];
	return pool_chance(pool, 32) ? bits | 1ULL << pool_below(pool, 32) : bits;
}

static inline uint64_t set_one(struct pool *pool, const struct set *set)
{
	return pool_chance(pool, 64) ? pool_below(pool, 80) :
				       set->of[pool_below(pool, (uint32_t)set->count)];
}

/* Numbers, and what else fits into a register. */
static inline uint64_t argument_number(struct pool *pool, const struct call *call, enum kind kind)
{
	static const int signals[] = { 0,      SIGCONT, SIGTERM,  SIGUSR1, SIGKILL, SIGSTOP,
				       SIGHUP, SIGINT,	SIGWINCH, SIGCHLD, SIGIO,   34 };
	static const int64_t keys[] = { -1, -2, -3, -4, -5, -6, -7 };

	switch (kind) {
	case A_FD:
		return pool_below(pool, SLOTS / 2);
	case A_SOCKET:
		return pool_chance(pool, 4) ? pool_below(pool, SLOTS) :
					      SOCKET_FIRST + pool_below(pool, SOCKETS);
	case A_DIR:
		return pool_chance(pool, 4) ? pool_below(pool, SLOTS / 2) : (uint64_t)AT_FDCWD;
	case A_BITS0:
	case A_BITS1:
	case A_BITS2:
		return set_bits(pool, call->set[kind - A_BITS0]);
	case A_ONE0:
	case A_ONE1:
	case A_ONE2:
		return set_one(pool, call->set[kind - A_ONE0]);
	case A_COMMAND:
		return set_one(pool, call->set[0]);
	case A_LEN:
	case A_OFFSET:
		return pool_length(pool);
	case A_SMALL:
		return pool_below(pool, 9);
	case A_NUM:
		return pool_number(pool);
	case A_MODE:
		return pool_chance(pool, 4) ? pool_below(pool, 0200000) : 0100666;
	case A_LEN_OF:
		return pool->address_len;
	case A_PID:
		return (uint64_t)pool_pid(pool);
	case A_UID:
		return pool_uid(pool);
	case A_SIGNAL:
		return (uint64_t)PICK(pool, signals);
	case A_SIZE_8:
		return 8;
	case A_ADDRESS:
		if (pool_chance(pool, 64))
			return pool_number(pool);
		return pool_chance(pool, 8) ? 0 : FIELD + pool_below(pool, FIELD_PAGES) * 4096UL;
	case A_KEY:
		return pool_chance(pool, 3) ? (uint64_t)target.key : (uint64_t)PICK(pool, keys);
	case A_IPC:
		return pool_chance(pool, 2) ? (uint64_t)PICK(pool, target.ipc) :
					      pool_below(pool, 4);
	case A_IPC_KEY:
		return pool_chance(pool, 2) ? (uint64_t)PICK(pool, target.ipc_key) :
					      pool_below(pool, 3);
	default:
		return 0;
	}
}

static inline void handler(int signal)
{
}

static inline void *argument_action(struct pool *pool)
{
	uint64_t *action = pool_room(pool, 32); /* the kernel's, not libc's */

	action[0] = pool_chance(pool, 3) ? (uint64_t)SIG_IGN :
		    pool_chance(pool, 2) ? (uint64_t)SIG_DFL :
					   (uint64_t)handler;
	action[1] = action[0] > 1 ? 0 : pool_number(pool) & SA_NODEFER;
	return action;
}

static inline void *argument_handle(struct pool *pool)
{
	char *handle = pool_room(pool, sizeof(handle_known));

	memcpy(handle, handle_known, sizeof(handle_known));
	if (pool_chance(pool, 4))
		handle[8 + pool_below(pool, 24)] ^= 1;
	return handle;
}

static inline void *argument_words(struct pool *pool, enum kind kind)
{
	uint64_t *words = pool_room(pool, 64);

	switch (kind) {
	case A_LEN_AT:
		words[0] = pool_chance(pool, 8) ? pool_number(pool) : 64;
		break;
	case A_OFFSET_AT:
		if (pool_chance(pool, 2))
			return NULL;
		words[0] = pool_length(pool);
		break;
	case A_HOW:
		words[0] = pool_below(pool, 4) | (pool_chance(pool, 2) ? O_CREAT : 0);
		words[1] = words[0] & O_CREAT ? 0666 : 0;
		words[2] = pool_chance(pool, 2) ? pool_below(pool, 64) : 0;
		break;
	case A_ATTR:
		words[0] = 1ULL << pool_below(pool, 21);
		words[1] = pool_chance(pool, 2) ? 1ULL << pool_below(pool, 21) : 0;
		break;
	case A_RLIMIT:
		words[0] = words[1] = pool_number(pool);
		break;
	case A_SIGSET:
		words[0] = pool_random(pool) & ~(1ULL << (SIGALRM - 1));
		break;
	case A_SEMBUF:
		words[0] = pool_below(pool, 3) | (uint64_t)IPC_NOWAIT << 32 | 1ULL << 16;
		break;
	case A_SIGINFO:
		((int *)words)[0] = SIGUSR1;
		((int *)words)[2] = pool_chance(pool, 2) ? SI_QUEUE : (int)pool_below(pool, 9);
		break;
	case A_EVENT:
		((int *)words)[0] = (int)pool_number(pool);
		break;
	case A_URING:
		((uint32_t *)words)[2] = pool_chance(pool, 2) ? 1U << pool_below(pool, 16) : 0;
		break;
	default:
		break;
	}
	return words;
}

/* What is reached through a pointer. */
static inline void *argument_struct(struct pool *pool, enum kind kind)
{
	struct timex *timex;
	char **argv;

	switch (kind) {
	case A_PATH:
		return pool_path(pool);
	case A_NAME:
		return pool_name(pool);
	case A_QUEUE:
		return pool_text(pool, pool_chance(pool, 2) ? target.queue : "random");
	case A_OUT:
		return pool->out + pool_below(pool, 16) * 64UL;
	case A_DATA:
		return pool_bytes(pool, 8192);
	case A_IOV:
		return pool_vector(pool);
	case A_SOCKADDR:
		return pool_address(pool);
	case A_MSG:
		return pool_message(pool);
	case A_MMSG:
		return pool_messages(pool);
	case A_TIME:
		return pool_chance(pool, 8) ? NULL : pool_time(pool);
	case A_SIGACTION:
		return argument_action(pool);
	case A_SCHED:
		return pool_schedule(pool);
	case A_CAP_HEAD:
	case A_CAP_DATA:
		return pool_capabilities(pool, kind == A_CAP_HEAD);
	case A_BPF:
		return pool_bpf(pool);
	case A_PERF:
		return pool_perf(pool);
	case A_FILTER:
		return pool_filter(pool);
	case A_HANDLE:
		return argument_handle(pool);
	case A_COMMAND_ARG:
		return pool_command_argument(pool);
	case A_TIMEX:
		timex = pool_room(pool, sizeof(*timex));
		timex->modes = (unsigned int)pool_number(pool);
		timex->freq = timex->offset = (long)pool_number(pool);
		timex->tick = 10001;
		return timex;
	case A_ARGV:
		argv = pool_room(pool, 4 * sizeof(*argv));
		argv[0] = pool_text(pool, "sh");
		return argv;
	default:
		return argument_words(pool, kind);
	}
}

static inline bool kind_points(enum kind kind)
{
	static const bool pointers[] = {
		[A_PATH] = true,	[A_OUT] = true,	      [A_DATA] = true,
		[A_NAME] = true,	[A_IOV] = true,	      [A_SOCKADDR] = true,
		[A_LEN_AT] = true,	[A_MSG] = true,	      [A_MMSG] = true,
		[A_TIME] = true,	[A_SIGACTION] = true, [A_SIGINFO] = true,
		[A_SIGSET] = true,	[A_RLIMIT] = true,    [A_SCHED] = true,
		[A_CAP_HEAD] = true,	[A_CAP_DATA] = true,  [A_HOW] = true,
		[A_ATTR] = true,	[A_BPF] = true,	      [A_PERF] = true,
		[A_URING] = true,	[A_SEMBUF] = true,    [A_HANDLE] = true,
		[A_TIMEX] = true,	[A_ARGV] = true,      [A_EVENT] = true,
		[A_QUEUE] = true,	[A_OFFSET_AT] = true, [A_FILTER] = true,
		[A_COMMAND_ARG] = true,
	};

	return kind < sizeof(pointers) && pointers[kind];
}

#endif
