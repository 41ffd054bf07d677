// SPDX-License-Identifier: GPL-2.0-or-later
/* The most frequent names: exact while there is room, and within what is promised when there is none. */
#include "base/top.h"
#include "tests/tap.h"

#define NAMES 500

static struct top_entry entries[NAMES];

static const struct top_entry *entry_of(size_t count, const char *name)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (entries[i].len == strlen(name) &&
		    memcmp(entries[i].name, name, entries[i].len) == 0)
			return &entries[i];
	}
	return NULL;
}

static void with_room_for_all_it_is_exact(void)
{
	struct top *t;
	size_t i;

	REQUIRE(top_create(3, &t) == 0);
	CHECK_INT(top_list(t, entries, 5), 0);
	for (i = 0; i < 10; i++) {
		top_add(t, "often", 5, 1);
		if (i % 2)
			top_add(t, "b", 1, 1);
	}
	top_add(t, "a", 1, 5);
	CHECK_INT(top_list(t, entries, 5), 3);
	CHECK(entries[0].len == 5 && entries[0].count == 10 && entries[0].over == 0);
	CHECK(entries[1].name[0] == 'a' && entries[1].count == 5);
	CHECK(entries[2].name[0] == 'b' && entries[2].count == 5);
	CHECK_INT(top_list(t, entries, 1), 1);
	CHECK_INT(top_total(t), 20);
	CHECK(!top_is_full(t));
	top_free(t);
}

static void without_room_the_promises_hold(void)
{
	static uint64_t counts[NAMES];
	const struct top_entry *e;
	uint64_t total = 0, bound;
	unsigned int room, round;
	size_t i, count, name;
	char text[16];
	struct top *t;

	srand(1);
	for (room = 1; room <= 64; room = room * 2 + (room > 8)) {
		REQUIRE(top_create(room, &t) == 0);
		memset(counts, 0, sizeof(counts));
		for (round = 0; round < 20000; round++) {
			/* Small numbers are frequent. */
			name = (size_t)rand() % (1 + (size_t)rand() % NAMES);
			name = name % (1 + (size_t)rand() % NAMES);
			snprintf(text, sizeof(text), "n%zu", name);
			top_add(t, text, strlen(text), 1);
			counts[name]++;
		}
		total = top_total(t);
		CHECK_INT(total, 20000);
		CHECK(top_is_full(t));
		bound = total / room;
		count = top_list(t, entries, NAMES);
		CHECK_INT(count, room);
		for (i = 0; i < NAMES; i++) {
			snprintf(text, sizeof(text), "n%zu", i);
			e = entry_of(count, text);
			CHECK_MSG(e || counts[i] <= bound, "room %u: %s, %llu times, is missing",
				  room, text, (unsigned long long)counts[i]);
			if (e)
				CHECK(e->count >= counts[i] && e->count - e->over <= counts[i] &&
				      e->over <= bound);
		}
		top_free(t);
	}
}

static void names_are_bytes_and_are_cut(void)
{
	char longer[2 * TOP_NAME];
	struct top *t;

	REQUIRE(top_create(8, &t) == 0);
	top_add(t, "a\0b", 3, 1);
	top_add(t, "a\0c", 3, 1);
	top_add(t, "", 0, 1);
	CHECK_INT(top_list(t, entries, 8), 3);
	memset(longer, 'x', sizeof(longer));
	top_add(t, longer, sizeof(longer), 1);
	longer[TOP_NAME] = 'y';
	top_add(t, longer, sizeof(longer), 1);
	CHECK_INT(top_list(t, entries, 8), 4);
	CHECK_INT(entries[0].len, TOP_NAME);
	CHECK_INT(entries[0].count, 2);
	top_free(t);
}

static const struct tap_test tests[] = {
	TEST(with_room_for_all_it_is_exact),
	TEST(without_room_the_promises_hold),
	TEST(names_are_bytes_and_are_cut),
};
TAP_MAIN(tests)
