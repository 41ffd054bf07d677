// SPDX-License-Identifier: GPL-2.0-or-later
/* The tick that charges network bytes. */
#include "daemon/traffic.h"

#include <string.h>

#include "daemon/say.h"

#define TRAFFIC_TICK_MS 1000

static void traffic_tick(int result, void *cookie)
{
	struct daemon *d = cookie;
	int failed;

	if (!d->enforce)
		return;
	failed = enforce_traffic(d->enforce);
	/* Once, and not each second: the ceilings stand as they are, so nobody gains by it. */
	if (failed && !d->traffic_failed)
		say("network bytes of %s cannot be charged: their limits stand as of the last second",
		    failed < 0 ? strerror(-failed) : "some agents");
	d->traffic_failed = failed != 0;
	loop_timer(d->loop, &d->traffic, TRAFFIC_TICK_MS);
}

int traffic_start(struct daemon *d, struct fault *f)
{
	int err;

	d->traffic = (struct loop_handle){ .done = traffic_tick, .cookie = d };
	err = loop_timer(d->loop, &d->traffic, 1);
	return err ? fault_set(f, -err, "cannot start a timer: %s", strerror(-err)) : 0;
}
