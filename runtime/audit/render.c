// SPDX-License-Identifier: GPL-2.0-or-later
/* Records in plain words, one line each. */
#include "audit/render.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "audit/names.h"
#include "base/escape.h"

/* How a line begins; the word is what the eye looks for. */
static const struct {
	const char *word, *colour;
} heads[] = {
	[0] = { "allowed", "\033[32m" },   [1] = { "DENIED", "\033[1;31m" },
	[2] = { "LOST", "\033[1;37;41m" }, [3] = { "agent", "\033[36m" },
	[4] = { "daemon", "\033[36m" },	   [5] = { "unclear", "\033[1;33m" },
	[6] = { "PASSED", "\033[1;33m" },  [7] = { "failed", "\033[33m" },
	[8] = { "closed", "\033[32m" },
};
enum head {
	HEAD_ALLOWED,
	HEAD_DENIED,
	HEAD_LOST,
	HEAD_AGENT,
	HEAD_DAEMON,
	HEAD_UNCLEAR,
	HEAD_PASSED,
	HEAD_FAILED,
	HEAD_CLOSED
};

/* With a blank or a quote in it, it stands in quotes: an agent's words must not pass for ours. */
void render_name(FILE *out, const char *text, size_t len)
{
	char shown[ESCAPE_TEXT_MAX(AGENTOS_OBJECT_SIZE) + 1];
	const char *p;

	escape_text(shown, sizeof(shown), text, len);
	if (!strpbrk(shown, " \"")) {
		fputs(shown, out);
		return;
	}
	fputc('"', out);
	for (p = shown; *p; p++) {
		if (*p == '"')
			fputs("\\x22", out);
		else
			fputc(*p, out);
	}
	fputc('"', out);
}

static void put_head(FILE *out, const struct record *r, enum head head, bool colour)
{
	time_t seconds = (time_t)(r->time_ns / 1000000000);
	struct tm tm = { 0 };

	localtime_r(&seconds, &tm);
	fprintf(out, "%02d:%02d:%02d.%03u  ", tm.tm_hour, tm.tm_min, tm.tm_sec,
		(unsigned int)(r->time_ns / 1000000 % 1000));
	fprintf(out, "%s%s%s%*s", colour ? heads[head].colour : "", heads[head].word,
		colour ? "\033[0m" : "", (int)(8 - strlen(heads[head].word)), "");
}

static void put_text(FILE *out, const struct agentos_event *e)
{
	render_name(out, e->text,
		    e->text_len < sizeof(e->text) ? e->text_len : sizeof(e->text) - 1);
}

/* "coder(7)"; a name that nobody told stays away. */
static void put_agent(FILE *out, const char *name, size_t size, uint64_t id)
{
	size_t len = strnlen(name, size);

	if (len)
		render_name(out, name, len);
	else
		fputs("agent", out);
	fprintf(out, "(%" PRIu64 ")", id);
}

static void put_rights(FILE *out, uint64_t rights)
{
	const char *comma = "", *name;
	char other[NAME_ROOM];
	unsigned int bit;

	if (rights == AGENTOS_RIGHTS_ALL) {
		fputs("rights all", out);
		return;
	}
	fputs(rights ? "rights " : "no rights", out);
	for (bit = 0; bit < 64; bit++) {
		if (!(rights >> bit & 1))
			continue;
		name = name_right(bit, other);
		fprintf(out, "%s%s", comma, name);
		comma = ",";
	}
}

static void put_address(FILE *out, const struct agentos_event *e)
{
	char text[INET6_ADDRSTRLEN], other[NAME_ROOM];

	if ((e->family == AF_INET || e->family == AF_INET6) &&
	    inet_ntop(e->family, e->addr, text, sizeof(text)))
		fprintf(out, "%s port %u", text, e->port);
	else
		fprintf(out, "an address of family %s", name_family(e->family, other));
	if (e->protocol)
		fprintf(out, " (%s)", name_protocol(e->protocol, other));
}

static void put_task(FILE *out, const struct agentos_event *e)
{
	char other[NAME_ROOM];

	if (e->text_len)
		put_text(out, e);
	else
		fputs("process ", out);
	fprintf(out, "[%llu]", e->number);
	if (e->hook == AGENTOS_HOOK_TASK_KILL && e->number2)
		fprintf(out, " with %s", name_signal(e->number2, other));
}

