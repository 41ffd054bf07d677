// SPDX-License-Identifier: GPL-2.0-or-later
/* Ways to privileges: AGENTOS_RIGHT(NAMESPACES) to AGENTOS_RIGHT(USERFAULTFD); AgentOS itself. */
#include <linux/bpf.h>
#include <linux/keyctl.h>
#include <stdint.h>

#include "tests/escape/table.h"

#define FILES "file-read, file-write, file-exec"
#define PINS  "/sys/fs/bpf/agentos"

/* %d: where nodes may be made. */
#define DEVICES "/dev, %d"

/*
 * A capability is asked for before most hooks: what a right of its own decides
 * shows with `capabilities` granted and that right missing.
 */
static const struct stage_policy policies[] = {
	{ .name = "base", .rights = FILES },
	{ .name = "capable", .rights = FILES ", capabilities" },  /* AGENTOS_RIGHT(CAPABILITIES) */
	{ .name = "namespaces", .rights = FILES ", namespaces" }, /* AGENTOS_RIGHT(NAMESPACES) */
	{ .name = "mount", .rights = FILES ", capabilities, mount" },	/* AGENTOS_RIGHT(MOUNT) */
	{ .name = "ids", .rights = FILES ", set-ids" },			/* AGENTOS_RIGHT(SET_IDS) */
	{ .name = "bpf", .rights = FILES ", capabilities, bpf" },	/* AGENTOS_RIGHT(BPF) */
	{ .name = "module", .rights = FILES ", capabilities, module" }, /* AGENTOS_RIGHT(MODULE) */
	{ .name = "uring",
	  .rights = FILES ", capabilities, io-uring" },		    /* AGENTOS_RIGHT(IO_URING) */
	{ .name = "faults", .rights = FILES ", userfaultfd" },	    /* AGENTOS_RIGHT(USERFAULTFD) */
	{ .name = "perf", .rights = FILES ", capabilities, perf" }, /* AGENTOS_RIGHT(PERF) */
	{ .name = "keys", .rights = FILES ", keyrings" },	    /* AGENTOS_RIGHT(KEYRINGS) */
	{ .name = "unix", .rights = FILES ", unix-connect" },
	{ .name = "pins",
	  .rights = FILES ", capabilities, bpf",
	  .read = "/sys/fs/bpf",
	  .write = "/sys/fs/bpf" },
	{ .name = "proc", .rights = FILES, .write = "/proc" },
	{ .name = "nodes", .rights = FILES ", capabilities", .read = DEVICES, .write = DEVICES },
	{ .name = "devices", /* AGENTOS_RIGHT(DEVICES) */
	  .rights = FILES ", capabilities, devices",
	  .read = DEVICES,
	  .write = DEVICES },
	{ .name = "unruled", .rights = FILES ", capabilities, devices" },
	{ 0 },
};

/*
 * %m: a module's file, %n: its name; %p: agentosd; %o: a setuid-root program, %c: one
 * with file capabilities; %f: root's file; %q: a file system with quotas; %b: a block
 * device; %d: where nodes can be.
 */
