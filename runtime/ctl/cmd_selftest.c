// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl selftest: has agentosd prove each hook, and tells what was tried. */
#include <errno.h>
#include <string.h>

#include "base/escape.h"
#include "ctl/agents.h"
#include "ctl/ctl.h"
#include "kern/enforce.h"
#include "rpc/channel.h"

static const char *hook_name(unsigned int hook)
{
	const char *name = enforce_hook_name(hook);

	return name ? name : "unknown";
}

static void hook_print(const struct control_hook *m, bool json, bool first, bool colour)
{
	const char *verdict = m->result == 0	   ? "proved" :
			      m->result == -ENOSYS ? "absent" :
						     "NOT PROVED";
	char what[4 * CONTROL_WHAT];

	if (json) {
		printf("%s{\"hook\":\"%s\",\"result\":\"%s\",\"error\":%d,\"tried\":",
		       first ? "" : ",", hook_name(m->hook),
		       m->result == 0	    ? "proved" :
		       m->result == -ENOSYS ? "absent" :
					      "unproved",
		       m->result);
		json_string(stdout, m->what);
		fputc('}', stdout);
		return;
	}
	escape_text(what, sizeof(what), m->what, strlen(m->what));
	printf("%-22s %s%-10s%s %s\n", hook_name(m->hook),
	       colour ? m->result && m->result != -ENOSYS ? "\033[31m" : "\033[32m" : "", verdict,
	       colour ? "\033[0m" : "", what);
}

/* Prints hooks as they come; the result that ends them. */
static int selftest_run(struct channel *c, bool json, struct control_result *ret_end,
			struct fault *f)
{
	struct control_request m = { 0 };
	struct channel_request request = { .header = &m.header,
					   .type = CONTROL_SELFTEST,
					   .size = sizeof(m),
					   .reply = CONTROL_HOOK };
	union control_message reply;
	bool first = true, colour = ctl_colour(1);
	int err = channel_call(c, &request, &reply, NULL, f);

	while (!err && reply.header.type == CONTROL_HOOK) {
		hook_print(&reply.hook, json, first, colour);
		fflush(stdout);
		first = false;
		err = channel_next(c, &reply, NULL, f);
	}
	if (!err && reply.header.type != CONTROL_SELFTEST_REPLY)
		return fault_set(f, EBADMSG, "agentosd answered another question");
	if (!err)
		*ret_end = reply.result;
	return err;
}

int cmd_selftest(int argc, char **argv)
{
	struct control_hello_reply hello;
	struct control_result end = { 0 };
	struct channel c;
	struct fault f = { "" };
	bool json = argc == 2 && strcmp(argv[1], "--json") == 0;
	int err;

	if (argc > 1 && !json)
		return ctl_usage("selftest", "takes only --json");
	err = channel_open(ctl_setting("AGENTOS_CONTROL", CTL_SOCKET), &c, &hello, &f);
	if (err) {
		ctl_complain("%s", f.text);
		return CTL_FAILED;
	}
	if (json)
		fputs("{\"hooks\":[", stdout);
	err = selftest_run(&c, json, &end, &f);
	channel_close(&c);
	if (json) {
		printf("],\"proved\":%s,\"error\":", !err && !end.error ? "true" : "false");
		json_string(stdout, err ? f.text : end.text);
		fputs("}\n", stdout);
	}
	if (err || end.error) {
		ctl_complain("%s", err ? f.text : end.text);
		return CTL_FAILED;
	}
	if (!json)
		puts("every hook proved: enforcement is on");
	return CTL_OK;
}
