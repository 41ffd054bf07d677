// SPDX-License-Identifier: GPL-2.0-or-later
/* The event loop: set-up, dispatch of completions, cancelling, the end. */
#include "loop/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop/op.h"
#include "loop/opcodes.h"

#define LOOP_ENTRIES 256

static _Thread_local unsigned int running; /* loop_run()s that this thread is in */

/* Disabled: nothing is taken from it before it is restricted. */
static int loop_ring_open(struct loop *l, const char **ret_note)
{
	/* With the flag that says that there is something to be taken: who spins reads it. */
	static const unsigned int wanted = IORING_SETUP_R_DISABLED | IORING_SETUP_SINGLE_ISSUER |
					   IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG;
	int err;

	err = io_uring_queue_init(LOOP_ENTRIES, &l->ring, wanted);
	if (err != -EINVAL)
		return err;
	err = io_uring_queue_init(LOOP_ENTRIES, &l->ring, IORING_SETUP_R_DISABLED);
	if (!err)
		*ret_note =
			"io_uring without single-issuer mode (6.1 and later have it): completions may interrupt";
	return err;
}

static int loop_ring_enable(struct loop *l)
{
	int err = opcodes_restrict(&l->ring);

	/*
	 * Without NODROP a full completion queue would lose an operation for good; without
	 * EXT_ARG waiting would have no end.
	 */
	if (!err &&
	    (!(l->ring.features & IORING_FEAT_NODROP) || !(l->ring.features & IORING_FEAT_EXT_ARG)))
		err = -EOPNOTSUPP;
	return err ? err : opcodes_enable(&l->ring);
}

int loop_open(struct loop **ret_loop, const char **ret_note)
{
	struct loop *l = calloc(1, sizeof(*l));
	const char *note = NULL;
	int err;

	if (!l)
		return -ENOMEM;
	err = loop_ring_open(l, &note);
	if (err)
		goto free_loop;
	err = loop_ring_enable(l);
	if (err)
		goto exit_ring;
	*ret_loop = l;
	*ret_note = note;
	return 0;

exit_ring:
	io_uring_queue_exit(&l->ring);
free_loop:
	free(l);
	return err;
}

struct io_uring_sqe *loop_sqe(struct loop *l)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&l->ring);

	if (!sqe && io_uring_submit(&l->ring) > 0)
		sqe = io_uring_get_sqe(&l->ring);
	return sqe;
}

/* Not submitted here: a cancel that finds no room is tried again when the loop closes. */
static void loop_cancel_op(struct loop *l, struct loop_op *op)
{
	struct io_uring_sqe *sqe = loop_sqe(l);

	if (!sqe)
		return;
	io_uring_prep_cancel64(sqe, (uintptr_t)op, 0);
	io_uring_sqe_set_data64(sqe, 0);
}

/* Its entry, if the kernel has not taken that yet. */
static struct io_uring_sqe *op_entry(struct loop_op *op)
{
	struct io_uring *r = &op->loop->ring;
	struct io_uring_sqe *sqe = &r->sq.sqes[op->entry & r->sq.ring_mask];

	if (r->sq.sqe_tail - 1 - op->entry >= io_uring_sq_ready(r) ||
	    sqe->user_data != (uintptr_t)op)
		return NULL;
	return sqe;
}

/* The kernel has not heard of it, and will not. */
static void op_withdraw(struct loop_op *op, struct io_uring_sqe *sqe)
{
	io_uring_prep_nop(sqe);
	if (op->loop->ring.features & IORING_FEAT_CQE_SKIP)
		sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
	io_uring_sqe_set_data64(sqe, 0);
	op_unlink(op);
	op_free(op);
}

void loop_cancel(struct loop_handle *h)
{
	struct loop_op *op = h->op;
	struct io_uring_sqe *sqe;

	if (!op)
		return;
	h->op = NULL;
	op->handle = NULL;
	if (op->kind == OP_TIMER) {
		timers_remove(&op->loop->timers, op);
		op_free(op);
		return;
	}
	sqe = op_entry(op);
	if (sqe) {
		op_withdraw(op, sqe);
		return;
	}
	loop_cancel_op(op->loop, op);
	/*
	 * What moves data must not do so behind the caller's back, who may use the memory and
	 * the descriptor anew at once. To wait for a descriptor to be ready does no harm.
	 */
	if (op->kind != OP_WAIT && op->kind != OP_POLL)
		io_uring_submit(&op->loop->ring);
}

