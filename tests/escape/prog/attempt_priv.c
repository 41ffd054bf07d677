// SPDX-License-Identifier: GPL-2.0-or-later
/* Ways to privileges and to AgentOS itself, for the escape tests. */
#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/mount.h>
#include <linux/userfaultfd.h>
#include <linux/reboot.h>
#include <sched.h>
#include <stdint.h>
#include <sys/fsuid.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/quota.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/xattr.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "agentos.h"
#include "rpc/channel.h"
#include "tests/escape/prog/attempt.h"

static long bpf_call(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static int act_bpf_map(char **arg)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY,
				.key_size = 4,
				.value_size = 4,
				.max_entries = 1 };

	return attempt_descriptor(bpf_call(BPF_MAP_CREATE, &attr));
}

static int act_bpf_next(char **arg)
{
	union bpf_attr attr = { 0 };

	return attempt_result(bpf_call(BPF_PROG_GET_NEXT_ID, &attr));
}

/* Pins a map of its own at ARG0. */
static int act_bpf_pin(char **arg)
{
	union bpf_attr map = { .map_type = BPF_MAP_TYPE_ARRAY,
			       .key_size = 4,
			       .value_size = 4,
			       .max_entries = 1 };
	union bpf_attr attr = { .pathname = (uintptr_t)arg[0] };
	int fd = (int)bpf_call(BPF_MAP_CREATE, &map);

	if (fd < 0)
		return -EBADRQC;
	attr.bpf_fd = (unsigned int)fd;
	return attempt_result(bpf_call(BPF_OBJ_PIN, &attr));
}

/* What is pinned at ARG0. */
static int act_bpf_get(char **arg)
{
	union bpf_attr attr = { .pathname = (uintptr_t)arg[0] };

	return attempt_descriptor(bpf_call(BPF_OBJ_GET, &attr));
}

/* ARG0 is a module that can come and go; it goes again when it came. */
static int act_finit_module(char **arg)
{
	int fd = open(arg[0], O_RDONLY);

	if (fd < 0)
		return -EBADRQC;
	if (syscall(SYS_finit_module, fd, "", 0) < 0)
		return -errno;
	return attempt_result(syscall(SYS_delete_module, arg[1], O_NONBLOCK));
}

static int act_init_module(char **arg)
{
	int fd = open(arg[0], O_RDONLY);
	char *image = malloc(1 << 20);
	ssize_t len = read(fd, image, 1 << 20);

	if (len <= 0)
		return -EBADRQC;
	if (syscall(SYS_init_module, image, (unsigned long)len, "") < 0)
		return -errno;
	return attempt_result(syscall(SYS_delete_module, arg[1], O_NONBLOCK));
}

/* A module that is not there: whoever may, learns that. */
static int act_delete_module(char **arg)
{
	if (syscall(SYS_delete_module, "escape_no_such", O_NONBLOCK) < 0 && errno != ENOENT)
		return -errno;
	return 0;
}

/* The module that enforces, which is in use: whoever may, learns that. */
static int act_delete_agentos(char **arg)
{
	if (syscall(SYS_delete_module, "agentos", O_NONBLOCK) < 0 && errno != EWOULDBLOCK)
		return -errno;
	return 0;
}

/* No segments: whatever image was there goes, and there was none. */
static int act_kexec(char **arg)
{
	return attempt_result(syscall(SYS_kexec_load, 0, 0, NULL, 0));
}

static int act_kexec_file(char **arg)
{
	return attempt_result(syscall(SYS_kexec_file_load, -1, -1, 0, NULL, 1 /* unload */));
}

/* What Ctrl-Alt-Del does, which stays as it is. */
static int act_reboot(char **arg)
{
	return attempt_result(syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
				      LINUX_REBOOT_CMD_CAD_ON, NULL));
}

