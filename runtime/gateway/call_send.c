// SPDX-License-Identifier: GPL-2.0-or-later
/* Asking providers: one candidate after the other, each as often as it makes sense. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>

#include "gateway/call.h"
#include "gateway/call_answer.h"
#include "llm/retry.h"
#include "llm/target.h"

static const struct route_candidate *candidate_of(const struct call *k)
{
	return &k->route.candidates[k->candidate];
}

static bool same_wire(const struct call *k)
{
	return k->upstream_wire == wire_of(k->endpoint.wire);
}

/* --- the body --- */

/* The request as it came, but for the model's name, and that usage is asked for. */
static int body_pass(struct call *k, struct iovec *parts, size_t *ret_count)
{
	const struct route_candidate *c = candidate_of(k);
	struct scan_edit edits[SCAN_EDITS];
	struct text name = { 0 };
	size_t count = 0, len;
	const char *json;
	int err;

	if (k->scan.model.kind == SCAN_STRING && strcmp(k->model, c->id)) {
		text_json(&name, c->id, strlen(c->id));
		json = text_error(&name) ? NULL : arena_copy(&k->arena, name.bytes, name.len);
		edits[count] = scan_replace(&k->scan.model, (struct call_string){ json, name.len });
		text_release(&name);
		if (!json)
			return -ENOMEM;
		count++;
	}
	if (k->streams && k->endpoint.wire == WIRE_OPENAI_CHAT &&
	    !provider_has(c->provider, PROVIDER_NO_STREAM_USAGE) &&
	    scan_ask_usage(&k->scan.whole, &k->scan.options, &k->scan.usage, &edits[count])) {
		k->usage_asked = true;
		count++;
	}
	err = call_count_model(k, edits, &count);
	if (err)
		return err;
	return scan_splice(k->body.bytes, k->body.len, edits, count, parts, ret_count, &len);
}

/* Once for each provider: what was kept for the one before is none of the next one's. */
static int seals_keep(struct call *k)
{
	const struct provider *p = candidate_of(k)->provider;
	int err;

	if (k->sealed_for == p)
		return 0;
	err = sealed_mark(p->name, k->seal);
	if (err)
		return err;
	sealed_keep(&k->request, k->sealed_for ? NULL : k->seal);
	k->sealed_for = p;
	return 0;
}

static bool has_system(const struct call_request *r)
{
	size_t i;

	for (i = 0; i < r->turn_count; i++)
		if (r->turns[i].role == CALL_SYSTEM)
			return true;
	return false;
}

static bool is_not_zero(struct call_number n)
{
	return n.given && n.value != 0;
}

/*
 * What the provider's row says that it does not take: hints are left out, and what would make
 * another answer is refused. -EOPNOTSUPP
 */
static int request_fit(const struct provider *p, struct call_request *r, struct wire_fault *fault)
{
	const bool forced = r->choice == CALL_CHOICE_REQUIRED || r->choice == CALL_CHOICE_NAMED;
	const struct {
		enum provider_quirk quirk;
		bool asked;
		const char *what;
	} refused[] = {
		{ PROVIDER_NO_TOOLS, r->tool_count, "tools" },
		{ PROVIDER_NO_TOOL_CHOICE, forced, "a choice of tools" },
		{ PROVIDER_ANY_CHOICE, r->choice == CALL_CHOICE_REQUIRED, "that a tool be called" },
		{ PROVIDER_NO_JSON, r->format != CALL_FORMAT_TEXT, "a format of the answer" },
		{ PROVIDER_NO_SCHEMA, r->format == CALL_FORMAT_SCHEMA, "a schema of the answer" },
		{ PROVIDER_NO_PENALTIES,
		  is_not_zero(r->presence_penalty) || is_not_zero(r->frequency_penalty),
		  "penalties" },
		{ PROVIDER_NO_SYSTEM, has_system(r), "instructions apart from the user's" },
	};
	size_t i;

	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (!refused[i].asked || !provider_has(p, refused[i].quirk))
			continue;
		snprintf(fault->text, sizeof(fault->text), "the provider %s does not take %s",
			 p->name, refused[i].what);
		return -EOPNOTSUPP;
	}
	if (provider_has(p, PROVIDER_NO_SEED) || provider_has(p, PROVIDER_RANDOM_SEED))
		r->seed.given = false;
	if (provider_has(p, PROVIDER_NO_EFFORT))
		r->effort = (struct call_string){ 0 };
	if (provider_has(p, PROVIDER_NO_USER))
		r->user = (struct call_string){ 0 };
	if (provider_has(p, PROVIDER_NO_PARALLEL_TOOLS))
		r->one_tool_call = false;
	return 0;
}

