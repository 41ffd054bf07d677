// SPDX-License-Identifier: GPL-2.0-or-later
/* Policies to agentosd. */
#include "ctl/upload.h"

#include <errno.h>
#include <sys/resource.h>

#include "ctl/ctl.h"
#include "super/resolve.h"

static int upload_rules(struct channel *channel, const struct policy *policy,
			const struct resolved *resolved, struct fault *f)
{
	struct control_policy_begin begin = {
		.flags = policy->record_allowed ? CONTROL_RECORD_ALLOWED : 0,
		.rule_count = (uint32_t)resolved->count,
	};
	struct control_policy_rules rules;
	struct channel_request request = { .header = &begin.header,
					   .type = CONTROL_POLICY_BEGIN,
					   .size = sizeof(begin),
					   .reply = CONTROL_DONE };
	union control_message reply;
	size_t at, count;
	int err;

	if (resolved->count > AGENTOS_POLICY_RULES_MAX)
		return fault_set(f, E2BIG, "the policy has %zu rules, at most %d fit",
				 resolved->count, AGENTOS_POLICY_RULES_MAX);
	err = channel_call(channel, &request, &reply, NULL, f);
	for (at = 0; at < resolved->count && !err; at += count) {
		count = resolved->count - at;
		if (count > LIMIT_CONTROL_FDS)
			count = LIMIT_CONTROL_FDS;
		request = (struct channel_request){
			.header = &rules.header,
			.type = CONTROL_POLICY_RULES,
			.size = control_encode_rules(
				&rules, resolved->rules + at, (uint32_t)count, 0),
			.fds = resolved->fds + at,
			.fd_count = count,
			.reply = CONTROL_DONE,
		};
		err = channel_call(channel, &request, &reply, NULL, f);
	}
	return err;
}

int upload_policy(struct channel *channel, const struct policy *policy, const char *file,
		  const struct timespec *since, int *ret_status, struct fault *f)
{
	struct resolved resolved = { 0 };
	struct rlimit files, raised;
	bool limited = getrlimit(RLIMIT_NOFILE, &files) == 0;
	int err;

	/* A policy may name more objects than the usual limit allows descriptors. */
	if (limited) {
		raised = files;
		raised.rlim_cur = raised.rlim_max;
		setrlimit(RLIMIT_NOFILE, &raised);
	}
	*ret_status = CTL_INVALID;
	err = resolve_policy(policy, file, since, &resolved, f);
	if (!err) {
		err = upload_rules(channel, policy, &resolved, f);
		*ret_status = err == -EUNATCH ? CTL_UNPROTECTED : err ? CTL_FAILED : CTL_OK;
	}
	resolve_release(&resolved);
	if (limited)
		setrlimit(RLIMIT_NOFILE, &files);
	return err;
}
