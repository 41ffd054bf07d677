// SPDX-License-Identifier: GPL-2.0-or-later
/* The programs that count packets: attached to the root of all cgroups, and detached. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "kern/cgroup.h"
#include "kern/enforce_state.h"
#include "kern/pins.h"

static const struct {
	const char *name;
	enum bpf_attach_type type;
} counters[] = {
	{ "agentos_net_out", BPF_CGROUP_INET_EGRESS },
	{ "agentos_net_in", BPF_CGROUP_INET_INGRESS },
};

#define COUNTERS (sizeof(counters) / sizeof(counters[0]))

/* 0 when it is, or was, attached. */
static int counter_attach(size_t i, int root)
{
	char name[64];
	int program, link, err;

	snprintf(name, sizeof(name), COUNTING_LINK, counters[i].name);
	link = pins_open(name);
	if (link >= 0) {
		close(link);
		return 0;
	}
	if (link != -ENOENT)
		return link;
	snprintf(name, sizeof(name), COUNTING_PROGRAM, counters[i].name);
	program = pins_open(name);
	if (program < 0)
		return program;
	link = bpf_link_create(program, root, counters[i].type, NULL);
	err = link < 0 ? -errno : 0;
	close(program);
	if (err)
		return err;
	snprintf(name, sizeof(name), COUNTING_LINK, counters[i].name);
	err = pins_add(AGENTOS_PIN_DIR, name, link);
	close(link);
	/* Another process was faster: ours is gone with its descriptor. */
	return err == -EEXIST ? 0 : err;
}

static int counting_tell(const struct enforce *e, uint32_t on)
{
	uint32_t slot = AGENTOS_COUNTING_ON;

	return bpf_map_update_elem(e->maps[MAP_COUNTING], &slot, &on, BPF_ANY) ? -errno : 0;
}

static int counting_end(const struct enforce *e)
{
	char name[64];
	size_t i;
	int err;

	/* From now on who has a limit is refused sockets: nothing goes uncounted in between. */
	err = counting_tell(e, 0);
	for (i = 0; !err && i < COUNTERS; i++) {
		snprintf(name, sizeof(name), COUNTING_LINK, counters[i].name);
		err = pins_drop(name);
	}
	return err;
}

int counting_set(const struct enforce *e, bool on)
{
	int root, err = 0;
	size_t i;

	if (!on)
		return counting_end(e);
	root = cgroup_root();
	if (root < 0)
		return root;
	for (i = 0; !err && i < COUNTERS; i++)
		err = counter_attach(i, root);
	close(root);
	return err ? err : counting_tell(e, 1);
}
