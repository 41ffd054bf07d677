// SPDX-License-Identifier: GPL-2.0-or-later
/* Anthropic's messages: content blocks, read. */
#include "llm/anthropic.h"

#include <errno.h>
#include <strings.h>

#define IN(place) (1U << (place))

static const char *const place_names[] = {
	[ANTHROPIC_SYSTEM] = "a system prompt",
	[ANTHROPIC_USER] = "a user's turn",
	[ANTHROPIC_ASSISTANT] = "an assistant's turn",
	[ANTHROPIC_RESULT] = "a tool's result",
	[ANTHROPIC_SOURCE] = "a document",
	[ANTHROPIC_ANSWER] = "an answer",
};

static void text_read(const struct tree_node *n, enum anthropic_place place, struct parts *p)
{
	parts_text(p, n, tree_string_needed(n, "text"));
}

static struct tree_node source_of(const struct tree_node *n, struct call_string *ret_type)
{
	struct tree_node source = tree_object(n, "source");

	if (source.json)
		*ret_type = tree_string_needed(&source, "type");
	else
		tree_fault(&source, -EBADMSG, "is missing");
	return source;
}

/* What images and documents have in common; false: it is of none of these types. */
static bool source_read(const struct tree_node *source, struct call_string type,
			struct call_part *part)
{
	if (tree_is(type, "base64")) {
		part->media_type = tree_string_needed(source, "media_type");
		part->data = tree_string_needed(source, "data");
	} else if (tree_is(type, "url")) {
		part->url = tree_string_needed(source, "url");
	} else if (tree_is(type, "file")) {
		tree_fault_at(source, "type", -EOPNOTSUPP,
			      "files that the provider keeps are unknown elsewhere");
	} else {
		return false;
	}
	return true;
}

static void image_read(const struct tree_node *n, enum anthropic_place place, struct parts *p)
{
	struct call_string type = { 0 };
	const struct tree_node source = source_of(n, &type);
	struct call_part *part = type.at ? parts_add(p, n, CALL_IMAGE) : NULL;

	if (part && !source_read(&source, type, part))
		tree_fault_at(&source, "type", -EBADMSG, "no such kind");
	if (part && part->media_type.at && strncasecmp(part->media_type.at, "image/", 6) != 0)
		tree_fault_at(&source, "media_type", -EBADMSG, "is none of an image");
}

static void document_read(const struct tree_node *n, enum anthropic_place place, struct parts *p)
{
	struct call_string type = { 0 }, title = tree_string(n, "title");
	const struct tree_node source = source_of(n, &type);
	struct tree_node content;
	struct call_part *part;

	if (!type.at)
		return;
	if (tree_is(type, "text") || tree_is(type, "content")) {
		parts_text(p, n, title);
		parts_text(p, n, tree_string(n, "context"));
		if (tree_is(type, "text")) {
			parts_text(p, n, tree_string_needed(&source, "data"));
			return;
		}
		content = tree_member(&source, "content");
		anthropic_content_read(&content, ANTHROPIC_SOURCE, p);
		return;
	}
	if (place == ANTHROPIC_RESULT) {
		tree_fault(n, -EOPNOTSUPP, "a file in a tool's result is unknown elsewhere");
		return;
	}
	parts_text(p, n, tree_string(n, "context"));
	part = parts_add(p, n, CALL_FILE);
	if (part) {
		part->name = title;
		if (!source_read(&source, type, part))
			tree_fault_at(&source, "type", -EBADMSG, "no such kind");
	}
}

static void search_result_read(const struct tree_node *n, enum anthropic_place place,
			       struct parts *p)
{
	const struct tree_node content = tree_member(n, "content");

	parts_text(p, n, tree_string(n, "title"));
	parts_text(p, n, tree_string(n, "source"));
	anthropic_content_read(&content, ANTHROPIC_SOURCE, p);
}

static void thinking_read(const struct tree_node *n, enum anthropic_place place, struct parts *p)
{
	const struct call_string text = tree_string_needed(n, "thinking"),
				 seal = tree_string(n, "signature");
	struct call_part *part = text.at ? parts_add(p, n, CALL_REASONING) : NULL;

	if (!part)
		return;
	part->text = text;
	if (seal.len)
		part->sealed = seal;
}

static void redacted_read(const struct tree_node *n, enum anthropic_place place, struct parts *p)
{
	const struct call_string seal = tree_string_needed(n, "data");
	struct call_part *part = seal.at ? parts_add(p, n, CALL_REASONING) : NULL;

	if (part)
		part->sealed = seal;
}

