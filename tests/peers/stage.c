// SPDX-License-Identifier: GPL-2.0-or-later
/* A gateway before four scripted providers, one of each wire, for one command: without the kernel's part. */
#include <sys/stat.h>

#include "llm/model.h"
#include "rpc/call_why.h"
#include "rpc/token.h"
#include "tests/unit/gateway_rig.h"

/*
 * usage: stage SCRIPTED RULES COMMAND [ARGUMENT]...
 *
 * Runs the command as the one agent there is, with what `agentctl run` would tell it of where
 * models are. They are called peer-chat, peer-responses, peer-anthropic and peer-gemini, by the
 * wire that their provider speaks. Behind the command it says on standard output, of each pair
 * of wires that calls were made in,
 *
 *	called CLIENT UPSTREAM ANSWERED GONE
 *
 * how many were answered with 200, and how many clients went before the answer's end; then
 *
 *	settled yes|no
 *
 * whether all that calls had reserved was settled. The exit status is the command's, or 125 where
 * the stage failed, or the gateway did.
 */

#define STAGE_FAILED 125

static const struct stage_wire {
	const char *name, *wire, *path, *auth;
} stage_wires[] = {
	{ "chat", "openai-chat", "v1", "bearer" },
	{ "responses", "openai-responses", "v1", "bearer" },
	{ "anthropic", "anthropic", "v1", "x-api-key" },
	{ "gemini", "gemini", "v1beta", "x-goog-api-key" },
};

#define STAGE_WIRES (sizeof(stage_wires) / sizeof(stage_wires[0]))

static char directory[] = "/tmp/peers_stage.XXXXXX";

/* --- providers --- */

/* The port that it says it listens on, or 0. */
static unsigned int port_read(int fd)
{
	char line[256], *colon;
	FILE *f = fdopen(fd, "r");
	unsigned int port = 0;

	/* "agentos-scripted: listens on 127.0.0.1:PORT: ..." */
	if (f && fgets(line, sizeof(line), f) && (colon = strstr(line, "127.0.0.1:")))
		port = (unsigned int)atoi(colon + strlen("127.0.0.1:"));
	if (f)
		fclose(f);
	return port;
}

static unsigned int scripted_start(const char *program, const char *rules, pid_t *ret_pid)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return 0;
	*ret_pid = fork();
	if (!*ret_pid) {
		dup2(ends[1], STDOUT_FILENO);
		execl(program, program, "--listen", "127.0.0.1:0", "--rules", rules, (char *)NULL);
		_exit(STAGE_FAILED);
	}
	close(ends[1]);
	return port_read(ends[0]);
}

/* Whom the gateway, which is nobody, reads. */
static bool rows_write(const unsigned int *ports)
{
	char path[64];
	FILE *f;
	size_t i;

	snprintf(path, sizeof(path), "%s/providers", directory);
	f = fopen(path, "w");
	for (i = 0; f && i < STAGE_WIRES; i++)
		fprintf(f,
			"provider %s wire=%s url=http://127.0.0.1:%u/%s auth=%s secret=key\n"
			"model peer-%s provider=%s id=scripted input=$1 output=$10 priced=2026-11-30 "
			"context=1M max-output=64k\n",
			stage_wires[i].name, stage_wires[i].wire, ports[i], stage_wires[i].path,
			stage_wires[i].auth, stage_wires[i].name, stage_wires[i].name);
	return f && fclose(f) == 0 && chmod(directory, 0755) == 0 && chmod(path, 0644) == 0;
}

/* --- the command --- */

