// SPDX-License-Identifier: GPL-2.0-or-later
/* From a refused act to the lines of a policy that would allow it. */
#include "policy/explain.h"

#include <arpa/inet.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/escape.h"
#include "base/limits.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

/* --- texts as a policy has them --- */

/* Whether text is path or below it. */
static bool path_is_in(const char *text, const char *path)
{
	const size_t len = strlen(path);

	if (strcmp(path, "/") == 0)
		return text[0] == '/';
	return strncmp(text, path, len) == 0 && (text[len] == '/' || !text[len]);
}

/* The variable that stands for most of the path, and what it stands for; or "". */
static const char *variable_of(const char *path, const struct policy_vars *vars,
			       const char **ret_value)
{
	const char *name = "", *value = "";

	if (vars && vars->home && strlen(vars->home) > 1 && path_is_in(path, vars->home)) {
		name = "~";
		value = vars->home;
	}
	if (vars && vars->workspace && strlen(vars->workspace) > 1 &&
	    strlen(vars->workspace) >= strlen(value) && path_is_in(path, vars->workspace)) {
		name = "${WORKSPACE}";
		value = vars->workspace;
	}
	*ret_value = value;
	return name;
}

static bool byte_is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       strchr("/._-+=%,~@${}", c);
}

struct item_text {
	char *out;
	size_t len;
	bool quoted;
};

static void item_put(struct item_text *t, const char *text)
{
	for (; *text && t->len < EXPLAIN_ITEM - 4; text++) {
		if (t->quoted && (*text == '"' || *text == '\\'))
			t->out[t->len++] = '\\';
		/* What begins no variable. */
		if (*text == '$')
			t->out[t->len++] = '$';
		t->out[t->len++] = *text;
	}
}

/* A list's item. False: no policy can have this text. */
static bool item_format(char out[EXPLAIN_ITEM], const char *text, const struct policy_vars *vars,
			bool quoted)
{
	struct item_text t = { .out = out, .quoted = quoted };
	const char *value, *name = variable_of(text, vars, &value), *p;

	if (!escape_is_utf8(text, strlen(text)))
		return false;
	for (p = text; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return false;
		t.quoted |= !byte_is_plain(*p);
	}
	if (t.quoted)
		out[t.len++] = '"';
	/* "~" would be the null of YAML. */
	if (*name == '~' && !text[strlen(value)])
		name = "${HOME}";
	memcpy(out + t.len, name, strlen(name));
	t.len += strlen(name);
	item_put(&t, text + strlen(value));
	if (t.quoted)
		out[t.len++] = '"';
	out[t.len] = '\0';
	return true;
}

static struct explain_item *item_add(struct explain *x, const char *section, const char *list)
{
	struct explain_item *item = &x->items[x->count];

	if (x->count == EXPLAIN_ITEMS)
		return NULL;
	item->section = section;
	item->list = list;
	x->count++;
	return item;
}

static void add_right(struct explain *x, const char *name)
{
	struct explain_item *item = item_add(x, "rights", NULL);

	if (item)
		snprintf(item->item, sizeof(item->item), "%s", name);
}

/* --- files --- */

static const struct {
	uint32_t access;
	const char *section, *list;
} lists[] = {
	{ AGENTOS_FILE_READ, "files", "read" },
	{ AGENTOS_FILE_WRITE, "files", "write" },
	{ AGENTOS_FILE_EXEC, "files", "exec" },
	{ AGENTOS_FILE_CONNECT, "network", "unix" },
};

/* A name comes and goes in its directory; a rule on the name itself would hold it there. */
static bool hook_is_about_a_name(unsigned int hook)
{
	return hook == AGENTOS_HOOK_CREATE || hook == AGENTOS_HOOK_DELETE ||
	       hook == AGENTOS_HOOK_RENAME || hook == AGENTOS_HOOK_LINK;
}

/* The path that a rule would have to be about; false: the record does not tell it. */
static bool event_path(const struct agentos_event *e, char path[AGENTOS_OBJECT_SIZE])
{
	const size_t len =
		e->text_len < AGENTOS_OBJECT_SIZE ? e->text_len : AGENTOS_OBJECT_SIZE - 1;
	char *slash;

	if ((e->object_kind != AGENTOS_OBJECT_PATH && e->object_kind != AGENTOS_OBJECT_UNIX) ||
	    !len || e->flags & (AGENTOS_EVENT_TRUNCATED | AGENTOS_EVENT_DENTRY) ||
	    memchr(e->text, '\0', len))
		return false;
	memcpy(path, e->text, len);
	path[len] = '\0';
	if (path[0] != '/')
		return false;
	slash = strrchr(path, '/');
	if (hook_is_about_a_name(e->hook))
		slash[slash == path] = '\0';
	return true;
}

