#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What can be watched: events through bpftool, iterators, the audit log in all its forms, and the tool's own help.
# timeout: 480

# shellcheck disable=SC2317 # what try and holds call
# shellcheck source=tests/e2e/lib/stage.sh
. "$SRC/tests/e2e/lib/stage.sh"

secret=/etc/shadow

module_load
daemon_start
workspace_make ws
cd "$work/ws" || exit 1

# --- bpftool map event_pipe ---

bpftool map event_pipe pinned $pins/events >"$work/pipe" 2>"$work/pipe.err" &
pipe=$!
children="$children $pipe"
# Its listening shows in the map only from inside: events are made until one arrives.
arrived() {
	agentctl run -- ./refuse "$secret" 1
	tr -s ' \n' '  ' <"$work/pipe" | grep -q '2f 65 74 63 2f 73 68 61 64 6f 77 00'
}
if wait_for 10 arrived; then
	ok 'event_pipe receives the denial, with the path in it'
else
	not_ok 'event_pipe receives the denial, with the path in it' "$work/pipe" "$work/pipe.err"
fi
kill -INT $pipe
wait $pipe 2>/dev/null
try agentctl run -- ./refuse $secret 2
is 'when it has left, denials go on' "$(cat "$work/out")" '2 0'
bpftool map event_pipe pinned $pins/events >"$work/pipe" 2>"$work/pipe.err" &
pipe=$!
children="$children $pipe"
holds 'and another one may listen' wait_for 10 arrived
kill -KILL $pipe
wait $pipe 2>/dev/null
try agentctl run -- ./refuse $secret 2
is 'one that was killed leaves nothing broken' "$(cat "$work/out")" '2 0'

# Its JSON, which ends as it should when it is interrupted, is what audit decode reads.
bpftool -j map event_pipe pinned $pins/events >"$work/pipe.json" 2>"$work/pipe.err" &
pipe=$!
children="$children $pipe"
arrived_json() {
	agentctl run --name piped -- ./refuse "$secret" 3
	[ -s "$work/pipe.json" ]
}
holds 'it prints JSON as well' wait_for 10 arrived_json
kill -INT $pipe
wait $pipe 2>/dev/null
try agentctl audit decode "$work/pipe.json"
is 'audit decode takes all of it' "$status $(cat "$work/err")" '0 '
audit_settle
grep -o 'refuse\[.*' "$work/out" | sort >"$work/decoded"
agentctl audit --agent piped | grep -o 'refuse\[.*' | sort >"$work/logged"
holds 'and says what the log says' test -s "$work/decoded"
is 'of each' "$(comm -23 "$work/decoded" "$work/logged")" ''
try sh -c "head -c 2000 $work/pipe.json | agentctl audit decode --json"
is 'of one that was cut it takes what is whole' "$status $(wc -l <"$work/out")" '3 1'

# --- iterators ---

agent_start seen sh -c "./refuse $secret 3; exec sleep 1000"
holds 'an agent runs' wait_for 20 agent_lives seen
wait_for 20 test -s "$work/seen.out"
cat $pins/agents >"$work/out"
holds 'cat of the agents shows it' grep -Eq "^ *[0-9]+ seen +$agent +[0-9]+ +0 sleep$" "$work/out"
is 'and nothing but agents' "$(grep -vc seen "$work/out")" 1
cat $pins/denials >"$work/out"
says 'cat of the denials shows what it was refused' $secret "$work/out"
id=$(awk '$2 == "seen" { print $1 }' "$pins/agents")
is 'as often as it was' "$(awk -v id="$id" -v path=$secret '$2 == id && $NF == path' \
	"$work/out" | wc -l)" 3

# --- the audit log ---

agentctl audit --follow --agent live >"$work/follow" 2>&1 &
follow=$!
children="$children $follow"
agent_start live sh -c "./refuse $secret 1; exec sleep 1000"
holds 'audit --follow shows a denial while its agent lives' \
	wait_for 30 grep -q "DENIED.*live.*$secret" "$work/follow"
holds 'it does live' agent_lives live
kill -INT $follow
status=0
wait $follow || status=$?
is 'and ends in order when interrupted' "$status" 0
fails 'it shows no other agent' grep -q 'seen(' "$work/follow"
agentctl kill live seen

try agentctl run --policy trusted --name free -- cat /etc/hostname
try agentctl run --name bound -- cat /etc/hostname
try agentctl run --name bound-2 -- ./refuse $secret 4
audit_settle
agentctl audit --json >"$work/audit.json"
cat >"$work/judge.py" <<'END'
"""What the log says: judge.py FILE EXPRESSION, with records the list of all of them."""
import json, sys
records = [json.loads(line) for line in open(sys.argv[1], "rb")]
def events(**wanted):
    return [r for r in records if r["type"] == "event"
            and all(r.get(key) == value for key, value in wanted.items())]
