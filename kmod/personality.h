/* SPDX-License-Identifier: GPL-2.0-only */
/* personality(), which no security hook is asked about: refused after the fact. */
#ifndef AGENTOS_PERSONALITY_H
#define AGENTOS_PERSONALITY_H

/*
 * READ_IMPLIES_EXEC makes the heap that brk() gives executable, and no hook is
 * asked about that either.
 *
 * In a call of personality(), at its entry: once it is through, and before its
 * task is in user mode again, its personality is what it was before, and the
 * call has failed with EPERM. Nothing that is done meanwhile depends on it:
 * it is the task's alone. -ENOMEM: the task is killed instead. Any context but
 * hard interrupts.
 */
int personality_undo(void);

/* The calling task, which has no right to it, lets go of READ_IMPLIES_EXEC, as by a setuid exec. */
void personality_shed(void);

#endif
