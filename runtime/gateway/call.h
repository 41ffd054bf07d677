/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the gateway: a model call, from an agent's request to what it cost. */
#ifndef AGENTOS_GATEWAY_CALL_H
#define AGENTOS_GATEWAY_CALL_H

#include "base/arena.h"
#include "base/text.h"
#include "gateway/agents.h"
#include "gateway/breakers.h"
#include "gateway/endpoint.h"
#include "gateway/keys.h"
#include "gateway/state.h"
#include "gateway/turns.h"
#include "gateway/upstream.h"
#include "http/chunked.h"
#include "http/sse.h"
#include "llm/cache.h"
#include "llm/reach.h"
#include "llm/route.h"
#include "llm/scan.h"
#include "llm/sealed.h"
#include "llm/tail.h"
#include "rpc/call_why.h"

enum call_step {
	CALL_READS,  /* its body is awaited */
	CALL_ASKS,   /* agentosd's answers: the policy's rules, the agent */
	CALL_KEY,    /* likewise: the provider's key */
	CALL_WAITS,  /* for its turn at the provider */
	CALL_PAUSES, /* before a provider is asked again */
	CALL_CALLS,  /* a provider is asked, and answers */
	CALL_ENDS,   /* the last bytes to the client are written */
	CALL_SKIPS,  /* those are written; what comes is dropped until the client goes */
};

/* What a few members of the request's body say, without a tree. */
struct call_scan {
	struct scan_value whole, model, options, usage;
};

/* What it takes, and where: moments and sums in microseconds. */
struct call_times {
	uint64_t ready;	  /* its body is whole */
	uint64_t waits;	  /* for its turn, since then; 0: it does not */
	uint64_t waited;  /* before a provider was asked at all */
	uint64_t asked;	  /* a provider is, since then; 0: none is */
	uint64_t sent;	  /* on a connection; 0: not yet */
	uint64_t working; /* on what the provider said, since then; 0: not now */
	uint64_t own, queue, upstream, first; /* as struct gate_called has them */
	unsigned int attempts;		      /* of all candidates */
};

struct call {
	struct connection *connection;
	struct gateway *gateway;
	enum call_step step;
	struct arena arena; /* the request's: what its head said, and what it is decoded to */

	/* As it was asked. */
	struct endpoint endpoint;
	const char *token; /* none: empty */
	const char *
		passed[LIMIT_CALL_PASSED]; /* header lines that go to a provider of the same wire */
	size_t passed_count;
	bool keep_alive, http11, chunked, expect;
	uint64_t left; /* of the body, when not chunked */
	struct http_chunked chunks;
	struct text body;
	struct call_scan scan;
	struct reach reach;
	struct call_request request; /* decoded, where the provider's wire is another */
	bool decoded;
	char model[LIMIT_MODEL_NAME + 1];
	bool streams;
	uint64_t max_tokens;
	bool max_by_new_name; /* as max_completion_tokens alone, which not all know */

	/* Who asks, and what it may. */
	struct policies_entry *rules;
	struct agents_entry *agent;
	uint32_t rule;
	uint64_t held_tokens, held_money; /* reserved, and not settled */
	uint64_t held_answer;		  /* of the tokens: for the answer */
	uint64_t wanted;		  /* that was too much to be reserved */
	struct call_usage counted;	  /* of all attempts that are settled */
	uint64_t cost;			  /* likewise, microdollars */

	/* Who is asked. */
	struct route route;
	size_t candidate;
	unsigned int attempts; /* of this candidate */
	bool asked;	       /* it has come to a candidate */
	uint64_t due_ms;       /* when all that is to be over, once it has */
	const struct wire *upstream_wire;
	struct keys_entry *key;
	const struct provider *sealed_for; /* whose seals are in `request`, with this mark */
	char seal[SEALED_MARK];
	bool sealing;	  /* of the streamed part a piece of the seal has come */
	struct text sent; /* the body as the provider gets it, unless it goes as it came */
	struct cache_key cache_key;
	bool keeps;  /* its answer may be kept, by that key */
	bool cached; /* it was */
	struct exchange *exchange;
	struct turn turn;	   /* at the provider, where its calls wait for one */
	struct breakers_pass pass; /* of the attempt, until its outcome is told */
	uint64_t rests_ms;	   /* for which the provider is not asked */
	struct exchange_head head;
	struct loop_handle pause;

