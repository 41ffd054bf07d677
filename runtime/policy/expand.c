// SPDX-License-Identifier: GPL-2.0-or-later
/* ${VARIABLE} and "~" in texts; paths made normal. */
#include "policy/expand.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define VARIABLES "${WORKSPACE}, ${HOME}, ${AGENT}"

struct text {
	char bytes[PATH_MAX]; /* NUL-terminated by whoever takes it */
	size_t len;
};

static struct quote text_quote(const char *text)
{
	return source_quote(text, strlen(text));
}

static int text_add(struct text *t, const char *bytes, size_t len)
{
	if (len >= sizeof(t->bytes) - t->len)
		return -E2BIG;
	memcpy(t->bytes + t->len, bytes, len);
	t->len += len;
	return 0;
}

/* The value of the variable whose name is len bytes at name; *ret_known tells "no value" apart. */
static const char *variable_value(const struct policy_vars *vars, const char *name, size_t len,
				  bool *ret_known)
{
	const struct {
		const char *name;
		const char *value;
	} known[] = {
		{ "WORKSPACE", vars->workspace },
		{ "HOME", vars->home },
		{ "AGENT", vars->agent },
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strlen(known[i].name) == len && memcmp(known[i].name, name, len) == 0) {
			*ret_known = true;
			return known[i].value;
		}
	}
	*ret_known = false;
	return NULL;
}

static int add_variable(struct text *t, const char *name, size_t len,
			const struct policy_vars *vars, const struct source *source, uint32_t line)
{
	bool known;
	const char *value = variable_value(vars, name, len, &known);

	if (!known)
		return source_fault(source, EINVAL, line,
				    "unknown variable %s; known are " VARIABLES,
				    source_quote(name, len).text);
	if (!value)
		return source_fault(source, EINVAL, line, "variable %s has no value here",
				    source_quote(name, len).text);
	return text_add(t, value, strlen(value));
}

int expand_text(const char *written, const struct policy_vars *vars, const struct source *source,
		uint32_t line, char **ret_text)
{
	const char *at = written, *end;
	struct text t = { .len = 0 };
	char *copy;
	int err = 0;

	if (at[0] == '~' && (at[1] == '\0' || at[1] == '/')) {
		err = add_variable(&t, "HOME", 4, vars, source, line);
		at++;
	}
	while (!err && *at) {
		if (*at != '$') {
			err = text_add(&t, at++, 1);
			continue;
		}
		if (at[1] == '$') {
			err = text_add(&t, "$", 1);
			at += 2;
			continue;
		}
		end = at[1] == '{' ? strchr(at, '}') : NULL;
		if (!end)
			return source_fault(
				source, EINVAL, line,
				"a \"$\" in %s that begins no variable; known are " VARIABLES
				", and \"$$\" is a plain \"$\"",
				text_quote(written).text);
		err = add_variable(&t, at + 2, (size_t)(end - at) - 2, vars, source, line);
		at = end + 1;
	}
	if (err == -E2BIG)
		return source_fault(source, EINVAL, line, "%s is longer than %d bytes",
				    text_quote(written).text, PATH_MAX - 1);
	if (err)
		return err;
	t.bytes[t.len] = '\0';
	copy = strdup(t.bytes);
	if (!copy) {
		source_fault(source, ENOMEM, 0, "out of memory");
		return -ENOMEM;
	}
	*ret_text = copy;
	return 0;
}

/* Squeezes "//" and "." out, in place. False when there is a "..". */
static bool path_normalise(char *path)
{
	char *out = path;
	const char *at = path;
	size_t len;

	while (*at) {
		at += strspn(at, "/");
		len = strcspn(at, "/");
		if (len == 2 && memcmp(at, "..", 2) == 0)
			return false;
		if (len && !(len == 1 && *at == '.')) {
			*out++ = '/';
			memmove(out, at, len);
			out += len;
		}
		at += len;
	}
	if (out == path)
		*out++ = '/';
	*out = '\0';
	return true;
}

int expand_path(const char *written, const struct policy_vars *vars, const struct source *source,
		uint32_t line, char **ret_path)
{
	char *path = NULL;
	int err;

	if (strpbrk(written, "*?"))
		return source_fault(
			source, EINVAL, line,
			"%s looks like a pattern; name the file, or the directory it is "
			"in (\"deny-names\" takes names with a \"*\" at one end)",
			text_quote(written).text);
	err = expand_text(written, vars, source, line, &path);
	if (err)
		return err;
	if (path[0] != '/')
		err = source_fault(source, EINVAL, line,
				   "%s is not an absolute path; begin it with \"/\", \"~/\" or "
				   "\"${WORKSPACE}/\"",
				   text_quote(written).text);
	else if (!path_normalise(path))
		err = source_fault(source, EINVAL, line,
				   "%s has \"..\" in it; write the path without it",
				   text_quote(path).text);
	if (err) {
		free(path);
		return err;
	}
	*ret_path = path;
	return 0;
}
