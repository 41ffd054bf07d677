/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A place for vaults of tests, and vaults in it. */
#ifndef AGENTOS_TESTS_VAULT_RIG_H
#define AGENTOS_TESTS_VAULT_RIG_H

#include <dirent.h>
#include <endian.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/tap.h"
#include "vault/vault.h"

static char rig_base[64];

static inline const char *rig_path(const char *name)
{
	/* Of the last few, each has its own. */
	static char paths[8][400];
	static unsigned int next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", rig_base, name);
	return path;
}

static inline void rig_empty(void)
{
	struct dirent *entry;
	DIR *d = opendir(rig_base);

	while (d && (entry = readdir(d)))
		if (unlink(rig_path(entry->d_name)) != 0)
			rmdir(rig_path(entry->d_name));
	if (d)
		closedir(d);
}

static inline void rig_end(void)
{
	rig_empty();
	rmdir(rig_base);
}

/* A new, empty place, in memory where there is some: saves wait for the disk. */
static inline void rig_new(void)
{
	if (!rig_base[0]) {
		snprintf(rig_base, sizeof(rig_base), "%s/vault-test-XXXXXX",
			 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
		if (!mkdtemp(rig_base) || sodium_init() < 0)
			exit(1);
		atexit(rig_end);
	}
	rig_empty();
}

/* To be freed; NULL: there is none. */
static inline uint8_t *rig_get(const char *path, size_t *ret_len)
{
	struct stat st;
	uint8_t *bytes = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && fstat(fd, &st) == 0 && (bytes = malloc((size_t)st.st_size + 1)) &&
	    read(fd, bytes, (size_t)st.st_size) == st.st_size) {
		bytes[st.st_size] = '\0';
		*ret_len = (size_t)st.st_size;
	}
	if (fd >= 0)
		close(fd);
	return bytes;
}

static inline bool rig_put(const char *path, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && write(fd, bytes, len) == (ssize_t)len;

	if (fd >= 0)
		close(fd);
	return ok;
}

/* Whether a file has this in it. */
static inline bool rig_has(const char *path, const char *text)
{
	size_t len = 0;
	uint8_t *bytes = rig_get(path, &len);
	bool has = bytes && memmem(bytes, len, text, strlen(text));

	free(bytes);
	return has;
}

#define CANARY "sk-canary-5b1f7e60"
#define NOW    1790000000

static const uint8_t key_bytes[SEAL_KEY] = "the bytes of a key for tests...";
static struct fault f;

static inline struct vault_key key_of(const void *bytes, size_t len, enum vault_wrap wrap)
{
	struct vault_key key = { .wrap = wrap };

	if (locked_copy(bytes, len, &key.secret) == -ENOMEM)
		exit(1);
	return key;
}

static inline struct vault_key file_key(void)
{
	return key_of(key_bytes, SEAL_KEY, VAULT_KEY_FILE);
}

static inline bool set(struct vault *v, const char *name, const char *value)
{
	return vault_set(v, name, value, strlen(value), NOW, &f) == 0;
}

static inline bool bind(struct vault *v, const char *name, const char *host)
{
	struct binding b;

	return binding_parse(host, &b) == 0 && vault_bind(v, name, &b, &f) == 0;
}

/* Two secrets, of which one is bound. */
static inline struct vault *vault_two(void)
{
	struct vault_key key = file_key();
	struct vault *v = NULL;

	rig_new();
	if (vault_new(&key, NULL, true, &v, &f) != 0 || !set(v, "openai", CANARY) ||
	    !set(v, "anthropic", "sk-ant-other") || !bind(v, "openai", "api.openai.com"))
		exit(1);
	key_release(&key);
	return v;
}

static inline int open_by(const struct vault_key *key, struct vault **ret_vault)
{
	return vault_open(rig_path("vault"), key, true, ret_vault, &f);
}

/* With the key of vault_two(): 0 and closed again, or the error. */
static inline int opens(void)
{
	struct vault_key key = file_key();
	struct vault *v = NULL;
	int rc = open_by(&key, &v);

	vault_close(v);
	key_release(&key);
	return rc;
}

static inline bool save_two(void)
{
	struct vault *v = vault_two();
	bool ok = vault_save(v, rig_path("vault"), &f) == 0;

	vault_close(v);
	return ok;
}

static inline bool value_is(const struct vault_entry *e, const char *value)
{
	return e && le16toh(e->value_len) == strlen(value) &&
	       memcmp(e->value, value, strlen(value)) == 0;
}

#endif
