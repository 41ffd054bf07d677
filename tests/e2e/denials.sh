#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# An agent's own denial feed: what it reads there, what it cannot do to it, and that it stays true over everything.
# timeout: 600

# shellcheck disable=SC2016,SC2317 # for the agents' shells; what holds and wait_for call
# shellcheck source=tests/e2e/lib/stage.sh
. "$SRC/tests/e2e/lib/stage.sh"

feeds=/run/agentos/denials
secret=$work/secret
echo secret >"$secret"
chmod 644 "$secret"

module_load
daemon_start

# begin USER NAME POLICY: an agent of the user that does what step tells it, one after the other.
worker='while read -r step <todo; do
	sh "./$step" >said 2>&1
	echo $? >answer
done'
begin() {
	workspace_make "$2"
	mkfifo "$work/$2/todo" "$work/$2/answer"
	chown -R "$1:" "$work/$2"
	(cd "$work/$2" && as "$1" agentctl run --policy "$3" --name "$2" -- sh -c "$worker") \
		>"$work/$2.out" 2>&1 </dev/null &
	children="$children $!"
	wait_for 20 agent_lives "$2"
}

# step NAME SCRIPT: what it said is in $work/out, its status in $status.
step() {
	echo "$2" >"$work/$1/script"
	chmod 644 "$work/$1/script"
	timeout 60 sh -c 'echo script >"$0"' "$work/$1/todo"
	status=$(timeout 60 cat "$work/$1/answer")
	cp "$work/$1/said" "$work/out"
	: >"$work/err"
}

id_of() {
	agentctl show --json "$1" | sed 's/.*"id":\([0-9]*\).*/\1/'
}

# has FILE TEXT
has() {
	grep -qF -e "$2" "$1"
}

has_lines() {
	[ "$(wc -l <"$feed")" -ge "$1" ]
}

line_ok='^20[0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z #[0-9][0-9]* \(denied: \|the same again, \)'

# --- it reads its own ---

begin demo user untrusted
feed=$feeds/$(id_of user)
step user 'echo "$AGENTOS_DENIALS"'
is 'the environment names the file' "$(cat "$work/out")" "$feed"
step user 'cat "$AGENTOS_DENIALS"'
is 'control: before a denial it can be read' "$status" 0
is 'and is empty' "$(wc -c <"$work/out")" 0
step user "cat $secret"
says 'it is refused a file' 'Permission denied' "$work/out"
holds 'agentosd tells it so' wait_for 20 has "$feed" "$secret"
step user 'cat "$AGENTOS_DENIALS"'
is 'cat: it reads one line' "$(wc -l <"$work/out")" 1
says 'with what was refused, why, and what to ask for' \
	"denied: cat may not open $secret for reading: no rule of its policy allows it; ask for: read of $secret" \
	"$work/out"
is 'with time and number' "$(grep -c "$line_ok" "$work/out")" 1
number=$(sed 's/.* #\([0-9]*\) .*/\1/' "$work/out")
agentctl audit --json | grep "{\"seq\":$number," >"$work/log"
says 'the number is that of the log' "$secret" "$work/log"
step user 'tail -n 1 "$AGENTOS_DENIALS" | grep -c denied'
is 'tail as well' "$(cat "$work/out")" 1
step user "mkdir ../elsewhere; ln -s $secret link; cat link; unshare -U true"
holds 'a right that lacks is told by its name' wait_for 20 has "$feed" 'ask for: the right namespaces'
says 'and a name that may not be made' "ask for: write of $work/elsewhere" "$feed"
try agentctl denials user
is 'agentctl denials: done' "$status" 0
holds 'and shows the same' cmp "$work/out" "$feed"
try as agentu agentctl denials user
refused 'not to other users' 1 ''

# --- who may do what to it ---

