/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the loop: what its ring may be asked for, and nothing else. */
#ifndef AGENTOS_LOOP_OPCODES_H
#define AGENTOS_LOOP_OPCODES_H

#include <liburing.h>
#include <stdbool.h>

/*
 * Restricts a ring that was made disabled (IORING_SETUP_R_DISABLED): once it is enabled
 * every operation that is not on the list ends with -EACCES, and so does whatever is
 * asked of io_uring_register().
 * -EOPNOTSUPP  this kernel lacks an operation without which there is no loop; and
 *              the errors of IORING_REGISTER_RESTRICTIONS
 */
int opcodes_restrict(struct io_uring *r);
/* Then it is used, by this thread alone. The errors of IORING_REGISTER_ENABLE_RINGS. */
int opcodes_enable(struct io_uring *r);

#endif
