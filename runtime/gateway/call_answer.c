// SPDX-License-Identifier: GPL-2.0-or-later
/* What a provider answers, on its way to the client: as it is, or in the client's own wire. */
#include "gateway/call_answer.h"

#include <errno.h>
#include <string.h>
#include <time.h>

static const struct wire *client_wire(const struct call *k)
{
	return wire_of(k->endpoint.wire);
}

static bool same_wire(const struct call *k)
{
	return k->upstream_wire == client_wire(k);
}

void answer_prepare(struct call *k)
{
	text_release(&k->answer);
	k->answer.limit = LIMIT_CALL_BODY;
	if (k->sse_begun)
		sse_release(&k->sse);
	k->sse_begun = false;
	if (k->decoder)
		k->upstream_wire->decoder_free(k->decoder);
	k->decoder = NULL;
	tail_free(k->tail);
	k->tail = NULL;
	memset(&k->head, 0, sizeof(k->head));
	memset(&k->usage, 0, sizeof(k->usage));
	k->answered = k->said = 0;
	k->fits = k->fits_behind = 0;
	k->charged = k->whole = k->counted_up = k->scarce = k->said_all = false;
	k->answer_begun = false;
	k->error = 0;
}

/* --- usage, without a tree --- */

struct usage_paths {
	const char *input, *output, *cache_read, *cache_write, *reasoning;
	bool apart; /* what is of the cache is not in input */
};

/* Where a whole answer has it; a stream's frames have it there too, or below `within`. */
static const struct usage_paths usage_paths[WIRE_COUNT] = {
	[WIRE_OPENAI_CHAT] = { "usage.prompt_tokens", "usage.completion_tokens",
			       "usage.prompt_tokens_details.cached_tokens", NULL,
			       "usage.completion_tokens_details.reasoning_tokens", false },
	[WIRE_OPENAI_RESPONSES] = { "usage.input_tokens", "usage.output_tokens",
				    "usage.input_tokens_details.cached_tokens", NULL,
				    "usage.output_tokens_details.reasoning_tokens", false },
	[WIRE_ANTHROPIC] = { "usage.input_tokens", "usage.output_tokens",
			     "usage.cache_read_input_tokens", "usage.cache_creation_input_tokens",
			     NULL, true },
	[WIRE_GEMINI] = { "usageMetadata.promptTokenCount", "usageMetadata.candidatesTokenCount",
			  "usageMetadata.cachedContentTokenCount", NULL,
			  "usageMetadata.thoughtsTokenCount", false },
};

/* Of a stream. */
static const struct usage_paths stream_paths[WIRE_COUNT] = {
	[WIRE_OPENAI_RESPONSES] = { "response.usage.input_tokens", "response.usage.output_tokens",
				    "response.usage.input_tokens_details.cached_tokens", NULL,
				    "response.usage.output_tokens_details.reasoning_tokens",
				    false },
	[WIRE_ANTHROPIC] = { "message.usage.input_tokens", "message.usage.output_tokens",
			     "message.usage.cache_read_input_tokens",
			     "message.usage.cache_creation_input_tokens", NULL, true },
};

static bool usage_read(const struct usage_paths *p, const char *bytes, size_t len,
		       struct call_usage *usage)
{
	const char *paths[] = { p->input, p->output, p->cache_read, p->cache_write, p->reasoning };
	uint64_t *const to[] = { &usage->input, &usage->output, &usage->cache_read,
				 &usage->cache_write, &usage->reasoning };
	const char *asked[5];
	struct scan_value values[5];
	size_t place[5], count = 0, at, i;
	bool found = false, input = false;
	uint64_t number;

