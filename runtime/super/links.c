// SPDX-License-Identifier: GPL-2.0-or-later
/* Each path below something writable is opened once with links forbidden. */
#include "super/links.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agentos_event.h"
#include "policy/source.h"

int links_init(struct links *l, const struct policy *p, struct fault *f)
{
	size_t i;

	*l = (struct links){ .policy = p, .fault = f };
	l->writable = calloc(p->rule_count + 1, sizeof(*l->writable));
	if (!l->writable)
		return fault_set(f, ENOMEM, "out of memory");
	for (i = 0; i < p->rule_count; i++)
		if (p->rules[i].allow & AGENTOS_FILE_WRITE)
			l->writable[l->writable_count++] = i;
	return 0;
}

void links_release(struct links *l)
{
	free(l->writable);
	l->writable = NULL;
}

/* What is below `directory`, relative to it; NULL when path is not. */
static const char *path_below(const char *path, const char *directory)
{
	size_t len = strlen(directory);

	if (len == 1)
		return path[1] ? path + 1 : NULL;
	return strncmp(path, directory, len) == 0 && path[len] == '/' ? path + len + 1 : NULL;
}

static int link_fault(const struct links *l, const struct policy_rule *rule,
		      const struct policy_rule *above)
{
	struct source source;

	source_init_at(&source, l->policy->files, rule->at.file, l->fault);
	return source_fault(&source, ELOOP, rule->at.line,
			    "%s leads through a symbolic link that the agent may change (the rule "
			    "%s lets it write there); name what it leads to",
			    source_quote(rule->path, strlen(rule->path)).text,
			    source_elsewhere(&source, above->at).text);
}

int links_check(const struct links *l, const struct policy_rule *rule)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS };
	const struct policy_rule *above;
	const char *below;
	int directory, fd;
	size_t i;

	for (i = 0; rule->allow && i < l->writable_count; i++) {
		above = &l->policy->rules[l->writable[i]];
		below = path_below(rule->path, above->path);
		/* Whoever may write everywhere needs no link to get anywhere. */
		if (!below || strcmp(above->path, "/") == 0)
			continue;
		directory = open(above->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (directory < 0)
			continue;
		fd = (int)syscall(SYS_openat2, directory, below, &how, sizeof(how));
		close(directory);
		if (fd < 0 && errno == ELOOP)
			return link_fault(l, rule, above);
		if (fd >= 0)
			close(fd);
	}
	return 0;
}