/* A pattern is no path; the directory above the first of them can be named. */
static bool path_cut_at_pattern(char *path)
{
	char *pattern = strpbrk(path, "*?");

	if (!pattern)
		return false;
	while (*pattern != '/')
		pattern--;
	pattern[pattern == path] = '\0';
	return true;
}

static void add_path(struct explain *x, const char *written, uint32_t access,
		     const struct policy_vars *vars)
{
	struct explain_item *item;
	char path[AGENTOS_OBJECT_SIZE];
	size_t i;

	strcpy(path, written);
	if (path_cut_at_pattern(path))
		x->lesson = "A path in a policy has no \"*\" and no \"?\" in it: the directory "
			    "stands for all that is in it.";
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (!(access & lists[i].access))
			continue;
		item = item_add(x, lists[i].section, lists[i].list);
		if (item && !item_format(item->item, path, vars, false)) {
			x->count--;
			x->lesson = "The name has bytes that a policy cannot have: name the "
				    "directory that it is in, or rename the file.";
		}
	}
}

static void explain_path(struct explain *x, const struct agentos_event *e,
			 const struct policy_vars *vars)
{
	char path[AGENTOS_OBJECT_SIZE];
	uint32_t access = e->access ? e->access : AGENTOS_FILE_WRITE;

	if (event_path(e, path)) {
		add_path(x, path, access, vars);
		return;
	}
	x->lesson = e->flags & AGENTOS_EVENT_DENTRY ?
			    "The path is counted from the root of its file system: write it as "
			    "it is seen from the root of the machine." :
		    e->flags & AGENTOS_EVENT_TRUNCATED ?
			    "Only the end of the path is known." :
			    "What was acted on has no path that a policy could name.";
}

/* --- sockets --- */

static void explain_unix(struct explain *x, const struct agentos_event *e,
			 const struct policy_vars *vars)
{
	struct explain_item *item;
	char name[AGENTOS_OBJECT_SIZE];

	if (e->text_len && e->text[0] == '/') {
		explain_path(x, e, vars);
		return;
	}
	if (!e->text_len || e->text_len >= sizeof(name) || memchr(e->text, '\0', e->text_len)) {
		x->lesson = "The socket has no name that a policy could have.";
		return;
	}
	memcpy(name, e->text, e->text_len);
	name[e->text_len] = '\0';
	item = item_add(x, "network", "unix");
	if (item && (strpbrk(name, "*") || !item_format(item->item, name, NULL, true))) {
		x->count--;
		x->lesson = "The socket's name has bytes that a policy cannot have.";
	}
}

static const char *protocol_suffix(uint32_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP ? "/tcp" :
	       protocol == IPPROTO_UDP				    ? "/udp" :
								      "";
}

static bool hook_is_about_listening(unsigned int hook)
{
	return hook == AGENTOS_HOOK_SOCKET_BIND || hook == AGENTOS_HOOK_SOCKET_LISTEN;
}

static void add_address(struct explain *x, const char *address, const struct agentos_event *e)
{
	const bool listens = hook_is_about_listening(e->hook);
	struct explain_item *item = item_add(x, "network", listens ? "listen" : "connect");
	const uint64_t port = e->object_kind == AGENTOS_OBJECT_NUMBER ? e->number2 : e->port;
	const char *suffix =
		e->object_kind == AGENTOS_OBJECT_NUMBER ? "/tcp" : protocol_suffix(e->protocol);

	if (item)
		snprintf(item->item, sizeof(item->item), "\"%s:%llu%s\"", address,
			 (unsigned long long)port, suffix);
}

/* By its Unix socket, which no rule is about, or at its usual port. */
static bool event_is_of_gateway(const struct agentos_event *e)
{
	static const uint8_t loopback[4] = { 127, 0, 0, 1 };

	return e->hook == AGENTOS_HOOK_SOCKET_CONNECT && e->object_kind == AGENTOS_OBJECT_INET &&
	       e->family == AF_INET && !memcmp(e->addr, loopback, sizeof(loopback)) &&
	       ((e->text_len && e->text[0] == '/') || e->port == AGENTOS_GATEWAY_PORT);
}

