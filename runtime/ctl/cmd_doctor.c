// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl doctor: every layer from the kernel to the policies, a line each, with what to do. */
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "audit/anchor.h"
#include "audit/segment.h"
#include "base/escape.h"
#include "ctl/agents.h"
#include "ctl/ctl.h"
#include "ctl/evidence.h"
#include "kern/enforce.h"
#include "rpc/channel.h"
#include "kern/host.h"
#include "super/profile.h"

#define DOCTOR_FREE_MIN (256ULL << 20) /* bytes for the log: four segments */
#define DOCTOR_UNDERWAY 3600	       /* seconds that a checkpoint may be, to a target */

struct doctor {
	bool json, colour, bad;
	unsigned int lines;
};

static void doctor_line(const char *layer, bool ok, const char *text, void *cookie)
{
	struct doctor *d = cookie;

	d->bad |= !ok;
	if (d->json) {
		printf("%s{\"layer\":\"%s\",\"ok\":%s,\"text\":", d->lines++ ? "," : "", layer,
		       ok ? "true" : "false");
		json_string(stdout, text);
		fputc('}', stdout);
		return;
	}
	printf("%-12s %s%-8s%s %s\n", layer, d->colour ? ok ? "\033[32m" : "\033[31m" : "",
	       ok ? "ok" : "PROBLEM", d->colour ? "\033[0m" : "", text);
}

static void doctor_group(struct doctor *d)
{
	const struct group *group = getgrnam("agentos");
	gid_t groups[256];
	int count, i;
	bool in;

	if (!group) {
		doctor_line("group", false,
			    "there is no group agentos: run `groupadd --system agentos`", d);
		return;
	}
	in = getegid() == group->gr_gid;
	count = getgroups(256, groups);
	for (i = 0; i < count && !in; i++)
		in = groups[i] == group->gr_gid;
	if (in)
		doctor_line("group", true, "you are in group agentos", d);
	else if (geteuid() == 0)
		doctor_line("group", true, "you are root", d);
	else
		doctor_line(
			"group", false,
			"you are not in group agentos: run `sudo adduser $USER agentos` and log in again",
			d);
}

static void doctor_hooks(struct doctor *d, const struct control_status_reply *s)
{
	unsigned int i, proved = 0, absent = 0;
	const char *name;
	char text[256];

	for (i = AGENTOS_HOOK_NONE + 1; i < s->hook_count; i++) {
		if (s->hooks[i].result == 0) {
			proved++;
		} else if (s->hooks[i].result == -ENOSYS) {
			absent++;
		} else if (s->hooks[i].result != -EAGAIN) {
			name = enforce_hook_name(i);
			snprintf(text, sizeof(text),
				 "%s is not proved: %s; run `agentctl selftest`",
				 name ? name : "a hook", strerror(-s->hooks[i].result));
			doctor_line("hook", false, text, d);
		}
	}
	snprintf(text, sizeof(text), "%u hooks proved, %u absent on this kernel", proved, absent);
	doctor_line("enforcement", s->enforcement.on,
		    s->enforcement.on ? text : s->enforcement.text, d);
}

static void doctor_streams(struct doctor *d, const struct control_status_reply *s)
{
	static const char *const names[] = { "denials", "allowed", "lifecycle" };
	char text[256];
	unsigned int i;

	for (i = 0; i < CONTROL_STREAMS; i++) {
		snprintf(
			text, sizeof(text), "%s: %" PRIu64 " recorded, %" PRIu64 " lost%s",
			names[i], s->streams[i].recorded, s->streams[i].lost,
			s->streams[i].lost ?
				" (each loss is a record in the log; the machine or its disk is too slow)" :
				"");
		doctor_line("records", s->streams[i].lost == 0, text, d);
	}
	snprintf(text, sizeof(text),
		 "%" PRIu64 " acts of strict agents refused, as there was no room to record them",
		 s->unrecorded);
	if (s->unrecorded)
		doctor_line("records", false, text, d);
	if (s->audit_error)
		snprintf(text, sizeof(text), "cannot be written: %s; records wait in the kernel",
			 strerror(-s->audit_error));
	else
		snprintf(text, sizeof(text), "written up to record %" PRIu64, s->next_seq - 1);
	doctor_line("audit log", s->audit_error == 0, text, d);
	if (s->sign_error)
		snprintf(text, sizeof(text),
			 "signed for up to record %" PRIu64 ": the next checkpoint cannot be "
			 "written: %s",
			 s->covered, strerror(-s->sign_error));
	else
		snprintf(text, sizeof(text), "signed for up to record %" PRIu64, s->covered);
	doctor_line("audit log", s->sign_error == 0, text, d);
}

