#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Audit classes: what there is no room to record is done under verbose, and refused under strict; and what may be read, not written.
# timeout: 480

# shellcheck disable=SC2317 # what try and holds call
# shellcheck source=tests/e2e/lib/stage.sh
. "$SRC/tests/e2e/lib/stage.sh"

# class_make WORD: a policy that differs from the others in what it records alone.
class_make() {
	cat >"$work/policies/class-$1.yaml" <<-END
		name: class-$1
		extends: untrusted
		audit: $1
	END
}

# flood CLASS: an agent that opens its own file 10,000 times while nobody reads the rings,
# which have room for fewer records than that. Its counts are then in $refused and $opened, and
# how many denials it has for it, in $denials. It ends without doing anything that takes room.
flood() {
	policy=class-$1
	agent_start "$1" sh -c 'echo x >mine; touch begun; until [ -e go ]; do sleep 0.2; done
		./refuse mine 10000; until [ -e end ]; do :; done'
	wait_for 20 test -e "$work/$1/begun" || bail "$1 does not run"
	kill -STOP "$daemon"
	denials=$(denials_of "$1")
	touch "$work/$1/go"
	wait_for 120 test -s "$work/$1.out" || bail "$1 does not come to its end"
	denials=$(($(denials_of "$1") - denials))
	touch "$work/$1/end"
	agent_wait
	refused=$(cut -d' ' -f1 "$work/$1.out")
	opened=$(cut -d' ' -f2 "$work/$1.out")
}

denials_of() {
	agentctl show --json "$1" | sed -n 's/.*"denials":\([0-9]*\).*/\1/p'
}

# What the kernel counted: slot 2 of the map has acts that were refused for want of room.
dropped() {
	bpftool -j map dump pinned $pins/drops | python3 -c 'import json, sys
print(sum(cpu["value"] for cpu in json.load(sys.stdin)[int(sys.argv[1])]["formatted"]["values"]))' "$1"
}

module_load
daemon_start
for class in normal verbose strict; do
	class_make $class
done

# --- controls: what is not strict is done, recorded or not ---

flood normal
is 'control: under normal nothing is refused' "$refused $opened" '0 10000'
is 'and no record is lost' "$(dropped 1)" 0
kill -CONT "$daemon"
holds 'agentosd answers' wait_for 60 daemon_answers

flood verbose
is 'control: under verbose what is not recorded is done' "$refused $opened" '0 10000'
lost=$(dropped 1)
holds 'though records are lost' test "$lost" -gt 0
is 'no act was refused for it' "$(dropped 2)" 0
try agentctl show verbose
kill -CONT "$daemon"
holds 'agentosd answers' wait_for 60 daemon_answers

# --- strict ---

# The rings are new: what was lost before is not counted with it.
daemon_stop
daemon_start
flood strict
holds 'under strict some were done, as long as there was room' test "$opened" -gt 1000
holds 'and some were not' test "$refused" -gt 1000
is 'each of them is either' "$((refused + opened))" 10000
is 'each refusal is counted' "$(dropped 2)" "$refused"
is 'as one denial of the agent' "$denials" "$refused"
kill -CONT "$daemon"
holds 'agentosd answers' wait_for 60 daemon_answers
audit_settle
agentctl audit --json >"$work/audit.json" 2>"$work/err"
is 'of what was done each act is in the log' \
	"$(grep -c '"verdict":"allowed".*"comm":"refuse".*strict/mine"' "$work/audit.json")" "$opened"
is 'and each refusal is there, counted there, or told as lost' \
	"$(python3 -c 'import json, sys
count = 0
for line in open(sys.argv[1]):
    r = json.loads(line)
    if r.get("why") == "unrecorded" and r.get("verdict") == "denied": count += 1
    if r.get("event") == "repeated" and r["agent_name"] == "strict": count += r["count"]
    if r.get("type") == "loss" and r.get("stream") == "denials": count += r["count"]
print(count)' "$work/audit.json")" "$refused"
agentctl audit --denied --seq -n 50 >"$work/out" 2>&1
says 'plain words say why' 'there was no room to record it' "$work/out"
seq=$(sed -n 's/^#\([0-9]*\).*no room to record.*/\1/p' "$work/out" | tail -n 1)
try agentctl policy explain "$seq"
says 'and policy explain what to do' 'audit: verbose' "$work/out"
try agentctl doctor
is 'the doctor has a problem with it' "$status" 1
says 'and says how many' "$refused acts of strict agents refused" "$work/out"

