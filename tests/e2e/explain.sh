#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# agentctl policy explain: for each kind of denial the rule, its line, and a fix that works when it is applied.
# timeout: 600

# shellcheck disable=SC2016,SC2317 # for the agents' shells; what holds and wait_for call
# shellcheck source=tests/e2e/lib/stage.sh
. "$SRC/tests/e2e/lib/stage.sh"

cp "$BUILD/bin/agentos-gateway" "$bin"
chmod 755 "$bin/agentos-gateway"
module_load
daemon_start

data=$work/data
space=$work/space
mkdir -p "$data/dir" "$space/keys"
for name in "$data/read" "$data/write" "$data/old" "$data/a b: c" "$space/keys/one" "$space/key" \
	"$space/.env"; do
	echo content >"$name"
done
cp /bin/true "$data/tool"
chown -R demo: "$data" "$space"

base=$work/policies/base.yaml
sed -e 's/^name: .*/name: base/' -e '/^  deny:/a\    - ${WORKSPACE}/keys\n    - ${WORKSPACE}/key' \
	"$work/policies/untrusted.yaml" >"$base"

cat >"$work/serve.py" <<'EOF'
import os, socket, sys
inet = socket.create_server(("127.0.0.1", 8088))
path = socket.socket(socket.AF_UNIX); path.bind(sys.argv[1]); path.listen(); os.chmod(sys.argv[1], 0o666)
name = socket.socket(socket.AF_UNIX); name.bind("\0agentos-explain"); name.listen()
while True:
    inet.accept()
EOF
python3 "$work/serve.py" "$work/x.sock" &
children="$children $!"
holds 'control: a service is there' wait_for 20 test -S "$work/x.sock"

# run NAME COMMAND...: as demo, under NAME.yaml.
run() {
	name=$1
	shift
	try as demo sh -c 'cd "$0" && exec agentctl run --policy "$@"' "$space" "$work/policies/$name.yaml" \
		--name "$name" -- "$@"
}
last_denial() {
	agentctl audit --denied --seq --agent "$1" -n 1 | sed -n 's/^#\([0-9]*\) .*/\1/p'
}
denied_since() {
	[ "$(last_denial "$1")" != "$2" ]
}

# fixed NAME COMMAND...: refused under the base policy; then what explain says is done to a copy
# of it, as often as something else is refused, until the command works.
fixed() {
	kind=$1
	shift
	cp "$base" "$work/policies/$kind.yaml"
	sed -i "s/^name: .*/name: $kind/" "$work/policies/$kind.yaml"
	run "$kind" "$@"
	if [ "$status" = 0 ]; then
		not_ok "$kind: control: it is refused"
		return
	fi
	ok "$kind: control: it is refused"
	seen=
	for _ in 1 2 3 4 5 6; do
		wait_for 20 denied_since "$kind" "$seen" || break
		seen=$(last_denial "$kind")
		agentctl policy explain "$seen" --json >"$work/$kind.json" 2>"$work/err" || break
		"$SRC/tests/e2e/lib/fix.py" "$work/policies/$kind.yaml" <"$work/$kind.json" \
			>"$work/said" 2>&1 || break
		run "$kind" "$@"
		[ "$status" != 0 ] || break
	done
	if [ "$status" = 0 ]; then
		ok "$kind: what explain says makes it work"
	else
		not_ok "$kind: what explain says makes it work" "$work/out" "$work/err" "$work/said" \
			"$work/$kind.json"
	fi
}

connects='import socket, sys
s = socket.socket(socket.AF_INET if sys.argv[1] == "inet" else socket.AF_UNIX)
s.connect({"inet": ("127.0.0.1", 8088), "name": "\0agentos-explain"}.get(sys.argv[1], sys.argv[1]))'
listens='import socket
s = socket.socket()
s.bind(("127.0.0.1", 8099))
s.listen()'

