// SPDX-License-Identifier: GPL-2.0-or-later
/* The keys of a policy file. */
#include "policy/schema.h"

#include <string.h>

static const cyaml_schema_value_t text_schema = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, CYAML_UNLIMITED),
};

#define TEXT_LIST(key, type, member)                                                      \
	CYAML_FIELD_SEQUENCE(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, member, \
			     &text_schema, 1, CYAML_UNLIMITED)

static const cyaml_schema_field_t files_fields[] = {
	TEXT_LIST("read", struct raw_files, read),
	TEXT_LIST("write", struct raw_files, write),
	TEXT_LIST("exec", struct raw_files, exec),
	TEXT_LIST("deny", struct raw_files, deny),
	TEXT_LIST("deny-write", struct raw_files, deny_write),
	TEXT_LIST("kill", struct raw_files, kill),
	TEXT_LIST("watch", struct raw_files, watch),
	TEXT_LIST("deny-names", struct raw_files, deny_names),
	TEXT_LIST("kill-names", struct raw_files, kill_names),
	TEXT_LIST("watch-names", struct raw_files, watch_names),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t network_fields[] = {
	TEXT_LIST("connect", struct raw_network, connect),
	TEXT_LIST("listen", struct raw_network, listen),
	TEXT_LIST("deny", struct raw_network, deny),
	TEXT_LIST("kill", struct raw_network, kill),
	TEXT_LIST("watch", struct raw_network, watch),
	TEXT_LIST("unix", struct raw_network, unix_),
	TEXT_LIST("egress", struct raw_network, egress),
	TEXT_LIST("egress-any", struct raw_network, egress_any),
	TEXT_LIST("egress-providers", struct raw_network, egress_providers),
	TEXT_LIST("egress-private", struct raw_network, egress_private),
	TEXT_LIST("models", struct raw_network, models),
	TEXT_LIST("egress-deny", struct raw_network, egress_deny),
	TEXT_LIST("egress-kill", struct raw_network, egress_kill),
	TEXT_LIST("egress-watch", struct raw_network, egress_watch),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t environment_fields[] = {
	TEXT_LIST("keep", struct raw_environment, keep),
	TEXT_LIST("set", struct raw_environment, set),
	CYAML_FIELD_END,
};

#define TERM(key, type, member)                                                                \
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, member, 0, \
			       CYAML_UNLIMITED)

#define EFFECT_FIELD(bit, NAME, name, enforcer, test, meaning) \
	TERM(name, struct raw_effects, right_##NAME),
static const cyaml_schema_field_t effects_fields[] = {
	AGENTOS_RIGHTS(EFFECT_FIELD) CYAML_FIELD_END,
};

static const cyaml_schema_field_t limits_fields[] = {
	TERM("memory", struct raw_limits, memory),
	TERM("processes", struct raw_limits, processes),
	TERM("cpu", struct raw_limits, cpu),
	TERM("io-weight", struct raw_limits, io_weight),
	CYAML_FIELD_END,
};

/* The words that `agentctl budget` has for them. */
static const cyaml_schema_field_t budgets_fields[] = {
	TERM("tokens", struct raw_budgets, tokens),
	TERM("microdollars", struct raw_budgets, microdollars),
	TERM("tool-calls", struct raw_budgets, tool_calls),
	TERM("net-bytes", struct raw_budgets, net_bytes),
	TERM("cpu-ns", struct raw_budgets, cpu_ns),
	TERM("wall-ns", struct raw_budgets, wall_ns),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t schedule_fields[] = {
	TERM("criticality", struct raw_schedule, criticality),
	TERM("phase", struct raw_schedule, phase),
	TERM("deadline", struct raw_schedule, deadline),
	TERM("efficiency", struct raw_schedule, efficiency),
	TERM("cost", struct raw_schedule, cost),
	CYAML_FIELD_END,
};

#define TEXT(key, flags, member)                                                                \
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | (flags), struct raw_policy, member, 0, \
			       CYAML_UNLIMITED)
#define SECTION(key, member, fields)                                                              \
	CYAML_FIELD_MAPPING_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_policy, \
				member, fields)

#define POLICY_FIELDS(rights_field)                                                           \
	{                                                                                     \
		CYAML_FIELD_UINT("version", CYAML_FLAG_OPTIONAL, struct raw_policy, version), \
			TEXT("name", CYAML_FLAG_OPTIONAL, name),                              \
			TEXT("description", CYAML_FLAG_OPTIONAL, description),                \
			TEXT("extends", CYAML_FLAG_OPTIONAL, extends),                        \
			TEXT_LIST("include", struct raw_policy, include), rights_field,       \
			SECTION("files", files, files_fields),                                \
			SECTION("network", network, network_fields),                          \
			SECTION("effects", effects, effects_fields),                          \
			SECTION("environment", environment, environment_fields),              \
			SECTION("limits", limits, limits_fields),                             \
			SECTION("budgets", budgets, budgets_fields),                          \
			SECTION("schedule", schedule, schedule_fields),                       \
			TEXT_LIST("directories", struct raw_policy, directories),             \
			TEXT("audit", CYAML_FLAG_OPTIONAL, audit), CYAML_FIELD_END,           \
	}

static const cyaml_schema_field_t fields_with_list[] = POLICY_FIELDS(CYAML_FIELD_SEQUENCE(
	SCHEMA_LIST_OR_WORD, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_policy, rights,
	&text_schema, 1, CYAML_UNLIMITED));
static const cyaml_schema_field_t fields_with_word[] =
	POLICY_FIELDS(TEXT(SCHEMA_LIST_OR_WORD, CYAML_FLAG_OPTIONAL, rights_word));

static const cyaml_schema_value_t policy_with_list = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_policy, fields_with_list),
};
static const cyaml_schema_value_t policy_with_word = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_policy, fields_with_word),
};

