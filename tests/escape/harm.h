/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One change of each kind to the machine, made by the test itself: the comparison must see it. */
#ifndef AGENTOS_TESTS_HARM_H
#define AGENTOS_TESTS_HARM_H

#include <linux/reboot.h>
#include <poll.h>
#include <sched.h>
#include <sys/reboot.h>

#include "tests/escape/world.h"

static pid_t harm_victim; /* a process as the canaries are; $V in commands, and $T is the tree */
static int harm_kept = -1;

static inline bool harm_attribute(void)
{
	return setxattr(canary_path("outside/victim"), "trusted.harm", "x", 1, 0) == 0;
}

static inline bool harm_access_time(void)
{
	struct timespec times[2] = { { 1, 0 }, { 0, UTIME_OMIT } };

	return utimensat(AT_FDCWD, canary_path("outside/victim"), times, 0) == 0;
}

static inline bool harm_signal(void)
{
	return kill(harm_victim, SIGUSR1) == 0;
}

static inline bool harm_nice(void)
{
	return setpriority(PRIO_PROCESS, (id_t)harm_victim, 7) == 0;
}

static inline bool harm_affinity(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	return sched_setaffinity(harm_victim, sizeof(set), &set) == 0;
}

static inline bool harm_policy(void)
{
	struct sched_param none = { 0 };

	return sched_setscheduler(harm_victim, SCHED_BATCH, &none) == 0;
}

static inline bool harm_limit(void)
{
	struct rlimit limit = { 9, 9 };

	return prlimit(harm_victim, RLIMIT_NPROC, &limit, NULL) == 0;
}

static inline bool harm_io(void)
{
	return syscall(SYS_ioprio_set, 1, harm_victim, 0x6000) == 0;
}

static inline bool harm_memory(void)
{
	unsigned long word = 1;
	char path[64];
	bool done;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", harm_victim);
	fd = open(path, O_RDWR | O_CLOEXEC);
	done = pwrite(fd, &word, sizeof(word), (off_t)(uintptr_t)canary.word) == sizeof(word);
	close(fd);
	return done;
}

static inline bool harm_stop(void)
{
	int status;

	return kill(harm_victim, SIGSTOP) == 0 &&
	       waitpid(harm_victim, &status, WUNTRACED) == harm_victim;
}

static inline bool harm_kill(void)
{
	return kill(harm_victim, SIGKILL) == 0 && waitpid(harm_victim, NULL, 0) == harm_victim;
}

static inline bool harm_process(void)
{
	harm_victim = canary_process(STAGE_DEMO_ID, "victim");
	setenv("V", stage_format("%d", harm_victim), 1);
	return true;
}

static inline bool harm_ctrl_alt_del(void)
{
	return reboot(LINUX_REBOOT_CMD_CAD_OFF) == 0;
}

static inline bool harm_ctrl_alt_del_undo(void)
{
	return reboot(LINUX_REBOOT_CMD_CAD_ON) == 0;
}

static inline bool clock_move(time_t seconds)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	now.tv_sec += seconds;
	return clock_settime(CLOCK_REALTIME, &now) == 0;
}

static inline bool harm_clock(void)
{
	return clock_move(-1);
}

static inline bool harm_clock_undo(void)
{
	return clock_move(1);
}

static inline bool harm_tick(void)
{
	struct timex timex = { .modes = ADJ_TICK, .tick = 10001 };

	return adjtimex(&timex) >= 0;
}

static inline bool harm_tick_undo(void)
{
	struct timex timex = { .modes = ADJ_TICK, .tick = 10000 };

	return adjtimex(&timex) >= 0;
}

static inline bool harm_map(void)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY,
				.key_size = 4,
				.value_size = 4,
				.max_entries = 1 };

	harm_kept = (int)syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
	return harm_kept >= 0;
}

/* As others would come to that door. */
static inline bool harm_door(size_t number)
{
	struct door *door = &canary_doors[number];
	struct sockaddr_storage at;
	socklen_t len = sizeof(at);
	int fd = socket(door->family, door->type | SOCK_CLOEXEC, 0);
	bool done = getsockname(door->fd, (struct sockaddr *)&at, &len) == 0 &&
		    connect(fd, (struct sockaddr *)&at, len) == 0 &&
		    (door->type == SOCK_STREAM || send(fd, "x", 1, 0) == 1);

	close(fd);
	return done;
}

static inline bool harm_doors(void)
{
	size_t i;

	for (i = 0; i < DOORS; i++)
		if (!harm_door(i))
			return false;
	return true;
}

static inline bool harm_listen(void)
{
	harm_kept = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return listen(harm_kept, 1) == 0;
}

static inline bool harm_close(void)
{
	return close(harm_kept) == 0;
}

static inline bool harm_ipc(void)
{
	struct {
		long type;
		char text[8];
	} message = { 1, "harm" };

	return msgsnd(msgget(IPC_GUARDED, 0), &message, 8, 0) == 0;
}

