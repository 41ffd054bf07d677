/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signed notes: keys, signing, opening. Checkpoints of the log are such notes: audit/checkpoint.h. */
#ifndef AGENTOS_AUDIT_NOTE_H
#define AGENTOS_AUDIT_NOTE_H

#include <stddef.h>
#include <stdint.h>

/*
 * The format is C2SP's signed-note.md, with Ed25519 (RFC 8032, type 0x01) and no
 * other signature. A note is
 *	TEXT			ends in a newline
 *	(an empty line)
 *	— NAME BASE64		of the key's id and the signature of TEXT; one or more
 * in UTF-8, without control characters but newlines. Both forms of a key are
 * those of Go's golang.org/x/mod/sumdb/note, which the former was written down from.
 *
 * Texts are neither terminated nor need they be when they are read, and have no
 * newline of their own at the end unless that is said. What is written is
 * terminated, and its length without the NUL returned; -E2BIG when it does not
 * fit. -EIO from any of these: libcrypto could not, for want of memory.
 */
#define NOTE_NAME 128 /* bytes of a key's name, NUL included */
#define NOTE_ID	  4
#define NOTE_KEY  32

/* Who is believed. Nothing in it is secret. */
struct note_verifier {
	char name[NOTE_NAME];
	uint8_t id[NOTE_ID]; /* the first of SHA-256(name || 0x0a || 0x01 || key) */
	uint8_t key[NOTE_KEY];
};

/* Who signs. To be wiped once it is not needed. */
struct note_key {
	struct note_verifier verifier;
	uint8_t seed[NOTE_KEY];
};

/*
 * A key of 32 bytes that nobody else knows or could guess. A name has no
 * spaces (of any kind Unicode has), no "+" and no control characters, and is
 * usually that of the log: "example.com/log". -EINVAL: this one is none, or
 * too long.
 */
int note_key_make(const char *name, const uint8_t seed[NOTE_KEY], struct note_key *ret_key);
void note_key_wipe(struct note_key *key);

/*
 * PRIVATE+KEY+NAME+ID+BASE64, the id in eight hexadecimal digits, the last of
 * 0x01 and the seed. What is written is secret, and the caller's to wipe.
 *
 * -EBADMSG       no such text
 * -ENOTSUP       a key for signatures of another type
 * -EKEYREJECTED  the id is not that of the key and the name
 */
#define NOTE_KEY_SIZE (12 + NOTE_NAME + 54) /* of the text, NUL included */
int note_key_parse(const char *text, size_t len, struct note_key *ret_key);
int note_key_encode(const struct note_key *key, char *buf, size_t size);

/* NAME+ID+BASE64, the last of 0x01 and the public key. Errors as above. */
#define NOTE_VERIFIER_SIZE (NOTE_NAME + 54)
int note_verifier_parse(const char *text, size_t len, struct note_verifier *ret_verifier);
int note_verifier_encode(const struct note_verifier *v, char *buf, size_t size);

/*
 * Writes the text, which ends in a newline, and below it the signature. The
 * same text and key give the same note. -EINVAL: not a text for a note, or
 * longer than LIMIT_NOTE with what comes below it.
 */
int note_sign(const struct note_key *key, const char *text, size_t len, char *buf, size_t size);
/*
 * Writes the note, and below it one more signature of its text, by this key. Who
 * signed it before is not looked at. -EBADMSG, -E2BIG: as note_split().
 */
int note_cosign(const struct note_key *key, const char *note, size_t len, char *buf, size_t size);

/*
 * Whether all of it has the form of a note, and how many bytes of it are its
 * text, newline included. Tells nothing of who signed it.
 *
 * -EBADMSG  no note: not UTF-8, no empty line, nothing or something else than
 *           signatures below the last of these, the last one cut short
 * -E2BIG    more than LIMIT_NOTE bytes or LIMIT_NOTE_SIGNATURES signatures
 */
int note_split(const char *note, size_t len, size_t *ret_text_len);

/*
 * The same, and whether the text is signed by this key. Signatures by others
 * are passed over, whatever their type. Besides the errors above:
 *
 * -ENOKEY        no signature is by this key
 * -EKEYREJECTED  one that says to be by this key is not
 */
int note_open(const struct note_verifier *v, const char *note, size_t len, size_t *ret_text_len);

#endif
