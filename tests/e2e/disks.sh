#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The audit log on disks that are full, fail or turn read-only: strict agents are refused, others go on, and nothing that is said is not on disk.
# timeout: 600

# shellcheck disable=SC2317 # what try and holds call
# shellcheck source=tests/e2e/lib/stage.sh
. "$SRC/tests/e2e/lib/stage.sh"

holes=$SRC/tests/e2e/lib/holes.py
tamper=$SRC/tests/e2e/lib/tamper.py
place=/var/lib/agentos
disk=/dev/ram0
secret=/etc/shadow
anchor=$work/anchor

# disk_table WORDS...: what the disk is from now on.
disk_table() {
	dmsetup suspend --noflush --nolockfs log || return 1
	echo "$*" | dmsetup load log && dmsetup resume log
}

disk_sound() {
	disk_table 0 "$sectors" linear $disk 0
}

# Reads go on, each write fails.
disk_fail() {
	disk_table 0 "$sectors" flakey $disk 0 0 3600 1 error_writes
}

# It does when it has failed to write its journal, which may be seconds later: until then it recovers.
gave_up() {
	touch "$place/probe" 2>/dev/null
	dmesg | grep -q 'Aborting journal'
}

# disk_make OPTION...: of mkfs.ext4; the last log is gone.
disk_make() {
	mkfs.ext4 -q -F -m 0 "$@" /dev/mapper/log && mount /dev/mapper/log "$place"
}

# Everything that is only in memory is gone.
disk_again() {
	umount "$place" && blockdev --flushbufs /dev/mapper/log && mount /dev/mapper/log "$place"
}

# doctor_says TEXT
doctor_says() {
	agentctl doctor >"$work/out" 2>&1
	grep -qF -e "$1" "$work/out"
}

number() {
	sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p" "$work/out"
}

# Agents at work, a strict one among them, and a checkpoint that somebody has kept.
work_begin() {
	daemon_start
	policy=untrusted
	agent_start plain$turn sh -c "until [ -e go ]; do sleep 0.2; done; ./refuse $secret 3000 >refused
		echo x >mine && ./refuse mine 100 >mine.out; until [ -e end ]; do sleep 0.2; done; ./refuse $secret 1"
	policy=strict
	agent_start strict$turn sh -c 'echo x >mine; touch begun; until [ -e go ]; do sleep 0.2; done
		./refuse mine 12000; until [ -e end ]; do :; done'
	holds "$turn: agents run" wait_for 60 test -e "$work/strict$turn/begun"
	holds "$turn: a checkpoint is kept" wait_for 90 mark
}

mark() {
	agentctl audit checkpoint >"$anchor" 2>/dev/null
}

# work_judge REASON: the log cannot be written meanwhile.
work_judge() {
	touch "$work/plain$turn/go" "$work/strict$turn/go"
	holds "$turn: the strict agent comes to its end" wait_for 120 test -s "$work/strict$turn.out"
	holds "$turn: and so does the other" wait_for 120 test -s "$work/plain$turn/mine.out"
	holds "$turn: the doctor says so" wait_for 60 doctor_says "$1"
	says "$turn: as a problem" 'PROBLEM' "$work/out"
	holds "$turn: the strict agent was refused what could not be recorded" \
		test "$(cut -d' ' -f1 "$work/strict$turn.out")" -gt 0
	is "$turn: the other does what it may" "$(cat "$work/plain$turn/mine.out")" '0 100'
	is "$turn: and is refused as before" "$(cat "$work/plain$turn/refused")" '3000 0'
}

# All that the kernel numbered is there, or told as lost.
log_whole() {
	audit_settle
	agentctl audit --json >"$work/audit.json" 2>"$work/err"
	accounted=$("$holes" <"$work/audit.json" 2>"$work/why") || accounted=-
	holds "$turn: each denial is in the log once, or told as lost" test "$accounted" != -
}

# The disk is well again; agentosd went on all the time.
work_resume() {
	holds "$turn: agentosd writes again" wait_for 60 doctor_says 'written up to record'
	touch "$work/plain$turn/end" "$work/strict$turn/end"
	agent_wait
	log_whole
	says "$turn: that it could not be written is in it" '"note":"unwritable"' "$work/audit.json"
}

# log_on_disk: what agentosd has left is on the disk, and fits what was kept.
log_on_disk() {
	daemon_stop
	try agentctl audit verify --json --anchor "$anchor"
	is "$turn: the log is verified, to the end" "$status $(number covered)" "0 $(number records)"
	before=$(number records)
	holds "$turn: control: it is more than what was kept" test "$before" -gt "$("$tamper" size "$anchor")"
	holds "$turn: the disk is taken out and put back" disk_again
	try agentctl audit verify --json --anchor "$anchor"
	is "$turn: all of that is on it" "$status $(number records) $(number covered)" "0 $before $before"
}

modprobe -a dm-mod dm-flakey ext4 || bail 'no device mapper'
modprobe brd rd_nr=1 rd_size=65536 || bail 'no disk in memory'
sectors=$(blockdev --getsz $disk)
echo "0 $sectors linear $disk 0" | dmsetup create log || bail 'no disk'
# There is no udev to do it.
dmsetup mknodes log
mkdir -p "$place"
cat >"$work/policies/strict.yaml" <<END
name: strict
extends: untrusted
audit: strict
END
module_load

# --- full ---

turn=full
holds 'a small disk' disk_make -O ^has_journal
work_begin
says 'that the log is on a disk of its own is said' 'a file system of its own' "$work/agentosd.log"
dd if=/dev/zero of="$place/filler" bs=64k >"$work/filled" 2>&1
says 'it is full' 'No space left' "$work/filled"
work_judge 'No space left'
rm "$place/filler"
work_resume
log_on_disk

# --- its writes fail ---

umount "$place"
turn=failing
holds 'a disk without a journal' disk_make -O ^has_journal
work_begin
holds 'its writes fail' disk_fail
work_judge 'Input/output error'
covered=$("$tamper" size "$anchor")
is 'meanwhile nothing is signed for' "$(mark && "$tamper" size "$anchor")" "$covered"
disk_sound
work_resume
log_on_disk

# --- it fails for a moment, at several moments ---

daemon_start
turn=flickering
policy=untrusted
agent_start flicker ./refuse $secret until end
holds 'an agent runs' wait_for 60 agent_lives flicker
for _ in 1 2 3 4 5 6; do
	sleep "0.$(od -An -N1 -tu1 /dev/urandom | awk '{ print $1 % 10 }')"
	disk_fail
	sleep 0.4
	disk_sound
	mark
done
touch "$work/flicker/end"
agent_wait
holds 'agentosd writes again' wait_for 60 doctor_says 'written up to record'
log_whole
log_on_disk

# --- it turns read-only ---

umount "$place"
turn=read-only
holds 'a disk with a journal' disk_make
work_begin
holds 'it fails' disk_fail
holds 'and its file system gives up' wait_for 60 gave_up
work_judge 'cannot be written:'
disk_sound
sleep 2
try agentctl doctor
says 'as long as nobody mounts it again it stays so' 'cannot be written:' "$work/out"
touch "$work/plain$turn/end" "$work/strict$turn/end"
agent_wait
daemon_end KILL
holds 'it is mounted again' disk_again
daemon_start
log_whole
log_on_disk

umount "$place"
dmsetup remove log
holds 'the module can be unloaded' module_unload
stage_end
