// SPDX-License-Identifier: GPL-2.0-or-later
/* Section by section, what is said later upon what was said before. */
#include "policy/overlay.h"

#include <string.h>

#include "policy/addresses.h"
#include "policy/effects.h"
#include "policy/environment.h"
#include "policy/hosts.h"
#include "policy/rights.h"
#include "policy/rules.h"
#include "policy/terms.h"

static void overlay_texts(struct policy *base, struct policy *top)
{
	char *description = base->description;

	memcpy(base->name, top->name, sizeof(base->name));
	if (top->description) {
		base->description = top->description;
		top->description = description;
	}
	if (top->audit_at.line) {
		base->record_allowed = top->record_allowed;
		base->strict = top->strict;
		base->audit_at = top->audit_at;
	}
}

int overlay_policy(struct policy *base, struct policy *top, const struct layer *layer)
{
	const struct source *source = &layer->documents[0]->source;
	int err;

	err = rights_overlay(base, top, layer);
	if (!err)
		effects_overlay(base, top);
	if (!err)
		err = rules_overlay(base, top, layer->taken, source);
	if (!err)
		err = addresses_overlay(base, top, layer->taken, source);
	if (!err)
		err = hosts_overlay(base, top, layer->taken, source);
	if (!err)
		err = environment_overlay(base, top, source);
	if (!err) {
		terms_overlay(base, top);
		overlay_texts(base, top);
	}
	return err;
}