	for (i = 0; i < 5; i++) {
		if (!paths[i])
			continue;
		place[count] = i;
		asked[count++] = paths[i];
	}
	if (!count || scan_json(bytes, len, asked, count, values, &at))
		return false;
	for (i = 0; i < count; i++) {
		if (scan_uint(&values[i], &number))
			continue;
		*to[place[i]] = number;
		input |= place[i] == 0;
		found = true;
	}
	/* Once: what a later frame says of output alone adds nothing to input. */
	if (input && p->apart &&
	    __builtin_add_overflow(usage->input, usage->cache_read, &usage->input))
		usage->input = UINT64_MAX;
	if (input && p->apart &&
	    __builtin_add_overflow(usage->input, usage->cache_write, &usage->input))
		usage->input = UINT64_MAX;
	usage->given |= found;
	return found;
}

/* --- a whole answer --- */

static void answer_translate(struct call *k)
{
	struct wire_fault fault = { "" };
	struct call_answer answer;
	struct text body = { 0 };
	size_t i;
	int err;

	memset(&answer, 0, sizeof(answer));
	err = k->upstream_wire->answer_decode(
		&k->arena, k->answer.bytes, k->answer.len, &answer, &fault);
	for (i = 0; !err && i < answer.part_count; i++)
		err = sealed_put(&k->arena, k->seal, &answer.parts[i].sealed);
	if (!err) {
		k->usage = answer.usage;
		/* By the name that it was asked for. */
		answer.model = (struct call_string){ k->model, strlen(k->model) };
		if (!answer.created)
			answer.created = time(NULL);
		err = client_wire(k)->answer_encode(&answer, &body, &fault);
	}
	if (!err)
		call_cache_keep(k);
	if (err)
		call_refuse(k, CALL_WHY_BROKEN, "the provider's answer is none: %s", fault.text);
	else
		call_answer(k, 200, "application/json", body.bytes, body.len);
	text_release(&body);
}

/* Passed on as it is, if it is what it should be: what was compressed, or is a page, is not. */
static void answer_whole(struct call *k)
{
	static const char *const paths[] = { "", "error" };
	struct scan_value v[2];
	size_t at;

	if (!same_wire(k)) {
		answer_translate(k);
		return;
	}
	if (scan_json(k->answer.bytes, k->answer.len, paths, 2, v, &at) ||
	    v[0].kind != SCAN_OBJECT) {
		call_refuse(k, CALL_WHY_BROKEN, "the provider's answer is no JSON object");
		return;
	}
	usage_read(&usage_paths[k->endpoint.wire], k->answer.bytes, k->answer.len, &k->usage);
	/* Some say 200 and mean it not. */
	if (v[1].kind == SCAN_OBJECT || v[1].kind == SCAN_STRING) {
		k->why = CALL_WHY_PROVIDER;
		k->charged = k->usage.given;
	} else {
		call_cache_keep(k);
	}
	call_answer(k, k->head.status, "application/json", k->answer.bytes, k->answer.len);
}

void answer_again(struct call *k)
{
	k->cached = k->whole = true;
	k->head.status = 200;
	k->first_us = call_clock_us();
	answer_whole(k);
}

/* --- an error --- */

static void answer_error(struct call *k)
{
	struct call_error error;

	memset(&error, 0, sizeof(error));
	if (call_count_misses(k) || call_retry(k, RETRY_ANSWERED))
		return;
	k->why = CALL_WHY_PROVIDER;
	/* Its word is for whoever asks it again. */
	k->should_retry = !strcmp(k->head.should_retry, "true")	 ? "true" :
			  !strcmp(k->head.should_retry, "false") ? "false" :
								   NULL;
	/* Whose key it was is not the client's affair: it would take it for its own. */
	if (k->head.status == 401 || k->head.status == 403) {
		call_refuse(k, CALL_WHY_PROVIDER, "the provider refused the key that it was shown");
		return;
	}
	if (same_wire(k) && k->answer.len && !strcmp(k->head.type, "application/json")) {
		call_answer(k, k->head.status, "application/json", k->answer.bytes, k->answer.len);
		return;
	}
	if (k->upstream_wire->error_decode(
		    &k->arena, k->head.status, k->answer.bytes, k->answer.len, &error))
		call_refuse(k, CALL_WHY_PROVIDER, "the provider answered with status %d",
			    k->head.status);
	else
		call_fail(k, &error);
}

