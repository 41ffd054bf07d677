// SPDX-License-Identifier: GPL-2.0-or-later
/* Ways to devices: nodes that are there, without a rule, and nodes that an agent makes. */
#include <stdlib.h>
#include <sys/sysmacros.h>

#include "tests/escape/table.h"

#define FILES "file-read, file-write, file-exec"

static const struct stage_policy policies[] = {
	{ .name = "base", .rights = FILES },
	{ .name = "capable", .rights = FILES ", capabilities" },
	{ .name = "place",
	  .rights = FILES,
	  .read = "/dev/escape",
	  .write = "/dev/escape",
	  .deny = "/dev/escape/denied" },
	{ .name = "ruled",
	  .rights = FILES ", devices",
	  .read = "/dev/loop-control",
	  .write = "/dev/loop-control" },
	/* What would be refused for want of the right is done, and told as that. */
	{ .name = "watched",
	  .rights = FILES,
	  .read = "/dev/loop-control, /dev/loop0, /dev/escape",
	  .write = "/dev/loop-control, /dev/loop0, /dev/escape",
	  .deny = "/dev/escape/denied",
	  .effects = "devices: watch",
	  .told = "\"effect\":\"watch\",\"rights\":[\"devices\"]" },
	{ .name = "audit-only",
	  .rights = FILES,
	  .audit_only = true,
	  .told = "\"rights\":[\"devices\"]" },
	{ .name = "audit-watched",
	  .rights = FILES,
	  .audit_only = true,
	  .effects = "devices: watch",
	  .told = "\"why\":\"no_rule\"" },
	{ 0 },
};

/* Opened for both; 2 is O_RDWR. Without a driver behind it, whoever may open it learns that. */
#define OPENED(path) "device " path " 2"