static void explain_address(struct explain *x, const struct agentos_event *e)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	static const uint8_t none[16];
	char text[INET6_ADDRSTRLEN], shown[INET6_ADDRSTRLEN + 2];

	if (event_is_of_gateway(e)) {
		x->lesson =
			"That is AgentOS's gateway (127.0.0.1:1018, unless agentosd was told another "
			"port; its Unix socket stands for that). Who has a rule on a model or a host "
			"reaches it: add what is to be asked for under \"network\", to \"models\" or "
			"\"egress\".";
		return;
	}
	/* listen() on a socket that has no address of its own yet. */
	if (e->object_kind == AGENTOS_OBJECT_NUMBER && e->hook == AGENTOS_HOOK_SOCKET_LISTEN) {
		add_address(x, "*", e);
		return;
	}
	if (e->object_kind != AGENTOS_OBJECT_INET ||
	    (e->family != AF_INET && e->family != AF_INET6)) {
		x->lesson = "Rules are about IPv4 and IPv6 addresses.";
		return;
	}
	if (e->family == AF_INET6 && memcmp(e->addr, mapped, sizeof(mapped)) == 0) {
		inet_ntop(AF_INET, e->addr + sizeof(mapped), text, sizeof(text));
		add_address(x, text, e);
		return;
	}
	inet_ntop(e->family, e->addr, text, sizeof(text));
	if (e->family == AF_INET) {
		add_address(x, text, e);
		return;
	}
	snprintf(shown, sizeof(shown), "[%s]", text);
	add_address(x, shown, e);
	/* That of IPv6 is taken for both. */
	if (memcmp(e->addr, none, sizeof(none)) == 0)
		add_address(x, "0.0.0.0", e);
}

/* --- what rules would have to say about the object --- */

static bool hook_is_about_an_address(unsigned int hook)
{
	return hook == AGENTOS_HOOK_SOCKET_CONNECT || hook == AGENTOS_HOOK_SOCKET_SEND ||
	       hook_is_about_listening(hook);
}

static bool hook_is_about_a_unix_socket(unsigned int hook)
{
	return hook == AGENTOS_HOOK_UNIX_STREAM || hook == AGENTOS_HOOK_UNIX_SEND;
}

static void explain_object(struct explain *x, const struct agentos_event *e,
			   const struct policy_vars *vars)
{
	if (e->object_kind == AGENTOS_OBJECT_INET || hook_is_about_an_address(e->hook))
		explain_address(x, e);
	else if (hook_is_about_a_unix_socket(e->hook))
		explain_unix(x, e, vars);
	else
		explain_path(x, e, vars);
}

static void explain_right(struct explain *x, const struct agentos_event *e,
			  const struct policy_vars *vars)
{
	const uint64_t ruled = AGENTOS_RIGHT(FILE_READ) | AGENTOS_RIGHT(FILE_WRITE) |
			       AGENTOS_RIGHT(FILE_EXEC) | AGENTOS_RIGHT(NET_CONNECT) |
			       AGENTOS_RIGHT(NET_LISTEN) | AGENTOS_RIGHT(UNIX_CONNECT);
#define RIGHT_NAME(at, NAME, name, enforcer, test, meaning) [at] = name,
	static const char *const names[64] = { AGENTOS_RIGHTS(RIGHT_NAME) };
	struct agentos_event act = *e;
	unsigned int bit;

	for (bit = 0; bit < 64; bit++) {
		if (e->right >> bit & 1 && names[bit])
			add_right(x, names[bit]);
	}
	/* These do nothing without a rule. */
	if (!(e->right & ruled))
		return;
	if (hook_is_about_a_unix_socket(e->hook))
		act.access = AGENTOS_FILE_CONNECT;
	else if (e->right & (AGENTOS_FILE_READ | AGENTOS_FILE_WRITE | AGENTOS_FILE_EXEC))
		act.access = (uint32_t)e->right &
			     (AGENTOS_FILE_READ | AGENTOS_FILE_WRITE | AGENTOS_FILE_EXEC);
	explain_object(x, &act, vars);
}

/* --- the rule that refused --- */

