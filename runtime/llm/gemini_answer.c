// SPDX-License-Identifier: GPL-2.0-or-later
/* Gemini's generateContent: answers. */
#include <errno.h>

#include "llm/failure.h"
#include "llm/gemini.h"
#include "llm/put.h"

static void parts_read(const struct tree_node *candidate, struct call_answer *r, bool *ret_tools)
{
	const struct tree_node content = tree_object(candidate, "content"),
			       list = tree_array(&content, "parts");
	char made[GEMINI_ID_SIZE];
	struct gemini_piece piece;
	struct parts p = { 0 };
	struct tree_node item;
	size_t calls = 0, i;

	for (i = 0; i < tree_count(&list); i++) {
		item = tree_item(&list, i);
		if (!tree_is_object(&item))
			tree_fault(&item, -EBADMSG, "must be an object");
		gemini_piece_read(&item, &piece);
		gemini_id_make(made, r->id, calls);
		calls += piece.call;
		gemini_piece_add(&p, &item, &piece, made);
	}
	gemini_thoughts_join(candidate, p.list, &p.count);
	r->parts = p.list;
	r->part_count = p.count;
	*ret_tools = calls > 0;
}

static void answer_read(const struct tree_node *root, struct call_answer *r)
{
	const struct tree_node candidates = tree_array(root, "candidates"),
			       first = tree_item(&candidates, 0);
	bool tools = false;

	r->id = tree_string(root, "responseId");
	r->model = tree_string(root, "modelVersion");
	gemini_usage_read(root, &r->usage);
	if (tree_count(&candidates))
		parts_read(&first, r, &tools);
	if (gemini_stop_read(root, &first, tools, &r->stop))
		return;
	r->stop = tools ? CALL_STOP_TOOLS : CALL_STOP_END;
	if (!tree_count(&candidates))
		tree_fault(&candidates, -EBADMSG,
			   candidates.json ? "there are none" : "is missing");
}

int gemini_answer_decode(struct arena *a, const char *body, size_t len,
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

int gemini_answer_encode(const struct call_answer *answer, struct text *out,
			 struct wire_fault *ret_fault)
{
	struct call_string seal = { 0 };
	const struct call_part *part;
	int err = 0;
	size_t i;

	text_string(out, "{");
	put_open(out, "candidates", "[");
	put_open(out, NULL, "{");
	put_open(out, "content", "{");
	put_open(out, "parts", "[");
	for (i = 0; !err && i < answer->part_count; i++) {
		part = &answer->parts[i];
		if (part->kind != CALL_TEXT && part->kind != CALL_TOOL_CALL &&
		    part->kind != CALL_REASONING)
			return failure_set(ret_fault, -EOPNOTSUPP,
					   "an answer with a part that is not for it");
		err = gemini_part_put(out, part, &seal, ret_fault);
	}
	gemini_seal_put(out, &seal);
	text_string(out, "]");
	put_word(out, "role", "model");
	text_string(out, "}");
	put_word(out, "finishReason", gemini_stop_word(answer->stop));
	put_uint(out, "index", 0);
	text_string(out, "}]");
	gemini_usage_put(out, &answer->usage);
	put_string(out, "modelVersion", answer->model);
	put_string(out, "responseId", answer->id);
	text_string(out, "}");
	return err ? err : text_error(out);
}
