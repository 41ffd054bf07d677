#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# agentctl's verbs on agents that run: pause, budget, sched, rights, mail, sub-agents, the panic stop.
# timeout: 480

# shellcheck disable=SC2317 # what holds and wait_for call
# shellcheck source=tests/e2e/lib/stage.sh
. "$SRC/tests/e2e/lib/stage.sh"

module_load
daemon_start
cat >"$work/policies/crew.yaml" <<'EOF'
extends: untrusted
rights: [file-read, file-write, file-exec, derive, message-send, message-receive]
EOF
agentctl policy check crew >"$work/said" 2>&1 || {
	# A policy stands alone where there is no extends.
	sed -e '/^rights:/,/^$/c rights: [file-read, file-write, file-exec, derive, message-send, message-receive]\n' \
		"$work/policies/untrusted.yaml" >"$work/policies/crew.yaml"
}
holds 'the policy of this test is valid' agentctl policy check crew
policy=crew

# field NAME FIELD: a number or word of `agentctl show --json`.
field() {
	agentctl show --json "$1" | tr ',{' '\n' | sed -n "s/^\"$2\":\"\\{0,1\\}\\([^\"}]*\\)\"\\{0,1\\}.*/\\1/p" | head -n 1
}
state_is() {
	[ "$(field "$1" state)" = "$2" ]
}
has_ended() {
	! agentctl ps | awk -v name="$1" '$2 == name { found = 1 } END { exit !found }'
}

# --- pause, resume, wait, kill ---

agent_start spinner sh -c 'while :; do echo x >>count; done'
spinner=$agent
holds 'the agent runs' wait_for 20 test -s "$work/spinner/count"
try agentctl pause spinner
is 'pause: done' "$status" 0
is 'its state is told' "$(field spinner state)" paused
before=$(wc -c <"$work/spinner/count")
sleep 0.5
is 'paused: nothing goes on' "$(wc -c <"$work/spinner/count")" "$before"
try agentctl resume 'spin*'
is 'resume by pattern: done' "$status" 0
grows() {
	[ "$(wc -c <"$work/spinner/count")" -gt "$before" ]
}
holds 'control: resumed, it goes on' wait_for 20 grows
try agentctl wait --timeout 0 spinner
refused 'wait gives up in one line' 1 'still there'
agentctl wait --timeout 60 spinner >"$work/waited" 2>&1 &
waiter=$!
holds 'wait has found it' wait_for 20 sh -c "ls -l /proc/$waiter/fd | grep -q 'anon_inode:.agentos.'"
try agentctl kill spinner
is 'kill: done' "$status" 0
holds 'wait returns when it has ended' wait $waiter
says 'and says how it ended' 'spinner: killed' "$work/waited"
agent=$spinner agent_wait
is 'the program was killed' "$status" 137
agent_start first sleep 1000
agent_start second sleep 1000
holds 'two run' wait_for 20 sh -c 'agentctl ps | grep -q first && agentctl ps | grep -q second'
try agentctl kill first nobody second
refused 'a word that means nothing is told in one line' 1 'no live agent nobody'
holds 'and stops nothing else from being stopped' wait_for 20 has_ended second
try agentctl pause nobody
refused 'an unknown agent: one line' 1 'no live agent nobody'
try agentctl pause 'no*'
refused 'a pattern that matches nothing: one line' 1 'no live agent matches no*'
try agentctl pause
refused 'no agent named: one line' 2 'or --all'
try agentctl pause --all spinner
refused '--all with a name: one line' 2 '--all stands alone'

# --- budgets ---

agent_start worker sleep 1000
holds 'a worker runs' wait_for 20 agent_lives worker
try agentctl budget worker
says 'the table of budgets' tokens "$work/out"
is 'has a row for each resource' "$(wc -l <"$work/out")" 7
try agentctl budget worker tokens 200k --period 24h
is 'a limit is set' "$status" 0
try agentctl budget --json worker
says 'and told' '"tokens":{"limit":200000,"used":0,"reserved":0,"action":"refuse","period_ns":86400000000000' "$work/out"
# shellcheck disable=SC2016 # dollars
try agentctl budget worker microdollars '$1.50'
try agentctl budget --json worker
says 'money can be written as money' '"microdollars":{"limit":1500000,' "$work/out"
try agentctl budget worker tokens plenty
refused 'what is no amount: one line' 2 'no amount'
try agentctl budget worker tokes 5
refused 'an unknown resource: one line' 2 'there are tokens, microdollars'
try agentctl budget worker wall-ns 1h --period 1h
refused 'a period of a deadline: one line' 2 'no --period'
try agentctl budget worker tokens 5 --action maim
refused 'an unknown action: one line' 2 'refuse, pause or kill'
try as agentu agentctl budget worker tokens 5
refused 'a stranger sets no limit' 1 'agentos'
try as demo agentctl budget worker tokens 5
refused 'nor does another user of the group' 1 'only its owner and root'
agent_start burner sh -c 'while :; do :; done'
holds 'a burner runs' wait_for 20 agent_lives burner
try agentctl budget burner cpu-ns 200ms --action kill
agent_wait
is 'a limit of processor time ends it' "$status" 137
agent_start sleeper sleep 1000
holds 'a sleeper runs' wait_for 20 agent_lives sleeper
try agentctl budget sleeper wall-ns 1s --action pause
holds 'a deadline pauses it' wait_for 20 state_is sleeper paused

# --- priority ---

