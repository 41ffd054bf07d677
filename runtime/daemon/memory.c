// SPDX-License-Identifier: GPL-2.0-or-later
/* The memory of agentosd: what is kept of what its start took. */
#include "daemon/memory.h"

#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* What is as large goes back to the kernel when it is freed, and so does as much of the heap's end. */
#define KEPT 131072
/* That nothing was recorded for so long is rest. */
#define REST_S 5

void memory_bound(void)
{
	mallopt(M_MMAP_THRESHOLD, KEPT);
	mallopt(M_TRIM_THRESHOLD, KEPT);
}

/* What is relocated is in segments that may be written to, whatever they are protected by later. */
static int segments_drop(struct dl_phdr_info *object, size_t size, void *cookie)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	const ElfW(Phdr) * segment;
	uintptr_t begin, end;
	int i;

	for (i = 0; i < object->dlpi_phnum; i++) {
		segment = &object->dlpi_phdr[i];
		if (segment->p_type != PT_LOAD || segment->p_flags & PF_W)
			continue;
		begin = (object->dlpi_addr + segment->p_vaddr) & ~(page - 1);
		end = object->dlpi_addr + segment->p_vaddr + segment->p_filesz;
		/* The kernel's own object lets nothing go: it is not ours. */
		(void)madvise((void *)begin, end - begin, MADV_DONTNEED);
	}
	return 0;
}

void memory_trim(void)
{
	malloc_trim(0);
	dl_iterate_phdr(segments_drop, NULL);
}

void memory_rest(struct memory_rest *r, uint64_t records)
{
	if (records != r->records)
		*r = (struct memory_rest){ .records = records };
	else if (r->looks < REST_S && ++r->looks == REST_S)
		memory_trim();
}
