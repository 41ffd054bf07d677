#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Network bytes: counted to the byte, refused at the limit, out and in, whoever's the socket is.
# timeout: 480

# shellcheck disable=SC2317 # what holds and wait_for call
# shellcheck source=tests/e2e/lib/stage.sh
. "$SRC/tests/e2e/lib/stage.sh"

# What is mounted, and how: an option of cgroup v2 is one of all its mounts.
cgroup_mount() {
	grep ' cgroup2 ' /proc/mounts
}
mounted=$(cgroup_mount)

module_load
daemon_start
for profile in net raw; do
	rights='file-read, file-write, file-exec, net-connect, net-listen, unix-connect, derive'
	[ $profile = net ] || rights="$rights, net-raw, capabilities"
	sed -e "/^rights:/,/^\$/c rights: [$rights]\\n" "$work/policies/untrusted.yaml" \
		>"$work/policies/$profile.yaml"
	printf 'network:\n  connect: ["*"]\n  listen: ["*"]\n  unix: [/, "@*"]\n' >>"$work/policies/$profile.yaml"
done
holds 'the policy of this test is valid' agentctl policy check net
policy=net

# used NAME: network bytes that it and its sub-agents used up.
used() {
	agentctl budget --json "$1" | sed -n 's/.*"net-bytes":{[^}]*"used":\([0-9]*\).*/\1/p'
}
used_is() {
	[ "$(used "$1")" = "$2" ]
}

tools_copy() {
	workspace_make "$1"
	cp "$bin/packets" "$bin/agentctl" "$work/$1"
}
# Goes on at a word: what it is told before, it has been told when it begins.
steps_start() {
	name=$1
	shift
	tools_copy "$name"
	agent_start "$name" sh -c "touch begun
		for step in $*; do
			while [ ! -e go-\$step ]; do sleep 0.1; done
			sh ./step-\$step >said-\$step 2>&1
			touch done-\$step
		done
		while [ ! -e go-end ]; do sleep 0.1; done"
	holds "$name: an agent that waits" wait_for 30 test -e "$work/$name/begun"
}
steps_end() {
	touch "$work/$1/go-end"
	agent_wait
}
# step NAME STEP COMMAND: in the agent; what it said is then in $said.
step() {
	step_begin "$@"
	step_end "$1" "$2"
}
step_begin() {
	echo "$3" >"$work/$1/step-$2"
	chmod 644 "$work/$1/step-$2"
	touch "$work/$1/go-$2"
}
step_end() {
	wait_for 60 test -e "$work/$1/done-$2"
	said=$(cat "$work/$1/said-$2")
}

cp "$BUILD/tests/kernel/prog/packets" "$bin"
chmod 755 "$bin/packets"

# --- nobody pays for what nobody asked ---

# Are the programs attached that every packet of the machine passes?
counting() {
	bpftool link list | grep -q cgroup
}
not_counting() {
	! counting
}
holds 'without any limit no packet is counted' wait_for 60 not_counting
steps_start counted 1 2 3 4
used_is_unknown() {
	agentctl budget "$1" | grep -q '^net-bytes  *none  *-  *0 '
}
holds 'nor said to be' used_is_unknown counted

# --- counted ---

try agentctl budget counted net-bytes 1G
is 'a limit that is far away' "$status" 0
holds 'begins it, at once' counting
is 'and leaves the mounted cgroups as they are' "$(cgroup_mount)" "$mounted"
step counted 1 './packets send 4001 10'
is 'all is sent' "$said" 'sent 10 refused 0 other 0'
holds 'and counted, to the byte' wait_for 10 used_is counted 10000
packets send 4001 10 >"$work/out"
is 'control: so can others send' "$(cat "$work/out")" 'sent 10 refused 0 other 0'
step_begin counted 2 './packets receive 4002 5 20000'
wait_for 20 grep -q ready "$work/counted/said-2"
packets send 4002 5 >"$work/out"
step_end counted 2
is 'what comes in is delivered' "$said" 'ready
received 5'
holds 'and counted, and others are not' wait_for 10 used_is counted 15000

# --- refused at the limit ---

try agentctl budget counted net-bytes 20K
is 'a limit is set, with 5,000 bytes left' "$status" 0
sleep 2.5
step counted 3 './packets send 4001 10'
is 'what is left is sent, and no more' "$said" 'sent 5 refused 5 other 0'
holds 'used up exactly' wait_for 10 used_is counted 20000
step_begin counted 4 './packets receive 4002 1 2000'
wait_for 20 grep -q ready "$work/counted/said-4"
packets send 4002 3 >"$work/out"
step_end counted 4
is 'nothing comes in either' "$said" 'ready
received 0'
is 'control: it was sent' "$(cat "$work/out")" 'sent 3 refused 0 other 0'
steps_end counted
audit_settle
agentctl audit --agent counted >"$work/out" 2>&1
says 'the log says when it was used up' '100% of its budget of net-bytes' "$work/out"

# --- a limit that stands before the first socket; TCP; kinds that are not counted ---

steps_start limited 1 2 3 4 5
try agentctl budget limited net-bytes 3000
step limited 1 './packets send 4001 10'
is 'from the first byte on' "$said" 'sent 3 refused 7 other 0'
holds 'the count says so' wait_for 10 used_is limited 3000
step limited 2 './packets socket 2 1 262'
is 'MPTCP is refused: its packets would not be counted' "$said" EPERM
packets give "$work/limited/give" &
children="$children $!"
wait_for 20 test -S "$work/limited/give"
step limited 3 './packets take give 4001'
is 'so is a socket that somebody else made' "$said" none
try agentctl budget limited net-bytes 1M
sleep 2.5
step limited 4 './packets send 4001 2'
is 'with a higher limit it goes on' "$said" 'sent 2 refused 0 other 0'
daemon_end KILL
daemon_start
holds 'the next agentosd goes on counting' wait_for 10 used_is limited 5000
step limited 5 './packets send 4001 1'
holds 'where the last one was' wait_for 10 used_is limited 6000
steps_end limited

