/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the caller's process to the agent's program: what is checked, set up, and given away. */
#ifndef AGENTOS_SUPER_LAUNCH_H
#define AGENTOS_SUPER_LAUNCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "policy/policy.h"

/*
 * Where `name` is: the path itself when it contains '/', else looked up in
 * search_path as execvp() does (an empty element is the current directory).
 * *ret_path is the caller's to free().
 * -ENOENT no such program; -EACCES it exists and may not be executed
 */
int launch_find(const char *name, const char *search_path, char **ret_path, struct fault *f);

/* What an agent is told of itself. */
struct launch_agent {
	const char *name;
	uint64_t id;
	const char *denials; /* a path, or "" */
	uint16_t gateway;    /* its port; 0: AGENTOS_GATEWAY_PORT */
	const char *token;   /* what it shows the gateway for models; "": it has none */
	const char *socket;  /* the gateway's Unix socket; "": there is none */
};

/*
 * The agent's environment: of `from` what the policy keeps (all, without an
 * environment: section), then where the gateway is, then what the policy sets,
 * then AGENTOS_AGENT and AGENTOS_ID, AGENTOS_FD if it gets a descriptor of itself,
 * and AGENTOS_DENIALS if it has a file to read them in.
 * The gateway is told, in place of another proxy, if the policy allows any name of a
 * host: HTTPS_PROXY and HTTP_PROXY, NO_PROXY for what is on this machine, each in
 * either case of letters, and NODE_USE_ENV_PROXY, without which Node.js looks at
 * none of them. ALL_PROXY is left alone. If it allows any model: where programs look
 * for models, in place of another: OPENAI_BASE_URL, ANTHROPIC_BASE_URL and
 * GOOGLE_GEMINI_BASE_URL, each with the token as its key, and NO_PROXY. With either,
 * AGENTOS_SOCKET: the gateway's Unix socket.
 * What would make the dynamic linker load code (LD_*) passes only if kept by
 * its full name or without a section. *ret_env is released with
 * launch_environment_free(). -ENOMEM
 */
int launch_environment(const struct policy *p, char *const *from, const struct launch_agent *who,
		       char ***ret_env);
void launch_environment_free(char **env);

/*
 * Makes the policy's directories, 0700, parents included, as the caller. A
 * symlink anywhere below the first component that had to be made, and one in
 * the last place, is refused.
 * -ELOOP a symlink; -ENOTDIR something else is there; -EPERM it is another
 * user's; other errors of mkdir
 */
int launch_directories(const struct policy *p, struct fault *f);

/*
 * Are descriptors 0, 1 and 2 such that an agent may have them? Files, pipes,
 * sockets, terminals and the harmless devices may stay; a directory or O_PATH
 * descriptor, an anonymous inode (io_uring, bpf, perf, kvm, agent, ...), a
 * namespace, a block or other device is a way out. A closed one is fine.
 * -EPERM f names the descriptor and what it is
 */
int launch_check_stdio(struct fault *f);

/* Closes every descriptor above 2 but keep. */
int launch_close_others(int keep);

struct launch {
	const char *path; /* from launch_find() */
	char *const *argv;
	char *const *env;
	int agent; /* descriptor with AGENTOS_ACCESS_ATTACH, and what `self` asks for */
	/*
	 * AGENTOS_ACCESS_* of the descriptor of itself that the program gets as
	 * LAUNCH_SELF_FD; 0: none. From launch_self_access().
	 */
	uint32_t self;
	/*
	 * LAUNCH_GATE_FD stays, which is a socket: for the gateway, whose agentosd is at
	 * the other end. Then self is 0. It is no more than a socket as standard input.
	 */
	bool gate;
};

#define LAUNCH_SELF_FD	  3
#define LAUNCH_GATE_FD	  3
#define LAUNCH_CONTROL_FD 4 /* with it: to agentosd, for whoever launches; closed by then */

/* What an agent with these rights has a use for: to derive, or to receive messages; or 0. */
uint32_t launch_self_access(uint64_t rights);

/*
 * Joins the agent and becomes the program. Single-threaded callers only.
 * Returns only on failure: a negative errno, f says why. *ret_attached: whether
 * the process is in the agent by then (it cannot leave; it should exit).
 */
int launch_exec(const struct launch *l, int *ret_attached, struct fault *f);

#endif
