/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CRC-32C (Castagnoli): finds accidents, not forgers. */
#ifndef AGENTOS_BASE_CRC32C_H
#define AGENTOS_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/*
 * RFC 3720, appendix B.4: polynomial 0x1edc6f41 reflected, initial and final
 * value inverted. Begin with crc = 0; the result of one piece is the crc that
 * the next one begins with.
 */
uint32_t crc32c(uint32_t crc, const void *data, size_t len);

/* The same without the processor's instruction; for machines that have none, and for the test. */
uint32_t crc32c_portable(uint32_t crc, const void *data, size_t len);

#endif
