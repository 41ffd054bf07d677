// SPDX-License-Identifier: GPL-2.0-or-later
/* The secret that agents' tokens are made with. */
#include "daemon/tokens.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/range.h"

static int key_read(int fd, const char *path, uint8_t key[TOKEN_KEY], struct fault *f)
{
	struct stat st;
	int err;

	if (fstat(fd, &st) < 0)
		return fault_set(f, errno, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_uid || st.st_mode & 077)
		return fault_set(f, EPERM, "%s: it must be root's alone", path);
	err = st.st_size == TOKEN_KEY ? range_read(fd, key, TOKEN_KEY, 0) : -EBADMSG;
	if (err)
		return fault_set(f, -err,
				 "%s: it is no key; remove it, and agents that run now "
				 "call no models any more",
				 path);
	return 0;
}

/* Under another name first: the key is there whole, or not at all. */
static int key_make(const char *path, uint8_t key[TOKEN_KEY], struct fault *f)
{
	char making[4096];
	int fd, err = 0;

	if (snprintf(making, sizeof(making), "%s.new", path) >= (int)sizeof(making))
		return fault_set(f, ENAMETOOLONG, "%s: too long", path);
	if (getrandom(key, TOKEN_KEY, 0) != TOKEN_KEY)
		return fault_set(f, EIO, "no random bytes: %s", strerror(errno));
	unlink(making);
	fd = open(making, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return fault_set(f, errno, "%s: %s", making, strerror(errno));
	err = range_write(fd, key, TOKEN_KEY, 0);
	if (close(fd) < 0 && !err)
		err = -errno;
	if (!err && rename(making, path) < 0)
		err = -errno;
	if (err) {
		unlink(making);
		return fault_set(f, -err, "%s: %s", making, strerror(-err));
	}
	return 0;
}

int tokens_open(const char *run_dir, uint8_t ret_key[TOKEN_KEY], struct fault *f)
{
	uint8_t key[TOKEN_KEY];
	char path[4000];
	int fd, err;

	if (snprintf(path, sizeof(path), "%s/" TOKENS_NAME, run_dir) >= (int)sizeof(path))
		return fault_set(f, ENAMETOOLONG, "%s: too long", run_dir);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno != ENOENT)
		return fault_set(f, errno, "%s: %s", path, strerror(errno));
	if (fd < 0) {
		err = key_make(path, key, f);
	} else {
		err = key_read(fd, path, key, f);
		close(fd);
	}
	if (!err)
		memcpy(ret_key, key, TOKEN_KEY);
	explicit_bzero(key, sizeof(key));
	return err;
}

void tokens_end(const char *run_dir)
{
	char path[4000];

	if (snprintf(path, sizeof(path), "%s/" TOKENS_NAME, run_dir) < (int)sizeof(path))
		unlink(path);
}
