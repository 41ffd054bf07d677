// SPDX-License-Identifier: GPL-2.0-only
/* What a program has when it starts. */
#include "start.h"

#include <linux/mm.h>
#include <linux/personality.h>
#include <linux/sched.h>

bool start_gives_code(void)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	struct vma_iterator vmi;
	bool code = false;

	if (!mm)
		return false;
	if (current->personality & READ_IMPLIES_EXEC || !mmap_read_trylock(mm))
		return true;
	vma_iter_init(&vmi, mm, 0);
	while ((vma = vma_next(&vmi))) {
		/* The kernel's own pages for programs are no anonymous ones. */
		if (vma->vm_flags & VM_EXEC && vma_is_anonymous(vma))
			code = true;
	}
	mmap_read_unlock(mm);
	return code;
}
