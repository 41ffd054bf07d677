// SPDX-License-Identifier: GPL-2.0-or-later
/* The vault's file: what is set comes back by its key alone, and whatever was changed in it is refused. */
#include "tests/unit/vault_rig.h"
#include "vault/private.h"

static void what_was_set_comes_back(void)
{
	struct vault_key key = file_key();
	char text[BINDING_TEXT];
	struct vault *v = NULL;
	struct stat st;

	REQUIRE(save_two());
	REQUIRE(open_by(&key, &v) == 0);
	CHECK_INT(vault_count(v), 2);
	CHECK_STR(vault_at(v, 0)->name, "anthropic");
	CHECK_STR(vault_at(v, 1)->name, "openai");
	CHECK(value_is(vault_find(v, "openai"), CANARY));
	CHECK(value_is(vault_find(v, "anthropic"), "sk-ant-other"));
	CHECK(!vault_find(v, "open") && !vault_find(v, "openai2"));
	CHECK_INT(le64toh(vault_find(v, "openai")->set_at), NOW);
	CHECK_INT(entry_hosts(vault_find(v, "openai")), 1);
	CHECK_INT(entry_hosts(vault_find(v, "anthropic")), 0);
	binding_write(&vault_find(v, "openai")->hosts[0], text);
	CHECK_STR(text, "api.openai.com:443");
	CHECK(stat(rig_path("vault"), &st) == 0 && (st.st_mode & 07777) == 0600);
	CHECK_INT(st.st_size, SEAL_SIZE(2));
	vault_close(v);
	key_release(&key);
}

static void nothing_of_it_is_in_the_file_and_no_two_files_are_alike(void)
{
	static const char *const words[] = { CANARY, "openai", "anthropic", "sk-ant",
					     "api.openai.com" };
	struct vault *v = vault_two();
	uint8_t *first, *second;
	size_t len = 0, i, same = 0;

	REQUIRE(vault_save(v, rig_path("vault"), &f) == 0);
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		CHECK_MSG(!rig_has(rig_path("vault"), words[i]), "%s", words[i]);
	first = rig_get(rig_path("vault"), &len);
	REQUIRE(vault_save(v, rig_path("vault"), &f) == 0);
	second = rig_get(rig_path("vault"), &len);
	REQUIRE(first && second);
	/* From the second nonce on: one byte in 256 is the same by chance. */
	for (i = offsetof(struct seal_header, nonce); i < len; i++)
		same += first[i] == second[i];
	CHECK_MSG(same < len / 128, "%zu of %zu", same, len);
	free(first);
	free(second);
	vault_close(v);
}

/* The name that it is made under is kept from agents: no other will do. */
static void what_a_crash_left_beside_it_is_replaced(void)
{
	struct vault *v = vault_two();
	struct stat st;

	REQUIRE(rig_put(rig_path("vault.new"), "half", 4));
	REQUIRE(vault_save(v, rig_path("vault"), &f) == 0);
	CHECK(access(rig_path("vault.new"), F_OK) != 0);
	CHECK(stat(rig_path("vault"), &st) == 0 && (st.st_mode & 07777) == 0600);
	CHECK(!rig_has(rig_path("vault"), "half"));
	/* Nothing is written through a link, and under no other name. */
	REQUIRE(symlink("elsewhere", rig_path("vault.new")) == 0);
	REQUIRE(vault_save(v, rig_path("vault"), &f) == 0);
	CHECK(access(rig_path("elsewhere"), F_OK) != 0);
	REQUIRE(mkdir(rig_path("vault.new"), 0700) == 0);
	CHECK(vault_save(v, rig_path("vault"), &f) == -EEXIST);
	CHECK(strstr(f.text, "cannot be written"));
	rmdir(rig_path("vault.new"));
	vault_close(v);
}

/* Checked, unwrapped and opened in memory. */
static int file_try(const uint8_t *file, size_t len, const struct vault_key *key)
{
	static struct vault_entry entries[LIMIT_VAULT_SECRETS];
	uint8_t data_key[SEAL_KEY];
	struct seal_header h;
	int rc = seal_check(file, len, &h);

	if (rc == 0)
		rc = seal_unwrap(&h, key, data_key);
	return rc ? rc : seal_open(&h, data_key, file, entries);
}

