// SPDX-License-Identifier: GPL-2.0-or-later
/* The calls that are to come: listed, refused with ENOSYS, and nothing else is. */
#include "agentos_calls.h"
#include "stage.h"

static const struct row {
	const char *name;
	unsigned int number;
	const char *where;
} rows[] = {
#define CALL_ROW(name, number, where) { name, number, where },
	AGENTOS_CALLS(CALL_ROW)
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static int ask(int fd, unsigned int number, void *arg)
{
	return stage_call(fd, _IOC(_IOC_READ | _IOC_WRITE, AGENTOS_IOC_MAGIC, number, 64), arg);
}

static void every_call_is_somewhere_or_to_come(void)
{
	size_t i;

	CHECK_INT(ROWS, 24);
	for (i = 0; i < ROWS; i++) {
		CHECK_MSG(rows[i].where[0], "%s", rows[i].name);
		CHECK_MSG(!strcmp(rows[i].where, "to come") == !!rows[i].number, "%s",
			  rows[i].name);
	}
}

static void what_is_to_come_is_enosys_and_changes_nothing(void)
{
	char arg[64] = "";
	int agent = stage_agent("c", NULL);
	struct agentos_info before, after;
	size_t i;

	REQUIRE(agent >= 0);
	before = stage_info(agent);
	for (i = 0; i < ROWS; i++) {
		if (!rows[i].number)
			continue;
		CHECK_INT(ask(agent, rows[i].number, arg), -ENOSYS);
		CHECK_INT(ask(agent, rows[i].number, NULL), -ENOSYS);
		CHECK_INT(ask(stage_device, rows[i].number, arg), -ENOTTY);
	}
	after = stage_info(agent);
	CHECK(!memcmp(&before, &after, sizeof(before)));
	/* The control: what nobody listed. */
	CHECK_INT(ask(agent, AGENTOS_CALLS_TO_COME_FIRST - 1, arg), -ENOTTY);
	CHECK_INT(ask(agent, AGENTOS_CALLS_TO_COME_LAST + 1, arg), -ENOTTY);
	close(agent);
	CHECK(stage_settle());
}

static const struct tap_test tests[] = {
	TEST(every_call_is_somewhere_or_to_come),
	TEST(what_is_to_come_is_enosys_and_changes_nothing),
};

STAGE_MAIN(tests, 60)
