// SPDX-License-Identifier: GPL-2.0-or-later
/* A policy's own words put together: name, description and audit; the rest have files of their own. */
#include "policy/layer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/addresses.h"
#include "policy/effects.h"
#include "policy/environment.h"
#include "policy/hosts.h"
#include "policy/rights.h"
#include "policy/rules.h"
#include "policy/terms.h"

#define NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

static int build_name(struct policy *p, const struct document *d)
{
	const char *name = d->raw->name;
	size_t len = strlen(name);

	if (len >= sizeof(p->name) || strspn(name, NAME_CHARS) != len)
		return source_fault(&d->source, EINVAL, document_key_at(d, "name").line,
				    "name %s does not fit; it takes 1 to %zu letters, digits, "
				    "\".\", \"_\" and \"-\"",
				    source_quote(name, len).text, sizeof(p->name) - 1);
	memcpy(p->name, name, len + 1);
	if (d->raw->description) {
		p->description = strdup(d->raw->description);
		if (!p->description)
			return source_fault(&d->source, ENOMEM, 0, "out of memory");
	}
	return 0;
}

static int build_audit(struct policy *p, const struct document *d)
{
	const char *audit = d->raw->audit;

	if (!audit)
		return 0;
	p->audit_at = document_key_at(d, "audit");
	p->strict = strcmp(audit, "strict") == 0;
	p->record_allowed = p->strict || strcmp(audit, "verbose") == 0;
	if (p->record_allowed || strcmp(audit, "normal") == 0)
		return 0;
	return source_fault(
		&d->source, EINVAL, p->audit_at.line,
		"audit %s is unknown; valid are \"normal\"%s, \"verbose\"%s and \"strict\"",
		source_quote(audit, strlen(audit)).text,
		strcmp(audit, "denials") == 0 ? " (as \"denials\" was called)" : "",
		strcmp(audit, "all") == 0 ? " (as \"all\" was called)" : "");
}

int layer_build(struct layer *l, struct policy **ret_policy)
{
	const struct document *own = l->documents[0];
	struct policy *p = calloc(1, sizeof(*p));
	int err;

	if (!p)
		return source_fault(&own->source, ENOMEM, 0, "out of memory");
	err = build_name(p, own);
	if (!err)
		err = rights_build(p, l);
	if (!err)
		err = effects_build(p, l);
	if (!err)
		err = rules_build(p, l);
	if (!err)
		err = addresses_build(p, l);
	if (!err)
		err = hosts_build(p, l);
	if (!err)
		err = environment_build(p, l);
	if (!err)
		err = terms_build(p, own);
	if (!err)
		err = build_audit(p, own);
	if (err) {
		policy_free(p);
		return err;
	}
	*ret_policy = p;
	return 0;
}

void layer_release(struct layer *l)
{
	while (l->count) {
		document_release(l->documents[--l->count]);
		free(l->documents[l->count]);
	}
}
