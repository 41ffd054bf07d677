// SPDX-License-Identifier: GPL-2.0-or-later
/* A BPF ring buffer, mapped: consumer page, producer page, the data twice in a row. */
#include "kern/ring.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct ring {
	uint64_t *consumer;	  /* ours to write: what the kernel may overwrite */
	const uint64_t *producer; /* the kernel's */
	const uint8_t *data;	  /* mapped twice, so that no record is split */
	uint64_t size;		  /* a power of two */
	uint64_t read;		  /* handed out up to here */
	size_t page;
};

int ring_open(int map, struct ring **ret_ring)
{
	struct bpf_map_info info = {};
	uint32_t len = sizeof(info);
	void *consumer, *producer;
	struct ring *r;
	int err;

	if (bpf_obj_get_info_by_fd(map, &info, &len))
		return -errno;
	if (info.type != BPF_MAP_TYPE_RINGBUF)
		return -EINVAL;
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->page = sysconf(_SC_PAGESIZE);
	r->size = info.max_entries;
	consumer = mmap(NULL, r->page, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	if (consumer == MAP_FAILED) {
		err = -errno;
		goto free_ring;
	}
	producer = mmap(NULL, r->page + 2 * r->size, PROT_READ, MAP_SHARED, map, r->page);
	if (producer == MAP_FAILED) {
		err = -errno;
		goto unmap_consumer;
	}
	r->consumer = consumer;
	r->producer = producer;
	r->data = (const uint8_t *)producer + r->page;
	r->read = *r->consumer;
	*ret_ring = r;
	return 0;

unmap_consumer:
	munmap(consumer, r->page);
free_ring:
	free(r);
	return err;
}

void ring_close(struct ring *r)
{
	if (!r)
		return;
	munmap(r->consumer, r->page);
	munmap((void *)(uintptr_t)r->producer, r->page + 2 * r->size);
	free(r);
}

/* Layout: linux/bpf.h, BPF_RINGBUF_*: a u32 of length and two bits, a u32 of offset, the data. */
int ring_peek(struct ring *r, unsigned int max,
	      int (*each)(const struct agentos_event *event, void *cookie), void *cookie)
{
	uint64_t produced = __atomic_load_n(r->producer, __ATOMIC_ACQUIRE);
	unsigned int n = 0;
	int stop;

	while (n < max && r->read < produced) {
		const uint64_t before = r->read;
		const uint8_t *at = r->data + (before & (r->size - 1));
		uint32_t header =
			__atomic_load_n((const uint32_t *)(const void *)at, __ATOMIC_ACQUIRE);
		uint32_t len = header & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
		const struct agentos_event *event;

		if (header & BPF_RINGBUF_BUSY_BIT)
			break; /* still being written */
		r->read += (len + BPF_RINGBUF_HDR_SZ + 7) & ~7ULL;
		if (header & BPF_RINGBUF_DISCARD_BIT)
			continue;
		event = (const void *)(at + BPF_RINGBUF_HDR_SZ);
		if (len != sizeof(*event) || event->size != sizeof(*event) ||
		    event->version != AGENTOS_EVENT_VERSION)
			event = NULL;
		stop = each(event, cookie);
		if (stop) {
			r->read = before; /* not taken: it comes again */
			return stop;
		}
		n++;
	}
	return (int)n;
}

void ring_commit(struct ring *r)
{
	__atomic_store_n(r->consumer, r->read, __ATOMIC_RELEASE);
}

uint64_t ring_consumed(const struct ring *r)
{
	return *r->consumer;
}