static const struct stage_row rows[] = {
	/* 6.1 asks for the capability before it asks the hook. */
	{ "bpf, a map", "bpf-map", "base", STAGE_ROOT, EPERM, "capable", "6.1" },
	{ "bpf, a map", "bpf-map", "base", STAGE_ROOT, EPERM, "bpf", "6.12" },
	{ "bpf, what programs there are", "bpf-next", "base", STAGE_ROOT, EPERM, "capable", "6.1" },
	{ "bpf, what programs there are", "bpf-next", "base", STAGE_ROOT, EPERM, "bpf", "6.12" },
	{ "bpf, what is pinned", "bpf-get " PINS "/denials", "base", STAGE_ROOT, EPERM, "capable",
	  "6.1" },
	{ "bpf, what is pinned", "bpf-get " PINS "/denials", "base", STAGE_ROOT, EPERM, "bpf",
	  "6.12" },
	{ "finit_module", "finit-module %m %n", "base", STAGE_ROOT, EPERM, "capable", NULL },
	{ "init_module", "init-module %m %n", "base", STAGE_ROOT, EPERM, "capable", NULL },
	{ "delete_module", "delete-module", "base", STAGE_ROOT, EPERM, "delete_module", NULL },
	{ "mount", "mount %W/d", "base", STAGE_ROOT, EPERM, "sb_mount", NULL },
	{ "bind mount", "bind %S %W/d", "base", STAGE_ROOT, EPERM, "sb_mount", NULL },
	{ "umount", "umount %T/mounted/%I", "base", STAGE_ROOT, EPERM, "capable", NULL },
	{ "open_tree", "open-tree %S", "base", STAGE_ROOT, EPERM, "capable", NULL },
	{ "fsopen", "fsopen", "base", STAGE_ROOT, EPERM, "capable", NULL },
	{ "mount_setattr", "mount-setattr %T/mounted/%I", "base", STAGE_ROOT, EPERM, "capable",
	  NULL },
	{ "pivot_root", "pivot-root %W/d", "base", STAGE_ROOT, EPERM, "capable", NULL },
	{ "chroot", "chroot %W/d", "base", STAGE_ROOT, EPERM, "capable", NULL },
	{ "unshare of the user namespace", "unshare 0x10000000", "base", 0, EPERM, "userns_create",
	  NULL },
	{ "clone with a user namespace", "clone-userns", "base", 0, EPERM, "userns_create", NULL },
	{ "user and mount namespace at once", "unshare 0x10020000", "base", 0, EPERM,
	  "userns_create", NULL },
	{ "unshare of the mount namespace", "unshare 0x20000", "base", STAGE_ROOT, EPERM, "capable",
	  NULL },
	{ "unshare of the network namespace", "unshare 0x40000000", "base", STAGE_ROOT, EPERM,
	  "capable", NULL },
	{ "unshare of the pid namespace", "unshare 0x20000000", "base", STAGE_ROOT, EPERM,
	  "capable", NULL },
	{ "setns", "setns", "base", STAGE_ROOT, EPERM, "capable", NULL },
	{ "setuid", "setuid 1001", "base", STAGE_ROOT, EPERM, "task_fix_setuid", NULL },
	{ "setreuid", "setreuid", "base", STAGE_ROOT, EPERM, "task_fix_setuid", NULL },
	{ "setresuid", "setresuid", "base", STAGE_ROOT, EPERM, "task_fix_setuid", NULL },
	{ "setfsuid", "setfsuid", "base", STAGE_ROOT, EPERM, "task_fix_setuid", NULL },
	{ "setgid", "setgid", "base", STAGE_ROOT, EPERM, "task_fix_setgid", NULL },
	{ "setresgid", "setresgid", "base", STAGE_ROOT, EPERM, "task_fix_setgid", NULL },
	{ "setgroups", "setgroups", "base", STAGE_ROOT, EPERM, "task_fix_setgroups", NULL },
	{ "to the ids it has", "own-ids", "base", 0, 0, NULL, NULL },
	{ "sethostname", "hostname", "base", STAGE_ROOT, EPERM, "capable", NULL },
	{ "clock_settime", "settime", "base", STAGE_ROOT, EPERM, "capable", NULL },
	{ "syslog", "syslog", "base", STAGE_ROOT, EPERM, "capable", NULL },
	{ "a better priority", "nice", "base", STAGE_ROOT, EACCES, "capable", NULL },
	{ "a device node", "mknod %W/null", "base", STAGE_ROOT, EPERM, "capable", NULL },
	{ "swapon", "swapon %W/f", "base", STAGE_ROOT, EPERM, "capable", NULL },
	{ "chown in the workspace", "chown %W/f", "base", STAGE_ROOT, 0, NULL, NULL },
	{ "delete_module of agentos, which would be told that it is in use", "delete-agentos",
	  "base", STAGE_ROOT, EPERM, "delete_module", NULL },
	{ "kexec_load", "kexec", "base", STAGE_ROOT, EPERM, "capable", NULL },
	{ "kexec_file_load", "kexec-file", "base", STAGE_ROOT, EPERM, "capable", NULL },
	{ "reboot", "reboot", "base", STAGE_ROOT, EPERM, "capable", NULL },
	{ "settimeofday", "settimeofday", "base", STAGE_ROOT, EPERM, "capable", NULL },
	{ "adjtimex", "adjtime", "base", STAGE_ROOT, EPERM, "capable", NULL },
	{ "syslog, reading", "syslog-read", "base", STAGE_ROOT, EPERM, "capable", NULL },
	{ "swapoff", "swapoff %W/f", "base", STAGE_ROOT, EPERM, "capable", NULL },
	{ "acct", "acct", "base", STAGE_ROOT, EPERM, "capable", "stock" },
	{ "quotactl", "quota %q", "base", STAGE_ROOT, EPERM, "capable", "stock" },
	{ "capset, of what it has anyway", "capset-hostname", "base", STAGE_ROOT, EPERM, "capable",
	  NULL },
	{ "prctl PR_CAPBSET_DROP", "capbset", "base", STAGE_ROOT, EPERM, "capable", NULL },
	{ "prctl PR_SET_MM", "set-mm", "base", STAGE_ROOT, EPERM, "capable", NULL },
	{ "prctl PR_SET_MM_EXE_FILE", "set-exe /bin/true", "base", STAGE_ROOT, EPERM, "capable",
	  NULL },
	{ "file capabilities", "setcap %W/f", "base", STAGE_ROOT, EPERM, "capable", NULL },
	{ "umount of what is pinned", "umount-own /sys/fs/bpf", "base", STAGE_ROOT, EPERM,
	  "capable", NULL },
	{ "keyctl, reading the user's keyring", "key-read", "base", 0, STAGE_ANY_ERROR,
	  "key_permission", NULL },
	{ "keyctl, the persistent keyring", "key-persistent", "base", 0, STAGE_ANY_ERROR,
	  "key_permission", "stock" },
	{ "request_key", "key-request", "base", 0, STAGE_ANY_ERROR, "key_permission", NULL },
	{ "request_key, which runs a program as root", "key-callout", "base", 0, STAGE_ANY_ERROR,
	  "key_permission", NULL },
	{ "request_key by a thread", "via-thread key-request", "base", 0, STAGE_ANY_ERROR,
	  "key_permission", NULL },
	{ "userfaultfd", "userfaultfd", "base", 0, EPERM, "inode_init_security_anon", NULL },
	{ "io_uring", "uring", "base", 0, EPERM, "inode_init_security_anon", NULL },
	{ "io_uring by a thread", "via-thread uring", "base", 0, EPERM, "inode_init_security_anon",
	  NULL },
	{ "perf_event_open", "perf", "base", 0, EACCES, "perf_event_open", NULL },
	{ "perf_event_open by a thread", "via-thread perf", "base", 0, EACCES, "perf_event_open",
	  NULL },
	{ "add_key", "key-make", "base", 0, EPERM, "key_permission", NULL },
	{ "keyctl, the user's keyring", "key-look", "base", 0, STAGE_ANY_ERROR, "key_permission",
	  NULL },
	{ "keyctl, joining a session", "key-join", "base", 0, EPERM, "key_permission", NULL },
	/* no_new_privs, not a hook. */
	{ "a setuid-root program gains nothing", "exec %o head -c0 %f", "base", STAGE_DEMO,
	  STAGE_ANY_ERROR, NULL, NULL },
	{ "nor does one with file capabilities", "exec %c head -c0 %f", "base", STAGE_DEMO,
	  STAGE_ANY_ERROR, NULL, NULL },
	{ "the device", "open /dev/agentos 2", "base", 0, EACCES, "file_open", NULL },
	{ "the control socket", "control", "base", 0, EACCES, "unix_stream_connect", NULL },
	{ "the pins, removing one", "rmdir " PINS "/%I", "base", STAGE_ROOT, EACCES, "path_unlink",
	  NULL },
	{ "the pins, reading the iterator", "open " PINS "/denials 0", "base", STAGE_ROOT, EACCES,
	  "file_open", NULL },
	{ "the audit log", "open /var/lib/agentos/audit 0", "base", 0, EACCES, "file_open", NULL },
	{ "signalling agentosd", "kill %p", "base", STAGE_ROOT, EPERM, "task_kill", NULL },
	{ "kernel memory", "open /dev/mem 0", "base", STAGE_ROOT, EACCES, "file_open", NULL },
	{ "sysctl", "open /proc/sys/kernel/core_pattern 1", "base", STAGE_ROOT, EACCES, "file_open",
	  NULL },
	{ "the program that the kernel loads modules with", "open /proc/sys/kernel/modprobe 1",
	  "base", STAGE_ROOT, EACCES, "file_open", NULL },
	{ "interpreters of binfmt_misc", "open /proc/sys/fs/binfmt_misc/register 1", "base",
	  STAGE_ROOT, EACCES, "file_open", "stock" },
	{ "sysrq-trigger", "open /proc/sysrq-trigger 1", "base", STAGE_ROOT, EACCES, "file_open",
	  NULL },
	{ "debugfs", "open /sys/kernel/debug/dynamic_debug/control 1", "base", STAGE_ROOT, EACCES,
	  "file_open", "stock" },
	{ "tracefs", "open /sys/kernel/tracing/trace_marker 1", "base", STAGE_ROOT, EACCES,
	  "file_open", "stock" },
	{ "tracefs, reading", "open /sys/kernel/tracing/trace 0", "base", STAGE_ROOT, EACCES,
	  "file_open", "stock" },
	{ "securityfs", "open /sys/kernel/security/lockdown 1", "base", STAGE_ROOT, EACCES,
	  "file_open", "stock" },
	{ "sysfs", "open /sys/module/printk/parameters/time 1", "base", STAGE_ROOT, EACCES,
	  "file_open", NULL },
	{ "cgroups", "open /sys/fs/cgroup/cgroup.procs 1", "base", STAGE_ROOT, EACCES, "file_open",
	  NULL },
	{ "kernel memory as a core file, where /proc may be read", "open /proc/kcore 0", "base",
	  STAGE_ROOT, EPERM, "capable", "stock" },
	{ "the kernel's messages, where /proc may be read", "open /proc/kmsg 0", "base", STAGE_ROOT,
	  EPERM, "capable", NULL },
	{ "/proc/self/mem", "write-code", "base", 0, EACCES, "file_open", NULL },
	{ "/proc/self/mem by a thread", "via-thread write-code", "base", 0, EACCES, "file_open",
	  NULL },
	{ "a pin, removing it", "unlink " PINS "/%I", "base", STAGE_ROOT, EACCES, "path_unlink",
	  NULL },
	{ "a pin, renaming it", "rename " PINS "/%I " PINS "/%I-", "base", STAGE_ROOT, EACCES,
	  "path_rename", NULL },
	{ "with bpf, and a rule to write: removing a pin", "unlink " PINS "/%I", "pins", STAGE_ROOT,
	  EACCES, "path_unlink", NULL },
	{ "with bpf, and a rule to write: renaming a pin", "rename " PINS "/%I /sys/fs/bpf/%I",
	  "pins", STAGE_ROOT, EACCES, "path_rename", NULL },
	{ "with bpf, and a rule to write: adding a pin", "bpf-pin " PINS "/%I+", "pins", STAGE_ROOT,
	  EACCES, "path_mknod", NULL },
	{ "with bpf, and a rule to write: pins of its own", "bpf-pin /sys/fs/bpf/%I", "pins",
	  STAGE_ROOT, 0, NULL, NULL },

	{ "with capabilities: sethostname", "hostname", "capable", STAGE_ROOT, 0, NULL, NULL },
	{ "with capabilities: clock_settime", "settime", "capable", STAGE_ROOT, 0, NULL, NULL },
	{ "with capabilities: syslog", "syslog", "capable", STAGE_ROOT, 0, NULL, NULL },
	{ "with capabilities: a better priority", "nice", "capable", STAGE_ROOT, 0, NULL, NULL },
	{ "with capabilities: a network namespace", "unshare 0x40000000", "capable", STAGE_ROOT, 0,
	  NULL, NULL },
	{ "with module: agentos is in use", "delete-agentos", "module", STAGE_ROOT, 0, NULL, NULL },
	{ "with capabilities: reboot", "reboot", "capable", STAGE_ROOT, 0, NULL, NULL },
	{ "with capabilities: settimeofday", "settimeofday", "capable", STAGE_ROOT, 0, NULL, NULL },
	{ "with capabilities: adjtimex", "adjtime", "capable", STAGE_ROOT, 0, NULL, NULL },
	{ "with capabilities: acct", "acct", "capable", STAGE_ROOT, 0, NULL, "stock" },
	{ "with capabilities: quotactl", "quota %q", "capable", STAGE_ROOT, 0, NULL, "stock" },
	{ "with capabilities: capset", "capset-hostname", "capable", STAGE_ROOT, 0, NULL, NULL },
	{ "with capabilities: prctl PR_SET_MM", "set-mm", "capable", STAGE_ROOT, 0, NULL, NULL },
	{ "with capabilities: file capabilities", "setcap %W/f", "capable", STAGE_ROOT, 0, NULL,
	  NULL },
	{ "with capabilities alone: kexec_load", "kexec", "capable", STAGE_ROOT, EPERM,
	  "kernel_load_data", NULL },
	{ "with capabilities alone: umount of what is pinned", "umount-own /sys/fs/bpf", "capable",
	  STAGE_ROOT, EPERM, "sb_umount", NULL },
	{ "with capabilities alone: finit_module", "finit-module %m %n", "capable", STAGE_ROOT,
	  EPERM, "kernel_read_file", NULL },
	{ "with capabilities alone: init_module", "init-module %m %n", "capable", STAGE_ROOT, EPERM,
	  "kernel_load_data", NULL },
	{ "with capabilities alone: umount", "umount %T/mounted/%I", "capable", STAGE_ROOT, EPERM,
	  "sb_umount", NULL },
	{ "with capabilities alone: remount", "remount %T/mounted/%I", "capable", STAGE_ROOT, EPERM,
	  "sb_mount", NULL },
	{ "with capabilities alone: move_mount", "move-mount %S %W/d", "capable", STAGE_ROOT, EPERM,
	  "move_mount", NULL },
	{ "with capabilities alone: pivot_root", "pivot-root %W/d", "capable", STAGE_ROOT, EPERM,
	  "sb_pivotroot", NULL },
	{ "with capabilities alone: chroot", "chroot %W/d", "capable", STAGE_ROOT, EPERM,
	  "path_chroot", NULL },
	{ "with capabilities alone: bpf", "bpf-map", "capable", STAGE_ROOT, EPERM, "bpf", NULL },
	{ "with capabilities alone: setuid", "setuid 1001", "capable", STAGE_ROOT, EPERM,
	  "task_fix_setuid", NULL },

	{ "with namespaces: unshare", "unshare 0x10000000", "namespaces", 0, 0, NULL, NULL },
	{ "with namespaces: clone", "clone-userns", "namespaces", 0, 0, NULL, NULL },

	{ "with mount: mount and umount", "mount %W/d", "mount", STAGE_ROOT, 0, NULL, NULL },
	{ "with mount: bind", "bind %S %W/d", "mount", STAGE_ROOT, 0, NULL, NULL },
	{ "with mount: umount of what is pinned, in a namespace of its own",
	  "umount-own /sys/fs/bpf", "mount", STAGE_ROOT, EPERM, "sb_umount", NULL },
	{ "with mount: remount", "remount %T/mounted/%I", "mount", STAGE_ROOT, 0, NULL, NULL },
	{ "with mount: move_mount", "move-mount %S %W/d", "mount", STAGE_ROOT, 0, NULL, NULL },
	{ "with mount: pivot_root", "pivot-root %W/d", "mount", STAGE_ROOT, 0, NULL, NULL },
	{ "with mount: chroot", "chroot %W/d", "mount", STAGE_ROOT, 0, NULL, NULL },

	{ "with set-ids: setuid", "setuid 1001", "ids", STAGE_ROOT, 0, NULL, NULL },
	{ "with set-ids: setfsuid", "setfsuid", "ids", STAGE_ROOT, 0, NULL, NULL },
	{ "with set-ids: setgid", "setgid", "ids", STAGE_ROOT, 0, NULL, NULL },
	{ "with set-ids: setgroups", "setgroups", "ids", STAGE_ROOT, 0, NULL, NULL },

	{ "with bpf: a map", "bpf-map", "bpf", STAGE_ROOT, 0, NULL, NULL },
	{ "with bpf: what programs there are", "bpf-next", "bpf", STAGE_ROOT, 0, NULL, NULL },

	{ "with module: finit_module", "finit-module %m %n", "module", STAGE_ROOT, 0, NULL, NULL },
	{ "with module: init_module", "init-module %m %n", "module", STAGE_ROOT, 0, NULL, NULL },
	{ "with module: kexec_load", "kexec", "module", STAGE_ROOT, 0, NULL, NULL },
	{ "with capabilities: delete_module", "delete-module", "capable", STAGE_ROOT, EPERM,
	  "delete_module", NULL },
	{ "with module: delete_module", "delete-module", "module", STAGE_ROOT, 0, NULL, NULL },

	{ "with io-uring: a ring", "uring", "uring", 0, 0, NULL, NULL },
	{ "with io-uring: a polled one", "uring-polled", "uring", 0, 0, NULL, NULL },
	{ "with io-uring: no userfaultfd", "userfaultfd", "uring", 0, EPERM,
	  "inode_init_security_anon", NULL },
	{ "with userfaultfd: a descriptor", "userfaultfd", "faults", 0, 0, NULL, NULL },
	{ "with userfaultfd: no io_uring", "uring", "faults", 0, EPERM, "inode_init_security_anon",
	  NULL },

	{ "with capabilities alone: perf_event_open", "perf", "capable", STAGE_ROOT, EACCES,
	  "perf_event_open", NULL },
	{ "with perf: a counter", "perf", "perf", STAGE_ROOT, 0, NULL, NULL },
	{ "with keyrings: add_key", "key-make", "keys", 0, 0, NULL, NULL },
	{ "with keyrings: request_key", "key-request", "keys", 0, 0, NULL, NULL },
	{ "with keyrings: joining a session", "key-join", "keys", 0, 0, NULL, NULL },

	/* Else a rule to write would be one to run any code. */
	{ "with a rule to write /proc: its own code", "write-code", "proc", 0, EACCES, "file_open",
	  NULL },
	/* 2097152 is O_PATH. */
	{ "a rule is not enough: the kernel's log", "open /dev/kmsg 0", "nodes", STAGE_ROOT, EACCES,
	  "file_open", NULL },
	{ "the kernel's log, for writing", "open /dev/kmsg 1", "nodes", STAGE_ROOT, EACCES,
	  "file_open", NULL },
	{ "the kernel's log, for ioctl only", "open /dev/kmsg 3", "nodes", STAGE_ROOT, EACCES,
	  "file_open", NULL },
	{ "the kernel's log, by a thread", "via-thread open /dev/kmsg 0", "nodes", STAGE_ROOT,
	  EACCES, "file_open", NULL },
	{ "the kernel's memory", "open /dev/mem 0", "nodes", STAGE_ROOT, EACCES, "file_open",
	  "stock" },
	{ "what makes loop devices", "open /dev/loop-control 2", "nodes", STAGE_ROOT, EACCES,
	  "file_open", "stock" },
	{ "what makes file systems", "open /dev/fuse 2", "nodes", 0, EACCES, "file_open", "stock" },
	{ "what makes network devices", "open /dev/net/tun 2", "nodes", 0, EACCES, "file_open",
	  "stock" },
	{ "a block device", "open %b 0", "nodes", STAGE_ROOT, EACCES, "file_open", "stock" },
	{ "a block device, for writing", "open %b 2", "nodes", STAGE_ROOT, EACCES, "file_open",
	  "stock" },
	{ "a node of its own making", "made %d/%I c 1 11", "nodes", STAGE_ROOT, EACCES, "file_open",
	  NULL },
	{ "a block device's of its own making", "made %d/%I b 7 0", "nodes", STAGE_ROOT, EACCES,
	  "file_open", "stock" },
	{ "a location is no open device", "open /dev/kmsg 2097152", "nodes", 0, 0, NULL, NULL },
	{ "null", "open /dev/null 2", "nodes", 0, 0, NULL, NULL },
	{ "zero", "open /dev/zero 2", "nodes", 0, 0, NULL, NULL },
	{ "full", "open /dev/full 2", "nodes", 0, 0, NULL, NULL },
	{ "random", "open /dev/random 0", "nodes", 0, 0, NULL, NULL },
	{ "urandom", "open /dev/urandom 0", "nodes", 0, 0, NULL, NULL },
	{ "ptmx", "open /dev/ptmx 2", "nodes", 0, 0, NULL, NULL },
	{ "null of its own making", "made %d/%I c 1 3", "nodes", STAGE_ROOT, 0, NULL, NULL },
	{ "a directory of them", "open /dev 0", "nodes", 0, 0, NULL, NULL },
	{ "with devices: the kernel's log", "open /dev/kmsg 0", "devices", STAGE_ROOT, 0, NULL,
	  NULL },
	{ "with devices: the kernel's memory", "open /dev/mem 0", "devices", STAGE_ROOT, 0, NULL,
	  "stock" },
	{ "with devices: what makes loop devices", "open /dev/loop-control 2", "devices",
	  STAGE_ROOT, 0, NULL, "stock" },
	{ "with devices: what makes file systems", "open /dev/fuse 2", "devices", 0, 0, NULL,
	  "stock" },
	{ "with devices: what makes network devices", "open /dev/net/tun 2", "devices", 0, 0, NULL,
	  "stock" },
	{ "with devices: a block device", "open %b 2", "devices", STAGE_ROOT, 0, NULL, "stock" },
	{ "with devices: a node of its own making", "made %d/%I c 1 11", "devices", STAGE_ROOT, 0,
	  NULL, NULL },
	{ "with devices: never our own", "open /dev/agentos 2", "trusted", STAGE_ROOT, EPERM, NULL,
	  NULL },
	{ "with devices: only what a rule allows", "open /dev/kmsg 0", "unruled", STAGE_ROOT,
	  EACCES, "file_open", NULL },

	/* Refused by the module and by the daemon themselves: no hook, no record. */
	{ "the control socket answers no agent", "control", "unix", 0, EPERM, NULL, NULL },
	{ "the device opens for no agent", "open /dev/agentos 2", "trusted", 0, EPERM, NULL, NULL },
	{ "with all rights: the control socket answers no agent", "control", "trusted", 0, EPERM,
	  NULL, NULL },
};