static void tool_use_read(const struct tree_node *n, enum anthropic_place place, struct parts *p)
{
	const struct tree_node input = tree_object(n, "input");
	struct call_part *part = parts_add(p, n, CALL_TOOL_CALL);

	if (!part)
		return;
	part->id = tree_string_needed(n, "id");
	part->name = tree_name_needed(n, "name");
	part->text = input.json ? tree_json(&input) : CALL_STRING("{}");
}

static void tool_result_read(const struct tree_node *n, enum anthropic_place place, struct parts *p)
{
	const struct tree_node content = tree_member(n, "content");
	struct call_part *part = parts_add(p, n, CALL_TOOL_RESULT);
	struct parts inner = { 0 };

	if (!part)
		return;
	part->id = tree_string_needed(n, "tool_use_id");
	part->is_error = tree_bool(n, "is_error", false);
	if (content.json)
		anthropic_content_read(&content, ANTHROPIC_RESULT, &inner);
	part->parts = inner.list;
	part->part_count = inner.count;
}

/* What the provider's own tools leave behind. */
static void own_refuse(const struct tree_node *n, enum anthropic_place place, struct parts *p)
{
	if (place != ANTHROPIC_ANSWER)
		tree_fault_at(n, "type", -EOPNOTSUPP,
			      "is of the provider's own tools, and unknown elsewhere");
}

#define ANYWHERE (~0U)
#define BY_USER	 (IN(ANTHROPIC_USER) | IN(ANTHROPIC_RESULT))
#define BY_MODEL (IN(ANTHROPIC_ASSISTANT) | IN(ANTHROPIC_ANSWER))

static const struct {
	const char *type;
	unsigned int places;
	void (*read)(const struct tree_node *n, enum anthropic_place place, struct parts *p);
} kinds[] = {
	{ "text", ANYWHERE, text_read },
	{ "image", BY_USER | IN(ANTHROPIC_SOURCE), image_read },
	{ "document", BY_USER, document_read },
	{ "search_result", BY_USER, search_result_read },
	{ "thinking", BY_MODEL, thinking_read },
	{ "redacted_thinking", BY_MODEL, redacted_read },
	{ "tool_use", BY_MODEL, tool_use_read },
	{ "tool_result", IN(ANTHROPIC_USER), tool_result_read },
	{ "server_tool_use", ANYWHERE, own_refuse },
	{ "web_search_tool_result", ANYWHERE, own_refuse },
	{ "web_fetch_tool_result", ANYWHERE, own_refuse },
	{ "code_execution_tool_result", ANYWHERE, own_refuse },
	{ "bash_code_execution_tool_result", ANYWHERE, own_refuse },
	{ "text_editor_code_execution_tool_result", ANYWHERE, own_refuse },
	{ "tool_search_tool_result", ANYWHERE, own_refuse },
	{ "tool_reference", ANYWHERE, own_refuse },
	{ "mcp_tool_use", ANYWHERE, own_refuse },
	{ "mcp_tool_result", ANYWHERE, own_refuse },
	{ "container_upload", ANYWHERE, own_refuse },
	{ "browser_state", ANYWHERE, own_refuse },
	{ "compaction", ANYWHERE, own_refuse },
};

static void place_refuse(const struct tree_node *n, const char *type, enum anthropic_place place)
{
	const struct tree_node member = tree_member(n, "type");

	tree_fault(&member, -EBADMSG, "%s is not for %s", type, place_names[place]);
}

static void block_read(const struct tree_node *n, enum anthropic_place place, struct parts *p)
{
	const struct call_string type = tree_string_needed(n, "type");
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!tree_is(type, kinds[i].type))
			continue;
		if (kinds[i].places & IN(place))
			kinds[i].read(n, place, p);
		else
			place_refuse(n, kinds[i].type, place);
		return;
	}
	if (place != ANTHROPIC_ANSWER)
		tree_fault_at(n, "type", -EBADMSG, "no such kind");
}

void anthropic_content_read(const struct tree_node *content, enum anthropic_place place,
			    struct parts *p)
{
	struct tree_node item;
	size_t i;

	if (tree_is_string(content)) {
		parts_text(p, content, tree_text(content));
		return;
	}
	if (!tree_is_array(content)) {
		tree_fault(content, -EBADMSG,
			   content->json ? "must be a string or an array" : "is missing");
		return;
	}
	for (i = 0; i < tree_count(content); i++) {
		item = tree_item(content, i);
		if (!tree_is_object(&item))
			tree_fault(&item, -EBADMSG, "must be an object");
		block_read(&item, place, p);
	}
}
