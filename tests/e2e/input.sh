#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Bad input and bad places: one clear line that says what to do, a failure, and nothing half-applied.
# timeout: 600

# shellcheck disable=SC2317 # what try and holds call
# shellcheck source=tests/e2e/lib/stage.sh
. "$SRC/tests/e2e/lib/stage.sh"

esc=$(printf '\033')

# A control character that a terminal would act on, in any of the files.
has_controls() {
	LC_ALL=C grep -q "$(printf '[\001-\010\013-\037\177]')" "$@"
}

# --- a machine that is not ready ---

try agentosd
refused 'agentosd without the module' 1 'modprobe agentos'
try agentctl ps
refused 'ps without the module' 1 'modprobe agentos'
try as demo agentosd
refused 'agentosd without being root' 1 'must be root'
try agentosd --no-such-option
is 'agentosd with an unknown option: 2' "$status" 2
try agentosd --gateway-port 1024
refused 'agentosd with a port that anybody may take' 2 'a port, 1 to 1023'
module_load
umount /sys/fs/bpf
audit_dir_make
# The first one tells of the key that it makes.
try agentosd
try agentosd
refused 'agentosd without a BPF file system' 1 'mount -t bpf bpf /sys/fs/bpf'
mount -t bpf -o mode=700 bpf /sys/fs/bpf
chmod 757 $audit_dir
try agentosd
refused 'an audit directory that others may write to' 1 "$audit_dir"
is 'is left as it is, for someone to look at' "$(stat -c %a $audit_dir)" 757
chmod 750 $audit_dir
mv $audit_dir $audit_dir.real
ln -s $audit_dir.real $audit_dir
try agentosd
refused 'an audit directory that is a symlink' 1 "$audit_dir"
rm $audit_dir
mv $audit_dir.real $audit_dir
try agentosd --socket-group no-such-group
refused 'a group that does not exist' 1 'groupadd --system no-such-group'
fails 'none of them pinned anything' test -e $pins
is 'or made anything in the module' "$(counters)" '0 0 0 0'

# --- two daemons ---

daemon_start
try agentosd
refused 'a second agentosd' 1 "pid $daemon"
try agentosd --run-dir /run/agentos-second
refused 'a second agentosd with a place of its own: the log is taken' 1 'another agentosd'
holds 'the first one goes on' agentctl run -- true

# --- policies ---

mkdir -p "$work/ws" "$work/flat"
cd "$work/ws" || exit 1
ln -s "$work/loop-b" "$work/loop-a"
ln -s "$work/loop-a" "$work/loop-b"

# policy_with RIGHTS READ [MORE]: writes ./p.yaml
policy_with() {
	cat >p.yaml <<END
version: 1
name: p
rights: [$1]
files:
  read: [$2]
  exec: [/usr]
$3
END
}

policy_with 'file-read, file-exec' '/usr, /etc, -/nowhere'
try agentctl policy check ./p.yaml
is 'control: a good policy is valid' "$status" 0
try agentctl run --policy ./p.yaml -- true
is 'control: and runs' "$status" 0

# bad_policy WHAT TEXT: ./p.yaml is refused by check and by run, and nothing is run or made.
bad_policy() {
	held=$(counters)
	try agentctl policy check ./p.yaml
	refused "$1: policy check" 3 "$2"
	try agentctl run --policy ./p.yaml -- touch ran
	refused "$1: run" 3 "$2"
	fails "$1: nothing was run" test -e ran
	is "$1: nothing was made" "$(counters)" "$held"
}

policy_with 'file-read, file-exec' /usr 'fils: [/etc]'
bad_policy 'an unknown key' 'p.yaml:7: '
policy_with 'file-read, file-exec' /usr,/no/such/path
bad_policy 'a missing path' 'p.yaml:5: "/no/such/path"'
policy_with 'file-read, file-exec' "/usr, $work/loop-a"
bad_policy 'a loop of symlinks' 'p.yaml:5: '
policy_with '' /usr
bad_policy 'no rights' 'p.yaml:3: '
policy_with 'file-raed, file-exec' /usr
bad_policy 'an unknown right' 'did you mean file-read?'
policy_with 'file-read, file-exec, net-connect' /usr \
	'network: {connect: ["10.0.0.0/8:80"], deny: [10.0.0.0/8]}'
