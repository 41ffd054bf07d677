// SPDX-License-Identifier: GPL-2.0-or-later
/* A file of rules, read line by line; and which of them is for a request. */
#include "scripted/script.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "llm/route.h"
#include "scripted/script_keys.h"

static const char built_in[] =
	"I am agentos-scripted: a script, and no model. No rule of mine is for this request.";

/* --- lines --- */

/* The line, without its end and without blanks before it, and a NUL behind it. */
struct line {
	char text[LIMIT_SCRIPT_LINE + 1];
};

static int line_check(const struct row_reader *r, const char *line, size_t len, struct fault *f)
{
	size_t i;

	if (len > LIMIT_SCRIPT_LINE)
		return row_fault(r, f, "a line has at most %d bytes", LIMIT_SCRIPT_LINE);
	for (i = 0; i < len; i++)
		if (((unsigned char)line[i] < 0x20 && line[i] != '\t') || line[i] == 0x7f)
			return row_fault(
				r, f,
				"byte 0x%02x: there are no control characters but the tab, "
				"and lines end with a line feed alone",
				(unsigned char)line[i]);
	if (!escape_is_utf8(line, len))
		return row_fault(r, f, "the line is no UTF-8");
	return 0;
}

/* 1, or 0 at the end. */
static int line_next(struct row_reader *r, struct line *ret_line, struct fault *f)
{
	const char *line, *end;
	size_t len;
	int rc;

	while (r->at < r->len) {
		line = r->text + r->at;
		end = memchr(line, '\n', r->len - r->at);
		len = end ? (size_t)(end - line) : r->len - r->at;
		r->at += len + (end ? 1 : 0);
		r->line++;
		rc = line_check(r, line, len, f);
		if (rc)
			return rc;
		for (; len && (*line == ' ' || *line == '\t'); line++)
			len--;
		if (!len || *line == '#')
			continue;
		memcpy(ret_line->text, line, len);
		ret_line->text[len] = '\0';
		return 1;
	}
	return 0;
}

/* --- rules --- */

static bool is_rule_name(const char *name)
{
	const size_t len = strlen(name);

	return len && len <= LIMIT_SCRIPT_NAME &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") ==
		       len;
}

static struct script_rule *rule_create(struct arena *a, const char *name, unsigned int line)
{
	struct script_rule *u = arena_alloc(a, sizeof(*u));

	if (!u)
		return NULL;
	u->name = arena_copy(a, name, strlen(name));
	u->line = line;
	u->turns_max = UINT64_MAX;
	u->piece = SCRIPT_PIECE;
	return u->name ? u : NULL;
}

/* Before the one that is built in, which is the last. */
static void rule_add(struct script *s, struct script_rule *u)
{
	struct script_rule **end = &s->rules;

	while (*end && (*end)->next)
		end = &(*end)->next;
	u->next = *end;
	*end = u;
	s->count++;
}

static const struct script_rule *rule_named(const struct script *s, const char *name)
{
	const struct script_rule *u;

	for (u = s->rules; u && u->next; u = u->next)
		if (!strcmp(u->name, name))
			return u;
	return NULL;
}

static int rule_begin(struct script *s, const struct row_reader *r, const char *name,
		      struct script_reading *in, struct fault *f)
{
	const struct script_rule *other;
	struct script_rule *u;

	if (!is_rule_name(name))
		return row_fault(r, f, "a rule's name is at most %d letters, digits and -._",
				 LIMIT_SCRIPT_NAME);
	other = rule_named(s, name);
	if (other)
		return row_fault(r, f, "a rule %s is in line %u already", name, other->line);
	if (s->count == LIMIT_SCRIPT_RULES)
		return row_fault(r, f, "there are at most %d rules", LIMIT_SCRIPT_RULES);
	u = rule_create(&s->arena, name, r->line);
	if (!u)
		return fault_set(f, ENOMEM, "%.200s: not enough memory", r->where);
	rule_add(s, u);
	*in = (struct script_reading){ .arena = &s->arena,
				       .rule = u,
				       .text_end = &u->text,
				       .contains_end = &u->contains };
	return 0;
}

static int line_take(struct script *s, const struct row_reader *r, char *line,
		     struct script_reading *in, struct fault *f)
{
	static const char begin[] = "rule ";
	char *equals;
	int rc;

	if (!strncmp(line, begin, strlen(begin))) {
		rc = in->rule ? script_rule_check(in, r, f) : 0;
		return rc ? rc : rule_begin(s, r, line + strlen(begin), in, f);
	}
	equals = strchr(line, '=');
	if (!equals)
		return row_fault(r, f, "no KEY=VALUE, and no `rule NAME`");
	if (!in->rule)
		return row_fault(r, f, "a rule begins with a line `rule NAME`");
	*equals = '\0';
	return script_key_set(in, r, line, equals + 1, f);
}

int script_add(struct script *s, const char *where, const char *text, size_t len, struct fault *f)
{
	struct row_reader r = { .where = where, .text = text, .len = len };
	struct script_reading in = { 0 };
	struct line *line;
	int rc;

	if (len > LIMIT_SCRIPT_FILE)
		return fault_set(f, EBADMSG, "%.200s: it has more than %d bytes", where,
				 LIMIT_SCRIPT_FILE);
	line = malloc(sizeof(*line));
	if (!line)
		return fault_set(f, ENOMEM, "%.200s: not enough memory", where);
	for (;;) {
		rc = line_next(&r, line, f);
		if (rc <= 0)
			break;
		rc = line_take(s, &r, line->text, &in, f);
		if (rc)
			break;
	}
	if (!rc && in.rule)
		rc = script_rule_check(&in, &r, f);
	free(line);
	return rc;
}

/* --- all of it --- */

int script_create(struct script **ret_script)
{
	struct script *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->rules = rule_create(&s->arena, "built-in", 0);
	if (!s->rules || script_phrase_read(&s->arena, built_in, false, &s->rules->text, NULL)) {
		script_free(s);
		return -ENOMEM;
	}
	*ret_script = s;
	return 0;
}

void script_free(struct script *s)
{
	if (!s)
		return;
	arena_release(&s->arena);
	free(s);
}

static bool rule_is_for(const struct script_rule *u, const struct script_view *v)
{
	const struct call_string model = v->request->model;
	const struct script_phrase *p;

	if ((u->times && u->used == u->times) || v->turns < u->turns_min ||
	    v->turns > u->turns_max || (u->result_asked && u->result != v->result) ||
	    (u->model && !route_matches(u->model, model.at ? model.at : "")))
		return false;
	for (p = u->contains; p; p = p->next)
		if (!script_view_has(v, p->literal))
			return false;
	return true;
}

const struct script_rule *script_match(struct script *s, const struct script_view *view)
{
	struct script_rule *u;

	/* The last is for all. */
	for (u = s->rules; u->next && !rule_is_for(u, view); u = u->next)
		;
	u->used++;
	return u;
}
