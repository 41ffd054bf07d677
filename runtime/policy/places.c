// SPDX-License-Identifier: GPL-2.0-or-later
/* Lists of paths: what each path comes to, and directories instead of many files. */
#include "policy/places.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agentos_base.h"
#include "policy/secrets.h"

#define PLACES_FEW   2	/* files of one directory that are named one by one */
#define PLACES_DEPTH 64 /* components of a path: more than a decision follows, AGENTOS_WALK_MAX */

/* As they stand, with all that is in them. */
static const char *const tops[] = {
	"/usr",		  "/bin",   "/sbin",   "/lib",
	"/lib32",	  "/lib64", "/libx32", "/etc/alternatives",
	"/etc/ssl/certs",
};

/* Never with all that is in them: others have their files there. */
static const char *const shared[] = {
	"/",	      "/boot",	    "/dev",	"/dev/pts",   "/dev/shm", "/etc",     "/home",
	"/media",     "/mnt",	    "/opt",	"/proc",      "/root",	  "/run",     "/run/lock",
	"/run/user",  "/srv",	    "/sys",	"/tmp",	      "/usr",	  "/usr/lib", "/usr/bin",
	"/usr/share", "/usr/local", "/var",	"/var/cache", "/var/lib", "/var/log", "/var/mail",
	"/var/run",   "/var/spool", "/var/tmp",
};
static const char *const shared_at_home[] = { "",	".cache",     ".config",
					      ".local", ".local/bin", ".local/share" };

/* Where programs make files of names that they never use again. */
static const char *const temporary[] = { "/tmp", "/var/tmp" };

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

struct group {
	const struct wish *wishes;
	size_t count;
	const struct place_world *world;
	uint8_t access;
	struct places *places;
};

bool place_is_within(const char *path, const char *directory)
{
	size_t len = strlen(directory);

	if (len == 1)
		return true;
	return strncmp(path, directory, len) == 0 && (!path[len] || path[len] == '/');
}

static bool is_at_home(const struct place_world *world, const char *directory)
{
	size_t len = strlen(world->home), i;

	if (!place_is_within(directory, world->home))
		return false;
	directory += len + (directory[len] == '/');
	for (i = 0; i < COUNT(shared_at_home); i++)
		if (strcmp(directory, shared_at_home[i]) == 0)
			return true;
	return false;
}

/* One component below: /home/x, /run/user/1000. */
static bool is_child_of(const char *path, const char *directory)
{
	size_t len = strlen(directory);

	return strncmp(path, directory, len) == 0 && path[len] == '/' && path[len + 1] &&
	       !strchr(path + len + 1, '/');
}

static bool is_shared(const struct place_world *world, const char *directory)
{
	size_t i;

	for (i = 0; i < COUNT(shared); i++)
		if (strcmp(directory, shared[i]) == 0)
			return true;
	return is_at_home(world, directory) || is_child_of(directory, "/home") ||
	       is_child_of(directory, "/run/user") || place_is_within(world->home, directory) ||
	       (strcmp(world->workspace, directory) != 0 &&
		place_is_within(world->workspace, directory));
}

bool place_is_workspace(const struct place_world *world)
{
	return !is_shared(world, world->workspace);
}

/* Of a path within the workspace or a home what counts is what is below that. */
static const struct secret *secret_of(const struct place_world *world, const char *path)
{
	if (place_is_within(path, world->workspace) && place_is_workspace(world))
		return secret_by_path(path + strlen(world->workspace));
	if (place_is_within(path, world->home) && world->home[1])
		return secret_by_path(path + strlen(world->home));
	return secret_by_path(path);
}

/* May a rule on it, and so on all that is in it, be written unasked? */
static bool is_groupable(const struct group *g, const char *directory)
{
	size_t i;

	if (is_shared(g->world, directory) || secret_of(g->world, directory))
		return false;
	for (i = 0; i < g->count; i++)
		if (place_is_within(g->wishes[i].path, directory) &&
		    secret_of(g->world, g->wishes[i].path))
			return false;
	return !g->world->holds_secret(directory, g->world->cookie);
}