/* The rule that would decide about one kind of access to the path without that one; NULL: none. */
static const struct policy_rule *rule_nearest(const struct policy *p, size_t without,
					      const char *path, uint32_t bit)
{
	const struct policy_rule *best = NULL, *r;
	size_t i;

	for (i = 0; i < p->rule_count; i++) {
		r = &p->rules[i];
		if (i == without || r->anywhere || r->abstract || !path_is_in(path, r->path) ||
		    !((r->allow | r->deny) & bit))
			continue;
		if (!best || strlen(r->path) > strlen(best->path))
			best = r;
	}
	return best;
}

/* When the rule has gone: what has to be added for the others to allow it. */
static void explain_rest(struct explain *x, const struct agentos_event *e, const struct policy *p,
			 const struct policy_vars *vars, const char *path)
{
	struct agentos_event act = *e;
	const struct policy_rule *r;
	uint32_t bit;

	act.access = 0;
	for (bit = 1; bit <= AGENTOS_FILE_CONNECT; bit <<= 1) {
		r = e->access & bit ? rule_nearest(p, e->rule, path, bit) : NULL;
		if (e->access & bit && !(r && r->allow & bit))
			act.access |= bit;
		/* To allow it as well would contradict that. */
		if (r && r->deny & bit && !strcmp(r->path, path)) {
			x->lesson = "Another line denies the same path: it has to go as well.";
			return;
		}
	}
	if (act.access)
		explain_object(x, &act, vars);
}

/* Where rule number `rule` of the policy stands: the one place that knows how it tells that. */
static void rule_place(const struct policy *p, uint32_t rule, bool watches, const char **ret_file,
		       uint32_t *ret_line)
{
	const struct policy_address *a = &p->addresses[rule - p->rule_count];
	const struct policy_rule *r = &p->rules[rule];
	const struct policy_place at = rule < p->rule_count ? watches ? r->at : r->deny_at :
				       watches		    ? a->at :
							      a->deny_at;

	*ret_file = at.file ? p->files[at.file] : NULL;
	*ret_line = at.line;
}

static void explain_path_rule(struct explain *x, const struct agentos_event *e,
			      const struct policy *p, const struct policy_vars *vars)
{
	const struct policy_rule *r = &p->rules[e->rule];
	char path[AGENTOS_OBJECT_SIZE], *base;

	x->has_rule = true;
	rule_place(p, e->rule, x->watches, &x->file, &x->line);
	x->is_name = r->anywhere;
	if (!item_format(x->rule, r->path, r->anywhere ? NULL : vars, false))
		x->rule[0] = '\0';
	if (!event_path(e, path)) {
		x->is_removal = true;
		return;
	}
	/* A nearer rule wins, but not one on the same path, or on the name's own bearer. */
	if (r->anywhere) {
		const size_t len = strlen(r->path);
		const bool front = r->path[0] == '*', back = r->path[len - 1] == '*';

		base = strrchr(path, '/') + 1;
		if (hook_is_about_a_name(e->hook))
			x->is_removal = true;
		else if (front)
			x->is_removal = strlen(base) >= len - 1 &&
					!strcmp(base + strlen(base) - (len - 1), r->path + 1);
		else if (back)
			x->is_removal = !strncmp(base, r->path, len - 1);
		else
			x->is_removal = !strcmp(base, r->path);
	} else {
		x->is_removal = !path_is_in(path, r->path) || !strcmp(path, r->path);
		if (!path_is_in(path, r->path))
			x->lesson = "The rule is about the same file under another path.";
	}
	if (x->is_removal)
		explain_rest(x, e, p, vars, path);
	else
		explain_object(x, e, vars);
}

static void explain_address_rule(struct explain *x, const struct agentos_event *e,
				 const struct policy *p)
{
	const struct policy_address *a = &p->addresses[e->rule - p->rule_count];
	const bool is_ipv6 = a->family == AF_INET6;
	char text[INET6_ADDRSTRLEN] = "?";

	x->has_rule = true;
	rule_place(p, e->rule, x->watches, &x->file, &x->line);
	inet_ntop(a->family, a->addr, text, sizeof(text));
	snprintf(x->rule, sizeof(x->rule), is_ipv6 ? "[%s/%u]:%u-%u" : "%s/%u:%u-%u", text,
		 a->prefix, a->port_first, a->port_last);
	/* The longest prefix wins; there is none that is longer than the whole. */
	x->is_removal = a->prefix == (is_ipv6 ? 128 : 32);
	explain_object(x, e, NULL);
}

