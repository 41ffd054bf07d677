// SPDX-License-Identifier: GPL-2.0-or-later
/* The words for the numbers in records. */
#include "audit/names.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/libagentos.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *name_find(const char *const *names, size_t count, uint64_t number,
			     const char *kind, char other[NAME_ROOM])
{
	if (number < count && names[number])
		return names[number];
	snprintf(other, NAME_ROOM, "%s-%" PRIu64, kind, number);
	return other;
}

const char *name_hook(unsigned int hook, char other[NAME_ROOM])
{
#define HOOK_NAME(NAME, name, doing) name,
	static const char *const names[] = { AGENTOS_HOOKS(HOOK_NAME) };

	return name_find(names, COUNT(names), hook, "hook", other);
}

const char *name_doing(unsigned int hook, char other[NAME_ROOM])
{
#define HOOK_DOING(NAME, name, doing) doing,
	static const char *const names[] = { AGENTOS_HOOKS(HOOK_DOING) };

	if (hook == AGENTOS_HOOK_NONE)
		return "act on";
	return name_find(names, COUNT(names), hook, "do act", other);
}

const char *name_why(unsigned int why, char other[NAME_ROOM])
{
	static const char *const names[] = { "none",  "right",	    "rule",	 "no_rule",
					     "wider", "unresolved", "never",	 "outside",
					     "holds", "uncounted",  "unrecorded" };

	return name_find(names, COUNT(names), why, "why", other);
}

const char *name_verdict(unsigned int verdict, char other[NAME_ROOM])
{
	static const char *const names[] = { "allowed", "denied", "would-deny" };

	return name_find(names, COUNT(names), verdict, "verdict", other);
}

const char *name_outcome(unsigned int outcome, char other[NAME_ROOM])
{
	static const char *const names[] = { "allowed", "denied", "would_deny", "failed",
					     "closed" };

	return name_find(names, COUNT(names), outcome, "outcome", other);
}

const char *name_egress(unsigned int why, char other[NAME_ROOM])
{
	static const char *const names[] = {
		"allowed",    "no_rule", "provider",	"literal",     "private",
		"unresolved", "not_tls", "server_name", "unreachable", "malformed",
		"stranger",   "busy",	 "denied",	"killed",      "watched",
	};

	return name_find(names, COUNT(names), why, "why", other);
}

const char *name_answer(unsigned int outcome, char other[NAME_ROOM])
{
	static const char *const names[] = { "answered", "denied", "would_deny", "failed" };

	return name_find(names, COUNT(names), outcome, "outcome", other);
}

const char *name_call(unsigned int why, char other[NAME_ROOM])
{
	static const char *const names[] = {
		"none",	       "no_rule",	"unknown",	"token",	"token_others",
		"stranger",    "budget_tokens", "budget_money", "budget_calls", "no_price",
		"no_key",      "malformed",	"unsayable",	"too_large",	"busy",
		"unreachable", "provider",	"broken",	"timeout",	"client_gone",
		"cut_tokens",  "ended",		"cut_money",	"often"
	};

	return name_find(names, COUNT(names), why, "why", other);
}

/* Those of llm/wire.h, which is above this folder. */
const char *name_wire(unsigned int wire, char other[NAME_ROOM])
{
	static const char *const names[] = { NULL, "openai-chat", "openai-responses", "anthropic",
					     "gemini" };

	return name_find(names, COUNT(names), wire, "wire", other);
}

const char *name_operation(unsigned int operation, char other[NAME_ROOM])
{
	static const char *const names[] = { NULL, "answer", "embeddings", "count" };

	return name_find(names, COUNT(names), operation, "operation", other);
}

const char *name_kind(unsigned int kind, char other[NAME_ROOM])
{
	static const char *const names[] = { "none", "path",   "inet", "unix",
					     "task", "number", "text" };

	return name_find(names, COUNT(names), kind, "kind", other);
}

const char *name_right(unsigned int bit, char other[NAME_ROOM])
{
#define RIGHT_NAME(at, NAME, name, enforcer, test, meaning) [at] = name,
	static const char *const names[] = { AGENTOS_RIGHTS(RIGHT_NAME) };

	return name_find(names, COUNT(names), bit, "right", other);
}