/* What who changes a file can do: a BLAKE2b over it takes no key. */
static void check_fit(uint8_t *file, size_t len)
{
	crypto_generichash(file + len - SEAL_CHECK, SEAL_CHECK, file, len - SEAL_CHECK, NULL, 0);
}

static void every_changed_byte_is_found(void)
{
	struct vault_key key = file_key();
	uint8_t *file, was, end[SEAL_CHECK];
	size_t len = 0, i, missed = 0, fitted = 0;

	REQUIRE(save_two());
	file = rig_get(rig_path("vault"), &len);
	REQUIRE(file && file_try(file, len, &key) == 0);
	memcpy(end, file + len - SEAL_CHECK, SEAL_CHECK);
	for (i = 0; i < len; i++) {
		was = file[i];
		file[i] ^= (uint8_t)(1 << i % 8);
		missed += file_try(file, len, &key) == 0;
		if (i < len - SEAL_CHECK) {
			check_fit(file, len);
			fitted += file_try(file, len, &key) == 0;
			memcpy(file + len - SEAL_CHECK, end, SEAL_CHECK);
		}
		file[i] = was;
	}
	CHECK_INT(missed, 0);
	CHECK_INT(fitted, 0);
	CHECK_INT(file_try(file, len, &key), 0);
	free(file);
	key_release(&key);
}

/* The same through the file, for every bit of the header and around the end. */
static void every_changed_bit_of_the_header_is_refused(void)
{
	uint8_t *file;
	size_t len = 0, i;
	int rc, bit;

	REQUIRE(save_two());
	file = rig_get(rig_path("vault"), &len);
	REQUIRE(file && len > 200);
	for (i = 0; i < len; i = i == sizeof(struct seal_header) ? len - 40 : i + 1) {
		for (bit = 1; bit < 256; bit <<= 1) {
			file[i] ^= (uint8_t)bit;
			REQUIRE(rig_put(rig_path("vault"), file, len));
			rc = opens();
			CHECK_MSG(rc == -EBADMSG || rc == -ENOTSUP, "byte %zu bit %d: %d", i, bit,
				  rc);
			file[i] ^= (uint8_t)bit;
		}
	}
	REQUIRE(rig_put(rig_path("vault"), file, len));
	CHECK_INT(opens(), 0);
	free(file);
}

static void every_length_but_its_own_is_refused(void)
{
	struct vault_key key = file_key();
	uint8_t *file, *longer;
	size_t len = 0, i, taken = 0;

	REQUIRE(save_two());
	file = rig_get(rig_path("vault"), &len);
	longer = calloc(1, len + sizeof(struct vault_entry) + 1);
	REQUIRE(file && longer);
	memcpy(longer, file, len);
	for (i = 0; i <= len + sizeof(struct vault_entry); i++) {
		if (i == len)
			continue;
		taken += file_try(longer, i, &key) == 0;
		if (i >= SEAL_CHECK) {
			check_fit(longer, i);
			taken += file_try(longer, i, &key) == 0;
			memcpy(longer, file, len);
		}
	}
	CHECK_INT(taken, 0);
	for (i = 0; i < 300; i += 7) {
		REQUIRE(rig_put(rig_path("vault"), file, i));
		CHECK_INT(opens(), -EBADMSG);
	}
	CHECK(strstr(f.text, "is no vault, or is damaged"));
	free(file);
	free(longer);
	key_release(&key);
}

static void another_key_is_told_from_a_damaged_file(void)
{
	struct vault_key good = file_key(), other = file_key(), kind, small;
	struct vault *v = NULL;

	REQUIRE(save_two());
	other.secret.bytes[31] ^= 1;
	CHECK_INT(open_by(&other, &v), -EKEYREJECTED);
	CHECK(strstr(f.text, "the key in the key file is not that of"));
	kind = key_of(key_bytes, SEAL_KEY, VAULT_CREDENTIAL);
	CHECK_INT(open_by(&kind, &v), -EKEYREJECTED);
	CHECK(strstr(f.text, "is opened by a key file, not by a credential"));
	small = key_of(key_bytes, SEAL_KEY - 1, VAULT_KEY_FILE);
	CHECK_INT(open_by(&small, &v), -EKEYREJECTED);
	CHECK(!v);
	CHECK_INT(open_by(&good, &v), 0);
	vault_close(v);
	key_release(&good);
	key_release(&other);
	key_release(&kind);
	key_release(&small);
}

