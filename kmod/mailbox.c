// SPDX-License-Identifier: GPL-2.0-only
/* A bounded queue of messages behind each agent, and the descriptors of its two ends. */
#include <linux/anon_inodes.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/uio.h>

#include "agent.h"
#include "mailbox.h"
#include "member.h"

struct letter {
	struct list_head node;
	struct agentos_message head;
	char text[];
};

struct mailbox {
	spinlock_t lock; /* _bh: agents end in RCU callbacks */
	bool closed;	 /* also READ_ONCE; stays */
	struct list_head letters;
	u32 count;
	u32 room_used; /* bytes of text */
	u64 seq;
	wait_queue_head_t readers;
	wait_queue_head_t writers;
};

/* An agent's mailbox is made once, and goes with the agent. */
static struct mailbox *mailbox_of(struct agent *agent)
{
	struct mailbox *mailbox = READ_ONCE(agent->mailbox), *other;

	if (mailbox)
		return mailbox;
	mailbox = kzalloc(sizeof(*mailbox), GFP_KERNEL_ACCOUNT);
	if (!mailbox)
		return NULL;
	spin_lock_init(&mailbox->lock);
	INIT_LIST_HEAD(&mailbox->letters);
	init_waitqueue_head(&mailbox->readers);
	init_waitqueue_head(&mailbox->writers);
	/* Under the lock of the state: who ends the agent finds the mailbox, or we the end. */
	spin_lock_bh(&agent->lock);
	other = agent->mailbox;
	if (!other) {
		mailbox->closed = agent->state >= AGENTOS_STATE_EXITING;
		/* Pairs with the reads without the lock. */
		smp_store_release(&agent->mailbox, mailbox);
	}
	spin_unlock_bh(&agent->lock);
	if (!other)
		return mailbox;
	kfree(mailbox);
	return other;
}

void mailbox_free(struct mailbox *mailbox)
{
	struct letter *letter, *next;

	if (!mailbox)
		return;
	list_for_each_entry_safe(letter, next, &mailbox->letters, node)
		kvfree(letter);
	kfree(mailbox);
}

u32 mailbox_count(const struct agent *agent)
{
	const struct mailbox *mailbox = READ_ONCE(agent->mailbox);

	return mailbox ? READ_ONCE(mailbox->count) : 0;
}

void mailbox_close(struct agent *agent)
{
	struct mailbox *mailbox = READ_ONCE(agent->mailbox);

	if (!mailbox)
		return;
	spin_lock_bh(&mailbox->lock);
	WRITE_ONCE(mailbox->closed, true);
	spin_unlock_bh(&mailbox->lock);
	wake_up_poll(&mailbox->readers, EPOLLIN | EPOLLHUP);
	wake_up_poll(&mailbox->writers, EPOLLERR | EPOLLHUP);
}

static bool mailbox_closed(const struct mailbox *mailbox)
{
	return READ_ONCE(mailbox->closed);
}

static bool mailbox_fits(const struct mailbox *mailbox, size_t len)
{
	return READ_ONCE(mailbox->count) < AGENTOS_MAIL_KEPT &&
	       READ_ONCE(mailbox->room_used) + len <= AGENTOS_MAIL_ROOM;
}

/* May the calling task, if it is in an agent? */
static bool caller_may(u64 right)
{
	const struct agent *own = member_agent();

	return !own || READ_ONCE(own->rights) & right;
}

static bool file_waits(const struct kiocb *iocb)
{
	return !(iocb->ki_filp->f_flags & O_NONBLOCK) && !(iocb->ki_flags & IOCB_NOWAIT);
}

static struct letter *letter_new(struct iov_iter *from)
{
	const struct agent *own = member_agent();
	size_t len = iov_iter_count(from);
	struct letter *letter = kvmalloc(struct_size(letter, text, len), GFP_KERNEL_ACCOUNT);

