// SPDX-License-Identifier: GPL-2.0-or-later
/* Routes: who is asked for a model, in which order, and why nobody is. */
#include "llm/route.h"
#include "tests/unit/catalog_rig.h"

static const char rows[] =
	"provider azure from=azure resource=acme\n"
	"provider big from=vllm url=http://10.0.0.5:8000/v1\n"
	"model local provider=big id=org/local-7b\n"
	"model openai/trick provider=big id=trick\n"
	"model gpt-5-azure provider=azure id=my-gpt5\n"
	"alias best model=gpt-5\n"
	"alias there model=openrouter/some/model\n"
	"fallback gpt-5 to=gpt-5-azure,claude-sonnet-5,local,gpt-5,bedrock/x\n"
	"fallback best to=local\n"
	"fallback groq/x to=together/x\n";

/* Tries for "a:b:c", an error, or what is expected of the fault. */
static void route_check(struct catalog *c, const char *name, const char *allowed,
			const char *expected)
{
	const char *patterns[8];
	struct route_allowed list = { .patterns = patterns };
	char copy[256], is[1024] = "", *save = NULL, *at;
	struct fault f = { "" };
	struct route route;
	size_t used = 0, i;

	snprintf(copy, sizeof(copy), "%s", allowed);
	for (at = strtok_r(copy, " ", &save); at; at = strtok_r(NULL, " ", &save))
		patterns[list.count++] = at;
	if (route_find(c, name, &list, &route, &f) == 0) {
		for (i = 0; i < route.count; i++)
			used += (size_t)snprintf(
				is + used, sizeof(is) - used, "%s%s/%s%s", i ? " " : "",
				route.candidates[i].provider->name, route.candidates[i].id,
				route.candidates[i].model ? "" : "?");
		CHECK_STR(is, expected);
	} else {
		CHECK_STR(f.text, expected);
	}
}

static void names_lead_to_candidates(void)
{
	struct catalog *c = rig_catalog(rows);

	REQUIRE(c);
	route_check(c, "gpt-4o", "*", "openai/gpt-4o");
	route_check(c, "local", "*", "big/org/local-7b");
	/* In order, each once, without those that are not set up. */
	route_check(c, "gpt-5", "*",
		    "openai/gpt-5 azure/my-gpt5 anthropic/claude-sonnet-5 big/org/local-7b");
	/* By the name that was asked for, before the model's own. */
	route_check(c, "best", "*", "openai/gpt-5 big/org/local-7b");
	route_check(c, "openai/gpt-5", "*",
		    "openai/gpt-5 azure/my-gpt5 anthropic/claude-sonnet-5 big/org/local-7b");
	/* "?" is without a row, so without a price. */
	route_check(c, "openai/gpt-99", "*", "openai/gpt-99?");
	route_check(c, "there", "*", "openrouter/some/model?");
	route_check(c, "groq/x", "*", "groq/x? together/x?");
	/* By the provider's own name for it, and by ours. */
	route_check(c, "big/org/local-7b", "*", "big/org/local-7b");
	route_check(c, "big/local", "*", "big/org/local-7b");
	route_check(c, "groq/gpt-oss-120b", "*", "groq/openai/gpt-oss-120b");
	route_check(c, "groq/openai/gpt-oss-120b", "*", "groq/openai/gpt-oss-120b");
	/* Another provider's model of that name is another model. */
	route_check(c, "groq/gpt-5", "*", "groq/gpt-5?");
	catalog_free(c);
}

static void policies_allow_by_provider_and_by_name(void)
{
	struct catalog *c = rig_catalog(rows);

	REQUIRE(c);
	route_check(c, "gpt-5", "openai/*", "openai/gpt-5");
	route_check(c, "gpt-5", "gpt-*", "openai/gpt-5 azure/my-gpt5");
	route_check(c, "gpt-5", "openai/gpt-5 local", "openai/gpt-5 big/org/local-7b");
	route_check(c, "gpt-5", "best", "openai/gpt-5");
	route_check(c, "best", "gpt-5", "openai/gpt-5");
	route_check(c, "there", "there", "openrouter/some/model?");
	route_check(c, "openrouter/some/model", "there", "openrouter/some/model?");
	route_check(c, "openai/gpt-99", "openai/*", "openai/gpt-99?");
	/* A name is a row's: what is in none has only its full one. */
	route_check(c, "openai/gpt-99", "gpt-*",
		    "the policy does not allow the model openai/gpt-99; it allows gpt-*");
	route_check(c, "gpt-5", "anthropic/*",
		    "the policy does not allow the model openai/gpt-5; it allows anthropic/*");
	route_check(c, "gpt-5", "",
		    "the policy does not allow the model openai/gpt-5; it allows "
		    "none");
	/* What is said of a provider holds for no model of another one that looks so. */
	route_check(c, "openai/trick", "openai/*",
		    "the policy does not allow the model big/trick; it allows openai/*");
	route_check(c, "openai/trick", "big/*", "big/trick");
	route_check(c, "local", "big/local", "big/org/local-7b");
	route_check(c, "GPT-5", "*",
		    "there is no model GPT-5; did you mean gpt-5, gpt-5-mini, gpt-5-nano?");
	catalog_free(c);
}

