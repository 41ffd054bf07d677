// SPDX-License-Identifier: GPL-2.0-or-later
/* What an agent is held to, exchanged while it runs. */
#include "ctl/apply.h"

#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/escape.h"
#include "ctl/ctl.h"
#include "ctl/select.h"
#include "ctl/upload.h"
#include "lib/libagentos.h"
#include "super/profile.h"

#define NS 1000000000ULL

/*
 * CLOCK_REALTIME of when the first of its family was made: what the agents of it
 * may have put in the way of the new policy's paths is younger.
 */
static int family_since(const struct agentos_info *info, struct timespec *ret_since)
{
	struct agentos_info above = *info;
	struct timespec boot, real;
	int dev = agentos_dev_open(0), agent, err = 0;
	uint64_t age;

	if (dev < 0)
		return dev;
	while (above.ret_parent && !err) {
		agent = agentos_dev_agent(dev, above.ret_parent, AGENTOS_ACCESS_INSPECT);
		if (agent < 0) {
			err = agent;
			break;
		}
		err = agentos_agent_info(agent, &above);
		close(agent);
	}
	close(dev);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_REALTIME, &real);
	age = (uint64_t)boot.tv_sec * NS + (uint64_t)boot.tv_nsec - above.ret_created_ns;
	*ret_since = (struct timespec){ .tv_sec = real.tv_sec - (time_t)(age / NS) - 1 };
	return err;
}

static void print_outcome(const struct apply *a, const struct agentos_info *info,
			  const struct policy *policy, const struct control_apply_reply *reply)
{
	uint64_t lacking = policy->rights & ~reply->rights;

	if (a->json) {
		printf("{\"agent\":%" PRIu64 ",\"policy\":%u,\"before\":%u,\"agents\":%u,"
		       "\"rights\":[",
		       (uint64_t)info->ret_id, reply->policy, reply->before, reply->agents);
		ctl_rights_print(reply->rights, ",", "\"");
		printf("],\"not_given\":[");
		ctl_rights_print(lacking, ",", "\"");
		printf("]}\n");
		return;
	}
	printf("%s follows %s now (policy %u, before %u)", info->ret_name, policy->name,
	       reply->policy, reply->before);
	if (reply->agents > 1)
		printf(", and so do %u below it", reply->agents - 1);
	putchar('\n');
	if (lacking) {
		printf("not given, as a running agent gains no rights: ");
		ctl_rights_print(lacking, ", ", "");
		putchar('\n');
	}
}

static int apply_now(const struct apply *a, struct channel *channel,
		     const struct agentos_info *info, const struct upload *upload)
{
	const struct policy *policy = upload->policy;
	struct control_apply apply = { .agent = info->ret_id,
				       .rights = policy->rights,
				       .terms = policy->terms };
	struct channel_request request = { .header = &apply.header,
					   .type = CONTROL_APPLY,
					   .size = sizeof(apply),
					   .reply = CONTROL_APPLY_REPLY };
	union control_message reply;
	struct fault f = { "" };
	struct upload timed = *upload;
	struct timespec since;
	int status;

	if (family_since(info, &since)) {
		ctl_complain("%s: its age cannot be told", info->ret_name);
		return CTL_FAILED;
	}
	timed.since = &since;
	if (upload_policy(channel, &timed, &status, &f)) {
		ctl_complain("%s", f.text);
		return status;
	}
	if (channel_call(channel, &request, &reply, NULL, &f)) {
		ctl_complain("%s", f.text);
		return CTL_FAILED;
	}
	print_outcome(a, info, policy, &reply.apply_reply);
	return CTL_OK;
}

static int apply_workspace(const char *wanted, char **ret_workspace)
{
	char shown[512];

	*ret_workspace = NULL;
	if (!wanted)
		return 0;
	*ret_workspace = realpath(wanted, NULL);
	if (*ret_workspace)
		return 0;
	escape_text(shown, sizeof(shown), wanted, strlen(wanted));
	ctl_complain("workspace %s: %s", shown, strerror(errno));
	return -1;
}

int apply_policy(const struct apply *a)
{
	const char *path = ctl_setting("AGENTOS_POLICY_PATH", CTL_POLICY_DIRS);
	struct channel channel = { .fd = -1 };
	struct control_hello_reply hello;
	struct policy *policy = NULL;
	struct policy_vars vars = { 0 };
	char *workspace;
	const struct passwd *owner;
	struct agentos_info info;
	struct fault f = { "" };
	int agent, status;

	agent = select_one(a->agent, AGENTOS_ACCESS_INSPECT, &info);
	if (agent < 0)
		return CTL_FAILED;
	close(agent);
	if (apply_workspace(a->workspace, &workspace))
		return CTL_FAILED;
	/* Its own, not that of whoever asks. */
	owner = getpwuid(info.ret_owner);
	vars.workspace = workspace;
	vars.home = owner ? owner->pw_dir : NULL;
	vars.agent = info.ret_name;
	if (profile_load(a->policy, path, &vars, &policy, NULL, &f)) {
		ctl_complain("%s", f.text);
		status = CTL_INVALID;
	} else if (channel_open(ctl_setting("AGENTOS_CONTROL", CTL_SOCKET), &channel, &hello, &f)) {
		ctl_complain("%s", f.text);
		status = CTL_UNPROTECTED;
	} else {
		status = apply_now(a, &channel, &info,
				   &(struct upload){ .policy = policy, .vars = &vars });
	}
	channel_close(&channel);
	policy_free(policy);
	free(workspace);
	return status;
}