/* A map, at the name of the row, among what AgentOS has pinned. */
static void pin_make(const char *id)
{
	union bpf_attr map = { .map_type = BPF_MAP_TYPE_ARRAY,
			       .key_size = 4,
			       .value_size = 4,
			       .max_entries = 1 };
	char *path = stage_format(PINS "/%s", id);
	union bpf_attr pin = { .pathname = (uintptr_t)path };
	int fd = (int)syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof(map));

	unlink(path);
	pin.bpf_fd = (uint32_t)fd;
	if (fd < 0 || syscall(SYS_bpf, BPF_OBJ_PIN, &pin, sizeof(pin)) < 0)
		stage_bail("cannot pin %s", path);
	close(fd);
	free(path);
}

static void row_dress(const char *tree, const char *id, const struct stage_row *row)
{
	if (strstr(row->act, "%T/mounted"))
		stage_shell(
			"mkdir -p %s/mounted/%s && mount -t tmpfs -o mode=777 tmpfs %s/mounted/%s",
			tree, id, tree, id);
	if (strstr(row->act, "rmdir " PINS "/%I"))
		stage_shell("mkdir -p " PINS "/%s", id);
	else if (strstr(row->act, "link " PINS "/%I") || strstr(row->act, "rename " PINS "/%I"))
		pin_make(id);
	else if (strstr(row->act, "bpf-pin"))
		stage_shell("rm -f /sys/fs/bpf/%s " PINS "/%s+", id, id);
}

