// SPDX-License-Identifier: GPL-2.0-or-later
/* Gemini's generateContent: the parts that models make, read, and all parts, written. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "llm/failure.h"
#include "llm/gemini.h"
#include "llm/put.h"

#define ID_OF_ANSWER 24 /* characters of its id that are in that of a call */

void gemini_id_make(char id[GEMINI_ID_SIZE], struct call_string answer, size_t count)
{
	size_t len, i;

	strcpy(id, "call_");
	len = strlen(id);
	for (i = 0; i < answer.len && i < ID_OF_ANSWER; i++) {
		const unsigned char c = (unsigned char)answer.at[i];

		id[len++] = isalnum(c) || c == '-' ? (char)c : '_';
	}
	if (answer.len)
		id[len++] = '_';
	snprintf(id + len, GEMINI_ID_SIZE - len, "%u", (unsigned int)count);
}

void gemini_piece_read(const struct tree_node *part, struct gemini_piece *ret_piece)
{
	const struct tree_node call = gemini_object(part, "functionCall"),
			       args = gemini_object(&call, "args");
	struct gemini_piece piece = { .text = gemini_string(part, "text"),
				      .seal = gemini_string(part, "thoughtSignature"),
				      .thought = tree_bool(part, "thought", false),
				      .call = call.json };

	if (tree_is(piece.seal, GEMINI_UNSIGNED))
		piece.seal = (struct call_string){ 0 };
	if (piece.call) {
		piece.name = tree_name_needed(&call, "name");
		piece.id = tree_string(&call, "id");
		piece.arguments = args.json ? tree_json(&args) : CALL_STRING("{}");
	}
	*ret_piece = piece;
}

static void reasoning_add(struct parts *p, const struct tree_node *part, struct call_string text,
			  struct call_string seal)
{
	struct call_part *last = parts_last(p);

	/* A seal goes with the reasoning before it. */
	if (text.at || !last || last->kind != CALL_REASONING || last->sealed.at)
		last = parts_add(p, part, CALL_REASONING);
	if (!last)
		return;
	if (text.at)
		last->text = text;
	if (seal.len)
		last->sealed = seal;
}

void gemini_piece_add(struct parts *p, const struct tree_node *part,
		      const struct gemini_piece *piece, const char *made)
{
	const struct call_string none = { 0 };
	struct call_part *call;

	if (piece->thought && piece->text.len) {
		reasoning_add(p, part, piece->text, piece->seal);
		return;
	}
	if (piece->seal.len)
		reasoning_add(p, part, none, piece->seal);
	if (piece->text.len)
		parts_text(p, part, piece->text);
	call = piece->call ? parts_add(p, part, CALL_TOOL_CALL) : NULL;
	if (!call)
		return;
	call->name = piece->name;
	call->text = piece->arguments;
	call->id = piece->id;
	if (call->id.len)
		return;
	call->id.at = tree_alloc(part, strlen(made) + 1, 1);
	if (call->id.at) {
		call->id.len = strlen(made);
		memcpy((char *)call->id.at, made, call->id.len);
	}
}

/* Whether reasoning goes on in what stands behind it. */
static bool goes_on(const struct call_part *part)
{
	return part->kind == CALL_REASONING && !part->sealed.at && part->text.at;
}

/* Of `count` parts that are one. */
static bool join(const struct tree_node *n, const struct call_part *parts, size_t count,
		 struct call_part *ret_whole)
{
	struct call_part whole = parts[count - 1];
	size_t len = 0, i;
	char *text;

	for (i = 0; i < count; i++)
		len += parts[i].text.len;
	text = tree_alloc(n, len + 1, 1);
	if (!text)
		return false;
	whole.text = (struct call_string){ text, len };
	for (i = 0; i < count; i++) {
		memcpy(text, parts[i].text.at, parts[i].text.len);
		text += parts[i].text.len;
	}
	*ret_whole = whole;
	return true;
}

