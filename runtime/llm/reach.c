// SPDX-License-Identifier: GPL-2.0-or-later
/* What a request asks for beyond its body: names and words, as a scan of it tells of them. */
#include "llm/reach.h"

#include <string.h>
#include <strings.h>

#include "http/fields.h"

#define FUNCTION "\"function\""
#define WORD	 64 /* bytes of the beginning of a text, its NUL included */

/* --- names --- */

/* What a name means, where it may. */
enum meaning {
	TOP_BEYOND = 1 << 0,
	TOP_PRICED = 1 << 1,
	TOP_TIER = 1 << 2,
	TOOLS = 1 << 3,
	TYPE = 1 << 4,
	FUNCTIONS = 1 << 5,
	URL = 1 << 6,
	MEDIA = 1 << 7,
	FILED = 1 << 8,
	TTL = 1 << 9,
	/* What tools were called with, what they gave back, and what they take, by wire. */
	UNSEEN_OPENAI = 1 << 10,
	UNSEEN_ANTHROPIC = 1 << 11,
	UNSEEN_GEMINI = 1 << 12,
};

/* Whose text is looked at wherever it is. */
#define TEXTS (TYPE | URL | MEDIA | FILED | TTL)

static const struct meant {
	const char *name;
	uint32_t means;
} names[] = {
	/* By length, which a name that is written plainly is looked up by. */
	{ "ttl", TTL },
	{ "url", URL },
	{ "args", UNSEEN_GEMINI },
	{ "type", TYPE },
	{ "audio", TOP_PRICED },
	{ "input", UNSEEN_ANTHROPIC },
	{ "speed", TOP_TIER },
	{ "tools", TOOLS },
	{ "prompt", TOP_BEYOND },
	{ "schema", UNSEEN_OPENAI },
	{ "file_id", FILED },
	{ "fileUri", URL },
	{ "plugins", TOP_PRICED },
	{ "file_ids", FILED },
	{ "file_uri", URL },
	{ "file_url", URL },
	{ "mimeType", MEDIA },
	{ "response", UNSEEN_GEMINI },
	{ "container", TOP_PRICED },
	{ "file_data", FILED },
	{ "image_url", URL },
	{ "mime_type", MEDIA },
	{ "background", TOP_PRICED },
	{ "media_type", MEDIA },
	{ "parameters", UNSEEN_OPENAI | UNSEEN_GEMINI },
	{ "mcp_servers", TOP_PRICED },
	{ "serviceTier", TOP_TIER },
	{ "conversation", TOP_BEYOND },
	{ "input_schema", UNSEEN_ANTHROPIC },
	{ "service_tier", TOP_TIER },
	{ "cachedContent", TOP_BEYOND },
	{ "cached_content", TOP_BEYOND },
	{ "responseSchema", UNSEEN_GEMINI },
	{ "response_schema", UNSEEN_GEMINI },
	{ "web_search_options", TOP_PRICED },
	{ "functionDeclarations", FUNCTIONS },
	{ "parametersJsonSchema", UNSEEN_GEMINI },
	{ "previous_response_id", TOP_BEYOND },
	{ "function_declarations", FUNCTIONS },
	{ "parameters_json_schema", UNSEEN_GEMINI },
};

#define NAMES	(sizeof(names) / sizeof(names[0]))
#define LONGEST 22 /* bytes of a name */

/* Where the names of each length begin, and which letters these begin with. */
static uint8_t lengths[LONGEST + 2];
static uint32_t initials[LONGEST + 1];

#define LETTER(c) (UINT32_C(1) << ((unsigned char)(c)&31))

__attribute__((constructor)) static void names_index(void)
{
	size_t i, len;

	for (i = 0; i < NAMES; i++) {
		len = strlen(names[i].name);
		lengths[len + 1] = (uint8_t)(i + 1);
		initials[len] |= LETTER(names[i].name[0]);
	}
	for (len = 1; len < LONGEST + 2; len++)
		if (lengths[len] < lengths[len - 1])
			lengths[len] = lengths[len - 1];
}

