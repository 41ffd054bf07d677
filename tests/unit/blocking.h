/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whoever blocks on an event loop is aborted: blocking.c is linked to each unit test. */
#ifndef AGENTOS_TESTS_UNIT_BLOCKING_H
#define AGENTOS_TESTS_UNIT_BLOCKING_H

/* Says which call it is and aborts, if this thread is in loop_run(). */
void blocking_check(const char *call);

#endif
