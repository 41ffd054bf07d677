// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl send, agentctl recv: messages to agents, with who sent them. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "ctl/agents.h"
#include "ctl/ctl.h"
#include "ctl/select.h"
#include "lib/libagentos.h"

static char text[AGENTOS_MESSAGE_MAX + 1];

/* All of standard input, or -EMSGSIZE. */
static ssize_t read_input(void)
{
	size_t used = 0;
	ssize_t n;

	while (used < sizeof(text)) {
		n = read(STDIN_FILENO, text + used, sizeof(text) - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return (ssize_t)used;
		used += (size_t)n;
	}
	return -EMSGSIZE;
}

static void send_complain(const char *name, int err)
{
	switch (err) {
	case -EINVAL:
		ctl_complain("%s: the message is empty", name);
		break;
	case -EMSGSIZE:
		ctl_complain("%s: the message is longer than %d bytes", name, AGENTOS_MESSAGE_MAX);
		break;
	case -EAGAIN:
		ctl_complain("%s: its mailbox is full; --wait waits for room", name);
		break;
	case -EACCES:
		ctl_complain("%s: it has not the right message-receive", name);
		break;
	case -EPIPE:
		ctl_complain("%s: it has ended", name);
		break;
	default:
		ctl_complain("%s: %s", name, strerror(-err));
	}
}

int cmd_send(int argc, char **argv)
{
	static const struct option options[] = { { "wait", no_argument, NULL, 'w' }, { 0 } };
	const char *body = text;
	struct agentos_info info;
	bool waits = false;
	ssize_t len;
	int opt, agent, box, err;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (opt != 'w')
			return ctl_usage("send", "unknown option");
		waits = true;
	}
	if (argc - optind < 1 || argc - optind > 2)
		return ctl_usage("send", "takes an agent, and the text unless it is read from "
					 "standard input");
	if (argc - optind == 2) {
		body = argv[optind + 1];
		len = (ssize_t)strlen(body);
	} else {
		len = read_input();
	}
	agent = select_one(argv[optind], AGENTOS_ACCESS_SEND, &info);
	if (agent < 0)
		return CTL_FAILED;
	box = agentos_mail_sender(agent, waits ? 0 : AGENTOS_MAIL_NONBLOCK);
	err = box < 0 ? box : len < 0 ? (int)len : agentos_mail_send(box, body, (size_t)len);
	if (err)
		send_complain(info.ret_name, err);
	if (box >= 0)
		close(box);
	close(agent);
	return err ? CTL_FAILED : CTL_OK;
}

static void mail_show(const struct agentos_message *head, size_t len, bool json)
{
	static char shown[ESCAPE_JSON_MAX(AGENTOS_MESSAGE_MAX) + 1];

	if (json) {
		escape_json(shown, sizeof(shown), text, len);
		printf("{\"seq\":%" PRIu64 ",\"agent\":%" PRIu64
		       ",\"pid\":%d,\"uid\":%u,\"boottime_ns\":%" PRIu64 ",\"text\":\"%s\"}\n",
		       (uint64_t)head->seq, (uint64_t)head->agent, head->tgid, head->uid,
		       (uint64_t)head->time_ns, shown);
		return;
	}
	if (!isatty(STDOUT_FILENO)) {
		fwrite(text, 1, len, stdout);
		return;
	}
	/* What an agent wrote must not act on the terminal. */
	escape_text(shown, sizeof(shown), text, len);
	if (head->agent)
		printf("agent %" PRIu64 ", process %d: %s\n", (uint64_t)head->agent, head->tgid,
		       shown);
	else
		printf("process %d of user %u: %s\n", head->tgid, head->uid, shown);
}

int cmd_recv(int argc, char **argv)
{
	static const struct option options[] = { { "follow", no_argument, NULL, 'f' },
						 { "wait", no_argument, NULL, 'w' },
						 { "json", no_argument, NULL, 'j' },
						 { 0 } };
	bool follow = false, waits = false, json = false;
	struct agentos_message head;
	struct agentos_info info;
	int opt, agent, box;
	ssize_t len;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'f':
			follow = true;
			break;
		case 'w':
			waits = true;
			break;
		case 'j':
			json = true;
			break;
		default:
			return ctl_usage("recv", "unknown option");
		}
	}
	if (argc - optind != 1)
		return ctl_usage("recv", "takes the name or id of one agent");
	agent = select_one(argv[optind], AGENTOS_ACCESS_RECEIVE, &info);
	if (agent < 0)
		return CTL_FAILED;
	box = agentos_mail_receiver(agent, follow || waits ? 0 : AGENTOS_MAIL_NONBLOCK);
	close(agent);
	if (box < 0) {
		ctl_complain("%s: %s", info.ret_name, strerror(-box));
		return CTL_FAILED;
	}
	do {
		len = agentos_mail_receive(box, &head, text, AGENTOS_MESSAGE_MAX);
		if (len <= 0)
			break;
		mail_show(&head, (size_t)len, json);
		fflush(stdout);
	} while (follow);
	close(box);
	if (len == -EAGAIN)
		ctl_complain("%s: its mailbox is empty; --wait waits for a message", info.ret_name);
	else if (len < 0)
		ctl_complain("%s: %s", info.ret_name, strerror((int)-len));
	else if (len == 0 && !follow)
		ctl_complain("%s: it has ended, and left no message", info.ret_name);
	return len > 0 || (len == 0 && follow) ? CTL_OK : CTL_FAILED;
}
