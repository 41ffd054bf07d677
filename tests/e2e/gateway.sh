#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# agentosd's side of the gateway: who calls is told, rules come to it, what it tells is written down, and it is replaced.
# timeout: 480

# shellcheck disable=SC2016,SC2317 # for the agents' shells; what holds and wait_for call
# shellcheck source=tests/e2e/lib/stage.sh
. "$SRC/tests/e2e/lib/stage.sh"

cp "$BUILD/tests/kernel/prog/fake_gateway" "$bin"
chmod 755 "$bin/fake_gateway"

cat >"$work/policies/gate.yaml" <<END
version: 1
name: gate
rights: [file-read, file-write, file-exec, net-connect, net-listen, unix-connect]
files:
  read: [/usr, -/lib, -/lib64, -/etc/ld.so.cache, $bin, /dev/agentos]
  write: [/dev/agentos, /dev/null]
  exec: [/usr, -/lib, -/lib64, $bin]
network:
  connect: ["127.0.0.1:9"]
  listen: ["127.0.0.1:1018"]
  unix: [-/run/nscd/socket]
END
cat >"$work/policies/names.yaml" <<'END'
version: 1
name: names
extends: untrusted
rights: [net-connect]
network:
  egress: [example.net, "*.example.org:8443"]
END
cat >"$work/policies/none.yaml" <<'END'
version: 1
name: none
extends: untrusted
rights: [net-connect]
network:
  connect: ["127.0.0.1:1018"]
END
cat >"$work/policies/taker.yaml" <<'END'
version: 1
name: taker
extends: untrusted
rights: [net-listen]
network:
  listen: ["localhost:*"]
END
chmod 644 "$work"/policies/*

# agentosd with the gateway that connects to nothing.
begin_daemon() {
	audit_dir_make
	agentosd --gateway-user agentu --gateway-policy "$work/policies/gate.yaml" \
		--gateway-program "$bin/fake_gateway" >>"$work/agentosd.log" 2>&1 </dev/null &
	daemon=$!
	wait_for 60 daemon_answers || bail 'agentosd does not answer'
}

# What an agent does: a line to the gateway, and what comes back.
ask='exec 3<>/dev/tcp/127.0.0.1/1018 && echo "$*" >&3 && cat <&3'

workspace_of_demo() {
	workspace_make "$1"
	chown -R demo: "$work/$1"
}

# ask POLICY NAME WORD...: as an agent of demo's.
ask() {
	policy=$1
	name=$2
	shift 2
	workspace_of_demo "$name"
	status=0
	(cd "$work/$name" && as demo timeout 30 agentctl run --policy "$policy" --name "$name" -- \
		bash -c "$ask" bash "$@") >"$work/out" 2>"$work/err" </dev/null || status=$?
}

gateway_pid() { pgrep -f -o "^$bin/fake_gateway"; }
gateway_serves() { agentctl doctor | grep -q 'gateway.* serves'; }
gateway_new() { [ "$(gateway_pid)" != "$1" ] && gateway_serves; }

module_load
begin_daemon
is 'without need there is none' "$(gateway_pid)" ''
try agentctl doctor
says 'and that is said' 'not needed: no policy has rules on host names' "$work/out"

ask names first example.net 443
says 'an agent may reach what its rules name' 'rules 2: allowed' "$work/out"
wait_for 20 gateway_serves || bail 'the gateway does not serve'
ask names second a.example.org 8443
says 'rules come in order' 'rules 2: allowed' "$work/out"
ask names third example.com 443
says 'and nothing else' 'rules 2: no rule names this host and port' "$work/out"
ask none fourth example.net 443
says 'who has no rules reaches nothing' 'rules 0: no rule names this host and port' "$work/out"
is 'who is no agent is told so' "$(bash -c "$ask" bash example.net 443)" \
	'caller -2 agent 0 rules 0: who asks is no agent'

# --- what is written down ---

try agentctl audit --denied
says 'a refusal is in the log' \
	'may not reach example.com port 443 by a tunnel: no rule names this host and port' "$work/out"
try agentctl audit --agent first
says 'so is what was let' 'may reach example.net port 443 at 192.0.2.9 by a tunnel: rule' "$work/out"
says 'and its end' 'is done with example.net port 443 at 192.0.2.9 by a tunnel: 12 bytes sent, 34' \
	"$work/out"
try agentctl audit --agent third --json
says 'in JSON as well' '"outcome":"denied","why":"no_rule"' "$work/out"
workspace_of_demo fifth
try as demo timeout 30 agentctl run --policy names --name fifth --workspace "$work/fifth" -- \
	bash -c "($ask); "'sleep 2; cat "$AGENTOS_DENIALS"' bash other.example 443
says 'the agent reads why, and what to ask for' \
	'ask for: egress to other.example port 443' "$work/out"
workspace_of_demo sixth
try as demo timeout 30 agentctl run --policy names --name sixth --workspace "$work/sixth" --audit-only -- \
	bash -c "$ask" bash other.example 443
try agentctl audit --agent sixth --denied
says 'who is audit-only is let, and that is written' \
	'was let reach other.example port 443 at 192.0.2.9 by a tunnel, as it is audit-only' "$work/out"

# --- what it is ---

pid=$(gateway_pid)
try agentctl ps
says 'it is an agent' ' gateway ' "$work/out"
is 'of a user without groups' "$(sed -nE 's/^(Uid|Gid|Groups):[[:space:]]*//p' "/proc/$pid/status" |
	tr '\t\n' '  ' | tr -s ' ')" '1001 1001 1001 1001 1001 1001 1001 1001 '