def about(path, **wanted):
    return [r for r in events(**wanted) if r["object"].get("text") == path]
value = eval(sys.argv[2])
print(value)
sys.exit(not value)
END
judge() {
	python3 "$work/judge.py" "$work/audit.json" "$1"
}
holds '--json is JSON, every line of it' judge 'len(records)'
holds 'records are numbered without a gap' judge \
	'[r["seq"] for r in records] == list(range(1, len(records) + 1))'
holds 'trusted: what is allowed is recorded' judge \
	'about("/etc/hostname", agent_name="free", verdict="allowed")'
holds 'untrusted: it is not' judge 'not events(agent_name="bound", verdict="allowed")'
holds 'a denial says hook, error, why and access' judge "all(
	(r['hook'], r['error'], r['access'], r['comm']) == ('file_open', 'EACCES', ['read'], 'refuse')
	and r['why'] in ('rule', 'no_rule') for r in about('$secret', agent_name='bound-2'))"
holds 'and is there as often as it happened' judge "len(about('$secret', agent_name='bound-2')) == 4"
holds 'an agent is created, joined and ended' judge '[r["event"] for r in records
	if r["type"] == "lifecycle" and r["agent_name"] == "bound-2"] == ["create", "attach", "exit"]'

agentctl audit --agent bound-2 --json >"$work/audit.json"
holds '--agent NAME gives its records alone' judge \
	'len(records) == 8 and all(r["agent_name"] == "bound-2" for r in records)'
number=$(judge 'records[0]["agent"]')
agentctl audit --agent "$number" --json >"$work/again.json"
holds '--agent ID gives the same' cmp "$work/audit.json" "$work/again.json"
agentctl audit --denied --json >"$work/audit.json"
holds '--denied gives denials alone' judge \
	'records and all(r["verdict"] == "denied" for r in records)'
