/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /dev/agentos from user space: one function per ioctl. Every error is the ioctl's, as uapi/agentos.h lists it. */
#ifndef AGENTOS_KERN_DEVICE_H
#define AGENTOS_KERN_DEVICE_H

#include <stdint.h>
#include <sys/types.h>

#include "agentos.h"
#include "base/fault.h"

/*
 * Opens the device and checks that module and header speak the same ABI.
 * Returns a close-on-exec descriptor.
 * -ENOENT the module is not loaded; -EACCES not root and not in group agentos;
 * -EPERM the caller is in an agent; -EPROTO another ABI. f says what to do.
 */
int device_open(int flags, struct fault *f);

int device_version(int dev, struct agentos_version *ret_version);

struct device_create {
	const char *name;
	uint64_t rights;
	uint32_t policy;
	uint32_t access; /* AGENTOS_ACCESS_* */
	uid_t owner;
	uint32_t flags; /* AGENTOS_CREATE_* */
};
/* Returns the agent descriptor, or a negative errno. */
int device_create(int dev, const struct device_create *create, uint64_t *ret_id);
int device_agent_open(int dev, uint64_t id, uint32_t access);
int device_identify(int dev, pid_t pid, uint64_t start, uint64_t *ret_id);
/* Fills ids (room for count) with those after `after`; kind is AGENTOS_ENUMERATE_*. Returns how many. */
int device_enumerate(int dev, uint32_t kind, uint64_t after, uint64_t *ids, uint32_t count);
int device_seek(int dev, uint64_t seq);
int device_policy_new(int dev, uint32_t *ret_policy);
int device_policy_pin(int dev, uint32_t policy, int fd, struct agentos_policy_pin *ret_pin);
int device_policy_drop(int dev, uint32_t policy);

int agent_attach(int agent);
int agent_info(int agent, struct agentos_info *ret_info);
int agent_restrict(int agent, uint64_t mask, uint64_t *ret_rights);
/* ret_tasks may be NULL. */
int agent_kill(int agent, uint32_t *ret_tasks);

/* Field 22 of /proc/PID/stat, or a negative errno. */
int device_start_time(pid_t pid, uint64_t *ret_start);

#endif
