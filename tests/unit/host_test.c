// SPDX-License-Identifier: GPL-2.0-or-later
/* What is asked of a machine: each layer found, and each one missing told with what to do. */
#include "tests/tap.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kern/host.h"

#define LAYERS 7

struct seen {
	unsigned int count;
	struct {
		char layer[16];
		bool ok;
		char text[FAULT_SIZE];
	} lines[LAYERS + 1];
};

static char root[64];

static void seen_line(const char *layer, bool ok, const char *text, void *cookie)
{
	struct seen *s = cookie;

	if (s->count > LAYERS)
		return;
	snprintf(s->lines[s->count].layer, sizeof(s->lines[0].layer), "%s", layer);
	snprintf(s->lines[s->count].text, sizeof(s->lines[0].text), "%s", text);
	s->lines[s->count++].ok = ok;
}

/* The line of a layer; layers are keys, so a test names them. */
static bool layer_ok(const struct seen *s, const char *layer, const char **ret_text)
{
	unsigned int i;

	for (i = 0; i < s->count; i++) {
		if (strcmp(s->lines[i].layer, layer) == 0) {
			*ret_text = s->lines[i].text;
			return s->lines[i].ok;
		}
	}
	*ret_text = "(no such layer)";
	return false;
}

/* Below the root, with its directories. */
static int file_write(const char *path, const char *text)
{
	char full[PATH_MAX], *slash;
	size_t len = strlen(text);
	int fd, err = 0;

	snprintf(full, sizeof(full), "%s%s", root, path);
	for (slash = strchr(full + strlen(root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(full, 0755) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	if (write(fd, text, len) != (ssize_t)len)
		err = -EIO;
	close(fd);
	return err;
}

static int file_remove(const char *path)
{
	char full[PATH_MAX];

	snprintf(full, sizeof(full), "%s%s", root, path);
	return unlink(full) < 0 ? -errno : 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static void root_remove(void)
{
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* A machine that has all that files can show; a file system's type and a device are not files. */
static int root_make(void)
{
	int err = 0;

	strcpy(root, "/tmp/agentos-host-XXXXXX");
	if (!mkdtemp(root))
		return -errno;
	err |= file_write("/sys/kernel/btf/vmlinux", "");
	err |= file_write("/sys/kernel/btf/agentos", "");
	err |= file_write("/sys/kernel/security/lsm", "lockdown,capability,landlock,yama,bpf\n");
	err |= file_write("/sys/module/agentos/refcnt", "0\n");
	err |= file_write("/sys/fs/bpf/README", "");
	return err;
}

static bool look(const char *release, struct seen *ret_seen)
{
	*ret_seen = (struct seen){ .count = 0 };
	return host_check(&(struct host){ .root = root, .release = release }, seen_line, ret_seen);
}

static void layers_are_told_from_the_bottom_up(void)
{
	static const char *const expected[LAYERS] = { "kernel", "btf",	  "lsm",   "bpffs",
						      "module", "kfuncs", "device" };
	struct seen s;
	unsigned int i;

	REQUIRE(root_make() == 0);
	look("6.12.1", &s);
	CHECK_INT(s.count, LAYERS);
	for (i = 0; i < LAYERS; i++)
		CHECK_STR(s.lines[i].layer, expected[i]);
	root_remove();
}

static void what_is_there_is_ok(void)
{
	static const char *const present[] = { "kernel", "btf", "lsm", "module", "kfuncs" };
	const char *text;
	struct seen s;
	size_t i;

	REQUIRE(root_make() == 0);
	look("6.12.1", &s);
	for (i = 0; i < sizeof(present) / sizeof(present[0]); i++)
		CHECK_MSG(layer_ok(&s, present[i], &text), "%s: %s", present[i], text);
	root_remove();
}

static void a_kernel_before_6_1_is_too_old(void)
{
	static const char *const old[] = { "6.0.19-amd64", "5.15.0-91-generic", "4.4.0",
					   "3.10.0",	   "nonsense",		"" };
	const char *text;
	struct seen s;
	size_t i;

	REQUIRE(root_make() == 0);
	for (i = 0; i < sizeof(old) / sizeof(old[0]); i++) {
		CHECK(!look(old[i], &s));
		CHECK_MSG(!layer_ok(&s, "kernel", &text), "%s", old[i]);
		CHECK(strstr(text, old[i]) && strstr(text, "boot a kernel 6.1 or later"));
	}
	root_remove();
}

static void kernels_6_1_and_later_will_do(void)
{
	static const char *const fine[] = { "6.1.0-35-amd64", "6.12.117", "6.2.0", "6.10.3",
					    "7.0.0-rc1" };
	const char *text;
	struct seen s;
	size_t i;

	REQUIRE(root_make() == 0);
	for (i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
		look(fine[i], &s);
		CHECK_MSG(layer_ok(&s, "kernel", &text), "%s: %s", fine[i], text);
	}
	root_remove();
}

static void an_untested_kernel_is_called_so(void)
{
	const char *text;
	struct seen s;

	REQUIRE(root_make() == 0);
	look("6.6.1", &s);
	layer_ok(&s, "kernel", &text);
	CHECK(strstr(text, "tested"));
	look("6.12.1", &s);
	layer_ok(&s, "kernel", &text);
	CHECK(!strstr(text, "tested"));
	root_remove();
}

static void a_kernel_without_btf_is_told(void)
{
	const char *text;
	struct seen s;

	REQUIRE(root_make() == 0);
	REQUIRE(file_remove("/sys/kernel/btf/vmlinux") == 0);
	CHECK(!look("6.12.1", &s));
	CHECK(!layer_ok(&s, "btf", &text));
	CHECK(strstr(text, "CONFIG_DEBUG_INFO_BTF=y"));
	root_remove();
}

static void a_list_without_bpf_is_told_with_what_to_boot(void)
{
	const char *text;
	struct seen s;

	REQUIRE(root_make() == 0);
	REQUIRE(file_write("/sys/kernel/security/lsm", "lockdown,capability,yama,apparmor\n") == 0);
	CHECK(!look("6.12.1", &s));
	CHECK(!layer_ok(&s, "lsm", &text));
	CHECK(strstr(text, "lsm=lockdown,capability,yama,apparmor,bpf"));
	root_remove();
}

static void a_name_that_only_contains_bpf_is_not_it(void)
{
	static const char *const lists[] = { "capability,bpfdoor", "notbpf", "capability,bp,f",
					     "\n" };
	const char *text;
	struct seen s;
	size_t i;

	REQUIRE(root_make() == 0);
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		REQUIRE(file_write("/sys/kernel/security/lsm", lists[i]) == 0);
		look("6.12.1", &s);
		CHECK_MSG(!layer_ok(&s, "lsm", &text), "%s", lists[i]);
	}
	root_remove();
}

static void bpf_is_found_wherever_it_stands(void)
{
	static const char *const lists[] = { "bpf", "bpf,capability\n", "capability,bpf,yama" };
	const char *text;
	struct seen s;
	size_t i;

	REQUIRE(root_make() == 0);
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		REQUIRE(file_write("/sys/kernel/security/lsm", lists[i]) == 0);
		look("6.12.1", &s);
		CHECK_MSG(layer_ok(&s, "lsm", &text), "%s: %s", lists[i], text);
	}
	root_remove();
}

static void a_list_that_cannot_be_read_is_another_matter(void)
{
	const char *text;
	struct seen s;

	REQUIRE(root_make() == 0);
	REQUIRE(file_remove("/sys/kernel/security/lsm") == 0);
	CHECK(!look("6.12.1", &s));
	CHECK(!layer_ok(&s, "lsm", &text));
	CHECK(strstr(text, "mount -t securityfs"));
	CHECK(!strstr(text, "reboot"));
	root_remove();
}

static void a_directory_is_no_bpf_file_system(void)
{
	const char *text;
	struct seen s;

	REQUIRE(root_make() == 0);
	CHECK(!look("6.12.1", &s));
	CHECK(!layer_ok(&s, "bpffs", &text));
	CHECK(strstr(text, "mount -t bpf bpf /sys/fs/bpf"));
	root_remove();
}

static void a_module_that_is_not_loaded_is_told(void)
{
	const char *text;
	struct seen s;

	REQUIRE(root_make() == 0);
	root_remove();
	REQUIRE(mkdir(root, 0755) == 0);
	CHECK(!look("6.12.1", &s));
	CHECK(!layer_ok(&s, "module", &text));
	CHECK(strstr(text, "modprobe agentos"));
	root_remove();
}

static void a_module_without_types_is_told(void)
{
	const char *text;
	struct seen s;

	REQUIRE(root_make() == 0);
	REQUIRE(file_remove("/sys/kernel/btf/agentos") == 0);
	CHECK(!look("6.12.1", &s));
	CHECK(layer_ok(&s, "module", &text));
	CHECK(!layer_ok(&s, "kfuncs", &text));
	CHECK(strstr(text, "make kmod-host"));
	root_remove();
}

static void a_device_that_is_a_file_is_told(void)
{
	const char *text;
	struct seen s;

	REQUIRE(root_make() == 0);
	look("6.12.1", &s);
	CHECK(!layer_ok(&s, "device", &text));
	CHECK(strstr(text, "/dev/agentos"));
	REQUIRE(file_write("/dev/agentos", "") == 0);
	look("6.12.1", &s);
	CHECK(!layer_ok(&s, "device", &text));
	CHECK(strstr(text, "chown root:agentos"));
	root_remove();
}

/* What agentosd starts on: the first layer that is not there, and no other. */
static void what_is_required_fails_with_the_lowest_layer(void)
{
	const struct host h = { .root = root, .release = "5.10.0" };
	const struct host later = { .root = root, .release = "6.12.1" };
	struct fault f = { "" };

	REQUIRE(root_make() == 0);
	REQUIRE(file_remove("/sys/kernel/btf/vmlinux") == 0);
	REQUIRE(file_remove("/sys/kernel/security/lsm") == 0);
	CHECK_INT(host_require(&h, &f), -ENOTSUP);
	CHECK(strstr(f.text, "too old"));
	CHECK_INT(host_require(&later, &f), -ENOTSUP);
	CHECK(strstr(f.text, "BTF"));
	REQUIRE(file_write("/sys/kernel/btf/vmlinux", "") == 0);
	CHECK_INT(host_require(&later, &f), -ENOTSUP);
	CHECK(strstr(f.text, "securityfs"));
	REQUIRE(file_write("/sys/kernel/security/lsm", "bpf") == 0);
	CHECK_INT(host_require(&later, &f), -ENOTSUP);
	CHECK(strstr(f.text, "mount -t bpf"));
	root_remove();
}

static const struct tap_test tests[] = {
	{ "layers_are_told_from_the_bottom_up", layers_are_told_from_the_bottom_up },
	{ "what_is_there_is_ok", what_is_there_is_ok },
	{ "a_kernel_before_6_1_is_too_old", a_kernel_before_6_1_is_too_old },
	{ "kernels_6_1_and_later_will_do", kernels_6_1_and_later_will_do },
	{ "an_untested_kernel_is_called_so", an_untested_kernel_is_called_so },
	{ "a_kernel_without_btf_is_told", a_kernel_without_btf_is_told },
	{ "a_list_without_bpf_is_told_with_what_to_boot",
	  a_list_without_bpf_is_told_with_what_to_boot },
	{ "a_name_that_only_contains_bpf_is_not_it", a_name_that_only_contains_bpf_is_not_it },
	{ "bpf_is_found_wherever_it_stands", bpf_is_found_wherever_it_stands },
	{ "a_list_that_cannot_be_read_is_another_matter",
	  a_list_that_cannot_be_read_is_another_matter },
	{ "a_directory_is_no_bpf_file_system", a_directory_is_no_bpf_file_system },
	{ "a_module_that_is_not_loaded_is_told", a_module_that_is_not_loaded_is_told },
	{ "a_module_without_types_is_told", a_module_without_types_is_told },
	{ "a_device_that_is_a_file_is_told", a_device_that_is_a_file_is_told },
	{ "what_is_required_fails_with_the_lowest_layer",
	  what_is_required_fails_with_the_lowest_layer },
};

TAP_MAIN(tests)
