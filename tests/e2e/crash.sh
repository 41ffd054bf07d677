#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# agentosd is killed, stopped and outrun while agents live: enforcement holds, the log tells each denial or its loss.
# timeout: 480

# shellcheck disable=SC2317 # what try and holds call
# shellcheck source=tests/e2e/lib/stage.sh
. "$SRC/tests/e2e/lib/stage.sh"

holes=$SRC/tests/e2e/lib/holes.py
secret=/etc/shadow
# In turn with that, so that no denial is the same as the last: those would be counted.
other=/etc/gshadow

# The whole log judged: leaves RECORDS LOST MATCHING in $accounted, "-" if it is not sound.
account() {
	audit_settle
	agentctl audit --json >"$work/audit.json" 2>"$work/err"
	if accounted=$("$holes" "$@" <"$work/audit.json" 2>"$work/why"); then
		return 0
	fi
	echo "$accounted" >>"$work/why"
	accounted=-
}

# Random moments, told when a test fails: 0.0 to 4.9 s, in which a start ends here and there.
moment() {
	od -An -N2 -tu2 /dev/urandom | awk '{ printf "%d.%d", $1 % 50 / 10, $1 % 10 }'
}

module_load
daemon_start

# --- killed in the middle of a run ---

try "$bin/refuse" $secret 1
is 'control: outside an agent the file opens' "$(cat "$work/out")" '0 1'
agent_start middle sh -c "until [ -e go ]; do sleep 0.2; done; ./refuse $secret 100 $other >refused
	exec ./refuse $secret until end $other"
holds 'an agent runs' wait_for 20 agent_lives middle
daemon_end KILL
is 'agentosd dies of SIGKILL' "$status" 137
touch "$work/middle/go"
holds 'the agent goes on' wait_for 60 test -s "$work/middle/refused"
is 'and is refused as before' "$(cat "$work/middle/refused")" '100 0'
try agentctl run -- true
refused 'no new agent without agentosd' 125 'agentosd'
holds 'ps works without agentosd' agent_lives middle
daemon_start
says 'the next agentosd adopts, and says how many' 'left: 1 agents' "$work/agentosd.log"
holds 'ps shows the agent' agent_lives middle
touch "$work/middle/end"
agent_wait
total=$(awk '{ sum += $1 } END { print sum }' "$work/middle/refused" "$work/middle.out")
account middle $secret $other
is 'each denial is in the log exactly once, those without agentosd too' \
	"$(echo "$accounted" | cut -d' ' -f2,3)" "0 $total"
says 'and that agentosd was gone' '"note":"adopted"' "$work/audit.json"

agent_start killed sleep 1000
holds 'another agent runs' wait_for 20 agent_lives killed
daemon_end KILL
daemon_start
try agentctl kill killed
is 'an adopted agent can be killed' "$status" 0
agent_wait
is 'it died of SIGKILL' "$status" 137
daemon_stop
is 'agentosd stops in order' "$status" 0
says 'and ends enforcement' 'enforcement ended' "$work/agentosd.log"
fails 'nothing is pinned' test -e $pins
holds 'the module can be unloaded' module_unload

# --- stopped in order while an agent lives ---

module_load
daemon_start
agent_start left sh -c "until [ -e go ]; do sleep 0.2; done; ./refuse $secret 5 $other >refused; exec sleep 1000"
holds 'an agent runs' wait_for 20 agent_lives left
daemon_stop
is 'SIGTERM with an agent alive: agentosd stops in order' "$status" 0
says 'and says that enforcement goes on' 'enforcement goes on' "$work/agentosd.log"
holds 'the programs stay pinned' test -e $pins
touch "$work/left/go"
holds 'the agent goes on' wait_for 60 test -s "$work/left/refused"
is 'and is refused' "$(cat "$work/left/refused")" '5 0'
fails 'the module cannot be unloaded' module_unload
holds 'kill works without agentosd' agentctl kill left
daemon_start
account left $secret $other
is 'its denials are in the log of the next agentosd' "$(echo "$accounted" | cut -d' ' -f2,3)" \
	'0 5'

# --- killed at random moments ---

agent_start loop ./refuse $secret until end $other
moments=
for _ in 1 2 3 4 5 6 7 8 9 10; do
	wait=$(moment)
	moments="$moments $wait"
	# Not daemon_start: it may be killed before it answers.
	sleep "$wait"
	daemon_end KILL
	agentosd >>"$work/agentosd.log" 2>&1 </dev/null &
	daemon=$!
done
wait_for 60 daemon_answers
touch "$work/loop/end"
agent_wait
total=$(cut -d' ' -f1 "$work/loop.out")
account loop $secret $other
echo "killed after$moments s; $total denials, the log has $accounted" >>"$work/why"
if echo "$accounted" | awk -v total="$total" '{ exit !($3 <= total && $3 + $2 >= total) }'; then
	ok 'ten random kills: every denial is in the log once, or told as lost'
else
	not_ok 'ten random kills: every denial is in the log once, or told as lost' "$work/why"
fi
is 'the agent was never let through' "$(cut -d' ' -f2 "$work/loop.out")" 0

# --- outrun ---

daemon_stop
daemon_start
agent_start flood sh -c "until [ -e go ]; do sleep 0.2; done; exec ./refuse $secret 14000 $other"
holds 'an agent runs' wait_for 20 agent_lives flood
kill -STOP "$daemon"
# Else it would be held.
undrain
touch "$work/flood/go"
agent_wait
is 'a flood of denials is refused whole' "$(cat "$work/flood.out")" '14000 0'
drops=$(bpftool -j map dump pinned $pins/drops |
	python3 -c 'import json, sys
print(sum(cpu["value"] for cpu in json.load(sys.stdin)[0]["formatted"]["values"]))')
holds 'more than the ring holds' test "$drops" -gt 0
kill -CONT "$daemon"
holds 'agentosd answers again' wait_for 60 daemon_answers
account flood $secret $other
is 'the loss is told, as large as the kernel counted it' "$(echo "$accounted" | cut -d' ' -f2)" \
	"$drops"
is 'and with it every denial is accounted for' "$(echo "$accounted" | awk '{ print $2 + $3 }')" \
	14000
agentctl audit -n 50 >"$work/out" 2>&1
says 'plain words say it too' "$drops denial records" "$work/out"
try agentctl doctor
is 'the doctor has a problem with lost records' "$status" 1
says 'and says so' "$drops lost" "$work/out"
daemon_end KILL
daemon_start
account flood $secret $other
is 'an agentosd that takes over does not tell the loss again' \
	"$(echo "$accounted" | cut -d' ' -f2)" "$drops"

is 'no stage of a self-test that was killed is left' \
	"$(find /run -maxdepth 1 -name 'agentos-selftest-*')" ''
daemon_stop
holds 'at last the module can be unloaded' module_unload
stage_end
