// SPDX-License-Identifier: GPL-2.0-or-later
/* What records are asked for, from words; one that is none is answered with those that there are. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "audit/filter_state.h"
#include "audit/names.h"
#include "base/escape.h"

static bool number_parse(const char *text, uint64_t most, uint64_t *ret_number)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*ret_number = strtoull(text, &end, 10);
	return !errno && !*end && *ret_number <= most;
}

/* "no operation fil_open: there are file_open, path_mknod, ..." */
static int value_refuse(struct fault *fault, const char *what, const char *value,
			const char *(*name)(unsigned int number, char other[NAME_ROOM]),
			unsigned int first, unsigned int count, const char *more)
{
	char shown[128], list[1024] = "", other[NAME_ROOM];
	unsigned int i, before;
	size_t len = 0;

	for (i = first; i < count; i++) {
		for (before = first; before < i; before++) {
			if (strcmp(name(before, other), name(i, other)) == 0)
				break;
		}
		/* Several numbers have one name. */
		if (before == i && len < sizeof(list))
			len += (size_t)snprintf(list + len, sizeof(list) - len, "%s, ",
						name(i, other));
	}
	escape_text(shown, sizeof(shown), value, strlen(value));
	return fault_set(fault, EINVAL, "no %s \"%s\"; there are %s%s", what, shown, list, more);
}

static int agent_add(struct filter *f, const char *value, struct fault *fault)
{
	struct agent *a = &f->agents[f->agent_count];

	if (!*value || strlen(value) >= AGENTOS_NAME_SIZE)
		return fault_set(fault, EINVAL,
				 "an agent is told by its name or id, as `agentctl ps` shows");
	a->name = strdup(value);
	if (!a->name)
		return fault_set(fault, ENOMEM, "not enough memory");
	if (!number_parse(value, UINT64_MAX, &a->id))
		a->id = 0;
	f->agent_count++;
	return 0;
}

static int operation_add(struct filter *f, const char *value, struct fault *fault)
{
	bool egress = strcmp(value, "egress") == 0, call = strcmp(value, "call") == 0;
	bool found = egress || call;
	char other[NAME_ROOM];
	unsigned int hook;

	f->egress |= egress;
	f->call |= call;
	for (hook = AGENTOS_HOOK_NONE + 1; hook < AGENTOS_HOOK_COUNT; hook++) {
		if (strcmp(name_hook(hook, other), value) == 0)
			f->hooks[hook] = found = true;
	}
	return found ? 0 :
		       value_refuse(fault, "operation", value, name_hook, AGENTOS_HOOK_NONE + 1,
				    AGENTOS_HOOK_COUNT, "egress, call");
}

static int verdict_add(struct filter *f, const char *value, struct fault *fault)
{
	static const char *const names[VERDICT_COUNT] = { "allowed", "denied", "would-deny",
							  "failed", "closed" };
	char shown[128];
	size_t i;

	for (i = 0; i < VERDICT_COUNT; i++) {
		if (strcmp(names[i], value) == 0) {
			f->verdicts[i] = true;
			return 0;
		}
	}
	escape_text(shown, sizeof(shown), value, strlen(value));
	return fault_set(fault, EINVAL,
			 "no verdict \"%s\"; there are allowed, denied, would-deny, of connections "
			 "and calls of models also failed, of connections closed",
			 shown);
}

static int reason_add(struct filter *f, const char *value, struct fault *fault)
{
	char other[NAME_ROOM], shown[128];
	unsigned int bit;
	uint64_t number;

	if (*value >= '0' && *value <= '9') {
		if (number_parse(value, UINT32_MAX - 1, &number)) {
			f->rules[f->rule_count++] = (uint32_t)number;
			return 0;
		}
		escape_text(shown, sizeof(shown), value, strlen(value));
		return fault_set(fault, EINVAL, "\"%s\" is no number of a rule", shown);
	}
	for (bit = 0; bit < AGENTOS_RIGHT_COUNT; bit++) {
		if (strcmp(name_right(bit, other), value) == 0) {
			f->rights |= 1ULL << bit;
			return 0;
		}
	}
	return value_refuse(fault, "right", value, name_right, 0, AGENTOS_RIGHT_COUNT - 1,
			    name_right(AGENTOS_RIGHT_COUNT - 1, other));
}

