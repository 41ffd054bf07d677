// SPDX-License-Identifier: GPL-2.0-or-later
/* Edit distance, and rights by name. */
#include "policy/suggest.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>

#include "agentos_rights.h"
#include "policy/policy.h"

#define WORD_MAX 48 /* longer words resemble nothing */

static const char *const right_names[] = {
#define RIGHT_NAME(bit, NAME, name, enforcer, test, meaning) [bit] = name,
	AGENTOS_RIGHTS(RIGHT_NAME)
};

static size_t word_fold(char out[WORD_MAX + 1], const char *word)
{
	size_t i;

	for (i = 0; i < WORD_MAX && word[i]; i++)
		out[i] = word[i] == '_' ? '-' : (char)tolower((unsigned char)word[i]);
	out[i] = '\0';
	return i;
}

static int word_is_part(const char *part, size_t len, const char *whole)
{
	const char *at = len >= 3 ? strstr(whole, part) : NULL;

	return at && (at == whole || at[-1] == '-') && (at[len] == '\0' || at[len] == '-');
}

static unsigned int smaller(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

unsigned int suggest_distance(const char *word, const char *known)
{
	unsigned int row[3][WORD_MAX + 1], *before = row[0], *last = row[1], *now = row[2], *spare;
	char a[WORD_MAX + 1], b[WORD_MAX + 1];
	size_t i, j, alen, blen;

	if (strlen(word) > WORD_MAX || strlen(known) > WORD_MAX)
		return UINT_MAX;
	alen = word_fold(a, word);
	blen = word_fold(b, known);
	if (strcmp(a, b) == 0)
		return 0;
	if (word_is_part(a, alen, b) || word_is_part(b, blen, a))
		return 1;
	for (j = 0; j <= blen; j++) {
		before[j] = 0;
		last[j] = (unsigned int)j;
	}
	for (i = 1; i <= alen; i++) {
		now[0] = (unsigned int)i;
		for (j = 1; j <= blen; j++) {
			now[j] = smaller(last[j - 1] + (a[i - 1] != b[j - 1]),
					 smaller(last[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = smaller(now[j], before[j - 2] + 1);
		}
		spare = before;
		before = last;
		last = now;
		now = spare;
	}
	return last[blen];
}

int suggest_near(const char *word, unsigned int distance)
{
	return distance <= 2 || distance <= strlen(word) / 3;
}

uint64_t policy_right_by_name(const char *name)
{
	size_t i;

	for (i = 0; i < AGENTOS_RIGHT_COUNT; i++)
		if (strcmp(name, right_names[i]) == 0)
			return 1ULL << i;
	return 0;
}

const char *policy_right_name(unsigned int bit)
{
	return bit < AGENTOS_RIGHT_COUNT ? right_names[bit] : NULL;
}

const char *policy_right_suggest(const char *name)
{
	unsigned int distance, best = UINT_MAX;
	const char *nearest = NULL;
	size_t i;

	for (i = 0; i < AGENTOS_RIGHT_COUNT; i++) {
		distance = suggest_distance(name, right_names[i]);
		if (distance < best) {
			best = distance;
			nearest = right_names[i];
		}
	}
	return nearest && suggest_near(name, best) ? nearest : NULL;
}
