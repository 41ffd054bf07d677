// SPDX-License-Identifier: GPL-2.0-or-later
/* What OpenAI's two wires have in common. */
#include "llm/openai.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"

#define FIRST_ROOM 4

/* One more place of this size in a list; NULL keeps -ENOMEM. */
static void *list_add(const struct tree_node *n, void **at, size_t *count, size_t *room,
		      size_t size)
{
	void *grown;

	if (*count == *room) {
		grown = tree_alloc(n, *room ? *room * 2 : FIRST_ROOM, size);
		if (!grown)
			return NULL;
		if (*at)
			memcpy(grown, *at, *count * size);
		*at = grown;
		*room = *room ? *room * 2 : FIRST_ROOM;
	}
	return (char *)*at + (*count)++ * size;
}

struct call_part *openai_part_add(const struct tree_node *n, struct openai_parts *parts,
				  enum call_part_kind kind)
{
	void *at = parts->at;
	struct call_part *part = list_add(n, &at, &parts->count, &parts->room, sizeof(*part));

	parts->at = at;
	if (part)
		part->kind = kind;
	return part;
}

void openai_text_add(const struct tree_node *n, struct openai_parts *parts, struct call_string text)
{
	struct call_part *part = text.len ? openai_part_add(n, parts, CALL_TEXT) : NULL;

	if (part)
		part->text = text;
}

static void turn_close(struct openai_turns *turns)
{
	struct call_turn *last = turns->count ? &turns->at[turns->count - 1] : NULL;

	if (!last)
		return;
	last->parts = turns->parts.at;
	last->part_count = turns->parts.count;
	turns->parts = (struct openai_parts){ 0 };
}

void openai_turn_add(const struct tree_node *n, struct openai_turns *turns, enum call_role role)
{
	void *at = turns->at;
	struct call_turn *turn;

	turn_close(turns);
	turn = list_add(n, &at, &turns->count, &turns->room, sizeof(*turn));
	turns->at = at;
	if (turn)
		turn->role = role;
}

void openai_turns_put(struct openai_turns *turns, struct call_request *r)
{
	turn_close(turns);
	r->turns = turns->at;
	r->turn_count = turns->count;
}

void openai_tools_alloc(const struct tree_node *array, size_t count, struct call_request *r)
{
	r->tool_count = 0;
	if (count > LIMIT_LLM_TOOLS)
		tree_fault(array, -EBADMSG, "are more than %d", LIMIT_LLM_TOOLS);
	else
		r->tools = tree_alloc(array, count, sizeof(*r->tools));
}

static bool begins(struct call_string s, const char *with)
{
	return s.len >= strlen(with) && !strncasecmp(s.at, with, strlen(with));
}

void openai_url_read(const struct tree_node *n, struct call_string url, struct call_part *part)
{
	static const char base64[] = ";base64,";
	const char *comma, *end;

	if (n->tree->err)
		return;
	if (begins(url, "https://") || begins(url, "http://")) {
		part->url = url;
		return;
	}
	comma = begins(url, "data:") ? memchr(url.at, ',', url.len) : NULL;
	if (!comma) {
		tree_fault(n, -EBADMSG, "must be an http, https or data URL");
		return;
	}
	end = url.at;
	if ((size_t)(comma - url.at) > strlen("data:") + strlen(base64) - 1)
		end = comma + 1 - strlen(base64);
	if (end == url.at || strncasecmp(end, base64, strlen(base64)) != 0) {
		tree_fault(n, -EBADMSG, "must have a type and be in base64");
		return;
	}
	part->media_type.at = url.at + strlen("data:");
	part->media_type.len = (size_t)(end - part->media_type.at);
	/* Of our own copy: the type ends there, and so does a parameter of it. */
	((char *)part->media_type.at)[part->media_type.len] = '\0';
	part->media_type.len = strcspn(part->media_type.at, ";");
	((char *)part->media_type.at)[part->media_type.len] = '\0';
	part->data.at = comma + 1;
	part->data.len = url.len - (size_t)(part->data.at - url.at);
}

