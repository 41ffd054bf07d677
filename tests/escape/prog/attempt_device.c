// SPDX-License-Identifier: GPL-2.0-or-later
/* Ways to devices, for the escape tests. */
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "tests/escape/prog/attempt.h"

/* That nothing is behind a node is told to who may open it. */
static int device_result(int fd)
{
	if (fd < 0 && (errno == ENXIO || errno == ENODEV || errno == EBUSY))
		return 0;
	return attempt_descriptor(fd);
}

/* ARG1: how it is opened. */
static int act_device(char **arg)
{
	return device_result(open(arg[0], atoi(arg[1]) | O_NONBLOCK | O_NOCTTY));
}

static int act_device_reopen(char **arg)
{
	int fd = open(arg[0], O_PATH);
	char link[64];

	if (fd < 0)
		return -EBADRQC;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return device_result(open(link, O_RDWR | O_NONBLOCK));
}

/* At ARG0, of kind ARG1 with the numbers ARG2 and ARG3. */
static int act_device_make(char **arg)
{
	mode_t type = arg[1][0] == 'b' ? S_IFBLK : S_IFCHR;

	if (mknod(arg[0], type | 0666,
		  makedev((unsigned int)atoi(arg[2]), (unsigned int)atoi(arg[3]))) < 0)
		return -errno;
	return device_result(open(arg[0], O_RDWR | O_NONBLOCK));
}

/* To ARG1, and opens it there. */
static int act_device_move(char **arg)
{
	if (rename(arg[0], arg[1]) < 0)
		return -errno;
	return device_result(open(arg[1], O_RDWR | O_NONBLOCK)) ?:
		       attempt_result(rename(arg[1], arg[0]));
}

static int act_device_link(char **arg)
{
	if (link(arg[0], arg[1]) < 0)
		return -errno;
	return device_result(open(arg[1], O_RDWR | O_NONBLOCK));
}

static const struct attempt table[] = {
	{ "device", act_device },	    { "device-reopen", act_device_reopen },
	{ "device-make", act_device_make }, { "device-move", act_device_move },
	{ "device-link", act_device_link }, { NULL, NULL },
};

int main(int argc, char **argv)
{
	return attempt_main(argc, argv, table);
}