/* --- a stream --- */

/* Translated: each event of the provider's becomes pieces of the client's. */
static int event_came(const struct call_event *event, void *cookie)
{
	struct call *k = cookie;
	struct call_event own = *event;
	struct text pieces = { 0 };
	int err;

	if (event->kind == CALL_BEGIN || event->kind == CALL_PART_END)
		k->sealing = false;
	if (event->sealed.len && !k->sealing) {
		k->sealing = true;
		err = sealed_put(&k->arena, k->seal, &own.sealed);
		if (err)
			return err;
	}
	if (event->kind == CALL_BEGIN)
		own.model = (struct call_string){ k->model, strlen(k->model) };
	if (event->usage.given)
		k->usage = event->usage;
	if (!call_cut_allows(k, event->text.len))
		return -ECANCELED;
	if (event->kind == CALL_STOP)
		k->stopped = true;
	if (event->kind == CALL_ERROR) {
		k->why = CALL_WHY_PROVIDER;
		k->stopped = true;
	}
	err = client_wire(k)->encoder_event(k->encoder, &own, &pieces);
	if (!err)
		call_stream_put(k, &pieces);
	text_release(&pieces);
	return err;
}

static bool has(struct http_span s, const char *word)
{
	return memmem(s.at, s.len, word, strlen(word)) != NULL;
}

static void frame_usage(struct call *k, const struct sse_frame *f)
{
	if (!has(f->data, "\"usage"))
		return;
	if (stream_paths[k->endpoint.wire].input &&
	    usage_read(&stream_paths[k->endpoint.wire], f->data.at, f->data.len, &k->usage))
		return;
	usage_read(&usage_paths[k->endpoint.wire], f->data.at, f->data.len, &k->usage);
}

/* The chunk with usage that we asked for, and the client did not. */
static bool frame_is_ours(const struct call *k, const struct sse_frame *f)
{
	static const char *const paths[] = { "choices", "usage" };
	struct scan_value v[2];
	size_t at, i;

	if (!k->usage_asked || !has(f->data, "\"usage") ||
	    scan_json(f->data.at, f->data.len, paths, 2, v, &at) || v[0].kind != SCAN_ARRAY ||
	    v[1].kind != SCAN_OBJECT)
		return false;
	for (i = 1; i + 1 < v[0].len; i++)
		if (!strchr(" \t\r\n", v[0].at[i]))
			return false;
	return true;
}

/* Only what is whole may stand in an array: what is none would break it. */
static int item_check(const struct sse_frame *f)
{
	static const char *const path = "";
	struct scan_value v;
	size_t at;

	return scan_json(f->data.at, f->data.len, &path, 1, &v, &at) || v.kind != SCAN_OBJECT ?
		       -EBADMSG :
		       0;
}

/* What it says is counted; what the end needs of it is kept. */
static int frame_count(struct call *k, const struct wire_frame *f)
{
	struct tail_news news;

	tail_look(k->tail, f, &news);
	k->said_all |= news.ends;
	/* At its end there is nothing to be cut off any more; it counts all the same. */
	if (k->said_all)
		k->said += news.said;
	else if (!call_cut_allows(k, news.said))
		return -ECANCELED;
	if (!call_room_tail(k))
		tail_forget(k->tail);
	return tail_take(k->tail);
}

/* The same wire: as it came, line for line. */
static int frame_pass(struct call *k, const struct sse_frame *f, const struct wire_frame *frame)
{
	struct text pieces = { 0 };
	const char *at = f->data.at, *end = at + f->data.len, *line;
	int err;

	if (call_is_array(k) && item_check(f))
		return -EBADMSG;
	frame_usage(k, f);
	if (frame_is_ours(k, f))
		return 0;
	err = frame_count(k, frame);
	if (err)
		return err;
	if (f->event.len) {
		text_string(&pieces, "event: ");
		text_put(&pieces, f->event.at, f->event.len);
		text_string(&pieces, "\n");
	}
	for (;; at = line + 1) {
		line = memchr(at, '\n', (size_t)(end - at));
		text_string(&pieces, "data: ");
		text_put(&pieces, at, (size_t)((line ? line : end) - at));
		text_string(&pieces, "\n");
		if (!line)
			break;
	}
	text_string(&pieces, "\n");
	err = text_error(&pieces);
	if (!err)
		call_stream_put(k, &pieces);
	text_release(&pieces);
	return err;
}