steps_start free 1 2
step free 1 './packets socket 2 1 262'
is 'control: without a limit MPTCP is not refused' "$said" made
packets give "$work/free/give" &
children="$children $!"
wait_for 20 test -S "$work/free/give"
step free 2 './packets take give 4001'
is 'control: nor is a socket that somebody else made' "$said" 'taken, sent'
steps_end free

policy=raw
steps_start bare 1 2 3 4
try agentctl budget bare net-bytes 1M
step bare 1 './packets socket 17 3 768'
is 'packet sockets are refused with a limit' "$said" EPERM
step bare 2 './packets socket 2 1 256'
is 'so is SMC, which makes TCP sockets of its own' "$said" EPERM
try agentctl budget bare net-bytes none
step bare 3 './packets socket 17 3 768'
is 'control: and not without' "$said" made
step bare 4 './packets socket 2 1 256'
# Whoever made a socket of its family before had the module loaded; 6.1 has no such protocol.
if [ -d /sys/module/smc ] && [ "$AGENTOS_KERNEL" != 6.1 ]; then
	smc=made
else
	smc=EPROTONOSUPPORT
fi
is 'control: without, SMC is refused only where there is none' "$said" $smc
steps_end bare
policy=net

cat >"$work/server.py" <<'EOF'
import socket, sys
s = socket.create_server(("127.0.0.1", 4003))
open(sys.argv[1], "w").close()
while True:
    peer, _ = s.accept()
    try:
        peer.sendall(b"x" * 1000000)
    except OSError:
        pass
    peer.close()
EOF
python3 "$work/server.py" "$work/serving" &
children="$children $!"
wait_for 30 test -e "$work/serving"
steps_start fetcher 1
try agentctl budget fetcher net-bytes 1G
step fetcher 1 './packets fetch 4003'
is 'TCP: all is fetched' "$said" 'fetched 1000000'
above_a_million() {
	[ "$(used fetcher)" -gt 1000000 ] && [ "$(used fetcher)" -lt 1200000 ]
}
holds 'and counted with its headers' wait_for 10 above_a_million
steps_end fetcher
tools_copy glutton
agent_start glutton sh -c "touch begun
	while [ ! -e go-1 ]; do sleep 0.1; done; ./packets fetch 4003"
holds 'one that is to end' wait_for 30 test -e "$work/glutton/begun"
try agentctl budget glutton net-bytes 500K --action kill
touch "$work/glutton/go-1"
agent_wait
is 'it ends at its limit' "$status" 137

# What was written and not yet sent when the agent ended is under its limit still.
cat >"$work/sink.py" <<'EOF'
import socket, sys, time
s = socket.create_server(("127.0.0.1", 4004))
open(sys.argv[1], "w").close()
while True:
    peer, _ = s.accept()
    peer.settimeout(6)
    total = 0
    time.sleep(2)
    try:
        while chunk := peer.recv(65536):
            total += len(chunk)
    except OSError:
        pass
    with open(sys.argv[2], "a") as out:
        print(total, file=out)
    peer.close()
EOF
python3 "$work/sink.py" "$work/sinking" "$work/sunk" &
children="$children $!"
wait_for 30 test -e "$work/sinking"
arrived() {
	[ "$(wc -l <"$work/sunk")" -ge "$1" ]
}
steps_start testator 1
try agentctl budget testator net-bytes 200K
step testator 1 './packets leave 4004'
left=${said#left }
holds 'more is left than the limit allows' test "$left" -gt 500000
steps_end testator
holds 'the other end is done' wait_for 60 arrived 1
at_most_the_limit() {
	[ "$(head -n 1 "$work/sunk")" -lt 400000 ]
}
holds 'no more arrived than the limit lets through' at_most_the_limit
steps_start heir 1
step heir 1 './packets leave 4004'
left=${said#left }
steps_end heir
holds 'control: without a limit' wait_for 60 arrived 2
is 'all of it arrives' "$(tail -n 1 "$work/sunk")" "$left"

# --- without agentosd ---

steps_start orphan 1 2
daemon_end KILL
bpftool map update pinned /sys/fs/bpf/agentos/counting key 0 0 0 0 value 0 0 0 0
try agentctl budget orphan net-bytes 1M
refused 'a limit that nobody counts for is told of' 1 'gets no socket'
step orphan 1 './packets socket 2 2 17'
is 'no socket' "$said" EPERM
daemon_start
step orphan 2 './packets socket 2 2 17'
is 'control: with agentosd there are some' "$said" made
steps_end orphan

# --- sub-agents ---

steps_start crew 1 2 3
try agentctl budget crew net-bytes 5000
step crew 1 "./agentctl spawn --under self --name one -- ./packets send 4001 3"
is 'a sub-agent sends' "$said" 'sent 3 refused 0 other 0'
step crew 2 './agentctl spawn --under self --name two -- ./packets send 4001 10'
is 'another has what is left of their parent' "$said" 'sent 2 refused 8 other 0'
step crew 3 './packets send 4001 1'
is 'and the parent nothing' "$said" 'sent 0 refused 1 other 0'
holds 'what they used is the parent'\''s to pay when they are no more' wait_for 10 used_is crew 5000
steps_end crew

# --- after all, nothing is left ---

daemon_stop
holds 'the module can be unloaded' wait_for 30 module_unload
stage_end
