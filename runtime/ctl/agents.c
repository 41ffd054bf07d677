// SPDX-License-Identifier: GPL-2.0-or-later
/* The agents that the device knows. */
#include "ctl/agents.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/escape.h"
#include "kern/device.h"

#define AGENTS_BATCH 256

static int agents_info(int dev, uint64_t id, struct agentos_info *ret_info)
{
	int fd = agentos_dev_agent(dev, id, AGENTOS_ACCESS_INSPECT), err;

	if (fd < 0)
		return fd;
	err = agentos_agent_info(fd, ret_info);
	close(fd);
	return err;
}

int agents_list(int dev, struct agentos_info **ret_infos, size_t *ret_count, struct fault *f)
{
	struct agentos_info *infos = NULL, *more;
	uint64_t ids[AGENTS_BATCH], after = 0;
	size_t used = 0;
	int count, i, err = 0;

	do {
		count = agentos_dev_enumerate(
			dev, AGENTOS_ENUMERATE_AGENTS, after, ids, AGENTS_BATCH);
		if (count < 0) {
			err = count;
			break;
		}
		more = reallocarray(infos, used + (size_t)count + 1, sizeof(*infos));
		if (!more) {
			err = -ENOMEM;
			break;
		}
		infos = more;
		for (i = 0; i < count && !err; i++) {
			err = agents_info(dev, ids[i], &infos[used]);
			after = ids[i];
			if (!err)
				used++;
			else if (err == -ESRCH)
				err = 0;
		}
	} while (count == AGENTS_BATCH && !err);
	if (err) {
		free(infos);
		return fault_set(f, -err, "cannot list the agents: %s", strerror(-err));
	}
	*ret_infos = infos;
	*ret_count = used;
	return 0;
}

/* Digits only, so that an agent named "7" is still found by its name first. */
static bool parse_id(const char *text, uint64_t *ret_id)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*ret_id = strtoull(text, &end, 10);
	return !*end && !errno && *ret_id;
}

int agents_find(int dev, const char *name_or_id, struct agentos_info *ret_info, struct fault *f)
{
	const struct agentos_info *found = NULL;
	struct agentos_info *infos = NULL;
	char shown[256];
	uint64_t id = 0;
	size_t count = 0, i;
	int err;

	err = agents_list(dev, &infos, &count, f);
	if (err)
		return err;
	parse_id(name_or_id, &id);
	/* An id before a name that is a number; of two of one name the one that runs. */
	for (i = 0; i < count && id; i++)
		if (infos[i].ret_id == id)
			found = &infos[i];
	for (i = 0; i < count && !found; i++)
		if (!strcmp(infos[i].ret_name, name_or_id) &&
		    infos[i].ret_state != AGENTOS_STATE_EXITED)
			found = &infos[i];
	for (i = 0; i < count && !found; i++)
		if (!strcmp(infos[i].ret_name, name_or_id) && infos[i].ret_children)
			found = &infos[i];
	if (found)
		*ret_info = *found;
	free(infos);
	if (found)
		return 0;
	escape_text(shown, sizeof(shown), name_or_id, strlen(name_or_id));
	return fault_set(f, ENOENT, "no agent %s: `agentctl ps` lists them", shown);
}

const char *agents_state(const struct agentos_info *info)
{
	const char *name = agentos_state_name(info->ret_state);

	return name ? name : "unknown";
}

const char *agents_phase(const struct agentos_info *info)
{
	const char *name = agentos_phase_name(info->ret_phase);

	return name ? name : "unknown";
}

void agents_outcome(const struct agentos_info *info, char *out, size_t size)
{
	switch (info->ret_reason) {
	case AGENTOS_REASON_EXIT:
		snprintf(out, size, "exit %d", info->ret_code);
		break;
	case AGENTOS_REASON_SIGNAL:
		snprintf(out, size, "signal %d", info->ret_code);
		break;
	case AGENTOS_REASON_KILLED:
		snprintf(out, size, "killed");
		break;
	case AGENTOS_REASON_UNUSED:
		snprintf(out, size, "never used");
		break;
	case AGENTOS_REASON_BUDGET:
		snprintf(out, size, "a budget was used up");
		break;
	case AGENTOS_REASON_POLICY:
		snprintf(out, size, "killed by its policy");
		break;
	default:
		snprintf(out, size, "%s", "");
		break;
	}
}

