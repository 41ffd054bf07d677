// SPDX-License-Identifier: GPL-2.0-or-later
/* What a line says of the rule it is in: the table of keys. */
#include "scripted/script_keys.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "llm/model.h"
#include "llm/scan.h"
#include "policy/suggest.h"

#define COUNT_MAX 1000000000

/* --- values --- */

/* Decimal digits up to `end`, without zeros in front. */
static int number_read(const char *value, const char *end, uint64_t max, uint64_t *ret_number,
		       struct fault *f)
{
	uint64_t number = 0;
	const char *at;

	for (at = value; at < end && *at >= '0' && *at <= '9' && number <= max; at++)
		number = number * 10 + (uint64_t)(*at - '0');
	if (at == value || at < end || number > max || (*value == '0' && end - value > 1))
		return fault_set(f, EINVAL, "it is a whole number of at most %llu",
				 (unsigned long long)max);
	*ret_number = number;
	return 0;
}

static int count_read(const char *value, uint64_t min, uint64_t max, uint64_t *ret_number,
		      struct fault *f)
{
	uint64_t number;
	int rc = number_read(value, value + strlen(value), max, &number, f);

	if (rc)
		return rc;
	if (number < min)
		return fault_set(f, EINVAL, "it is at least %llu", (unsigned long long)min);
	*ret_number = number;
	return 0;
}

static int copy(struct arena *a, const char *value, struct call_string *ret_string, struct fault *f)
{
	const size_t len = strlen(value);

	ret_string->at = arena_copy(a, value, len);
	ret_string->len = len;
	return ret_string->at ? 0 : fault_set(f, ENOMEM, "not enough memory");
}

/* --- when --- */

static int model_set(struct script_reading *in, const char *value, struct fault *f)
{
	struct call_string pattern;
	int rc = copy(in->arena, value, &pattern, f);

	if (!rc)
		in->rule->model = pattern.at;
	return rc;
}

static int contains_set(struct script_reading *in, const char *value, struct fault *f)
{
	int rc = script_phrase_read(in->arena, value, false, in->contains_end, f);

	if (!rc)
		in->contains_end = &(*in->contains_end)->next;
	return rc;
}

static int turns_set(struct script_reading *in, const char *value, struct fault *f)
{
	const char *dash = strchr(value, '-'), *end = value + strlen(value);
	struct script_rule *u = in->rule;
	int rc = number_read(value, dash ? dash : end, COUNT_MAX, &u->turns_min, f);

	u->turns_max = u->turns_min;
	if (!rc && dash && !dash[1])
		u->turns_max = UINT64_MAX;
	else if (!rc && dash)
		rc = number_read(dash + 1, end, COUNT_MAX, &u->turns_max, f);
	if (!rc && u->turns_max < u->turns_min)
		rc = fault_set(f, EINVAL, "the first number is larger than the second");
	return rc;
}

static int result_set(struct script_reading *in, const char *value, struct fault *f)
{
	in->rule->result_asked = true;
	in->rule->result = !strcmp(value, "yes");
	return in->rule->result || !strcmp(value, "no") ? 0 :
							  fault_set(f, EINVAL, "it is yes or no");
}

static int times_set(struct script_reading *in, const char *value, struct fault *f)
{
	return count_read(value, 1, COUNT_MAX, &in->rule->times, f);
}

/* --- what --- */

static int text_set(struct script_reading *in, const char *value, struct fault *f)
{
	const bool first = !in->rule->text;
	struct script_phrase **end = in->text_end, *line;
	int rc = 0;

	if (!first) {
		rc = script_phrase_read(in->arena, "\\n", false, end, f);
		if (rc)
			return rc;
		end = &(*end)->next;
	}
	rc = script_phrase_read(in->arena, value, true, end, f);
	if (rc)
		return rc;
	for (line = *end; line->next; line = line->next)
		;
	in->text_end = &line->next;
	return 0;
}

/* As all wires take it. */
static bool is_tool_name(const char *name)
{
	const size_t len = strlen(name);

	return len && len <= LIMIT_SCRIPT_NAME &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
		       len;
}