static void a_passphrase_opens_what_it_closed(void)
{
	struct vault_key good = key_of("correct horse", 13, VAULT_PASSPHRASE),
			 other = key_of("correct horsf", 13, VAULT_PASSPHRASE),
			 start = key_of("correct hors", 12, VAULT_PASSPHRASE);
	struct vault *v = vault_two(), *again = NULL;
	enum vault_wrap wrap = 0;
	struct seal_header h;
	uint8_t *file;
	size_t len = 0;

	REQUIRE(vault_rekey(v, &good, &seal_interactive, &f) == 0);
	REQUIRE(vault_save(v, rig_path("vault"), &f) == 0);
	CHECK(vault_peek(rig_path("vault"), &wrap, &f) == 0 && wrap == VAULT_PASSPHRASE);
	CHECK(!rig_has(rig_path("vault"), "correct"));
	CHECK_INT(open_by(&other, &again), -EKEYREJECTED);
	CHECK(strstr(f.text, "the passphrase is not that of") && !strstr(f.text, "correct"));
	CHECK_INT(open_by(&start, &again), -EKEYREJECTED);
	REQUIRE(open_by(&good, &again) == 0);
	CHECK(value_is(vault_find(again, "openai"), CANARY));
	/* How much work it is stays, unless something else is said. */
	REQUIRE(vault_rekey(again, &good, NULL, &f) == 0);
	REQUIRE(vault_save(again, rig_path("vault"), &f) == 0);
	file = rig_get(rig_path("vault"), &len);
	REQUIRE(file && seal_check(file, len, &h) == 0);
	CHECK_INT(le32toh(h.memory_kib), seal_interactive.memory_kib);
	CHECK_INT(le32toh(h.passes), seal_interactive.passes);
	free(file);
	vault_close(v);
	vault_close(again);
	key_release(&good);
	key_release(&other);
	key_release(&start);
}

static void a_file_cannot_ask_for_more_work_or_less(void)
{
	static const struct {
		uint32_t passes, memory_kib;
		int rc;
	} rows[] = {
		{ 2, 64 << 10, 0 },
		{ LIMIT_VAULT_PASSES, LIMIT_VAULT_MEMORY_KIB, 0 },
		{ 1, 64 << 10, -EBADMSG },
		{ 2, (64 << 10) - 1, -EBADMSG },
		{ 2, LIMIT_VAULT_MEMORY_KIB + 1, -EBADMSG },
		{ 2, UINT32_MAX, -EBADMSG },
		{ LIMIT_VAULT_PASSES + 1, 64 << 10, -EBADMSG },
		{ UINT32_MAX, 64 << 10, -EBADMSG },
		{ 0, 0, -EBADMSG },
	};
	uint8_t file[SEAL_SIZE(0)] = { 0 };
	struct seal_header h = { .version = htole16(1), .wrap = VAULT_PASSPHRASE }, found;
	size_t i;

	memcpy(h.magic, "AGVAULT\n", 8);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		h.passes = htole32(rows[i].passes);
		h.memory_kib = htole32(rows[i].memory_kib);
		memcpy(file, &h, sizeof(h));
		check_fit(file, sizeof(file));
		CHECK_MSG(seal_check(file, sizeof(file), &found) == rows[i].rc, "row %zu", i);
	}
	/* And nothing where it means nothing. */
	h.wrap = VAULT_KEY_FILE;
	h.passes = htole32(2);
	h.memory_kib = 0;
	memcpy(file, &h, sizeof(h));
	check_fit(file, sizeof(file));
	CHECK_INT(seal_check(file, sizeof(file), &found), -EBADMSG);
}

static void a_later_version_is_told(void)
{
	uint8_t *file;
	size_t len = 0;

	REQUIRE(save_two());
	file = rig_get(rig_path("vault"), &len);
	REQUIRE(file);
	file[8] = 7;
	REQUIRE(rig_put(rig_path("vault"), file, len));
	CHECK_INT(opens(), -ENOTSUP);
	CHECK(strstr(f.text, "is of version 7, by a later AgentOS"));
	file[8] = 0;
	check_fit(file, len);
	REQUIRE(rig_put(rig_path("vault"), file, len));
	CHECK_INT(opens(), -EBADMSG);
	free(file);
}