static void loop_finish(struct loop_op *op, int result)
{
	struct loop_handle *h = op->handle;

	op_unlink(op);
	if (h) {
		h->op = NULL;
		h->message = op->kind == OP_RECEIVE && result > 0 ? &op->message : NULL;
		h->done(result, h->cookie);
	}
	op_free(op);
}

static void loop_signal_ready(struct loop_op *op)
{
	struct signalfd_siginfo info;

	while (op->handle && read(op->fd, &info, sizeof(info)) == sizeof(info))
		op->handle->done((int)info.ssi_signo, op->handle->cookie);
}

/* An operation that goes on: tell, and start it again where the kernel has ended it. */
static void loop_repeat(struct loop_op *op, int result, bool more)
{
	int err;

	if (op->handle && op->kind == OP_SIGNALS)
		loop_signal_ready(op);
	else if (op->handle)
		op->handle->done(result, op->handle->cookie);
	else if (op->kind == OP_ACCEPT)
		close(result);
	if (more)
		return;
	err = op->handle ? op_submit(op) : -ECANCELED;
	if (err)
		loop_finish(op, err);
}

static bool loop_transient(const struct loop_op *op, int result)
{
	return op->kind == OP_ACCEPT &&
	       (result == -ECONNABORTED || result == -EINTR || result == -EAGAIN);
}

static void loop_complete(struct loop_op *op, int result, bool more)
{
	switch (op->kind) {
	case OP_ACCEPT:
		if (result == -EINVAL && op->multishot && op->handle) {
			op->multishot = false;
			result = op_submit(op);
			if (!result)
				return;
		} else if (loop_transient(op, result) && op->handle) {
			result = more ? 0 : op_submit(op);
			if (!result)
				return;
		} else if (result >= 0) {
			loop_repeat(op, result, more);
			return;
		}
		break;
	case OP_POLL:
	case OP_SIGNALS:
		if (result >= 0) {
			loop_repeat(op, result, more);
			return;
		}
		break;
	case OP_RECEIVE:
		op_received(op, result);
		break;
	default:
		break;
	}
	if (!more)
		loop_finish(op, result);
}

/* Is there a completion, or would there be one if the kernel were entered? */
static bool loop_has_some(struct loop *l)
{
	return io_uring_cq_ready(&l->ring) ||
	       IO_URING_READ_ONCE(*l->ring.sq.kflags) & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW);
}

void loop_idle_start(struct loop *l, struct loop_idle *i)
{
	if (i->link)
		return;
	i->link = &l->idle;
	i->next = l->idle;
	if (i->next)
		i->next->link = &i->next;
	l->idle = i;
}

void loop_idle_cancel(struct loop_idle *i)
{
	if (!i->link)
		return;
	*i->link = i->next;
	if (i->next)
		i->next->link = i->link;
	i->link = NULL;
}

/* True: there is something, or a timer is due, before all of it was done. */
static bool loop_idle_run(struct loop *l, uint64_t due)
{
	struct loop_idle *i;

	while ((i = l->idle)) {
		if (loop_has_some(l) || timers_now() >= due)
			return true;
		if (!i->work(i->cookie))
			loop_idle_cancel(i);
	}
	return false;
}

/* Longer than that from one look to the next: somebody else has this processor. */
#define AWAY_NS 20000

/* True: there is something, or a timer is due. */
static bool loop_look(struct loop *l, uint64_t due)
{
	const uint64_t began = timers_now(), end = began + l->spin.limit_ns;
	uint64_t now = began, before;
	bool found, away = false;

	for (;;) {
		found = loop_has_some(l);
		before = now;
		now = timers_now();
		away |= now - before > AWAY_NS;
		if (found || now >= end || now >= due || away)
			break;
		__builtin_ia32_pause();
	}
	/* What a timer ends says nothing of what would have come. */
	if (found || now < due || away)
		spin_looked(&l->spin, found && !away);
	return found || now >= due;
}

