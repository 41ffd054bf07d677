// SPDX-License-Identifier: GPL-2.0-or-later
/* Between a program that has something to post and agentos-post. */
#include "rpc/posting.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int bytes_write(int fd, const void *bytes, size_t len, bool first)
{
	const char *p = bytes;
	ssize_t n;

	while (len) {
		n = write(fd, p, len);
		if (n < 0 && errno == EINTR && !first)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
		first = false;
	}
	return 0;
}

int posting_send(int fd, const void *bytes, size_t len)
{
	uint8_t head[4];
	int i, rc;

	if (len > UINT32_MAX)
		return -EMSGSIZE;
	for (i = 0; i < 4; i++)
		head[i] = (uint8_t)(len >> 8 * i);
	rc = bytes_write(fd, head, sizeof(head), true);
	return rc ? rc : bytes_write(fd, bytes, len, false);
}

/* 1, or 0 when there is not one byte; -EBADMSG when there are some. */
static int bytes_read(int fd, void *bytes, size_t len, bool first)
{
	size_t have = 0;
	ssize_t n;

	while (have < len) {
		n = read(fd, (char *)bytes + have, len - have);
		if (n < 0 && errno == EINTR && (have || !first))
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return have ? -EBADMSG : 0;
		have += (size_t)n;
	}
	return 1;
}

int posting_receive(int fd, size_t most, char **ret_bytes, size_t *ret_len)
{
	uint8_t head[4];
	char *bytes;
	size_t len;
	int rc;

	rc = bytes_read(fd, head, sizeof(head), true);
	if (rc <= 0)
		return rc;
	len = (size_t)head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 |
	      (size_t)head[3] << 24;
	if (len > most)
		return -EMSGSIZE;
	bytes = malloc(len + 1);
	if (!bytes)
		return -ENOMEM;
	rc = len ? bytes_read(fd, bytes, len, false) : 1;
	if (rc <= 0) {
		free(bytes);
		return rc ? rc : -EBADMSG;
	}
	bytes[len] = '\0';
	*ret_bytes = bytes;
	*ret_len = len;
	return 1;
}

int posting_put(FILE *out, const char *key, const char *value)
{
	const unsigned char *p;

	for (p = (const unsigned char *)value; *p; p++) {
		if (*p < 0x20 || *p == 0x7f)
			return -EINVAL;
	}
	fprintf(out, "%s %s\n", key, value);
	return 0;
}

static int number_parse(const char *text, uint64_t *ret_number)
{
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	*ret_number = strtoull(text, &end, 10);
	return errno || *end ? -EINVAL : 0;
}

static int header_add(struct posting_settings *s, const char *value)
{
	const char **grown = reallocarray(s->headers, s->header_count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	s->headers = grown;
	s->headers[s->header_count++] = value;
	return strchr(value, ':') ? 0 : -EINVAL;
}

static int setting_take(struct posting_settings *s, const char *key, const char *value)
{
	if (strcmp(key, "url") == 0 && !s->url)
		s->url = value;
	else if (strcmp(key, "ca") == 0 && !s->ca)
		s->ca = value;
	else if (strcmp(key, "header") == 0)
		return header_add(s, value);
	else if (strcmp(key, "timeout-ms") == 0)
		return number_parse(value, &s->timeout_ms);
	else if (strcmp(key, "give-up-s") == 0)
		return number_parse(value, &s->give_up_s);
	else
		return -EINVAL;
	return 0;
}

int posting_settings_parse(char *bytes, size_t len, struct posting_settings *ret_settings)
{
	struct posting_settings s = { 0 };
	char *end = bytes + len, *newline, *blank;
	int rc = 0;

	while (bytes < end && !rc) {
		newline = memchr(bytes, '\n', (size_t)(end - bytes));
		blank = newline ? memchr(bytes, ' ', (size_t)(newline - bytes)) : NULL;
		if (!blank || memchr(bytes, '\0', (size_t)(newline - bytes))) {
			rc = -EINVAL;
			break;
		}
		*newline = *blank = '\0';
		rc = setting_take(&s, bytes, blank + 1);
		bytes = newline + 1;
	}
	if (!rc && !s.url)
		rc = -EINVAL;
	if (rc) {
		posting_settings_release(&s);
		return rc;
	}
	*ret_settings = s;
	return 0;
}

void posting_settings_release(struct posting_settings *s)
{
	free(s->headers);
	*s = (struct posting_settings){ 0 };
}