fixed reads cat "$data/read"
says 'the policy is told by name' '"policy_name":"reads"' "$work/reads.json"
says 'and by file' "\"file\":\"$work/policies/reads.yaml\"" "$work/reads.json"
says 'which is as it was' '"policy_state":"same"' "$work/reads.json"
fixed blanks cat "$data/a b: c"
fixed writes sh -c 'echo more >>"$0"' "$data/write"
fixed creates touch "$data/new"
fixed deletes rm "$data/old"
fixed renames mv "$data/write" "$data/dir/written"
fixed links ln "$data/read" "$data/linked"
fixed executes "$data/tool"
fixed nearer cat "$space/keys/one"
says 'a path in the workspace is told as one' '"item":"${WORKSPACE}/keys/one"' "$work/nearer.json"
fixed same cat "$space/key"
says 'and so is the rule' '"rule_about":"${WORKSPACE}/key"' "$work/same.json"
fixed named cat "$space/.env"
fixed rights unshare -U true
fixed inet python3 -c "$connects" inet
fixed path python3 -c "$connects" "$work/x.sock"
fixed abstract python3 -c "$connects" name
fixed listener python3 -c "$listens"
# From here on with rules on addresses that deny.
sed -i -e '/^rights:/a\  - net-connect' "$base"
printf 'network:\n  connect:\n    - "*:443"\n  deny:\n    - 127.0.0.0/8\n    - 10.0.0.0/8\n' >>"$base"
fixed prefix python3 -c "$connects" inet
says 'with the rule on the prefix' '"rule_about":"127.0.0.0/8:' "$work/prefix.json"
sed -i -e 's|127.0.0.0/8|127.0.0.1|' "$base"
fixed address python3 -c "$connects" inet
says 'which has to go' '"remove_line":true' "$work/address.json"

# --- hosts, by the gateway ---

cp /etc/hosts "$work/hosts"
echo '127.0.0.5 plain.test banner.test tunnel.test api.openai.com' >>/etc/hosts
cp "$SRC/tests/e2e/lib/egress.py" "$space/egress.py"
chmod 644 "$space/egress.py"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 \
	-subj /CN=secure.test -keyout "$work/key.pem" -out "$work/certificate.pem" 2>/dev/null
python3 "$space/egress.py" serve "$work/certificate.pem" "$work/key.pem" >"$work/serve.log" 2>&1 &
children="$children $!"
wait_for 30 grep -q serving "$work/serve.log" || bail 'nobody serves'
cp "$base" "$work/base.addresses"
sed -e 's/^name: .*/name: base/' -e '/^rights:/a\  - net-connect' "$work/policies/untrusted.yaml" >"$base"
cat >>"$base" <<'END'
network:
  egress:
    - plain.test:8443
    - banner.test:2200
    - "*.openai.com:8443"
  egress-private:
    - 127.0.0.0/8
END
# reached VERB HOST PORT: what comes back begins with $answer.
answer=127.0.0.5
reached() {
	fixed "host-$2" sh -c 'got=$(python3 egress.py "$1" "$2" "$3") && case $got in "$4"*) ;; *) echo "$got"; false ;; esac' \
		sh "$1" "$2" "$3" "$answer"
}
reached plain plain.test 8080
line=$(grep -n '^    - plain.test:8443$' "$base" | cut -d: -f1)
says 'with the rule on another port of that host' \
	"\"line\":$line,\"rule_denies\":false" "$work/host-plain.test.json"
says 'and its file' "\"rule_file\":\"$work/policies/host-plain.test.yaml\"" "$work/host-plain.test.json"
reached tls tunnel.test 8443
says 'or that there is none' 'No rule on host names is about this host.' "$work/host-tunnel.test.json"
answer='banner of'
reached raw banner.test 2200
says 'what is not TLS needs a list of its own' '"list":"egress-any"' "$work/host-banner.test.json"
answer=127.0.0.5
reached tls api.openai.com 8443
says 'and so does a provider of models' '"list":"egress-providers"' "$work/host-api.openai.com.json"

# asked VERB HOST PORT: explained in words, as agent `asking`.
cp "$base" "$work/policies/asking.yaml"
sed -i -e 's/^name: .*/name: asking/' -e '/^  egress-private:/,$d' "$work/policies/asking.yaml"
asked() {
	run asking python3 egress.py "$@"
	audit_settle
	try agentctl policy explain "$(last_denial asking)"
	is "$2: explained" "$status" 0
}
asked tls plain.test 8443
line=$(grep -n '^    - plain.test:8443$' "$work/policies/asking.yaml" | cut -d: -f1)
says 'a private address: the rule that names the host' \
	"$work/policies/asking.yaml:$line: plain.test:8443 is about this host, and does not allow this" "$work/out"
