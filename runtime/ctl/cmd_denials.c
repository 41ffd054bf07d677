// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl denials: an agent's own denial feed, as it reads it itself. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "ctl/ctl.h"
#include "ctl/denials.h"
#include "ctl/select.h"

/* Beside the socket that agentosd listens on; daemon/feeds.h has the names. */
int denials_path(uint32_t policy, char *ret_path, size_t size)
{
	const char *control = ctl_setting("AGENTOS_CONTROL", CTL_SOCKET);
	const char *slash = strrchr(control, '/');
	char link[PATH_MAX], name[32];
	int len = slash ? (int)(slash - control) : 0;
	ssize_t got;

	if (snprintf(link, sizeof(link), "%.*s/denials/policy-%u", len, control, policy) >=
	    (int)sizeof(link))
		return -ENAMETOOLONG;
	got = readlink(link, name, sizeof(name) - 1);
	if (got < 0)
		return -errno;
	name[got] = '\0';
	if (snprintf(ret_path, size, "%.*s/denials/%s", len, control, name) >= (int)size) {
		ret_path[0] = '\0';
		return -ENAMETOOLONG;
	}
	return 0;
}

/* As it stands: root wrote it, and escaped what agents chose. */
static int denials_print(const char *path)
{
	char bytes[4096], safe[512];
	ssize_t len;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		escape_text(safe, sizeof(safe), path, strlen(path));
		ctl_complain("%s: %s", safe, strerror(errno));
		return CTL_FAILED;
	}
	while ((len = read(fd, bytes, sizeof(bytes))) > 0)
		fwrite(bytes, 1, (size_t)len, stdout);
	close(fd);
	if (fflush(stdout) == EOF) {
		ctl_complain("cannot write: %s", strerror(errno));
		return CTL_FAILED;
	}
	return CTL_OK;
}

int cmd_denials(int argc, char **argv)
{
	const char *own = getenv("AGENTOS_DENIALS");
	struct agentos_info info;
	char path[PATH_MAX];
	int agent;

	if (argc > 2 || (argc == 2 && argv[1][0] == '-'))
		return ctl_usage("denials", "takes the name or id of one agent");
	if (argc < 2 && own)
		return denials_print(own);
	if (argc < 2)
		return ctl_usage("denials", "which agent? `agentctl ps` lists them");
	agent = select_one(argv[1], AGENTOS_ACCESS_INSPECT, &info);
	if (agent < 0)
		return CTL_FAILED;
	close(agent);
	if (denials_path(info.ret_policy, path, sizeof(path))) {
		ctl_complain("%s has no denial feed: its policy does not let it read files",
			     info.ret_name);
		return CTL_FAILED;
	}
	return denials_print(path);
}
