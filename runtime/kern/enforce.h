/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The BPF side: loading, adopting, proving and ending enforcement; policies in its maps. */
#ifndef AGENTOS_KERN_ENFORCE_H
#define AGENTOS_KERN_ENFORCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agentos_event.h"
#include "base/fault.h"
#include "policy/compiled.h"

struct enforce;

/*
 * Checks the host (BTF, "bpf" among the LSMs, module with kfuncs, kernel
 * version), then loads and attaches the programs and pins them below
 * AGENTOS_PIN_DIR; or, where a complete set of the same build is pinned
 * already, adopts it. *ret_adopted tells which. Anything else found pinned
 * there is refused with -EEXIST, or replaced when no agent runs.
 * dev is a descriptor of the device, kept open by the caller.
 * On failure nothing stays loaded or pinned; f says what is missing and what to do.
 */
int enforce_open(int dev, struct enforce **ret_enforce, bool *ret_adopted, struct fault *f);

/* Closes our descriptors. Enforcement goes on. */
void enforce_close(struct enforce *e);

/* Ends enforcement: unpins and detaches all. -EBUSY while agents live. Closes e on success. */
int enforce_end(struct enforce *e, struct fault *f);

/*
 * Proves each denying hook: in a child process that joins a throw-away agent,
 * does one act per hook that would be harmless if it succeeded, and demands both
 * the errno and that the hook's own counter of denials moved.
 * each() is told of every hook in turn: 0 proved, -ENOSYS the hook does not exist
 * on this kernel (and is not needed there), any other error: not proved.
 * Returns 0 only when all needed hooks were proved. Needs root.
 */
int enforce_selftest(struct enforce *e,
		     void (*each)(enum agentos_hook hook, int result, const char *what,
				  void *cookie),
		     void *cookie, struct fault *f);

/*
 * Makes a policy, a rule at a time: begun, added to, completed, and then an
 * agent's. Whoever begins one drops it when it does not come to that.
 */
int enforce_policy_begin(struct enforce *e, uint64_t kill, uint64_t watch, uint32_t *ret_policy,
			 struct fault *f);
/*
 * Every field of the rule is checked as if a hostile wrote it; fd stays the caller's.
 * -EINVAL a malformed rule; -E2BIG more than AGENTOS_RULES_MAX;
 * -EOPNOTSUPP an object that no path leads to, or a name that has several forms.
 */
int enforce_policy_add(struct enforce *e, uint32_t policy, const struct compiled_rule *r, int fd,
		       struct fault *f);
/* Likewise of a rule on addresses. -EINVAL; -E2BIG more than AGENTOS_NET_RULES_MAX. */
int enforce_policy_address(struct enforce *e, uint32_t policy, const struct compiled_address *a,
			   struct fault *f);
/*
 * Where the denial feeds are: what is in that directory is denied in each policy
 * that is completed from now on, and no rule of its own may be about it. path
 * and fd are borrowed.
 */
void enforce_feeds(struct enforce *e, const char *path, int fd);
/*
 * agentosd's own directory, with its sockets: no agent writes to what is in it, in each
 * policy that is completed from now on, and no rule may allow that. path and fd are
 * borrowed.
 */
void enforce_run(struct enforce *e, const char *path, int fd);
/*
 * Where the audit log is, which has been opened: what is in that directory no agent
 * writes, in each policy that is completed from now on. Beside it, with these added
 * to its name: secrets, which none reads either, and what is shown; both end with
 * NULL and are borrowed. 1; 0: there, or at the directory that it is in, a file
 * system is mounted, which such a rule would keep from being unmounted, and nothing
 * is kept; or an errno with the fault.
 */
int enforce_log(struct enforce *e, const char *directory, const char *const *secrets,
		const char *const *shown, struct fault *f);
/*
 * What agentosd keeps to itself, beside the log's: what has one of these names in the
 * directory, now or later, no agent reads, writes or replaces, in each policy that is
 * completed from now on, and no rule may allow any of that. names ends with NULL and
 * is borrowed. 1; 0: at the directory a file system is mounted, and nothing is kept,
 * as of enforce_log(); or an errno with the fault.
 */
int enforce_secrets(struct enforce *e, const char *directory, const char *const *names,
		    struct fault *f);
/* But for this file of the feeds, which may be read. */
int enforce_policy_feed(struct enforce *e, uint32_t policy, int fd, struct fault *f);
/* It may connect to 127.0.0.1:port by TCP, where the gateway is. */
int enforce_policy_gateway(struct enforce *e, uint32_t policy, uint16_t port, struct fault *f);
/*
 * Adds the rules that nobody wrote. limited: a cgroup limits its agents, which
 * then may not write to any, whatever the policy says.
 */
int enforce_policy_complete(struct enforce *e, uint32_t policy, bool limited, struct fault *f);
/* -EBUSY while an agent uses it. */
int enforce_policy_drop(struct enforce *e, uint32_t policy);
/* Removes every policy that no live agent uses (after adoption). Returns how many. */
int enforce_policy_sweep(struct enforce *e);

/*
 * Charges the module with what agents' sockets sent and received since the last
 * call, and sets their ceilings to what it says is left. To be called once a
 * second while agents live: limits take effect, and end in their action, by it.
 * Forgets agents that are no more; their ancestors are charged. Returns how many
 * agents it could not do this for, or a negative errno when for none.
 */
int enforce_traffic(struct enforce *e);

/*
 * Counts packets from now on, for somebody who has just been given a limit: who
 * has one is refused sockets until then. enforce_traffic() sees by itself that
 * it must, within a second, and ends it some seconds after the last limit.
 */
int enforce_count(struct enforce *e, struct fault *f);

/* The map descriptor of a ring, for ring_open() and for polling. */
int enforce_ring_map(const struct enforce *e, enum agentos_ring ring);
/* Records that found no room, since the maps were made. */
int enforce_ring_drops(const struct enforce *e, enum agentos_ring ring, uint64_t *ret_drops);
/* Acts of strict agents that were refused as there was no room to record them, likewise. */
int enforce_unrecorded(const struct enforce *e, uint64_t *ret_acts);
/* Records that the programs which these replaced had numbered; 0 when there were none. */
uint64_t enforce_replaced(const struct enforce *e, enum agentos_ring ring);
int enforce_hook_count(const struct enforce *e, enum agentos_hook hook,
		       struct agentos_hook_count *ret_count);

/* The table of uapi/agentos_event.h: "file_open", "open"; NULL when out of range. */
const char *enforce_hook_name(unsigned int hook);
const char *enforce_hook_doing(unsigned int hook);

#endif