static void who_is_wrong_is_told_what_is_near_and_allowed(void)
{
	struct catalog *c = rig_catalog(rows);
	char long_name[LIMIT_MODEL_NAME + 2];

	REQUIRE(c);
	route_check(c, "gpt5", "*", "there is no model gpt5; did you mean gpt-5?");
	route_check(c, "claude-sonet-5", "anthropic/*",
		    "there is no model claude-sonet-5; did you mean claude-sonnet-5, "
		    "claude-sonnet-5-5, claude-opus-5?");
	route_check(c, "claude-sonet-5", "openai/*",
		    "there is no model claude-sonet-5; `agentctl providers` lists those that are "
		    "known");
	route_check(c, "nobody/x", "*",
		    "there is no model nobody/x; `agentctl providers` lists those that are known");
	route_check(c, "bedrock/x", "*",
		    "the provider bedrock is not set up: its row lacks region=");
	route_check(c, "", "*",
		    "the model's name is none: it has at most 255 letters, digits and -._:@/+");
	route_check(c, "a\x1b[31m", "*",
		    "the model's name is none: it has at most 255 letters, digits and -._:@/+");
	route_check(c, "openai/", "*",
		    "there is no model openai/; `agentctl providers` lists those that are known");
	memset(long_name, 'a', sizeof(long_name));
	long_name[sizeof(long_name) - 1] = '\0';
	route_check(c, long_name, "*",
		    "the model's name is none: it has at most 255 letters, digits and -._:@/+");
	catalog_free(c);
}

static void errors_are_told_apart(void)
{
	static const char *const all[] = { "*" };
	const struct route_allowed everything = { all, 1 }, nothing = { NULL, 0 };
	struct catalog *c = rig_catalog("");
	struct route route;

	REQUIRE(c);
	CHECK_INT(route_find(c, "nothing-such", &everything, &route, NULL), -ENOENT);
	CHECK_INT(route_find(c, "gpt-5", &nothing, &route, NULL), -EACCES);
	CHECK_INT(route_find(c, "azure/x", &everything, &route, NULL), -ENXIO);
	CHECK_INT(route_find(c, "gpt-5", &everything, &route, NULL), 0);
	catalog_free(c);
}

static void patterns_match_whole_texts(void)
{
	static const struct {
		const char *pattern, *text;
		bool matches;
	} cases[] = {
		{ "", "", true },	   { "*", "", true },	       { "", "a", false },
		{ "a", "a", true },	   { "a", "ab", false },       { "a*", "a", true },
		{ "a*", "abc", true },	   { "*c", "abc", true },      { "*c", "abcd", false },
		{ "a*c", "ac", true },	   { "a*c", "abbc", true },    { "a*c", "acb", false },
		{ "*a*", "bab", true },	   { "a*b*c", "axbxc", true }, { "a*b*c", "axcxb", false },
		{ "**", "x", true },	   { "a**b", "ab", true },     { "*ab", "aab", true },
		{ "*aab", "aaaab", true },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK_MSG(route_matches(cases[i].pattern, cases[i].text) == cases[i].matches,
			  "%s %s", cases[i].pattern, cases[i].text);
}

static void fallbacks_are_checked(void)
{
	rig_refused("fallback gpt-5 to=nope", "mine:1: to=nope: there is no such model");
	rig_refused("fallback gpt-5 to=claude-sonnet-6",
		    "mine:1: to=claude-sonnet-6: no such model; did you mean `claude-sonnet-5`?");
	rig_refused("fallback gpt-5x to=gpt-4o",
		    "mine:1: fallback=gpt-5x: no such model; did you mean `gpt-5`?");
	rig_refused("fallback gpt-5 to=gpt-4o,,o3",
		    "mine:1: to=gpt-4o,,o3: it is names of models with commas between");
	rig_refused("fallback gpt-5 to=gpt-4o,gpt-4o", "mine:1: to=gpt-4o,gpt-4o: gpt-4o twice");
	rig_refused("fallback gpt-5 to=a,b,c,d,e,f,g,h",
		    "mine:1: to=a,b,c,d,e,f,g,h: at most 7 models are tried behind the first");
	rig_refused("fallback gpt-5", "mine:1: fallback gpt-5 has no to=");
}

static const struct tap_test tests[] = {
	TEST(names_lead_to_candidates),
	TEST(policies_allow_by_provider_and_by_name),
	TEST(who_is_wrong_is_told_what_is_near_and_allowed),
	TEST(errors_are_told_apart),
	TEST(patterns_match_whole_texts),
	TEST(fallbacks_are_checked),
};

TAP_MAIN(tests)