/* Of the rules that nobody wrote. */
static const char *own_lesson(uint32_t rule)
{
	switch (rule) {
	case AGENTOS_RULE_PINS:
		return "What holds agents is there, programs or agentosd's sockets: this rule is in "
		       "every policy.";
	case AGENTOS_RULE_LOG:
		return "It is the audit log's: agentosd alone writes there, and reads its key. "
		       "This rule is in every policy.";
	case AGENTOS_RULE_KEYS:
		return "It is of the keys that are kept from agents: the vault, what opens it, and "
		       "what tokens are made with. This rule is in every policy.";
	default:
		return "An agent reads its own denial feed and no other, and writes none: this "
		       "rule is in every policy.";
	}
}

static void explain_rule(struct explain *x, const struct agentos_event *e, const struct policy *p,
			 const struct policy_vars *vars)
{
	if (AGENTOS_RULE_IS_OWN(e->rule)) {
		x->is_possible = false;
		x->lesson = own_lesson(e->rule);
		return;
	}
	if (p && e->rule < p->rule_count) {
		explain_path_rule(x, e, p, vars);
	} else if (p && e->rule - p->rule_count < p->address_count) {
		explain_address_rule(x, e, p);
	} else {
		x->is_removal = true;
		x->lesson = "A rule denies it, which is to be found by its number: `agentctl "
			    "policy show FILE --effective`.";
	}
}

/* For want of which right it came to be more than a denial. */
static void explain_effect(struct explain *x, const struct agentos_event *e, const struct policy *p)
{
	const uint64_t rights = p ? p->kill_rights | p->watch_rights : 0;
	unsigned int bit;

	if (!x->kills && !x->watches)
		return;
	for (bit = 0; bit < AGENTOS_RIGHT_COUNT; bit++) {
		if (!(e->right & rights & (1ULL << bit)))
			continue;
		x->effect = policy_right_name(bit);
		x->file = p->effect_at[bit].file ? p->files[p->effect_at[bit].file] : NULL;
		x->line = p->effect_at[bit].line;
		return;
	}
}

void explain_event(const struct agentos_event *e, const struct policy *policy,
		   const struct policy_vars *vars, struct explain *x)
{
	memset(x, 0, sizeof(*x));
	x->is_possible = true;
	x->number = e->rule;
	x->kills = e->flags & AGENTOS_EVENT_KILL;
	x->watches = e->flags & AGENTOS_EVENT_WATCH;
	switch (e->why) {
	case AGENTOS_WHY_RIGHT:
		explain_effect(x, e, policy);
		explain_right(x, e, vars);
		break;
	case AGENTOS_WHY_RULE:
		explain_rule(x, e, policy, vars);
		break;
	case AGENTOS_WHY_NO_RULE:
		explain_object(x, e, vars);
		break;
	case AGENTOS_WHY_WIDER:
		x->lesson = "A name gives no rights: what arrives under it may not be more open to "
			    "the agent than it was. Copy it instead, or give both places the same "
			    "access.";
		break;
	case AGENTOS_WHY_HOLDS:
		x->lesson =
			"Rules are about what stands there now: it cannot be moved, replaced or "
			"removed while a rule is on it or on what is below it. A rule on the "
			"directory above it does not hold it.";
		break;
	case AGENTOS_WHY_UNRESOLVED:
		x->lesson = "What cannot be told is refused: a path of more than 64 components, a "
			    "mount that is not reached from the root, or a directory that compares "
			    "names its own way. Reach it by another path.";
		break;
	case AGENTOS_WHY_UNCOUNTED:
		x->lesson =
			"The agent has a limit of network bytes, and these would not be counted: "
			"use TCP or UDP and sockets that it made itself, or take the limit away "
			"with `agentctl budget AGENT net-bytes none`.";
		break;
	case AGENTOS_WHY_UNRECORDED:
		x->lesson =
			"Records came faster than agentosd could write them, or it does not "
			"run: `agentctl doctor` tells. Try again, or have fewer records with "
			"\"audit: verbose\" or \"audit: normal\", under which such acts are done.";
		break;
	case AGENTOS_WHY_NEVER:
		x->is_possible = false;
		x->lesson = "No agent may do this, whatever its policy says.";
		break;
	case AGENTOS_WHY_OUTSIDE:
		x->is_possible = false;
		x->lesson = "The target is outside the agent, where no agent may do this.";
		break;
	default:
		x->lesson = "The record does not say why.";
	}
	/* It was done: there is nothing to allow. */
	if (x->watches) {
		x->count = 0;
		x->is_removal = false;
		x->lesson = NULL;
	}
}