is 'without capabilities' "$(sed -nE 's/^Cap(Prm|Eff|Bnd|Amb):[[:space:]]*//p' "/proc/$pid/status" |
	sort -u)" 0000000000000000
is 'nor new ones' "$(sed -n 's/^NoNewPrivs:[[:space:]]*//p' "/proc/$pid/status")" 1
is 'with four descriptors, and the three that it was sent' \
	"$(find "/proc/$pid/fd" -type l -printf "%f\n" | sort -n | tr '\n' ' ')" '0 1 2 3 4 5 6 '
try agentctl run --policy names --name gateway -- true
refused 'its name is nobody else'"'"'s' 1 'the name of agentosd'"'"'s own agent'
workspace_make taker
try agentctl run --policy taker --name taker --workspace "$work/taker" -- \
	python3 -c 'import socket; socket.socket().bind(("127.0.0.9", 1018))'
says 'no agent takes its port, root'"'"'s neither' 'PermissionError' "$work/err"
try agentctl audit --agent taker --denied
says 'and why is written' 'no agent may, whatever its rights' "$work/out"
try agentctl run --policy taker --name taker.2 --workspace "$work/taker" -- \
	python3 -c 'import socket; socket.socket().bind(("127.0.0.9", 1017))'
is 'another port it may take' "$status" 0

# --- its ends ---

kill -9 "$pid"
holds 'it is started again when it is killed' wait_for 20 gateway_new "$pid"
pid=$(gateway_pid)
ask names seventh example.net 443 lie
holds 'who tells of an agent that is none is replaced' wait_for 40 gateway_new "$pid"
pid=$(gateway_pid)
ask names eighth example.net 443 babble
holds 'so is who sends nonsense' wait_for 40 gateway_new "$pid"
try agentctl audit
says 'and that is written' 'agentosd ended the gateway, agent ' "$work/out"
says 'for what' 'it sent what is no message' "$work/out"
ask names ninth example.net 443
says 'calls are answered as before' 'rules 2: allowed' "$work/out"

# --- the next agentosd ---

workspace_of_demo stays
mkfifo "$work/stays/todo"
chown demo: "$work/stays/todo"
(cd "$work/stays" && as demo agentctl run --policy names --name stays -- bash -c \
	'read -r _ <todo; exec 3<>/dev/tcp/127.0.0.1/1018 && echo example.net 443 >&3 && cat <&3 >said') \
	>"$work/stays.out" 2>&1 </dev/null &
children="$children $!"
wait_for 20 agent_lives stays
is 'rules are kept for it' "$(find /run/agentos/egress -type f | wc -l)" 1
pid=$(gateway_pid)
daemon_end KILL
begin_daemon
holds 'the next agentosd has one at once' wait_for 20 gateway_new "$pid"
timeout 30 sh -c 'echo go >"$0"' "$work/stays/todo"
wait_for 20 test -s "$work/stays/said"
says 'and the rules of agents that were there before' 'rules 2: allowed' "$work/stays/said"
kept_none() { [ "$(find /run/agentos/egress -type f | wc -l)" = 0 ]; }
holds 'which go with their policy' wait_for 20 kept_none

daemon_stop
is 'it does not keep agentosd from ending enforcement' "$status" 0
is 'and ends with it' "$(gateway_pid)" ''
holds 'the module can be unloaded' module_unload
stage_end
