#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Effects of a policy: what kills ends the whole agent and says why, what is watched is done and told, and neither anything else.
# timeout: 900

# shellcheck disable=SC2016,SC2317 # for the agents' shells; what try and holds call
# shellcheck source=tests/e2e/lib/stage.sh
. "$SRC/tests/e2e/lib/stage.sh"

# An act by name, in a process of its own: "done" when it worked, else why not.
cat >"$work/act.py" <<'END'
import os, socket, sys
def ptrace():
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(0, 0, 0, 0) < 0: raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
def tcp(host):
    s = socket.socket(); s.settimeout(5)
    try: s.connect((host, 9))
    except ConnectionRefusedError: pass
def udp(host): socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", (host, 9))
def bind(host): socket.socket().bind((host, 8099))
def unix(path): socket.socket(socket.AF_UNIX).connect(path)
def thread(path):
    import threading
    failed = []
    def read():
        try: open(path)
        except OSError as e: failed.append(e)
    t = threading.Thread(target=read); t.start(); t.join()
    for e in failed: raise e
acts = {
    "read": lambda p: open(p).read(), "write": lambda p: open(p, "a").write("x"),
    "list": os.listdir, "create": lambda p: os.close(os.open(p, os.O_CREAT | os.O_WRONLY)),
    "mkdir": os.mkdir, "unlink": os.unlink, "symlink": lambda p: os.symlink("x", p),
    "rename": os.rename, "link": os.link, "truncate": lambda p: os.truncate(p, 0),
    "chmod": lambda p: os.chmod(p, 0o644), "utime": os.utime, "exec": lambda p: os.execv(p, [p]),
    "ptrace": ptrace, "tcp": tcp, "udp": udp, "bind": bind, "unix": unix, "thread": thread,
}
try:
    acts[sys.argv[1]](*sys.argv[2:])
    print("done")
except OSError as e:
    print(e.strerror)
END

# tree_make NAME: a workspace with what the rules are about.
tree_make() {
	rm -rf "${work:?}/$1"
	mkdir -p "$work/$1/trap"
	for file in bait plain note.bait trap/in; do
		echo content >"$work/$1/$file"
	done
	cp "$work/act.py" "$work/$1"
	cp /bin/true "$work/$1/tool"
	chmod -R a+rwX "$work/$1"
}

# policy_make NAME RULES: untrusted, with more rules.
policy_make() {
	printf 'name: %s\nextends: untrusted\n%s\n' "$1" "$2" >"$work/policies/$1.yaml"
}

