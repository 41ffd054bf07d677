#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Policies made up of several files: an agent under one, what the log says of it, and how two of them differ.
# timeout: 480

# shellcheck disable=SC2016,SC2317 # the policies' variables; what try and holds call
# shellcheck source=tests/e2e/lib/stage.sh
. "$SRC/tests/e2e/lib/stage.sh"

module_load
daemon_start

# --- who, where, and what is there ---

home=/home/demo
as demo mkdir -p -m 700 $home/.ssh $home/project $home/project/keys $home/other
as demo sh -c "echo from-config >$home/.ssh/config; echo secret >$home/.ssh/known_hosts
	echo key >$home/project/keys/one; echo token >$home/project/.env; echo mine >$home/other/file"
cat >"$work/listen.py" <<'END'
import socket, sys
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], file=open(sys.argv[1], "w"), flush=True)
while True:
    s.accept()[0].close()
END
python3 "$work/listen.py" "$work/port" &
children="$children $!"
holds 'something listens' wait_for 20 test -s "$work/port"
port=$(cat "$work/port")
connect="python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", $port))'"

# --- the policy ---

mkdir -p "$work/mine/parts.d" "$work/mine/empty.d"
cat >"$work/mine/agent.yaml" <<'END'
name: agent
extends: untrusted
include: [parts.d, empty.d, -own.yaml]
files:
  read:
    - ~/.ssh
    - ~/other
END
cat >"$work/mine/parts.d/10-net.yaml" <<END
rights: [net-connect]
network:
  connect: ["127.0.0.1:$port"]
END
cat >"$work/mine/parts.d/20-keys.yaml" <<'END'
# Nobody reads these.
files:
  deny:
    - ${WORKSPACE}/keys
END
echo 'this is no policy' >"$work/mine/parts.d/.20-keys.yaml.swp"
echo 'this is no policy' >"$work/mine/parts.d/README"
chmod -R a+rX "$work/mine"
under="agentctl run --quiet --policy $work/mine/agent.yaml --workspace $home/project"

try as demo agentctl policy check "$work/mine/agent.yaml" --workspace $home/project
is 'it is valid' "$status" 0

# --- what the parts come to ---

# allowed WHAT COMMAND: as demo, under the policy; and not under what it extends.
allowed() {
	try as demo sh -c "cd && exec $under --name composed -- sh -c \"\$1\"" - "$2"
	is "$1" "$status" 0
	try as demo sh -c "cd && exec agentctl run --quiet --workspace $home/project -- sh -c \"\$1\"" - "$2"
	fails 'control: not under what it extends' test "$status" = 0
}

# denied WHAT COMMAND: as demo, under the policy; and it works outside.
denied() {
	try as demo sh -c "cd && exec $under --name composed -- sh -c \"\$1\"" - "$2"
	fails "$1" test "$status" = 0
	says 'as it is refused' 'Permission denied' "$work/err"
	try as demo sh -c "$2"
	is 'control: outside it works' "$status" 0
}

allowed 'what is denied below can be read here' "cat $home/.ssh/config"
allowed 'what nobody spoke of can be read here' "cat $home/other/file"
allowed 'an address that a part allows is reached' "$connect"
denied 'what is denied below is not written' "echo more >>$home/.ssh/known_hosts"
denied 'what a part denies is not read' "cat $home/project/keys/one"
denied 'a name that is denied below is not read' "cat $home/project/.env"
denied 'what nobody allowed is not written' "echo more >>$home/other/file"
try as demo sh -c "cd && exec $under -- sh -c 'echo new >$home/project/made'"
is 'what is allowed below is written' "$status:$(cat $home/project/made)" 0:new

# --- where it says so ---

show() {
	as demo agentctl policy show "$work/mine/agent.yaml" --effective \
		--workspace $home/project "$@"
}
show >"$work/effective"
says 'show --effective: what this file allows' "$work/mine/agent.yaml:6" "$work/effective"
base=$work/policies/untrusted.yaml
line=$(grep -n -e '- -~/.ssh$' "$base" | cut -d: -f1)
holds 'and what is left of the denial, with its own file and line' \
	grep -Eq "^ +[0-9]+ +$base:$line +deny +$home/.ssh +for write, execute, connect$" \
	"$work/effective"
holds 'what a part denies' grep -Eq "$work/mine/parts.d/20-keys.yaml:4 +deny +$home/project/keys " \
	"$work/effective"