begin root admin untrusted
begin root trustee trusted
step trustee "cat /proc/1/mem"
step admin "cat $secret"
holds 'each has its own' wait_for 20 has "$feeds/$(id_of admin)" "$secret"
for name in user admin trustee; do
	feed=$feeds/$(id_of $name)
	other=$feeds/$(id_of user)
	[ $name != user ] || other=$feeds/$(id_of admin)
	step $name 'cat "$AGENTOS_DENIALS"'
	is "$name: control: it reads its own" "$status" 0
	for act in 'echo x >"$AGENTOS_DENIALS"' 'echo x >>"$AGENTOS_DENIALS"' \
		'truncate -s 0 "$AGENTOS_DENIALS"' 'rm -f "$AGENTOS_DENIALS"' \
		'chmod 666 "$AGENTOS_DENIALS"' 'chown 0:0 "$AGENTOS_DENIALS"' \
		'touch -d 2001-01-01 "$AGENTOS_DENIALS"' 'mv "$AGENTOS_DENIALS" /run/mine' \
		'mv -f script "$AGENTOS_DENIALS"' 'ln "$AGENTOS_DENIALS" /run/mine' \
		'rm -f "$AGENTOS_DENIALS.old"' 'echo x >"$AGENTOS_DENIALS.old"' \
		"echo x >$feeds/more" "mv $feeds $feeds.away" "ls $feeds" \
		"cat $other" "cat $other.old"; do
		step $name "$act"
		if [ "${status:-0}" = 0 ]; then
			not_ok "$name may not: $act" "$work/out"
		else
			ok "$name may not: $act"
		fi
	done
	is "$name: what was there is there" "$(grep -c "$line_ok" "$feed")" "$(wc -l <"$feed")"
done
holds 'what root tried in vain is told' wait_for 20 has "$feeds/$(id_of trustee)" \
	'of the denial feeds an agent may only read its own; do not try again'
holds 'control: root outside reads each' grep -q denied "$feeds/$(id_of user)" \
	"$feeds/$(id_of trustee)"
holds 'control: its user reads it' as demo cat "$feeds/$(id_of user)"
holds 'control: root outside may touch it' touch "$feeds/$(id_of user)"
fails 'another user does not read it' as agentu cat "$feeds/$(id_of user)"
fails 'its user does not write it' as demo sh -c "echo x >>$feeds/$(id_of user)"
fails 'nor make it so' as demo chmod u+w "$feeds/$(id_of user)"
fails 'its user sees not which there are' as demo ls $feeds
sed -e 's/^name: .*/name: nosy/' -e "/^  read:/a\\    - $feeds/$(id_of admin)" \
	"$work/policies/untrusted.yaml" >"$work/policies/nosy.yaml"
try agentctl run --policy nosy -- true
refused 'no policy may be about one' 1 "no rule may be about what is below $feeds"

# --- bytes that act ---

feed=$feeds/$(id_of user)
mkdir "$work/hostile"
hostile=$(printf 'x\n2026-01-01T00:00:00Z #1 denied: nothing; ask for: everything\033]0;title\007\033[2J\302\233')
: >"$work/hostile/$hostile"
chmod -R a+rX "$work/hostile"
before=$(wc -l <"$feed")
step user "cat '$work/hostile/$hostile'"
holds 'a hostile name is told' wait_for 20 has "$feed" 'x\x0a2026-01-01T00:00:00Z'
is 'in one line' "$(wc -l <"$feed")" $((before + 1))
is 'all lines are ours' "$(grep -c "$line_ok" "$feed")" "$(wc -l <"$feed")"
is 'and no byte acts' "$(LC_ALL=C tr -d '\n -~' <"$feed" | wc -c)" 0

# --- floods ---

