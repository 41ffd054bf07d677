// SPDX-License-Identifier: GPL-2.0-or-later
/* Anthropic's messages: answers. */
#include <errno.h>

#include "llm/anthropic.h"
#include "llm/failure.h"
#include "llm/put.h"

static void answer_read(const struct tree_node *root, struct call_answer *r)
{
	const struct tree_node content = tree_array_needed(root, "content"),
			       usage = tree_object(root, "usage");
	struct parts p = { 0 };
	bool tools = false;
	size_t i;

	r->id = tree_string(root, "id");
	r->model = tree_string(root, "model");
	anthropic_content_read(&content, ANTHROPIC_ANSWER, &p);
	r->parts = p.list;
	r->part_count = p.count;
	for (i = 0; i < p.count; i++)
		tools |= p.list[i].kind == CALL_TOOL_CALL;
	r->stop = anthropic_stop_read(tree_string(root, "stop_reason"), tools);
	r->stop_sequence = tree_string(root, "stop_sequence");
	anthropic_usage_read(&usage, &r->usage);
}

int anthropic_answer_decode(struct arena *a, const char *body, size_t len,
			    struct call_answer *ret_answer, struct wire_fault *ret_fault)
{
	struct call_answer r = { 0 };
	struct tree_node root;
	struct tree t;
	int err;

	if (!tree_open(&t, a, body, len, ret_fault, &root))
		answer_read(&root, &r);
	err = t.err;
	tree_close(&t);
	if (!err)
		*ret_answer = r;
	return err;
}

int anthropic_answer_encode(const struct call_answer *answer, struct text *out,
			    struct wire_fault *ret_fault)
{
	const struct call_part *part;
	int err = 0;
	size_t i;

	text_string(out, "{");
	put_string(out, "id", answer->id.at ? answer->id : CALL_STRING(""));
	put_word(out, "type", "message");
	put_word(out, "role", "assistant");
	put_string(out, "model", answer->model.at ? answer->model : CALL_STRING(""));
	put_open(out, "content", "[");
	for (i = 0; !err && i < answer->part_count; i++) {
		part = &answer->parts[i];
		if (part->kind != CALL_TEXT && part->kind != CALL_TOOL_CALL &&
		    part->kind != CALL_REASONING)
			return failure_set(ret_fault, -EOPNOTSUPP,
					   "an answer with a part that is not for it");
		err = anthropic_block_put(out, part, false, ret_fault);
	}
	text_string(out, "]");
	put_word(out, "stop_reason", anthropic_stop_word(answer->stop));
	put_string_or_null(out, "stop_sequence", answer->stop_sequence);
	anthropic_usage_put(out, &answer->usage);
	text_string(out, "}");
	return err ? err : text_error(out);
}