void gemini_thoughts_join(const struct tree_node *n, struct call_part *parts, size_t *count)
{
	size_t from, end, kept = 0;

	for (from = 0; from < *count; from = end) {
		end = from + 1;
		while (end < *count && goes_on(&parts[end - 1]) &&
		       parts[end].kind == CALL_REASONING && parts[end].text.at)
			end++;
		if (end == from + 1)
			parts[kept] = parts[from];
		else if (!join(n, &parts[from], end - from, &parts[kept]))
			return;
		kept++;
	}
	*count = kept;
}

/* The service wants a type, which an address does not tell; most images are of this one. */
static struct call_string type_of(struct call_string url)
{
	static const struct {
		const char *end;
		struct call_string type;
	} types[] = { { ".png", CALL_STRING("image/png") },
		      { ".webp", CALL_STRING("image/webp") },
		      { ".gif", CALL_STRING("image/gif") },
		      { ".heic", CALL_STRING("image/heic") } };
	size_t len, end, i;

	for (len = 0; len < url.len && url.at[len] != '?' && url.at[len] != '#'; len++)
		;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		end = strlen(types[i].end);
		if (len > end && !strncasecmp(url.at + len - end, types[i].end, end))
			return types[i].type;
	}
	return CALL_STRING("image/jpeg");
}

int gemini_blob_put(struct text *out, const struct call_part *part, struct wire_fault *ret_fault)
{
	if (!part->url.at && !(part->data.at && part->media_type.at))
		return failure_set(ret_fault, -EOPNOTSUPP,
				   "a file needs an address, or data of a type");
	put_open(out, part->data.at ? "inlineData" : "fileData", "{");
	if (part->kind == CALL_IMAGE && !part->media_type.at)
		put_string(out, "mimeType", type_of(part->url));
	else
		put_string(out, "mimeType", part->media_type);
	if (part->data.at)
		put_string(out, "data", part->data);
	else
		put_string(out, "fileUri", part->url);
	text_string(out, "}");
	return 0;
}

/* The end of a part, with the seal that waited for it. */
static void part_end(struct text *out, struct call_string *seal)
{
	if (seal->len)
		put_string(out, "thoughtSignature", *seal);
	*seal = (struct call_string){ 0 };
	text_string(out, "}");
}

void gemini_seal_put(struct text *out, struct call_string *seal)
{
	if (!seal->len)
		return;
	put_open(out, NULL, "{");
	put_word(out, "text", "");
	part_end(out, seal);
}

static void reasoning_put(struct text *out, const struct call_part *part, struct call_string *seal)
{
	/* What waits is of the reasoning before this one. */
	if (part->text.len || part->sealed.len)
		gemini_seal_put(out, seal);
	if (part->text.len) {
		put_open(out, NULL, "{");
		put_string(out, "text", part->text);
		put_bool(out, "thought", true);
		text_string(out, "}");
	}
	if (part->sealed.len)
		*seal = part->sealed;
}

static int call_put(struct text *out, const struct call_part *part, struct call_string *seal,
		    struct wire_fault *f)
{
	int err;

	put_open(out, NULL, "{");
	put_open(out, "functionCall", "{");
	put_string(out, "id", part->id);
	put_string(out, "name", part->name.at ? part->name : CALL_STRING(""));
	err = put_object(out, "args", part->text);
	text_string(out, "}");
	part_end(out, seal);
	if (err == -EBADMSG)
		return failure_set(f, err, "the arguments of a call of %s are no JSON object",
				   part->name.at ? part->name.at : "a tool");
	return err;
}

int gemini_part_put(struct text *out, const struct call_part *part, struct call_string *seal,
		    struct wire_fault *ret_fault)
{
	int err;

	switch (part->kind) {
	case CALL_TEXT:
		if (!part->text.len)
			return 0;
		put_open(out, NULL, "{");
		put_string(out, "text", part->text);
		part_end(out, seal);
		return 0;
	case CALL_REASONING:
		reasoning_put(out, part, seal);
		return 0;
	case CALL_TOOL_CALL:
		return call_put(out, part, seal, ret_fault);
	case CALL_IMAGE:
	case CALL_FILE:
		put_open(out, NULL, "{");
		err = gemini_blob_put(out, part, ret_fault);
		text_string(out, "}");
		return err;
	default:
		return failure_set(ret_fault, -EOPNOTSUPP,
				   "a tool's result that no user has given");
	}
}
