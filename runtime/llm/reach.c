// SPDX-License-Identifier: GPL-2.0-or-later
/* What a request asks for beyond its body: a walk over valid JSON that looks at names and words. */
#include "llm/reach.h"

#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "http/fields.h"

#define WORD 64 /* bytes of a name or of the beginning of a text, its NUL included */

struct walk {
	const char *at, *end;
	enum wire_kind wire;
	struct reach *reach;
	unsigned int depth;  /* objects and arrays that are open */
	unsigned int unseen; /* depth of the one that is not looked into; 0: none */
	bool object[LIMIT_JSON_DEPTH + 1];
	char top[WORD];	 /* the member of the outermost object */
	char name[WORD]; /* the innermost member; of what is in an array, the array's */
};

static bool word_is(const char *word, const char *const *words)
{
	/* Most words differ from most others in their first letter, whatever its case. */
	for (; *words; words++)
		if ((word[0] | 32) == (**words | 32) && !strcasecmp(word, *words))
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

/* To the quote that ends the string. Each byte is looked at once for either. */
static void string_skip(struct walk *w)
{
	const char *quote = w->at, *escape;

	for (;;) {
		if (quote <= w->at)
			quote = memchr(w->at, '"', (size_t)(w->end - w->at));
		if (!quote) {
			w->at = w->end;
			return;
		}
		escape = memchr(w->at, '\\', (size_t)(quote - w->at));
		if (!escape)
			break;
		w->at = escape + 2;
	}
	w->at = quote;
}

/* From a quote to behind the string: as much of it as there is room for. */
static void string_read(struct walk *w, char word[WORD])
{
	size_t len = 0;
	char c;

	w->at++;
	while (w->at < w->end && *w->at != '"' && len + 1 < WORD) {
		c = *w->at++;
		if (c == '\\' && w->at < w->end)
			c = escape_read(&w->at, w->end);
		/* A NUL would end the word: it is none of ours. */
		word[len++] = c ? c : '?';
	}
	word[len] = '\0';
	if (w->at < w->end && *w->at != '"')
		string_skip(w);
	w->at++;
}

/* A member that has a value which is not null and not false. */
static void top_look(struct walk *w, const char *text)
{
	struct reach *r = w->reach;

	if (ANY_OF(w->name, "previous_response_id", "conversation", "prompt", "cachedContent",
		   "cached_content"))
		r->beyond_body = true;
	else if (ANY_OF(w->name, "mcp_servers", "container", "web_search_options", "plugins",
			"background", "audio"))
		r->beyond_body = r->otherwise_priced = true;
	else if (ANY_OF(w->name, "service_tier", "serviceTier", "speed") &&
		 (!text || !ANY_OF(text, "auto", "default", "standard", "standard_only", "flex")))
		r->otherwise_priced = true;
}

/* A member of a tool: which it is, or, Gemini's, that it is one. */
static void tool_look(struct walk *w, const char *text)
{
	struct reach *r = w->reach;

	if (w->wire == WIRE_GEMINI) {
		if (!ANY_OF(w->name, "functionDeclarations", "function_declarations"))
			r->beyond_body = r->otherwise_priced = true;
		return;
	}
	if (strcasecmp(w->name, "type") || (text && ANY_OF(text, "function", "custom")))
		return;
	r->beyond_body = true;
	/* The client runs these; the provider has words around them. */
	if (!text || (!begins(text, "bash_") && !begins(text, "text_editor_") &&
		      !begins(text, "computer_") && !begins(text, "memory_")))
		r->otherwise_priced = true;
}

static void media_look(struct walk *w, const char *type)
{
	if (begins(type, "image/"))
		w->reach->images++;
	else if (!begins(type, "audio/") && !begins(type, "text/"))
		w->reach->beyond_body = true;
}

static void text_look(struct walk *w, const char *text)
{
	struct reach *r = w->reach;

	if (ANY_OF(w->name, "url", "image_url", "file_url", "fileUri", "file_uri")) {
		if (begins(text, "data:"))
			media_look(w, text + 5);
		else
			r->beyond_body = true;
	} else if (ANY_OF(w->name, "media_type", "mimeType", "mime_type")) {
		media_look(w, text);
	} else if (ANY_OF(w->name, "file_id", "file_ids", "file_data")) {
		r->beyond_body = true;
	} else if (!strcasecmp(w->name, "type") &&
		   ANY_OF(text, "item_reference", "container_upload")) {
		r->beyond_body = true;
	} else if (!strcasecmp(w->name, "ttl") && !strcasecmp(text, "1h")) {
		r->cache_hour = true;
	}
}

/* text: NULL when it is none; of null and false nothing is told. */
static void value_look(struct walk *w, const char *text)
{
	if (w->unseen)
		return;
	if (w->depth == 1)
		top_look(w, text);
	/* A tool is in an array; one alone is what nobody has described. */
	if (!strcasecmp(w->top, "tools") && w->depth == 3)
		tool_look(w, text);
	if (text)
		text_look(w, text);
}

/* What tools were called with, what they gave back, and what they take. */
static bool is_unseen(const struct walk *w)
{
	switch (w->wire) {
	case WIRE_ANTHROPIC:
		return ANY_OF(w->name, "input", "input_schema") && w->depth > 1;
	case WIRE_GEMINI:
		return ANY_OF(w->name, "args", "response", "parameters", "parametersJsonSchema",
			      "parameters_json_schema", "responseSchema", "response_schema") &&
		       w->depth > 1;
	default:
		return ANY_OF(w->name, "parameters", "schema") && w->depth > 1;
	}
}

static void level_open(struct walk *w, bool object)
{
	/* In an array it is as if its elements were the member. */
	if (!w->depth || w->object[w->depth])
		value_look(w, NULL);
	if (w->depth == 1 && object && !strcasecmp(w->name, "tools"))
		w->reach->beyond_body = w->reach->otherwise_priced = true;
	if (w->depth && !w->unseen && w->object[w->depth] && is_unseen(w))
		w->unseen = w->depth + 1;
	w->depth++;
	w->object[w->depth] = object;
	w->at++;
}

static void level_close(struct walk *w)
{
	if (w->unseen == w->depth)
		w->unseen = 0;
	w->depth--;
	w->at++;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool name_follows(const struct walk *w)
{
	const char *at = w->at;

	while (at < w->end && is_blank(*at))
		at++;
	return at < w->end && *at == ':';
}

static void string_look(struct walk *w)
{
	char word[WORD];

	string_read(w, word);
	if (!w->object[w->depth] || !name_follows(w)) {
		value_look(w, word);
		return;
	}
	memcpy(w->name, word, sizeof(word));
	if (w->depth == 1)
		memcpy(w->top, word, sizeof(word));
	w->at = (const char *)memchr(w->at, ':', (size_t)(w->end - w->at)) + 1;
}

/* A number, true, false or null. */
static void scalar_look(struct walk *w)
{
	const char c = *w->at;

	if (c != 'n' && c != 'f')
		value_look(w, NULL);
	while (w->at < w->end && *w->at != ',' && *w->at != ']' && *w->at != '}' &&
	       !is_blank(*w->at))
		w->at++;
}

void reach_scan(enum wire_kind wire, const char *json, size_t len, struct reach *ret_reach)
{
	struct walk w = { .at = json, .end = json + len, .wire = wire, .reach = ret_reach };

	memset(ret_reach, 0, sizeof(*ret_reach));
	while (w.at < w.end) {
		switch (*w.at) {
		case '{':
		case '[':
			if (w.depth == LIMIT_JSON_DEPTH) {
				ret_reach->beyond_body = ret_reach->otherwise_priced = true;
				return;
			}
			level_open(&w, *w.at == '{');
			break;
		case '}':
		case ']':
			if (!w.depth)
				return;
			level_close(&w);
			break;
		case '"':
			string_look(&w);
			break;
		case ' ':
		case '\t':
		case '\r':
		case '\n':
		case ',':
			w.at++;
			break;
		default:
			scalar_look(&w);
			break;
		}
	}
}