void agents_rights(uint64_t rights, char *out, size_t size)
{
	size_t used = 0, i;
	int len;

	snprintf(out, size, "%s", rights == AGENTOS_RIGHTS_ALL ? "all" : "none");
	if (rights == AGENTOS_RIGHTS_ALL)
		return;
	for (i = 0; i < AGENTOS_RIGHT_COUNT && used < size; i++) {
		if (!(rights & 1ULL << i))
			continue;
		len = snprintf(out + used, size - used, "%s%s", used ? "," : "",
			       agentos_right_name((unsigned int)i));
		used += (size_t)len;
	}
}

static uint64_t agents_age_s(const struct agentos_info *info)
{
	struct timespec now;
	uint64_t now_ns;

	clock_gettime(CLOCK_BOOTTIME, &now);
	now_ns = (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
	return now_ns > info->ret_created_ns ? (now_ns - info->ret_created_ns) / 1000000000ULL : 0;
}

void agents_age(const struct agentos_info *info, char *out, size_t size)
{
	uint64_t s = agents_age_s(info);

	if (s < 60)
		snprintf(out, size, "%" PRIu64 "s", s);
	else if (s < 3600)
		snprintf(out, size, "%" PRIu64 "m%02" PRIu64 "s", s / 60, s % 60);
	else if (s < 86400)
		snprintf(out, size, "%" PRIu64 "h%02" PRIu64 "m", s / 3600, s % 3600 / 60);
	else
		snprintf(out, size, "%" PRIu64 "d%02" PRIu64 "h", s / 86400, s % 86400 / 3600);
}

void json_string(FILE *out, const char *text)
{
	char shown[8192];

	escape_json(shown, sizeof(shown), text, strlen(text));
	fprintf(out, "\"%s\"", shown);
}

void agents_json(FILE *out, const struct agentos_info *info)
{
	static const char *const reasons[] = { "none",	 "exit",   "signal", "killed",
					       "unused", "budget", "policy" };
	const char *separator = "";
	size_t i;

	fprintf(out, "\"id\":%" PRIu64 ",\"name\":", (uint64_t)info->ret_id);
	json_string(out, info->ret_name);
	fprintf(out,
		",\"state\":\"%s\",\"policy\":%u,\"tasks\":%u,\"owner\":%u,\"age_s\":%" PRIu64
		",\"forks\":%" PRIu64 ",\"first_pid\":%d,\"enforced\":%s,\"audit_only\":%s"
		",\"record_allowed\":%s,\"strict\":%s",
		agents_state(info), info->ret_policy, info->ret_tasks, info->ret_owner,
		agents_age_s(info), (uint64_t)info->ret_forks, info->ret_first,
		info->ret_flags & (AGENTOS_CREATE_UNENFORCED | AGENTOS_CREATE_AUDIT_ONLY) ?
			"false" :
			"true",
		info->ret_flags & AGENTOS_CREATE_AUDIT_ONLY ? "true" : "false",
		info->ret_flags & AGENTOS_CREATE_RECORD_ALLOWED ? "true" : "false",
		info->ret_flags & AGENTOS_CREATE_STRICT ? "true" : "false");
	fprintf(out,
		",\"parent\":%" PRIu64 ",\"depth\":%u,\"children\":%u,\"threads\":%u,\"held\":%u"
		",\"cpu_ns\":%" PRIu64 ",\"wait_ns\":%" PRIu64 ",\"denials\":%" PRIu64
		",\"criticality\":%u,\"phase\":\"%s\",\"nice\":%d,\"messages\":%u",
		(uint64_t)info->ret_parent, info->ret_depth, info->ret_children, info->ret_threads,
		info->ret_held, (uint64_t)info->ret_cpu_ns, (uint64_t)info->ret_wait_ns,
		(uint64_t)info->ret_denials, info->ret_criticality, agents_phase(info),
		info->ret_nice, info->ret_messages);
	fprintf(out, ",\"reason\":\"%s\",\"code\":%d,\"rights\":[",
		info->ret_reason < sizeof(reasons) / sizeof(reasons[0]) ?
			reasons[info->ret_reason] :
			"unknown",
		info->ret_code);
	for (i = 0; i < AGENTOS_RIGHT_COUNT; i++) {
		if (!(info->ret_rights & 1ULL << i))
			continue;
		fprintf(out, "%s\"%s\"", separator, agentos_right_name((unsigned int)i));
		separator = ",";
	}
	fputc(']', out);
}
