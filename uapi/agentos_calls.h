/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/* The calls that designs of agent systems specify: where each is here, or that it is to come. */
#ifndef _UAPI_AGENTOS_CALLS_H
#define _UAPI_AGENTOS_CALLS_H

#include <linux/ioctl.h>

#include "agentos_base.h"

/*
 * AGENTOS_CALLS(X) expands X("name", number, "where it is"): the 24 calls of
 * XKernel's specification. A number that is not 0 is a command of agent
 * descriptors that does not exist yet: it is answered with -ENOSYS whatever
 * comes with it, and changes nothing. Numbers are never used for anything else.
 */
#define AGENTOS_CALLS(X)                                                                           \
	X("task spawn", 0, "AGENTOS_AGENT_DERIVE, AGENTOS_AGENT_ATTACH, execve(); agentctl spawn") \
	X("task yield", 0, "sched_yield(); AGENTOS_AGENT_SCHED with AGENTOS_PHASE_WAITING")        \
	X("task checkpoint", 64, "to come")                                                        \
	X("task resume", 0, "AGENTOS_AGENT_RESUME, after AGENTOS_AGENT_PAUSE")                     \
	X("memory alloc", 65, "to come")                                                           \
	X("memory read", 66, "to come")                                                            \
	X("memory write", 67, "to come")                                                           \
	X("memory mount", 68, "to come")                                                           \
	X("tool bind", 69, "to come")                                                              \
	X("tool invoke", 70, "to come")                                                            \
	X("channel open", 0, "AGENTOS_AGENT_MAIL_SEND, AGENTOS_AGENT_MAIL_RECEIVE")                \
	X("channel send", 0, "write() to a mailbox")                                               \
	X("channel recv", 0, "read() from a mailbox")                                              \
	X("capability grant", 0,                                                                   \
	  "AGENTOS_AGENT_DERIVE with rights; an agent descriptor over SCM_RIGHTS")                 \
	X("capability delegate", 0, "AGENTOS_AGENT_DUP, and the descriptor over SCM_RIGHTS")       \
	X("capability revoke", 0, "AGENTOS_AGENT_RESTRICT, AGENTOS_AGENT_REVOKE")                  \
	X("signal handler", 0, "poll() on an agent descriptor; lifecycle records; sigaction()")    \
	X("exception handler", 0, "lifecycle records: BUDGET, PAUSE, EXIT with its reason")        \
	X("crew create", 0,                                                                        \
	  "AGENTOS_IOC_CREATE or AGENTOS_AGENT_DERIVE with AGENTOS_CREATE_GROUP")                  \
	X("crew join", 0, "AGENTOS_AGENT_DERIVE below the group, AGENTOS_AGENT_ATTACH")            \
	X("crew leave", 0, "exit(): nobody leaves an agent alive")                                 \
	X("crew query", 0, "AGENTOS_AGENT_INFO, AGENTOS_IOC_ENUMERATE; agentctl tree")             \
	X("trace emit", 71, "to come")                                                             \
	X("trace query", 0, "read() of the device; agentctl audit; the pinned iterators")

#define AGENTOS_CALLS_TO_COME_FIRST 64
#define AGENTOS_CALLS_TO_COME_LAST  71

#endif /* _UAPI_AGENTOS_CALLS_H */