show --json >"$work/rules.json"
cat >"$work/numbers.py" <<'END'
import json, sys
base, mine = sys.argv[3], sys.argv[4]
rules = {r["rule"]: r for r in json.load(open(sys.argv[2]))["rules"]}
told = {}
for record in map(json.loads, open(sys.argv[1])):
    if record.get("verdict") == "denied" and record.get("rule") is not None:
        rule = rules[record["rule"]]
        told[record["object"]["text"]] = (rule["object"], rule.get("deny_file", rule["file"]))
home = "/home/demo"
wanted = {home + "/.ssh/known_hosts": (home + "/.ssh", base),
          home + "/project/keys/one": (home + "/project/keys", mine + "/parts.d/20-keys.yaml"),
          home + "/project/.env": (".env", base)}
print(told)
sys.exit(any(told.get(path) != rule for path, rule in wanted.items()))
END
numbers_are_the_same() {
	agentctl audit --agent composed --denied --json >"$work/audit.json"
	python3 "$work/numbers.py" "$work/audit.json" "$work/rules.json" "$base" "$work/mine"
}
holds 'the numbers that the log tells lead to the right lines' wait_for 20 numbers_are_the_same

# --- diff ---

try as demo agentctl policy diff untrusted "$work/mine/agent.yaml" --workspace $home/project
is 'diff: they differ' "$status" 1
says 'a right' "  + give net-connect  ($work/mine/parts.d/10-net.yaml:1)" "$work/out"
says 'a denial that is gone' "  - deny $home/.ssh  for read  ($base:$line)" "$work/out"
says 'a rule' "  + allow $home/.ssh  for read  ($work/mine/agent.yaml:6)" "$work/out"
says 'an address' "  + allow 127.0.0.1:$port  for connect" "$work/out"
fails 'nothing that is the same' grep -q /usr/lib "$work/out"
try as demo agentctl policy diff untrusted "$work/mine/agent.yaml" --workspace $home/project --json
is 'diff --json: they differ' "$status" 1
holds 'and it is JSON' python3 -m json.tool "$work/out"
try agentctl policy diff untrusted "$base"
is 'diff: the same' "$status:$(cat "$work/out")" 0:
try agentctl policy diff untrusted
refused 'diff of one' 2 'takes two policies'
try agentctl policy diff untrusted no-such
refused 'diff with one that is not there' 3 'no-such'
try agentctl policy diff untrusted trusted --workspace /no/such
refused 'diff with a workspace that is not there' 3 '/no/such'

# --- host names, which go through the gateway ---

cat >"$work/mine/few.yaml" <<'END'
name: few
rights: [net-connect]
network:
  connect: ["127.0.0.1:8080"]
  egress: [a.example, "B.example.:80"]
END
cat >"$work/mine/more.yaml" <<'END'
name: more
extends: ./few.yaml
network:
  egress: [a.example]
  egress-any: ["*.git.example:20-22", "a.example:*"]
  egress-private: [10.0.0.0/8]
END
try agentctl policy check "$work/mine/more.yaml"
says 'check: counts them' 'valid: 0 rules, 5 on host names, rights net-connect' "$work/out"
try agentctl policy check "$work/mine/more.yaml" --json
says 'check --json: likewise' '"hosts":5,' "$work/out"
agentctl policy show "$work/mine/more.yaml" --effective | sed "s|$work/mine/||; s|  *| |g" >"$work/out"
holds 'show --effective: numbers go on where those of addresses end' diff - "$work/out" <<'END'
more.yaml: policy more, rights net-connect
 0 few.yaml:4 allow 127.0.0.1:8080 for connect
 1 few.yaml:5 allow a.example:443 for egress
 2 few.yaml:5 allow b.example:80 for egress
 3 more.yaml:5 allow *.git.example:20-22 for egress-any
 4 more.yaml:5 allow a.example:* for egress-any
 5 more.yaml:6 allow 10.0.0.0/8 for egress-private
END
agentctl policy show "$work/mine/more.yaml" --effective --json >"$work/rules.json"
says 'show --effective --json' '"line":5,"kind":"host","object":"*.git.example:20-22","allow":["egress-any"]' \
	"$work/rules.json"
