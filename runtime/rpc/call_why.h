/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a model call came to nothing: as the gateway tells it, and the log keeps it. */
#ifndef AGENTOS_RPC_CALL_WHY_H
#define AGENTOS_RPC_CALL_WHY_H

#include <stdbool.h>

/* Numbers in records: append only. */
enum call_why {
	CALL_WHY_NONE = 0,	    /* it was answered */
	CALL_WHY_NO_RULE = 1,	    /* no rule of the policy is on this model */
	CALL_WHY_UNKNOWN = 2,	    /* no such model, or no such provider */
	CALL_WHY_TOKEN = 3,	    /* without a token, or with one that is none */
	CALL_WHY_TOKEN_OTHERS = 4,  /* with another agent's token */
	CALL_WHY_STRANGER = 5,	    /* who calls is no agent that the kernel knows */
	CALL_WHY_BUDGET_TOKENS = 6, /* more than is left of that budget */
	CALL_WHY_BUDGET_MONEY = 7,  /* likewise */
	CALL_WHY_BUDGET_CALLS = 8,  /* likewise */
	CALL_WHY_NO_PRICE = 9,	    /* money is budgeted, and nobody knows what the model costs */
	CALL_WHY_NO_KEY = 10,	    /* the vault has none for the provider's host */
	CALL_WHY_MALFORMED = 11,    /* the request is none */
	CALL_WHY_UNSAYABLE = 12,    /* the provider's wire cannot say what is asked for */
	CALL_WHY_TOO_LARGE = 13,    /* a limit of the gateway's */
	CALL_WHY_BUSY = 14,	    /* likewise */
	CALL_WHY_UNREACHABLE = 15,  /* no connection to the provider */
	CALL_WHY_PROVIDER = 16,	    /* the provider answered with an error */
	CALL_WHY_BROKEN = 17,	    /* its answer was none, or ended too early */
	CALL_WHY_TIMEOUT = 18,	    /* it did not come in time */
	CALL_WHY_CLIENT_GONE = 19,  /* who asked did not wait for the answer */
	CALL_WHY_CUT = 20,	 /* it reached the end of the budget of tokens, and was cut there */
	CALL_WHY_ENDED = 21,	 /* the agent was ended, or the gateway */
	CALL_WHY_CUT_MONEY = 22, /* as CUT, of the budget of money */
	CALL_WHY_OFTEN = 23, /* what takes of no budget, asked for more often than a limit lets */
	CALL_WHY_COUNT
};

/* Did the policy, the budgets or who calls decide that? Else something failed. */
bool call_why_is_policy(unsigned int why);
/* For people: what completes "refused: ...". Never NULL. */
const char *call_why_text(unsigned int why);

#endif
