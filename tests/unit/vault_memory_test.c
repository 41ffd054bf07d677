// SPDX-License-Identifier: GPL-2.0-or-later
/* What is left of secrets in memory, and of a vault when its writer dies or the disk is full. */
#include <grp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tests/unit/vault_rig.h"
#include "vault/vault_state.h"

/* The sanitizer's own do nothing and say that all is well. */
int mlock(const void *address, size_t len)
{
	return (int)syscall(SYS_mlock, address, len);
}

int munlock(const void *address, size_t len)
{
	return (int)syscall(SYS_munlock, address, len);
}

/* Larger ones are the sanitizer's own. */
#define MAPPING_MAX (256UL << 20)

/* A secret that is nowhere in the program: it is put together where it is locked. */
static char *sought;
#define SOUGHT_LEN SEAL_KEY

static void sought_make(void)
{
	size_t i;

	if (!sought)
		sought = sodium_malloc(SOUGHT_LEN);
	for (i = 0; i < SOUGHT_LEN; i++)
		sought[i] = (char)('!' + randombytes_uniform('~' - '!'));
}

/* How often it is within the readable bytes from..to, but for where it is sought from. */
static unsigned int range_count(int memory, unsigned long from, unsigned long to)
{
	static char window[(64 << 10) + SOUGHT_LEN];
	unsigned int count = 0;
	const char *at, *end;
	unsigned long offset;
	ssize_t got;

	for (offset = from; offset < to; offset += 64 << 10) {
		got = pread(memory, window,
			    offset + sizeof(window) <= to ? sizeof(window) : to - offset,
			    (off_t)offset);
		if (got < SOUGHT_LEN)
			continue;
		end = window + got;
		for (at = window; (at = memmem(at, (size_t)(end - at), sought, SOUGHT_LEN)); at++) {
			/* Once for each place, and not those in this very window. */
			if (at - window >= 64 << 10)
				break;
			count += offset + (unsigned long)(at - window) != (unsigned long)sought;
		}
		sodium_memzero(window, sizeof(window));
	}
	return count;
}

/* In all that this process can write to. */
static unsigned int copies(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	unsigned long from, to;
	unsigned int count = 0;
	char line[512], mode[8];

	while (maps && memory >= 0 && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) == 3 && mode[0] == 'r' &&
		    mode[1] == 'w' && to - from <= MAPPING_MAX)
			count += range_count(memory, from, to);
	if (maps)
		fclose(maps);
	if (memory >= 0)
		close(memory);
	return count;
}

static void a_closed_vault_leaves_nothing_in_memory(void)
{
	struct vault_key key = file_key();
	struct vault *v = NULL;
	struct locked s = { 0 };

	rig_new();
	sought_make();
	REQUIRE(vault_new(&key, NULL, true, &v, &f) == 0);
	CHECK_INT(copies(), 0);
	REQUIRE(vault_set(v, "a", sought, SOUGHT_LEN, NOW, &f) == 0);
	/* The control: it is found where it is. */
	CHECK_INT(copies(), 1);
	REQUIRE(set(v, "b", "another") && bind(v, "a", "a.test"));
	CHECK_INT(copies(), 1);
	REQUIRE(vault_lease(v, "a", "a.test", 443, &s) == 0);
	CHECK_INT(copies(), 2);
	locked_release(&s);
	CHECK_INT(copies(), 1);
	REQUIRE(vault_save(v, rig_path("vault"), &f) == 0);
	CHECK_INT(copies(), 1);
	vault_close(v);
	CHECK_INT(copies(), 0);
	REQUIRE(open_by(&key, &v) == 0);
	CHECK_INT(copies(), 1);
	REQUIRE(set(v, "a", "shorter"));
	CHECK_INT(copies(), 0);
	vault_close(v);
	REQUIRE(open_by(&key, &v) == 0 && vault_remove(v, "a", &f) == 0);
	CHECK_INT(copies(), 0);
	vault_close(v);
	key_release(&key);
}

