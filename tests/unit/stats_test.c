// SPDX-License-Identifier: GPL-2.0-or-later
/* Statistics of the log: each kind of record counts where it belongs, and nothing lost is forgotten. */
#include "audit/stats.h"
#include "tests/tap.h"

#include <stdbool.h>
#include <sys/socket.h>
#include <time.h>

#include "base/limits.h"

static struct stats stats;

/* "3 denied, 1 allowed" */
static const char *counts(enum stats_kind kind)
{
	static char text[4096];
	struct top_entry entries[16];
	size_t count = top_list(stats.tops[kind], entries, 16), i, len = 0;

	text[0] = '\0';
	for (i = 0; i < count; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%llu %.*s",
					i ? ", " : "", (unsigned long long)entries[i].count,
					(int)entries[i].len, entries[i].name);
	return text;
}

static struct record act(unsigned int hook, unsigned int verdict, unsigned int why)
{
	struct record r = { .seq = 10, .time_ns = 1795178096000000000ULL, .type = RECORD_EVENT };

	strcpy(r.agent_name, "coder");
	r.u.event.hook = (uint16_t)hook;
	r.u.event.verdict = (uint8_t)verdict;
	r.u.event.why = (uint8_t)why;
	r.u.event.rule = AGENTOS_RULE_NONE;
	r.u.event.policy = 3;
	return r;
}

static void add(const struct record r)
{
	stats_add(&stats, &r);
}

static void an_act_counts_by_all_that_it_is(void)
{
	struct record r = act(AGENTOS_HOOK_FILE_OPEN, AGENTOS_VERDICT_DENIED, AGENTOS_WHY_RULE);

	REQUIRE(stats_init(&stats) == 0);
	r.u.event.rule = 12;
	r.u.event.object_kind = AGENTOS_OBJECT_PATH;
	strcpy(r.u.event.text, "/etc/shadow");
	r.u.event.text_len = 11;
	add(r);
	add(r);
	r.u.event.text_len = 0;
	r.u.event.ino = 5;
	r.u.event.dev = 8 << 20 | 1;
	r.u.event.agent = 9;
	r.agent_name[0] = '\0';
	add(r);
	CHECK_STR(counts(STATS_TYPES), "3 event");
	CHECK_STR(counts(STATS_AGENTS), "2 coder, 1 agent 9");
	CHECK_STR(counts(STATS_OPERATIONS), "3 file_open");
	CHECK_STR(counts(STATS_VERDICTS), "3 denied");
	CHECK_STR(counts(STATS_REASONS), "3 rule 12 of policy 3");
	CHECK_STR(counts(STATS_OBJECTS), "2 /etc/shadow, 1 inode 5 of device 8:1");
	CHECK_STR(counts(STATS_HOSTS), "");
	CHECK_STR(counts(STATS_DAYS), "3 2026-11-20");
	CHECK_INT(stats.records, 3);
	stats_release(&stats);
}

static void reasons_are_rights_rules_and_others(void)
{
	struct record r =
		act(AGENTOS_HOOK_SOCKET_CONNECT, AGENTOS_VERDICT_DENIED, AGENTOS_WHY_RIGHT);

	REQUIRE(stats_init(&stats) == 0);
	r.u.event.right = AGENTOS_RIGHT(NET_CONNECT) | AGENTOS_RIGHT(NET_RAW);
	r.u.event.object_kind = AGENTOS_OBJECT_INET;
	r.u.event.family = AF_INET;
	memcpy(r.u.event.addr, "\xc0\0\2\1", 4);
	r.u.event.port = 443;
	add(r);
	r.u.event.family = 99;
	add(r);
	add(act(AGENTOS_HOOK_EXEC, AGENTOS_VERDICT_ALLOWED, AGENTOS_WHY_NONE));
	add(act(AGENTOS_HOOK_EXEC, AGENTOS_VERDICT_DENIED, AGENTOS_WHY_NO_RULE));
	add(act(AGENTOS_HOOK_EXEC, 77, AGENTOS_WHY_RULE));
	CHECK_STR(counts(STATS_REASONS), "2 right net-connect, 2 right net-raw, 1 no_rule, 1 rule");
	CHECK_STR(counts(STATS_HOSTS), "1 192.0.2.1:443");
	CHECK_STR(counts(STATS_VERDICTS), "3 denied, 1 allowed, 1 verdict-77");
	stats_release(&stats);
}

