// SPDX-License-Identifier: GPL-2.0-or-later
/* From a model call that came to nothing to the lines of a policy that would allow it, or what else would help. */
#include <stdio.h>
#include <string.h>

#include "policy/egress.h"
#include "policy/explain.h"
#include "rpc/call_why.h"

static struct explain_item *item_add(struct explain *x, const char *section, const char *list)
{
	struct explain_item *item = &x->items[x->count++];

	item->section = section;
	item->list = list;
	return item;
}

/* As a rule has it, if one can: a model may be asked for by any name. */
static void add_model(struct explain *x, const struct explain_called *called,
		      const struct policy *p)
{
	char name[COMPILED_HOST];
	int len;

	len = snprintf(name, sizeof(name), "%s%s%s", called->provider,
		       called->provider[0] ? "/" : "", called->model);
	if (!called->model[0] || len < 0 || (size_t)len >= sizeof(name) ||
	    !egress_model_valid(name, (size_t)len))
		return;
	/* Rules on models have no effect without it. */
	if (p && !(p->rights & AGENTOS_RIGHT(NET_CONNECT)))
		strcpy(item_add(x, "rights", NULL)->item, "net-connect");
	snprintf(item_add(x, "network", "models")->item, EXPLAIN_ITEM, "\"%s\"", name);
}

/* The rule that is on it, of those that the policy has today. */
static void find_rule(struct explain *x, const struct explain_called *called,
		      const struct policy *p)
{
	const struct policy_egress *e;
	size_t i;

	for (i = 0; p && called->rule != AGENTOS_RULE_NONE && i < p->egress_count; i++) {
		e = &p->egress[i];
		if (e->rule.kind != EGRESS_MODEL || e->rule.number != called->rule)
			continue;
		x->has_rule = x->falls_short = true;
		x->number = e->rule.number;
		x->file = e->at.file ? p->files[e->at.file] : NULL;
		x->line = e->at.line;
		snprintf(x->rule, sizeof(x->rule), "%s", e->rule.host);
		return;
	}
}

static void explain_no_rule(struct explain *x, const struct explain_called *called,
			    const struct policy *p)
{
	bool any = false;
	size_t i;

	for (i = 0; p && i < p->egress_count; i++)
		any |= p->egress[i].rule.kind == EGRESS_MODEL;
	add_model(x, called, p);
	x->lesson = !x->count ? "No policy can name the model as it was asked for: a name has "
				"letters, digits and \"-._:@+/\"." :
		    any	      ? "Rules on models are not about this one." :
		    p	      ? "The policy has no rule on models." :
				"No rule of its policy was on this model.";
	x->is_possible = x->count != 0;
}

static const char *lesson_of(unsigned int why)
{
	switch (why) {
	case CALL_WHY_UNKNOWN:
		return "The policy is not against it: the gateway knows no provider that has this "
		       "model, or no such provider.";
	case CALL_WHY_TOKEN:
		return "A call has to come with the token that the agent was given in place of a "
		       "key; this one came without, or with what is none of this machine's.";
	case CALL_WHY_TOKEN_OTHERS:
		return "A token is worth something to the agent alone that it was made for. How "
		       "this one came by another's is worth a look at both.";
	case CALL_WHY_STRANGER:
		return "Who called is no agent, and the gateway calls models for agents alone.";
	case CALL_WHY_BUDGET_TOKENS:
		return "The policy is not against it: `agentctl budget AGENT tokens AMOUNT` gives it "
		       "more, \"tokens\" below \"budgets\" the next one. What a call may take at "
		       "most is asked for before it is made: a smaller limit of output needs less.";
	case CALL_WHY_BUDGET_MONEY:
		return "The policy is not against it: `agentctl budget AGENT microdollars AMOUNT` "
		       "gives it more, \"microdollars\" below \"budgets\" the next one. What a call "
		       "may cost at most is asked for before it is made: a smaller limit of output, "
		       "or a cheaper model, needs less.";
	case CALL_WHY_BUDGET_CALLS:
		return "The policy is not against it: `agentctl budget AGENT tool-calls AMOUNT` gives "
		       "it more, \"tool-calls\" below \"budgets\" the next one.";
	case CALL_WHY_NO_PRICE:
		return "The agent has a budget of money, so that what cannot be priced is not "
		       "called: tell what the model costs, or take that budget away.";
	case CALL_WHY_NO_KEY:
		return "The policy is not against it: the vault has no key that is bound to the "
		       "provider's host, or is not open.";
	case CALL_WHY_MALFORMED:
		return "The policy is not against it: what was sent is no request of a wire that "
		       "the gateway speaks.";
	case CALL_WHY_UNSAYABLE:
		return "The policy is not against it: the provider's wire has no words for what is "
		       "asked for. Asked in the provider's own wire it may have.";
	case CALL_WHY_TOO_LARGE:
		return "The policy is not against it: request or answer was larger than the gateway "
		       "takes.";
	case CALL_WHY_BUSY:
		return "The policy is not against it: the gateway had too many calls at once. Try "
		       "again.";
	case CALL_WHY_UNREACHABLE:
		return "The policy is not against it: the gateway could not connect to the provider.";
	case CALL_WHY_PROVIDER:
		return "The policy is not against it: the provider refused. The record has the "
		       "status.";
	case CALL_WHY_BROKEN:
		return "The policy is not against it: what the provider answered ended early, or is "
		       "no answer.";
	case CALL_WHY_TIMEOUT:
		return "The policy is not against it: the provider took too long.";
	case CALL_WHY_CLIENT_GONE:
		return "The policy is not against it: the agent hung up before the answer was there.";
	case CALL_WHY_CUT:
		return "The policy is not against it: what was left of the budget of tokens ran out "
		       "while the answer came. `agentctl budget AGENT tokens AMOUNT` gives it more.";
	case CALL_WHY_CUT_MONEY:
		return "The policy is not against it: what was left of the budget of money ran out "
		       "while the answer came. `agentctl budget AGENT microdollars AMOUNT` gives it "
		       "more.";
	case CALL_WHY_ENDED:
		return "The policy is not against it: the agent, or the gateway, was ended before "
		       "the answer was there.";
	case CALL_WHY_OFTEN:
		return "The policy is not against it: providers are asked to count tokens only so often "
		       "for an agent and all below it, as nothing is charged for that. It was told when "
		       "to ask again.";
	default:
		return "The record does not say why.";
	}
}

void explain_call(const struct explain_called *called, const struct policy *policy,
		  struct explain *x)
{
	memset(x, 0, sizeof(*x));
	x->number = called->rule;
	if (called->why == CALL_WHY_NO_RULE) {
		explain_no_rule(x, called, policy);
		return;
	}
	find_rule(x, called, policy);
	x->is_possible = called->why != CALL_WHY_STRANGER && called->why != CALL_WHY_TOKEN_OTHERS;
	x->lesson = lesson_of(called->why);
}
