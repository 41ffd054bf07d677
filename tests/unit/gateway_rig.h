/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A gateway in a process of its own, with a daemon, callers, names and servers that a test makes up. */
#ifndef AGENTOS_TESTS_UNIT_GATEWAY_RIG_H
#define AGENTOS_TESTS_UNIT_GATEWAY_RIG_H

#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "gateway/gateway.h"
#include "policy/egress.h"
#include "rpc/gate.h"
#include "tests/tap.h"
#include "tests/unit/blocking.h"

#define NOBODY 65534
#define WAIT_S 10

/* --- agents, each under the policy 1000 + its number --- */

enum {
	AGENT_ALL = 1,
	AGENT_PUBLIC,
	AGENT_NOTHING,
	AGENT_MANY,
	AGENT_OTHER,
	AGENT_BROAD,
	AGENT_MODELS, /* any model */
	AGENT_CHILD,  /* below it, likewise */
	AGENT_ONE,    /* chat/small, few/small and anthropic-own/other alone */
	AGENT_ENDED,  /* whom agentosd does not know */
	AGENT_COUNT
};

/* --- callers: the agent and its policy are in the address that a client comes from --- */

#define STRANGER   99
#define AUDIT_ONLY 256 /* added to the agent */

static unsigned int rig_only; /* the agent that all are, wherever they come from; or 0 */

static int rig_caller(int device, int connection, struct caller *ret_caller)
{
	struct sockaddr_in peer;
	socklen_t len = sizeof(peer);
	uint32_t address;

	/* The descriptor that came with START. */
	if (device < 0 || fcntl(device, F_GETFD) < 0 ||
	    getpeername(connection, (struct sockaddr *)&peer, &len) < 0)
		return -ENOTCONN;
	/* Over the Unix socket it is always the same. */
	address = rig_only		     ? rig_only :
		  peer.sin_family == AF_UNIX ? AGENT_ALL :
					       ntohl(peer.sin_addr.s_addr);
	if ((address & 255) == STRANGER)
		return -ENOENT;
	*ret_caller = (struct caller){ .agent = address & 255,
				       .policy = 1000 + (address & 255),
				       .audit_only = address & AUDIT_ONLY };
	return 0;
}

/* --- names: this program's own resolver, which the gateway's threads call --- */

static atomic_uint *lookups; /* shared with the gateway's process */

static struct addrinfo *numeric(const char *address, const char *service)
{
	static int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	return real(address, service, &hints, &list) ? NULL : list;
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
		struct addrinfo **ret_list)
{
	static const struct {
		const char *name, *first, *second;
	} names[] = {
		{ "one.test", "127.0.0.1", NULL },
		{ "any.test", "127.0.0.1", NULL },
		{ "six.test", "::1", NULL },
		{ "mixed.test", "10.0.0.1", "127.0.0.1" },
		{ "dead.test", "127.0.0.9", "127.0.0.1" },
		{ "private.test", "10.0.0.1", "fd00::1" },
		{ "meta.test", "169.254.169.254", NULL },
		{ "slow.test", "127.0.0.1", NULL },
		{ "api.openai.com", "127.0.0.1", NULL },
	};
	size_t i;

	blocking_check("getaddrinfo");
	atomic_fetch_add(lookups, 1);
	if (strcmp(name, "slow.test") == 0)
		usleep(1500000);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name, names[i].name) != 0)
			continue;
		*ret_list = numeric(names[i].first, service);
		if (names[i].second)
			(*ret_list)->ai_next = numeric(names[i].second, service);
		return 0;
	}
	*ret_list = numeric(name, service);
	return *ret_list ? 0 : EAI_NONAME;
}

/* --- policies --- */

static struct compiled_egress rule_make(enum compiled_egress_kind kind, const char *host,
					uint32_t number)
{
	struct compiled_egress r = { .number = number,
				     .kind = (uint8_t)kind,
				     .port_first = 1,
				     .port_last = 65535 };

	strncpy(r.host, host, sizeof(r.host) - 1);
	return r;
}

static struct compiled_egress rule_model(const char *pattern, uint32_t number)
{
	struct compiled_egress r = { .number = number, .kind = EGRESS_MODEL };

	strncpy(r.host, pattern, sizeof(r.host) - 1);
	return r;
}

