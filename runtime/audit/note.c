// SPDX-License-Identifier: GPL-2.0-or-later
/* Signed notes by Ed25519, and their keys. */
#include "audit/note.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "audit/lines.h"
#include "base/base64.h"
#include "base/limits.h"

#define ED25519_TYPE	  0x01 /* the table of signature types in signed-note.md */
#define ED25519_SIGNATURE 64
#define PRIVATE_PREFIX	  "PRIVATE+KEY+"
#define SIGNATURE_PREFIX  "\xe2\x80\x94 " /* U+2014 */

/* All that Unicode has the property White_Space for; U+2000 to U+200A and control characters apart. */
static bool has_space(const char *text, size_t len)
{
	static const char *const spaces[] = {
		" ",
		"\xc2\x85",
		"\xc2\xa0",
		"\xe1\x9a\x80",
		"\xe2\x80\xa8",
		"\xe2\x80\xa9",
		"\xe2\x80\xaf",
		"\xe2\x81\x9f",
		"\xe3\x80\x80",
	};
	const char *at, *end = text + len;
	size_t i;

	for (i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
		if (memmem(text, len, spaces[i], strlen(spaces[i])))
			return true;
	}
	for (at = text; (at = memmem(at, (size_t)(end - at), "\xe2\x80", 2)); at += 2) {
		if ((unsigned char)at[2] <= 0x8a)
			return true;
	}
	return false;
}

static bool is_name(const char *name, size_t len)
{
	return len && lines_are_plain(name, len) && !memchr(name, '\n', len) &&
	       !memchr(name, '+', len) && !has_space(name, len);
}

/* Fills in the id of a verifier that has all else. */
static int id_make(struct note_verifier *v)
{
	uint8_t bytes[NOTE_NAME + 2 + NOTE_KEY], hash[EVP_MAX_MD_SIZE];
	size_t len = strlen(v->name);

	memcpy(bytes, v->name, len);
	bytes[len++] = '\n';
	bytes[len++] = ED25519_TYPE;
	memcpy(bytes + len, v->key, NOTE_KEY);
	if (EVP_Digest(bytes, len + NOTE_KEY, hash, NULL, EVP_sha256(), NULL) != 1)
		return -EIO;
	memcpy(v->id, hash, NOTE_ID);
	return 0;
}

static int key_make(const struct line *name, const uint8_t seed[NOTE_KEY], struct note_key *key)
{
	size_t len = NOTE_KEY;
	EVP_PKEY *pkey;
	int err = -EIO;

	memset(key, 0, sizeof(*key));
	memcpy(key->verifier.name, name->text, name->len);
	memcpy(key->seed, seed, NOTE_KEY);
	pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, NOTE_KEY);
	if (pkey && EVP_PKEY_get_raw_public_key(pkey, key->verifier.key, &len) == 1 &&
	    len == NOTE_KEY)
		err = id_make(&key->verifier);
	EVP_PKEY_free(pkey);
	return err;
}

int note_key_make(const char *name, const uint8_t seed[NOTE_KEY], struct note_key *ret_key)
{
	struct line line = { name, strnlen(name, NOTE_NAME) };
	struct note_key key;
	int err;

	if (line.len == NOTE_NAME || !is_name(line.text, line.len))
		return -EINVAL;
	err = key_make(&line, seed, &key);
	if (!err)
		*ret_key = key;
	note_key_wipe(&key);
	return err;
}