/* What a number means is the hook's to say. */
static void put_number(FILE *out, const struct agentos_event *e)
{
	char other[NAME_ROOM];

	switch (e->hook) {
	case AGENTOS_HOOK_CAPABLE:
		fputs(name_capability(e->number, other), out);
		break;
	case AGENTOS_HOOK_SOCKET_CREATE:
		fprintf(out, "family %s, type %llu", name_family(e->number, other), e->number2);
		break;
	case AGENTOS_HOOK_FIX_SETUID:
	case AGENTOS_HOOK_FIX_SETGID:
		fprintf(out, "to %llu", e->number);
		break;
	case AGENTOS_HOOK_TASK_KILL:
	case AGENTOS_HOOK_PTRACE_ACCESS:
		put_task(out, e);
		break;
	case AGENTOS_HOOK_SIGNAL_OWNER:
		if ((int)e->number > 0)
			fprintf(out, "process %d", (int)e->number);
		else if ((int)e->number < 0)
			fprintf(out, "process group %d", -(int)e->number);
		else
			fputs("another process", out);
		break;
	case AGENTOS_HOOK_SOCKET_LISTEN:
		fprintf(out, "family %s, port %llu", name_family(e->number, other), e->number2);
		break;
	case AGENTOS_HOOK_MMAP:
	case AGENTOS_HOOK_MPROTECT:
		fputs("memory that is no file", out);
		break;
	case AGENTOS_HOOK_SB_UMOUNT:
		fputs("a file system", out);
		break;
	case AGENTOS_HOOK_SB_REMOUNT:
		fprintf(out, "the file system on device %llu:%llu", e->number >> 20,
			e->number & 0xfffff);
		break;
	case AGENTOS_HOOK_PRLIMIT:
		fputs("another process", out);
		break;
	case AGENTOS_HOOK_URING_CREDS:
		fputs("a request", out);
		break;
	case AGENTOS_HOOK_TTY_INJECT:
		fprintf(out, "by request 0x%llx", e->number);
		break;
	default:
		fprintf(out, "number %llu", e->number);
		if (e->number2)
			fprintf(out, ", %llu", e->number2);
	}
}

/* Whether "may not <doing>" is a sentence without an object. */
static bool doing_is_whole(const struct agentos_event *e)
{
	switch (e->hook) {
	case AGENTOS_HOOK_USERNS:
	case AGENTOS_HOOK_FIX_SETGROUPS:
	case AGENTOS_HOOK_KERNEL_LOAD_DATA:
	case AGENTOS_HOOK_CLONE_CGROUP:
	case AGENTOS_HOOK_CLONE_PARENT:
	case AGENTOS_HOOK_PERF_EVENT:
	case AGENTOS_HOOK_KEY:
	case AGENTOS_HOOK_SYSV_IPC:
	case AGENTOS_HOOK_SOCKET_OPTION:
	case AGENTOS_HOOK_PERSONALITY:
		return e->object_kind == AGENTOS_OBJECT_NONE ||
		       e->object_kind == AGENTOS_OBJECT_NUMBER;
	case AGENTOS_HOOK_FIX_SETUID:
	case AGENTOS_HOOK_FIX_SETGID:
		return e->object_kind == AGENTOS_OBJECT_NONE;
	default:
		return false;
	}
}

void render_object(FILE *out, const struct agentos_event *e)
{
	if (e->flags & AGENTOS_EVENT_TRUNCATED)
		fputs("...", out);
	switch (e->object_kind) {
	case AGENTOS_OBJECT_INET:
		put_address(out, e);
		break;
	case AGENTOS_OBJECT_TASK:
		put_task(out, e);
		break;
	case AGENTOS_OBJECT_NUMBER:
		put_number(out, e);
		break;
	case AGENTOS_OBJECT_UNIX:
		if (e->text_len)
			put_text(out, e);
		else
			fputs("(unnamed)", out);
		break;
	default:
		if (e->text_len)
			put_text(out, e);
		else if (e->ino)
			fprintf(out, "inode %llu of device %u:%u", e->ino, e->dev >> 20,
				e->dev & 0xfffff);
		else
			fputs("something without a name", out);
	}
	if (e->flags & AGENTOS_EVENT_DENTRY)
		fputs(" (counted from the root of its file system)", out);
}