void openai_file_read(const struct tree_node *n, struct call_part *part)
{
	const struct tree_node data = tree_member(n, "file_data");
	struct call_string text;

	part->name = tree_string(n, "filename");
	if (tree_member(n, "file_id").json) {
		tree_fault_at(n, "file_id", -EOPNOTSUPP, "is a file that only its provider has");
		return;
	}
	text = tree_string_needed(n, "file_data");
	if (begins(text, "data:")) {
		openai_url_read(&data, text, part);
		return;
	}
	part->media_type = CALL_STRING("application/pdf");
	part->data = text;
}

struct call_string openai_effort_read(const struct tree_node *n, const char *key)
{
	static const char *const words[] = { "minimal", "low", "medium", "high" };
	struct call_string effort = tree_string(n, key);
	size_t i;

	if (!effort.at || tree_is(effort, "none"))
		return (struct call_string){ 0 };
	if (tree_is(effort, "xhigh") || tree_is(effort, "max"))
		return CALL_STRING("high");
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (tree_is(effort, words[i]))
			return effort;
	tree_fault_at(n, key, -EBADMSG, "no such effort");
	return (struct call_string){ 0 };
}

void openai_tool_read(const struct tree_node *n, struct call_tool *tool)
{
	const struct tree_node parameters = tree_object(n, "parameters");

	tool->name = tree_name_needed(n, "name");
	tool->description = tree_string(n, "description");
	tool->parameters = tree_json(&parameters);
	tool->strict = tree_bool(n, "strict", false);
}

void openai_request_read(const struct tree_node *n, struct call_request *r)
{
	r->model = tree_string_needed(n, "model");
	r->temperature = tree_number(n, "temperature");
	r->top_p = tree_number(n, "top_p");
	r->user = tree_string(n, "safety_identifier");
	if (!r->user.at)
		r->user = tree_string(n, "user");
	r->stream = tree_bool(n, "stream", false);
	r->one_tool_call = !tree_bool(n, "parallel_tool_calls", true);
}

static bool same(struct call_string a, struct call_string b)
{
	return a.at && b.at && a.len == b.len && !memcmp(a.at, b.at, a.len);
}

void openai_choice_check(const struct tree_node *n, const struct call_request *r)
{
	size_t i;

	if (r->choice == CALL_CHOICE_REQUIRED && !r->tool_count)
		tree_fault(n, -EOPNOTSUPP, "requires a tool, but none is offered that others have");
	if (r->choice != CALL_CHOICE_NAMED)
		return;
	for (i = 0; i < r->tool_count; i++)
		if (same(r->tools[i].name, r->choice_name))
			return;
	tree_fault(n, -EBADMSG, "names a tool that is not offered");
}

void openai_allowed_read(const struct tree_node *mode_of, const struct tree_node *tools,
			 struct call_string (*name_of)(const struct tree_node *tool),
			 struct call_request *r)
{
	struct call_request all = *r;
	struct call_string mode = tree_string_needed(mode_of, "mode");
	const size_t count = tree_count(tools);
	struct tree_node item;
	size_t i, k;
	bool *keep = tree_alloc(tools, r->tool_count, sizeof(*keep));
	struct call_string name;

	r->choice = tree_is(mode, "required") ? CALL_CHOICE_REQUIRED : CALL_CHOICE_AUTO;
	if (r->choice == CALL_CHOICE_AUTO && !tree_is(mode, "auto"))
		tree_fault_at(mode_of, "mode", -EBADMSG, "no such mode");
	if (count > LIMIT_LLM_TOOLS)
		tree_fault(tools, -EBADMSG, "are more than %d", LIMIT_LLM_TOOLS);
	for (i = 0; i < count && !tools->tree->err; i++) {
		item = tree_item(tools, i);
		name = name_of(&item);
		for (k = 0; k < all.tool_count && name.at; k++)
			if (same(all.tools[k].name, name))
				keep[k] = true;
	}
	if (tools->tree->err)
		return;
	r->tool_count = 0;
	for (k = 0; k < all.tool_count; k++)
		if (keep[k])
			r->tools[r->tool_count++] = r->tools[k];
}