	/* The answer. */
	struct text answer; /* as it comes, unless it is a stream */
	struct sse sse;
	bool sse_begun;
	bool answer_begun; /* some of its body has come, or its end */
	struct wire_decoder *decoder;
	struct wire_encoder *encoder;
	int error;	   /* of the stream: why it is broken */
	bool stopped;	   /* its last event has come */
	bool usage_asked;  /* of it, by us and not by the client */
	struct tail *tail; /* of a stream that is passed on as it comes */
	/* Of this attempt. */
	struct call_usage usage;
	uint64_t answered;	    /* bytes of the answer that came from the provider */
	uint64_t said;		    /* of them, what a stream says in text */
	uint64_t fits, fits_behind; /* tokens of answer and prompt, what is reserved suffices for */
	bool scarce;		    /* LIMIT_CALL_MORE was too much to be reserved */
	bool said_all;		    /* it has said why it ends */
	bool cut;		    /* the stream is ended by us, at the end of a budget */
	bool counted_up;	    /* its usage is what is settled */
	bool charged;		    /* the provider has the request, and may charge for it */
	bool whole;		    /* its answer has come to an end */
	bool estimated;		    /* it is a count of tokens that is ours, which is told */
	uint64_t retry_after_ms;    /* for the client; 0: not told */
	const char *should_retry;   /* "true" or "false", likewise; NULL: not told */
	bool begun;		    /* the head has gone to the client */
	bool chunks_out;	    /* its body goes in chunks */
	bool some;		    /* of a stream that is a JSON array: an item is out */
	struct text out;	    /* to be written to the client, from `taken` on */
	size_t taken;
	bool writes; /* a piece of it is being written, from the connection's buffer */

	/* What came of it. */
	uint64_t began_us, first_us;
	struct call_times times;
	enum call_why why;
	uint64_t other; /* TOKEN_OTHERS */
	int status;
	bool audit_only;
	void *digest;	   /* EVP_MD_CTX of what goes to the client */
	bool undigested;   /* there was no memory for that */
	void *body_digest; /* likewise of its body, of which so much is in it */
	size_t body_digested;
	struct loop_idle digests; /* while nothing else is to be done */
	uint8_t request_digest[GATE_DIGEST];
	bool digested; /* it is there */
	bool told;
};

/* --- call.c: its life --- */

/* The connection's client has sent this head, of size bytes, to an origin. Takes over. */
void call_begin(struct connection *c, const struct http_head *head, size_t size);
/* Settles, tells, and frees it; the connection stays. NULL is allowed. */
void call_end(struct call *k);
/* Bytes that are sure to come as a part of its body: nothing else is behind so many. */
size_t call_wants(const struct call *k);
/* Bytes came from the client, or its end (0), or an error. */
void call_read_done(struct connection *c, int result);
/* Bytes went to it. */
void call_write_done(struct connection *c, int result);
/* The client sends no more, or has gone; result: what a poll says. */
void call_hung_up(int result, void *cookie);
/* The deadline has passed. */
void call_expire(struct connection *c);
/* agentosd has answered something: those who wait look whether it was theirs. */
void call_wake(struct gateway *g);

/* May that text of it grow by so much? Not beyond what all calls, and the agent's, may have. */
bool call_room(const struct call *k, const struct text *t, size_t more);
/* Likewise, what its tail would keep of the frame that it has looked at. */
bool call_room_tail(const struct call *k);

/* --- call_decide.c: whether it may, and who is asked --- */

/* The body is there, or agentosd has answered. */
void call_decide(struct call *k);

/* --- call_body.c: what is asked for --- */

/* True: it may go on. */
bool call_body_checks(struct call *k);

/* --- call_count.c: tokens of a prompt, and embeddings: what is asked for beside answers --- */

/* Asks the provider if it counts in the client's words, else answers with an estimate. */
void call_count(struct call *k);
/* The provider answered that it cannot: an estimate is given. False: it did not. */
bool call_count_misses(struct call *k);
/* Leaves those who are asked for embeddings. False: there are none, and the client is told. */
bool call_embeds(struct call *k);
/* Where the body names the model again, as Gemini's may; -EBADMSG: not as text, or twice. */
int call_count_model(struct call *k, struct scan_edit *edits, size_t *count);

/* --- call_digest.c: what records say of its body and its answer, without their content --- */

/* The body's is made when nobody waits for us, from now on. */
void call_digest_begin(struct call *k);
/* It is needed now: what is left of it. Of a body that did not come whole there is none. */
void call_digest_end(struct call *k);
/* Bytes that go to the client. Without memory there is no digest of the answer. */
void call_digest_answer(struct call *k, const void *bytes, size_t len);
void call_digest_release(struct call *k);
/* What it keeps of them: no call is left. */
void call_digests_free(struct gateway *g);

/* --- call_turn.c: its turn at a provider that takes few calls at once --- */

/* True: it has its turn, or needs none. Else call_send() follows when it comes, or the client is told. */
bool call_turn(struct call *k);
/* It needs it no more. */
void call_turn_over(struct call *k);