bad_policy 'an address that is allowed in vain' 'p.yaml:7: 10.0.0.0/8:80 is allowed here and denied'
policy_with 'file-read, file-exec' /usr "  deny: [$(seq -s, -f '-/nowhere/%.0f' 16390)]"
bad_policy 'more rules than a policy may have' 'more than 16364'
printf 'version: 1\nname: p\nrights: [%s[31m]\n' "$esc" >p.yaml
bad_policy 'a control character' 'p.yaml'
head -c 1100000 /dev/zero | tr '\0' '#' >p.yaml
bad_policy 'more bytes than a policy may have' 'larger than'
: >p.yaml
bad_policy 'an empty file' 'p.yaml'
rm p.yaml
bad_policy 'no file' 'p.yaml'

# --- files that are no policies at all ---

# huge_policy WHAT TEXT: likewise, at once, with little memory; and no agent has come or gone.
huge_policy() {
	agentctl ps | awk '{ print $1, $2, $3 }' >"$work/ps.before"
	held=$(counters)
	for verb in 'policy check ./p.yaml' 'run --policy ./p.yaml -- touch ran'; do
		# shellcheck disable=SC2016,SC2086 # for that shell; words
		try sh -c 'ulimit -v 65536 && exec timeout 20 agentctl "$@"' sh $verb
		refused "$1: ${verb%% ./*}" 3 "$2"
		fails "$1: with a tame line" has_controls "$work/err"
	done
	fails "$1: nothing was run" test -e ran
	is "$1: nothing was made" "$(counters)" "$held"
	agentctl ps | awk '{ print $1, $2, $3 }' >"$work/ps.after"
	holds "$1: the agents are those that were there" cmp "$work/ps.before" "$work/ps.after"
}

agent_start witness sleep 1000
holds 'an agent runs' wait_for 20 agent_lives witness
truncate -s 100M big.yaml
cp --sparse=always big.yaml p.yaml
huge_policy '100 MB of nothing' 'p.yaml: larger than 1048576 bytes'
yes '  # a line of a policy that does not end' | head -c 100M >p.yaml
huge_policy '100 MB of text' 'p.yaml: larger than 1048576 bytes'
mv p.yaml text.yaml
for big in big.yaml text.yaml; do
	policy_with 'file-read, file-exec' /usr "include: [$big]"
	huge_policy "$big, included" "p.yaml:7: \"include\": $work/ws/$big: larger than"
	printf 'name: p\nextends: ./%s\n' $big >p.yaml
	huge_policy "$big, extended" "p.yaml:2: \"extends\": $work/ws/$big: larger than"
done
rm big.yaml text.yaml
head -c 10000 /dev/urandom >p.yaml
huge_policy 'random bytes' 'p.yaml'
head -c 10000 /dev/zero >p.yaml
huge_policy 'NULs' 'p.yaml:1: not a text in UTF-8'
cp /bin/true p.yaml
huge_policy 'a program' 'p.yaml:1: not a text in UTF-8'
printf '\211PNG\r\n\032\n\0\0\0\015IHDR\0\0\1\0\0\0\1\0\010\2\0\0\0' >p.yaml
huge_policy 'the begin of an image' 'p.yaml:1: not a text in UTF-8'
policy_with 'file-read, file-exec' /usr
printf '# \000 one NUL in a comment\n' >>p.yaml
huge_policy 'a policy with a NUL in it' 'p.yaml:8: not a text in UTF-8'
cp /bin/true junk.yaml
policy_with 'file-read, file-exec' /usr "include: [junk.yaml]"
huge_policy 'a program, included' "$work/ws/junk.yaml:1: not a text in UTF-8"
rm junk.yaml
holds 'the agent runs on' agent_lives witness
agentctl kill witness >/dev/null
agent_wait

# not_run WHAT TEXT: ./p.yaml is well written, but agentosd cannot make it hold.
not_run() {
	held=$(counters)
	try agentctl run --policy ./p.yaml -- touch ran
	refused "$1" 1 "$2"
	fails "$1: nothing was run" test -e ran
	is "$1: nothing was made" "$(counters)" "$held"
}

policy_with 'file-read, file-exec' "/usr, $pins/links"
not_run 'a rule about what is pinned' "no rule may be about what is below $pins"

