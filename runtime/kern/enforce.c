// SPDX-License-Identifier: GPL-2.0-or-later
/* Loading, adopting and ending enforcement. */
#include "kern/enforce.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentos.skel.h"
#include "base/crc32c.h"
#include "kern/device.h"
#include "kern/enforce_state.h"
#include "kern/host.h"
#include "kern/pins.h"

#define CGROUP_INIT_INO 0xEFFFFFFBU /* PROC_CGROUP_INIT_INO of the kernel's proc_ns.h */
#define UNLOAD_WAIT_MS	15000	    /* how long programs may take to let go of the module */

static const char *const map_names[MAP_COUNT] = {
	[MAP_RING_DENIALS] = "ring_denials",
	[MAP_RING_ALLOWED] = "ring_allowed",
	[MAP_EVENTS] = "events",
	[MAP_RECENT] = "recent",
	[MAP_SEQUENCES] = "sequences",
	[MAP_DROPS] = "drops",
	[MAP_HOOK_COUNTS] = "hook_counts",
	[MAP_SOCKET_OWNER] = "socket_owner",
	[MAP_SOCKET_PAYERS] = "socket_payers",
	[MAP_TRAFFIC] = "traffic",
	[MAP_ALLOWANCES] = "allowances",
	[MAP_COUNTING] = "counting",
	[MAP_BUILD] = "build",
};

/* libbpf says what went wrong only through its printer: the last lines are kept for the fault. */
static char libbpf_said[512];

static int libbpf_listen(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char line[256];
	size_t used;

	if (level != LIBBPF_WARN)
		return 0;
	vsnprintf(line, sizeof(line), fmt, ap);
	line[strcspn(line, "\n")] = '\0';
	used = strlen(libbpf_said);
	if (used && used + 2 < sizeof(libbpf_said)) {
		memcpy(libbpf_said + used, "; ", 3);
		used += 2;
	}
	snprintf(libbpf_said + used, sizeof(libbpf_said) - used, "%s", line);
	return 0;
}

/* Which programs these are: length and checksum of the object that was compiled in. */
static uint64_t build_id(void)
{
	size_t size;
	const void *elf = agentos_bpf__elf_bytes(&size);

	return (uint64_t)size << 32 | crc32c(0, elf, size);
}

/* Arguments of the kernel's hook, or -1 when this kernel has no such hook. */
static int hook_arguments(const struct btf *btf, const char *hook)
{
	const struct btf_type *type;
	char name[128];
	int id;

	snprintf(name, sizeof(name), "bpf_lsm_%s", hook);
	id = btf__find_by_name_kind(btf, name, BTF_KIND_FUNC);
	if (id < 0)
		return -1;
	type = btf__type_by_id(btf, id);
	type = btf__type_by_id(btf, type->type);
	return btf_vlen(type);
}

/* A program at the entry of a system call: where there is one. */
static void choose_entry(struct bpf_program *program, const struct btf *btf)
{
	const char *entry = strchr(bpf_program__section_name(program), '/') + 1;

	bpf_program__set_autoload(program, btf__find_by_name_kind(btf, entry, BTF_KIND_FUNC) > 0);
}

/* Where a structure has a member, in bytes, or 0: it has none, or it is the first. */
static uint64_t member_offset(const struct btf *btf, const char *structure, const char *name)
{
	const struct btf_type *type;
	int id = btf__find_by_name_kind(btf, structure, BTF_KIND_STRUCT);
	unsigned int i;

	if (id < 0)
		return 0;
	type = btf__type_by_id(btf, (uint32_t)id);
	for (i = 0; i < btf_vlen(type); i++) {
		if (!strcmp(btf__name_by_offset(btf, btf_members(type)[i].name_off), name))
			return btf_member_bit_offset(type, i) / 8;
	}
	return 0;
}

/* As kmod/path.h has it: 0 where any is not as expected. */
static uint64_t mount_layout(const struct btf *btf)
{
	const uint64_t parent = member_offset(btf, "mount", "mnt_parent");
	const uint64_t mountpoint = member_offset(btf, "mount", "mnt_mountpoint");
	const uint64_t mnt = member_offset(btf, "mount", "mnt");

	if (!parent || !mountpoint || !mnt || (parent | mountpoint | mnt) > UINT16_MAX)
		return 0;
	return parent | mountpoint << 16 | mnt << 32;
}