/* --- call_times.c: what a call takes, and where --- */

uint64_t call_clock_us(void);
/* A provider is asked; the request goes out; the first byte came; it is over, or given up. */
/* It waits for its turn until call_times_come(); nothing if it does not. */
void call_times_wait(struct call *k);
void call_times_come(struct call *k);
void call_times_ask(struct call *k);
void call_times_sent(struct call *k);
void call_times_first(struct call *k);
void call_times_over(struct call *k);
/* We have something to do for it, and have done it; each may be said again. */
void call_times_work(struct call *k);
void call_times_rest(struct call *k);

/* --- call_send.c: asking providers --- */

void call_send(struct call *k);
/* Asks the next candidate, where it may cost another amount. False: more than may be spent. */
bool call_other(struct call *k);
/* What is waiting to be taken by the client has become less. */
void call_taken(struct call *k);

/* --- call_sign.c: requests that are signed --- */

/* Header lines to a provider; the one with the key, or with a session's, is zeroed behind the request. */
struct call_lines {
	const char *at[LIMIT_HEADERS + LIMIT_CALL_PASSED + 6];
	size_t count;
	char key[LIMIT_CALL_KEY_LINE];
};

/*
 * Adds the lines of a signature (sigv4.h) over this body and what is requested with it. url: as
 * it is asked for, its port always in it. -EKEYREJECTED: the key is not ID:SECRET or
 * ID:SECRET:TOKEN; -E2BIG; -EIO: libcrypto would not; -ENOMEM
 */
int call_sign(struct call *k, const char *url, const struct iovec *body, size_t count,
	      struct call_lines *lines);

/* --- call_cache.c: answers that are given again --- */

/*
 * What is to be sent: is its answer kept? Then it is in `answer`. Else it is kept when it
 * comes, where the provider's row says so, what was asked for is the same answer each time
 * (temperature 0, nothing that the provider keeps), and it is no stream.
 */
bool call_cache_answers(struct call *k, const struct iovec *body, size_t count);
/* The provider's whole answer is in `answer`, and is no error. */
void call_cache_keep(struct call *k);

/* --- call_reply.c: what goes to the client --- */

/* An error in its wire. message: one line. Before anything was sent, or within its stream. */
void call_refuse(struct call *k, enum call_why why, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* What a provider answered with: an error, which is passed on in the client's wire. */
void call_fail(struct call *k, const struct call_error *error);
/*
 * A whole answer; and a stream, piece by piece: frames of server-sent events, which whoever asked
 * Gemini's wire without alt=sse gets as the items of one JSON array.
 */
void call_answer(struct call *k, int status, const char *type, const char *bytes, size_t len);
void call_stream_begin(struct call *k);
void call_stream_put(struct call *k, const struct text *pieces);
void call_stream_end(struct call *k);
/* Says nothing, so that who has closed the connection shows it by a reset. */
void call_probe(struct call *k);
/* Does its stream go out as a JSON array? */
bool call_is_array(const struct call *k);
/* Bytes that wait for the client. */
size_t call_waiting(const struct call *k);
/* Goes on writing what there is. */
void call_flush(struct call *k);

/* --- call_budget.c: what it may cost, and has --- */

/* CALL_WHY_NONE, or what there is not enough of. Nothing is, for counting tokens. */
enum call_why call_reserve(struct call *k);
/*
 * One line of why there is not enough: what the call may take, what is left of how much, and when
 * the budget begins anew; in k->retry_after_ms as well. why: BUDGET_TOKENS or BUDGET_MONEY.
 */
#define CALL_BUDGET_TEXT 384
void call_budget_say(struct call *k, enum call_why why, char text[CALL_BUDGET_TEXT]);
/* Of a text of so many bytes, where nobody says: one for each LIMIT_CALL_TOKEN_BYTES, rounded up. */
uint64_t call_tokens_of(uint64_t bytes);
/*
 * A stream has said k->said bytes by now: reserves more where that is beyond what is reserved.
 * CALL_WHY_NONE, or CALL_WHY_CUT, CALL_WHY_CUT_MONEY: the budget that has no more.
 */
enum call_why call_reserve_more(struct call *k);
/* The attempt is over: what it has used, or may have, is in k->usage from now on. */
void call_count_up(struct call *k);
/* Gives back what was reserved, and counts what the attempt has used, or may have. */
void call_settle(struct call *k);

/* --- call_cut.c: streams that come to the end of a budget --- */

/* So many more bytes of text are to go to the client. False: the stream is to be cut before them. */
bool call_cut_allows(struct call *k, uint64_t said);
/* Ends the stream that is to be cut, as an answer that has reached its bound. */
void call_cut_end(struct call *k);

#endif
