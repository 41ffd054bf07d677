// SPDX-License-Identifier: GPL-2.0-or-later
/* What opens a vault: 64 digits in a file, which systemd may hand over, or a passphrase. */
#include "vault/key.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/range.h"
#include "vault/private.h"

static int fault_of(int rc, struct fault *f)
{
	return rc == -ENOLCK ? locked_fault(f) : fault_set(f, -rc, "%s", strerror(-rc));
}

/* The text of a key file to its bytes: one way to write each. */
static int text_parse(const char *text, size_t len, uint8_t *ret_bytes)
{
	size_t found;

	if (len == KEY_TEXT + 1 && text[KEY_TEXT] == '\n')
		len--;
	if (len != KEY_TEXT || strspn(text, "0123456789abcdef") < KEY_TEXT ||
	    sodium_hex2bin(ret_bytes, SEAL_KEY, text, KEY_TEXT, NULL, &found, NULL) != 0)
		return -EBADMSG;
	return 0;
}

static int text_read(int fd, size_t size, enum vault_wrap wrap, struct vault_key *ret_key)
{
	void *text = NULL, *bytes = NULL;
	bool unlocked;
	int rc = locked_room(KEY_TEXT + 2, &text);

	unlocked = rc == -ENOLCK;
	if (rc == 0 || unlocked)
		rc = range_read(fd, text, size, 0);
	if (rc == 0) {
		rc = locked_room(SEAL_KEY, &bytes);
		unlocked |= rc == -ENOLCK;
		if (rc == -ENOLCK)
			rc = 0;
	}
	if (rc == 0)
		rc = text_parse(text, size, bytes);
	locked_wipe(text);
	if (rc) {
		locked_wipe(bytes);
		return rc;
	}
	*ret_key =
		(struct vault_key){ .wrap = wrap, .secret = { .bytes = bytes, .len = SEAL_KEY } };
	return unlocked ? -ENOLCK : 0;
}

static int file_read(const char *path, enum vault_wrap wrap, struct vault_key *ret_key,
		     struct fault *f)
{
	char shown[PRIVATE_SHOWN];
	size_t size;
	int rc, fd = private_open(path, KEY_TEXT + 1, &size, f);

	if (fd == -ENOENT)
		return fault_set(f, ENOENT, "there is no %s %s", key_word(wrap),
				 private_shown(path, shown));
	if (fd < 0)
		return fd;
	rc = text_read(fd, size, wrap, ret_key);
	close(fd);
	if (rc == -EBADMSG)
		return fault_set(f, EBADMSG,
				 "%s holds no key: it is a line of %d hexadecimal digits",
				 private_shown(path, shown), KEY_TEXT);
	return rc ? fault_of(rc, f) : 0;
}

int key_read(const char *path, struct vault_key *ret_key, struct fault *f)
{
	return file_read(path, VAULT_KEY_FILE, ret_key, f);
}

int key_credential(const char *directory, struct vault_key *ret_key, struct fault *f)
{
	char *path;
	int rc;

	if (!directory || !directory[0])
		return fault_set(f, ENOENT,
				 "CREDENTIALS_DIRECTORY is not set: run this by systemd with "
				 "LoadCredentialEncrypted=" KEY_CREDENTIAL ":FILE");
	if (asprintf(&path, "%s/" KEY_CREDENTIAL, directory) < 0)
		return fault_set(f, ENOMEM, "not enough memory");
	rc = file_read(path, VAULT_CREDENTIAL, ret_key, f);
	free(path);
	return rc;
}

int key_make(const char *path, const uint8_t bytes[SEAL_KEY], struct vault_key *ret_key,
	     struct fault *f)
{
	struct locked copy = { 0 };
	void *text = NULL;
	bool unlocked;
	int rc = locked_room(KEY_TEXT + 2, &text);

	unlocked = rc == -ENOLCK;
	if (rc && !unlocked)
		return fault_of(rc, f);
	sodium_bin2hex(text, KEY_TEXT + 1, bytes, SEAL_KEY);
	strcat(text, "\n");
	rc = private_make(path, text, KEY_TEXT + 1, f);
	locked_wipe(text);
	if (rc)
		return rc;
	rc = locked_copy(bytes, SEAL_KEY, &copy);
	if (rc && rc != -ENOLCK)
		return fault_of(rc, f);
	*ret_key = (struct vault_key){ .wrap = VAULT_KEY_FILE, .secret = copy };
	return rc || unlocked ? fault_of(-ENOLCK, f) : 0;
}

int key_passphrase(struct locked *passphrase, struct vault_key *ret_key, struct fault *f)
{
	struct locked s = *passphrase;
	size_t i;

	*passphrase = (struct locked){ 0 };
	for (i = 0; i < s.len; i++)
		if (!s.bytes[i] || s.bytes[i] == '\n')
			break;
	if (s.len >= KEY_PASSPHRASE_MIN && s.len <= LIMIT_VAULT_PASSPHRASE && i == s.len) {
		*ret_key = (struct vault_key){ .wrap = VAULT_PASSPHRASE, .secret = s };
		return 0;
	}
	locked_release(&s);
	return fault_set(f, EINVAL, "a passphrase is one line of %d to %d bytes",
			 KEY_PASSPHRASE_MIN, LIMIT_VAULT_PASSPHRASE);
}

void key_release(struct vault_key *key)
{
	locked_release(&key->secret);
	*key = (struct vault_key){ 0 };
}

const char *key_word(enum vault_wrap wrap)
{
	switch (wrap) {
	case VAULT_PASSPHRASE:
		return "passphrase";
	case VAULT_CREDENTIAL:
		return "credential";
	default:
		return "key file";
	}
}
