#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The key that signs for the log is changed while agentosd runs: who may, what is left of the old one, what a stranger sees.
# timeout: 600

# shellcheck source=tests/e2e/lib/stage.sh
. "$SRC/tests/e2e/lib/stage.sh"

key=$audit_dir.key
pub=$audit_dir.pub

module_load
daemon_start
cp "$pub" "$work/first.pub"
ln "$key" "$audit_dir.beside"
try as demo "$bin/agentctl" audit rotate-key
refused 'a user may not change the key' 1 'only root may change the key'
is 'and it is the same' "$(cat "$pub")" "$(cat "$work/first.pub")"

try agentctl audit rotate-key
is 'root may' "$status" 0
says 'and is shown the new one' "$(tail -n 1 "$pub")" "$work/out"
is 'the public keys are two, the old one first' "$(sed -n 1p "$pub")" "$(cat "$work/first.pub")"
is 'of two lines' "$(wc -l <"$pub")" 2
is 'the secret one is for root alone' "$(stat -c '%a %u' "$key")" '600 0'
fails 'the one that is to follow is not left' test -e "$key.next"
is 'the old one was overwritten where it lay' "$(tr -d '\0' <"$audit_dir.beside" | wc -c)" 0
fails 'and is not the new one' cmp -s "$key" "$audit_dir.beside"

try agentctl audit verify --key "$work/first.pub"
is 'who knows the old key verifies the log' "$status" 0
says 'and is told of the new one' 'keys         2, one after another' "$work/out"
tail -n 1 "$pub" >"$work/last.pub"
holds 'who knows the new key does' agentctl audit verify --key "$work/last.pub"
holds 'and a program that shares nothing with ours' \
	python3 "$SRC/tests/unit/verify_log.py" "$audit_dir" "$work/first.pub"
agentctl audit --json >"$work/audit.json"
says 'the log tells of it' '"note":"rotated"' "$work/audit.json"
says 'and who asked' 'of user id 0' "$work/audit.json"

daemon_end KILL
daemon_start
try agentctl audit rotate-key --json
is 'it is changed again after a crash' "$status" 0
says 'and the one before is gone' '"destroyed":true' "$work/out"
daemon_stop
try agentctl audit verify --key "$work/first.pub" --json
is 'the first key leads to the third' "$status" 0
says 'over both changes' '"keys":3' "$work/out"
try agentctl audit rotate-key
refused 'without agentosd nothing is changed' 1 'agentosd'

# --- whose it is ---

parent=$(dirname "$audit_dir")
mkdir -p "$work/here"
# Each would be an end of the log, or of what it proves.
cat >"$work/acts" <<EOF
cat $key
cp $key /tmp/stolen
ln $key $parent/linked
mv $key $parent/moved
rm -f $key
chmod 644 $key
echo x >>$key
echo x >$key.next
echo x >$key.new
echo x >$pub
rm -f $pub
mv $parent/other $pub
mv $parent/other $key.next
echo x >$audit_dir/more
rm -f $audit_dir/checkpoints
echo x >>$audit_dir/checkpoints
touch $audit_dir/checkpoints
truncate -s 0 $audit_dir/resume
mv $control $control.gone
rm -f $control
echo x >/run/agentos/new
mv $audit_dir $audit_dir.gone
mv $parent $parent.gone
chmod 777 $audit_dir
mount --bind $parent $work/here && cat $work/here/${key##*/}
mount --bind $parent $work/here && echo x >$work/here/${audit_dir##*/}/more
EOF
cat >"$work/attack" <<'EOF'
while read -r act; do
	said=$(sh -c "$act" 2>&1 >/dev/null </dev/null)
	echo $? $said
done <"$1"
EOF

# attacks LABEL OPTION...: an agent of root, with these options, tries each.
attacks() {
	label=$1
	shift
	try agentctl run --quiet "$@" -- sh "$work/attack" "$work/acts"
	cp "$work/out" "$work/results"
	while read -r act <&3 && read -r result <&4; do
		case $result in
		[1-9]*' Permission denied'* | [1-9]*' Operation not permitted'*) ok "$label: not: $act" ;;
		*)
			echo "it ended with: $result" >"$work/why"
			not_ok "$label: not: $act" "$work/why" "$work/err"
			;;
		esac
	done 3<"$work/acts" 4<"$work/results"
	is "$label: each was tried" "$(wc -l <"$work/results")" "$(wc -l <"$work/acts")"
	while umount "$work/here" 2>/dev/null; do :; done
}

# policy_make NAME LINE: a policy that says this, and else allows all that any may.
policy_make() {
	printf 'version: 1\nname: %s\nextends: trusted\n%s\naudit: normal\n' "$1" "$2" >"$work/policies/$1.yaml"
}

# Agents of root that may do all that any may: this rule nobody wrote.
daemon_start
try agentctl run --quiet --policy trusted -- sh -c "cat $audit_dir/*.seg $pub >/dev/null && echo x >$parent/other"
is 'control: an agent of root that may do all reads the log, and writes beside it' "$status" 0
attacks trusted --policy trusted
audit_settle
agentctl audit --denied -n 1 >"$work/denied"
says 'the log says why' 'no agent may touch the audit log' "$work/denied"
# Audit-only agents are let do what their policies refuse, and not this, whatever refuses it first.
attacks audit-only --audit-only --policy trusted
policy_make names 'files: {deny-names: ["*.key", "*.next", "*.pub", more, other, resume, checkpoints]}'
policy_make denies "files: {deny: [$audit_dir, $key.next, $key.new, $parent]}"
policy_make kills "files: {kill: [$audit_dir, $key.next, $key.new]}"
policy_make reads 'rights: [-file-write]'
echo x >"$parent/decoy.key"
while read -r refuses act; do
	try agentctl run --quiet --policy "$refuses" -- sh -c "$act"
	is "control: under $refuses it is refused: $act" "$((status != 0))" 1
	try agentctl run --quiet --audit-only --policy "$refuses" -- sh -c "$act"
	is 'control: and audit-only it is done' "$status" 0
	attacks "audit-only, $refuses" --audit-only --policy "$refuses"