static int places_add(struct places *places, const char *path, size_t len, const struct place *like)
{
	struct place *items;
	size_t room;

	if (places->count == places->room) {
		room = places->room ? 2 * places->room : 32;
		items = reallocarray(places->items, room, sizeof(*items));
		if (!items)
			return -ENOMEM;
		places->items = items;
		places->room = room;
	}
	places->items[places->count] = *like;
	places->items[places->count].path = strndup(path, len);
	if (!places->items[places->count].path)
		return -ENOMEM;
	places->count++;
	return 0;
}

static int add_active(struct group *g, const char *path, const char *why)
{
	return places_add(g->places, path, strlen(path),
			  &(struct place){ .why = why, .active = true });
}

static int add_asking(struct group *g, const char *path, const char *why)
{
	return places_add(g->places, path, strlen(path), &(struct place){ .why = why });
}

/* Was it, or what it is in as far up as `top`, made while the program ran? */
static bool was_made(const struct group *g, const char *path, const char *top)
{
	size_t i;

	for (i = 0; i < g->count; i++)
		if (g->wishes[i].made && place_is_within(g->wishes[i].path, top) &&
		    strcmp(g->wishes[i].path, top) != 0 && place_is_within(path, g->wishes[i].path))
			return true;
	return false;
}

/* Is it a file of a passing name? */
static bool is_temporary(const struct group *g, const struct wish *wish)
{
	size_t i;

	for (i = 0; i < COUNT(temporary); i++) {
		if (!place_is_within(wish->path, temporary[i]))
			continue;
		/* Without a name at all: O_TMPFILE. */
		if (strcmp(wish->path, temporary[i]) == 0)
			return wish->access & AGENTOS_FILE_WRITE;
		return was_made(g, wish->path, temporary[i]);
	}
	return false;
}

/* "/proc/PID", or in it. */
static bool is_of_process(const char *path)
{
	return strncmp(path, "/proc/", 6) == 0 && path[6] >= '0' && path[6] <= '9';
}

static const char *top_of(const struct group *g, const char *path)
{
	size_t i;

	for (i = 0; g->access != AGENTOS_FILE_WRITE && i < COUNT(tops); i++)
		if (place_is_within(path, tops[i]))
			return tops[i];
	return NULL;
}

/* What was made or removed by its name is so another time under another: its directory. */
static int add_made(struct group *g, const struct wish *wish)
{
	size_t len = (size_t)(strrchr(wish->path, '/') - wish->path);
	char *directory = strndup(wish->path, len ? len : 1);
	int err;

	if (!directory)
		return -ENOMEM;
	if (is_groupable(g, directory) && g->world->exists(directory, g->world->cookie))
		err = add_active(g, directory, NULL);
	else if (g->world->exists(wish->path, g->world->cookie))
		err = places_add(
			g->places, wish->path, strlen(wish->path),
			&(struct place){ .active = true,
					 .optional = true,
					 .why = "made by its name: a rule on it holds only "
						"while it is there" });
	else
		err = add_asking(g, wish->path,
				 "made and removed; its directory has files of others in it");
	free(directory);
	return err;
}

static int add_wish(struct group *g, const struct wish *wish)
{
	const struct place_world *world = g->world;
	const struct secret *secret = secret_of(world, wish->path);
	const char *top = top_of(g, wish->path);

	if (secret)
		return places_add(g->places, wish->path, strlen(wish->path),
				  &(struct place){ .why = secret->why, .secret = true });
	if (place_is_within(wish->path, world->workspace) && place_is_workspace(world))
		return add_active(g, world->workspace,
				  world->holds_secret(world->workspace, world->cookie) ?
					  "with what looks like secrets in it: deny those" :
					  NULL);
	if (is_temporary(g, wish)) {
		g->places->temporary = true;
		return 0;
	}
	if (top)
		return add_active(g, top, NULL);
	if (is_of_process(wish->path) && g->access == AGENTOS_FILE_READ)
		return add_active(g, "/proc", "processes have another number each time");
	if (is_of_process(wish->path))
		return add_asking(g, wish->path, "a process has another number each time");
	if (place_is_within(wish->path, "/dev/pts") && !is_shared(world, wish->path))
		return add_asking(g, wish->path, "a terminal, which has another number each time");
	if (is_shared(world, wish->path))
		return add_asking(g, wish->path, "itself; with it all that is in it");
	if (wish->made || was_made(g, wish->path, "/"))
		return add_made(g, wish);
	if (!world->exists(wish->path, world->cookie))
		return add_asking(g, wish->path, "is gone");
	if (world->is_directory(wish->path, world->cookie) && !is_groupable(g, wish->path))
		return add_asking(g, wish->path, "itself; with it the secrets that are in it");
	return add_active(g, wish->path, NULL);
}

