#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Floods of denials: each is in the log or counted there, whoever outruns the log is held, and nobody else is.
# timeout: 600

# FLOOD_SECONDS: how long the agents flood the log; without it, so many times. FLOOD_AGENTS: how many
# they are (32).
# shellcheck disable=SC2317 # what holds calls
# shellcheck source=tests/e2e/lib/stage.sh
. "$SRC/tests/e2e/lib/stage.sh"
count=${FLOOD_AGENTS:-32}

cp "$BUILD/tests/kernel/prog/flood" "$bin"
chmod 755 "$bin/flood"
mkdir "$work/other"
: >"$work/other/file"
: >"$work/other/file2"

# member NAME ARGUMENT...: an agent that waits for $work/NAME/go, floods, says how often it was
# refused in $work/NAME/refused, and waits for $work/NAME/end, all as tests/kernel/prog/flood.c has it.
member() {
	who=$1
	shift
	workspace_make "$who"
	cp "$bin/flood" "$work/$who"
	agent_start "$who" ./flood "$@"
}

begun() {
	wait_for 120 test -e "$work/$1/begun" || bail "$1 does not run"
}

field() {
	agentctl show --json "$1" | sed -n "s/.*\"$2\":\([0-9]*\).*/\1/p"
}

# held NAME [COUNT]
held() {
	[ "$(field "$1" held)" -ge "${2:-1}" ]
}

# exact NAME...: of each, the denials that the kernel counts are in the log, in full or by number,
# and nothing of anybody is lost.
exact() {
	for who in "$@"; do
		echo "$who $(field "$who" id) $(field "$who" denials)"
	done >"$work/expected"
	python3 - "$work/expected" "$work/audit.json" <<'END'
import json
import sys

agents = {}
for line in open(sys.argv[1]):
    name, agent, denials = line.split()
    agents[int(agent)] = [name, int(denials), 0, 0]
lost = 0
for line in open(sys.argv[2]):
    r = json.loads(line)
    if r.get("type") == "loss":
        lost += r["count"]
    elif r.get("agent") in agents:
        if r.get("verdict") == "denied":
            agents[r["agent"]][2] += 1
        elif r.get("event") == "repeated":
            agents[r["agent"]][3] += r["count"]
bad = lost
for name, denials, full, counted in agents.values():
    print(f"# {name}: {denials} denials, {full} in full, {counted} by number")
    bad += full + counted != denials or not full
print(f"# {lost} lost")
sys.exit(bad != 0)
END
}

# audit_read NAME...: what is in the log of these, and whatever was lost.
audit_read() {
	wait_for 120 daemon_answers
	audit_settle
	for who in "$@"; do
		agentctl audit --json --agent "$who"
	done >"$work/audit.json" 2>"$work/err"
	agentctl audit --json | grep '"type":"loss"' >>"$work/audit.json"
}

dropped() {
	bpftool -j map dump pinned $pins/drops | python3 -c 'import json, sys
print(sum(cpu["value"] for cpu in json.load(sys.stdin)[0]["formatted"]["values"]))'
}

module_load
daemon_start

# --- many at once ---

names=
i=0
while [ $i -lt "$count" ]; do
	if [ $((i % 4)) -eq 0 ]; then
		set -- same "$work/other/file" 5000
	else
		set -- others "$work/other" 400
	fi
	[ -z "$FLOOD_SECONDS" ] || set -- "$1" "$2" until stop
	member "f$i" "$@"
	names="$names f$i"
	i=$((i + 1))
done
member quiet same "$work/other/file" 5
for name in $names quiet; do
	begun "$name"
done
# What is outside of all agents goes on.
: >"$work/beside"
(until [ -e "$work/stop" ]; do
	sleep 0.1
	cat "$work/other/file"
	echo x >>"$work/beside"
done) &
children="$children $!"
for name in $names; do
	touch "$work/$name/go"
done
before=$(wc -l <"$work/beside")
touch "$work/quiet/go"
[ -z "$FLOOD_SECONDS" ] || sleep "$FLOOD_SECONDS"
more_beside() {
	[ "$(wc -l <"$work/beside")" -gt "$before" ]
}
holds 'what is in no agent goes on meanwhile' wait_for 60 more_beside
holds 'a quiet agent comes to its end' wait_for 120 test -s "$work/quiet/refused"
touch "$work/stop"
for name in $names; do
	touch "$work/$name/stop"
done
for name in $names; do
	wait_for 120 test -s "$work/$name/refused" || bail "$name does not come to its end"
done
is 'no record is lost' "$(dropped)" 0
sleep 3
# shellcheck disable=SC2086 # words
audit_read $names quiet
# shellcheck disable=SC2086 # words
holds 'each denial of each is in the log or counted there' exact $names quiet
cat "$work/said"
is 'each of the quiet one by itself' "$(grep -c '"agent_name":"quiet","verdict":"denied"' \
	"$work/audit.json")" "$(field quiet denials)"
is 'who did always the same has few records' \
	"$(grep -c '"agent_name":"f0","verdict":"denied".*other/file' "$work/audit.json")" 16
holds 'and a number' grep -q '"event":"repeated".*"agent_name":"f0"' "$work/audit.json"
holds 'others were held' grep -q '"event":"held"' "$work/audit.json"
for name in $names quiet; do
	touch "$work/$name/end"
done

# --- nobody reads ---

for name in one killed paused threads; do
	if [ $name = threads ]; then
		member $name others "$work/other" 500 16
	else
		member $name others "$work/other" 2000
	fi
	begun "$name"
done
member calm same "$work/other/file" 10
begun calm
kill -STOP "$daemon"
for name in one killed paused threads; do
	touch "$work/$name/go"