static void put_access(FILE *out, uint32_t access)
{
	static const char *const words[] = { "reading", "writing", "executing" };
	const char *before = " for ";
	unsigned int bit;

	for (bit = 0; bit < 3; bit++) {
		if (!(access >> bit & 1))
			continue;
		fprintf(out, "%s%s", before, words[bit]);
		before = " and ";
	}
}

static void put_rule(FILE *out, const struct agentos_event *e, const char *does)
{
	if (e->rule == AGENTOS_RULE_NONE)
		fprintf(out, "a rule of its policy %s it", does);
	else if (e->rule == AGENTOS_RULE_PINS)
		fprintf(out, "no agent may touch what enforces");
	else if (e->rule == AGENTOS_RULE_FEED)
		fprintf(out, "of the denial feeds an agent may only read its own");
	else if (e->rule == AGENTOS_RULE_LOG)
		fprintf(out, "no agent may touch the audit log");
	else if (e->rule == AGENTOS_RULE_KEYS)
		fprintf(out, "no agent may touch the keys");
	else
		fprintf(out, "rule %u of its policy %s it", e->rule, does);
}

void render_why(FILE *out, const struct agentos_event *e)
{
	const char *comma = "it lacks the right ";
	char other[NAME_ROOM];
	unsigned int bit;

	switch (e->why) {
	case AGENTOS_WHY_NONE:
		fputs("no reason was recorded", out);
		break;
	case AGENTOS_WHY_RIGHT:
		if (!e->right)
			fputs("it lacks a right", out);
		for (bit = 0; bit < 64; bit++) {
			if (!(e->right >> bit & 1))
				continue;
			fprintf(out, "%s%s", comma, name_right(bit, other));
			comma = ", ";
		}
		break;
	case AGENTOS_WHY_RULE:
		put_rule(out, e, "denies");
		break;
	case AGENTOS_WHY_NO_RULE:
		fputs("no rule of its policy allows it", out);
		break;
	case AGENTOS_WHY_WIDER:
		fputs("under the new name its policy would allow more", out);
		break;
	case AGENTOS_WHY_UNRESOLVED:
		fputs("what this is could not be determined", out);
		break;
	case AGENTOS_WHY_NEVER:
		fputs("no agent may, whatever its rights", out);
		break;
	case AGENTOS_WHY_HOLDS:
		fputs("rules of its policy stand on it or below, and would not move with its name",
		      out);
		break;
	case AGENTOS_WHY_UNCOUNTED:
		fputs("its network bytes are limited, and would not be counted there", out);
		break;
	case AGENTOS_WHY_UNRECORDED:
		fputs("there was no room to record it, and its policy wants all recorded", out);
		break;
	case AGENTOS_WHY_OUTSIDE:
		fputs("the target is outside the agent", out);
		break;
	default:
		fprintf(out, "reason number %u, which this program does not know", e->why);
	}
}

/* What was done or tried, behind the verb that says which. */
static void put_act(FILE *out, const struct agentos_event *e)
{
	char other[NAME_ROOM];

	fputs(name_doing(e->hook, other), out);
	if (!doing_is_whole(e)) {
		fputc(' ', out);
		render_object(out, e);
	}
	if (e->hook == AGENTOS_HOOK_FILE_OPEN)
		put_access(out, e->access);
}

void render_denial(FILE *out, const struct agentos_event *e)
{
	render_name(out, e->comm, strnlen(e->comm, sizeof(e->comm)));
	fputs(" may not ", out);
	put_act(out, e);
	fputs(": ", out);
	render_why(out, e);
}

void render_act(FILE *out, const struct agentos_event *e)
{
	put_act(out, e);
	fputs(": ", out);
	render_why(out, e);
}