static void a_released_key_leaves_nothing_in_memory(void)
{
	struct vault_key key = { 0 };
	struct locked s = { 0 };
	struct vault *v = NULL;

	rig_new();
	sought_make();
	REQUIRE(locked_copy(sought, SOUGHT_LEN, &s) != -ENOMEM &&
		key_passphrase(&s, &key, &f) == 0);
	CHECK_INT(copies(), 1);
	REQUIRE(vault_new(&key, &seal_interactive, true, &v, &f) == 0);
	CHECK_INT(copies(), 1);
	REQUIRE(vault_save(v, rig_path("vault"), &f) == 0);
	vault_close(v);
	REQUIRE(open_by(&key, &v) == 0);
	vault_close(v);
	CHECK_INT(copies(), 1);
	key_release(&key);
	CHECK_INT(copies(), 0);
}

static void a_closed_vault_leaves_no_data_key_in_memory(void)
{
	struct vault_key key = file_key();
	struct vault *v = NULL;

	REQUIRE(save_two());
	sought_make();
	REQUIRE(open_by(&key, &v) == 0);
	memcpy(sought, v->key, SEAL_KEY);
	CHECK_INT(copies(), 1);
	REQUIRE(vault_save(v, rig_path("vault"), &f) == 0);
	CHECK_INT(copies(), 1);
	REQUIRE(vault_rekey(v, &key, NULL, &f) == 0);
	CHECK_INT(copies(), 0);
	memcpy(sought, v->key, SEAL_KEY);
	CHECK_INT(copies(), 1);
	vault_close(v);
	CHECK_INT(copies(), 0);
	key_release(&key);
}

/* Runs it in a child, which may give up what it cannot get back. Its exit status, or 128 + signal. */
static int apart(int (*run)(void))
{
	int status = -1;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0)
		_exit(run());
	if (child < 0 || waitpid(child, &status, 0) != child)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* What the kernel says of the mapping that has this address. */
static bool has_flag(const void *address, const char *flag)
{
	FILE *maps = fopen("/proc/self/smaps", "re");
	unsigned long from = 0, to = 0, a, b, at = (unsigned long)address;
	char line[512];
	bool found = false;

	while (maps && fgets(line, sizeof(line), maps)) {
		if (strncmp(line, "VmFlags:", 8) == 0 && at >= from && at < to) {
			found = strstr(line, flag) != NULL;
		} else if (sscanf(line, "%lx-%lx ", &a, &b) == 2) {
			from = a;
			to = b;
		}
	}
	if (maps)
		fclose(maps);
	return found;
}

static int room_is_locked(void)
{
	void *bytes = NULL;
	int rc = locked_room(100, &bytes);

	if (rc)
		return 2;
	/* Locked, left out of dumps, and between pages that end who goes too far. */
	if (!has_flag(bytes, " lo ") || !has_flag(bytes, " dd "))
		return 3;
	/* The sanitizer has much to say of what comes now. */
	close(STDERR_FILENO);
	rc = ((char *)bytes)[99];
	/* The page behind it: it ends where a page does, and what is behind that one is anybody's. */
	((volatile char *)bytes)[4096] = 1;
	return 4 + rc;
}

static void memory_is_locked_and_guarded(void)
{
	struct rlimit locked;

	rig_new();
	if (getrlimit(RLIMIT_MEMLOCK, &locked) == 0 && locked.rlim_cur < 65536)
		SKIP("no memory may be locked here");
	/* The sanitizer takes the signal and ends with 1. */
	CHECK_INT(apart(room_is_locked), 1);
}

/* As somebody who may lock nothing. */
static bool lock_nothing(void)
{
	const struct rlimit none = { 0 };

	return setrlimit(RLIMIT_MEMLOCK, &none) == 0 &&
	       (geteuid() != 0 ||
		(setgroups(0, NULL) == 0 && setgid(65534) == 0 && setuid(65534) == 0));
}

