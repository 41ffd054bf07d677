/* SPDX-License-Identifier: GPL-2.0-only */
/* What differs between the kernels we build for: each with the version and the reason. */
#ifndef AGENTOS_COMPAT_H
#define AGENTOS_COMPAT_H

#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/fs.h>

/* 6.9 split kfunc sets from other id sets; registration there insists on the new macro. */
#ifndef BTF_KFUNCS_START
#define BTF_KFUNCS_START(name) BTF_SET8_START(name)
#define BTF_KFUNCS_END(name)   BTF_SET8_END(name)
#endif

/* 6.3 brought the attribute: keep the function, its symbol and its arguments as written. */
#ifndef __bpf_kfunc
#define __bpf_kfunc __used noinline
#endif

/* 6.7 brought the markers; kfuncs are global without a prototype on purpose. */
#ifndef __bpf_kfunc_start_defs
#define __bpf_kfunc_start_defs()                                                 \
	__diag_push();                                                           \
	__diag_ignore_all("-Wmissing-declarations", "kfuncs are called by BPF"); \
	__diag_ignore_all("-Wmissing-prototypes", "kfuncs are called by BPF")
#define __bpf_kfunc_end_defs() __diag_pop()
#endif

/* 6.12 took it out of struct file, NULL until one is set; Kbuild looks whether it is apart. */
#ifdef AGENTOS_OWNER_APART
#define compat_owner(file) READ_ONCE((file)->f_owner)
#else
#define compat_owner(file) (&(file)->f_owner)
#endif

/* 6.12 lets sched_runtime of a fair task be its time slice; Kbuild looks whether it can be. */
#ifdef AGENTOS_CUSTOM_SLICE
#define COMPAT_SLICES true
#else
#define COMPAT_SLICES false
#endif

#endif