/* In another wire's words. */
static int body_translate(struct call *k, struct iovec *parts, size_t *ret_count,
			  struct wire_fault *fault)
{
	const struct route_candidate *c = candidate_of(k);
	struct call_request request;
	int err;

	if (!k->decoded) {
		err = wire_of(k->endpoint.wire)
			      ->request_decode(&k->arena, k->body.bytes, k->body.len,
					       (struct call_string){ k->endpoint.model,
								     strlen(k->endpoint.model) },
					       k->streams, &k->request, fault);
		if (err)
			return err;
		k->decoded = true;
	}
	err = seals_keep(k);
	if (err)
		return err;
	request = k->request;
	request.model = (struct call_string){ c->id, strlen(c->id) };
	request.stream = k->streams;
	request.max_tokens_only = !provider_has(c->provider, PROVIDER_MAX_COMPLETION_TOKENS);
	request.stream_usage = !provider_has(c->provider, PROVIDER_NO_STREAM_USAGE);
	err = request_fit(c->provider, &request, fault);
	if (err)
		return err;
	text_release(&k->sent);
	err = k->upstream_wire->request_encode(&request, &k->sent, fault);
	if (err)
		return err;
	parts[0] = (struct iovec){ k->sent.bytes, k->sent.len };
	*ret_count = 1;
	return 0;
}

/* --- its head --- */

static int lines_make(struct call *k, struct call_lines *l)
{
	const struct provider *p = candidate_of(k)->provider;
	const char *before = "", *name = provider_auth_header(p->auth, &before);
	/* In place: it does not grow. */
	struct text key = { .bytes = l->key, .room = sizeof(l->key), .limit = sizeof(l->key) };
	char *line;
	size_t i;

	l->count = 0;
	l->at[l->count++] = "Content-Type: application/json";
	l->at[l->count++] = "User-Agent: agentos-gateway/" AGENTOS_VERSION;
	if (name) {
		text_string(&key, name);
		text_put(&key, ": ", 2);
		text_string(&key, before);
		text_string(&key, k->key->key);
		text_put(&key, "", 1);
		if (text_error(&key))
			return -E2BIG;
		l->at[l->count++] = l->key;
	}
	for (i = 0; same_wire(k) && i < k->passed_count; i++)
		l->at[l->count++] = k->passed[i];
	for (i = 0; i < p->header_count; i++) {
		size_t have, len = strlen(p->headers[i].name);
		bool there = false;

		for (have = 0; have < l->count && !there; have++)
			there = !strncasecmp(l->at[have], p->headers[i].name, len) &&
				l->at[have][len] == ':';
		if (there)
			continue;
		line = arena_alloc(&k->arena, len + strlen(p->headers[i].value) + 3);
		if (!line)
			return -ENOMEM;
		sprintf(line, "%s: %s", p->headers[i].name, p->headers[i].value);
		l->at[l->count++] = line;
	}
	return 0;
}

static int url_make(struct call *k, struct text *url)
{
	const struct route_candidate *c = candidate_of(k);
	const struct base_url *u = &c->provider->url;
	const bool v6 = u->literal && strchr(u->host, ':');

	text_string(url, u->tls ? "https://" : "http://");
	text_string(url, v6 ? "[" : "");
	text_string(url, u->host);
	text_string(url, v6 ? "]:" : ":");
	text_number(url, u->port);
	return target_write(c->provider,
			    k->endpoint.kind == ENDPOINT_COUNT ? TARGET_COUNT :
			    k->endpoint.kind == ENDPOINT_EMBED ? TARGET_EMBED :
			    k->streams			       ? TARGET_STREAM :
								 TARGET_CALL,
			    c->id, url);
}

/* --- an attempt --- */