static int frame_came(void *cookie, const struct sse_frame *f)
{
	const struct wire_frame frame = { { f->event.len ? f->event.at : NULL, f->event.len },
					  { f->data.at, f->data.len } };
	struct call *k = cookie;
	struct wire_fault fault = { "" };

	if (same_wire(k))
		return frame_pass(k, f, &frame);
	return k->upstream_wire->decoder_frame(k->decoder, &frame, &fault);
}

static int stream_begin(struct call *k)
{
	if (same_wire(k)) {
		k->tail = tail_create(k->endpoint.wire);
		if (!k->tail)
			return -ENOMEM;
	} else {
		k->decoder = k->upstream_wire->decoder_create(event_came, k);
		if (!k->encoder)
			k->encoder = client_wire(k)->encoder_create(&k->request);
		if (!k->decoder || !k->encoder)
			return -ENOMEM;
	}
	sse_init(&k->sse, frame_came, k);
	k->sse_begun = true;
	k->first_us = call_clock_us();
	call_stream_begin(k);
	return 0;
}

static void stream_end(struct call *k)
{
	struct wire_fault fault = { "" };
	int err = k->error;

	if (!err && sse_is_cut(&k->sse))
		err = -EBADMSG;
	if (!err && k->decoder)
		err = k->upstream_wire->decoder_finish(k->decoder, &fault);
	if (k->cut)
		call_cut_end(k);
	else if (err == -ENOMEM && !k->stopped)
		call_refuse(k, CALL_WHY_BUSY, "there is no memory for what the provider streams");
	else if (err && !k->stopped)
		call_refuse(k, CALL_WHY_BROKEN, "the provider's stream is broken");
	else
		call_stream_end(k);
}

/* --- what the exchange tells --- */

static bool is_stream(const struct call *k)
{
	return k->streams && k->head.status == 200 && !strcmp(k->head.type, "text/event-stream");
}

static void request_sent(void *cookie)
{
	call_times_sent(cookie);
	/* The provider has work meanwhile. */
	call_digest_begin(cookie);
}

static void head_came(const struct exchange_head *head, void *cookie)
{
	struct call *k = cookie;

	k->head = *head;
	breakers_answered(&k->pass, head->status, now_ms());
}

/*
 * Not with the head: what breaks before anything of the body came can be asked for once more, as
 * long as the client has nothing of it.
 */
static void answer_begin(struct call *k)
{
	if (k->answer_begun)
		return;
	k->answer_begun = true;
	call_times_first(k);
	if (is_stream(k) && stream_begin(k))
		k->error = -ENOMEM;
}

static void answer_too_large(struct call *k)
{
	call_refuse(k, CALL_WHY_BROKEN,
		    "the provider's answer is too large: more than %d bytes, "
		    "or than there is memory for",
		    LIMIT_CALL_BODY);
}

/* A frame may come in many pieces: it is memory until it is whole. */
static int stream_take(struct call *k, const void *bytes, size_t len)
{
	const struct sse *s = &k->sse;

	if (!call_room(k, &s->line, len) || !call_room(k, &s->data, s->line.len + len))
		return -ENOMEM;
	return sse_take(&k->sse, bytes, len);
}

static enum exchange_take data_came(const void *bytes, size_t len, void *cookie)
{
	struct call *k = cookie;

