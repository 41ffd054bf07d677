/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between a program that has something to post and agentos-post, which speaks HTTP for it. */
#ifndef AGENTOS_RPC_POSTING_H
#define AGENTOS_RPC_POSTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * A stream in each direction, of frames: a length of four bytes, little-endian,
 * and as many bytes. First comes one with settings, lines of these:
 *	url URL            where to; once
 *	header NAME: VALUE a header line of each request
 *	ca FILE            whom to trust, in place of the system's
 *	timeout-ms N       for one request
 *	give-up-s N        a body is tried for so long; 0: without end
 * It is not answered. Each frame after it is a body; each is answered by one:
 * a byte, '+' for accepted or '-', then what the server answered, cut after
 * POSTING_ANSWER bytes, or the line that says what was wrong, escaped.
 */
#define POSTING_SETTINGS (64 << 10) /* bytes */
#define POSTING_BODY	 (16 << 20)
#define POSTING_ANSWER	 (64 << 10)

struct posting_settings {
	const char *url, *ca; /* NULL: none; both in the frame that was parsed */
	const char **headers; /* owned */
	size_t header_count;
	uint64_t timeout_ms, give_up_s;
};

/*
 * 0; negative errno of the write, -EPIPE when nobody reads; -EMSGSIZE: more than
 * 32 bits tell. -EINTR only if nothing was written of the frame.
 */
int posting_send(int fd, const void *bytes, size_t len);
/*
 * 1 and a frame of at most `most` bytes, to be freed, with a NUL behind it; 0 when the other
 * side is gone. -EMSGSIZE longer; -EBADMSG it ends within one; -ENOMEM; of reading. -EINTR: a
 * signal came before the frame's first byte.
 */
int posting_receive(int fd, size_t most, char **ret_bytes, size_t *ret_len);

/* One line of settings; -EINVAL when the value has control characters in it. */
int posting_put(FILE *out, const char *key, const char *value);
/* Takes the frame apart, and writes into it. -EINVAL: no settings, or no URL; -ENOMEM. */
int posting_settings_parse(char *bytes, size_t len, struct posting_settings *ret_settings);
void posting_settings_release(struct posting_settings *s);

#endif
