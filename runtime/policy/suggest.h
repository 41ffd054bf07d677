/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nearest known word to a misspelt one. */
#ifndef AGENTOS_POLICY_SUGGEST_H
#define AGENTOS_POLICY_SUGGEST_H

#include <stddef.h>

/*
 * How far `known` is from `word`: edits (insert, delete, replace, swap of
 * neighbours), letter case and '-' against '_' not counted; a word that is a
 * whole part of the other between hyphens ("read" in "file-read") counts 1.
 */
unsigned int suggest_distance(const char *word, const char *known);

/* Whether a distance is small enough to say "did you mean". */
int suggest_near(const char *word, unsigned int distance);

#endif