/* With quotas of users in it: %q. */
static void quota_make(void)
{
	const char *kernel = getenv("AGENTOS_KERNEL");

	if (kernel && strcmp(kernel, "debug") == 0)
		return;
	stage_shell("modprobe -a loop ext4 quota_v2 binfmt_misc && "
		    "mount -t binfmt_misc none /proc/sys/fs/binfmt_misc && cd %s && mkdir quota && "
		    "truncate -s 16M quota.img && mkfs.ext4 -q -O quota quota.img && "
		    "mount -o loop,usrquota quota.img quota",
		    stage_root);
	stage.value['q' - 'a'] = stage_format("%s/quota", stage_root);
}

/* In the keyring of each user, for that user to find. */
static void keys_make(void)
{
	static const uid_t users[] = { 0, STAGE_DEMO_ID };
	int status;
	size_t i;

	for (i = 0; i < 2; i++) {
		if (fork() == 0) {
			if (setresuid(users[i], users[i], users[i]) < 0)
				_exit(1);
			_exit(syscall(SYS_add_key, "user", "escape:there", "x", 1,
				      KEY_SPEC_USER_KEYRING) < 0);
		}
		wait(&status);
		if (!WIFEXITED(status) || WEXITSTATUS(status))
			stage_bail("no key for %u", users[i]);
	}
}