	if (!letter)
		return ERR_PTR(-ENOMEM);
	letter->head = (struct agentos_message){
		.size = sizeof(letter->head) + len,
		.uid = from_kuid(&init_user_ns, current_uid()),
		.agent = own ? own->id : 0,
		.tgid = task_tgid_nr(current),
	};
	if (!copy_from_iter_full(letter->text, len, from)) {
		kvfree(letter);
		return ERR_PTR(-EFAULT);
	}
	return letter;
}

/* 0, -EAGAIN for want of room, -EPIPE or -EACCES. */
static int mailbox_put(struct agent *agent, struct letter *letter)
{
	struct mailbox *mailbox = agent->mailbox;
	size_t len = letter->head.size - sizeof(letter->head);
	int err = 0;

	spin_lock_bh(&mailbox->lock);
	if (mailbox_closed(mailbox)) {
		err = -EPIPE;
	} else if (!(READ_ONCE(agent->rights) & AGENTOS_RIGHT(MESSAGE_RECEIVE))) {
		err = -EACCES;
	} else if (!mailbox_fits(mailbox, len)) {
		err = -EAGAIN;
	} else {
		letter->head.seq = ++mailbox->seq;
		letter->head.time_ns = ktime_get_boottime_ns();
		list_add_tail(&letter->node, &mailbox->letters);
		WRITE_ONCE(mailbox->count, mailbox->count + 1);
		WRITE_ONCE(mailbox->room_used, mailbox->room_used + len);
	}
	spin_unlock_bh(&mailbox->lock);
	return err;
}

static ssize_t mail_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct agent *agent = iocb->ki_filp->private_data;
	struct mailbox *mailbox = agent->mailbox;
	size_t len = iov_iter_count(from);
	struct letter *letter;
	int err;

	if (!len)
		return -EINVAL;
	if (len > AGENTOS_MESSAGE_MAX)
		return -EMSGSIZE;
	if (!caller_may(AGENTOS_RIGHT(MESSAGE_SEND)))
		return -EPERM;
	if (!mailbox_fits(mailbox, len) && !mailbox_closed(mailbox) && !file_waits(iocb))
		return -EAGAIN;
	letter = letter_new(from);
	if (IS_ERR(letter))
		return PTR_ERR(letter);
	for (;;) {
		err = mailbox_put(agent, letter);
		if (!err)
			break;
		if (err == -EAGAIN && file_waits(iocb))
			err = wait_event_interruptible(
				mailbox->writers,
				mailbox_fits(mailbox, len) || mailbox_closed(mailbox));
		/* Rights may have gone while it waited. */
		if (!err && !caller_may(AGENTOS_RIGHT(MESSAGE_SEND)))
			err = -EPERM;
		if (err) {
			kvfree(letter);
			return err;
		}
	}
	wake_up_interruptible_sync_poll(&mailbox->readers, EPOLLIN | EPOLLRDNORM);
	return len;
}

/*
 * The oldest that fits into `room` bytes. -EMSGSIZE it does not; -EAGAIN there
 * is none; -EPIPE nor will there be.
 */
static struct letter *mailbox_take(struct mailbox *mailbox, size_t room)
{
	struct letter *letter;

	spin_lock_bh(&mailbox->lock);
	letter = list_first_entry_or_null(&mailbox->letters, struct letter, node);
	if (!letter) {
		letter = ERR_PTR(mailbox->closed ? -EPIPE : -EAGAIN);
	} else if (letter->head.size > room) {
		letter = ERR_PTR(-EMSGSIZE);
	} else {
		list_del(&letter->node);
		WRITE_ONCE(mailbox->count, mailbox->count - 1);
		WRITE_ONCE(mailbox->room_used,
			   mailbox->room_used - (letter->head.size - sizeof(letter->head)));
	}
	spin_unlock_bh(&mailbox->lock);
	return letter;
}

/* What could not be handed over is the first again. */
static void mailbox_give_back(struct mailbox *mailbox, struct letter *letter)
{
	spin_lock_bh(&mailbox->lock);
	list_add(&letter->node, &mailbox->letters);
	WRITE_ONCE(mailbox->count, mailbox->count + 1);
	WRITE_ONCE(mailbox->room_used,
		   mailbox->room_used + (letter->head.size - sizeof(letter->head)));
	spin_unlock_bh(&mailbox->lock);
	wake_up_interruptible_poll(&mailbox->readers, EPOLLIN | EPOLLRDNORM);
}

