/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an administrator says of providers and models, added to what is built in. */
#ifndef AGENTOS_GATEWAY_CONFIG_H
#define AGENTOS_GATEWAY_CONFIG_H

#include "base/fault.h"
#include "llm/catalog.h"

/*
 * The catalog with the files of that directory (CATALOG_FILES) that are there.
 * A file that is wrong, or cannot be read, is no reason to do without: -EBADMSG, -EACCES, ...
 * with *f.
 */
int config_load(const char *directory, struct catalog **ret_catalog, struct fault *f);

#endif
