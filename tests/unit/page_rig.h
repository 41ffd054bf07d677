/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A page as a browser would take it apart, but stricter. */
#ifndef AGENTOS_TESTS_PAGE_RIG_H
#define AGENTOS_TESTS_PAGE_RIG_H

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "tests/tap.h"

/* What is judged. */
static char *page;
static size_t page_len;

#define CHECK_SAYS(words)  CHECK_MSG(strstr(page, words), "\"%s\" is not on the page", words)
#define CHECK_QUIET(words) CHECK_MSG(!strstr(page, words), "\"%s\" is on the page", words)

static inline bool name_known(const char *name)
{
	static const char *const known[] = {
		"html", "head", "meta", "title",   "style", "body",    "header", "main",  "footer",
		"p",	"h1",	"h2",	"section", "dl",    "dt",      "dd",	 "div",	  "span",
		"b",	"i",	"a",	"code",	   "table", "caption", "thead",	 "tbody", "tr",
		"th",	"td",	"time", "svg",	   "g",	    "rect",    "desc"
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i], name) == 0)
			return true;
	}
	return false;
}

/* Attributes up to the tag's end, each NAME="VALUE". NULL: something else. */
static inline const char *attributes_skip(const char *p, bool *ret_closed)
{
	*ret_closed = false;
	while (*p == ' ') {
		p++;
		if (strncmp(p, "on", 2) == 0 || strncmp(p, "style", 5) == 0 ||
		    strncmp(p, "src", 3) == 0)
			return NULL;
		while (islower(*p) || *p == '-' || isupper(*p))
			p++;
		if (strncmp(p, "=\"", 2) != 0)
			return NULL;
		p += 2;
		p += strcspn(p, "\"<>");
		if (*p++ != '"')
			return NULL;
	}
	if (*p == '/') {
		*ret_closed = true;
		p++;
	}
	return *p == '>' ? p + 1 : NULL;
}

/* All tags are known and fit into each other, and nothing acts on a display. Where not, else NULL. */
static inline const char *page_fault(void)
{
	char stack[32][16], name[16];
	const char *p = page, *at;
	size_t depth = 0, n;
	bool closed, end;

	if (!escape_is_utf8(page, page_len) || strlen(page) != page_len)
		return "not UTF-8, or with a NUL";
	if (strncmp(p, "<!DOCTYPE html>\n", 16) != 0)
		return "no document type";
	for (p += 16; *p; p++) {
		if (*p != '<') {
			if (*p == '>' || (iscntrl((unsigned char)*p) && *p != '\n') ||
			    (unsigned char)*p >= 0x80)
				return p;
			continue;
		}
		at = p++;
		end = *p == '/';
		p += end;
		for (n = 0; n < sizeof(name) - 1 && isalnum(*p); n++)
			name[n] = *p++;
		name[n] = '\0';
		if (!name_known(name))
			return at;
		if (end) {
			if (!depth || strcmp(stack[--depth], name) != 0 || *p != '>')
				return at;
			continue;
		}
		p = attributes_skip(p, &closed);
		if (!p)
			return at;
		p--;
		if (strcmp(name, "style") == 0)
			p = strstr(p, "</style>") - 1;
		if (strcmp(name, "meta") == 0 || closed)
			continue;
		if (depth == sizeof(stack) / sizeof(stack[0]))
			return at;
		strcpy(stack[depth++], name);
	}
	return depth ? "elements stay open" : NULL;
}

#define CHECK_SOUND()                                           \
	do {                                                    \
		const char *fault = page_fault();               \
		CHECK_MSG(!fault, "%.60s", fault ? fault : ""); \
	} while (0)

#endif
