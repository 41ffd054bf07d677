// SPDX-License-Identifier: GPL-2.0-or-later
/* Why a model call came to nothing, in words. */
#include "rpc/call_why.h"

#include <stddef.h>

bool call_why_is_policy(unsigned int why)
{
	switch (why) {
	case CALL_WHY_NO_RULE:
	case CALL_WHY_TOKEN:
	case CALL_WHY_TOKEN_OTHERS:
	case CALL_WHY_STRANGER:
	case CALL_WHY_BUDGET_TOKENS:
	case CALL_WHY_BUDGET_MONEY:
	case CALL_WHY_BUDGET_CALLS:
	case CALL_WHY_NO_PRICE:
	case CALL_WHY_CUT:
	case CALL_WHY_CUT_MONEY:
		return true;
	}
	return false;
}

const char *call_why_text(unsigned int why)
{
	static const char *const texts[CALL_WHY_COUNT] = {
		[CALL_WHY_NONE] = "nothing",
		[CALL_WHY_NO_RULE] = "no rule of the policy is on this model",
		[CALL_WHY_UNKNOWN] = "there is no such model",
		[CALL_WHY_TOKEN] = "its token is none of this machine's",
		[CALL_WHY_TOKEN_OTHERS] = "its token is another agent's",
		[CALL_WHY_STRANGER] = "who calls is no agent",
		[CALL_WHY_BUDGET_TOKENS] = "the budget of tokens does not have enough left",
		[CALL_WHY_BUDGET_MONEY] = "the budget of money does not have enough left",
		[CALL_WHY_BUDGET_CALLS] = "the budget of calls has none left",
		[CALL_WHY_NO_PRICE] = "money is budgeted, and the model's price is not known",
		[CALL_WHY_NO_KEY] = "the vault has no key for its provider",
		[CALL_WHY_MALFORMED] = "it is no request",
		[CALL_WHY_UNSAYABLE] = "its provider's wire cannot say what is asked for",
		[CALL_WHY_TOO_LARGE] = "it is too large",
		[CALL_WHY_BUSY] = "too many calls at once",
		[CALL_WHY_UNREACHABLE] = "its provider cannot be reached",
		[CALL_WHY_PROVIDER] = "its provider answered with an error",
		[CALL_WHY_BROKEN] = "its provider's answer is none",
		[CALL_WHY_TIMEOUT] = "its provider did not answer in time",
		[CALL_WHY_CLIENT_GONE] = "who asked did not wait for the answer",
		[CALL_WHY_CUT] = "the answer reached the end of the budget of tokens",
		[CALL_WHY_CUT_MONEY] = "the answer reached the end of the budget of money",
		[CALL_WHY_ENDED] = "the agent was ended meanwhile",
		[CALL_WHY_OFTEN] = "tokens are counted too often",
	};

	if (why >= CALL_WHY_COUNT || !texts[why])
		return "for a reason that is not known";
	return texts[why];
}
