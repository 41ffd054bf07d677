#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# agentctl audit anchor beside agentosd: who may run it, what it hands on, and a log that begins anew under the same key.
# timeout: 480

# shellcheck disable=SC2317 # what holds and wait_for call
# shellcheck source=tests/e2e/lib/stage.sh
. "$SRC/tests/e2e/lib/stage.sh"

module_load
daemon_start
workspace_make ws
cd "$work/ws" || exit 1
try agentctl run -- ./refuse /etc/shadow 3
daemon_stop
home=/home/demo

# --- who may ---

try agentctl audit anchor --once --state "$work/state" --to-file "$work/anchors"
is 'root is refused' $status 2
says 'and told why' 'run as root' "$work/err"
holds 'and nothing is written' test ! -e "$work/anchors" -a ! -e "$work/state"
try as agentu agentctl audit anchor --once --state /home/agentu/state --to-file /home/agentu/anchors
refused 'who is not in the group cannot' 1 'not readable for you'
try as demo agentctl audit anchor --once --state $home/state --to-file $home/anchors
is 'who is in the group can' "$status $(cat "$work/err")" '0 '
agentctl audit checkpoint >"$work/newest"
echo >>"$work/newest"
holds 'what is appended is the newest checkpoint' cmp "$work/newest" $home/anchors
try as demo agentctl audit anchor --once --state $home/state --to-file $home/anchors
is 'there is nothing new then' "$status $(grep -c '^nothing new' "$work/out")" '0 1'
try env AGENTOS_ANCHOR_STATE=$home/state agentctl doctor
says 'doctor tells how far' "up to record $(sed -n 2p $home/anchors), at " "$work/out"

# --- while it grows, and agentosd is killed ---

anchored() {
	[ "$(grep -c '^anchored' "$work/follow.out")" -ge "$1" ]
}
daemon_start
first=$(tail -n 1 "$audit_dir.pub")
as demo agentctl audit anchor --every 1s --key "$first" --state $home/state --to-file $home/anchors \
	--to-command sh -c "cat >>$home/second" >"$work/follow.out" 2>"$work/follow.err" </dev/null &
follower=$!
children="$children $follower"
agentctl run -- ./refuse /etc/shadow 3 >/dev/null
holds 'a following one hands the next one on' wait_for 180 anchored 1
agentctl run -- ./refuse /etc/shadow 3 >/dev/null
daemon_end KILL
daemon_start
agentctl run -- ./refuse /etc/shadow 3 >/dev/null
holds 'a log that goes on behind a crash is the same log' wait_for 180 anchored 2
# Who was told one key only is led to the next one, while it follows.
holds 'the key is changed' agentctl audit rotate-key
agentctl run -- ./refuse /etc/shadow 3 >/dev/null
daemon_stop
holds 'and goes on over a change of the key' wait_for 180 grep -q '^the log.s key was changed: ' \
	"$work/follow.out"
wait_for 20 anchored 4
is 'nothing is complained of' "$(cat "$work/follow.err")" ''
holds 'the command has what the file has' grep -qxF "$(tail -n 3 $home/anchors | head -n 1)" \
	$home/second
try agentctl audit verify --anchor $home/anchors
is 'the log is verified against it' $status 0
says 'by the last one' ', the anchor among them' "$work/out"
holds 'and by who knows the first key alone' \
	agentctl audit verify --anchor $home/anchors --key "$first"
says 'of all that there is' "$(agentctl audit checkpoint | sed -n 2p)" $home/anchors

# --- somebody writes the log anew, with the key that it has ---

cp $home/anchors "$work/before"
rm "$audit_dir"/*
daemon_start
agentctl run -- ./refuse /etc/shadow 3 >/dev/null
daemon_stop
status=0
wait $follower || status=$?
is 'the following one ends' $status 1
says 'and says so' 'NOT ANCHORED, and nothing more is sent: ' "$work/follow.err"
holds 'and has sent nothing of it' cmp "$work/before" $home/anchors
try as demo agentctl audit anchor --once --state $home/state --to-file $home/anchors
refused 'nor does another one' 1 'NOT ANCHORED'
try agentctl audit verify
is 'by itself the new log looks in order' $status 0
try agentctl audit verify --anchor $home/anchors
is 'what was anchored shows that it is not' $status 1

stage_end