static struct compiled_egress rule_private(uint32_t number)
{
	return (struct compiled_egress){ .number = number,
					 .kind = EGRESS_PRIVATE,
					 .prefix = 8,
					 .family = AF_INET,
					 .addr = { 127 } };
}

/* Rule `at` of the policy; false behind the last. */
static bool rule_get(uint32_t policy, uint32_t at, struct compiled_egress *ret_rule)
{
	static const char *const tls[] = { "one.test",	"mixed.test", "dead.test", "private.test",
					   "meta.test", "slow.test",  "six.test",  "none.test" };
	const uint32_t count = sizeof(tls) / sizeof(tls[0]);
	uint32_t agent = policy - 1000;
	char name[32];

	switch (agent) {
	case AGENT_NOTHING:
		return false;
	case AGENT_MANY:
		/* More than one message holds; what counts comes last. */
		snprintf(name, sizeof(name), "n%u.test", at);
		*ret_rule = at == 149 ? rule_make(EGRESS_TLS, "one.test", at) :
			    at == 150 ? rule_private(at) :
					rule_make(EGRESS_TLS, name, at);
		return at <= 150;
	case AGENT_MODELS:
	case AGENT_CHILD:
	case AGENT_ENDED:
		*ret_rule = rule_model("*", at);
		return at < 1;
	case AGENT_ONE:
		*ret_rule = rule_model(at == 2 ? "few/small" :
				       at == 1 ? "anthropic-own/other" :
						 "chat/small",
				       at);
		return at < 3;
	case AGENT_BROAD:
		*ret_rule = at == 3 ? rule_make(EGRESS_KILL, "trap.test", at) :
			    at == 2 ? rule_make(EGRESS_DENY, "*.sealed.test", at) :
			    at == 1 ? rule_private(at) :
				      rule_make(EGRESS_ANY, "*", at);
		return at < 4;
	default:
		*ret_rule = at < count	    ? rule_make(EGRESS_TLS, tls[at], at) :
			    at == count	    ? rule_make(EGRESS_ANY, "any.test", at) :
			    at == count + 1 ? rule_private(at) :
					      (struct compiled_egress){ 0 };
		return at <= count || (at == count + 1 && agent != AGENT_PUBLIC);
	}
}

/* --- budgets: the descriptor that the gateway charges is a file with these --- */

struct rig_budget {
	uint64_t limit, used, reserved;
};

static int rig_reserve(int fd, uint32_t resource, uint64_t amount)
{
	const off_t at = (off_t)(resource * sizeof(struct rig_budget));
	struct rig_budget b;

	if (pread(fd, &b, sizeof(b), at) != sizeof(b))
		return -ESRCH;
	if (b.used + b.reserved + amount > b.limit)
		return -EDQUOT;
	b.reserved += amount;
	return pwrite(fd, &b, sizeof(b), at) == sizeof(b) ? 0 : -EIO;
}

static int rig_settle(int fd, uint32_t resource, uint64_t reserved, uint64_t used)
{
	const off_t at = (off_t)(resource * sizeof(struct rig_budget));
	struct rig_budget b;

	if (pread(fd, &b, sizeof(b), at) != sizeof(b) || b.reserved < reserved)
		return -EINVAL;
	b.reserved -= reserved;
	b.used += used;
	return pwrite(fd, &b, sizeof(b), at) == sizeof(b) ? 0 : -EIO;
}

/* All begin anew in an hour and a half, and a little. */
static int rig_read(int fd, uint32_t resource, struct agentos_budget_get *ret_budget)
{
	struct rig_budget b;
	struct timespec now;

	if (pread(fd, &b, sizeof(b), (off_t)(resource * sizeof(b))) != sizeof(b))
		return -ESRCH;
	clock_gettime(CLOCK_BOOTTIME, &now);
	*ret_budget = (struct agentos_budget_get){
		.ret_limit = b.limit,
		.ret_used = b.used,
		.ret_reserved = b.reserved,
		.ret_reset_ns = ((uint64_t)now.tv_sec + 5430) * 1000000000,
	};
	return 0;
}

/* --- the daemon --- */

