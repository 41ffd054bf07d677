// SPDX-License-Identifier: GPL-2.0-or-later
/* Loss accounting: nothing hidden, nothing counted twice, whenever the daemon dies. */
#include "tests/tap.h"

#include "audit/account.h"

static void records_in_order_are_no_loss(void)
{
	struct account a = { 0 };
	uint64_t i, first, last;

	for (i = 1; i <= 10000; i++) {
		CHECK(!account_seen(&a, i));
		account_receive(&a, i);
		CHECK(account_seen(&a, i));
	}
	CHECK_INT(account_loss(&a, 0, &first, &last), 0);
	CHECK_INT(a.settled, 10000);
}

static void a_late_record_is_not_a_duplicate(void)
{
	struct account a = { 0 };

	account_receive(&a, 1);
	account_receive(&a, 3);
	CHECK(!account_seen(&a, 2));
	CHECK_INT(a.settled, 1);
	account_receive(&a, 2);
	CHECK(account_seen(&a, 2));
	CHECK_INT(a.settled, 3);
}

static void a_gap_is_told_with_its_range(void)
{
	struct account a = { 0 };
	uint64_t first = 0, last = 0;

	account_receive(&a, 1);
	account_receive(&a, 2);
	account_receive(&a, 6);
	CHECK_INT(account_loss(&a, 3, &first, &last), 3);
	CHECK_INT(first, 3);
	CHECK_INT(last, 5);
	account_lose(&a, 3, last);
	CHECK_INT(account_loss(&a, 3, &first, &last), 0);
	CHECK_INT(a.settled, 6);
}

static void a_loss_after_the_last_record_is_told(void)
{
	struct account a = { 0 };
	uint64_t first = 0, last = 0;

	account_receive(&a, 1);
	CHECK_INT(account_loss(&a, 5, &first, &last), 5);
	CHECK_INT(first, 2);
	CHECK_INT(last, 6);
	account_lose(&a, 5, last);
	account_receive(&a, 7);
	CHECK_INT(account_loss(&a, 6, &first, &last), 1);
	CHECK_INT(first, 8);
	CHECK_INT(last, 8);
}

static void a_jump_beyond_the_window_clears_it(void)
{
	struct account a = { 0 };

	account_receive(&a, 5);
	account_receive(&a, 5 + 3 * ACCOUNT_WINDOW);
	CHECK(!account_seen(&a, 5 + 2 * ACCOUNT_WINDOW));
	CHECK(!account_seen(&a, 5));
	CHECK(account_seen(&a, 5 + 3 * ACCOUNT_WINDOW));
}

/* What the log would hold, and what a daemon that starts from it derives. */
struct log_entry {
	uint64_t seq;	      /* a record, or 0 */
	uint64_t count, last; /* a loss */
};

static struct account replay(const struct log_entry *log, size_t count)
{
	struct account a = { 0 };
	size_t i;

	for (i = 0; i < count; i++) {
		if (log[i].seq)
			account_receive(&a, log[i].seq);
		else
			account_lose(&a, log[i].count, log[i].last);
	}
	return a;
}

/*
 * A kernel that drops at random, a daemon that dies at random with what it had
 * not written: at the end the log holds each record once and each loss once.
 */
static void restarts_neither_hide_nor_double_a_loss(void)
{
	static struct log_entry log[20000];
	static uint64_t ring[64];
	uint64_t issued = 0, drops = 0, received = 0, lost = 0, first, last, n;
	size_t logged = 0, waiting = 0, step, i;
	unsigned int seed = 12345;
	struct account a = { 0 };

	for (step = 0; step < 15000; step++) {
		seed = seed * 1103515245U + 12345U;
		switch (seed >> 16 & 7) {
		case 0:
		case 1:
		case 2:
		case 3:
		case 4:
			issued++;
			if (waiting < 8)
				ring[waiting++] = issued;
			else
				drops++;
			break;
		case 5:
			/* Drained and written; half of the time it dies before giving room back. */
			for (i = 0; i < waiting; i++) {
				if (account_seen(&a, ring[i]))
					continue;
				account_receive(&a, ring[i]);
				log[logged++] = (struct log_entry){ .seq = ring[i] };
			}
			if (seed >> 20 & 1)
				a = replay(log, logged);
			else
				waiting = 0;
			break;
		case 6:
			n = account_loss(&a, drops, &first, &last);
			if (!n)
				break;
			CHECK(first <= last && last - first + 1 >= n);
			account_lose(&a, n, last);
			/* Half of the time it dies before this is written. */
			if (seed >> 20 & 1)
				log[logged++] = (struct log_entry){ .count = n, .last = last };
			else
				a = replay(log, logged);
			break;
		default:
			a = replay(log, logged);
			break;
		}
	}
	for (i = 0; i < waiting; i++) {
		if (!account_seen(&a, ring[i])) {
			account_receive(&a, ring[i]);
			log[logged++] = (struct log_entry){ .seq = ring[i] };
		}
	}
	n = account_loss(&a, drops, &first, &last);
	if (n)
		log[logged++] = (struct log_entry){ .count = n, .last = last };
	for (i = 0; i < logged; i++) {
		received += log[i].seq != 0;
		lost += log[i].count;
	}
	CHECK(drops > 100);
	CHECK_INT(lost, (long long)drops);
	CHECK_INT(received + lost, (long long)issued);
}

static const struct tap_test tests[] = {
	{ "records_in_order_are_no_loss", records_in_order_are_no_loss },
	{ "a_late_record_is_not_a_duplicate", a_late_record_is_not_a_duplicate },
	{ "a_gap_is_told_with_its_range", a_gap_is_told_with_its_range },
	{ "a_loss_after_the_last_record_is_told", a_loss_after_the_last_record_is_told },
	{ "a_jump_beyond_the_window_clears_it", a_jump_beyond_the_window_clears_it },
	{ "restarts_neither_hide_nor_double_a_loss", restarts_neither_hide_nor_double_a_loss },
};

TAP_MAIN(tests)
