// SPDX-License-Identifier: GPL-2.0-or-later
/* The gateway's resolver: no agents, however many and however slow their names, keep others or providers waiting. */
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <string.h>

#include "gateway/resolver.h"
#include "tests/tap.h"
#include "tests/unit/blocking.h"

#define WAIT_MS 20000 /* whoever hangs fails */

/* --- names: those that begin with "held" are answered when they are let go --- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool held;
static unsigned int running; /* of the held ones */

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
		struct addrinfo **ret_list)
{
	blocking_check("getaddrinfo");
	pthread_mutex_lock(&lock);
	if (strncmp(name, "held", 4) == 0) {
		running++;
		pthread_cond_broadcast(&changed);
		while (held)
			pthread_cond_wait(&changed, &lock);
		running--;
	}
	pthread_mutex_unlock(&lock);
	return EAI_NONAME;
}

static void names_hold(bool hold)
{
	pthread_mutex_lock(&lock);
	held = hold;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

/* As many of them are asked for. */
static bool names_run(unsigned int count)
{
	struct timespec until;
	int err = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += WAIT_MS / 1000;
	pthread_mutex_lock(&lock);
	while (running < count && !err)
		err = pthread_cond_timedwait(&changed, &lock, &until);
	pthread_mutex_unlock(&lock);
	return !err;
}

/* --- who asks --- */

struct stage {
	struct loop *loop;
	struct resolver *resolver;
	struct loop_handle timer;
	unsigned int answered, wanted; /* the loop stops at as many */
};

static void stage_late(int result, void *cookie)
{
	struct stage *s = cookie;

	loop_stop(s->loop);
}

static bool stage_open(struct stage *s)
{
	const char *note;

	*s = (struct stage){ .timer = { .done = stage_late, .cookie = s } };
	names_hold(true);
	return !loop_open(&s->loop, &note) && !resolver_open(s->loop, &s->resolver);
}

static void stage_close(struct stage *s)
{
	unsigned int tries;

	names_hold(false);
	/* It waits for its threads for a moment, and a busy machine may take longer. */
	for (tries = 0; tries < 100 && !resolver_close(s->resolver); tries++)
		;
	CHECK(tries < 100);
	loop_close(s->loop);
}

static void answered(const struct resolver_answer *answer, void *cookie)
{
	struct stage *s = cookie;

	if (++s->answered == s->wanted)
		loop_stop(s->loop);
}

static int ask(struct stage *s, uint64_t agent, const char *name, struct lookup **ret_lookup)
{
	const struct resolver_question
		q = { .name = name, .agent = agent, .done = answered, .cookie = s };

	return resolver_ask(s->resolver, &q, ret_lookup);
}

/* As many of that agent; how many were taken. */
static unsigned int ask_held(struct stage *s, uint64_t agent, unsigned int count)
{
	struct lookup *lookup;
	unsigned int taken;

	for (taken = 0; taken < count && ask(s, agent, "held.test", &lookup) == 0; taken++)
		;
	return taken;
}

/* Until `count` are answered, in all. */
static bool answers_wait(struct stage *s, unsigned int count)
{
	s->wanted = count;
	if (loop_timer(s->loop, &s->timer, WAIT_MS))
		return false;
	if (s->answered < count)
		loop_run(s->loop);
	loop_cancel(&s->timer);
	return s->answered == count;
}

static void agents_leave_threads_to_providers(void)
{
	struct lookup *lookup;
	struct stage s;

	REQUIRE(stage_open(&s));
	/* Each agent has its share, and waits for more. */
	CHECK_INT(ask_held(&s, 1, 20), 20);
	CHECK_INT(ask_held(&s, 2, 20), 20);
	CHECK_INT(ask_held(&s, 3, 20), 20);
	CHECK(names_run(8));
	CHECK_INT(ask(&s, RESOLVER_PROVIDERS, "provider.test", &lookup), 0);
	CHECK(answers_wait(&s, 1));
	/* A provider whose name is slow has no more than that, and takes none from agents. */
	CHECK_INT(ask_held(&s, RESOLVER_PROVIDERS, 20), 20);
	CHECK(names_run(12));
	CHECK_INT(running, LIMIT_GATE_THREADS);
	names_hold(false);
	CHECK(answers_wait(&s, 81));
	stage_close(&s);
}

static void one_agent_leaves_threads_to_another(void)
{
	struct lookup *lookup;
	struct stage s;

	REQUIRE(stage_open(&s));
	CHECK_INT(ask_held(&s, 1, 20), 20);
	CHECK_INT(ask_held(&s, RESOLVER_PROVIDERS, 20), 20);
	CHECK(names_run(8));
	CHECK_INT(ask(&s, 2, "other.test", &lookup), 0);
	CHECK(answers_wait(&s, 1));
	stage_close(&s);
}

static void agents_leave_places_to_providers(void)
{
	struct lookup *lookup;
	uint64_t agent;
	struct stage s;

	REQUIRE(stage_open(&s));
	for (agent = 1; agent <= LIMIT_GATE_LOOKUPS / LIMIT_GATE_WAITING; agent++)
		CHECK_INT(ask_held(&s, agent, LIMIT_GATE_WAITING + 1), LIMIT_GATE_WAITING);
	CHECK_INT(ask(&s, agent, "one-more.test", &lookup), -EBUSY);
	CHECK_INT(ask(&s, RESOLVER_PROVIDERS, "provider.test", &lookup), 0);
	CHECK(answers_wait(&s, 1));
	CHECK_INT(ask_held(&s, RESOLVER_PROVIDERS, LIMIT_GATE_WAITING + 1), LIMIT_GATE_WAITING);
	stage_close(&s);
}

static const struct tap_test tests[] = {
	TEST(agents_leave_threads_to_providers),
	TEST(one_agent_leaves_threads_to_another),
	TEST(agents_leave_places_to_providers),
};

TAP_MAIN(tests)
