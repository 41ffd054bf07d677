// SPDX-License-Identifier: GPL-2.0-or-later
/* The signing key's files: made once, read back, and refused when others could read or have changed them. */
#include "audit/key_file.h"
#include "tests/tap.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static char base[] = "/tmp/key-test-XXXXXX", log_dir[64], secret[80], public[80];
static struct note_key key, again;
static struct fault fault;

static int open_key(bool make, struct note_key *ret_key, bool *ret_made)
{
	fault.text[0] = '\0';
	return key_file_open(log_dir, make, ret_key, ret_made, &fault);
}

static bool place(void)
{
	bool made;

	if (!log_dir[0]) {
		if (!mkdtemp(base))
			return false;
		snprintf(log_dir, sizeof(log_dir), "%s/audit", base);
		snprintf(secret, sizeof(secret), "%s.key", log_dir);
		snprintf(public, sizeof(public), "%s.pub", log_dir);
	}
	unlink(secret);
	unlink(public);
	return open_key(true, &key, &made) == 0 && made;
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void one_is_made_once_and_read_back(void)
{
	char text[NOTE_VERIFIER_SIZE + 1], there[NOTE_VERIFIER_SIZE + 2] = "";
	struct stat st;
	bool made;
	int fd;

	REQUIRE(place());
	CHECK(stat(secret, &st) == 0 && (st.st_mode & 07777) == 0600);
	CHECK(stat(public, &st) == 0 && (st.st_mode & 07777) == 0644);
	CHECK_INT(open_key(true, &again, &made), 0);
	CHECK(!made);
	CHECK(memcmp(&key, &again, sizeof(key)) == 0);
	CHECK(strstr(key.verifier.name, "/agentos/"));
	REQUIRE(note_verifier_encode(&key.verifier, text, sizeof(text)) > 0);
	fd = open(public, O_RDONLY);
	CHECK(read(fd, there, sizeof(there) - 1) > 0);
	close(fd);
	strcat(text, "\n");
	CHECK_STR(there, text);
	/* Another one is another. */
	again = key;
	REQUIRE(place());
	CHECK(memcmp(key.seed, again.seed, sizeof(key.seed)) != 0);
	CHECK(strcmp(key.verifier.name, again.verifier.name) != 0);
}

static void slashes_at_the_end_change_nothing(void)
{
	char with[80];
	bool made;

	REQUIRE(place());
	snprintf(with, sizeof(with), "%s//", log_dir);
	CHECK_INT(key_file_open(with, false, &again, &made, &fault), 0);
	CHECK(memcmp(&key, &again, sizeof(key)) == 0);
}

static void without_one_none_is_made_unasked(void)
{
	bool made;

	REQUIRE(place() && unlink(secret) == 0);
	CHECK_INT(open_key(false, &again, &made), -ENOENT);
	CHECK(access(secret, F_OK) != 0);
}

static void a_missing_public_one_is_written_again(void)
{
	bool made;

	REQUIRE(place() && unlink(public) == 0);
	CHECK_INT(open_key(true, &again, &made), 0);
	CHECK(!made);
	CHECK(access(public, F_OK) == 0);
}

static void another_public_one_is_refused(void)
{
	bool made;

	REQUIRE(place());
	put(public, "example.com/log+00000000+AAAA\n");
	CHECK_INT(open_key(true, &again, &made), -EBADMSG);
	CHECK_MSG(strstr(fault.text, ".pub is not of the key"), "%s", fault.text);
}

static void one_that_others_may_read_is_refused(void)
{
	static const mode_t modes[] = { 0640, 0604, 0620, 0602 };
	bool made;
	size_t i;

	REQUIRE(place());
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		REQUIRE(chmod(secret, modes[i]) == 0);
		CHECK_INT(open_key(true, &again, &made), -EPERM);
	}
	REQUIRE(chmod(secret, 0600) == 0);
	CHECK_INT(open_key(true, &again, &made), 0);
}

static void links_fifos_and_directories_are_refused(void)
{
	bool made;

	REQUIRE(place() && unlink(secret) == 0 && symlink("/etc/passwd", secret) == 0);
	CHECK_INT(open_key(true, &again, &made), -ELOOP);
	REQUIRE(unlink(secret) == 0 && mkfifo(secret, 0600) == 0);
	CHECK_INT(open_key(true, &again, &made), -EBADMSG);
	REQUIRE(unlink(secret) == 0 && mkdir(secret, 0700) == 0);
	CHECK_INT(open_key(true, &again, &made), -EBADMSG);
	REQUIRE(rmdir(secret) == 0);
}

static void what_is_no_key_is_refused(void)
{
	char text[NOTE_KEY_SIZE + 64], *digit, was;
	int fd, len;
	bool made;

	REQUIRE(place());
	fd = open(secret, O_RDONLY);
	len = (int)read(fd, text, sizeof(text) - 1);
	close(fd);
	REQUIRE(len > 60);
	text[len] = '\0';
	put(secret, "");
	CHECK_INT(open_key(true, &again, &made), -EBADMSG);
	put(secret, "PRIVATE+KEY+\n");
	CHECK_INT(open_key(true, &again, &made), -EBADMSG);
	/* A digit of its id, which stands behind the third plus: base64 may have more of them. */
	digit = strchr(strstr(text, "/agentos/"), '+') + 1;
	was = *digit;
	*digit = was == '0' ? '1' : '0';
	put(secret, text);
	CHECK_INT(open_key(true, &again, &made), -EKEYREJECTED);
	*digit = was;
	put(secret, text);
	CHECK_INT(open_key(true, &again, &made), 0);
	/* More than a key. */
	memset(text + len, '\n', sizeof(text) - 1 - (size_t)len);
	text[sizeof(text) - 1] = '\0';
	put(secret, text);
	CHECK_INT(open_key(true, &again, &made), -EBADMSG);
	rmdir(base);
	unlink(secret);
	unlink(public);
	rmdir(base);
}

static const struct tap_test tests[] = {
	TEST(one_is_made_once_and_read_back),	       TEST(slashes_at_the_end_change_nothing),
	TEST(without_one_none_is_made_unasked),	       TEST(a_missing_public_one_is_written_again),
	TEST(another_public_one_is_refused),	       TEST(one_that_others_may_read_is_refused),
	TEST(links_fifos_and_directories_are_refused), TEST(what_is_no_key_is_refused),
};
TAP_MAIN(tests)
