// SPDX-License-Identifier: GPL-2.0-or-later
/* The files of rows that are built into the program, byte by byte. */
#include "llm/catalog_data.h"

/* Paths are from the top of the tree, where make runs; the Makefile knows of the dependency. */
#define EMBED(name, file)                                  \
	__asm__(".pushsection .rodata\n"                   \
		".balign 8\n"                              \
		".globl " #name "_size\n" #name "_size:\n" \
		".quad " #name "_end - " #name "\n"        \
		".globl " #name "\n" #name ":\n"           \
		".incbin \"" file "\"\n" #name "_end:\n"   \
		".popsection\n")

EMBED(catalog_providers, "runtime/llm/providers.conf");
EMBED(catalog_models, "runtime/llm/models.conf");
