// SPDX-License-Identifier: GPL-2.0-or-later
/* ClientHellos: the name that real clients show, however it is cut up; and nothing else passes for one. */
#include "tests/tap.h"

#include <stdbool.h>
#include <stdint.h>

#include "gateway/clienthello.h"

static struct clienthello hello;

/* What Python's ssl sends first, with these arguments. 0 without Python or its ssl. */
static size_t hello_make(uint8_t *out, size_t size, const char *version, const char *name)
{
	char command[1024];
	FILE *in;
	size_t len;

	snprintf(command, sizeof(command),
		 "python3 -c \"import ssl, sys\n"
		 "c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)\n"
		 "c.check_hostname = False\n"
		 "c.minimum_version = c.maximum_version = ssl.TLSVersion.%s\n"
		 "c.set_alpn_protocols(['h2', 'http/1.1'])\n"
		 "i, o = ssl.MemoryBIO(), ssl.MemoryBIO()\n"
		 "s = c.wrap_bio(i, o, server_hostname=%s)\n"
		 "try: s.do_handshake()\n"
		 "except ssl.SSLWantReadError: pass\n"
		 "sys.stdout.buffer.write(o.read())\"",
		 version, name);
	in = popen(command, "r");
	if (!in)
		return 0;
	len = fread(out, 1, size, in);
	return pclose(in) == 0 ? len : 0;
}

static bool name_is(const char *name)
{
	return hello.name_len == strlen(name) &&
	       memcmp(hello.bytes + hello.name_at, name, hello.name_len) == 0;
}

/* In a block of its own, so that a sanitizer sees what is read behind it. */
static int parse(const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	size_t need = 0;
	int err;

	if (len)
		memcpy(copy, bytes, len);
	err = clienthello_parse(copy, len, &hello, &need);
	free(copy);
	if (err == -EAGAIN)
		CHECK_MSG(need > len && need <= LIMIT_HELLO + 5 * LIMIT_HELLO_RECORDS, "%zu of %zu",
			  len, need);
	return err;
}

/* The same message in records of at most `each` bytes. Returns the size of it all. */
static size_t fragment(const uint8_t *record, size_t len, size_t each, uint8_t *out)
{
	size_t at = 5, part, size = 0;

	while (at < len) {
		part = len - at < each ? len - at : each;
		memcpy(out + size, record, 3);
		out[size + 3] = (uint8_t)(part >> 8);
		out[size + 4] = (uint8_t)part;
		memcpy(out + size + 5, record + at, part);
		size += 5 + part;
		at += part;
	}
	return size;
}

static void names_of_real_ones_are_found(void)
{
	static const char *const versions[] = { "TLSv1_2", "TLSv1_3" };
	uint8_t bytes[4096], pieces[8192];
	size_t len, i, cut, size;

	for (i = 0; i < 2; i++) {
		len = hello_make(bytes, sizeof(bytes), versions[i], "'www.example.com'");
		REQUIRE(len > 100);
		CHECK_INT(parse(bytes, len), 0);
		CHECK(name_is("www.example.com"));
		for (cut = 0; cut < len; cut++)
			CHECK_INT(parse(bytes, cut), -EAGAIN);
		/* What follows in records of its own is not looked at: early data. */
		memset(bytes + len, 23, 64);
		CHECK_INT(parse(bytes, len + 64), 0);
		for (cut = (len - 5 + LIMIT_HELLO_RECORDS - 1) / LIMIT_HELLO_RECORDS; cut < len;
		     cut++) {
			size = fragment(bytes, len, cut, pieces);
			CHECK_INT(parse(pieces, size), 0);
			CHECK(name_is("www.example.com"));
			CHECK_INT(parse(pieces, size - 1), -EAGAIN);
		}
		size = fragment(bytes, len, (len - 5) / (LIMIT_HELLO_RECORDS + 1), pieces);
		CHECK_INT(parse(pieces, size), -EPROTO);
		len = hello_make(bytes, sizeof(bytes), versions[i], "None");
		REQUIRE(len > 100);
		CHECK_INT(parse(bytes, len), -ENOENT);
	}
}

/* --- made by hand --- */

struct maker {
	uint8_t bytes[70000];
	size_t len;
};

static void put(struct maker *m, const void *bytes, size_t len)
{
	memcpy(m->bytes + m->len, bytes, len);
	m->len += len;
}

static void put_number(struct maker *m, size_t value, size_t bytes)
{
	while (bytes--)
		m->bytes[m->len++] = (uint8_t)(value >> 8 * bytes);
}

static void put_vector(struct maker *m, size_t length_bytes, const struct maker *inside)
{
	put_number(m, inside->len, length_bytes);
	put(m, inside->bytes, inside->len);
}

static void put_name(struct maker *m, unsigned int type, const char *name)
{
	put_number(m, type, 1);
	put_number(m, strlen(name), 2);
	put(m, name, strlen(name));
}

