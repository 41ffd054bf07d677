// SPDX-License-Identifier: GPL-2.0-or-later
/* A JSON body looked over once: that it is JSON, which members are asked for, and who else is told. */
#include "llm/scan.h"

#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "http/fields.h"
#include "llm/value.h"

/* Levels at which something is asked for: the whole text, and each step into it. */
#define LEVELS (SCAN_STEPS + 2)

struct path {
	struct call_string steps[SCAN_STEPS];
	uint8_t count;
	uint8_t reached; /* steps whose names were seen */
};

/* Members that are asked for are bits, in the order of the table. */
struct scanner {
	const unsigned char *begin, *at, *end;
	struct path paths[SCAN_PATHS];
	struct scan_value *values;
	const struct scan_watch *watch; /* or NULL */
	uint32_t want;			/* whose value comes next */
	uint32_t into;			/* that it may hold */
	uint32_t wanted[LEVELS];  /* of the object or array that is open at each level: itself, */
	uint32_t holding[LEVELS]; /* and members within; of an array nobody looks at these */
	unsigned int depth;	  /* objects and arrays that are open */
	bool object[LIMIT_JSON_DEPTH + 1];
	bool simple; /* the last string has no escape and is ASCII */
};

/* What comes next. */
enum next { NEXT_VALUE, NEXT_KEY, NEXT_MORE, NEXT_NONE };

/* The next character of a name as it is written; what no name here can have is 0. */
static unsigned int name_next(const unsigned char **p, const unsigned char *end)
{
	static const char letters[] = "bfnrt", meant[] = "\b\f\n\r\t";
	const unsigned char *at = *p;
	unsigned int code = 0, i;
	const char *letter;

	if (*at == '\\' && at[1] == 'u') {
		for (i = 2; i < 6; i++)
			code = code * 16 + (unsigned int)http_hex_value((char)at[i]);
		*p = at + 6;
		return code;
	}
	if (*at == '\\') {
		letter = strchr(letters, at[1]);
		*p = at + 2;
		return letter ? (unsigned char)meant[letter - letters] : at[1];
	}
	if (*at < 0x80) {
		*p = at + 1;
		return *at;
	}
	*p = at + quoted_utf8(at, (size_t)(end - at));
	if (*p - at == 2)
		return (at[0] & 0x1fU) << 6 | (at[1] & 0x3fU);
	return *p - at == 3 ? (at[0] & 0xfU) << 12 | (at[1] & 0x3fU) << 6 | (at[2] & 0x3fU) : 0;
}

/* Long s and the Kelvin sign are what other letters of names fold to, beside capitals. */
static unsigned int fold(unsigned int code)
{
	if (code >= 'A' && code <= 'Z')
		return code + ('a' - 'A');
	if (code == 0x17f)
		return 's';
	return code == 0x212a ? 'k' : code;
}

enum likeness { LIKE_NOT, LIKE_LETTERS, LIKE_SAME };

static enum likeness name_compare(struct call_string key, struct call_string name)
{
	const unsigned char *p = (const unsigned char *)key.at, *end = p + key.len;
	enum likeness likeness = LIKE_SAME;
	unsigned int code;
	size_t i;

	for (i = 0; i < name.len; i++) {
		if (p == end)
			return LIKE_NOT;
		code = name_next(&p, end);
		if (code == (unsigned char)name.at[i])
			continue;
		if (fold(code) != fold((unsigned char)name.at[i]))
			return LIKE_NOT;
		likeness = LIKE_LETTERS;
	}
	return p == end ? likeness : LIKE_NOT;
}

bool scan_name_is(struct call_string name, const char *ascii)
{
	return name_compare(name, (struct call_string){ ascii, strlen(ascii) }) != LIKE_NOT;
}

/* Who asks for this member of the innermost object, or for something in it. */
static int key_match(struct scanner *s, struct call_string key)
{
	uint32_t left = s->holding[s->depth], bit;
	unsigned int step = s->depth - 1;
	enum likeness likeness;
	struct path *path;

	for (; left; left &= left - 1) {
		path = &s->paths[__builtin_ctz(left)];
		bit = left & -left;
		likeness = name_compare(key, path->steps[step]);
		if (likeness == LIKE_NOT)
			continue;
		if (likeness == LIKE_LETTERS || path->reached > step)
			return -EEXIST;
		path->reached = (uint8_t)(step + 1);
		if (path->count == path->reached)
			s->want |= bit;
		else
			s->into |= bit;
	}
	return 0;
}

/* Does anyone ask for what is in it? */
static bool value_note(struct scanner *s, enum scan_kind kind, const unsigned char *at,
		       const unsigned char *end)
{
	const struct scan_value value = { kind, (const char *)at, (size_t)(end - at) };
	uint32_t left;

	for (left = s->want; left; left &= left - 1)
		s->values[__builtin_ctz(left)] = value;
	left = s->want | s->into;
	return (s->watch && s->watch->value(&value, s->watch->cookie)) || left;
}

/* Something is wrong there. */
static inline int refuse(struct scanner *s, const unsigned char *p)
{
	s->at = p;
	return -EBADMSG;
}

static int level_skip(struct scanner *s, const unsigned char *p)
{
	const unsigned char *at = nest_pass(p, s->end, s->depth, &s->at);

	if (!at)
		return -EBADMSG;
	s->at = at;
	if (s->watch)
		s->watch->close(s->watch->cookie);
	return NEXT_MORE;
}

