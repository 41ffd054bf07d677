// SPDX-License-Identifier: GPL-2.0-or-later
/* Names made into addresses: a queue, threads that take from it, an eventfd that tells the loop. */
#include "gateway/resolver.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define CLOSE_WAIT_MS 200

enum lookup_state { LOOKUP_WAITING, LOOKUP_RUNNING, LOOKUP_ANSWERED };

/* Everything but the name and who asked for it is under the resolver's lock. */
struct lookup {
	struct resolver *resolver;
	struct lookup *next;
	enum lookup_state state;
	bool abandoned;
	struct resolver_question question; /* its name is `name` */
	struct resolver_answer answer;
	char name[COMPILED_HOST];
};

struct resolver {
	pthread_mutex_t lock;
	pthread_cond_t work;
	bool stop;
	struct lookup *lookups; /* the oldest first */
	int event;
	struct loop_handle told;
	size_t threads;
	pthread_t thread[LIMIT_GATE_THREADS];
};

static void answer_add(struct resolver_answer *a, const struct sockaddr *address)
{
	struct egress_address *to = &a->addresses[a->count];

	memset(to, 0, sizeof(*to));
	to->family = address->sa_family;
	if (address->sa_family == AF_INET)
		memcpy(to->addr, &((const struct sockaddr_in *)address)->sin_addr, 4);
	else if (address->sa_family == AF_INET6)
		memcpy(to->addr, &((const struct sockaddr_in6 *)address)->sin6_addr, 16);
	else
		return;
	a->count++;
}

static void name_resolve(const char *name, struct resolver_answer *answer)
{
	static const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
					       .ai_protocol = IPPROTO_TCP };
	struct addrinfo *list = NULL;
	const struct addrinfo *at;

	answer->count = 0;
	if (getaddrinfo(name, NULL, &hints, &list))
		return;
	for (at = list; at && answer->count < LIMIT_GATE_ADDRESSES; at = at->ai_next)
		answer_add(answer, at->ai_addr);
	freeaddrinfo(list);
}

/* Is there a thread for one more of this agent? */
static bool agent_may_run(const struct resolver *r, uint64_t agent)
{
	const struct lookup *l;
	size_t own = 0, agents = 0;

	for (l = r->lookups; l; l = l->next) {
		if (l->state != LOOKUP_RUNNING)
			continue;
		own += l->question.agent == agent;
		agents += l->question.agent != RESOLVER_PROVIDERS;
	}
	if (own >= LIMIT_GATE_BUSY)
		return false;
	return agent == RESOLVER_PROVIDERS || agents < LIMIT_GATE_THREADS - LIMIT_GATE_BUSY;
}

/* The oldest for which there is a thread. */
static struct lookup *resolver_next(struct resolver *r)
{
	struct lookup *l;

	for (l = r->lookups; l; l = l->next)
		if (l->state == LOOKUP_WAITING && agent_may_run(r, l->question.agent))
			return l;
	return NULL;
}