static void doctor_gateway(struct doctor *d, const struct control_status_reply *s)
{
	static const char *const texts[CONTROL_GATEWAYS] = {
		[CONTROL_GATEWAY_UNUSED] =
			"not needed: no policy has rules on host names or models",
		[CONTROL_GATEWAY_SERVES] = "serves",
		[CONTROL_GATEWAY_DOWN] = "does not serve: agentosd starts it again and again, and "
					 "its log says why",
	};

	doctor_line("gateway", s->gateway != CONTROL_GATEWAY_DOWN, texts[s->gateway], d);
}

static void doctor_daemon(struct doctor *d)
{
	struct control_request m = { 0 };
	struct channel_request request = { .header = &m.header,
					   .type = CONTROL_STATUS,
					   .size = sizeof(m),
					   .reply = CONTROL_STATUS_REPLY };
	struct control_hello_reply hello;
	union control_message reply;
	struct fault f = { "" };
	struct channel c;
	char text[64];

	if (channel_open(ctl_setting("AGENTOS_CONTROL", CTL_SOCKET), &c, &hello, &f)) {
		doctor_line("agentosd", false, f.text, d);
		return;
	}
	if (channel_call(&c, &request, &reply, NULL, &f)) {
		doctor_line("agentosd", false, f.text, d);
	} else {
		snprintf(text, sizeof(text), "runs as pid %d", hello.pid);
		doctor_line("agentosd", true, text, d);
		doctor_hooks(d, &reply.status_reply);
		doctor_streams(d, &reply.status_reply);
		doctor_gateway(d, &reply.status_reply);
	}
	channel_close(&c);
}

static void doctor_audit(struct doctor *d)
{
	const char *directory = ctl_setting("AGENTOS_AUDIT_DIR", CTL_AUDIT_DIR);
	struct segment_reader *reader;
	struct fault f = { "" };
	struct statvfs fs;
	char text[512], shown[256];
	uint64_t free_bytes;

	escape_text(shown, sizeof(shown), directory, strlen(directory));
	if (segment_reader_open(directory, &reader, &f)) {
		doctor_line("audit read", false, f.text, d);
		return;
	}
	segment_reader_close(reader);
	doctor_line("audit read", true, shown, d);
	if (statvfs(directory, &fs) < 0) {
		doctor_line("audit space", false, strerror(errno), d);
		return;
	}
	free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	snprintf(text, sizeof(text), "%" PRIu64 " MiB free for %s%s", free_bytes >> 20, shown,
		 free_bytes < DOCTOR_FREE_MIN ? ": make room, or records will be lost" : "");
	doctor_line("audit space", free_bytes >= DOCTOR_FREE_MIN, text, d);
}

static void moment_text(uint64_t ns, char *out, size_t size)
{
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm tm;

	if (!localtime_r(&seconds, &tm) || !strftime(out, size, "%Y-%m-%d %H:%M:%S", &tm))
		snprintf(out, size, "@%lld", (long long)seconds);
}