/* %t: the terminal of somebody else. */
static const struct stage_row rows[] = {
	{ "the processor's virtualization", OPENED("/dev/kvm"), "base", 0, EACCES, "file_open",
	  NULL },
	{ "FUSE", OPENED("/dev/fuse"), "base", 0, EACCES, "file_open", NULL },
	{ "network devices of its own", OPENED("/dev/net/tun"), "base", 0, EACCES, "file_open",
	  NULL },
	{ "loop devices", OPENED("/dev/loop-control"), "base", 0, EACCES, "file_open", NULL },
	{ "a loop device", OPENED("/dev/loop0"), "base", 0, EACCES, "file_open", NULL },
	{ "input devices of its own", OPENED("/dev/uinput"), "base", 0, EACCES, "file_open", NULL },
	{ "a network of guests", OPENED("/dev/vhost-net"), "base", 0, EACCES, "file_open", NULL },
	{ "sockets of guests", OPENED("/dev/vhost-vsock"), "base", 0, EACCES, "file_open", NULL },
	{ "userfaultfd by its device", OPENED("/dev/userfaultfd"), "base", 0, EACCES, "file_open",
	  NULL },
	{ "memory", OPENED("/dev/mem"), "base", STAGE_ROOT, EACCES, "file_open", NULL },
	{ "ports", OPENED("/dev/port"), "base", STAGE_ROOT, EACCES, "file_open", NULL },
	{ "the kernel's messages", OPENED("/dev/kmsg"), "base", STAGE_ROOT, EACCES, "file_open",
	  NULL },
	{ "a virtual terminal", OPENED("/dev/tty1"), "base", STAGE_ROOT, EACCES, "file_open",
	  NULL },
	{ "the terminal of somebody else", OPENED("%t"), "base", 0, EACCES, "file_open", NULL },
	{ "writing to the kernel's messages", "device /dev/kmsg 1", "base", 0, EACCES, "file_open",
	  NULL },
	{ "reading a block device", "device /dev/loop0 0", "base", 0, EACCES, "file_open", NULL },
	{ "a device for ioctl alone (mode 3)", "device /dev/loop-control 3", "base", 0, EACCES,
	  "file_open", NULL },
	{ "a device through a link in the workspace", OPENED("%W/to-device"), "base", 0, EACCES,
	  "file_open", NULL },
	{ "a device by an O_PATH descriptor", "device-reopen /dev/net/tun", "base", 0, EACCES,
	  "file_open", NULL },
	{ "a device through /proc/self/root", OPENED("/proc/self/root/dev/net/tun"), "base", 0,
	  EACCES, "file_open", NULL },
	{ "a device by a thread", "via-thread device /dev/net/tun 2", "base", 0, EACCES,
	  "file_open", NULL },
	{ "a device after double fork and setsid", "via-orphan device /dev/net/tun 2", "base", 0,
	  EACCES, "file_open", NULL },

	{ "with capabilities, without a rule: memory", OPENED("/dev/mem"), "capable", STAGE_ROOT,
	  EACCES, "file_open", NULL },
	{ "with capabilities, without a rule: ports", OPENED("/dev/port"), "capable", STAGE_ROOT,
	  EACCES, "file_open", NULL },
	{ "with capabilities, without a rule: a loop device", OPENED("/dev/loop0"), "capable",
	  STAGE_ROOT, EACCES, "file_open", NULL },
	{ "with capabilities, without a rule: network devices", OPENED("/dev/net/tun"), "capable",
	  STAGE_ROOT, EACCES, "file_open", NULL },
	{ "with capabilities, without a rule: the kernel's messages", OPENED("/dev/kmsg"),
	  "capable", STAGE_ROOT, EACCES, "file_open", NULL },

	/* Where it may create whatever it likes, and what it makes there is its own. */
	{ "making a character device and opening it", "device-make /dev/escape/%I c 10 200",
	  "place", STAGE_ROOT, EPERM, "capable", NULL },
	{ "making a block device and opening it", "device-make /dev/escape/%I b 7 0", "place",
	  STAGE_ROOT, EPERM, "capable", NULL },
	{ "making memory and opening it", "device-make /dev/escape/%I c 1 1", "place", STAGE_ROOT,
	  EPERM, "capable", NULL },
	{ "a device in a directory that is denied there", OPENED("/dev/escape/denied/tun"), "place",
	  0, EACCES, "file_open", NULL },
	{ "moving that to where it may", "device-move /dev/escape/denied/tun /dev/escape/%I",
	  "place", STAGE_ROOT, EACCES, "path_rename", NULL },
	{ "another name of it where it may", "device-link /dev/escape/denied/tun /dev/escape/%I",
	  "place", STAGE_ROOT, EACCES, "path_link", NULL },
	{ "with a rule: that device", OPENED("/dev/loop-control"), "ruled", 0, 0, NULL, NULL },
	{ "with a rule: no other one", OPENED("/dev/loop0"), "ruled", 0, EACCES, "file_open",
	  NULL },

	{ "watched: a device", OPENED("/dev/loop-control"), "watched", 0, 0, "file_open", NULL },
	{ "watched: reading a block device", "device /dev/loop0 0", "watched", 0, 0, "file_open",
	  NULL },
	{ "watched: for ioctl alone (mode 3)", "device /dev/loop-control 3", "watched", 0, 0,
	  "file_open", NULL },
	{ "watched: by an O_PATH descriptor", "device-reopen /dev/loop-control", "watched", 0, 0,
	  "file_open", NULL },
	{ "watched: by a thread", "via-thread device /dev/loop-control 2", "watched", 0, 0,
	  "file_open", NULL },
	{ "watched: after double fork and setsid", "via-orphan device /dev/loop-control 2",
	  "watched", 0, 0, "file_open", NULL },
	{ "watched: what takes no right is not told", OPENED("/dev/null"), "watched", 0, 0, NULL,
	  NULL },
	{ "watched: one without a rule stays refused", OPENED("/dev/net/tun"), "watched", 0, EACCES,
	  "file_open", NULL },
	{ "watched: one that is denied stays refused", OPENED("/dev/escape/denied/tun"), "watched",
	  0, EACCES, "file_open", NULL },
	{ "watched: making one stays refused", "device-make /dev/escape/%I c 10 200", "watched",
	  STAGE_ROOT, EPERM, "capable", NULL },
	{ "watched: moving one stays refused", "device-move /dev/escape/denied/tun /dev/escape/%I",
	  "watched", STAGE_ROOT, EACCES, "path_rename", NULL },

	/* Without the right: that is what would refuse it, whatever rules say. */
	{ "audit-only: a device", OPENED("/dev/net/tun"), "audit-only", 0, 0, "file_open", NULL },
	{ "audit-only: a block device", OPENED("/dev/loop0"), "audit-only", 0, 0, "file_open",
	  NULL },
	{ "audit-only: memory", "device /dev/mem 0", "audit-only", STAGE_ROOT, EPERM, "capable",
	  NULL },
	{ "audit-only: making one stays refused", "device-make /dev/escape/%I b 7 0", "audit-only",
	  STAGE_ROOT, EPERM, "capable", NULL },
	{ "audit-only: moving one stays refused",
	  "device-move /dev/escape/denied/tun /dev/escape/%I", "audit-only", STAGE_ROOT, EACCES,
	  "path_rename", NULL },
	{ "audit-only, watched: what rules would refuse", OPENED("/dev/net/tun"), "audit-watched",
	  0, 0, "file_open", NULL },
};

