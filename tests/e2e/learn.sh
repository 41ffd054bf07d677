#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# agentctl policy test and learn: what a policy would refuse, and policies that work for what was watched.
# timeout: 500

# shellcheck disable=SC2317,SC2016 # what holds and wait_for call; variables of policies
# shellcheck source=tests/e2e/lib/stage.sh
. "$SRC/tests/e2e/lib/stage.sh"

module_load
daemon_start

# --- audit-only is told wherever one looks ---

workspace_make watched
(cd "$work/watched" && exec agentctl run --quiet --audit-only --name watched -- sleep 1000) \
	>"$work/out" 2>"$work/err" </dev/null &
watched=$!
children="$children $watched"
agent_start held sleep 1000
holds 'two agents run' wait_for 20 sh -c 'agentctl ps | grep -q "^.*watched.*running" &&
	agentctl ps | grep -q "^.*held.*running"'
says 'run says that it is audit-only, --quiet or not' 'AUDIT-ONLY: agent watched' "$work/err"
agentctl tree >"$work/out"
holds 'tree says so' grep -q '^watched ([0-9]*)  running, AUDIT-ONLY,' "$work/out"
fails 'and of no other' sh -c "grep held '$work/out' | grep AUDIT-ONLY"
agentctl ps >"$work/out"
says 'ps says so' '(AUDIT-ONLY)' "$work/out"
agentctl top --once >"$work/out"
is 'top says so, once' "$(grep -c AUDIT-ONLY "$work/out")" 1
agentctl show watched >"$work/out"
says 'show says so' 'AUDIT-ONLY: what it refuses is done, and recorded' "$work/out"
agentctl show --json watched >"$work/out"
says 'and as JSON' '"enforced":false,"audit_only":true' "$work/out"
agentctl show --json held >"$work/out"
says 'control: the other is enforced' '"enforced":true,"audit_only":false' "$work/out"
try agentctl policy apply trusted watched
is 'another policy can be applied' "$status" 0
agentctl show --json watched >"$work/out"
says 'and changes nothing about that' '"enforced":false,"audit_only":true' "$work/out"
try agentctl policy apply trusted held
agentctl show --json held >"$work/out"
says 'nor does one turn enforcement off' '"enforced":true,"audit_only":false' "$work/out"
audit_settle
agentctl audit --agent watched >"$work/log"
says 'the log says so, where it was made' 'AUDIT-ONLY: what they refuse is done' "$work/log"
agentctl kill --all >/dev/null
wait $watched

# --- policy test ---

echo secret >"$work/secret"
mkdir -p "$work/tried"
chmod 777 "$work/tried"
cd "$work/tried" || exit
try as demo agentctl policy test untrusted -- sh -c 'echo it runs'
is 'test: nothing would be refused' "$status" 0
says 'the program ran' 'it runs' "$work/out"
says 'and that is told' 'untrusted would refuse nothing; the program ended with exit status 0' \
	"$work/err"
try as demo agentctl policy test untrusted -- sh -c \
	"cat $work/secret $work/secret; cat $work/secret; touch /home/demo/x; rm /home/demo/x; exit 7"
is 'test: something would be' "$status" 1
is 'it was done all the same' "$(grep -c secret "$work/out")" 3
holds 'how much' grep -q \
	'would refuse [3-9] things, [0-9]* times in all; the program ended with exit status 7$' "$work/err"
says 'each thing once, the most frequent first' \
	"       3  open $work/secret for reading: no rule of its policy allows it" "$work/err"
is 'and that is the first' "$(sed -n 3p "$work/err")" \
	"       3  open $work/secret for reading: no rule of its policy allows it"
try as demo agentctl run --policy untrusted -- cat "$work/secret"
is 'control: enforced, it is refused' "$status" 1
try as demo agentctl policy test untrusted -- sh -c 'exit 7'
is 'test: nothing would be, but the program failed' "$status" 4
try as demo agentctl policy test untrusted --json --output - -- cat "$work/secret"
is 'test --json' "$status" 1
says 'has the result' '"complete":true,"lost":0,"acts":1,"refusals":[{"count":1,"verdict":"would-deny"' \
	"$work/out"
