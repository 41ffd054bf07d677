// SPDX-License-Identifier: GPL-2.0-or-later
/* The module's own tests, which a debug build runs when it is loaded with selftest=1. */
#include <fcntl.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/tap.h"

/* The kernel's log from here on; each read gives one record. */
static int log_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

static int module_load(const char *parameters)
{
	const char *path = getenv("KMOD");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1, err = 0;

	if (fd < 0)
		return -ENOENT;
	if (syscall(SYS_finit_module, fd, parameters, 0))
		err = -errno;
	close(fd);
	return err;
}

static void the_module_passes_its_own_tests(void)
{
	int log = log_open(), planned = 0, passed = 0, failed = 0, number;
	char record[2048], *text, *end;
	ssize_t len;

	REQUIRE(log >= 0);
	CHECK_INT(module_load("selftest=1"), 0);
	while ((len = read(log, record, sizeof(record) - 1)) > 0) {
		record[len] = '\0';
		text = strchr(record, ';');
		if (!text)
			continue;
		end = strchr(++text, '\n');
		if (end)
			*end = '\0';
		if (sscanf(text, "1..%d", &number) == 1)
			planned = number;
		passed += sscanf(text, "ok %d", &number) == 1;
		failed += sscanf(text, "not ok %d", &number) == 1;
		if (strstr(text, "ok ") || strstr(text, "# "))
			printf("# %s\n", text);
	}
	close(log);
	CHECK(planned > 0);
	CHECK_INT(passed, planned);
	CHECK_INT(failed, 0);
	CHECK_INT(syscall(SYS_delete_module, "agentos", O_NONBLOCK), 0);
}

static const struct tap_test tests[] = {
	TEST(the_module_passes_its_own_tests),
};

TAP_MAIN(tests)
