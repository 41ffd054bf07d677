// SPDX-License-Identifier: GPL-2.0-or-later
/* A request from its first byte to the rule that answers it. */
#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "http/head.h"
#include "scripted/peer.h"

int script_request_refuse(struct script_peer *p, int status, const char *message)
{
	const struct call_error error = { .kind = wire_error_kind(status),
					  .status = status,
					  .message = { message, strlen(message) } };
	int err = script_reply_error(&error, wire_of(p->path.wire), &p->reply);

	return err ? err : script_peer_answer(p);
}

/* The same of a request that is not, or not wholly, read: what comes behind it is not understood. */
static int refuse_and_end(struct script_peer *p, int status, const char *message)
{
	p->keep_alive = false;
	return script_request_refuse(p, status, message);
}

/* --- what is asked --- */

static int request_answer(struct script_peer *p, const struct call_request *request)
{
	const struct script_view view = script_view_of(request);
	struct wire_fault fault = { "" };
	int err;

	err = script_reply_make(script_match(p->server->script, &view), &view,
				wire_of(p->path.wire), &p->reply, &fault);
	if (err == -ENOMEM)
		return script_request_refuse(p, 500,
					     "agentos-scripted: the answer is too long, or there "
					     "is no memory for it");
	if (err)
		return script_request_refuse(p, 500, fault.text);
	return script_peer_answer(p);
}

static int call_answer(struct script_peer *p)
{
	const struct call_string model = { p->path.model[0] ? p->path.model : NULL,
					   strlen(p->path.model) };
	struct wire_fault fault = { "" };
	struct call_request request;
	struct arena arena = { 0 };
	int err;

	if (p->path.stream && !p->path.sse)
		return script_request_refuse(p, 400,
					     "agentos-scripted: streams are server-sent events: "
					     "alt=sse");
	memset(&request, 0, sizeof(request));
	err = wire_of(p->path.wire)
		      ->request_decode(&arena, p->body.bytes ? p->body.bytes : "", p->body.len,
				       model, p->path.stream, &request, &fault);
	if (!err)
		err = request_answer(p, &request);
	else if (err == -ENOMEM)
		err = script_request_refuse(
			p, 503, "agentos-scripted: there is no memory for this");
	else
		err = script_request_refuse(p, 400, fault.text);
	arena_release(&arena);
	return err;
}

static int request_ready(struct script_peer *p)
{
	int err;

	switch (p->path.kind) {
	case SCRIPT_PATH_NONE:
		return script_request_refuse(
			p, 404, "agentos-scripted: nothing is at this path for this method");
	case SCRIPT_PATH_MODELS:
		err = script_reply_models(p->path.wire, &p->reply);
		return err ? err : script_peer_answer(p);
	case SCRIPT_PATH_CALL:
		break;
	}
	return call_answer(p);
}

/* --- its body --- */

/* 0, or -EAGAIN: there is more to come. */
static int body_take(struct script_peer *p)
{
	char *bytes = (char *)p->in->data + p->in_at;
	size_t len = p->in_end - p->in_at, used = 0, data = 0;
	int err;

	if (p->chunked) {
		err = http_chunked_squeeze(&p->chunks, bytes, len, &used, &data);
		if (err)
			return err;
	} else {
		used = data = len < p->left ? len : (size_t)p->left;
		p->left -= used;
	}
	p->in_at += used;
	if (p->body.len + data > LIMIT_LLM_BODY)
		return -E2BIG;
	text_put(&p->body, bytes, data);
	if (text_error(&p->body))
		return -ENOMEM;
	return (p->chunked ? http_chunked_done(&p->chunks) : !p->left) ? 0 : -EAGAIN;
}

static int body_read(struct script_peer *p)
{
	int err = p->left > LIMIT_LLM_BODY ? -E2BIG : body_take(p);

	p->state = SCRIPT_PEER_BODY;
	if (!err)
		return request_ready(p);
	if (err == -E2BIG)
		return refuse_and_end(p, 413, "agentos-scripted: the request is too large");
	if (err != -EAGAIN)
		return refuse_and_end(p, 400, "agentos-scripted: the request's body is malformed");
	if (p->expect && !p->body.len) {
		text_string(&p->pending, "HTTP/1.1 100 Continue\r\n\r\n");
		p->expect = false;
		err = script_peer_flush(p);
		if (err)
			return err;
	}
	return script_peer_read(p);
}

/* --- its head --- */

static int head_take(struct script_peer *p, size_t size)
{
	struct http_fault fault;
	struct http_head head;

	if (http_head_parse((const char *)p->in->data + p->in_at, size, &head, &fault))
		return refuse_and_end(p, fault.status, fault.text);
	if (head.connect)
		return refuse_and_end(p, 400, "agentos-scripted: this is no proxy");
	script_path_read(&head, &p->path);
	p->keep_alive = head.keep_alive;
	p->http11 = head.minor == 1;
	p->chunked = head.chunked;
	p->expect = head.expect;
	p->left = head.length;
	http_chunked_begin(&p->chunks, HTTP_CHUNKED_PLAIN);
	p->in_at += size;
	return body_read(p);
}

static int head_read(struct script_peer *p)
{
	struct http_fault fault;
	size_t size;
	int err;

	/* A head begins where the buffer does, so that there is room for all of it. */
	if (p->in_at) {
		memmove(p->in->data, p->in->data + p->in_at, p->in_end - p->in_at);
		p->in_end -= p->in_at;
		p->in_at = 0;
	}
	err = http_head_end((const char *)p->in->data, p->in_end, &p->scanned, &size, &fault);
	if (err == -EAGAIN)
		return script_peer_read(p);
	if (err)
		return refuse_and_end(p, fault.status, fault.text);
	return head_take(p, size);
}

int script_request_read(struct script_peer *p)
{
	if (p->state == SCRIPT_PEER_BODY)
		return body_read(p);
	return head_read(p);
}
