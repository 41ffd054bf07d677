// SPDX-License-Identifier: GPL-2.0-or-later
/* Whether a call may be made: who calls, what is asked for, what the policy and the budgets say. */
#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

#include "gateway/call.h"
#include "llm/catalog.h"
#include "rpc/token.h"

/* --- who --- */

/* Its own, in a time that does not depend on how much of it is right. */
static bool token_is_own(struct call *k)
{
	struct agents_entry *e = k->agent;

	/* The MAC is the same for each of its calls. */
	if (!e->token[0] && token_make(k->gateway->token_key, e->agent, e->token)) {
		e->token[0] = '\0';
		return false;
	}
	return strlen(k->token) == strlen(e->token) &&
	       !CRYPTO_memcmp(k->token, e->token, strlen(e->token));
}

/* True: it may go on. */
static bool token_checks(struct call *k)
{
	uint64_t owner;
	int err;

	if (token_is_own(k))
		return true;
	err = token_read(k->gateway->token_key, k->token, strlen(k->token), &owner);
	if (err) {
		call_refuse(k, CALL_WHY_TOKEN,
			    k->token[0] ? "the key is none of AgentOS's: an agent's is in its "
					  "environment, as OPENAI_API_KEY" :
					  "no key was sent: an agent's is in its environment, as "
					  "OPENAI_API_KEY");
		return false;
	}
	if (agents_share(k->agent, owner))
		return true;
	k->other = owner;
	call_refuse(k, CALL_WHY_TOKEN_OTHERS, "the key is another agent's");
	return false;
}

/* --- whether --- */

/* The patterns of the policy's rules on models. */
static size_t patterns_of(const struct policies_entry *rules, const char **patterns)
{
	size_t count = 0, i;

	for (i = 0; i < rules->count; i++)
		if (rules->rules[i].kind == EGRESS_MODEL)
			patterns[count++] = rules->rules[i].host;
	return count;
}

/* The rule that lets it: the first one. */
static uint32_t rule_of(const struct call *k, const struct route_candidate *candidate)
{
	const struct policies_entry *r = k->rules;
	size_t i;

	for (i = 0; i < r->count; i++) {
		const char *pattern = r->rules[i].host;
		const struct route_allowed one = { &pattern, 1 };

		if (r->rules[i].kind == EGRESS_MODEL &&
		    route_allows(k->gateway->catalog, &one, candidate))
			return r->rules[i].number;
	}
	return AGENTOS_RULE_NONE;
}

static bool route_checks(struct call *k)
{
	static const char *const any = "*";
	const struct route_allowed all = { &any, 1 };
	const char *patterns[LIMIT_EGRESS_RULES];
	struct route_allowed allowed = { patterns, patterns_of(k->rules, patterns) };
	struct fault f = { "" };
	int err = route_find(k->gateway->catalog, k->model, &allowed, &k->route, &f);

	/* An audit-only agent's call is made, and the reason kept. */
	if (err == -EACCES && k->connection->caller.audit_only) {
		k->audit_only = true;
		k->why = CALL_WHY_NO_RULE;
		err = route_find(k->gateway->catalog, k->model, &all, &k->route, &f);
	}
	if (err) {
		if (err == -EACCES)
			call_refuse(k, CALL_WHY_NO_RULE,
				    "no rule of the policy is on %s; what would allow it: network: "
				    "{models: [\"%s\"]}",
				    k->model, k->model);
		else
			call_refuse(k, CALL_WHY_UNKNOWN, "%s", f.text);
		return false;
	}
	if (!k->audit_only)
		k->rule = rule_of(k, &k->route.candidates[0]);
	return true;
}

/* --- which models there are --- */