step admin "./refuse $secret 5000"
feed=$feeds/$(id_of admin)
holds 'the same again and again is counted' wait_for 60 has "$feed" ' the same again, 4999 times more'
is 'in one line' "$(tail -n 2 "$feed" | grep -c "refuse may not open $secret")" 1
long=$(printf '%0200d' 0)
step admin "i=0; while [ \$i -lt 1200 ]; do i=\$((i + 1)); true >$work/hostile/$long\$i; done"
holds 'a flood of different ones is told to the last' wait_for 60 has "$feed" "${long}1200: "
is 'the file is bounded' "$(($(stat -c %s "$feed") <= 131072))" 1
is 'and the one behind it' "$(($(stat -c %s "$feed.old") <= 131072))" 1
step admin 'head -n 1 "$AGENTOS_DENIALS"'
is 'its first line says where the older ones are' "$(cat "$work/out")" \
	"(older denials are in $feed.old, those before them are not kept)"
step admin 'tail -n 1 "$AGENTOS_DENIALS.old"; head -n 2 "$AGENTOS_DENIALS" | tail -n 1'
is 'and there they can be read' "$status" 0
is 'and nothing is missing between the two' \
	"$(sed 's|.*/0*||' "$work/out" | awk 'NR == 1 { n = $1 } NR == 2 { print $1 - n }')" 1

# --- agentosd dies ---

feed=$feeds/$(id_of user)
daemon_end KILL
before=$(wc -l <"$feed")
step user "cat $secret; ./refuse $secret 3"
says 'without agentosd it is refused' 'Permission denied' "$work/out"
is 'and told nothing' "$(wc -l <"$feed")" "$before"
daemon_start
holds 'the next agentosd tells it' wait_for 20 has "$feed" 'the same again, 2 times more'
is 'each once' "$(wc -l <"$feed")" $((before + 3))
# What the log got and the feed did not: it is told from the log, as far as no daemon has said
# that the feeds have it: so no more is taken from the feed than came behind what was said.
remembered=$work/resume
cp -p "$audit_dir/resume" "$remembered" 2>/dev/null || remembered=
step user "unshare -U true; cat $secret; ./refuse $secret 1"
holds 'more denials' wait_for 20 has_lines $((before + 6))
cp "$feed" "$work/whole"
daemon_end KILL
head -n $((before + 4)) "$work/whole" >"$feed"
printf '2026-11' >>"$feed"
rm -f "$audit_dir/resume"
[ -z "$remembered" ] || mv "$remembered" "$audit_dir"
daemon_start
holds 'what the log has and the feed has not is told again' wait_for 20 cmp "$feed" "$work/whole"

# --- another policy ---

sed -e 's/^name: .*/name: reads/' -e "/^  read:/a\\    - $secret" \
	"$work/policies/untrusted.yaml" >"$work/policies/reads.yaml"
try agentctl policy apply reads user --workspace "$work/user"
is 'under another policy' "$status" 0
step user "cat $secret"
is 'it may read the file' "$(cat "$work/out")" secret
step user 'cat "$AGENTOS_DENIALS"'
is 'and its denials' "$status" 0
: >"$work/hostile/after"
step user "cat $work/hostile/after"
holds 'the feed goes on' wait_for 20 has "$feed" "read of $work/hostile/after"
step user 'echo x >>"$AGENTOS_DENIALS"'
is 'which it still cannot write' "$status" 2
daemon_end KILL
daemon_start
: >"$work/hostile/later"
step user "cat $work/hostile/later"
holds 'and over a restart' wait_for 20 has "$feed" "read of $work/hostile/later"

# --- sub-agents ---

(cd "$work/user" && as demo agentctl spawn --under user --name sub -- \
	sh -c "cat $work/hostile/later; cat \"\$AGENTOS_DENIALS\"; echo at \"\$AGENTOS_DENIALS\"") \
	>"$work/out" 2>&1 </dev/null
says 'a sub-agent has the same file' "at $feed" "$work/out"
holds 'in which its denials have its name' wait_for 20 has "$feed" 'denied: sub-agent user.sub('

# --- without file-read ---