/* Whether the log's newest checkpoint is of fewer records than so many. */
static bool is_shorter(uint64_t size)
{
	const char *directory = ctl_setting("AGENTOS_AUDIT_DIR", CTL_AUDIT_DIR);
	struct evidence newest;
	int rc = evidence_from_log(directory, UINT64_MAX, &newest, NULL);
	bool shorter = rc == -ESRCH || rc == -ENOENT;

	if (rc == 0) {
		shorter = newest.checkpoint.head.size < size;
		evidence_release(&newest);
	}
	return shorter;
}

/* Whoever anchors nothing has no state, and no line. */
static void doctor_anchor(struct doctor *d)
{
	struct anchor a;
	struct fault f = { "" };
	char text[256], moment[64];
	bool late = false, shorter;
	int len;

	if (anchor_read(ctl_setting("AGENTOS_ANCHOR_STATE", CTL_ANCHOR_STATE), &a, &f)) {
		doctor_line("anchor", false, f.text, d);
		return;
	}
	moment_text(a.whole.time_ns, moment, sizeof(moment));
	len = a.whole.note ? snprintf(text, sizeof(text), "up to record %" PRIu64 ", at %s",
				      a.whole.size, moment) :
			     snprintf(text, sizeof(text), "nothing yet");
	if (a.underway.note) {
		moment_text(a.underway.time_ns, moment, sizeof(moment));
		snprintf(text + len, sizeof(text) - (size_t)len,
			 "; since %s a target lacks what goes up to %" PRIu64
			 " (`journalctl -u agentos-anchor` says why)",
			 moment, a.underway.size);
		late = time(NULL) - (time_t)(a.underway.time_ns / 1000000000) > DOCTOR_UNDERWAY;
	}
	shorter = anchor_last(&a) && is_shorter(anchor_last(&a)->size);
	if (shorter)
		snprintf(text, sizeof(text),
			 "%" PRIu64 " records were handed on, and the log ends before: it was cut "
			 "off, or is another one",
			 anchor_last(&a)->size);
	if (anchor_last(&a))
		doctor_line("anchor", !late && !shorter, text, d);
	anchor_release(&a);
}

static int doctor_policy(const char *name, const char *file, int shadowed, void *cookie)
{
	static const struct policy_vars vars = { .workspace = "/workspace",
						 .home = "/home/user",
						 .agent = "agent" };
	struct doctor *d = cookie;
	struct fault f = { "" };
	struct policy *policy;
	char text[1024], shown[768];

	escape_text(shown, sizeof(shown), file, strlen(file));
	if (profile_load(file, ctl_setting("AGENTOS_POLICY_PATH", CTL_POLICY_DIRS), &vars, &policy,
			 NULL, &f)) {
		doctor_line("policy", false, f.text, d);
		return 0;
	}
	policy_free(policy);
	snprintf(text, sizeof(text), "%s%s", shown, shadowed ? " (hidden by an earlier one)" : "");
	doctor_line("policy", true, text, d);
	return 0;
}

static void doctor_policies(struct doctor *d)
{
	const char *path = ctl_setting("AGENTOS_POLICY_PATH", CTL_POLICY_DIRS);
	struct fault f = { "" };
	char *file;

	profile_list(path, doctor_policy, d);
	if (profile_find("untrusted", path, &file, &f))
		doctor_line("policy", false, f.text, d);
	else
		free(file);
}

int cmd_doctor(int argc, char **argv)
{
	struct doctor d = { .colour = ctl_colour(1) };

	d.json = argc == 2 && strcmp(argv[1], "--json") == 0;
	if (argc > 1 && !d.json)
		return ctl_usage("doctor", "takes only --json");
	if (d.json)
		fputs("{\"checks\":[", stdout);
	host_check(&(struct host){ 0 }, doctor_line, &d);
	doctor_group(&d);
	doctor_daemon(&d);
	doctor_audit(&d);
	doctor_anchor(&d);
	doctor_policies(&d);
	if (d.json)
		printf("],\"ok\":%s}\n", d.bad ? "false" : "true");
	return d.bad ? CTL_FAILED : CTL_OK;
}