static int act_mount(char **arg)
{
	if (mount("tmpfs", arg[0], "tmpfs", 0, NULL) < 0)
		return -errno;
	return attempt_result(umount2(arg[0], MNT_DETACH));
}

/* In namespaces of users and of mounts that are new, and its own. */
static int act_nested_mount(char **arg)
{
	return unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 ? -errno : act_mount(arg);
}

static int act_bind(char **arg)
{
	if (mount(arg[0], arg[1], NULL, MS_BIND, NULL) < 0)
		return -errno;
	return attempt_result(umount2(arg[1], MNT_DETACH));
}

/* ARG0 is where nothing is mounted: whoever may unmount learns that. */
static int act_umount(char **arg)
{
	return attempt_result(umount2(arg[0], MNT_DETACH));
}

/* The same in a mount namespace of its own, where it hurts nobody; that may be refused. */
static int act_umount_own(char **arg)
{
	if (unshare(CLONE_NEWNS) == 0)
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	return act_umount(arg);
}

static int act_remount(char **arg)
{
	return attempt_result(mount(NULL, arg[0], NULL, MS_REMOUNT, "mode=777"));
}

static int act_open_tree(char **arg)
{
	return attempt_descriptor(syscall(SYS_open_tree, AT_FDCWD, arg[0], OPEN_TREE_CLONE));
}

static int act_move_mount(char **arg)
{
	int tree = (int)syscall(SYS_open_tree, AT_FDCWD, arg[0], OPEN_TREE_CLONE);

	if (tree < 0)
		return -errno;
	if (syscall(SYS_move_mount, tree, "", AT_FDCWD, arg[1], MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return -errno;
	return attempt_result(umount2(arg[1], MNT_DETACH));
}

static int act_fsopen(char **arg)
{
	return attempt_descriptor(syscall(SYS_fsopen, "tmpfs", 0));
}

static int act_mount_setattr(char **arg)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_NODEV };

	return attempt_result(syscall(SYS_mount_setattr, AT_FDCWD, arg[0], 0, &attr, sizeof(attr)));
}

/* In a mount namespace of its own, where it hurts nobody; what this needs first may be refused. */
static int act_pivot_root(char **arg)
{
	if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
		mount(arg[0], arg[0], NULL, MS_BIND, NULL);
	if (chdir(arg[0]) < 0)
		return -EBADRQC;
	return attempt_result(syscall(SYS_pivot_root, ".", "."));
}

static int act_chroot(char **arg)
{
	return attempt_result(chroot(arg[0]));
}

static int act_unshare(char **arg)
{
	return attempt_result(unshare((int)strtoul(arg[0], NULL, 0)));
}

static int act_clone_userns(char **arg)
{
	long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid == 0)
		_exit(0);
	if (pid < 0)
		return -errno;
	waitpid((pid_t)pid, NULL, 0);
	return 0;
}

static int act_setns(char **arg)
{
	int fd = open("/proc/self/ns/mnt", O_RDONLY);

	return fd < 0 ? -EBADRQC : attempt_result(setns(fd, 0));
}

static int act_setuid(char **arg)
{
	return attempt_result(syscall(SYS_setuid, atoi(arg[0])));
}

static int act_setreuid(char **arg)
{
	return attempt_result(syscall(SYS_setreuid, -1, 1001));
}

static int act_setresuid(char **arg)
{
	return attempt_result(syscall(SYS_setresuid, 1001, 1001, 1001));
}

/* setfsuid() never tells: asked again, it does. */
static int act_setfsuid(char **arg)
{
	setfsuid(1001);
	return setfsuid((uid_t)-1) == 1001 ? 0 : -EPERM;
}

static int act_setgid(char **arg)
{
	return attempt_result(syscall(SYS_setgid, 1001));
}

static int act_setresgid(char **arg)
{
	return attempt_result(syscall(SYS_setresgid, 1001, 1001, 1001));
}

static int act_setgroups(char **arg)
{
	gid_t group = 1001;

	return attempt_result(syscall(SYS_setgroups, 1, &group));
}

