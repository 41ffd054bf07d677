// SPDX-License-Identifier: GPL-2.0-or-later
/* What rules look at in a request. */
#include "scripted/view.h"

#include <string.h>

static bool part_is_text(const struct call_part *p)
{
	return p->kind == CALL_TEXT && p->text.len;
}

struct script_view script_view_of(const struct call_request *request)
{
	struct script_view v = { .request = request };
	enum call_role last = CALL_SYSTEM;
	size_t i, k;

	for (i = 0; i < request->turn_count; i++) {
		const struct call_turn *t = &request->turns[i];

		if (t->role == CALL_SYSTEM)
			continue;
		if (t->role != last) {
			v.turns++;
			v.result = false;
			if (t->role == CALL_USER)
				v.first = i;
		}
		last = t->role;
		if (t->role != CALL_USER)
			continue;
		v.end = i + 1;
		for (k = 0; k < t->part_count; k++)
			v.result |= t->parts[k].kind == CALL_TOOL_RESULT;
	}
	return v;
}

static bool part_has(const struct call_part *p, struct call_string text)
{
	return part_is_text(p) && memmem(p->text.at, p->text.len, text.at, text.len);
}

bool script_view_has(const struct script_view *v, struct call_string text)
{
	size_t i, k, m;

	for (i = v->first; i < v->end; i++) {
		const struct call_turn *t = &v->request->turns[i];

		for (k = 0; t->role == CALL_USER && k < t->part_count; k++) {
			const struct call_part *p = &t->parts[k];

			if (part_has(p, text))
				return true;
			for (m = 0; p->kind == CALL_TOOL_RESULT && m < p->part_count; m++)
				if (part_has(&p->parts[m], text))
					return true;
		}
	}
	return false;
}

size_t script_cut(const char *bytes, size_t len, size_t limit)
{
	if (len <= limit)
		return len;
	/* Not within a character: its further bytes are 10xxxxxx. */
	while (limit && ((unsigned char)bytes[limit] & 0xc0) == 0x80)
		limit--;
	return limit;
}

/* Where texts are put together, and how much of them there may be. */
struct joined {
	struct text *out;
	size_t begin, end;
};

static void joined_put(struct joined *j, const struct call_part *p)
{
	size_t len;

	if (!part_is_text(p) || j->out->len >= j->end)
		return;
	if (j->out->len > j->begin)
		text_string(j->out, "\n");
	len = script_cut(p->text.at, p->text.len, j->end - j->out->len);
	text_put(j->out, p->text.at, len);
	/* Nothing stands behind what was cut. */
	if (len < p->text.len)
		j->end = j->out->len;
}

void script_view_put(const struct script_view *v, bool results, size_t limit, struct text *out)
{
	struct joined j = { out, out->len, out->len + limit };
	size_t i, k, m;

	for (i = v->first; i < v->end; i++) {
		const struct call_turn *t = &v->request->turns[i];

		for (k = 0; t->role == CALL_USER && k < t->part_count; k++) {
			const struct call_part *p = &t->parts[k];

			if (!results)
				joined_put(&j, p);
			else if (p->kind == CALL_TOOL_RESULT)
				for (m = 0; m < p->part_count; m++)
					joined_put(&j, &p->parts[m]);
		}
	}
}

static uint64_t part_bytes(const struct call_part *p)
{
	uint64_t bytes = p->text.len + p->name.len + p->data.len;
	size_t i;

	for (i = 0; i < p->part_count; i++)
		bytes += p->parts[i].text.len + p->parts[i].data.len;
	return bytes;
}

uint64_t script_view_bytes(const struct script_view *v)
{
	const struct call_request *r = v->request;
	uint64_t bytes = 0;
	size_t i, k;

	for (i = 0; i < r->turn_count; i++)
		for (k = 0; k < r->turns[i].part_count; k++)
			bytes += part_bytes(&r->turns[i].parts[k]);
	for (i = 0; i < r->tool_count; i++)
		bytes += r->tools[i].name.len + r->tools[i].description.len +
			 r->tools[i].parameters.len;
	return bytes;
}