try agentctl policy diff "$work/mine/few.yaml" "$work/mine/more.yaml"
sed "s|$work/mine/||" "$work/out" >"$work/differences"
holds 'diff: what is new, each under its list' diff - "$work/differences" <<'END'
hosts:
  + egress-any *.git.example:20-22  (more.yaml:5)
  + egress-private 10.0.0.0/8  (more.yaml:6)
  + egress-any a.example:*  (more.yaml:5)
END
printf 'name: m\nrights: [net-connect]\nnetwork: {egress: [api.openai.com]}\n' >"$work/mine/paid.yaml"
try agentctl policy check "$work/mine/paid.yaml"
refused "a provider's host among others" 3 'write it under "egress-providers" if that is meant'

# --- files that make no policy ---

cd "$work/mine" || exit 1
mkdir -p /root/.ssh /root/other
# bad_part WHAT TEXT: the policy is refused by check and by run, and nothing is run or made.
bad_part() {
	held=$(counters)
	try agentctl policy check ./agent.yaml
	refused "$1: policy check" 3 "$2"
	try agentctl run --policy ./agent.yaml -- touch "$work/ran"
	refused "$1: run" 3 "$2"
	fails "$1: nothing was run" test -e "$work/ran"
	is "$1: nothing was made" "$(counters)" "$held"
}
echo 'name: own' >own.yaml
bad_part 'a policy as a part' "$work/mine/own.yaml:1: "
echo 'include: [agent.yaml]' >own.yaml
bad_part 'a circle' "./agent.yaml -> $work/mine/own.yaml -> ./agent.yaml"
printf 'files:\n  deny: [~/other]\n' >own.yaml
bad_part 'a contradiction' "and denied, here and in ./agent.yaml:7"
printf 'files:\n  read: [/no/such]\n' >own.yaml
bad_part 'a path that is not there' "$work/mine/own.yaml:2: \"/no/such\" does not exist"
printf 'files:\n  read:\n    - /etc\n    - %s/links\n' "$pins" >own.yaml
try agentctl policy check ./agent.yaml
is 'a rule that only agentosd refuses: policy check' "$status" 0
try agentctl run --policy ./agent.yaml -- touch "$work/ran"
refused 'and the line at fault: run' 1 "$work/mine/own.yaml:4: rule "
fails 'and nothing was run' test -e "$work/ran"
rm own.yaml
mkfifo own.yaml
bad_part 'a pipe' 'own.yaml: not a regular file'
rm own.yaml
sed -i 's/untrusted/untrustde/' agent.yaml
bad_part 'a base that is not there' './agent.yaml:2: "extends": no policy "untrustde"'
sed -i 's/untrustde/untrusted/' agent.yaml

# --- while it runs ---

policy=$work/mine/agent.yaml
agent_start lives sh -c 'while sleep 0.2; do
	read -r line <keys.now 2>/dev/null && echo read >state || echo refused >state; done'
holds 'an agent lives under it' wait_for 20 agent_lives lives
echo key >"$work/lives/keys.now"
# state_becomes WORD: twice in a row, so that it is not what was before.
state_becomes() {
	for _ in 1 2; do
		rm -f "$work/lives/state"
		wait_for 20 test -s "$work/lives/state" || return 1
	done
	[ "$(cat "$work/lives/state")" = "$1" ]
}
holds 'it reads what no rule denies' wait_for 20 state_becomes read
try agentctl rights lives
says 'and has the right that a part gave' 'yes net-connect' "$work/out"
cat >tighter.yaml <<'END'
name: tighter
extends: agent.yaml
rights: [-net-connect]
include: [more.yaml]
END
echo 'files: {deny: ["${WORKSPACE}/keys.now"], raed: [/]}' >more.yaml
try agentctl policy apply ./tighter.yaml lives --workspace "$work/lives"
refused 'apply: the part at fault is named' 3 "$work/mine/more.yaml:1: "
holds 'and nothing changes' wait_for 20 state_becomes read
echo 'files: {deny: ["${WORKSPACE}/keys.now"]}' >more.yaml
try agentctl policy apply ./tighter.yaml lives --workspace "$work/lives"
is 'apply: it follows the new one' "$status" 0
holds 'which denies it' wait_for 20 state_becomes refused
try agentctl rights lives
says 'and takes the right away' 'no  net-connect' "$work/out"
holds 'it can be killed' agentctl kill lives
daemon_stop
is 'agentosd ends in order' "$status" 0
module_unload
stage_end
