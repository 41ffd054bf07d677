// SPDX-License-Identifier: GPL-2.0-or-later
/* /dev/agentos: one function per ioctl, and the module's ABI checked once at open. */
#include "kern/device.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int device_ioctl(int fd, unsigned long command, void *arg)
{
	return ioctl(fd, command, arg) < 0 ? -errno : 0;
}

static int device_open_fault(int error, struct fault *f)
{
	switch (error) {
	case ENOENT:
	case ENXIO:
	case ENODEV:
		return fault_set(f, ENOENT, "%s: the module is not loaded: run `modprobe agentos`",
				 AGENTOS_DEVICE);
	case EACCES:
		return fault_set(f, EACCES,
				 "%s: permission denied: be root or a member of group agentos",
				 AGENTOS_DEVICE);
	case EPERM:
		return fault_set(f, EPERM, "%s: refused: this process is inside an agent",
				 AGENTOS_DEVICE);
	default:
		return fault_set(f, error, "%s: %s", AGENTOS_DEVICE, strerror(error));
	}
}

int device_open(int flags, struct fault *f)
{
	struct agentos_version version;
	int dev, err;

	dev = open(AGENTOS_DEVICE, flags | O_CLOEXEC);
	if (dev < 0)
		return device_open_fault(errno, f);
	err = device_version(dev, &version);
	if (err == -EPERM) {
		device_open_fault(EPERM, f);
		goto close_device;
	}
	if (err == -ENOTTY || err == -EINVAL || err == -E2BIG ||
	    (!err && version.ret_abi != AGENTOS_ABI)) {
		err = fault_set(
			f, EPROTO,
			"%s: the loaded module speaks another ABI than this program (%u): load the module of the same version",
			AGENTOS_DEVICE, AGENTOS_ABI);
		goto close_device;
	}
	if (err) {
		fault_set(f, -err, "%s: %s", AGENTOS_DEVICE, strerror(-err));
		goto close_device;
	}
	return dev;

close_device:
	close(dev);
	return err;
}

int device_version(int dev, struct agentos_version *ret_version)
{
	struct agentos_version arg = { .size = sizeof(arg) };
	int err = device_ioctl(dev, AGENTOS_IOC_VERSION, &arg);

	if (!err)
		*ret_version = arg;
	return err;
}

int device_create(int dev, const struct device_create *create, uint64_t *ret_id)
{
	struct agentos_create arg = {
		.size = sizeof(arg),
		.flags = create->flags,
		.rights = create->rights,
		.policy = create->policy,
		.access = create->access,
		.owner = create->owner,
	};
	size_t len = strlen(create->name);
	int err;

	if (len >= sizeof(arg.name))
		return -EINVAL;
	memcpy(arg.name, create->name, len);
	err = device_ioctl(dev, AGENTOS_IOC_CREATE, &arg);
	if (err)
		return err;
	*ret_id = arg.ret_id;
	return arg.ret_fd;
}

int device_agent_open(int dev, uint64_t id, uint32_t access)
{
	struct agentos_open arg = { .size = sizeof(arg), .id = id, .access = access };
	int err = device_ioctl(dev, AGENTOS_IOC_OPEN, &arg);

	return err ? err : arg.ret_fd;
}

int device_identify(int dev, pid_t pid, uint64_t start, uint64_t *ret_id)
{
	struct agentos_identify arg = {
		.size = sizeof(arg),
		.flags = start ? 0 : AGENTOS_IDENTIFY_ANY_START,
		.pid = pid,
		.start = start,
	};
	int err = device_ioctl(dev, AGENTOS_IOC_IDENTIFY, &arg);

	if (!err)
		*ret_id = arg.ret_id;
	return err;
}

int device_enumerate(int dev, uint32_t kind, uint64_t after, uint64_t *ids, uint32_t count)
{
	struct agentos_enumerate arg = {
		.size = sizeof(arg),
		.kind = kind,
		.after = after,
		.ids = (uintptr_t)ids,
		.count = count,
	};
	int err = device_ioctl(dev, AGENTOS_IOC_ENUMERATE, &arg);

	if (err)
		return err;
	return arg.ret_count <= count ? (int)arg.ret_count : -EPROTO;
}

int device_seek(int dev, uint64_t seq)
{
	struct agentos_seek arg = { .size = sizeof(arg), .seq = seq };

	return device_ioctl(dev, AGENTOS_IOC_SEEK, &arg);
}

int device_policy_new(int dev, uint32_t *ret_policy)
{
	struct agentos_policy_new arg = { .size = sizeof(arg) };
	int err = device_ioctl(dev, AGENTOS_IOC_POLICY_NEW, &arg);

	if (!err)
		*ret_policy = arg.ret_policy;
	return err;
}

int device_policy_pin(int dev, uint32_t policy, int fd, struct agentos_policy_pin *ret_pin)
{
	struct agentos_policy_pin arg = { .size = sizeof(arg), .policy = policy, .fd = fd };
	int err = device_ioctl(dev, AGENTOS_IOC_POLICY_PIN, &arg);

	if (!err)
		*ret_pin = arg;
	return err;
}

int device_policy_drop(int dev, uint32_t policy)
{
	struct agentos_policy_drop arg = { .size = sizeof(arg), .policy = policy };

	return device_ioctl(dev, AGENTOS_IOC_POLICY_DROP, &arg);
}

int agent_attach(int agent)
{
	struct agentos_attach arg = { .size = sizeof(arg) };

	return device_ioctl(agent, AGENTOS_AGENT_ATTACH, &arg);
}

int agent_info(int agent, struct agentos_info *ret_info)
{
	struct agentos_info arg = { .size = sizeof(arg) };
	int err = device_ioctl(agent, AGENTOS_AGENT_INFO, &arg);

	if (err)
		return err;
	arg.ret_name[sizeof(arg.ret_name) - 1] = '\0';
	*ret_info = arg;
	return 0;
}

int agent_restrict(int agent, uint64_t mask, uint64_t *ret_rights)
{
	struct agentos_restrict arg = { .size = sizeof(arg), .mask = mask };
	int err = device_ioctl(agent, AGENTOS_AGENT_RESTRICT, &arg);

	if (!err)
		*ret_rights = arg.ret_rights;
	return err;
}

int agent_kill(int agent, uint32_t *ret_tasks)
{
	struct agentos_kill arg = { .size = sizeof(arg) };
	int err = device_ioctl(agent, AGENTOS_AGENT_KILL, &arg);

	if (!err && ret_tasks)
		*ret_tasks = arg.ret_tasks;
	return err;
}

int device_start_time(pid_t pid, uint64_t *ret_start)
{
	char path[32], text[1024], *at;
	unsigned int field;
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0)
		return -ESRCH;
	text[len] = '\0';
	/* The command's name may hold spaces and parentheses: count from the last one. */
	at = strrchr(text, ')');
	if (!at)
		return -EPROTO;
	for (field = 2; field < 22; field++) {
		at = strchr(at + 1, ' ');
		if (!at)
			return -EPROTO;
	}
	if (sscanf(at, " %" SCNu64, ret_start) != 1)
		return -EPROTO;
	return 0;
}
