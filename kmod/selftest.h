/* SPDX-License-Identifier: GPL-2.0-only */
/* The module's tests of itself, in debug builds: `insmod agentos.ko selftest=1`. */
#ifndef AGENTOS_SELFTEST_H
#define AGENTOS_SELFTEST_H

#ifdef AGENTOS_SELFTEST
/* Nothing unless asked for. Says in the log how it went, as KTAP. -EINVAL: something failed. */
int selftest_run(void);
#else
static inline int selftest_run(void)
{
	return 0;
}
#endif

#endif