holds 'as one JSON object' sh -c "tail -n 1 '$work/out' | python3 -m json.tool"
try as demo agentctl policy test untrusted -- no-such-program
refused 'test: no such program' 127 'no-such-program'
try as demo agentctl policy test untrusted
refused 'test: no program' 2 'which program?'
try as demo agentctl policy test --json
refused 'test: no policy' 2 'test needs a policy first'
try as demo agentctl policy test untrusted --output "$work/secret" -- true
refused 'test: an output that is there' 1 "$work/secret: "
# What no agent may do is refused here, too.
try as demo agentctl policy test untrusted -- python3 -c '
import fcntl, termios
try:
    fcntl.ioctl(0, termios.TIOCSTI, b"x")
except PermissionError:
    print("refused")'
says 'what no agent may do is refused' 'refused' "$work/out"
says 'and told as that' 'no agent may, whatever its rights (refused here as well)' "$work/err"
try as demo agentctl policy test untrusted -- agentctl ps
says 'the device is no agent'"'"'s' '/dev/agentos' "$work/err"
try as demo agentctl policy test untrusted -- agentctl run --policy "$work/policies/untrusted.yaml" -- true
is 'from one that is watched, no agent is run' "$status" 1
says 'agentosd refuses it' 'this process is inside an agent' "$work/err"

# --- policy learn ---

# learns NAME COMMAND: watches it, in a workspace of its own, and runs it again under what was
# learned, in another: it must end well, do what it did, and be refused nothing.
learns() {
	mkdir -p "$work/$1" "$work/$1-again" "$work/$1-tested"
	chown demo:demo "$work/$1" "$work/$1-again" "$work/$1-tested"
	cd "$work/$1" || exit
	try as demo agentctl policy learn --name "$1" --output "$work/tried/$1.yaml" -- sh -c "$2"
	is "learn $1: the policy is written" "$status" 0
	sed 's/^/# /' "$work/tried/$1.yaml"
	cp "$work/out" "$work/learned.out"
	cd "$work/$1-again" || exit
	try as demo agentctl policy check "$work/tried/$1.yaml"
	is "learn $1: it is a valid one" "$status" 0
	try as demo agentctl run --name "again-$1" --policy "$work/tried/$1.yaml" -- sh -c "$2"
	is "learn $1: enforced, the program works" "$status" 0
	holds "learn $1: and prints the same" cmp "$work/learned.out" "$work/out"
	audit_settle
	agentctl audit --denied --agent "again-$1" >"$work/log"
	holds "learn $1: without a denial" sh -c "! grep -v '^--' '$work/log'"
	cd "$work/$1-tested" || exit
	try as demo agentctl policy test "$work/tried/$1.yaml" -- sh -c "$2"
	is "learn $1: and test says so" "$status" 0
}

# What can be watched is not let do what was not: a policy that allows all proves nothing.
keeps_out() {
	try as demo agentctl run --policy "$work/tried/$1.yaml" -- cat "$work/secret"
	is "learn $1: what was not done is refused" "$status" 1
	try as demo agentctl run --policy "$work/tried/$1.yaml" -- sh -c 'echo x >/home/demo/x'
	fails "learn $1: a home is out of reach" [ -e /home/demo/x ]
}

learns shell 'echo hello >a; cat a; mkdir d; mv a d/b; ls d; rm -r d; date >/dev/null'
says 'the workspace is a variable' '    - ${WORKSPACE}' "$work/tried/shell.yaml"
says 'the system is one line' '    - /usr' "$work/tried/shell.yaml"
keeps_out shell