cat >"$work/policies/blind.yaml" <<'EOF'
version: 1
name: blind
rights: [file-exec]
files:
  exec: [/]
EOF
try agentctl run --policy untrusted -- env
says 'control: the variable is there' AGENTOS_DENIALS= "$work/out"
try agentctl run --policy blind -- /run/vm/busybox env
is 'an agent that may read no file runs' "$status" 0
says 'and knows who it is' AGENTOS_ID= "$work/out"
fails 'but has no feed' grep AGENTOS_DENIALS "$work/out"

# --- the end ---

gone=$feeds/$(id_of admin)
holds 'control: an agent that lives has its files' test -e "$gone" -a -e "$gone.old"
try agentctl kill admin trustee
holds 'when it has ended they are gone' wait_for 20 test ! -e "$gone" -a ! -e "$gone.old"
holds 'and nothing else' test -e "$feed"
daemon_end KILL
touch $feeds/999 $feeds/999.old
ln -s 999 $feeds/policy-999
try agentctl kill user
daemon_start
holds 'what nobody follows is gone after a restart' test ! -e "$feed"
is 'all of it' "$(find $feeds -mindepth 1 | wc -l)" 0
daemon_stop
fails 'nor is there the directory when enforcement has ended' test -e $feeds

# --- no room ---

mount -t tmpfs -o size=128k,mode=755 tiny /run/agentos
daemon_start
begin root full untrusted
feed=$feeds/$(id_of full)
step full "cat $secret"
holds 'control: with room it is told' wait_for 20 has "$feed" "$secret"
dd if=/dev/zero of=/run/agentos/hog bs=4096 2>/dev/null
step full "i=0; while [ \$i -lt 50 ]; do i=\$((i + 1)); true >$work/hostile/$long\$i; done"
audit_settle
agentctl audit --json --agent full >"$work/log"
is 'without room the log has all' "$(grep -c "$long" "$work/log")" 50
is 'and agentosd says so once' "$(grep -c 'denials cannot be written there: No space left' "$work/agentosd.log")" 1
rm /run/agentos/hog
step full "mkdir $work/hostile/again"
holds 'with room again it goes on' wait_for 20 has "$feed" 'hostile/again'
is 'and says how many it lacks' "$(grep -c '^([0-9]* denials could not be written here)$' "$feed")" 1
lacks=$(sed -n 's/^(\([0-9]*\) denials.*/\1/p' "$feed")
is 'exactly' "$(($(grep -c "$long" "$feed") + lacks))" 50
# What found no room until agentosd died is told by the next one, which has the log: also
# when that was signed for meanwhile, as is where a next one begins to read.
dd if=/dev/zero of=/run/agentos/hog bs=4096 2>/dev/null
step full "i=0; while [ \$i -lt 50 ]; do i=\$((i + 1)); true >$work/hostile/${long}kept\$i; done"
audit_settle
cp "$audit_dir/checkpoints" "$work/checkpoints"
step full "true >$work/hostile/${long}last12"
holds 'without room the log is signed for all the same' wait_for 90 sh -c "! cmp -s $audit_dir/checkpoints $work/checkpoints"
told=$(grep -c "${long}kept" "$feed")
is 'control: not all denials were told' "$((told < 50))" 1
daemon_end KILL
is 'nor are they when agentosd has died' "$(grep -c "${long}kept" "$feed")" "$told"
rm /run/agentos/hog
daemon_start
holds 'the next agentosd tells them' wait_for 20 has "$feed" "${long}kept50: "
is 'each once' "$(grep -o "${long}kept[0-9]*: " "$feed" | sort -u | wc -l),$(grep -c "${long}kept" "$feed")" 50,50
is 'and none is said to be missing' "$(grep -c 'could not be written here' "$feed")" 1
try agentctl kill full
holds 'no agent is left' wait_for 20 counters_zero
daemon_stop
umount /run/agentos
holds 'nothing holds the module' wait_for 30 module_unload
stage_end
