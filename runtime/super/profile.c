// SPDX-License-Identifier: GPL-2.0-or-later
/* Policy files: the search path, reading one whole, and the way from one to others. */
#include "super/profile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/limits.h"
#include "policy/source.h"
#include "super/compile.h"

static bool text_ends(const char *text, const char *end)
{
	size_t text_len = strlen(text), len = strlen(end);

	return text_len > len && strcmp(text + text_len - len, end) == 0;
}

static bool name_is_path(const char *name)
{
	return strchr(name, '/') || text_ends(name, ".yaml") || text_ends(name, ".yml");
}

/* The next absolute directory of a search path, or false at its end. */
static bool search_next(const char **path, char *directory, size_t size)
{
	size_t len;

	while (**path) {
		const char *at = *path;

		len = strcspn(at, ":");
		*path = at + len + (at[len] == ':');
		if (at[0] != '/' || len >= size)
			continue;
		memcpy(directory, at, len);
		directory[len] = '\0';
		return true;
	}
	return false;
}

/* Gathers "a, b, c" for a message. */
struct names {
	char text[256];
	size_t len;
};

static int names_add(const char *name, const char *file, int shadowed, void *cookie)
{
	struct names *names = cookie;
	char safe[64];

	escape_text(safe, sizeof(safe), name, strlen(name));
	if (!shadowed && names->len < sizeof(names->text))
		names->len += (size_t)snprintf(
			names->text + names->len, sizeof(names->text) - names->len, "%s%s",
			names->len ? ", " : "", safe);
	return 0;
}

static int name_not_found(const char *name, const char *search_path, struct fault *f)
{
	struct names names = { .len = 0 };
	char path[256];

	profile_list(search_path, names_add, &names);
	escape_text(path, sizeof(path), search_path, strlen(search_path));
	return fault_set(f, ENOENT,
			 "no policy %s in %s; %s%s; a file is named with a \"/\" in it: ./%s.yaml",
			 source_quote(name, strlen(name)).text, path,
			 names.len ? "there are: " : "there is none", names.text, name);
}

int profile_find(const char *name, const char *search_path, char **ret_file, struct fault *f)
{
	char directory[PATH_MAX], *file;
	const char *at = search_path;

	if (!name[0])
		return fault_set(f, EINVAL, "a policy's name is empty; see agentctl policy list");
	if (name_is_path(name)) {
		*ret_file = strdup(name);
		return *ret_file ? 0 : fault_set(f, ENOMEM, "out of memory");
	}
	if (strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") !=
	    strlen(name))
		return fault_set(f, EINVAL,
				 "%s is neither a policy's name (letters, digits, \".\", "
				 "\"_\", \"-\") nor a path with \"/\" in it",
				 source_quote(name, strlen(name)).text);
	while (search_next(&at, directory, sizeof(directory))) {
		if (asprintf(&file, "%s/%s.yaml", directory, name) < 0)
			return fault_set(f, ENOMEM, "out of memory");
		if (access(file, F_OK) == 0) {
			*ret_file = file;
			return 0;
		}
		free(file);
	}
	return name_not_found(name, search_path, f);
}

static int read_whole(int fd, char **ret_bytes, size_t *ret_len)
{
	char *bytes = malloc(LIMIT_POLICY_FILE + 2);
	size_t len = 0;
	ssize_t got;

	if (!bytes)
		return -ENOMEM;
	/* One byte more than the limit, to see whether there is more. */
	while (len <= LIMIT_POLICY_FILE) {
		got = read(fd, bytes + len, LIMIT_POLICY_FILE + 1 - len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			int err = -errno;

			free(bytes);
			return err;
		}
		if (got == 0)
			break;
		len += (size_t)got;
	}
	if (len > LIMIT_POLICY_FILE) {
		free(bytes);
		return -E2BIG;
	}
	bytes[len] = '\0';
	*ret_bytes = bytes;
	*ret_len = len;
	return 0;
}

int profile_read(const char *file, char **ret_bytes, size_t *ret_len, struct fault *f)
{
	char link[64];
	struct source source;
	struct stat st;
	int object, fd, err = 0;

	source_init(&source, file, f);
	/* Looked at before it is opened: opening a FIFO waits, opening a device acts. */
	object = open(file, O_PATH | O_CLOEXEC);
	if (object < 0)
		return source_fault(&source, errno, 0, "%s", strerror(errno));
	if (fstat(object, &st) < 0)
		err = source_fault(&source, errno, 0, "%s", strerror(errno));
	else if (!S_ISREG(st.st_mode))
		err = source_fault(&source, S_ISDIR(st.st_mode) ? EISDIR : EINVAL, 0,
				   "not a regular file; name a policy's YAML file");
	if (err)
		goto out;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", object);
	fd = open(link, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		err = source_fault(&source, errno, 0, "%s", strerror(errno));
		goto out;
	}
	err = read_whole(fd, ret_bytes, ret_len);
	close(fd);
	if (err == -E2BIG)
		source_fault(&source, E2BIG, 0, "larger than %d bytes, the most a policy may be",
			     LIMIT_POLICY_FILE);
	else if (err)
		source_fault(&source, -err, 0, "%s", strerror(-err));
out:
	close(object);
	return err;
}