void note_key_wipe(struct note_key *key)
{
	OPENSSL_cleanse(key, sizeof(*key));
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* NAME+ID+BASE64 taken apart. ret_key gets what is encoded, which may be a secret. */
static int key_split(struct line line, struct line *ret_name, uint8_t ret_id[NOTE_ID],
		     uint8_t ret_key[NOTE_KEY])
{
	const char *plus = memchr(line.text, '+', line.len);
	uint8_t bytes[1 + NOTE_KEY];
	int i, high, low, err;

	ret_name->text = line.text;
	ret_name->len = plus ? (size_t)(plus - line.text) : 0;
	if (ret_name->len >= NOTE_NAME || !is_name(ret_name->text, ret_name->len) ||
	    line.len < ret_name->len + 2 + 2 * NOTE_ID || plus[1 + 2 * NOTE_ID] != '+')
		return -EBADMSG;
	for (i = 0; i < NOTE_ID; i++) {
		high = hex_digit(plus[1 + 2 * i]);
		low = hex_digit(plus[2 + 2 * i]);
		if (high < 0 || low < 0)
			return -EBADMSG;
		ret_id[i] = (uint8_t)(high << 4 | low);
	}
	plus += 2 + 2 * NOTE_ID;
	line.len -= (size_t)(plus - line.text);
	line.text = plus;
	err = line_bytes(&line, bytes, sizeof(bytes));
	if (!err && bytes[0] != ED25519_TYPE)
		err = -ENOTSUP;
	if (!err)
		memcpy(ret_key, bytes + 1, NOTE_KEY);
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return err;
}

static int key_write(struct lines_writer *w, const struct note_verifier *v, const uint8_t *key)
{
	uint8_t bytes[1 + NOTE_KEY] = { ED25519_TYPE };
	char id[12];

	snprintf(id, sizeof(id), "+%02x%02x%02x%02x+", v->id[0], v->id[1], v->id[2], v->id[3]);
	lines_put_string(w, v->name);
	lines_put_string(w, id);
	memcpy(bytes + 1, key, NOTE_KEY);
	lines_put_base64(w, bytes, sizeof(bytes));
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return lines_end(w);
}

int note_key_parse(const char *text, size_t len, struct note_key *ret_key)
{
	struct line line = { text, len }, name;
	uint8_t seed[NOTE_KEY], id[NOTE_ID];
	struct note_key key;
	int err;

	if (!line_skip(&line, PRIVATE_PREFIX))
		return -EBADMSG;
	err = key_split(line, &name, id, seed);
	if (err)
		return err;
	err = key_make(&name, seed, &key);
	if (!err && memcmp(key.verifier.id, id, NOTE_ID) != 0)
		err = -EKEYREJECTED;
	if (!err)
		*ret_key = key;
	OPENSSL_cleanse(seed, sizeof(seed));
	note_key_wipe(&key);
	return err;
}

int note_key_encode(const struct note_key *key, char *buf, size_t size)
{
	struct lines_writer w = { .buf = buf, .size = size };

	lines_put_string(&w, PRIVATE_PREFIX);
	return key_write(&w, &key->verifier, key->seed);
}

int note_verifier_parse(const char *text, size_t len, struct note_verifier *ret_verifier)
{
	struct note_verifier v = { .name = "" };
	struct line name;
	uint8_t id[NOTE_ID];
	int err;

	err = key_split((struct line){ text, len }, &name, id, v.key);
	if (err)
		return err;
	memcpy(v.name, name.text, name.len);
	err = id_make(&v);
	if (err)
		return err;
	if (memcmp(v.id, id, NOTE_ID) != 0)
		return -EKEYREJECTED;
	*ret_verifier = v;
	return 0;
}

int note_verifier_encode(const struct note_verifier *v, char *buf, size_t size)
{
	struct lines_writer w = { .buf = buf, .size = size };

	return key_write(&w, v, v->key);
}

/* signature has the id, and room for what is to come behind it. */
static int text_sign(const struct note_key *key, const char *text, size_t len,
		     uint8_t signature[NOTE_ID + ED25519_SIGNATURE])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t written = ED25519_SIGNATURE;
	EVP_PKEY *pkey;
	bool done;

	pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, key->seed, NOTE_KEY);
	done = context && pkey && EVP_DigestSignInit(context, NULL, NULL, NULL, pkey) == 1 &&
	       EVP_DigestSign(context, signature + NOTE_ID, &written, (const uint8_t *)text, len) ==
		       1 &&
	       written == ED25519_SIGNATURE;
	EVP_PKEY_free(pkey);
	EVP_MD_CTX_free(context);
	return done ? 0 : -EIO;
}

/* The line of a signature of this text. */
static int signature_put(struct lines_writer *w, const struct note_key *key, const char *text,
			 size_t len)
{
	uint8_t signature[NOTE_ID + ED25519_SIGNATURE];
	int err;

	memcpy(signature, key->verifier.id, NOTE_ID);
	err = text_sign(key, text, len, signature);
	if (err)
		return err;
	lines_put_string(w, SIGNATURE_PREFIX);
	lines_put_string(w, key->verifier.name);
	lines_put_string(w, " ");
	lines_put_base64(w, signature, sizeof(signature));
	lines_put_string(w, "\n");
	return 0;
}

int note_sign(const struct note_key *key, const char *text, size_t len, char *buf, size_t size)
{
	struct lines_writer w = { .buf = buf, .size = size };
	int err;

	if (!len || len > LIMIT_NOTE - LIMIT_NOTE_LINE || text[len - 1] != '\n' ||
	    !lines_are_plain(text, len))
		return -EINVAL;
	lines_put(&w, text, len);
	lines_put_string(&w, "\n");
	err = signature_put(&w, key, text, len);
	return err ? err : lines_end(&w);
}