	/* Who takes nothing gets nothing more: the provider waits as well. */
	if (call_waiting(k) > LIMIT_CALL_WAITING)
		return EXCHANGE_WAIT;
	answer_begin(k);
	k->answered += len;
	call_times_work(k);
	if (!k->sse_begun) {
		if (call_room(k, &k->answer, len))
			text_put(&k->answer, bytes, len);
		else
			k->answer.failed = true;
		if (text_error(&k->answer))
			answer_too_large(k);
		else
			call_times_rest(k);
		return EXCHANGE_GO_ON;
	}
	if (!k->error)
		k->error = stream_take(k, bytes, len);
	/* There is no going on: what else the provider sends is not waited for. */
	if (k->error)
		stream_end(k);
	else
		call_times_rest(k);
	return EXCHANGE_GO_ON;
}

static enum call_why why_of(enum exchange_end how)
{
	switch (how) {
	case EXCHANGE_UNREACHABLE:
	case EXCHANGE_UNNAMED:
	case EXCHANGE_TLS:
		return CALL_WHY_UNREACHABLE;
	case EXCHANGE_SILENT:
	case EXCHANGE_LATE:
		return CALL_WHY_TIMEOUT;
	case EXCHANGE_FAILED:
		return CALL_WHY_BUSY;
	default:
		return CALL_WHY_BROKEN;
	}
}

/* The request did not come to the provider. */
static bool is_unconnected(enum exchange_end how)
{
	return how == EXCHANGE_UNREACHABLE || how == EXCHANGE_UNNAMED || how == EXCHANGE_TLS;
}

static enum retry_event event_of(enum exchange_end how)
{
	return is_unconnected(how)    ? RETRY_UNCONNECTED :
	       how == EXCHANGE_SILENT ? RETRY_TIMED_OUT :
					RETRY_BROKEN;
}

static const char *end_text(enum exchange_end how)
{
	switch (how) {
	case EXCHANGE_UNREACHABLE:
		return "the provider cannot be reached";
	case EXCHANGE_UNNAMED:
		return "the provider's name was not looked up in time";
	case EXCHANGE_TLS:
		return "the provider is not who it should be: TLS failed";
	case EXCHANGE_SILENT:
		return "the provider did not answer in time";
	case EXCHANGE_LATE:
		return "the provider's answer was not whole after all the time that a call has";
	case EXCHANGE_FAILED:
		return "the gateway is out of memory";
	default:
		return "the provider's answer ended too early";
	}
}

static void exchange_done(enum exchange_end how, void *cookie)
{
	struct call *k = cookie;

	k->exchange = NULL;
	breakers_ended(&k->pass, how, now_ms());
	if (!k->first_us)
		k->first_us = call_clock_us();
	if (how == EXCHANGE_WHOLE)
		answer_begin(k);
	call_times_over(k);
	call_times_work(k);
	k->whole = how == EXCHANGE_WHOLE;
	/* Nobody charges for what did not come to it. */
	if (is_unconnected(how))
		k->charged = false;
	if (!k->whole) {
		/* Where all time is over there is none for another attempt. */
		if (k->begun || how == EXCHANGE_LATE || !call_retry(k, event_of(how)))
			call_refuse(k, why_of(how), "%s", end_text(how));
		return;
	}
	if (k->sse_begun)
		stream_end(k);
	else if (k->head.status >= 200 && k->head.status < 300 && k->answer.len && !k->streams)
		answer_whole(k);
	else if (k->head.status >= 400)
		answer_error(k);
	else
		call_refuse(k, CALL_WHY_BROKEN, "the provider answered with status %d and no %s",
			    k->head.status, k->streams ? "stream" : "answer");
}

struct exchange_events answer_events(struct call *k)
{
	return (struct exchange_events){ .sent = request_sent,
					 .head = head_came,
					 .data = data_came,
					 .end = exchange_done,
					 .cookie = k };
}

void call_taken(struct call *k)
{
	if (k->exchange && call_waiting(k) <= LIMIT_CALL_WAITING / 2)
		exchange_resume(k->exchange);
}