static void event_text(FILE *out, const struct record *r, bool colour)
{
	static const struct {
		enum head head;
		const char *verb, *remark;
	} verdicts[] = {
		[AGENTOS_VERDICT_ALLOWED] = { HEAD_ALLOWED, "may", "" },
		[AGENTOS_VERDICT_DENIED] = { HEAD_DENIED, "may not", "" },
		[AGENTOS_VERDICT_WOULD_DENY] = { HEAD_PASSED, "was let", ", as it is audit-only" },
		{ HEAD_UNCLEAR, "tried to", "" },
	};
	const struct agentos_event *e = &r->u.event;
	unsigned int last = sizeof(verdicts) / sizeof(verdicts[0]) - 1;
	unsigned int verdict = e->verdict < last ? e->verdict : last;

	put_head(out, r, verdicts[verdict].head, colour);
	put_agent(out, r->agent_name, sizeof(r->agent_name), e->agent);
	fputc(' ', out);
	render_name(out, e->comm, strnlen(e->comm, sizeof(e->comm)));
	fprintf(out, "[%d] %s ", e->tgid, verdicts[verdict].verb);
	put_act(out, e);
	fputs(e->flags & AGENTOS_EVENT_WATCH ? ", as it is only watched" : verdicts[verdict].remark,
	      out);
	if (e->flags & AGENTOS_EVENT_WATCH && e->why == AGENTOS_WHY_RULE) {
		fputs(": ", out);
		put_rule(out, e, "watches");
	} else if (e->verdict != AGENTOS_VERDICT_ALLOWED) {
		fputs(": ", out);
		render_why(out, e);
	} else if (e->why == AGENTOS_WHY_RULE) {
		fputs(": ", out);
		put_rule(out, e, "allows");
	}
	if (e->flags & AGENTOS_EVENT_KILL)
		fputs(e->verdict == AGENTOS_VERDICT_DENIED ? "; the agent is killed for it" :
							     "; the agent would be killed for it",
		      out);
}

static void put_end(FILE *out, const struct agentos_lifecycle *l)
{
	char other[NAME_ROOM];

	switch (l->reason) {
	case AGENTOS_REASON_EXIT:
		fprintf(out, "ended: exit status %d", l->code);
		break;
	case AGENTOS_REASON_SIGNAL:
		fprintf(out, "ended: killed by %s", name_signal((uint32_t)l->code, other));
		break;
	case AGENTOS_REASON_KILLED:
		fputs("ended: it was killed on request", out);
		break;
	case AGENTOS_REASON_BUDGET:
		fputs("ended: it was killed, as a budget was used up", out);
		break;
	case AGENTOS_REASON_POLICY:
		fputs("ended: it was killed for what it tried, as its policy says", out);
		break;
	case AGENTOS_REASON_UNUSED:
		fputs("ended: nothing was ever started in it", out);
		return;
	default:
		fprintf(out, "ended: reason number %u", l->reason);
	}
	fprintf(out, ", %u process%s forked", l->forks, l->forks == 1 ? "" : "es");
}

static double lifecycle_seconds(const struct agentos_lifecycle *l)
{
	return l->time_ns > l->since_ns ? (double)(l->time_ns - l->since_ns) / 1e9 : 0;
}

