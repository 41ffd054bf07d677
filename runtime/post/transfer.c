// SPDX-License-Identifier: GPL-2.0-or-later
/* One body after the other to one URL, until the server takes it. */
#include "post/transfer.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/escape.h"

#define FIRST_WAIT_MS 1000
#define WAIT_MS_MAX   32000
#define RETRY_S_MAX   3600 /* of what a server may ask for */

struct transfer {
	CURL *curl;
	struct curl_slist *headers;
	const struct posting_settings *settings;
	char answer[POSTING_ANSWER + 1];
	size_t len;
	char error[CURL_ERROR_SIZE];
};

/* What is beyond the room is dropped: the beginning tells enough. */
static size_t answer_take(char *bytes, size_t size, size_t count, void *cookie)
{
	struct transfer *t = cookie;
	size_t len = size * count, room = POSTING_ANSWER - t->len;

	memcpy(t->answer + t->len, bytes, len < room ? len : room);
	t->len += len < room ? len : room;
	t->answer[t->len] = '\0';
	return len;
}

static int headers_make(struct transfer *t)
{
	struct curl_slist *more;
	size_t i;

	/* curl would wait for leave to send what is longer. */
	t->headers = curl_slist_append(NULL, "Expect:");
	for (i = 0; t->headers && i < t->settings->header_count; i++) {
		more = curl_slist_append(t->headers, t->settings->headers[i]);
		if (!more)
			return -ENOMEM;
		t->headers = more;
	}
	return t->headers ? 0 : -ENOMEM;
}

static bool url_is_sound(const char *text)
{
	CURLU *url = curl_url();
	bool sound = url && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK;
	char *scheme = NULL;

	if (sound && curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
		sound = false;
	sound = sound && (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
	curl_free(scheme);
	curl_url_cleanup(url);
	return sound;
}

int transfer_create(const struct posting_settings *settings, struct transfer **ret_transfer,
		    struct fault *f)
{
	struct transfer *t = calloc(1, sizeof(*t));

	if (!t)
		return fault_set(f, ENOMEM, "not enough memory");
	t->settings = settings;
	if (!url_is_sound(settings->url)) {
		transfer_free(t);
		return fault_set(f, EINVAL, "the endpoint is no http or https URL");
	}
	t->curl = curl_easy_init();
	if (!t->curl || headers_make(t) != 0) {
		transfer_free(t);
		return fault_set(f, ENOMEM, "not enough memory");
	}
	curl_easy_setopt(t->curl, CURLOPT_URL, settings->url);
	curl_easy_setopt(t->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(t->curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(t->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(t->curl, CURLOPT_USERAGENT, "agentos-post/" AGENTOS_VERSION);
	curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, t->headers);
	curl_easy_setopt(t->curl, CURLOPT_WRITEFUNCTION, answer_take);
	curl_easy_setopt(t->curl, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(t->curl, CURLOPT_ERRORBUFFER, t->error);
	if (settings->ca)
		curl_easy_setopt(t->curl, CURLOPT_CAINFO, settings->ca);
	if (settings->timeout_ms)
		curl_easy_setopt(t->curl, CURLOPT_TIMEOUT_MS, (long)settings->timeout_ms);
	*ret_transfer = t;
	return 0;
}

void transfer_free(struct transfer *t)
{
	if (!t)
		return;
	if (t->curl)
		curl_easy_cleanup(t->curl);
	curl_slist_free_all(t->headers);
	free(t);
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Seconds, or a date; -1: the server does not say, or not so that it can be read. */
static int64_t retry_after_ms(struct transfer *t)
{
	struct curl_header *header;
	int64_t seconds;
	time_t date;
	char *end;

	if (curl_easy_header(t->curl, "Retry-After", 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
		return -1;
	errno = 0;
	seconds = strtoll(header->value, &end, 10);
	if (errno || *end || end == header->value) {
		date = curl_getdate(header->value, NULL);
		if (date < 0)
			return -1;
		seconds = date - time(NULL);
	}
	if (seconds < 0)
		seconds = 0;
	return (seconds > RETRY_S_MAX ? RETRY_S_MAX : seconds) * 1000;
}

/* Doubled each time; by chance less, so that many who were refused do not come again at once. */
static int64_t backoff_ms(unsigned int tries)
{
	int64_t wait = tries > 5 ? WAIT_MS_MAX : FIRST_WAIT_MS << tries;
	uint16_t chance = 0;

	if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) != sizeof(chance))
		chance = 0;
	return wait - wait / 2 * chance / UINT16_MAX;
}

/* The first line of what the server says. */
static void answer_describe(const struct transfer *t, long status, struct fault *f)
{
	char shown[ESCAPE_TEXT_MAX(200) + 1];
	size_t len = strcspn(t->answer, "\r\n");

	escape_text(shown, sizeof(shown), t->answer, len < 200 ? len : 200);
	fault_write(f, "the server answers %ld%s%s", status, *shown ? ": " : "", shown);
}

/* What is wrong with the other side may be right later. */
static bool is_lasting(CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_PARTIAL_FILE:
	case CURLE_WRITE_ERROR:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_WEIRD_SERVER_REPLY:
		return false;
	default:
		return true;
	}
}

/* One try. 0; -EPROTO or -EAGAIN with f, and the server's wish for when, or -1. */
static int post_once(struct transfer *t, const char *body, size_t len, int64_t *ret_wait_ms,
		     struct fault *f)
{
	char shown[ESCAPE_TEXT_MAX(CURL_ERROR_SIZE) + 1];
	const char *why;
	long status = 0;
	CURLcode code;

	t->len = 0;
	t->answer[0] = t->error[0] = '\0';
	curl_easy_setopt(t->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
	curl_easy_setopt(t->curl, CURLOPT_POSTFIELDS, body);
	code = curl_easy_perform(t->curl);
	*ret_wait_ms = -1;
	if (code != CURLE_OK) {
		why = t->error[0] ? t->error : curl_easy_strerror(code);
		escape_text(shown, sizeof(shown), why, strlen(why));
		return fault_set(f, is_lasting(code) ? EPROTO : EAGAIN, "%s", shown);
	}
	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status >= 200 && status < 300)
		return 0;
	answer_describe(t, status, f);
	if (status != 429 && status != 502 && status != 503 && status != 504)
		return -EPROTO;
	*ret_wait_ms = retry_after_ms(t);
	return -EAGAIN;
}

int transfer_post(struct transfer *t, const char *body, size_t len,
		  bool (*hangup)(void *cookie, int wait_ms), void *cookie, const char **ret_answer,
		  size_t *ret_len, struct fault *f)
{
	uint64_t begin = now_ms(), most = t->settings->give_up_s * 1000;
	unsigned int tries;
	struct fault why;
	int64_t wait;
	int rc;

	for (tries = 0;; tries++) {
		rc = post_once(t, body, len, &wait, &why);
		if (rc == 0)
			break;
		if (rc != -EAGAIN)
			return fault_set(f, -rc, "%s", why.text);
		if (wait < 0)
			wait = backoff_ms(tries);
		if (most && now_ms() - begin + (uint64_t)wait > most)
			return fault_set(f, ETIMEDOUT, "given up after %u tries: %s", tries + 1,
					 why.text);
		if (hangup(cookie, (int)wait))
			return fault_set(f, ECANCELED, "nobody waits for it any more");
	}
	*ret_answer = t->answer;
	*ret_len = t->len;
	return 0;
}
