#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# agentctl policy apply: a running agent under another policy, and everything that refuses it.
# timeout: 300

# shellcheck disable=SC2317 # what holds and wait_for call
# shellcheck source=tests/e2e/lib/stage.sh
. "$SRC/tests/e2e/lib/stage.sh"

module_load
daemon_start

# Two files that lie in reach of one policy each; every agent looks at both all the time.
mkdir -p "$work/data"
echo first >"$work/data/first"
echo second >"$work/data/second"
chmod -R a+rX "$work/data"
# variant NAME: untrusted, and it may read data/NAME.
variant() {
	sed -e "s/^name: .*/name: $1/" -e "/^  read:/a\\    - $work/data/$1" \
		"$work/policies/untrusted.yaml" >"$work/policies/$1.yaml"
}
variant first
variant second
# The loop is the shell's own: an agent that may execute nothing goes on all the same.
# shellcheck disable=SC2016 # for that shell
looks='while :; do
	a=no b=no
	read -r x <"$0/first" && a=yes
	read -r x <"$0/second" && b=yes
	echo $a $b >state
	sleep 0.1
done 2>/dev/null'
sees() {
	[ "$(cat "$work/$1/state")" = "$2" ]
}
policies_are() {
	[ "$(counters | cut -d ' ' -f 3)" = "$1" ]
}
policy_of() {
	agentctl show --json "$1" | sed 's/.*"policy":\([0-9]*\).*/\1/'
}

policy=first
agent_start worker sh -c "$looks" "$work/data"
holds 'control: under the first policy it reads the first' wait_for 20 sees worker 'yes no'
before=$(policy_of worker)
try agentctl policy apply second worker --workspace "$work/worker"
is 'apply: done' "$status" 0
says 'it says so' "worker follows second now (policy $((before + 1)), before $before)" "$work/out"
is 'and nothing else' "$(wc -l <"$work/out")" 1
holds 'under the second policy it reads the second' wait_for 20 sees worker 'no yes'
is 'the kernel tells the new one' "$(policy_of worker)" $((before + 1))
holds 'the old policy is let go of' wait_for 20 policies_are 1
audit_settle
agentctl audit >"$work/log"
says 'the log has the exchange' "follows policy $((before + 1)) from now on, no longer $before" \
	"$work/log"
says 'and who asked for it' "agentosd put a running agent under policy $((before + 1))" "$work/log"
says 'by user' 'of user id 0' "$work/log"
agentctl audit --json --agent worker >"$work/log"
says 'and the same as JSON' "\"event\":\"policy\"" "$work/log"
says 'with the one before' "\"before\":$before" "$work/log"
try agentctl policy apply --json first worker --workspace "$work/worker"
is 'apply --json: done' "$status" 0
says 'as one object' "\"policy\":$((before + 2)),\"before\":$((before + 1)),\"agents\":1" "$work/out"
says 'with what was not given' '"not_given":[]' "$work/out"
holds 'and back' wait_for 20 sees worker 'yes no'

# --- rights only go ---

sed -e 's/^name: .*/name: still/' -e '/^  - file-exec$/d' -e '/^  exec:/,/^  deny:/{/^  deny:/!d}' \
	"$work/policies/second.yaml" >"$work/policies/still.yaml"
holds 'a policy without file-exec is valid' agentctl policy check still
try agentctl policy apply still worker --workspace "$work/worker"
is 'fewer rights: done' "$status" 0
try agentctl rights worker
says 'the right is gone' 'no  file-exec' "$work/out"
try agentctl policy apply second worker --workspace "$work/worker"
is 'more rights: done' "$status" 0
says 'but they are not given' 'not given, as a running agent gains no rights: file-exec' "$work/out"
try agentctl rights worker
says 'indeed not' 'no  file-exec' "$work/out"

# --- what is wrong changes nothing ---

# Its policy, and how many agents, policies and held objects there are.
state_now() {
	echo "$(policy_of worker) $(counters | cut -d ' ' -f 1,3,4)"
}
same() {
	is "$1: nothing changed" "$(state_now)" "$kept"
}
kept=$(state_now)
sed 's/^rights:/right:/' "$work/policies/first.yaml" >"$work/policies/typo.yaml"
try agentctl policy apply typo worker --workspace "$work/worker"
refused 'a typo: file, line and what was meant' 3 'rights'
same 'a typo'
try agentctl policy apply first worker
refused 'a variable without a value' 3 'variable "WORKSPACE" has no value here'
same 'no workspace'
try agentctl policy apply first worker --workspace "$work/nowhere"
refused 'a workspace that is none' 1 'nowhere'
same 'a wrong workspace'
try agentctl policy apply first nobody --workspace "$work/worker"
refused 'an agent that is none' 1 'nobody'
try agentctl policy apply nosuch worker --workspace "$work/worker"
refused 'a policy that is none' 3 'nosuch'
try agentctl policy apply first
refused 'an agent is to be named' 2 'apply takes a policy and an agent'
try agentctl policy list --workspace /
refused 'an option of another verb' 2 '--workspace goes with check, apply'
same 'all of these'

# --- whose agent it is ---

try as demo agentctl policy apply second worker --workspace "$work/worker"
refused 'not its owner' 1 'only its owner and root may put worker under a policy'
same 'another user'
try as agentu agentctl policy apply second worker --workspace "$work/worker"
is 'not even in the group: refused' "$status" 1
mkdir "$work/own"
chown demo: "$work/own"
(cd "$work/own" && as demo agentctl run --policy first --name own -- sh -c "$looks" "$work/data") \
	>"$work/own.out" 2>&1 </dev/null &
children="$children $!"
holds 'control: an agent of demo runs' wait_for 20 sees own 'yes no'
try as demo agentctl policy apply second own --workspace "$work/own"
is 'its owner: done' "$status" 0
holds 'and it follows' wait_for 20 sees own 'no yes'
audit_settle
agentctl audit >"$work/log"
says 'the log names the user' "of user id $(id -u demo)" "$work/log"

# --- a trap laid under the old policy ---

sed -e 's/^name: .*/name: reads/' -e '/^  write:/,/^  exec:/{/^  exec:/!d}' \
	-e '/^  - file-write$/d' -e "/^  read:/a\\    - \${WORKSPACE}/notes" \
	"$work/policies/first.yaml" >"$work/policies/reads.yaml"
ln -s "$work/data/second" "$work/worker/notes"
sleep 2.1
policy=first
# shellcheck disable=SC2016 # for that shell
agent_start digger sh -c 'ln -s /etc/shadow notes; ln -s "$0/second" fine; touch done; exec sleep 1000' \
	"$work/data"
holds 'an agent lays a link where the next policy reads' wait_for 20 test -e "$work/digger/done"
is 'indeed' "$(readlink "$work/digger/notes")" /etc/shadow
try agentctl policy apply reads digger --workspace "$work/digger"
refused 'the link is not followed' 3 'a symbolic link ("notes") that is younger than the agent'
try agentctl policy apply reads digger --workspace "$work/worker"
is 'control: a link that was there before is' "$status" 0

# --- without enforcement ---

daemon_stop
try agentctl policy apply second worker --workspace "$work/worker"
is 'without agentosd: refused' "$status" 125
says 'in one line that says what to do' agentosd "$work/err"
daemon_start
try agentctl policy apply second own --workspace "$work/own"
is 'control: with the next agentosd it works' "$status" 0
try agentctl kill --all
holds 'all agents end, and their policies with them' wait_for 30 policies_are 0
daemon_stop
is 'agentosd ends' "$status" 0
holds 'nothing holds the module' wait_for 30 module_unload
stage_end
