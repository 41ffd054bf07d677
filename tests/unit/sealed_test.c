// SPDX-License-Identifier: GPL-2.0-or-later
/* Seals go back to who made them, and to nobody else. */
#include "llm/sealed.h"
#include "tests/tap.h"

static struct call_request request_of(struct call_turn *turn, struct call_part *part,
				      struct call_string sealed)
{
	*part = (struct call_part){ .kind = CALL_REASONING, .sealed = sealed };
	*turn = (struct call_turn){ .role = CALL_ASSISTANT, .parts = part, .part_count = 1 };
	return (struct call_request){ .turns = turn, .turn_count = 1 };
}

static void a_seal_goes_back_to_its_provider(void)
{
	char one[SEALED_MARK], other[SEALED_MARK];
	struct call_string seal = CALL_STRING("c2VhbA==");
	struct call_request r;
	struct call_turn turn;
	struct call_part part;
	struct arena a = { 0 };

	REQUIRE(sealed_mark("one", one) == 0 && sealed_mark("other", other) == 0);
	CHECK(memcmp(one, other, sizeof(one)) != 0);
	REQUIRE(sealed_put(&a, one, &seal) == 0);
	CHECK_INT(seal.len, SEALED_MARK + 8);
	CHECK_INT(seal.at[seal.len], 0);

	r = request_of(&turn, &part, seal);
	sealed_keep(&r, one);
	CHECK_INT(part.sealed.len, 8);
	CHECK_STR(part.sealed.at, "c2VhbA==");
	r = request_of(&turn, &part, seal);
	sealed_keep(&r, other);
	CHECK(!part.sealed.at && !part.sealed.len);
	r = request_of(&turn, &part, seal);
	sealed_keep(&r, NULL);
	CHECK(!part.sealed.at);
	arena_release(&a);
}

static void what_has_no_mark_is_dropped(void)
{
	char one[SEALED_MARK];
	struct call_request r;
	struct call_turn turn;
	struct call_part part;

	REQUIRE(sealed_mark("one", one) == 0);
	r = request_of(&turn, &part, CALL_STRING("a provider's own, as long as a mark and more"));
	sealed_keep(&r, one);
	CHECK(!part.sealed.at);
	/* A mark, and nothing behind it. */
	r = request_of(&turn, &part, (struct call_string){ one, SEALED_MARK });
	sealed_keep(&r, one);
	CHECK(!part.sealed.at);
	r = request_of(&turn, &part, (struct call_string){ 0 });
	sealed_keep(&r, one);
	CHECK(!part.sealed.at);
}

static const struct tap_test tests[] = {
	TEST(a_seal_goes_back_to_its_provider),
	TEST(what_has_no_mark_is_dropped),
};

int main(int argc, char **argv)
{
	return tap_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