/* What `name` in the file `from` is a path to; to be freed. */
static char *path_from(const char *name, const char *from)
{
	const char *slash = strrchr(from, '/');
	char *path;

	if (name[0] == '/' || !slash)
		return strdup(name);
	return asprintf(&path, "%.*s/%s", (int)(slash - from), from, name) < 0 ? NULL : path;
}

static int is_policy_file(const struct dirent *entry)
{
	return text_ends(entry->d_name, ".yaml") && entry->d_name[0] != '.';
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* The files of a directory, as paths. One more than fit into a policy is refused there. */
static int directory_list(const char *directory, char ***ret_entries, struct fault *f)
{
	struct dirent **found = NULL;
	struct source source;
	int count, i, err = 0;
	char **entries;

	source_init(&source, directory, f);
	count = scandir(directory, &found, is_policy_file, by_bytes);
	if (count < 0)
		return source_fault(&source, errno, 0, "%s", strerror(errno));
	entries = calloc((size_t)count + 1, sizeof(*entries));
	if (!entries)
		err = fault_set(f, ENOMEM, "out of memory");
	for (i = 0; i < count && !err; i++) {
		if (asprintf(&entries[i], "%s/%s", directory, found[i]->d_name) < 0) {
			entries[i] = NULL;
			err = fault_set(f, ENOMEM, "out of memory");
		}
	}
	for (i = 0; i < count; i++) {
		if (err && entries)
			free(entries[i]);
		free(found[i]);
	}
	free(found);
	if (err) {
		free(entries);
		return err;
	}
	*ret_entries = entries;
	return 0;
}

/* policy_loader's find(); the cookie is the search path. */
static int profile_follow(void *cookie, enum policy_link link, const char *name, const char *from,
			  struct policy_found *ret_found, struct fault *f)
{
	struct policy_found found = { .file = NULL };
	struct source source;
	char *path = NULL;
	struct stat st;
	int err = 0;

	if (link == POLICY_EXTENDS && !name_is_path(name))
		err = profile_find(name, cookie, &path, f);
	else
		path = path_from(name, from);
	if (err)
		return err;
	if (!path)
		return fault_set(f, ENOMEM, "out of memory");
	source_init(&source, path, f);
	found.file = realpath(path, NULL);
	if (!found.file)
		err = source_fault(&source, errno == ENOTDIR ? ENOENT : errno, 0, "%s",
				   strerror(errno));
	else if (link == POLICY_INCLUDE && stat(found.file, &st) == 0 && S_ISDIR(st.st_mode))
		err = directory_list(found.file, &found.entries, f);
	else
		err = profile_read(found.file, &found.bytes, &found.len, f);
	free(path);
	if (err) {
		free(found.file);
		return err;
	}
	*ret_found = found;
	return 0;
}

int profile_load(const char *name, const char *search_path, const struct policy_vars *vars,
		 struct policy **ret_policy, char **ret_file, struct fault *f)
{
	char *file = NULL, *bytes = NULL, *first = NULL;
	struct policy_loader loader = { .find = profile_follow, .cookie = (void *)search_path };
	size_t len = 0;
	int err;

	err = profile_find(name, search_path, &file, f);
	if (err)
		return err;
	err = profile_read(file, &bytes, &len, f);
	if (err)
		goto out;
	first = realpath(file, NULL);
	loader.first = first;
	err = compile_policy(bytes, len, file, vars, &loader, ret_policy, f);
	free(first);
	free(bytes);
	if (err)
		goto out;
	if (ret_file) {
		*ret_file = file;
		return 0;
	}
out:
	free(file);
	return err;
}

/* Whether a directory before `directory` has the same file. */
static int is_shadowed(const char *search_path, const char *directory, const char *entry)
{
	char earlier[PATH_MAX], file[PATH_MAX + NAME_MAX + 2];
	const char *at = search_path;

	while (search_next(&at, earlier, sizeof(earlier)) && strcmp(earlier, directory) != 0) {
		snprintf(file, sizeof(file), "%s/%s", earlier, entry);
		if (access(file, F_OK) == 0)
			return 1;
	}
	return 0;
}

int profile_list(const char *search_path,
		 int (*each)(const char *name, const char *file, int shadowed, void *cookie),
		 void *cookie)
{
	char directory[PATH_MAX], file[PATH_MAX + NAME_MAX + 2], name[NAME_MAX + 1];
	const char *at = search_path;
	struct dirent **entries;
	int count, i, stop = 0;

	while (!stop && search_next(&at, directory, sizeof(directory))) {
		count = scandir(directory, &entries, is_policy_file, alphasort);
		if (count < 0 && errno == ENOMEM)
			return -ENOMEM;
		if (count < 0)
			continue;
		for (i = 0; i < count; i++) {
			snprintf(file, sizeof(file), "%s/%s", directory, entries[i]->d_name);
			snprintf(name, sizeof(name), "%.*s",
				 (int)(strlen(entries[i]->d_name) - strlen(".yaml")),
				 entries[i]->d_name);
			if (!stop)
				stop = each(name, file,
					    is_shadowed(search_path, directory, entries[i]->d_name),
					    cookie);
			free(entries[i]);
		}
		free(entries);
	}
	return stop;
}