#define RIG_CALLS   16384
#define RIG_KEY	    "sk-rig-canary-0123456789"
#define RIG_PAIR    "AKIDRIG:rig/secret+canary=0123456789abcdef"
#define RIG_SESSION "rig//session+canary==" /* of a pair that is lent */
#define RIG_TOKEN_KEY               \
	{                           \
		1, 2, 3, 4, 5, 6, 7 \
	}

static const char *rig_catalog = "/nonexistent";
static bool rig_libcurl; /* as gateway_options has it */

static const char *rig_trust; /* of struct gateway_options */

/* No provider fails too often, unless a test says when. */
static const struct breaker_terms rig_patient = { .window_ms = 32000,
						  .least = UINT32_MAX,
						  .percent = 100 };
static const struct breaker_terms *rig_breaker = &rig_patient;

struct rig {
	pid_t pid;
	int wire;
	uint16_t port;
	struct sockaddr_un local; /* its Unix socket */
	socklen_t local_len;
	pthread_t thread;
	pthread_mutex_t lock;
	bool ready, ended, deaf;
	unsigned int asks, bad;
	size_t count;
	struct gate_tell tells[8192];
	size_t call_count;
	struct gate_called calls[RIG_CALLS];
	int budgets[AGENT_COUNT]; /* of each agent */
	unsigned int keys;	  /* that were asked for */
};

__attribute__((unused)) static struct rig_budget rig_budget(const struct rig *r, unsigned int agent,
							    unsigned int resource)
{
	struct rig_budget b = { 0 };

	if (pread(r->budgets[agent], &b, sizeof(b), (off_t)(resource * sizeof(b))) != sizeof(b))
		printf("# no budget of agent %u\n", agent);
	return b;
}

/* Nothing used, and so much allowed. */
__attribute__((unused)) static void rig_allow(const struct rig *r, unsigned int agent,
					      unsigned int resource, uint64_t limit)
{
	const struct rig_budget b = { .limit = limit };

	if (pwrite(r->budgets[agent], &b, sizeof(b), (off_t)(resource * sizeof(b))) != sizeof(b))
		printf("# no budget of agent %u\n", agent);
}

static void rig_send(const struct rig *r, const void *message, size_t len, int pass)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec data = { (void *)message, len };
	struct msghdr m = { .msg_iov = &data, .msg_iovlen = 1 };

	if (pass >= 0) {
		m.msg_control = &control;
		m.msg_controllen = sizeof(control);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(pass));
		memcpy(CMSG_DATA(&control.align), &pass, sizeof(pass));
	}
	if (sendmsg(r->wire, &m, MSG_NOSIGNAL) != (ssize_t)len)
		printf("# the gateway takes no answer\n");
}

static void rig_answer_agent(const struct rig *r, uint64_t agent)
{
	struct gate_agent m = { .header = { sizeof(m), GATE_VERSION, GATE_AGENT_IS },
				.agent = agent };

	m.known = agent < AGENT_COUNT && agent != AGENT_ENDED;
	if (agent == AGENT_CHILD)
		m.above[0] = AGENT_MODELS;
	rig_send(r, &m, sizeof(m), m.known ? r->budgets[agent] : -1);
}

/* For "key" there is one at 127.0.0.1, "pair" and "session" are for signing; "far" is elsewhere. */
static const char *rig_key_of(const struct gate_key_of *of)
{
	static const char *const keys[][2] = { { "key", RIG_KEY },
					       { "pair", RIG_PAIR },
					       { "session", RIG_PAIR ":" RIG_SESSION } };
	size_t i;

	for (i = 0; i < 3 && strcmp(of->host, "127.0.0.1") == 0; i++)
		if (strcmp(of->name, keys[i][0]) == 0)
			return keys[i][1];
	return NULL;
}

static void rig_answer_key(const struct rig *r, const struct gate_key_of *of)
{
	const char *key = rig_key_of(of);
	struct gate_key m = { .header = { sizeof(m), GATE_VERSION, GATE_KEY_IS },
			      .number = of->number };

	if (key) {
		m.len = (uint32_t)strlen(key);
		memcpy(m.bytes, key, m.len);
	} else {
		m.error = strcmp(of->name, "far") == 0 ? -EPERM : -ENOENT;
	}
	rig_send(r, &m, sizeof(m), -1);
}