# Where names have other spellings a rule on a name would not hold.
modprobe -a loop ext4
truncate -s 64M "$work/folds.img"
mkfs.ext4 -q -O casefold "$work/folds.img"
mkdir "$work/folds"
mount -o loop "$work/folds.img" "$work/folds"
mkdir "$work/folds/exact" "$work/folds/folded"
chattr +F "$work/folds/folded"
policy_with 'file-read, file-exec' "/usr, /etc" "  deny: [-$work/folds/folded/.env]"
not_run 'a name where case does not count' 'other spellings for the same name'
policy_with 'file-read, file-exec' "/usr, /etc" "  deny: [-$work/folds/exact/.env]"
holds 'beside it, where it does, it is taken' agentctl run --policy ./p.yaml -- true
# A name that is denied anywhere has other forms there: all of the directory is refused.
for at in folded/.ENV folded/other exact/.ENV exact/.env; do
	echo secret >"$work/folds/$at"
done
policy_with 'file-read, file-exec' "/usr, /etc, $work/folds" "  deny-names: [.env]"
for at in folded/.env folded/.ENV folded/other exact/.env; do
	holds "control: $at can be read" cat "$work/folds/$at"
	fails "deny-names: not $at" agentctl run --quiet --policy ./p.yaml -- cat "$work/folds/$at"
done
holds 'a name of another case where case counts' \
	agentctl run --quiet --policy ./p.yaml -- cat "$work/folds/exact/.ENV"
# Watched, it is done, and told: what could be called so is told as well.
policy_with 'file-read, file-exec' "/usr, /etc, $work/folds" "  watch-names: [.env]"
for at in folded/.env folded/other exact/.env exact/.ENV; do
	holds "watch-names: $at is read" agentctl run --quiet --policy ./p.yaml -- cat "$work/folds/$at"
done
audit_settle
agentctl audit --denied --json | grep '"effect":"watch"' >"$work/watched"
is 'and each that could be called so is told' \
	"$(grep -c 'folds/folded/.env' "$work/watched") $(grep -c 'folds/folded/other' "$work/watched") $(
		grep -c 'folds/exact/.env' "$work/watched")" '1 1 1'
fails 'but not the other one' grep -q 'folds/exact/.ENV' "$work/watched"
# The agents' policies hold it until they are let go of.
holds 'it can be unmounted then' wait_for 20 umount "$work/folds"

# --- ten thousand rules ---

echo there >"$work/flat/10000"
echo there >"$work/flat/10001"
policy_with 'file-read, file-exec' "/usr, /etc, $work/flat" \
	"  deny: [$(seq -s, -f "-$work/flat/%.0f" 10000)]"
try agentctl run --policy ./p.yaml -- cat "$work/flat/10001"
is 'control: what none of ten thousand rules is about is read' "$(cat "$work/out")" there
try agentctl run --policy ./p.yaml -- cat "$work/flat/10000"
is 'what the last of them denies is not' "$status" 1
says 'but refused' 'Permission denied' "$work/err"
try agentctl run --policy ./p.yaml -- test -e "$work/flat/5000"
is 'what is not there is not there' "$status" 1
holds 'when they end, all of it is let go' wait_for 30 counters_zero

# --- what an agent may call things ---

evil="$work/evil${esc}]0;title$(printf '\007')
second line"
touch "$evil"
program="e${esc}[2Jx"
cp "$bin/refuse" "$program"
agentctl run -- "./$program" "$evil" until end >"$work/evil.out" 2>&1 </dev/null &
children="$children $!"
agent=$!
holds 'a program whose name clears the screen' wait_for 20 sh -c \
	'agentctl ps | grep -q "e__2Jx.*running"'
name=$(agentctl ps | awk '$2 ~ /^e__2Jx/ { print $2 }')
sleep 1
cat $pins/agents >"$work/iter.agents"
cat $pins/denials >"$work/iter.denials"
agentctl ps >"$work/ps"
agentctl show "$name" >"$work/show"
agentctl show --json "$name" >"$work/show.json"
touch end
agent_wait
is 'it was refused, not let through' "$(cut -d' ' -f2 "$work/evil.out")" 0
audit_settle
agentctl audit >"$work/audit"
agentctl audit --json >"$work/audit.json"
# shellcheck disable=SC1003 # the backslash is meant
says 'audit shows the name escaped' 'evil\x1b]0;title\x07\x0asecond' "$work/audit"
says 'and the program' 'e\x1b[2Jx' "$work/audit"
says 'show shows the program escaped' 'e\x1b[2Jx' "$work/show"
says 'the iterator of agents shows it tamed' 'e?[2Jx' "$work/iter.agents"
says 'the iterator of denials shows it tamed' 'evil?]0;title??second' "$work/iter.denials"
for shown in audit audit.json show show.json ps iter.agents iter.denials; do
	fails "no control character in $shown" has_controls "$work/$shown"
