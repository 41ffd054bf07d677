// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of the wires. */
#include "llm/wire.h"

#include <string.h>

static const struct wire *const wires[WIRE_COUNT] = {
	[WIRE_OPENAI_CHAT] = &wire_openai_chat,
	[WIRE_OPENAI_RESPONSES] = &wire_openai_responses,
	[WIRE_ANTHROPIC] = &wire_anthropic,
	[WIRE_GEMINI] = &wire_gemini,
};

const struct wire *wire_of(enum wire_kind kind)
{
	return wires[kind];
}

const struct wire *wire_named(const char *name)
{
	size_t i;

	for (i = 0; i < WIRE_COUNT; i++)
		if (!strcmp(wires[i]->name, name))
			return wires[i];
	return NULL;
}