static int place_compare(const void *a, const void *b)
{
	const struct place *p = a, *q = b;
	int order = strcmp(p->path, q->path);

	/* Of two on one path the active one stays. */
	return order ? order : (int)q->active - (int)p->active;
}

static void place_drop(struct places *places, size_t at, size_t count)
{
	size_t i;

	for (i = at; i < at + count; i++)
		free(places->items[i].path);
	memmove(places->items + at, places->items + at + count,
		(places->count - at - count) * sizeof(*places->items));
	places->count -= count;
}

/* In order, each path once, and nothing active below what is active. */
static void places_sort(struct places *places)
{
	size_t i, k;

	if (places->count)
		qsort(places->items, places->count, sizeof(*places->items), place_compare);
	for (i = 1; i < places->count;) {
		if (strcmp(places->items[i].path, places->items[i - 1].path) == 0)
			place_drop(places, i, 1);
		else
			i++;
	}
	for (i = 0; i < places->count; i++) {
		if (!places->items[i].active)
			continue;
		for (k = 0; k < places->count;) {
			if (k == i || places->items[k].secret ||
			    !place_is_within(places->items[k].path, places->items[i].path)) {
				k++;
				continue;
			}
			place_drop(places, k, 1);
			i -= k < i;
		}
	}
}

/* The length of the first `depth` components; 0: it has no more than those. */
static size_t prefix_len(const char *path, unsigned int depth)
{
	const char *at = path;

	for (; depth; depth--) {
		at = strchr(at + 1, '/');
		if (!at)
			return 0;
	}
	return (size_t)(at - path);
}

/* Directories of so many components for what is in them. */
static int places_lift(struct group *g, unsigned int depth)
{
	struct places *places = g->places;
	size_t i, k, len, active;
	char *directory;

	for (i = 0; i < places->count; i++) {
		len = prefix_len(places->items[i].path, depth);
		if (!len)
			continue;
		directory = strndup(places->items[i].path, len);
		if (!directory)
			return -ENOMEM;
		for (k = i, active = 0;
		     k < places->count && place_is_within(places->items[k].path, directory); k++)
			active += places->items[k].active;
		if (active > PLACES_FEW && is_groupable(g, directory)) {
			place_drop(places, i + 1, k - i - 1);
			free(places->items[i].path);
			places->items[i] = (struct place){ .path = directory, .active = true };
			continue;
		}
		free(directory);
	}
	return 0;
}

int places_group(const struct wish *wishes, size_t count, uint8_t access,
		 const struct place_world *world, struct places *ret_places)
{
	struct places places = { 0 };
	struct group g = { .wishes = wishes,
			   .count = count,
			   .world = world,
			   .access = access,
			   .places = &places };
	unsigned int depth;
	size_t i;
	int err = 0;

	for (i = 0; i < count && !err; i++)
		if (wishes[i].access & access)
			err = add_wish(&g, &wishes[i]);
	if (!err)
		places_sort(&places);
	/* Deepest first; what the top of all has in it is shared. */
	for (depth = PLACES_DEPTH; depth >= 2 && !err; depth--)
		err = places_lift(&g, depth);
	if (err) {
		places_release(&places);
		return err;
	}
	places_sort(&places);
	*ret_places = places;
	return 0;
}

void places_release(struct places *places)
{
	size_t i;

	for (i = 0; i < places->count; i++)
		free(places->items[i].path);
	free(places->items);
	*places = (struct places){ 0 };
}
