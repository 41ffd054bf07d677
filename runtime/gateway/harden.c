// SPDX-License-Identifier: GPL-2.0-or-later
/* What the gateway's process must not have, and gives up. */
#include "gateway/harden.h"

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/limits.h"

/* Two for each connection, one that is turned away, and what the process has itself. */
#define FILES_NEEDED (2 * LIMIT_GATE_CONNECTIONS + 64)

static int privileges_check(struct fault *f)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	uid_t real, effective, saved;

	memset(data, 0, sizeof(data));
	if (getresuid(&real, &effective, &saved) < 0 || !real || !effective || !saved)
		return fault_set(f, EPERM, "must not be root: agentosd starts it as its own user");
	if (syscall(SYS_capget, &header, data) < 0)
		return fault_set(f, errno, "capget: %s", strerror(errno));
	if (data[0].permitted | data[0].inheritable | data[1].permitted | data[1].inheritable)
		return fault_set(f, EPERM, "must not have capabilities");
	return 0;
}

static int files_raise(struct fault *f)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return fault_set(f, errno, "getrlimit: %s", strerror(errno));
	if (files.rlim_cur >= FILES_NEEDED)
		return 0;
	files.rlim_cur = FILES_NEEDED;
	if (files.rlim_max < FILES_NEEDED || setrlimit(RLIMIT_NOFILE, &files) < 0)
		return fault_set(f, EMFILE,
				 "needs %d descriptors: raise the hard limit of open files",
				 FILES_NEEDED);
	return 0;
}

int harden(struct fault *f)
{
	int err = privileges_check(f);

	if (!err)
		err = files_raise(f);
	if (err)
		return err;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
		return fault_set(f, errno, "prctl: %s", strerror(errno));
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	/* "a.b" is not to become "a.b.example.com". */
	if (setenv("LOCALDOMAIN", ".", 1) < 0)
		return fault_set(f, errno, "setenv: %s", strerror(errno));
	return 0;
}