static inline bool harm_ipc_new(void)
{
	harm_kept = shmget(0x5afe09, 4096, IPC_CREAT | 0600);
	return harm_kept >= 0;
}

static inline bool harm_ipc_undo(void)
{
	return shmctl(harm_kept, IPC_RMID, NULL) == 0;
}

static inline bool harm_ipc_shared(void)
{
	return msgrcv(canary.shared[2], (char[16]){ 0 }, 8, 0, IPC_NOWAIT) == 8;
}

static inline bool harm_queue(void)
{
	mqd_t queue = mq_open(CANARY_QUEUE, O_WRONLY);
	bool done = mq_send(queue, "harm", 5, 0) == 0;

	mq_close(queue);
	return done;
}

static inline bool harm_queue_new(void)
{
	mqd_t queue = mq_open(CANARY_QUEUE "-harm", O_CREAT | O_EXCL | O_WRONLY, 0600, NULL);

	return queue >= 0 && mq_close(queue) == 0;
}

static inline bool harm_queue_undo(void)
{
	return mq_unlink(CANARY_QUEUE "-harm") == 0;
}

static inline bool harm_key(void)
{
	return syscall(SYS_keyctl, KEYCTL_UPDATE, canary.key, "harm", 4) == 0;
}

static inline bool harm_typed(void)
{
	struct pollfd ready = { .fd = canary.slave, .events = POLLIN };

	/* It is there when a worker of the kernel has brought it. */
	return write(canary.master, "x", 1) == 1 && poll(&ready, 1, 10000 * stage_slow()) == 1;
}

static inline bool harm_size(void)
{
	struct winsize size = { .ws_row = 7 };

	return ioctl(canary.slave, TIOCSWINSZ, &size) == 0;
}

/* Commands of a shell, or functions; what is undone is what others would stumble over. */
static const struct harm {
	const char *part, *what, *command, *undo_command;
	bool (*act)(void), (*undo)(void);
} harms[] = {
	{ "files", "a byte", "printf x >>$T/outside/victim", NULL, NULL, NULL },
	{ "files", "a mode", "chmod 600 $T/outside/victim", NULL, NULL, NULL },
	{ "files", "an owner", "chown 1001 $T/outside/victim", NULL, NULL, NULL },
	{ "files", "an extended attribute", NULL, NULL, harm_attribute, NULL },
	{ "files", "a time", NULL, NULL, harm_access_time, NULL },
	{ "files", "another name of it", "ln $T/outside/victim $T/ws/stolen", "rm $T/ws/stolen",
	  NULL, NULL },
	{ "files", "its name", "mv $T/outside/victim $T/outside/v",
	  "mv $T/outside/v $T/outside/victim", NULL, NULL },
	{ "files", "its absence", "rm $T/outside/victim", NULL, NULL, NULL },
	{ "files", "a denied one", "printf x >$T/ws/denied/n", "rm $T/ws/denied/n", NULL, NULL },
	{ "system files", "a new one", "touch /usr/lib/escape-new", "rm /usr/lib/escape-new", NULL,
	  NULL },
	{ "system files", "a mode", "chmod 640 /etc/hostname", "chmod 644 /etc/hostname", NULL,
	  NULL },
	{ "system files", "a line", "echo '#' >>/etc/shadow", NULL, NULL, NULL },
	{ "system files", "in a home", "mkdir /home/demo/n", "rmdir /home/demo/n", NULL, NULL },
	{ "system files", "a device", "mknod /dev/escape c 1 3", "rm /dev/escape", NULL, NULL },
	{ "mounts and swaps", "a mount", "mount -t tmpfs harm $T/outside/open/d",
	  "umount $T/outside/open/d", NULL, NULL },
	{ "mounts and swaps", "its flags", "mount -o remount,noexec /dev/shm",
	  "mount -o remount,exec /dev/shm", NULL, NULL },
	{ "processes", "a new one", NULL, NULL, harm_process, NULL },
	{ "processes", "a signal", NULL, NULL, harm_signal, NULL },
	{ "processes", "a nice value", NULL, NULL, harm_nice, NULL },
	{ "processes", "affinity", NULL, NULL, harm_affinity, NULL },
	{ "processes", "a policy", NULL, NULL, harm_policy, NULL },
	{ "processes", "a limit", NULL, NULL, harm_limit, NULL },
	{ "processes", "priority of I/O", NULL, NULL, harm_io, NULL },
	{ "processes", "how soon it is killed for memory", "echo 5 >/proc/$V/oom_score_adj", NULL,
	  NULL, NULL },
	{ "processes", "a cgroup", "echo $V >" CANARY_GROUP "/cgroup.procs", NULL, NULL, NULL },
	{ "cgroups", "what a group holds", "echo $V >/sys/fs/cgroup/cgroup.procs", NULL, NULL,
	  NULL },
	{ "processes", "that it stands", NULL, NULL, harm_stop, NULL },
	{ "processes", "its end", NULL, NULL, harm_kill, NULL },
	{ "cgroups", "a group", "mkdir " CANARY_GROUP "/n", "rmdir " CANARY_GROUP "/n", NULL,
	  NULL },
	{ "settings", "the host's name", "echo harm >/proc/sys/kernel/hostname",
	  "echo agentos >/proc/sys/kernel/hostname", NULL, NULL },
	{ "settings", "of memory", "echo 61 >/proc/sys/vm/swappiness",
	  "echo 60 >/proc/sys/vm/swappiness", NULL, NULL },
	{ "settings", "Ctrl-Alt-Del", NULL, NULL, harm_ctrl_alt_del, harm_ctrl_alt_del_undo },
	{ "clock", "a jump", NULL, NULL, harm_clock, harm_clock_undo },
	{ "clock", "its tick", NULL, NULL, harm_tick, harm_tick_undo },
	{ "modules", "a new one",
	  "cat $(find /usr/lib/modules/$(uname -r)/kernel/drivers/net/ -name "
	  "'dummy.ko*' | head -n 1) >$T/outside/m && case $(head -c 6 $T/outside/m | tail -c 5) in "
	  "7zXZ*) xz -dc <$T/outside/m >/run/m.ko ;; *) cp $T/outside/m /run/m.ko ;; esac && "
	  "/run/vm/busybox insmod /run/m.ko && rm $T/outside/m /run/m.ko",
	  "/run/vm/busybox rmmod dummy", NULL, NULL },
	{ "bpf", "a pin", "mkdir /sys/fs/bpf/n", "rmdir /sys/fs/bpf/n", NULL, NULL },
	{ "bpf", "a map", NULL, NULL, harm_map, harm_close },
	{ "network", "an address", "/run/vm/busybox ip addr add 10.9.9.9/32 dev lo",
	  "/run/vm/busybox ip addr del 10.9.9.9/32 dev lo", NULL, NULL },
	{ "network", "a route", "/run/vm/busybox ip route add 10.8.8.8/32 dev lo",
	  "/run/vm/busybox ip route del 10.8.8.8/32 dev lo", NULL, NULL },
	{ "network", "a device", "/run/vm/busybox ip link set lo mtu 1400",
	  "/run/vm/busybox ip link set lo mtu 65536", NULL, NULL },
	{ "addresses", "one that is taken", NULL, NULL, harm_listen, harm_close },
	{ "System V", "a message", NULL, NULL, harm_ipc, NULL },
	{ "System V", "memory", NULL, NULL, harm_ipc_new, harm_ipc_undo },
	{ "System V for all", "a message less", NULL, NULL, harm_ipc_shared, NULL },
	{ "queues", "a message", NULL, NULL, harm_queue, NULL },
	{ "queues", "a name", NULL, NULL, harm_queue_new, harm_queue_undo },
	{ "key", "content", NULL, NULL, harm_key, NULL },
	{ "terminal", "what is typed", NULL, NULL, harm_typed, NULL },
	{ "terminal", "its size", NULL, NULL, harm_size, NULL },
	{ "terminal", "what is printed", "printf x >/proc/$PPID/fd/$S", NULL, NULL, NULL },
};