static int act_own_ids(char **arg)
{
	return attempt_result(setuid(getuid())) ?: attempt_result(setgid(getgid()));
}

static int act_hostname(char **arg)
{
	char name[65];

	gethostname(name, sizeof(name));
	return attempt_result(sethostname(name, strlen(name)));
}

static int act_settime(char **arg)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return attempt_result(clock_settime(CLOCK_REALTIME, &now));
}

static int act_settimeofday(char **arg)
{
	struct timeval now;

	gettimeofday(&now, NULL);
	return attempt_result(settimeofday(&now, NULL));
}

/* The tick that it has. */
static int act_adjtime(char **arg)
{
	struct timex timex = { 0 };

	if (adjtimex(&timex) < 0)
		return -EBADRQC;
	timex.modes = ADJ_TICK;
	return attempt_result(adjtimex(&timex) < 0 ? -1 : 0);
}

/* What the kernel said so far. */
static int act_syslog_read(char **arg)
{
	char text[4096];

	return attempt_result(klogctl(3, text, sizeof(text)) < 0 ? -1 : 0);
}

static int act_syslog(char **arg)
{
	return attempt_result(klogctl(8, NULL, 7)); /* how much goes to the console */
}

static int act_nice(char **arg)
{
	return attempt_result(setpriority(PRIO_PROCESS, 0, -5));
}

static int act_chown(char **arg)
{
	return attempt_result(chown(arg[0], 1001, 1001));
}

static int act_mknod(char **arg)
{
	return attempt_result(mknod(arg[0], S_IFCHR | 0666, 1 << 8 | 3));
}

static int act_swapon(char **arg)
{
	/* Whoever may is told that this is no swap space. */
	if (syscall(SYS_swapon, arg[0], 0) < 0 && errno != EINVAL)
		return -errno;
	return 0;
}

static int act_swapoff(char **arg)
{
	if (swapoff(arg[0]) < 0 && errno != EINVAL)
		return -errno;
	return 0;
}

/* Accounting goes off, which is not on. */
static int act_acct(char **arg)
{
	return attempt_result(acct(NULL));
}

/* What demo may use on the file system of ARG0: nothing of that is set. */
static int act_quota(char **arg)
{
	struct dqblk limits = { 0 };

	return attempt_result(syscall(
		SYS_quotactl_fd, open(arg[0], O_PATH), QCMD(Q_SETQUOTA, USRQUOTA), 1000, &limits));
}

/* Gives up what it has in effect, takes it again, and uses it. */
static int act_capset_hostname(char **arg)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct has[2], less[2];

	if (syscall(SYS_capget, &head, has) < 0)
		return -EBADRQC;
	memcpy(less, has, sizeof(less));
	less[0].effective = less[1].effective = 0;
	if (syscall(SYS_capset, &head, less) < 0 || syscall(SYS_capset, &head, has) < 0)
		return -EBADRQC;
	return act_hostname(arg);
}

static int act_capbset(char **arg)
{
	return attempt_result(prctl(PR_CAPBSET_DROP, CAP_SYS_MODULE));
}

/* Where its arguments begin: where they do. */
static int act_set_mm(char **arg)
{
	return attempt_result(prctl(
		PR_SET_MM, PR_SET_MM_ARG_START, (unsigned long)program_invocation_name, 0, 0));
}

/* That it is another program; as its own is still mapped, whoever may is told that. */
static int act_set_exe(char **arg)
{
	if (prctl(PR_SET_MM, PR_SET_MM_EXE_FILE, open(arg[0], O_RDONLY), 0, 0) < 0 &&
	    errno != EBUSY)
		return -errno;
	return 0;
}

