// SPDX-License-Identifier: GPL-2.0-or-later
/* What AgentOS needs of the machine. */
#include "kern/host.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "agentos.h"

#define BPFFS_MAGIC 0xcafe4a11

static const char *host_path(const struct host *h, const char *path, char *buf)
{
	snprintf(buf, PATH_MAX, "%s%s", h->root ? h->root : "", path);
	return buf;
}

static bool check_kernel(const struct host *h, struct fault *f)
{
	const char *release = h->release;
	unsigned int major, minor;
	struct utsname name;

	if (!release) {
		uname(&name);
		release = name.release;
	}
	if (sscanf(release, "%u.%u", &major, &minor) != 2 || major < 6 ||
	    (major == 6 && minor < 1)) {
		fault_set(f, 0, "%s is too old: boot a kernel 6.1 or later", release);
		return false;
	}
	if (major == 6 && (minor == 1 || minor == 12))
		fault_set(f, 0, "%s", release);
	else
		fault_set(f, 0, "%s (6.1 and 6.12 are the tested ones)", release);
	return true;
}

static bool check_btf(const struct host *h, struct fault *f)
{
	char path[PATH_MAX];
	bool ok = access(host_path(h, "/sys/kernel/btf/vmlinux", path), R_OK) == 0;

	fault_set(
		f, 0,
		ok ? "/sys/kernel/btf/vmlinux" :
		     "the kernel has no type information (BTF): boot one built with CONFIG_DEBUG_INFO_BTF=y");
	return ok;
}

static bool check_lsm(const struct host *h, struct fault *f)
{
	char path[PATH_MAX], list[512], words[512], *name, *save;
	size_t len = 0;
	FILE *in;

	in = fopen(host_path(h, "/sys/kernel/security/lsm", path), "re");
	if (in) {
		len = fread(list, 1, sizeof(list) - 1, in);
		fclose(in);
	}
	if (!len) {
		fault_set(
			f, 0,
			"cannot read the list of security modules: run `mount -t securityfs securityfs /sys/kernel/security`");
		return false;
	}
	list[len] = '\0';
	list[strcspn(list, "\n")] = '\0';
	memcpy(words, list, sizeof(words));
	for (name = strtok_r(words, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
		if (strcmp(name, "bpf") == 0) {
			fault_set(f, 0, "bpf is among the security modules");
			return true;
		}
	}
	fault_set(
		f, 0,
		"bpf is not among the security modules: add `lsm=%s,bpf` to the kernel's command line and reboot",
		list);
	return false;
}

static bool check_bpffs(const struct host *h, struct fault *f)
{
	char path[PATH_MAX];
	struct statfs fs;
	bool ok = statfs(host_path(h, "/sys/fs/bpf", path), &fs) == 0 &&
		  (unsigned long)fs.f_type == BPFFS_MAGIC;

	fault_set(f, 0,
		  ok ? "/sys/fs/bpf" :
		       "/sys/fs/bpf is not mounted: run `mount -t bpf bpf /sys/fs/bpf`");
	return ok;
}

static bool check_module(const struct host *h, struct fault *f)
{
	char path[PATH_MAX];
	bool ok = access(host_path(h, "/sys/module/agentos", path), F_OK) == 0;

	fault_set(f, 0, ok ? "loaded" : "the module is not loaded: run `modprobe agentos`");
	return ok;
}

static bool check_kfuncs(const struct host *h, struct fault *f)
{
	char path[PATH_MAX];
	bool ok = access(host_path(h, "/sys/kernel/btf/agentos", path), F_OK) == 0;

	fault_set(
		f, 0,
		ok ? "/sys/kernel/btf/agentos" :
		     "the module has no type information that this kernel accepts: build it for this kernel with `make kmod-host`");
	return ok;
}

static bool check_device(const struct host *h, struct fault *f)
{
	struct group *group = getgrnam("agentos");
	char path[PATH_MAX];
	struct stat st;

	if (stat(host_path(h, AGENTOS_DEVICE, path), &st) < 0) {
		fault_set(f, 0, "%s: %s", AGENTOS_DEVICE, strerror(errno));
		return false;
	}
	if (!S_ISCHR(st.st_mode) || st.st_uid != 0 || st.st_mode & 0007) {
		fault_set(
			f, 0,
			"%s must belong to root and be closed to others: run `chown root:agentos %s; chmod 660 %s`",
			AGENTOS_DEVICE, AGENTOS_DEVICE, AGENTOS_DEVICE);
		return false;
	}
	if (!group || st.st_gid != group->gr_gid || (st.st_mode & 0660) != 0660) {
		fault_set(f, 0, "%s is for root only: run `chown root:agentos %s; chmod 660 %s`",
			  AGENTOS_DEVICE, AGENTOS_DEVICE, AGENTOS_DEVICE);
		return false;
	}
	fault_set(f, 0, "%s root:agentos %04o", AGENTOS_DEVICE, st.st_mode & 07777);
	return true;
}

static const struct {
	const char *layer;
	bool (*check)(const struct host *h, struct fault *f);
	bool required;
} checks[] = {
	{ "kernel", check_kernel, true },  { "btf", check_btf, true },
	{ "lsm", check_lsm, true },	   { "bpffs", check_bpffs, true },
	{ "module", check_module, true },  { "kfuncs", check_kfuncs, true },
	{ "device", check_device, false },
};

bool host_check(const struct host *h,
		void (*each)(const char *layer, bool ok, const char *text, void *cookie),
		void *cookie)
{
	bool ok, all = true;
	struct fault f;
	size_t i;

	for (i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		f.text[0] = '\0';
		ok = checks[i].check(h, &f);
		each(checks[i].layer, ok, f.text, cookie);
		all = all && ok;
	}
	return all;
}

int host_require(const struct host *h, struct fault *f)
{
	size_t i;

	for (i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (checks[i].required && !checks[i].check(h, f))
			return -ENOTSUP;
	return 0;
}