/* Each change, one after the other; whether the part that it is in is another then. */
static inline bool harm_all(void)
{
	unsigned int done = 0, i;
	bool good = true, seen;
	char *before, *after;
	size_t part;

	setenv("T", canary_tree, 1);
	setenv("S", stage_format("%d", canary.slave), 1);
	canary_file("outside/victim", 0644, STAGE_DEMO_ID);
	for (i = 0; i < sizeof(harms) / sizeof(harms[0]); i++) {
		const struct harm *harm = &harms[i];

		part = world_part(harm->part);
		before = world_see(part);
		if (harm->command)
			stage_shell("%s", harm->command);
		else if (!harm->act())
			stage_bail("cannot change %s: %s", harm->part, harm->what);
		after = world_see(part);
		seen = strcmp(before, after) != 0;
		if (!seen)
			stage_note("no difference in %s: %s", harm->part, harm->what);
		good &= seen;
		done += seen;
		free(before);
		free(after);
		if (harm->undo_command)
			stage_shell("%s", harm->undo_command);
		if (harm->undo && !harm->undo())
			stage_bail("cannot undo %s: %s", harm->part, harm->what);
	}
	/* Each of the doors by itself: that all were passed is seen in one line of each. */
	part = world_part("addresses");
	before = world_see(part);
	if (!harm_doors())
		stage_bail("cannot come to a door");
	after = world_see(part);
	for (i = 0; i < DOORS; i++) {
		char line[64];

		snprintf(line, sizeof(line), "%s: %u came\n", canary_doors[i].name,
			 canary_doors[i].arrivals);
		seen = canary_doors[i].allowed || (strstr(after, line) && !strstr(before, line));
		if (!seen)
			stage_note("no difference in addresses: %s", canary_doors[i].name);
		good &= seen;
		done += seen;
	}
	free(before);
	free(after);
	stage_note("%u changes of the test's own were seen", done);
	return good;
}

#endif
