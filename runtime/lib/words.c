// SPDX-License-Identifier: MIT
/* libagentos: the words for rights, resources, actions, phases and states. */
#include <errno.h>
#include <string.h>

#include "lib/libagentos.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define RIGHT_NAME(bit, NAME, name, enforcer, test, meaning) [bit] = name,
static const char *const rights[] = { AGENTOS_RIGHTS(RIGHT_NAME) };

static const char *const resources[] = {
	[AGENTOS_RESOURCE_TOKENS] = "tokens",
	[AGENTOS_RESOURCE_MICRODOLLARS] = "microdollars",
	[AGENTOS_RESOURCE_TOOL_CALLS] = "tool-calls",
	[AGENTOS_RESOURCE_NET_BYTES] = "net-bytes",
	[AGENTOS_RESOURCE_CPU_NS] = "cpu-ns",
	[AGENTOS_RESOURCE_WALL_NS] = "wall-ns",
};

static const char *const actions[] = {
	[AGENTOS_BUDGET_REFUSE] = "refuse",
	[AGENTOS_BUDGET_KILL] = "kill",
	[AGENTOS_BUDGET_PAUSE] = "pause",
};

static const char *const phases[] = {
	[AGENTOS_PHASE_WORKING] = "working",
	[AGENTOS_PHASE_INTERACTIVE] = "interactive",
	[AGENTOS_PHASE_WAITING] = "waiting",
	[AGENTOS_PHASE_BACKGROUND] = "background",
};

static const char *const states[] = {
	[AGENTOS_STATE_CREATED] = "created", [AGENTOS_STATE_RUNNING] = "running",
	[AGENTOS_STATE_EXITING] = "exiting", [AGENTOS_STATE_EXITED] = "exited",
	[AGENTOS_STATE_PAUSED] = "paused",
};

_Static_assert(COUNT(resources) == AGENTOS_RESOURCE_COUNT, "a name for each");
_Static_assert(COUNT(phases) == AGENTOS_PHASE_COUNT, "a name for each");

static const char *name_of(const char *const *names, size_t count, unsigned int number)
{
	return number < count ? names[number] : NULL;
}

static int number_of(const char *const *names, size_t count, const char *name)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return (int)i;
	return -EINVAL;
}

const char *agentos_right_name(unsigned int bit)
{
	return name_of(rights, COUNT(rights), bit);
}

const char *agentos_resource_name(unsigned int resource)
{
	return name_of(resources, COUNT(resources), resource);
}

const char *agentos_action_name(unsigned int action)
{
	return name_of(actions, COUNT(actions), action);
}

const char *agentos_phase_name(unsigned int phase)
{
	return name_of(phases, COUNT(phases), phase);
}

const char *agentos_state_name(unsigned int state)
{
	return name_of(states, COUNT(states), state);
}

int agentos_right_number(const char *name)
{
	return number_of(rights, COUNT(rights), name);
}

int agentos_resource_number(const char *name)
{
	return number_of(resources, COUNT(resources), name);
}

int agentos_action_number(const char *name)
{
	return number_of(actions, COUNT(actions), name);
}

int agentos_phase_number(const char *name)
{
	return number_of(phases, COUNT(phases), name);
}