try agentctl sched worker --criticality 25 --phase background
is 'a priority is set' "$status" 0
pid=$(field worker first_pid)
is 'its process has it' "$(ps -o ni= -p "$pid" | tr -d ' ')" 15
try agentctl sched worker
says 'and it is told' 'phase       background' "$work/out"
try agentctl sched worker --criticality 101
refused 'more than there is: one line' 2 '0 to 100'
try agentctl sched worker --phase dreaming
refused 'an unknown phase: one line' 2 'working, interactive'

# --- rights ---

try agentctl rights worker
says 'rights are listed' 'yes derive' "$work/out"
try agentctl rights worker --drop derive
is 'one is dropped' "$status" 0
try agentctl rights worker
says 'and gone' 'no  derive' "$work/out"
try agentctl rights worker --keep net-connect
refused 'nothing would be left: one line' 1 'use --revoke'
try agentctl rights worker --drop flying
refused 'an unknown right: one line' 2 'no such right'

# --- mail ---

try agentctl send worker 'first message'
is 'a message is sent' "$status" 0
echo 'second' | agentctl send worker
try agentctl recv worker
is 'and received' "$(cat "$work/out")" 'first message'
try agentctl recv --json worker
says 'with who sent it' '"agent":0,' "$work/out"
says 'and what it says' '"text":"second\u000a"' "$work/out"
try agentctl recv worker
refused 'an empty box: one line' 1 'is empty'
try agentctl send worker ''
refused 'an empty message: one line' 1 'is empty'
head -c 65537 /dev/zero | tr '\0' x >"$work/long"
try sh -c "agentctl send worker <'$work/long'"
refused 'a message too long: one line' 1 'longer than 65536'
try as demo agentctl recv worker
refused 'another user does not read it' 1 'only its owner and root'

# --- sub-agents ---

agent_start crew sleep 1000
holds 'a crew runs' wait_for 20 agent_lives crew
(cd "$work/crew" && exec agentctl spawn --under crew --name one --rights file-read,file-exec -- \
	sleep 1000) >"$work/one.out" 2>&1 </dev/null &
children="$children $!"
holds 'a sub-agent runs' wait_for 20 agent_lives crew.one
try agentctl tree
says 'the tree has it below its parent' '  crew.one (' "$work/out"
is 'with the rights it was given' "$(agentctl rights crew.one | grep -c '^yes')" 2
(cd "$work/crew" && SECRET_TOKEN=abc KEPT=yes exec agentctl spawn --under crew --name env \
	--env KEPT --env MADE=this -- env) >"$work/out" 2>"$work/err" </dev/null
is 'a sub-agent does not get the environment of whoever makes it' \
	"$(grep -c SECRET_TOKEN "$work/out")" 0
is 'but what is kept or set, and a home' "$(grep -cE "^(KEPT=yes|MADE=this|HOME=$work/crew)$" "$work/out")" 3
try agentctl spawn --under crew.one --name two --rights file-write -- true
refused 'more rights than the parent: one line' 1 'has not all of these rights'
try agentctl spawn --under nobody -- true
refused 'under nobody: one line' 1 'no agent nobody'
agent_start broke sleep 1000
holds 'an agent that is to lose its rights' wait_for 20 agent_lives broke
try agentctl rights broke --revoke
try agentctl spawn --under broke -- true
refused 'under one without rights: one line' 1 'its rights were revoked'
try agentctl spawn -- true
refused 'under nothing: one line' 2 'needs --under'
try agentctl spawn --under crew -- /no/such/program
refused 'no such program: one line' 127 'No such file'
try agentctl pause crew
is 'a pause of the parent' "$status" 0
is 'holds the sub-agent' "$(field crew.one state)" paused
try agentctl resume crew
# shellcheck disable=SC2016 # for the inner shell
(cd "$work/crew" && cp "$bin/agentctl" . && exec agentctl run --policy crew --name maker -- sh -c \
	'./agentctl spawn --under self --name made -- sh -c "echo \$AGENTOS_AGENT; exit 7"; echo $?') \
	>"$work/out" 2>"$work/err" </dev/null
is 'an agent with the right makes sub-agents of itself' "$(tr '\n' ' ' <"$work/out")" \
	'maker.made 7 '
(cd "$work/crew" && exec agentctl run --policy untrusted --name poor -- \
	./agentctl spawn --under self -- true) >"$work/out" 2>"$work/err" </dev/null
status=$?
refused 'one without it does not' 1 'no AGENTOS_FD'
try agentctl kill crew
is 'killing the parent' "$status" 0
holds 'ends the sub-agent' wait_for 20 has_ended crew.one

# --- top ---

try agentctl top --once
says 'top lists the agents' worker "$work/out"
says 'with what was refused' DENIALS "$work/out"
# Presses q after a while.
try sh -c '{ sleep 2; printf q; sleep 1; } | script -qec "agentctl top" /dev/null'
is 'top on a terminal ends with q' "$status" 0
says 'it is drawn on the second screen' '[?1049h' "$work/out"
says 'which is left as it was found' '[?1049l' "$work/out"
says 'and shows the agents' sleeper "$work/out"

# --- the panic stop ---

for n in 1 2 3 4 5; do
	agent_start "many-$n" sleep 1000
done
holds 'many agents run' wait_for 30 agent_lives many-5
try agentctl pause --all
is 'pause --all: done' "$status" 0
is 'all are paused' "$(agentctl ps | grep -c ' paused ')" 8
try agentctl kill --all
is 'kill --all: done' "$status" 0
holds 'nothing is left of any' wait_for 20 sh -c '! agentctl ps | grep -q -e many- -e worker'

daemon_stop
module_unload
stage_end
