/* SPDX-License-Identifier: GPL-2.0-only */
/* What BPF programs may ask of us. The functions themselves are declared in bpf/agentos.bpf.h. */
#ifndef AGENTOS_KFUNCS_H
#define AGENTOS_KFUNCS_H

#include <linux/types.h>

/* Registers them. Without BTF in the module no program can call them: kfuncs_usable() is false. */
int kfuncs_init(void);
bool kfuncs_usable(void);

#endif
