// SPDX-License-Identifier: GPL-2.0-or-later
/* A text of a rule: its escapes, and what of a request stands in it. */
#include <errno.h>
#include <string.h>

#include "scripted/script_keys.h"

static int memory_fault(struct fault *f)
{
	return fault_set(f, ENOMEM, "not enough memory");
}

/* Appends to the list; *end moves on. */
static int phrase_add(struct arena *a, enum script_insert insert, const char *at, size_t len,
		      struct script_phrase ***end, struct fault *f)
{
	struct script_phrase *p = arena_alloc(a, sizeof(*p));

	if (!p)
		return memory_fault(f);
	p->insert = insert;
	p->literal = (struct call_string){ at, len };
	**end = p;
	*end = &p->next;
	return 0;
}

/* Behind "${" : the name up to its brace. */
static int insert_read(const char *name, enum script_insert *ret_insert, size_t *ret_len,
		       struct fault *f)
{
	static const char *const names[] = { [SCRIPT_USER] = "user}",
					     [SCRIPT_RESULT] = "result}",
					     [SCRIPT_MODEL] = "model}" };
	size_t i;

	for (i = SCRIPT_USER; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strncmp(name, names[i], strlen(names[i])) != 0)
			continue;
		*ret_insert = (enum script_insert)i;
		*ret_len = strlen(names[i]);
		return 0;
	}
	return fault_set(f, EINVAL,
			 "no such insert; there are ${user}, ${result} and ${model}, and "
			 "\\$ is a dollar");
}

static int escape_read(char letter, char *ret_byte, struct fault *f)
{
	static const char letters[] = "nt\\$", bytes[] = "\n\t\\$";
	const char *at = letter ? strchr(letters, letter) : NULL;

	if (!at)
		return fault_set(f, EINVAL, "no such escape; there are \\n, \\t, \\\\ and \\$");
	*ret_byte = bytes[at - letters];
	return 0;
}

int script_phrase_read(struct arena *a, const char *value, bool inserts,
		       struct script_phrase **ret_list, struct fault *f)
{
	char *plain = arena_alloc(a, strlen(value) + 1);
	struct script_phrase **end = ret_list;
	enum script_insert insert;
	size_t begin = 0, len = 0, skip;
	int rc = 0;

	if (!plain)
		return memory_fault(f);
	*ret_list = NULL;
	while (!rc && *value) {
		if (*value == '\\') {
			rc = escape_read(value[1], &plain[len++], f);
			value += 2;
		} else if (inserts && value[0] == '$' && value[1] == '{') {
			rc = insert_read(value + 2, &insert, &skip, f);
			if (!rc && len > begin)
				rc = phrase_add(a, SCRIPT_LITERAL, plain + begin, len - begin, &end,
						f);
			if (!rc)
				rc = phrase_add(a, insert, NULL, 0, &end, f);
			if (rc)
				return rc;
			begin = len;
			value += 2 + skip;
		} else {
			plain[len++] = *value++;
		}
	}
	if (!rc && (len > begin || !*ret_list))
		rc = phrase_add(a, SCRIPT_LITERAL, plain + begin, len - begin, &end, f);
	return rc;
}