bool openai_arguments_read(const struct tree_node *n, const char *key, bool cut,
			   struct call_string *ret_arguments)
{
	const struct tree_node member = tree_member(n, key);
	struct wire_fault *fault = n->tree->fault;

	if (tree_is_object(&member)) {
		*ret_arguments = tree_json(&member);
		return !n->tree->err;
	}
	if (cut && !n->tree->err)
		n->tree->fault = NULL;
	*ret_arguments = tree_object_text(n, key);
	n->tree->fault = fault;
	if (cut && n->tree->err == -EBADMSG) {
		n->tree->err = 0;
		return false;
	}
	if (!ret_arguments->at)
		*ret_arguments = CALL_STRING("{}");
	return !n->tree->err;
}

struct call_string openai_call_id(const struct tree_node *n, struct call_string answer_id,
				  size_t place)
{
	size_t i, len = answer_id.len < 64 ? answer_id.len : 64;
	char *at = tree_alloc(n, len + 32, 1);

	if (!at)
		return (struct call_string){ 0 };
	for (i = 0; i < len; i++)
		at[i] = answer_id.at[i];
	for (i = 0; i < len; i++)
		if (!isalnum((unsigned char)at[i]) && at[i] != '-')
			at[i] = '_';
	memmove(at + 5, at, len);
	memcpy(at, "call_", 5);
	len += 5;
	len += (size_t)snprintf(at + len, 24, "_%zu", place);
	return (struct call_string){ at, len };
}

int openai_order_fault(const struct order *o, int err, struct wire_fault *fault)
{
	if (!err || err == -ENOMEM || order_stopped(o))
		return err;
	snprintf(fault->text, sizeof(fault->text), "%s",
		 err == -E2BIG ? "more parts at once than can be held" :
				 "a call of a tool has no name");
	return -EBADMSG;
}

int openai_refuse(struct wire_fault *fault, const char *text)
{
	snprintf(fault->text, sizeof(fault->text), "%s", text);
	return -EOPNOTSUPP;
}

void openai_put(struct text *out, struct call_string s)
{
	text_json(out, s.at, s.len);
}

void openai_member_put(struct text *out, const char *key, struct call_string s)
{
	if (!s.at)
		return;
	text_printf(out, ",\"%s\":", key);
	openai_put(out, s);
}

void openai_number_put(struct text *out, const char *key, struct call_number number)
{
	if (number.given)
		text_printf(out, ",\"%s\":%.15g", key, number.value);
}

void openai_json_put(struct text *out, const char *key, struct call_string json)
{
	if (!json.at)
		return;
	text_printf(out, ",\"%s\":", key);
	text_put(out, json.at, json.len);
}

void openai_url_put(struct text *out, const struct call_part *part)
{
	struct text url = { 0 };

	if (part->url.at) {
		openai_put(out, part->url);
		return;
	}
	text_string(&url, "data:");
	text_put(&url, part->media_type.at, part->media_type.len);
	text_string(&url, ";base64,");
	text_put(&url, part->data.at, part->data.len);
	out->failed |= url.failed;
	text_json(out, url.bytes, url.len);
	text_release(&url);
}

void openai_texts_put(struct text *out, const struct call_part *parts, size_t count,
		      enum call_part_kind kind, bool sealed)
{
	struct text all = { 0 };
	size_t i;

	for (i = 0; i < count; i++) {
		if (parts[i].kind != kind || (parts[i].sealed.len && !sealed))
			continue;
		text_string(&all, all.len ? "\n\n" : "");
		text_put(&all, parts[i].text.at, parts[i].text.len);
	}
	out->failed |= all.failed;
	text_json(out, all.bytes, all.len);
	text_release(&all);
}

bool openai_has_other(const struct call_part *parts, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (parts[i].kind != CALL_TEXT)
			return true;
	return false;
}
