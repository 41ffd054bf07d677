/* SPDX-License-Identifier: GPL-2.0-only */
/* The maps: records go out through three; the rest counts. */
#ifndef AGENTOS_MAPS_BPF_H
#define AGENTOS_MAPS_BPF_H

#include "agentos.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, AGENTOS_DENIALS_BYTES);
} ring_denials SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} ring_allowed SEC(".maps");

/* For `bpftool map event_pipe`, which takes the array over; the daemon reads the rings. */
struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
} events SEC(".maps");

/* The last denials, for the iterator: record seq at seq % AGENTOS_RECENT. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, AGENTOS_RECENT);
	__type(key, __u32);
	__type(value, struct agentos_event);
} recent SEC(".maps");

/* Last sequence number given out, per ring: all of .bss, which is pinned by this name. */
__u64 sequences[AGENTOS_RING_COUNT];

/* Where struct mount has its members, as kmod/path.h has it: set before this is loaded. */
__u64 mount_layout = ~0ULL;

/* Records that found no room, per ring; and acts refused for that. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, AGENTOS_DROPS_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} drops SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, AGENTOS_HOOK_COUNT);
	__type(key, __u32);
	__type(value, struct agentos_hook_count);
} hook_counts SEC(".maps");

/* Which agent made a socket, or the one that accepted it; absent: made outside. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, __u64);
} socket_owner SEC(".maps");

/* Sockets of IP that agents made, and those that they accepted; absent: made outside. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct agentos_payers);
} socket_payers SEC(".maps");

/* Preallocated, both: a socket whose packets cannot be counted is refused when it is made. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, AGENTOS_TRAFFIC_MAX);
	__type(key, __u64);
	__type(value, struct agentos_traffic);
} traffic SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, AGENTOS_TRAFFIC_MAX);
	__type(key, __u64);
	__type(value, struct agentos_allowance);
} allowances SEC(".maps");

/* enum agentos_counting. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, AGENTOS_COUNTING_COUNT);
	__type(key, __u32);
	__type(value, __u32);
} counting SEC(".maps");

/* Which build of these programs is pinned: written by the loader, read by the next daemon. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} build SEC(".maps");

#endif