/* Capabilities for whoever executes ARG0: reading and searching everything. */
static int act_setcap(char **arg)
{
	struct vfs_cap_data data = { .magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
				     .data[0].permitted = 1 << CAP_DAC_READ_SEARCH };

	return attempt_result(setxattr(arg[0], "security.capability", &data, sizeof(data), 0));
}

/* Writes to code of its own, which is mapped for reading and executing, through `/proc`. */
static int act_write_code(char **arg)
{
	unsigned char *code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE,
				   open("/proc/self/exe", O_RDONLY), 0);
	int fd = open("/proc/self/mem", O_RDWR);

	if (code == MAP_FAILED)
		return -EBADRQC;
	return fd < 0 ? -errno : attempt_result(pwrite(fd, "\xc3", 1, (off_t)(uintptr_t)code));
}

static int act_userfaultfd(char **arg)
{
	return attempt_descriptor(syscall(SYS_userfaultfd, UFFD_USER_MODE_ONLY));
}

static int act_uring(char **arg)
{
	struct io_uring_params params = { 0 };

	return attempt_descriptor(syscall(SYS_io_uring_setup, 4, &params));
}

static int act_uring_polled(char **arg)
{
	struct io_uring_params params = { .flags = IORING_SETUP_SQPOLL, .sq_thread_idle = 1 };

	return attempt_descriptor(syscall(SYS_io_uring_setup, 4, &params));
}

static int act_open(char **arg)
{
	return attempt_descriptor(open(arg[0], atoi(arg[1])));
}

/* A node that it makes itself: of type "c" or "b", with those numbers. */
static int act_made(char **arg)
{
	dev_t device = makedev((unsigned int)atoi(arg[2]), (unsigned int)atoi(arg[3]));
	int result;

	if (mknod(arg[0], (arg[1][0] == 'b' ? S_IFBLK : S_IFCHR) | 0600, device) < 0)
		return -EBADRQC;
	result = attempt_descriptor(open(arg[0], O_RDONLY | O_NONBLOCK));
	return unlink(arg[0]) < 0 ? -EBADRQC : result;
}

static int act_rmdir(char **arg)
{
	return attempt_result(rmdir(arg[0]));
}

static int act_rename(char **arg)
{
	return attempt_result(rename(arg[0], arg[1]));
}

static int act_unlink(char **arg)
{
	return attempt_result(unlink(arg[0]));
}

/* As agentctl does it. */
static int act_control(char **arg)
{
	struct control_hello_reply hello;
	struct channel channel;
	struct fault f = { "" };
	int err = channel_open("/run/agentos/control.sock", &channel, &hello, &f);

	if (!err)
		channel_close(&channel);
	return err;
}

static int act_perf(char **arg)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.size = sizeof(attr),
					.config = PERF_COUNT_SW_TASK_CLOCK,
					.exclude_kernel = 1 };

	return attempt_descriptor((int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0));
}

static int act_key_make(char **arg)
{
	return attempt_result(
		syscall(SYS_add_key, "user", "escape", "x", 1, KEY_SPEC_PROCESS_KEYRING) < 0 ?
			-1 :
			0);
}

static int act_key_look(char **arg)
{
	return attempt_result(
		syscall(SYS_keyctl, KEYCTL_DESCRIBE, KEY_SPEC_USER_KEYRING, NULL, 0) < 0 ? -1 : 0);
}

static int act_key_join(char **arg)
{
	return attempt_result(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 ? -1 : 0);
}

/* What it holds there, and more of what it may hold. */
static int act_key_read(char **arg)
{
	char text[64];

	return attempt_result(
		syscall(SYS_keyctl, KEYCTL_READ, KEY_SPEC_USER_KEYRING, text, sizeof(text)) < 0 ?
			-1 :
			0);
}

static int act_key_persistent(char **arg)
{
	return attempt_result(
		syscall(SYS_keyctl, KEYCTL_GET_PERSISTENT, -1, KEY_SPEC_PROCESS_KEYRING) < 0 ?
			-1 :
			0);
}

