#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# agentosd is killed at random moments under load: what was signed for stays, nothing is rewritten, no record is missing or double.
# timeout: 480

# CRASH_KILLS=200 tests/run e2e/kills: so many (4), in rounds of at most 20 with a log of their own,
# since all of a log is verified after each. The time each recovery took is printed.

# shellcheck disable=SC2317 # what try and holds call
# shellcheck source=tests/e2e/lib/stage.sh
. "$SRC/tests/e2e/lib/stage.sh"

kills=${CRASH_KILLS:-4}
round=20
holes=$SRC/tests/e2e/lib/holes.py
tamper=$SRC/tests/e2e/lib/tamper.py
secret=/etc/shadow
# In turn with that: what is the same as the last would be counted.
other=/etc/gshadow
mark=$work/mark
number=0
broken=0
: >"$work/breaks"
: >"$work/recoveries"

# Random moments: 0.0 to 2.9 s, in which a start ends here and there, and the first checkpoint.
moment() {
	od -An -N2 -tu2 /dev/urandom | awk '{ printf "%d.%d", $1 % 30 / 10, $1 % 10 }'
}

milliseconds() {
	awk '{ printf "%d", $1 * 1000 }' /proc/uptime
}

# broke WHAT [FILE]...: told at the end.
broke() {
	broken=$((broken + 1))
	echo "kill $number after $moment s: $1" >>"$work/breaks"
	shift
	cat "$@" >>"$work/breaks" 2>/dev/null
}

# The newest checkpoint there is, as one who keeps it elsewhere would have it.
mark_take() {
	agentctl audit checkpoint >"$mark.new" 2>/dev/null && mv "$mark.new" "$mark"
}

# The log against what was seen of it, while it is written to.
log_fits() {
	try agentctl audit verify --anchor "$mark"
	[ "$status" = 0 ] || broke "verify ends with $status" "$work/out" "$work/err"
}

# What the log is now grew out of what was seen.
log_grew() {
	try agentctl audit consistency "$mark"
	cp "$work/out" "$work/growth"
	try agentctl audit verify-proof --key "$audit_dir.pub" --anchor "$mark" "$work/growth"
	[ "$status" = 0 ] || broke "no proof of growth" "$work/err"
}

# kills_round LAST: until the kill of that number, and then all of its log is looked at.
kills_round() {
	first=$((number + 1))
	rounds="kills $first to $1"
	module_load
	rm -rf /var/lib/agentos "$mark" "$work/denied" "$work/wordy"
	children=
	daemon_start
	policy=untrusted
	agent_start denied ./refuse $secret until end $other
	policy=wordy
	agent_start wordy sh -c 'while [ ! -e end ]; do ./refuse refuse 100 >>counts; sleep 0.5; done'
	holds "$rounds: two agents fill the log" wait_for 60 agent_lives wordy
	holds 'there is a checkpoint' wait_for 90 mark_take
	moment=0
	broken=0
	log_fits
	is 'control: it fits a log that nobody was killed over' "$broken" 0
	covered=$("$tamper" size "$mark")
	moved=0
	while [ "$number" -lt "$1" ] && [ "$broken" = 0 ]; do
		number=$((number + 1))
		kill_once
	done
	if [ "$broken" = 0 ]; then
		ok "$rounds: the log fits every checkpoint seen before, and grew out of it"
	else
		not_ok "$rounds: the log fits every checkpoint seen before, and grew out of it" \
			"$work/breaks"
	fi
	holds 'checkpoints went on meanwhile' test "$moved" -gt 0
	wait_for 60 daemon_answers
	touch "$work/denied/end" "$work/wordy/end"
	# shellcheck disable=SC2086 # two words
	wait $children
	round_judge
	holds 'the module can be unloaded' module_unload
}

kill_once() {
	before=$("$tamper" size "$mark")
	mark_take
	[ "$("$tamper" size "$mark")" = "$before" ] || moved=$((moved + 1))
	moment=$(moment)
	sleep "$moment"
	daemon_end KILL
	begin=$(milliseconds)
	agentosd >>"$work/agentosd.log" 2>&1 </dev/null &
	daemon=$!
	# One in four may be killed before it answers.
	[ $((number % 4)) != 0 ] || return 0
	if wait_for 60 daemon_answers && kill -0 "$daemon"; then
		echo $(($(milliseconds) - begin)) >>"$work/recoveries"
	else
		broke 'the next agentosd does not answer' "$work/agentosd.log"
		return 0
	fi
	log_fits
	log_grew
}

# The agents have ended: what they counted, and what is in the log.
round_judge() {
	total=$(cut -d' ' -f1 "$work/denied.out")
	is 'the agent was never let through' "$(cut -d' ' -f2 "$work/denied.out")" 0
	audit_settle
	agentctl audit --json >"$work/audit.json" 2>"$work/err"
	accounted=$("$holes" denied $secret $other <"$work/audit.json" 2>"$work/why")
	is 'each denial is in the log exactly once' "$(echo "$accounted" | cut -d' ' -f2,3)" "0 $total"
	is 'and no number of another record is there twice' "$(python3 -c 'import json, sys
seen = set()
print(sum(key in seen or seen.add(key) or 0 for key in (
    (r["stream"], r["kernel_seq"]) for r in map(json.loads, open(sys.argv[1]))
    if r.get("stream") == "allowed" and r["type"] != "loss")))' "$work/audit.json")" 0
	daemon_stop
	try agentctl audit verify --anchor "$mark"
	is 'at the end all of it is verified' "$status" 0
	says 'to the last record' 'verified: what is covered' "$work/out"
	fails 'and covered' grep -q 'not covered' "$work/out"
	holds 'far more than at the beginning' \
		test "$(agentctl audit verify --json | sed 's/.*"covered":\([0-9]*\).*/\1/')" -gt "$covered"
	is 'no stage of a self-test that was killed is left' \
		"$(find /run -maxdepth 1 -name 'agentos-selftest-*')" ''
}

cat >"$work/policies/wordy.yaml" <<END
name: wordy
extends: untrusted
audit: verbose
END
while [ "$number" -lt "$kills" ]; do
	last=$((number + round))
	kills_round "$((last < kills ? last : kills))"
done
sort -n "$work/recoveries" | awk -v kills="$kills" '{ all[NR] = $1 } END {
	print "# " kills " kills; until the next one answered: " all[int((NR + 1) / 2)] \
		" ms at the median, " all[NR] " at most, self-test of the hooks included" }'
stage_end