int note_cosign(const struct note_key *key, const char *note, size_t len, char *buf, size_t size)
{
	struct lines_writer w = { .buf = buf, .size = size };
	size_t text;
	int err;

	err = note_split(note, len, &text);
	if (err)
		return err;
	lines_put(&w, note, len);
	err = signature_put(&w, key, note, text);
	return err ? err : lines_end(&w);
}

/* A line below a note's text. */
struct signature {
	struct line name;
	size_t len;
	uint8_t bytes[BASE64_BYTES(LIMIT_NOTE_LINE)]; /* the id first */
};

static int signature_parse(struct line line, struct signature *s)
{
	const char *space;
	int len;

	if (!line_skip(&line, SIGNATURE_PREFIX))
		return -EBADMSG;
	space = memchr(line.text, ' ', line.len);
	if (!space || !is_name(line.text, (size_t)(space - line.text)))
		return -EBADMSG;
	s->name = (struct line){ line.text, (size_t)(space - line.text) };
	len = base64_decode(space + 1, line.len - s->name.len - 1, s->bytes, sizeof(s->bytes));
	/* An id with nothing behind it is no signature. */
	if (len <= NOTE_ID)
		return -EBADMSG;
	s->len = (size_t)len;
	return 0;
}

/* 1 when it is by this key; 0 when it does not say to be; -EKEYREJECTED. */
static int signature_check(const struct signature *s, const struct note_verifier *v,
			   const char *text, size_t len)
{
	EVP_MD_CTX *context;
	EVP_PKEY *pkey;
	int verified = -1;

	if (s->name.len != strlen(v->name) || memcmp(s->name.text, v->name, s->name.len) != 0 ||
	    memcmp(s->bytes, v->id, NOTE_ID) != 0)
		return 0;
	if (s->len != NOTE_ID + ED25519_SIGNATURE)
		return -EKEYREJECTED;
	/* What is wrong with a signature is no error that others should find. */
	ERR_set_mark();
	context = EVP_MD_CTX_new();
	pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, v->key, NOTE_KEY);
	if (context && pkey && EVP_DigestVerifyInit(context, NULL, NULL, NULL, pkey) == 1)
		verified = EVP_DigestVerify(context, s->bytes + NOTE_ID, ED25519_SIGNATURE,
					    (const uint8_t *)text, len) == 1;
	EVP_PKEY_free(pkey);
	EVP_MD_CTX_free(context);
	ERR_pop_to_mark();
	if (verified < 0)
		return -EIO;
	return verified ? 1 : -EKEYREJECTED;
}

/* Where the last empty line is, which ends the text; -EBADMSG. */
static int text_end(const char *note, size_t len, size_t *ret_text_len)
{
	size_t at;

	if (len > LIMIT_NOTE)
		return -E2BIG;
	if (!lines_are_plain(note, len))
		return -EBADMSG;
	for (at = len; at-- > 1;) {
		if (note[at] == '\n' && note[at - 1] == '\n') {
			*ret_text_len = at;
			return 0;
		}
	}
	return -EBADMSG;
}

/* v may be NULL. *ret_signed: by v. */
static int note_walk(const struct note_verifier *v, const char *note, size_t len,
		     size_t *ret_text_len, bool *ret_signed)
{
	struct signature signature;
	unsigned int count = 0;
	struct lines lines;
	struct line line;
	int err;

	*ret_signed = false;
	err = text_end(note, len, ret_text_len);
	if (err)
		return err;
	lines = (struct lines){ note + *ret_text_len + 1, len - *ret_text_len - 1 };
	while ((err = lines_next(&lines, &line)) > 0) {
		if (++count > LIMIT_NOTE_SIGNATURES)
			return -E2BIG;
		err = signature_parse(line, &signature);
		if (!err && v)
			err = signature_check(&signature, v, note, *ret_text_len);
		if (err < 0)
			return err;
		if (err)
			*ret_signed = true;
	}
	return err || count ? err : -EBADMSG;
}

int note_split(const char *note, size_t len, size_t *ret_text_len)
{
	size_t text_len;
	bool is_signed;
	int err = note_walk(NULL, note, len, &text_len, &is_signed);

	if (!err)
		*ret_text_len = text_len;
	return err;
}

int note_open(const struct note_verifier *v, const char *note, size_t len, size_t *ret_text_len)
{
	size_t text_len;
	bool is_signed;
	int err = note_walk(v, note, len, &text_len, &is_signed);

	if (!err && !is_signed)
		err = -ENOKEY;
	if (!err)
		*ret_text_len = text_len;
	return err;
}
