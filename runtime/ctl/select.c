// SPDX-License-Identifier: GPL-2.0-or-later
/* From words on the command line to agents. */
#include "ctl/select.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "ctl/agents.h"
#include "ctl/ctl.h"
#include "kern/device.h"

static bool word_is_pattern(const char *word)
{
	return strpbrk(word, "*?[") != NULL;
}

static bool word_means(const char *word, const struct agentos_info *info)
{
	if (word_is_pattern(word))
		return fnmatch(word, info->ret_name, 0) == 0;
	return strcmp(word, info->ret_name) == 0;
}

/* A number is an id: nobody takes an id from another by calling an agent so. */
static bool word_is_id(const char *word, const struct agentos_info *info)
{
	char id[24];

	snprintf(id, sizeof(id), "%llu", (unsigned long long)info->ret_id);
	return strcmp(word, id) == 0;
}

/* Who has exited may have left sub-agents, which hear of what it is told. */
static bool is_live(const struct agentos_info *info)
{
	return info->ret_state != AGENTOS_STATE_EXITED || info->ret_children;
}

static int word_mark(const char *word, const struct agentos_info *infos, size_t count, bool *marked)
{
	bool found = false, number = strspn(word, "0123456789") == strlen(word);
	size_t i;

	for (i = 0; i < count; i++)
		if (is_live(&infos[i]) && word_is_id(word, &infos[i]))
			found = marked[i] = true;
	for (i = 0; i < count && (!found || !number); i++)
		if (is_live(&infos[i]) && word_means(word, &infos[i]))
			found = marked[i] = true;
	return found ? 0 : -ENOENT;
}

static void word_complain(const char *word)
{
	char shown[256];

	escape_text(shown, sizeof(shown), word, strlen(word));
	ctl_complain("no live agent %s%s: `agentctl ps` lists them",
		     word_is_pattern(word) ? "matches " : "", shown);
}

int select_agents(int dev, char *const *words, size_t count, bool all,
		  struct agentos_info **ret_infos, size_t *ret_count, bool *ret_unknown,
		  struct fault *f)
{
	struct agentos_info *infos;
	size_t listed, kept = 0, i;
	bool *marked;
	int err;

	err = agents_list(dev, &infos, &listed, f);
	if (err)
		return err;
	marked = calloc(listed + 1, sizeof(*marked));
	if (!marked) {
		free(infos);
		return fault_set(f, ENOMEM, "out of memory");
	}
	for (i = 0; i < listed && all; i++)
		marked[i] = is_live(&infos[i]);
	*ret_unknown = false;
	for (i = 0; i < count; i++) {
		if (!word_mark(words[i], infos, listed, marked))
			continue;
		word_complain(words[i]);
		*ret_unknown = true;
	}
	for (i = 0; i < listed; i++)
		if (marked[i])
			infos[kept++] = infos[i];
	free(marked);
	*ret_infos = infos;
	*ret_count = kept;
	return 0;
}

int select_open(int dev, const struct agentos_info *info, uint32_t access)
{
	int agent = agentos_dev_agent(dev, info->ret_id, access);

	if (agent == -EACCES)
		ctl_complain("%s: only its owner and root may do that", info->ret_name);
	else if (agent < 0 && agent != -ESRCH)
		ctl_complain("%s: %s", info->ret_name, strerror(-agent));
	return agent;
}

int select_one(const char *name_or_id, uint32_t access, struct agentos_info *ret_info)
{
	struct fault f;
	int dev = device_open(O_RDWR, &f), agent;

	if (dev < 0) {
		ctl_complain("%s", f.text);
		return -1;
	}
	if (agents_find(dev, name_or_id, ret_info, &f)) {
		ctl_complain("%s", f.text);
		close(dev);
		return -1;
	}
	agent = select_open(dev, ret_info, access);
	if (agent == -ESRCH)
		ctl_complain("%s: it has ended meanwhile", ret_info->ret_name);
	close(dev);
	return agent < 0 ? -1 : agent;
}