static void a_new_data_key_makes_the_old_one_useless(void)
{
	struct vault_key old = file_key(), new = file_key();
	struct vault *v = vault_two(), *again = NULL;
	uint8_t *before, *after;
	size_t len = 0;

	new.secret.bytes[0] ^= 1;
	REQUIRE(vault_save(v, rig_path("vault"), &f) == 0);
	before = rig_get(rig_path("vault"), &len);
	REQUIRE(vault_rekey(v, &new, NULL, &f) == 0 && vault_save(v, rig_path("vault"), &f) == 0);
	after = rig_get(rig_path("vault"), &len);
	REQUIRE(before && after);
	CHECK_INT(open_by(&old, &again), -EKEYREJECTED);
	CHECK_INT(open_by(&new, &again), 0);
	/* The wrapped key of then is not that of what is there now. */
	memcpy(after, before, offsetof(struct seal_header, count));
	check_fit(after, len);
	CHECK_INT(file_try(after, len, &old), -EBADMSG);
	CHECK_INT(file_try(before, len, &old), 0);
	free(before);
	free(after);
	vault_close(v);
	vault_close(again);
	key_release(&old);
	key_release(&new);
}

static void files_that_are_not_ours_alone_are_not_read(void)
{
	static const mode_t modes[] = { 0640, 0604, 0620, 0602, 0610, 0644, 0666 };
	char path[160];
	size_t i;

	REQUIRE(save_two());
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		REQUIRE(chmod(rig_path("vault"), modes[i]) == 0);
		CHECK_MSG(opens() == -EPERM, "%04o", modes[i]);
	}
	CHECK(strstr(f.text, "(mode 0666)"));
	REQUIRE(chmod(rig_path("vault"), 0400) == 0);
	CHECK_INT(opens(), 0);
	if (geteuid() == 0) {
		REQUIRE(chown(rig_path("vault"), 12345, 0) == 0);
		CHECK_INT(opens(), -EPERM);
		CHECK(strstr(f.text, "belongs to user 12345"));
		REQUIRE(chown(rig_path("vault"), 0, 0) == 0);
	}
	REQUIRE(rename(rig_path("vault"), rig_path("other")) == 0);
	CHECK_INT(opens(), -ENOENT);
	CHECK(strstr(f.text, "run `agentctl vault init`"));
	snprintf(path, sizeof(path), "%s", rig_path("other"));
	REQUIRE(symlink(path, rig_path("vault")) == 0);
	CHECK_INT(opens(), -ELOOP);
	unlink(rig_path("vault"));
	REQUIRE(mkdir(rig_path("vault"), 0700) == 0);
	CHECK_INT(opens(), -EISDIR);
	rmdir(rig_path("vault"));
	REQUIRE(mkfifo(rig_path("vault"), 0600) == 0);
	CHECK_INT(opens(), -EBADMSG);
	unlink(rig_path("vault"));
	REQUIRE(rig_put(rig_path("vault"), "", 0));
	CHECK_INT(truncate(rig_path("vault"), (off_t)1 << 40), 0);
	CHECK_INT(opens(), -EBADMSG);
}