/* A key that an outsider put into its user's keyring. */
static int act_key_request(char **arg)
{
	return attempt_result(
		syscall(SYS_request_key, "user", "escape:there", NULL, 0) < 0 ? -1 : 0);
}

/* One that nobody has: the kernel runs a helper, as root, which need not be there. */
static int act_key_callout(char **arg)
{
	if (syscall(SYS_request_key, "user", "escape:no", "escape", 0) < 0 && errno != ENOKEY &&
	    errno != ENOENT)
		return -errno;
	return 0;
}

static int act_exec(char **arg)
{
	int null = open("/dev/null", O_WRONLY);

	dup2(null, STDERR_FILENO);
	execv(arg[0], arg + 1);
	return -errno;
}

static int act_kill(char **arg)
{
	return attempt_result(kill(atoi(arg[0]), SIGCONT));
}

static const struct attempt table[] = {
	{ "bpf-map", act_bpf_map },
	{ "bpf-next", act_bpf_next },
	{ "bpf-get", act_bpf_get },
	{ "perf", act_perf },
	{ "key-make", act_key_make },
	{ "key-look", act_key_look },
	{ "key-join", act_key_join },
	{ "finit-module", act_finit_module },
	{ "init-module", act_init_module },
	{ "delete-module", act_delete_module },
	{ "mount", act_mount },
	{ "nested-mount", act_nested_mount },
	{ "bind", act_bind },
	{ "umount", act_umount },
	{ "remount", act_remount },
	{ "open-tree", act_open_tree },
	{ "move-mount", act_move_mount },
	{ "fsopen", act_fsopen },
	{ "mount-setattr", act_mount_setattr },
	{ "pivot-root", act_pivot_root },
	{ "chroot", act_chroot },
	{ "unshare", act_unshare },
	{ "clone-userns", act_clone_userns },
	{ "setns", act_setns },
	{ "setuid", act_setuid },
	{ "setreuid", act_setreuid },
	{ "setresuid", act_setresuid },
	{ "setfsuid", act_setfsuid },
	{ "setgid", act_setgid },
	{ "setresgid", act_setresgid },
	{ "setgroups", act_setgroups },
	{ "own-ids", act_own_ids },
	{ "hostname", act_hostname },
	{ "settime", act_settime },
	{ "syslog", act_syslog },
	{ "nice", act_nice },
	{ "chown", act_chown },
	{ "mknod", act_mknod },
	{ "swapon", act_swapon },
	{ "userfaultfd", act_userfaultfd },
	{ "uring", act_uring },
	{ "uring-polled", act_uring_polled },
	{ "open", act_open },
	{ "made", act_made },
	{ "rmdir", act_rmdir },
	{ "unlink", act_unlink },
	{ "bpf-pin", act_bpf_pin },
	{ "delete-agentos", act_delete_agentos },
	{ "kexec", act_kexec },
	{ "kexec-file", act_kexec_file },
	{ "reboot", act_reboot },
	{ "umount-own", act_umount_own },
	{ "settimeofday", act_settimeofday },
	{ "adjtime", act_adjtime },
	{ "syslog-read", act_syslog_read },
	{ "swapoff", act_swapoff },
	{ "acct", act_acct },
	{ "quota", act_quota },
	{ "capset-hostname", act_capset_hostname },
	{ "capbset", act_capbset },
	{ "set-mm", act_set_mm },
	{ "set-exe", act_set_exe },
	{ "setcap", act_setcap },
	{ "write-code", act_write_code },
	{ "key-read", act_key_read },
	{ "key-persistent", act_key_persistent },
	{ "key-request", act_key_request },
	{ "key-callout", act_key_callout },
	{ "rename", act_rename },
	{ "control", act_control },
	{ "exec", act_exec },
	{ "kill", act_kill },
	{ NULL, NULL },
};

int main(int argc, char **argv)
{
	return attempt_main(argc, argv, table);
}