/* An extension server_name with that list in it. */
static void put_names(struct maker *extensions, const struct maker *list)
{
	put_number(extensions, 0, 2);
	put_number(extensions, list->len + 2, 2);
	put_vector(extensions, 2, list);
}

enum flaw {
	FLAW_NONE,
	FLAW_VERSION_SSL3,
	FLAW_VERSION_NEXT,
	FLAW_SESSION_LONG,
	FLAW_CIPHERS_NONE,
	FLAW_CIPHERS_ODD,
	FLAW_COMPRESSION_NONE,
	FLAW_EXTENSIONS_NONE,
	FLAW_BEHIND_EXTENSIONS,
	FLAW_BEHIND_MESSAGE,
	FLAW_MESSAGE_TYPE,
	FLAW_RECORD_TYPE,
	FLAW_RECORD_MAJOR,
	FLAW_RECORD_EMPTY,
};

static void hello_build(const struct maker *extensions, enum flaw flaw, struct maker *out)
{
	static struct maker body, message;
	static const uint8_t zeros[40];

	body.len = message.len = out->len = 0;
	put_number(&body,
		   flaw == FLAW_VERSION_SSL3 ? 0x300 :
		   flaw == FLAW_VERSION_NEXT ? 0x304 :
					       0x303,
		   2);
	put(&body, zeros, 32);
	put_number(&body, flaw == FLAW_SESSION_LONG ? 33 : 0, 1);
	put(&body, zeros, flaw == FLAW_SESSION_LONG ? 33 : 0);
	put_number(&body, flaw == FLAW_CIPHERS_NONE ? 0 : flaw == FLAW_CIPHERS_ODD ? 3 : 2, 2);
	put(&body, zeros, flaw == FLAW_CIPHERS_NONE ? 0 : flaw == FLAW_CIPHERS_ODD ? 3 : 2);
	put_number(&body, flaw == FLAW_COMPRESSION_NONE ? 0 : 1, 1);
	put(&body, zeros, flaw == FLAW_COMPRESSION_NONE ? 0 : 1);
	if (flaw != FLAW_EXTENSIONS_NONE)
		put_vector(&body, 2, extensions);
	put(&body, zeros, flaw == FLAW_BEHIND_EXTENSIONS);
	put_number(&message, flaw == FLAW_MESSAGE_TYPE ? 2 : 1, 1);
	put_vector(&message, 3, &body);
	put(&message, zeros, flaw == FLAW_BEHIND_MESSAGE);
	put_number(out, flaw == FLAW_RECORD_TYPE ? 23 : 22, 1);
	put_number(out, flaw == FLAW_RECORD_MAJOR ? 0x201 : 0x301, 2);
	if (flaw == FLAW_RECORD_EMPTY)
		put_number(out, 0, 2);
	put_vector(out, 2, &message);
}

static void flaws_are_seen(void)
{
	static const int results[] = {
		[FLAW_NONE] = 0,
		[FLAW_VERSION_SSL3] = -EPROTO,
		[FLAW_VERSION_NEXT] = -EPROTO,
		[FLAW_SESSION_LONG] = -EPROTO,
		[FLAW_CIPHERS_NONE] = -EPROTO,
		[FLAW_CIPHERS_ODD] = -EPROTO,
		[FLAW_COMPRESSION_NONE] = -EPROTO,
		[FLAW_EXTENSIONS_NONE] = -ENOENT,
		[FLAW_BEHIND_EXTENSIONS] = -EPROTO,
		[FLAW_BEHIND_MESSAGE] = -EPROTO,
		[FLAW_MESSAGE_TYPE] = -EPROTO,
		[FLAW_RECORD_TYPE] = -EPROTO,
		[FLAW_RECORD_MAJOR] = -EPROTO,
		[FLAW_RECORD_EMPTY] = -EPROTO,
	};
	static struct maker list, extensions, out;
	size_t i;

	list.len = extensions.len = 0;
	put_name(&list, 0, "a.test");
	put_names(&extensions, &list);
	for (i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
		hello_build(&extensions, (enum flaw)i, &out);
		CHECK_MSG(parse(out.bytes, out.len) == results[i], "flaw %zu: %d", i,
			  parse(out.bytes, out.len));
	}
}

static int parse_extensions(const struct maker *extensions)
{
	static struct maker out;

	hello_build(extensions, FLAW_NONE, &out);
	return parse(out.bytes, out.len);
}

