// SPDX-License-Identifier: GPL-2.0-or-later
/* Rows of the files that name providers and models. */
#include "llm/row.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "policy/suggest.h"

int row_fault(const struct row_reader *r, struct fault *f, const char *fmt, ...)
{
	char text[FAULT_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return fault_set(f, EBADMSG, "%.200s:%u: %.800s", r->where, r->line, text);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The bytes of a line up to its comment; a comment begins where a word could. */
static int line_measure(const struct row_reader *r, const char *line, size_t len, size_t *ret_len,
			struct fault *f)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (line[i] == '#' && (i == 0 || is_blank(line[i - 1])))
			break;
		if (!is_blank(line[i]) && (line[i] < 0x21 || line[i] > 0x7e))
			return row_fault(r, f,
					 "byte 0x%02x: rows are printable ASCII, and lines end "
					 "with a line feed alone",
					 (unsigned char)line[i]);
	}
	if (i > LIMIT_ROW)
		return row_fault(r, f, "a row has at most %d bytes", LIMIT_ROW);
	*ret_len = i;
	return 0;
}

static int field_add(const struct row_reader *r, struct row *row, char *word, struct fault *f)
{
	char *equals = strchr(word, '=');

	if (!equals || equals == word || !equals[1])
		return row_fault(r, f, "`%.100s` is not KEY=VALUE", word);
	*equals = '\0';
	row->fields[row->field_count].key = word;
	row->fields[row->field_count++].value = equals + 1;
	return 0;
}

/* Takes the line, which is in row->text, apart. */
static int line_split(const struct row_reader *r, struct row *row, struct fault *f)
{
	char *word, *save = NULL;
	size_t words = 0;
	int rc;

	for (word = strtok_r(row->text, " \t", &save); word; word = strtok_r(NULL, " \t", &save)) {
		if (words++ == LIMIT_ROW_WORDS)
			return row_fault(r, f, "a row has at most %d words", LIMIT_ROW_WORDS);
		if (words == 1) {
			row->kind = word;
		} else if (words == 2) {
			row->name = word;
		} else {
			rc = field_add(r, row, word, f);
			if (rc)
				return rc;
		}
	}
	if (words == 1)
		return row_fault(r, f, "`%.100s` of what name? A row is KIND NAME KEY=VALUE...",
				 row->kind);
	return 0;
}

int row_next(struct row_reader *r, struct row *ret_row, struct fault *f)
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
		rc = line_measure(r, line, len, &len, f);
		if (rc)
			return rc;
		ret_row->line = r->line;
		ret_row->kind = ret_row->name = NULL;
		ret_row->field_count = 0;
		memcpy(ret_row->text, line, len);
		ret_row->text[len] = '\0';
		rc = line_split(r, ret_row, f);
		if (rc)
			return rc;
		if (ret_row->kind)
			return 1;
	}
	return 0;
}

/* Not when all of it would have to be written anew. */
bool row_is_near(const char *word, unsigned int distance)
{
	return suggest_near(word, distance) && distance < strlen(word);
}

static int key_unknown(const struct row_reader *r, const char *key, const struct row_key *keys,
		       size_t count, struct fault *f)
{
	unsigned int distance, best = UINT_MAX;
	const char *nearest = NULL;
	size_t i;

	for (i = 0; i < count; i++) {
		distance = suggest_distance(key, keys[i].name);
		if (distance < best) {
			best = distance;
			nearest = keys[i].name;
		}
	}
	if (nearest && row_is_near(key, best))
		return row_fault(r, f, "no key `%.100s`; did you mean `%s`?", key, nearest);
	return row_fault(r, f, "no key `%.100s`", key);
}