/*
 * Nodes that a driver makes when it comes, and what they are where none does: on
 * an emulated processor there is no KVM, on other kernels no uinput.
 */
static const struct {
	const char *path;
	mode_t type;
	unsigned int major, minor;
} nodes[] = {
	{ "/dev/kvm", S_IFCHR, 10, 232 },	  { "/dev/fuse", S_IFCHR, 10, 229 },
	{ "/dev/net/tun", S_IFCHR, 10, 200 },	  { "/dev/loop-control", S_IFCHR, 10, 237 },
	{ "/dev/loop0", S_IFBLK, 7, 0 },	  { "/dev/uinput", S_IFCHR, 10, 223 },
	{ "/dev/vhost-net", S_IFCHR, 10, 238 },	  { "/dev/vhost-vsock", S_IFCHR, 10, 241 },
	{ "/dev/userfaultfd", S_IFCHR, 10, 126 }, { "/dev/mem", S_IFCHR, 1, 1 },
	{ "/dev/port", S_IFCHR, 1, 4 },		  { "/dev/kmsg", S_IFCHR, 1, 11 },
	{ "/dev/tty1", S_IFCHR, 4, 1 },
};

/* For everybody, so that what refuses demo is a rule. */
static void nodes_make(void)
{
	size_t i;

	stage_shell("modprobe -qa loop fuse tun uinput kvm vhost_net vhost_vsock; "
		    "mkdir -p /dev/net /dev/escape && chmod 777 /dev/escape");
	for (i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		if (mknod(nodes[i].path, nodes[i].type | 0666,
			  makedev(nodes[i].major, nodes[i].minor)) < 0 &&
		    errno != EEXIST)
			stage_bail("cannot make %s", nodes[i].path);
		if (chmod(nodes[i].path, 0666) < 0)
			stage_bail("cannot change %s", nodes[i].path);
	}
}

/* A terminal whose other end is the test's. */
static void terminal_make(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		stage_bail("no terminal");
	stage.value['t' - 'a'] = strdup(ptsname(master));
	if (chmod(stage.value['t' - 'a'], 0666) < 0)
		stage_bail("cannot change %s", stage.value['t' - 'a']);
}

static void row_dress(const char *tree, const char *id, const struct stage_row *row)
{
	char *directory = stage_format("%s/ws/%s", tree, id);

	if (strstr(row->act, "%W/to-device") &&
	    symlink("/dev/net/tun", stage_format("%s/to-device", directory)) < 0)
		stage_bail("cannot make a link in %s", directory);
	/* The machine's own, in a place that rules are about. */
	if (strstr(row->act, "/dev/escape/"))
		stage_shell("rm -rf /dev/escape/%s && mkdir -p -m 777 /dev/escape/denied && "
			    "rm -f /dev/escape/denied/tun && "
			    "mknod -m 666 /dev/escape/denied/tun c 10 200",
			    id);
	free(directory);
}

int main(void)
{
	stage = (struct stage){
		.title = "device",
		.program = "attempt_device",
		.rows = rows,
		.row_count = sizeof(rows) / sizeof(rows[0]),
		.policies = policies,
		.dress_row = row_dress,
	};
	stage_begin();
	nodes_make();
	terminal_make();
	stage_table();
	stage_shell("rm -r /dev/escape");
	return stage_end();
}
