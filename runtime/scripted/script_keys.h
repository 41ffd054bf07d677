/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the reading of rules: what a line says of the rule it is in. */
#ifndef AGENTOS_SCRIPTED_SCRIPT_KEYS_H
#define AGENTOS_SCRIPTED_SCRIPT_KEYS_H

#include "llm/row.h"
#include "scripted/script.h"

/* A rule that is being read, with the ends of its lists. */
struct script_reading {
	struct arena *arena;
	struct script_rule *rule;
	struct script_phrase **text_end, **contains_end;
	struct script_tool *tool; /* the last */
	bool tool_filled;	  /* it has arguments */
	uint64_t seen;		  /* keys of this rule, by their place in the table */
};

/* The rule's next line, KEY and VALUE. -EBADMSG, -ENOMEM with f */
int script_key_set(struct script_reading *in, const struct row_reader *r, const char *key,
		   const char *value, struct fault *f);
/* All lines of the rule are there; of line `in->rule->line`. -EBADMSG with f */
int script_rule_check(const struct script_reading *in, const struct row_reader *r, struct fault *f);

/* TEXT as a list, whose end is put at *ret_list. NULL bytes: none. -EINVAL, -ENOMEM with f */
int script_phrase_read(struct arena *a, const char *value, bool inserts,
		       struct script_phrase **ret_list, struct fault *f);

#endif