/* What differs between kernels is decided by their BTF, not by their version. */
static int choose_programs(struct agentos_bpf *skel)
{
	struct btf *btf = btf__load_vmlinux_btf();

	if (!btf)
		return -errno;
	skel->data->mount_layout = mount_layout(btf);
	bpf_program__set_autoload(skel->progs.agentos_setattr_2,
				  hook_arguments(btf, "inode_setattr") == 2);
	bpf_program__set_autoload(skel->progs.agentos_setattr_3,
				  hook_arguments(btf, "inode_setattr") == 3);
	bpf_program__set_autoload(skel->progs.agentos_inode_set_acl,
				  hook_arguments(btf, "inode_set_acl") > 0);
	bpf_program__set_autoload(skel->progs.agentos_inode_remove_acl,
				  hook_arguments(btf, "inode_remove_acl") > 0);
	bpf_program__set_autoload(skel->progs.agentos_file_ioctl_compat,
				  hook_arguments(btf, "file_ioctl_compat") > 0);
	/* A kernel that starts no programs of 32 bits, or has no queues, has no such entries. */
	choose_entry(skel->progs.agentos_personality_32, btf);
	choose_entry(skel->progs.agentos_mq_open, btf);
	choose_entry(skel->progs.agentos_mq_open_32, btf);
	choose_entry(skel->progs.agentos_mq_unlink, btf);
	choose_entry(skel->progs.agentos_mq_unlink_32, btf);
	choose_entry(skel->progs.agentos_delete_module, btf);
	choose_entry(skel->progs.agentos_delete_module_32, btf);
	btf__free(btf);
	return 0;
}

/* Iterators are not attached: who reads one runs it. */
static bool program_is_attached(const struct bpf_program *program)
{
	return bpf_program__autoload(program) &&
	       strncmp(bpf_program__section_name(program), "iter", 4) != 0;
}

/* Attached while somebody has a limit. */
static bool program_counts(const struct bpf_program *program)
{
	return bpf_program__type(program) == BPF_PROG_TYPE_CGROUP_SKB;
}

/* From another cgroup namespace the root is a smaller one, and what is outside of it not counted. */
static int cgroup_require(struct fault *f)
{
	struct stat st;

	if (stat("/proc/self/ns/cgroup", &st))
		return fault_set(f, errno, "/proc/self/ns/cgroup: %s", strerror(errno));
	if (st.st_ino != CGROUP_INIT_INO)
		return fault_set(f, EXDEV,
				 "agentosd is in a cgroup namespace: start it on the host itself");
	return 0;
}

/* Takes a descriptor of a link over, or closes it on failure. */
static int link_hold(struct enforce *e, int fd)
{
	if (fd < 0)
		return -errno;
	if (e->link_count == LINKS_MAX) {
		close(fd);
		return -E2BIG;
	}
	e->links[e->link_count++] = fd;
	return 0;
}

static void links_close(struct enforce *e)
{
	while (e->link_count)
		close(e->links[--e->link_count]);
}

static int pin_link(struct enforce *e, struct bpf_program *program)
{
	struct bpf_link *link = bpf_program__attach_lsm(program);
	char name[160];
	int err;

	if (!link)
		return -errno;
	snprintf(name, sizeof(name), "links/%s", bpf_program__name(program));
	err = pins_add(PINS_STAGING, name, bpf_link__fd(link));
	if (!err)
		err = link_hold(e, fcntl(bpf_link__fd(link), F_DUPFD_CLOEXEC, 0));
	bpf_link__destroy(link);
	return err;
}

/*
 * Attaches every loaded program and pins its link; without the pin it would end
 * with us, without our descriptor with the pin.
 */
static int pin_links(struct enforce *e, struct agentos_bpf *skel)
{
	struct bpf_program *program;
	char name[160];
	int err;

	bpf_object__for_each_program(program, skel->obj) {
		if (!program_is_attached(program))
			continue;
		if (program_counts(program)) {
			snprintf(name, sizeof(name), COUNTING_PROGRAM, bpf_program__name(program));
			err = pins_add(PINS_STAGING, name, bpf_program__fd(program));
		} else {
			err = pin_link(e, program);
		}
		if (err)
			return err;
	}
	return 0;
}

static int pin_iterator(struct bpf_program *program, int map, const char *name)
{
	union bpf_iter_link_info info = {};
	LIBBPF_OPTS(bpf_iter_attach_opts, opts);
	struct bpf_link *link;
	int err;

	if (map >= 0) {
		info.map.map_fd = map;
		opts.link_info = &info;
		opts.link_info_len = sizeof(info);
	}
	link = bpf_program__attach_iter(program, &opts);
	if (!link)
		return -errno;
	err = pins_add(PINS_STAGING, name, bpf_link__fd(link));
	bpf_link__destroy(link);
	return err;
}

static int pin_maps(const struct enforce *e)
{
	int i, err;

	for (i = 0; i < MAP_COUNT; i++) {
		err = pins_add(PINS_STAGING, map_names[i], e->maps[i]);
		if (err)
			return err;
	}
	return 0;
}