static int attempt_start(struct call *k, struct wire_fault *fault)
{
	const unsigned int second = 1000;
	const uint64_t now = now_ms();
	struct iovec parts[SCAN_PIECES(SCAN_EDITS)];
	struct exchange_request r = {
		.post = true,
		.parts = parts,
		.streamed = k->streams,
		.connect_ms = LIMIT_CALL_CONNECT_S * second,
		.answer_ms = LIMIT_CALL_ANSWER_S * second,
		.silence_ms = LIMIT_CALL_SILENCE_S * second,
		.total_ms = k->due_ms > now ? (unsigned int)(k->due_ms - now) : 1
	};
	struct exchange_events events;
	struct text url = { 0 };
	struct call_lines lines = { .count = 0 };
	int err;

	err = same_wire(k) ? body_pass(k, parts, &r.part_count) :
			     body_translate(k, parts, &r.part_count, fault);
	if (err && !fault->text[0])
		snprintf(fault->text, sizeof(fault->text),
			 "the model is named otherwise than by a text");
	if (!err && call_cache_answers(k, parts, r.part_count))
		err = -EALREADY;
	if (!err)
		err = lines_make(k, &lines);
	if (!err)
		err = url_make(k, &url);
	text_put(&url, "", 1);
	if (!err && text_error(&url))
		err = -ENOMEM;
	if (!err && candidate_of(k)->provider->auth == PROVIDER_SIGV4)
		err = call_sign(k, url.bytes, parts, r.part_count, &lines);
	if (!err && !breakers_take(k->gateway->breakers, candidate_of(k)->provider, now, &k->pass,
				   &k->rests_ms))
		err = -EHOSTDOWN;
	if (!err) {
		r.url = url.bytes;
		r.headers = lines.at;
		r.header_count = lines.count;
		events = answer_events(k);
		err = exchange_start(k->gateway->upstream, &r, &events, &k->exchange);
	}
	explicit_bzero(lines.key, sizeof(lines.key));
	text_release(&url);
	return err;
}

/* Held no longer than it is needed: no place is taken while a client reads. */
static void key_drop(struct call *k)
{
	keys_put(k->gateway->keys, k->key);
	k->key = NULL;
}

bool call_other(struct call *k)
{
	call_turn_over(k);
	call_settle(k);
	k->candidate++;
	k->attempts = 0;
	key_drop(k);
	if (call_reserve(k) != CALL_WHY_NONE)
		return false;
	call_times_rest(k);
	call_send(k);
	return true;
}

/* It is left alone for a while: another is asked, or the client comes again. */
static void candidate_rests(struct call *k)
{
	const char *name = candidate_of(k)->provider->name;

	if (k->candidate + 1 < k->route.count && call_other(k))
		return;
	k->retry_after_ms = k->rests_ms;
	call_refuse(k, CALL_WHY_UNREACHABLE,
		    "the provider %s failed too often, and is not asked for another %llu ms", name,
		    (unsigned long long)k->rests_ms);
}

static void call_attempt(struct call *k)
{
	const struct gateway_times *times = &k->gateway->options.times;
	struct wire_fault fault = { "" };
	int err;

	k->step = CALL_CALLS;
	if (!k->asked)
		k->due_ms = now_ms() + (k->streams ? times->stream : times->whole);
	k->asked = true;
	k->attempts++;
	answer_prepare(k);
	/* Its times are the exchange's; what the client takes is looked at when there is something. */
	connection_deadline(k->connection, times->idle);
	err = attempt_start(k, &fault);
	/* The exchange has a copy of the line with it: our own client wipes that, libcurl's is its own. */
	key_drop(k);
	k->charged = !err;
	if (!err) {
		call_times_ask(k);
		return;
	}
	breakers_cancel(&k->pass);
	if (err == -EALREADY)
		answer_again(k);
	else if (err == -EHOSTDOWN)
		candidate_rests(k);
	else if (err == -EBADMSG)
		call_refuse(k, CALL_WHY_MALFORMED, "%s", fault.text);
	else if (err == -EOPNOTSUPP)
		call_refuse(k, CALL_WHY_UNSAYABLE, "%s", fault.text);
	else if (err == -EKEYREJECTED)
		call_refuse(
			k, CALL_WHY_NO_KEY,
			"the key of %s is not ID:SECRET or ID:SECRET:TOKEN, as signing takes it",
			candidate_of(k)->provider->name);
	else
		call_refuse(k, CALL_WHY_BUSY, "the provider cannot be asked: %s", strerror(-err));
}