const char *name_stream(unsigned int stream, char other[NAME_ROOM])
{
	static const char *const names[] = { "denials", "allowed", "lifecycle" };

	return name_find(names, COUNT(names), stream, "stream", other);
}

const char *name_lifecycle(unsigned int type, char other[NAME_ROOM])
{
	static const char *const names[] = { "lost",   "create",   "attach", "restrict", "kill",
					     "exit",   "revoke",   "budget", "pause",	 "resume",
					     "policy", "repeated", "held",   "released" };

	return name_find(names, COUNT(names), type, "lifecycle", other);
}

const char *name_reason(unsigned int reason, char other[NAME_ROOM])
{
	static const char *const names[] = { "none",   "exit",	 "signal", "killed",
					     "unused", "budget", "policy" };

	return name_find(names, COUNT(names), reason, "reason", other);
}

const char *name_resource(unsigned int resource, char other[NAME_ROOM])
{
	const char *name = agentos_resource_name(resource);

	return name ? name : name_find(&name, 0, resource, "resource", other);
}

const char *name_note(unsigned int note, char other[NAME_ROOM])
{
	static const char *const names[] = { NULL,	"started", "adopted",	 "stopped",
					     "ended",	"torn",	   "unwritable", "applied",
					     "gateway", "changed", "pruned",	 "rotated" };

	return name_find(names, COUNT(names), note, "note", other);
}

const char *name_signal(uint64_t number, char other[NAME_ROOM])
{
	const char *abbreviation = number < 65 ? sigabbrev_np((int)number) : NULL;

	if (abbreviation)
		snprintf(other, NAME_ROOM, "SIG%s", abbreviation);
	else
		snprintf(other, NAME_ROOM, "signal %" PRIu64, number);
	return other;
}

const char *name_capability(uint64_t number, char other[NAME_ROOM])
{
	/* clang-format off */
	static const char *const names[] = {
		"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID",
		"CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE",
		"CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW",
		"CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT",
		"CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE",
		"CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE",
		"CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE",
		"CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND",
		"CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE"
	};
	/* clang-format on */

	return name_find(names, COUNT(names), number, "CAP", other);
}

const char *name_family(uint64_t family, char other[NAME_ROOM])
{
	/* clang-format off */
	static const char *const names[] = {
		[AF_UNSPEC] = "AF_UNSPEC", [AF_UNIX] = "AF_UNIX", [AF_INET] = "AF_INET",
		[AF_INET6] = "AF_INET6", [AF_NETLINK] = "AF_NETLINK", [AF_PACKET] = "AF_PACKET",
		[AF_KEY] = "AF_KEY", [AF_RDS] = "AF_RDS", [AF_CAN] = "AF_CAN", [AF_TIPC] = "AF_TIPC",
		[AF_BLUETOOTH] = "AF_BLUETOOTH", [AF_ALG] = "AF_ALG", [AF_NFC] = "AF_NFC",
		[AF_VSOCK] = "AF_VSOCK", [AF_KCM] = "AF_KCM", [AF_QIPCRTR] = "AF_QIPCRTR",
		[AF_SMC] = "AF_SMC", [AF_XDP] = "AF_XDP"
	};
	/* clang-format on */

	return name_find(names, COUNT(names), family, "AF", other);
}

const char *name_protocol(uint64_t protocol, char other[NAME_ROOM])
{
	switch (protocol) {
	case IPPROTO_TCP:
		return "TCP";
	case IPPROTO_UDP:
		return "UDP";
	case IPPROTO_ICMP:
		return "ICMP";
	case IPPROTO_ICMPV6:
		return "ICMPv6";
	case IPPROTO_SCTP:
		return "SCTP";
	case IPPROTO_UDPLITE:
		return "UDP-Lite";
	case IPPROTO_MPTCP:
		return "MPTCP";
	case IPPROTO_RAW:
		return "raw";
	default:
		snprintf(other, NAME_ROOM, "protocol %" PRIu64, protocol);
		return other;
	}
}