static int tool_set(struct script_reading *in, const char *value, struct fault *f)
{
	struct script_tool *tool;

	if (!is_tool_name(value))
		return fault_set(f, EINVAL, "it is at most %d letters, digits, _ and -",
				 LIMIT_SCRIPT_NAME);
	if (in->rule->tool_count == LIMIT_SCRIPT_TOOLS)
		return fault_set(f, EINVAL, "an answer calls at most %d", LIMIT_SCRIPT_TOOLS);
	tool = arena_alloc(in->arena, sizeof(*tool));
	if (!tool)
		return fault_set(f, ENOMEM, "not enough memory");
	tool->arguments = CALL_STRING("{}");
	if (in->tool)
		in->tool->next = tool;
	else
		in->rule->tools = tool;
	in->tool = tool;
	in->tool_filled = false;
	in->rule->tool_count++;
	return copy(in->arena, value, &tool->name, f);
}

static int arguments_set(struct script_reading *in, const char *value, struct fault *f)
{
	static const char *const whole[] = { "" };
	struct scan_value found;
	size_t at;

	if (!in->tool || in->tool_filled)
		return fault_set(f, EINVAL, "it stands behind the tool= that it is for, once");
	if (scan_json(value, strlen(value), whole, 1, &found, &at) || found.kind != SCAN_OBJECT)
		return fault_set(f, EINVAL, "it is a JSON object");
	in->tool_filled = true;
	return copy(in->arena, value, &in->tool->arguments, f);
}

static int stop_set(struct script_reading *in, const char *value, struct fault *f)
{
	static const char *const words[] = { [CALL_STOP_END] = "end",
					     [CALL_STOP_LENGTH] = "length",
					     [CALL_STOP_TOOLS] = "tools",
					     [CALL_STOP_SEQUENCE] = "sequence",
					     [CALL_STOP_FILTER] = "filter" };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i], value) != 0)
			continue;
		in->rule->stop = (enum call_stop)i;
		in->rule->stop_given = true;
		return 0;
	}
	return fault_set(f, EINVAL, "it is end, length, tools, sequence or filter");
}

static int input_set(struct script_reading *in, const char *value, struct fault *f)
{
	in->rule->input_given = true;
	return count_read(value, 0, LIMIT_TOKENS, &in->rule->input_tokens, f);
}

static int output_set(struct script_reading *in, const char *value, struct fault *f)
{
	in->rule->output_given = true;
	return count_read(value, 0, LIMIT_TOKENS, &in->rule->output_tokens, f);
}

static int status_set(struct script_reading *in, const char *value, struct fault *f)
{
	uint64_t status;
	int rc = count_read(value, 400, 599, &status, f);

	if (!rc)
		in->rule->status = (int)status;
	return rc;
}

static int message_set(struct script_reading *in, const char *value, struct fault *f)
{
	struct script_phrase *phrase;
	int rc = script_phrase_read(in->arena, value, false, &phrase, f);

	if (rc)
		return rc;
	if (strpbrk(phrase->literal.at, "\n\t"))
		return fault_set(f, EINVAL, "a message is one line");
	in->rule->message = phrase->literal;
	return 0;
}

static int retry_set(struct script_reading *in, const char *value, struct fault *f)
{
	in->rule->retry_given = true;
	return count_read(value, 0, COUNT_MAX, &in->rule->retry_after, f);
}

/* --- how --- */

static int delay_set(struct script_reading *in, const char *value, struct fault *f)
{
	return count_read(value, 0, LIMIT_SCRIPT_MS, &in->rule->delay_ms, f);
}

static int stream_set(struct script_reading *in, const char *value, struct fault *f)
{
	return count_read(value, 0, LIMIT_SCRIPT_MS, &in->rule->stream_ms, f);
}

static int piece_set(struct script_reading *in, const char *value, struct fault *f)
{
	return count_read(value, 1, LIMIT_SCRIPT_TEXT, &in->rule->piece, f);
}

static int cut_set(struct script_reading *in, const char *value, struct fault *f)
{
	in->rule->cut_given = true;
	return count_read(value, 0, COUNT_MAX, &in->rule->cut, f);
}

/* --- the table --- */

/* What does not go together: what an error says, and what an answer does. */
enum key_of { KEY_ANY, KEY_ANSWER, KEY_ERROR };

