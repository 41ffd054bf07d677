// SPDX-License-Identifier: GPL-2.0-or-later
/* agentos-post: posts what it is handed to a URL, so that no other program is linked with what that needs. */
#include <curl/curl.h>
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fault.h"
#include "post/transfer.h"
#include "rpc/posting.h"

#define NOBODY 65534

static const char usage[] =
	"Usage: agentos-post [OPTION]\n"
	"Posts what it is handed on standard input to a URL. agentctl starts it; as root it\n"
	"becomes nobody first.\n"
	"\n"
	"  --version, --help\n"
	"\n"
	"Exit status: 0 when nothing more comes, 1 could not start, 2 wrong usage.\n";

static void complain(const char *what, const char *why)
{
	fprintf(stderr, "agentos-post: %s: %s\n", what, why);
}

/* What it is for needs no rights but those of anybody. */
static int harden(void)
{
	if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
			       setresuid(NOBODY, NOBODY, NOBODY) != 0))
		return -errno;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return -errno;
	return 0;
}

/* Whether who hands it the bodies is gone, within so long; who asks again waits for an answer. */
static bool is_hung_up(void *cookie, int wait_ms)
{
	struct pollfd fd = { .fd = STDIN_FILENO, .events = POLLRDHUP };

	return poll(&fd, 1, wait_ms) > 0 && fd.revents & (POLLHUP | POLLERR | POLLRDHUP);
}

static int answer_send(int rc, const char *text, size_t len)
{
	char *answer = malloc(len + 1);

	if (!answer)
		return -ENOMEM;
	answer[0] = rc ? '-' : '+';
	memcpy(answer + 1, text, len);
	rc = posting_send(STDOUT_FILENO, answer, len + 1);
	free(answer);
	return rc;
}

static int bodies_post(struct transfer *t)
{
	const char *answer;
	struct fault f;
	char *body;
	size_t len, answer_len;
	int rc;

	for (;;) {
		rc = posting_receive(STDIN_FILENO, POSTING_BODY, &body, &len);
		if (rc <= 0)
			return rc;
		rc = transfer_post(t, body, len, is_hung_up, NULL, &answer, &answer_len, &f);
		free(body);
		if (rc == -ECANCELED)
			return 0;
		rc = rc ? answer_send(rc, f.text, strlen(f.text)) :
			  answer_send(0, answer, answer_len);
		if (rc)
			return rc == -EPIPE ? 0 : rc;
	}
}

static int run(void)
{
	struct posting_settings settings;
	struct transfer *t;
	struct fault f = { "" };
	char *bytes;
	size_t len;
	int rc;

	rc = posting_receive(STDIN_FILENO, POSTING_SETTINGS, &bytes, &len);
	if (rc <= 0) {
		complain("no settings", rc ? strerror(-rc) : "nobody is there");
		return rc ? rc : -EPIPE;
	}
	rc = posting_settings_parse(bytes, len, &settings);
	if (rc) {
		complain("settings", strerror(-rc));
		free(bytes);
		return rc;
	}
	rc = transfer_create(&settings, &t, &f);
	if (rc) {
		/* Who waits for the first answer gets this one. */
		answer_send(rc, f.text, strlen(f.text));
	} else {
		rc = bodies_post(t);
		transfer_free(t);
	}
	posting_settings_release(&settings);
	free(bytes);
	return rc;
}

int main(int argc, char **argv)
{
	int rc;

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("agentos-post (AgentOS) %s\n", AGENTOS_VERSION);
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc > 1) {
		fputs("Try `agentos-post --help`.\n", stderr);
		return 2;
	}
	/* Who started it ends it, by closing the other end. */
	signal(SIGINT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	rc = harden();
	if (rc) {
		complain("cannot give up what it does not need", strerror(-rc));
		return 1;
	}
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
		complain("libcurl", "cannot start");
		return 1;
	}
	rc = run();
	curl_global_cleanup();
	return rc ? 1 : 0;
}