static void requests_count_with_acts(void)
{
	struct record r = { .seq = 1, .time_ns = 1, .type = RECORD_EGRESS };

	REQUIRE(stats_init(&stats) == 0);
	strcpy(r.u.egress.host, "example.com");
	r.u.egress.port = 443;
	r.u.egress.rule = AGENTOS_RULE_NONE;
	r.u.egress.outcome = EGRESS_WOULD_DENY;
	r.u.egress.why = 1;
	add(r);
	r.u.egress.outcome = EGRESS_CLOSED;
	add(r);
	r.u.egress.outcome = EGRESS_ALLOWED;
	r.u.egress.rule = 2;
	add(r);
	CHECK_STR(counts(STATS_OPERATIONS), "3 egress");
	CHECK_STR(counts(STATS_VERDICTS), "1 allowed, 1 closed, 1 would-deny");
	CHECK_STR(counts(STATS_HOSTS), "3 example.com:443");
	CHECK_STR(counts(STATS_REASONS), "1 no_rule, 1 rule 2 of policy 0");
	stats_release(&stats);
}

static void losses_are_summed(void)
{
	struct record r = { .seq = 1, .time_ns = 1, .type = RECORD_LOSS, .stream = STREAM_ALLOWED };

	REQUIRE(stats_init(&stats) == 0);
	r.u.loss.count = 5;
	add(r);
	add(r);
	r = (struct record){ .type = RECORD_LIFECYCLE, .stream = STREAM_LIFECYCLE };
	r.u.lifecycle.lost = 3;
	r.u.lifecycle.type = AGENTOS_LIFECYCLE_LOST;
	add(r);
	r = (struct record){ .type = RECORD_DAEMON };
	r.u.daemon.note = DAEMON_UNWRITABLE;
	r.u.daemon.number = 7;
	add(r);
	CHECK_INT(stats.lost[STREAM_DENIALS], 0);
	CHECK_INT(stats.lost[STREAM_ALLOWED], 10);
	CHECK_INT(stats.lost[STREAM_LIFECYCLE], 3);
	CHECK_INT(stats.unwritten, 7);
	CHECK_STR(counts(STATS_AGENTS), "");
	stats_release(&stats);
}

static void counted_denials_are_summed(void)
{
	struct record r = { .seq = 1, .type = RECORD_LIFECYCLE, .stream = STREAM_LIFECYCLE };

	REQUIRE(stats_init(&stats) == 0);
	r.u.lifecycle.type = AGENTOS_LIFECYCLE_REPEATED;
	r.u.lifecycle.count = 900;
	strcpy(r.u.lifecycle.name, "coder");
	add(r);
	r.u.lifecycle.count = 11;
	add(r);
	/* That it was held so often is no denial. */
	r.u.lifecycle.type = AGENTOS_LIFECYCLE_RELEASED;
	add(r);
	CHECK_INT(stats.counted, 911);
	CHECK_STR(counts(STATS_AGENTS), "3 coder");
	stats_release(&stats);
}

static void many_names_take_no_more_memory(void)
{
	struct record r = act(AGENTOS_HOOK_FILE_OPEN, AGENTOS_VERDICT_DENIED, AGENTOS_WHY_NO_RULE);
	unsigned int i;

	REQUIRE(stats_init(&stats) == 0);
	for (i = 0; i < 4 * LIMIT_STATS; i++) {
		r.u.event.text_len = (uint32_t)sprintf(r.u.event.text, "/tmp/%u", i);
		add(r);
		r.u.event.text_len = (uint32_t)sprintf(r.u.event.text, "/etc/shadow");
		add(r);
	}
	/* Too long, and not terminated. */
	memset(r.u.event.text, 'x', sizeof(r.u.event.text));
	r.u.event.text_len = UINT32_MAX;
	add(r);
	CHECK(top_is_full(stats.tops[STATS_OBJECTS]));
	CHECK(!top_is_full(stats.tops[STATS_AGENTS]));
	CHECK(strncmp(counts(STATS_OBJECTS), "4096 /etc/shadow", 16) == 0);
	stats_release(&stats);
}

static const struct tap_test tests[] = {
	TEST(an_act_counts_by_all_that_it_is), TEST(reasons_are_rights_rules_and_others),
	TEST(requests_count_with_acts),	       TEST(losses_are_summed),
	TEST(counted_denials_are_summed),      TEST(many_names_take_no_more_memory),
};

int main(int argc, char **argv)
{
	setenv("TZ", "UTC", 1);
	tzset();
	return tap_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
