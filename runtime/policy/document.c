// SPDX-License-Identifier: GPL-2.0-or-later
/* Bytes made into an outline and a raw_policy. */
#include "policy/document.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "base/limits.h"

static int check_policy(const struct document *d)
{
	const struct outline *o = &d->outline;
	const char *missing = NULL;

	if (!outline_find(o, "name"))
		missing = "name";
	else if (!outline_find(o, "rights") && !outline_find(o, "extends") &&
		 !outline_find(o, "include"))
		missing = "rights";
	if (!missing)
		return 0;
	return source_fault(&d->source, EINVAL, 0,
			    "\"%s\" is missing; a policy needs at least \"name: my-policy\" and "
			    "\"rights: [...]\"",
			    missing);
}

static int check_part(const struct document *d)
{
	const struct outline *o = &d->outline;
	const char *key;
	size_t i;

	for (i = 0; i < o->count; i++) {
		key = o->places[i].name;
		if (strchr(key, '.') || schema_is_of_parts(key))
			continue;
		return source_fault(&d->source, EINVAL, o->places[i].line,
				    "\"%s\" has no place in a file that others include%s; valid "
				    "here: " SCHEMA_PART_KEYS,
				    key,
				    strcmp(key, "name") == 0 ?
					    " (a whole policy is built upon with \"extends\")" :
					    "");
	}
	return 0;
}

struct first_log {
	char text[160];
};

/* Only the first complaint says what is wrong; the rest is libcyaml's way back out. */
static void first_log_keep(cyaml_log_t level, void *cookie, const char *fmt, va_list args)
{
	struct first_log *log = cookie;
	char text[sizeof(log->text)];

	if (level < CYAML_LOG_ERROR || log->text[0])
		return;
	vsnprintf(text, sizeof(text), fmt, args);
	text[strcspn(text, "\n")] = '\0';
	escape_text(log->text, sizeof(log->text), text, strlen(text));
}

static bool rights_are_word(const struct document *d)
{
	const struct outline_place *place = outline_find(&d->outline, SCHEMA_LIST_OR_WORD);

	return place && place->is_word;
}

/* Loads what the outline found to be well-formed. */
static int load(struct document *d, const char *bytes, size_t len)
{
	struct first_log log = { "" };
	const cyaml_config_t config = {
		.log_fn = first_log_keep,
		.log_ctx = &log,
		.log_level = CYAML_LOG_ERROR,
		.mem_fn = cyaml_mem,
		.flags = CYAML_CFG_NO_ALIAS,
	};
	cyaml_data_t *data = NULL;
	cyaml_err_t err;

	err = cyaml_load_data((const uint8_t *)bytes, len, &config,
			      schema_of_policy(rights_are_word(d)), &data, NULL);
	if (err == CYAML_ERR_OOM)
		return source_fault(&d->source, ENOMEM, 0, "out of memory");
	if (err != CYAML_OK || !data)
		return source_fault(&d->source, EINVAL, 0, "not a valid policy: %s",
				    log.text[0] ? log.text : cyaml_strerror(err));
	d->raw = data;
	return 0;
}

int document_read(struct document *d, enum document_kind kind, const char *bytes, size_t len)
{
	int err;

	if (len > LIMIT_POLICY_FILE)
		return source_fault(&d->source, E2BIG, 0,
				    "larger than %d bytes, the most a policy may be",
				    LIMIT_POLICY_FILE);
	err = outline_scan(bytes, len, schema_of_policy(false), &d->source, &d->outline);
	if (!err)
		err = kind == DOCUMENT_PART ? check_part(d) : check_policy(d);
	if (!err)
		err = load(d, bytes, len);
	if (!err && document_key_at(d, "version").line && d->raw->version != 1)
		err = source_fault(&d->source, EINVAL, document_key_at(d, "version").line,
				   "version %u is not known; this version of AgentOS reads "
				   "\"version: 1\"",
				   d->raw->version);
	return err;
}

void document_release(struct document *d)
{
	const cyaml_config_t config = { .mem_fn = cyaml_mem, .flags = CYAML_CFG_NO_ALIAS };

	if (d->raw)
		cyaml_free(&config, schema_of_policy(rights_are_word(d)), d->raw, 0);
	outline_release(&d->outline);
	d->raw = NULL;
}

struct policy_place document_key_at(const struct document *d, const char *key)
{
	const struct outline_place *place = outline_find(&d->outline, key);

	return (struct policy_place){ d->source.number, place ? place->line : 0 };
}

struct policy_place document_item_at(const struct document *d, const char *key, size_t item)
{
	const struct outline_place *place = outline_find(&d->outline, key);

	if (place && item < place->count)
		return (struct policy_place){ d->source.number, place->items[item] };
	return document_key_at(d, key);
}
