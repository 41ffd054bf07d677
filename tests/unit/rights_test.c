// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of rights: each row is well-formed, and the test it names exists and breaks it. */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentos_event.h"
#include "agentos_rights.h"
#include "policy/policy.h"
#include "tests/tap.h"

struct row {
	unsigned int bit;
	const char *constant, *name, *test, *meaning;
};

static const struct row rows[] = {
#define RIGHT_ROW(bit, NAME, name, enforcer, test, meaning) { bit, #NAME, name, test, meaning },
	AGENTOS_RIGHTS(RIGHT_ROW)
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void bits_are_contiguous_from_zero(void)
{
	size_t i;

	CHECK_INT(ROWS, AGENTOS_RIGHT_COUNT);
	for (i = 0; i < ROWS; i++)
		CHECK_INT(rows[i].bit, i);
}

static void names_are_lower_case_and_unique(void)
{
	size_t i, j;
	const char *c;

	for (i = 0; i < ROWS; i++) {
		CHECK(rows[i].name[0]);
		for (c = rows[i].name; *c; c++)
			CHECK_MSG(islower((unsigned char)*c) || *c == '-', "%s", rows[i].name);
		for (j = 0; j < i; j++)
			CHECK_MSG(strcmp(rows[i].name, rows[j].name), "%s", rows[i].name);
	}
}

static void each_name_is_its_constant_spelt_for_people(void)
{
	size_t i, k;

	for (i = 0; i < ROWS; i++) {
		CHECK_INT(strlen(rows[i].name), strlen(rows[i].constant));
		for (k = 0; rows[i].name[k] && rows[i].constant[k]; k++)
			CHECK_MSG(rows[i].constant[k] == '_' ?
					  rows[i].name[k] == '-' :
					  toupper((unsigned char)rows[i].name[k]) ==
						  rows[i].constant[k],
				  "%s", rows[i].name);
		CHECK(rows[i].meaning[0]);
		CHECK_INT(policy_right_by_name(rows[i].name), 1ULL << rows[i].bit);
	}
}

static char *source_read(const char *file)
{
	const char *root = getenv("SRC");
	char path[4096], *text = NULL;
	size_t room = 0;
	FILE *in;

	snprintf(path, sizeof(path), "%s/%s", root ? root : ".", file);
	in = fopen(path, "r");
	if (!in)
		return NULL;
	if (getdelim(&text, &room, '\0', in) < 0) {
		free(text);
		text = NULL;
	}
	fclose(in);
	return text;
}

static bool continues_word(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("-_.", c));
}

/* Whether word stands in text by itself: "bpf" is not in "agentos.bpf.h". */
static bool mentions(const char *text, const char *word)
{
	const char *at;

	for (at = strstr(text, word); at; at = strstr(at + 1, word))
		if ((at == text || !continues_word(at[-1])) && !continues_word(at[strlen(word)]))
			return true;
	return false;
}

static void a_mention_is_a_whole_word(void)
{
	CHECK(mentions("bpf", "bpf"));
	CHECK(mentions("x [file-read, bpf]", "bpf"));
	CHECK(!mentions("agentos.bpf.h bpf_map bpfs", "bpf"));
	CHECK(!mentions("", "bpf"));
}

static void each_right_is_mentioned_by_the_test_it_names(void)
{
	char constant[64];
	char *text;
	size_t i;

	for (i = 0; i < ROWS; i++) {
		text = source_read(rows[i].test);
		CHECK_MSG(text != NULL, "%s: there is no %s", rows[i].name, rows[i].test);
		if (!text)
			continue;
		snprintf(constant, sizeof(constant), "AGENTOS_RIGHT(%s)", rows[i].constant);
		CHECK_MSG(strstr(text, constant) || mentions(text, rows[i].name),
			  "%s does not mention %s", rows[i].test, rows[i].name);
		free(text);
	}
}

static const struct tap_test tests[] = {
	{ "bits_are_contiguous_from_zero", bits_are_contiguous_from_zero },
	{ "names_are_lower_case_and_unique", names_are_lower_case_and_unique },
	{ "each_name_is_its_constant_spelt_for_people",
	  each_name_is_its_constant_spelt_for_people },
	{ "a_mention_is_a_whole_word", a_mention_is_a_whole_word },
	{ "each_right_is_mentioned_by_the_test_it_names",
	  each_right_is_mentioned_by_the_test_it_names },
};

TAP_MAIN(tests)
