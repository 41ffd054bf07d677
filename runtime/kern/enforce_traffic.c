// SPDX-License-Identifier: GPL-2.0-or-later
/* Network bytes: from the programs' counts to the module's budgets, and back as ceilings. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kern/enforce_state.h"
#include "lib/libagentos.h"

#define NET_BYTES  AGENTOS_RESOURCE_NET_BYTES
#define BURIED_NS  (900 * 1000000000ULL)
#define IDLE_CALLS 10 /* without a limit, until packets are counted no more */

/* One agent, in one call of enforce_traffic(). */
struct payer {
	uint64_t agent;
	uint64_t bytes; /* counted for sure, of which all may have been charged since */
	bool gone, charged;
};

struct payers {
	struct payer *of;
	size_t count, room;
	bool limited; /* some of them are */
};

static int payers_add(struct payers *p, uint64_t agent, uint64_t bytes)
{
	struct payer *grown;

	if (p->count == p->room) {
		p->room = p->room ? 2 * p->room : 64;
		grown = reallocarray(p->of, p->room, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		p->of = grown;
	}
	p->of[p->count++] = (struct payer){ .agent = agent, .bytes = bytes };
	return 0;
}

/*
 * Before any is charged: what is in none of these counts is in none of those charged.
 * To find nothing in a map is to look at all of its room: not again until somebody
 * has been put there.
 */
static int payers_list(struct enforce *e, struct payers *p)
{
	uint32_t slot = AGENTOS_COUNTING_MADE, made;
	struct agentos_traffic traffic;
	uint64_t *last = NULL, agent;
	int err = 0;

	if (bpf_map_lookup_elem(e->maps[MAP_COUNTING], &slot, &made))
		return -errno;
	if (e->traffic_empty && made == e->traffic_made)
		return 0;
	while (!err && !bpf_map_get_next_key(e->maps[MAP_TRAFFIC], last, &agent)) {
		if (p->count >= AGENTOS_TRAFFIC_MAX)
			break;
		if (!bpf_map_lookup_elem(e->maps[MAP_TRAFFIC], &agent, &traffic))
			err = payers_add(p, agent, traffic.bytes);
		last = &agent;
	}
	e->traffic_empty = !err && !p->count;
	e->traffic_made = made;
	return err;
}

/* A descriptor of the agent, or of the nearest ancestor that still is. *ret_own tells which. */
static int payer_open(const struct enforce *e, uint64_t agent, bool *ret_own)
{
	struct agentos_traffic traffic;
	uint64_t at = agent;
	int fd, generations;

	for (generations = 0; generations < AGENTOS_LINE; generations++) {
		fd = agentos_dev_agent(e->dev, at, AGENTOS_ACCESS_INSPECT | AGENTOS_ACCESS_CHARGE);
		if (fd != -ESRCH) {
			*ret_own = at == agent;
			return fd;
		}
		if (bpf_map_lookup_elem(e->maps[MAP_TRAFFIC], &at, &traffic) || !traffic.parent)
			break;
		at = traffic.parent;
	}
	return -ESRCH;
}

/* Tells the module what is new of the agent's own. */
static int payer_charge(const struct enforce *e, struct payer *payer)
{
	struct agentos_allowance allowance;
	struct agentos_traffic traffic;
	bool own = false;
	int fd, err = 0;

	fd = payer_open(e, payer->agent, &own);
	if (fd < 0 && fd != -ESRCH)
		return fd;
	payer->gone = !own;
	/* Read behind the opening: of one that is gone these are its last. */
	if (bpf_map_lookup_elem(e->maps[MAP_TRAFFIC], &payer->agent, &traffic) ||
	    bpf_map_lookup_elem(e->maps[MAP_ALLOWANCES], &payer->agent, &allowance)) {
		err = -errno;
		goto close;
	}
	/* Without descendants that send, the two belong together to the byte. */
	if (traffic.bytes == traffic.own)
		payer->bytes = traffic.bytes;
	if (fd >= 0 && traffic.own != allowance.charged)
		err = agentos_budget_settle(fd, NET_BYTES, 0, traffic.own - allowance.charged);
	allowance.charged = traffic.own;
	if (!err &&
	    bpf_map_update_elem(e->maps[MAP_ALLOWANCES], &payer->agent, &allowance, BPF_EXIST))
		err = -errno;
close:
	if (fd >= 0)
		close(fd);
	return err;
}

/* Once all are charged: how far may the count go? */
static int payer_limit(const struct enforce *e, const struct payer *payer, bool *ret_limited)
{
	struct agentos_allowance allowance;
	struct agentos_budget_get budget;
	uint64_t ceiling = UINT64_MAX, spent;
	int fd, err;

	fd = agentos_dev_agent(e->dev, payer->agent, AGENTOS_ACCESS_INSPECT);
	if (fd < 0)
		return fd == -ESRCH ? 0 : fd;
	err = agentos_budget_read(fd, NET_BYTES, &budget);
	close(fd);
	if (err)
		return err;
	if (budget.ret_limit != AGENTOS_BUDGET_UNLIMITED) {
		if (__builtin_add_overflow(budget.ret_used, budget.ret_reserved, &spent))
			spent = UINT64_MAX;
		ceiling = budget.ret_limit > spent ? budget.ret_limit - spent : 0;
		if (__builtin_add_overflow(ceiling, payer->bytes, &ceiling))
			ceiling = UINT64_MAX;
	}
	if (bpf_map_lookup_elem(e->maps[MAP_ALLOWANCES], &payer->agent, &allowance))
		return -errno;
	*ret_limited |= ceiling != UINT64_MAX;
	if (allowance.ceiling == ceiling)
		return 0;
	allowance.ceiling = ceiling;
	return bpf_map_update_elem(e->maps[MAP_ALLOWANCES], &payer->agent, &allowance, BPF_EXIST) ?
		       -errno :
		       0;
}

void traffic_forget(const struct enforce *e, uint64_t agent)
{
	bpf_map_delete_elem(e->maps[MAP_TRAFFIC], &agent);
	bpf_map_delete_elem(e->maps[MAP_ALLOWANCES], &agent);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

/*
 * Its sockets may live on: what the kernel still sends of them, and those that
 * were handed on. One that had a limit keeps its last ceiling for as long as
 * TCP may go on by itself, or until room is short; then those above it pay alone.
 */
static int payer_bury(const struct enforce *e, uint64_t agent, bool crowded, bool *ret_limited)
{
	struct agentos_allowance allowance;
	uint64_t now = now_ns();

	if (bpf_map_lookup_elem(e->maps[MAP_ALLOWANCES], &agent, &allowance))
		return -errno;
	if (allowance.ceiling != UINT64_MAX && !allowance.gone_ns) {
		allowance.gone_ns = now;
		if (bpf_map_update_elem(e->maps[MAP_ALLOWANCES], &agent, &allowance, BPF_EXIST))
			return -errno;
	}
	if (allowance.ceiling != UINT64_MAX && !crowded && now - allowance.gone_ns < BURIED_NS) {
		*ret_limited = true;
		return 0;
	}
	traffic_forget(e, agent);
	return 0;
}

int enforce_count(struct enforce *e, struct fault *f)
{
	int err;

	e->idle = 0;
	err = counting_set(e, true);
	return err ? fault_set(f, -err, "packets cannot be counted: %s", strerror(-err)) : 0;
}

/* On as soon as somebody has a limit, off when for a while nobody had. */
static int traffic_switch(struct enforce *e, bool limited)
{
	struct agentos_version version;
	uint32_t slot = AGENTOS_COUNTING_ON, on = 0;
	int err = agentos_dev_version(e->dev, &version);

	if (!err && bpf_map_lookup_elem(e->maps[MAP_COUNTING], &slot, &on))
		err = -errno;
	if (err)
		return err;
	limited |= version.ret_limited != 0;
	e->idle = limited ? 0 : e->idle + 1;
	if (limited && !on)
		return counting_set(e, true);
	if (on && e->idle >= IDLE_CALLS)
		return counting_set(e, false);
	return 0;
}

int enforce_traffic(struct enforce *e)
{
	struct payers payers = { 0 };
	int err, failed = 0;
	size_t i;

	err = payers_list(e, &payers);
	/* One that cannot be charged keeps its ceiling, and does not keep others from theirs. */
	for (i = 0; !err && i < payers.count; i++) {
		payers.of[i].charged = !payer_charge(e, &payers.of[i]);
		failed += !payers.of[i].charged;
	}
	for (i = 0; !err && i < payers.count; i++) {
		if (!payers.of[i].charged)
			continue;
		if (payers.of[i].gone)
			failed += payer_bury(e, payers.of[i].agent,
					     payers.count > AGENTOS_TRAFFIC_MAX / 2,
					     &payers.limited) != 0;
		else
			failed += payer_limit(e, &payers.of[i], &payers.limited) != 0;
	}
	/* Behind the ceilings: who is counted from now on has one. */
	if (!err)
		err = traffic_switch(e, payers.limited);
	free(payers.of);
	return err ? err : failed;
}
