/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of rows, read into a catalog. */
#ifndef AGENTOS_LLM_CATALOG_FILE_H
#define AGENTOS_LLM_CATALOG_FILE_H

#include "llm/catalog.h"

/*
 * Adds the rows of a file; "-" is standard input. Messages name it escaped.
 * -ENOENT, ... what opening and reading may come to; others as catalog_add()
 */
int catalog_file_add(struct catalog *c, const char *path, struct fault *f);

/*
 * What is built in with the files that a directory has of CATALOG_FILES, whole. A file or
 * a directory that is not there is none. Errors as above and as catalog_finish().
 */
int catalog_load(const char *directory, struct catalog **ret_catalog, struct fault *f);

#endif