static void rig_answer(struct rig *r, uint32_t policy)
{
	static struct gate_rules m;
	struct compiled_egress rule;
	uint32_t total = 0, at = 0;

	while (rule_get(policy, total, &rule))
		total++;
	do {
		memset(&m, 0, sizeof(m));
		m.header = (struct gate_header){ sizeof(m), GATE_VERSION, GATE_RULES_ARE };
		m.policy = policy;
		m.total = total;
		m.first = at;
		while (at < total && m.count < GATE_RULES)
			rule_get(policy, at++, &m.rules[m.count++]);
		if (send(r->wire, &m, sizeof(m), MSG_NOSIGNAL) != sizeof(m))
			return;
	} while (at < total);
}

static void *rig_thread(void *cookie)
{
	struct rig *r = cookie;
	union gate_message m;
	ssize_t len;
	bool deaf;

	for (;;) {
		pthread_mutex_lock(&r->lock);
		deaf = r->deaf;
		pthread_mutex_unlock(&r->lock);
		if (deaf) {
			usleep(10000);
			continue;
		}
		len = recv(r->wire, &m, sizeof(m), 0);
		if (len <= 0)
			break;
		pthread_mutex_lock(&r->lock);
		if (gate_check(&m, (size_t)len, 0, GATE_FROM_GATEWAY))
			r->bad++;
		else if (m.header.type == GATE_READY)
			r->ready = true;
		else if (m.header.type == GATE_TELL && r->count < 8192)
			r->tells[r->count++] = m.tell;
		else if (m.header.type == GATE_ASK)
			r->asks++;
		else if (m.header.type == GATE_CALLED && r->call_count < RIG_CALLS)
			r->calls[r->call_count++] = m.called;
		else if (m.header.type == GATE_KEY_OF)
			r->keys++;
		pthread_mutex_unlock(&r->lock);
		if (m.header.type == GATE_ASK)
			rig_answer(r, m.request.policy);
		else if (m.header.type == GATE_AGENT)
			rig_answer_agent(r, m.agent.agent);
		else if (m.header.type == GATE_KEY_OF)
			rig_answer_key(r, &m.key_of);
	}
	pthread_mutex_lock(&r->lock);
	r->ended = true;
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

/* Waits until it is true of the rig, WAIT_S at most. */
#define RIG_WAIT(r, cond)                                             \
	({                                                            \
		bool rig_true = false;                                \
		int rig_i;                                            \
		for (rig_i = 0; rig_i < WAIT_S * 100 && !rig_true;) { \
			pthread_mutex_lock(&(r)->lock);               \
			rig_true = (cond);                            \
			pthread_mutex_unlock(&(r)->lock);             \
			if (!rig_true && ++rig_i)                     \
				usleep(10000);                        \
		}                                                     \
		rig_true;                                             \
	})

static int listen_on(const char *address, uint16_t *ret_port)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, address, &in.sin_addr);
	if (fd < 0 || bind(fd, (struct sockaddr *)&in, sizeof(in)) < 0 || listen(fd, 4096) < 0 ||
	    getsockname(fd, (struct sockaddr *)&in, &len) < 0)
		return -1;
	*ret_port = ntohs(in.sin_port);
	return fd;
}

/* Of a name that the kernel chooses, abstract; *ret_len is the address's. */
static int listen_unix(struct sockaddr_un *ret_address, socklen_t *ret_len)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(un);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&un, sizeof(sa_family_t)) < 0 ||
	    listen(fd, 4096) < 0 || getsockname(fd, (struct sockaddr *)&un, &len) < 0)
		return -1;
	*ret_address = un;
	*ret_len = len;
	return fd;
}