static uint32_t meaning_of(struct call_string name, bool simple)
{
	uint32_t means = 0;
	size_t i;

	if (!simple) {
		for (i = 0; i < NAMES; i++)
			if (scan_name_is(name, names[i].name))
				means |= names[i].means;
		return means;
	}
	/* Most differ from all of these in their first letter, whatever its case. */
	if (name.len > LONGEST || !name.len || !(initials[name.len] & LETTER(name.at[0])))
		return 0;
	for (i = lengths[name.len]; i < lengths[name.len + 1]; i++)
		if ((name.at[0] | 32) == names[i].name[0] &&
		    (name.at[1] | 32) == (names[i].name[1] | 32) &&
		    !strncasecmp(name.at, names[i].name, name.len))
			return names[i].means;
	return 0;
}

/* --- texts --- */

static bool word_is(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (!strcasecmp(word, *words))
			return true;
	return false;
}

#define ANY_OF(word, ...) word_is(word, (const char *const[]){ __VA_ARGS__, NULL })

static bool begins(const char *text, const char *with)
{
	return !strncasecmp(text, with, strlen(with));
}

/* The character of an escape that has been checked; what is not ASCII is a NUL. */
static char escape_read(const char **at, const char *end)
{
	static const char letters[] = "bfnrt", meant[] = "\b\f\n\r\t";
	const char *letter;
	unsigned int code = 0, i;
	char c = **at;

	(*at)++;
	if (c != 'u') {
		letter = strchr(letters, c);
		return letter ? meant[letter - letters] : c;
	}
	for (i = 0; i < 4 && *at < end; i++, (*at)++)
		code = code << 4 | (unsigned int)http_hex_value(**at);
	return code < 0x80 ? (char)code : '\0';
}

/* Of a string: as much of it as there is room for. */
static void string_read(const struct scan_value *value, char word[WORD])
{
	const char *at = value->at + 1, *end = value->at + value->len - 1;
	size_t len = 0;
	char c;

	while (at < end && len + 1 < WORD) {
		c = *at++;
		if (c == '\\' && at < end)
			c = escape_read(&at, end);
		/* A NUL would end the word: it is none of ours. */
		word[len++] = c ? c : '?';
	}
	word[len] = '\0';
}

/* --- what they ask for --- */

/* A member that has a value which is not null and not false. */
static void top_look(struct reach *r, uint32_t means, const char *text)
{
	if (means & TOP_BEYOND)
		r->beyond_body = true;
	else if (means & TOP_PRICED)
		r->beyond_body = r->otherwise_priced = true;
	else if (means & TOP_TIER &&
		 (!text || !ANY_OF(text, "auto", "default", "standard", "standard_only", "flex")))
		r->otherwise_priced = true;
}

/* A member of a tool: which it is, or, Gemini's, that it is one. */
static void tool_look(struct reach_walk *w, uint32_t means, const char *text)
{
	struct reach *r = w->reach;

	if (w->wire == WIRE_GEMINI) {
		if (!(means & FUNCTIONS))
			r->beyond_body = r->otherwise_priced = true;
		return;
	}
	if (!(means & TYPE) || (text && ANY_OF(text, "function", "custom")))
		return;
	r->beyond_body = true;
	/* The client runs these; the provider has words around them. */
	if (!text || (!begins(text, "bash_") && !begins(text, "text_editor_") &&
		      !begins(text, "computer_") && !begins(text, "memory_")))
		r->otherwise_priced = true;
}

static void media_look(struct reach *r, const char *type)
{
	if (begins(type, "image/"))
		r->images++;
	else if (!begins(type, "audio/") && !begins(type, "text/"))
		r->beyond_body = true;
}

static void text_look(struct reach *r, uint32_t means, const char *text)
{
	if (means & URL) {
		if (begins(text, "data:"))
			media_look(r, text + 5);
		else
			r->beyond_body = true;
	} else if (means & MEDIA) {
		media_look(r, text);
	} else if (means & FILED) {
		r->beyond_body = true;
	} else if (means & TYPE && ANY_OF(text, "item_reference", "container_upload")) {
		r->beyond_body = true;
	} else if (means & TTL && !strcasecmp(text, "1h")) {
		r->cache_hour = true;
	}
}

