// SPDX-License-Identifier: GPL-2.0-or-later
/* The hooks' names. */
#include "kern/enforce.h"

#define HOOK_NAME(NAME, hook, doing) [AGENTOS_HOOK_##NAME] = hook,
static const char *const names[] = { AGENTOS_HOOKS(HOOK_NAME) };

#define HOOK_DOING(NAME, hook, doing) [AGENTOS_HOOK_##NAME] = doing,
static const char *const doings[] = { AGENTOS_HOOKS(HOOK_DOING) };

const char *enforce_hook_name(unsigned int hook)
{
	return hook < AGENTOS_HOOK_COUNT ? names[hook] : NULL;
}

const char *enforce_hook_doing(unsigned int hook)
{
	return hook < AGENTOS_HOOK_COUNT ? doings[hook] : NULL;
}