static void key_files_are_read_as_strictly(void)
{
	static const char good[] =
		"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
	static const char *const bad[] = {
		"",
		"\n",
		"00112233445566778899aabbccddeeff00112233445566778899aabbccddeef",
		"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n\n",
		"00112233445566778899AABBccddeeff00112233445566778899aabbccddeeff\n",
		"00112233445566778899aabbccddeef 00112233445566778899aabbccddeeff",
		"0x112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
	};
	struct vault_key key = { 0 };
	char line[80];
	size_t i;

	rig_new();
	CHECK_INT(key_read(rig_path("key"), &key, &f), -ENOENT);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		REQUIRE(rig_put(rig_path("key"), bad[i], strlen(bad[i])));
		CHECK_MSG(key_read(rig_path("key"), &key, &f) == -EBADMSG, "\"%s\"", bad[i]);
		CHECK(!strstr(f.text, "4455"));
	}
	for (i = 0; i < 2; i++) {
		snprintf(line, sizeof(line), "%s%s", good, i ? "\n" : "");
		REQUIRE(rig_put(rig_path("key"), line, strlen(line)));
		REQUIRE(key_read(rig_path("key"), &key, &f) == 0);
		CHECK_INT(key.wrap, VAULT_KEY_FILE);
		CHECK(key.secret.len == SEAL_KEY && key.secret.bytes[1] == 0x11 &&
		      (uint8_t)key.secret.bytes[31] == 0xff);
		key_release(&key);
	}
	REQUIRE(chmod(rig_path("key"), 0640) == 0);
	CHECK_INT(key_read(rig_path("key"), &key, &f), -EPERM);
	/* The same file as systemd hands it over. */
	CHECK_INT(key_credential(NULL, &key, &f), -ENOENT);
	CHECK_INT(key_credential(rig_base, &key, &f), -ENOENT);
	REQUIRE(rig_put(rig_path(KEY_CREDENTIAL), good, strlen(good)) &&
		chmod(rig_path(KEY_CREDENTIAL), 0400) == 0);
	REQUIRE(key_credential(rig_base, &key, &f) == 0);
	CHECK_INT(key.wrap, VAULT_CREDENTIAL);
	key_release(&key);
}

static void a_key_file_is_made_once(void)
{
	struct vault_key key = { 0 }, again = { 0 };
	struct stat st;
	mode_t mask;

	rig_new();
	mask = umask(0);
	REQUIRE(key_make(rig_path("key"), key_bytes, &key, &f) == 0);
	umask(mask);
	CHECK(stat(rig_path("key"), &st) == 0 && (st.st_mode & 07777) == 0600);
	REQUIRE(key_read(rig_path("key"), &again, &f) == 0);
	CHECK(memcmp(again.secret.bytes, key_bytes, SEAL_KEY) == 0);
	CHECK(memcmp(key.secret.bytes, key_bytes, SEAL_KEY) == 0);
	key_release(&key);
	key_release(&again);
	CHECK_INT(key_make(rig_path("key"), key_bytes, &key, &f), -EEXIST);
	CHECK_INT(key_make(rig_path("none/key"), key_bytes, &key, &f), -ENOENT);
	CHECK(!key.secret.bytes);
	CHECK(private_same(rig_path("key"), rig_path("./key")));
	CHECK(private_same(rig_path("none"), rig_path("../")) == false);
	CHECK(!private_same(rig_path("key"), rig_path("vault")));
}

static void passphrases_have_limits(void)
{
	static const struct {
		const char *text;
		size_t len;
		int rc;
	} rows[] = {
		{ "1234567", 7, -EINVAL },	 { "12345678", 8, 0 },
		{ "1234\n5678", 9, -EINVAL },	 { "1234\0005678", 9, -EINVAL },
		{ "a phrase, \xc3\xbc", 12, 0 }, { "", 0, -EINVAL },
	};
	struct vault_key key = { 0 };
	struct locked s = { 0 };
	size_t i;

	rig_new();
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		REQUIRE(locked_copy(rows[i].text, rows[i].len, &s) != -ENOMEM);
		CHECK_MSG(key_passphrase(&s, &key, &f) == rows[i].rc, "row %zu", i);
		CHECK(!s.bytes);
		key_release(&key);
	}
}

static const struct tap_test tests[] = {
	TEST(what_was_set_comes_back),
	TEST(nothing_of_it_is_in_the_file_and_no_two_files_are_alike),
	TEST(what_a_crash_left_beside_it_is_replaced),
	TEST(every_changed_byte_is_found),
	TEST(every_changed_bit_of_the_header_is_refused),
	TEST(every_length_but_its_own_is_refused),
	TEST(another_key_is_told_from_a_damaged_file),
	TEST(a_passphrase_opens_what_it_closed),
	TEST(a_file_cannot_ask_for_more_work_or_less),
	TEST(a_later_version_is_told),
	TEST(a_new_data_key_makes_the_old_one_useless),
	TEST(files_that_are_not_ours_alone_are_not_read),
	TEST(key_files_are_read_as_strictly),
	TEST(a_key_file_is_made_once),
	TEST(passphrases_have_limits),
};

TAP_MAIN(tests)