static const struct script_key {
	const char *name;
	int (*set)(struct script_reading *in, const char *value, struct fault *f);
	enum key_of of;
	bool repeated, empty; /* may be so */
} keys[] = {
	{ "model", model_set, KEY_ANY, false, false },
	{ "contains", contains_set, KEY_ANY, true, false },
	{ "turns", turns_set, KEY_ANY, false, false },
	{ "tool-result", result_set, KEY_ANY, false, false },
	{ "times", times_set, KEY_ANY, false, false },
	{ "text", text_set, KEY_ANSWER, true, true },
	{ "tool", tool_set, KEY_ANSWER, true, false },
	{ "arguments", arguments_set, KEY_ANSWER, true, false },
	{ "stop", stop_set, KEY_ANSWER, false, false },
	{ "input-tokens", input_set, KEY_ANSWER, false, false },
	{ "output-tokens", output_set, KEY_ANSWER, false, false },
	{ "status", status_set, KEY_ERROR, false, false },
	{ "message", message_set, KEY_ERROR, false, false },
	{ "retry-after", retry_set, KEY_ERROR, false, false },
	{ "delay-ms", delay_set, KEY_ANY, false, false },
	{ "stream-ms", stream_set, KEY_ANSWER, false, false },
	{ "piece", piece_set, KEY_ANSWER, false, false },
	{ "cut", cut_set, KEY_ANSWER, false, false },
};

#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))

static int key_unknown(const struct row_reader *r, const char *key, struct fault *f)
{
	unsigned int distance, best = UINT_MAX;
	const char *nearest = NULL;
	size_t i;

	if (strlen(key) > LIMIT_SCRIPT_NAME ||
	    strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") !=
		    strlen(key))
		return row_fault(r, f, "no KEY=VALUE, and no `rule NAME`");
	for (i = 0; i < KEY_COUNT; i++) {
		distance = suggest_distance(key, keys[i].name);
		if (distance < best) {
			best = distance;
			nearest = keys[i].name;
		}
	}
	if (nearest && row_is_near(key, best))
		return row_fault(r, f, "no key `%s`; did you mean `%s`?", key, nearest);
	return row_fault(r, f, "no key `%s`", key);
}

int script_key_set(struct script_reading *in, const struct row_reader *r, const char *key,
		   const char *value, struct fault *f)
{
	struct fault why = { "" };
	size_t i;
	int rc;

	for (i = 0; i < KEY_COUNT && strcmp(keys[i].name, key) != 0; i++)
		;
	if (i == KEY_COUNT)
		return key_unknown(r, key, f);
	if (in->seen >> i & 1 && !keys[i].repeated)
		return row_fault(r, f, "%s= twice in one rule", key);
	if (!*value && !keys[i].empty)
		return row_fault(r, f, "%s= without a value", key);
	in->seen |= 1ULL << i;
	rc = keys[i].set(in, value, &why);
	if (rc == -ENOMEM)
		return fault_set(f, ENOMEM, "%.200s:%u: not enough memory", r->where, r->line);
	return rc ? row_fault(r, f, "%s=: %s", key, why.text) : 0;
}

/* A key of that kind that the rule has, or NULL. */
static const char *key_seen(const struct script_reading *in, enum key_of of)
{
	size_t i;

	for (i = 0; i < KEY_COUNT; i++)
		if (in->seen >> i & 1 && keys[i].of == of)
			return keys[i].name;
	return NULL;
}

int script_rule_check(const struct script_reading *in, const struct row_reader *r, struct fault *f)
{
	const struct row_reader here = { .where = r->where, .line = in->rule->line };
	const char *answer = key_seen(in, KEY_ANSWER), *error = key_seen(in, KEY_ERROR);
	const struct script_rule *u = in->rule;

	if (answer && error)
		return row_fault(&here, f, "rule %s: %s= is of an answer, and %s= of an error",
				 u->name, answer, error);
	if (error && !u->status)
		return row_fault(&here, f, "rule %s: %s= without status=", u->name, error);
	if (!u->status && !u->text && !u->tools)
		return row_fault(
			&here, f,
			"rule %s answers nothing: it has no text=, tool= or status=", u->name);
	if (u->stop_given && u->stop == CALL_STOP_TOOLS && !u->tools)
		return row_fault(&here, f, "rule %s: stop=tools, and no tool=", u->name);
	return 0;
}