static inline int level_open(struct scanner *s, const unsigned char *p, bool object)
{
	unsigned int depth = s->depth + 1;

	if (depth > LIMIT_JSON_DEPTH)
		return refuse(s, p);
	if (!value_note(s, object ? SCAN_OBJECT : SCAN_ARRAY, p, p))
		return level_skip(s, p);
	s->depth = depth;
	s->object[depth] = object;
	if (depth < LEVELS) {
		s->wanted[depth] = s->want;
		s->holding[depth] = s->into;
	}
	s->want = s->into = 0;
	p = blanks_pass(p + 1, s->end);
	s->at = p;
	if (p < s->end && *p == (object ? '}' : ']'))
		return NEXT_MORE;
	return object ? NEXT_KEY : NEXT_VALUE;
}

static inline int level_close(struct scanner *s, const unsigned char *p)
{
	uint32_t left = s->depth < LEVELS ? s->wanted[s->depth] : 0;
	struct scan_value *value;

	s->at = p + 1;
	s->depth--;
	for (; left; left &= left - 1) {
		value = &s->values[__builtin_ctz(left)];
		value->len = (size_t)((const char *)s->at - value->at);
	}
	if (s->watch)
		s->watch->close(s->watch->cookie);
	return NEXT_MORE;
}

static inline enum scan_kind kind_of(unsigned char c)
{
	switch (c) {
	case 't':
		return SCAN_TRUE;
	case 'f':
		return SCAN_FALSE;
	case 'n':
		return SCAN_NULL;
	default:
		return SCAN_NUMBER;
	}
}

static inline int value_take(struct scanner *s, const unsigned char *p)
{
	enum scan_kind kind = SCAN_STRING;
	const unsigned char *at;

	if (p == s->end)
		return refuse(s, p);
	if (*p == '{' || *p == '[')
		return level_open(s, p, *p == '{');
	if (*p == '"') {
		at = string_pass(p + 1, s->end, &s->simple, &s->at);
	} else {
		kind = kind_of(*p);
		at = plain_pass(p, s->end, &s->at);
	}
	if (!at)
		return -EBADMSG;
	s->at = at;
	value_note(s, kind, p, at);
	s->want = s->into = 0;
	return NEXT_MORE;
}

/* With its value: in most objects they are short, and what comes next is told by that. */
static inline int key_take(struct scanner *s, const unsigned char *p)
{
	const unsigned char *from = p + 1;
	struct call_string key;
	int err;

	if (p == s->end || *p != '"')
		return refuse(s, p);
	p = string_pass(from, s->end, &s->simple, &s->at);
	if (!p)
		return -EBADMSG;
	key = (struct call_string){ (const char *)from, (size_t)(p - from) - 1 };
	if (s->depth <= SCAN_STEPS && s->holding[s->depth]) {
		s->at = p;
		err = key_match(s, key);
		if (err)
			return err;
	}
	if (s->watch)
		s->watch->name(key, s->simple, s->watch->cookie);
	p = blanks_pass(p, s->end);
	if (p == s->end || *p != ':')
		return refuse(s, p);
	return value_take(s, blanks_pass(p + 1, s->end));
}

/* Behind a value, or behind what opens an empty object or array. */
static inline int more_take(struct scanner *s, const unsigned char *p)
{
	bool object = s->object[s->depth];

	if (!s->depth) {
		s->at = p;
		return p == s->end ? NEXT_NONE : -EBADMSG;
	}
	if (p < s->end && *p == ',') {
		p = blanks_pass(p + 1, s->end);
		return object ? key_take(s, p) : value_take(s, p);
	}
	if (p == s->end || *p != (object ? '}' : ']'))
		return refuse(s, p);
	return level_close(s, p);
}

static int scan_run(struct scanner *s)
{
	const unsigned char *p;
	int next = NEXT_VALUE;

	while (next >= 0 && next != NEXT_NONE) {
		p = blanks_pass(s->at, s->end);
		if (next == NEXT_MORE)
			next = more_take(s, p);
		else if (next == NEXT_KEY)
			next = key_take(s, p);
		else
			next = value_take(s, p);
	}
	return next < 0 ? next : 0;
}

static int path_split(struct path *path, const char *text)
{
	size_t len;

	path->count = path->reached = 0;
	while (*text) {
		len = strcspn(text, ".");
		if (path->count == SCAN_STEPS)
			return -EINVAL;
		path->steps[path->count++] = (struct call_string){ text, len };
		text += len;
		text += *text == '.';
	}
	return 0;
}

int scan_json_watch(const char *bytes, size_t len, const struct scan_asked *asked,
		    struct scan_value *ret_values, size_t *ret_at)
{
	struct scanner s;
	size_t i;
	int err;

	s.begin = s.at = (const unsigned char *)bytes;
	s.end = s.begin + len;
	s.values = ret_values;
	s.watch = asked->watch;
	s.want = s.into = 0;
	s.depth = 0;
	s.object[0] = false;
	*ret_at = 0;
	if (asked->count > SCAN_PATHS)
		return -EINVAL;
	for (i = 0; i < asked->count; i++) {
		err = path_split(&s.paths[i], asked->paths[i]);
		if (err)
			return err;
		ret_values[i] = (struct scan_value){ .kind = SCAN_NONE };
		if (s.paths[i].count)
			s.into |= UINT32_C(1) << i;
		else
			s.want |= UINT32_C(1) << i;
	}
	err = scan_run(&s);
	*ret_at = (size_t)(s.at - s.begin);
	return err;
}

int scan_json(const char *bytes, size_t len, const char *const *paths, size_t count,
	      struct scan_value *ret_values, size_t *ret_at)
{
	const struct scan_asked asked = { .paths = paths, .count = count };

	return scan_json_watch(bytes, len, &asked, ret_values, ret_at);
}
