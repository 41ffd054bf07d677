// SPDX-License-Identifier: GPL-2.0-only
/* One object of all programs: they share maps, and are loaded, pinned and replaced together. */
#include "file.bpf.c"
#include "exec.bpf.c"
#include "net.bpf.c"
#include "traffic.bpf.c"
#include "ipc.bpf.c"
#include "priv.bpf.c"
#include "iter.bpf.c"

char LICENSE[] SEC("license") = "GPL";