/* Waits for a completion, or until a timer is due. */
static int loop_sleep(struct loop *l, const struct loop_op *next)
{
	struct __kernel_timespec time = { 0 };
	struct io_uring_cqe *cqe;
	uint64_t now;

	if (!next)
		return io_uring_submit_and_wait(&l->ring, 1);
	now = timers_now();
	if (next->due > now) {
		time.tv_sec = (long long)((next->due - now) / 1000000000);
		time.tv_nsec = (long long)((next->due - now) % 1000000000);
	}
	return io_uring_submit_and_wait_timeout(&l->ring, &cqe, 1, &time, NULL);
}

static int loop_enter(struct loop *l)
{
	const struct loop_op *next = timers_first(&l->timers);
	const uint64_t due = next ? next->due : UINT64_MAX;
	bool looks = l->spin.limit_ns && spin_is_due(&l->spin);
	uint64_t began;
	int err;

	if (looks || l->idle) {
		err = io_uring_sq_ready(&l->ring) ? io_uring_submit(&l->ring) : 0;
		if (err < 0)
			return err;
		if (loop_idle_run(l, due) || (looks && loop_look(l, due)))
			return io_uring_cq_ready(&l->ring) ? 0 : io_uring_get_events(&l->ring);
	}
	if (!l->spin.limit_ns)
		return loop_sleep(l, next);
	began = timers_now();
	err = loop_sleep(l, next);
	spin_slept(&l->spin, timers_now() - began);
	return err;
}

/* Those that are due now; not those that their callbacks start. */
static void loop_timers_run(struct loop *l)
{
	struct loop_op *op = timers_first(&l->timers);
	struct loop_handle *h;
	uint64_t now;

	if (!op)
		return;
	now = timers_now();
	for (; op && op->due <= now && !l->stop; op = timers_first(&l->timers)) {
		h = op->handle;
		timers_remove(&l->timers, op);
		op_free(op);
		h->op = NULL;
		h->message = NULL;
		h->done(0, h->cookie);
	}
}

static int loop_step(struct loop *l)
{
	struct io_uring_cqe *cqe;
	struct loop_op *op;
	bool more;
	int err, result;

	err = loop_enter(l);
	if (err < 0 && err != -EINTR && err != -EAGAIN && err != -EBUSY && err != -ETIME)
		return err;
	/* One at a time and given back first: a callback may submit, and may not return soon. */
	while (io_uring_peek_cqe(&l->ring, &cqe) == 0) {
		op = (struct loop_op *)(uintptr_t)io_uring_cqe_get_data64(cqe);
		result = cqe->res;
		more = cqe->flags & IORING_CQE_F_MORE;
		io_uring_cqe_seen(&l->ring, cqe);
		if (op)
			loop_complete(op, result, more);
		if (l->stop)
			return 0;
	}
	loop_timers_run(l);
	return 0;
}

int loop_run(struct loop *l)
{
	int err = 0;

	l->stop = false;
	running++;
	while (!l->stop && !err)
		err = loop_step(l);
	running--;
	return err;
}

bool loop_is_running(void)
{
	return running;
}

void loop_spin(struct loop *l, unsigned int us)
{
	/* Nor where this kernel's ring tells of nothing unless it is entered. */
	if (l->ring.flags & IORING_SETUP_TASKRUN_FLAG && sysconf(_SC_NPROCESSORS_ONLN) > 1)
		l->spin.limit_ns = us * 1000ULL;
}

void loop_stop(struct loop *l)
{
	l->stop = true;
}

void loop_close(struct loop *l)
{
	struct loop_op *op;

	if (!l)
		return;
	while ((op = timers_first(&l->timers)))
		loop_cancel(op->handle);
	for (op = l->ops; op; op = op->next) {
		if (op->handle)
			op->handle->op = NULL;
		op->handle = NULL;
	}
	for (op = l->ops; op; op = op->next)
		loop_cancel_op(l, op);
	l->stop = false;
	while (l->ops && loop_step(l) == 0)
		;
	io_uring_queue_exit(&l->ring);
	while (l->ops) {
		op = l->ops;
		op_unlink(op);
		op_free(op);
	}
	timers_release(&l->timers);
	free(l);
}