static void lifecycle_text(FILE *out, const struct record *r, bool colour)
{
	const struct agentos_lifecycle *l = &r->u.lifecycle;
	const char *name = l->name[0] ? l->name : r->agent_name, *was;
	char other[NAME_ROOM];

	if (l->type == AGENTOS_LIFECYCLE_LOST) {
		put_head(out, r, HEAD_LOST, colour);
		fprintf(out, "%llu lifecycle records: they will never be seen", l->lost);
		return;
	}
	put_head(out, r, HEAD_AGENT, colour);
	put_agent(out, name, AGENTOS_NAME_SIZE, l->agent);
	fputc(' ', out);
	switch (l->type) {
	case AGENTOS_LIFECYCLE_CREATE:
		fprintf(out, "created for user id %u", l->uid);
		if (l->parent)
			fprintf(out, " below agent %llu", l->parent);
		fprintf(out, ": policy %u, ", l->policy);
		put_rights(out, l->rights);
		if (l->code & AGENTOS_CREATE_AUDIT_ONLY)
			fputs("; AUDIT-ONLY: what they refuse is done, and recorded", out);
		if (l->code & AGENTOS_CREATE_STRICT)
			fputs("; strict: what cannot be recorded is refused", out);
		break;
	case AGENTOS_LIFECYCLE_ATTACH:
		fprintf(out, "started as process %d: policy %u, ", l->tgid, l->policy);
		put_rights(out, l->rights);
		break;
	case AGENTOS_LIFECYCLE_RESTRICT:
		fprintf(out, "restricted by process %d: what is left is ", l->tgid);
		put_rights(out, l->rights);
		break;
	case AGENTOS_LIFECYCLE_POLICY:
		fprintf(out, "follows policy %u from now on, no longer %d: process %d had it so; ",
			l->policy, l->code, l->tgid);
		put_rights(out, l->rights);
		break;
	case AGENTOS_LIFECYCLE_REVOKE:
		fprintf(out, "lost all rights for good: process %d took them", l->tgid);
		break;
	case AGENTOS_LIFECYCLE_BUDGET:
		fprintf(out, "has used %d%% of its budget of %s", l->code,
			name_resource(l->resource, other));
		break;
	case AGENTOS_LIFECYCLE_PAUSE:
		if (l->reason == AGENTOS_REASON_BUDGET)
			fputs("paused, as a budget was used up", out);
		else
			fprintf(out, "paused by process %d", l->tgid);
		break;
	case AGENTOS_LIFECYCLE_RESUME:
		fprintf(out, "resumed by process %d", l->tgid);
		break;
	case AGENTOS_LIFECYCLE_REPEATED:
		was = l->reason == AGENTOS_VERDICT_DENIED ? "was" : "would be";
		if (l->code == AGENTOS_REPEATED_OTHERS)
			fprintf(out,
				"%s denied %llu acts more in calls that ask for many, "
				"too fast to tell each: the last by process %d",
				was, l->count, l->tgid);
		else
			fprintf(out, "%s denied the same %llu times more, in %.3f s: process %d",
				was, l->count, lifecycle_seconds(l), l->tgid);
		break;
	case AGENTOS_LIFECYCLE_HELD:
		fprintf(out,
			"is held, until its denials are read: process %d outran its share of %d, "
			"with %u in flight",
			l->tgid, l->code, l->in_flight);
		break;
	case AGENTOS_LIFECYCLE_RELEASED:
		fprintf(out, "goes on: it outran its share for %.3f s, and was held %llu time%s",
			lifecycle_seconds(l), l->count, l->count == 1 ? "" : "s");
		break;
	case AGENTOS_LIFECYCLE_KILL:
		if (l->reason == AGENTOS_REASON_POLICY && l->tgid)
			fprintf(out,
				"is to be killed, as its policy says, for what process %d tried",
				l->tgid);
		else if (l->reason == AGENTOS_REASON_POLICY)
			fputs("is to be killed with the agent above it, as its policy says", out);
		else if (l->tgid)
			fprintf(out, "is to be killed: process %d asked for it", l->tgid);
		else
			fputs("is to be killed: a budget of time was used up", out);
		break;
	case AGENTOS_LIFECYCLE_EXIT:
		put_end(out, l);
		break;
	default:
		fprintf(out, "lifecycle record of type %u, which this program does not know",
			l->type);
	}
}

static void loss_text(FILE *out, const struct record *r, bool colour)
{
	static const char *const kinds[STREAM_COUNT] = { "denial", "allowed-access", "lifecycle" };
	uint64_t count = r->u.loss.count, first = r->u.loss.first, last = r->u.loss.last;

	put_head(out, r, HEAD_LOST, colour);
	fprintf(out, "%" PRIu64 " %s record%s", count,
		r->stream < STREAM_COUNT ? kinds[r->stream] : "unknown", count == 1 ? "" : "s");
	if (first == last && first)
		fprintf(out, " (number %" PRIu64 ")", first);
	else if (first < last)
		fprintf(out, " (%snumbers %" PRIu64 " to %" PRIu64 ")",
			count == last - first + 1 ? "" : "among ", first, last);
	fprintf(out, ": %s will never be seen", count == 1 ? "it" : "they");
}