static bool rig_start_message(int wire, const int fds[GATE_LISTENERS + 1], uint16_t port)
{
	struct gate_start start = { .header = { sizeof(start), GATE_VERSION, GATE_START },
				    .port = port,
				    .token_key = RIG_TOKEN_KEY };
	const size_t size = (GATE_LISTENERS + 1) * sizeof(int);
	union {
		char bytes[CMSG_SPACE((GATE_LISTENERS + 1) * sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec data = { &start, sizeof(start) };
	struct msghdr m = { .msg_iov = &data,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };

	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(&control.align), fds, size);
	return sendmsg(wire, &m, MSG_NOSIGNAL) == sizeof(start);
}

/* Descriptors that the gateway's process gets beside, of no use to it. */
static unsigned int rig_ballast;

static void ballast_load(void)
{
	struct rlimit files = { rig_ballast + 40, rig_ballast + 40 };
	unsigned int i;

	if (!rig_ballast)
		return;
	if (setrlimit(RLIMIT_NOFILE, &files) < 0)
		_exit(97);
	for (i = 0; i < rig_ballast; i++)
		if (fcntl(GATE_FD, F_DUPFD, 0) < 0)
			_exit(96);
}

/* The gateway's process, with `fd` as GATE_FD; as nobody, if we are root and it may not be. */
static pid_t gateway_spawn(int fd, const struct gateway_times *times, bool keep_root)
{
	const struct gateway_options o = {
		.caller = rig_caller,
		.budget = { rig_reserve, rig_settle, rig_read },
		.times = *times,
		.breaker = rig_breaker,
		.trust = rig_trust,
		.libcurl = rig_libcurl,
		.catalog = rig_catalog
	};
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (pid)
		return pid;
	/* Its words are our diagnosis, and go where they do no harm to the report. */
	dup2(STDERR_FILENO, STDOUT_FILENO);
	if (fd != GATE_FD && dup2(fd, GATE_FD) < 0)
		_exit(99);
	close_range(GATE_FD + 1, ~0U, 0);
	ballast_load();
	if (geteuid() == 0 && !keep_root &&
	    (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
	     setresuid(NOBODY, NOBODY, NOBODY) < 0))
		_exit(98);
	status = gateway_run(&o);
	/* So that the sanitizer can look for leaks. */
	prctl(PR_SET_DUMPABLE, 1);
	exit(status);
}

__attribute__((unused)) static struct gateway_times rig_times(void)
{
	return (struct gateway_times){
		.head = 5000,
		.decide = 5000,
		.connect = 2000,
		.hello = 5000,
		.idle = 20000,
		.linger = 500,
		.turn = 20000,
		.whole = 60000,
		.stream = 60000
	};
}

static struct rig *rig_open(const struct gateway_times *times)
{
	struct rig *r = calloc(1, sizeof(*r));
	int pair[2], fds[GATE_LISTENERS + 1];
	unsigned int agent, resource;
	size_t i;

	if (!lookups)
		lookups = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
			       0);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		free(r);
		return NULL;
	}
	pthread_mutex_init(&r->lock, NULL);
	for (agent = 0; agent < AGENT_COUNT; agent++) {
		r->budgets[agent] = memfd_create("budget", MFD_CLOEXEC);
		for (resource = 0; resource < AGENTOS_RESOURCE_COUNT; resource++)
			rig_allow(r, agent, resource, AGENTOS_BUDGET_UNLIMITED);
	}
	r->wire = pair[0];
	r->pid = gateway_spawn(pair[1], times, false);
	close(pair[1]);
	fds[0] = listen_on("127.0.0.1", &r->port);
	fds[1] = listen_unix(&r->local, &r->local_len);
	fds[2] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (!rig_start_message(r->wire, fds, r->port))
		printf("# START was not sent\n");
	for (i = 0; i < GATE_LISTENERS + 1; i++)
		close(fds[i]);
	pthread_create(&r->thread, NULL, rig_thread, r);
	if (!RIG_WAIT(r, r->ready))
		printf("# the gateway is not ready\n");
	return r;
}

/* agentosd goes; the gateway has to follow, cleanly, and all it said has to have been well-formed. */
static void rig_close(struct rig *r)
{
	unsigned int agent;
	int status = -1;

	shutdown(r->wire, SHUT_RDWR);
	CHECK(waitpid(r->pid, &status, 0) == r->pid);
	CHECK_INT(status, 0);
	pthread_join(r->thread, NULL);
	CHECK_INT(r->bad, 0);
	close(r->wire);
	for (agent = 0; agent < AGENT_COUNT; agent++)
		close(r->budgets[agent]);
	free(r);
}

/* The tell of that number, waited for. */
__attribute__((unused)) static struct gate_tell rig_tell(struct rig *r, size_t at)
{
	static const struct gate_tell none;

	if (!RIG_WAIT(r, r->count > at)) {
		CHECK_MSG(false, "tell %zu did not come", at);
		return none;
	}
	return r->tells[at];
}

