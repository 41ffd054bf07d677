#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# agentctl run: what a program keeps when it becomes an agent, what it loses, and when it is not run.
# timeout: 480

# shellcheck disable=SC2317 # what try and holds call
# shellcheck source=tests/e2e/lib/stage.sh
. "$SRC/tests/e2e/lib/stage.sh"

module_load
mkdir -p "$work/ws"
cd "$work/ws" || exit 1
chmod 777 "$work/ws"

# --- without agentosd ---

try agentctl run -- touch ran
refused 'without agentosd: 125 and one line' 125 'agentosd'
fails 'without agentosd nothing was run' test -e ran
daemon_start
try agentctl run -- touch ran
holds 'control: with agentosd it is run' test -e ran
rm -f ran

# --- what stays as it is ---

for code in 0 3 255; do
	try agentctl run -- sh -c "exit $code"
	is "exit status $code is the program's" "$status" $code
done
for signal in TERM:143 KILL:137 SEGV:139; do
	try agentctl run -- sh -c "kill -${signal%:*} \$\$"
	is "death by SIG${signal%:*} is seen as such" "$status" "${signal#*:}"
done
try sh -c 'echo from-stdin | agentctl run -- cat'
is 'standard input and output are the caller'"'"'s' "$(cat "$work/out")" from-stdin
try agentctl run -- sh -c 'echo to-stderr >&2'
is 'standard error is the caller'"'"'s' "$(cat "$work/err")" to-stderr
try agentctl run -- pwd
is 'the directory is the caller'"'"'s' "$(cat "$work/out")" "$work/ws"
try agentctl run -- id -u
is 'the user is the caller: root' "$(cat "$work/out")" 0
try as demo sh -c 'cd && exec agentctl run -- sh -c "id -u; id -nG; pwd"'
is 'the user is the caller: demo, with the same groups' "$(tr '\n' ' ' <"$work/out")" \
	"1000 demo agentos /home/demo "
try as agentu agentctl run --workspace /home/agentu -- touch ran
refused 'a user outside the group is refused in one line' 125 'agentos'
fails 'and nothing was run for that user' test -e ran
# shellcheck disable=SC2016 # so do these two
try sh -c 'echo $$; exec agentctl run -- sh -c "echo \$\$"'
is 'the program has the process id of agentctl' "$(sed -n 2p "$work/out")" \
	"$(sed -n 1p "$work/out")"

# --- the terminal ---

# on_terminal COMMAND: in a terminal of its own, with what comes from standard input typed.
on_terminal() {
	script -qec "exec $1" /dev/null
}

try on_terminal "agentctl run -- sh -c 'test -t 0 && test -t 1 && tty && echo by-tty >/dev/tty'"
holds 'the program has the terminal as its own' grep -q /dev/pts/ "$work/out"
says 'and can write to it by name' by-tty "$work/out"
says 'on a terminal one line tells about the agent' 'agentos: agent sh-' "$work/out"
try on_terminal "agentctl run --quiet -- true"
is '--quiet leaves that line away' "$(cat "$work/out")" ""

# Types Ctrl-C into the terminal of COMMAND once the file ready is there.
interrupt() {
	{
		wait_for 20 test -e ready
		printf '\003'
	} | script -qec "exec $1" /dev/null
}

cat >trapping.sh <<'END'
trap 'exit 42' INT
touch ready
while :; do sleep 0.2; done
END
rm -f ready
try interrupt 'agentctl run -- sh trapping.sh'
is 'Ctrl-C reaches the agent, and its own status comes back' "$status" 42
rm -f ready
try interrupt 'agentctl run -- sh -c "touch ready; exec sleep 100"'
is 'Ctrl-C ends an agent that does not catch it: 130' "$status" 130

# --- programs that cannot be run ---

try agentctl run -- no-such-program
refused 'no such program: 127' 127 'no-such-program'
try agentctl run -- ./no-such-program
refused 'no such path: 127' 127 'no-such-program'
echo 'exit 0' >not-executable
try agentctl run -- ./not-executable
refused 'not executable: 126' 126 'not-executable'
try agentctl run -- "$bin/refuse" /etc/shadow 1
refused 'a program that the policy does not let execute: 126' 126 'policy'
try "$bin/refuse" /etc/passwd 1
is 'control: outside an agent it executes' "$status" 0
try agentctl run --policy no-such -- touch ran
refused 'unknown policy: 3, and those there are' 3 'untrusted'
try agentctl run --workspace ./nowhere -- touch ran
refused 'a workspace that is not there' 1 'nowhere'
try agentctl run --no-such-option -- touch ran
refused 'unknown option: 2' 2 'agentctl help run'
try agentctl run
refused 'no program: 2' 2 'agentctl help run'
fails 'none of these ran anything' test -e ran

# --- what is taken away ---

# shellcheck disable=SC2016 # the shell that is probed expands it
probe='for fd in 3 4 5 6 7 8 9; do [ ! -h /proc/$$/fd/$fd ] || echo $fd; done; :'
try sh -c "exec sh -c '$probe' 7</etc/passwd 9</etc"
says 'control: open descriptors are inherited' 7 "$work/out"
try sh -c "exec agentctl run -- sh -c '$probe' 7</etc/passwd 9</etc"
is 'descriptors above 2 are closed' "$status:$(cat "$work/out")" 0:
status=0
agentctl run -- touch ran >"$work/out" 2>"$work/err" </tmp || status=$?
refused 'a directory as standard input is refused' 1 'a directory'
fails 'and nothing was run with it' test -e ran

