/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text in an HTML document: whatever it holds, it stays text. */
#ifndef AGENTOS_BASE_HTML_H
#define AGENTOS_BASE_HTML_H

#include <stddef.h>
#include <stdio.h>

/*
 * Both are for the inside of an element and for an attribute's value in quotes,
 * and for nothing else: no names, no scripts, no style, no URLs.
 *
 * html_text: words of ours, or what escape_text() made: < > & " ' become
 *	references, and all else stays.
 * html_bytes: what an agent chose, len bytes: as escape_text() shows it, and then
 *	as above. Controls, marks that change the direction of text, and bytes that
 *	are not UTF-8 are seen as \xNN.
 */
void html_text(FILE *out, const char *text);
void html_bytes(FILE *out, const char *bytes, size_t len);

#endif