done <<EOF
names cat $parent/decoy.key
denies cat $pub
kills ls $audit_dir
reads echo x >$parent/other
EOF

# The rule is about the name: the key that comes after it is kept as well.
policy=trusted
agent_start keeper sh -c "until [ -e go ]; do sleep 0.2; done; cat $key >said 2>&1; echo \$? >answer"
policy=untrusted
holds 'an agent runs' wait_for 20 agent_lives keeper
holds 'the key is changed' agentctl audit rotate-key
touch "$work/keeper/go"
holds 'it tries to read the new one' wait_for 20 test -s "$work/keeper/answer"
is 'and is refused' "$(cat "$work/keeper/answer")" 1
agent_wait
# near READ WRITE DENY: a policy about these, and what programs need.
near() {
	cat >"$work/policies/near.yaml" <<EOF
version: 1
name: near
rights: [file-read, file-write, file-exec]
files:
  read: [/usr, /lib, -/lib64, /etc, "$1"]
  write: [/dev/null, "$2"]
  exec: [/usr, /lib, -/lib64]
  deny: ["$3"]
EOF
}
none=$work/here
for file in "$pub" "$audit_dir/checkpoints"; do
	near "$none" "$none" /nowhere
	try agentctl run --policy near -- cat "$file"
	is "control: without a rule $file is not read" "$status" 1
	near "$file" "$none" /nowhere
	try agentctl run --policy near -- cat "$file"
	is 'with one it is' "$status" 0
	for option in --quiet --audit-only; do
		try agentctl run $option --policy near -- sh -c "echo x >>$file"
		says "but not written, with $option" 'Permission denied' "$work/err"
	done
	near "$none" "$file" /nowhere
	try agentctl run --policy near -- true
	refused 'no rule may be about writing it' 1 'no rule may be about'
	near "$none" "$none" "$file"
	try agentctl run --policy near -- true
	refused 'nor deny it, and so be the one that refuses' 1 'no rule may be about'
done
near "$key" "$none" /nowhere
try agentctl run --policy near -- true
refused 'no rule may be about the key at all' 1 'no rule may be about'
daemon_stop
holds 'after all that the log is whole' agentctl audit verify --key "$work/first.pub"

# Rules on what is beside the log have its name in theirs.
long=$parent/$(printf '%051d' 0)
try agentosd --audit-dir "$long"
is 'a log of a name that is too long for them is refused' "$status" 1
says 'with the reason' "$long: File name too long" "$work/err"
fails 'and nothing is left' test -e $pins
long=${long%0}
agentosd --audit-dir "$long" >"$work/agentosd.log" 2>&1 </dev/null &
daemon=$!
holds 'control: a shorter one is not' wait_for 60 daemon_answers
try agentctl run --quiet --policy trusted -- sh -c "echo x >$long.key.next.new"
is 'and the rules hold on its longest name' "$status,$(grep -c 'Permission denied' "$work/err")" 2,1
daemon_stop

# --- on other file systems ---

# As where /var is a disk: nobody takes that out while the machine runs.
holds 'a file system at /var/lib' mount -t tmpfs -o mode=755 lib /var/lib
daemon_start
fails 'agentosd does not say that agents may write there' grep 'a file system of its own' "$work/agentosd.log"
try agentctl run --quiet --policy trusted -- sh -c "cat $audit_dir/*.seg $pub >/dev/null && echo x >$parent/other"
is 'control: an agent of root reads the log there, and writes beside it' "$status" 0
attacks 'at /var/lib' --policy trusted
attacks 'at /var/lib, audit-only' --audit-only --policy names
daemon_stop
holds 'there, too, the log is whole' agentctl audit verify --key "$pub"
holds 'and who is done with it can take it away' umount /var/lib
# What is mounted for the log alone can be taken out, also while agents live.
for at in "$parent" "$audit_dir"; do
	audit_dir_make
	holds "a file system at $at" mount -t tmpfs -o mode=755 log "$at"
	daemon_start
	says 'agentosd says that agents may write there' 'a file system of its own' "$work/agentosd.log"
	try agentctl run --quiet --policy trusted -- sh -c "echo x >$audit_dir/more"
	is 'control: an agent of root does' "$status" 0
	policy=trusted
	agent_start "lives$points" sleep 1000
	policy=untrusted
	holds 'an agent runs' wait_for 20 agent_lives "$name"
	daemon_end KILL
	holds 'and the disk can be taken out' umount "$at"
	kill -9 "$agent"
	wait "$agent" 2>/dev/null
done

for wrong in '--keep 0' '--keep 1.5' '--keep -1' '--keep 36501' '--keep-bytes 1MiB' '--keep-bytes none'; do
	# shellcheck disable=SC2086 # two words
	try agentosd $wrong
	refused "agentosd takes no $wrong" 2 'agentosd: --keep'
done
try agentosd --keep 30 --version
is 'it takes less than six months' "$status" 0
says 'and warns' 'less than six months' "$work/err"
try agentosd --keep 183 --keep-bytes 2GiB --version
is 'and more' "$status,$(wc -c <"$work/err")" 0,0

stage_end