environ="tr '\\0' '\\n' </proc/self/environ"
export SECRET_TOKEN=hunter2 AGENTOS_SPOOF=yes
try agentctl run -- sh -c "$environ"
fails 'untrusted: a secret of the environment is gone' grep -q hunter2 "$work/out"
says 'untrusted: HOME is the workspace' "HOME=$work/ws" "$work/out"
says 'the agent is told its name' 'AGENTOS_AGENT=sh-' "$work/out"
fails 'and cannot be told others by the caller' grep -q AGENTOS_SPOOF "$work/out"
try agentctl run --policy trusted -- sh -c "$environ"
says 'trusted: the environment is untouched' SECRET_TOKEN=hunter2 "$work/out"
unset SECRET_TOKEN AGENTOS_SPOOF

try grep NoNewPrivs /proc/self/status
is 'control: outside, privileges can be gained' "$(cut -f2 "$work/out")" 0
try agentctl run -- grep NoNewPrivs /proc/self/status
is 'no_new_privs is set' "$(cut -f2 "$work/out")" 1
try agentctl run -- sh -c 'ulimit -c'
is 'no core dumps' "$(cat "$work/out")" 0

# --- --workspace ---

mkdir -p "$work/elsewhere"
try agentctl run --workspace "$work/elsewhere" -- sh -c "touch '$work/elsewhere/mine'"
holds '--workspace: that directory may be written' test -e "$work/elsewhere/mine"
try agentctl run --workspace "$work/elsewhere" -- touch "$work/ws/not-mine"
fails '--workspace: the current one may not' test -e "$work/ws/not-mine"
try agentctl run -- touch "$work/ws/not-mine"
holds 'control: without it, it may' test -e "$work/ws/not-mine"

# --- --name ---

agent_start twice sh -c 'until [ -e go ]; do sleep 0.2; done; exit 5'
holds 'an agent with a name runs' wait_for 20 agent_lives twice
held=$(counters)
try agentctl run --name twice -- touch ran
refused 'a second agent of that name is refused' 1 'twice'
fails 'and was not run' test -e ran
holds 'the first one goes on' agent_lives twice
# What it runs comes and goes, and its end is counted a moment late.
counters_are_held() {
	[ "$(counters)" = "$held" ]
}
holds 'the refused one left nothing behind' wait_for 20 counters_are_held
try agentctl run --name 'with/slash' -- true
refused 'a name with a slash is refused' 2 'name'
touch "$work/twice/go"
agent_wait
is 'the first one ends with its own status' "$status" 5

again=0
while [ $again -lt 50 ]; do
	try agentctl run --name again -- true
	[ "$status" = 0 ] || break
	again=$((again + 1))
done
is 'a name is free again as soon as its agent has ended, 50 times' "$again" 50

# --- many ---

for i in 01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20; do
	# shellcheck disable=SC2016 # the agent's shell expands it
	agentctl run --name "many-$i" -- sh -c 'echo "$AGENTOS_AGENT" >"many.$AGENTOS_AGENT"' &
	many="$many $!"
done
failed=0
for pid in $many; do
	wait "$pid" || failed=$((failed + 1))
done
is 'twenty agents at once: none fails' $failed 0
is 'each of them was itself' "$(cat many.many-* | sort | tr -d '\n')" \
	"$(for i in 01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20; do
		printf 'many-%s' $i
	done)"
holds 'all of it is let go' wait_for 20 counters_zero

# --- enforcement that somebody takes away, or that cannot be proved ---

: >"$work/secret"
pinned=$(find $pins/links | wc -l)
rm -r $pins/links
holds 'somebody unpinned all hooks' test "$pinned" -gt 60
try agentctl run -- cat "$work/secret"
is 'they hold as long as agentosd is there: an agent is refused' "$status" 1
says 'by the kernel' 'Permission denied' "$work/err"
try agentctl selftest
is 'the self-test proves each of them' "$status" 0
daemon_end KILL
daemon_start || bail 'agentosd does not start again'
# Those that count packets come and go.
holds 'the next agentosd pins all anew' test "$(find $pins/links | wc -l)" -ge "$pinned"
try agentctl run -- cat "$work/secret"
is 'and they hold' "$status" 1
try agentctl run -- touch ran
is 'control: an agent runs' "$status" 0
rm -f ran

# What forbids the act before the hook is asked: the hook is there, but nobody has seen it refuse.
spaces=$(cat /proc/sys/user/max_user_namespaces)
echo 0 >/proc/sys/user/max_user_namespaces
try agentctl selftest
is 'a hook that cannot be proved: the self-test fails' "$status" 1
says 'and says which' 'make a user namespace' "$work/out"
try agentctl run -- touch ran
refused 'and from then on agentosd refuses: 125' 125 'enforcement is off'
fails 'and nothing was run' test -e ran
echo "$spaces" >/proc/sys/user/max_user_namespaces
try agentctl selftest
is 'once it can be, the self-test proves it' "$status" 0
try agentctl run -- touch ran
is 'and agents run again' "$status" 0
daemon_stop
is 'agentosd ends in order after that' "$status" 0
holds 'the module can be unloaded' module_unload
stage_end
