#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What ends leaves nothing: no agent, no policy, no pin, no process, no kernel warning, and the module goes at once.
# timeout: 480

# shellcheck disable=SC2317 # what try and holds call
# shellcheck source=tests/e2e/lib/stage.sh
. "$SRC/tests/e2e/lib/stage.sh"

workspace_make ws
cd "$work/ws" || exit 1

# True if nothing of ours runs; zombies of others do not count.
no_process() {
	! pgrep -x agentosd && ! pgrep -x agentctl && ! pgrep -x refuse
}

dmesg -C

# --- start, use, stop, unload: three times ---

for round in 1 2 3; do
	module_load
	daemon_start
	try agentctl run -- sh -c './refuse /etc/shadow 5; ( ./refuse /etc/shadow 5 ) &'
	is "round $round: an agent runs and ends" "$status" 0
	agent_start "killed-$round" sh -c 'sleep 1000 & sleep 1000 & exec sleep 1000'
	holds "round $round: another one lives" wait_for 20 agent_lives "killed-$round"
	try agentctl kill "killed-$round"
	is "round $round: kill" "$status" 0
	agent_wait
	is "round $round: it died of SIGKILL" "$status" 137
	holds "round $round: the module holds nothing" wait_for 20 counters_zero
	holds "round $round: something is pinned while agentosd runs" test -e $pins/links
	daemon_stop
	is "round $round: agentosd stops in order" "$status" 0
	is "round $round: nothing is pinned" "$(ls /sys/fs/bpf)" ""
	is "round $round: no lock or socket is in the way" "$(ls /run/agentos)" agentosd.pid
	holds "round $round: the module can be unloaded at once" module_unload
	holds "round $round: no process is left" no_process
	is "round $round: no stage of a self-test is left" \
		"$(find /run -maxdepth 1 -name 'agentos-selftest-*')" ""
done

# --- many short lives ---

module_load
daemon_start
done=0
while [ $done -lt 200 ]; do
	agentctl run -- true </dev/null >"$work/out" 2>&1 || break
	done=$((done + 1))
done
is 'two hundred agents, one after the other' $done 200
holds 'leave the counters at zero' wait_for 20 counters_zero
agentctl ps >"$work/out"
is 'and nothing in ps' "$(wc -l <"$work/out")" 1
audit_settle
is 'each is in the log, from creation to its end' \
	"$(agentctl audit --json | grep -c '"event":"exit","agent":[0-9]*,"agent_name":"true-')" 200
daemon_stop
is 'agentosd stops in order' "$status" 0
holds 'the module can be unloaded' module_unload
dmesg --level=emerg,alert,crit,err,warn | sed 's/^/# the kernel said: /'
dmesg >"$work/dmesg"
grep -E -f "$SRC/tests/vm/splats" "$work/dmesg" >"$work/complaints"
is 'the kernel did not complain' "$(cat "$work/complaints")" ''
stage_end