/* string: NULL when it is none; of null and false nothing is told. */
static void value_look(struct reach_walk *w, const struct scan_value *string)
{
	const uint32_t means = w->names[w->depth];
	/* A tool is in an array; one alone is what nobody has described. */
	const bool tool = w->depth == 3 && w->names[1] & TOOLS;
	char word[WORD];
	const char *text = NULL;

	if (w->unseen || (!means && !tool))
		return;
	/* What most tools are, of which nothing is to be said. */
	if (string && means == TYPE && string->len == sizeof(FUNCTION) - 1 &&
	    !memcmp(string->at, FUNCTION, sizeof(FUNCTION) - 1))
		return;
	/* Most texts of "type" are told by their first letter. */
	if (string && means == TYPE && !tool && !strchr("icIC\\", string->at[1]))
		return;
	if (string && means & (TEXTS | TOP_TIER)) {
		string_read(string, word);
		text = word;
	}
	if (w->depth == 1)
		top_look(w->reach, means, text);
	if (tool)
		tool_look(w, means, text);
	if (text)
		text_look(w->reach, means, text);
}

/* --- what is told --- */

static void level_open(struct reach_walk *w, bool object)
{
	static const uint32_t unseen[WIRE_COUNT] = {
		[WIRE_OPENAI_CHAT] = UNSEEN_OPENAI,
		[WIRE_OPENAI_RESPONSES] = UNSEEN_OPENAI,
		[WIRE_ANTHROPIC] = UNSEEN_ANTHROPIC,
		[WIRE_GEMINI] = UNSEEN_GEMINI,
	};
	const uint32_t means = w->names[w->depth];

	/* In an array it is as if its elements were the member. */
	if (w->object[w->depth])
		value_look(w, NULL);
	if (w->depth == 1 && object && means & TOOLS)
		w->reach->beyond_body = w->reach->otherwise_priced = true;
	if (w->depth > 1 && !w->unseen && w->object[w->depth] && means & unseen[w->wire])
		w->unseen = w->depth + 1;
	w->depth++;
	w->object[w->depth] = object;
	w->names[w->depth] = means;
}

static void name_told(struct call_string name, bool simple, void *cookie)
{
	struct reach_walk *w = cookie;

	w->names[w->depth] = w->unseen ? 0 : meaning_of(name, simple);
}

static bool value_told(const struct scan_value *value, void *cookie)
{
	struct reach_walk *w = cookie;

	switch (value->kind) {
	case SCAN_OBJECT:
	case SCAN_ARRAY:
		level_open(w, value->kind == SCAN_OBJECT);
		return !w->unseen;
	case SCAN_STRING:
		value_look(w, value);
		break;
	case SCAN_NUMBER:
	case SCAN_TRUE:
		value_look(w, NULL);
		break;
	default:
		break;
	}
	return true;
}

static void close_told(void *cookie)
{
	struct reach_walk *w = cookie;

	if (w->unseen == w->depth)
		w->unseen = 0;
	w->depth--;
}

void reach_watch(struct reach_walk *w, enum wire_kind wire, struct reach *ret_reach,
		 struct scan_watch *ret_watch)
{
	memset(ret_reach, 0, sizeof(*ret_reach));
	w->wire = wire;
	w->reach = ret_reach;
	w->depth = w->unseen = 0;
	w->object[0] = false;
	w->names[0] = 0;
	*ret_watch = (struct scan_watch){ .name = name_told,
					  .value = value_told,
					  .close = close_told,
					  .cookie = w };
}

void reach_scan(enum wire_kind wire, const char *json, size_t len, struct reach *ret_reach)
{
	struct reach_walk walk;
	struct scan_watch watch;
	const struct scan_asked asked = { .watch = &watch };
	size_t at;

	reach_watch(&walk, wire, ret_reach, &watch);
	if (scan_json_watch(json, len, &asked, NULL, &at))
		ret_reach->beyond_body = ret_reach->otherwise_priced = true;
}