paths='"${WORKSPACE}/bait", "${WORKSPACE}/trap", "${WORKSPACE}/tool"'
addresses='127.1.2.3, "127.0.0.1:8099"'
net='rights: [net-connect, net-listen, unix-connect]'
policy_make kill "$net
files:
  kill: [$paths, \"$work/bait.sock\"]
  kill-names: [\"*.bait\"]
network:
  connect: [\"127.0.0.0/8:*\"]
  listen: [\"127.0.0.0/8:*\"]
  kill: [$addresses]
  unix: [\"$work/plain.sock\"]
effects: {ptrace: kill, net-raw: kill}"
policy_make deny "$net
files:
  deny: [$paths, \"$work/bait.sock\"]
  deny-names: [\"*.bait\"]
network:
  connect: [\"127.0.0.0/8:*\"]
  listen: [\"127.0.0.0/8:*\"]
  deny: [$addresses]
  unix: [\"$work/plain.sock\"]"
policy_make watch "$net
files:
  watch: [$paths, \"$work/bait.sock\"]
  watch-names: [\"*.bait\"]
network:
  watch: [$addresses]
effects: {ptrace: watch, perf: watch}"
policy_make nearer 'files:
  watch-names: ["*.bait", plain]
  deny-names: ["not*"]
  read: ["-${WORKSPACE}/x.bait/in"]'

module_load
daemon_start
python3 -c 'import socket, sys, time, os
keep = []
for path in sys.argv[1:]:
    s = socket.socket(socket.AF_UNIX); s.bind(path); s.listen(); os.chmod(path, 0o666); keep.append(s)
time.sleep(3600)' "$work/bait.sock" "$work/plain.sock" &
children="$children $!"
wait_for 20 test -S "$work/plain.sock"

# tries POLICY ACT...: in an agent with two more processes; $status, what it said in $said, and
# "yes" in $survived if the shell that started it went on.
tries() {
	tree_make space
	rules=$1
	shift
	(cd "$work/space" && exec agentctl run --policy "$rules" --name one -- sh -c '
		sleep 1000 & a=$!; sleep 1000 & "$@" >said 2>&1
		echo yes >survived; kill $a $!' sh "$@") \
		>"$work/out" 2>"$work/err" </dev/null
	status=$?
	said=$(cat "$work/space/said" 2>/dev/null)
	survived=$(cat "$work/space/survived" 2>/dev/null)
	wait_for 20 agent_gone || echo 'it is not gone' >>"$work/err"
}
agent_gone() {
	[ "$(counters | cut -d' ' -f1,2)" = '0 0' ]
}
# The last denial, or act that was watched, as JSON.
last() {
	audit_settle
	agentctl audit --denied --json | tail -n 1 >"$work/last"
}

# kills NAME ACT...: the agent is killed for it; under deny it goes on, and is refused.
kills() {
	point=$1
	shift
	tries deny "$@"
	is "control: $point, denied" "$status ${survived:-no} $said" '0 yes Permission denied'
	tries kill "$@"
	is "$point, to be killed for" "$status ${survived:-no}" '137 no'
}

act() {
	echo "python3 -IS act.py $*"
}

# shellcheck disable=SC2046 # words
{
	kills 'open' $(act read bait)
	last
	says 'its record says it' '"effect":"kill"' "$work/last"
	says 'and by which rule' '"why":"rule"' "$work/last"
	agentctl audit --json | tail -n 1 >"$work/out"
	says 'and the end of the agent, why' '"event":"exit"' "$work/out"
	says 'with its reason' '"reason":"policy"' "$work/out"
	agentctl audit >"$work/out"
	says 'in words, what was tried' 'may not open' "$work/out"
	says 'that the agent is killed for it' '; the agent is killed for it' "$work/out"
	says 'that it is to be' 'is to be killed, as its policy says, for what process' "$work/out"
	says 'and that it was' 'ended: it was killed for what it tried, as its policy says' "$work/out"
	seq=$(agentctl audit --denied --seq -n 1 | sed -n 's/^#\([0-9]*\).*/\1/p')
	try agentctl policy explain "$seq"
	says 'explain names file, line and rule' \
		"kill.yaml:5: \${WORKSPACE}/bait is denied, and who tries is killed" "$work/out"
	try agentctl policy explain --json "$seq"
	says 'and as JSON' '"kills":true' "$work/out"

	kills 'open for writing' $(act write bait)
	kills 'list a directory' $(act list trap)
	kills 'make a file there' $(act create trap/new)
	kills 'unlink' $(act unlink bait)
	kills 'rename it' $(act rename bait other)
	kills 'rename to it' $(act rename plain bait)
	kills 'link it' $(act link bait other)
	kills 'truncate' $(act truncate bait)
	kills 'chmod' $(act chmod bait)
	kills 'utime' $(act utime bait)
	kills 'execute' $(act exec ./tool)
	kills 'a name anywhere' $(act mkdir x.bait)
	kills 'a thread' $(act thread bait)
	kills 'connect' $(act tcp 127.1.2.3)
	kills 'send' $(act udp 127.1.2.3)
	kills 'bind' $(act bind 127.0.0.1)
	kills 'a Unix socket' $(act unix "$work/bait.sock")

	# Rights.
	tries deny $(act ptrace)
	is 'control: ptrace, denied' "$status ${survived:-no} $said" '0 yes Operation not permitted'
	tries kill $(act ptrace)
	is 'ptrace, to be killed for' "$status ${survived:-no}" '137 no'
	seq=$(agentctl audit --denied --seq -n 1 | sed -n 's/^#\([0-9]*\).*/\1/p')
	try agentctl policy explain "$seq"
	says 'explain names file and line' 'kill.yaml:12: ptrace: kill' "$work/out"

	# What is not named is not killed for.
	tries kill $(act read plain)
	is 'control: another file' "$status $survived $said" '0 yes done'
	tries kill $(act read /etc/shadow)
	is 'control: another denial' "$status $survived $said" '0 yes Permission denied'
	tries kill $(act tcp 127.0.0.1)
	is 'control: another address' "$status $survived $said" '0 yes done'
	tries kill $(act unix "$work/plain.sock")
	is 'control: another socket' "$status $survived $said" '0 yes done'
}

# Nobody of it goes on when the kernel comes late to what it has put off: here whoever does that has
# a processor that something else keeps busy, and the agent the other one.
tries_late() {
	tree_make space
	taskset -c 1 chrt -f 1 sh -c 'while :; do :; done' &
	hog=$!
	(cd "$work/space" && exec taskset -c 0 agentctl run --policy "$1" --name one -- sh -c '
		python3 act.py write bait >said 2>&1
		echo yes >survived') >"$work/out" 2>"$work/err" </dev/null
	status=$?
	kill "$hog"
	said=$(cat "$work/space/said" 2>/dev/null)
	survived=$(cat "$work/space/survived" 2>/dev/null)
	wait_for 20 agent_gone || echo 'it is not gone' >>"$work/err"
}
put_off=/sys/devices/virtual/workqueue/cpumask
anywhere=$(cat $put_off)
holds 'what is put off is done by one processor' sh -c "echo 2 >$put_off"
tries_late deny
is 'control: denied there' "$status ${survived:-no} $said" '0 yes Permission denied'
tries_late kill
is 'and to be killed for' "$status ${survived:-no}" '137 no'
echo "$anywhere" >$put_off

# Who lacks the right is killed no less.
cat >"$work/policies/rightless.yaml" <<'END'
name: rightless
extends: reader
files:
  kill: ["${WORKSPACE}/bait"]
END
cat >"$work/policies/reader.yaml" <<'END'
name: reader
rights: [file-read, file-exec]
files:
  read: [/]
  exec: [/]
END
tree_make space
(cd "$work/space" && agentctl run --policy reader -- sh -c 'python3 act.py unlink bait
	python3 act.py rename bait x; python3 act.py write bait') >"$work/out" 2>&1
is 'control: without the right it is refused' "$(sort -u "$work/out")" 'Permission denied'
for act in 'unlink bait' 'rename bait x' 'rename plain bait' 'write bait'; do
	status=0
	(cd "$work/space" && exec agentctl run --policy rightless -- sh -c "python3 act.py $act; exit 0") \
		>"$work/out" 2>&1 || status=$?
	is "and killed for, $act" $status 137
done

# Also where the same name is denied anywhere.
policy_make names 'files: {deny-names: [plain]}'
policy_make both 'files: {deny-names: [plain], kill: ["${WORKSPACE}/plain"]}'
tries names python3 act.py read plain
is 'control: a name, denied' "$status $survived $said" '0 yes Permission denied'
tries both python3 act.py read plain
is 'and to be killed for' "$status ${survived:-no}" '137 no'

# Nobody is killed for what he is sent.
cat >"$work/send.py" <<'END'
import os, socket, subprocess, sys
ours, its = socket.socketpair()
agent = subprocess.Popen(["agentctl", "run", "--quiet", "--policy", "kill", "--", "python3", "-c",
    "import socket; print(len(socket.recv_fds(socket.socket(fileno=0), 1, 1)[1]), flush=True)"],
    stdin=its)
its.close()
socket.send_fds(ours, [b"x"], [os.open(sys.argv[1], os.O_RDONLY)])
print(agent.wait())
END
tree_make space
is 'control: a file is sent to an agent' "$(cd "$work/space" && python3 "$work/send.py" plain | xargs)" '1 0'
is 'one to be killed for does not come, and kills nobody' \
	"$(cd "$work/space" && python3 "$work/send.py" bait | xargs)" '0 0'
last
says 'it was refused' '"hook":"file_receive"' "$work/last"
fails 'and no more' grep -q '"effect"' "$work/last"

# A family: what one below does ends that and what is below it, what the top does ends all.
workspace_make crew
cp "$work/act.py" "$bin/agentctl" "$work/crew"
echo content >"$work/crew/bait"
mkdir -p "$work/crew/trap" && cp /bin/true "$work/crew/tool"
policy_make family 'rights: [derive]
files:
  kill: ["${WORKSPACE}/bait"]'
policy=family
agent_start crew sh -c 'touch begun; until [ -e go ]; do sleep 0.2; done; cat bait; sleep 1000'
holds 'an agent runs' wait_for 20 test -e "$work/crew/begun"
(cd "$work/crew" && exec agentctl spawn --under crew --name low -- sh -c \
	'touch low; until [ -e low-go ]; do sleep 0.2; done; cat bait; sleep 1000') >/dev/null 2>&1 &
low=$!
(cd "$work/crew" && exec agentctl spawn --under crew --name idle -- sleep 1000) >/dev/null 2>&1 &
idle=$!
children="$children $low $idle"
holds 'and one below it' wait_for 20 test -e "$work/crew/low"
holds 'and another' wait_for 20 agent_lives crew.idle
touch "$work/crew/low-go"
status=0
wait $low || status=$?
is 'the lower one is killed' $status 137
holds 'control: the upper one goes on' agent_lives crew
holds 'control: and the other below it' agent_lives crew.idle
touch "$work/crew/go"
agent_wait
is 'the upper one is killed' "$status" 137
status=0
wait $idle || status=$?
is 'and with it what is below' $status 137
holds 'none is left' wait_for 20 agent_gone
agentctl audit >"$work/out"
says 'which the log tells' 'is to be killed with the agent above it' "$work/out"

# Forks do not outrun it.
tree_make space
(cd "$work/space" && exec agentctl run --policy kill -- sh -c \
	'f() { (sh -c "while :; do (:) & done" &) }; f; f; f; sleep 1; cat bait; sleep 1000') \
	>"$work/out" 2>&1
is 'who forks without end is killed' $? 137
holds 'to the last of them' wait_for 30 agent_gone

# Audit-only agents are not.
tree_make space
(cd "$work/space" && exec agentctl run --audit-only --policy kill -- sh -c \
	'python3 act.py read bait; python3 act.py ptrace; echo on') >"$work/out" 2>/dev/null
is 'an audit-only agent is not killed' "$(tr '\n' ' ' <"$work/out")" 'done done on '
last
says 'but told' '"verdict":"would-deny"' "$work/last"
agentctl audit --denied -n 1 >"$work/out"
says 'and what would come of it' 'the agent would be killed for it' "$work/out"
tree_make space
try agentctl policy test kill --workspace "$work/space" -- sh -c "cat $work/space/bait"
says 'policy test says so as well' 'the agent would be killed for it' "$work/err"
try agentctl policy test watch --workspace "$work/space" -- sh -c "cat $work/space/bait"
is 'and takes what is watched for no refusal' "$status" 0

# --- watch ---

# watched NAME ACT...: done, and recorded as what would be denied.
watched() {
	point=$1
	shift
	tries deny "$@"
	is "control: $point, denied" "$survived $said" "yes ${refusal:-Permission denied}"
	tries watch "$@"
	is "$point, watched" "$status $survived $said" '0 yes done'
	last
	if grep -q '"verdict":"would-deny"' "$work/last" && grep -q '"effect":"watch"' "$work/last"; then
		ok 'and told'
	else
		not_ok 'and told' "$work/last"
	fi
}
# shellcheck disable=SC2046 # words
{
	watched 'open' $(act read bait)
	seq=$(agentctl audit --denied --seq -n 1 | sed -n 's/^#\([0-9]*\).*/\1/p')
	try agentctl policy explain "$seq"
	says 'explain names file, line and rule' 'watch.yaml:5: ${WORKSPACE}/bait is watched' "$work/out"
	agentctl audit --denied -n 1 >"$work/out"
	says 'in words' 'as it is only watched: rule' "$work/out"
	watched 'open for writing' $(act write bait)
	watched 'make a file' $(act create trap/new)
	watched 'unlink' $(act unlink bait)
	watched 'rename it' $(act rename bait other)
	watched 'link' $(act link bait other)
	watched 'a name anywhere' $(act mkdir x.bait)
	watched 'open by name' $(act read note.bait)
	seq=$(agentctl audit --denied --seq -n 1 | sed -n 's/^#\([0-9]*\).*/\1/p')
	try agentctl policy explain "$seq"
	says 'explain names file, line and pattern' \
		'watch.yaml:6: "*.bait" is watched, in any directory' "$work/out"
	watched 'rename to such a name' $(act rename plain x.bait)
	watched 'rename from it' $(act rename note.bait other)
	watched 'connect' $(act tcp 127.1.2.3)
	watched 'send' $(act udp 127.1.2.3)
	watched 'bind' $(act bind 127.0.0.1)
	watched 'a Unix socket' $(act unix "$work/bait.sock")
	refusal='Operation not permitted'
	watched 'ptrace' $(act ptrace)
	refusal=
	tries watch $(act read plain)
	is 'control: what is not named' "$survived $said" 'yes done'
	last
	fails 'is not told' grep -q plain "$work/last"
}
# Who watches names gives nothing: what nothing allows is denied, what is denied stays so, and
# what is nearer decides.
echo content >/root/x.bait
tries watch python3 act.py read /root/x.bait
is 'a watched name where nothing is allowed is refused' "$survived $said" 'yes Permission denied'
tries nearer python3 act.py read note.bait
is 'and one that is denied as well' "$survived $said" 'yes Permission denied'
tries nearer python3 act.py read plain
is 'control: one that is not' "$survived $said" 'yes done'
last
says 'is watched' '"effect":"watch"' "$work/last"
mkdir -p "$work/space/x.bait" && echo content >"$work/space/x.bait/in" && cp "$work/act.py" "$work/space"
chmod -R a+rwX "$work/space"
(cd "$work/space" && agentctl run --policy nearer --name one -- sh -c \
	'python3 act.py read x.bait/in; python3 act.py write x.bait/in') >"$work/out" 2>&1
is 'below a watched directory both can be done' "$(xargs <"$work/out")" 'done done'
last
says 'and the one that no nearer rule allows is watched' '"access":["write"]' "$work/last"
is 'that one alone' "$(agentctl audit --denied --json | grep -c 'x.bait/in')" 1
try agentctl policy show nearer --effective --workspace "$work/space"
says 'policy show knows it' 'watch  *.bait anywhere' "$work/out"
try agentctl policy diff watch nearer --workspace "$work/space"
says 'and policy diff' '+ watch plain anywhere' "$work/out"
policy_make mounts 'rights: [capabilities, namespaces]
files: {write: [/proc]}
effects: {mount: watch}'
tries mounts sh -c 'mkdir -p m; mount -t tmpfs none m'
says 'what no audit-only agent may is refused, watched or not' 'ermission' "$work/space/said"
last
says 'and told as that' '"verdict":"denied"' "$work/last"
says 'for what it lacks' '"hook":"sb_mount"' "$work/last"
fails 'without that word' grep -q '"effect"' "$work/last"
tries mounts unshare -rm sh -c 'mkdir -p m; mount -t tmpfs none m && echo done'
is 'where it is nobody else'"'"'s it is done' "$said" 'done'
last
says 'and told as watched' '"effect":"watch"' "$work/last"
policy_make guarded 'files: {watch: [/sys/fs/bpf]}'
policy_make control 'files: {read: [/sys/fs/bpf]}'
tries control ls /sys/fs/bpf
is 'control: the file system of pins can be read' "$status $survived" '0 yes'
fails 'with no word of it' grep -q denied "$work/space/said"
tries guarded ls /sys/fs/bpf
says 'but not watched' 'ermission' "$work/space/said"

policy_make devices 'rights: [capabilities]
files: {watch: [/dev]}'
tries devices sh -c ': >/dev/one && mv /dev/one /dev/two && echo done'
is 'control: names of /dev can be moved' "$said" 'done'
tries devices mv /dev/two /dev/agentos
says 'but not over the device' 'ermission' "$work/space/said"
rm /dev/two

# Whom it is taken from does it no longer: each line at its cue is a try to signal somebody outside.
sleep 1000 &
outsider=$!
children="$children $outsider"
policy_make signals 'effects: {signal-outside: watch}'
cat >"$work/policies/fewer.yaml" <<'END'
name: fewer
rights: [file-read, file-write, file-exec]
files: {read: [/], write: ["${WORKSPACE}"], exec: [/]}
effects: {signal-outside: watch}
END
policy=signals
signaller_start() {
	workspace_make "$1"
	mkfifo "$work/$1/cue"
	agent_start "$1" sh -c "exec 2>/dev/null 3>said 4<cue
		while read -r x <&4; do kill -0 $outsider && echo done >&3 || echo refused >&3; done"
	exec 5>"$work/$1/cue"
	lines=0
}
signals() {
	lines=$((lines + 1))
	echo cue >&5
	wait_for 20 sh -c "[ \$(wc -l <'$work/$1/said') = $lines ]"
	tail -n 1 "$work/$1/said"
}
signaller_start dropped
is 'a signal is watched' "$(signals dropped)" 'done'
try agentctl policy apply fewer dropped --workspace "$work/dropped"
lines=1
is 'and under a policy of fewer rights' "$status $(signals dropped)" '0 done'
try agentctl rights dropped --drop signal-outside
lines=2
is 'dropped, it is refused' "$status $(signals dropped)" '0 refused'
try agentctl policy apply signals dropped --workspace "$work/dropped"
lines=3
is 'and stays so under another policy' "$status $(signals dropped)" '0 refused'
exec 5>&-
agent_wait
signaller_start revoked
is 'control: of another it is watched' "$(signals revoked)" 'done'
try agentctl rights revoked --revoke
lines=1
is 'revoked, it is refused as all is' "$status $(signals revoked)" '0 refused'
exec 5>&-
agent_wait
kill $outsider

# --- words ---

try agentctl policy show kill --effective --workspace "$work/space"
says 'show says what kills' 'kill   ' "$work/out"
says 'rights as well' 'effects: net-raw kill, ptrace kill' "$work/out"
try agentctl policy show watch --effective --json --workspace "$work/space"
says 'and as JSON' '"effects":{"ptrace":"watch","perf":"watch"}' "$work/out"
try agentctl policy diff deny kill --workspace "$work/space"
says 'diff says which denial kills now' '+ kill ' "$work/out"
says 'and for want of which right' '+ kill without ptrace' "$work/out"

holds 'no agent is left' wait_for 20 agent_gone
daemon_stop
holds 'the module can be unloaded' module_unload
stage_end