/* --- the key --- */

/* 0: there is one, or none is needed; -EAGAIN: agentosd is asked; or an error. */
static int key_get(struct call *k)
{
	const struct provider *p = candidate_of(k)->provider;
	int err;

	if (p->auth == PROVIDER_NONE)
		return 0;
	if (!k->key) {
		err = keys_get(k->gateway->keys, p->secret ? p->secret : p->name, p->url.host,
			       p->url.port, &k->key);
		if (err)
			return err;
	}
	return k->key->whole ? k->key->error : -EAGAIN;
}

static void key_refuse(struct call *k, int err)
{
	const struct provider *p = candidate_of(k)->provider;
	const char *secret = p->secret ? p->secret : p->name;

	switch (err) {
	case -EPERM:
		call_refuse(k, CALL_WHY_NO_KEY,
			    "the key \"%s\" is not bound to %s: `agentctl vault bind %s %s`",
			    secret, p->url.host, secret, p->url.host);
		break;
	case -ENOENT:
		call_refuse(k, CALL_WHY_NO_KEY,
			    "the vault has no key \"%s\": `agentctl vault set %s`", secret, secret);
		break;
	case -ENOKEY:
		call_refuse(k, CALL_WHY_NO_KEY,
			    "there is no vault that agentosd can open: `agentctl vault init`");
		break;
	default:
		call_refuse(k, CALL_WHY_NO_KEY, "the provider's key cannot be had: %s",
			    strerror(-err));
		break;
	}
}

void call_send(struct call *k)
{
	int err;

	/* Before the key is had: that is not kept while it waits. */
	if (!call_turn(k))
		return;
	k->step = CALL_KEY;
	/* OpenAI's two wires have the same embeddings. */
	k->upstream_wire = wire_of(k->endpoint.kind == ENDPOINT_EMBED ?
					   k->endpoint.wire :
					   candidate_of(k)->provider->wire);
	err = key_get(k);
	if (err && err != -EAGAIN)
		key_drop(k);
	if (err == -EAGAIN)
		connection_deadline(k->connection, k->gateway->options.times.decide);
	else if (err)
		key_refuse(k, err);
	else
		call_attempt(k);
}

/* --- what came of it --- */

static void pause_done(int result, void *cookie)
{
	call_send(cookie);
}

static uint64_t random_number(void)
{
	uint64_t number = 0;

	/* To spread attempts; without it they are not. */
	if (getrandom(&number, sizeof(number), GRND_NONBLOCK) < 0)
		number = 0;
	return number;
}

static struct retry_field field_of(const char *text)
{
	return text[0] ? (struct retry_field){ text, strlen(text) } : (struct retry_field){ 0 };
}

static uint64_t retry_left_ms(const struct call *k)
{
	const uint64_t now = now_ms(), until = k->began_us / 1000 + LIMIT_CALL_RETRY_S * 1000ULL,
		       end = until < k->due_ms ? until : k->due_ms;

	return now < end ? end - now : 0;
}

bool call_retry(struct call *k, enum retry_event event)
{
	const struct retry_outcome outcome = {
		.event = event,
		.status = k->head.status,
		.retry_after = field_of(k->head.retry_after),
		.retry_after_ms = field_of(k->head.retry_after_ms),
		.should_retry = field_of(k->head.should_retry),
		.sent = k->begun,
		.attempts = k->attempts,
		.more = k->candidate + 1 < k->route.count,
		.left_ms = retry_left_ms(k),
		.now = time(NULL),
		.random = random_number(),
	};
	const struct retry_decision decision = retry_decide(&retry_usual, &outcome);

	k->retry_after_ms = decision.asked_ms;
	switch (decision.verdict) {
	case RETRY_AGAIN:
		call_turn_over(k);
		/* What broke may have been charged: it counts, and the next one is another. */
		if (k->charged) {
			call_settle(k);
			if (call_reserve(k) != CALL_WHY_NONE)
				return false;
		}
		k->step = CALL_PAUSES;
		call_times_rest(k);
		k->pause = (struct loop_handle){ .done = pause_done, .cookie = k };
		return loop_timer(k->gateway->loop, &k->pause, decision.wait_ms) == 0;
	case RETRY_OTHER:
		return call_other(k);
	default:
		return false;
	}
}