static void models_answer(struct call *k)
{
	const char *patterns[LIMIT_EGRESS_RULES];
	const struct route_allowed allowed = { patterns, patterns_of(k->rules, patterns) };
	const bool gemini = k->endpoint.wire == WIRE_GEMINI;
	struct route_candidate candidate;
	const struct model *m;
	struct text body = { 0 };
	bool some = false;
	size_t i;

	text_string(&body, gemini ? "{\"models\":[" : "{\"object\":\"list\",\"data\":[");
	for (i = 0; (m = catalog_model_at(k->gateway->catalog, i)); i++) {
		candidate = (struct route_candidate){
			catalog_provider(k->gateway->catalog, m->provider), m, m->id
		};
		if (!candidate.provider || candidate.provider->missing ||
		    !route_allows(k->gateway->catalog, &allowed, &candidate))
			continue;
		text_string(&body, some ? "," : "");
		if (gemini) {
			text_printf(&body, "{\"name\":\"models/%s\",\"displayName\":\"%s\"}",
				    m->name, m->name);
		} else {
			text_printf(&body,
				    "{\"id\":\"%s\",\"object\":\"model\",\"type\":\"model\","
				    "\"display_name\":\"%s\",\"created\":0,"
				    "\"created_at\":\"1970-01-01T00:00:00Z\",\"owned_by\":\"%s\"}",
				    m->name, m->name, m->provider);
		}
		some = true;
	}
	text_string(&body, gemini ? "]}" : "],\"has_more\":false}");
	if (text_error(&body))
		call_refuse(k, CALL_WHY_BUSY, "the gateway is out of memory");
	else
		call_answer(k, 200, "application/json", body.bytes, body.len);
	text_release(&body);
}

/* --- all of it --- */

/* What agentosd has to say of the policy and the agent. 0, or -EAGAIN, or an error. */
static int call_ask(struct call *k)
{
	const struct caller *caller = &k->connection->caller;
	struct gateway *g = k->gateway;
	int err = 0;

	if (!k->rules)
		err = policies_get(g->policies, caller->policy, &k->rules);
	if (!err && !k->agent)
		err = agents_get(g->agents, caller->agent, &k->agent);
	if (err)
		return err;
	return k->rules->whole && k->agent->whole ? 0 : -EAGAIN;
}

static void budget_refuse(struct call *k, enum call_why why)
{
	char text[CALL_BUDGET_TEXT];

	/* Budgets hold for audit-only agents, too: this one is refused, whatever no rule is on. */
	k->audit_only = false;
	switch (why) {
	case CALL_WHY_ENDED:
		call_refuse(k, why, "the agent has ended");
		break;
	case CALL_WHY_NO_PRICE:
		call_refuse(k, why,
			    "what %s costs is not known, and the agent's money is budgeted: a row "
			    "with its price is needed in /etc/agentos/models",
			    k->model);
		break;
	default:
		call_budget_say(k, why, text);
		call_refuse(k, why, "%s; see `agentctl budget`", text);
		break;
	}
}

void call_decide(struct call *k)
{
	enum call_why why;
	int err = call_ask(k);

	if (err == -EAGAIN)
		return;
	if (err) {
		call_refuse(k, CALL_WHY_BUSY, "too many agents or policies at once");
		return;
	}
	if (k->agent->fd < 0) {
		call_refuse(k, CALL_WHY_ENDED, "the agent has ended");
		return;
	}
	if (!token_checks(k))
		return;
	switch (k->endpoint.kind) {
	case ENDPOINT_MODELS:
		models_answer(k);
		return;
	case ENDPOINT_NONE:
		call_refuse(k, CALL_WHY_UNKNOWN, "there is nothing at this path");
		return;
	case ENDPOINT_METHOD:
		call_refuse(k, CALL_WHY_MALFORMED, "this path is not asked for by this method");
		return;
	case ENDPOINT_CALL:
	case ENDPOINT_COUNT:
	case ENDPOINT_EMBED:
		break;
	}
	if (!call_body_checks(k) || !route_checks(k))
		return;
	if (k->endpoint.kind == ENDPOINT_EMBED && !call_embeds(k))
		return;
	why = call_reserve(k);
	if (why != CALL_WHY_NONE)
		budget_refuse(k, why);
	else if (k->endpoint.kind == ENDPOINT_COUNT)
		call_count(k);
	else
		call_send(k);
}