learns python 'python3 -c "
import json, socket, subprocess, tempfile
print(json.dumps([1]))
open(\"f\", \"w\").write(\"x\")
with tempfile.NamedTemporaryFile() as t:
    t.write(b\"x\")
print(subprocess.run([\"ls\"], capture_output=True).stdout)
"'
says 'files of passing names have a place' '- TMPDIR=${WORKSPACE}/.tmp' "$work/tried/python.yaml"
keeps_out python

learns compiler 'printf "#include <stdio.h>\nint main(void) { puts(\"compiled\"); }\n" >a.c
gcc -O1 a.c -o a && ./a'
keeps_out compiler

learns git 'git init -q . && git config user.email a@b && git config user.name n &&
echo x >f && git add f && git commit -qm first && git log --format=%s'
keeps_out git

# A service on the loopback: the same port each time.
python3 -c '
import socket
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", 7070))
s.listen(16)
while True:
    c = s.accept()[0]
    c.sendall(b"served\n")
    c.close()' &
children="$children $!"
holds 'a service runs' wait_for 20 python3 -c '
import socket
socket.create_connection(("127.0.0.1", 7070))'
learns network 'python3 -c "
import socket, threading
print(socket.create_connection((\"127.0.0.1\", 7070)).recv(10))
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((\"127.0.0.1\", 7071))
s.listen(1)
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.bind((\"127.0.0.1\", 0))
u.sendto(b\"x\", (\"127.0.0.1\", 7072))
"'
says 'the address is named' '"127.0.0.1:7070/tcp"' "$work/tried/network.yaml"
says 'the one it listens on, too' '"127.0.0.1:7071/tcp"' "$work/tried/network.yaml"
says 'and the datagram'"'"'s' '"127.0.0.1:7072/udp"' "$work/tried/network.yaml"
try as demo agentctl run --policy "$work/tried/network.yaml" -- python3 -c '
import socket
try:
    socket.create_connection(("127.0.0.1", 22))
except PermissionError:
    print("refused")'
says 'another port is refused' 'refused' "$work/out"

# --- secrets are a person's to allow ---

mkdir -p "$work/keys" /home/demo/.ssh
echo TOKEN=1 >"$work/keys/.env"
echo plain >"$work/keys/plain"
echo key >"$work/keys/server.pem"
echo key >/home/demo/.ssh/id_ed25519
chown -R demo:demo /home/demo/.ssh "$work/keys"
cd "$work/keys" || exit
try as demo agentctl policy learn --name keys --output "$work/tried/keys.yaml" -- \
	cat plain .env server.pem /home/demo/.ssh/id_ed25519
is 'learn: what it reads it reads' "$(wc -l <"$work/out")" 4
sed 's/^/# /' "$work/tried/keys.yaml"
says 'a secret is a comment, with a word why' '# - ${WORKSPACE}/.env  # a secret? keys of a project' \
	"$work/tried/keys.yaml"
says 'so is a key at home' '# - ${HOME}/.ssh/id_ed25519  # a secret? keys of ssh' "$work/tried/keys.yaml"
says 'a key in the workspace is denied by name' '- -${WORKSPACE}/server.pem' "$work/tried/keys.yaml"
for file in .env server.pem /home/demo/.ssh/id_ed25519; do
	try as demo agentctl run --policy "$work/tried/keys.yaml" -- cat $file
	is "enforced, $file is refused" "$status" 1
done
try as demo agentctl run --policy "$work/tried/keys.yaml" -- cat plain
is 'control: and another file is not' "$status" 0

# The same acts make the same policy, but for what the head tells.
try as demo agentctl policy learn --name keys --output - -- \
	cat plain .env server.pem /home/demo/.ssh/id_ed25519
sed -n '/^version:/,$p' "$work/out" >"$work/second"
sed -n '/^version:/,$p' "$work/tried/keys.yaml" >"$work/first"
holds 'learned twice, it is the same' cmp "$work/first" "$work/second"

# --- what was lost is told ---

# And nobody is held for it.
daemon_pause() {
	kill -STOP $daemon
	undrain
}
workspace_make flood
cp "$bin/refuse" "$work/flood"
chmod 777 "$work/flood"
cd "$work/flood" || exit
# The agent is made by agentosd, which is then stopped until the rings have run over.
(
	wait_for 60 [ -e "$work/flood/begun" ]
	daemon_pause
	touch "$work/flood/go"
	wait_for 300 [ -e "$work/flood/done" ]
	kill -CONT $daemon
) &
flooding=$!
try as demo agentctl policy learn --name flood --output "$work/tried/flood.yaml" -- sh -c '
touch begun
while [ ! -e go ]; do sleep 0.1; done
python3 -c "
for i in range(7000):
    open(\"/etc/hostname\").close()
    open(\"/etc/passwd\").close()"
touch done'
wait $flooding
is 'learn with lost records: it is told' "$status" 5
says 'on standard error' 'INCOMPLETE:' "$work/err"
says 'and at the head of the policy' '# INCOMPLETE:' "$work/tried/flood.yaml"

try as demo agentctl policy learn --output "$work/tried/keys.yaml" -- true
refused 'learn: an output that is there is kept' 1 'is there already'
try as demo agentctl policy learn --name 'a b' -- true
refused 'learn: a name that is none' 2 '--name takes'
try as agentu agentctl policy learn -- touch "$work/flood/ran"
is 'learn: who may not read the log' "$status" 1
fails 'runs nothing' [ -e "$work/flood/ran" ]
try as demo agentctl policy learn
refused 'learn: no program' 2 'which program?'
try as demo agentctl policy learn --output "$work/tried/none.yaml" -- no-such-program
refused 'learn: no such program' 127 'no-such-program'
fails 'and no policy' [ -e "$work/tried/none.yaml" ]

stage_end