static void daemon_text(FILE *out, const struct record *r, bool colour)
{
	char shown[ESCAPE_TEXT_MAX(sizeof(r->u.daemon.text)) + 1];
	uint64_t n = r->u.daemon.number;

	put_head(out, r, r->u.daemon.note == DAEMON_UNWRITABLE ? HEAD_LOST : HEAD_DAEMON, colour);
	switch (r->u.daemon.note) {
	case DAEMON_STARTED:
		fputs("agentosd started, and enforcement with it", out);
		break;
	case DAEMON_ADOPTED:
		fprintf(out,
			"agentosd took over from one that was gone: %" PRIu64 " agents running", n);
		break;
	case DAEMON_STOPPED:
		fprintf(out,
			"agentosd stopped: enforcement goes on without it, %" PRIu64
			" agents running",
			n);
		break;
	case DAEMON_ENDED:
		fputs("agentosd ended enforcement", out);
		break;
	case DAEMON_TORN:
		fprintf(out,
			"agentosd found %" PRIu64
			" bytes of a half-written record at the end of this log, and cut them",
			n);
		break;
	case DAEMON_UNWRITABLE:
		fprintf(out, "%" PRIu64 " records could not be written: they will never be seen",
			n);
		break;
	case DAEMON_APPLIED:
		fprintf(out, "agentosd put a running agent under policy %" PRIu64, n);
		break;
	case DAEMON_GATEWAY:
		fprintf(out, "agentosd ended the gateway, agent %" PRIu64, n);
		break;
	case DAEMON_CHANGED:
		fprintf(out,
			"agentosd found %" PRIu64
			" records before this one that are not those it hashed when it wrote them",
			n);
		break;
	case DAEMON_PRUNED:
		fprintf(out, "agentosd removes the records up to %" PRIu64 " as they are old", n);
		break;
	case DAEMON_ROTATED:
		fprintf(out,
			"agentosd signs this log with another key, from behind record %" PRIu64
			" on",
			n);
		break;
	default:
		fprintf(out, "note %u of agentosd, which this program does not know (%" PRIu64 ")",
			r->u.daemon.note, n);
	}
	if (r->u.daemon.text[0]) {
		escape_text(shown, sizeof(shown), r->u.daemon.text,
			    strnlen(r->u.daemon.text, sizeof(r->u.daemon.text)));
		fprintf(out, ": %s", shown);
	}
}

/* The policy's name and file; what else it has is for those who expand it again. */
static void policy_text(FILE *out, const struct record *r, bool colour)
{
	const size_t len = r->u.policy.text_len < sizeof(r->u.policy.text) ?
				   r->u.policy.text_len :
				   sizeof(r->u.policy.text) - 1;
	const char *text = r->u.policy.text, *end = text + len, *stop;

	put_head(out, r, HEAD_DAEMON, colour);
	fprintf(out, "policy %u of ", r->u.policy.policy);
	put_agent(out, r->agent_name, sizeof(r->agent_name), r->u.policy.agent);
	if (r->u.policy.part) {
		fprintf(out, ": part %u of what is known of it", r->u.policy.part + 1U);
		return;
	}
	stop = memchr(text, '\0', len);
	fputs(" is ", out);
	render_name(out, text, (size_t)((stop ? stop : end) - text));
	text = stop ? stop + 1 : end;
	stop = memchr(text, '\0', (size_t)(end - text));
	fputs(", from ", out);
	if (text == end || stop == text)
		fputs("a file that is not known", out);
	else
		render_name(out, text, (size_t)((stop ? stop : end) - text));
}

static void gateway_text(FILE *out, const struct record *r, bool colour)
{
	static const enum head of[] = { HEAD_ALLOWED, HEAD_DENIED, HEAD_PASSED, HEAD_FAILED,
					HEAD_CLOSED };
	/* The outcomes of calls have the order of those of egress, but that none closes. */
	const bool call = r->type == RECORD_CALL;
	const unsigned int outcome = call ? r->u.call.outcome : r->u.egress.outcome;
	const unsigned int known = call ? CALL_OUTCOMES : sizeof(of) / sizeof(of[0]);

	put_head(out, r, outcome < known ? of[outcome] : HEAD_UNCLEAR, colour);
	put_agent(out, r->agent_name, sizeof(r->agent_name),
		  call ? r->u.call.agent : r->u.egress.agent);
	fputc(' ', out);
	if (call)
		render_call(out, r);
	else
		render_egress(out, r);
}

void render_text(FILE *out, const struct record *r, bool colour)
{
	switch (r->type) {
	case RECORD_EVENT:
		event_text(out, r, colour);
		break;
	case RECORD_LIFECYCLE:
		lifecycle_text(out, r, colour);
		break;
	case RECORD_LOSS:
		loss_text(out, r, colour);
		break;
	case RECORD_DAEMON:
		daemon_text(out, r, colour);
		break;
	case RECORD_POLICY:
		policy_text(out, r, colour);
		break;
	case RECORD_EGRESS:
	case RECORD_CALL:
		gateway_text(out, r, colour);
		break;
	default:
		put_head(out, r, HEAD_UNCLEAR, colour);
		fprintf(out, "record of type %u, which this program does not know", r->type);
	}
	fputc('\n', out);
}
