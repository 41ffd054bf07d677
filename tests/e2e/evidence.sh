#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The audit log as evidence: proved to a stranger, changed by root and found out, and out of an agent's reach.
# timeout: 480

# shellcheck disable=SC2317 # what try and holds call
# shellcheck source=tests/e2e/lib/stage.sh
. "$SRC/tests/e2e/lib/stage.sh"

tamper=$SRC/tests/e2e/lib/tamper.py
key=$audit_dir.key
secret=/etc/shadow
# What who verifies has kept elsewhere.
kept=$work/kept
mkdir -p "$kept"
chmod 755 "$kept"

# verify [OPTION]...: with the key that was kept.
verify() {
	try agentctl audit verify --key "$kept/audit.pub" "$@"
}

# number NAME: of the last verify --json.
number() {
	sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p" "$work/out"
}

# denied NAME COUNT: an agent that is refused so often, and ends.
denied() {
	agent_start "$1" ./refuse $secret "$2"
	agent_wait
}

# One more denial, and a look right after it.
tail_is_there() {
	denied more 1
	audit_settle
	verify --json
	[ "$(number records)" -gt "$(number covered)" ]
}

daemon_refused() {
	status=0
	timeout 60 agentosd "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
}

sound_keep() {
	rm -rf "$work/sound"
	mkdir "$work/sound"
	cp -a "$audit_dir" "$key" "$audit_dir.pub" "$work/sound"
}