static int field_set(const struct row_reader *r, const struct row_field *field,
		     const struct row_key *key, const struct row_context *c, struct fault *f)
{
	struct fault why = { "" };
	int rc = key->set(c, field->value, &why);

	if (rc == -EINVAL)
		return row_fault(r, f, "%s=%.200s: %s", field->key, field->value, why.text);
	if (rc)
		return fault_set(f, ENOMEM, "%.200s:%u: not enough memory", r->where, r->line);
	return 0;
}

int row_apply(const struct row_reader *r, const struct row *row, const struct row_key *keys,
	      size_t count, const struct row_context *c, struct fault *f)
{
	uint64_t seen = 0;
	size_t i, k;
	int rc;

	for (i = 0; i < row->field_count; i++) {
		for (k = 0; k < count && strcmp(keys[k].name, row->fields[i].key) != 0; k++)
			;
		if (k == count)
			return key_unknown(r, row->fields[i].key, keys, count, f);
		if (seen >> k & 1 && !keys[k].repeated)
			return row_fault(r, f, "%s= twice", keys[k].name);
		seen |= 1ULL << k;
		rc = field_set(r, &row->fields[i], &keys[k], c, f);
		if (rc)
			return rc;
	}
	for (k = 0; k < count; k++)
		if (keys[k].needed && !(seen >> k & 1))
			return row_fault(r, f, "%s %.100s has no %s=", row->kind, row->name,
					 keys[k].name);
	return 0;
}

bool row_list(const char *value, const char **list, const char **ret_at, size_t *ret_len)
{
	const char *at = *list ? *list : value;

	if (*list && !**list)
		return false;
	if (*list)
		at++; /* past the comma */
	*ret_at = at;
	*ret_len = strcspn(at, ",");
	*list = at + *ret_len;
	return true;
}

static int word_unknown(const char *word, const char *const *words, size_t count, const char *what,
			struct fault *f)
{
	unsigned int distance, best = UINT_MAX;
	const char *nearest = NULL;
	char all[512] = "";
	size_t used = 0, i;

	for (i = 0; i < count; i++) {
		distance = suggest_distance(word, words[i]);
		if (distance < best) {
			best = distance;
			nearest = words[i];
		}
		if (used < sizeof(all))
			used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s",
						 i ? ", " : "", words[i]);
	}
	if (nearest && row_is_near(word, best))
		return fault_set(f, EINVAL, "no %s `%s`; did you mean `%s`?", what, word, nearest);
	return fault_set(f, EINVAL, "no %s `%s`; there are %s", what, word, all);
}

int row_word(const char *word, size_t len, const char *const *words, size_t count, const char *what,
	     unsigned int *ret_number, struct fault *f)
{
	char text[64];
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (strlen(words[i]) == len && !memcmp(words[i], word, len)) {
			*ret_number = i;
			return 0;
		}
	}
	snprintf(text, sizeof(text), "%.*s", len < sizeof(text) ? (int)len : 63, word);
	return word_unknown(text, words, count, what, f);
}

int row_date(const char *value, uint32_t *ret_date, struct fault *f)
{
	static const unsigned char days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	static const char form[] = "dddd-dd-dd";
	uint32_t parts[3] = { 0 }, part = 0;
	size_t i;

	for (i = 0; form[i]; i++) {
		if (form[i] == '-') {
			if (value[i] != '-')
				break;
			part++;
		} else {
			if (value[i] < '0' || value[i] > '9')
				break;
			parts[part] = parts[part] * 10 + (uint32_t)(value[i] - '0');
		}
	}
	if (form[i] || value[i] || parts[0] < 2000 || parts[1] < 1 || parts[1] > 12 ||
	    parts[2] < 1 || parts[2] > days[parts[1] - 1] ||
	    (parts[1] == 2 && parts[2] == 29 &&
	     (parts[0] % 4 || (parts[0] % 100 == 0 && parts[0] % 400))))
		return fault_set(f, EINVAL, "no day; it is written 2026-11-30");
	*ret_date = parts[0] * 10000 + parts[1] * 100 + parts[2];
	return 0;
}
