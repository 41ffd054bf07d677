// SPDX-License-Identifier: GPL-2.0-or-later
/* Policies to agentosd. */
#include "ctl/upload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "ctl/ctl.h"
#include "ctl/wording.h"
#include "super/resolve.h"

/* Addresses from `at` on: as many as fit. Returns how many. */
static uint32_t addresses_compile(struct compiled_address *compiled, const struct policy *policy,
				  size_t at)
{
	const struct policy_address *a = policy->addresses + at;
	uint32_t count = 0;

	for (; at < policy->address_count && count < CONTROL_ADDRESSES; at++, a++) {
		compiled[count] = (struct compiled_address){
			.number = (uint32_t)(policy->rule_count + at),
			.family = a->family,
			.prefix = a->prefix,
			.port_first = a->port_first,
			.port_last = a->port_last,
			.allow = a->allow,
			.deny = a->deny,
			.kill = a->kill,
			.watch = a->watch,
		};
		memcpy(compiled[count++].addr, a->addr, sizeof(a->addr));
	}
	return count;
}

static int upload_addresses(struct channel *channel, const struct policy *policy, struct fault *f)
{
	struct compiled_address compiled[CONTROL_ADDRESSES];
	struct control_policy_net addresses;
	struct channel_request request;
	union control_message reply;
	size_t at = 0;
	int err = 0;

	while (at < policy->address_count && !err) {
		uint32_t count = addresses_compile(compiled, policy, at);

		request = (struct channel_request){
			.header = &addresses.header,
			.type = CONTROL_POLICY_NET,
			.size = control_encode_addresses(&addresses, compiled, count, 0),
			.reply = CONTROL_DONE,
		};
		err = channel_call(channel, &request, &reply, NULL, f);
		at += count;
	}
	return err;
}

static int upload_egress(struct channel *channel, const struct policy *policy, struct fault *f)
{
	struct compiled_egress compiled[CONTROL_EGRESS];
	struct control_policy_egress rules;
	struct channel_request request;
	union control_message reply;
	uint32_t count;
	size_t at = 0;
	int err = 0;

	while (at < policy->egress_count && !err) {
		for (count = 0; at < policy->egress_count && count < CONTROL_EGRESS; at++)
			compiled[count++] = policy->egress[at].rule;
		request = (struct channel_request){
			.header = &rules.header,
			.type = CONTROL_POLICY_EGRESS,
			.size = control_encode_egress(&rules, compiled, count, 0),
			.reply = CONTROL_DONE,
		};
		err = channel_call(channel, &request, &reply, NULL, f);
	}
	return err;
}

static int upload_rules(struct channel *channel, const struct policy *policy,
			const struct resolved *resolved, struct fault *f)
{
	struct control_policy_begin begin = {
		.flags = (policy->record_allowed ? CONTROL_RECORD_ALLOWED : 0) |
			 (policy->strict ? CONTROL_STRICT : 0),
		.rule_count = (uint32_t)resolved->count,
		.address_count = (uint32_t)policy->address_count,
		.egress_count = (uint32_t)policy->egress_count,
		.kill = policy->kill_rights,
		.watch = policy->watch_rights,
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
	if (!err)
		err = upload_addresses(channel, policy, f);
	return err ? err : upload_egress(channel, policy, f);
}

/* agentosd calls a rule by its number alone; where it stands is known here. */
static void fault_place(const struct policy *policy, struct fault *f)
{
	const struct fault told = *f;
	char place[WORDING_PLACE];
	unsigned int number;
	size_t address;

	if (sscanf(told.text, "rule %u", &number) != 1)
		return;
	address = number - policy->rule_count;
	if (number < policy->rule_count)
		wording_place(place, policy, policy->rules[number].at);
	else if (address < policy->address_count)
		wording_place(place, policy, policy->addresses[address].at);
	else
		return;
	fault_write(f, "%s: %s", place, told.text);
}

/* What would act on a terminal is no text of a message: the log does without it. */
static void source_text(char *out, size_t size, const char *text)
{
	size_t i;

	memset(out, 0, size);
	for (i = 0; text && text[i]; i++) {
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return;
	}
	if (text && i < size)
		memcpy(out, text, i);
}

static int upload_source(struct channel *channel, const struct upload *u, struct fault *f)
{
	struct control_source source = { .digest = policy_digest(u->policy) };
	struct channel_request request = { .header = &source.header,
					   .type = CONTROL_SOURCE,
					   .size = sizeof(source),
					   .reply = CONTROL_DONE };
	char *file = realpath(u->policy->files[0], NULL);
	union control_message reply;

	source_text(source.name, sizeof(source.name), u->policy->name);
	source_text(source.file, sizeof(source.file), file);
	source_text(source.workspace, sizeof(source.workspace), u->vars->workspace);
	source_text(source.home, sizeof(source.home), u->vars->home);
	free(file);
	return channel_call(channel, &request, &reply, NULL, f);
}

int upload_policy(struct channel *channel, const struct upload *u, int *ret_status, struct fault *f)
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
	err = resolve_policy(u->policy, u->since, &resolved, f);
	if (!err) {
		err = upload_rules(channel, u->policy, &resolved, f);
		if (err)
			fault_place(u->policy, f);
		else
			err = upload_source(channel, u, f);
		*ret_status = err == -EUNATCH ? CTL_UNPROTECTED : err ? CTL_FAILED : CTL_OK;
	}
	resolve_release(&resolved);
	if (limited)
		setrlimit(RLIMIT_NOFILE, &files);
	return err;
}