done
cat >"$work/parse.py" <<'END'
import json, sys
paths = set()
for line in open(sys.argv[1], "rb"):
    record = json.loads(line)
    if record["type"] == "event":
        paths.add(record["object"].get("text"))
sys.exit(sys.argv[2] not in paths)
END
holds 'JSON gives the very name back' python3 "$work/parse.py" "$work/audit.json" "$evil"
holds 'show --json is JSON' python3 -m json.tool "$work/show.json"
mkdir "$work/more"
cp "$work/policies/trusted.yaml" "$work/more/x${esc}[31m.yaml"
for command in "show ${esc}[2J" "kill ${esc}[2J" "${esc}[2J" "run -- ${esc}[2J" \
	"run --policy ${esc}[2J -- true" "run --policy ./${esc}[2J -- true" \
	"run --workspace ./${esc}[2J -- true" "policy check ./${esc}[2J" "audit --since ${esc}[2J" \
	"audit --directory /${esc}[2J" "help ${esc}[2J"; do
	# shellcheck disable=SC2086 # words
	try agentctl $command
	if [ "$status" != 0 ] && [ "$(wc -l <"$work/err")" = 1 ] && ! has_controls "$work/err"; then
		ok "one tame line: agentctl $(printf %s "$command" | tr -d "$esc")"
	else
		not_ok "one tame line: agentctl $(printf %s "$command" | tr -d "$esc")" "$work/err"
	fi
done
AGENTOS_POLICY_PATH=$work/more try agentctl policy list
fails 'a policy file with such a name: policy list' has_controls "$work/out"
AGENTOS_POLICY_PATH=$work/more try agentctl doctor
fails 'and doctor' has_controls "$work/out"

# --- programs of another build ---

agent_start guarded sh -c 'until [ -e go ]; do sleep 0.2; done; ./refuse /etc/shadow 3 >refused
	exec sleep 1000'
holds 'an agent runs' wait_for 20 agent_lives guarded
daemon_end KILL
bpftool map update pinned $pins/build key 0 0 0 0 value 1 2 3 4 5 6 7 8
try agentosd
refused 'programs of another build, with an agent alive' 1 'another build'
touch "$work/guarded/go"
holds 'the agent goes on' wait_for 30 test -s "$work/guarded/refused"
is 'and is refused as before' "$(cat "$work/guarded/refused")" '3 0'
holds 'it can be killed' agentctl kill guarded
daemon_start
fails 'without agents they are replaced' grep -q adopted "$work/agentosd.log"
agentctl audit --json >"$work/audit.json"
holds 'what they had recorded and nobody read is told as lost' \
	grep -q '"type":"loss","stream":"denials","count":3,' "$work/audit.json"
holds 'and agents run again' agentctl run -- true
daemon_stop

# --- a damaged log ---

# The one that is written on. Older ones are for "verify": starting does not take longer with them.
segment=$(find "$audit_dir" -name '*.seg' -printf '%f\n' | sort | tail -n 1)
cp -p "$audit_dir/$segment" "$work/segment"
middle=$(($(stat -c %s "$audit_dir/$segment") / 2))
printf '\377\377\377\377' |
	dd of="$audit_dir/$segment" bs=1 seek=$middle conv=notrunc 2>/dev/null
cp "$audit_dir/$segment" "$work/damaged"
try timeout 60 agentosd
refused 'a damaged log' 1 'damaged'
holds 'is not touched' cmp "$audit_dir/$segment" "$work/damaged"
fails 'and enforcement does not begin' test -e $pins
try agentctl audit
is 'audit of it fails' "$status" 1
says 'and says that it is damaged' damaged "$work/err"
cp -p "$work/segment" "$audit_dir/$segment"
daemon_start
try agentctl audit
is 'the whole one is read' "$status" 0
daemon_stop
holds 'at last the module can be unloaded' module_unload
stage_end
