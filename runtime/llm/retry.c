// SPDX-License-Identifier: GPL-2.0-or-later
/* What is done when a provider did not answer a call. */
#include "llm/retry.h"

#include <string.h>

#include "http/date.h"

const struct retry_terms retry_usual = { .attempts = 3, .base_ms = 500, .cap_ms = 30000 };

/* A day: beyond it a number is no wait, and sums stay small. */
#define ASKED_MOST_MS 86400000

/* "12" or "0.5": thousandths of what it says, rounded up; false: no number. */
static bool number_read(struct retry_field field, uint64_t *ret_thousandths)
{
	uint64_t number = 0, scale = 0, part = 0;
	bool more = false;
	size_t i;

	for (i = 0; i < field.len && field.at[i] != '.'; i++) {
		if (field.at[i] < '0' || field.at[i] > '9')
			return false;
		if (number < ASKED_MOST_MS)
			number = number * 10 + (uint64_t)(field.at[i] - '0');
	}
	if (!i || i + 1 == field.len)
		return false;
	for (scale = 100, i++; i < field.len; i++, scale /= 10) {
		if (field.at[i] < '0' || field.at[i] > '9')
			return false;
		part += (uint64_t)(field.at[i] - '0') * scale;
		more = more || (!scale && field.at[i] != '0');
	}
	*ret_thousandths = number * 1000 + part + more;
	return true;
}

bool retry_asked(const struct retry_outcome *o, uint64_t *ret_ms)
{
	int64_t date;
	uint64_t ms;

	if (o->retry_after_ms.at && number_read(o->retry_after_ms, &ms)) {
		ms = (ms + 999) / 1000;
	} else if (!o->retry_after.at) {
		return false;
	} else if (!number_read(o->retry_after, &ms)) {
		if (http_date_parse(o->retry_after.at, o->retry_after.len, o->now, &date))
			return false;
		ms = date <= o->now			  ? 0 :
		     date - o->now > ASKED_MOST_MS / 1000 ? ASKED_MOST_MS :
							    (uint64_t)(date - o->now) * 1000;
	}
	*ret_ms = ms < ASKED_MOST_MS ? ms : ASKED_MOST_MS;
	return true;
}

static bool field_is(struct retry_field field, const char *text)
{
	return field.at && field.len == strlen(text) && !memcmp(field.at, text, field.len);
}

/* What it is about, before attempts and time are looked at. */
static enum retry_verdict status_verdict(int status, const char **ret_why)
{
	switch (status) {
	case 408:
	case 409:
	case 429:
	case 500:
	case 502:
	case 503:
	case 504:
	case 529:
		*ret_why = "the provider may answer later";
		return RETRY_AGAIN;
	case 401:
	case 402:
	case 403:
	case 404:
		*ret_why = "this provider will not answer it";
		return RETRY_OTHER;
	default:
		*ret_why = status >= 200 && status < 300 ? "answered" :
			   status >= 400 && status < 500 ? "the request is refused" :
							   "no answer that can be gone on with";
		return status >= 200 && status < 500 ? RETRY_STOP : RETRY_OTHER;
	}
}

static enum retry_verdict event_verdict(const struct retry_outcome *o, const char **ret_why)
{
	switch (o->event) {
	case RETRY_UNCONNECTED:
		*ret_why = "no connection to the provider";
		return RETRY_AGAIN;
	case RETRY_BROKEN:
		*ret_why = "the connection broke";
		return RETRY_AGAIN;
	case RETRY_TIMED_OUT:
		*ret_why = "the provider took too long";
		return RETRY_OTHER;
	default:
		break;
	}
	if (o->status >= 400 && field_is(o->should_retry, "true")) {
		*ret_why = "the provider says to try again";
		return RETRY_AGAIN;
	}
	if (o->status >= 400 && field_is(o->should_retry, "false") &&
	    status_verdict(o->status, ret_why) == RETRY_AGAIN) {
		*ret_why = "the provider says not to try again";
		return RETRY_OTHER;
	}
	return status_verdict(o->status, ret_why);
}

/* A number below n, of the caller's randomness. */
static uint64_t below(uint64_t random, uint64_t n)
{
	return n ? (uint64_t)(((unsigned __int128)random * n) >> 64) : 0;
}

static uint64_t backoff(const struct retry_terms *terms, const struct retry_outcome *o)
{
	unsigned int doubled = o->attempts > 1 ? o->attempts - 1 : 0;
	uint64_t ms = doubled < 32 ? (uint64_t)terms->base_ms << doubled : terms->cap_ms;

	if (ms > terms->cap_ms)
		ms = terms->cap_ms;
	return ms - ms / 2 + below(o->random, ms / 2 + 1);
}

struct retry_decision retry_decide(const struct retry_terms *terms, const struct retry_outcome *o)
{
	unsigned int attempts = terms->attempts ? terms->attempts : 1;
	struct retry_decision d = { .verdict = RETRY_STOP };
	uint64_t asked = 0, wait;
	bool is_asked;

	if (o->sent) {
		d.why = "a part of the answer went out already";
		return d;
	}
	d.verdict = event_verdict(o, &d.why);
	if (d.verdict == RETRY_STOP)
		return d;
	is_asked = o->event == RETRY_ANSWERED && retry_asked(o, &asked);
	wait = is_asked ? asked + below(o->random, (uint64_t)terms->base_ms + 1) :
			  backoff(terms, o);
	if (d.verdict == RETRY_AGAIN && o->attempts < attempts && asked <= terms->cap_ms &&
	    wait < o->left_ms && wait <= UINT32_MAX) {
		d.wait_ms = (uint32_t)wait;
		return d;
	}
	d.verdict = o->more && o->left_ms ? RETRY_OTHER : RETRY_STOP;
	d.asked_ms = d.verdict == RETRY_STOP ? asked : 0;
	return d;
}