# What is watched is a denial that is let pass; the same again and again takes no room.
workspace_make watched
: >"$work/watched/mine"
class_make watched
# shellcheck disable=SC2016 # agentctl expands it
sed -i 's/^audit: .*/audit: strict\nfiles: {watch: ["${WORKSPACE}\/mine"]}/' "$work/policies/class-watched.yaml"
flood watched
is 'under strict what is watched is done' "$refused $opened" '0 10000'
is 'each of them is one denial' "$denials" 10000
kill -CONT "$daemon"
holds 'agentosd answers' wait_for 60 daemon_answers

# --- room again ---

policy='class-strict'
agent_start again sh -c 'echo x >mine; ./refuse mine 100 >counts; exec sleep 1000'
holds 'with room a strict agent works' wait_for 60 test -s "$work/again/counts"
is 'and is refused nothing' "$(cat "$work/again/counts")" '0 100'
try agentctl show again
says 'show says what it is' 'strict: what cannot be recorded is refused' "$work/out"
try agentctl show --json again
says 'and as JSON' '"record_allowed":true,"strict":true' "$work/out"
try agentctl ps
says 'and so does ps' '(strict)' "$work/out"
cp "$work/policies/class-normal.yaml" "$work/policies/later.yaml"
try agentctl policy apply class-normal again --workspace "$work/again"
is 'another policy can be less' "$status" 0
try agentctl show --json again
says 'then it is not strict' '"record_allowed":false,"strict":false' "$work/out"
agentctl kill again >/dev/null

# --- what files are called ---

# names_told AGENT: each open that renames tells of is in the log by the name that it had then.
names_told() {
	audit_settle
	agentctl audit --json --agent "$1" --operation file_open >"$work/audit.json" 2>"$work/err"
	holds "$1: each open is told by the name that the file had" \
		python3 "$SRC/tests/e2e/lib/told.py" "$work/audit.json" "$work/$1.out"
}

policy='class-verbose'
# Not on an overlay: that renames, below, for all that it makes.
mkdir -p "$work/renamed"
mount -t tmpfs -o mode=755 renamed "$work/renamed"
workspace_make renamed
cp "$BUILD/tests/kernel/prog/renames" "$work/renamed"
agent_start renamed ./renames "$work/renamed"
agent_wait
is 'files are renamed and opened' "$status" 0
names_told renamed
umount "$work/renamed"
cat >"$work/policies/mounts.yaml" <<-'END'
	name: mounts
	extends: trusted
	audit: verbose
END
policy=mounts
workspace_make mounted
cp "$BUILD/tests/kernel/prog/renames" "$work/mounted"
agent_start mounted ./renames "$work/mounted" mounts
agent_wait
is 'mounts come and go' "$status" 0
names_told mounted

# --- deny-write ---

workspace_make kept
mkdir -p "$work/kept/hooks"
echo old >"$work/kept/config"
echo old >"$work/kept/hooks/one"
echo old >"$work/kept/other"
chown -R 0:0 "$work/kept"
cat >"$work/policies/kept.yaml" <<'END'
name: kept
extends: untrusted
files:
  deny-write: ["${WORKSPACE}/config", "${WORKSPACE}/hooks"]
END
cat >"$work/kept/acts" <<'END'
act() { "$@" >/dev/null 2>&1 && echo yes || echo no; }
act cat config hooks/one
act ls hooks
act sh -c 'echo new >config'
act sh -c 'echo new >>config'
act sh -c 'echo new >hooks/two'
act rm config
act mv config gone
act mv other config
act ln -f other config
act chmod 777 config
act truncate -s 0 config
act rm -rf hooks
act mv hooks gone
act sh -c 'echo new >other'
END
(cd "$work/kept" && agentctl run --policy kept -- sh acts) >"$work/kept.out" 2>&1
is 'what is denied for writing is read, and neither changed, replaced nor moved; the rest is' \
	"$(tr '\n' ' ' <"$work/kept.out")" 'yes yes no no no no no no no no no no no yes '
is 'it is as it was' "$(cat "$work/kept/config" "$work/kept/hooks/one")" "$(printf 'old\nold')"
mkdir -p "$work/control" && cp -r "$work/kept/config" "$work/kept/hooks" "$work/kept/acts" "$work/control"
cp "$work/kept/other" "$work/control"
(cd "$work/control" && agentctl run -- sh -c 'echo new >config && echo new >hooks/two && rm -r hooks') \
	>"$work/out" 2>&1
is 'control: without the list all of that is done' "$(cat "$work/control/config")" new

daemon_stop
holds 'the module can be unloaded' module_unload
stage_end