static void one_host_is_named_and_no_more(void)
{
	static struct maker list, e;

	/* An extension before and behind it. */
	list.len = e.len = 0;
	put_name(&list, 0, "a.test");
	put_number(&e, 0xfe0d, 2);
	put_number(&e, 0, 2);
	put_names(&e, &list);
	put_number(&e, 21, 2);
	put_number(&e, 0, 2);
	CHECK_INT(parse_extensions(&e), 0);
	CHECK(name_is("a.test"));

	/* The extension twice, the same name even. */
	e.len = 0;
	put_names(&e, &list);
	put_names(&e, &list);
	CHECK_INT(parse_extensions(&e), -ENOTUNIQ);

	/* Two names in it. */
	e.len = 0;
	put_name(&list, 0, "b.test");
	put_names(&e, &list);
	CHECK_INT(parse_extensions(&e), -ENOTUNIQ);

	/* No name; an empty one; of another kind; one with a NUL in it. */
	e.len = list.len = 0;
	put_names(&e, &list);
	CHECK_INT(parse_extensions(&e), -EPROTO);
	e.len = 0;
	put_name(&list, 0, "");
	put_names(&e, &list);
	CHECK_INT(parse_extensions(&e), -EPROTO);
	e.len = list.len = 0;
	put_name(&list, 1, "a.test");
	put_names(&e, &list);
	CHECK_INT(parse_extensions(&e), -ENOTUNIQ);
	e.len = list.len = 0;
	put_number(&list, 0, 1);
	put_number(&list, 3, 2);
	put(&list, "a\0b", 3);
	put_names(&e, &list);
	CHECK_INT(parse_extensions(&e), -ENOTUNIQ);

	/* Lengths that lead out of it. */
	e.len = 0;
	put_number(&e, 0, 2);
	put_number(&e, 100, 2);
	CHECK_INT(parse_extensions(&e), -EPROTO);
	e.len = 0;
	put_number(&e, 0, 1);
	CHECK_INT(parse_extensions(&e), -EPROTO);
	e.len = 0;
	CHECK_INT(parse_extensions(&e), -ENOENT);
}

static void what_is_no_tls_is_told_at_once(void)
{
	static const char *const rows[] = {
		"GET / HTTP/1.1\r\n", "SSH-2.0-x\r\n", "\x80\x2e\x01\x03\x01", "\x16\x02",
		"\x16\x03\x05",	      "\x15\x03\x01",  "\x16\x03\x01\xff\xff"
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_MSG(parse((const uint8_t *)rows[i], strlen(rows[i])) == -EPROTO, "row %zu",
			  i);
	/* A message that says it is longer than any that is taken. */
	CHECK_INT(parse((const uint8_t *)"\x16\x03\x01\x01\x00\x01\x00\x50\x00", 9), -EPROTO);
	CHECK_INT(parse((const uint8_t *)"\x16\x03\x01\x01\x00\x02", 6), -EPROTO);
}

static void the_longest_is_read_and_no_longer_one(void)
{
	static struct maker list, e, out;
	static uint8_t pieces[70000];
	static const size_t sizes[] = { LIMIT_HELLO, LIMIT_HELLO + 1 };
	static const uint8_t zeros[LIMIT_HELLO];
	size_t i, size;

	for (i = 0; i < 2; i++) {
		list.len = e.len = 0;
		put_name(&list, 0, "a.test");
		put_names(&e, &list);
		/* Padding; all around the extensions has 47 bytes. */
		put_number(&e, 21, 2);
		size = sizes[i] - 47 - e.len - 2;
		put_number(&e, size, 2);
		put(&e, zeros, size);
		hello_build(&e, FLAW_NONE, &out);
		CHECK_INT(out.len - 5, sizes[i]);
		size = fragment(out.bytes, out.len, 4096, pieces);
		CHECK_INT(parse(pieces, size), i ? -EPROTO : 0);
	}
}

/* Whatever one byte is made into: no name but what stands there, and no byte behind is read. */
static void no_changed_byte_does_harm(void)
{
	static struct maker list, e, out;
	size_t at;
	unsigned int value;

	list.len = e.len = 0;
	put_name(&list, 0, "a.test");
	put_names(&e, &list);
	put_number(&e, 43, 2);
	put_number(&e, 3, 2);
	put(&e, "\2\3\4", 3);
	hello_build(&e, FLAW_NONE, &out);
	for (at = 0; at < out.len; at++) {
		uint8_t kept = out.bytes[at];

		for (value = 0; value < 256; value++) {
			out.bytes[at] = (uint8_t)value;
			if (parse(out.bytes, out.len) == 0)
				CHECK(hello.name_len &&
				      hello.name_at + hello.name_len <= sizeof(hello.bytes));
		}
		out.bytes[at] = kept;
	}
	CHECK_INT(parse(out.bytes, out.len), 0);
}

static const struct tap_test tests[] = {
	TEST(names_of_real_ones_are_found),	     TEST(flaws_are_seen),
	TEST(one_host_is_named_and_no_more),	     TEST(what_is_no_tls_is_told_at_once),
	TEST(the_longest_is_read_and_no_longer_one), TEST(no_changed_byte_does_harm),
};

TAP_MAIN(tests)
