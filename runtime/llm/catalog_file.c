// SPDX-License-Identifier: GPL-2.0-or-later
/* Files of rows, read whole. */
#include "llm/catalog_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"

#define SHOWN 200 /* bytes of a name in messages */

/* One byte more than there may be is read, to see that there is. */
static int whole_read(int fd, char *text, size_t *ret_len)
{
	size_t len = 0;
	ssize_t got;

	while (len < LIMIT_CATALOG_FILE + 1) {
		got = read(fd, text + len, LIMIT_CATALOG_FILE + 1 - len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		len += (size_t)got;
	}
	*ret_len = len;
	return 0;
}

int catalog_file_add(struct catalog *c, const char *path, struct fault *f)
{
	bool input = strcmp(path, "-") == 0;
	char shown[SHOWN], *text;
	size_t len = 0;
	int fd, rc;

	if (input)
		strcpy(shown, "standard input");
	else
		escape_text(shown, sizeof(shown), path, strlen(path));
	fd = input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fault_set(f, errno, "%s: %s", shown, strerror(errno));
	text = malloc(LIMIT_CATALOG_FILE + 1);
	rc = text ? whole_read(fd, text, &len) : -ENOMEM;
	if (!input)
		close(fd);
	if (rc)
		fault_set(f, -rc, "%s: %s", shown, strerror(-rc));
	else
		rc = catalog_add(c, shown, text, len, f);
	free(text);
	return rc;
}

int catalog_load(const char *directory, struct catalog **ret_catalog, struct fault *f)
{
	static const char *const files[] = { CATALOG_FILES };
	struct catalog *c;
	char path[PATH_MAX];
	size_t i;
	int rc;

	rc = catalog_create(&c, f);
	if (rc)
		return rc;
	for (i = 0; !rc && i < sizeof(files) / sizeof(files[0]); i++) {
		if (snprintf(path, sizeof(path), "%s/%s", directory, files[i]) >= PATH_MAX)
			rc = fault_set(f, ENAMETOOLONG, "the directory's name is too long");
		else if (access(path, F_OK) == 0 || errno != ENOENT)
			rc = catalog_file_add(c, path, f);
	}
	if (!rc)
		rc = catalog_finish(c, f);
	if (rc) {
		catalog_free(c);
		return rc;
	}
	*ret_catalog = c;
	return 0;
}