/* "[2001:db8:*]:443": a pattern whose brackets are an address's, and no set; without a port they go. */
static bool bracketed(const char *value, char *ret_pattern, size_t size)
{
	const size_t len = strspn(value + 1, "0123456789abcdefABCDEF:.*?");
	const char *close = value + 1 + len;
	int n;

	if (value[0] != '[' || *close != ']' || !memchr(value + 1, ':', len) ||
	    (close[1] && close[1] != ':'))
		return false;
	n = close[1] ? snprintf(ret_pattern, size, "\\[%.*s\\]%s", (int)len, value + 1, close + 1) :
		       snprintf(ret_pattern, size, "%.*s", (int)len, value + 1);
	return n > 0 && (size_t)n < size;
}

static int object_add(struct filter *f, const char *value, struct fault *fault)
{
	struct object *o = &f->objects[f->object_count];
	char pattern[128];
	int rc;

	if (!*value)
		return fault_set(fault, EINVAL, "an empty text is in everything");
	rc = endpoint_parse(value, &o->endpoint, fault);
	if (rc < 0)
		return rc;
	o->address = rc == 1;
	o->text =
		strdup(!o->address && bracketed(value, pattern, sizeof(pattern)) ? pattern : value);
	if (!o->text)
		return fault_set(fault, ENOMEM, "not enough memory");
	f->object_count++;
	return 0;
}

static int text_add(struct filter *f, const char *value, struct fault *fault)
{
	if (!*value)
		return fault_set(fault, EINVAL, "an empty text is in everything");
	f->texts[f->text_count] = strdup(value);
	if (!f->texts[f->text_count])
		return fault_set(fault, ENOMEM, "not enough memory");
	f->text_count++;
	return 0;
}

static const char *const type_names[] = {
	[RECORD_EVENT] = "event",   [RECORD_LIFECYCLE] = "lifecycle", [RECORD_LOSS] = "loss",
	[RECORD_DAEMON] = "daemon", [RECORD_POLICY] = "policy",	      [RECORD_EGRESS] = "egress",
	[RECORD_CALL] = "call",
};

static int type_add(struct filter *f, const char *value, struct fault *fault)
{
	char shown[128];
	int type;

	for (type = RECORD_EVENT; type < RECORD_COUNT; type++) {
		if (strcmp(type_names[type], value) == 0) {
			f->types[type] = true;
			return 0;
		}
	}
	escape_text(shown, sizeof(shown), value, strlen(value));
	return fault_set(
		fault, EINVAL,
		"no type \"%s\"; there are event, lifecycle, loss, daemon, policy, egress, call",
		shown);
}

int filter_add(struct filter *f, enum filter_kind kind, const char *value, struct fault *fault)
{
	int rc;

	if (f->agent_count == LIMIT_FILTER || f->rule_count == LIMIT_FILTER ||
	    f->object_count == LIMIT_FILTER || f->text_count == LIMIT_FILTER)
		return fault_set(fault, E2BIG, "at most %d alternatives of one kind", LIMIT_FILTER);
	switch (kind) {
	case FILTER_AGENT:
		rc = agent_add(f, value, fault);
		break;
	case FILTER_OPERATION:
		rc = operation_add(f, value, fault);
		break;
	case FILTER_VERDICT:
		rc = verdict_add(f, value, fault);
		break;
	case FILTER_REASON:
		rc = reason_add(f, value, fault);
		break;
	case FILTER_OBJECT:
		rc = object_add(f, value, fault);
		break;
	case FILTER_TEXT:
		rc = text_add(f, value, fault);
		break;
	default:
		rc = type_add(f, value, fault);
	}
	if (rc == 0)
		f->asked[kind] = true;
	return rc;
}