says 'and what would have to allow it' 'egress-private: [10.0.0.0/8]' "$work/out"
asked tls 192.0.2.7 443
says 'an address: past the gateway' '- "192.0.2.7:443/tcp"' "$work/out"
python3 "$space/egress.py" tls plain.test 8443 >"$work/answers"
audit_settle
try agentctl policy explain "$(agentctl audit --denied --seq -n 1 | sed -n 's/^#\([0-9]*\) .*/\1/p')"
says 'who is no agent' 'Who asked is no agent' "$work/out"
fails 'has no policy' grep -q ^policy "$work/out"

# --- what was let pass ---

cp "$base" "$work/policies/passed.yaml"
sed -i 's/^name: .*/name: passed/' "$work/policies/passed.yaml"
# passes COMMAND...: audit-only, and explained.
passes() {
	try as demo sh -c 'cd "$0" && exec agentctl run --audit-only --policy "$@"' "$space" \
		"$work/policies/passed.yaml" --name passed -- "$@"
	is 'audit-only: it is done' "$status" 0
	audit_settle
	seq=$(last_denial passed)
	try agentctl policy explain "$seq"
	is 'and explained' "$status" 0
	says 'as let pass' 'It was let pass, as the agent is audit-only.' "$work/out"
}
passes cat "$data/read"
says 'with what would allow it' "- $data/read" "$work/out"
agentctl policy explain --json "$seq" >"$work/out"
says 'also to programs' '"passed":true' "$work/out"
passes python3 egress.py tls tunnel.test 8443
says 'a host as well' '- "tunnel.test:8443"' "$work/out"
cp "$base" "$work/policies/watching.yaml"
sed -i -e 's/^name: .*/name: watching/' -e '/^files:/a\  watch:\n    - ${WORKSPACE}/egress.py' \
	"$work/policies/watching.yaml"
run watching cat egress.py
is 'watched: it is done' "$status" 0
audit_settle
try agentctl policy explain "$(last_denial watching)"
line=$(grep -n '^    - ${WORKSPACE}/egress.py$' "$work/policies/watching.yaml" | cut -d: -f1)
says 'and explained, with the rule' \
	"$work/policies/watching.yaml:$line: \${WORKSPACE}/egress.py is watched" "$work/out"
says 'as done' 'It was done, and is recorded as what would be denied.' "$work/out"
cat "$work/hosts" >/etc/hosts
cp "$work/base.addresses" "$base"

# --- what people read ---

cp "$base" "$work/policies/text.yaml"
run text cat "$space/key"
audit_settle
seq=$(last_denial text)
try agentctl policy explain "$seq"
is 'as text: done' "$status" 0
says 'it has the denial' "may not open $space/key for reading" "$work/out"
line=$(grep -n '^    - ${WORKSPACE}/key$' "$work/policies/text.yaml" | cut -d: -f1)
says 'file and line of the rule' "$work/policies/text.yaml:$line: \${WORKSPACE}/key is denied" "$work/out"
says 'and what to do' 'To allow it, take that line out.' "$work/out"
try agentctl policy explain "#$seq"
is 'the number as it is shown will do' "$status" 0
run text cat "$data/read"
audit_settle
seq=$(last_denial text)
try agentctl policy explain "$seq"
tail -n 4 "$work/out" >"$work/tail"
printf 'To allow it, add:\n  files:\n    read:\n      - %s\n' "$data/read" >"$work/expected"
holds 'lines to add stand as in a file' cmp "$work/tail" "$work/expected"
try agentctl run --policy "$work/policies/untrusted.yaml" --workspace "$work" --name never -- \
	python3 -c 'import os; os.sched_setaffinity(1, {0})'
audit_settle
try agentctl policy explain "$(last_denial never)"
says 'what no policy allows' 'No policy can allow it.' "$work/out"
mkdir "$space/held"
sed -e "/^  read:/a\\    - \${WORKSPACE}/held" "$base" >"$work/policies/holds.yaml"
run holds rmdir "$space/held"
audit_settle
try agentctl policy explain "$(last_denial holds)"
says 'what rules hold' 'while a rule is on it' "$work/out"

# --- the file since then ---

sed -i '1i # a line more' "$work/policies/text.yaml"
try agentctl policy explain "$seq"
is 'a file that has changed: done' "$status" 0
says 'and told' 'it says something else by now: numbers of rules may have moved' "$work/out"
sed -i 's/^rights:/right:/' "$work/policies/text.yaml"
try agentctl policy explain "$seq"
is 'one that is not valid any more: done' "$status" 0
says 'and told with what is wrong' 'it is not valid any more' "$work/out"
rm "$work/policies/text.yaml"
try agentctl policy explain "$seq"
is 'one that is gone: done' "$status" 0
says 'and told as well' 'it cannot be read any more: No such file' "$work/out"
says 'with what can be said without it' "- $data/read" "$work/out"
try agentctl policy explain --json "$seq"
says 'also to programs' '"policy_state":"gone"' "$work/out"
holds 'whose JSON is valid' python3 -m json.tool "$work/out"