done
holds 'with agentosd stopped a flood is held' wait_for 60 held one
holds 'each thread of it' wait_for 60 held threads 16
share=$(field one denials)
holds 'after its share' test "$share" -ge 50
holds 'and not long after' test "$share" -le 300
touch "$work/calm/go"
holds 'who floods nothing is not' wait_for 60 test -s "$work/calm/refused"
wait_for 60 held killed
try agentctl kill killed
is 'who is held can be killed' "$status" 0
holds 'and is gone' wait_for 30 sh -c '! agentctl ps | grep -q killed'
wait_for 60 held paused
try agentctl pause paused
is 'and paused' "$status" 0
is 'nothing is lost' "$(dropped)" 0
kill -CONT "$daemon"
holds 'with agentosd back it goes on' wait_for 120 test -s "$work/one/refused"
holds 'and the threads' wait_for 120 test -s "$work/threads/refused"
is 'to its end' "$(cat "$work/one/refused" "$work/threads/refused" | tr '\n' ' ')" '2000 8000 '
is 'but who is paused' "$(cat "$work/paused/refused" 2>/dev/null)" ''
try agentctl resume paused
holds 'who then goes on as well' wait_for 120 test -s "$work/paused/refused"
is 'nothing was lost' "$(dropped)" 0
sleep 3
audit_read one paused threads calm
holds 'each denial is in the log' exact one paused threads calm
touch "$work/one/end" "$work/paused/end" "$work/threads/end" "$work/calm/end"
agentctl audit --agent one >"$work/out" 2>&1
says 'the log says that it was held' 'is held, until its denials are read' "$work/out"
says 'and that it went on' 'goes on: it outran its share for' "$work/out"

# --- killed, and another ---

member lasting others "$work/other" 3000
member twice same "$work/other/file" 3000
begun lasting
begun twice
kill -STOP "$daemon"
touch "$work/lasting/go" "$work/twice/go"
holds 'held again' wait_for 60 held lasting
holds 'the same over and over needs no room' wait_for 60 test -s "$work/twice/refused"
daemon_end KILL
holds 'agentosd killed, it is still held' held lasting
daemon_start
holds 'the next one lets it go on' wait_for 120 test -s "$work/lasting/refused"
is 'to its end' "$(cat "$work/lasting/refused")" 3000
is 'nothing is lost' "$(dropped)" 0
sleep 3
audit_read lasting twice
holds 'each denial is in the log' exact lasting twice
touch "$work/lasting/end" "$work/twice/end"

# --- more than one call can be held for ---

cat >"$work/policies/rings.yaml" <<'END'
name: rings
extends: untrusted
rights: [file-read, file-write, file-exec, io-uring]
END
policy=rings
for mode in '' sqpoll opens; do
	# shellcheck disable=SC2086 # or none
	if [ "$mode" = opens ]; then
		cat "$work/other/file" "$work/other/file2"
		# Not from the root: below it are directories that cannot be passed without waiting.
		member ringopens opens ../other/file 12000
	else
		member "ring$mode" ring "$work/other" 12000 $mode
	fi
	begun "ring$mode"
	kill -STOP "$daemon"
	touch "$work/ring$mode/go"
	holds "io_uring ${mode:-in one call}: held" wait_for 60 held "ring$mode"
	policy=untrusted
	member "by$mode" others "$work/other" 5
	policy=rings
	kill -CONT "$daemon"
	begun "by$mode"
	touch "$work/by$mode/go"
	holds 'it comes to its end' wait_for 120 test -s "$work/ring$mode/refused"
	is 'each was refused' "$(cat "$work/ring$mode/refused")" 12000
	is 'nothing is lost' "$(dropped)" 0
	sleep 3
	audit_read "ring$mode" "by$mode"
	holds 'each denial is in the log, or counted there' exact "ring$mode" "by$mode"
	cat "$work/said"
	touch "$work/ring$mode/end" "$work/by$mode/end"
done

holds 'what no one could be held for is told by its number' grep -q \
	'"event":"repeated".*"agent_name":"ringopens".*"of":"others"' "$work/audit.json"
holds 'all of them end' wait_for 60 counters_zero
# Of its memory the kernel's rings are a part, and so are the programs that are in files.
memory_read() {
	awk '/^[0-9a-f]+-[0-9a-f]+ / { ring = /anon_inode:|\/dev\/agentos/; file = !ring && / \// }
		/^Rss:/ { all += $2; if (ring) rings += $2; if (file) files += $2 }
		END { print all + 0, rings + 0, files + 0 }' "/proc/$daemon/smaps" >"$work/memory"
	read -r resident rings files <"$work/memory"
}
# 5 MiB, the programs in files included.
memory_small() {
	memory_read
	[ $((resident - rings)) -le 5120 ]
}
memory_read
holds 'its memory was looked at' [ $((resident - rings - files)) -gt 100 ]
# After some seconds of rest: what the work took has gone back by then.
if wait_for 60 memory_small; then
	ok 'at rest it has no more than it may'
else
	echo "$resident KiB resident, of which $rings KiB are rings; $files KiB of the rest are files" >"$work/why"
	awk '/^[0-9a-f]+-[0-9a-f]+ / { name = $6 } /^Rss:/ && $2 > 100 { print $2, name }' \
		"/proc/$daemon/smaps" >"$work/parts"
	not_ok 'at rest it has no more than it may' "$work/why" "$work/parts"
fi
echo "# agentosd: $resident KiB resident, of which $rings KiB are rings; $files KiB of the rest are files"
daemon_stop
holds 'the module can be unloaded' module_unload
stage_end
