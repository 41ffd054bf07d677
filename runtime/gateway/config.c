// SPDX-License-Identifier: GPL-2.0-or-later
/* What an administrator says of providers and models. */
#include "gateway/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/range.h"

/* *ret_text: to be freed; NULL: there is no such file. */
static int file_read(const char *path, char **ret_text, size_t *ret_len, struct fault *f)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err = 0;
	struct stat st;
	char *text = NULL;

	*ret_text = NULL;
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ?
			       0 :
			       fault_set(f, errno, "%s: %s", path, strerror(errno));
	if (fstat(fd, &st) < 0)
		err = -errno;
	else if (!S_ISREG(st.st_mode))
		err = -EINVAL;
	else if (st.st_size > LIMIT_CATALOG_FILE)
		err = -EFBIG;
	else if (!(text = malloc((size_t)st.st_size + 1)))
		err = -ENOMEM;
	else
		err = range_read(fd, text, (size_t)st.st_size, 0);
	close(fd);
	if (err) {
		free(text);
		return fault_set(f, -err, "%s: %s", path, strerror(-err));
	}
	*ret_text = text;
	*ret_len = (size_t)st.st_size;
	return 0;
}

static int file_add(struct catalog *c, const char *directory, const char *name, struct fault *f)
{
	char path[4096], *text;
	size_t len;
	int err;

	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= (int)sizeof(path))
		return fault_set(f, ENAMETOOLONG, "%s: too long", directory);
	err = file_read(path, &text, &len, f);
	if (err || !text)
		return err;
	err = catalog_add(c, path, text, len, f);
	free(text);
	return err;
}

int config_load(const char *directory, struct catalog **ret_catalog, struct fault *f)
{
	static const char *const files[] = { CATALOG_FILES };
	struct catalog *c;
	size_t i;
	int err = catalog_create(&c, f);

	if (err)
		return err;
	for (i = 0; i < sizeof(files) / sizeof(files[0]) && !err; i++)
		err = file_add(c, directory, files[i], f);
	if (!err)
		err = catalog_finish(c, f);
	if (err)
		catalog_free(c);
	else
		*ret_catalog = c;
	return err;
}