/* --- clients --- */

static int client_open(const struct rig *r, unsigned int agent)
{
	const struct timeval limit = { .tv_sec = WAIT_S };
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(0x7f000000 + agent) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (bind(fd, (struct sockaddr *)&in, sizeof(in)) < 0)
		printf("# bind: %s\n", strerror(errno));
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in.sin_port = htons(r->port);
	if (connect(fd, (struct sockaddr *)&in, sizeof(in)) < 0)
		printf("# connect: %s\n", strerror(errno));
	return fd;
}

static void say(int fd, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(int fd, const char *fmt, ...)
{
	char text[8192];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (send(fd, text, (size_t)len, MSG_NOSIGNAL) != len)
		printf("# send: %s\n", strerror(errno));
}

/* Until the end of the stream, or of its first `until`. Returns its length, or a negative errno. */
static int hear(int fd, char *text, size_t size, const char *until)
{
	size_t len = 0;
	ssize_t got;

	text[0] = '\0';
	while (len + 1 < size && !(until && strstr(text, until))) {
		got = recv(fd, text + len, until ? 1 : size - len - 1, 0);
		if (got < 0)
			return -errno;
		if (!got)
			break;
		len += (size_t)got;
		text[len] = '\0';
	}
	return (int)len;
}

/* The status of an answer, whose head is read. */
static int hear_status(int fd)
{
	char text[4096];
	int len = hear(fd, text, sizeof(text), "\r\n\r\n");

	return len > 12 && strncmp(text, "HTTP/1.1 ", 9) == 0 ? atoi(text + 9) : len;
}

__attribute__((unused)) static int tunnel(const struct rig *r, unsigned int agent, const char *host,
					  uint16_t port, int *ret_status)
{
	int fd = client_open(r, agent);

	say(fd, "CONNECT %s:%u HTTP/1.1\r\nHost: %s:%u\r\n\r\n", host, port, host, port);
	*ret_status = hear_status(fd);
	return fd;
}

/* --- servers --- */

struct server {
	int fd;
	uint16_t port;
	struct sockaddr_un local; /* its Unix socket */
	socklen_t local_len;
	pthread_t thread;
	void (*serve)(struct server *s, int fd);
	atomic_int accepted, open;
	atomic_long bytes; /* what serve() counts */
	char seen[32768];  /* what serve() keeps */
};

struct served {
	struct server *server;
	int fd;
};

static void *server_connection(void *cookie)
{
	struct served *c = cookie;

	c->server->serve(c->server, c->fd);
	close(c->fd);
	atomic_fetch_sub(&c->server->open, 1);
	free(c);
	return NULL;
}

static void *server_thread(void *cookie)
{
	const struct timeval limit = { .tv_sec = WAIT_S };
	struct server *s = cookie;
	struct served *c;
	pthread_t thread;
	int fd;

	while ((fd = accept(s->fd, NULL, NULL)) >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		c = malloc(sizeof(*c));
		*c = (struct served){ s, fd };
		atomic_fetch_add(&s->accepted, 1);
		atomic_fetch_add(&s->open, 1);
		pthread_create(&thread, NULL, server_connection, c);
		pthread_detach(thread);
	}
	return NULL;
}

__attribute__((unused)) static struct server *server_open(void (*serve)(struct server *s, int fd))
{
	struct server *s = calloc(1, sizeof(*s));

	s->serve = serve;
	s->fd = listen_on("127.0.0.1", &s->port);
	pthread_create(&s->thread, NULL, server_thread, s);
	return s;
}

__attribute__((unused)) static void server_close(struct server *s)
{
	int i;

	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->fd);
	for (i = 0; i < WAIT_S * 100 && atomic_load(&s->open); i++)
		usleep(10000);
	CHECK_INT(atomic_load(&s->open), 0);
	free(s);
}

/* Gives back what it gets, to the end. */
__attribute__((unused)) static void serve_echo(struct server *s, int fd)
{
	char bytes[4096];
	ssize_t got;

	while ((got = recv(fd, bytes, sizeof(bytes), 0)) > 0) {
		atomic_fetch_add(&s->bytes, got);
		if (send(fd, bytes, (size_t)got, MSG_NOSIGNAL) != got)
			break;
	}
}

#endif
