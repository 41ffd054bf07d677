/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Secrets as a person or a program hands them over: typed without echo, or read. */
#ifndef AGENTOS_CTL_PROMPT_H
#define AGENTOS_CTL_PROMPT_H

#include <stddef.h>

#include "base/fault.h"
#include "vault/locked.h"

/*
 * Each reads a secret of at most `most` bytes into locked memory (or into such as
 * hold.h has it), to be released; what is longer is refused, and so is none.
 *
 * prompt_terminal: asks on the terminal, and reads a line without echo. Whatever
 *                  signal comes, the terminal is as it was before it takes effect;
 *                  what was stopped asks again
 * prompt_line:     a line of a descriptor, and not a byte behind it
 * prompt_all:      all of it, without the end of its last line
 *
 * -ENODATA  there was nothing
 * -E2BIG    it is longer than `most`, or than a terminal's line may be
 * -EINTR    a signal came that does not end this process
 * -EIO, ...
 */
int prompt_terminal(int terminal, const char *question, size_t most, struct locked *ret_secret,
		    struct fault *f);
int prompt_line(int fd, size_t most, struct locked *ret_secret, struct fault *f);
int prompt_all(int fd, size_t most, struct locked *ret_secret, struct fault *f);

#endif
