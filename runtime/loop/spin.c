// SPDX-License-Identifier: GPL-2.0-or-later
/* Whether a loop looks before it sleeps: by what came of it before. */
#include "loop/spin.h"

bool spin_is_due(const struct spin *s)
{
	return s->limit_ns && s->brief && !s->skip;
}

void spin_looked(struct spin *s, bool found)
{
	if (found) {
		s->step = 0;
		return;
	}
	s->step = s->step ? s->step * 2 : 1;
	if (s->step > SPIN_SKIP_MAX)
		s->step = SPIN_SKIP_MAX;
	s->skip = s->step;
	s->brief = false;
}

void spin_slept(struct spin *s, uint64_t ns)
{
	s->brief = ns < s->limit_ns;
	if (s->brief && s->skip)
		s->skip--;
}
