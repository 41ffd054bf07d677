// SPDX-License-Identifier: GPL-2.0-or-later
/* agentos-scripted: answers as providers of models do, from a file of rules. It is a script, and no model. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/limits.h"
#include "scripted/server.h"

#define NOBODY	   65534
#define NAME_SHOWN 200
#define WORDS_(x)  #x
#define WORDS(x)   WORDS_(x)
#define USUAL	   "127.0.0.1:" WORDS(AGENTOS_SCRIPTED_PORT)

static const char usage[] =
	"Usage: agentos-scripted [--listen HOST:PORT] [--rules FILE]\n"
	"Answers as providers of models do, from a file of rules: a script, and no model, so that\n"
	"everything works without a network. It speaks the wires of OpenAI (chat completions and\n"
	"responses), Anthropic and Gemini, streaming or not, at\n"
	"  http://HOST:PORT/v1/chat/completions    http://HOST:PORT/v1/messages\n"
	"  http://HOST:PORT/v1/responses           http://HOST:PORT/v1beta/models/MODEL:...\n"
	"\n"
	"  --listen HOST:PORT  an address, [ADDRESS] of IPv6; port 0 is any that is free\n"
	"                      (" USUAL ": root's; it becomes nobody)\n"
	"  --rules FILE        what it answers; see agentos-scripted(8). Without: that it is a script\n"
	"  --check             looks whether the rules are right, and ends\n"
	"  --version, --help\n"
	"\n"
	"Examples:\n"
	"  printf 'rule hello\\n  contains=hello\\n  text=Hello from a script.\\n' > model.rules\n"
	"  agentos-scripted --listen 127.0.0.1:8019 --rules model.rules\n"
	"  curl http://127.0.0.1:8019/v1/chat/completions -d \\\n"
	"    '{\"model\": \"any\", \"messages\": [{\"role\": \"user\", \"content\": \"hello\"}]}'\n"
	"\n"
	"Exit status: 0 ended by SIGTERM or SIGINT, 1 could not start or failed, 2 wrong usage.\n";

static const struct option options[] = {
	{ "listen", required_argument, NULL, 'l' }, { "rules", required_argument, NULL, 'r' },
	{ "check", no_argument, NULL, 'c' },	    { "version", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },	    { 0 },
};

static void complain(const char *text)
{
	fprintf(stderr, "agentos-scripted: %s\n", text);
}

/* --- the rules --- */

/* One byte more than there may be is read, to see that there is. */
static int file_read(int fd, char *text, size_t *ret_len)
{
	size_t len = 0;
	ssize_t got = 1;

	while (got && len < LIMIT_SCRIPT_FILE + 1) {
		got = read(fd, text + len, LIMIT_SCRIPT_FILE + 1 - len);
		if (got < 0 && errno != EINTR)
			return -errno;
		len += got > 0 ? (size_t)got : 0;
	}
	*ret_len = len;
	return 0;
}

static int rules_load(struct script *script, const char *path, struct fault *f)
{
	char shown[NAME_SHOWN], *text;
	size_t len = 0;
	int fd, rc;

	escape_text(shown, sizeof(shown), path, strlen(path));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fault_set(f, errno, "%s: %s", shown, strerror(errno));
	text = malloc(LIMIT_SCRIPT_FILE + 1);
	rc = text ? file_read(fd, text, &len) : -ENOMEM;
	close(fd);
	if (rc)
		fault_set(f, -rc, "%s: %s", shown, strerror(-rc));
	else
		rc = script_add(script, shown, text, len, f);
	free(text);
	return rc;
}

/* --- the start --- */

/* What it is for needs no rights but those of anybody, once it listens. */
static int harden(struct fault *f)
{
	if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
			       setresuid(NOBODY, NOBODY, NOBODY) != 0))
		return fault_set(f, errno, "cannot become nobody: %s", strerror(errno));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return fault_set(f, errno, "cannot give up what it does not need: %s",
				 strerror(errno));
	return 0;
}

static void serving(void *cookie)
{
	struct sockaddr_storage address = { 0 };
	socklen_t len = sizeof(address);
	char text[SCRIPTED_ADDRESS];

	if (getsockname(*(const int *)cookie, (struct sockaddr *)&address, &len) != 0)
		return;
	scripted_address_text(&address, text);
	printf("agentos-scripted: listens on %s: a script that answers, and no model\n", text);
	fflush(stdout);
}

static int run(const char *where, const char *rules, bool check, struct fault *f)
{
	struct sockaddr_storage address;
	struct script *script;
	socklen_t len;
	int rc, fd;

	rc = script_create(&script);
	if (rc)
		return fault_set(f, ENOMEM, "not enough memory");
	rc = rules ? rules_load(script, rules, f) : 0;
	if (!rc && check)
		printf("%zu rules\n", script->count);
	if (!rc && !check) {
		/* main() has looked at it. */
		scripted_address_parse(where, &address, &len);
		rc = scripted_listen(&address, len, &fd, f);
	}
	if (!rc && !check) {
		rc = harden(f);
		if (rc)
			close(fd);
		else
			rc = scripted_serve(fd, script, serving, &fd, f);
	}
	script_free(script);
	return rc;
}

int main(int argc, char **argv)
{
	const char *where = USUAL, *rules = NULL;
	struct sockaddr_storage address;
	struct fault f = { "" };
	bool check = false;
	socklen_t len;
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'l':
			where = optarg;
			break;
		case 'r':
			rules = optarg;
			break;
		case 'c':
			check = true;
			break;
		case 'v':
			printf("agentos-scripted (AgentOS) %s\n", AGENTOS_VERSION);
			return 0;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs("Try `agentos-scripted --help`.\n", stderr);
			return 2;
		}
	}
	if (optind < argc) {
		complain("takes no arguments. Try `agentos-scripted --help`.");
		return 2;
	}
	if (scripted_address_parse(where, &address, &len)) {
		complain("--listen is ADDRESS:PORT, such as 127.0.0.1:8019 or [::1]:8019");
		return 2;
	}
	if (run(where, rules, check, &f)) {
		complain(f.text);
		return 1;
	}
	return 0;
}
