// SPDX-License-Identifier: GPL-2.0-or-later
/* Anthropic's messages: content blocks, written. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "llm/anthropic.h"
#include "llm/failure.h"
#include "llm/put.h"

bool anthropic_says(const struct call_part *part, bool request)
{
	switch (part->kind) {
	case CALL_TEXT:
		return part->text.len > 0;
	case CALL_REASONING:
		return part->sealed.len || (!request && part->text.len);
	default:
		return true;
	}
}

static void type_put(struct text *out, const char *key, const char *type)
{
	put_open(out, key, "{");
	put_word(out, "type", type);
}

static void text_block_put(struct text *out, struct call_string text)
{
	type_put(out, NULL, "text");
	put_string(out, "text", text);
	text_string(out, "}");
}

/* To a client they go as they are. */
static void id_put(struct text *out, const char *key, struct call_string id, bool request)
{
	struct text safe = { 0 };
	size_t i;

	for (i = 0; request && i < id.len; i++)
		text_put(&safe,
			 isalnum((unsigned char)id.at[i]) || id.at[i] == '-' ? &id.at[i] : "_", 1);
	if (request && !id.len)
		text_string(&safe, "_");
	if (request)
		put_string(out, key, (struct call_string){ safe.bytes, safe.len });
	else
		put_string(out, key, id);
	out->failed |= safe.failed;
	text_release(&safe);
}

static void source_put(struct text *out, const struct call_part *part)
{
	type_put(out, "source", part->data.at ? "base64" : "url");
	if (part->data.at) {
		put_string(out, "media_type", part->media_type);
		put_string(out, "data", part->data);
	} else {
		put_string(out, "url", part->url);
	}
	text_string(out, "}}");
}

static int image_put(struct text *out, const struct call_part *part, struct wire_fault *f)
{
	if (!part->url.at && !(part->data.at && part->media_type.at))
		return failure_set(f, -EOPNOTSUPP, "an image needs an address, or data of a type");
	type_put(out, NULL, "image");
	source_put(out, part);
	return 0;
}

static bool is_of(struct call_string type, const char *prefix)
{
	return type.at && type.len >= strlen(prefix) &&
	       !strncasecmp(type.at, prefix, strlen(prefix));
}

static int text_file_put(struct text *out, const struct call_part *part, struct wire_fault *f)
{
	const size_t size = BASE64_BYTES(part->data.len);
	char *bytes = malloc(size + 1);
	int len;

	if (!bytes)
		return -ENOMEM;
	len = base64_decode(part->data.at, part->data.len, bytes, size);
	if (len < 0) {
		free(bytes);
		return failure_set(f, -EBADMSG, "the data of a file is not base64");
	}
	type_put(out, NULL, "document");
	if (part->name.len)
		put_string(out, "title", part->name);
	type_put(out, "source", "text");
	put_word(out, "media_type", "text/plain");
	put_string(out, "data", (struct call_string){ bytes, (size_t)len });
	text_string(out, "}}");
	free(bytes);
	return 0;
}

static int file_put(struct text *out, const struct call_part *part, struct wire_fault *f)
{
	if (part->data.at &&
	    (is_of(part->media_type, "text/") || is_of(part->media_type, "application/json")))
		return text_file_put(out, part, f);
	if (part->data.at ? !is_of(part->media_type, "application/pdf") : !part->url.at)
		return failure_set(f, -EOPNOTSUPP,
				   "files other than PDF and text cannot be sent to this provider");
	type_put(out, NULL, "document");
	if (part->name.len)
		put_string(out, "title", part->name);
	source_put(out, part);
	return 0;
}

static int result_put(struct text *out, const struct call_part *part, struct wire_fault *f)
{
	size_t i;
	int err = 0;

	type_put(out, NULL, "tool_result");
	id_put(out, "tool_use_id", part->id, true);
	put_open(out, "content", "[");
	for (i = 0; !err && i < part->part_count; i++) {
		if (part->parts[i].kind == CALL_IMAGE)
			err = image_put(out, &part->parts[i], f);
		else if (part->parts[i].kind == CALL_TEXT && part->parts[i].text.len)
			text_block_put(out, part->parts[i].text);
	}
	text_string(out, "]");
	if (part->is_error)
		put_bool(out, "is_error", true);
	text_string(out, "}");
	return err;
}

static int call_put(struct text *out, const struct call_part *part, bool request,
		    struct wire_fault *f)
{
	int err;

	type_put(out, NULL, "tool_use");
	id_put(out, "id", part->id, request);
	put_string(out, "name", part->name);
	err = put_object(out, "input", part->text);
	text_string(out, "}");
	if (err == -EBADMSG)
		return failure_set(f, err, "the arguments of a call of %s are no JSON object",
				   part->name.at ? part->name.at : "a tool");
	return err;
}

static void reasoning_put(struct text *out, const struct call_part *part)
{
	if (part->text.at) {
		type_put(out, NULL, "thinking");
		put_string(out, "thinking", part->text);
		put_string(out, "signature", part->sealed.at ? part->sealed : CALL_STRING(""));
	} else {
		type_put(out, NULL, "redacted_thinking");
		put_string(out, "data", part->sealed);
	}
	text_string(out, "}");
}

int anthropic_block_put(struct text *out, const struct call_part *part, bool request,
			struct wire_fault *ret_fault)
{
	if (!anthropic_says(part, request))
		return 0;
	switch (part->kind) {
	case CALL_TEXT:
		text_block_put(out, part->text);
		return 0;
	case CALL_IMAGE:
		return image_put(out, part, ret_fault);
	case CALL_FILE:
		return file_put(out, part, ret_fault);
	case CALL_TOOL_CALL:
		return call_put(out, part, request, ret_fault);
	case CALL_TOOL_RESULT:
		return result_put(out, part, ret_fault);
	case CALL_REASONING:
		reasoning_put(out, part);
		return 0;
	}
	return 0;
}