static void *resolver_thread(void *cookie)
{
	struct resolver *r = cookie;
	struct lookup *l;

	pthread_mutex_lock(&r->lock);
	while (!r->stop) {
		l = resolver_next(r);
		if (!l) {
			pthread_cond_wait(&r->work, &r->lock);
			continue;
		}
		l->state = LOOKUP_RUNNING;
		pthread_mutex_unlock(&r->lock);
		/* While it runs, nobody else looks at the answer. */
		name_resolve(l->name, &l->answer);
		pthread_mutex_lock(&r->lock);
		l->state = LOOKUP_ANSWERED;
		eventfd_write(r->event, 1);
		/* One may run now that had no thread, of this agent or of another. */
		pthread_cond_broadcast(&r->work);
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

static void lookup_unlink(struct lookup *lookup)
{
	struct lookup **at = &lookup->resolver->lookups;

	while (*at != lookup)
		at = &(*at)->next;
	*at = lookup->next;
}

/* Takes out one that is answered. */
static struct lookup *resolver_answered(struct resolver *r)
{
	struct lookup *l;

	pthread_mutex_lock(&r->lock);
	for (l = r->lookups; l && l->state != LOOKUP_ANSWERED; l = l->next)
		;
	if (l)
		lookup_unlink(l);
	pthread_mutex_unlock(&r->lock);
	return l;
}

static void resolver_told(int result, void *cookie)
{
	struct resolver *r = cookie;
	struct lookup *l;
	eventfd_t value;

	eventfd_read(r->event, &value);
	while ((l = resolver_answered(r))) {
		if (!l->abandoned)
			l->question.done(&l->answer, l->question.cookie);
		free(l);
	}
}

static int resolver_count(struct resolver *r, uint64_t agent)
{
	const struct lookup *l;
	size_t agents = 0, own = 0;

	for (l = r->lookups; l; l = l->next) {
		agents += l->question.agent != RESOLVER_PROVIDERS;
		own += l->question.agent == agent;
	}
	if (own >= LIMIT_GATE_WAITING)
		return -EBUSY;
	return agent == RESOLVER_PROVIDERS || agents < LIMIT_GATE_LOOKUPS ? 0 : -EBUSY;
}

int resolver_ask(struct resolver *r, const struct resolver_question *q, struct lookup **ret_lookup)
{
	struct lookup *l = calloc(1, sizeof(*l)), **end;
	int err;

	if (!l)
		return -ENOMEM;
	l->resolver = r;
	l->question = *q;
	strncpy(l->name, q->name, sizeof(l->name) - 1);
	l->question.name = l->name;
	pthread_mutex_lock(&r->lock);
	err = resolver_count(r, q->agent);
	if (!err) {
		for (end = &r->lookups; *end; end = &(*end)->next)
			;
		*end = l;
		pthread_cond_signal(&r->work);
	}
	pthread_mutex_unlock(&r->lock);
	if (err) {
		free(l);
		return err;
	}
	*ret_lookup = l;
	return 0;
}

void resolver_abandon(struct lookup *lookup)
{
	struct resolver *r = lookup->resolver;
	bool waiting;

	pthread_mutex_lock(&r->lock);
	waiting = lookup->state == LOOKUP_WAITING;
	lookup->abandoned = true;
	if (waiting)
		lookup_unlink(lookup);
	pthread_mutex_unlock(&r->lock);
	if (waiting)
		free(lookup);
}

socklen_t resolver_address(const struct egress_address *a, uint16_t port,
			   struct sockaddr_storage *ret_address)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret_address;
	struct sockaddr_in *in = (struct sockaddr_in *)ret_address;

	memset(ret_address, 0, sizeof(*ret_address));
	if (a->family == AF_INET) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		memcpy(&in->sin_addr, a->addr, sizeof(in->sin_addr));
		return sizeof(*in);
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	memcpy(&in6->sin6_addr, a->addr, sizeof(in6->sin6_addr));
	return sizeof(*in6);
}

int resolver_open(struct loop *l, struct resolver **ret_resolver)
{
	struct resolver *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->work, NULL);
	r->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = r->event < 0 ? -errno : 0;
	r->told = (struct loop_handle){ .done = resolver_told, .cookie = r };
	if (!err)
		err = loop_poll(l, &r->told, r->event, POLLIN);
	while (!err && r->threads < LIMIT_GATE_THREADS) {
		err = -pthread_create(&r->thread[r->threads], NULL, resolver_thread, r);
		if (!err)
			r->threads++;
	}
	if (err) {
		resolver_close(r);
		return err;
	}
	*ret_resolver = r;
	return 0;
}

static bool resolver_join(struct resolver *r)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += CLOSE_WAIT_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	while (r->threads && pthread_timedjoin_np(r->thread[r->threads - 1], NULL, &until) == 0)
		r->threads--;
	return !r->threads;
}

bool resolver_close(struct resolver *r)
{
	struct lookup *l;

	if (!r)
		return true;
	loop_cancel(&r->told);
	pthread_mutex_lock(&r->lock);
	r->stop = true;
	pthread_cond_broadcast(&r->work);
	pthread_mutex_unlock(&r->lock);
	if (!resolver_join(r))
		return false;
	while ((l = r->lookups)) {
		r->lookups = l->next;
		free(l);
	}
	if (r->event >= 0)
		close(r->event);
	pthread_cond_destroy(&r->work);
	pthread_mutex_destroy(&r->lock);
	free(r);
	return true;
}
