// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs a program audit-only in a child, waits for it, and reads the log behind it. */
#include "ctl/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "audit/segment.h"
#include "base/escape.h"
#include "ctl/ctl.h"
#include "kern/device.h"

#define RECORDS_MS    50   /* between two looks at the log */
#define RECORDS_TRIES 400  /* then agentosd does not write, or not in time */
#define LINGER_MS     2000 /* what has ended is known to be gone a moment later */
#define DESCENDANTS   1024 /* agents below it that are known */

struct reading {
	struct trial *trial;
	struct segment_reader *reader;
	uint64_t seen; /* records of the agent itself, and denials that were only counted */
	bool watched;  /* the last act was one that the policy lets be done */
	uint64_t below[DESCENDANTS];
	size_t below_count;
};

static volatile sig_atomic_t asked_to_end;

static void on_signal(int number)
{
	asked_to_end = 1;
}

/* Does not return. */
static void child_become(const struct trial *trial, int made)
{
	struct run_request request = trial->request;

	request.audit_only = true;
	request.quiet = true;
	request.made = made;
	_exit(run_program(&request));
}

static pid_t child_start(struct trial *trial, int *ret_told)
{
	int ends[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		pid = -errno;
	if (pid == 0) {
		close(ends[0]);
		child_become(trial, ends[1]);
	}
	close(ends[1]);
	if (pid < 0)
		close(ends[0]);
	else
		*ret_told = ends[0];
	return pid;
}

static int child_status(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 0;
	return status;
}

/* A descriptor that keeps the agent known after its end, had before the program begins. */
static int agent_hold(struct trial *trial, int told)
{
	ssize_t got = read(told, &trial->agent, sizeof(trial->agent));
	struct fault f = { "" };
	int dev, agent;

	if (got != (ssize_t)sizeof(trial->agent))
		return -ECHILD; /* it has said why */
	dev = device_open(O_RDWR, &f);
	if (dev < 0) {
		ctl_complain("%s", f.text);
		return dev;
	}
	agent = agentos_dev_agent(dev, trial->agent, AGENTOS_ACCESS_INSPECT);
	close(dev);
	if (agent < 0)
		ctl_complain("cannot look at agent %" PRIu64 ": %s", trial->agent,
			     strerror(-agent));
	else if (send(told, "", 1, MSG_NOSIGNAL) != 1)
		ctl_complain("the program was not let begin: %s", strerror(errno));
	return agent;
}

/* What it left running is part of it. Ctrl-C ends the wait, and the result is less for it. */
static void agent_wait(struct trial *trial, int agent)
{
	struct sigaction action = { .sa_handler = on_signal }, before;

	if (agentos_agent_wait(agent, LINGER_MS) == 0)
		return;
	sigaction(SIGINT, &action, &before);
	fprintf(stderr,
		"agentctl: the program has ended, processes of its agent have not: waiting for "
		"them; Ctrl-C ends that\n");
	while (agentos_agent_wait(agent, -1)) {
		if (asked_to_end) {
			trial->unfinished = true;
			break;
		}
	}
	sigaction(SIGINT, &before, NULL);
}

static bool is_below(const struct reading *r, uint64_t agent)
{
	size_t i;

	for (i = 0; i < r->below_count; i++)
		if (r->below[i] == agent)
			return true;
	return false;
}

/* Of acts that are told already; or that are not, and so are missing. */
static void repeats_take(struct reading *r, const struct agentos_lifecycle *l)
{
	struct trial *t = r->trial;

	if (l->agent != t->agent && !is_below(r, l->agent))
		return;
	if (l->code == AGENTOS_REPEATED_OTHERS) {
		t->lost += l->count;
		return;
	}
	if (l->agent == t->agent)
		r->seen += l->count;
	if (!r->watched)
		t->acts += l->count;
}

static int record_take(struct reading *r, const struct record *record)
{
	const struct agentos_lifecycle *l = &record->u.lifecycle;
	const struct agentos_event *e = &record->u.event;
	struct trial *t = r->trial;

	switch (record->type) {
	case RECORD_LOSS:
		if (record->stream == STREAM_DENIALS)
			t->lost += record->u.loss.count;
		return 0;
	case RECORD_LIFECYCLE:
		if (l->type == AGENTOS_LIFECYCLE_REPEATED)
			repeats_take(r, l);
		if (l->type == AGENTOS_LIFECYCLE_CREATE &&
		    (l->parent == t->agent || is_below(r, l->parent))) {
			if (r->below_count == DESCENDANTS)
				t->unfinished = true;
			else
				r->below[r->below_count++] = l->agent;
		}
		return 0;
	case RECORD_EVENT:
		if (e->verdict == AGENTOS_VERDICT_ALLOWED ||
		    (e->agent != t->agent && !is_below(r, e->agent)))
			return 0;
		r->seen += e->agent == t->agent;
		/* The policy lets it be done. */
		r->watched = e->flags & AGENTOS_EVENT_WATCH;
		if (r->watched)
			return 0;
		t->acts++;
		return t->act(e, t->cookie);
	case RECORD_DAEMON:
		if (record->u.daemon.note == DAEMON_UNWRITABLE)
			t->lost += record->u.daemon.number;
		return 0;
	default:
		return 0;
	}
}

/* Until `expected` records of the agent itself have come, or were lost. */
static int records_read(struct reading *r, uint64_t expected, struct fault *f)
{
	const struct timespec pause = { .tv_nsec = RECORDS_MS * 1000000 };
	struct record record;
	int tries = 0, rc;

	for (;;) {
		rc = segment_read(r->reader, &record, f);
		if (rc < 0)
			return rc;
		if (rc == 1) {
			rc = record_take(r, &record);
			if (rc)
				return fault_set(f, -rc, "out of memory");
			continue;
		}
		if (r->seen + r->trial->lost >= expected)
			return 0;
		if (++tries == RECORDS_TRIES) {
			r->trial->unfinished = true;
			return 0;
		}
		nanosleep(&pause, NULL);
	}
}

/* Opens the log, and goes past what it has already: all of that is about others. */
static int trial_begin(struct reading *r)
{
	struct record record;
	struct fault f = { "" };
	int rc = segment_reader_open(
		ctl_setting("AGENTOS_AUDIT_DIR", CTL_AUDIT_DIR), &r->reader, &f);

	while (!rc) {
		rc = segment_read(r->reader, &record, &f);
		if (!rc)
			return CTL_OK;
		if (rc > 0)
			rc = 0;
	}
	ctl_complain("nothing was run: %s", f.text);
	return CTL_FAILED;
}

static int trial_read(struct reading *r, int agent)
{
	struct agentos_info info;
	struct fault f = { "" };
	int err = agentos_agent_info(agent, &info);

	if (err)
		fault_set(&f, -err, "cannot look at agent %" PRIu64 ": %s", r->trial->agent,
			  strerror(-err));
	else
		err = records_read(r, info.ret_denials, &f);
	if (!err)
		return CTL_OK;
	ctl_complain("%s", f.text);
	return CTL_FAILED;
}

/* The program's whole life. */
static int trial_watch(struct reading *r)
{
	struct trial *trial = r->trial;
	int told = -1, agent, status;
	pid_t pid = child_start(trial, &told);

	if (pid < 0) {
		ctl_complain("cannot start: %s", strerror(-pid));
		return CTL_FAILED;
	}
	/* Ctrl-C is for the program; we end when it does. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	agent = agent_hold(trial, told);
	close(told);
	trial->status = child_status(pid);
	if (agent < 0)
		return agent == -ECHILD && WIFEXITED(trial->status) ?
			       WEXITSTATUS(trial->status) :
			       CTL_FAILED;
	agent_wait(trial, agent);
	status = trial_read(r, agent);
	close(agent);
	return status;
}

int trial_run(struct trial *trial)
{
	struct reading r = { .trial = trial };
	int status = trial_begin(&r);

	if (status == CTL_OK)
		status = trial_watch(&r);
	segment_reader_close(r.reader);
	return status;
}

const char *trial_outcome(const struct trial *trial, char *text, size_t size)
{
	if (WIFSIGNALED(trial->status))
		snprintf(text, size, "signal %d", WTERMSIG(trial->status));
	else
		snprintf(text, size, "exit status %d", WEXITSTATUS(trial->status));
	return text;
}

FILE *trial_output(const char *name)
{
	char shown[512];
	FILE *out = strcmp(name, "-") == 0 ? stdout : fopen(name, "wxe");

	if (!out) {
		escape_text(shown, sizeof(shown), name, strlen(name));
		ctl_complain("%s: %s", shown,
			     errno == EEXIST ? "is there already; name another with --output" :
					       strerror(errno));
	}
	return out;
}

bool trial_output_close(FILE *out, const char *name)
{
	bool failed = fflush(out) != 0 || ferror(out);
	int error = errno;
	char shown[512];

	if (out != stdout && fclose(out) != 0 && !failed) {
		error = errno;
		failed = true;
	}
	if (failed) {
		escape_text(shown, sizeof(shown), name, strlen(name));
		ctl_complain("cannot write %s: %s", shown, strerror(error));
	}
	return !failed;
}

void trial_output_drop(FILE *out, const char *name)
{
	if (out == stdout)
		return;
	fclose(out);
	unlink(name);
}
