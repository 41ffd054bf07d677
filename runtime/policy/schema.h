/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a policy file may contain, as libcyaml's schema: the one list of keys there is. */
#ifndef AGENTOS_POLICY_SCHEMA_H
#define AGENTOS_POLICY_SCHEMA_H

#include <cyaml/cyaml.h>
#include <stdbool.h>
#include <stdint.h>

#include "agentos_rights.h"

/* A file's content before its meaning is checked; what was left out is NULL or 0. */
struct raw_files {
	char **read, **write, **exec, **deny, **deny_write, **deny_names, **kill, **kill_names,
		**watch, **watch_names;
	uint32_t read_count, write_count, exec_count, deny_count, deny_write_count;
	uint32_t deny_names_count, kill_count, kill_names_count, watch_count;
	uint32_t watch_names_count;
};

struct raw_network {
	char **connect, **listen, **deny, **kill, **watch, **unix_;
	uint32_t connect_count, listen_count, deny_count, kill_count, watch_count, unix__count;
	char **egress, **egress_any, **egress_providers, **egress_private, **models;
	uint32_t egress_count, egress_any_count, egress_providers_count, egress_private_count;
	char **egress_deny, **egress_kill, **egress_watch;
	uint32_t models_count, egress_deny_count, egress_kill_count, egress_watch_count;
};

struct raw_environment {
	char **keep, **set;
	uint32_t keep_count, set_count;
};

/* One member for each right, in the order of their bits. */
#define RAW_EFFECT(bit, NAME, name, enforcer, test, meaning) char *right_##NAME;
struct raw_effects {
	AGENTOS_RIGHTS(RAW_EFFECT)
};

struct raw_limits {
	char *memory, *processes, *cpu, *io_weight;
};

struct raw_budgets {
	char *tokens, *microdollars, *tool_calls, *net_bytes, *cpu_ns, *wall_ns;
};

struct raw_schedule {
	char *criticality, *phase, *deadline, *efficiency, *cost;
};

struct raw_policy {
	uint32_t version;
	char *name;
	char *description;
	char *extends;
	char **include;
	uint32_t include_count;
	char **rights; /* rights: [a, b] */
	uint32_t rights_count;
	char *rights_word; /* rights: all */
	struct raw_files *files;
	struct raw_network *network;
	struct raw_effects *effects;
	struct raw_environment *environment;
	struct raw_limits *limits;
	struct raw_budgets *budgets;
	struct raw_schedule *schedule;
	char **directories;
	uint32_t directories_count;
	char *audit;
};

struct raw_list {
	char **items;
	uint32_t count;
};

/* A list of texts by its name, "files.read"; no items where it was left out. */
struct raw_list raw_list(const struct raw_policy *raw, const char *name);

/* The word for a right; NULL: none. */
const char *raw_effect(const struct raw_effects *effects, unsigned int bit);

/* The key that may be a list or one word; the schema differs in that. */
#define SCHEMA_LIST_OR_WORD "rights"

/* rights_is_word: how that key is written in this file. */
const cyaml_schema_value_t *schema_of_policy(bool rights_is_word);

/* Whether a file that others include may have the key. */
bool schema_is_of_parts(const char *key);
#define SCHEMA_PART_KEYS \
	"rights, files, network, effects, environment, directories, include, description, version"

/* Keys that a later version may enforce: refused here, and told apart from misspelt ones. */
bool schema_is_unenforced(const char *key);

#endif
