/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The wires that clients and providers speak, each read and written both ways. Pure. */
#ifndef AGENTOS_LLM_WIRE_H
#define AGENTOS_LLM_WIRE_H

#include "base/arena.h"
#include "base/text.h"
#include "llm/call.h"

enum wire_kind {
	WIRE_OPENAI_CHAT,      /* POST /v1/chat/completions */
	WIRE_OPENAI_RESPONSES, /* POST /v1/responses */
	WIRE_ANTHROPIC,	       /* POST /v1/messages */
	WIRE_GEMINI, /* POST /v1beta/models/M:generateContent, :streamGenerateContent?alt=sse */
	WIRE_COUNT,
};

/* Why something cannot be read, or not be said in this wire: for an error's message. */
struct wire_fault {
	char text[256]; /* one line; what of it a client wrote is printable */
};

/* What a stream's event comes in, and goes out as (WHATWG HTML, server-sent events). */
struct wire_frame {
	struct call_string event; /* none: no event line */
	struct call_string data;
};

struct wire_decoder;
struct wire_encoder;

/*
 * Errors of all of them: -EBADMSG (no such message; what a client sent), -EOPNOTSUPP (it
 * asks for what cannot be said in nobody's words, or not in this wire) and -ENOMEM,
 * with *ret_fault. Encoders append to `out`; -ENOMEM when that fails.
 *
 * Unknown members are ignored where they are read; what is known and would change
 * the answer if it were left out is refused.
 */
struct wire {
	const char *name; /* "openai-chat", "openai-responses", "anthropic", "gemini" */

	/* model, stream: what the target said, where the wire has it there; else none, false. */
	int (*request_decode)(struct arena *a, const char *body, size_t len,
			      struct call_string model, bool stream,
			      struct call_request *ret_request, struct wire_fault *ret_fault);
	int (*request_encode)(const struct call_request *request, struct text *out,
			      struct wire_fault *ret_fault);

	int (*answer_decode)(struct arena *a, const char *body, size_t len,
			     struct call_answer *ret_answer, struct wire_fault *ret_fault);
	/* created: seconds, and id: for where the answer has none. */
	int (*answer_encode)(const struct call_answer *answer, struct text *out,
			     struct wire_fault *ret_fault);

	/* A body with whatever status; what is no error body becomes one by its status. */
	int (*error_decode)(struct arena *a, int status, const char *body, size_t len,
			    struct call_error *ret_error);
	int (*error_encode)(const struct call_error *error, struct text *out);

	/*
	 * A stream that comes. `emit` is called for each event, in call.h's order whatever
	 * order the pieces came in; what it returns other than 0 ends decoding with that. The
	 * event's strings are valid during the call. finish: the stream has ended; -EBADMSG
	 * when it ended before it was whole.
	 */
	struct wire_decoder *(*decoder_create)(
		int (*emit)(const struct call_event *event, void *cookie), void *cookie);
	int (*decoder_frame)(struct wire_decoder *d, const struct wire_frame *frame,
			     struct wire_fault *ret_fault);
	int (*decoder_finish)(struct wire_decoder *d, struct wire_fault *ret_fault);
	void (*decoder_free)(struct wire_decoder *d); /* NULL is allowed */

	/*
	 * A stream that goes out: frames as they are written to the client, what ends the
	 * stream ("data: [DONE]") behind STOP or ERROR among them. request: what was asked.
	 */
	struct wire_encoder *(*encoder_create)(const struct call_request *request);
	int (*encoder_event)(struct wire_encoder *e, const struct call_event *event,
			     struct text *out);
	void (*encoder_free)(struct wire_encoder *e); /* NULL is allowed */
};

extern const struct wire wire_openai_chat, wire_openai_responses, wire_anthropic, wire_gemini;

const struct wire *wire_of(enum wire_kind kind);
/* NULL: no such name. */
const struct wire *wire_named(const char *name);
/* The status that goes with the kind, or the error's own. */
int wire_error_status(const struct call_error *error);
/* Of a status that an upstream answered with. */
enum call_error_kind wire_error_kind(int status);
/* "event: ...\ndata: ...\n\n"; data has no line breaks. */
void wire_frame_put(struct text *out, const char *event, const char *data, size_t len);

#endif
