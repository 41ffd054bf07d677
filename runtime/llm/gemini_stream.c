// SPDX-License-Identifier: GPL-2.0-or-later
/* Gemini's generateContent: streams, whose every frame is a whole answer with a piece in it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "llm/failure.h"
#include "llm/gemini.h"

struct wire_decoder {
	int (*emit)(const struct call_event *event, void *cookie);
	void *cookie;
	struct call_usage usage;
	enum { OPEN_NONE, OPEN_TEXT, OPEN_REASONING } open;
	enum call_stop stop;
	size_t calls;
	bool begun, told_stop, ended;
};

struct wire_decoder *gemini_decoder_create(
	int (*emit)(const struct call_event *event, void *cookie), void *cookie)
{
	struct wire_decoder *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->emit = emit;
	d->cookie = cookie;
	return d;
}

void gemini_decoder_free(struct wire_decoder *d)
{
	free(d);
}

static int emit(struct wire_decoder *d, struct call_event event)
{
	return d->emit(&event, d->cookie);
}

static int part_end(struct wire_decoder *d)
{
	const bool open = d->open != OPEN_NONE;

	d->open = OPEN_NONE;
	return open ? emit(d, (struct call_event){ .kind = CALL_PART_END }) : 0;
}

static int text_more(struct wire_decoder *d, struct call_string text)
{
	int rc = d->open == OPEN_REASONING ? part_end(d) : 0;

	if (rc || !text.len)
		return rc;
	d->open = OPEN_TEXT;
	return emit(d, (struct call_event){ .kind = CALL_TEXT_MORE, .text = text });
}

static int reasoning_more(struct wire_decoder *d, struct call_string text, struct call_string seal)
{
	int rc = d->open == OPEN_TEXT ? part_end(d) : 0;

	if (rc)
		return rc;
	d->open = OPEN_REASONING;
	rc = emit(d,
		  (struct call_event){ .kind = CALL_REASONING_MORE, .text = text, .sealed = seal });
	/* Behind its seal there is no more of it. */
	return rc || !seal.len ? rc : part_end(d);
}

static int call(struct wire_decoder *d, const struct gemini_piece *piece, struct call_string answer)
{
	char made[GEMINI_ID_SIZE];
	struct call_string id = piece->id;
	int rc = part_end(d);

	gemini_id_make(made, answer, d->calls++);
	if (!id.len)
		id = (struct call_string){ made, strlen(made) };
	rc = rc ? rc :
		  emit(d, (struct call_event){ .kind = CALL_TOOL_BEGIN,
					       .id = id,
					       .name = piece->name });
	rc = rc ? rc :
		  emit(d, (struct call_event){ .kind = CALL_TOOL_MORE, .text = piece->arguments });
	return rc ? rc : emit(d, (struct call_event){ .kind = CALL_PART_END });
}

static int piece_emit(struct wire_decoder *d, const struct gemini_piece *piece,
		      struct call_string answer)
{
	const struct call_string none = { 0 };
	/* A seal stands before what it is on, but does not cut a text in two. */
	const bool behind = d->open == OPEN_TEXT && piece->text.len;
	int rc = 0;

	if (piece->thought && piece->text.len)
		return reasoning_more(d, piece->text, piece->seal.len ? piece->seal : none);
	if (piece->seal.len && !behind)
		rc = reasoning_more(d, none, piece->seal);
	rc = rc || !piece->text.len ? rc : text_more(d, piece->text);
	if (!rc && piece->seal.len && behind)
		rc = reasoning_more(d, none, piece->seal);
	return rc || !piece->call ? rc : call(d, piece, answer);
}

static int pieces_emit(struct wire_decoder *d, const struct tree_node *candidate,
		       struct call_string answer)
{
	const struct tree_node content = tree_object(candidate, "content"),
			       list = tree_array(&content, "parts");
	struct gemini_piece piece;
	struct tree_node item;
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < tree_count(&list); i++) {
		item = tree_item(&list, i);
		if (!tree_is_object(&item))
			return tree_fault(&item, -EBADMSG, "must be an object");
		gemini_piece_read(&item, &piece);
		rc = item.tree->err ? item.tree->err : piece_emit(d, &piece, answer);
	}
	return rc;
}

static int answer_emit(struct wire_decoder *d, const struct tree_node *root)
{
	const struct tree_node candidates = tree_array(root, "candidates"),
			       first = tree_item(&candidates, 0),
			       error = tree_member(root, "error");
	const struct call_string id = tree_string(root, "responseId"),
				 model = tree_string(root, "modelVersion");
	struct call_event event = { .kind = CALL_ERROR };
	int rc = 0;

	if (error.json) {
		d->ended = true;
		rc = gemini_error_read(root->tree->arena, root, 0, &event.error);
		return rc ? rc : emit(d, event);
	}
	gemini_usage_read(root, &d->usage);
	if (root->tree->err)
		return root->tree->err;
	if (!d->begun)
		rc = emit(d, (struct call_event){ .kind = CALL_BEGIN,
						  .id = id,
						  .model = model,
						  .usage = d->usage });
	d->begun = true;
	rc = rc ? rc : pieces_emit(d, &first, id);
	if (!rc && gemini_stop_read(root, &first, d->calls > 0, &d->stop))
		d->told_stop = true;
	return rc ? rc : root->tree->err;
}

int gemini_decoder_frame(struct wire_decoder *d, const struct wire_frame *frame,
			 struct wire_fault *ret_fault)
{
	struct arena a = { .limit = LIMIT_LLM_FRAME };
	struct tree_node root;
	struct tree t;
	int rc;

	if (d->ended || !frame->data.len)
		return 0;
	rc = tree_open(&t, &a, frame->data.at, frame->data.len, ret_fault, &root);
	rc = rc ? rc : answer_emit(d, &root);
	tree_close(&t);
	arena_release(&a);
	return rc;
}

/* Counts may come behind the reason to end, so that is told only now. */
int gemini_decoder_finish(struct wire_decoder *d, struct wire_fault *ret_fault)
{
	int rc;

	if (d->ended)
		return 0;
	if (!d->told_stop)
		return failure_set(ret_fault, -EBADMSG, "the stream ended before the answer did");
	d->ended = true;
	rc = part_end(d);
	return rc ? rc :
		    emit(d, (struct call_event){ .kind = CALL_STOP,
						 .stop = d->stop,
						 .usage = d->usage });
}