sound_restore() {
	rm -rf "$audit_dir" "$key" "$audit_dir.pub"
	cp -a "$work/sound"/* /var/lib/agentos
}

# attacked NAME TEXT [OPTION]...: verify says so, with status 1; the log is sound again afterwards.
attacked() {
	name=$1
	text=$2
	shift 2
	verify "$@"
	if [ "$status" = 1 ] && grep '^PROBLEM' "$work/out" | grep -qF -e "$text"; then
		ok "$name"
	else
		printf 'status %s; expected status 1 and a problem with: %s\n' "$status" "$text" >"$work/why"
		not_ok "$name" "$work/why" "$work/out" "$work/err"
	fi
	sound_restore
}

module_load
daemon_start

# --- a living log, as a stranger sees it ---

is 'the key that signs is for root alone' "$(stat -c '%a %U' "$key")" '600 root'
is 'the key that verifies is for everybody' "$(stat -c '%a' "$audit_dir.pub")" 644
says 'agentosd says that there is one to be kept' 'keep a copy' "$work/agentosd.log"
cp "$audit_dir.pub" "$kept/audit.pub"
holds 'a first checkpoint comes soon' wait_for 60 test -s "$audit_dir/checkpoints"
denied shy 20
holds 'of what was written last some is not covered yet' wait_for 60 tail_is_there
is 'which is no problem' "$status" 0
verify
says 'but said' 'not covered' "$work/out"
says 'and what it means' 'no checkpoint covers them' "$work/out"
daemon_stop
verify --json
records=$(number records)
is 'when agentosd has been stopped all of it is covered, and verified' \
	"$status $(number covered)" "0 $records"
daemon_start
verify --json
is 'and stays so with the next one' "$status $(($(number covered) >= records))" '0 1'
seq=$(agentctl audit --denied --seq --agent shy | sed -n 's/^#\([0-9]*\) .*/\1/p' | head -n 1)
try agentctl audit prove "$seq"
is 'the denial can be proved' "$status" 0
cp "$work/out" "$kept/denial.proof"
agentctl audit checkpoint >"$kept/anchor"
chmod 644 "$kept"/*
# Who may neither read the log nor ask agentosd.
cd "$kept" || bail 'no directory'
try as agentu cat "$audit_dir/checkpoints"
is 'control: a stranger cannot read the log' "$status" 1
try as agentu agentctl audit verify-proof --key audit.pub denial.proof
is 'a stranger with the key verifies the proof' "$status" 0
says 'and reads what was refused' "$secret" "$work/out"
sed 's/^\(.......\)./\1x/' denial.proof >other.proof
try as agentu agentctl audit verify-proof --key audit.pub other.proof
fails 'control: not when it is changed' test "$status" = 0
cd "$work" || bail 'no directory'

# So many that there are hashes above those of the records.
denied later 300
audit_settle
daemon_stop
verify --json --anchor "$kept/anchor"
is 'with the anchor it is verified' "$status" 0
records=$(number records)
anchored=$(number anchor)
holds 'and has grown since then' test "$records" -gt "$anchored"
try agentctl audit consistency "$kept/anchor"
cp "$work/out" "$kept/growth"
chmod 644 "$kept"/*
try as agentu agentctl audit verify-proof --key "$kept/audit.pub" --anchor "$kept/anchor" "$kept/growth"
is 'that it only grew is proved to the stranger' "$status" 0
try "$SRC/tests/unit/verify_log.py" "$audit_dir" "$kept/audit.pub" "$kept/anchor"
is 'another program, written from the format alone, says the same' "$(cat "$work/out")" \
	"ok $records covered $records"

# --- attacks, as root, on a log that nobody writes ---

sound_keep
"$tamper" flip "$audit_dir" "$seq"
attacked 'a flipped byte of a record is found, and which record' "record $seq"
"$tamper" text "$audit_dir" "$seq"
attacked 'a text with its CRC put right as well' "record $seq was changed"
"$tamper" leaf "$audit_dir" "$seq"
attacked 'with its stored hash changed too, the interval is told' 'no stored hash tells which'
"$tamper" text "$audit_dir" $((records - 1))
attacked 'the last but one record as well' "record $((records - 1)) was changed"
"$tamper" cut "$audit_dir" "$anchored"
verify
is 'an end cut off with its checkpoints: without an anchor nobody can tell' "$status" 0
says 'which is said' 'whether the end was cut off' "$work/out"
attacked 'with the anchor it is told, and how much' \
	"records $anchored to $anchored are missing" --anchor "$kept/anchor"
rm "$audit_dir"/*.seg
attacked 'a segment that is gone is missed' 'are missing'
segment=$(basename "$audit_dir"/*.seg)
mv "$audit_dir/$segment" "$work/elsewhere"
ln -s "$work/elsewhere" "$audit_dir/$segment"
attacked 'a link where a segment was is not followed' "$segment"
rm -f "$work/elsewhere"
rm "$audit_dir/checkpoints"
verify
says 'without its checkpoints it is said to prove nothing' 'no checkpoint covers anything' "$work/out"
sound_restore
mkdir "$work/other"
# Another's log from the first record on, as agentosd itself would make it.
rm -rf "$audit_dir" "$key" "$audit_dir.pub"
daemon_start
daemon_stop
cp "$key" "$audit_dir.pub" "$work/other"
try agentctl audit verify
is 'a log made anew with another key: with the key from beside it, it is fine' "$status" 0
says 'which is said' 'whose key it is' "$work/out"
attacked 'by the key that was kept it is none' 'not signed by this key'
verify --anchor "$kept/anchor"
is 'control: after all that the log is verified' "$status" 0

# --- what agentosd does not go on with ---

"$tamper" flip "$audit_dir" "$seq"
daemon_refused
refused 'agentosd does not write on behind a damaged record' 1 "record $seq is damaged"
says 'and says how to begin anew' "mv $audit_dir $audit_dir.damaged" "$work/err"
sound_restore
printf changed | dd of="$audit_dir/tier-1" conv=notrunc 2>/dev/null
daemon_refused
refused 'nor on hashes that were not signed for' 1 'others than those signed for'
sound_restore
"$tamper" cut "$audit_dir" "$anchored"
cp "$work/sound/audit/checkpoints" "$audit_dir"
daemon_refused
refused 'nor behind a log that was cut' 1 'the others are gone'
sound_restore
mv "$audit_dir/$segment" "$work/elsewhere"
ln -s "$work/elsewhere" "$audit_dir/$segment"
daemon_refused
refused 'nor through a link' 1 'a symbolic link where a segment should be'
sound_restore
rm "$key"
daemon_refused
refused 'nor without its key' 1 'is missing, and the log is signed with it'
sound_restore
chmod 640 "$key"
daemon_refused
refused 'a key that others may read is refused' 1 'others may read or change it'
sound_restore
cp "$work/other/audit.key" "$key"
daemon_refused
refused 'another key, the public one left: not of one another' 1 'is not of the key in'
cp "$work/other/audit.pub" "$audit_dir.pub"
daemon_refused
refused 'another pair of keys: the log is not by it' 1 'the last checkpoint is not by the key'
sound_restore
daemon_start
ok 'control: with everything put back agentosd goes on'
daemon_refused
refused 'a second agentosd is refused' 1 'agentosd already runs'
daemon_refused --run-dir "$work/run"
refused 'one with another place for its socket too, which would write the same log' 1 'another agentosd'

# --- an agent that is root ---

cat >"$work/reach" <<END
reach() { "\$@" >/dev/null 2>&1 && echo "\$1" || echo no; }
reach cat $key
reach ls $audit_dir
reach cat $audit_dir/checkpoints
reach sh -c 'echo >>$audit_dir/checkpoints'
reach sh -c 'echo >>$audit_dir/$segment'
reach truncate -s 100 $audit_dir/$segment
reach rm $audit_dir/checkpoints
reach mv $audit_dir $audit_dir.old
reach ln $key key
reach touch $audit_dir/new
reach chmod 644 $key
reach mv $key $key.old
END
# reached POLICY: what an agent of root's does under it.
reached() {
	policy=$1
	workspace_make "reach-$1"
	cp "$work/reach" "$work/reach-$1"
	agent_start "reach-$1" sh reach
	agent_wait
	tr '\n' ' ' <"$work/reach-$1.out"
}
for each in untrusted coding-agent; do
	is "under $each an agent of root's reaches neither key nor log" "$(reached $each)" \
		'no no no no no no no no no no no no '
done
audit_settle
agentctl audit --denied --agent reach-untrusted >"$work/out" 2>&1
says 'and that it tried is in there' "$key" "$work/out"
cat >"$work/policies/broad.yaml" <<END
name: broad
extends: untrusted
files:
  read: [/var/lib/agentos]
END
is 'control: rules that let it read let it read the log, and not write, nor read the key' \
	"$(reached broad)" 'no ls cat no no no no no no no no no '
daemon_stop
verify --anchor "$kept/anchor"
is 'and the log is as it was, and more' "$status" 0
holds 'the module can be unloaded' module_unload
stage_end
