/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A range of a file read or written as a whole, however many calls that takes. */
#ifndef AGENTOS_BASE_RANGE_H
#define AGENTOS_BASE_RANGE_H

#include <stddef.h>
#include <stdint.h>

/* 0, or the errno of the call that failed, -EIO where the file ends or takes nothing more. */
int range_write(int fd, const void *bytes, size_t len, uint64_t offset);
int range_read(int fd, void *bytes, size_t len, uint64_t offset);

#endif