static void env_put(const char *name, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void env_put(const char *name, const char *format, ...)
{
	char value[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(value, sizeof(value), format, ap);
	va_end(ap);
	setenv(name, value, 1);
}

/* As runtime/super/launch.c has them. */
static void env_set(unsigned int port)
{
	static const char *const proxies[] = { "HTTPS_PROXY", "HTTP_PROXY", "https_proxy",
					       "http_proxy" };
	const uint8_t key[TOKEN_KEY] = RIG_TOKEN_KEY;
	char token[TOKEN_SIZE];
	size_t i;

	token_make(key, AGENT_MODELS, token);
	/* Nobody listens there: what is not on loopback is not reached. */
	for (i = 0; i < sizeof(proxies) / sizeof(proxies[0]); i++)
		env_put(proxies[i], "http://127.0.0.1:9");
	env_put("NO_PROXY", "localhost,127.0.0.1,::1");
	env_put("no_proxy", "localhost,127.0.0.1,::1");
	env_put("OPENAI_BASE_URL", "http://127.0.0.1:%u/v1", port);
	env_put("OPENAI_API_KEY", "%s", token);
	env_put("ANTHROPIC_BASE_URL", "http://127.0.0.1:%u", port);
	env_put("ANTHROPIC_API_KEY", "%s", token);
	env_put("GOOGLE_GEMINI_BASE_URL", "http://127.0.0.1:%u", port);
	env_put("GEMINI_API_KEY", "%s", token);
}

static int command_run(const struct rig *r, char **argv)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		env_set(r->port);
		execvp(argv[0], argv);
		fprintf(stderr, "stage: %s: %s\n", argv[0], strerror(errno));
		_exit(STAGE_FAILED);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return STAGE_FAILED;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* --- what came of it --- */

static uint64_t reserved(const struct rig *r)
{
	return rig_budget(r, AGENT_MODELS, AGENTOS_RESOURCE_TOKENS).reserved +
	       rig_budget(r, AGENT_MODELS, AGENTOS_RESOURCE_MICRODOLLARS).reserved;
}

static void calls_tell(struct rig *r)
{
	unsigned int answered[STAGE_WIRES][STAGE_WIRES] = { 0 };
	unsigned int gone[STAGE_WIRES][STAGE_WIRES] = { 0 };
	const struct gate_called *c;
	size_t i, k;

	pthread_mutex_lock(&r->lock);
	for (c = r->calls; c < r->calls + r->call_count; c++) {
		if (!c->wire || !c->upstream)
			continue;
		answered[c->wire - 1][c->upstream - 1] += c->status == 200 && !c->why;
		gone[c->wire - 1][c->upstream - 1] += c->why == CALL_WHY_CLIENT_GONE;
	}
	pthread_mutex_unlock(&r->lock);
	for (i = 0; i < STAGE_WIRES; i++)
		for (k = 0; k < STAGE_WIRES; k++)
			if (answered[i][k] + gone[i][k])
				printf("called %s %s %u %u\n", stage_wires[i].name,
				       stage_wires[k].name, answered[i][k], gone[i][k]);
}

static int stage_run(const char *program, const char *rules, char **argv)
{
	const struct gateway_times times = gateway_times_usual();
	unsigned int ports[STAGE_WIRES] = { 0 };
	pid_t pids[STAGE_WIRES] = { 0 };
	int status = STAGE_FAILED;
	struct rig *r = NULL;
	bool ready = true;
	size_t i;

	for (i = 0; i < STAGE_WIRES && ready; i++) {
		ports[i] = scripted_start(program, rules, &pids[i]);
		ready = ports[i] != 0;
	}
	rig_only = AGENT_MODELS;
	rig_catalog = directory;
	if (ready && rows_write(ports))
		r = rig_open(&times);
	if (r) {
		status = command_run(r, argv);
		printf("\nsettled %s\n", RIG_WAIT(r, reserved(r) == 0) ? "yes" : "no");
		/* By its end it has told of all. */
		kill(r->pid, SIGTERM);
		CHECK(RIG_WAIT(r, r->ended));
		calls_tell(r);
		rig_close(r);
	}
	for (i = 0; i < STAGE_WIRES && pids[i] > 0; i++) {
		kill(pids[i], SIGTERM);
		waitpid(pids[i], NULL, 0);
	}
	return tap_failures ? STAGE_FAILED : status;
}

int main(int argc, char **argv)
{
	char path[64];
	int status;

	if (argc < 4) {
		fprintf(stderr, "usage: stage SCRIPTED RULES COMMAND [ARGUMENT]...\n");
		return STAGE_FAILED;
	}
	if (!mkdtemp(directory))
		return STAGE_FAILED;
	status = stage_run(argv[1], argv[2], argv + 3);
	snprintf(path, sizeof(path), "%s/providers", directory);
	unlink(path);
	rmdir(directory);
	return status;
}