struct raw_list raw_list(const struct raw_policy *raw, const char *name)
{
	static const struct raw_files no_files;
	static const struct raw_network no_network;
	static const struct raw_environment no_environment;
	const struct raw_files *files = raw->files ? raw->files : &no_files;
	const struct raw_network *network = raw->network ? raw->network : &no_network;
	const struct raw_environment *environment =
		raw->environment ? raw->environment : &no_environment;
	const struct {
		const char *name;
		struct raw_list list;
	} lists[] = {
		{ "include", { raw->include, raw->include_count } },
		{ "files.read", { files->read, files->read_count } },
		{ "files.write", { files->write, files->write_count } },
		{ "files.exec", { files->exec, files->exec_count } },
		{ "files.deny", { files->deny, files->deny_count } },
		{ "files.deny-write", { files->deny_write, files->deny_write_count } },
		{ "files.kill", { files->kill, files->kill_count } },
		{ "files.watch", { files->watch, files->watch_count } },
		{ "files.kill-names", { files->kill_names, files->kill_names_count } },
		{ "files.deny-names", { files->deny_names, files->deny_names_count } },
		{ "files.watch-names", { files->watch_names, files->watch_names_count } },
		{ "network.connect", { network->connect, network->connect_count } },
		{ "network.listen", { network->listen, network->listen_count } },
		{ "network.deny", { network->deny, network->deny_count } },
		{ "network.kill", { network->kill, network->kill_count } },
		{ "network.watch", { network->watch, network->watch_count } },
		{ "network.unix", { network->unix_, network->unix__count } },
		{ "network.egress", { network->egress, network->egress_count } },
		{ "network.egress-any", { network->egress_any, network->egress_any_count } },
		{ "network.egress-providers",
		  { network->egress_providers, network->egress_providers_count } },
		{ "network.egress-private",
		  { network->egress_private, network->egress_private_count } },
		{ "network.models", { network->models, network->models_count } },
		{ "network.egress-deny", { network->egress_deny, network->egress_deny_count } },
		{ "network.egress-kill", { network->egress_kill, network->egress_kill_count } },
		{ "network.egress-watch", { network->egress_watch, network->egress_watch_count } },
		{ "environment.keep", { environment->keep, environment->keep_count } },
		{ "environment.set", { environment->set, environment->set_count } },
		{ "directories", { raw->directories, raw->directories_count } },
	};
	size_t i;

	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (strcmp(name, lists[i].name) == 0)
			return lists[i].list;
	return (struct raw_list){ NULL, 0 };
}

const char *raw_effect(const struct raw_effects *effects, unsigned int bit)
{
#define EFFECT_OF(bit, NAME, name, enforcer, test, meaning) \
	[bit] = offsetof(struct raw_effects, right_##NAME),
	static const size_t offsets[] = { AGENTOS_RIGHTS(EFFECT_OF) };

	return *(char *const *)((const char *)effects + offsets[bit]);
}

const cyaml_schema_value_t *schema_of_policy(bool rights_is_word)
{
	return rights_is_word ? &policy_with_word : &policy_with_list;
}

bool schema_is_of_parts(const char *key)
{
	static const char *const of_parts[] = {
		"rights",      "files",	  "network",	 "effects", "environment",
		"directories", "include", "description", "version",
	};
	size_t i;

	for (i = 0; i < sizeof(of_parts) / sizeof(of_parts[0]); i++)
		if (strcmp(key, of_parts[i]) == 0)
			return true;
	return false;
}

bool schema_is_unenforced(const char *key)
{
	static const char *const later[] = {
		"devices",
	};
	size_t i;

	for (i = 0; i < sizeof(later) / sizeof(later[0]); i++)
		if (strcmp(key, later[i]) == 0)
			return true;
	return false;
}
