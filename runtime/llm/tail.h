/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a stream has said so far, so that it can be ended in its own wire before its end. Pure. */
#ifndef AGENTOS_LLM_TAIL_H
#define AGENTOS_LLM_TAIL_H

#include "base/text.h"
#include "llm/wire.h"

/*
 * For streams that are passed on as they come: no tree is built, and of what came only that is
 * kept which the end has to name again. Of Responses that is the text of the answer, as its
 * last event has all of it, up to LIMIT_CALL_TAIL; of other wires some ids.
 */
struct tail;

/* What a frame comes to. */
struct tail_news {
	/*
	 * Bytes of text, thoughts and arguments in it, rather too few than too many. Of what is in
	 * no place that is known, and of frames that cannot be read, a share is counted.
	 */
	uint64_t said;
	bool ends; /* it says why the answer ends: behind it comes no more of it */
};

/* NULL: no memory. */
struct tail *tail_create(enum wire_kind wire);
void tail_free(struct tail *t); /* NULL is allowed */

/*
 * Looks at the frame that is next. Its bytes stay where they are until tail_take(), or until the
 * next one is looked at.
 */
void tail_look(struct tail *t, const struct wire_frame *frame, struct tail_news *ret_news);
/* Bytes of memory for what is kept; and those more that tail_take() may need, mostly none. */
size_t tail_bytes(const struct tail *t);
size_t tail_growth(const struct tail *t);
/* Of the answer nothing is kept, from now on. */
void tail_forget(struct tail *t);
/* The frame that was looked at goes to the client. -ENOMEM: there is no ending it any more. */
int tail_take(struct tail *t);

/*
 * The frames that end the stream behind what was taken, as that of an answer that has reached
 * its largest number of tokens: the reason, the usage and what the wire ends with. usage_asked:
 * of OpenAI's chat, the client wants a chunk with it. A call of a tool that is half there is
 * not ended, nor is it among the output of a response: nobody is to run it. A response of which
 * nothing is kept has no output there: what its events said is not said again.
 * 0 or -ENOMEM.
 */
int tail_end(struct tail *t, const struct call_usage *usage, bool usage_asked, struct text *out);

#endif
