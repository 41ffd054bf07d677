// SPDX-License-Identifier: GPL-2.0-only
/* A short list, with a glance at two bytes before it is gone through. */
#include <linux/errno.h>
#include <linux/string.h>

#include "patterns.h"

/* NUL-padded, not empty, and the first '*' is the only one, at an end. */
static bool text_is_pattern(const char *text)
{
	size_t len = strnlen(text, AGENTOS_RULE_NAME_SIZE);
	const char *star = memchr(text, '*', len);

	if (!len || len == AGENTOS_RULE_NAME_SIZE ||
	    memchr_inv(text + len, '\0', AGENTOS_RULE_NAME_SIZE - len))
		return false;
	return !star || ((star == text || star == text + len - 1) &&
			 !memchr(star + 1, '*', text + len - star - 1));
}

bool patterns_valid(const char text[static AGENTOS_RULE_NAME_SIZE])
{
	return text_is_pattern(text) && strcmp(text, ".") && strcmp(text, "..") &&
	       strcmp(text, "*") && !strchr(text, '/');
}

bool patterns_valid_abstract(const char text[static AGENTOS_RULE_NAME_SIZE])
{
	return text_is_pattern(text);
}

int patterns_add(struct patterns *patterns, const char *text, const struct patterns_word *word)
{
	struct pattern *pattern = &patterns->list[patterns->count];
	size_t len = strlen(text);

	if (patterns->count == AGENTOS_PATTERNS_MAX)
		return -ENOSPC;
	*pattern = (struct pattern){
		.number = word->number,
		.access = word->access,
		.kill = word->kill,
		.watch = word->watch,
	};
	pattern->any_before = text[0] == '*' && len > 1;
	pattern->any_behind = text[len - 1] == '*';
	pattern->len = len - pattern->any_before - pattern->any_behind;
	memcpy(pattern->text, text + pattern->any_before, pattern->len);
	if (pattern->any_before)
		set_bit((u8)pattern->text[pattern->len - 1], patterns->last);
	else
		set_bit((u8)pattern->text[0], patterns->first);
	patterns->access |= word->access;
	patterns->count++;
	return 0;
}

static bool pattern_fits(const struct pattern *pattern, const char *name, u32 len)
{
	if (len < pattern->len ||
	    (len > pattern->len && !pattern->any_before && !pattern->any_behind))
		return false;
	if (pattern->any_before)
		name += len - pattern->len;
	return !memcmp(name, pattern->text, pattern->len);
}

void patterns_find(const struct patterns *patterns, const char *name, u32 len,
		   struct patterns_word *ret_word)
{
	const struct pattern *pattern;

	*ret_word = (struct patterns_word){};
	for (pattern = patterns->list; pattern < patterns->list + patterns->count; pattern++) {
		if (!pattern_fits(pattern, name, len))
			continue;
		if ((!ret_word->access && pattern->access) || (!ret_word->kill && pattern->kill))
			ret_word->number = pattern->number;
		if (!ret_word->watch)
			ret_word->watch_number = pattern->number;
		ret_word->access |= pattern->access;
		ret_word->kill |= pattern->kill;
		ret_word->watch |= pattern->watch;
	}
}