# --- another policy, applied ---

agent_start worker sleep 1000
holds 'an agent runs' wait_for 20 agent_lives worker
cp "$base" "$work/policies/second.yaml"
try agentctl policy apply "$work/policies/second.yaml" worker --workspace "$space"
is 'a policy is applied' "$status" 0
audit_settle
agentctl audit --json --agent worker >"$work/log"
says 'the log knows its file' "\"file\":\"$work/policies/second.yaml\",\"workspace\":\"$space\"" "$work/log"
agentctl audit --agent worker >"$work/log"
says 'and says so' "of worker($(agentctl show --json worker | sed 's/.*"id":\([0-9]*\).*/\1/')) is base, from $work/policies/second.yaml" "$work/log"

# --- where it was ---

# Short names on the root's own mount, and all that is not as simple.
where=/srv/where
mkdir -p $where/at/deeper $where/new/inside "$work/mounted"
mount -t tmpfs none "$work/mounted"
mkdir $where/bound
mount --bind "$work/mounted" $where/bound
for length in 1 2 31 32 35 36 39 40 41 254 255; do
	name=$(printf "%${length}s" '' | tr ' ' n)
	for at in $where $where/at/deeper "$work/mounted" $where/bound; do
		touch "$at/$name"
		echo "$at/$name"
	done
done | sort -u >"$work/where.paths"
cat >"$work/policies/where.yaml" <<'END'
version: 1
name: where
rights: [file-read, file-exec, capabilities, mount]
files:
  read: [/usr, /etc/ld.so.cache, -/lib, -/lib64, -/bin]
  exec: [/usr, -/lib, -/lib64, -/bin]
END
cat >"$work/where.py" <<'END'
import os, sys
def refused(path):
    try:
        open(path)
        print("opened", path)
    except PermissionError:
        pass
for path in sys.argv[1:]:
    refused(path)
os.chroot("/srv/where/new")
refused("/inside/x")
refused("/")
END
touch $where/new/inside/x
cp "$work/where.py" /usr/lib/where.py
# shellcheck disable=SC2046 # words
try agentctl run --quiet --policy "$work/policies/where.yaml" --name where -- \
	python3 -I /usr/lib/where.py $(cat "$work/where.paths")
is 'an agent is refused files wherever they are' "$status" 0
fails 'all of them' grep -q opened "$work/out"
printf '/inside/x\n/\n' >>"$work/where.paths"
audit_settle
agentctl audit --json --agent where >"$work/log"
cat >"$work/where-told.py" <<'END'
import json, sys
told = {json.loads(line)["object"].get("text") for line in open(sys.argv[1])
        if json.loads(line)["type"] == "event"}
for path in open(sys.argv[2]):
    if path.rstrip("\n") not in told:
        sys.exit("not told: " + path)
END
holds 'and the log tells each by its path' python3 "$work/where-told.py" "$work/log" "$work/where.paths"
rm -f /usr/lib/where.py
umount $where/bound "$work/mounted"

# --- what is no denial ---

try agentctl policy explain 99999999
refused 'a number that the log has not' 1 'the log has no record 99999999'
try agentctl policy explain 1
refused 'a record that is no denial' 1 'record 1 of the log is no denial'
for wrong in abc -1 0 '#' 1x 99999999999999999999 "$(printf '1\033[2J')"; do
	try agentctl policy explain -- "$wrong"
	refused "no number: $wrong" 2 'explain takes the number of a denial'
done
try agentctl policy explain
refused 'none at all' 2 'explain takes the number of one denial'
try env AGENTOS_AUDIT_DIR="$work/nowhere" agentctl policy explain 1
refused 'no log' 1 'nowhere'
try as agentu agentctl policy explain "$seq"
is 'who may not read the log: refused' "$status" 1

try agentctl kill --all
holds 'no agent is left' wait_for 30 counters_zero
daemon_stop
is 'agentosd ends' "$status" 0
holds 'nothing holds the module' wait_for 30 module_unload
stage_end