agentctl audit -n 3 --json >"$work/audit.json"
agentctl audit --json | tail -n 3 >"$work/again.json"
holds '-n 3 gives the last three' cmp "$work/audit.json" "$work/again.json"
try agentctl audit query --agent bound-2 --operation file_open --verdict denied --object "$secret" --json
is 'a question with several kinds finds what all of them say' "$(wc -l <"$work/out")" 4
try agentctl audit query --agent bound-2 --object '/etc/shadow-*'
is 'and nothing else' "$status$(cat "$work/out")" 0
try sh -c "agentctl audit stats --json --agent bound-2 | python3 -c 'import json, sys
s = json.load(sys.stdin)
print([o for o in s[\"objects\"]], s[\"lost\"][\"denials\"])'"
says 'statistics count the same' "{'name': '$secret', 'count': 4, 'over': 0}" "$work/out"
agent_start boss sleep 1000
wait_for 20 agent_lives boss
try sh -c "cd $work/boss && exec agentctl spawn --under boss --name kid -- ./refuse $secret 2"
audit_settle
try agentctl audit query --agent boss --denied
is 'an agent has not done what its sub-agent did' "$(cat "$work/out")" ''
try agentctl audit query --agent boss --below --denied --json
is 'but it is below it' "$(grep -c '"agent_name":"boss.kid"' "$work/out")" 2
agentctl kill boss
try agentctl audit -n 0
is '-n 0 gives none' "$status:$(grep -vc '^--' "$work/out")" 0:0
try agentctl audit --agent no-such-agent --denied
is 'an agent that never was has no records' "$(grep -c DENIED "$work/out")" 0

agentctl audit report --agent bound-2 --output "$work/report.html"
holds 'a report about it has its denials' grep -q '>4 denied<' "$work/report.html"
says 'with what was refused' "may not open $secret for reading" "$work/report.html"
says 'its policy, by name' '>untrusted <' "$work/report.html"
says 'and that nothing allowed is recorded' 'No allowed act is recorded' "$work/report.html"
fails 'it shows no other agent' grep -q 'free(' "$work/report.html"
agentctl audit report --since 1h >"$work/report.html"
says 'one about an hour shows all of them' 'free(' "$work/report.html"
fails 'and what is recorded of those that are watched' \
	grep -q 'No allowed act is recorded' "$work/report.html"
try as agentu agentctl audit report
refused 'a user outside the group has no report' 1 "$audit_dir"

try as agentu agentctl audit
refused 'a user outside the group may not read the log' 1 "$audit_dir"
try as demo agentctl audit -n 1
is 'a user of the group may' "$status" 0

# --- doctor and selftest ---

try agentctl doctor
is 'doctor: a healthy system is healthy' "$status:$(grep -c PROBLEM "$work/out")" 0:0
try agentctl doctor --json
holds 'doctor --json is JSON' python3 -m json.tool "$work/out"
try agentctl selftest
is 'selftest: every hook is proved' "$status" 0
sed -n 's/^	X([A-Z_]*, *"\([a-z_]*\)".*/\1/p' "$SRC/uapi/agentos_event.h" | grep -vx none |
	sort -u >"$work/hooks"
awk '$2 == "proved" || $2 == "absent" { print $1 }' "$work/out" | sort -u >"$work/hooks.proved"
holds 'selftest lists every hook of the header' diff "$work/hooks" "$work/hooks.proved"
holds 'the header has some' test "$(wc -l <"$work/hooks")" -gt 30
is 'selftest: an executable stack and an overlay are refused' \
	"$(grep -c -e ' proved .*stack is executable' -e ' proved .*lay an overlay' "$work/out")" 2
is 'selftest: where there is no SCTP nobody refuses it' \
	"$(grep -c ' absent .*SCTP' "$work/out")" 1
holds 'SCTP comes' modprobe sctp
try agentctl selftest --json
holds 'selftest --json is JSON' python3 -m json.tool "$work/out"
says 'selftest: then it is refused' '"result":"proved","error":0,"tried":"bind an SCTP' "$work/out"
try agentctl ps --json
holds 'ps --json is JSON' python3 -m json.tool "$work/out"

# --- policies ---

try agentctl policy list
is 'policy list shows the built-in ones' "$(awk '{ print $1 }' "$work/out" | tr '\n' ' ')" \
	'coding-agent gateway mcp-server research trusted untrusted '
try agentctl policy list --json
holds 'policy list --json is JSON' python3 -m json.tool "$work/out"
for profile in untrusted trusted coding-agent gateway mcp-server research; do
	try agentctl policy check $profile
	is "policy check: $profile is valid" "$status" 0
	try agentctl policy check --json $profile
	holds "policy check --json: $profile" python3 -m json.tool "$work/out"
	try agentctl policy show $profile
	holds "policy show: $profile, byte for byte" cmp "$work/out" "$work/policies/$profile.yaml"
done

# The number of a rule in the log is its number in the list.
# shellcheck disable=SC2016 # the policy's variable
sed -e 's/^name: .*/name: numbered/' -e '/^  deny:/a\    - ${WORKSPACE}/keys' \
	"$work/policies/untrusted.yaml" >"$work/policies/numbered.yaml"
workspace_make numbered
mkdir -m 755 "$work/numbered/keys"
echo key >"$work/numbered/keys/one"
policy=numbered
agent_start numbered cat keys/one
agent_wait
is 'what a rule denies is refused' "$status" 1
try agentctl policy show numbered --effective --workspace "$work/numbered"
says 'policy show --effective: rules, with what variables stand for' \
	"deny   $work/numbered/keys  for read, write, execute, connect" "$work/out"
is 'and the line of each' "$(awk -v path="$work/numbered/keys" '$5 == path { print $3 }' "$work/out")" \
	"$(grep -n 'WORKSPACE}/keys$' "$work/policies/numbered.yaml" | cut -d: -f1)"
agentctl policy show numbered --effective --workspace "$work/numbered" --json >"$work/rules.json"
number_is_the_same() {
	agentctl audit --agent numbered --denied --json >"$work/audit.json"
	python3 - "$work/audit.json" "$work/rules.json" "$work/numbered/keys" <<-'END'
		import json, sys
		told = {r["rule"] for r in map(json.loads, open(sys.argv[1]))
		        if r.get("object", {}).get("text") == sys.argv[3] + "/one"}
		rules = [r["rule"] for r in json.load(open(sys.argv[2]))["rules"]
		         if r["object"] == sys.argv[3] and "read" in r["deny"]]
		sys.exit(not told or told != set(rules))
	END
}
holds 'and the number that the log tells' wait_for 20 number_is_the_same
try agentctl policy show numbered --effective --workspace /no/such
refused 'a workspace that is none' 1 '/no/such'

# --- help ---

for verb in run ps show kill audit policy doctor selftest; do
	try agentctl $verb --help
	is "agentctl $verb --help ends with 0" "$status" 0
	holds "and shows an example" grep -Eq "^ +(sudo )?agentctl $verb" "$work/out"
	holds 'and the exit status' grep -q 'Exit status' "$work/out"
done
try agentctl --help
is 'agentctl --help ends with 0' "$status" 0
try agentctl pss
refused 'a misspelt verb: the one that was meant' 2 'agentctl ps'

# --- without the daemon ---

daemon_stop
try agentctl doctor
is 'doctor: without agentosd there is a problem' "$status" 1
says 'and it says which' 'agentosd     PROBLEM' "$work/out"
try agentctl audit -n 1
is 'the log can be read without agentosd' "$status" 0
holds 'at last the module can be unloaded' module_unload
stage_end