static int take_maps(struct enforce *e, const struct agentos_bpf *skel)
{
	struct bpf_map *map;
	int i;

	for (i = 0; i < MAP_COUNT; i++) {
		/* What is no map by itself is a variable. */
		map = i == MAP_SEQUENCES ? skel->maps.bss :
					   bpf_object__find_map_by_name(skel->obj, map_names[i]);
		if (!map)
			return -ENOENT;
		e->maps[i] = dup(bpf_map__fd(map));
		if (e->maps[i] < 0)
			return -errno;
	}
	return 0;
}

static int enforce_load(struct enforce *e, struct fault *f)
{
	struct agentos_bpf *skel;
	uint64_t id = build_id();
	uint32_t zero = 0;
	int err;

	libbpf_said[0] = '\0';
	err = pins_remove(PINS_STAGING);
	if (err)
		return fault_set(f, -err, "cannot remove %s: %s", PINS_STAGING, strerror(-err));
	skel = agentos_bpf__open();
	if (!skel)
		return fault_set(f, errno, "the BPF programs cannot be opened: %s", libbpf_said);
	err = choose_programs(skel);
	if (!err)
		err = agentos_bpf__load(skel);
	if (err) {
		fault_set(f, -err, "the kernel refused the BPF programs: %s (%s)", strerror(-err),
			  libbpf_said);
		goto destroy;
	}
	err = take_maps(e, skel);
	if (!err && bpf_map_update_elem(e->maps[MAP_BUILD], &zero, &id, BPF_ANY))
		err = -errno;
	if (!err)
		err = pin_maps(e);
	if (!err)
		err = pin_links(e, skel);
	if (!err)
		err = pin_iterator(skel->progs.agentos_iter_agents, -1, "agents");
	if (!err)
		err = pin_iterator(skel->progs.agentos_iter_denials, e->maps[MAP_RECENT],
				   "denials");
	if (!err)
		err = pins_publish();
	if (err) {
		fault_set(f, -err, "the BPF programs cannot be attached and pinned: %s (%s)",
			  strerror(-err), libbpf_said);
		pins_remove(PINS_STAGING);
		links_close(e);
	}
destroy:
	agentos_bpf__destroy(skel);
	return err;
}

/* A pinned set is ours when it says our build and every link is there. */
static int enforce_adopt(struct enforce *e)
{
	struct agentos_bpf *skel;
	struct bpf_program *program;
	uint32_t zero = 0;
	char name[160];
	uint64_t id;
	int i, fd, err;

	for (i = 0; i < MAP_COUNT; i++) {
		e->maps[i] = pins_open(map_names[i]);
		if (e->maps[i] < 0)
			return e->maps[i];
	}
	if (bpf_map_lookup_elem(e->maps[MAP_BUILD], &zero, &id))
		return -errno;
	if (id != build_id())
		return -ESTALE;
	skel = agentos_bpf__open();
	if (!skel)
		return -errno;
	err = choose_programs(skel);
	bpf_object__for_each_program(program, skel->obj) {
		if (err)
			break;
		if (!program_is_attached(program))
			continue;
		snprintf(name, sizeof(name),
			 program_counts(program) ? COUNTING_PROGRAM : "links/%s",
			 bpf_program__name(program));
		fd = pins_open(name);
		if (fd < 0)
			err = fd;
		else if (program_counts(program))
			close(fd);
		else
			err = link_hold(e, fd);
	}
	agentos_bpf__destroy(skel);
	return err;
}

static void close_maps(struct enforce *e)
{
	int i;

	for (i = 0; i < MAP_COUNT; i++) {
		if (e->maps[i] >= 0)
			close(e->maps[i]);
		e->maps[i] = -1;
	}
}

static int live_agents(int dev, uint64_t *ret_agents)
{
	struct agentos_version version;
	int err = agentos_dev_version(dev, &version);

	if (!err)
		*ret_agents = version.ret_agents;
	return err;
}

/* How far the records of the pinned programs got: what nobody has read goes with them. */
static void replaced_note(struct enforce *e)
{
	int map = pins_open(map_names[MAP_SEQUENCES]);
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info), ring;
	int err = map < 0 ? map : bpf_obj_get_info_by_fd(map, &info, &size);

	/* All of them in one value; or, as builds before this had it, a value each. */
	if (!err && info.value_size != sizeof(e->replaced) &&
	    (info.value_size != sizeof(e->replaced[0]) || info.max_entries != AGENTOS_RING_COUNT))
		err = -EINVAL;
	for (ring = 0; !err && ring < info.max_entries; ring++)
		err = bpf_map_lookup_elem(map, &ring, &e->replaced[ring]);
	if (err)
		memset(e->replaced, 0, sizeof(e->replaced));
	if (map >= 0)
		close(map);
}