static int without_locks(void)
{
	struct vault_key key = { .wrap = VAULT_KEY_FILE };
	struct vault *v = NULL;
	struct locked s = { 0 };

	if (!lock_nothing())
		return 2;
	/* It is told, and can be used all the same. */
	if (locked_copy(key_bytes, SEAL_KEY, &key.secret) != -ENOLCK || !key.secret.bytes ||
	    memcmp(key.secret.bytes, key_bytes, SEAL_KEY) != 0)
		return 3;
	if (vault_new(&key, NULL, false, &v, &f) != -ENOLCK || v || !strstr(f.text, "ulimit -l"))
		return 4;
	if (vault_new(&key, NULL, true, &v, &f) != 0)
		return 5;
	if (!set(v, "a", CANARY) || !bind(v, "a", "a.test") ||
	    vault_lease(v, "a", "a.test", 443, &s) != 0 || s.len != strlen(CANARY))
		return 6;
	return 0;
}

static void that_memory_cannot_be_locked_is_told(void)
{
	rig_new();
	CHECK_INT(apart(without_locks), 0);
}

static int save_too_large(void)
{
	const struct rlimit small = { .rlim_cur = 20000, .rlim_max = 20000 };
	struct vault_key key = file_key();
	struct vault *v = NULL;

	signal(SIGXFSZ, SIG_IGN);
	if (open_by(&key, &v) != 0 || !set(v, "third", "value") ||
	    setrlimit(RLIMIT_FSIZE, &small) != 0)
		return 2;
	return vault_save(v, rig_path("vault"), &f) == -EFBIG &&
			       strstr(f.text, "cannot be written") ?
		       0 :
		       3;
}

static unsigned int files(void)
{
	struct dirent *entry;
	unsigned int count = 0;
	DIR *d = opendir(rig_base);

	while (d && (entry = readdir(d)))
		count += entry->d_name[0] != '.';
	if (d)
		closedir(d);
	return count;
}

static void a_disk_that_is_full_leaves_the_old_vault(void)
{
	struct vault_key key = file_key();
	struct vault *v = NULL;

	REQUIRE(save_two());
	CHECK_INT(apart(save_too_large), 0);
	CHECK_INT(files(), 1);
	REQUIRE(open_by(&key, &v) == 0);
	CHECK_INT(vault_count(v), 2);
	vault_close(v);
	key_release(&key);
}

/* Saves one of two states after the other, until it is killed. */
static int save_on(void)
{
	struct vault_key key = file_key();
	struct vault *v = NULL;

	if (open_by(&key, &v) != 0)
		return 2;
	for (;;) {
		if (!set(v, "third", "value") || vault_save(v, rig_path("vault"), &f) != 0 ||
		    vault_remove(v, "third", &f) != 0 || vault_save(v, rig_path("vault"), &f) != 0)
			return 3;
	}
}

static void a_killed_writer_leaves_the_old_vault_or_the_new(void)
{
	struct vault_key key = file_key();
	unsigned int found[2] = { 0 };
	struct vault *v;
	pid_t child;
	int i, rc, status;

	REQUIRE(save_two());
	for (i = 0; i < 60; i++) {
		child = fork();
		if (child == 0)
			_exit(save_on());
		usleep(2000 + randombytes_uniform(8000));
		kill(child, SIGKILL);
		REQUIRE(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
		v = NULL;
		rc = open_by(&key, &v);
		CHECK_MSG(rc == 0 && (vault_count(v) == 2 || vault_count(v) == 3), "%d: %s", rc,
			  f.text);
		if (rc == 0)
			found[vault_count(v) == 3]++;
		if (rc == 0 && vault_count(v) == 3)
			CHECK(vault_remove(v, "third", &f) == 0 &&
			      vault_save(v, rig_path("vault"), &f) == 0);
		vault_close(v);
	}
	printf("# the old one %u times, the new one %u times\n", found[0], found[1]);
	key_release(&key);
}

static const struct tap_test tests[] = {
	TEST(a_closed_vault_leaves_nothing_in_memory),
	TEST(a_released_key_leaves_nothing_in_memory),
	TEST(a_closed_vault_leaves_no_data_key_in_memory),
	TEST(memory_is_locked_and_guarded),
	TEST(that_memory_cannot_be_locked_is_told),
	TEST(a_disk_that_is_full_leaves_the_old_vault),
	TEST(a_killed_writer_leaves_the_old_vault_or_the_new),
};

TAP_MAIN(tests)
