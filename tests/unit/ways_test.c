// SPDX-License-Identifier: GPL-2.0-or-later
/* Files of policies that lead to others: how far, to how many, and round in circles. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "policy/policy.h"
#include "tests/tap.h"

static const struct policy_vars vars = { .workspace = "/ws", .home = "/h", .agent = "coder" };

/* Files that are called by their number, each of which leads to the next. */
struct ways {
	const char *key;    /* the line that leads on, with the next one's number */
	unsigned int count; /* the last has no such line */
	unsigned int back;  /* where that one leads instead; 0: nowhere */
};

static int ways_follow(void *cookie, enum policy_link link, const char *name, const char *from,
		       struct policy_found *ret_found, struct fault *f)
{
	const struct ways *w = cookie;
	unsigned int number = (unsigned int)strtoul(name, NULL, 10);
	char next[64] = "", *text;

	(void)link;
	(void)from;
	(void)f;
	if (number < w->count || w->back)
		snprintf(next, sizeof(next), w->key, number < w->count ? number + 1 : w->back);
	if (asprintf(&text, "%srights: [bpf]\n%s", strstr(w->key, "extends") ? "name: n\n" : "",
		     next) < 0)
		abort();
	*ret_found = (struct policy_found){ strdup(name), text, strlen(text), NULL };
	return 0;
}

static int ways_parse(const struct ways *w, struct fault *f)
{
	const struct policy_loader loader = { ways_follow, (void *)w, "1" };
	struct policy *p = NULL;
	char text[128];
	size_t len = (size_t)snprintf(text, sizeof(text), "name: n\nrights: [bpf]\n");
	int err;

	snprintf(text + len, sizeof(text) - len, w->key, w->count > 1 ? 2 : w->back);
	f->text[0] = '\0';
	err = policy_parse(text, strlen(text), "1", &vars, &loader, &p, f);
	CHECK(!err == (p != NULL));
	policy_free(p);
	return err;
}

static void ways_end_at_their_limit_and_circles_are_shown(void)
{
	static const char extends[] = "extends: '%u'\n", include[] = "include: ['%u']\n";
	static const struct {
		struct ways ways;
		int err;
		const char *part;
	} cases[] = {
		{ { extends, LIMIT_POLICY_DEPTH + 1, 0 }, 0, "" },
		{ { include, LIMIT_POLICY_DEPTH + 1, 0 }, 0, "" },
		{ { extends, LIMIT_POLICY_DEPTH + 2, 0 },
		  -E2BIG,
		  "9:3: \"extends\" is one file deeper than 8" },
		{ { include, LIMIT_POLICY_DEPTH + 2, 0 },
		  -E2BIG,
		  "9:2: \"include\" is one file deeper than 8" },
		{ { extends, 1, 1 }, -ELOOP, ": 1 -> 1" },
		{ { extends, 2, 1 }, -ELOOP, ": 1 -> 2 -> 1" },
		{ { include, 2, 1 }, -ELOOP, ": 1 -> 2 -> 1" },
		{ { extends, 9, 1 }, -ELOOP, ": 1 -> 2 -> 3 -> 4 -> 5 -> 6 -> 7 -> 8 -> 9 -> 1" },
		{ { include, 9, 1 }, -ELOOP, ": 1 -> 2 -> 3 -> 4 -> 5 -> 6 -> 7 -> 8 -> 9 -> 1" },
		{ { include, 9, 4 }, -ELOOP, ": 4 -> 5 -> 6 -> 7 -> 8 -> 9 -> 4" },
		{ { extends, 10, 1 }, -E2BIG, "deeper than 8" },
	};
	struct fault f;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CHECK_INT(ways_parse(&cases[i].ways, &f), cases[i].err);
		CHECK_MSG(strstr(f.text, cases[i].part), "%s", f.text);
	}
}

/* A directory of as many files as the cookie says, each with a directory of its own. */
static int many_follow(void *cookie, enum policy_link link, const char *name, const char *from,
		       struct policy_found *ret_found, struct fault *f)
{
	size_t i, count = *(const size_t *)cookie;
	struct policy_found found = { .file = strdup(name) };

	(void)from;
	(void)f;
	if (link == POLICY_INCLUDE) {
		found.entries = calloc(count + 1, sizeof(*found.entries));
		for (i = 0; found.entries && i < count; i++)
			if (asprintf(&found.entries[i], "/%zu", i) < 0)
				abort();
	} else {
		if (asprintf(&found.bytes, "directories: [/d%s]\n", name) < 0)
			abort();
		found.len = strlen(found.bytes);
	}
	*ret_found = found;
	return 0;
}

static void more_files_than_the_limit_are_refused(void)
{
	static const char text[] = "name: m\nrights: [bpf]\ninclude: [d]\n";
	size_t count = LIMIT_POLICY_FILES - 1;
	const struct policy_loader loader = { many_follow, &count, NULL };
	struct policy *p = NULL;
	struct fault f = { "" };

	CHECK_INT(policy_parse(text, strlen(text), "m", &vars, &loader, &p, &f), 0);
	CHECK_STR(f.text, "");
	CHECK(p && p->files[LIMIT_POLICY_FILES - 1] && !p->files[LIMIT_POLICY_FILES]);
	CHECK(p && p->directories_at[62].file == 63);
	policy_free(p);
	p = NULL;
	count++;
	CHECK_INT(policy_parse(text, strlen(text), "m", &vars, &loader, &p, &f), -E2BIG);
	CHECK_MSG(strstr(f.text, "m:3: \"include\" makes it more than 64 files"), "%s", f.text);
	CHECK(p == NULL);
}

static const struct tap_test tests[] = {
	TEST(ways_end_at_their_limit_and_circles_are_shown),
	TEST(more_files_than_the_limit_are_refused),
};

TAP_MAIN(tests)