/* What is pinned and not ours: replaced, but never from under a running agent. */
static int enforce_replace(struct enforce *e, int why, struct fault *f)
{
	uint64_t agents;
	int err = live_agents(e->dev, &agents);

	if (err)
		return fault_set(f, -err, "/dev/agentos does not answer: %s", strerror(-err));
	if (agents)
		return fault_set(
			f, EEXIST,
			"%s holds programs of another build (%s) that guard %llu running agents: start that agentosd again, or end the agents first",
			AGENTOS_PIN_DIR, strerror(-why), (unsigned long long)agents);
	replaced_note(e);
	err = pins_remove(AGENTOS_PIN_DIR);
	if (err)
		return fault_set(f, -err, "%s cannot be removed: %s", AGENTOS_PIN_DIR,
				 strerror(-err));
	return 0;
}

int enforce_open(int dev, struct enforce **ret_enforce, bool *ret_adopted, struct fault *f)
{
	bool adopted = false;
	struct enforce *e;
	int err;

	err = host_require(&(struct host){ 0 }, f);
	if (!err)
		err = cgroup_require(f);
	if (err)
		return err;
	e = calloc(1, sizeof(*e));
	if (!e)
		return fault_set(f, ENOMEM, "out of memory");
	e->dev = dev;
	memset(e->maps, -1, sizeof(e->maps));
	e->cpus = libbpf_num_possible_cpus();
	libbpf_set_print(libbpf_listen);
	if (pins_exist()) {
		err = enforce_adopt(e);
		adopted = !err;
		if (err) {
			links_close(e);
			close_maps(e);
			err = enforce_replace(e, err, f);
			if (err)
				goto fail;
		}
	}
	if (!adopted)
		err = enforce_load(e, f);
	if (err)
		goto fail;
	*ret_enforce = e;
	*ret_adopted = adopted;
	return 0;

fail:
	enforce_close(e);
	return err;
}

void enforce_close(struct enforce *e)
{
	if (!e)
		return;
	links_close(e);
	close_maps(e);
	own_close(e);
	free(e);
}

/* Programs are freed some time after their last reference; only then rmmod works. */
static void wait_for_module(void)
{
	int i;

	for (i = 0; i < UNLOAD_WAIT_MS / 10; i++) {
		FILE *in = fopen("/sys/module/agentos/refcnt", "re");
		int count = 0;

		if (!in)
			return;
		if (fscanf(in, "%d", &count) != 1)
			count = 0;
		fclose(in);
		if (count <= 1) /* our own descriptor */
			return;
		usleep(10000);
	}
}

int enforce_end(struct enforce *e, struct fault *f)
{
	uint64_t agents;
	int err;

	err = live_agents(e->dev, &agents);
	if (err)
		return fault_set(f, -err, "/dev/agentos does not answer: %s", strerror(-err));
	if (agents)
		return fault_set(f, EBUSY, "%llu agents are running: enforcement goes on",
				 (unsigned long long)agents);
	enforce_policy_sweep(e);
	err = pins_remove(AGENTOS_PIN_DIR);
	if (err)
		return fault_set(f, -err, "%s cannot be removed: %s", AGENTOS_PIN_DIR,
				 strerror(-err));
	enforce_close(e);
	wait_for_module();
	return 0;
}

int enforce_percpu_sum(const struct enforce *e, enum enforce_map map, uint32_t key,
		       uint64_t *ret_sum)
{
	uint64_t *values = calloc(e->cpus, sizeof(*values));
	uint64_t sum = 0;
	int i, err = 0;

	if (!values)
		return -ENOMEM;
	if (bpf_map_lookup_elem(e->maps[map], &key, values))
		err = -errno;
	for (i = 0; i < e->cpus; i++)
		sum += values[i];
	free(values);
	if (!err)
		*ret_sum = sum;
	return err;
}

int enforce_ring_map(const struct enforce *e, enum agentos_ring ring)
{
	return e->maps[ring == AGENTOS_RING_DENIALS ? MAP_RING_DENIALS : MAP_RING_ALLOWED];
}

int enforce_ring_drops(const struct enforce *e, enum agentos_ring ring, uint64_t *ret_drops)
{
	return enforce_percpu_sum(e, MAP_DROPS, ring, ret_drops);
}

int enforce_unrecorded(const struct enforce *e, uint64_t *ret_acts)
{
	return enforce_percpu_sum(e, MAP_DROPS, AGENTOS_DROPS_REFUSED, ret_acts);
}

uint64_t enforce_replaced(const struct enforce *e, enum agentos_ring ring)
{
	return e->replaced[ring];
}

int enforce_hook_count(const struct enforce *e, enum agentos_hook hook,
		       struct agentos_hook_count *ret_count)
{
	uint64_t denied;
	int err;

	_Static_assert(sizeof(*ret_count) == sizeof(denied), "one counter");
	err = enforce_percpu_sum(e, MAP_HOOK_COUNTS, hook, &denied);
	if (!err)
		ret_count->denied = denied;
	return err;
}