static ssize_t mail_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct agent *agent = iocb->ki_filp->private_data;
	struct mailbox *mailbox = agent->mailbox;
	size_t room = iov_iter_count(to), size;
	struct letter *letter;
	int err;

	if (room < sizeof(struct agentos_message))
		return -EMSGSIZE;
	for (;;) {
		if (!caller_may(AGENTOS_RIGHT(MESSAGE_RECEIVE)))
			return -EPERM;
		letter = mailbox_take(mailbox, room);
		if (!IS_ERR(letter))
			break;
		if (PTR_ERR(letter) == -EPIPE)
			return 0;
		if (PTR_ERR(letter) != -EAGAIN || !file_waits(iocb))
			return PTR_ERR(letter);
		err = wait_event_interruptible(
			mailbox->readers, READ_ONCE(mailbox->count) || mailbox_closed(mailbox));
		if (err)
			return err;
	}
	size = letter->head.size;
	if (copy_to_iter(&letter->head, sizeof(letter->head), to) != sizeof(letter->head) ||
	    copy_to_iter(letter->text, size - sizeof(letter->head), to) !=
		    size - sizeof(letter->head)) {
		mailbox_give_back(mailbox, letter);
		return -EFAULT;
	}
	kvfree(letter);
	if (wq_has_sleeper(&mailbox->writers))
		wake_up_interruptible_poll(&mailbox->writers, EPOLLOUT | EPOLLWRNORM);
	return size;
}

static __poll_t mail_send_poll(struct file *file, poll_table *table)
{
	struct agent *agent = file->private_data;

	poll_wait(file, &agent->mailbox->writers, table);
	if (mailbox_closed(agent->mailbox))
		return EPOLLERR | EPOLLHUP;
	/* Ready is who may send any message. */
	return mailbox_fits(agent->mailbox, AGENTOS_MESSAGE_MAX) ? EPOLLOUT | EPOLLWRNORM : 0;
}

static __poll_t mail_receive_poll(struct file *file, poll_table *table)
{
	struct agent *agent = file->private_data;
	__poll_t ready = 0;

	poll_wait(file, &agent->mailbox->readers, table);
	if (mailbox_closed(agent->mailbox))
		ready = EPOLLIN | EPOLLHUP;
	if (READ_ONCE(agent->mailbox->count))
		ready |= EPOLLIN | EPOLLRDNORM;
	return ready;
}

static int mail_release(struct inode *inode, struct file *file)
{
	agent_put(file->private_data);
	return 0;
}

static const struct file_operations mail_send_fops = {
	.owner = THIS_MODULE,
	.release = mail_release,
	.poll = mail_send_poll,
	.write_iter = mail_write_iter,
};

static const struct file_operations mail_receive_fops = {
	.owner = THIS_MODULE,
	.release = mail_release,
	.poll = mail_receive_poll,
	.read_iter = mail_read_iter,
};

int mailbox_new_fd(struct agent *agent, enum mail_end end, bool nonblock, struct fresh_fd *fresh)
{
	bool sends = end == MAIL_END_SEND;
	int flags = (sends ? O_WRONLY : O_RDONLY) | (nonblock ? O_NONBLOCK : 0);
	struct file *file;
	int fd;

	if (!mailbox_of(agent))
		return -ENOMEM;
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	file = anon_inode_getfile(sends ? "[agentos-send]" : "[agentos-receive]",
				  sends ? &mail_send_fops : &mail_receive_fops, agent, flags);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	stream_open(file_inode(file), file);
	/* io_uring may try first, and polls when there is nothing. */
	file->f_mode |= FMODE_NOWAIT;
	agent_get(agent);
	fresh->file = file;
	fresh->fd = fd;
	return 0;
}