/* The devices that rows name. Those of the debugging kernel are fewer. */
static void devices_make(void)
{
	const char *kernel = getenv("AGENTOS_KERNEL");
	int status;

	stage.value['d' - 'a'] = stage_format("%s/devices", stage_root);
	stage_shell("mkdir -p %s && mount -t tmpfs -o mode=777 devices %s", stage.value['d' - 'a'],
		    stage.value['d' - 'a']);
	if (kernel && strcmp(kernel, "debug") == 0)
		return;
	stage_shell("modprobe -a loop fuse tun && truncate -s 64k %s/disk && "
		    "chmod 666 /dev/fuse /dev/net/tun",
		    stage_root);
	stage.value['b' - 'a'] = stage_output(
		stage_format("losetup -f --show %s/disk | tr -d '\\n'", stage_root), &status);
	if (status)
		stage_bail("no block device");
}

int main(void)
{
	stage = (struct stage){
		.title = "priv",
		.program = "attempt_priv",
		.rows = rows,
		.row_count = sizeof(rows) / sizeof(rows[0]),
		.policies = policies,
		.dress_row = row_dress,
	};
	stage_begin();
	stage_setting("/proc/sys/kernel/unprivileged_userns_clone", "1");
	stage_setting("/proc/sys/kernel/io_uring_disabled", "0");
	stage_setting("/proc/sys/kernel/perf_event_paranoid", "1");
	stage_setting("/proc/sys/kernel/dmesg_restrict", "1");
	stage_module();
	quota_make();
	keys_make();
	/* Where set-user-id counts: not on the tmpfs that the trees are on. */
	stage_shell("install -m 4755 /usr/bin/head /usr/lib/escape-head && "
		    "install -m 755 /usr/bin/head /usr/lib/escape-capable && "
		    "setcap cap_dac_read_search+ep /usr/lib/escape-capable && "
		    "install -m 600 /etc/hostname /usr/lib/escape-secret");
	stage.value['c' - 'a'] = "/usr/lib/escape-capable";
	stage.value['o' - 'a'] = "/usr/lib/escape-head";
	stage.value['f' - 'a'] = "/usr/lib/escape-secret";
	stage.value['p' - 'a'] = stage_format("%d", stage_daemon);
	devices_make();
	stage_table();
	if (stage.value['b' - 'a'])
		stage_shell("losetup -d %s", stage.value['b' - 'a']);
	return stage_end();
}
