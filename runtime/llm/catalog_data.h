/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of rows that are built into the program. */
#ifndef AGENTOS_LLM_CATALOG_DATA_H
#define AGENTOS_LLM_CATALOG_DATA_H

#include <stdint.h>

extern const char catalog_providers[], catalog_models[];
extern const uint64_t catalog_providers_size, catalog_models_size; /* bytes */

#endif
