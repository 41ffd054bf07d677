// SPDX-License-Identifier: GPL-2.0-or-later
/* How far a log was exported. */
#include "audit/cursor.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/escape.h"

#define CURSOR_LINE 128 /* bytes, with room */

static int refuse(struct fault *f, const char *path, int err, const char *why)
{
	char shown[256];

	escape_text(shown, sizeof(shown), path, strlen(path));
	return fault_set(f, err, "%s: %s", shown, why);
}

static int line_parse(const char *line, struct cursor *c)
{
	char canonical[CURSOR_LINE];
	unsigned int version;

	if (sscanf(line, "agentos-cursor %u ", &version) == 1 && version > 1)
		return -EPROTO;
	if (sscanf(line, "agentos-cursor 1 %" SCNu64 " %" SCNu64, &c->seq, &c->time_ns) != 2)
		return -EBADMSG;
	snprintf(canonical, sizeof(canonical), "agentos-cursor 1 %" PRIu64 " %" PRIu64 "\n", c->seq,
		 c->time_ns);
	return strcmp(line, canonical) == 0 ? 0 : -EBADMSG;
}

int cursor_read(const char *path, struct cursor *ret_cursor, struct fault *f)
{
	char line[CURSOR_LINE];
	struct cursor c = { 0 };
	ssize_t n;
	int fd, rc;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT) {
		*ret_cursor = c;
		return 0;
	}
	if (fd < 0)
		return refuse(f, path, errno, strerror(errno));
	n = read(fd, line, sizeof(line) - 1);
	rc = n < 0 ? -errno : 0;
	close(fd);
	if (rc)
		return refuse(f, path, -rc, strerror(-rc));
	line[n] = '\0';
	rc = line_parse(line, &c);
	if (rc == -EPROTO)
		return refuse(f, path, EPROTO, "of a later version; upgrade this program");
	if (rc)
		return refuse(f, path, EBADMSG, "not a cursor of agentctl audit export");
	*ret_cursor = c;
	return 0;
}

int cursor_write(const char *path, const struct cursor *c, struct fault *f)
{
	char line[CURSOR_LINE];
	int len = snprintf(line, sizeof(line), "agentos-cursor 1 %" PRIu64 " %" PRIu64 "\n", c->seq,
			   c->time_ns);
	int rc = durable_replace(path, line, (size_t)len, 0600);

	return rc ? refuse(f, path, -rc, strerror(-rc)) : 0;
}
