// SPDX-License-Identifier: GPL-2.0-or-later
/* The gateway's start and end, step by step. */
#include "gateway/gateway.h"

#include <errno.h>
#include <jansson.h>
#include <malloc.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/allowance.h"
#include "gateway/call.h"
#include "gateway/config.h"
#include "gateway/harden.h"
#include "llm/catalog.h"

void gateway_say(const char *fmt, ...)
{
	va_list ap;

	fputs("agentos-gateway: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

struct gateway_times gateway_times_usual(void)
{
	return (struct gateway_times){
		.head = LIMIT_GATE_HEAD_S * 1000,
		.decide = LIMIT_GATE_DECIDE_S * 1000,
		.connect = LIMIT_GATE_CONNECT_S * 1000,
		.hello = LIMIT_GATE_HELLO_S * 1000,
		.idle = LIMIT_GATE_IDLE_S * 1000,
		.linger = LIMIT_GATE_LINGER_S * 1000,
		.turn = LIMIT_CALL_TURN_S * 1000,
		.whole = LIMIT_CALL_WHOLE_S * 1000,
		.stream = LIMIT_CALL_STREAM_S * 1000,
	};
}

static void gateway_start(const struct gate_start *start, const int *listeners, int device,
			  void *cookie)
{
	struct gateway *g = cookie;

	memcpy(g->token_key, start->token_key, sizeof(g->token_key));
	g->device = device;
	front_open(g, listeners);
	wire_ready(g->wire);
}

static void gateway_rules(const struct gate_rules *rules, void *cookie)
{
	struct gateway *g = cookie;
	struct connection *c, *next;
	bool whole;
	int err = policies_answer(g->policies, rules, &whole);

	if (err) {
		gateway_say("agentosd sent rules that cannot be: %s", strerror(-err));
		g->error = err;
		loop_stop(g->loop);
		return;
	}
	if (!whole)
		return;
	call_wake(g);
	for (c = g->connections; c; c = next) {
		next = c->next;
		if (c->state == STATE_RULES && c->rules->whole)
			request_decide(c);
	}
}

static void gateway_nonsense(struct gateway *g, int err)
{
	gateway_say("agentosd answered what nobody asked: %s", strerror(-err));
	g->error = err;
	loop_stop(g->loop);
}

static void gateway_agent(const struct gate_agent *agent, int fd, void *cookie)
{
	struct gateway *g = cookie;
	int err = agents_answer(g->agents, agent, fd);

	if (err)
		gateway_nonsense(g, err);
	else
		call_wake(g);
}

static void gateway_key(const struct gate_key *key, void *cookie)
{
	struct gateway *g = cookie;
	int err = keys_answer(g->keys, key);

	if (err == -EBADMSG)
		gateway_nonsense(g, err);
	else
		call_wake(g);
}

static void gateway_keys_gone(void *cookie)
{
	struct gateway *g = cookie;

	keys_gone(g->keys);
}

static void gateway_room(void *cookie)
{
	front_resume(cookie);
}

static void gateway_ended(int err, void *cookie)
{
	struct gateway *g = cookie;

	if (err)
		gateway_say("lost agentosd: %s", strerror(-err));
	g->error = err;
	loop_stop(g->loop);
}

static void gateway_signal(int result, void *cookie)
{
	struct gateway *g = cookie;

	if (result < 0)
		g->error = result;
	loop_stop(g->loop);
}

static int gateway_loop_open(struct gateway *g, struct fault *f)
{
	const char *note;
	int err = loop_open(&g->loop, &note);

	if (err)
		return fault_set(f, -err,
				 "no usable io_uring: %s (is kernel.io_uring_disabled set?)",
				 strerror(-err));
	if (note)
		gateway_say("%s", note);
	loop_spin(g->loop, LIMIT_GATE_SPIN_US);
	return 0;
}

static int gateway_signals_open(struct gateway *g)
{
	sigset_t set;

	/* Before there are threads, so that none of them takes the signal. */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	g->signals = (struct loop_handle){ .done = gateway_signal, .cookie = g };
	return loop_signals(g->loop, &g->signals, &set);
}

static int gateway_fd_check(struct fault *f)
{
	int type = 0;
	socklen_t len = sizeof(type);

	if (getsockopt(GATE_FD, SOL_SOCKET, SO_TYPE, &type, &len) < 0 || type != SOCK_SEQPACKET)
		return fault_set(f, EBADF,
				 "descriptor %d is no socket of agentosd, which starts this",
				 GATE_FD);
	return 0;
}

/*
 * A call's body, given back to the kernel behind each call, is had again page by page with the
 * next one: that took longer than all that is done with it.
 */
static void memory_keep(void)
{
	mallopt(M_MMAP_THRESHOLD, LIMIT_GATE_KEPT);
	mallopt(M_TRIM_THRESHOLD, LIMIT_GATE_KEPT);
}

static int gateway_open(struct gateway *g, struct fault *f)
{
	const struct wire_events events = {
		.start = gateway_start,
		.agent = gateway_agent,
		.key = gateway_key,
		.keys_gone = gateway_keys_gone,
		.rules = gateway_rules,
		.room = gateway_room,
		.ended = gateway_ended,
		.cookie = g
	};
	int err = harden(f);

	memory_keep();
	/* It would open and read a file for that with the first object, on the loop. */
	json_object_seed(0);
	if (!err)
		err = gateway_fd_check(f);
	if (!err)
		err = config_load(g->options.catalog, &g->catalog, f);
	if (!err)
		err = gateway_loop_open(g, f);
	if (err)
		return err;
	err = gateway_signals_open(g);
	if (!err)
		err = wire_open(g->loop, GATE_FD, &events, &g->wire);
	if (!err)
		err = policies_open(g->wire, &g->policies);
	if (!err)
		err = resolver_open(g->loop, &g->resolver);
	if (!err)
		err = agents_open(g->wire, &g->agents);
	if (!err)
		err = allowance_open(&g->counts);
	if (!err)
		err = keys_open(g->wire, &g->keys);
	if (!err)
		err = upstream_open(g->loop, g->options.libcurl ? NULL : g->resolver, &g->upstream);
	if (!err && g->options.trust)
		upstream_trust(g->upstream, g->options.trust);
	if (!err)
		err = breakers_open(g->options.breaker, &g->breakers);
	if (!err)
		err = turns_open(g->loop, g->options.times.turn, &g->turns);
	g->sha256 = err ? NULL : EVP_MD_fetch(NULL, "SHA256", NULL);
	if (!err && !g->sha256)
		err = -ENOMEM;
	return err ? fault_set(f, -err, "cannot start: %s", strerror(-err)) : 0;
}

/* False: a resolver's thread is left. */
static bool gateway_close(struct gateway *g)
{
	bool all;

	front_close(g);
	while (g->connections)
		connection_abort(g->connections);
	upstream_close(g->upstream);
	breakers_close(g->breakers);
	turns_close(g->turns);
	cache_free(g->cache);
	call_digests_free(g);
	EVP_MD_free(g->sha256);
	keys_close(g->keys);
	allowance_close(g->counts);
	agents_close(g->agents);
	catalog_free(g->catalog);
	all = resolver_close(g->resolver);
	policies_close(g->policies);
	wire_close(g->wire);
	loop_cancel(&g->signals);
	loop_close(g->loop);
	if (g->device >= 0)
		close(g->device);
	return all;
}

int gateway_run(const struct gateway_options *options)
{
	struct gateway g = { .options = *options, .device = -1 };
	struct fault f = { "" };
	int err = gateway_open(&g, &f);

	if (!err) {
		err = loop_run(g.loop);
		if (err)
			fault_set(&f, -err, "the event loop failed: %s", strerror(-err));
		else
			err = g.error;
	}
	if (f.text[0])
		gateway_say("%s", f.text);
	/* Nobody waits for a resolver that may not answer for half a minute. */
	if (!gateway_close(&g))
		_exit(err ? 1 : 0);
	return err ? 1 : 0;
}
