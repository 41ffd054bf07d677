/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths that a program used, made into the few rules that a person would write. Pure. */
#ifndef AGENTOS_POLICY_PLACES_H
#define AGENTOS_POLICY_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What was done to a path, all of it together. */
struct wish {
	char *path;	/* absolute, as the program would name it */
	uint8_t access; /* AGENTOS_FILE_* */
	bool made;	/* by its name: made, removed, renamed, linked */
	uint64_t ino;	/* what it was at last; 0: not known */
	uint32_t dev, gen;
};

/* What can be asked about the machine. */
struct place_world {
	const char *workspace, *home; /* absolute */
	bool (*exists)(const char *path, void *cookie);
	bool (*is_directory)(const char *path, void *cookie);
	/* Is there a name in it, or some way below, that looks like a secret? */
	bool (*holds_secret)(const char *directory, void *cookie);
	void *cookie;
};

/* A line of a list. */
struct place {
	char *path;
	const char *why; /* what a reader should know, or NULL */
	bool active;	 /* else it is for the reader to decide */
	bool optional;	 /* it may not be there another time */
	bool secret;	 /* it looks like one; never active */
};

struct places {
	struct place *items; /* in the order of their bytes, each path once */
	size_t count, room;
	bool temporary; /* files of passing names in /tmp: the program needs a place for them */
};

/*
 * The list for one access (a bit of AGENTOS_FILE_*):
 * - below the workspace is the workspace, if that is not all of a home or more;
 * - what the distribution installs is its top directory, to be read and executed;
 * - what was made, removed or renamed by name is its directory, as is what more
 *   than two files are in - unless everybody's are in it (/tmp, /etc, a home), or
 *   one that looks like a secret;
 * - what is such a directory itself, looks like a secret, or is gone is not active.
 * Released with places_release(). -ENOMEM
 */
int places_group(const struct wish *wishes, size_t count, uint8_t access,
		 const struct place_world *world, struct places *ret_places);
void places_release(struct places *places);

/* Is the path `directory`, or below it? */
bool place_is_within(const char *path, const char *directory);

/* May ${WORKSPACE} stand for all that is below the workspace? Not if a home, or /tmp, is. */
bool place_is_workspace(const struct place_world *world);

#endif
