// SPDX-License-Identifier: GPL-2.0-or-later
/* A process that has secrets in its memory: not dumped, not traced, locked as far as it may be. */
#include "ctl/hold.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "ctl/ctl.h"
#include "vault/locked.h"

bool hold_begin(void)
{
	const struct rlimit none = { 0 };
	struct rlimit locked;

	if (prctl(PR_SET_DUMPABLE, 0) < 0 || setrlimit(RLIMIT_CORE, &none) < 0) {
		ctl_complain("core dumps cannot be switched off: %s", strerror(errno));
		return false;
	}
	if (getrlimit(RLIMIT_MEMLOCK, &locked) == 0) {
		locked.rlim_cur = locked.rlim_max;
		setrlimit(RLIMIT_MEMLOCK, &locked);
	}
	signal(SIGXFSZ, SIG_IGN);
	return true;
}

int hold_anyway(int rc)
{
	static bool said;
	struct fault f;

	if (rc != -ENOLCK)
		return rc;
	if (!said) {
		locked_fault(&f);
		ctl_complain("warning: %s", f.text);
	}
	said = true;
	return 0;
}
